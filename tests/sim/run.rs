//! Plays one run: its jobs in order, and the re-runs people ask for.

use std::rc::Rc;

use super::breakage::Breakage;
use super::clock::{MINUTE, SECOND};
use super::dice::Dice;
use super::history::{Cause, Outcome};
use super::job::JobResult;
use super::report::{Desk, Header};
use super::setting::{Fault, Setting};
use super::shape::Shape;
use super::weather::{Outage, Release};
use super::world::Repo;

/// The first run and at most three re-runs.
const MOST_ATTEMPTS: u32 = 4;

/// What stays the same for all runs of a repo.
pub struct Stage<'a> {
    pub number: usize,
    pub repo: &'a Repo,
    pub shape: &'a Shape,
    pub outages: &'a [Outage],
    pub releases: &'a [Release],
}

/// The tree under test.
pub struct Checkout {
    pub branch: String,
    pub sha: String,
    pub base: i64,
    /// What this commit, or an earlier one of its pull request, broke.
    pub own: Vec<Rc<Breakage>>,
    /// What the default branch had broken before.
    pub inherited: Vec<Rc<Breakage>>,
}

/// One workflow to run.
pub struct Order {
    pub workflow: &'static str,
    pub jobs: Vec<usize>,
    pub at: i64,
    /// When a newer push cancels the run.
    pub superseded: Option<i64>,
    /// Factor on the chance that somebody asks for a re-run.
    pub patience: f64,
}

/// How a run stands after its last attempt.
#[derive(Clone, Copy)]
pub struct Ending {
    pub at: i64,
    /// The heaviest cause of what is still red.
    pub worst: Option<Cause>,
}

impl Stage<'_> {
    pub fn play(&self, checkout: &Checkout, order: &Order, desk: &mut Desk, dice: &mut Dice) -> Ending {
        let run_id = dice.whole(10_000_000_000, 19_999_999_999).to_string();
        let (mut attempt, mut jobs, mut start) = (1, order.jobs.clone(), order.at);
        loop {
            let setting = self.setting(checkout, start);
            let results = setting.play_attempt(&jobs, start, order.superseded, dice);
            let workflow = order.workflow;
            let header = Header { repo: self.repo, checkout, run_id: &run_id, attempt, workflow };
            results.iter().for_each(|result| desk.file(&header, result, dice));
            let ending = Ending::of(&results, start);
            if attempt == MOST_ATTEMPTS || !self.asks_again(ending, order, dice) {
                return ending;
            }
            attempt += 1;
            start = ending.at + (dice.exponential(15.0) * MINUTE as f64) as i64;
            jobs = results.iter().filter(|r| r.outcome != Outcome::Pass).map(|r| r.job).collect();
        }
    }

    fn setting<'a>(&'a self, checkout: &'a Checkout, now: i64) -> Setting<'a> {
        let own = checkout.own.iter().map(|b| fault(b, Cause::Deterministic, ["broken", "racy"]));
        let inherited = checkout.inherited.iter();
        let inherited = inherited.map(|b| fault(b, Cause::BaseBroken, ["broken base", "racy base"]));
        let released = self.releases.iter().filter(|release| release.breaks(checkout.base, now));
        let released = released.map(|r| fault(&r.breakage, Cause::Dependency, ["bad release"; 2]));
        Setting {
            repo: self.repo,
            shape: self.shape,
            base: checkout.base,
            faults: own.chain(inherited).chain(released).collect(),
            outages: self.outages.iter().filter(|o| o.covers(self.number, now)).collect(),
        }
    }

    /// People guess from the log, and more often right than wrong.
    fn asks_again(&self, ending: Ending, order: &Order, dice: &mut Dice) -> bool {
        let people = &self.shape.people;
        let chance = match ending.worst {
            None => return false,
            Some(cause) if cause.is_harmless() => people.rerun_harmless,
            Some(_) => people.rerun_broken,
        };
        let overtaken = order.superseded.is_some_and(|at| at <= ending.at);
        !overtaken && dice.chance(chance * order.patience * self.repo.customs.rerun_habit)
    }
}

impl Ending {
    fn of(results: &[JobResult], start: i64) -> Self {
        let at = results.iter().map(|result| result.end).max().unwrap_or(start);
        let worst = results.iter().filter_map(|r| Some(r.blame.as_ref()?.cause)).max();
        Self { at, worst }
    }

    /// Several workflows of one push, taken together.
    pub fn join(self, other: Self) -> Self {
        Self { at: self.at.max(other.at), worst: self.worst.max(other.worst) }
    }
}

impl Setting<'_> {
    fn play_attempt(&self, jobs: &[usize], start: i64, superseded: Option<i64>, dice: &mut Dice) -> Vec<JobResult> {
        let mut results: Vec<JobResult> = Vec::new();
        for &job in jobs {
            let result = self.start_job(job, start, &results, dice);
            results.push(result);
        }
        if self.repo.customs.fails_fast {
            self.cancel_siblings(&mut results, dice);
        }
        if let Some(at) = superseded {
            results.iter_mut().for_each(|result| cancel(result, at, dice));
        }
        results
    }

    /// Runs a job after the one it needs, or skips it if that one failed. On a
    /// re-run, a job that passed before is not among the `earlier` ones.
    fn start_job(&self, job: usize, start: i64, earlier: &[JobResult], dice: &mut Dice) -> JobResult {
        let queued = (dice.exponential(20.0) * SECOND as f64) as i64;
        let gate = earlier.iter().find(|r| Some(r.job) == self.repo.jobs[job].needs);
        match gate {
            Some(gate) if gate.outcome != Outcome::Pass => JobResult::new(job, Outcome::Skip, gate.end, gate.end),
            Some(gate) => self.run_job(job, gate.end + queued, dice),
            None => self.run_job(job, start + queued, dice),
        }
    }

    /// The first failing cell of a matrix cancels its siblings.
    fn cancel_siblings(&self, results: &mut [JobResult], dice: &mut Dice) {
        let suite = |result: &JobResult| self.repo.jobs[result.job].suite;
        for number in 0..results.len() {
            let kind = suite(&results[number]);
            let siblings = results.iter().filter(|r| kind.is_some() && suite(r) == kind);
            let first = siblings.filter(|r| r.outcome.is_failing()).map(|r| r.end).min();
            if let Some(at) = first {
                cancel(&mut results[number], at, dice);
            }
        }
    }
}

/// Stops a job that is not done at that time. Few jobs upload what they have.
fn cancel(result: &mut JobResult, at: i64, dice: &mut Dice) {
    if result.end <= at {
        return;
    }
    result.outcome = Outcome::Cancelled;
    result.blame = None;
    result.end = at.max(result.start);
    let uploads = dice.chance(0.2);
    result.tests.retain(|test| uploads && test.at < at);
}

fn fault<'a>(breakage: &'a Breakage, cause: Cause, notes: [&'static str; 2]) -> Fault<'a> {
    Fault { breakage, cause, note: notes[usize::from(breakage.is_racy())] }
}
