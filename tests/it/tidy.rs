//! The house's rules, as tests: who may import whom, and how large a file may grow.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::Visit;

/// Each room with the rooms it may name. What is in nobody's list may be named by `app` and the front door alone.
pub const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("command", &["domain"]),
    ("policy", &["domain"]),
    ("frameworks", &["domain"]),
    ("edit", &["domain"]),
    ("ecosystems", &["domain", "edit"]),
    ("updaters", &["domain", "edit"]),
    ("ports", &["domain"]),
    ("card", &["domain"]),
    ("history", &["domain"]),
    ("evidence", &["domain", "frameworks", "ecosystems"]),
    ("agents", &["domain"]),
    ("repro", &["domain", "evidence", "edit"]),
    ("remedies", &["domain", "agents", "evidence", "frameworks", "ecosystems", "edit", "updaters"]),
    ("incident", &["domain", "agents", "policy", "remedies", "evidence"]),
    // The engine hands a remedy's editor to git: contents are read and edited there and nowhere else.
    (
        "engine",
        &[
            "domain",
            "agents",
            "command",
            "incident",
            "card",
            "evidence",
            "frameworks",
            "history",
            "policy",
            "ports",
            "remedies",
            "repro",
        ],
    ),
    ("store", &["domain", "ports"]),
    ("adapters", &["domain", "card", "command", "edit", "ports"]),
    ("server", &["domain", "ports"]),
    ("demo", &["domain"]),
    // What a policy may name is asked of those who know it.
    ("config", &["domain", "agents", "policy", "ports", "remedies"]),
];

/// Rooms without I/O, clocks or tasks: the crates that they may not name.
const PURE: &[&str] = &[
    "domain",
    "agents",
    "command",
    "policy",
    "frameworks",
    "edit",
    "ecosystems",
    "updaters",
    "repro",
    "ports",
    "card",
    "evidence",
    "history",
    "remedies",
    "incident",
];
const IMPURE_CRATES: &[&str] = &[
    "tokio",
    "axum",
    "reqwest",
    "sled",
    "tokio_postgres",
    "deadpool_postgres",
    "octocrab",
    "slack_morphism",
    "hyper_util",
    "serenity",
];
/// Who may know a database, a web framework, a platform's own library: rooms, or single adapters.
const OWNERS: &[(&str, &[&str])] = &[
    ("sled", &["store"]),
    ("tokio_postgres", &["store"]),
    ("tokio_postgres_rustls", &["store"]),
    ("deadpool_postgres", &["store"]),
    ("slack_morphism", &["adapters/slack"]),
    ("octocrab", &["adapters/github"]),
    ("serenity", &["adapters/discord"]),
    // Doors of platforms are routes of their own; the demo plays a whole forge.
    ("axum", &["server", "adapters/console", "adapters/github", "adapters/slack", "demo"]),
];

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

/// The paths that a file names: within the crate, resolved from the root, and the crates of others.
#[derive(Default)]
struct Names {
    /// The module that is read.
    at: Vec<String>,
    own: Vec<Vec<String>>,
    crates: Vec<String>,
}

impl Names {
    fn take(&mut self, segments: &[String]) {
        let relative = segments.iter().take_while(|word| *word == "super" || *word == "self").count();
        let (ups, rest) = segments.split_at(relative);
        match rest.first().map(String::as_str) {
            Some("crate") if relative == 0 => self.own.push(rest[1..].to_vec()),
            _ if relative > 0 => {
                let above = ups.iter().filter(|word| *word == "super").count();
                let kept = self.at.len().saturating_sub(above);
                self.own.push([&self.at[..kept], rest].concat());
            }
            Some(first) => self.crates.push(first.to_owned()),
            None => {}
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
            self.at.push(item.ident.to_string());
            syn::visit::visit_item_mod(self, item);
            self.at.pop();
        }
    }
}

/// The module that a file below `src` is.
fn module(inside: &Path) -> Vec<String> {
    let parts = inside.iter().map(|part| part.to_string_lossy().trim_end_matches(".rs").to_owned());
    parts.filter(|part| part != "mod").collect()
}

/// The adapters: one of them knows no other.
fn adapters() -> Vec<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/adapters");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().trim_end_matches(".rs").to_owned();
    let mut all: Vec<String> = fs::read_dir(dir).unwrap().flatten().map(name).collect();
    all.sort();
    all.dedup();
    all
}

