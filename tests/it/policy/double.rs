//! A forge in memory, for engines that share a store: runs that fail and are re-run, and a list of what was done.

use crate::world::HandClock;
use async_trait::async_trait;
use ci_rescue::card::{Places, Words};
use ci_rescue::domain::action::{Action, Made, MadeKind};
use ci_rescue::domain::actor::{Actor, Place, Platform, Principal, Role};
use ci_rescue::domain::commit_check::CheckSeen;
use ci_rescue::domain::deployment::PendingFacts;
use ci_rescue::domain::event::{Event, Failure, Progress};
use ci_rescue::domain::facts::{JobFacts, PullOf, RunFacts};
use ci_rescue::domain::refs::OwnBranch;
use ci_rescue::domain::rules::Rules;
use ci_rescue::domain::runner::Fleet;
use ci_rescue::domain::text::Untrusted;
use ci_rescue::domain::{Conclusion, Repo, RunId, Scope, Time};
use ci_rescue::engine::{Engine, Parts, RepoFilter, Settings};
use ci_rescue::policy::Mentions;
use ci_rescue::ports::{
    Advisory, CheckSaid, Ci, Clock, Delivery, Directory, Forge, KnownRepo, LogStream, NewIssue, NewPull, PastRuns,
    PortError, Pulled, Since, Store,
};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

#[derive(Clone, Debug)]
pub struct Run {
    pub branch: String,
    pub attempt: u32,
    /// `None` while it is going.
    pub conclusion: Option<Conclusion>,
    /// What its job printed; where it is empty, a network failure of its own.
    pub log: String,
}

pub struct Double {
    pub clock: Arc<HandClock>,
    pub runs: Mutex<BTreeMap<u64, Run>>,
    /// The runs that were re-run, in order, each with the attempt that had failed.
    pub acts: Mutex<Vec<(u64, u32)>>,
    /// The hidden markers of the issues that were opened, in order.
    pub issues: Mutex<Vec<String>>,
}

impl Double {
    pub fn new(clock: Arc<HandClock>) -> Arc<Self> {
        Arc::new(Self { clock, runs: Mutex::default(), acts: Mutex::default(), issues: Mutex::default() })
    }

    fn get(&self, run: u64) -> Result<Run, PortError> {
        self.runs.lock().unwrap().get(&run).cloned().ok_or_else(|| PortError::permanent("there is no such run"))
    }
}

pub fn sha(run: u64) -> String {
    format!("{run:040x}")
}

/// A word that is no number: numbers do not tell one failure from another.
pub fn word(mut run: u64) -> String {
    let mut word = String::from("w");
    while run > 0 {
        word.push(char::from(b'a' + u8::try_from(run % 26).unwrap()));
        run /= 26;
    }
    word
}

impl ci_rescue::ports::Timetables for Double {}

impl ci_rescue::ports::Queues for Double {}

/// One attempt of a run's only job, as its webhooks tell of it.
#[derive(Clone)]
pub struct Told<'t> {
    pub repo: &'t Repo,
    pub run: u64,
    pub attempt: u32,
    pub workflow: &'t str,
    pub branch: &'t str,
    pub conclusion: Conclusion,
}

impl Told<'_> {
    fn job_id(&self) -> u64 {
        self.run * 100 + u64::from(self.attempt)
    }

    pub fn failed(&self) -> Event {
        let failure = Failure {
            repo: self.repo.clone(),
            default_branch: "main".into(),
            scope: Scope::Job,
            run: Some(RunId(self.run)),
            attempt: self.attempt,
            workflow: self.workflow.into(),
            job: Some("test".into()),
            job_id: Some(self.job_id()),
            step: None,
            branch: self.branch.into(),
            sha: sha(self.run),
            conclusion: self.conclusion,
            duration_ms: None,
            url: None,
            pulls: Vec::new(),
            sender: "ben".into(),
            sender_is_bot: false,
            fork: false,
            scheduled: false,
            looked: false,
            commit_message: Some("Count the shipping".into()),
            labels: Vec::new(),
            confirmed: true,
        };
        Event::Failed { failure }
    }

    /// Of the job, or of the run.
    pub fn progressed(&self, scope: Scope) -> Event {
        let of_job = scope == Scope::Job;
        let progress = Progress {
            scheduled: false,
            repo: self.repo.clone(),
            scope,
            run: Some(RunId(self.run)),
            attempt: self.attempt,
            workflow: self.workflow.into(),
            job: of_job.then(|| "test".into()),
            job_id: of_job.then(|| self.job_id()),
            branch: self.branch.into(),
            sha: sha(self.run),
            conclusion: Some(self.conclusion),
            duration_ms: None,
        };
        Event::Progressed { progress }
    }
}

