//! Where a file stands in its crate: roots that Cargo.toml names, and modules that `#[path]` sends elsewhere.
//!
//! doc.rust-lang.org/cargo, "Cargo Targets"; doc.rust-lang.org/reference, "Modules".

use super::modules::declared;
use crate::domain::edit::Source;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A `#[path]` module in a file that is one itself, and so on: no deeper.
const ROUNDS: usize = 4;

/// A file whose module path is written down somewhere, and so that of the files beside and below it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Anchor {
    path: String,
    modules: Vec<String>,
    /// The target whose root it is.
    target: Option<String>,
}

/// What is written down in a repository.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    anchors: Vec<Anchor>,
}

/// A module path that a file may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    pub modules: Vec<String>,
    pub target: Option<String>,
}

#[derive(Deserialize)]
struct Manifest {
    lib: Option<Target>,
    #[serde(default)]
    bin: Vec<Target>,
    #[serde(default)]
    test: Vec<Target>,
    #[serde(default)]
    bench: Vec<Target>,
    #[serde(default)]
    example: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: Option<String>,
    path: Option<String>,
}

/// Texts of which every file that is read here holds one.
pub const NEEDLES: &[&str] = &["[lib]", "[[bin]]", "[[test]]", "[[bench]]", "[[example]]", "#[path"];

pub fn reads(path: &str) -> bool {
    path == "Cargo.toml" || path.ends_with("/Cargo.toml") || path.ends_with(".rs")
}

impl Layout {
    pub fn read(sources: &[Source]) -> Self {
        let mut layout = Self::default();
        for source in sources.iter().filter(|source| source.path.ends_with("Cargo.toml")) {
            layout.manifest(source);
        }
        let declared: BTreeMap<&str, _> = sources
            .iter()
            .filter(|source| source.path.ends_with(".rs") && source.text.contains("#[path"))
            .map(|source| (source.path.as_str(), declared(&source.text)))
            .collect();
        for _ in 0..ROUNDS {
            let before = layout.anchors.len();
            for (file, modules) in &declared {
                for module in modules {
                    layout.module(file, &module.inside, &module.name, &module.path);
                }
            }
            if layout.anchors.len() == before {
                break;
            }
        }
        layout
    }

    fn manifest(&mut self, source: &Source) {
        let Ok(manifest) = toml::from_str::<Manifest>(&source.text) else { return };
        let lib = manifest.lib.into_iter().map(|target| Target { name: None, ..target });
        let others = [manifest.bin, manifest.test, manifest.bench, manifest.example];
        for target in lib.chain(others.into_iter().flatten()) {
            let Some(path) = target.path.and_then(|path| joined(folder(&source.path), &path)) else { continue };
            self.add(Anchor { path, modules: Vec::new(), target: target.name });
        }
    }

