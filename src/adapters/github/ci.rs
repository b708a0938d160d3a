//! GitHub Actions as a CI provider.

use super::api::{GitHub, refused};
use super::decode::head::{self, Head, Here};
use super::fetch;
use super::payload::{Job, Run};
use crate::domain::action::{Action, RerunJobs};
use crate::domain::deployment::PendingFacts;
use crate::domain::event::Conclusion;
use crate::domain::facts::{JobFacts, RunFacts};
use crate::domain::ids::{Repo, RunId};
use crate::domain::runner::Fleet;
use crate::domain::text::Untrusted;
use crate::domain::time::Time;
use crate::ports::{Ci, Delivery, LogStream, PortError, Since};
use async_trait::async_trait;
use axum::http::StatusCode;
use serde::Deserialize;
use std::time::Duration;

/// Jobs a page, and pages at most: GitHub shows 256 jobs of a matrix.
pub(super) const PAGE: usize = 100;
pub(super) const PAGES: usize = 10;
/// Pages of a branch's runs.
const RUN_PAGES: usize = 3;
/// A run that is still going is looked at again after this long.
const GOING: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Jobs {
    jobs: Vec<Job>,
}

#[derive(Deserialize)]
struct Runs {
    workflow_runs: Vec<Run>,
}

impl GitHub {
    /// The newest runs at a commit, a page of them.
    async fn at(&self, repo: &Repo, sha: &str) -> Result<Runs, PortError> {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("head_sha", sha)
            .append_pair("per_page", "100")
            .finish();
        self.get(repo, &format!("/repos/{repo}/actions/runs?{query}")).await
    }
}

#[async_trait]
impl Ci for GitHub {
    async fn run(&self, repo: &Repo, run: RunId) -> Result<RunFacts, PortError> {
        let run: Run = self.get(repo, &format!("/repos/{repo}/actions/runs/{run}")).await?;
        Ok(run_facts(repo, run))
    }

