//! Pull requests as a chat: one comment of ours mirrors the card, a check run points at the lines, and comments of
//! people are commands. The history stays where conversations are.

use super::api::{GitHub, refused, segment};
use crate::card::{Card, Link, address};
use crate::domain::actor::{Place, Platform};
use crate::domain::card::Annotation;
use crate::domain::ids::{Digest, Repo};
use crate::domain::journal::Mood;
use crate::domain::mention::Mention;
use crate::domain::time::Time;
use crate::ports::{Chat, Message, Pages, PortError};
use async_trait::async_trait;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub const PLATFORM: &str = "github";
/// Calls that create content: 80 a minute; edits count too.
const PACE_MS: i64 = 1_000;
/// An incident whose commit is in more pull requests is mirrored in the first of them.
const PULLS_MAX: usize = 3;
const CHECK: &str = "CI Rescue";

pub struct Pulls {
    github: Arc<GitHub>,
    /// What the check runs of these commits say, as far as this process wrote it: nothing is written twice.
    checks: Mutex<HashMap<String, Digest>>,
}

/// Commits remembered.
const CHECKS_MAX: usize = 1_000;

impl Pulls {
    #[must_use]
    pub fn new(github: Arc<GitHub>) -> Self {
        Self { github, checks: Mutex::default() }
    }

    /// `false` when the comment is gone. A reaction that may not be written is no reason for anything else.
    async fn react(&self, place: &Place, content: &str) -> Result<bool, PortError> {
        let (repo, _) = pull(place)?;
        // A label cannot be answered by a sign.
        if place.reply_to.as_deref().is_some_and(|to| to.starts_with("label-")) {
            return Ok(true);
        }
        let comment = comment_id(place)?;
        let path = format!("/repos/{repo}/issues/comments/{comment}/reactions");
        // The same reaction twice is one.
        let answer = self.github.call("POST", Some(repo), &path, Some(&json!({"content": content}))).await;
        match answer {
            Ok(answer) => Ok(answer.status != StatusCode::NOT_FOUND),
            Err(PortError::Ambiguous { why }) => Err(PortError::transient(why)),
            Err(other) => Err(other),
        }
    }

    /// The check run beside the comment. A token that may not write checks leaves it out: the comment says it all.
    async fn annotate(&self, repo: &Repo, card: &Card, marker: &str) -> Result<(), PortError> {
        if card.sha.is_empty() {
            return Ok(());
        }
        let conclusion = if card.green { "success" } else { "neutral" };
        let mut summary = cut(&card.lines.join("\n\n"), 65_000);
        if let Some(record) = &card.record {
            summary.push_str(&format!("\n\n[rescue.log, the whole record]({})", record.replace(')', "%29")));
        }
        let name = format!("{CHECK} #{}", card.incident.0);
        let mut body = json!({
            "name": name, "external_id": marker, "head_sha": card.sha, "status": "completed", "conclusion": conclusion,
            "output": {"title": cut(&card.fallback, 250), "summary": summary},
        });
        let pointed: Vec<String> = card.annotations.iter().map(|at| format!("{at:?}")).collect();
        let parts = [body.to_string()].into_iter().chain(pointed).collect::<Vec<_>>();
        let (key, digest) = (format!("{repo}@{} {marker}", card.sha), Digest::of(parts.iter().map(String::as_bytes)));
        if self.checks.lock().unwrap_or_else(PoisonError::into_inner).get(&key) == Some(&digest) {
            return Ok(());
        }
        let written = async {
            body["output"]["annotations"] = self.annotations(repo, card).await?.into();
            self.github.check(repo, &card.sha, &name, &body).await
        };
        match written.await {
            Ok(()) => {}
            Err(PortError::Permanent { why }) => tracing::debug!(why, %repo, "no check run beside the comment"),
            Err(PortError::Ambiguous { why }) => return Err(PortError::transient(why)),
            Err(transient) => return Err(transient),
        }
        let mut checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        if checks.len() >= CHECKS_MAX {
            checks.clear();
        }
        checks.insert(key, digest);
        drop(checks);
        Ok(())
    }

