//! Replacements in a text by byte position, gathered first and made at once.

use std::ops::Range;

/// Replacements of ranges that do not overlap.
#[derive(Debug, Default)]
pub struct Splices {
    list: Vec<(Range<usize>, String)>,
}

impl Splices {
    pub fn replace(&mut self, range: Range<usize>, with: impl Into<String>) {
        self.list.push((range, with.into()));
    }

    pub fn insert(&mut self, at: usize, what: impl Into<String>) {
        self.list.push((at..at, what.into()));
    }

    pub fn remove(&mut self, range: Range<usize>) {
        self.list.push((range, String::new()));
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The text with every replacement made. What overlaps an earlier one, or is no range of characters, is left out.
    pub fn apply(mut self, text: &str) -> String {
        self.list.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = String::with_capacity(text.len() + 64);
        let mut at = 0;
        for (range, with) in self.list {
            if range.start < at {
                continue;
            }
            let (Some(before), Some(_)) = (text.get(at..range.start), text.get(range.clone())) else { continue };
            out.push_str(before);
            out.push_str(&with);
            at = range.end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }
}

/// The line end a text uses: that of its first line.
pub fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The text with this line end throughout.
pub fn with_line_end(text: &str, line_end: &str) -> String {
    let plain = text.replace("\r\n", "\n");
    if line_end == "\n" { plain } else { plain.replace('\n', line_end) }
}
