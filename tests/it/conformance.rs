//! What every store has to do, asked of each of them; and sled's own guards.

use crate::world::{NETWORK_LOG, World};
use ci_rescue::domain::Stage;
use ci_rescue::domain::actor::{Platform, Thread};
use ci_rescue::domain::effect::Effect;
use ci_rescue::domain::event::{Event, Timer};
use ci_rescue::domain::ids::{Digest, IncidentNo};
use ci_rescue::domain::incident::Incident;
use ci_rescue::domain::time::Time;
use ci_rescue::ports::{
    Before, Delivery, Due, NewEffect, Publication, Put, Query, Store, StoreError, Surface, TimerRow, Turn,
};
use ci_rescue::store::{Ledger, Memory, Sled};
use futures::future::BoxFuture;
use serde_json::json;
use std::path::Path;

pub fn delivery(id: &str) -> Delivery {
    let event = Event::Fired { incident: IncidentNo(1), timer: Timer::Watch };
    Delivery::internal(id.into(), Time(1_000), &event)
}

pub fn effect() -> NewEffect {
    let effect = Effect::ReadLog {
        incident: IncidentNo(1),
        repo: "a/b".parse().unwrap(),
        run: ci_rescue::domain::RunId(1),
        attempt: 1,
        job_id: 2,
        names: Vec::new(),
    };
    NewEffect { effect, not_before: Time(2_000) }
}

pub fn surface() -> Surface {
    Surface { incident: IncidentNo(1), platform: Platform::new("slack"), channel: "C".into() }
}

/// Long enough for everything that happens while something is held.
const LEASE_MS: i64 = 600_000;

/// Lets a lease's time pass where it is by another clock than that of the calls.
pub type Pass<'a> = &'a dyn Fn(i64) -> BoxFuture<'a, ()>;

/// For stores that go by the times they are given.
pub fn told(_: i64) -> BoxFuture<'static, ()> {
    Box::pin(async {})
}

pub async fn conforms(store: &dyn Store, pass: Pass<'_>) {
    inbox(store, pass).await;
    outbox(store).await;
    timers_and_settings(store).await;
    surfaces(store).await;
    blobs(store).await;
    Box::pin(repositories(store)).await;
}

async fn inbox(store: &dyn Store, pass: Pass<'_>) {
    assert_eq!(store.put_delivery(delivery("a")).await, Ok(Put::New));
    assert_eq!(store.put_delivery(delivery("a")).await, Ok(Put::Duplicate));
    assert_eq!(store.put_delivery(delivery("b")).await, Ok(Put::New));
    let first = store.claim_delivery(Time(0), LEASE_MS).await.unwrap().unwrap();
    assert_eq!((first.work.id.as_str(), first.attempts), ("a", 0));
    let second = store.claim_delivery(Time(0), LEASE_MS).await.unwrap().unwrap();
    assert_eq!(second.work.id, "b", "the first is held");
    assert!(store.claim_delivery(Time(LEASE_MS / 2), LEASE_MS).await.unwrap().is_none());
    // The lease is over: somebody else gets it, and the late one is refused.
    pass(LEASE_MS + 1).await;
    let again = store.claim_delivery(Time(LEASE_MS + 1), LEASE_MS).await.unwrap().unwrap();
    assert_eq!((again.work.id.as_str(), again.attempts), ("a", 1));
    let late = Turn { delivery: Some((first.key, first.lease)), ..Turn::default() };
    assert!(matches!(store.commit(late).await, Err(StoreError::Conflict(_))));
    let turn = Turn {
        delivery: Some((again.key, again.lease)),
        deliveries: vec![delivery("a"), delivery("c")],
        ..Turn::default()
    };
    store.commit(turn).await.unwrap();
    let dead = store.claim_delivery(Time(LEASE_MS + 2), LEASE_MS).await.unwrap().unwrap();
    assert_eq!(dead.work.id, "b");
    store
        .commit(Turn { delivery: Some((dead.key, dead.lease)), dead: Some("cannot be read".into()), ..Turn::default() })
        .await
        .unwrap();
    let letters = store.dead_letters(10).await.unwrap();
    assert_eq!(
        (letters.len(), letters[0].why.as_str(), letters[0].body["id"].as_str()),
        (1, "cannot be read", Some("b"))
    );
    let follow_up = store.claim_delivery(Time(LEASE_MS + 3), LEASE_MS).await.unwrap().unwrap();
    assert_eq!(follow_up.work.id, "c", "a was taken before, so only c is new");
    store.commit(Turn { delivery: Some((follow_up.key, follow_up.lease)), ..Turn::default() }).await.unwrap();
    pass(LEASE_MS + 1).await;
    assert!(store.claim_delivery(Time(3 * LEASE_MS), LEASE_MS).await.unwrap().is_none());
}

