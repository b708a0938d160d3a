//! What `uses:` names: an action and its version.

/// The value of `uses`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uses<'s> {
    /// Of this repository.
    Local,
    Docker,
    /// An action, or a reusable workflow, with its version; the name in small letters.
    Versioned {
        name: String,
        reference: &'s str,
    },
    /// None of these.
    Other,
}

/// A version of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version<'s> {
    /// `v4`, `v4.1.2`, `4`, `release/v1`.
    Tag {
        line: &'s str,
        major: u32,
        is_exact: bool,
    },
    Commit,
    /// A branch, or a tag that says no major version.
    Other,
}

pub fn read(uses: &str) -> Uses<'_> {
    let uses = uses.trim();
    if uses.starts_with("./") || uses.starts_with("../") {
        return Uses::Local;
    }
    if uses.starts_with("docker:") {
        return Uses::Docker;
    }
    let plain =
        |part: &str| !matches!(part, "" | "..") && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    match uses.split_once('@') {
        Some((name, reference)) if name.contains('/') && name.split('/').all(plain) && !reference.is_empty() => {
            Uses::Versioned { name: name.to_ascii_lowercase(), reference }
        }
        _ => Uses::Other,
    }
}

/// Reads a version. A pre-release says no major version: what comes before and after it is not clear.
pub fn version(reference: &str) -> Version<'_> {
    if reference.len() == 40 && reference.chars().all(|c| c.is_ascii_hexdigit()) {
        return Version::Commit;
    }
    let digits = reference.trim_start_matches("release/").trim_start_matches(['v', 'V']);
    let line = &reference[..reference.len() - digits.len()];
    if !matches!(line, "" | "v" | "V" | "release/v" | "release/") {
        return Version::Other;
    }
    let mut numbers = digits.split('.');
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.len() <= 4 && !text.starts_with('+'));
    let Some(major) = numbers.next().and_then(number) else { return Version::Other };
    let rest: Vec<&str> = numbers.collect();
    let is_release =
        rest.len() <= 2 && rest.iter().all(|text| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()));
    if is_release { Version::Tag { line, major, is_exact: !rest.is_empty() } } else { Version::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        let tag = |line, major, is_exact| Version::Tag { line, major, is_exact };
        for (text, found) in [
            ("v4", tag("v", 4, false)),
            ("v4.1.2", tag("v", 4, true)),
            ("4.1", tag("", 4, true)),
            ("release/v1", tag("release/v", 1, false)),
            ("main", Version::Other),
            ("v4-beta", Version::Other),
            ("v2.0.0-rc.1", Version::Other),
            ("v", Version::Other),
            ("v99999999999", Version::Other),
            ("11bd71901bbe5b1630ceea73d27597364c9af683", Version::Commit),
        ] {
            assert_eq!(version(text), found, "{text}");
        }
    }

    #[test]
    fn uses_are_read() {
        let action = |name: &str, reference| Uses::Versioned { name: name.to_owned(), reference };
        for (text, found) in [
            ("Actions/Checkout@v4", action("actions/checkout", "v4")),
            ("actions/cache/restore@v4", action("actions/cache/restore", "v4")),
            ("./.github/actions/x", Uses::Local),
            ("docker://alpine:3", Uses::Docker),
            ("actions/checkout", Uses::Other),
            ("a//b@v1", Uses::Other),
            ("", Uses::Other),
        ] {
            assert_eq!(read(text), found, "{text}");
        }
    }
}
