//! `doctor` on sinks: what answers, what does not, and what does not get through.

use super::{PASSWORD, Sinks, TEAM, mail_section, posts_section, subscribed};
use crate::world::REPO;
use std::path::Path;
use tokio::process::Command;

async fn doctor(dir: &Path, text: &str) -> String {
    let file = dir.join("ci-rescue.toml");
    std::fs::write(&file, text).unwrap();
    let said = Command::new(env!("CARGO_BIN_EXE_ci-rescue")).arg("doctor").current_dir(dir).output().await.unwrap();
    String::from_utf8(said.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn each_sink_is_asked_and_nothing_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let sinks = Sinks::new().await;
    let store = format!("\n[store]\npath = \"{}\"\n", dir.path().join("store").display());
    let config = mail_section(&sinks.mail) + &store + &posts_section(&sinks.receiver);
    let said = doctor(dir.path(), &(config.clone() + &subscribed("email", TEAM, REPO))).await;
    for words in [
        "email: 127.0.0.1 takes mail, signed in as bot",
        "builds: http://127.0.0.1:",
        "board: http://127.0.0.1:",
        "answers; no [[subscriptions]] table sends anything there",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(sinks.mail.letters().is_empty() && sinks.receiver.posts(super::HOOK).is_empty());
    let wrong = doctor(dir.path(), &config.replace(PASSWORD, "a wrong one")).await;
    assert!(wrong.contains("127.0.0.1 refuses us") && wrong.contains("who are you"), "{wrong}");
    let (listener, free) = crate::world::listener().await;
    drop(listener);
    let text = config.replace(&format!("port = {}", sinks.mail.at.port()), &format!("port = {}", free.port()));
    let down = doctor(dir.path(), &text).await;
    assert!(down.contains("127.0.0.1 cannot be reached"), "{down}");
    sinks.world.end().await;
}
