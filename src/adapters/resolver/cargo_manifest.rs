//! Cargo's manifests, written anew with what resolving needs and nothing else.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::ResolveError;
use super::paths::matches;
use crate::domain::edit::Source;
use crate::domain::text::clean_line;
use crate::edit::path::{below, file_name, folder, join, joined};

const MANIFEST: &str = "Cargo.toml";
const SECTIONS: &[&str] =
    &["dependencies", "dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies"];
const PACKAGE: &[&str] = &["name", "version", "edition", "rust-version", "resolver", "workspace"];
const WORKSPACE: &[&str] = &["members", "exclude", "resolver"];
const DEPENDENCY: &[&str] =
    &["version", "path", "package", "optional", "default-features", "default_features", "features", "workspace"];
/// Keys that make a dependency come from elsewhere than crates.io or the repository.
const ELSEWHERE: &[&str] = &["git", "registry", "registry-index", "base", "artifact"];
/// Patterns of members beyond this are not looked at.
const PATTERNS_MAX: usize = 500;

/// The manifests that the lock in `root` is made of, written anew.
///
/// # Errors
/// A dependency or a member that comes from elsewhere, or what is no manifest.
pub(super) fn manifests(files: &[Source], root: &str) -> Result<Vec<Source>, ResolveError> {
    let all: BTreeMap<&str, &Source> = files
        .iter()
        .filter(|file| file_name(&file.path) == MANIFEST && super::room::is_allowed(&file.path))
        .map(|file| (folder(&file.path), file))
        .collect();
    let mut waiting = vec![root.to_owned()];
    let mut written: BTreeMap<String, Source> = BTreeMap::new();
    while let Some(at) = waiting.pop() {
        if written.contains_key(&at) {
            continue;
        }
        let Some(file) = all.get(at.as_str()) else {
            let shown = clean_line(&join(&at, MANIFEST), 100);
            return Err(refused(&format!("a manifest names {shown}, which is not among the files")));
        };
        let mut reader = Reader { file, at: &at, found: Vec::new() };
        let table = reader.manifest()?;
        let patterns = members(&table)?;
        waiting.append(&mut reader.found);
        waiting.extend(matching(&all, &at, &patterns)?);
        let text = toml::to_string(&table).map_err(|_| refused("cannot rewrite a manifest"))?;
        written.insert(at.clone(), Source { path: file.path.clone(), text });
    }
    Ok(written.into_values().collect())
}

fn refused(why: &str) -> ResolveError {
    ResolveError::Refused(format!("{why}: run `cargo update` on your own machine"))
}

struct Reader<'a> {
    file: &'a Source,
    at: &'a str,
    /// Folders of other manifests that this one names.
    found: Vec<String>,
}

impl Reader<'_> {
    fn refuse(&self, why: &str) -> ResolveError {
        refused(&format!("{} {why}", clean_line(&self.file.path, 100)))
    }

    fn manifest(&mut self) -> Result<Table, ResolveError> {
        let text = self.file.text.strip_prefix('\u{feff}').unwrap_or(&self.file.text);
        let old: Table = text.parse().map_err(|_| self.refuse("is not TOML"))?;
        for key in ["patch", "replace"] {
            if old.get(key).and_then(Value::as_table).is_some_and(|table| !table.is_empty()) {
                return Err(self.refuse(&format!("replaces packages with `[{key}]`")));
            }
        }
        let mut new = Table::new();
        if let Some(package) = old.get("package").or_else(|| old.get("project")).and_then(Value::as_table) {
            new.insert("package".into(), Value::Table(self.package(package)?));
            // A target that is named needs no file, and nothing else is looked for.
            new.insert("lib".into(), Value::Table(table(&[("path", "none.rs")])));
        }
        if let Some(features) = old.get("features").and_then(Value::as_table) {
            new.insert("features".into(), Value::Table(features.clone()));
        }
        self.sections(&old, &mut new)?;
        if let Some(targets) = old.get("target").and_then(Value::as_table) {
            let mut kept = Table::new();
            for (name, target) in targets {
                let mut sections = Table::new();
                self.sections(target.as_table().unwrap_or(&Table::new()), &mut sections)?;
                kept.insert(name.clone(), Value::Table(sections));
            }
            new.insert("target".into(), Value::Table(kept));
        }
        if let Some(workspace) = old.get("workspace").and_then(Value::as_table) {
            new.insert("workspace".into(), Value::Table(self.workspace(workspace)?));
        }
        Ok(new)
    }

    fn package(&mut self, old: &Table) -> Result<Table, ResolveError> {
        let mut new = kept(old, PACKAGE);
        for key in ["build", "autobins", "autoexamples", "autotests", "autobenches"] {
            new.insert(key.into(), Value::Boolean(false));
        }
        if let Some(root) = old.get("workspace").and_then(Value::as_str) {
            let root = joined(self.at, root).ok_or_else(|| self.refuse("has its workspace outside the repository"))?;
            self.found.push(root);
        }
        Ok(new)
    }

    fn workspace(&mut self, old: &Table) -> Result<Table, ResolveError> {
        let mut new = kept(old, WORKSPACE);
        if let Some(package) = old.get("package").and_then(Value::as_table) {
            new.insert("package".into(), Value::Table(kept(package, PACKAGE)));
        }
        let mut sections = Table::new();
        self.sections(old, &mut sections)?;
        new.extend(sections);
        Ok(new)
    }

    fn sections(&mut self, old: &Table, new: &mut Table) -> Result<(), ResolveError> {
        for section in SECTIONS {
            let Some(dependencies) = old.get(*section).and_then(Value::as_table) else { continue };
            let mut kept = Table::new();
            for (name, dependency) in dependencies {
                kept.insert(name.clone(), self.dependency(name, dependency)?);
            }
            new.insert((*section).into(), Value::Table(kept));
        }
        Ok(())
    }

    fn dependency(&mut self, name: &str, old: &Value) -> Result<Value, ResolveError> {
        let Some(old) = old.as_table() else { return Ok(old.clone()) };
        let shown = clean_line(name, 60);
        if ELSEWHERE.iter().any(|key| old.contains_key(*key)) {
            return Err(self.refuse(&format!("takes `{shown}` from outside crates.io")));
        }
        if let Some(path) = old.get("path").and_then(Value::as_str) {
            let target = joined(self.at, path);
            self.found.push(target.ok_or_else(|| self.refuse(&format!("has `{shown}` outside the repository")))?);
        }
        Ok(Value::Table(kept(old, DEPENDENCY)))
    }
}

