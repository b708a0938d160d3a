//! Many failures at once: one cause is one card, what waits is a digest, and nobody's rights are lost.

use super::surfaces::{everywhere_with, sticky};
use crate::world::{CHANNEL, NETWORK_LOG, Setup, World, job, spec};
use ci_rescue::demo::{Fault, RunSpec};
use ci_rescue::domain::Stage;
use ci_rescue::ports::Clock;

/// A run of a workflow of its own.
fn run_of(n: usize, log: &str) -> RunSpec {
    let mut run = spec(log, "success");
    run.workflow = format!("ci-{n}");
    run.sha = format!("{n:07x}{}", "0".repeat(33));
    run
}

/// All fail before anything of it is looked at.
async fn fail_together(world: &World, runs: Vec<RunSpec>) -> Vec<u64> {
    let ids: Vec<u64> = runs.into_iter().map(|run| world.forge.start(run)).collect();
    for id in &ids {
        world.forge.finish(*id);
    }
    for hook in world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        assert!(world.hook(hook.event, &hook.id, &body).await.is_success());
    }
    world.settle().await;
    ids
}

fn lost_log(world: &World, after: usize) {
    for _ in 0..after {
        let fault =
            Fault { method: "GET".into(), path: "/logs".into(), status: 503, headers: Vec::new(), after: false };
        world.forge.lock().faults.push(fault);
    }
}

#[tokio::test]
async fn one_cause_in_twenty_runs_is_one_card_everywhere() {
    let world = World::with(Setup { discord: true, ..Setup::default() }).await;
    let runs = (0..20).map(|n| {
        let mut run = run_of(n, NETWORK_LOG);
        run.jobs = (0..25).map(|n| job(&format!("test {n}"), NETWORK_LOG, &["failure", "success"])).collect();
        run
    });
    fail_together(&world, runs.collect()).await;
    let open: Vec<_> = world.incidents().await.into_iter().filter(|incident| incident.closed_at.is_none()).collect();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].failures, 500);
    assert_eq!((world.slack.cards().len(), world.discord.cards().len()), (1, 1));
    assert!(world.slack.cards()[0].words().contains("with 19 others"), "{}", world.slack.cards()[0].words());
    world.end().await;
}

#[tokio::test]
async fn a_log_that_is_read_late_changes_nothing() {
    let world = World::new().await;
    // The oldest run's log is asked for first, and answers with an error once.
    lost_log(&world, 1);
    fail_together(&world, (0..5).map(|n| run_of(n, NETWORK_LOG)).collect()).await;
    world.clock.advance(60_000);
    world.settle().await;
    let all = world.incidents().await;
    let open: Vec<u64> = all.iter().filter(|incident| incident.closed_at.is_none()).map(|i| i.no.0).collect();
    assert_eq!(open, [1], "the oldest has them all");
    assert_eq!(world.incident(1).await.runs.len(), 5);
    assert_eq!(world.slack.cards().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_pull_request_keeps_one_comment() {
    let world = everywhere_with(Setup::default()).await;
    let again = |n: usize| {
        let mut run = run_of(n, NETWORK_LOG);
        run.branch = "topic".into();
        run.pull = Some(9);
        run
    };
    assert_eq!(world.incident(1).await.pulls, [9]);
    // Its log cannot be read for a while, so it gets a comment of its own first.
    lost_log(&world, 3);
    fail_together(&world, vec![again(2)]).await;
    for _ in 0..30 {
        world.clock.advance(10_000);
        world.settle().await;
    }
    assert_eq!(world.incident(2).await.adopted_by.map(|no| no.0), Some(1));
    let comment = sticky(&world);
    assert!(comment.contains("with 1 other"), "{comment}");
    world.end().await;
}

#[tokio::test]
async fn an_adopted_failure_is_retried_on_its_own_run() {
    let config = "[policy]\nmode = \"act\"\nbranch_cooldown_minutes = 0\n".to_owned();
    let world = World::with(Setup { config, ..Setup::default() }).await;
    let on = |n: usize| {
        let mut run = run_of(n, NETWORK_LOG);
        run.branch = format!("topic-{n}");
        run
    };
    let ids = fail_together(&world, vec![on(1), on(2)]).await;
    assert_eq!(world.incident(2).await.adopted_by.map(|no| no.0), Some(1));
    for _ in 0..4 {
        world.clock.advance(15 * 60_000);
        world.settle().await;
        world.deliver().await;
    }
    assert_eq!(world.reruns(), 2, "each run once");
    for id in ids {
        world.forge.finish(id);
    }
    world.deliver().await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    world.end().await;
}

fn distinct(n: usize) -> RunSpec {
    let log = format!(
        "##[group]Run pytest\nFAILED tests/test_m{n}.py::test_{n}_{} - ValueError: {n}\n##[error]Process completed with exit code 1.\n",
        "abcdefghijklmnopqrstuvwxyz".chars().nth(n % 26).unwrap()
    );
    run_of(n, &log)
}

#[tokio::test]
async fn what_would_wait_for_minutes_is_one_digest() {
    let world = World::with(Setup { discord: true, ..Setup::default() }).await;
    let begun = world.clock.now().0;
    let ids = fail_together(&world, (1..=20).map(distinct).collect()).await;
    let took = world.clock.now().0 - begun;
    let all = world.incidents().await;
    assert_eq!(all.iter().filter(|incident| incident.closed_at.is_none()).count(), 20);
    for (platform, cards) in [
        ("slack", world.slack.cards().iter().map(crate::world::slack::Message::words).collect::<Vec<_>>()),
        ("discord", world.discord.cards().iter().map(crate::world::discord::Message::words).collect()),
    ] {
        assert!(cards.len() <= 4, "{platform}: {} messages", cards.len());
        assert!(cards.iter().any(|words| words.contains("more failures")), "{platform}: {cards:#?}");
    }
    assert!(took <= 30_000, "{took} ms of the bot's clock");
    // Everything is on a card or on a digest, and says so.
    let shown = world.slack.cards().iter().map(crate::world::slack::Message::words).collect::<Vec<_>>().join("\n");
    let counted = shown.contains("more. Details") || (1..=20).all(|n| shown.contains(&format!("#{n} ")));
    assert!(counted, "{shown}");
    let digest = world.slack.cards().into_iter().find(|card| card.words().contains("more failures")).unwrap();
    assert_eq!(digest.channel, CHANNEL);

    // Whoever acts on one of them gets a card with buttons; the digest follows.
    let last = all.iter().map(|incident| incident.no.0).max().unwrap();
    world.slack.command("UBEN", &format!("retry {last} force")).await;
    world.settle().await;
    let own = format!("{last} is running");
    assert!(world.slack.cards().iter().any(|card| card.text.contains(&own)), "no card of its own: {own}");
    world.deliver().await;
    for id in world.forge.going() {
        world.forge.finish(id);
    }
    world.deliver().await;
    for id in ids {
        let _ = world.forge.rerun(id, |_| true);
        world.forge.finish(id);
    }
    world.deliver().await;
    for _ in 0..40 {
        world.clock.advance(5_000);
        world.settle().await;
    }
    let digest = world.slack.cards().into_iter().find(|card| card.ts == digest.ts).unwrap();
    assert!(digest.words().contains("all resolved"), "{}", digest.words());
    world.end().await;
}
