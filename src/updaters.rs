//! Bots that raise pull requests for new versions, and the rule that keeps one of them from undoing a pin.
//!
//! # How to add one
//! Make `updaters/x.rs`, implement [`Updater`], and add it to [`all`].

mod dependabot;
mod lines;
mod renovate;
mod rules;

use crate::domain::edit::{Edited, Source};
use crate::domain::text::clean_line;
use crate::edit::version::not_plain;

pub trait Updater: Send + Sync {
    /// The bot's name, in lower case.
    fn id(&self) -> &'static str;
    /// Whether the file of this path may be its configuration.
    fn reads(&self, path: &str) -> bool;
    /// Writes into its configuration that `package` of `ecosystem` (an editor's id) is not to be updated. Already, when
    /// it says so; absent, when the bot does not look after this ecosystem here; refused, with what to add by hand,
    /// where the file cannot be edited soundly.
    fn hold(&self, file: &Source, ecosystem: &str, package: &str, version: &str) -> Edited;
    /// Takes exactly the rule away that [`Updater::hold`] wrote for `package`: the bytes as before while the
    /// surroundings are unchanged. Absent, when there is none.
    fn release(&self, file: &Source, package: &str) -> Edited;
}

/// Every bot.
#[must_use]
pub fn all() -> &'static [&'static dyn Updater] {
    &[&renovate::Renovate, &dependabot::Dependabot]
}

/// The longest name of a package, in bytes.
const PACKAGE_MAX: usize = 250;
/// Larger configurations are not edited, in bytes.
const FILE_MAX: usize = 256 << 10;

/// Why a wish cannot be met whatever the file says; the same names are good as for a pin.
fn unfit(file: &Source, package: &str, version: Option<&str>) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@/:+".contains(c);
    // What begins with a slash is a regular expression to Renovate.
    let begins_badly = package.starts_with('-') || package.starts_with('/');
    if package.is_empty() || package.len() > PACKAGE_MAX || begins_badly || !package.chars().all(plain) {
        return Some(format!("`{}` is not a package name: spell it as the manifest does", clean_line(package, 60)));
    }
    if file.text.len() > FILE_MAX {
        return Some(format!("{} is too large to be edited: change it by hand", clean_line(&file.path, 100)));
    }
    version.and_then(not_plain)
}

/// The name as Python's index has it.
fn python_name(package: &str) -> String {
    let mut name = String::new();
    for c in package.chars() {
        let c = if matches!(c, '.' | '_') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !name.ends_with('-') {
            name.push(c);
        }
    }
    name
}

/// `owner/repository` of an action that may lie in a folder of its repository.
fn action_repository(package: &str) -> String {
    package.split('/').take(2).collect::<Vec<_>>().join("/")
}

/// `owner/name` of a repository of hooks, whose address may be given whole.
fn hook_repository(package: &str) -> String {
    let path = package.split_once("://").map_or(package, |(_, path)| path).trim_end_matches(".git");
    let on_host = path.split_once('/').filter(|(host, _)| host.contains('.'));
    on_host.map_or(path, |(_, path)| path).to_owned()
}

/// An image without the registry's host.
fn image_without_registry(package: &str) -> &str {
    match package.split_once('/') {
        Some((host, image)) if host == "localhost" || host.contains(['.', ':']) => image,
        _ => package,
    }
}
