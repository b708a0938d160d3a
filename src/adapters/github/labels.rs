//! Pull requests as they move: new heads, ends, and labels that ask for something.

use super::decode::{Base, event, ignored, sha};
use super::payload::Payload;
use super::pulls::{PLATFORM, channel};
use crate::domain::actor::{Actor, Place, Platform};
use crate::domain::event::Event;
use crate::domain::refs::Branch;
use crate::ports::Heard;

/// `backport release-1` as a label asks for what the command of this name does.
const BACKPORT: &str = "backport ";

pub(super) fn pull(base: &Base, payload: &Payload) -> Option<Vec<Heard>> {
    let pull = payload.pull_request.as_ref()?;
    match payload.action.as_str() {
        "synchronize" => {
            let head = pull.head.as_ref()?;
            let (repo, branch) = (base.repo.clone(), head.git_ref.clone().into());
            Some(event(Event::HeadMoved { repo, branch, sha: sha(&head.sha) }))
        }
        "closed" => Some(event(Event::PullEnded { repo: base.repo.clone(), number: pull.number })),
        "labeled" => Some(labeled(base, payload, pull.number)),
        _ => Some(ignored("pull_request", "moved no head")),
    }
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
    let actor = Actor { platform, id: base.sender.clone(), name: base.sender.clone().into() };
    vec![Heard::Words { actor, place, text: format!("backport pr={number} to={onto}") }]
}
