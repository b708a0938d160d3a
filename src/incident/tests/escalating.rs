//! Escalation as steps bring it about.

use super::{failure, progress, rules};
use crate::domain::escalation::Trigger;
use crate::domain::event::{Conclusion, Event, LogRead, Scope, Timer};
use crate::domain::evidence::{Category, Evidence};
use crate::domain::facts::{Breaker, Context, Facts, Known};
use crate::domain::ids::{IncidentNo, RunId};
use crate::domain::incident::{Incident, Stage};
use crate::domain::journal::Note;
use crate::domain::rules::Rules;
use crate::domain::runner::Fleet;
use crate::domain::time::{HOUR_MS, Time};
use crate::domain::{Effect, effect::Order};
use crate::incident::{Index, Routed, Transition, route, step};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn fired() -> Event {
    Event::Fired { incident: IncidentNo(1), timer: Timer::Escalate }
}

fn waits(job: u8) -> Event {
    let mut failure = failure(u64::from(job), 1, job);
    failure.scope = Scope::Runner;
    failure.conclusion = Conclusion::Stuck;
    failure.labels = vec!["self-hosted".into(), "Windows-CUDA".into()];
    Event::Failed { failure }
}

fn fleet(online: u32) -> Event {
    let facts = Facts { runners: Some(Known::Is(Fleet { online, offline: 1 })), ..Facts::default() };
    Event::FactsGathered { incident: IncidentNo(1), proposal: None, facts: Box::new(facts) }
}

fn left(job: u8, started: bool) -> Event {
    let labels = vec!["windows-cuda".into(), "self-hosted".into()];
    let job_id = u64::from(job) * 1_000 + 100 + u64::from(job);
    Event::LeftQueue { repo: "acme/shop".parse().unwrap(), labels, job_id, started }
}

/// All of these, an hour apart, in a context; the incident and what the last step ordered.
fn after(rules: &Rules, context: &Context, events: &[Event]) -> (Incident, Vec<Order>) {
    let mut incident = None;
    let mut last = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let now = Time(HOUR_MS * i64::try_from(at).unwrap());
        let Transition { incident: next, orders } =
            step(rules, context, incident.clone(), IncidentNo(1), event, now).unwrap();
        (incident, last) = (Some(next), orders);
    }
    (incident.unwrap(), last)
}

fn triggers(incident: &Incident) -> Vec<Trigger> {
    incident.escalations.iter().map(|escalation| escalation.trigger).collect()
}

fn timed_out(attempt: u32) -> Event {
    let mut failure = failure(1, attempt, 0);
    failure.conclusion = Conclusion::TimedOut;
    Event::Failed { failure }
}

/// A log that says so, where the forge calls the job cancelled.
fn read_of(attempt: u32) -> Event {
    let evidence = Evidence { category: Category::Timeout, ..Evidence::default() };
    let read = LogRead::Read(Box::new(evidence));
    Event::LogRead { incident: IncidentNo(1), run: RunId(1), attempt, job_id: 1_100, read }
}

#[test]
fn a_timeout_that_was_retried_and_timed_out_again_is_escalated() {
    let context = Context::default();
    let failed = |attempt| Event::Failed { failure: failure(1, attempt, 0) };
    for (events, escalates) in [
        (vec![timed_out(1)], false),
        (vec![timed_out(1), timed_out(1)], false),
        (vec![timed_out(1), failed(2)], false),
        (vec![timed_out(1), timed_out(2)], true),
        (vec![timed_out(1), failed(2), timed_out(3)], true),
        (vec![failed(1), read_of(1), failed(2), read_of(2)], true),
        (vec![failed(1), read_of(1), read_of(1)], false),
    ] {
        let (incident, _) = after(&rules(""), &context, &events);
        let want = if escalates { vec![Trigger::Timeouts] } else { Vec::new() };
        assert_eq!(triggers(&incident), want, "{events:?}");
        assert_eq!(incident.stage == Stage::Escalated, escalates);
    }
}

#[test]
fn jobs_that_wait_for_one_label_are_one_incident_until_one_starts() {
    let rules = rules("");
    let mut index = Index::default();
    assert_eq!(route(&index, &rules, &waits(1), Time(0)), Routed::Open);
    let (incident, _) = after(&rules, &Context::default(), &[waits(1)]);
    index.note(&incident);
    for job in 2..6 {
        assert_eq!(route(&index, &rules, &waits(job), Time(0)), Routed::Join(vec![IncidentNo(1)]));
    }
    // What such a run comes to itself is another matter.
    let failed = Event::Failed { failure: failure(1, 1, 1) };
    assert_eq!(route(&index, &rules, &failed, Time(0)), Routed::Open);
    assert_eq!(route(&index, &rules, &left(1, true), Time(0)), Routed::Join(vec![IncidentNo(1)]));
    let five = || (1..6).map(waits);
    let (gone, _) = after(&rules, &Context::default(), &five().chain([fleet(0)]).collect::<Vec<_>>());
    assert_eq!((gone.workflow.raw(), gone.failures, gone.stage), ("runner windows-cuda offline", 5, Stage::Escalated));
    assert_eq!(triggers(&gone), [Trigger::Runner]);
    let (busy, _) = after(&rules, &Context::default(), &five().chain([fleet(2)]).collect::<Vec<_>>());
    assert_eq!((busy.workflow.raw(), busy.stage), ("runner windows-cuda busy", Stage::Open));
    for (last, closed) in [
        (vec![left(3, true)], true),
        (vec![fleet(1)], true),
        (vec![left(3, false)], false),
        ((1..6).map(|job| left(job, false)).collect(), true),
        (vec![fired()], false),
    ] {
        let events: Vec<Event> = five().chain([fleet(0)]).chain(last.clone()).collect();
        let (incident, _) = after(&rules, &Context::default(), &events);
        assert_eq!(incident.closed_at.is_some(), closed, "{last:?}");
    }
}

