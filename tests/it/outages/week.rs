//! A neighbour that is down for a week costs no more than one that is up, and is told everything when it comes back. The
//! suite waits half a day; `CI_RESCUE_OUTAGE_HOURS=168` is the week.

use super::recovery::{later, work};
use crate::flows::storm::is_alone;
use crate::world::{Setup, World, job, spec};
use ci_rescue::ports::Ask;
use std::fs;
use std::path::Path;

const HOUR: i64 = 3_600_000;
/// The share by which a week of outage may be larger on disk than one without.
const MORE: f64 = 2.0;
/// Turns of two seconds in which a channel catches up.
const PACES_MAX: u32 = 120;
/// What the process may grow by in an outage.
const MEMORY_MAX: u64 = 128 << 20;

/// How long it is away, and what the counts are bounded by.
fn hours() -> i64 {
    std::env::var("CI_RESCUE_OUTAGE_HOURS").ok().and_then(|hours| hours.parse().ok()).unwrap_or(12)
}

/// Which neighbour is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Away {
    Nobody,
    Slack,
    Discord,
    GitHub,
}

fn bytes_below(path: &Path) -> u64 {
    let entries = fs::read_dir(path).unwrap().flatten();
    entries
        .map(|entry| if entry.path().is_dir() { bytes_below(&entry.path()) } else { entry.metadata().unwrap().len() })
        .sum()
}

/// Resident memory of this process, in bytes (Linux).
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1_024
}

/// GitHub answers nothing of what is asked in the next hour.
fn github_is_away(world: &World) {
    let mut state = world.forge.lock();
    state.faults.clear();
    for method in ["GET", "POST", "PATCH"] {
        for _ in 0..200 {
            let (method, path) = (method.into(), String::new());
            state.faults.push(ci_rescue::demo::Fault { method, path, status: 503, headers: Vec::new(), after: false });
        }
    }
}

/// Numbers are noise to a fingerprint; words are not.
fn word(n: i64) -> String {
    n.to_string().bytes().map(|digit| char::from(b'g' + (digit - b'0'))).collect()
}

/// Something breaks, and passes an hour later.
async fn breaks(world: &World, hour: i64) -> u64 {
    let log =
        format!("error: cannot find {} in this scope\n##[error]Process completed with exit code 1.\n", word(hour));
    let mut run = spec(&log, "success");
    run.workflow = format!("ci-{}", word(hour));
    run.jobs = vec![job("test", &log, &["failure", "success"])];
    let id = world.forge.start(run);
    world.forge.finish(id);
    take_in(world).await;
    id
}

async fn take_in(world: &World) {
    for hook in world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        assert!(world.hook(hook.event, &hook.id, &body).await.is_success());
    }
    work(world).await;
}

/// What Slack was asked that has to do with cards.
fn calls(world: &World) -> usize {
    ["chat.postMessage", "chat.update", "conversations"].iter().map(|call| world.slack.calls(call)).sum()
}

/// So many hours, an incident in each, half of them over; answers what is on disk then.
async fn outage(away: Away) -> u64 {
    let world = World::with(Setup { discord: true, disk: true, ..Setup::default() }).await;
    match away {
        Away::Slack => world.slack.refuse("service_unavailable"),
        Away::Discord => world.discord.close(crate::world::discord::CHANNEL, 503, 0, "Service Unavailable", false),
        Away::GitHub | Away::Nobody => {}
    }
    let mut last = None;
    let mut half = 0;
    for hour in 0..hours() {
        if away == Away::GitHub {
            github_is_away(&world);
        }
        if let Some(id) = last.take().filter(|_| hour % 2 == 0) {
            world.forge.rerun(id, |_| true).unwrap();
            world.forge.finish(id);
            take_in(&world).await;
        }
        last = Some(breaks(&world, hour).await);
        for _ in 0..12 {
            later(&world, HOUR / 12).await;
        }
        if hour + 1 == hours() / 2 {
            half = calls(&world);
        }
    }
    let counts = world.app.engine.counts().await.unwrap();
    assert_eq!((counts.inbox, counts.given_up), (0, 0), "{away:?}: {counts:?}");
    // A few for each incident, and no more the longer it lasts.
    let bound = 4 * u64::try_from(hours()).unwrap();
    assert!(counts.outbox <= bound && counts.dead <= bound && counts.timers <= bound, "{away:?}: {counts:?}");
    println!("{away:?}: {half} calls to Slack in the first half, {} in all", calls(&world));
    let size = bytes_below(&world.dir.path().join("store"));
    world.slack.open_again();
    world.discord.open_again();
    world.forge.lock().faults.clear();
    for _ in 0..12 {
        later(&world, HOUR / 2).await;
        // Each channel has its pace.
        for _ in 0..PACES_MAX {
            if world.app.engine.counts().await.unwrap().dirty == 0 {
                break;
            }
            later(&world, 2_000).await;
        }
    }
    let counts = world.app.engine.counts().await.unwrap();
    assert_eq!((counts.dirty, counts.given_up), (0, 0), "{away:?}: every card is as its incident: {counts:?}");
    assert!(counts.behind.values().all(|behind| *behind == 0), "{away:?}: {counts:?}");
    assert!(!world.slack.cards().is_empty() && !world.discord.cards().is_empty(), "{away:?}");
    world.end().await;
    size
}

#[tokio::test]
async fn an_outage_costs_little_and_ends_well() {
    if !is_alone("outages::week::an_outage_costs_little_and_ends_well") {
        return;
    }
    let up = outage(Away::Nobody).await;
    for away in [Away::Slack, Away::Discord, Away::GitHub] {
        let before = resident();
        let size = outage(away).await;
        let grown = resident().saturating_sub(before);
        println!("{away:?}: {size} bytes on disk ({up} with everybody there), grown by {} MB", grown >> 20);
        #[allow(clippy::cast_precision_loss, reason = "sizes are small")]
        let share = size as f64 / up as f64;
        assert!(share < MORE, "{away:?}: {size} bytes on disk, {up} with everybody there");
        assert!(grown < MEMORY_MAX, "{away:?}: {} MB", grown >> 20);
    }
}
