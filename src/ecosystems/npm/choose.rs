//! Which of npm, pnpm and Yarn a repository uses, by the lock that stands beside `package.json`.

use crate::domain::edit::Source;
use crate::ecosystems::pinning::draft::{file_name, folder};

/// Every manager with the names of its locks.
const MANAGERS: [(&str, &[&str]); 3] =
    [("npm", &["package-lock.json", "npm-shrinkwrap.json"]), ("pnpm", &["pnpm-lock.yaml"]), ("yarn", &["yarn.lock"])];

/// The manager whose lock is nearest to the root among these paths; npm, where `package.json` stands alone.
pub fn manager_of<'a>(paths: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
    let mut best: Option<(usize, &'static str)> = None;
    for path in paths.into_iter().filter(|path| !is_installed(path)) {
        let name = file_name(path);
        let depth = path.matches('/').count() * 2;
        let manager = MANAGERS.iter().find(|(_, locks)| locks.contains(&name)).map(|(id, _)| (depth, *id));
        // A manifest counts only where no lock is as near.
        let found = manager.or_else(|| (name == "package.json").then_some((usize::MAX, "npm")));
        if let Some(found) = found
            && best.is_none_or(|best| found.0 < best.0)
        {
            best = Some(found);
        }
    }
    best.map(|(_, id)| id)
}

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
