//! Who has it, until when it is snoozed, closed by hand and reopened: on every surface by the same words.

use super::surfaces::{ALL, Surface, everywhere, everywhere_with, say, shown};
use crate::world::{NETWORK_LOG, REPO, Setup, World, spec};
use ci_rescue::domain::Stage;
use serde_json::json;

const HOUR: i64 = 3_600_000;

/// `VERB 1` and, after it, the argument of that name.
async fn tell(world: &World, at: Surface, person: &str, verb: &str, more: Option<(&str, &str)>) -> String {
    let Some((name, value)) = more else { return say(world, at, person, verb, "1").await };
    if at != Surface::Discord {
        return say(world, at, person, verb, &format!("1 {value}")).await;
    }
    let account = if person == "ada" { "1001" } else { "1002" };
    let (token, value) =
        world.discord.command(account, verb, &[("id", json!("1")), (name, json!(value.rsplit('=').next()))]);
    world.discord.send(&value).await;
    world.settle().await;
    world.discord.said(&token)
}

/// On a pull request, a reaction says so, and our comment says the rest.
fn confirms(at: Surface, answer: &str, words: &str) {
    assert!(answer.contains(words) || (at == Surface::Pull && answer == "👍"), "{at:?}: {answer}");
}

async fn each_says(world: &World, words: &str, yes: bool) {
    for (surface, card) in shown(world).await {
        assert_eq!(card.to_lowercase().contains(words), yes, "{surface:?}: {words} in {card}");
    }
}

#[tokio::test]
async fn the_same_words_do_the_same_on_every_surface() {
    for at in ALL {
        let world = everywhere("").await;
        let answer = say(&world, at, "ben", "ack", "1").await;
        confirms(at, &answer, "ben has it");
        each_says(&world, "ben has it", true).await;
        let again = say(&world, at, "ben", "ack", "1").await;
        assert!(again.contains("you have it already"), "{at:?}: {again}");
        let answer = say(&world, at, "ada", "ack", "1").await;
        confirms(at, &answer, "ada has it (before: ben)");
        tell(&world, at, "ada", "assign", Some(("to", "cyd"))).await;
        each_says(&world, "cyd has it", true).await;
        let answer = tell(&world, at, "ada", "assign", Some(("to", "@nobody"))).await;
        assert!(answer.contains("nobody is called"), "{at:?}: {answer}");
        tell(&world, at, "ada", "snooze", Some(("for", "2h"))).await;
        each_says(&world, "snoozed until", true).await;
        world.clock.advance(2 * HOUR);
        world.settle().await;
        each_says(&world, "snoozed until", false).await;
        tell(&world, at, "ada", "snooze", Some(("until", "until=13:30"))).await;
        each_says(&world, "snoozed until", true).await;
        let until = world.incident(1).await.snoozed.unwrap().until;
        assert_eq!((until.0 / 60_000) % (24 * 60), 13 * 60 + 30, "{at:?}");
        tell(&world, at, "ada", "snooze", Some(("for", "off"))).await;
        each_says(&world, "snoozed until", false).await;
        let answer = tell(&world, at, "ada", "resolve", Some(("reason", "the branch is gone"))).await;
        confirms(at, &answer, "ada resolved it: the branch is gone");
        assert_eq!(world.incident(1).await.stage, Stage::Resolved);
        each_says(&world, "closed by ada", true).await;
        let answer = say(&world, at, "ben", "ack", "1").await;
        assert!(answer.contains("already resolved"), "{at:?}: {answer}");
        say(&world, at, "ben", "reopen", "1").await;
        assert_eq!(world.incident(1).await.stage, Stage::Open, "{at:?}");
        each_says(&world, "has it", false).await;
        // A stranger may look, and no more.
        let answer = say(&world, at, "eve", "ack", "1").await;
        assert!(!answer.contains("has it"), "{at:?}: {answer}");
        assert!(world.incident(1).await.taken.is_none(), "{at:?}");
        world.end().await;
    }
}

#[tokio::test]
async fn one_press_takes_it() {
    let world = everywhere("").await;
    world.slack.press_label("UBEN", &world.slack.cards()[0], "Acknowledge").await;
    world.settle().await;
    each_says(&world, "ben has it", true).await;
    assert!(world.slack.cards()[0].button("Acknowledge").is_none(), "somebody has it");
    world.end().await;
}

#[tokio::test]
async fn people_are_named_by_mention_and_by_login() {
    let world = everywhere("").await;
    tell(&world, Surface::Slack, "ada", "assign", Some(("to", "<@UCYD>"))).await;
    each_says(&world, "cyd has it", true).await;
    tell(&world, Surface::Discord, "ada", "assign", Some(("to", "me"))).await;
    each_says(&world, "ada has it", true).await;
    tell(&world, Surface::Pull, "ada", "assign", Some(("to", "@ben"))).await;
    each_says(&world, "ben has it", true).await;
    world.end().await;
}

