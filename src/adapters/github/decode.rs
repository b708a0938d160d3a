//! Webhooks to events of our own.

mod deployments;
pub(super) mod head;
mod issues;
mod pull_requests;
mod waiting;

use super::payload::{Alert, Check, Job, Payload, Run, Suite};
use crate::command::in_comment;
use crate::domain::actor::{Actor, Place, Platform};
use crate::domain::event::{Conclusion, Event, Failure, Progress, Scope};
use crate::domain::ids::{Repo, RunId};
use crate::domain::text::Untrusted;
use crate::ports::{Decoder, Delivery, Heard};
use std::sync::{Arc, OnceLock};

/// Decodes what GitHub sends.
pub struct Webhooks {
    /// Links are only kept where they point here.
    pub web_host: String,
    /// Our own name, once GitHub has told it: how people call us in comments.
    pub name: Arc<OnceLock<String>>,
    /// The App that we are: its checks are what we said ourselves.
    pub app: Option<u64>,
}

/// Until GitHub has told our name.
const NAME: &str = "ci-rescue";
/// Comments of ours begin so.
const OURS: &str = "<!-- ci-rescue/";

impl Decoder for Webhooks {
    fn source(&self) -> &'static str {
        "github"
    }

    fn decode(&self, delivery: &Delivery) -> Result<Vec<Heard>, String> {
        // GitHub tells every App of these; nobody subscribes to them.
        if INSTALLATIONS.contains(&delivery.kind.as_str()) {
            return Ok(event(Event::Installed));
        }
        if !READ.contains(&delivery.kind.as_str()) {
            return Ok(ignored(&delivery.kind, "is not read"));
        }
        let payload: Payload = match serde_json::from_str(&delivery.body) {
            Ok(payload) => payload,
            Err(why) => return Ok(ignored(&delivery.kind, &format!("does not fit: {why}"))),
        };
        let Some(base) = Base::of(&payload) else { return Ok(ignored(&delivery.kind, "names no repository")) };
        let heard = match delivery.kind.as_str() {
            "workflow_job" => payload.workflow_job.as_ref().map(|job| self.job(&base, &payload.action, job)),
            "workflow_run" => payload.workflow_run.as_ref().map(|run| self.run(&base, &payload.action, run)),
            "check_run" => payload.check_run.as_ref().map(|check| self.check(&base, &payload.action, check)),
            "check_suite" => {
                payload.check_suite.as_ref().map(|suite| suite_heard(&base, &payload.action, suite, self.app))
            }
            "status" => self.status(&base, &payload),
            "push" => push(&base, &payload),
            "delete" => deleted(&base, &payload),
            "repository" => Some(Vec::new()),
            "issue_comment" => self.comment(&base, &payload),
            "issues" => Some(issues::closed(&base, &payload)),
            "pull_request" => pull_requests::pull(&base, &payload),
            "pull_request_review" => pull_requests::reviewed(&base, &payload),
            "deployment_review" => self.review(&base, &payload),
            "merge_group" => pull_requests::queued(&base, &payload),
            kind => payload.alert.as_ref().map(|alert| self.alert(&base, kind, &payload.action, alert)),
        };
        let mut heard = heard.unwrap_or_else(|| ignored(&delivery.kind, "lacks its subject"));
        // Names change, ids do not.
        if let Some(id) = base.id {
            let renamed = delivery.kind == "repository";
            heard.insert(0, Heard::Named { id, repo: base.repo.clone(), renamed });
        }
        Ok(heard)
    }
}

const INSTALLATIONS: [&str; 2] = ["installation", "installation_repositories"];

/// Every other event that is read: the manifest subscribes to them.
pub(super) const READ: [&str; 18] = [
    "issues",
    "issue_comment",
    "workflow_job",
    "workflow_run",
    "check_run",
    "check_suite",
    "status",
    "push",
    "delete",
    "repository",
    "pull_request",
    "pull_request_review",
    "merge_group",
    "deployment_review",
    "dependabot_alert",
    "code_scanning_alert",
    "secret_scanning_alert",
    "repository_vulnerability_alert",
];

