//! TOML with byte positions, so that a value is replaced where it stands and nothing else is written anew.

use std::ops::Range;

use toml_edit::{Document, Item, Value};

use super::lines::{Lines, line_end, whole_line};
use super::places::goes_on;
use super::splice::splice;
use crate::domain::text::short;

/// Reads a document.
///
/// # Errors
/// A sentence that says why it cannot be read.
pub fn read<'a>(path: &str, text: &'a str) -> Result<Document<&'a str>, String> {
    Document::parse(text).map_err(|error| {
        let reason = short(error.message());
        format!("{} is not valid TOML ({reason}): fix it first.", short(path))
    })
}

/// The item at these keys.
pub fn at<'a>(document: &'a Document<&str>, keys: &[&str]) -> Option<&'a Item> {
    let mut item = document.as_item();
    for key in keys {
        item = item.as_table_like()?.get(key)?;
    }
    Some(item)
}

/// The bytes inside the quotes of a one-line string.
pub fn inside(text: &str, value: &Value) -> Option<Range<usize>> {
    value.as_str()?;
    let span = value.span()?;
    let raw = text.get(span.clone())?;
    let quote = raw.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let many = raw.len() > 2 && raw[1..].starts_with(quote);
    (raw.len() >= 2 && raw.ends_with(quote) && !many).then(|| span.start + 1..span.end - 1)
}

/// Puts a new element at the front of an array, or the bytes and the text for it. `mark` is put at the end of the line
/// that the element stands in.
pub fn array_front(text: &str, array: Range<usize>, element: &str, mark: &str) -> Option<String> {
    let inner = text.get(array.start + 1..array.end.checked_sub(1)?)?;
    let blank = inner.trim_start_matches([' ', '\t']);
    let at = array.start + 1;
    if blank.starts_with('\n') || blank.starts_with("\r\n") {
        let end = line_end(text);
        let next = blank.trim_start();
        let lead = inner.len() - next.len();
        let indent = inner[..lead].rsplit('\n').next().filter(|s| !s.is_empty()).unwrap_or("    ");
        return Some(format!("{}{end}{indent}{element},{mark}{}", &text[..at], &text[at..]));
    }
    let comma = if blank.is_empty() { "" } else { ", " };
    let line = Lines::new(text).around(array.end);
    if goes_on(&text[line.clone()]) {
        return None;
    }
    let line_end = line.end;
    Some(format!("{}{element}{comma}{}{mark}{}", &text[..at], &text[at..line_end], &text[line_end..]))
}

/// Takes out what [`array_front`] put in: the element, its comma and space or its line.
pub fn array_front_back(text: &str, element: Range<usize>, mark: Range<usize>) -> String {
    let rest = &text[element.end..mark.start.max(element.end)];
    let line = Lines::new(text).around(element.start);
    let alone = text[line.start..element.start].trim().is_empty() && rest == ",";
    if alone {
        return splice(text, vec![(whole_line(text, line), String::new())]);
    }
    let comma = if rest.starts_with(", ") { 2 } else { usize::from(rest.starts_with(',')) };
    splice(text, vec![(element.start..element.end + comma, String::new()), (mark, String::new())])
}
