//! The scalars of a YAML text, each with its path of keys and its place in the text.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// A value that is no mapping and no sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The keys that lead here; a sequence's elements count from 0.
    pub path: Vec<String>,
    pub value: String,
    /// As written, quotes included.
    pub range: Range<usize>,
    /// Not written over several lines, with no anchor and no tag: its range can be replaced.
    pub simple: bool,
}

enum Level {
    Mapping { key: Option<String> },
    Sequence { index: usize },
}

/// Deeper nesting than this is refused.
const DEPTH_MAX: usize = 100;

/// Every scalar value; keys are not among them.
///
/// # Errors
/// Why it is no YAML.
pub fn scalars(text: &str) -> Result<Vec<Scalar>, String> {
    let offsets = Offsets::new(text);
    let mut levels: Vec<Level> = Vec::new();
    let mut found = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("line {}: {}", error.marker().line(), error.info()))?;
        match event {
            Event::MappingStart(..) => levels.push(Level::Mapping { key: None }),
            Event::SequenceStart(..) => levels.push(Level::Sequence { index: 0 }),
            Event::MappingEnd | Event::SequenceEnd => {
                levels.pop();
                step(&mut levels);
            }
            // As a key it names nothing we look for.
            Event::Alias(_) if !take_as_key(&mut levels, "*") => step(&mut levels),
            Event::Scalar(value, style, anchor, tag) => {
                if take_as_key(&mut levels, &value) {
                    continue;
                }
                let range = offsets.range(text, span);
                let flow = !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let simple = flow && anchor == 0 && tag.is_none() && !text[range.clone()].contains('\n');
                found.push(Scalar { path: path_of(&levels), value: value.into_owned(), range, simple });
                step(&mut levels);
            }
            _ => {}
        }
        if levels.len() > DEPTH_MAX {
            return Err("it is nested too deeply".to_owned());
        }
    }
    Ok(found)
}

fn path_of(levels: &[Level]) -> Vec<String> {
    let name = |level: &Level| match level {
        Level::Mapping { key } => key.clone().unwrap_or_default(),
        Level::Sequence { index } => index.to_string(),
    };
    levels.iter().map(name).collect()
}

/// A scalar where a key is awaited becomes the key.
fn take_as_key(levels: &mut [Level], value: &str) -> bool {
    match levels.last_mut() {
        Some(Level::Mapping { key }) if key.is_none() => {
            *key = Some(value.to_owned());
            true
        }
        _ => false,
    }
}

/// After a value: the next key or element is awaited.
fn step(levels: &mut [Level]) {
    match levels.last_mut() {
        Some(Level::Mapping { key: key @ None }) => *key = Some("?".to_owned()),
        Some(Level::Mapping { key }) => *key = None,
        Some(Level::Sequence { index }) => *index += 1,
        None => {}
    }
}

/// The parser counts characters, we count bytes.
struct Offsets {
    /// The byte of every character, when not all are one byte long.
    bytes: Vec<usize>,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let bytes = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        Self { bytes }
    }

    fn byte(&self, text: &str, index: usize) -> usize {
        if self.bytes.is_empty() {
            return index.min(text.len());
        }
        self.bytes.get(index).copied().unwrap_or(text.len())
    }

    fn range(&self, text: &str, span: Span) -> Range<usize> {
        let start = self.byte(text, span.start.index());
        let end = self.byte(text, span.end.index()).max(start);
        let written = text.get(start..end).unwrap_or_default().trim_end();
        // The end of a quoted scalar may lie behind what follows it on the line.
        start..start + quoted_length(written).unwrap_or(written.len())
    }
}

/// How long a quoted scalar is at the start of `written`, in bytes, when there is one.
#[must_use]
pub fn quoted_length(written: &str) -> Option<usize> {
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
