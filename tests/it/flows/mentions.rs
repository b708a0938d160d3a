//! Whose failure it is: shown as plain text, mentioned once, and not at night.

use super::code::host;
use crate::plan::repo::Repo;
use crate::world::{NETWORK_LOG, REPO, Setup, World, spec};
use ci_rescue::demo::RunSpec;
use ci_rescue::domain::evidence::Severity;
use ci_rescue::store::{Ledger, Memory};
use serde_json::json;
use std::sync::Arc;

const LOG: &str = super::quarantine::PYTEST_LOG;
const GROUPS: &str = "[[groups]]\nowner = \"@acme/web\"\nslack = \"S0WEB\"\ndiscord = \"5005\"\n";
const MINUTE: i64 = 60_000;

/// Of Slack's tags, a date alone alerts nobody.
fn has_tag(text: &str) -> bool {
    text.contains("<@") || text.replace("<!date^", "").contains("<!")
}

/// Everything that alerts somebody: by platform, its words and whom.
fn mentions(world: &World) -> Vec<String> {
    let slack = world.slack.messages().into_iter().filter(|m| has_tag(&m.text));
    let slack = slack.map(|message| format!("slack {}", message.text));
    let discord = world.discord.messages().into_iter().filter(|message| {
        let allowed = &message.body["allowed_mentions"];
        let listed = |key: &str| allowed[key].as_array().is_some_and(|all| !all.is_empty());
        listed("users") || listed("roles") || listed("parse") || message.body.to_string().contains("<@")
    });
    let discord = discord.map(|message| {
        let body = &message.body;
        format!("discord {} {} {}", body["content"], body["allowed_mentions"], body["flags"])
    });
    slack.chain(discord).collect()
}

/// What stands in the web group's name on both platforms.
fn both(found: &[String]) -> bool {
    let [slack, discord] = found else { return false };
    slack.starts_with("slack <!subteam^S0WEB> The failing files belong to @acme/web")
        && discord.starts_with("discord \"<@&5005>\"")
        && discord.contains("\"parse\":[]")
        && discord.contains("\"roles\":[\"5005\"]")
        && discord.contains("\"users\":[]")
        && discord.ends_with("null")
}

fn repo(owners: &str) -> Repo {
    let repo = Repo::new();
    repo.write("tests/test_cart.py", "def test_total():\n    assert 1 == 1\n");
    if !owners.is_empty() {
        repo.write(".github/CODEOWNERS", owners);
    }
    repo.commit("First light");
    repo
}

async fn run(world: &World, repo: &Repo, log: &str, ends: &'static str, change: impl FnOnce(&mut RunSpec)) {
    let mut run = spec(log, ends);
    run.jobs[0].ends = vec![ends];
    run.jobs[0].green_log = "all is well\n".into();
    run.sha = repo.git(&["rev-parse", "HEAD"]);
    change(&mut run);
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
}

/// Owners are looked up with some delay, and a verdict comes before a mention.
async fn later(world: &World, minutes: i64) {
    for _ in 0..minutes {
        world.clock.advance(MINUTE);
        world.settle().await;
    }
}

async fn with(config: &str) -> World {
    World::with(setup(config)).await
}

fn setup(config: &str) -> Setup {
    Setup { config: config.into(), discord: true, ..Setup::default() }
}

#[tokio::test]
async fn an_owner_is_mentioned_once_whatever_is_edited_lost_or_restarted() {
    let store: Arc<dyn ci_rescue::ports::Store> = Arc::new(Ledger::open(Memory::default()).unwrap());
    let world = World::on(setup(GROUPS), store.clone()).await;
    let repo = repo("/tests/ @acme/web\n");
    host(&world, &repo).await;
    run(&world, &repo, LOG, "failure", |_| ()).await;
    assert!(mentions(&world).is_empty(), "{:?}", mentions(&world));
    // The message stands, and nobody was told so.
    world.slack.fault("chat.postMessage", 500, json!({}), true);
    world.discord.lose_answer("POST messages");
    later(&world, 3).await;
    assert!(both(&mentions(&world)), "{:#?}", mentions(&world));
    for card in [world.slack.cards()[0].words(), world.discord.cards()[0].words()] {
        assert!(card.contains("Owner: ") && card.contains("acme/web") && !has_tag(&card), "{card}");
    }
    assert!(world.slack.thread(&world.slack.cards()[0].ts).iter().any(|note| note.text.contains("S0WEB")));
    run(&world, &repo, LOG, "failure", |run| run.jobs[0].name = "test again".into()).await;
    world.sit("ada").await.say(&world, "retry 1").await;
    world.deliver().await;
    later(&world, 3).await;
    assert!(both(&mentions(&world)), "{:#?}", mentions(&world));
    assert_eq!(world.sit("ada").await.page("/incidents/1").await.matches("The failing files belong to").count(), 1);
    world.end().await;
    let second = World::on(setup(GROUPS), store).await;
    later(&second, 10).await;
    assert_eq!(mentions(&second), Vec::<String>::new());
    second.end().await;
}

