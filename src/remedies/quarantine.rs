//! quarantine: one test is skipped by its framework's own idiom, for a time; unquarantine takes it out again.

use super::code::{self, Target, Wanting};
use super::{PlanContext, Remedy};
use crate::domain::action::{Action, Wanted};
use crate::domain::evidence::FailingTest;
use crate::domain::incident::{Incident, ProposalState};
use crate::domain::intent::Wish;
use crate::domain::plan::Planning;
use crate::domain::text::{Untrusted, clean_line, inert};
use crate::domain::time::{DAY_MS, Time};
use crate::frameworks;

pub struct Quarantine;
pub struct Unquarantine;

/// A test is skipped for at most this long without a person's word.
const DAYS_MAX: i64 = 90;

impl Remedy for Quarantine {
    fn id(&self) -> &'static str {
        "quarantine"
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        match wanting(context) {
            Ok(wanting) => code::plan(context, &wanting),
            Err(why) => Planning::Refused(vec![why]),
        }
    }
}

fn wanting(context: &PlanContext<'_>) -> Result<Wanting, String> {
    let (Wish::Quarantine { test, file, for_ms, reason }, Some(asked)) = (context.wish, context.proposal) else {
        return Err("a quarantine is made for a person who asks for it".into());
    };
    if *for_ms <= 0 || *for_ms > DAYS_MAX * DAY_MS {
        return Err(format!("a quarantine lasts between a minute and {DAYS_MAX} days: say for=7d"));
    }
    let known = which(context.incident, test.as_ref())?;
    let name = known.as_ref().map_or_else(
        || test.as_ref().map_or_else(String::new, |test| test.raw().to_owned()),
        |test| test.selector.as_ref().unwrap_or(&test.name).raw().to_owned(),
    );
    let framework = known.as_ref().map(|test| test.framework.clone()).filter(|id| can_edit(id));
    let until = day(asked.at.plus_ms(*for_ms));
    let shown = inert(&name, 100);
    let reason = reason
        .as_ref()
        .map_or_else(|| format!("flaky, see incident {}", context.incident.no.0), |r| inert(r.raw(), 120));
    let onto = code::default_branch(context.incident)?;
    Ok(Wanting {
        remedy: "quarantine",
        summary: format!("skip {shown} until {until}"),
        because: vec![format!("it failed in {}", context.incident.no)],
        label: "ci:quarantined",
        undo: "the bot proposes to take it out when it expires; `unquarantine` does it before",
        targets: vec![Target {
            onto,
            message: format!("Quarantine {shown} until {until}\n\n{reason}\n"),
            title: format!("Quarantine {shown} until {until}"),
            change: Wanted::Quarantine {
                test: name,
                framework,
                file: file.as_ref().map(|file| file.raw().to_owned()),
                id: asked.id.to_string(),
                until,
                reason,
            },
        }],
        drafts: false,
    })
}

fn can_edit(framework: &str) -> bool {
    frameworks::editors().iter().any(|editor| editor.id() == framework)
}

/// The failing test that is meant: the one that was named, or the only one.
fn which(incident: &Incident, wanted: Option<&Untrusted>) -> Result<Option<FailingTest>, String> {
    let failing: Vec<&FailingTest> = incident.evidence.iter().flat_map(|evidence| &evidence.failing_tests).collect();
    if let Some(wanted) = wanted {
        let same = |test: &&FailingTest| test.name == *wanted || test.selector.as_ref() == Some(wanted);
        return Ok(failing.iter().copied().find(|test| same(test)).cloned());
    }
    match failing.as_slice() {
        [] => Err("the log names no failing test: say which, with test=NAME".into()),
        [one] => Ok(Some((*one).clone())),
        many => {
            let names: Vec<String> = many.iter().map(|test| test.name.line(80)).collect();
            let names = crate::domain::text::listing(&names, 4);
            Err(format!("{} tests fail, so say which with test=NAME: {names}", many.len()))
        }
    }
}

/// `YYYY-MM-DD`, UTC.
fn day(at: Time) -> String {
    chrono::DateTime::from_timestamp_millis(at.0).map_or_else(String::new, |time| time.format("%Y-%m-%d").to_string())
}

impl Remedy for Unquarantine {
    fn id(&self) -> &'static str {
        "unquarantine"
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Wish::Unquarantine { id } = context.wish else { return Planning::Refused(Vec::new()) };
        let Some(id) = id.clone().or_else(|| newest(context.incident)) else {
            let why = "this incident has no quarantine: say which with id=, as it stands behind `ci-rescue id=`";
            return Planning::Refused(vec![why.into()]);
        };
        let onto = match code::default_branch(context.incident) {
            Ok(onto) => onto,
            Err(why) => return Planning::Refused(vec![why]),
        };
        let shown = clean_line(&id, 60);
        let wanting = Wanting {
            remedy: "unquarantine",
            summary: format!("run the test of quarantine {shown} again"),
            because: Vec::new(),
            label: code::LABEL,
            undo: "quarantine the test again",
            targets: vec![Target {
                onto,
                message: format!("Release quarantine {shown}\n"),
                title: format!("Release quarantine {shown}"),
                change: Wanted::Unquarantine { id },
            }],
            drafts: false,
        };
        code::plan(context, &wanting)
    }
}

/// The id of the newest quarantine that this incident made.
fn newest(incident: &Incident) -> Option<String> {
    let done = incident.proposals.iter().rev().filter(|proposal| proposal.state == ProposalState::Done);
    done.filter_map(|proposal| proposal.plan.as_ref()).flat_map(|plan| &plan.steps).find_map(|step| {
        match &step.action {
            Action::Branch { change: Wanted::Quarantine { id, .. }, .. } => Some(id.clone()),
            _ => None,
        }
    })
}
