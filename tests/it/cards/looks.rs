//! What people see of one incident on each surface, as text, and that each keeps within what its platform takes.

use super::scenes::Shown;
use crate::sinks::WORKFLOW;
use crate::world::REPO;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;

/// What a card may say, in characters that people read.
const CARD_MAX: usize = 700;
/// Actions beside each other; the rest is behind *More*.
const ACTIONS_MAX: usize = 3;

/// All surfaces, one after the other.
pub async fn all(shown: &Shown) -> String {
    let surfaces = [
        ("Slack", slack(shown)),
        ("Discord", discord(shown)),
        ("pull request", pull(shown)),
        ("check run", check(shown)),
        ("console", console(shown).await),
        ("e-mail", mail(shown)),
        ("Teams", teams(shown)),
    ];
    assert!(surfaces.iter().any(|(_, text)| text.is_some()), "nobody sees #{}", shown.no);
    let mut out = String::new();
    for (name, text) in surfaces {
        let text = text.unwrap_or_else(|| "(nothing)".into());
        writeln!(out, "--- {name}\n{}\n", text.trim_end()).unwrap();
    }
    without_ports(&out.replace(&shown.world.forge_at.to_string(), "forge"))
}

/// Doubles have other ports each time.
fn without_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + "elsewhere" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Links and dates as people see them.
fn seen(mrkdwn: &str) -> String {
    let mut out = String::new();
    for part in mrkdwn.split('<') {
        match part.split_once('>') {
            Some((link, rest)) => {
                out.push_str(link.rsplit_once('|').map_or(link, |(_, text)| text));
                out.push_str(rest);
            }
            None => out.push_str(part),
        }
    }
    out
}

/// A whole sentence in plain words, with what the state is.
fn sentence(text: &str) {
    assert!(text.ends_with('.') && !text.contains('\n') && text.chars().count() > 20, "no sentence: {text:?}");
    assert!(!text.contains("@ ") && !text.contains(" ,") && !text.contains("  "), "it has a hole: {text:?}");
}

/// A word and a sign: a colour alone says nothing to many people.
fn title(text: &str) {
    let (sign, text) = (text.chars().next().unwrap(), text.lines().next().unwrap());
    assert!(!sign.is_ascii() && text.chars().filter(char::is_ascii_alphabetic).count() > 10, "no title: {text:?}");
}

fn slack(shown: &Shown) -> Option<String> {
    let of = format!("#{} ·", shown.no);
    let cards = shown.world.slack.cards();
    let (text, read) = slack_card(cards.iter().find(|card| card.words().contains(&of))?);
    title(&text);
    assert!(read <= CARD_MAX, "{read} characters: {text}");
    Some(text)
}

/// A message of Slack's as text, and how many characters people read on it.
pub fn slack_card(card: &crate::world::slack::Message) -> (String, usize) {
    let blocks = card.blocks.as_array().unwrap();
    assert!(blocks.len() <= 5, "{blocks:#?}");
    let (mut out, mut read, mut shown_buttons) = (String::new(), 0, 0);
    for block in blocks {
        let text = match block["type"].as_str().unwrap() {
            "section" => block["text"]["text"].as_str().unwrap().to_owned(),
            "context" => format!("~ {}", block["elements"][0]["text"].as_str().unwrap()),
            _ => {
                let elements = block["elements"].as_array().unwrap();
                shown_buttons = elements.iter().filter(|element| element["type"] == "button").count();
                let labels: Vec<String> = elements.iter().map(label).collect();
                writeln!(out, "{}", labels.join(" ")).unwrap();
                continue;
            }
        };
        assert!(text.chars().count() <= 3_000);
        read += seen(&text).chars().count();
        writeln!(out, "{text}").unwrap();
    }
    assert!(shown_buttons <= ACTIONS_MAX, "{shown_buttons} buttons: {out}");
    sentence(&card.text);
    writeln!(out, "fallback: {}", card.text).unwrap();
    (out, read)
}

fn label(element: &Value) -> String {
    match element["options"].as_array() {
        Some(options) => {
            assert!(options.len() <= 5);
            let labels: Vec<&str> = options.iter().map(|option| option["text"]["text"].as_str().unwrap()).collect();
            format!("… {}", labels.join(" … "))
        }
        None => format!("[{}]", element["text"]["text"].as_str().unwrap()),
    }
}

fn discord(shown: &Shown) -> Option<String> {
    let of = format!("\\#{} ·", shown.no);
    let cards = shown.world.discord.cards();
    let text = discord_card(cards.iter().find(|card| card.words().contains(&of))?);
    title(&text);
    Some(text)
}

