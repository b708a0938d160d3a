//! `[[digests]]`: what a channel is told daily or weekly.

use crate::domain::Platform;
use crate::domain::summary::{Every, Schedule};
use serde::Deserialize;

/// One `[[digests]]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigestSection {
    #[serde(default)]
    pub platform: String,
    #[serde(default)]
    pub channel: String,
    #[serde(default = "daily")]
    pub every: Every,
    /// `09:00`, by the clock on the wall.
    #[serde(default = "nine")]
    pub at: String,
    /// Of that clock, by its IANA name; that of the mentions if absent.
    #[serde(default)]
    pub time_zone: Option<String>,
}

fn daily() -> Every {
    Every::Daily
}

fn nine() -> String {
    "09:00".into()
}

impl DigestSection {
    /// Minutes after midnight; `None` if `at` is no time of day.
    #[must_use]
    pub fn minute(&self) -> Option<i16> {
        let time = jiff::civil::Time::strptime("%H:%M", &self.at).ok()?;
        Some(i16::from(time.hour()) * 60 + i16::from(time.minute()))
    }

    /// As the engine wants it; what [`super::load`] accepted loses nothing.
    #[must_use]
    pub fn schedule(&self, zone: &str) -> Option<Schedule> {
        Some(Schedule {
            platform: Platform::new(&*self.platform),
            channel: self.channel.clone(),
            every: self.every,
            minute: self.minute()?,
            zone: self.time_zone.clone().unwrap_or_else(|| zone.to_owned()),
            fixed: true,
        })
    }
}
