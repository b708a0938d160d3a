//! An undo that needs approval: on the card, in the lists of what waits for whom, and withdrawn.

use super::code::{broken, opened};
use crate::world::{Seat, World, button, card, job, spec};
use ci_rescue::domain::Stage;
use ci_rescue::domain::incident::{Proposal, ProposalState};
use serde_json::json;

/// A revert that is done, and the button that approved it.
async fn reverted() -> (World, [Seat; 2], String) {
    let (world, _) = broken().await;
    let (ada, cyd) = (world.sit("ada").await, world.sit("cyd").await);
    ada.say(&world, "revert 1 pr=117").await;
    let approve = button(&cyd.page("/").await, 1, "Approve").expect("a button");
    cyd.press(&world, 1, "Approve").await;
    assert_eq!(newest(&world).await.state, ProposalState::Done);
    (world, [ada, cyd], approve)
}

async fn newest(world: &World) -> Proposal {
    world.incident(1).await.proposals.last().unwrap().clone()
}

/// Whether the console's list and Slack's home say that #1 waits for this person.
async fn waits(world: &World, seat: &Seat, slack: &str) -> (bool, bool) {
    let event = json!({"type": "app_home_opened", "user": slack, "channel": "D1", "tab": "home"});
    let home = json!({"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": world.id(), "event_time": 1_767_268_800, "event": event});
    world.slack.send("events_api", home).await;
    world.settle().await;
    let (_, view) = world.slack.homes().pop().expect("a home tab");
    (card(&seat.page("/waiting").await, 1).is_some(), view.to_string().contains("#1 "))
}

/// The build is green again, so that the incident is closed.
async fn green(world: &World) {
    let id = world
        .forge
        .start(ci_rescue::demo::RunSpec { jobs: vec![job("test", "", &["success"])], ..spec("", "success") });
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
}

#[tokio::test]
async fn an_undo_waits_on_the_card_and_in_the_lists() {
    for closed in [false, true] {
        let (world, [ada, cyd], old) = reverted().await;
        if closed {
            green(&world).await;
        }
        assert!(!waits(&world, &cyd, "UCYD").await.0);
        ada.say(&world, "undo 1-1").await;
        let stage = if closed { Stage::Resolved } else { Stage::AwaitingApproval };
        assert_eq!(world.incident(1).await.stage, stage);
        let shown = &world.slack.cards()[0];
        assert!(shown.words().contains("ada wants to undo *1-1*"), "{}", shown.words());
        assert!(shown.words().contains("PR closed, branch deleted. 0 of 1 approvals"), "{}", shown.words());
        let buttons = ["Approve", "Reject", "Cancel", "Undo"].map(|label| shown.button(label).is_some());
        assert_eq!(buttons, [true, true, true, false]);
        assert!(!waits(&world, &ada, "UADA").await.0);
        assert_eq!(waits(&world, &cyd, "UCYD").await, (true, true));

        // What approved the revert does not approve its undo.
        cyd.post("/press", &[("thread", "1"), ("value", &old)]).await;
        world.settle().await;
        assert!(cyd.answers().await.contains("the change is different"));
        assert!(newest(&world).await.awaits_undo());

        cyd.press(&world, 1, "Approve").await;
        assert!(matches!(newest(&world).await.state, ProposalState::Undone { .. }), "{:?}", newest(&world).await);
        assert!(!opened(&world)[0].open);
        assert!(!waits(&world, &cyd, "UCYD").await.0);
        world.end().await;
    }
}

#[tokio::test]
async fn a_second_wish_to_undo_does_not_take_the_place_of_the_first() {
    let (world, [ada, cyd], _) = reverted().await;
    ada.say(&world, "undo 1-1").await;
    let answer = cyd.say(&world, "undo 1-1").await;
    assert!(answer.contains("ada has already asked to undo 1-1"), "{answer}");
    assert_eq!(newest(&world).await.undo.unwrap().by.name.raw(), "ada");
    cyd.press(&world, 1, "Approve").await;
    assert!(matches!(newest(&world).await.state, ProposalState::Undone { .. }), "{:?}", newest(&world).await);
    world.end().await;
}

#[tokio::test]
async fn an_undo_is_rejected_cancelled_or_expires() {
    let (world, [ada, cyd], _) = reverted().await;
    let thread = |world: &World| world.slack.thread(&world.slack.cards()[0].ts).last().unwrap().text.clone();
    for (how, note) in [
        ("Reject", "cyd rejected undoing *1-1*"),
        ("Cancel", "cyd cancelled undoing *1-1*"),
        ("", "The request to undo *1-1* expired"),
    ] {
        ada.say(&world, "undo 1-1").await;
        if how.is_empty() {
            world.clock.advance(61 * 60_000);
            world.settle().await;
        } else {
            cyd.press(&world, 1, how).await;
        }
        let proposal = newest(&world).await;
        assert_eq!((proposal.state, proposal.undo), (ProposalState::Done, None), "{how}");
        assert!(opened(&world)[0].open && !waits(&world, &cyd, "UCYD").await.0, "{how}");
        assert!(thread(&world).contains(note), "{how}: {}", thread(&world));
        assert!(world.slack.cards()[0].button("Approve").is_none(), "{how}");
    }
    world.end().await;
}
