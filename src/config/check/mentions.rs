//! Whom and when to mention.

use super::super::faults::quoted;
use super::super::shape::Config;
use super::super::tree::Step;
use super::{Check, item, path};
use crate::domain::actor::Platform;
use crate::domain::evidence::Severity;
use crate::domain::mention::Mention;
use crate::policy;

pub fn check(check: &mut Check<'_>, config: &Config) {
    accounts(check, config);
    groups(check, config);
    hours(check, config);
    for (index, severity) in config.mentions.severities.iter().enumerate() {
        if matches!(severity, Severity::Flaky | Severity::Transient) {
            let mut at = path("mentions.severities");
            at.push(Step::Index(index));
            let what = format!(
                "must be \"blocker\", \"normal\" or \"security\": nobody is mentioned for what is {}",
                severity.as_str()
            );
            check.say(&at, &what);
        }
    }
}

/// Ids of another form are the doctor's to tell: nobody is mentioned by one.
fn accounts(check: &mut Check<'_>, config: &Config) {
    for (index, person) in config.people.iter().enumerate() {
        if person.direct && person.slack.is_none() && person.discord.is_none() {
            check.say(&item("people", index, "direct"), "needs people.slack or people.discord, where to send it");
        }
    }
}

fn groups(check: &mut Check<'_>, config: &Config) {
    for (index, group) in config.groups.iter().enumerate() {
        let at = item("groups", index, "owner");
        // A group may be there for its role alone.
        if (group.role.is_none() || !group.owner.is_empty()) && check.present(&at, &group.owner) {
            owner(check, config, index, &at);
        }
        if group.slack.is_none() && group.discord.is_none() && group.sign_in.is_none() {
            check.say(&item("groups", index, "slack"), "or discord is missing");
        }
        if group.sign_in.as_ref().is_some_and(|name| name.trim().is_empty()) {
            check.say(&item("groups", index, "sign_in"), "is empty; set it or remove the key");
        }
        if group.sign_in.is_some() && group.role.is_none() {
            check.say(&item("groups", index, "sign_in"), "needs groups.role: what its members may do");
        }
        for (key, id, must) in [
            ("slack", &group.slack, "a user group's ID, such as \"S0123456789\""),
            ("discord", &group.discord, "a role's numeric ID in quotes (Copy Role ID in Discord's Developer Mode)"),
        ] {
            let good = |id: &str| Mention::group(&Platform::new(key), id).is_some();
            if let Some(id) = id.as_deref().filter(|id| !good(id)) {
                check.say(&item("groups", index, key), &format!("must be {must} (found {})", quoted(id)));
            }
        }
    }
}

fn owner(check: &mut Check<'_>, config: &Config, index: usize, at: &[Step]) {
    let owner = &config.groups[index].owner;
    if !owner.contains('@') || owner.contains(char::is_whitespace) {
        let found = quoted(owner);
        return check
            .say(at, &format!("must be an owner as CODEOWNERS writes it, such as \"@acme/web\" (found {found})"));
    }
    if config.groups[..index].iter().any(|other| other.owner.eq_ignore_ascii_case(owner)) {
        check.say(at, &format!("repeats {}; give each owner one table", quoted(owner)));
    }
}

fn hours(check: &mut Check<'_>, config: &Config) {
    let mentions = &config.mentions;
    let zone = policy::zone(&mentions.time_zone);
    let must = "the IANA name of a time zone, such as \"Europe/Berlin\"";
    check.text("mentions.time_zone", zone.is_some(), must, &mentions.time_zone);
    if let Some(hours) = &mentions.quiet {
        let good = policy::Quiet::read(hours, zone.unwrap_or(policy::UTC)).is_some();
        check.text("mentions.quiet", good, "two different times, such as \"22:00-07:00\"", hours);
    }
}
