//! Simulates histories of continuous integration whose truth is known: what
//! failed, and why.

mod breakage;
mod clock;
mod dice;
mod flake;
mod founding;
mod history;
mod job;
mod life;
mod look;
mod pull;
mod rates;
mod report;
mod run;
mod setting;
mod shape;
mod style;
pub mod summary;

mod trial;
mod trunk;
pub mod verdicts;
mod weather;
mod world;

pub use history::{Cause, History, Line, Outcome, Truth};
pub use shape::{Flakes, Noise, Shape};

use dice::Dice;
use life::Life;
use run::Stage;

/// A history drawn from `seed`: the same seed and shape give the same one.
pub fn simulate(seed: u64, shape: &Shape) -> History {
    let mut dice = Dice::new(seed);
    let repos = founding::found(shape, &mut dice.fork());
    let outages = weather::draw_outages(shape, &mut dice.fork());
    let releases = weather::draw_releases(&repos, shape, &mut dice.fork());
    let (mut sent, mut rates) = (Vec::new(), Vec::new());
    for (number, (repo, releases)) in repos.iter().zip(&releases).enumerate() {
        let stage = Stage { number, repo, shape, outages: &outages, releases };
        let mut life = Life::new(stage, dice.fork());
        life.live();
        rates.extend(life.desk.ledger.rates(repo));
        sent.append(&mut life.desk.sent);
    }
    History { rates, ..report::collect(sent) }
}
