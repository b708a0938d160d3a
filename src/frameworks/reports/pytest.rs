//! pytest-json-report's document (github.com/numirias/pytest-json-report, "Format"): `tests[]` with node id, outcome and
//! stages.

use super::{Case, Each, Item, document, names_members};
use crate::domain::outcome::Ended;
use serde::Deserialize;
use std::io::BufRead;

pub fn begins(head: &[u8]) -> bool {
    names_members(head, &["created", "exitcode", "root"])
}

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    nodeid: String,
    outcome: String,
    #[serde(default)]
    setup: Option<Stage>,
    #[serde(default)]
    call: Option<Stage>,
    #[serde(default)]
    teardown: Option<Stage>,
}

#[derive(Default, Deserialize)]
struct Stage {
    #[serde(default)]
    duration: Option<f64>,
    #[serde(default)]
    crash: Option<Crash>,
}

#[derive(Deserialize)]
struct Crash {
    #[serde(default)]
    message: Option<String>,
}

pub fn read(source: &mut dyn BufRead, each: &mut Each<'_>) -> Result<(), String> {
    let report: Report = document(source)?;
    for test in report.tests {
        let ended = match test.outcome.as_str() {
            "passed" | "xpassed" | "rerun" => Ended::Pass,
            "failed" | "error" => Ended::Fail,
            _ => Ended::Skip,
        };
        let stages = [test.setup, test.call, test.teardown];
        let took: Vec<f64> = stages.iter().flatten().filter_map(|stage| stage.duration).collect();
        let message = stages.into_iter().flatten().find_map(|stage| stage.crash).and_then(|crash| crash.message);
        each(Item::Test(Case {
            duration_ms: (!took.is_empty()).then(|| super::seconds(took.iter().sum())).flatten(),
            message: message.filter(|_| ended.is_failure()),
            ..Case::new("pytest", test.nodeid, ended)
        }));
    }
    Ok(())
}
