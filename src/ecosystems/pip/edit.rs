//! Pins of packages that pip installs: requirements and constraints files, `pyproject.toml`, `setup.cfg`.

pub(crate) mod environments;
mod lines;
pub(crate) mod pyproject;
pub(crate) mod requirement;
mod setup_cfg;

use std::collections::HashMap;

use self::lines::{Entry, entries};
use self::requirement::{is_name, normal};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::lines::{fitted, whole_line, with_line};
use crate::edit::path::{below, file_name, folder, joined};
use crate::edit::places::{self, Base, Place, Style};
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

/// The kinds of these files: by their path, or because a requirements file that is reached brings them in.
fn kinds(files: &[Source]) -> HashMap<&str, Kind> {
    let mut kinds: HashMap<&str, Kind> =
        files.iter().filter_map(|file| Some((file.path.as_str(), kind(&file.path)?))).collect();
    let mut open: Vec<&Source> = files.iter().filter(|file| is_list(kinds.get(file.path.as_str()))).collect();
    while let Some(file) = open.pop() {
        for (path, constrains) in includes(file) {
            let Some(next) = files.iter().find(|file| file.path == path) else { continue };
            if kinds.contains_key(next.path.as_str()) {
                continue;
            }
            kinds.insert(&next.path, if constrains { Kind::Constraints } else { Kind::Requirements });
            open.push(next);
        }
    }
    kinds
}

fn is_list(kind: Option<&Kind>) -> bool {
    matches!(kind, Some(Kind::Requirements | Kind::Constraints))
}

/// More files than these nobody includes.
const INCLUDES_MAX: usize = 200;

