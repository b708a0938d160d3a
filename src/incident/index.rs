//! Which incident an event belongs to.

use super::special::Special;
use super::{bisecting, looping};
use crate::domain::event::{Conclusion, Event, Failure, Progress, QueueEnd, Scope};
use crate::domain::facts::{BaseFailure, RunSeen, Same};
use crate::domain::head;
use crate::domain::ids::{IncidentNo, Repo, RunId};
use crate::domain::incident::{Incident, Proposal, ProposalState};
use crate::domain::intent::Wish;
use crate::domain::refs::OWN_BRANCHES;
use crate::domain::rules::Rules;
use crate::domain::runner;
use crate::domain::text::Untrusted;
use crate::domain::time::{MINUTE_MS, SECOND_MS, Time};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Failures of one repository that are this near to each other are a burst.
const BURST_MS: i64 = MINUTE_MS;

/// What routing looks at: rebuilt from the store at start, kept current by [`Index::note`] after each turn.
#[derive(Debug, Default)]
pub struct Index {
    runs: HashMap<String, RunSeen>,
    /// By lane: the newest run that passed.
    greens: HashMap<String, RunId>,
    /// Open incidents only, from here on.
    lanes: HashMap<String, BTreeSet<IncidentNo>>,
    branches: HashMap<String, BTreeSet<IncidentNo>>,
    spots: HashMap<String, (IncidentNo, Time)>,
    commits: HashMap<String, BTreeSet<IncidentNo>>,
    prints: HashMap<String, BTreeSet<IncidentNo>>,
    /// By commit, wherever its branch is: what a merge queue tells of.
    queued: HashMap<String, BTreeSet<IncidentNo>>,
    /// By the labels of the runner that its jobs wait for.
    runners: HashMap<String, BTreeSet<IncidentNo>>,
    /// Pull requests that the incident is about, or that a proposal waits for.
    pulls: HashMap<String, BTreeSet<IncidentNo>>,
    /// Runs of other commits that were re-run for an incident.
    probes: HashMap<String, BTreeSet<IncidentNo>>,
    /// Runs whose deployments wait for approval.
    reviews: HashMap<String, BTreeSet<IncidentNo>>,
    /// Branches on which agents' loops are at work.
    trials: HashMap<String, BTreeSet<IncidentNo>>,
    /// Branches of such loops that came to nothing, also of incidents that are closed.
    former: HashSet<String>,
    /// Those about more than a run.
    special: Special,
    keys: HashMap<IncidentNo, Keys>,
    base: HashMap<IncidentNo, BaseFailure>,
    /// By repository: when each failed last, and whether a log of it is still to be read.
    recent: HashMap<String, BTreeMap<IncidentNo, Recent>>,
}

#[derive(Clone, Copy, Debug)]
struct Recent {
    failed_at: Time,
    opened_at: Time,
    unread: bool,
}

