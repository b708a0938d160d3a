//! Runs that wait until somebody lets them deploy.

use super::super::payload::{Job, Payload, Run};
use super::{Base, Webhooks, event, head, ignored, sha};
use crate::domain::event::{Conclusion, Event, Failure, Scope};
use crate::domain::ids::RunId;
use crate::ports::Heard;

/// The longest name of an environment (docs.github.com, "Managing environments for deployment").
const NAME: usize = 255;

impl Webhooks {
    /// A review is asked for, or was given: on GitHub, here, or anywhere else.
    pub(super) fn review(&self, base: &Base, payload: &Payload) -> Option<Vec<Heard>> {
        let run = payload.workflow_run.as_ref()?;
        match payload.action.as_str() {
            "requested" => {
                let name: String = payload.environment.as_deref().unwrap_or_default().chars().take(NAME).collect();
                let mut failure = self.waiting(base, run);
                // Whoever is asked for a review is asked about reviewers: it need not be looked up first.
                failure.looked = true;
                failure.job = (!name.is_empty()).then(|| name.into());
                Some(event(Event::Failed { failure }))
            }
            "approved" | "rejected" => {
                Some(event(Event::DeploymentMoved { repo: base.repo.clone(), run: RunId(run.id) }))
            }
            _ => Some(ignored("deployment_review", "neither asks for a review nor gives one")),
        }
    }

    fn waiting(&self, base: &Base, run: &Run) -> Failure {
        let commit = sha(&run.head_sha);
        let head::Head { label, fork } =
            head::of(base.here(), run.head_branch.as_deref(), &run.head_repository, &commit);
        let mut failure = base.failure(Scope::Deployment, Conclusion::ActionRequired);
        failure.run = Some(RunId(run.id));
        failure.attempt = run.run_attempt.max(1);
        failure.workflow = run.name.clone().unwrap_or_else(|| "workflow".into()).into();
        failure.branch = label;
        failure.sha = commit;
        failure.url = self.link(run.html_url.as_ref());
        failure.pulls = run.pull_requests.iter().map(|pull| pull.number).collect();
        failure.fork = fork;
        failure
    }
}

/// A job waits for approval, or for something that no person can give: the forge is asked which.
pub(super) fn waiting_job(base: &Base, job: &Job) -> Vec<Heard> {
    let commit = sha(&job.head_sha);
    let mut failure = base.failure(Scope::Deployment, Conclusion::ActionRequired);
    failure.run = Some(RunId(job.run_id));
    failure.attempt = job.run_attempt.max(1);
    failure.workflow = job.workflow_name.clone().unwrap_or_else(|| "workflow".into()).into();
    failure.branch = base.head(job.head_branch.as_ref(), &commit).label;
    failure.sha = commit;
    event(Event::Failed { failure })
}
