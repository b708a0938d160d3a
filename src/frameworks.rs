//! How tests are spoken: a shelf of test frameworks.
//!
//! # How to add one
//! Make `frameworks/x/` with a `read.rs` whose observer takes the clean, redacted lines of a log that hold one of the
//! framework's words and keeps bounded state, implement [`TestFramework`], and add it to [`all`]. Where each failing test
//! stands on one line, a row of `rules/test_lines.toml` is all.

pub mod edit;
mod marking;
pub mod reports;
mod syntax;

mod ava;
mod bazel;
mod boost;
mod busted;
mod cucumber;
mod dart;
mod dbt;
mod dotnet;
mod erlang;
mod exunit;
mod finder;
mod forge;
mod ginkgo;
mod go;
mod gtest;
mod haskell;
mod javascript;
mod jest;
mod junit;
mod karma;
mod lines;
mod meson;
mod minitest;
mod mocha;
mod mozharness;
mod ocaml;
mod pester;
mod phpt;
mod phpunit;
mod playwright;
mod pytest;
mod python;
mod robot;
mod rspec;
mod rust;
mod scalatest;
mod tap;
mod testthat;
mod unittest;
mod vitest;
mod wdio;
mod xctest;

use crate::domain::evidence::FailingTest;

/// At most this many names are kept of one log; the rest is counted.
pub const NAMES_KEPT: usize = 200;

/// Reads a log line by line. Lines come without timestamps, colours and secrets.
pub trait LineObserver: Send {
    /// Takes in a line that holds one of the framework's words. Answers whether the next line is wanted whatever it
    /// holds.
    fn line(&mut self, line: &str) -> bool;
    /// The failing tests, in the order of the log.
    fn finish(self: Box<Self>) -> Names;
}

/// The observer of a framework whose failures stand in one line each.
pub struct ByLine {
    names: Names,
    read: fn(&mut Names, &str),
}

impl ByLine {
    /// `read` adds what a line names.
    #[must_use]
    pub fn observer(read: fn(&mut Names, &str)) -> Box<dyn LineObserver> {
        Box::new(Self { names: Names::default(), read })
    }
}

impl LineObserver for ByLine {
    fn line(&mut self, line: &str) -> bool {
        (self.read)(&mut self.names, line);
        false
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

pub trait TestFramework: Send + Sync {
    fn id(&self) -> &'static str;
    /// Every line that the observer needs holds one of these, in any case, unless it asked for the next line.
    fn words(&self) -> &'static [&'static str];
    fn observer(&self) -> Box<dyn LineObserver>;
    /// What skips its tests and releases them again; one for each dialect, none where that is not written yet.
    fn editors(&self) -> &'static [&'static dyn edit::Editor] {
        &[]
    }
}

/// Every framework.
#[must_use]
pub fn all() -> Vec<Box<dyn TestFramework>> {
    vec![
        Box::new(pytest::Pytest),
        Box::new(unittest::Unittest),
        Box::new(jest::Jest),
        Box::new(vitest::Vitest),
        Box::new(mocha::Mocha),
        Box::new(playwright::Playwright),
        Box::new(go::Go),
        Box::new(rust::Rust),
        Box::new(junit::Junit),
        Box::new(rspec::Rspec),
        Box::new(minitest::Minitest),
        Box::new(dotnet::Dotnet),
        Box::new(phpunit::Phpunit),
        Box::new(gtest::Gtest),
        Box::new(cucumber::Cucumber),
        Box::new(tap::Tap),
        Box::new(xctest::Xctest),
        Box::new(mozharness::Mozharness),
        Box::new(bazel::Bazel),
        Box::new(scalatest::Scalatest),
        Box::new(exunit::Exunit),
        Box::new(ginkgo::Ginkgo),
        Box::new(karma::Karma),
        Box::new(robot::Robot),
        Box::new(dart::Dart),
        Box::new(pester::Pester),
        Box::new(forge::Forge),
        Box::new(boost::Boost),
        Box::new(erlang::Erlang),
        Box::new(haskell::Haskell),
        Box::new(ocaml::Ocaml),
        Box::new(testthat::Testthat),
        Box::new(busted::Busted),
        Box::new(meson::Meson),
        Box::new(wdio::Wdio),
        Box::new(ava::Ava),
        Box::new(dbt::Dbt),
        Box::new(phpt::Phpt),
        Box::new(lines::Lines),
    ]
}

/// Every editor, in the order of [`all`].
#[must_use]
pub fn editors() -> Vec<&'static dyn edit::Editor> {
    all().iter().flat_map(|framework| framework.editors().iter().copied()).collect()
}

/// The frameworks whose tests can be skipped, in the order of [`all`].
#[must_use]
pub fn edited() -> Vec<&'static str> {
    let mut ids: Vec<&str> = editors().iter().map(|editor| editor.id()).collect();
    ids.dedup();
    ids
}

/// Names seen so far, each once.
#[derive(Debug, Default)]
pub struct Names {
    pub tests: Vec<FailingTest>,
    pub total: u64,
    seen: std::collections::HashSet<u64>,
}

/// A longer name is cut.
const NAME_MAX: usize = 500;

impl Names {
    /// Adds a name that the framework's command line takes as it is.
    pub fn add(&mut self, framework: &str, name: &str, file: Option<&str>) {
        self.add_selected(framework, name, None, file);
    }

    /// Adds a name unless it is known, with what the framework's command line takes instead. Names are cut at 500
    /// characters.
    pub fn add_selected(&mut self, framework: &str, name: &str, selector: Option<&str>, file: Option<&str>) {
        use std::hash::{DefaultHasher, Hash, Hasher};
        const SEEN_MAX: usize = 100_000;
        let name = cut(name.trim());
        let mut hash = DefaultHasher::new();
        (&name, file).hash(&mut hash);
        if name.is_empty() || self.seen.len() > SEEN_MAX || !self.seen.insert(hash.finish()) {
            return;
        }
        self.total += 1;
        if self.tests.len() < NAMES_KEPT {
            self.tests.push(FailingTest {
                framework: framework.into(),
                name: name.into(),
                selector: selector.map(|selector| cut(selector).into()),
                file: file.map(|file| cut(file).into()),
            });
        }
    }
}

/// A name as it is kept.
#[must_use]
pub fn cut(text: &str) -> String {
    text.chars().take(NAME_MAX).collect()
}

/// What a reader makes of some lines: for tests of readers.
#[cfg(test)]
pub(crate) fn read_lines(framework: &dyn TestFramework, text: &str) -> Vec<String> {
    let mut words = crate::frameworks::tests::vocabulary(framework);
    let mut observer = framework.observer();
    let mut awake = false;
    for line in text.lines() {
        if awake || words(line) {
            awake = observer.line(line.trim_end());
        }
    }
    observer.finish().tests.iter().map(|test| test.name.raw().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn vocabulary(framework: &dyn TestFramework) -> impl FnMut(&str) -> bool {
        let words = framework.words();
        move |line| words.iter().any(|word| line.to_ascii_lowercase().contains(&word.to_ascii_lowercase()))
    }

    #[test]
    fn ids_are_unique_and_words_are_given() {
        let mut ids = std::collections::HashSet::new();
        for framework in all() {
            assert!(ids.insert(framework.id()) && !framework.words().is_empty(), "{}", framework.id());
        }
    }

    #[test]
    fn many_names_are_counted_and_not_kept() {
        let mut names = Names::default();
        (0..1_000).for_each(|n| names.add("x", &format!("test {n}"), None));
        assert_eq!((names.tests.len(), names.total), (NAMES_KEPT, 1_000));
    }
}
