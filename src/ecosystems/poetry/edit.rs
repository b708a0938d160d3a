//! Pins of packages that Poetry installs: `pyproject.toml` and `poetry.lock`.

mod hash;
mod lock;
mod tables;

use toml_edit::{Document, Item};

use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::ecosystems::pip::edit::environments::agree;
use crate::ecosystems::pip::edit::pyproject::{self, Said};
use crate::ecosystems::pip::edit::requirement::{is_name, normal};
use crate::ecosystems::pip::edit::{LEADS, wish};
use crate::edit::draft::{Draft, Manifests};
use crate::edit::lines::{Lines, line_end, whole_line};
use crate::edit::path::{file_name, folder};
use crate::edit::places::{self, Base, Place, Style};
use crate::edit::splice::splice;
use crate::edit::toml::{self, array_front, array_front_back, at};
use crate::edit::version::pep440::{admits, same};

/// Pins for Poetry.
pub struct PoetryPins;

impl PinEditor for PoetryPins {
    fn id(&self) -> &'static str {
        "poetry"
    }

    fn reads(&self, path: &str) -> bool {
        matches!(file_name(path), "pyproject.toml" | "poetry.lock")
    }

    fn is_lock(&self, path: &str) -> bool {
        file_name(path) == "poetry.lock"
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let (package, version) = match wish(package, version) {
            Ok(wish) => wish,
            Err(refused) => return refused,
        };
        let mut pin = Pin { draft: Draft::new(manifests), package, version };
        for source in manifests.files.iter().filter(|file| file_name(&file.path) == "pyproject.toml") {
            pin.project(source);
        }
        pin.draft.finish()
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        if !is_name(package) {
            return Edited::Absent;
        }
        let mut pin = Pin { draft: Draft::new(manifests), package: normal(package), version: String::new() };
        for source in manifests.files.iter().filter(|file| file_name(&file.path) == "pyproject.toml") {
            pin.back(source);
        }
        pin.draft.finish()
    }
}

struct Pin<'a> {
    draft: Draft<'a>,
    package: String,
    version: String,
}

/// What becomes of the lock.
enum Locked {
    /// It cannot be edited in good faith, and why.
    Left(String),
    /// Its entry is as wanted; the text is new where it was replaced, and then the version it had is given too.
    Fits { text: String, was: Option<String> },
}

