//! Tests that fail at random, alone or in clusters.

use super::clock::{DAY, Moment, is_busy};
use super::dice::Dice;
use super::look::Look;
use super::shape::Flakes;

/// A chance to fail with nothing broken.
pub struct Flake {
    pub looks: Vec<Look>,
    spells: Vec<Spell>,
    /// What each job of the repo makes of the rate: Windows cells flake more.
    factors: Vec<f64>,
    /// Whether busy runners make it worse.
    feels_load: bool,
    highest: f64,
}

/// A stretch of time with one rate.
struct Spell {
    from: i64,
    to: i64,
    rate: f64,
    follows: Follows,
}

/// What starts and ends a spell: a commit, which a stale branch does not have
/// yet, or a change of the runners, which all code feels at once.
#[derive(Clone, Copy)]
enum Follows {
    Code,
    Wall,
}

/// Tests that share a fixture or a port: when it fails, most of them do.
pub struct Cluster {
    pub members: Vec<usize>,
    pub flake: Flake,
    /// The chance that a member is hit when the cluster fires.
    pub spread: f64,
}

impl Flake {
    pub fn draw(looks: Vec<Look>, factors: Vec<f64>, days: u32, flakes: &Flakes, dice: &mut Dice) -> Self {
        let rate = draw_rate(flakes, dice);
        let spells = draw_spells(rate, i64::from(days) * DAY, dice);
        Self { looks, spells, factors, feels_load: dice.chance(0.25), highest: flakes.highest }
    }

    /// The chance that one execution in `job` at `moment` fails.
    pub fn rate(&self, job: usize, moment: Moment) -> f64 {
        let plain: f64 = self.spells.iter().filter(|s| s.covers(moment)).map(|s| s.rate).sum();
        (plain * self.factors[job] * self.load(moment)).min(self.highest)
    }

    fn load(&self, moment: Moment) -> f64 {
        match (self.feels_load, is_busy(moment.now)) {
            (false, _) => 1.0,
            (true, true) => 1.4,
            (true, false) => 0.4,
        }
    }
}

impl Spell {
    fn covers(&self, moment: Moment) -> bool {
        let at = match self.follows {
            Follows::Code => moment.base,
            Follows::Wall => moment.now,
        };
        (self.from..self.to).contains(&at)
    }
}

/// Log-normal within the bounds: many mild flakes, few wild ones.
fn draw_rate(flakes: &Flakes, dice: &mut Dice) -> f64 {
    dice.log_normal(flakes.median, 1.3).clamp(flakes.lowest, flakes.highest)
}

/// Half of the flakes are there all the time; others come, go or change.
/// A wild one is noticed and fixed within days.
fn draw_spells(rate: f64, end: i64, dice: &mut Dice) -> Vec<Spell> {
    let follows = if dice.chance(0.8) { Follows::Code } else { Follows::Wall };
    let turn = dice.between(0.15, 0.85) * end as f64;
    let turn = turn as i64;
    let spell = |from, to, rate| Spell { from, to, rate, follows };
    if rate > 0.1 {
        let fixed = turn + (dice.log_normal(6.0, 0.6) * DAY as f64) as i64;
        return vec![spell(turn, fixed, rate)];
    }
    match dice.index(20) {
        0..10 => vec![spell(i64::MIN, i64::MAX, rate)],
        10..14 => vec![spell(turn, i64::MAX, rate)],
        14..17 => vec![spell(i64::MIN, turn, rate)],
        _ => vec![spell(i64::MIN, turn, rate), spell(turn, i64::MAX, rate * dice.log_between(0.2, 5.0))],
    }
}
