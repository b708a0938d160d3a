//! What is no TOML, in plain English and with its line. Nothing of a line but its key is quoted: the rest may be a secret.

use super::tree::line;
use std::collections::BTreeMap;

/// A line, and what is wrong with it.
pub type Fault = (usize, String);

struct Error {
    offset: usize,
    message: String,
    /// What stands there.
    text: String,
}

/// The parser's findings, one for each line.
pub fn faults(text: &str, errors: &[toml::de::Error]) -> Vec<Fault> {
    let mut by_line: BTreeMap<usize, Vec<Error>> = BTreeMap::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let found = text.get(span.clone()).unwrap_or_default().to_owned();
        let error = Error { offset: span.start, message: error.message().to_owned(), text: found };
        by_line.entry(line(text, span.start)).or_default().push(error);
    }
    let mut found: Vec<Fault> = Vec::new();
    let open = open_end(text, &by_line);
    for (number, mut errors) in by_line {
        if let Some(open) = open.as_ref().filter(|(line, _)| *line <= number) {
            // Whatever follows was read as a part of it.
            found.push(open.clone());
            break;
        }
        errors.sort_by_key(|error| error.offset);
        let Some(error) = choose(&errors) else { continue };
        if error.message.starts_with("duplicate key") && inside_repeated(text, number, &found) {
            continue;
        }
        found.push((number, explain(text, number, error)));
    }
    found
}

/// A value that goes on over the lines that follow, to its surprise.
fn open_end(text: &str, by_line: &BTreeMap<usize, Vec<Error>>) -> Option<Fault> {
    let first = |starts: &[&str]| {
        let is = |error: &Error| starts.iter().any(|start| error.message.starts_with(start));
        by_line.iter().find(|(_, errors)| errors.iter().any(is)).map(|(number, _)| *number)
    };
    // The line that began it, and its key.
    let opened = |number: usize, mark: &dyn Fn(&str) -> bool| {
        let before = text.lines().take(number).enumerate();
        let at = before.filter(|(_, line)| mark(line)).last().map_or(number, |(at, _)| at + 1);
        let key = key_of(text.lines().nth(at - 1).unwrap_or_default());
        (at, key.unwrap_or("this value").to_owned())
    };
    if first(&["unclosed array, ", "unexpected `=` in array"]).is_some() {
        let number = first(&["missing comma between array", "unclosed array, ", "unexpected `=` in array"])?;
        let (at, key) = opened(number, &|line| after_key(line).is_some_and(|value| value.starts_with('[')));
        return Some((at, format!("missing \"]\" to close the list {key}")));
    }
    if let Some(number) = first(&["unclosed inline table", "missing comma between key-value pairs"]) {
        let (at, key) = opened(number, &|line| line.contains('{'));
        return Some((at, format!("missing \"}}\" to close {key}; an inline table must end on its line")));
    }
    let number =
        first(&["invalid multi-line basic string, expected `\"`", "invalid multi-line literal string, expected `'`"])?;
    let (at, key) = opened(number, &|line| line.contains("\"\"\"") || line.contains("'''"));
    Some((at, format!("missing closing triple quotes for {key}")))
}

/// The first, unless it only follows from another.
fn choose(errors: &[Error]) -> Option<&Error> {
    let first = errors.first()?;
    let rest = errors.iter().find(|error| error.message.starts_with("unexpected key or value"));
    rest.filter(|_| first.message.starts_with("string values") && first.text.contains([' ', '='])).or(Some(first))
}

