//! Runs that have ended, their jobs and what they left behind.

use super::api::GitHub;
use super::ci::{PAGE, PAGES, head};
use super::decode::sha;
use super::payload::{Job, Run};
use crate::domain::executed::{Artifact, Executed, ExecutedJob};
use crate::domain::ids::{Repo, RunId};
use crate::domain::time::Time;
use crate::ports::{Delivery, LogStream, PastRuns, PortError, RunPage};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use std::collections::HashSet;
use std::time::Duration;

#[derive(Deserialize)]
struct Runs {
    #[serde(default)]
    total_count: u64,
    workflow_runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Jobs {
    jobs: Vec<Job>,
}

#[derive(Deserialize)]
struct Artifacts {
    artifacts: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    id: u64,
    name: String,
    #[serde(default)]
    size_in_bytes: u64,
    #[serde(default)]
    expired: bool,
    created_at: Option<DateTime<Utc>>,
}

fn time(at: Option<DateTime<Utc>>) -> Option<Time> {
    at.map(|at| Time(at.timestamp_millis()))
}

fn stamp(at: Time) -> String {
    DateTime::from_timestamp_millis(at.0).unwrap_or_default().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn run(repo: &Repo, run: Run) -> Executed {
    let head = head(repo, &run);
    let created_at = time(run.created_at).unwrap_or(Time(0));
    let started_at = time(run.run_started_at).unwrap_or(created_at);
    Executed {
        repo: repo.clone(),
        run: RunId(run.id),
        attempt: run.run_attempt.max(1),
        workflow: run.name.unwrap_or_else(|| "workflow".into()).into(),
        branch: head.label,
        fork: head.fork,
        default_branch: run.repository.and_then(|repository| repository.default_branch).map(Into::into),
        sha: sha(&run.head_sha),
        created_at,
        started_at,
        updated_at: time(run.updated_at).unwrap_or(started_at),
    }
}

fn job(job: Job) -> Option<ExecutedJob> {
    Some(ExecutedJob {
        attempt: job.run_attempt.max(1),
        name: job.name.into(),
        conclusion: job.conclusion.filter(|_| job.status == "completed")?,
        started_at: time(job.started_at),
        ended_at: time(job.completed_at),
    })
}

#[async_trait]
impl PastRuns for GitHub {
    async fn ended(&self, repo: &Repo, since: Time, until: Time) -> Result<RunPage, PortError> {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("status", "completed")
            .append_pair("created", &format!("{}..{}", stamp(since), stamp(until)))
            .append_pair("per_page", &PAGE.to_string())
            .finish();
        let runs: Runs = self.get(repo, &format!("/repos/{repo}/actions/runs?{query}")).await?;
        let total = runs.total_count;
        Ok(RunPage { runs: runs.workflow_runs.into_iter().map(|one| run(repo, one)).collect(), total })
    }

    async fn told(&self, repo: &Repo, run: RunId) -> Result<Option<Delivery>, PortError> {
        super::missed::one(self, repo, run).await
    }

    async fn executed(&self, repo: &Repo, run: RunId) -> Result<Vec<ExecutedJob>, PortError> {
        let (mut all, mut seen) = (Vec::new(), HashSet::new());
        for page in 1..=PAGES {
            let path = format!("/repos/{repo}/actions/runs/{run}/jobs?filter=all&per_page={PAGE}&page={page}");
            let jobs: Jobs = self.get(repo, &path).await?;
            let last = jobs.jobs.len() < PAGE;
            all.extend(jobs.jobs.into_iter().filter_map(job));
            if last {
                break;
            }
        }
        all.sort_by_key(|job| job.attempt);
        // A partial re-run lists the other jobs again, with the times that they had.
        all.retain(|job| {
            job.started_at.is_none() || seen.insert((job.name.clone(), job.started_at, job.ended_at, job.conclusion))
        });
        Ok(all)
    }

    async fn attempt(&self, repo: &Repo, id: RunId, attempt: u32) -> Result<Executed, PortError> {
        let told: Run = self.get(repo, &format!("/repos/{repo}/actions/runs/{id}/attempts/{attempt}")).await?;
        Ok(run(repo, told))
    }

    async fn artifacts(&self, repo: &Repo, run: RunId) -> Result<Vec<Artifact>, PortError> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let path = format!("/repos/{repo}/actions/runs/{run}/artifacts?per_page={PAGE}&page={page}");
            let told: Artifacts = self.get(repo, &path).await?;
            let last = told.artifacts.len() < PAGE;
            all.extend(told.artifacts.into_iter().filter(|one| !one.expired).map(|one| Artifact {
                id: one.id,
                name: one.name.into(),
                bytes: one.size_in_bytes,
                created_at: time(one.created_at).unwrap_or(Time(0)),
            }));
            if last {
                break;
            }
        }
        Ok(all)
    }

    async fn download(&self, repo: &Repo, artifact: u64) -> Result<LogStream, PortError> {
        self.elsewhere(repo, &format!("/repos/{repo}/actions/artifacts/{artifact}/zip"), "artifact").await
    }

    fn spare(&self, repo: &Repo) -> Option<Duration> {
        self.quota.spare(repo, self.clock.now())
    }
}
