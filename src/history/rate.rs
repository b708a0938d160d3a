//! The chance that an execution fails with nothing broken: a posterior over a grid of rates.
//!
//! A grid, because the prior is no conjugate one: most tests never flake, and the rates of those that do spread over
//! three orders of magnitude (0.1 % to 30 %; see Luo et al., FSE 2014, and Google's "1.5 % of runs, 16 % of tests").

/// Points of the grid, evenly spaced on a logarithmic scale.
const POINTS: usize = 48;
const LOWEST: f64 = 1e-5;
const HIGHEST: f64 = 0.6;
/// The share of series that flake at all, before anything is known of one.
const FLAKY_SHARE: f64 = 0.16;
/// Where the rates of those that flake begin.
const FLAKY_FROM: f64 = 8e-4;

/// A distribution over the rate.
#[derive(Clone, Debug)]
pub struct Rate {
    weights: [f64; POINTS],
}

fn point(i: usize) -> f64 {
    LOWEST * (HIGHEST / LOWEST).powf(i as f64 / (POINTS - 1) as f64)
}

impl Rate {
    /// Before anything is known.
    #[must_use]
    pub fn prior() -> Self {
        let flaky = (0..POINTS).filter(|i| point(*i) >= FLAKY_FROM).count() as f64;
        let healthy = POINTS as f64 - flaky;
        let share = |i: usize| {
            if point(i) >= FLAKY_FROM { FLAKY_SHARE / flaky } else { (1.0 - FLAKY_SHARE) / healthy }
        };
        Self { weights: std::array::from_fn(share) }
    }

    /// After `failed` of `executed`; both may be fractions, where an execution counts in part.
    #[must_use]
    pub fn after(&self, failed: f64, executed: f64) -> Self {
        let passed = (executed - failed).max(0.0);
        let log = |i: usize| failed * point(i).ln() + passed * (-point(i)).ln_1p();
        let top = (0..POINTS).map(log).fold(f64::NEG_INFINITY, f64::max);
        let weights: [f64; POINTS] = std::array::from_fn(|i| self.weights[i] * (log(i) - top).exp());
        let sum: f64 = weights.iter().sum();
        Self { weights: weights.map(|weight| weight / sum) }
    }

    #[must_use]
    pub fn mean(&self) -> f64 {
        self.weights.iter().enumerate().map(|(i, weight)| weight * point(i)).sum()
    }

    /// The chance of exactly these further outcomes, in their order.
    #[must_use]
    pub fn chance(&self, failed: f64, passed: f64) -> f64 {
        let one = |i: usize| self.weights[i] * (failed * point(i).ln() + passed * (-point(i)).ln_1p()).exp();
        (0..POINTS).map(one).sum()
    }

    /// The rate below which this share of the distribution lies.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sum = 0.0;
        for (i, weight) in self.weights.iter().enumerate() {
            if sum + weight >= share {
                let part = if *weight > 0.0 { (share - sum) / weight } else { 0.0 };
                let step = (HIGHEST / LOWEST).powf((part - 0.5) / (POINTS - 1) as f64);
                return (point(i) * step).min(1.0);
            }
            sum += weight;
        }
        HIGHEST
    }

    /// The chance that the rate is above `rate`.
    #[must_use]
    pub fn above(&self, rate: f64) -> f64 {
        self.weights.iter().enumerate().filter(|(i, _)| point(*i) > rate).map(|(_, weight)| weight).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_failure_of_two_is_not_half() {
        let rate = Rate::prior().after(1.0, 2.0);
        assert!(rate.mean() < 0.35, "{}", rate.mean());
        assert!(rate.quantile(0.05) < 0.03 && rate.quantile(0.95) > 0.3, "{rate:?}");
    }

    #[test]
    fn much_data_is_believed() {
        let rate = Rate::prior().after(70.0, 1000.0);
        assert!((rate.mean() - 0.07).abs() < 0.005, "{}", rate.mean());
        assert!(rate.quantile(0.05) > 0.052 && rate.quantile(0.95) < 0.09);
        assert!(Rate::prior().after(0.0, 5000.0).quantile(0.95) < 0.001);
    }

    proptest! {
        #[test]
        fn it_stays_a_distribution(failed in 0.0..500.0_f64, more in 0.0..5000.0_f64) {
            let rate = Rate::prior().after(failed, failed + more);
            prop_assert!((rate.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            let (low, mean, high) = (rate.quantile(0.05), rate.mean(), rate.quantile(0.95));
            prop_assert!(low <= high && (0.0..=1.0).contains(&mean) && (0.0..=1.0).contains(&high));
            prop_assert!(rate.after(1.0, 1.0).mean() >= mean - 1e-12);
        }
    }
}
