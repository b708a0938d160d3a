use crate::world::{LINT_LOG, NETWORK_LOG, Setup, World, card, job, spec};
use ci_rescue::domain::Stage;

/// Failing job → card in Slack and console → asked for → the right endpoint once → green → resolved in place.
async fn flow(ask: impl AsyncFnOnce(&World)) {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    let cards = world.slack.cards();
    assert_eq!(cards.len(), 1);
    assert!(cards[0].words().contains("ECONNRESET"), "{}", cards[0].words());
    assert!(cards[0].text.contains("acme/shop@1a2b3c4 failed on main"), "{}", cards[0].text);
    let seat = world.sit("ben").await;
    assert!(card(&seat.page("/").await, 1).is_some_and(|card| card.contains("ECONNRESET")));

    ask(&world).await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    assert_eq!(world.forge.count("POST", "/rerun"), 1, "one failed job alone: the job is re-run");
    assert_eq!(world.incident(1).await.stage, Stage::Running);

    world.deliver().await;
    let going = world.forge.going();
    assert_eq!(going.len(), 1);
    world.forge.finish(going[0]);
    world.deliver().await;
    let incident = world.incident(1).await;
    assert_eq!(incident.stage, Stage::Resolved);
    assert_eq!(incident.runs[0].attempt, 2);
    let cards = world.slack.cards();
    assert_eq!(cards.len(), 1, "edited in place");
    assert!(cards[0].words().contains("resolved") && cards[0].button("Retry").is_none(), "{}", cards[0].words());
    assert!(card(&seat.page("/").await, 1).is_some_and(|card| card.contains("resolved")));
    let thread: String = world.slack.thread(&cards[0].ts).iter().map(|m| m.text.clone()).collect::<Vec<_>>().join("\n");
    assert!(thread.contains("re-run test of run") && thread.contains("Resolved: attempt 2 passed"), "{thread}");
    world.end().await;
}

#[tokio::test]
async fn by_a_button_in_slack() {
    flow(async |world| world.slack.press_label("UBEN", &world.slack.cards()[0], "Retry").await).await;
}

#[tokio::test]
async fn by_a_slash_command() {
    flow(async |world| {
        world.slack.command("UBEN", "retry 1").await;
        world.settle().await;
        assert!(world.slack.last_whisper().contains("Started *1-1*"), "{}", world.slack.last_whisper());
    })
    .await;
}

#[tokio::test]
async fn by_a_mention_in_the_thread_that_knows_its_incident() {
    flow(async |world| {
        let ts = world.slack.cards()[0].ts.clone();
        world.slack.mention("UBEN", &ts, "retry").await;
    })
    .await;
}

#[tokio::test]
async fn by_a_button_in_the_console() {
    flow(async |world| {
        world.sit("ben").await.press(world, 1, "Retry").await;
    })
    .await;
}

