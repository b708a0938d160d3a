//! Ten thousand failing jobs in a minute: few messages, at each platform's pace, and nothing dropped.

use super::events::{job_event, run_started};
use crate::world::{CHANNEL, Setup, World};
use ci_rescue::ports::{Clock, Query, Store};
use ci_rescue::store::{Ledger, Memory};
use futures::StreamExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const REPOS: u64 = 50;
const JOBS: u64 = 10_000;
/// Deliveries that are under way at once.
const AT_ONCE: usize = 64;

fn feeds() -> String {
    let feed = |platform: &str, channel: &str| {
        format!(
            "[[subscriptions]]\nplatform = \"{platform}\"\nchannel = \"{channel}\"\nrepo = \"storm/*\"\nbranch = \"*\"\n"
        )
    };
    feed("slack", CHANNEL) + &feed("discord", crate::world::discord::CHANNEL)
}

/// Resident memory of this process, in bytes (Linux).
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1_024
}

fn delivery(n: u64) -> (String, String) {
    let repo = n % REPOS;
    let (_, body) = job_event("completed", json!("failure"), 1_000 + repo, 1, &format!("job {}", n / REPOS));
    let mut body: Value = serde_json::from_str(&body).unwrap();
    body["repository"]["full_name"] = json!(format!("storm/repo{repo}"));
    body["workflow_job"]["id"] = json!(100_000 + n);
    (format!("storm-{n}"), body.to_string())
}

/// Memory is a process's: tests that run beside this one must not count. The test runs itself once more, alone.
pub fn is_alone(name: &str) -> bool {
    const ALONE: &str = "CI_RESCUE_STORM_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut again = std::process::Command::new(std::env::current_exe().expect("this program"));
    let done = again.args([name, "--exact", "--nocapture"]).env(ALONE, "1").status().expect("a run");
    assert!(done.success(), "see above");
    false
}

#[tokio::test]
async fn ten_thousand_failing_jobs_are_few_cards() {
    if is_alone("flows::storm::ten_thousand_failing_jobs_are_few_cards") {
        storm(Arc::new(Ledger::open(Memory::default()).unwrap()), JOBS).await;
    }
}

/// So many jobs fail within a minute.
pub async fn storm(store: Arc<dyn Store>, jobs: u64) {
    let per_repo = jobs / REPOS;
    let world = World::on(Setup { config: feeds(), discord: true, ..Setup::default() }, store).await;
    for repo in 0..REPOS {
        world.forge.add_repo(&format!("storm/repo{repo}"));
        let (kind, body) = run_started(1_000 + repo);
        let body = body.replace(crate::world::REPO, &format!("storm/repo{repo}"));
        assert!(world.hook(&kind, &world.id(), &body).await.is_success());
    }
    let before = resident();
    let start = world.clock.now();
    let world = &world;
    let sent = futures::stream::iter(0..jobs).map(|n| async move {
        let (id, body) = delivery(n);
        assert!(world.hook("workflow_job", &id, &body).await.is_success());
        // A minute passes while they come.
        if n.is_multiple_of(jobs / 60) {
            world.clock.advance(1_000);
        }
    });
    // The engine works while they come, as it does in a running bot.
    let sending = AtomicBool::new(true);
    let all = async {
        sent.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        sending.store(false, Ordering::SeqCst);
    };
    // A turn is never cut off half-way: what it has claimed would wait for its lease to end.
    let work = async {
        while sending.load(Ordering::SeqCst) {
            world.app.engine.turn().await.expect("turn");
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(all, work);
    while world.app.engine.turn().await.expect("turn") {}
    world.settle().await;
    let grown = resident().saturating_sub(before);

    let query = Query { limit: 1_000, ..Query::default() };
    let incidents = world.store.incidents(&query).await.unwrap();
    assert_eq!(incidents.len() as u64, REPOS, "one incident for each run");
    let counted: u64 = incidents.iter().map(|incident| incident.failures).sum();
    assert_eq!(counted, jobs, "nothing dropped");
    assert!(incidents.iter().all(|incident| incident.storm && incident.failures == per_repo));
    // One channel for all: the first has a card, the others wait for no slot of their own.
    let (slack, discord) = (world.slack.cards(), world.discord.cards());
    assert!(slack.len() <= 4 && discord.len() <= 4, "{} and {} messages", slack.len(), discord.len());
    assert!(slack[0].words().contains(&format!("{per_repo} jobs failed")), "{}", slack[0].words());
    let named = |words: String| {
        let more = words.split(" more failures").next().and_then(|before| before.rsplit(' ').next());
        more.map_or(1, |n| n.trim_matches('*').parse().unwrap_or(1))
    };
    assert_eq!(slack.iter().map(|card| named(card.words())).sum::<u64>(), REPOS);
    assert_eq!(discord.iter().map(|card| named(card.words())).sum::<u64>(), REPOS);
    // Slack's pace: a message a second and channel; Discord's: five in five seconds.
    let passed = u64::try_from(world.clock.now().ms_since(start)).unwrap() / 1_000 + 1;
    for (platform, writes) in [
        ("slack", world.slack.calls("chat.postMessage") + world.slack.calls("chat.update")),
        ("discord", world.discord.calls("create") + world.discord.calls("edit")),
    ] {
        assert!(writes as u64 <= passed, "{platform}: {writes} writes to one channel in {passed} s");
    }
    let logs = world.forge.lock().calls.iter().filter(|call| call.path.ends_with("/logs")).count() as u64;
    assert!(logs <= 5 * REPOS, "{logs} logs fetched");
    println!("{jobs} jobs, {REPOS} incidents, {passed} s of the bot's clock, grown by {} MB", grown >> 20);
    assert!(grown < 256 << 20, "{} MB", grown >> 20);
}
