//! From read words to an intent: one arm per intent.

use super::parse::Words;
use crate::domain::actor::Platform;
use crate::domain::cause::Cause;
use crate::domain::ids::IncidentNo;
use crate::domain::intent::{Intent, Target, Which, Wish};
use crate::domain::link::LinkBy;
use crate::domain::refs::Branch;
use crate::domain::repro::How;
use crate::domain::subscription::Filter;
use crate::domain::summary::Every;
use crate::domain::text::clean_line;
use crate::domain::time::{DAY_MS, MINUTE_MS};
use std::time::Duration;

/// The longest mute.
const MUTE_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

fn cause(word: Option<String>) -> Option<Cause> {
    serde_json::from_value(word?.into()).ok()
}

/// Milliseconds; 0 for `off`.
fn span(text: &str) -> Result<i64, String> {
    let span =
        if text == "off" { Duration::ZERO } else { humantime::parse_duration(text).map_err(|why| why.to_string())? };
    if span > MUTE_MAX {
        return Err("The maximum is seven days: 7d".into());
    }
    i64::try_from(span.as_millis()).map_err(|_| "The maximum is seven days: 7d".into())
}

/// How long a snooze lasts unless the command says otherwise.
const SNOOZE: &str = "1h";

/// `slack:C0BUILDS`: a platform and its own id of a channel.
fn channel(text: &str) -> Result<(Platform, String), String> {
    let plain = |part: &str| !part.is_empty() && part.len() <= 80 && part.bytes().all(|b| b.is_ascii_alphanumeric());
    match text.split_once(':') {
        Some((platform, channel)) if plain(platform) && plain(channel) => {
            Ok((Platform::new(platform.to_ascii_lowercase()), channel.to_owned()))
        }
        _ => Err(format!("from={} is no channel: try from=slack:C0123ABC", clean_line(text, 60))),
    }
}

/// `9:00`, as minutes after midnight.
fn minutes(clock: &str) -> Result<i16, String> {
    let time =
        jiff::civil::Time::strptime("%H:%M", clock).map_err(|_| format!("{clock} is no time of day: try 9:00"))?;
    Ok(i16::from(time.hour()) * 60 + i16::from(time.minute()))
}

/// How long a quarantine lasts unless for= says otherwise.
const QUARANTINE: &str = "7d";

/// How long a pin lasts unless for= says otherwise.
const PIN: &str = "14d";

/// Milliseconds of `for=`.
fn time(text: Option<String>, otherwise: &str) -> Result<i64, String> {
    let text = text.unwrap_or_else(|| otherwise.to_owned());
    let time = humantime::parse_duration(&text);
    let time = time.map_err(|_| format!("for={text} is not a duration: try for={otherwise}"))?;
    i64::try_from(time.as_millis()).map_err(|_| format!("The duration is too long: try for={otherwise}"))
}

/// What is wanted of a remedy that changes code.
fn wish(name: &str, take: &mut dyn FnMut(&str) -> Option<String>) -> Result<Wish, String> {
    Ok(match name {
        "quarantine" => Wish::Quarantine {
            test: take("test").map(Into::into),
            file: take("file").map(Into::into),
            for_ms: time(take("for"), QUARANTINE)?,
            reason: take("reason").map(Into::into),
            listed: take("list").is_some(),
        },
        "extend" => Wish::Extend {
            id: take("quarantine"),
            for_ms: time(take("for"), QUARANTINE)?,
            reason: take("reason").map(Into::into),
        },
        "fix" => match (take("template"), take("with")) {
            (Some(word), ask) if word.eq_ignore_ascii_case("agent") => Wish::Agent { ask: ask.map(Into::into) },
            (template, with) => Wish::Fix {
                template,
                words: with.iter().flat_map(|text| text.split([',', ' '])).map(str::to_owned).collect(),
            },
        },
        "agent" => Wish::Agent { ask: take("with").map(Into::into) },
        "issue" => Wish::Issue { reason: take("reason").map(Into::into) },
        "requeue" => Wish::Requeue { pull: number(take("pr"))? },
        "unquarantine" => Wish::Unquarantine { id: take("quarantine") },
        "pin" => {
            // A scoped package begins with the sign too.
            let split = |text: String| match text.rfind('@').filter(|at| *at > 0) {
                Some(at) => (text[..at].to_owned(), Some(text[at + 1..].to_owned())),
                None => (text, None),
            };
            let (package, version) = take("package").map(split).map_or((None, None), |(p, v)| (Some(p), v));
            Wish::Pin { package, version, for_ms: time(take("for"), PIN)? }
        }
        "unpin" => Wish::Unpin { package: take("package").ok_or("Name a package")? },
        "revert" => Wish::Revert { pulls: numbers(take("pr").as_deref())?, commit: take("commit") },
        _ => {
            let to = take("to").ok_or("Name a target branch: to=release-1")?;
            let to: Result<Vec<Branch>, _> = to.split(',').map(|name| name.trim().parse::<Branch>()).collect();
            let mut to = to.map_err(|why| why.to_string())?;
            // A branch that is named twice gets one pull request.
            let mut seen = std::collections::BTreeSet::new();
            to.retain(|branch| seen.insert(branch.clone()));
            if to.len() > BRANCHES_MAX {
                return Err(format!("At most {BRANCHES_MAX} branches at a time"));
            }
            Wish::Backport { pull: number(take("pr"))?, to }
        }
    })
}

