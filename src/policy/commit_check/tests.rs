//! Every situation of the verdict check, and that what is unknown never gives success.

use super::*;
use crate::domain::commit_check::CheckSeen;
use crate::domain::event::Conclusion;
use crate::domain::facts::{BaseFailure, RunFacts};
use crate::domain::ids::{IncidentNo, RunId};
use crate::domain::time::Time;
use proptest::prelude::*;

fn run(id: u64, conclusion: Option<Conclusion>) -> RunFacts {
    RunFacts {
        scheduled: false,
        id: RunId(id),
        fork: false,
        attempt: 1,
        conclusion,
        created_at: Time(0),
        head_sha: "1a2b3c4".into(),
        head_branch: "topic".into(),
        default_branch: Some("main".into()),
        url: None,
    }
}

fn check(conclusion: Option<Conclusion>) -> CheckSeen {
    CheckSeen { name: "test".into(), run: Some(RunId(1)), job: Some(10), conclusion }
}

/// A run with one job that ended so.
#[allow(clippy::unnecessary_wraps, reason = "as the forge answers")]
fn ended(conclusion: Conclusion) -> Result<AtCommit, String> {
    Ok(AtCommit { checks: vec![check(Some(conclusion))], runs: vec![run(1, Some(conclusion))], jobs: Vec::new() })
}

fn red() -> Result<AtCommit, String> {
    ended(Conclusion::Failure)
}

fn record(executions: u32, failures: u32, passed_on_retry: u32) -> Record {
    Record { executions, failures, passed_on_retry, ..Record::default() }
}

fn weighed(cause: Cause, record: Record) -> Weighed {
    Weighed { test: Some("test_total".into()), cause, chance: 0.97, record }
}

/// Known to be flaky, with evidence.
fn flaky() -> FailureKnown {
    FailureKnown {
        name: "test".into(),
        incident: Some(IncidentNo(7)),
        log: LogKnown::Read { unnamed: 0 },
        steps: Some(1),
        tests_elsewhere: false,
        weighed: vec![weighed(Cause::Flaky, record(40, 7, 6))],
        said: None,
        base: None,
    }
}

fn base() -> FailureKnown {
    let base = BaseFailure { incident: IncidentNo(3), branch: "main".into(), since: Time(0) };
    FailureKnown { weighed: Vec::new(), base: Some(base), ..flaky() }
}

fn of(cause: Cause) -> FailureKnown {
    FailureKnown { weighed: vec![weighed(cause, record(40, 7, 6))], ..flaky() }
}

fn with(record: Record) -> FailureKnown {
    FailureKnown { weighed: vec![weighed(Cause::Flaky, record)], ..flaky() }
}

fn log(log: LogKnown) -> FailureKnown {
    FailureKnown { log, ..flaky() }
}

fn said(cause: Cause) -> FailureKnown {
    FailureKnown { said: Some(("ada".into(), cause)), ..flaky() }
}

