//! What people see beside an incident's own card: several on one comment, digests, and what a channel is told.

use super::looks::{discord_card, plain, slack_card};
use crate::flows::statistics::{TO_MONDAY_MS, broken, finish, retry};
use crate::flows::surfaces::{self, Surface};
use crate::flows::verdict_check;
use crate::world::{LINT_LOG, NETWORK_LOG, Setup, World, spec};
use std::fmt::Write;

/// The comment of a pull request with several incidents.
#[tokio::test]
async fn one_comment_for_several_incidents() {
    let world = crate::flows::surfaces::everywhere("").await;
    for (workflow, sha, ends) in [("docs", "d", &["failure", "success"][..]), ("e2e", "e", &["failure"])] {
        let mut run = spec(LINT_LOG, "success");
        (run.branch, run.workflow, run.sha, run.pull) = ("topic".into(), workflow.into(), sha.repeat(40), Some(9));
        let log = LINT_LOG.replace("src/lib.rs", &format!("src/{workflow}.rs")).replace("never_loop", workflow);
        run.jobs = vec![crate::world::job(workflow, &log, ends)];
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        if ends.len() > 1 {
            world.forge.rerun(id, |_| true).unwrap();
            world.forge.finish(id);
            world.deliver().await;
        }
    }
    let comment = crate::flows::surfaces::sticky(&world);
    let comment = comment.split_once("\n\n").unwrap().1.replace(&world.forge_at.to_string(), "forge");
    world.end().await;
    insta::assert_snapshot!(comment);
}

/// Answers that many cards lead to: what each says, once, in the words of every surface.
#[tokio::test]
async fn answers_about_channels_and_the_emergency_stop() {
    let world = surfaces::everywhere("").await;
    let mut all = String::new();
    for (person, verb, words) in [
        ("ben", "mute", "2h"),
        ("ben", "mute", "off"),
        ("ben", "hold", ""),
        ("cyd", "hold", ""),
        ("cyd", "unhold", ""),
        ("ada", "unhold", ""),
        ("ada", "unhold", ""),
        ("ben", "snooze", "1 2h"),
        ("ada", "ack", "1"),
        ("ada", "ack", "1"),
        ("ben", "resolve", "1"),
        ("ben", "resolve", "1"),
    ] {
        for at in [Surface::Slack, Surface::Console] {
            let said = surfaces::say(&world, at, person, verb, words).await;
            writeln!(all, "{person}: {verb} {words} ({at:?})\n    {}", plain(&said).replace('\n', "\n    ")).unwrap();
        }
    }
    world.end().await;
    insta::assert_snapshot!(all);
}

/// A message on Slack and Discord that tells of several incidents, or of none.
struct Told {
    world: World,
    slack: crate::world::slack::Message,
    discord: crate::world::discord::Message,
}

impl Told {
    fn of(world: World, words: &str) -> Self {
        let slack = world.slack.cards().into_iter().find(|card| card.words().contains(words)).expect("it in Slack");
        let discord =
            world.discord.cards().into_iter().find(|card| card.words().contains(words)).expect("it in Discord");
        Self { world, slack, discord }
    }

    fn text(&self) -> String {
        let text = format!("--- Slack\n{}\n--- Discord\n{}", slack_card(&self.slack).0, discord_card(&self.discord));
        text.replace(&self.world.forge_at.to_string(), "forge")
    }

    /// What whoever presses it is answered: in Slack, in Discord.
    async fn pressed(&self, label: &str, (slack, discord): (&str, &str)) -> [String; 2] {
        let before = self.world.slack.whispers().len();
        self.world.slack.press_label(slack, &self.slack, label).await;
        self.world.settle().await;
        assert!(self.world.slack.whispers().len() > before, "an answer in Slack");
        let (token, press) = self.world.discord.press(discord, &self.discord, label);
        self.world.discord.send(&press).await;
        self.world.settle().await;
        [self.world.slack.last_whisper(), self.world.discord.said(&token)]
    }
}

const EVE: (&str, &str) = ("UEVE", "1009");
const BEN: (&str, &str) = ("UBEN", "1002");

/// Failures without anything in common, all at once.
async fn burst(world: &World, n: usize) {
    for n in 0..n {
        let name = char::from(b'a' + u8::try_from(n).unwrap());
        let log = format!(
            "##[group]Run pytest\nFAILED tests/test_{name}.py::test_{name} - ValueError: {name}\n##[error]Process completed with exit code 1.\n"
        );
        let mut run = spec(&log, "success");
        (run.workflow, run.sha) = (format!("ci-{name}"), format!("{n:07x}{}", "0".repeat(33)));
        let id = world.forge.start(run);
        world.forge.finish(id);
    }
    for hook in world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        assert!(world.hook(hook.event, &hook.id, &body).await.is_success());
    }
    world.settle().await;
}

