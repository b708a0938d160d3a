//! Pins a crate in every `Cargo.toml` that requires it and in `Cargo.lock`.

use super::graph::{Relocked, relock};
use super::lock::{Lock, is_compatible, is_name};
use super::manifest::{Site, pinned, restored, sites};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::lines::line_end;
use crate::edit::path::file_name;
use crate::edit::say::listed;
use crate::edit::version::not_plain;

/// Crates of a registry.
#[derive(Clone, Copy, Debug)]
pub struct CargoPins;

/// Our line at the top of a lock, the only place where Cargo keeps comments.
const LOCK_MARK: &str = "# ci-rescue pin ";

impl PinEditor for CargoPins {
    fn id(&self) -> &'static str {
        "cargo"
    }

    fn reads(&self, path: &str) -> bool {
        matches!(file_name(path), "Cargo.toml" | "Cargo.lock")
    }

    fn is_lock(&self, path: &str) -> bool {
        file_name(path) == "Cargo.lock"
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        if let Some(reasons) = not_accepted(package, Some(version)) {
            return Edited::Refused(reasons);
        }
        let mut draft = Draft::new(manifests);
        let required = pin_manifests(&mut draft, package, version);
        if !draft.is_refused() {
            for lock in draft.named("Cargo.lock") {
                pin_lock(&mut draft, lock, package, version, required.as_deref());
            }
        }
        draft.finish()
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        if let Some(reasons) = not_accepted(package, None) {
            return Edited::Refused(reasons);
        }
        let mut draft = Draft::new(manifests);
        let taken_back = unpin_manifests(&mut draft, package);
        for lock in draft.named("Cargo.lock") {
            unpin_lock(&mut draft, lock, package, taken_back.as_ref());
        }
        draft.finish()
    }
}

fn not_accepted(package: &str, version: Option<&str>) -> Option<Vec<String>> {
    let mut reasons = Vec::new();
    if !is_name(package) {
        reasons.push("this is not a crate name: spell it as in Cargo.toml, for example serde_json".to_owned());
    }
    if let Some(version) = version {
        reasons.extend(not_plain(version));
        if reasons.is_empty() && semver::Version::parse(version).is_err() {
            reasons.push("Cargo needs a full version with three numbers, for example 1.4.2".to_owned());
        }
    }
    (!reasons.is_empty()).then_some(reasons)
}

fn already(package: &str, version: &str) -> String {
    format!("{package} is already pinned to {version}.")
}

type Found<'a> = Vec<(&'a Source, Vec<Site>)>;

/// Every requirement in every manifest.
fn all_sites<'a>(draft: &mut Draft<'a>, package: &str) -> Found<'a> {
    let mut all = Vec::new();
    for file in draft.named("Cargo.toml") {
        match sites(&file.text, package) {
            Ok(found) if found.is_empty() => {}
            Ok(found) => all.push((file, found)),
            Err(reason) => {
                draft.refuse(format!("{} is not valid TOML ({}): fix it first.", short(&file.path), short(&reason)));
            }
        }
    }
    all
}

/// Pins the requirements; gives what they were, when there are any.
fn pin_manifests(draft: &mut Draft<'_>, package: &str, version: &str) -> Option<Vec<String>> {
    let all = all_sites(draft, package);
    for (file, site) in all.iter().flat_map(|(file, sites)| sites.iter().map(move |site| (file, site))) {
        if let Some(reason) = site.refused {
            draft.refuse(format!("{package} cannot be pinned in {}: {reason}.", short(&file.path)));
        }
    }
    if draft.is_refused() || all.is_empty() {
        return None;
    }
    draft.already(already(package, version));
    let chosen = chosen(draft, &all, package, version);
    if chosen.is_empty() {
        let list = listed(all.iter().flat_map(|(_, sites)| sites).map(Site::original));
        draft.refuse(format!(
            "{package} is required as {list}, and {version} matches none of them: choose a version that matches one."
        ));
    }
    let locked = locked_version(draft, package, version, &chosen);
    for (file, sites) in &all {
        let sites: Vec<&Site> = sites.iter().filter(|site| chosen.contains(&site.original())).collect();
        let stale: Vec<&Site> = sites.iter().copied().filter(|site| site.exact() != Some(version)).collect();
        if !stale.is_empty() {
            draft.because(format!("{}: the requirement of {package} is now ={version}.", short(&file.path)));
            draft.put(file, pinned(&file.text, &stale, version, locked.as_deref()));
        }
    }
    Some(chosen.into_iter().map(str::to_owned).collect())
}

/// The requirements, as people wrote them, that the pin is for: all, when they are the same or the locks have the
/// package once; else those that the version meets.
fn chosen<'b>(draft: &Draft<'_>, all: &'b Found<'_>, package: &str, version: &str) -> Vec<&'b str> {
    let mut list: Vec<&str> = all.iter().flat_map(|(_, sites)| sites.iter().map(Site::original)).collect();
    list.sort_unstable();
    list.dedup();
    let locks = draft.named("Cargo.lock");
    let once = |file: &&Source| Lock::read(&file.text).is_ok_and(|lock| lock.named(package).len() < 2);
    if list.len() > 1 && (locks.is_empty() || !locks.iter().all(once)) {
        list.retain(|requirement| meets(requirement, version));
    }
    list
}

