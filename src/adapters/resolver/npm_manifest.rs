//! `package.json`: what it asks for, with places, and what npm gets to see of it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::value::RawValue;
use serde_json::{Map, Serializer, Value};

use super::ResolveError;
use super::paths::matches;
use crate::domain::edit::Source;
use crate::domain::text::clean_line;
use crate::edit::path::{file_name, folder, join, joined};

pub(super) const MANIFEST: &str = "package.json";
/// Where a version can be asked for.
const DIRECT: &[&str] = &["dependencies", "devDependencies", "optionalDependencies"];
const SECTIONS: &[&str] = &["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
/// What of a manifest ends up in a lock, or decides what is in it.
const KEPT: &[&str] = &[
    "name",
    "version",
    "private",
    "license",
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "bundleDependencies",
    "bundledDependencies",
    "acceptDependencies",
    "overrides",
    "workspaces",
    "engines",
    "os",
    "cpu",
    "libc",
    "bin",
    "funding",
];
/// Scripts of which the lock only says that there are some.
const INSTALL: &[&str] = &["preinstall", "install", "postinstall"];
const PATTERNS_MAX: usize = 500;

/// A manifest that was read.
pub(super) struct Manifest<'a> {
    pub(super) file: &'a Source,
    pub(super) value: Map<String, Value>,
}

impl<'a> Manifest<'a> {
    pub(super) fn read(file: &'a Source) -> Result<Self, ResolveError> {
        let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
        match serde_json::from_str(text) {
            Ok(Value::Object(value)) => Ok(Self { file, value }),
            _ => Err(refuse(file, "is not a JSON object")),
        }
    }

    /// What its sections ask for of a package.
    pub(super) fn asked(&self, package: &str) -> Vec<(&'static str, &str)> {
        let of = |section: &&'static str| Some((*section, self.value.get(*section)?.get(package)?.as_str()?));
        DIRECT.iter().filter_map(of).collect()
    }

    /// Whether its overrides hold the package at this version.
    pub(super) fn overrides(&self, package: &str, version: &str) -> bool {
        let overrides = self.value.get("overrides").and_then(Value::as_object);
        overrides.into_iter().flatten().any(|(key, value)| {
            let is_it = key == package || key.strip_prefix(package).is_some_and(|rest| rest.starts_with('@'));
            is_it && value.as_str().or_else(|| value.get(".")?.as_str()) == Some(version)
        })
    }

    /// Refuses what does not come from the registry; answers the folders in the repository that it names.
    pub(super) fn check(&self) -> Result<Vec<String>, ResolveError> {
        let mut folders = Vec::new();
        for section in SECTIONS {
            for (name, asked) in self.value.get(*section).and_then(Value::as_object).into_iter().flatten() {
                self.source(name, asked, &mut folders)?;
            }
        }
        let mut waiting: Vec<&Value> = self.value.get("overrides").into_iter().collect();
        while let Some(value) = waiting.pop() {
            for (name, inner) in value.as_object().into_iter().flatten() {
                if inner.is_object() {
                    waiting.push(inner);
                } else {
                    self.source(name, inner, &mut folders)?;
                }
            }
        }
        Ok(folders)
    }

    fn source(&self, name: &str, asked: &Value, folders: &mut Vec<String>) -> Result<(), ResolveError> {
        let elsewhere = || {
            let shown = clean_line(name, 60);
            refuse(self.file, &format!("takes `{shown}` from outside the registry"))
        };
        let asked = asked.as_str().ok_or_else(elsewhere)?;
        let local = asked.strip_prefix("file:").or_else(|| asked.strip_prefix("link:"));
        if let Some(local) = local.filter(|local| !local.ends_with(".tgz") && !local.ends_with(".tar.gz")) {
            folders.push(joined(folder(&self.file.path), local).ok_or_else(elsewhere)?);
            return Ok(());
        }
        let range = asked.strip_prefix("npm:").map_or(asked, after_alias);
        let plain = |c: char| c.is_ascii_alphanumeric() || " .-+_^~<>=|*$@".contains(c);
        // A reference in overrides names another dependency, which is checked where it stands.
        let is_reference = range.starts_with('$') && asked == range;
        if is_reference || range.chars().all(plain) { Ok(()) } else { Err(elsewhere()) }
    }

