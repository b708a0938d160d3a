//! The texts of Ruby's string literals, as far as they can be told without running them.

use tree_sitter::Node;

use crate::frameworks::finder::named;
use crate::frameworks::syntax;

/// A piece of a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// Known only when the tests run.
    Any,
}

/// One argument that describes a group or an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    pub pieces: Vec<Piece>,
    /// A class or module, which may be printed with the names of the modules around it.
    pub constant: bool,
}

impl Title {
    fn text(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Text(text.into())], constant: false }
    }

    /// Whether a part of it is known only when the tests run.
    pub fn open(&self) -> bool {
        self.pieces.contains(&Piece::Any)
    }
}

/// The title that an argument gives.
pub fn title(node: Node<'_>, text: &str) -> Title {
    match node.kind() {
        "string" => Title { pieces: string(node, text), constant: false },
        "chained_string" => {
            let pieces = named(node).into_iter().flat_map(|part| string(part, text)).collect();
            Title { pieces, constant: false }
        }
        "simple_symbol" => Title::text(syntax::of(node, text).trim_start_matches(':')),
        "constant" | "scope_resolution" => {
            let constant = syntax::of(node, text).trim_start_matches(':');
            Title { pieces: vec![Piece::Text(constant.to_owned())], constant: true }
        }
        "integer" | "float" | "true" | "false" => Title::text(syntax::of(node, text)),
        "nil" => Title::text(""),
        _ => Title { pieces: vec![Piece::Any], constant: false },
    }
}

/// The pieces of one string literal.
fn string(node: Node<'_>, text: &str) -> Vec<Piece> {
    let open = node.child(0).map_or("", |quote| syntax::of(quote, text));
    let single = open == "'" || open.starts_with("%q");
    let mut pieces = Vec::new();
    let mut known = String::new();
    for part in named(node) {
        let part_text = syntax::of(part, text);
        match part.kind() {
            "string_content" if single => known.push_str(&part_text.replace("\\'", "'").replace("\\\\", "\\")),
            "string_content" => known.push_str(part_text),
            "escape_sequence" if single => known.push_str(single_escape(part_text)),
            "escape_sequence" => match escape(part_text) {
                Some(c) => known.push(c),
                None => close(&mut pieces, &mut known),
            },
            _ => close(&mut pieces, &mut known),
        }
    }
    if !known.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(known));
    }
    pieces
}

/// Ends the known text by a piece that is not known.
fn close(pieces: &mut Vec<Piece>, known: &mut String) {
    if !known.is_empty() {
        pieces.push(Piece::Text(std::mem::take(known)));
    }
    pieces.push(Piece::Any);
}

/// In single quotes, only the quote and the backslash are escaped.
fn single_escape(sequence: &str) -> &str {
    if matches!(sequence, "\\'" | "\\\\") { &sequence[1..] } else { sequence }
}

/// The character that an escape of a double-quoted string means; None for the rare ones.
fn escape(sequence: &str) -> Option<char> {
    let body = sequence.strip_prefix('\\')?;
    let first = body.chars().next()?;
    match first {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        'e' => Some('\u{1b}'),
        's' => Some(' '),
        'u' | 'x' => {
            let digits = body[1..].trim_start_matches('{').trim_end_matches('}');
            u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)
        }
        _ if body.chars().count() == 1 && !first.is_alphanumeric() => Some(first),
        _ => None,
    }
}
