//! How a package of npm, pnpm or Yarn is pinned and unpinned: the same for all three but for their locks.

use super::choose::is_of_another;
use super::lock::{Asked, Change, Changed, LockFile, Manager, Overriding, Resolved, SpecChange};
use super::manifest::{self, PinMark, SECTIONS, Site, prefix, requirements, with_mark, with_member};
use super::overrides;
use super::world::{Lock, Project, World, broken, not_accepted};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::json::Node;
use crate::edit::json::layout::New;
use crate::edit::path::folder;
use crate::edit::say::listed;
use crate::edit::splice::splice;
use crate::edit::version::npm::{meets, same_line};

/// Pins a package.
pub fn pin(manager: &dyn Manager, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
    if let Some(reasons) = not_accepted(package, Some(version)) {
        return Edited::Refused(reasons);
    }
    if is_of_another(manifests.files, manager.id()) {
        return Edited::Absent;
    }
    let mut draft = Draft::new(manifests);
    let world = World::read(manager, &mut draft, package);
    if !draft.is_refused() {
        if world.projects.iter().any(|project| !project.sites.is_empty()) {
            pin_required(manager, &mut draft, &world, package, version);
        } else {
            for index in 0..world.locks.len() {
                pin_transitive(manager, &mut draft, &world, index, package, version);
            }
        }
    }
    draft.finish()
}

/// What is said where nothing changes.
pub fn already(package: &str, version: &str) -> String {
    format!("{package} is already pinned to {version}.")
}

/// A requirement with what it leads to.
struct Dependency<'w, 'a> {
    project: &'w Project<'a>,
    site: &'w Site,
    prefix: &'static str,
    locks: Vec<(usize, String)>,
    resolved: Option<Resolved>,
}

impl Dependency<'_, '_> {
    /// The requirement as people wrote it.
    fn original(&self) -> &str {
        let mark = self.project.mark.as_ref();
        mark.and_then(|mark| was_of(mark, self.site.section)).unwrap_or(&self.site.requirement)
    }
}

fn was_of<'m>(mark: &'m PinMark, section: &str) -> Option<&'m str> {
    mark.was.iter().find(|(of, _)| of.is_empty() || of == section).map(|(_, was)| was.as_str())
}

fn wanted<'w, 'a>(draft: &mut Draft<'a>, world: &'w World<'a>, package: &str) -> Vec<Dependency<'w, 'a>> {
    let mut list = Vec::new();
    for project in &world.projects {
        for site in &project.sites {
            match prefix(&site.requirement) {
                Ok(prefix) => {
                    let locks = world.locks_of(&project.file.path);
                    list.push(Dependency { project, site, prefix, locks, resolved: None });
                }
                Err(reason) => {
                    draft.refuse(format!("{package} cannot be pinned in {}: {reason}.", project.file.path));
                }
            }
        }
    }
    for (index, lock) in world.locks.iter().enumerate() {
        resolve(&mut list, index, lock, package);
    }
    list
}

/// Asks a lock what the requirements it holds for lead to.
fn resolve(list: &mut [Dependency], index: usize, lock: &Lock, package: &str) {
    let asks = |one: &Dependency| one.resolved.is_none() && one.locks.iter().any(|(lock, _)| *lock == index);
    let places: Vec<usize> = (0..list.len()).filter(|&place| asks(&list[place])).collect();
    let asked: Vec<Asked> = places
        .iter()
        .filter_map(|&place| {
            let one = &list[place];
            let (_, directory) = one.locks.iter().find(|(lock, _)| *lock == index)?;
            Some(Asked { directory, section: one.site.section, requirement: &one.site.requirement })
        })
        .collect();
    let found = lock.lock.resolved(package, &asked);
    for (place, found) in places.into_iter().zip(found) {
        list[place].resolved = found;
    }
}

