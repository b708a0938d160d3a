//! The edit that skips a whole test or class, and the checks before any edit is given out.

use crate::domain::text::short;
use tree_sitter::Tree;

use super::classes::Classes;
use super::collected::Runner;
use super::find::{Finder, Found};
use super::imports::Bindings;
use super::module::{Module, language};
use super::names::TestName;
use super::place::{Access, decorator};
use super::release::release;
use super::skips::Skips;
use crate::domain::edit::{Edit, Edited, Mark, Source};
use crate::frameworks::syntax::{Insertion, errors, insert, parse};

/// A test that was found in a module and that nothing skips so far.
pub struct Target<'m, 't> {
    pub module: &'m Module<'t>,
    pub bindings: &'m Bindings,
    pub finder: &'m Finder<'m, 't>,
    pub skips: &'m Skips<'m, 't>,
    /// An index of [`Module::items`].
    pub index: usize,
}

/// What to put in, and what to say about it.
#[derive(Default)]
pub struct Plan {
    pub insertions: Vec<Insertion>,
    pub because: Vec<String>,
    pub warnings: Vec<String>,
}

/// Finds the test and has `plan` say how it is skipped.
pub fn quarantine(
    source: &Source,
    wanted: &TestName,
    mark: &Mark,
    runner: Runner,
    plan: impl FnOnce(&Target<'_, '_>) -> Result<Plan, Edited>,
) -> Edited {
    if !wanted.allows(&source.path) || !source.text.contains(wanted.last()) {
        return Edited::Absent;
    }
    let path = short(&source.path);
    let Some(tree) = parse(&language(), &source.text).filter(|_| !source.text.contains('\0')) else {
        return refused(format!("{path} is too large or holds NUL characters; skip the test by hand."));
    };
    let module = Module::new(&source.path, &source.text, &tree);
    let classes = Classes::of(&module);
    let finder = Finder::new(&module, &classes, runner);
    let (index, run_by) = match finder.find(wanted) {
        Found::One(index, run_by) => (index, run_by),
        Found::Refused(reasons) => return Edited::Refused(reasons),
        Found::None => return Edited::Absent,
    };
    let bindings = Bindings::of(&module);
    let skips = Skips { module: &module, classes: &classes, bindings: &bindings };
    if let Some(skip) = skips.why(index, run_by) {
        return Edited::Already(already(&path, &finder.called(index), &skip));
    }
    let target = Target { module: &module, bindings: &bindings, finder: &finder, skips: &skips, index };
    match plan(&target) {
        Ok(mut plan) => {
            plan.warnings.extend(wanted.warnings.iter().cloned());
            finish(source, &tree, plan, mark)
        }
        Err(edited) => edited,
    }
}

/// As people read it in an answer.
pub fn already(path: &str, test: &str, skip: &str) -> String {
    format!("{path}: {test} is already skipped: {skip}")
}

/// One reason.
pub fn refused(reason: String) -> Edited {
    Edited::Refused(vec![reason])
}

/// The words of the mark as a string literal. A file that declares an old encoding gets ASCII only.
pub fn literal(text: &str, mark: &Mark) -> String {
    let coding = |line: &str| line.starts_with('#') && line.contains("coding") && !line.to_lowercase().contains("utf");
    let words = mark.words();
    if text.lines().take(2).any(coding) {
        return format!("\"{}\"", words.replace(|c: char| !c.is_ascii(), "_"));
    }
    format!("\"{words}\"")
}

impl Target<'_, '_> {
    /// Where the statement of the test begins.
    pub fn start(&self) -> usize {
        let mut item = &self.module.items[self.index];
        while let Some(class) = item.class {
            item = &self.module.items[class];
        }
        item.outer.start_byte()
    }

    /// A decorator above the whole test or class.
    pub fn whole(&self, skip: &str, access: Access) -> Result<Plan, Edited> {
        let place = self.finder.place(self.index);
        let Some(line) = decorator(self.module, &self.module.items[self.index], skip) else {
            return Err(refused(format!("{place}: it does not start its line; skip it by hand.")));
        };
        let mut plan = Plan::default();
        plan.because.push(format!("{place} gets the decorator @{}.", skip.split('(').next().unwrap_or(skip)));
        plan.insertions.extend(access.import);
        plan.insertions.push(line);
        plan.warnings.extend(self.heirs_elsewhere());
        Ok(plan)
    }

    /// A base class is likely to have heirs in other files.
    fn heirs_elsewhere(&self) -> Option<String> {
        let names = self.module.qualified(self.index);
        let base = names.iter().find(|name| ["Base", "Mixin", "Abstract"].iter().any(|word| name.contains(word)))?;
        Some(format!(
            "Classes in other files that inherit from {} skip it too; check whether there are any.",
            short(base)
        ))
    }

    /// For a library that cannot be imported where it must stand.
    pub fn no_import(&self, library: &str) -> Edited {
        let place = self.finder.place(self.index);
        refused(format!(
            "{place}: found no safe place for \"import {library}\" above it; add the import, then try again."
        ))
    }
}

/// Applies a plan, unless the result could not be read or taken back.
fn finish(source: &Source, tree: &Tree, plan: Plan, mark: &Mark) -> Edited {
    let text = insert(&source.text, plan.insertions);
    let parses = parse(&language(), &text).is_some_and(|after| errors(&after) <= errors(tree));
    // An id that is here already is released together with this one.
    let reversible =
        source.text.contains(&Mark::needle(&mark.id)) || release(&text, &mark.id).as_ref() == Some(&source.text);
    if !parses || !reversible {
        let path = short(&source.path);
        return refused(format!("{path}: the edit could not be checked; skip the test by hand."));
    }
    let files = vec![Source { path: source.path.clone(), text }];
    Edited::Ready(Edit { files, because: plan.because, warnings: plan.warnings, ..Edit::default() })
}
