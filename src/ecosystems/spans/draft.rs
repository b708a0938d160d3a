//! An edit while it is being made.

use std::collections::BTreeMap;

use crate::domain::edit::{Edit, Edited, Source};
use crate::ecosystems::edit::Manifests;

/// Texts that change, and what there is to say about it.
pub(crate) struct Draft<'a> {
    manifests: Manifests<'a>,
    changed: BTreeMap<&'a str, String>,
    because: Vec<String>,
    warnings: Vec<String>,
    refused: Vec<String>,
    already: Vec<String>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(manifests: Manifests<'a>) -> Self {
        let changed = BTreeMap::new();
        Self { manifests, changed, because: vec![], warnings: vec![], refused: vec![], already: vec![] }
    }

    pub(crate) fn files(&self) -> &'a [Source] {
        self.manifests.files
    }

    /// The earlier contents of the file of this path, newest first.
    pub(crate) fn earlier(&self, path: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let path = path.to_owned();
        self.manifests.earlier.iter().filter(move |source| source.path == path).map(|source| source.text.as_str())
    }

    /// The text of a file, as it is after the edits so far.
    pub(crate) fn text(&self, source: &'a Source) -> String {
        self.changed.get(source.path.as_str()).unwrap_or(&source.text).clone()
    }

    pub(crate) fn put(&mut self, source: &'a Source, text: String) {
        self.changed.insert(&source.path, text);
    }

    pub(crate) fn has_changed(&self) -> bool {
        self.manifests.files.iter().any(|file| self.changed.get(file.path.as_str()).is_some_and(|t| *t != file.text))
    }

    pub(crate) fn because(&mut self, sentence: impl Into<String>) {
        push(&mut self.because, sentence.into());
    }

    pub(crate) fn warn(&mut self, sentence: impl Into<String>) {
        push(&mut self.warnings, sentence.into());
    }

    pub(crate) fn refuse(&mut self, sentence: impl Into<String>) {
        push(&mut self.refused, sentence.into());
    }

    pub(crate) fn already(&mut self, sentence: impl Into<String>) {
        push(&mut self.already, sentence.into());
    }

    pub(crate) fn is_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    /// What became of it: every refusal counts, then every change, then what was so already.
    pub(crate) fn finish(self) -> Edited {
        if !self.refused.is_empty() {
            return Edited::Refused(self.refused);
        }
        let mut files = Vec::new();
        for file in self.manifests.files {
            if let Some(text) = self.changed.get(file.path.as_str()).filter(|text| **text != file.text) {
                files.push(Source { path: file.path.clone(), text: text.clone() });
            }
        }
        if !files.is_empty() {
            return Edited::Ready(Edit { files, because: self.because, warnings: self.warnings });
        }
        if self.already.is_empty() { Edited::Absent } else { Edited::Already(self.already.join(" ")) }
    }
}

/// More sentences of one kind nobody reads.
const SENTENCES_MAX: usize = 50;

fn push(list: &mut Vec<String>, sentence: String) {
    if list.len() < SENTENCES_MAX && !list.contains(&sentence) {
        list.push(sentence);
    }
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder of a path, with its closing `/`; empty for the root.
pub(crate) fn folder(path: &str) -> &str {
    &path[..path.rfind('/').map_or(0, |at| at + 1)]
}
