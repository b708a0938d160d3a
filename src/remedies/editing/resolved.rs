//! A pin whose lock an ecosystem's own resolver wrote: what the resolver is given, and what is taken of its answer.

use super::Pin;
use crate::domain::edit::{Edit, Edited, Editing, Source, Unresolved};
use crate::domain::ids::Digest;
use crate::domain::text::listing;
use crate::edit::path::file_name as name;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

/// Manifests and their locks, by the resolver that writes them.
const FILES: &[(&str, &str, &str)] =
    &[("cargo", "Cargo.toml", "Cargo.lock"), ("go", "go.mod", "go.sum"), ("npm", "package.json", "package-lock.json")];

/// Every resolver that there is: what `policy.resolvers` may name.
pub fn resolvers() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(resolver, _, _)| *resolver)
}

/// What a resolver is to be asked.
#[derive(Clone, Debug)]
pub struct Question {
    pub ecosystem: &'static str,
    pub package: String,
    pub version: String,
    /// Manifests as edited, and locks.
    pub files: Vec<Source>,
}

impl Question {
    /// The same for the same question: under it the answer is kept, and never asked for twice.
    #[must_use]
    pub fn key(&self) -> String {
        let files = self.files.iter().flat_map(|file| [file.path.as_str(), file.text.as_str()]);
        let parts = [self.ecosystem, self.package.as_str(), self.version.as_str()].into_iter().chain(files);
        format!("resolved:{}", Digest::of(parts.map(str::as_bytes)).as_str())
    }

    fn rejected(&self, why: &str) -> String {
        format!("{} rejects {} {}: {why}", self.ecosystem, self.package, self.version)
    }
}

/// What the resolver said, as a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Path and new text of each lock that changes.
    Locks(Vec<(String, String)>),
    /// It was not asked, and why.
    Not(String),
    /// It ran and said no.
    No(String),
}

/// A pin, with the resolver's answer once there is one.
pub struct Resolved {
    pin: Pin,
    package: String,
    version: String,
    answer: Option<(Question, Answer)>,
    question: Mutex<Option<Question>>,
}

impl Resolved {
    /// # Errors
    /// As [`Pin::new`].
    pub fn new(package: &str, version: &str, ecosystem: Option<&str>) -> Result<Self, String> {
        Ok(Self {
            pin: Pin::new(package, version, ecosystem)?,
            package: package.to_owned(),
            version: version.to_owned(),
            answer: None,
            question: Mutex::default(),
        })
    }

    /// The ecosystem that the package turned out to be of; `None` before it was edited.
    #[must_use]
    pub fn ecosystem(&self) -> Option<&'static str> {
        self.pin.ecosystem()
    }

    /// What the last edit left open for a resolver: a lock that it could not bring up to date itself.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        self.question.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[must_use]
    pub fn answered(self, question: Question, answer: Answer) -> Self {
        Self { answer: Some((question, answer)), ..self }
    }

    /// `edited` are new texts, `open` the locks that lack something.
    fn ask(&self, edited: &[Source], open: &[Unresolved], sources: &[Source]) -> Option<Question> {
        let (ecosystem, manifest, lock) = FILES.iter().copied().find(|(id, ..)| self.ecosystem() == Some(id))?;
        if !open.iter().any(|open| name(&open.path) == lock) {
            return None;
        }
        // Manifests as edited; the lock as it was, since what we could write of it is what is missing.
        let mine = sources.iter().filter(|source| [manifest, lock].contains(&name(&source.path)));
        let files: Vec<Source> = mine
            .map(|source| {
                let edited = edited.iter().find(|new| new.path == source.path && name(&new.path) == manifest);
                edited.unwrap_or(source).clone()
            })
            .collect();
        Some(Question { ecosystem, package: self.package.clone(), version: self.version.clone(), files })
    }

    /// The answer to what was refused: the resolver's locks are where the wanted entry is found, and the edit of them has
    /// its mark as any other.
    fn instead(&self, open: Vec<Unresolved>, question: &Question, sources: &[Source], earlier: &[Source]) -> Edited {
        let Some((_, answer)) = self.answer.as_ref().filter(|(asked, _)| asked.key() == question.key()) else {
            return Edited::Unresolved(open);
        };
        let locks = match answer {
            Answer::Locks(locks) => locks,
            Answer::No(why) => return Edited::Refused(vec![question.rejected(why)]),
            Answer::Not(why) => {
                let why = format!("{} could not resolve it: {why}", question.ecosystem);
                return Edited::Refused(open.into_iter().map(|lock| lock.why).chain([why]).collect());
            }
        };
        let resolved = locks.iter().map(|(path, text)| Source { path: path.clone(), text: text.clone() });
        let known: Vec<Source> = resolved.chain(earlier.iter().cloned()).collect();
        match self.pin.edit(sources, &known) {
            Edited::Ready(mut edit) => {
                edit.unresolved.clear();
                edit.because.push(format!("{} resolved it", question.ecosystem));
                Edited::Ready(edit)
            }
            edited => edited,
        }
    }

    /// Puts the answer over the edit: locks alone, and only for what was asked.
    fn over(&self, mut edit: Edit, question: &Question) -> Edited {
        let Some((asked, answer)) = &self.answer else { return Edited::Ready(edit) };
        if asked.key() != question.key() {
            return Edited::Ready(edit);
        }
        match answer {
            Answer::No(why) => {
                return Edited::Refused(vec![question.rejected(why)]);
            }
            Answer::Not(why) => edit.warnings.push(format!("{} could not resolve it: {why}", question.ecosystem)),
            Answer::Locks(locks) => {
                edit.files.retain(|file| !locks.iter().any(|(path, _)| *path == file.path));
                edit.files.extend(locks.iter().map(|(path, text)| Source { path: path.clone(), text: text.clone() }));
                edit.unresolved.clear();
                let paths: Vec<String> = locks.iter().map(|(path, _)| path.clone()).collect();
                let what = if paths.is_empty() { "nothing more".to_owned() } else { listing(&paths, 5) };
                edit.because.push(format!("{} resolved it and changed {what}", question.ecosystem));
            }
        }
        Edited::Ready(edit)
    }
}

impl Editing for Resolved {
    fn wants(&self, path: &str) -> bool {
        self.pin.wants(path)
    }

    fn follows(&self, sources: &[Source]) -> Vec<String> {
        self.pin.follows(sources)
    }

    fn wants_earlier(&self, path: &str) -> bool {
        self.pin.wants_earlier(path)
    }

    fn edit(&self, sources: &[Source], earlier: &[Source]) -> Edited {
        let edited = self.pin.edit(sources, earlier);
        let question = match &edited {
            Edited::Ready(edit) => self.ask(&edit.files, &edit.unresolved, sources),
            Edited::Unresolved(open) => self.ask(&[], open, sources),
            _ => None,
        };
        self.question.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&question);
        match (edited, question) {
            (Edited::Ready(edit), Some(question)) => self.over(edit, &question),
            (Edited::Unresolved(open), Some(question)) => self.instead(open, &question, sources, earlier),
            (edited, _) => edited,
        }
    }
}

/// The locks among what a resolver returned.
#[must_use]
pub fn locks(files: Vec<Source>) -> Vec<(String, String)> {
    let is_lock = |file: &Source| FILES.iter().any(|(_, _, lock)| name(&file.path) == *lock);
    files.into_iter().filter(is_lock).map(|file| (file.path, file.text)).collect()
}
