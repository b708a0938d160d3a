//! Edits of a repository's files, before anything is written: what the writing halves of frameworks and ecosystems give.

/// A text file of a repository at one commit. Line ends and a byte order mark are as committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// From the repository's root, with `/`.
    pub path: String,
    pub text: String,
}

/// New contents for some files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Whole new texts, only of files that change.
    pub files: Vec<Source>,
    /// What was found and why it is edited this way, a sentence each.
    pub because: Vec<String>,
    /// What a person has to know before they agree, a sentence each.
    pub warnings: Vec<String>,
    /// Locks that are not up to date, or not surely.
    pub unresolved: Vec<Unresolved>,
}

/// A lock that its package manager has to bring up to date, or a resolver in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    pub path: String,
    /// What is missing and the command that mends it, a sentence.
    pub why: String,
}

/// What became of a wish to edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    Ready(Edit),
    /// It is so already, and by whom.
    Already(String),
    /// It is here and must not or cannot be done: every reason.
    Refused(Vec<String>),
    /// As refused, but a resolver could do it.
    Unresolved(Vec<Unresolved>),
    /// What was to be edited is not in these files.
    Absent,
}

/// The mark that our edits leave in a source: `ci-rescue id=… until=YYYY-MM-DD: reason`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Letters, digits and `-`.
    pub id: String,
    /// The day it expires, `YYYY-MM-DD`.
    pub until: String,
    /// Already made safe: see [`Mark::new`].
    reason: String,
}

impl Mark {
    /// At most this many characters of a reason stand in a source.
    const REASON_MAX: usize = 120;

    /// A reason comes from people and logs and will stand in string literals and comments of many languages: what could
    /// end one, escape, interpolate or look like a directive is taken out.
    pub fn new(id: &str, until: &str, reason: &str) -> Self {
        let mut safe = String::new();
        for c in reason.chars() {
            let plain = c.is_alphanumeric() || " .,:;_()+=/-".contains(c);
            safe.push(if plain { c } else { ' ' });
        }
        let mut safe = safe.replace("//", "/").split_whitespace().collect::<Vec<_>>().join(" ");
        // The mark's own words must not be forged by a reason.
        for word in ["ci-rescue", "id=", "until="] {
            safe = safe.replace(word, " ");
        }
        let safe = safe.trim().chars().take(Self::REASON_MAX).collect::<String>();
        Self { id: id.to_owned(), until: until.to_owned(), reason: safe.trim_end().to_owned() }
    }

    /// The words as they stand in the source, safe in comments and in single- or double-quoted strings.
    pub fn words(&self) -> String {
        if self.reason.is_empty() {
            return format!("ci-rescue id={} until={}", self.id, self.until);
        }
        format!("ci-rescue id={} until={}: {}", self.id, self.until, self.reason)
    }

    /// What finds the mark of this id, followed by a space.
    pub fn needle(id: &str) -> String {
        format!("ci-rescue id={id} ")
    }
}

/// A wish to edit, which is handed what it asks for of a repository, and answers with new texts. Pure.
pub trait Editing: Send + Sync {
    /// Whether the file of this path may matter.
    fn wants(&self, path: &str) -> bool;
    /// Pieces of text of which every file that matters holds one; empty when any file may matter.
    fn needles(&self) -> Vec<String> {
        Vec::new()
    }
    /// Files that these bring in, by path, whatever they are called: read too, where they are there.
    fn follows(&self, _sources: &[Source]) -> Vec<String> {
        Vec::new()
    }
    /// Whether earlier contents of this file may help.
    fn wants_earlier(&self, _path: &str) -> bool {
        false
    }
    /// `sources` are the files it wanted which hold a needle, `earlier` former contents, newest first.
    fn edit(&self, sources: &[Source], earlier: &[Source]) -> Edited;
}
