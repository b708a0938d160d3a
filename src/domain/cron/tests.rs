//! Against a reading of cron that walks minute by minute, and a table of clocks.

use super::*;
use jiff::civil::DateTime;

fn line(cron: &str, zone: Option<&str>) -> Line {
    Line { cron: cron.into(), zone: zone.map(Into::into) }
}

fn read(cron: &str, zone: Option<&str>) -> Schedule {
    Schedule::read(&line(cron, zone)).unwrap_or_else(|why| panic!("{cron}: {why}"))
}

fn utc(text: &str) -> Time {
    Time(text.parse::<Timestamp>().unwrap().as_millisecond())
}

/// The values that a field allows.
fn values(field: &str, from: u32, to: u32, names: &[&str]) -> Vec<u32> {
    let number = |word: &str| {
        let at = names.iter().position(|name| name.eq_ignore_ascii_case(word));
        at.map_or_else(|| word.parse().unwrap(), |at| u32::try_from(at).unwrap() + from)
    };
    let mut all = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, 1), |(range, step)| (range, step.parse().unwrap()));
        let (low, high) = match (range, range.split_once('-')) {
            ("*", _) => (from, to),
            (_, Some((low, high))) => (number(low), number(high)),
            (one, None) => (number(one), if part.contains('/') { to } else { number(one) }),
        };
        all.extend((low..=high).step_by(step));
    }
    all
}

/// Whether the wall clock shows a time of the line: POSIX lets either day field decide where both are restricted.
fn matches(cron: &str, at: DateTime) -> bool {
    let fields: Vec<&str> = cron.split(' ').collect();
    let has = |n: usize, value: i8, from, to, names: &[&str]| {
        values(fields[n], from, to, names).contains(&u32::try_from(value).unwrap())
    };
    let weekday = at.weekday().to_sunday_zero_offset();
    let by_week = has(4, weekday, 0, 7, &DAYS) || (weekday == 0 && has(4, 7, 0, 7, &DAYS));
    let by_month = has(2, at.day(), 1, 31, &[]);
    let day = match (fields[2].starts_with('*'), fields[4].starts_with('*')) {
        (false, false) => by_month || by_week,
        _ => by_month && by_week,
    };
    has(0, at.minute(), 0, 59, &[]) && has(1, at.hour(), 0, 23, &[]) && has(3, at.month(), 1, 12, &MONTHS) && day
}

#[test]
fn lines_mean_what_a_walk_over_the_minutes_finds() {
    let clocks = ["2026-01-01T00:00:00Z", "2026-02-28T23:58:30Z", "2026-03-15T11:07:00Z", "2028-02-28T12:00:00Z"];
    for cron in [
        "0 3 * * *",
        "30 2 * * 1-5",
        "*/15 * * * *",
        "7-59/10 8-17 * * MON-FRI",
        "0 0 1 * *",
        "0 0 29 2 *",
        "0 12 13 * FRI",
        "15 4,16 */2 * *",
        "0 6 * JAN,MAR sun",
        "5 5 * * 7",
        "0 0 31 * *",
    ] {
        for zone in [None, Some("Asia/Kolkata")] {
            let schedule = read(cron, zone);
            for clock in clocks {
                let now = utc(clock);
                let local = |time: Time| schedule.at(time).unwrap().datetime();
                // 40 days are enough for most; a 29th of February is looked for by days.
                let mut at = Time(now.0.div_euclid(MINUTE_MS) * MINUTE_MS);
                let mut walked = None;
                for _ in 0..40 * 24 * 60 {
                    if matches(cron, local(at)) {
                        walked = Some(at);
                        break;
                    }
                    at = at.plus_ms(-MINUTE_MS);
                }
                let found = schedule.last(now);
                match walked {
                    Some(walked) => assert_eq!(found, Some(walked), "{cron} {zone:?} at {clock}"),
                    None => assert!(found.is_none_or(|found| now.ms_since(found) > 39 * DAY_MS), "{cron} at {clock}"),
                }
                let next = schedule.next(now).unwrap();
                assert!(next > now && matches(cron, local(next)), "{cron} {zone:?} at {clock}: {next:?}");
                assert!(schedule.last(next.plus_ms(-1)) == found, "{cron} {zone:?}: nothing lies between");
            }
        }
    }
}