    /// Places in files that are there at the commit. A log may name any file: GitHub is asked which exist.
    async fn annotations(&self, repo: &Repo, card: &Card) -> Result<Vec<Value>, PortError> {
        let mut there: HashMap<&str, bool> = HashMap::new();
        let mut all = Vec::new();
        for at in &card.annotations {
            let known = match there.get(at.file.as_str()) {
                Some(known) => *known,
                None if there.len() >= FILES_MAX => false,
                None => {
                    let found = self.github.has_file(repo, &card.sha, &at.file).await?;
                    there.insert(&at.file, found);
                    found
                }
            };
            if known {
                all.push(annotation(at));
            }
        }
        Ok(all)
    }
}

/// GitHub shows these texts as they are.
fn annotation(at: &Annotation) -> Value {
    let mut told = json!({
        "path": at.file, "start_line": at.line, "end_line": at.line,
        "annotation_level": "failure", "message": cut(&at.text, 1_000),
    });
    if !at.title.is_empty() {
        told["title"] = cut(&at.title, TITLE_MAX).into();
    }
    told
}

/// A title of an annotation, in characters (docs.github.com, "Create a check run").
const TITLE_MAX: usize = 255;
/// Files of one check run that are looked for.
const FILES_MAX: usize = 20;

fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

fn pull(place: &Place) -> Result<(&Repo, u64), PortError> {
    let pull = place.pull.as_ref().map(|(repo, number)| (repo, *number));
    pull.ok_or_else(|| PortError::permanent("that is no pull request"))
}

fn comment_id(place: &Place) -> Result<u64, PortError> {
    let id = place.reply_to.as_deref().and_then(|id| id.split('/').next()).and_then(|id| id.parse().ok());
    id.ok_or_else(|| PortError::permanent("the comment is not known"))
}

/// `owner/name#7`.
pub fn channel(repo: &Repo, number: u64) -> String {
    format!("{repo}#{number}")
}

fn parse(channel: &str) -> Result<(Repo, u64), PortError> {
    let parts = channel.rsplit_once('#').and_then(|(repo, no)| Some((repo.parse().ok()?, no.parse().ok()?)));
    parts.ok_or_else(|| PortError::permanent("that is no pull request"))
}

fn hidden(marker: &str) -> String {
    format!("<!-- {marker} -->")
}

/// GitHub's limit of a comment, in characters.
const COMMENT_MAX: usize = 65_536;

/// A card in Markdown. What buttons do elsewhere is said here.
fn section(card: &Card) -> String {
    let mut parts = vec![card.title.clone()];
    parts.extend(card.lines.iter().map(|line| line.replace('\n', "  \n")));
    let say: Vec<String> =
        card.buttons.iter().map(|button| format!("{}: `/rescue {}`", button.label, button.words)).collect();
    let at = |link: &Link| Some(format!("[{}]({})", link.label, address("github", &link.url)?));
    let links = card.links.iter().filter_map(at);
    let foot: Vec<String> = say.into_iter().chain(links).collect();
    if !foot.is_empty() {
        parts.push(format!("<sub>{}</sub>", foot.join(" · ")));
    }
    parts.join("\n\n")
}

/// Folded: what is closed is out of the way, and can be read.
fn folded(card: &Card) -> String {
    let (no, how) = (card.incident.0, if card.green { "resolved" } else { "closed" });
    // Nothing of strangers stands in a line of HTML.
    format!("<details><summary>Incident {no}, {how}</summary>\n\n{}\n\n</details>", section(card))
}

/// Room that is left for the count of what did not fit.
const REST: usize = 200;
/// The longest section of a comment that has several.
const SECTION_MAX: usize = 16_000;

