//! A case as a table writes it: what differs from a transient failure on the default branch, in words and numbers.

use ci_rescue::domain::action::{Action, ChangeSpec, RerunJobs};
use ci_rescue::domain::cause::{Cause, Judged};
use ci_rescue::domain::event::{Event, LogRead};
use ci_rescue::domain::evidence::{Category, Evidence};
use ci_rescue::domain::facts::{Breaker, Context, Facts, Hold, Known, Preview};
use ci_rescue::domain::incident::{Incident, Proposer};
use ci_rescue::domain::plan::{Plan, PlannedAction};
use ci_rescue::domain::rules::{OwnRules, Rules};
use ci_rescue::domain::time::{MINUTE_MS, Time};
use ci_rescue::domain::{Conclusion, Digest, Failure, IncidentNo, Role, RunId, Scope};
use ci_rescue::policy::{Act, Case, Decision, judge};
use ci_rescue::{config, incident, remedies};
use serde::Deserialize;

pub const NOW: Time = Time(1_767_268_800_000);

/// Everything that a decision may rest on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Given {
    pub name: String,
    /// The operator's `[policy]`.
    pub policy: String,
    /// The repository's file; absent: it has none.
    pub own: Option<String>,
    /// Why the repository's file cannot be read.
    pub unread: Option<String>,
    pub remedy: String,
    /// `bot`, `viewer`, `responder` or `approver`.
    pub by: String,
    pub merge: bool,
    pub workflow: String,
    pub branch: String,
    pub fork: bool,
    pub author_is_bot: bool,
    pub category: Category,
    pub cause: Cause,
    pub attempts: u32,
    pub retries: u32,
    pub jobs: u32,
    pub acts_today: u32,
    /// Minutes since the last automatic act on the branch, and since one failed there.
    pub acted: Option<i64>,
    pub failed: Option<i64>,
    /// Failures in a row, and minutes since the newest.
    pub failures: u32,
    pub broke: Option<i64>,
    pub hold: bool,
    /// The files that it changes.
    pub paths: Vec<String>,
    pub sensitive: bool,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            name: String::new(),
            policy: String::new(),
            own: None,
            unread: None,
            remedy: "retry".into(),
            by: "bot".into(),
            merge: false,
            workflow: "shop-ci".into(),
            branch: "main".into(),
            fork: false,
            author_is_bot: false,
            category: Category::Network,
            cause: Cause::Unknown,
            attempts: 0,
            retries: 0,
            jobs: 1,
            acts_today: 0,
            acted: None,
            failed: None,
            failures: 0,
            broke: None,
            hold: false,
            paths: Vec::new(),
            sensitive: false,
        }
    }
}

pub fn rules(policy: &str) -> Rules {
    let text = format!("[policy]\n{policy}");
    config::parse(&text, &[]).unwrap_or_else(|why| panic!("{why}\n{text}")).policy
}

pub fn names() -> Vec<&'static str> {
    remedies::all().iter().map(|remedy| remedy.id()).collect()
}

