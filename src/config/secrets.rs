//! Secrets in files that are named by their key, such as `slack.bot_token`: in `$CREDENTIALS_DIRECTORY` (systemd, or a
//! mounted volume), else in the folder `secrets` beside the configuration.

use super::keys;
use super::tree::{Step, dotted};
use std::path::{Path, PathBuf};

/// The folder beside the configuration.
const FOLDER: &str = "secrets";
/// The file of the App's private key, whose place is a key of its own.
const PRIVATE_KEY: (&str, &str) = ("github.private_key", "CI_RESCUE__GITHUB__PRIVATE_KEY_FILE");
/// systemd puts the credential's name before each file of a folder.
const PREFIX: &str = "secrets_";

/// A secret's file, and the variable that would name it.
#[derive(Clone, Debug)]
pub struct Found {
    pub variable: String,
    pub path: PathBuf,
}

/// The folder of a configuration's secrets.
#[must_use]
pub fn folder(config: &Path) -> PathBuf {
    let beside = config.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    beside.join(FOLDER)
}

/// The file of a secret in such a folder, and its variable.
#[must_use]
pub fn named(key: &str) -> Option<String> {
    if key == PRIVATE_KEY.0 {
        return Some(PRIVATE_KEY.1.to_owned());
    }
    let found = keys::all().iter().find(|known| {
        let path: Vec<Step> = known.path.iter().map(|part| Step::Key((*part).to_owned())).collect();
        known.is_written() && keys::is_secret(&path) && dotted(&path, 0) == key
    });
    found.map(|known| format!("{}_FILE", known.variable()))
}

/// What is there for a configuration.
pub fn found(config: Option<&Path>) -> Vec<Found> {
    let given = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|dir| !dir.is_empty());
    let Some(dir) = given.map(PathBuf::from).or_else(|| config.map(folder)) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(&dir) else { return Vec::new() };
    let mut all: Vec<Found> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let variable = named(name.strip_prefix(PREFIX).unwrap_or(&name))?;
            Some(Found { variable, path: entry.path() })
        })
        .collect();
    all.sort_by(|a, b| a.variable.cmp(&b.variable));
    all
}
