//! One incident, one record of approval, four surfaces.

use crate::world::{NETWORK_LOG, REPO, Setup, World, spec};
use ci_rescue::domain::Stage;
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
        Surface::Pull => {
            let comment = world.forge.comment(REPO, PULL, person, &format!("/rescue {verb} {id}"));
            world.deliver().await;
            let state = world.forge.lock();
            let marker = format!("<!-- ci-rescue/answer/{comment}/0 -->");
            let answers = state.repos[REPO].comments.iter().filter_map(|comment| comment["body"].as_str());
            answers.into_iter().find(|body| body.starts_with(&marker)).unwrap_or_default().to_owned()
        }
        Surface::Console => world.sit(person).await.say(world, &format!("{verb} {id}")).await,
    }
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
    let state = world.forge.lock();
    let all = state.repos[REPO].comments.iter().filter_map(|comment| comment["body"].as_str());
    let ours: Vec<&str> =
        all.filter(|body| body.starts_with("<!-- ci-rescue/") && body.contains("/card -->")).collect();
    assert_eq!(ours.len(), 1, "one sticky comment: {ours:#?}");
    ours[0].to_owned()
}

#[tokio::test]
async fn proposed_on_one_surface_and_approved_on_another_all_sixteen_pairs() {
    for proposed in ALL {
        for approved in ALL {
            let world = everywhere("[policy.approvals]\nretry = 1\n").await;
            let pair = format!("{proposed:?} then {approved:?}");
            say(&world, proposed, "ben", "retry", "1").await;
            assert_eq!(world.incident(1).await.stage, Stage::AwaitingApproval, "{pair}");
            for (surface, words) in shown(&world).await {
                assert!(words.contains("awaiting approval"), "{pair}, {surface:?}: {words}");
            }
            assert_eq!(world.reruns(), 0, "{pair}");
            let answer = say(&world, approved, "ben", "approve", "1").await;
            assert!(answer.contains("needs the approver role"), "{pair}: {answer}");
            assert_eq!(world.reruns(), 0, "{pair}");
            say(&world, approved, "ada", "approve", "1").await;
            assert_eq!(world.reruns(), 1, "{pair}");
            world.deliver().await;
            let going = world.forge.going();
            world.forge.finish(going[0]);
            world.deliver().await;
            assert_eq!(world.incident(1).await.stage, Stage::Resolved, "{pair}");
            for (surface, words) in shown(&world).await {
                assert!(words.contains("resolved"), "{pair}, {surface:?}: {words}");
            }
            world.end().await;
        }
    }
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
