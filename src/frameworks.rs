//! How tests are spoken: a shelf of test frameworks.
//!
//! # How to add one
//! Make `frameworks/x/` with a `read.rs` whose observer is fed every clean, redacted line of a log and keeps bounded
//! state, implement [`TestFramework`], and add it to [`all`].

mod go;
mod jest;
mod pytest;
mod rust;

use crate::domain::evidence::FailingTest;

/// At most this many names are kept of one log; the rest is counted.
pub const NAMES_KEPT: usize = 200;

/// Reads a log line by line. Lines come without timestamps, colours and secrets.
pub trait LineObserver: Send {
    fn line(&mut self, line: &str);
    /// The failing tests, in the order of the log.
    fn finish(self: Box<Self>) -> Names;
}

pub trait TestFramework: Send + Sync {
    fn id(&self) -> &'static str;
    fn observer(&self) -> Box<dyn LineObserver>;
}

/// Every framework.
#[must_use]
pub fn all() -> Vec<Box<dyn TestFramework>> {
    vec![Box::new(pytest::Pytest), Box::new(jest::Jest), Box::new(go::Go), Box::new(rust::Rust)]
}

/// Names seen so far, each once.
#[derive(Debug, Default)]
pub struct Names {
    pub tests: Vec<FailingTest>,
    pub total: u64,
    seen: std::collections::HashSet<u64>,
}

impl Names {
    /// Adds a name unless it is known. Names are cut at 500 characters.
    pub fn add(&mut self, framework: &str, name: &str, file: Option<&str>) {
        use std::hash::{DefaultHasher, Hash, Hasher};
        const NAME_MAX: usize = 500;
        let name: String = name.trim().chars().take(NAME_MAX).collect();
        let mut hash = DefaultHasher::new();
        (&name, file).hash(&mut hash);
        if name.is_empty() || self.seen.len() > 100_000 || !self.seen.insert(hash.finish()) {
            return;
        }
        self.total += 1;
        if self.tests.len() < NAMES_KEPT {
            self.tests.push(FailingTest {
                framework: framework.into(),
                name: name.into(),
                file: file.map(|file| file.chars().take(NAME_MAX).collect::<String>().into()),
            });
        }
    }
}
