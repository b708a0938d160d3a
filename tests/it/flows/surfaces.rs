//! One incident, one record of approval, four surfaces.

use crate::world::{NETWORK_LOG, REPO, Setup, World, spec};
use serde_json::json;

pub const PULL: u64 = 9;

/// Where somebody says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Slack,
    Discord,
    Pull,
    Console,
}

pub const ALL: [Surface; 4] = [Surface::Slack, Surface::Discord, Surface::Pull, Surface::Console];

/// A world with all four, and one broken run of a pull request.
pub async fn everywhere(config: &str) -> World {
    everywhere_with(Setup { config: config.into(), discord: true, ..Setup::default() }).await
}

/// Somebody without rights who may read the repository in the console, as anybody may in the channel.
pub const READER: &str = "[[people]]\nname = \"eve\"\ngithub = \"eve\"\nrole = \"viewer\"\n";

pub async fn everywhere_with(setup: Setup) -> World {
    let world = World::with(setup).await;
    for login in ["ada", "ben", "cyd"] {
        world.forge.permit(REPO, login, "write");
    }
    let mut run = spec(NETWORK_LOG, "success");
    run.branch = "topic".into();
    run.pull = Some(PULL);
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    world
}

pub fn discord_id(person: &str) -> &'static str {
    match person {
        "ada" => "1001",
        "ben" => "1002",
        "cyd" => "1003",
        _ => "1009",
    }
}

/// Says it there, as that person, and returns what they were answered.
pub async fn say(world: &World, at: Surface, person: &str, verb: &str, id: &str) -> String {
    match at {
        Surface::Slack => {
            world.slack.command(&format!("U{}", person.to_uppercase()), &format!("{verb} {id}")).await;
            world.settle().await;
            world.slack.last_whisper()
        }
        Surface::Discord => {
            let (token, value) = world.discord.command(discord_id(person), verb, &[("id", json!(id))]);
            world.discord.send(&value).await;
            world.settle().await;
            world.discord.said(&token)
        }
        Surface::Pull => comment(world, PULL, person, verb, id).await,
        Surface::Console => world.sit(person).await.say(world, &format!("{verb} {id}")).await,
    }
}

/// Says it in a comment on that pull request, and returns the bot's comment on it, or its thumb up.
pub async fn comment(world: &World, pull: u64, person: &str, verb: &str, words: &str) -> String {
    let comment = world.forge.comment(REPO, pull, person, &format!("/rescue {verb} {words}"));
    world.deliver().await;
    let marker = format!("<!-- ci-rescue/answer/{comment}/0 -->");
    let answer = || {
        let state = world.forge.lock();
        let mut all = state.repos[REPO].comments.iter().filter_map(|comment| comment["body"].as_str());
        all.find(|body| body.starts_with(&marker)).map(str::to_owned)
    };
    // Comments and reactions are written at GitHub's pace; who may not write there is not heard.
    let heard = world.forge.lock().repos[REPO].permissions.get(person).is_some_and(|have| *have == "write");
    let thumb = (comment, "+1".to_owned());
    let mut up = 0;
    let rounds = match (heard, writes(world)) {
        (false, _) => 2,
        (true, ..80) => 12,
        // After the first hundred of an hour it is one in nine seconds, and cards take their turns, too.
        (true, _) => 60,
    };
    for _ in 0..rounds {
        if let Some(answer) = answer() {
            return answer;
        }
        // Words come after it, if there are any.
        up += usize::from(world.forge.lock().repos[REPO].reactions.contains(&thumb));
        if up > 2 {
            return "👍".to_owned();
        }
        world.clock.advance(4_000);
        world.settle().await;
    }
    String::new()
}

/// How many calls there were that count against GitHub's limit of what creates content.
fn writes(world: &World) -> usize {
    world.forge.lock().calls.iter().filter(|call| call.method != "GET").count()
}

/// What each surface shows of the incident now.
pub async fn shown(world: &World) -> Vec<(Surface, String)> {
    let page = world.sit("ada").await.page("/").await;
    vec![
        (Surface::Slack, world.slack.cards()[0].words()),
        (Surface::Discord, world.discord.cards()[0].words()),
        (Surface::Pull, sticky(world)),
        (Surface::Console, crate::world::card(&page, 1).expect("a card").to_owned()),
    ]
}

/// Our one comment on the pull request.
pub fn sticky(world: &World) -> String {
    sticky_on(world, PULL)
}

pub fn sticky_on(world: &World, pull: u64) -> String {
    let state = world.forge.lock();
    let there = state.repos[REPO].comments.iter().filter(|comment| comment["number"] == pull);
    let all = there.filter_map(|comment| comment["body"].as_str());
    let ours: Vec<&str> =
        all.filter(|body| body.starts_with("<!-- ci-rescue/") && body.contains("/card -->")).collect();
    assert_eq!(ours.len(), 1, "one sticky comment: {ours:#?}");
    ours[0].to_owned()
}

#[tokio::test]
async fn accounts_of_one_person_count_as_one() {
    for approved in ALL {
        let world = everywhere("[policy.approvals]\nretry = 1\n").await;
        say(&world, Surface::Discord, "cyd", "retry", "1").await;
        let answer = say(&world, approved, "cyd", "approve", "1").await;
        assert!(answer.contains("you proposed it"), "{approved:?}: {answer}");
        assert_eq!(world.reruns(), 0);
        world.end().await;
    }
}
