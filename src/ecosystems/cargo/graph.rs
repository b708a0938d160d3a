//! One package of a `Cargo.lock` moved to another version, by what an earlier state of the lock had.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::lock::{Lock, is_compatible};
use crate::edit::blocks::Parted;
use crate::edit::lines::fitted;
use crate::edit::splice::Splices;

/// A lock that has the wanted version.
#[derive(Debug)]
pub struct Relocked {
    pub text: String,
    /// Other packages that had to move along: name, from, to.
    pub along: Vec<(String, String, String)>,
    /// Dependencies that are newer than the earlier state had them: name, then, now.
    pub newer: Vec<(String, String, String)>,
}

/// A package after the edit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Stays as the current lock has it.
    Kept(usize),
    /// Comes from the earlier lock.
    Taken(usize),
}

/// Moves the package at `from` to `version`, when the earlier lock has it and everything it needs.
pub fn relock(current: &Lock, earlier: &Lock, from: usize, version: &str) -> Option<Relocked> {
    let old = &current.packages[from];
    let wanted = earlier.find(old.name, version, old.source)?;
    let plan = Plan::make(current, earlier, from, wanted)?;
    plan.write()
}

struct Plan<'a, 'b> {
    current: &'b Lock<'a>,
    earlier: &'b Lock<'a>,
    /// Current package → the earlier one that takes its place.
    replaced: BTreeMap<usize, usize>,
    added: BTreeSet<usize>,
    /// What every earlier package that was looked at has become.
    places: HashMap<usize, Place>,
    newer: Vec<(String, String, String)>,
}

impl<'a, 'b> Plan<'a, 'b> {
    fn make(current: &'b Lock<'a>, earlier: &'b Lock<'a>, from: usize, wanted: usize) -> Option<Self> {
        let mut plan = Self {
            current,
            earlier,
            replaced: BTreeMap::new(),
            added: BTreeSet::new(),
            places: HashMap::new(),
            newer: Vec::new(),
        };
        let mut open = vec![wanted];
        plan.replace(from, wanted);
        while let Some(index) = open.pop() {
            for (_, dependency) in &earlier.packages[index].dependencies {
                let needed = earlier.resolve(dependency)?;
                if !plan.places.contains_key(&needed) && plan.place(index, needed)? {
                    open.push(needed);
                }
            }
        }
        Some(plan)
    }

    fn replace(&mut self, current: usize, earlier: usize) {
        self.replaced.insert(current, earlier);
        self.places.insert(earlier, Place::Taken(earlier));
    }

    /// Finds the place of what `user` needs; true when its own needs are to be looked at next.
    fn place(&mut self, user: usize, needed: usize) -> Option<bool> {
        let then = &self.earlier.packages[needed];
        if let Some(same) = self.current.find(then.name, then.version, then.source) {
            let stays = !self.replaced.contains_key(&same);
            self.places.insert(needed, Place::Kept(same));
            return stays.then_some(false);
        }
        // The repository's own packages cannot come from a lock.
        then.source?;
        let candidates: Vec<usize> = self.candidates(needed);
        if let Some(partner) = self.partner(user, needed, &candidates) {
            self.replace(partner, needed);
            return Some(true);
        }
        let Some(&now) = candidates.iter().find(|&&now| self.fits(now, needed)) else {
            self.added.insert(needed);
            self.places.insert(needed, Place::Taken(needed));
            return Some(true);
        };
        if is_newer(self.current.packages[now].version, then.version) {
            let words = [then.name, then.version, self.current.packages[now].version].map(str::to_owned);
            self.newer.push(words.into());
            self.places.insert(needed, Place::Kept(now));
            return Some(false);
        }
        self.replace(now, needed);
        Some(true)
    }

    fn candidates(&self, needed: usize) -> Vec<usize> {
        let then = &self.earlier.packages[needed];
        let free =
            |&index: &usize| self.current.packages[index].source == then.source && !self.replaced.contains_key(&index);
        self.current.named(then.name).iter().copied().filter(free).collect()
    }

