//! What an analyst says of a failure that no rule knows.

use super::incident::Incident;
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How sure it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sureness {
    Low,
    Medium,
    High,
}

impl fmt::Display for Sureness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// A guess: it moves nothing, and people read it as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hypothesis {
    pub words: Untrusted,
    pub sureness: Sureness,
    /// What would confirm it.
    #[serde(default)]
    pub check: Option<Untrusted>,
    /// The section of a guide that it rests on: `Docker and containers: The registry limits pulls`.
    #[serde(default)]
    pub guide: Option<Untrusted>,
    pub at: Time,
}

/// How asking the analyst stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Analysis {
    Asked,
    /// It had nothing to say, or could not be asked.
    Silent {
        why: String,
    },
    Told(Box<Hypothesis>),
}

impl Incident {
    /// What the analyst guesses of the failure as it is now.
    #[must_use]
    pub fn guess(&self) -> Option<&Hypothesis> {
        let is_of_this = self.analysed.as_deref() == self.fingerprint();
        self.analysis.as_ref().filter(|_| is_of_this).and_then(Analysis::told)
    }
}

impl Analysis {
    /// Its guess, if it has one.
    #[must_use]
    pub fn told(&self) -> Option<&Hypothesis> {
        match self {
            Self::Told(told) => Some(told),
            Self::Asked | Self::Silent { .. } => None,
        }
    }
}
