//! Time, as whoever is outside tells it.

use crate::domain::time::Time;
use std::sync::Arc;

/// The time. Nothing but the rooms with windows may ask.
pub trait Clock: Send + Sync {
    fn now(&self) -> Time;
    /// Milliseconds since some moment, which go on whatever the time of day is set to: for pauses and paces.
    fn elapsed_ms(&self) -> i64 {
        self.now().0
    }
}

/// Our clock, for rate limiters.
#[derive(Clone)]
pub struct Ticks(pub Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = governor::nanos::Nanos;

    fn now(&self) -> Self::Instant {
        governor::nanos::Nanos::from(u64::try_from(self.0.elapsed_ms()).unwrap_or(0).saturating_mul(1_000_000))
    }
}
