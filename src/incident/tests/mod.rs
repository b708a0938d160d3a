//! The table of transitions, and what no sequence of events may do.

mod adopting;
mod escalating;
mod gathering;
mod reporting;

use super::proposal::{Input, next};
use super::{Index, Routed, Transition, route, step};
use crate::domain::event::{Conclusion, Event, Failure, Progress, Request, Scope};
use crate::domain::facts::{Context, Facts, JobFacts, Known, RunFacts};
use crate::domain::ids::{IncidentNo, RunId};
use crate::domain::incident::{Incident, ProposalState as S, Stage};
use crate::domain::intent::{Intent, Target, Which, Wish};
use crate::domain::rules::Rules;
use crate::domain::time::Time;
use crate::domain::{Place, Platform, Principal, Role};
use proptest::prelude::*;

fn rules(more: &str) -> Rules {
    crate::config::parse(&format!("[policy]\n{more}"), &[]).unwrap().policy
}

#[test]
fn the_table() {
    let undoing = |step| S::Undoing { step, why: "w".into(), by: None };
    let undo = |step| S::Undoing { step, why: "requested by ada".into(), by: Some("ada".into()) };
    for (state, input, steps, want) in [
        (S::Planning, Input::Go, 1, Some(S::Running { step: 0 })),
        (S::Planning, Input::Go, 0, Some(S::Done)),
        (S::Planning, Input::NeedsApproval, 1, Some(S::Awaiting)),
        (S::Planning, Input::MustWait, 1, Some(S::Waiting)),
        (S::Awaiting, Input::Quorum, 1, Some(S::Planning)),
        (S::Waiting, Input::RunEnded, 1, Some(S::Planning)),
        (S::Awaiting, Input::TimeUp, 1, Some(S::Expired)),
        (S::Running { step: 0 }, Input::StepDone, 2, Some(S::Running { step: 1 })),
        (S::Running { step: 1 }, Input::StepDone, 2, Some(S::Done)),
        (S::Running { step: 0 }, Input::StepFailed("w".into()), 2, Some(S::Failed { why: "w".into() })),
        (S::Running { step: 1 }, Input::StepFailed("w".into()), 2, Some(undoing(1))),
        (undoing(1), Input::StepDone, 2, Some(undoing(0))),
        (S::Done, Input::Again, 1, Some(S::Planning)),
        (S::Planning, Input::Found, 1, Some(S::Done)),
        (S::Waiting, Input::Found, 1, None),
        (undoing(0), Input::StepDone, 2, Some(S::Undone { why: "w".into(), by: None })),
        (S::Done, Input::Undo("ada".into()), 2, Some(undo(1))),
        (undo(1), Input::StepDone, 2, Some(undo(0))),
        (undo(0), Input::StepDone, 2, Some(S::Undone { why: "requested by ada".into(), by: Some("ada".into()) })),
        // What must not move.
        (S::Done, Input::Cancel("x".into()), 1, None),
        (S::Awaiting, Input::Undo("ada".into()), 1, None),
        (S::Awaiting, Input::Go, 1, None),
        (S::Running { step: 0 }, Input::Quorum, 1, None),
        (S::Done, Input::StepDone, 1, None),
        (S::Expired, Input::Quorum, 1, None),
        (S::Cancelled { by: "x".into() }, Input::Go, 1, None),
    ] {
        assert_eq!(next(&state, &input, steps), want, "{state:?} {input:?}");
    }
}

fn failure(run: u64, attempt: u32, job: u8) -> Failure {
    Failure {
        scheduled: false,
        repo: "acme/shop".parse().unwrap(),
        default_branch: "main".into(),
        scope: Scope::Job,
        run: Some(RunId(run)),
        attempt,
        workflow: "ci".into(),
        job: Some(format!("job {job}").into()),
        job_id: Some(run * 1_000 + u64::from(attempt) * 100 + u64::from(job)),
        step: None,
        branch: "main".into(),
        sha: "1a2b3c4".into(),
        conclusion: Conclusion::Failure,
        duration_ms: None,
        url: None,
        pulls: Vec::new(),
        sender: "ben".into(),
        sender_is_bot: false,
        fork: false,
        looked: false,
        commit_message: None,
        labels: Vec::new(),
        confirmed: true,
    }
}

fn progress(run: u64, attempt: u32, conclusion: Option<Conclusion>) -> Progress {
    Progress {
        scheduled: false,
        repo: "acme/shop".parse().unwrap(),
        scope: Scope::Run,
        run: Some(RunId(run)),
        attempt,
        workflow: "ci".into(),
        job: None,
        job_id: None,
        branch: "main".into(),
        sha: "1a2b3c4".into(),
        conclusion,
        duration_ms: None,
    }
}

fn ask(key: &str, role: Role, intent: Intent) -> Event {
    let place =
        Place { platform: Platform::new("console"), channel: "feed".into(), thread: None, reply_to: None, pull: None };
    let by = Principal { key: key.into(), name: key.into(), role, github: None, known: true };
    Event::Asked { request: Request { id: "r".into(), by, place, actor_id: key.into(), intent, seen: None } }
}

fn facts(attempt: u32, conclusion: Option<Conclusion>) -> Event {
    let run = RunFacts {
        scheduled: false,
        id: RunId(1),
        fork: false,
        attempt,
        conclusion,
        created_at: Time(0),
        head_sha: "1a2b3c4".into(),
        head_branch: "main".into(),
        default_branch: None,
        url: None,
    };
    let jobs = vec![JobFacts {
        id: 7,
        name: "job 0".into(),
        conclusion: Some(Conclusion::Failure),
        failing_step: None,
        failing_steps: 0,
    }];
    let facts = Facts { run: Some(Known::Is(run)), jobs: Some(Known::Is(jobs)), ..Facts::default() };
    Event::FactsGathered { incident: IncidentNo(1), proposal: Some(1), facts: Box::new(facts) }
}

