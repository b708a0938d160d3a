//! The verdict check at the heads of pull requests: when it is looked at, and what is known of each failure.

use super::Engine;
use super::turn::Working;
use crate::domain::commit_check::{AtCommit, CheckSeen, FailureKnown, LogKnown, NAME, Weighed};
use crate::domain::event::{Event, Scope};
use crate::domain::evidence::Evidence;
use crate::domain::facts::BaseFailure;
use crate::domain::head;
use crate::domain::ids::{IncidentNo, Repo, RunId};
use crate::domain::incident::{Incident, JobState, LogSeen};
use crate::domain::text::Untrusted;
use crate::domain::time::{SECOND_MS, Time};
use crate::history::{self, outcomes};
use crate::policy::commit_check::verdict;
use crate::ports::{CheckSaid, PortError, StoreError, TimerRow};
use std::collections::BTreeSet;

/// Events of one commit come in bursts: it is looked at no more often.
const PACE_MS: i64 = 10 * SECOND_MS;
/// Failures of one commit that are looked at; with more, it is not green.
const FAILURES_MAX: usize = 100;

impl Working<'_> {
    /// An event that tells of a commit.
    pub(super) fn at_commit(&mut self, event: &Event) {
        match event {
            Event::Failed { failure } if failure.confirmed && failure.scope != Scope::Alert => {
                let own = failure.branch.raw() == failure.default_branch && !failure.fork;
                if !own {
                    self.commit_due(&failure.repo, &failure.sha, &failure.branch);
                }
            }
            Event::Progressed { progress } => self.commit_due(&progress.repo, &progress.sha, &progress.branch),
            Event::HeadMoved { repo, branch, sha } => self.commit_due(repo, sha, branch),
            _ => {}
        }
    }

    /// An incident that changed may be known better now.
    pub(super) fn at_commits_of(&mut self, incident: &Incident) {
        if incident.on_default_branch() {
            return;
        }
        for run in incident.runs.iter().filter(|run| !run.superseded) {
            self.commit_due(&incident.repo, &run.sha, &run.branch);
        }
    }

    pub(super) fn commit_due(&mut self, repo: &Repo, sha: &str, head: &Untrusted) {
        if !self.engine.settings().verdict_check || sha.is_empty() || !self.has_repo(repo) {
            return;
        }
        // However fast events come, the next look is not put off by them.
        let at = Time((self.now.0 / PACE_MS + 1) * PACE_MS);
        let key = format!("commit:{repo}@{sha}:{}", at.0);
        if self.turn.timers.iter().any(|timer| timer.key == key) {
            return;
        }
        let event = Event::CommitDue { repo: repo.clone(), sha: sha.to_owned(), head: head.clone() };
        self.turn.timers.push(TimerRow { key, at, event });
    }
}

fn lost(why: &StoreError) -> PortError {
    PortError::transient(why.to_string())
}

impl Engine {
    /// Says at the head of a pull request, or of a merge queue's entry, what its failures come to.
    pub(super) async fn check_commit(&self, repo: &Repo, sha: &str, head: &Untrusted) -> Result<(), PortError> {
        // What was set earlier may have been turned off since.
        if !self.settings().verdict_check {
            return Ok(());
        }
        // What is read here is written here: a later look reads after this one wrote.
        let _turn = self.looked_at.turn((repo.clone(), sha.to_owned())).await;
        let Some(onto) = self.target(repo, head, sha).await? else { return Ok(()) };
        let (at, failed) = match self.read_commit(repo, sha).await {
            Ok(at) => (Ok(at), None),
            Err(why) => (Err(why.to_string()), Some(why)),
        };
        let known = match &at {
            Ok(at) => self.known_failures(repo, at, &onto).await.map_err(|why| lost(&why))?,
            Err(_) => Vec::new(),
        };
        let verdict = verdict(&at, &known);
        let words = self.words.verdict(&verdict, self.home.as_deref());
        let words = words.map_err(|why| PortError::permanent(why.to_string()))?;
        let marker = format!("ci-rescue/{}/verdict", self.installation);
        let said = CheckSaid {
            name: NAME,
            marker: &marker,
            conclusion: verdict.state.conclusion(),
            title: &words.title,
            summary: &words.summary,
        };
        self.forge()?.say_check(repo, sha, &said).await?;
        // It is looked at again, and meanwhile it is not green.
        failed.map_or(Ok(()), Err)
    }

    /// The branch that the commit is to go to; `None` where it is the head of nothing.
    async fn target(&self, repo: &Repo, head: &Untrusted, sha: &str) -> Result<Option<String>, PortError> {
        if let Some((onto, _)) = head::queued(head.raw()) {
            return Ok(Some(onto.to_owned()));
        }
        let Some(pull) = self.forge()?.pull_of(repo, head, sha).await? else { return Ok(None) };
        Ok(Some(self.forge()?.pull(repo, pull.number).await?.onto))
    }

    async fn read_commit(&self, repo: &Repo, sha: &str) -> Result<AtCommit, PortError> {
        let checks = self.forge()?.checks_at(repo, sha).await?;
        let runs = self.ci()?.runs_at(repo, sha).await?;
        let mut at = AtCommit { checks, runs, jobs: Vec::new() };
        let red: BTreeSet<RunId> = at.failed().filter_map(|check| check.run).take(FAILURES_MAX).collect();
        for run in at.runs.iter().filter(|run| red.contains(&run.id)) {
            at.jobs.extend(self.ci()?.jobs(repo, run.id, run.attempt).await?);
        }
        Ok(at)
    }

