//! Channels and tokens that are gone: told once on another road, held without hammering, and taken up again by
//! themselves; with a restart between every two steps.

use super::recovery::{broken, later, work};
use crate::world::{CHANNEL, NETWORK_LOG, REPO, Setup, World, discord};
use ci_rescue::domain::barrier::Barrier;
use ci_rescue::domain::{IncidentNo, Platform};
use ci_rescue::ports::{Ask, Surface, Turn};
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// What the tries of hours and those of the restarts may come to.
const TRIES_MAX: usize = 24;

/// How something goes wrong, and what people have to read of it.
struct Case {
    name: &'static str,
    shut: fn(&World),
    platform: &'static str,
    reason: Barrier,
    says: &'static str,
}

const CASES: [Case; 13] = [
    slack("is_archived", |world| world.slack.close(CHANNEL, "is_archived", false), Barrier::Archived),
    slack("channel_not_found", |world| world.slack.close(CHANNEL, "channel_not_found", false), Barrier::Missing),
    slack("not_in_channel", |world| world.slack.close(CHANNEL, "not_in_channel", false), Barrier::NotMember),
    slack("restricted_action", |world| world.slack.close(CHANNEL, "restricted_action", true), Barrier::Forbidden),
    slack("account_inactive", |world| world.slack.refuse("account_inactive"), Barrier::Token),
    slack("token_revoked", |world| world.slack.refuse("token_revoked"), Barrier::Token),
    slack("invalid_auth", |world| world.slack.refuse("invalid_auth"), Barrier::Token),
    slack("missing_scope", |world| world.slack.refuse("missing_scope"), Barrier::Scope),
    discord("Unknown Channel", |world| close(world, 404, 10_003, "Unknown Channel", false), Barrier::Missing),
    discord("Unknown Guild", |world| close(world, 404, 10_004, "Unknown Guild", false), Barrier::Missing),
    discord("Missing Access", |world| close(world, 403, 50_001, "Missing Access", false), Barrier::Forbidden),
    discord("Missing Permissions", |world| close(world, 403, 50_013, "Missing Permissions", true), Barrier::Forbidden),
    discord("401", |world| world.discord.refuse(), Barrier::Token),
];

const fn slack(says: &'static str, shut: fn(&World), reason: Barrier) -> Case {
    Case { name: says, shut, platform: "slack", reason, says }
}

const fn discord(says: &'static str, shut: fn(&World), reason: Barrier) -> Case {
    Case { name: says, shut, platform: "discord", reason, says }
}

fn close(world: &World, status: u16, code: u32, message: &'static str, posting: bool) {
    world.discord.close(discord::CHANNEL, status, code, message, posting);
}

async fn both() -> World {
    World::with(Setup { discord: true, disk: true, ..Setup::default() }).await
}

/// What the admin was told directly on a platform, with Discord's escapes taken out.
fn told(world: &World, platform: &str) -> Vec<String> {
    let all = if platform == "slack" { world.slack.direct("UADA") } else { world.discord.direct("1001") };
    all.into_iter().map(|text| text.replace('\\', "")).collect()
}

fn other(platform: &str) -> &'static str {
    if platform == "slack" { "discord" } else { "slack" }
}

fn refused(world: &World, platform: &str) -> usize {
    if platform == "slack" { world.slack.refused() } else { world.discord.refused() }
}

/// What people read of each card.
fn cards(world: &World, platform: &str) -> Vec<String> {
    if platform == "slack" {
        world.slack.cards().iter().map(crate::world::slack::Message::words).collect()
    } else {
        // A note below a card is none.
        let cards = world.discord.cards().into_iter().filter(|message| message.body["message_reference"].is_null());
        cards.map(|card| card.words()).collect()
    }
}

async fn hours(world: &World, hours: i64) {
    for _ in 0..hours * 4 {
        later(world, 15 * MINUTE).await;
    }
}

async fn minutes(world: &World, minutes: i64) {
    for _ in 0..minutes * 4 {
        later(world, MINUTE / 4).await;
    }
}

async fn held(world: &World) -> Vec<(String, Barrier, u64)> {
    let all = world.app.engine.troubles().await.unwrap();
    all.into_iter().map(|trouble| (trouble.platform.0, trouble.reason, trouble.held)).collect()
}

