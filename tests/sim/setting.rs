//! Where a job runs, and how blame for a failure is written down.

use super::breakage::Breakage;
use super::dice::Dice;
use super::history::Cause;
use super::look::Look;
use super::shape::Shape;
use super::weather::Outage;
use super::world::Repo;

/// The repo, the tree, and everything wrong at that time.
pub struct Setting<'a> {
    pub repo: &'a Repo,
    pub shape: &'a Shape,
    pub base: i64,
    pub faults: Vec<Fault<'a>>,
    pub outages: Vec<&'a Outage>,
}

/// Something broken, and why it counts as broken here.
pub struct Fault<'a> {
    pub breakage: &'a Breakage,
    pub cause: Cause,
    pub note: &'static str,
}

/// The truth about a failing outcome, and what the log shows of it.
#[derive(Clone)]
pub struct Blame {
    pub cause: Cause,
    pub note: &'static str,
    pub text: String,
    /// The chance of failing with nothing broken.
    pub rate: f64,
}

impl Blame {
    pub fn new(cause: Cause, note: &'static str, look: &Look, rate: f64, dice: &mut Dice) -> Self {
        Self { cause, note, text: look.text(dice), rate }
    }
}
