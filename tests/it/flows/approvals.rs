use crate::world::{NETWORK_LOG, Setup, World};
use ci_rescue::domain::Stage;

fn needs_one() -> Setup {
    Setup { config: "[policy.approvals]\nretry = 1\n".into(), ..Setup::default() }
}

#[tokio::test]
async fn another_person_has_to_agree() {
    let world = World::with(needs_one()).await;
    world.broken_run(NETWORK_LOG, "success").await;
    // An approver proposes, so that only the two-person rule stands in the way.
    world.slack.press_label("UCYD", &world.slack.cards()[0], "Retry").await;
    world.settle().await;
    assert_eq!(world.reruns(), 0);
    assert_eq!(world.incident(1).await.stage, Stage::AwaitingApproval);
    let card = world.slack.cards()[0].clone();
    assert!(
        card.words().contains("awaiting approval") && card.words().contains("0 of 1 approvals"),
        "{}",
        card.words()
    );

    world.slack.press_label("UCYD", &card, "Approve").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("you proposed it"), "{}", world.slack.last_whisper());
    assert_eq!(world.reruns(), 0);

    world.slack.press_label("UBEN", &card, "Approve").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("needs the approver role"), "{}", world.slack.last_whisper());
    assert_eq!(world.reruns(), 0);

    world.slack.press_label("UADA", &card, "Approve").await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn the_same_record_in_the_console() {
    let world = World::with(needs_one()).await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.slack.command("UCYD", "retry 1").await;
    world.settle().await;
    // The same person at the console is the same person.
    let answer = world.sit("cyd").await.press(&world, 1, "Approve").await;
    assert!(answer.contains("you proposed it"), "{answer}");
    world.sit("ada").await.press(&world, 1, "Approve").await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_double_click_runs_it_once() {
    let world = World::with(needs_one()).await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    let card = world.slack.cards()[0].clone();
    for _ in 0..32 {
        world.slack.press_label("UADA", &card, "Approve").await;
    }
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn an_approval_expires() {
    let world = World::with(needs_one()).await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    let card = world.slack.cards()[0].clone();
    world.clock.advance(61 * 60_000);
    world.settle().await;
    assert_eq!(world.incident(1).await.stage, Stage::Open);
    world.slack.press_label("UADA", &card, "Approve").await;
    world.settle().await;
    assert_eq!(world.reruns(), 0);
    assert!(world.slack.last_whisper().contains("expired"), "{}", world.slack.last_whisper());
    world.end().await;
}

#[tokio::test]
async fn an_approval_dies_when_what_it_would_change_has_changed() {
    let world = World::with(needs_one()).await;
    let run = world.broken_run(NETWORK_LOG, "failure").await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    let card = world.slack.cards()[0].clone();
    // Somebody re-runs it at the forge, and it fails again: attempt 2 is another thing than what was proposed.
    world.forge.rerun(run, |job| job.conclusion == Some("failure")).unwrap();
    let _ = world.forge.take_hooks();
    world.forge.finish(run);
    let _ = world.forge.take_hooks();
    world.slack.press_label("UADA", &card, "Approve").await;
    world.settle().await;
    assert_eq!(world.reruns(), 0, "it needs approval again");
    let incident = world.incident(1).await;
    assert_eq!(incident.stage, Stage::AwaitingApproval);
    assert_eq!(incident.proposals[0].valid_approvals(), 0);
    // The old card's button is stale now.
    world.slack.press("UADA", &card, &card.button("Approve").unwrap()).await;
    world.settle().await;
    assert!(
        world.slack.last_whisper().contains("the change is different from the one on that card"),
        "{}",
        world.slack.last_whisper()
    );
    let fresh = world.slack.cards()[0].clone();
    world.slack.press_label("UADA", &fresh, "Approve").await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn reject_and_cancel() {
    for (who, words, state) in
        [("UADA", "reject 1-1 the fix is on its way", "rejected"), ("UBEN", "cancel 1-1", "cancelled")]
    {
        let world = World::with(needs_one()).await;
        world.broken_run(NETWORK_LOG, "success").await;
        world.slack.command("UBEN", "retry 1").await;
        world.settle().await;
        world.slack.command(who, words).await;
        world.settle().await;
        let incident = world.incident(1).await;
        assert_eq!(incident.proposals[0].state.as_str(), state, "{}", world.slack.last_whisper());
        assert_eq!(incident.stage, Stage::Open);
        assert_eq!(world.reruns(), 0);
        world.end().await;
    }
}

#[tokio::test]
async fn the_journal_names_who_did_what() {
    let world = World::with(needs_one()).await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    world.slack.command("UADA", "approve 1").await;
    world.settle().await;
    let page = world.sit("ben").await.page("/incidents/1").await;
    let journal = page.split("id=\"journal\"").nth(1).unwrap();
    for words in ["<b>ben</b> <strong>1-1</strong> needs 1 approval", "> ada approved <strong>1-1</strong>", "is done"]
    {
        assert!(journal.contains(words), "{words}: {journal}");
    }
    world.end().await;
}
