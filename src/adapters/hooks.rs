//! The generic hook of any CI, and sensors that forward a `workflow_run`. Their word opens a card; nothing is written
//! on it until the forge confirms the run.

use crate::domain::event::{Conclusion, Event, Failure, Scope};
use crate::domain::ids::RunId;
use crate::ports::{Decoder, Delivery, Heard};
use serde::Deserialize;

/// Decodes `/hooks/ci` and `/api/remediate/ci-failure`.
pub struct Hooks;

#[derive(Deserialize)]
struct Told {
    repo: String,
    #[serde(default, rename = "ref")]
    git_ref: Option<String>,
    #[serde(default)]
    sha: Option<String>,
    run_id: u64,
    #[serde(default)]
    failed_jobs: Vec<String>,
    #[serde(default)]
    workflow: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

/// Jobs taken from one call.
const JOBS_MAX: usize = 50;

impl Decoder for Hooks {
    fn source(&self) -> &'static str {
        "hooks"
    }

    fn decode(&self, delivery: &Delivery) -> Result<Vec<Heard>, String> {
        let told: Told =
            serde_json::from_str(&delivery.body).map_err(|why| format!("the hook's body does not fit: {why}"))?;
        let repo = told.repo.parse().map_err(|why| format!("repo: {why}"))?;
        let branch = told.git_ref.as_deref().map_or("main", |name| name.strip_prefix("refs/heads/").unwrap_or(name));
        let sha = told.sha.filter(|sha| (7..=64).contains(&sha.len()) && sha.bytes().all(|b| b.is_ascii_hexdigit()));
        let failure = Failure {
            repo,
            default_branch: "main".into(),
            scope: Scope::Job,
            run: Some(RunId(told.run_id)),
            attempt: 1,
            workflow: told.workflow.unwrap_or_else(|| "ci".into()).into(),
            job: None,
            job_id: None,
            step: None,
            branch: branch.into(),
            sha: sha.unwrap_or_default(),
            conclusion: Conclusion::Failure,
            // An address on anybody's host is not shown.
            url: None,
            pulls: Vec::new(),
            sender: "hook".into(),
            sender_is_bot: true,
            fork: false,
            commit_message: told.message.map(Into::into),
            confirmed: false,
        };
        let jobs = told.failed_jobs.into_iter().take(JOBS_MAX);
        let mut heard: Vec<Heard> = jobs
            .map(|job| Failure { job: Some(job.into()), ..failure.clone() })
            .map(|failure| Heard::Event(Box::new(Event::Failed { failure })))
            .collect();
        if heard.is_empty() {
            heard.push(Heard::Event(Box::new(Event::Failed { failure: Failure { scope: Scope::Run, ..failure } })));
        }
        Ok(heard)
    }
}