fn explain(text: &str, number: usize, error: &Error) -> String {
    let whole = text.lines().nth(number - 1).unwrap_or_default();
    let header = whole.trim_start().starts_with('[');
    let key = key_of(whole).unwrap_or("the value");
    let is = |start: &str| error.message.starts_with(start);
    if is("unclosed array table") {
        return "missing \"]]\" at the end of the section header".into();
    }
    if is("unclosed table") {
        return "missing \"]\" at the end of the section header".into();
    }
    if is("duplicate key") {
        return repeated(text, number, &error.text);
    }
    if is("string values must be quoted") {
        return if error.text.is_empty() {
            format!("{key} has no value")
        } else if error.text.contains(['“', '”', '„', '‘', '’']) {
            format!("{key} has curly quotes around its value; use straight ones (\")")
        } else {
            format!("missing quotes around the value of {key}")
        };
    }
    if is("invalid boolean") {
        return format!("{key} must be true or false, in lower case");
    }
    if is("invalid basic string, expected `\"`") || is("invalid literal string, expected `'`") {
        return format!("missing closing quote for {key}");
    }
    if is("invalid basic string") || is("invalid literal string") || is("invalid multi-line") {
        return format!("{key} contains a control character; write it as \\u and four hex digits");
    }
    if is("missing escaped value") || is("too few unicode") || is("invalid escape") {
        return format!("{key} contains an invalid escape; write \\\\ for a backslash, or use single quotes");
    }
    if is("cannot extend value") {
        return format!("{key} already has a value and cannot have keys of its own");
    }
    if is("unquoted keys cannot be empty") {
        return if header { "empty section header" } else { "missing key before \"=\"" }.into();
    }
    if is("key with no value") || is("invalid unquoted key") || is("missing assignment") || is("missing value for key")
    {
        return if whole.contains(':') && !whole.contains('=') {
            "use \"=\" instead of \":\"".into()
        } else {
            "expected KEY = VALUE or a [section]".into()
        };
    }
    if is("unexpected key or value") || is("unexpected content") {
        return if header {
            "unexpected text after the section header; put it on its own line".into()
        } else {
            format!("unexpected text after the value of {key}")
        };
    }
    if is("missing comma between array elements") {
        return "missing comma before this list item".into();
    }
    if is("unexpected leading zero") {
        return format!("{key} starts with 0; write a number without it, or quote it");
    }
    if is("invalid date") || is("invalid time") || is("invalid datetime") {
        return format!("{key} is not a valid date or time");
    }
    if is("carriage return") {
        return "carriage return without a line feed".into();
    }
    format!("{key} is not valid TOML: {}", error.message)
}

/// The key that a line sets.
fn key_of(line: &str) -> Option<&str> {
    let key = line.split_once('=')?.0.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '"');
    (!key.is_empty() && key.len() <= 60 && key.chars().all(plain)).then_some(key)
}

/// What stands behind a line's key.
fn after_key(line: &str) -> Option<&str> {
    key_of(line)?;
    line.split_once('=').map(|(_, value)| value.trim_start())
}

/// The name in a section header.
fn header_of(line: &str) -> Option<&str> {
    let name = line.trim_start().strip_prefix('[')?;
    name.strip_prefix('[').unwrap_or(name).split(']').next().map(str::trim)
}

/// A line's section.
fn section(text: &str, number: usize) -> Option<(usize, &str)> {
    let before = text.lines().take(number).enumerate();
    before.filter_map(|(at, line)| header_of(line).map(|name| (at + 1, name))).last()
}

fn inside_repeated(text: &str, number: usize, found: &[Fault]) -> bool {
    section(text, number).is_some_and(|(at, _)| at != number && found.iter().any(|(line, _)| *line == at))
}

fn repeated(text: &str, number: usize, key: &str) -> String {
    let lines = || text.lines().enumerate().map(|(at, line)| (at + 1, line)).take(number - 1);
    let whole = text.lines().nth(number - 1).unwrap_or_default();
    if let Some(name) = header_of(whole) {
        let first = lines().find(|(_, line)| header_of(line) == Some(name));
        let Some((at, line)) = first else { return format!("duplicate section [{name}]") };
        let twice = line.trim_start().starts_with("[[") == whole.trim_start().starts_with("[[");
        return if twice {
            format!("duplicate section [{name}] (first on line {at}); merge the two")
        } else {
            format!("{name} is both [{name}] and [[{name}]] (first on line {at}); use one form throughout")
        };
    }
    let (start, name) = section(text, number).unwrap_or((0, ""));
    let full = if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    let first = lines().skip(start).find(|(_, line)| key_of(line).is_some_and(|have| have.trim_matches('"') == key));
    match first {
        Some((at, _)) => format!("{full} is set twice (first on line {at})"),
        None => format!("{full} is set twice"),
    }
}
