//! Discord: cards, buttons, forms, threads, limits, commands.

use super::surfaces::{Surface, everywhere, say};
use crate::world::discord::{CHANNEL, limits};
use crate::world::{NETWORK_LOG, Setup, World};
use ci_rescue::domain::Stage;
use secrecy::SecretString;
use serde_json::json;

fn quiet() -> Setup {
    Setup { slack: false, discord: true, ..Setup::default() }
}

async fn broken(config: &str) -> World {
    let world = World::with(Setup { config: config.into(), ..quiet() }).await;
    world.broken_run(NETWORK_LOG, "success").await;
    world
}

#[tokio::test]
async fn a_card_with_buttons_that_act() {
    let world = broken("").await;
    let cards = world.discord.cards();
    assert_eq!(cards.len(), 1);
    limits(&cards[0].body).unwrap();
    assert!(cards[0].words().contains("shop@1a2b3c4"), "{}", cards[0].words());
    let (token, click) = world.discord.press("1002", &cards[0], "Retry");
    world.discord.send(&click).await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    assert_eq!(world.discord.answers(&token).0["type"], json!(6), "a click is acknowledged without a new message");
    let (token, chosen) = world.discord.press("1009", &cards[0], "Why");
    world.discord.send(&chosen).await;
    world.settle().await;
    let answer = world.discord.answers(&token).1.last().unwrap().clone();
    assert_eq!(answer["flags"], json!(64), "the answer is private");
    assert_eq!(world.discord.cards().len(), 1, "the card is edited, not posted again");
    world.end().await;
}

#[tokio::test]
async fn the_history_is_in_one_thread() {
    let world = broken("").await;
    say(&world, Surface::Discord, "ben", "retry", "1").await;
    world.deliver().await;
    let going = world.forge.going();
    world.forge.finish(going[0]);
    world.deliver().await;
    let card = world.discord.cards()[0].clone();
    assert_eq!(world.discord.threads(), 1);
    let notes: Vec<String> = world.discord.thread(&card.id).iter().map(crate::world::discord::Message::words).collect();
    assert!(notes.iter().any(|note| note.contains("ben")), "{notes:?}");
    assert!(world.discord.messages().iter().all(|message| limits(&message.body).is_ok()));
    world.end().await;
}

#[tokio::test]
async fn in_a_thread_the_number_may_be_left_out() {
    let world = broken("").await;
    let card = world.discord.cards()[0].clone();
    let (token, mut command) = world.discord.command("1002", "why", &[]);
    command["channel_id"] = json!(card.id);
    command["channel"] =
        json!({"id": card.id, "type": 11, "parent_id": CHANNEL, "name": "Incident 1", "permissions": "0"});
    world.discord.send(&command).await;
    world.settle().await;
    let said = world.discord.said(&token);
    assert!(said.contains('•'), "{said}");
    world.end().await;
}

#[tokio::test]
async fn a_form_asks_for_the_reason() {
    let world = broken("[policy.approvals]\nretry = 1\n").await;
    say(&world, Surface::Discord, "ben", "retry", "1").await;
    let card = world.discord.cards()[0].clone();
    let (token, click) = world.discord.press("1001", &card, "Reject with a reason");
    world.discord.send(&click).await;
    let form = world.discord.answers(&token).0;
    assert_eq!(form["type"], json!(9));
    assert!(form["data"]["title"].as_str().unwrap().chars().count() <= 45);
    let custom_id = form["data"]["custom_id"].as_str().unwrap();
    assert!(custom_id.chars().count() <= 100);
    let data = json!({"custom_id": custom_id, "components": [{"type": 1, "components": [
        {"type": 4, "custom_id": "line", "value": "wait for the registry"}]}]});
    let (_, submitted) = world.discord.interaction(5, "1001", data, Some(&card));
    world.discord.send(&submitted).await;
    world.settle().await;
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, incident.proposals[0].state.as_str()), (Stage::Open, "rejected"));
    let thread = world.discord.thread(&card.id);
    assert!(thread.iter().any(|note| note.words().contains("wait for the registry")), "{thread:?}");
    world.end().await;
}

#[tokio::test]
async fn what_is_being_typed_is_completed() {
    let world = broken("").await;
    for (options, want) in [
        (json!([{"name": "id", "type": 3, "value": "", "focused": true}]), "1"),
        (json!([{"name": "id", "type": 3, "value": "#1", "focused": true}]), "1"),
        (
            json!([{"name": "id", "type": 3, "value": "1"}, {"name": "job", "type": 3, "value": "te", "focused": true}]),
            "test",
        ),
    ] {
        let data = json!({"id": "1", "name": "rescue", "type": 1, "options": [{"name": "retry", "type": 1, "options": options}]});
        let (token, typing) = world.discord.interaction(4, "1002", data, None);
        world.discord.send(&typing).await;
        let answer = world.discord.answers(&token).0;
        assert_eq!(answer["type"], json!(8));
        assert_eq!(answer["data"]["choices"][0]["value"], json!(want), "{answer}");
    }
    world.end().await;
}

