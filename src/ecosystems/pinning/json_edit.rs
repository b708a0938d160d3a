//! Members put into JSON objects and taken out of them, in the file's own layout.

use std::ops::Range;

use super::json::{Member, Node, quoted};
use super::splices::Splices;

/// A value to be written, laid out as its surroundings are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum New {
    Text(String),
    Object(Vec<(String, New)>),
}

impl New {
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The value on lines that begin with `lead` (a line end and blanks), its members one `step` further in.
    fn write(&self, lead: &str, step: &str) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Object(members) if members.is_empty() => "{}".to_owned(),
            Self::Object(members) => {
                let inner = if lead.is_empty() { String::new() } else { format!("{lead}{step}") };
                let written: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{inner}{}: {}", quoted(key), value.write(&inner, step)))
                    .collect();
                format!("{{{}{lead}}}", written.join(","))
            }
        }
    }
}

/// What stands before the first member of an object: a line end and blanks, or nothing.
fn lead_of<'a>(text: &'a str, object: &Node) -> &'a str {
    object.members().first().map_or("", |first| &text[object.range.start + 1..first.start])
}

/// One step of indentation in this document.
fn step_of(text: &str, root: &Node) -> String {
    let lead = lead_of(text, root);
    lead.rsplit('\n').next().filter(|_| lead.contains('\n')).unwrap_or_default().to_owned()
}

/// Puts a member at the end of `object`.
pub fn append(splices: &mut Splices, text: &str, root: &Node, object: &Node, key: &str, value: &New) {
    let step = step_of(text, root);
    if let Some(last) = object.members().last() {
        let lead = lead_of(text, object);
        splices.insert(last.value.range.end, format!(",{lead}{}: {}", quoted(key), value.write(lead, &step)));
        return;
    }
    let whole = New::Object(vec![(key.to_owned(), value.clone())]);
    splices.replace(object.range.clone(), whole.write(&line_lead(text, object.range.start), &step));
}

/// The line end and blanks that begin the line of `at`.
pub fn line_lead(text: &str, at: usize) -> String {
    let Some(line) = text[..at].rfind('\n') else { return String::new() };
    let start = if text[..line].ends_with('\r') { line - 1 } else { line };
    let blanks = text[line + 1..].len() - text[line + 1..].trim_start_matches([' ', '\t']).len();
    text[start..=line + blanks].to_owned()
}

/// Takes members out of an object, commas along with them.
pub fn remove(splices: &mut Splices, object: &Node, is_removed: impl Fn(&Member) -> bool) {
    let members = object.members();
    let kept = members.iter().filter(|member| !is_removed(member)).count();
    if kept == members.len() {
        return;
    }
    if kept == 0 {
        splices.remove(object.range.start + 1..object.range.end - 1);
        return;
    }
    let mut after_kept = false;
    for (index, member) in members.iter().enumerate() {
        if !is_removed(member) {
            after_kept = true;
        } else if after_kept {
            splices.remove(members[index - 1].value.range.end..member.value.range.end);
        } else {
            splices.remove(member.start..members[index + 1].start);
        }
    }
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
