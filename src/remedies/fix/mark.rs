//! The mark that a changed version of an action leaves in a comment: `# ci-rescue fix was v4`.

use std::ops::Range;

const MARK: &str = "# ci-rescue fix was ";
/// The mark of a pin: see `ecosystems/pinning/mark.rs`.
const PIN: &str = "# ci-rescue pin was ";

/// What stands behind a value on its line.
#[derive(Debug, PartialEq, Eq)]
pub struct Behind {
    /// Where the line's content ends, in front of blanks.
    pub end: usize,
    /// Our mark with the blanks in front of it, and the version it names.
    pub mark: Option<(Range<usize>, String)>,
    /// A pin holds the value.
    pub is_pinned: bool,
}

/// The mark's words.
pub fn words(was: &str) -> String {
    format!(" {MARK}{was}")
}

/// More of a line than this is not read, in bytes.
const LINE_MAX: usize = 4_000;

/// Reads the line on from `at`; none when it is too long for a mark at its end to be found by anyone.
pub fn behind(text: &str, at: usize) -> Option<Behind> {
    let rest = text.get(at..)?;
    let near = &rest[..rest.floor_char_boundary(LINE_MAX)];
    let line = match near.find(['\n', '\r']) {
        Some(end) => &near[..end],
        None if near.len() == rest.len() => near,
        None => return None,
    };
    let end = content_end(line);
    let comment = &line[end..];
    let blanks = comment.len() - comment.trim_start_matches([' ', '\t']).len();
    let mark = comment[blanks..].strip_prefix(MARK).map(|after| {
        let was = after.split_whitespace().next().unwrap_or_default();
        let start = end + blanks + MARK.len();
        (at + end..at + start + after.find(was).unwrap_or(0) + was.len(), was.to_owned())
    });
    Some(Behind { end: at + end, mark, is_pinned: comment.contains(PIN) })
}

/// Where a trailing comment or the line's end begins, blanks before it included.
fn content_end(line: &str) -> usize {
    let (mut quote, mut before, mut end) = (None, '\0', line.len());
    for (index, c) in line.char_indices() {
        match quote {
            Some(open) if open == c && before != '\\' => quote = None,
            None if c == '#' && before.is_whitespace() => {
                end = index;
                break;
            }
            None if matches!(c, '"' | '\'') && !before.is_alphanumeric() && before != '\0' => quote = Some(c),
            _ => {}
        }
        before = c;
    }
    line[..end].trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_stands_behind() {
        let text = "uses: a/b@v3 # ci-rescue fix was v4 # node 20\r\n";
        let found = behind(text, 12).expect("the line is short");
        assert_eq!(found, Behind { end: 12, mark: Some((12..35, "v4".to_owned())), is_pinned: false });
        assert_eq!(&text[12..35], " # ci-rescue fix was v4");
        let text = "{ uses: a/b@v3, name: 'x # y', k: a#b } # z";
        assert_eq!(behind(text, 14).map(|found| found.end), Some(text.len() - 4));
        assert!(behind("a@v1 # ci-rescue pin was v2", 4).is_some_and(|found| found.is_pinned));
        assert_eq!(behind(&"x".repeat(5_000), 1), None);
    }
}
