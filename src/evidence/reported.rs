//! What reports of a run say beside its log: they win for the names of failing tests, and log and reports are one object.

use super::fingerprint::fingerprint;
use crate::domain::evidence::{Category, ErrorLine, Evidence, FailingTest};
use crate::domain::text::Untrusted;
use crate::frameworks::reports::{Finding, Report};

/// How sure a report makes that tests failed, or that a linter found something.
const REPORTED: f32 = 0.95;
/// A verdict that a report does not overrule is at least so sure.
const SURE: f32 = 0.75;
/// Findings that are quoted as error lines.
const QUOTED: usize = 5;

/// Adds what reports say.
pub fn join(evidence: &mut Evidence, report: &Report) {
    if report.names.total > 0 {
        let message = report.message.as_deref().map(Into::into);
        name(evidence, &report.names.tests, (report.names.total, report.tests), message);
    } else if report.findings_total > 0 {
        found(evidence, &report.findings, report.findings_total);
    }
}

/// The failing tests, as reports name them: the first of them, and how many failed of how many.
pub fn name(evidence: &mut Evidence, tests: &[FailingTest], (total, of): (u64, u64), message: Option<Untrusted>) {
    evidence.because.push(format!("test reports name {total} of {of} tests as failing"));
    settle(evidence, Category::Test);
    // Where the log names the same test, its name is the one that the framework takes.
    let known = std::mem::take(&mut evidence.failing_tests);
    let of_log = |reported: &FailingTest| known.iter().find(|test| is_same(test, reported)).unwrap_or(reported).clone();
    evidence.failing_tests = tests.iter().map(of_log).collect();
    evidence.failing_tests_total = total;
    evidence.fingerprint = print(&evidence.failing_tests);
    if let Some(text) = message.filter(|_| evidence.errors.is_empty()) {
        evidence.errors.push(ErrorLine { line: 0, text });
    }
}

/// The fingerprint of failing tests alone.
#[must_use]
pub fn print(tests: &[FailingTest]) -> Option<String> {
    fingerprint(tests, &[], &[])
}

/// What machines do wrong, a report does not know.
fn settle(evidence: &mut Evidence, category: Category) {
    if takes_names(evidence) {
        evidence.category = category;
        evidence.confidence = REPORTED;
    }
}

/// Whether a log says so little of what failed that reports may say it.
#[must_use]
pub fn takes_names(evidence: &Evidence) -> bool {
    let unsure = evidence.confidence < SURE && !evidence.category.is_transient();
    matches!(evidence.category, Category::None | Category::Unknown) || unsure
}

fn found(evidence: &mut Evidence, findings: &[Finding], total: u64) {
    evidence.because.push(format!("lint reports name {total} errors"));
    settle(evidence, Category::Lint);
    if evidence.errors.is_empty() {
        let line = |found: &Finding| {
            let place = found.line.map_or_else(|| found.file.clone(), |line| format!("{}:{line}", found.file));
            ErrorLine { line: 0, text: format!("{place}: {}", found.text).into() }
        };
        evidence.errors = findings.iter().take(QUOTED).map(line).collect();
    }
}

/// Whether two names end in the same words: reports join class and test with full stops, frameworks as they like.
#[must_use]
pub fn is_same(one: &FailingTest, other: &FailingTest) -> bool {
    let parts = |test: &FailingTest| -> Vec<String> {
        let name = test.name.raw().replace(".py::", "::");
        name.split(['.', ':', '/', '#', '>'])
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (one, other) = (parts(one), parts(other));
    let shared = one.len().min(other.len());
    shared > 0 && one[one.len() - shared..] == other[other.len() - shared..]
}
