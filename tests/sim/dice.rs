//! Seeded draws from the few distributions the world needs.

use fastrand::Rng;

/// A stream of random draws; the same seed always gives the same stream.
pub struct Dice(Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// An independent stream, so that one part of the world can draw more or
    /// fewer numbers without changing the others.
    pub fn fork(&mut self) -> Self {
        Self(self.0.fork())
    }

    pub fn chance(&mut self, p: f64) -> bool {
        self.0.f64() < p
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.f64()
    }

    /// Evenly spread on a logarithmic scale.
    pub fn log_between(&mut self, low: f64, high: f64) -> f64 {
        (self.between(low.ln(), high.ln())).exp()
    }

    /// A whole number from `low` to `high`, both included.
    pub fn whole(&mut self, low: usize, high: usize) -> usize {
        self.0.usize(low..=high)
    }

    pub fn index(&mut self, len: usize) -> usize {
        self.0.usize(..len)
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// Up to `count` different items, in random order.
    pub fn sample<T: Clone>(&mut self, items: &[T], count: usize) -> Vec<T> {
        let mut all = items.to_vec();
        self.0.shuffle(&mut all);
        all.truncate(count);
        all
    }

    /// Human and machine delays are skewed: most short, a few very long.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.0.f64()).ln()
    }

    /// How many independent events fall into a span where `mean` are expected.
    pub fn poisson(&mut self, mean: f64) -> usize {
        let (mut count, mut reach) = (0, self.exponential(1.0));
        while reach < mean {
            count += 1;
            reach += self.exponential(1.0);
        }
        count
    }

    pub fn hex(&mut self, len: usize) -> String {
        (0..len).map(|_| char::from_digit(self.0.u32(..16), 16).unwrap_or('0')).collect()
    }

    /// Box and Muller's transform of two even draws.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.0.f64()).cos()
    }
}
