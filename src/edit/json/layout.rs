//! Items put into objects and arrays and taken out of them, in the file's own layout.

use std::ops::Range;

use super::{Item, Kind, Node, comment_end, quoted};
use crate::edit::lines::line_end;
use crate::edit::splice::Splices;

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum New {
    Text(String),
    Bare(&'static str),
    /// Written on one line.
    Texts(Vec<String>),
    List(Vec<New>),
    Object(Vec<(String, New)>),
}

impl New {
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// How a file writes keys and texts.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    quote: char,
    bare_keys: bool,
}

impl Style {
    /// As the document writes its first key and its first text.
    pub fn of(text: &str, root: &Node) -> Self {
        let first = root.items().first().and_then(|item| text[item.start..].chars().next());
        let bare_keys = first.is_some_and(|c| !matches!(c, '"' | '\''));
        let quote = if bare_keys { first_quote(text, root) } else { first };
        Self { quote: quote.unwrap_or('"'), bare_keys }
    }

    fn key(self, key: &str) -> String {
        if self.bare_keys { key.to_owned() } else { self.text(key) }
    }

    fn text(self, text: &str) -> String {
        if self.quote == '"' {
            return quoted(text);
        }
        let inner = quoted(text);
        format!("'{}'", inner[1..inner.len() - 1].replace("\\\"", "\"").replace('\'', "\\'"))
    }

    /// The value on lines that begin with `lead` (a line end and blanks), or on one line where `lead` is empty.
    fn write(self, new: &New, lead: &str, step: &str) -> String {
        let inner = if lead.is_empty() { String::new() } else { format!("{lead}{step}") };
        match new {
            New::Text(text) => self.text(text),
            New::Bare(word) => (*word).to_owned(),
            New::Texts(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| self.text(text)).collect();
                format!("[{}]", texts.join(", "))
            }
            New::List(list) => {
                let list = list.iter().map(|new| self.write(new, &inner, step));
                // On one line a blank tells a list that was added from one that was empty.
                if lead.is_empty() { format!("[ {} ]", join(list, "")) } else { enclosed(list, lead, &inner, '[', ']') }
            }
            New::Object(members) => {
                let members =
                    members.iter().map(|(key, new)| format!("{}: {}", self.key(key), self.write(new, &inner, step)));
                enclosed(members, lead, &inner, '{', '}')
            }
        }
    }
}

fn join(parts: impl Iterator<Item = String>, inner: &str) -> String {
    parts.collect::<Vec<_>>().join(&if inner.is_empty() { ", ".to_owned() } else { format!(",{inner}") })
}

fn enclosed(parts: impl Iterator<Item = String>, lead: &str, inner: &str, open: char, close: char) -> String {
    format!("{open}{inner}{}{lead}{close}", join(parts, inner))
}

fn first_quote(text: &str, node: &Node) -> Option<char> {
    match node.kind {
        Kind::Text(_) => text[node.range.start..].chars().next(),
        _ => node.items().iter().find_map(|item| first_quote(text, &item.value)),
    }
}

/// The line end and blanks before `at`, where nothing else stands before it on its line.
fn lead_at(text: &str, at: usize) -> Option<&str> {
    let before = text[..at].trim_end_matches([' ', '\t']);
    let start = before.strip_suffix('\n')?;
    Some(&text[start.strip_suffix('\r').unwrap_or(start).len()..at])
}

/// One step of indentation: that of the document's own members, if they stand on lines.
fn step_of(text: &str, root: &Node) -> String {
    let lead = root.items().first().and_then(|item| lead_at(text, item.start));
    let step = lead.map_or("", |lead| lead.trim_start_matches(['\r', '\n']));
    if step.is_empty() { "  ".to_owned() } else { step.to_owned() }
}

/// Puts an item at the end of a container of the document; `key` is none for arrays.
pub fn append(splices: &mut Splices, text: &str, root: &Node, container: &Node, key: Option<&str>, new: &New) {
    let style = Style::of(text, root);
    let step = step_of(text, root);
    let write = |lead: &str| match key {
        Some(key) => format!("{}: {}", style.key(key), style.write(new, lead, &step)),
        None => style.write(new, lead, &step),
    };
    let Some(last) = container.items().last() else {
        let inside = container.range.start + 1;
        let is_bare = text.get(inside..container.range.end - 1).is_some_and(str::is_empty);
        let on_lines = root.items().first().is_none_or(|first| lead_at(text, first.start).is_some());
        // Objects are laid out as the document is; elsewhere the item goes right behind the bracket, which says it was
        // empty.
        let outer = line_lead(text, container.range.start);
        let outer = if outer.is_empty() { line_end(text).to_owned() } else { outer };
        let lead = format!("{outer}{step}");
        let lays_out = key.is_some() && is_bare && on_lines;
        let written = if lays_out { format!("{lead}{}{outer}", write(&lead)) } else { write("") };
        splices.insert(inside, written);
        return;
    };
    let Some(lead) = lead_at(text, last.start) else {
        let written = write("");
        match last.comma {
            Some(comma) => splices.insert(comma + 1, format!(" {written},")),
            None => splices.insert(last.end(), format!(", {written}")),
        }
        return;
    };
    let written = write(lead);
    if let Some(comma) = last.comma {
        splices.insert(after_comments(text, comma + 1), format!("{lead}{written},"));
    } else {
        splices.insert(last.end(), ",");
        splices.insert(after_comments(text, last.end()), format!("{lead}{written}"));
    }
}

