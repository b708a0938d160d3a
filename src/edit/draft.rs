//! An answer in the making: new texts of files, with reasons, warnings and refusals.

use std::collections::BTreeMap;

use crate::domain::edit::{Edit, Edited, Source, Unresolved};
use crate::domain::text::clean_line;
use crate::edit::path::file_name;

/// What an editor may look at.
#[derive(Clone, Copy, Debug)]
pub struct Manifests<'a> {
    /// The manifests and locks of the repository at one commit: every file that the editor reads.
    pub files: &'a [Source],
    /// Earlier contents of the locks among them, newest first: where an entry for the wanted version may stand with its
    /// checksums and dependencies.
    pub earlier: &'a [Source],
}

/// Texts that change, and what there is to say about it.
#[derive(Debug)]
pub struct Draft<'a> {
    manifests: Manifests<'a>,
    changed: BTreeMap<&'a str, String>,
    because: Vec<String>,
    warnings: Vec<String>,
    unresolved: Vec<Unresolved>,
    refused: Vec<String>,
    /// What is refused unless a resolver does it.
    unwritten: Vec<Unresolved>,
    already: Vec<String>,
}

/// More earlier states of a file than these are not looked through.
const EARLIER_MAX: usize = 50;
/// More sentences of one kind nobody reads.
const SENTENCES_MAX: usize = 50;
/// Nor a longer one, in characters.
const SENTENCE_MAX: usize = 1_000;

impl<'a> Draft<'a> {
    pub fn new(manifests: Manifests<'a>) -> Self {
        Self {
            manifests,
            changed: BTreeMap::new(),
            because: vec![],
            warnings: vec![],
            unresolved: vec![],
            refused: vec![],
            unwritten: vec![],
            already: vec![],
        }
    }

    pub fn files(&self) -> &'a [Source] {
        self.manifests.files
    }

    /// The files whose name (the last part of the path) is this one.
    pub fn named(&self, name: &str) -> Vec<&'a Source> {
        self.manifests.files.iter().filter(|file| file_name(&file.path) == name).collect()
    }

    /// The file of this path.
    pub fn file(&self, path: &str) -> Option<&'a Source> {
        self.manifests.files.iter().find(|file| file.path == path)
    }

    /// The earlier contents of the file of this path, newest first.
    pub fn earlier(&self, path: &str) -> Vec<&'a str> {
        let same = self.manifests.earlier.iter().filter(|source| source.path == path);
        same.map(|source| source.text.as_str()).take(EARLIER_MAX).collect()
    }

    /// The text of a file, as it is after the edits so far.
    pub fn text(&self, source: &'a Source) -> String {
        self.changed.get(source.path.as_str()).unwrap_or(&source.text).clone()
    }

    /// The file's new text; one that is as before changes nothing.
    pub fn put(&mut self, source: &'a Source, text: String) {
        self.changed.insert(&source.path, text);
    }

    pub fn has_changed(&self) -> bool {
        self.manifests.files.iter().any(|file| self.is_new(file))
    }

    fn is_new(&self, file: &Source) -> bool {
        self.changed.get(file.path.as_str()).is_some_and(|text| *text != file.text)
    }

    pub fn because(&mut self, sentence: impl Into<String>) {
        push(&mut self.because, line(sentence));
    }

    pub fn warn(&mut self, sentence: impl Into<String>) {
        push(&mut self.warnings, line(sentence));
    }

    /// As a warning, of a lock that a resolver could bring up to date.
    pub fn unresolved(&mut self, lock: &str, sentence: impl Into<String>) {
        push(&mut self.unresolved, Unresolved { path: lock.to_owned(), why: line(sentence) });
    }

    /// As a refusal, of a lock that a resolver could bring up to date.
    pub fn refuse_unresolved(&mut self, lock: &str, sentence: impl Into<String>) {
        push(&mut self.unwritten, Unresolved { path: lock.to_owned(), why: line(sentence) });
    }

    pub fn refuse(&mut self, sentence: impl Into<String>) {
        push(&mut self.refused, line(sentence));
    }

    /// The package is known here; what is to be said where nothing changes.
    pub fn already(&mut self, sentence: impl Into<String>) {
        push(&mut self.already, line(sentence));
    }

    pub fn is_refused(&self) -> bool {
        !self.refused.is_empty() || !self.unwritten.is_empty()
    }

    /// What became of it: every refusal counts, then every change, then what was so already, with its warnings.
    pub fn finish(mut self) -> Edited {
        if !self.refused.is_empty() {
            self.refused.extend(self.unwritten.into_iter().map(|lock| lock.why));
            return Edited::Refused(self.refused);
        }
        if !self.unwritten.is_empty() {
            return Edited::Unresolved(self.unwritten);
        }
        let new = self.manifests.files.iter().filter(|file| self.is_new(file));
        let files: Vec<Source> = new.map(|file| Source { path: file.path.clone(), text: self.text(file) }).collect();
        if !files.is_empty() {
            let Self { because, warnings, unresolved, .. } = self;
            return Edited::Ready(Edit { files, because, warnings, unresolved });
        }
        if self.already.is_empty() {
            return Edited::Absent;
        }
        self.already.append(&mut self.warnings);
        self.already.extend(self.unresolved.into_iter().map(|lock| lock.why));
        Edited::Already(self.already.join(" "))
    }
}

/// Paths and requirements are a stranger's: a sentence is one line, and hides nothing.
fn line(sentence: impl Into<String>) -> String {
    clean_line(&sentence.into(), SENTENCE_MAX)
}

fn push<T: PartialEq>(list: &mut Vec<T>, sentence: T) {
    if list.len() < SENTENCES_MAX && !list.contains(&sentence) {
        list.push(sentence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_path_hides_is_not_said() {
        let odd = "a\nb\u{202e}/\u{200b}Cargo.toml";
        let said = || format!("{odd} requires it.");
        let clean = "a b/Cargo.toml requires it.";
        let of = |fill: fn(&mut Draft<'_>, String)| {
            let mut draft = Draft::new(Manifests { files: &[], earlier: &[] });
            fill(&mut draft, said());
            draft.finish()
        };
        assert_eq!(
            of(|draft, said| {
                draft.refuse(said);
            }),
            Edited::Refused(vec![clean.to_owned()])
        );
        assert_eq!(
            of(|draft, said| {
                draft.already(said);
            }),
            Edited::Already(clean.to_owned())
        );
        let unresolved = Unresolved { path: "Cargo.lock".to_owned(), why: clean.to_owned() };
        assert_eq!(of(|draft, said| draft.refuse_unresolved("Cargo.lock", said)), Edited::Unresolved(vec![unresolved]));
        let file = Source { path: odd.to_owned(), text: String::new() };
        let mut draft = Draft::new(Manifests { files: std::slice::from_ref(&file), earlier: &[] });
        draft.put(&file, "x".to_owned());
        draft.because(said());
        draft.warn(said());
        let Edited::Ready(edit) = draft.finish() else { panic!("it changes") };
        assert_eq!((edit.because, edit.warnings), (vec![clean.to_owned()], vec![clean.to_owned()]));
        assert_eq!(edit.files[0].path, odd);
    }
}
