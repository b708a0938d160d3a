//! What `setup` does not take: then nothing is written, and it says what to do.

use super::{APP_TOKEN, BOT_TOKEN, Place};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Refused, with these words, and nothing is there.
async fn refused(place: &Place, answers: &str, code: i32, words: &str) {
    let said = place.answer(answers).await;
    assert!(said.flat().contains(words), "{words}: {}{}", said.out, said.err);
    assert_eq!(said.code, code, "{}{}", said.out, said.err);
    assert!(!place.config().exists() && !place.dir.path().join("secrets").exists(), "{words}");
    assert_eq!(place.slack.cards().len(), 0);
    place.hides(&format!("{}{}", said.out, said.err));
}

#[tokio::test]
async fn tokens_that_do_not_work_are_refused_before_anything_is_written() {
    let place = Place::new().await;
    let answers = place.answers();
    let refusal = || json!({"ok": false, "error": "invalid_auth"});
    // Asked as who we are, and for its scopes.
    place.slack.fault("auth.test", 200, refusal(), false);
    refused(&place, &answers, 1, "Slack says invalid_auth: check slack.bot_token").await;
    place.slack.fault("apps.connections.open", 200, refusal(), false);
    refused(&place, &answers, 1, "check slack.app_token").await;
    let fault = |status| ci_rescue::demo::Fault {
        method: "GET".into(),
        path: "/user".into(),
        status,
        headers: Vec::new(),
        after: false,
    };
    place.forge.lock().faults.push(fault(401));
    refused(&place, &answers, 1, "check github.token").await;
    place.write("app-token", BOT_TOKEN);
    let swapped = answers.replace("{env = \"THE_BOT_TOKEN\"}", &format!("{{file = \"{}\"}}", place.inside("bot")));
    place.write("bot", APP_TOKEN);
    refused(&place, &swapped, 1, "are swapped").await;
}

#[tokio::test]
async fn a_channel_that_cannot_be_posted_to_is_told() {
    let place = Place::new().await;
    let answers = place.answers();
    refused(&place, &answers.replace("C0BUILDS", "#builds"), 2, "slack.channel: \"#builds\" is not a channel ID").await;
    refused(&place, &answers.replace("\"700\"", "\"builds\""), 2, "discord.channel: \"builds\" is not a channel").await;
    place.slack.fault("chat.postMessage", 200, json!({"ok": false, "error": "channel_not_found"}), false);
    let said = place.answer(&answers).await;
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(
        said.flat().contains("cannot post to slack C0BUILDS: Slack says channel_not_found. Check slack.channel"),
        "{}",
        said.out
    );
    // The configuration is there; another channel can be answered.
    let mended = place.answer("[slack]\nchannel = \"C0OTHER\"\n").await;
    assert_eq!(mended.code, 0, "{}{}", mended.out, mended.err);
}

#[tokio::test]
async fn secrets_are_read_from_files_of_their_owner_alone() {
    let place = Place::new().await;
    let answers = place.answers();
    let path = place.dir.path().join("app-token");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    refused(&place, &answers, 2, &format!("run `chmod 600 {}`", place.inside("app-token"))).await;
    for (text, words) in [
        ("", "slack.app_token is empty"),
        ("xapp-1 xapp-2", "has spaces or several lines"),
        (&"x".repeat(70_000), "larger than 64 KiB"),
    ] {
        place.write("app-token", text);
        refused(&place, &answers, 2, words).await;
    }
    refused(&place, &answers.replace("app-token", "no-such"), 2, "No such file").await;
    refused(&place, &answers.replace(&place.inside("app-token"), "/dev/zero"), 2, "is not a file").await;
    refused(
        &place,
        &answers.replace("THE_BOT_TOKEN", "NO_SUCH"),
        2,
        "slack.bot_token: the variable NO_SUCH is not set",
    )
    .await;
}

#[tokio::test]
async fn hostile_answers_are_refused_or_stay_text() {
    let place = Place::new().await;
    for (answers, words) in [
        (format!("[slack]\nbot_token = \"{BOT_TOKEN}\"\n"), "answers.toml:2: a secret does not belong in this file"),
        ("[slak]\n".into(), "unknown field `slak`"),
        ("[github\n".into(), "answers.toml:1:"),
        (format!("[github]\napp_id = \"{BOT_TOKEN}\"\n"), "answers.toml:2:"),
        ("[github]\ntoken = {file = \"a\", env = \"b\"}\n".into(), "needs either file or env"),
        (format!("{}{}", "[[a]]\n".repeat(20_000), " "), "larger than 64 KiB"),
        (format!("a = {}", "[".repeat(30_000)), "answers.toml:1:"),
    ] {
        refused(&place, &answers, 2, words).await;
    }
    let lines = ["a\\\"]\\n[policy]\\nmode = 'act' #/b", "acme/\\u202eshop", "acme/\\u001b[2Jshop"];
    for hostile in lines {
        let answers = place.answers().replace("[\"acme/shop\"]", &format!("[\"{hostile}\"]"));
        refused(&place, &answers, 2, "github.repositories must be one line of printable text").await;
    }
    // What is only odd stays one text.
    let answers = place.answers().replace("[\"acme/shop\"]", "[\"acme/a\\\"] # b\"]");
    let said = place.answer(&answers).await;
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let config = ci_rescue::config::parse(&place.text(), &[]).unwrap();
    assert_eq!(config.github.repositories, ["acme/a\"] # b"]);
}

#[tokio::test]
async fn a_disk_that_does_not_take_it_is_told_and_files_are_whole() {
    let place = Place::new().await;
    let answers = place.answers();
    // A file stands where the folder would be.
    std::fs::write(place.dir.path().join("secrets"), "in the way").unwrap();
    let said = place.answer(&answers).await;
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("secrets cannot be created"), "{}", said.err);
    assert!(!place.config().exists());
    std::fs::remove_file(place.dir.path().join("secrets")).unwrap();

    // The configuration is a device, which cannot be replaced.
    if Path::new("/dev/full").exists() {
        let file = place.write("answers.toml", &answers);
        let said = place.run(&["setup", "--config", "/dev/full/ci-rescue.toml", "--answers", &file]).await;
        assert_eq!(said.code, 2, "{}{}", said.out, said.err);
        assert!(said.err.contains("/dev/full/ci-rescue.toml"), "{}", said.err);
    }

    // What is there already and is broken is not touched.
    std::fs::write(place.config(), "[github\n").unwrap();
    let said = place.answer(&answers).await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("put it right first") && said.err.contains("ci-rescue.toml:1"), "{}", said.err);
    assert_eq!(place.text(), "[github\n");
}
