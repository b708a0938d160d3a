//! A card as an embed with rows of components. The limits are Discord's (discord.com/developers, "Message Resource",
//! "Components Reference").

use crate::card::{Asks, Button, Card, Look};
use crate::domain::ids::hex;
use crate::domain::mention::Mention;
use serde_json::{Value, json};
use serenity::all::{
    ButtonStyle, CreateActionRow, CreateAllowedMentions, CreateButton, CreateEmbed, CreateEmbedFooter, CreateMessage,
    CreateSelectMenu, CreateSelectMenuKind, CreateSelectMenuOption, EditMessage, MessageFlags, Nonce,
};
use sha2::{Digest as _, Sha256};
use std::num::NonZeroU64;

const CONTENT_MAX: usize = 2_000;
/// Messages of one answer.
const PARTS_MAX: usize = 4;
const DESCRIPTION_MAX: usize = 4_000;
const LABEL_MAX: usize = 80;
const OPTION_MAX: usize = 100;
const URL_MAX: usize = 512;
const NONCE_MAX: usize = 25;
/// Of a row.
const BUTTONS_MAX: usize = 5;

/// The wire value of a button.
fn custom_id(button: &Button) -> String {
    Asks::wire(button.asks, &button.value)
}

fn embed(card: &Card, marker: &str) -> CreateEmbed {
    CreateEmbed::new()
        .description(cut(&card.lines.join("\n"), DESCRIPTION_MAX))
        .color(card.tone.colour())
        .footer(CreateEmbedFooter::new(marker))
}

fn rows(card: &Card) -> Vec<CreateActionRow> {
    let mut first: Vec<CreateButton> = card.buttons.iter().map(button).collect();
    let links = card.links.iter().filter(|link| link.url.len() <= URL_MAX && link.url.starts_with("http"));
    first.extend(links.map(|link| CreateButton::new_link(&link.url).label(cut(&link.label, LABEL_MAX))));
    first.truncate(BUTTONS_MAX);
    let mut rows = Vec::new();
    if !first.is_empty() {
        rows.push(CreateActionRow::Buttons(first));
    }
    if !card.more.is_empty() {
        let options = card.more.iter().map(|b| CreateSelectMenuOption::new(cut(&b.label, OPTION_MAX), custom_id(b)));
        let kind = CreateSelectMenuKind::String { options: options.collect() };
        rows.push(CreateActionRow::SelectMenu(CreateSelectMenu::new("more", kind).placeholder("More…")));
    }
    rows
}

fn button(button: &Button) -> CreateButton {
    let style = match button.look {
        Look::Primary => ButtonStyle::Primary,
        Look::Danger => ButtonStyle::Danger,
        Look::Plain => ButtonStyle::Secondary,
    };
    CreateButton::new(custom_id(button)).label(cut(&button.label, LABEL_MAX)).style(style)
}

fn json(body: &impl serde::Serialize) -> Value {
    serde_json::to_value(body).unwrap_or(Value::Null)
}

/// The body of a new card.
pub fn post(card: &Card, marker: &str) -> Value {
    json(
        &CreateMessage::new()
            .content(cut(&card.title, CONTENT_MAX))
            .embed(embed(card, marker))
            .components(rows(card))
            .allowed_mentions(CreateAllowedMentions::new())
            .nonce(nonce(marker))
            .enforce_nonce(true),
    )
}

/// The message of a card, as it is sent.
pub fn message(card: &Card) -> Value {
    post(card, &format!("ci-rescue/preview/{}/card", card.incident.0))
}

/// The body of a card's edit.
pub fn edit(card: &Card, marker: &str) -> Value {
    json(
        &EditMessage::new()
            .content(cut(&card.title, CONTENT_MAX))
            .embed(embed(card, marker))
            .components(rows(card))
            .allowed_mentions(CreateAllowedMentions::new()),
    )
}

/// A line of the thread, which wakes nobody's telephone but theirs who are mentioned.
pub fn note(text: &str, mentions: &[Mention], marker: &str) -> Value {
    let embed = CreateEmbed::new().description(cut(text, DESCRIPTION_MAX)).footer(CreateEmbedFooter::new(marker));
    let message = CreateMessage::new().embed(embed).nonce(nonce(marker)).enforce_nonce(true);
    let message = if mentions.is_empty() {
        message.flags(MessageFlags::SUPPRESS_NOTIFICATIONS)
    } else {
        message.content(mentions.iter().map(tag).collect::<Vec<_>>().join(" "))
    };
    json(&message.allowed_mentions(allowed(mentions)))
}