/// The requirements the pin is for: all, when they are the same or lead to one entry; else those that the version meets
/// and what shares an entry with them.
fn choose<'l, 'w, 'a>(list: &'l [Dependency<'w, 'a>], version: &str) -> Vec<&'l Dependency<'w, 'a>> {
    let first = list.first();
    let same = |one: &Dependency| first.is_some_and(|first| first.original() == one.original());
    let one_entry =
        |one: &Dependency| one.resolved.is_some() && first.is_some_and(|first| first.resolved == one.resolved);
    if list.iter().all(same) || list.iter().all(one_entry) {
        return list.iter().collect();
    }
    let met = |one: &&Dependency| meets(one.original(), version) == Some(true);
    let entries: Vec<&Resolved> = list.iter().filter(met).filter_map(|one| one.resolved.as_ref()).collect();
    let shares = |one: &Dependency| one.resolved.as_ref().is_some_and(|resolved| entries.contains(&resolved));
    list.iter().filter(|one| met(one) || shares(one)).collect()
}

/// The text with the mark as it is to be; the first mark stays, since it says what people wrote.
fn marked(text: String, old: Option<&PinMark>, mark: &PinMark, package: &str) -> Result<String, String> {
    match old {
        Some(old) if old == mark => Ok(text),
        Some(_) => with_mark(&manifest::without_mark(&text, None, package)?, None, package, mark),
        None => with_mark(&text, None, package, mark),
    }
}

fn pin_required<'a>(manager: &dyn Manager, draft: &mut Draft<'a>, world: &World<'a>, package: &str, version: &str) {
    draft.already(already(package, version));
    let list = wanted(draft, world, package);
    if draft.is_refused() {
        return;
    }
    let chosen = choose(&list, version);
    if chosen.is_empty() {
        let all = listed(list.iter().map(Dependency::original));
        draft.refuse(format!(
            "{package} is required as {all} and {version} meets none of them: choose a version that meets one."
        ));
        return;
    }
    let projects: Vec<&Project> = chosen.iter().map(|one| one.project).collect();
    let along = overrides::along(manager, draft, world, &projects, package, version);
    if draft.is_refused() {
        return;
    }
    for project in &world.projects {
        let overridden = along.iter().find(|(path, _)| *path == project.file.path).map_or(&[][..], |(_, found)| found);
        let sites: Vec<&&Dependency> = chosen.iter().filter(|one| one.project.file.path == project.file.path).collect();
        let new = |one: &Dependency| format!("{}{version}", one.prefix);
        let changes: Vec<(&str, String)> = sites
            .iter()
            .filter(|one| one.site.requirement != new(one))
            .map(|one| (one.site.section, new(one)))
            .collect();
        // npm wants an override of its own requirement to be the same text.
        let same = changes.first().map_or_else(|| version.to_owned(), |(_, new)| new.clone());
        let stale: Vec<_> = overridden.iter().filter(|one| one.was != same).collect();
        if changes.is_empty() && stale.is_empty() {
            continue;
        }
        let mut splices = requirements(&project.root, package, &changes);
        splices.extend(stale.iter().map(|one| one.set(&same)));
        let text = splice(&project.file.text, splices);
        let mut mark = project.mark.clone().unwrap_or_else(|| new_mark(&sites));
        if project.mark.is_none() && sites.is_empty() {
            let resolved = chosen.iter().find_map(|one| one.resolved.as_ref());
            mark.locked = resolved.map(|resolved| resolved.version.clone());
        }
        for one in &stale {
            if !mark.overrides.iter().any(|(key, _)| key == one.key) {
                mark.overrides.push((one.key.to_owned(), one.was.to_owned()));
            }
        }
        match marked(text, project.mark.as_ref(), &mark, package) {
            Ok(text) => draft.put(project.file, text),
            Err(reason) => draft.refuse(broken(&project.file.path, &reason)),
        }
        if !changes.is_empty() {
            draft.because(format!("{}: the requirement of {package} is now {version}.", project.file.path));
        }
    }
    for (index, lock) in world.locks.iter().enumerate() {
        let mut change = change_of(&chosen, index, package, version);
        change.required = world.required(index);
        if !change.specs.is_empty() || !change.from.is_empty() {
            apply(draft, lock, &change);
        }
    }
}