fn kept(old: &Table, keys: &[&str]) -> Table {
    old.iter()
        .filter(|(key, _)| keys.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn table(pairs: &[(&str, &str)]) -> Table {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect()
}

/// The patterns of members, and the folders that are none.
fn members(table: &Table) -> Result<(Vec<String>, Vec<String>), ResolveError> {
    let list = |key| {
        let workspace = table.get("workspace").and_then(Value::as_table);
        let list = workspace.and_then(|workspace| workspace.get(key)).and_then(Value::as_array);
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).take(PATTERNS_MAX + 1).collect::<Vec<_>>()
    };
    let (members, exclude) = (list("members"), list("exclude"));
    if members.len() > PATTERNS_MAX || exclude.len() > PATTERNS_MAX {
        return Err(refused("a workspace has too many members"));
    }
    Ok((members, exclude))
}

/// The folders of manifests that are members.
fn matching(
    all: &BTreeMap<&str, &Source>,
    root: &str,
    (members, exclude): &(Vec<String>, Vec<String>),
) -> Result<Vec<String>, ResolveError> {
    let outside = || refused("a workspace has members outside the repository");
    let place = |path: &String| joined(root, path).ok_or_else(outside);
    let members = members.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let exclude = exclude.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let is_member = |at: &&&str| {
        members.iter().any(|member| matches(member, at))
            && !exclude.iter().any(|excluded| below(at, excluded).is_some())
    };
    Ok(all.keys().filter(is_member).map(|at| (*at).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn keeps_what_resolving_needs_and_nothing_else() {
        let text = "cargo-features = ['x']\n[package]\nname = 'a'\nversion.workspace = true\nbuild = 'evil.rs'\nlinks = 'z'\n\
                    [[bin]]\nname = 'b'\npath = '../../b.rs'\n[lib]\nproc-macro = true\n[dependencies]\nserde = '1'\n\
                    [target.'cfg(unix)'.dependencies]\nlibc = { version = '0.2', optional = true, evil = 1 }\n\
                    [features]\nf = ['dep:libc']\n[profile.dev]\nopt-level = 3\n[lints.rust]\nx = 'deny'\n";
        let new = manifests(&[source("Cargo.toml", text)], "").unwrap().remove(0).text;
        let table: Table = new.parse().unwrap();
        assert_eq!(table.keys().collect::<Vec<_>>(), ["dependencies", "features", "lib", "package", "target"]);
        assert!(!new.contains("evil") && new.contains("build = false") && new.contains("dep:libc"), "{new}");
    }

    #[test]
    fn follows_members_and_paths() {
        let files = [
            source("Cargo.toml", "[workspace]\nmembers = ['crates/*']\nexclude = ['crates/fuzz']\n"),
            source("crates/a/Cargo.toml", "[package]\nname = 'a'\n[dependencies]\nc = { path = '../../extra/c' }\n"),
            source("crates/fuzz/Cargo.toml", "not toml ["),
            source("extra/c/Cargo.toml", "[package]\nname = 'c'\n"),
            source("extra/d/Cargo.toml", "not toml ["),
        ];
        let paths: Vec<String> = manifests(&files, "").unwrap().into_iter().map(|file| file.path).collect();
        assert_eq!(paths, ["Cargo.toml", "crates/a/Cargo.toml", "extra/c/Cargo.toml"]);
    }

    #[test]
    fn refuses_what_comes_from_elsewhere() {
        for (text, words) in [
            ("[dependencies]\nx = { git = 'https://example.com/x' }", "from outside crates.io"),
            ("[build-dependencies]\nx = { version = '1', registry = 'mine' }", "from outside crates.io"),
            ("[target.x.dev-dependencies.x]\nregistry-index = 'https://example.com'", "from outside crates.io"),
            ("[workspace.dependencies]\nx = { git = 'ssh://example.com/x' }", "from outside crates.io"),
            ("[dependencies]\nx = { path = '../../x' }", "outside the repository"),
            ("[dependencies]\nx = { path = '/x' }", "outside the repository"),
            ("[dependencies]\nx = { path = 'x' }", "not among the files"),
            ("[workspace]\nmembers = ['/etc/*']", "outside the repository"),
            ("[workspace]\nmembers = ['../../*']", "outside the repository"),
            ("[package]\nname = 'a'\nworkspace = '../..'", "outside the repository"),
            ("[patch.crates-io]\nx = { path = 'x' }", "replaces packages"),
            ("[replace]\n'x:1.0.0' = { path = 'x' }", "replaces packages"),
            ("[dependencies", "is not TOML"),
        ] {
            let answer = manifests(&[source("a/Cargo.toml", text)], "a");
            assert!(matches!(&answer, Err(ResolveError::Refused(why)) if why.contains(words)), "{text}: {answer:?}");
        }
    }
}
