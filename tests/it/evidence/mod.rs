//! The log engine from outside: files, archives, secrets, fingerprints, scores.

mod archives;
mod cli;
mod fingerprints;
mod formats;
mod kinds;
mod order;
mod people;
mod properties;
mod rules;
mod samples;
mod scores;
mod secrets;
mod unseen;
mod whole;

use ci_rescue::domain::evidence::Evidence;
use ci_rescue::evidence::{Analyzer, Reading};
use std::io::Read;
use std::path::PathBuf;

/// Reads a log in chunks of this many bytes.
pub fn read_in(log: &[u8], chunk: usize) -> Reading {
    let mut analyzer = Analyzer::default();
    log.chunks(chunk).for_each(|part| analyzer.feed(part));
    analyzer.finish()
}

pub fn read(log: &[u8]) -> Evidence {
    read_in(log, 4_096).evidence
}

/// The folder of real logs, where there is one.
pub fn logs() -> Option<PathBuf> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/logs");
    if dir.join("index.jsonl").is_file() {
        return Some(dir);
    }
    println!("skipped: no ../shared/data");
    None
}

/// A row of `index.jsonl`.
#[derive(Clone, serde::Deserialize)]
pub struct Row {
    pub file: String,
    pub error_lines: Vec<String>,
    pub failing_tests: Vec<String>,
    pub category: String,
    pub category_alt: Vec<String>,
    pub exit_code: Option<i32>,
    pub same_failure_group: Option<String>,
    pub pass_log: Option<String>,
    /// Whether its misses were looked at; of our own logs alone.
    #[serde(default)]
    pub split: Option<String>,
}

pub fn rows(dir: &std::path::Path) -> Vec<Row> {
    let index = std::fs::read_to_string(dir.join("index.jsonl")).unwrap();
    index.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A log of the folder, expanded.
pub fn text(dir: &std::path::Path, file: &str) -> Vec<u8> {
    let bytes = std::fs::read(dir.join(file)).unwrap();
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes;
    }
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut out).unwrap();
    out
}
