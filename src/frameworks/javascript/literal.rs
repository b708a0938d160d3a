//! String literals: what they say.

use std::iter::Peekable;
use std::str::Chars;

/// What the inside of a string or template literal says, its escapes resolved.
pub fn decode(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw.chars().peekable();
    let mut units: Vec<u16> = Vec::new();
    while let Some(c) = rest.next() {
        if c == '\\' && rest.peek() == Some(&'u') {
            rest.next();
            units_of(&mut rest, &mut units);
            continue;
        }
        flush(&mut units, &mut out);
        if c == '\\' {
            escape(&mut rest, &mut out);
        } else {
            out.push(c);
        }
    }
    flush(&mut units, &mut out);
    out
}

/// Code units are gathered first, because a character may be written as two of them.
fn flush(units: &mut Vec<u16>, out: &mut String) {
    out.extend(char::decode_utf16(units.drain(..)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
}

fn units_of(rest: &mut Peekable<Chars<'_>>, units: &mut Vec<u16>) {
    let code = if rest.next_if_eq(&'{').is_some() {
        let code = hexadecimal(rest, 8);
        rest.next_if_eq(&'}');
        code
    } else {
        hexadecimal(rest, 4)
    };
    if let Ok(unit) = u16::try_from(code) {
        units.push(unit);
        return;
    }
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
}

fn hexadecimal(rest: &mut Peekable<Chars<'_>>, digits: usize) -> u32 {
    let mut code: u32 = 0;
    for _ in 0..digits {
        let Some(digit) = rest.peek().and_then(|c| c.to_digit(16)) else { break };
        code = code.wrapping_mul(16).wrapping_add(digit);
        rest.next();
    }
    code
}

fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    match rest.next() {
        Some('n') => out.push('\n'),
        Some('t') => out.push('\t'),
        Some('r') => out.push('\r'),
        Some('b') => out.push('\u{8}'),
        Some('f') => out.push('\u{c}'),
        Some('v') => out.push('\u{b}'),
        Some('0') => out.push('\0'),
        Some('x') => out.push(char::from_u32(hexadecimal(rest, 2)).unwrap_or(char::REPLACEMENT_CHARACTER)),
        // A line that goes on.
        Some('\r') => {
            rest.next_if_eq(&'\n');
        }
        Some('\n') | None => {}
        Some(other) => out.push(other),
    }
}

/// One line: every run of white space becomes one space, none at the ends.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn escapes_say_what_javascript_says() {
        assert_eq!(decode(r"don\'t \n\x41\u0042\u{1F600}\uD83D\uDE00\q"), "don't \nAB😀😀q");
        assert_eq!(decode("a\\\r\nb\\\nc"), "abc");
        assert_eq!(decode(r"\uD83D \u{FFFFFFFF}\"), "\u{FFFD} \u{FFFD}");
    }
}