fn new_mark(sites: &[&&Dependency]) -> PinMark {
    let mut was: Vec<(String, String)> =
        sites.iter().map(|one| (one.site.section.to_owned(), one.site.requirement.clone())).collect();
    if was.windows(2).all(|pair| pair[0].1 == pair[1].1) {
        was.truncate(1);
    }
    let locked = sites.iter().find_map(|one| one.resolved.as_ref()).map(|resolved| resolved.version.clone());
    PinMark { was, added: None, locked, overrides: Vec::new() }
}

fn change_of(chosen: &[&Dependency], lock: usize, package: &str, version: &str) -> Change {
    let mut change = Change {
        package: package.to_owned(),
        version: version.to_owned(),
        from: Vec::new(),
        specs: Vec::new(),
        overriding: None,
        required: Vec::new(),
    };
    for one in chosen {
        let Some((_, directory)) = one.locks.iter().find(|(index, _)| *index == lock) else { continue };
        change.specs.push(SpecChange {
            directory: directory.clone(),
            section: one.site.section,
            old: one.site.requirement.clone(),
            new: format!("{}{version}", one.prefix),
        });
        if let Some(resolved) = one.resolved.as_ref().filter(|resolved| resolved.version != version) {
            change.from.push(resolved.version.clone());
        }
    }
    change
}

/// Edits a lock: by an earlier state of it; else as far as the tool takes it; else it stays and the command is named.
pub fn apply<'a>(draft: &mut Draft<'a>, lock: &Lock<'a>, change: &Change) {
    if let Some(changed) = from_earlier(draft, &lock.file.path, &*lock.lock, &lock.file.text, change) {
        take(draft, lock.file, lock.lock.refresh(), change, changed);
        return;
    }
    let (path, package, version) = (&lock.file.path, &change.package, &change.version);
    let refresh = lock.lock.refresh();
    let Some(changed) = lock.lock.without_earlier(change) else {
        let sentence = format!(
            "{path} was not changed, because no earlier version of it has a usable entry for {package} {version}: \
             run `{refresh}` and commit it."
        );
        return draft.unresolved(path, sentence);
    };
    let sentence = format!(
        "{path}: no earlier version of it has {package} {version}, so the entry has no checksum and its \
         dependencies are unchanged: run `{refresh}` and commit it."
    );
    draft.unresolved(path, sentence);
    draft.put(lock.file, changed.text);
}

/// `text` is what `lock` was read from.
fn from_earlier(draft: &Draft<'_>, path: &str, lock: &dyn LockFile, text: &str, change: &Change) -> Option<Changed> {
    if change.from.is_empty() {
        return lock.change(change, text);
    }
    draft.earlier(path).into_iter().find_map(|earlier| lock.change(change, earlier))
}

fn take<'a>(draft: &mut Draft<'a>, file: &'a Source, refresh: &str, change: &Change, changed: Changed) {
    let path = &file.path;
    if !change.from.is_empty() {
        draft.because(format!(
            "{path}: took the entry for {} {} from an earlier lock file.",
            change.package,
            short(&change.version)
        ));
    }
    for warning in changed.warnings {
        draft.unresolved(path, format!("{path}: {warning} Run `{refresh}` and commit it."));
    }
    draft.put(file, changed.text);
}

