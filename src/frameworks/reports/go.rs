//! Go's `go test -json` (`go doc test2json`): one event a line.

use super::{Case, Each, Item, lines};
use crate::domain::outcome::Ended;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::BufRead;

/// Of a longer line the beginning is read: no event but output is as long.
const LINE_MAX: u64 = 64 << 10;
/// Tests whose first line of output is remembered until they end.
const WAITING_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow, default)]
    package: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    test: Option<Cow<'a, str>>,
    #[serde(default)]
    elapsed: Option<f64>,
    #[serde(borrow, default)]
    output: Option<Cow<'a, str>>,
}

pub fn begins(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    super::names_members(line, &["Action", "Package"]) || super::names_members(line, &["Action", "ImportPath"])
}

pub fn read(source: &mut dyn BufRead, each: &mut Each<'_>) -> Result<(), String> {
    let mut said: HashMap<(String, String), String> = HashMap::new();
    let mut any = false;
    lines(source, LINE_MAX, &mut |line| {
        // A build prints among the events.
        let Ok(told) = serde_json::from_slice::<Told<'_>>(line) else { return };
        any = true;
        let Some(test) = &told.test else { return };
        let key = (told.package.as_deref().unwrap_or_default().to_owned(), test.to_string());
        let ended = match &*told.action {
            "output" => {
                let output = told.output.as_deref().unwrap_or_default().trim();
                if tells(output) && said.len() < WAITING_MAX {
                    said.entry(key).or_insert_with(|| output.to_owned());
                }
                return;
            }
            "pass" => Ended::Pass,
            "fail" => Ended::Fail,
            "skip" => Ended::Skip,
            _ => return,
        };
        let message = said.remove(&key).filter(|_| ended.is_failure());
        each(Item::Test(Case {
            selector: Some(crate::frameworks::go::selector(test)),
            duration_ms: told.elapsed.and_then(super::seconds),
            message,
            ..Case::new("go", test.as_ref(), ended)
        }));
    })?;
    if any { Ok(()) } else { Err("no event in it".into()) }
}

/// Whether a line says more than that a test runs.
fn tells(output: &str) -> bool {
    !output.is_empty() && !["===", "---"].iter().any(|mark| output.starts_with(mark))
}
