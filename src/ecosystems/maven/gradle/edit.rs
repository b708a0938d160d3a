//! Pins of modules and plugins in Gradle builds: build scripts, version catalogs and dependency locks.
//!
//! A version that comes from a variable or a `version.ref` is never changed at its source, which other modules or the
//! build's own code may use: this module gets a version of its own where it is named.

mod catalog;
mod lexer;
mod rich;
mod script;

use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::ecosystems::maven::edit::coordinates;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::lines::Lines;
use crate::edit::path::{file_name, folder};
use crate::edit::places::{Base, Place, Style};
use crate::edit::splice::splice;
use crate::edit::toml;
use crate::edit::version::not_plain;

/// Pins for Gradle.
pub struct GradlePins;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Script,
    Catalog,
    Lock,
    Verification,
}

fn kind(path: &str) -> Option<Kind> {
    let name = file_name(path);
    if name.ends_with(".gradle") || name.ends_with(".gradle.kts") {
        return Some(Kind::Script);
    }
    if name.ends_with(".versions.toml") {
        return Some(Kind::Catalog);
    }
    if name == "verification-metadata.xml" {
        return Some(Kind::Verification);
    }
    let locks = folder(path).ends_with("gradle/dependency-locks") && name.ends_with(".lockfile");
    (locks || name == "gradle.lockfile" || name == "buildscript-gradle.lockfile").then_some(Kind::Lock)
}

impl PinEditor for GradlePins {
    fn id(&self) -> &'static str {
        "gradle"
    }

    fn reads(&self, path: &str) -> bool {
        kind(path).is_some()
    }

    fn is_lock(&self, path: &str) -> bool {
        kind(path) == Some(Kind::Lock)
    }

    fn is_name(&self, package: &str) -> bool {
        package.contains(':')
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let mut reasons = Vec::new();
        if !is_name(package) {
            reasons.push("Name it as group:name, for example org.slf4j:slf4j-api, or give a plugin id.".to_owned());
        }
        reasons.extend(not_plain(version));
        if !reasons.is_empty() {
            return Edited::Refused(reasons);
        }
        let mut pin = Pin { draft: Draft::new(manifests), package, version, named: false };
        pin.all();
        pin.draft.finish()
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        if !is_name(package) {
            return Edited::Absent;
        }
        let mut pin = Pin { draft: Draft::new(manifests), package, version: "0", named: false };
        pin.back();
        pin.draft.finish()
    }
}

/// A module, or the id of a plugin.
fn is_name(package: &str) -> bool {
    coordinates(package).is_some() || coordinates(&format!("{package}:x")).is_some_and(|_| !package.contains(':'))
}

fn style<'p>(source: &Source, package: &'p str) -> Style<'p> {
    let leads: &[&str] = if kind(&source.path) == Some(Kind::Catalog) { &["  # "] } else { &[" // "] };
    Style { leads, name: package }
}

struct Pin<'a, 'p> {
    draft: Draft<'a>,
    package: &'p str,
    version: &'p str,
    named: bool,
}

