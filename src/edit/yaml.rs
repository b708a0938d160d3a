//! The tree of a YAML text: mappings, sequences and scalars with their places, aliases resolved on the way.
//!
//! `pnpm-lock.yaml` is not read here: pnpm alone writes it, always in one layout, and its lines are what is edited.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// The place of a node in its tree.
pub type Id = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
    /// Literal or folded; true for literal.
    Block(bool),
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    /// Of the key, in bytes.
    pub range: Range<usize>,
    pub value: Id,
}

#[derive(Clone, Debug)]
pub enum Kind {
    /// `index` counts the scalars that are no keys, as [`Tree::scalars`] lists them.
    Scalar {
        value: String,
        style: Style,
        index: usize,
        tagged: bool,
    },
    Mapping(Vec<Entry>),
    Sequence(Vec<Id>),
    /// The anchored node.
    Alias(Id),
}

#[derive(Clone, Debug)]
pub struct Node {
    pub kind: Kind,
    /// In bytes. Of a scalar as written without its anchor; of a flow collection with its brackets; a block
    /// collection's end may lie behind blank lines and comments.
    pub range: Range<usize>,
    pub flow: bool,
    parent: Option<Id>,
    label: String,
    shared: bool,
}

/// A parsed text.
#[derive(Debug)]
pub struct Tree<'t> {
    pub text: &'t str,
    nodes: Vec<Node>,
    /// One for each document.
    pub roots: Vec<Id>,
    aliases: usize,
    /// What not every reader takes, the first of it: a merge key, or a key that stands twice.
    pub oddity: Option<String>,
    /// Where lines end.
    newlines: Vec<usize>,
}

/// Deeper nesting than this is refused.
const DEPTH_MAX: usize = 100;

