//! Fixing agents: programs of the operator's that change the files of a directory.

use super::PortError;
use async_trait::async_trait;
use std::path::Path;
use std::time::Duration;

/// One run of an agent.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The specialist's name, in lower case.
    pub agent: &'a str,
    /// The failure's category: agents may use another model for each.
    pub category: &'a str,
    /// Where no model is configured for it.
    pub model: &'a str,
    pub prompt: &'a str,
    /// The directory that it may change.
    pub place: &'a Path,
    /// `42-1.2`: the second attempt of a proposal.
    pub run: &'a str,
    /// What it may cost, in US dollars.
    pub dollars: f64,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    Exited(i32),
    /// Killed by a signal that was not ours.
    Killed(i32),
    /// Stopped: it took longer than this.
    Late(Duration),
    /// Stopped: it printed more than this, in bytes.
    Loud(u64),
    /// Stopped: it wrote more than this to its directories, in bytes.
    Large(u64),
    /// Stopped: it had more processes than this.
    Many(usize),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    pub ended: Ended,
    /// The end of its standard output, unmasked.
    pub output: String,
    /// The end of its standard error, unmasked.
    pub errors: String,
    pub took: Duration,
}

#[async_trait]
pub trait Agents: Send + Sync {
    /// Runs it to its end. If this is dropped, all of its processes are killed.
    ///
    /// # Errors
    /// It was not started: a sentence for the operator.
    async fn run(&self, task: Task<'_>) -> Result<Ran, PortError>;

    /// Whether a model of this name is configured for an agent.
    fn has_model(&self, agent: &str, name: &str) -> bool;
}
