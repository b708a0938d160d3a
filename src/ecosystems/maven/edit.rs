//! Pins of artifacts in Maven's `pom.xml`: dependencies, plugins, extensions and parents, in every module.

mod management;
mod pom;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use self::pom::{Found, Pom, uses};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::lines::line_end;
use crate::edit::mark::{ABSENT, PIN};
use crate::edit::path::file_name;
use crate::edit::say::by_whom;
use crate::edit::splice::{Splice, splice};
use crate::edit::version::not_plain;
use crate::edit::xml::{mark, mark_after};

/// Pins for Maven.
pub struct MavenPins;

impl PinEditor for MavenPins {
    fn id(&self) -> &'static str {
        "maven"
    }

    fn reads(&self, path: &str) -> bool {
        file_name(path) == "pom.xml" || path == ".mvn/extensions.xml"
    }

    fn is_lock(&self, _: &str) -> bool {
        false
    }

    fn is_name(&self, package: &str) -> bool {
        package.contains(':')
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let mut reasons = Vec::new();
        let Some((group, artifact)) = coordinates(package) else {
            return Edited::Refused(vec!["Name it as group:artifact, for example org.slf4j:slf4j-api.".to_owned()]);
        };
        reasons.extend(not_plain(version));
        if !reasons.is_empty() {
            return Edited::Refused(reasons);
        }
        let mut draft = Draft::new(manifests);
        let poms = poms(&mut draft);
        let mut pin = Pin { draft, poms: &poms, package, group, artifact, version, splices: BTreeMap::new() };
        pin.all();
        pin.write();
        pin.draft.finish()
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        let Some((group, artifact)) = coordinates(package) else { return Edited::Absent };
        let mut draft = Draft::new(manifests);
        let poms = poms(&mut draft);
        let mut pin = Pin { draft, poms: &poms, package, group, artifact, version: "", splices: BTreeMap::new() };
        pin.back();
        pin.write();
        pin.draft.finish()
    }
}

/// Group and artifact, when both are plain names.
pub(crate) fn coordinates(package: &str) -> Option<(&str, &str)> {
    let (group, artifact) = package.split_once(':')?;
    let plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.len() <= 150
            && !name.contains("..")
            && !name.contains("--")
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    (plain(group) && plain(artifact)).then_some((group, artifact))
}

fn poms<'a>(draft: &mut Draft<'a>) -> Vec<Pom<'a>> {
    let mut out = Vec::new();
    for source in draft.files().iter().filter(|source| source.path.ends_with(".xml")) {
        match Pom::read(source) {
            Ok(pom) => out.push(pom),
            Err(reason) => draft.refuse(format!("{} cannot be read as XML: {reason}.", short(&source.path))),
        }
    }
    out
}

struct Pin<'a, 'p> {
    draft: Draft<'a>,
    poms: &'p [Pom<'a>],
    package: &'p str,
    group: &'p str,
    artifact: &'p str,
    version: &'p str,
    /// What is edited, by the number of the project file.
    splices: BTreeMap<usize, Vec<Splice>>,
}

/// The property that is all of a version.
fn property_of(value: &str) -> Option<&str> {
    let name = value.strip_prefix("${")?.strip_suffix('}')?;
    (!name.contains("${")).then_some(name)
}

impl Pin<'_, '_> {
    fn found(&self) -> Vec<(usize, Found)> {
        let all = self.poms.iter().enumerate();
        all.flat_map(|(at, pom)| pom.find(self.group, self.artifact).into_iter().map(move |one| (at, one))).collect()
    }

    fn splice(&mut self, at: usize, splice: Splice) {
        self.splices.entry(at).or_default().push(splice);
    }

    fn write(&mut self) {
        for (at, splices) in std::mem::take(&mut self.splices) {
            let Some(pom) = self.poms.get(at) else { continue };
            let text = splice(&pom.source.text, splices);
            if pom::Pom::read(&Source { path: String::new(), text: text.clone() }).is_err() {
                self.draft.refuse(format!("{} has a form that cannot be edited safely.", short(&pom.source.path)));
            }
            self.draft.put(pom.source, text);
        }
    }

