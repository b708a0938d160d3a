//! Pins packages in `package.json`, `pnpm-workspace.yaml` and `pnpm-lock.yaml`.

use std::collections::HashMap;

use super::lock::Lock;
use super::relock::Plan;
use super::workspace::{self, Entry, Overrides};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::ecosystems::npm::choose::{is_installed, is_of_another};
use crate::ecosystems::npm::flow;
use crate::ecosystems::npm::lock::{Asked, Change, Changed, LockFile, Manager, Overriding, Resolved, SpecChange};
use crate::ecosystems::npm::world::{self, World, broken, not_accepted};
use crate::edit::draft::{Draft, Manifests};
use crate::edit::json::{Node, parse};
use crate::edit::path::{file_name, folder};
use crate::edit::say::listed;
use crate::edit::splice::Splices;
use crate::edit::version::not_plain;
use crate::edit::version::npm::{meets, same_line};

/// pnpm 8 and later.
#[derive(Clone, Copy, Debug)]
pub struct PnpmPins;

const WORKSPACE: &str = "pnpm-workspace.yaml";

impl PinEditor for PnpmPins {
    fn id(&self) -> &'static str {
        "pnpm"
    }

    fn reads(&self, path: &str) -> bool {
        !is_installed(path) && matches!(file_name(path), "package.json" | "pnpm-lock.yaml" | WORKSPACE)
    }

    fn is_lock(&self, path: &str) -> bool {
        file_name(path) == "pnpm-lock.yaml"
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let accepted = not_accepted(package, Some(version)).is_none();
        let pnpm = Pnpm { home: Home::of(manifests.files) };
        if accepted && !is_of_another(manifests.files, "pnpm") {
            let mut draft = Draft::new(manifests);
            if pin_workspace(pnpm, &mut draft, package, version) {
                return draft.finish();
            }
        }
        flow::pin(&pnpm, manifests, package, version)
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        let pnpm = Pnpm { home: Home::of(manifests.files) };
        if not_accepted(package, None).is_none() {
            let mut draft = Draft::new(manifests);
            if unpin_workspace(pnpm, &mut draft, package) {
                return draft.finish();
            }
        }
        flow::unpin(&pnpm, manifests, package)
    }
}

#[derive(Clone, Copy)]
struct Pnpm {
    home: Home,
}

/// Where the repository's pnpm reads overrides from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    /// `package.json`: before pnpm 10.
    Package,
    /// Both.
    Both,
    /// `pnpm-workspace.yaml`: from pnpm 11 on.
    Workspace,
    /// Nothing tells the version.
    Unknown,
}

impl Home {
    /// By what the manifests say of the package manager, and by the form of the lock.
    fn of(files: &[Source]) -> Self {
        let said = |name: &'static str| {
            files.iter().filter(move |file| file_name(&file.path) == name && !is_installed(&file.path))
        };
        // The one nearest to the root speaks for all: others are examples, or parts of the same workspace.
        let mut manifests: Vec<&Source> = said("package.json").collect();
        manifests.sort_by_key(|file| file.path.matches('/').count());
        let major = manifests.into_iter().find_map(|file| major(&parse(&file.text).ok()?));
        let old_form = |file: &Source| Lock::read(&file.text).is_ok_and(|lock| lock.is_old);
        match major {
            Some(11..) => Self::Workspace,
            Some(10) => Self::Both,
            Some(_) => Self::Package,
            None if said("pnpm-lock.yaml").any(old_form) => Self::Package,
            None => Self::Unknown,
        }
    }
}

/// The major version of pnpm that a manifest asks for: `packageManager`, else `devEngines`, else `engines` where it
/// leaves one.
fn major(root: &Node) -> Option<u32> {
    let number = |text: &str| text.split(['.', '+', '-']).next()?.parse().ok();
    if let Some(version) = root.text_of("packageManager").and_then(|said| said.strip_prefix("pnpm@")) {
        return number(version);
    }
    let engine = root.get("devEngines").and_then(|engines| engines.get("packageManager"));
    let engine = engine.filter(|engine| engine.text_of("name") == Some("pnpm")).and_then(|e| e.text_of("version"));
    let range = engine.or_else(|| root.get("engines").and_then(|engines| engines.text_of("pnpm")))?;
    let fits = |major: &u32| (0..30).any(|minor| meets(range, &format!("{major}.{minor}.99")) == Some(true));
    let mut majors = (6..30).filter(fits);
    majors.next().filter(|_| majors.next().is_none())
}

