//! The rows of `rules/redaction.toml`, and how one of them masks.

use super::spared::Around;
use regex::Regex;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

/// What stands where a secret stood.
pub const MASK: &str = "[redacted]";

/// How many secrets each rule masked.
pub type Counts = BTreeMap<String, u64>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    words: Vec<String>,
    #[serde(default)]
    shape: Option<Shape>,
    pattern: String,
    #[serde(default)]
    entropy: f64,
    /// Whether the words begin secrets, so that they can be told in other encodings.
    #[serde(default)]
    prefix: bool,
    /// What stands before the secret tells it, not its own letters.
    #[serde(default)]
    by_name: bool,
    /// Whether a value has to look like a key: letters and digits in turns.
    #[serde(default)]
    opaque: bool,
    sample: [String; 3],
    #[serde(default)]
    spared: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Row>,
}

/// What a secret without a rare word looks like from afar.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    /// `://…@` before the next slash.
    Userinfo,
    /// Two full stops with six characters between them.
    Dotted,
    /// A run of letters and digits as long as a key.
    Mixed,
    /// A random run of letters and digits after `_` or `-`.
    Prefixed,
}

/// Shorter runs are no keys.
const RUN_MIN: usize = 16;
/// A key changes at least so often from letters to digits or back. Of 16 random hexadecimal digits, 1 in 200 does not.
const TURNS_MIN: usize = 3;

/// Shorter runs after a prefix are names as often as tokens.
const TOKEN_MIN: usize = 24;
/// What stands after a prefix in the clean logs of docs/evidence.md takes fewer turns, unless it is a digest.
const TOKEN_TURNS_MIN: usize = 6;

/// Runs of at least [`TOKEN_MIN`] letters and digits. One byte in so many tells that there is none around it.
fn runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let mut at = from + TOKEN_MIN - 1;
        while at < text.len() {
            let gap = |b: &u8| !b.is_ascii_alphanumeric();
            let start = text[from..=at].iter().rposition(gap).map_or(from, |gap| from + gap + 1);
            let end = text[at..].iter().position(gap).map_or(text.len(), |gap| at + gap);
            from = end.max(start);
            if end >= start + TOKEN_MIN {
                return Some(start..end);
            }
            at = from.max(start) + TOKEN_MIN - 1;
        }
        None
    })
}

/// Whether a run is as random as a token, and no digest: hexadecimal, in base64 with its padding, or of one case and short.
fn is_token(run: &[u8]) -> bool {
    const ONE_CASE_MIN: usize = 32;
    let has = |range: std::ops::RangeInclusive<u8>| run.iter().any(|b| range.contains(b));
    let mixed = has(b'a'..=b'z') && has(b'A'..=b'Z');
    run.iter().all(u8::is_ascii_alphanumeric)
        && (mixed || run.len() >= ONE_CASE_MIN)
        && (has(b'g'..=b'z') || has(b'G'..=b'Z'))
        && turns(run) >= TOKEN_TURNS_MIN
}

/// How often letters and digits take turns in this text.
fn turns(text: &[u8]) -> usize {
    let mut last = None;
    let mut count = 0;
    for digit in text.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::is_ascii_digit) {
        count += usize::from(last.is_some_and(|last| last != digit));
        last = Some(digit);
    }
    count
}

impl Shape {
    fn is_in(self, text: &[u8]) -> bool {
        match self {
            Self::Userinfo => memchr::memmem::find_iter(text, b"://").any(|at| {
                let rest = &text[at + 3..text.len().min(at + 3 + 1_024)];
                let end = rest.iter().position(|b| matches!(b, b'/' | b'"' | b'\'' | b' ' | b'\n' | b'@'));
                end.is_some_and(|end| rest[end] == b'@')
            }),
            Self::Dotted => {
                // Shorter texts have no room for one: 24, 6 and 27 characters, and two full stops.
                text.len() >= 59
                    && memchr::memchr_iter(b'.', text).any(|at| at >= 24 && text.get(at + 7) == Some(&b'.'))
            }
            Self::Mixed => text
                .split(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'_' | b'-'))
                .any(|run| run.len() >= RUN_MIN && run.iter().any(u8::is_ascii_digit)),
            Self::Prefixed => runs(text)
                .any(|run| run.start > 2 && matches!(text[run.start - 1], b'_' | b'-') && is_token(&text[run])),
        }
    }
}

