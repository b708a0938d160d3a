//! What is heard beside failures: ends of pull requests, reviews, merge queues, installations, owners, time.

use super::code::{agreed, broken, broken_with};
use super::events::run_event;
use crate::world::{NETWORK_LOG, REPO, Setup, World, spec};
use ci_rescue::demo::Delivered;
use ci_rescue::domain::Stage;
use ci_rescue::ports::Ci;
use serde_json::{Value, json};

const PYTEST: &str = "##[group]Run pytest\nFAILED tests/test_cart.py::test_total - AssertionError: assert 3 == 4\n=== 1 failed in 0.31s ===\n##[error]Process completed with exit code 1.\n";
const HOUR: i64 = 3_600_000;

async fn hear(world: &World, kind: &str, mut body: Value) {
    if !kind.starts_with("installation") {
        body["repository"] = json!({"full_name": REPO, "default_branch": "main"});
    }
    body["sender"] = json!({"login": "ben", "type": "User"});
    assert!(world.hook(kind, &world.id(), &body.to_string()).await.is_success());
    world.settle().await;
}

async fn breaks(world: &World, log: &str, branch: &str, pull: Option<u64>) -> u64 {
    let mut run = spec(log, "failure");
    run.branch = branch.into();
    run.pull = pull;
    if pull.is_some() {
        run.sha = "c".repeat(40);
    }
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    id
}

async fn ended(world: &World, number: u64, merged: bool) {
    let pull = json!({"number": number, "merged": merged, "head": {"ref": "topic", "sha": "c".repeat(40)}});
    hear(world, "pull_request", json!({"action": "closed", "pull_request": pull})).await;
}

#[tokio::test]
async fn the_end_of_a_pull_request_closes_what_failed_on_it_alone() {
    for merged in [false, true] {
        let world = World::new().await;
        breaks(&world, NETWORK_LOG, "main", None).await;
        let run = breaks(&world, NETWORK_LOG, "topic", Some(9)).await;
        assert_eq!(world.incident(2).await.base.as_ref().map(|base| base.incident.0), Some(1));
        ended(&world, 8, merged).await;
        assert_eq!(world.incident(2).await.stage, Stage::Open, "another pull request");
        ended(&world, 9, merged).await;
        let incident = world.incident(2).await;
        assert_eq!((incident.stage, incident.gone), (Stage::Resolved, true));
        assert_eq!(world.incident(1).await.stage, Stage::Open, "the base's own failure stands");
        let card = world.slack.cards().into_iter().find(|card| card.words().contains("#2")).unwrap();
        assert!(card.words().contains("Closed with its pull request"), "{}", card.words());
        let thread: String = world.slack.thread(&card.ts).iter().map(|m| m.text.clone()).collect();
        let how = if merged { "PR 9 was merged" } else { "PR 9 was closed without merging" };
        assert!(thread.contains(how), "{thread}");
        // It fails again, on the reopened pull request.
        world.forge.rerun(run, |_| true).unwrap();
        world.forge.finish(run);
        world.deliver().await;
        let incident = world.incident(2).await;
        assert_eq!((incident.stage, incident.gone), (Stage::Open, false));
        world.end().await;
    }
}

#[tokio::test]
async fn a_merge_queue_that_throws_an_entry_out_is_told() {
    let world = World::new().await;
    let branch = "gh-readonly-queue/main/pr-104-0a1b2c";
    breaks(&world, NETWORK_LOG, branch, None).await;
    let sha = spec("", "").sha;
    let entry = json!({"head_sha": sha, "head_ref": format!("refs/heads/{branch}"), "base_ref": "refs/heads/main"});
    // That the entry is there says nothing of it.
    hear(&world, "merge_group", json!({"action": "checks_requested", "merge_group": entry})).await;
    assert_eq!(world.incident(1).await.pulls, [104]);
    hear(&world, "merge_group", json!({"action": "destroyed", "reason": "dequeued", "merge_group": entry})).await;
    assert_eq!(world.incident(1).await.pulls, [104]);
    let thread: String = world.slack.thread(&world.slack.cards()[0].ts).iter().map(|m| m.text.clone()).collect();
    assert!(thread.contains("The merge queue removed PR 104"), "{thread}");
    ended(&world, 104, false).await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    world.end().await;
}

