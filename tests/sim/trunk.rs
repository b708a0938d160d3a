//! The default branch: its newest commit, and what is broken on it when.

use std::rc::Rc;

use super::breakage::Breakage;
use super::dice::Dice;
use super::run::Checkout;

pub struct Trunk {
    branch: &'static str,
    pub sha: String,
    /// The time of the newest commit.
    pub at: i64,
    red: Vec<Red>,
}

/// A breakage on the default branch, from the commit that brought it until
/// the one that fixed or reverted it.
struct Red {
    breakage: Rc<Breakage>,
    from: i64,
    until: i64,
}

impl Trunk {
    pub fn new(branch: &'static str, dice: &mut Dice) -> Self {
        Self { branch, sha: dice.hex(40), at: 0, red: Vec::new() }
    }

    /// Adds a commit and returns the numbers of the breakages it brings.
    pub fn commit(&mut self, at: i64, brings: Vec<Rc<Breakage>>, dice: &mut Dice) -> Vec<usize> {
        self.sha = dice.hex(40);
        self.at = at.max(self.at + 1);
        let known = self.red.len();
        let red = |breakage| Red { breakage, from: self.at, until: i64::MAX };
        self.red.extend(brings.into_iter().map(red));
        (known..self.red.len()).collect()
    }

    /// The newest commit does not have this breakage any more.
    pub fn mend(&mut self, number: usize) {
        self.red[number].until = self.at;
    }

    pub fn breakage(&self, number: usize) -> Rc<Breakage> {
        Rc::clone(&self.red[number].breakage)
    }

    /// What a tree gets that contains the default branch as of `base`.
    pub fn broken_at(&self, base: i64) -> Vec<Rc<Breakage>> {
        let there = self.red.iter().filter(|red| (red.from..red.until).contains(&base));
        there.map(|red| Rc::clone(&red.breakage)).collect()
    }

    /// The newest commit, with its own breakages apart from older ones.
    pub fn checkout(&self) -> Checkout {
        let there = self.red.iter().filter(|red| red.until > self.at);
        let (own, inherited): (Vec<_>, Vec<_>) = there.partition(|red| red.from == self.at);
        let breakages = |reds: Vec<&Red>| reds.iter().map(|red| Rc::clone(&red.breakage)).collect();
        Checkout {
            branch: self.branch.into(),
            sha: self.sha.clone(),
            base: self.at,
            own: breakages(own),
            inherited: breakages(inherited),
        }
    }
}