pub struct Rule {
    id: String,
    pub words: Vec<String>,
    shape: Option<Shape>,
    pattern: LazyLock<Regex, Box<dyn FnOnce() -> Regex + Send>>,
    /// Bits of Shannon entropy a byte, below which a value is not taken for a secret.
    entropy: f64,
    /// It goes by the name before the value, not by the value.
    pub by_name: bool,
    opaque: bool,
    #[cfg_attr(not(test), expect(dead_code, reason = "tests plant samples"))]
    pub sample: [String; 3],
    #[cfg_attr(not(test), expect(dead_code, reason = "tests look at what is spared"))]
    pub spared: Vec<String>,
}

pub struct Rules {
    pub all: Vec<Rule>,
    /// The rules that have a shape and no word.
    pub wordless: Vec<usize>,
    /// Words that begin secrets.
    pub prefixes: Vec<String>,
}

pub static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("../../../rules/redaction.toml")).expect("the shipped rules are valid");
    let prefixes = file.rule.iter().filter(|row| row.prefix).flat_map(|row| row.words.clone()).collect();
    let all: Vec<Rule> = file.rule.into_iter().map(Rule::new).collect();
    let wordless = (0..all.len()).filter(|at| all[*at].words.is_empty()).collect();
    Rules { all, wordless, prefixes }
});

impl Rule {
    fn new(row: Row) -> Self {
        let text = format!("(?s){}", row.pattern);
        let compile = move || Regex::new(&text).expect("the shipped patterns are valid");
        Self {
            id: row.id,
            words: row.words,
            shape: row.shape,
            // Most texts need few of the patterns.
            pattern: LazyLock::new(Box::new(compile)),
            entropy: row.entropy,
            by_name: row.by_name,
            opaque: row.opaque,
            sample: row.sample,
            spared: row.spared,
        }
    }

    /// The text with this rule's secrets masked, where it has any.
    pub fn mask(&self, text: &str, counts: &mut Counts) -> Option<String> {
        if self.shape.is_some_and(|shape| !shape.is_in(text.as_bytes())) {
            return None;
        }
        // Most lines with a rule's word have no secret, and captures are dear.
        if !self.pattern.is_match(text) {
            return None;
        }
        let around = Around::new(text);
        let mut out = String::new();
        let mut from = 0;
        for found in self.pattern.captures_iter(text) {
            let Some(secret) = found.name("secret").or_else(|| found.get(0)) else { continue };
            let harmless = self.by_name && around.is_harmless(secret.range());
            if harmless || !self.is_secret(secret.as_str()) {
                continue;
            }
            out.push_str(&text[from..secret.start()]);
            out.push_str(MASK);
            from = secret.end();
            *counts.entry(self.id.clone()).or_default() += 1;
        }
        if from == 0 {
            return None;
        }
        out.push_str(&text[from..]);
        Some(out)
    }

    fn is_secret(&self, value: &str) -> bool {
        !value.is_empty()
            && value != MASK
            && !value.starts_with("***")
            && (!self.opaque || is_key(value))
            && (!matches!(self.shape, Some(Shape::Prefixed)) || is_token(value.as_bytes()))
            && (self.entropy <= 0.0 || is_random(value, self.entropy))
    }
}

/// Letters and digits in turns, or in one long run; no words with numbers.
fn is_key(value: &str) -> bool {
    const LONG: usize = 20;
    let turns = turns(value.as_bytes());
    let long = value.len() >= LONG && turns >= 1 && value.bytes().all(|b| b.is_ascii_alphanumeric());
    (turns >= TURNS_MIN || long) && !is_phrase(value)
}

/// Random enough, and not one of the things that only look so: paths, digests, UUIDs, addresses, plain words, code.
fn is_random(value: &str, bits: f64) -> bool {
    let hexish = value.len() >= 32 && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let wordy = !value.bytes().any(|b| b.is_ascii_digit());
    let mixed = value.bytes().any(|b| b.is_ascii_uppercase()) && value.bytes().any(|b| b.is_ascii_lowercase());
    let base64 = mixed && value.len() >= 32 && !value.starts_with('/') && !value.contains('.');
    let pathy = (value.matches('/').count() > 1 && !base64) || value.starts_with("sha") || value.contains("...");
    !hexish && !wordy && !pathy && !is_phrase(value) && entropy(value) >= bits
}

