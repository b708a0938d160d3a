//! Which classes of a module hold tests, by their names and bases.

use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

use super::module::{Kind, Module, dotted, values};
use crate::frameworks::syntax::of;

/// Bases that say nothing about tests.
const PLAIN: [&str; 8] = ["object", "ABC", "Generic", "Protocol", "Enum", "NamedTuple", "TypedDict", "Exception"];

/// The inheritance within a module.
pub struct Classes {
    /// By index of [`Module::items`]: derives from a `TestCase` as far as the names tell.
    test_case: Vec<bool>,
    /// Bases within the module.
    parents: HashMap<usize, Vec<usize>>,
    /// Classes of the module that name this one as a base.
    heirs: HashMap<usize, Vec<usize>>,
    /// By class and name; of several, the last.
    methods: HashMap<(usize, String), usize>,
}

impl Classes {
    pub fn of(module: &Module<'_>) -> Self {
        let is_class = |index: &usize| module.items[*index].kind == Kind::Class;
        let all: Vec<usize> = (0..module.items.len()).filter(is_class).collect();
        let by_name: HashMap<&str, usize> = all.iter().map(|index| (module.items[*index].name, *index)).collect();
        let mut classes = Self {
            test_case: vec![false; module.items.len()],
            parents: HashMap::new(),
            heirs: HashMap::new(),
            methods: module
                .items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| Some(((item.class?, item.name.to_owned()), index)))
                .collect(),
        };
        let mut waiting = Vec::new();
        for &index in &all {
            let name = module.items[index].name;
            for base in bases(module, index) {
                // `Outer.Base` is known here only if `Outer` is a class of this module.
                let outermost = base.split('.').next().unwrap_or("");
                let parent = by_name.get(last(&base)).filter(|_| by_name.contains_key(outermost));
                match parent.filter(|parent| **parent != index) {
                    Some(&parent) => {
                        classes.parents.entry(index).or_default().push(parent);
                        classes.heirs.entry(parent).or_default().push(index);
                    }
                    None if is_test_base(&base) || (names_tests(name) && !PLAIN.contains(&last(&base))) => {
                        waiting.push(index);
                    }
                    None => {}
                }
            }
        }
        while let Some(index) = waiting.pop() {
            if !std::mem::replace(&mut classes.test_case[index], true) {
                waiting.extend(classes.heirs.get(&index).into_iter().flatten());
            }
        }
        classes
    }

    /// What a class defines under a name.
    pub fn method(&self, class: usize, name: &str) -> Option<usize> {
        self.methods.get(&(class, name.to_owned())).copied()
    }

    pub fn is_test_case(&self, class: usize) -> bool {
        self.test_case[class]
    }

    /// The class and its bases within the module, the nearest first.
    pub fn line_of(&self, class: usize) -> Vec<usize> {
        reach(class, &self.parents, |_| true)
    }

    /// The class and those that inherit from it within the module; with a method, only those that do not bring their
    /// own.
    pub fn heirs(&self, class: usize, method: Option<&str>) -> Vec<usize> {
        let inherits = |heir: usize| method.is_none_or(|m| self.method(heir, m).is_none());
        reach(class, &self.heirs, inherits)
    }
}

fn reach(from: usize, edges: &HashMap<usize, Vec<usize>>, goes: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut found = vec![from];
    let mut seen = HashSet::from([from]);
    let mut at = 0;
    while let Some(next) = found.get(at).map(|index| edges.get(index)) {
        at += 1;
        for &index in next.into_iter().flatten() {
            if goes(index) && seen.insert(index) {
                found.push(index);
            }
        }
    }
    found
}

/// The names of a class's bases, as written.
pub fn bases(module: &Module<'_>, class: usize) -> Vec<String> {
    let Some(list) = module.items[class].node.child_by_field_name("superclasses") else { return Vec::new() };
    let name = |base: Node<'_>| match base.kind() {
        "subscript" => base.child_by_field_name("value").and_then(|value| dotted(value, module.text)),
        "keyword_argument" => None,
        // A factory such as `make_case(int)`: only its name is known.
        "call" => Some(of(base.child_by_field_name("function")?, module.text).to_owned()),
        _ => dotted(base, module.text),
    };
    values(list).into_iter().filter_map(name).collect()
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn is_test_base(base: &str) -> bool {
    last(base).contains("Test") || last(base).ends_with("Case") || last(base).ends_with("Mixin")
}

fn names_tests(class: &str) -> bool {
    class.starts_with("Test") || class.ends_with("Test") || class.ends_with("Tests") || class.ends_with("TestCase")
}
