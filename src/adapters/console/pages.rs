//! The pages, from `pages/*.html`. What a card brings is safe markup already; everything else is escaped here.

use crate::card::{Asks, Card, Look, causes};
use crate::command;
use crate::domain::card::Verb;
use crate::domain::form::{Choice, FIELD_MAX, Field};
use crate::domain::time::{Span, Time};
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

pub const STYLE: &str = include_str!("pages/console.css");
pub const ICON: &str = include_str!("pages/favicon.svg");
pub const COPY: &str = include_str!("pages/copy.js");
pub const SCRIPT: &str = include_str!("pages/console.js");

pub struct Pages(Environment<'static>);

/// A card as the page's template wants it.
#[derive(Serialize)]
pub struct CardView {
    no: u64,
    stage: &'static str,
    tone: String,
    title: String,
    lines: Vec<String>,
    links: Vec<(String, String)>,
    buttons: Vec<ButtonView>,
    /// What a button that asks for a cause offers: value and words.
    causes: Vec<(&'static str, &'static str)>,
    /// Characters of a field.
    field_max: usize,
}

#[derive(Serialize)]
struct ButtonView {
    label: String,
    hint: String,
    look: &'static str,
    value: String,
    verb: &'static str,
    /// What is to be added before it is pressed.
    asks: Option<Asks>,
    /// What it says, in the words of the command line.
    words: String,
    /// The fields of its form.
    fields: Vec<FieldView>,
}

#[derive(Serialize)]
struct FieldView {
    name: String,
    label: String,
    value: String,
    required: bool,
    /// More can be meant than there is to choose from: it is asked for while somebody types.
    offers: bool,
    /// Value and words.
    choices: Vec<(String, String)>,
}

impl FieldView {
    fn of(verb: Verb, field: &Field) -> Self {
        let choice = |choice: &Choice| (choice.value.raw().to_owned(), choice.words.clone());
        Self {
            name: field.name.clone(),
            label: field.label.clone(),
            value: field.value.raw().to_owned(),
            required: field.required,
            offers: command::offers(verb.as_str(), &field.name).is_some(),
            choices: field.choices.iter().map(choice).collect(),
        }
    }
}

impl CardView {
    pub fn of(card: &Card) -> Self {
        let view = |button: &crate::card::Button| ButtonView {
            label: button.label.clone(),
            hint: button.hint.clone(),
            look: match button.look {
                Look::Primary => "primary",
                Look::Danger => "danger",
                Look::Plain => "plain",
            },
            value: button.value.clone(),
            verb: button.verb.as_str(),
            asks: button.asks,
            words: button.words.clone(),
            fields: button.form.iter().flat_map(|form| &form.fields).map(|f| FieldView::of(button.verb, f)).collect(),
        };
        Self {
            no: card.incident.0,
            stage: card.stage.as_str(),
            tone: format!("{:?}", card.tone).to_lowercase(),
            title: card.title.clone(),
            lines: card.lines.iter().map(|line| line.replace('\n', "<br>")).collect(),
            links: card.links.iter().map(|link| (link.label.clone(), link.url.clone())).collect(),
            buttons: card.buttons.iter().chain(&card.more).map(view).collect(),
            causes: causes(),
            field_max: FIELD_MAX,
        }
    }
}

impl CardView {
    /// Without anything to press.
    pub fn to_read(card: &Card) -> Self {
        Self { buttons: Vec::new(), ..Self::of(card) }
    }
}

pub fn rfc3339(at: Time) -> String {
    chrono::DateTime::from_timestamp_millis(at.0).unwrap_or_default().to_rfc3339()
}

/// How far it is from now: `in 3d`, `2h ago`.
pub fn away(at: Time, now: Time) -> String {
    let ms = at.ms_since(now);
    if ms > 0 { format!("in {}", Span(ms)) } else { format!("{} ago", Span(-ms)) }
}

/// `Jan 31`
pub fn day(at: Time) -> String {
    chrono::DateTime::from_timestamp_millis(at.0).unwrap_or_default().format("%b %-d").to_string()
}

/// A line of a log or a diff.
#[derive(Serialize)]
pub struct TextLine {
    class: &'static str,
    /// Where the page is to be opened.
    anchor: bool,
    text: String,
}

/// A diff's lines by kind.
pub fn diff(text: &str) -> Vec<TextLine> {
    let class = |line: &str| match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] | [b'd', b'i', b'f', b'f', ..] => "file",
        [b'+', ..] => "added",
        [b'-', ..] => "removed",
        [b'@', b'@', ..] => "place",
        _ => "",
    };
    text.lines().map(|line| TextLine { class: class(line), anchor: false, text: line.to_owned() }).collect()
}

