//! requeue: puts a pull request back into the merge queue that threw it out, with the head that the plan names.

use super::{Offering, PlanContext, Remedy};
use crate::domain::action::Action;
use crate::domain::effect::Lookup;
use crate::domain::facts::Known;
use crate::domain::ids::{Digest, short_sha};
use crate::domain::incident::Incident;
use crate::domain::intent::Wish;
use crate::domain::plan::{Nature, Plan, PlannedAction, Planning};
use crate::domain::queue::{PullState, QueueFacts, Reason};

pub struct Requeue;

impl Remedy for Requeue {
    fn id(&self) -> &'static str {
        "requeue"
    }

    /// It mends nothing: what threw it out may do so again.
    fn nature(&self) -> Nature {
        Nature { tells: true, ..Nature::default() }
    }

    /// Where one pull request is out: with several, a person says which.
    fn offer(&self, incident: &Incident) -> Option<Offering> {
        let queue = incident.queue.as_ref()?;
        let mut out = queue.out();
        let (entry, None) = (out.next()?, out.next()) else { return None };
        // It failed there; what conflicts or breaks a rule is not back before somebody mended it.
        let help = match entry.reason {
            Some(Reason::CiFailure | Reason::CiTimeout) | None => super::hope::of_another_try(incident).0,
            Some(Reason::RollBack | Reason::UnknownRemovalReason) => 0.5,
            Some(_) => 0.05,
        };
        let because = format!("the merge queue threw PR {} out", entry.pull);
        let wish = Wish::Requeue { pull: Some(entry.pull) };
        let label = format!("Queue #{} again", entry.pull);
        Some(Offering { wish, label, help, because, at_once: false, form: None })
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Wish::Requeue { pull } = context.wish else { return Planning::Refused(Vec::new()) };
        let incident = context.incident;
        let number = match number(incident, *pull) {
            Ok(number) => number,
            Err(why) => return Planning::Refused(vec![why]),
        };
        let found = context.facts.queued.iter().find(|(have, _)| *have == number).map(|(_, known)| known);
        match found {
            None => Planning::Needs(vec![Lookup::Queued { repo: incident.repo.clone(), number }]),
            Some(Known::Unavailable(why)) => Planning::Refused(vec![format!("cannot read PR {number}: {why}")]),
            Some(Known::Is(found)) => match impossible(found) {
                why if why.is_empty() => Planning::Ready(Box::new(plan(incident, found))),
                why => Planning::Refused(why),
            },
        }
    }
}

/// The pull request that is meant: one of the incident's.
fn number(incident: &Incident, pull: Option<u64>) -> Result<u64, String> {
    let Some(queue) = &incident.queue else {
        return Err("this incident is not about a merge queue".into());
    };
    match pull {
        Some(number) if queue.entry(number).is_some() => Ok(number),
        Some(number) => Err(format!("this incident is not about PR {number}")),
        None => {
            let out: Vec<u64> = queue.out().map(|entry| entry.pull).collect();
            match out.as_slice() {
                [one] => Ok(*one),
                [] => match queue.entries.as_slice() {
                    [one] => Ok(one.pull),
                    _ => Err("the merge queue threw none of its pull requests out".into()),
                },
                _ => Err(format!("the merge queue threw {} pull requests out: name one with pr=NUMBER", out.len())),
            }
        }
    }
}

/// Every reason why GitHub would refuse.
fn impossible(found: &QueueFacts) -> Vec<String> {
    let number = found.number;
    let mut why = Vec::new();
    match found.state {
        PullState::Merged => why.push(format!("PR {number} is merged")),
        PullState::Closed => why.push(format!("PR {number} is closed; reopen it first")),
        PullState::Open if found.queued => why.push(format!("PR {number} is in the merge queue already")),
        PullState::Open if !found.has_queue => why.push(format!("the base branch of PR {number} has no merge queue")),
        PullState::Open => {}
    }
    if found.draft && why.is_empty() {
        why.push(format!("PR {number} is a draft; mark it as ready first"));
    }
    why
}

fn plan(incident: &Incident, found: &QueueFacts) -> Plan {
    let (repo, number, head) = (incident.repo.clone(), found.number, found.head.clone());
    let parts = ["requeue", repo.as_str(), &number.to_string(), &head].map(str::to_owned);
    Plan {
        remedy: "requeue".into(),
        summary: format!("add PR {number} at {} to the merge queue again", short_sha(&head)).into(),
        notes: Vec::new(),
        because: vec!["nothing is changed; the queue runs its checks once more".into()],
        steps: vec![PlannedAction {
            action: Action::Enqueued { repo, number, id: found.id.clone(), head },
            undo: None,
        }],
        reversible: false,
        previews: Vec::new(),
        sensitive: Vec::new(),
        on_merge: Vec::new(),
        waits: false,
        digest: Digest::of(parts.iter().map(String::as_bytes)),
    }
}
