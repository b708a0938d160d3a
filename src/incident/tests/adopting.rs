//! Which incident adopts which must not depend on the order in which logs are read.

use super::{failure, progress, rules};
use crate::domain::effect::Order;
use crate::domain::event::{Conclusion, Event, LogRead};
use crate::domain::evidence::Evidence;
use crate::domain::facts::Context;
use crate::domain::ids::{IncidentNo, RunId};
use crate::domain::incident::Incident;
use crate::domain::rules::Rules;
use crate::domain::time::Time;
use crate::incident::{Index, Routed, Transition, route, step};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What the engine does around the two pure functions, without a store.
struct Bench {
    rules: Rules,
    index: Index,
    incidents: BTreeMap<IncidentNo, Incident>,
    now: Time,
}

impl Bench {
    fn new() -> Self {
        Self { rules: rules(""), index: Index::default(), incidents: BTreeMap::new(), now: Time(0) }
    }

    fn hear(&mut self, event: Event) {
        let mut queue = VecDeque::from([event]);
        while let Some(event) = queue.pop_front() {
            let nos = match route(&self.index, &self.rules, &event, self.now) {
                Routed::Open => vec![IncidentNo(self.incidents.len() as u64 + 1)],
                Routed::Join(nos) => nos,
                Routed::Ignore(_) => Vec::new(),
            };
            for no in nos {
                self.step(no, &event, &mut queue);
            }
        }
    }

    fn step(&mut self, no: IncidentNo, event: &Event, queue: &mut VecDeque<Event>) {
        let before = self.incidents.get(&no).cloned();
        let mut context = Context::default();
        if let Some(incident) = &before {
            let arrived = match event {
                Event::LogRead { read: LogRead::Read(evidence), .. } => evidence.fingerprint.as_deref(),
                _ => None,
            };
            for print in arrived.into_iter().chain(incident.fingerprint()) {
                context.same.insert(print.to_owned(), self.index.same(incident, print));
            }
        }
        let Some(Transition { incident, orders }) = step(&self.rules, &context, before, no, event, self.now) else {
            return;
        };
        self.index.note(&incident);
        self.incidents.insert(no, incident);
        queue.extend(orders.into_iter().filter_map(|order| match order {
            Order::Event(event) => Some(*event),
            _ => None,
        }));
    }

    fn log(&mut self, run: u64, print: u8) {
        let incident = IncidentNo(run);
        let evidence = Evidence { fingerprint: Some(format!("v2:{print}")), confidence: 0.9, ..Evidence::default() };
        let read = LogRead::Read(Box::new(evidence));
        self.hear(Event::LogRead { incident, run: RunId(run), attempt: 1, job_id: run * 1_000 + 100, read });
    }

    /// Incident and the one that adopted it.
    fn adopted(&self) -> BTreeMap<u64, u64> {
        let by = |incident: &Incident| incident.adopted_by.map(|by| (incident.no.0, by.0));
        self.incidents.values().filter_map(by).collect()
    }
}