impl Manager for Pnpm {
    fn id(&self) -> &'static str {
        "pnpm"
    }

    fn locks(&self) -> &'static [&'static str] {
        &["pnpm-lock.yaml"]
    }

    fn overrides(&self) -> &'static [&'static str] {
        &["pnpm", "overrides"]
    }

    fn all_overrides(&self) -> &'static [&'static [&'static str]] {
        // pnpm takes Yarn's list too, wherever it reads its own.
        match self.home {
            Home::Workspace => &[&["resolutions"]],
            _ => &[&["pnpm", "overrides"], &["resolutions"]],
        }
    }

    fn caution(&self) -> Option<&'static str> {
        (self.home == Home::Unknown).then_some(
            "pnpm 11 reads overrides from pnpm-workspace.yaml only, and nothing says which pnpm is used: if it is 11 or later, \
             move the override there, or name it in packageManager.",
        )
    }

    fn read<'a>(&self, text: &'a str) -> Result<Box<dyn LockFile + 'a>, String> {
        Ok(Box::new(Lock::read(text)?))
    }
}

fn bare(version: &str) -> &str {
    version.split('(').next().unwrap_or(version)
}

impl LockFile for Lock<'_> {
    fn resolved(&self, package: &str, asked: &[Asked]) -> Vec<Option<Resolved>> {
        let of_package: HashMap<_, _> = self
            .specs
            .iter()
            .filter(|spec| spec.name == package)
            .map(|spec| ((spec.directory, spec.section), spec.version.0))
            .collect();
        let resolve = |asked: &Asked| {
            let directory = if asked.directory.is_empty() { "." } else { asked.directory };
            let version = of_package.get(&(directory, asked.section))?;
            Some(Resolved { key: self.key(package, version), version: bare(version).to_owned() })
        };
        asked.iter().map(resolve).collect()
    }

    fn versions(&self, package: &str) -> Vec<String> {
        let mut versions: Vec<String> =
            self.versions_of(package).into_iter().map(|version| bare(version).to_owned()).collect();
        versions.retain(|version| not_plain(version).is_none());
        versions.sort_unstable();
        versions.dedup();
        versions
    }

    fn change(&self, change: &Change, earlier: &str) -> Option<Changed> {
        let text = Plan::text(self, &Lock::read(earlier).ok()?, change)?;
        Lock::read(&text).ok()?;
        Some(Changed { text, warnings: Vec::new() })
    }

    fn without_earlier(&self, _: &Change) -> Option<Changed> {
        // pnpm takes no package without a checksum, and sees by itself that the lock is out of date.
        None
    }

    fn refresh(&self) -> &'static str {
        "pnpm install --lockfile-only"
    }

    fn selector(&self, package: &str, version: &str) -> Option<String> {
        Some(format!("{package}@^{version}"))
    }
}

/// The requirements in catalogs that are used, file by file.
fn catalog_entries<'a>(draft: &mut Draft<'a>, package: &str) -> Vec<(&'a Source, Vec<Entry>)> {
    let mut all = Vec::new();
    for file in draft.named(WORKSPACE) {
        match workspace::entries(&file.text, package) {
            Ok(entries) => all.push((file, entries)),
            Err(reason) => draft.refuse(broken(&file.path, &reason)),
        }
    }
    all
}

fn empty_change(package: &str, version: &str) -> Change {
    let (package, version) = (package.to_owned(), version.to_owned());
    Change { package, version, from: Vec::new(), specs: Vec::new(), overriding: None, required: Vec::new() }
}

