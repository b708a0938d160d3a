//! Finds the one definition that a name means, and says why it cannot be skipped alone.

use crate::domain::text::short;
use std::collections::HashSet;

use super::classes::Classes;
use super::collected::{Collected, Runner};
use super::module::{Kind, Module};
use super::names::{Fit, TestName};

/// What a name means in a module.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// The definition, and the class that runs it when that is not the one it stands in.
    One(usize, Option<usize>),
    Refused(Vec<String>),
    None,
}

/// A module, and what is known of its classes.
pub struct Finder<'m, 't> {
    pub module: &'m Module<'t>,
    pub classes: &'m Classes,
    pub runner: Runner,
    collected: Collected<'m, 't>,
}

impl<'m, 't> Finder<'m, 't> {
    pub fn new(module: &'m Module<'t>, classes: &'m Classes, runner: Runner) -> Self {
        Self { module, classes, runner, collected: Collected::new(module, classes, runner) }
    }

    /// The definition that is meant.
    pub fn find(&self, wanted: &TestName) -> Found {
        let named = |index: &usize| self.module.items[*index].name == wanted.last();
        let mut exact = Vec::new();
        let mut near = Vec::new();
        for index in (0..self.module.items.len()).filter(named) {
            match wanted.fits(self.module.path, &self.module.qualified(index)) {
                Fit::Exact => exact.push(index),
                Fit::Near => near.push(index),
                Fit::Not => {}
            }
        }
        let tests: Vec<usize> =
            exact.iter().copied().filter(|index| self.collected.why_not(*index).is_none()).collect();
        match (tests.as_slice(), exact.as_slice()) {
            ([one], _) => self.alone(*one, None),
            ([], []) => self.inherited(wanted).unwrap_or_else(|| self.hint(wanted, &near)),
            ([], [first, ..]) => {
                let reason = self.collected.why_not(*first).unwrap_or_default();
                Found::Refused(vec![format!("{}: {reason}", self.place(*first))])
            }
            (several, _) => self.ambiguous(several),
        }
    }

    /// The name that people use for a definition.
    pub fn called(&self, index: usize) -> String {
        let joint = if self.runner == Runner::Pytest { "::" } else { "." };
        short(&self.module.qualified(index).join(joint))
    }

    /// As `tests/test_x.py line 3 (TestA::test_b)`.
    pub fn place(&self, index: usize) -> String {
        let path = short(self.module.path);
        format!("{path} line {} ({})", self.module.items[index].line(), self.called(index))
    }

    fn ambiguous(&self, several: &[usize]) -> Found {
        let places: Vec<String> = several.iter().take(10).map(|index| self.place(*index)).collect();
        let first = self.module.qualified(several[0]);
        let advice = if several.iter().all(|index| self.module.qualified(*index) == first) {
            "only one of them runs: rename the others, then try again"
        } else if self.runner == Runner::Pytest {
            "give the file and the classes too, as in tests/test_x.py::TestA::test_b"
        } else {
            "give the module and the class too, as in tests.test_x.TestA.test_b"
        };
        let count = several.len();
        Found::Refused(vec![format!("The name matches {count} definitions: {}; {advice}.", places.join(", "))])
    }

    fn hint(&self, wanted: &TestName, near: &[usize]) -> Found {
        if near.is_empty() || wanted.file.is_none() {
            return Found::None;
        }
        let places: Vec<String> = near.iter().take(10).map(|index| self.place(*index)).collect();
        let list = places.join(", ");
        Found::Refused(vec![format!("The name lacks the class around the test: {list}. Name the test with it.")])
    }

    /// The test of a base class that a class of the wanted name runs.
    fn inherited(&self, wanted: &TestName) -> Option<Found> {
        let (method, class) = wanted.parts.split_last()?;
        let class = TestName { parts: class.to_vec(), ..wanted.clone() };
        let is_class = |index: &usize| {
            let item = &self.module.items[*index];
            let named = item.kind == Kind::Class && item.name == class.last();
            named && class.fits(self.module.path, &self.module.qualified(*index)) == Fit::Exact
        };
        let mut heirs = (0..self.module.items.len()).filter(is_class);
        let (heir, None) = (heirs.next()?, heirs.next()) else { return None };
        let line = self.classes.line_of(heir);
        let holds = |parent: &&usize| self.classes.method(**parent, method).is_some();
        let parent = line.iter().skip(1).find(holds)?;
        Some(self.alone(self.classes.method(*parent, method)?, Some(heir)))
    }

    /// Refuses when more than the one test would be skipped, or when the source is not understood.
    fn alone(&self, index: usize, run_by: Option<usize>) -> Found {
        if !self.module.understood(index) {
            let place = self.place(index);
            return Found::Refused(vec![format!("{place}: the code around it was not understood; skip it by hand.")]);
        }
        let item = &self.module.items[index];
        let Some(class) = item.class.filter(|_| item.kind == Kind::Function) else { return Found::One(index, run_by) };
        let runs = |heir: &usize| self.collected.why_not_class(*heir).is_none();
        let heirs: Vec<usize> = self.classes.heirs(class, Some(item.name)).into_iter().filter(runs).collect();
        match heirs.as_slice() {
            [one] if run_by.is_none_or(|run_by| run_by == *one) => Found::One(index, run_by),
            [] => Found::Refused(vec![format!(
                "{}: no collected class in this file runs it, and other files are not known; skip it by hand.",
                self.place(index)
            )]),
            several => {
                let names: Vec<String> = several.iter().take(10).map(|heir| self.called(*heir)).collect();
                Found::Refused(vec![format!(
                    "{}: several classes run it ({}), and all would skip it; override it in one of them first.",
                    self.place(index),
                    names.join(", ")
                )])
            }
        }
    }

    /// How many tests a skipped class holds, in a sentence. `cases` says how many cases a test makes.
    pub fn extent_of_class(&self, class: usize, cases: impl Fn(usize) -> Option<usize>) -> String {
        let mut known = true;
        let mut count = 0_usize;
        let members = self.members(class);
        for test in &members {
            let made = cases(*test);
            known &= made.is_some();
            count = count.saturating_add(made.unwrap_or(1));
        }
        let least = if known { "" } else { "at least " };
        let tests = if count == 1 { "test" } else { "tests" };
        let heirs = self.classes.heirs(class, None);
        let names: Vec<String> = heirs.iter().skip(1).take(10).map(|heir| self.called(*heir)).collect();
        let also = if names.is_empty() {
            String::new()
        } else {
            format!(", and also {}, which inherits the skip", names.join(", "))
        };
        format!("{}: this skips the whole class with {least}{count} {tests}{also}.", self.place(class))
    }

    /// The tests that a class runs: its own, those of classes in it, and those that it inherits within the module.
    fn members(&self, class: usize) -> Vec<usize> {
        let line: HashSet<usize> = self.classes.line_of(class).into_iter().collect();
        let mut inside: HashSet<usize> = line.clone();
        let mut names = HashSet::new();
        let mut found = Vec::new();
        for (index, item) in self.module.items.iter().enumerate() {
            let Some(outer) = item.class.filter(|outer| inside.contains(outer)) else { continue };
            let test = item.kind == Kind::Function && item.name.starts_with("test");
            if item.kind == Kind::Class && self.collected.why_not_class(index).is_none() {
                inside.insert(index);
            }
            // A base's test under the same name is overridden.
            if test && (!line.contains(&outer) || names.insert(item.name)) {
                found.push(index);
            }
        }
        found
    }
}
