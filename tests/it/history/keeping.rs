//! The store keeps outcomes: in any order and any batches the same, on disk and in memory, and forgets them in time.

use crate::sim::verdicts::outcome;
use crate::sim::{Shape, simulate};
use ci_rescue::domain::outcome::Outcome;
use ci_rescue::domain::{Time, past::Row};
use ci_rescue::ports::{Before, History, Named, Store};
use ci_rescue::store::{Ledger, Memory, Sled};

fn outcomes() -> Vec<Outcome> {
    let shape = Shape { days: 10, repos: 2, tests: (20, 30), ..Shape::default() };
    simulate(5, &shape).lines.iter().map(outcome).collect()
}

/// Each series by name with its executions; numbers of names depend on the order and are left out.
async fn held(store: &dyn History) -> Vec<(Named, Vec<Row>)> {
    let mut all = Vec::new();
    for (series, named) in store.series(None).await.unwrap() {
        let (rows, _) = store.executions(series).await.unwrap();
        let plain = |row: Row| Row { branch: 0, workflow: 0, ..row };
        let mut rows: Vec<Row> = rows.into_iter().map(plain).collect();
        rows.sort_by_key(|row| (row.run, row.attempt));
        all.push((named, rows));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[tokio::test]
async fn batches_and_order_make_no_difference() {
    // A report that came twice, with another time, is the first one.
    let mut outcomes = outcomes();
    let mut seen = std::collections::HashSet::new();
    outcomes.retain(|one| seen.insert((one.repo.clone(), one.run, one.attempt, one.job.clone(), one.test.clone())));
    let whole = Ledger::open(Memory::default()).unwrap();
    whole.record(outcomes.clone()).await.unwrap();
    let want = held(&whole).await;
    assert!(want.len() > 20 && want.iter().any(|(_, rows)| rows.len() > 96), "{}", want.len());
    let dir = tempfile::tempdir().unwrap();
    let pieces = Ledger::open(Sled::open(dir.path()).unwrap()).unwrap();
    fastrand::Rng::with_seed(1).shuffle(&mut outcomes);
    for batch in outcomes.chunks(700) {
        pieces.record(batch.to_vec()).await.unwrap();
        assert_eq!(pieces.record(batch.to_vec()).await.unwrap().new, 0);
    }
    assert_eq!(held(&pieces).await, want);
    drop(pieces);
    let again = Ledger::open(Sled::open(dir.path()).unwrap()).unwrap();
    assert_eq!(held(&again).await, want);
}

#[tokio::test]
async fn what_is_old_is_forgotten() {
    let outcomes = outcomes();
    let store = Ledger::open(Memory::default()).unwrap();
    let recorded = store.record(outcomes.clone()).await.unwrap();
    let never = Time(i64::MIN / 2);
    let newest = outcomes.iter().map(|one| one.at).max().unwrap();
    let before = Before { seen: never, closed: never, history: newest.plus_ms(1) };
    assert!(store.compact(before).await.unwrap() > 20);
    assert!(held(&store).await.iter().all(|(_, rows)| rows.is_empty()));
    assert_eq!(store.record(outcomes).await.unwrap(), recorded, "it may come again");
}

#[tokio::test]
async fn a_name_without_end_is_cut_and_found_by_itself() {
    let store = Ledger::open(Memory::default()).unwrap();
    let long = "x".repeat(1 << 20);
    let mut one = outcomes().remove(0);
    (one.test, one.job) = (Some(long.as_str().into()), "test".into());
    assert_eq!(store.record(vec![one.clone()]).await.unwrap().new, 1);
    assert_eq!(store.record(vec![one.clone()]).await.unwrap().known, 1);
    let series = store.series(None).await.unwrap();
    assert_eq!(series.iter().map(|(_, named)| named.test.as_ref().map(String::len)).collect::<Vec<_>>(), [Some(512)]);
    let (past, _) = store.with(&[]).await.unwrap().past(&one).unwrap();
    assert_eq!(past.rows.len(), 1);
}
