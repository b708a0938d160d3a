//! What became of chances that were estimated, and what to tell instead of them.

use super::figures::Share;
use serde::{Deserialize, Serialize};

/// Bins of log-odds, each [`WIDTH`] wide.
const BINS: usize = 24;
const WIDTH: f64 = 0.5;
/// Log-odds are cut here: 0.25 % and 99.75 %.
const FURTHEST: f64 = 6.0;

/// How sure it is before anything was seen that chances need no shift, as a standard deviation of log-odds: a few tens
/// of outcomes outweigh both priors.
const SHIFT_SPREAD: f64 = 0.5;
/// The same of the slope.
const SLOPE_SPREAD: f64 = 0.25;
/// Order is kept whatever came.
const SLOPE_MIN: f64 = 0.1;
/// Newton's method on two convex parameters; it needs five or six.
const ROUNDS: usize = 30;

/// How often what was estimated came true, by bin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes([Share; BINS]);

/// One outcome: the bin of the chance, and whether it came true.
pub type Outcome = (usize, bool);

/// Where an outcome belongs.
#[must_use]
pub fn outcome(estimated: f64, came: bool) -> Outcome {
    let at = ((log_odds(estimated) + FURTHEST) / WIDTH).floor();
    let bin = (0..BINS).rev().find(|bin| at >= as_f64(*bin)).unwrap_or(0);
    (bin, came)
}

/// A logistic curve on log-odds: `shift + slope × log-odds`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    shift: f64,
    slope: f64,
}

impl Default for Curve {
    fn default() -> Self {
        Self { shift: 0.0, slope: 1.0 }
    }
}

impl Curve {
    /// The chance to tell, 0 to 1.
    #[must_use]
    pub fn apply(self, estimated: f64) -> f64 {
        logistic(self.shift + self.slope * log_odds(estimated))
    }
}

impl Outcomes {
    /// Counts one more, or one less.
    pub fn change(&mut self, (bin, came): Outcome, by: i64) {
        let Some(share) = self.0.get_mut(bin) else { return };
        let change = |n: u32| u32::try_from(i64::from(n) + by).unwrap_or(0);
        share.of = change(share.of);
        if came {
            share.yes = change(share.yes);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.iter().fold(0, |sum, share| sum.saturating_add(share.of))
    }

    /// The most likely curve: logistic regression (Platt scaling) with a normal prior around "as estimated", so that
    /// nothing changes on day one and a few outcomes change little.
    #[must_use]
    pub fn curve(&self) -> Curve {
        let mut curve = Curve::default();
        for _ in 0..ROUNDS {
            let (mut by_shift, mut by_slope) = prior_slopes(curve);
            let (mut aa, mut ab, mut bb) = (SHIFT_SPREAD.powi(-2), 0.0, SLOPE_SPREAD.powi(-2));
            for (bin, share) in self.0.iter().enumerate().filter(|(_, share)| share.of > 0) {
                let x = (as_f64(bin) + 0.5) * WIDTH - FURTHEST;
                let (n, yes) = (f64::from(share.of), f64::from(share.yes.min(share.of)));
                let p = logistic(curve.shift + curve.slope * x);
                by_shift += yes - n * p;
                by_slope += (yes - n * p) * x;
                let weight = n * p * (1.0 - p);
                aa += weight;
                ab += weight * x;
                bb += weight * x * x;
            }
            let det = aa * bb - ab * ab;
            let step = ((bb * by_shift - ab * by_slope) / det, (aa * by_slope - ab * by_shift) / det);
            // A step that is too long is cut: it comes back.
            curve.shift += step.0.clamp(-1.0, 1.0);
            curve.slope = (curve.slope + step.1.clamp(-0.5, 0.5)).max(SLOPE_MIN);
        }
        curve
    }
}

/// The prior's pull.
fn prior_slopes(curve: Curve) -> (f64, f64) {
    (-curve.shift * SHIFT_SPREAD.powi(-2), (1.0 - curve.slope) * SLOPE_SPREAD.powi(-2))
}

fn log_odds(chance: f64) -> f64 {
    let chance = if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 0.5 };
    (chance / (1.0 - chance)).ln().clamp(-FURTHEST, FURTHEST)
}

fn logistic(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

fn as_f64(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_changed_on_day_one() {
        let curve = Outcomes::default().curve();
        for chance in [0.01, 0.2, 0.5, 0.9, 0.99] {
            assert!((curve.apply(chance) - chance).abs() < 1e-9, "{chance}: {}", curve.apply(chance));
        }
    }

    /// What the truth is where chances are estimated too boldly and too high.
    fn truth(estimated: f64) -> f64 {
        logistic(-0.8 + 0.6 * log_odds(estimated))
    }

    #[test]
    fn outcomes_mend_chances_that_were_too_bold() {
        let (mut outcomes, mut distances) = (Outcomes::default(), Vec::new());
        let chances: Vec<f64> = (1..40).map(|n| f64::from(n) / 40.0).collect();
        for round in 0..40_u32 {
            for (at, chance) in chances.iter().enumerate() {
                // Spread evenly instead of drawn: the share that comes true is the truth.
                let turn = f64::from((round * 17 + u32::try_from(at).unwrap() * 7) % 40) + 0.5;
                outcomes.change(outcome(*chance, turn / 40.0 < truth(*chance)), 1);
            }
            let curve = outcomes.curve();
            let distance = |chance: &f64| (curve.apply(*chance) - truth(*chance)).abs();
            distances.push(chances.iter().map(distance).sum::<f64>() / 39.0);
        }
        let before = chances.iter().map(|chance| (chance - truth(*chance)).abs()).sum::<f64>() / 39.0;
        assert_eq!(outcomes.count(), 1_560);
        assert!(before > 0.11, "{before}");
        assert!(distances[1] < before && distances[9] < before / 3.0 && distances[39] < 0.02, "{distances:?}");
    }

    fn counted(all: &[(f64, bool)]) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for (chance, came) in all {
            outcomes.change(outcome(*chance, *came), 1);
        }
        outcomes
    }

    proptest! {
        #[test]
        fn chances_stay_chances_in_their_order(
            all in prop::collection::vec((0.0..=1.0_f64, any::<bool>()), 0..300), low in 0.0..0.5_f64, more in 0.01..0.5_f64
        ) {
            let outcomes = counted(&all);
            let curve = outcomes.curve();
            let (first, second) = (curve.apply(low), curve.apply(low + more));
            prop_assert!((0.0..=1.0).contains(&first) && (0.0..=1.0).contains(&second));
            prop_assert!(first <= second, "{curve:?}");
        }

        #[test]
        fn what_is_taken_back_leaves_nothing(all in prop::collection::vec((0.0..=1.0_f64, any::<bool>()), 0..100)) {
            let mut outcomes = counted(&all);
            for (chance, came) in all.iter().rev() {
                outcomes.change(outcome(*chance, *came), -1);
            }
            prop_assert_eq!(outcomes, Outcomes::default());
        }
    }
}
