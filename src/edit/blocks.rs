//! The `[[package]]` blocks of locks in TOML, as text: an entry is replaced as a whole.

use std::ops::Range;

use super::lines::Lines;

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
