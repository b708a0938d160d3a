//! The documents tell the truth: links and paths lead somewhere, commands are taken, configurations are valid, tables and
//! lists are those of the code.

mod api;
mod configuration;
mod lists;
mod made;
mod site;

use crate::tidy::ARROWS;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What can be checked in a document.
#[derive(Default)]
struct Document {
    /// From the repository's root.
    path: PathBuf,
    text: String,
    links: Vec<String>,
    /// Where each picture is, and what it says to those who do not see it.
    pictures: Vec<(String, String)>,
    /// As links to headings write them.
    headings: BTreeSet<String>,
    /// Inline code.
    spans: Vec<String>,
    /// Fenced code, with its language.
    blocks: Vec<(String, String)>,
}

impl Document {
    fn read(path: &Path) -> Self {
        Self::of(path, &fs::read_to_string(root().join(path)).unwrap())
    }

    fn of(path: &Path, text: &str) -> Self {
        let mut document = Self { path: path.to_owned(), text: text.to_owned(), ..Self::default() };
        let (mut heading, mut block): (Option<String>, Option<(String, String)>) = (None, None);
        let mut picture: Option<(String, String)> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. }) => document.links.push(dest_url.to_string()),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => document.head(&heading.take().unwrap_or_default()),
                Event::Start(Tag::Image { dest_url, .. }) => picture = Some((dest_url.to_string(), String::new())),
                Event::End(TagEnd::Image) => document.pictures.extend(picture.take()),
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                    block = Some((language.to_string(), String::new()));
                }
                Event::End(TagEnd::CodeBlock) => document.blocks.extend(block.take()),
                Event::Code(code) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&code);
                    }
                    document.spans.push(code.replace("\\|", "|"));
                }
                Event::Text(more) => {
                    let said = picture.as_mut().or(block.as_mut()).map(|(_, text)| text);
                    if let Some(text) = heading.as_mut().or(said) {
                        text.push_str(&more);
                    }
                }
                _ => {}
            }
        }
        document
    }

    /// A heading that is there already gets a number.
    fn head(&mut self, heading: &str) {
        let slug = slug(heading);
        let numbered = (1..).map(|n| format!("{slug}-{n}"));
        let free = std::iter::once(slug.clone()).chain(numbered).find(|slug| !self.headings.contains(slug));
        self.headings.extend(free);
    }

    fn blocks(&self, language: &str) -> impl Iterator<Item = &str> {
        self.blocks.iter().filter(move |(is, _)| is == language).map(|(_, text)| text.as_str())
    }

    fn says(&self, what: &str) -> String {
        format!("{}: {what}", self.path.display())
    }
}

/// A heading as GitHub writes it in links.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(|c: char| !c.is_alphanumeric() && !" -_".contains(c), "");
    kept.trim().replace(' ', "-")
}

fn documents() -> Vec<Document> {
    let mut all: Vec<PathBuf> = markdown("").into_iter().chain(pages()).collect();
    all.sort();
    all.iter().map(|path| Document::read(path)).collect()
}

/// The Markdown files in a folder, from the root.
fn markdown(dir: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(dir)).unwrap().flatten();
    let files = entries.map(|entry| Path::new(dir).join(entry.file_name()));
    files.filter(|path| path.extension().is_some_and(|ext| ext == "md")).collect()
}

/// Everything in `docs/`, folders within it too.
fn pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("docs")).unwrap().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let folders = folders.map(|entry| format!("docs/{}", entry.file_name().to_string_lossy()));
    folders.chain(["docs".to_owned()]).flat_map(|folder| markdown(&folder)).collect()
}

fn document(path: &str) -> Document {
    Document::read(Path::new(path))
}

/// Links and pictures of a document that lead nowhere among all of them.
fn astray(document: &Document, all: &BTreeMap<PathBuf, Document>) -> Vec<String> {
    let pictures = document.pictures.iter().map(|(to, _)| to);
    let links = document.links.iter().chain(pictures).filter(|link| !link.contains("://"));
    let is_lost = |link: &&String| {
        let (path, heading) = link.split_once('#').unwrap_or((link, ""));
        let target = if path.is_empty() { document.path.clone() } else { beside(&document.path, path) };
        let is_said = heading.is_empty() || all.get(&target).is_some_and(|to| to.headings.contains(heading));
        !root().join(&target).exists() || !is_said
    };
    links.filter(is_lost).map(|link| document.says(link)).collect()
}

