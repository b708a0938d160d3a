//! When people may be mentioned: by severity, and not in the quiet hours.

use super::wall::{UTC, next};
use crate::domain::evidence::Severity;
use crate::domain::time::Time;
use jiff::Timestamp;
use jiff::civil::time;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// What the configuration says of mentions.
#[derive(Clone, Debug, Default)]
pub struct Mentions {
    pub severities: Vec<Severity>,
    pub quiet: Option<Quiet>,
    /// Of the clock on the wall; UTC without.
    pub zone: Option<TimeZone>,
}

impl Mentions {
    /// The IANA name of that clock's time zone.
    #[must_use]
    pub fn zone_name(&self) -> String {
        self.zone.as_ref().and_then(TimeZone::iana_name).unwrap_or("UTC").to_owned()
    }

    /// When that clock shows this minute after midnight next.
    #[must_use]
    pub fn next(&self, minute: i16, now: Time) -> Option<Time> {
        next(minute, self.zone.as_ref().unwrap_or(&UTC), now)
    }
}

/// Hours of each day in which nobody is mentioned, by the clock on the wall of a place.
#[derive(Clone, Debug)]
pub struct Quiet {
    /// Minutes after midnight: the first that is quiet, and the first that is not.
    pub(super) from: i16,
    pub(super) to: i16,
    pub(super) zone: TimeZone,
}

/// `22:00`, as minutes after midnight.
fn minutes(text: &str) -> Option<i16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |digits: &str, below: i16| {
        let good = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<i16>().ok().filter(|number| good && *number < below)
    };
    Some(two(hours, 24)? * 60 + two(minutes, 60)?)
}

impl Quiet {
    /// `22:00-07:00`, over midnight or not. `None` where it is no such range, or an empty one.
    #[must_use]
    pub fn read(hours: &str, zone: TimeZone) -> Option<Self> {
        let (from, to) = hours.split_once('-')?;
        let (from, to) = (minutes(from.trim())?, minutes(to.trim())?);
        (from != to).then_some(Self { from, to, zone })
    }

    /// When the quiet hours end that this moment lies in; `None` outside them. Where clocks are set forward over the
    /// end, it is as much later; where they are set back, the next time that the clock shows it.
    #[must_use]
    pub fn until(&self, now: Time) -> Option<Time> {
        let local = Timestamp::from_millisecond(now.0).ok()?.to_zoned(self.zone.clone());
        let minute = i16::from(local.hour()) * 60 + i16::from(local.minute());
        let over_midnight = self.from > self.to;
        let quiet = if over_midnight {
            minute >= self.from || minute < self.to
        } else {
            (self.from..self.to).contains(&minute)
        };
        if !quiet {
            return None;
        }
        let day = if over_midnight && minute >= self.from { local.date().tomorrow().ok()? } else { local.date() };
        let end = time(i8::try_from(self.to / 60).ok()?, i8::try_from(self.to % 60).ok()?, 0, 0);
        let end = self.zone.to_ambiguous_zoned(day.to_datetime(end));
        let first = end.clone().earlier().ok().map(|end| end.timestamp().as_millisecond());
        let first = if matches!(end.offset(), AmbiguousOffset::Gap { .. }) {
            None
        } else {
            first.filter(|first| *first > now.0)
        };
        first.or_else(|| Some(end.later().ok()?.timestamp().as_millisecond())).map(Time)
    }
}

