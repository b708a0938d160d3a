//! The ledger of quarantines: which tests, whose, why, and until when.

use super::ids::{IncidentNo, Repo};
use super::text::Untrusted;
use super::time::{DAY_MS, Time};
use serde::{Deserialize, Serialize};

/// One quarantined test, in the source or on the list that CI fetches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The proposal that made it; it stands in the source behind `ci-rescue id=`.
    pub id: String,
    pub repo: Repo,
    /// As its framework's command line takes it.
    pub test: Untrusted,
    pub framework: Option<String>,
    pub file: Option<Untrusted>,
    /// From CODEOWNERS; may be empty.
    pub owners: Vec<String>,
    pub reason: Untrusted,
    /// The day on which it ends, `YYYY-MM-DD`, UTC.
    pub until: String,
    pub since: Time,
    pub incident: IncidentNo,
    /// On the list that CI fetches; else skipped in the source.
    pub served: bool,
    /// Its pull request is not merged yet: nothing is skipped.
    #[serde(default)]
    pub pending: bool,
}

impl Quarantined {
    /// When it ends: at the start of its last day, UTC. An invalid day has ended.
    #[must_use]
    pub fn ends(&self) -> Time {
        midnight(&self.until).unwrap_or(Time(0))
    }

    /// Whole days that it has lasted.
    #[must_use]
    pub fn age_days(&self, now: Time) -> i64 {
        now.ms_since(self.since).max(0) / DAY_MS
    }
}

/// `YYYY-MM-DD`, UTC.
#[must_use]
pub fn day(at: Time) -> String {
    chrono::DateTime::from_timestamp_millis(at.0).map_or_else(String::new, |time| time.format("%Y-%m-%d").to_string())
}

/// The beginning of a day, `YYYY-MM-DD`, UTC.
#[must_use]
pub fn midnight(day: &str) -> Option<Time> {
    let day = chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    Some(Time(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_said_as_it_is_read() {
        for text in ["2026-01-08", "1999-12-31"] {
            assert_eq!(day(midnight(text).unwrap()), text);
        }
        assert_eq!(midnight("2026-02-30"), None);
    }
}
