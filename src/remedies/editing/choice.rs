//! Which package manager is meant, where several could be.

use super::alternatives;
use crate::domain::edit::{Edit, Edited, Source};
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::Manifests;
use crate::edit::path::{file_name as name, folder};

/// Managers that read the same manifests; in one directory only one of them rules.
const SCRIPT: &[&str] = &["npm", "pnpm", "yarn"];
const PYTHON: &[&str] = &["uv", "poetry", "pip"];
/// Locks of the managers of `package.json`.
const SCRIPT_LOCKS: &[(&str, &str)] =
    &[("package-lock.json", "npm"), ("npm-shrinkwrap.json", "npm"), ("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn")];

/// An editor's answer.
pub struct Answer {
    pub editor: &'static dyn PinEditor,
    pub edited: Edited,
}

/// What the editors had to say.
#[derive(Default)]
pub struct Answers {
    pub all: Vec<Answer>,
    /// A manager that could hold the package although no manifest names it, when it is asked for by name.
    pub by_name: Option<&'static str>,
}

/// Whether a file tells whose manifests lie beside it.
pub fn tells_the_manager(editors: &[&'static dyn PinEditor], path: &str) -> bool {
    editors.iter().any(|editor| SCRIPT.contains(&editor.id())) && lock_of(path).is_some()
}

fn lock_of(path: &str) -> Option<&'static str> {
    SCRIPT_LOCKS.iter().find(|(lock, _)| *lock == name(path)).map(|(_, id)| *id)
}

/// The manager whose lock is nearest above a manifest; npm, where there is none.
fn ruler(path: &str, sources: &[Source]) -> Vec<&'static str> {
    let mut at = folder(path);
    loop {
        let here = sources.iter().filter(|source| folder(&source.path) == at);
        let found: Vec<&'static str> = here.filter_map(|source| lock_of(&source.path)).collect();
        if !found.is_empty() {
            return found;
        }
        if at.is_empty() {
            return vec!["npm"];
        }
        at = folder(at);
    }
}

/// The files that an editor reads and that are its manager's.
fn files_of(editor: &dyn PinEditor, sources: &[Source]) -> Vec<Source> {
    let rules = |source: &&Source| {
        !SCRIPT.contains(&editor.id())
            || name(&source.path) != "package.json"
            || ruler(&source.path, sources).contains(&editor.id())
    };
    let followed = editor.follows(sources);
    let reads = |source: &&Source| editor.reads(&source.path) || followed.contains(&source.path);
    sources.iter().filter(reads).filter(rules).cloned().collect()
}