pub(super) fn ignored(kind: &str, why: &str) -> Vec<Heard> {
    vec![Heard::Ignored { why: format!("{kind} {why}") }]
}

/// What every payload has.
pub(super) struct Base {
    pub repo: Repo,
    id: Option<u64>,
    pub default_branch: String,
    pub sender: String,
    pub bot: bool,
}

impl Base {
    fn of(payload: &Payload) -> Option<Self> {
        let repository = payload.repository.as_ref()?;
        let sender = payload.sender.as_ref();
        let login = sender.map(|sender| sender.login.clone()).unwrap_or_default();
        Some(Self {
            repo: repository.full_name.parse().ok()?,
            id: repository.id,
            default_branch: repository.default_branch.clone().unwrap_or_else(|| "main".into()),
            bot: login.ends_with("[bot]") || sender.is_some_and(|sender| sender.kind == "Bot"),
            sender: login,
        })
    }

    fn failure(&self, scope: Scope, conclusion: Conclusion) -> Failure {
        Failure {
            repo: self.repo.clone(),
            default_branch: self.default_branch.clone(),
            scope,
            run: None,
            attempt: 0,
            workflow: Untrusted::default(),
            job: None,
            job_id: None,
            step: None,
            branch: self.default_branch.clone().into(),
            sha: String::new(),
            conclusion,
            duration_ms: None,
            url: None,
            pulls: Vec::new(),
            sender: self.sender.clone().into(),
            sender_is_bot: self.bot,
            fork: false,
            looked: false,
            scheduled: false,
            commit_message: None,
            labels: Vec::new(),
            confirmed: true,
        }
    }

    fn progress(&self, scope: Scope, conclusion: Option<Conclusion>) -> Progress {
        Progress {
            repo: self.repo.clone(),
            scope,
            run: None,
            attempt: 0,
            workflow: Untrusted::default(),
            job: None,
            job_id: None,
            branch: self.default_branch.clone().into(),
            sha: String::new(),
            scheduled: false,
            conclusion,
            duration_ms: None,
        }
    }
}

pub(super) fn event(event: Event) -> Vec<Heard> {
    vec![Heard::Event(Box::new(event))]
}

