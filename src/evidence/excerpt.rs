//! The end of the failing step, with line numbers, in a ring of lines that is used again and again.

use super::headings;
use super::rank::TEXT_MAX;
use std::collections::VecDeque;
use std::fmt::Write;

/// Lines kept.
const LINES: usize = 200;

/// Marks of runners, and tools' asides.
const NOT_SAID: [&str; 5] = ["##[", "section_", "$ ", "info ", "npm notice"];

#[derive(Debug, Default)]
pub struct Excerpt {
    lines: VecDeque<(u64, String)>,
}

impl Excerpt {
    /// Takes in a line; `ended` once the failing step is over: then only what there is no room for yet.
    #[inline]
    pub fn line(&mut self, no: u64, text: &str, ended: bool) {
        if self.lines.len() < LINES {
            self.lines.push_back((no, cut(text).to_owned()));
        } else if !ended && let Some((_, mut line)) = self.lines.pop_front() {
            line.clear();
            line.push_str(cut(text));
            self.lines.push_back((no, line));
        }
    }

    /// The lines between these two that say something, last first.
    pub fn telling(&self, after: u64, before: u64) -> impl Iterator<Item = (u64, &str)> {
        let inside = self.lines.iter().rev().filter(move |(no, _)| after < *no && *no < before);
        inside
            .map(|(no, line)| (*no, line.as_str()))
            .filter(|(_, line)| !NOT_SAID.iter().any(|mark| line.starts_with(mark)) && !headings::is_heading(line))
    }

    #[must_use]
    pub fn finish(self) -> String {
        let mut out = String::new();
        for (no, line) in self.lines {
            let _ = writeln!(out, "{no:>7}  {line}");
        }
        out.pop();
        out
    }
}

/// The first [`TEXT_MAX`] characters.
pub(super) fn cut(text: &str) -> &str {
    if text.len() <= TEXT_MAX {
        return text;
    }
    text.char_indices().nth(TEXT_MAX).map_or(text, |(at, _)| &text[..at])
}
