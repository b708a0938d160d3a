//! The life of one repo: pull requests, its default branch, nightly runs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use super::breakage::Breakage;
use super::clock::{DAY, HOUR, MINUTE, working_times};
use super::dice::Dice;
use super::pull::{Pull, Step, after};
use super::report::Desk;
use super::run::{Checkout, Ending, Order, Stage};
use super::trunk::Trunk;

/// Nobody looks at a nightly or default-branch run as soon as at their own.
const NIGHTLY_PATIENCE: f64 = 0.2;
const TRUNK_PATIENCE: f64 = 0.6;

/// How often a fix of the default branch does not help.
const BAD_FIX: f64 = 0.15;

/// How often a fix is a revert, and the reverted change, when it comes again,
/// breaks the same thing again.
const REVERTS: f64 = 0.4;
const BREAKS_AGAIN: f64 = 0.3;

/// What happens next in the repo. Numbers are those of a pull request, a
/// breakage of the default branch, or a release.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Open,
    Push(usize),
    Merge(usize),
    Direct,
    Mend(usize),
    Reland(usize),
    Pin,
    Nightly,
}

pub struct Life<'a> {
    stage: Stage<'a>,
    trunk: Trunk,
    pulls: Vec<Pull>,
    agenda: BinaryHeap<Reverse<(i64, Event)>>,
    pub desk: Desk<'a>,
    dice: Dice,
}

impl<'a> Life<'a> {
    pub fn new(stage: Stage<'a>, mut dice: Dice) -> Self {
        let trunk = Trunk::new(stage.repo.default_branch, &mut dice);
        let desk = Desk::new(stage.repo, &stage.shape.noise);
        let agenda = BinaryHeap::new();
        let mut life = Self { stage, trunk, pulls: Vec::new(), agenda, desk, dice };
        life.plan_ahead();
        life
    }

    /// Plays all events in the order of time.
    pub fn live(&mut self) {
        let end = i64::from(self.stage.shape.days) * DAY;
        while let Some(Reverse((now, event))) = self.agenda.pop() {
            if now < end {
                self.happen(event, now);
            }
        }
    }

    /// What is known from the start: openings, direct pushes, pins, nights.
    fn plan_ahead(&mut self) {
        let shape = self.stage.shape;
        for at in working_times(shape.prs_a_day, shape.days, &mut self.dice) {
            self.plan(at, Event::Open);
        }
        for at in working_times(shape.direct_pushes_a_day, shape.days, &mut self.dice) {
            self.plan(at, Event::Direct);
        }
        for release in self.stage.releases.iter().filter(|release| !release.withdrawn) {
            self.plan(release.until, Event::Pin);
        }
        let hour = self.dice.between(1.0, 5.0) * HOUR as f64;
        for day in 0..i64::from(shape.days) {
            self.plan(day * DAY + hour as i64, Event::Nightly);
        }
    }

    fn plan(&mut self, at: i64, event: Event) {
        self.agenda.push(Reverse((at, event)));
    }

    fn plan_after(&mut self, at: i64, median: i64, event: Event) {
        let at = after(at, median, &mut self.dice);
        self.plan(at, event);
    }

    fn happen(&mut self, event: Event, now: i64) {
        match event {
            Event::Open => self.open(now),
            Event::Push(pull) => self.push(pull, now),
            Event::Merge(pull) => self.merge(pull, now),
            Event::Direct => self.push_directly(now),
            Event::Mend(red) => self.mend(red, now),
            Event::Reland(red) => self.reland(red, now),
            Event::Pin => self.commit(now, Vec::new()),
            Event::Nightly => self.run_nightly(now),
        }
    }

    fn open(&mut self, now: i64) {
        let number = self.pulls.len();
        self.pulls.push(Pull::open(number, now, &mut self.dice));
        self.push(number, now);
    }

