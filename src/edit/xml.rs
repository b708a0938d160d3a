//! A reader of well-formed XML that keeps byte positions and builds nothing anew. No document type, hence no entities
//! of its own; linear time, bounded depth.
//!
//! Why no crate reads it: `roxmltree` joins CDATA with the text around it and loses its place, and refuses the undeclared
//! prefixes that build tools take.

use std::ops::Range;

use super::mark::{PIN, Was};

/// Elements nested more deeply are refused.
const DEPTH_MAX: usize = 200;

#[derive(Clone, Debug)]
pub struct Element {
    /// Without a namespace's prefix.
    name: Range<usize>,
    pub open: Range<usize>,
    /// To the end of its closing tag.
    pub end: usize,
    /// Where the closing tag begins; the end of the opening one where it closes itself.
    pub close: usize,
    pub parent: Option<usize>,
    pub children: Vec<usize>,
    attributes: Vec<(Range<usize>, Range<usize>)>,
    /// Its own text, piece by piece: what stands in CDATA without the wrapping.
    pieces: Vec<Range<usize>>,
}

/// A document: its elements in the order of their opening tags.
pub struct Tree<'t> {
    pub text: &'t str,
    pub elements: Vec<Element>,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    open: Vec<usize>,
    elements: Vec<Element>,
}

/// Reads a document.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn read(text: &str) -> Result<Tree<'_>, &'static str> {
    let mut reader = Reader { text, at: super::lines::start(text), open: Vec::new(), elements: Vec::new() };
    while reader.at < text.len() {
        reader.step()?;
    }
    if !reader.open.is_empty() {
        return Err("an element is not closed");
    }
    if reader.elements.is_empty() {
        return Err("it has no element");
    }
    Ok(Tree { text, elements: reader.elements })
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips to behind the next `what`.
    fn skip_past(&mut self, what: &str) -> Result<Range<usize>, &'static str> {
        let from = self.at;
        let length = self.rest().find(what).ok_or("a part of it has no end")?;
        self.at = from + length + what.len();
        Ok(from..from + length)
    }

    fn step(&mut self) -> Result<(), &'static str> {
        let rest = self.rest();
        if rest.starts_with("<!--") {
            self.at += 4;
            return self.skip_past("-->").map(|_| ());
        }
        if rest.starts_with("<![CDATA[") {
            self.at += 9;
            let inner = self.skip_past("]]>")?;
            return self.piece(inner);
        }
        if rest.starts_with("<!") {
            return Err("it has a document type, which is not supported for safety reasons");
        }
        if rest.starts_with("<?") {
            return self.skip_past("?>").map(|_| ());
        }
        if rest.starts_with("</") {
            return self.close();
        }
        if rest.starts_with('<') {
            return self.open();
        }
        let end = rest.find('<').map_or(self.text.len(), |length| self.at + length);
        let piece = self.at..end;
        self.at = end;
        self.piece(piece)
    }

    fn piece(&mut self, piece: Range<usize>) -> Result<(), &'static str> {
        if self.text[piece.clone()].trim().is_empty() {
            return Ok(());
        }
        let id = self.open.last().ok_or("there is text outside its elements")?;
        self.elements[*id].pieces.push(piece);
        Ok(())
    }

    fn name(&mut self) -> Result<Range<usize>, &'static str> {
        let bad = |c: char| c.is_whitespace() || "<>/='\"&".contains(c);
        let length = self.rest().find(bad).unwrap_or(self.rest().len());
        let range = self.at..self.at + length;
        self.at = range.end;
        if length == 0 { Err("a tag has no name") } else { Ok(range) }
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn open(&mut self) -> Result<(), &'static str> {
        let start = self.at;
        self.at += 1;
        let full = self.name()?;
        let mut attributes = Vec::new();
        let closed = loop {
            self.blanks();
            if self.rest().starts_with("/>") {
                self.at += 2;
                break true;
            }
            if self.rest().starts_with('>') {
                self.at += 1;
                break false;
            }
            attributes.push(self.attribute()?);
        };
        let prefix = self.text[full.clone()].rfind(':').map_or(0, |at| at + 1);
        let parent = self.open.last().copied();
        if parent.is_none() && !self.elements.is_empty() {
            return Err("it has several root elements");
        }
        let id = self.elements.len();
        let name = full.start + prefix..full.end;
        let (open, end) = (start..self.at, self.at);
        self.elements.push(Element {
            name,
            open,
            end,
            close: end,
            parent,
            children: vec![],
            attributes,
            pieces: vec![],
        });
        if let Some(parent) = parent {
            self.elements[parent].children.push(id);
        }
        if !closed {
            self.open.push(id);
        }
        if self.open.len() > DEPTH_MAX { Err("its elements are nested too deeply") } else { Ok(()) }
    }

    fn attribute(&mut self) -> Result<(Range<usize>, Range<usize>), &'static str> {
        let name = self.name()?;
        self.blanks();
        if !self.rest().starts_with('=') {
            return Err("an attribute has no value");
        }
        self.at += 1;
        self.blanks();
        let quote =
            self.rest().chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or("an attribute has no quotes")?;
        self.at += 1;
        let value = self.skip_past(quote.encode_utf8(&mut [0; 4]))?;
        if self.text[value.clone()].contains('<') { Err("an attribute is not closed") } else { Ok((name, value)) }
    }

    fn close(&mut self) -> Result<(), &'static str> {
        let start = self.at;
        self.at += 2;
        let full = self.name()?;
        let prefix = self.text[full.clone()].rfind(':').map_or(0, |at| at + 1);
        self.blanks();
        if !self.rest().starts_with('>') {
            return Err("a closing tag has no end");
        }
        self.at += 1;
        let id = self.open.pop().ok_or("an element is closed but was never opened")?;
        let element = &mut self.elements[id];
        if self.text[element.name.clone()] != self.text[full.start + prefix..full.end] {
            return Err("its tags do not match");
        }
        element.close = start;
        element.end = self.at;
        Ok(())
    }
}

