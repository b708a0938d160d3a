//! What a passing run of the same job printed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Different lines remembered, 8 bytes each.
const LINES_MAX: usize = 500_000;

/// Versions by ecosystem and package.
pub type Versions = BTreeMap<(&'static str, String), String>;

/// The lines of a passing run of the same job: what stands there too is not what failed.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    lines: Arc<HashSet<u64>>,
    versions: Versions,
}

impl Baseline {
    pub(super) fn new(lines: Keys, versions: Versions) -> Self {
        Self { lines: Arc::new(lines.0), versions }
    }

    /// The keys of its lines; nothing where there is no passing run.
    pub(super) fn lines(&self) -> Option<&HashSet<u64>> {
        Some(&*self.lines).filter(|lines| !lines.is_empty())
    }

    /// The version of a package that the passing run resolved.
    #[must_use]
    pub fn version(&self, ecosystem: &str, package: &str) -> Option<&str> {
        self.versions.iter().find(|((e, p), _)| *e == ecosystem && p == package).map(|(_, version)| version.as_str())
    }
}

/// The keys of a log's lines.
#[derive(Debug, Default)]
pub(super) struct Keys(HashSet<u64>);

impl Keys {
    pub fn add(&mut self, key: u64) {
        if self.0.len() < LINES_MAX {
            self.0.insert(key);
        }
    }
}