#[tokio::test]
async fn a_burst_is_one_message_with_a_button_that_mutes() {
    let world = World::with(Setup { discord: true, ..Setup::default() }).await;
    burst(&world, 12).await;
    let told = Told::of(world, "more failures");
    let text = told.text();
    for answer in told.pressed("Mute for 2h", EVE).await {
        assert!(answer.contains("needs the responder role"), "{answer}");
    }
    let cards = (told.world.slack.cards().len(), told.world.discord.cards().len());
    for answer in told.pressed("Mute for 2h", BEN).await {
        assert!(answer.contains("No new cards here until"), "{answer}");
    }
    broken(&told.world, LINT_LOG, 101, "main").await;
    assert_eq!((told.world.slack.cards().len(), told.world.discord.cards().len()), cards, "nothing new is posted");
    told.world.clock.advance(121 * 60_000);
    broken(&told.world, NETWORK_LOG, 102, "main").await;
    assert!(told.world.slack.cards().len() > cards.0, "two hours are over");
    told.world.end().await;
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn a_daily_digest_has_a_button_for_the_statistics() {
    let digests = ["slack", "discord"].map(|platform| {
        let channel = if platform == "slack" { crate::world::CHANNEL } else { crate::world::discord::CHANNEL };
        format!("[[digests]]\nplatform = \"{platform}\"\nchannel = \"{channel}\"\nevery = \"daily\"\nat = \"13:00\"\n")
    });
    let world = World::with(Setup { config: digests.concat(), discord: true, ..Setup::default() }).await;
    broken(&world, NETWORK_LOG, 1, "main").await;
    broken(&world, LINT_LOG, 2, "main").await;
    retry(&world, 1).await;
    world.clock.advance(61 * 60_000);
    world.settle().await;
    let told = Told::of(world, "Daily digest");
    let text = told.text();
    for answer in told.pressed("Statistics", EVE).await {
        assert!(answer.contains("Last 30 days"), "{answer}");
    }
    told.world.end().await;
    insta::assert_snapshot!(text);
}

/// What is there goes on, and nothing new comes.
#[tokio::test]
async fn a_muted_channel_keeps_its_cards_up_to_date() {
    let world = World::with(Setup { discord: true, ..Setup::default() }).await;
    broken(&world, NETWORK_LOG, 1, "main").await;
    world.slack.command("UBEN", "mute 2h").await;
    let (_, mute) = world.discord.command(BEN.1, "mute", &[("for", serde_json::json!("2h"))]);
    world.discord.send(&mute).await;
    world.settle().await;
    broken(&world, LINT_LOG, 2, "main").await;
    retry(&world, 1).await;
    assert_eq!((world.slack.cards().len(), world.discord.cards().len()), (1, 1), "nothing new is posted");
    let told = Told::of(world, "1 ·");
    let text = told.text();
    assert!(text.contains("resolved"), "{text}");
    told.world.end().await;
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn a_weekly_review_of_what_the_bot_did_by_itself() {
    let config = "[policy]\nmode = \"act\"\n".to_owned();
    let world = World::with(Setup { config, discord: true, ..Setup::default() }).await;
    broken(&world, NETWORK_LOG, 1, "main").await;
    world.clock.advance(3_600_000);
    world.settle().await;
    finish(&world).await;
    world.clock.advance(TO_MONDAY_MS);
    world.settle().await;
    let messages = world.slack.messages();
    let slack = messages.iter().find(|message| message.text.contains("automatic act")).expect("it in Slack").clone();
    let messages = world.discord.messages();
    let discord = messages.iter().find(|message| message.words().contains("automatic act")).expect("it in Discord");
    let told = Told { discord: discord.clone(), slack, world };
    let text = told.text();
    told.world.end().await;
    insta::assert_snapshot!(text);
}

/// The check `ci-rescue/verdict` of a pull request, as GitHub shows it.
#[tokio::test]
async fn verdicts_on_a_pull_request() {
    let mut all = String::new();
    for (commits, ends, what) in [
        (40, &["success"][..], "nothing failed"),
        (40, &["failure"], "a known flake"),
        (0, &["failure"], "a failure that nobody knows"),
    ] {
        let world = verdict_check::world_with("topic").await;
        verdict_check::flaked(&world, commits).await;
        let id = verdict_check::breaks(&world, verdict_check::run("topic", verdict_check::PYTEST, ends)).await;
        for check in verdict_check::checks(&world, verdict_check::HEAD) {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let output = &check["output"];
            let ended = text(&check["conclusion"]);
            let state = if ended.is_empty() { text(&check["status"]) } else { ended };
            let words = format!("{state}\n{}\n{}", text(&output["title"]), text(&output["summary"]));
            let words = words.replace(&world.forge_at.to_string(), "forge").replace(&format!("/{id}"), "/RUN");
            writeln!(all, "--- {what}\n{words}\n").unwrap();
        }
        world.end().await;
    }
    insta::assert_snapshot!(all);
}
