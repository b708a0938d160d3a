//! Events for programs: signed, in order, under names that stay, and sent again when somebody asks.

use super::{HOOK, SECRET, Sinks};
use crate::world::receiver::{Fault, Post};
use serde_json::{Value, json};
use std::collections::HashSet;

fn names(posts: &[Post]) -> Vec<&str> {
    posts.iter().map(|post| post.header("x-ci-rescue-event")).collect()
}

fn seqs(posts: &[Post]) -> Vec<u64> {
    posts.iter().filter_map(|post| post.body["entry"]["seq"].as_u64()).collect()
}

async fn api(sinks: &Sinks, token: &str, body: &Value) -> (u16, Value) {
    let url = format!("http://{}/api/incidents/1/replay", sinks.world.public_at);
    let answer = sinks.world.http.post(url).bearer_auth(token).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn every_change_arrives_once_in_order_and_signed() {
    let sinks = Sinks::new().await;
    sinks.fails("success").await;
    sinks.again().await;
    let posts = sinks.receiver.posts(HOOK);
    assert!(posts.iter().all(|post| post.is_signed(SECRET) && !post.is_signed("another secret")));
    let (seqs, names) = (seqs(&posts), names(&posts));
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "{names:?}");
    assert_eq!(seqs.len() as u64, sinks.world.incident(1).await.entries);
    assert!(names[0] == "opened" && names.contains(&"resolved") && names.contains(&"proposed"), "{names:?}");
    let ids: HashSet<&str> = posts.iter().map(|post| post.header("x-ci-rescue-delivery")).collect();
    assert_eq!(ids.len(), posts.len());
    let last = posts.last().unwrap();
    let url = format!("http://{}/api/incidents/1", sinks.world.public_at);
    let shown: Value = sinks.world.http.get(url).bearer_auth("read-token").send().await.unwrap().json().await.unwrap();
    assert_eq!(last.body["incident"], shown, "as the API shows it");
    assert_eq!(last.body["delivery"], last.header("x-ci-rescue-delivery"));
    let changed: Vec<&Value> =
        posts.iter().map(|post| &post.body["changed"]["stage"]).filter(|c| !c.is_null()).collect();
    assert_eq!(changed.last().unwrap()["to"], "resolved", "{changed:?}");
    sinks.world.end().await;
}

#[tokio::test]
async fn what_goes_wrong_delays_an_event_and_changes_neither_order_nor_name() {
    for fault in
        [Fault::Says(500), Fault::Later(30), Fault::Says(401), Fault::Redirects, Fault::Says(404), Fault::Forgets]
    {
        let sinks = Sinks::new().await;
        sinks.receiver.fail(HOOK, &[fault.clone(), fault.clone()]);
        sinks.fails("success").await;
        sinks.again().await;
        let mut posts = sinks.receiver.posts(HOOK);
        posts.dedup_by_key(|post| post.header("x-ci-rescue-delivery").to_owned());
        let ids: HashSet<&str> = posts.iter().map(|post| post.header("x-ci-rescue-delivery")).collect();
        assert_eq!(ids.len(), posts.len(), "{fault:?}");
        let seqs = seqs(&posts);
        assert_eq!(seqs, (1..=sinks.world.incident(1).await.entries).collect::<Vec<_>>(), "{fault:?}");
        assert!(sinks.receiver.asked("/elsewhere").is_empty(), "redirects are not followed");
        sinks.world.end().await;
    }
}

#[tokio::test]
async fn an_event_that_the_receiver_refuses_holds_up_nothing_and_can_be_sent_again() {
    let sinks = Sinks::new().await;
    sinks.receiver.fail(HOOK, &[Fault::Says(422)]);
    sinks.fails("success").await;
    let posts = sinks.receiver.posts(HOOK);
    assert_eq!(seqs(&posts)[0], 2, "the first was left out");
    assert_eq!(super::status(&sinks.world).await["cards_given_up"], 1);
    let ask = json!({"webhook": "board"});
    assert_eq!(api(&sinks, "read-token", &ask).await.0, 401, "which acts");
    assert_eq!(api(&sinks, "act-token", &json!({"webhook": "nobody"})).await.0, 404);
    let (_, listed) = api(&sinks, "act-token", &ask).await;
    assert_eq!((&listed["sent"], listed["events"][0]["event"].as_str()), (&json!(false), Some("opened")));
    sinks.world.settle().await;
    assert_eq!(sinks.receiver.posts(HOOK).len(), posts.len(), "listing sends nothing");
    let (_, sent) = api(&sinks, "act-token", &json!({"webhook": "board", "send": true})).await;
    assert_eq!(sent["sent"], true);
    sinks.world.settle().await;
    let again = sinks.receiver.posts(HOOK).split_off(posts.len());
    assert_eq!(seqs(&again), (1..=sinks.world.incident(1).await.entries).collect::<Vec<_>>());
    assert!(again.iter().all(|post| post.header("x-ci-rescue-redelivery") == "true"));
    let ids =
        |posts: &[Post]| -> Vec<String> { posts.iter().map(|p| p.header("x-ci-rescue-delivery").to_owned()).collect() };
    assert_eq!(ids(&again)[1..], ids(&posts)[..seqs(&posts).len()], "under the same names");
    assert_eq!(again[0].header("x-ci-rescue-delivery"), listed["events"][0]["delivery"].as_str().unwrap());
    sinks.world.end().await;
}

#[test]
fn what_cannot_work_is_told_with_what_to_do_and_without_secrets() {
    let text = format!(
        "[[webhooks]]\nname = \"board\"\nurl = \"https://board.example/hush-hush\"\nsecret = \"{SECRET}\"\n\
         [[teams]]\nname = \"builds\"\nurl = \"https://teams.example/hush-hush\"\n\
         [[subscriptions]]\nplatform = \"webhook\"\nchannel = \"board\"\n[[subscriptions]]\nplatform = \"teams\"\nchannel = \"builds\"\n"
    );
    assert!(ci_rescue::config::parse(&text, &[]).is_ok());
    for (from, to, want) in [
        ("https://board.example", "http://board.example", "must be an https:// URL"),
        ("https://teams.example", "ftp://teams.example", "must be an https:// URL"),
        ("channel = \"board\"", "channel = \"bord\"", "did you mean \"board\"?"),
        ("channel = \"builds\"", "channel = \"x\"", "names no [[teams]] table"),
        (SECRET, "short", "can be guessed"),
        ("secret = \"a-secret-of-the-receiver\"\n", "", "secret is missing"),
        ("secret = \"a-secret-of-the-receiver\"\n", "secret_file = \"/no/such/file\"\n", "/no/such/file"),
        ("name = \"board\"", "name = \"the board\"", "must be letters"),
    ] {
        let wrong = text.replacen(from, to, 1);
        let why = ci_rescue::config::parse(&wrong, &[]).err().unwrap_or_else(|| panic!("{wrong}")).to_string();
        assert!(why.contains(want) && !why.contains("hush-hush"), "{want}: {why}");
    }
    let said = text.replace("https://board.example/hush-hush\"", "http://board.example/x\"\nallow_plaintext = true");
    assert!(ci_rescue::config::parse(&said, &[]).is_ok());
}
