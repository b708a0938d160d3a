//! A forge in memory: runs, pull requests, issues and branches, with a book of everything that was done to it.

mod waiting;

pub use waiting::REVIEWERS;

use super::plants::Plant;
use super::power::Power;
use crate::policy::double::{sha, word};
use crate::world::HandClock;
use async_trait::async_trait;
use ci_rescue::domain::action::{Action, Made, MadeKind};
use ci_rescue::domain::agent::Touched;
use ci_rescue::domain::change::{Change, ChangeOutcome, Method, NewCommit};
use ci_rescue::domain::commit_check::CheckSeen;
use ci_rescue::domain::deployment::{PendingFacts, Review};
use ci_rescue::domain::edit::Source;
use ci_rescue::domain::facts::{JobFacts, PullOf, RunFacts};
use ci_rescue::domain::refs::{Branch, OwnBranch};
use ci_rescue::domain::runner::Fleet;
use ci_rescue::domain::suspect::Landed;
use ci_rescue::domain::text::Untrusted;
use ci_rescue::domain::{Conclusion, Digest, Repo, RunId, Time};
use ci_rescue::ports::{
    Advisory, ChangeSource, CheckSaid, Ci, Clock, Delivery, Forge, Git, KnownRepo, LogStream, NewIssue, NewPull,
    PastRuns, PortError, Pulled, Since,
};
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

#[derive(Clone, Debug)]
pub struct Run {
    pub branch: String,
    /// Each attempt's end; `None` while it is going.
    pub attempts: Vec<Option<Conclusion>>,
    /// It fails whatever is done.
    pub broken: bool,
}

#[derive(Clone, Debug)]
pub struct Pull {
    pub branch: String,
    pub open: bool,
    pub merged: bool,
}

/// Something that was done to the forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub what: What,
    /// In the order of what was noted.
    pub at: usize,
    /// The emergency stop was on.
    pub held: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Rerun(u64, u32),
    Pushed(String),
    Opened(String),
    Issue(String),
    Merged(String),
    Enqueued(u64),
    /// A deployment of the run was decided on, for this person.
    Reviewed(u64, String),
    /// Something was taken back.
    Undone(String),
}

/// A run that waits until somebody lets it deploy.
#[derive(Clone, Debug)]
pub struct Deploy {
    pub waits: bool,
    /// Decided on the forge itself.
    pub elsewhere: bool,
    pub reviews: Vec<Review>,
}

#[derive(Default)]
pub struct Books {
    pub runs: BTreeMap<u64, Run>,
    pub deploys: BTreeMap<u64, Deploy>,
    /// Pull requests that are in the merge queue.
    pub queue: BTreeSet<u64>,
    /// Runners that are online.
    pub online: u32,
    /// Pull requests that the bot merged, and that the forge has not told of.
    pub merged: Vec<(u64, String)>,
    /// Branches of people that were deleted.
    pub gone: BTreeSet<String>,
    pub pulls: BTreeMap<u64, Pull>,
    /// Issues by marker, and whether each is open.
    pub issues: Vec<(String, bool)>,
    /// Branch → commit and tree.
    pub branches: BTreeMap<String, (String, String)>,
    pub acts: Vec<Act>,
}

pub struct Town {
    pub clock: Arc<HandClock>,
    pub power: Arc<Power>,
    pub plant: Option<Plant>,
    pub held: Mutex<Option<Arc<super::disk::Disk>>>,
    pub books: Mutex<Books>,
}

/// The pull request of people that landed before everything began.
pub const LANDED: u64 = 9;

impl Town {
    pub fn new(clock: Arc<HandClock>, power: Arc<Power>, plant: Option<Plant>) -> Arc<Self> {
        Arc::new(Self { clock, power, plant, held: Mutex::default(), books: Mutex::default() })
    }

    fn is(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }

    fn act(&self, books: &mut Books, what: What) {
        let held = self.held.lock().unwrap().as_ref().is_some_and(|disk| disk.held.load(Ordering::SeqCst));
        self.power.note(format!("act {what:?}{}", if held { " (held)" } else { "" }));
        books.acts.push(Act { what, at: self.power.moment(), held });
    }

