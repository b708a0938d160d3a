//! Forks are not our branches: what is told without a branch of ours touches no incident of a branch, in whatever order.

use super::events::{job_event, run_event, with};
use crate::world::{NETWORK_LOG, REPO, Setup, World, spec};
use ci_rescue::domain::Stage;
use ci_rescue::domain::incident::Incident;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// A commit that our `main` and a fork's `main` share: the hardest case.
const SHA: &str = "1a2b3c4d5e6f70819293a4b5c6d7e8f901234567";

type Hook = (String, String);

fn run(conclusion: &str, id: u64, branch: Value, head_repository: Value) -> Hook {
    with(
        "workflow_run",
        json!({"action": "completed", "workflow_run": {"id": id, "name": "ci", "run_attempt": 1, "head_branch": branch,
        "head_sha": SHA, "status": "completed", "conclusion": conclusion, "head_repository": head_repository,
        "pull_requests": []}}),
    )
}

fn check(conclusion: &str) -> Hook {
    with(
        "check_run",
        json!({"action": "completed", "check_run": {"id": 5, "name": "test", "head_sha": SHA, "conclusion": conclusion,
        "status": "completed", "details_url": "https://ci.example/1", "app": {"name": "ci"},
        "check_suite": {"head_branch": null}, "pull_requests": []}}),
    )
}

fn suite(conclusion: &str) -> Hook {
    with(
        "check_suite",
        json!({"action": "completed", "check_suite": {"head_branch": null, "head_sha": SHA, "conclusion": conclusion,
        "app": {"name": "ci"}, "pull_requests": []}}),
    )
}

fn status(state: &str) -> Hook {
    with("status", json!({"sha": SHA, "state": state, "context": "ci", "branches": [], "target_url": null}))
}

/// Everything that a stranger's fork makes GitHub tell, red and green.
fn strange() -> Vec<(&'static str, Hook, Hook)> {
    let own = json!({"full_name": REPO});
    let fork = json!({"full_name": "stranger/shop"});
    let nobody = || run("failure", 51, json!("main"), Value::Null);
    vec![
        ("check run", check("failure"), check("success")),
        ("check suite", suite("failure"), suite("success")),
        ("status", status("failure"), status("success")),
        ("run of a fork", run("failure", 50, json!("main"), fork.clone()), run("success", 60, json!("main"), fork)),
        ("run of a fork that is gone", nobody(), run("success", 61, json!("main"), Value::Null)),
        ("run without a branch", run("failure", 52, Value::Null, own.clone()), run("success", 62, Value::Null, own)),
        (
            "a pull request from a fork's main",
            with(
                "pull_request",
                json!({"action": "synchronize", "number": 9, "pull_request": {"number": 9,
                "head": {"ref": "main", "sha": "f".repeat(40), "repo": {"full_name": "stranger/shop"}}}}),
            ),
            with(
                "pull_request",
                json!({"action": "closed", "number": 9, "pull_request": {"number": 9, "merged": false,
                "head": {"ref": "main", "sha": SHA, "repo": {"full_name": "stranger/shop"}}}}),
            ),
        ),
    ]
}

async fn send(world: &World, (kind, body): Hook) {
    assert!(world.hook(&kind, &world.id(), &body).await.is_success());
    world.settle().await;
}

/// What people see of the incident of `main`, without its version and times.
fn seen(incident: &Incident) -> (Stage, u64, Vec<String>, bool, bool) {
    let runs = incident.runs.iter().map(|run| format!("{:?} {} {:?}", run.run, run.branch.raw(), run.conclusion));
    (incident.stage, incident.failures, runs.collect(), incident.fork, incident.on_default_branch())
}

async fn red_main() -> World {
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    send(&world, run("failure", 40, json!("main"), json!({"full_name": REPO}))).await;
    assert!(world.incident(1).await.on_default_branch());
    world
}