    async fn jobs(&self, repo: &Repo, run: RunId, attempt: u32) -> Result<Vec<JobFacts>, PortError> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let path = format!("/repos/{repo}/actions/runs/{run}/attempts/{attempt}/jobs?per_page={PAGE}&page={page}");
            let jobs: Jobs = self.get(repo, &path).await?;
            let last = jobs.jobs.len() < PAGE;
            all.extend(jobs.jobs.into_iter().map(facts));
            if last {
                break;
            }
        }
        Ok(all)
    }

    async fn last_green(
        &self,
        repo: &Repo,
        workflow: &Untrusted,
        branch: &Untrusted,
        before: RunId,
    ) -> Result<Option<RunFacts>, PortError> {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("branch", branch.raw())
            .append_pair("status", "success")
            .append_pair("per_page", "100")
            .finish();
        let answer: Runs = self.get(repo, &format!("/repos/{repo}/actions/runs?{query}")).await?;
        let earlier = |run: &Run| {
            let passed = run.conclusion == Some(Conclusion::Success);
            passed && is_of(repo, run, workflow) && run.id < before.0
        };
        Ok(answer.workflow_runs.into_iter().filter(earlier).max_by_key(|run| run.id).map(|run| run_facts(repo, run)))
    }

    async fn runs(&self, repo: &Repo, workflow: &Untrusted, branch: &Untrusted) -> Result<Vec<RunFacts>, PortError> {
        let mut all = Vec::new();
        for page in 1..=RUN_PAGES {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("branch", branch.raw())
                .append_pair("per_page", &PAGE.to_string())
                .append_pair("page", &page.to_string())
                .finish();
            let answer: Runs = self.get(repo, &format!("/repos/{repo}/actions/runs?{query}")).await?;
            let last = answer.workflow_runs.len() < PAGE;
            let ours = answer.workflow_runs.into_iter().filter(|run| is_of(repo, run, workflow));
            all.extend(ours.map(|run| run_facts(repo, run)));
            if last {
                break;
            }
        }
        Ok(all)
    }

    async fn runs_at(&self, repo: &Repo, sha: &str) -> Result<Vec<RunFacts>, PortError> {
        let found = self.at(repo, sha).await?;
        if found.workflow_runs.len() >= PAGE {
            return Err(PortError::permanent(format!("more than {PAGE} runs at {sha}")));
        }
        Ok(found.workflow_runs.into_iter().map(|run| run_facts(repo, run)).collect())
    }

    async fn green(&self, repo: &Repo, sha: &str, branch: &Untrusted) -> Result<Option<bool>, PortError> {
        let answer = self.at(repo, sha).await?;
        // What a newer push cancelled says nothing.
        let told = answer.workflow_runs.iter().filter(|run| run.conclusion != Some(Conclusion::Cancelled));
        let told: Vec<&Run> = told.collect();
        if told.is_empty() || told.iter().any(|run| run.conclusion.is_none()) {
            return Ok(None);
        }
        for red in told.iter().filter(|run| !run.conclusion.is_some_and(Conclusion::is_green)) {
            let name: Untrusted = red.name.clone().unwrap_or_default().into();
            let newest = self.last_green(repo, &name, branch, RunId(u64::MAX)).await?;
            if newest.is_none_or(|green| green.id.0 < red.id) {
                return Ok(Some(false));
            }
        }
        Ok(Some(true))
    }

    async fn log(&self, repo: &Repo, job_id: u64) -> Result<LogStream, PortError> {
        self.elsewhere(repo, &format!("/repos/{repo}/actions/jobs/{job_id}/logs"), "log").await
    }

    async fn runners(&self, repo: &Repo, labels: &[String]) -> Result<Fleet, PortError> {
        self.fleet(repo, labels).await
    }

    async fn pending(&self, repo: &Repo, run: RunId) -> Result<PendingFacts, PortError> {
        self.pending_at(repo, run).await
    }

    async fn review(
        &self,
        repo: &Repo,
        run: RunId,
        environments: &[u64],
        approve: bool,
        comment: &str,
    ) -> Result<(), PortError> {
        self.review_pending(repo, run, environments, approve, comment).await
    }

    async fn is_member(&self, repo: &Repo, team: &str, login: &str) -> Result<bool, PortError> {
        self.in_team(repo, team, login).await
    }

    async fn ensure(&self, action: &Action) -> Result<Option<String>, PortError> {
        match action {
            Action::Rerun { repo, run, attempt, jobs } => self.rerun(repo, *run, *attempt, jobs).await,
            Action::Cancelled { repo, run, attempt } => self.cancel(repo, *run, *attempt).await.map(|()| None),
            _ => Err(PortError::permanent("that is not for the CI")),
        }
    }

    async fn recent(&self, repo: &Repo, since: Since) -> Result<Vec<Delivery>, PortError> {
        super::missed::recent(self, repo, since).await
    }

    async fn redeliver(&self, since: Time) -> Result<u32, PortError> {
        if !matches!(*self.credentials(), super::Credentials::App { .. }) {
            return Ok(0);
        }
        super::lost::redeliver(self, since).await
    }

    async fn repositories(&self) -> Result<Vec<Repo>, PortError> {
        super::repositories::all(self).await
    }
}

/// A fork's branch of the same name is another.
fn is_of(repo: &Repo, run: &Run, workflow: &Untrusted) -> bool {
    let own = !head(repo, run).fork && run.event.as_deref() != Some("pull_request");
    own && run.name.as_deref() == Some(workflow.raw())
}

pub(super) fn run_facts(repo: &Repo, run: Run) -> RunFacts {
    let head = head(repo, &run);
    RunFacts {
        id: RunId(run.id),
        fork: head.fork,
        scheduled: run.is_scheduled(),
        attempt: run.run_attempt.max(1),
        conclusion: run.conclusion.filter(|_| run.status == "completed"),
        created_at: run.created_at.map_or(Time(0), |at| Time(at.timestamp_millis())),
        head_sha: run.head_sha,
        head_branch: head.label,
        default_branch: run.repository.and_then(|repository| repository.default_branch),
        url: run.html_url,
    }
}

