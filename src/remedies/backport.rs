//! backport: cherry-picks a merged pull request to other branches, one pull request each.

use super::code::{self, Target, Wanting};
use super::revert::{how, merged};
use super::{Offering, PlanContext, Remedy};
use crate::domain::action::{ChangeSpec, MadeKind};
use crate::domain::change::{Direction, Pick};
use crate::domain::facts::Known;
use crate::domain::form::{Field, Form};
use crate::domain::incident::{Incident, Proposal, ProposalState, PullEnd};
use crate::domain::intent::Wish;
use crate::domain::plan::Planning;
use crate::domain::text::inert;

pub struct Backport;

/// It does nothing for the branch that failed, so it stands behind everything else.
const SELDOM: f64 = 0.01;

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

    fn follows(&self) -> bool {
        true
    }

    /// What mended the default branch here may be wanted on others: the person names them.
    fn offer(&self, incident: &Incident) -> Option<Offering> {
        let landed =
            |p: &&Proposal| p.state == ProposalState::Done && p.ended == Some(PullEnd::Merged) && p.remedy != self.id();
        let proposal = incident.proposals.iter().rev().find(landed).filter(|_| incident.on_default_branch())?;
        let number = proposal.made.iter().find(|made| made.what == MadeKind::Pull)?.number;
        let to = Field { required: true, ..Field::line("to", "To which branches, separated by commas", "") };
        let fields = vec![to, Field::line("pr", "Pull request", number.to_string())];
        Some(Offering {
            wish: Wish::Backport { pull: Some(number), to: Vec::new() },
            label: format!("Backport #{number}"),
            help: SELDOM,
            because: format!("#{number} was merged, and other branches may fail in the same way"),
            at_once: false,
            form: Some(Form { title: "Backport".into(), fields }),
        })
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
