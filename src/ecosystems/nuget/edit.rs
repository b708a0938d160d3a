//! Pins of `NuGet` packages: project and props files, `packages.config`, `packages.lock.json`.

mod lock;
mod project;

use std::collections::BTreeMap;

use self::project::{Found, find, first, is_on, is_shared};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::json;
use crate::edit::lines::line_end;
use crate::edit::mark::{ABSENT, Was};
use crate::edit::path::{file_name, folder};
use crate::edit::say::by_whom;
use crate::edit::splice::{Splice, splice};
use crate::edit::version::not_plain;
use crate::edit::xml::{self, Tree, mark, mark_after};

/// Pins for `NuGet`.
pub struct NugetPins;

impl PinEditor for NugetPins {
    fn id(&self) -> &'static str {
        "nuget"
    }

    fn reads(&self, path: &str) -> bool {
        is_xml(path) || self.is_lock(path)
    }

    fn is_lock(&self, path: &str) -> bool {
        file_name(path) == "packages.lock.json"
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let mut reasons = Vec::new();
        if !is_name(package) {
            reasons.push("This is not a package name: use letters, digits, `.`, `_` and `-`.".to_owned());
        }
        reasons.extend(not_plain(version));
        if !reasons.is_empty() {
            return Edited::Refused(reasons);
        }
        let mut draft = Draft::new(manifests);
        let projects = projects(&mut draft);
        let mut pin = Pin { draft, projects: &projects, package, version };
        pin.all();
        pin.draft.finish()
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        if !is_name(package) {
            return Edited::Absent;
        }
        let mut draft = Draft::new(manifests);
        let projects = projects(&mut draft);
        let mut pin = Pin { draft, projects: &projects, package, version: "" };
        pin.back();
        pin.draft.finish()
    }
}

fn is_xml(path: &str) -> bool {
    let ends = ["csproj", "fsproj", "vbproj", "props", "targets"];
    file_name(path) == "packages.config" || path.rsplit_once('.').is_some_and(|(_, end)| ends.contains(&end))
}

fn is_project(path: &str) -> bool {
    path.ends_with("proj")
}

fn is_name(name: &str) -> bool {
    name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && !name.contains("--")
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

type Projects<'a> = Vec<(&'a Source, Tree<'a>)>;

fn projects<'a>(draft: &mut Draft<'a>) -> Projects<'a> {
    let mut out = Vec::new();
    for source in draft.files().iter().filter(|file| is_xml(&file.path)) {
        match xml::read(&source.text) {
            Ok(tree) => out.push((source, tree)),
            Err(reason) => draft.refuse(format!("{} cannot be read as XML: {reason}.", short(&source.path))),
        }
    }
    out
}

struct Pin<'a, 'p> {
    draft: Draft<'a>,
    projects: &'p Projects<'a>,
    package: &'p str,
    version: &'p str,
}

/// What a lock becomes, by the project's folder.
#[derive(Default)]
struct Locked {
    text: Option<String>,
    was: Option<String>,
    warning: Option<String>,
}

