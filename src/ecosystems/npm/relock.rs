//! Packages of a `package-lock.json` moved to another version, by what an earlier state of the lock had.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::lock::Change;
use super::tree::{Entry, Tree, candidates, inside, is_true, needs, old_entry};
use crate::edit::json::layout::{line_lead, moved, remove};
use crate::edit::json::{Node, parse, quoted};
use crate::edit::splice::Splices;
use crate::edit::version::npm::meets;

const NEEDED: [&str; 2] = ["dependencies", "optionalDependencies"];
const FOLLOWED: [&str; 4] = ["dependencies", "optionalDependencies", "peerDependencies", "devDependencies"];
/// What says how a package is reached: it follows the place, not the version.
const FLAGS: [&str; 6] = ["dev", "optional", "devOptional", "peer", "inBundle", "extraneous"];

/// More than this does not move for the sake of one package.
const TAKEN_MAX: usize = 200;

/// A lock and its text.
#[derive(Clone, Copy)]
pub struct Read<'t, 'n> {
    pub text: &'t str,
    pub tree: &'t Tree<'n>,
}

/// The entries of the current lock, by path, that come from the earlier one.
pub struct Plan<'t, 'n> {
    current: Read<'t, 'n>,
    earlier: Read<'t, 'n>,
    taken: BTreeMap<String, usize>,
    removed: BTreeSet<String>,
}

impl<'t, 'n> Plan<'t, 'n> {
    /// Moves the entries at `targets` to `version`, with all that it needs.
    pub fn make(current: Read<'t, 'n>, earlier: Read<'t, 'n>, targets: &[usize], change: &Change) -> Option<Self> {
        let (package, version) = (&change.package, &change.version);
        let named = earlier.tree.named(package);
        let wanted: Vec<usize> =
            named.into_iter().filter(|&index| earlier.tree.version(index) == Some(version.as_str())).collect();
        let mut plan = Self { current, earlier, taken: BTreeMap::new(), removed: BTreeSet::new() };
        let mut open = Vec::new();
        for &target in targets {
            let path = &current.tree.entries[target].path;
            let same_path = wanted.iter().find(|&&index| earlier.tree.entries[index].path == *path);
            let source = *same_path.or(wanted.first())?;
            plan.taken.insert(path.clone(), source);
            open.push((path.clone(), source));
        }
        while let Some((path, source)) = open.pop() {
            plan.provide(&path, source, &mut open)?;
        }
        plan.collect_unused(&change.required);
        Some(plan)
    }

    /// Sees to it that all needs of the entry at `path` are met.
    fn provide(&mut self, path: &str, source: usize, open: &mut Vec<(String, usize)>) -> Option<()> {
        let earlier = self.earlier.tree;
        let node = earlier.entries[source].node;
        let optional = node.get("optionalDependencies");
        for (name, range) in needs(node, earlier.is_old, &NEEDED) {
            let found = self.found(path, name);
            if found.as_ref().is_some_and(|(_, version)| meets(range, version) == Some(true)) {
                continue;
            }
            let Some(there) = earlier.resolve(&earlier.entries[source].path, name) else {
                // Optional packages of another system may be missing.
                if optional.is_some_and(|optional| optional.get(name).is_some()) {
                    continue;
                }
                return None;
            };
            let version = earlier.version(there)?;
            let place = match found {
                None => inside("", name),
                Some((place, _)) if self.all_accept(&place, name, version) => place,
                Some(_) => inside(path, name),
            };
            if self.taken.contains_key(&place) {
                return None;
            }
            self.taken.insert(place.clone(), there);
            open.push((place, there));
            if self.taken.len() > TAKEN_MAX {
                return None;
            }
        }
        Some(())
    }

    /// Whether everyone who gets `name` from this place is content with the version.
    fn all_accept(&self, place: &str, name: &str, version: &str) -> bool {
        let tree = self.current.tree;
        if tree.is_old {
            return false;
        }
        tree.entries.iter().all(|entry| {
            let asks = needs(entry.node, false, &FOLLOWED).into_iter().find(|(asked, _)| *asked == name);
            let gets_it_here = || self.found(&entry.path, name).is_some_and(|(found, _)| found == place);
            asks.is_none_or(|(_, range)| {
                self.taken.contains_key(&entry.path) || meets(range, version) == Some(true) || !gets_it_here()
            })
        })
    }

    /// What a package at `path` gets after the edit: place and version.
    fn found(&self, path: &str, name: &str) -> Option<(String, String)> {
        candidates(path, name).into_iter().find_map(|candidate| {
            let version = match self.taken.get(&candidate) {
                Some(&source) => self.earlier.tree.version(source),
                None => self.current.tree.at(&candidate).and_then(|index| self.current.tree.version(index)),
            };
            version.map(|version| (candidate, version.to_owned()))
        })
    }

    /// What nothing needs any more, but something needed before.
    fn collect_unused(&mut self, required: &[(String, String)]) {
        let current: HashMap<&str, &Entry> =
            self.current.tree.entries.iter().map(|entry| (entry.path.as_str(), entry)).collect();
        let is_old = self.current.tree.is_old;
        let before = reached(&current, is_old, required);
        let mut next = current;
        for (path, &source) in &self.taken {
            next.insert(path, &self.earlier.tree.entries[source]);
        }
        let after = reached(&next, is_old, required);
        self.removed = before.difference(&after).cloned().collect();
        if is_old {
            // What lies deeper does no harm where it is.
            self.removed.retain(|path| path.matches("node_modules/").count() == 1);
        }
    }