/// Branches of one backport.
const BRANCHES_MAX: usize = 10;

/// Pull requests that one revert takes back together.
const PULLS_MAX: usize = 10;

/// Numbers with commas; each once.
fn numbers(text: Option<&str>) -> Result<Vec<u64>, String> {
    let mut all = Vec::new();
    for part in text.into_iter().flat_map(|text| text.split(',')) {
        let one = number(Some(part.trim().to_owned()))?;
        all.extend(one.filter(|one| !all.contains(one)));
    }
    if all.len() > PULLS_MAX {
        return Err(format!("At most {PULLS_MAX} pull requests at a time"));
    }
    Ok(all)
}

fn number(text: Option<String>) -> Result<Option<u64>, String> {
    let Some(text) = text else { return Ok(None) };
    let digits = text.strip_prefix('#').unwrap_or(&text);
    digits.parse().map(Some).map_err(|_| format!("pr={text} is not a pull request number: try pr=123"))
}

/// Which loops of agents: those at work, those that ended, or both.
fn which(word: Option<&str>) -> Result<Option<bool>, String> {
    match word {
        None => Ok(None),
        Some("active") => Ok(Some(true)),
        Some("history") => Ok(Some(false)),
        Some(_) => Err("Use loops active or loops history".into()),
    }
}

fn reset(word: Option<&str>) -> Result<bool, String> {
    match word {
        None => Ok(false),
        Some("reset") => Ok(true),
        Some(_) => Err("Use routing or routing reset".into()),
    }
}

fn digest(take: &mut dyn FnMut(&str) -> Option<String>) -> Result<Intent, String> {
    let (every, at, zone) = (take("every"), take("at"), take("zone"));
    let minute = at.as_deref().map(minutes).transpose()?;
    match every.as_deref() {
        Some("off") => Ok(Intent::NoDigests),
        Some(word) => {
            let every = if word == "weekly" { Every::Weekly } else { Every::Daily };
            Ok(Intent::Digest { every, minute, zone })
        }
        None if minute.is_some() || zone.is_some() => Err("Say daily or weekly".into()),
        None => Ok(Intent::Digests),
    }
}

fn link(with: Option<&str>, code: Option<String>) -> Result<LinkBy, String> {
    match (with, code) {
        (Some("console"), code) => Ok(LinkBy::Console { code }),
        (_, None) => Ok(LinkBy::Forge),
        (_, Some(_)) => Err("link github takes no code: GitHub asks you for it".into()),
    }
}

/// How long a link counts unless for= says otherwise, and at most.
const SHARE: &str = "7d";
const SHARE_MAX_MS: i64 = 30 * DAY_MS;

fn share(long: Option<String>, off: bool) -> Result<i64, String> {
    match (long, off) {
        (Some(_), true) => Err("Use either for= or off, not both".into()),
        (None, true) => Ok(0),
        (long, false) => match time(long, SHARE)? {
            ms @ MINUTE_MS..=SHARE_MAX_MS => Ok(ms),
            _ => Err("A link counts for a minute at least and for 30 days at most: for=7d".into()),
        },
    }
}

