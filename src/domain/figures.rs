//! How it went, in figures: counted once, and shown alike in chat, on the console, as metrics and in the weekly review.

use super::executed::Filled;
use super::ids::IncidentNo;
use super::time::Time;
use serde::{Deserialize, Serialize};

/// How far back the figures look, in days; [`Figures::weeks`] looks further.
pub const DAYS: i64 = 30;
/// Weeks of the plots.
pub const WEEKS: usize = 12;
/// Bins of the reliability table.
pub const BINS: usize = 5;

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub yes: u32,
    pub of: u32,
}

impl Share {
    pub fn add(&mut self, yes: bool) {
        self.yes += u32::from(yes);
        self.of += 1;
    }

    /// 0 to 1; `None` of nothing.
    #[must_use]
    pub fn ratio(self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.yes) / f64::from(self.of))
    }
}

/// Lengths of time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    pub count: u32,
    pub mean: i64,
    /// Half of them are no longer.
    pub median: i64,
}

impl Times {
    /// `None` of nothing.
    #[must_use]
    pub fn of(mut all: Vec<i64>) -> Option<Self> {
        all.sort_unstable();
        let count = i64::try_from(all.len()).ok().filter(|count| *count > 0)?;
        let mean = all.iter().fold(0_i64, |sum, ms| sum.saturating_add(*ms)) / count;
        Some(Self { count: u32::try_from(count).unwrap_or(u32::MAX), mean, median: all[(all.len() - 1) / 2] })
    }
}

/// How pull requests of the bot's ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulls {
    pub merged: u32,
    /// Without being merged.
    pub closed: u32,
    pub open: u32,
}

/// Proposals of one remedy that ended in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub remedy: String,
    pub state: String,
    pub count: u32,
    /// Of these, by the bot itself.
    pub automatic: u32,
}

/// How the chance that was told first compares with what came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The mean square of chance less outcome: 0 is perfect, 0.25 is what "50 %" always gets.
    pub brier: Option<f64>,
    /// Incidents told from 0 to 20 %, from 20 to 40 % and so on: how many passed again.
    pub bins: [Share; BINS],
    /// Outcomes that the correction learned from, of all repositories.
    #[serde(default)]
    pub learned: u32,
    /// What 20, 50 and 80 % are told as by now.
    #[serde(default)]
    pub corrected: [f64; 3],
}

/// The chances of [`Calibration::corrected`].
pub const EXAMPLES: [f64; 3] = [0.2, 0.5, 0.8];

/// One week of the plots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Week {
    pub from: Time,
    /// Runs of default branches: how many were green in the end.
    pub builds: Share,
    pub to_green: Option<Times>,
}

/// A job that flakes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suite {
    pub repo: String,
    pub job: String,
    pub executions: u32,
    /// Failures with nothing broken, as far as that is known.
    pub flakes: f64,
    /// The chance that an execution fails with nothing broken, and its 90 % interval.
    pub rate: f64,
    pub low: f64,
    pub high: f64,
}

/// How a known issue fared: see [`super::evidence::Advice`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IssueFigures {
    pub id: String,
    pub track: super::evidence::Track,
    /// As the rules ship it.
    pub shipped: f64,
    /// With what came of it.
    pub now: f64,
}

/// A failure that comes again and again and that no rule knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurring {
    /// The newest incident with it.
    pub incident: IncidentNo,
    pub repo: String,
    /// Times within a week.
    pub count: u32,
    /// A row of `rules/known_issues.toml`, to be reviewed.
    pub row: String,
}

/// What an automatic act was and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub incident: IncidentNo,
    pub repo: String,
    pub at: Time,
    pub remedy: String,
    /// `passed`, `failed again`, `merged`, `undone`…
    pub end: String,
}

/// The last [`DAYS`] days, unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub incidents: u32,
    pub open: u32,
    /// Incidents that joined an older one: cards that nobody had to read twice.
    pub duplicates: u32,
    /// Escalations; `yes` are those of failures that were none: they passed again, or people said so.
    pub wrong_escalations: Share,
    pub to_green: Option<Times>,
    /// Time to green where another commit was needed.
    pub fix: Option<Times>,
    /// Incidents that were retried: how many passed by it.
    pub retries: Share,
    pub pulls: Pulls,
    pub remedies: Vec<Ended>,
    /// Incidents: how many have a cause.
    pub named: Share,
    /// Verdicts that people corrected.
    pub corrected: u32,
    /// Failures that were not seen in the weeks before: how many had a cause, or a known issue, within a day.
    pub recognised: Share,
    pub calibration: Calibration,
    /// Runs of default branches: how many were green in the end.
    pub builds: Share,
    /// [`WEEKS`] weeks, oldest first; the last goes up to now.
    pub weeks: Vec<Week>,
    /// The worst first.
    pub suites: Vec<Suite>,
    /// The most seen first, of all time.
    pub issues: Vec<IssueFigures>,
    /// Of the last seven days.
    pub recurring: Vec<Recurring>,
    /// How far past runs have been read into history.
    #[serde(default)]
    pub filled: Vec<Filled>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_mean_and_a_median() {
        assert_eq!(Times::of(Vec::new()), None);
        assert_eq!(Times::of(vec![9, 1, 2]), Some(Times { count: 3, mean: 4, median: 2 }));
        assert_eq!(Times::of(vec![4, 1, 2, 9]), Some(Times { count: 4, mean: 4, median: 2 }));
        assert!(Times::of(vec![i64::MAX, i64::MAX]).is_some(), "it saturates");
    }
}
