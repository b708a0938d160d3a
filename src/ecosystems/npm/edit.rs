//! Pins packages in `package.json` and npm's locks.

use super::choose::is_installed;
use super::flow;
use super::lock::{Asked, Change, Changed, LockFile, Manager, Resolved};
use super::relock::{Plan, Read};
use super::tree::{Tree, is_true, name_of, old_entry, read};
use crate::domain::edit::Edited;
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::Manifests;
use crate::edit::json::layout::remove;
use crate::edit::json::{Node, quoted};
use crate::edit::path::file_name;
use crate::edit::splice::Splices;
use crate::edit::version::not_plain;

/// npm.
#[derive(Clone, Copy, Debug)]
pub struct NpmPins;

const LOCKS: [&str; 2] = ["package-lock.json", "npm-shrinkwrap.json"];

impl PinEditor for NpmPins {
    fn id(&self) -> &'static str {
        "npm"
    }

    fn reads(&self, path: &str) -> bool {
        !is_installed(path) && (file_name(path) == "package.json" || self.is_lock(path))
    }

    fn is_lock(&self, path: &str) -> bool {
        LOCKS.contains(&file_name(path))
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        flow::pin(&Npm, manifests, package, version)
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        flow::unpin(&Npm, manifests, package)
    }
}

struct Npm;

impl Manager for Npm {
    fn id(&self) -> &'static str {
        "npm"
    }

    fn locks(&self) -> &'static [&'static str] {
        &LOCKS
    }

    fn overrides(&self) -> &'static [&'static str] {
        &["overrides"]
    }

    fn all_overrides(&self) -> &'static [&'static [&'static str]] {
        &[&["overrides"]]
    }

    fn overrides_follow(&self) -> bool {
        true
    }

    fn read<'a>(&self, text: &'a str) -> Result<Box<dyn LockFile + 'a>, String> {
        Ok(Box::new(NpmLock { text, root: read(text)? }))
    }
}

struct NpmLock<'a> {
    text: &'a str,
    root: Node,
}

impl NpmLock<'_> {
    /// The lock repeats the requirements of the repository's own packages.
    fn write_specs(&self, splices: &mut Splices, change: &Change) {
        let Some(packages) = self.root.get("packages") else { return };
        for spec in &change.specs {
            let section = packages.get(&spec.directory).and_then(|own| own.get(spec.section));
            if let Some(value) = section.and_then(|section| section.get(&change.package)) {
                splices.replace(value.range.clone(), quoted(&spec.new));
            }
        }
    }
}

impl LockFile for NpmLock<'_> {
    fn resolved(&self, package: &str, asked: &[Asked]) -> Vec<Option<Resolved>> {
        let tree = Tree::new(&self.root);
        let resolve = |asked: &Asked| {
            let index = tree.resolve(asked.directory, package)?;
            let version = tree.version(index)?.to_owned();
            Some(Resolved { key: tree.entries[index].path.clone(), version })
        };
        asked.iter().map(resolve).collect()
    }

    fn versions(&self, package: &str) -> Vec<String> {
        let tree = Tree::new(&self.root);
        let mut versions: Vec<String> =
            tree.named(package).into_iter().filter_map(|index| tree.version(index)).map(str::to_owned).collect();
        versions.retain(|version| not_plain(version).is_none());
        versions.sort_unstable();
        versions.dedup();
        versions
    }

    fn change(&self, change: &Change, earlier: &str) -> Option<Changed> {
        let tree = Tree::new(&self.root);
        let mut splices = Splices::default();
        self.write_specs(&mut splices, change);
        let mut warnings = Vec::new();
        let targets = targets(&tree, change);
        if !targets.is_empty() {
            let earlier_root = read(earlier).ok()?;
            let earlier_tree = Tree::new(&earlier_root);
            if tree.is_old != earlier_tree.is_old {
                return None;
            }
            let current = Read { text: self.text, tree: &tree };
            let earlier = Read { text: earlier, tree: &earlier_tree };
            let plan = Plan::make(current, earlier, &targets, change)?;
            plan.write(&mut splices)?;
            if change.overriding.is_none() {
                warnings = unmet_warnings(&plan, change);
            }
        }
        let text = splices.apply(self.text);
        read(&text).is_ok().then_some(Changed { text, warnings })
    }

    fn without_earlier(&self, change: &Change) -> Option<Changed> {
        let tree = Tree::new(&self.root);
        let mut splices = Splices::default();
        self.write_specs(&mut splices, change);
        for index in targets(&tree, change) {
            let entry = &tree.entries[index];
            let old = if tree.is_old { None } else { old_entry(&self.root, &entry.path) };
            for node in old.into_iter().chain([entry.node]) {
                let version = node.get("version")?;
                splices.replace(version.range.clone(), quoted(&change.version));
                // npm fills in again what is missing; what is wrong it would trust.
                remove(&mut splices, self.text, node, |_, member| {
                    matches!(member.key.as_str(), "resolved" | "integrity")
                });
            }
        }
        let text = splices.apply(self.text);
        read(&text).is_ok().then_some(Changed { text, warnings: Vec::new() })
    }

    fn refresh(&self) -> &'static str {
        "npm install --package-lock-only"
    }

    fn selector(&self, package: &str, version: &str) -> Option<String> {
        Some(format!("{package}@^{version}"))
    }
}

fn unmet_warnings(plan: &Plan, change: &Change) -> Vec<String> {
    const SHOWN: usize = 5;
    let unmet = plan.unmet(&change.package);
    let sentence = |(path, range): &(String, String)| {
        let user = short(name_of(path).unwrap_or(path));
        format!("{user} requires {} {}, which {} does not satisfy.", change.package, short(range), change.version)
    };
    unmet.iter().take(SHOWN).map(sentence).collect()
}

/// The entries that move: those the requirements lead to, or every one of these versions for an override.
fn targets(tree: &Tree, change: &Change) -> Vec<usize> {
    let is_bundled =
        |index: usize| is_true(tree.entries[index].node, "inBundle") || is_true(tree.entries[index].node, "bundled");
    let moves = |&index: &usize| {
        !is_bundled(index) && tree.version(index).is_some_and(|version| change.from.iter().any(|from| from == version))
    };
    let mut targets: Vec<usize> = if change.overriding.is_some() {
        tree.named(&change.package)
    } else {
        change.specs.iter().filter_map(|spec| tree.resolve(&spec.directory, &change.package)).collect()
    };
    targets.retain(moves);
    targets.sort_unstable();
    targets.dedup();
    targets
}
