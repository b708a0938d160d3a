//! Specialists hand over once, what came of it counts for the next failure, and an agent tries by itself where it may.

use super::agents::{Lab, mend, program};
use super::code::opened;
use super::escalation::{TELLS, issues};
use crate::world::{LINT_LOG, REPO, World, spec};
use ci_rescue::domain::escalation::Trigger;
use ci_rescue::domain::{ProposalState, Stage};

const FRONTEND_LOG: &str = "##[group]Run npm test\nTest Suites: 1 failed, 1 total\n● cart › total\n    expect(received).toBe(expected)\n##[error]Process completed with exit code 1.\n";

/// Rex does the one, another specialist the other.
async fn two(rex: &str, name: &str, other: &str, more: &str) -> (Lab, tempfile::TempDir) {
    let second = tempfile::tempdir().unwrap();
    let more = format!("{more}\n[[agents]]\nname = \"{name}\"\n{}\n", program(second.path(), other));
    (Lab::with(rex, "", &more).await, second)
}

async fn who(lab: &Lab) -> Vec<String> {
    let incident = lab.world.incident(1).await;
    let own = incident.proposals.into_iter().find(|proposal| proposal.remedy == "agent").unwrap();
    own.attempts.into_iter().map(|attempt| attempt.specialist).collect()
}

#[tokio::test]
async fn who_gives_up_hands_over_and_both_are_remembered() {
    let mended = format!("{}echo cost_usd=0.10", mend());
    let (lab, second) = two("echo 'ESCALATE: this is no Rust'", "Atlas", &mended, "").await;
    lab.ask().await;
    assert_eq!(
        (lab.ends().await, who(&lab).await),
        (vec!["escalated", "proposed"], vec!["Rex".into(), "Atlas".into()])
    );
    let prompt = std::fs::read_to_string(second.path().join("prompt-1")).unwrap();
    assert!(prompt.contains("Attempt 1 ended without a change, by Rex: `this is no Rust`."), "{prompt}");
    lab.ci("success").await;
    assert_eq!(lab.proposal().await.state, ProposalState::Done);
    assert!(
        opened(&lab.world)[0].body.contains("Atlas's fix for main, after 2 attempts"),
        "{}",
        opened(&lab.world)[0].body
    );
    let eve = lab.world.sit("eve").await;
    let answer = eve.say(&lab.world, "routing").await;
    assert!(answer.contains("Atlas in acme/shop, shop-ci: 1 fixed, 0 failed"), "{answer}");
    assert!(answer.contains("Rex in acme/shop, shop-ci: 0 fixed, 1 failed"), "{answer}");
    // Only an admin forgets it.
    assert!(eve.say(&lab.world, "routing reset").await.contains("admin"));
    let ada = lab.world.sit("ada").await;
    assert!(ada.say(&lab.world, "routing reset").await.contains("1 workflow is forgotten"));
    assert!(ada.say(&lab.world, "routing reset").await.contains("Nothing had been counted"));
    assert!(eve.say(&lab.world, "routing").await.contains("follows its rules alone"));
    assert!(eve.say(&lab.world, "routing backwards").await.contains("Use routing or routing reset"));
    lab.world.end().await;
}

#[tokio::test]
async fn a_plan_says_who_takes_over() {
    let (lab, _second) = two("exit 1", "Atlas", "exit 1", "").await;
    let answer = lab.world.sit("ada").await.say(&lab.world, "agent 1 --dry-run").await;
    assert!(answer.contains("Atlas takes over once if Rex cannot fix it"), "{answer}");
    lab.world.end().await;
}

#[tokio::test]
async fn who_fails_three_times_hands_over_and_then_people_are_told() {
    let (lab, _second) = two("exit 3", "Atlas", "exit 4", &format!("[policy]\n{TELLS}")).await;
    lab.ask().await;
    assert_eq!(who(&lab).await, ["Rex", "Rex", "Rex", "Atlas", "Atlas"]);
    lab.world.settle().await;
    let incident = lab.world.incident(1).await;
    let triggers: Vec<Trigger> = incident.escalations.iter().map(|one| one.trigger).collect();
    assert_eq!((triggers, incident.stage), (vec![Trigger::Agents], Stage::Escalated));
    let issue = issues(&lab.world)[0].clone();
    let labels = lab.world.forge.lock().repos[REPO].labels[&issue.number].clone();
    assert!(labels.contains(&"ci-fix-loop".to_owned()), "{labels:?}");
    assert!(issue.body.contains("none of 5 attempts passed"), "{}", issue.body);
    lab.world.end().await;
}

