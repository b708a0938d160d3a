//! Every kind of failure opens the right incident, in whatever order events arrive.

use crate::world::{NETWORK_LOG, REPO, Setup, World, spec};
use ci_rescue::domain::Stage;
use ci_rescue::domain::event::{Conclusion, Scope};
use ci_rescue::domain::evidence::Severity;
use serde_json::{Value, json};

const SHA: &str = "1a2b3c4d5e6f70819293a4b5c6d7e8f901234567";

pub fn with(kind: &str, mut body: Value) -> (String, String) {
    body["repository"] = json!({"full_name": REPO, "default_branch": "main"});
    body["sender"] = json!({"login": "ben", "type": "User"});
    (kind.to_owned(), body.to_string())
}

pub fn job_event(action: &str, conclusion: Value, run: u64, attempt: u32, name: &str) -> (String, String) {
    with(
        "workflow_job",
        json!({"action": action, "workflow_job": {
        "id": run * 100 + u64::from(attempt), "run_id": run, "run_attempt": attempt, "workflow_name": "ci", "name": name, "head_branch": "main",
        "head_sha": SHA, "status": action, "conclusion": conclusion, "html_url": "https://elsewhere.example/x",
        "steps": [{"name": "Build", "conclusion": "success"}, {"name": "Test", "conclusion": conclusion}]}}),
    )
}

pub fn run_event(conclusion: Value, run: u64, attempt: u32, fork: bool) -> (String, String) {
    let head = if fork { "stranger/shop" } else { REPO };
    with(
        "workflow_run",
        json!({"action": "completed", "workflow_run": {"id": run, "name": "ci", "run_attempt": attempt, "head_branch": "main",
        "head_sha": SHA, "status": "completed", "conclusion": conclusion, "head_repository": {"full_name": head}, "head_commit": {"message": "m"}}}),
    )
}

/// GitHub tells of a run before it tells of its jobs.
pub fn run_started(run: u64) -> (String, String) {
    with(
        "workflow_run",
        json!({"action": "in_progress", "workflow_run": {"id": run, "name": "ci", "run_attempt": 1, "head_branch": "main",
        "head_sha": SHA, "status": "in_progress", "conclusion": null, "head_repository": {"full_name": REPO}}}),
    )
}

async fn send(world: &World, (kind, body): (String, String)) {
    assert!(world.hook(&kind, &world.id(), &body).await.is_success());
    world.settle().await;
}

async fn quiet() -> World {
    World::with(Setup { slack: false, ..Setup::default() }).await
}

#[tokio::test]
async fn each_kind_opens_its_incident() {
    let check = |conclusion: &str| {
        with(
            "check_run",
            json!({"action": "completed", "check_run": {"id": 5, "name": "lint", "head_sha": SHA,
        "conclusion": conclusion, "status": "completed", "details_url": "https://ci.example/1", "app": {"id": 3, "slug": "other-ci", "name": "Other CI"},
        "check_suite": {"head_branch": "main"}, "pull_requests": []}}),
        )
    };
    let suite = with(
        "check_suite",
        json!({"action": "completed", "check_suite": {"head_branch": "main", "head_sha": SHA, "conclusion": "failure", "app": {"name": "Other CI"}}}),
    );
    let status = |state: &str| {
        with(
            "status",
            json!({"sha": SHA, "state": state, "context": "ci/legacy", "branches": [{"name": "main"}], "target_url": "https://ci.example/2"}),
        )
    };
    for (event, scope, conclusion) in [
        (job_event("completed", json!("failure"), 1, 1, "test"), Scope::Job, Conclusion::Failure),
        (job_event("completed", json!("timed_out"), 1, 1, "test"), Scope::Job, Conclusion::TimedOut),
        (job_event("completed", json!("cancelled"), 1, 1, "test"), Scope::Job, Conclusion::Cancelled),
        (job_event("completed", json!("startup_failure"), 1, 1, "test"), Scope::Job, Conclusion::StartupFailure),
        (run_event(json!("failure"), 1, 1, false), Scope::Run, Conclusion::Failure),
        (run_event(json!("startup_failure"), 1, 1, false), Scope::Run, Conclusion::StartupFailure),
        (check("failure"), Scope::Check, Conclusion::Failure),
        (check("timed_out"), Scope::Check, Conclusion::TimedOut),
        (suite, Scope::Suite, Conclusion::Failure),
        (status("failure"), Scope::Status, Conclusion::Failure),
        (status("error"), Scope::Status, Conclusion::Failure),
    ] {
        let world = quiet().await;
        let name = format!("{} {}", event.0, event.1);
        send(&world, event).await;
        let all = world.incidents().await;
        assert_eq!(all.len(), 1, "{name}");
        assert_eq!(all[0].scope, scope, "{name}");
        if let Some(job) = all[0].first_job() {
            assert_eq!(job.conclusion, conclusion, "{name}");
            assert!(job.url.is_none(), "a link to another host is not kept");
        }
        world.end().await;
    }
}