fn pin_transitive<'a>(
    manager: &dyn Manager,
    draft: &mut Draft<'a>,
    world: &World<'a>,
    index: usize,
    package: &str,
    version: &str,
) {
    let lock = &world.locks[index];
    let versions = lock.lock.versions(package);
    if versions.is_empty() {
        return;
    }
    draft.already(already(package, version));
    let beside = |project: &&Project| folder(&project.file.path) == folder(&lock.file.path);
    let Some(project) = world.projects.iter().find(beside) else {
        draft.refuse(format!("{} has no package.json next to it that could override {package}.", lock.file.path));
        return;
    };
    let ours = project.mark.as_ref().and_then(|mark| mark.added.clone());
    let overrides = manager.overrides().iter().try_fold(&project.root, |node, key| node.get(key));
    let existing = overrides.and_then(|overrides| {
        let names = |key: &str| key == package || key.strip_prefix(package).is_some_and(|rest| rest.starts_with('@'));
        overrides.members().iter().find(|member| names(&member.key))
    });
    if let Some(existing) = existing.filter(|existing| ours.as_deref() != Some(existing.key.as_str())) {
        let says = existing.value.text().map(short).unwrap_or_default();
        draft.refuse(format!(
            "{} already overrides {package} as {says}: change that override by hand, or remove it first.",
            project.file.path
        ));
        return;
    }
    let Some((key, old)) = ours
        .map(|key| (key, pinned_by(overrides, existing.map(|member| member.key.as_str()))))
        .or_else(|| selected(lock, package, version, &versions).map(|(key, old)| (key, Some(old))))
    else {
        draft.refuse(format!(
            "{} has {package} in versions {}: pin to a version compatible with exactly one of them.",
            lock.file.path,
            listed(versions.iter().map(String::as_str))
        ));
        return;
    };
    let old = old.filter(|old| versions.contains(old)).unwrap_or_else(|| versions[0].clone());
    let mark = project.mark.clone().unwrap_or_else(|| PinMark {
        was: Vec::new(),
        added: Some(key.clone()),
        locked: Some(old.clone()),
        overrides: Vec::new(),
    });
    if let Some(caution) = manager.caution() {
        draft.warn(caution);
    }
    if existing.is_none() && old == version && project.mark.is_none() && versions.len() == 1 {
        // Nothing holds it there yet: the override is added, the lock is right.
        draft.because(format!("{} already has {package} {version}; the override keeps it there.", lock.file.path));
    }
    let text = with_member(&project.file.text, manager.overrides(), &key, &New::text(version))
        .and_then(|text| if project.mark.is_some() { Ok(text) } else { with_mark(&text, None, package, &mark) });
    match text {
        Ok(text) => draft.put(project.file, text),
        Err(reason) => draft.refuse(broken(&project.file.path, &reason)),
    }
    draft.because(format!(
        "{package} is required only by other packages: {} overrides it with {version}.",
        project.file.path
    ));
    let change = Change {
        package: package.to_owned(),
        version: version.to_owned(),
        from: if old == version { Vec::new() } else { vec![old] },
        specs: Vec::new(),
        overriding: Some(Overriding { key, version: version.to_owned(), is_added: true }),
        required: world.required(index),
    };
    apply(draft, lock, &change);
}

fn pinned_by(overrides: Option<&Node>, key: Option<&str>) -> Option<String> {
    overrides?.text_of(key?).map(str::to_owned)
}

/// The override's key and the version it moves.
fn selected(lock: &Lock, package: &str, version: &str, versions: &[String]) -> Option<(String, String)> {
    if let [only] = versions {
        return Some((package.to_owned(), only.clone()));
    }
    let fitting: Vec<&String> = versions.iter().filter(|locked| same_line(locked, version)).collect();
    let [only] = fitting.as_slice() else { return None };
    Some((lock.lock.selector(package, only)?, (*only).clone()))
}

/// Takes back a pin.
pub fn unpin(manager: &dyn Manager, manifests: Manifests<'_>, package: &str) -> Edited {
    if let Some(reasons) = not_accepted(package, None) {
        return Edited::Refused(reasons);
    }
    if is_of_another(manifests.files, manager.id()) {
        return Edited::Absent;
    }
    let mut draft = Draft::new(manifests);
    let world = World::read(manager, &mut draft, package);
    let mut changes: Vec<(usize, Change)> = Vec::new();
    for project in &world.projects {
        if let Some(mark) = &project.mark {
            unpin_project(manager, &mut draft, &world, (project, mark), package, &mut changes);
        }
    }
    for (index, change) in changes {
        restore_lock(manager, &mut draft, world.locks[index].file, change);
    }
    draft.finish()
}

