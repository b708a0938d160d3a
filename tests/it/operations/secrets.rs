//! Secrets that are replaced while it runs: at the next reading, or as soon as a neighbour refuses the one before.

use super::reload::Rewritten;
use crate::world::{NETWORK_LOG, Setup, World, spec};
use ci_rescue::config;
use ci_rescue::demo::sign;
use ci_rescue::domain::time::MINUTE_MS;
use ci_rescue::ports::Door;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

#[tokio::test]
async fn what_a_chat_refuses_is_read_anew_and_the_card_arrives() {
    let rewritten = Rewritten::new(Setup { discord: true, ..Setup::default() }).await;
    let world = &rewritten.world;
    world.slack.expect("xoxb-rotated");
    world.discord.expect("discord-rotated");
    rewritten.write("xoxb-double", "xoxb-rotated");
    rewritten.write("discord-double", "discord-rotated");
    world.broken_run(NETWORK_LOG, "failure").await;
    assert_eq!((world.slack.cards().len(), world.discord.cards().len()), (1, 1));
    assert!(world.slack.refused() + world.discord.refused() > 0, "the one before was tried");
    // They were read because they were refused; nothing else is left to change.
    assert_eq!(rewritten.reload().await.unwrap().changed, Vec::<String>::new());
    rewritten.world.end().await;
}

#[tokio::test]
async fn a_refusal_reads_once_a_minute_and_a_broken_configuration_changes_nothing() {
    let world = World::new().await;
    let (reads, mended) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let (count, good, text) = (Arc::clone(&reads), Arc::clone(&mended), world.text().to_owned());
    world.app.live.reads(Box::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
        let token = if good.load(Ordering::SeqCst) { "xoxb-rotated" } else { "xoxb-rotated\"\nbot = \"" };
        config::parse(&text.replace("xoxb-double", token), &[])
    }));
    world.slack.expect("xoxb-rotated");
    let id = world.forge.start(spec(NETWORK_LOG, "failure"));
    world.forge.finish(id);
    for hook in world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        world.hook(hook.event, &hook.id, &body).await;
    }
    pump(&world).await;
    assert!(world.slack.refused() > 0 && world.slack.cards().is_empty(), "it cannot be read");
    let refused = world.slack.refused();
    world.clock.advance(MINUTE_MS / 2);
    world.app.engine.fixed(None);
    pump(&world).await;
    assert!(world.slack.refused() > refused, "it was tried again within the minute");
    assert_eq!(reads.load(Ordering::SeqCst), 1, "however often Slack refuses");
    mended.store(true, Ordering::SeqCst);
    world.clock.advance(2 * MINUTE_MS);
    world.app.engine.fixed(None);
    world.settle().await;
    assert_eq!(world.slack.cards().len(), 1, "read anew at the next refusal");
    world.end().await;
}

/// Does what there is to do now: the clock stands.
async fn pump(world: &World) {
    const ROUNDS: u32 = 100;
    let engine = &world.app.engine;
    for _ in 0..ROUNDS {
        engine.tick().await.unwrap();
        engine.turn().await.unwrap();
        engine.perform().await.unwrap();
        for platform in engine.platforms().cloned().collect::<Vec<_>>() {
            engine.publish(&platform).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_github_refuses_is_tried_again_with_the_new_token() {
    let rewritten = Rewritten::new(Setup { slack: false, ..Setup::default() }).await;
    let world = &rewritten.world;
    rewritten.write("token = \"forge-token\"", "token = \"forge-token-rotated\"");
    world.forge.lock().faults.push(ci_rescue::demo::Fault {
        method: "GET".into(),
        path: "/logs".into(),
        status: 401,
        headers: Vec::new(),
        after: false,
    });
    world.broken_run(NETWORK_LOG, "failure").await;
    let calls: Vec<(u16, String)> = {
        let state = world.forge.lock();
        let logs = state.calls.iter().filter(|call| call.path.ends_with("/logs"));
        logs.map(|call| (call.status, call.authorization.clone().unwrap_or_default())).collect()
    };
    assert_eq!(calls[0], (401, "Bearer forge-token".into()));
    assert!(calls[1].0 < 400 && calls[1].1 == "Bearer forge-token-rotated", "{calls:?}");
    assert_eq!(world.incident(1).await.jobs.len(), 1);
    rewritten.world.end().await;
}

#[tokio::test]
async fn the_webhook_secret_before_counts_while_it_is_named() {
    const OLD: &str = crate::world::SECRET;
    const NEW: &str = "another-webhook-secret";
    let rewritten = Rewritten::new(Setup { slack: false, ..Setup::default() }).await;
    let world = &rewritten.world;
    let ping = |secret: &'static str, n: u32| {
        let body = "{\"zen\": \"it works\"}";
        let request = world.http.post(format!("http://{}/webhooks/github", world.public_at));
        let request = request.header("content-type", "application/json").header("x-github-event", "ping");
        let request = request.header("x-github-delivery", format!("ping-{n}"));
        let request = request.header("x-hub-signature-256", sign(secret, body.as_bytes())).body(body);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!((ping(OLD, 1).await, ping(NEW, 2).await), (202, 401));
    let (was, both) = (
        format!("webhook_secret = \"{OLD}\""),
        format!("webhook_secret = \"{NEW}\"\nwebhook_secret_previous = \"{OLD}\""),
    );
    rewritten.write(&was, &both);
    let reloaded = rewritten.reload().await.unwrap();
    assert_eq!(reloaded.changed, ["github.webhook_secret: changed", "github.webhook_secret_previous: set"]);
    assert_eq!((ping(OLD, 3).await, ping(NEW, 4).await), (202, 202));
    rewritten.write(&format!("\nwebhook_secret_previous = \"{OLD}\""), "");
    assert_eq!(rewritten.reload().await.unwrap().changed, ["github.webhook_secret_previous: removed"]);
    assert_eq!((ping(OLD, 5).await, ping(NEW, 6).await), (401, 202));
    rewritten.world.end().await;
}

#[tokio::test]
async fn tokens_of_our_own_doors_change_with_the_next_reading() {
    let rewritten = Rewritten::new(Setup { slack: false, ..Setup::default() }).await;
    let world = &rewritten.world;
    let status = |token: &'static str| {
        let request = world.http.get(format!("http://{}/api/status", world.public_at)).bearer_auth(token);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let hook = |token: &'static str| {
        let request = world.http.post(format!("http://{}/hooks/ci", world.public_at)).bearer_auth(token).body("{}");
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!((status("read-token").await, hook("hook-token").await), (200, 400));
    rewritten.write("\"read-token\"", "\"read-token-rotated\"");
    rewritten.write("\"hook-token\"", "\"hook-token-rotated\"");
    assert_eq!(rewritten.reload().await.unwrap().changed, ["api.read_token: changed", "hooks.token: changed"]);
    assert_eq!((status("read-token").await, hook("hook-token").await), (401, 401));
    assert_eq!((status("read-token-rotated").await, hook("hook-token-rotated").await), (200, 400));
    rewritten.write("token = \"hook-token-rotated\"\n", "");
    assert_eq!(rewritten.reload().await.unwrap().changed, ["hooks.token: removed"]);
    assert_eq!(hook("hook-token-rotated").await, 401, "the door is shut");
    rewritten.world.end().await;
}
