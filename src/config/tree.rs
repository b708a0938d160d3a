//! A configuration as a tree in which every value knows where it stands.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// A line of the file, from 1.
    Line(usize),
    /// A variable of the environment, which holds the value at the path's first `depth` steps.
    Variable { name: String, depth: usize },
    /// `rules/policy.toml`.
    Shipped,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Whole(i128),
    /// As it was written.
    Fraction(String),
    Bool(bool),
    Time(String),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
    Null,
    /// Something wrong stood here and was reported; an empty value of any kind stands in for it.
    Gone,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub at: At,
    pub value: Value,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// `subscriptions[0].channel`, without what comes before the first `from` steps.
pub fn dotted(path: &[Step], from: usize) -> String {
    let mut out = String::new();
    for step in path.iter().skip(from) {
        match step {
            Step::Key(key) if out.is_empty() && from == 0 => out.push_str(key),
            Step::Key(key) => {
                let _ = write!(out, ".{key}");
            }
            Step::Index(index) => {
                let _ = write!(out, "[{index}]");
            }
        }
    }
    out
}

/// The line of an offset, from 1.
pub fn line(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

impl Node {
    pub fn empty() -> Self {
        Self { at: At::Line(1), value: Value::Table(BTreeMap::new()) }
    }

    /// A parsed document.
    pub fn document(text: &str, table: &DeTable<'_>, shipped: bool) -> Self {
        let at = |offset: usize| if shipped { At::Shipped } else { At::Line(line(text, offset)) };
        Self { at: at(0), value: Value::Table(entries(table, &at)) }
    }

    /// One value in TOML, from a variable.
    pub fn toml(text: &str, at: &At) -> Option<Self> {
        let value = DeValue::parse(text).ok()?;
        Some(Self { at: at.clone(), value: of(value.get_ref(), &|_| at.clone()) })
    }

    /// One value in JSON, from a variable.
    pub fn json(text: &str, at: &At) -> Option<Self> {
        serde_json::from_str(text).ok().map(|value| of_json(value, at))
    }

    pub fn table(&self) -> Option<&BTreeMap<String, Node>> {
        if let Value::Table(table) = &self.value { Some(table) } else { None }
    }

    pub fn get(&self, path: &[Step]) -> Option<&Self> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        let next = match (first, &self.value) {
            (Step::Key(key), Value::Table(table)) => table.get(key),
            (Step::Index(index), Value::List(list)) => list.get(*index),
            _ => None,
        };
        next?.get(rest)
    }

    pub fn get_mut(&mut self, path: &[Step]) -> Option<&mut Self> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        let next = match (first, &mut self.value) {
            (Step::Key(key), Value::Table(table)) => table.get_mut(key),
            (Step::Index(index), Value::List(list)) => list.get_mut(*index),
            _ => None,
        };
        next?.get_mut(rest)
    }

    /// Lays another tree over this one: tables are joined, all else is replaced.
    pub fn lay(&mut self, over: Self) {
        match (&mut self.value, over.value) {
            (Value::Table(have), Value::Table(over)) => {
                for (key, node) in over {
                    match have.get_mut(&key) {
                        Some(old) => old.lay(node),
                        None => {
                            have.insert(key, node);
                        }
                    }
                }
            }
            (have, value) => *have = value,
        }
        self.at = over.at;
    }
}

fn entries(table: &DeTable<'_>, at: &dyn Fn(usize) -> At) -> BTreeMap<String, Node> {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &Spanned<std::borrow::Cow<'_, str>> = key;
        (key.get_ref().to_string(), Node { at: at(key.span().start), value: of(value.get_ref(), at) })
    };
    table.iter().map(entry).collect()
}

fn of(value: &DeValue<'_>, at: &dyn Fn(usize) -> At) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            let whole = i128::from_str_radix(number.as_str(), number.radix());
            whole.map_or_else(|_| Value::Fraction(number.to_string()), Value::Whole)
        }
        DeValue::Float(number) => Value::Fraction(number.to_string()),
        DeValue::Boolean(bool) => Value::Bool(*bool),
        DeValue::Datetime(time) => Value::Time(time.to_string()),
        DeValue::Array(list) => {
            let node = |item: &Spanned<DeValue<'_>>| Node { at: at(item.span().start), value: of(item.get_ref(), at) };
            Value::List(list.iter().map(node).collect())
        }
        DeValue::Table(table) => Value::Table(entries(table, at)),
    }
}

fn of_json(value: serde_json::Value, at: &At) -> Node {
    use serde_json::Value as Json;
    let value = match value {
        Json::Null => Value::Null,
        Json::Bool(bool) => Value::Bool(bool),
        Json::Number(number) => match number.to_string().parse() {
            Ok(whole) => Value::Whole(whole),
            Err(_) => Value::Fraction(number.to_string()),
        },
        Json::String(text) => Value::Text(text),
        Json::Array(list) => Value::List(list.into_iter().map(|item| of_json(item, at)).collect()),
        Json::Object(table) => Value::Table(table.into_iter().map(|(key, item)| (key, of_json(item, at))).collect()),
    };
    Node { at: at.clone(), value }
}
