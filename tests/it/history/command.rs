//! `ci-rescue history`, as a person or a script runs it.

use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn run(dir: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .args(args)
        .current_dir(dir)
        .env_remove("CI_RESCUE_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `minute` also makes the run's number and the commit, where nothing else is said.
fn line(minute: u32, change: &Value) -> Value {
    let mut line = json!({
        "repo": "acme/shop", "branch": "main", "default_branch": "main", "sha": format!("{minute:040x}"),
        "run_id": minute, "attempt": 1, "workflow": "CI", "job": "test (ubuntu-latest, 3.12)", "test": "test_total",
        "outcome": "pass", "at": format!("2026-01-{:02}T{:02}:{:02}:00Z", 1 + minute / 1440, minute / 60 % 24, minute % 60),
        "duration_ms": 1200, "fingerprint": null,
    });
    for (key, value) in change.as_object().unwrap() {
        line[key] = value.clone();
    }
    line
}

fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A hundred executions; every tenth fails and passes on its second attempt.
fn flaky() -> Vec<Value> {
    let mut lines = Vec::new();
    for n in 0..100 {
        if n % 10 == 3 {
            lines.push(line(n * 10, &json!({"outcome": "fail", "fingerprint": "v3:timeout"})));
            let at = line(n * 10 + 5, &json!({}))["at"].clone();
            lines.push(line(n * 10, &json!({"attempt": 2, "at": at})));
        } else {
            lines.push(line(n * 10, &json!({})));
        }
    }
    lines
}

fn scores(dir: &Path) -> Vec<Value> {
    let output = run(dir, &["history", "score", "--json"], "");
    assert!(output.status.success(), "{output:?}");
    said(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn importing_twice_is_importing_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut lines = flaky();
    let output = run(dir.path(), &["history", "import", "-"], &text(&lines));
    assert_eq!(said(&output), "imported 110 outcomes; 0 were known already\n", "{output:?}");
    let before = scores(dir.path());
    // Late, in another order, and twice.
    lines.reverse();
    lines.extend(lines.clone());
    let output = run(dir.path(), &["history", "import", "-"], &text(&lines));
    assert_eq!(said(&output), "imported 0 outcomes; 220 were known already\n");
    assert_eq!(scores(dir.path()), before);
    let score = &before[0];
    assert_eq!(score["verdict"], "flaky");
    assert_eq!(score["evidence"]["passed_on_retry"], 10);
    let rate = score["flake"]["score"].as_f64().unwrap();
    assert!((0.05..0.13).contains(&rate), "{score}");
    assert!(score["flake"]["low"].as_f64().unwrap() < rate && rate < score["flake"]["high"].as_f64().unwrap());
}

#[test]
fn bad_lines_are_told_by_number_and_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let good = line(1, &json!({}));
    let input = format!("{good}\nnonsense\n\n{}\n{}\n", line(2, &json!({"outcome": "passed"})), line(3, &json!({})));
    let output = run(dir.path(), &["history", "import", "-"], &input);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).starts_with("imported 2 outcomes"));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("line 2: expected") && told.contains("line 4: unknown variant"), "{told}");
    assert!(told.contains("2 lines were not read"), "{told}");
    let output = run(dir.path(), &["history", "import", "-"], "nonsense");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn failures_are_classified_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let healthy: Vec<Value> = (0..200).map(|n| line(n * 7, &json!({"test": "test_cart"}))).collect();
    let input = text(&[flaky(), healthy].concat());
    assert!(run(dir.path(), &["history", "import", "-"], &input).status.success());
    let before = scores(dir.path());
    let on_branch = json!({"branch": "feature", "outcome": "fail"});
    let mut known = line(1500, &on_branch);
    known["fingerprint"] = "v3:timeout".into();
    let mut broken = line(1510, &on_branch);
    (broken["test"], broken["fingerprint"]) = ("test_cart".into(), "v3:assert".into());
    let mut again = broken.clone();
    again["attempt"] = 2.into();
    // Known already: it is not counted twice.
    let old = flaky()[3].clone();
    let input = text(&[known, broken, again, old, line(9, &json!({}))]);
    let output = run(dir.path(), &["history", "classify", "--json"], &input);
    let told: Vec<Value> = said(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), 5, "{output:?}");
    assert_eq!(told[0]["cause"], "flaky", "{}", told[0]);
    assert_eq!(told[2]["cause"], "deterministic", "{}", told[2]);
    assert!(told[1]["p_flaky"].as_f64().unwrap() < 0.3, "{}", told[1]);
    assert_eq!(told[3]["cause"], "flaky", "{}", told[3]);
    assert_eq!(told[4]["error"], "it is not a failure");
    let sum: f64 = told[0]["causes"].as_object().unwrap().values().filter_map(Value::as_f64).sum();
    assert!((sum - 1.0).abs() < 1e-4, "{}", told[0]);
    assert!(told[0]["because"].as_array().unwrap().iter().any(|why| why.as_str().unwrap().contains("flake")));
    assert_eq!(scores(dir.path()), before);
}

#[test]
fn a_job_that_was_never_run_again_is_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let lines: Vec<Value> =
        (0..30).map(|n| line(n, &json!({"outcome": if n % 9 == 4 { "fail" } else { "pass" }}))).collect();
    run(dir.path(), &["history", "import", "-"], &text(&lines));
    assert_eq!(scores(dir.path())[0]["verdict"], "unknown");
}

#[test]
fn without_history_it_says_how_to_get_one() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), &["history", "score"], "");
    assert_eq!(output.status.code(), Some(2));
    run(dir.path(), &["history", "import", "-"], &text(&[line(1, &json!({}))]));
    let output = run(dir.path(), &["history", "score", "--repo", "acme/other"], "");
    assert_eq!(said(&output), "no history of acme/other yet: import it with `ci-rescue history import FILE`\n");
}

/// Threat 104: names hold secrets as logs do, and what a test is given by name is none.
#[test]
fn threat_104_names_that_are_imported_lose_their_secrets() {
    let token = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";
    let dir = tempfile::tempdir().unwrap();
    let lines = [
        line(1, &json!({"job": format!("deploy {token}"), "test": null})),
        line(2, &json!({"test": format!("login[{token}]")})),
        line(3, &json!({"test": "login[password=hunter22secret]"})),
        line(4, &json!({"test": "x".repeat(2_000)})),
    ];
    let output = run(dir.path(), &["history", "import", "-"], &text(&lines));
    assert!(output.status.success(), "{output:?}");
    let all = scores(dir.path());
    let names: Vec<&str> = all.iter().filter_map(|score| score["test"].as_str()).collect();
    assert!(names.contains(&"login[[redacted]]") && names.contains(&"login[password=hunter22secret]"), "{names:?}");
    assert!(names.iter().any(|name| name.chars().count() == 500), "cut as the names in logs are");
    assert!(all.iter().any(|score| score["job"] == "deploy [redacted]"), "{all:?}");
    // The same line is found again by what it became.
    let again = run(dir.path(), &["history", "import", "-"], &text(&lines));
    assert_eq!(said(&again), "imported 0 outcomes; 4 were known already\n");
}
