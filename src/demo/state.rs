//! What the forge knows.

use super::hooks::Hook;
use super::hooks::account;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The time, in milliseconds since the epoch: the demo's is the machine's, a test's its own.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A job of a run to be made: how it ends at each attempt.
#[derive(Clone, Debug)]
pub struct JobSpec {
    pub name: String,
    pub step: String,
    pub log: String,
    /// What it says when it passes.
    pub green_log: String,
    /// Conclusions by attempt; the last one counts for all later ones.
    pub ends: Vec<&'static str>,
    /// Further steps that fail when it does.
    pub failing_too: Vec<String>,
}

/// A run to be made.
#[derive(Clone, Debug)]
pub struct RunSpec {
    pub repo: String,
    pub workflow: String,
    pub branch: String,
    pub sha: String,
    pub message: String,
    pub pull: Option<u64>,
    pub sender: String,
    pub jobs: Vec<JobSpec>,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub id: u64,
    pub spec: usize,
    pub conclusion: Option<&'static str>,
    pub started_at: i64,
    /// 0 while it is going.
    pub ended_at: i64,
}

#[derive(Clone, Debug)]
pub struct Run {
    pub id: u64,
    pub spec: RunSpec,
    pub attempt: u32,
    /// Jobs by attempt, from attempt 1.
    pub attempts: Vec<Vec<Job>>,
    pub conclusion: Option<&'static str>,
    pub created_at: i64,
    /// When its newest attempt began, and when anything last changed.
    pub started_at: i64,
    pub updated_at: i64,
}

#[derive(Clone, Debug)]
pub struct Repo {
    pub id: u64,
    pub default_branch: String,
    pub branches: BTreeMap<String, String>,
    pub labels: BTreeMap<u64, Vec<String>>,
    pub comments: Vec<Value>,
    pub checks: Vec<Value>,
    /// Files that every commit has, for those that are in no git.
    pub files: BTreeMap<String, String>,
    /// Commit, context and state of what others report.
    pub statuses: Vec<(String, String, String)>,
    /// By comment: who is thought of, and how.
    pub reactions: Vec<(u64, String)>,
    /// By login; who stands nowhere may only read.
    pub permissions: BTreeMap<String, &'static str>,
    pub messages: BTreeMap<String, String>,
    /// The logins of commits' authors.
    pub authors: BTreeMap<String, String>,
    pub pulls: Vec<Pull>,
    pub issues: Vec<Issue>,
    /// Self-hosted ones.
    pub runners: Vec<Runner>,
    pub protected: Vec<String>,
    pub fork: bool,
    pub workflows: Vec<super::workflows::Workflow>,
    pub queue: super::queues::Queue,
}

/// A self-hosted runner.
#[derive(Clone, Debug)]
pub struct Runner {
    pub name: String,
    pub labels: Vec<String>,
    pub online: bool,
}

/// An issue that is no pull request.
#[derive(Clone, Debug)]
pub struct Issue {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub assignees: Vec<String>,
    pub open: bool,
    /// Why it was closed.
    pub reason: Option<String>,
}

/// A pull request.
#[derive(Clone, Debug)]
pub struct Pull {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub head: String,
    pub base: String,
    pub draft: bool,
    pub open: bool,
    /// The commit that it became last.
    pub merged: Option<String>,
    /// When, in milliseconds since the epoch; in the order of numbers where nothing was said.
    pub merged_at: Option<i64>,
    /// The messages of its own commits, the oldest first.
    pub messages: Vec<String>,
}

impl Pull {
    /// One that was merged into main as this commit.
    #[must_use]
    pub fn merged(number: u64, title: &str, commit: Option<String>) -> Self {
        Self {
            number,
            title: title.to_owned(),
            body: String::new(),
            head: "topic/shipping".into(),
            base: "main".into(),
            draft: false,
            open: false,
            merged: commit,
            merged_at: None,
            messages: vec![title.to_owned()],
        }
    }
}

/// A request that the forge has served, for those who check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub authorization: Option<String>,
    pub status: u16,
}

/// An attempt to deliver a webhook, as the App's list shows it.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub id: u64,
    pub guid: String,
    pub at: i64,
    pub status: u16,
    /// What was to arrive, so that it can be sent again.
    pub hook: Option<Hook>,
}

/// An answer that a test wants instead of the true one, once.
#[derive(Clone, Debug)]
pub struct Fault {
    pub method: String,
    pub path: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// The request takes effect although its answer is an error.
    pub after: bool,
}

