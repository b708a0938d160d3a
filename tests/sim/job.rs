//! Executes one job once.

use super::clock::{MINUTE, Moment};
use super::dice::Dice;
use super::history::{Cause, Outcome};
use super::look::Look;
use super::rates::{self, STRAY_SHARE};
use super::setting::{Blame, Setting};
use super::trial::{Session, TestResult};

/// Test processes that share one runner.
const PARALLEL: f64 = 4.0;

/// The provider's limit for one job.
const LIMIT: i64 = 60 * MINUTE;

pub struct JobResult {
    pub job: usize,
    pub outcome: Outcome,
    pub start: i64,
    pub end: i64,
    pub blame: Option<Blame>,
    pub tests: Vec<TestResult>,
}

/// What a runner does to the job it was given.
#[derive(Clone, Copy, PartialEq)]
enum Runner {
    Healthy,
    Dies,
    /// Goes on, but takes down some tests.
    LosesTests,
}

impl JobResult {
    pub fn new(job: usize, outcome: Outcome, start: i64, end: i64) -> Self {
        Self { job, outcome, start, end, blame: None, tests: Vec::new() }
    }

    fn fail(&mut self, outcome: Outcome, blame: Blame) {
        self.outcome = outcome;
        self.blame = Some(blame);
    }
}

impl Setting<'_> {
    pub fn run_job(&self, job: usize, start: i64, dice: &mut Dice) -> JobResult {
        let moment = Moment { base: self.base, now: start };
        let setup = self.repo.jobs[job].setup_ms * dice.log_normal(1.0, 0.15);
        let runner = self.draw_runner(job, dice);
        let mut result = JobResult::new(job, Outcome::Pass, start, start + setup as i64);
        if let Some(blame) = self.early_end(job, moment, runner, dice) {
            result.end = start + (setup * dice.between(0.1, 1.0)) as i64;
            result.fail(Outcome::Fail, blame);
        } else {
            self.run_tests(&mut result, moment, runner, dice);
            self.conclude(&mut result, moment, dice);
        }
        result
    }

    fn draw_runner(&self, job: usize, dice: &mut Dice) -> Runner {
        let hiccup = dice.chance(self.shape.weather.hiccup);
        let goes_on = self.repo.jobs[job].suite.is_some() && dice.chance(STRAY_SHARE);
        match (hiccup, goes_on) {
            (false, _) => Runner::Healthy,
            (true, false) => Runner::Dies,
            (true, true) => Runner::LosesTests,
        }
    }

    /// Ends the job before its tests: an outage, a hiccup or broken code.
    fn early_end(&self, job: usize, moment: Moment, runner: Runner, dice: &mut Dice) -> Option<Blame> {
        let (cause, note, look) = self
            .outage(dice)
            .or_else(|| {
                let dead = (Cause::Transient, "runner hiccup", Look::dead_job(dice));
                (runner == Runner::Dies).then_some(dead)
            })
            .or_else(|| {
                let mut faults = self.faults.iter();
                faults.find_map(|f| Some((f.cause, f.note, f.breakage.whole_job(job)?.clone())))
            })?;
        Some(Blame::new(cause, note, &look, rates::job_rate(self, job, moment), dice))
    }

    /// A bad network fails fewer jobs as a whole than dying runners do.
    fn outage(&self, dice: &mut Dice) -> Option<(Cause, &'static str, Look)> {
        self.outages.iter().find_map(|outage| match outage.kills_runners {
            true if dice.chance(outage.severity) => Some((Cause::Infra, "provider outage", Look::dead_job(dice))),
            false if dice.chance(outage.severity * 0.3) => {
                Some((Cause::Infra, "network outage", Look::failed_install(dice)))
            }
            _ => None,
        })
    }

    fn run_tests(&self, result: &mut JobResult, moment: Moment, runner: Runner, dice: &mut Dice) {
        let all = 0..self.repo.tests.len();
        let tests: Vec<usize> = all.filter(|&t| self.repo.runs(result.job, t, self.base)).collect();
        let lost = if runner == Runner::LosesTests { dice.whole(1, 3) } else { 0 };
        let session = Session::draw(self, result.job, moment, dice.sample(&tests, lost), dice);
        for test in tests {
            let mut outcome = session.run(test, dice);
            result.end += (outcome.duration as f64 / PARALLEL) as i64;
            outcome.at = result.end;
            result.tests.push(outcome);
        }
    }

    /// The job's own outcome, from those of its tests.
    fn conclude(&self, result: &mut JobResult, moment: Moment, dice: &mut Dice) {
        let blames = result.tests.iter().filter_map(|test| test.blame.as_ref());
        let Some(cause) = blames.map(|blame| blame.cause).max() else {
            return;
        };
        let rate = rates::job_rate(self, result.job, moment);
        let hung = result.tests.iter().any(|test| test.outcome == Outcome::Timeout);
        let (outcome, note, text) = if hung && dice.chance(self.shape.flakes.hang_kills_job) {
            result.tests.clear();
            result.end = result.start + LIMIT;
            (Outcome::Timeout, "a test hung", "The job has exceeded the maximum execution time")
        } else {
            (Outcome::Fail, "by its tests", "Process completed with exit code 1")
        };
        let text = text.into();
        result.fail(outcome, Blame { cause, note, text, rate });
    }
}