    fn all(&mut self) {
        if self.poms.iter().any(|pom| pom.own().as_deref() == Some(self.package)) {
            return self.draft.refuse("It is a module of this build: its version is set with the build's own.");
        }
        let found = self.found();
        for (at, one) in &found {
            let pom = &self.poms[*at];
            if pom.tree.child(one.id, "systemPath").is_some() {
                self.draft.refuse(format!("{} takes it from a file by systemPath.", short(&pom.source.path)));
            }
        }
        let mut properties: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
        let managed = found.iter().any(|(_, one)| one.managed && !one.dependency && one.version.is_some());
        for (at, one) in &found {
            let pom = &self.poms[*at];
            let Some(id) = one.version else {
                if !one.dependency && !managed {
                    self.insert_version(*at, one);
                }
                continue;
            };
            match pom.tree.value(id) {
                Some((_, value)) => match property_of(&value) {
                    Some(name) => properties.entry(name.to_owned()).or_default().push((*at, id)),
                    None => self.set(*at, id),
                },
                None => self.draft.refuse(format!(
                    "{} splits its version: write it without comments inside.",
                    short(&pom.source.path)
                )),
            }
        }
        for (name, users) in properties {
            self.property(&name, &users);
        }
        self.manage(&found);
    }

    /// The version comes from a property: it is set there, if nothing else uses it.
    fn property(&mut self, name: &str, users: &[(usize, usize)]) {
        let mut counts = HashMap::new();
        for pom in self.poms {
            uses(pom.tree.text, &mut counts);
        }
        let poms = self.poms.iter().enumerate();
        let set = poms.flat_map(|(at, pom)| pom.property(name).iter().map(move |id| (at, *id))).collect::<Vec<_>>();
        let own = counts.get(name).copied().unwrap_or_default() == users.len();
        if own && !set.is_empty() {
            for (at, id) in set {
                self.set(at, id);
            }
            self.draft.because(format!("Nothing else uses the property {}: changed there.", short(name)));
            return;
        }
        for (at, id) in users {
            self.set(*at, *id);
        }
        self.draft.because(format!(
            "The property {} is shared or defined elsewhere and is unchanged: only this artifact gets its own version.",
            short(name)
        ));
    }

    /// Writes the version into an element, with a mark behind it.
    fn set(&mut self, at: usize, id: usize) {
        let pom = &self.poms[at];
        let path = short(&pom.source.path);
        let Some((range, value)) = pom.tree.value(id) else {
            return self.draft.refuse(format!("{path} splits its version: write it in one piece."));
        };
        let end = pom.tree.elements[id].end;
        let marked = mark_after(pom.tree.text, end).is_some();
        if value == self.version || value == format!("[{}]", self.version) {
            let who = by_whom(marked);
            return self.draft.already(format!("{path} already has {}, {who}.", self.version));
        }
        if !marked {
            match mark(&pom.tree.text[range.clone()], None) {
                Some(mark) => self.splice(at, (end..end, mark)),
                None => return self.draft.refuse(format!("{path} has a version that cannot be kept in a comment.")),
            }
        }
        self.draft.because(format!("{path}: {} is now at version {}.", self.package, self.version));
        self.splice(at, (range, self.version.to_owned()));
    }

    /// A plugin or extension without a version, and none that is managed here: it gets one of its own.
    fn insert_version(&mut self, at: usize, one: &Found) {
        let pom = &self.poms[at];
        let Some(name) = pom.tree.child(one.id, "artifactId") else { return };
        let end = pom.tree.elements[name].end;
        let gap = pom.tree.indent(name).map(|indent| format!("{}{indent}", line_end(pom.tree.text)));
        let text = format!("{}<version>{}</version><!-- {PIN}{ABSENT} -->", gap.unwrap_or_default(), self.version);
        self.draft.because(format!("{} has no version for it: added one.", short(&pom.source.path)));
        self.splice(at, (end..end, text));
    }