#[tokio::test]
async fn whoever_is_assigned_is_told_in_private_if_they_want_it() {
    for (wants, count) in [(true, 1), (false, 0)] {
        let config = format!("[[people]]\nname = \"dan\"\nslack = \"UDAN\"\ndirect = {wants}\nrole = \"responder\"\n");
        let world = everywhere_with(Setup { config, ..Setup::default() }).await;
        tell(&world, Surface::Slack, "ada", "assign", Some(("to", "<@UDAN>"))).await;
        // To have it already, and to take it oneself, is no news.
        tell(&world, Surface::Slack, "ada", "assign", Some(("to", "dan"))).await;
        world.slack.command("UDAN", "assign 1 me").await;
        world.settle().await;
        let told = world.slack.direct("UDAN");
        assert_eq!(told.len(), count, "{told:#?}");
        assert!(told.iter().all(|text| text.contains("ada assigned") && text.contains("to you")), "{told:?}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_snooze_outlives_restarts_and_ends_once() {
    // Restarts after these steps: none, each, all.
    for restarts in 0..16_u32 {
        let mut world = everywhere("").await;
        let again = |step: u32| restarts & (1 << step) != 0;
        say(&world, Surface::Slack, "ben", "ack", "1").await;
        if again(0) {
            world.restart().await;
        }
        tell(&world, Surface::Slack, "ada", "snooze", Some(("for", "2h"))).await;
        if again(1) {
            world.restart().await;
        }
        world.clock.advance(HOUR);
        world.settle().await;
        each_says(&world, "snoozed until", true).await;
        each_says(&world, "ben has it", true).await;
        if again(2) {
            world.restart().await;
        }
        world.clock.advance(HOUR);
        // Its time comes while nobody runs.
        if again(3) {
            world.restart().await;
        }
        world.settle().await;
        each_says(&world, "snoozed until", false).await;
        let thread: String = world.slack.thread(&world.slack.cards()[0].ts).iter().map(|m| m.text.clone()).collect();
        assert_eq!(thread.matches("No longer snoozed").count(), 1, "{restarts:b}: {thread}");
        world.end().await;
    }
}

#[tokio::test]
async fn doctor_says_in_chat_what_answers_and_what_is_held() {
    let world = everywhere("").await;
    for at in [Surface::Slack, Surface::Console] {
        let said = say(&world, at, "ben", "doctor", "").await;
        for words in ["GitHub: up for", "Slack Socket Mode: up for", "store: writable", "✅ waiting: 0 deliveries, "] {
            assert!(said.contains(words), "{at:?}: {words} in {said}");
        }
        let refused = say(&world, at, "eve", "doctor", "").await;
        assert!(refused.contains("responder") && !refused.contains("up for"), "{at:?}: {refused}");
    }
    let (token, value) = world.discord.command("1002", "doctor", &[]);
    world.discord.send(&value).await;
    world.settle().await;
    assert!(world.discord.said(&token).contains("store: writable"), "{}", world.discord.said(&token));
    // What an installation depends on is no business of a pull request.
    let said = say(&world, Surface::Pull, "ben", "doctor", "").await;
    assert!(said.contains("use chat or the console") && !said.contains("up for"), "{said}");
    world.slack.command("UADA", "hold the registry is down").await;
    world.settle().await;
    let said = say(&world, Surface::Slack, "ben", "doctor", "").await;
    assert!(said.trim_start_matches("• ").starts_with("⏸️ emergency stop: on for"), "{said}");
    world.end().await;
}

/// Critical, and red for hours.
async fn blocked(config: &str) -> World {
    let config = format!("[policy]\ncritical_workflows = [\"*\"]\n{config}");
    let world = World::with(Setup { config, ..Setup::default() }).await;
    world.broken_run(NETWORK_LOG, "failure").await;
    world
}

#[tokio::test]
async fn what_somebody_has_is_not_escalated() {
    for (words, escalated) in [("", true), ("ack 1", false), ("snooze 1 6h", false), ("snooze 1 1h", true)] {
        let world = blocked("").await;
        if !words.is_empty() {
            world.slack.command("UBEN", words).await;
            world.settle().await;
        }
        world.clock.advance(5 * HOUR);
        world.settle().await;
        assert_eq!(world.incident(1).await.escalated_at.is_some(), escalated, "{words}");
        world.clock.advance(2 * HOUR);
        world.settle().await;
        // A snooze ends, and then it is late.
        assert_eq!(world.incident(1).await.escalated_at.is_some(), words != "ack 1", "{words}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_snooze_ends_early_when_more_fails() {
    let world = everywhere_with(Setup { discord: true, ..Setup::default() }).await;
    tell(&world, Surface::Slack, "ben", "snooze", Some(("for", "6h"))).await;
    let mut run = spec(NETWORK_LOG, "success");
    (run.branch, run.pull, run.workflow) = ("topic".into(), Some(9), "other".into());
    run.jobs[0].name = "lint".into();
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    let incident = world.incident(1).await;
    assert_eq!(incident.jobs.len(), 2, "{:?}", incident.jobs);
    assert!(incident.snoozed.is_none());
    let thread: String = world.slack.thread(&world.slack.cards()[0].ts).iter().map(|m| m.text.clone()).collect();
    assert!(thread.contains("more jobs failed (2 instead of 1)"), "{thread}");
    world.end().await;
}

#[tokio::test]
async fn what_is_closed_by_hand_is_not_counted_as_green_and_fails_anew() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "failure").await;
    world.slack.command("UBEN", "resolve 1").await;
    world.settle().await;
    assert!(!world.incident(1).await.is_green());
    assert!(!world.slack.cards()[0].words().contains("retry resolved"), "{}", world.slack.cards()[0].words());
    let mut run = spec(NETWORK_LOG, "failure");
    run.sha = "d".repeat(40);
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    assert_eq!(world.incident(2).await.stage, Stage::Open);
    assert_eq!(world.incident(2).await.repo.as_str(), REPO);
    world.end().await;
}

#[tokio::test]
async fn a_reopened_pull_request_does_not_bring_back_what_a_person_closed() {
    let world = everywhere("").await;
    say(&world, Surface::Slack, "ben", "resolve", "1").await;
    let pull = json!({"number": 9, "merged": false, "head": {"ref": "topic", "sha": world.incident(1).await.sha}});
    let body = json!({"action": "reopened", "pull_request": pull, "sender": {"login": "ben", "type": "User"},
        "repository": {"full_name": REPO, "default_branch": "main"}});
    assert!(world.hook("pull_request", &world.id(), &body.to_string()).await.is_success());
    world.settle().await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    world.end().await;
}
