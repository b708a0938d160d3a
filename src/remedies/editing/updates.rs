//! Beside a pin: the rule that keeps Renovate or Dependabot from undoing it, where the repository uses one.

use crate::domain::edit::{Edit, Edited, Source};
use crate::updaters::{Updater, all};

/// Whether a file may tell such a bot what to do.
pub fn reads(path: &str) -> bool {
    all().iter().any(|updater| updater.reads(path))
}

/// The edit, with the package held where a bot looks after it.
pub fn hold(edit: Edit, sources: &[Source], ecosystem: &str, package: &str, version: &str) -> Edit {
    with(edit, sources, |updater, file| updater.hold(file, ecosystem, package, version))
}

/// The edit, with the rule taken out again.
pub fn release(edit: Edit, sources: &[Source], package: &str) -> Edit {
    with(edit, sources, |updater, file| updater.release(file, package))
}

fn with(mut edit: Edit, sources: &[Source], act: impl Fn(&dyn Updater, &Source) -> Edited) -> Edit {
    for updater in all() {
        // A bot obeys the first of its files.
        let Some(file) = sources.iter().find(|source| updater.reads(&source.path)) else { continue };
        match act(*updater, file) {
            Edited::Ready(more) => {
                edit.files.extend(more.files);
                edit.because.extend(more.because);
                edit.warnings.extend(more.warnings);
            }
            // A pin does not fail for it.
            Edited::Refused(why) => edit.warnings.extend(why),
            Edited::Already(_) | Edited::Unresolved(_) | Edited::Absent => {}
        }
    }
    edit
}
