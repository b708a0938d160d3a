//! The mark of a pin in a comment: `# ci-rescue pin was "1.0" locked 1.0.195`.

use std::ops::Range;

/// What begins every mark.
pub const MARK: &str = "# ci-rescue pin was ";

/// What stood there before the pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Was {
    /// The value as it was written, with its quotes.
    pub raw: String,
    /// The version the lock had.
    pub locked: Option<String>,
}

impl Was {
    /// The mark's words.
    pub fn words(&self) -> String {
        match &self.locked {
            Some(locked) => format!("{MARK}{} locked {locked}", self.raw),
            None => format!("{MARK}{}", self.raw),
        }
    }
}

/// Whether a value as written can stand in a mark and be read back from it.
pub fn can_be_marked(raw: &str) -> bool {
    const LENGTH_MAX: usize = 200;
    let quoted = quote_of(raw).is_some_and(|quote| raw.len() > 1 && raw.find(quote).is_some());
    let inner = if quoted { raw.get(1..raw.len() - 1).unwrap_or("\"") } else { raw };
    let word = quoted || !inner.contains(char::is_whitespace);
    raw.len() <= LENGTH_MAX && word && !raw.is_empty() && !inner.contains(['"', '\'', '\\', '#', '\n', '\r'])
}

/// The mark at the start of `text`, after blanks: its range within `text`, blanks included, and what it says.
pub fn read(text: &str) -> Option<(Range<usize>, Was)> {
    let start = text.len() - text.trim_start_matches([' ', '\t']).len();
    let rest = text[start..].strip_prefix(MARK)?;
    let length = match quote_of(rest) {
        Some(quote) => rest[1..].find(quote)? + 2,
        None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
    };
    let raw = rest.get(..length).filter(|raw| can_be_marked(raw))?.to_owned();
    let mut end = start + MARK.len() + length;
    let mut locked = None;
    if let Some(after) = rest[length..].strip_prefix(" locked ") {
        let length = after.find(char::is_whitespace).unwrap_or(after.len());
        locked = Some(after[..length].to_owned());
        end += " locked ".len() + length;
    }
    Some((0..end, Was { raw, locked }))
}

fn quote_of(text: &str) -> Option<char> {
    text.chars().next().filter(|c| matches!(c, '"' | '\''))
}

/// Where a trailing comment or the line's end begins after `at`, blanks before it included. Strings on the line are
/// stepped over.
pub fn content_end(text: &str, at: usize) -> usize {
    let line = &text[at..];
    let line = &line[..line.find('\n').unwrap_or(line.len())];
    let mut quote = None;
    let mut end = line.len();
    let mut escaped = false;
    for (index, c) in line.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if open == c => quote = None,
            None if c == '#' => {
                end = index;
                break;
            }
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
    }
    at + line[..end].trim_end().len()
}