#[derive(Debug, Default)]
struct Keys {
    lanes: Vec<String>,
    branches: Vec<String>,
    spots: Vec<String>,
    commits: Vec<String>,
    queued: Vec<String>,
    runners: Vec<String>,
    pulls: Vec<String>,
    probes: Vec<String>,
    reviews: Vec<String>,
    trials: Vec<String>,
    print: Option<String>,
    repo: String,
    /// About no branch of the repository itself.
    elsewhere: bool,
    /// It keeps its card, whoever else fails in the same way: a merge queue's, a schedule's.
    apart: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routed {
    /// It concerns these incidents, in this order.
    Join(Vec<IncidentNo>),
    /// It opens a new incident.
    Open,
    /// It concerns no incident, and why.
    Ignore(String),
}

/// A run's key in stores and indexes.
#[must_use]
pub fn run_key(repo: &Repo, run: RunId) -> String {
    key(&[repo.as_str(), &run.to_string()])
}

/// Parts with their lengths, so that no separator inside a name can make two keys equal.
fn key(parts: &[&str]) -> String {
    use std::fmt::Write as _;
    parts.iter().fold(String::new(), |mut out, part| {
        let _ = write!(out, "{}:{part};", part.len());
        out
    })
}

/// The repository and the run that a run's key names.
fn of_key(key: &str) -> Option<(&str, RunId)> {
    let (length, rest) = key.split_once(':')?;
    let (repo, rest) = rest.split_at_checked(length.parse().ok()?)?;
    let run = rest.strip_prefix(';')?.split_once(':')?.1.strip_suffix(';')?;
    Some((repo, RunId(run.parse().ok()?)))
}

/// The lanes on which a run passed, and the run: what the clock started passes on a lane of its own as well.
fn passed_on(key: &str, seen: &RunSeen) -> Vec<(String, RunId)> {
    let passed = seen.conclusion.is_some_and(Conclusion::is_green);
    let (Some(workflow), Some(head), true) = (&seen.workflow, &seen.head, passed) else { return Vec::new() };
    let Some((repo, run)) = of_key(key).filter(|_| !head::is_unknown(head)) else { return Vec::new() };
    let Ok(repo) = repo.parse() else { return Vec::new() };
    let all = [false, true].into_iter().filter(|clock| seen.scheduled || !clock);
    all.map(|clock| (lane_of(&repo, workflow.raw(), head.raw(), clock), run)).collect()
}

fn lane_of(repo: &Repo, workflow: &str, branch: &str, clock: bool) -> String {
    let lane = lane(repo, workflow, branch);
    if clock { self::key(&[&lane, "clock"]) } else { lane }
}

fn lane(repo: &Repo, workflow: &str, branch: &str) -> String {
    key(&[repo.as_str(), workflow, branch])
}

/// What is told of a commit elsewhere is kept apart from what is told of a branch of ours.
fn commit(repo: &Repo, sha: &str, label: &Untrusted) -> String {
    key(&[repo.as_str(), sha, if head::is_branch(label) { "here" } else { "elsewhere" }])
}

fn suite(repo: &Repo, sha: &str, label: &Untrusted) -> String {
    key(&[&commit(repo, sha, label), "suite"])
}

fn runner_key(repo: &Repo, labels: &[String]) -> String {
    let parts: Vec<&str> = [repo.as_str(), "runner"].into_iter().chain(labels.iter().map(String::as_str)).collect();
    key(&parts)
}

fn spot(repo: &Repo, workflow: &str, branch: &str, job: &str, step: &str) -> String {
    key(&[repo.as_str(), workflow, branch, job, step])
}

impl Index {
    /// Remembers what is known of a run.
    pub fn saw_run(&mut self, key: String, seen: RunSeen) {
        if let Some((repo, run)) = of_key(&key) {
            self.special.saw_run(repo, run, &seen);
        }
        for (lane, run) in passed_on(&key, &seen) {
            let newest = self.greens.entry(lane).or_insert(run);
            *newest = run.max(*newest);
        }
        self.runs.insert(key, seen);
    }

    /// The newer run of the same workflow and branch that has passed before this failure was heard of.
    #[must_use]
    pub fn passed_since(&self, failure: &Failure) -> Option<RunId> {
        let run = failure.run?;
        let lane = lane_of(&failure.repo, failure.workflow.raw(), failure.branch.raw(), failure.scheduled);
        let newest = *self.greens.get(&lane)?;
        let passed = self.run(&failure.repo, newest)?.conclusion.is_some_and(Conclusion::is_green);
        (passed && newest > run).then_some(newest)
    }

    #[must_use]
    pub fn run(&self, repo: &Repo, run: RunId) -> Option<&RunSeen> {
        self.runs.get(&run_key(repo, run))
    }

