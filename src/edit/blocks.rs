//! The blocks of locks, as text: an entry is replaced, taken out and put in as a whole.

use std::ops::Range;

use super::lines::{Lines, line_end};
use super::splice::Splices;

/// One package of a lock.
#[derive(Clone, Debug)]
pub struct Block<'t> {
    /// From its header to its last line that is not blank, without the line break.
    pub range: Range<usize>,
    pub text: &'t str,
    pub name: &'t str,
    pub version: &'t str,
}

/// All packages of a lock, in its order.
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut out = Vec::new();
    let mut open: Option<Block<'_>> = None;
    let mut own = false;
    for (range, line) in Lines::new(text).all() {
        let within = line.starts_with("[package.") || line.starts_with("[[package.");
        if line.starts_with('[') && !within {
            out.extend(open.take());
            own = line.trim_end() == "[[package]]";
            if own {
                open = Some(Block { range, text: "", name: "", version: "" });
            }
            continue;
        }
        own &= !within;
        let Some(block) = &mut open else { continue };
        if !line.trim().is_empty() {
            block.range.end = range.end;
        }
        if own && block.name.is_empty() {
            block.name = string(line, "name").unwrap_or_default();
        }
        if own && block.version.is_empty() {
            block.version = string(line, "version").unwrap_or_default();
        }
    }
    out.extend(open);
    for block in &mut out {
        block.text = text.get(block.range.clone()).unwrap_or_default();
    }
    out
}

/// The string that a line gives for a key.
fn string<'t>(line: &'t str, key: &str) -> Option<&'t str> {
    let value = line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim();
    value.strip_prefix('"')?.strip_suffix('"')
}

/// Blocks that blank lines part: what goes and what comes leaves the lines between the others as they are.
pub struct Parted<'t> {
    text: &'t str,
    blocks: Vec<Range<usize>>,
    /// The last that stays.
    last: Option<usize>,
}

impl<'t> Parted<'t> {
    /// `blocks` are in the order of the text, each from its first character to its last.
    pub fn new(text: &'t str, blocks: impl Iterator<Item = Range<usize>>, stays: impl Fn(usize) -> bool) -> Self {
        let blocks: Vec<Range<usize>> = blocks.collect();
        let last = (0..blocks.len()).rev().find(|&index| stays(index));
        Self { text, blocks, last }
    }

    /// Whether any block stays.
    pub fn has_rest(&self) -> bool {
        self.last.is_some()
    }

    /// Takes a block out, with the blank line behind it; with the one before it where none stays behind.
    pub fn remove(&self, splices: &mut Splices, index: usize) {
        let block = &self.blocks[index];
        splices.remove(match self.blocks.get(index + 1).filter(|_| Some(index) < self.last) {
            Some(next) => block.start..next.start,
            None => index.checked_sub(1).map_or(block.start, |before| self.blocks[before].end)..block.end,
        });
    }

    /// Puts a block in front of the one at `next`, or behind all that stay.
    pub fn insert(&self, splices: &mut Splices, next: usize, block: &str) {
        let end = line_end(self.text);
        let Some(last) = self.last else { return };
        // What goes at the end goes with the blank lines before it.
        match self.blocks.get(next).filter(|_| next <= last) {
            Some(next) => splices.insert(next.start, format!("{block}{end}{end}")),
            None => splices.insert(self.blocks[last].end, format!("{end}{end}{block}")),
        }
    }
}