#[tokio::test]
async fn an_approving_review_of_our_own_pull_request_is_recorded() {
    let (world, _repo) = broken().await;
    let ada = world.sit("ada").await;
    agreed(&world, &ada, "revert 1 pr=117").await;
    let made = world.incident(1).await.proposals[0].made[0].number;
    let review = |state: &str, login: &str, kind: &str, repo: &str| {
        json!({"action": "submitted", "review": {"state": state, "user": {"login": login, "type": kind}},
            "pull_request": {"number": made, "head": {"ref": "ci-rescue/revert/1-1", "sha": "d".repeat(40), "repo": {"full_name": repo}}}})
    };
    for other in [
        review("commented", "ben", "User", REPO),
        review("approved", "x[bot]", "Bot", REPO),
        review("approved", "eve", "User", "eve/shop"),
    ] {
        hear(&world, "pull_request_review", other).await;
    }
    let told = async || {
        let thread = world.slack.thread(&world.slack.cards()[0].ts);
        thread.iter().filter(|m| m.text.contains(&format!("approved PR {made}"))).count()
    };
    assert_eq!(told().await, 0);
    hear(&world, "pull_request_review", review("approved", "ben", "User", REPO)).await;
    assert_eq!(told().await, 1);
    world.end().await;
}

#[tokio::test]
async fn wildcards_are_polled_and_installations_keep_them_current() {
    let world = World::filtered("repositories", "[\"acme/*\"]").await;
    world.forge.add_repo("other/shop");
    let missed = async |repo: &str| {
        let mut run = spec(NETWORK_LOG, "success");
        run.repo = repo.into();
        let id = world.forge.start(run);
        world.forge.finish(id);
        let _ = world.forge.take_hooks();
        let found = world.app.engine.reconcile().await.unwrap();
        world.settle().await;
        found
    };
    assert_eq!(missed(REPO).await, 1);
    assert_eq!(missed("other/shop").await, 0, "not one of ours");
    assert_eq!(world.forge.count("GET", "/user/repos"), 1, "listed once");
    world.forge.add_repo("acme/late");
    assert_eq!(missed("acme/late").await, 0);
    hear(&world, "installation_repositories", json!({"action": "added", "installation": {"id": 11}})).await;
    assert_eq!(world.app.engine.reconcile().await.unwrap(), 1);
    world.end().await;
}

#[tokio::test]
async fn an_app_lists_the_repositories_of_all_its_installations() {
    let (sandbox, github, _) = super::github::app().await;
    for n in 0..250 {
        sandbox.add_repo(&format!("acme/r{n}"));
    }
    assert_eq!(github.repositories().await.unwrap().len(), 251);
    assert_eq!(sandbox.count("GET", "/installation/repositories"), 3);
}

#[tokio::test]
async fn lost_deliveries_are_found_on_every_page_and_asked_for_once() {
    let (sandbox, github, clock) = super::github::app().await;
    let now = crate::world::NOON;
    for n in 0..350_u64 {
        // The newest last; the first fifty are older than what is looked for.
        let at = if n < 50 { now - 80 * HOUR } else { now - 60 * HOUR };
        let (lost, guid) = (n % 100 == 30, format!("guid-{n}"));
        let mut state = sandbox.lock();
        let id = state.fresh();
        state.delivered.push(Delivered { id, guid, at, status: if lost { 500 } else { 200 }, hook: None });
    }
    // What arrived at a later attempt is not lost.
    let id = sandbox.lock().fresh();
    sandbox.lock().delivered.push(Delivered { id, guid: "guid-230".into(), at: now - HOUR, status: 200, hook: None });
    let since = ci_rescue::domain::time::Time(now - 72 * HOUR);
    assert_eq!(github.redeliver(since).await.unwrap(), 2, "130 and 330");
    assert_eq!(sandbox.count("POST", "/attempts"), 2);
    clock.advance(60_000);
    assert_eq!(github.redeliver(since).await.unwrap(), 0);
    assert_eq!(sandbox.count("GET", "/app/hook/deliveries"), 5, "four pages, then the newest alone");
}