#[tokio::test]
async fn commands_are_registered_only_when_they_changed() {
    let world = broken("").await;
    assert_eq!(world.discord.calls("commands.put"), 1);
    let rest = ci_rescue::adapters::discord::Rest::new(ci_rescue::adapters::discord::Settings {
        api_url: format!("http://{}/api/v10", world.discord.at),
        bot_token: SecretString::from("discord-double").into(),
        clock: world.clock.clone(),
    });
    let written = ci_rescue::adapters::discord::register(&rest.unwrap(), Some("900"), Some("800")).await.unwrap();
    assert!(!written);
    assert_eq!(world.discord.calls("commands.put"), 1);
    world.end().await;
}

#[tokio::test]
async fn a_rate_limit_is_obeyed_by_its_headers_and_nothing_is_lost() {
    let world = World::with(quiet()).await;
    let slow = vec![("retry-after", "7"), ("x-ratelimit-scope", "user")];
    world.discord.fault("create", 429, json!({"message": "You are being rate limited.", "retry_after": 6.5}), slow);
    let before = ci_rescue::ports::Clock::now(&*world.clock);
    world.broken_run(NETWORK_LOG, "success").await;
    assert_eq!(world.discord.cards().len(), 1);
    assert_eq!(world.discord.calls("create"), 2, "asked again once, after the pause");
    assert!(ci_rescue::ports::Clock::now(&*world.clock).ms_since(before) >= 7_000);
    world.end().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_makes_no_second_card() {
    let world = World::with(quiet()).await;
    world.discord.lose_answer("create");
    world.broken_run(NETWORK_LOG, "success").await;
    assert_eq!(world.discord.cards().len(), 1);
    assert!(world.discord.calls("history") > 0, "it looked before it posted again");
    assert_eq!(world.discord.calls("create"), 1, "and found it");
    world.end().await;
}

#[tokio::test]
async fn an_answer_that_overtakes_its_acknowledgement_is_given_again() {
    let world = broken("").await;
    world.discord.fault("original", 404, json!({"message": "Unknown Webhook", "code": 10_015}), Vec::new());
    let (token, command) = world.discord.command("1002", "why", &[("id", json!("1"))]);
    world.discord.send(&command).await;
    world.settle().await;
    world.clock.advance(5_000);
    world.settle().await;
    assert!(world.discord.said(&token).contains('•'), "{}", world.discord.said(&token));
    world.end().await;
}

/// The process was killed before it acknowledged: Discord never takes an answer then.
#[tokio::test]
async fn an_interaction_that_was_never_acknowledged_is_given_up_within_seconds() {
    let world = broken("").await;
    for _ in 0..20 {
        world.discord.fault("original", 404, json!({"message": "Unknown Webhook", "code": 10_015}), Vec::new());
    }
    let (token, command) = world.discord.command("1002", "why", &[("id", json!("1"))]);
    world.discord.send(&command).await;
    for _ in 0..4 {
        world.settle().await;
        world.clock.advance(8_000);
    }
    world.settle().await;
    let tries = world.discord.calls("original");
    assert!((2..=4).contains(&tries), "{tries}");
    world.clock.advance(600_000);
    world.settle().await;
    assert_eq!(world.discord.calls("original"), tries, "it is not tried again");
    assert_eq!(world.discord.said(&token), "");
    world.end().await;
}

#[tokio::test]
async fn words_are_always_answered() {
    let world = broken("[policy.approvals]\nretry = 1\n").await;
    for (who, verb, want) in
        [("ben", "retry", "needs 1 approval"), ("ada", "approve", "approved"), ("ben", "cancel", "cancelled")]
    {
        let said = say(&world, Surface::Discord, who, verb, "1").await;
        assert!(said.contains(want), "{verb}: {said}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_thread_that_is_locked_does_not_stop_the_card() {
    let world = broken("[policy.approvals]\nretry = 1\n").await;
    for _ in 0..20 {
        world.discord.fault("thread", 403, json!({"message": "Missing Access", "code": 50_001}), Vec::new());
    }
    say(&world, Surface::Discord, "ben", "retry", "1").await;
    let card = world.discord.cards()[0].clone();
    assert!(card.words().contains("awaiting approval"), "{}", card.words());
    say(&world, Surface::Discord, "ada", "approve", "1").await;
    world.deliver().await;
    assert!(world.discord.cards()[0].words().contains("running"), "{}", world.discord.cards()[0].words());
    world.end().await;
}

#[tokio::test]
async fn the_gateway_comes_back() {
    let world = broken("").await;
    world.discord.disconnect(4000).await;
    say(&world, Surface::Discord, "ben", "retry", "1").await;
    assert_eq!(world.reruns(), 1);
    assert_eq!(world.discord.sessions(), (1, 1), "the session was resumed, not begun anew");
    world.end().await;
}

#[tokio::test]
async fn a_field_that_the_library_does_not_know_loses_nothing() {
    let world = everywhere("").await;
    let (_, mut command) = world.discord.command("1002", "retry", &[("id", json!("1"))]);
    for missing in ["entitlements", "authorizing_integration_owners", "attachment_size_limit"] {
        command.as_object_mut().unwrap().remove(missing);
    }
    world.discord.send(&command).await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}
