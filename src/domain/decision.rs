//! A decision with its reasons as a tree, and how people read it.

use super::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Allow,
    /// Needs this many approvals.
    Approvals(u32),
    Deny,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow => f.write_str("allowed"),
            Self::Approvals(1) => f.write_str("allowed with 1 approval"),
            Self::Approvals(n) => write!(f, "allowed with {n} approvals"),
            Self::Deny => f.write_str("not allowed"),
        }
    }
}

/// What there is, beside its limit: counts, or minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    pub have: u64,
    pub limit: u64,
}

/// One rule, its result, and the rules that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub rule: String,
    pub met: bool,
    pub words: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
    /// When it will be met by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<Reason>,
}

/// What a repository's file says and may not: told, and without effect.
pub const IGNORED: &str = "ignored";

impl Reason {
    #[must_use]
    pub fn comparing(self, have: impl Into<u64>, limit: impl Into<u64>) -> Self {
        Self { compared: Some(Compared { have: have.into(), limit: limit.into() }), ..self }
    }

    #[must_use]
    pub fn of(self, of: Vec<Self>) -> Self {
        Self { of, ..self }
    }

    /// Each rule in a line, the deeper the further to the right; `brief` leaves out those that hold and say nothing more.
    fn lines(&self, depth: usize, brief: bool, lines: &mut Vec<String>) {
        let inner = lines.len();
        for reason in &self.of {
            reason.lines(depth + 1, brief, lines);
        }
        if depth > 0 && (!brief || !self.met || self.rule == IGNORED || lines.len() > inner) {
            let sign = if self.met { "✓" } else { "✗" };
            let (indent, rule) = ("  ".repeat(depth), self.rule.replace('_', " "));
            lines.insert(inner, format!("{indent}{sign} {rule}: {}", self.words));
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub verdict: Verdict,
    pub because: Reason,
}

impl Decision {
    /// The words of every rule that was not met; of all rules when none failed.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let pick = |met: bool| -> Vec<String> {
            self.because.of.iter().filter(|r| r.met == met).map(|r| r.words.clone()).collect()
        };
        let unmet = pick(false);
        if self.verdict == Verdict::Deny && !unmet.is_empty() { unmet } else { pick(true) }
    }

    /// When all that forbids it will be over by itself; `None` where something else forbids it too.
    #[must_use]
    pub fn later(&self) -> Option<Time> {
        let unmet = self.because.of.iter().filter(|reason| !reason.met);
        let ends: Option<Vec<Time>> = unmet.map(|reason| reason.until).collect();
        ends?.into_iter().max()
    }

    /// Whether the rule of this name is met; one that was not asked is.
    #[must_use]
    pub fn meets(&self, rule: &str) -> bool {
        self.because.of.iter().all(|reason| reason.met || reason.rule != rule)
    }
}

/// What would be decided now of one remedy for one incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// `retry`, or `pin 42-1` for one that is proposed.
    pub remedy: String,
    /// `by CI Rescue itself`, `for an approver`, `for ben`.
    pub by: String,
    pub decision: Decision,
}

impl Tested {
    /// `retry by CI Rescue itself is not allowed: 18 of 20 rules hold`
    #[must_use]
    pub fn title(&self) -> String {
        let Decision { verdict, because } = &self.decision;
        let met = because.of.iter().filter(|reason| reason.met).count();
        format!("{} {} is {verdict}: {met} of {} rules hold", self.remedy, self.by, because.of.len())
    }

    /// The title and the tree, a rule a line. `brief` leaves out the rules that hold.
    #[must_use]
    pub fn lines(&self, brief: bool) -> Vec<String> {
        let mut lines = vec![self.title()];
        self.decision.because.lines(0, brief, &mut lines);
        lines
    }
}
