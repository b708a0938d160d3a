//! Skips pytest's tests and releases them.

use super::case::{self, Words};
use super::name;
use super::table::{cases, tables};
use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::edit::Editor;
use crate::frameworks::python::collected::Runner;
use crate::frameworks::python::module::Kind;
use crate::frameworks::python::names::is_test_path;
use crate::frameworks::python::place::{Access, access};
use crate::frameworks::python::release::release;
use crate::frameworks::python::write::{Plan, Target, literal, quarantine, refused};

/// By `@pytest.mark.skip`, or `marks=` of one row.
pub struct PytestEditor;

impl Editor for PytestEditor {
    fn id(&self) -> &'static str {
        "pytest"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["py"]
    }

    fn reads(&self, path: &str) -> bool {
        is_test_path(path)
    }

    fn file_of(&self, name: &str) -> Option<String> {
        name::read(name).ok()?.file_of()
    }

    fn needle(&self, name: &str) -> String {
        name::read(name).map(|wanted| wanted.last().to_owned()).unwrap_or_default()
    }

    fn quarantine(&self, source: &Source, name: &str, mark: &Mark) -> Edited {
        let wanted = match name::read(name) {
            Ok(wanted) => wanted,
            Err(reason) => return refused(reason),
        };
        quarantine(source, &wanted, mark, Runner::Pytest, |target| {
            if wanted.cases.is_empty() { whole(target, mark) } else { one_case(target, &wanted.cases, mark) }
        })
    }

    /// `--deselect` for each, for `pytest @FILE` (docs.pytest.org, 8.2).
    fn leave_out(&self, names: &[String]) -> Option<String> {
        Some(names.iter().flat_map(|name| ["--deselect=", name, "\n"]).collect())
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        release(&source.text, id)
    }
}

/// How the module calls `pytest.mark.skip`, with its reason.
fn skip(target: &Target<'_, '_>, mark: &Mark) -> Option<(String, Access)> {
    let before = target.start();
    let reason = literal(target.module.text, mark);
    let has_module = target.bindings.name_of("pytest", before).is_some();
    if let Some(name) = target.bindings.name_of("pytest.mark", before).filter(|_| !has_module) {
        return Some((format!("{name}.skip(reason={reason})"), Access { name: name.to_owned(), import: None }));
    }
    let access = access(target.module, target.bindings, "pytest", before)?;
    Some((format!("{}.mark.skip(reason={reason})", access.name), access))
}

fn whole(target: &Target<'_, '_>, mark: &Mark) -> Result<Plan, Edited> {
    let (skip, access) = skip(target, mark).ok_or_else(|| target.no_import("pytest"))?;
    let mut plan = target.whole(&skip, access)?;
    plan.warnings.extend(extent(target));
    Ok(plan)
}

fn one_case(target: &Target<'_, '_>, ids: &[String], mark: &Mark) -> Result<Plan, Edited> {
    if target.module.items[target.index].kind == Kind::Class {
        return Err(refused(format!("{}: a class has no cases of its own.", target.finder.place(target.index))));
    }
    let before = target.start();
    let (skip, _) = skip(target, mark).ok_or_else(|| target.no_import("pytest"))?;
    let param = target.bindings.name_of("pytest.param", before);
    let param = match param.map(|name| Access { name: name.to_owned(), import: None }) {
        Some(known) => known,
        None => access(target.module, target.bindings, "pytest", before)
            .map(|access| Access { name: format!("{}.param", access.name), import: access.import })
            .ok_or_else(|| target.no_import("pytest"))?,
    };
    case::plan(target, ids, &Words { param, skip: &skip })
}

/// How much is skipped, when it is more than one test.
fn extent(target: &Target<'_, '_>) -> Option<String> {
    let place = target.finder.place(target.index);
    if target.module.items[target.index].kind == Kind::Class {
        let of_test = |test: usize| cases(&tables(target.module, target.bindings, test));
        return Some(target.finder.extent_of_class(target.index, of_test));
    }
    let tables = tables(target.module, target.bindings, target.index);
    match (tables.is_empty(), cases(&tables)) {
        (true, _) | (_, Some(1)) => None,
        (_, Some(count)) => Some(format!("{place}: this skips {count} cases.")),
        (_, None) => Some(format!("{place}: this skips all its cases; how many is not known.")),
    }
}