    /// Dependencies whose version comes from a parent or a BOM, or from other dependencies, are managed at the top.
    fn manage(&mut self, found: &[(usize, Found)]) {
        if self.draft.is_refused()
            || found.iter().any(|(_, one)| one.dependency && one.managed && one.version.is_some())
        {
            return;
        }
        let mut bare: BTreeMap<usize, &Found> = BTreeMap::new();
        let mut kinds = BTreeSet::new();
        for (at, one) in found.iter().filter(|(_, one)| one.dependency && one.version.is_none()) {
            bare.entry(*at).or_insert(one);
            let tree = &self.poms[*at].tree;
            kinds.insert((tree.child_value(one.id, "type"), tree.child_value(one.id, "classifier")));
        }
        if kinds.len() > 1 {
            return self.draft.refuse(
                "It is used with several types or classifiers that are managed elsewhere: manage each by hand.",
            );
        }
        let mut tops: BTreeMap<usize, Option<(usize, Found)>> = BTreeMap::new();
        for (at, one) in bare {
            tops.entry(self.top(at)).or_insert_with(|| Some((at, one.clone())));
        }
        let known = !found.is_empty();
        if !known {
            let projects = self.poms.iter().enumerate().filter(|(_, pom)| pom.tree.name(0) == "project");
            let Some((at, _)) = projects.min_by_key(|(_, pom)| pom.source.path.matches('/').count()) else { return };
            tops.insert(at, None);
            self.draft.warn(
                "No pom.xml lists it: the entry only matters if another dependency brings it in, so check the name with \
                 `mvn dependency:tree`.",
            );
        }
        for (at, like) in tops {
            let pom = &self.poms[at];
            let path = short(&pom.source.path);
            let like = like.as_ref().map(|(at, one)| (&self.poms[*at], one));
            match management::added(pom, like, self.package, self.version) {
                Some(splice) => {
                    self.draft.because(format!(
                        "Its version is defined elsewhere: dependencyManagement in {path} now sets {}.",
                        self.version
                    ));
                    self.splice(at, splice);
                }
                None => self.draft.refuse(format!(
                    "{path} has a dependencyManagement that cannot be extended safely: add it there by hand."
                )),
            }
        }
    }

    /// The project file at the top of the parents that are in this repository.
    fn top(&self, at: usize) -> usize {
        let mut top = at;
        for _ in 0..20 {
            let Some(path) = self.poms[top].parent_path() else { break };
            let Some(next) = self.poms.iter().position(|pom| pom.source.path == path) else { break };
            top = next;
        }
        top
    }

    fn back(&mut self) {
        let mut names = BTreeSet::new();
        for (at, one) in self.found() {
            let pom = &self.poms[at];
            if let Some(cut) = management::cut(pom, &one) {
                self.draft.because(format!("{}: removed the entry that the pin added.", short(&pom.source.path)));
                self.splice(at, cut);
                continue;
            }
            let Some(id) = one.version else { continue };
            self.restore(at, id);
            let Some((_, value)) = pom.tree.value(id) else { continue };
            names.extend(property_of(&value).map(str::to_owned));
        }
        for name in names {
            for (at, pom) in self.poms.iter().enumerate() {
                for id in pom.property(&name) {
                    self.restore(at, *id);
                }
            }
        }
    }

    /// Puts back what the mark behind an element keeps.
    fn restore(&mut self, at: usize, id: usize) {
        let tree = &self.poms[at].tree;
        let element = &tree.elements[id];
        let Some((mark, was)) = mark_after(tree.text, element.end) else { return };
        self.draft.because(format!("{} is restored to its state before the pin.", short(&self.poms[at].source.path)));
        if was.old == ABSENT {
            let start = tree.text[..element.open.start].trim_end().len();
            return self.splice(at, (start..mark.end, String::new()));
        }
        if let Some((range, _)) = tree.value(id) {
            self.splice(at, (range, was.old));
            self.splice(at, (mark, String::new()));
        }
    }
}
