//! What waits for something outside: a merge, a green branch, the end of conflict markers.

use super::proposal::{self, Input};
use super::step::Step;
use crate::domain::action::Action;
use crate::domain::effect::Effect;
use crate::domain::event::{Scope, Timer};
use crate::domain::incident::{Proposal, ProposalState};
use crate::domain::journal::Note;
use crate::domain::time::{DAY_MS, HOUR_MS};

/// Nobody may tell of a merge: then it is looked at this often.
const LOOK_MS: i64 = HOUR_MS;
/// What waited for so long is asked for again by people, or is not wanted any more.
const LONGEST_MS: i64 = 60 * DAY_MS;

/// A proposal that cannot be planned yet waits, and says for what.
pub fn later(step: &mut Step<'_>, n: u32, what: String) {
    let now = step.now;
    let Some(proposal) = step.incident.proposals.iter_mut().find(|proposal| proposal.id.n == n) else { return };
    let id = proposal.id;
    if now.ms_since(proposal.created_at) > LONGEST_MS {
        return proposal::refuse(step, n, vec![format!("it waited for 60 days: {what}")]);
    }
    if proposal.dry_run {
        return proposal::refuse(step, n, vec![format!("it would wait: {what}")]);
    }
    let news = proposal.waits_for.as_ref() != Some(&what);
    proposal.waits_for = Some(what.clone());
    proposal.state = ProposalState::Waiting;
    let (by, reply) = (proposal.by.key.clone(), proposal.reply.clone());
    step.timer(Timer::Watch, now.plus_ms(LOOK_MS));
    if news {
        let note = Note::WaitingFor { proposal: id, what };
        step.tell(by, note.clone());
        if let Some(to) = reply {
            step.effect(Effect::Reply { place: to.place, actor_id: to.actor_id, note });
        }
    }
}

/// Something has happened that a proposal may have waited for: it is planned again.
pub fn look(step: &mut Step<'_>) {
    let waits = |proposal: &&Proposal| proposal.state == ProposalState::Waiting && proposal.waits_for.is_some();
    let due: Vec<u32> = step.incident.proposals.iter().filter(waits).map(|proposal| proposal.id.n).collect();
    for n in due {
        proposal::advance(step, n, &Input::RunEnded);
    }
}

/// Somebody pushed to a draft of ours: whether it still holds conflict markers is looked at again.
pub fn recheck(step: &mut Step<'_>, branch: &str, sha: &str) {
    let incident = step.incident.no;
    // A branch that is gone moved to nowhere.
    if sha.bytes().all(|byte| byte == b'0') {
        return;
    }
    let steps =
        step.incident.proposals.iter().filter_map(|proposal| proposal.plan.as_ref()).flat_map(|plan| &plan.steps);
    let ours = steps
        .map(|step| &step.action)
        .find(|action| matches!(action, Action::Markers { branch: ours, .. } if ours.as_str() == branch));
    if let Some(action) = ours.cloned() {
        step.effect(Effect::Recheck { incident, action: Box::new(action) });
    }
}

/// What was only asked for is over when nothing of it is under way.
pub fn close(step: &mut Step<'_>) {
    let incident = &mut step.incident;
    if incident.scope == Scope::Request {
        let open = incident.proposals.iter().any(|proposal| proposal.state.is_active());
        incident.closed_at = (!open).then(|| incident.closed_at.unwrap_or(step.now));
    }
}
