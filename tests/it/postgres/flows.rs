//! Whole flows on a store in a database: what they promise on sled, they promise here.

use super::server::{Server, address, leading};
use crate::flows::pairs::{REMEDIES, pairs};
use crate::flows::storm::{is_alone, storm};
use ci_rescue::ports::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// As many as make a storm in each repository; `CI_RESCUE_STORM` is another number.
const JOBS: u64 = 2_000;

/// Stores in databases of their own, one after the other.
struct Databases {
    server: Server,
    made: AtomicU32,
}

impl Databases {
    async fn next(&self) -> Arc<dyn Store> {
        let name = format!("rescue_{}", self.made.fetch_add(1, Ordering::Relaxed));
        self.server.sql(&format!("CREATE DATABASE {name}")).await;
        let url = self.server.url(self.server.port).replace("/rescue?", &format!("/{name}?"));
        Arc::new(leading(&address(&url)).await)
    }
}

async fn on_all_sixteen_pairs(remedy: usize) {
    let databases = Databases { server: super::running!(), made: AtomicU32::default() };
    pairs(REMEDIES[remedy], async || databases.next().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rerun_proposed_and_approved_on_all_sixteen_pairs() {
    on_all_sixteen_pairs(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "two minutes: `just prove` runs it"]
async fn a_quarantine_proposed_and_approved_on_all_sixteen_pairs() {
    on_all_sixteen_pairs(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "two minutes: `just prove` runs it"]
async fn a_revert_proposed_and_approved_on_all_sixteen_pairs() {
    on_all_sixteen_pairs(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_failing_jobs_is_few_cards() {
    if !is_alone("postgres::flows::a_storm_of_failing_jobs_is_few_cards") {
        return;
    }
    let server = super::running!();
    let jobs = std::env::var("CI_RESCUE_STORM").ok().and_then(|n| n.parse().ok()).unwrap_or(JOBS);
    storm(Arc::new(leading(&server.address()).await), jobs).await;
}