    fn fits(&self, now: usize, needed: usize) -> bool {
        is_compatible(self.earlier.packages[needed].version, self.current.packages[now].version)
    }

    /// Packages released together require each other exactly, such as `serde` and `serde_derive`: both had the same
    /// version then and have the same version now, or one is named after the other.
    fn partner(&self, user: usize, needed: usize, candidates: &[usize]) -> Option<usize> {
        let (using, then) = (&self.earlier.packages[user], &self.earlier.packages[needed]);
        if then.name.strip_prefix(using.name).is_some_and(|rest| rest.starts_with(['-', '_'])) {
            return candidates.iter().copied().find(|&index| self.fits(index, needed));
        }
        let together = using.version == then.version;
        let (&before, _) = self.replaced.iter().find(|&(_, &taken)| taken == user).filter(|_| together)?;
        let version = self.current.packages[before].version;
        candidates.iter().copied().find(|&index| self.current.packages[index].version == version)
    }

    /// What is in the lock after the edit: everything that is still reached from the repository's own packages, and
    /// what was not reached before either.
    fn alive(&self) -> Option<BTreeSet<Place>> {
        let count = self.current.packages.len();
        let roots = || (0..count).filter(|&index| self.current.packages[index].source.is_none()).map(Place::Kept);
        let before = reached(roots().collect(), |place| match place {
            Place::Kept(index) => self.needs_now(index),
            Place::Taken(_) => None,
        })?;
        let after = reached(roots().collect(), |place| self.needs(place))?;
        let mut alive = after.clone();
        for index in 0..count {
            let place = Place::Kept(index);
            if !before.contains(&place) && !self.replaced.contains_key(&index) {
                alive.insert(place);
            }
        }
        Some(alive)
    }

    fn needs_now(&self, index: usize) -> Option<Vec<Place>> {
        let list = &self.current.packages[index].dependencies;
        list.iter().map(|(_, dependency)| self.current.resolve(dependency).map(Place::Kept)).collect()
    }

    fn needs(&self, place: Place) -> Option<Vec<Place>> {
        match place {
            Place::Kept(index) => {
                let list = &self.current.packages[index].dependencies;
                list.iter()
                    .map(|(_, dependency)| self.current.resolve(dependency).map(|index| self.after(index)))
                    .collect()
            }
            Place::Taken(index) => {
                let list = &self.earlier.packages[index].dependencies;
                list.iter().map(|(_, dependency)| self.taken_after(self.earlier.resolve(dependency)?)).collect()
            }
        }
    }

    fn after(&self, current: usize) -> Place {
        self.replaced.get(&current).map_or(Place::Kept(current), |&taken| Place::Taken(taken))
    }

    fn taken_after(&self, earlier: usize) -> Option<Place> {
        match self.places.get(&earlier).copied()? {
            Place::Kept(index) => Some(self.after(index)),
            taken @ Place::Taken(_) => Some(taken),
        }
    }

    fn write(&self) -> Option<Relocked> {
        let alive = self.alive()?;
        let names = Names::new(alive.iter().map(|&place| self.package(place)));
        let mut splices = Splices::default();
        let packages = &self.current.packages;
        let ranges = packages.iter().map(|package| package.range.clone());
        let parted = Parted::new(self.current.text, ranges, |index| alive.contains(&self.after(index)));
        for (index, package) in packages.iter().enumerate() {
            let place = self.after(index);
            if !alive.contains(&place) {
                parted.remove(&mut splices, index);
            } else if let Place::Taken(taken) = place {
                splices.replace(package.range.clone(), self.taken_text(taken, &names)?);
            } else {
                for ((range, old), needed) in package.dependencies.iter().zip(self.needs(place)?) {
                    let new = self.reference(needed, &names);
                    if new != *old {
                        splices.replace(range.clone(), new);
                    }
                }
            }
        }
        if !parted.has_rest() {
            return None;
        }
        self.insert_added(&mut splices, &alive, &names, &parted)?;
        let words = |(&now, &taken): (&usize, &usize)| {
            let (now, then) = (&self.current.packages[now], &self.earlier.packages[taken]);
            (now.name.to_owned(), now.version.to_owned(), then.version.to_owned())
        };
        let along = self.replaced.iter().map(words).collect();
        Some(Relocked { text: splices.apply(self.current.text), along, newer: self.newer.clone() })
    }

