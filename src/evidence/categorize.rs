//! What kind of failure it is: the lines that a person would be shown say it, with what the failing step runs and what
//! the frameworks found.

use super::known::Issue;
use super::rank::Candidate;
use super::signs::SIGNS;
use crate::domain::evidence::Category;
use std::collections::BTreeMap;

/// How many of the best lines have a say.
const LINES: usize = 60;
/// A line's say falls to half at this place.
const HALF_AT: f32 = 4.0;
/// Ten times the same is not ten times as sure: how quickly more of the same says less.
const DAMPING: f32 = 0.6;
/// What a line of another step says of the machine where the failing step names no cause, in parts of one.
const ELSEWHERE: f32 = 0.3;
/// What named failing tests say for `test`.
const NAMED_TESTS: f32 = 7.0;
/// What a sure known issue says for its category.
const KNOWN: f32 = 4.0;
/// What the name of the failing step, or of the job, says.
const NAME: f32 = 2.2;
/// The same where lines say something else, this strongly.
const NAME_BESIDE: f32 = 1.2;
const SAID: f32 = 2.0;

/// The verdict, its confidence (0 to 1) and the reasons.
#[derive(Debug)]
pub struct Verdict {
    pub category: Category,
    pub confidence: f32,
    pub because: Vec<String>,
    /// The known issue that one of the best lines shows, where it agrees.
    pub issue: Option<&'static Issue>,
}

/// A log that ends without an exit code and has no better line than this did not fail.
const WORTH: i32 = 28;

/// What is known of a log when all of it was read.
pub struct Findings<'a> {
    /// Best first, with scores.
    pub ranked: &'a [(i32, Candidate)],
    /// Those of the job and its step, then what the failing step runs.
    pub names: &'a [&'a str],
    pub tests: u64,
    pub exit: Option<i32>,
    /// The step that failed, where the runner says so.
    pub failing: Option<u32>,
    /// The runner said that all went well.
    pub succeeded: bool,
}

/// Weighs what is known. Pure.
pub fn judge(findings: &Findings<'_>) -> Verdict {
    let mut scores: BTreeMap<Category, f32> = BTreeMap::new();
    let mut because = Vec::new();
    lines(findings, &mut scores);
    if findings.tests > 0 {
        *scores.entry(Category::Test).or_default() += NAMED_TESTS;
        let tests = if findings.tests == 1 { "test" } else { "tests" };
        because.push(format!("the log names {} failing {tests}", findings.tests));
    }
    let issue = known(findings);
    if let Some((issue, place)) = issue {
        *scores.entry(issue.category).or_default() += KNOWN * issue.confidence * place;
        because.push(format!("known issue {}: {}", issue.id, issue.solution));
    }
    if let Some((category, name)) = by_name(findings.names) {
        // What the failing lines say counts before what the step is called.
        let said = scores.iter().any(|(other, score)| *other != category && *score >= SAID);
        *scores.entry(category).or_default() += if said { NAME_BESIDE } else { NAME };
        because.push(format!("the name {name} suggests {}", category.subject()));
    }
    by_exit(findings.exit, &mut scores);
    let mut ranked: Vec<(Category, f32)> = scores.into_iter().filter(|(_, score)| *score > 0.0).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let telling = findings.ranked.first().is_some_and(|(score, _)| *score >= WORTH);
    let failed = findings.exit.is_some_and(|code| code != 0) || findings.tests > 0 || (telling && !findings.succeeded);
    let Some(&(category, best)) = ranked.first().filter(|_| failed) else {
        let category = if failed { Category::Unknown } else { Category::None };
        let because = vec!["nothing in the log points to a cause".into()];
        return Verdict { category, confidence: 0.2, because, issue: None };
    };
    let second = ranked.get(1).map_or(0.0, |(_, score)| *score);
    let confidence = (0.35 + 0.6 * (best - second) / (best + 1.0)).clamp(0.2, 0.98);
    because.push(format!("matching log lines point to {}", category.subject()));
    let issue = issue.map(|(issue, _)| issue).filter(|issue| issue.category == category);
    Verdict { category, confidence, because, issue }
}

/// What a line at this place has to say, 0 to 1.
fn say_at(place: usize) -> f32 {
    HALF_AT / (HALF_AT + place as f32)
}

/// What a line says of the machine, in parts of one. A step that passed had its warnings, and passed.
fn say_of_machine(findings: &Findings<'_>, line: &Candidate) -> f32 {
    let Some(failing) = findings.failing.filter(|failing| *failing != line.step) else { return 1.0 };
    let names_cause = |line: &Candidate| line.kinds.iter().any(|kind| SIGNS.rows[*kind].category.is_some());
    let mut own = findings.ranked.iter().filter(|(score, own)| own.step == failing && *score >= WORTH);
    if SIGNS.is_decoy(line.text.as_bytes()) || own.any(|(_, own)| names_cause(own)) { 0.0 } else { ELSEWHERE }
}

