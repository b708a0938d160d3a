//! extend: a quarantine lasts longer.

use super::code::{self, Target, Wanting};
use super::held::{is_absent, made, of_the_list, unmerged, which};
use super::quarantine::length;
use super::{PlanContext, Remedy};
use crate::domain::action::{Action, ChangeSpec};
use crate::domain::intent::Wish;
use crate::domain::plan::{Nature, PlannedAction, Planning};
use crate::domain::quarantined::{Quarantined, day};
use crate::domain::text::{clean_line, inert};

pub struct Extend;

impl Remedy for Extend {
    fn id(&self) -> &'static str {
        "extend"
    }

    fn nature(&self) -> Nature {
        Nature { exact: true, ..Nature::default() }
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let (Wish::Extend { id, for_ms, reason }, Some(asked)) = (context.wish, context.proposal) else {
            return Planning::Refused(vec!["only a person can extend a quarantine".into()]);
        };
        let until = match length(*for_ms) {
            Ok(ms) => day(asked.at.plus_ms(ms)),
            Err(why) => return Planning::Refused(vec![why]),
        };
        let because: Vec<String> = reason.iter().map(|reason| inert(reason.raw(), 120)).collect();
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
            let planning = of_the_list("extend", summary, repo, listed.into_iter().collect(), &[&id, &until], why);
            return with_reasons(planning, because);
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
            because,
            label: "ci:quarantined",
            undo: "use unquarantine",
            targets: vec![Target {
                onto,
                message: format!("Extend quarantine {shown} until {until}\n"),
                title: format!("Extend quarantine {shown} until {until}"),
                change: ChangeSpec::Extend { id, until },
            }],
            ..Wanting::of("extend")
        };
        let planning = code::plan(context, &wanting);
        let Planning::Ready(mut plan) = planning else { return planning };
        plan.on_merge.extend(listed.map(|listed| listed.action));
        Planning::Ready(plan)
    }
}

/// What is planned, with a person's words beside the plan's own.
fn with_reasons(planning: Planning, because: Vec<String>) -> Planning {
    let Planning::Ready(mut plan) = planning else { return planning };
    plan.because.extend(because);
    Planning::Ready(plan)
}
