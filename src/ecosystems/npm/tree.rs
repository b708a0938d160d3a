//! `package-lock.json` as a tree of installed packages, by path.

use crate::edit::json::{Item, Node, parse};
use std::collections::HashMap;

/// One package of the lock.
#[derive(Clone, Debug)]
pub struct Entry<'n> {
    /// Such as `node_modules/a/node_modules/b`; empty for the root.
    pub path: String,
    pub node: &'n Node,
}

/// The lock's packages.
#[derive(Debug)]
pub struct Tree<'n> {
    pub root: &'n Node,
    pub entries: Vec<Entry<'n>>,
    /// The old form, without `packages`.
    pub is_old: bool,
    by_path: HashMap<String, usize>,
}

/// Longer paths are no real ones.
const PATH_MAX: usize = 2000;

/// What parts the path of a package from the one it is installed in.
const MODULES: &str = "node_modules/";

impl<'n> Tree<'n> {
    pub fn new(root: &'n Node) -> Self {
        let mut entries = Vec::new();
        let is_old = root.get("packages").is_none();
        match root.get("packages") {
            Some(packages) => {
                let entry = |member: &'n Item| Entry { path: member.key.clone(), node: &member.value };
                entries.extend(packages.members().iter().filter(|member| member.key.len() <= PATH_MAX).map(entry));
            }
            None => gather_old(root, "", &mut entries),
        }
        let by_path = entries.iter().enumerate().map(|(index, entry)| (entry.path.clone(), index)).collect();
        Self { root, entries, is_old, by_path }
    }

    pub fn at(&self, path: &str) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    pub fn version(&self, index: usize) -> Option<&'n str> {
        self.entries[index].node.text_of("version")
    }

    /// The entry that `from` gets when it asks for `name`.
    pub fn resolve(&self, from: &str, name: &str) -> Option<usize> {
        let index = candidates(from, name).into_iter().find_map(|path| self.at(&path))?;
        let node = self.entries[index].node;
        // A link leads to a package of the repository itself.
        match node.text_of("resolved").filter(|_| is_true(node, "link")) {
            Some(target) => self.at(target),
            None => Some(index),
        }
    }

    /// The entries of this name.
    pub fn named(&self, name: &str) -> Vec<usize> {
        let is_named = |entry: &Entry| name_of(&entry.path) == Some(name) && !is_true(entry.node, "link");
        (0..self.entries.len()).filter(|&index| is_named(&self.entries[index])).collect()
    }
}

/// Where a package at `from` looks for `name`, nearest first.
pub fn candidates(from: &str, name: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut folder = Some(from);
    while let Some(at) = folder.filter(|at| at.len() <= PATH_MAX) {
        if at.rsplit('/').next() != Some("node_modules") {
            paths.push(inside(at, name));
        }
        folder = match at.rsplit_once('/') {
            Some((before, _)) => Some(before),
            None => (!at.is_empty()).then_some(""),
        };
    }
    paths
}

/// The path of a package installed in another.
pub fn inside(path: &str, name: &str) -> String {
    if path.is_empty() { format!("{MODULES}{name}") } else { format!("{path}/{MODULES}{name}") }
}

/// The package's name by its path; none for the repository's own packages.
pub fn name_of(path: &str) -> Option<&str> {
    path.rfind(MODULES).map(|at| &path[at + MODULES.len()..])
}

pub fn is_true(node: &Node, key: &str) -> bool {
    // `true` is the only bare value of four characters besides `null`, which no tool writes here.
    node.get(key).is_some_and(|value| value.range.len() == 4 && value.text().is_none())
}

/// The old form nests packages in packages.
fn gather_old<'n>(node: &'n Node, path: &str, entries: &mut Vec<Entry<'n>>) {
    let Some(dependencies) = node.get("dependencies") else { return };
    for member in dependencies.members() {
        let path = inside(path, &member.key);
        if path.len() <= PATH_MAX && member.value.is_object() {
            entries.push(Entry { path: path.clone(), node: &member.value });
            gather_old(&member.value, &path, entries);
        }
    }
}

/// The entry of the old form for a path; what lock version 2 has besides.
pub fn old_entry<'n>(root: &'n Node, path: &str) -> Option<&'n Node> {
    let names = path.strip_prefix(MODULES)?.split("/node_modules/");
    names.into_iter().try_fold(root, |node, name| node.get("dependencies")?.get(name))
}

/// What an entry needs: name and range. Peers are among them only when they are asked for.
pub fn needs<'n>(node: &'n Node, is_old: bool, sections: &[&str]) -> Vec<(&'n str, &'n str)> {
    let sections = if is_old { &["requires"] } else { sections };
    let mut list = Vec::new();
    for section in sections {
        let members = node.get(section).map_or(&[][..], Node::members);
        list.extend(members.iter().filter_map(|member| Some((member.key.as_str(), member.value.text()?))));
    }
    list
}

/// Reads a lock.
///
/// # Errors
/// Why it is none.
pub fn read(text: &str) -> Result<Node, String> {
    let root = parse(text)?;
    let is_lock = root.get("packages").or_else(|| root.get("dependencies")).is_none_or(Node::is_object);
    if is_lock && root.is_object() { Ok(root) } else { Err("it is not an npm lock file".to_owned()) }
}
