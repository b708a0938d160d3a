//! Who sees which incident in the console: pages, files, lists, tables, the stream and the command line.

use super::boards::{HIDDEN, two_repositories};
use crate::world::{REPO, World};
use ci_rescue::demo::Fault;
use futures::StreamExt;
use reqwest::StatusCode;

/// Pages and files that show several incidents.
const LISTS: [&str; 8] = [
    "/",
    "/?q=e",
    "/?repo=acme/hidden",
    "/history",
    "/loops",
    "/statistics",
    "/history/incidents.csv",
    "/history/journal.csv",
];
const OF_ONE: [&str; 4] = ["", "/as/slack", "/as/discord", "/rescue.log"];
/// Who may read the usual repository, and the hidden one.
const PEOPLE: [(&str, bool, bool); 4] =
    [("ada", true, true), ("cyd", true, false), ("ben", true, false), ("eve", false, false)];

#[tokio::test]
async fn lists_hold_what_the_person_may_read() {
    let world = two_repositories().await;
    for (person, open, hidden) in PEOPLE {
        let seat = world.sit(person).await;
        let mut all = String::new();
        for path in LISTS {
            let page = seat.page(path).await;
            let told = page.replace("acme/hidden\"", "");
            assert!(hidden || !told.contains("secret job"), "{person} {path}: {page}");
            all.push_str(&told);
        }
        assert_eq!(all.contains("secret job"), hidden, "{person}");
        assert_eq!(all.contains("acme/shop"), open, "{person}");
    }
    world.end().await;
}

/// One that somebody may not see answers as one that does not exist.
#[tokio::test]
async fn an_incident_is_there_for_whoever_may_read_it() {
    let world = two_repositories().await;
    for (person, open, hidden) in PEOPLE {
        let seat = world.sit(person).await;
        for part in OF_ONE {
            let mut told = Vec::new();
            for (no, seen) in [(1, open), (2, hidden), (99, false)] {
                let (status, text) = seat.fetch(&format!("/incidents/{no}{part}")).await;
                assert_eq!(status == StatusCode::OK, seen, "{person} {no}{part}: {status}");
                if !seen {
                    told.push((status, text));
                }
            }
            told.dedup();
            assert_eq!(told.len(), 1, "{person} {part}: {told:?}");
        }
    }
    world.end().await;
}

#[tokio::test]
async fn the_command_line_answers_as_in_a_chat() {
    let world = two_repositories().await;
    for (person, open, hidden) in PEOPLE {
        let seat = world.sit(person).await;
        for (no, seen) in [(1, open), (2, hidden)] {
            for verb in ["show", "why", "ack", "retry"] {
                seat.post("/command", &[("text", &format!("{verb} {no}"))]).await;
                world.settle().await;
                let said = seat.answers().await;
                assert_eq!(
                    !said.contains("does not exist, or you may not see it"),
                    seen,
                    "{person} {verb} {no}: {said}"
                );
                seat.post("/log/clear", &[]).await;
            }
        }
        seat.post("/command", &[("text", "list")]).await;
        world.settle().await;
        assert_eq!(seat.answers().await.contains(HIDDEN), hidden, "{person}");
    }
    world.end().await;
}

/// What is sent to this person's open page until the usual repository's card has come: the hidden one changes first.
async fn streamed(world: &World, person: &str, act: impl Fn(u8) -> String) -> String {
    let seat = world.sit(person).await;
    let mut stream = seat.stream("/events").await;
    for no in [2, 1] {
        world.slack.command("UADA", &act(no)).await;
        world.settle().await;
    }
    let mut all = String::new();
    while !all.contains("incident-1") {
        all.push_str(&String::from_utf8_lossy(&stream.next().await.unwrap().unwrap()));
    }
    all
}

#[tokio::test]
async fn the_stream_brings_no_card_that_the_page_would_not() {
    let world = two_repositories().await;
    assert!(!streamed(&world, "ben", |no| format!("ack {no}")).await.contains("secret job"));
    assert!(streamed(&world, "ada", |no| format!("snooze {no} 1h")).await.contains("secret job"));
    world.end().await;
}

/// What GitHub does not tell is no empty table.
#[tokio::test]
async fn a_table_is_whole_or_there_is_none() {
    let world = two_repositories().await;
    let fault = |_| Fault { method: "GET".into(), path: REPO.into(), status: 502, headers: Vec::new(), after: false };
    world.clock.advance(61_000);
    world.forge.lock().faults.extend((0..20).map(fault));
    for (person, want) in [("cyd", StatusCode::SERVICE_UNAVAILABLE), ("ada", StatusCode::OK)] {
        let (status, text) = world.sit(person).await.fetch("/history/journal.csv").await;
        assert_eq!(status, want, "{person}: {text}");
    }
    world.forge.lock().faults.clear();
    assert_eq!(world.sit("cyd").await.fetch("/history/journal.csv").await.0, StatusCode::OK);
    world.end().await;
}

#[tokio::test]
async fn rights_are_asked_again_and_no_answer_is_a_no() {
    let world = two_repositories().await;
    let seat = world.sit("cyd").await;
    assert_eq!(seat.fetch("/incidents/1").await.0, StatusCode::OK);
    world.forge.permit(REPO, "cyd", "none");
    world.forge.permit(HIDDEN, "cyd", "read");
    assert_eq!(seat.fetch("/incidents/1").await.0, StatusCode::OK, "it counts for a minute");
    world.clock.advance(61_000);
    assert_eq!(seat.fetch("/incidents/1").await.0, StatusCode::NOT_FOUND);
    assert_eq!(seat.fetch("/incidents/2").await.0, StatusCode::OK);
    world.end().await;
}