/// Whether the package's version stands in `pnpm-workspace.yaml`, and was dealt with there.
fn pin_workspace(pnpm: Pnpm, draft: &mut Draft<'_>, package: &str, version: &str) -> bool {
    let all = catalog_entries(draft, package);
    if draft.is_refused() {
        return true;
    }
    let world = World::read(&pnpm, draft, package);
    let sites: Vec<_> = world.projects.iter().flat_map(|project| &project.sites).collect();
    let by_catalog = sites.iter().filter(|site| site.requirement.starts_with("catalog:")).count();
    if sites.is_empty() {
        return pnpm.home != Home::Package && pin_by_override(pnpm, draft, &world, package, version);
    }
    if pnpm.home != Home::Package && refuse_overridden(draft, package) {
        return true;
    }
    if by_catalog == 0 {
        return false;
    }
    draft.already(flow::already(package, version));
    if by_catalog < sites.len() {
        draft.refuse(format!("{package} is required both through a catalog and directly: use only one of them first."));
        return true;
    }
    let named: Vec<&str> = sites.iter().map(|site| &site.requirement["catalog:".len()..]).collect();
    let is_used = |entry: &Entry| {
        named.iter().any(|name| *name == entry.catalog || name.is_empty() && entry.catalog == "default")
    };
    let mut used: Vec<(&Source, &Entry)> =
        all.iter().flat_map(|(file, entries)| entries.iter().map(move |entry| (*file, entry))).collect();
    used.retain(|(_, entry)| is_used(entry));
    if used.len() > 1 {
        used.retain(|(_, entry)| meets(entry.original(), version) == Some(true));
    }
    if used.is_empty() {
        draft.refuse(format!("no catalog in {WORKSPACE} requires {package} in a way that {version} satisfies."));
    }
    for (file, entry) in &used {
        if let Some(reason) = entry.refused {
            draft.refuse(format!("{package} cannot be pinned in {}: {reason}.", file.path));
        }
    }
    if draft.is_refused() {
        return true;
    }
    pin_entries(draft, &world, &used, package, version);
    true
}

fn pin_entries<'a>(
    draft: &mut Draft<'a>,
    world: &World<'a>,
    used: &[(&'a Source, &Entry)],
    package: &str,
    version: &str,
) {
    for (file, _) in used {
        let entries: Vec<&Entry> = used.iter().filter(|(other, _)| other.path == file.path).map(|(_, e)| *e).collect();
        let stale = entries.into_iter().filter(|entry| entry.requirement != version);
        let stale: Vec<_> = stale.map(|entry| (entry, locked_by(draft, entry, package))).collect();
        if !stale.is_empty() {
            draft.put(file, workspace::pinned(&file.text, &stale, version));
            draft.because(format!("{} has {package} in a catalog: changed to {version} there.", file.path));
        }
    }
    for lock in &world.locks {
        let mut change = empty_change(package, version);
        for (_, entry) in used {
            let (directory, old) = (entry.catalog.clone(), entry.requirement.clone());
            change.specs.push(SpecChange { directory, section: "catalogs", old, new: version.to_owned() });
        }
        let had = used.iter().filter_map(|(_, entry)| locked_by(draft, entry, package));
        change.from.extend(had.filter(|has| has != version));
        flow::apply(draft, lock, &change);
    }
}

/// The version the locks have for an entry of a catalog.
fn locked_by(draft: &Draft<'_>, entry: &Entry, package: &str) -> Option<String> {
    for file in draft.named("pnpm-lock.yaml") {
        let Ok(lock) = Lock::read(&file.text) else { continue };
        let is_meant = |spec: &&super::lock::Spec| {
            spec.section == "catalogs" && spec.name == package && entry.catalog == spec.directory
        };
        if let Some(spec) = lock.specs.iter().find(is_meant) {
            return Some(bare(spec.version.0).to_owned());
        }
    }
    None
}

/// What the workspace file overrides is decided there, whatever the repository requires.
fn refuse_overridden(draft: &mut Draft<'_>, package: &str) -> bool {
    for file in draft.named(WORKSPACE) {
        let found = workspace::overrides(&file.text, package).ok().flatten().unwrap_or_default();
        let said = found.other.or(found.ours.map(|ours| ours.version));
        if let Some(said) = said.filter(|said| *said != format!("${package}") && !said.starts_with("catalog:")) {
            draft.refuse(format!(
                "{} overrides {package} as {}, which decides whatever is required: change that override by hand.",
                file.path,
                short(&said)
            ));
        }
    }
    draft.is_refused()
}

/// The workspace file's own overrides are used where it has some, or where pnpm reads no others.
fn pin_by_override<'a>(pnpm: Pnpm, draft: &mut Draft<'a>, world: &World<'a>, package: &str, version: &str) -> bool {
    let only = pnpm.home == Home::Workspace;
    for file in draft.named(WORKSPACE) {
        let Overrides { ours, other } = match workspace::overrides(&file.text, package) {
            Ok(Some(found)) => found,
            Ok(None) if only => Overrides::default(),
            Ok(None) => continue,
            Err(reason) => {
                draft.refuse(broken(&file.path, &reason));
                return true;
            }
        };
        let beside = |lock: &&world::Lock| folder(&lock.file.path) == folder(&file.path);
        let Some(lock) = world.locks.iter().find(beside) else { continue };
        let versions = lock.lock.versions(package);
        if versions.is_empty() {
            continue;
        }
        draft.already(flow::already(package, version));
        if let Some(other) = other {
            draft.refuse(format!(
                "{} already overrides {package} as {}: change that override by hand, or remove it first.",
                file.path,
                short(&other)
            ));
            return true;
        }
        let fitting: Vec<&String> = versions.iter().filter(|has| same_line(has, version)).collect();
        let chosen = match (&ours, versions.as_slice(), fitting.as_slice()) {
            (Some(ours), ..) => Some((ours.key.clone(), ours.version.clone())),
            (None, [only], _) => Some((package.to_owned(), only.clone())),
            (None, _, [only]) => Some((format!("{package}@^{only}"), (*only).clone())),
            _ => None,
        };
        let Some((key, old)) = chosen else {
            draft.refuse(format!(
                "{} has {package} in versions {}: pin to a version compatible with exactly one of them.",
                lock.file.path,
                listed(versions.iter().map(String::as_str))
            ));
            return true;
        };
        let text = match &ours {
            Some(ours) => {
                let mut splices = Splices::default();
                splices.replace(ours.value.clone(), version);
                Some(splices.apply(&file.text))
            }
            None => workspace::with_override(&file.text, &key, version, Some(&old)),
        };
        let Some(text) = text else {
            draft.refuse(format!(
                "{} has its overrides in a form that cannot be extended: write them one on a line.",
                file.path
            ));
            return true;
        };
        draft.put(file, text);
        draft.because(format!("{package} is required only by other packages: {} overrides it.", file.path));
        let mut change = empty_change(package, version);
        change.from.extend((old != version).then_some(old));
        change.overriding = Some(Overriding { key, version: version.to_owned(), is_added: true });
        flow::apply(draft, lock, &change);
        return true;
    }
    let known = world.locks.iter().any(|lock| !lock.lock.versions(package).is_empty());
    if only && known {
        draft.refuse(format!(
            "{package} is required only by other packages, and pnpm 11 reads overrides from {WORKSPACE} only: add that file next \
             to the lock file, then pin it."
        ));
    }
    only && known
}