/// What the file of a module names and must not.
fn trespasses(module: &[&str], text: &str) -> Vec<String> {
    let mut names = Names { at: module.iter().map(|part| (*part).to_owned()).collect(), ..Names::default() };
    names.visit_file(&syn::parse_file(text).unwrap());
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let room = module[0];
    let Some(may) = arrows.get(room) else { return Vec::new() };
    let adapter = module.get(1).filter(|_| room == "adapters");
    let mut found = Vec::new();
    for path in &names.own {
        let Some(named) = path.first() else { continue };
        if named != room && !may.contains(&named.as_str()) && arrows.contains_key(named.as_str()) || named == "app" {
            found.push(format!("{room} names {named}"));
        }
        let other = path.get(1).filter(|_| named == "adapters");
        if let (Some(adapter), Some(other)) = (adapter, other)
            && other != adapter
            && adapters().contains(other)
        {
            found.push(format!("adapters/{adapter} names adapters/{other}"));
        }
    }
    let place = adapter.map_or_else(|| room.to_owned(), |adapter| format!("adapters/{adapter}"));
    for named in &names.crates {
        if PURE.contains(&room) && IMPURE_CRATES.contains(&named.as_str()) {
            found.push(format!("{room} is pure and names {named}"));
        }
        let owners = OWNERS.iter().find(|(name, _)| name == named).map(|(_, owners)| *owners);
        if owners.is_some_and(|owners| !owners.contains(&place.as_str())) {
            found.push(format!("{place} names {named}"));
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
        let module = module(inside);
        let module: Vec<&str> = module.iter().map(String::as_str).collect();
        let text = fs::read_to_string(&path).unwrap();
        found.extend(trespasses(&module, &text).into_iter().map(|what| format!("{}: {what}", inside.display())));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Rooms whose files each stand on others and never on themselves.
const LAYERED: &[&str] = &["incident"];

/// The files of a room, each with those that it names.
fn layers(room: &str, files: &[(String, String)]) -> BTreeMap<String, BTreeSet<String>> {
    let known: BTreeSet<&String> = files.iter().map(|(name, _)| name).collect();
    let named = |name: &str, text: &str| {
        let mut names = Names { at: vec![room.to_owned(), name.to_owned()], ..Names::default() };
        names.visit_file(&syn::parse_file(text).unwrap());
        let inside = names.own.into_iter().filter(|path| path.first().is_some_and(|first| first == room));
        inside.filter_map(|path| path.get(1).filter(|other| known.contains(other) && *other != name).cloned()).collect()
    };
    files.iter().map(|(name, text)| (name.clone(), named(name, text))).collect()
}

/// What is left when whoever stands on nothing that is left is taken away, again and again: circles, and what uses them.
fn circles(mut layers: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    loop {
        let left: BTreeSet<String> = layers.keys().cloned().collect();
        layers.retain(|_, names| names.iter().any(|name| left.contains(name)));
        if layers.len() == left.len() {
            return left.into_iter().collect();
        }
    }
}

#[test]
fn files_of_a_layered_room_do_not_use_each_other_in_circles() {
    for room in LAYERED {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
        let files = fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path()).filter(|path| path.is_file());
        let read = |path: PathBuf| {
            (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap())
        };
        let files: Vec<(String, String)> = files.map(read).collect();
        assert_eq!(circles(layers(room, &files)), Vec::<String>::new(), "{room}");
    }
}

#[test]
fn a_circle_of_files_is_caught() {
    for (files, found) in [
        (&[("a", "use super::b::f;"), ("b", "fn f() {}")][..], &[][..]),
        (&[("a", "use super::b::f;"), ("b", "fn f() { super::a::g() }")], &["a", "b"]),
        (&[("a", "use super::{b, c};"), ("b", "use super::c;"), ("c", "use crate::incident::b;")], &["a", "b", "c"]),
    ] {
        let files: Vec<(String, String)> = files.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
        assert_eq!(circles(layers("incident", &files)), found, "{files:?}");
    }
}

/// A room that no arrow leads to or from would be free to do anything.
#[test]
fn every_room_has_its_arrows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms = fs::read_dir(root).unwrap().flatten().map(|entry| module(Path::new(&entry.file_name()))[0].clone());
    let known = |room: &String| ARROWS.iter().any(|(name, _)| name == room);
    let free: Vec<String> =
        rooms.filter(|room| !known(room) && !["app", "cli", "lib", "main"].contains(&room.as_str())).collect();
    assert!(free.is_empty(), "{free:?}");
}

#[test]
fn a_trespass_is_caught() {
    for (module, text) in [
        (&["domain", "ids"][..], "use crate::engine::Engine;"),
        (&["incident"], "fn f() { crate::store::open(); }"),
        (&["engine", "run"], "use sled::Db;"),
        (&["engine", "run"], "use tokio_postgres::Client;"),
        (&["policy"], "use {std::fmt, tokio::time};"),
        (&["server"], "use crate::{adapters::slack, domain};"),
        (&["demo"], "use crate::ports::Clock;"),
        (&["adapters", "slack", "chat"], "use crate::adapters::github::GitHub;"),
        (&["adapters", "slack", "chat"], "use super::super::discord::Discord;"),
        (&["adapters", "git"], "mod inner { use super::super::resolver::Resolver; }"),
        (&["adapters", "git", "push"], "use serenity::http::Http;"),
        (&["store"], "use crate::app::App;"),
        (&["edit", "json"], "use crate::ecosystems::all;"),
        (&["edit"], "use super::updaters::all;"),
        (&["ecosystems", "npm"], "use reqwest::Client;"),
        (&["ports"], "use tokio::time::sleep;"),
    ] {
        assert!(!trespasses(module, text).is_empty(), "{module:?}: {text}");
    }
    for (module, text) in [
        (&["engine"][..], "use crate::domain::Repo; use tokio::sync::Mutex;"),
        (&["adapters", "slack", "chat"], "use super::http::Http; use crate::ports::Chat;"),
        (&["ecosystems", "npm", "edit"], "use super::super::edit::PinEditor; use crate::edit::draft::Draft;"),
    ] {
        assert_eq!(trespasses(module, text), Vec::<String>::new(), "{module:?}: {text}");
    }
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

/// Files that name a remedy for a reason of its own, and are no list: why, is said there.
const SINGLED_OUT: &[(&str, &[&str])] = &[
    ("retry", &["card/view.rs", "command/comment.rs", "incident/people.rs", "incident/proposal.rs"]),
    ("quarantine", &["incident/automatic.rs", "policy/gates.rs"]),
    ("fix", &["card/view.rs", "command/comment.rs", "incident/automatic.rs"]),
    // Its loop goes on by itself.
    ("agent", &["incident/looping.rs"]),
    // Also a word for what was opened.
    ("issue", &["card/words.rs", "incident/escalating.rs", "remedies/unquarantine.rs"]),
];
/// Rooms that know of remedies, or could keep a list of them.
const OF_REMEDIES: &[&str] = &["card", "cli", "command", "config", "engine", "incident", "policy", "remedies"];

/// Adding a remedy touches its file, its wish and how that is read, its verb, its line in `all()`, and no list elsewhere.
#[test]
fn a_remedy_is_known_in_few_places() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let src = root.join("src");
    let listing = fs::read_to_string(src.join("remedies.rs")).unwrap();
    let wishes = fs::read_to_string(src.join("domain/intent.rs")).unwrap();
    for remedy in ci_rescue::remedies::all() {
        let id = remedy.id();
        let word = format!("\"{id}\"");
        assert!(root.join(format!("commands/{id}.toml")).exists(), "{id} has no verb");
        assert!(listing.contains(&format!("Box::new({id}::")), "{id} is not in a file of its own");
        assert!(wishes.contains(&word), "{id} has no wish");
        let mut known = vec![format!("remedies/{id}.rs"), "remedies/code.rs".to_owned()];
        known.extend(["command/read.rs", "cli/plan.rs"].map(str::to_owned));
        let extra = SINGLED_OUT.iter().find(|(of, _)| *of == id).map_or(&[][..], |(_, files)| files);
        known.extend(extra.iter().map(|file| (*file).to_owned()));
        for path in sources(&src) {
            let inside = path.strip_prefix(&src).unwrap();
            let code = fs::read_to_string(&path).unwrap();
            // What tests say is no list.
            let code = code.split("#[cfg(test)]").next().unwrap_or_default();
            let test = inside.iter().any(|part| part == "tests" || part == "tests.rs");
            let room = module(inside).into_iter().next().unwrap_or_default();
            if !test && OF_REMEDIES.contains(&room.as_str()) && code.contains(&word) {
                let inside = inside.to_string_lossy().into_owned();
                assert!(known.contains(&inside), "{id} is also named in {inside}");
            }
        }
    }
}
