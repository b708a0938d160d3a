//! Who may do what: surface × command × role, every cell. The roles stand here by hand, not as the code has them. How the
//! answers depend on the incident's state is in `standing.rs`.

use super::standing::plain;
use super::surfaces::{self, ALL, READER, Surface, everywhere};
use crate::world::slack::Whisper;
use crate::world::{Seat, World};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A command, its arguments in words and as Discord's options, and the lowest role that may use it. `ID` is the
/// incident's number.
pub type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const ID: &[(&str, &str)] = &[("id", "ID")];

pub const ROWS: &[Row] = &[
    ("help", "", &[], "viewer"),
    ("list", "", &[], "viewer"),
    ("show", "ID", ID, "viewer"),
    ("why", "ID", ID, "viewer"),
    ("classify", "ID", ID, "viewer"),
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
    ("share", "ID", ID, "responder"),
    ("ack", "ID", ID, "responder"),
    ("assign", "ID ada", &[("id", "ID"), ("to", "ada")], "responder"),
    ("snooze", "ID 2h", &[("id", "ID"), ("for", "2h")], "responder"),
    ("wrong", "ID flaky", &[("id", "ID"), ("cause", "flaky")], "responder"),
    ("classify", "ID infra", &[("id", "ID"), ("cause", "infra")], "responder"),
    ("retry", "ID", ID, "responder"),
    ("quarantine", "ID test=a", &[("id", "ID"), ("test", "a")], "responder"),
    ("extend", "ID", ID, "responder"),
    ("unquarantine", "ID", ID, "responder"),
    ("pin", "ID serde@1.0.0", &[("id", "ID"), ("package", "serde@1.0.0")], "responder"),
    ("unpin", "ID serde", &[("id", "ID"), ("package", "serde")], "responder"),
    ("revert", "ID pr=3", &[("id", "ID"), ("pr", "3")], "responder"),
    ("backport", "ID to=release-1", &[("id", "ID"), ("to", "release-1")], "responder"),
    ("fix", "ID", ID, "responder"),
    ("agent", "ID", ID, "responder"),
    ("bisect", "ID run", &[("id", "ID"), ("run", "run")], "responder"),
    ("repro", "ID", ID, "responder"),
    ("repro", "ID run", &[("id", "ID"), ("how", "run")], "approver"),
    ("repro", "ID bisect", &[("id", "ID"), ("how", "bisect")], "approver"),
    ("requeue", "ID", ID, "responder"),
    ("issue", "ID", ID, "responder"),
    ("reject", "ID", ID, "responder"),
    ("cancel", "ID", ID, "responder"),
    ("undo", "ID", ID, "responder"),
    ("approve", "ID", ID, "approver"),
    ("resolve", "ID", ID, "responder"),
    ("reopen", "ID", ID, "responder"),
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
pub const PEOPLE: [(&str, &str); 4] = [("eve", "viewer"), ("ben", "responder"), ("cyd", "approver"), ("ada", "admin")];

fn rank(role: &str) -> usize {
    PEOPLE.iter().position(|(_, have)| *have == role).unwrap()
}

pub fn is_of_incident(row: &Row) -> bool {
    row.1.contains("ID")
}

/// People at the console, who sit down once.
#[derive(Default)]
pub struct Seats(BTreeMap<String, Seat>);

impl Seats {
    async fn say(&mut self, world: &World, person: &str, words: &str) -> String {
        if !self.0.contains_key(person) {
            self.0.insert(person.to_owned(), world.sit(person).await);
        }
        self.0[person].say(world, words).await
    }
}

/// Says it there as that person, about this incident, and returns everything that they were answered.
pub async fn say(world: &World, seats: &mut Seats, at: Surface, person: &str, row: &Row, no: u64) -> String {
    let (verb, words, options, _) = *row;
    let fill = |text: &str| text.replace("ID", &no.to_string());
    match at {
        Surface::Discord => {
            let options: Vec<(&str, Value)> = options.iter().map(|(name, value)| (*name, json!(fill(value)))).collect();
            let (token, value) = world.discord.command(surfaces::discord_id(person), verb, &options);
            world.discord.send(&value).await;
            world.settle().await;
            let said = world.discord.answers(&token).1;
            said.iter().filter_map(|body| body["content"].as_str()).collect::<Vec<_>>().join("\n")
        }
        Surface::Slack => {
            let before = world.slack.whispers().len();
            surfaces::say(world, at, person, verb, &fill(words)).await;
            let said = world.slack.whispers().split_off(before);
            let own = |whisper: &&Whisper| whisper.user == format!("U{}", person.to_uppercase());
            said.iter().filter(own).map(|whisper| whisper.text.clone()).collect::<Vec<_>>().join("\n")
        }
        Surface::Pull => surfaces::say(world, at, person, verb, &fill(words)).await,
        Surface::Console => seats.say(world, person, &format!("{verb} {}", fill(words))).await,
    }
}

/// What a command could have changed.
async fn stands(world: &World, no: u64) -> String {
    let hold = world.store.setting("hold").await.unwrap();
    let feeds = world.store.settings("").await.unwrap().len();
    let incident = world.store.incident(ci_rescue::domain::IncidentNo(no)).await.unwrap();
    let incident = incident.map(|incident| {
        let proposals: Vec<_> =
            incident.proposals.iter().map(|p| (p.id, p.state.as_str(), p.approvals.len(), p.is_undo())).collect();
        let judged = incident.judged.map(|judged| (judged.cause, judged.by));
        format!("{:?} {proposals:?} {:?} {:?} {judged:?}", incident.stage, incident.taken, incident.snoozed)
    });
    format!("{incident:?} {hold:?} {feeds}")
}

/// Whoever lacks the role is refused, in the same words on these surfaces, and changes nothing.
pub async fn refuses(
    world: &World,
    seats: &mut Seats,
    (state, surfaces): (&str, &[Surface]),
    no: u64,
    rows: &[&Row],
) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for row in rows {
        for (person, role) in PEOPLE.into_iter().filter(|(_, role)| rank(role) < rank(row.3)) {
            let mut words = BTreeSet::new();
            for at in surfaces.iter().copied() {
                let cell = format!("{state}: {} {} as {role} on {at:?}", row.0, row.1);
                let before = stands(world, no).await;
                let said = plain(&say(world, seats, at, person, row, no).await, no);
                assert_eq!(stands(world, no).await, before, "{cell}: {said}");
                if at == Surface::Pull && role == "viewer" {
                    // Whoever may not write to the repository is not heard there.
                    assert!(said.is_empty(), "{cell}: {said}");
                } else if at != Surface::Pull || !said.contains("more than this pull request") {
                    assert!(said.contains(&format!("needs the {} role; yours is {role}", row.3)), "{cell}: {said}");
                    words.insert(said);
                }
            }
            assert!(words.len() <= 1, "{state}: {} {} as {role}: {words:#?}", row.0, row.1);
            all.extend(words);
        }
    }
    all
}