#[tokio::test]
async fn each_reason_is_told_once_held_and_taken_up_again() {
    for case in &CASES {
        let mut world = both().await;
        let name = case.name;
        (case.shut)(&world);
        broken(&world).await;
        world.restart().await;
        hours(&world, 3).await;
        world.restart().await;
        // Meanwhile it goes on: the last state is what counts.
        world.sit("ada").await.post("/command", &[("text", "resolve 1")]).await;
        hours(&world, 2).await;
        let seen = told(&world, other(case.platform));
        assert_eq!(seen.len(), 1, "{name}: {seen:?}");
        assert!(seen[0].contains(case.says) && seen[0].contains(case.reason.advice()), "{name}: {seen:?}");
        assert_eq!(told(&world, case.platform), Vec::<String>::new(), "{name}");
        assert_eq!(held(&world).await, [(case.platform.to_owned(), case.reason, 1)], "{name}");
        let tries = refused(&world, case.platform);
        assert!((2..=TRIES_MAX).contains(&tries), "{name}: {tries} calls");
        assert_eq!(world.app.engine.counts().await.unwrap().given_up, 0, "{name}");
        world.restart().await;
        // Somebody mends it, and nobody tells us.
        world.slack.open_again();
        world.discord.open_again();
        hours(&world, 2).await;
        let there = cards(&world, case.platform);
        assert_eq!(there.len(), 1, "{name}: {there:?}");
        assert!(there[0].contains("Closed by ada"), "{name}: {there:?}");
        assert_eq!(held(&world).await, [], "{name}");
        let seen = told(&world, other(case.platform));
        assert_eq!(seen.len(), 2, "{name}: {seen:?}");
        assert!(seen[1].contains("again"), "{name}: {seen:?}");
        world.restart().await;
        hours(&world, 2).await;
        assert_eq!((told(&world, other(case.platform)).len(), cards(&world, case.platform).len()), (2, 1), "{name}");
        world.end().await;
    }
}

/// A channel's trouble is told on the same platform, a platform's own in the console.
#[tokio::test]
async fn without_another_platform_the_same_one_or_the_console_tells() {
    for (code, direct) in [("is_archived", 1), ("token_revoked", 0)] {
        let world = World::with(Setup { disk: true, ..Setup::default() }).await;
        if direct == 1 {
            world.slack.close(CHANNEL, code, false);
        } else {
            world.slack.refuse(code);
        }
        broken(&world).await;
        hours(&world, 1).await;
        let seen = told(&world, "slack");
        assert_eq!(seen.len(), direct, "{seen:?}");
        if direct == 1 {
            assert!(seen[0].contains("#builds") && seen[0].contains("unsubscribe from=slack:C0BUILDS"), "{seen:?}");
            assert!(seen[0].contains("1 card waits"), "{seen:?}");
        }
        let page = world.sit("ada").await.page("/").await;
        assert!(page.contains("Not delivered") && page.contains(code), "{page}");
        let said = world.sit("ada").await.post("/command", &[("text", "doctor")]).await;
        assert!(said.status().is_redirection());
        work(&world).await;
        let page = world.sit("ada").await.page("/").await;
        assert!(page.contains("1 card waits"), "{page}");
        world.slack.open_again();
        hours(&world, 2).await;
        assert!(!world.sit("ada").await.page("/").await.contains("Not delivered"));
        world.end().await;
    }
}

/// Both at once: what the other platform cannot tell, this one does.
#[tokio::test]
async fn two_platforms_at_once() {
    let mut world = both().await;
    world.slack.close(CHANNEL, "is_archived", false);
    close(&world, 403, 50_001, "Missing Access", false);
    broken(&world).await;
    world.restart().await;
    hours(&world, 2).await;
    let (slack, discord) = (told(&world, "slack"), told(&world, "discord"));
    assert_eq!((slack.len(), discord.len()), (1, 1), "{slack:?} {discord:?}");
    assert!(slack[0].contains("Missing Access") && discord[0].contains("is_archived"), "{slack:?} {discord:?}");
    assert_eq!(held(&world).await.len(), 2);
    world.slack.open_again();
    world.restart().await;
    minutes(&world, 5).await;
    assert_eq!((cards(&world, "slack").len(), cards(&world, "discord").len()), (1, 0));
    world.discord.open_again();
    hours(&world, 2).await;
    assert_eq!(cards(&world, "discord").len(), 1);
    assert_eq!(held(&world).await, []);
    world.end().await;
}

