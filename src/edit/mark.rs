//! The mark: a comment in which the next change finds what stood there before the last one.
//!
//! Written is one grammar, `ci-rescue pin was OLD; locked VERSION`, whatever the language's comments look like. Former
//! versions also wrote `ci-rescue pin was "OLD" locked VERSION`, in which only a word or a string stood; such marks are
//! in people's repositories, and are read for ever.

use std::ops::Range;

/// How every mark of a pin begins.
pub const PIN: &str = "ci-rescue pin was ";
/// How every mark of a fix begins.
pub const FIX: &str = "ci-rescue fix was ";
/// What a mark says where nothing stood before.
pub const ABSENT: &str = "absent";
/// What stands behind a key or table that only our pin needs.
pub const MADE: &str = "  # ci-rescue pin made this";
/// What comes before the version that the lock had.
const LOCKED: &str = "; locked ";
/// The same, as former versions wrote it behind a word or a string.
const LOCKED_ONCE: &str = " locked ";
/// Longer requirements are not kept in comments.
const OLD_MAX: usize = 400;
/// More of a line than this is not read for the mark of a value, in bytes.
const LINE_MAX: usize = 4_000;

/// What a mark says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Was {
    /// As it was written, with its quotes.
    pub old: String,
    /// The version that the lock had, where the lock was edited too.
    pub locked: Option<String>,
}

impl Was {
    pub fn new(old: &str, locked: Option<&str>) -> Self {
        Self { old: old.to_owned(), locked: locked.map(str::to_owned) }
    }

    /// The words of the mark, without the comment's own signs. `None`, when what stood there cannot be kept in a
    /// comment and read back.
    pub fn words(&self, sign: &str) -> Option<String> {
        let locked = self.locked.as_ref().map(|locked| format!("{LOCKED}{locked}")).unwrap_or_default();
        let words = format!("{}{locked}", self.old);
        let safe = self.old.len() <= OLD_MAX
            && !words.chars().any(char::is_control)
            && !["ci-rescue", "*/"].iter().any(|bad| self.old.contains(bad))
            && Self::read(&words) == (words.len(), self.clone());
        safe.then(|| format!("{sign}{words}"))
    }

    /// Reads what follows a mark's sign: how many bytes it is, and what it says. It ends at the latest where a further
    /// comment begins.
    pub fn read(said: &str) -> (usize, Self) {
        let mut end = said.len();
        for (at, _) in said.match_indices('#') {
            let before = said[..at].trim_end();
            if before.len() < at {
                end = before.len();
                break;
            }
        }
        let said = said[..end].trim_end();
        if let Some((old, locked)) = said.rsplit_once(LOCKED) {
            return (said.len(), Self::new(old, Some(locked)));
        }
        let length = token(said);
        match said[length..].strip_prefix(LOCKED_ONCE) {
            Some(locked) if !locked.contains(' ') => (said.len(), Self::new(&said[..length], Some(locked))),
            _ => (said.len(), Self::new(said, None)),
        }
    }
}

/// How long the string or word is at the beginning of a text.
fn token(text: &str) -> usize {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let close = quote.and_then(|quote| text[1..].find(quote)).map(|at| at + 2);
    close.unwrap_or_else(|| text.find(' ').unwrap_or(text.len()))
}

/// A mark in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// With the blanks and the comment sign before it, to its end: what to take out.
    pub range: Range<usize>,
    pub was: Was,
}

/// The marks of pins in one line, in their order. `leads` are what we put before [`PIN`], such as `"  # "`; offsets are
/// counted from `base`, the line's own place.
pub fn in_line(line: &str, base: usize, leads: &[&str]) -> Vec<Found> {
    let mut starts = Vec::new();
    for (at, _) in line.match_indices(PIN) {
        if let Some(lead) = leads.iter().find(|lead| line[..at].ends_with(**lead)) {
            starts.push((at - lead.len(), at + PIN.len()));
        }
    }
    let mut found = Vec::new();
    for (index, (start, words)) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(line.len(), |next| next.0);
        if let Some(said) = line.get(*words..end) {
            let (length, was) = Was::read(said);
            found.push(Found { range: base + start..base + words + length, was });
        }
    }
    found
}

/// What stands behind a value on its line, in a language whose comments begin with `#`.
#[derive(Debug, PartialEq, Eq)]
pub struct Behind {
    /// Where the line's content ends, in front of blanks: the place of a new mark.
    pub end: usize,
    /// Our mark, the first of the comments.
    pub mark: Option<Found>,
    /// A pin holds the value.
    pub is_pinned: bool,
}

