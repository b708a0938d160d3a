//! A channel's daily and weekly digests: when they come, and what they tell.

use super::actor::Platform;
use super::agent::Usd;
use super::figures::{Act, Suite};
use super::ids::{IncidentNo, Repo};
use super::journal::ListRow;
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    Daily,
    /// On Mondays.
    Weekly,
}

impl Every {
    pub const ALL: [Self; 2] = [Self::Daily, Self::Weekly];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }
}

/// One digest of one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub platform: Platform,
    pub channel: String,
    pub every: Every,
    /// By the clock on the wall, in minutes after midnight.
    pub minute: i16,
    /// The IANA name of that clock's time zone.
    pub zone: String,
    /// By configuration rather than by command: a command cannot change it.
    pub fixed: bool,
}

impl Schedule {
    /// `daily at 09:00, Europe/Berlin`.
    #[must_use]
    pub fn words(&self) -> String {
        let on = if self.every == Every::Weekly { " on Mondays" } else { "" };
        format!("{}{on} at {:02}:{:02}, {}", self.every.as_str(), self.minute / 60, self.minute % 60, self.zone)
    }
}

/// A quarantine that ends soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub id: String,
    pub repo: Repo,
    pub test: Untrusted,
    /// As CODEOWNERS writes them; may be empty.
    pub owners: Vec<String>,
    /// `YYYY-MM-DD`, UTC.
    pub until: String,
}

/// A failure that was fixed, and how long it had been open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    pub row: ListRow,
    pub after_ms: i64,
}

/// What a digest tells of the time between two moments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    pub from: Time,
    pub to: Time,
    /// Failed in that time and still open.
    pub new: Vec<ListRow>,
    /// Open since before.
    pub red: Vec<ListRow>,
    pub fixed: Vec<Fixed>,
    pub flaky: Vec<Suite>,
    pub ending: Vec<Ending>,
    /// What the bot did by itself.
    pub acts: Vec<Act>,
    /// On agents.
    pub spent: Usd,
}

impl Summary {
    /// Whether anything happened or has to be done: flaky jobs alone are no news.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.new.is_empty()
            && self.red.is_empty()
            && self.fixed.is_empty()
            && self.ending.is_empty()
            && self.acts.is_empty()
            && self.spent == Usd::default()
    }

    /// Incidents that are told of.
    pub fn incidents(&self) -> impl Iterator<Item = IncidentNo> {
        let fixed = self.fixed.iter().map(|fixed| fixed.row.no);
        self.new.iter().chain(&self.red).map(|row| row.no).chain(fixed)
    }
}
