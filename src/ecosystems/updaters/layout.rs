//! Items put into JSON5 objects and arrays and taken out of them, in the file's own layout.

use super::json5::{Item, Kind, Node, comment_end};
use crate::ecosystems::pinning::splices::{Splices, line_end};

/// A value to be written.
#[derive(Clone, Debug)]
pub enum New {
    Text(String),
    Bare(&'static str),
    /// Written on one line.
    Texts(Vec<String>),
    List(Vec<New>),
    Object(Vec<(&'static str, New)>),
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

    /// What is written here has no quotes and no backslashes: names and words of our own.
    fn text(self, text: &str) -> String {
        format!("{0}{text}{0}", self.quote)
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
pub fn append(splices: &mut Splices, text: &str, root: &Node, container: &Node, key: Option<&'static str>, new: &New) {
    let style = Style::of(text, root);
    let step = step_of(text, root);
    let write = |lead: &str| match key {
        Some(key) => format!("{}: {}", style.key(key), style.write(new, lead, &step)),
        None => style.write(new, lead, &step),
    };
    let Some(last) = container.items().last() else {
        let inside = container.range.start + 1;
        let is_bare = text.get(inside..container.range.end - 1).is_some_and(str::is_empty);
        // An empty document is laid out; elsewhere the item goes right behind the bracket, which says it was empty.
        let lead = format!("{}{step}", line_end(text));
        let written =
            if key.is_some() && is_bare { format!("{lead}{}{}", write(&lead), line_end(text)) } else { write("") };
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

/// Takes the item at `index` out of a container, with what [`append`] wrote around it.
pub fn remove(splices: &mut Splices, text: &str, container: &Node, index: usize) {
    let items = container.items();
    let Some(item) = items.get(index) else { return };
    if items.len() == 1 {
        remove_only(splices, text, container, item);
        return;
    }
    if index == 0 {
        let end = item.comma.map_or(item.end(), |comma| comma + 1);
        let next = items[1].start;
        let end = if text[end..next].trim().is_empty() { next } else { end };
        splices.remove(item.start..end);
        return;
    }
    let start = blanks_start(text, item.start);
    if let Some(comma) = item.comma {
        splices.remove(start..comma + 1);
        return;
    }
    splices.remove(start..item.end());
    if let Some(comma) = items[index - 1].comma {
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
