//! What of an incident is worth another message, where messages cannot be edited.

use super::evidence::Severity;
use super::incident::Stage;
use serde::{Deserialize, Serialize};

/// Why a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Opened,
    /// It is more severe than was told.
    Raised,
    Escalated,
    Quarantined,
    Resolved,
    Reopened,
    /// Everything that a digest named is over.
    Over,
}

impl News {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Raised => "raised",
            Self::Escalated => "escalated",
            Self::Quarantined => "quarantined",
            Self::Resolved => "resolved",
            Self::Reopened => "reopened",
            Self::Over => "over",
        }
    }
}

/// What was told last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub stage: Stage,
    pub severity: Severity,
    /// Messages so far, but for the first; of events, those that no entry of the journal stands for.
    pub n: u64,
    /// The newest entry of the journal that was handed over.
    #[serde(default)]
    pub top: u64,
    /// The first message's title.
    pub title: String,
}

/// One thing that is not as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    pub what: &'static str,
    pub from: &'static str,
    pub to: &'static str,
}

fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Flaky => 0,
        Severity::Transient => 1,
        Severity::Normal => 2,
        Severity::Blocker => 3,
        Severity::Security => 4,
    }
}

/// Whether work on it goes on as usual: what people do about it in between is no news.
fn is_going(stage: Stage) -> bool {
    matches!(stage, Stage::Open | Stage::AwaitingApproval | Stage::Running)
}

impl Said {
    /// Whether what it is now is worth a message after what was told.
    #[must_use]
    pub fn news(&self, stage: Stage, severity: Severity) -> Option<News> {
        match stage {
            Stage::Resolved if self.stage != stage => return Some(News::Resolved),
            Stage::Escalated if self.stage != stage => return Some(News::Escalated),
            Stage::Quarantined if self.stage != stage => return Some(News::Quarantined),
            stage if is_going(stage) && self.stage == Stage::Resolved => return Some(News::Reopened),
            _ => {}
        }
        (stage != Stage::Resolved && rank(severity) > rank(self.severity)).then_some(News::Raised)
    }

    /// Everything that differs from what was told.
    #[must_use]
    pub fn changes(&self, stage: Stage, severity: Severity) -> Vec<Changed> {
        let mut all = Vec::new();
        if self.stage != stage {
            all.push(Changed { what: "stage", from: self.stage.as_str(), to: stage.as_str() });
        }
        if self.severity != severity {
            all.push(Changed { what: "severity", from: self.severity.as_str(), to: severity.as_str() });
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_news_and_nothing_else() {
        use Severity::{Blocker, Flaky, Normal};
        use Stage::{AwaitingApproval, Escalated, Open, Quarantined, Resolved, Running};
        for (told, now, want) in [
            ((Open, Normal), (Open, Normal), None),
            ((Open, Normal), (Running, Normal), None),
            ((Open, Normal), (AwaitingApproval, Flaky), None),
            ((Open, Normal), (Open, Blocker), Some(News::Raised)),
            ((Open, Normal), (Escalated, Blocker), Some(News::Escalated)),
            ((Escalated, Normal), (Running, Normal), None),
            ((Open, Normal), (Quarantined, Normal), Some(News::Quarantined)),
            ((Quarantined, Normal), (Resolved, Normal), Some(News::Resolved)),
            ((Resolved, Normal), (Resolved, Blocker), None),
            ((Resolved, Normal), (Running, Normal), Some(News::Reopened)),
        ] {
            let said = Said { stage: told.0, severity: told.1, ..Said::default() };
            assert_eq!(said.news(now.0, now.1), want, "{told:?} {now:?}");
        }
    }
}