#[test]
fn links_lead_somewhere() {
    let all: BTreeMap<PathBuf, Document> =
        documents().into_iter().map(|document| (document.path.clone(), document)).collect();
    let wrong: Vec<String> = all.values().flat_map(|document| astray(document, &all)).collect();
    assert!(wrong.is_empty(), "links that lead nowhere:\n{}", wrong.join("\n"));
    // Those that do are noticed.
    let text = "[a](security.md) [b](gone.md) [c](security.md#gone) [d](#gone) ![a picture](gone.png) [e](security.md)";
    let planted = Document::of(Path::new("docs/planted.md"), text);
    assert_eq!(astray(&planted, &all).len(), 4);
}

/// A path as a document names it, from the root.
fn beside(document: &Path, path: &str) -> PathBuf {
    let mut target = document.parent().unwrap().to_owned();
    for part in path.split('/') {
        if part == ".." {
            assert!(target.pop(), "{} leads out of the repository", document.display());
        } else {
            target.push(part);
        }
    }
    target
}

#[test]
fn paths_that_are_named_are_there() {
    let ours = Regex::new(r"^(?:src|tests|commands|rules|templates|docs|benches|deploy|\.ci)/[\w./*-]*$").unwrap();
    let mut wrong = Vec::new();
    for document in documents() {
        for span in document.spans.iter().filter(|span| ours.is_match(span)) {
            let literal = span.split('*').next().unwrap_or(span);
            // Of a pattern, the folder.
            let path = if literal == span { literal } else { literal.rsplit_once('/').map_or("", |(dir, _)| dir) };
            if !root().join(path).exists() {
                wrong.push(document.says(span));
            }
        }
    }
    assert!(wrong.is_empty(), "paths that are not there:\n{}", wrong.join("\n"));
}

#[test]
fn the_code_map_is_that_of_the_code() {
    let document = document("docs/architecture.md");
    let map = document.blocks("text").next().expect("the code map");
    let (mut rooms, mut above) = (BTreeSet::new(), "");
    for line in map.lines() {
        let name = line.split_whitespace().next().unwrap().trim_end_matches('/');
        if line.starts_with(' ') {
            assert_eq!(above, "src", "{line}");
            assert!(rooms.insert(name.to_owned()), "twice: {line}");
        } else {
            assert!(root().join(name).is_dir(), "{line}");
            above = name;
        }
    }
    let entries = fs::read_dir(root().join("src")).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().trim_end_matches(".rs").to_owned());
    let real: BTreeSet<String> = names.filter(|name| !["lib", "main"].contains(&name.as_str())).collect();
    assert_eq!(rooms, real);
}

/// Who names whom in the diagram of `docs/architecture.md`.
fn drawn() -> BTreeSet<(String, String)> {
    let document = document("docs/architecture.md");
    let diagram = document.blocks("mermaid").next().expect("the diagram");
    let rooms = |side: &str| side.split('&').map(|room| room.trim().to_owned()).collect::<Vec<_>>();
    let sides = diagram.lines().filter_map(|line| line.split_once("-->"));
    let pairs = sides.flat_map(|(from, to)| {
        let to = rooms(to);
        rooms(from).into_iter().flat_map(move |from| to.clone().into_iter().map(move |to| (from.clone(), to)))
    });
    pairs.collect()
}

#[test]
fn the_diagram_shows_the_arrows() {
    let drawn = drawn();
    // What a room reaches along the diagram.
    let reach = |room: &str| {
        let mut all = vec![room.to_owned()];
        let mut at = 0;
        while let Some(here) = all.get(at).cloned() {
            let next = drawn.iter().filter(|(from, _)| *from == here).map(|(_, to)| to.clone());
            let next: Vec<String> = next.filter(|to| !all.contains(to)).collect();
            all.extend(next);
            at += 1;
        }
        all
    };
    for (room, may) in ARROWS {
        let direct = drawn.iter().filter(|(from, _)| from == room);
        direct.for_each(|(_, to)| assert!(may.contains(&to.as_str()), "{room} may not name {to}"));
        let reached = reach(room);
        may.iter().for_each(|to| assert!(reached.iter().any(|have| have == to), "{room} may name {to}: not drawn"));
    }
}

