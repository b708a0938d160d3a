//! The new text of one workflow: scalars replaced and entries added, and a check that nothing else differs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::quote::{Quoting, write};
use crate::edit::lines::line_end;
use crate::edit::splice::Splices;
use crate::edit::yaml::{Id, Kind, Style, Tree};

/// What becomes of a scalar that is there.
#[derive(Debug)]
struct Change {
    range: Range<usize>,
    written: String,
    /// Its value afterwards; none when it gives way to a mapping.
    value: Option<String>,
}

/// An entry that was not there.
#[derive(Debug)]
struct Addition {
    at: usize,
    written: String,
    path: Vec<String>,
    value: String,
}

/// The changes of one workflow.
#[derive(Debug)]
pub struct Patch<'t, 'w> {
    tree: &'w Tree<'t>,
    /// How many columns a nested mapping stands to the right.
    indent: usize,
    /// By the scalar's index.
    changes: BTreeMap<usize, Change>,
    additions: Vec<Addition>,
    comments: BTreeMap<usize, (Range<usize>, String)>,
    shared: BTreeSet<usize>,
    /// The quotes that this text uses more often.
    usual_quote: char,
}

/// More changes of one workflow are refused: no failure asks for them.
const CHANGES_MAX: usize = 200;

impl<'t, 'w> Patch<'t, 'w> {
    pub fn new(tree: &'w Tree<'t>, indent: usize) -> Self {
        Self {
            tree,
            indent,
            changes: BTreeMap::new(),
            additions: Vec::new(),
            comments: BTreeMap::new(),
            shared: BTreeSet::new(),
            usual_quote: usual_quote(tree),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.additions.is_empty()
    }

    /// The lines of changes that an alias brings to other places too.
    pub fn shared_lines(&self) -> Vec<usize> {
        self.shared.iter().copied().collect()
    }

    /// Gives a scalar another value, in the quotes that it has.
    ///
    /// # Errors
    /// It is not written in a way that can be edited safely.
    pub fn set(&mut self, id: Id, value: &str) -> Result<(), String> {
        let id = self.tree.resolve(id);
        let node = self.tree.node(id);
        let Kind::Scalar { value: old, style, tagged, .. } = &node.kind else {
            return Err(format!("line {} has no single value", self.tree.line(node.range.start)));
        };
        let raw = self.tree.text.get(node.range.clone()).unwrap_or_default();
        if let Style::Block(_) = style {
            let old = old.trim_end_matches('\n').to_owned();
            return self.set_lines(id, |line| if line == old { value.to_owned() } else { line.to_owned() });
        }
        if *tagged || raw.is_empty() || raw.contains('\n') {
            return Err(self.hard_to_edit(id));
        }
        let quoting = match raw.chars().next() {
            Some('"') => Quoting::Double,
            Some('\'') => Quoting::Single,
            _ => Quoting::Plain { otherwise: self.usual_quote, in_flow: self.tree.is_in_flow(id) },
        };
        let written = if is_integer(raw) && is_integer(value) {
            value.to_owned()
        } else {
            write(value, quoting).ok_or_else(|| self.hard_to_edit(id))?
        };
        self.change(id, node.range.clone(), written, Some(value.to_owned()))
    }

    /// Edits a block scalar line by line; blank lines stay.
    ///
    /// # Errors
    /// It is not written in a way that can be edited safely.
    pub fn set_lines(&mut self, id: Id, edit: impl Fn(&str) -> String) -> Result<(), String> {
        let id = self.tree.resolve(id);
        let node = self.tree.node(id);
        let Kind::Scalar { value, style: Style::Block(literal), tagged: false, .. } = &node.kind else {
            return Err(self.hard_to_edit(id));
        };
        let raw = self.tree.text.get(node.range.clone()).unwrap_or_default();
        // What is folded is one value; and the lines must be found in the text as the reader understood them.
        let lines = |text: &str| {
            text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect::<Vec<_>>()
        };
        if (!literal && lines(raw).len() > 1) || lines(raw) != lines(value) {
            return Err(self.hard_to_edit(id));
        }
        let edited = |text: &str| {
            let each = text.split_inclusive('\n').map(|line| {
                let content = line.trim();
                if content.is_empty() {
                    return line.to_owned();
                }
                let start = line.find(content).unwrap_or(0);
                format!("{}{}{}", &line[..start], edit(content), &line[start + content.len()..])
            });
            each.collect::<String>()
        };
        let (written, value) = (edited(raw), edited(value));
        self.change(id, node.range.clone(), written, Some(value))
    }

    fn change(&mut self, id: Id, range: Range<usize>, written: String, value: Option<String>) -> Result<(), String> {
        let Kind::Scalar { value: old, index, .. } = &self.tree.node(id).kind else {
            return Err(self.hard_to_edit(id));
        };
        if value.as_ref() == Some(old) {
            return Ok(());
        }
        if let Some(other) = self.changes.get(index) {
            let same = other.written == written;
            return if same { Ok(()) } else { Err(format!("{} for two purposes", self.hard_to_edit(id))) };
        }
        self.not_too_many()?;
        if self.tree.is_shared(id) {
            self.shared.insert(self.tree.line(range.start));
        }
        self.changes.insert(*index, Change { range, written, value });
        Ok(())
    }

    fn not_too_many(&self) -> Result<(), String> {
        let count = self.changes.len() + self.additions.len();
        if count < CHANGES_MAX { Ok(()) } else { Err("too many places would change: name a job".to_owned()) }
    }

    fn hard_to_edit(&self, id: Id) -> String {
        let line = self.tree.line(self.tree.node(id).range.start);
        format!("the value in line {line} has a form that cannot be edited safely")
    }

    /// Puts `key: value` into a mapping.
    ///
    /// # Errors
    /// The mapping is not written in a way that can be edited safely.
    pub fn add(&mut self, mapping: Id, key: &str, value: &str) -> Result<(), String> {
        let id = self.tree.resolve(mapping);
        let node = self.tree.node(id);
        let (path, entries) = (self.tree.path(id), self.tree.entries(id));
        let written = self.pair(key, value, node.flow)?;
        let (at, written) = match (node.flow, entries.first(), entries.last()) {
            (true, Some(first), _) => (first.range.start, format!("{written}, ")),
            (true, None, _) => (node.range.start + 1, format!(" {written} ")),
            (false, Some(first), Some(last)) => {
                self.beside(first.range.start, last.value, self.tree.column(first.range.start), &written)?
            }
            _ => return Err(self.hard_to_edit(id)),
        };
        self.insert(id, at, written, path, &[key], value)
    }

    /// Puts `section: { key: value }` into a mapping, on lines of its own behind the entry `after`.
    ///
    /// # Errors
    /// The mapping is not written in a way that can be edited safely.
    pub fn add_section(&mut self, owner: Id, section: &str, after: &str, key: &str, value: &str) -> Result<(), String> {
        let id = self.tree.resolve(owner);
        let node = self.tree.node(id);
        let path = self.tree.path(id);
        let first = self.tree.entries(id).first().ok_or_else(|| self.hard_to_edit(id))?;
        let written = self.pair(key, value, node.flow)?;
        if let Some(entry) = self.tree.entry(id, section) {
            return self.fill(id, entry.value, section, key, value);
        }
        if node.flow {
            return self.insert(
                id,
                first.range.start,
                format!("{section}: {{ {written} }}, "),
                path,
                &[section, key],
                value,
            );
        }
        let column = self.tree.column(first.range.start);
        let deeper = " ".repeat(column + self.indent);
        let lines = format!("{section}:{}{deeper}{written}", line_end(self.tree.text));
        let behind = self.tree.get(id, after).unwrap_or(first.value);
        let (at, written) = self.beside(first.range.start, behind, column, &lines)?;
        self.insert(id, at, written, path, &[section, key], value)
    }

    /// Fills a section that is there without a value: `env:`.
    fn fill(&mut self, owner: Id, empty: Id, section: &str, key: &str, value: &str) -> Result<(), String> {
        let node = self.tree.node(empty);
        let is_empty = matches!(&node.kind, Kind::Scalar { value, style: Style::Plain, .. } if value.is_empty());
        if !is_empty || !node.range.is_empty() || self.tree.node(owner).flow {
            return Err(self.hard_to_edit(empty));
        }
        let entry = self.tree.entry(owner, section).ok_or_else(|| self.hard_to_edit(empty))?;
        let column = self.tree.column(entry.range.start) + self.indent;
        let pair = self.pair(key, value, false)?;
        let at = self.tree.line_stop(entry.range.end);
        let written = format!("{}{}{pair}", line_end(self.tree.text), " ".repeat(column));
        let (end, path) = (entry.range.end, self.tree.path(owner));
        self.change(empty, end..end, String::new(), None)?;
        self.insert(owner, at, written, path, &[section, key], value)
    }

    fn pair(&self, key: &str, value: &str, in_flow: bool) -> Result<String, String> {
        let quoting = Quoting::Plain { otherwise: self.usual_quote, in_flow };
        let value = write(value, quoting).ok_or("a value cannot contain control characters")?;
        Ok(format!("{key}: {value}"))
    }

    /// Where new lines of this column go: behind the value, when it ends on its line, or in front of the first key.
    fn beside(&self, first: usize, behind: Id, column: usize, lines: &str) -> Result<(usize, String), String> {
        let (text, end) = (self.tree.text, line_end(self.tree.text));
        let node = self.tree.node(behind);
        let one_line = match &node.kind {
            Kind::Scalar { style: Style::Block(_), .. } => false,
            Kind::Scalar { .. } | Kind::Alias(_) => true,
            _ => node.flow,
        };
        let raw = text.get(node.range.clone()).unwrap_or_default();
        if one_line && !raw.contains('\n') {
            let at = self.tree.line_stop(node.range.end);
            return Ok((at, format!("{end}{}{lines}", " ".repeat(column))));
        }
        let start = self.tree.line_start(first);
        if text.get(start..first).is_some_and(|before| before.trim().is_empty()) {
            return Ok((start, format!("{}{lines}{end}", " ".repeat(column))));
        }
        Err(format!("found no safe place for a new line near line {}", self.tree.line(first)))
    }

    fn insert(
        &mut self,
        inside: Id,
        at: usize,
        written: String,
        mut path: Vec<String>,
        keys: &[&str],
        value: &str,
    ) -> Result<(), String> {
        path.extend(keys.iter().map(|key| (*key).to_owned()));
        if let Some(other) = self.additions.iter().find(|other| other.at == at) {
            let same = other.path == path && other.written == written;
            return if same { Ok(()) } else { Err("two entries would be added in the same place".to_owned()) };
        }
        self.not_too_many()?;
        if self.tree.is_shared(inside) {
            self.shared.insert(self.tree.line(at));
        }
        self.additions.push(Addition { at, written, path, value: value.to_owned() });
        Ok(())
    }

    /// Replaces a piece of a comment, or puts one at the end of a line.
    ///
    /// # Errors
    /// There is one already.
    pub fn comment(&mut self, range: Range<usize>, with: String) -> Result<(), String> {
        match self.comments.get(&range.start) {
            Some(other) if *other == (range.clone(), with.clone()) => Ok(()),
            Some(_) => Err(format!("line {} has two changes: split it", self.tree.line(range.start))),
            None => {
                self.comments.insert(range.start, (range, with));
                Ok(())
            }
        }
    }

    /// The new text, read again.
    ///
    /// # Errors
    /// It would differ in more than was meant.
    pub fn finish(self) -> Result<String, String> {
        let mut splices = Splices::default();
        for change in self.changes.values() {
            splices.replace(change.range.clone(), change.written.clone());
        }
        for addition in &self.additions {
            splices.insert(addition.at, addition.written.clone());
        }
        for (range, with) in self.comments.values() {
            splices.replace(range.clone(), with.clone());
        }
        let text = splices.apply(self.tree.text);
        self.check(&text).map_err(|what| format!("the edit would not be small ({what})"))?;
        Ok(text)
    }

    /// Reads both texts and compares every scalar: only those that were to differ may.
    fn check(&self, text: &str) -> Result<(), String> {
        let after_tree = Tree::read(text)?;
        if after_tree.aliases() != self.tree.aliases() || after_tree.roots.len() != self.tree.roots.len() {
            return Err("aliases or documents would change".to_owned());
        }
        if let Some(oddity) = &after_tree.oddity {
            return Err(oddity.clone());
        }
        let said = |tree: &Tree<'_>, id: Id| (tree.path(id), tree.scalar(id).unwrap_or_default().to_owned());
        let mut awaited = self.tree.scalars().enumerate().filter_map(|(index, id)| {
            let (path, value) = said(self.tree, id);
            match self.changes.get(&index) {
                Some(Change { value: None, .. }) => None,
                Some(Change { value: Some(value), .. }) => Some((path, value.clone())),
                None => Some((path, value)),
            }
        });
        let mut next = awaited.next();
        let mut additions: Vec<_> = self.additions.iter().collect();
        for id in after_tree.scalars() {
            let found = said(&after_tree, id);
            if next.as_ref() == Some(&found) {
                next = awaited.next();
                continue;
            }
            let added = additions.iter().position(|added| added.path == found.0 && added.value == found.1);
            let line = after_tree.line(after_tree.node(id).range.start);
            let added = added.ok_or_else(|| format!("line {line} would change"))?;
            additions.swap_remove(added);
        }
        if next.is_some() || !additions.is_empty() {
            return Err("a value would be lost".to_owned());
        }
        Ok(())
    }
}

fn usual_quote(tree: &Tree<'_>) -> char {
    let quote = |id: Id| tree.text.get(tree.node(id).range.clone()).and_then(|raw| raw.chars().next());
    let count = |wanted: char| tree.scalars().filter(|id| quote(*id) == Some(wanted)).count();
    if count('\'') > count('"') { '\'' } else { '"' }
}

/// A number that is shown as it is written: it needs no quotes where a number stood.
fn is_integer(text: &str) -> bool {
    let digits = (1..=9).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0'))
}
