//! Pins packages in `package.json` and `yarn.lock`.

use super::lock::{Lock, pattern};
use super::relock::Plan;
use crate::domain::edit::Edited;
use crate::ecosystems::edit::PinEditor;
use crate::ecosystems::npm::choose::is_installed;
use crate::ecosystems::npm::flow;
use crate::ecosystems::npm::lock::{Asked, Change, Changed, LockFile, Manager, Resolved};
use crate::edit::draft::Manifests;
use crate::edit::path::file_name;
use crate::edit::version::not_plain;

/// Yarn, of any version.
#[derive(Clone, Copy, Debug)]
pub struct YarnPins;

impl PinEditor for YarnPins {
    fn id(&self) -> &'static str {
        "yarn"
    }

    fn reads(&self, path: &str) -> bool {
        !is_installed(path) && matches!(file_name(path), "package.json" | "yarn.lock")
    }

    fn is_lock(&self, path: &str) -> bool {
        file_name(path) == "yarn.lock"
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        flow::pin(&Yarn, manifests, package, version)
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        flow::unpin(&Yarn, manifests, package)
    }
}

struct Yarn;

impl Manager for Yarn {
    fn id(&self) -> &'static str {
        "yarn"
    }

    fn locks(&self) -> &'static [&'static str] {
        &["yarn.lock"]
    }

    fn overrides(&self) -> &'static [&'static str] {
        &["resolutions"]
    }

    fn all_overrides(&self) -> &'static [&'static [&'static str]] {
        &[&["resolutions"]]
    }

    fn read<'a>(&self, text: &'a str) -> Result<Box<dyn LockFile + 'a>, String> {
        Ok(Box::new(Lock::read(text)?))
    }
}

impl LockFile for Lock<'_> {
    fn resolved(&self, package: &str, asked: &[Asked]) -> Vec<Option<Resolved>> {
        let resolve = |asked: &Asked| {
            let index = self.at(&pattern(package, asked.requirement))?;
            let version = self.entries[index].version.to_owned();
            Some(Resolved { key: index.to_string(), version })
        };
        asked.iter().map(resolve).collect()
    }

    fn versions(&self, package: &str) -> Vec<String> {
        let mut versions: Vec<String> =
            self.named(package).into_iter().map(|index| self.entries[index].version.to_owned()).collect();
        versions.retain(|version| not_plain(version).is_none());
        versions.sort_unstable();
        versions.dedup();
        versions
    }

    fn change(&self, change: &Change, earlier: &str) -> Option<Changed> {
        let text = Plan::text(self, &Lock::read(earlier).ok()?, change)?;
        Lock::read(&text).ok()?;
        Some(Changed { text, warnings: Vec::new() })
    }

    fn without_earlier(&self, change: &Change) -> Option<Changed> {
        // Later Yarns want the checksum: without it, the lock is better left alone.
        if self.is_berry {
            return None;
        }
        let old = change.from.first()?;
        let index = self.named(&change.package).into_iter().find(|&index| self.entries[index].version == old)?;
        let entry = &self.entries[index];
        let mut made = String::new();
        for line in self.text[entry.range.clone()].lines() {
            let inner = line.trim_start();
            if inner.starts_with("version ") {
                made.push_str(&format!("  version \"{}\"\n", change.version));
            } else if !inner.starts_with("resolved ") && !inner.starts_with("integrity ") {
                made.push_str(line);
                made.push('\n');
            }
        }
        self.change(change, &made)
    }

    fn refresh(&self) -> &'static str {
        if self.is_berry { "yarn install --mode update-lockfile" } else { "yarn install" }
    }

    fn selector(&self, package: &str, version: &str) -> Option<String> {
        let index = self.named(package).into_iter().find(|&index| self.entries[index].version == version)?;
        // Yarn 1 cannot tell one version from another; later ones tell them by the pattern.
        match self.entries[index].patterns.as_slice() {
            [only] if self.is_berry => Some(only.clone()),
            _ => None,
        }
    }
}
