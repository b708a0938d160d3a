//! What the API takes and answers.

use crate::domain::evidence::Category;
use crate::domain::incident::Incident;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /hooks/ci`.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CiHook {
    pub event: Option<String>,
    pub repo: Option<String>,
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    pub sha: Option<String>,
    pub run_id: Option<u64>,
    /// From 1, the default.
    pub run_attempt: Option<u32>,
    pub run_url: Option<String>,
    /// The workflow's name.
    pub workflow: Option<String>,
    /// As GitHub says it; `failure` where nothing is said.
    pub conclusion: Option<String>,
    pub failed_jobs: Option<Vec<String>>,
    pub logs_tail: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CiHookAnswer {
    pub accepted: bool,
    pub run_id: u64,
    pub category: String,
    /// Automatic changes left today.
    pub budget_remaining: u32,
}

/// `POST /api/remediate/ci-failure`, bare or under `body`.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RemediateRequest {
    pub workflow_run: Option<RemediateRun>,
    pub repository: Option<RemediateRepository>,
}

#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RemediateRun {
    pub id: Option<u64>,
    pub name: Option<String>,
    /// The workflow's file, as GitHub tells it: it routes where the name does not.
    pub path: Option<String>,
    pub conclusion: Option<String>,
    pub html_url: Option<String>,
    pub head_branch: Option<String>,
    pub head_sha: Option<String>,
    pub head_commit: Option<RemediateCommit>,
}

#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RemediateCommit {
    pub message: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RemediateRepository {
    pub full_name: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RemediateAnswer {
    pub status: String,
    /// `rescue-ci-<specialist>-<8 characters>`.
    pub coderun_name: String,
    pub agent: String,
    /// `<area>_<category>`.
    pub failure_type: String,
    /// `new`, `existing` or `skipped`.
    pub dedup_status: String,
}

#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ClassifyRequest {
    pub logs: Option<String>,
    pub failed_jobs: Option<Vec<String>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ClassifyAnswer {
    pub category: String,
    pub confidence: f32,
    pub recommended_model: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetAnswer {
    pub allowed: bool,
    pub reason: String,
    pub daily_spend: f64,
    pub daily_limit: f64,
    pub per_loop_limit: f64,
    /// RFC 3339, or null.
    pub circuit_breaker_until: Option<String>,
    pub consecutive_failures: u32,
}

/// An incident as the API shows it. Times are RFC 3339.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentView {
    pub id: u64,
    /// As people write it: `#42`.
    pub number: String,
    pub repo: String,
    pub branch: String,
    pub sha: String,
    pub workflow: String,
    pub stage: String,
    pub severity: String,
    pub category: Option<String>,
    /// Who looks after it: `rex`.
    pub agent: Option<String>,
    /// `rust_lint`: area and category.
    pub failure_type: Option<String>,
    /// What the analyst guesses; nobody has checked it.
    pub hypothesis: Option<HypothesisView>,
    pub fingerprint: Option<String>,
    pub opened_at: String,
    pub updated_at: String,
    pub closed_at: Option<String>,
    /// Who has it.
    pub assignee: Option<String>,
    pub snoozed_until: Option<String>,
    pub failures: u64,
    pub jobs: Vec<String>,
    pub runs: Vec<RunView>,
    pub errors: Vec<String>,
    pub failing_tests: Vec<String>,
    pub proposals: Vec<ProposalView>,
    pub version: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct HypothesisView {
    pub words: String,
    /// `low`, `medium` or `high`: as it says itself.
    pub confidence: String,
    pub check: Option<String>,
    pub guide: Option<String>,
}

