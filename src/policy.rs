//! What is allowed. [`judge`] answers with a verdict and its reasons as a tree, never with a bare bool.

pub mod access;
pub mod codeowners;
mod severity;
mod suspects;

pub use severity::severity;
pub use suspects::suspects;

use crate::domain::action::Action;
use crate::domain::actor::{Principal, Role};
use crate::domain::cause::Cause;
use crate::domain::evidence::Evidence;
use crate::domain::facts::{Context, Facts, Known};
use crate::domain::ids::Repo;
use crate::domain::incident::{Approval, Incident, Proposal, Proposer};
use crate::domain::plan::{Nature, Plan};
use crate::domain::refs::OWN_BRANCHES;
use crate::domain::rules::{Mode, Rules};
use crate::domain::time::{MINUTE_MS, Span, Time};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Allow,
    /// Needs this many approvals.
    Approvals(u32),
    Deny,
}

/// One rule, its result, and the rules that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub rule: String,
    pub met: bool,
    pub words: String,
    pub of: Vec<Reason>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub verdict: Verdict,
    pub because: Reason,
}

impl Decision {
    /// The words of every rule that was not met; of all rules when none failed.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let pick = |met: bool| -> Vec<String> {
            self.because.of.iter().filter(|r| r.met == met).map(|r| r.words.clone()).collect()
        };
        let unmet = pick(false);
        if self.verdict == Verdict::Deny && !unmet.is_empty() { unmet } else { pick(true) }
    }
}

/// What to judge.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub incident: &'a Incident,
    pub plan: &'a Plan,
    pub nature: Nature,
    /// The person who asks; `None` when the bot wants to act by itself.
    pub by: Option<&'a Proposer>,
    pub force: bool,
    /// Read for this decision: who may write to the repository, what is quarantined there.
    pub facts: &'a Facts,
    pub context: &'a Context,
    pub now: Time,
}

/// May this plan run?
#[must_use]
pub fn judge(rules: &Rules, case: &Case<'_>) -> Decision {
    let mut gates = vec![not_held(case), not_observing(rules), not_dry(rules), confirmed(case), under_cap(rules, case)];
    match case.by {
        Some(by) => gates.extend([may_respond(by), forced_if_deterministic(case), may_write(case, by)]),
        // Its expiry was approved with what it ends, and people merge the pull request.
        None if case.nature.lets_go => {}
        // Proposed when a test failed and passed at one commit: it ends by itself, and people merge it.
        None if case.plan.remedy == "quarantine" => gates.extend(careful_gates(rules, case)),
        None => gates.extend(automatic_gates(rules, case)),
    }
    let usual = if case.by.is_some() { rules.quorum(&case.plan.remedy, !case.plan.reversible) } else { 0 };
    let quorum = if usual > 0 && !case.plan.sensitive.is_empty() { usual + 1 } else { usual };
    let verdict = match (gates.iter().all(|gate| gate.met), quorum) {
        (false, _) => Verdict::Deny,
        (true, 0) => Verdict::Allow,
        (true, n) => Verdict::Approvals(n),
    };
    if quorum > 0 {
        let more = case.plan.sensitive.join("; ");
        let more = if quorum > usual { format!(", one more than usual: {more}") } else { String::new() };
        let approvals = if quorum == 1 { "approval" } else { "approvals" };
        gates.push(gate("approvals", true, format!("{} needs {quorum} {approvals}{more}", case.plan.remedy)));
    }
    let words = format!("{} is {}", case.plan.remedy, if verdict == Verdict::Deny { "not allowed" } else { "allowed" });
    Decision { verdict, because: Reason { rule: "all".into(), met: verdict != Verdict::Deny, words, of: gates } }
}

fn gate(rule: &str, met: bool, words: impl Into<String>) -> Reason {
    Reason { rule: rule.into(), met, words: words.into(), of: Vec::new() }
}

/// A rule with one sentence for each result.
fn either(rule: &str, met: bool, yes: &str, no: &str) -> Reason {
    gate(rule, met, if met { yes } else { no })
}

fn not_held(case: &Case<'_>) -> Reason {
    match &case.context.hold {
        None => gate("hold", true, "the emergency stop is off"),
        Some(hold) if case.by.is_some() => gate(
            "hold",
            true,
            format!("the emergency stop by {} pauses automatic actions only; a person asked for this", hold.by),
        ),
        Some(hold) => gate("hold", false, format!("the emergency stop is on (set by {})", hold.by)),
    }
}