    /// The patterns of its workspaces.
    pub(super) fn workspaces(&self) -> Result<Vec<String>, ResolveError> {
        let list = self.value.get("workspaces");
        let list = list.and_then(|list| list.as_array().or_else(|| list.get("packages")?.as_array()));
        let patterns: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
        if patterns.len() > PATTERNS_MAX {
            return Err(refuse(self.file, "has too many workspaces"));
        }
        let inside = |pattern: &str| joined(folder(&self.file.path), pattern);
        let wanted = patterns.into_iter().filter(|pattern| !pattern.starts_with('!'));
        let places: Option<Vec<String>> = wanted.map(inside).collect();
        places.ok_or_else(|| refuse(self.file, "has workspaces outside the repository"))
    }

    /// What npm gets to see: no scripts, and nothing that would start another tool. It is laid out like the lock, since
    /// npm takes the lock's layout from it.
    pub(super) fn bare(&self, lock: &str) -> Source {
        let kept = |key: &&String| KEPT.contains(&key.as_str());
        let mut new: Map<String, Value> =
            self.value.iter().filter(|(key, _)| kept(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
        let scripts = self.value.get("scripts").and_then(Value::as_object);
        let harmless: Map<String, Value> = INSTALL
            .iter()
            .filter(|name| scripts.is_some_and(|scripts| scripts.get(**name).is_some_and(|script| script != "")))
            .map(|name| ((*name).to_owned(), Value::from("true")))
            .collect();
        if !harmless.is_empty() {
            new.insert("scripts".into(), Value::Object(harmless));
        }
        Source { path: self.file.path.clone(), text: laid_out(&Value::Object(new), lock) }
    }
}

/// A value with the indentation and the line ends of a sample.
fn laid_out(value: &Value, sample: &str) -> String {
    let Some((first, rest)) = sample.split_once('\n') else { return value.to_string() };
    let indent = &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()];
    let mut bytes = Vec::new();
    let pretty = PrettyFormatter::with_indent(indent.as_bytes());
    let written = value.serialize(&mut Serializer::with_formatter(&mut bytes, pretty));
    let text = written.ok().and_then(|()| String::from_utf8(bytes).ok()).unwrap_or_else(|| value.to_string());
    // Texts in JSON hold no line ends.
    if first.ends_with('\r') { text.replace('\n', "\r\n") + "\r\n" } else { text + "\n" }
}

/// The range behind `npm:NAME@`.
fn after_alias(alias: &str) -> &str {
    let name = alias.strip_prefix('@').unwrap_or(alias);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    match name.split_once('@') {
        Some((name, range)) if name.chars().all(plain) => range,
        None if name.chars().all(plain) => "",
        _ => "/",
    }
}

fn refuse(file: &Source, why: &str) -> ResolveError {
    let shown = clean_line(&file.path, 100);
    ResolveError::Refused(format!("{shown} {why}: run npm on your own machine"))
}

/// The manifests that the lock in `root` is made of: its own, its workspaces' and folders that they name.
pub(super) fn manifests<'a>(files: &'a [Source], root: &str) -> Result<Vec<Manifest<'a>>, ResolveError> {
    let all: BTreeMap<&str, &Source> = files
        .iter()
        .filter(|file| file_name(&file.path) == MANIFEST && super::room::is_allowed(&file.path))
        .map(|file| (folder(&file.path), file))
        .collect();
    let mut waiting = vec![root.to_owned()];
    let mut found: BTreeMap<String, Manifest<'a>> = BTreeMap::new();
    while let Some(at) = waiting.pop() {
        if found.contains_key(&at) {
            continue;
        }
        let Some(file) = all.get(at.as_str()) else {
            let shown = clean_line(&join(&at, MANIFEST), 100);
            let sentence = format!("{shown} is needed but is not among the files: run npm on your own machine");
            return Err(ResolveError::Refused(sentence));
        };
        let manifest = Manifest::read(file)?;
        waiting.extend(manifest.check()?);
        let patterns = manifest.workspaces()?;
        waiting.extend(all.keys().filter(|at| patterns.iter().any(|one| matches(one, at))).map(|at| (*at).to_owned()));
        found.insert(at, manifest);
    }
    Ok(found.into_values().collect())
}

