//! `replay`: what a delivery would do is told without doing it, and with `--apply` it is taken in like any other.

use crate::damage::{Operator, everything};
use crate::flows::events::job_event;
use ci_rescue::domain::ids::Digest;
use ci_rescue::domain::time::Time;
use ci_rescue::ports::{Delivery, Origin, Store, Turn};
use ci_rescue::store::{Ledger, Sled};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

fn opened(operator: &Operator) -> Ledger<Sled> {
    Ledger::open(Sled::open(&operator.store).unwrap()).unwrap()
}

/// A payload of a job that failed, in a file.
fn saved(operator: &Operator, job: &str) -> String {
    let (_, body) = job_event("completed", json!("failure"), 1, 1, job);
    fs::write(operator.dir.path().join("payload.json"), body).unwrap();
    "payload.json".into()
}

fn delivery(id: &str, source: &str, body: String) -> Delivery {
    Delivery {
        id: id.into(),
        source: source.into(),
        kind: "workflow_job".into(),
        origin: Origin::Signed,
        at: Time(1),
        hash: Digest::of([body.as_bytes()]),
        body,
    }
}

#[tokio::test]
async fn a_payload_is_told_without_a_change_and_then_applied() {
    let operator = Operator::new();
    drop(opened(&operator));
    let file = saved(&operator, "test");
    let before = everything(&Sled::open(&operator.store).unwrap(), &operator.store).unwrap();
    let (status, said, errors) = operator.run(&["replay", &file]);
    assert_eq!((status, errors.as_str()), (0, ""), "{said}");
    for words in [
        "(github, workflow_job) from payload.json",
        "ended in failure",
        "#1 would open (acme/shop, branch main: open):",
        "the bot would:",
        "- read the log of job ",
        "for #1",
        "post the card of #1 in console:",
        "Nothing was changed, and nobody was called; --apply takes it in.",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    assert!(everything(&Sled::open(&operator.store).unwrap(), &operator.store).unwrap() == before);

    let (status, said, errors) = operator.run(&["replay", &file, "--apply"]);
    assert_eq!((status, errors.as_str()), (0, ""), "{said}");
    let id = said.split(' ').next().unwrap().to_owned();
    assert!(said.contains("waits now: the server takes it in when it starts"), "{said}");
    assert_eq!(opened(&operator).counts().await.unwrap().inbox, 1);
    let (_, said, _) = operator.run(&["replay", &id]);
    assert!(said.contains("waits to be taken in") && said.contains("#1 would open"), "{said}");
    let (_, said, _) = operator.run(&["replay", &id, "--apply"]);
    assert!(said.contains("waits already"), "{said}");
    assert_eq!(opened(&operator).counts().await.unwrap().inbox, 1);
    // The same file once more is another delivery, as often as somebody wants it.
    let (_, said, _) = operator.run(&["replay", &file, "--apply"]);
    assert!(said.contains(":again-2 waits now"), "{said}");
}

#[tokio::test]
async fn a_dead_letter_is_found_by_githubs_id() {
    let operator = Operator::new();
    let store = opened(&operator);
    let (_, body) = job_event("completed", json!("failure"), 1, 1, "test");
    for (id, source) in [("github:guid-1", "github"), ("nowhere:guid-2", "nowhere")] {
        store.put_delivery(delivery(id, source, body.clone())).await.unwrap();
        let claim = store.claim_delivery(Time(2), 10).await.unwrap().unwrap();
        let dead = Some("it was too early".into());
        store.commit(Turn { delivery: Some((claim.key, claim.lease)), dead, ..Turn::default() }).await.unwrap();
    }
    store.put_delivery(delivery("github:guid-3", "github", body)).await.unwrap();
    let claim = store.claim_delivery(Time(2), 10).await.unwrap().unwrap();
    store.commit(Turn { delivery: Some((claim.key, claim.lease)), ..Turn::default() }).await.unwrap();
    drop(store);
    let (status, said, _) = operator.run(&["replay", "guid-1"]);
    assert!(status == 0 && said.contains("is in the dead letters: it was too early"), "{said}");
    assert!(said.contains("#1 would open"), "{said}");
    let (status, said, _) = operator.run(&["replay", "nowhere:guid-2"]);
    assert!(status == 1 && said.contains("it would go to the dead letters: nowhere is not configured"), "{said}");
    let (status, said, _) = operator.run(&["replay", "guid-1", "--apply"]);
    assert!(status == 0 && said.contains("github:guid-1:again-1 waits now"), "{said}");
    let counts = opened(&operator).counts().await.unwrap();
    assert_eq!((counts.inbox, counts.dead), (1, 2), "the dead letter stays");
    // What was taken in is not kept.
    for id in ["guid-3", "guid-4"] {
        let (status, _, errors) = operator.run(&["replay", id]);
        assert!(status == 2 && errors.contains("What was taken in is not kept"), "{errors}");
    }
}

#[test]
fn what_is_no_payload_is_refused_and_a_hostile_one_says_no_more_than_its_words() {
    let operator = Operator::new();
    drop(opened(&operator));
    for (text, want) in [
        ("", "not the JSON of a payload"),
        ("{\"zen\": \"Keep it logically awesome.\"}", "no payload of an event of GitHub's that is read here"),
        ("[]", "no payload of an event"),
    ] {
        fs::write(operator.dir.path().join("odd.json"), text).unwrap();
        let (status, said, errors) = operator.run(&["replay", "odd.json"]);
        assert!(status == 2 && said.is_empty() && errors.contains(want), "{text}: {errors}");
    }
    let file = saved(&operator, "te\u{1b}[2Jst\n::error::x\n$(touch pwned) <!channel>");
    let (status, said, errors) = operator.run(&["replay", &file]);
    assert_eq!(status, 0, "{errors}");
    assert!(!said.contains('\u{1b}') && said.lines().all(|line| !line.trim().starts_with("::")), "{said}");
    let elsewhere = Operator::new();
    let (status, _, errors) = elsewhere.run(&["replay", "guid"]);
    assert!(status == 2 && errors.contains("no store at"), "{errors}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_running_server_it_is_told_on_a_copy_and_not_applied() {
    let operator = Operator::new();
    drop(opened(&operator));
    let file = saved(&operator, "test");
    let mut server = operator.command(&["serve"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (status, said, errors) = operator.run(&["replay", &file]);
    assert!(status == 0 && said.contains("#1 would open"), "{said}{errors}");
    let (status, _, errors) = operator.run(&["replay", &file, "--apply"]);
    assert!(
        status == 2 && errors.contains("in use by another process. Stop the server first, or have GitHub"),
        "{errors}"
    );
    assert!(std::process::Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    assert!(server.wait().unwrap().success());
    let counts = opened(&operator).counts().await.unwrap();
    assert_eq!((counts.inbox, counts.incidents), (0, 0));
}