/// A message of Discord's as text.
pub fn discord_card(card: &crate::world::discord::Message) -> String {
    crate::world::discord::limits(&card.body).unwrap();
    let mut out = String::new();
    let embed = &card.body["embeds"][0];
    writeln!(out, "{}", card.body["content"].as_str().unwrap()).unwrap();
    writeln!(out, "| {}", embed["description"].as_str().unwrap().replace('\n', "\n| ")).unwrap();
    writeln!(out, "colour {:06x}", embed["color"].as_u64().unwrap()).unwrap();
    for row in card.body["components"].as_array().into_iter().flatten() {
        let (mut labels, mut actions) = (Vec::new(), 0);
        for part in row["components"].as_array().unwrap() {
            if let Some(options) = part["options"].as_array() {
                labels.extend(options.iter().map(|o| format!("… {}", o["label"].as_str().unwrap())));
            } else {
                actions += usize::from(part["url"].is_null());
                labels.push(format!("[{}]", part["label"].as_str().unwrap()));
            }
        }
        assert!(actions <= ACTIONS_MAX, "{row}");
        writeln!(out, "{}", labels.join(" ")).unwrap();
    }
    out
}

/// Our one comment, without its marker.
fn pull(shown: &Shown) -> Option<String> {
    let state = shown.world.forge.lock();
    let is_ours = |body: &str| {
        let of = format!("\\#\u{200b}{} ·", shown.no);
        body.starts_with("<!-- ci-rescue/") && body.contains("/card -->") && body.contains(&of)
    };
    let all = state.repos[REPO].comments.iter();
    let ours: Vec<_> = all.filter(|comment| comment["body"].as_str().is_some_and(is_ours)).collect();
    let pulls: BTreeSet<u64> = ours.iter().filter_map(|comment| comment["number"].as_u64()).collect();
    assert_eq!(pulls.len(), ours.len(), "one comment a pull request: {ours:#?}");
    let text = ours.first()?["body"].as_str()?.split_once("\n\n").unwrap().1;
    // GitHub's limit of a comment (docs.github.com, "Issue comments").
    assert!(text.chars().count() <= 65_536);
    title(text);
    Some(text.to_owned())
}

/// The check run with its annotations.
fn check(shown: &Shown) -> Option<String> {
    let state = shown.world.forge.lock();
    let name = format!("CI Rescue #{}", shown.no);
    let check = state.repos[REPO].checks.iter().rev().find(|check| check["name"] == *name)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let output = &check["output"];
    assert!(!text(&output["title"]).is_empty() && text(&output["title"]).chars().count() <= 250, "{output}");
    let mut out = format!("{name}: {}\n{}\n", text(&check["conclusion"]), text(&output["title"]));
    for at in output["annotations"].as_array().into_iter().flatten() {
        let words = ["path", "title", "message"].map(|key| text(&at[key]));
        writeln!(out, "{}:{} {}: {}", words[0], at["start_line"], words[1], words[2]).unwrap();
    }
    Some(out)
}

/// The card on the list, or the incident's page where it is closed.
async fn console(shown: &Shown) -> Option<String> {
    let page = shown.world.sit("ada").await.page("/?all=1").await;
    crate::world::card(&page, shown.no).map(plain)
}

/// A page's part as text: its tags taken out, a line for each that held words.
pub fn plain(html: &str) -> String {
    let mut out = String::new();
    for part in html.split('<') {
        out.push_str(part.split_once('>').map_or(part, |(_, text)| text));
        out.push('\n');
    }
    let lines = out.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// The newest letter: what is no news is not written.
fn mail(shown: &Shown) -> Option<String> {
    let letters = shown.mail.letters();
    let read: Vec<_> = letters.iter().map(crate::world::smtp::Letter::read).collect();
    let (subject, text, html) = read.into_iter().rfind(|(_, text, _)| text.contains(&format!("#{} ·", shown.no)))?;
    assert!(subject.chars().count() <= 160 && html.contains("<h1>"), "{subject}");
    let (text, _) = text.split_once("\n--").expect("a signature");
    Some(format!("Subject: {subject}\n\n{}", text.trim()))
}

/// The newest post.
fn teams(shown: &Shown) -> Option<String> {
    let posts = shown.receiver.posts(WORKFLOW);
    let post = posts.iter().rfind(|post| post.text.contains(&format!("#{} ·", shown.no)))?;
    assert!(post.text.len() <= 28 << 10);
    let card = &post.body["attachments"][0]["content"];
    sentence(card["fallbackText"].as_str().unwrap());
    let items = card["body"][0]["items"].as_array().unwrap();
    let lines = items.iter().map(|item| item["inlines"][0]["text"].as_str().unwrap());
    let actions: Vec<String> = card["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| format!("[{}]", action["title"].as_str().unwrap()))
        .collect();
    let style = card["body"][0]["style"].as_str().unwrap();
    Some(format!("({style})\n{}\n{}", lines.collect::<Vec<_>>().join("\n"), actions.join(" ")))
}
