//! An answer in the making: new texts of files, with reasons, warnings and refusals.

use std::collections::BTreeMap;

use crate::domain::edit::{Edit, Edited, Source};
use crate::ecosystems::edit::Manifests;

/// What one pin or unpin has gathered so far.
#[derive(Debug)]
pub struct Draft<'a> {
    manifests: Manifests<'a>,
    changed: BTreeMap<&'a str, String>,
    because: Vec<String>,
    warnings: Vec<String>,
    refusals: Vec<String>,
    found: bool,
}

impl<'a> Draft<'a> {
    pub fn new(manifests: Manifests<'a>) -> Self {
        Self {
            manifests,
            changed: BTreeMap::new(),
            because: Vec::new(),
            warnings: Vec::new(),
            refusals: Vec::new(),
            found: false,
        }
    }

    /// The files whose name (the last part of the path) is this one.
    pub fn named(&self, name: &str) -> Vec<&'a Source> {
        self.manifests.files.iter().filter(|file| file_name(&file.path) == name).collect()
    }

    /// Earlier contents of this file, newest first.
    pub fn earlier(&self, path: &str) -> Vec<&'a str> {
        let same = self.manifests.earlier.iter().filter(|file| file.path == path);
        same.map(|file| file.text.as_str()).take(Self::EARLIER_MAX).collect()
    }

    /// The file's new text; one that is as before changes nothing.
    pub fn set(&mut self, file: &'a Source, text: String) {
        self.found = true;
        if text != file.text {
            self.changed.insert(&file.path, text);
        }
    }

    /// The package is known here, though nothing may have to change.
    pub fn found(&mut self) {
        self.found = true;
    }

    pub fn because(&mut self, sentence: impl Into<String>) {
        push_new(&mut self.because, sentence.into());
    }

    pub fn warn(&mut self, sentence: impl Into<String>) {
        push_new(&mut self.warnings, sentence.into());
    }

    pub fn refuse(&mut self, sentence: impl Into<String>) {
        push_new(&mut self.refusals, sentence.into());
    }

    pub fn is_refused(&self) -> bool {
        !self.refusals.is_empty()
    }

    /// The answer: refusals first; then what changed; then what would have to be said about nothing changing.
    pub fn finish(self, already: &str) -> Edited {
        if !self.refusals.is_empty() {
            return Edited::Refused(self.refusals);
        }
        if !self.changed.is_empty() {
            let files = self.changed.into_iter().map(|(path, text)| Source { path: path.to_owned(), text }).collect();
            return Edited::Ready(Edit { files, because: self.because, warnings: self.warnings });
        }
        match (self.found, self.warnings.is_empty()) {
            (false, _) => Edited::Absent,
            (true, true) => Edited::Already(already.to_owned()),
            (true, false) => Edited::Already(format!("{already} {}", self.warnings.join(" "))),
        }
    }

    /// More earlier states than these are not looked through.
    const EARLIER_MAX: usize = 50;
}

fn push_new(list: &mut Vec<String>, sentence: String) {
    if !list.contains(&sentence) {
        list.push(sentence);
    }
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The path without its last part; empty at the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A few of these texts from a repository, for a message.
pub fn listed<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    const SHOWN: usize = 8;
    let mut shown: Vec<String> = Vec::new();
    for text in texts {
        if shown.len() == SHOWN {
            shown.push("…".to_owned());
            break;
        }
        if !shown.contains(&short(text)) {
            shown.push(short(text));
        }
    }
    shown.join(", ")
}

/// Text from a repository, short enough for a message.
pub fn short(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
