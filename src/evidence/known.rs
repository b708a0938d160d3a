//! Known issues: rows of `rules/known_issues.toml`.

use crate::domain::evidence::Category;
use regex::{Regex, RegexSet};
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Clone, Debug, Deserialize)]
pub struct Issue {
    pub id: String,
    pub pattern: String,
    pub category: Category,
    pub confidence: f32,
    /// What to do about it, for people.
    pub solution: String,
    #[cfg(test)]
    example: String,
}

#[derive(Deserialize)]
struct File {
    issue: Vec<Issue>,
}

static ISSUES: LazyLock<(RegexSet, Vec<Issue>)> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("../../rules/known_issues.toml")).expect("the shipped issues are valid");
    let set = RegexSet::new(file.issue.iter().map(|issue| &issue.pattern)).expect("the shipped patterns are valid");
    (set, file.issue)
});

/// The surest known issue that this line shows.
#[must_use]
pub fn find(line: &str) -> Option<&'static Issue> {
    let (set, issues) = &*ISSUES;
    let hits = set.matches(line).into_iter().map(|at| &issues[at]);
    hits.max_by(|a, b| a.confidence.total_cmp(&b.confidence))
}

/// Frames inside the repository, as most languages write them: `file:line`.
pub static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:^|[\s("'\[])((?:\./)?(?:[\w@.+-]+/)*[\w@.+-]+\.(?:rs|py|go|ts|tsx|js|jsx|mjs|cjs|java|kt|rb|php|cs|cpp|cc|c|h|hpp|swift|scala|vue)):(\d{1,6})\b"#)
        .expect("a pattern")
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_recognised() {
        for issue in &ISSUES.1 {
            assert_eq!(find(&issue.example).map(|found| found.category), Some(issue.category), "{}", issue.id);
        }
    }
}
