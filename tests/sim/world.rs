//! What a repo consists of: jobs in matrix cells, tests, and its customs.

use super::flake::{Cluster, Flake};
use super::style::Style;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Os {
    Linux,
    Windows,
    Macos,
}

impl Os {
    pub fn label(self) -> &'static str {
        match self {
            Os::Linux => "ubuntu-latest",
            Os::Windows => "windows-latest",
            Os::Macos => "macos-latest",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    Unit,
    Integration,
    EndToEnd,
}

impl Suite {
    pub fn label(self) -> &'static str {
        match self {
            Suite::Unit => "unit",
            Suite::Integration => "integration",
            Suite::EndToEnd => "e2e",
        }
    }
}

pub struct Job {
    pub workflow: &'static str,
    /// The name with the matrix cell: `test (windows-latest, 3.12)`.
    pub name: String,
    /// Which tests it runs, if any: a lint or build job runs none.
    pub suite: Option<Suite>,
    pub os: Os,
    /// The job that has to pass first.
    pub needs: Option<usize>,
    /// How long checkout, install and build take.
    pub setup_ms: f64,
}

pub struct Test {
    pub name: String,
    pub module: String,
    pub suite: Suite,
    /// The times of the commits that added and deleted it.
    pub born: i64,
    pub gone: i64,
    /// Whether it talks to something outside the runner.
    pub uses_network: bool,
    pub skipped_on: Option<Os>,
    pub duration_ms: f64,
    pub flake: Option<Flake>,
}

impl Test {
    /// Whether a tree with this newest default-branch commit has the test.
    pub fn is_in(&self, base: i64) -> bool {
        (self.born..self.gone).contains(&base)
    }
}

pub struct Repo {
    pub name: String,
    pub style: Style,
    pub default_branch: &'static str,
    pub jobs: Vec<Job>,
    pub tests: Vec<Test>,
    pub clusters: Vec<Cluster>,
    pub customs: Customs,
}

/// How a repo's CI is set up and how its people use it.
pub struct Customs {
    /// Reports tell the default branch.
    pub tells_default_branch: bool,
    /// Passing tests report too.
    pub full_report: bool,
    /// A pull request's run tests it merged with the default branch of that
    /// moment, and not its head alone.
    pub tests_merged: bool,
    /// A branch's `push` runs too, at the same sha as its `pull_request`.
    pub runs_push_too: bool,
    pub cancels_superseded: bool,
    /// The first failing cell cancels the other cells of its matrix.
    pub fails_fast: bool,
    /// The nightly is a workflow of its own.
    pub own_nightly: bool,
    /// Fingerprints keep the backslashes of Windows paths.
    pub raw_paths: bool,
    /// Factor on the chances of a re-run.
    pub rerun_habit: f64,
}

impl Repo {
    /// Indexes of the jobs that run a suite.
    pub fn cells(&self, suite: Suite) -> Vec<usize> {
        (0..self.jobs.len()).filter(|&j| self.jobs[j].suite == Some(suite)).collect()
    }

    /// The different workflows, in the order of their first job.
    pub fn workflows(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.jobs.iter().map(|job| job.workflow).collect();
        names.dedup();
        names
    }

    /// Whether a job of the repo executes a test in a tree of that base.
    pub fn runs(&self, job: usize, test: usize, base: i64) -> bool {
        self.jobs[job].suite == Some(self.tests[test].suite) && self.tests[test].is_in(base)
    }
}
