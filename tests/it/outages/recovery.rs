//! What a chat platform refuses: given up, waited for, or told and tried again; and what comes back by itself.

use crate::flows::surfaces::{Surface, everywhere, say};
use crate::world::{CHANNEL, NETWORK_LOG, REPO, Setup, World, discord, spec};
use ci_rescue::domain::Platform;
use ci_rescue::engine::Engine;
use ci_rescue::ports::{Ask, Door};
use serde_json::{Value, json};

/// Enough to refuse everything for a while.
const MANY: usize = 40;

/// Does what can be done now; time does not pass.
pub async fn work(world: &World) {
    work_off(&world.app.engine).await;
}

/// The same for an engine by itself.
pub async fn work_off(engine: &Engine) {
    loop {
        let mut any = engine.tick().await.expect("tick");
        any |= engine.turn().await.expect("turn");
        any |= engine.perform().await.expect("perform");
        for platform in engine.platforms().cloned().collect::<Vec<_>>() {
            any |= engine.publish(&platform).await.expect("publish");
        }
        if !any {
            return;
        }
    }
}

pub async fn later(world: &World, ms: i64) {
    world.clock.advance(ms);
    work(world).await;
}

/// A broken run, whose card may not get through.
pub async fn broken(world: &World) {
    let id = world.forge.start(spec(NETWORK_LOG, "success"));
    world.forge.finish(id);
    for hook in world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        assert!(world.hook(hook.event, &hook.id, &body).await.is_success());
    }
    work(world).await;
    // The channels' paces.
    for _ in 0..3 {
        later(world, 1_500).await;
    }
}

pub async fn both() -> World {
    let feed = format!("[[subscriptions]]\nplatform = \"slack\"\nchannel = \"{CHANNEL}\"\nrepo = \"{REPO}\"\n");
    World::with(Setup { config: feed, discord: true, ..Setup::default() }).await
}

async fn given_up(world: &World) -> u64 {
    world.app.engine.counts().await.unwrap().given_up
}

/// A proxy, or a network's edge, answers instead of the platform: the card comes a moment later.
#[tokio::test]
async fn another_programs_refusal_is_waited_out() {
    let html = json!("<html><title>Access denied</title></html>");
    for status in [400_u16, 403, 404, 407, 408, 421] {
        let world = both().await;
        for _ in 0..3 {
            world.slack.fault("chat.postMessage", status, html.clone(), false);
            world.discord.fault("create", status, html.clone(), Vec::new());
        }
        world.broken_run(NETWORK_LOG, "success").await;
        for _ in 0..6 {
            world.clock.advance(30_000);
            world.settle().await;
        }
        assert_eq!((world.slack.cards().len(), world.discord.cards().len()), (1, 1), "{status}");
        assert_eq!(given_up(&world).await, 0, "{status}");
        world.end().await;
    }
}