/// A run: its branch (0 is the default branch) and the fingerprint of its log.
fn runs() -> impl Strategy<Value = Vec<(u8, u8)>> {
    proptest::collection::vec((0_u8..3, 0_u8..3), 2..9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Every run fails; logs are read in any order, some only after a first look found none; at the end one incident of
    /// each cause is open, the oldest, and everything of the others is on it.
    #[test]
    fn one_cause_is_one_incident_in_any_order(
        (runs, order) in runs().prop_flat_map(|runs| {
            let order = Just((0..runs.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(runs), order)
        }),
        late in any::<u16>(),
    ) {
        let mut bench = Bench::new();
        for (at, (branch, _)) in runs.iter().enumerate() {
            let mut failure = failure(at as u64 + 1, 1, 0);
            failure.branch = if *branch == 0 { "main".into() } else { format!("topic-{branch}").into() };
            failure.sha = format!("{at:07x}");
            failure.workflow = format!("ci-{at}").into();
            bench.hear(Event::Failed { failure });
        }
        prop_assert_eq!(bench.incidents.len(), runs.len());
        let is_late = |at: &usize| late & (1 << at) != 0;
        for at in order.iter().filter(|at| is_late(at)) {
            let (incident, run) = (IncidentNo(*at as u64 + 1), *at as u64 + 1);
            let read = LogRead::Missing("503".into());
            bench.hear(Event::LogRead { incident, run: RunId(run), attempt: 1, job_id: run * 1_000 + 100, read });
        }
        for at in order.iter().filter(|at| !is_late(at)).chain(order.iter().filter(|at| is_late(at))) {
            bench.log(*at as u64 + 1, runs[*at].1);
        }
        // What it must come to, by a book of its own: the oldest of each cause and kind.
        let mut oldest: BTreeMap<(bool, u8), u64> = BTreeMap::new();
        for (at, (branch, print)) in runs.iter().enumerate() {
            oldest.entry((*branch == 0, *print)).or_insert(at as u64 + 1);
        }
        let mut members: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for (at, (branch, print)) in runs.iter().enumerate() {
            let (no, by) = (at as u64 + 1, oldest[&(*branch == 0, *print)]);
            members.entry(by).or_default().insert(no);
            let incident = &bench.incidents[&IncidentNo(no)];
            prop_assert_eq!(incident.closed_at.is_some(), no != by, "incident {}: {:?}", no, bench.adopted());
            let base = oldest.get(&(true, *print)).filter(|_| *branch != 0 && no == by);
            prop_assert_eq!(incident.base.as_ref().map(|base| base.incident.0).filter(|_| no == by), base.copied());
        }
        for (no, all) in members {
            let have: BTreeSet<u64> =
                bench.incidents[&IncidentNo(no)].runs.iter().filter_map(|run| run.run).map(|run| run.0).collect();
            prop_assert_eq!(have, all);
        }
    }
}

/// An incident whose proposal was under way when its twin appeared is adopted once that is over.
#[test]
fn what_is_under_way_is_adopted_later() {
    use crate::domain::Role;
    use crate::domain::intent::{Intent, Target, Which, Wish};
    let mut bench = Bench::new();
    for run in 1..=2 {
        let mut failure = failure(run, 1, 0);
        failure.sha = format!("{run:07x}");
        failure.workflow = format!("ci-{run}").into();
        bench.hear(Event::Failed { failure });
    }
    bench.log(2, 7);
    let target = Target::Incident(IncidentNo(2));
    let retry = Intent::Remedy { target, wish: Wish::Retry(Which::Smallest), force: false, dry_run: false };
    bench.hear(super::ask("ben", Role::Responder, retry));
    bench.log(1, 7);
    assert!(bench.adopted().is_empty(), "its proposal is being planned");
    bench.hear(super::ask("ben", Role::Responder, Intent::Cancel { target }));
    assert_eq!(bench.adopted(), BTreeMap::from([(2, 1)]));
    // The adopted run fails once more: that is news for the incident that has its card.
    bench.hear(Event::Progressed { progress: super::Progress { workflow: "ci-2".into(), ..progress(2, 2, None) } });
    assert_eq!(bench.incidents[&IncidentNo(1)].runs[1].from, Some(IncidentNo(2)));
    let ended = super::Progress { workflow: "ci-2".into(), ..progress(2, 2, Some(Conclusion::Failure)) };
    bench.hear(Event::Progressed { progress: ended });
    assert!(bench.incidents[&IncidentNo(1)].closed_at.is_none());
}

/// A newer run that was adopted settles the older ones of its branch when it passes, as one of another incident does.
#[test]
fn an_adopted_run_that_passes_supersedes_the_older_ones() {
    for ends in [Some(Conclusion::Success), Some(Conclusion::Failure)] {
        let mut bench = Bench::new();
        for run in 1..=2 {
            bench.hear(Event::Failed { failure: failure(run, 1, 0) });
            bench.now = bench.now.plus_ms(10 * crate::domain::time::MINUTE_MS);
        }
        bench.log(1, 7);
        bench.log(2, 7);
        assert_eq!(bench.adopted(), BTreeMap::from([(2, 1)]));
        bench.hear(Event::Progressed { progress: progress(2, 2, ends) });
        let incident = &bench.incidents[&IncidentNo(1)];
        assert_eq!(incident.closed_at.is_some(), ends == Some(Conclusion::Success), "{:?}", incident.runs);
    }
}
