//! Instants. The clock itself is a port; pure rooms are handed a [`Time`].

use serde::{Deserialize, Serialize};
use std::fmt;

/// Milliseconds since the Unix epoch, UTC. Arithmetic saturates, so a hostile stamp cannot panic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

pub const SECOND_MS: i64 = 1_000;
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;

impl Time {
    /// This instant moved by `ms` milliseconds, which may be negative.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative when `earlier` is later.
    #[must_use]
    pub fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole seconds since the Unix epoch, as platforms' date tokens want them.
    #[must_use]
    pub fn unix_s(self) -> i64 {
        self.0.div_euclid(SECOND_MS)
    }

    /// The day since the epoch in UTC: daily limits reset at midnight UTC.
    #[must_use]
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }
}

/// A length of time as a person says it: `45s`, `12m`, `3h`, `2d`.
#[derive(Clone, Copy, Debug)]
pub struct Span(pub i64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.max(0) {
            ms if ms < MINUTE_MS => write!(f, "{}s", ms / SECOND_MS),
            ms if ms < HOUR_MS => write!(f, "{}m", ms / MINUTE_MS),
            ms if ms < 2 * DAY_MS => write!(f, "{}h", ms / HOUR_MS),
            ms => write!(f, "{}d", ms / DAY_MS),
        }
    }
}