#[tokio::test]
async fn what_ci_finds_on_the_branch_goes_to_whoever_looks_after_it() {
    let (lab, second) = two("echo '// later' >> src/lib.rs", "Blaze", "echo \"// $N\" >> src/lib.rs", "").await;
    lab.ask().await;
    lab.ci_with(FRONTEND_LOG, "failure").await;
    assert_eq!(who(&lab).await, ["Rex", "Blaze"]);
    let prompt = std::fs::read_to_string(second.path().join("prompt-1")).unwrap();
    assert!(prompt.contains("Test Suites: 1 failed") && prompt.contains("package.json"), "{prompt}");
    lab.ci("failure").await;
    // Not back again.
    assert_eq!(who(&lab).await, ["Rex", "Blaze", "Blaze"]);
    lab.world.end().await;
}

/// By itself: `more` is policy. Answers how many attempts were made.
async fn alone(branch: &str, more: &str) -> (Lab, usize) {
    let seen = tempfile::tempdir().unwrap();
    let agent = program(seen.path(), &format!("{}echo cost_usd=0.10", mend()));
    let config = format!("[policy]\nmode = \"act\"\n{more}\n[[agents]]\nname = \"Rex\"\n{agent}");
    let mut run = spec(LINT_LOG, "failure");
    run.branch = branch.into();
    let lab = Lab::on(seen, config, run).await;
    let count = lab.told("count").trim().parse().unwrap_or(0);
    (lab, count)
}

const GRANT: &str = "automatic = [\"agent\"]\n[policy.approvals]\nagent = 0\n";

#[tokio::test]
async fn an_agent_tries_by_itself_where_the_operator_grants_it() {
    let (lab, count) = alone("topic", GRANT).await;
    assert_eq!((count, lab.ends().await), (1, vec!["proposed"]), "{:?}", lab.world.incident(1).await.proposals);
    lab.ci("success").await;
    let proposal = lab.proposal().await;
    assert_eq!((&proposal.state, proposal.by.name.raw()), (&ProposalState::Done, "CI Rescue"));
    let pull = opened(&lab.world)[0].clone();
    assert_eq!((pull.base.as_str(), pull.open), ("topic", true), "people merge it");
    let view = ci_rescue::ports::Ask::budget(&*lab.world.app.engine.clone()).await;
    assert_eq!(view.remaining, 9, "one act");
    lab.world.end().await;
}

#[tokio::test]
async fn no_agent_tries_by_itself_elsewhere() {
    for (branch, policy, why) in [
        ("main", GRANT, "the default branch"),
        ("topic", "automatic = []\n[policy.approvals]\nagent = 0\n", "no grant"),
        ("topic", "automatic = [\"agent\"]\n", "an approval is asked for"),
        ("ci-rescue/fix/9-9", GRANT, "its own branch"),
    ] {
        let (lab, count) = alone(branch, policy).await;
        assert_eq!(count, 0, "{why}");
        lab.world.end().await;
    }
}

fn protect(world: &World) {
    world.forge.lock().repos.get_mut(REPO).unwrap().protected.push("release-1".into());
}

#[tokio::test]
async fn no_agent_tries_by_itself_on_a_protected_branch() {
    let seen = tempfile::tempdir().unwrap();
    let agent = program(seen.path(), &mend());
    let config = format!("[policy]\nmode = \"act\"\n{GRANT}\n[[agents]]\nname = \"Rex\"\n{agent}");
    let mut run = spec(LINT_LOG, "failure");
    run.branch = "release-1".into();
    let lab = Lab::prepared(seen, config, run, protect).await;
    assert_eq!(lab.told("count"), "");
    let told = lab.world.sit("ada").await.say(&lab.world, "why 1").await;
    assert!(!lab.world.incident(1).await.proposals.iter().any(|p| p.remedy == "agent"), "{told}");
    lab.world.end().await;
}