/// Another reason in the same place is told, too; the same one again is not.
#[tokio::test]
async fn a_reason_is_told_once_however_they_alternate() {
    let world = both().await;
    for round in 0..6 {
        let code = if round % 2 == 0 { "is_archived" } else { "channel_not_found" };
        world.slack.close(CHANNEL, code, false);
        if round == 0 {
            broken(&world).await;
        }
        hours(&world, 2).await;
    }
    let seen = told(&world, "discord");
    assert_eq!(seen.len(), 2, "{seen:?}");
    world.end().await;
}

/// Many cards for a channel that is gone, new ones and edits: a few calls, and the other platform is as fast as ever.
#[tokio::test]
async fn a_flood_into_a_gone_channel_makes_few_calls() {
    const CARDS: u64 = 400;
    let mut world = both().await;
    world.broken_run(NETWORK_LOG, "success").await;
    let first = world.incident(1).await;
    world.slack.close(CHANNEL, "is_archived", false);
    close(&world, 404, 10_003, "Unknown Channel", false);
    let mut turn = Turn::default();
    let edited = first.version + 1;
    for platform in ["slack", "discord"] {
        let channel = if platform == "slack" { CHANNEL } else { discord::CHANNEL };
        for no in (1..=CARDS).map(IncidentNo) {
            let surface = Surface { incident: no, platform: Platform::new(platform), channel: channel.into() };
            turn.dirty.push((surface, if no.0 == 1 { edited } else { 1 }, 0));
        }
    }
    turn.incidents = (2..=CARDS)
        .map(|no| ci_rescue::domain::Incident { no: IncidentNo(no), version: 1, ..first.clone() })
        .chain([ci_rescue::domain::Incident { version: edited, ..first.clone() }])
        .collect();
    world.store.commit(turn).await.unwrap();
    for step in 0..6 {
        hours(&world, 1).await;
        if step == 3 {
            world.restart().await;
        }
    }
    for platform in ["slack", "discord"] {
        let tries = refused(&world, platform);
        assert!((2..=2 * TRIES_MAX).contains(&tries), "{platform}: {tries} calls for {CARDS} cards in six hours");
    }
    let waiting: Vec<u64> = held(&world).await.into_iter().map(|(_, _, held)| held).collect();
    assert_eq!(waiting, [CARDS, CARDS], "nothing is lost");
    world.end().await;
}

