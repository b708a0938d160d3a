//! The version in a cache's key, and how it is raised.

use std::ops::Range;

/// How the keys of one cache change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bump {
    /// `v1` becomes `v2` where it stands.
    Raise { number: u32 },
    /// `v2-` is put in front.
    Prefix,
}

/// `v` and a number in a key.
#[derive(Debug, PartialEq, Eq)]
struct Token {
    /// Of the number.
    range: Range<usize>,
    number: u32,
}

/// What a version behind it belongs to, instead of the cache.
const TOOLS: &[&str] = &[
    "node", "nodejs", "npm", "yarn", "pnpm", "python", "py", "go", "golang", "java", "jdk", "ruby", "php", "rust",
    "llvm", "clang", "gcc", "qt", "boost", "cuda", "postgres", "dotnet", "gradle", "maven", "xcode", "api", "bun",
    "deno",
];

/// The bump of a key that suits all the keys which restore it.
pub fn plan(key: &str, restore: &[&str]) -> Bump {
    let Some(token) = chosen(key) else { return Bump::Prefix };
    let bump = Bump::Raise { number: token.number };
    if restore.iter().all(|line| same(line, token.number).is_some()) { bump } else { Bump::Prefix }
}

/// The key after the bump.
pub fn bumped(key: &str, bump: &Bump) -> String {
    let token = match bump {
        Bump::Raise { number } => same(key, *number),
        Bump::Prefix => None,
    };
    match token {
        Some(Token { range, number }) => format!("{}{}{}", &key[..range.start], number + 1, &key[range.end..]),
        None => format!("v2-{key}"),
    }
}

/// A value that ends in a number, with the number raised: `3`, `v7`, `cache-07`.
pub fn raised(value: &str) -> Option<String> {
    let value = value.trim();
    let start = value.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let digits = &value[start..];
    let number: u64 = digits.parse().ok().filter(|_| digits.len() <= 9)?;
    Some(format!("{}{:0width$}", &value[..start], number + 1, width = digits.len()))
}

/// The version of a key: at its start, else at its end, else the only one.
fn chosen(key: &str) -> Option<Token> {
    let mut tokens = tokens(key);
    let at_start = tokens.first().is_some_and(|token| token.range.start == 1);
    let at_end = tokens.last().is_some_and(|token| token.range.end == key.len());
    match (at_start, at_end, tokens.len()) {
        (true, ..) => Some(tokens.swap_remove(0)),
        (false, true, _) | (false, false, 1) => tokens.pop(),
        _ => None,
    }
}

/// The version of this number in a key.
fn same(key: &str, number: u32) -> Option<Token> {
    chosen(key).filter(|token| token.number == number).or_else(|| {
        let mut tokens: Vec<Token> = tokens(key).into_iter().filter(|token| token.number == number).collect();
        if tokens.len() == 1 { tokens.pop() } else { None }
    })
}

fn tokens(key: &str) -> Vec<Token> {
    let between = |c: char| "-_./:|".contains(c);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = key[at..].chars().next() {
        if key[at..].starts_with("${{") {
            at = key[at..].find("}}").map_or(key.len(), |end| at + end + 2);
            continue;
        }
        let before = key[..at].chars().next_back();
        let opens = before.is_none_or(|before| between(before) || before == '}');
        if c == 'v' && opens {
            let start = at + 1;
            let digits = key[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(key.len() - start);
            let range = start..start + digits;
            let after = key[range.end..].chars().next();
            let closes = after.is_none_or(|after| between(after) || after == '$');
            // `v1.2` is the version of something else.
            let is_part = after == Some('.') && key[range.end + 1..].starts_with(|c: char| c.is_ascii_digit());
            let number = key[range.clone()].parse::<u32>().ok().filter(|_| digits <= 6);
            if let Some(number) = number.filter(|_| closes && !is_part && !is_of_a_tool(&key[..at])) {
                found.push(Token { range, number });
            }
        }
        at += c.len_utf8();
    }
    found
}

fn is_of_a_tool(before: &str) -> bool {
    let word = before.trim_end_matches(['-', '_']);
    let word = word.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    TOOLS.contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_raised() {
        for (key, restore, after) in [
            ("v1-deps-${{ hashFiles('x') }}", &["v1-deps-"][..], "v2-deps-${{ hashFiles('x') }}"),
            ("${{ runner.os }}-cargo-v3", &[], "${{ runner.os }}-cargo-v4"),
            ("${{ runner.os }}-cargo-v3", &["${{ runner.os }}-cargo-"], "v2-${{ runner.os }}-cargo-v3"),
            (
                "${{ runner.os }}-v9-x-${{ y }}",
                &["${{ runner.os }}-v9-x-", "${{ runner.os }}-v9-"],
                "${{ runner.os }}-v10-x-${{ y }}",
            ),
            ("a-node-v18-${{ y }}", &[], "v2-a-node-v18-${{ y }}"),
            ("v1.2-x", &[], "v2-v1.2-x"),
            ("deps", &["de"], "v2-deps"),
            ("v2-deps", &["v2-"], "v3-deps"),
            ("${{ env.v1 }}", &[], "v2-${{ env.v1 }}"),
            ("v1", &["v1"], "v2"),
            ("a-v1-b-v1-c", &[], "v2-a-v1-b-v1-c"),
            ("övl-v7", &[], "övl-v8"),
        ] {
            assert_eq!(bumped(key, &plan(key, restore)), after, "{key}");
        }
        for (value, after) in [("1", Some("2")), ("v9", Some("v10")), ("2024-01-09", Some("2024-01-10")), ("x", None)] {
            assert_eq!(raised(value).as_deref(), after);
        }
    }
}
