//! A package of a `pnpm-lock.yaml` moved to another version, by what an earlier state of the lock had.

use std::collections::{BTreeMap, BTreeSet};

use super::lock::{Block, Lock};
use crate::ecosystems::npm::lock::Change;
use crate::edit::blocks::Parted;
use crate::edit::lines::{fitted, line_end};
use crate::edit::splice::Splices;

/// More than this does not move for the sake of one package.
const ADDED_MAX: usize = 300;

/// The edit in the making.
pub struct Plan<'t, 'a> {
    current: &'t Lock<'a>,
    earlier: &'t Lock<'a>,
    change: &'t Change,
    /// The wanted version as keys have it, peers included.
    wanted: String,
    /// Keys whose blocks come from the earlier lock.
    added: BTreeSet<&'a str>,
}

impl<'t, 'a> Plan<'t, 'a> {
    /// The new text of the current lock.
    pub fn text(current: &'t Lock<'a>, earlier: &'t Lock<'a>, change: &'t Change) -> Option<String> {
        if current.is_old != earlier.is_old {
            return None;
        }
        // Others are keyed by it as their peer: they would have to be keyed anew.
        let peers = change.from.iter().map(|from| format!("({}@{from})", change.package));
        if peers.into_iter().any(|peer| current.text.contains(&peer)) {
            return None;
        }
        let is_version = |version: &&&str| version.split('(').next() == Some(change.version.as_str());
        let of_package = |lock: &Lock<'a>| lock.versions_of(&change.package);
        let wanted = match of_package(current).iter().filter(is_version).collect::<Vec<_>>().as_slice() {
            [only] => (**only).to_owned(),
            _ => match of_package(earlier).iter().filter(is_version).collect::<Vec<_>>().as_slice() {
                [only] => (**only).to_owned(),
                _ => return None,
            },
        };
        let mut plan = Self { current, earlier, change, wanted, added: BTreeSet::new() };
        plan.provide()?;
        plan.write()
    }

    /// The wanted package and all that it needs, which the lock has or the earlier one gives.
    fn provide(&mut self) -> Option<()> {
        let mut open = vec![self.current.key(&self.change.package, &self.wanted)];
        while let Some(key) = open.pop() {
            if self.current.at(&key).is_some() || self.added.contains(key.as_str()) {
                continue;
            }
            let block = &self.earlier.graph()[self.earlier.at(&key)?];
            self.added.insert(block.key);
            if self.added.len() > ADDED_MAX {
                return None;
            }
            for (name, (version, _)) in &block.needs {
                if !version.starts_with("link:") {
                    open.push(self.earlier.key(name, self.new_version(name, version).unwrap_or(version)));
                }
            }
        }
        Some(())
    }

    /// What a dependency becomes: only an override changes what other packages get.
    fn new_version(&self, name: &str, version: &str) -> Option<&str> {
        let moves = self.change.overriding.is_some() && name == self.change.package;
        let is_old = self.change.from.iter().any(|from| from == version);
        (moves && is_old).then_some(self.wanted.as_str())
    }

    /// What the repository's packages get.
    fn roots(&self, is_after: bool) -> Vec<String> {
        let specs = self.current.specs.iter().filter(|spec| spec.section != "catalogs");
        let key = |spec: &super::lock::Spec| {
            let moved = is_after && self.is_moved(spec);
            self.current.key(spec.name, if moved { &self.wanted } else { spec.version.0 })
        };
        specs.map(key).collect()
    }

    /// Whether a requirement is one of those that change; one that names a catalog changes with the catalog.
    fn is_moved(&self, spec: &super::lock::Spec) -> bool {
        let directory = if spec.directory == "." { "" } else { spec.directory };
        let named =
            spec.specifier.0.strip_prefix("catalog:").map(|name| if name.is_empty() { "default" } else { name });
        spec.name == self.change.package
            && self.change.specs.iter().any(|change| match (change.section, named) {
                ("catalogs", Some(catalog)) => change.directory == catalog,
                ("catalogs", None) => spec.section == "catalogs" && change.directory == spec.directory,
                (section, _) => change.directory == directory && section == spec.section,
            })
    }

    fn reached(&self, is_after: bool) -> BTreeSet<String> {
        let mut open = self.roots(is_after);
        let mut seen = BTreeSet::new();
        while let Some(key) = open.pop() {
            let added = self.added.contains(key.as_str()).then(|| self.earlier.at(&key)).flatten();
            let (lock, block) = match (self.current.at(&key), added) {
                (Some(index), _) => (self.current, &self.current.graph()[index]),
                (None, Some(index)) => (self.earlier, &self.earlier.graph()[index]),
                _ => continue,
            };
            if !seen.insert(key) {
                continue;
            }
            for (name, (version, _)) in &block.needs {
                let moved = self.new_version(name, version).filter(|_| is_after);
                open.push(lock.key(name, moved.unwrap_or(version)));
            }
        }
        seen
    }

