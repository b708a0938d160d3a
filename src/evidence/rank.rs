//! Which lines a person would want to see.
//!
//! A line's weight is that of its heaviest kind (`rules/signs.toml`); lines of the failing step go first, repeated ones
//! and those that the same job's passing log has too go last, and of one kind each further line counts a little less,
//! so that ten lines show more than one side of a failure.

use super::excerpt::cut;
use super::headings;
use super::known::Issue;
use super::lines::body;
use super::prose;
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
const FAILING_STEP: i32 = 50;
/// What a line of a step counts less that passed.
const PASSED: i32 = 25;
/// What a line counts less that follows what ended the failing step: clean-ups, service containers, uploads.
const AFTER_END: i32 = 45;
/// What a line counts more that stands so near before it.
const LAST: i32 = 4;
const LAST_LINES: u64 = 60;
const WEAK: i32 = 76;
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

/// So many lines after a heading, what it announces may stand.
const ANNOUNCED_WITHIN: u64 = 3;

/// What a bare heading weighs at most, and what one weighs at least that announces something.
const HEADING_MAX: i32 = 40;
const ANNOUNCES: i32 = 40;
/// A step's last words, where they are no error, and what only tells how it ended.
const LAST_SAID: i32 = 66;
/// The same where a step before it has a line of an error that is one for sure, of this weight.
const LAST_BESIDE: i32 = 12;
const SURE: i32 = 92;
/// Lines shown of what a step printed last, less than any that tells of an error.
const CONTEXT: usize = 8;
const CONTEXT_WEIGHT: i32 = 1;
const ENDING: i32 = 20;
/// A shorter line says nothing.
const SAYS_MIN: usize = 6;

/// Where a line stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub line: u64,
    pub step: u32,
    /// It seems to be part of a script's own text.
    pub script: bool,
}

/// The step that failed, and the line that said that it ended, where the runner says so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Failing {
    pub step: Option<u32>,
    pub end: Option<u64>,
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

impl Candidate {
    /// It says only that something within failed.
    fn wraps(&self) -> bool {
        self.issue.is_none() && !self.kinds.is_empty() && self.kinds.iter().all(|kind| SIGNS.rows[*kind].wraps)
    }
}

#[derive(Debug, Default)]
pub struct Ranking {
    all: Vec<Candidate>,
    /// How often a text was seen, and in which step the last time.
    repeats: HashMap<u64, (u32, u32)>,
    floor: i32,
    /// A heading was read: one of the next lines says what it announces.
    announced: Option<Announced>,
}

/// What a heading said of the line that follows.
#[derive(Debug)]
struct Announced {
    kinds: Vec<usize>,
    step: u32,
    until: u64,
}

/// The text without numbers (but for zeros), spaces and what tools put before it, as a number: equal for lines that say the same.
pub fn key(text: &str) -> u64 {
    key_of(body(text).unwrap_or(text))
}

