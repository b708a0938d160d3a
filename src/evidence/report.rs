//! The JSON of `ci-rescue analyze`: one object a file.

use crate::domain::evidence::{Category, ErrorLine, Evidence, FailingTest, Frame, Resolved, Severity};
use crate::domain::text::Untrusted;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, Serialize)]
pub struct Report {
    pub file: String,
    pub category: Category,
    pub confidence: f32,
    pub known_issue: Option<String>,
    /// Null where only a log is known.
    pub severity: Option<Severity>,
    pub failing_step: Option<Untrusted>,
    pub exit_code: Option<i32>,
    pub signal: Option<String>,
    pub errors: Vec<ErrorLine>,
    /// For people: which of them to quote.
    #[serde(skip)]
    pub quoted: usize,
    pub failing_tests: Vec<FailingTest>,
    pub frames: Vec<Frame>,
    pub resolved: Vec<Resolved>,
    pub fingerprint: Option<String>,
    pub redactions: BTreeMap<String, u64>,
    pub summary: String,
    pub bytes: u64,
    pub lines: u64,
}

impl Report {
    #[must_use]
    pub fn new(file: String, evidence: Evidence) -> Self {
        let summary = summary(&evidence);
        Self {
            file,
            category: evidence.category,
            confidence: evidence.confidence,
            known_issue: evidence.known_issue,
            severity: None,
            failing_step: evidence.failing_step,
            exit_code: evidence.exit_code,
            signal: evidence.signal,
            errors: evidence.errors,
            quoted: evidence.quoted,
            failing_tests: evidence.failing_tests,
            frames: evidence.frames,
            resolved: evidence.resolved,
            fingerprint: evidence.fingerprint,
            redactions: evidence.redactions,
            summary,
            bytes: evidence.bytes,
            lines: evidence.lines,
        }
    }
}

fn summary(evidence: &Evidence) -> String {
    let step = evidence.failing_step.as_ref().map_or_else(String::new, |step| format!(" in {}", step.line(80)));
    let line = evidence.errors.first().map_or_else(String::new, |error| format!(": {}", error.text.line(160)));
    match evidence.category {
        Category::None => "No failure found in this log".into(),
        category => format!("{category}{step}{line}"),
    }
}
