//! Incidents and journals for other programs: from the API, the console, the running server and the store alone.

use crate::world::{NETWORK_LOG, World, spec};
use ci_rescue::store::Sled;
use futures::StreamExt;
use serde_json::Value;
use std::process::Output;
use tokio::process::Command;

/// Two incidents: one that a retry mended, and one on a branch with a name that spreadsheets take for a formula.
async fn lived() -> World {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    world.deliver().await;
    for run in world.forge.going() {
        world.forge.finish(run);
    }
    world.deliver().await;
    world.clock.advance(3_600_000);
    let mut run = spec("error: =1+1 is \"not\" two\n##[error]Process completed with exit code 1.\n", "failure");
    run.branch = "=HYPERLINK(\"http://evil\")".into();
    run.pull = Some(9);
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    assert_eq!(world.incident(2).await.branch.raw(), "=HYPERLINK(\"http://evil\")");
    world
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
}

/// Column by name, row by row.
fn column(text: &str, name: &str) -> Vec<String> {
    let mut read = csv::Reader::from_reader(text.as_bytes());
    let at = read.headers().unwrap().iter().position(|head| head == name).unwrap_or_else(|| panic!("{name} in {text}"));
    read.records().map(|row| row.unwrap()[at].to_owned()).collect()
}

#[tokio::test]
async fn the_api_and_the_console_hand_out_everything() {
    let world = lived().await;
    let get = |query: &str| world.http.get(format!("http://{}/api/export{query}", world.public_at));
    let text = |query: &'static str| {
        let sent = get(query).bearer_auth("read-token").send();
        async move { sent.await.unwrap().text().await.unwrap() }
    };
    let all = lines(&text("").await);
    assert_eq!(all.iter().map(|row| row["id"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((&all[1]["closed_by"], &all[1]["remedies"]), (&"green".into(), &"retry done".into()));
    assert_eq!((&all[1]["category"], &all[0]["stage"]), (&"network".into(), &"open".into()));
    assert_eq!(all[0]["branch"], "=HYPERLINK(\"http://evil\")");
    let table = text("?format=csv").await;
    assert_eq!(column(&table, "branch"), ["'=HYPERLINK(\"http://evil\")", "main"]);
    assert_eq!(column(&table, "pull_requests"), ["9", ""]);

    let journal = lines(&text("?what=journal").await);
    let said: Vec<&str> =
        journal.iter().filter(|row| row["incident"] == 1).filter_map(|row| row["text"].as_str()).collect();
    assert!(said.iter().any(|text| text.contains("1-1 is done: re-run test")), "{said:?}");
    assert!(journal.iter().any(|row| row["by"] == "ben" && row["kind"] == "proposed"), "{journal:#?}");
    assert_eq!(column(&text("?what=journal&format=csv").await, "incident").len(), journal.len());

    // The second was opened an hour later.
    assert_eq!(lines(&text("?since=2026-01-01T12:30:00Z").await).len(), 1);
    assert_eq!(lines(&text("?until=2026-01-01T12:30:00Z").await)[0]["id"], 1);
    assert_eq!(lines(&text("?repo=acme/other").await).len(), 0);
    for (query, why) in [
        ("?since=yesterday", "since must be a time such as"),
        ("?format=xlsx", "unknown variant"),
        ("?repo=nothing", "repo: "),
    ] {
        let answer = get(query).bearer_auth("read-token").send().await.unwrap();
        assert_eq!(answer.status(), 400, "{query}");
        let told = answer.text().await.unwrap();
        assert!(told.contains(why), "{query}: {told}");
    }
    assert_eq!(get("").send().await.unwrap().status(), 401);

    let seat = world.sit("ada").await;
    assert_eq!(column(&seat.page("/history/incidents.csv").await, "id"), ["2", "1"]);
    assert_eq!(column(&seat.page("/history/journal.csv").await, "incident").len(), journal.len());
    assert!(seat.page("/history").await.contains("/history/journal.csv"));
    world.end().await;
}

async fn export(dir: &std::path::Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    command.current_dir(dir).args(["incident", "export"]).args(args).output().await.unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn the_command_line_reads_the_store_or_asks_whoever_holds_it() {
    let world = lived().await;
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        "[server]\nlisten = \"{}\"\n[api]\nact_token = \"act-token\"\n[store]\npath = \"store\"\n",
        world.public_at
    );
    std::fs::write(dir.path().join("ci-rescue.toml"), config).unwrap();
    // The same store on disk, by way of a backup.
    let mut backup = Vec::new();
    let mut pieces = world.store.backup().await.unwrap();
    while let Some(piece) = pieces.next().await {
        backup.extend(piece.unwrap());
    }
    std::fs::write(dir.path().join("backup"), backup).unwrap();
    let restored = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .current_dir(dir.path())
        .args(["store", "restore", "backup"])
        .output()
        .await
        .unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    for args in [vec![], vec!["--journal", "--format", "csv"], vec!["--until", "2026-01-01T12:30:00Z"]] {
        let alone = out(&export(dir.path(), &args).await);
        let held = Sled::open(&dir.path().join("store")).unwrap();
        let asked = out(&export(dir.path(), &args).await);
        drop(held);
        assert!(!alone.is_empty());
        assert_eq!(alone, asked, "{args:?}");
    }
    // A file is written whole, for this account alone, and once.
    out(&export(dir.path(), &["--output", "all.jsonl"]).await);
    let file = dir.path().join("all.jsonl");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!((lines(&std::fs::read_to_string(&file).unwrap()).len(), mode & 0o777), (2, 0o600));
    for (args, why) in [
        (vec!["--output", "all.jsonl"], "all.jsonl: File exists"),
        (vec!["--since", "soon"], "--since: use a span such as 30d"),
        (vec!["--repo", "shop"], "--repo: "),
    ] {
        let output = export(dir.path(), &args).await;
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(why), "{args:?}: {told}");
    }
    assert_eq!(lines(&std::fs::read_to_string(&file).unwrap()).len(), 2, "what was there stays");
    world.end().await;
}