impl HypothesisView {
    fn of(incident: &Incident) -> Option<Self> {
        let told = incident.guess()?;
        Some(Self {
            words: told.words.line(400),
            confidence: told.sureness.to_string(),
            check: told.check.as_ref().map(|check| check.line(200)),
            guide: told.guide.as_ref().map(|guide| guide.line(200)),
        })
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RunView {
    pub run_id: Option<u64>,
    pub attempt: u32,
    pub conclusion: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalView {
    pub id: String,
    pub remedy: String,
    pub state: String,
    pub by: String,
    pub summary: Option<String>,
    pub approvals: usize,
    pub quorum: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentsAnswer {
    pub incidents: Vec<IncidentView>,
    /// For the next page: pass it as `before`.
    pub next: Option<u64>,
}

/// `GET /api/quarantine/{owner}/{repo}`.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantineAnswer {
    pub repo: String,
    pub quarantined: Vec<QuarantinedView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantinedView {
    pub id: String,
    /// As the framework's command line takes it.
    pub test: String,
    pub framework: Option<String>,
    pub file: Option<String>,
    /// By CODEOWNERS.
    pub owners: Vec<String>,
    pub reason: String,
    /// RFC 3339.
    pub since: String,
    /// The day on which it ends, `YYYY-MM-DD`, UTC.
    pub until: String,
    pub incident: u64,
    /// `code` where the source skips it, `list` where CI has to.
    pub by: String,
}

impl QuarantineAnswer {
    pub fn of(repo: &crate::domain::Repo, all: &[crate::domain::Quarantined]) -> Self {
        const TEST: usize = 2_000;
        let view = |entry: &crate::domain::Quarantined| QuarantinedView {
            id: entry.id.clone(),
            test: entry.test.line(TEST),
            framework: entry.framework.clone(),
            file: entry.file.as_ref().map(|file| file.line(TEST)),
            owners: entry.owners.clone(),
            reason: entry.reason.line(TEST),
            since: rfc3339(entry.since),
            until: entry.until.clone(),
            incident: entry.incident.0,
            by: if entry.served { "list" } else { "code" }.into(),
        };
        Self { repo: repo.to_string(), quarantined: all.iter().map(view).collect() }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StatusAnswer {
    pub version: String,
    pub hold: Option<String>,
    pub inbox: u64,
    pub outbox: u64,
    pub timers: u64,
    pub cards_behind: u64,
    pub dead_letters: u64,
    /// Cards that were given up, because the channel is gone or the platform refuses them for good.
    pub cards_given_up: u64,
    /// Channels that cannot be written to until somebody fixes something.
    pub troubles: Vec<TroubleView>,
    pub incidents: u64,
    pub open: u64,
    /// Each way in or out with `on`, or why it is off.
    pub features: std::collections::BTreeMap<String, String>,
    pub integrations: Vec<IntegrationView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TroubleView {
    pub platform: String,
    /// Absent where it concerns the whole platform.
    pub channel: Option<String>,
    /// The channel's, where the platform tells it.
    pub name: Option<String>,
    /// `archived`, `missing`, `not_member`, `forbidden`, `token`, `credentials`, `scope`, `removed`, `unreachable` or
    /// `other`.
    pub reason: String,
    pub why: String,
    /// What to do.
    pub advice: String,
    /// Cards that wait for it.
    pub held: u64,
    /// RFC 3339.
    pub since: String,
}

impl TroubleView {
    pub fn of(trouble: &crate::ports::Trouble) -> Self {
        Self {
            platform: trouble.platform.to_string(),
            channel: Some(trouble.channel.clone()).filter(|channel| !channel.is_empty()),
            name: trouble.name.clone(),
            reason: trouble.reason.as_str().to_owned(),
            why: trouble.why.clone(),
            advice: trouble.reason.advice().to_owned(),
            held: trouble.held,
            since: rfc3339(trouble.since),
        }
    }
}

/// Whether another program that we depend on answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct IntegrationView {
    /// `github`, `slack`, `slack_socket`, `discord`, `discord_gateway`, `email`, `teams`, `webhooks`.
    pub name: String,
    /// `up`, `down`, or `unknown` before the first call.
    pub state: String,
    /// When it went up or down, RFC 3339.
    pub since: Option<String>,
    /// Failed calls in a row.
    pub failures: u64,
    /// While it is down.
    pub last_error: Option<String>,
}

impl IntegrationView {
    pub fn of(vital: &crate::ports::Vital) -> Self {
        let state = match vital.up {
            Some(true) => "up",
            Some(false) => "down",
            None => "unknown",
        };
        Self {
            name: vital.name.into(),
            state: state.into(),
            since: vital.since.map(rfc3339),
            failures: vital.failures,
            last_error: vital.last_error.clone(),
        }
    }
}

pub fn rfc3339(at: crate::domain::Time) -> String {
    let at = chrono::DateTime::from_timestamp_millis(at.0).unwrap_or_default();
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

impl IncidentView {
    pub fn of(incident: &Incident) -> Self {
        let evidence = incident.headline();
        Self {
            id: incident.no.0,
            number: incident.no.to_string(),
            repo: incident.repo.to_string(),
            branch: incident.branch.line(255),
            sha: incident.sha.clone(),
            workflow: incident.workflow.line(255),
            stage: incident.stage.as_str().into(),
            severity: incident.severity.as_str().into(),
            category: evidence.map(|e| e.category.as_str().into()),
            agent: incident.routed.as_ref().map(|routed| routed.specialist.to_lowercase()),
            failure_type: incident
                .routed
                .as_ref()
                .map(|routed| failure_type(&routed.area, evidence.map_or(Category::Unknown, |e| e.category))),
            hypothesis: HypothesisView::of(incident),
            fingerprint: incident.fingerprint().map(str::to_owned),
            opened_at: rfc3339(incident.opened_at),
            updated_at: rfc3339(incident.updated_at),
            closed_at: incident.closed_at.map(rfc3339),
            assignee: incident.taken.as_ref().map(|taken| taken.by.line(100)),
            snoozed_until: incident.snoozed.as_ref().map(|snoozed| rfc3339(snoozed.until)),
            failures: incident.failures,
            jobs: incident.jobs.iter().map(|job| job.name.line(255)).collect(),
            runs: incident
                .runs
                .iter()
                .map(|run| RunView {
                    run_id: run.run.map(|run| run.0),
                    attempt: run.attempt,
                    conclusion: run.conclusion.map(|c| c.as_str().into()),
                })
                .collect(),
            errors: evidence.map_or_else(Vec::new, |e| e.errors.iter().map(|error| error.text.line(500)).collect()),
            failing_tests: evidence
                .map_or_else(Vec::new, |e| e.failing_tests.iter().map(|test| test.name.line(500)).collect()),
            proposals: incident
                .proposals
                .iter()
                .map(|p| ProposalView {
                    id: p.id.to_string(),
                    remedy: p.remedy.clone(),
                    state: p.state.as_str().into(),
                    by: p.by.name.line(60),
                    summary: p.plan.as_ref().map(|plan| plan.summary.line(300)),
                    approvals: p.valid_approvals(),
                    quorum: p.quorum,
                })
                .collect(),
            version: incident.version,
        }
    }
}

pub fn failure_type(area: &str, category: Category) -> String {
    format!("{area}_{category}")
}