async fn outbox(store: &dyn Store) {
    store.commit(Turn { effects: vec![effect()], ..Turn::default() }).await.unwrap();
    assert!(store.claim_effect(Time(1_999), 10).await.unwrap().is_none(), "not due");
    let claim = store.claim_effect(Time(2_000), LEASE_MS).await.unwrap().unwrap();
    assert!(store.claim_effect(Time(2_005), LEASE_MS).await.unwrap().is_none(), "held");
    store.retry_effect((claim.key, claim.lease), Time(3_000)).await.unwrap();
    assert!(store.retry_effect((claim.key, claim.lease), Time(3_000)).await.is_err(), "the lease is gone");
    let claim = store.claim_effect(Time(3_000), LEASE_MS).await.unwrap().unwrap();
    assert_eq!(claim.attempts, 1);
    store.commit(Turn { effect: Some((claim.key, claim.lease)), ..Turn::default() }).await.unwrap();
    assert!(store.claim_effect(Time(9_000), 10).await.unwrap().is_none());
}

async fn timers_and_settings(store: &dyn Store) {
    let timer = |at: i64| TimerRow {
        key: "1:Expiry".into(),
        at: Time(at),
        event: Event::Fired { incident: IncidentNo(1), timer: Timer::Expiry },
    };
    store.commit(Turn { timers: vec![timer(100)], ..Turn::default() }).await.unwrap();
    store.commit(Turn { timers: vec![timer(200)], ..Turn::default() }).await.unwrap();
    assert!(store.due_timers(Time(150), 10).await.unwrap().is_empty(), "it was moved");
    assert_eq!(store.due_timers(Time(200), 10).await.unwrap().len(), 1);
    let moved = Turn { timer: Some(("1:Expiry".into(), Time(100))), ..Turn::default() };
    assert!(store.commit(moved).await.is_err(), "a timer that was moved does not fire");
    store.commit(Turn { timer: Some(("1:Expiry".into(), Time(200))), ..Turn::default() }).await.unwrap();
    assert!(store.due_timers(Time(900), 10).await.unwrap().is_empty());

    let settings =
        vec![("feed:1".into(), Some(json!(1))), ("feed:2".into(), Some(json!(2))), ("fee".into(), Some(json!(3)))];
    store.commit(Turn { settings, bump: vec!["count".into(), "count".into()], ..Turn::default() }).await.unwrap();
    assert_eq!(store.settings("feed:").await.unwrap().len(), 2);
    store
        .commit(Turn { settings: vec![("feed:1".into(), None)], bump: vec!["count".into()], ..Turn::default() })
        .await
        .unwrap();
    assert_eq!(store.setting("feed:1").await.unwrap(), None);
    assert!(store.setting("count").await.unwrap().is_some());
}

async fn surfaces(store: &dyn Store) {
    let here = surface();
    let slack = Platform::new("slack");
    store.commit(Turn { dirty: vec![(here.clone(), 3, 1)], ..Turn::default() }).await.unwrap();
    assert!(store.due_publications(&Platform::new("discord"), Due::First, Time(0), &[], 10).await.unwrap().is_empty());
    assert!(store.due_publications(&slack, Due::Update, Time(0), &[], 10).await.unwrap().is_empty());
    let (found, publication) = store.due_publications(&slack, Due::First, Time(0), &[], 10).await.unwrap().remove(0);
    assert_eq!((found, publication.wanted, publication.to_tell), (here.clone(), 3, 1));
    let done =
        Publication { version: publication.version + 1, message: Some("m".into()), shown: 3, told: 1, ..publication };
    assert!(
        store.put_publication(&here, Publication { version: done.version + 1, ..done.clone() }).await.is_err(),
        "compare and set"
    );
    store.put_publication(&here, done).await.unwrap();
    store.commit(Turn { dirty: vec![(here.clone(), 4, 1)], ..Turn::default() }).await.unwrap();
    assert!(store.due_publications(&slack, Due::First, Time(0), &[], 10).await.unwrap().is_empty());
    let (_, behind) = store.due_publications(&slack, Due::Update, Time(0), &[], 10).await.unwrap().remove(0);
    store.put_publication(&here, Publication { version: behind.version + 1, shown: 4, ..behind }).await.unwrap();
    assert!(store.due_publications(&slack, Due::Update, Time(0), &[], 10).await.unwrap().is_empty());
    let thread = |message: &str| Thread { platform: slack.clone(), channel: "C".into(), message: message.into() };
    assert_eq!(store.bound(&thread("m")).await.unwrap(), Some(IncidentNo(1)));
    assert_eq!(store.bound(&thread("x")).await.unwrap(), None);
    assert_eq!(store.surfaces(IncidentNo(1)).await.unwrap(), [here]);
}

