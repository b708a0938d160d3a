//! Jest's `--json` (jestjs.io, "testResultsProcessor"), and Vitest's reporter of the same form.

use super::{Case, Each, Item, document, names_members};
use crate::domain::outcome::Ended;
use serde::Deserialize;
use std::io::BufRead;

pub fn begins(head: &[u8]) -> bool {
    names_members(head, &["numTotalTestSuites"]) || names_members(head, &["numFailedTestSuites"])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    #[serde(default)]
    test_results: Vec<File>,
    /// Jest alone has these.
    #[serde(default)]
    num_runtime_error_test_suites: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    assertion_results: Vec<Assertion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    #[serde(default)]
    ancestor_titles: Vec<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    duration: Option<f64>,
    #[serde(default)]
    failure_messages: Option<Vec<String>>,
}

pub fn read(source: &mut dyn BufRead, each: &mut Each<'_>) -> Result<(), String> {
    let results: Results = document(source)?;
    let (framework, joint) = match results.num_runtime_error_test_suites {
        Some(_) => ("jest", " › "),
        None => ("vitest", " > "),
    };
    for file in results.test_results {
        let path = file.name.as_deref().map(inside);
        for one in file.assertion_results {
            let titles: Vec<&str> =
                one.ancestor_titles.iter().chain([&one.title]).map(String::as_str).filter(|t| !t.is_empty()).collect();
            let ended = match one.status.as_deref() {
                Some("passed") => Ended::Pass,
                Some("failed") => Ended::Fail,
                _ => Ended::Skip,
            };
            let message = one.failure_messages.and_then(|all| all.into_iter().next());
            each(Item::Test(Case {
                selector: Some(titles.join(" ")),
                file: path.map(str::to_owned),
                duration_ms: one.duration.and_then(|ms| super::seconds(ms / 1_000.0)),
                message,
                ..Case::new(framework, titles.join(joint), ended)
            }));
        }
    }
    Ok(())
}

/// The path within the repository: GitHub's runners check out to `…/work/shop/shop` or `D:\a\shop\shop`.
fn inside(path: &str) -> &str {
    for (root, separator) in [("/work/", '/'), ("\\a\\", '\\')] {
        let Some((_, rest)) = path.split_once(root) else { continue };
        let mut parts = rest.splitn(3, separator);
        if let (Some(one), Some(again), Some(rest)) = (parts.next(), parts.next(), parts.next())
            && one == again
        {
            return rest;
        }
    }
    path
}
