//! The Test Anything Protocol (testanything.org, versions 12 to 14): `ok 1 - name`, `not ok 2 - name # TODO why`, with
//! durations as Node's runner (`duration_ms:` in the block below) and tap (`# time=12ms`) write them.

use super::{Case, Each, Item, lines};
use crate::domain::outcome::Ended;
use regex::Regex;
use std::io::BufRead;
use std::sync::LazyLock;

/// Of a longer line the beginning is read.
const LINE_MAX: u64 = 64 << 10;

static PLAN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^1\.\.\d+\s*(?:#.*)?$").expect("a pattern"));
static RESULT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*(not )?ok\b(?: +\d+)?(?: +-)? *(.*?)\s*\{?$").expect("a pattern"));
static DIRECTIVE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i) # *(?:todo|skip\S*)\b.*$").expect("a pattern"));
static TIMED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r" # (?:time|duration)(?:_ms)?[= ](\d+(?:\.\d+)?)(ms|s)?.*$").expect("a pattern"));
static BLOCK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*duration_ms: *(\d+(?:\.\d+)?)").expect("a pattern"));

pub fn begins(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    line.starts_with("TAP version ") || PLAN.is_match(line.trim_end())
}

pub fn read(source: &mut dyn BufRead, each: &mut Each<'_>) -> Result<(), String> {
    let mut open: Option<Case> = None;
    lines(source, LINE_MAX, &mut |line| {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end();
        if let Some(case) = case(line) {
            open.replace(case).map(Item::Test).into_iter().for_each(&mut *each);
        } else if let (Some(case), Some(found)) = (&mut open, BLOCK.captures(line)) {
            case.duration_ms = milliseconds(&found[1], 1.0);
        }
    })?;
    open.map(Item::Test).into_iter().for_each(each);
    Ok(())
}

fn milliseconds(text: &str, of: f64) -> Option<u64> {
    super::seconds(text.parse::<f64>().ok()? * of / 1_000.0)
}

fn case(line: &str) -> Option<Case> {
    let found = RESULT.captures(line)?;
    let failed = found.get(1).is_some();
    let mut name = found[2].to_owned();
    let mut duration = None;
    if let Some(timed) = TIMED.captures(&name) {
        let of = if timed.get(2).is_some_and(|unit| unit.as_str() == "s") { 1_000.0 } else { 1.0 };
        duration = milliseconds(&timed[1], of);
        name.truncate(timed.get(0).map_or(0, |whole| whole.start()));
    }
    // A test that is to be written, or skipped, counts neither way.
    let excused = DIRECTIVE.find(&name).map(|directive| directive.start());
    if let Some(at) = excused {
        name.truncate(at);
    }
    let ended = match (excused, failed) {
        (Some(_), _) => Ended::Skip,
        (None, true) => Ended::Fail,
        (None, false) => Ended::Pass,
    };
    (!name.is_empty()).then(|| Case { duration_ms: duration, ..Case::new("tap", name, ended) })
}
