//! What is asked whoever wants something, and what is asked of people.

use super::terms::Terms;
use super::tree::{Reason, gate};
use super::{Act, Case};
use crate::domain::action::Action;
use crate::domain::actor::Role;
use crate::domain::cause::Cause;
use crate::domain::facts::{Facts, Known};
use crate::domain::ids::Repo;
use crate::domain::incident::Proposer;
use crate::domain::rules::{Mode, Rules};
use crate::domain::text::clean_line;

pub(super) fn not_held(case: &Case<'_>) -> Reason {
    match &case.context.hold {
        None => gate("hold", true, "the emergency stop is off"),
        Some(hold) if case.by.is_some() && !case.nature.goes_on => gate(
            "hold",
            true,
            format!("the emergency stop by {} pauses automatic actions only; a person asked for this", hold.by),
        ),
        Some(hold) => gate("hold", false, format!("the emergency stop is on (set by {})", hold.by)),
    }
}

pub(super) fn mode(terms: &Terms<'_>, case: &Case<'_>) -> Reason {
    let said = terms.mode();
    // What ends by itself was approved together with its end.
    let alone = case.by.is_none() && !case.nature.lets_go || case.act == Act::Merge;
    let (met, words) = match said.value {
        Mode::Observe => (false, format!("{} is observe: cards only", said.by)),
        Mode::Suggest if alone => (false, format!("{} must be act; it is suggest", said.by)),
        Mode::Suggest | Mode::Act => (true, format!("{} is {}", said.by, said.value)),
    };
    gate("mode", met, words).of(said.of)
}

pub(super) fn not_dry(terms: &Terms<'_>) -> Reason {
    let said = terms.dry_run();
    let words = format!("{} is {}", said.by, if said.value { "on" } else { "off" });
    gate("dry_run", !said.value, words).of(said.of)
}

pub(super) fn confirmed(case: &Case<'_>) -> Reason {
    let words =
        if case.incident.confirmed { "GitHub confirms the run" } else { "GitHub has not confirmed this run yet" };
    gate("confirmed", case.incident.confirmed, words)
}

/// Quarantined tests are capped per suite: each one hides something.
pub(super) fn under_cap(rules: &Rules, case: &Case<'_>) -> Reason {
    let listed = case.plan.steps.iter().find_map(|step| match &step.action {
        Action::Listed { entry } if case.plan.remedy == "quarantine" => Some(entry),
        _ => None,
    });
    let (Some(entry), Some(Known::Is(have))) = (listed, &case.facts.quarantined) else {
        return gate("cap", true, "it quarantines no further test");
    };
    let same = have
        .iter()
        .filter(|other| other.framework == entry.framework && other.id != entry.id && other.ends() > case.now)
        .count();
    let (suite, max) = (entry.framework.as_deref().unwrap_or("other"), rules.quarantine_max);
    let met = same < max as usize;
    let more = if met { "" } else { ": unquarantine one first, or raise policy.quarantine_max" };
    gate("cap", met, format!("{same} of at most {max} {suite} tests are quarantined in {}{more}", entry.repo))
        .comparing(same as u64, max)
}

/// How many people have to approve it: `compared` holds how many have to, which none does yet.
pub(super) fn approvals(terms: &Terms<'_>, case: &Case<'_>) -> Reason {
    let said = terms.approvals();
    let plan = case.plan;
    let exact = (plan.reversible || case.nature.exact) && plan.sensitive.is_empty();
    let mut of = said.count.of;
    of.extend(said.of);
    let usual = said.count.value;
    if let Some(by) = said.auto.filter(|_| usual > 0) {
        let why = match (exact, plan.sensitive.is_empty()) {
            (true, _) => "and it can be undone exactly",
            (false, false) => "but it changes something sensitive",
            (false, true) => "but it cannot be undone exactly",
        };
        of.push(gate("auto_approve", exact, format!("{by} grants it without approval, {why}")));
        if exact {
            return gate("approvals", true, format!("{} needs no approval", plan.remedy))
                .comparing(0_u32, 0_u32)
                .of(of);
        }
    }
    let sensitive = usual > 0 && !plan.sensitive.is_empty();
    let count = usual + u32::from(sensitive);
    let more = if sensitive { format!(", one more than usual: {}", plan.sensitive.join("; ")) } else { String::new() };
    let words = match count {
        0 => format!("{} needs no approval", plan.remedy),
        1 => format!("{} needs 1 approval ({}){more}", plan.remedy, said.count.by),
        n => format!("{} needs {n} approvals ({}){more}", plan.remedy, said.count.by),
    };
    gate("approvals", true, words).comparing(0_u32, count).of(of)
}

pub(super) fn may_respond(by: &Proposer) -> Reason {
    let met = by.role >= Role::Responder;
    gate("role", met, format!("the {} role {} request it", by.role, if met { "may" } else { "may not" }))
}

/// Whoever proposes or approves a change of code must have write permission there now.
pub(super) fn may_write(case: &Case<'_>, by: &Proposer) -> Reason {
    if case.plan.reversible {
        return gate("write", true, "it does not change code");
    }
    writes(case.facts, &case.incident.repo, by)
}

pub(super) const NO_ACCOUNT: &str =
    "it changes code, and you have no linked GitHub account: ask an admin to add `github` to your [[people]] entry";

fn writes(facts: &Facts, repo: &Repo, by: &Proposer) -> Reason {
    let Some(login) = &by.github else {
        return gate("write", false, NO_ACCOUNT);
    };
    let no = facts.writers.iter().find(|(_, may)| **may != Known::Is(true));
    match (no, facts.writers.get(login)) {
        (Some((login, Known::Is(false))), _) => {
            gate("write", false, format!("{login} has no write permission on {repo}"))
        }
        (Some((login, Known::Unavailable(why))), _) => {
            gate("write", false, format!("cannot read {login}'s permission: {why}"))
        }
        (_, Some(_)) => gate("write", true, format!("{login} has write permission on {repo}")),
        (_, None) => gate("write", false, format!("{login}'s permission has not been read")),
    }
}

pub(super) fn forced_if_deterministic(case: &Case<'_>) -> Reason {
    let Some(what) = recurs(case) else { return gate("deterministic", true, "the failure may not recur") };
    let forced = if case.force { "; forced" } else { "; add force to proceed anyway" };
    gate("deterministic", case.force || !case.nature.bets_on_chance, format!("{what}{forced}"))
}

/// Why the failure will be there again on the same commit. A re-run finds out whether a verdict is right, so that the
/// log's category alone speaks against it; what hides a failure is asked by the verdict, where there is one.
fn recurs(case: &Case<'_>) -> Option<String> {
    let judged = case.incident.judged.as_ref().filter(|judged| case.nature.hides && judged.cause != Cause::Unknown);
    if let Some(judged) = judged {
        let broken = matches!(judged.cause, Cause::Deterministic | Cause::BaseBroken | Cause::Dependency);
        let by = judged.by.as_ref().map_or_else(String::new, |by| format!(", as {} said", clean_line(by, 60)));
        return broken.then(|| format!("skipping the test hides a defect: {}{by}", judged.cause.spoken()));
    }
    let evidence = case.incident.headline().filter(|evidence| evidence.is_deterministic())?;
    let known = |issue: &String| format!("{issue} recurs on the same commit");
    let of_its_kind = || format!("{} failures recur on the same commit", evidence.category.adjective());
    Some(evidence.known_issue.as_ref().map_or_else(of_its_kind, known))
}
