//! The values of Python's literals, as pytest writes them into a test's id.

use tree_sitter::Node;

use crate::frameworks::python::module::{children, values};
use crate::frameworks::syntax::of;

/// `str()` of a number, a truth value or None, and the escaped text of a string. None for everything else.
pub fn value(node: Node<'_>, text: &str) -> Option<String> {
    let source = of(node, text);
    match node.kind() {
        "true" | "false" | "none" => Some(source.to_owned()),
        "integer" => integer(source),
        "float" => float(source),
        "unary_operator" => negative(node, text),
        "string" | "concatenated_string" => string(node, text).map(|string| string.escaped()),
        _ => None,
    }
}

fn negative(node: Node<'_>, text: &str) -> Option<String> {
    let argument = node.child_by_field_name("argument")?;
    let sign = of(node.child_by_field_name("operator")?, text);
    let number = matches!(argument.kind(), "integer" | "float").then(|| value(argument, text)).flatten()?;
    match (sign, number.as_str()) {
        ("+", _) | ("-", "0") => Some(number),
        ("-", _) => Some(format!("-{number}")),
        _ => None,
    }
}

fn integer(source: &str) -> Option<String> {
    let digits = source.replace('_', "").to_ascii_lowercase();
    let radix = |prefix: &str, radix| {
        let digits = digits.strip_prefix(prefix)?;
        Some(u128::from_str_radix(digits, radix).ok()?.to_string())
    };
    let other = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2));
    other.or_else(|| {
        let decimal = digits.bytes().all(|b| b.is_ascii_digit());
        let short = digits.trim_start_matches('0');
        decimal.then(|| if short.is_empty() { "0".to_owned() } else { short.to_owned() })
    })
}

/// As Python's `repr` writes it: the shortest digits, with an exponent when it is small or large.
fn float(source: &str) -> Option<String> {
    let number: f64 = source.replace('_', "").parse().ok()?;
    if number.is_infinite() {
        return Some("inf".to_owned());
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e')?;
    let power: i32 = exponent.parse().ok()?;
    if (-4..16).contains(&power) {
        let plain = format!("{number}");
        return Some(if plain.contains('.') { plain } else { format!("{plain}.0") });
    }
    let sign = if power < 0 { '-' } else { '+' };
    Some(format!("{digits}e{sign}{:02}", power.unsigned_abs()))
}

/// A string or bytes literal's value.
pub struct Text {
    points: Vec<char>,
    bytes: bool,
}

impl Text {
    /// As pytest writes it by default: ASCII.
    pub fn escaped(&self) -> String {
        let mut out = String::new();
        for &c in &self.points {
            match c {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\\' if !self.bytes => out.push_str("\\\\"),
                ' '..='~' => out.push(c),
                _ => match u32::from(c) {
                    code @ 0..=0xff => out.push_str(&format!("\\x{code:02x}")),
                    code @ 0x100..=0xffff => out.push_str(&format!("\\u{code:04x}")),
                    code => out.push_str(&format!("\\U{code:08x}")),
                },
            }
        }
        out
    }

    /// Unescaped, which a project can choose; and what a `parametrize` takes for its names.
    pub fn plain(&self) -> String {
        self.points.iter().collect()
    }
}

/// The value of a string, of several that stand side by side, or of either in parentheses. None where it is computed.
pub fn string(node: Node<'_>, text: &str) -> Option<Text> {
    match node.kind() {
        "parenthesized_expression" => {
            string(values(node).first().copied().filter(|inner| inner.kind() != node.kind())?, text)
        }
        "concatenated_string" => {
            let parts: Option<Vec<Text>> = values(node).into_iter().map(|part| simple(part, text)).collect();
            let parts = parts?;
            let bytes = parts.iter().any(|part| part.bytes);
            Some(Text { points: parts.into_iter().flat_map(|part| part.points).collect(), bytes })
        }
        _ => simple(node, text),
    }
}

fn simple(node: Node<'_>, text: &str) -> Option<Text> {
    if node.kind() != "string" || children(node).iter().any(|part| part.kind() == "interpolation") {
        return None;
    }
    let source = of(node, text);
    let quotes = source.find(['"', '\''])?;
    let prefix = source[..quotes].to_ascii_lowercase();
    let quoted = &source[quotes..];
    let mark = quoted.chars().next()?;
    let triple = mark.to_string().repeat(3);
    let end = if quoted.len() >= 6 && quoted.starts_with(&triple) { triple } else { mark.to_string() };
    let inner = quoted.strip_prefix(&end)?.strip_suffix(&end)?.replace("\r\n", "\n");
    if prefix.contains('t') || (prefix.contains('f') && inner.contains(['{', '}'])) {
        return None;
    }
    let bytes = prefix.contains('b');
    let points = if prefix.contains('r') { inner.chars().collect() } else { unescape(&inner, bytes)? };
    Some(Text { points, bytes })
}

fn unescape(inner: &str, bytes: bool) -> Option<Vec<char>> {
    let mut out = Vec::new();
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let escape = rest.next()?;
        let digits = match escape {
            'x' => 2,
            'u' if !bytes => 4,
            'U' if !bytes => 8,
            _ => 0,
        };
        match escape {
            '\n' => {}
            '\\' | '\'' | '"' => out.push(escape),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            'f' => out.push('\x0c'),
            'v' => out.push('\x0b'),
            _ if digits > 0 => out.push(code(&mut rest, digits, 16)?),
            '0'..='7' => out.push(octal(&mut rest, escape)?),
            // A character by its Unicode name.
            'N' if !bytes => return None,
            _ => out.extend(['\\', escape]),
        }
    }
    Some(out)
}

fn code(rest: &mut std::str::Chars<'_>, digits: usize, radix: u32) -> Option<char> {
    let number: String = rest.take(digits).collect();
    (number.chars().count() == digits).then_some(())?;
    char::from_u32(u32::from_str_radix(&number, radix).ok()?)
}

fn octal(rest: &mut std::str::Chars<'_>, first: char) -> Option<char> {
    let mut number = first.to_digit(8)?;
    for _ in 0..2 {
        let Some(digit) = rest.clone().next().and_then(|c| c.to_digit(8)) else { break };
        rest.next();
        number = number * 8 + digit;
    }
    char::from_u32(number)
}
