//! B: order, duplication, loss.

use crate::flows::events::{job_event, run_event, run_started};
use crate::world::{NETWORK_LOG, Setup, World};
use ci_rescue::domain::Stage;
use ci_rescue::ports::{Put, Store, StoreError};
use ci_rescue::store::{Backend, Batch, Ledger, Memory, Still};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

async fn quiet() -> World {
    World::with(Setup { slack: false, ..Setup::default() }).await
}

async fn send(world: &World, (kind, body): (String, String)) {
    assert!(world.hook(&kind, &world.id(), &body).await.is_success());
    world.settle().await;
}

#[tokio::test]
async fn threat_034_completed_before_in_progress_before_queued() {
    let world = quiet().await;
    send(&world, job_event("completed", json!("failure"), 1, 1, "test")).await;
    send(&world, job_event("in_progress", Value::Null, 1, 1, "test")).await;
    send(&world, job_event("queued", Value::Null, 1, 1, "test")).await;
    assert_eq!(world.incident(1).await.stage, Stage::Open);
    assert_eq!(world.incidents().await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn threat_035_attempt_two_before_attempt_one() {
    for conclusion in ["success", "failure"] {
        let world = quiet().await;
        send(&world, run_event(json!(conclusion), 1, 2, false)).await;
        send(&world, job_event("completed", json!("failure"), 1, 1, "test")).await;
        send(&world, run_event(json!("failure"), 1, 1, false)).await;
        let all = world.incidents().await;
        assert_eq!(all.len(), usize::from(conclusion == "failure"), "{conclusion}");
        assert!(all.iter().all(|incident| incident.runs[0].attempt == 2));
        world.end().await;
    }
}

#[tokio::test]
async fn threat_036_two_ends_of_one_attempt_agree_on_green() {
    for order in [["failure", "success"], ["success", "failure"]] {
        let world = quiet().await;
        for conclusion in order {
            send(&world, run_event(json!(conclusion), 1, 1, false)).await;
        }
        assert!(world.incidents().await.iter().all(|incident| incident.stage == Stage::Resolved), "{order:?}");
        world.end().await;
    }
}

#[tokio::test]
async fn threats_037_and_038_late_words_of_a_closed_incident_change_nothing() {
    let world = quiet().await;
    send(&world, job_event("completed", json!("failure"), 1, 1, "test")).await;
    send(&world, run_event(json!("success"), 1, 2, false)).await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    world.clock.advance(72 * 3_600_000);
    send(&world, job_event("completed", json!("failure"), 1, 1, "test")).await;
    send(&world, job_event("completed", json!("failure"), 1, 1, "another")).await;
    let all = world.incidents().await;
    assert_eq!((all.len(), all[0].stage), (1, Stage::Resolved));
    // A later attempt that fails is news, also when its beginning was told before.
    send(&world, job_event("in_progress", Value::Null, 1, 3, "test")).await;
    send(&world, job_event("completed", json!("failure"), 1, 3, "test")).await;
    assert_eq!(world.incident(1).await.stage, Stage::Open);
    world.end().await;
}

#[tokio::test]
async fn threat_043_a_clock_that_jumps_loses_and_repeats_nothing() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.clock.advance(-3_600_000);
    world.settle().await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    world.clock.advance(7_200_000);
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    assert_eq!(world.slack.cards().len(), 1);
    world.end().await;
}

/// A backend whose disk can be told to fail.
struct Failing {
    inner: Memory,
    broken: Arc<AtomicBool>,
}

impl Failing {
    fn check(&self) -> Result<(), StoreError> {
        if self.broken.load(Ordering::SeqCst) {
            Err(StoreError::Broken("No space left on device (os error 28)".into()))
        } else {
            Ok(())
        }
    }
}

impl Backend for Failing {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }
    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        self.inner.scan(prefix, from, limit)
    }
    fn scan_down(&self, prefix: &[u8], before: &[u8], limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        self.inner.scan_down(prefix, before, limit)
    }
    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        self.check()?;
        self.inner.apply(batch)
    }
    fn flush(&self) -> Result<(), StoreError> {
        self.check()
    }
    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.inner.put_file(name, bytes)
    }
    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.file(name)
    }
    fn sweep_files(&self, keep: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        self.inner.sweep_files(keep)
    }
    fn still(&self) -> Result<Box<dyn Still>, StoreError> {
        self.inner.still()
    }
}