#[tokio::test]
async fn at_night_nobody_is_mentioned_and_in_the_morning_once_even_after_a_restart() {
    // Noon in UTC is 13:00 in Berlin.
    let config = format!("[mentions]\nquiet = \"22:00-13:30\"\ntime_zone = \"Europe/Berlin\"\n{GROUPS}");
    let store: Arc<dyn ci_rescue::ports::Store> = Arc::new(Ledger::open(Memory::default()).unwrap());
    let world = World::on(setup(&config), store.clone()).await;
    let repo = repo("* @acme/web\n");
    host(&world, &repo).await;
    run(&world, &repo, LOG, "failure", |_| ()).await;
    later(&world, 5).await;
    assert_eq!(mentions(&world), Vec::<String>::new());
    world.end().await;
    // Its clock begins at noon again.
    let second = World::on(setup(&config), store).await;
    later(&second, 29).await;
    assert_eq!(mentions(&second), Vec::<String>::new());
    later(&second, 2).await;
    assert!(both(&mentions(&second)), "{:#?}", mentions(&second));
    later(&second, 60).await;
    assert!(both(&mentions(&second)), "{:#?}", mentions(&second));
    second.end().await;
}

#[tokio::test]
async fn what_is_green_by_morning_mentions_nobody() {
    let world = with(&format!("[mentions]\nquiet = \"11:00-12:30\"\n{GROUPS}")).await;
    let repo = repo("* @acme/web\n");
    host(&world, &repo).await;
    run(&world, &repo, LOG, "failure", |_| ()).await;
    later(&world, 3).await;
    run(&world, &repo, LOG, "success", |_| ()).await;
    assert!(world.incident(1).await.closed_at.is_some());
    later(&world, 60).await;
    assert_eq!(mentions(&world), Vec::<String>::new());
    world.end().await;
}