/// A situation, what is known of its failures, and what it comes to.
type Row = (&'static str, Result<AtCommit, String>, Vec<FailureKnown>, CheckState);

#[test]
fn each_situation_comes_to_its_conclusion() {
    use CheckState::{ActionRequired, Failure, InProgress, Success};
    let going = Ok(AtCommit { checks: vec![check(None)], runs: vec![run(1, None)], jobs: Vec::new() });
    let half = Ok(AtCommit {
        checks: vec![check(Some(Conclusion::Failure)), check(None)],
        runs: vec![run(1, Some(Conclusion::Failure)), run(2, None)],
        jobs: Vec::new(),
    });
    let run_alone_goes =
        Ok(AtCommit { checks: vec![check(Some(Conclusion::Success))], runs: vec![run(2, None)], jobs: Vec::new() });
    let unstarted =
        Ok(AtCommit { checks: Vec::new(), runs: vec![run(1, Some(Conclusion::StartupFailure))], jobs: Vec::new() });
    let two = Ok(AtCommit {
        checks: vec![check(Some(Conclusion::Failure)), check(Some(Conclusion::Failure))],
        runs: vec![run(1, Some(Conclusion::Failure))],
        jobs: Vec::new(),
    });
    let no_checks = Err("GitHub answered 500".to_owned());
    let no_incident = FailureKnown { incident: None, ..flaky() };
    let base_with_unread_log = FailureKnown { log: LogKnown::Unread, ..base() };
    let no_history = FailureKnown { weighed: Vec::new(), ..flaky() };
    let mut mixed = flaky();
    mixed.weighed.push(weighed(Cause::Unknown, record(0, 0, 0)));
    let mut mixed_real = flaky();
    mixed_real.weighed.push(weighed(Cause::Deterministic, record(40, 1, 0)));
    let rows: Vec<Row> = vec![
        ("everything passed", ended(Conclusion::Success), vec![], Success),
        ("a job was skipped", ended(Conclusion::Skipped), vec![], Success),
        ("a neutral check", ended(Conclusion::Neutral), vec![], Success),
        ("one known flake", red(), vec![flaky()], Success),
        ("fails on the base branch too", red(), vec![base()], Success),
        ("a flake beside a failure of the base", two.clone(), vec![flaky(), base()], Success),
        ("a person says flaky, and the numbers say so too", red(), vec![said(Cause::Flaky)], Success),
        ("nothing has run", Ok(AtCommit::default()), vec![], InProgress),
        ("still running", going.clone(), vec![], InProgress),
        ("a known flake while another run goes on", half.clone(), vec![flaky()], InProgress),
        ("a real failure while another run goes on", half.clone(), vec![of(Cause::Deterministic)], InProgress),
        ("checks are green and a run has not ended", run_alone_goes.clone(), vec![], InProgress),
        ("broken by the change", red(), vec![of(Cause::Deterministic)], Failure),
        ("a flake beside a breakage", two.clone(), vec![flaky(), of(Cause::Deterministic)], Failure),
        ("one of its tests is broken", red(), vec![mixed_real], Failure),
        ("a person says broken", red(), vec![said(Cause::Deterministic)], Failure),
        ("a person says outage", red(), vec![said(Cause::Infra)], ActionRequired),
        ("the forge does not answer", no_checks.clone(), vec![], ActionRequired),
        ("the forge does not answer, flakes were known", no_checks.clone(), vec![flaky()], ActionRequired),
        ("unknown cause", red(), vec![of(Cause::Unknown)], ActionRequired),
        ("transient", red(), vec![of(Cause::Transient)], ActionRequired),
        ("an outage", red(), vec![of(Cause::Infra)], ActionRequired),
        ("a dependency moved", red(), vec![of(Cause::Dependency)], ActionRequired),
        (
            "history says that the base was broken, and no incident there",
            red(),
            vec![of(Cause::BaseBroken)],
            ActionRequired,
        ),
        ("two of its steps failed", red(), vec![FailureKnown { steps: Some(2), ..flaky() }], ActionRequired),
        ("two failed, and the base fails too", red(), vec![FailureKnown { steps: Some(2), ..base() }], ActionRequired),
        ("none of its steps failed", red(), vec![FailureKnown { steps: Some(0), ..flaky() }], ActionRequired),
        ("its steps are not told", red(), vec![FailureKnown { steps: None, ..flaky() }], ActionRequired),
        (
            "another step than the tests' may have failed",
            red(),
            vec![FailureKnown { tests_elsewhere: true, ..flaky() }],
            ActionRequired,
        ),
        ("no incident knows it", red(), vec![no_incident], ActionRequired),
        ("unseen", red(), vec![log(LogKnown::Unseen)], ActionRequired),
        ("the log was not read", red(), vec![log(LogKnown::Unread)], ActionRequired),
        ("the log expired", red(), vec![log(LogKnown::Missing("it expired".into()))], ActionRequired),
        ("the base fails too, and the log was not read", red(), vec![base_with_unread_log], ActionRequired),
        ("no history", red(), vec![no_history], ActionRequired),
        ("no execution", red(), vec![with(record(0, 0, 0))], ActionRequired),
        ("nine executions", red(), vec![with(record(9, 3, 2))], ActionRequired),
        ("ten executions", red(), vec![with(record(10, 3, 1))], Success),
        ("never passed at the same commit", red(), vec![with(record(40, 7, 0))], ActionRequired),
        ("one of its tests is unknown", red(), vec![mixed], ActionRequired),
        ("more tests failed than are named", red(), vec![log(LogKnown::Read { unnamed: 1 })], ActionRequired),
        ("one of two failures was looked at", two.clone(), vec![flaky()], ActionRequired),
        ("none was looked at", red(), vec![], ActionRequired),
        ("a workflow did not start", unstarted.clone(), vec![], ActionRequired),
        ("cancelled", ended(Conclusion::Cancelled), vec![], ActionRequired),
        ("stale", ended(Conclusion::Stale), vec![], ActionRequired),
        ("a check that asks for action", ended(Conclusion::ActionRequired), vec![], ActionRequired),
        ("an end that GitHub invents tomorrow", ended(Conclusion::Other), vec![], ActionRequired),
    ];
    for (what, at, known, want) in rows {
        let verdict = verdict(&at, &known);
        assert_eq!(verdict.state, want, "{what}: {}", verdict.title);
        assert_eq!(verdict.lines.len(), if at.is_ok() { known.len() } else { 0 }, "{what}");
    }
}

#[test]
fn numbers_stand_in_the_line() {
    let lines = verdict(&red(), &[flaky()]).lines;
    assert_eq!(lines[0].because[0].words, "flaky (97 %): failed 7 of the last 40, passed on retry 6 times");
    let lines = verdict(&red(), &[with(record(9, 3, 2))]).lines;
    assert_eq!(lines[0].because[0].words, "perhaps flaky (97 %), but only 9 executions are known, of 10 needed");
    assert!(!lines[0].passes);
}

/// Lack of data never passes as neutral, which GitHub lets through.
#[test]
fn no_state_is_neutral_or_skipped() {
    use CheckState::{ActionRequired, Failure, InProgress, Success};
    for state in [InProgress, Success, Failure, ActionRequired] {
        assert!(!matches!(state.conclusion(), Some("neutral" | "skipped")));
        assert_eq!(state.conclusion() == Some("success"), state == Success);
    }
}

fn any_conclusion() -> impl Strategy<Value = Option<Conclusion>> {
    use Conclusion::{Cancelled, Failure, Neutral, Other, Skipped, Success, TimedOut};
    prop_oneof![
        Just(None),
        proptest::sample::select(vec![Success, Failure, Cancelled, TimedOut, Neutral, Skipped, Other]).prop_map(Some)
    ]
}

fn any_known() -> impl Strategy<Value = FailureKnown> {
    let log = prop_oneof![
        Just(LogKnown::Unseen),
        Just(LogKnown::Unread),
        Just(LogKnown::Missing("gone".into())),
        (0_u64..2).prop_map(|unnamed| LogKnown::Read { unnamed }),
    ];
    let cause = || proptest::sample::select([Cause::WEIGHED.to_vec(), vec![Cause::Unknown]].concat());
    let weighed = (cause(), 0_u32..20, 0_u32..3).prop_map(|(cause, n, flips)| weighed(cause, record(n, n, flips)));
    let parts = (
        proptest::bool::weighted(0.8),
        log,
        proptest::collection::vec(weighed, 0..3),
        proptest::option::weighted(0.2, cause()),
        proptest::bool::weighted(0.2),
        prop_oneof![8 => Just(Some(1_u32)), 1 => Just(Some(0)), 1 => Just(Some(2)), 1 => Just(None)],
        proptest::bool::weighted(0.1),
    );
    parts.prop_map(|(incident, log, weighed, said, on_base, steps, tests_elsewhere)| FailureKnown {
        name: "test".into(),
        incident: incident.then_some(IncidentNo(7)),
        log,
        steps,
        tests_elsewhere,
        weighed,
        said: said.map(|cause| ("ada".to_owned(), cause)),
        base: base().base.filter(|_| on_base),
    })
}

/// Whether a failure is proven harmless, said once more and another way.
fn proven(known: &FailureKnown) -> bool {
    let read = known.log == LogKnown::Read { unnamed: 0 };
    let on_base = known.base.is_some() && matches!(known.log, LogKnown::Read { .. });
    let flake =
        |one: &Weighed| one.cause == Cause::Flaky && one.record.executions >= 10 && one.record.passed_on_retry >= 1;
    let flakes = read && !known.weighed.is_empty() && known.weighed.iter().all(flake);
    let against = known.said.as_ref().is_some_and(|(_, cause)| !matches!(cause, Cause::Flaky | Cause::BaseBroken));
    let tests = !known.weighed.is_empty();
    let one_step = known.steps == Some(1) && !(tests && known.tests_elsewhere) || known.steps == Some(0) && !tests;
    known.incident.is_some() && !against && one_step && (on_base || flakes)
}

proptest! {
    /// Success only where everything has ended and each failure is proven.
    #[test]
    fn what_is_unknown_never_gives_success(
        ends in proptest::collection::vec(any_conclusion(), 0..4),
        runs in proptest::collection::vec(any_conclusion(), 0..3),
        known in proptest::collection::vec(any_known(), 0..4),
        broken in proptest::bool::weighted(0.1),
    ) {
        let checks: Vec<CheckSeen> = ends.iter().map(|end| check(*end)).collect();
        let runs: Vec<RunFacts> = (1_u64..).zip(&runs).map(|(id, end)| run(id, *end)).collect();
        let at = if broken { Err("down".to_owned()) } else { Ok(AtCommit { checks, runs, jobs: Vec::new() }) };
        let verdict = verdict(&at, &known);
        if verdict.state == CheckState::Success {
            let at = at.expect("what cannot be read is no success");
            prop_assert!(!(at.checks.is_empty() && at.runs.is_empty()));
            prop_assert!(at.checks.iter().all(|check| check.conclusion.is_some()));
            prop_assert!(at.runs.iter().all(|run| run.conclusion.is_some()));
            prop_assert!(known.len() >= at.failed().count() + at.failed_runs().count());
            prop_assert!(known.iter().all(proven), "{:?}", known);
            prop_assert!(verdict.lines.iter().all(|line| line.passes));
        }
    }
}
