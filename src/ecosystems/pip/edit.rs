//! Pins of packages that pip installs: requirements and constraints files, `pyproject.toml`, `setup.cfg`.

mod lines;
pub(crate) mod pyproject;
pub(crate) mod requirement;
mod setup_cfg;

use std::collections::HashMap;

use self::lines::{Entry, entries};
use self::requirement::{is_name, normal};
use crate::domain::edit::{Edited, Source};
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::lines::{line_end, whole_line, with_line};
use crate::edit::path::{file_name, folder};
use crate::edit::places::{self, Outcome, Place, Style};
use crate::edit::say::{by_whom, short};
use crate::edit::splice::splice;
use crate::edit::toml;
use crate::edit::version::not_plain;
use crate::edit::version::pep440::{is_exactly, is_version};

/// Pins for pip.
pub struct PipPins;

/// How our marks begin in Python's files.
pub(crate) const LEADS: &[&str] = &["  # "];

/// What a path tells of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Requirements,
    Constraints,
    Pyproject,
    SetupCfg,
    SetupPy,
}

fn kind(path: &str) -> Option<Kind> {
    let name = file_name(path);
    match name {
        "pyproject.toml" => return Some(Kind::Pyproject),
        "setup.cfg" => return Some(Kind::SetupCfg),
        "setup.py" => return Some(Kind::SetupPy),
        _ => {}
    }
    if !name.ends_with(".txt") && !name.ends_with(".in") {
        return None;
    }
    let parent = file_name(folder(path));
    if name.contains("constraints") {
        return Some(Kind::Constraints);
    }
    (name.contains("requirements") || parent == "requirements").then_some(Kind::Requirements)
}

/// The package by its normal name and the version without `==`, or why they are refused.
pub(crate) fn wish(package: &str, version: &str) -> Result<(String, String), Edited> {
    let mut reasons = Vec::new();
    if !is_name(package) {
        reasons.push("This is not a Python package name: use letters, digits, `.`, `_` and `-`.".to_owned());
    }
    let version = version.strip_prefix("==").unwrap_or(version);
    match not_plain(version) {
        Some(reason) => reasons.push(reason),
        None if !is_version(version) => {
            reasons.push("This is not a Python package version: use one such as 2.31.0.".to_owned());
        }
        None => {}
    }
    if reasons.is_empty() { Ok((normal(package), version.to_owned())) } else { Err(Edited::Refused(reasons)) }
}

impl PinEditor for PipPins {
    fn id(&self) -> &'static str {
        "pip"
    }

    fn reads(&self, path: &str) -> bool {
        kind(path).is_some()
    }

    fn is_lock(&self, path: &str) -> bool {
        path.ends_with(".txt") && kind(path).is_some()
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let (package, version) = match wish(package, version) {
            Ok(wish) => wish,
            Err(refused) => return refused,
        };
        let mut pin = Pin { draft: Draft::new(manifests), package, version, named: false, program: false };
        for source in manifests.files {
            pin.file(source);
        }
        pin.unnamed();
        pin.draft.finish()
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        if !is_name(package) {
            return Edited::Absent;
        }
        let mut pin = Pin {
            draft: Draft::new(manifests),
            package: normal(package),
            version: String::new(),
            named: false,
            program: false,
        };
        for source in manifests.files {
            pin.back(source);
        }
        pin.draft.finish()
    }
}

struct Pin<'a> {
    draft: Draft<'a>,
    package: String,
    version: String,
    /// Whether any file names the package.
    named: bool,
    /// Whether a `setup.py` does.
    program: bool,
}

impl<'a> Pin<'a> {
    fn file(&mut self, source: &'a Source) {
        match kind(&source.path) {
            Some(Kind::Requirements | Kind::Constraints) => self.requirements(source),
            Some(Kind::Pyproject) => self.pyproject(source),
            Some(Kind::SetupCfg) => {
                let (places, address) = setup_cfg::said(&source.text, &self.package, &self.version);
                if address {
                    self.draft.refuse("setup.cfg takes it from a URL: change that by hand.");
                }
                self.write(source, &places);
            }
            Some(Kind::SetupPy) => self.program |= names(&source.text, &self.package),
            _ => {}
        }
    }

    fn write(&mut self, source: &'a Source, found: &[Place]) {
        if found.is_empty() {
            return;
        }
        self.named = true;
        let path = short(&source.path);
        let style = Style { leads: LEADS, name: &self.package };
        match places::pin(&source.text, found, style, None) {
            Outcome::Changed { text, .. } => {
                self.draft.because(format!("{path}: {} is now =={}.", self.package, self.version));
                self.draft.put(source, text);
            }
            Outcome::Same => {
                let ours = places::is_ours(&source.text, found, style);
                let who = by_whom(ours);
                self.draft.already(format!("{path} already has =={}, {who}.", self.version));
            }
            Outcome::Unfit(reason) => self.draft.refuse(format!("{path}: {reason}.")),
        }
    }

