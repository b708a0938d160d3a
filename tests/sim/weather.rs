//! What goes wrong outside the repos: outages and bad releases.

use super::breakage::Breakage;
use super::clock::{DAY, HOUR, MINUTE, WORKING_DAYS, working_times};
use super::dice::Dice;
use super::shape::Shape;
use super::world::Repo;

/// A span in which runs of some repos fail by themselves.
pub struct Outage {
    from: i64,
    to: i64,
    repos: Vec<usize>,
    /// Whether runners die; otherwise the network is bad.
    pub kills_runners: bool,
    /// The chance that it hits one job, or one test that uses the network.
    pub severity: f64,
}

impl Outage {
    pub fn covers(&self, repo: usize, at: i64) -> bool {
        (self.from..self.to).contains(&at) && self.repos.contains(&repo)
    }
}

/// A bad release of a dependency, as one repo meets it.
pub struct Release {
    pub breakage: Breakage,
    from: i64,
    pub until: i64,
    /// Withdrawn by its authors, which helps all trees at once; otherwise a
    /// pin on the default branch helps the trees that contain it.
    pub withdrawn: bool,
}

impl Release {
    pub fn breaks(&self, base: i64, now: i64) -> bool {
        let over = if self.withdrawn { now } else { base };
        now >= self.from && over < self.until
    }
}

pub fn draw_outages(shape: &Shape, dice: &mut Dice) -> Vec<Outage> {
    let times = working_times(shape.weather.outages_a_week / WORKING_DAYS, shape.days, dice);
    times.into_iter().map(|from| draw_outage(from, shape.repos, dice)).collect()
}

/// From ten to ninety minutes, over most repos.
fn draw_outage(from: i64, repos: usize, dice: &mut Dice) -> Outage {
    let length = dice.between(10.0, 90.0) * MINUTE as f64;
    Outage {
        from,
        to: from + length as i64,
        repos: (0..repos).filter(|_| dice.chance(0.8)).collect(),
        kills_runners: dice.chance(0.5),
        severity: dice.between(0.25, 0.9),
    }
}

/// The bad releases each repo meets.
pub fn draw_releases(repos: &[Repo], shape: &Shape, dice: &mut Dice) -> Vec<Vec<Release>> {
    let mut met: Vec<Vec<Release>> = repos.iter().map(|_| Vec::new()).collect();
    for from in working_times(shape.weather.bad_releases_a_week / WORKING_DAYS, shape.days, dice) {
        let first = dice.index(repos.len());
        for (number, repo) in repos.iter().enumerate() {
            if number == first || dice.chance(0.2) {
                met[number].push(draw_release(repo, from, dice));
            }
        }
    }
    met
}

/// Most are pinned within a working day; a few stay for days.
fn draw_release(repo: &Repo, from: i64, dice: &mut Dice) -> Release {
    let length = dice.log_normal(7.0, 0.8) * HOUR as f64;
    let until = from + (length as i64).min(3 * DAY);
    let breakage = Breakage::draw(repo, from, 0.0, dice);
    Release { breakage, from, until, withdrawn: dice.chance(0.25) }
}