/// A log's lines; those that hold one of `errors` are marked, and the first of them is where to begin.
pub fn log(text: &str, errors: &[&str]) -> Vec<TextLine> {
    let mut begun = false;
    let mut line = |line: &str| {
        let wrong = errors.iter().any(|error| line.contains(error));
        let anchor = wrong && !begun;
        begun |= wrong;
        TextLine { class: if wrong { "wrong" } else { "" }, anchor, text: line.to_owned() }
    };
    text.lines().map(&mut line).collect()
}

/// A time in RFC 3339, as it stands where no script puts it into the reader's zone.
fn utc(at: String) -> String {
    chrono::DateTime::parse_from_rfc3339(&at)
        .map_or(at, |parsed| parsed.to_utc().format("%Y-%m-%d %H:%M UTC").to_string())
}

impl Pages {
    pub fn new() -> Result<Self, String> {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.add_filter("utc", utc);
        for (name, text) in [
            ("base.html", include_str!("pages/base.html")),
            ("bare.html", include_str!("pages/bare.html")),
            ("card.html", include_str!("pages/card.html")),
            ("chart.html", include_str!("pages/chart.html")),
            ("error.html", include_str!("pages/error.html")),
            ("feed.html", include_str!("pages/feed.html")),
            ("waiting.html", include_str!("pages/waiting.html")),
            ("history.html", include_str!("pages/history.html")),
            ("quarantines.html", include_str!("pages/quarantines.html")),
            ("subscriptions.html", include_str!("pages/subscriptions.html")),
            ("people.html", include_str!("pages/people.html")),
            ("integrations.html", include_str!("pages/integrations.html")),
            ("audit.html", include_str!("pages/audit.html")),
            ("loops.html", include_str!("pages/loops.html")),
            ("loop_rows.html", include_str!("pages/loop_rows.html")),
            ("loop.html", include_str!("pages/loop.html")),
            ("statistics.html", include_str!("pages/statistics.html")),
            ("help.html", include_str!("pages/help.html")),
            ("rows.html", include_str!("pages/rows.html")),
            ("filters.html", include_str!("pages/filters.html")),
            ("hold.html", include_str!("pages/hold.html")),
            ("closed.html", include_str!("pages/closed.html")),
            ("line.html", include_str!("pages/line.html")),
            ("incident.html", include_str!("pages/incident.html")),
            ("preview.html", include_str!("pages/preview.html")),
            ("shared.html", include_str!("pages/shared.html")),
            ("sign_in.html", include_str!("pages/sign_in.html")),
            ("signed_in.html", include_str!("pages/signed_in.html")),
        ] {
            env.add_template(name, text).map_err(|why| format!("{why:#}"))?;
        }
        Ok(Self(env))
    }

    pub fn render(&self, name: &str, context: Value) -> String {
        let text = self.0.get_template(name).and_then(|page| page.render(context));
        text.unwrap_or_else(|why| {
            tracing::error!(%why, "could not render a page");
            "This page cannot be rendered; see the log.".into()
        })
    }

    /// One card, for an update of a page that is open.
    pub fn card(&self, card: &Card) -> String {
        self.render("card.html", minijinja::context! { card => Value::from(Serde(&CardView::of(card))), csrf => "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart() {
        let kinds = |lines: Vec<TextLine>| lines.iter().map(|line| line.class).collect::<Vec<_>>();
        let text = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n same\n";
        assert_eq!(kinds(diff(text)), ["file", "file", "file", "place", "removed", "added", ""]);
        let lines = log("a\nerror: b\nc\nerror: b again\n", &["error: b"]);
        assert_eq!(lines.iter().map(|line| line.anchor).collect::<Vec<_>>(), [false, true, false, false]);
        assert_eq!(kinds(lines), ["", "wrong", "", "wrong"]);
        assert!(log("a\n", &[]).iter().all(|line| line.class.is_empty()));
    }
}