    fn write(&self) -> Option<String> {
        let mut splices = Splices::default();
        self.write_specs(&mut splices);
        self.write_override(&mut splices);
        let (before, after) = (self.reached(false), self.reached(true));
        let is_dead = |key: &str| before.contains(key) && !after.contains(key);
        for block in self.current.graph().iter().filter(|block| !is_dead(block.key)) {
            for (name, (version, place)) in &block.needs {
                if let Some(new) = self.new_version(name, version) {
                    splices.replace(place.clone(), quoted_if_needed(new));
                }
            }
        }
        if self.current.is_old {
            self.write_blocks(&mut splices, &self.current.packages, &self.earlier.packages, &is_dead)?;
            return Some(splices.apply(self.current.text));
        }
        self.write_blocks(&mut splices, &self.current.snapshots, &self.earlier.snapshots, &is_dead)?;
        // A package stays while one of its snapshots does.
        let (going, staying): (Vec<&Block>, Vec<&Block>) =
            self.current.snapshots.iter().partition(|block| is_dead(block.key));
        let staying: BTreeSet<&str> = staying.into_iter().map(|block| package_key(block.key)).collect();
        let going: BTreeSet<&str> = going.into_iter().map(|block| package_key(block.key)).collect();
        let is_gone = |key: &str| going.contains(key) && !staying.contains(key);
        self.write_blocks(&mut splices, &self.current.packages, &self.earlier.packages, &is_gone)?;
        Some(splices.apply(self.current.text))
    }

    fn write_specs(&self, splices: &mut Splices) {
        for spec in self.current.specs.iter().filter(|spec| self.is_moved(spec)) {
            let version = if spec.section == "catalogs" { &self.change.version } else { &self.wanted };
            splices.replace(spec.version.1.clone(), quoted_if_needed(version));
            let change = self.change.specs.iter().find(|change| change.old == spec.specifier.0);
            if let Some(change) = change {
                splices.replace(spec.specifier.1.clone(), quoted_if_needed(&change.new));
            }
        }
    }

    fn write_override(&self, splices: &mut Splices) {
        let Some(overriding) = &self.change.overriding else { return };
        let end = line_end(self.current.text);
        let line = format!("  {}: {}", quoted_if_needed(&overriding.key), overriding.version);
        let list = &self.current.overrides;
        let at = list.iter().position(|(key, ..)| *key == overriding.key);
        match (at, overriding.is_added) {
            (Some(at), true) => splices.replace(list[at].2.clone(), line),
            (None, true) => match list.last() {
                Some(last) => splices.insert(last.2.end, format!("{end}{line}")),
                None => splices.insert(self.current.body, format!("overrides:{end}{line}{end}{end}")),
            },
            (Some(_), false) if list.len() == 1 => {
                let section = self.current.text[..list[0].2.start].rfind("overrides:").unwrap_or(self.current.body);
                splices.remove(section..self.current.body.max(section));
            }
            (Some(at), false) => {
                let start = list[at].2.start;
                splices.remove(start..list[at].2.end + end.len());
            }
            (None, false) => {}
        }
    }

    fn write_blocks(
        &self,
        splices: &mut Splices,
        current: &[Block<'a>],
        earlier: &[Block<'a>],
        is_dead: &dyn Fn(&str) -> bool,
    ) -> Option<()> {
        let dead: Vec<bool> = current.iter().map(|block| is_dead(block.key)).collect();
        let ranges = current.iter().map(|block| block.range.clone());
        let parted = Parted::new(self.current.text, ranges, |index| !dead[index]);
        if !parted.has_rest() {
            return self.write_all_blocks(splices, current, &self.taken(current, earlier));
        }
        (0..current.len()).filter(|&index| dead[index]).for_each(|index| parted.remove(splices, index));
        for (key, block) in self.taken(current, earlier) {
            let next = current.partition_point(|other| other.key < key);
            parted.insert(splices, next, &self.taken_text(block));
        }
        Some(())
    }

    /// The earlier blocks that are to be added, by key.
    fn taken<'b>(&self, current: &[Block<'a>], earlier: &'b [Block<'a>]) -> BTreeMap<&'a str, &'b Block<'a>> {
        let present: BTreeSet<&str> = current.iter().map(|block| block.key).collect();
        let wanted: BTreeSet<&str> = self.added.iter().flat_map(|key| [*key, package_key(key)]).collect();
        let is_taken = |block: &&Block| wanted.contains(block.key) && !present.contains(block.key);
        earlier.iter().filter(is_taken).map(|block| (block.key, block)).collect()
    }

    /// Where no block stays, the added ones stand in their place.
    fn write_all_blocks(
        &self,
        splices: &mut Splices,
        current: &[Block<'a>],
        taken: &BTreeMap<&'a str, &Block<'a>>,
    ) -> Option<()> {
        let end = line_end(self.current.text);
        let range = current.first()?.range.start..current.last()?.range.end;
        let texts: Vec<String> = taken.values().map(|block| self.taken_text(block)).collect();
        splices.replace(range, texts.join(&format!("{end}{end}")));
        (!texts.is_empty()).then_some(())
    }

    fn taken_text(&self, block: &Block) -> String {
        let mut splices = Splices::default();
        let start = block.range.start;
        for (name, (version, place)) in &block.needs {
            if let Some(new) = self.new_version(name, version) {
                splices.replace(place.start - start..place.end - start, quoted_if_needed(new));
            }
        }
        let text = splices.apply(&self.earlier.text[block.range.clone()]);
        fitted(&text, self.current.text)
    }
}

/// A snapshot's key without its peers.
fn package_key(key: &str) -> &str {
    key.split('(').next().unwrap_or(key)
}

/// As pnpm writes a text in YAML: quoted only where it must be.
fn quoted_if_needed(text: &str) -> String {
    let is_number = text.matches('.').count() < 2 && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_special = text.starts_with(|c: char| "@*&!|>%`'\"#{}[],?:-=".contains(c)) || text.contains(": ");
    if is_number || is_special || text.is_empty() || text.ends_with(':') {
        format!("'{text}'")
    } else {
        text.to_owned()
    }
}