fn meets(requirement: &str, version: &str) -> bool {
    match (semver::VersionReq::parse(requirement), semver::Version::parse(version)) {
        (Ok(requirement), Ok(version)) => requirement.matches(&version),
        _ => false,
    }
}

/// The version the lock has for these requirements.
fn locked_version(draft: &Draft<'_>, package: &str, version: &str, requirements: &[&str]) -> Option<String> {
    for file in draft.named("Cargo.lock") {
        let Ok(lock) = Lock::read(&file.text) else { continue };
        if let Ok(index) = entry(&lock, package, version, Some(requirements)) {
            return Some(lock.packages[index].version.to_owned());
        }
    }
    None
}

/// The lock's package that the pin is for.
fn entry(lock: &Lock, package: &str, version: &str, requirements: Option<&[&str]>) -> Result<usize, Option<String>> {
    let all = lock.named(package);
    let of_registry: Vec<usize> =
        all.iter().copied().filter(|&index| lock.packages[index].is_from_registry()).collect();
    match (all, of_registry.as_slice()) {
        ([], _) => return Err(None),
        (_, []) => {
            return Err(Some(format!("{package} comes from git or from this repository: set its version there.")));
        }
        (_, [only]) => return Ok(*only),
        _ => {}
    }
    let has = |index: usize| lock.packages[index].version;
    let fitting = |index: &usize| {
        let required = |list: &[&str]| list.iter().any(|requirement| meets(requirement, has(*index)));
        is_compatible(has(*index), version) || requirements.is_some_and(required)
    };
    let mut candidates: Vec<usize> = of_registry.iter().copied().filter(fitting).collect();
    // What the manifest asks for is what is pinned, whatever else of that name others brought along.
    let asked: Vec<usize> = of_registry
        .iter()
        .copied()
        .filter(|&index| requirements.is_some_and(|list| list.iter().any(|requirement| meets(requirement, has(index)))))
        .collect();
    if let [only] = asked.as_slice() {
        return Ok(*only);
    }
    if candidates.len() > 1 {
        candidates.retain(|&index| is_compatible(has(index), version));
    }
    if let [only] = candidates.as_slice() {
        return Ok(*only);
    }
    let list = listed(of_registry.iter().map(|&index| has(index)));
    Err(Some(format!(
        "the lock file has {package} in versions {list}: pin to a version compatible with exactly one of them."
    )))
}

fn read_lock<'a>(draft: &mut Draft<'_>, file: &'a Source) -> Option<Lock<'a>> {
    match Lock::read(&file.text) {
        Ok(lock) => Some(lock),
        Err(reason) => {
            draft.refuse(format!("Cannot read {} ({}): fix it first.", short(&file.path), short(&reason)));
            None
        }
    }
}

fn pin_lock<'a>(draft: &mut Draft<'a>, file: &'a Source, package: &str, version: &str, required: Option<&[String]>) {
    let Some(lock) = read_lock(draft, file) else { return };
    let requirements: Option<Vec<&str>> = required.map(|list| list.iter().map(String::as_str).collect());
    let index = match entry(&lock, package, version, requirements.as_deref()) {
        Ok(index) => index,
        Err(Some(reason)) => {
            draft.refuse(format!("{}: {reason}", short(&file.path)));
            return;
        }
        Err(None) => return,
    };
    draft.already(already(package, version));
    let old = lock.packages[index].version.to_owned();
    if old == version {
        return;
    }
    if required.is_none() && !is_compatible(&old, version) {
        draft.refuse(format!(
            "{}: {package} {version} is not compatible with {old}, which other packages here depend on.",
            short(&file.path)
        ));
        return;
    }
    let moved = if lock.find(package, version, lock.packages[index].source).is_some() {
        None
    } else {
        from_earlier(draft, file, &lock, index, version)
    };
    match moved {
        Some(moved) => {
            tell(draft, file, package, version, &moved);
            if required.is_none() {
                let sentence = format!(
                    "{}: a lock file does not tell whether everything that depends on {package} accepts {version}: \
                     check with `cargo metadata --locked`.",
                    short(&file.path)
                );
                draft.unresolved(&file.path, sentence);
            }
            let text =
                if required.is_some() { moved.text } else { with_lock_mark(&moved.text, package, version, &old) };
            draft.put(file, text);
        }
        None if required.is_some() => {
            let sentence = format!(
                "{} still has {package} {old}: run `cargo update -p {package}@{old} --precise {version}` and commit it.",
                short(&file.path)
            );
            draft.unresolved(&file.path, sentence);
        }
        None => {
            let sentence = format!(
                "{package} is only in {}, and no earlier version of that file fits {version}: \
                 run `cargo update -p {package}@{old} --precise {version}` and commit the lock.",
                short(&file.path)
            );
            draft.refuse_unresolved(&file.path, sentence);
        }
    }
}