#[tokio::test]
async fn by_words_in_the_console() {
    flow(async |world| {
        let answer = world.sit("ben").await.say(world, "retry 1").await;
        assert!(answer.contains("Started"), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn several_failed_jobs_are_rerun_as_failed_jobs() {
    let world = World::new().await;
    let mut run = spec(NETWORK_LOG, "success");
    run.jobs.push(job("e2e", NETWORK_LOG, &["failure", "success"]));
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    assert_eq!(world.forge.count("POST", "/rerun-failed-jobs"), 1);
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn one_job_by_name_and_all_jobs() {
    for (words, tail, status) in [
        ("retry 1 job=test", "/rerun", 1),
        ("retry 1 all", "/rerun", 1),
        ("retry 1 job=nothing", "/rerun", 0),
        ("retry 1 job=lint", "/rerun", 0),
    ] {
        let world = World::new().await;
        world.broken_run(NETWORK_LOG, "success").await;
        world.slack.command("UBEN", words).await;
        world.settle().await;
        assert_eq!(world.forge.count("POST", tail), status, "{words}: {}", world.slack.last_whisper());
        world.end().await;
    }
}

#[tokio::test]
async fn a_dry_run_shows_the_plan_and_changes_nothing() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.slack.command("UEVE", "retry 1 --dry-run").await;
    world.settle().await;
    let answer = world.slack.last_whisper();
    assert!(answer.contains("Dry run: re-run test") && answer.contains("Nothing was changed"), "{answer}");
    assert_eq!(world.reruns(), 0);
    assert!(world.incident(1).await.proposals.is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_run_that_is_going_is_waited_for() {
    let world = World::new().await;
    let mut run = spec(NETWORK_LOG, "success");
    run.jobs[1].ends = vec!["success"];
    let id = world.forge.start(run);
    world.deliver().await;
    // One job has failed, the run is still going.
    let body = {
        let mut state = world.forge.lock();
        state.runs.get_mut(&id).unwrap().attempts[0][0].conclusion = Some("failure");
        let job = state.runs[&id].attempts[0][0].id;
        state.tell_job(id, job);
        state.hooks.back().unwrap().body.clone()
    };
    assert!(body.contains("failure"));
    world.deliver().await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    assert_eq!(world.reruns(), 0);
    assert!(world.slack.last_whisper().contains("is waiting for the run to finish"), "{}", world.slack.last_whisper());
    world.forge.finish(id);
    world.deliver().await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn what_will_fail_again_needs_force_and_old_runs_are_refused() {
    let world = World::new().await;
    world.broken_run(LINT_LOG, "failure").await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    assert!(
        world.slack.last_whisper().contains("recur on the same commit; add force"),
        "{}",
        world.slack.last_whisper()
    );
    assert_eq!(world.reruns(), 0);
    world.slack.command("UBEN", "retry 1 force").await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.end().await;

    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.clock.advance(31 * 86_400_000);
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("30 days"), "{}", world.slack.last_whisper());
    world.end().await;
}

#[tokio::test]
async fn a_superseded_head_is_not_retried() {
    let world = World::new().await;
    let mut run = spec(NETWORK_LOG, "success");
    run.branch = "topic".into();
    run.pull = Some(5);
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    world.forge.lock().repos.get_mut("acme/shop").unwrap().branches.insert("topic".into(), "f".repeat(40));
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("which supersedes"), "{}", world.slack.last_whisper());
    assert_eq!(world.reruns(), 0);
    world.end().await;
}

#[tokio::test]
async fn cancel_stops_the_rerun() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    world.slack.command("UBEN", "cancel 1").await;
    world.settle().await;
    assert_eq!(world.forge.count("POST", "/cancel"), 1);
    world.deliver().await;
    let incident = world.incident(1).await;
    assert_eq!(incident.proposals[0].state.as_str(), "undone");
    assert_eq!(incident.stage, Stage::Open);
    world.end().await;
}

#[tokio::test]
async fn viewers_and_strangers_may_look_and_not_act() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    for (words, denied) in [
        ("retry 1", true),
        ("hold", true),
        ("subscribe a/b", true),
        ("show 1", false),
        ("why 1", false),
        ("list", false),
        ("help retry", false),
    ] {
        world.slack.command("UEVE", words).await;
        world.settle().await;
        assert_eq!(
            world.slack.last_whisper().contains("role; yours is"),
            denied,
            "{words}: {}",
            world.slack.last_whisper()
        );
    }
    let cards = world.slack.cards();
    world.slack.press_label("UEVE", &cards[0], "Retry").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("needs the responder role"));
    assert_eq!(world.reruns(), 0);
    world.end().await;
}

#[tokio::test]
async fn mistakes_are_answered_privately_with_the_nearest_command() {
    let world = World::new().await;
    world.slack.command("UBEN", "rety 1").await;
    world.settle().await;
    let answer = world.slack.last_whisper();
    assert!(
        answer.contains("Unknown command \"rety\"") && answer.contains("retry [ID]") && answer.contains("retry 42"),
        "{answer}"
    );
    world.slack.command("UBEN", "retry 99").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("Incident #99 does not exist"));
    assert_eq!(world.slack.whispers_to("UBEN"), 2, "answered to whoever asked");
    assert_eq!(world.slack.messages().len(), 0, "nothing in the channel");
    world.end().await;
}

#[tokio::test]
async fn feeds_by_command() {
    let world = World::with(Setup::default()).await;
    world.forge.add_repo("other/repo");
    world.slack.command("UBEN", "subscribe other/repo branch=* severity=blocker").await;
    world.settle().await;
    world.slack.command("UBEN", "subscriptions").await;
    world.settle().await;
    let answer = world.slack.last_whisper();
    assert!(
        answer.contains("other/repo branch=* severity=blocker") && answer.contains("acme/shop branch=*` (fixed)"),
        "{answer}"
    );
    world.slack.command("UBEN", "unsubscribe other/repo").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("Removed 1 subscription"), "{}", world.slack.last_whisper());
    world.end().await;
}
