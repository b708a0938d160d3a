//! Who may do what: surface × command × role × state, every cell. The roles stand here by hand, not as the code has them.

use super::surfaces::{self, ALL, READER, Surface, everywhere};
use crate::world::World;
use serde_json::{Value, json};

/// A command, its arguments in words and as Discord's options, and the lowest role that may use it.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const ID: &[(&str, &str)] = &[("id", "1")];

const ROWS: &[Row] = &[
    ("help", "", &[], "viewer"),
    ("list", "", &[], "viewer"),
    ("show", "1", ID, "viewer"),
    ("why", "1", ID, "viewer"),
    ("classify", "1", ID, "viewer"),
    ("stats", "", &[], "viewer"),
    ("quarantined", "", &[], "viewer"),
    ("subscriptions", "", &[], "viewer"),
    ("doctor", "", &[], "responder"),
    ("loops", "history", &[("which", "history")], "viewer"),
    ("budget", "", &[], "viewer"),
    ("routing", "", &[], "viewer"),
    ("routing", "reset", &[("reset", "reset")], "admin"),
    ("link", "github", &[("with", "github")], "viewer"),
    ("unlink", "github", &[("from", "github")], "viewer"),
    ("unlink", "github octo", &[("from", "github"), ("login", "octo")], "admin"),
    ("share", "1", ID, "responder"),
    ("ack", "1", ID, "responder"),
    ("assign", "1 ben", &[("id", "1"), ("to", "ben")], "responder"),
    ("snooze", "1 2h", &[("id", "1"), ("for", "2h")], "responder"),
    ("wrong", "1 flaky", &[("id", "1"), ("cause", "flaky")], "responder"),
    ("classify", "1 infra", &[("id", "1"), ("cause", "infra")], "responder"),
    ("retry", "1", ID, "responder"),
    ("quarantine", "1 test=a", &[("id", "1"), ("test", "a")], "responder"),
    ("extend", "1", ID, "responder"),
    ("unquarantine", "1", ID, "responder"),
    ("pin", "1 serde@1.0.0", &[("id", "1"), ("package", "serde@1.0.0")], "responder"),
    ("unpin", "1 serde", &[("id", "1"), ("package", "serde")], "responder"),
    ("revert", "1 pr=3", &[("id", "1"), ("pr", "3")], "responder"),
    ("backport", "1 to=release-1", &[("id", "1"), ("to", "release-1")], "responder"),
    ("fix", "1", ID, "responder"),
    ("agent", "1", ID, "responder"),
    ("bisect", "1 run", &[("id", "1"), ("run", "run")], "responder"),
    ("repro", "1", ID, "responder"),
    ("requeue", "1", ID, "responder"),
    ("issue", "1", ID, "responder"),
    ("reject", "1", ID, "responder"),
    ("cancel", "1", ID, "responder"),
    ("undo", "1", ID, "responder"),
    ("approve", "1", ID, "approver"),
    ("resolve", "1", ID, "responder"),
    ("reopen", "1", ID, "responder"),
    ("subscribe", "acme/shop", &[("repo", "acme/shop")], "responder"),
    ("unsubscribe", "", &[], "responder"),
    ("unsubscribe", "from=slack:C0BUILDS", &[("from", "slack:C0BUILDS")], "admin"),
    ("mute", "1h", &[("for", "1h")], "responder"),
    ("digest", "", &[], "viewer"),
    ("digest", "daily", &[("every", "daily")], "responder"),
    ("notify", "", &[], "viewer"),
    ("hold", "", &[], "responder"),
    ("unhold", "", &[], "admin"),
];

/// Lowest first.
const PEOPLE: [(&str, &str); 4] = [("eve", "viewer"), ("ben", "responder"), ("cyd", "approver"), ("ada", "admin")];

fn rank(role: &str) -> usize {
    PEOPLE.iter().position(|(_, have)| *have == role).unwrap()
}

async fn say(world: &World, at: Surface, person: &str, row: &Row) -> String {
    let (verb, words, options, _) = *row;
    if at == Surface::Discord {
        let options: Vec<(&str, Value)> = options.iter().map(|(name, value)| (*name, json!(value))).collect();
        let (token, value) = world.discord.command(surfaces::discord_id(person), verb, &options);
        world.discord.send(&value).await;
        world.settle().await;
        return world.discord.said(&token);
    }
    let before = world.slack.whispers().len();
    let said = surfaces::say(world, at, person, verb, words).await;
    // Slack's last answer may be another command's.
    let told = at != Surface::Slack || world.slack.whispers().len() > before;
    if told { said } else { String::new() }
}

/// What a command could have changed.
async fn stands(world: &World) -> String {
    let incident = world.incident(1).await;
    let (judged, hold) =
        (incident.judged.as_ref().map(|judged| judged.cause), world.store.setting("hold").await.unwrap());
    let feeds = world.store.settings("").await.unwrap().len();
    let (taken, snoozed) = (incident.taken, incident.snoozed);
    let proposals: Vec<_> = incident.proposals.iter().map(|p| (p.id, p.state.as_str())).collect();
    format!("{:?} {proposals:?} {taken:?} {snoozed:?} {judged:?} {hold:?} {feeds} {}", incident.stage, world.reruns())
}

/// Asks for each command as everybody, from the lowest role up, and compares who was refused.
async fn table(state: &str, rows: &[Row]) {
    for row in rows {
        let world = everywhere(READER).await;
        if state == "closed" {
            surfaces::say(&world, Surface::Slack, "ben", "resolve", "1").await;
        }
        for (person, role) in PEOPLE {
            for at in ALL {
                let cell = format!("{state}: {} {} as {role} on {at:?}", row.0, row.1);
                let before = stands(&world).await;
                let said = say(&world, at, person, row).await;
                let refused = format!("needs the {} role; yours is {role}", row.3);
                let nothing = stands(&world).await == before;
                if rank(role) >= rank(row.3) {
                    assert!(!said.contains("needs the"), "{cell}: {said}");
                } else if at == Surface::Pull && role == "viewer" {
                    // Whoever may not write to the repository is not heard there.
                    assert!(said.is_empty() && nothing, "{cell}: {said}");
                } else if at == Surface::Pull && said.contains("more than this pull request") {
                    assert!(nothing, "{cell}");
                } else {
                    assert!(said.contains(&refused) && nothing, "{cell}: {said}");
                }
            }
        }
        world.end().await;
    }
}

#[tokio::test]
async fn every_command_is_in_the_table() {
    let named: std::collections::BTreeSet<&str> = ROWS.iter().map(|(verb, ..)| *verb).collect();
    let all: std::collections::BTreeSet<&str> =
        ci_rescue::command::all().iter().map(|manifest| manifest.name.as_str()).collect();
    assert_eq!(named, all);
}

#[tokio::test]
async fn who_may_what_while_it_is_open_first_half() {
    table("open", &ROWS[..ROWS.len() / 2]).await;
}

#[tokio::test]
async fn who_may_what_while_it_is_open_second_half() {
    table("open", &ROWS[ROWS.len() / 2..]).await;
}

#[tokio::test]
async fn who_may_what_once_it_is_closed_first_half() {
    table("closed", &ROWS[..ROWS.len() / 2]).await;
}

#[tokio::test]
async fn who_may_what_once_it_is_closed_second_half() {
    table("closed", &ROWS[ROWS.len() / 2..]).await;
}
