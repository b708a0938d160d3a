//! From a webhook to the first call to Slack, with the whole bot at work: `cargo bench --bench publish`.
//!
//! Failures of distinct causes in repositories with a channel each: 20 a second in 40, with integrations that answer at
//! once and with integrations that take 300 ms a call, and 100 a second in 200. Then a quiet repository, with a failure
//! every two seconds, by itself and while another has 40 a second. Bot and doubles share the machine.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures")]

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::routing::post;
use axum::{Json, Router};
use ci_rescue::app::{App, Seats, SystemClock};
use ci_rescue::config;
use ci_rescue::demo::{Forge, sign};
use ci_rescue::store::{Ledger, Sled};
use common::{SECRET, failure, now_ms, serve};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

mod common;

const FEW: Pace = Pace { failures: 200, a_second: 20, repos: 40 };
const MANY: Pace = Pace { failures: 1_000, a_second: 100, repos: 200 };
/// Failures of the quiet repository, slow enough for its channel's pace, and of the noisy one in a second.
const QUIET: usize = 10;
const QUIET_EVERY_MS: usize = 2_000;
const NOISE: usize = 40;
/// Waiting for the last cards.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy)]
struct Pace {
    failures: usize,
    a_second: usize,
    repos: usize,
}

/// When each card was first asked for, by the commit that its sentence names.
type Seen = Arc<Mutex<BTreeMap<String, Instant>>>;

async fn posted(State(seen): State<Seen>, Json(body): Json<Value>) -> Json<Value> {
    let text = body["text"].as_str().unwrap_or_default();
    let mut seen = seen.lock().expect("a lock");
    for sha in text.split('@').skip(1).filter_map(|rest| rest.get(..7)) {
        seen.entry(sha.to_owned()).or_insert_with(Instant::now);
    }
    let ts = format!("1767268800.{:06}", seen.len());
    Json(json!({"ok": true, "channel": body["channel"], "ts": ts, "message": {"ts": ts}}))
}

fn slack(seen: &Seen) -> Router {
    let done = || async { Json(json!({"ok": true, "channel": "C", "ts": "1.1", "message": {}})) };
    let messages = Router::new().route("/api/chat.postMessage", post(posted)).route("/api/chat.update", post(done));
    common::slack().merge(messages.with_state(Arc::clone(seen)))
}

/// Calls of each kind: the last word of the path that is not a number.
type Calls = Arc<Mutex<BTreeMap<String, usize>>>;

fn slowed(router: Router, by: Duration, calls: &Calls) -> Router {
    let calls = Arc::clone(calls);
    router.layer(from_fn(move |request: Request, next: Next| {
        let path = request.uri().path();
        let kind = path.rsplit('/').find(|part| part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'.'));
        *calls.lock().expect("a lock").entry(kind.unwrap_or_default().to_owned()).or_default() += 1;
        async move {
            tokio::time::sleep(by).await;
            next.run(request).await
        }
    }))
}

/// A failure to come: when, and in which repository.
#[derive(Clone, Copy)]
struct Coming {
    at_ms: usize,
    repo: usize,
}

impl Pace {
    fn plan(self) -> Vec<Coming> {
        let coming = |n| Coming { at_ms: n * 1_000 / self.a_second, repo: n % self.repos };
        (0..self.failures).map(coming).collect()
    }
}

/// Repository 0 has a failure every two seconds; repository 1 has so many a second.
fn beside(noise: usize) -> Vec<Coming> {
    let every = |n: usize| {
        let loud = (0..noise * QUIET_EVERY_MS / 1_000).map(move |k| k * 1_000 / NOISE);
        let loud = loud.map(move |ms| Coming { at_ms: n * QUIET_EVERY_MS + ms, repo: 1 });
        loud.chain([Coming { at_ms: n * QUIET_EVERY_MS + QUIET_EVERY_MS - 10, repo: 0 }])
    };
    (0..QUIET).flat_map(every).collect()
}

fn configured(repos: usize, forge: SocketAddr, slack: SocketAddr) -> String {
    let mut text = common::configuration(forge, slack);
    for n in 0..repos {
        text += &format!(
            "[[subscriptions]]\nplatform = \"slack\"\nchannel = \"C{n:07}\"\nrepo = \"bench/repo{n}\"\nbranch = \"*\"\n"
        );
    }
    text
}

