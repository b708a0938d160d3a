//! Who may see what: every command and read, by everybody, everywhere.

use crate::flows::surfaces::{everywhere, everywhere_with};
use crate::world::{CHANNEL, NETWORK_LOG, REPO, Setup, World, discord, spec};
use ci_rescue::command;
use ci_rescue::domain::Untrusted;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What a stranger is answered, whatever they ask.
const REFUSED: &str = "You cannot use this bot here. Ask its operator for access.";
/// Of a private repository.
const HIDDEN: &str = "acme/hidden";

/// A slash command, as Slack sends it.
async fn slash(world: &World, (team, channel, user): (&str, &str, &str), text: &str) -> String {
    let before = world.slack.whispers().len();
    let payload = json!({"team_id": team, "channel_id": channel, "user_id": user, "command": "/rescue", "text": text,
        "response_url": format!("http://{}/response/{user}", world.slack.at), "trigger_id": world.id()});
    world.slack.send("slash_commands", payload).await;
    world.settle().await;
    let all = world.slack.whispers();
    assert_eq!(all.len(), before + 1, "one answer to {text}");
    all.last().map(|whisper| whisper.text.clone()).unwrap_or_default()
}

async fn mention(world: &World, outer: Value, inner: Value, text: &str) {
    let card = world.slack.cards()[0].ts.clone();
    let mut event = json!({"type": "app_mention", "user": "UEVE", "channel": CHANNEL, "text": format!("<@UBOT> {text}"),
        "ts": "1767268900.000001", "thread_ts": card});
    event.as_object_mut().unwrap().extend(inner.as_object().unwrap().clone());
    let mut payload = json!({"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": world.id(),
        "event_time": 1_767_268_800, "event": event});
    payload.as_object_mut().unwrap().extend(outer.as_object().unwrap().clone());
    world.slack.send("events_api", payload).await;
    world.settle().await;
}

/// Every command that there is, as its manual shows it.
fn commands() -> Vec<String> {
    let mut all: Vec<String> = command::all().iter().flat_map(|manifest| manifest.examples.clone()).collect();
    all.extend(["list", "show 1", "why 1", "show 99", "list acme/shop", "no such command"].map(str::to_owned));
    all
}

