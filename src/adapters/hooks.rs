//! The generic hook of any CI, and sensors that forward a `workflow_run`. Their word opens a card; nothing is written
//! on it until the forge confirms the run.

use crate::domain::event::{Conclusion, Event, Failure, Scope};
use crate::domain::ids::RunId;
use crate::domain::text::Untrusted;
use crate::ports::{Decoder, Delivery, Heard};
use serde::Deserialize;

/// Decodes `/hooks/ci` and `/api/remediate/ci-failure`.
pub struct Hooks {
    /// Links are only kept where they point to one of these: the forge's, and those that the operator names.
    pub hosts: Vec<String>,
}

#[derive(Deserialize)]
struct Told {
    repo: String,
    #[serde(default, rename = "ref")]
    git_ref: Option<String>,
    #[serde(default)]
    sha: Option<String>,
    run_id: u64,
    #[serde(default)]
    run_attempt: Option<u32>,
    #[serde(default)]
    conclusion: Option<Conclusion>,
    #[serde(default)]
    failed_jobs: Vec<String>,
    #[serde(default)]
    workflow: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    run_url: Option<String>,
    #[serde(default)]
    logs_tail: Option<String>,
}

/// Jobs taken from one call.
const JOBS_MAX: usize = 50;
/// Characters of a name.
const NAME_MAX: usize = 255;
/// An address, in bytes: Discord's buttons take no longer one.
const URL_MAX: usize = 512;

/// The run's page. Whoever has the hook's token must not send people anywhere.
fn link(hosts: &[String], text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "https" | "http") && url.username().is_empty() && url.password().is_none();
    let host = url.host_str()?;
    let with_port = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let known = hosts.iter().any(|ours| ours.eq_ignore_ascii_case(&with_port));
    let text = url.to_string();
    (plain && known && text.len() <= URL_MAX).then_some(text)
}

fn named(name: &str) -> String {
    name.chars().take(NAME_MAX).collect()
}

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
        let conclusion = told.conclusion.filter(|ended| ended.is_failure()).unwrap_or(Conclusion::Failure);
        let failure = Failure {
            repo,
            default_branch: "main".into(),
            scope: Scope::Job,
            run: Some(RunId(told.run_id)),
            attempt: told.run_attempt.unwrap_or(1).max(1),
            workflow: named(told.workflow.as_deref().filter(|name| !name.is_empty()).unwrap_or("ci")).into(),
            job: None,
            job_id: None,
            step: None,
            branch: branch.into(),
            sha: sha.unwrap_or_default(),
            conclusion,
            duration_ms: None,
            url: told.run_url.as_deref().and_then(|url| link(&self.hosts, url)),
            pulls: Vec::new(),
            sender: "hook".into(),
            sender_is_bot: true,
            fork: false,
            scheduled: false,
            // A run that a newer one cancelled is no failure: the forge tells.
            looked: conclusion != Conclusion::Cancelled,
            commit_message: told.message.map(Into::into),
            labels: Vec::new(),
            confirmed: false,
        };
        let jobs: Vec<Untrusted> = told.failed_jobs.iter().take(JOBS_MAX).map(|job| named(job).into()).collect();
        let tail = told.logs_tail.filter(|text| !text.trim().is_empty()).map(|text| Heard::LogTail {
            repo: failure.repo.clone(),
            run: RunId(told.run_id),
            names: jobs.clone(),
            text,
        });
        let mut heard: Vec<Heard> = jobs
            .into_iter()
            .map(|job| Failure { job: Some(job), ..failure.clone() })
            .map(|failure| Heard::Event(Box::new(Event::Failed { failure })))
            .collect();
        if heard.is_empty() {
            heard.push(Heard::Event(Box::new(Event::Failed { failure: Failure { scope: Scope::Run, ..failure } })));
        }
        heard.extend(tail);
        Ok(heard)
    }
}

#[cfg(test)]
mod tests {
    use super::link;

    #[test]
    fn only_addresses_of_known_hosts_are_links() {
        let hosts = ["CI.example.org".to_owned(), "ci.example.org:8080".to_owned()];
        for (text, kept) in [
            ("https://ci.example.org/run/1?a=b", true),
            ("http://ci.example.org:8080/run/1", true),
            ("https://ci.example.org:8081/run/1", false),
            ("https://ci.example.org.evil.example/run/1", false),
            ("https://evil.example/https://ci.example.org/", false),
            ("javascript:alert(1)", false),
            ("ftp://ci.example.org/", false),
            ("https://user:word@ci.example.org/", false),
            ("https://ci.example.org@evil.example/", false),
            ("/run/1", false),
            ("", false),
        ] {
            assert_eq!(link(&hosts, text).is_some(), kept, "{text}");
        }
        assert_eq!(link(&hosts, &format!("https://ci.example.org/{}", "a".repeat(600))), None);
    }
}
