//! Patterns of a `yarn.lock` led to another version, by what an earlier state of the lock had.

use std::collections::{BTreeSet, HashMap};

use super::lock::{Entry, Lock, head, name_of, pattern};
use crate::ecosystems::npm::lock::Change;
use crate::edit::blocks::Parted;
use crate::edit::lines::{fitted, line_end};
use crate::edit::splice::Splices;

/// More than this does not move for the sake of one package.
const ADDED_MAX: usize = 200;

/// An entry after the edit.
struct Work {
    /// As they will be written.
    patterns: BTreeSet<String>,
    /// Of the earlier lock; else it is the current one at the same position.
    taken: Option<usize>,
}

/// The edit in the making.
pub struct Plan<'t, 'a> {
    current: &'t Lock<'a>,
    earlier: &'t Lock<'a>,
    change: &'t Change,
    works: Vec<Work>,
    by_pattern: HashMap<String, usize>,
}

impl<'t, 'a> Plan<'t, 'a> {
    /// The new text of the current lock.
    pub fn text(current: &'t Lock<'a>, earlier: &'t Lock<'a>, change: &'t Change) -> Option<String> {
        if current.is_berry != earlier.is_berry {
            return None;
        }
        let works = current.entries.iter();
        let works = works.map(|entry| Work { patterns: entry.patterns.iter().cloned().collect(), taken: None });
        let mut plan = Self { current, earlier, change, works: works.collect(), by_pattern: HashMap::new() };
        plan.index();
        let before = plan.reached(false);
        match &change.overriding {
            Some(overriding) if overriding.is_added => plan.add_override()?,
            Some(_) => plan.remove_override()?,
            None => plan.lead_specs()?,
        }
        plan.drop_unused(&before);
        Some(plan.write())
    }

    fn index(&mut self) {
        self.by_pattern.clear();
        for (index, work) in self.works.iter().enumerate() {
            for written in &work.patterns {
                self.by_pattern.insert(plain(written), index);
            }
        }
    }

    fn lead_specs(&mut self) -> Option<()> {
        for spec in &self.change.specs {
            let wanted = pattern(&self.change.package, &spec.new);
            if self.by_pattern.contains_key(&wanted) {
                continue;
            }
            let package = &self.change.package;
            let earlier = self.earlier.named(package);
            let found = earlier.into_iter().find(|&at| self.earlier.entries[at].version == self.change.version)?;
            self.lead(package, &spec.new, found)?;
        }
        Some(())
    }

    /// Leads a pattern to what the earlier lock has at `earlier`, with all that this needs.
    fn lead(&mut self, name: &str, range: &str, earlier: usize) -> Option<()> {
        let mut open = vec![(name.to_owned(), range.to_owned(), earlier)];
        while let Some((name, range, earlier)) = open.pop() {
            let entry = &self.earlier.entries[earlier];
            let written = self.current.written(&name, &range);
            let same = self.position(entry.name(), entry.version);
            let index = same.unwrap_or(self.works.len());
            if let Some(index) = same {
                self.works[index].patterns.insert(written);
            } else {
                if index > self.current.entries.len() + ADDED_MAX {
                    return None;
                }
                self.works.push(Work { patterns: BTreeSet::from([written]), taken: Some(earlier) });
                open.extend(self.missing(entry)?);
            }
            self.by_pattern.insert(pattern(&name, &range), index);
        }
        Some(())
    }

    fn position(&self, name: &str, version: &str) -> Option<usize> {
        let is_it = |index: &usize| {
            let entry = self.entry(*index);
            entry.version == version && entry.name() == name
        };
        (0..self.works.len()).find(is_it)
    }

    /// What an earlier entry needs and the lock does not lead anywhere.
    fn missing(&self, entry: &Entry) -> Option<Vec<(String, String, usize)>> {
        let needs = entry.needs.iter().filter(|(name, range, _)| !self.by_pattern.contains_key(&pattern(name, range)));
        needs
            .map(|(name, range, _)| {
                let there = self.earlier.at(&pattern(name, range))?;
                Some(((*name).to_owned(), (*range).to_owned(), there))
            })
            .collect()
    }