#[tokio::test]
async fn flakes_outages_pull_requests_muted_channels_and_the_skip_flag_mention_nobody() {
    type Case = (&'static str, &'static str, fn(&mut RunSpec), &'static str);
    let cases: [Case; 6] = [
        ("a flake", LOG, |_| (), "wrong 1 flaky"),
        ("an outage", NETWORK_LOG, |_| (), ""),
        (
            "a pull request",
            LOG,
            |run| {
                run.branch = "topic".into();
                run.pull = Some(9);
            },
            "",
        ),
        ("the skip flag", LOG, |run| run.message = "Count [skip-rescue]".into(), ""),
        ("a muted channel", LOG, |_| (), "mute"),
        ("control", LOG, |_| (), ""),
    ];
    for (name, log, change, said) in cases {
        let world = with(GROUPS).await;
        let repo = repo("* @acme/web\n");
        host(&world, &repo).await;
        run(&world, &repo, log, "failure", change).await;
        if said == "mute" {
            world.slack.command("UADA", "mute 2h").await;
            world.settle().await;
        } else if !said.is_empty() {
            world.sit("ada").await.say(&world, said).await;
        }
        later(&world, 10).await;
        let found = mentions(&world);
        match name {
            "control" => assert!(both(&found), "{name}: {found:#?}"),
            // Discord's channel is not muted.
            "a muted channel" => assert!(found.len() == 1 && found[0].starts_with("discord"), "{name}: {found:#?}"),
            _ => assert_eq!(found, Vec::<String>::new(), "{name}"),
        }
        assert!(world.incident(1).await.whose().is_some(), "{name}: somebody owns it");
        world.end().await;
    }
}

#[tokio::test]
async fn severities_that_are_not_asked_for_mention_nobody() {
    let world = with(&format!("[mentions]\nseverities = [\"blocker\"]\n{GROUPS}")).await;
    let repo = repo("* @acme/web\n");
    host(&world, &repo).await;
    run(&world, &repo, LOG, "failure", |_| ()).await;
    later(&world, 5).await;
    assert_eq!((world.incident(1).await.severity, mentions(&world).len()), (Severity::Normal, 0));
    world.end().await;
}

#[tokio::test]
async fn hostile_owners_mention_nobody() {
    let hostile = "* @here @channel @everyone <!channel> <!here> <@UADA> <@&5005> <!subteam^S0WEB> @acme/web>\n";
    for owners in [hostile, "* @here\n", "* @everyone\n", "* @acme/web|x\n", "* here@example.org\n"] {
        let world = with(GROUPS).await;
        let repo = repo(owners);
        host(&world, &repo).await;
        run(&world, &repo, LOG, "failure", |_| ()).await;
        later(&world, 5).await;
        assert_eq!(mentions(&world), Vec::<String>::new(), "{owners}");
        world.end().await;
    }
}

#[tokio::test]
async fn without_owners_it_is_whoever_changed_the_failing_file_last() {
    let world = with("").await;
    let repo = repo("");
    let sha = repo.git(&["rev-parse", "HEAD"]);
    repo.write("other.txt", "one\n");
    repo.commit("Another file");
    host(&world, &repo).await;
    world.forge.lock().repos.get_mut(REPO).unwrap().authors.insert(sha, "Ben".into());
    run(&world, &repo, LOG, "failure", |_| ()).await;
    later(&world, 5).await;
    let found = mentions(&world);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("slack <@UBEN> @Ben changed the failing file last"), "{found:#?}");
    assert!(found[1].contains("<@1002>") && found[1].contains("\"users\":[\"1002\"]"), "{found:#?}");
    assert!(world.slack.cards()[0].words().contains("Owner: @Ben (changed the failing file last)."));
    world.end().await;
}

#[tokio::test]
async fn whoever_most_likely_broke_it_gets_a_direct_message_if_they_want_it() {
    for (wants, count) in [(true, 1), (false, 0)] {
        let dan = format!("[[people]]\nname = \"dan\"\ngithub = \"dan\"\nslack = \"UDAN\"\ndirect = {wants}\n");
        let world = with(&format!("{dan}{GROUPS}")).await;
        let repo = repo("* @acme/web\n");
        let green = repo.git(&["rev-parse", "HEAD"]);
        repo.write("tests/test_cart.py", "def test_total():\n    assert 1 == 2\n");
        let red = repo.commit("Break the total");
        host(&world, &repo).await;
        world.forge.lock().repos.get_mut(REPO).unwrap().authors.insert(red, "dan".into());
        run(&world, &repo, LOG, "success", |run| run.sha = green).await;
        run(&world, &repo, LOG, "failure", |_| ()).await;
        later(&world, 5).await;
        let told = world.slack.direct("UDAN");
        assert_eq!(told.len(), count, "{told:#?}");
        assert!(told.iter().all(|text| text.contains("since your commit") && text.contains("Break the total")));
        assert!(both(&mentions(&world)), "{:#?}", mentions(&world));
        world.end().await;
    }
}

const WHO: &str = "* @ada @ben\n";

async fn failing(world: &World) {
    let repo = repo(WHO);
    host(world, &repo).await;
    run(world, &repo, LOG, "failure", |_| ()).await;
}

async fn said(world: &World, person: &str, text: &str) -> String {
    world.slack.command(person, text).await;
    world.settle().await;
    world.slack.last_whisper()
}

