//! How inputs are laid out, and what holds for texts that people see.

use ci_rescue::domain::edit::Source;
use ci_rescue::domain::text::is_invisible;

/// Bytes that are no text are replaced.
pub fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// The first line, and what follows it.
pub fn cut(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// Each file stands behind a line `==== path`; of those with one path, the first counts.
pub fn files(text: &str) -> Vec<Source> {
    let mut files: Vec<Source> = Vec::new();
    for part in text.split("==== ").skip(1) {
        let (path, text) = cut(part);
        let path = path.trim();
        if !path.is_empty() && files.iter().all(|file| file.path != path) {
            files.push(Source { path: path.to_owned(), text: text.to_owned() });
        }
    }
    files
}

/// One clean line of at most so many characters.
pub fn check_line(text: &str, max: usize) {
    assert!(text.chars().count() <= max, "over {max} characters: {text:?}");
    assert!(!text.chars().any(is_invisible), "it hides something: {text:?}");
}

/// Sentences on an edit may quote what they are about, and not more.
pub fn check_sentences(sentences: &[String], input: usize) {
    const OWN: usize = 4_000;
    for sentence in sentences {
        assert!(!sentence.is_empty() && sentence.len() <= OWN + input, "{sentence}");
    }
}