fn unpin_project<'a>(
    manager: &dyn Manager,
    draft: &mut Draft<'a>,
    world: &World<'a>,
    (project, mark): (&Project<'a>, &PinMark),
    package: &str,
    changes: &mut Vec<(usize, Change)>,
) {
    let path = &project.file.path;
    let mut restored = Vec::new();
    let mut pinned = None;
    for site in &project.sites {
        let Some(was) = was_of(mark, site.section) else { continue };
        let now = prefix(&site.requirement).map_or("", |prefix| &site.requirement[prefix.len()..]);
        if semver::Version::parse(now).is_err() {
            draft.warn(format!("{path}: {package} was changed to {} after the pin; kept.", short(&site.requirement)));
            continue;
        }
        pinned = Some(now.to_owned());
        restored.push((site.section, was.to_owned()));
        draft.because(format!("{path}: restored the requirement of {package} to {}.", short(was)));
    }
    let mut splices = requirements(&project.root, package, &restored);
    let (overrides, held) = overrides::restored(draft, manager, project, mark);
    splices.extend(overrides);
    pinned = pinned.or(held);
    let mut text = Ok(splice(&project.file.text, splices));
    let mut overriding = None;
    if let Some(key) = &mark.added {
        let overrides = manager.overrides().iter().try_fold(&project.root, |node, key| node.get(key));
        if let Some(version) = overrides.and_then(|overrides| overrides.text_of(key)) {
            pinned = Some(version.to_owned());
            overriding = Some(Overriding { key: key.clone(), version: version.to_owned(), is_added: false });
        }
        text = text.and_then(|text| manifest::without_member(&text, manager.overrides(), key));
        draft.because(format!("{path}: removed the override of {package}."));
    }
    match text.and_then(|text| manifest::without_mark(&text, None, package)) {
        Ok(text) => draft.put(project.file, text),
        Err(reason) => draft.refuse(broken(path, &reason)),
    }
    let Some(pinned) = pinned else { return };
    for (lock, directory) in world.locks_of(path) {
        // Each project goes back to the version that the lock had for it.
        let version = mark.locked.clone().unwrap_or_else(|| pinned.clone());
        let same = |(index, change): &(usize, Change)| *index == lock && change.version == version;
        let at = changes.iter().position(same).unwrap_or_else(|| {
            let package = package.to_owned();
            let from = vec![pinned.clone()];
            let (specs, overriding, required) = (Vec::new(), overriding.clone(), world.required(lock));
            changes.push((lock, Change { package, version, from, specs, overriding, required }));
            changes.len() - 1
        });
        for site in &project.sites {
            let Some((section, new)) = restored.iter().find(|(section, _)| *section == site.section) else { continue };
            let (directory, old, new) = (directory.clone(), site.requirement.clone(), new.clone());
            let section = SECTIONS.into_iter().find(|known| known == section).unwrap_or(SECTIONS[0]);
            changes[at].1.specs.push(SpecChange { directory, section, old, new });
        }
    }
}

/// Takes a pin back in a lock, as other parts of it may have been taken back before.
pub fn restore_lock<'a>(manager: &dyn Manager, draft: &mut Draft<'a>, file: &'a Source, mut change: Change) {
    let text = draft.text(file);
    let Ok(lock) = manager.read(&text) else { return };
    let path = &file.path;
    let pinned = change.from.first().cloned().unwrap_or_default();
    if !lock.versions(&change.package).contains(&pinned) {
        // The pin had to leave this lock as it was.
        return;
    }
    change.from.retain(|from| *from != change.version);
    if let Some(changed) = from_earlier(draft, path, &*lock, &text, &change) {
        take(draft, file, lock.refresh(), &change, changed);
        return;
    }
    let allowed = change.specs.iter().all(|spec| meets(&spec.new, &pinned) != Some(false));
    change.from.clear();
    change.version.clone_from(&pinned);
    match lock.change(&change, &text) {
        Some(changed) => draft.put(file, changed.text),
        None => draft.unresolved(path, format!("{path} was not changed: run `{}` and commit it.", lock.refresh())),
    }
    if allowed {
        draft.because(format!("{path} keeps {} {}, which is allowed.", change.package, short(&pinned)));
    } else {
        let sentence = format!(
            "{path} still has {} {}, which the requirement does not allow: run `{}` and commit it.",
            change.package,
            short(&pinned),
            lock.refresh()
        );
        draft.unresolved(path, sentence);
    }
}