    fn call<T>(&self, what: &str, act: impl FnOnce(&mut Books) -> Result<T, PortError>) -> Result<T, PortError> {
        self.power.call(what, || act(&mut self.books.lock().unwrap()))
    }

    fn facts(&self, id: u64, run: &Run) -> RunFacts {
        RunFacts {
            id: RunId(id),
            fork: false,
            scheduled: false,
            attempt: u32::try_from(run.attempts.len()).unwrap(),
            conclusion: run.attempts.last().copied().flatten(),
            created_at: self.clock.now(),
            head_sha: sha(id),
            head_branch: run.branch.as_str().into(),
            default_branch: Some("main".into()),
            url: None,
        }
    }
}

fn no_run() -> PortError {
    PortError::permanent("there is no such run")
}

fn unasked<T>() -> Result<T, PortError> {
    Err(PortError::permanent("nobody asks for that here"))
}

impl ci_rescue::ports::Timetables for Town {}
impl PastRuns for Town {}

#[async_trait]
impl Ci for Town {
    async fn run(&self, _: &Repo, run: RunId) -> Result<RunFacts, PortError> {
        self.call(&format!("run {}", run.0), |books| {
            books.runs.get(&run.0).map(|have| self.facts(run.0, have)).ok_or_else(no_run)
        })
    }

    async fn runs(&self, _: &Repo, _: &Untrusted, branch: &Untrusted) -> Result<Vec<RunFacts>, PortError> {
        self.call("runs", |books| {
            let on = books.runs.iter().rev().filter(|(_, run)| run.branch == branch.raw());
            Ok(on.map(|(id, run)| self.facts(*id, run)).collect())
        })
    }

    async fn jobs(&self, _: &Repo, run: RunId, attempt: u32) -> Result<Vec<JobFacts>, PortError> {
        self.call(&format!("jobs {}", run.0), |books| {
            let have = books.runs.get(&run.0).ok_or_else(no_run)?;
            let conclusion = have.attempts.get(attempt as usize - 1).copied().flatten();
            let id = run.0 * 100 + u64::from(attempt);
            Ok(vec![JobFacts { id, name: "test".into(), conclusion, failing_step: None, failing_steps: 0 }])
        })
    }

    async fn last_green(
        &self,
        _: &Repo,
        _: &Untrusted,
        branch: &Untrusted,
        before: RunId,
    ) -> Result<Option<RunFacts>, PortError> {
        self.call("last green", |books| {
            let mut before = books.runs.range(..before.0).rev();
            let green = before
                .find(|(_, run)| run.branch == branch.raw() && run.attempts.last() == Some(&Some(Conclusion::Success)));
            Ok(green.map(|(id, run)| self.facts(*id, run)))
        })
    }

    async fn runs_at(&self, _: &Repo, at: &str) -> Result<Vec<RunFacts>, PortError> {
        self.call("runs at", |books| {
            Ok(books.runs.iter().filter(|(id, _)| sha(**id) == at).map(|(id, run)| self.facts(*id, run)).collect())
        })
    }

    async fn green(&self, _: &Repo, _: &str, _: &Untrusted) -> Result<Option<bool>, PortError> {
        self.call("green", |_| Ok(Some(true)))
    }

    async fn log(&self, _: &Repo, job_id: u64) -> Result<LogStream, PortError> {
        let run = job_id / 100;
        let text = self.call(&format!("log {run}"), |books| {
            let have = books.runs.get(&run).ok_or_else(no_run)?;
            let test = word(run % 3 + 1);
            Ok(if have.broken {
                format!(
                    "##[group]Run pytest\nFAILED tests/test_{test}.py::test_{test} - AssertionError: expected {}\n\
                     === 1 failed, 9 passed in 3.1s ===\n##[error]Process completed with exit code 1.\n",
                    word(run)
                )
            } else {
                format!(
                    "##[group]Run npm ci\nnpm error code ECONNRESET while fetching {test}\n\
                     ##[error]Process completed with exit code 1.\n"
                )
            })
        })?;
        Ok(futures::stream::iter([Ok(text.into_bytes())]).boxed())
    }

