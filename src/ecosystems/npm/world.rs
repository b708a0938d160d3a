//! Everything that is read before a package of npm, pnpm or Yarn is pinned.

use super::choose::is_installed;
use super::lock::{LockFile, Manager};
use super::manifest::{PinMark, SECTIONS, Site, mark_of, sites};
use crate::domain::edit::Source;
use crate::domain::text::short;
use crate::edit::draft::Draft;
use crate::edit::json::{Node, parse};
use crate::edit::path::folder;
use crate::edit::version::not_plain;

/// Why package or version cannot be accepted.
pub fn not_accepted(package: &str, version: Option<&str>) -> Option<Vec<String>> {
    const NAME_MAX: usize = 214;
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let is_name = match package.strip_prefix('@').map(|rest| rest.split_once('/')) {
        Some(Some((scope, name))) => plain(scope) && plain(name),
        Some(None) => false,
        None => plain(package),
    };
    let mut reasons = Vec::new();
    if !is_name || package.len() > NAME_MAX {
        reasons.push("this is not a package name: spell it as in package.json, for example left-pad".to_owned());
    }
    if let Some(version) = version {
        reasons.extend(not_plain(version));
        if reasons.is_empty() && semver::Version::parse(version).is_err() {
            reasons.push("pin a package to a full version with three numbers, for example 1.4.2".to_owned());
        }
    }
    (!reasons.is_empty()).then_some(reasons)
}

/// A `package.json`.
pub struct Project<'a> {
    pub file: &'a Source,
    pub root: Node,
    pub sites: Vec<Site>,
    pub mark: Option<PinMark>,
}

/// A lock and the folder it is in.
pub struct Lock<'a> {
    pub file: &'a Source,
    pub lock: Box<dyn LockFile + 'a>,
}

/// Everything that was read.
pub struct World<'a> {
    pub projects: Vec<Project<'a>>,
    pub locks: Vec<Lock<'a>>,
}

impl<'a> World<'a> {
    pub fn read(manager: &dyn Manager, draft: &mut Draft<'a>, package: &str) -> Self {
        let mut world = Self { projects: Vec::new(), locks: Vec::new() };
        for file in draft.named("package.json").into_iter().filter(|file| !is_installed(&file.path)) {
            match parse(&file.text) {
                Ok(root) => {
                    let (sites, mark) = (sites(&root, package), mark_of(&root, None, package));
                    world.projects.push(Project { file, root, sites, mark });
                }
                Err(reason) => draft.refuse(broken(&file.path, &reason)),
            }
        }
        for name in manager.locks() {
            for file in draft.named(name).into_iter().filter(|file| !is_installed(&file.path)) {
                match manager.read(&file.text) {
                    Ok(lock) => world.locks.push(Lock { file, lock }),
                    Err(reason) => draft.refuse(broken(&file.path, &reason)),
                }
            }
        }
        world
    }

    /// Everything the manifests of a lock require: name and range.
    pub fn required(&self, lock: usize) -> Vec<(String, String)> {
        let of_lock = |project: &&Project| self.locks_of(&project.file.path).iter().any(|(index, _)| *index == lock);
        let sections = self.projects.iter().filter(of_lock).flat_map(|project| {
            SECTIONS.iter().filter_map(|section| project.root.get(section)).flat_map(Node::members)
        });
        sections.filter_map(|member| Some((member.key.clone(), member.value.text()?.to_owned()))).collect()
    }

    /// The locks that hold for a manifest (a shrinkwrap may stand beside a lock) and the manifest's folder from there.
    pub fn locks_of(&self, path: &str) -> Vec<(usize, String)> {
        let directory = folder(path);
        let nearest = self.locks.iter().filter_map(|lock| below(directory, folder(&lock.file.path)));
        let Some(shortest) = nearest.min_by_key(|rest| rest.len()) else { return Vec::new() };
        let fits = |lock: &Lock| below(directory, folder(&lock.file.path)) == Some(shortest);
        (0..self.locks.len())
            .filter(|&index| fits(&self.locks[index]))
            .map(|index| (index, shortest.to_owned()))
            .collect()
    }
}

pub fn broken(path: &str, reason: &str) -> String {
    format!("Cannot read {path} ({}): fix it first.", short(reason))
}

/// What is left of `directory` from `base` on.
fn below<'p>(directory: &'p str, base: &str) -> Option<&'p str> {
    if base.is_empty() || directory == base {
        return directory.strip_prefix(base);
    }
    directory.strip_prefix(base)?.strip_prefix('/')
}