#[tokio::test]
async fn a_feed_by_owner_gets_the_card_once_owners_are_known() {
    for (owner, cards) in [("@acme/qa", 1), ("ACME/*", 1), ("@acme/python", 0)] {
        let config = format!(
            "[[subscriptions]]\nplatform = \"slack\"\nchannel = \"C0OWNED\"\nrepo = \"{REPO}\"\nowner = \"{owner}\"\n"
        );
        let (world, repo) = broken_with(Setup { config, ..Setup::default() }).await;
        let owned = |world: &World| world.slack.cards().iter().filter(|card| card.channel == "C0OWNED").count();
        assert_eq!(owned(&world), 0, "{owner}: nobody owns a broken network here");
        let mut run = spec(PYTEST, "failure");
        run.workflow = "unit".into();
        run.sha = repo.git(&["rev-parse", "main"]);
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        let owners = world.incidents().await.iter().find_map(|i| i.owners.clone().filter(|all| !all.is_empty()));
        assert_eq!(owners, Some(vec!["@acme/qa".into(), "ben@example.org".into()]));
        assert_eq!(owned(&world), cards, "{owner}");
        let no = world.incidents().await.iter().find(|i| i.owners.iter().flatten().count() > 0).unwrap().no.0;
        let ben = world.sit("ben").await;
        for path in ["/", "/history"] {
            let page = ben.page(&format!("{path}?owner={}", owner.replace('@', "%40"))).await;
            let shown = page.contains(&format!("id=\"incident-{no}\""));
            assert_eq!(shown, path == "/" && cards == 1, "{path} {owner}: {page}");
        }
        world.end().await;
    }
}

#[tokio::test]
async fn a_critical_workflow_that_stays_broken_is_escalated_once() {
    for (workflow, escalates) in [("\"shop-*\"", true), ("\"Shop CI\"", true), ("\"deploy\"", false)] {
        let config = format!("[policy]\ncritical_workflows = [{workflow}]\n");
        let world = World::with(Setup { config, ..Setup::default() }).await;
        breaks(&world, NETWORK_LOG, "main", None).await;
        world.clock.advance(4 * HOUR - 60_000);
        world.settle().await;
        assert_eq!(world.incident(1).await.stage, Stage::Open);
        world.clock.advance(2 * 60_000);
        world.settle().await;
        let stage = if escalates { Stage::Escalated } else { Stage::Open };
        assert_eq!(world.incident(1).await.stage, stage, "{workflow}");
        world.clock.advance(9 * HOUR);
        world.settle().await;
        let told = world.slack.thread(&world.slack.cards()[0].ts);
        let told = told.iter().filter(|m| m.text.contains("critical workflow")).count();
        assert_eq!(told, usize::from(escalates), "{workflow}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_critical_workflow_that_is_green_in_time_is_not_escalated() {
    let config = "[policy]\ncritical_workflows = [\"ci\"]\n".to_owned();
    let world = World::with(Setup { config, slack: false, ..Setup::default() }).await;
    for (conclusion, run) in [("failure", 1), ("success", 2)] {
        let (kind, body) = run_event(json!(conclusion), run, 1, false);
        assert!(world.hook(&kind, &world.id(), &body).await.is_success());
        world.settle().await;
    }
    world.clock.advance(5 * HOUR);
    world.settle().await;
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, incident.escalated_at), (Stage::Resolved, None));
    world.end().await;
}
