//! Several proposals of one incident: which wait side by side, and which exclude each other.

use super::suspects::since_green;
use crate::plan::repo::Repo;
use crate::world::World;
use ci_rescue::domain::{ProposalState as S, Stage};

const MINUTE_MS: i64 = 60_000;

fn lines(first: &str, last: &str) -> String {
    format!("{first}\nb\nc\nd\ne\nf\ng\nh\n{last}\n")
}

/// Incident 1 on a branch with four commits: two of them change the two ends of one file.
async fn with_commits() -> (World, Repo, Vec<String>) {
    let (start, middle, end) = (lines("a", "i"), lines("A", "i"), lines("A", "I"));
    let (world, repo) = since_green(&[
        ("Start", "ends.txt", &start),
        ("Change the start", "ends.txt", &middle),
        ("Change the end", "ends.txt", &end),
        ("Add notes", "notes.txt", "n\n"),
    ])
    .await;
    let shas = ["HEAD~2", "HEAD~1", "HEAD"].iter().map(|name| repo.git(&["rev-parse", name])).collect();
    (world, repo, shas)
}

async fn states(world: &World) -> Vec<S> {
    world.incident(1).await.proposals.iter().map(|proposal| proposal.state.clone()).collect()
}

#[tokio::test]
async fn two_wait_side_by_side_and_a_bare_number_works_while_one_is_open() {
    let (world, _repo, shas) = with_commits().await;
    let (ada, cyd) = (world.sit("ada").await, world.sit("cyd").await);
    ada.say(&world, &format!("revert 1 commit={}", shas[0])).await;
    ada.say(&world, &format!("revert 1 commit={}", shas[2])).await;
    assert_eq!(states(&world).await, vec![S::Awaiting, S::Awaiting]);
    let answer = cyd.say(&world, "approve 1").await;
    assert!(answer.contains("several are open; choose one of 1-1, 1-2"), "{answer}");
    cyd.say(&world, "approve 1-2").await;
    assert_eq!(states(&world).await, vec![S::Awaiting, S::Done]);
    assert_eq!(world.incident(1).await.stage, Stage::AwaitingApproval);
    cyd.say(&world, "approve 1").await;
    assert_eq!(states(&world).await, vec![S::Done, S::Done]);
    world.end().await;
}

#[tokio::test]
async fn the_same_target_and_the_same_file_exclude_each_other() {
    let (world, _repo, shas) = with_commits().await;
    let (ada, cyd) = (world.sit("ada").await, world.sit("cyd").await);
    ada.say(&world, &format!("revert 1 commit={}", shas[0])).await;
    let again = ada.say(&world, &format!("revert 1 commit={}", shas[0])).await;
    assert!(again.contains("1-1 already does that and is awaiting approval"), "{again}");
    let other = ada.say(&world, &format!("revert 1 commit={}", shas[1])).await;
    assert!(other.contains("1-1 also changes ends.txt and is awaiting approval"), "{other}");
    assert!(matches!(&states(&world).await[..], [S::Awaiting, S::Refused { .. }]), "{:?}", states(&world).await);
    // Once that is decided, nothing stands against it.
    cyd.say(&world, "reject 1").await;
    ada.say(&world, &format!("revert 1 commit={}", shas[1])).await;
    assert_eq!(states(&world).await.last(), Some(&S::Awaiting));
    world.end().await;
}

#[tokio::test]
async fn each_expires_in_its_own_time() {
    let (world, _repo, shas) = with_commits().await;
    let ada = world.sit("ada").await;
    ada.say(&world, &format!("revert 1 commit={}", shas[0])).await;
    world.clock.advance(30 * MINUTE_MS);
    ada.say(&world, &format!("revert 1 commit={}", shas[2])).await;
    world.clock.advance(31 * MINUTE_MS);
    world.settle().await;
    assert_eq!(states(&world).await, vec![S::Expired, S::Awaiting]);
    world.clock.advance(30 * MINUTE_MS);
    world.settle().await;
    assert_eq!(states(&world).await, vec![S::Expired, S::Expired]);
    world.end().await;
}
