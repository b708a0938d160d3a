//! Loops of fixing agents: a specialist's program tries, the bot looks at what it changed, CI decides, and it tries again.

use super::facts::Preview;
use super::ids::Digest;
use super::text::Untrusted;
use super::time::{MINUTE_MS, SECOND_MS, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;

/// US dollars, in millionths: agents report fractions of a cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usd(pub u64);

impl Usd {
    #[must_use]
    pub const fn cents(cents: u32) -> Self {
        Self(cents as u64 * 10_000)
    }

    /// An amount in dollars, as programs print it; `None` unless it is a number that money can be.
    #[must_use]
    pub fn of(dollars: f64) -> Option<Self> {
        const MOST: f64 = 1e6;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1e12")]
        (0.0..=MOST).contains(&dollars).then(|| Self((dollars * 1e6).ceil() as u64))
    }

    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }

    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }

    #[must_use]
    pub fn less(self, part: Self) -> Self {
        Self(self.0.saturating_sub(part.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self(0), Self::plus)
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${:.2}", self.dollars())
    }
}

/// The name under which the analyst is configured and asked, among the agents.
pub const ANALYST: &str = "analyst";

/// The limits of a loop, and the specialists that have an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loops {
    /// Names of specialists, in lower case.
    pub agents: Vec<String>,
    pub attempts_max: u32,
    pub budget: Usd,
    /// Of all loops together, from midnight to midnight UTC.
    pub daily_budget: Usd,
    /// What one attempt may cost; one that tells no cost is counted so.
    pub attempt_budget: Usd,
    /// After a push: when CI is first looked at, how often then, and for how long at most.
    pub first_look_ms: i64,
    pub look_ms: i64,
    pub longest_ms: i64,
    /// On one branch, the least time between the starts of two loops.
    pub apart_ms: i64,
    /// What one question to the analyst may cost; absent where there is none.
    pub analysis_budget: Option<Usd>,
}

impl Loops {
    /// Whether an agent is configured for this specialist.
    #[must_use]
    pub fn has_agent(&self, specialist: &str) -> bool {
        self.agents.iter().any(|name| name.eq_ignore_ascii_case(specialist))
    }
}

impl Default for Loops {
    fn default() -> Self {
        Self {
            agents: Vec::new(),
            attempts_max: 5,
            budget: Usd::cents(200),
            daily_budget: Usd::cents(1_000),
            attempt_budget: Usd::cents(40),
            first_look_ms: MINUTE_MS,
            look_ms: 30 * SECOND_MS,
            longest_ms: 10 * MINUTE_MS,
            apart_ms: 10 * MINUTE_MS,
            analysis_budget: None,
        }
    }
}

/// A change that an agent made and the bot let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// The commit that it stands on.
    pub base: String,
    /// The whole tree after it, an object id.
    pub tree: String,
    /// The diff, as a blob of the store.
    pub diff: Digest,
    pub preview: Preview,
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum AttemptEnd {
    Proposed {
        patch: Box<Patch>,
    },
    /// The bot refused the change, and every reason.
    Refused {
        why: Vec<String>,
        /// The refused diff, for people.
        diff: Option<Digest>,
    },
    /// The agent wants a person, in its own words.
    Escalated {
        why: Untrusted,
    },
    /// No change came of it.
    Failed {
        why: String,
    },
    /// The bot stopped while the agent ran, and what it did is lost.
    Interrupted,
}

/// One run of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1 within the loop.
    pub n: u32,
    /// Whose agent it was: `Rex`.
    #[serde(default)]
    pub specialist: String,
    /// The commit that it worked on.
    pub base: String,
    pub at: Time,
    pub cost: Usd,
    /// The agent told its cost; else it is assumed.
    pub cost_told: bool,
    #[serde(flatten)]
    pub end: AttemptEnd,
    /// The last that the agent said.
    #[serde(default)]
    pub said: Untrusted,
    #[serde(default)]
    pub pushed_at: Option<Time>,
    /// What CI said of the push.
    #[serde(default)]
    pub ci: Option<Verdict>,
    /// Who looks after what failed there.
    #[serde(default)]
    pub points_to: Option<String>,
}

/// What CI says of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Passed,
    /// So did the failing workflow, and another one failed.
    Mixed,
    Failed,
    /// It did not come to an end in time.
    Late,
    /// No workflow ran.
    Silent,
}

/// How a branch of ours stands at the forge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The tree of its head; absent where the branch is gone.
    pub tree: Option<String>,
    /// A run of the failing workflow is known at its head.
    pub ran: bool,
    /// Whether it passed; `None` while it is going, was cancelled or skipped, or is not known.
    pub passed: Option<bool>,
    /// A run of another workflow failed there.
    #[serde(default)]
    pub others_failed: bool,
    /// A job of its that failed.
    pub job: Option<u64>,
    /// Who looks after that failure.
    #[serde(default)]
    pub specialist: Option<String>,
}

/// A file that a change touches, before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    pub path: String,
    /// As git writes it: `100644`; empty where the file is not there.
    pub old_mode: String,
    pub new_mode: String,
    /// Added and removed ones; 0 where it is no text.
    pub lines: usize,
    /// Absent where it is not there, or is no text.
    pub old: Option<String>,
    pub new: Option<String>,
}

/// Who looks after a failure, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Routed {
    /// `Rex`.
    pub specialist: String,
    /// `rust`: what it looks after.
    #[serde(default)]
    pub area: String,
    /// 0 to 1.
    pub confidence: f64,
    pub because: String,
    /// An agent is configured for it.
    #[serde(default)]
    pub has_agent: bool,
    /// Whose agent takes over where this one's cannot.
    #[serde(default)]
    pub second: Option<String>,
}

/// What a specialist's agents came to in one workflow of a repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub fixed: u32,
    pub failed: u32,
}

/// Records by specialist.
pub type Records = BTreeMap<String, Record>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_read_and_rounded_up() {
        for (dollars, want) in [
            (0.0, Some(0)),
            (0.123_456_7, Some(123_457)),
            (2.0, Some(2_000_000)),
            (-0.01, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
            (1e9, None),
        ] {
            assert_eq!(Usd::of(dollars).map(|usd| usd.0), want, "{dollars}");
        }
        assert_eq!(Usd::cents(205).to_string(), "$2.05");
        assert_eq!([Usd::cents(1), Usd::cents(2)].into_iter().sum::<Usd>(), Usd::cents(3));
    }
}