/// Behind the comments that follow `at` on its line.
fn after_comments(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        let begin = at + rest.len() - rest.trim_start_matches([' ', '\t']).len();
        match comment_end(text, begin) {
            Some(end) if !text[begin..end].contains('\n') => at = end,
            _ => return at,
        }
    }
}

/// Takes items out of a container, with what [`append`] wrote around them.
pub fn remove(splices: &mut Splices, text: &str, container: &Node, is_removed: impl Fn(usize, &Item) -> bool) {
    let items = container.items();
    let gone: Vec<bool> = items.iter().enumerate().map(|(index, item)| is_removed(index, item)).collect();
    if gone.iter().all(|gone| *gone) {
        match items {
            [] => {}
            [only] => remove_only(splices, text, container, only),
            _ => splices.remove(container.range.start + 1..container.range.end - 1),
        }
        return;
    }
    let mut kept: Option<&Item> = None;
    for (index, item) in items.iter().enumerate() {
        let end = item.comma.map_or(item.end(), |comma| comma + 1);
        if !gone[index] {
            kept = Some(item);
        } else if kept.is_some() {
            splices.remove(blanks_start(text, item.start)..end);
        } else if let Some(next) = items.get(index + 1) {
            let end = if text[end..next.start].trim().is_empty() { next.start } else { end };
            splices.remove(item.start..end);
        }
    }
    // What stands last now has no comma where what stood last had none.
    if let (Some(true), Some(last), Some(comma)) = (gone.last(), items.last(), kept.and_then(|item| item.comma))
        && last.comma.is_none()
    {
        splices.remove(comma..comma + 1);
    }
}

/// With the blanks around it where it was laid out on lines of its own, alone where it stands behind the bracket.
fn remove_only(splices: &mut Splices, text: &str, container: &Node, item: &Item) {
    let inside = container.range.start + 1..container.range.end - 1;
    let end = item.comma.map_or(item.end(), |comma| comma + 1);
    let has_comments = !text[inside.start..item.start].trim().is_empty() || !text[end..inside.end].trim().is_empty();
    if item.start == inside.start || has_comments {
        let start = if has_comments { blanks_start(text, item.start).max(inside.start) } else { item.start };
        splices.remove(start..end);
    } else {
        splices.remove(inside);
    }
}

/// Where the blanks before `at` begin, with the end of the line before.
fn blanks_start(text: &str, at: usize) -> usize {
    lead_at(text, at).map_or_else(|| text[..at].trim_end_matches([' ', '\t']).len(), |lead| at - lead.len())
}

/// Whether the only item of a list was written together with the list.
pub fn is_added_list(text: &str, list: &Node) -> bool {
    let Some(item) = list.items().first() else { return false };
    let inside = list.range.start + 1..list.range.end - 1;
    let end = item.comma.map_or(item.end(), |comma| comma + 1);
    let is_alone = text[inside.start..item.start].trim().is_empty() && text[end..inside.end].trim().is_empty();
    list.items().len() == 1 && item.start != inside.start && is_alone
}

/// The line end and blanks that begin the line of `at`; nothing on the first line.
pub fn line_lead(text: &str, at: usize) -> String {
    let Some(line) = text[..at].rfind('\n') else { return String::new() };
    let start = if text[..line].ends_with('\r') { line - 1 } else { line };
    let blanks = text[line + 1..].len() - text[line + 1..].trim_start_matches([' ', '\t']).len();
    text[start..=line + blanks].to_owned()
}

/// A value of another document, moved to the indentation of the line that `lead` begins.
pub fn moved(text: &str, range: Range<usize>, lead: &str) -> String {
    let old = line_lead(text, range.end.saturating_sub(1));
    let raw = &text[range];
    let (old, new) = (old.trim_start_matches('\r'), lead);
    if old.is_empty() || new.is_empty() || old == new.trim_start_matches('\r') && !new.starts_with('\r') {
        return raw.to_owned();
    }
    raw.replace("\r\n", "\n").replace(old, new)
}
