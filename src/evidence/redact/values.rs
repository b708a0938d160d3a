//! Secrets that are known by value: the bot's own, and those that the operator names.

use super::rules::{Counts, MASK};
use aho_corasick::{AhoCorasick, MatchKind};
use arc_swap::ArcSwapOption;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A shorter value stands in too many texts.
const VALUE_MIN: usize = 6;

static VALUES: ArcSwapOption<Known> = ArcSwapOption::const_empty();

struct Known {
    all: BTreeSet<String>,
    automaton: AhoCorasick,
}

/// Masks these values from now on, plain and in base64, wherever text is redacted, and those of earlier calls as well: one
/// that was replaced may still turn up. Values shorter than six bytes are left out.
pub fn know<'a>(values: impl IntoIterator<Item = &'a str>) {
    let mut new = BTreeSet::new();
    for value in values.into_iter().map(str::trim).filter(|value| value.len() >= VALUE_MIN) {
        // A key of several lines is known by each of them.
        new.extend(value.lines().map(str::trim).filter(|line| line.len() >= VALUE_MIN).map(str::to_owned));
        new.insert(STANDARD.encode(value).trim_end_matches('=').to_owned());
    }
    VALUES.rcu(|known| {
        let before = known.as_ref().map(|known| &known.all);
        if before.map_or(new.is_empty(), |before| new.is_subset(before)) {
            return known.clone();
        }
        let all: BTreeSet<String> = new.iter().chain(before.into_iter().flatten()).cloned().collect();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&all);
        automaton.map_or_else(|_| known.clone(), |automaton| Some(Arc::new(Known { all, automaton })))
    });
}

/// The text without the known values.
pub fn mask<'a>(text: &'a str, counts: &mut Counts) -> Cow<'a, str> {
    let known = VALUES.load();
    let values = known.as_ref().map(|known| &known.automaton).filter(|values| values.is_match(text));
    let Some(values) = values else { return Cow::Borrowed(text) };
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
