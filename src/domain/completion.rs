//! What can be offered for a word while somebody types it.

use super::ids::{IncidentNo, Repo};
use serde::{Deserialize, Serialize};

/// What kind of word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offers {
    /// An open incident's number.
    Incident,
    Repository,
    /// A job of an incident.
    Job,
    /// A failing test of an incident.
    Test,
    Branch,
    /// Branches with commas between.
    Branches,
    /// A package that an incident's logs name, with the version that passed where it is known.
    Package,
    /// A package that was pinned for an incident.
    Pinned,
}

/// A word that is being typed, and what was typed beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typing {
    pub offers: Offers,
    pub text: String,
    pub incident: Option<IncidentNo>,
    pub repo: Option<Repo>,
}

/// A word that could be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What people read, on one line.
    pub words: String,
    pub value: String,
}

impl Candidate {
    /// A word that says what it is.
    #[must_use]
    pub fn plain(value: impl Into<String>) -> Self {
        let value = value.into();
        Self { words: value.clone(), value }
    }
}

/// Those that fit what was typed, each value once: what begins with it first, then what contains it, in any case.
#[must_use]
pub fn fitting(all: Vec<Candidate>, typed: &str) -> Vec<Candidate> {
    let typed = typed.trim().to_lowercase();
    let (mut first, mut inside) = (Vec::new(), Vec::new());
    let mut seen = std::collections::HashSet::new();
    for one in all {
        let texts = [one.words.to_lowercase(), one.value.to_lowercase()];
        let fits = |test: fn(&str, &str) -> bool| texts.iter().any(|text| test(text, &typed));
        let place = if fits(|text, typed| text.starts_with(typed)) {
            &mut first
        } else if fits(|text, typed| text.contains(typed)) {
            &mut inside
        } else {
            continue;
        };
        if seen.insert(one.value.clone()) {
            place.push(one);
        }
    }
    first.append(&mut inside);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_it_comes_first() {
        let all = ["other-release", "Release-2", "main", "release-1", "release-1"].map(Candidate::plain);
        let found = fitting(all.into(), " REL ");
        let values: Vec<&str> = found.iter().map(|one| one.value.as_str()).collect();
        assert_eq!(values, ["Release-2", "release-1", "other-release"]);
        let by_words = Candidate { words: "#7 acme/shop main: test".into(), value: "7".into() };
        assert_eq!(fitting(vec![by_words], "shop").len(), 1);
    }
}
