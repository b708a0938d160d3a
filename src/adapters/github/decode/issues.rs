//! Issues of ours that people close.

use super::{Base, event, ignored};
use crate::adapters::github::payload::Payload;
use crate::domain::event::Event;
use crate::domain::ids::ProposalId;
use crate::ports::Heard;

/// What an issue of ours begins with; anybody can write this too, so the incident compares the number.
const OURS: &str = "<!-- ci-rescue issue ";

pub(super) fn closed(base: &Base, payload: &Payload) -> Vec<Heard> {
    let issue = payload.issue.as_ref().filter(|_| payload.action == "closed" && !base.bot);
    let Some(issue) = issue.filter(|issue| issue.state_reason.as_deref() == Some("not_planned")) else {
        return ignored("issues", "was not closed as not planned by a person");
    };
    let marked = issue.body.strip_prefix(OURS).and_then(|rest| rest.split_once(" -->"));
    let Some(proposal) = marked.and_then(|(id, _)| id.parse::<ProposalId>().ok()) else {
        return ignored("issues", "is not one of ours");
    };
    let (number, incident) = (issue.number, proposal.incident);
    event(Event::IssueDeclined { repo: base.repo.clone(), number, incident, by: base.sender.as_str().into() })
}
