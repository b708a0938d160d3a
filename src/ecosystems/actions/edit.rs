//! Pins actions and reusable workflows of GitHub where workflows use them.

use std::ops::Range;

use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::mark::{Behind, Found, PIN, comment};
use crate::edit::path::{file_name, folder};
use crate::edit::splice::Splices;
use crate::edit::yaml::{Scalar, scalars};
use regex::Regex;
use std::sync::LazyLock;

/// Actions on GitHub.
#[derive(Clone, Copy, Debug)]
pub struct ActionsPins;

impl PinEditor for ActionsPins {
    fn id(&self) -> &'static str {
        "github-actions"
    }

    fn reads(&self, path: &str) -> bool {
        is_workflow(path) || is_action(path)
    }

    fn is_lock(&self, _: &str) -> bool {
        false
    }

    fn is_name(&self, package: &str) -> bool {
        package.contains('/') && !package.starts_with('@')
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let mut draft = Draft::new(manifests);
        check_package(&mut draft, package);
        if !is_commit(version) && !is_tag(version) {
            draft.refuse("pin an action to a tag such as v4.1.1, or to a commit of 40 hexadecimal digits");
        }
        if draft.is_refused() {
            return draft.finish();
        }
        for file in self.files(manifests) {
            pin_file(&mut draft, file, package, version);
        }
        if !is_commit(version) {
            draft.because(format!("{version} is a tag, which its owner can move; a commit cannot change."));
        }
        draft.finish()
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        let mut draft = Draft::new(manifests);
        check_package(&mut draft, package);
        if draft.is_refused() {
            return draft.finish();
        }
        for file in self.files(manifests) {
            unpin_file(&mut draft, file, package);
        }
        draft.finish()
    }
}

/// Whether GitHub may take the file of this path for a workflow.
pub(crate) fn is_workflow(path: &str) -> bool {
    folder(path) == ".github/workflows" && (path.ends_with(".yml") || path.ends_with(".yaml"))
}

/// Whether the file of this path describes an action, which may use others.
pub(crate) fn is_action(path: &str) -> bool {
    let installed = path.split('/').any(|part| matches!(part, "node_modules" | "vendor"));
    matches!(file_name(path), "action.yml" | "action.yaml") && !installed
}

impl ActionsPins {
    fn files(self, manifests: Manifests<'_>) -> Vec<&Source> {
        manifests.files.iter().filter(|file| self.reads(&file.path)).collect()
    }
}

fn check_package(draft: &mut Draft<'_>, package: &str) {
    const NAME_MAX: usize = 200;
    if package.starts_with("./") || package.starts_with("../") || package.starts_with('/') {
        draft.refuse("an action in this repository has no version: workflows use it from the same commit");
        return;
    }
    if package.starts_with("docker:") {
        draft.refuse("images are pinned by digest: use the ecosystem docker");
        return;
    }
    let plain = |part: &str| {
        part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) && !matches!(part, "" | "." | "..")
    };
    if package.len() > NAME_MAX || !package.contains('/') || !package.split('/').all(plain) {
        draft.refuse("this is not an action name: write owner/name, for example actions/checkout");
    }
}

/// Whether a version is a whole commit.
pub(crate) fn is_commit(version: &str) -> bool {
    version.len() == 40 && version.chars().all(|c| c.is_ascii_hexdigit())
}

/// `v4`, `4.1.1`, `v2.0.0-beta.1`, `release/v1`, `bundle-v2.1`: what ends in a number. Branches, `latest`, ranges and
/// pieces of commits move or mean several things.
pub(crate) fn is_tag(version: &str) -> bool {
    const LENGTH_MAX: usize = 100;
    static TAG: LazyLock<Regex> = LazyLock::new(|| {
        let (line, number, end) =
            (r"([A-Za-z][A-Za-z._-]*[-/])?", r"v?\d{1,10}(\.\d{1,10}){0,3}", r"([-+][0-9A-Za-z.+-]+)?");
        Regex::new(&format!("^{line}{number}{end}$")).expect("the pattern is valid")
    });
    version.len() <= LENGTH_MAX && !version.contains("..") && TAG.is_match(version)
}

