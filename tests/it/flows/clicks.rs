//! A press that is refused: whoever pressed sees at once why, alone, wherever they pressed. The card stays as it is.

use super::standing::plain;
use super::surfaces::{self, READER, Surface, everywhere};
use crate::world::World;
use ci_rescue::domain::ProposalState;

const CHATS: [Surface; 3] = [Surface::Slack, Surface::Discord, Surface::Console];

/// What the person who presses the button of a card, as it was then, is told.
struct Then {
    slack: crate::world::slack::Message,
    discord: crate::world::discord::Message,
    console: String,
}

impl Then {
    async fn of(world: &World) -> Self {
        let console = world.sit("ada").await.page("/").await;
        Self { slack: world.slack.cards()[0].clone(), discord: world.discord.cards()[0].clone(), console }
    }

    async fn press(&self, world: &World, at: Surface, person: &str, label: &str) -> String {
        match at {
            Surface::Slack => {
                let before = world.slack.whispers().len();
                world.slack.press_label(&format!("U{}", person.to_uppercase()), &self.slack, label).await;
                world.settle().await;
                let told = world.slack.whispers().split_off(before);
                assert!(told.iter().all(|one| one.user == format!("U{}", person.to_uppercase())), "{told:?}");
                told.into_iter().map(|one| one.text).collect::<Vec<_>>().join("\n")
            }
            Surface::Discord => {
                let (token, press) = world.discord.press(surfaces::discord_id(person), &self.discord, label);
                world.discord.send(&press).await;
                world.settle().await;
                let told = world.discord.answers(&token).1;
                // Only this person sees it.
                assert!(told.iter().all(|body| body["flags"] == 64), "{told:?}");
                told.iter().filter_map(|body| body["content"].as_str()).collect::<Vec<_>>().join("\n")
            }
            _ => {
                let value = crate::world::button(&self.console, 1, label).expect("the button");
                let seat = world.sit(person).await;
                seat.post("/press", &[("thread", "1"), ("value", &value)]).await;
                world.settle().await;
                seat.answers().await
            }
        }
    }
}

/// The same words everywhere.
async fn told(world: &World, then: &Then, person: &str, label: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for at in CHATS {
        words.push(plain(&then.press(world, at, person, label).await, 1));
    }
    assert!(words.iter().all(|said| *said == words[0]), "{person}, {label}: {words:#?}");
    words.swap_remove(0)
}

fn state(incident: &ci_rescue::domain::incident::Incident) -> ProposalState {
    incident.proposals.last().expect("a proposal").state.clone()
}

#[tokio::test]
async fn while_a_proposal_stands() {
    let world = everywhere(&format!("[policy.approvals]\nretry = 1\n{READER}")).await;
    let before = Then::of(&world).await;
    surfaces::say(&world, Surface::Slack, "cyd", "retry", "1").await;
    let stands = Then::of(&world).await;
    let mut all = String::new();
    for (then, person, label) in [
        (&stands, "ben", "Approve"),
        (&stands, "cyd", "Approve"),
        (&stands, "eve", "Approve"),
        (&stands, "eve", "Reject"),
        (&stands, "eve", "Cancel"),
        // A card from before the proposal, which somebody still looks at.
        (&before, "ben", "Retry"),
        (&before, "eve", "Retry"),
    ] {
        let said = told(&world, then, person, label).await;
        assert!(!said.is_empty(), "{person} presses {label} and is told nothing");
        all += &format!("{person} presses {label}: {said}\n");
        assert_eq!(state(&world.incident(1).await), ProposalState::Awaiting, "{person} presses {label}");
    }
    world.clock.advance(61 * 60_000);
    world.settle().await;
    for (person, label) in [("ada", "Approve"), ("ben", "Reject"), ("ben", "Cancel")] {
        all +=
            &format!("once it has expired, {person} presses {label}: {}\n", told(&world, &stands, person, label).await);
    }
    assert_eq!(world.reruns(), 0);
    world.end().await;
    insta::assert_snapshot!(all);
}

/// What is taken in and then fails at the forge is told to whoever pressed, too.
#[tokio::test]
async fn what_fails_afterwards_is_told_to_whoever_pressed() {
    for at in CHATS {
        let world = everywhere(READER).await;
        let fault = |path: &str| ci_rescue::demo::Fault {
            method: "POST".into(),
            path: path.into(),
            status: 403,
            headers: Vec::new(),
            after: false,
        };
        world.forge.lock().faults.extend(["/rerun", "/rerun-failed-jobs"].map(fault));
        let said = Then::of(&world).await.press(&world, at, "ben", "Retry").await;
        let state = state(&world.incident(1).await);
        assert!(matches!(state, ProposalState::Failed { .. }), "{state:?}");
        assert!(plain(&said, 1).contains("1-1 failed") && said.contains("403"), "{at:?}: {said:?}");
        world.end().await;
    }
}