#[async_trait]
impl Ci for Double {
    async fn run(&self, _: &Repo, run: RunId) -> Result<RunFacts, PortError> {
        let have = self.get(run.0)?;
        Ok(RunFacts {
            id: run,
            fork: false,
            scheduled: false,
            attempt: have.attempt,
            conclusion: have.conclusion,
            created_at: self.clock.now(),
            head_sha: sha(run.0),
            head_branch: have.branch.as_str().into(),
            default_branch: Some("main".into()),
            url: None,
        })
    }

    async fn runs(&self, _: &Repo, _: &Untrusted, _: &Untrusted) -> Result<Vec<RunFacts>, PortError> {
        Ok(Vec::new())
    }

    async fn jobs(&self, _: &Repo, run: RunId, attempt: u32) -> Result<Vec<JobFacts>, PortError> {
        let have = self.get(run.0)?;
        let id = run.0 * 100 + u64::from(attempt);
        Ok(vec![JobFacts {
            id,
            name: "test".into(),
            conclusion: have.conclusion,
            failing_step: None,
            failing_steps: 0,
        }])
    }

    async fn last_green(
        &self,
        _: &Repo,
        _: &Untrusted,
        _: &Untrusted,
        _: RunId,
    ) -> Result<Option<RunFacts>, PortError> {
        Ok(None)
    }

    async fn runs_at(&self, _: &Repo, _: &str) -> Result<Vec<RunFacts>, PortError> {
        Ok(Vec::new())
    }

    async fn green(&self, _: &Repo, _: &str, _: &Untrusted) -> Result<Option<bool>, PortError> {
        Ok(None)
    }

    async fn log(&self, _: &Repo, job_id: u64) -> Result<LogStream, PortError> {
        let what = word(job_id / 100);
        let own = self.get(job_id / 100).map(|run| run.log).unwrap_or_default();
        let network = format!(
            "##[group]Run npm ci\nnpm error code ECONNRESET while fetching {what}\n\
             ##[error]Process completed with exit code 1.\n"
        );
        let text = if own.is_empty() { network } else { own };
        Ok(futures::stream::iter([Ok(text.into_bytes())]).boxed())
    }

    async fn runners(&self, _: &Repo, _: &[String]) -> Result<Fleet, PortError> {
        unasked()
    }

    async fn pending(&self, _: &Repo, _: RunId) -> Result<PendingFacts, PortError> {
        unasked()
    }

    async fn review(&self, _: &Repo, _: RunId, _: &[u64], _: bool, _: &str) -> Result<(), PortError> {
        unasked()
    }

    async fn is_member(&self, _: &Repo, _: &str, _: &str) -> Result<bool, PortError> {
        unasked()
    }

    async fn ensure(&self, action: &Action) -> Result<Option<String>, PortError> {
        let Action::Rerun { run, attempt, .. } = action else { return Err(PortError::permanent("not a re-run")) };
        let mut runs = self.runs.lock().unwrap();
        let have = runs.get_mut(&run.0).ok_or_else(|| PortError::permanent("there is no such run"))?;
        if have.attempt == *attempt {
            (have.attempt, have.conclusion) = (attempt + 1, None);
            self.acts.lock().unwrap().push((run.0, *attempt));
        }
        Ok(None)
    }

    async fn recent(&self, _: &Repo, _: Since) -> Result<Vec<Delivery>, PortError> {
        Ok(Vec::new())
    }

    async fn repositories(&self) -> Result<Vec<Repo>, PortError> {
        Ok(Vec::new())
    }

    async fn redeliver(&self, _: Time) -> Result<u32, PortError> {
        Ok(0)
    }
}

impl PastRuns for Double {}

fn unasked<T>() -> Result<T, PortError> {
    Err(PortError::permanent("nobody asks for that here"))
}

#[async_trait]
impl Forge for Double {
    async fn head(&self, _: &Repo, branch: &Untrusted, _: Option<u64>) -> Result<Option<String>, PortError> {
        let runs = self.runs.lock().unwrap();
        let newest = runs.iter().rev().find(|(_, run)| run.branch == branch.raw());
        Ok(newest.map(|(run, _)| sha(*run)))
    }

