//! Reference pages that are lists: commands, the command line, metrics, the journal.

use super::made::{cell, documented, keep, keep_table, snake};
use super::root;
use ci_rescue::command::{self, Kind, Manifest, Task};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn the_command_table_is_that_of_the_manifests() {
    keep_table("docs/commands.md", &command::table());
}

const COMMANDS: &str = "\
# Command reference

<!-- Made from commands/*.toml: `just docs` -->

Every command with its arguments. [Commands](../commands.md) says where to type them, who may do what, and what the buttons
do. In a card's thread the number may be left out. `42` is an incident, `42-1` a proposal.

";

#[test]
fn the_command_reference_is_that_of_the_manifests() {
    let mut page = COMMANDS.to_owned();
    for task in Task::ALL {
        let _ = writeln!(page, "## {}\n", task.title());
        command::all().iter().filter(|one| one.task == task).for_each(|one| page += &manual(one));
    }
    keep("docs/reference/commands.md", &format!("{}\n", page.trim_end()));
}

fn manual(one: &Manifest) -> String {
    let quoted = |all: &[String]| all.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let mut out = format!("### {}\n\n```text\n{}\n```\n\n{}. {}\n\n", one.name, one.usage, one.summary, one.help);
    if !one.args.is_empty() {
        out += "| argument | what |\n|---|---|\n";
        for arg in &one.args {
            let name = match arg.kind {
                Kind::Key => format!("{}=", arg.name),
                Kind::Flag => format!("{0}` or `--{0}", arg.name),
                _ => arg.name.clone(),
            };
            let mut what = vec![arg.summary.clone()];
            what.extend((!arg.choices.is_empty()).then(|| quoted(&arg.choices)));
            what.extend(arg.required.then(|| "needed".to_owned()));
            let _ = writeln!(out, "| `{name}` | {} |", cell(&what.join("; ")));
        }
        out.push('\n');
    }
    let _ = writeln!(out, "- Role: {}", one.role());
    if !one.aliases.is_empty() {
        let _ = writeln!(out, "- Also: {}", quoted(&one.aliases));
    }
    let _ = writeln!(out, "- Examples: {}\n", quoted(&one.examples));
    out
}

const LINE: &str = "\
# Command-line reference

<!-- Made from the program's own help: `just docs` -->

What `ci-rescue` answers to `--help`, for each of its commands. Completions for a shell come from the program, too:

```sh
ci-rescue completions bash > ~/.local/share/bash-completion/completions/ci-rescue
```

";

fn help(words: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    let output =
        program.args(words).arg("--help").env_remove("CI_RESCUE_CONFIG").env("COLUMNS", "80").output().unwrap();
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that a help lists.
fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let name = Regex::new(r"^  ([a-z][a-z-]*)").unwrap();
    let names = lines.filter_map(|line| Some(name.captures(line)?[1].to_owned()));
    names.filter(|name| name != "help").collect()
}

#[test]
fn the_command_line_reference_is_the_programs_own_help() {
    let mut page = LINE.to_owned();
    let mut left: Vec<Vec<String>> = listed(&help(&[])).into_iter().rev().map(|name| vec![name]).collect();
    let mut shown = 0;
    while let Some(words) = left.pop() {
        let words_: Vec<&str> = words.iter().map(String::as_str).collect();
        let told = help(&words_);
        let below = listed(&told);
        left.extend(below.into_iter().rev().map(|name| [words.as_slice(), &[name]].concat()));
        let _ = write!(page, "## ci-rescue {}\n\n```text\n{}\n```\n\n", words.join(" "), told.trim_end());
        shown += 1;
    }
    assert!(shown > 20, "{shown}");
    let clean: String = page.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    keep("docs/reference/command-line.md", &format!("{}\n", clean.trim_end()));
}

const METRICS: &str = "\
# Metrics

<!-- Made from src/app/metrics.rs and from where each metric is set: `just docs` -->

`GET /metrics` on `console.listen`, with `console.token` as bearer token. [Prometheus and Grafana](../howto/prometheus.md)
sets them up, and [Operating](../operating.md#how-do-i-watch-it) says which of them are worth an alert.

| metric | kind | labels | what |
|---|---|---|---|
";

/// The labels that each metric is set with, wherever that is.
fn labels() -> BTreeMap<String, BTreeSet<String>> {
    let set = Regex::new(
        r#"(?s)(?:gauge|counter|histogram)!\(\s*(?:"(ci_rescue_\w+)"|name)([^;{]*?)\)\s*\.(?:set|increment|record)"#,
    )
    .unwrap();
    let (label, name) = (Regex::new(r#""(\w+)" =>"#).unwrap(), Regex::new(r#""(ci_rescue_\w+)""#).unwrap());
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut rooms = vec![root().join("src")];
    while let Some(room) = rooms.pop() {
        let mut paths: Vec<PathBuf> = fs::read_dir(room).unwrap().flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| {
            if path.is_dir() {
                rooms.push(path.clone());
                false
            } else {
                path.extension().is_some_and(|ext| ext == "rs")
            }
        });
        for text in paths.iter().map(|path| fs::read_to_string(path).unwrap()) {
            for found in set.captures_iter(&text) {
                let labels: Vec<String> = label.captures_iter(&found[2]).map(|label| label[1].to_owned()).collect();
                // Where the name is a variable, it is one of those that the file names.
                let names: Vec<String> = match found.get(1) {
                    Some(name) => vec![name.as_str().to_owned()],
                    None => name.captures_iter(&text).map(|name| name[1].to_owned()).collect(),
                };
                for name in names {
                    all.entry(name).or_default().extend(labels.clone());
                }
            }
        }
    }
    all
}

#[test]
fn the_metrics_are_those_that_are_described() {
    let source = read("src/app/metrics.rs");
    let row = Regex::new(r#"\(\s*"(ci_rescue_\w+)",\s*"([^"]+)",?\s*\)"#).unwrap();
    let (labels, mut rows) = (labels(), BTreeMap::new());
    let mut rest = source.as_str();
    while let Some(end) = rest.find("        describe_") {
        let kind = rest[end..].trim_start().trim_start_matches("describe_").split('!').next().unwrap();
        for found in row.captures_iter(&rest[..end]) {
            let set = labels.get(&found[1]).unwrap_or_else(|| panic!("nobody sets {}", &found[1]));
            let set: Vec<String> = set.iter().map(|label| format!("`{label}`")).collect();
            rows.insert(
                found[1].to_owned(),
                format!("| `{}` | {kind} | {} | {} |\n", &found[1], set.join(", "), cell(&found[2])),
            );
        }
        rest = &rest[end + "        describe_".len()..];
    }
    assert!(rows.len() > 30, "{}", rows.len());
    keep(
        "docs/reference/metrics.md",
        &format!("{METRICS}{}", rows.into_values().collect::<String>().replace("|  |", "| |")),
    );
}

const JOURNAL: &str = "\
# Journal and events

<!-- Made from src/domain/journal.rs: `just docs` -->

Each incident has a journal: what happened, in order, and who did it. Entries are never changed. Incident 0 is the
installation's own journal, with the emergency stop and links between accounts.

| where | a name below is |
|---|---|
| `ci-rescue incident audit`, [`GET /api/audit`](api.md#get-apiaudit), the console's page *Audit*: [who did what](../operating.md#who-did-what) | `action` |
| `ci-rescue incident export --journal`, [`GET /api/export`](api.md#get-apiexport) with `what=journal` | `kind` |
| [webhooks](../operating.md#what-do-e-mail-teams-and-webhooks-get) | `event`; `updated` stands for a change of stage or severity that no entry tells of |

Each entry also has its number within the incident, its time, who did it if somebody did, and a sentence for people. A newer
version may add names.

| name | when |
|---|---|
";

/// What answers a command or goes into a direct message, and stands in no journal.
const ANSWERS: &[&str] = &[
    "list",
    "quarantined",
    "shown",
    "why",
    "doctor",
    "loops",
    "routing",
    "budget",
    "stats",
    "help",
    "mistake",
    "not_for_you",
    "feeds",
    "digests",
    "notified",
    "hold_already",
    "no_hold",
    "link_code",
    "console_code",
    "share_link",
    "assigned_to_you",
    "yours",
    "subscribed",
    "unsubscribed",
    "muted",
    "routing_reset",
    "blamed",
    "thrown_out",
    "trouble",
    "restored",
    "planned",
    "reproducing",
    "repro_queued",
];

#[test]
fn the_journal_has_the_entries_of_the_code() {
    let file = syn::parse_file(&read("src/domain/journal.rs")).unwrap();
    let is_note = |item: &syn::Item| match item {
        syn::Item::Enum(one) if one.ident == "Note" => Some(one.clone()),
        _ => None,
    };
    let note = file.items.iter().find_map(is_note).expect("the notes");
    let (mut page, mut answers) = (JOURNAL.to_owned(), BTreeSet::new());
    let mut rows = BTreeMap::new();
    for variant in &note.variants {
        let (name, what) = (snake(&variant.ident.to_string()), documented(&variant.attrs));
        if ANSWERS.contains(&name.as_str()) {
            answers.insert(name);
            continue;
        }
        assert!(!what.is_empty(), "Note::{} says nothing of itself", variant.ident);
        let row = format!("| `{name}` | {} |\n", cell(&what));
        rows.insert(name, row);
    }
    assert_eq!(answers.len(), ANSWERS.len(), "answers that are gone");
    page.extend(rows.into_values());
    keep("docs/reference/journal.md", &page);
}