/// An answer that is kept back: made when it was asked for, and given when the caller is let go.
#[derive(Clone, Default)]
pub struct Held {
    pub method: String,
    pub path: String,
    /// Told when the answer is made.
    pub made: Arc<Notify>,
    /// Told by whoever lets it go.
    pub go: Arc<Notify>,
}

#[derive(Default)]
pub struct State {
    pub repos: BTreeMap<String, Repo>,
    /// Former names, and what they are called now.
    pub renamed: BTreeMap<String, String>,
    pub runs: BTreeMap<u64, Run>,
    /// Those that the clock started.
    pub by_clock: BTreeSet<u64>,
    pub hooks: VecDeque<Hook>,
    pub calls: Vec<Call>,
    /// Logins that were given up, and who has them now.
    pub passed_on: BTreeMap<String, Option<u64>>,
    pub faults: Vec<Fault>,
    pub held: Vec<Held>,
    pub advisories: Vec<super::advisories::Advisory>,
    pub artifacts: Vec<super::artifacts::Artifact>,
    /// By run: the environments that it waits for, and the reviews that were given.
    pub gates: BTreeMap<u64, Vec<super::Gate>>,
    pub reviews: BTreeMap<u64, Vec<Value>>,
    /// By team and login: `active` or `pending`.
    pub members: BTreeMap<(String, String), &'static str>,
    /// Of this hour, where that is played.
    pub calls_left: Option<u64>,
    /// The oldest first.
    pub delivered: Vec<Delivered>,
    pub tokens_minted: u64,
    /// What each minted token was narrowed to.
    pub narrowed: Vec<Value>,
    pub next_id: u64,
    pub app_id: u64,
}

/// A stateful forge. Cloning shares it.
#[derive(Clone)]
pub struct Forge {
    state: Arc<Mutex<State>>,
    pub now: Now,
    /// Bare repositories live here; absent where git is not needed.
    pub git_dir: Option<PathBuf>,
    /// Milliseconds between what a write does and its answer: the moment in which a caller may die.
    pub latency_ms: Arc<AtomicU64>,
}

/// The number of whoever has a login first.
#[must_use]
pub fn account_number(login: &str) -> u64 {
    login.to_ascii_lowercase().bytes().fold(1_000, |id, byte| (id * 31 + u64::from(byte)) % 100_000_000)
}

impl Forge {
    #[must_use]
    pub fn new(now: Now, git_dir: Option<PathBuf>) -> Self {
        let state = State { next_id: 1_000, app_id: 7, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), now, git_dir, latency_ms: Arc::default() }
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the account with this login.
    #[must_use]
    pub fn account_id(&self, login: &str) -> Option<u64> {
        self.lock().passed_on.get(login).copied().unwrap_or_else(|| Some(account_number(login)))
    }

    pub fn add_repo(&self, name: &str) {
        let mut state = self.lock();
        let repo = Repo {
            id: 1 + state.repos.len() as u64,
            default_branch: "main".into(),
            branches: BTreeMap::new(),
            labels: BTreeMap::new(),
            comments: Vec::new(),
            checks: Vec::new(),
            files: BTreeMap::new(),
            statuses: Vec::new(),
            reactions: Vec::new(),
            permissions: BTreeMap::new(),
            messages: BTreeMap::new(),
            authors: BTreeMap::new(),
            pulls: Vec::new(),
            issues: Vec::new(),
            runners: Vec::new(),
            protected: vec!["main".into()],
            fork: false,
            workflows: Vec::new(),
            queue: super::queues::Queue::default(),
        };
        state.repos.insert(name.to_owned(), repo);
    }

    /// Starts a run: all its jobs are in progress.
    pub fn start(&self, spec: RunSpec) -> u64 {
        self.start_by(spec, false)
    }

    /// The same by the clock.
    pub fn start_on_schedule(&self, spec: RunSpec) -> u64 {
        self.start_by(spec, true)
    }