/// A place that uses the action.
struct Use {
    /// What stands behind the `@`.
    reference: Range<usize>,
    /// Where the line's content ends and a mark may stand.
    end: usize,
    mark: Option<Found>,
}

/// Where GitHub takes `uses` as its own key: of a job, and of a step.
fn is_uses(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(path.as_slice(), ["jobs", _, "uses"] | ["jobs", _, "steps", _, "uses"] | ["runs", "steps", _, "uses"])
}

/// Whether `package` means this use: the same name in any case, or a path in the repository that it names. One release
/// covers everything in a repository.
fn is_meant(package: &str, used: &str) -> bool {
    let is_repository = package.split('/').count() == 2;
    let same = |start: &str| start.eq_ignore_ascii_case(package);
    match used.get(package.len()..) {
        Some(rest) => {
            used.get(..package.len()).is_some_and(same) && (rest.is_empty() || is_repository && rest.starts_with('/'))
        }
        None => false,
    }
}

fn uses(draft: &mut Draft<'_>, file: &Source, package: &str) -> Vec<Use> {
    if !file.text.to_ascii_lowercase().contains(&package.to_ascii_lowercase()) {
        return Vec::new();
    }
    let found = match scalars(&file.text) {
        Ok(found) => found,
        Err(reason) => {
            draft.refuse(format!("{} is not valid YAML ({}): fix it first.", file.path, short(&reason)));
            return Vec::new();
        }
    };
    let mut list: Vec<Use> = Vec::new();
    for scalar in found.iter().filter(|scalar| is_uses(&scalar.path)) {
        let Some((name, reference)) = scalar.value.split_once('@') else { continue };
        if !is_meant(package, name) {
            continue;
        }
        let place = reference_of(&file.text, scalar, reference);
        let behind = Behind::read(&file.text, scalar.range.end, PIN);
        // Two on one line would share the place of the mark.
        let behind = behind.filter(|behind| list.last().is_none_or(|other| other.end != behind.end));
        match place.zip(behind) {
            Some((reference, behind)) => list.push(Use { reference, end: behind.end, mark: behind.mark }),
            None => draft.refuse(format!(
                "{} uses {package} in a form that cannot be edited safely: write it as one plain value on its own line.",
                file.path
            )),
        }
    }
    list
}

/// Where the reference stands in the text, when it is written as it is meant.
fn reference_of(text: &str, scalar: &Scalar, reference: &str) -> Option<Range<usize>> {
    let raw = text.get(scalar.range.clone()).filter(|_| scalar.simple)?;
    let at = raw.find('@')? + 1;
    let written = raw[at..].trim_end_matches(['"', '\'']);
    let start = scalar.range.start + at;
    (written == reference && comment(written, None, PIN).is_some()).then(|| start..start + written.len())
}

fn pin_file<'a>(draft: &mut Draft<'a>, file: &'a Source, package: &str, version: &str) {
    let list = uses(draft, file, package);
    let mut splices = Splices::default();
    for one in &list {
        draft.already(format!("{package} is already at {version} everywhere."));
        let old = &file.text[one.reference.clone()];
        if old == version {
            continue;
        }
        splices.replace(one.reference.clone(), version);
        if one.mark.is_none() {
            splices.insert(one.end, comment(old, None, PIN).unwrap_or_default());
        }
        draft.because(format!("{} uses {package}@{}: changed to {version}.", file.path, short(old)));
    }
    if !splices.is_empty() {
        draft.put(file, splices.apply(&file.text));
    }
}

fn unpin_file<'a>(draft: &mut Draft<'a>, file: &'a Source, package: &str) {
    let list = uses(draft, file, package);
    let mut splices = Splices::default();
    for one in &list {
        let Some(mark) = &one.mark else { continue };
        splices.replace(one.reference.clone(), mark.was.old.clone());
        splices.remove(mark.range.clone());
        draft.because(format!("{} is back to {package}@{}.", file.path, short(&mark.was.old)));
    }
    if !splices.is_empty() {
        draft.put(file, splices.apply(&file.text));
    }
}