#[tokio::test]
async fn every_command_is_in_the_table() {
    let named: BTreeSet<&str> = ROWS.iter().map(|(verb, ..)| *verb).collect();
    let all: BTreeSet<&str> = ci_rescue::command::all().iter().map(|manifest| manifest.name.as_str()).collect();
    assert_eq!(named, all);
}

#[tokio::test]
async fn who_may_not_is_refused_everywhere() {
    let world = everywhere(READER).await;
    let rows: Vec<&Row> = ROWS.iter().collect();
    refuses(&world, &mut Seats::default(), ("open", &ALL), 1, &rows).await;
    world.end().await;
}

/// Commands whose answers speak of the place in which they are given.
const OF_THE_PLACE: [&str; 7] =
    ["subscriptions", "subscribe", "unsubscribe", "link", "notify", "digest", "quarantined"];

/// Whoever has the role is answered alike everywhere. On a pull request, what concerns more is refused.
#[tokio::test]
async fn what_concerns_no_incident_is_answered_alike_everywhere() {
    let mut all: Vec<Vec<String>> = Vec::new();
    let rows: Vec<&Row> = ROWS.iter().filter(|row| !is_of_incident(row)).collect();
    for at in ALL {
        let world = everywhere(READER).await;
        let (mut said, mut seats) = (Vec::new(), Seats::default());
        for row in &rows {
            said.push(plain(&say(&world, &mut seats, at, "ada", row, 1).await, 1));
        }
        all.push(said);
        world.end().await;
    }
    let (mut table, mut differing) = (String::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        let of: Vec<&String> = all.iter().map(|said| &said[at]).collect();
        table += &format!("{} {}\n", row.0, row.1);
        let chats = [of[0], of[1], of[3]];
        let narrow = of[2].contains("more than this pull request") || of[2] == of[0];
        let alike = chats.iter().all(|said| *said == chats[0]) && narrow;
        if !alike && !OF_THE_PLACE.contains(&row.0) {
            differing.push(format!("{} {}: {of:#?}", row.0, row.1));
        }
        for (at, said) in ALL.iter().zip(&of) {
            if *at == Surface::Slack || *said != of[0] {
                table += &format!("    {at:?}: {said}\n");
            }
        }
    }
    insta::assert_snapshot!(table);
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
