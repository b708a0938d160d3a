//! Pull requests as they move: new heads, ends, reviews, merge queues, and labels that ask for something.

use super::super::payload::{Head, Payload, Pull};
use super::super::pulls::{PLATFORM, channel};
use super::{Base, event, head, ignored, sha};
use crate::domain::actor::{Actor, Place, Platform};
use crate::domain::event::{Event, QueueEnd};
use crate::domain::queue::{Reason, ThrownOut};
use crate::domain::refs::{Branch, OWN_BRANCHES};
use crate::ports::Heard;

/// `backport release-1` as a label asks for what the command of this name does.
const BACKPORT: &str = "backport ";

pub(super) fn pull(base: &Base, payload: &Payload) -> Option<Vec<Heard>> {
    let pull = payload.pull_request.as_ref()?;
    match payload.action.as_str() {
        "opened" | "synchronize" => Some(event(moved(base, pull.head.as_ref()?))),
        "closed" => {
            let merged = pull.merged.unwrap_or(false);
            let inside = |head: &&Head| head.is_in(base.repo.as_str());
            let branch = pull.head.as_ref().filter(inside).map(|head| head.git_ref.clone()).unwrap_or_default().into();
            Some(event(Event::PullEnded { repo: base.repo.clone(), number: pull.number, merged, branch }))
        }
        "reopened" => {
            let mut heard = event(Event::PullReopened { repo: base.repo.clone(), number: pull.number });
            heard.extend(pull.head.as_ref().into_iter().flat_map(|head| event(moved(base, head))));
            Some(heard)
        }
        "dequeued" => Some(dequeued(base, payload, pull)),
        "labeled" => Some(labeled(base, payload, pull.number)),
        _ => Some(ignored("pull_request", "moved no head")),
    }
}

/// The head is at this commit now.
fn moved(base: &Base, head: &Head) -> Event {
    let commit = sha(&head.sha);
    let branch = head::of(base.here(), Some(&head.git_ref), &head.repo, &commit).label;
    Event::HeadMoved { repo: base.repo.clone(), branch, sha: commit }
}

/// The words that a label stands for, said by whoever put it there. A name that is no branch asks for nothing.
fn labeled(base: &Base, payload: &Payload, number: u64) -> Vec<Heard> {
    let name = payload.label.as_ref().map(|label| label.name.as_str()).unwrap_or_default();
    let onto = name.strip_prefix(BACKPORT).and_then(|rest| rest.trim().parse::<Branch>().ok());
    let Some(onto) = onto.filter(|onto| !onto.as_str().contains(',')) else {
        return ignored("pull_request", "has a label that asks for nothing");
    };
    if base.bot {
        return ignored("pull_request", "was labelled by a program");
    }
    let platform = Platform::new(PLATFORM);
    let place = Place {
        platform: platform.clone(),
        channel: channel(&base.repo, number),
        thread: None,
        reply_to: Some(format!("label-{onto}")),
        pull: Some((base.repo.clone(), number)),
    };
    let (id, name) = (base.sender.clone(), base.sender.clone().into());
    let actor = Actor { platform, id, also: None, name, groups: Vec::new() };
    vec![Heard::Words { actor, place, text: format!("backport pr={number} to={onto}") }]
}

/// An approval of a pull request of ours. What others think of other people's is not our business.
pub(super) fn reviewed(base: &Base, payload: &Payload) -> Option<Vec<Heard>> {
    let (review, pull) = (payload.review.as_ref()?, payload.pull_request.as_ref()?);
    let head = pull.head.as_ref()?;
    let own = head.is_in(base.repo.as_str());
    let person = review.user.as_ref().is_some_and(|user| user.kind != "Bot" && !user.login.ends_with("[bot]"));
    let approved = payload.action == "submitted" && review.state.eq_ignore_ascii_case("approved");
    if !(approved && own && person && head.git_ref.starts_with(OWN_BRANCHES)) {
        return Some(ignored("pull_request_review", "is no person's approval of a pull request of ours"));
    }
    let by = review.user.as_ref()?.login.clone().into();
    let (repo, branch) = (base.repo.clone(), head.git_ref.clone().into());
    Some(event(Event::Reviewed { repo, number: pull.number, branch, by }))
}

/// A pull request that left a merge queue, and why. It was merged where GitHub gives no other reason and says so.
fn dequeued(base: &Base, payload: &Payload, pull: &Pull) -> Vec<Heard> {
    let of = |head: &Option<Head>| head.as_ref().map(|head| head.git_ref.clone()).unwrap_or_default();
    let reason = Some(Reason::of(payload.reason.as_deref().unwrap_or_default()));
    let head = pull.head.as_ref().map(|head| sha(&head.sha)).filter(|sha| !sha.is_empty());
    let out = ThrownOut {
        reason,
        onto: of(&pull.base).into(),
        default_branch: base.default_branch.clone(),
        base: None,
        author: pull.user.as_ref().map(|user| user.login.clone().into()),
        head,
    };
    let (repo, number) = (base.repo.clone(), Some(pull.number));
    event(Event::Dequeued { repo, sha: String::new(), number, out: Box::new(out) })
}

/// An entry of a merge queue: thrown out, or at its end some other way.
pub(super) fn queued(base: &Base, payload: &Payload) -> Option<Vec<Heard>> {
    let entry = payload.merge_group.as_ref()?;
    let (repo, commit) = (base.repo.clone(), sha(&entry.head_sha));
    let branch = entry.head_ref.strip_prefix("refs/heads/").unwrap_or(&entry.head_ref);
    let of = crate::domain::head::queued(branch);
    let number = of.map(|(_, number)| number);
    let below = Some(sha(&entry.base_sha)).filter(|sha| !sha.is_empty());
    let end = match (payload.action.as_str(), payload.reason.as_deref()) {
        ("checks_requested", _) => QueueEnd::Again,
        ("destroyed", Some("merged")) => QueueEnd::Merged,
        ("destroyed", Some("invalidated")) => QueueEnd::Rebuilt,
        ("destroyed", _) => {
            let told = entry.base_ref.as_deref().map(|onto| onto.strip_prefix("refs/heads/").unwrap_or(onto));
            let onto = told.or(of.map(|(onto, _)| onto)).unwrap_or_default();
            let default_branch = base.default_branch.clone();
            let out = ThrownOut { onto: onto.into(), default_branch, base: below, ..ThrownOut::default() };
            return Some(event(Event::Dequeued { repo, sha: commit, number, out: Box::new(out) }));
        }
        _ => return Some(ignored("merge_group", "is neither a new entry nor the end of one")),
    };
    Some(event(Event::QueueEnded { repo, sha: commit, number, base: below, end }))
}
