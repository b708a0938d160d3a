//! Adaptive Cards for the workflows of Microsoft Teams.

use super::{Sinks, UNKNOWN, WORKFLOW};
use crate::world::receiver::{Fault, Post};
use crate::world::spec;
use serde_json::{Value, json};
use std::io::Write;

/// What the documents of Adaptive Cards 1.4 allow of the parts that we use (adaptivecards.io/explorer): each key of each
/// element, and nothing else.
fn check(post: &Post) {
    assert!(post.text.len() <= 28 << 10, "{} bytes", post.text.len());
    let message = &post.body;
    keys(message, &["type", "attachments"]);
    assert_eq!(message["type"], "message");
    let attachment = one(&message["attachments"]);
    keys(attachment, &["contentType", "contentUrl", "content"]);
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let card = &attachment["content"];
    keys(card, &["$schema", "type", "version", "fallbackText", "speak", "msteams", "body", "actions"]);
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    assert_eq!(card["msteams"], json!({"width": "Full"}), "nobody is mentioned");
    let container = one(&card["body"]);
    keys(container, &["type", "style", "items"]);
    assert!(["default", "emphasis", "good", "attention", "warning", "accent"].iter().any(|s| container["style"] == *s));
    for item in container["items"].as_array().unwrap() {
        keys(item, &["type", "inlines"]);
        assert_eq!(item["type"], "RichTextBlock", "which reads no Markdown");
        let run = one(&item["inlines"]);
        assert!(run.as_object().unwrap().keys().all(|key| ["type", "text", "weight", "size"].contains(&key.as_str())));
        assert_eq!(run["type"], "TextRun");
        assert!(!run["text"].as_str().unwrap().is_empty());
    }
    for action in card["actions"].as_array().unwrap() {
        keys(action, &["type", "title", "url"]);
        assert_eq!(action["type"], "Action.OpenUrl");
        assert!(action["url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "ours or the forge's: {action}");
    }
    // For the judge of `.ci`.
    if let Some(dir) = std::env::var_os("CI_RESCUE_SINKS") {
        let file = std::path::PathBuf::from(dir).join("teams.jsonl");
        let mut out = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
        out.write_all(format!("{}\n", post.body).as_bytes()).unwrap();
    }
}

fn keys(value: &Value, want: &[&str]) {
    let have: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(have, want);
}

fn one(list: &Value) -> &Value {
    assert_eq!(list.as_array().unwrap().len(), 1);
    &list[0]
}

fn words(post: &Post) -> String {
    let items = post.body["attachments"][0]["content"]["body"][0]["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["inlines"][0]["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_card_at_first_and_one_at_the_end() {
    let sinks = Sinks::new().await;
    sinks.fails("success").await;
    sinks.again().await;
    let posts = sinks.receiver.posts(WORKFLOW);
    assert_eq!(posts.len(), 2);
    posts.iter().for_each(check);
    assert!(words(&posts[0]).contains("failed: test: error: the frobnicator said no"), "{}", words(&posts[0]));
    assert!(words(&posts[1]).starts_with("Over\n✅"), "{}", words(&posts[1]));
    sinks.world.end().await;
}

#[tokio::test]
async fn a_pause_that_teams_asks_for_is_kept() {
    let sinks = Sinks::new().await;
    sinks.receiver.fail(WORKFLOW, &[Fault::Later(120), Fault::Says(503), Fault::Says(502)]);
    sinks.fails("failure").await;
    let asked = sinks.receiver.asked(WORKFLOW);
    assert_eq!((asked.len(), sinks.receiver.posts(WORKFLOW).len()), (4, 1));
    assert!(asked[1] - asked[0] >= 120_000, "{asked:?}");
    sinks.world.end().await;
}

/// Teams cannot be asked what it posted, so the second card says so itself.
#[tokio::test]
async fn a_card_whose_fate_is_unknown_is_posted_again_as_a_repeat() {
    let sinks = Sinks::new().await;
    sinks.receiver.fail(WORKFLOW, &[Fault::Says(503), Fault::Forgets]);
    sinks.fails("success").await;
    let posts = sinks.receiver.posts(WORKFLOW);
    assert_eq!(posts.len(), 2);
    posts.iter().for_each(check);
    assert!(!words(&posts[0]).contains("repeat"), "a refusal is no doubt: {}", words(&posts[0]));
    assert!(words(&posts[1]).starts_with("Perhaps a repeat"), "{}", words(&posts[1]));
    sinks.again().await;
    let last = sinks.receiver.posts(WORKFLOW).pop().unwrap();
    assert!(words(&last).starts_with("Over"), "{}", words(&last));
    sinks.world.end().await;
}

#[tokio::test]
async fn a_url_that_is_refused_is_told_without_the_url() {
    let sinks = Sinks::new().await;
    for fault in [Fault::Redirects, Fault::Says(401), Fault::Says(404)] {
        sinks.receiver.fail(WORKFLOW, &[fault]);
    }
    let id = sinks.world.forge.start(spec(UNKNOWN, "failure"));
    sinks.world.forge.finish(id);
    for hook in sinks.world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", sinks.world.forge_at));
        sinks.world.hook(hook.event, &hook.id, &body).await;
    }
    super::rounds(&sinks.world, 60).await;
    let status = super::status(&sinks.world).await;
    assert!(status["troubles"][0]["why"].as_str().unwrap().contains("redirects are not followed"), "{status}");
    assert!(!status.to_string().contains(WORKFLOW), "the URL is a secret");
    assert!(sinks.receiver.asked("/elsewhere").is_empty());
    sinks.world.settle().await;
    assert_eq!(sinks.receiver.posts(WORKFLOW).len(), 1);
    assert!(super::status(&sinks.world).await["troubles"].as_array().unwrap().is_empty());
    sinks.world.end().await;
}

#[tokio::test]
async fn hostile_words_stay_words() {
    for hostile in crate::threats::HOSTILE {
        let sinks = Sinks::new().await;
        let log =
            format!("##[group]Run {hostile}\nerror: {hostile} broke\n##[error]Process completed with exit code 1.\n");
        let mut run = spec(&log, "failure");
        (run.message, run.sender, run.workflow) = (hostile.into(), hostile.into(), hostile.into());
        run.jobs[0].name = hostile.into();
        let id = sinks.world.forge.start(run);
        sinks.world.forge.finish(id);
        sinks.world.deliver().await;
        let posts = sinks.receiver.posts(WORKFLOW);
        assert_eq!(posts.len(), 1, "{hostile}");
        check(&posts[0]);
        let text = words(&posts[0]);
        assert!(!text.contains("{{") && !text.contains("${"), "{text}");
        sinks.world.end().await;
    }
}
