//! Dependabot: an element of `ignore` in every entry of the package's ecosystem.

use std::collections::BTreeMap;

use super::lines::{Line, last_of, lines, with_added, with_changed};
use super::{Updater, action_repository, image_without_registry, unfit};
use crate::domain::edit::{Edit, Edited, Source};
use crate::domain::text::clean_line;
use crate::edit::lines::line_end;
use crate::edit::yaml::scalars;

/// What follows every line of ours.
const MARK: &str = "# ci-rescue pin";

/// Files with more entries for one ecosystem are not edited.
const ENTRIES_MAX: usize = 200;

pub struct Dependabot;

impl Updater for Dependabot {
    fn id(&self) -> &'static str {
        "dependabot"
    }

    fn reads(&self, path: &str) -> bool {
        matches!(path, ".github/dependabot.yml" | ".github/dependabot.yaml")
    }

    fn hold(&self, file: &Source, ecosystem: &str, package: &str, version: &str) -> Edited {
        if let Some(why) = unfit(file, package, Some(version)) {
            return Edited::Refused(vec![why]);
        }
        let name = name(ecosystem, package);
        hold(file, ecosystems(ecosystem), package, &name, version).unwrap_or_else(|why| {
            let path = clean_line(&file.path, 100);
            Edited::Refused(vec![format!(
                "{path} cannot be edited ({why}): add `- dependency-name: \"{name}\"` to `ignore` of every entry for \
                 {ecosystem} by hand"
            )])
        })
    }

    fn release(&self, file: &Source, package: &str) -> Edited {
        if let Some(why) = unfit(file, package, None) {
            return Edited::Refused(vec![why]);
        }
        if !file.text.contains(MARK) {
            return Edited::Absent;
        }
        release(file, package).unwrap_or_else(|why| {
            let path = clean_line(&file.path, 100);
            let sentence = format!("{path} cannot be edited ({why}): remove `{package}` from `ignore` by hand");
            Edited::Refused(vec![sentence])
        })
    }
}

/// Dependabot's names for an ecosystem.
fn ecosystems(ecosystem: &str) -> &'static [&'static str] {
    match ecosystem {
        "cargo" => &["cargo"],
        "npm" | "yarn" | "pnpm" => &["npm"],
        "pip" | "poetry" => &["pip"],
        "uv" => &["uv"],
        "go" => &["gomod"],
        "maven" => &["maven"],
        "gradle" => &["gradle"],
        "bundler" => &["bundler"],
        "nuget" => &["nuget"],
        "composer" => &["composer"],
        "github-actions" => &["github-actions"],
        "docker" => &["docker", "docker-compose"],
        "pre-commit" => &["pre-commit"],
        _ => &[],
    }
}

/// How Dependabot calls the package.
fn name(ecosystem: &str, package: &str) -> String {
    match ecosystem {
        "docker" => image_without_registry(package).to_owned(),
        "github-actions" => action_repository(package),
        // Its name is the address as the configuration of the hooks has it (dependabot-core, pre_commit/file_parser.rb).
        "pre-commit" if !package.contains("://") && !package.starts_with("git@") => format!("*/{package}"),
        _ => package.to_owned(),
    }
}

/// The element as it is written; the package is named behind the mark where Dependabot calls it otherwise.
fn element(name: &str, package: &str) -> String {
    let other = if name == package { String::new() } else { format!(" {package}") };
    format!("- dependency-name: \"{name}\" {MARK}{other}")
}

/// A value and the keys that lead to it.
type Fact = (Vec<String>, String);

fn facts(text: &str) -> Result<Vec<Fact>, &'static str> {
    let found = scalars(text).map_err(|_| "it is not readable YAML")?;
    Ok(found.into_iter().map(|scalar| (scalar.path, scalar.value)).collect())
}

/// An entry of `updates`.
struct Entry {
    index: String,
    /// Where its `package-ecosystem` stands.
    line: usize,
}

