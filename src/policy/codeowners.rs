//! Who owns a path, by the rules of GitHub's CODEOWNERS file.

mod owner;
mod pattern;

use std::fmt;

pub use owner::Owner;
use pattern::{Pattern, Subject};

/// Where GitHub looks for the file, in this order; the first that exists counts and the others are ignored.
pub const LOCATIONS: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// GitHub does not load a file over this size.
pub const SIZE_LIMIT: usize = 3 * 1024 * 1024;

/// No path in a repository is longer in practice; longer ones have no owner, which keeps a lookup cheap.
const PATH_LIMIT: usize = 4096;

/// The last rule that matches a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The pattern as it is written in the file.
    pub pattern: String,
    /// The line of the file, counted from 1.
    pub line: usize,
    /// The owners in the order of the file; empty where the rule takes the owners away.
    pub owners: Vec<Owner>,
}

/// Why a line (or the whole file) does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    FileTooLarge,
    Negation,
    ThreeAsterisks,
    TrailingBackslash,
    ControlCharacter,
    InvalidOwner,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::FileTooLarge => "The file is over 3 MB, so GitHub ignores it; combine rules with wildcards.",
            Self::Negation => "A pattern cannot start with \"!\"; add a later rule without owners instead.",
            Self::ThreeAsterisks => "A pattern cannot contain three asterisks in a row; use \"*\" or \"**\".",
            Self::TrailingBackslash => "The pattern ends in a backslash that escapes nothing; remove it.",
            Self::ControlCharacter => "The line contains a control character; remove it.",
            Self::InvalidOwner => "An owner is not \"@user\", \"@org/team\" or an e-mail address; fix it.",
        })
    }
}

/// A line that is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// The line counted from 1, or 0 for the whole file.
    pub line: usize,
    pub reason: Reason,
}

/// Where a rule stands in the text. Rules are kept as places, because a hostile file has more than a million lines.
#[derive(Debug, Clone, Copy)]
struct Place {
    line: usize,
    start: usize,
    end: usize,
}

/// A CODEOWNERS file that has been read.
#[derive(Debug, Clone, Default)]
pub struct Owners {
    text: String,
    places: Vec<Place>,
    problems: Vec<Problem>,
}

impl Owners {
    /// Takes the text of the file; answers its rules. Invalid lines are left out and told by [`Owners::problems`].
    pub fn parse(text: &str) -> Self {
        let mut owners = Self::default();
        if text.len() > SIZE_LIMIT {
            owners.problems.push(Problem { line: 0, reason: Reason::FileTooLarge });
            return owners;
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut start = 0;
        for (index, line) in text.split('\n').enumerate() {
            match split_line(line) {
                Ok(Some(_)) => owners.places.push(Place { line: index + 1, start, end: start + line.len() }),
                Ok(None) => {}
                Err(reason) => owners.problems.push(Problem { line: index + 1, reason }),
            }
            start += line.len() + 1;
        }
        text.clone_into(&mut owners.text);
        owners
    }

    /// Takes a path as git writes it (`src/a.rs`); answers the last rule that matches it, `None` where none does.
    pub fn of(&self, path: &str) -> Option<Rule> {
        if path.is_empty() || path.len() > PATH_LIMIT {
            return None;
        }
        let subject = Subject::new(path);
        self.places.iter().rev().find_map(|place| {
            let line = self.text.get(place.start..place.end)?;
            let (pattern, rest) = split_line(line).ok()??;
            Pattern::new(pattern).matches(&subject).then(|| Rule {
                pattern: pattern.to_owned(),
                line: place.line,
                owners: owner_words(rest).filter_map(Owner::parse).collect(),
            })
        })
    }

    /// The skipped lines, in the order of the file.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many rules count.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether no rule counts.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

/// Splits a line into its pattern and what follows it; `None` for an empty line or a comment.
fn split_line(line: &str) -> Result<Option<(&str, &str)>, Reason> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    if line.chars().any(|character| character.is_control() && character != '\t') {
        return Err(Reason::ControlCharacter);
    }
    let (pattern, rest) = line.split_at(pattern_end(line));
    check_pattern(pattern)?;
    if owner_words(rest).any(|word| Owner::parse(word).is_none()) {
        return Err(Reason::InvalidOwner);
    }
    Ok(Some((pattern, rest)))
}

/// Where the pattern ends: at the first white space that no backslash escapes.
fn pattern_end(line: &str) -> usize {
    let mut escaped = false;
    for (offset, character) in line.char_indices() {
        if character.is_whitespace() && !escaped {
            return offset;
        }
        escaped = character == '\\' && !escaped;
    }
    line.len()
}

fn check_pattern(pattern: &str) -> Result<(), Reason> {
    if pattern.starts_with('!') {
        return Err(Reason::Negation);
    }
    let (mut escaped, mut asterisks) = (false, 0);
    for character in pattern.chars() {
        asterisks = if character == '*' && !escaped { asterisks + 1 } else { 0 };
        if asterisks == 3 {
            return Err(Reason::ThreeAsterisks);
        }
        escaped = character == '\\' && !escaped;
    }
    if escaped { Err(Reason::TrailingBackslash) } else { Ok(()) }
}

/// The words after the pattern, up to a comment.
fn owner_words(rest: &str) -> impl Iterator<Item = &str> {
    rest.split_whitespace().take_while(|word| !word.starts_with('#'))
}

#[cfg(test)]
mod tests;