impl<'a> Pin<'a, '_> {
    /// Every place in a file, or why there is none that can be edited.
    fn places(&mut self, source: &'a Source) -> Vec<Place> {
        let path = short(&source.path);
        let text = source.text.as_str();
        match kind(&source.path) {
            Some(Kind::Script) => {
                let said = script::said(&source.path, text, self.package, self.version);
                for reason in said.refused {
                    self.draft.refuse(format!("{path}: {reason}; change it by hand."));
                }
                if said.indirect && !said.places.is_empty() {
                    self.draft.because(format!(
                        "{path} takes its version from a variable or platform, which is unchanged: only {} gets its own.",
                        self.package
                    ));
                }
                said.places
            }
            Some(Kind::Catalog) => {
                let found = toml::read(&source.path, text)
                    .map(|document| catalog::places(text, &document, self.package, self.version));
                match found {
                    Ok(Some(places)) => return places,
                    Ok(None) => {
                        self.draft.refuse(format!("{path} has it in a form that cannot be edited: change it by hand."));
                    }
                    Err(reason) => self.draft.refuse(reason),
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn all(&mut self) {
        let locked = self.locked();
        let mut changed = false;
        for source in self.draft.files() {
            let found = self.places(source);
            if found.is_empty() {
                continue;
            }
            self.named = true;
            let style = style(source, self.package);
            let new = self.draft.pin(source, &found, style, locked.as_deref(), (self.package, self.version), None);
            changed |= new.is_some_and(|text| text != source.text);
        }
        if !self.named {
            if locked.is_some() {
                self.draft.refuse(format!(
                    "It is only in a lock file: add `constraints {{ implementation(\"{}:{}\") }}` to the dependencies by hand.",
                    self.package, self.version
                ));
            }
            return;
        }
        if changed {
            self.draft
                .warn("Gradle takes the highest version that anything requires: check with `./gradlew dependencies`.");
        }
        self.locks();
        self.verification();
    }

    /// The version that the locks have, where it is a single one and another than the wanted.
    fn locked(&self) -> Option<String> {
        let locks = self.draft.files().iter().filter(|file| kind(&file.path) == Some(Kind::Lock));
        let mut versions =
            locks.flat_map(|lock| self.lines(&lock.text)).map(|(_, version)| version).collect::<Vec<_>>();
        versions.sort();
        versions.dedup();
        let [one] = versions.as_slice() else { return None };
        (one != self.version).then(|| one.clone())
    }

    /// The places of the versions that a lock has of the module.
    fn lines(&self, text: &str) -> Vec<(std::ops::Range<usize>, String)> {
        let start = format!("{}:", self.package);
        let mut out = Vec::new();
        for (range, line) in Lines::new(text).all() {
            if let Some(version) = line.strip_prefix(start.as_str()).and_then(|rest| rest.split('=').next()) {
                let from = range.start + start.len();
                out.push((from..from + version.len(), version.to_owned()));
            }
        }
        out
    }

    fn locks(&mut self) {
        for source in self.draft.files().iter().filter(|file| kind(&file.path) == Some(Kind::Lock)) {
            let path = short(&source.path);
            let refresh = "run `./gradlew dependencies --write-locks`";
            match self.lines(&source.text).as_slice() {
                [] => {}
                [(_, version)] if version == self.version => {}
                [(range, _)] => {
                    let line = format!("{}:{}=", self.package, self.version);
                    let known =
                        self.draft.earlier(&source.path).iter().any(|text| text.lines().any(|l| l.starts_with(&line)));
                    let from =
                        if known { "as in an earlier lock file" } else { "and Gradle verifies it when it resolves" };
                    self.draft.because(format!("{path} locks {} too, {from}.", self.version));
                    self.draft.warn(format!("{path} may need different modules for it than before: {refresh}."));
                    let text = splice(&source.text, vec![(range.clone(), self.version.to_owned())]);
                    self.draft.put(source, text);
                }
                _ => self.draft.warn(format!("{path} has several versions of it and was not changed: {refresh}.")),
            }
        }
    }

    fn verification(&mut self) {
        let Some((group, name)) = self.package.split_once(':') else { return };
        let entry = format!("group=\"{group}\" name=\"{name}\" version=\"{}\"", self.version);
        for source in self.draft.files().iter().filter(|file| kind(&file.path) == Some(Kind::Verification)) {
            if !source.text.contains(&entry) {
                self.draft.warn(format!(
                    "{} does not know this version: run `./gradlew --write-verification-metadata sha256`.",
                    short(&source.path)
                ));
            }
        }
    }

    fn back(&mut self) {
        let mut locked = None;
        for source in self.draft.files() {
            if !source.text.contains("ci-rescue pin") {
                continue;
            }
            let found = self.places(source);
            let as_was = |_: &Place, old: &str| Some(old.trim_start().to_owned());
            let base = Base { text: source.text.clone(), locked: None };
            let new = self.draft.unpin(source, base, &found, style(source, self.package), &as_was);
            locked = locked.or(new.and_then(|new| new.locked));
        }
        let Some(was) = locked.filter(|was| not_plain(was).is_none()) else { return };
        for source in self.draft.files().iter().filter(|file| kind(&file.path) == Some(Kind::Lock)) {
            if let [(range, version)] = self.lines(&source.text).as_slice()
                && *version != was
            {
                self.draft.because(format!("{} is back to {}.", short(&source.path), short(&was)));
                self.draft.put(source, splice(&source.text, vec![(range.clone(), was.clone())]));
            }
        }
    }
}
