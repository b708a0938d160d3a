//! Our insertions: making them, finding them again, taking them out.

use std::ops::Range;

use super::cases::Case;
use super::words::Kind;
use crate::frameworks::syntax::{self, Insertion};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// What every mark begins with.
const MARK: &str = "ci-rescue id=";

/// Our comments are shorter, in bytes.
const COMMENT_MAX: usize = 2000;

/// Comments that speak of the line below them: nothing may come between.
const DIRECTIVES: [&str; 9] = [
    "eslint-disable-next-line",
    "oxlint-disable-next-line",
    "tslint:disable-next-line",
    "biome-ignore",
    "prettier-ignore",
    "@ts-",
    "istanbul ignore",
    "c8 ignore",
    "v8 ignore",
];

/// What is put in so that the case is skipped. An error says why it cannot be.
pub fn plan(case: &Case, text: &str, words: &str) -> Result<Vec<Insertion>, &'static str> {
    if case.skips_in_body {
        return Ok(vec![statement(case, text, words)?]);
    }
    let skip = Insertion { at: case.skip_at, text: ".skip".to_owned() };
    Ok(vec![comment(case.range.start, text, words), skip])
}

/// A comment line above a call that begins its line, else a comment in front of the call.
fn comment(at: usize, text: &str, words: &str) -> Insertion {
    if !syntax::first_in_line(text, at) || below_directive(text, at) {
        return Insertion { at, text: format!("/* {words} */ ") };
    }
    let (indent, end) = (syntax::indent(text, at).trim_start_matches(BYTE_ORDER_MARK), syntax::line_end(text));
    Insertion { at: text_start(text, at), text: format!("{indent}// {words}{end}") }
}

/// Where the line of `at` begins, behind a byte order mark.
fn text_start(text: &str, at: usize) -> usize {
    let start = syntax::line_start(text, at);
    if text[start..].starts_with(BYTE_ORDER_MARK) { start + BYTE_ORDER_MARK.len_utf8() } else { start }
}

fn below_directive(text: &str, at: usize) -> bool {
    let start = syntax::line_start(text, at);
    if start == 0 {
        return false;
    }
    let above = text[syntax::line_start(text, start - 1)..start].trim();
    let comment = above.starts_with("//") || above.starts_with("/*") || above.ends_with("*/");
    comment && DIRECTIVES.iter().any(|directive| above.contains(directive))
}

/// `test.skip(true, '…');` as the first statement of the body.
fn statement(case: &Case, text: &str, words: &str) -> Result<Insertion, &'static str> {
    let body = case.body.as_ref().ok_or("Its function has no body in braces; add the skip statement by hand.")?;
    let base = text.get(case.base.clone()).unwrap_or("test");
    let quote = case.quote;
    let statement = format!("{base}.skip(true, {quote}{words}{quote});");
    let line_rest = &text[body.open..syntax::next_line(text, body.open)];
    if !line_rest.trim().is_empty() || !line_rest.ends_with('\n') {
        return Ok(Insertion { at: body.open, text: format!(" {statement}") });
    }
    let indent = match body.first {
        Some(first) if syntax::first_in_line(text, first) => syntax::indent(text, first).to_owned(),
        _ => {
            let outer = syntax::indent(text, case.range.start);
            format!("{outer}{}", if outer.contains('\t') { "\t" } else { "  " })
        }
    };
    Ok(Insertion { at: body.open, text: format!("{}{indent}{statement}", syntax::line_end(text)) })
}

/// A mark of ours that belongs to a case.
struct Found<'a> {
    id: &'a str,
    /// What to take out, but for `.skip`.
    range: Range<usize>,
    /// It stands in a statement, and not in a comment that goes with `.skip`.
    in_body: bool,
}

/// The id of our mark on this case.
pub fn mark_of<'a>(case: &Case, text: &'a str) -> Option<&'a str> {
    found(case, text).map(|found| found.id)
}

/// The id of our mark in a statement.
pub fn mark_in<'a>(statement: &Range<usize>, text: &'a str) -> Option<&'a str> {
    let said = text.get(statement.clone())?;
    id_of(&said[said.find(MARK)?..])
}

/// How many lines our marks take above a case.
pub fn lines_above(case: &Case, text: &str) -> usize {
    let ours = |line: &str| line.trim_start().strip_prefix("// ").is_some_and(|words| words.starts_with(MARK));
    text.lines().take(case.line - 1).filter(|line| ours(line)).count()
}

/// What to take out so that the mark `id` is gone from this case. None when it is not there or not as we made it.
pub fn removal(case: &Case, text: &str, id: &str) -> Option<Vec<Range<usize>>> {
    let found = found(case, text).filter(|found| found.id == id)?;
    if found.in_body {
        return Some(vec![found.range]);
    }
    let skip = case.skip.clone().filter(|skip| text.get(skip.clone()) == Some(".skip"))?;
    Some(vec![found.range, skip])
}

/// Takes ranges out, given in their order.
pub fn remove(text: &str, ranges: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        out.push_str(&text[from..range.start]);
        from = range.end;
    }
    out.push_str(&text[from..]);
    out
}

fn found<'a>(case: &Case, text: &'a str) -> Option<Found<'a>> {
    in_comment_before(case.range.start, text)
        .or_else(|| in_line_above(case.range.start, text))
        .or_else(|| in_body(case, text))
}

/// `/* ci-rescue id=… */ it.skip(`.
fn in_comment_before(at: usize, text: &str) -> Option<Found<'_>> {
    let head = &text[text_start(text, at)..at];
    let inner = head.strip_suffix(" */ ")?;
    let near = inner.len().saturating_sub(COMMENT_MAX);
    let start = near + inner.as_bytes()[near..].windows(3).rposition(|three| three == b"/* ")?;
    let id = id_of(&inner[start + 3..])?;
    Some(Found { id, range: at - head.len() + start..at, in_body: false })
}

/// `// ci-rescue id=…` alone in the line above.
fn in_line_above(at: usize, text: &str) -> Option<Found<'_>> {
    let below = syntax::line_start(text, at);
    if below == 0 || !syntax::first_in_line(text, at) {
        return None;
    }
    let start = text_start(text, below - 1);
    let id = id_of(text[start..below].trim().strip_prefix("// ")?)?;
    Some(Found { id, range: start..below, in_body: false })
}

/// `test.skip(true, 'ci-rescue id=…');` as the first statement of the body.
fn in_body<'a>(case: &Case, text: &'a str) -> Option<Found<'a>> {
    let body = case.body.as_ref()?;
    let skip = body.skip.clone().filter(|skip| Some(skip.start) == body.first)?;
    let id = mark_in(&skip, text)?;
    let adjoins = text[body.open..skip.start].trim().is_empty() && text[skip.clone()].ends_with(");");
    adjoins.then_some(Found { id, range: body.open..skip.end, in_body: true })
}

/// The id of a mark that stands at the front.
fn id_of(words: &str) -> Option<&str> {
    words.strip_prefix(MARK)?.split([' ', '\'', '"']).next().filter(|id| !id.is_empty())
}

/// The group or test, as people call it.
pub fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Test => "test",
        Kind::Group => "group",
    }
}