#[cfg(test)]
mod tests {
    use super::super::wall::zone;
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Time {
        Time(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn the_clock_on_the_wall_shows_each_minute_once_a_day() {
        for (place, minute, now, then) in [
            ("UTC", 540, "2026-01-01T08:59:59Z", "2026-01-01T09:00:00Z"),
            ("UTC", 540, "2026-01-01T09:00:00Z", "2026-01-02T09:00:00Z"),
            ("UTC", 540, "2026-01-01T09:00:59Z", "2026-01-02T09:00:00Z"),
            ("UTC", 540, "2026-01-01T09:01:00Z", "2026-01-02T09:00:00Z"),
            ("UTC", 0, "2026-01-01T23:59:00Z", "2026-01-02T00:00:00Z"),
            ("UTC", 1_439, "2026-01-01T00:00:00Z", "2026-01-01T23:59:00Z"),
            ("Europe/Berlin", 540, "2026-03-28T12:00:00Z", "2026-03-29T07:00:00Z"),
            ("Europe/Berlin", 540, "2026-10-24T12:00:00Z", "2026-10-25T08:00:00Z"),
            ("America/New_York", 540, "2026-03-07T20:00:00Z", "2026-03-08T13:00:00Z"),
            ("America/New_York", 540, "2026-10-31T20:00:00Z", "2026-11-01T14:00:00Z"),
        ] {
            let mentions = Mentions { zone: zone(place), ..Mentions::default() };
            assert_eq!(mentions.next(minute, at(now)), Some(at(then)), "{place} {minute} {now}");
        }
    }

    /// Now and the end of the quiet hours, in UTC.
    #[test]
    fn quiet_hours_end_when_the_clock_on_the_wall_says_so() {
        for (place, hours, now, end) in [
            ("UTC", "22:00-07:00", "2026-01-01T21:59:59Z", None),
            ("UTC", "22:00-07:00", "2026-01-01T22:00:00Z", Some("2026-01-02T07:00:00Z")),
            ("UTC", "22:00-07:00", "2026-01-02T06:59:59Z", Some("2026-01-02T07:00:00Z")),
            ("UTC", "22:00-07:00", "2026-01-02T07:00:00Z", None),
            ("UTC", "12:00-13:30", "2026-01-01T12:30:00Z", Some("2026-01-01T13:30:00Z")),
            ("UTC", "12:00-13:30", "2026-01-01T13:30:00Z", None),
            ("UTC", "00:00-23:59", "2026-01-01T23:59:30Z", None),
            // An hour ahead in winter, two in summer.
            ("Europe/Berlin", "22:00-07:00", "2026-01-01T20:59:00Z", None),
            ("Europe/Berlin", "22:00-07:00", "2026-01-01T21:00:00Z", Some("2026-01-02T06:00:00Z")),
            ("Europe/Berlin", "22:00-07:00", "2026-07-01T20:00:00Z", Some("2026-07-02T05:00:00Z")),
            // The nights of 2026-03-29 and 2026-10-25: an hour less, an hour more.
            ("Europe/Berlin", "22:00-07:00", "2026-03-28T22:00:00Z", Some("2026-03-29T05:00:00Z")),
            ("Europe/Berlin", "22:00-07:00", "2026-10-24T21:00:00Z", Some("2026-10-25T06:00:00Z")),
            // 02:30 does not exist, and exists twice.
            ("Europe/Berlin", "22:00-02:30", "2026-03-29T00:59:00Z", Some("2026-03-29T01:30:00Z")),
            ("Europe/Berlin", "22:00-02:30", "2026-10-25T00:10:00Z", Some("2026-10-25T00:30:00Z")),
            ("Europe/Berlin", "22:00-02:30", "2026-10-25T01:10:00Z", Some("2026-10-25T01:30:00Z")),
            ("Europe/Berlin", "22:00-02:30", "2026-10-25T01:30:00Z", None),
            // The nights of 2026-03-08 and 2026-11-01.
            ("America/New_York", "20:00-08:00", "2026-03-08T02:00:00Z", Some("2026-03-08T12:00:00Z")),
            ("America/New_York", "20:00-08:00", "2026-03-07T02:00:00Z", Some("2026-03-07T13:00:00Z")),
            ("America/New_York", "20:00-08:00", "2026-11-01T03:00:00Z", Some("2026-11-01T13:00:00Z")),
            ("America/New_York", "20:00-08:00", "2026-11-01T13:00:00Z", None),
        ] {
            let quiet = Quiet::read(hours, zone(place).unwrap()).unwrap();
            assert_eq!(quiet.until(at(now)), end.map(at), "{place} {hours} {now}");
        }
    }

    #[test]
    fn ranges_and_zones_that_are_none_are_refused() {
        for hours in [
            "",
            "22",
            "22-7",
            "22:00",
            "22:00-",
            "22:00-7:00",
            "24:00-07:00",
            "22:60-07:00",
            "+2:00-07:00",
            "07:00-07:00",
        ] {
            assert!(Quiet::read(hours, TimeZone::UTC).is_none(), "{hours}");
        }
        for name in ["", "Berlin", "Europe/Berlin2", "../UTC", "/etc/passwd"] {
            assert!(zone(name).is_none(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn the_end_is_ahead_and_not_quiet(now in 0_i64..4_000_000_000_000, from in 0..1440_i16, to in 0..1440_i16) {
            for place in ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"] {
                let quiet = Quiet { from, to, zone: zone(place).unwrap() };
                if let Some(end) = quiet.until(Time(now)).filter(|_| from != to) {
                    prop_assert!(end.0 > now, "{place}");
                    prop_assert!(end.0 - now <= 26 * 3_600_000, "{place}");
                }
            }
        }
    }
}