fn not_observing(rules: &Rules) -> Reason {
    match rules.mode {
        Mode::Observe => gate("mode", false, "policy.mode is observe: cards only"),
        Mode::Suggest | Mode::Act => gate("mode", true, "policy.mode lets people act"),
    }
}

fn not_dry(rules: &Rules) -> Reason {
    gate("dry_run", !rules.dry_run, if rules.dry_run { "policy.dry_run is on" } else { "policy.dry_run is off" })
}

fn confirmed(case: &Case<'_>) -> Reason {
    let words =
        if case.incident.confirmed { "GitHub confirms the run" } else { "GitHub has not confirmed this run yet" };
    gate("confirmed", case.incident.confirmed, words)
}

/// Quarantined tests are capped per suite: each one hides something.
fn under_cap(rules: &Rules, case: &Case<'_>) -> Reason {
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
    let (suite, max) = (entry.framework.as_deref().unwrap_or("other"), rules.quarantine_max as usize);
    let more = if same < max { "" } else { ": unquarantine one first, or raise policy.quarantine_max" };
    gate("cap", same < max, format!("{same} of at most {max} {suite} tests are quarantined in {}{more}", entry.repo))
}

fn may_respond(by: &Proposer) -> Reason {
    let met = by.role >= Role::Responder;
    gate("role", met, format!("the {} role {} request it", by.role, if met { "may" } else { "may not" }))
}

/// Whoever proposes or approves a change of code must have write permission there now.
fn may_write(case: &Case<'_>, by: &Proposer) -> Reason {
    if case.plan.reversible {
        return gate("write", true, "it does not change code");
    }
    writes(case.facts, &case.incident.repo, by)
}

const NO_ACCOUNT: &str =
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

fn forced_if_deterministic(case: &Case<'_>) -> Reason {
    match case.incident.headline() {
        Some(evidence) if evidence.is_deterministic() => {
            let what = evidence
                .known_issue
                .as_ref()
                .map_or_else(|| format!("{} failures recur", evidence.category), |issue| format!("{issue} recurs"));
            let forced = if case.force { "; forced" } else { "; add force to proceed anyway" };
            gate(
                "deterministic",
                case.force || !case.nature.bets_on_chance,
                format!("{what} on the same commit{forced}"),
            )
        }
        _ => gate("deterministic", true, "the failure may not recur"),
    }
}

/// Gates for every automatic action.
fn careful_gates(rules: &Rules, case: &Case<'_>) -> Vec<Reason> {
    let Case { incident, plan, context, .. } = *case;
    let skip = incident
        .commit_message
        .as_ref()
        .is_some_and(|m| !rules.skip_flag.is_empty() && m.raw().contains(&rules.skip_flag));
    let needs_people = rules.quorum(&plan.remedy, !plan.reversible) > 0;
    let own = incident.branch.raw().starts_with(OWN_BRANCHES);
    vec![
        either("act", rules.mode == Mode::Act, "policy.mode is act", "policy.mode must be act"),
        gate(
            "granted",
            rules.automatic.contains(&plan.remedy),
            format!(
                "policy.automatic {} {}",
                if rules.automatic.contains(&plan.remedy) { "lists" } else { "does not list" },
                plan.remedy
            ),
        ),
        gate(
            "approvals",
            !needs_people,
            format!("{} needs {}", plan.remedy, if needs_people { "approval by people" } else { "no approval" }),
        ),
        either("base", incident.base.is_none(), "the base branch passes", "the base branch has the same failure"),
        either("sender", rules.bots || !incident.sender_is_bot, "a person started the run", "a bot started the run"),
        either("fork", !incident.fork, "the run is not from a fork", "the run is from a fork"),
        either("own", !own, "it is not a branch of CI Rescue", "CI Rescue does not act on its own branches"),
        either(
            "message",
            incident.commit_message.is_some(),
            "the commit message is known",
            "the commit message is unknown, and it may contain the skip flag",
        ),
        gate(
            "skip",
            !skip,
            format!("the commit message {} {}", if skip { "contains" } else { "does not contain" }, rules.skip_flag),
        ),
        gate(
            "daily",
            context.acts_today < rules.daily_limit,
            format!("{} of {} automatic actions used today", context.acts_today, rules.daily_limit),
        ),
    ]
}

/// What history or a person calls broken fails again.
fn not_broken(incident: &Incident) -> Reason {
    let cause = incident.judged.as_ref().map_or(Cause::Unknown, |judged| judged.cause);
    let broken = matches!(cause, Cause::Deterministic | Cause::BaseBroken | Cause::Dependency);
    gate("cause", !broken, format!("the verdict is {}", cause.spoken()))
}

