//! CI that is not GitHub's: what its hook tells is a whole card, and nothing is written on its word alone.

use crate::world::{REPO, Setup, World};
use ci_rescue::domain::evidence::{Category, Severity};
use serde_json::{Value, json};

const TAIL: &str = "FAILED tests/test_cart.py::test_total - AssertionError: assert 3 == 4\n=== 1 failed, 12 passed in 0.31s ===\nAuthorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789\n";
const OTHER: &str = "write /var/lib/x: no space left on device\n";

fn told(jobs: &[&str], tail: &str, url: &str) -> Value {
    json!({"event": "failure", "repo": REPO, "ref": "refs/heads/main", "sha": "abcdef1234567", "run_id": 77,
        "run_url": url, "failed_jobs": jobs, "logs_tail": tail})
}

async fn post(world: &World, path: &str, body: &Value) -> Value {
    let token = if path == "/hooks/ci" { "hook-token" } else { "act-token" };
    let request = world.http.post(format!("http://{}{path}", world.public_at)).bearer_auth(token).json(body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 202);
    let answer = answer.json().await.unwrap();
    world.settle().await;
    answer
}

async fn world() -> World {
    World::with(Setup { hooks: "hosts = [\"ci.example.org\"]\n".into(), ..Setup::default() }).await
}

#[tokio::test]
async fn a_hook_of_any_ci_gets_a_full_card_and_its_run_joins() {
    let world = world().await;
    let first = told(&["unit"], TAIL, "https://ci.example.org/run/77");
    assert_eq!(post(&world, "/hooks/ci", &first).await["category"], "test");
    let incident = world.incident(1).await;
    let evidence = incident.headline().expect("evidence").clone();
    assert_eq!(evidence.category, Category::Test);
    assert!(evidence.fingerprint.is_some() && evidence.excerpt.is_some());
    assert_eq!(evidence.failing_tests[0].name.raw(), "tests/test_cart.py::test_total");
    let excerpt = world.store.blob(evidence.excerpt.as_ref().unwrap()).await.unwrap().unwrap();
    assert!(!String::from_utf8(excerpt).unwrap().contains("abcdefghijklmnop"), "redacted");
    let card = world.slack.cards()[0].clone();
    for words in ["test_total", "unit", "not confirmed", "https://ci.example.org/run/77", "Run on ci.example.org"] {
        assert!(card.blocks.to_string().contains(words), "{words}: {}", card.blocks);
    }
    // The same once more changes nothing.
    post(&world, "/hooks/ci", &first).await;
    assert_eq!(world.incident(1).await.version, incident.version);
    // More jobs and another tail of the same run join.
    post(&world, "/hooks/ci", &told(&["unit", "image"], OTHER, "https://ci.example.org/run/77")).await;
    let incident = world.incident(1).await;
    assert_eq!(world.incidents().await.len(), 1);
    assert_eq!(incident.jobs.iter().map(|job| job.name.raw()).collect::<Vec<_>>(), ["unit", "image"]);
    assert_eq!(incident.evidence.len(), 2);
    assert_eq!(world.slack.cards().len(), 1);
    // Nothing is written on its word.
    world.slack.command("UADA", "retry 1 force").await;
    world.settle().await;
    assert!(world.forge.lock().calls.iter().all(|call| call.method == "GET"));
    world.end().await;
}

#[tokio::test]
async fn a_tail_without_anything_to_tell_it_by_is_kept_once() {
    let world = world().await;
    for jobs in [&["a"][..], &["a", "b"], &["a", "b", "c"]] {
        post(&world, "/hooks/ci", &told(jobs, "it broke\n", "https://ci.example.org/run/77")).await;
    }
    let incident = world.incident(1).await;
    assert_eq!((incident.jobs.len(), incident.evidence.len()), (3, 1));
    world.end().await;
}

#[tokio::test]
async fn an_address_on_an_unknown_host_is_no_link() {
    let world = world().await;
    for url in ["https://evil.example/x", "https://ci.example.org@evil.example/x", "javascript:alert(1)"] {
        post(&world, "/hooks/ci", &told(&["unit"], TAIL, url)).await;
        let card = world.slack.cards()[0].blocks.to_string();
        assert!(!card.contains("evil.example") && !card.contains("javascript"), "{card}");
    }
    world.end().await;
}

#[tokio::test]
async fn what_a_hook_alone_tells_is_no_twin_of_what_the_forge_tells() {
    let world = world().await;
    let mut run = crate::world::spec(OTHER, "failure");
    run.sha = "f".repeat(40);
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    post(&world, "/hooks/ci", &told(&["image"], OTHER, "https://ci.example.org/run/77")).await;
    let (forge, hook) = (world.incident(1).await, world.incident(2).await);
    assert_eq!(forge.fingerprint(), hook.fingerprint());
    assert_eq!((hook.adopted_by, forge.adopted.len(), forge.runs.len()), (None, 0, 1));
    assert_eq!(hook.severity, Severity::Blocker);
    world.end().await;
}

#[tokio::test]
async fn a_sensors_run_keeps_its_address_and_message() {
    let world = world().await;
    let host = world.forge_at;
    let run = json!({"id": 78, "name": "Controller CI", "conclusion": "failure", "html_url": format!("http://{host}/acme/shop/actions/runs/78"),
        "head_branch": "main", "head_sha": "abcdef1234567", "head_commit": {"message": "Count [skip-rescue]"}});
    let answer = post(
        &world,
        "/api/remediate/ci-failure",
        &json!({"body": {"workflow_run": run, "repository": {"full_name": REPO}}}),
    )
    .await;
    assert_eq!((&answer["agent"], &answer["dedup_status"]), (&json!("rex"), &json!("new")));
    let incident = world.incident(1).await;
    assert_eq!(incident.commit_message.as_ref().map(ci_rescue::domain::Untrusted::raw), Some("Count [skip-rescue]"));
    let url = incident.lead_run().and_then(|run| run.url.clone()).expect("a link");
    assert!(url.ends_with("/acme/shop/actions/runs/78"), "{url}");
    world.end().await;
}