/// The entries for these ecosystems.
fn entries(text: &str, lines: &[Line<'_>], wanted: &[&str]) -> Result<Vec<Entry>, &'static str> {
    let mut found = Vec::new();
    let (mut line, mut counted) = (0, 0);
    for scalar in scalars(text).map_err(|_| "it is not readable YAML")? {
        let [updates, index, key] = scalar.path.as_slice() else { continue };
        if updates != "updates" || key != "package-ecosystem" || !wanted.contains(&scalar.value.as_str()) {
            continue;
        }
        while line < lines.len() && counted + lines[line].whole.len() <= scalar.range.start {
            counted += lines[line].whole.len();
            line += 1;
        }
        if lines.get(line).and_then(|line| line.after_key("package-ecosystem")).is_none() {
            return Err("an entry is not on its own lines");
        }
        found.push(Entry { index: index.clone(), line });
        if found.len() > ENTRIES_MAX {
            return Err("it has too many entries");
        }
    }
    Ok(found)
}

impl Entry {
    /// Whether an element without conditions names the package.
    fn ignores(&self, facts: &[Fact], name: &str) -> bool {
        let mut named: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
        for (path, value) in self.elements(facts) {
            let (said, names) = named.entry(path.get(3).map_or("", String::as_str)).or_default();
            let is_name = path.get(4).is_some_and(|key| key == "dependency-name");
            *said += 1;
            *names |= is_name && (value.eq_ignore_ascii_case(name) || value == "*");
        }
        named.into_values().any(|(said, names)| said == 1 && names)
    }

    /// What its `ignore` says.
    fn elements<'a>(&'a self, facts: &'a [Fact]) -> impl Iterator<Item = &'a Fact> {
        facts
            .iter()
            .filter(|(path, _)| path.len() > 2 && path[0] == "updates" && path[1] == self.index && path[2] == "ignore")
    }

    /// How many elements its `ignore` has.
    fn count(&self, facts: &[Fact]) -> usize {
        let mut indices: Vec<&String> = self.elements(facts).filter_map(|(path, _)| path.get(3)).collect();
        indices.dedup();
        indices.len()
    }

    /// The lines to be added, and behind which line.
    fn addition(
        &self,
        lines: &[Line<'_>],
        facts: &[Fact],
        element: &str,
    ) -> Result<(usize, Vec<String>), &'static str> {
        let column = lines[self.line].column();
        let first = self.first_line(lines, column);
        let last = last_of(lines, self.line, |line| line.indent() >= column);
        let keys = || (first..=last).filter(|&at| lines[at].column() == column);
        if keys().any(|at| lines[at].after_key("<<").is_some()) {
            return Err("an entry takes values from an anchor");
        }
        let Some(ignore) = keys().find(|&at| lines[at].after_key("ignore").is_some()) else {
            if self.elements(facts).next().is_some() {
                return Err("an entry's `ignore` is not on its own lines");
            }
            let step = lines[first].indent();
            let blanks = |count: usize| " ".repeat(count);
            let list = format!("{}ignore: {MARK}", blanks(column));
            return Ok((last, vec![list, format!("{}{element}", blanks(column + step))]));
        };
        let after = lines[ignore].after_key("ignore").unwrap_or_default();
        if self.count(facts) == 0 || !after.is_empty() && !after.starts_with('#') {
            return Err("an entry's `ignore` is not on its own lines");
        }
        let last = last_of(lines, ignore, |line| belongs(line, column));
        let sample = (ignore + 1..=last).map(|at| lines[at]).find(|line| line.says_something());
        let sample = sample
            .filter(|line| line.dash() > 0)
            .ok_or("an entry's `ignore` has elements without a line of their own")?;
        let dash = format!("{}-{}", " ".repeat(sample.indent()), " ".repeat(sample.dash() - 1));
        Ok((last, vec![format!("{dash}{}", element.trim_start_matches("- "))]))
    }

    /// The line of the dash that begins the entry.
    fn first_line(&self, lines: &[Line<'_>], column: usize) -> usize {
        let mut first = self.line;
        for at in (0..=self.line).rev() {
            let line = lines[at];
            if line.says_something() {
                first = at;
                if line.indent() < column {
                    break;
                }
            }
        }
        first
    }
}

fn hold(file: &Source, wanted: &[&str], package: &str, name: &str, version: &str) -> Result<Edited, &'static str> {
    let text = &file.text;
    let (old, lines) = (facts(text)?, lines(text));
    let all = entries(text, &lines, wanted)?;
    if all.is_empty() {
        return Ok(Edited::Absent);
    }
    let missing: Vec<&Entry> = all.iter().filter(|entry| !entry.ignores(&old, name)).collect();
    if missing.is_empty() {
        let path = clean_line(&file.path, 100);
        return Ok(Edited::Already(format!("{path} already has Dependabot ignore `{name}`")));
    }
    let element = element(name, package);
    let mut expected = old.clone();
    let mut added = Vec::new();
    for entry in missing {
        added.push(entry.addition(&lines, &old, &element)?);
        let index = entry.count(&old).to_string();
        let path = ["updates", &entry.index, "ignore", &index, "dependency-name"].map(str::to_owned);
        expected.push((path.to_vec(), name.to_owned()));
    }
    let new = with_added(&lines, &added, line_end(text));
    same(&new, expected)?;
    let new = Source { path: file.path.clone(), text: new };
    let comes_back = |edited| matches!(edited, Edited::Ready(edit) if edit.files == std::slice::from_ref(file));
    if ours(text, &lines, package)?.is_empty() && !comes_back(release(&new, package)?) {
        return Err("the rule could not be removed again");
    }
    let because = format!(
        "Dependabot ignores `{name}` while it is pinned to {version}; otherwise its next pull request would undo the \
         pin."
    );
    let warning = format!(
        "Meanwhile Dependabot opens no security updates of `{name}` either: remove the pin as soon as it is \
         not needed."
    );
    Ok(Edited::Ready(Edit { files: vec![new], because: vec![because], warnings: vec![warning], ..Edit::default() }))
}

/// That a text says exactly this.
fn same(text: &str, mut expected: Vec<Fact>) -> Result<(), &'static str> {
    let mut found = facts(text).map_err(|_| "the rule does not fit its layout")?;
    found.sort();
    expected.sort();
    if found == expected { Ok(()) } else { Err("the rule does not fit its layout") }
}

/// An element of ours.
struct Ours {
    line: usize,
    entry: String,
    element: usize,
}

fn ours(text: &str, lines: &[Line<'_>], package: &str) -> Result<Vec<Ours>, &'static str> {
    let mut found = Vec::new();
    let (mut line, mut counted) = (0, 0);
    for scalar in scalars(text).map_err(|_| "it is not readable YAML")? {
        let [updates, entry, ignore, index, key] = scalar.path.as_slice() else { continue };
        if updates != "updates" || ignore != "ignore" || key != "dependency-name" {
            continue;
        }
        while line < lines.len() && counted + lines[line].whole.len() <= scalar.range.start {
            counted += lines[line].whole.len();
            line += 1;
        }
        let Some(here) = lines.get(line) else { break };
        let written = here.content().trim_start().strip_prefix('-').map(|rest| format!("- {}", rest.trim_start()));
        if written == Some(element(&scalar.value, package)) {
            let element = index.parse().map_err(|_| "it is not readable YAML")?;
            found.push(Ours { line, entry: entry.clone(), element });
            if found.len() > ENTRIES_MAX {
                return Err("it has too many entries");
            }
        }
    }
    Ok(found)
}

fn release(file: &Source, package: &str) -> Result<Edited, &'static str> {
    let text = &file.text;
    let (old, lines) = (facts(text)?, lines(text));
    let ours = ours(text, &lines, package)?;
    if ours.is_empty() {
        return Ok(Edited::Absent);
    }
    let is_of = |one: &Ours, path: &[String]| {
        let element = one.element.to_string();
        path.len() > 3 && path[1] == one.entry && path[2] == "ignore" && path[3] == element
    };
    if ours.iter().any(|one| old.iter().filter(|(path, _)| is_of(one, path)).count() != 1) {
        return Err("the rule that the pin added was changed since");
    }
    let (mut dropped, mut unmarked) = (Vec::new(), Vec::new());
    for one in &ours {
        dropped.push(one.line);
        let list = list_line(&lines, one.line);
        let entry = Entry { index: one.entry.clone(), line: one.line };
        let taken = ours.iter().filter(|other| other.entry == one.entry).count();
        match list {
            Some(list) if entry.count(&old) == taken => dropped.push(list),
            Some(list) if others_alone(&lines, list, &ours) => unmarked.push(list),
            _ => {}
        }
    }
    let new = with_changed(&lines, |at, line| {
        if dropped.contains(&at) {
            return None;
        }
        // Others stand in the list by now, which is theirs from here on.
        let mark = format!("ignore: {MARK}");
        let is_marked = unmarked.contains(&at) && line.trim() == mark;
        Some(if is_marked { line.replacen(&mark, "ignore:", 1) } else { line.to_owned() })
    });
    let kept = old.into_iter().filter(|(path, _)| !ours.iter().any(|one| is_of(one, path)));
    same(&new, kept.map(|(path, value)| (renumbered(path, &ours), value)).collect())?;
    let files = vec![Source { path: file.path.clone(), text: new }];
    let because = format!("Dependabot may update `{package}` again: removed the pin's rule from `ignore`.");
    Ok(Edited::Ready(Edit { files, because: vec![because], ..Edit::default() }))
}

/// Whether no other element of ours stands in the list that begins on this line.
fn others_alone(lines: &[Line<'_>], list: usize, ours: &[Ours]) -> bool {
    let column = lines[list].column();
    let last = last_of(lines, list, |line| belongs(line, column));
    !(list + 1..=last).any(|at| lines[at].content().contains(MARK) && !ours.iter().any(|one| one.line == at))
}

/// Whether a line belongs to the list under a key in this column.
fn belongs(line: Line<'_>, column: usize) -> bool {
    line.indent() > column || line.indent() == column && line.dash() > 0
}

/// The line of the `ignore:` to which an element belongs.
fn list_line(lines: &[Line<'_>], element: usize) -> Option<usize> {
    let indent = lines[element].indent();
    let above = (0..element).rev().filter(|&at| lines[at].says_something());
    let mut outside = above.filter(|&at| {
        let line = lines[at];
        line.indent() < indent || line.indent() == indent && line.dash() == 0
    });
    outside.next().filter(|&at| lines[at].after_key("ignore").is_some() && lines[at].dash() == 0)
}

/// The path of what stands behind elements that are taken out.
fn renumbered(mut path: Vec<String>, ours: &[Ours]) -> Vec<String> {
    if path.len() > 3 && path[0] == "updates" && path[2] == "ignore" {
        let index: usize = path[3].parse().unwrap_or_default();
        let before = ours.iter().filter(|one| one.entry == path[1] && one.element < index).count();
        path[3] = (index - before).to_string();
    }
    path
}
