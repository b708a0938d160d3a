//! Answers in a file: what is written, what stays, and what people see of it.

use super::{APP_TOKEN, BOT_TOKEN, DISCORD_TOKEN, GITHUB_TOKEN, Place};
use crate::world::discord;
use std::os::unix::fs::MetadataExt;

#[tokio::test]
async fn a_file_of_answers_makes_an_installation() {
    let place = Place::new().await;
    let said = place.answer(&place.answers()).await;
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    for part in [
        "ok       github: signed in as sandbox-bot",
        "ok       slack: signed in as bot",
        "ok       discord: signed in as ci-rescue",
        "store, made at the first start",
        "Ready: nothing to fix",
        "posted a test card to slack C0BUILDS",
        "posted a test card to discord 700",
        "ci-rescue serve --config",
    ] {
        let words = said.flat();
        let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(&part), "{part}: {}", said.out);
    }
    let paths = |line: &&str| !line.contains(&place.inside(""));
    assert!(said.out.lines().filter(paths).all(|line| line.chars().count() <= 80), "{}", said.out);
    place.hides(&format!("{}{}", said.out, said.err));
    for (key, value) in [
        ("github.token", GITHUB_TOKEN),
        ("slack.bot_token", BOT_TOKEN),
        ("slack.app_token", APP_TOKEN),
        ("discord.bot_token", DISCORD_TOKEN),
    ] {
        let path = place.secret(key);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), value, "{key}");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600, "{key}");
    }
    assert_eq!(std::fs::metadata(place.dir.path().join("secrets")).unwrap().mode() & 0o777, 0o700);
    let cards = place.slack.cards();
    assert_eq!(cards.len(), 1);
    assert!(cards[0].text.contains("CI Rescue is set up"), "{}", cards[0].text);
    assert_eq!(place.discord.messages().iter().filter(|message| message.channel == discord::CHANNEL).count(), 1);
    let config = place.text();
    assert!(config.starts_with("# CI Rescue. "), "{config}");
    assert_eq!(config.matches("[[subscriptions]]").count(), 2, "{config}");
    assert!(config.contains("name = \"ada\"") && config.contains("role = \"admin\""), "{config}");
}

#[tokio::test]
async fn a_second_run_changes_nothing_and_a_third_only_what_was_asked() {
    let place = Place::new().await;
    let answers = place.answers();
    assert_eq!(place.answer(&answers).await.code, 0);
    let ours = format!("# ours, by hand\n{}\n[policy] # careful\nmode = 'observe'\n", place.text());
    std::fs::write(place.config(), &ours).unwrap();
    let token = std::fs::read_to_string(place.secret("console.token")).unwrap();
    let inode = std::fs::metadata(place.config()).unwrap().ino();

    let again = place.answer(&answers).await;
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    assert!(again.out.contains("Everything is there already; nothing was changed."), "{}", again.out);
    assert_eq!(place.text(), ours);
    assert_eq!(std::fs::metadata(place.config()).unwrap().ino(), inode);
    assert_eq!(std::fs::read_to_string(place.secret("console.token")).unwrap(), token);

    // Only another repository; the rest is known.
    let more = place.answer("[github]\nrepositories = [\"acme/web\"]\n[slack]\nchannel = \"C0BUILDS\"\n").await;
    assert_eq!(more.code, 0, "{}{}", more.out, more.err);
    let text = place.text();
    assert!(text.contains("repositories = [\"acme/shop\", \"acme/web\"]"), "{text}");
    assert!(text.starts_with("# ours, by hand\n") && text.contains("[policy] # careful\nmode = 'observe'\n"), "{text}");
    let kept = text.replace(", \"acme/web\"", "");
    let added = "[[subscriptions]]\nplatform = \"slack\"\nchannel = \"C0BUILDS\"\nrepo = \"acme/web\"\n";
    let squeezed = |text: &str| text.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    assert_eq!(squeezed(&kept.replace(added, "")), squeezed(&ours));
}

#[tokio::test]
async fn without_a_terminal_the_missing_answers_are_named() {
    let place = Place::new().await;
    let said = place.run(&["setup"]).await;
    assert_eq!(said.code, 2);
    for name in ["--answers", "github.token:", "github.repositories:", "admin.github:", "slack:"] {
        assert!(said.err.contains(name), "{name}: {}", said.err);
    }
    let said = place.answer("[slack]\n[discord]\n[github]\napp_id = 7\nrepositories = [\"acme/*\"]\n").await;
    for name in [
        "github.private_key:",
        "slack.bot_token:",
        "slack.app_token:",
        "slack.channel:",
        "discord.bot_token:",
        "discord.channel:",
    ] {
        assert!(said.err.contains(name), "{name}: {}", said.err);
    }
    assert!(said.err.contains("7 answers are missing") && !said.err.contains("github.token"), "{}", said.err);
    assert!(!place.config().exists());
}

/// Everything that the manual's example names is known, and only its secrets are not there.
#[tokio::test]
async fn the_example_of_the_manual_is_taken() {
    let place = Place::new().await;
    let manual = include_str!("../../../docs/installing.md");
    let example = manual.split("```toml answers\n").nth(1).unwrap().split("```").next().unwrap();
    let said = place.answer(&example.replace("/root/", "/nowhere/")).await;
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert!(said.err.contains("github.private_key: /nowhere/app.pem: No such file"), "{}", said.err);
}