    /// A module that stands in `file`, inside `inside`, and whose text is at `path`.
    fn module(&mut self, file: &str, inside: &[String], name: &str, path: &str) {
        // In an inline module, the path is relative to the folder that the module would have.
        let mut from = folder(file).to_owned();
        if !inside.is_empty() {
            let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".rs");
            let owns_folder = matches!(stem, "mod" | "lib" | "main") || self.anchors.iter().any(|one| one.path == file);
            let own = (!owns_folder).then_some(stem).into_iter();
            for part in own.chain(inside.iter().map(String::as_str)) {
                from = if from.is_empty() { part.to_owned() } else { format!("{from}/{part}") };
            }
        }
        let Some(path) = joined(&from, path) else { return };
        let mut all = self.of(file);
        all.extend(super::name::places(file).into_iter().map(|modules| At { modules, target: None }));
        for at in all {
            let modules = at.modules.iter().chain(inside).cloned().chain([name.to_owned()]).collect();
            self.add(Anchor { path: path.clone(), modules, target: None });
        }
    }

    fn add(&mut self, anchor: Anchor) {
        if !self.anchors.contains(&anchor) {
            self.anchors.push(anchor);
        }
    }

    /// The module paths of a file by what is written down: its own, or those below a file beside or above it.
    pub fn of(&self, path: &str) -> Vec<At> {
        let own = self.anchors.iter().filter(|anchor| anchor.path == path);
        let mut all: Vec<At> =
            own.map(|anchor| At { modules: anchor.modules.clone(), target: anchor.target.clone() }).collect();
        for anchor in self.anchors.iter().filter(|anchor| anchor.path != path) {
            let from = folder(&anchor.path);
            let below =
                if from.is_empty() { Some(path) } else { path.strip_prefix(from).and_then(|p| p.strip_prefix('/')) };
            let Some(below) = below.and_then(|below| below.strip_suffix(".rs")) else { continue };
            let below = below.strip_suffix("/mod").unwrap_or(below);
            let modules = anchor.modules.iter().cloned().chain(below.split('/').map(str::to_owned)).collect();
            all.push(At { modules, target: anchor.target.clone() });
        }
        all
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path relative to a folder; `None` when it leads out of the repository.
fn joined(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(files: &[(&str, &str)]) -> Layout {
        let source = |(path, text): &(&str, &str)| Source { path: (*path).into(), text: (*text).into() };
        Layout::read(&files.iter().map(source).collect::<Vec<_>>())
    }

    fn of(layout: &Layout, path: &str) -> Vec<String> {
        let show =
            |at: At| format!("{}{}", at.target.map_or(String::new(), |t| format!("{t}: ")), at.modules.join("::"));
        layout.of(path).into_iter().map(show).collect()
    }

    #[test]
    fn roots_that_a_manifest_names() {
        let text = "[lib]\npath = \"source/core.rs\"\n[[test]]\nname = \"e\"\npath = \"tests/suite/e.rs\"\n\
                    [[bench]]\nname = \"b\"\npath = \"../shared/b.rs\"\n[[example]]\nname = \"plain\"\n";
        let found = layout(&[("crates/x/Cargo.toml", text)]);
        assert_eq!(of(&found, "crates/x/source/core.rs"), [""]);
        assert_eq!(of(&found, "crates/x/source/a/mod.rs"), ["a"]);
        assert_eq!(of(&found, "crates/x/source/a/b.rs"), ["a::b"]);
        assert_eq!(of(&found, "crates/x/tests/suite/e.rs"), ["e: "]);
        assert_eq!(of(&found, "crates/x/tests/suite/thread.rs"), ["e: thread"]);
        assert_eq!(of(&found, "crates/shared/b.rs"), ["b: "]);
        assert!(of(&found, "crates/x/examples/plain.rs").is_empty());
    }

    #[test]
    fn modules_whose_text_is_elsewhere() {
        let found = layout(&[
            (
                "src/lib.rs",
                "#[path = \"deep/other.rs\"]\nmod named;\nmod inner {\n    #[path = \"x.rs\"]\n    pub mod y;\n}\n",
            ),
            ("src/deep/other.rs", "#[cfg(test)]\n#[path = \"other_tests.rs\"]\nmod tests;\n"),
        ]);
        assert_eq!(of(&found, "src/deep/other.rs")[0], "named");
        assert!(of(&found, "src/deep/other_tests.rs").contains(&"named::tests".to_owned()));
        assert!(of(&found, "src/inner/x.rs").contains(&"inner::y".to_owned()));
    }

    #[test]
    fn what_is_none_is_passed_over() {
        for (path, text) in [
            ("Cargo.toml", "[[test]]\npath = 3\n"),
            ("Cargo.toml", "[lib]\npath = \"../../out.rs\"\n"),
            ("Cargo.toml", "[lib]\npath = \"/etc/x.rs\"\n"),
            ("src/lib.rs", "#[path = \"../../../x.rs\"]\nmod a;\n#[path]\nmod b;\n#[path = ]\nmod c {"),
        ] {
            assert!(layout(&[(path, text)]).anchors.is_empty(), "{text}");
        }
    }
}
