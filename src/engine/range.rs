//! What runs between a green and a red commit came to, attempt by attempt.

use super::Engine;
use crate::domain::event::Conclusion;
use crate::domain::facts::{JobFacts, RunFacts};
use crate::domain::ids::Repo;
use crate::domain::suspect::{RangeFacts, RangeRun};
use crate::domain::text::Untrusted;
use crate::ports::PortError;

/// Attempts of one run that are looked at: the newest.
const ATTEMPTS_MAX: u32 = 10;

/// What is looked for.
pub(super) struct Range<'a> {
    pub repo: &'a Repo,
    pub workflow: &'a Untrusted,
    pub branch: &'a Untrusted,
    pub job: &'a Untrusted,
    pub green: &'a str,
    pub red: &'a str,
}

impl Engine {
    pub(super) async fn range(&self, range: &Range<'_>) -> Result<RangeFacts, PortError> {
        let (mut commits, more) = self.git()?.between(range.repo, range.green, range.red).await?;
        commits.reverse();
        // Paths were looked at when the suspects were ranked.
        for commit in &mut commits {
            commit.files.clear();
        }
        let inside = |sha: &str| sha == range.green || commits.iter().any(|commit| commit.sha == sha);
        let mut runs = Vec::new();
        for run in self.ci()?.runs(range.repo, range.workflow, range.branch).await? {
            if inside(&run.head_sha) {
                runs.push(self.attempts(range, run).await?);
            }
        }
        Ok(RangeFacts { green: range.green.to_owned(), commits, more, runs })
    }

    async fn attempts(&self, range: &Range<'_>, run: RunFacts) -> Result<RangeRun, PortError> {
        let going = run.conclusion.is_none();
        let mut job = None;
        let mut results = Vec::new();
        let first = run.attempt.saturating_sub(ATTEMPTS_MAX).saturating_add(1).max(1);
        for attempt in first..=run.attempt {
            let jobs = self.ci()?.jobs(range.repo, run.id, attempt).await?;
            let found = jobs.into_iter().find(|job| job.name == *range.job);
            results.push(found.as_ref().and_then(is_red));
            job = found.map(|job| job.id);
        }
        let (sha, created_at) = (run.head_sha, run.created_at);
        Ok(RangeRun { run: run.id, sha, attempt: run.attempt, going, created_at, job, results })
    }
}

/// Whether the job failed; `None` where it was skipped, cancelled or is going.
fn is_red(job: &JobFacts) -> Option<bool> {
    match job.conclusion? {
        Conclusion::Success => Some(false),
        Conclusion::Failure | Conclusion::TimedOut => Some(true),
        _ => None,
    }
}