/// # Errors
/// A sentence saying what is missing.
pub fn intent(name: &str, mut words: Words, here: Option<IncidentNo>) -> Result<Intent, String> {
    let mut take = |key: &str| words.text.remove(key);
    let flag = |value: Option<String>| value.is_some();
    let target = match (words.target, here) {
        (Some(target), _) => Ok(target),
        (None, Some(no)) => Ok(Target::Incident(no)),
        (None, None) => Err("Which incident? Its number is on the card".to_owned()),
    };
    Ok(match name {
        "help" => Intent::Help { topic: take("command") },
        "list" => Intent::List { repo: take("repo").and_then(|repo| repo.parse().ok()), stage: take("stage") },
        "show" => Intent::Show { target: target? },
        "why" => Intent::Why { target: target? },
        "wrong" => Intent::Wrong { target: target?, cause: cause(take("cause")) },
        "classify" => match cause(take("cause")) {
            None => Intent::Why { target: target? },
            cause => Intent::Wrong { target: target?, cause },
        },
        "ack" => Intent::Ack { target: target? },
        "assign" => {
            let to = take("to").ok_or("Name a person: assign 42 @ada")?;
            Intent::Assign { target: target?, to: to.into(), key: None, direct: Vec::new() }
        }
        "snooze" => {
            let (for_ms, until) = match (take("for"), take("until")) {
                (Some(_), Some(_)) => return Err("Use either a duration or until=, not both".into()),
                (None, Some(clock)) => (0, Some(minutes(&clock)?)),
                (long, None) => (span(long.as_deref().unwrap_or(SNOOZE))?, None),
            };
            Intent::Snooze { target: target?, for_ms, until }
        }
        "resolve" => Intent::Resolve { target: target?, reason: take("reason").map(Into::into) },
        "reopen" => Intent::Reopen { target: target? },
        "loops" => Intent::Loops { active: which(take("which").as_deref())? },
        "routing" => Intent::Routing { reset: reset(take("reset").as_deref())? },
        "budget" => Intent::Budget,
        "doctor" => Intent::Doctor,
        "stats" => Intent::Stats { repo: take("repo").and_then(|repo| repo.parse().ok()) },
        "bisect" => {
            let dry_run = take("run").is_none();
            Intent::Remedy { target: target?, wish: Wish::Bisect, force: false, dry_run }
        }
        "retry" => {
            let which = match (take("job"), take("which").as_deref()) {
                (Some(_), Some(_)) => return Err("Use either job= or failed/all, not both".into()),
                (Some(job), None) => Which::Job(job.into()),
                (None, Some("all")) => Which::All,
                (None, Some(_)) => Which::Failed,
                (None, None) => Which::Smallest,
            };
            let wish = Wish::Retry(which);
            Intent::Remedy { target: target?, wish, force: flag(take("force")), dry_run: flag(take("dry-run")) }
        }
        "quarantine" | "unquarantine" | "extend" | "pin" | "unpin" | "revert" | "backport" | "fix" | "agent"
        | "issue" | "requeue" => {
            let (force, dry_run) = (flag(take("force")), flag(take("dry-run")));
            Intent::Remedy { target: target?, wish: wish(name, &mut take)?, force, dry_run }
        }
        "quarantined" => {
            Intent::Quarantined { repo: take("repo").and_then(|repo| repo.parse().ok()), owner: take("owner") }
        }
        "repro" => {
            let how = match take("how").as_deref() {
                Some("run") => How::Run,
                Some(_) => How::Bisect,
                None => How::Script,
            };
            Intent::Repro { target: target?, how }
        }
        "undo" => Intent::Undo { target: target? },
        "approve" => Intent::Approve { target: target? },
        "reject" => Intent::Reject { target: target?, reason: take("reason").map(Into::into) },
        "cancel" => Intent::Cancel { target: target? },
        "hold" => Intent::Hold { reason: take("reason").map(Into::into) },
        "unhold" => Intent::Unhold,
        "subscribe" => Intent::Subscribe {
            filter: Filter {
                repo: take("repo"),
                branch: take("branch"),
                workflow: take("workflow"),
                conclusion: take("conclusion"),
                severity: take("severity").and_then(|word| serde_json::from_value(word.into()).ok()),
                owner: take("owner"),
            },
        },
        "unsubscribe" => Intent::Unsubscribe {
            repo: take("repo").and_then(|repo| repo.parse().ok()),
            from: take("from").map(|from| channel(&from)).transpose()?,
        },
        "mute" => Intent::Mute { for_ms: span(take("for").as_deref().unwrap_or("off"))? },
        "subscriptions" => Intent::Subscriptions,
        "digest" => digest(&mut take)?,
        "notify" => {
            let road = take("road").and_then(|word| serde_json::from_value(word.into()).ok());
            Intent::Notify { road, quiet: take("quiet"), zone: take("zone") }
        }
        "link" => Intent::Link { by: link(take("with").as_deref(), take("code"))? },
        "unlink" => Intent::Unlink { login: take("login") },
        "share" => Intent::Share { target: target?, for_ms: share(take("for"), flag(take("off")))? },
        other => return Err(format!("Unknown intent {other}")),
    })
}
