//! unquarantine lets a test count again; extend makes its quarantine last longer.

use super::code::{self, Target, Wanting};
use super::quarantine::length;
use super::{PlanContext, Remedy, issue, ledger};
use crate::domain::action::{Action, Wanted};
use crate::domain::effect::Lookup;
use crate::domain::facts::Known;
use crate::domain::ids::{Digest, Repo};
use crate::domain::incident::{Incident, ProposalState};
use crate::domain::intent::Wish;
use crate::domain::plan::{Plan, PlannedAction, Planning};
use crate::domain::quarantined::{Quarantined, day};
use crate::domain::refs::{Branch, OwnBranch};
use crate::domain::text::{clean_line, inert};

pub struct Unquarantine;
pub struct Extend;

/// The quarantine to act on: its id, and its ledger entry if there is one.
fn which<'f>(
    context: &PlanContext<'f>,
    id: Option<&String>,
) -> Result<(String, Option<&'f Quarantined>), Box<Planning>> {
    let entries = ledger::entries(context)?;
    let Some(id) = id.cloned().or_else(|| ledger::newest(context.incident, entries)) else {
        let why = "this incident has no current quarantine: give the id after `ci-rescue id=` in the source";
        return Err(Box::new(Planning::Refused(vec![why.into()])));
    };
    let entry = entries.iter().find(|entry| entry.id == id);
    Ok((id, entry))
}

/// A change of the ledger alone.
fn of_the_list(
    remedy: &str,
    summary: String,
    repo: &str,
    steps: Vec<PlannedAction>,
    what: &[&str],
    why: &str,
) -> Planning {
    let parts = [&[remedy, "list", repo][..], what].concat();
    Planning::Ready(Box::new(Plan {
        remedy: remedy.into(),
        summary: summary.into(),
        notes: Vec::new(),
        because: vec![why.into()],
        digest: Digest::of(parts.iter().map(|part| part.as_bytes())),
        steps,
        reversible: false,
        previews: Vec::new(),
        sensitive: Vec::new(),
        waits: false,
    }))
}

impl Remedy for Unquarantine {
    fn id(&self) -> &'static str {
        "unquarantine"
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Wish::Unquarantine { id } = context.wish else { return Planning::Refused(Vec::new()) };
        let (id, entry) = match which(context, id.as_ref()) {
            Ok(found) => found,
            Err(planning) => return *planning,
        };
        let shown = clean_line(&id, 60);
        let repo = context.incident.repo.clone();
        let unlisted = PlannedAction {
            action: Action::Unlisted { repo: repo.clone(), id: id.clone() },
            undo: entry.map(|entry| Action::Listed { entry: Box::new(entry.clone()) }),
        };
        let test = entry.map_or_else(|| format!("the test of quarantine {shown}"), |e| inert(e.test.raw(), 100));
        let summary = format!("run {test} again");
        let onto = match code::default_branch(context.incident) {
            Ok(onto) => onto,
            Err(why) => return Planning::Refused(vec![why]),
        };
        let absent = is_absent(context, &onto);
        if absent && let Some(made) = made(context.incident, &id) {
            match unmerged(context, &made) {
                Ok(false) => {}
                Ok(true) => return withdrawn(&summary, &repo, &made, unlisted, &id),
                Err(needs) => return *needs,
            }
        }
        if let Some(entry) = entry.filter(|entry| entry.served || absent) {
            let why = if entry.served {
                "it is on the list that CI fetches, not in the code"
            } else {
                "the code does not skip it: the quarantine was never merged, or was removed by hand"
            };
            let closed = Action::IssueClosed { repo: repo.clone(), marker: issue::marker(&id) };
            let steps = vec![PlannedAction { action: closed, undo: None }, unlisted];
            return of_the_list("unquarantine", summary, repo.as_str(), steps, &[&id], why);
        }
        let wanting = Wanting {
            summary,
            undo: "quarantine the test again",
            targets: vec![Target {
                onto,
                message: format!("Remove quarantine {shown}\n"),
                title: format!("Remove quarantine {shown}"),
                change: Wanted::Unquarantine { id: id.clone() },
            }],
            closes: tracked(context.incident, &id),
            ..Wanting::of("unquarantine")
        };
        let planning = code::plan(context, &wanting);
        let Planning::Ready(mut plan) = planning else { return planning };
        plan.steps.insert(0, unlisted);
        Planning::Ready(plan)
    }
}

/// Whether the branch was looked at, and has no mark of this id.
fn is_absent(context: &PlanContext<'_>, onto: &Branch) -> bool {
    matches!(context.facts.changes.get(onto), Some(Known::Is(change)) if change.absent)
}

/// The pull request of a quarantine that this incident made, and its branch.
struct Own {
    number: u64,
    branch: OwnBranch,
}