/// An embed mentions nobody, so this stands in the message itself (discord.com/developers, "Message Formatting").
fn tag(mention: &Mention) -> String {
    let kind = if mention.is_group() { "@&" } else { "@" };
    format!("<{kind}{}>", mention.id())
}

/// Exactly these.
fn allowed(mentions: &[Mention]) -> CreateAllowedMentions {
    let ids =
        |group| mentions.iter().filter(move |mention| mention.is_group() == group).filter_map(|m| m.id().parse().ok());
    let (users, roles): (Vec<NonZeroU64>, Vec<NonZeroU64>) = (ids(false).collect(), ids(true).collect());
    CreateAllowedMentions::new().users(users).roles(roles)
}

/// A long text as messages that follow each other, broken between lines. What is beyond the last one is cut.
pub fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let last = parts.len() - 1;
        let length = parts[last].chars().count() + line.chars().count();
        if length > CONTENT_MAX && !parts[last].is_empty() && parts.len() < PARTS_MAX {
            parts.push(line.to_owned());
        } else {
            parts[last].push_str(line);
        }
    }
    parts.iter().map(|part| cut(part.trim_end(), CONTENT_MAX)).collect()
}

/// A private answer.
pub fn whisper(text: &str, ephemeral: bool) -> Value {
    let mut body = json!({"content": cut(text, CONTENT_MAX), "allowed_mentions": {"parse": []}});
    if ephemeral {
        body["flags"] = MessageFlags::EPHEMERAL.bits().into();
    }
    body
}

/// The same marker gives the same nonce, so that Discord itself drops a second post within minutes.
fn nonce(marker: &str) -> Nonce {
    let hash = Sha256::digest(marker.as_bytes());
    Nonce::String(hex(&hash).chars().take(NONCE_MAX).collect())
}

/// As the markup wants it.
pub fn cut(text: &str, max: usize) -> String {
    crate::card::cut("discord", text, max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn length(value: &Value) -> usize {
        value.as_str().map_or(0, |text| text.chars().count())
    }

    /// discord.com/developers: "Message Resource", "Components Reference".
    fn check(body: &Value) {
        let embed = &body["embeds"][0];
        assert!(length(&body["content"]) <= 2_000 && length(&body["nonce"]) <= 25);
        assert!(length(&embed["description"]) <= 4_096 && length(&embed["footer"]["text"]) <= 2_048);
        assert!(length(&embed["description"]) + length(&embed["footer"]["text"]) <= 6_000);
        assert_eq!(body["allowed_mentions"]["parse"], json!([]));
        let rows = body["components"].as_array().cloned().unwrap_or_default();
        assert!(rows.len() <= 5);
        let mut ids = Vec::new();
        for row in &rows {
            let parts = row["components"].as_array().unwrap();
            assert!((1..=5).contains(&parts.len()), "{row}");
            for part in parts {
                assert!(
                    length(&part["label"]) <= 80 && length(&part["custom_id"]) <= 100 && length(&part["url"]) <= 512
                );
                ids.extend(part["custom_id"].as_str().map(str::to_owned));
                let options = part["options"].as_array().cloned().unwrap_or_default();
                assert!(options.len() <= 25);
                for option in &options {
                    assert!(
                        (1..=100).contains(&length(&option["label"])) && length(&option["value"]) <= 100,
                        "{option}"
                    );
                }
            }
        }
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "each custom_id stands once");
    }

    #[test]
    fn a_long_answer_goes_on_in_the_next_message() {
        let line = "x".repeat(150);
        let text = vec![line.as_str(); 30].join("\n");
        let parts = parts(&text);
        assert_eq!(parts.join("\n"), text);
        assert!(parts.len() == 3 && parts.iter().all(|part| part.chars().count() <= CONTENT_MAX));
        assert_eq!(super::parts("short"), ["short"]);
        let endless = super::parts(&vec![line.as_str(); 100].join("\n"));
        assert!(endless.len() == PARTS_MAX && endless[PARTS_MAX - 1].ends_with('…'));
        assert_eq!(super::parts(&"x".repeat(3_000)).len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_card_is_inside_every_limit(card in crate::card::samples::any_card("discord"), text in any::<String>()) {
            let marker = "ci-rescue/AAAAAAAA/42/card";
            check(&post(&card, marker));
            check(&edit(&card, marker));
            check(&note(&text.repeat(200), &[], marker));
            prop_assert!(length(&whisper(&text.repeat(200), true)["content"]) <= 2_000);
        }

        #[test]
        fn cuts_leave_nothing_open(text in "[a`&\\\\<>é ]{0,80}", max in 5_usize..60) {
            let escaped = crate::card::escape("discord", &text);
            let kept = cut(&escaped, max);
            prop_assert!(kept.chars().count() <= max);
        }
    }
}
