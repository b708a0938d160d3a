//! A card as Slack or Discord shows it, drawn from the very message that would be sent.

use super::live;
use super::routes::{App, nothing_here};
use super::visit::Visit;
use crate::card::Card;
use crate::domain::IncidentNo;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;
use serde_json::Value as Json;

/// A platform whose messages can be looked at here.
#[derive(Clone, Copy)]
pub struct Preview {
    /// In addresses, and the markup of its cards.
    pub platform: &'static str,
    pub name: &'static str,
    /// The body of the message that would be posted.
    pub message: fn(&Card) -> Json,
}

/// A message in the parts that a reader sees. Texts are HTML.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Shown {
    head: Vec<String>,
    /// Six hexadecimal digits.
    colour: String,
    body: Vec<Part>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Part {
    Text { html: String },
    Small { html: String },
    Buttons { all: Vec<Button> },
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Button {
    label: String,
    look: &'static str,
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

/// Blocks of Slack: sections, contexts and actions, which is what cards are made of.
fn slack_parts(blocks: &Json) -> Vec<Part> {
    let part = |block: &Json| match text(&block["type"]) {
        "section" => Some(Part::Text { html: live::mrkdwn(text(&block["text"]["text"])) }),
        "context" => {
            let all: Vec<String> = list(&block["elements"]).map(|e| live::mrkdwn(text(&e["text"]))).collect();
            Some(Part::Small { html: all.join(" ") })
        }
        "actions" => Some(Part::Buttons { all: list(&block["elements"]).map(slack_button).collect() }),
        _ => None,
    };
    list(blocks).filter_map(part).collect()
}

fn slack_button(element: &Json) -> Button {
    let look = match text(&element["style"]) {
        "primary" => "primary",
        "danger" => "danger",
        _ => "plain",
    };
    let label = if element["type"] == "overflow" { "⋯" } else { text(&element["text"]["text"]) };
    Button { label: label.to_owned(), look }
}

fn slack(message: &Json) -> Shown {
    let head = slack_parts(&message["blocks"]).into_iter().filter_map(|part| match part {
        Part::Text { html } | Part::Small { html } => Some(html),
        Part::Buttons { .. } => None,
    });
    let attachment = &message["attachments"][0];
    Shown {
        head: head.collect(),
        colour: text(&attachment["color"]).trim_start_matches('#').to_owned(),
        body: slack_parts(&attachment["blocks"]),
    }
}

fn discord(message: &Json) -> Shown {
    let embed = &message["embeds"][0];
    let mut body = vec![Part::Text { html: live::markdown(text(&embed["description"])) }];
    if let Some(footer) = embed["footer"]["text"].as_str() {
        body.push(Part::Small { html: live::plain(footer) });
    }
    for row in list(&message["components"]) {
        let all = list(&row["components"]).map(|part| Button {
            label: part["label"].as_str().or(part["placeholder"].as_str()).unwrap_or_default().to_owned(),
            look: match part["style"].as_u64() {
                Some(1) => "primary",
                Some(4) => "danger",
                _ => "plain",
            },
        });
        body.push(Part::Buttons { all: all.collect() });
    }
    Shown {
        head: vec![live::markdown(text(&message["content"]))],
        colour: embed["color"].as_u64().map_or_else(String::new, |colour| format!("{colour:06x}")),
        body,
    }
}

/// `GET /incidents/{no}/as/{platform}`
pub async fn page(
    State(app): State<App>,
    visit: Visit,
    Path((no, platform)): Path<(u64, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(preview) = app.previews.iter().find(|preview| preview.platform == platform) else {
        return nothing_here(State(app), headers).await;
    };
    if visit.sees(&app, &[IncidentNo(no)]).await.is_empty() {
        return nothing_here(State(app), headers).await;
    }
    let Some(card) = app.ask.card(IncidentNo(no), preview.platform).await else {
        return nothing_here(State(app), headers).await;
    };
    let message = (preview.message)(&card);
    let shown = if preview.platform == "slack" { slack(&message) } else { discord(&message) };
    let json = serde_json::to_string_pretty(&message).unwrap_or_default();
    let others: Vec<(&str, &str)> = app.previews.iter().map(|other| (other.platform, other.name)).collect();
    let page = context! {
        no => no, name => preview.name, platform => preview.platform, shown => Value::from(Serde(&shown)), json => json,
        others => others,
    };
    Html(app.pages.render("preview.html", page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_slack_message_in_its_parts() {
        let message = json!({
            "text": "a sentence",
            "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "🔴 *shop failed*"}}],
            "attachments": [{"color": "#d92d20", "blocks": [
                {"type": "section", "text": {"type": "mrkdwn", "text": "`a &lt; b`"}},
                {"type": "context", "elements": [{"type": "mrkdwn", "text": "<https://h/1|#1>"}]},
                {"type": "actions", "elements": [
                    {"type": "button", "style": "primary", "text": {"type": "plain_text", "text": "Retry"}},
                    {"type": "overflow", "options": []},
                ]},
            ]}],
        });
        let shown = slack(&message);
        assert_eq!(shown.head, ["🔴 <strong>shop failed</strong>"]);
        assert_eq!(shown.colour, "d92d20");
        let button = |label: &str, look| Button { label: label.into(), look };
        assert_eq!(
            shown.body,
            [
                Part::Text { html: "<code>a &lt; b</code>".into() },
                Part::Small { html: "<a href=\"https://h/1\" rel=\"noreferrer\">#1</a>".into() },
                Part::Buttons { all: vec![button("Retry", "primary"), button("⋯", "plain")] },
            ]
        );
    }

    #[test]
    fn a_discord_message_in_its_parts() {
        let message = json!({
            "content": "🔴 **shop failed**",
            "embeds": [{"description": "\\*a\\* `<b>`\n[PR](https://h/2)", "color": 1_405_679, "footer": {"text": "m"}}],
            "components": [{"components": [{"type": 2, "style": 4, "label": "Reject"}]},
                           {"components": [{"type": 3, "placeholder": "More…"}]}],
        });
        let shown = discord(&message);
        assert_eq!(shown.head, ["🔴 <strong>shop failed</strong>"]);
        assert_eq!(shown.colour, "1572ef");
        assert_eq!(
            shown.body[0],
            Part::Text {
                html: "*a* <code>&lt;b&gt;</code><br><a href=\"https://h/2\" rel=\"noreferrer\">PR</a>".into()
            }
        );
        assert_eq!(shown.body.len(), 4);
    }
}
