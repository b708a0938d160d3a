//! What is done with every sample.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ci_rescue::domain::edit::{Edit, Edited, Source};
use ci_rescue::ecosystems::edit::PinEditor;
use ci_rescue::edit::draft::Manifests;

use super::tables::{self, Expect, Row};

pub fn data(id: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pin").join(id)
}

fn collect(root: &Path, at: &Path, out: &mut Vec<Source>) {
    let mut paths = std::fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, out);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            out.push(Source { path: name, text: std::fs::read_to_string(&path).unwrap() });
        }
    }
}

/// The files of a sample and the earlier contents of its locks.
pub fn load(editor: &dyn PinEditor, name: &str) -> (Vec<Source>, Vec<Source>) {
    let root = data(editor.id()).join(name);
    let mut all = Vec::new();
    collect(&root, &root, &mut all);
    let followed = editor.follows(&all);
    let (mut files, mut earlier) = (Vec::new(), Vec::new());
    for source in all {
        if let Some(path) = source.path.strip_prefix("earlier/") {
            assert!(editor.is_lock(path), "{path} is no lock");
            earlier.push(Source { path: path.to_owned(), text: source.text });
        } else {
            let read = editor.reads(&source.path) || followed.contains(&source.path) || is_foreign(&source.path);
            assert!(read, "{} is not read", source.path);
            files.push(source);
        }
    }
    (files, earlier)
}

/// Locks of other managers stand in samples to be told from one's own.
fn is_foreign(path: &str) -> bool {
    path.ends_with("package-lock.json") || path.ends_with("pnpm-workspace.yaml")
}

pub fn applied(files: &[Source], edit: &Edit) -> Vec<Source> {
    let mut out = files.to_vec();
    for new in &edit.files {
        let old = out.iter_mut().find(|old| old.path == new.path).expect("an edited file is one of the given");
        assert_ne!(old.text, new.text, "{} does not change", new.path);
        old.text.clone_from(&new.text);
    }
    out
}

fn with_crlf(sources: &[Source]) -> Vec<Source> {
    let crlf = |source: &Source| Source {
        path: source.path.clone(),
        text: source.text.replace("\r\n", "\n").replace('\n', "\r\n"),
    };
    sources.iter().map(crlf).collect()
}

fn with_bom(sources: &[Source]) -> Vec<Source> {
    let marked = |source: &Source| Source { path: source.path.clone(), text: format!("\u{feff}{}", source.text) };
    sources.iter().map(marked).collect()
}

/// As former versions wrote their marks for Cargo and pnpm: they are in people's repositories, and are taken back for ever.
fn former(sources: &[Source]) -> Vec<Source> {
    let mark = |line: &str| {
        if line.contains("# ci-rescue pin was ") { line.replace("; locked ", " locked ") } else { line.to_owned() }
    };
    let file =
        |file: &Source| Source { path: file.path.clone(), text: file.text.split_inclusive('\n').map(mark).collect() };
    sources.iter().map(file).collect()
}

fn check(editor: &dyn PinEditor, row: &Row) {
    let what = format!("{} {} {} {}", editor.id(), row.set, row.package, row.version);
    let (files, earlier) = load(editor, row.set);
    let edited = editor.pin(Manifests { files: &files, earlier: &earlier }, row.package, row.version);
    match (&row.expect, &edited) {
        (Expect::Absent, Edited::Absent) => {}
        (Expect::Already, Edited::Already(said)) => assert!(said.ends_with('.'), "{what}: {said}"),
        (Expect::Refused(part), Edited::Unresolved(locks)) => {
            assert!(locks.iter().any(|lock| lock.why.contains(part)), "{what}: {locks:?}");
        }
        (Expect::Refused(part), Edited::Refused(reasons)) => {
            assert!(reasons.iter().any(|reason| reason.contains(part)), "{what}: {reasons:?}");
        }
        (Expect::Ready(lines, warning), Edited::Ready(edit)) => {
            let now = applied(&files, edit);
            for line in *lines {
                let (path, text) = line.split_once(": ").unwrap();
                let file = now.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{what}: no {path}"));
                assert!(file.text.contains(text), "{what}: no {text:?} in\n{}", file.text);
            }
            for file in &edit.files {
                let expected = lines.iter().any(|line| line.starts_with(&format!("{}: ", file.path)));
                assert!(expected, "{what}: {} is edited\n{}", file.path, file.text);
            }
            let warnings = warnings(edit);
            match warning {
                Some(part) => {
                    let warned = warnings.iter().any(|said| said.contains(part));
                    assert!(part.is_empty() || warned, "{what}: {warnings:?}");
                }
                None => assert!(warnings.is_empty(), "{what}: {warnings:?}"),
            }
            assert!(!edit.because.is_empty(), "{what}: no reason given");
        }
        _ => panic!("{what}: {edited:#?}"),
    }
    if let Edited::Ready(_) = edited {
        round(editor, row, &files, &earlier, &what);
        round(editor, row, &with_bom(&files), &with_bom(&earlier), &format!("{what} with a byte order mark"));
        round(editor, row, &with_crlf(&files), &with_crlf(&earlier), &format!("{what} with CRLF"));
    }
}

