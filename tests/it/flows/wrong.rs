//! *Wrong verdict* on a card: the person chooses the cause in a form of the platform's, the record follows.

use super::surfaces::everywhere;
use crate::world::World;
use ci_rescue::domain::cause::Cause;
use serde_json::{Value, json};

async fn cause(world: &World) -> (Cause, Option<String>) {
    let judged = world.incident(1).await.judged.expect("a judgement");
    (judged.cause, judged.by)
}

/// The form as Slack sends it back, with this cause chosen.
fn chosen(form: &Value, user: &str, name: &str, cause: &str) -> Value {
    let option = json!({"text": {"type": "plain_text", "text": cause}, "value": cause});
    json!({"type": "view_submission", "team": {"id": "T1"}, "user": {"id": user, "name": name, "team_id": "T1"},
        "api_app_id": "A1", "trigger_id": "t9", "view": {"id": format!("V{name}{cause}"), "team_id": "T1", "type": "modal",
            "hash": "h", "title": form["title"], "blocks": form["blocks"], "private_metadata": form["private_metadata"],
            "callback_id": "", "external_id": "",
            "state": {"values": {"line": {"line": {"type": "static_select", "selected_option": option}}}}}})
}

#[tokio::test]
async fn slack_asks_for_the_cause_and_the_record_follows() {
    let world = everywhere("").await;
    let card = world.slack.cards()[0].clone();
    world.slack.press_label("UBEN", &card, "Wrong verdict").await;
    let form = world.slack.forms().pop().expect("a form");
    let offered: Vec<&str> = form["blocks"][0]["element"]["options"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|o| o["value"].as_str())
        .collect();
    assert_eq!(offered.len(), Cause::WEIGHED.len() + 1, "{form}");
    assert!(offered.contains(&"flaky") && offered.contains(&"another"), "{offered:?}");
    // A viewer may look, not correct.
    world.slack.send("interactive", chosen(&form, "UEVE", "eve", "infra")).await;
    world.settle().await;
    assert_eq!(cause(&world).await.1, None);
    // What is no cause is refused in words.
    world.slack.send("interactive", chosen(&form, "UBEN", "ben", "gremlins")).await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("Choose the cause"), "{}", world.slack.last_whisper());
    world.slack.send("interactive", chosen(&form, "UBEN", "ben", "infra")).await;
    world.settle().await;
    assert_eq!(cause(&world).await, (Cause::Infra, Some("ben".into())));
    let thread = world.slack.thread(&card.ts);
    assert!(thread.iter().any(|note| note.text.contains("outage")), "{thread:?}");
    // A form of before: the card has moved on since.
    world.slack.send("interactive", chosen(&form, "UADA", "ada", "another")).await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("changed since"), "{}", world.slack.last_whisper());
    assert_eq!(cause(&world).await.0, Cause::Infra);
    world.end().await;
}

#[tokio::test]
async fn discord_asks_for_the_cause_in_a_list_that_one_person_sees() {
    let world = everywhere("").await;
    let card = world.discord.cards()[0].clone();
    let (token, click) = world.discord.press("1002", &card, "Wrong verdict");
    world.discord.send(&click).await;
    let answer = world.discord.answers(&token).0;
    assert_eq!((&answer["type"], &answer["data"]["flags"]), (&json!(4), &json!(64)), "{answer}");
    let list = &answer["data"]["components"][0]["components"][0];
    assert!((1..=100).contains(&list["custom_id"].as_str().unwrap().chars().count()));
    assert!(list["options"].as_array().unwrap().iter().any(|option| option["value"] == "dependency"), "{list}");
    let data = json!({"component_type": 3, "custom_id": list["custom_id"], "values": ["dependency"]});
    let (token, choice) = world.discord.interaction(3, "1002", data, Some(&card));
    world.discord.send(&choice).await;
    world.settle().await;
    assert_eq!(cause(&world).await, (Cause::Dependency, Some("ben".into())), "{}", world.discord.said(&token));
    world.end().await;
}
