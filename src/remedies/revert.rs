//! revert: what a merged pull request changed is taken back, by the way it was merged.

use super::code::{self, Target, Wanting};
use super::{PlanContext, Remedy};
use crate::domain::action::Wanted;
use crate::domain::change::{Direction, Method, Pick};
use crate::domain::effect::Lookup;
use crate::domain::facts::{Known, PullFacts};
use crate::domain::incident::Incident;
use crate::domain::intent::Wish;
use crate::domain::plan::Planning;
use crate::domain::text::inert;

pub struct Revert;

impl Remedy for Revert {
    fn id(&self) -> &'static str {
        "revert"
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Wish::Revert { pull } = context.wish else { return Planning::Refused(Vec::new()) };
        let facts = match merged(context, *pull) {
            Ok(facts) => facts,
            Err(planning) => return *planning,
        };
        let onto = match facts.onto.parse() {
            Ok(onto) => onto,
            Err(why) => return Planning::Refused(vec![format!("its base: {why}")]),
        };
        let title = format!("Revert #{} {}", facts.number, inert(facts.title.raw(), 80));
        let pick = Pick { direction: Direction::Revert, commits: facts.commits.clone(), method: facts.method };
        let wanting = Wanting {
            summary: title.clone(),
            because: vec![how(facts)],
            label: "ci:revert",
            undo: "revert the pull request of this revert: that lands the change again",
            targets: vec![Target { onto, message: format!("{title}\n"), title, change: Wanted::Pick(pick) }],
            drafts: true,
            ..Wanting::of("revert")
        };
        code::plan(context, &wanting)
    }
}

/// The pull request that is meant, once it is known and merged.
pub fn merged<'f>(context: &PlanContext<'f>, wanted: Option<u64>) -> Result<&'f PullFacts, Box<Planning>> {
    let number = number(context.incident, wanted).map_err(|why| Box::new(Planning::Refused(vec![why])))?;
    match &context.facts.pull {
        None => Err(Box::new(Planning::Needs(vec![Lookup::Pull { repo: context.incident.repo.clone(), number }]))),
        Some(Known::Unavailable(why)) => {
            Err(Box::new(Planning::Refused(vec![format!("#{number} cannot be read: {why}")])))
        }
        Some(Known::Is(facts)) if !facts.merged => {
            Err(Box::new(Planning::Refused(vec![format!("#{number} is not merged yet: ask again when it is")])))
        }
        Some(Known::Is(facts)) => Ok(facts),
    }
}

fn number(incident: &Incident, wanted: Option<u64>) -> Result<u64, String> {
    match (wanted, incident.pulls.as_slice()) {
        (Some(number), _) => Ok(number),
        (None, [one]) => Ok(*one),
        (None, []) => Err("say which pull request, with pr=NUMBER".into()),
        (None, _) => Err("the incident has several pull requests: say which, with pr=NUMBER".into()),
    }
}

/// How it was merged, in words.
pub fn how(facts: &PullFacts) -> String {
    match facts.method {
        Some(Method::Merge) => format!("#{} was merged by a merge commit", facts.number),
        Some(Method::Rebase) => format!("#{} was merged by rebase, as {} commits", facts.number, facts.commits.len()),
        Some(Method::Squash) | None => format!("#{} was merged as one commit", facts.number),
    }
}
