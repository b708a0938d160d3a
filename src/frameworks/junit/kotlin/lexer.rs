//! What a piece of Kotlin begins with, and where that ends: comments, strings and brackets are each one piece.

/// Strings within strings are not followed deeper.
const DEPTH_MAX: usize = 20;

/// Where the comment, string, character or quoted name that begins at the offset ends, or else the next character.
/// None where it has no end.
pub fn next(text: &str, at: usize) -> Option<usize> {
    next_within(text, at, 0)
}

/// Where the bracket that opens at the offset is closed: the end behind its partner.
pub fn closed(text: &str, at: usize) -> Option<usize> {
    closed_within(text, at, 0)
}

/// Where a name that begins at the offset ends; the offset itself where none does.
pub fn name(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    if rest.starts_with('`') {
        return next(text, at).unwrap_or(at);
    }
    let is_name = rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    if is_name { at + length } else { at }
}

fn next_within(text: &str, at: usize, depth: usize) -> Option<usize> {
    let rest = &text[at..];
    let found = |length: Option<usize>| length.map(|length| at + length);
    match rest.chars().next()? {
        '/' if rest.starts_with("//") => Some(at + rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => comment(text, at),
        '"' if rest.starts_with("\"\"\"") => string(text, at, "\"\"\"", depth),
        '"' => string(text, at, "\"", depth),
        '`' => found(rest[1..].find(['`', '\n']).map(|end| end + 2)),
        '\'' => character(rest).map_or(Some(at + 1), |length| Some(at + length)),
        c => Some(at + c.len_utf8()),
    }
}

fn closed_within(text: &str, at: usize, depth: usize) -> Option<usize> {
    let (mut here, mut open) = (at, 0_usize);
    loop {
        match text[here..].chars().next()? {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.checked_sub(1)?,
            _ => {}
        }
        here = next_within(text, here, depth)?;
        if open == 0 {
            return Some(here);
        }
    }
}

/// Comments stand within comments.
fn comment(text: &str, at: usize) -> Option<usize> {
    let (mut here, mut open) = (at, 0_usize);
    loop {
        let bytes = &text.as_bytes()[here..];
        let sign = bytes.windows(2).position(|pair| pair == b"/*" || pair == b"*/")?;
        open = if bytes[sign] == b'/' { open + 1 } else { open - 1 };
        here += sign + 2;
        if open == 0 {
            return Some(here);
        }
    }
}

fn string(text: &str, at: usize, quote: &str, depth: usize) -> Option<usize> {
    let is_raw = quote.len() > 1;
    let mut here = at + quote.len();
    loop {
        let rest = &text[here..];
        if rest.starts_with(quote) {
            // A raw string ends at the last of its quotes.
            let more = if is_raw { rest.len() - rest.trim_start_matches('"').len() } else { quote.len() };
            return Some(here + more);
        }
        here = match rest.chars().next()? {
            '\\' if !is_raw => here + 1 + rest[1..].chars().next()?.len_utf8(),
            '\n' if !is_raw => return None,
            '$' if rest.starts_with("${") && depth < DEPTH_MAX => closed_within(text, here + 1, depth + 1)?,
            c => here + c.len_utf8(),
        };
    }
}

/// The length of `'x'` or `'\n'`.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    let escaped = inside.strip_prefix('\\');
    let first = escaped.unwrap_or(inside).chars().next()?.len_utf8() + usize::from(escaped.is_some());
    Some(1 + first + inside[first..].find(['\'', '\n'])? + 1).filter(|length| rest[..*length].ends_with('\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_where_kotlin_says() {
        for (text, piece) in [
            ("\"a\" b", "\"a\""),
            ("\"a\\\"b\" c", "\"a\\\"b\""),
            ("\"${\"}\"}\" x", "\"${\"}\"}\""),
            ("\"\"\"a\"b\"\"\"\" c", "\"\"\"a\"b\"\"\"\""),
            ("/* a /* b */ c */ d", "/* a /* b */ c */"),
            ("// a\nb", "// a"),
            ("'\"' b", "'\"'"),
            ("'\\'' b", "'\\''"),
            ("'\\u0041' b", "'\\u0041'"),
            ("`a b` c", "`a b`"),
            ("é b", "é"),
        ] {
            assert_eq!(next(text, 0).map(|end| &text[..end]), Some(piece), "{text}");
        }
        for open in ["\"a", "/* a", "\"a\nb\"", "\"${", "`a"] {
            assert_eq!(next(open, 0), None, "{open}");
        }
        assert_eq!(closed("(a, \")\", [1]) b", 0), Some("(a, \")\", [1])".len()));
        assert_eq!(closed("(a", 0), None);
    }
}