impl<'a> Pin<'a> {
    fn style(&self) -> Style<'_> {
        Style { leads: LEADS, name: &self.package }
    }

    fn said(&self, text: &str, document: &Document<&str>) -> Said {
        let mut said = pyproject::said(text, document, &self.package, &self.version, false);
        let own = tables::said(text, document, &self.package, &self.version);
        said.places.extend(own.places);
        said.refused.extend(own.refused);
        said
    }

    fn lock_of(&self, project: &Source) -> Option<&'a Source> {
        let files = self.draft.files();
        files.iter().find(|file| file_name(&file.path) == "poetry.lock" && folder(&file.path) == folder(&project.path))
    }

    fn project(&mut self, project: &'a Source) {
        let document = match toml::read(&project.path, &project.text) {
            Ok(document) => document,
            Err(reason) => return self.draft.refuse(reason),
        };
        let path = short(&project.path);
        let said = self.said(&project.text, &document);
        for reason in &said.refused {
            self.draft.refuse(format!("{path}: {reason}"));
        }
        let ours = places::is_ours(&project.text, &said.places, self.style());
        if !ours && !agree(&said.places, &self.version) {
            return self.draft.refuse(format!(
                "{path} requires it differently for different environments, which share one lock: change that by hand."
            ));
        }
        let source = self.lock_of(project);
        let block = source.and_then(|source| lock::only(&source.text, &self.package));
        if !said.refused.is_empty() || (said.places.is_empty() && block.is_none()) {
            return;
        }
        if block.as_ref().is_some_and(lock::is_foreign) {
            return self.draft.refuse(format!("The lock file next to {path} takes it from git, a path or a URL."));
        }
        let mut locked = source.map(|source| self.lock(source));
        if said.places.is_empty() && block.as_ref().is_some_and(|block| !lock::is_main(block)) {
            self.draft
                .warn("Previously only a group, an extra or some platforms needed it; now the main group requires it.");
            locked = Some(Locked::Left("poetry.lock does not reflect that yet and was not changed".to_owned()));
        }
        let was = match &locked {
            Some(Locked::Fits { was, .. }) => was.clone(),
            _ => None,
        };
        let new = if said.places.is_empty() {
            self.add(project, &document, was.as_deref())
        } else {
            self.write(project, &said.places, was.as_deref(), locked.as_ref())
        };
        if let (Some(new), Some(source), Some(locked)) = (new, source, locked) {
            self.finish_lock(project, &new, source, locked);
        }
    }

    /// The new text of the project, when there is one.
    fn write(
        &mut self,
        project: &'a Source,
        found: &[Place],
        was: Option<&str>,
        locked: Option<&Locked>,
    ) -> Option<String> {
        let refresh = format!("poetry.lock does not: run `poetry update {}`", self.package);
        let missing = matches!(locked, Some(Locked::Left(_))).then_some(refresh.as_str());
        let style = Style { leads: LEADS, name: &self.package };
        self.draft.pin(project, found, style, was, (&self.package, &self.version), missing)
    }

    fn lock(&self, source: &'a Source) -> Locked {
        let path = short(&source.path);
        if let Err(reason) = toml::read(&source.path, &source.text) {
            return Locked::Left(reason);
        }
        let Some(block) = lock::only(&source.text, &self.package) else {
            return Locked::Left(format!("{path} does not have it, or has several versions, and was not changed"));
        };
        if same(block.version, &self.version) {
            return Locked::Fits { text: source.text.clone(), was: None };
        }
        let earlier = self.draft.earlier(&source.path);
        match lock::entry(&earlier, &source.text, &self.package, &self.version) {
            Some(entry) => Locked::Fits {
                text: splice(&source.text, vec![(block.range.clone(), entry)]),
                was: Some(block.version.to_owned()),
            },
            None => Locked::Left(format!(
                "No earlier {path} has a usable entry for {}, so it was not changed",
                self.version
            )),
        }
    }

    /// Sets the hash in the lock, or says how the lock is refreshed.
    fn finish_lock(&mut self, project: &'a Source, new: &str, source: &'a Source, locked: Locked) {
        let path = short(&source.path);
        let refresh = format!("run `poetry update {}`, or `poetry lock`", self.package);
        match locked {
            Locked::Left(reason) => self.draft.warn(format!("{}: {refresh}.", reason.trim_end_matches('.'))),
            Locked::Fits { text, was } => {
                if was.is_some() {
                    self.draft.because(format!("{path} gets the entry for {} from an earlier lock.", self.version));
                    self.draft.warn(format!("To have Poetry check {path}, {refresh}."));
                }
                self.rehash(project, new, source, text);
            }
        }
    }

    fn rehash(&mut self, project: &'a Source, new: &str, source: &'a Source, text: String) {
        if new == project.text {
            return self.draft.put(source, text);
        }
        let new = lock::rehashed(&text, &project.text, new);
        if new.is_none() {
            let path = short(&source.path);
            self.draft.warn(format!("Cannot compute the content-hash of {path}: run `poetry lock`."));
        }
        self.draft.put(source, new.unwrap_or(text));
    }

    /// Requires a package that only the lock knows.
    fn add(&mut self, project: &'a Source, document: &Document<&str>, was: Option<&str>) -> Option<String> {
        let text = project.text.as_str();
        let mark = self.style().absent(was);
        let path = short(&project.path);
        let list = at(document, &["project", "dependencies"]).and_then(Item::as_array).and_then(toml_edit::Array::span);
        let table = at(document, &["tool", "poetry", "dependencies"]).and_then(Item::as_table);
        let new = match (list, table.and_then(toml_edit::Table::span)) {
            (Some(list), _) => array_front(text, list, &format!("\"{}=={}\"", self.package, self.version), &mark),
            (None, Some(table)) => {
                let at = Lines::new(text).around(table.start).end;
                let line = format!("{} = \"{}\"{mark}", self.package, self.version);
                Some(format!("{}{}{line}{}", &text[..at], line_end(text), &text[at..]))
            }
            (None, None) => None,
        };
        let Some(new) = new.filter(|new| toml::read(&project.path, new).is_ok()) else {
            self.draft.refuse(format!("It is only in the lock file, and {path} has no dependency list to add it to."));
            return None;
        };
        self.draft.because(format!("{} was only in the lock file: {path} now requires it directly.", self.package));
        self.draft.put(project, new.clone());
        Some(new)
    }

    fn back(&mut self, project: &'a Source) {
        if !project.text.contains("ci-rescue pin") {
            return;
        }
        let (text, locked) = self.without_added(project);
        let document = match toml::read(&project.path, &text) {
            Ok(document) => document,
            Err(reason) => return self.draft.refuse(reason),
        };
        let found = self.said(&text, &document).places;
        let as_was = |_: &Place, old: &str| Some(old.trim_start().to_owned());
        let style = Style { leads: LEADS, name: &self.package };
        let base = Base { text: text.clone(), locked };
        let Some(base) = self.draft.unpin(project, base, &found, style, &as_was) else { return };
        if let Some(source) = self.lock_of(project) {
            self.lock_back(project, &base.text, source, base.locked.as_deref());
        }
    }

    fn lock_back(&mut self, project: &'a Source, new: &str, source: &'a Source, locked: Option<&str>) {
        let path = short(&source.path);
        let Some(block) = lock::only(&source.text, &self.package) else { return };
        let earlier = self.draft.earlier(&source.path);
        let (mut text, mut stays) = (source.text.clone(), block.version.to_owned());
        if let Some(was) = locked
            && let Some(entry) = lock::entry(&earlier, &text, &self.package, was)
        {
            text = splice(&text, vec![(block.range.clone(), entry)]);
            was.clone_into(&mut stays);
            self.draft.because(format!("{path}: restored the entry for {} from an earlier lock file.", short(was)));
        }
        let Ok(document) = toml::read(&project.path, new) else { return };
        let specs = self.said(new, &document).places;
        let fits = specs.iter().all(|place| admits(place.old.trim().trim_matches(['"', '\'']), &stays) == Some(true));
        if !fits {
            self.draft.warn(format!(
                "{path} has a version that the restored requirement does not allow: run `poetry update {}`.",
                self.package
            ));
            return;
        }
        if locked.is_some_and(|was| !same(was, &stays)) {
            self.draft.warn(format!(
                "{path} stays at a different version than before: run `poetry update {}` to move on.",
                self.package
            ));
        }
        self.rehash(project, new, source, text);
    }

    /// The text without what [`Pin::add`] put in.
    fn without_added(&self, project: &Source) -> (String, Option<String>) {
        let text = project.text.as_str();
        let Some((line, mark, was)) = self.style().added(text).into_iter().next() else {
            return (text.to_owned(), None);
        };
        let key = text[line.clone()].split('=').next().unwrap_or_default().trim();
        if normal(key.trim_matches('"')) == self.package {
            return (splice(text, vec![(whole_line(text, line), String::new())]), was.locked);
        }
        let strings = toml::read(&project.path, text)
            .map(|document| pyproject::strings(text, &document, &self.package))
            .unwrap_or_default();
        match strings.into_iter().find(|string| line.start <= string.start && string.end <= line.end) {
            Some(element) => (array_front_back(text, element, mark), was.locked),
            None => (text.to_owned(), None),
        }
    }
}
