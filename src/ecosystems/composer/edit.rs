//! Pins packages in `composer.json` and `composer.lock`.

use super::hash::content_hash;
use super::lock::{Lock, is_same};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::ecosystems::npm::manifest::{PinMark, mark_of, with_mark, with_member, without_mark, without_member};
use crate::edit::draft::{Draft, Manifests};
use crate::edit::json::layout::New;
use crate::edit::json::{Node, parse, quoted};
use crate::edit::path::{file_name, folder};
use crate::edit::splice::Splices;
use crate::edit::version::composer::meets;
use crate::edit::version::not_plain;

/// Packages of Packagist.
#[derive(Clone, Copy, Debug)]
pub struct ComposerPins;

const SECTIONS: [&str; 2] = ["require", "require-dev"];
/// Composer takes unknown keys only here.
const INSIDE: Option<&str> = Some("extra");

impl PinEditor for ComposerPins {
    fn id(&self) -> &'static str {
        "composer"
    }

    fn reads(&self, path: &str) -> bool {
        matches!(file_name(path), "composer.json" | "composer.lock") && !path.split('/').any(|part| part == "vendor")
    }

    fn is_lock(&self, path: &str) -> bool {
        file_name(path) == "composer.lock"
    }

    fn is_name(&self, package: &str) -> bool {
        package.contains('/') && !package.starts_with('@')
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let package = package.to_ascii_lowercase();
        if let Some(reasons) = not_accepted(&package, Some(version)) {
            return Edited::Refused(reasons);
        }
        let mut draft = Draft::new(manifests);
        for project in projects(&mut draft) {
            pin_project(&mut draft, &project, &package, version);
        }
        draft.finish()
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        let package = package.to_ascii_lowercase();
        if let Some(reasons) = not_accepted(&package, None) {
            return Edited::Refused(reasons);
        }
        let mut draft = Draft::new(manifests);
        for project in projects(&mut draft) {
            if let Some(mark) = mark_of(&project.root, INSIDE, &package) {
                unpin_project(&mut draft, &project, &mark, &package);
            }
        }
        draft.finish()
    }
}

fn not_accepted(package: &str, version: Option<&str>) -> Option<Vec<String>> {
    const NAME_MAX: usize = 200;
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let mut reasons = Vec::new();
    let is_name = package.split_once('/').is_some_and(|(vendor, name)| plain(vendor) && plain(name));
    if !is_name || package.len() > NAME_MAX {
        reasons.push("this is not a package name: write vendor/name, for example monolog/monolog".to_owned());
    }
    if let Some(version) = version {
        reasons.extend(not_plain(version));
        if reasons.is_empty() && !is_release(version) {
            reasons.push("pin to a release such as 1.4.2 or 2.0.0-beta1, not a branch".to_owned());
        }
    }
    (!reasons.is_empty()).then_some(reasons)
}

/// Two to four numbers, and after them perhaps a stability.
fn is_release(version: &str) -> bool {
    let version = version.strip_prefix('v').unwrap_or(version);
    let (numbers, stability) = version.split_once('-').unwrap_or((version, ""));
    let numbers: Vec<&str> = numbers.split('.').collect();
    let known = ["", "alpha", "beta", "rc", "patch", "pl", "p", "a", "b", "stable"];
    let stability = stability.to_ascii_lowercase();
    (2..=4).contains(&numbers.len())
        && numbers.iter().all(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
        && known.contains(&stability.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'))
}

struct Project<'a> {
    file: &'a Source,
    root: Node,
    lock: Option<&'a Source>,
}

fn projects<'a>(draft: &mut Draft<'a>) -> Vec<Project<'a>> {
    let locks = draft.named("composer.lock");
    let mut list = Vec::new();
    for file in draft.named("composer.json") {
        match parse(&file.text) {
            Ok(root) => {
                let lock = locks.iter().copied().find(|lock| folder(&lock.path) == folder(&file.path));
                list.push(Project { file, root, lock });
            }
            Err(reason) => draft.refuse(format!("Cannot read {} ({}): fix it first.", file.path, short(&reason))),
        }
    }
    list
}

