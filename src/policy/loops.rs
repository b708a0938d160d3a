//! What is asked before a fixing agent tries, whoever wants it.

use super::Case;
use super::automatic::{breaker, pause};
use super::tree::{Reason, gate};
use crate::domain::action::Action;
use crate::domain::agent::Usd;
use crate::domain::cause::Judged;
use crate::domain::facts::Known;
use crate::domain::incident::Incident;
use crate::domain::rules::Rules;
use crate::domain::text::clean_line;
use crate::domain::time::MINUTE_MS;

/// The attempt that the plan begins with: its number, and what it may cost.
fn attempt(case: &Case<'_>) -> Option<(u32, Usd)> {
    case.plan.steps.iter().find_map(|step| match &step.action {
        Action::Attempt { n, reserve, .. } => Some((*n, *reserve)),
        _ => None,
    })
}

/// Whether the plan starts an act, rather than going on with one that counts already.
pub(super) fn starts(case: &Case<'_>) -> bool {
    !case.nature.one_act || case.plan.steps.is_empty() || attempt(case).is_some_and(|(n, _)| n == 1)
}

/// The day's money for each attempt; before the first, the breaker and the pause on the branch as well.
pub(super) fn gates(rules: &Rules, case: &Case<'_>) -> Vec<Reason> {
    let Some((n, reserve)) = attempt(case) else { return Vec::new() };
    let mut gates = vec![money(rules, case, reserve)];
    if n == 1 {
        gates.push(breaker(rules, case));
        let minutes = u32::try_from(rules.loops.apart_ms / MINUTE_MS).unwrap_or(u32::MAX);
        gates.push(pause("apart", case.context.branch_acted_at, minutes, case.now, "automatic action"));
    }
    gates
}

/// From this chance on that another try passes, a retry is the better remedy.
const PASSES_FROM: f64 = 0.5;

/// What is asked in addition before an agent tries with nobody's word. CI judges its change, so its chance does not count.
pub(super) fn alone(incident: &Incident) -> Vec<Reason> {
    let branch = incident.branch.line(60);
    let protected = match &incident.protected {
        _ if incident.on_default_branch() => gate("protected", false, format!("{branch} is the default branch")),
        Some(Known::Is(false)) => gate("protected", true, format!("{branch} is not protected")),
        Some(Known::Is(true)) => gate("protected", false, format!("{branch} is protected")),
        Some(Known::Unavailable(why)) => {
            let why = clean_line(why, 200);
            gate("protected", false, format!("whether {branch} is protected cannot be read: {why}"))
        }
        None => gate("protected", false, format!("whether {branch} is protected has not been read yet")),
    };
    let lasting = match incident.judged.as_ref().map(Judged::passes_again) {
        Some(chance) => {
            let words = format!("the chance that another try passes is {:.0} %", chance * 100.0);
            gate("lasting", chance < PASSES_FROM, words)
        }
        None => gate("lasting", false, "the chance that another try passes is not known yet"),
    };
    vec![protected, lasting]
}

fn money(rules: &Rules, case: &Case<'_>, reserve: Usd) -> Reason {
    let (spent, limit) = (case.context.spent_today, rules.loops.daily_budget);
    let words = format!("{spent} of {limit} are spent today, and one attempt may cost {reserve}");
    gate("budget", spent.plus(reserve) <= limit, words)
}
