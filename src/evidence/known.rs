//! Known issues: rows of `rules/known_issues.toml`, and the operator's own.

pub mod own;

use super::signs::Pattern;
use super::vocabulary::{Bits, Words};
use crate::domain::evidence::{Advice, Category, Severity, Track};
use serde::Deserialize;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

/// A failure known well enough to say what to do about it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    pub id: String,
    /// Every line that shows the issue holds one of these, in any case.
    words: Vec<String>,
    pattern: String,
    pub category: Category,
    severity: Severity,
    /// How to mend it without a person, where that is known; empty otherwise.
    #[serde(default)]
    fix_type: String,
    #[serde(default = "unproven")]
    pub confidence: f32,
    /// What to do about it, for people.
    pub solution: String,
    example: String,
}

/// What a row is worth before anything came of it.
fn unproven() -> f32 {
    0.7
}

impl Issue {
    /// The template that mends it; empty where none does.
    #[must_use]
    pub fn fix_type(&self) -> &str {
        &self.fix_type
    }

    /// Whether a line holds one of the words.
    fn is_named(&self, text: &[u8]) -> bool {
        let holds = |word: &String| text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
        self.words.iter().any(holds)
    }

    /// What the row says to do.
    #[must_use]
    pub fn advice(&self) -> Advice {
        Advice {
            severity: self.severity,
            solution: self.solution.clone(),
            fix: Some(self.fix_type.clone()).filter(|template| !template.is_empty()),
            track: Track::default(),
        }
    }
}

/// The issue of this id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Issue> {
    ISSUES.rows.iter().find(|issue| issue.id == id)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    issue: Vec<Issue>,
}

pub struct Issues {
    /// The operator's own come first.
    pub rows: Vec<Issue>,
    patterns: Vec<Pattern>,
    own: usize,
}

static OWN: OnceLock<Vec<Issue>> = OnceLock::new();

pub static ISSUES: LazyLock<Issues> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("../../rules/known_issues.toml")).expect("the shipped issues are valid");
    let own = OWN.get().cloned().unwrap_or_default();
    let shipped = file.issue.into_iter().filter(|row| own.iter().all(|other| other.id != row.id));
    let rows: Vec<Issue> = own.iter().cloned().chain(shipped).collect();
    let patterns = rows.iter().map(|issue| Pattern::new(&issue.pattern)).collect();
    Issues { rows, patterns, own: own.len() }
});

/// Looks for these issues as well, in place of shipped ones with the same id. Once a process, before a log is read: what
/// comes later is not looked for.
pub fn add(own: Vec<Issue>) {
    let _ = OWN.set(own);
}

impl Issues {
    /// Says which words to listen for. Listeners are few: the first is for all of the operator's own, then each shipped
    /// issue has its own.
    pub fn speak(&self, from: usize, words: &mut Words) -> Range<usize> {
        for (at, row) in self.rows.iter().enumerate() {
            let listener = from + (at + 1).saturating_sub(self.own);
            row.words.iter().for_each(|word| words.add(listener, word));
        }
        from..from + 1 + self.rows.len() - self.own
    }

    /// The surest issue that this line shows; the operator's own before any other.
    pub fn find(&'static self, text: &[u8], bits: &Bits, range: &Range<usize>) -> Option<&'static Issue> {
        let heard = bits.within(range.clone()).map(|at| at - range.start);
        let rows = heard.flat_map(|at| if at == 0 { 0..self.own } else { self.own + at - 1..self.own + at });
        rows.filter(|at| (*at >= self.own || self.rows[*at].is_named(text)) && self.patterns[*at].is_match(text))
            .map(|at| (at < self.own, &self.rows[at]))
            .max_by(|(a_own, a), (b_own, b)| a_own.cmp(b_own).then(a.confidence.total_cmp(&b.confidence)))
            .map(|(_, issue)| issue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_recognised() {
        assert!(ISSUES.rows.len() >= 60);
        let mut words = Words::default();
        let range = ISSUES.speak(0, &mut words);
        let vocabulary = words.build();
        let mut unseen = Vec::new();
        for issue in &ISSUES.rows {
            let text = issue.example.as_bytes();
            let found = ISSUES.find(text, &vocabulary.look(text), &range).map(|found| found.id.as_str());
            if found != Some(issue.id.as_str()) {
                unseen.push((&issue.id, found));
            }
            assert!((0.0..=1.0).contains(&issue.confidence), "{}", issue.id);
        }
        assert!(unseen.is_empty(), "{unseen:?}");
    }

    #[test]
    fn every_row_says_what_to_do_in_one_sentence() {
        for issue in &ISSUES.rows {
            let text = &issue.solution;
            let one = text.ends_with('.') && !text.trim_end_matches('.').contains(". ") && !text.contains('\n');
            assert!(one && text.chars().count() <= 160, "{}: {text}", issue.id);
            let known = matches!(issue.severity, Severity::Transient | Severity::Normal | Severity::Blocker);
            assert!(known, "{}: {:?} is not for a row to say", issue.id, issue.severity);
            // A retry is what the words suggest, or it is not offered first.
            let retry = text.contains("retry");
            assert_eq!(retry, issue.severity == Severity::Transient, "{}: {text}", issue.id);
        }
    }
}