    async fn runners(&self, _: &Repo, _: &[String]) -> Result<Fleet, PortError> {
        self.call("runners", |books| Ok(Fleet { online: books.online, offline: 1 }))
    }

    async fn pending(&self, _: &Repo, run: RunId) -> Result<PendingFacts, PortError> {
        self.deployments(run.0)
    }

    async fn review(&self, _: &Repo, run: RunId, ids: &[u64], approve: bool, said: &str) -> Result<(), PortError> {
        self.take_review(run.0, ids, approve, said)
    }

    async fn is_member(&self, _: &Repo, _: &str, _: &str) -> Result<bool, PortError> {
        unasked()
    }

    async fn ensure(&self, action: &Action) -> Result<Option<String>, PortError> {
        match action {
            Action::Rerun { run, attempt, .. } => self.call(&format!("rerun {} {attempt}", run.0), |books| {
                let blindly = self.is(Plant::RerunsBlindly);
                let have = books.runs.get_mut(&run.0).ok_or_else(no_run)?;
                if have.attempts.last() == Some(&None) && !blindly {
                    return if have.attempts.len() > *attempt as usize {
                        Ok(None)
                    } else {
                        Err(PortError::transient("the run is in progress"))
                    };
                }
                if have.attempts.len() == *attempt as usize || blindly {
                    have.attempts.push(None);
                    self.act(books, What::Rerun(run.0, *attempt));
                }
                Ok(None)
            }),
            Action::Cancelled { run, attempt, .. } => self.call(&format!("cancel {}", run.0), |books| {
                let have = books.runs.get_mut(&run.0).ok_or_else(no_run)?;
                let undone = self.plant != Some(Plant::UndoesNothing);
                if undone && have.attempts.len() == *attempt as usize && have.attempts.last() == Some(&None) {
                    *have.attempts.last_mut().unwrap() = Some(Conclusion::Cancelled);
                    self.act(books, What::Undone(format!("run {}", run.0)));
                }
                Ok(None)
            }),
            _ => Err(PortError::permanent("not of a run")),
        }
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

#[async_trait]
impl Forge for Town {
    async fn head(&self, _: &Repo, branch: &Untrusted, _: Option<u64>) -> Result<Option<String>, PortError> {
        self.call("head", |books| {
            if books.gone.contains(branch.raw()) {
                return Ok(None);
            }
            let newest = books.runs.iter().rev().find(|(_, run)| run.branch == branch.raw());
            Ok(Some(newest.map_or_else(|| sha(0), |(run, _)| sha(*run))))
        })
    }

    async fn is_protected(&self, _: &Repo, _: &Untrusted) -> Result<bool, PortError> {
        self.call("protected", |_| Ok(false))
    }

    async fn commit_message(&self, _: &Repo, _: &str) -> Result<Untrusted, PortError> {
        self.call("message", |_| Ok("Count the shipping".into()))
    }

    async fn author(&self, _: &Repo, _: &str) -> Result<Option<String>, PortError> {
        self.call("author", |_| Ok(None))
    }

    async fn file(&self, _: &Repo, path: &str, _: usize) -> Result<Option<String>, PortError> {
        self.call(&format!("file {path}"), |_| Ok(None))
    }

    fn clone_url(&self, repo: &Repo) -> String {
        format!("https://example.org/{repo}.git")
    }

    async fn pull(&self, _: &Repo, number: u64) -> Result<Pulled, PortError> {
        self.call(&format!("pull {number}"), |books| {
            let landed = number == LANDED;
            let have = books.pulls.get(&number);
            if !landed && have.is_none() {
                return Err(PortError::permanent("there is no such pull request"));
            }
            let merged = landed || have.is_some_and(|pull| pull.merged);
            Ok(Pulled {
                title: "Count the shipping".into(),
                onto: "main".into(),
                default_branch: Some("main".into()),
                merge_commit: merged.then(|| sha(7)),
                merged_at: merged.then(|| self.clock.now()),
                closed: have.is_some_and(|pull| !pull.open && !pull.merged),
                messages: vec!["Count the shipping".into()],
            })
        })
    }

    async fn pull_of(&self, _: &Repo, _: &Untrusted, _: &str) -> Result<Option<PullOf>, PortError> {
        self.call("pull of", |_| Ok(None))
    }

    async fn repository(&self, repo: &Repo) -> Result<Option<KnownRepo>, PortError> {
        self.call("repository", |_| Ok(Some(KnownRepo { name: repo.clone(), private: false })))
    }

    async fn may_read(&self, _: &Repo, _: &str) -> Result<bool, PortError> {
        self.call("may read", |_| Ok(true))
    }

    async fn may_write(&self, _: &Repo, login: &str) -> Result<bool, PortError> {
        self.call(&format!("may write {login}"), |_| Ok(login != "vic"))
    }

    async fn advisories(&self, _: &Repo, _: &str, _: &str, _: &str) -> Result<Vec<Advisory>, PortError> {
        unasked()
    }

    async fn open_pull(&self, _: &Repo, pull: &NewPull<'_>) -> Result<Made, PortError> {
        let branch = pull.branch.as_str().to_owned();
        self.call(&format!("open {branch}"), |books| {
            let have = books.pulls.iter().find(|(_, pull)| pull.branch == branch).map(|(number, _)| *number);
            let have = have.filter(|_| !self.is(Plant::OpensBlindly));
            if have.is_none() && !books.branches.contains_key(&branch) {
                return Err(PortError::permanent("the branch is not there"));
            }
            let number = have.unwrap_or(100 + books.pulls.len() as u64);
            if have.is_none() {
                books.pulls.insert(number, Pull { branch: branch.clone(), open: true, merged: false });
                self.act(books, What::Opened(branch.clone()));
            }
            Ok(Made { what: MadeKind::Pull, number, url: String::new() })
        })
    }

    async fn merge(&self, _: &Repo, branch: &OwnBranch, _: &str) -> Result<(), PortError> {
        self.call(&format!("merge {}", branch.as_str()), |books| {
            let pull = books.pulls.iter_mut().find(|(_, pull)| pull.branch == branch.as_str());
            let (number, pull) = pull.ok_or_else(|| PortError::permanent("there is no such pull request"))?;
            if !pull.merged {
                (pull.open, pull.merged) = (false, true);
                books.merged.push((*number, branch.as_str().to_owned()));
                self.act(books, What::Merged(branch.as_str().to_owned()));
            }
            Ok(())
        })
    }

    async fn open_issue(&self, _: &Repo, issue: &NewIssue<'_>) -> Result<Option<Made>, PortError> {
        self.call(&format!("issue {}", issue.marker), |books| {
            let at = books.issues.iter().position(|(marker, _)| marker == issue.marker);
            let at = at.filter(|_| !self.is(Plant::OpensBlindly)).unwrap_or_else(|| {
                books.issues.push((issue.marker.to_owned(), true));
                self.act(books, What::Issue(issue.marker.to_owned()));
                books.issues.len() - 1
            });
            Ok(Some(Made { what: MadeKind::Issue, number: 1000 + at as u64, url: String::new() }))
        })
    }

    async fn checks_at(&self, _: &Repo, _: &str) -> Result<Vec<CheckSeen>, PortError> {
        unasked()
    }

    async fn say_check(&self, _: &Repo, _: &str, _: &CheckSaid<'_>) -> Result<(), PortError> {
        self.call("check", |_| Ok(()))
    }

    async fn ensure(&self, action: &Action) -> Result<(), PortError> {
        let nothing = self.is(Plant::UndoesNothing);
        match action {
            Action::PullClosed { branch, .. } => self.call(&format!("close {}", branch.as_str()), |books| {
                let mut pulls = books.pulls.values_mut();
                if let Some(pull) = pulls.find(|pull| pull.branch == branch.as_str() && pull.open && !nothing) {
                    pull.open = false;
                    self.act(books, What::Undone(branch.as_str().to_owned()));
                }
                Ok(())
            }),
            Action::IssueClosed { marker, .. } => self.call(&format!("close {marker}"), |books| {
                let mut issues = books.issues.iter_mut();
                if let Some(issue) = issues.find(|(have, open)| have == marker && *open && !nothing) {
                    issue.1 = false;
                    self.act(books, What::Undone(marker.clone()));
                }
                Ok(())
            }),
            _ => self.call("ensure", |_| Ok(())),
        }
    }
}

/// Contents are what they were computed from.
fn computed(onto: &Branch, wanted: &ChangeSource<'_>) -> Change {
    let name = match wanted {
        ChangeSource::Pick(pick) => format!("{pick:?}"),
        ChangeSource::Edit { message, .. } | ChangeSource::Patch { message, .. } => (*message).to_owned(),
    };
    let tree = Digest::of([onto.as_str().as_bytes(), name.as_bytes()]).as_str()[..40].to_owned();
    let path = "tests/test_wb.py";
    Change {
        outcome: ChangeOutcome::Ready,
        base: sha(1),
        tree: tree.clone(),
        diff: format!(
            "diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1 +1,2 @@\n+@pytest.mark.skip\n def test():\n"
        ),
        patch_id: tree.clone(),
        commits: vec![NewCommit { tree, author: String::new(), date: String::new(), message: name }],
        ..Change::nothing(ChangeOutcome::Ready, Vec::new())
    }
}

#[async_trait]
impl Git for Town {
    async fn change(&self, _: &Repo, onto: &Branch, wanted: ChangeSource<'_>) -> Result<Change, PortError> {
        self.call("change", |_| Ok(computed(onto, &wanted)))
    }

    async fn lay_out(&self, _: &Repo, _: &str, _: &Path) -> Result<(), PortError> {
        unasked()
    }

    async fn collect(&self, _: &Repo, _: &str, _: &Path) -> Result<(Change, Vec<Touched>), PortError> {
        unasked()
    }

    async fn files(
        &self,
        _: &Repo,
        _: &str,
        _: for<'p> fn(&'p str) -> bool,
    ) -> Result<(Vec<String>, Vec<Source>), PortError> {
        self.call("files", |_| Ok((vec!["tests/test_wb.py".into()], Vec::new())))
    }

    async fn between(&self, _: &Repo, _: &str, _: &str) -> Result<(Vec<Landed>, bool), PortError> {
        self.call("between", |_| Ok((Vec::new(), false)))
    }

    async fn changed(&self, _: &Repo, _: &str, _: &[String]) -> Result<Vec<String>, PortError> {
        self.call("changed", |_| Ok(Vec::new()))
    }

    async fn merged(&self, _: &Repo, tip: &str, _: &[String]) -> Result<(Method, Vec<String>), PortError> {
        self.call("merged", |_| Ok((Method::Squash, vec![tip.to_owned()])))
    }

    async fn push(
        &self,
        _: &Repo,
        onto: &Branch,
        wanted: ChangeSource<'_>,
        tree: &str,
        branch: &OwnBranch,
        _: Time,
    ) -> Result<(), PortError> {
        let name = branch.as_str().to_owned();
        self.call(&format!("push {name}"), |books| {
            if computed(onto, &wanted).tree != tree {
                return Err(PortError::permanent("the change has become another"));
            }
            let head = (Digest::of([tree.as_bytes()]).as_str()[..40].to_owned(), tree.to_owned());
            if books.branches.insert(name.clone(), head).is_none() {
                self.act(books, What::Pushed(name.clone()));
            }
            Ok(())
        })
    }

    async fn markers(
        &self,
        _: &Repo,
        _: &OwnBranch,
        _: &[String],
        _: &str,
    ) -> Result<(String, Vec<String>), PortError> {
        unasked()
    }

    async fn standing(&self, _: &Repo, branch: &OwnBranch) -> Result<Option<(String, String)>, PortError> {
        self.call(&format!("standing {}", branch.as_str()), |books| Ok(books.branches.get(branch.as_str()).cloned()))
    }

    async fn drop_branch(&self, _: &Repo, branch: &OwnBranch) -> Result<(), PortError> {
        let nothing = self.is(Plant::UndoesNothing);
        self.call(&format!("drop {}", branch.as_str()), |books| {
            if !nothing && books.branches.remove(branch.as_str()).is_some() {
                self.act(books, What::Undone(branch.as_str().to_owned()));
            }
            Ok(())
        })
    }
}