/// Section and requirement, with the value's node.
fn sites<'n>(root: &'n Node, package: &str) -> Vec<(&'static str, &'n Node, &'n str)> {
    let site = |section: &'static str| {
        let members = root.get(section)?.members();
        let member = members.iter().find(|member| member.key.eq_ignore_ascii_case(package))?;
        Some((section, &member.value, member.value.text()?))
    };
    SECTIONS.into_iter().filter_map(site).collect()
}

fn read_lock<'a>(draft: &mut Draft<'a>, project: &Project<'a>) -> Option<Lock<'a>> {
    let file = project.lock?;
    match Lock::read(&file.text) {
        Ok(lock) => Some(lock),
        Err(reason) => {
            draft.refuse(format!("Cannot read {} ({}): fix it first.", file.path, short(&reason)));
            None
        }
    }
}

fn pin_project<'a>(draft: &mut Draft<'a>, project: &Project<'a>, package: &str, version: &str) {
    let path = &project.file.path;
    let lock = read_lock(draft, project);
    let locked = lock.as_ref().and_then(|lock| lock.version(package));
    let found = sites(&project.root, package);
    if found.is_empty() && locked.is_none() {
        return;
    }
    draft.already(format!("{package} is already pinned to {version}."));
    for (_, _, requirement) in &found {
        if requirement.contains("dev-") || requirement.contains(" as ") || requirement.contains('#') {
            draft.refuse(format!("{package} cannot be pinned in {path}: it follows a branch or an alias."));
        }
    }
    if let Some(reason) = lock.as_ref().and_then(|lock| lock.refused(package)) {
        draft.refuse(format!("{package} cannot be pinned in {path}: {reason}."));
    }
    if draft.is_refused() {
        return;
    }
    let mark = mark_of(&project.root, INSIDE, package);
    let stale: Vec<_> = found.iter().filter(|(_, _, requirement)| *requirement != version).collect();
    let mut text = Ok(project.file.text.clone());
    if found.is_empty() {
        text = with_member(&project.file.text, &["require"], package, &New::text(version));
        draft.because(format!("{package} was required only by other packages: {path} now requires it as {version}."));
    } else if !stale.is_empty() {
        let mut splices = Splices::default();
        for (_, node, _) in &stale {
            splices.replace(node.range.clone(), quoted(version));
        }
        text = Ok(splices.apply(&project.file.text));
        draft.because(format!("{path}: the requirement of {package} is now {version}."));
    }
    if mark.is_none() && (found.is_empty() || !stale.is_empty()) {
        let was = stale.iter().map(|(section, _, was)| ((*section).to_owned(), (*was).to_owned())).collect();
        let added = found.is_empty().then(|| "require".to_owned());
        let mark = PinMark { was, added, locked: locked.clone(), overrides: Vec::new() };
        text = text.and_then(|text| with_mark(&text, INSIDE, package, &mark));
    }
    match text {
        Ok(text) => {
            pin_lock(draft, project, lock.as_ref(), &text, package, version);
            draft.put(project.file, text);
        }
        Err(reason) => draft.refuse(format!("{path} cannot be edited: {}.", short(&reason))),
    }
}

fn pin_lock<'a>(
    draft: &mut Draft<'a>,
    project: &Project<'a>,
    lock: Option<&Lock<'a>>,
    manifest: &str,
    package: &str,
    version: &str,
) {
    let (Some(lock), Some(file)) = (lock, project.lock) else { return };
    let has = lock.version(package);
    if has.as_deref().is_some_and(|has| is_same(has, version)) {
        set_with_hash(draft, project, file, &file.text, manifest, package);
        return;
    }
    match from_earlier(draft, file, lock, package, version) {
        Some(text) => set_with_hash(draft, project, file, &text, manifest, package),
        None => draft.warn(format!(
            "{} still has {package} {}, because no earlier version of that file fits {version}: \
             run `composer update {package} --no-install` and commit it.",
            file.path,
            has.as_deref().map(short).unwrap_or_default()
        )),
    }
}

