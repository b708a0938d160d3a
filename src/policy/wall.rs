//! The clock on the wall of a place.

use super::Quiet;
use crate::domain::time::{MINUTE_MS, Time};
use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Where nothing else is said.
pub const UTC: TimeZone = TimeZone::UTC;

/// A zone of the IANA database that this program carries, such as `Europe/Berlin`.
#[must_use]
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// When that clock shows this minute after midnight next. Where clocks are set forward over it, it is as much later.
#[must_use]
pub fn next(minute: i16, zone: &TimeZone, now: Time) -> Option<Time> {
    let rest = Quiet { from: (minute + 1) % (24 * 60), to: minute, zone: zone.clone() };
    // Within that very minute, it is the one of tomorrow.
    rest.until(now).or_else(|| rest.until(now.plus_ms(MINUTE_MS)))
}

/// As [`next`], on a Monday.
#[must_use]
pub fn next_monday(minute: i16, zone: &TimeZone, now: Time) -> Option<Time> {
    const DAYS: usize = 8;
    let is_monday = |at: &Time| {
        let local = Timestamp::from_millisecond(at.0).map(|at| at.to_zoned(zone.clone()));
        local.is_ok_and(|local| local.weekday() == Weekday::Monday)
    };
    let days = std::iter::successors(next(minute, zone, now), |at| next(minute, zone, *at));
    days.take(DAYS).find(is_monday)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Time {
        Time(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn mondays_come_by_the_clock_on_the_wall() {
        // 2026-01-05, 2026-03-30 and 2026-11-02 are Mondays.
        for (place, minute, now, then) in [
            ("UTC", 540, "2026-01-01T00:00:00Z", "2026-01-05T09:00:00Z"),
            ("UTC", 540, "2026-01-05T08:59:00Z", "2026-01-05T09:00:00Z"),
            ("UTC", 540, "2026-01-05T09:00:00Z", "2026-01-12T09:00:00Z"),
            // Sunday in UTC, Monday there; and the other way round.
            ("Pacific/Auckland", 540, "2026-01-04T12:00:00Z", "2026-01-04T20:00:00Z"),
            ("America/Los_Angeles", 1_200, "2026-01-05T12:00:00Z", "2026-01-06T04:00:00Z"),
            // Over the nights in which clocks are set.
            ("Europe/Berlin", 540, "2026-03-23T12:00:00Z", "2026-03-30T07:00:00Z"),
            ("America/New_York", 540, "2026-10-26T14:00:00Z", "2026-11-02T14:00:00Z"),
        ] {
            assert_eq!(next_monday(minute, &zone(place).unwrap(), at(now)), Some(at(then)), "{place} {minute} {now}");
        }
    }

    proptest! {
        #[test]
        fn a_monday_is_within_eight_days(now in 0_i64..4_000_000_000_000, minute in 0..1_440_i16) {
            for place in ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"] {
                let then = next_monday(minute, &zone(place).unwrap(), Time(now)).unwrap();
                prop_assert!(then.0 > now && then.0 - now <= 8 * 24 * 3_600_000, "{place}");
            }
        }
    }
}