/// Names of packages differ in case and in the signs between words (PEP 503) and mean the same.
fn folded(text: &str) -> String {
    text.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// Asks each editor, with the files that are its own.
pub fn ask(
    editors: &[&'static dyn PinEditor],
    package: &str,
    sources: &[Source],
    earlier: &[Source],
    act: impl Fn(&dyn PinEditor, Manifests<'_>) -> Edited,
) -> Answers {
    let leaf = folded(package.rsplit(['/', ':']).next().unwrap_or(package));
    let named = editors.len() == 1;
    let mut answers = Answers::default();
    for editor in editors {
        let files = files_of(*editor, sources);
        // Who never heard of the package has nothing to say of its name or version.
        let heard = editor.is_name(package) && files.iter().any(|file| folded(&file.text).contains(&leaf));
        if files.is_empty() || !named && !heard {
            continue;
        }
        let earlier: Vec<Source> = earlier.iter().filter(|source| editor.reads(&source.path)).cloned().collect();
        let edited = match foreign(editor.id(), package, &files) {
            Some(why) => Edited::Refused(vec![why]),
            None => act(*editor, Manifests { files: &files, earlier: &earlier }),
        };
        if !named && is_only_added(editor.id(), package, &files, &edited) {
            answers.by_name = Some(editor.id());
        } else if edited != Edited::Absent {
            answers.all.push(Answer { editor: *editor, edited });
        }
    }
    one_of(&mut answers.all, &python_order(sources));
    answers
}

/// The managers of `pyproject.toml` in the order in which they are likely to be meant.
fn python_order(sources: &[Source]) -> Vec<&'static str> {
    let has = |file: &str| sources.iter().any(|source| name(&source.path) == file);
    let says = |table: &str| {
        sources.iter().any(|source| name(&source.path) == "pyproject.toml" && source.text.contains(table))
    };
    let likely = |id: &str| match id {
        "uv" => has("uv.lock") || says("[tool.uv"),
        "poetry" => has("poetry.lock") || says("[tool.poetry"),
        _ => true,
    };
    let (mut order, rest): (Vec<&str>, Vec<&str>) = PYTHON.iter().partition(|id| likely(id));
    order.extend(rest);
    order
}

/// Of several managers of one kind, the first that can.
fn one_of(answers: &mut Vec<Answer>, order: &[&'static str]) {
    let able = |answers: &[Answer], id: &str| {
        answers.iter().any(|answer| {
            answer.editor.id() == id && !matches!(answer.edited, Edited::Refused(_) | Edited::Unresolved(_))
        })
    };
    let first = order.iter().find(|id| able(answers, id));
    let first = first.or_else(|| order.iter().find(|id| answers.iter().any(|answer| answer.editor.id() == **id)));
    if let Some(first) = first.copied() {
        answers.retain(|answer| answer.editor.id() == first || !order.contains(&answer.editor.id()));
    }
}

/// Why a package of this name is none of a registry.
fn foreign(id: &str, package: &str, files: &[Source]) -> Option<String> {
    if SCRIPT.contains(&id) {
        let own = |source: &&Source| {
            name(&source.path) == "package.json"
                && serde_json::from_str::<serde_json::Value>(&source.text)
                    .is_ok_and(|value| value.get("name").and_then(serde_json::Value::as_str) == Some(package))
        };
        let own = files.iter().find(own)?;
        return Some(format!("{package} is part of this repository: set its version in {}", own.path));
    }
    if id != "pip" {
        return None;
    }
    let from_address = |source: &&Source| source.text.lines().any(|line| is_address_of(line, package));
    let found = files.iter().find(from_address)?;
    Some(format!("{} installs {package} from a URL or path: pin it to a commit by hand", found.path))
}

/// A requirement that is an address or a path without a name, and that ends in this package's.
fn is_address_of(line: &str, package: &str) -> bool {
    let line =
        line.trim().trim_start_matches("-e ").trim_start_matches("--editable ").trim_start_matches("--editable=");
    let line = line.trim();
    if line.starts_with('#') || line.contains(" @ ") || !(line.contains("://") || line.starts_with(['.', '/'])) {
        return false;
    }
    let parts = line.split(['/', '@', '#', '?']).map(|part| part.trim_end_matches(".git"));
    parts.map(folded).any(|part| part == folded(package))
}

/// pip and Maven can hold what no manifest names: that is done when they are asked for by name, and not because a
/// comment holds the word.
fn is_only_added(id: &str, package: &str, files: &[Source], edited: &Edited) -> bool {
    let Edited::Ready(edit) = edited else { return false };
    let leaf = package.rsplit(':').next().unwrap_or(package);
    let declared =
        id == "maven" && files.iter().any(|file| file.text.contains(&format!("<artifactId>{leaf}</artifactId>")));
    let keeps = |new: &Source| {
        let old = files.iter().find(|file| file.path == new.path).map_or("", |file| file.text.as_str());
        let mut lines = new.text.lines();
        old.lines().all(|line| lines.any(|kept| kept == line))
    };
    ["pip", "maven"].contains(&id) && !declared && edit.files.iter().all(keeps)
}

/// One answer of several: a refusal counts only where nobody can.
pub fn decide(mut answers: Vec<Answer>) -> Edited {
    let ready = |answer: &&Answer| matches!(answer.edited, Edited::Ready(_));
    let able: Vec<&str> = answers.iter().filter(ready).map(|answer| answer.editor.id()).collect();
    if able.len() > 1 {
        return Edited::Refused(vec![format!(
            "several ecosystems use it: choose one with --ecosystem {}",
            alternatives(&able)
        )]);
    }
    answers.sort_by_key(|answer| match answer.edited {
        Edited::Ready(_) => 0,
        Edited::Already(_) => 1,
        Edited::Unresolved(_) => 2,
        Edited::Refused(_) => 3,
        Edited::Absent => 4,
    });
    answers.into_iter().next().map_or(Edited::Absent, |answer| answer.edited)
}

/// All answers together: what is pinned under one name in several ecosystems is let go in all of them.
pub fn join(answers: Vec<Answer>) -> Edited {
    let mut whole = Edit::default();
    let mut others = Vec::new();
    for answer in answers {
        match answer.edited {
            Edited::Ready(edit)
                if !edit.files.iter().any(|file| whole.files.iter().any(|have| have.path == file.path)) =>
            {
                whole.files.extend(edit.files);
                whole.because.extend(edit.because);
                whole.warnings.extend(edit.warnings);
                whole.unresolved.extend(edit.unresolved);
            }
            other => others.push(Answer { editor: answer.editor, edited: other }),
        }
    }
    if whole.files.is_empty() { decide(others) } else { Edited::Ready(whole) }
}