/// What an operator can fix: told to the admins once by another road, tried again, and at once when it is fixed.
#[tokio::test]
async fn what_can_be_mended_is_told_once_and_recovers() {
    for (code, everywhere) in [
        ("is_archived", false),
        ("not_in_channel", false),
        ("channel_not_found", false),
        ("token_revoked", true),
        ("account_inactive", true),
        ("invalid_auth", true),
    ] {
        let world = both().await;
        for _ in 0..MANY {
            world.slack.fault("chat.postMessage", 200, json!({"ok": false, "error": code}), false);
        }
        broken(&world).await;
        for _ in 0..3 {
            later(&world, 3_600_000).await;
        }
        assert_eq!(world.slack.cards().len(), 0, "{code}");
        let told = world.discord.direct("1001");
        assert_eq!(told.len(), 1, "{code}: the admin is told once: {told:?}");
        let words = told[0].replace('\\', "");
        assert!(words.contains(code) && told[0].contains(CHANNEL) != everywhere, "{code}: {told:?}");
        let troubles = world.app.engine.troubles().await.unwrap();
        assert_eq!(troubles.len(), 1, "{code}");
        assert!(
            world.app.engine.counts().await.unwrap().behind["slack"] > 0,
            "{code}: the card is behind, not given up"
        );
        // Mended: nothing waits for the interval to end.
        while world.slack.unfault("chat.postMessage") {}
        world.app.engine.fixed(Some(&Platform::new("slack")));
        // The channel's pace.
        later(&world, 2_000).await;
        assert_eq!(world.slack.cards().len(), 1, "{code}");
        assert!(world.app.engine.troubles().await.unwrap().is_empty(), "{code}");
        assert_eq!(given_up(&world).await, 0, "{code}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_permission_that_discord_lacks_is_told_in_slack() {
    let world = both().await;
    for _ in 0..MANY {
        world.discord.fault("create", 403, json!({"code": 50_013, "message": "Missing Permissions"}), Vec::new());
    }
    broken(&world).await;
    later(&world, 10_000).await;
    let told = world.slack.direct("UADA");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Discord") && told[0].contains("Missing Permissions"), "{told:?}");
    world.end().await;
}

/// The platforms say that we were added, or that a channel is in use again.
#[tokio::test]
async fn being_added_ends_the_wait() {
    for event in [
        json!({"type": "member_joined_channel", "user": "UBOT", "channel": CHANNEL, "channel_type": "C", "team": "T1"}),
        json!({"type": "channel_unarchive", "channel": CHANNEL, "user": "UADA"}),
    ] {
        let world = both().await;
        world.slack.fault("chat.postMessage", 200, json!({"ok": false, "error": "not_in_channel"}), false);
        broken(&world).await;
        assert_eq!(world.slack.cards().len(), 0);
        let payload = json!({"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": world.id(),
            "event_time": 1_767_268_800, "event": event});
        world.slack.send("events_api", payload).await;
        work(&world).await;
        assert_eq!(world.slack.cards().len(), 1, "{event}");
        world.end().await;
    }
}

/// What the platform refuses for good is given up, and that is counted.
#[tokio::test]
async fn a_card_that_is_refused_for_good_is_given_up_and_counted() {
    let world = both().await;
    world.discord.fault("create", 400, json!({"code": 50_035, "message": "Invalid Form Body"}), Vec::new());
    world.broken_run(NETWORK_LOG, "success").await;
    assert_eq!(given_up(&world).await, 1);
    let status: Value = world
        .http
        .get(format!("http://{}/api/status", world.public_at))
        .bearer_auth("read-token")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(status["cards_given_up"], 1, "{status}");
    assert_eq!(status["troubles"], json!([]));
    world.end().await;
}

/// A card that somebody deleted stays away until something has to be said or approved.
#[tokio::test]
async fn a_deleted_card_comes_back_when_it_is_needed() {
    let world = everywhere("[policy.approvals]\nretry = 1\n").await;
    let (slack, other) = (world.slack.cards()[0].ts.clone(), world.discord.cards()[0].id.clone());
    world.slack.delete(&slack);
    world.discord.delete(&other);
    say(&world, Surface::Console, "ben", "retry", "1").await;
    for _ in 0..4 {
        world.clock.advance(5_000);
        world.settle().await;
    }
    let card = world.slack.cards().into_iter().next().expect("a card in Slack again");
    assert!(card.button("Approve").is_some(), "{}", card.words());
    let there = world.discord.cards().into_iter().next().expect("a card in Discord again");
    assert!(there.button("Approve").is_some(), "{}", there.words());
    // Its button works, and its thread knows the incident.
    let value = card.button("Approve").unwrap();
    world.slack.press("UCYD", &card, &value).await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.slack.mention("UADA", &card.ts, "show").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("#1"), "{}", world.slack.last_whisper());
    world.end().await;
}

#[tokio::test]
async fn a_thread_that_was_put_away_is_opened_again_and_a_locked_one_goes_on_elsewhere() {
    for locked in [false, true] {
        let world = everywhere("[policy.approvals]\nretry = 1\n").await;
        say(&world, Surface::Console, "ben", "retry", "1").await;
        world.clock.advance(5_000);
        world.settle().await;
        let card = world.discord.cards()[0].id.clone();
        let before = world.discord.thread(&card).len();
        assert!(before > 0);
        world.discord.shut(&card, locked);
        say(&world, Surface::Console, "cyd", "approve", "1").await;
        for _ in 0..4 {
            world.clock.advance(5_000);
            world.settle().await;
        }
        let after = world.discord.thread(&card).len();
        if locked {
            assert_eq!(after, before);
            assert_eq!(world.discord.threads(), 2, "the history goes on in a new thread");
        } else {
            assert!(after > before, "opened again");
            assert_eq!(world.discord.threads(), 1);
        }
        assert!(world.discord.messages().iter().any(|m| m.channel == discord::CHANNEL), "the card stands");
        world.end().await;
    }
}