/// Whether our mark was in `pnpm-workspace.yaml`, and the pin is taken back.
fn unpin_workspace(pnpm: Pnpm, draft: &mut Draft<'_>, package: &str) -> bool {
    let all = catalog_entries(draft, package);
    let world = World::read(&pnpm, draft, package);
    let mut changes: Vec<(&Source, Change)> = Vec::new();
    for (file, entries) in &all {
        let marked: Vec<&Entry> = entries.iter().filter(|entry| entry.mark.is_some()).collect();
        if let Some(first) = marked.first() {
            draft.put(file, workspace::restored(&file.text, &marked));
            draft.because(format!("{}: restored {package} to {} in the catalog.", file.path, short(first.original())));
            for entry in &marked {
                let locked = entry.mark.as_ref().and_then(|mark| mark.was.locked.clone());
                let version = locked.unwrap_or_else(|| entry.requirement.clone());
                let same = |(other, change): &(&Source, Change)| other.path == file.path && change.version == version;
                let at = changes.iter().position(same).unwrap_or_else(|| {
                    let mut change = empty_change(package, &version);
                    change.from.push(entry.requirement.clone());
                    changes.push((file, change));
                    changes.len() - 1
                });
                let (directory, old, new) =
                    (entry.catalog.clone(), entry.requirement.clone(), entry.original().to_owned());
                changes[at].1.specs.push(SpecChange { directory, section: "catalogs", old, new });
            }
        }
        if let Ok(Some(Overrides { ours: Some(ours), .. })) = workspace::overrides(&file.text, package) {
            draft.put(file, workspace::without_override(&file.text, &ours));
            draft.because(format!("{}: removed the override of {package}.", file.path));
            let mut change = empty_change(package, ours.locked.as_deref().unwrap_or(&ours.version));
            change.from.push(ours.version.clone());
            change.overriding = Some(Overriding { key: ours.key, version: ours.version, is_added: false });
            changes.push((file, change));
        }
    }
    let was_ours = !changes.is_empty();
    for (file, change) in changes {
        for lock in world.locks.iter().filter(|lock| folder(&lock.file.path) == folder(&file.path)) {
            flow::restore_lock(&pnpm, draft, lock.file, change.clone());
        }
    }
    was_ours
}