/// Milliseconds from each webhook to the first call that shows its failure, of one repository or of all.
async fn measure(plan: &[Coming], of: Option<usize>, slow: Duration, calls: &Calls) -> Vec<f64> {
    let repos = plan.iter().map(|coming| coming.repo + 1).max().unwrap_or(0);
    let stop = CancellationToken::new();
    let seen = Seen::default();
    let forge = Forge::new(Arc::new(now_ms), None);
    for n in 0..repos {
        forge.add_repo(&format!("bench/repo{n}"));
    }
    let forge_at = serve(slowed(ci_rescue::demo::router(forge.clone()), slow, calls), &stop).await;
    let slack_at = serve(slowed(slack(&seen), slow, calls), &stop).await;
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = config::parse(&configured(repos, forge_at, slack_at), &[]).expect("a configuration");
    config.store.path = dir.path().join("store");
    let store = Ledger::open(Sled::open(&config.store.path).expect("a store")).expect("a ledger");
    let app = App::build(&config, Arc::new(store), Arc::new(SystemClock), Seats::Operator, Vec::new(), None);
    let app = app.await.expect("an app");
    let tasks = TaskTracker::new();
    app.engine.run(&tasks, &stop);
    let at = serve(app.public.clone(), &stop).await;

    let http = reqwest::Client::new();
    let mut sent = BTreeMap::new();
    let begun = Instant::now();
    for (n, coming) in plan.iter().enumerate() {
        let due = Duration::from_millis(coming.at_ms as u64);
        tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
        let spec = failure(n, coming.repo);
        let sha = spec.sha[..7].to_owned();
        let id = forge.start(spec);
        forge.finish(id);
        sent.insert(sha, (coming.repo, Instant::now()));
        for hook in forge.take_hooks() {
            let body = hook.body.replace("{web}", &format!("http://{forge_at}"));
            let request = http
                .post(format!("http://{at}/webhooks/github"))
                .header("content-type", "application/json")
                .header("x-github-event", hook.event)
                .header("x-github-delivery", &hook.id)
                .header("x-hub-signature-256", sign(SECRET, body.as_bytes()))
                .body(body);
            tokio::spawn(request.send());
        }
    }
    let deadline = Instant::now() + PATIENCE;
    let wanted = |sent: &BTreeMap<String, (usize, Instant)>, seen: &BTreeMap<String, Instant>| {
        sent.iter().all(|(sha, (repo, _))| of.is_some_and(|of| of != *repo) || seen.contains_key(sha))
    };
    while !wanted(&sent, &seen.lock().expect("a lock")) && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let seen = seen.lock().expect("a lock");
    let late = |sha: &str, sent: Instant| seen.get(sha).map(|at| at.duration_since(sent).as_secs_f64() * 1e3);
    let asked = sent.iter().filter(|(_, (repo, _))| of.is_none_or(|of| of == *repo));
    let mut all: Vec<f64> = asked.filter_map(|(sha, (_, sent))| late(sha, *sent)).collect();
    all.sort_by(f64::total_cmp);
    all
}

fn at(all: &[f64], percent: usize) -> f64 {
    all.get((all.len() * percent / 100).min(all.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        println!("webhook to first call to Slack");
        for (pace, name, slow) in [(FEW, "answer at once", 0), (FEW, "take 300 ms", 300), (MANY, "answer at once", 0)] {
            let Pace { failures, a_second, repos } = pace;
            println!("{failures} failures, {a_second} a second, {repos} channels");
            let calls = Calls::default();
            let all = measure(&pace.plan(), None, Duration::from_millis(slow), &calls).await;
            println!(
                "integrations that {name:<14}: {} of {failures} shown, p50 {:>6.0} ms, p90 {:>6.0} ms, p99 {:>6.0} ms, longest {:>6.0} ms",
                all.len(), at(&all, 50), at(&all, 90), at(&all, 99), at(&all, 100)
            );
            let calls = calls.lock().expect("a lock");
            let calls: Vec<String> = calls.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
            println!("  calls: {}", calls.join(", "));
        }
        let (calls, none) = (Calls::default(), Duration::ZERO);
        let alone = measure(&beside(0), Some(0), none, &calls).await;
        let noisy = measure(&beside(NOISE), Some(0), none, &calls).await;
        println!(
            "a failure every two seconds in a quiet repository: p50 {:.1} ms, longest {:.1} ms by itself; p50 {:.1} ms, longest {:.1} ms beside {NOISE} a second in another: {:.1} and {:.1} times that ({} and {} of {QUIET} shown)",
            at(&alone, 50), at(&alone, 100), at(&noisy, 50), at(&noisy, 100),
            at(&noisy, 50) / at(&alone, 50), at(&noisy, 100) / at(&alone, 100), alone.len(), noisy.len()
        );
    });
}
