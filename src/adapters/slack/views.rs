//! Slack's forms (modals) and its home tab. Limits: docs.slack.dev, "Views".

use super::blocks;
use super::suggest::{self, VALUE_MAX};
use crate::card::{Link, causes};
use crate::domain::card::Verb;
use crate::domain::form::{Choice, FIELD_MAX, Field, Fields, Form, Misfit};
use crate::domain::page::{Home, Window};
use crate::domain::pointer::Pointer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slack_morphism::prelude::*;

/// Of a modal's title, in characters.
const TITLE_MAX: usize = 24;
/// What a person may type, in characters.
const INPUT_MAX: u64 = 500;
const BLOCK: &str = "line";
/// Of a choice's words, and of what is wrong, in characters.
const CHOICE_MAX: usize = 75;
const WRONG_MAX: usize = 2_000;
/// Blocks of a home tab or a modal, and characters of a header.
const BLOCKS_MAX: usize = 100;
const HEADER_MAX: usize = 150;
/// The message shortcut's name and the id that it is told by.
pub const SHORTCUT: &str = "Rescue this run";
pub const RESCUE: &str = "rescue_run";

/// What a form has to remember: Slack keeps it as `private_metadata` (3,000 characters).
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    pub value: String,
    pub channel: String,
    pub thread: Option<String>,
    /// The names of the fields, in order; none where the form has one line for a reason or a cause.
    #[serde(default)]
    pub fields: Vec<String>,
}

/// What a button asks by.
#[derive(Debug)]
pub enum Asking {
    Reason,
    Cause,
    Form(Verb, Form),
}