    fn pyproject(&mut self, source: &'a Source) {
        let document = match toml::read(&source.path, &source.text) {
            Ok(document) => document,
            Err(reason) => return self.draft.refuse(reason),
        };
        let said = pyproject::said(&source.text, &document, &self.package, &self.version, false);
        for reason in said.refused {
            self.draft.refuse(reason);
        }
        self.write(source, &said.places);
    }

    fn requirements(&mut self, source: &'a Source) {
        let text = &source.text;
        let mut found = Vec::new();
        let mut hashed = None;
        for entry in entries(text) {
            if entry.address_of.as_deref() == Some(self.package.as_str()) {
                self.draft.refuse(format!(
                    "{} takes it from a URL, a path or an editable folder: change that line by hand.",
                    short(&source.path)
                ));
            }
            let Some(requirement) = entry.requirement.as_ref().filter(|one| one.name == self.package) else { continue };
            let spec = requirement.spec.clone();
            let done = is_exactly(&text[spec.clone()], &self.version);
            let mut place = Place::new(text, spec.clone(), format!("=={}", self.version), done);
            place.line = entry.core.end;
            if entry.hashed && !done {
                let line = *hashed.get_or_insert_with(|| self.earlier_line(source));
                self.take_hashes(source, &entry, &mut place, line);
            }
            found.push(place);
        }
        if found.is_empty() {
            return;
        }
        self.write(source, &found);
        if is_compiled(text) && found.iter().any(|place| !place.done) {
            let path = short(&source.path);
            let package = &self.package;
            self.draft.warn(format!(
                "{path} is compiled: run `pip-compile --upgrade-package {package}=={} …` to refresh what {package} needs.",
                self.version
            ));
        }
    }

    /// The lines of the package with hashes in earlier contents of a file, newest first: the specifier, and the line
    /// from its first character to the last hash.
    fn earlier_lines(&self, source: &Source) -> Vec<(&'a str, &'a str)> {
        let mut out = Vec::new();
        for text in self.draft.earlier(&source.path) {
            for entry in entries(text).into_iter().filter(|entry| entry.hashed) {
                let Some(requirement) = entry.requirement.filter(|one| one.name == self.package) else { continue };
                out.extend(text.get(requirement.spec).zip(text.get(entry.core)));
            }
        }
        out
    }

