//! What the evidence and the person tell a template. All of it is untrusted.

/// What is known of the failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// The name or path of the workflow that failed.
    pub workflow: Option<String>,
    /// The name of the job that failed, as GitHub shows it or as its key is written.
    pub job: Option<String>,
    /// The name of the step that failed, as GitHub shows it.
    pub step: Option<String>,
    /// The error lines.
    pub lines: Vec<String>,
    /// What a person gave: the name of an action, a version.
    pub words: Vec<String>,
}

/// More lines than these are not read.
const LINES_MAX: usize = 200;
/// More of a line than this is not read, in bytes.
const LINE_MAX: usize = 2_000;
const WORDS_MAX: usize = 20;

impl Hint {
    /// The lines, and no more of them than may matter.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().take(LINES_MAX).map(|line| cut(line, LINE_MAX))
    }

    /// What the person gave, without blanks around.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let words = self.words.iter().take(WORDS_MAX).flat_map(|word| cut(word, LINE_MAX).split_whitespace());
        words.take(WORDS_MAX)
    }
}

fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// Whether this may be written into a workflow: `^[0-9A-Za-z][0-9A-Za-z.*/+_-]{0,40}$`.
pub fn is_value(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    first && text.len() <= 41 && text.chars().all(|c| c.is_ascii_alphanumeric() || ".*/+_-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_plain() {
        for good in ["20", "lts/*", "3.13.0-rc.1", "1.81.0+x", "20.x"] {
            assert!(is_value(good), "{good}");
        }
        let long = "1".repeat(42);
        for bad in ["", "-1", ">=18", "20\n", "1;rm", "${{x}}", "é", long.as_str(), "a b", "*"] {
            assert!(!is_value(bad), "{bad}");
        }
    }

    #[test]
    fn lines_are_cut_between_characters() {
        let hint = Hint { lines: vec!["ü".repeat(1_500)], words: vec![" a  b ".to_owned()], ..Hint::default() };
        assert_eq!(hint.lines().next().map(str::len), Some(2_000));
        assert_eq!(hint.words().collect::<Vec<_>>(), ["a", "b"]);
    }
}