/// Further gates for an automatic retry.
fn automatic_gates(rules: &Rules, case: &Case<'_>) -> Vec<Reason> {
    let Case { incident, plan, context, now, .. } = *case;
    let transient = incident.headline().is_some_and(Evidence::is_transient);
    let evidence = incident.headline();
    let category = evidence.map_or("unknown", |evidence| evidence.category.as_str());
    let kind = match evidence.and_then(|evidence| evidence.known_issue.as_deref()).filter(|_| !transient) {
        Some(issue) => format!("{issue} is not transient"),
        None => format!("the failure category is {category}"),
    };
    let cooldown = i64::from(rules.branch_cooldown_minutes) * MINUTE_MS;
    let recent = context.branch_acted_at.map(|at| now.ms_since(at)).filter(|ms| *ms < cooldown);
    let failed = incident.jobs.len();
    let mut gates = careful_gates(rules, case);
    gates.extend([
        either(
            "reversible",
            plan.reversible,
            "it is fully reversible",
            "only fully reversible actions run automatically",
        ),
        gate("transient", transient, kind),
        not_broken(incident),
        gate(
            "jobs",
            failed <= rules.retry_max_jobs as usize,
            format!("{failed} failed jobs; more than {} count as an outage", rules.retry_max_jobs),
        ),
        gate(
            "once",
            incident.auto_retries < rules.retry_max,
            format!("{} of {} automatic retries used", incident.auto_retries, rules.retry_max),
        ),
        gate(
            "fingerprint",
            context.fingerprint_retries < rules.retry_max,
            format!("automatic retries of this failure today: {}", context.fingerprint_retries),
        ),
        gate(
            "cooldown",
            recent.is_none(),
            recent.map_or("no recent automatic action on this branch".into(), |ms| {
                format!("the last automatic action on this branch was {} ago", Span(ms))
            }),
        ),
    ]);
    gates
}

/// Whether the operator lets the bot merge the pull requests of a remedy that can be taken back to the byte.
#[must_use]
pub fn merges(rules: &Rules, remedy: &str) -> bool {
    rules.mode == Mode::Act && !rules.dry_run && rules.auto_merge.iter().any(|id| id == remedy)
}

/// May this person approve this proposal? The error says why not.
///
/// # Errors
/// A sentence for the person.
pub fn may_approve(rules: &Rules, proposal: &Proposal, by: &Principal) -> Result<(), String> {
    let key = by.key.as_str();
    if by.role < Role::Approver {
        return Err(format!("approving needs the approver role; yours is {}", by.role));
    }
    if changes_code(proposal) && by.github.is_none() {
        return Err(NO_ACCOUNT.into());
    }
    if rules.two_person && proposal.by.key.as_deref() == Some(key) {
        return Err("you proposed it, so someone else must approve it".into());
    }
    let twice =
        proposal.approvals.iter().any(|a| a.key == key && Some(&a.digest) == proposal.plan.as_ref().map(|p| &p.digest));
    if twice {
        return Err("you have already approved it".into());
    }
    Ok(())
}

/// May this person undo the proposal? It takes what the proposal took, besides the approvals.
///
/// # Errors
/// Sentences for the person.
pub fn may_undo(
    rules: &Rules,
    proposal: &Proposal,
    repo: &Repo,
    by: &Proposer,
    facts: &Facts,
) -> Result<(), Vec<String>> {
    let mut gates = vec![not_observing(rules), not_dry(rules), may_respond(by)];
    if changes_code(proposal) {
        gates.push(writes(facts, repo, by));
    }
    let unmet: Vec<String> = gates.into_iter().filter(|gate| !gate.met).map(|gate| gate.words).collect();
    if unmet.is_empty() { Ok(()) } else { Err(unmet) }
}

/// Whether what the proposal did needed write permission.
#[must_use]
pub fn changes_code(proposal: &Proposal) -> bool {
    proposal.plan.as_ref().is_some_and(|plan| !plan.reversible)
}

/// Whether enough different people approved the change as it stands now.
#[must_use]
pub fn quorum_met(rules: &Rules, proposal: &Proposal, now: Time) -> bool {
    let digest = proposal.plan.as_ref().map(|plan| &plan.digest);
    let old = i64::from(rules.approval_expires_minutes) * MINUTE_MS;
    let counts = |a: &&Approval| {
        now.ms_since(a.at) <= old
            && Some(&a.digest) == digest
            && !(rules.two_person && proposal.by.key.as_deref() == Some(a.key.as_str()))
    };
    let mut keys: Vec<&str> = proposal.approvals.iter().filter(counts).map(|a| a.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.len() >= proposal.quorum as usize
}
