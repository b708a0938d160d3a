//! A letter as an Adaptive Card, version 1.4. Text runs show what strangers wrote as it is: they read no Markdown, and
//! without `msteams.entities` nothing is a mention.

use crate::domain::card::{Link, Tone};
use crate::domain::news::News;
use crate::ports::Letter;
use serde_json::{Value, json};

/// One paragraph, in characters. All of them stay inside what Teams takes, whatever their letters cost in JSON.
const TEXT_MAX: usize = 500;
const PARAGRAPHS_MAX: usize = 5;
/// Its own limit is six; more than that is no choice but a list.
const ACTIONS_MAX: usize = 4;
const URL_MAX: usize = 1_000;

/// The message of a workflow: one card.
#[must_use]
pub fn message(letter: &Letter<'_>) -> Value {
    let card = letter.plain;
    let mut body = Vec::new();
    if letter.again {
        body.push(text("Perhaps a repeat: whether an earlier post arrived is not known", false));
    }
    if let Some(news) = news(letter.news) {
        body.push(text(news, false));
    }
    body.push(text(&card.title, true));
    body.extend(card.lines.iter().take(PARAGRAPHS_MAX).map(|line| text(line, false)));
    let actions: Vec<Value> = card.links.iter().filter_map(action).take(ACTIONS_MAX).collect();
    let content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": inert(&cut(&card.fallback, TEXT_MAX)),
        "speak": inert(&cut(&card.fallback, TEXT_MAX)),
        "msteams": {"width": "Full"},
        "body": [{"type": "Container", "style": style(card.tone), "items": body}],
        "actions": actions,
    });
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": content,
        }],
    })
}

fn news(news: News) -> Option<&'static str> {
    Some(match news {
        News::Opened => return None,
        News::Raised => "More severe than was thought",
        News::Escalated => "Escalated: it needs people",
        News::Quarantined => "Quarantined: the test does not count for now",
        News::Resolved => "Over",
        News::Reopened => "It fails again",
        News::Over => "All of these are over",
    })
}

fn style(tone: Tone) -> &'static str {
    match tone {
        Tone::Failing => "attention",
        Tone::Waiting => "warning",
        Tone::Running => "accent",
        Tone::Resolved => "good",
    }
}

fn text(words: &str, title: bool) -> Value {
    let mut run = json!({"type": "TextRun", "text": inert(&cut(words, TEXT_MAX))});
    if title {
        run["weight"] = json!("bolder");
        run["size"] = json!("medium");
    }
    json!({"type": "RichTextBlock", "inlines": [run]})
}

/// `{{DATE(…)}}` and `${…}` are read in any text.
fn inert(text: &str) -> String {
    text.replace('{', "\u{200b}{")
}

fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

/// Only web addresses are opened, and a long one is left out rather than cut.
fn action(link: &Link) -> Option<Value> {
    let url = url::Url::parse(&link.url).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
    let fits = url.as_str().len() <= URL_MAX;
    fits.then(|| json!({"type": "Action.OpenUrl", "title": inert(&cut(&link.label, 60)), "url": url.as_str().replace('{', "%7B")}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;
    use proptest::prelude::*;

    /// In bytes (learn.microsoft.com, "Incoming webhooks": 28 KB).
    const MESSAGE_MAX: usize = 28 << 10;

    fn of(card: &crate::card::Card, news: News, again: bool) -> Value {
        message(&Letter { card, plain: card, news, id: "i", first: None, again, at: Time(0) })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_card_is_inside_the_limit(card in crate::card::samples::any_card("plain")) {
            let message = of(&card, News::Reopened, true);
            prop_assert!(message.to_string().len() <= MESSAGE_MAX, "{}", message.to_string().len());
            let text = message.to_string();
            prop_assert!(!text.contains("\"TextBlock\"") && !text.contains("\"entities\""));
            prop_assert!(["{{", "${"].iter().all(|read| !text.contains(read)), "{}", text);
        }
    }

    #[test]
    fn hostile_words_stay_words_and_only_web_addresses_are_links() {
        let mut card =
            crate::card::samples::plain("[click](http://evil) <at>all</at> {{DATE(2020-01-01T00:00:00Z)}} **b**");
        let link = |url: &str| Link { label: "Run".into(), url: url.into() };
        card.links = vec![link("javascript:alert(1)"), link("msteams:/x"), link("https://github.com/a/b")];
        let message = of(&card, News::Opened, false);
        let content = &message["attachments"][0]["content"];
        let run = &content["body"][0]["items"][0]["inlines"][0];
        assert_eq!(run["type"], "TextRun");
        assert_eq!(
            run["text"],
            "[click](http://evil) <at>all</at> \u{200b}{\u{200b}{DATE(2020-01-01T00:00:00Z)}} **b**"
        );
        let urls: Vec<&str> =
            content["actions"].as_array().unwrap().iter().filter_map(|action| action["url"].as_str()).collect();
        assert_eq!(urls, ["https://github.com/a/b"]);
    }
}
