//! Which lines a person would want to see.
//!
//! A line's weight is that of its heaviest kind (`rules/signs.toml`); lines of the failing step go first, repeated ones
//! and those that the same job's passing log has too go last, and of one kind each further line counts a little less,
//! so that ten lines show more than one side of a failure.

use super::known::Issue;
use super::lines::body;
use super::signs::SIGNS;
use crate::domain::evidence::{Category, ErrorLine};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};

/// Candidates kept while reading.
const KEPT: usize = 500;
/// Lines reported.
const REPORTED: usize = 10;
pub const TEXT_MAX: usize = 500;
/// Kinds remembered of one line.
const KINDS: usize = 4;
/// Different texts remembered, 16 bytes each and the table's own.
const SEEN_MAX: usize = 100_000;

/// Weight of a headline: no other words on the line make it less of one.
const HEADLINE: i32 = 95;
/// The same for a line that names a failing test.
const TEST_HEADLINE: i32 = 86;
/// What a line of the failing step counts more, on the scale of the weights.
const FAILING_STEP: i32 = 30;
/// What a line counts less that passing runs have too.
const IN_BASELINE: i32 = 60;
/// What each further line of a kind counts less.
const FURTHER: i32 = 3;
const FURTHER_MAX: i32 = 24;
/// What a line counts less that stands there more often than [`OFTEN`].
const REPEATED: i32 = 5;
const OFTEN: u32 = 15;
/// What a line weighs at least that shows a known issue, and what the issue's confidence adds.
const KNOWN_MIN: i32 = 68;
const KNOWN_MORE: f32 = 27.0;
/// By how much a line weighs less that a script holds rather than prints.
const IN_SCRIPT: i32 = 4;
/// Nobody reads a longer line at a glance, in bytes.
const LONG: usize = 700;
const FOR_LENGTH: i32 = 30;

/// Where a line stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub line: u64,
    pub step: u32,
    /// It seems to be part of a script's own text.
    pub script: bool,
}

#[derive(Clone, Debug)]
pub struct Candidate {
    pub weight: i32,
    pub line: u64,
    pub text: String,
    pub step: u32,
    /// Kinds by their place in the rules, heaviest first.
    pub kinds: Vec<usize>,
    pub issue: Option<&'static Issue>,
    key: u64,
}

#[derive(Debug, Default)]
pub struct Ranking {
    all: Vec<Candidate>,
    /// How often a text was seen, and in which step the last time.
    repeats: HashMap<u64, (u32, u32)>,
    floor: i32,
}

/// The text without numbers (but for zeros), spaces and what tools put before it, as a number: equal for lines that say the same.
pub fn key(text: &str) -> u64 {
    const LOOKED_AT: usize = 200;
    let text = body(text).unwrap_or(text);
    let mut kept = [0_u8; LOOKED_AT];
    let mut len = 0;
    let mut number = Number::None;
    for byte in text.bytes() {
        match byte {
            b' ' | b'\t' => {}
            b'0' if number != Number::Other => number = Number::Zero,
            b'0'..=b'9' => number = Number::Other,
            _ => {
                // `Failures: 0` and `Failures: 3` are not the same.
                if std::mem::replace(&mut number, Number::None) == Number::Zero && len + 1 < LOOKED_AT {
                    kept[len] = b'0';
                    len += 1;
                }
                kept[len] = byte;
                len += 1;
                if len == LOOKED_AT {
                    break;
                }
            }
        }
    }
    let mut hash = DefaultHasher::new();
    hash.write(&kept[..len]);
    hash.write_u8(u8::from(number == Number::Zero));
    hash.finish()
}

/// The number that a text stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Number {
    None,
    Zero,
    Other,
}

fn weigh(text: &str, kinds: &[usize], issue: Option<&Issue>) -> i32 {
    let rows = || kinds.iter().map(|kind| &SIGNS.rows[*kind]);
    if let Some(cap) = rows().filter(|row| row.cap).map(|row| row.weight).min() {
        return cap;
    }
    #[expect(clippy::cast_possible_truncation, reason = "confidence is at most 1")]
    let known = issue.map_or(0, |issue| KNOWN_MIN + (KNOWN_MORE * issue.confidence) as i32);
    let mut weight = rows().map(|row| row.weight).max().unwrap_or(0).max(known);
    if text.len() > LONG {
        weight -= FOR_LENGTH;
    }
    // Names of tests say what should not be.
    let of_test = rows().any(|row| row.category == Some(Category::Test) && row.weight >= TEST_HEADLINE);
    if weight < HEADLINE && !of_test && SIGNS.is_decoy(text.as_bytes()) {
        weight /= 3;
    }
    weight
}

impl Ranking {
    /// Whether a line with this key was there before. Counts it, and notes its step.
    pub fn again(&mut self, key: u64, place: Place) -> bool {
        // What a script holds it may print as well.
        if place.script || (self.repeats.len() >= SEEN_MAX && !self.repeats.contains_key(&key)) {
            return false;
        }
        let (seen, step) = self.repeats.entry(key).or_default();
        *seen += 1;
        *step = place.step;
        *seen > 1
    }