fn from_earlier(draft: &Draft<'_>, file: &Source, lock: &Lock, index: usize, version: &str) -> Option<Relocked> {
    for text in draft.earlier(&file.path) {
        let Ok(earlier) = Lock::read(text) else { continue };
        if let Some(moved) = relock(lock, &earlier, index, version).filter(|moved| Lock::read(&moved.text).is_ok()) {
            return Some(moved);
        }
    }
    None
}

fn tell(draft: &mut Draft<'_>, file: &Source, package: &str, version: &str, moved: &Relocked) {
    draft.because(format!("{}: took the entry for {package} {version} from an earlier lock file.", short(&file.path)));
    for (name, from, to) in moved.along.iter().filter(|(name, ..)| name != package) {
        draft.because(format!("{}: {name} also moves from {from} to {to}.", short(&file.path)));
    }
    for (name, then, now) in &moved.newer {
        let sentence = format!(
            "{}: the lock file with {package} {version} had {name} {then} and now has {now}; \
             if `cargo metadata --locked` fails, run `cargo update -p {package} --precise {version}`.",
            short(&file.path)
        );
        draft.unresolved(&file.path, sentence);
    }
}

fn with_lock_mark(text: &str, package: &str, version: &str, old: &str) -> String {
    let (rest, first) = match lock_mark(text, package) {
        Some(mark) => (mark.without, mark.was),
        None => (text.to_owned(), old.to_owned()),
    };
    // After the comments that Cargo itself writes, which it wants first.
    let mut at = 0;
    for line in rest.split_inclusive('\n').take_while(|line| line.starts_with('#')) {
        at += line.len();
    }
    let (head, tail) = rest.split_at(at);
    format!("{head}{LOCK_MARK}{package} {version} was locked {first}{}{tail}", line_end(&rest))
}

struct LockMark {
    without: String,
    version: String,
    was: String,
}

/// Our line for this package at the top of a lock.
fn lock_mark(text: &str, package: &str) -> Option<LockMark> {
    let mut at = 0;
    for line in text.split_inclusive('\n').take_while(|line| line.starts_with('#')) {
        let words = line.trim_end().strip_prefix(LOCK_MARK).map(|words| words.split(' ').collect::<Vec<_>>());
        if let Some([name, version, "was", "locked", was]) = words.as_deref()
            && *name == package
        {
            let without = format!("{}{}", &text[..at], &text[at + line.len()..]);
            return Some(LockMark { without, version: (*version).to_owned(), was: (*was).to_owned() });
        }
        at += line.len();
    }
    None
}

/// What the unpinned requirements were pinned to, what they are again, and what the lock had.
struct TakenBack {
    pinned: String,
    requirement: String,
    locked: Option<String>,
}

fn unpin_manifests(draft: &mut Draft<'_>, package: &str) -> Option<TakenBack> {
    let mut taken_back = None;
    for (file, sites) in all_sites(draft, package) {
        let marked: Vec<&Site> = sites.iter().filter(|site| site.mark.is_some()).collect();
        let Some(first) = marked.first() else { continue };
        for site in &marked {
            if site.exact().is_none() {
                let now = short(&site.requirement);
                draft.warn(format!("{}: {package} was changed to {now} after the pin; kept.", short(&file.path)));
            }
        }
        draft.because(format!(
            "{}: restored the requirement of {package} to {}.",
            short(&file.path),
            short(first.original())
        ));
        draft.put(file, restored(&file.text, &marked));
        if let (Some(version), Some(mark)) = (first.exact(), &first.mark) {
            let requirement = first.original().to_owned();
            taken_back = Some(TakenBack { pinned: version.to_owned(), requirement, locked: mark.was.locked.clone() });
        }
    }
    taken_back
}

fn unpin_lock<'a>(draft: &mut Draft<'a>, file: &'a Source, package: &str, taken_back: Option<&TakenBack>) {
    let mark = lock_mark(&file.text, package);
    let (text, pinned, wanted) = match (&mark, taken_back) {
        (Some(mark), _) => (mark.without.clone(), mark.version.clone(), Some(mark.was.clone())),
        (None, Some(back)) => (file.text.clone(), back.pinned.clone(), back.locked.clone()),
        (None, None) => return,
    };
    let base = Source { path: file.path.clone(), text };
    let Some(lock) = read_lock(draft, &base) else { return };
    let at = lock.named(package).iter().copied().find(|&index| lock.packages[index].version == pinned);
    let mut result = base.text.clone();
    if let (Some(index), Some(wanted)) = (at, wanted.filter(|wanted| *wanted != pinned)) {
        if let Some(moved) = from_earlier(draft, file, &lock, index, &wanted) {
            tell(draft, file, package, &wanted, &moved);
            result = moved.text;
        } else if taken_back.is_some_and(|back| !meets(&back.requirement, &pinned)) {
            let sentence = format!(
                "{} still has {package} {}, which the requirement does not allow: run `cargo update -p {package}`.",
                short(&file.path),
                short(&pinned)
            );
            draft.unresolved(&file.path, sentence);
        } else {
            draft.because(format!("{} keeps {package} {}, which is allowed.", short(&file.path), short(&pinned)));
        }
    }
    if mark.is_some() || taken_back.is_some() {
        draft.put(file, result);
    }
}