fn from_earlier(draft: &mut Draft<'_>, file: &Source, lock: &Lock, package: &str, version: &str) -> Option<String> {
    const SHOWN: usize = 5;
    for text in draft.earlier(&file.path) {
        let Some(relocked) = Lock::read(text).ok().and_then(|earlier| lock.relock(&earlier, package, version)) else {
            continue;
        };
        draft.because(format!(
            "{}: took the entry for {package} {} from an earlier lock file.",
            file.path,
            short(version)
        ));
        for (user, range) in relocked.unmet.iter().take(SHOWN) {
            draft.warn(format!(
                "{}: {} requires a different version ({}): run `composer update {package} --no-install` and commit it.",
                file.path,
                short(user),
                short(range)
            ));
        }
        return Some(relocked.text);
    }
    None
}

/// Sets the lock with the hash of the new manifest, where the old hash was one that we can compute.
fn set_with_hash<'a>(
    draft: &mut Draft<'a>,
    project: &Project<'a>,
    file: &'a Source,
    text: &str,
    manifest: &str,
    package: &str,
) {
    let Ok(lock) = Lock::read(text) else { return };
    let new = content_hash(manifest);
    if new.is_some() && new.as_deref() == lock.hash() {
        return draft.put(file, text.to_owned());
    }
    let old = content_hash(&project.file.text);
    let is_known = old.is_some() && old.as_deref() == lock.hash();
    if let Some(hash) = new.filter(|_| is_known) {
        return draft.put(file, lock.with_hash(&hash));
    }
    draft.warn(format!(
        "{}: its content-hash already did not match composer.json and was not changed: \
         run `composer update {package} --no-install` and commit it.",
        file.path
    ));
    draft.put(file, text.to_owned());
}

fn unpin_project<'a>(draft: &mut Draft<'a>, project: &Project<'a>, mark: &PinMark, package: &str) {
    let path = &project.file.path;
    let found = sites(&project.root, package);
    let mut splices = Splices::default();
    let mut pinned = None;
    let mut requirement = None;
    for (section, node, now) in &found {
        if !is_release(now) {
            draft.warn(format!("{path}: {package} was changed to {} after the pin; kept.", short(now)));
            continue;
        }
        pinned = Some((*now).to_owned());
        let was = mark.was.iter().find(|(of, _)| of.is_empty() || of == section);
        if let Some((_, was)) = was {
            splices.replace(node.range.clone(), quoted(was));
            draft.because(format!("{path}: restored the requirement of {package} to {}.", short(was)));
            requirement = Some(was.clone());
        }
    }
    let mut text = Ok(splices.apply(&project.file.text));
    if mark.added.is_some() && pinned.is_some() {
        text = text.and_then(|text| without_member(&text, &["require"], package));
        draft.because(format!("{path} no longer requires {package} itself."));
    }
    let text = match text.and_then(|text| without_mark(&text, INSIDE, package)) {
        Ok(text) => text,
        Err(reason) => return draft.refuse(format!("{path} cannot be edited: {}.", short(&reason))),
    };
    unpin_lock(draft, project, mark, &text, package, requirement.as_deref());
    draft.put(project.file, text);
}

fn unpin_lock<'a>(
    draft: &mut Draft<'a>,
    project: &Project<'a>,
    mark: &PinMark,
    manifest: &str,
    package: &str,
    requirement: Option<&str>,
) {
    let (Some(lock), Some(file)) = (read_lock(draft, project), project.lock) else { return };
    let Some(has) = lock.version(package) else { return };
    let wanted = mark.locked.as_deref().filter(|wanted| *wanted != has);
    let restored = wanted.and_then(|wanted| from_earlier(draft, file, &lock, package, wanted));
    let allowed = requirement.is_none_or(|requirement| meets(requirement, &has) != Some(false));
    if restored.is_none() && !allowed {
        return draft.warn(format!(
            "{} still has {package} {}, which the requirement does not allow: \
             run `composer update {package} --no-install` and commit it.",
            file.path,
            short(&has)
        ));
    }
    set_with_hash(draft, project, file, restored.as_deref().unwrap_or(&file.text), manifest, package);
}
