//! What a form offers while somebody types into a field: what the command's options offer, and what was typed itself.

use super::forms::{mended, newest, sent, two_flaky_tests, value, wish};
use crate::threats::platforms;
use crate::world::slack::Message;
use crate::world::slack_pages::menu;
use crate::world::{Setup, World};
use ci_rescue::domain::ProposalState;
use serde_json::{Value, json};

const TOTAL: &str = "tests/test_cart.py::test_total";
const TAX: &str = "tests/test_cart.py::test_tax";

fn values(menu: &[(String, String)]) -> Vec<&str> {
    menu.iter().map(|(_, value)| value.as_str()).collect()
}

fn of(world: &World, label: &str) -> Message {
    world.slack.cards().into_iter().find(|card| card.button(label).is_some()).expect("a card with the button")
}

/// The window that the button of a card opens.
async fn opened(world: &World, label: &str) -> (String, Value) {
    world.slack.press_label("UADA", &of(world, label), label).await;
    (world.slack.last_window(), world.slack.forms().pop().expect("a form"))
}

#[tokio::test]
async fn slack_offers_the_incidents_tests_and_what_was_typed() {
    let (world, _repo) = two_flaky_tests(Setup::default()).await;
    let no = world.incidents().await.iter().map(|incident| incident.no.0).max().unwrap();
    let (window, form) = opened(&world, "Quarantine…").await;
    let element = &form["blocks"][0]["element"];
    assert_eq!((&element["type"], &element["min_query_length"]), (&json!("external_select"), &json!(0)), "{form}");
    let all = world.slack.suggests("UADA", &window, "test", "").await;
    assert_eq!(values(&all).len(), 2, "{all:?}");
    assert!(values(&all).contains(&element["initial_option"]["value"].as_str().unwrap()), "{form}");
    assert_eq!(values(&world.slack.suggests("UADA", &window, "test", "TAX").await), ["TAX", TAX]);
    assert_eq!(values(&world.slack.suggests("UADA", &window, "test", TOTAL).await), [TOTAL]);
    let own = "tests/test_new.py::test_it";
    assert_eq!(values(&world.slack.suggests("UADA", &window, "test", own).await), [own]);
    // What is too long for a menu, or cannot be seen, is no entry.
    assert_eq!(values(&world.slack.suggests("UADA", &window, "test", &"x".repeat(151)).await), [""; 0]);
    assert_eq!(values(&world.slack.suggests("UADA", &window, "test", "a\u{202e}b").await), [""; 0]);
    assert_eq!(world.store.counts().await.unwrap().inbox, 0, "nothing is kept of it");
    let chosen = sent(&form, "UADA", "V1", &[("test", TOTAL), ("for", "3d")]);
    assert!(world.slack.send("interactive", chosen).await.is_null());
    world.settle().await;
    assert_eq!(newest(&world, no).await, (wish(&format!("quarantine 1 test={TOTAL} for=3d")), ProposalState::Awaiting));
    world.end().await;
}

#[tokio::test]
async fn slack_offers_branches_of_which_several_can_be_chosen() {
    let (world, _repo, number) = mended(Setup::default()).await;
    let label = format!("Backport #{number}…");
    let (window, form) = opened(&world, &label).await;
    assert_eq!(form["blocks"][0]["element"]["type"], "multi_external_select", "{form}");
    assert_eq!(values(&world.slack.suggests("UADA", &window, "to", "rel").await), ["rel", "release-1", "release-2"]);
    let chosen = sent(&form, "UADA", "V1", &[("to", "release-1,release-2"), ("pr", &number.to_string())]);
    assert!(world.slack.send("interactive", chosen).await.is_null());
    world.settle().await;
    let want = wish(&format!("backport 1 to=release-1,release-2 pr={number}"));
    assert_eq!(newest(&world, 1).await, (want, ProposalState::Awaiting));
    world.end().await;
}

#[tokio::test]
async fn whoever_may_not_see_the_incident_is_offered_nothing_of_it() {
    let (world, _repo) = two_flaky_tests(Setup::default()).await;
    let (window, _) = opened(&world, "Quarantine…").await;
    let asked = world.slack.suggestion("UADA", &window, "test", "");
    let mut stranger = asked.clone();
    stranger["team"]["id"] = json!("T9");
    stranger["user"]["team_id"] = json!("T9");
    let mut forged = asked.clone();
    let remembered = asked["view"]["private_metadata"].as_str().unwrap();
    forged["view"]["private_metadata"] = json!(remembered.replace("quarantine", "pin").replace(".1.0.", ".2.0."));
    let mut other = asked.clone();
    other["action_id"] = json!("reason");
    for (what, asked) in [("stranger", stranger), ("other field", other)] {
        let offered = menu(&world.slack.send("interactive", asked).await);
        assert_eq!(values(&offered), [""; 0], "{what}");
    }
    // What is no question of ours is acknowledged, and no more.
    forged["view"]["private_metadata"] = json!("{");
    assert!(world.slack.send("interactive", forged).await.is_null());
    world.end().await;
}

#[tokio::test]
async fn slack_asks_over_http_too() {
    let (world, _repo) = two_flaky_tests(Setup { http: true, ..Setup::default() }).await;
    let card = of(&world, "Quarantine…");
    let press = world.slack.action("UADA", &card, &card.button("Quarantine…").unwrap());
    assert!(platforms::interaction(&world, &press).await.status().is_success());
    let window = world.slack.last_window();
    let asked = world.slack.suggestion("UADA", &window, "test", "tax");
    let answer = platforms::interaction(&world, &asked).await.json::<Value>().await.unwrap();
    assert_eq!(values(&menu(&answer)), ["tax", TAX]);
    world.end().await;
}

#[tokio::test]
async fn the_console_offers_the_same() {
    let (world, _repo) = two_flaky_tests(Setup::default()).await;
    let no = world.incidents().await.iter().map(|incident| incident.no.0).max().unwrap();
    let ada = world.sit("ada").await;
    let page = ada.page("/").await;
    let sealed = value(&page, no, "Quarantine…");
    let list = format!("quarantine-test-{no}");
    assert!(
        page.contains(&format!("list=\"{list}\"")) && page.contains(&format!("<datalist id=\"{list}\">")),
        "{page}"
    );
    let ask = async |field: &str, text: &str| {
        let answer = ada.post("/offers", &[("value", &sealed), ("field", field), ("text", text)]).await;
        assert_eq!(answer.status(), 200);
        let found = answer.json::<Vec<Value>>().await.unwrap();
        found.iter().map(|one| one["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ask("test", "tax").await, [TAX]);
    assert_eq!(ask("test", "").await.len(), 2);
    assert!(ask("reason", "").await.is_empty() && ask("no such", "").await.is_empty());
    let forged = [("value", "x"), ("field", "test"), ("text", "")];
    assert_eq!(ada.post("/offers", &forged).await.json::<Vec<Value>>().await.unwrap().len(), 0);
    assert_eq!(ada.post_with("/offers", "wrong", &forged).await.status(), 403);
    world.end().await;
}