/// Anything that can reach an incident, drawn small so that events meet each other.
fn events() -> impl Strategy<Value = Event> {
    let target = Target::Incident(IncidentNo(1));
    let ended = prop_oneof![Just(None), Just(Some(Conclusion::Success)), Just(Some(Conclusion::Failure))];
    let outcome = prop_oneof![
        Just(crate::domain::action::Outcome::Done),
        Just(crate::domain::action::Outcome::Held),
        Just(crate::domain::action::Outcome::Failed("no".into()))
    ];
    prop_oneof![
        (1_u64..3, 1_u32..4, 0_u8..3)
            .prop_map(|(run, attempt, job)| Event::Failed { failure: failure(run, attempt, job) }),
        (1_u64..4, 1_u32..4, ended.clone())
            .prop_map(|(run, attempt, c)| Event::Progressed { progress: progress(run, attempt, c) }),
        (1_u32..4, ended).prop_map(|(attempt, c)| facts(attempt, c)),
        (0_usize..2, any::<bool>(), outcome).prop_map(|(step, undo, outcome)| Event::Performed {
            incident: IncidentNo(1),
            proposal: 1,
            step,
            undo,
            outcome
        }),
        Just(ask(
            "ben",
            Role::Responder,
            Intent::Remedy { target, wish: Wish::Retry(Which::Smallest), force: false, dry_run: false }
        )),
        Just(ask("ben", Role::Approver, Intent::Approve { target })),
        Just(ask("ada", Role::Approver, Intent::Approve { target })),
        Just(ask("ada", Role::Admin, Intent::Reject { target, reason: None })),
        Just(ask("ben", Role::Responder, Intent::Cancel { target })),
        Just(ask("ben", Role::Responder, Intent::Ack { target })),
        Just(ask(
            "ada",
            Role::Responder,
            Intent::Assign { target, to: "ben".into(), key: Some("ben".into()), direct: Vec::new() }
        )),
        Just(ask("ada", Role::Responder, Intent::Snooze { target, for_ms: 3_600_000, until: None })),
        Just(ask("ada", Role::Responder, Intent::Resolve { target, reason: None })),
        Just(ask("ada", Role::Responder, Intent::Reopen { target })),
        Just(Event::Fired { incident: IncidentNo(1), timer: crate::domain::event::Timer::Expiry }),
        Just(Event::Fired { incident: IncidentNo(1), timer: crate::domain::event::Timer::Backoff }),
    ]
}

fn check(rules: &Rules, before: Option<&Incident>, after: &Incident) {
    let acting = |p: &&crate::domain::Proposal| matches!(p.state, S::Running { .. } | S::Undoing { .. });
    assert!(after.proposals.iter().filter(acting).count() <= 1, "two act at once");
    let retries = after.proposals.iter().filter(|p| p.state.is_active() && p.remedy == "retry").count();
    assert!(retries <= 1, "two proposals to retry at once");
    assert_eq!(after.stage == Stage::Resolved, after.closed_at.is_some());
    for proposal in &after.proposals {
        let ran = matches!(proposal.state, S::Running { .. } | S::Done | S::Undoing { .. } | S::Undone { .. });
        if ran && rules.quorum("retry", false) > 0 {
            let others = proposal.approvals.iter().any(|a| Some(&a.key) != proposal.by.key.as_ref());
            assert!(others, "it ran without another person");
        }
    }
    for run in before.map(|incident| incident.runs.as_slice()).unwrap_or_default() {
        let now = after.runs.iter().find(|have| have.run == run.run);
        assert!(now.is_none_or(|now| now.attempt >= run.attempt), "an attempt went backwards");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever arrives in whatever order: the invariants hold, a step is deterministic, and nothing panics.
    #[test]
    fn no_sequence_of_events_breaks_an_incident(all in proptest::collection::vec(events(), 1..40), quorum in 0_u32..2) {
        let rules = rules(&format!("[policy.approvals]\nretry = {quorum}"));
        let context = Context::default();
        let mut incident: Option<Incident> = None;
        for (at, event) in all.iter().enumerate() {
            let now = Time(1_000 * i64::try_from(at).unwrap());
            let once = step(&rules, &context, incident.clone(), IncidentNo(1), event, now);
            let twice = step(&rules, &context, incident.clone(), IncidentNo(1), event, now);
            prop_assert_eq!(&once, &twice);
            if let Some(Transition { incident: after, .. }) = once {
                check(&rules, incident.as_ref(), &after);
                incident = Some(after);
            }
        }
    }
}

#[test]
fn routing_needs_no_log() {
    let rules = rules("");
    let mut index = Index::default();
    let event = Event::Failed { failure: failure(1, 1, 0) };
    assert_eq!(route(&index, &rules, &event, Time(0)), Routed::Open);
    let opened = step(&rules, &Context::default(), None, IncidentNo(1), &event, Time(0)).unwrap().incident;
    index.note(&opened);
    let other_run = Event::Failed { failure: failure(2, 1, 0) };
    assert_eq!(route(&index, &rules, &other_run, Time(59_000)), Routed::Join(vec![IncidentNo(1)]));
    assert_eq!(route(&index, &rules, &other_run, Time(61_000)), Routed::Open);
}
