//! Pins of packages that uv installs: `pyproject.toml` and `uv.lock`.

mod lock;

use toml_edit::Item;

use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::ecosystems::pip::edit::environments::agree;
use crate::ecosystems::pip::edit::requirement::{is_name, normal};
use crate::ecosystems::pip::edit::{LEADS, pyproject, wish};
use crate::edit::blocks::blocks;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::lines::{Lines, line_end, whole_line};
use crate::edit::mark::MADE;
use crate::edit::path::{below, file_name, folder};
use crate::edit::places::{self, Base, Place, Style};
use crate::edit::splice::splice;
use crate::edit::toml::{self, array_front, array_front_back, at};
use crate::edit::version::pep440::{admits, canonical, same};

/// Pins for uv.
pub struct UvPins;

const KEY: &str = "constraint-dependencies";

impl PinEditor for UvPins {
    fn id(&self) -> &'static str {
        "uv"
    }

    fn reads(&self, path: &str) -> bool {
        matches!(file_name(path), "pyproject.toml" | "uv.lock")
    }

    fn is_lock(&self, path: &str) -> bool {
        file_name(path) == "uv.lock"
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let (package, version) = match wish(package, version) {
            Ok(wish) => wish,
            Err(refused) => return refused,
        };
        let mut pin = Pin { draft: Draft::new(manifests), package, version };
        for source in manifests.files.iter().filter(|file| file_name(&file.path) == "pyproject.toml") {
            if pin.is_named(source) || pin.lock_knows(source) {
                pin.project(source);
            }
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

impl<'a> Pin<'a> {
    fn style(&self) -> Style<'_> {
        Style { leads: LEADS, name: &self.package }
    }

    /// The lock that covers a project: of its folder or of the nearest one above.
    fn lock_of(&self, project: &Source) -> Option<&'a Source> {
        let home = folder(&project.path);
        let locks = self.draft.files().iter().filter(|file| file_name(&file.path) == "uv.lock");
        locks.filter(|lock| below(home, folder(&lock.path)).is_some()).max_by_key(|lock| lock.path.len())
    }

    fn is_named(&mut self, project: &'a Source) -> bool {
        match toml::read(&project.path, &project.text) {
            Ok(document) => {
                let said = pyproject::said(&project.text, &document, &self.package, &self.version, true);
                !said.places.is_empty() || !said.refused.is_empty()
            }
            Err(reason) => {
                self.draft.refuse(reason);
                false
            }
        }
    }

    /// Whether a lock that stands right beside the project has the package, while no other project of it names it.
    fn lock_knows(&mut self, project: &'a Source) -> bool {
        let Some(lock) = self.lock_of(project).filter(|lock| folder(&lock.path) == folder(&project.path)) else {
            return false;
        };
        let known = blocks(&lock.text).iter().any(|block| normal(block.name) == self.package);
        let files = self.draft.files();
        let members = files.iter().filter(|file| file_name(&file.path) == "pyproject.toml");
        let mut members = members.filter(|file| below(&file.path, folder(&lock.path)).is_some());
        known && !members.any(|member| self.is_named(member))
    }

    fn project(&mut self, project: &'a Source) {
        let document = match toml::read(&project.path, &project.text) {
            Ok(document) => document,
            Err(reason) => return self.draft.refuse(reason),
        };
        let path = short(&project.path);
        if pyproject::foreign_source(&document, &self.package) {
            return self.draft.refuse(format!(
                "{path} takes it from git, a path, a URL or the workspace in [tool.uv.sources]: change that by hand."
            ));
        }
        let said = pyproject::said(&project.text, &document, &self.package, &self.version, true);
        for reason in said.refused {
            self.draft.refuse(reason);
        }
        let ours = places::is_ours(&project.text, &said.places, self.style());
        if !ours && !agree(&said.places, &self.version) {
            return self.draft.refuse(format!(
                "{path} requires it differently for different environments, which share one lock: change that by hand."
            ));
        }
        let constrain = said.places.is_empty();
        let lock = self.lock_of(project).map(|lock| self.lock(lock, constrain));
        let locked = lock.as_ref().and_then(|lock| lock.was.clone());
        if constrain {
            self.constrain(project, locked.as_deref());
        } else {
            let agrees = lock.as_ref().is_none_or(|lock| lock.agrees);
            let refresh =
                format!("its lock file does not: run `uv lock --upgrade-package {}=={}`", self.package, self.version);
            let missing = (!agrees).then_some(refresh.as_str());
            let style = Style { leads: LEADS, name: &self.package };
            let names = (self.package.as_str(), self.version.as_str());
            self.draft.pin(project, &said.places, style, locked.as_deref(), names, missing);
        }
        if let (Some(lock), Some(source)) = (lock, self.lock_of(project)) {
            for sentence in lock.because {
                self.draft.because(sentence);
            }
            for sentence in lock.warnings {
                self.draft.warn(sentence);
            }
            for sentence in lock.refused {
                self.draft.refuse(sentence);
            }
            self.draft.put(source, lock.text);
        }
    }

    fn lock(&self, lock: &'a Source, constrain: bool) -> lock::Locked {
        let text = self.draft.text(lock);
        let earlier = self.draft.earlier(&lock.path);
        lock::pin(&lock.path, &text, &earlier, &self.package, &self.version, constrain)
    }

    /// Puts the package into `constraint-dependencies`, which is made where it is not there.
    fn constrain(&mut self, project: &'a Source, locked: Option<&str>) {
        let text = project.text.as_str();
        let Ok(document) = toml::read(&project.path, text) else { return };
        let element = format!("\"{}=={}\"", self.package, self.version);
        let mark = self.style().absent(locked);
        let end = line_end(text);
        let list = at(&document, &["tool", "uv", KEY]).and_then(Item::as_array).and_then(toml_edit::Array::span);
        let table = at(&document, &["tool", "uv"]).and_then(Item::as_table).filter(|table| !table.is_implicit());
        let new = match (list, table.and_then(toml_edit::Table::span)) {
            (Some(list), _) => array_front(text, list, &element, &mark),
            (None, Some(table)) => {
                let at = Lines::new(text).around(table.start).end;
                Some(format!("{}{end}{KEY} = [{element}]{mark}{MADE}{}", &text[..at], &text[at..]))
            }
            (None, None) => {
                let gap = if text.ends_with('\n') || text.is_empty() { "" } else { end };
                let close = if gap.is_empty() { end } else { "" };
                Some(format!("{text}{gap}[tool.uv]{MADE}{end}{KEY} = [{element}]{mark}{MADE}{close}"))
            }
        };
        match new.filter(|new| toml::read(&project.path, new).is_ok()) {
            Some(new) => {
                self.draft.because(format!(
                    "{} was only in the lock file: constrained to =={} in [tool.uv] of {}.",
                    self.package,
                    self.version,
                    short(&project.path)
                ));
                self.draft.put(project, new);
            }
            None => self.draft.refuse(format!(
                "{} has [tool.uv] in a form that cannot be extended: add `{KEY} = [{element}]` by hand.",
                short(&project.path)
            )),
        }
    }

    fn back(&mut self, project: &'a Source) {
        if !project.text.contains("ci-rescue pin") {
            return;
        }
        let (text, locked, removed) = self.without_added(project);
        let document = match toml::read(&project.path, &text) {
            Ok(document) => document,
            Err(reason) => return self.draft.refuse(reason),
        };
        let found = pyproject::said(&text, &document, &self.package, "0", true).places;
        let as_was = |_: &Place, old: &str| Some(old.to_owned());
        let style = Style { leads: LEADS, name: &self.package };
        let base = Base { text: text.clone(), locked };
        let Some(base) = self.draft.unpin(project, base, &found, style, &as_was) else { return };
        let specs = self.specs(project, &base.text);
        if let Some(lock) = self.lock_of(project) {
            self.lock_back(lock, base.locked.as_deref(), &specs, removed);
        }
    }

    /// The requirements of the package as they are after the pin is gone.
    fn specs(&self, project: &Source, text: &str) -> Vec<String> {
        let Ok(document) = toml::read(&project.path, text) else { return Vec::new() };
        let places = pyproject::said(text, &document, &self.package, "0", true).places;
        let mut specs = places.iter().filter_map(|place| canonical(&place.old)).collect::<Vec<_>>();
        specs.sort();
        specs.dedup();
        specs
    }

    fn lock_back(&mut self, lock: &'a Source, locked: Option<&str>, specs: &[String], constrained: bool) {
        let path = short(&lock.path);
        let before = self.draft.text(lock);
        let all: Vec<_> = blocks(&before).into_iter().filter(|block| normal(block.name) == self.package).collect();
        let refresh = format!("run `uv lock --upgrade-package {}`", self.package);
        let [block] = all.as_slice() else {
            if locked.is_some() && !all.is_empty() {
                self.draft.warn(format!("{path} has it in several versions and was not changed: {refresh}."));
            }
            return;
        };
        let earlier = self.draft.earlier(&lock.path);
        let mut text = before.clone();
        let mut stays = block.version.to_owned();
        if let Some(entry) = locked.and_then(|was| lock::entry(&earlier, &before, &self.package, was)) {
            text = splice(&text, vec![(block.range.clone(), entry)]);
            locked.unwrap_or_default().clone_into(&mut stays);
            self.draft.because(format!("{path}: restored the entry for {} from an earlier lock file.", short(&stays)));
        }
        let fits = specs.iter().all(|spec| admits(spec, &stays) == Some(true));
        let set = match specs {
            [_, _, ..] => lock::former_specifiers(&text, &earlier, &self.package, specs),
            _ => lock::set_specifiers(&text, &self.package, specs, constrained),
        };
        match set {
            Some(new) => text = new,
            None => self.draft.warn(format!("{path} no longer matches pyproject.toml: {refresh}.")),
        }
        if !fits {
            self.draft.warn(format!("{path} has a version that the restored requirement does not allow: {refresh}."));
        } else if locked.is_some_and(|was| !same(was, &stays)) {
            self.draft
                .warn(format!("{path} stays at a different version than before, which the restored requirement allows: {refresh} to update it."));
        }
        self.draft.put(lock, text);
    }

    /// The text without the constraint that our pin added, with what its mark says of the lock.
    fn without_added(&self, project: &Source) -> (String, Option<String>, bool) {
        let text = project.text.clone();
        let (Ok(document), Some((line, mark, was))) =
            (toml::read(&project.path, &text), self.style().added(&text).into_iter().next())
        else {
            return (text, None, false);
        };
        let list = at(&document, &["tool", "uv", KEY]).and_then(Item::as_array);
        let strings = pyproject::strings(&text, &document, &self.package);
        let Some(element) = strings.into_iter().find(|string| line.start <= string.start && string.end <= line.end)
        else {
            return (text, None, false);
        };
        // The key's own mark stays as long as another package is in the list.
        let made = text[line.clone()].contains(MADE);
        if !made || list.is_none_or(|list| list.len() > 1) {
            return (array_front_back(&text, element, mark), was.locked, true);
        }
        let new = splice(&text, vec![(whole_line(&text, line), String::new())]);
        (without_made_table(&new), was.locked, true)
    }
}

/// The text without a `[tool.uv]` that our pin made and that holds nothing else.
fn without_made_table(text: &str) -> String {
    let header = format!("[tool.uv]{MADE}");
    let lines = Lines::new(text);
    let mut all = lines.all();
    let Some((range, _)) = all.find(|(_, line)| *line == header) else { return text.to_owned() };
    let next = all.find(|(_, line)| !line.trim().is_empty());
    if next.is_some_and(|(_, line)| !line.starts_with('[')) {
        return text.to_owned();
    }
    splice(text, vec![(whole_line(text, range), String::new())])
}