/// The one comment: every open incident of the pull request in full, then the closed ones, folded.
fn body(card: &Card, marker: &str) -> String {
    let hidden = hidden(&sticky(marker));
    if card.beside.is_empty() {
        return cut(&format!("{hidden}\n\n{}", section(card)), COMMENT_MAX);
    }
    let mut all: Vec<&Card> = std::iter::once(card).chain(&card.beside).collect();
    // The same text whichever of them is the news.
    all.sort_by_key(|card| (card.stage.is_closed(), std::cmp::Reverse(card.incident)));
    let open: Vec<&Card> = all.iter().copied().filter(|card| !card.stage.is_closed()).collect();
    let mut head = format!("**{} open, {} closed** on this pull request.", open.len(), all.len() - open.len());
    if let [first, _, ..] = open.as_slice() {
        head.push_str(&format!(" Name the one that a command is for, as in `/rescue why {}`.", first.incident.0));
    }
    let (mut text, mut left_out) = (format!("{hidden}\n\n{head}"), 0_usize);
    for card in all {
        let whole = if card.stage.is_closed() { folded(card) } else { section(card) };
        // What is cut could leave markup open: a card that is too long shows its title alone.
        let short = cut(&card.title, SECTION_MAX);
        let room = COMMENT_MAX.saturating_sub(text.chars().count() + REST);
        let fits = |part: &String| part.chars().count() <= room.min(SECTION_MAX);
        match [whole, short].into_iter().find(fits) {
            Some(part) => text.push_str(&format!("\n\n---\n\n{part}")),
            None => left_out += 1,
        }
    }
    if left_out > 0 {
        text.push_str(&format!("\n\nand {left_out} more, which did not fit."));
    }
    text
}

/// The marker of the pull request's one comment: the installation's, whichever incident it is written for.
fn sticky(marker: &str) -> String {
    let installation: Vec<&str> = marker.split('/').take(2).collect();
    format!("{}/pull/card", installation.join("/"))
}

/// Whether a comment begins as ours do: as the one of a pull request, or as those of before, one for each incident.
fn is_card(body: &str, marker: &str) -> bool {
    let installation = sticky(marker);
    let Some(start) = installation.strip_suffix("pull/card") else { return false };
    let line = body.lines().next().unwrap_or_default();
    line.starts_with(&format!("<!-- {start}")) && line.ends_with("/card -->")
}

impl Pages for Pulls {}

#[async_trait]
impl Chat for Pulls {
    fn platform(&self) -> Platform {
        Platform::new(PLATFORM)
    }

