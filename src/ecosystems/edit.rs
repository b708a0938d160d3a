//! The writing half of an ecosystem: a package is pinned to one version in manifest and lock together, and unpinned.

use crate::domain::edit::{Edited, Source};

/// What an editor may look at.
#[derive(Clone, Copy, Debug)]
pub struct Manifests<'a> {
    /// The manifests and locks of the repository at one commit: every file that [`PinEditor::reads`] named.
    pub files: &'a [Source],
    /// Earlier contents of the locks among them, newest first: where an entry for the wanted version may stand with its
    /// checksums and dependencies.
    pub earlier: &'a [Source],
}

pub trait PinEditor: Send + Sync {
    /// The ecosystem, as `--ecosystem` names it.
    fn id(&self) -> &'static str;
    /// Whether the file of this path is one of its manifests or locks, judged by the path alone.
    fn reads(&self, path: &str) -> bool;
    /// Whether it is a lock.
    fn is_lock(&self, path: &str) -> bool;
    /// Pins `package` to exactly `version`, by a minimal edit that keeps comments, order and format. Already, when
    /// manifest and lock say so; absent, when no file knows the package; refused with every reason otherwise.
    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited;
    /// Takes back what [`PinEditor::pin`] did: the bytes as before while the surroundings are unchanged. Absent, when
    /// nothing here is pinned by us.
    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited;
}

/// Why a version is not one: anything but a plain version is refused, since ranges, addresses, paths and shell words
/// come from chat. `None` when it is plain: it begins with a letter or digit, has at most 64 characters of letters,
/// digits and `.-+_!~`, and no `..`.
pub fn not_plain(version: &str) -> Option<String> {
    const VERSION_MAX: usize = 64;
    let plain = version.len() <= VERSION_MAX
        && version.starts_with(|c: char| c.is_ascii_alphanumeric())
        && version.chars().any(|c| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || ".-+_!~".contains(c))
        && !version.contains("..");
    (!plain).then(|| "only a plain version such as 1.4.2 can be pinned, not a range, URL, path or tag".to_owned())
}