    fn entry(&self, index: usize) -> &Entry<'a> {
        match self.works[index].taken {
            Some(taken) => &self.earlier.entries[taken],
            None => &self.current.entries[index],
        }
    }

    /// The entry of the version that moves takes the pattern of the override: Yarn 1 keeps the others, later ones have
    /// only this one.
    fn add_override(&mut self) -> Option<()> {
        let (package, version) = (&self.change.package, &self.change.version);
        let written = self.current.written(package, version);
        let has = self.change.from.first().unwrap_or(version);
        let index = self.position(package, has)?;
        if has != version {
            let earlier = self.earlier.named(package);
            let found = earlier.into_iter().find(|&at| self.earlier.entries[at].version == *version)?;
            self.take(index, found)?;
        }
        if self.current.is_berry {
            self.works[index].patterns.clear();
        }
        self.works[index].patterns.insert(written);
        self.index();
        Some(())
    }

    /// The entry becomes what the earlier lock has.
    fn take(&mut self, index: usize, earlier: usize) -> Option<()> {
        self.works[index].taken = Some(earlier);
        for (name, range, there) in self.missing(&self.earlier.entries[earlier])? {
            self.lead(&name, &range, there)?;
        }
        Some(())
    }

    /// The entry gets back the patterns that lead to it without the override.
    fn remove_override(&mut self) -> Option<()> {
        let package = &self.change.package;
        let pinned = &self.change.overriding.as_ref()?.version;
        let index = self.position(package, pinned)?;
        let asked = self.asked_for(package);
        if self.change.from.is_empty() {
            self.works[index].patterns = asked.iter().map(|range| self.current.written(package, range)).collect();
        } else {
            let earlier = self.earlier.named(package);
            let found = earlier.into_iter().find(|&at| self.earlier.entries[at].version == self.change.version)?;
            self.take(index, found)?;
            self.works[index].patterns = self.earlier.entries[found].patterns.iter().cloned().collect();
        }
        self.index();
        asked.iter().all(|range| self.by_pattern.contains_key(&pattern(package, range))).then_some(())
    }

    /// The ranges in which the package is asked for.
    fn asked_for(&self, package: &str) -> BTreeSet<String> {
        let needs = self.current.entries.iter().flat_map(|entry| entry.needs.iter());
        needs.filter(|(name, ..)| *name == package).map(|(_, range, _)| (*range).to_owned()).collect()
    }

    /// The patterns that are reached from the repository's own packages.
    fn reached(&self, is_after: bool) -> BTreeSet<String> {
        let mut open: Vec<String> = Vec::new();
        for (name, range) in &self.change.required {
            let spec = self.change.specs.iter().find(|spec| spec.old == *range && *name == self.change.package);
            let range = spec.filter(|_| is_after).map_or(range, |spec| &spec.new);
            open.push(pattern(name, range));
        }
        let mut seen: BTreeSet<String> = BTreeSet::new();
        while let Some(next) = open.pop() {
            let redirected = pattern(&self.change.package, &self.change.version);
            let found = self.by_pattern.get(&next).map(|&index| (next.clone(), index)).or_else(|| {
                let is_overridden = name_of(&next) == self.change.package;
                self.by_pattern.get(&redirected).filter(|_| is_overridden).map(|&index| (redirected, index))
            });
            let Some((next, index)) = found else { continue };
            if seen.insert(next) {
                open.extend(self.entry(index).needs.iter().map(|(name, range, _)| pattern(name, range)));
            }
        }
        seen
    }

    fn drop_unused(&mut self, before: &BTreeSet<String>) {
        let after = self.reached(true);
        let is_override = self.change.overriding.as_ref().is_some_and(|overriding| overriding.is_added);
        let package = &self.change.package;
        for work in &mut self.works {
            work.patterns.retain(|written| {
                let plain = plain(written);
                let stays = is_override && name_of(written) == package;
                stays || !before.contains(&plain) || after.contains(&plain)
            });
        }
    }

    fn write(&self) -> String {
        let text = self.current.text;
        let end = line_end(text);
        let mut splices = Splices::default();
        let ranges = self.current.entries.iter().map(|entry| entry.range.clone());
        let parted = Parted::new(text, ranges, |index| !self.works[index].patterns.is_empty());
        for (index, entry) in self.current.entries.iter().enumerate() {
            let work = &self.works[index];
            let old: BTreeSet<String> = entry.patterns.iter().cloned().collect();
            if work.patterns.is_empty() {
                parted.remove(&mut splices, index);
            } else if work.taken.is_some() {
                splices.replace(entry.range.clone(), self.taken_text(work));
            } else if work.patterns != old {
                splices.replace(entry.head.clone(), self.head(work));
            }
            if entry.is_own() {
                self.write_own(&mut splices, entry);
            }
        }
        let added = self.added();
        let (Some(first), Some(at_end)) = (self.current.entries.first(), self.current.entries.last()) else {
            return text.to_owned();
        };
        if !parted.has_rest() {
            // Where no entry stays, the added ones stand in their place.
            let texts: Vec<String> = added.into_iter().map(|work| self.taken_text(work)).collect();
            let mut splices = Splices::default();
            splices.replace(first.range.start..at_end.range.end, texts.join(&format!("{end}{end}")));
            return splices.apply(text);
        }
        for work in added {
            let pattern = work.patterns.first();
            let next = self.current.entries.partition_point(|entry| entry.patterns.first() < pattern);
            parted.insert(&mut splices, next, &self.taken_text(work));
        }
        splices.apply(text)
    }

    /// The entries that are new, in the lock's order.
    fn added(&self) -> Vec<&Work> {
        let works = self.works[self.current.entries.len()..].iter();
        let mut added: Vec<&Work> = works.filter(|work| !work.patterns.is_empty()).collect();
        added.sort_by_key(|work| work.patterns.first());
        added
    }

    fn head(&self, work: &Work) -> String {
        head(&work.patterns.iter().cloned().collect::<Vec<_>>(), self.current.is_berry)
    }

    fn taken_text(&self, work: &Work) -> String {
        let Some(entry) = work.taken.map(|taken| &self.earlier.entries[taken]) else { return String::new() };
        let body = &self.earlier.text[entry.head.end..entry.range.end];
        format!("{}{}", self.head(work), fitted(body, self.current.text))
    }

    /// Later Yarns repeat the requirements of the repository's own packages.
    fn write_own(&self, splices: &mut Splices, entry: &Entry) {
        let package = &self.change.package;
        for (name, range, place) in entry.needs.iter().filter(|(name, ..)| name == package) {
            let fits = |directory: &str| {
                let directory = if directory.is_empty() { "." } else { directory };
                entry.patterns.iter().any(|pattern| pattern.ends_with(&format!("@workspace:{directory}")))
            };
            let spec = self
                .change
                .specs
                .iter()
                .find(|spec| fits(&spec.directory) && pattern(name, &spec.old) == pattern(name, range));
            if let Some(spec) = spec {
                let prefix = if range.starts_with("npm:") { "npm:" } else { "" };
                splices
                    .replace(place.clone(), format!("{prefix}{}", spec.new.strip_prefix("npm:").unwrap_or(&spec.new)));
            }
        }
    }
}

fn plain(written: &str) -> String {
    let name = name_of(written);
    pattern(name, written[name.len()..].strip_prefix('@').unwrap_or_default())
}