    /// Corrects where the head is, if that is known of the run. A job or a check of a fork's run names the branch alone.
    pub fn place(&self, event: &mut Event) {
        match event {
            // A run's own event knows best.
            Event::Failed { failure } if !matches!(failure.scope, Scope::Run | Scope::Deployment) => {
                let known = failure.run.and_then(|run| self.run(&failure.repo, run));
                failure.scheduled |= known.is_some_and(|seen| seen.scheduled);
                let Some(label) = known.and_then(|seen| seen.head.as_ref()) else { return };
                failure.fork |= head::fork(label).is_some();
                failure.branch = label.clone();
                failure.looked |= failure.conclusion != Conclusion::Cancelled;
            }
            Event::Progressed { progress } if progress.scope != Scope::Run => {
                let Some(label) = self.label(&progress.repo, progress.run) else { return };
                progress.branch = label.clone();
            }
            _ => {}
        }
    }

    fn label(&self, repo: &Repo, run: Option<RunId>) -> Option<&Untrusted> {
        self.run(repo, run?)?.head.as_ref()
    }

    /// Whether the forge has to be asked before this failure counts: a job of a fork's run names its branch alone, and
    /// a fork's `main` looks like ours; and what a newer push cancelled has not failed.
    #[must_use]
    pub fn is_ambiguous(&self, failure: &Failure) -> bool {
        if failure.looked || !failure.confirmed || failure.run.is_none() {
            return false;
        }
        // What waits may wait for time alone.
        if failure.scope == Scope::Deployment {
            return true;
        }
        let on_lane = || self.lanes.contains_key(&lane(&failure.repo, failure.workflow.raw(), failure.branch.raw()));
        let whose = matches!(failure.scope, Scope::Job | Scope::Check)
            && head::is_branch(&failure.branch)
            && (failure.branch.raw() == failure.default_branch || on_lane());
        let cancelled = failure.conclusion == Conclusion::Cancelled && matches!(failure.scope, Scope::Job | Scope::Run);
        whose || cancelled
    }

    /// Forgets runs last seen before `before`, as the store does.
    pub fn forget_runs(&mut self, before: Time) {
        self.runs.retain(|_, seen| seen.at >= before);
        let kept: HashMap<String, RunId> = std::mem::take(&mut self.greens);
        self.special.forget_runs(before);
        let known = self.runs.iter().flat_map(|(key, seen)| passed_on(key, seen));
        self.greens = known.filter(|(lane, run)| kept.get(lane) == Some(run)).collect();
    }

