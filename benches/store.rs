//! What durability costs: deliveries written and acknowledged by the store alone, and how long it takes to open again.
//!
//! `cargo bench --bench store`. Where PostgreSQL is installed, its writes beside the embedded store's, as a ratio. Each figure is the median of three turns.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures")]

use ci_rescue::domain::event::{Event, Timer};
use ci_rescue::domain::{IncidentNo, Time};
use ci_rescue::ports::{Delivery, Store};
use ci_rescue::store::{Ledger, Postgres, Sled};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[path = "../tests/it/postgres/server.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod server;

const TURN: Duration = Duration::from_secs(2);
const TURNS: usize = 3;
const BODY_BYTES: usize = 9_600;

fn delivery(n: u64) -> Delivery {
    let event = Event::Fired { incident: IncidentNo(1), timer: Timer::Watch };
    let mut delivery = Delivery::internal(format!("bench-{n}"), Time(1), &event);
    delivery.body = format!("{n} step of a job that went well; ").repeat(BODY_BYTES / 34);
    delivery
}

fn open(dir: &Path) -> Arc<Ledger<Sled>> {
    Arc::new(Ledger::open(Sled::open(dir).unwrap_or_else(|why| panic!("{why}"))).expect("a ledger"))
}

/// Writes a second by `writers` side by side.
async fn load<S: Store + 'static>(store: &Arc<S>, writers: usize, ids: &Arc<AtomicU64>) -> f64 {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let (store, ids) = (Arc::clone(store), Arc::clone(ids));
            tokio::spawn(async move {
                let mut count = 0_u64;
                while begun.elapsed() < TURN {
                    store.put_delivery(delivery(ids.fetch_add(1, Ordering::Relaxed))).await.expect("a write");
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await.expect("a writer");
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

/// The same in a server on this disk; `None` where none is installed.
async fn in_database(writers: usize, ids: &Arc<AtomicU64>) -> Option<f64> {
    let server = server::Server::begin(&[]).await?;
    let store: Arc<Postgres> = Arc::new(server::open(&server.address()));
    let mut rates = Vec::new();
    for _ in 0..TURNS {
        rates.push(load(&store, writers, ids).await);
    }
    rates.sort_by(f64::total_cmp);
    Some(rates[TURNS / 2])
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let ids = Arc::new(AtomicU64::new(0));
        for writers in [1, 64, 256] {
            let (mut rates, mut opening) = (Vec::new(), Vec::new());
            for _ in 0..TURNS {
                let dir = tempfile::tempdir().expect("a directory");
                let store = open(dir.path());
                let rate = load(&store, writers, &ids).await;
                drop(store);
                // sled lets go of its file a moment after it is dropped.
                tokio::time::sleep(Duration::from_secs(1)).await;
                let rows = rate * TURN.as_secs_f64() * 2.0;
                let begun = Instant::now();
                open(dir.path());
                rates.push(rate);
                opening.push(rows / begun.elapsed().as_secs_f64());
            }
            rates.sort_by(f64::total_cmp);
            opening.sort_by(f64::total_cmp);
            println!(
                "{writers:>4} writers: {:>7.0} writes/s; opened at {:>8.0} rows/s",
                rates[TURNS / 2],
                opening[TURNS / 2]
            );
            if let Some(rate) = in_database(writers, &ids).await {
                println!("{:>13} in PostgreSQL: {rate:>7.0} writes/s, {:.2} of that", "", rate / rates[TURNS / 2]);
            }
        }
    });
}
