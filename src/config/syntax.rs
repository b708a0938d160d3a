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
        return Some((at, format!("the list of {key} is not closed: add \"]\"")));
    }
    if let Some(number) = first(&["unclosed inline table", "missing comma between key-value pairs"]) {
        let (at, key) = opened(number, &|line| line.contains('{'));
        return Some((at, format!("the table of {key} is not closed: add \"}}\"; it has to end on its line")));
    }
    let number =
        first(&["invalid multi-line basic string, expected `\"`", "invalid multi-line literal string, expected `'`"])?;
    let (at, key) = opened(number, &|line| line.contains("\"\"\"") || line.contains("'''"));
    Some((at, format!("the text of {key} is not closed: add its three closing quotes")))
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
        return "the section header lacks its closing \"]]\"".into();
    }
    if is("unclosed table") {
        return "the section header lacks its closing \"]\"".into();
    }
    if is("duplicate key") {
        return repeated(text, number, &error.text);
    }
    if is("string values must be quoted") {
        return if error.text.is_empty() {
            format!("{key} has no value")
        } else if error.text.contains(['“', '”', '„', '‘', '’']) {
            format!("{key} has typographic quotes around its value: use straight ones (\")")
        } else {
            format!("{key} needs quotes around its value, if that is text")
        };
    }
    if is("invalid boolean") {
        return format!("{key} must be true or false, in lower case");
    }
    if is("invalid basic string, expected `\"`") || is("invalid literal string, expected `'`") {
        return format!("{key} lacks the closing quote of its value");
    }
    if is("invalid basic string") || is("invalid literal string") || is("invalid multi-line") {
        return format!("{key} holds a control character: write it as \\u and four hex digits");
    }
    if is("missing escaped value") || is("too few unicode") || is("invalid escape") {
        return format!("{key} holds a backslash that escapes nothing: write \\\\, or put the value in single quotes");
    }
    if is("cannot extend value") {
        return format!("{key} has a value already, and cannot have keys of its own");
    }
    if is("unquoted keys cannot be empty") {
        return if header { "the section header lacks its name" } else { "there is no key before the \"=\"" }.into();
    }
    if is("key with no value") || is("invalid unquoted key") || is("missing assignment") || is("missing value for key")
    {
        return if whole.contains(':') && !whole.contains('=') {
            "write KEY = VALUE, with \"=\" in place of \":\"".into()
        } else {
            "this is neither KEY = VALUE nor a section header".into()
        };
    }
    if is("unexpected key or value") || is("unexpected content") {
        return if header {
            "there is something behind the section header: put it on a line of its own".into()
        } else {
            format!("there is something behind the value of {key}: put it in quotes, or on a line of its own")
        };
    }
    if is("missing comma between array elements") {
        return "a comma is missing before this item of the list".into();
    }
    if is("unexpected leading zero") {
        return format!("{key} must be a number that does not begin with 0, or text in quotes");
    }
    if is("invalid date") || is("invalid time") || is("invalid datetime") {
        return format!("{key} is not a valid date or time");
    }
    if is("carriage return") {
        return "a carriage return has to be followed by a line feed".into();
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
        let Some((at, line)) = first else { return format!("the section {name} is set twice") };
        let twice = line.trim_start().starts_with("[[") == whole.trim_start().starts_with("[[");
        return if twice {
            format!("the section [{name}] is there twice (first on line {at}): join the two")
        } else {
            format!("{name} is both [{name}] and [[{name}]] (first on line {at}): write one of them throughout")
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
