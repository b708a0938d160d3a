//! Failures that are heard of after newer runs have passed: their deliveries were lost, or came in another order.

use super::turn::Working;
use crate::domain::event::{Event, Progress, Scope};

impl Working<'_> {
    /// A failure heard of late, when a newer run has passed already: what that run's end would tell now.
    pub(super) fn passed_since(&self, event: &Event) -> Option<Event> {
        let Event::Failed { failure } = event else { return None };
        let known = failure.run.and_then(|run| self.state.index.run(&failure.repo, run));
        // Later attempts of an old run are told as they are.
        if known.is_some_and(|seen| seen.incident.is_some()) {
            return None;
        }
        let run = self.state.index.passed_since(failure)?;
        let seen = self.state.index.run(&failure.repo, run)?;
        let progress = Progress {
            repo: failure.repo.clone(),
            scope: Scope::Run,
            run: Some(run),
            attempt: seen.attempt,
            workflow: failure.workflow.clone(),
            job: None,
            job_id: None,
            branch: failure.branch.clone(),
            sha: String::new(),
            scheduled: seen.scheduled,
            conclusion: seen.conclusion,
            duration_ms: None,
        };
        Some(Event::Progressed { progress })
    }
}
