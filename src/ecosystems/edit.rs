//! The writing half of an ecosystem: a package is pinned to one version in manifest and lock together, and unpinned.

use crate::domain::edit::{Edited, Source};
use crate::edit::draft::Manifests;

pub trait PinEditor: Send + Sync {
    /// The ecosystem, as `--ecosystem` names it.
    fn id(&self) -> &'static str;
    /// Whether the file of this path is one of its manifests or locks, judged by the path alone.
    fn reads(&self, path: &str) -> bool;
    /// Files that these bring in, by path, whatever they are called: they are read too.
    fn follows(&self, _files: &[Source]) -> Vec<String> {
        Vec::new()
    }
    /// Whether it is a lock.
    fn is_lock(&self, path: &str) -> bool;
    /// Whether a name can be one of its packages', where nobody said which ecosystem is meant.
    fn is_name(&self, package: &str) -> bool {
        !package.contains(':')
    }
    /// Pins `package` to exactly `version`, by a minimal edit that keeps comments, order and format. Already, when
    /// manifest and lock say so; absent, when no file knows the package; refused with every reason otherwise.
    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited;
    /// Takes back what [`PinEditor::pin`] did: the bytes as before while the surroundings are unchanged. Absent, when
    /// nothing here is pinned by us.
    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited;
}
