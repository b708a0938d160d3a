//! The content hash that Poetry keeps in its lock of what `pyproject.toml` requires.

use crate::edit::toml::{at, read};
use sha2::{Digest, Sha256};
use toml_edit::{Item, Value};

/// The hash of a `pyproject.toml`. Older versions of Poetry leave dependency groups out. `None`, when the file holds
/// something whose form in the hash is not certain, such as a number with a fraction.
pub(super) fn content_hash(pyproject: &str, groups: bool) -> Option<String> {
    let document = read("", pyproject).ok()?;
    let written = |keys: &[&str]| at(&document, keys).map(item).map_or(Ok(None), |text| text.map(Some).ok_or(()));
    let mut project = Vec::new();
    for key in ["dependencies", "optional-dependencies", "requires-python"] {
        if let Some(text) = written(&["project", key]).ok()? {
            project.push((key, text));
        }
    }
    let groups = if groups { written(&["dependency-groups"]).ok()?.filter(|text| text != "{}") } else { None };
    let mut poetry = Vec::new();
    for key in ["dependencies", "dev-dependencies", "extras", "group", "source"] {
        match written(&["tool", "poetry", key]).ok()? {
            Some(text) => poetry.push((key, text)),
            None if key == "group" || !project.is_empty() || groups.is_some() => {}
            None => poetry.push((key, "null".to_owned())),
        }
    }
    let poetry = object(poetry);
    let mut content = Vec::new();
    content.extend(groups.map(|groups| ("dependency-groups", groups)));
    if !project.is_empty() {
        content.push(("project", object(project)));
    }
    let content = if content.is_empty() {
        poetry
    } else {
        content.push(("tool", object(vec![("poetry", poetry)])));
        object(content)
    };
    let mut written = String::new();
    for byte in Sha256::digest(content.as_bytes()) {
        written.push_str(&format!("{byte:02x}"));
    }
    Some(written)
}

fn object<K: AsRef<str> + Ord>(mut members: Vec<(K, String)>) -> String {
    members.sort();
    let written = members.iter().map(|(key, value)| format!("{}: {value}", string(key.as_ref())));
    format!("{{{}}}", written.collect::<Vec<_>>().join(", "))
}

fn list(values: Option<Vec<String>>) -> Option<String> {
    Some(format!("[{}]", values?.join(", ")))
}

/// An item as Python's `json.dumps` writes it with sorted keys.
fn item(item: &Item) -> Option<String> {
    if let Some(table) = item.as_table_like() {
        let members = table.iter().map(|(key, item)| Some((key.to_owned(), self::item(item)?)));
        return Some(object(members.collect::<Option<Vec<_>>>()?));
    }
    if let Some(tables) = item.as_array_of_tables() {
        let member = |table: &toml_edit::Table| {
            let members = table.iter().map(|(key, item)| Some((key.to_owned(), self::item(item)?)));
            Some(object(members.collect::<Option<Vec<_>>>()?))
        };
        return list(tables.iter().map(member).collect());
    }
    value(item.as_value()?)
}

fn value(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(string(text.value())),
        Value::Integer(number) => Some(number.value().to_string()),
        Value::Boolean(flag) => Some(flag.value().to_string()),
        Value::Array(array) => list(array.iter().map(self::value).collect()),
        Value::InlineTable(table) => {
            let members = table.iter().map(|(key, member)| Some((key.to_owned(), self::value(member)?)));
            Some(object(members.collect::<Option<Vec<_>>>()?))
        }
        Value::Float(_) | Value::Datetime(_) => None,
    }
}

/// A string as Python writes it: ASCII only.
fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
    out
}