#[test]
fn clocks_that_change_skip_no_run_and_double_none() {
    for (cron, zone, from, want) in [
        // Half past two does not exist on 29 March in Berlin: the next valid time is three o'clock there.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]),
        // It exists twice on 25 October.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        ("0 12 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", ["2026-03-29T10:00:00Z", "2026-03-30T10:00:00Z"]),
        ("30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]),
        ("30 2 * * *", "UTC", "2026-03-28T12:00:00Z", ["2026-03-29T02:30:00Z", "2026-03-30T02:30:00Z"]),
    ] {
        let schedule = read(cron, Some(zone));
        let first = schedule.next(utc(from)).unwrap();
        let second = schedule.next(first).unwrap();
        assert_eq!([first, second], want.map(utc), "{cron} {zone} {from}");
    }
}

#[test]
fn when_a_run_is_late() {
    let hours = |n: i64| n * HOUR_MS;
    for (cron, now, grace, want) in [
        ("0 3 * * *", "2026-01-02T04:59:00Z", hours(2), "2026-01-01T03:00:00Z"),
        ("0 3 * * *", "2026-01-02T05:00:00Z", hours(2), "2026-01-02T03:00:00Z"),
        ("0 3 * * *", "2026-01-02T05:00:00Z", 0, "2026-01-02T03:00:00Z"),
        // At most half of what lies between two runs.
        ("0 * * * *", "2026-01-02T05:29:00Z", hours(2), "2026-01-02T04:00:00Z"),
        ("0 * * * *", "2026-01-02T05:30:00Z", hours(2), "2026-01-02T05:00:00Z"),
        ("0 */3 * * *", "2026-01-02T07:29:00Z", hours(2), "2026-01-02T03:00:00Z"),
        ("0 */3 * * *", "2026-01-02T07:30:00Z", hours(2), "2026-01-02T06:00:00Z"),
        // And never less than half an hour, by which GitHub is often late.
        ("*/5 * * * *", "2026-01-02T05:33:00Z", hours(2), "2026-01-02T05:00:00Z"),
        ("0 0 * * 0", "2026-01-04T01:00:00Z", hours(2), "2025-12-28T00:00:00Z"),
        ("0 0 29 2 *", "2026-01-04T01:00:00Z", hours(2), "2024-02-29T00:00:00Z"),
    ] {
        let due = read(cron, None).due(utc(now), grace);
        assert_eq!(due, Some(utc(want)), "{cron} at {now}");
    }
}

#[test]
fn nights_are_what_comes_once_a_day() {
    for (cron, zone, nightly) in [
        ("0 3 * * *", None, true),
        ("30 2 * * 1-5", None, true),
        ("30 2 * * *", Some("Europe/Berlin"), true),
        ("0 */6 * * *", None, false),
        ("0 3 * * 0", None, false),
        ("*/5 * * * *", None, false),
        ("0 0 1 * *", None, false),
    ] {
        assert_eq!(read(cron, zone).is_nightly(utc("2026-03-25T12:00:00Z")), nightly, "{cron}");
    }
}

#[test]
fn lines_that_github_does_not_run_are_named() {
    for (cron, zone, why) in [
        ("", None, "0 fields"),
        ("0 3 * *", None, "4 fields"),
        ("0 0 3 * * *", None, "6 fields"),
        ("@daily", None, "1 fields"),
        ("61 * * * *", None, ""),
        ("0 24 * * *", None, ""),
        ("0 0 0 * *", None, ""),
        ("0 0 L * *", None, "L is not understood"),
        ("0 0 ? * *", None, "? is not understood"),
        ("0 0 * * MON#2", None, "MON#2 is not understood"),
        ("0 0 * * 5L", None, "5L is not understood"),
        ("0 0 * * MONDAY", None, "MONDAY is not understood"),
        ("MON 0 * * *", None, "MON is not understood"),
        ("* * * * *", None, "every 5 minutes"),
        ("0 0 30 2 *", None, ""),
        ("0 3 * * *", Some("Mars/Olympus"), "time zone Mars/Olympus is unknown"),
        ("5-1 * * * *", None, ""),
        ("*/0 * * * *", None, ""),
        ("\u{0661} * * * *", None, "is not understood"),
        ("0 0 99999999999999999999 * *", None, "is not understood"),
    ] {
        let found = Schedule::read(&line(cron, zone));
        let Err(said) = found else { panic!("{cron} is read") };
        assert!(said.contains(why) && !said.is_empty(), "{cron}: {said}");
    }
    assert!(Schedule::read(&line(&"1,".repeat(10_000), None)).is_err());
    assert!(Schedule::read(&line("0 3 * * *", Some(&"x".repeat(10_000)))).is_err());
    assert!(Schedule::read(&line(" 0  3 * * * ", Some("  "))).is_ok());
}
