//! What people see, state by state, as Slack would show it.

use crate::world::{LINT_LOG, NETWORK_LOG, Setup, World, spec};
use std::fmt::Write;

/// A card as text: its words, its buttons, its fallback.
fn shown(world: &World, no: usize) -> String {
    let card = &world.slack.cards()[no];
    let mut out = String::new();
    for block in card.blocks.as_array().unwrap() {
        match block["type"].as_str().unwrap() {
            "section" => writeln!(out, "{}", block["text"]["text"].as_str().unwrap()).unwrap(),
            "context" => writeln!(out, "~ {}", block["elements"][0]["text"].as_str().unwrap()).unwrap(),
            _ => {
                let label =
                    |e: &serde_json::Value| e["text"]["text"].as_str().map_or("…".into(), |l| format!("[{l}]"));
                let buttons: Vec<String> = block["elements"].as_array().unwrap().iter().map(label).collect();
                writeln!(out, "{}", buttons.join(" ")).unwrap();
            }
        }
    }
    writeln!(out, "fallback: {}", card.text).unwrap();
    out.replace(&world.forge_at.to_string(), "forge")
}

async fn one(config: &str, log: &str) -> World {
    let world = World::with(Setup { config: config.into(), ..Setup::default() }).await;
    world.broken_run(log, "success").await;
    world
}

#[tokio::test]
async fn every_state() {
    let mut all = String::new();
    let mut add = |name: &str, text: String| writeln!(all, "## {name}\n{text}").unwrap();

    let world = one("", NETWORK_LOG).await;
    add("open, retry recommended", shown(&world, 0));
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    world.deliver().await;
    add("running", shown(&world, 0));
    let going = world.forge.going();
    world.forge.finish(going[0]);
    world.deliver().await;
    add("resolved", shown(&world, 0));
    world.end().await;

    let world = one("", LINT_LOG).await;
    add("open, retry not likely to help", shown(&world, 0));
    world.end().await;

    let world = one("[policy.approvals]\nretry = 1\n", NETWORK_LOG).await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    add("awaiting approval", shown(&world, 0));
    world.end().await;

    let world = one("", NETWORK_LOG).await;
    let mut run = spec(NETWORK_LOG, "success");
    run.branch = "topic".into();
    run.pull = Some(9);
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    add("the base branch fails alike", shown(&world, 1));
    world.end().await;

    insta::assert_snapshot!(all);
}

#[tokio::test]
async fn a_card_is_compact() {
    let world = one("", NETWORK_LOG).await;
    let card = &world.slack.cards()[0];
    assert!(card.blocks.as_array().unwrap().len() <= 5);
    assert!(card.words().chars().count() <= 700, "{}", card.words().chars().count());
    world.end().await;
}