    /// Takes in an incident as it stands after a turn.
    pub fn note(&mut self, incident: &Incident) {
        self.drop_keys(incident.no);
        for branch in looping::former(incident) {
            self.former.insert(key(&[incident.repo.as_str(), branch.as_str()]));
        }
        if incident.stage.is_closed() {
            return;
        }
        let repo = &incident.repo;
        self.special.note(incident);
        let apart = incident.queue.is_some() || incident.nights.is_some();
        let mut keys = Keys { elsewhere: !head::is_branch(&incident.branch), apart, ..Keys::default() };
        if let Some(missed) = &incident.missed {
            keys.lanes.push(lane(repo, missed.workflow.raw(), &incident.default_branch));
        }
        for run in &incident.runs {
            keys.lanes.push(lane(repo, run.workflow.raw(), run.branch.raw()));
            keys.branches.push(key(&[repo.as_str(), run.branch.raw()]));
            keys.commits.push(commit(repo, &run.sha, &incident.branch));
            if !run.sha.is_empty() {
                keys.queued.push(key(&[repo.as_str(), &run.sha]));
            }
            if incident.scope == Scope::Suite && run.run.is_none() {
                keys.commits.push(suite(repo, &run.sha, &incident.branch));
            }
        }
        // A night is found by its workflow.
        for job in incident.jobs.iter().filter(|_| incident.nights.is_none()) {
            let step = job.step.as_ref().map_or("", |step| step.raw());
            keys.spots.push(spot(repo, incident.workflow.raw(), incident.branch.raw(), job.name.raw(), step));
        }
        let pulls: BTreeSet<u64> = awaited(incident).chain(incident.pulls.iter().copied()).collect();
        keys.pulls = pulls.iter().map(|n| key(&[repo.as_str(), &n.to_string()])).collect();
        for k in &keys.pulls {
            self.pulls.entry(k.clone()).or_default().insert(incident.no);
        }
        keys.probes = bisecting::probes(incident).map(|run| run_key(repo, run)).collect();
        for k in &keys.probes {
            self.probes.entry(k.clone()).or_default().insert(incident.no);
        }
        keys.reviews = incident.deployment.iter().map(|waiting| run_key(repo, waiting.run)).collect();
        for k in &keys.reviews {
            self.reviews.entry(k.clone()).or_default().insert(incident.no);
        }
        keys.trials = looping::branches(incident).map(|branch| key(&[repo.as_str(), branch.as_str()])).collect();
        for k in &keys.trials {
            self.trials.entry(k.clone()).or_default().insert(incident.no);
        }
        // What only a hook tells takes nothing over from what the forge tells.
        let confirmed = incident.fingerprint().filter(|_| incident.confirmed);
        keys.print = confirmed.map(|print| print_key(incident, print));
        for k in &keys.lanes {
            self.lanes.entry(k.clone()).or_default().insert(incident.no);
        }
        for k in &keys.branches {
            self.branches.entry(k.clone()).or_default().insert(incident.no);
        }
        keys.runners = incident.runner.iter().map(|awaited| runner_key(repo, &awaited.labels)).collect();
        for k in &keys.runners {
            self.runners.entry(k.clone()).or_default().insert(incident.no);
        }
        for k in &keys.queued {
            self.queued.entry(k.clone()).or_default().insert(incident.no);
        }
        for k in &keys.commits {
            self.commits.entry(k.clone()).or_default().insert(incident.no);
        }
        for k in &keys.spots {
            self.spots.insert(k.clone(), (incident.no, incident.failed_at));
        }
        if let Some(k) = &keys.print {
            self.prints.entry(k.clone()).or_default().insert(incident.no);
        }
        if incident.on_default_branch() {
            let since =
                BaseFailure { incident: incident.no, branch: incident.branch.clone(), since: incident.opened_at };
            self.base.insert(incident.no, since);
        }
        let unread = incident.evidence.is_empty()
            && incident.log_missing.is_none()
            && incident.runs.iter().any(|run| run.logs > 0);
        let recent = Recent { failed_at: incident.failed_at, opened_at: incident.opened_at, unread };
        keys.repo = repo.to_string();
        self.recent.entry(keys.repo.clone()).or_default().insert(incident.no, recent);
        self.keys.insert(incident.no, keys);
    }

    /// Whether the incident came in a burst of its repository, and its log or that of an older one is still to be
    /// read: then it is not known yet whether they are one.
    #[must_use]
    pub fn is_unread_in_burst(&self, incident: &Incident) -> bool {
        let Some(recent) = self.recent.get(incident.repo.as_str()) else { return false };
        let before = recent.range(..incident.no).map(|(_, other)| other);
        let mut near = before.filter(|other| incident.opened_at.ms_since(other.failed_at) <= BURST_MS).peekable();
        let own = recent.get(&incident.no).is_some_and(|own| own.unread);
        let waits = |other: &Recent| other.unread && incident.opened_at.ms_since(other.opened_at) <= BURST_MS;
        near.peek().is_some() && (own || near.any(waits))
    }

    /// The incidents that the run was re-run for, and the one that it belongs to.
    #[must_use]
    pub fn probing(&self, repo: &Repo, run: Option<RunId>) -> Option<Vec<IncidentNo>> {
        let run = run?;
        let mut nos = self.probes.get(&run_key(repo, run))?.clone();
        nos.extend(self.run(repo, run).and_then(|seen| seen.incident));
        Some(nos.into_iter().collect())
    }

