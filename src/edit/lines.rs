//! Lines of a text, and the ends that they have in it.

use std::ops::Range;

/// Where the lines of a text are, for look-ups that stay cheap on long texts.
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { text, starts }
    }

    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The number of the line that this byte stands in, from 0.
    pub fn number(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// The bytes of a line without its line end.
    pub fn range(&self, number: usize) -> Range<usize> {
        let start = self.starts.get(number).copied().unwrap_or(self.text.len());
        let end = self.starts.get(number + 1).map_or(self.text.len(), |next| next - 1);
        let line = self.text.get(start..end).unwrap_or_default();
        start..start + line.strip_suffix('\r').unwrap_or(line).len()
    }

    /// The bytes of the line around this byte, without its line end.
    pub fn around(&self, at: usize) -> Range<usize> {
        self.range(self.number(at))
    }

    /// All lines, without their line ends.
    pub fn all(&self) -> impl Iterator<Item = (Range<usize>, &'a str)> + '_ {
        (0..self.count()).map(|number| {
            let range = self.range(number);
            (range.clone(), self.text.get(range).unwrap_or_default())
        })
    }
}

/// Where a text begins behind its byte order mark, if it has one.
pub fn start(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// The line end that a text uses: that of its first line.
pub fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Lines from elsewhere with the line ends of the text that they are put into.
pub fn fitted(lines: &str, text: &str) -> String {
    lines.replace("\r\n", "\n").replace('\n', line_end(text))
}

/// The text with one more line at its end. A text that ends without a line end still does.
pub fn with_line(text: &str, line: &str) -> String {
    let end = line_end(text);
    if text.is_empty() || text.ends_with('\n') { format!("{text}{line}{end}") } else { format!("{text}{end}{line}") }
}

/// The bytes to take out so that a line that [`with_line`] gave, or that was put in before another, is gone.
pub fn whole_line(text: &str, line: Range<usize>) -> Range<usize> {
    let rest = text.get(line.end..).unwrap_or_default();
    for end in ["\r\n", "\n"] {
        if rest.starts_with(end) {
            return line.start..line.end + end.len();
        }
    }
    let before = text.get(..line.start).unwrap_or_default();
    let Some(kept) = before.strip_suffix('\n') else { return line };
    // A carriage return is part of the line end only where [`with_line`] writes one.
    let kept = if line_end(kept) == "\r\n" { kept.strip_suffix('\r').unwrap_or(kept) } else { kept };
    kept.len()..line.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn taken_out(text: &str, line: &str) -> String {
        let lines = Lines::new(text);
        let (range, _) = lines.all().filter(|(_, own)| *own == line).last().expect("the line");
        let gone = whole_line(text, range);
        format!("{}{}", &text[..gone.start], &text[gone.end..])
    }

    #[test]
    fn a_line_is_put_at_the_end() {
        for (text, put) in [
            ("", "new\n"),
            ("a\n", "a\nnew\n"),
            ("a", "a\nnew"),
            ("a\r", "a\r\nnew"),
            ("a\r\nb", "a\r\nb\r\nnew"),
            ("a\r\nb\r", "a\r\nb\r\r\nnew"),
            ("a\nb\r", "a\nb\r\nnew"),
        ] {
            assert_eq!(with_line(text, "new"), put, "{text:?}");
            assert_eq!(taken_out(put, "new"), text);
        }
    }

    proptest! {
        #[test]
        fn a_line_comes_out_as_it_went_in(text in "[a\r\n]{0,12}") {
            prop_assert_eq!(taken_out(&with_line(&text, "new"), "new"), text);
        }
    }
}