    fn insert_added(
        &self,
        splices: &mut Splices,
        alive: &BTreeSet<Place>,
        names: &Names,
        parted: &Parted<'_>,
    ) -> Option<()> {
        let mut added: Vec<usize> =
            self.added.iter().copied().filter(|&index| alive.contains(&Place::Taken(index))).collect();
        let key = |index: usize| sort_key(self.package(Place::Taken(index)));
        added.sort_by_key(|&index| key(index));
        for index in added {
            let packages = &self.current.packages;
            let next = packages.partition_point(|package| sort_key(package_of(package)) < key(index));
            parted.insert(splices, next, &self.taken_text(index, names)?);
        }
        Some(())
    }

    fn package(&self, place: Place) -> Package<'a> {
        match place {
            Place::Kept(index) => package_of(&self.current.packages[index]),
            Place::Taken(index) => package_of(&self.earlier.packages[index]),
        }
    }

    /// The earlier package's text, its dependencies named as this lock must name them.
    fn taken_text(&self, taken: usize, names: &Names) -> Option<String> {
        let package = &self.earlier.packages[taken];
        let start = package.range.start;
        let mut splices = Splices::default();
        for ((range, _), needed) in package.dependencies.iter().zip(self.needs(Place::Taken(taken))?) {
            splices.replace(range.start - start..range.end - start, self.reference(needed, names));
        }
        let text = splices.apply(&self.earlier.text[package.range.clone()]);
        Some(fitted(&text, self.current.text))
    }

    fn reference(&self, place: Place, names: &Names) -> String {
        names.reference(self.package(place))
    }
}

type Package<'a> = (&'a str, &'a str, Option<&'a str>);

fn package_of<'a>(package: &super::lock::Locked<'a>) -> Package<'a> {
    (package.name, package.version, package.source)
}

/// How many packages share a name, and a name and version: Cargo names a dependency as briefly as it can.
struct Names<'a> {
    by_name: HashMap<&'a str, usize>,
    by_version: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> Names<'a> {
    fn new(packages: impl Iterator<Item = Package<'a>>) -> Self {
        let mut names = Self { by_name: HashMap::new(), by_version: HashMap::new() };
        for (name, version, _) in packages {
            *names.by_name.entry(name).or_default() += 1;
            *names.by_version.entry((name, version)).or_default() += 1;
        }
        names
    }

    fn reference(&self, (name, version, source): Package) -> String {
        if self.by_name.get(name).is_none_or(|&count| count < 2) {
            return name.to_owned();
        }
        match source.filter(|_| self.by_version.get(&(name, version)).is_some_and(|&count| count > 1)) {
            Some(source) => format!("{name} {version} ({})", source.split('#').next().unwrap_or(source)),
            None => format!("{name} {version}"),
        }
    }
}

/// Everything that can be reached; none where a step leads nowhere.
fn reached(mut open: Vec<Place>, next: impl Fn(Place) -> Option<Vec<Place>>) -> Option<BTreeSet<Place>> {
    let mut seen: BTreeSet<Place> = open.iter().copied().collect();
    while let Some(place) = open.pop() {
        for place in next(place)? {
            if seen.insert(place) {
                open.push(place);
            }
        }
    }
    Some(seen)
}

fn sort_key((name, version, _): Package<'_>) -> (&str, Option<semver::Version>) {
    (name, semver::Version::parse(version).ok())
}

fn is_newer(one: &str, than: &str) -> bool {
    match (semver::Version::parse(one), semver::Version::parse(than)) {
        (Ok(one), Ok(than)) => one > than,
        _ => false,
    }
}
