//! unquarantine: a test counts again.

use super::code::{self, Target, Wanting};
use super::held::{Own, is_absent, made, of_the_list, unmerged, which};
use super::{PlanContext, Remedy, issue};
use crate::domain::action::{Action, ChangeSpec, MadeKind};
use crate::domain::ids::{ProposalId, Repo};
use crate::domain::incident::{Incident, Proposal, ProposalState};
use crate::domain::intent::Wish;
use crate::domain::plan::{Nature, PlannedAction, Planning};
use crate::domain::text::{clean_line, inert};

pub struct Unquarantine;

impl Remedy for Unquarantine {
    fn id(&self) -> &'static str {
        "unquarantine"
    }

    fn nature(&self) -> Nature {
        Nature { lets_go: true, exact: true, ..Nature::default() }
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
        if let Some(open) = opened(context.incident, &id) {
            let why = format!("{open} already opened a pull request for it: merge that, or undo {open}");
            return Planning::Refused(vec![why]);
        }
        let wanting = Wanting {
            summary,
            undo: "quarantine the test again",
            targets: vec![Target {
                onto,
                message: format!("Remove quarantine {shown}\n"),
                title: format!("Remove quarantine {shown}"),
                change: ChangeSpec::Unquarantine { id: id.clone() },
            }],
            closes: tracked(context.incident, &id),
            ..Wanting::of("unquarantine")
        };
        let planning = code::plan(context, &wanting);
        let Planning::Ready(mut plan) = planning else { return planning };
        plan.on_merge.push(unlisted.action);
        Planning::Ready(plan)
    }
}

/// The proposal whose open pull request ends this quarantine.
fn opened(incident: &Incident, id: &str) -> Option<ProposalId> {
    let ends = |action: &Action| matches!(action, Action::Unlisted { id: ended, .. } if ended == id);
    let open = |p: &&Proposal| p.state == ProposalState::Done && p.ended.is_none();
    let mut all = incident.proposals.iter().filter(open);
    all.find(|p| p.plan.iter().flat_map(|plan| &plan.on_merge).any(ends)).map(|p| p.id)
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
    made.flat_map(|p| &p.made).filter(|made| made.what == MadeKind::Issue).map(|made| made.number).collect()
}
