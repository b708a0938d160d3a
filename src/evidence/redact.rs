//! Secrets are masked before anything else looks. Rules are data, in `rules/redaction.toml`.
//!
//! A prefilter over literals decides whether a text is looked at more closely, so that clean text costs next to nothing.

use aho_corasick::AhoCorasick;
use regex::Regex;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What stands where a secret stood.
pub const MASK: &str = "[redacted]";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    #[serde(default)]
    hint: Vec<String>,
    #[serde(default)]
    shape: Option<Shape>,
    pattern: String,
    /// Bits of Shannon entropy a character, below which a value is not taken for a secret.
    #[serde(default)]
    entropy: f64,
}

#[derive(Deserialize)]
struct File {
    rule: Vec<Row>,
}

struct Rule {
    id: String,
    pattern: Regex,
    entropy: f64,
}

struct Rules {
    /// Any of the hints: most texts have none.
    any: AhoCorasick,
    /// Which of them.
    prefilter: AhoCorasick,
    /// The rule of each hint.
    owner: Vec<usize>,
    rules: Vec<Rule>,
    /// The rules that have no rare literal but a shape.
    shaped: Vec<(usize, Shape)>,
}

/// What a secret without a rare literal looks like from afar.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    /// `://…:…@` before the next slash.
    Userinfo,
    /// Two full stops with six characters between them.
    Dotted,
}

impl Shape {
    fn is_in(self, text: &[u8]) -> bool {
        match self {
            Self::Userinfo => memchr::memmem::find_iter(text, b"://").any(|at| {
                let rest = &text[at + 3..text.len().min(at + 3 + 1_024)];
                let end = rest.iter().position(|b| matches!(b, b'/' | b'"' | b'\'' | b' ' | b'\n' | b'@'));
                end.is_some_and(|end| rest[end] == b'@')
            }),
            Self::Dotted => memchr::memchr_iter(b'.', text).any(|at| text.get(at + 7) == Some(&b'.')),
        }
    }
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("../../rules/redaction.toml")).expect("the shipped rules are valid");
    let mut hints = Vec::new();
    let mut owner = Vec::new();
    let mut rules = Vec::new();
    let mut shaped = Vec::new();
    for (at, row) in file.rule.into_iter().enumerate() {
        shaped.extend(row.shape.map(|shape| (at, shape)));
        owner.extend(row.hint.iter().map(|_| at));
        hints.extend(row.hint);
        let pattern = Regex::new(&format!("(?s){}", row.pattern)).expect("the shipped patterns are valid");
        rules.push(Rule { id: row.id, pattern, entropy: row.entropy });
    }
    let prefilter = AhoCorasick::new(&hints).expect("the shipped hints are valid");
    let any = AhoCorasick::builder().match_kind(aho_corasick::MatchKind::LeftmostFirst).build(&hints);
    Rules { any: any.expect("the shipped hints are valid"), prefilter, owner, rules, shaped }
});

/// How many secrets each rule masked.
pub type Counts = BTreeMap<String, u64>;

/// The text with its secrets masked.
pub fn text<'a>(text: &'a str, counts: &mut Counts) -> Cow<'a, str> {
    let rules = &*RULES;
    let mut wanted: u64 = 0;
    for (at, shape) in &rules.shaped {
        if shape.is_in(text.as_bytes()) {
            wanted |= 1 << at;
        }
    }
    if wanted == 0 && !rules.any.is_match(text) {
        return Cow::Borrowed(text);
    }
    for hit in rules.prefilter.find_overlapping_iter(text) {
        wanted |= 1 << rules.owner[hit.pattern().as_usize()];
    }
    if wanted == 0 {
        return Cow::Borrowed(text);
    }
    let mut out = Cow::Borrowed(text);
    for (_, rule) in rules.rules.iter().enumerate().filter(|(at, _)| wanted & (1 << *at) != 0) {
        if let Some(masked) = apply(rule, &out, counts) {
            out = Cow::Owned(masked);
        }
    }
    out
}

fn apply(rule: &Rule, text: &str, counts: &mut Counts) -> Option<String> {
    let mut out = String::new();
    let mut from = 0;
    for found in rule.pattern.captures_iter(text) {
        let Some(secret) = found.name("secret").or_else(|| found.get(0)) else { continue };
        let value = secret.as_str();
        if value.is_empty()
            || value.contains(MASK)
            || value.starts_with("***")
            || (rule.entropy > 0.0 && !is_secret(value, rule.entropy))
        {
            continue;
        }
        out.push_str(&text[from..secret.start()]);
        out.push_str(MASK);
        from = secret.end();
        *counts.entry(rule.id.clone()).or_default() += 1;
    }
    if from == 0 {
        return None;
    }
    out.push_str(&text[from..]);
    Some(out)
}

/// Random enough, and not one of the things that only look so: paths, hex digests, UUIDs, plain words.
fn is_secret(value: &str, bits: f64) -> bool {
    let hexish = value.len() >= 32 && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let wordy = !value.bytes().any(|b| b.is_ascii_digit());
    let pathy = value.matches('/').count() > 1 || value.starts_with("sha256") || value.contains("...");
    !hexish && !wordy && !pathy && entropy(value) >= bits
}