impl<'a> Pin<'a, '_> {
    fn all(&mut self) {
        let locked = self.locks();
        let was = locked.values().find_map(|lock| lock.was.clone());
        let (mut named, mut mentioned, mut changed) = (false, false, false);
        for (source, tree) in self.projects {
            let found = find(tree, self.package);
            named |= found.iter().any(|one| one.version.is_some());
            mentioned |= !found.is_empty();
            changed |= self.file(source, tree, &found, was.as_deref());
        }
        if mentioned && !named {
            self.draft.refuse("It is listed without a version, which comes from outside these files: set it there.");
        } else if !named && !self.draft.is_refused() {
            changed = self.add(was.as_deref());
        }
        if !changed {
            return;
        }
        for (path, lock) in locked {
            self.lock_ready(&path, lock);
        }
    }

    fn lock_ready(&mut self, path: &str, lock: Locked) {
        if let Some(warning) = lock.warning {
            self.draft.warn(warning);
        }
        let source = self.draft.files().iter().find(|file| file.path == path);
        if let (Some(source), Some(text)) = (source, lock.text) {
            self.draft.because(format!(
                "{}: took the entry for {} from an earlier lock file.",
                short(path),
                self.version
            ));
            self.draft.warn(format!("To have NuGet check {}, run `dotnet restore --force-evaluate`.", short(path)));
            self.draft.put(source, text);
        }
    }

    /// What the locks that have the package become.
    fn locks(&mut self) -> BTreeMap<String, Locked> {
        let mut out = BTreeMap::new();
        for source in self.draft.files().iter().filter(|file| file_name(&file.path) == "packages.lock.json") {
            let path = short(&source.path);
            let lock = match json::parse(&source.text) {
                Ok(lock) => lock,
                Err(reason) => {
                    self.draft.refuse(format!("{path} cannot be read as JSON: {reason}."));
                    continue;
                }
            };
            let entries = lock::entries(&lock, self.package);
            let mut locked = Locked::default();
            let Some(now) = entries.iter().find_map(|entry| entry.value.text_of("resolved")) else { continue };
            if entries.iter().any(|entry| entry.value.text_of("type") == Some("Project")) {
                self.draft.refuse(format!("{path} lists it as a project in this repository."));
            }
            // The lock of now may have the version already, only not required exactly.
            let earlier =
                std::iter::once(source.text.as_str()).chain(self.draft.earlier(&source.path)).collect::<Vec<_>>();
            let wanted = format!("[{0}, {0}]", self.version);
            let transitive = entries.iter().any(|entry| entry.value.text_of("type") == Some("Transitive"));
            let new = lock::replaced(&source.text, &earlier, self.package, self.version, Some(&wanted));
            match new.filter(|_| !transitive) {
                Some(text) => (locked.text, locked.was) = (Some(text), Some(now.to_owned())),
                None => {
                    locked.warning = Some(format!(
                        "{path} was not changed, and a locked restore will fail: run `dotnet restore --force-evaluate`."
                    ));
                }
            }
            out.insert(source.path.clone(), locked);
        }
        out
    }

    /// Writes the version wherever the file has one; whether anything changed.
    fn file(&mut self, source: &'a Source, tree: &Tree<'a>, found: &[Found], was: Option<&str>) -> bool {
        let path = short(&source.path);
        let mut splices: Vec<Splice> = Vec::new();
        for one in found {
            let Some((range, said)) = &one.version else { continue };
            let config = one.element == "package";
            let new = if config { self.version.to_owned() } else { format!("[{}]", self.version) };
            let marked = mark_after(tree.text, one.mark).is_some();
            if *said == new {
                let who = by_whom(marked);
                self.draft.already(format!("{path} already has exactly {}, {who}.", self.version));
                continue;
            }
            if is_shared(tree, one.id) {
                self.draft.refuse(format!("{path} lists several packages in one element: split it first."));
                continue;
            }
            if said.contains("$(") {
                self.draft.because(format!(
                    "{path} takes the version from a property, which is unchanged: only {} gets its own.",
                    self.package
                ));
            }
            match mark(&tree.text[range.clone()], was) {
                Some(mark) if !marked => splices.push((one.mark..one.mark, mark)),
                Some(_) => {}
                None if marked => {}
                None => self.draft.refuse(format!("{path} has a version that cannot be kept in a comment.")),
            }
            splices.push((range.clone(), new));
        }
        if splices.is_empty() {
            return false;
        }
        if found.iter().any(|one| one.element == "package") {
            self.draft.warn("The project file also names the package's folder (HintPath): check it by hand.");
        }
        self.draft.because(format!("{path}: {} is now at exactly {}.", self.package, self.version));
        self.draft.put(source, splice(&source.text, splices));
        true
    }

    /// A package that only locks know: it is named where the build allows that; whether it was.
    fn add(&mut self, was: Option<&str>) -> bool {
        let locks = self.draft.files().iter().filter(|file| file_name(&file.path) == "packages.lock.json");
        let mut homes = Vec::new();
        for source in locks {
            let known = json::parse(&source.text).is_ok_and(|lock| !lock::entries(&lock, self.package).is_empty());
            if known {
                homes.push(folder(&source.path).to_owned());
            }
        }
        if homes.is_empty() {
            return false;
        }
        let central = self.projects.iter().find(|(source, _)| file_name(&source.path) == "Directory.Packages.props");
        if let Some((source, tree)) = central {
            if is_on(tree, "CentralPackageTransitivePinningEnabled") {
                return self.element(source, tree, "PackageVersion", was);
            }
            self.draft.refuse(
                "Versions are managed centrally and it is only in a lock file: set CentralPackageTransitivePinningEnabled to \
                 true in Directory.Packages.props, then pin it.",
            );
            return false;
        }
        let mut changed = false;
        for (source, tree) in self.projects {
            if is_project(&source.path) && homes.iter().any(|home| home == folder(&source.path)) {
                changed |= self.element(source, tree, "PackageReference", was);
            }
        }
        changed
    }

    fn element(&mut self, source: &'a Source, tree: &Tree<'a>, element: &str, was: Option<&str>) -> bool {
        let path = short(&source.path);
        let Some((at, indent)) = first(tree, element) else {
            self.draft.refuse(format!("{path} has no {element} to add it to: add one by hand."));
            return false;
        };
        let Some(mark) = mark(ABSENT, was) else { return false };
        let gap = indent.map(|indent| format!("{}{indent}", line_end(tree.text))).unwrap_or_default();
        let text = format!("<{element} Include=\"{}\" Version=\"[{}]\" />{mark}{gap}", self.package, self.version);
        self.draft.because(format!("{} was only in a lock file: {path} now lists it.", self.package));
        self.draft.put(source, splice(&source.text, vec![(at..at, text)]));
        true
    }

    fn back(&mut self) {
        let mut locked: Option<String> = None;
        let mut restored: Option<String> = None;
        for (source, tree) in self.projects {
            let mut splices: Vec<Splice> = Vec::new();
            for one in find(tree, self.package) {
                let (Some((range, _)), Some((mark, was))) = (&one.version, mark_after(tree.text, one.mark)) else {
                    continue;
                };
                let Was { old, locked: kept } = was;
                locked = locked.or(kept);
                if old == ABSENT {
                    let element = &tree.elements[one.id];
                    let rest = &tree.text[mark.end..];
                    let next = rest.len() - rest.trim_start().len();
                    splices.push((element.open.start..mark.end + next, String::new()));
                    continue;
                }
                restored = restored.or_else(|| lock::requested(&old));
                splices.push((range.clone(), old));
                splices.push((mark, String::new()));
            }
            if !splices.is_empty() {
                self.draft.because(format!("{} is restored to its state before the pin.", short(&source.path)));
                self.draft.put(source, splice(&source.text, splices));
            }
        }
        if self.draft.has_changed() {
            self.locks_back(locked.as_deref(), restored.as_deref());
        }
    }

    fn locks_back(&mut self, locked: Option<&str>, requested: Option<&str>) {
        for source in self.draft.files().iter().filter(|file| file_name(&file.path) == "packages.lock.json") {
            let path = short(&source.path);
            let Ok(lock) = json::parse(&source.text) else { continue };
            if lock::entries(&lock, self.package).is_empty() {
                continue;
            }
            let earlier = self.draft.earlier(&source.path);
            let new = locked.zip(requested).and_then(|(was, requested)| {
                lock::replaced(&source.text, &earlier, self.package, was, Some(requested))
            });
            match new {
                Some(text) => {
                    self.draft.because(format!("{path}: restored its entry from an earlier lock file."));
                    self.draft.put(source, text);
                }
                None if locked.is_none() => {}
                None => self.draft.warn(format!(
                    "{path} was not changed, and a locked restore will fail: run `dotnet restore --force-evaluate`."
                )),
            }
        }
    }
}
