//! A pull request and what its author does next.

use std::rc::Rc;

use super::breakage::Breakage;
use super::clock::{DAY, HOUR, MINUTE};
use super::dice::Dice;
use super::history::Cause;
use super::run::{Checkout, Ending};
use super::shape::Shape;
use super::trunk::Trunk;
use super::world::Repo;

/// Names that tools and people use again and again.
const REUSED: [&str; 3] = ["patch-1", "update-deps", "dependabot/grouped-updates"];

/// How often a failing breakage is fixed at the next push, or fixed in part. A
/// race may not even have shown.
const FIXED: f64 = 0.6;
const RACE_FIXED: f64 = 0.25;
const FIXED_IN_PART: f64 = 0.15;

pub struct Pull {
    branch: String,
    pub sha: String,
    /// The newest default-branch commit on the branch.
    base: i64,
    pub own: Vec<Rc<Breakage>>,
    pushes: usize,
    /// Pushes the author still has in mind, whatever CI says.
    planned: usize,
    /// What the next push is for.
    next: Aim,
}

#[derive(Clone, Copy, PartialEq)]
enum Aim {
    /// More work, or a fix.
    Work,
    /// An empty commit, to make CI run again.
    Retry,
    /// The newest default branch, because the old one is broken.
    Merge,
}

/// What happens to a pull request after a run.
pub enum Step {
    Push(i64),
    Merge(i64),
    GiveUp,
}

impl Pull {
    /// Opened at `now`, on a default branch of up to some days ago.
    pub fn open(number: usize, now: i64, dice: &mut Dice) -> Self {
        let branch = match dice.index(20) {
            0 => (*dice.pick(&REUSED)).to_string(),
            1..6 => format!("fix/{number}"),
            _ => format!("feature/{number}"),
        };
        let base = now - (dice.exponential(0.7) * DAY as f64) as i64;
        let planned = dice.poisson(1.2);
        Self { branch, sha: String::new(), base, own: Vec::new(), pushes: 0, planned, next: Aim::Work }
    }

    /// Edits the branch for the next push.
    pub fn revise(&mut self, now: i64, repo: &Repo, trunk: &Trunk, shape: &Shape, dice: &mut Dice) {
        self.sha = dice.hex(40);
        self.pushes += 1;
        match self.next {
            Aim::Retry => {}
            Aim::Merge => self.base = trunk.at,
            Aim::Work => self.work(now, repo, trunk, shape, dice),
        }
        self.next = Aim::Work;
    }

    /// The tree of this branch alone, or merged with the default branch.
    pub fn checkout(&self, trunk: &Trunk, merged: bool) -> Checkout {
        let base = if merged { trunk.at } else { self.base };
        Checkout {
            branch: self.branch.clone(),
            sha: self.sha.clone(),
            base,
            own: self.own.clone(),
            inherited: trunk.broken_at(base),
        }
    }

    /// What the author does about the result. A race that did not show is not
    /// known to anybody, and is merged.
    pub fn next_step(&mut self, ending: Ending, shape: &Shape, dice: &mut Dice) -> Step {
        let broken = self.own.iter().any(|breakage| !breakage.is_racy());
        match ending.worst {
            _ if broken => self.fix_or_give_up(ending, shape, dice),
            Some(Cause::Deterministic) => self.fix_or_give_up(ending, shape, dice),
            Some(Cause::BaseBroken | Cause::Dependency) => {
                self.next = Aim::Merge;
                Step::Push(after(ending.at, 5 * HOUR, dice))
            }
            Some(_) if dice.chance(0.25) => {
                self.next = Aim::Retry;
                Step::Push(after(ending.at, 10 * MINUTE, dice))
            }
            _ => self.go_on(ending, dice),
        }
    }

    fn work(&mut self, now: i64, repo: &Repo, trunk: &Trunk, shape: &Shape, dice: &mut Dice) {
        if dice.chance(0.15) {
            self.base = trunk.at;
        }
        self.fix(repo, dice);
        let breaks = &shape.breaks;
        let chance = if self.pushes == 1 { breaks.first_push } else { breaks.later_push };
        if dice.chance(chance) {
            self.own.push(Rc::new(Breakage::draw(repo, self.base.min(now), breaks.racy, dice)));
        }
    }

    fn fix(&mut self, repo: &Repo, dice: &mut Dice) {
        self.own.retain(|own| !dice.chance(if own.is_racy() { RACE_FIXED } else { FIXED }));
        for breakage in &mut self.own {
            if dice.chance(FIXED_IN_PART) {
                *breakage = Rc::new(breakage.halved(repo, dice));
            }
        }
    }

    fn fix_or_give_up(&mut self, ending: Ending, shape: &Shape, dice: &mut Dice) -> Step {
        if dice.chance(shape.people.abandon) {
            return Step::GiveUp;
        }
        Step::Push(after(ending.at, 50 * MINUTE, dice))
    }

    fn go_on(&mut self, ending: Ending, dice: &mut Dice) -> Step {
        if self.planned > 0 {
            self.planned -= 1;
            return Step::Push(after(ending.at, 4 * HOUR, dice));
        }
        if dice.chance(0.9) { Step::Merge(after(ending.at, 5 * HOUR, dice)) } else { Step::GiveUp }
    }
}

/// A time after `at`, by a delay with this median and a long tail.
pub fn after(at: i64, median: i64, dice: &mut Dice) -> i64 {
    at + dice.log_normal(median as f64, 0.9) as i64
}