    fn markup(&self) -> &'static str {
        "github"
    }

    fn pace_ms(&self) -> i64 {
        PACE_MS
    }

    fn channels(&self, repo: &Repo, pulls: &[u64]) -> Vec<String> {
        pulls.iter().take(PULLS_MAX).map(|number| channel(repo, *number)).collect()
    }

    fn is_in_repository(&self) -> bool {
        true
    }

    async fn retract(&self, at: &str, message: &Message) -> Result<bool, PortError> {
        let (repo, _) = parse(at)?;
        let path = format!("/repos/{repo}/issues/comments/{}", segment(message));
        match self.github.call("DELETE", Some(&repo), &path, None).await {
            Ok(answer) if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND => Ok(true),
            Ok(answer) => Err(refused(&answer)),
            // A comment may be deleted twice.
            Err(PortError::Ambiguous { why }) => Err(PortError::transient(why)),
            Err(other) => Err(other),
        }
    }

    /// One comment a pull request: where ours is there, it tells of this incident too.
    async fn post(&self, at: &str, card: &Card, marker: &str) -> Result<Message, PortError> {
        if let Some(message) = self.find(at, None, marker, Time(0)).await? {
            self.edit(at, &message, card, marker).await?;
            return Ok(message);
        }
        let (repo, number) = parse(at)?;
        self.annotate(&repo, card, marker).await?;
        let path = format!("/repos/{repo}/issues/{number}/comments");
        let answer = self.github.call("POST", Some(&repo), &path, Some(&json!({"body": body(card, marker)}))).await?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        let id = answer.json::<Value>()?.get("id").and_then(Value::as_u64);
        id.map(|id| id.to_string()).ok_or_else(|| PortError::ambiguous("GitHub's answer names no comment"))
    }

    async fn edit(&self, at: &str, message: &Message, card: &Card, marker: &str) -> Result<(), PortError> {
        let (repo, _) = parse(at)?;
        self.annotate(&repo, card, marker).await?;
        let path = format!("/repos/{repo}/issues/comments/{}", segment(message));
        match self.github.call("PATCH", Some(&repo), &path, Some(&json!({"body": body(card, marker)}))).await {
            Ok(answer) if answer.status.is_success() => Ok(()),
            Ok(answer) if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) => {
                Err(PortError::Gone { why: "the comment is gone".into() })
            }
            Ok(answer) => Err(refused(&answer)),
            // An edit may be made twice.
            Err(PortError::Ambiguous { why }) => Err(PortError::transient(why)),
            Err(other) => Err(other),
        }
    }

    async fn find(&self, at: &str, _: Option<&Message>, marker: &str, _: Time) -> Result<Option<Message>, PortError> {
        let (repo, number) = parse(at)?;
        let found = self.github.own_comment(&repo, number, &|body| is_card(body, marker)).await?;
        Ok(found.map(|(id, _)| id.to_string()))
    }

    /// One comment is enough: it is edited, and the history is elsewhere.
    async fn tell(&self, _: &str, _: &Message, _: &str, _: &[Mention], _: &str) -> Result<(), PortError> {
        Ok(())
    }

    async fn whisper(&self, place: &Place, _: &str, text: &str, mood: Mood) -> Result<(), PortError> {
        let (repo, number) = pull(place)?;
        let reaction = if mood == Mood::Refused { "confused" } else { "+1" };
        let there = self.react(place, reaction).await?;
        // Where the comment is gone, so is whoever would read an answer.
        if !there || mood == Mood::Done {
            return Ok(());
        }
        let marker = format!("ci-rescue/answer/{}", place.reply_to.as_deref().unwrap_or_default());
        self.github.comment(repo, number, &marker, &text.replace('\n', "  \n")).await
    }

    fn vouches(&self) -> bool {
        true
    }

    async fn vouch(&self, place: &Place, actor_id: &str) -> Result<bool, PortError> {
        let (repo, _) = pull(place)?;
        let may = crate::ports::Forge::may_write(&*self.github, repo, actor_id).await?;
        // One sign for strangers and not a word more: anybody can comment, and writes are few.
        let there = self.react(place, if may { "eyes" } else { "confused" }).await?;
        Ok(may && there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_cards_are_inside_the_limit_and_never_a_command(
            card in crate::card::samples::any_card("github"),
            beside in proptest::collection::vec((crate::card::samples::any_card("github"), any::<bool>()), 0..8),
        ) {
            let mut card = card;
            card.beside = (43..).zip(beside).map(|(no, (other, open))| {
                let stage = if open { crate::domain::Stage::Open } else { crate::domain::Stage::Resolved };
                Card { incident: crate::domain::IncidentNo(no), stage, ..other }
            }).collect();
            let text = body(&card, "ci-rescue/AAAAAAAA/42/card");
            prop_assert!(is_card(&text, "ci-rescue/AAAAAAAA/43/card"));
            prop_assert!(!is_card(&text, "ci-rescue/BBBBBBBB/42/card"));
            prop_assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
            prop_assert!(text.chars().count() <= COMMENT_MAX);
            prop_assert!(crate::command::in_comment(&text, "ci-rescue").is_empty(), "{}", text);
            prop_assert_eq!(text.matches("<!--").count(), 1);
        }
    }

    #[test]
    fn channels_name_their_pull_request() {
        let repo: Repo = "acme/shop".parse().unwrap();
        assert_eq!(parse(&channel(&repo, 7)).unwrap(), (repo, 7));
        for wrong in ["", "acme/shop", "acme/shop#", "acme/shop#x", "#7", "a/b/c#7"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