impl Tree<'_> {
    pub fn name(&self, id: usize) -> &str {
        self.elements.get(id).map_or("", |element| &self.text[element.name.clone()])
    }

    /// The first child of this name.
    pub fn child(&self, id: usize, name: &str) -> Option<usize> {
        self.elements.get(id)?.children.iter().copied().find(|child| self.name(*child) == name)
    }

    /// The element at this path below the root.
    pub fn at(&self, path: &[&str]) -> Option<usize> {
        path.iter().try_fold(0, |id, name| self.child(id, name))
    }

    /// The names of the elements around an element, the nearest first.
    pub fn around(&self, id: usize) -> impl Iterator<Item = &str> + '_ {
        let up = |id: &usize| self.elements.get(*id).and_then(|element| element.parent);
        std::iter::successors(up(&id), move |id| up(id)).map(|id| self.name(id))
    }

    /// Its text without the blanks around it, where it is of one piece: the bytes and the value.
    pub fn value(&self, id: usize) -> Option<(Range<usize>, String)> {
        let element = self.elements.get(id)?;
        let [piece] = element.pieces.as_slice() else { return None };
        let raw = &self.text[piece.clone()];
        let start = piece.start + (raw.len() - raw.trim_start().len());
        let range = start..start + raw.trim().len();
        (element.children.is_empty()).then(|| (range.clone(), decoded(&self.text[range])))
    }

    /// The value of a child element.
    pub fn child_value(&self, id: usize, name: &str) -> Option<String> {
        self.value(self.child(id, name)?).map(|(_, value)| value)
    }

    /// An attribute by its name in any case: the bytes between the quotes and the value.
    pub fn attribute(&self, id: usize, name: &str) -> Option<(Range<usize>, String)> {
        let attributes = &self.elements.get(id)?.attributes;
        let (_, value) = attributes.iter().find(|(own, _)| self.text[own.clone()].eq_ignore_ascii_case(name))?;
        Some((value.clone(), decoded(&self.text[value.clone()])))
    }

    /// The blanks before an element on its line, when nothing else stands there.
    pub fn indent(&self, id: usize) -> Option<&str> {
        let start = self.elements.get(id)?.open.start;
        let before = &self.text[..start];
        let line = &before[before.rfind('\n')? + 1..];
        line.chars().all(|c| c == ' ' || c == '\t').then_some(line)
    }
}

/// The text with the five entities that need no declaration.
fn decoded(raw: &str) -> String {
    let mut out = raw.to_owned();
    if raw.contains('&') {
        for (entity, sign) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")] {
            out = out.replace(entity, sign);
        }
    }
    out
}

/// Our mark right behind these bytes: where it stands and what it says.
pub fn mark_after(text: &str, at: usize) -> Option<(Range<usize>, Was)> {
    let rest = text.get(at..)?.strip_prefix("<!-- ")?.strip_prefix(PIN)?;
    let length = rest.find("-->")?;
    let words = rest[..length].strip_suffix(' ')?;
    Some((at..at + 5 + PIN.len() + length + 3, Was::read(words).1))
}

/// The mark as a comment; `None`, when the old text cannot be kept in one.
pub fn mark(old: &str, locked: Option<&str>) -> Option<String> {
    let words = Was::new(old, locked).words(PIN)?;
    (!words.contains("--")).then(|| format!("<!-- {words} -->"))
}
