//! `policy test`, the API and the console show one tree; a policy is tried before it is in force.

use crate::world::{NETWORK_LOG, Setup, World, config_text};
use ci_rescue::ports::Store;
use ci_rescue::store::{Ledger, Sled};
use serde_json::Value;
use std::sync::Arc;
use tokio::process::Command;

async fn run(config: &std::path::Path, args: &[&str]) -> (i32, String, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    program.args(["policy", "test"]).args(args).arg("--config").arg(config).env("COLUMNS", "80");
    let output = program.output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn the_command_line_asks_the_store_or_the_server_that_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let store: Arc<dyn Store> = Arc::new(Ledger::open(Sled::open(&path).unwrap()).unwrap());
    let world = World::on(Setup { slack: false, ..Setup::default() }, store).await;
    world.broken_run(NETWORK_LOG, "success").await;
    let write = |name: &str, policy: &str| {
        let (listen, store) = (world.public_at, path.display());
        let keys = format!("[server]\nlisten = \"{listen}\"\n[store]\npath = \"{store}\"\n[policy]\n{policy}\n");
        let file = dir.path().join(name);
        std::fs::write(&file, config_text(world.forge_at, None, "", &keys)).unwrap();
        file
    };
    let (now, other) = (write("now.toml", ""), write("other.toml", "mode = \"act\"\nattempts_max = 0\n"));
    let (status, held, _) = run(&now, &["--incident", "1"]).await;
    assert_eq!(status, 0);
    assert!(held.contains("  ✗ mode: policy.mode must be act; it is suggest\n"), "{held}");
    assert!(held.lines().all(|line| line.chars().count() <= 80), "{held}");
    // What is in force is the server's; what is tried is the file's.
    let (_, tried, _) = run(&other, &["--incident", "#1"]).await;
    assert!(tried.contains("✓ mode: policy.mode is act") && tried.contains("✗ attempts: 0 of 0"), "{tried}");
    assert_eq!(world.incident(1).await.auto_attempts, 0);
    let get = |path: &str| world.http.get(format!("http://{}{path}", world.public_at));
    let answer = get("/api/incidents/1/policy").bearer_auth("read-token").send().await.unwrap();
    let api: Value = answer.json().await.unwrap();
    let (_, json, _) = run(&now, &["--incident", "1", "--json"]).await;
    assert_eq!(api, serde_json::from_str::<Value>(&json).unwrap());
    assert_eq!(get("/api/incidents/1/policy").send().await.unwrap().status(), 401);
    assert_eq!(get("/api/incidents/9/policy").bearer_auth("read-token").send().await.unwrap().status(), 404);
    let post = world.http.post(format!("http://{}/api/incidents/1/policy", world.public_at));
    let refused = post.bearer_auth("read-token").body("{\"mode\": \"act\"}").send().await.unwrap();
    assert_eq!(refused.status(), 400);
    let ada = world.sit("ada").await;
    let page = ada.page("/incidents/1").await;
    let why = ada.say(&world, "why 1").await;
    for tested in api.as_array().unwrap() {
        for reason in tested["decision"]["because"]["of"].as_array().unwrap() {
            // The page escapes slashes.
            let words = reason["words"].as_str().unwrap().replace('/', "&#x2f;");
            assert!(page.contains(&words), "{words}");
            assert!(reason["met"] == true || why.contains(&words), "{words}\n{why}");
        }
    }
    let (status, _, told) = run(&now, &["--incident", "9"]).await;
    assert!(status != 0 && told.contains("there is no incident #9"), "{told}");
    world.end().await;
    let (status, free, why) = run(&now, &["--incident", "1"]).await;
    assert_eq!((status, free), (0, held), "{why}");
}
