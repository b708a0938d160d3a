//! Known issues: rows of `rules/known_issues.toml`.

use super::signs::Pattern;
use super::vocabulary::{Bits, Words};
use crate::domain::evidence::{Advice, Category, Severity, Track};
use serde::Deserialize;
use std::ops::Range;
use std::sync::LazyLock;

/// A failure known well enough to say what to do about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    pub id: String,
    /// Every line that shows the issue holds one of these, in any case.
    words: Vec<String>,
    pattern: String,
    pub category: Category,
    severity: Severity,
    /// How to mend it without a person, where that is known; empty otherwise.
    fix_type: String,
    pub confidence: f32,
    /// What to do about it, for people.
    pub solution: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test matches it"))]
    example: String,
}

impl Issue {
    /// The template that mends it; empty where none does.
    #[must_use]
    pub fn fix_type(&self) -> &str {
        &self.fix_type
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
    issue: Vec<Issue>,
}

pub struct Issues {
    pub rows: Vec<Issue>,
    patterns: Vec<Pattern>,
}

pub static ISSUES: LazyLock<Issues> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("../../rules/known_issues.toml")).expect("the shipped issues are valid");
    let patterns = file.issue.iter().map(|issue| Pattern::new(&issue.pattern)).collect();
    Issues { rows: file.issue, patterns }
});

impl Issues {
    /// Says which words to listen for; issue `n` is listener `from + n`.
    pub fn speak(&self, from: usize, words: &mut Words) -> Range<usize> {
        for (at, row) in self.rows.iter().enumerate() {
            row.words.iter().for_each(|word| words.add(from + at, word));
        }
        from..from + self.rows.len()
    }

    /// The surest issue that this line shows.
    pub fn find(&'static self, text: &[u8], bits: &Bits, range: &Range<usize>) -> Option<&'static Issue> {
        let hits = bits.within(range.clone()).map(|at| at - range.start);
        hits.filter(|at| self.patterns[*at].is_match(text))
            .map(|at| &self.rows[at])
            .max_by(|a, b| a.confidence.total_cmp(&b.confidence))
    }
}

/// Whether these rows could stand in the file.
#[cfg(test)]
pub fn reads(rows: &str) -> bool {
    toml::from_str::<File>(rows).is_ok_and(|file| file.issue.iter().all(|row| regex::Regex::new(&row.pattern).is_ok()))
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