#[tokio::test]
async fn strangers_are_told_one_sentence_whatever_they_ask() {
    let world = everywhere("").await;
    for who in [("T2", CHANNEL, "UADA"), ("T2", CHANNEL, "UEVE"), ("T2", "D0DM", "UEVE")] {
        for text in commands() {
            assert_eq!(slash(&world, who, &text).await, REFUSED, "{who:?}: {text}");
        }
    }
    let member = |user: &str, guild: Option<&str>, text: &str| {
        let (token, mut command) = world.discord.command(user, text.split(' ').next().unwrap(), &[]);
        command["channel_id"] = json!("900");
        if let Some(guild) = guild {
            command["guild_id"] = json!(guild);
        } else {
            command["user"] = command["member"]["user"].clone();
            command.as_object_mut().unwrap().retain(|key, _| !["member", "guild_id"].contains(&key.as_str()));
        }
        (token, command)
    };
    for (user, guild) in [("1001", Some("801")), ("1009", Some("801")), ("1009", None)] {
        for text in ["list", "subscriptions", "quarantined", "stats", "help", "hold"] {
            let (token, command) = member(user, guild, text);
            world.discord.send(&command).await;
            world.settle().await;
            assert_eq!(world.discord.said(&token), REFUSED, "{user} {guild:?}: {text}");
        }
    }
    assert_eq!(world.reruns(), 0);
    assert!(world.store.setting("hold").await.unwrap().is_none());
    assert!(world.store.settings("feed:").await.unwrap().is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_mention_is_its_speakers_own() {
    let world = World::with(Setup::default()).await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.slack.account("UEVE", json!({"team_id": "T2"}));
    let none = || json!({});
    let shared = || json!({"is_ext_shared_channel": true});
    for (outer, inner) in [
        (none(), json!({"user_team": "T2"})),
        (none(), json!({"team": "T2"})),
        (shared(), json!({"team": "T2", "user_team": "T2"})),
        // Slack is asked, and tells of another workspace; or tells nothing.
        (shared(), none()),
        (shared(), json!({"user": "UNOBODY"})),
    ] {
        mention(&world, outer.clone(), inner.clone(), "show 1").await;
        assert_eq!(world.slack.last_whisper(), REFUSED, "{outer} {inner}");
    }
    // An edited message never acts, and neither does a program's.
    let said = world.slack.whispers().len();
    for inner in
        [json!({"user": "UADA", "edited": {"user": "UADA", "ts": "1"}}), json!({"user": "UADA", "bot_id": "B9"})]
    {
        mention(&world, none(), inner, "retry").await;
    }
    assert_eq!((world.reruns(), world.slack.whispers().len()), (0, said));
    mention(&world, none(), json!({"user": "UADA", "team": "T1", "user_team": "T1"}), "retry").await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn an_account_of_an_organisation_is_known_by_either_id() {
    let config = "[[people]]\nname = \"gus\"\nslack = \"W9\"\nrole = \"responder\"\n";
    let world = World::with(Setup { config: config.into(), ..Setup::default() }).await;
    world.broken_run(NETWORK_LOG, "success").await;
    let ours =
        json!({"team_id": "T3", "enterprise_user": {"id": "W9", "enterprise_id": "E1", "enterprise_name": "Acme"}});
    world.slack.account("UGUS", ours);
    let outer = json!({"enterprise_id": "E1"});
    mention(&world, outer.clone(), json!({"user": "UGUS", "user_team": "T3"}), "retry").await;
    assert_eq!(world.reruns(), 1, "{}", world.slack.last_whisper());
    // The same id in an organisation that is not ours is nobody's.
    let theirs =
        json!({"team_id": "T4", "enterprise_user": {"id": "W9", "enterprise_id": "E2", "enterprise_name": "Evil"}});
    world.slack.account("UEVE", theirs);
    mention(&world, outer, json!({"user_team": "T4"}), "show 1").await;
    assert_eq!(world.slack.last_whisper(), REFUSED);
    world.end().await;
}

/// Everybody, as the operator may have set them up.
const WHO: [(&str, &str); 7] = [
    ("an admin", "UADA"),
    ("a person who may read it on GitHub", "UCYD"),
    ("a person who may not read it on GitHub", "UBEN"),
    ("a person without a GitHub account", "UFAY"),
    ("a person whose role may not see it (`policy.visible`)", "UGIL"),
    ("another member of the workspace", "UEVE"),
    ("a guest from elsewhere", "T2/UEVE"),
];

const WHERE: [(&str, &str); 3] =
    [("a subscribed channel", CHANNEL), ("another channel", "C0OTHER"), ("a direct message", "D0DM")];

/// The table of `docs/security.md`.
async fn table(world: &World) -> String {
    let mut text = format!("| who | {} |\n|---|---|---|---|\n", WHERE.map(|(words, _)| words).join(" | "));
    for (words, who) in WHO {
        let (team, user) = who.split_once('/').unwrap_or(("T1", who));
        let mut row = Vec::new();
        for (place, channel) in WHERE {
            let mut seen = Vec::new();
            for read in ["list", "show 1", "why 1", "list acme/shop", "quarantined", "stats"] {
                let said = slash(world, (team, channel, user), read).await;
                if !["quarantined", "stats"].contains(&read) {
                    seen.push(said.contains("ECONNRESET") || said.contains("severity") || said.contains(REPO));
                }
                assert!(!said.contains(HIDDEN), "{words} in {place}: {said}");
            }
            assert!(
                seen.iter().all(|yes| *yes == seen[0]),
                "{words} in {place}: every read by the same rule: {seen:?}"
            );
            row.push(if seen[0] { "sees it" } else { "-" });
        }
        let _ = writeln!(text, "| {words} | {} |", row.join(" | "));
    }
    text
}

#[tokio::test]
async fn every_read_follows_one_table_and_the_manual_shows_it() {
    let config = "[policy.visible]\napprover = [\"acme/shop\"]\nresponder = [\"ACME/*\"]\nviewer = [\"acme/other\"]\n\
        [[people]]\nname = \"fay\"\nslack = \"UFAY\"\nrole = \"responder\"\n\
        [[people]]\nname = \"gil\"\nslack = \"UGIL\"\ngithub = \"gil\"\nrole = \"viewer\"\n";
    let world = World::with(Setup { config: config.into(), ..Setup::default() }).await;
    world.forge.permit(REPO, "ben", "none");
    world.forge.permit(REPO, "cyd", "read");
    world.broken_run(NETWORK_LOG, "success").await;
    let table = table(&world).await;
    let manual = include_str!("../../../docs/security.md");
    assert!(manual.contains(&table), "docs/security.md has to show this table:\n{table}");
    world.end().await;
}

#[tokio::test]
async fn what_the_forge_cannot_tell_is_not_shown() {
    let world = World::new().await;
    world.forge.permit(REPO, "cyd", "read");
    world.broken_run(NETWORK_LOG, "success").await;
    let dm = ("T1", "D0DM", "UCYD");
    assert!(slash(&world, dm, "show 1").await.contains(REPO));
    // It counts for a minute, and is asked again then.
    world.forge.permit(REPO, "cyd", "none");
    assert!(slash(&world, dm, "show 1").await.contains(REPO));
    world.clock.advance(61_000);
    let hidden = slash(&world, dm, "show 1").await;
    assert!(!hidden.contains(REPO), "{hidden}");
    world.forge.permit(REPO, "cyd", "read");
    world.clock.advance(61_000);
    for _ in 0..60 {
        let fault = ci_rescue::demo::Fault {
            method: "GET".into(),
            path: "/permission".into(),
            status: 500,
            headers: Vec::new(),
            after: false,
        };
        world.forge.lock().faults.push(fault);
    }
    let down = slash(&world, dm, "show 1").await;
    assert!(!down.contains(REPO), "{down}");
    // An incident that may not be seen and one that does not exist are the same.
    assert_eq!(down.replace("#1", "#N"), slash(&world, dm, "show 77").await.replace("#77", "#N"));
    world.end().await;
}

#[tokio::test]
async fn what_is_being_typed_is_completed_from_what_may_be_seen() {
    let world = everywhere("").await;
    world.forge.permit(REPO, "cyd", "read");
    world.forge.permit(REPO, "ben", "none");
    for (who, user, channel, guild, sees) in [
        ("a member in the subscribed channel", "1009", discord::CHANNEL, true, true),
        ("a member in another channel", "1009", "900", true, false),
        ("a person who may read it, in another channel", "1003", "900", true, true),
        ("a person who may not", "1002", "900", true, false),
        ("a stranger in a direct message", "1009", "900", false, false),
        ("a person in a direct message", "1003", "900", false, true),
    ] {
        let data = json!({"id": "1", "name": "rescue", "type": 1, "options": [{"name": "show", "type": 1,
            "options": [{"name": "id", "type": 3, "value": "", "focused": true}]}]});
        let (token, mut typing) = world.discord.interaction(4, user, data, None);
        typing["channel_id"] = json!(channel);
        typing["channel"]["id"] = json!(channel);
        if !guild {
            typing["user"] = typing["member"]["user"].clone();
            typing.as_object_mut().unwrap().retain(|key, _| !["member", "guild_id"].contains(&key.as_str()));
        }
        world.discord.send(&typing).await;
        let answer = world.discord.answers(&token).0;
        let choices = answer["data"]["choices"].as_array().cloned().unwrap_or_default();
        assert_eq!(!choices.is_empty(), sees, "{who}: {answer}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_channels_grant_ends_where_its_feed_does() {
    let config =
        "[[subscriptions]]\nplatform = \"slack\"\nchannel = \"C0OTHER\"\nrepo = \"acme/other\"\nrole = \"responder\"\n";
    let world = everywhere_with(Setup { config: config.into(), ..Setup::default() }).await;
    world.forge.add_repo("acme/other");
    let mut other = spec(NETWORK_LOG, "success");
    other.repo = "acme/other".into();
    let id = world.forge.start(other);
    world.forge.finish(id);
    world.deliver().await;
    let eve = ("T1", "C0OTHER", "UEVE");
    for (text, want) in [
        ("retry 1", "does not exist, or you may not see it"),
        ("show 1", "does not exist, or you may not see it"),
        ("hold", "yours is viewer"),
        ("subscribe acme/shop branch=*", "yours is viewer"),
        ("subscribe acme/*", "yours is viewer"),
        ("mute 2h", "No new cards"),
    ] {
        let said = slash(&world, eve, text).await;
        assert!(said.contains(want), "{text}: {said}");
    }
    assert_eq!(world.reruns(), 0);
    assert!(!slash(&world, eve, "list").await.contains(REPO));
    assert!(world.store.setting("hold").await.unwrap().is_none());
    assert!(world.store.settings("feed:").await.unwrap().is_empty());
    slash(&world, eve, "retry 2").await;
    assert_eq!(world.reruns(), 1, "what the feed is for");
    world.end().await;
}

#[tokio::test]
async fn a_channel_is_subscribed_by_those_who_may_read() {
    let world = World::new().await;
    world.forge.permit(REPO, "ben", "none");
    let at = |user: &'static str| ("T1", "C0OTHER", user);
    for (who, text, want) in [
        ("UBEN", "subscribe acme/shop", "or you may not read it"),
        ("UBEN", "subscribe acme/*", "only an admin"),
        ("UADA", "subscribe acme/typo", "GitHub shows no repository acme/typo"),
        ("UADA", "subscribe Acme/SHOP branch=*", "acme/shop branch=*"),
        ("UADA", "subscribe Acme/*", "Acme/*"),
    ] {
        let said = slash(&world, at(who), text).await;
        assert!(said.contains(want), "{text}: {said}");
    }
    world.broken_run(NETWORK_LOG, "success").await;
    assert!(world.slack.cards().iter().any(|card| card.channel == "C0OTHER"), "names are compared without case");
    let said = slash(&world, at("UADA"), "unsubscribe ACME/shop").await;
    assert!(said.contains('1'), "{said}");
    world.end().await;
}

#[tokio::test]
async fn the_home_tab_shows_nothing_to_strangers() {
    let world = everywhere("").await;
    let payload = |team: &str, user: &str| {
        json!({"type": "event_callback", "team_id": team, "api_app_id": "A1", "event_id": world.id(), "event_time": 1_767_268_800,
            "event": {"type": "app_home_opened", "user": user, "channel": "D0DM", "tab": "home", "event_ts": "1"}})
    };
    world.slack.send("events_api", payload("T2", "UEVE")).await;
    world.settle().await;
    let home = world.slack.homes().last().cloned().expect("a home tab").1.to_string();
    assert!(home.contains(REFUSED) && !home.contains(REPO), "{home}");
    assert_eq!(Untrusted::from(REFUSED).line(80), REFUSED, "one sentence on one line");
    world.end().await;
}
