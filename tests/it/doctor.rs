//! `doctor` and `manifest`, as an operator runs them, against the doubles.

use crate::world::{Setup, World, config_text, discord_text};
use std::process::Output;
use tokio::process::Command;

async fn doctor(world: &World, more: &str) -> Output {
    let github = "";
    let store = format!("\n[store]\npath = \"{}\"\n", world.dir.path().join("doctor").display());
    let text = config_text(
        world.forge_at,
        Some(world.slack.at),
        github,
        &format!("{store}{}{more}", discord_text(world.discord.at)),
    );
    let file = world.dir.path().join("doctor.toml");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    command.arg("doctor").arg("--config").arg(&file).output().await.unwrap()
}

#[tokio::test]
async fn says_what_is_there_and_what_is_lacking() {
    let world = World::with(Setup { discord: true, ..Setup::default() }).await;
    let fine = doctor(&world, "").await;
    let words = String::from_utf8_lossy(&fine.stdout).into_owned();
    assert!(fine.status.success(), "{words}{}", String::from_utf8_lossy(&fine.stderr));
    for line in [
        "ok    github: we are sandbox-bot",
        "ok    slack: we are bot",
        "ok    discord: we are ci-rescue, 1 channel(s) in reach",
    ] {
        assert!(words.contains(line), "{line}: {words}");
    }
    assert!(
        words.lines().all(|line| line.chars().count() <= 80 || line.contains("WRONG") || line.contains("store")),
        "{words}"
    );

    world.slack.grant("chat:write,commands");
    let other = "[[subscriptions]]\nplatform = \"discord\"\nchannel = \"701\"\n";
    let wrong = doctor(&world, other).await;
    let words = String::from_utf8_lossy(&wrong.stdout).into_owned();
    assert!(!wrong.status.success());
    assert!(words.contains("WRONG slack") && words.contains("the scope app_mentions:read"), "{words}");
    assert!(words.contains("WRONG discord: channel 701") && words.contains("manifest discord"), "{words}");
    world.end().await;
}

#[tokio::test]
async fn manifests_are_json_that_can_be_pasted() {
    for platform in ["slack", "discord", "github"] {
        let made = Command::new(env!("CARGO_BIN_EXE_ci-rescue")).args(["manifest", platform]).output().await.unwrap();
        assert!(made.status.success());
        let value: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
        assert!(value.is_object(), "{platform}");
    }
}
