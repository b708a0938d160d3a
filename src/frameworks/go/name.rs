//! Names of Go tests: what `go test` prints and what `-run` takes.

/// A test's name in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// An import path or its last part.
    pub package: Option<String>,
    /// The top function, such as `TestX`.
    pub test: String,
    /// The subtests below it, as go writes them: `sub_name/deeper`.
    pub rest: Option<String>,
}

/// Reads a name; None when no test function is named in it.
pub fn parse(name: &str) -> Option<Name> {
    let name = bare(name);
    let (start, end) = top(&name)?;
    let package = name[..start].trim_end_matches(['.', ' ']);
    let mut test = &name[start..end];
    let rest = name[end..].strip_prefix('/').map(rewritten);
    let cores = test.len() - test.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let before_cores = &test[..test.len() - cores];
    if cores > 0 && test.starts_with("Benchmark") && before_cores.ends_with('-') {
        test = before_cores.trim_end_matches('-');
    }
    let package = (!package.is_empty()).then(|| package.to_owned());
    Some(Name { package, test: test.to_owned(), rest: rest.filter(|rest| !rest.is_empty()) })
}

/// Without what stands around a name in logs and on command lines.
fn bare(name: &str) -> String {
    let mut name = name.trim();
    for prefix in ["=== FAIL:", "--- FAIL:", "=== RUN", "FAIL:", "-test.run", "-run"] {
        if let Some(after) = name.strip_prefix(prefix) {
            name = after.trim_start_matches('=').trim_start();
            break;
        }
    }
    if let Some((before, time)) = name.strip_suffix("s)").and_then(|name| name.rsplit_once(" ("))
        && time.chars().all(|c| c.is_ascii_digit() || c == '.')
    {
        name = before.trim_end();
    }
    for quote in ['\'', '"'] {
        name = name.strip_prefix(quote).and_then(|name| name.strip_suffix(quote)).unwrap_or(name);
    }
    if !name.starts_with('^') {
        return name.to_owned();
    }
    let segments = name.split('/').map(|segment| {
        let segment = segment.strip_prefix('^').unwrap_or(segment);
        unescaped(segment.strip_suffix('$').unwrap_or(segment))
    });
    segments.collect::<Vec<_>>().join("/")
}

/// A regular expression that stands for one text, as that text.
fn unescaped(pattern: &str) -> String {
    let mut out = String::new();
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        let escaped = c == '\\' && characters.peek().is_some_and(char::is_ascii_punctuation);
        out.push(if escaped { characters.next().unwrap_or(c) } else { c });
    }
    out
}

/// Where the top function's name stands: at the start or after a package.
fn top(name: &str) -> Option<(usize, usize)> {
    let after_package = name.match_indices(['.', ' ']).map(|(at, _)| at + 1);
    std::iter::once(0).chain(after_package).find_map(|start| {
        let tail = &name[start..];
        let end = tail.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(tail.len());
        let cores = &tail[end..];
        let end =
            if cores.starts_with('-') && cores[1..].chars().all(|c| c.is_ascii_digit()) { tail.len() } else { end };
        let closed = tail.len() == end || tail[end..].starts_with('/');
        (closed && is_test(&tail[..end])).then_some((start, start + end))
    })
}

/// Whether go takes a function of this name for a test.
pub fn is_test(name: &str) -> bool {
    ["Test", "Benchmark", "Fuzz", "Example"]
        .iter()
        .any(|kind| name.strip_prefix(kind).is_some_and(|after| !after.chars().next().is_some_and(char::is_lowercase)))
}

/// A subtest's title as go makes a name of it.
pub fn rewritten(title: &str) -> String {
    let mut out = String::new();
    for c in title.chars() {
        match c {
            '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c if c.is_whitespace() => out.push('_'),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            c if u32::from(c) < 0x80 && c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// The value of a string literal, raw or interpreted; None when it has bytes that are no text.
pub fn value(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('`') {
        return Some(raw.strip_suffix('`')?.replace('\r', ""));
    }
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::new();
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        out.push(if c == '\\' { escape(&mut characters)? } else { c });
    }
    Some(out)
}

/// The character that an escape means, from after its backslash.
fn escape(characters: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match characters.next()? {
        'n' => return Some('\n'),
        't' => return Some('\t'),
        'r' => return Some('\r'),
        'a' => return Some('\u{7}'),
        'b' => return Some('\u{8}'),
        'f' => return Some('\u{c}'),
        'v' => return Some('\u{b}'),
        c @ ('\\' | '"' | '\'') => return Some(c),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let hexadecimal = characters.by_ref().take(digits).collect::<String>();
    let code = u32::from_str_radix(&hexadecimal, 16).ok()?;
    // Bytes above 7f by `\x` are parts of a character.
    if digits == 2 && code > 0x7f { None } else { char::from_u32(code) }
}

/// A name as an interpreted string literal.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_shape() {
        let table = [
            ("TestX", None, "TestX", None),
            ("TestX/sub name/deeper", None, "TestX", Some("sub_name/deeper")),
            ("github.com/a/b.v2/pkg.TestX/a.b", Some("github.com/a/b.v2/pkg"), "TestX", Some("a.b")),
            ("pkg.Test_x", Some("pkg"), "Test_x", None),
            ("^TestX$/^a\\.b$", None, "TestX", Some("a.b")),
            ("-run '^TestX$'", None, "TestX", None),
            ("-run=TestX", None, "TestX", None),
            ("--- FAIL: TestX/sub (0.01s)", None, "TestX", Some("sub")),
            ("=== FAIL: internal/store TestX (0.00s)", Some("internal/store"), "TestX", None),
            ("BenchmarkX-8", None, "BenchmarkX", None),
            ("gopkg.in/check.v1/pkg.FuzzX", Some("gopkg.in/check.v1/pkg"), "FuzzX", None),
        ];
        for (name, package, test, rest) in table {
            let read = parse(name).unwrap();
            assert_eq!(
                (read.package.as_deref(), read.test.as_str(), read.rest.as_deref()),
                (package, test, rest),
                "{name}"
            );
        }
        for name in ["", "Testify", "helper", "TestX.y.", "^$", "(", "\u{0}"] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn literals_have_values() {
        assert_eq!(value(r#""a\tb\u00e9\"""#).as_deref(), Some("a\tbé\""));
        assert_eq!(value("`a\\b`").as_deref(), Some("a\\b"));
        assert_eq!(value(r#""\xff""#), None);
        assert_eq!(rewritten("a b\tc\u{1}"), "a_b_c\\x01");
        assert_eq!(quoted("a\"\\"), "\"a\\\"\\\\\"");
    }
}
