//! Which replica leads, and what the others may not.

use super::server::{Mode, Way, address, leading, open};
use crate::conformance::{delivery, surface};
use ci_rescue::domain::time::Time;
use ci_rescue::ports::{Claimed, Delivery, Publication, Store, StoreError, Turn};
use ci_rescue::store::Postgres;
use std::time::Duration;
use tokio::time::timeout;

/// What the documentation promises.
const TAKEN_OVER: Duration = Duration::from_secs(10);

/// The next delivery. What a session that has just been cut off still locks is passed over for a moment.
async fn claimed(store: &Postgres) -> Claimed<Delivery> {
    let claim = async {
        loop {
            if let Some(claim) = store.claim_delivery(Time(0), 600_000).await.unwrap() {
                return claim;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(TAKEN_OVER, claim).await.expect("there is one")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_claims_and_all_take_in() {
    let server = super::running!();
    let first = leading(&server.address()).await;
    let second = open(&server.address());
    let (seat, other) = (first.replicas().unwrap().unwrap(), second.replicas().unwrap().unwrap());
    // What was told before it listened.
    let known = seat.news(0).await;
    second.put_delivery(delivery("a")).await.unwrap();
    assert_ne!(seat.news(known).await, known, "the leader is woken");
    assert!(second.claim_delivery(Time(0), 600_000).await.unwrap().is_none(), "only the leader claims");
    let claim = first.claim_delivery(Time(0), 600_000).await.unwrap().unwrap();
    let heard = other.news(0).await;
    first.commit(Turn { dirty: vec![(surface(), 1, 0)], ..Turn::default() }).await.unwrap();
    assert_ne!(other.news(heard).await, heard, "the others hear of a turn");
    let posted = Publication { version: 2, ..Publication::default() };
    let refused = second.put_publication(&surface(), posted.clone()).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let answer = Turn { delivery: Some((claim.key, claim.lease)), ..Turn::default() };
    assert!(matches!(second.commit(answer.clone()).await, Err(StoreError::Conflict(_))));
    // Settings are everybody's.
    second.commit(Turn { bump: vec!["n".into()], ..Turn::default() }).await.unwrap();
    // The leader goes: the next one leads at once, and what it held is free.
    seat.resign().await;
    timeout(TAKEN_OVER, other.leading(true)).await.expect("the other takes over");
    assert!(!seat.leads() && other.leads());
    let again = second.claim_delivery(Time(0), 600_000).await.unwrap().unwrap();
    assert_eq!((again.work.id.as_str(), again.attempts), ("a", 1));
    assert!(matches!(first.commit(answer).await, Err(StoreError::Conflict(_))), "what it held is another's");
    assert!(matches!(first.put_publication(&surface(), posted).await, Err(StoreError::Conflict(_))));
    second.commit(Turn { delivery: Some((again.key, again.lease)), ..Turn::default() }).await.unwrap();
}

/// Cut off, or held back without a word: another leads soon, and the one before knows, or learns when it writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_nobody_hears_is_replaced() {
    let server = super::running!();
    for mode in [Mode::Closed, Mode::Silent] {
        let way = Way::to(&server).await;
        let first = leading(&address(&server.url(way.port))).await;
        let second = open(&server.address());
        let other = second.replicas().unwrap().unwrap();
        let id = format!("{mode:?}");
        first.put_delivery(delivery(&id)).await.unwrap();
        let held = first.claim_delivery(Time(0), 600_000).await.unwrap().unwrap();
        way.set(mode);
        timeout(TAKEN_OVER, other.leading(true)).await.unwrap_or_else(|_| panic!("{mode:?}: nobody takes over"));
        way.set(Mode::Open);
        // It comes back with what it had in its hands.
        let late = first.commit(Turn { delivery: Some((held.key, held.lease)), ..Turn::default() }).await;
        assert!(matches!(late, Err(StoreError::Conflict(_))), "{mode:?}: {late:?}");
        let claim = claimed(&second).await;
        assert_eq!(claim.work.id, id);
        second.commit(Turn { delivery: Some((claim.key, claim.lease)), ..Turn::default() }).await.unwrap();
        first.put_delivery(delivery(&format!("{id}-later"))).await.unwrap();
        let claim = claimed(&second).await;
        second.commit(Turn { delivery: Some((claim.key, claim.lease)), ..Turn::default() }).await.unwrap();
    }
}