fn made(incident: &Incident, id: &str) -> Option<Own> {
    let proposal = incident.proposals.iter().find(|p| p.id.to_string() == id && p.state == ProposalState::Done)?;
    let number = proposal.made.iter().find(|made| made.what == "pull request")?.number;
    let branch = proposal.plan.iter().flat_map(|plan| &plan.steps).find_map(|step| match &step.action {
        Action::Branch { branch, .. } => Some(branch.clone()),
        _ => None,
    })?;
    Some(Own { number, branch })
}

/// Whether our pull request still waits to be merged, once that is known.
fn unmerged(context: &PlanContext<'_>, own: &Own) -> Result<bool, Box<Planning>> {
    match context.facts.pulls.iter().find(|(have, _)| *have == own.number) {
        None => {
            let (repo, number) = (context.incident.repo.clone(), own.number);
            Err(Box::new(Planning::Needs(vec![Lookup::Pull { repo, number }])))
        }
        Some((_, Known::Is(pull))) => Ok(!pull.merged && !pull.closed),
        Some((_, Known::Unavailable(why))) => {
            Err(Box::new(Planning::Refused(vec![format!("#{} cannot be read: {why}", own.number)])))
        }
    }
}

/// The quarantine was never merged: withdraw it.
fn withdrawn(summary: &str, repo: &Repo, own: &Own, unlisted: PlannedAction, id: &str) -> Planning {
    let why = format!("#{} was never merged: closes it and deletes its branch", own.number);
    let only = |action| PlannedAction { action, undo: None };
    let steps = vec![
        only(Action::PullClosed { repo: repo.clone(), branch: own.branch.clone() }),
        only(Action::BranchGone { repo: repo.clone(), branch: own.branch.clone() }),
        only(Action::IssueClosed { repo: repo.clone(), marker: issue::marker(id) }),
        PlannedAction { undo: None, ..unlisted },
    ];
    of_the_list("unquarantine", summary.to_owned(), repo.as_str(), steps, &[id, "withdrawn"], &why)
}

/// Tracking issues of a quarantine that this incident made.
fn tracked(incident: &Incident, id: &str) -> Vec<u64> {
    let made = incident.proposals.iter().filter(|p| p.id.to_string() == id && p.state == ProposalState::Done);
    made.flat_map(|p| &p.made).filter(|made| made.what == "issue").map(|made| made.number).collect()
}

impl Remedy for Extend {
    fn id(&self) -> &'static str {
        "extend"
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let (Wish::Extend { id, for_ms }, Some(asked)) = (context.wish, context.proposal) else {
            return Planning::Refused(vec!["only a person can extend a quarantine".into()]);
        };
        let until = match length(*for_ms) {
            Ok(ms) => day(asked.at.plus_ms(ms)),
            Err(why) => return Planning::Refused(vec![why]),
        };
        let (id, entry) = match which(context, id.as_ref()) {
            Ok(found) => found,
            Err(planning) => return *planning,
        };
        let shown = clean_line(&id, 60);
        // Its own incident knows when it ends.
        if let Some(entry) = entry.filter(|entry| entry.incident != context.incident.no) {
            let why = format!("quarantine {shown} belongs to incident {}: extend it there", entry.incident);
            return Planning::Refused(vec![why]);
        }
        if let Some(entry) = entry.filter(|entry| entry.until >= until) {
            let why = format!("quarantine {shown} already lasts until {}; for= counts from today", entry.until);
            return Planning::Refused(vec![why]);
        }
        let summary = format!("extend quarantine {shown} until {until}");
        let listed = entry.map(|entry| PlannedAction {
            action: Action::Listed { entry: Box::new(Quarantined { until: until.clone(), ..entry.clone() }) },
            undo: Some(Action::Listed { entry: Box::new(entry.clone()) }),
        });
        if entry.is_some_and(|entry| entry.served) {
            let repo = context.incident.repo.as_str();
            let why = "it is on the list that CI fetches, not in the code";
            return of_the_list("extend", summary, repo, listed.into_iter().collect(), &[&id, &until], why);
        }
        let onto = match code::default_branch(context.incident) {
            Ok(onto) => onto,
            Err(why) => return Planning::Refused(vec![why]),
        };
        if is_absent(context, &onto)
            && let Some(made) = made(context.incident, &id)
        {
            match unmerged(context, &made) {
                Ok(false) => {}
                Ok(true) => {
                    let why = format!("#{} is not merged yet: merge it, or use undo {shown}", made.number);
                    return Planning::Refused(vec![why]);
                }
                Err(needs) => return *needs,
            }
        }
        let wanting = Wanting {
            summary: summary.clone(),
            label: "ci:quarantined",
            undo: "use unquarantine",
            targets: vec![Target {
                onto,
                message: format!("Extend quarantine {shown} until {until}\n"),
                title: format!("Extend quarantine {shown} until {until}"),
                change: Wanted::Extend { id, until },
            }],
            ..Wanting::of("extend")
        };
        let planning = code::plan(context, &wanting);
        let Planning::Ready(mut plan) = planning else { return planning };
        plan.steps.splice(..0, listed);
        Planning::Ready(plan)
    }
}
