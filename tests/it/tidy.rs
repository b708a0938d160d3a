//! The house's rules, as tests: who may import whom, and how large a file may grow.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::Visit;

/// Each room with the rooms it may name. What is in nobody's list may be named by `app` and the front door alone.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("command", &["domain"]),
    ("policy", &["domain"]),
    ("frameworks", &["domain"]),
    ("edit", &["domain"]),
    ("ecosystems", &["domain", "edit"]),
    ("updaters", &["domain", "edit"]),
    ("ports", &["domain"]),
    ("card", &["domain"]),
    ("evidence", &["domain", "frameworks", "ecosystems"]),
    ("remedies", &["domain", "evidence", "frameworks", "ecosystems", "edit", "updaters"]),
    ("incident", &["domain", "policy", "remedies", "evidence"]),
    // The engine hands a remedy's editor to git: contents are read and edited there and nowhere else.
    ("engine", &["domain", "command", "incident", "card", "evidence", "policy", "ports", "remedies"]),
    ("store", &["domain", "ports"]),
    ("adapters", &["domain", "card", "command", "ports"]),
    ("server", &["domain", "ports"]),
    ("demo", &["domain"]),
    // What a policy may name is asked of those who know it.
    ("config", &["domain", "policy", "ports", "remedies"]),
];

/// Rooms without I/O, clocks or tasks: the crates that they may not name.
const PURE: &[&str] = &[
    "domain",
    "command",
    "policy",
    "frameworks",
    "edit",
    "ecosystems",
    "updaters",
    "card",
    "evidence",
    "remedies",
    "incident",
];
const IMPURE_CRATES: &[&str] = &["tokio", "axum", "reqwest", "sled", "octocrab", "slack_morphism", "hyper_util"];
/// Who may know a database, a web framework.
const OWNERS: &[(&str, &[&str])] =
    &[("sled", &["store"]), ("slack_morphism", &["adapters"]), ("octocrab", &["adapters"])];

const LINES_MAX: usize = 600;

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(sources(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            all.push(path);
        }
    }
    all
}

/// The first path segments that a file names: crates, and rooms after `crate`.
#[derive(Default)]
struct Names {
    rooms: Vec<String>,
    crates: Vec<String>,
}

impl Names {
    fn take(&mut self, segments: &[String]) {
        match segments {
            [first, room, ..] if first == "crate" => self.rooms.push(room.clone()),
            [first, ..] => self.crates.push(first.clone()),
            [] => {}
        }
    }

    fn tree(&mut self, tree: &syn::UseTree, before: &[String]) {
        match tree {
            syn::UseTree::Path(path) => {
                let mut all = before.to_vec();
                all.push(path.ident.to_string());
                self.tree(&path.tree, &all);
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(item, before)),
            syn::UseTree::Name(name) => self.take(&[before, &[name.ident.to_string()]].concat()),
            syn::UseTree::Rename(name) => self.take(&[before, &[name.ident.to_string()]].concat()),
            syn::UseTree::Glob(_) => self.take(before),
        }
    }
}

impl<'a> Visit<'a> for Names {
    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.take(&segments);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        // Tests in a room may use what they like.
        if item.ident != "tests" {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

/// What a file of `room` names and must not.
fn trespasses(room: &str, adapter: Option<&str>, text: &str) -> Vec<String> {
    let mut names = Names::default();
    names.visit_file(&syn::parse_file(text).unwrap());
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let Some(may) = arrows.get(room) else { return Vec::new() };
    let mut found = Vec::new();
    for named in &names.rooms {
        if named != room && !may.contains(&named.as_str()) && arrows.contains_key(named.as_str()) {
            found.push(format!("{room} names crate::{named}"));
        }
        if named == "app" {
            found.push(format!("{room} names crate::app"));
        }
    }
    for named in &names.crates {
        if PURE.contains(&room) && IMPURE_CRATES.contains(&named.as_str()) {
            found.push(format!("{room} is pure and names {named}"));
        }
        let owners = OWNERS.iter().find(|(name, _)| name == named).map(|(_, owners)| *owners);
        if owners.is_some_and(|owners| !owners.contains(&room)) {
            found.push(format!("{room} names {named}"));
        }
    }
    if let Some(adapter) = adapter {
        for other in ["console", "github", "slack", "hooks"].iter().filter(|other| **other != adapter) {
            if text.contains(&format!("adapters::{other}")) {
                found.push(format!("adapters/{adapter} names adapters/{other}"));
            }
        }
    }
    found
}

#[test]
fn rooms_keep_to_their_arrows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    // A room's own tests may use what they like.
    let is_test =
        |path: &Path| path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")));
    for path in sources(&root) {
        let inside = path.strip_prefix(&root).unwrap();
        if is_test(inside) {
            continue;
        }
        let mut parts =
            inside.components().map(|part| part.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned());
        let room = parts.next().unwrap();
        let adapter = parts.next().filter(|_| room == "adapters");
        let text = fs::read_to_string(&path).unwrap();
        found.extend(
            trespasses(&room, adapter.as_deref(), &text)
                .into_iter()
                .map(|what| format!("{}: {what}", inside.display())),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_trespass_is_caught() {
    for (room, adapter, text) in [
        ("domain", None, "use crate::engine::Engine;"),
        ("incident", None, "fn f() { crate::store::open(); }"),
        ("engine", None, "use sled::Db;"),
        ("policy", None, "use {std::fmt, tokio::time};"),
        ("server", None, "use crate::{adapters::slack, domain};"),
        ("demo", None, "use crate::ports::Clock;"),
        ("adapters", Some("slack"), "use crate::adapters::github::GitHub;"),
        ("store", None, "use crate::app::App;"),
    ] {
        assert!(!trespasses(room, adapter, text).is_empty(), "{room}: {text}");
    }
    assert!(trespasses("engine", None, "use crate::domain::Repo; use tokio::sync::Mutex;").is_empty());
}

#[test]
fn no_file_is_crowded_and_nothing_is_left_unfinished() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for path in sources(&root.join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if lines > LINES_MAX {
            found.push(format!("{}: {lines} lines", path.display()));
        }
        for mark in ["todo!(", "unimplemented!(", "FIXME", "dbg!("] {
            if text.contains(mark) {
                found.push(format!("{}: {mark}", path.display()));
            }
        }
        if !text.starts_with("//!") && text.lines().count() > 20 {
            found.push(format!("{}: does not say what it is", path.display()));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
