//! Where incidents are found that are about more than one run: merge queues, nights, and schedules that are silent.

use crate::domain::event::{Event, Failure};
use crate::domain::facts::RunSeen;
use crate::domain::head;
use crate::domain::ids::{IncidentNo, Repo, RunId};
use crate::domain::incident::Incident;
use crate::domain::queue::{Reason, STORM_MS};
use crate::domain::time::{DAY_MS, Time};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A schedule that is red again so soon is the same incident; later it is a new one.
const AGAIN_MS: i64 = 7 * DAY_MS;

/// A repository with a branch, a workflow or a file of it.
type Key = (String, String);

#[derive(Debug, Default)]
pub struct Special {
    /// Open incidents of each queue: when it lost something last, and its pull requests.
    queues: HashMap<Key, BTreeMap<IncidentNo, (Time, BTreeSet<u64>)>>,
    /// By workflow and branch: the newest scheduled run that an incident has, open or not.
    nights: HashMap<(String, String, String), (RunId, IncidentNo, Time)>,
    /// Open incidents by the workflow's file.
    silent: HashMap<Key, IncidentNo>,
}

fn key(repo: &Repo, name: &str) -> Key {
    (repo.to_string(), name.to_owned())
}

impl Special {
    pub fn note(&mut self, incident: &Incident) {
        if let Some(queue) = &incident.queue {
            let pulls = queue.entries.iter().map(|entry| entry.pull).collect();
            let of = self.queues.entry(key(&incident.repo, queue.onto.raw())).or_default();
            of.insert(incident.no, (queue.at, pulls));
        }
        if let Some(missed) = &incident.missed {
            self.silent.insert(key(&incident.repo, missed.path.raw()), incident.no);
        }
    }

    pub fn forget(&mut self, no: IncidentNo) {
        self.silent.retain(|_, have| *have != no);
        self.queues.retain(|_, of| {
            of.remove(&no);
            !of.is_empty()
        });
    }

    /// What is known of a run, where the clock started it and an incident has it.
    pub fn saw_run(&mut self, repo: &str, run: RunId, seen: &RunSeen) {
        let (Some(no), Some(workflow), Some(head)) = (seen.incident, &seen.workflow, &seen.head) else { return };
        if !seen.scheduled {
            return;
        }
        let lane = (repo.to_owned(), workflow.raw().to_owned(), head.raw().to_owned());
        let known = self.nights.entry(lane).or_insert((run, no, seen.at));
        if run >= known.0 {
            *known = (run, no, seen.at);
        }
    }

    pub fn forget_runs(&mut self, before: Time) {
        self.nights.retain(|_, (_, _, at)| *at >= before);
    }

    /// The incident of this workflow's nights: open, or closed lately.
    pub fn night(&self, failure: &Failure, now: Time, is_open: impl Fn(IncidentNo) -> bool) -> Option<IncidentNo> {
        let lane = (failure.repo.to_string(), failure.workflow.raw().to_owned(), failure.branch.raw().to_owned());
        let (_, no, at) = self.nights.get(&lane)?;
        (is_open(*no) || now.ms_since(*at) <= AGAIN_MS).then_some(*no)
    }

    /// The incident of a queue that has this pull request, else the one that lost something just now.
    pub fn queue(&self, repo: &Repo, onto: &str, number: u64, now: Time) -> Option<IncidentNo> {
        let of = self.queues.get(&key(repo, onto))?;
        let known = of.iter().find(|(_, (_, pulls))| pulls.contains(&number));
        let late = || of.iter().rev().find(|(_, (at, _))| now.ms_since(*at) <= STORM_MS);
        known.or_else(late).map(|(no, _)| *no)
    }

    /// The same for a failing run of a queue's entry.
    pub fn group(&self, failure: &Failure, now: Time) -> Option<IncidentNo> {
        let (onto, number) = head::queued(failure.branch.raw())?;
        self.queue(&failure.repo, onto, number, now)
    }

    /// Incidents of one queue that have this pull request.
    pub fn with_pull(&self, repo: &Repo, onto: &str, number: u64) -> BTreeSet<IncidentNo> {
        let of = self.queues.get(&key(repo, onto));
        of.into_iter().flatten().filter(|(_, (_, pulls))| pulls.contains(&number)).map(|(no, _)| *no).collect()
    }

    /// Where an entry belongs that was thrown out; `Err`: nowhere, and why; `Ok(None)`: it opens an incident.
    pub fn thrown_out(&self, event: &Event, now: Time) -> Result<Option<IncidentNo>, &'static str> {
        let Event::Dequeued { repo, number: Some(number), out, .. } = event else {
            return Err("it names no pull request");
        };
        if let Some(no) = self.with_pull(repo, out.onto.raw(), *number).first() {
            return Ok(Some(*no));
        }
        match out.reason {
            None => Err("the pull request tells why it was thrown out"),
            Some(reason) if reason.is_wanted() => Err("somebody took it out of the merge queue, or it is merged"),
            Some(Reason::UnknownRemovalReason) if out.onto.is_empty() => Err("it names no queue"),
            Some(_) => Ok(self.queue(repo, out.onto.raw(), *number, now)),
        }
    }

    pub fn silent(&self, repo: &Repo, path: &str) -> Option<IncidentNo> {
        self.silent.get(&key(repo, path)).copied()
    }
}
