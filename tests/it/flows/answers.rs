//! What programs ask of the bot, in their own payloads, and the whole answers.

use crate::world::{REPO, Setup, World};
use reqwest::Method;
use serde_json::{Value, json};

async fn world() -> World {
    World::with(Setup { hooks: "hosts = [\"ci.example.org\"]\n".into(), ..Setup::default() }).await
}

/// The status and the answer.
async fn ask(world: &World, method: Method, path: &str, token: &str, body: Option<String>) -> (u16, Value) {
    let url = format!("http://{}{path}", world.public_at);
    let mut request = world.http.request(method, url).bearer_auth(token);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    world.settle().await;
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> =
        value.as_object().unwrap_or_else(|| panic!("{value}")).keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn a_generic_hook_is_answered_whole() {
    let world = world().await;
    let hook = json!({"event": "failure", "repo": REPO, "ref": "refs/heads/main", "sha": "abcdef1234567", "run_id": 77,
        "run_url": "https://ci.example.org/run/77", "failed_jobs": ["lint"], "logs_tail": "error: could not compile `shop`"});
    let (status, answer) = ask(&world, Method::POST, "/hooks/ci", "hook-token", Some(hook.to_string())).await;
    assert_eq!((status, keys(&answer)), (202, vec!["accepted", "budget_remaining", "category", "run_id"]));
    let values = (&answer["accepted"], &answer["run_id"], &answer["category"], &answer["budget_remaining"]);
    assert_eq!(values, (&json!(true), &json!(77), &json!("build"), &json!(10)));
    let token = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";
    let secret = format!("acme/ghp_{token}");
    for (body, want) in [
        ("{".to_owned(), "JSON"),
        (json!({"run_id": 1, "repo": "shop", "failed_jobs": ["a"]}).to_string(), "owner/name"),
        (json!({"run_id": 1, "repo": secret, "failed_jobs": ["a"]}).to_string(), "looks like a secret"),
        (json!({"repo": REPO, "failed_jobs": ["a"]}).to_string(), "run_id"),
        (json!({"run_id": 1, "failed_jobs": ["a"]}).to_string(), "repo"),
        (json!({"run_id": 1, "repo": REPO}).to_string(), "failed_jobs"),
    ] {
        let (status, answer) = ask(&world, Method::POST, "/hooks/ci", "hook-token", Some(body.clone())).await;
        assert!(status == 400 && answer.to_string().contains(want), "{body}: {status} {answer}");
    }
    assert_eq!(ask(&world, Method::POST, "/hooks/ci", "wrong", Some(hook.to_string())).await.0, 401);
    assert_eq!(ask(&world, Method::GET, "/hooks/ci", "hook-token", None).await.0, 405);
    let large = json!({"logs_tail": "x".repeat(513 << 10)}).to_string();
    assert_eq!(ask(&world, Method::POST, "/hooks/ci", "hook-token", Some(large)).await.0, 413);
    world.end().await;
}

fn sensed(id: u64, name: &str, conclusion: &str) -> Value {
    json!({"workflow_run": {"id": id, "name": name, "conclusion": conclusion, "html_url": "https://github.com/acme/shop/actions/runs/1",
        "head_branch": "main", "head_sha": "abcdef1234567", "head_commit": {"message": "Count the shipping"}},
        "repository": {"full_name": REPO}})
}

#[tokio::test]
async fn a_sensors_run_is_answered_whole() {
    let world = world().await;
    for (id, name, agent, kind) in [
        (1, "Controller CI", "rex", "rust_unknown"),
        (2, "frontend-tests", "blaze", "frontend_unknown"),
        (3, "Docker Images", "bolt", "infra_unknown"),
        (4, "shop release", "atlas", "github_unknown"),
        (5, "something else", "atlas", "github_unknown"),
    ] {
        let path = "/api/remediate/ci-failure";
        let bare = sensed(id, name, "failure");
        let (status, answer) = ask(&world, Method::POST, path, "act-token", Some(bare.to_string())).await;
        assert_eq!(
            (status, keys(&answer)),
            (202, vec!["agent", "coderun_name", "dedup_status", "failure_type", "status"])
        );
        assert_eq!((&answer["agent"], &answer["failure_type"]), (&json!(agent), &json!(kind)), "{name}");
        assert_eq!(answer["dedup_status"], "new", "{name}: {answer}");
        let run = answer["coderun_name"].as_str().unwrap();
        let rest = run.strip_prefix(&format!("rescue-ci-{agent}-")).unwrap_or_else(|| panic!("{run}"));
        assert!(rest.len() == 8 && rest.bytes().all(|b| b.is_ascii_alphanumeric()), "{run}");
        let wrapped = json!({"body": bare}).to_string();
        let (_, again) = ask(&world, Method::POST, path, "act-token", Some(wrapped)).await;
        assert_eq!((&again["dedup_status"], &again["agent"]), (&json!("existing"), &json!(agent)), "{name}");
    }
    let green = sensed(9, "Controller CI", "success").to_string();
    let (_, answer) = ask(&world, Method::POST, "/api/remediate/ci-failure", "act-token", Some(green)).await;
    assert_eq!(answer["dedup_status"], "skipped", "{answer}");
    let body = Some(sensed(10, "x", "failure").to_string());
    assert_eq!(ask(&world, Method::POST, "/api/remediate/ci-failure", "read-token", body).await.0, 401);
    world.end().await;
}

#[tokio::test]
async fn the_three_tools_and_the_status_are_answered_whole() {
    let world = world().await;
    let asked =
        json!({"logs": "error TS2345: Argument of type 'string' is not assignable", "failed_jobs": ["typecheck"]});
    let (status, answer) = ask(&world, Method::POST, "/api/classify", "read-token", Some(asked.to_string())).await;
    assert_eq!((status, keys(&answer)), (200, vec!["category", "confidence", "recommended_model"]));
    assert_eq!((&answer["category"], &answer["recommended_model"]), (&json!("typecheck"), &json!("small")));
    assert!(answer["confidence"].as_f64().is_some_and(|sure| (0.0..=1.0).contains(&sure)), "{answer}");
    let (status, answer) = ask(&world, Method::GET, "/api/budget", "read-token", None).await;
    let names = [
        "allowed",
        "circuit_breaker_until",
        "consecutive_failures",
        "daily_limit",
        "daily_spend",
        "per_loop_limit",
        "reason",
    ];
    assert_eq!((status, keys(&answer)), (200, names.to_vec()));
    assert_eq!((&answer["allowed"], &answer["circuit_breaker_until"]), (&json!(true), &Value::Null));
    assert_eq!((&answer["daily_limit"], &answer["per_loop_limit"]), (&json!(10.0), &json!(2.0)));
    for state in ["", "?state=active", "?state=history"] {
        let (status, answer) = ask(&world, Method::GET, &format!("/api/loops{state}"), "read-token", None).await;
        assert_eq!((status, answer), (200, json!({"loops": []})));
    }
    assert_eq!(ask(&world, Method::GET, "/api/loops?state=none", "read-token", None).await.0, 400);
    let (status, answer) = ask(&world, Method::GET, "/api/status", "read-token", None).await;
    assert_eq!(status, 200);
    for (key, want) in [("hold", Value::Null), ("open", json!(0)), ("dead_letters", json!(0)), ("inbox", json!(0))] {
        assert_eq!(answer[key], want, "{key}: {answer}");
    }
    assert!(answer["features"].is_array() || answer["features"].is_object(), "{answer}");
    assert_eq!(answer["version"], env!("CARGO_PKG_VERSION"));
    world.end().await;
}