    fn start_by(&self, spec: RunSpec, clock: bool) -> u64 {
        let now = (self.now)();
        let mut state = self.lock();
        let id = state.fresh();
        let jobs = (0..spec.jobs.len())
            .map(|at| Job { id: state.fresh(), spec: at, conclusion: None, started_at: now, ended_at: 0 })
            .collect();
        if let Some(repo) = state.repos.get_mut(&spec.repo) {
            repo.branches.insert(spec.branch.clone(), spec.sha.clone());
            repo.messages.insert(spec.sha.clone(), spec.message.clone());
        }
        let run = Run {
            id,
            spec,
            attempt: 1,
            attempts: vec![jobs],
            conclusion: None,
            created_at: now,
            started_at: now,
            updated_at: now,
        };
        state.runs.insert(id, run);
        if clock {
            state.by_clock.insert(id);
        }
        state.tell_started(id);
        id
    }

    /// A run that passed before anyone listened: no webhook tells of it.
    pub fn passed(&self, spec: RunSpec) {
        let now = (self.now)();
        let mut state = self.lock();
        let id = state.fresh();
        let jobs = (0..spec.jobs.len())
            .map(|at| Job { id: state.fresh(), spec: at, conclusion: Some("success"), started_at: now, ended_at: now })
            .collect();
        let run = Run {
            id,
            spec,
            attempt: 1,
            attempts: vec![jobs],
            conclusion: Some("success"),
            created_at: now,
            started_at: now,
            updated_at: now,
        };
        state.runs.insert(id, run);
    }

    /// Lets a person do this in a repository: `admin`, `write`, `read`, `none`.
    pub fn permit(&self, repo: &str, login: &str, permission: &'static str) {
        if let Some(repo) = self.lock().repos.get_mut(repo) {
            repo.permissions.insert(login.to_owned(), permission);
        }
    }

    /// Renames or moves a repository; `told` says whether its webhook arrives.
    pub fn rename(&self, from: &str, to: &str, told: bool) {
        let mut state = self.lock();
        let Some(repo) = state.repos.remove(from) else { return };
        state.repos.insert(to.to_owned(), repo);
        state.renamed.remove(to);
        state.renamed.insert(from.to_owned(), to.to_owned());
        for run in state.runs.values_mut().filter(|run| run.spec.repo == from) {
            run.spec.repo = to.to_owned();
        }
        if told {
            state.tell_renamed(to);
        }
    }

    /// Deletes a branch.
    pub fn delete_branch(&self, repo: &str, branch: &str, login: &str) {
        let mut state = self.lock();
        if let Some(repo) = state.repos.get_mut(repo) {
            repo.branches.remove(branch);
        }
        state.tell_deleted(repo, branch, login);
    }

    /// A pull request that was closed is open again.
    pub fn reopen_pull(&self, repo: &str, number: u64, login: &str) {
        let mut state = self.lock();
        let found = state.repos.get_mut(repo).and_then(|repo| repo.pulls.iter_mut().find(|pull| pull.number == number));
        if let Some(pull) = found {
            pull.open = true;
        }
        state.tell_pull(repo, number, "reopened", login, None);
    }

    /// A person puts a label on a pull request.
    pub fn label(&self, repo: &str, number: u64, login: &str, label: &str) {
        let mut state = self.lock();
        if let Some(repo) = state.repos.get_mut(repo) {
            repo.labels.entry(number).or_default().push(label.to_owned());
        }
        state.tell_pull(repo, number, "labeled", login, Some(label));
    }

    /// A pull request ends: merged as this commit, or closed without it.
    pub fn end_pull(&self, repo: &str, number: u64, login: &str, merged: Option<&str>) {
        let now = (self.now)();
        let mut state = self.lock();
        let found = state.repos.get_mut(repo).and_then(|repo| repo.pulls.iter_mut().find(|pull| pull.number == number));
        if let Some(pull) = found {
            pull.open = false;
            pull.merged = merged.map(str::to_owned);
            pull.merged_at = merged.map(|_| now);
        }
        state.tell_pull(repo, number, "closed", login, None);
    }

    /// A person closes an issue as not planned.
    pub fn decline_issue(&self, repo: &str, number: u64, login: &str) {
        let mut state = self.lock();
        let found = state.repos.get_mut(repo).and_then(|repo| repo.issues.iter_mut().find(|i| i.number == number));
        let Some(issue) = found else { return };
        (issue.open, issue.reason) = (false, Some("not_planned".into()));
        state.tell_issue(repo, number, "closed", login);
    }

    /// A person comments on a pull request. Answers the comment's id.
    pub fn comment(&self, repo: &str, number: u64, login: &str, body: &str) -> u64 {
        let mut state = self.lock();
        let id = state.fresh();
        let comment = json!({"id": id, "number": number, "body": body, "user": account(login)});
        if let Some(repo) = state.repos.get_mut(repo) {
            repo.comments.push(comment);
        }
        state.tell_comment(repo, id, "created");
        id
    }

