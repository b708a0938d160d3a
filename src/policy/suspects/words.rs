//! Words that a commit's subject and paths share with a failure, rare ones first.

use crate::domain::evidence::Evidence;
use crate::domain::suspect::Landed;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

/// Words of every failure and of every sentence.
const COMMON: [&str; 20] = [
    "and",
    "assertion",
    "but",
    "error",
    "errors",
    "exception",
    "expected",
    "failed",
    "failure",
    "failures",
    "for",
    "not",
    "null",
    "should",
    "test",
    "tests",
    "the",
    "was",
    "with",
    "from",
];
/// Bytes of one commit's paths that are read.
const BYTES_MAX: usize = 64 << 10;
/// Words shown.
const SHOWN: usize = 3;

static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new("[A-Za-z][A-Za-z0-9]{2,}").expect("a pattern"));
/// The parts of a name in camel case. Of `XMLParser` they are `XMLP` and `arser`: then the whole name has to do.
static PART: LazyLock<Regex> = LazyLock::new(|| Regex::new("[A-Z]?[a-z0-9]{2,}|[A-Z]{3,}").expect("a pattern"));

/// What a commit shares with a failure.
#[derive(Debug, Default)]
pub struct Shared {
    /// Okapi BM25 among the commits: rare words count, often repeated ones hardly more, long lists of paths less.
    pub weight: f64,
    /// The rarest words.
    pub words: Vec<String>,
}

/// What each commit shares with the failure, in their order.
pub fn shared(evidence: &Evidence, commits: &[Landed]) -> Vec<Shared> {
    let asked = asked(evidence);
    let texts: Vec<Text> = commits.iter().map(|commit| Text::of(commit, &asked)).collect();
    let mut having: HashMap<&str, usize> = HashMap::new();
    for word in texts.iter().flat_map(|text| text.counts.keys()) {
        *having.entry(word).or_default() += 1;
    }
    let mean = (texts.iter().map(|text| text.length).sum::<usize>() as f64 / texts.len().max(1) as f64).max(1.0);
    let rarity = |word: &str| {
        let having = having[word] as f64;
        (1.0 + (texts.len() as f64 - having + 0.5) / (having + 0.5)).ln()
    };
    texts.iter().map(|text| text.shared(mean, rarity)).collect()
}

fn asked(evidence: &Evidence) -> BTreeSet<String> {
    let errors = evidence.errors.iter().map(|error| error.text.raw());
    let frames = evidence.frames.iter().map(|frame| frame.text.raw());
    let tests = evidence.failing_tests.iter().map(|test| test.name.raw());
    let all = errors.chain(frames).chain(tests).flat_map(words);
    all.filter(|word| !COMMON.contains(&word.as_str())).collect()
}

/// Words of a text in lower case, names as a whole and in parts.
fn words(text: &str) -> impl Iterator<Item = String> {
    WORD.find_iter(text).flat_map(|name| {
        let name = name.as_str();
        let parts = PART.find_iter(name).map(|part| part.as_str()).filter(move |part| *part != name);
        std::iter::once(name).chain(parts).map(str::to_lowercase)
    })
}

struct Text {
    /// How often each word of the failure occurs.
    counts: BTreeMap<String, usize>,
    /// Words in all.
    length: usize,
}

impl Text {
    fn of(commit: &Landed, asked: &BTreeSet<String>) -> Self {
        let mut text = Self { counts: BTreeMap::new(), length: 0 };
        let mut left = BYTES_MAX;
        for part in std::iter::once(commit.subject.raw()).chain(commit.files.iter().map(String::as_str)) {
            let Some(rest) = left.checked_sub(part.len()) else { break };
            left = rest;
            for word in words(part) {
                text.length += 1;
                if asked.contains(&word) {
                    *text.counts.entry(word).or_default() += 1;
                }
            }
        }
        text
    }

    /// k1 is 1.2 and b 0.75, as is usual.
    fn shared(&self, mean: f64, rarity: impl Fn(&str) -> f64) -> Shared {
        let long = 1.2 * (0.25 + 0.75 * self.length as f64 / mean);
        let mut weighed: Vec<(f64, &str)> = self
            .counts
            .iter()
            .map(|(word, count)| (rarity(word) * *count as f64 * 2.2 / (*count as f64 + long), word.as_str()))
            .collect();
        let weight = weighed.iter().map(|(weight, _)| weight).sum();
        weighed.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.len().cmp(&a.1.len())));
        let mut words: Vec<String> = Vec::new();
        for (_, word) in weighed {
            // A name stands for its parts.
            if words.len() < SHOWN && !words.iter().any(|shown| shown.contains(word) || word.contains(shown.as_str())) {
                words.push(word.to_owned());
            }
        }
        Shared { weight, words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::ErrorLine;
    use proptest::prelude::*;

    fn commit(subject: &str, files: &[&str]) -> Landed {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        Landed { sha: "a".into(), author: "Ada".into(), subject: subject.into(), files, merge: false }
    }

    fn failure(error: &str) -> Evidence {
        let errors = vec![ErrorLine { line: 1, text: error.into() }];
        Evidence { errors, ..Evidence::default() }
    }

    #[test]
    fn names_are_read_as_a_whole_and_in_parts() {
        for (text, want) in [
            ("parseDate", vec!["parsedate", "parse", "date"]),
            ("src/TextEntity_XML.rs", vec!["src", "textentity", "text", "entity", "xml"]),
            ("to be, or: 42", vec![]),
        ] {
            assert_eq!(words(text).collect::<Vec<_>>(), want, "{text}");
        }
    }

    #[test]
    fn a_word_that_few_commits_have_counts_more() {
        let commits = [
            commit("Round the prices of carts", &["shop/main.py"]),
            commit("Say it again", &["shop/main.py"]),
            commit("Say it", &["shop/main.py"]),
        ];
        let found = shared(&failure("ValueError: cannot round in shop/main.py"), &commits);
        assert_eq!(found[0].words.first().map(String::as_str), Some("round"), "{found:?}");
        assert!(found[0].weight > 2.0 * found[1].weight && found[1].weight > 0.0, "{found:?}");
        let nothing = shared(&failure("the test failed"), &commits);
        assert!(nothing.iter().all(|one| one.weight == 0.0 && one.words.is_empty()), "{nothing:?}");
    }

    #[test]
    fn a_name_stands_for_its_parts() {
        let found =
            shared(&failure("parseDate gave Wrong"), &[commit("Let parseDate be wrong", &[]), commit("x", &[])]);
        assert_eq!(found[0].words, ["parsedate", "wrong"]);
    }

    proptest! {
        #[test]
        fn any_text_has_a_finite_weight(error in ".{0,80}", subjects in prop::collection::vec(".{0,60}", 0..6)) {
            let commits: Vec<Landed> = subjects.iter().map(|subject| commit(subject, &[subject.as_str()])).collect();
            let found = shared(&failure(&error), &commits);
            prop_assert_eq!(found.len(), commits.len());
            prop_assert!(found.iter().all(|one| one.weight.is_finite() && one.weight >= 0.0 && one.words.len() <= SHOWN));
        }
    }
}
