//! `package-lock.json`: which versions it holds, and whether all of it comes from the registry.

use serde_json::Value;

use super::ResolveError;
use crate::domain::edit::Source;
use crate::domain::text::clean_line;
use crate::edit::path::{folder, joined};

/// Mirrors of the registry that locks name, and that npm itself replaces.
const MIRRORS: &[&str] = &["https://registry.npmjs.org/", "https://registry.yarnpkg.com/"];

/// A lock that was read and comes from the registry alone.
pub(super) struct Lock(Value);

impl Lock {
    pub(super) fn read(file: &Source, registry: &str) -> Result<Self, ResolveError> {
        let refuse = |why: &str| {
            let shown = clean_line(&file.path, 100);
            ResolveError::Refused(format!("{shown} {why}: run npm on your own machine"))
        };
        let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
        let lock: Value = serde_json::from_str(text).map_err(|_| refuse("is not JSON"))?;
        let comes_from_registry = |entry: &Value| {
            let text = |key| entry.get(key).and_then(Value::as_str);
            let at = folder(&file.path);
            let address = text("resolved").is_none_or(|address| comes_from(address, registry, at));
            let version = text("version").is_none_or(|version| is_plain(version, at));
            address && version && text("from").is_none()
        };
        if !entries(&lock).into_iter().all(|(_, entry)| comes_from_registry(entry)) {
            return Err(refuse("has packages from outside the registry"));
        }
        Ok(Self(lock))
    }

    /// The form of the file, by number.
    pub(super) fn form(&self) -> Option<u64> {
        self.0.get("lockfileVersion").and_then(Value::as_u64).filter(|form| (1..=3).contains(form))
    }

    /// Every version of a package that it holds.
    pub(super) fn versions(&self, package: &str) -> Vec<&str> {
        let is_it = |place: &str| {
            let rest = place.strip_suffix(package);
            rest.is_some_and(|rest| rest.is_empty() || rest == "node_modules/" || rest.ends_with("/node_modules/"))
        };
        let found = entries(&self.0).into_iter().filter(|(place, _)| is_it(place));
        found.filter_map(|(_, entry)| entry.get("version").and_then(Value::as_str)).collect()
    }
}

/// The entries of a lock with their places; in the first form these are bare names, nested.
fn entries(lock: &Value) -> Vec<(&str, &Value)> {
    let new = lock.get("packages").and_then(Value::as_object).into_iter().flatten();
    let mut all: Vec<(&str, &Value)> = new.map(|(key, entry)| (key.as_str(), entry)).collect();
    let mut waiting = vec![lock];
    while let Some(value) = waiting.pop() {
        for (name, entry) in value.get("dependencies").and_then(Value::as_object).into_iter().flatten() {
            all.push((name, entry));
            waiting.push(entry);
        }
    }
    all
}

/// A version, an alias, or a folder of the repository, which the first form names there.
fn is_plain(version: &str, at: &str) -> bool {
    let is_folder = version.strip_prefix("file:").is_some_and(|folder| joined(at, folder).is_some());
    !version.contains(':') || version.starts_with("npm:") || is_folder && !version.ends_with("gz")
}

fn comes_from(address: &str, registry: &str, at: &str) -> bool {
    if MIRRORS.iter().any(|mirror| address.starts_with(mirror)) {
        return true;
    }
    let registry = format!("{}/", registry.trim_end_matches('/'));
    // A link names a folder of the repository.
    address.starts_with(&registry) || !address.contains(':') && joined(at, address).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Lock, ResolveError> {
        let file = Source { path: "a/package-lock.json".to_owned(), text: text.to_owned() };
        Lock::read(&file, "https://npm.acme.example/all")
    }

    #[test]
    fn finds_versions_in_every_form() {
        let new = r#"{"lockfileVersion":3,"packages":{"":{"version":"9.9.9"},"node_modules/ms":{"version":"2.0.0",
            "resolved":"https://registry.npmjs.org/ms/-/ms-2.0.0.tgz"},"node_modules/a/node_modules/ms":{"version":"2.1.3"},
            "node_modules/@x/ms":{"version":"3.0.0"},"node_modules/b":{"resolved":"packages/b","link":true}}}"#;
        let lock = read(new).unwrap();
        assert_eq!((lock.form(), lock.versions("ms")), (Some(3), vec!["2.0.0", "2.1.3"]));
        let old = r#"{"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0","dependencies":{"ms":{"version":"2.0.0"}}}}}"#;
        assert_eq!(read(old).unwrap().versions("ms"), ["2.0.0"]);
    }

    #[test]
    fn refuses_other_sources() {
        for bad in [
            r#"{"packages":{"node_modules/x":{"version":"1.0.0","resolved":"https://evil.example/x.tgz"}}}"#,
            r#"{"packages":{"node_modules/x":{"resolved":"git+ssh://git@example.com/x.git#abc"}}}"#,
            r#"{"packages":{"node_modules/x":{"resolved":"https://npm.acme.example/allx/x.tgz"}}}"#,
            r#"{"packages":{"node_modules/x":{"resolved":"../../x","link":true}}}"#,
            r#"{"packages":{"node_modules/x":{"resolved":"file:../x.tgz"}}}"#,
            r#"{"dependencies":{"x":{"version":"github:a/b#abc","from":"github:a/b"}}}"#,
            r#"{"dependencies":{"y":{"version":"1.0.0","dependencies":{"x":{"version":"file:../../x"}}}}}"#,
            r#"{"dependencies":{"x":{"version":"file:x.tgz"}}}"#,
            "[",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read(r#"{"dependencies":{"x":{"version":"file:w/x"}}}"#).is_ok());
        assert!(read(r#"{"packages":{"":{"dependencies":{"from":"1","resolved":"2"}}}}"#).is_ok());
        assert!(read(r#"{"packages":{"node_modules/x":{"resolved":"https://npm.acme.example/all/x.tgz"}}}"#).is_ok());
    }
}
