//! The `content-hash` of `composer.lock`, by which Composer tells whether the lock fits `composer.json`.

use md5::{Digest, Md5};
use serde_json::{Map, Value};

/// The keys that count.
const RELEVANT: [&str; 11] = [
    "conflict",
    "extra",
    "minimum-stability",
    "name",
    "prefer-stable",
    "provide",
    "replace",
    "repositories",
    "require",
    "require-dev",
    "version",
];

/// The hash for this `composer.json`; none where PHP would write a value in a way that is not known here.
pub fn content_hash(manifest: &str) -> Option<String> {
    let manifest: Map<String, Value> = serde_json::from_str(manifest).ok()?;
    let mut relevant: Vec<(&str, Value)> =
        RELEVANT.iter().filter_map(|key| Some((*key, manifest.get(*key)?.clone()))).collect();
    if let Some(platform) = manifest.get("config").and_then(|config| config.get("platform")).filter(|it| !it.is_null())
    {
        let config = Map::from_iter([("platform".to_owned(), platform.clone())]);
        relevant.push(("config", Value::Object(config)));
    }
    relevant.sort_by_key(|(key, _)| *key);
    let members = relevant.into_iter().map(|(key, value)| (key.to_owned(), value));
    let mut text = String::new();
    write(&Value::Object(members.collect()), &mut text)?;
    let mut hash = String::new();
    for byte in Md5::digest(text.as_bytes()) {
        hash.push_str(&format!("{byte:02x}"));
    }
    Some(hash)
}

/// As PHP's `json_encode` writes it after reading objects as arrays.
fn write(value: &Value, out: &mut String) -> Option<()> {
    match value {
        Value::Null | Value::Bool(_) => out.push_str(&value.to_string()),
        Value::Number(number) if number.is_i64() => out.push_str(&number.to_string()),
        Value::Number(_) => return None,
        Value::String(text) => write_text(text, out),
        Value::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write(element, out)?;
            }
            out.push(']');
        }
        Value::Object(members) if members.is_empty() => out.push_str("[]"),
        Value::Object(members) => {
            // Keys that count from 0 would make it a list.
            if members.contains_key("0") {
                return None;
            }
            out.push('{');
            for (index, (key, member)) in members.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_text(key, out);
                out.push(':');
                write(member, out)?;
            }
            out.push('}');
        }
    }
    Some(())
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' => out.push_str("\\/"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='\u{7f}' => out.push(c),
            _ => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}
