//! Repositories that are renamed, branches and pull requests that end and come back, merge queues, and runs that GitHub
//! re-runs otherwise than asked.

use super::events::{job_event, run_event, run_started, with};
use crate::world::{CHANNEL, LINT_LOG, NETWORK_LOG, REPO, Setup, World, job, spec};
use ci_rescue::demo::{Fault, Pull};
use ci_rescue::domain::Stage;
use ci_rescue::ports::{Query, Store};
use serde_json::json;
use std::sync::Arc;

const NEW: &str = "umbrella/store";

async fn send(world: &World, (kind, body): (String, String)) {
    assert!(world.hook(&kind, &world.id(), &body).await.is_success());
    world.settle().await;
}

async fn slack(world: &World, user: &str, text: &str) -> String {
    world.slack.command(user, text).await;
    world.settle().await;
    world.slack.last_whisper()
}

#[tokio::test]
async fn a_renamed_repository_stays_itself() {
    for told in [true, false] {
        let world = World::new().await;
        world.broken_run(NETWORK_LOG, "success").await;
        assert!(slack(&world, "UADA", "subscribe acme/shop branch=main").await.contains("acme/shop"));
        world.forge.rename(REPO, NEW, told);
        world.deliver().await;
        if told {
            assert_eq!(world.incident(1).await.repo.as_str(), NEW);
            assert_eq!(world.store.settings("feed:").await.unwrap()[0].1["filter"]["repo"], NEW);
        }
        // By the old name and the new, in any case; the retry works, told or not.
        for name in ["acme/shop", "ACME/Shop"] {
            assert!(slack(&world, "UADA", &format!("list {name}")).await.contains("#1"), "{told} {name}");
        }
        let said = slack(&world, "UADA", "retry 1").await;
        let attempts: Vec<u32> = world.forge.lock().runs.values().map(|run| run.attempt).collect();
        assert_eq!(attempts, [2], "{told}: {said}");
        for id in world.forge.going() {
            world.forge.finish(id);
        }
        world.deliver().await;
        assert_eq!(world.incident(1).await.repo.as_str(), NEW, "any event tells the new name");
        assert_eq!(world.incident(1).await.stage, Stage::Resolved);
        assert!(slack(&world, "UADA", &format!("list {NEW} resolved")).await.contains("#1"));
        // The configured feed, by the old name, goes on.
        let mut again = spec(LINT_LOG, "success");
        (again.repo, again.sha) = (NEW.into(), "d".repeat(40));
        let id = world.forge.start(again);
        world.forge.finish(id);
        world.deliver().await;
        let cards = world.slack.cards().iter().filter(|card| card.channel == CHANNEL).count();
        assert_eq!(cards, 2, "{told}");
        world.end().await;
    }
}

#[tokio::test]
async fn whoever_takes_an_old_name_over_is_another_repository() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.forge.rename(REPO, NEW, true);
    world.deliver().await;
    world.forge.lock().renamed.clear();
    world.forge.add_repo(REPO);
    let mut other = spec(LINT_LOG, "success");
    other.sha = "e".repeat(40);
    let id = world.forge.start(other);
    world.forge.finish(id);
    world.deliver().await;
    assert_eq!(world.incident(1).await.repo.as_str(), NEW);
    assert_eq!(world.incident(2).await.repo.as_str(), REPO);
    assert!(
        !slack(&world, "UADA", "list acme/shop").await.contains("#1 "),
        "the old one is not found by its lost name"
    );
    world.end().await;
}

#[tokio::test]
async fn what_was_renamed_is_remembered_across_a_restart() {
    let store: Arc<dyn Store> = Arc::new(ci_rescue::store::Ledger::open(ci_rescue::store::Memory::default()).unwrap());
    let first = World::on(Setup::default(), store.clone()).await;
    first.broken_run(NETWORK_LOG, "success").await;
    first.forge.rename(REPO, NEW, true);
    first.deliver().await;
    first.end().await;
    let second = World::on(Setup::default(), store).await;
    assert!(slack(&second, "UADA", "list acme/shop").await.contains("#1"));
    second.end().await;
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    let mut away = Fault { method: "GET".into(), path: String::new(), status: 301, headers: Vec::new(), after: false };
    away.headers = vec![("location".into(), "http://127.0.0.2:1/repos/acme/shop".into())];
    away.path = "/actions/runs/1001".into();
    let before = world.forge.lock().calls.len();
    world.forge.lock().faults.push(away);
    let said = slack(&world, "UADA", "retry 1 all").await;
    assert!(world.forge.lock().calls.len() > before);
    assert!(said.contains("Cannot") || world.reruns() <= 1, "{said}");
    world.end().await;
}

#[tokio::test]
async fn a_deleted_branch_closes_what_failed_on_it() {
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    for branch in ["topic", "topic-2"] {
        let mut run = spec(LINT_LOG, "success");
        (run.branch, run.sha) = (branch.into(), format!("{:0<40}", branch.len()));
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        world.clock.advance(120_000);
    }
    world.forge.delete_branch(REPO, "topic", "ben");
    world.deliver().await;
    let first = world.incidents().await.into_iter().find(|one| one.branch.raw() == "topic").unwrap();
    assert!(first.gone && first.stage == Stage::Resolved, "{:?}", first.stage);
    assert!(world.incidents().await.iter().any(|one| one.branch.raw() != "topic" || one.no != first.no));
    let notes = world.store.journal(first.no, 0, 100).await.unwrap();
    assert!(format!("{notes:?}").contains("BranchGone"));
    world.end().await;
}

