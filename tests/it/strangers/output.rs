//! 9: nothing from outside steers a terminal, and comments elsewhere cause no call.

use crate::flows::surfaces::PULL;
use crate::world::{REPO, World};
use ci_rescue::domain::text::is_invisible;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A control sequence by one letter, by ESC, a link, an override of direction, a tag.
const HOSTILE: &str = "a\u{9b}31mb\u{1b}[2Jc\u{1b}]8;;http://evil\u{7}d\u{202e}e\u{e0041}f";

fn run(dir: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    command.args(words).current_dir(dir).env_remove("RUST_LOG").env("COLUMNS", "80").output().unwrap()
}

#[test]
fn strangers_009_no_letter_from_outside_steers_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let name = HOSTILE.replace('/', "-");
    let log = format!(
        "##[group]Run {HOSTILE}\nerror: {HOSTILE} failed\nFAILED tests/test_{HOSTILE}.py::test_{HOSTILE}\n##[error]Process completed with exit code 1.\n"
    );
    fs::write(dir.path().join(&name), &log).unwrap();
    fs::write(dir.path().join("second.log"), &log).unwrap();
    fs::write(
        dir.path().join("ci-rescue.toml"),
        format!("[people]\nname = \"{name}\"\n\"{name}\" = 1\n").replace('\u{7}', "").replace('\u{1b}', ""),
    )
    .unwrap();
    for words in [
        vec!["analyze", &name],
        vec!["analyze", "--json", &name],
        vec!["analyze", &name, "second.log"],
        vec!["analyze", "--json", &name, "second.log"],
        vec!["analyze", &format!("no-{name}")],
        vec!["analyze", "--json", &format!("no-{name}")],
        vec!["analyze", &format!("--{name}")],
        vec![name.as_str()],
        vec!["serve", "--config", &name],
        vec!["doctor", "--config", &name],
        vec!["doctor"],
        vec!["store", "verify", "--store", &name],
        vec!["store", "restore", &name, "--store", "store"],
        vec!["incident", "show", &name],
        vec!["history", "classify", &name, "--store", "store"],
        vec!["plan", &name, "--json"],
        vec!["plan", "quarantine", "--repo", &name, &name],
    ] {
        let output = run(dir.path(), &words);
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!said.is_empty(), "{words:?}");
        let bad = said.chars().find(|c| is_invisible(*c) && !matches!(c, '\n' | '\t'));
        assert_eq!(bad, None, "{words:?}: {said:?}");
    }
    let output = run(dir.path(), &["analyze", "--json", &name]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report.is_object(), "it is still JSON");
}

/// Whoever installs the App elsewhere, or has a webhook with our secret there, makes us call nobody.
#[tokio::test]
async fn strangers_009_comments_elsewhere_cause_no_call() {
    let world = World::filtered("repositories", "[\"other/*\"]").await;
    world.forge.permit(REPO, "ben", "write");
    world.settle().await;
    let calls = || world.forge.lock().calls.len();
    let before = calls();
    for body in ["/rescue list", "/rescue retry 1", "/rescue revert", "/rescue why 1\n/rescue help", "@ci-rescue hold"]
    {
        world.forge.comment(REPO, PULL, "ben", body);
        world.deliver().await;
        assert_eq!(calls(), before, "{body}");
    }
    world.end().await;
    // Where it is listed, the same comment is looked into.
    let world = World::filtered("repositories", "[\"acme/*\"]").await;
    world.settle().await;
    let before = world.forge.lock().calls.len();
    world.forge.comment(REPO, PULL, "ben", "/rescue list");
    world.deliver().await;
    assert!(world.forge.lock().calls.len() > before);
    world.end().await;
}
