//! Reports and logs of one run, in either order.

use super::{failure, rules};
use crate::domain::event::{Event, LogRead};
use crate::domain::evidence::{Category, Evidence, FailingTest, Reported};
use crate::domain::facts::Context;
use crate::domain::ids::{Digest, IncidentNo, RunId};
use crate::domain::incident::Incident;
use crate::domain::time::Time;
use crate::incident::step;

fn test(name: &str) -> FailingTest {
    FailingTest { framework: "junit".into(), name: name.into(), selector: None, file: None }
}

fn reported(attempt: u32) -> Event {
    let reported = Reported {
        run: RunId(1),
        attempt,
        tests: vec![test("com.acme.CartTest.adds")],
        total: 1,
        of: 12,
        message: Some("boom".into()),
        fingerprint: Some("v3:x".into()),
    };
    Event::Reported { repo: "acme/shop".parse().unwrap(), reported }
}

fn log(category: Category, tests: &[&str]) -> Event {
    let evidence = Evidence {
        category,
        confidence: 0.9,
        failing_tests: tests.iter().map(|name| test(name)).collect(),
        failing_tests_total: tests.len() as u64,
        lines: 40,
        excerpt: Some(Digest::of([category.as_str().as_bytes()])),
        ..Evidence::default()
    };
    let read = LogRead::Read(Box::new(evidence));
    Event::LogRead { incident: IncidentNo(1), run: RunId(1), attempt: 1, job_id: 1_100, read }
}

/// An incident after its failure and these events.
fn after(events: &[Event]) -> Incident {
    let failed = Event::Failed { failure: failure(1, 1, 0) };
    let mut incident = None;
    for event in std::iter::once(&failed).chain(events) {
        let before = incident.clone();
        incident = step(&rules(""), &Context::default(), incident, IncidentNo(1), event, Time(0))
            .map(|transition| transition.incident)
            .or(before);
    }
    incident.unwrap()
}

fn named(incident: &Incident) -> Vec<Vec<&str>> {
    let names = |one: &'_ Evidence| one.failing_tests.len() as u64 == one.failing_tests_total;
    assert!(incident.evidence.iter().all(names));
    incident.evidence.iter().map(|one| one.failing_tests.iter().map(|test| test.name.raw()).collect()).collect()
}

#[test]
fn log_and_reports_are_one_in_either_order() {
    let silent = || log(Category::Unknown, &[]);
    for events in [[silent(), reported(1)], [reported(1), silent()]] {
        let incident = after(&events);
        assert_eq!(named(&incident), [["com.acme.CartTest.adds"]], "{events:?}");
        let one = &incident.evidence[0];
        assert_eq!((one.category, one.lines, one.excerpt.is_some()), (Category::Test, 40, true));
        assert_eq!(one.because, ["test reports name 1 of 12 tests as failing"]);
    }
}

#[test]
fn a_log_that_names_tests_is_left_as_it_is() {
    for events in
        [[log(Category::Test, &["CartTest.adds"]), reported(1)], [reported(1), log(Category::Test, &["CartTest.adds"])]]
    {
        assert_eq!(named(&after(&events)), [["CartTest.adds"]], "{events:?}");
    }
}

#[test]
fn reports_say_nothing_of_another_kind_of_failure() {
    for events in [[log(Category::Lint, &[]), reported(1)], [reported(1), log(Category::Lint, &[])]] {
        let incident = after(&events);
        let lint = incident.evidence.iter().find(|one| one.category == Category::Lint).unwrap();
        assert!(lint.failing_tests.is_empty(), "{events:?}");
        assert_eq!(incident.evidence.len(), 2);
    }
}

#[test]
fn reports_of_another_attempt_are_not_heard() {
    assert!(after(&[reported(2)]).evidence.is_empty());
}