/// The subcommands that a command line names, each alternative on its own, and the rest of the line.
fn subcommands(line: &str) -> Vec<(Vec<String>, String)> {
    let plain = |word: &str| word.chars().all(|c| c.is_ascii_lowercase() || "-|".contains(c)) && !word.starts_with('-');
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    let named = words.iter().take_while(|word| plain(word)).count();
    let mut all = vec![Vec::new()];
    for word in &words[..named] {
        all = all
            .iter()
            .flat_map(|before: &Vec<String>| {
                word.split('|').map(move |one| [before.as_slice(), &[one.to_owned()]].concat())
            })
            .collect();
    }
    all.into_iter().filter(|words| !words.is_empty()).map(|words| (words, line.to_owned())).collect()
}

/// What the shell takes away from a line.
fn command(line: &str) -> &str {
    let end = [" #", " | ", " > ", " >", " && "].iter().filter_map(|sign| line.find(sign)).min();
    line[..end.unwrap_or(line.len())].trim()
}

#[test]
fn the_program_takes_every_command_line() {
    let flag = Regex::new(r"(?:^|[\s\[])(--[a-z][a-z-]*)").unwrap();
    let mut helps: BTreeMap<Vec<String>, Option<String>> = BTreeMap::new();
    let (mut tried, mut wrong) = (0, Vec::new());
    for document in documents() {
        let shown = document.blocks("sh").flat_map(str::lines).map(command);
        let lines = shown.chain(document.spans.iter().map(String::as_str));
        for (words, line) in lines.filter(|line| line.starts_with("ci-rescue ")).flat_map(subcommands) {
            tried += 1;
            let help = helps.entry(words.clone()).or_insert_with(|| {
                let mut program = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
                let output = program.args(&words).arg("--help").output().unwrap();
                output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
            });
            let Some(help) = help else {
                wrong.push(document.says(&line));
                continue;
            };
            let flags = flag.captures_iter(&line).map(|found| found.extract::<1>().1[0]);
            wrong.extend(
                flags.filter(|flag| !help.contains(flag)).map(|flag| document.says(&format!("{line}: {flag}"))),
            );
        }
    }
    assert!(tried > 40 && wrong.is_empty(), "{tried} tried; not taken:\n{}", wrong.join("\n"));
}

#[test]
fn the_grammar_takes_every_chat_command() {
    let names: Vec<&str> = ci_rescue::command::all().iter().map(|manifest| manifest.name.as_str()).collect();
    let (mut tried, mut wrong) = (0, Vec::new());
    for document in documents() {
        for span in &document.spans {
            let line = span.strip_prefix("/rescue ").unwrap_or(span);
            let mut words = line.split_whitespace();
            let is_command = words.next().is_some_and(|word| names.contains(&word));
            if is_command && words.next().is_some_and(|word| word.parse::<u32>().is_ok()) {
                tried += 1;
                wrong.extend(
                    ci_rescue::command::parse(line, None).err().map(|why| document.says(&format!("{span}: {why:?}"))),
                );
            }
        }
    }
    assert!(tried > 5 && wrong.is_empty(), "{tried} tried; not taken:\n{}", wrong.join("\n"));
}

#[test]
fn keys_that_are_named_exist() {
    let key =
        Regex::new(r"^(server|console|store|sign_in|github|slack|discord|hooks|email|api|redaction|known_issues|mentions|loops|schedules|traces|policy)\.([a-z_]+)$").unwrap();
    let mut wrong = Vec::new();
    for document in documents() {
        for span in &document.spans {
            let Some(found) = key.captures(span) else { continue };
            let [section, name] = found.extract::<2>().1;
            // Whatever its type, a key that is unknown is called so.
            let told = ci_rescue::config::parse(&format!("[{section}]\n{name} = []\n"), &[]);
            if told.is_err_and(|why| why.to_string().contains("unknown key")) {
                wrong.push(document.says(span));
            }
        }
    }
    assert!(wrong.is_empty(), "no such keys:\n{}", wrong.join("\n"));
}

