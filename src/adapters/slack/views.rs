//! Slack's forms (modals) and its home tab. Limits: docs.slack.dev, "Views".

use super::blocks;
use crate::card::{Asks, causes};
use serde::{Deserialize, Serialize};
use slack_morphism::prelude::*;

/// Of a modal's title, in characters.
const TITLE_MAX: usize = 24;
/// What a person may type, in characters.
const INPUT_MAX: u64 = 500;
const BLOCK: &str = "line";
/// Lines of a home tab: it has room for 100 blocks.
const LINES_MAX: usize = 40;

/// What a form has to remember: Slack keeps it as `private_metadata` (3,000 characters).
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    pub value: String,
    pub channel: String,
    pub thread: Option<String>,
}

/// The form that a button asks by.
pub fn form(asks: Asks, context: &Context) -> SlackView {
    let (title, submit, block) = match asks {
        Asks::Reason => ("Reject proposal", "Reject", reason()),
        Asks::Cause => ("Wrong verdict", "Correct", cause()),
    };
    let title: String = title.chars().take(TITLE_MAX).collect();
    let metadata = serde_json::to_string(context).unwrap_or_default();
    SlackView::Modal(
        SlackModalView::new(title.as_str().into(), vec![block.into()])
            .with_submit(submit.into())
            .with_close("Cancel".into())
            .with_private_metadata(metadata),
    )
}

/// One line of text, which may stay empty.
fn reason() -> SlackInputBlock {
    let input = SlackBlockPlainTextInputElement::new().with_action_id(BLOCK.into()).with_max_length(INPUT_MAX);
    SlackInputBlock::new("Reason (shown in the thread and the log)".into(), input.into())
        .with_block_id(BLOCK.into())
        .with_optional(true)
}

/// One of the causes.
fn cause() -> SlackInputBlock {
    let options = causes().into_iter().map(|(value, words)| SlackBlockChoiceItem::new(words.into(), value.into()));
    let select = SlackBlockStaticSelectElement::new().with_action_id(BLOCK.into()).with_options(options.collect());
    SlackInputBlock::new("What caused it?".into(), select.into()).with_block_id(BLOCK.into())
}

/// What a sent form was about, and what was typed.
pub fn submitted(view: &SlackStatefulView) -> Option<(Context, String)> {
    let SlackView::Modal(modal) = &view.view else { return None };
    let context = serde_json::from_str(modal.private_metadata.as_deref()?).ok()?;
    let values =
        view.state_params.state.iter().flat_map(|state| state.values.values()).flat_map(|block| block.values());
    let given = values.into_iter().find_map(|given| {
        let chosen = given.selected_option.as_ref().map(|option| option.value.clone());
        given.value.clone().or(chosen)
    });
    let input = given.unwrap_or_default();
    Some((context, input.chars().take(usize::try_from(INPUT_MAX).unwrap_or(500)).collect()))
}

/// The home tab: what waits for the person and what is theirs, a line each.
pub fn home(text: &str) -> SlackView {
    let head = SlackHeaderBlock::new("For you".into());
    let mut all = vec![head.into()];
    let lines: Vec<&str> = text.lines().collect();
    all.extend(lines.chunks(lines.len().div_ceil(LINES_MAX).max(1)).map(|lines| blocks::section(&lines.join("\n"))));
    SlackView::Home(SlackHomeView::new(all))
}