impl<'t> Tree<'t> {
    /// Reads a text.
    ///
    /// # Errors
    /// Why it is no YAML that can be edited safely.
    pub fn read(text: &'t str) -> Result<Self, String> {
        let mut builder = Builder::new(text);
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| format!("line {}: {}", error.marker().line(), error.info()))?;
            builder.take(event, span)?;
        }
        Ok(builder.tree)
    }

    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    /// The node that is meant, when this is an alias.
    pub fn resolve(&self, id: Id) -> Id {
        match self.nodes[id].kind {
            Kind::Alias(target) => target,
            _ => id,
        }
    }

    /// The entries of a mapping; none of anything else.
    pub fn entries(&self, id: Id) -> &[Entry] {
        match &self.nodes[self.resolve(id)].kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a sequence; none of anything else.
    pub fn items(&self, id: Id) -> &[Id] {
        match &self.nodes[self.resolve(id)].kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub fn scalar(&self, id: Id) -> Option<&str> {
        match &self.nodes[self.resolve(id)].kind {
            Kind::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The entry of a mapping, in any case when none is written so.
    pub fn entry(&self, id: Id, key: &str) -> Option<&Entry> {
        let entries = self.entries(id);
        let exact = entries.iter().find(|entry| entry.key == key);
        exact.or_else(|| entries.iter().find(|entry| entry.key.eq_ignore_ascii_case(key)))
    }

    pub fn get(&self, id: Id, key: &str) -> Option<Id> {
        self.entry(id, key).map(|entry| entry.value)
    }

    /// Follows keys downwards.
    pub fn at(&self, id: Id, keys: &[&str]) -> Option<Id> {
        keys.iter().try_fold(id, |at, key| self.get(at, key))
    }

    /// The scalar of a mapping's entry.
    pub fn text_of(&self, id: Id, key: &str) -> Option<&str> {
        self.scalar(self.get(id, key)?)
    }

    /// The keys that lead to a node; a sequence's elements count from 0.
    pub fn path(&self, id: Id) -> Vec<String> {
        let mut path = Vec::new();
        let mut at = id;
        while let Some(parent) = self.nodes[at].parent {
            path.push(self.nodes[at].label.clone());
            at = parent;
        }
        path.reverse();
        path
    }

    /// Whether an alias elsewhere brings this node, or one around it, to another place.
    pub fn is_shared(&self, id: Id) -> bool {
        let mut at = Some(id);
        while let Some(id) = at {
            if self.nodes[id].shared {
                return true;
            }
            at = self.nodes[id].parent;
        }
        false
    }

    /// Whether a node stands between brackets.
    pub fn is_in_flow(&self, id: Id) -> bool {
        let mut at = self.nodes[id].parent;
        while let Some(id) = at {
            if self.nodes[id].flow {
                return true;
            }
            at = self.nodes[id].parent;
        }
        false
    }

    /// How many aliases there are.
    pub fn aliases(&self) -> usize {
        self.aliases
    }

    /// Every scalar that is no key, in the text's order.
    pub fn scalars(&self) -> impl Iterator<Item = Id> + '_ {
        (0..self.nodes.len()).filter(|id| matches!(self.nodes[*id].kind, Kind::Scalar { .. }))
    }

    /// The line of a byte, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.newlines.partition_point(|newline| *newline < at) + 1
    }

    /// Where the line of a byte begins.
    pub fn line_start(&self, at: usize) -> usize {
        let newline = self.text.get(..at).and_then(|before| before.rfind('\n'));
        newline.map_or_else(|| super::lines::start(self.text), |newline| newline + 1)
    }

    /// Where the line of a byte ends, in front of its line end.
    pub fn line_stop(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        at + line.strip_suffix('\r').unwrap_or(line).len()
    }

    /// How far a byte stands from the start of its line, in characters.
    pub fn column(&self, at: usize) -> usize {
        self.text.get(self.line_start(at)..at).map_or(0, |before| before.chars().count())
    }
}

struct Level {
    node: Id,
    key: Option<(String, Range<usize>)>,
    keys: HashSet<String>,
}

struct Builder<'t> {
    tree: Tree<'t>,
    levels: Vec<Level>,
    anchors: HashMap<usize, Id>,
    scalars: usize,
    /// The byte of every character, when not all are one byte long: the parser counts characters.
    bytes: Vec<usize>,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        let bytes = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        let newlines = text.match_indices('\n').map(|(at, _)| at).collect();
        let tree = Tree { text, nodes: Vec::new(), roots: Vec::new(), aliases: 0, oddity: None, newlines };
        Self { tree, levels: Vec::new(), anchors: HashMap::new(), scalars: 0, bytes }
    }

    fn byte(&self, index: usize) -> usize {
        let end = self.tree.text.len();
        if self.bytes.is_empty() { index.min(end) } else { self.bytes.get(index).copied().unwrap_or(end) }
    }

    fn bytes(&self, span: Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        start..self.byte(span.end.index()).max(start)
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        match event {
            Event::MappingStart(anchor, _) => self.open(Kind::Mapping(Vec::new()), span, anchor)?,
            Event::SequenceStart(anchor, _) => self.open(Kind::Sequence(Vec::new()), span, anchor)?,
            Event::MappingEnd | Event::SequenceEnd => self.close(span),
            Event::Alias(anchor) => {
                let range = self.bytes(span);
                let target = self.anchors.get(&anchor).copied().ok_or("an alias has no anchor")?;
                self.not_a_key(&range)?;
                self.tree.nodes[target].shared = true;
                self.tree.aliases += 1;
                self.add(Kind::Alias(target), range, false, 0);
            }
            Event::Scalar(value, style, anchor, tag) => {
                self.scalar(value.into_owned(), style, anchor, tag.is_some(), span);
            }
            _ => {}
        }
        Ok(())
    }

    fn scalar(&mut self, value: String, style: ScalarStyle, anchor: usize, tagged: bool, span: Span) {
        let range = self.written(self.bytes(span), anchor != 0 || tagged);
        if self.awaits_key() {
            return self.take_key(value, range);
        }
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::Literal => Style::Block(true),
            ScalarStyle::Folded => Style::Block(false),
            _ => Style::Quoted,
        };
        let index = self.scalars;
        self.scalars += 1;
        self.add(Kind::Scalar { value, style, index, tagged }, range, false, anchor);
    }

    /// Of what the parser takes for a scalar, what is written of it: no anchor, and nothing that follows.
    fn written(&self, range: Range<usize>, has_property: bool) -> Range<usize> {
        let text = self.tree.text.get(range.clone()).unwrap_or_default().trim_end();
        let mut start = 0;
        while has_property && text[start..].starts_with(['&', '!']) {
            let rest = &text[start..];
            let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
            start += word + (rest[word..].len() - rest[word..].trim_start().len());
        }
        let rest = &text[start..];
        let length = quoted_length(rest).unwrap_or(rest.len());
        range.start + start..range.start + start + length
    }

    fn awaits_key(&self) -> bool {
        let Some(level) = self.levels.last() else { return false };
        level.key.is_none() && matches!(self.tree.nodes[level.node].kind, Kind::Mapping(_))
    }

    fn take_key(&mut self, key: String, range: Range<usize>) {
        let line = self.tree.line(range.start);
        let Some(level) = self.levels.last_mut() else { return };
        if key == "<<" {
            self.tree.oddity.get_or_insert_with(|| format!("line {line}: GitHub does not support merge keys"));
        } else if !level.keys.insert(key.clone()) {
            self.tree.oddity.get_or_insert_with(|| format!("line {line}: duplicate key"));
        }
        level.key = Some((key, range));
    }

    fn not_a_key(&self, range: &Range<usize>) -> Result<(), String> {
        if self.awaits_key() {
            return Err(format!("line {}: a key is not a plain word", self.tree.line(range.start)));
        }
        Ok(())
    }

    fn open(&mut self, kind: Kind, span: Span, anchor: usize) -> Result<(), String> {
        let range = self.bytes(span);
        self.not_a_key(&range)?;
        if self.levels.len() >= DEPTH_MAX {
            return Err("it is nested too deeply".to_owned());
        }
        let opening = self.tree.text.get(range.clone()).unwrap_or_default().trim_end();
        let flow = opening.ends_with(['{', '[']);
        let range = if flow { range.start + opening.len() - 1..range.end } else { range.end..range.end };
        let node = self.add(kind, range, flow, anchor);
        self.levels.push(Level { node, key: None, keys: HashSet::new() });
        Ok(())
    }

    fn close(&mut self, span: Span) {
        let end = self.bytes(span).end;
        if let Some(level) = self.levels.pop() {
            let node = &mut self.tree.nodes[level.node];
            node.range.end = end.max(node.range.start);
        }
    }

    /// Hangs a node below the open collection.
    fn add(&mut self, kind: Kind, range: Range<usize>, flow: bool, anchor: usize) -> Id {
        let id = self.tree.nodes.len();
        let (mut label, mut parent) = (String::new(), None);
        if let Some(level) = self.levels.last_mut() {
            parent = Some(level.node);
            match &mut self.tree.nodes[level.node].kind {
                Kind::Mapping(entries) => {
                    let (key, range) = level.key.take().unwrap_or_default();
                    label.clone_from(&key);
                    entries.push(Entry { key, range, value: id });
                }
                Kind::Sequence(items) => {
                    label = items.len().to_string();
                    items.push(id);
                }
                _ => {}
            }
        } else {
            self.tree.roots.push(id);
        }
        self.tree.nodes.push(Node { kind, range, flow, parent, label, shared: false });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        id
    }
}

