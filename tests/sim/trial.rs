//! Executes one test once.

use super::clock::{Moment, SECOND};
use super::dice::Dice;
use super::flake::Cluster;
use super::history::{Cause, Outcome};
use super::look::Look;
use super::rates;
use super::setting::{Blame, Setting};
use super::world::Test;

/// The test runner's limit for one test.
const LIMIT: i64 = 60 * SECOND;

pub struct TestResult {
    pub test: usize,
    pub outcome: Outcome,
    pub at: i64,
    pub duration: i64,
    /// The flake rate of this execution, whatever came out.
    pub flake_rate: f64,
    pub blame: Option<Blame>,
}

/// One execution of a job, as its tests feel it.
pub struct Session<'a> {
    setting: &'a Setting<'a>,
    job: usize,
    moment: Moment,
    /// The clusters whose shared thing fails this time.
    firing: Vec<&'a Cluster>,
    /// The tests a runner hiccup takes down.
    stray: Vec<usize>,
    network: Look,
}

/// Why a test fails, before its blame is written down.
struct Failure<'a> {
    cause: Cause,
    note: &'static str,
    look: &'a Look,
}

impl<'a> Session<'a> {
    /// Draws what all tests of the execution share; `stray` tests are lost.
    pub fn draw(setting: &'a Setting<'a>, job: usize, moment: Moment, stray: Vec<usize>, dice: &mut Dice) -> Self {
        let clusters = setting.repo.clusters.iter();
        let firing = clusters.filter(|c| dice.chance(c.flake.rate(job, moment))).collect();
        Self { setting, job, moment, firing, stray, network: Look::network(dice) }
    }

    pub fn run(&self, number: usize, dice: &mut Dice) -> TestResult {
        let test = &self.setting.repo.tests[number];
        if test.skipped_on == Some(self.setting.repo.jobs[self.job].os) {
            return TestResult::new(number, Outcome::Skip, 0);
        }
        let duration = test.duration_ms * dice.log_normal(1.0, 0.3);
        let mut result = TestResult::new(number, Outcome::Pass, duration as i64);
        result.flake_rate = rates::flake_rate(self.setting.repo, self.job, number, self.moment);
        if let Some(failure) = self.fail(number, dice) {
            self.write_down(&mut result, &failure, dice);
        }
        result
    }

    fn write_down(&self, result: &mut TestResult, failure: &Failure, dice: &mut Dice) {
        result.outcome = Outcome::Fail;
        if failure.look.hangs {
            result.outcome = Outcome::Timeout;
            result.duration = LIMIT;
        }
        let rate = rates::test_rate(self.setting, self.job, result.test, self.moment);
        result.blame = Some(Blame::new(failure.cause, failure.note, failure.look, rate, dice));
    }

    /// Why a test fails, if it does; what is broken comes before chance.
    fn fail(&self, number: usize, dice: &mut Dice) -> Option<Failure<'_>> {
        let test = &self.setting.repo.tests[number];
        self.broken(number, dice)
            .or_else(|| self.cut_off(test, number, dice))
            .or_else(|| self.clustered(number, dice))
            .or_else(|| self.flaky(test, dice))
    }

    fn broken(&self, number: usize, dice: &mut Dice) -> Option<Failure<'_>> {
        self.setting.faults.iter().find_map(|fault| {
            let look = fault.breakage.hit(self.job, number)?;
            let shows = dice.chance(fault.breakage.chance);
            shows.then_some(Failure { cause: fault.cause, note: fault.note, look })
        })
    }

    /// A test that lost its network or its runner's health.
    fn cut_off(&self, test: &Test, number: usize, dice: &mut Dice) -> Option<Failure<'_>> {
        let look = &self.network;
        let mut bad = self.setting.outages.iter().filter(|outage| !outage.kills_runners);
        if test.uses_network && bad.any(|outage| dice.chance(outage.severity)) {
            return Some(Failure { cause: Cause::Infra, note: "network outage", look });
        }
        let stray = self.stray.contains(&number);
        stray.then_some(Failure { cause: Cause::Transient, note: "runner hiccup", look })
    }

    fn clustered(&self, number: usize, dice: &mut Dice) -> Option<Failure<'_>> {
        let mut firing = self.firing.iter().filter(|c| c.members.contains(&number));
        let cluster = firing.find(|c| dice.chance(c.spread))?;
        Some(Failure { cause: Cause::Flaky, note: "cluster", look: &cluster.flake.looks[0] })
    }

    fn flaky<'t>(&self, test: &'t Test, dice: &mut Dice) -> Option<Failure<'t>> {
        let flake = test.flake.as_ref()?;
        let fires = dice.chance(flake.rate(self.job, self.moment));
        let look = dice.pick(&flake.looks);
        fires.then_some(Failure { cause: Cause::Flaky, note: "flake", look })
    }
}

impl TestResult {
    fn new(test: usize, outcome: Outcome, duration: i64) -> Self {
        Self { test, outcome, at: 0, duration, flake_rate: 0.0, blame: None }
    }
}