    async fn known_failures(&self, repo: &Repo, at: &AtCommit, onto: &str) -> Result<Vec<FailureKnown>, StoreError> {
        let mut all = Vec::new();
        for check in at.failed().take(FAILURES_MAX) {
            let steps = at.jobs.iter().find(|job| Some(job.id) == check.job).map(|job| job.failing_steps);
            all.push(FailureKnown { steps, ..self.known_failure(repo, check, onto).await? });
        }
        for run in at.failed_runs().take(FAILURES_MAX - all.len()) {
            let name = format!("workflow run {}", run.id).into();
            let incident = self.owner_of(repo, run.id).await;
            all.push(FailureKnown { incident, ..unknown(name, LogKnown::Unread) });
        }
        Ok(all)
    }

    async fn owner_of(&self, repo: &Repo, run: RunId) -> Option<IncidentNo> {
        self.state.lock().await.index.run(repo, run).and_then(|seen| seen.incident)
    }

    async fn known_failure(&self, repo: &Repo, check: &CheckSeen, onto: &str) -> Result<FailureKnown, StoreError> {
        let (Some(run), Some(id)) = (check.run, check.job) else {
            let why = "CI Rescue reads logs of GitHub Actions only";
            return Ok(unknown(check.name.clone(), LogKnown::Missing(why.into())));
        };
        let no = self.owner_of(repo, run).await;
        let incident = match no {
            Some(no) => self.store.incident(no).await?,
            None => None,
        };
        let job = incident.as_ref().and_then(|one| one.jobs.iter().find(|job| job.id == Some(id)));
        let (Some(incident), Some(job)) = (&incident, job) else {
            return Ok(unknown(check.name.clone(), LogKnown::Unseen));
        };
        let mut known = FailureKnown { incident: Some(incident.no), ..unknown(check.name.clone(), LogKnown::Unread) };
        known.said = incident.judged.as_ref().and_then(|judged| Some((judged.by.clone()?, judged.cause)));
        let seen = match &job.log {
            None => return Ok(known),
            Some(LogSeen::Missing(why)) => return Ok(FailureKnown { log: LogKnown::Missing(why.clone()), ..known }),
            Some(seen) => seen,
        };
        let Some(evidence) = self.evidence_of(incident, seen).await? else { return Ok(known) };
        known.weighed = self.weigh(incident, job, &evidence).await?;
        let named = known.weighed.iter().filter(|one| one.test.is_some()).count() as u64;
        let total = evidence.failing_tests_total.max(evidence.failing_tests.len() as u64);
        known.tests_elsewhere = evidence.tests_elsewhere;
        known.log = LogKnown::Read { unnamed: total.saturating_sub(named) };
        if onto == incident.default_branch {
            known.base = self.base_of(incident, job, &evidence).await?;
        }
        Ok(known)
    }

    /// What the job's log said: kept by its incident, or by one that this one adopted.
    async fn evidence_of(&self, incident: &Incident, seen: &LogSeen) -> Result<Option<Evidence>, StoreError> {
        let of = |incident: &Incident| incident.evidence.iter().find(|own| LogSeen::of(own) == *seen).cloned();
        if let Some(found) = of(incident) {
            return Ok(Some(found));
        }
        for no in &incident.adopted {
            if let Some(found) = self.store.incident(*no).await?.as_ref().and_then(of) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Each failing test by its own history, or the job where none is named.
    async fn weigh(
        &self,
        incident: &Incident,
        job: &JobState,
        evidence: &Evidence,
    ) -> Result<Vec<Weighed>, StoreError> {
        let mut failures = outcomes::of_job(incident, job, evidence, self.clock.now());
        if failures.iter().any(|failure| failure.test.is_some()) {
            failures.retain(|failure| failure.test.is_some());
        }
        let pasts = self.store.with(&failures).await?;
        let weigh = |failure: &crate::domain::outcome::Outcome| {
            let (past, row) = pasts.past(failure)?;
            let judged = history::opinion(&past, &row, Some(evidence));
            let (cause, chance, record) = (judged.cause, judged.chance(judged.cause), judged.record);
            Ok(Weighed { test: failure.test.clone(), cause, chance, record })
        };
        failures.iter().map(weigh).collect()
    }

    /// The open incident of the default branch in which the same job fails in the same way.
    async fn base_of(
        &self,
        incident: &Incident,
        job: &JobState,
        evidence: &Evidence,
    ) -> Result<Option<BaseFailure>, StoreError> {
        let Some(print) = &evidence.fingerprint else { return Ok(None) };
        let Some(base) = self.state.lock().await.index.same(incident, print).base else { return Ok(None) };
        let found = self.store.incident(base.incident).await?;
        // In the same way and no more: a fingerprint knows the first of many failing tests alone.
        let log = Some(LogSeen::of(evidence));
        let in_one = |other: &JobState| other.name == job.name && other.log == log;
        let same = found.filter(|one| one.closed_at.is_none() && one.jobs.iter().any(in_one));
        Ok(same.map(|_| base))
    }
}

fn unknown(name: Untrusted, log: LogKnown) -> FailureKnown {
    FailureKnown {
        name,
        incident: None,
        log,
        steps: None,
        tests_elsewhere: false,
        weighed: Vec::new(),
        said: None,
        base: None,
    }
}