#[tokio::test]
async fn threat_044_a_full_disk_is_a_503_and_never_a_2xx() {
    let broken = Arc::new(AtomicBool::new(false));
    let store = Arc::new(Ledger::open(Failing { inner: Memory::default(), broken: broken.clone() }).unwrap());
    let world = World::on(Setup { slack: false, ..Setup::default() }, store.clone()).await;
    broken.store(true, Ordering::SeqCst);
    let (kind, body) = job_event("completed", json!("failure"), 1, 1, "test");
    assert_eq!(world.hook(&kind, "full", &body).await.as_u16(), 503);
    broken.store(false, Ordering::SeqCst);
    assert_eq!(world.hook(&kind, "full", &body).await.as_u16(), 202, "the same delivery, tried again");
    world.settle().await;
    assert_eq!(world.incidents().await.len(), 1);
    broken.store(true, Ordering::SeqCst);
    let event = ci_rescue::domain::Event::Fired {
        incident: ci_rescue::domain::IncidentNo(1),
        timer: ci_rescue::domain::event::Timer::Watch,
    };
    let delivery = ci_rescue::ports::Delivery::internal("x".into(), ci_rescue::domain::Time(0), &event);
    assert!(matches!(store.put_delivery(delivery.clone()).await, Err(StoreError::Broken(_))));
    broken.store(false, Ordering::SeqCst);
    assert_eq!(store.put_delivery(delivery).await, Ok(Put::New));
    world.end().await;
}

/// A burst, at the size that a test run can afford: everything accepted, one incident a run, one card each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threat_048_a_burst_is_taken_in_whole() {
    const DELIVERIES: u64 = 2_000;
    let world = World::with(Setup { slack: false, disk: true, ..Setup::default() }).await;
    for run in 1..=20 {
        let (kind, body) = run_started(run);
        world.hook(&kind, &format!("run-{run}"), &body).await;
    }
    world.settle().await;
    let sends = (0..DELIVERIES).map(|n| {
        let world = &world;
        async move {
            let (kind, body) = job_event("completed", json!("failure"), 1 + n % 20, 1, &format!("job {}", n / 20));
            world.hook(&kind, &format!("burst-{n}"), &body).await.as_u16()
        }
    });
    let answers: Vec<u16> =
        futures::StreamExt::collect(futures::StreamExt::buffer_unordered(futures::stream::iter(sends), 64)).await;
    assert!(answers.iter().all(|status| *status == 202));
    assert_eq!(world.store.counts().await.unwrap().inbox, DELIVERIES);
    let mut turns = 0;
    while world.app.engine.turn().await.unwrap() {
        turns += 1;
    }
    assert_eq!(turns, DELIVERIES);
    let all = world.incidents().await;
    assert_eq!(all.iter().map(|incident| incident.failures).sum::<u64>(), DELIVERIES);
    assert!(all.iter().all(|incident| incident.storm));
    world.end().await;
}

#[tokio::test]
async fn the_thread_knows_its_incident_after_a_restart() {
    let store: Arc<dyn Store> = Arc::new(Ledger::open(Memory::default()).unwrap());
    let first = World::on(Setup::default(), store.clone()).await;
    first.broken_run(NETWORK_LOG, "success").await;
    let card = first.slack.cards()[0].clone();
    first.end().await;
    let second = World::on(Setup::default(), store).await;
    second.settle().await;
    assert!(second.sit("ben").await.page("/").await.contains("incident-1"), "the console's feed is filled again");
    second.slack.mention("UBEN", &card.ts, "show").await;
    second.settle().await;
    assert!(second.slack.last_whisper().contains("#1"), "{}", second.slack.last_whisper());
    assert_eq!(second.slack.cards().len(), 0, "no second card");
    second.end().await;
}