#[tokio::test]
async fn a_pull_request_that_is_reopened_brings_back_what_is_still_red() {
    for green in [false, true] {
        let world = World::with(Setup { slack: false, ..Setup::default() }).await;
        let mut pull = Pull::merged(9, "Count", None);
        (pull.head, pull.open) = ("topic".into(), true);
        world.forge.lock().repos.get_mut(REPO).unwrap().pulls.push(pull);
        let mut run = spec(LINT_LOG, "success");
        (run.branch, run.pull) = ("topic".into(), Some(9));
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        world.forge.end_pull(REPO, 9, "ben", None);
        world.deliver().await;
        assert!(world.incident(1).await.gone);
        if green {
            world.forge.rerun(id, |_| true).unwrap();
            world.forge.finish(id);
            world.deliver().await;
        }
        world.forge.reopen_pull(REPO, 9, "ben");
        world.deliver().await;
        assert_eq!(world.incident(1).await.stage == Stage::Resolved, green);
        world.end().await;
    }
}

#[tokio::test]
async fn what_a_newer_push_cancelled_has_not_failed() {
    for (pushed, incidents) in [(true, 0), (false, 1)] {
        let world = World::with(Setup { slack: false, ..Setup::default() }).await;
        let mut run = spec(NETWORK_LOG, "success");
        run.jobs = vec![job("test", NETWORK_LOG, &["cancelled"]), job("lint", LINT_LOG, &["cancelled"])];
        let id = world.forge.start(run);
        world.deliver().await;
        if pushed {
            world.forge.lock().repos.get_mut(REPO).unwrap().branches.insert("main".into(), "b".repeat(40));
        }
        world.forge.finish(id);
        world.deliver().await;
        assert_eq!(world.incidents().await.len(), incidents, "pushed: {pushed}");
        world.end().await;
    }
}

fn entry(action: &str, reason: Option<&str>, sha: &str) -> (String, String) {
    with(
        "merge_group",
        json!({"action": action, "reason": reason, "merge_group": {"head_sha": sha,
            "head_ref": format!("refs/heads/gh-readonly-queue/main/pr-104-{}", &sha[..7])}}),
    )
}

#[tokio::test]
async fn a_merge_queues_run_is_told_to_the_default_branchs_feed_and_ends_with_its_entry() {
    let sha = "4".repeat(40);
    for (what, end, open) in [
        ("merged", entry("destroyed", Some("merged"), &sha), false),
        ("rebuilt", entry("destroyed", Some("invalidated"), &sha), false),
        ("in the queue again", entry("checks_requested", None, &"5".repeat(40)), false),
        ("thrown out", entry("destroyed", Some("dequeued"), &sha), true),
    ] {
        let feed = "[[subscriptions]]\nplatform = \"slack\"\nchannel = \"C0MAIN\"\nrepo = \"acme/shop\"\n";
        let world = World::with(Setup { config: feed.into(), ..Setup::default() }).await;
        let mut run = spec(LINT_LOG, "success");
        (run.branch, run.sha) = (format!("gh-readonly-queue/main/pr-104-{}", &sha[..7]), sha.clone());
        let id = world.forge.start(run.clone());
        world.forge.finish(id);
        world.deliver().await;
        let incident = world.incident(1).await;
        assert_eq!(incident.pulls, [104]);
        assert!(!incident.on_default_branch());
        assert!(world.slack.cards().iter().any(|card| card.channel == "C0MAIN"), "{what}");
        send(&world, end).await;
        // GitHub deletes the entry's branch in any case: that says nothing more.
        world.forge.delete_branch(REPO, &run.branch, "github");
        world.deliver().await;
        assert_eq!(world.incident(1).await.stage != Stage::Resolved, open, "{what}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_workflow_that_did_not_start_is_re_run_as_a_whole() {
    let world = World::new().await;
    let mut run = spec(NETWORK_LOG, "success");
    run.jobs = Vec::new();
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.lock().runs.get_mut(&id).unwrap().conclusion = Some("startup_failure");
    world.forge.lock().tell_run(id, "completed");
    world.deliver().await;
    let card = world.slack.cards()[0].words();
    assert!(card.contains("startup failure"), "{card}");
    slack(&world, "UADA", "retry 1").await;
    assert_eq!(world.forge.count("POST", &format!("/runs/{id}/rerun")), 1);
    world.end().await;
}

#[tokio::test]
async fn a_job_that_github_does_not_re_run_alone_is_re_run_with_the_failed_ones() {
    let world = World::new().await;
    let id = world.broken_run(NETWORK_LOG, "success").await;
    let job = world.incident(1).await.jobs[0].id.expect("an id");
    let refused = Fault {
        method: "POST".into(),
        path: format!("/jobs/{job}/rerun"),
        status: 403,
        headers: Vec::new(),
        after: false,
    };
    world.forge.lock().faults.push(refused);
    slack(&world, "UADA", "retry 1").await;
    assert_eq!(world.forge.count("POST", &format!("/runs/{id}/rerun-failed-jobs")), 1);
    let thread: String = world.slack.thread(&world.slack.cards()[0].ts).iter().map(|note| note.text.clone()).collect();
    assert!(thread.contains("does not re-run this job alone"), "{thread}");
    world.end().await;
}

/// Patterns and names in any case.
#[tokio::test]
async fn names_are_compared_without_case_in_the_configuration() {
    let github = "repositories = [\"Acme/*\"]\n";
    let world = World::with(Setup { slack: false, github: github.into(), ..Setup::default() }).await;
    send(&world, run_started(3)).await;
    send(&world, job_event("completed", json!("failure"), 3, 1, "test")).await;
    send(&world, run_event(json!("failure"), 3, 1, false)).await;
    let query = Query { repo: Some("ACME/SHOP".into()), limit: 10, ..Query::default() };
    assert_eq!(world.store.incidents(&query).await.unwrap().len(), 1);
    world.end().await;
}