    fn drop_keys(&mut self, no: IncidentNo) {
        self.base.remove(&no);
        self.special.forget(no);
        let Some(keys) = self.keys.remove(&no) else { return };
        if let Some(recent) = self.recent.get_mut(&keys.repo) {
            recent.remove(&no);
            if recent.is_empty() {
                self.recent.remove(&keys.repo);
            }
        }
        for k in keys.spots {
            if self.spots.get(&k).is_some_and(|(have, _)| *have == no) {
                self.spots.remove(&k);
            }
        }
        drop_from(&mut self.lanes, &keys.lanes, no);
        drop_from(&mut self.commits, &keys.commits, no);
        drop_from(&mut self.queued, &keys.queued, no);
        drop_from(&mut self.runners, &keys.runners, no);
        drop_from(&mut self.branches, &keys.branches, no);
        drop_from(&mut self.pulls, &keys.pulls, no);
        drop_from(&mut self.probes, &keys.probes, no);
        drop_from(&mut self.reviews, &keys.reviews, no);
        drop_from(&mut self.trials, &keys.trials, no);
        drop_from(&mut self.prints, keys.print.as_slice(), no);
    }

    /// The other open incidents of the repository with this fingerprint, as `incident` sees them.
    #[must_use]
    pub fn same(&self, incident: &Incident, print: &str) -> Same {
        let Some(all) = self.prints.get(&print_key(incident, print)) else { return Same::default() };
        let on_default = incident.on_default_branch();
        let others = || all.iter().copied().filter(|no| *no != incident.no);
        let elsewhere = !head::is_branch(&incident.branch);
        let apart = incident.queue.is_some() || incident.nights.is_some();
        let alike = |no: &IncidentNo| {
            self.keys.get(no).is_some_and(|keys| keys.elsewhere == elsewhere && !keys.apart && !apart)
        };
        let kin = || others().filter(|no| self.base.contains_key(no) == on_default && alike(no));
        Same {
            older: kin().find(|no| *no < incident.no),
            younger: kin().filter(|no| *no > incident.no).collect(),
            base: others().find_map(|no| self.base.get(&no)).cloned(),
            on_other_branches: others().filter(|no| on_default && !self.base.contains_key(no)).collect(),
        }
    }
}

/// What nobody has confirmed is only ever compared with its like.
fn print_key(incident: &Incident, print: &str) -> String {
    key(&[incident.repo.as_str(), print, if incident.confirmed { "confirmed" } else { "told" }])
}

fn drop_from(map: &mut HashMap<String, BTreeSet<IncidentNo>>, keys: &[String], no: IncidentNo) {
    for k in keys {
        if let Some(set) = map.get_mut(k) {
            set.remove(&no);
            if set.is_empty() {
                map.remove(k);
            }
        }
    }
}

/// Pull requests that proposals of this incident wait for.
fn awaited(incident: &Incident) -> impl Iterator<Item = u64> {
    let waits = |p: &&Proposal| p.state == ProposalState::Waiting && p.waits_for.is_some();
    let named = |p: &Proposal| match &p.wish {
        Wish::Backport { pull, .. } => pull.iter().copied().chain(incident.pulls.iter().copied()).collect(),
        _ => Vec::new(),
    };
    incident.proposals.iter().filter(waits).flat_map(named).collect::<BTreeSet<u64>>().into_iter()
}

/// Which incident an event belongs to. Pure, and needs no log.
#[must_use]
pub fn route(index: &Index, rules: &Rules, event: &Event, now: Time) -> Routed {
    match event {
        Event::Failed { failure } => route_failure(index, rules, failure, now),
        Event::Progressed { progress } => route_progress(index, progress),
        Event::Requested { .. } => Routed::Open,
        Event::PullEnded { repo, number, branch, .. } => {
            let mut nos = index.pulls.get(&key(&[repo.as_str(), &number.to_string()])).cloned().unwrap_or_default();
            nos.extend(own(branch.raw()));
            join(nos, "no open incident is about this pull request")
        }
        Event::Reviewed { branch, .. } => match own(branch.raw()) {
            Some(no) => Routed::Join(vec![no]),
            None => Routed::Ignore("a branch like ours that names no proposal".into()),
        },
        Event::Dequeued { repo, sha, .. } => {
            let nos = index.queued.get(&key(&[repo.as_str(), sha])).cloned().unwrap_or_default();
            match index.special.thrown_out(event, now) {
                _ if !nos.is_empty() => Routed::Join(nos.into_iter().collect()),
                Ok(Some(no)) => Routed::Join(vec![no]),
                Ok(None) => Routed::Open,
                Err(why) => Routed::Ignore(why.into()),
            }
        }
        Event::Silent { repo, missed, .. } => {
            index.special.silent(repo, missed.path.raw()).map_or(Routed::Open, |no| Routed::Join(vec![no]))
        }
        Event::Ran { repo, path, .. } => match index.special.silent(repo, path.raw()) {
            Some(no) => Routed::Join(vec![no]),
            None => Routed::Ignore("no open incident is about this schedule".into()),
        },
        Event::HeadMoved { branch, .. } | Event::BranchGone { branch, .. }
            if branch.raw().starts_with(OWN_BRANCHES) =>
        {
            match own(branch.raw()) {
                Some(no) => Routed::Join(vec![no]),
                None => Routed::Ignore("a branch like ours that names no proposal".into()),
            }
        }
        Event::LeftQueue { repo, labels, .. } => {
            let nos = index.runners.get(&runner_key(repo, &runner::labels(labels))).cloned().unwrap_or_default();
            join(nos, "no open incident waits for such a runner")
        }
        Event::QueueEnded { repo, sha, number, end, .. } => {
            join(queue_entry(index, repo, sha, *number, *end), "no open incident is about this entry of a merge queue")
        }
        Event::HeadMoved { repo, branch, .. } | Event::BranchGone { repo, branch } => {
            let nos = index.branches.get(&key(&[repo.as_str(), branch.raw()])).cloned().unwrap_or_default();
            join(nos, "no open incident on this branch")
        }
        Event::DeploymentMoved { repo, run } => {
            let nos = index.reviews.get(&run_key(repo, *run)).cloned().unwrap_or_default();
            join(nos, "no open incident waits for this run's deployments")
        }
        Event::Reported { repo, reported } => match index.run(repo, reported.run).and_then(|seen| seen.incident) {
            Some(no) => Routed::Join(vec![no]),
            None => Routed::Ignore("no incident is about this run".into()),
        },
        other => match other.incident() {
            Some(no) => Routed::Join(vec![no]),
            None => Routed::Ignore("it names no incident".into()),
        },
    }
}

/// An entry that ended, by its commit; or those before a new entry, by its pull request.
fn queue_entry(index: &Index, repo: &Repo, sha: &str, number: Option<u64>, end: QueueEnd) -> BTreeSet<IncidentNo> {
    let here = index.queued.get(&key(&[repo.as_str(), sha])).cloned().unwrap_or_default();
    let of_pull = number.and_then(|number| index.pulls.get(&key(&[repo.as_str(), &number.to_string()])));
    let of_pull = of_pull.into_iter().flatten().copied();
    match end {
        // It may have been thrown out and put back since.
        QueueEnd::Merged | QueueEnd::Again => here.into_iter().chain(of_pull).collect(),
        QueueEnd::Rebuilt => here,
    }
}

/// The incident whose proposal a branch of ours is named by.
fn own(branch: &str) -> Option<IncidentNo> {
    let (no, _) = branch.strip_prefix(OWN_BRANCHES)?.split_once('/')?.1.split_once('-')?;
    no.parse().ok()
}

fn join(nos: BTreeSet<IncidentNo>, why: &str) -> Routed {
    if nos.is_empty() { Routed::Ignore(why.into()) } else { Routed::Join(nos.into_iter().collect()) }
}

fn route_failure(index: &Index, rules: &Rules, failure: &Failure, now: Time) -> Routed {
    if failure.scope == Scope::Deployment {
        let waits = failure.run.and_then(|run| index.reviews.get(&run_key(&failure.repo, run)));
        let ended = failure.run.and_then(|run| index.run(&failure.repo, run));
        if ended.is_some_and(|seen| seen.conclusion.is_some() && seen.attempt >= failure.attempt) {
            return Routed::Ignore("the run has ended since".into());
        }
        return waits.and_then(|nos| nos.first()).map_or(Routed::Open, |no| Routed::Join(vec![*no]));
    }
    if let Some(nos) = index.probing(&failure.repo, failure.run) {
        return Routed::Join(nos);
    }
    let branch = key(&[failure.repo.as_str(), failure.branch.raw()]);
    if let Some(nos) = index.trials.get(&branch) {
        return join(nos.clone(), "");
    }
    if index.former.contains(&branch) {
        return Routed::Ignore("the change of an agent that came to nothing".into());
    }
    if let Some(seen) = failure.run.and_then(|run| index.run(&failure.repo, run)) {
        let passed = seen.conclusion.is_some_and(Conclusion::is_green);
        if seen.superseded && seen.attempt >= failure.attempt {
            return Routed::Ignore("a newer push cancelled the run".into());
        }
        if seen.attempt > failure.attempt || (seen.attempt == failure.attempt && passed) {
            return Routed::Ignore(format!("attempt {} of this run is known already", seen.attempt));
        }
        if failure.conclusion == Conclusion::Stuck && seen.conclusion.is_some() {
            return Routed::Ignore("the run has ended since".into());
        }
        if let Some(no) = seen.incident.filter(|_| failure.scope != Scope::Runner) {
            return Routed::Join(vec![no]);
        }
    }
    if failure.scope == Scope::Runner {
        let waits = index.runners.get(&runner_key(&failure.repo, &runner::labels(&failure.labels)));
        return waits.and_then(|nos| nos.first()).map_or(Routed::Open, |no| Routed::Join(vec![*no]));
    }
    if failure.scheduled && failure.run.is_some() {
        let night = index.special.night(failure, now, |no| index.keys.contains_key(&no));
        return night.map_or(Routed::Open, |no| Routed::Join(vec![no]));
    }
    if let Some(no) = index.special.group(failure, now) {
        return Routed::Join(vec![no]);
    }
    let (workflow, branch) = (failure.workflow.raw(), failure.branch.raw());
    if let Some(job) = &failure.job {
        let step = failure.step.as_ref().map_or("", |step| step.raw());
        let at = index.spots.get(&spot(&failure.repo, workflow, branch, job.raw(), step));
        let window = i64::from(rules.collate_seconds) * SECOND_MS;
        if let Some((no, _)) = at.filter(|(_, at)| now.ms_since(*at) <= window) {
            return Routed::Join(vec![*no]);
        }
    }
    if failure.scope != Scope::Alert {
        // A suite tells of runs without naming them: whoever comes second joins.
        let wide = failure.scope == Scope::Suite || failure.run.is_none();
        let of = if wide { commit } else { suite };
        let on_commit = index.commits.get(&of(&failure.repo, &failure.sha, &failure.branch));
        let same = on_commit.and_then(|nos| nos.first());
        if let Some(no) = same {
            return Routed::Join(vec![*no]);
        }
    }
    Routed::Open
}

fn route_progress(index: &Index, progress: &Progress) -> Routed {
    if let Some(nos) = index.probing(&progress.repo, progress.run) {
        return Routed::Join(nos);
    }
    if let Some(nos) = index.trials.get(&key(&[progress.repo.as_str(), progress.branch.raw()])) {
        return join(nos.clone(), "");
    }
    let mut nos = BTreeSet::new();
    if let Some(no) = progress.run.and_then(|run| index.run(&progress.repo, run)).and_then(|seen| seen.incident) {
        nos.insert(no);
    }
    nos.extend(progress.run.iter().filter_map(|run| index.reviews.get(&run_key(&progress.repo, *run))).flatten());
    let ended = progress.conclusion.is_some() && !head::is_unknown(&progress.branch);
    if ended
        && let Some(on_lane) = index.lanes.get(&lane(&progress.repo, progress.workflow.raw(), progress.branch.raw()))
    {
        nos.extend(on_lane.iter().copied());
    }
    join(nos, "no open incident waits for this run")
}
