//! Connections that break around every commit: what came of it is looked up, never guessed.

use super::server::{Mode, Way, address, leading};
use crate::conformance::{delivery, effect};
use ci_rescue::domain::time::Time;
use ci_rescue::ports::{Put, Store, StoreError, Turn};
use ci_rescue::store::Postgres;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

const ROUNDS: usize = 12;

async fn count(store: &Postgres, key: &str) -> u64 {
    store.setting(key).await.unwrap().and_then(|count| count.as_u64()).unwrap_or(0)
}

/// A delivery, and a turn that answers it, counts itself and leaves something to do.
async fn work(store: &Postgres, id: &str) {
    assert_eq!(store.put_delivery(delivery(id)).await, Ok(Put::New), "{id}");
    let claim = store.claim_delivery(Time(0), 600_000).await.unwrap().unwrap_or_else(|| panic!("{id} is not there"));
    assert_eq!(claim.work.id, id);
    let turn = Turn {
        delivery: Some((claim.key, claim.lease)),
        bump: vec!["turns".into()],
        effects: vec![effect()],
        ..Turn::default()
    };
    assert_eq!(store.commit(turn).await, Ok(()), "{id}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_with_its_connection_is_looked_up() {
    let server = super::running!();
    let way = Way::to(&server).await;
    let store = leading(&address(&server.url(way.port))).await;
    let modes = [Mode::BeforeCommit, Mode::AfterCommit];
    let mut cuts = 0;
    for (round, mode) in (0..ROUNDS).zip(modes.into_iter().cycle()) {
        // Once as the delivery is kept, once as the turn is.
        way.set(mode);
        work(&store, &format!("at-the-door-{round}")).await;
        let id = format!("in-the-turn-{round}");
        assert_eq!(store.put_delivery(delivery(&id)).await, Ok(Put::New));
        let claim = store.claim_delivery(Time(0), 600_000).await.unwrap().unwrap();
        way.set(mode);
        let turn = Turn {
            delivery: Some((claim.key, claim.lease)),
            bump: vec!["turns".into()],
            deliveries: vec![delivery(&format!("follow-up-{round}"))],
            ..Turn::default()
        };
        store.commit(turn.clone()).await.unwrap();
        assert!(matches!(store.commit(turn).await, Err(StoreError::Conflict(_))), "it is done");
        let follow_up = store.claim_delivery(Time(0), 600_000).await.unwrap().unwrap();
        assert_eq!(follow_up.work.id, format!("follow-up-{round}"));
        store.commit(Turn { delivery: Some((follow_up.key, follow_up.lease)), ..Turn::default() }).await.unwrap();
        cuts += 2;
        assert_eq!(way.cuts.load(Ordering::Acquire), cuts, "each cut hit something");
    }
    assert_eq!(count(&store, "turns").await, 2 * ROUNDS as u64);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.inbox, counts.outbox), (0, ROUNDS as u64));
}

/// Somebody ends sessions as fast as they can be found.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn sessions_that_are_ended_at_random_lose_and_repeat_nothing() {
    const DELIVERIES: usize = 150;
    let server = super::running!();
    let store = leading(&server.address()).await;
    let client = server.client().await;
    let over = AtomicBool::new(false);
    // The leader's own connection is left alone: losing the lead is another test.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ci-rescue' \
        AND datname = 'rescue' AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' \
        AND classid = 7230091 AND objid = 3) ORDER BY random() LIMIT 1";
    let killing = async {
        let mut ended = 0;
        while !over.load(Ordering::Acquire) {
            ended += client.query(end, &[]).await.unwrap().len();
            tokio::task::yield_now().await;
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        ended
    };
    let working = async {
        let (mut kept, mut turns) = (BTreeSet::new(), 0);
        for n in 0..DELIVERIES {
            let id = format!("d{n}");
            // Whoever gets no answer sends it again.
            let answer = loop {
                match store.put_delivery(delivery(&id)).await {
                    Ok(answer) => break answer,
                    Err(why) => assert!(matches!(why, StoreError::Broken(_)), "{why}"),
                }
            };
            assert!(answer == Put::New, "{id} was kept by a call that failed");
            kept.insert(id);
            let claim = loop {
                if let Ok(Some(claim)) = store.claim_delivery(Time(0), 600_000).await {
                    break claim;
                }
            };
            let turn = Turn {
                delivery: Some((claim.key, claim.lease)),
                bump: vec!["turns".into()],
                settings: vec![(format!("done:{}", claim.work.id), Some(json!(1)))],
                ..Turn::default()
            };
            loop {
                match store.commit(turn.clone()).await {
                    Ok(()) => break,
                    Err(StoreError::Broken(_)) => {}
                    Err(why) => panic!("{}: a call that failed did it all the same: {why}", claim.work.id),
                }
            }
            turns += 1;
        }
        over.store(true, Ordering::Release);
        (kept, turns)
    };
    let (ended, (kept, turns)) = tokio::join!(killing, working);
    assert!(ended > 5, "{ended} sessions were ended");
    assert_eq!(count(&store, "turns").await, turns);
    let done: BTreeSet<String> =
        store.settings("done:").await.unwrap().into_iter().map(|(key, _)| key.replace("done:", "")).collect();
    assert_eq!(done, kept);
    assert_eq!(store.counts().await.unwrap().inbox, 0);
}