/// The known issue of the best line that shows one, with that line's say.
fn known(findings: &Findings<'_>) -> Option<(&'static Issue, f32)> {
    let lines = findings.ranked.iter().take(LINES).enumerate().filter(|(_, (score, _))| *score > 0);
    let mut shown = lines.filter_map(|(at, (_, line))| {
        let issue = line.issue?;
        let says = if of_machine(issue.category) { say_of_machine(findings, line) } else { 1.0 };
        (says > 0.0).then_some((issue, say_at(at) * says))
    });
    shown.next()
}

fn lines(findings: &Findings<'_>, scores: &mut BTreeMap<Category, f32>) {
    let ranked = findings.ranked;
    let best = ranked.first().map_or(1, |(score, _)| *score).max(1);
    let mut heard: BTreeMap<usize, u32> = BTreeMap::new();
    for (at, (score, candidate)) in ranked.iter().take(LINES).enumerate() {
        let place = say_at(at);
        let rank = (*score as f32 / best as f32).clamp(0.0, 1.0);
        for kind in &candidate.kinds {
            let row = &SIGNS.rows[*kind];
            let Some(category) = row.category else { continue };
            let times = heard.entry(*kind).or_default();
            let near = if of_machine(category) { rank * rank * say_of_machine(findings, candidate) } else { rank };
            let say = row.says * place * near / (1.0 + DAMPING * *times as f32);
            *times += 1;
            *scores.entry(category).or_default() += say;
        }
    }
}

/// What is claimed too easily: words about it stand in many lines that failed nothing, so that it takes one of the best
/// lines to say so.
fn of_machine(category: Category) -> bool {
    matches!(
        category,
        Category::SecretMissing | Category::Permission | Category::Network | Category::Config | Category::Infra
    )
}

/// Conventions of shells and of `timeout(1)`: 124 for a timeout, 128 + n for signal n.
fn by_exit(exit: Option<i32>, scores: &mut BTreeMap<Category, f32>) {
    let (category, says) = match exit {
        Some(124) => (Category::Timeout, 2.5),
        Some(137) => (Category::Oom, 2.0),
        Some(132 | 134 | 135 | 136 | 139) => (Category::Crash, 2.5),
        Some(127) => (Category::Config, 2.0),
        Some(126) => (Category::Permission, 1.5),
        _ => return,
    };
    *scores.entry(category).or_default() += says;
}

fn by_name<'n>(names: &[&'n str]) -> Option<(Category, &'n str)> {
    names.iter().find_map(|name| SIGNS.of_name(name).map(|category| (category, *name)))
}

/// A quick answer from names of jobs and a piece of log, for the doors.
#[must_use]
pub fn classify(jobs: &[String], logs: &str) -> (Category, f32) {
    let names: Vec<&str> = jobs.iter().map(String::as_str).collect();
    let mut analyzer = super::Analyzer::new(&names);
    analyzer.feed(logs.as_bytes());
    let evidence = analyzer.finish().evidence;
    let nothing = evidence.category == Category::None && !(logs.is_empty() && jobs.is_empty());
    (if nothing { Category::Unknown } else { evidence.category }, evidence.confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Analyzer;

    fn read(log: &[&str]) -> crate::domain::evidence::Evidence {
        let mut analyzer = Analyzer::new(&[]);
        analyzer.feed(log.join("\n").as_bytes());
        analyzer.finish().evidence
    }

    #[test]
    fn a_warning_of_a_step_that_passed_decides_nothing() {
        let noise = "npm warn request to https://registry.npmjs.org/left-pad failed, reason: getaddrinfo EAI_AGAIN registry.npmjs.org";
        let found = read(&[
            "##[group]Run npm ci",
            noise,
            "added 3 packages in 2s",
            "##[group]Run ./lint.sh",
            "src/a.js:3:1: error: 'b' is not defined (no-undef)",
            "##[error]Process completed with exit code 1.",
        ]);
        assert_ne!(found.category, Category::Network, "{:?}", found.because);
        assert_eq!(found.known_issue, None);
        // Not even where the step that failed says nothing that is known.
        let found = read(&[
            "##[group]Run npm ci",
            noise,
            "##[group]Run ./check.sh",
            "3 files differ",
            "##[error]Process completed with exit code 1.",
        ]);
        assert_ne!(found.category, Category::Network, "{:?}", found.because);
        assert_eq!(found.known_issue, None);
        // In the step that failed, the same words count.
        let failed = noise.replace("warn", "error");
        let found = read(&["##[group]Run npm ci", &failed, "##[error]Process completed with exit code 1."]);
        assert_eq!(found.category, Category::Network, "{:?}", found.because);
    }

    #[test]
    fn what_an_action_prints_before_it_reports_it_hides_nothing() {
        let found = read(&[
            "##[group]Run actions/dependency-review-action@v4",
            "Dependency review detected vulnerable packages.",
            "##[error]Dependency review detected vulnerable packages.",
        ]);
        let quoted: Vec<&str> = found.errors.iter().map(|line| line.text.raw()).collect();
        assert_eq!(quoted, ["##[error]Dependency review detected vulnerable packages."]);
    }
}
