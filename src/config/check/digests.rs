//! What channels are told daily or weekly, and when.

use super::super::faults::quoted;
use super::super::shape::Config;
use super::{Check, item};
use crate::policy;

pub fn check(check: &mut Check<'_>, config: &Config) {
    for (index, digest) in config.digests.iter().enumerate() {
        let at = |key| item("digests", index, key);
        if check.present(&at("platform"), &digest.platform) {
            check.one_of(&at("platform"), &digest.platform, &["slack", "discord"]);
        }
        check.present(&at("channel"), &digest.channel);
        if digest.minute().is_none() {
            let what = format!("must be a time of day, such as \"09:00\" (found {})", quoted(&digest.at));
            check.say(&at("at"), &what);
        }
        if let Some(zone) = digest.time_zone.as_deref().filter(|zone| policy::zone(zone).is_none()) {
            let must = "the IANA name of a time zone, such as \"Europe/Berlin\"";
            check.say(&at("time_zone"), &format!("must be {must} (found {})", quoted(zone)));
        }
        let key = (&digest.platform, &digest.channel, digest.every);
        if config.digests[..index].iter().any(|other| (&other.platform, &other.channel, other.every) == key) {
            check.say(&at("every"), "repeats another [[digests]] table of this channel");
        }
    }
}