fn warnings(edit: &Edit) -> Vec<&str> {
    edit.warnings.iter().chain(edit.unresolved.iter().map(|lock| &lock.why)).map(String::as_str).collect()
}

/// Pins, pins again, pins another version, and takes it back.
fn round(editor: &dyn PinEditor, row: &Row, files: &[Source], earlier: &[Source], what: &str) {
    let pin = |files: &[Source], version: &str| editor.pin(Manifests { files, earlier }, row.package, version);
    let first = pin(files, row.version);
    let Edited::Ready(edit) = first else { panic!("{what}: {first:#?}") };
    let pinned = applied(files, &edit);
    for (before, source) in files.iter().zip(&pinned) {
        let lone = source.text.replace("\r\n", "").contains('\n');
        assert!(!before.text.contains("\r\n") || !lone, "{what}: a lone line feed in {}", source.path);
    }
    let again = pin(&pinned, row.version);
    // A lock that had to stay as it was is told of again.
    let warned = !warnings(&edit).is_empty() && matches!(again, Edited::Refused(_) | Edited::Unresolved(_));
    assert!(warned || matches!(&again, Edited::Already(_)), "{what}: pinned again: {again:#?}");
    let locks = files.iter().filter(|file| editor.is_lock(&file.path)).cloned();
    let history = pinned.iter().filter(|file| editor.is_lock(&file.path)).cloned();
    let history = history.chain(locks).chain(earlier.iter().cloned()).collect::<Vec<_>>();
    let back = |files: &[Source]| editor.unpin(Manifests { files, earlier: &history }, row.package);
    let once = if ["cargo", "pnpm"].contains(&editor.id()) { former(&pinned) } else { pinned.clone() };
    for pinned in [pinned.clone(), once] {
        let undone = back(&pinned);
        let Edited::Ready(edit) = undone else { panic!("{what}: not taken back: {undone:#?}\n{pinned:#?}") };
        for (before, after) in files.iter().zip(applied(&pinned, &edit)) {
            assert_eq!(before.text, after.text, "{what}: {} is not as before", before.path);
        }
    }
    assert_eq!(back(files), Edited::Absent, "{what}: nothing is pinned");
    if let Edited::Ready(edit) = pin(&pinned, row.other) {
        let moved = applied(&pinned, &edit);
        let undone = back(&moved);
        let Edited::Ready(edit) = undone else { panic!("{what}: not taken back after {}: {undone:#?}", row.other) };
        for (before, after) in files.iter().zip(applied(&moved, &edit)) {
            let lock = editor.is_lock(&before.path) && editor.id() != "pip";
            assert!(lock || before.text == after.text, "{what}: after {} {} differs", row.other, before.path);
        }
    }
}

/// Walks over a table; every row that fails is told.
fn walk(id: &str, rows: &[Row]) {
    let editor = super::editor(id);
    let fails = |row: &&Row| catch_unwind(AssertUnwindSafe(|| check(editor, row))).is_err();
    let failed: Vec<String> =
        rows.iter().filter(fails).map(|row| format!("{} {} {}", row.set, row.package, row.version)).collect();
    assert!(failed.is_empty(), "{id}: {failed:#?}");
}

