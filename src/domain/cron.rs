//! Cron lines of workflows: five POSIX fields, in UTC or in a time zone (docs.github.com, "Workflow syntax", `on.schedule`).

use super::text::{Untrusted, clean_line};
use super::time::{DAY_MS, HOUR_MS, MINUTE_MS, Time};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

/// The longest line and zone that are read, in characters.
const LENGTH_MAX: usize = 200;
/// GitHub runs nothing more often.
const APART_MIN_MS: i64 = 5 * MINUTE_MS;
/// A shorter lateness is usual, however often a workflow runs.
const GRACE_MIN_MS: i64 = 30 * MINUTE_MS;
/// Times that are looked at for how often a line fires: two weeks of each day, and no more of each five minutes.
const TIMES: usize = 14;
const TWO_WEEKS_MS: i64 = 14 * DAY_MS;

/// A line as a workflow has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Line {
    pub cron: Untrusted,
    /// `timezone`, by its IANA name; UTC where none is named.
    #[serde(default)]
    pub zone: Option<Untrusted>,
}

impl Line {
    /// As a sentence shows it: `0 3 * * * Europe/Berlin`.
    #[must_use]
    pub fn words(&self) -> String {
        let zone = self.zone.as_ref().map_or_else(String::new, |zone| format!(" {}", zone.line(40)));
        clean_line(&format!("{}{zone}", self.cron.line(60)), 100)
    }
}

/// A line that can be read.
#[derive(Clone, Debug)]
pub struct Schedule {
    cron: Cron,
    zone: TimeZone,
    /// As it is shown beside a time.
    pub zone_name: String,
}

impl Schedule {
    /// # Errors
    /// What is wrong with it, as a clause.
    pub fn read(line: &Line) -> Result<Self, String> {
        let text = line.cron.raw().trim();
        if text.len() > LENGTH_MAX {
            return Err("it is too long".into());
        }
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        if fields.len() != 5 {
            return Err(format!("it has {} fields instead of 5", fields.len()));
        }
        // Other dialects have more: seconds, years, `@daily`, `L`, `W`, `#` and `?`.
        for (field, names) in fields.iter().zip([&[][..], &[], &[], &MONTHS, &DAYS]) {
            plain(field, names)?;
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|why| clean_line(&why.to_string(), 100))?;
        let named = line.zone.as_ref().map(|zone| zone.raw().trim()).filter(|zone| !zone.is_empty());
        let zone = match named {
            None => TimeZone::UTC,
            Some(name) if name.len() > LENGTH_MAX => return Err("its time zone is too long".into()),
            Some(name) => TimeZoneDatabase::bundled()
                .get(name)
                .map_err(|_| format!("its time zone {} is unknown", clean_line(name, 40)))?,
        };
        let zone_name = named.map_or_else(|| "UTC".to_owned(), |name| clean_line(name, 40));
        let schedule = Self { cron, zone, zone_name };
        let Some(first) = schedule.next(Time(NEW_YEAR_MS)) else { return Err("no date ever fits it".into()) };
        let often = schedule.next(first).is_some_and(|second| second.ms_since(first) < APART_MIN_MS);
        if often { Err("GitHub runs nothing more often than every 5 minutes".into()) } else { Ok(schedule) }
    }

    fn at(&self, time: Time) -> Option<Zoned> {
        Some(Timestamp::from_millisecond(time.0).ok()?.to_zoned(self.zone.clone()))
    }

    /// The first time after `time`. What falls into an hour that clocks skip comes at the next valid time.
    #[must_use]
    pub fn next(&self, time: Time) -> Option<Time> {
        let found = self.cron.find_next_occurrence(&self.at(time)?, false).ok()?;
        Some(Time(found.timestamp().as_millisecond()))
    }

    /// The last time up to and including `time`.
    #[must_use]
    pub fn last(&self, time: Time) -> Option<Time> {
        let found = self.cron.find_previous_occurrence(&self.at(time)?, true).ok()?;
        Some(Time(found.timestamp().as_millisecond()))
    }

    /// How long after a time a run may still begin: `wanted`, at most half of what lies before the next time, and never
    /// less than GitHub is often late by.
    #[must_use]
    pub fn grace_ms(&self, at: Time, wanted_ms: i64) -> i64 {
        let period = self.next(at).map_or(i64::MAX, |next| next.ms_since(at));
        wanted_ms.min((period / 2).max(GRACE_MIN_MS)).max(0)
    }

    /// The newest time by which a run should have begun.
    #[must_use]
    pub fn due(&self, now: Time, wanted_ms: i64) -> Option<Time> {
        let mut at = self.last(now)?;
        // The grace of a time depends on the time after it; a few steps back are enough for the shortest periods.
        for _ in 0..=GRACE_MIN_MS / APART_MIN_MS {
            if now.ms_since(at) >= self.grace_ms(at, wanted_ms) {
                return Some(at);
            }
            at = self.last(at.plus_ms(-1))?;
        }
        self.last(now.plus_ms(-wanted_ms))
    }

    /// Once a day, on most days: people count nights then.
    #[must_use]
    pub fn is_nightly(&self, now: Time) -> bool {
        let mut times = vec![now];
        while times.len() <= TIMES + 1 {
            let last = times[times.len() - 1];
            match self.next(last).filter(|next| next.ms_since(now) <= TWO_WEEKS_MS) {
                Some(next) => times.push(next),
                None => break,
            }
        }
        let gaps = || times[1..].windows(2).map(|pair| pair[1].ms_since(pair[0]));
        let daily = gaps().filter(|gap| (DAY_MS - HOUR_MS..=DAY_MS + HOUR_MS).contains(gap)).count();
        gaps().count() >= 4 && 2 * daily > gaps().count()
    }

    /// `03:00 UTC on 2026-01-02`.
    #[must_use]
    pub fn clock(&self, time: Time) -> String {
        let zone = &self.zone_name;
        self.at(time).map_or_else(String::new, |at| format!("{} {zone} on {}", at.strftime("%H:%M"), at.date()))
    }
}

/// 2026-01-01: which moment it is does not matter.
const NEW_YEAR_MS: i64 = 1_767_225_600_000;
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Digits, `*`, lists, ranges, steps, and names where they are allowed.
fn plain(field: &str, names: &[&str]) -> Result<(), String> {
    for part in field.split(['*', ',', '-', '/']).filter(|part| !part.is_empty()) {
        let number = part.bytes().all(|b| b.is_ascii_digit()) && part.len() <= 4;
        if !number && !names.contains(&part.to_ascii_uppercase().as_str()) {
            return Err(format!("{} is not understood", clean_line(part, 20)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
