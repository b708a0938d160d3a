//! The images that a Dockerfile names, and where.

use std::ops::Range;

use crate::edit::lines;

/// An image in a `FROM` or a `COPY --from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub range: Range<usize>,
    /// Where its instruction's first line begins.
    pub line: usize,
}

/// What a Dockerfile names.
#[derive(Debug, Default)]
pub struct Dockerfile {
    pub images: Vec<Named>,
    /// The defaults of `ARG`: name and value.
    pub arguments: Vec<(String, String)>,
}

/// A word of an instruction and its place.
type Word = Range<usize>;

/// Reads a Dockerfile. Names of earlier stages, their numbers and `scratch` are not images.
pub fn read(text: &str) -> Dockerfile {
    let mut found = Dockerfile::default();
    let mut stages: Vec<String> = vec!["scratch".to_owned()];
    let mut lines = Lines { text, at: lines::start(text) };
    let escape = escape_of(text);
    while let Some(line) = lines.next_line() {
        let content = text[line.clone()].trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let start = line.start;
        let words = instruction(text, line, &mut lines, escape);
        let word = |index: usize| words.get(index).map_or("", |word: &Word| &text[word.clone()]);
        match word(0).to_ascii_uppercase().as_str() {
            "FROM" => {
                let image = (1..words.len()).find(|&index| !word(index).starts_with("--"));
                let Some(image) = image else { continue };
                let is_stage = stages.iter().any(|stage| stage.eq_ignore_ascii_case(word(image)));
                if !is_stage {
                    found.images.push(Named { range: words[image].clone(), line: start });
                }
                if word(image + 1).eq_ignore_ascii_case("as") && stages.len() < STAGES_MAX {
                    stages.push(word(image + 2).to_owned());
                }
            }
            "ARG" => {
                for index in 1..words.len() {
                    if let Some((name, value)) = word(index).split_once('=') {
                        found.arguments.push((name.to_owned(), value.trim_matches(['"', '\'']).to_owned()));
                    }
                }
            }
            "COPY" | "ADD" | "RUN" => {
                if let Some(range) = copied_from(text, &words, &stages) {
                    found.images.push(Named { range, line: start });
                }
                skip_heredocs(text, &words, &mut lines);
            }
            _ => {}
        }
    }
    found
}

/// More stages are in no real Dockerfile.
const STAGES_MAX: usize = 500;

struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl Lines<'_> {
    /// The next line without its end.
    fn next_line(&mut self) -> Option<Range<usize>> {
        if self.at >= self.text.len() {
            return None;
        }
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest.find('\n').unwrap_or(rest.len());
        self.at = (start + length + 1).min(self.text.len());
        Some(start..start + rest[..length].trim_end_matches('\r').len())
    }
}

/// The character that continues a line, which a directive at the top may set.
fn escape_of(text: &str) -> char {
    for line in text[lines::start(text)..].lines().take_while(|line| line.starts_with('#')) {
        let Some((key, value)) = line[1..].split_once('=') else { break };
        if key.trim().eq_ignore_ascii_case("escape") && value.trim() == "`" {
            return '`';
        }
    }
    '\\'
}

/// The words of the instruction that begins in this line; continued lines are read on.
fn instruction(text: &str, first: Range<usize>, lines: &mut Lines, escape: char) -> Vec<Word> {
    let mut words = Vec::new();
    let mut line = first;
    loop {
        let content = text[line.clone()].trim_end();
        let is_comment = content.trim_start().starts_with('#') && !words.is_empty();
        let continued = content.strip_suffix(escape);
        if !is_comment {
            push_words(&mut words, continued.unwrap_or(content), line.start);
        }
        let goes_on = is_comment || continued.is_some() || content.is_empty();
        match if goes_on { lines.next_line() } else { None } {
            Some(next) => line = next,
            None => return words,
        }
    }
}

fn push_words(words: &mut Vec<Word>, content: &str, offset: usize) {
    let mut start = None;
    for (index, c) in content.char_indices() {
        match (c.is_whitespace(), start) {
            (false, None) => start = Some(index),
            (true, Some(from)) => {
                words.push(offset + from..offset + index);
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.map(|from| offset + from..offset + content.len()));
}

/// The image of `COPY --from=image`.
fn copied_from(text: &str, words: &[Word], stages: &[String]) -> Option<Word> {
    const FLAG: &str = "--from=";
    let flags = words[1..].iter().take_while(|word| text[(*word).clone()].starts_with("--"));
    let from = flags.into_iter().find(|word| text[(*word).clone()].starts_with(FLAG))?;
    let range = from.start + FLAG.len()..from.end;
    let name = &text[range.clone()];
    let is_stage =
        name.chars().all(|c| c.is_ascii_digit()) || stages.iter().any(|stage| stage.eq_ignore_ascii_case(name));
    (!is_stage).then_some(range)
}

/// What stands between `<<EOF` and `EOF` is no instruction.
fn skip_heredocs(text: &str, words: &[Word], lines: &mut Lines) {
    for word in words {
        let Some((_, rest)) = text[word.clone()].split_once("<<") else { continue };
        let name = rest.trim_start_matches('-').trim_matches(['"', '\'']);
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            continue;
        }
        while let Some(line) = lines.next_line() {
            if text[line].trim_matches('\t') == name {
                break;
            }
        }
    }
}
