//! Literal arguments, as C# writes them and as test runners print them.

/// A literal argument.
#[derive(Debug, PartialEq)]
enum Value {
    Whole(i128),
    Real(f64),
    /// As written between the quotes.
    Text(String),
    /// `true`, `null`, the last part of a name.
    Word(String),
}

/// Whether printed arguments are those of a row. Both are literals; anything else fits nothing.
pub fn fit(row: &[&str], printed: &str) -> bool {
    let printed = split(printed);
    row.len() == printed.len() && row.iter().zip(printed).all(|(written, printed)| same(written, printed))
}

fn same(written: &str, printed: &str) -> bool {
    let (Some(written), Some(printed)) = (value(written), value(without_name(printed))) else { return false };
    match (&written, &printed) {
        (Value::Text(written), Value::Text(printed)) => same_text(written, printed),
        (Value::Whole(whole), Value::Real(real)) | (Value::Real(real), Value::Whole(whole)) => {
            real.to_string() == whole.to_string()
        }
        _ => written == printed,
    }
}

/// Runners print a text as it is or with escapes, and cut long ones off.
fn same_text(written: &str, printed: &str) -> bool {
    let text = unescaped(written);
    if printed == written || printed == text || unescaped(printed) == text {
        return true;
    }
    let cut = printed.strip_suffix("...").or_else(|| printed.strip_suffix("···"));
    cut.is_some_and(|cut| cut.len() >= 10 && (text.starts_with(cut) || written.starts_with(cut)))
}

/// `x: 1` without `x: `.
fn without_name(printed: &str) -> &str {
    match printed.split_once(": ") {
        Some((name, value)) if identifier(name) => value,
        _ => printed,
    }
}

fn identifier(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '@'))
}

/// Splits printed arguments at the commas that stand in no quotes and no brackets.
fn split(printed: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut depth) = (0, 0_usize);
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in printed.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, c) {
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(printed[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    let last = printed[from..].trim();
    if !last.is_empty() || !parts.is_empty() {
        parts.push(last);
    }
    parts
}

fn value(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Some(cut) = text.strip_suffix("\"···").or_else(|| text.strip_suffix("\"...")) {
        return cut.strip_prefix('"').map(|cut| Value::Text(format!("{cut}···")));
    }
    if let Some(inner) = text.strip_prefix("nameof(").and_then(|rest| rest.strip_suffix(')')) {
        return Some(Value::Text(inner.rsplit('.').next().unwrap_or(inner).to_owned()));
    }
    if text.starts_with(['@', '"']) && text.ends_with('"') {
        // Verbatim and raw texts hold no escapes: they are made to look like plain ones.
        let plain = text.starts_with('"') && !text.starts_with("\"\"\"");
        let inner =
            if plain { text.get(1..text.len().checked_sub(1)?)?.to_owned() } else { super::attributes::literal(text)? };
        return Some(Value::Text(if plain { inner } else { inner.replace('\\', "\\\\") }));
    }
    if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Some(Value::Text(inner.to_owned()));
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.')) {
        return number(text);
    }
    let inner = text.strip_prefix("typeof(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    let last = inner.rsplit('.').next().unwrap_or(inner);
    identifier(last).then(|| Value::Word(word(last)))
}

fn word(text: &str) -> String {
    match text {
        "True" | "False" | "Null" => text.to_lowercase(),
        _ => text.to_owned(),
    }
}

fn number(text: &str) -> Option<Value> {
    let text = text.replace('_', "").to_lowercase();
    let (sign, digits) = text.strip_prefix('-').map_or((1, &text[..]), |rest| (-1, rest.trim_start()));
    for (prefix, radix) in [("0x", 16), ("0b", 2)] {
        if let Some(digits) = digits.strip_prefix(prefix) {
            let digits = digits.trim_end_matches(['u', 'l']);
            return i128::from_str_radix(digits, radix)
                .ok()
                .map(|whole| Value::Whole(whole.checked_mul(sign).unwrap_or(0)));
        }
    }
    let digits = digits.trim_end_matches(['u', 'l', 'f', 'd', 'm']);
    if let Ok(whole) = digits.parse::<i128>() {
        return whole.checked_mul(sign).map(Value::Whole);
    }
    let real: f64 = digits.parse().ok()?;
    Some(Value::Real(if sign < 0 { -real } else { real }))
}

/// A text with the usual escapes of C# replaced by what they mean.
pub fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let Some(c) = after.chars().next() else {
            out.push('\\');
            return out;
        };
        let unicode = (c == 'u').then(|| after.get(1..5)).flatten();
        let code = unicode.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        rest = &after[if code.is_some() { 5 } else { c.len_utf8() }..];
        match (code, c) {
            (Some(code), _) => out.push(code),
            (None, 'n') => out.push('\n'),
            (None, 't') => out.push('\t'),
            (None, 'r') => out.push('\r'),
            (None, '0') => out.push('\0'),
            (None, '"' | '\'' | '\\') => out.push(c),
            (None, other) => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out.push_str(rest);
    out
}
