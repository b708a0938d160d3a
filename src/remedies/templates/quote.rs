//! How a value is written as a YAML scalar.

/// How a new value is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// Plain where that keeps it a string, quoted by this character otherwise.
    Plain {
        otherwise: char,
        in_flow: bool,
    },
    Single,
    Double,
}

/// The value as it is written; none when it holds control characters.
pub fn write(value: &str, quoting: Quoting) -> Option<String> {
    if value.chars().any(char::is_control) {
        return None;
    }
    match quoting {
        Quoting::Plain { in_flow, .. } if is_plain(value, in_flow) => Some(value.to_owned()),
        Quoting::Plain { otherwise: '"', .. } | Quoting::Double => {
            Some(format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
        }
        Quoting::Plain { .. } | Quoting::Single => Some(format!("'{}'", value.replace('\'', "''"))),
    }
}

/// Whether a value without quotes is read as this very string.
fn is_plain(value: &str, in_flow: bool) -> bool {
    let Some(first) = value.chars().next() else { return false };
    let second = value.chars().nth(1);
    let opens = "-?:".contains(first) && second.is_none_or(char::is_whitespace);
    let bad_start = ",[]{}#&*!|>'\"%@`".contains(first) || opens;
    let bad_flow = in_flow && value.contains([',', '[', ']', '{', '}']);
    let bad_inside = value.contains(": ") || value.contains(" #") || value.ends_with(':') || value.trim() != value;
    !bad_start && !bad_flow && !bad_inside && !is_typed(value)
}

/// Whether a reader of YAML may take the plain word for a number, a truth value or nothing.
fn is_typed(value: &str) -> bool {
    const WORDS: &[&str] = &["null", "~", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf"];
    let lower = value.to_ascii_lowercase();
    let bare = lower.trim_start_matches(['-', '+', '.']);
    let digits = bare.starts_with(|c: char| c.is_ascii_digit());
    let hexadecimal = bare.starts_with("0x") || bare.starts_with("0o");
    // Numbers, dates and times; what has several dots, such as 1.2.3, is none.
    let number = digits && (hexadecimal || bare.chars().all(|c| c.is_ascii_digit() || "._:e+-".contains(c)));
    let release = bare.matches('.').count() > 1 && bare.chars().all(|c| c.is_ascii_digit() || c == '.');
    WORDS.contains(&lower.as_str()) || bare == "inf" || (number && !release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_strings() {
        let plain = Quoting::Plain { otherwise: '"', in_flow: false };
        for (value, written) in [
            ("3.10", "\"3.10\""),
            ("20", "\"20\""),
            ("20.11.1", "20.11.1"),
            ("1e3", "\"1e3\""),
            ("0x1F", "\"0x1F\""),
            ("2024-01-05", "\"2024-01-05\""),
            ("on", "\"on\""),
            ("lts/*", "lts/*"),
            ("stable", "stable"),
            ("", "\"\""),
            ("-", "\"-\""),
            ("--max=1", "--max=1"),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("*", "\"*\""),
            ("20.x", "20.x"),
            ("v2-${{ runner.os }}", "v2-${{ runner.os }}"),
        ] {
            assert_eq!(write(value, plain).as_deref(), Some(written));
        }
        assert_eq!(write("a'b", Quoting::Single).as_deref(), Some("'a''b'"));
        assert_eq!(write("a\"b\\", Quoting::Double).as_deref(), Some(r#""a\"b\\""#));
        assert_eq!(write("a\nb", Quoting::Double), None);
        assert_eq!(write("a,b", Quoting::Plain { otherwise: '\'', in_flow: true }).as_deref(), Some("'a,b'"));
    }
}