/// An incident as it came out of a flow.
async fn template() -> Incident {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    let incident = world.incident(1).await;
    world.end().await;
    incident
}

async fn of(store: &dyn Store, repo: &str) -> Vec<u64> {
    let query = Query { repo: Some(repo.into()), limit: 1_000, ..Query::default() };
    store.incidents(&query).await.unwrap().iter().map(|incident| incident.no.0).collect()
}

/// A repository's incidents, whatever others there are: newest first, by pages, under its new name, until they are gone.
async fn repositories(store: &dyn Store) {
    let template = template().await;
    let one = |no: u64, version, repo: &str| {
        let closed = no.is_multiple_of(4).then_some((Stage::Resolved, Some(Time(5))));
        let (stage, closed_at) = closed.unwrap_or((template.stage, None));
        let repo = repo.parse().unwrap();
        Incident { no: IncidentNo(no), version, repo, stage, closed_at, ..template.clone() }
    };
    let put = async |incidents| store.commit(Turn { incidents, ..Turn::default() }).await.unwrap();
    let names = ["acme/shop2", "a/b", "Acme/Shop"].into_iter().cycle();
    put((1..=300).zip(names).map(|(no, name)| one(no, 1, name)).collect()).await;
    let shop: Vec<u64> = (1..=100).rev().map(|n| n * 3).collect();
    assert_eq!(of(store, "acme/SHOP").await, shop);
    assert_eq!(of(store, "acme/none").await, Vec::<u64>::new());
    let page = Query { repo: Some("acme/shop".into()), before: Some(150), limit: 2, ..Query::default() };
    let found = async |query: Query| -> Vec<u64> {
        store.incidents(&query).await.unwrap().iter().map(|incident| incident.no.0).collect()
    };
    assert_eq!(found(page.clone()).await, [147, 144]);
    assert_eq!(found(Query { closed_only: true, ..page.clone() }).await, [144, 132]);
    assert_eq!(found(Query { open_only: true, ..page }).await, [147, 141]);
    // A rename moves it, also where only the case changes.
    put(vec![one(300, 2, "acme/renamed"), one(297, 2, "ACME/shop")]).await;
    assert_eq!(of(store, "acme/renamed").await, [300]);
    assert_eq!(of(store, "acme/shop").await, shop[1..]);
    let before = Before { seen: Time(0), closed: Time(10), history: Time(0) };
    store.compact(before).await.unwrap();
    assert_eq!(of(store, "acme/renamed").await, Vec::<u64>::new());
    assert_eq!(of(store, "acme/shop").await.len(), 75);
}

async fn blobs(store: &dyn Store) {
    let digest = store.put_blob(b"excerpt".to_vec()).await.unwrap();
    assert_eq!(store.put_blob(b"excerpt".to_vec()).await.unwrap(), digest);
    assert_eq!(store.blob(&digest).await.unwrap().as_deref(), Some(&b"excerpt"[..]));
    assert_eq!(store.blob(&Digest::of([&b"else"[..]])).await.unwrap(), None);
    let path: Digest = serde_json::from_value(json!("../../etc/passwd")).unwrap();
    assert_eq!(store.blob(&path).await.unwrap(), None);
}

fn open(dir: &Path) -> Ledger<Sled> {
    Ledger::open(Sled::open(dir).unwrap_or_else(|why| panic!("{why}"))).unwrap()
}