/// Words with hyphens, underscores or full stops between them, and a number or two: `my-app-tls-2024`.
fn is_phrase(value: &str) -> bool {
    const NUMBER_MAX: usize = 6;
    let parts: Vec<&str> = value.split(['-', '_', '.', '/']).collect();
    let plain = |part: &&str| {
        let number = part.len() <= NUMBER_MAX && part.bytes().all(|b| b.is_ascii_digit());
        let version = part.len() <= 4;
        number || version || part.bytes().all(|b| b.is_ascii_lowercase())
    };
    parts.len() >= 2 && parts.iter().all(plain)
}

/// Shannon entropy in bits a byte.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|b| counts[usize::from(b)] += 1);
    let all = text.len() as f64;
    counts.iter().filter(|n| **n > 0).map(|n| f64::from(*n) / all).map(|p| -p * p.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

    #[test]
    fn every_rule_masks_a_thousand_samples_and_spares_its_near_misses() {
        let mut wrong = Vec::new();
        for rule in &RULES.all {
            let [before, secret, after] = &rule.sample;
            let secrets = proptest::string::string_regex(secret).unwrap();
            let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            let mut runner =
                TestRunner::new_with_rng(Config { cases: 1_000, failure_persistence: None, ..Config::default() }, rng);
            runner
                .run(&secrets, |secret| {
                    let line = format!("{before}{secret}{after}");
                    let masked = crate::evidence::redact::text(&line, &mut Counts::new()).into_owned();
                    prop_assert!(!masked.contains(&secret), "{}: {line} -> {masked}", rule.id);
                    prop_assert!(masked.contains(MASK), "{}: {masked}", rule.id);
                    Ok(())
                })
                .unwrap();
            assert!(!rule.spared.is_empty(), "{}", rule.id);
            let masked = |near: &&String| crate::evidence::redact::text(near, &mut Counts::new()) != near.as_str();
            wrong.extend(rule.spared.iter().filter(masked));
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn what_only_a_name_tells_is_left_alone_in_the_name_of_a_test() {
        for rule in RULES.all.iter().filter(|rule| rule.by_name) {
            let [before, secret, after] = &rule.sample;
            let secrets = proptest::string::string_regex(secret).unwrap();
            let mut runner = TestRunner::deterministic();
            for _ in 0..100 {
                let planted = format!("{before}{}{after}", secrets.new_tree(&mut runner).unwrap().current());
                for line in [
                    format!("FAILED tests/test_api.py::test_auth[{planted}] - AssertionError"),
                    format!("  \u{25cf} login \u{203a} refuses {planted}"),
                    format!("test auth::{planted} ... FAILED"),
                    format!("--- FAIL: TestLogin/{} (0.00s)", planted.replace(' ', "_")),
                ] {
                    assert_eq!(crate::evidence::redact::text(&line, &mut Counts::new()), line, "{}", rule.id);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn runs_are_those_that_a_plain_walk_finds(text in "[a1_ ]{0,9}([a-z0-9]{20,30}[_ .-]{0,2}){0,4}[a1 ]{0,9}") {
            let mut plain = Vec::new();
            let mut start = 0;
            for (at, byte) in text.bytes().chain([b' ']).enumerate() {
                if !byte.is_ascii_alphanumeric() {
                    if at - start >= TOKEN_MIN {
                        plain.push(start..at);
                    }
                    start = at + 1;
                }
            }
            prop_assert_eq!(runs(text.as_bytes()).collect::<Vec<_>>(), plain);
        }
    }

    #[test]
    fn rules_mask_by_themselves() {
        // A sample must be found by its own rule, not by luck through another.
        for rule in &RULES.all {
            let secrets = proptest::string::string_regex(&rule.sample[1]).unwrap();
            let mut runner = TestRunner::deterministic();
            let secret = secrets.new_tree(&mut runner).unwrap().current();
            let line = format!("{}{secret}{}", rule.sample[0], rule.sample[2]);
            let mut counts = Counts::new();
            assert!(rule.mask(&line, &mut counts).is_some(), "{}: {line}", rule.id);
            let lower = line.to_ascii_lowercase();
            let worded =
                rule.words.is_empty() || rule.words.iter().any(|word| lower.contains(&word.to_ascii_lowercase()));
            assert!(worded, "{}: no word of the rule is in {line}", rule.id);
        }
    }
}