#[test]
fn metrics_that_are_named_exist() {
    let described = metrics_in(&fs::read_to_string(root().join("src/app/metrics.rs")).unwrap());
    let mut named = 0;
    for document in documents() {
        for name in metrics_in(&document.text) {
            named += 1;
            assert!(described.contains(&name), "{}", document.says(&name));
        }
    }
    assert!(named > 50, "{named}");
}

/// The names of metrics that stand in a text, without what a histogram's series add.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let name = Regex::new(r"\bci_rescue_[a-z_]+").unwrap();
    let base =
        |name: &str| ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).map(str::to_owned);
    name.find_iter(text).map(|found| base(found.as_str()).unwrap_or_else(|| found.as_str().to_owned())).collect()
}

#[test]
fn every_metric_is_shown_or_explained() {
    let dashboard: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(root().join("deploy/grafana/ci-rescue.json")).unwrap()).unwrap();
    let targets = |panel: &serde_json::Value| panel["targets"].as_array().cloned().unwrap_or_default();
    let panels = dashboard["panels"].as_array().unwrap();
    let shown: String =
        panels.iter().flat_map(targets).map(|target| format!("{}\n", target["expr"].as_str().unwrap())).collect();
    let shown = metrics_in(&shown);
    let described = metrics_in(&fs::read_to_string(root().join("src/app/metrics.rs")).unwrap());
    let explained = metrics_in(&document("docs/operating.md").text);
    assert!(described.len() > 20);
    for name in &shown {
        assert!(described.contains(name), "the dashboard shows {name}, which does not exist");
    }
    for name in &described {
        assert!(shown.contains(name) || explained.contains(name), "{name} is neither shown nor explained");
    }
    // What is set is described.
    let mut set = BTreeSet::new();
    let mut rooms = vec![root().join("src")];
    while let Some(room) = rooms.pop() {
        for path in fs::read_dir(room).unwrap().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                rooms.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("app/metrics.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let sets = ["gauge!(", "counter!(", "histogram!("].iter().any(|set| text.contains(set));
                set.extend(metrics_in(&text).into_iter().filter(|_| sets));
            }
        }
    }
    set.insert("ci_rescue_build_info".into());
    assert_eq!(set, described, "what is set and what is described");
    let ids: Vec<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "panels of one id");
}

#[test]
fn every_remedy_framework_and_ecosystem_is_listed() {
    let listed = document("docs/remedies.md").spans;
    let frameworks = ci_rescue::frameworks::edited();
    let ecosystems: Vec<&str> = ci_rescue::ecosystems::editors().iter().map(|editor| editor.id()).collect();
    let remedies: Vec<&str> = ci_rescue::remedies::all().iter().map(|remedy| remedy.id()).collect();
    for id in remedies.iter().chain(&frameworks).chain(&ecosystems) {
        assert!(listed.iter().any(|span| span == id), "docs/remedies.md does not list {id}");
    }
    let readme = document("README.md").text;
    for (count, what) in [(frameworks.len(), "test frameworks"), (ecosystems.len(), "ecosystems")] {
        assert!(readme.contains(&format!("in {count} {what}")), "README.md: {count} {what}");
    }
}

#[test]
fn examples_for_contributors_are_the_code_itself() {
    let contributing = document("CONTRIBUTING.md");
    for (language, file) in [("rust", "src/frameworks/minitest.rs"), ("toml known-issues", "rules/known_issues.toml")] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let mut blocks = contributing.blocks(language).peekable();
        assert!(blocks.peek().is_some());
        for block in blocks {
            assert!(text.contains(block.trim()), "{file} does not have:\n{block}");
        }
    }
}

#[test]
fn the_readme_stays_short() {
    const BYTES_MAX: usize = 9_000;
    let bytes = document("README.md").text.len();
    assert!(bytes <= BYTES_MAX, "{bytes} bytes: move what a newcomer does not need to docs/");
}

#[test]
fn the_gates_find_their_command_in_the_readme() {
    let readme = document("README.md").text;
    let marked = readme.split("<!-- tests -->\n```sh\n").nth(1).expect("the mark that .ci/run looks for");
    assert!(marked.starts_with("cargo test "), "{marked:.40}");
}