#[tokio::test]
async fn people_choose_by_which_road_they_are_told_once() {
    // Whom the thread mentions, and who gets direct messages.
    for (ben, thread, direct) in [
        ("notify thread", vec!["UADA", "UBEN"], 0),
        ("notify default", vec!["UADA", "UBEN"], 0),
        ("notify dm", vec!["UADA"], 1),
        ("notify off", vec!["UADA"], 0),
    ] {
        let mut world = with("").await;
        let answer = said(&world, "UBEN", ben).await;
        assert!(answer.contains("You "), "{answer}");
        world.restart().await;
        failing(&world).await;
        later(&world, 3).await;
        world.restart().await;
        later(&world, 10).await;
        let slack: Vec<String> = mentions(&world).into_iter().filter(|text| text.starts_with("slack")).collect();
        assert_eq!(slack.len(), 1, "{ben}: {slack:#?}");
        for person in ["UADA", "UBEN"] {
            assert_eq!(slack[0].contains(&format!("<@{person}>")), thread.contains(&person), "{ben}: {slack:#?}");
        }
        let told = world.slack.direct("UBEN");
        assert_eq!(told.len(), direct, "{ben}: {told:#?}");
        assert!(
            told.iter().all(|text| text.contains("the failing files are yours") && text.contains("#1")),
            "{told:#?}"
        );
        world.end().await;
    }
}

#[tokio::test]
async fn in_their_own_quiet_hours_a_person_is_told_when_these_end_if_it_is_still_open() {
    // Noon in UTC is 21:00 in Tokyo.
    for (road, meanwhile, then) in [("dm", "", 1), ("thread", "", 1), ("dm", "ack 1", 0), ("dm", "resolve 1", 0)] {
        let mut world = with("").await;
        let answer = said(&world, "UBEN", &format!("notify {road} quiet=20:00-21:30 zone=Asia/Tokyo")).await;
        assert!(answer.contains("Quiet hours: 20:00-21:30, Asia/Tokyo"), "{answer}");
        failing(&world).await;
        later(&world, 5).await;
        let reached = |world: &World| {
            let thread = mentions(world).iter().filter(|text| text.contains("<@UBEN>")).count();
            thread + world.slack.direct("UBEN").len()
        };
        let ada = |world: &World| mentions(world).iter().filter(|text| text.contains("<@UADA>")).count();
        assert_eq!((reached(&world), ada(&world)), (0, 1), "{road}: {:#?}", mentions(&world));
        if !meanwhile.is_empty() {
            said(&world, "UADA", meanwhile).await;
        }
        world.restart().await;
        later(&world, 20).await;
        assert_eq!(reached(&world), 0, "{road}: {:#?}", mentions(&world));
        world.restart().await;
        later(&world, 10).await;
        assert_eq!((reached(&world), ada(&world)), (then, 1), "{road} {meanwhile}: {:#?}", mentions(&world));
        world.restart().await;
        later(&world, 60).await;
        assert_eq!(reached(&world), then, "{road} {meanwhile}");
        world.end().await;
    }
}

#[tokio::test]
async fn what_is_no_wish_is_refused_and_strangers_have_none() {
    let world = with("").await;
    for (text, want) in [
        ("notify quiet=22-7", "Quiet hours are two different times"),
        ("notify dm zone=Tokyo", "Unknown time zone"),
        ("notify email", "choose one of thread, dm, off, default"),
        ("notify", "as the configuration says"),
    ] {
        let answer = said(&world, "UBEN", text).await;
        assert!(answer.contains(want), "{text}: {answer}");
    }
    let answer = said(&world, "UEVE", "notify dm").await;
    assert!(answer.contains("not in [[people]]"), "{answer}");
    world.end().await;
}

#[tokio::test]
async fn a_team_without_a_group_is_its_members() {
    let world = with("").await;
    world.logins.team("acme/core", &["ben", "nobody-here"]);
    let repo = repo("/tests/ @acme/core\n");
    host(&world, &repo).await;
    run(&world, &repo, LOG, "failure", |_| {}).await;
    later(&world, 5).await;
    let found = mentions(&world);
    assert!(found.iter().any(|text| text.starts_with("slack <@UBEN> ")), "{found:?}");
    assert!(found.iter().any(|text| text.starts_with("discord \"<@1002>")), "{found:?}");
    world.end().await;
    // A team of which GitHub tells nothing mentions nobody.
    let world = with("").await;
    host(&world, &repo).await;
    run(&world, &repo, LOG, "failure", |_| {}).await;
    later(&world, 5).await;
    assert_eq!(mentions(&world), Vec::<String>::new());
    world.end().await;
}