pub(super) fn head(repo: &Repo, run: &Run) -> Head {
    let id = run.repository.as_ref().and_then(|repository| repository.id);
    head::of(Here { repo, id }, run.head_branch.as_deref(), &run.head_repository, &run.head_sha)
}

fn facts(job: Job) -> JobFacts {
    let mut broken = job.steps.into_iter().filter(|step| step.conclusion.is_some_and(Conclusion::is_failure));
    let first = broken.next();
    JobFacts {
        id: job.id,
        name: job.name.into(),
        conclusion: job.conclusion.filter(|_| job.status == "completed"),
        failing_steps: u32::from(first.is_some()).saturating_add(u32::try_from(broken.count()).unwrap_or(u32::MAX)),
        failing_step: first.map(|step| step.name.into()),
    }
}

impl GitHub {
    async fn rerun(
        &self,
        repo: &Repo,
        run: RunId,
        attempt: u32,
        jobs: &RerunJobs,
    ) -> Result<Option<String>, PortError> {
        let facts = Ci::run(self, repo, run).await?;
        if facts.attempt > attempt {
            return Ok(None);
        }
        if facts.conclusion.is_none() {
            return Err(PortError::Transient { why: "the run is still going".into(), retry_after: Some(GOING) });
        }
        let failed = format!("/repos/{repo}/actions/runs/{run}/rerun-failed-jobs");
        let path = match jobs {
            RerunJobs::One { id, .. } => format!("/repos/{repo}/actions/jobs/{id}/rerun"),
            RerunJobs::Failed => failed.clone(),
            RerunJobs::All => format!("/repos/{repo}/actions/runs/{run}/rerun"),
        };
        let answer = self.call("POST", Some(repo), &path, None).await?;
        if answer.status.is_success() {
            return Ok(None);
        }
        // Refused: perhaps because somebody was faster.
        if Ci::run(self, repo, run).await?.attempt > attempt {
            return Ok(None);
        }
        // A job of a reusable workflow is not re-run alone (docs.github.com, "Re-running workflows and jobs").
        if !matches!(jobs, RerunJobs::One { .. }) || answer.status != StatusCode::FORBIDDEN {
            return Err(refused(&answer));
        }
        let wider = self.call("POST", Some(repo), &failed, None).await?;
        if wider.status.is_success() {
            return Ok(Some("GitHub does not re-run this job alone, so all failed jobs of the run are re-run".into()));
        }
        if Ci::run(self, repo, run).await?.attempt > attempt { Ok(None) } else { Err(refused(&answer)) }
    }

    /// What GitHub keeps with others and redirects to.
    pub(super) async fn elsewhere(&self, repo: &Repo, path: &str, what: &str) -> Result<LogStream, PortError> {
        let answer = self.call("GET", Some(repo), path, None).await?;
        if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Err(PortError::permanent(format!("GitHub no longer has the {what}")));
        }
        if !answer.status.is_redirection() {
            return Err(refused(&answer));
        }
        let location = answer
            .headers
            .get("location")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| self.api.join(text).ok());
        let location = location
            .ok_or_else(|| PortError::permanent(format!("GitHub's redirect to the {what} names no address")))?;
        fetch::allowed(&self.api, &location).map_err(PortError::permanent)?;
        fetch::stream(&self.plain, location).await
    }

    async fn cancel(&self, repo: &Repo, run: RunId, attempt: u32) -> Result<(), PortError> {
        let facts = Ci::run(self, repo, run).await?;
        if facts.attempt != attempt || facts.conclusion.is_some() {
            return Ok(());
        }
        let answer = self.call("POST", Some(repo), &format!("/repos/{repo}/actions/runs/{run}/cancel"), None).await?;
        match answer.status {
            status if status.is_success() || status == StatusCode::CONFLICT => Ok(()),
            _ => Err(refused(&answer)),
        }
    }
}
