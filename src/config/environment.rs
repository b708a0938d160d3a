//! Keys by environment: `CI_RESCUE__SECTION__KEY`, and with `_FILE` at its end the value from a file.
//!
//! A list is an array in TOML or JSON, or items separated by commas or line breaks; items of secrets by line breaks alone,
//! since secrets may hold commas. `[[people]]` and `[[subscriptions]]` are arrays of tables.

use super::faults::{Fault, variables};
use super::keys::{self, Key};
use super::tree::{At, Node, Step, Value};
use super::visit::Want;
use std::collections::BTreeMap;

const PREFIX: &str = "CI_RESCUE__";
/// Names that work as such.
const SHORT: [(&str, &str); 2] = [
    ("CI_RESCUE_GITHUB_TOKEN", "CI_RESCUE__GITHUB__TOKEN"),
    ("CI_RESCUE_SLACK_BOT_TOKEN", "CI_RESCUE__SLACK__BOT_TOKEN"),
];

/// Lays what a variable says over the tree; variables of others are left alone.
///
/// # Errors
/// What is wrong with it.
pub fn overlay(tree: &mut Node, name: &str, text: &str) -> Result<(), Fault> {
    let full = SHORT.iter().find(|(short, _)| *short == name).map_or(name, |(_, full)| *full);
    let Some(rest) = full.strip_prefix(PREFIX) else { return misnamed(name) };
    let parts: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
    let mut path: Vec<Step> = parts.iter().cloned().map(Step::Key).collect();
    let mut text = text.to_owned();
    if let Some((key, from)) = from_file(&path) {
        let read = std::fs::read_to_string(&text).map_err(|why| fault(format!("{name}: {text}: {why}")))?;
        text = read.trim_end_matches(['\n', '\r']).to_owned();
        path = [from, &[Step::Key(key)]].concat();
    }
    let at = At::Variable { name: name.to_owned(), depth: path.len() };
    let node = read(keys::at(&path), &path, &text, &at).map_err(|why| fault(format!("{name} {why}")))?;
    put(tree, &path, node, &at);
    Ok(())
}

fn fault(what: String) -> Fault {
    Fault { line: usize::MAX, what }
}

/// A variable that was meant for us: the name of a key, with the underscores in other places.
fn misnamed(name: &str) -> Result<(), Fault> {
    let bare = |name: &str| name.replace('_', "");
    let meant = variables().into_iter().find(|known| bare(known) == bare(name) && name.starts_with("CI_RESCUE_"));
    meant.map_or(Ok(()), |meant| Err(fault(format!("unknown variable {name}; did you mean {meant}?"))))
}

/// The key whose value a file holds, unless the key itself ends so.
fn from_file(path: &[Step]) -> Option<(String, &[Step])> {
    let (Step::Key(last), above) = path.split_last()? else { return None };
    let key = last.strip_suffix("_file")?;
    keys::at(path).is_none().then(|| (key.to_owned(), above))
}

/// A text as what its key wants; what does not fit stays text, and is told like anything else that does not fit.
fn read(key: Option<&Key>, path: &[Step], text: &str, at: &At) -> Result<Node, String> {
    let value = match key.and_then(|key| key.want.clone()) {
        Some(Want::Whole { .. }) => text.trim().parse().map(Value::Whole).ok(),
        Some(Want::Bool) => text.trim().parse().map(Value::Bool).ok(),
        Some(Want::List) => return list(path, text, at),
        Some(Want::Table) if path.len() == 1 => return Err(section(path)),
        Some(Want::Table) => {
            let table = Node::toml(text.trim(), at).or_else(|| Node::json(text, at));
            return table.ok_or_else(|| "must be a table in TOML or JSON, such as {retry = 1}".into());
        }
        _ => None,
    };
    Ok(Node { at: at.clone(), value: value.unwrap_or_else(|| Value::Text(text.to_owned())) })
}

fn section(path: &[Step]) -> String {
    let inside =
        |key: &&Key| key.is_written() && path.first().is_some_and(|first| *first == Step::Key(key.path[0].into()));
    let example = keys::all().iter().find(inside).map(Key::variable).unwrap_or_default();
    format!("is a section, not a key; set its keys one by one, such as {example}")
}

fn list(path: &[Step], text: &str, at: &At) -> Result<Node, String> {
    let item = keys::at(&[path, &[Step::Index(0)]].concat());
    let of_tables = item.is_some_and(|item| item.want == Some(Want::Table));
    let array = Node::toml(text.trim(), at).or_else(|| Node::json(text, at));
    if let Some(node) = array.filter(|node| matches!(node.value, Value::List(_))) {
        return Ok(node);
    }
    if of_tables {
        let example = match path.last() {
            Some(Step::Key(key)) if key == "people" => "[{name = \"ada\", github = \"ada\", role = \"admin\"}]",
            Some(Step::Key(key)) if key == "rules" => "[{when = {branch = \"release/*\"}, mode = \"observe\"}]",
            _ => "[{platform = \"slack\", channel = \"C0123456789\", repo = \"acme/*\"}]",
        };
        return Err(format!("must be an array of tables in TOML or JSON, such as {example}"));
    }
    let secret = keys::is_secret(path);
    if text.trim_start().starts_with('[') && !secret {
        return Err("must be an array in TOML or JSON, such as [\"one\", \"two\"], or one,two".into());
    }
    let parts = text.split(|c| c == '\n' || (c == ',' && !secret)).map(str::trim).filter(|part| !part.is_empty());
    let items = parts.map(|part| Node { at: at.clone(), value: Value::Text(part.to_owned()) }).collect();
    Ok(Node { at: at.clone(), value: Value::List(items) })
}

fn put(tree: &mut Node, path: &[Step], node: Node, at: &At) {
    let mut here = tree;
    for (depth, step) in path.iter().enumerate() {
        let (Step::Key(key), Value::Table(table)) = (step, &mut here.value) else { return };
        if depth + 1 == path.len() {
            match table.get_mut(key) {
                Some(have) if matches!(have.value, Value::Table(_)) => have.lay(node),
                _ => {
                    table.insert(key.clone(), node);
                }
            }
            return;
        }
        here =
            table.entry(key.clone()).or_insert_with(|| Node { at: at.clone(), value: Value::Table(BTreeMap::new()) });
    }
}
