//! A card as Block Kit: at most five blocks. The limits are Slack's (docs.slack.dev, "Block Kit reference").

use crate::card::{Asks, Button, Card, Link, Look, address};
use crate::domain::mention::Mention;
use slack_morphism::prelude::*;

const SECTION_MAX: usize = 3_000;
const LABEL_MAX: usize = 75;
const ALT_MAX: usize = 75;
const FALLBACK_MAX: usize = 3_000;

/// A card as a message: the title in the message itself, the rest beside a bar of colour. Only an attachment has one
/// (docs.slack.dev, "Secondary message attachments"); without blocks of its own the message would show the fallback.
pub fn content(card: &Card) -> SlackMessageContent {
    let attachment = SlackMessageAttachment {
        id: None,
        color: Some(format!("#{:06x}", card.tone.colour())),
        fallback: Some(fallback(card)),
        title: None,
        fields: None,
        mrkdwn_in: None,
        text: None,
        blocks: Some(body(card)),
    };
    SlackMessageContent::new()
        .with_text(fallback(card))
        .with_blocks(vec![section(&card.title)])
        .with_attachments(vec![attachment])
}

/// The message of a card, as it is sent.
pub fn message(card: &Card) -> serde_json::Value {
    serde_json::to_value(content(card)).unwrap_or_default()
}

/// A card beside a link, without buttons: whoever presses one does so on the card itself.
pub fn preview(card: &Card) -> Vec<SlackBlock> {
    let plain = Card { buttons: Vec::new(), more: Vec::new(), ..card.clone() };
    std::iter::once(section(&card.title)).chain(body(&plain)).collect()
}

/// Small print, with links.
pub fn small(parts: &[String], links: &[Link]) -> Option<SlackBlock> {
    let links = links.iter().filter_map(|link| Some(format!("<{}|{}>", address("slack", &link.url)?, link.label)));
    let all: Vec<String> = parts.iter().cloned().chain(links).collect();
    let text = SlackBlockMarkDownText::new(mrkdwn(&all.join(" · "))).with_verbatim(true);
    (!all.is_empty()).then(|| SlackContextBlock::new(vec![text.into()]).into())
}

/// Buttons in a row.
pub fn buttons(all: &[Button]) -> Option<SlackBlock> {
    let elements: Vec<SlackActionBlockElement> = all.iter().map(|one| button(one).into()).collect();
    (!elements.is_empty()).then(|| SlackActionsBlock::new(elements).into())
}

/// What stands beside the bar.
fn body(card: &Card) -> Vec<SlackBlock> {
    let mut paragraphs = card.lines.clone();
    let foot = if paragraphs.len() > 1 { paragraphs.pop() } else { None };
    let mut blocks: Vec<SlackBlock> = paragraphs.iter().map(|text| section(text)).collect();
    let foot: Vec<String> = foot.into_iter().collect();
    blocks.extend(small(&foot, &card.links));
    let mut elements: Vec<SlackActionBlockElement> = card.buttons.iter().map(|b| button(b).into()).collect();
    if let Some(more) = overflow(&card.more) {
        elements.push(more.into());
    }
    if !elements.is_empty() {
        blocks.push(SlackActionsBlock::new(elements).into());
    }
    blocks
}

/// What alerts these accounts and groups (docs.slack.dev, "Formatting message text"), before the words.
pub fn mentions(all: &[Mention]) -> String {
    let tag = |mention: &Mention| {
        let kind = if mention.is_group() { "!subteam^" } else { "@" };
        format!("<{kind}{}> ", mention.id())
    };
    all.iter().map(tag).collect()
}

/// Cut to Slack's limit where nothing is left open.
pub fn mrkdwn(text: &str) -> String {
    crate::card::cut("slack", text, SECTION_MAX)
}

/// `verbatim`: Slack must not look for links, channels or mentions in what we show.
pub fn section(text: &str) -> SlackBlock {
    let text = SlackBlockMarkDownText::new(mrkdwn(text)).with_verbatim(true);
    SlackSectionBlock::new().with_text(text.into()).into()
}

