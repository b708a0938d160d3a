//! A decision with its reasons as a tree, and how people read it.

use crate::domain::time::Time;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Allow,
    /// Needs this many approvals.
    Approvals(u32),
    Deny,
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
pub(super) const IGNORED: &str = "ignored";

impl Reason {
    pub(super) fn comparing(self, have: impl Into<u64>, limit: impl Into<u64>) -> Self {
        Self { compared: Some(Compared { have: have.into(), limit: limit.into() }), ..self }
    }

    pub(super) fn of(self, of: Vec<Self>) -> Self {
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

    /// The verdict, then the tree, a rule a line. `brief` leaves out the rules that hold.
    #[must_use]
    pub fn lines(&self, brief: bool) -> Vec<String> {
        let mut lines = Vec::new();
        self.because.lines(0, brief, &mut lines);
        let count = self.because.of.len();
        let met = self.because.of.iter().filter(|reason| reason.met).count();
        lines.insert(0, format!("{}: {met} of {count} rules hold", self.because.words));
        lines
    }
}

pub(super) fn gate(rule: &str, met: bool, words: impl Into<String>) -> Reason {
    Reason { rule: rule.into(), met, words: words.into(), compared: None, until: None, of: Vec::new() }
}

/// A rule with one sentence for each result.
pub(super) fn either(rule: &str, met: bool, yes: &str, no: &str) -> Reason {
    gate(rule, met, if met { yes } else { no })
}
