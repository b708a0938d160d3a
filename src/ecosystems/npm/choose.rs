//! Which of npm, pnpm and Yarn a repository uses, by the lock that stands beside `package.json`.

use crate::domain::edit::Source;
use crate::edit::path::{file_name, folder};

/// Every manager with the names of its locks.
const MANAGERS: [(&str, &[&str]); 3] =
    [("npm", &["package-lock.json", "npm-shrinkwrap.json"]), ("pnpm", &["pnpm-lock.yaml"]), ("yarn", &["yarn.lock"])];

/// Whether these files are another manager's: its lock stands beside a `package.json` and no lock of `id` is there.
pub fn is_of_another(files: &[Source], id: &str) -> bool {
    let locks_of = |id: &str| MANAGERS.iter().find(|(other, _)| *other == id).map_or(&[][..], |(_, locks)| *locks);
    let own = locks_of(id);
    if files.iter().any(|file| own.contains(&file_name(&file.path)) && !is_installed(&file.path)) {
        return false;
    }
    let is_foreign = |file: &Source| {
        let name = file_name(&file.path);
        let manifest =
            |other: &Source| file_name(&other.path) == "package.json" && folder(&other.path) == folder(&file.path);
        MANAGERS.iter().any(|(_, locks)| locks.contains(&name)) && files.iter().any(manifest)
    };
    files.iter().any(is_foreign)
}

/// Whether a path lies among installed packages.
pub fn is_installed(path: &str) -> bool {
    path.split('/').any(|part| part == "node_modules")
}