macro_rules! walks {
    ($($name:ident: $id:literal, $rows:expr;)*) => {
        $(#[test]
        fn $name() {
            walk($id, $rows);
        })*

        /// A table that no test walks over would hold for nothing.
        #[test]
        fn every_editor_has_a_table() {
            let walked = [$($id),*];
            for editor in ci_rescue::ecosystems::editors() {
                assert!(walked.contains(&editor.id()), "{}", editor.id());
            }
        }
    };
}

walks! {
    actions: "github-actions", tables::ACTIONS;
    bundler: "bundler", tables::BUNDLER;
    cargo: "cargo", tables::CARGO;
    composer: "composer", tables::COMPOSER;
    docker: "docker", tables::DOCKER;
    go: "go", tables::GO;
    gradle: "gradle", tables::GRADLE;
    maven: "maven", tables::MAVEN;
    npm: "npm", tables::NPM;
    nuget: "nuget", tables::NUGET;
    pip: "pip", tables::PIP;
    pnpm: "pnpm", tables::PNPM;
    poetry: "poetry", tables::POETRY;
    pre_commit: "pre-commit", tables::PRE_COMMIT;
    uv: "uv", tables::UV;
    yarn: "yarn", tables::YARN;
}

/// Pins two packages, takes them back in both orders.
fn two(editor: &dyn PinEditor, name: &str, packages: [(&str, &str); 2]) {
    let (files, earlier) = load(editor, name);
    for order in [[0, 1], [1, 0]] {
        let mut now = files.clone();
        for (package, version) in packages {
            let Edited::Ready(edit) = editor.pin(Manifests { files: &now, earlier: &earlier }, package, version) else {
                panic!("{package} is not pinned")
            };
            now = applied(&now, &edit);
        }
        for index in order {
            let (package, _) = packages[index];
            let Edited::Ready(edit) = editor.unpin(Manifests { files: &now, earlier: &files }, package) else {
                panic!("{package} is not taken back")
            };
            now = applied(&now, &edit);
        }
        assert_eq!(now, files, "{} {name} {order:?}", editor.id());
    }
}

#[test]
fn two_packages_do_not_disturb_each_other() {
    two(super::editor("pip"), "project", [("pytest", "7.4.0"), ("typing-extensions", "4.8.0")]);
    two(super::editor("pip"), "constrained", [("idna", "3.4"), ("certifi", "2024.2.2")]);
    two(super::editor("uv"), "transitive", [("idna", "3.4"), ("certifi", "2024.2.2")]);
    two(super::editor("uv"), "table", [("idna", "3.4"), ("requests", "2.32.3")]);
    two(super::editor("uv"), "constrained", [("idna", "3.4"), ("certifi", "2024.2.2")]);
    two(super::editor("poetry"), "transitive", [("idna", "3.4"), ("requests", "2.32.3")]);
    two(super::editor("go"), "block", [("golang.org/x/net", "0.15.0"), ("golang.org/x/text", "0.12.0")]);
    two(super::editor("maven"), "empty", [("a:b", "1"), ("c:d", "2")]);
    two(super::editor("maven"), "modules", [("a:b", "1"), ("org.mockito:mockito-core", "5.1.0")]);
    let commons = [("org.apache.commons:commons-lang3", "3.11"), ("commons-io:commons-io", "2.10.0")];
    two(super::editor("gradle"), "multi", commons);
    two(super::editor("bundler"), "simple", [("puma", "6.0.2"), ("nio4r", "2.5.9")]);
    two(super::editor("nuget"), "attribute", [("System.Memory", "4.5.4"), ("Newtonsoft.Json", "13.0.1")]);
}

#[test]
fn already_pinned_by_people() {
    let file = Source { path: "package.json".to_owned(), text: "{\"dependencies\": {\"x\": \"1.0.0\"}}".to_owned() };
    let edited = super::editor("npm").pin(Manifests { files: &[file], earlier: &[] }, "x", "1.0.0");
    assert!(matches!(edited, Edited::Already(_)));
}
