//! Secrets are masked before anything else looks. Rules are data, in `rules/redaction.toml`.
//!
//! One look for the rules' words decides whether a text is looked at more closely, so that clean text costs next to
//! nothing. Masked values are counted by rule and never kept.

mod body;
mod encoded;
mod lines;
mod rules;
mod spared;
mod values;

pub use body::{body, json};
pub use lines::Lines;
pub use rules::{Counts, MASK};
pub use values::know;

use super::vocabulary::{Bits, Vocabulary, Words};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

/// The words of the rules alone, for texts that are not logs.
static WORDS: LazyLock<(Vocabulary, Range<usize>)> = LazyLock::new(|| {
    let mut words = Words::default();
    let range = speak(0, &mut words);
    (words.build(), range)
});

/// Says which words to listen for: rule `n` is listener `from + n`, and the last listener is for what is encoded.
pub(super) fn speak(from: usize, words: &mut Words) -> Range<usize> {
    let rules = &*rules::RULES;
    for (at, rule) in rules.all.iter().enumerate() {
        rule.words.iter().for_each(|word| words.add(from + at, word));
    }
    let encoded = from + rules.all.len();
    for word in encoded::words(&rules.prefixes) {
        words.add(encoded, &word);
    }
    from..encoded + 1
}

/// The text with its secrets masked.
pub fn text<'a>(text: &'a str, counts: &mut Counts) -> Cow<'a, str> {
    let (vocabulary, range) = &*WORDS;
    heard(text, &vocabulary.look(text.as_bytes()), range, counts)
}

/// The name of a test with its secrets masked. What a test is given by name (`login[password=wrong]`) is no secret.
pub fn test_name(name: &str) -> Cow<'_, str> {
    let mut out = values::mask(name, &mut Counts::new());
    let (vocabulary, range) = &*WORDS;
    let bits = vocabulary.look(name.as_bytes());
    let encoded = range.end - 1;
    let heard = bits.within(range.clone()).chain(rules::RULES.wordless.iter().map(|at| range.start + at));
    for listener in heard {
        let masked = if listener == encoded {
            encoded::mask(&out, &mut Counts::new())
        } else {
            let rule = &rules::RULES.all[listener - range.start];
            if rule.by_name { None } else { rule.mask(&out, &mut Counts::new()) }
        };
        if let Some(masked) = masked {
            out = Cow::Owned(masked);
        }
    }
    out
}

/// The text with its secrets masked, where `bits` say whose words it holds and `range` where the rules stand in them.
pub(super) fn heard<'a>(text: &'a str, bits: &Bits, range: &Range<usize>, counts: &mut Counts) -> Cow<'a, str> {
    let mut out = values::mask(text, counts);
    let encoded = range.end - 1;
    for listener in bits.within(range.clone()) {
        let masked = if listener == encoded {
            encoded::mask(&out, counts)
        } else {
            rules::RULES.all[listener - range.start].mask(&out, counts)
        };
        if let Some(masked) = masked {
            out = Cow::Owned(masked);
        }
    }
    // These have no word to listen for.
    for at in &rules::RULES.wordless {
        if let Some(masked) = rules::RULES.all[*at].mask(&out, counts) {
            out = Cow::Owned(masked);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str) -> String {
        text(line, &mut Counts::new()).into_owned()
    }

    #[test]
    fn names_of_tests_keep_their_parameters_and_no_token() {
        let token = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";
        for name in ["AuthTest.login[password=hunter22secret]", "test_auth[token=expired-status=401]"] {
            assert_eq!(test_name(name), name);
        }
        assert_eq!(test_name(&format!("login[ghp_{token}]")), "login[[redacted]]");
    }

    #[test]
    fn masks_and_spares() {
        let token = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";
        for (line, kept) in [
            (format!("token ghp_{token} x"), "token [redacted] x"),
            (["xoxb-", "1234567890-abcdefABCDEF1234"].concat(), "[redacted]"),
            (format!("aws_secret_access_key = {token}WXYZ"), "aws_secret_access_key = [redacted]"),
            ("https://bob:hunter2hunter@example.org/x".into(), "https://bob:[redacted]@example.org/x"),
            ("Authorization: Bearer abc.def-123456789".into(), "Authorization: Bearer [redacted]"),
            (format!("MY_API_KEY={token}"), "MY_API_KEY=[redacted]"),
        ] {
            assert_eq!(masked(&line), kept);
        }
        for line in [
            "sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
            "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
            "id 123e4567-e89b-12d3-a456-426614174000",
            "integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
            "password: ***",
            "https://example.org:8080/path",
        ] {
            assert_eq!(masked(line), line);
        }
    }
}