    /// The line with hashes for the wanted version.
    fn earlier_line(&self, source: &Source) -> Option<&'a str> {
        let lines = self.earlier_lines(source);
        lines.into_iter().find(|(spec, _)| is_exactly(spec, &self.version)).map(|(_, line)| line)
    }

    /// Lets the place take the whole line with its hashes from an earlier content of the file.
    fn take_hashes(&mut self, source: &'a Source, entry: &Entry, place: &mut Place, line: Option<&str>) {
        let Some(line) = line else {
            return self.draft.refuse(format!(
                "{} pins hashes, and no earlier version of that file has those of {}: run `pip-compile \
                 --generate-hashes --upgrade-package {}=={}` instead.",
                short(&source.path),
                self.version,
                self.package,
                self.version
            ));
        };
        self.draft.because(format!("An earlier {} supplied the hashes of {}.", short(&source.path), self.version));
        place.part = entry.core.clone();
        place.new = with_breaks(line, &source.text);
    }

    /// What to do where no file that is edited names the package, or a program does.
    fn unnamed(&mut self) {
        if self.program && self.named {
            self.draft.warn("setup.py seems to list it too; it is code and was not edited: check it by hand.");
        } else if self.program {
            self.draft.refuse(
                "Only setup.py lists it, which is code and is never run or edited: change it by hand, or add \
                 a constraints file.",
            );
        } else if !self.named && !self.draft.is_refused() {
            self.add();
        }
    }

    /// Nothing names it: it comes through other packages and is constrained.
    fn add(&mut self) {
        let files = self.draft.files();
        let of = |wanted| files.iter().filter(move |file| kind(&file.path) == Some(wanted));
        let shallow = |file: &&Source| (file.path.matches('/').count(), file.path.len());
        let constraints = of(Kind::Constraints).min_by_key(shallow);
        let main =
            of(Kind::Requirements).filter(|file| file_name(&file.path) == "requirements.txt").min_by_key(shallow);
        let Some(source) = constraints.or(main) else { return };
        let path = short(&source.path);
        let hashed = entries(&source.text).iter().any(|entry| entry.hashed);
        let line = self.earlier_line(source);
        if hashed && line.is_none() {
            return self.draft.refuse(format!("{path} uses hashes: add {} to its source and compile.", self.package));
        }
        let said = match line {
            Some(line) if hashed => with_breaks(line, &source.text),
            _ => format!("{}=={}", self.package, self.version),
        };
        let style = Style { leads: LEADS, name: &self.package };
        let text = with_line(&source.text, &format!("{said}{}", style.absent(None)));
        self.draft.because(format!("No file lists {}: added a line to {path}.", self.package));
        if constraints.is_none() {
            self.draft
                .warn(format!("A line in {path} installs {} even if nothing needs it: check the name.", self.package));
        } else if !is_used(files, source) {
            self.draft.warn(format!("No requirements file has `-c` for {path}: make sure that CI uses it."));
        }
        self.draft.put(source, text);
    }

    fn back(&mut self, source: &'a Source) {
        let Some(kind) = kind(&source.path).filter(|kind| *kind != Kind::SetupPy) else { return };
        let text = self.without_added(source);
        let style = Style { leads: LEADS, name: &self.package };
        let path = short(&source.path);
        let found = match kind {
            Kind::Pyproject => match toml::read(&source.path, &text) {
                Ok(document) => pyproject::said(&text, &document, &self.package, "", false).places,
                Err(reason) => return self.draft.refuse(reason),
            },
            Kind::SetupCfg => setup_cfg::said(&text, &self.package, "").0,
            _ => self.lines_back(&text),
        };
        let lines = self.earlier_lines(source).into_iter().rev().collect::<HashMap<_, _>>();
        let earlier = |place: &Place, old: &str| -> Option<String> {
            if !text[place.part.clone()].contains("--hash") {
                return Some(old.to_owned());
            }
            lines.get(old).map(|line| with_breaks(line, &text))
        };
        match places::unpin(&text, &found, style, &earlier) {
            Outcome::Changed { text, .. } => {
                self.draft.because(format!("{path} is restored to its state before the pin."));
                if is_compiled(&text) {
                    self.draft.warn(format!("{path} is compiled: run `pip-compile` to refresh it."));
                }
                self.draft.put(source, text);
            }
            Outcome::Same if text != source.text => self.draft.put(source, text),
            Outcome::Same => {}
            Outcome::Unfit(reason) => self.draft.refuse(format!("{path}: {reason}.")),
        }
    }

    /// The places of a requirements file to be given back: the whole line where it has hashes.
    fn lines_back(&self, text: &str) -> Vec<Place> {
        let mut found = Vec::new();
        for entry in entries(text) {
            let Some(requirement) = entry.requirement.as_ref().filter(|one| one.name == self.package) else { continue };
            let part = if entry.hashed { entry.core.clone() } else { requirement.spec.clone() };
            let mut place = Place::new(text, part, String::new(), false);
            place.line = entry.core.end;
            found.push(place);
        }
        found
    }

    /// The text without the line that [`Pin::add`] put at its end.
    fn without_added(&mut self, source: &'a Source) -> String {
        let style = Style { leads: LEADS, name: &self.package };
        let added = style.added(&source.text);
        if added.is_empty() || source.path.ends_with(".toml") {
            return source.text.clone();
        }
        let mut cuts = Vec::new();
        for entry in entries(&source.text) {
            let own = entry.requirement.as_ref().is_some_and(|one| one.name == self.package);
            let marked = added.iter().find(|(line, _, _)| line.contains(&entry.core.end) || line.end == entry.core.end);
            if let (true, Some((line, _, _))) = (own, marked) {
                cuts.push((whole_line(&source.text, entry.core.start..line.end), String::new()));
            }
        }
        self.draft.because(format!("Removed the line that the pin added to {}.", short(&source.path)));
        splice(&source.text, cuts)
    }
}

/// The lines with the line breaks of another text.
fn with_breaks(lines: &str, like: &str) -> String {
    lines.replace("\r\n", "\n").replace('\n', line_end(like))
}

/// Whether a tool wrote this file from another one.
fn is_compiled(text: &str) -> bool {
    text.lines().take(10).any(|line| line.starts_with('#') && line.to_ascii_lowercase().contains("autogenerated by"))
}

/// Whether a requirements file brings this constraints file in.
fn is_used(files: &[Source], constraints: &Source) -> bool {
    let name = file_name(&constraints.path);
    files.iter().filter(|file| kind(&file.path) == Some(Kind::Requirements)).any(|file| {
        entries(&file.text).iter().any(|entry| entry.constraint.as_deref().is_some_and(|path| file_name(path) == name))
    })
}

/// Whether a program names the package in a string.
fn names(text: &str, package: &str) -> bool {
    text.split(['"', '\'']).skip(1).step_by(2).any(|said| {
        requirement::requirement(said.lines().next().unwrap_or_default()).is_some_and(|found| found.name == package)
    })
}