    /// Those whose need of `package` is not met after the edit: path and range.
    pub fn unmet(&self, package: &str) -> Vec<(String, String)> {
        let mut unmet = Vec::new();
        for entry in &self.current.tree.entries {
            // The repository's own requirements are edited along.
            if !entry.path.contains("node_modules/") || self.removed.contains(&entry.path) {
                continue;
            }
            for (name, range) in needs(entry.node, self.current.tree.is_old, &FOLLOWED[..3]) {
                if name != package {
                    continue;
                }
                let Some((place, version)) = self.found(&entry.path, name) else { continue };
                if self.taken.contains_key(&place) && meets(range, &version) == Some(false) {
                    unmet.push((entry.path.clone(), range.to_owned()));
                }
            }
        }
        unmet
    }

    /// Adds the edits of the lock's text; none where the old form, kept besides, cannot be edited along.
    pub fn write(&self, splices: &mut Splices) -> Option<()> {
        let tree = self.current.tree;
        let has_old = tree.is_old || tree.root.get("dependencies").is_some();
        if has_old {
            self.write_old(splices)?;
        }
        if tree.is_old {
            return Some(());
        }
        let packages = tree.root.get("packages")?;
        for (path, &source) in &self.taken {
            let new = self.earlier.tree.entries[source].node;
            match tree.at(path) {
                Some(index) => self.replace(splices, tree.entries[index].node, new),
                None => self
                    .insert(splices, packages, path, new, |path| tree.at(path).map(|index| tree.entries[index].node))?,
            }
        }
        remove(splices, self.current.text, packages, |_, member| self.removed.contains(&member.key));
        Some(())
    }

    fn write_old(&self, splices: &mut Splices) -> Option<()> {
        let root = self.current.tree.root;
        let top = root.get("dependencies")?;
        for (path, &source) in &self.taken {
            let new = old_entry(self.earlier.tree.root, &self.earlier.tree.entries[source].path)?;
            match old_entry(root, path) {
                Some(old) => self.replace(splices, old, new),
                None if path.matches("node_modules/").count() == 1 => {
                    self.insert(splices, top, path, new, |path| old_entry(root, path))?;
                }
                None => return None,
            }
        }
        let is_removed = |name: &str| self.removed.contains(&inside("", name));
        if self.removed.iter().any(|path| path.matches("node_modules/").count() != 1) {
            return None;
        }
        remove(splices, self.current.text, top, |_, member| is_removed(&member.key));
        Some(())
    }

    fn replace(&self, splices: &mut Splices, old: &Node, new: &Node) {
        let lead = line_lead(self.current.text, old.range.end - 1);
        let raw = moved(self.earlier.text, new.range.clone(), &lead);
        splices.replace(old.range.clone(), with_flags_of(&raw, old));
    }

    /// Puts a new entry after the one it stood behind in the earlier lock.
    fn insert<'a>(
        &self,
        splices: &mut Splices,
        packages: &Node,
        path: &str,
        new: &Node,
        find: impl Fn(&str) -> Option<&'a Node>,
    ) -> Option<()> {
        let key = if packages.members().iter().any(|member| member.key.starts_with("node_modules/")) {
            path
        } else {
            path.strip_prefix("node_modules/").unwrap_or(path)
        };
        let lead = line_lead(self.current.text, packages.members().first()?.start);
        let raw = moved(self.earlier.text, new.range.clone(), &lead);
        let key = quoted(key);
        let entries = &self.earlier.tree.entries;
        let position = entries.iter().position(|entry| entry.node.range == new.range || entry.path == path);
        let before = position.and_then(|at| {
            // Another taken entry in between stands there after the edit, but not before it.
            entries[..at].iter().rev().find_map(|entry| find(&entry.path).filter(|node| node.range.start > 0))
        });
        match before.filter(|node| packages.range.contains(&node.range.start)) {
            Some(before) => splices.insert(before.range.end, format!(",{lead}{key}: {raw}")),
            None => splices.insert(packages.members().first()?.start, format!("{key}: {raw},{lead}")),
        }
        Some(())
    }
}

/// The new entry with the flags of the one whose place it takes.
fn with_flags_of(raw: &str, old: &Node) -> String {
    let Ok(new) = parse(raw) else { return raw.to_owned() };
    let mut splices = Splices::default();
    remove(&mut splices, raw, &new, |_, member| FLAGS.contains(&member.key.as_str()) && !is_true(old, &member.key));
    let missing = FLAGS.iter().filter(|flag| is_true(old, flag) && !is_true(&new, flag));
    let after = ["integrity", "resolved", "version"].iter().find_map(|key| new.get(key));
    if let (Some(after), Some(first)) = (after, new.members().first()) {
        let lead = &raw[new.range.start + 1..first.start];
        for flag in missing {
            splices.insert(after.range.end, format!(",{lead}\"{flag}\": true"));
        }
    }
    splices.apply(raw)
}

/// Every path that is reached from the repository's own packages, which the old form does not tell.
fn reached(entries: &HashMap<&str, &Entry>, is_old: bool, required: &[(String, String)]) -> BTreeSet<String> {
    let own = |path: &&&str| !path.contains("node_modules/");
    let mut open: Vec<String> = entries.keys().filter(own).map(|path| (*path).to_owned()).collect();
    if is_old {
        open = required.iter().map(|(name, _)| inside("", name)).collect();
    }
    let mut seen: BTreeSet<String> = open.iter().cloned().collect();
    while let Some(path) = open.pop() {
        let Some(entry) = entries.get(path.as_str()) else { continue };
        let sections = if path.contains("node_modules/") { &FOLLOWED[..3] } else { &FOLLOWED[..] };
        for (name, _) in needs(entry.node, is_old, sections) {
            let Some(found) = candidates(&path, name).into_iter().find(|path| entries.contains_key(path.as_str()))
            else {
                continue;
            };
            if seen.insert(found.clone()) {
                open.push(found);
            }
        }
    }
    seen
}
