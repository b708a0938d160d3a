//! `/api/status` and `/ready`.

use crate::world::{CHANNEL, NETWORK_LOG, World, spec};
use ci_rescue::domain::IncidentNo;
use ci_rescue::domain::actor::Platform;
use ci_rescue::ports::{Surface, Turn};
use serde_json::{Value, json};

async fn get(world: &World, path: &str) -> Value {
    let request = world.http.get(format!("http://{}{path}", world.public_at)).bearer_auth("read-token");
    request.send().await.unwrap().json().await.unwrap()
}

fn integration<'v>(answer: &'v Value, name: &str) -> &'v Value {
    let all = answer["integrations"].as_array().unwrap();
    all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name}: {answer}"))
}

#[tokio::test]
async fn they_tell_what_is_down_since_when_and_why() {
    let world = World::new().await;
    for path in ["/api/status", "/ready"] {
        let answer = get(&world, path).await;
        assert_eq!(integration(&answer, "slack")["state"], "up", "{answer}");
        assert_eq!(integration(&answer, "slack_socket")["state"], "up", "{answer}");
    }
    world.forge.start(spec(NETWORK_LOG, "success"));
    world.deliver().await;
    let run = *world.forge.lock().runs.keys().next().unwrap();
    world.forge.finish(run);
    for hook in world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        assert!(world.hook(hook.event, &hook.id, &body).await.is_success());
    }
    world.slack.fault("chat.postMessage", 200, json!({"ok": false, "error": "token_revoked"}), false);
    let engine = &world.app.engine;
    while engine.turn().await.unwrap() || engine.perform().await.unwrap() {}
    engine.publish(&Platform::new("slack")).await.unwrap();
    for path in ["/api/status", "/ready"] {
        let answer = get(&world, path).await;
        let slack = integration(&answer, "slack");
        assert_eq!((&slack["state"], &slack["failures"]), (&json!("down"), &json!(1)), "{answer}");
        assert_eq!(slack["since"], "2026-01-01T12:00:00.000Z", "{answer}");
        assert_eq!(slack["last_error"], "Slack says token_revoked", "{answer}");
        assert_eq!(integration(&answer, "github")["state"], "up", "{answer}");
    }
    assert_eq!(get(&world, "/ready").await["status"], "ready", "deliveries are still accepted");
    world.settle().await;
    let answer = get(&world, "/api/status").await;
    let slack = integration(&answer, "slack");
    assert_eq!((&slack["state"], &slack["last_error"]), (&json!("up"), &Value::Null), "{answer}");
    world.end().await;
}

#[tokio::test]
async fn what_is_behind_is_counted_whole() {
    const CARDS: u64 = 400;
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    assert_eq!(get(&world, "/api/status").await["cards_behind"], 0);
    let first = world.incident(1).await;
    let mut turn = Turn::default();
    for no in (2..2 + CARDS).map(IncidentNo) {
        let surface = Surface { incident: no, platform: Platform::new("slack"), channel: CHANNEL.into() };
        turn.dirty.push((surface, 1, 0));
        turn.incidents.push(ci_rescue::domain::Incident { no, version: 1, ..first.clone() });
    }
    world.store.commit(turn).await.unwrap();
    assert_eq!(get(&world, "/api/status").await["cards_behind"], CARDS);
    // The channel's pace: one message, which is a digest of fifty.
    world.clock.advance(2_000);
    world.app.engine.publish(&Platform::new("slack")).await.unwrap();
    assert_eq!(get(&world, "/api/status").await["cards_behind"], CARDS - 50);
    world.end().await;
}
