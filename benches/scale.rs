//! A store of 100,000 incidents: `cargo bench --bench scale [-- INCIDENTS]`.
//!
//! One failure goes through the whole bot; what is stored of it is stored again under other numbers, in 200 repositories
//! and closed but for the newest 200. Then: how soon the bot works again after a start, how much memory it takes, and
//! how long a page of incidents takes. Each figure of a page is the median of 21 and the longest.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures")]

use axum::routing::post;
use axum::{Json, Router};
use ci_rescue::app::{App, Seats, SystemClock};
use ci_rescue::config::{self, Config};
use ci_rescue::demo::{Forge, sign};
use ci_rescue::domain::actor::Platform;
use ci_rescue::domain::facts::RunSeen;
use ci_rescue::domain::incident::Incident;
use ci_rescue::domain::journal::Entry;
use ci_rescue::domain::{IncidentNo, Stage, Time};
use ci_rescue::ports::{Publication, Query, Store, Surface, Turn};
use ci_rescue::store::{Ledger, Sled};
use common::{SECRET, failure, now_ms, serve};
use futures::StreamExt;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

mod common;

const INCIDENTS: u64 = 100_000;
const REPOS: u64 = 200;
const OPEN: u64 = 200;
/// Incidents in one transaction, and writes at the same time.
const TOGETHER: u64 = 50;
const WRITERS: usize = 64;
const PAGES: usize = 21;
/// Waiting for the one card.
const PATIENCE: Duration = Duration::from_secs(30);

type Held = Arc<Ledger<Sled>>;

fn slack() -> Router {
    let posted = || async {
        Json(
            json!({"ok": true, "channel": "C0000001", "ts": "1767268800.000001", "message": {"ts": "1767268800.000001"}}),
        )
    };
    common::slack().route("/api/chat.postMessage", post(posted)).route("/api/chat.update", post(posted))
}

fn configured(dir: &Path, forge: SocketAddr, slack: SocketAddr) -> Config {
    let feed = "[[subscriptions]]\nplatform = \"slack\"\nchannel = \"C0000001\"\nrepo = \"bench/*\"\nbranch = \"*\"\n";
    let text = common::configuration(forge, slack) + feed;
    let mut config = config::parse(&text, &[]).expect("a configuration");
    config.store.path = dir.join("store");
    config
}

fn open(config: &Config) -> Held {
    Arc::new(Ledger::open(Sled::open(&config.store.path).expect("a store")).expect("a ledger"))
}

async fn app(config: &Config, store: Held) -> App {
    App::build(config, store, Arc::new(SystemClock), Seats::Operator, Vec::new(), None).await.expect("an app")
}

/// What is stored of one failure that was shown.
struct Pattern {
    incident: Incident,
    journal: Vec<Entry>,
    surface: Surface,
    publication: Publication,
    run: RunSeen,
}

async fn pattern(config: &Config, forge: &Forge, forge_at: SocketAddr) -> Pattern {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let store = open(config);
    let app = app(config, Arc::clone(&store)).await;
    app.engine.run(&tasks, &stop);
    let at = serve(app.public.clone(), &stop).await;
    let id = forge.start(failure(0, 0));
    forge.finish(id);
    let http = reqwest::Client::new();
    for hook in forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{forge_at}"));
        let request = http.post(format!("http://{at}/webhooks/github")).header("content-type", "application/json");
        let request = request.header("x-github-event", hook.event).header("x-github-delivery", &hook.id);
        request
            .header("x-hub-signature-256", sign(SECRET, body.as_bytes()))
            .body(body)
            .send()
            .await
            .expect("an answer");
    }
    let deadline = Instant::now() + PATIENCE;
    let pattern = loop {
        assert!(Instant::now() < deadline, "no card");
        tokio::time::sleep(Duration::from_millis(100)).await;
        // What only waits for something else to come stays in the outbox.
        let shown = store.publications(&Platform::new("slack")).await.expect("an answer").into_iter().next();
        let Some((surface, publication)) = shown.filter(|(_, card)| card.message.is_some() && !card.is_due()) else {
            continue;
        };
        let incident = store.incident(IncidentNo(1)).await.expect("an answer").expect("an incident");
        let journal = store.journal(IncidentNo(1), 0, usize::MAX).await.expect("a journal");
        let run = store.runs().await.expect("runs").into_iter().next().expect("a run").1;
        break Pattern { incident, journal, surface, publication, run };
    };
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    pattern
}