/// What the platforms tell of channels comes before any card is refused, and ends the wait at once.
#[tokio::test]
async fn slacks_events_tell_and_end_it() {
    let at = |kind: &str| json!({"type": kind, "channel": CHANNEL, "user": "UADA"});
    let joined =
        json!({"type": "member_joined_channel", "user": "UBOT", "channel": CHANNEL, "channel_type": "C", "team": "T1"});
    let left =
        json!({"type": "member_left_channel", "user": "UBOT", "channel": CHANNEL, "channel_type": "G", "team": "T1"});
    let archived = ("is_archived", Barrier::Archived);
    let cases: [(Value, Value, (&'static str, Barrier)); 5] = [
        (at("channel_archive"), at("channel_unarchive"), archived),
        (at("group_archive"), at("group_unarchive"), archived),
        (at("channel_deleted"), at("channel_unarchive"), ("channel_not_found", Barrier::Missing)),
        (at("group_left"), joined.clone(), ("channel_not_found", Barrier::NotMember)),
        (left, joined, ("channel_not_found", Barrier::NotMember)),
    ];
    for (shut, open, (code, reason)) in cases {
        let mut world = both().await;
        world
            .slack
            .event(json!({"type": shut["type"], "channel": "C0OTHER", "user": "UBOT", "channel_type": "G"}))
            .await;
        assert_eq!(held(&world).await, [], "nothing goes there: {shut}");
        world.slack.close(CHANNEL, code, false);
        world.slack.event(shut.clone()).await;
        work(&world).await;
        assert_eq!(held(&world).await, [("slack".to_owned(), reason, 0)], "{shut}");
        assert_eq!(told(&world, "discord").len(), 1, "{shut}");
        world.restart().await;
        broken(&world).await;
        minutes(&world, 1).await;
        world.slack.open_again();
        world.slack.event(open.clone()).await;
        later(&world, 2_000).await;
        assert_eq!(cards(&world, "slack").len(), 1, "{open}: at once");
        assert_eq!(held(&world).await, [], "{open}");
        let seen = told(&world, "discord");
        assert!(seen.last().unwrap().contains("again"), "{seen:?}");
        world.end().await;
    }
}

/// Where nothing waits, the platform's own word ends it, or a look.
#[tokio::test]
async fn an_end_is_noticed_where_nothing_waits() {
    for by_event in [true, false] {
        let world = both().await;
        world.slack.event(json!({"type": "channel_archive", "channel": CHANNEL, "user": "UADA"})).await;
        world.slack.close(CHANNEL, "is_archived", false);
        later(&world, HOUR).await;
        world.app.engine.look_at_rooms().await.unwrap();
        assert_eq!(held(&world).await.len(), 1, "it is still archived");
        world.slack.open_again();
        if by_event {
            world.slack.event(json!({"type": "channel_unarchive", "channel": CHANNEL, "user": "UADA"})).await;
        } else {
            later(&world, HOUR).await;
            world.app.engine.look_at_rooms().await.unwrap();
        }
        work(&world).await;
        assert_eq!(held(&world).await, [], "by an event: {by_event}");
        assert_eq!(told(&world, "discord").len(), 2);
        world.end().await;
    }
}

#[tokio::test]
async fn tokens_that_are_revoked_and_an_app_that_is_uninstalled() {
    for event in [
        json!({"type": "app_uninstalled"}),
        json!({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["UBOT"]}}),
    ] {
        let world = both().await;
        world.slack.event(event.clone()).await;
        world.slack.refuse("account_inactive");
        broken(&world).await;
        hours(&world, 1).await;
        assert_eq!(held(&world).await, [("slack".to_owned(), Barrier::Token, 1)], "{event}");
        assert_eq!(told(&world, "discord").len(), 1, "{event}: one message for event and refusals");
        world.end().await;
    }
    let world = both().await;
    world.slack.event(json!({"type": "tokens_revoked", "tokens": {"bot": ["UOTHER"]}})).await;
    assert_eq!(held(&world).await, [], "somebody else's");
    world.end().await;
}

#[tokio::test]
async fn discords_events_tell_and_end_it() {
    let channel = json!({"id": discord::CHANNEL, "type": 0, "guild_id": discord::GUILD, "name": "builds", "position": 0,
        "permission_overwrites": [], "nsfw": false, "topic": null, "parent_id": null, "last_message_id": null,
        "rate_limit_per_user": 0, "flags": 0});
    for (kind, data, reason) in [
        ("CHANNEL_DELETE", channel, Barrier::Missing),
        ("GUILD_DELETE", json!({"id": discord::GUILD}), Barrier::Removed),
    ] {
        let world = both().await;
        world.discord.dispatch("GUILD_DELETE", json!({"id": discord::GUILD, "unavailable": true}));
        world.discord.dispatch("GUILD_DELETE", json!({"id": "801"}));
        world.discord.dispatch(kind, data);
        close(&world, 404, 10_003, "Unknown Channel", false);
        let wait = async {
            while held(&world).await.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), wait).await.expect("it is kept");
        work(&world).await;
        assert_eq!(held(&world).await, [("discord".to_owned(), reason, 0)], "{kind}");
        assert_eq!(told(&world, "slack").len(), 1, "{kind}");
        world.end().await;
    }
}

/// A channel that is gone for good: an admin ends its subscription from elsewhere, and nothing waits for it any more.
#[tokio::test]
async fn a_subscription_of_a_gone_channel_can_be_ended() {
    let mut world = both().await;
    let feed = json!({"platform": "slack", "channel": "C0GONE", "filter": {"repo": REPO, "branch": "*"}, "role": null, "fixed": false});
    world.store.commit(Turn { settings: vec![("feed:0123".into(), Some(feed))], ..Turn::default() }).await.unwrap();
    world.restart().await;
    world.slack.close("C0GONE", "channel_not_found", false);
    broken(&world).await;
    assert_eq!(held(&world).await, [("slack".to_owned(), Barrier::Missing, 1)]);
    let told = told(&world, "discord");
    assert!(told[0].contains("unsubscribe from=slack:C0GONE"), "{told:?}");
    world.sit("ada").await.post("/command", &[("text", "unsubscribe from=slack:C0GONE")]).await;
    work(&world).await;
    world.app.engine.look_at_rooms().await.unwrap();
    assert_eq!(held(&world).await, []);
    let tries = world.slack.refused();
    world.slack.open_again();
    hours(&world, 2).await;
    assert_eq!(world.slack.refused(), tries);
    assert!(world.slack.cards().iter().all(|card| card.channel == CHANNEL), "nothing is posted there");
    world.end().await;
}
