//! What the editors of Jest, Vitest, Mocha and Playwright share.
//!
//! A source is parsed, its tests and groups are found under the names that its imports give them, and the one that a
//! printed name means is skipped by `.skip` with the mark in a comment before it, or by a statement in its body.

mod answer;
mod bindings;
mod body;
mod cases;
mod chain;
mod insertion;
mod literal;
mod names;
mod options;
mod paths;
mod printed;
mod rows;
mod source;
mod title;
pub mod words;

pub use words::{Dialect, Runner};

use std::collections::BTreeSet;

use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::edit::Editor;

/// A dialect is all that an editor of the family needs to know.
impl Editor for Dialect {
    fn id(&self) -> &'static str {
        self.id
    }

    fn endings(&self) -> &'static [&'static str] {
        &source::EXTENSIONS
    }

    fn reads(&self, path: &str) -> bool {
        source::reads(path)
    }

    fn packages(&self) -> &'static [&'static str] {
        self.packages
    }

    fn file_of(&self, name: &str) -> Option<String> {
        printed::file_of(name)
    }

    fn needle(&self, name: &str) -> String {
        printed::needle(self, name)
    }

    fn quarantine(&self, source: &Source, name: &str, mark: &Mark) -> Edited {
        answer::quarantine(self, source, name, mark)
    }

    /// Jest and Vitest match a pattern against the names of blocks and test, joined by spaces (jestjs.io and vitest.dev,
    /// `--testNamePattern`).
    fn leave_out(&self, names: &[String]) -> Option<String> {
        if !["jest", "vitest"].contains(&self.id()) {
            return None;
        }
        let full = |name: &String| {
            let file = name.split_once(" > ").filter(|(file, _)| file.contains('.') && file.contains('/'));
            let tests = file.map_or(name.as_str(), |(_, tests)| tests);
            regex::escape(&tests.replace(" › ", " ").replace(" > ", " "))
        };
        let all = names.iter().map(full).collect::<Vec<_>>().join("|");
        Some(format!("--testNamePattern=^(?!(?:{all})$)\n"))
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        release(self, source, id)
    }
}

/// More marks of one id are not ours.
const MARKS_MAX: usize = 16;

/// Takes the mark `id` out again. None when the file has no such mark, or more than one place that could be meant, or
/// when it is not as we made it.
fn release(dialect: &Dialect, source: &Source, id: &str) -> Option<String> {
    let text = &source.text;
    let marks: Vec<usize> = text.match_indices(&Mark::needle(id)).map(|(at, _)| at).take(MARKS_MAX + 1).collect();
    if marks.is_empty() || marks.len() > MARKS_MAX {
        return None;
    }
    let parsed = source::parse(&source.path, text)?;
    let cases = cases::find(dialect, &parsed.tree, text).list;
    // A mark stands before the call it belongs to, or in its body.
    let next = |at: &usize| cases.partition_point(|case| case.range.start < *at);
    let near: BTreeSet<usize> = marks.iter().flat_map(|at| [next(at).saturating_sub(1), next(at)]).collect();
    let near = near.into_iter().filter_map(|index| cases.get(index));
    let removals: Vec<_> = near.filter_map(|case| insertion::removal(case, text, id)).collect();
    let [ranges] = removals.as_slice() else { return None };
    let released = insertion::remove(text, ranges);
    let after = source::parse_by(parsed.language, &released)?;
    (after.errors <= parsed.errors).then_some(released)
}