fn button(button: &Button) -> SlackBlockButtonElement {
    let element = SlackBlockButtonElement::new(cut(&button.label, LABEL_MAX).into())
        .with_action_id(button.verb.as_str().into())
        .with_value(Asks::wire(button.asks, &button.value))
        .with_accessibility_label(cut(&button.hint, ALT_MAX).into());
    match button.look {
        Look::Primary => element.with_style(SlackBlockButtonStyle::Primary),
        Look::Danger => element.with_style(SlackBlockButtonStyle::Danger),
        Look::Plain => element,
    }
}

fn overflow(more: &[Button]) -> Option<SlackBlockOverflowElement> {
    let options: Vec<_> = more
        .iter()
        .take(5)
        .map(|b| SlackBlockChoiceItem::new(cut(&b.label, LABEL_MAX).into(), Asks::wire(b.asks, &b.value)))
        .collect();
    (!options.is_empty()).then(|| SlackBlockOverflowElement::new(options).with_action_id("more".into()))
}

/// The sentence for notifications and screen readers. It is plain text, so it is escaped here.
pub fn fallback(card: &Card) -> String {
    crate::card::cut("slack", &crate::card::escape("slack", &card.fallback), FALLBACK_MAX)
}

/// Plain text of a label.
pub fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn length(value: &serde_json::Value) -> usize {
        value.as_str().map_or(0, |text| text.chars().count())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// docs.slack.dev: "Blocks", "Block elements", "chat.postMessage".
        #[test]
        fn any_card_is_inside_every_limit(card in crate::card::samples::any_card("slack")) {
            let content = serde_json::to_value(content(&card)).unwrap();
            let parts = [&content["blocks"], &content["attachments"][0]["blocks"]];
            let blocks: Vec<_> = parts.iter().flat_map(|part| part.as_array().unwrap()).collect();
            prop_assert!(blocks.len() <= 6, "{}", blocks.len());
            prop_assert!(content["attachments"][0]["color"].as_str().is_some_and(|c| c.len() == 7));
            let mut all = 0;
            for block in blocks {
                all += length(&block["text"]["text"]);
                prop_assert!((0..=3_000).contains(&length(&block["text"]["text"])));
                for element in block["elements"].as_array().into_iter().flatten() {
                    all += length(&element["text"]);
                    prop_assert!(length(&element["text"]) <= 3_000 && length(&element["text"]["text"]) <= 75);
                    prop_assert!(length(&element["value"]) <= 2_000 && length(&element["action_id"]) <= 255);
                    prop_assert!(length(&element["accessibility_label"]) <= 75);
                    let options = element["options"].as_array().cloned().unwrap_or_default();
                    prop_assert!(options.len() <= 5);
                    for option in &options {
                        prop_assert!(length(&option["text"]["text"]) <= 75 && length(&option["value"]) <= 150);
                    }
                }
                prop_assert!(block["elements"].as_array().is_none_or(|all| all.len() <= 10));
            }
            prop_assert!(all <= 13_200, "{all}");
            prop_assert!((1..=3_000).contains(&fallback(&card).chars().count()));
        }

        /// Each text object stands for itself: code that begins in it ends in it.
        #[test]
        fn no_text_leaves_code_open(words in "[a`*_~&;<>\n ]{0,60}", repeat in 1_usize..120) {
            let one = format!("{} {}", crate::card::escape("slack", &words), crate::card::code("slack", &words));
            let text = vec![one; repeat].join("\n");
            let SlackBlock::Section(block) = section(&text) else { panic!("a section") };
            let text = serde_json::to_value(block.text).unwrap()["text"].as_str().unwrap().to_owned();
            prop_assert!(text.chars().count() <= SECTION_MAX);
            prop_assert!(text.matches('`').count().is_multiple_of(2));
            prop_assert!(text.lines().all(|line| line.matches('`').count().is_multiple_of(2)), "{}", text);
        }
    }
}
