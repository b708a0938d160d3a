//! What is allowed. [`judge`] answers with a verdict and its reasons as a tree, never with a bare bool; nobody else decides.

pub mod access;
mod automatic;
pub mod codeowners;
pub mod commit_check;
mod confidence;
pub mod escalation;
mod gates;
mod loops;
mod mentions;
mod own;
mod paths;
mod people;
mod severity;
mod suspects;
mod terms;
mod tree;
mod wall;

pub use automatic::breaks_until;
pub use confidence::chance;
pub use mentions::{Mentions, Quiet};
pub use own::{OWN_BYTES_MAX, read as read_own};
pub use paths::Bounds;
pub use people::{changes_code, may_approve, quorum_met};
pub use severity::severity;
pub use suspects::{ranked, suspects};
pub use terms::{OWN_FILE, faults};
pub use wall::{UTC, next, next_monday, zone};

pub use crate::domain::decision::{Decision, Reason, Verdict};
use crate::domain::facts::{Context, Facts};
use crate::domain::incident::{Incident, Proposer};
use crate::domain::plan::{Nature, Plan};
use crate::domain::rules::Rules;
use crate::domain::time::Time;
use terms::Terms;
use tree::gate;

/// Whether the commit's message says that the bot shall leave it alone: no automatic remedies, no mention.
#[must_use]
pub fn skips(rules: &Rules, incident: &Incident) -> bool {
    let message = incident.commit_message.as_ref();
    message.is_some_and(|message| !rules.skip_flag.is_empty() && message.raw().contains(&rules.skip_flag))
}

/// What is to be done with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Run,
    /// Merge the pull request that it opened, which the bot does by itself.
    Merge,
    /// Take it back.
    Undo,
}

/// What to judge.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub act: Act,
    pub incident: &'a Incident,
    pub plan: &'a Plan,
    pub nature: Nature,
    /// The person who asks; `None` when the bot wants to act by itself.
    pub by: Option<&'a Proposer>,
    pub force: bool,
    /// Read for this decision: who may write to the repository, what is quarantined there, its own rules.
    pub facts: &'a Facts,
    pub context: &'a Context,
    pub now: Time,
}

/// May this be done?
#[must_use]
pub fn judge(rules: &Rules, case: &Case<'_>) -> Decision {
    let terms = Terms::of(rules, case);
    let mut gates = vec![gates::not_held(case), gates::mode(&terms, case), gates::not_dry(&terms)];
    let quorum = match case.act {
        Act::Merge => {
            gates.extend(automatic::merging(rules, &terms, case));
            0
        }
        Act::Undo => {
            // An undo takes as many approvals as its proposal took: those are counted on their own.
            gates.extend(case.by.iter().flat_map(|by| [gates::may_respond(by), gates::may_write(case, by)]));
            0
        }
        Act::Run => {
            gates.push(terms.own_file());
            gates.extend(terms.denials());
            gates.extend([gates::confirmed(case), paths::paths(&terms, case), gates::under_cap(rules, case)]);
            running(rules, &terms, case, &mut gates)
        }
    };
    let verdict = match (gates.iter().all(|gate| gate.met), quorum) {
        (false, _) => Verdict::Deny,
        (true, 0) => Verdict::Allow,
        (true, n) => Verdict::Approvals(n),
    };
    let what = match case.act {
        Act::Run => case.plan.remedy.clone(),
        Act::Merge => format!("merging {}", case.plan.remedy),
        Act::Undo => format!("undoing {}", case.plan.remedy),
    };
    let because = gate("all", verdict != Verdict::Deny, format!("{what} is {verdict}")).of(gates);
    Decision { verdict, because }
}

/// What is asked of a plan before it runs, and how many approvals it needs.
fn running(rules: &Rules, terms: &Terms<'_>, case: &Case<'_>, gates: &mut Vec<Reason>) -> u32 {
    gates.extend(loops::gates(rules, case));
    let approvals = gates::approvals(terms, case);
    let quorum = approvals.compared.map_or(0, |compared| u32::try_from(compared.limit).unwrap_or(u32::MAX));
    match case.by {
        Some(by) => {
            gates.extend([gates::may_respond(by), gates::forced_if_deterministic(case), gates::may_write(case, by)]);
            if case.nature.goes_on && loops::starts(case) {
                gates.push(automatic::daily(rules, case));
            }
            if quorum > 0 || !approvals.of.is_empty() {
                gates.push(approvals);
            }
            quorum
        }
        // Its expiry was approved with what it ends, and people merge the pull request.
        None if case.nature.lets_go => 0,
        None => {
            gates.extend(automatic::gates(rules, terms, case, approvals, quorum));
            0
        }
    }
}
