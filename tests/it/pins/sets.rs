//! Every sample set below `data`: what is edited, and that it can be taken back byte by byte.

use std::path::Path;

use ci_rescue::domain::edit::{Edit, Edited, Source};
use ci_rescue::ecosystems::edit::PinEditor;
use ci_rescue::edit::draft::Manifests;

use super::tables;
use super::tables::{Expect, Row};

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

/// The files of a set and the earlier contents of its locks.
fn set(editor: &dyn PinEditor, name: &str) -> (Vec<Source>, Vec<Source>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pin").join(editor.id()).join(name);
    let mut all = Vec::new();
    collect(&root, &root, &mut all);
    let (mut files, mut earlier) = (Vec::new(), Vec::new());
    for source in all {
        if let Some(path) = source.path.strip_prefix("earlier/") {
            assert!(editor.is_lock(path), "{path} is no lock");
            earlier.push(Source { path: path.to_owned(), text: source.text });
        } else {
            assert!(editor.reads(&source.path), "{} is not read", source.path);
            files.push(source);
        }
    }
    (files, earlier)
}

fn applied(files: &[Source], edit: &Edit) -> Vec<Source> {
    let mut out = files.to_vec();
    for new in &edit.files {
        let old = out.iter_mut().find(|old| old.path == new.path).expect("an edited file is one of the given");
        assert_ne!(old.text, new.text, "{} does not change", new.path);
        old.text.clone_from(&new.text);
    }
    out
}

fn with_crlf(sources: &[Source]) -> Vec<Source> {
    let crlf = |source: &Source| Source { path: source.path.clone(), text: source.text.replace('\n', "\r\n") };
    sources.iter().map(crlf).collect()
}

fn with_bom(sources: &[Source]) -> Vec<Source> {
    let marked = |source: &Source| Source { path: source.path.clone(), text: format!("\u{feff}{}", source.text) };
    sources.iter().map(marked).collect()
}

fn check(editor: &dyn PinEditor, row: &Row) {
    let what = format!("{} {} {} {}", editor.id(), row.set, row.package, row.version);
    let (files, earlier) = set(editor, row.set);
    let edited = editor.pin(Manifests { files: &files, earlier: &earlier }, row.package, row.version);
    match (&row.expect, &edited) {
        (Expect::Absent, Edited::Absent) => {}
        (Expect::Already, Edited::Already(said)) => assert!(said.ends_with('.'), "{what}: {said}"),
        (Expect::Refused(part), Edited::Refused(reasons)) => {
            assert!(reasons.iter().any(|reason| reason.contains(part)), "{what}: {reasons:?}");
        }
        (Expect::Ready(lines, warning), Edited::Ready(edit)) => {
            for line in *lines {
                let (path, text) = line.split_once(": ").unwrap();
                let file = edit.files.iter().find(|file| file.path == path);
                let file = file.unwrap_or_else(|| panic!("{what}: {path} is not edited: {edit:#?}"));
                assert!(file.text.contains(text), "{what}: no {text:?} in\n{}", file.text);
            }
            for file in &edit.files {
                let expected = lines.iter().any(|line| line.starts_with(&format!("{}: ", file.path)));
                assert!(expected, "{what}: {} is edited\n{}", file.path, file.text);
            }
            let warned = edit.warnings.iter().any(|said| said.contains(warning));
            assert!(warning.is_empty() || warned, "{what}: {:?}", edit.warnings);
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

/// Pins, pins again, pins another version, and takes it back.
fn round(editor: &dyn PinEditor, row: &Row, files: &[Source], earlier: &[Source], what: &str) {
    let pin = |files: &[Source], version: &str| editor.pin(Manifests { files, earlier }, row.package, version);
    let Edited::Ready(edit) = pin(files, row.version) else { panic!("{what}") };
    let pinned = applied(files, &edit);
    for source in &pinned {
        let lone = source.text.replace("\r\n", "").contains('\n');
        assert!(!files[0].text.contains("\r\n") || !lone, "{what}: a lone line feed in {}", source.path);
    }
    let again = pin(&pinned, row.version);
    assert!(matches!(&again, Edited::Already(_)), "{what}: pinned again: {again:#?}");
    let locks = files.iter().filter(|file| editor.is_lock(&file.path)).cloned();
    let history = pinned.iter().filter(|file| editor.is_lock(&file.path)).cloned();
    let history = history.chain(locks).chain(earlier.iter().cloned()).collect::<Vec<_>>();
    let back = |files: &[Source]| editor.unpin(Manifests { files, earlier: &history }, row.package);
    let undone = back(&pinned);
    let Edited::Ready(edit) = undone else { panic!("{what}: not taken back: {undone:#?}\n{pinned:#?}") };
    for (before, after) in files.iter().zip(applied(&pinned, &edit)) {
        assert_eq!(before.text, after.text, "{what}: {} is not as before", before.path);
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

fn walk(editor: &dyn PinEditor, rows: &[Row]) {
    for row in rows {
        check(editor, row);
    }
    hostile(editor, &rows[0]);
}

fn hostile(editor: &dyn PinEditor, row: &Row) {
    let (files, earlier) = set(editor, row.set);
    let manifests = Manifests { files: &files, earlier: &earlier };
    let versions = [
        "$(curl x)",
        "^1 || file:../x",
        "git+ssh://x",
        "npm:evil@1",
        "1.0; rm",
        "",
        "../1",
        "1\n2",
        ">=1",
        "1.0 2",
        "`id`1",
        "latest",
        "1..2",
        "\"1\"",
        "-->1",
    ];
    for version in versions {
        let edited = editor.pin(manifests, row.package, version);
        assert!(matches!(edited, Edited::Refused(_)), "{} takes {version:?}: {edited:?}", editor.id());
    }
    for name in ["", "a b", "x\ny", "../x", "x;rm", "$(x)", "-r x", "a\"b", "<x>", "--", "é:é", "a:b:c:--x", "@@"] {
        let edited = editor.pin(manifests, name, row.version);
        assert!(matches!(edited, Edited::Refused(_)), "{} takes {name:?}: {edited:?}", editor.id());
        assert_eq!(editor.unpin(manifests, name), Edited::Absent, "{} unpins {name:?}", editor.id());
    }
}

#[test]
fn pip() {
    walk(super::editor("pip"), tables::PIP);
}

#[test]
fn uv() {
    walk(super::editor("uv"), tables::UV);
}

#[test]
fn poetry() {
    walk(super::editor("poetry"), tables::POETRY);
}

#[test]
fn go() {
    walk(super::editor("go"), tables::GO);
}

#[test]
fn maven() {
    walk(super::editor("maven"), tables::MAVEN);
}

#[test]
fn gradle() {
    walk(super::editor("gradle"), tables::GRADLE);
}

#[test]
fn bundler() {
    walk(super::editor("bundler"), tables::BUNDLER);
}

#[test]
fn nuget() {
    walk(super::editor("nuget"), tables::NUGET);
}

/// Pins two packages, takes them back in both orders.
fn two(editor: &dyn PinEditor, name: &str, packages: [(&str, &str); 2]) {
    let (files, earlier) = set(editor, name);
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