/// A value that is no mapping and no sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The keys that lead here; a sequence's elements count from 0.
    pub path: Vec<String>,
    pub value: String,
    /// As written, quotes included.
    pub range: Range<usize>,
    /// Written on one line, with no tag, and nothing else means it too: its range can be replaced.
    pub simple: bool,
}

/// Every scalar value, in the text's order; keys are not among them.
///
/// # Errors
/// Why it is no YAML that can be edited safely.
pub fn scalars(text: &str) -> Result<Vec<Scalar>, String> {
    let tree = Tree::read(text)?;
    let scalar = |id: Id| {
        let node = tree.node(id);
        let Kind::Scalar { value, style, tagged, .. } = &node.kind else { return None };
        let range = node.range.clone();
        let block = matches!(style, Style::Block(_));
        let simple = !block && !tagged && !tree.is_shared(id) && !text[range.clone()].contains('\n');
        Some(Scalar { path: tree.path(id), value: value.clone(), range, simple })
    };
    Ok(tree.scalars().filter_map(scalar).collect())
}

/// How long a quoted scalar is at the start of `written`, in bytes, when there is one.
fn quoted_length(written: &str) -> Option<usize> {
    let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut chars = written.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            // A single quote is written twice inside.
            if quote == '"' || chars.next_if(|(_, next)| *next == quote).is_none() {
                return Some(at + 1);
            }
        }
    }
    None
}