#[tokio::test]
async fn what_is_no_failure_opens_nothing() {
    let world = quiet().await;
    for conclusion in ["success", "neutral", "skipped", "stale", "action_required", "no_such_conclusion"] {
        send(&world, job_event("completed", json!(conclusion), 1, 1, "test")).await;
        send(&world, run_event(json!(conclusion), 1, 1, false)).await;
    }
    send(&world, job_event("in_progress", Value::Null, 2, 1, "test")).await;
    send(&world, with("workflow_job", json!({"action": "no_such_action", "workflow_job": {"id": 1, "run_id": 1}})))
        .await;
    assert!(world.incidents().await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn job_run_check_and_suite_of_one_run_are_one_incident() {
    let check = with(
        "check_run",
        json!({"action": "completed", "check_run": {"id": 101, "name": "test", "head_sha": SHA, "conclusion": "failure",
        "details_url": "https://github.com/acme/shop/actions/runs/1/job/101", "app": {"name": "GitHub Actions"}, "check_suite": {"head_branch": "main"}}}),
    );
    let suite = with(
        "check_suite",
        json!({"action": "completed", "check_suite": {"head_branch": "main", "head_sha": SHA, "conclusion": "failure", "app": {"name": "GitHub Actions"}}}),
    );
    let events = [
        suite,
        check,
        job_event("completed", json!("failure"), 1, 1, "test"),
        run_event(json!("failure"), 1, 1, false),
    ];
    // In every order of the four.
    for seed in 0..24_usize {
        let mut order: Vec<usize> = (0..4).collect();
        let mut rest = seed;
        for at in 0..4 {
            let pick = rest % (4 - at);
            rest /= 4 - at;
            order.swap(at, at + pick);
        }
        let world = quiet().await;
        for at in &order {
            send(&world, events[*at].clone()).await;
        }
        let all = world.incidents().await;
        assert_eq!(all.len(), 1, "{order:?}: {:?}", all.iter().map(|i| (i.scope, i.runs.clone())).collect::<Vec<_>>());
        assert_eq!(all[0].jobs.iter().filter(|job| job.name.raw() == "test").count(), 1, "{order:?}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_suite_or_status_beside_a_run_leaves_retry_possible() {
    let suite = with(
        "check_suite",
        json!({"action": "completed", "check_suite": {"head_branch": "main", "head_sha": SHA, "conclusion": "failure", "app": {"name": "GitHub Actions"}}}),
    );
    let status =
        with("status", json!({"sha": SHA, "state": "failure", "context": "ci/legacy", "branches": [{"name": "main"}]}));
    for beside in [suite, status] {
        let world = World::new().await;
        world.broken_run(NETWORK_LOG, "success").await;
        send(&world, beside).await;
        world.slack.command("UBEN", "retry 1").await;
        world.settle().await;
        assert_eq!(world.reruns(), 1, "{}", world.slack.last_whisper());
        world.end().await;
    }
}

#[tokio::test]
async fn forks_are_marked() {
    let world = quiet().await;
    send(&world, run_event(json!("failure"), 1, 1, true)).await;
    assert!(world.incidents().await[0].fork);
    world.end().await;
}

#[tokio::test]
async fn jobs_of_other_runs_on_the_branch_join_within_a_minute() {
    let world = quiet().await;
    send(&world, job_event("completed", json!("failure"), 1, 1, "test")).await;
    world.clock.advance(59_000);
    send(&world, job_event("completed", json!("failure"), 2, 1, "test")).await;
    assert_eq!(world.incidents().await.len(), 1);
    world.clock.advance(61_000);
    send(&world, job_event("completed", json!("failure"), 3, 1, "test")).await;
    assert_eq!(world.incidents().await.len(), 2);
    world.end().await;
}

#[tokio::test]
async fn twenty_jobs_are_a_storm_with_one_card_and_five_logs() {
    let world = World::new().await;
    let mut run = spec("", "success");
    run.jobs =
        (0..30).map(|n| crate::world::job(&format!("shard {n}"), NETWORK_LOG, &["failure", "success"])).collect();
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    let all = world.incidents().await;
    assert_eq!((all.len(), all[0].storm, all[0].failures), (1, true, 30));
    let cards = world.slack.cards();
    assert_eq!(cards.len(), 1);
    assert!(cards[0].words().contains("30 jobs failed"), "{}", cards[0].words());
    assert_eq!(world.forge.lock().calls.iter().filter(|call| call.path.ends_with("/logs")).count(), 5);
    world.end().await;
}

#[tokio::test]
async fn the_younger_of_two_with_one_fingerprint_is_adopted() {
    let world = World::new().await;
    let mut first = spec(NETWORK_LOG, "success");
    first.workflow = "one".into();
    let mut second = spec(NETWORK_LOG, "success");
    second.workflow = "two".into();
    let mut ids = Vec::new();
    for run in [first, second] {
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        ids.push(id);
    }
    let (older, younger) = (world.incident(1).await, world.incident(2).await);
    assert_eq!(younger.adopted_by, Some(older.no));
    assert_eq!(older.runs.len(), 2);
    let cards = world.slack.cards();
    assert_eq!(cards.len(), 1, "it was adopted before it was posted");
    assert!(cards[0].words().contains("with 1 other"), "{}", cards[0].words());
    // The older one is resolved once both runs are green.
    for (at, id) in ids.iter().enumerate() {
        world.forge.rerun(*id, |_| true).unwrap();
        world.forge.finish(*id);
        world.deliver().await;
        assert_eq!(world.incident(1).await.stage == Stage::Resolved, at == 1);
    }
    world.end().await;
}

#[tokio::test]
async fn a_failure_that_the_base_branch_has_too_blames_nobody() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    let mut run = spec(NETWORK_LOG, "success");
    run.branch = "topic".into();
    run.pull = Some(9);
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    let second = world.incident(2).await;
    assert_eq!(second.base.as_ref().map(|base| base.incident.0), Some(1));
    let card = world.slack.cards().into_iter().find(|card| card.words().contains("#2")).unwrap();
    assert!(card.words().contains("Also failing on `main` since"), "{}", card.words());
    assert_eq!(second.severity, Severity::Transient);
    world.end().await;
}

#[tokio::test]
async fn a_newer_green_run_resolves() {
    let world = quiet().await;
    send(&world, run_event(json!("failure"), 10, 1, false)).await;
    send(&world, run_event(json!("success"), 9, 1, false)).await;
    assert_eq!(world.incident(1).await.stage, Stage::Open, "an older run proves nothing");
    send(&world, run_event(json!("success"), 11, 1, false)).await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    world.end().await;
}

#[tokio::test]
async fn a_status_that_turns_green_resolves() {
    let world = quiet().await;
    for state in ["failure", "success"] {
        send(
            &world,
            with("status", json!({"sha": SHA, "state": state, "context": "ci/legacy", "branches": [{"name": "main"}]})),
        )
        .await;
    }
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    world.end().await;
}

#[tokio::test]
async fn a_job_that_no_runner_takes_is_an_incident() {
    let world = quiet().await;
    send(&world, job_event("queued", Value::Null, 1, 1, "gpu")).await;
    send(&world, job_event("queued", Value::Null, 2, 1, "cpu")).await;
    send(&world, job_event("in_progress", Value::Null, 2, 1, "cpu")).await;
    world.clock.advance(119 * 60_000);
    world.settle().await;
    assert!(world.incidents().await.is_empty());
    world.clock.advance(2 * 60_000);
    world.settle().await;
    let all = world.incidents().await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].first_job().map(|job| (job.name.raw(), job.conclusion)), Some(("gpu", Conclusion::Stuck)));
    assert_eq!(all[0].severity, Severity::Transient);
    world.end().await;
}

#[tokio::test]
async fn alerts_are_security_incidents_and_echo_no_secret() {
    let world = quiet().await;
    for (kind, alert) in [
        ("dependabot_alert", json!({"number": 3, "security_advisory": {"summary": "Bad parser"}})),
        ("code_scanning_alert", json!({"number": 4, "rule": {"description": "SQL injection"}})),
        (
            "secret_scanning_alert",
            json!({"number": 5, "secret_type_display_name": "Stripe key", "secret": (["sk_li", "ve_abcdefghijklmnopqrstuvwx"].concat())}),
        ),
    ] {
        send(&world, with(kind, json!({"action": "created", "alert": alert}))).await;
    }
    let all = world.incidents().await;
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|incident| incident.severity == Severity::Security));
    assert!(!serde_json::to_string(&all).unwrap().contains("abcdefghijklmnop"));
    world.end().await;
}

#[tokio::test]
async fn filters_by_repository_and_branch() {
    for (config, opens) in [
        ("repositories = [\"other/*\"]", false),
        ("repositories = [\"acme/*\"]", true),
        ("branches = [\"release/*\"]", false),
        ("branches = [\"main\"]", true),
    ] {
        let (key, value) = config.split_once(" = ").unwrap();
        let world = World::filtered(key, value).await;
        send(&world, job_event("completed", json!("failure"), 1, 1, "test")).await;
        assert_eq!(!world.incidents().await.is_empty(), opens, "{config}");
        world.end().await;
    }
}
