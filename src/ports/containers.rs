//! Containers for code of repositories, where the operator allows that.

use async_trait::async_trait;
use std::path::Path;
use std::time::Duration;

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct Boxed<'a> {
    /// The container's name, which no other has.
    pub name: &'a str,
    pub image: &'a str,
    /// What is in this directory is put to `/ci-rescue`: `repro.sh`, which is run, and the files of a commit in `repository`.
    pub place: &'a Path,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    Exited(i32),
    /// Killed, most likely because it needed more memory than it may have.
    OutOfMemory,
    /// Killed: it took longer than this.
    Late(Duration),
    /// It did not start, and what was said of that, unmasked.
    NotRun(String),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    pub exit: Exit,
    /// The end of what it printed, unmasked.
    pub tail: String,
    pub took: Duration,
}

#[async_trait]
pub trait Containers: Send + Sync {
    /// Runs it to its end, and removes the container whatever happened. If this is dropped, the container is left to
    /// [`Self::remove`].
    async fn run(&self, run: Boxed<'_>) -> Printed;

    /// The container of this name is not there.
    async fn remove(&self, name: &str);
}
