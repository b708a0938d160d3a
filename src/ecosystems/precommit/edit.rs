//! Pins repositories of hooks by their `rev` in `.pre-commit-config.yaml`.

use std::ops::Range;

use super::name::{is_meant, plain};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::actions::edit::{is_commit, is_tag};
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::mark::{Behind, Found, PIN, comment};
use crate::edit::path::file_name;
use crate::edit::splice::Splices;
use crate::edit::yaml::{Scalar, scalars};

/// Hooks of pre-commit.
#[derive(Clone, Copy, Debug)]
pub struct PreCommitPins;

impl PinEditor for PreCommitPins {
    fn id(&self) -> &'static str {
        "pre-commit"
    }

    fn reads(&self, path: &str) -> bool {
        matches!(file_name(path), ".pre-commit-config.yaml" | ".pre-commit-config.yml")
    }

    fn is_lock(&self, _: &str) -> bool {
        false
    }

    fn is_name(&self, package: &str) -> bool {
        plain(package).is_some()
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let mut draft = Draft::new(manifests);
        let package = checked(&mut draft, package);
        if !is_commit(version) && !is_tag(version) {
            draft.refuse("pin hooks to a tag such as v4.1.1, or to a commit of 40 hexadecimal digits");
        }
        if let Some(package) = package.filter(|_| !draft.is_refused()) {
            for file in manifests.files.iter().filter(|file| self.reads(&file.path)) {
                pin_file(&mut draft, file, &package, version);
            }
        }
        draft.finish()
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        let mut draft = Draft::new(manifests);
        if let Some(package) = checked(&mut draft, package) {
            for file in manifests.files.iter().filter(|file| self.reads(&file.path)) {
                unpin_file(&mut draft, file, &package);
            }
        }
        draft.finish()
    }
}

fn checked(draft: &mut Draft<'_>, package: &str) -> Option<String> {
    let name = plain(package);
    if name.is_none() {
        draft.refuse("this is not a repository of hooks: write owner/name or its address, for example psf/black");
    }
    name
}

/// The `rev` of a repository that is meant.
struct Rev {
    /// Where it stands, without quotes.
    value: Range<usize>,
    /// Where the line's content ends and a mark may stand.
    end: usize,
    mark: Option<Found>,
}

/// The number of the repository in the list that a value belongs to, and its key.
fn place(scalar: &Scalar) -> Option<(&str, &str)> {
    match scalar.path.as_slice() {
        [list, number, key] if list == "repos" => Some((number, key)),
        _ => None,
    }
}

fn revs(draft: &mut Draft<'_>, file: &Source, package: &str) -> Vec<Rev> {
    let found = match scalars(&file.text) {
        Ok(found) => found,
        Err(reason) => {
            draft.refuse(format!("{} is not valid YAML ({}): fix it first.", file.path, short(&reason)));
            return Vec::new();
        }
    };
    let of = |wanted: &'static str| {
        let all = found.iter().filter_map(move |scalar| Some((place(scalar)?, scalar)));
        all.filter(move |((_, key), _)| *key == wanted).map(|((number, _), scalar)| (number, scalar))
    };
    let mut list: Vec<Rev> = Vec::new();
    for (number, _) in of("repo").filter(|(_, repo)| is_meant(package, &repo.value)) {
        let rev = of("rev").find(|(other, _)| *other == number).and_then(|(_, rev)| read(&file.text, rev));
        // Two on one line would share the place of the mark.
        match rev.filter(|rev| list.last().is_none_or(|other| other.end != rev.end)) {
            Some(rev) => list.push(rev),
            None => draft.refuse(format!(
                "{} has no `rev` for {package} that can be edited safely: write it as one plain value on its own line.",
                file.path
            )),
        }
    }
    list
}

/// A `rev` that is written as it is meant.
fn read(text: &str, rev: &Scalar) -> Option<Rev> {
    let raw = text.get(rev.range.clone()).filter(|_| rev.simple)?;
    let written = raw.trim_matches(['"', '\'']);
    let start = rev.range.start + raw.find(written)?;
    let behind = Behind::read(text, rev.range.end, PIN)?;
    let is_kept = written == rev.value && comment(written, None, PIN).is_some();
    is_kept.then(|| Rev { value: start..start + written.len(), end: behind.end, mark: behind.mark })
}

fn pin_file<'a>(draft: &mut Draft<'a>, file: &'a Source, package: &str, version: &str) {
    let mut splices = Splices::default();
    for rev in revs(draft, file, package) {
        draft.already(format!("{package} is already at {version} everywhere."));
        let old = &file.text[rev.value.clone()];
        if old == version {
            continue;
        }
        splices.replace(rev.value.clone(), version);
        if rev.mark.is_none() {
            splices.insert(rev.end, comment(old, None, PIN).unwrap_or_default());
        }
        draft.because(format!("{} has {package} at {}: changed to {version}.", file.path, short(old)));
    }
    if !splices.is_empty() {
        draft.put(file, splices.apply(&file.text));
    }
}

fn unpin_file<'a>(draft: &mut Draft<'a>, file: &'a Source, package: &str) {
    let mut splices = Splices::default();
    for rev in revs(draft, file, package) {
        let Some(mark) = rev.mark else { continue };
        draft.because(format!("{} has {package} back at {}.", file.path, short(&mark.was.old)));
        splices.replace(rev.value, mark.was.old);
        splices.remove(mark.range);
    }
    if !splices.is_empty() {
        draft.put(file, splices.apply(&file.text));
    }
}
