//! Edits by byte position: everything outside of them stays as it was.

use std::ops::Range;

/// What is to stand at these bytes instead.
pub(crate) type Splice = (Range<usize>, String);

/// The text with all splices made. One that overlaps an earlier one, or does not fit the text, is left out.
pub(crate) fn splice(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = String::with_capacity(text.len() + 128);
    let mut done = 0;
    for (range, with) in splices {
        let fits = range.start >= done && range.start <= range.end;
        let (Some(before), true) = (text.get(done..range.start), fits && text.is_char_boundary(range.end)) else {
            continue;
        };
        out.push_str(before);
        out.push_str(&with);
        done = range.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Where the lines of a text are, for look-ups that stay cheap on long texts.
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        Self { text, starts }
    }

    pub(crate) fn count(&self) -> usize {
        self.starts.len()
    }

    /// The number of the line that this byte stands in, from 0.
    pub(crate) fn number(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// The bytes of a line without its line break.
    pub(crate) fn range(&self, number: usize) -> Range<usize> {
        let start = self.starts.get(number).copied().unwrap_or(self.text.len());
        let mut end = self.starts.get(number + 1).map_or(self.text.len(), |next| next - 1);
        if end > start && self.text.as_bytes().get(end - 1) == Some(&b'\r') {
            end -= 1;
        }
        start..end
    }

    /// The bytes of the line around this byte, without its line break.
    pub(crate) fn around(&self, at: usize) -> Range<usize> {
        self.range(self.number(at))
    }

    /// All lines, without their line breaks.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Range<usize>, &'a str)> + '_ {
        (0..self.count()).map(|number| {
            let range = self.range(number);
            (range.clone(), self.text.get(range).unwrap_or_default())
        })
    }
}

/// The line break that this text uses.
pub(crate) fn line_break(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if at > 0 && text.as_bytes()[at - 1] == b'\r' => "\r\n",
        _ => "\n",
    }
}

/// The text with one more line at its end. A text that ends without a line break still does.
pub(crate) fn with_line(text: &str, line: &str) -> String {
    let end = line_break(text);
    if text.is_empty() || text.ends_with('\n') { format!("{text}{line}{end}") } else { format!("{text}{end}{line}") }
}

/// The bytes to take out so that a line that [`with_line`] gave, or that was put in before another, is gone.
pub(crate) fn whole_line(text: &str, line: Range<usize>) -> Range<usize> {
    let rest = text.get(line.end..).unwrap_or_default();
    if rest.starts_with("\r\n") {
        return line.start..line.end + 2;
    }
    if rest.starts_with('\n') {
        return line.start..line.end + 1;
    }
    let before = text.get(..line.start).unwrap_or_default();
    let kept = before.strip_suffix('\n').map_or(before, |cut| cut.strip_suffix('\r').unwrap_or(cut));
    kept.len()..line.end
}
