//! Neighbours that fail, lie, or answer after the fact.

use crate::world::{NETWORK_LOG, World};
use ci_rescue::demo::Fault;
use ci_rescue::domain::Stage;
use serde_json::json;

fn fault(method: &str, path: &str, status: u16, after: bool) -> Fault {
    Fault { method: method.into(), path: path.into(), status, headers: Vec::new(), after }
}

#[tokio::test]
async fn threat_041_a_rerun_whose_answer_is_lost_is_not_repeated() {
    for status in [500, 502, 504] {
        let world = World::new().await;
        world.broken_run(NETWORK_LOG, "success").await;
        world.forge.lock().faults.push(fault("POST", "/rerun", status, true));
        world.slack.command("UBEN", "retry 1").await;
        world.settle().await;
        // Its outcome is unknown: the bot looks again after a pause.
        world.clock.advance(60_000);
        world.settle().await;
        assert_eq!(world.reruns(), 1, "it happened behind the {status}");
        assert_eq!(world.incident(1).await.proposals[0].state.as_str(), "done");
        world.end().await;
    }
}

#[tokio::test]
async fn a_rerun_that_did_not_happen_is_tried_again() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.forge.lock().faults.push(fault("POST", "/rerun", 502, false));
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    world.clock.advance(60_000);
    world.settle().await;
    assert_eq!(world.forge.lock().runs.values().next().unwrap().attempt, 2);
    assert_eq!(world.incident(1).await.proposals[0].state.as_str(), "done");
    world.end().await;
}

#[tokio::test]
async fn a_refused_rerun_fails_with_githubs_words_and_returns_to_open() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.forge.lock().faults.push(fault("POST", "/rerun", 403, false));
    world.forge.lock().faults.push(fault("POST", "/rerun-failed-jobs", 403, false));
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    let incident = world.incident(1).await;
    assert_eq!(incident.stage, Stage::Open);
    assert_eq!(incident.proposals[0].state.as_str(), "failed");
    let card = world.slack.cards()[0].clone();
    let thread: String = world.slack.thread(&card.ts).iter().map(|m| m.text.clone()).collect();
    assert!(thread.contains("GitHub answered 403"), "{thread}");
    world.end().await;
}

#[tokio::test]
async fn githubs_rate_limit_is_obeyed() {
    let world = World::new().await;
    let mut limited = fault("GET", "/logs", 403, false);
    limited.headers = vec![("retry-after".into(), "120".into())];
    let run = world.forge.start(crate::world::spec(NETWORK_LOG, "success"));
    world.deliver().await;
    world.forge.lock().faults.push(limited);
    world.forge.finish(run);
    world.deliver().await;
    let before = world.forge.lock().calls.len();
    world.clock.advance(60_000);
    world.settle().await;
    assert_eq!(world.forge.lock().calls.len(), before, "quiet until GitHub said so");
    world.clock.advance(300_000);
    world.settle().await;
    assert!(world.incident(1).await.headline().is_some());
    world.end().await;
}

#[tokio::test]
async fn threat_094_an_expired_log_leaves_a_card_that_says_so() {
    let world = World::new().await;
    let run = world.forge.start(crate::world::spec(NETWORK_LOG, "success"));
    world.deliver().await;
    world.forge.lock().faults.push(fault("GET", "/logs", 410, false));
    world.forge.finish(run);
    world.deliver().await;
    let card = world.slack.cards()[0].clone();
    assert!(card.words().contains("No log: GitHub no longer has the log"), "{}", card.words());
    assert!(card.button("Retry").is_some());
    world.end().await;
}

#[tokio::test]
async fn threat_089_our_token_does_not_follow_to_the_logs_host() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    let state = world.forge.lock();
    let log = state.calls.iter().find(|call| call.path.starts_with("/_logs/")).unwrap();
    assert_eq!(log.authorization, None);
    let api = state.calls.iter().find(|call| call.path.ends_with("/logs") && call.path.starts_with("/repos/")).unwrap();
    assert_eq!(api.authorization.as_deref(), Some("Bearer forge-token"));
    drop(state);
    world.end().await;
}