/// The incident under another number.
fn another(pattern: &Pattern, no: u64, of: u64) -> Incident {
    let mut incident = pattern.incident.clone();
    (incident.no, incident.version) = (IncidentNo(no), 1);
    incident.repo = format!("bench/repo{}", no % REPOS).parse().expect("a name");
    incident.sha = format!("{no:040x}");
    if no + OPEN <= of {
        (incident.stage, incident.closed_at) = (Stage::Resolved, Some(Time(now_ms())));
    }
    incident
}

async fn fill(store: &Held, pattern: &Pattern, of: u64) {
    let first = (2..=of).step_by(usize::try_from(TOGETHER).expect("a few"));
    let turns = first.map(|first| async move {
        let mut turn = Turn::default();
        for no in first..(first + TOGETHER).min(of + 1) {
            let incident = another(pattern, no, of);
            turn.runs.push((format!("{}:{no}", incident.repo), pattern.run.clone()));
            turn.journal.extend(pattern.journal.iter().map(|entry| (incident.no, entry.clone())));
            turn.incidents.push(incident);
        }
        store.commit(turn).await.expect("a commit");
    });
    futures::stream::iter(turns).buffer_unordered(WRITERS).count().await;
    let cards = (2..=of).map(|no| async move {
        let surface = Surface { incident: IncidentNo(no), ..pattern.surface.clone() };
        let message = Some(format!("1767268800.{no:06}"));
        let publication = Publication { version: 1, message, ..pattern.publication.clone() };
        store.put_publication(&surface, publication).await.expect("a card");
    });
    futures::stream::iter(cards).buffer_unordered(WRITERS * 4).count().await;
    let next = vec![("next_incident".to_owned(), Some(json!(of + 1)))];
    store.commit(Turn { settings: next, ..Turn::default() }).await.expect("a commit");
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) >> 10
}

/// The median and the longest, in milliseconds.
async fn timed<F: Future>(mut of: impl FnMut() -> F) -> String {
    let mut all = Vec::new();
    for _ in 0..PAGES {
        let begun = Instant::now();
        of().await;
        all.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    all.sort_by(f64::total_cmp);
    format!("{:>9.2} ms, longest {:>9.2} ms", all[PAGES / 2], all[PAGES - 1])
}

async fn pages(store: &Held) {
    let page = Query { limit: 20, ..Query::default() };
    for (what, query) in [
        ("the newest", page.clone()),
        ("the open ones", Query { open_only: true, ..page.clone() }),
        ("a page in the middle", Query { before: Some(INCIDENTS / 2), ..page.clone() }),
        ("of one repository", Query { repo: Some("bench/repo7".into()), ..page.clone() }),
        ("of a repository without any", Query { repo: Some("bench/none".into()), ..page.clone() }),
        ("a word in all of them", Query { text: Some("valueerror".into()), ..page.clone() }),
        ("a word in none", Query { text: Some("no such word".into()), ..page.clone() }),
    ] {
        let took = timed(|| async { store.incidents(&query).await.expect("a page") }).await;
        println!("{what:<28} {took}");
    }
    println!("{:<28} {}", "counts", timed(|| async { store.counts().await.expect("counts") }).await);
}

fn main() {
    let of = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(INCIDENTS);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let dir = tempfile::tempdir().expect("a directory");
        let forge = Forge::new(Arc::new(now_ms), None);
        forge.add_repo("bench/repo0");
        let forge_at = serve(ci_rescue::demo::router(forge.clone()), &stop).await;
        let config = configured(dir.path(), forge_at, serve(slack(), &stop).await);
        let pattern = pattern(&config, &forge, forge_at).await;
        // sled lets go of its file a moment after it is dropped.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let begun = Instant::now();
        let store = open(&config);
        fill(&store, &pattern, of).await;
        println!(
            "{of} incidents, each with {} entries, a run and a card: stored in {:.0} s",
            pattern.journal.len(),
            begun.elapsed().as_secs_f64()
        );
        drop(store);
        tokio::time::sleep(Duration::from_secs(3)).await;

        let before = resident_mb();
        let begun = Instant::now();
        let store = open(&config);
        let opened = begun.elapsed().as_secs_f64();
        let app = app(&config, Arc::clone(&store)).await;
        println!(
            "opened and checked in {opened:.2} s, at work after {:.2} s, {} MB more",
            begun.elapsed().as_secs_f64(),
            resident_mb().saturating_sub(before)
        );
        pages(&store).await;
        drop(app);
        stop.cancel();
    });
}
