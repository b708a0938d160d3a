//! Time in the simulated world: milliseconds since its first Monday, 00:00 UTC.

use super::dice::Dice;

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// Monday 2025-03-03, counted in days since 1970-01-01.
const FIRST_DAY: i64 = 20_150;

/// People work at weekends, but about a fifth as much.
const WEEKEND: f64 = 0.2;

/// Working days in a week, with the work of weekends counted in.
pub const WORKING_DAYS: f64 = 5.0 + 2.0 * WEEKEND;

/// Most of a team's pushes fall into these hours.
const OFFICE_HOURS: std::ops::Range<i64> = 8..18;

/// When a piece of code runs: what it was built from, and the wall clock.
#[derive(Clone, Copy)]
pub struct Moment {
    /// The time of the newest default-branch commit the tree contains.
    pub base: i64,
    pub now: i64,
}

/// Whether the runners are busy, which slows tests that race the clock.
pub fn is_busy(at: i64) -> bool {
    !is_weekend(at / DAY) && OFFICE_HOURS.contains(&(at % DAY / HOUR))
}

/// The times at which people do something `per_day` times on a working day.
pub fn working_times(per_day: f64, days: u32, dice: &mut Dice) -> Vec<i64> {
    let mut times = Vec::new();
    for day in 0..i64::from(days) {
        let mean = per_day * if is_weekend(day) { WEEKEND } else { 1.0 };
        times.extend((0..dice.poisson(mean)).map(|_| day * DAY + time_of_day(dice)));
    }
    times
}

/// `at` as RFC 3339 in UTC, to the second as most CI interfaces give it.
pub fn rfc3339(at: i64) -> String {
    let (year, month, day) = civil(FIRST_DAY + at.div_euclid(DAY));
    let seconds = at.rem_euclid(DAY) / SECOND;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn is_weekend(day: i64) -> bool {
    day % 7 >= 5
}

/// Four of five actions happen in office hours, the rest at any hour.
fn time_of_day(dice: &mut Dice) -> i64 {
    let (from, to) = if dice.chance(0.8) { (OFFICE_HOURS.start * HOUR, OFFICE_HOURS.end * HOUR) } else { (0, DAY) };
    dice.between(from as f64, to as f64) as i64
}

/// Howard Hinnant's `civil_from_days`: a day count as year, month and day.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_first_and_a_later_moment() {
        assert_eq!(rfc3339(0), "2025-03-03T00:00:00Z");
        assert_eq!(rfc3339(300 * DAY + HOUR + SECOND), "2025-12-28T01:00:01Z");
    }
}