/// sled gives its lock back a moment after the last handle is dropped.
fn reopen(dir: &Path) -> Ledger<Sled> {
    for _ in 0..1_000_000 {
        if let Ok(disk) = Sled::open(dir) {
            return Ledger::open(disk).unwrap();
        }
        std::thread::yield_now();
    }
    open(dir)
}

#[tokio::test]
async fn memory_conforms() {
    conforms(&Ledger::open(Memory::default()).unwrap(), &told).await;
}

#[tokio::test]
async fn sled_conforms() {
    let dir = tempfile::tempdir().unwrap();
    conforms(&open(dir.path()), &told).await;
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    {
        let store = open(dir.path());
        store.put_delivery(delivery("kept")).await.unwrap();
        store
            .commit(Turn { effects: vec![effect()], dirty: vec![(surface(), 1, 0)], ..Turn::default() })
            .await
            .unwrap();
        store.claim_delivery(Time(0), 1_000_000).await.unwrap().unwrap();
    }
    let store = reopen(dir.path());
    assert_eq!(store.put_delivery(delivery("kept")).await, Ok(Put::Duplicate));
    let claim = store.claim_delivery(Time(0), 10).await.unwrap().unwrap();
    assert_eq!(claim.work.id, "kept", "a dead process holds no lease");
    assert!(store.claim_effect(Time(5_000), 10).await.unwrap().is_some());
    assert_eq!(store.due_publications(&Platform::new("slack"), Due::First, Time(0), &[], 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn threat_046_a_second_process_is_told_that_the_store_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let _held = open(dir.path());
    let why = Sled::open(dir.path()).err().unwrap();
    assert!(why.to_string().contains("in use by another process"), "{why}");
}

#[tokio::test]
async fn a_half_written_snapshot_does_not_make_the_store_unopenable() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).put_delivery(delivery("kept")).await.unwrap();
    std::fs::write(dir.path().join("sled/snap.0000000000000123.generating"), b"half").unwrap();
    let store = reopen(dir.path());
    assert_eq!(store.put_delivery(delivery("kept")).await, Ok(Put::Duplicate));
    assert!(!dir.path().join("sled/snap.0000000000000123.generating").exists());
}

#[tokio::test]
async fn large_values_are_deflated_and_come_back_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut big = delivery("big");
    big.body = "a long log line that repeats\n".repeat(100_000);
    store.put_delivery(big.clone()).await.unwrap();
    assert_eq!(store.claim_delivery(Time(0), 10).await.unwrap().unwrap().work, big);
    assert_eq!(
        std::fs::read_dir(dir.path().join("sled/blobs")).map_or(0, Iterator::count),
        0,
        "no blob files that sled never reclaims"
    );
}

/// Threat 45: cut or flip the store's file every so often. It refuses to open, or has everything; it is never silently
/// empty.
#[tokio::test]
async fn threat_045_a_damaged_store_is_never_taken_for_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    {
        let store = open(dir.path());
        for n in 0..50 {
            store.put_delivery(delivery(&format!("d{n}"))).await.unwrap();
        }
    }
    drop(reopen(dir.path()));
    let whole = loop {
        let bytes = std::fs::read(dir.path().join("sled/db")).unwrap();
        if !bytes.is_empty() {
            break bytes;
        }
    };
    let end = whole.iter().rposition(|b| *b != 0).unwrap_or(0);
    for at in (0..end).step_by((end / 24).max(512)) {
        let copy = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(copy.path().join("sled")).unwrap();
        for entry in std::fs::read_dir(dir.path().join("sled")).unwrap().flatten().filter(|e| e.path().is_file()) {
            std::fs::copy(entry.path(), copy.path().join("sled").join(entry.file_name())).unwrap();
        }
        let mut bytes = whole.clone();
        bytes[at] ^= 0x5a;
        std::fs::write(copy.path().join("sled/db"), &bytes).unwrap();
        let opened = std::panic::catch_unwind(|| Sled::open(copy.path()).map(Ledger::open));
        if let Ok(Ok(Ok(store))) = opened {
            let counts = store.counts().await;
            assert!(counts.is_err() || counts.unwrap().inbox > 0, "byte {at}: empty without a word");
        }
    }
}
