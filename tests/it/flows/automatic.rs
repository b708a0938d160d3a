use crate::world::{LINT_LOG, NETWORK_LOG, Setup, World, spec};

fn acting(more: &str) -> Setup {
    Setup { config: format!("[policy]\nmode = \"act\"\n{more}"), ..Setup::default() }
}

#[tokio::test]
async fn a_transient_failure_is_retried_by_itself_and_twice_at_most() {
    let world = World::with(acting("branch_cooldown_minutes = 0\n")).await;
    let run = world.broken_run(NETWORK_LOG, "failure").await;
    assert_eq!(world.reruns(), 0, "it backs off first");
    for attempt in 1..=3 {
        world.clock.advance(15 * 60_000);
        world.settle().await;
        world.deliver().await;
        world.forge.finish(run);
        world.deliver().await;
        assert_eq!(world.reruns(), attempt.min(2), "attempt {attempt}");
    }
    world.end().await;
}

#[tokio::test]
async fn what_may_not_be_retried_by_itself() {
    for (name, log, change) in [
        ("deterministic", LINT_LOG, None),
        ("skip flag", NETWORK_LOG, Some("message")),
        ("bot", NETWORK_LOG, Some("bot")),
        ("own branch", NETWORK_LOG, Some("own")),
    ] {
        let world = World::with(acting("")).await;
        let mut run = spec(log, "success");
        match change {
            Some("message") => run.message = "Tidy [skip-rescue]".into(),
            Some("bot") => run.sender = "renovate[bot]".into(),
            Some(_) => run.branch = "ci-rescue/retry/1-1".into(),
            None => {}
        }
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        world.clock.advance(60 * 60_000);
        world.settle().await;
        assert_eq!(world.reruns(), 0, "{name}");
        assert_eq!(world.slack.cards().len(), 1, "{name}: a card all the same");
        world.end().await;
    }
}

#[tokio::test]
async fn the_emergency_stop_holds_at_the_last_moment_and_survives() {
    let world = World::with(acting("")).await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.slack.command("UBEN", "hold the registry is down").await;
    world.settle().await;
    world.clock.advance(60 * 60_000);
    world.settle().await;
    assert_eq!(world.reruns(), 0);
    world.slack.command("UBEN", "unhold").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("needs the admin role"), "{}", world.slack.last_whisper());
    // A person may still act by hand.
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.slack.command("UADA", "unhold").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("lifted the emergency stop"));
    world.end().await;
}

#[tokio::test]
async fn nothing_runs_by_itself_that_needs_people() {
    let world = World::with(acting("[policy.approvals]\nretry = 1\n")).await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.clock.advance(60 * 60_000);
    world.settle().await;
    assert_eq!(world.reruns(), 0);
    world.end().await;
}

#[tokio::test]
async fn no_two_automatic_acts_on_a_branch_at_once() {
    let world = World::with(acting("")).await;
    let first = spec(NETWORK_LOG, "success");
    let mut second = spec(&NETWORK_LOG.replace("ECONNRESET", "ETIMEDOUT while fetching"), "success");
    second.workflow = "other-ci".into();
    for run in [first, second] {
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
    }
    world.clock.advance(5 * 60_000);
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn after_a_failure_the_next_act_is_put_off_and_after_some_the_breaker_opens() {
    let world = World::with(acting("branch_cooldown_minutes = 0\nbreaker_failures = 2\n")).await;
    let run = world.broken_run(NETWORK_LOG, "failure").await;
    let wait = async |minutes: i64| {
        world.clock.advance(minutes * 60_000);
        world.settle().await;
        world.deliver().await;
        world.reruns()
    };
    let budget = async || {
        let url = format!("http://{}/api/budget", world.public_at);
        let answer = world.http.get(url).bearer_auth("read-token").send().await.unwrap();
        answer.json::<serde_json::Value>().await.unwrap()
    };
    assert_eq!(wait(15).await, 1);
    world.forge.finish(run);
    assert_eq!(wait(14).await, 1, "it failed a moment ago");
    assert_eq!(budget().await["consecutive_failures"], 1);
    assert_eq!(wait(16).await, 2, "put off, not dropped");
    world.forge.finish(run);
    wait(0).await;
    let spent = budget().await;
    assert_eq!((&spent["allowed"], &spent["consecutive_failures"]), (&false.into(), &2.into()), "{spent}");
    assert!(spent["circuit_breaker_until"].is_string(), "{spent}");
    // Whatever fails next, wherever, waits for the breaker.
    let mut other = spec(&NETWORK_LOG.replace("ECONNRESET", "ETIMEDOUT while fetching"), "success");
    (other.branch, other.workflow) = ("topic".into(), "other-ci".into());
    let other = world.forge.start(other);
    world.forge.finish(other);
    assert_eq!(wait(30).await, 2);
    assert_eq!(wait(31).await, 3);
    world.forge.finish(other);
    wait(0).await;
    let spent = budget().await;
    assert_eq!((&spent["allowed"], &spent["consecutive_failures"]), (&true.into(), &0.into()), "{spent}");
    world.end().await;
}
