//! Proposals that wait for something outside: a merge, a green branch, resolved conflicts.

use super::proposal;
use super::state::Step;
use crate::domain::action::Action;
use crate::domain::effect::Effect;
use crate::domain::event::{Scope, Timer};
use crate::domain::incident::ProposalState;
use crate::domain::journal::Note;
use crate::domain::time::{DAY_MS, HOUR_MS, Time};

/// A merge may go unreported: how often to look.
const LOOK_MS: i64 = HOUR_MS;
/// After this long, people have to ask again.
const LONGEST_MS: i64 = 60 * DAY_MS;

/// Lets a proposal that cannot be planned yet wait, and says for what.
pub fn later(step: &mut Step<'_>, n: u32, what: String) {
    let at = step.now.plus_ms(LOOK_MS);
    wait(step, n, what, Timer::Watch, at);
}

/// The same for what will be known after so long.
pub fn soon(step: &mut Step<'_>, n: u32, what: String, ms: i64) {
    let at = step.now.plus_ms(ms);
    wait(step, n, what, Timer::Trial, at);
}

fn wait(step: &mut Step<'_>, n: u32, what: String, timer: Timer, at: Time) {
    let now = step.now;
    let Some(proposal) = step.incident.proposals.iter_mut().find(|proposal| proposal.id.n == n) else { return };
    let id = proposal.id;
    if now.ms_since(proposal.created_at) > LONGEST_MS {
        return proposal::refuse(step, n, vec![format!("gave up after 60 days: {what}")]);
    }
    if proposal.dry_run {
        return proposal::refuse(step, n, vec![format!("it would have to wait: {what}")]);
    }
    let news = proposal.waits_for.as_ref() != Some(&what);
    proposal.waits_for = Some(what.clone());
    proposal.state = ProposalState::Waiting;
    let (by, reply) = (proposal.by.key.clone(), proposal.reply.clone());
    step.timer(timer, at);
    if news {
        let note = Note::WaitingFor { proposal: id, what };
        step.tell(by, note.clone());
        if let Some(to) = reply {
            step.effect(Effect::Reply { place: to.place, actor_id: to.actor_id, note });
        }
    }
}

/// Somebody pushed to a draft of the bot's: check again for conflict markers.
pub fn recheck(step: &mut Step<'_>, branch: &str, sha: &str) {
    let incident = step.incident.no;
    // A deleted branch moves to zeros.
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

/// A request without a failure closes when none of its proposals is active.
pub fn close(step: &mut Step<'_>) {
    let incident = &mut step.incident;
    if incident.scope == Scope::Request {
        let open = incident.proposals.iter().any(|proposal| proposal.state.is_active());
        incident.closed_at = (!open).then(|| incident.closed_at.unwrap_or(step.now));
    }
}
