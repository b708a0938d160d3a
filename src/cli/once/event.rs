//! The event that started the workflow.

use ci_rescue::adapters::github::kind_of;
use ci_rescue::domain::event::Conclusion;
use ci_rescue::domain::ids::Digest;
use ci_rescue::domain::{Repo, Time};
use ci_rescue::evidence::redact;
use ci_rescue::ports::{Delivery, Origin};
use serde::Deserialize;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// GitHub sends no larger payload.
const BYTES_MAX: u64 = 25 << 20;

/// The end of a run.
pub struct Told {
    pub repo: Repo,
    pub run: u64,
    pub attempt: u64,
    pub conclusion: Conclusion,
    pub workflow: Option<String>,
    /// The branch; of a fork, `OWNER:BRANCH`.
    pub branch: String,
    pub sha: String,
    pub url: Option<String>,
    bytes: Vec<u8>,
}

#[derive(Deserialize)]
struct Payload {
    action: String,
    workflow_run: Run,
    repository: Named,
}

#[derive(Deserialize)]
struct Run {
    id: u64,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    run_attempt: Option<u64>,
    conclusion: Option<Conclusion>,
    #[serde(default)]
    head_branch: Option<String>,
    #[serde(default)]
    head_sha: String,
    #[serde(default)]
    html_url: Option<String>,
    #[serde(default)]
    head_repository: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    full_name: String,
}

pub fn read(path: &Path, repository: &str) -> Result<Told, String> {
    let name = path.display();
    let repo: Repo = repository.parse().map_err(|why| format!("GITHUB_REPOSITORY: {why}"))?;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|why| format!("{name}: {why}"))?;
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|why| format!("{name}: {why}"))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(format!("{name}: larger than any payload of GitHub's (25 MB)"));
    }
    let body: Value =
        serde_json::from_slice(&bytes).map_err(|why| format!("{name}: not the JSON of an event: {why}"))?;
    if kind_of(&body) != Some("workflow_run") {
        return Err(format!("{name}: no event workflow_run; the workflow has to begin with `on: workflow_run`"));
    }
    let payload: Payload = serde_json::from_value(body).map_err(|why| format!("{name}: {why}"))?;
    let run = payload.workflow_run;
    let conclusion = run.conclusion.filter(|_| payload.action == "completed");
    let conclusion = conclusion.ok_or_else(|| format!("{name}: the run has not ended; use `types: [completed]`"))?;
    if !payload.repository.full_name.eq_ignore_ascii_case(repo.as_str()) {
        return Err(format!("{name}: the event is not of {repo}"));
    }
    let branch = run.head_branch.unwrap_or_default();
    let fork = run.head_repository.filter(|head| !head.full_name.eq_ignore_ascii_case(repo.as_str()));
    let owner = fork.and_then(|head| head.full_name.split_once('/').map(|(owner, _)| owner.to_owned()));
    Ok(Told {
        branch: owner.map_or_else(|| branch.clone(), |owner| format!("{owner}:{branch}")),
        repo,
        run: run.id,
        attempt: run.run_attempt.unwrap_or(1).max(1),
        workflow: run.name,
        conclusion,
        sha: run.head_sha,
        url: run.html_url,
        bytes,
    })
}

impl Told {
    /// The same as a webhook would have brought it: one attempt is one delivery.
    pub fn delivery(&self, at: Time) -> Delivery {
        Delivery {
            id: format!("github:once-{}-{}-{}", self.repo, self.run, self.attempt),
            source: "github".into(),
            kind: "workflow_run".into(),
            origin: Origin::Internal,
            at,
            hash: Digest::of([self.bytes.as_slice()]),
            body: redact::body(&self.bytes),
        }
    }
}
