//! The annotations of a Kotlin file. The grammar takes what stands behind some of them for an expression, so that they
//! are found here, and the declarations in the text without them.

use super::lexer;
use crate::frameworks::junit::annotations::{Annotation, Argument};
use crate::frameworks::junit::imports::Imports;
use std::borrow::Cow;
use std::ops::Range;
use tree_sitter::Node;

/// The text with spaces for annotations.
pub fn blanked(text: &str) -> Cow<'_, str> {
    let found = of(text);
    let mut bytes = text.as_bytes().to_vec();
    for byte in found.iter().flat_map(|annotation| annotation.range.clone()) {
        if !matches!(bytes[byte], b'\n' | b'\r') {
            bytes[byte] = b' ';
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// All annotations of a text, in order; those in brackets have the range of all.
pub fn of(text: &str) -> Vec<Annotation> {
    let mut found = Vec::new();
    let (mut here, mut is_in_word) = (0, false);
    while here < text.len() {
        let rest = &text[here..];
        if rest.starts_with('@') && !is_in_word {
            // What is not closed ends the search.
            let Some(end) = annotation(text, here, &mut found) else { break };
            here = end;
            continue;
        }
        // `return@label` is no annotation.
        is_in_word = rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '`'));
        let Some(end) = lexer::next(text, here) else { break };
        here = end;
    }
    found
}

/// Adds what stands behind an `@`, and answers where that ends. None where it has no end.
fn annotation(text: &str, start: usize, found: &mut Vec<Annotation>) -> Option<usize> {
    let mut here = start + 1;
    let target = lexer::name(text, here);
    if target > here && text[target..].starts_with(':') {
        here = target + 1;
    }
    let from = found.len();
    if text[here..].starts_with('[') {
        let end = lexer::closed(text, here)?;
        here += 1;
        while here < end {
            let next = one(text, here, found)?;
            here = if next == here { lexer::next(text, here)? } else { next };
        }
    } else {
        here = one(text, here, found)?;
    }
    let end = here + comment(&text[here..]);
    for annotation in &mut found[from..] {
        annotation.range = start..end;
    }
    Some(end)
}

/// The length of a mark in a comment directly behind an annotation.
fn comment(rest: &str) -> usize {
    let marked = rest.strip_prefix(" /* ci-rescue ").and_then(|inside| inside.split_once("*/"));
    marked.map_or(0, |(_, behind)| rest.len() - behind.len())
}

/// Adds the annotation that begins at the offset, and answers where it ends: at the offset where there is none.
fn one(text: &str, start: usize, found: &mut Vec<Annotation>) -> Option<usize> {
    let mut end = lexer::name(text, start);
    if end == start {
        return Some(start);
    }
    while text[end..].starts_with('.') && lexer::name(text, end + 1) > end + 1 {
        end = lexer::name(text, end + 1);
    }
    let name = text[start..end].replace('`', "");
    let mut arguments = Vec::new();
    if text[end..].starts_with('(') {
        let close = lexer::closed(text, end)?;
        let parts = parts(text, end + 1..close - 1)?;
        arguments = parts.into_iter().map(argument).collect::<Option<_>>()?;
        end = close;
    }
    found.push(Annotation { range: start..end, name, arguments });
    Some(end)
}

/// The pieces between commas, none of them empty.
fn parts(text: &str, range: Range<usize>) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut from, mut here) = (range.start, range.start);
    while here < range.end {
        if text[here..].starts_with(',') {
            parts.push(&text[from..here]);
            from = here + 1;
        }
        let is_open = text[here..].starts_with(['(', '[', '{']);
        here = if is_open { lexer::closed(text, here)? } else { lexer::next(text, here)? };
    }
    parts.push(&text[from..range.end]);
    Some(parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect())
}

fn argument(part: &str) -> Option<Argument> {
    let (key, behind) = part.split_at(lexer::name(part, 0));
    let value = behind.trim_start().strip_prefix('=').filter(|value| !key.is_empty() && !value.starts_with('='));
    let key = value.map_or("value", |_| key);
    let value = value.unwrap_or(part).trim();
    let values = match value.chars().next() {
        Some('[') => Some(parts(value, 1..lexer::closed(value, 0)? - 1)?.len()),
        Some('*') => None,
        _ if value.starts_with("arrayOf") => None,
        _ => Some(1),
    };
    Some(Argument { key: key.to_owned(), text: value.to_owned(), values })
}

/// The annotations of a file, under the names that its imports' aliases stand for.
pub struct Annotations<'text> {
    text: &'text str,
    imports: &'text Imports,
    found: Vec<Annotation>,
}

impl<'text> Annotations<'text> {
    pub fn of(text: &'text str, imports: &'text Imports) -> Self {
        Self { text, imports, found: of(text) }
    }

    /// Those of a declaration, and where the first begins.
    pub fn of_declaration(&self, declaration: Node<'_>) -> (Vec<Annotation>, usize) {
        let mut start = declaration.start_byte();
        let head = declaration.child_by_field_name("name").map_or(start, |name| name.start_byte());
        let mut first = self.found.partition_point(|annotation| annotation.range.start < start);
        while let Some(before) = first.checked_sub(1).map(|before| &self.found[before].range)
            && (before.start == start || is_blank(&self.text[before.end..start]))
        {
            first -= 1;
            start = before.start;
        }
        let own = self.found[first..].iter().take_while(|annotation| annotation.range.start < head);
        (own.map(|annotation| self.named(annotation)).collect(), start)
    }

    fn named(&self, annotation: &Annotation) -> Annotation {
        let alias = self.imports.all.iter().find(|import| import.name == annotation.name && import.is_alias());
        let name = alias.map_or(&annotation.name, |import| &import.path).clone();
        Annotation { name, ..annotation.clone() }
    }
}

/// Whether nothing but white space and comments stands in a piece of text.
fn is_blank(piece: &str) -> bool {
    let mut here = 0;
    loop {
        let rest = piece[here..].trim_start();
        here = piece.len() - rest.len();
        match lexer::next(piece, here) {
            Some(end) if rest.starts_with("//") || rest.starts_with("/*") => here = end,
            _ => return rest.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_told_from_text() {
        let shown = |text: &str| {
            let all = of(text).into_iter().map(|annotation| {
                let arguments = annotation.arguments.iter();
                let arguments =
                    arguments.map(|argument| format!("{}={}:{:?}", argument.key, argument.text, argument.values));
                format!("{}({})", annotation.name, arguments.collect::<Vec<_>>().join(" "))
            });
            all.collect::<Vec<_>>().join(" ")
        };
        for (text, want) in [
            ("@Test fun a() = run { return@run this@A }", "Test()"),
            ("@a.b.C(\"x, )\") class A", "a.b.C(value=\"x, )\":Some(1))"),
            ("@get:[A B(1)] val x", "A() B(value=1:Some(1))"),
            ("@A(ints = [1, f(2, 3)], b = \"=\")", "A(ints=[1, f(2, 3)]:Some(2) b=\"=\":Some(1))"),
            ("@A(*x, arrayOf(1), a == b)", "A(value=*x:None value=arrayOf(1):None value=a == b:Some(1))"),
            ("val a = \"@A\" // @B\n/* @C /* @D */ */ '@' \"\"\"@E\"\"\" `@F` @G", "G()"),
            ("@A(1", ""),
            ("@ @1 @", ""),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
        assert_eq!(blanked("@A(\"é\")\n@B class C"), "        \n   class C");
    }
}