pub fn own(text: &str) -> OwnRules {
    ci_rescue::policy::read_own(text, &names()).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

impl Given {
    fn failure(&self, job: u32) -> Failure {
        Failure {
            repo: "acme/shop".parse().unwrap(),
            default_branch: "main".into(),
            scope: Scope::Job,
            run: Some(RunId(1)),
            attempt: 1,
            workflow: self.workflow.as_str().into(),
            job: Some(format!("job {job}").into()),
            job_id: Some(u64::from(job)),
            step: None,
            branch: self.branch.as_str().into(),
            sha: "1a2b3c4".into(),
            conclusion: Conclusion::Failure,
            duration_ms: None,
            url: None,
            pulls: Vec::new(),
            sender: "ben".into(),
            sender_is_bot: self.author_is_bot,
            fork: self.fork,
            scheduled: false,
            looked: true,
            commit_message: Some("Count the shipping".into()),
            labels: Vec::new(),
            confirmed: true,
        }
    }

    /// The incident, as steps make it.
    fn incident(&self, rules: &Rules) -> Incident {
        let no = IncidentNo(1);
        let go = |incident, event: &Event| {
            incident::step(rules, &Context::default(), incident, no, event, NOW).unwrap().incident
        };
        let mut all = None;
        for job in 0..self.jobs.max(1) {
            all = Some(go(all, &Event::Failed { failure: self.failure(job) }));
        }
        let evidence = Evidence { category: self.category, confidence: 0.9, ..Evidence::default() };
        let read = LogRead::Read(Box::new(evidence));
        let mut incident = go(all, &Event::LogRead { incident: no, run: RunId(1), attempt: 1, job_id: 0, read });
        incident.judged = Some(Judged { cause: self.cause, ..Judged::default() });
        (incident.auto_attempts, incident.auto_retries) = (self.attempts, self.retries);
        incident
    }

    fn plan(&self) -> Plan {
        let remedy = remedies::by_id(&self.remedy).unwrap();
        let repo = "acme/shop".parse().unwrap();
        let jobs = RerunJobs::Failed;
        let action = if remedy.changes_code() {
            let id = "1-1".parse().unwrap();
            Action::Branch {
                repo,
                onto: "main".parse().unwrap(),
                branch: ci_rescue::domain::refs::OwnBranch::new("pin", id, "").unwrap(),
                change: ChangeSpec::Unpin { package: "left-pad".into() },
                message: "Hold it".into(),
                tree: "t".into(),
                at: NOW,
            }
        } else {
            Action::Rerun { repo, run: RunId(1), attempt: 1, jobs }
        };
        let touched = self.paths.iter().map(|path| path.as_str().into()).collect();
        let preview = Preview { touched, ..Preview::default() };
        Plan {
            remedy: self.remedy.clone(),
            summary: "do it".into(),
            notes: Vec::new(),
            because: Vec::new(),
            steps: vec![PlannedAction { action, undo: None }],
            on_merge: Vec::new(),
            reversible: !remedy.changes_code(),
            previews: if remedy.changes_code() { vec![("main".into(), preview)] } else { Vec::new() },
            sensitive: if self.sensitive { vec!["it changes a workflow".into()] } else { Vec::new() },
            waits: false,
            digest: Digest::of([self.remedy.as_bytes()]),
        }
    }

    pub fn decide(&self, rules: &Rules, own_rules: Known<OwnRules>) -> Decision {
        let ago = |minutes: i64| NOW.plus_ms(-minutes * MINUTE_MS);
        let role = match self.by.as_str() {
            "viewer" => Some(Role::Viewer),
            "responder" => Some(Role::Responder),
            "approver" => Some(Role::Approver),
            _ => None,
        };
        let person =
            role.map(|role| Proposer { key: Some("ada".into()), name: "ada".into(), role, github: Some("ada".into()) });
        let writers = [("ada".to_owned(), Known::Is(true))].into();
        let facts = Facts { own_rules: Some(own_rules), writers, ..Facts::default() };
        let hold = self.hold.then(|| Hold { by: "ada".into(), at: ago(1), reason: None });
        let context = Context {
            hold,
            acts_today: self.acts_today,
            branch_acted_at: self.acted.map(ago),
            branch_failed_at: self.failed.map(ago),
            breaker: Breaker { failures: self.failures, at: self.broke.map(ago) },
            ..Context::default()
        };
        let (incident, plan) = (self.incident(rules), self.plan());
        let case = Case {
            act: if self.merge { Act::Merge } else { Act::Run },
            incident: &incident,
            plan: &plan,
            nature: remedies::by_id(&self.remedy).unwrap().nature(),
            by: person.as_ref().filter(|_| !self.merge),
            force: false,
            facts: &facts,
            context: &context,
            now: NOW,
        };
        judge(rules, &case)
    }
}