/// The form that a button asks by.
pub fn form(asking: &Asking, context: &Context) -> SlackView {
    let (title, submit, blocks) = match asking {
        Asking::Reason => ("Reject proposal", "Reject", vec![reason().into()]),
        Asking::Cause => ("Wrong verdict", "Correct", vec![cause().into()]),
        Asking::Form(verb, form) => {
            (form.title.as_str(), "Propose", form.fields.iter().map(|one| field(*verb, one).into()).collect())
        }
    };
    let title: String = title.chars().take(TITLE_MAX).collect();
    let metadata = serde_json::to_string(context).unwrap_or_default();
    SlackView::Modal(
        SlackModalView::new(title.as_str().into(), blocks)
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

/// A field, by the name that it has in the form.
fn field(verb: Verb, field: &Field) -> SlackInputBlock {
    let element = suggest::menu(verb, field).or_else(|| list(field)).unwrap_or_else(|| line(field));
    SlackInputBlock::new(field.label.as_str().into(), element)
        .with_block_id(field.name.as_str().into())
        .with_optional(!field.required)
}

/// The field's choices; `None` where there are none, or one that no list holds.
fn list(field: &Field) -> Option<SlackInputBlockElement> {
    let fits = |choice: &Choice| (1..=VALUE_MAX).contains(&choice.value.raw().chars().count());
    if field.choices.is_empty() || !field.choices.iter().all(fits) {
        return None;
    }
    let item = |choice: &Choice| {
        SlackBlockChoiceItem::new(blocks::cut(&choice.words, CHOICE_MAX).into(), choice.value.raw().to_owned())
    };
    let mut select = SlackBlockStaticSelectElement::new()
        .with_action_id(field.name.as_str().into())
        .with_options(field.choices.iter().map(item).collect());
    select.initial_option = field.choices.iter().find(|choice| choice.value == field.value).map(item);
    Some(select.into())
}

fn line(field: &Field) -> SlackInputBlockElement {
    let mut input = SlackBlockPlainTextInputElement::new()
        .with_action_id(field.name.as_str().into())
        .with_max_length(FIELD_MAX as u64);
    input.initial_value = Some(field.value.raw().to_owned()).filter(|value| !value.is_empty());
    input.into()
}

/// What was filled into each field.
pub fn fields(view: &SlackStatefulView) -> Fields {
    let values = view.state_params.state.iter().flat_map(|state| &state.values);
    let given = values.flat_map(|(_, block)| block);
    given.map(|(name, given)| (name.to_string(), text(given).unwrap_or_default())).collect()
}

/// What Slack shows in a form that stays open (docs.slack.dev, "Modals": `response_action`).
pub fn wrong(context: &Context, misfit: &Misfit) -> Value {
    let block = misfit.field.as_ref().or(context.fields.first()).map_or(BLOCK, String::as_str);
    json!({"response_action": "errors", "errors": {block: blocks::cut(&misfit.what, WRONG_MAX)}})
}

fn text(given: &SlackViewStateValue) -> Option<String> {
    let one = given.selected_option.as_ref().map(|option| option.value.clone());
    let several = || {
        let all: Vec<&str> = given.selected_options.as_ref()?.iter().map(|option| option.value.as_str()).collect();
        Some(all.join(","))
    };
    given.value.clone().or(one).or_else(several)
}

/// What the form remembers.
pub fn remembered(private_metadata: &str) -> Option<Context> {
    serde_json::from_str(private_metadata).ok()
}

/// What a sent form was about, and what was typed.
pub fn submitted(view: &SlackStatefulView) -> Option<(Context, String)> {
    let SlackView::Modal(modal) = &view.view else { return None };
    let context = remembered(modal.private_metadata.as_deref()?)?;
    let values =
        view.state_params.state.iter().flat_map(|state| state.values.values()).flat_map(|block| block.values());
    let input = values.into_iter().find_map(text).unwrap_or_default();
    Some((context, input.chars().take(usize::try_from(INPUT_MAX).unwrap_or(500)).collect()))
}

/// The home tab: lists of incidents, with buttons where one click is enough.
pub fn home(home: &Home) -> SlackView {
    let mut all: Vec<SlackBlock> = Vec::new();
    all.extend((!home.lead.is_empty()).then(|| blocks::section(&home.lead)));
    for part in &home.parts {
        all.push(SlackHeaderBlock::new(blocks::cut(&part.title, HEADER_MAX).as_str().into()).into());
        for row in &part.rows {
            all.push(blocks::section(&row.text));
            all.extend(blocks::buttons(&row.buttons));
        }
        let foot: Vec<String> = Some(part.foot.clone()).filter(|foot| !foot.is_empty()).into_iter().collect();
        all.extend(blocks::small(&foot, &[]));
    }
    all.truncate(BLOCKS_MAX - 1);
    let links: Vec<Link> = home.link.iter().cloned().collect();
    all.extend(blocks::small(&[], &links));
    SlackView::Home(SlackHomeView::new(all))
}

/// What the shortcut's window has to remember.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub to: Pointer,
    pub channel: String,
    pub thread: Option<String>,
}

/// The shortcut's window while its answer is looked for.
pub fn looking() -> SlackView {
    waiting("Looking up what the message links to…")
}

/// The same after "Open incident".
pub fn opening() -> SlackView {
    waiting("Asking GitHub for the run… If this does not change within five minutes, GitHub did not answer: try again.")
}

fn waiting(words: &str) -> SlackView {
    modal(vec![blocks::section(words)])
}

fn modal(all: Vec<SlackBlock>) -> SlackView {
    SlackView::Modal(bare(all))
}

fn bare(all: Vec<SlackBlock>) -> SlackModalView {
    SlackModalView::new(SHORTCUT.into(), all).with_close("Close".into()).with_callback_id(RESCUE.into())
}

/// The shortcut's window with its answer.
pub fn window(shown: &Window, channel: &str, thread: Option<&str>) -> SlackView {
    let mut all: Vec<SlackBlock> =
        shown.paragraphs.iter().take(BLOCKS_MAX - 1).map(|text| blocks::section(text)).collect();
    all.extend(blocks::small(&[], &shown.links));
    let Some(to) = &shown.offer else { return modal(all) };
    let (channel, thread) = (channel.to_owned(), thread.map(str::to_owned));
    let opening = Opening { to: to.clone(), channel, thread };
    let metadata = serde_json::to_string(&opening).unwrap_or_default();
    SlackView::Modal(bare(all).with_submit("Open incident".into()).with_private_metadata(metadata))
}

/// What "Open incident" was pressed for, if the view is the shortcut's.
pub fn opened(view: &SlackStatefulView) -> Option<Opening> {
    let SlackView::Modal(modal) = &view.view else { return None };
    modal.callback_id.as_ref().filter(|id| id.0 == RESCUE)?;
    serde_json::from_str(modal.private_metadata.as_deref()?).ok()
}

/// What Slack shows instead of a window that was sent.
pub fn instead(view: &SlackView) -> Value {
    json!({"response_action": "update", "view": view})
}
