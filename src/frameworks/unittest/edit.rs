//! Skips unittest's tests and releases them.

use super::name;
use crate::domain::edit::{Edited, Mark, Source};
use crate::domain::text::short;
use crate::frameworks::edit::Editor;
use crate::frameworks::python::collected::Runner;
use crate::frameworks::python::module::Kind;
use crate::frameworks::python::names::is_test_path;
use crate::frameworks::python::place::{Access, access};
use crate::frameworks::python::release::release;
use crate::frameworks::python::write::{Plan, Target, literal, quarantine, refused};

/// By `@unittest.skip`.
pub struct UnittestEditor;

/// Libraries with the `skip` of the standard one.
const ALIKE: [&str; 3] = ["unittest", "unittest2", "django.utils.unittest"];

impl Editor for UnittestEditor {
    fn id(&self) -> &'static str {
        "unittest"
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
        quarantine(source, &wanted, mark, Runner::Unittest, |target| plan(target, mark))
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        release(&source.text, id)
    }
}

fn plan(target: &Target<'_, '_>, mark: &Mark) -> Result<Plan, Edited> {
    let (skip, access) = skip(target)?;
    let skip = format!("{skip}({})", literal(target.module.text, mark));
    let mut plan = target.whole(&skip, access)?;
    if target.module.items[target.index].kind == Kind::Class {
        plan.warnings.push(target.finder.extent_of_class(target.index, |_| Some(1)));
    }
    Ok(plan)
}

/// How the module calls `unittest.skip`.
fn skip(target: &Target<'_, '_>) -> Result<(String, Access), Edited> {
    let before = target.start();
    let bindings = target.bindings;
    let module = ALIKE.iter().find_map(|library| bindings.name_of(library, before));
    let function = || ALIKE.iter().find_map(|library| bindings.name_of(&format!("{library}.skip"), before));
    if let Some(name) = module {
        return Ok((format!("{name}.skip"), Access { name: name.to_owned(), import: None }));
    }
    if let Some(name) = function() {
        return Ok((name.to_owned(), Access { name: name.to_owned(), import: None }));
    }
    let other = bindings.imports.iter().find(|b| b.name == "unittest" && !ALIKE.contains(&b.origin.as_str()));
    // What others use of it is there.
    if other.is_some_and(|other| other.sure && other.at < before) && target.module.text.contains("@unittest.skip(") {
        return Ok(("unittest.skip".to_owned(), Access { name: "unittest".to_owned(), import: None }));
    }
    if let Some(other) = other {
        let place = target.finder.place(target.index);
        let origin = short(&other.origin);
        return Err(refused(format!(
            "{place}: unittest is {origin} here, which may have no skip; add \"from unittest import skip\", then try again."
        )));
    }
    let access = access(target.module, bindings, "unittest", before).ok_or_else(|| target.no_import("unittest"))?;
    Ok((format!("{}.skip", access.name), access))
}
