//! Secrets that are known by value: the bot's own, and those that the operator names.

use super::rules::{Counts, MASK};
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use std::sync::OnceLock;

/// A shorter value stands in too many texts.
const VALUE_MIN: usize = 6;

static VALUES: OnceLock<AhoCorasick> = OnceLock::new();

/// Masks these values from now on, plain and in base64, wherever text is redacted. Values shorter than six bytes are
/// left out. The first call counts: it belongs to the start of the process.
pub fn know<'a>(values: impl IntoIterator<Item = &'a str>) {
    let mut all = Vec::new();
    for value in values.into_iter().map(str::trim).filter(|value| value.len() >= VALUE_MIN) {
        // A key of several lines is known by each of them.
        all.extend(value.lines().map(str::trim).filter(|line| line.len() >= VALUE_MIN).map(str::to_owned));
        all.push(STANDARD.encode(value).trim_end_matches('=').to_owned());
    }
    if all.is_empty() {
        return;
    }
    let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&all);
    if let Ok(automaton) = automaton {
        let _ = VALUES.set(automaton);
    }
}

/// The text without the known values.
pub fn mask<'a>(text: &'a str, counts: &mut Counts) -> Cow<'a, str> {
    let Some(values) = VALUES.get().filter(|values| values.is_match(text)) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    let found = values.find_iter(text).count() as u64;
    values.replace_all_with(text, &mut out, |_, _, out| {
        out.push_str(MASK);
        true
    });
    *counts.entry("known-value".into()).or_default() += found;
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_masked_plain_and_in_base64() {
        // Known from now on to every test of this process: no other one says it.
        know(["correct horse\nbattery staple", "ab"]);
        let mut counts = Counts::new();
        let encoded = STANDARD.encode("correct horse\nbattery staple");
        let text = format!("it is correct horse, battery staple or {encoded}; ab stays");
        let masked = crate::evidence::redact::text(&text, &mut counts).into_owned();
        assert_eq!(masked, "it is [redacted], [redacted] or [redacted]==; ab stays");
        assert_eq!(counts["known-value"], 3);
    }
}
