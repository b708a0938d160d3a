//! Lines of history that are imported.

use super::house::wait;
use ci_rescue::domain::outcome::Outcome;
use ci_rescue::engine::history::{BATCH, classify, import};
use ci_rescue::history::line::read;
use ci_rescue::store::{Ledger, Memory};
use serde_json::{Value, json};

/// Longer times lose a part of a millisecond on their way.
const EXACT_MS: u64 = 1_000_000_000;

/// The line that says what was read. `at` is as it was written.
fn printed(outcome: &Outcome, at: &Value) -> Vec<u8> {
    let line = json!({"repo": outcome.repo, "branch": outcome.branch, "default_branch": outcome.default_branch,
        "sha": outcome.sha, "run_id": outcome.run, "attempt": outcome.attempt, "workflow": outcome.workflow,
        "job": outcome.job, "test": outcome.test, "outcome": outcome.ended, "at": at,
        "duration_ms": outcome.duration_ms, "fingerprint": outcome.fingerprint});
    line.to_string().into_bytes()
}

/// Whether the line can be read; then what it says is printed and read again the same.
fn is_good(line: &[u8]) -> bool {
    let Ok(outcome) = read(line) else { return false };
    assert!(!outcome.repo.is_empty() && !outcome.job.is_empty() && outcome.attempt > 0);
    let at = serde_json::from_slice::<Value>(line).ok().map(|value| value["at"].clone());
    let is_exact = outcome.duration_ms.is_none_or(|ms| ms < EXACT_MS);
    if let Some(at) = at.filter(|_| is_exact) {
        assert_eq!(read(&printed(&outcome, &at)).as_ref(), Ok(&outcome));
    }
    true
}

/// Each line is counted once, and importing again changes nothing. What is asked of a failure is answered line by line.
pub fn history(data: &[u8]) {
    const BAD_SHOWN: usize = 5;
    let lines = data.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let all: Vec<bool> = lines.map(is_good).collect();
    assert!(all.len() < BATCH);
    let good = all.iter().filter(|good| **good).count() as u64;
    let store = Ledger::open(Memory::default()).expect("a ledger");
    let first = wait(import(&store, data, 0)).expect("the store works");
    assert_eq!((first.new + first.known, first.bad), (good, all.len() as u64 - good));
    assert!(first.why.len() <= BAD_SHOWN && first.why.iter().all(|(_, why)| !why.is_empty()));
    let again = wait(import(&store, data, 0)).expect("the store works");
    assert_eq!((again.new, again.known, again.bad), (0, good, first.bad));
    let judged = wait(classify(&store, data)).expect("the store works");
    assert_eq!(judged.len(), all.len());
    for said in judged.into_iter().flatten() {
        assert!((0.0..1.000_001).contains(&said.p_flaky), "{said:?}");
    }
}
