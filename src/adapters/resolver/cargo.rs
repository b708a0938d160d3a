//! Cargo: `cargo update --package NAME@OLD --precise VERSION` for every lock that holds the package.
//!
//! It can move one package of crates.io, and what has to move with it, as far as the manifests allow. It cannot work
//! with git, other registries, `[patch]`, and what needs cargo's configuration: those are refused.

use toml::{Table, Value};

use super::{Job, ResolveError, cargo_manifest, no_name};
use crate::domain::edit::Source;
use crate::domain::text::clean_line;
use crate::edit::path::{file_name, folder, join};

const LOCK: &str = "Cargo.lock";
/// How locks name crates.io.
const CRATES_IO: &[&str] =
    &["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

pub(super) async fn resolve(job: &Job<'_>) -> Result<Vec<Source>, ResolveError> {
    check_name(job.package)?;
    let mut found = Vec::new();
    let mut is_known = false;
    for lock in job.files.iter().filter(|file| file_name(&file.path) == LOCK && super::room::is_allowed(&file.path)) {
        let versions = versions(lock, job.package)?;
        is_known |= !versions.is_empty();
        let others = versions.iter().any(|version| version != job.version && line(version) == line(job.version));
        let is_there = versions.iter().any(|version| version == job.version) && !others;
        if versions.is_empty() || is_there {
            continue;
        }
        found.push(updated(job, lock, &versions).await?);
    }
    if is_known {
        return Ok(found);
    }
    let sentence = format!("no Cargo.lock contains `{}`: spell the name as the lock file does", job.package);
    Err(ResolveError::Refused(sentence))
}

fn check_name(package: &str) -> Result<(), ResolveError> {
    const NAME_MAX: usize = 64;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let begins = package.starts_with(|c: char| c.is_ascii_alphabetic());
    if begins && package.len() <= NAME_MAX && package.chars().all(plain) { Ok(()) } else { Err(no_name(package)) }
}

async fn updated(job: &Job<'_>, lock: &Source, versions: &[String]) -> Result<Source, ResolveError> {
    let root = folder(&lock.path);
    let old = replaced(job, lock, versions)?;
    let mut files = cargo_manifest::manifests(job.files, root)?;
    files.push(lock.clone());
    let room = job.cache.room(&files)?;
    let package = format!("{}@{old}", job.package);
    let args = ["update", "--package", &package, "--precise", job.version];
    job.caller.succeed(&room, root, "cargo", &args, job.until).await?;
    let path = join(root, LOCK);
    let mut new = room.read(&path)?.ok_or_else(|| ResolveError::failed("cargo removed the lock file"))?;
    new.text = in_form(&lock.text, &new.text);
    if self::versions(&new, job.package)?.iter().any(|version| version == job.version) {
        return Ok(new);
    }
    let shown = clean_line(&path, 100);
    Err(ResolveError::failed(format!("cargo did not move `{}` to {} in {shown}", job.package, job.version)))
}

/// The line with the number of a lock's form, with its end and the blank line behind it; the second form has none.
fn form_line(text: &str) -> Option<std::ops::Range<usize>> {
    let head = &text[..text.find("[[package]]").unwrap_or(text.len())];
    let start = head.find("version = ").filter(|&at| at == 0 || head.as_bytes()[at - 1] == b'\n')?;
    let end = head[start..].find('\n').map_or(head.len(), |length| start + length + 1);
    let blank = head[end..].len() - head[end..].trim_start_matches(['\r', '\n']).len();
    Some(start..end + blank)
}

/// A new lock in the form of the old one: without git packages the forms from the second on differ by the number alone,
/// and an older cargo cannot read a newer form.
fn in_form(old: &str, new: &str) -> String {
    let Some(place) = form_line(new) else { return new.to_owned() };
    let form = form_line(old).map_or("", |place| &old[place]);
    format!("{}{form}{}", &new[..place.start], &new[place.end..])
}

/// Every version of the package in a lock.
fn versions(lock: &Source, package: &str) -> Result<Vec<String>, ResolveError> {
    let shown = clean_line(&lock.path, 100);
    let refuse = |why: &str| ResolveError::Refused(format!("{shown} {why}: run `cargo update` on your own machine"));
    let text = lock.text.strip_prefix('\u{feff}').unwrap_or(&lock.text);
    let table: Table = text.parse().map_err(|_| refuse("is not a readable lock file"))?;
    if table.contains_key("patch") || table.contains_key("replace") {
        return Err(refuse("has packages that a `[patch]` replaces"));
    }
    if table.contains_key("metadata") {
        return Err(refuse("is in the oldest lock file format, which cargo would rewrite"));
    }
    let mut versions = Vec::new();
    for entry in table.get("package").and_then(Value::as_array).into_iter().flatten() {
        let text = |key| entry.get(key).and_then(Value::as_str);
        let Some(source) = text("source") else { continue };
        if !CRATES_IO.contains(&source) {
            return Err(refuse("has packages from outside crates.io"));
        }
        if text("name") == Some(package) {
            versions.extend(text("version").map(str::to_owned));
        }
    }
    Ok(versions)
}

/// The version that is to give way: the only one, or the only one that can stand for the same requirements.
fn replaced<'v>(job: &Job<'_>, lock: &Source, versions: &'v [String]) -> Result<&'v str, ResolveError> {
    if let [only] = versions {
        return Ok(only);
    }
    let fits = |version: &&String| *version != job.version && line(version) == line(job.version);
    let mut fitting = versions.iter().filter(fits);
    if let (Some(one), None) = (fitting.next(), fitting.next()) {
        return Ok(one);
    }
    let shown = clean_line(&lock.path, 100);
    let sentence = format!(
        "{shown} contains several versions of `{}`, and it is unclear which should become {}: run `cargo update` on \
         a machine of yours",
        job.package, job.version
    );
    Err(ResolveError::Refused(sentence))
}

/// What compatible versions have in common: all up to the first number that is not zero.
fn line(version: &str) -> Vec<&str> {
    let mut line = Vec::new();
    for number in version.split(['-', '+']).next().unwrap_or_default().split('.') {
        line.push(number);
        if number != "0" {
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compatible_versions_share_their_line() {
        for (one, other, same) in [
            ("1.2.3", "1.9.0", true),
            ("1.2.3", "2.0.0", false),
            ("0.3.1", "0.3.9", true),
            ("0.3.1", "0.4.0", false),
            ("0.0.1", "0.0.2", false),
            ("1.0.0-rc.1", "1.0.0", true),
        ] {
            assert_eq!(line(one) == line(other), same, "{one} {other}");
        }
    }

    #[test]
    fn locks_keep_their_form() {
        let lock =
            |form: &str, version: &str| format!("# x\n{form}[[package]]\nname = \"a\"\nversion = \"{version}\"\n");
        for form in ["", "version = 3\n\n", "version = 4\n\n"] {
            let new = in_form(&lock(form, "1"), &lock("version = 4\n\n", "2"));
            assert_eq!(new, lock(form, "2"));
        }
    }

    #[test]
    fn locks_with_other_sources_are_refused() {
        for source in ["git+https://example.com/x#abc", "registry+https://example.com/index", "sparse+https://evil/"] {
            let text = format!("version = 4\n[[package]]\nname = 'y'\nversion = '1.0.0'\nsource = '{source}'\n");
            let lock = Source { path: LOCK.to_owned(), text };
            assert!(matches!(versions(&lock, "x"), Err(ResolveError::Refused(_))), "{source}");
        }
    }
}