    /// Ends what is in progress, as the script says.
    pub fn finish(&self, id: u64) {
        let now = (self.now)();
        let mut state = self.lock();
        let Some(run) = state.runs.get_mut(&id) else { return };
        let attempt = run.attempt as usize;
        let specs = run.spec.jobs.clone();
        let mut ended = Vec::new();
        for job in run.attempts.last_mut().into_iter().flatten().filter(|job| job.conclusion.is_none()) {
            let ends = &specs[job.spec].ends;
            job.conclusion = Some(ends.get(attempt - 1).or(ends.last()).copied().unwrap_or("success"));
            job.ended_at = now;
            ended.push(job.id);
        }
        let all: Vec<&str> = run.attempts.last().into_iter().flatten().filter_map(|job| job.conclusion).collect();
        let worst = ["failure", "timed_out", "startup_failure", "cancelled"].into_iter().find(|bad| all.contains(bad));
        run.conclusion = Some(worst.unwrap_or("success"));
        run.updated_at = now;
        for job in ended {
            state.tell_job(id, job);
        }
        state.tell_run(id, "completed");
    }

    /// Starts another attempt with these jobs; the others keep their result.
    ///
    /// # Errors
    /// GitHub's status and words.
    pub fn rerun(&self, id: u64, which: impl Fn(&Job) -> bool) -> Result<(), (u16, &'static str)> {
        let now = (self.now)();
        let mut state = self.lock();
        let run = state.runs.get(&id).ok_or((404, "Not Found"))?;
        if run.conclusion.is_none() {
            return Err((403, "This workflow is already running"));
        }
        let last = run.attempts.last().cloned().unwrap_or_default();
        if !last.iter().any(&which) {
            return Err((403, "There are no jobs to re-run"));
        }
        let jobs: Vec<Job> = last
            .iter()
            .map(|job| Job {
                id: state.fresh(),
                spec: job.spec,
                conclusion: if which(job) { None } else { job.conclusion },
                started_at: if which(job) { now } else { job.started_at },
                ended_at: if which(job) { 0 } else { job.ended_at },
            })
            .collect();
        if let Some(run) = state.runs.get_mut(&id) {
            run.attempt += 1;
            run.attempts.push(jobs);
            run.conclusion = None;
            (run.started_at, run.updated_at) = (now, now);
        }
        state.tell_started(id);
        Ok(())
    }

    /// Ends what is in progress as cancelled.
    ///
    /// # Errors
    /// GitHub's status and words.
    pub fn cancel(&self, id: u64) -> Result<(), (u16, &'static str)> {
        let now = (self.now)();
        let mut state = self.lock();
        let run = state.runs.get_mut(&id).ok_or((404, "Not Found"))?;
        if run.conclusion.is_some() {
            return Err((409, "Cannot cancel a workflow run that is completed"));
        }
        for job in run.attempts.last_mut().into_iter().flatten().filter(|job| job.conclusion.is_none()) {
            job.conclusion = Some("cancelled");
            job.ended_at = now;
        }
        run.conclusion = Some("cancelled");
        run.updated_at = now;
        state.tell_run(id, "completed");
        Ok(())
    }

    /// Runs that are in progress.
    #[must_use]
    pub fn going(&self) -> Vec<u64> {
        self.lock().runs.values().filter(|run| run.conclusion.is_none()).map(|run| run.id).collect()
    }

    /// The webhooks that wait to be sent, oldest first.
    #[must_use]
    pub fn take_hooks(&self) -> Vec<Hook> {
        self.lock().hooks.drain(..).collect()
    }

    /// Requests of this method whose path ends so.
    #[must_use]
    pub fn count(&self, method: &str, tail: &str) -> usize {
        self.lock().calls.iter().filter(|call| call.method == method && call.path.ends_with(tail)).count()
    }
}

impl State {
    pub fn fresh(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The run and the attempt that a job belongs to.
    pub fn job(&self, id: u64) -> Option<(&Run, usize, &Job)> {
        self.runs.values().find_map(|run| {
            let found = run
                .attempts
                .iter()
                .enumerate()
                .find_map(|(at, jobs)| jobs.iter().find(|job| job.id == id).map(|job| (at, job)));
            found.map(|(at, job)| (run, at, job))
        })
    }
}
