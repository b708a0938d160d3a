//! What the names of tests of .NET mean.

/// A name, taken apart.
pub struct TestName<'a> {
    pub name: &'a str,
    /// Namespaces, classes and the method; type arguments and arguments of fixtures left out.
    pub path: Vec<&'a str>,
    /// What stands between the last parentheses.
    pub arguments: Option<&'a str>,
    /// The fixture has arguments: the name means the test in one of several fixtures.
    pub fixture: bool,
    /// The outermost of several classes, which `+` joins.
    outer: Option<&'a str>,
}

/// Takes `NS.Outer+Inner.M(x: 1, y: "a")` and its shorter forms apart.
pub fn wanted(name: &str) -> TestName<'_> {
    let name = name.trim();
    let mut wanted = TestName { name, path: Vec::new(), arguments: None, fixture: false, outer: None };
    let mut rest = name;
    loop {
        let end = rest.find(['.', '+', '(', '<', '`', '/']).unwrap_or(rest.len());
        if end > 0 {
            wanted.path.push(rest[..end].trim());
        }
        let Some(c) = rest[end..].chars().next() else { return wanted };
        let after = &rest[end + 1..];
        rest = match c {
            '+' | '/' => {
                wanted.outer = wanted.outer.or(wanted.path.last().copied());
                after
            }
            '`' => after.trim_start_matches(|c: char| c.is_ascii_digit()),
            '<' => closed(after, '<', '>').map_or("", |at| &after[at + 1..]),
            '(' => match closed(after, '(', ')') {
                Some(at) if after[at + 1..].starts_with(['.', '+', '/']) => {
                    wanted.fixture = true;
                    &after[at + 1..]
                }
                _ => {
                    wanted.arguments = Some(after.strip_suffix(')').unwrap_or(after));
                    return wanted;
                }
            },
            _ => after,
        };
    }
}

/// Where the bracket is closed that was opened before `text`; brackets in quotes do not count.
fn closed(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 1_usize;
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            _ if c == open => depth += 1,
            _ if c == close => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

impl TestName<'_> {
    /// Files are named after their classes, mostly: `CartTests.cs`.
    pub fn file(&self) -> Option<String> {
        let class_last = |last: &&&str| {
            self.arguments.is_none()
                && ["Test", "Tests", "Fixture", "Spec", "Specs"].iter().any(|end| last.ends_with(end))
        };
        let last = self.path.last().filter(class_last);
        let class = self.outer.or(last.copied()).or_else(|| self.path.iter().rev().nth(1).copied())?;
        let plain = class.chars().all(|c| c.is_alphanumeric() || c == '_');
        (plain && !class.is_empty()).then(|| format!("{class}.cs"))
    }

    /// The longest word of the last part: the method, or a word of a name that is shown instead.
    pub fn needle(&self) -> String {
        let last = self.path.last().copied().unwrap_or_default();
        let words = last.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.max_by_key(|word| word.len()).unwrap_or_default().to_owned()
    }
}