/// Commit ids go into addresses: hex or nothing.
pub(super) fn sha(text: &str) -> String {
    let good = (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if good { text.to_owned() } else { String::new() }
}

impl Webhooks {
    fn link(&self, url: Option<&String>) -> Option<String> {
        let url = url::Url::parse(url?).ok()?;
        let host = url.host_str()?;
        let with_port = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let plain = matches!(url.scheme(), "https" | "http") && url.username().is_empty() && url.password().is_none();
        (plain && with_port == self.web_host).then(|| url.to_string())
    }

    fn job(&self, base: &Base, action: &str, job: &Job) -> Vec<Heard> {
        let key = format!("{}:{}", base.repo, job.id);
        let ended = job.conclusion.filter(|_| action == "completed");
        let commit = sha(&job.head_sha);
        let branch = base.head(job.head_branch.as_ref(), &commit).label;
        let workflow: Untrusted = job.workflow_name.clone().unwrap_or_else(|| "workflow".into()).into();
        let fill = |mut failure: Failure| {
            failure.run = Some(RunId(job.run_id));
            failure.attempt = job.run_attempt.max(1);
            failure.workflow = workflow.clone();
            failure.job = Some(job.name.clone().into());
            failure.job_id = Some(job.id);
            failure.branch = branch.clone();
            failure.sha.clone_from(&commit);
            failure.url = self.link(job.html_url.as_ref());
            let broken = job.steps.iter().find(|step| step.conclusion.is_some_and(Conclusion::is_failure));
            failure.duration_ms = job.took_ms();
            failure.step = broken.map(|step| step.name.clone().into());
            failure.pulls.extend(queued(&branch));
            failure
        };
        if action == "queued" {
            let mut failure = Box::new(fill(base.failure(Scope::Job, Conclusion::Stuck)));
            waiting::ask(&mut failure, job);
            return vec![Heard::Queued { key, failure }];
        }
        if action == "waiting" {
            return deployments::waiting_job(base, job);
        }
        let mut heard = vec![Heard::Taken { key }];
        heard.extend(waiting::left(&base.repo, action, job));
        match ended {
            Some(conclusion) if conclusion.is_failure() => {
                heard.extend(event(Event::Failed { failure: fill(base.failure(Scope::Job, conclusion)) }));
            }
            _ => {
                let mut progress = base.progress(Scope::Job, ended);
                progress.run = Some(RunId(job.run_id));
                progress.attempt = job.run_attempt.max(1);
                progress.workflow = workflow;
                progress.job = Some(job.name.clone().into());
                progress.job_id = Some(job.id);
                progress.duration_ms = job.took_ms();
                progress.branch = branch;
                progress.sha.clone_from(&commit);
                heard.extend(event(Event::Progressed { progress }));
            }
        }
        heard
    }

    fn run(&self, base: &Base, action: &str, run: &Run) -> Vec<Heard> {
        let ended = run.conclusion.filter(|_| action == "completed");
        let commit = sha(&run.head_sha);
        let head::Head { label: branch, fork } =
            head::of(base.here(), run.head_branch.as_deref(), &run.head_repository, &commit);
        let workflow: Untrusted = run.name.clone().unwrap_or_else(|| "workflow".into()).into();
        let scheduled = run.is_scheduled();
        let Some(conclusion) = ended.filter(|conclusion| conclusion.is_failure()) else {
            let mut progress = base.progress(Scope::Run, ended);
            progress.run = Some(RunId(run.id));
            progress.attempt = run.run_attempt.max(1);
            progress.workflow = workflow;
            progress.branch = branch;
            progress.sha = commit;
            progress.scheduled = scheduled;
            return event(Event::Progressed { progress });
        };
        let mut failure = base.failure(Scope::Run, conclusion);
        failure.scheduled = scheduled;
        failure.run = Some(RunId(run.id));
        failure.attempt = run.run_attempt.max(1);
        failure.workflow = workflow;
        failure.branch = branch;
        failure.sha = commit;
        failure.url = self.link(run.html_url.as_ref());
        failure.pulls = run.pull_requests.iter().map(|pull| pull.number).collect();
        failure.pulls.extend(queued(&failure.branch));
        failure.fork = fork;
        failure.looked = conclusion != Conclusion::Cancelled;
        failure.commit_message = run.head_commit.as_ref().map(|commit| commit.message.clone().into());
        // The run ended: whoever waits for that hears of it before the failure is counted.
        let mut progress = base.progress(Scope::Run, Some(conclusion));
        progress.run = failure.run;
        progress.attempt = failure.attempt;
        progress.workflow.clone_from(&failure.workflow);
        progress.branch.clone_from(&failure.branch);
        progress.sha.clone_from(&failure.sha);
        progress.scheduled = scheduled;
        let mut heard = event(Event::Progressed { progress });
        heard.extend(event(Event::Failed { failure }));
        heard
    }

    fn check(&self, base: &Base, action: &str, check: &Check) -> Vec<Heard> {
        if check.app.as_ref().is_some_and(|app| Some(app.id) == self.app) {
            return ignored("check_run", "is our own");
        }
        if action != "completed" {
            let commit = sha(&check.head_sha);
            let label = check.check_suite.as_ref().and_then(|suite| suite.head_branch.as_ref());
            let branch = base.head(label, &commit).label;
            return event(Event::Began { repo: base.repo.clone(), branch, sha: commit });
        }
        let app = check.app.as_ref().map(|app| app.name.clone()).unwrap_or_default();
        let suite = check.check_suite.as_ref();
        let commit = sha(&check.head_sha);
        let branch = base.head(suite.and_then(|suite| suite.head_branch.as_ref()), &commit).label;
        let run = check.details_url.as_deref().and_then(actions_run);
        let conclusion = check.conclusion.unwrap_or(Conclusion::Other);
        if !conclusion.is_failure() {
            let mut progress = base.progress(Scope::Check, Some(conclusion));
            progress.run = run;
            progress.workflow = app.into();
            progress.job = Some(check.name.clone().into());
            progress.branch = branch;
            progress.sha = commit;
            return event(Event::Progressed { progress });
        }
        let mut failure = base.failure(Scope::Check, conclusion);
        failure.run = run;
        // A check tells no attempt; at least the first has failed.
        failure.attempt = u32::from(run.is_some());
        failure.workflow = app.into();
        failure.job = Some(check.name.clone().into());
        failure.job_id = run.map(|_| check.id);
        failure.branch = branch;
        failure.sha = commit;
        failure.url = self.link(check.html_url.as_ref());
        failure.pulls = check.pull_requests.iter().map(|pull| pull.number).collect();
        event(Event::Failed { failure })
    }

    fn status(&self, base: &Base, payload: &Payload) -> Option<Vec<Heard>> {
        let state = payload.state.as_deref()?;
        let context = payload.context.clone().unwrap_or_else(|| "default".into());
        let commit = sha(payload.sha.as_deref().unwrap_or(""));
        let branch = base.status_head(payload.branches.as_deref().unwrap_or_default(), &commit).label;
        Some(match state {
            "failure" | "error" => {
                let mut failure = base.failure(Scope::Status, Conclusion::Failure);
                failure.workflow = context.clone().into();
                failure.job = Some(context.into());
                failure.branch = branch;
                failure.sha = commit;
                failure.url = self.link(payload.target_url.as_ref());
                let message = payload.commit.as_ref().and_then(|commit| commit.commit.as_ref());
                failure.commit_message = message.map(|commit| commit.message.clone().into());
                event(Event::Failed { failure })
            }
            "success" => {
                let mut progress = base.progress(Scope::Status, Some(Conclusion::Success));
                progress.workflow = context.clone().into();
                progress.job = Some(context.into());
                progress.branch = branch;
                progress.sha = commit;
                event(Event::Progressed { progress })
            }
            _ => event(Event::Began { repo: base.repo.clone(), branch, sha: commit }),
        })
    }

    /// What a person said on a pull request. An edited comment never runs a command, and programs have none.
    fn comment(&self, base: &Base, payload: &Payload) -> Option<Vec<Heard>> {
        let (comment, issue) = (payload.comment.as_ref()?, payload.issue.as_ref()?);
        let author = comment.user.as_ref()?;
        let program = base.bot || author.kind == "Bot" || comment.performed_via_github_app.is_some();
        if payload.action != "created" || issue.pull_request.is_none() {
            return Some(ignored("issue_comment", "is no new comment on a pull request"));
        }
        if program || author.login != base.sender || comment.body.trim_start().starts_with(OURS) {
            return Some(ignored("issue_comment", "is not a person's own"));
        }
        let platform = Platform::new(super::pulls::PLATFORM);
        let place = Place {
            platform: platform.clone(),
            channel: super::pulls::channel(&base.repo, issue.number),
            thread: None,
            reply_to: Some(comment.id.to_string()),
            pull: Some((base.repo.clone(), issue.number)),
        };
        let (id, name) = (author.login.clone(), author.login.clone().into());
        let actor = Actor { platform, id, also: None, name, groups: Vec::new() };
        let said = in_comment(&comment.body, self.name.get().map_or(NAME, String::as_str));
        if said.is_empty() {
            return Some(ignored("issue_comment", "holds no command"));
        }
        // One after the other, by one look at who says it.
        Some(vec![Heard::Words { actor, place, text: said.join("\n") }])
    }

    fn alert(&self, base: &Base, kind: &str, action: &str, alert: &Alert) -> Vec<Heard> {
        if !matches!(action, "created" | "create" | "reopened" | "reopened_by_user" | "reintroduced") {
            return ignored(kind, "needs nobody");
        }
        let what = match kind {
            "secret_scanning_alert" => alert.secret_type_display_name.clone(),
            "code_scanning_alert" => alert.rule.as_ref().and_then(|rule| rule.description.clone()),
            _ => alert
                .security_advisory
                .as_ref()
                .and_then(|advisory| advisory.summary.clone())
                .or_else(|| alert.affected_package_name.clone()),
        };
        let name = kind.trim_end_matches("_alert").replace('_', " ");
        let title = format!("{name} alert {}: {}", alert.number, what.unwrap_or_else(|| "no title".into()));
        let mut failure = base.failure(Scope::Alert, Conclusion::Failure);
        failure.workflow = title.into();
        failure.job = Some(format!("alert {}", alert.number).into());
        failure.url = self.link(alert.html_url.as_ref());
        event(Event::Failed { failure })
    }
}

/// The run in `…/actions/runs/123/job/456`.
pub(super) fn actions_run(url: &str) -> Option<RunId> {
    let (_, rest) = url.split_once("/actions/runs/")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().map(RunId)
}

/// The pull request whose entry in a merge queue the branch is for.
fn queued(branch: &Untrusted) -> Option<u64> {
    crate::domain::head::queued(branch.raw()).map(|(_, number)| number)
}

fn suite_heard(base: &Base, action: &str, suite: &Suite, own: Option<u64>) -> Vec<Heard> {
    if suite.app.as_ref().is_some_and(|app| Some(app.id) == own) {
        return ignored("check_suite", "is our own");
    }
    if action != "completed" {
        return ignored("check_suite", "has not ended");
    }
    let app = suite.app.as_ref().map(|app| app.name.clone()).unwrap_or_default();
    let commit = sha(&suite.head_sha);
    let branch = base.head(suite.head_branch.as_ref(), &commit).label;
    let conclusion = suite.conclusion.unwrap_or(Conclusion::Other);
    if !conclusion.is_failure() {
        let mut progress = base.progress(Scope::Suite, Some(conclusion));
        progress.workflow = app.into();
        progress.branch = branch;
        progress.sha = commit;
        return event(Event::Progressed { progress });
    }
    let mut failure = base.failure(Scope::Suite, conclusion);
    failure.workflow = app.into();
    failure.branch = branch;
    failure.sha = commit;
    failure.pulls = suite.pull_requests.iter().map(|pull| pull.number).collect();
    failure.commit_message = suite.head_commit.as_ref().map(|commit| commit.message.clone().into());
    event(Event::Failed { failure })
}

fn push(base: &Base, payload: &Payload) -> Option<Vec<Heard>> {
    let branch = payload.git_ref.as_deref()?.strip_prefix("refs/heads/")?;
    if payload.deleted == Some(true) {
        return Some(gone(base, branch));
    }
    let sha = sha(payload.after.as_deref()?);
    Some(event(Event::HeadMoved { repo: base.repo.clone(), branch: branch.into(), sha }))
}

fn deleted(base: &Base, payload: &Payload) -> Option<Vec<Heard>> {
    let name = payload.git_ref.as_deref()?;
    if payload.ref_type.as_deref() != Some("branch") {
        return Some(ignored("delete", "is about no branch"));
    }
    Some(gone(base, name))
}

/// A merge queue deletes the branch of each entry: how that ended is told by the queue.
fn gone(base: &Base, branch: &str) -> Vec<Heard> {
    if crate::domain::head::queued(branch).is_some() {
        return ignored("push", "deletes the branch of a merge queue's entry");
    }
    event(Event::BranchGone { repo: base.repo.clone(), branch: branch.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_forge_alone() {
        let webhooks = Webhooks { web_host: "github.com".into(), name: Arc::default(), app: None };
        for (address, kept) in [
            ("https://github.com/acme/shop/actions/runs/1", true),
            ("https://@github.com/acme/shop", true),
            ("https://ada@github.com/acme/shop", false),
            ("https://ada:x@github.com/acme/shop", false),
            ("https://:x@github.com/acme/shop", false),
            ("https://github.com:8443/acme/shop", false),
            ("https://github.com.example.org/acme/shop", false),
            ("ftp://github.com/acme/shop", false),
            ("/acme/shop", false),
        ] {
            let link = webhooks.link(Some(&address.to_owned()));
            assert_eq!(link.is_some(), kept, "{address}");
            assert!(link.is_none_or(|link| !link.contains('@')), "{address}");
        }
    }
}