    fn push(&mut self, number: usize, now: i64) {
        let Stage { repo, shape, .. } = self.stage;
        self.pulls[number].revise(now, repo, &self.trunk, shape, &mut self.dice);
        let again = self.dice.chance(shape.people.push_again);
        let again = again.then(|| after(now, 5 * MINUTE, &mut self.dice));
        let merged = self.pulls[number].checkout(&self.trunk, repo.customs.tests_merged);
        let mut ending = self.run(&merged, now, again, 1.0);
        if repo.customs.runs_push_too {
            let head = self.pulls[number].checkout(&self.trunk, false);
            ending = ending.join(self.run(&head, now, again, 1.0));
        }
        let step = match again {
            Some(at) => Step::Push(at),
            None => self.pulls[number].next_step(ending, shape, &mut self.dice),
        };
        match step {
            Step::Push(at) => self.plan(at, Event::Push(number)),
            Step::Merge(at) => self.plan(at, Event::Merge(number)),
            Step::GiveUp => {}
        }
    }

    /// Brings what the pull request still breaks, and sometimes what it breaks
    /// only together with other changes.
    fn merge(&mut self, number: usize, now: i64) {
        let mut brings = std::mem::take(&mut self.pulls[number].own);
        if self.dice.chance(self.stage.shape.breaks.merge) {
            let breakage = Breakage::of_tests(self.stage.repo, self.trunk.at, &mut self.dice);
            brings.push(Rc::new(breakage));
        }
        self.commit(now, brings);
    }

    fn push_directly(&mut self, now: i64) {
        let breaks = &self.stage.shape.breaks;
        let mut brings = Vec::new();
        if self.dice.chance(breaks.direct_push) {
            let (repo, base) = (self.stage.repo, self.trunk.at);
            brings.push(Rc::new(Breakage::draw(repo, base, breaks.racy, &mut self.dice)));
        }
        self.commit(now, brings);
    }

    fn mend(&mut self, red: usize, now: i64) {
        if self.dice.chance(BAD_FIX) {
            self.plan_after(now, HOUR, Event::Mend(red));
            return self.commit(now, Vec::new());
        }
        self.trunk.commit(now, Vec::new(), &mut self.dice);
        self.trunk.mend(red);
        self.run_trunk(now);
        if self.dice.chance(REVERTS) {
            self.plan_after(now, 10 * HOUR, Event::Reland(red));
        }
    }

    fn reland(&mut self, red: usize, now: i64) {
        let again = self.dice.chance(BREAKS_AGAIN);
        let brings = again.then(|| self.trunk.breakage(red));
        self.commit(now, brings.into_iter().collect());
    }

    /// A push to the default branch. A race takes days to be blamed on its
    /// commit; anything else is fixed within hours.
    fn commit(&mut self, now: i64, brings: Vec<Rc<Breakage>>) {
        for red in self.trunk.commit(now, brings, &mut self.dice) {
            let racy = self.trunk.breakage(red).is_racy();
            let median = if racy { 20 * HOUR } else { 3 * HOUR };
            self.plan_after(now + 20 * MINUTE, median, Event::Mend(red));
        }
        self.run_trunk(now);
    }

    fn run_trunk(&mut self, now: i64) {
        let checkout = self.trunk.checkout();
        self.run(&checkout, now, None, TRUNK_PATIENCE);
    }

    fn run_nightly(&mut self, now: i64) {
        let checkout = self.trunk.checkout();
        if self.stage.repo.customs.own_nightly {
            let jobs = (0..self.stage.repo.jobs.len()).collect();
            self.order(&checkout, "Nightly", jobs, now, None, NIGHTLY_PATIENCE);
        } else {
            self.run(&checkout, now, None, NIGHTLY_PATIENCE);
        }
    }

    /// Runs every workflow of the repo, each as a run of its own.
    fn run(&mut self, checkout: &Checkout, at: i64, newer: Option<i64>, patience: f64) -> Ending {
        let repo = self.stage.repo;
        let superseded = newer.filter(|_| repo.customs.cancels_superseded);
        let mut ending = Ending { at, worst: None };
        for workflow in repo.workflows() {
            let jobs = (0..repo.jobs.len()).filter(|&j| repo.jobs[j].workflow == workflow);
            let jobs = jobs.collect();
            ending = ending.join(self.order(checkout, workflow, jobs, at, superseded, patience));
        }
        ending
    }

    fn order(
        &mut self,
        checkout: &Checkout,
        workflow: &'static str,
        jobs: Vec<usize>,
        at: i64,
        superseded: Option<i64>,
        patience: f64,
    ) -> Ending {
        let order = Order { workflow, jobs, at, superseded, patience };
        self.stage.play(checkout, &order, &mut self.desk, &mut self.dice)
    }
}
