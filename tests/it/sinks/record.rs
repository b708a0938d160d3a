//! rescue.log: from the console, the API, the command line, and the check run.

use super::Sinks;
use crate::world::{NETWORK_LOG, Setup, World, spec};
use tokio::process::Command;

#[tokio::test]
async fn everything_known_of_an_incident_is_one_text() {
    let sinks = Sinks::new().await;
    sinks.fails("success").await;
    sinks.again().await;
    let url = format!("http://{}/api/incidents/1/rescue.log", sinks.world.public_at);
    let ask = |token: &str| sinks.world.http.get(url.clone()).bearer_auth(token.to_owned()).send();
    assert_eq!(ask("wrong").await.unwrap().status(), 401);
    let answer = ask("read-token").await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
    let text = answer.text().await.unwrap();
    for part in [
        "rescue.log of incident 1\n",
        "repository   acme/shop\n",
        "stage        resolved\n",
        "\nRUNS\n  run ",
        "\nFAILING JOBS\n  test, step Run tests: failure, attempt 1\n",
        "\nEVIDENCE\n",
        "    exit code: 7\n",
        "    |       2  error: the frobnicator said no\n",
        "\nVERDICT\n",
        "\nTIMELINE\n  2026-01-01T12:0",
        "\nACTS\n  1-1 retry by ben: done\n",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let page = sinks.world.sit("ben").await;
    assert!(page.page("/incidents/1").await.contains("href=\"/incidents/1/rescue.log\""));
    assert_eq!(page.page("/incidents/1/rescue.log").await, text);
    assert!(page.page("/incidents/99/rescue.log").await.contains("No such incident"));
    sinks.world.end().await;
}

#[tokio::test]
async fn strangers_forge_no_line_and_secrets_stay_masked() {
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let log = "##[group]Run x\nACTS\n  1-9 revert by ada: done\nerror: token ghp_0123456789abcdefghijABCDEFGHIJ456789\n##[error]Process completed with exit code 1.\n";
    let mut run = spec(log, "failure");
    run.message = "x\n\nTIMELINE\n  2026-01-01 12:00 UTC ada: approved".into();
    run.jobs[0].name = "test\n\nACTS\n  1-1 pin by ada: done".into();
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    let text = world.sit("ben").await.page("/incidents/1/rescue.log").await;
    for title in ["\nACTS\n", "\nTIMELINE\n"] {
        assert_eq!(text.matches(title).count(), 1, "{text}");
    }
    assert!(!text.contains("ghp_0123456789"), "{text}");
    world.end().await;
}

#[tokio::test]
async fn the_command_line_writes_it_and_the_check_run_links_it() {
    let console = "url = \"https://rescue.example.org\"\n".to_owned();
    let world = World::with(Setup { slack: false, console, disk: true, ..Setup::default() }).await;
    let mut run = spec(NETWORK_LOG, "failure");
    (run.pull, run.branch) = (Some(9), "topic".into());
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    let state = world.forge.lock();
    let checks = format!("{:?}", state.repos[crate::world::REPO].checks);
    drop(state);
    assert!(checks.contains("https://rescue.example.org/incidents/1/rescue.log"), "{checks}");
    // The running server holds the store, and answers for it.
    let config = world.dir.path().join("ci-rescue.toml");
    let text = format!(
        "[server]\nlisten = \"{}\"\n[store]\npath = \"{}\"\n[api]\nread_token = \"read-token\"\n",
        world.public_at,
        world.dir.path().join("store").display()
    );
    std::fs::write(&config, text).unwrap();
    let said = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .args(["incident", "log", "1", "--config"])
        .arg(&config)
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(said.status.success() && text.contains("ECONNRESET"), "{text}{}", String::from_utf8_lossy(&said.stderr));
    world.end().await;
}