    /// Takes in a line of these kinds that shows this known issue. Answers its weight.
    pub fn line(
        &mut self,
        place: Place,
        key: u64,
        text: &str,
        mut kinds: Vec<usize>,
        issue: Option<&'static Issue>,
    ) -> i32 {
        kinds.sort_by_key(|kind| std::cmp::Reverse(SIGNS.rows[*kind].weight));
        let mut weight = weigh(text, &kinds, issue);
        if place.script {
            weight /= IN_SCRIPT;
        }
        kinds.truncate(KINDS);
        if weight <= 0 {
            return 0;
        }
        if weight >= self.floor {
            let text = text.trim().chars().take(TEXT_MAX).collect();
            self.all.push(Candidate { weight, line: place.line, text, step: place.step, kinds, issue, key });
            if self.all.len() >= KEPT * 2 {
                self.shrink();
            }
        }
        weight
    }

    fn shrink(&mut self) {
        // Of equals the later stay: what failed stands nearer to the end.
        self.all.sort_by(|a, b| b.weight.cmp(&a.weight).then(b.line.cmp(&a.line)));
        self.all.truncate(KEPT);
        self.floor = self.all.last().map_or(0, |last| last.weight);
    }

    /// Candidates with their scores, best first. `failing` is the step that failed, where the runner says so.
    pub fn finish(mut self, failing: Option<u32>, green: Option<&HashSet<u64>>) -> Vec<(i32, Candidate)> {
        let mut left: Vec<(i32, Candidate)> = std::mem::take(&mut self.all)
            .into_iter()
            .map(|candidate| (self.score(&candidate, failing, green), candidate))
            .collect();
        left.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.line.cmp(&b.1.line)));
        let mut further: HashMap<Option<usize>, i32> = HashMap::new();
        for (score, candidate) in &mut left {
            let seen = further.entry(candidate.kinds.first().copied()).or_default();
            *score -= (*seen * FURTHER).min(FURTHER_MAX);
            *seen += 1;
        }
        left.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.line.cmp(&b.1.line)));
        left
    }

    fn score(&self, candidate: &Candidate, failing: Option<u32>, green: Option<&HashSet<u64>>) -> i32 {
        let mut score = candidate.weight;
        let (seen, last_step) = self.repeats.get(&candidate.key).copied().unwrap_or((1, candidate.step));
        if failing.is_some_and(|failing| failing == candidate.step || failing == last_step) {
            score += FAILING_STEP;
        }
        if seen > OFTEN {
            score -= REPEATED;
        }
        if green.is_some_and(|green| green.contains(&candidate.key)) {
            score -= IN_BASELINE;
        }
        score
    }
}

/// The lines to report, best first, and which of them to quote: where the best only frames or announces an error, the
/// best of its step that says what is wrong.
pub fn reported(ranked: &[(i32, Candidate)]) -> (Vec<ErrorLine>, usize) {
    let positive = || ranked.iter().filter(|(score, _)| *score > 0).map(|(_, line)| line);
    let mut lines: Vec<&Candidate> = positive().take(REPORTED).collect();
    let tells = |line: &Candidate| !is_banner(&line.text) && !is_bare(&line.text);
    let quoted = match lines.first() {
        Some(first) if !tells(first) => {
            positive().position(|line| line.step == first.step && line.weight >= TELLING && tells(line)).unwrap_or(0)
        }
        _ => 0,
    };
    if quoted >= REPORTED {
        lines.pop();
        lines.extend(positive().nth(quoted));
    }
    let lines = lines.into_iter().map(|c| ErrorLine { line: c.line, text: c.text.as_str().into() }).collect();
    (lines, quoted.min(REPORTED - 1))
}

/// A line of this weight says what is wrong.
const TELLING: i32 = 66;

/// `ERROR tests/test_a.py`, as pytest sums up a module that it could not import: why stands elsewhere.
fn is_bare(text: &str) -> bool {
    let name = body(text).unwrap_or(text).trim().strip_prefix("ERROR ");
    name.is_some_and(|name| name.ends_with(".py") && !name.contains(' '))
}

/// Whether a line is a banner (`==== ERRORS ====`, `____ test_a ____`), nothing but punctuation, or progress.
fn is_banner(text: &str) -> bool {
    const RULE: usize = 4;
    let text = body(text).unwrap_or(text).trim();
    let Some(sign) = text.chars().next() else { return true };
    let rule = |count: usize| !sign.is_alphanumeric() && count >= RULE;
    let (before, after) =
        (text.chars().take_while(|c| *c == sign).count(), text.chars().rev().take_while(|c| *c == sign).count());
    // A rule on one side alone may be a list's or a diff's mark.
    if rule(before) && rule(after) {
        return true;
    }
    let words = text.chars().any(char::is_alphabetic);
    !words || is_progress(text)
}

/// `[ 45%] tests/…`, `45% |████    |`.
fn is_progress(text: &str) -> bool {
    let number = text.trim_start_matches(['[', '(', ' ']);
    let rest = number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    rest.len() < number.len() && rest.starts_with('%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banners_are_told_from_errors() {
        for banner in [
            "____________ ERROR collecting tests/test_a.py ____________",
            "==================================== ERRORS ====================================",
            "!!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!",
            "----------",
            "[ 45%] Building CXX object error.o",
            "100% |████████████|",
            "...F.E..",
            "",
        ] {
            assert_eq!(is_banner(banner), !banner.contains('F'), "{banner}");
        }
        for error in [
            "E   ModuleNotFoundError: No module named 'flask'",
            "--- FAIL: TestX (0.00s)",
            "    error: x",
            "==> Error: the cask is gone",
            "*** [Makefile:3: all] Error 2",
        ] {
            assert!(!is_banner(error), "{error}");
        }
    }
}
