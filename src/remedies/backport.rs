//! backport: cherry-picks a merged pull request to other branches, one pull request each.

use super::code::{self, Target, Wanting};
use super::revert::{how, merged};
use super::{PlanContext, Remedy};
use crate::domain::action::ChangeSpec;
use crate::domain::change::{Direction, Pick};
use crate::domain::facts::Known;
use crate::domain::intent::Wish;
use crate::domain::plan::Planning;
use crate::domain::text::inert;

pub struct Backport;

/// What a backport requested before the merge waits for: the merge, then green runs.
fn waits(context: &PlanContext<'_>, number: u64) -> Option<String> {
    let asked = context.proposal?.at;
    let Some((_, Known::Is(pull))) = context.facts.pulls.iter().find(|(have, _)| *have == number) else { return None };
    if !pull.merged {
        return (!pull.closed).then(|| format!("#{number} is not merged yet"));
    }
    let before = pull.merged_at.is_some_and(|at| at > asked);
    match pull.green {
        Some(false) if before => Some(format!("#{number} is merged, but {} is not green", pull.onto)),
        None if before => Some(format!("#{number} is merged; its runs on {} are in progress", pull.onto)),
        _ => None,
    }
}

impl Remedy for Backport {
    fn id(&self) -> &'static str {
        "backport"
    }

    fn is_once(&self) -> bool {
        true
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Wish::Backport { pull, to } = context.wish else { return Planning::Refused(Vec::new()) };
        let number = match (pull, context.incident.pulls.as_slice()) {
            (Some(number), _) | (None, [number]) => *number,
            (None, []) => return Planning::Refused(vec!["name the pull request: pr=NUMBER".into()]),
            (None, _) => {
                let why = "the incident has several pull requests: choose one with pr=NUMBER";
                return Planning::Refused(vec![why.into()]);
            }
        };
        if let Some(what) = waits(context, number) {
            return Planning::Later(what);
        }
        let facts = match merged(context, &[number]) {
            Ok(all) => all[0],
            Err(planning) => return *planning,
        };
        let names: Vec<String> = to.iter().map(ToString::to_string).collect();
        let title = inert(facts.title.raw(), 80);
        let targets = to.iter().map(|onto| Target {
            onto: onto.clone(),
            message: format!("[{onto}] {title} (#{})\n", facts.number),
            title: format!("[{onto}] {title} (#{})", facts.number),
            change: ChangeSpec::Pick(Pick {
                direction: Direction::Backport,
                commits: facts.commits.clone(),
                method: facts.method,
            }),
        });
        let wanting = Wanting {
            summary: format!("backport #{} to {}", facts.number, crate::domain::text::listing(&names, 5)),
            because: vec![how(facts)],
            undo: "revert this pull request",
            targets: targets.collect(),
            drafts: true,
            ..Wanting::of("backport")
        };
        code::plan(context, &wanting)
    }
}
