//! What the manual tells of every key, read off the types themselves.

use super::keys::{self, ANY, ITEM, Key};
use super::read::shipped;
use super::shape::Config;
use super::tree::{At, Node, Value};
use super::visit::Want;
use serde::Deserialize;

/// A key as people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// `github.repositories`; of a table in a list, `subscriptions.channel`.
    pub key: String,
    /// Its type in words, such as `list of strings`.
    pub kind: String,
}

/// Every key with a value of its own, in the order of the types.
#[must_use]
pub fn listed() -> Vec<Listed> {
    keys::all().iter().filter_map(|key| Some(Listed { key: dotted(key), kind: kind(key)? })).collect()
}

/// What is in force where nothing is said. Each list of tables has one empty table, for the defaults of its keys.
///
/// # Panics
/// When a key of a listed table has no default, which a test rules out.
#[must_use]
pub fn defaults() -> Config {
    let mut tree = shipped();
    if let Value::Table(sections) = &mut tree.value {
        for key in keys::all() {
            if let ([section, ITEM], Some(Want::Table)) = (key.path.as_slice(), &key.want) {
                let one = Node { at: At::Shipped, value: Value::List(vec![Node::empty()]) };
                sections.insert((*section).to_owned(), one);
            }
        }
    }
    Config::deserialize(&tree).expect("every key has a default")
}

fn dotted(key: &Key) -> String {
    let parts: Vec<&str> = key.path.iter().copied().filter(|part| *part != ITEM).collect();
    parts.join(".")
}

/// What stands directly below a key.
fn below(key: &Key, part: &str) -> Option<&'static Key> {
    let is_below = |other: &&Key| {
        other.path.split_last().is_some_and(|(last, above)| *last == part && above == key.path.as_slice())
    };
    keys::all().iter().find(is_below)
}

/// `None` for sections and what is part of another key's value.
fn kind(key: &Key) -> Option<String> {
    if matches!(key.path.last(), Some(&(ITEM | ANY)) | None) {
        return None;
    }
    Some(match key.want.as_ref() {
        None => "string or table".into(),
        Some(Want::Table) => {
            below(key, ANY)?;
            "table".into()
        }
        Some(Want::List) => match below(key, ITEM).and_then(|item| item.want.clone()) {
            Some(Want::Table) if key.path.len() == 1 => return None,
            Some(Want::Table) => "list of tables".into(),
            Some(Want::OneOf(known)) => format!("list of {}", alternatives(known)),
            _ => "list of strings".into(),
        },
        Some(Want::OneOf(known)) => alternatives(known),
        Some(Want::Whole { .. }) => "integer".into(),
        Some(Want::Bool) => "boolean".into(),
        Some(Want::Text | Want::Said(_)) => "string".into(),
    })
}

fn alternatives(known: &[&str]) -> String {
    let quoted: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}
