//! Kinds of lines: rows of `rules/signs.toml`.

use super::vocabulary::{Bits, Words};
use crate::domain::evidence::Category;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

/// A kind of line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    #[cfg_attr(not(test), expect(dead_code, reason = "names the row in tests"))]
    pub id: String,
    /// How much a person would want to see such a line, 0 to 100.
    pub weight: i32,
    #[serde(default)]
    pub category: Option<Category>,
    /// How strongly a line of this kind speaks for the category, 0 to 10.
    #[serde(default)]
    pub says: f32,
    /// No other kind makes such a line weigh more.
    #[serde(default)]
    pub cap: bool,
    /// It says only that something within failed, and what does may have said more.
    #[serde(default)]
    pub wraps: bool,
    /// It says why the test failed that a line above names.
    #[serde(default)]
    pub message: bool,
    words: Vec<String>,
    pattern: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test matches it"))]
    example: String,
}

/// What the name of a job or step says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameRow {
    category: Category,
    pattern: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sign: Vec<Sign>,
    decoy: Vec<String>,
    name: Vec<NameRow>,
}

pub struct Signs {
    pub rows: Vec<Sign>,
    patterns: Vec<Pattern>,
    decoy: Regex,
    names: Vec<(Category, regex::Regex)>,
}

pub static SIGNS: LazyLock<Signs> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("../../rules/signs.toml")).expect("the shipped signs are valid");
    let patterns = file.sign.iter().map(|sign| Pattern::new(&sign.pattern)).collect();
    let decoy = bytes(&file.decoy.iter().map(|one| format!("(?:{one})")).collect::<Vec<_>>().join("|"));
    let name = |row: NameRow| {
        (row.category, regex::Regex::new(&format!("(?i){}", row.pattern)).expect("the shipped names are valid"))
    };
    Signs { rows: file.sign, patterns, decoy, names: file.name.into_iter().map(name).collect() }
});

/// A pattern that is compiled when it is first needed: most logs need few.
pub struct Pattern {
    text: String,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), compiled: OnceLock::new() }
    }

    /// A pattern that somebody else wrote.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn check(text: &str) -> Result<Self, String> {
        let compiled = build(text).map_err(|why| why.to_string().lines().last().unwrap_or_default().to_owned())?;
        Ok(Self { text: text.to_owned(), compiled: OnceLock::from(compiled) })
    }

    pub fn is_match(&self, text: &[u8]) -> bool {
        self.compiled.get_or_init(|| bytes(&self.text)).is_match(text)
    }
}

/// A pattern over bytes: letters and digits are ASCII's, which keeps the automata small.
fn build(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).unicode(false).build()
}

fn bytes(pattern: &str) -> Regex {
    build(pattern).unwrap_or_else(|why| panic!("{pattern}: {why}"))
}

impl Signs {
    /// Says which words to listen for; sign `n` is listener `from + n`.
    pub fn speak(&self, from: usize, words: &mut Words) -> Range<usize> {
        for (at, row) in self.rows.iter().enumerate() {
            row.words.iter().for_each(|word| words.add(from + at, word));
        }
        from..from + self.rows.len()
    }

    /// The kinds that a line is of. `bits` are those whose words it holds, `range` where the signs stand in them.
    pub fn of<'s>(&'s self, text: &'s [u8], bits: &'s Bits, range: &Range<usize>) -> impl Iterator<Item = usize> + 's {
        let from = range.start;
        bits.within(range.clone()).map(move |at| at - from).filter(move |at| self.patterns[*at].is_match(text))
    }

    /// Whether a line only looks like an error.
    pub fn is_decoy(&self, text: &[u8]) -> bool {
        self.decoy.is_match(text)
    }

    /// What the name of a job or step, or the command that a step runs, says.
    pub fn of_name(&self, name: &str) -> Option<Category> {
        self.names.iter().find(|(_, pattern)| pattern.is_match(name)).map(|(category, _)| *category)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_of_its_kind() {
        let mut words = Words::default();
        let range = SIGNS.speak(0, &mut words);
        let vocabulary = words.build();
        let mut unseen = Vec::new();
        for (at, row) in SIGNS.rows.iter().enumerate() {
            let text = row.example.as_bytes();
            let bits = vocabulary.look(text);
            if !SIGNS.of(text, &bits, &range).any(|found| found == at) {
                unseen.push(&row.id);
            }
            assert!((0..=100).contains(&row.weight) && (0.0..=10.0).contains(&row.says), "{}", row.id);
        }
        assert!(unseen.is_empty(), "{unseen:?}");
    }

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<&str> = SIGNS.rows.iter().map(|row| row.id.as_str()).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
