//! What every store has to do, and what a start says that cannot be one.

#![allow(clippy::disallowed_methods, reason = "programs start on threads of their own")]

use super::server::{PASSWORD, address, leading, open};
use crate::conformance::{conforms, delivery, effect, surface};
use ci_rescue::domain::actor::Platform;
use ci_rescue::domain::outcome::{Ended, Outcome};
use ci_rescue::domain::time::Time;
use ci_rescue::ports::{Check, Due, History, Put, Store, Turn};
use ci_rescue::store::Postgres;
use futures::StreamExt;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_conforms() {
    let server = super::running!();
    let store = leading(&server.address()).await;
    let client = server.client().await;
    // Leases are by the server's clock: instead of waiting, they are moved back.
    let pass = |ms: i64| -> futures::future::BoxFuture<'_, ()> {
        let sql = format!("UPDATE ci_rescue.work SET until = until - interval '{ms} milliseconds'");
        let client = &client;
        Box::pin(async move { client.batch_execute(&sql).await.unwrap() })
    };
    conforms(&store, &pass).await;
    store.probe().await.unwrap();
    assert_eq!(store.counts().await.unwrap().dead, 1);
    let checks: Vec<_> = store.verify().await.unwrap().collect().await;
    assert!(matches!(checks.last(), Some(Ok(Check::Done { files: 1, .. }))), "{checks:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_there_after_a_restart() {
    let server = super::running!();
    {
        let store = leading(&server.address()).await;
        store.put_delivery(delivery("kept")).await.unwrap();
        let turn = Turn { effects: vec![effect()], dirty: vec![(surface(), 1, 0)], ..Turn::default() };
        store.commit(turn).await.unwrap();
        store.claim_delivery(Time(0), 1_000_000).await.unwrap().unwrap();
    }
    let store = leading(&server.address()).await;
    assert_eq!(store.put_delivery(delivery("kept")).await, Ok(Put::Duplicate));
    let claim = store.claim_delivery(Time(0), 1_000_000).await.unwrap().unwrap();
    assert_eq!((claim.work.id.as_str(), claim.attempts), ("kept", 1), "a dead process holds no lease");
    assert!(store.claim_effect(Time(5_000), 10).await.unwrap().is_some());
    let due = store.due_publications(&Platform::new("slack"), Due::First, Time(0), &[], 10).await.unwrap();
    assert_eq!(due.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrives_together_is_kept_once_each() {
    let server = super::running!();
    let stores = [leading(&server.address()).await, open(&server.address())];
    let put = |n: usize| stores[n % 2].put_delivery(delivery(&format!("d{}", n / 3)));
    let answers = futures::future::join_all((0..600).map(put)).await;
    let new = answers.iter().filter(|answer| **answer == Ok(Put::New)).count();
    let known = answers.iter().filter(|answer| **answer == Ok(Put::Duplicate)).count();
    assert_eq!((new, known), (200, 400));
    // Claims that are made together, too, each get another.
    let mut seen = BTreeSet::new();
    let claims = (0..300).map(|_| stores[0].claim_delivery(Time(0), 1_000_000));
    for claim in futures::future::join_all(claims).await {
        if let Some(claim) = claim.unwrap() {
            assert!(seen.insert(claim.work.id.clone()), "{} twice", claim.work.id);
        }
    }
    while let Some(claim) = stores[0].claim_delivery(Time(0), 1_000_000).await.unwrap() {
        assert!(seen.insert(claim.work.id));
    }
    assert_eq!(seen.len(), 200);
}

/// Each keeps the numbers of names in memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_record_history_in_turns_give_each_name_its_own_number() {
    let server = super::running!();
    let stores = [open(&server.address()), open(&server.address())];
    let outcome = |n: usize| Outcome {
        repo: "acme/shop".into(),
        branch: "main".into(),
        default_branch: Some("main".into()),
        sha: format!("sha-{n}"),
        run: n as u64 + 1,
        attempt: 1,
        workflow: "ci".into(),
        job: format!("job {n}").as_str().into(),
        test: None,
        ended: Ended::Pass,
        at: Time(i64::try_from(n).unwrap()),
        duration_ms: None,
        fingerprint: None,
        harmless: None,
    };
    for n in 0..12 {
        stores[n % 2].record(vec![outcome(n)]).await.unwrap();
    }
    let wanted: BTreeSet<String> = (0..12).map(|n| format!("job {n}")).collect();
    for store in [&stores[0], &stores[1], &open(&server.address())] {
        let series = store.series(Some("acme/shop")).await.unwrap();
        assert_eq!(series.len(), 12);
        assert_eq!(series.into_iter().map(|(_, named)| named.job).collect::<BTreeSet<_>>(), wanted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_used_says_what_to_do() {
    let server = super::running!();
    let port = server.port;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    drop(open(&server.address()));
    let client = server.client().await;
    server.sql("CREATE DATABASE newer").await;
    server.sql("CREATE ROLE guest LOGIN PASSWORD 'guest-word'").await;
    server.sql("CREATE DATABASE shut").await;
    drop(open(&address(&format!("postgres://bot:{PASSWORD}@127.0.0.1:{port}/newer?sslmode=disable"))));
    let later = "INSERT INTO ci_rescue.migrations (step, program) VALUES (99, '9.9.9')";
    let newer = format!("postgres://bot:{PASSWORD}@127.0.0.1:{port}/newer");
    let (other, connection) = tokio_postgres::connect(&newer, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    other.batch_execute(later).await.unwrap();
    for (url, words) in [
        (format!("postgres://bot:wrong-word@127.0.0.1:{port}/rescue"), &["refuses the user bot", "store.url"][..]),
        (format!("postgres://bot:{PASSWORD}@127.0.0.1:{port}/none"), &["has no database none", "createdb --owner bot"]),
        (format!("postgres://bot:{PASSWORD}@127.0.0.1:{closed}/rescue"), &["cannot be reached", "refused"]),
        (newer, &["written by CI Rescue 9.9.9", "schema 99", "newer"]),
        (format!("postgres://guest:guest-word@127.0.0.1:{port}/shut"), &["permission denied", "ALTER DATABASE shut"]),
        (format!("postgres://bot:{PASSWORD}@127.0.0.1:{port}/rescue?sslmode=require"), &["TLS"]),
    ] {
        let why = Postgres::open(&address(&url)).err().expect("it is refused").to_string();
        for word in words {
            assert!(why.contains(word), "{word}: {why}");
        }
        assert!(!why.contains("-word"), "{why}");
        assert_eq!(why.lines().count(), 1, "{why}");
    }
    // Looking changes nothing.
    let look = |name: &str| Postgres::look(&address(&format!("postgres://bot:{PASSWORD}@127.0.0.1:{port}/{name}")));
    assert!(look("shut").unwrap().contains("made at the first start"));
    assert!(!look("rescue").unwrap().contains("first start"));
    let rows = client.query("SELECT count(*) FROM ci_rescue.migrations", &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, i64>(0), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_make_the_tables_once() {
    let server = super::running!();
    let starts = (0..4).map(|_| {
        let address = server.address();
        tokio::task::spawn_blocking(move || open(&address))
    });
    for store in futures::future::join_all(starts).await {
        store.unwrap().probe().await.unwrap();
    }
    let rows = server.client().await.query("SELECT count(*) FROM ci_rescue.migrations", &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, i64>(0), 1);
}
