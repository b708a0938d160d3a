//! Routing, judged on labelled failures: those that the rules were tuned on, and those that they never saw.

use ci_rescue::agents::{Case, route, specialists};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

fn rows(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/routing").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'r>(row: &'r Value, key: &str) -> &'r str {
    row[key].as_str().unwrap_or_default()
}

/// The share that goes to the right specialist, and by specialist.
fn accuracy(rows: &[Value]) -> (f64, BTreeMap<&str, (u32, u32)>) {
    let mut by: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for row in rows {
        let files = row["files"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let case = Case { workflow: text(row, "workflow"), path: text(row, "path"), log: text(row, "log"), files };
        let (want, found) = (text(row, "specialist"), route(&case));
        let count = by.entry(want).or_default();
        count.1 += 1;
        if found.specialist == want {
            count.0 += 1;
        } else {
            println!("{}: {want}, not {} ({})", text(row, "kind"), found.specialist, found.because);
        }
    }
    let (right, all) = by.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    (f64::from(right) / f64::from(all), by)
}

/// The held-out rows were written by somebody who had not seen the rules, after these were finished: no rule was changed
/// for them.
#[test]
fn failures_go_to_the_right_specialist() {
    for (name, least) in [("tuned.jsonl", 0.99), ("held.jsonl", 0.97)] {
        let rows = rows(name);
        let (share, by) = accuracy(&rows);
        println!("{name}: {:.1} % of {}; {by:?}", share * 100.0, rows.len());
        assert!(share >= least, "{name}: {share}");
        assert!(specialists().all(|name| by.get(name).is_some_and(|count| count.1 >= 25)), "{by:?}");
    }
}

#[test]
fn the_command_answers_a_line_for_each() {
    let rows = rows("held.jsonl");
    let mut child = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .args(["route", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input: String = rows.iter().map(|row| format!("{row}\n")).collect();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let lines: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((output.status.code(), lines.len()), (Some(0), rows.len()));
    for line in lines {
        assert!(specialists().any(|name| name == line["specialist"]), "{line}");
        assert!((0.0..=1.0).contains(&line["confidence"].as_f64().unwrap()) && !text(&line, "because").is_empty());
    }
}