/// Shannon entropy in bits a byte.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|b| counts[usize::from(b)] += 1);
    let all = text.len() as f64;
    counts.iter().filter(|n| **n > 0).map(|n| f64::from(*n) / all).map(|p| -p * p.log2()).sum()
}

/// A delivery's body, redacted: each string of a JSON document by itself, so that it stays one; other text as it is.
#[must_use]
pub fn body(bytes: &[u8]) -> String {
    let whole = String::from_utf8_lossy(bytes);
    let mut counts = Counts::new();
    // Escapes hide hints, and where a word begins: then the strings themselves are looked at.
    let escaped = memchr::memchr(b'\\', bytes).is_some();
    let hit = escaped || matches!(text(&whole, &mut counts), Cow::Owned(_));
    if !hit {
        return whole.into_owned();
    }
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(mut value) => {
            json(&mut value, &mut counts);
            value.to_string()
        }
        Err(_) => text(&whole, &mut counts).into_owned(),
    }
}

/// Masks every string of a JSON value, names of members too.
pub fn json(value: &mut serde_json::Value, counts: &mut Counts) {
    match value {
        serde_json::Value::String(string) => {
            if let Cow::Owned(masked) = text(string, counts) {
                *string = masked;
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| json(item, counts)),
        serde_json::Value::Object(members) => {
            for (name, mut member) in std::mem::take(members) {
                json(&mut member, counts);
                mask_named(&name, &mut member, counts);
                members.insert(text(&name, counts).into_owned(), member);
            }
        }
        _ => {}
    }
}

/// A member's name says what its value is, as `name=value` would.
fn mask_named(name: &str, member: &mut serde_json::Value, counts: &mut Counts) {
    let Some(value) = member.as_str().filter(|value| value.len() >= 12 && !value.contains(MASK)) else { return };
    if matches!(text(&format!("{name}={value}"), counts), Cow::Owned(_)) {
        *member = MASK.into();
    }
}

/// Masks keys that span lines: everything between `BEGIN … PRIVATE KEY` and its end.
#[derive(Debug, Default)]
pub struct Lines {
    inside: bool,
    pub counts: Counts,
}

impl Lines {
    pub fn line<'a>(&mut self, line: &'a str) -> Cow<'a, str> {
        if self.inside {
            // A key that never ends is cut by the next line that cannot belong to one.
            let body = line.trim();
            let of_key =
                body.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=-: ,".contains(&b)) && body.len() <= 100;
            if line.contains("-----END") || !of_key {
                self.inside = false;
            }
            if of_key || line.contains("-----END") {
                return Cow::Borrowed(MASK);
            }
        }
        if line.contains("PRIVATE KEY-----") && line.contains("-----BEGIN") && !line.contains("-----END") {
            self.inside = true;
        }
        text(line, &mut self.counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str) -> String {
        text(line, &mut Counts::new()).into_owned()
    }

    #[test]
    fn every_rule_masks_and_spares() {
        let token = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";
        for (line, kept) in [
            (format!("token ghp_{token} x"), "token [redacted] x"),
            (format!("github_pat_{token}"), "[redacted]"),
            (["xoxb-", "1234567890-abcdefABCDEF1234"].concat(), "[redacted]"),
            ("AKIAIOSFODNN7EXAMPLE".into(), "[redacted]"),
            (format!("aws_secret_access_key = {token}WXYZ"), "aws_secret_access_key = [redacted]"),
            ("https://bob:hunter2hunter@example.org/x".into(), "https://bob:[redacted]@example.org/x"),
            ("Authorization: Bearer abc.def-123456789".into(), "Authorization: Bearer [redacted]"),
            (format!("MY_API_KEY={token}"), "MY_API_KEY=[redacted]"),
            (format!("eyJhbGciOiJI.eyJzdWIiOiIxMjM.{token}"), "[redacted]"),
            (format!("npm_{token}"), "[redacted]"),
        ] {
            assert_eq!(masked(&line), kept);
        }
        for line in [
            "sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
            "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
            "id 123e4567-e89b-12d3-a456-426614174000",
            "password: ***",
            "token: the quick brown fox",
            "https://example.org:8080/path",
        ] {
            assert_eq!(masked(line), line);
        }
    }

    #[test]
    fn keys_over_several_lines() {
        let mut lines = Lines::default();
        let out: Vec<String> = [
            "a",
            "-----BEGIN RSA PRIVATE KEY-----",
            "MIIEpAIBAAKCAQEA",
            "q1w2e3",
            "-----END RSA PRIVATE KEY-----",
            "b",
        ]
        .iter()
        .map(|line| lines.line(line).into_owned())
        .collect();
        assert!(!out.concat().contains("MIIE") && !out.concat().contains("q1w2"));
        assert_eq!((out[0].as_str(), out[5].as_str()), ("a", "b"));
    }

    #[test]
    fn escapes_and_names_hide_nothing() {
        let token = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";
        let out = body(format!("{{\"a\":\"\\u0067hp_{token}\",\"api_token\":\"{token}\"}}").as_bytes());
        assert!(!out.contains(token), "{out}");
    }

    #[test]
    fn bodies_stay_json() {
        let body = body(br#"{"a":"https://u:secret123@h/x","k":["-----BEGIN PRIVATE KEY-----\nMIIEabc\n-----END PRIVATE KEY-----\n"]}"#);
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["a"], "https://u:[redacted]@h/x");
        assert!(!body.contains("MIIE"));
    }
}
