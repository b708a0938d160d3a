//! Which definitions a test framework runs, by its default rules.

use super::classes::Classes;
use super::module::{Kind, Module, callee, dotted, values};
use crate::domain::text::short;
use crate::frameworks::syntax::of;

/// Whose rules say what a test is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    Pytest,
    Unittest,
}

/// What is collected of a module.
pub struct Collected<'m, 't> {
    module: &'m Module<'t>,
    classes: &'m Classes,
    runner: Runner,
    /// By index of [`Module::items`]: why a class is not collected.
    reasons: Vec<Option<&'static str>>,
}

impl<'m, 't> Collected<'m, 't> {
    pub fn new(module: &'m Module<'t>, classes: &'m Classes, runner: Runner) -> Self {
        let mut collected = Self { module, classes, runner, reasons: Vec::new() };
        for index in 0..module.items.len() {
            let reason = (module.items[index].kind == Kind::Class).then(|| collected.reason(index)).flatten();
            collected.reasons.push(reason);
        }
        collected
    }

    /// Why a definition is no test; None when it is one.
    pub fn why_not(&self, index: usize) -> Option<String> {
        let item = &self.module.items[index];
        match (item.kind, item.class) {
            (Kind::Class, _) => self.why_not_class(index),
            (Kind::Function, class) => {
                self.why_not_function(index).map(str::to_owned).or_else(|| self.why_no_member(class?, item.name))
            }
        }
    }

    /// Why a class is not collected; None when it is.
    pub fn why_not_class(&self, class: usize) -> Option<String> {
        let name = short(self.module.items[class].name);
        self.reasons[class].map(|reason| format!("the class {name} {reason}"))
    }

    fn why_not_function(&self, index: usize) -> Option<&'static str> {
        let item = &self.module.items[index];
        let fixture = |node: &tree_sitter::Node<'_>| {
            dotted(callee(*node), self.module.text).is_some_and(|name| name.ends_with("fixture"))
        };
        if item.decorators.iter().any(fixture) {
            return Some("it is a fixture, not a test; name the tests that use it.");
        }
        if !item.name.starts_with("test") {
            return Some("it is not a test: its name does not start with \"test\".");
        }
        if item.class.is_none() && self.runner == Runner::Unittest {
            return Some("it is a plain function, and unittest only runs methods of TestCase classes.");
        }
        None
    }

    /// A method's class may be a plain base whose tests a collected class of this file runs.
    fn why_no_member(&self, class: usize, method: &str) -> Option<String> {
        let reason = self.why_not_class(class)?;
        let runs = |heir: &usize| self.reasons[*heir].is_none();
        (!self.classes.heirs(class, Some(method)).iter().any(runs)).then_some(reason)
    }

    /// The class around it comes first in the text, so its reason is known.
    fn reason(&self, index: usize) -> Option<&'static str> {
        let item = &self.module.items[index];
        let test_case = self.classes.is_test_case(index);
        let nested = item.class.map(|outer| (outer, self.classes.is_test_case(outer)));
        match (self.runner, nested) {
            (Runner::Unittest, _) if !test_case => {
                Some("does not derive from a TestCase class, so unittest does not run it.")
            }
            (Runner::Unittest, Some(_)) => Some("is inside another class, so unittest does not run it."),
            (Runner::Pytest, Some((_, true))) => Some("is inside a TestCase class, so pytest does not collect it."),
            (Runner::Pytest, _) if !test_case && !item.name.starts_with("Test") => {
                Some("is not collected by pytest: its name does not start with \"Test\", and it has no TestCase base.")
            }
            (Runner::Pytest, _) if !test_case && self.classes.method(index, "__init__").is_some() => {
                Some("is not collected by pytest: it has an __init__ method.")
            }
            _ if self.opted_out(index) => Some("is not collected: it sets __test__ = False."),
            (Runner::Pytest, Some((outer, _))) => self.reasons[outer],
            _ => None,
        }
    }

    fn opted_out(&self, class: usize) -> bool {
        self.module.body(class).iter().any(|statement| {
            let assignment = values(*statement).first().copied();
            let value = assignment.and_then(|assignment| assignment.child_by_field_name("right"));
            of(*statement, self.module.text).starts_with("__test__") && value.is_some_and(|v| v.kind() == "false")
        })
    }
}
