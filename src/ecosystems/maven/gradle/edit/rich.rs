//! Rich versions: `implementation("g:n") { version { strictly("1.0") } }`.

use super::lexer::{Kind, Token};

/// What a rich version can say (docs.gradle.org, "Declaring Versions and Ranges").
const RULES: [&str; 5] = ["strictly", "require", "prefer", "reject", "rejectAll"];

/// One of its rules.
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// The token of its only argument; `None` where that is computed, or there are several.
    pub(super) value: Option<usize>,
}

/// The rules in the block behind a dependency whose last argument is this token; `None` where there is no block of that
/// kind.
pub(super) fn rules(text: &str, tokens: &[Token], argument: usize) -> Option<Vec<Rule>> {
    let sign = |at: usize, c: char| tokens.get(at).is_some_and(|token| token.kind == Kind::Sign(c));
    let word =
        |at: usize| tokens.get(at).filter(|token| token.kind == Kind::Word).map(|token| &text[token.range.clone()]);
    let mut at = argument + 1;
    while sign(at, ')') || sign(at, ',') {
        at += 1;
    }
    if !sign(at, '{') {
        return None;
    }
    let (mut depth, mut version, mut rules) = (0_usize, None, Vec::new());
    while at < tokens.len() {
        if sign(at, '{') {
            depth += 1;
            if depth == 2 && word(at - 1) == Some("version") {
                version = Some(depth);
            }
        } else if sign(at, '}') {
            depth -= 1;
            if version.is_some_and(|version| depth < version) {
                return Some(rules);
            }
            if depth == 0 {
                return None;
            }
        } else if version == Some(depth)
            && let Some(name) = RULES.into_iter().find(|name| word(at) == Some(*name))
        {
            let first = at + 1 + usize::from(sign(at + 1, '('));
            let next = first + 1 + usize::from(sign(first + 1, ')'));
            let ends = sign(next, '}') || sign(next, ';') || word(next).is_some();
            let value = tokens.get(first).filter(|token| token.kind == Kind::Text && ends).map(|_| first);
            rules.push(Rule { name, value });
        }
        at += 1;
    }
    None
}
