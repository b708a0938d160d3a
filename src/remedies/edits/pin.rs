//! Pin a package to one version, and take the pin back.

use super::alternatives;
use crate::domain::edit::{Edited, Editing, Source};
use crate::domain::text::clean_line;
use crate::ecosystems::edit::{Manifests, PinEditor};
use crate::ecosystems::{editors, manager_of};

fn chosen(ecosystem: Option<&str>) -> Result<Vec<&'static dyn PinEditor>, String> {
    let all = editors();
    let ids: Vec<&str> = all.iter().map(|editor| editor.id()).collect();
    let some: Vec<_> = all.into_iter().filter(|editor| ecosystem.is_none_or(|id| editor.id() == id)).collect();
    if some.is_empty() {
        let shown = clean_line(ecosystem.unwrap_or_default(), 40);
        return Err(format!("`{shown}` is no ecosystem that can be pinned here: say {}", alternatives(&ids)));
    }
    Ok(some)
}

/// The longest name of a package, in bytes: Maven's coordinates and images with a registry are long.
const PACKAGE_MAX: usize = 250;

fn checked(package: &str) -> Result<String, String> {
    let package = package.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@/:+".contains(c);
    if package.is_empty() || package.len() > PACKAGE_MAX || package.starts_with('-') || !package.chars().all(plain) {
        return Err(format!("`{}` is no package's name", clean_line(package, 60)));
    }
    Ok(package.to_owned())
}

/// A wish to pin.
pub struct Pin {
    editors: Vec<&'static dyn PinEditor>,
    package: String,
    version: String,
}

impl Pin {
    /// # Errors
    /// The ecosystem is not known, or the package has no name that a package can have.
    pub fn new(package: &str, version: &str, ecosystem: Option<&str>) -> Result<Self, String> {
        Ok(Self { editors: chosen(ecosystem)?, package: checked(package)?, version: version.trim().to_owned() })
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

/// Asks each editor, with the files that it reads; of several that could do it, those whose lock is there.
fn ask(
    editors: &[&'static dyn PinEditor],
    package: &str,
    sources: &[Source],
    earlier: &[Source],
    act: impl Fn(&dyn PinEditor, Manifests<'_>) -> Edited,
) -> Vec<(&'static dyn PinEditor, Edited)> {
    let of = |editor: &dyn PinEditor, all: &[Source]| -> Vec<Source> {
        all.iter().filter(|source| editor.reads(&source.path)).cloned().collect()
    };
    let leaf = folded(package.rsplit(['/', ':']).next().unwrap_or(package));
    let mut answers = Vec::new();
    for editor in editors {
        let (files, earlier) = (of(*editor, sources), of(*editor, earlier));
        // Who never heard of the package has nothing to say of its name or version.
        if editors.len() > 1 && !files.iter().any(|file| folded(&file.text).contains(&leaf)) {
            continue;
        }
        let edited = act(*editor, Manifests { files: &files, earlier: &earlier });
        if edited != Edited::Absent {
            let locked = files.iter().any(|file| editor.is_lock(&file.path));
            answers.push((*editor, edited, locked));
        }
    }
    // Without a lock, a manifest that several tools read is the usual tool's.
    let usual = manager_of(sources.iter().map(|source| source.path.as_str()));
    let rivals = ["npm", "pnpm", "yarn"];
    if let Some(usual) = usual.filter(|_| answers.iter().all(|(_, _, locked)| !locked)) {
        answers.retain(|(editor, _, _)| editor.id() == usual || !rivals.contains(&editor.id()));
    }
    let any_locked = answers.iter().any(|(_, _, locked)| *locked);
    answers.retain(|(_, _, locked)| *locked || !any_locked);
    answers.into_iter().map(|(editor, edited, _)| (editor, edited)).collect()
}

/// Names of packages differ in case and in the signs between words (PEP 503) and mean the same.
fn folded(text: &str) -> String {
    text.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// One answer of several: a refusal counts only where nobody can.
fn decide(mut answers: Vec<(&'static dyn PinEditor, Edited)>) -> Edited {
    let able: Vec<&str> = answers
        .iter()
        .filter(|(_, edited)| matches!(edited, Edited::Ready(_)))
        .map(|(editor, _)| editor.id())
        .collect();
    if able.len() > 1 {
        return Edited::Refused(vec![format!("several ecosystems know it: say --ecosystem {}", alternatives(&able))]);
    }
    answers.sort_by_key(|(_, edited)| match edited {
        Edited::Ready(_) => 0,
        Edited::Already(_) => 1,
        Edited::Refused(_) => 2,
        Edited::Absent => 3,
    });
    answers.into_iter().next().map_or(Edited::Absent, |(_, edited)| edited)
}

impl Editing for Pin {
    fn wants(&self, path: &str) -> bool {
        self.editors.iter().any(|editor| editor.reads(path))
    }

    fn wants_earlier(&self, path: &str) -> bool {
        self.editors.iter().any(|editor| editor.is_lock(path))
    }

    fn edit(&self, sources: &[Source], earlier: &[Source]) -> Edited {
        let pin = |editor: &dyn PinEditor, files: Manifests<'_>| editor.pin(files, &self.package, &self.version);
        match decide(ask(&self.editors, &self.package, sources, earlier, pin)) {
            Edited::Absent => Edited::Refused(vec![format!(
                "no manifest or lock knows the package `{}`: give its name as the manifest writes it",
                self.package
            )]),
            edited => edited,
        }
    }
}

impl Editing for Unpin {
    fn wants(&self, path: &str) -> bool {
        self.editors.iter().any(|editor| editor.reads(path))
    }

    fn wants_earlier(&self, path: &str) -> bool {
        self.editors.iter().any(|editor| editor.is_lock(path))
    }

    fn edit(&self, sources: &[Source], earlier: &[Source]) -> Edited {
        decide(ask(&self.editors, &self.package, sources, earlier, |editor, files| editor.unpin(files, &self.package)))
    }
}
