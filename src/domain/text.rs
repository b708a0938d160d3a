//! Text that strangers wrote.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A string from a log, a branch name, a title, a comment or a user name. It is data: whoever shows it must escape it
/// for the platform at hand, which is why it has no `Display`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(String);

impl Untrusted {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The raw text. Name it at the place that escapes or compares it.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Made safe to look at on one line, at most `max` characters: controls, bidirectional overrides and zero-width
    /// characters are dropped, white space is folded, more than two combining marks in a row are dropped, and a cut is
    /// shown by `…`. Platform escaping still has to follow.
    #[must_use]
    pub fn line(&self, max: usize) -> String {
        clean_line(&self.0, max)
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<T: Into<String>> From<T> for Untrusted {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

/// The first `max` of some words, with how many there are beside.
#[must_use]
pub fn listing(words: &[String], max: usize) -> String {
    let mut shown: Vec<String> = words.iter().take(max).map(|word| clean_line(word, 100)).collect();
    if words.len() > max {
        shown.push(format!("{} more", words.len() - max));
    }
    shown.join(", ")
}

/// A stranger's words for a commit's message or a title: what forges obey there (`[skip ci]`, `Fixes #1`, mentions)
/// is taken out of force, and the words stay readable.
#[must_use]
pub fn inert(text: &str, max: usize) -> String {
    // What is left out must not have stood between the letters of what is obeyed.
    let kept: String = text.chars().filter(|c| !matches!(c, '#' | '@')).collect();
    let line = clean_line(&kept, max);
    let lower = line.to_ascii_lowercase();
    let obeyed = ["[skip ", "[no ", "[ci ", "[actions "].iter().any(|word| lower.contains(word));
    let brackets = |c| match c {
        '[' if obeyed => '(',
        ']' if obeyed => ')',
        c => c,
    };
    line.chars().map(brackets).collect()
}

/// Text from a repository or a log, short enough for a message and on one line.
#[must_use]
pub fn short(text: &str) -> String {
    clean_line(text, 100)
}

/// See [`Untrusted::line`].
#[must_use]
pub fn clean_line(text: &str, max: usize) -> String {
    let mut out: Vec<char> = Vec::with_capacity(text.len().min(max + 1));
    let (mut marks, mut gap) = (0_usize, false);
    for c in text.chars() {
        if out.len() > max {
            break;
        }
        if c.is_whitespace() {
            gap = !out.is_empty();
            continue;
        }
        // What nobody sees parts no marks.
        if is_invisible(c) {
            continue;
        }
        marks = if is_combining(c) { marks + 1 } else { 0 };
        if marks > 2 {
            continue;
        }
        if std::mem::take(&mut gap) {
            out.push(' ');
        }
        out.push(c);
    }
    if out.len() > max {
        out.truncate(max.saturating_sub(1));
        out.push('…');
    }
    out.into_iter().collect()
}

/// Controls, bidirectional overrides (Trojan Source, CVE-2021-42574), zero-width and tag characters.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_forges_obey_is_out_of_force() {
        for (text, shown) in [
            ("test_a[skip ci]", "test_a(skip ci)"),
            ("x [Actions Skip] Fixes #12", "x (Actions Skip) Fixes 12"),
            ("cc @acme/team", "cc acme/team"),
            ("test_a[#skip ci]", "test_a(skip ci)"),
            ("test_a[sk@ip# ci]", "test_a(skip ci)"),
            ("[@ci\u{200b} #skip]", "(ci skip)"),
            ("a\u{301}\u{301}#\u{301}", "a\u{301}\u{301}"),
            ("tests/test_x.py::test_a[eur]", "tests/test_x.py::test_a[eur]"),
        ] {
            assert_eq!(inert(text, 100), shown);
        }
    }

    #[test]
    fn lines_are_folded_and_cut() {
        assert_eq!(clean_line("  a \n\t b ", 10), "a b");
        assert_eq!(clean_line("abcdef", 4), "abc…");
        assert_eq!(clean_line("abcd", 4), "abcd");
        assert_eq!(clean_line("x\u{202e}y\u{200b}z\0\x1b", 9), "xyz");
        for between in ["", "\u{200b}", " ", "\0 "] {
            let marked = format!("a{}", format!("\u{301}{between}").repeat(500));
            let marks = clean_line(&marked, 9).chars().filter(|c| is_combining(*c)).count();
            assert_eq!(marks, 2, "{between:?}");
        }
    }

    proptest! {
        #[test]
        fn never_longer_and_never_invisible(text in any::<String>(), max in 1_usize..50) {
            let line = clean_line(&text, max);
            prop_assert!(line.chars().count() <= max, "{line:?}");
            prop_assert!(!line.chars().any(is_invisible));
            prop_assert_eq!(clean_line(&line, max), line);
        }

        #[test]
        fn a_clean_line_stays_as_it_is(text in "[a\u{301}\u{200b}\u{202e} \n]{0,30}", max in 1_usize..20) {
            let line = clean_line(&text, max);
            prop_assert_eq!(clean_line(&line, max), line);
        }

        #[test]
        fn nothing_inert_is_obeyed(text in r"([\[\]#@ \u{200b}]|skip|ci|no|actions){0,12}", max in 1_usize..40) {
            let line = inert(&text, max);
            let obeyed = ["[skip ", "[no ", "[ci ", "[actions "].iter().any(|word| line.contains(word));
            prop_assert!(!obeyed && !line.contains(['#', '@']), "{text:?} -> {line:?}");
        }
    }
}