/// The same for a text without what tools put before it.
pub fn key_of(text: &str) -> u64 {
    const LOOKED_AT: usize = 200;
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
    // Names of tests say what should not be, and stand first, however much follows.
    let of_test = rows().any(|row| row.category == Some(Category::Test) && row.weight >= TEST_HEADLINE);
    if text.len() > LONG && !of_test {
        weight -= FOR_LENGTH;
    }
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

    /// Whether a line with this key is among those that may be shown.
    pub fn keeps(&self, key: u64) -> bool {
        self.all.iter().any(|line| line.key == key)
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
        if place.script || ["##[group]", "##[section]"].iter().any(|mark| text.starts_with(mark)) {
            weight /= IN_SCRIPT;
        } else if headings::is_bare(text) {
            if weight >= ANNOUNCES {
                let until = place.line + ANNOUNCED_WITHIN;
                self.announced = Some(Announced { kinds: kinds.clone(), step: place.step, until });
            }
            weight = weight.min(HEADING_MAX);
        } else if let Some(announced) = self.take_announced(place) {
            weight = weight.max(TELLING);
            kinds.extend(announced.kinds);
        }
        if weight > 0 {
            self.keep(place, key, text, weight, kinds, issue);
        }
        weight.max(0)
    }

    fn keep(
        &mut self,
        place: Place,
        key: u64,
        text: &str,
        weight: i32,
        mut kinds: Vec<usize>,
        issue: Option<&'static Issue>,
    ) {
        kinds.truncate(KINDS);
        if weight >= self.floor {
            let text = cut(text.trim()).to_owned();
            self.all.push(Candidate { weight, line: place.line, text, step: place.step, kinds, issue, key });
            if self.all.len() >= KEPT * 2 {
                self.shrink();
            }
        }
    }

    /// Whether a heading announced what may stand on the next line.
    pub fn is_waiting(&self) -> bool {
        self.announced.is_some()
    }

    /// Takes in a line that nobody listens for, after a heading.
    pub fn announced(&mut self, place: Place, text: &str) {
        let says = !place.script && text.trim().len() >= SAYS_MIN && !headings::is_heading(text);
        if says && let Some(announced) = self.take_announced(place) {
            self.keep(place, key(text), text, TELLING, announced.kinds, None);
        }
    }

    /// Takes in what a step printed last, where there is room to show it.
    pub fn context<'l>(&mut self, lines: impl Iterator<Item = (u64, &'l str)>, step: u32) {
        for (no, text) in lines.take(CONTEXT) {
            let place = Place { line: no, step, script: false };
            if !self.all.iter().any(|line| line.line == no) {
                self.keep(place, key(text), text, CONTEXT_WEIGHT, Vec::new(), None);
            }
        }
    }

    /// Takes in what a step printed last, last first, where it said nothing else but how it ended, or that something
    /// within it did.
    pub fn last<'l>(&mut self, lines: impl Iterator<Item = (u64, &'l str)>, step: u32) {
        let own = |line: &Candidate| line.step == step && line.weight > ENDING && !headings::is_heading(&line.text);
        if self.all.iter().any(|line| own(line) && !line.wraps()) {
            return;
        }
        let wrapped = self.all.iter().filter(|line| own(line)).map(|line| line.weight).max();
        let free = lines.filter(|(no, _)| self.all.iter().all(|line| line.line != *no));
        let Some((no, text)) = prose::telling(free) else { return };
        // A step before may have said what was wrong, and let it pass.
        let told = |line: &Candidate| line.step < step && line.weight >= SURE && !headings::is_heading(&line.text);
        let weight = match wrapped {
            Some(weight) if prose::refuses(text) => weight.max(LAST_SAID) + 1,
            _ if self.all.iter().any(told) => LAST_BESIDE,
            _ => LAST_SAID,
        };
        self.keep(Place { line: no, step, script: false }, key(text), text, weight, Vec::new(), None);
    }

    fn take_announced(&mut self, place: Place) -> Option<Announced> {
        self.announced.take().filter(|announced| announced.step == place.step && place.line <= announced.until)
    }

    fn shrink(&mut self) {
        // Of equals the later stay: what failed stands nearer to the end.
        self.all.sort_by(|a, b| b.weight.cmp(&a.weight).then(b.line.cmp(&a.line)));
        self.all.truncate(KEPT);
        self.floor = self.all.last().map_or(0, |last| last.weight);
    }

    /// Candidates with their scores, best first.
    pub fn finish(mut self, failing: Failing, green: Option<&HashSet<u64>>) -> Vec<(i32, Candidate)> {
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

    fn score(&self, candidate: &Candidate, failing: Failing, green: Option<&HashSet<u64>>) -> i32 {
        let mut score = candidate.weight;
        let (seen, last_step) = self.repeats.get(&candidate.key).copied().unwrap_or((1, candidate.step));
        if candidate.weight <= ENDING {
            // It says only that something failed, or stands beside what does.
            return score;
        }
        if failing.step.is_some_and(|step| step == candidate.step || step == last_step) {
            score += FAILING_STEP;
        } else if failing.step.is_some() && failing.end.is_some() {
            score -= PASSED;
        }
        if let Some(end) = failing.end {
            if candidate.line > end && last_step >= candidate.step {
                score -= AFTER_END;
            } else if candidate.weight < WEAK && end - candidate.line <= LAST_LINES {
                score += LAST;
            }
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

/// The lines to report, best first, and which of them to quote: where the best only frames, announces or names a
/// failure, the best of its step that says what is wrong.
pub fn reported(ranked: &[(i32, Candidate)]) -> (Vec<ErrorLine>, usize) {
    let positive = || ranked.iter().filter(|(score, _)| *score > 0).map(|(_, line)| line);
    let mut lines: Vec<&Candidate> = positive().take(REPORTED).collect();
    let quoted = lines.first().and_then(|first| quoted(first, ranked)).unwrap_or(0);
    if quoted >= REPORTED {
        lines.pop();
        lines.extend(positive().nth(quoted));
    }
    let lines = lines.into_iter().map(|c| ErrorLine { line: c.line, text: c.text.as_str().into() }).collect();
    (lines, quoted.min(REPORTED - 1))
}

/// Which line to quote instead of the best, by its place.
fn quoted(first: &Candidate, ranked: &[(i32, Candidate)]) -> Option<usize> {
    let rows = |line: &Candidate| line.kinds.iter().map(|kind| &SIGNS.rows[*kind]).collect::<Vec<_>>();
    let tells =
        |line: &Candidate| line.step == first.step && line.weight >= TELLING && !headings::is_heading(&line.text);
    let is_message = |line: &Candidate| rows(line).iter().any(|row| row.message);
    let find = |wanted: &dyn Fn(&Candidate) -> bool| {
        ranked.iter().take_while(|(score, _)| *score > 0).position(|(_, line)| tells(line) && wanted(line))
    };
    let names_test = rows(first).iter().any(|row| row.category == Some(Category::Test) && row.weight >= TEST_HEADLINE);
    if names_test && !is_message(first) {
        // What the test said is nearer to it than to another.
        let message =
            find(&|line| is_message(line) && line.line.abs_diff(first.line) <= NEAR).or_else(|| find(&is_message));
        if message.is_some() {
            return message;
        }
    }
    if headings::is_heading(&first.text) { find(&|_| true) } else { None }
}

/// A test's message stands at most so many lines away from its name.
const NEAR: u64 = 40;
/// A line of this weight says what is wrong.
const TELLING: i32 = 66;
