//! Workflows that run by the clock: nights that are red, and nights that did not come.

use super::ids::RunId;
use super::text::Untrusted;
use super::time::{HOUR_MS, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Red runs that are told apart; older ones are only counted.
const REDS_KEPT: usize = 400;

/// What an incident about red scheduled runs counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nights {
    /// Red runs since the last green one.
    pub reds: BTreeSet<RunId>,
    /// Red before those.
    #[serde(default)]
    pub earlier: u64,
    /// Its workflow runs once a day, as far as that is known.
    #[serde(default)]
    pub nightly: Option<bool>,
    /// The newest run that passed.
    #[serde(default)]
    pub green: Option<RunId>,
}

impl Nights {
    /// One more red run; whether it is news.
    pub fn red(&mut self, run: RunId) -> bool {
        if self.green.is_some_and(|green| run < green) || !self.reds.insert(run) {
            return false;
        }
        while self.reds.len() > REDS_KEPT {
            self.reds.pop_first();
            self.earlier += 1;
        }
        true
    }

    /// A run passed: what was red before it is over.
    pub fn passed(&mut self, run: RunId) {
        self.green = self.green.max(Some(run));
        if self.reds.first().is_some_and(|first| *first < run) {
            self.earlier = 0;
        }
        self.reds.retain(|red| *red > run);
    }

    #[must_use]
    pub fn newest(&self) -> Option<RunId> {
        self.reds.last().copied()
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.reds.len() as u64 + self.earlier
    }

    /// `3 nights`, `1 run`.
    #[must_use]
    pub fn words(&self) -> String {
        let (one, many) = if self.nightly == Some(true) { ("night", "nights") } else { ("run", "runs") };
        match self.count() {
            1 => format!("1 {one}"),
            n => format!("{n} {many}"),
        }
    }
}

/// What the forge tells of a workflow that runs by the clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleFacts {
    /// It runs once a day; unknown where its file cannot be read.
    pub nightly: Option<bool>,
    /// The newest red runs in a row on the branch.
    pub reds: Vec<RunId>,
}

/// Why a workflow that should have run by the clock did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Silence {
    /// GitHub calls it active, and yet it did not run.
    NotRun { due: Time, clock: String },
    /// GitHub switched it off: nothing happened in the repository for 60 days.
    Inactive,
    /// A person switched it off.
    Disabled,
    /// GitHub cannot run a line of it.
    Invalid { line: String, because: String },
}

impl Silence {
    /// `nightly.yml did not run at 03:00 UTC on 2026-01-02`.
    #[must_use]
    pub fn words(&self, file: &str) -> String {
        match self {
            Self::NotRun { clock, .. } => format!("{file} did not run at {clock}"),
            Self::Inactive => format!("{file} no longer runs on schedule: GitHub disabled it"),
            Self::Disabled => format!("{file} does not run on schedule: it is disabled"),
            Self::Invalid { line, .. } => format!("{file} cannot run on schedule: {line}"),
        }
    }

    /// What is known of the reason, and what to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::NotRun { .. } => "GitHub sometimes drops scheduled runs when it is busy; run it by hand \
                 (workflow_dispatch), and avoid the start of an hour"
                .into(),
            Self::Inactive => "GitHub disables schedules after 60 days without activity in the repository; enable the \
                 workflow on the Actions page, and push a commit now and then"
                .into(),
            Self::Disabled => {
                "somebody disabled the workflow; enable it on the Actions page, or remove its schedule".into()
            }
            Self::Invalid { because, .. } => format!("{because}; correct the cron line"),
        }
    }
}

/// A workflow of which nothing is heard at its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// The workflow's file, such as `.github/workflows/nightly.yml`.
    pub path: Untrusted,
    /// Its name.
    pub workflow: Untrusted,
    pub silence: Silence,
    /// When it last ran on schedule, where that is known.
    pub last: Option<Time>,
    /// Times in a row that it did not run.
    #[serde(default)]
    pub times: u64,
}

impl Missed {
    /// The file's name.
    #[must_use]
    pub fn file(&self) -> String {
        let path = self.path.line(200);
        super::text::clean_line(path.rsplit('/').next().unwrap_or_default(), 60)
    }
}

/// How schedules are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watching {
    pub on: bool,
    /// How late a run may be.
    pub grace_ms: i64,
}

impl Default for Watching {
    fn default() -> Self {
        Self { on: true, grace_ms: 2 * HOUR_MS }
    }
}