    async fn is_protected(&self, _: &Repo, _: &Untrusted) -> Result<bool, PortError> {
        Ok(false)
    }

    async fn commit_message(&self, _: &Repo, _: &str) -> Result<Untrusted, PortError> {
        Ok("Count the shipping".into())
    }

    async fn author(&self, _: &Repo, _: &str) -> Result<Option<String>, PortError> {
        Ok(None)
    }

    async fn file(&self, _: &Repo, _: &str, _: usize) -> Result<Option<String>, PortError> {
        Ok(None)
    }

    fn clone_url(&self, repo: &Repo) -> String {
        format!("https://example.org/{repo}.git")
    }

    async fn pull(&self, _: &Repo, _: u64) -> Result<Pulled, PortError> {
        unasked()
    }

    async fn pull_of(&self, _: &Repo, _: &Untrusted, _: &str) -> Result<Option<PullOf>, PortError> {
        Ok(None)
    }

    async fn repository(&self, repo: &Repo) -> Result<Option<KnownRepo>, PortError> {
        Ok(Some(KnownRepo { name: repo.clone(), private: true }))
    }

    async fn may_read(&self, _: &Repo, _: &str) -> Result<bool, PortError> {
        Ok(false)
    }

    async fn may_write(&self, _: &Repo, _: &str) -> Result<bool, PortError> {
        Ok(false)
    }

    async fn advisories(&self, _: &Repo, _: &str, _: &str, _: &str) -> Result<Vec<Advisory>, PortError> {
        unasked()
    }

    async fn open_pull(&self, _: &Repo, _: &NewPull<'_>) -> Result<Made, PortError> {
        unasked()
    }

    async fn merge(&self, _: &Repo, _: &OwnBranch, _: &str) -> Result<(), PortError> {
        unasked()
    }

    async fn open_issue(&self, _: &Repo, issue: &NewIssue<'_>) -> Result<Option<Made>, PortError> {
        let mut issues = self.issues.lock().unwrap();
        let at = issues.iter().position(|marker| marker == issue.marker);
        let at = at.unwrap_or_else(|| {
            issues.push(issue.marker.to_owned());
            issues.len() - 1
        });
        Ok(Some(Made { what: MadeKind::Issue, number: at as u64 + 1, url: String::new() }))
    }

    async fn checks_at(&self, _: &Repo, _: &str) -> Result<Vec<CheckSeen>, PortError> {
        unasked()
    }

    async fn say_check(&self, _: &Repo, _: &str, _: &CheckSaid<'_>) -> Result<(), PortError> {
        unasked()
    }

    async fn ensure(&self, _: &Action) -> Result<(), PortError> {
        unasked()
    }
}

/// Nobody has a role.
pub struct Strangers;

impl Directory for Strangers {
    fn principal(&self, actor: &Actor, _: &Place) -> Principal {
        Principal {
            key: actor.id.clone(),
            name: actor.id.as_str().into(),
            role: Role::Viewer,
            github: None,
            known: false,
        }
    }

    fn admins(&self) -> Vec<Vec<(Platform, String)>> {
        Vec::new()
    }
}

/// An engine with this forge and nothing else.
pub async fn engine(
    store: &Arc<dyn Store>,
    clock: &Arc<HandClock>,
    double: &Arc<Double>,
    rules: &Rules,
) -> Arc<Engine> {
    Engine::start(Parts {
        store: store.clone(),
        clock: clock.clone(),
        settings: Settings {
            rules: rules.clone(),
            mentions: Mentions::default(),
            filter: RepoFilter::default(),
            feeds: Vec::new(),
            digests: Vec::new(),
            verdict_check: false,
            watching: ci_rescue::domain::schedule::Watching::default(),
        },
        agents: None,
        containers: None,
        status: None,
        words: Arc::new(Words::shipped(Places::default()).unwrap()),
        chats: Vec::new(),
        sinks: Vec::new(),
        audit: Vec::new(),
        ci: Some(double.clone()),
        forge: Some(double.clone()),
        git: None,
        resolver: None,
        accounts: None,
        console_url: None,
        directory: Arc::new(Strangers),
        decoders: Vec::new(),
        health: ci_rescue::ports::Health::new(clock.clone()),
        home: None,
    })
    .await
    .unwrap()
}
