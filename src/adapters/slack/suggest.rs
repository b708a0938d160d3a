//! Fields of a form that offer values: menus whose entries Slack asks us for while somebody types (docs.slack.dev,
//! "Select menu element": external data source).

use super::blocks;
use crate::command;
use crate::domain::card::Verb;
use crate::domain::completion::{Candidate, Offers};
use crate::domain::form::{Field, is_typable};
use serde::Deserialize;
use serde_json::{Value, json};
use slack_morphism::prelude::*;

/// Entries of a menu.
const OPTIONS_MAX: usize = 100;
/// Of an entry's words and of its value, in characters.
const WORDS_MAX: usize = 75;
pub const VALUE_MAX: usize = 150;

/// What was typed into a field of an open form.
#[derive(Debug, Deserialize)]
pub struct Suggestion {
    pub user: SlackBasicUserInfo,
    pub team: SlackBasicTeamInfo,
    /// The field's name.
    pub action_id: String,
    pub value: String,
    pub view: View,
}

#[derive(Debug, Deserialize)]
pub struct View {
    pub private_metadata: String,
}

/// The menu of a field that offers values; `None` where it offers none, or has one that no menu holds.
pub fn menu(verb: Verb, field: &Field) -> Option<SlackInputBlockElement> {
    let offers = command::offers(verb.as_str(), &field.name)?;
    let (name, value) = (SlackActionId::from(field.name.as_str()), field.value.raw());
    let chosen = field.choices.iter().find(|choice| choice.value == field.value);
    let first = entry(chosen.map_or(value, |choice| &choice.words), value);
    if first.is_none() && !value.is_empty() {
        return None;
    }
    if offers == Offers::Branches {
        let mut menu = SlackBlockMultiExternalSelectElement::new().with_action_id(name).with_min_query_length(0);
        menu.initial_options = first.map(|first| vec![first]);
        return Some(menu.into());
    }
    let mut menu = SlackBlockExternalSelectElement::new().with_action_id(name).with_min_query_length(0);
    menu.initial_option = first;
    Some(menu.into())
}

fn entry(words: &str, value: &str) -> Option<SlackBlockChoiceItem<SlackBlockPlainTextOnly>> {
    let fits = is_typable(value) && value.chars().count() <= VALUE_MAX;
    let words = if words.trim().is_empty() { value } else { words };
    fits.then(|| SlackBlockChoiceItem::new(blocks::cut(words, WORDS_MAX).into(), value.to_owned()))
}

/// The entries for what was typed. A word that nothing knows can be meant too: what was typed itself comes first.
pub fn entries(typed: &str, found: Vec<Candidate>) -> Value {
    let typed = typed.trim();
    let own = Some(Candidate::plain(typed)).filter(|_| !found.iter().any(|one| one.value == typed));
    let all = own.into_iter().chain(found).filter_map(|one| entry(&one.words, &one.value));
    json!({"options": all.take(OPTIONS_MAX).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(answer: &Value) -> Vec<&str> {
        answer["options"].as_array().unwrap().iter().map(|option| option["value"].as_str().unwrap()).collect()
    }

    #[test]
    fn what_was_typed_can_be_chosen_and_comes_once() {
        let found = || ["release-1", "release-2"].map(Candidate::plain).to_vec();
        assert_eq!(values(&entries(" rel ", found())), ["rel", "release-1", "release-2"]);
        assert_eq!(values(&entries("release-2", found())), ["release-1", "release-2"]);
        assert_eq!(values(&entries("", found())), ["release-1", "release-2"]);
        assert_eq!(values(&entries("hid\u{200b}den", Vec::new())), [""; 0]);
    }

    proptest! {
        /// Slack drops an answer with one entry too long.
        #[test]
        fn every_entry_is_within_the_limits(typed in any::<String>(), words in ".{0,200}", value in ".{0,200}") {
            let found = vec![Candidate { words, value }; 120];
            let answer = entries(&typed, found);
            let options = answer["options"].as_array().unwrap();
            prop_assert!(options.len() <= OPTIONS_MAX);
            for option in options {
                let length = |text: &Value| text.as_str().unwrap().chars().count();
                prop_assert!((1..=WORDS_MAX).contains(&length(&option["text"]["text"])), "{option}");
                prop_assert!((1..=VALUE_MAX).contains(&length(&option["value"])), "{option}");
            }
        }
    }
}
