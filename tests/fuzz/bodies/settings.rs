//! What operators and repositories set: the configuration, a repository's own rules, CODEOWNERS, times and hours.

use super::house::NOON;
use super::input::{check_line, cut, text};
use ci_rescue::domain::cron::{Line, Schedule};
use ci_rescue::domain::rules::OwnRules;
use ci_rescue::domain::time::{DAY_MS, HOUR_MS, Time};
use ci_rescue::policy::codeowners::{Owner, Owners};
use ci_rescue::policy::{OWN_BYTES_MAX, Quiet, next, read_own, zone};

/// A secret that comes by the environment.
const TOKEN: &str = "xoxb-planted-0f9e8d7c6b5a";

/// A configuration is taken, or everything that is wrong is told, each on one line. A secret is known as one, and shown
/// neither by an error nor by whoever prints the configuration.
pub fn config(data: &[u8]) {
    let text = text(data);
    // Files that keys name would be read.
    if text.contains("_file") {
        return;
    }
    let environment = [("CI_RESCUE__SLACK__BOT_TOKEN".to_owned(), TOKEN.to_owned())];
    match ci_rescue::config::parse(&text, &environment) {
        Ok(config) => {
            assert!(ci_rescue::config::secrets(&config).contains(&TOKEN));
            assert!(!format!("{config:?}").contains(TOKEN));
        }
        Err(wrong) => {
            assert!(!wrong.0.is_empty());
            for fault in &wrong.0 {
                assert!(!fault.is_empty() && !fault.contains(TOKEN) && !fault.chars().any(char::is_control), "{fault}");
            }
        }
    }
}

fn own(text: &str) -> Result<OwnRules, String> {
    let names: Vec<&str> = ci_rescue::remedies::all().iter().map(|remedy| remedy.id()).collect();
    read_own(text, &names)
}

/// A repository's file of rules is refused in a short sentence, or says the same once it is printed again.
pub fn own_rules(data: &[u8]) {
    let text = text(data);
    let rules = match own(&text) {
        Ok(rules) => rules,
        Err(why) => return check_line(&why, 400),
    };
    assert!(text.len() <= OWN_BYTES_MAX);
    let printed = toml::Value::try_from(&rules).and_then(|value| toml::to_string(&value)).expect("rules are TOML");
    if printed.len() <= OWN_BYTES_MAX {
        assert_eq!(own(&printed), Ok(rules), "{printed}");
    }
}

/// The file of owners with nothing in the place of each line that does not count.
fn mended(text: &str, owners: &Owners) -> String {
    let is_bad = |number: usize| owners.problems().iter().any(|problem| problem.line == number);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.split('\n').enumerate().map(|(at, line)| if is_bad(at + 1) { "" } else { line });
    format!("\u{feff}{}", lines.collect::<Vec<_>>().join("\n"))
}

/// A path on the first line, then CODEOWNERS. The last rule that matches counts, lines that are wrong count nothing, and
/// owners are printed as they are written.
pub fn codeowners(data: &[u8]) {
    let all = text(data);
    let (path, text) = cut(&all);
    let owners = Owners::parse(text);
    let of = owners.of(path);
    assert!(owners.len() + owners.problems().len() <= text.split('\n').count());
    if let Some(rule) = &of {
        let line = text.split('\n').nth(rule.line - 1).expect("a line of the file");
        assert!(line.contains(&rule.pattern), "{rule:?}");
        for owner in &rule.owners {
            assert_eq!(Owner::parse(&owner.to_string()).as_ref(), Some(owner));
        }
    }
    let again = Owners::parse(&mended(text, &owners));
    assert!(again.problems().is_empty(), "{:?}", again.problems());
    assert_eq!((again.len(), again.of(path)), (owners.len(), of));
    let last = Owners::parse(&format!("{text}\n* @last\n")).of(path);
    let is_path = !path.is_empty() && !path.ends_with('/') && path.len() <= 4_096;
    assert!(!is_path || last.is_some_and(|rule| rule.pattern == "*"), "{path:?}");
}

fn check_schedule(schedule: &Schedule, now: Time, in_utc: bool) {
    let Some(then) = schedule.next(now) else { return };
    assert!(then > now && schedule.last(then).is_some_and(|last| last <= then));
    let last = schedule.last(now);
    assert!(last.is_none_or(|last| last <= now));
    assert!(!in_utc || schedule.last(then.plus_ms(-1)) == last, "nothing lies between");
    let grace = schedule.grace_ms(then, 2 * HOUR_MS);
    assert!((0..=2 * HOUR_MS).contains(&grace));
    assert!(schedule.due(now, 2 * HOUR_MS).is_none_or(|due| due <= now));
    assert!(!schedule.clock(then).is_empty());
    let _ = schedule.is_nightly(now);
}

/// Lines: a cron line, a time zone, hours such as `22:00-07:00`, a moment. Times come in their order, what is next is
/// ahead, and quiet hours end within two days, whatever clocks do.
pub fn schedules(data: &[u8]) {
    let text = text(data);
    let mut lines = text.lines();
    let mut line = || lines.next().unwrap_or_default().trim();
    let (cron, place, hours, moment) = (line(), line(), line(), line());
    let now = Time(moment.parse().unwrap_or(NOON).clamp(0, 4_000_000_000_000));
    let line = Line { cron: cron.into(), zone: Some(place).filter(|zone| !zone.is_empty()).map(Into::into) };
    check_line(&line.words(), 100);
    if let Ok(schedule) = Schedule::read(&line) {
        check_schedule(&schedule, now, schedule.zone_name == "UTC");
    }
    let Some(zone) = zone(place) else { return };
    let soon = |then: Time| then > now && then.ms_since(now) <= 2 * DAY_MS + 2 * HOUR_MS;
    let end = Quiet::read(hours, zone.clone()).and_then(|quiet| quiet.until(now));
    assert!(end.is_none_or(soon), "{place} {hours} {now:?}: {end:?}");
    let minute = i16::try_from(now.0.rem_euclid(24 * 60)).unwrap_or_default();
    assert!(next(minute, &zone, now).is_none_or(soon), "{place} {minute} {now:?}");
}