#[tokio::test]
async fn a_stranger_neither_worsens_nor_closes_what_failed_on_main() {
    for (what, red, green) in strange() {
        let world = red_main().await;
        let before = seen(&world.incident(1).await);
        send(&world, red).await;
        assert_eq!(seen(&world.incident(1).await), before, "{what}, red");
        send(&world, green).await;
        assert_eq!(seen(&world.incident(1).await), before, "{what}, green");
        for other in world.incidents().await.iter().filter(|other| other.no.0 != 1) {
            assert!(!other.on_default_branch() && other.severity.as_str() != "blocker", "{what}: {:?}", other.branch);
        }
        // What is ours still closes it.
        send(&world, run("success", 70, json!("main"), json!({"full_name": REPO}))).await;
        assert_eq!(world.incident(1).await.stage, Stage::Resolved, "{what}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_stranger_opens_no_incident_of_main() {
    for (what, red, green) in strange() {
        let world = World::with(Setup { slack: false, ..Setup::default() }).await;
        send(&world, red).await;
        assert!(world.incidents().await.iter().all(|one| !one.on_default_branch()), "{what}");
        // Its own green closes its own.
        send(&world, green).await;
        let open = world.incidents().await.iter().filter(|one| one.stage != Stage::Resolved).count();
        assert!(open == 0 || what == "run without a branch", "{what}: {open} open");
        world.end().await;
    }
}

#[tokio::test]
async fn no_order_of_such_events_touches_main() {
    let all: Vec<Hook> = strange().into_iter().flat_map(|(_, red, green)| [red, green]).collect();
    let mut runner = TestRunner::deterministic();
    let order = proptest::strategy::Just(all).prop_shuffle();
    for _ in 0..6 {
        let hooks = order.new_tree(&mut runner).expect("an order").current();
        let world = red_main().await;
        let before = seen(&world.incident(1).await);
        for hook in hooks {
            send(&world, hook).await;
        }
        assert_eq!(seen(&world.incident(1).await), before);
        world.end().await;
    }
}

/// GitHub tells a job's branch and not whose it is; the run knows.
#[tokio::test]
async fn a_job_of_a_fork_is_placed_before_it_counts_and_finds_its_pull_request() {
    let world = World::new().await;
    let sha = "c".repeat(40);
    {
        let mut forge = world.forge.lock();
        let repo = forge.repos.get_mut(REPO).expect("the repository");
        let mut pull = ci_rescue::demo::Pull::merged(12, "Count faster", None);
        (pull.head, pull.open) = ("octo:main".into(), true);
        repo.pulls.push(pull);
    }
    let ours = world.broken_run(NETWORK_LOG, "failure").await;
    let before = world.incident(1).await;
    assert!(before.on_default_branch(), "run {ours} is main's own");
    let mut stranger = spec(NETWORK_LOG, "failure");
    (stranger.branch, stranger.sha, stranger.sender) = ("octo:main".into(), sha, "octo".into());
    let id = world.forge.start(stranger);
    world.forge.finish(id);
    world.deliver().await;
    let incidents = world.incidents().await;
    let theirs = incidents.iter().find(|one| one.no.0 == 2).expect("an incident of the pull request");
    assert_eq!((theirs.branch.raw(), theirs.fork, theirs.pulls.as_slice()), ("octo:main", true, &[12_u64][..]));
    assert_eq!(world.incident(1).await.failures, before.failures);
    let cards: Vec<String> = world.slack.cards().iter().map(crate::world::slack::Message::words).collect();
    let card = cards.iter().find(|card| card.contains("octo:main")).expect("a card in the feed of all branches");
    assert!(card.contains("from a fork"), "{card}");
    world.end().await;
}

/// The run's event may come after its jobs': then the record is put right.
#[tokio::test]
async fn a_run_that_turns_out_to_be_a_forks_is_corrected() {
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    send(&world, job_event("completed", json!("failure"), 8, 1, "test")).await;
    send(&world, run_event(json!("failure"), 8, 1, true)).await;
    let incident = world.incident(1).await;
    assert_eq!((incident.branch.raw(), incident.fork), ("stranger:main", true));
    // Neither side's green closes the other's.
    send(&world, run_event(json!("success"), 9, 1, false)).await;
    assert_ne!(world.incident(1).await.stage, Stage::Resolved);
    send(&world, run_event(json!("success"), 10, 1, true)).await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    world.end().await;
}
