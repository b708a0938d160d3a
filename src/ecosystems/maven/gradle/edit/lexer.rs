//! The words, strings and signs of a build script in Groovy or Kotlin, with their positions. Nothing is run.

use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string on one line; its range has the quotes.
    Text,
    Word,
    Sign(char),
    /// A comment or a string over several lines.
    Long,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// Splits a script. What is not understood becomes single signs.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let (kind, length) = next(&text[at..], c);
        if let Some(kind) = kind {
            out.push(Token { kind, range: at..at + length });
        }
        at += length;
    }
    out
}

fn next(rest: &str, c: char) -> (Option<Kind>, usize) {
    if c.is_whitespace() {
        return (None, c.len_utf8());
    }
    if rest.starts_with("//") {
        return (None, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Some(Kind::Long), rest.find("*/").map_or(rest.len(), |at| at + 2));
    }
    for quotes in ["\"\"\"", "'''"] {
        if let Some(inner) = rest.strip_prefix(quotes) {
            return (Some(Kind::Long), inner.find(quotes).map_or(rest.len(), |at| at + 6));
        }
    }
    if c == '"' || c == '\'' {
        return (Some(Kind::Text), text_length(rest, c));
    }
    if c.is_alphabetic() || c == '_' {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        return (Some(Kind::Word), end);
    }
    (Some(Kind::Sign(c)), c.len_utf8())
}

/// The length of a string with its quotes; it ends at the line's end at the latest.
fn text_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The bytes between the quotes; `None`, when the string has no end.
pub(super) fn inside(text: &str, token: &Token) -> Option<Range<usize>> {
    let raw = text.get(token.range.clone())?;
    let quote = raw.chars().next()?;
    let closed = token.kind == Kind::Text && raw.len() >= 2 && raw.ends_with(quote);
    closed.then(|| token.range.start + 1..token.range.end - 1)
}