/// The paths that a requirements file brings in, and whether only to constrain.
fn includes(file: &Source) -> Vec<(String, bool)> {
    let home = folder(&file.path);
    let included = entries(&file.text).into_iter().filter_map(|entry| entry.include);
    included.filter_map(|(path, constrains)| Some((joined(home, &path)?, constrains))).take(INCLUDES_MAX).collect()
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

    fn follows(&self, files: &[Source]) -> Vec<String> {
        let kinds = kinds(files);
        let lists = files.iter().filter(|file| is_list(kinds.get(file.path.as_str())));
        lists.flat_map(includes).map(|(path, _)| path).collect()
    }

    fn is_lock(&self, path: &str) -> bool {
        path.ends_with(".txt") && kind(path).is_some()
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let (package, version) = match wish(package, version) {
            Ok(wish) => wish,
            Err(refused) => return refused,
        };
        let kinds = kinds(manifests.files);
        let mut pin = Pin { draft: Draft::new(manifests), kinds, package, version, named: false, program: false };
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
            kinds: kinds(manifests.files),
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
    kinds: HashMap<&'a str, Kind>,
    package: String,
    version: String,
    /// Whether any file names the package.
    named: bool,
    /// Whether a `setup.py` does.
    program: bool,
}

impl<'a> Pin<'a> {
    fn kind(&self, source: &Source) -> Option<Kind> {
        self.kinds.get(source.path.as_str()).copied()
    }

    /// What the nearest project says of the releases of Python that it supports.
    fn supported(&self, source: &Source) -> Option<String> {
        let above = |file: &&Source| below(&source.path, folder(&file.path)).is_some();
        let mut projects: Vec<&Source> = self.draft.files().iter().filter(above).collect();
        projects.sort_by_key(|file| std::cmp::Reverse(file.path.matches('/').count()));
        projects.into_iter().find_map(|file| match self.kind(file)? {
            Kind::Pyproject => pyproject::supported(&file.text),
            Kind::SetupCfg => setup_cfg::supported(&file.text),
            _ => None,
        })
    }

    /// Those of several places of a file that the version is for.
    fn told_apart(&mut self, source: &'a Source, places: Vec<Place>) -> Vec<Place> {
        let style = Style { leads: LEADS, name: &self.package };
        // A pin says which ones it was for.
        let (ours, others): (Vec<Place>, Vec<Place>) =
            places.into_iter().partition(|place| places::is_ours(&source.text, std::slice::from_ref(place), style));
        if !ours.is_empty() {
            return ours;
        }
        let count = others.len();
        match environments::meant(others, &self.version, self.supported(source).as_deref()) {
            Ok(meant) => {
                if meant.len() < count {
                    self.draft.because(format!(
                        "{} has {} for several environments: only the lines that {} is for change.",
                        short(&source.path),
                        self.package,
                        self.version
                    ));
                }
                meant
            }
            Err(reason) => {
                self.named = true;
                self.draft.refuse(format!("{}: {reason}.", short(&source.path)));
                Vec::new()
            }
        }
    }

    fn file(&mut self, source: &'a Source) {
        match self.kind(source) {
            Some(Kind::Requirements | Kind::Constraints) => self.requirements(source),
            Some(Kind::Pyproject) => self.pyproject(source),
            Some(Kind::SetupCfg) => {
                let (places, address) = setup_cfg::said(&source.text, &self.package, &self.version);
                if address {
                    self.draft.refuse("setup.cfg takes it from a URL: change that by hand.");
                }
                let places = self.told_apart(source, places);
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
        let style = Style { leads: LEADS, name: &self.package };
        self.draft.pin(source, found, style, None, (&self.package, &self.version), None);
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
        let places = self.told_apart(source, said.places);
        self.write(source, &places);
    }

    fn requirements(&mut self, source: &'a Source) {
        let text = &source.text;
        let mut found = Vec::new();
        let all = entries(text);
        for entry in &all {
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
            place.condition.clone_from(&requirement.marker);
            found.push(place);
        }
        let mut found = self.told_apart(source, found);
        let mut hashed = None;
        for place in found.iter_mut().filter(|place| !place.done) {
            if let Some(entry) = all.iter().find(|entry| entry.hashed && entry.core.end == place.line) {
                let line = *hashed.get_or_insert_with(|| self.earlier_line(source));
                self.take_hashes(source, entry, place, line);
            }
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
        place.new = fitted(line, &source.text);
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

    /// Nothing names it: it comes through other packages and is constrained. A line among requirements would install it
    /// for its own sake.
    fn add(&mut self) {
        let files = self.draft.files();
        let all = files.iter().filter(|file| self.kind(file) == Some(Kind::Constraints));
        let shallow = |file: &&Source| (!self.is_used(file), file.path.matches('/').count(), file.path.len());
        let Some(source) = all.min_by_key(shallow) else {
            if files.iter().any(|file| self.kind(file) == Some(Kind::Requirements)) {
                self.draft.refuse(format!(
                    "No file lists {}, and none constrains what other packages bring in: add a file with `{}=={}` and a \
                     line `-c` for it.",
                    self.package, self.package, self.version
                ));
            }
            return;
        };
        let path = short(&source.path);
        let hashed = entries(&source.text).iter().any(|entry| entry.hashed);
        let line = self.earlier_line(source);
        if hashed && line.is_none() {
            return self.draft.refuse(format!("{path} uses hashes: add {} to its source and compile.", self.package));
        }
        let said = match line {
            Some(line) if hashed => fitted(line, &source.text),
            _ => format!("{}=={}", self.package, self.version),
        };
        let style = Style { leads: LEADS, name: &self.package };
        let text = with_line(&source.text, &format!("{said}{}", style.absent(None)));
        self.draft.because(format!("No file lists {}: added a constraint to {path}.", self.package));
        if !self.is_used(source) {
            self.draft.warn(format!("No requirements file has `-c` for {path}: make sure that CI uses it."));
        }
        self.draft.put(source, text);
    }

    /// Whether a requirements file brings this constraints file in.
    fn is_used(&self, constraints: &Source) -> bool {
        let lists = self.draft.files().iter().filter(|file| is_list(self.kinds.get(file.path.as_str())));
        lists.flat_map(includes).any(|(path, constrains)| constrains && path == constraints.path)
    }

    fn back(&mut self, source: &'a Source) {
        let Some(kind) = self.kind(source).filter(|kind| *kind != Kind::SetupPy) else { return };
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
            lines.get(old).map(|line| fitted(line, &text))
        };
        let base = Base { text: text.clone(), locked: None };
        if self.draft.unpin(source, base, &found, style, &earlier).is_some_and(|new| is_compiled(&new.text)) {
            self.draft.warn(format!("{path} is compiled: run `pip-compile` to refresh it."));
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

/// Whether a tool wrote this file from another one.
fn is_compiled(text: &str) -> bool {
    text.lines().take(10).any(|line| line.starts_with('#') && line.to_ascii_lowercase().contains("autogenerated by"))
}

/// Whether a program names the package in a string.
fn names(text: &str, package: &str) -> bool {
    text.split(['"', '\'']).skip(1).step_by(2).any(|said| {
        requirement::requirement(said.lines().next().unwrap_or_default()).is_some_and(|found| found.name == package)
    })
}
