//! Which names a module's imports and plain assignments bind.

use std::collections::HashMap;

use tree_sitter::Node;

use super::module::{Module, children, dotted};
use crate::frameworks::syntax::of;

/// A name, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// `*` where everything of a module is imported.
    pub name: String,
    /// As `pytest.mark` for `from pytest import mark`.
    pub origin: String,
    /// Where in the text.
    pub at: usize,
    /// Bound whenever the module runs: not under an `if` and such.
    pub sure: bool,
}

/// The names that an import statement binds.
pub fn of_import(node: Node<'_>, text: &str) -> Vec<(String, String)> {
    let from = node.child_by_field_name("module_name").map(|module| of(module, text));
    let mut bound = Vec::new();
    for name in node.children_by_field_name("name", &mut node.walk()) {
        let alias = name.child_by_field_name("alias").map(|alias| of(alias, text).to_owned());
        let name = of(name.child_by_field_name("name").unwrap_or(name), text);
        match (from, alias) {
            (Some(from), alias) => bound.push((alias.unwrap_or_else(|| name.to_owned()), format!("{from}.{name}"))),
            (None, Some(alias)) => bound.push((alias, name.to_owned())),
            (None, None) => {
                let first = name.split('.').next().unwrap_or(name);
                bound.push((first.to_owned(), first.to_owned()));
            }
        }
    }
    if let Some(from) = from
        && children(node).iter().any(|child| child.kind() == "wildcard_import")
    {
        bound.push(("*".to_owned(), from.to_owned()));
    }
    bound
}

/// What a module binds at its top level, in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    pub imports: Vec<Bound>,
    /// By name: the origin of an import, else the `other.name` of `name = other.name` or `name = other.name(…)`.
    origins: HashMap<String, String>,
}

impl Bindings {
    pub fn of(module: &Module<'_>) -> Self {
        let mut bindings = Self::default();
        let mut assigned = Vec::new();
        let mut waiting: Vec<(Node<'_>, bool)> = children(module.root).into_iter().rev().map(|n| (n, true)).collect();
        while let Some((node, sure)) = waiting.pop() {
            match node.kind() {
                "import_statement" | "import_from_statement" => {
                    let at = node.start_byte();
                    let bound = of_import(node, module.text).into_iter();
                    bindings.imports.extend(bound.map(|(name, origin)| Bound { name, origin, at, sure }));
                }
                "expression_statement" => assigned.extend(assignment(node, module.text)),
                "try_statement" => {
                    let body = node.child_by_field_name("body");
                    let inner = children(node).into_iter().rev();
                    waiting.extend(inner.map(|child| (child, sure && Some(child) == body)));
                }
                "block" => waiting.extend(children(node).into_iter().rev().map(|child| (child, sure))),
                "if_statement" | "else_clause" | "except_clause" | "with_statement" => {
                    waiting.extend(children(node).into_iter().rev().map(|child| (child, false)));
                }
                _ => {}
            }
        }
        bindings.origins.extend(assigned);
        bindings.origins.extend(bindings.imports.iter().map(|bound| (bound.name.clone(), bound.origin.clone())));
        bindings
    }

    /// The name under which `origin` can be used at `before`.
    pub fn name_of(&self, origin: &str, before: usize) -> Option<&str> {
        let usable = |bound: &&Bound| bound.sure && bound.at < before && bound.origin == origin;
        self.imports.iter().find(usable).map(|bound| bound.name.as_str())
    }

    /// What `name` stands for, written out as far as this module tells.
    pub fn resolve(&self, name: &str) -> String {
        let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        match (self.origins.get(first), rest) {
            (None, _) => name.to_owned(),
            (Some(origin), None) => origin.clone(),
            (Some(origin), Some(rest)) => format!("{origin}.{rest}"),
        }
    }
}

fn assignment(statement: Node<'_>, text: &str) -> Option<(String, String)> {
    let assignment = children(statement).into_iter().next().filter(|n| n.kind() == "assignment")?;
    let name = assignment.child_by_field_name("left").filter(|left| left.kind() == "identifier")?;
    let value = super::module::callee(assignment.child_by_field_name("right")?);
    Some((of(name, text).to_owned(), dotted(value, text)?))
}