impl Behind {
    /// Reads the line on from `at` for a mark that begins with `sign`; none when the line is too long for anyone to find
    /// a mark at its end.
    pub fn read(text: &str, at: usize, sign: &str) -> Option<Self> {
        let rest = text.get(at..)?;
        let near = &rest[..rest.floor_char_boundary(LINE_MAX)];
        let line = match near.find(['\n', '\r']) {
            Some(end) => &near[..end],
            None if near.len() == rest.len() => near,
            None => return None,
        };
        let end = content_end(line);
        let comment = &line[end..];
        let mark = comment.trim_start_matches([' ', '\t']).strip_prefix("# ").and_then(|c| c.strip_prefix(sign));
        let mark = mark.map(|said| {
            let (length, was) = Was::read(said);
            Found { range: at + end..at + line.len() - said.len() + length, was }
        });
        Some(Self { end: at + end, mark, is_pinned: comment.contains(PIN) })
    }
}

/// A new mark of a pin, to be put at the end of a line's content.
pub fn comment(old: &str, locked: Option<&str>, sign: &str) -> Option<String> {
    Some(format!(" # {}", Was::new(old, locked).words(sign)?))
}

/// Where a trailing comment or the line's end begins, blanks before it included. Strings are stepped over; an apostrophe
/// within a word begins none.
fn content_end(line: &str) -> usize {
    let (mut quote, mut before, mut escaped) = (None, None, false);
    for (index, c) in line.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if open == c => quote = None,
            None if c == '#' && before.is_none_or(char::is_whitespace) => return line[..index].trim_end().len(),
            None if matches!(c, '"' | '\'') && before.is_some_and(|c: char| !c.is_alphanumeric()) => quote = Some(c),
            _ => {}
        }
        before = Some(c);
    }
    line.trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What stands in people's repositories, by every version that wrote any.
    #[test]
    fn marks_of_all_versions_are_read() {
        for (said, old, locked, rest) in [
            // Written today, and formerly for Python, Ruby, Go, Gradle, Maven and NuGet.
            ("requests>=2.0,<3; locked 2.31.0", "requests>=2.0,<3", Some("2.31.0"), ""),
            ("requests absent; locked 2.31.0", "requests absent", Some("2.31.0"), ""),
            ("\"~> 1.0\", \">= 1.2\"; locked 1.4", "\"~> 1.0\", \">= 1.2\"", Some("1.4"), ""),
            ("requests \"^2.0\"; locked 2.1", "requests \"^2.0\"", Some("2.1"), ""),
            ("com.acme:tool:1.0", "com.acme:tool:1.0", None, ""),
            ("none", "none", None, ""),
            ("\"1.0\"; locked 1.0.120 # parses orders", "\"1.0\"", Some("1.0.120"), " # parses orders"),
            // Written formerly for Cargo, pnpm, actions and images.
            ("\"1.0\" locked 1.0.120 # parses orders", "\"1.0\"", Some("1.0.120"), " # parses orders"),
            ("'>=1, <2' locked 1.9.9\t# tab", "'>=1, <2'", Some("1.9.9"), "\t# tab"),
            ("^1.3.0 locked 1.3.0", "^1.3.0", Some("1.3.0"), ""),
            ("absent locked 2.1.3", "absent", Some("2.1.3"), ""),
            ("v3 # node 18", "v3", None, " # node 18"),
            ("\"postgres:16\" # main", "\"postgres:16\"", None, " # main"),
            ("node:20@sha256:aa", "node:20@sha256:aa", None, ""),
        ] {
            let (length, was) = Was::read(said);
            assert_eq!((was, &said[length..]), (Was::new(old, locked), rest), "{said}");
        }
    }

    #[test]
    fn what_could_not_be_read_back_is_not_written() {
        for old in ["a\nb", "a # b", "a ", "1; locked 2", "1 locked 2", "ci-rescue pin was x", "*/"] {
            assert_eq!(Was::new(old, None).words(PIN), None, "{old}");
        }
        assert_eq!(Was::new("a#b", Some("1")).words(PIN).as_deref(), Some("ci-rescue pin was a#b; locked 1"));
    }

    #[test]
    fn reads_what_stands_behind() {
        let text = "uses: a/b@v3 # ci-rescue fix was v4 # node 20\r\n";
        let found = Behind::read(text, 12, FIX).expect("the line is short");
        let mark = Some(Found { range: 12..35, was: Was::new("v4", None) });
        assert_eq!(found, Behind { end: 12, mark, is_pinned: false });
        assert_eq!(&text[12..35], " # ci-rescue fix was v4");
        let text = "{ uses: a/b@v3, name: 'x # y', k: a#b } # z";
        assert_eq!(Behind::read(text, 14, PIN).map(|found| found.end), Some(text.len() - 4));
        assert!(Behind::read("a@v1 # ci-rescue pin was v2", 4, FIX).is_some_and(|found| found.is_pinned));
        assert_eq!(Behind::read(&"x".repeat(5_000), 1, PIN), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(old in "[a-z0-9 \"'#;.,<>=~^-]{1,20}", locked in prop::option::of("[0-9.a-z+-]{1,8}")) {
            let was = Was::new(&old, locked.as_deref());
            if let Some(words) = was.words(PIN) {
                let line = format!("x = 1  # {words}  # more");
                prop_assert_eq!(&in_line(&line, 0, &["  # "]), &[Found { range: 5..9 + words.len(), was }]);
            }
        }
    }
}