/// The manifest's text with the package asked for at exactly this version, in the sections that name it.
pub(super) fn pinned(file: &Source, package: &str, version: &str) -> Result<Source, ResolveError> {
    let start = file.text.len() - file.text.strip_prefix('\u{feff}').unwrap_or(&file.text).len();
    let text = &file.text[start..];
    let unreadable = |_| refuse(file, "is not a JSON object");
    let root: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(unreadable)?;
    let mut places = Vec::new();
    for section in DIRECT.iter().filter_map(|section| root.get(*section)) {
        let asked: BTreeMap<String, &RawValue> = serde_json::from_str(section.get()).map_err(unreadable)?;
        if let Some(raw) = asked.get(package) {
            // The raw value is a piece of the text itself.
            let at = raw.get().as_ptr() as usize - file.text.as_ptr() as usize;
            places.push(at..at + raw.get().len());
        }
    }
    places.sort_by_key(|place| std::cmp::Reverse(place.start));
    let mut new = file.text.clone();
    for place in places {
        new.replace_range(place, &Value::from(version).to_string());
    }
    Ok(Source { path: file.path.clone(), text: new })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn only_the_registry_is_asked() {
        for good in ["^1.2.3", "1.x || >=2 <3", "*", "", "latest", "npm:@scope/x@^1", "npm:x", "~1.0.0-rc.1+b"] {
            let text = serde_json::json!({ "dependencies": { "a": good }, "overrides": { "b": { ".": good } } });
            let file = source("package.json", &text.to_string());
            assert!(Manifest::read(&file).unwrap().check().is_ok(), "{good}");
        }
        for bad in [
            "git+https://example.com/x.git",
            "github:a/b",
            "a/b",
            "https://example.com/x.tgz",
            "file:x.tgz",
            "file:../../x",
            "file:/x",
            "link:~/x",
            "npm:https://example.com/x",
            "workspace:^",
            "npm:a@git+ssh://x",
        ] {
            for text in [
                serde_json::json!({ "devDependencies": { "a": bad } }),
                serde_json::json!({ "overrides": { "b": { "a": bad } } }),
            ] {
                let file = source("a/package.json", &text.to_string());
                assert!(Manifest::read(&file).unwrap().check().is_err(), "{bad}");
            }
        }
    }

    #[test]
    fn npm_sees_no_scripts() {
        let text = r#"{"name":"a","scripts":{"preinstall":"evil","test":"evil"},"packageManager":"yarn@4","type":"module",
            "devEngines":{"packageManager":{"name":"yarn","onFail":"error"}},"config":{"x":1},"publishConfig":{"registry":"evil"}}"#;
        let file = source("package.json", text);
        let bare = |lock| Manifest::read(&file).unwrap().bare(lock).text;
        assert_eq!(bare("{}"), r#"{"name":"a","scripts":{"preinstall":"true"}}"#);
        let pretty = "{\r\n\t\"name\": \"a\",\r\n\t\"scripts\": {\r\n\t\t\"preinstall\": \"true\"\r\n\t}\r\n}\r\n";
        assert_eq!(bare("{\r\n\t\"name\": 1\r\n}"), pretty);
    }

    #[test]
    fn pins_in_place() {
        let text = "\u{feff}{\n\t\"dependencies\": {\"b\": \"1\", \"a\" : \"^1.0.0\" },\r\n\t\"devDependencies\": {\"\\u0061\":\"*\"}\n}";
        let new = pinned(&source("package.json", text), "a", "1.2.3").unwrap().text;
        assert_eq!(
            new,
            "\u{feff}{\n\t\"dependencies\": {\"b\": \"1\", \"a\" : \"1.2.3\" },\r\n\t\"devDependencies\": {\"\\u0061\":\"1.2.3\"}\n}"
        );
    }

    #[test]
    fn follows_workspaces() {
        let files = [
            source("package.json", r#"{"workspaces":["packages/*","!packages/x"],"dependencies":{"z":"file:./z"}}"#),
            source("packages/a/package.json", "{}"),
            source("packages/a/node_modules/b/package.json", "{}"),
            source("z/package.json", "{}"),
            source("other/package.json", "not json"),
        ];
        let paths: Vec<&str> = manifests(&files, "").unwrap().iter().map(|one| one.file.path.as_str()).collect();
        assert_eq!(paths, ["package.json", "packages/a/package.json", "z/package.json"]);
        let outside = [source("package.json", r#"{"workspaces":["../*"]}"#)];
        assert!(manifests(&outside, "").is_err());
    }
}