#[tokio::test]
async fn threat_088_a_log_that_leads_on_and_on_is_not_followed() {
    let world = World::new().await;
    for _ in 0..30 {
        let mut loops = fault("GET", "/_logs/1002", 302, false);
        loops.headers = vec![("location".into(), "/_logs/1002".into())];
        world.forge.lock().faults.push(loops);
    }
    world.broken_run(NETWORK_LOG, "success").await;
    world.clock.advance(600_000);
    world.settle().await;
    let state = world.forge.lock();
    let asked =
        state.calls.iter().filter(|call| call.path.starts_with("/repos/") && call.path.ends_with("/logs")).count();
    let fetched = state.calls.iter().filter(|call| call.path.starts_with("/_logs/")).count();
    drop(state);
    // One hop for each time that GitHub was asked, and the card does not wait for it.
    assert!(fetched > 0 && fetched <= asked, "{fetched} fetched, {asked} asked");
    assert_eq!(world.slack.cards().len(), 1);
    world.end().await;
}

#[tokio::test]
async fn threat_095_a_log_whose_address_expired_is_asked_for_again() {
    let world = World::new().await;
    world.forge.lock().faults.push(fault("GET", "/_logs/1002", 403, false));
    world.broken_run(NETWORK_LOG, "success").await;
    world.clock.advance(120_000);
    world.settle().await;
    assert!(world.slack.cards()[0].words().contains("ECONNRESET"), "{}", world.slack.cards()[0].words());
    let asked = world.forge.lock().calls.iter().filter(|call| call.path.ends_with("/logs")).count();
    assert_eq!(asked, 2);
    world.end().await;
}

#[tokio::test]
async fn threat_042_slacks_ok_false_and_rate_limits_delay_and_drop_nothing() {
    for (status, body, effect) in [
        (200, json!({"ok": false, "error": "internal_error"}), true),
        (200, json!({"ok": false, "error": "internal_error"}), false),
        (200, json!({"ok": false, "error": "not_in_channel"}), false),
        (429, json!({"ok": false, "error": "ratelimited", "retry_after": 7}), false),
        (503, json!({"ok": false}), true),
        (200, json!({"ok": true, "channel": "C", "ts": "1"}), true),
    ] {
        let world = World::new().await;
        world.slack.fault("chat.postMessage", status, body.clone(), effect);
        world.broken_run(NETWORK_LOG, "success").await;
        world.clock.advance(600_000);
        world.settle().await;
        let cards = world.slack.cards();
        assert_eq!(cards.len(), 1, "{body} {effect}");
        assert!(cards[0].words().contains("ECONNRESET"), "{body} {effect}");
        world.end().await;
    }
}

#[tokio::test]
async fn slack_asks_to_connect_anew_and_nothing_is_lost() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.slack.disconnect().await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn missed_webhooks_are_found_by_the_poller() {
    let world = World::filtered("repositories", "[\"acme/shop\"]").await;
    let run = world.forge.start(crate::world::spec(NETWORK_LOG, "success"));
    world.forge.finish(run);
    let _ = world.forge.take_hooks();
    assert_eq!(world.app.engine.reconcile().await.unwrap(), 1);
    world.settle().await;
    let incident = world.incident(1).await;
    assert_eq!(incident.first_job().map(|job| job.name.raw()), Some("test"));
    assert!(incident.headline().is_some());
    assert_eq!(world.app.engine.reconcile().await.unwrap(), 0, "once");
    world.end().await;
}

#[tokio::test]
async fn threat_118_a_hook_alone_writes_nothing() {
    let world = World::new().await;
    let body = json!({"event": "failure", "repo": "acme/shop", "ref": "main", "sha": "abcdef1234", "run_id": 424_242,
        "run_url": "https://evil.example/x", "failed_jobs": ["build"], "logs_tail": "npm error code ECONNRESET"});
    let url = format!("http://{}/hooks/ci", world.public_at);
    let answer = world.http.post(url).header("x-bot-token", "hook-token").json(&body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 202);
    let answer: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(
        (&answer["accepted"], &answer["run_id"], &answer["category"]),
        (&json!(true), &json!(424_242), &json!("network"))
    );
    world.settle().await;
    let card = world.slack.cards()[0].clone();
    assert!(
        card.words().contains("not confirmed") && !card.blocks.to_string().contains("evil.example"),
        "{}",
        card.words()
    );
    world.slack.command("UADA", "retry 1 force").await;
    world.settle().await;
    assert_eq!(world.reruns(), 0);
    assert!(world.forge.lock().calls.iter().all(|call| call.method == "GET"));
    world.end().await;
}
