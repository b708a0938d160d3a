//! What the bot remembers is what the next card says: a flake that it saw, a breakage that a retry did not clear, and a
//! person's word.

use super::quarantine::PYTEST_LOG;
use crate::world::{NETWORK_LOG, Setup, World, job, spec};
use ci_rescue::domain::Stage;
use ci_rescue::domain::cause::Cause;
use ci_rescue::domain::evidence::Severity;

/// A run at its own commit, on main, whose job ends as told, an attempt each.
async fn run(world: &World, n: u64, ends: &[&'static str]) -> u64 {
    let mut run = spec(PYTEST_LOG, "success");
    run.branch = "main".into();
    run.sha = format!("{n:040x}");
    run.jobs = vec![job("test", PYTEST_LOG, ends)];
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    world.settle().await;
    id
}

/// A failure that passes when it is run again.
async fn flake(world: &World, n: u64) {
    run(world, n, &["failure", "success"]).await;
    let no = world.incidents().await.iter().map(|incident| incident.no.0).max().unwrap();
    world.slack.command("UBEN", &format!("retry {no}")).await;
    world.settle().await;
    world.deliver().await;
    for going in world.forge.going() {
        world.forge.finish(going);
    }
    world.deliver().await;
    world.settle().await;
    assert_eq!(world.incident(no).await.stage, Stage::Resolved, "{n}");
    world.clock.advance(3_600_000);
}

#[tokio::test]
async fn a_flake_that_was_seen_before_is_said_to_be_one() {
    let world = World::new().await;
    for n in 1..=12 {
        run(&world, n, &["success"]).await;
        world.clock.advance(3_600_000);
    }
    let first = run(&world, 20, &["failure", "success"]).await;
    let unknown = world.incident(1).await;
    let judged = unknown.judged.clone().unwrap();
    assert_eq!(judged.cause, Cause::Unknown, "nothing was seen to flake yet: {judged:?}");
    assert_eq!(unknown.severity, Severity::Normal, "{:?}", unknown.severity_because);
    assert!(first > 0);
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    world.deliver().await;
    world.forge.going().into_iter().for_each(|going| world.forge.finish(going));
    world.deliver().await;
    for n in 21..=26 {
        flake(&world, n).await;
    }
    run(&world, 40, &["failure", "success"]).await;
    let no = world.incidents().await.iter().map(|incident| incident.no.0).max().unwrap();
    let known = world.incident(no).await;
    let judged = known.judged.clone().unwrap();
    assert_eq!(judged.cause, Cause::Flaky, "{judged:?}");
    assert!(judged.record.passed_on_retry >= 6, "{judged:?}");
    assert_eq!(known.severity, Severity::Flaky);
    let card = world.slack.cards().last().unwrap().clone();
    assert!(card.words().contains("Flaky test ("), "{}", card.words());
    assert!(card.words().contains("passed on retry"), "{}", card.words());
    assert!(card.button("Retry").is_some() && card.button("Quarantine").is_some(), "{}", card.words());
    // A person knows better: nothing bets on chance any more, and later failures are judged by it.
    world.slack.command("UBEN", &format!("wrong {no} deterministic")).await;
    world.settle().await;
    let said = world.incident(no).await;
    assert_eq!(said.judged.as_ref().map(|judged| judged.cause), Some(Cause::Deterministic));
    assert_eq!(said.severity, Severity::Blocker);
    assert!(!said.offers.iter().any(|offer| offer.remedy == "quarantine"), "{:?}", said.offers);
    assert!(said.offers.iter().all(|offer| offer.remedy != "retry" || !offer.recommended), "{:?}", said.offers);
    world.slack.command("UBEN", &format!("why {no}")).await;
    world.settle().await;
    let why = world.slack.last_whisper();
    assert!(why.contains("cause broken by this change, as ben said"), "{why}");
    world.slack.command("UBEN", "stats").await;
    world.settle().await;
    let stats = world.slack.last_whisper();
    assert!(stats.contains("retries: 7 of 7 made it green") && stats.contains("people corrected 1"), "{stats}");
    assert!(stats.contains("Brier score"), "{stats}");
    // What came of the chances corrects the next ones: all seven passed, so more is told.
    assert!(stats.contains("corrected by 7 outcomes: 20 → 2"), "{stats}");
    world.end().await;
}

#[tokio::test]
async fn a_retry_that_fails_the_same_way_again_changes_the_verdict() {
    let world = World::new().await;
    for n in 1..=12 {
        run(&world, n, &["success"]).await;
        world.clock.advance(3_600_000);
    }
    run(&world, 20, &["failure", "failure", "failure"]).await;
    let before = world.incident(1).await;
    let hope = |incident: &ci_rescue::domain::incident::Incident| {
        incident.offers.iter().find(|offer| offer.remedy == "retry").map(|offer| (offer.help, offer.recommended))
    };
    let (first, recommended) = hope(&before).unwrap();
    assert!(recommended, "{:?}", before.offers);
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    world.deliver().await;
    world.forge.going().into_iter().for_each(|going| world.forge.finish(going));
    world.deliver().await;
    world.settle().await;
    let after = world.incident(1).await;
    let (second, recommended) = hope(&after).unwrap();
    assert!(second < first / 2.0 && !recommended, "{first} then {second}: {:?}", after.offers);
    assert_eq!(after.severity, Severity::Blocker, "{:?}", after.severity_because);
    world.end().await;
}

#[tokio::test]
async fn what_a_person_calls_broken_is_not_retried_automatically() {
    for (words, retries) in [("why 1", 1), ("wrong 1 deterministic", 0)] {
        let setup = Setup { config: "[policy]\nmode = \"act\"\n".into(), ..Setup::default() };
        let world = World::with(setup).await;
        world.broken_run(NETWORK_LOG, "failure").await;
        world.slack.command("UBEN", words).await;
        world.settle().await;
        world.clock.advance(3_600_000);
        world.settle().await;
        assert_eq!(world.reruns(), retries, "{words}");
        world.end().await;
    }
}