#[test]
fn the_forge_is_asked_about_a_runner_once_an_hour() {
    let asks = |orders: &[Order]| {
        let is = |order: &&Order| matches!(order, Order::Effect(Effect::Gather { lookups, .. }) if matches!(lookups[0], crate::domain::Lookup::Runners { .. }));
        orders.iter().filter(is).count()
    };
    let (incident, orders) = after(&rules(""), &Context::default(), &[waits(1)]);
    assert_eq!(asks(&orders), 1);
    assert_eq!(incident.escalate_due, Some(Time(HOUR_MS)));
    let (_, orders) = after(&rules(""), &Context::default(), &[waits(1), waits(2)]);
    assert_eq!(asks(&orders), 0, "it is on its way");
    let (incident, orders) = after(&rules(""), &Context::default(), &[waits(1), fired()]);
    assert_eq!(asks(&orders), 1);
    assert_eq!(incident.escalate_due, Some(Time(2 * HOUR_MS)));
}

#[test]
fn a_record_of_before_reasons_were_kept_is_not_escalated_again() {
    let rules = rules("critical_workflows = [\"ci\"]");
    let (mut old, _) = after(&rules, &Context::default(), &[Event::Failed { failure: failure(1, 1, 0) }]);
    old.escalated_at = Some(Time(4 * HOUR_MS));
    let now = Time(5 * HOUR_MS);
    let Transition { incident, orders } =
        step(&rules, &Context::default(), Some(old), IncidentNo(1), &fired(), now).unwrap();
    assert_eq!(triggers(&incident), []);
    assert!(!orders.iter().any(|order| matches!(order, Order::Note { note: Note::Escalated { .. }, .. })));
}

#[test]
fn a_timer_of_before_it_was_for_every_reason_still_wakes_it() {
    assert_eq!(serde_json::from_str::<Timer>("\"critical\"").unwrap(), Timer::Escalate);
}

/// Anything that can escalate, close or reopen.
fn events() -> impl Strategy<Value = Event> {
    let ended = prop_oneof![Just(Some(Conclusion::Success)), Just(None), Just(Some(Conclusion::Failure))];
    prop_oneof![
        (1_u64..3, 1_u32..5).prop_map(|(run, attempt)| Event::Failed { failure: failure(run, attempt, 0) }),
        (1_u32..5).prop_map(timed_out),
        (1_u64..4, 1_u32..5, ended)
            .prop_map(|(run, attempt, c)| Event::Progressed { progress: progress(run, attempt, c) }),
        Just(fired()),
        Just(fired()),
        Just(Event::Fired { incident: IncidentNo(1), timer: Timer::Mention }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Until it closes, an incident is escalated at most once for each reason, and each time that is told once.
    #[test]
    fn each_reason_escalates_once_until_it_closes(
        all in proptest::collection::vec((events(), 0_i64..20), 1..40),
        failures in 0_u32..5,
    ) {
        let rules = rules("critical_workflows = [\"ci\"]");
        let mut now = Time(0);
        let mut incident: Option<Incident> = None;
        let mut told: BTreeMap<String, u32> = BTreeMap::new();
        for (event, hours) in &all {
            now = now.plus_ms(hours * HOUR_MS);
            let context = Context { breaker: Breaker { failures, at: Some(now) }, ..Context::default() };
            let Some(Transition { incident: after, orders }) =
                step(&rules, &context, incident.clone(), IncidentNo(1), event, now) else { continue };
            if orders.iter().any(|order| matches!(order, Order::Note { note: Note::Reopened { .. }, .. })) {
                told.clear();
            }
            for order in &orders {
                if let Order::Note { note: Note::Escalated { because, .. }, .. } = order {
                    *told.entry(because.clone()).or_default() += 1;
                }
            }
            let mut kept = triggers(&after);
            prop_assert_eq!(told.len(), kept.len(), "{:?} {:?}", &told, &kept);
            prop_assert!(told.values().all(|times| *times == 1), "{:?}", &told);
            kept.sort_unstable();
            kept.dedup();
            prop_assert_eq!(kept.len(), after.escalations.len());
            prop_assert_eq!(after.escalated_at.is_some(), !after.escalations.is_empty());
            if after.closed_at.is_some() {
                prop_assert!(after.escalate_due.is_none());
            }
            incident = Some(after);
        }
    }
}
