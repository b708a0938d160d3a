//! Pin a package to one version, and take the pin back.

use super::choice::{Answer, ask, decide, join, tells_the_manager};
use super::{alternatives, updates};
use crate::domain::edit::{Edited, Editing, Source};
use crate::domain::text::clean_line;
use crate::ecosystems::edit::PinEditor;
use crate::ecosystems::editors;
use crate::edit::draft::Manifests;
use std::sync::OnceLock;

fn chosen(ecosystem: Option<&str>) -> Result<Vec<&'static dyn PinEditor>, String> {
    let all = editors();
    let ids: Vec<&str> = all.iter().map(|editor| editor.id()).collect();
    let some: Vec<_> = all.into_iter().filter(|editor| ecosystem.is_none_or(|id| editor.id() == id)).collect();
    if some.is_empty() {
        let shown = clean_line(ecosystem.unwrap_or_default(), 40);
        return Err(format!("`{shown}` is not a supported ecosystem: use {}", alternatives(&ids)));
    }
    Ok(some)
}

/// The longest name of a package, in bytes: Maven's coordinates and images with a registry are long.
const PACKAGE_MAX: usize = 250;

fn checked(package: &str) -> Result<String, String> {
    let package = package.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@/:+".contains(c);
    if package.is_empty() || package.len() > PACKAGE_MAX || package.starts_with('-') || !package.chars().all(plain) {
        return Err(format!("`{}` is not a package name", clean_line(package, 60)));
    }
    Ok(package.to_owned())
}

/// A wish to pin.
pub struct Pin {
    editors: Vec<&'static dyn PinEditor>,
    package: String,
    version: String,
    /// The ecosystem of the last edit.
    edited: OnceLock<&'static str>,
}

impl Pin {
    /// # Errors
    /// The ecosystem is not known, or the package has no name that a package can have.
    pub fn new(package: &str, version: &str, ecosystem: Option<&str>) -> Result<Self, String> {
        Ok(Self {
            editors: chosen(ecosystem)?,
            package: checked(package)?,
            version: version.trim().to_owned(),
            edited: OnceLock::new(),
        })
    }

    /// The ecosystem that the package turned out to be of; `None` before it was edited.
    #[must_use]
    pub fn ecosystem(&self) -> Option<&'static str> {
        self.edited.get().copied()
    }

    fn unknown(&self, by_name: Option<&str>) -> String {
        let package = &self.package;
        match by_name {
            Some(id) => format!("no manifest lists `{package}`: to pin it anyway, add --ecosystem {id}"),
            None => {
                format!("no manifest or lock file contains `{package}`: spell its name as the manifest does")
            }
        }
    }
}

/// A wish to take a pin back.
pub struct Unpin {
    editors: Vec<&'static dyn PinEditor>,
    package: String,
}

impl Unpin {
    /// # Errors
    /// The package has no name that a package can have.
    pub fn new(package: &str) -> Result<Self, String> {
        Ok(Self { editors: chosen(None)?, package: checked(package)? })
    }
}

impl Editing for Pin {
    fn wants(&self, path: &str) -> bool {
        self.editors.iter().any(|editor| editor.reads(path))
            || tells_the_manager(&self.editors, path)
            || updates::reads(path)
    }

    fn follows(&self, sources: &[Source]) -> Vec<String> {
        self.editors.iter().flat_map(|editor| editor.follows(sources)).collect()
    }

    fn wants_earlier(&self, path: &str) -> bool {
        self.editors.iter().any(|editor| editor.is_lock(path))
    }

    fn edit(&self, sources: &[Source], earlier: &[Source]) -> Edited {
        let pin = |editor: &dyn PinEditor, files: Manifests<'_>| editor.pin(files, &self.package, &self.version);
        let answers = ask(&self.editors, &self.package, sources, earlier, pin);
        let by_name = answers.by_name;
        let ready = |answer: &&Answer| matches!(answer.edited, Edited::Ready(_));
        let unresolved = |answer: &&Answer| matches!(answer.edited, Edited::Unresolved(_));
        let chosen = answers.all.iter().find(ready).or_else(|| answers.all.iter().find(unresolved));
        if let Some(answer) = chosen {
            self.edited.get_or_init(|| answer.editor.id());
        }
        match decide(answers.all) {
            Edited::Absent => Edited::Refused(vec![self.unknown(by_name)]),
            Edited::Ready(edit) => {
                let ecosystem = self.ecosystem().unwrap_or_default();
                Edited::Ready(updates::hold(edit, sources, ecosystem, &self.package, &self.version))
            }
            edited => edited,
        }
    }
}

impl Editing for Unpin {
    fn wants(&self, path: &str) -> bool {
        self.editors.iter().any(|editor| editor.reads(path))
            || tells_the_manager(&self.editors, path)
            || updates::reads(path)
    }

    fn follows(&self, sources: &[Source]) -> Vec<String> {
        self.editors.iter().flat_map(|editor| editor.follows(sources)).collect()
    }

    fn wants_earlier(&self, path: &str) -> bool {
        self.editors.iter().any(|editor| editor.is_lock(path))
    }

    fn edit(&self, sources: &[Source], earlier: &[Source]) -> Edited {
        let unpin = |editor: &dyn PinEditor, files: Manifests<'_>| editor.unpin(files, &self.package);
        match join(ask(&self.editors, &self.package, sources, earlier, unpin).all) {
            Edited::Ready(edit) => Edited::Ready(updates::release(edit, sources, &self.package)),
            edited => edited,
        }
    }
}
