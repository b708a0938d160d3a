//! The verdict check's verdict. Success is earned: whatever is not known stands in the way.

use crate::domain::cause::{Cause, Record};
use crate::domain::commit_check::{
    AtCommit, CheckLine, CheckState, CheckVerdict, CheckWords, FailureKnown, LogKnown, Weighed,
};
use crate::domain::text::clean_line;

/// Fewer executions are no history.
const EXECUTIONS_MIN: u32 = 10;
/// Failures that passed at the same commit: without one, nothing has been seen to flake.
const FLIPS_MIN: u32 = 1;
/// A reason of the forge's, at most.
const WORDS: usize = 200;

/// How one failure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stands {
    Passes,
    Unknown,
    Real,
}

/// What is to be said of a commit. `known` has one entry for each of its failures.
#[must_use]
pub fn verdict(at: &Result<AtCommit, String>, known: &[FailureKnown]) -> CheckVerdict {
    let at = match at {
        Ok(at) => at,
        Err(why) => {
            let title = format!("Not known: {}", clean_line(why, WORDS));
            return CheckVerdict { state: CheckState::ActionRequired, title, lines: Vec::new() };
        }
    };
    let judged: Vec<(Stands, CheckLine)> = known.iter().map(line).collect();
    let count = |stands| judged.iter().filter(|(own, _)| *own == stands).count();
    let (real, unknown, going) = (count(Stands::Real), count(Stands::Unknown), at.going());
    let failures = at.failed().count() + at.failed_runs().count();
    let all = |n: usize| if n == 1 { "1 failure".to_owned() } else { format!("{n} failures") };
    // An App's check may be there before CI has begun.
    let (state, title) = if at.runs.is_empty() {
        (CheckState::InProgress, "Nothing has run at this commit yet".to_owned())
    } else if going > 0 {
        let more = if known.is_empty() { String::new() } else { format!("; {} so far", all(known.len())) };
        (CheckState::InProgress, format!("{going} still to end{more}"))
    } else if failures > known.len() {
        (CheckState::ActionRequired, format!("Only {} of {failures} failures could be looked at", known.len()))
    } else if real > 0 {
        (CheckState::Failure, format!("{} of {} not flaky", real, all(known.len())))
    } else if unknown > 0 {
        (CheckState::ActionRequired, format!("{} of {} not explained", unknown, all(known.len())))
    } else if known.is_empty() {
        (CheckState::Success, "Nothing failed".to_owned())
    } else {
        (CheckState::Success, format!("{}: known to be flaky, or failing on the base branch too", all(known.len())))
    };
    CheckVerdict { state, title, lines: judged.into_iter().map(|(_, line)| line).collect() }
}

fn line(known: &FailureKnown) -> (Stands, CheckLine) {
    let (stands, because) = stands(known);
    let (name, incident) = (known.name.clone(), known.incident);
    (stands, CheckLine { name, incident, passes: stands == Stands::Passes, because })
}

fn one(words: impl Into<String>) -> Vec<CheckWords> {
    vec![CheckWords { test: None, words: words.into() }]
}

fn stands(known: &FailureKnown) -> (Stands, Vec<CheckWords>) {
    if known.log == LogKnown::Unseen {
        return (Stands::Unknown, one("no incident knows this failure"));
    }
    if let Some((by, cause)) = &known.said
        && !matches!(cause, Cause::Flaky | Cause::BaseBroken)
    {
        let stands = if *cause == Cause::Deterministic { Stands::Real } else { Stands::Unknown };
        return (stands, one(format!("{} says: {}", clean_line(by, 60), cause.spoken())));
    }
    let unnamed = match &known.log {
        LogKnown::Missing(why) => return (Stands::Unknown, one(format!("no log: {}", clean_line(why, WORDS)))),
        LogKnown::Unread | LogKnown::Unseen => return (Stands::Unknown, one("its log has not been read")),
        LogKnown::Read { unnamed } => *unnamed,
    };
    if known.incident.is_none() {
        return (Stands::Unknown, one("no incident knows this failure"));
    }
    if let Some(why) = beyond_tests(known) {
        return (Stands::Unknown, one(why));
    }
    if let Some(base) = &known.base {
        let words = format!("fails on {} too, since incident #{}", base.branch.line(60), base.incident.0);
        return (Stands::Passes, one(words));
    }
    if known.weighed.is_empty() {
        return (Stands::Unknown, one("there is no history of it"));
    }
    let mut all: Vec<(Stands, CheckWords)> = known.weighed.iter().map(weigh).collect();
    if unnamed > 0 {
        let words = format!("{unnamed} more failing tests, which the log does not name");
        all.push((Stands::Unknown, CheckWords { test: None, words }));
    }
    let worst = all.iter().map(|(stands, _)| *stands).max().unwrap_or(Stands::Unknown);
    (worst, all.into_iter().map(|(_, words)| words).collect())
}

/// Why more failed than the tests, or something else: their history does not excuse it.
fn beyond_tests(known: &FailureKnown) -> Option<String> {
    let tests = known.weighed.iter().any(|one| one.test.is_some());
    match known.steps {
        None => Some("GitHub does not tell which of its steps failed".into()),
        Some(0) if tests => Some("none of its steps failed, so it is not because of its tests".into()),
        Some(0 | 1) if tests && known.tests_elsewhere => {
            Some("the step that failed may be another than the one whose tests did".into())
        }
        Some(0 | 1) => None,
        Some(n) => Some(format!("{n} of its steps failed, and only one is judged by its log")),
    }
}

fn weigh(weighed: &Weighed) -> (Stands, CheckWords) {
    let record = weighed.record.words();
    let percent = format!("{:.0} %", weighed.chance.clamp(0.0, 1.0) * 100.0);
    let (stands, words) = match weighed.cause {
        Cause::Flaky => match missing(&weighed.record) {
            None => (Stands::Passes, format!("flaky ({percent}): {record}")),
            Some(why) => (Stands::Unknown, format!("perhaps flaky ({percent}), but {why}")),
        },
        Cause::Deterministic => (Stands::Real, format!("broken by this change ({percent}): {}", or_none(&record))),
        Cause::Unknown => (Stands::Unknown, format!("cause unknown: {}", or_none(&record))),
        // An outage or a moved dependency is over when a re-run passes, and not before.
        cause => (Stands::Unknown, format!("{} ({percent}); re-run it: {}", cause.spoken(), or_none(&record))),
    };
    (stands, CheckWords { test: weighed.test.clone(), words })
}

/// What the record lacks to be evidence of a flake.
fn missing(record: &Record) -> Option<String> {
    if record.executions < EXECUTIONS_MIN {
        return Some(format!("only {} executions are known, of {EXECUTIONS_MIN} needed", record.executions));
    }
    (record.passed_on_retry < FLIPS_MIN).then(|| "it has not been seen to fail and pass at one commit".to_owned())
}

fn or_none(record: &str) -> &str {
    if record.is_empty() { "no history" } else { record }
}

#[cfg(test)]
mod tests;
