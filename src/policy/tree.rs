//! How reasons are made.

pub(super) use crate::domain::decision::{IGNORED, Reason};

pub(super) fn gate(rule: &str, met: bool, words: impl Into<String>) -> Reason {
    Reason { rule: rule.into(), met, words: words.into(), compared: None, until: None, of: Vec::new() }
}

/// A rule with one sentence for each result.
pub(super) fn either(rule: &str, met: bool, yes: &str, no: &str) -> Reason {
    gate(rule, met, if met { yes } else { no })
}
