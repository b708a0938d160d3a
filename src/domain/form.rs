//! A form: what a button needs in words before it acts, filled in with what is known.
//!
//! Its fields are arguments of the button's command, so what comes back is read by the one grammar.

use super::ids::Digest;
use super::text::{Untrusted, is_invisible};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a person filled in, by the names of the fields.
pub type Fields = BTreeMap<String, String>;

/// Characters of one field.
pub const FIELD_MAX: usize = 500;
/// Fields of one form: Discord shows five.
pub const FIELDS_MAX: usize = 5;
/// Choices of one field: Discord and Slack show more in no list that people still read.
pub const CHOICES_MAX: usize = 25;
/// The name of a field whose text is read as it would be typed in the command: `pr=9` or `commit=1a2b3c4`.
pub const TYPED: &str = "words";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// At most 24 characters: Slack's limit is the smallest.
    pub title: String,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The argument of the command, or [`TYPED`].
    pub name: String,
    /// At most 45 characters: Discord's limit is the smallest.
    pub label: String,
    /// What stands there at first.
    pub value: Untrusted,
    /// What can be chosen; anything can be typed where there is nothing to choose from.
    pub choices: Vec<Choice>,
    pub required: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub value: Untrusted,
    /// One clean line.
    pub words: String,
}

/// What somebody is typing into a field.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'t> {
    /// The sealed value of the button that opened the form.
    pub value: &'t str,
    pub field: &'t str,
    pub text: &'t str,
}

/// Why what was filled in is no command, and the field where that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    pub field: Option<String>,
    pub what: String,
}

impl Misfit {
    /// It is about no field in particular.
    #[must_use]
    pub fn of_all(what: impl Into<String>) -> Self {
        Self { field: None, what: what.into() }
    }
}

impl Form {
    /// What a press binds to: another form than the one that was shown asks anew.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let fields = self.fields.iter().flat_map(|field| {
            let choices = field.choices.iter().map(|choice| choice.value.raw());
            [field.name.as_str(), field.value.raw()].into_iter().chain(choices).collect::<Vec<_>>()
        });
        Digest::of(fields.map(str::as_bytes))
    }
}

impl Field {
    /// A line of text.
    #[must_use]
    pub fn line(name: &str, label: &str, value: impl Into<Untrusted>) -> Self {
        Self { name: name.into(), label: label.into(), value: value.into(), ..Self::default() }
    }

    /// One of these, the first at first. What nobody could type is left out.
    #[must_use]
    pub fn choice(name: &str, label: &str, choices: impl Iterator<Item = Choice>) -> Self {
        let choices: Vec<Choice> = choices.filter(|choice| is_typable(choice.value.raw())).take(CHOICES_MAX).collect();
        let value = choices.first().map(|choice| choice.value.clone()).unwrap_or_default();
        Self { name: name.into(), label: label.into(), value, choices, required: true }
    }
}

/// Whether the text can stand in a field, and is seen there as it is.
#[must_use]
pub fn is_typable(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= FIELD_MAX && !text.chars().any(|c| c.is_control() || is_invisible(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_typed_is_no_choice() {
        let long = "x".repeat(FIELD_MAX + 1);
        let values = ["test_a", "", "two\nlines", "hid\u{200b}den", "turned\u{202e}", long.as_str(), "test b"];
        let choices = values.map(|value| Choice { value: value.into(), words: value.into() });
        let field = Field::choice("test", "Test", choices.into_iter());
        let kept: Vec<&str> = field.choices.iter().map(|choice| choice.value.raw()).collect();
        assert_eq!((kept, field.value.raw()), (vec!["test_a", "test b"], "test_a"));
    }

    #[test]
    fn a_form_with_another_choice_is_another() {
        let form = |choices: &[&str]| {
            let all = choices.iter().map(|value| Choice { value: (*value).into(), words: (*value).into() });
            Form { title: "Pin".into(), fields: vec![Field::choice("package", "Package", all)] }
        };
        assert_eq!(form(&["a", "b"]).digest(), form(&["a", "b"]).digest());
        assert_ne!(form(&["a", "b"]).digest(), form(&["a", "c"]).digest());
        assert_ne!(form(&["ab"]).digest(), form(&["a", "b"]).digest());
    }
}
