//! What kind of failure it is: names of jobs and steps count first, then the log.

use super::known::{self, Issue};
use crate::domain::evidence::Category;
use regex::{Regex, RegexSet};
use std::sync::LazyLock;

/// Words in names of jobs and steps.
static NAMES: LazyLock<Vec<(Category, Regex)>> = LazyLock::new(|| {
    [
        (Category::Lint, r"\b(?:lint|linter|fmt|format|prettier|eslint|clippy|ruff|flake8|pylint|checkstyle|style|pre-commit|ktlint|spotless)\b"),
        (Category::Typecheck, r"\b(?:type-?check|types|tsc|mypy|pyright)\b"),
        (Category::QualityGate, r"\b(?:coverage|sonar(?:cloud|qube)?|quality[- ]gate)\b"),
        (Category::Deploy, r"\b(?:deploy|release|publish)\b"),
        (Category::Test, r"\b(?:tests?|pytest|unit|integration|e2e|spec)\b"),
        (Category::Build, r"\b(?:build|compile|assemble)\b"),
    ]
    .into_iter()
    .map(|(category, pattern)| (category, Regex::new(&format!("(?i){}", pattern.replace(r"\b", r"(?:\b|_)"))).expect("a pattern")))
    .collect()
});

/// Words in lines of the log, with how much each line says.
const SIGNS: [(Category, f32, &str); 14] = [
    (
        Category::Typecheck,
        3.0,
        r"\berror TS\d+|Type error: |^\S+\.py:\d+: error: .+\[[\w-]+\]$|Found \d+ errors? in \d+ files? \(checked",
    ),
    (
        Category::Lint,
        3.0,
        r"(?i)clippy::|\beslint\b.*error|✖ \d+ problems?|would reformat|Code style issues|--check.*prettier|rubocop|\b[EWFCN]\d{3,4}\b .+|pylint|golangci-lint|ktlint|checkstyle|Diff in .*\.rs",
    ),
    (
        Category::Test,
        3.0,
        r"^(?:FAILED|ERROR) \S+\.py::|^--- FAIL: |^test .+ \.\.\. FAILED|^\s*● .+ › |Tests: +\d+ failed|\d+ failed(?:, \d+ \w+)* in [\d.]+s|Tests run: .*(?:Failures: [1-9]|Errors: [1-9])|There (?:were failing tests|was \d+ failing)|AssertionError|^\s*\d+ failing\b|^FAIL: \w+ \(|Failed! +- Failed: |TEST-UNEXPECTED|^FAILED \((?:failures|errors)=",
    ),
    (
        Category::Build,
        2.5,
        r"^error\[E\d+\]|could not compile|COMPILATION ERROR|Compilation failed|error: linking|undefined reference|\bld: |\berror CS\d+|: error: |cannot find symbol|^e: |make(?:\[\d+\])?: \*\*\*|Build FAILED|build failed|SyntaxError|ninja: build stopped|Module not found: ",
    ),
    (
        Category::Dependency,
        2.6,
        r"Could not find (?:artifact|[\w.-]+:[\w.-]+:)|No matching distribution|ERESOLVE|unable to resolve dependency|Could not resolve (?:all|dependencies)|failed to select a version|ModuleNotFoundError|cannot find package|No module named",
    ),
    (
        Category::Config,
        1.6,
        r"(?i)invalid (?:configuration|workflow|option)|unknown (?:option|flag|argument)|unrecognized (?:option|arguments)|configuration (?:error|file)|no such (?:file or directory|command)|command not found|is not recognized as|Missing script",
    ),
    (
        Category::Network,
        2.2,
        r"(?i)connection (?:refused|reset|timed out)|could not resolve host|network is unreachable|ECONNREFUSED|failed to download|Read timed out|connect timed out|unexpected status code|ConnectTimeout",
    ),
    (
        Category::Timeout,
        2.4,
        r"(?i)\btimed? ?out (?:after|waiting|in \d)|exceeded the maximum|timeout of \d+ ?ms exceeded|deadline exceeded",
    ),
    (Category::Oom, 3.0, r"(?i)out of memory|OutOfMemory|oom-?kill|heap limit"),
    (
        Category::Permission,
        2.2,
        r"(?i)permission denied|access denied|403 forbidden|not authorized|unauthorized|Resource not accessible",
    ),
    (Category::QualityGate, 2.8, r"(?i)coverage .*(?:below|threshold|not met|required)|quality gate"),
    (Category::Crash, 2.0, r"(?i)segmentation fault|core dumped|SIGSEGV|SIGABRT|PROCESS-CRASH|internal compiler error"),
    (Category::Ssr, 3.0, r"Error occurred prerendering page|Hydration failed|prerender-error"),
    (Category::Deploy, 1.8, r"(?i)deployment (?:failed|error)|helm (?:upgrade|install).*failed|failed to push"),
];

static SET: LazyLock<RegexSet> =
    LazyLock::new(|| RegexSet::new(SIGNS.iter().map(|(_, _, pattern)| pattern)).expect("the patterns are valid"));

/// Weighs lines as they go by.
#[derive(Debug, Default)]
pub struct Weigher {
    scores: std::collections::BTreeMap<Category, f32>,
    issue: Option<(&'static Issue, u64)>,
    lines: u64,
}

impl Weigher {
    /// Looks at a line that may tell of an error; `weight` is its rank's, up to 100. `failing` lines count more.
    pub fn line(&mut self, no: u64, text: &str, weight: i32) {
        self.lines += 1;
        for at in SET.matches(text) {
            let (category, says, _) = SIGNS[at];
            let score = self.scores.entry(category).or_default();
            // Ten times the same is not ten times as sure.
            *score += says * (0.3 + weight.clamp(0, 100) as f32 / 140.0) / (1.0 + *score * 0.6);
        }
        if let Some(issue) = known::find(text)
            && self.issue.is_none_or(|(have, _)| issue.confidence >= have.confidence)
        {
            self.issue = Some((issue, no));
        }
    }

    /// The category, its confidence, why, and the known issue.
    pub fn finish(
        mut self,
        names: &[&str],
        tests: u64,
        exit: Option<i32>,
        errors: usize,
    ) -> (Category, f32, Vec<String>, Option<&'static Issue>) {
        let mut because = Vec::new();
        if tests > 0 {
            *self.scores.entry(Category::Test).or_default() += 6.0;
            because.push(format!("{tests} failing tests are named"));
        }
        if let Some((issue, _)) = self.issue {
            *self.scores.entry(issue.category).or_default() += 3.5 * issue.confidence;
            because.push(format!("known issue {}: {}", issue.id, issue.solution));
        }
        if let Some((category, name)) = by_name(names) {
            *self.scores.entry(category).or_default() += 1.5;
            because.push(format!("the name {name} says {category}"));
        }
        let mut ranked: Vec<(Category, f32)> = self.scores.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        let Some(&(category, best)) = ranked.first() else {
            let none = exit.is_none() && errors == 0;
            return (
                if none { Category::None } else { Category::Unknown },
                0.2,
                vec!["nothing in the log tells".into()],
                None,
            );
        };
        let second = ranked.get(1).map_or(0.0, |(_, score)| *score);
        let confidence = (0.35 + 0.6 * (best - second) / (best + 1.0)).clamp(0.2, 0.98);
        because.push(format!("lines speak of {category}"));
        let issue = self.issue.map(|(issue, _)| issue).filter(|issue| issue.category == category);
        (category, confidence, because, issue)
    }
}

fn by_name<'n>(names: &[&'n str]) -> Option<(Category, &'n str)> {
    names.iter().find_map(|name| {
        NAMES.iter().find(|(_, pattern)| pattern.is_match(name)).map(|(category, _)| (*category, *name))
    })
}

/// A quick answer from names of jobs and a piece of log, for the doors.
#[must_use]
pub fn classify(jobs: &[String], logs: &str) -> (Category, f32) {
    let mut weigher = Weigher::default();
    let mut exit = super::exit::Exit::default();
    let mut counts = super::redact::Counts::new();
    for (no, line) in logs.lines().enumerate() {
        let clean = super::lines::clean(line.as_bytes());
        let line = super::redact::text(&clean.text, &mut counts);
        weigher.line(no as u64, &line, 60);
        exit.line(&line);
    }
    let names: Vec<&str> = jobs.iter().map(String::as_str).collect();
    let some = usize::from(!logs.is_empty() || !jobs.is_empty());
    let (category, confidence, _, _) = weigher.finish(&names, 0, exit.finish().0, some);
    (category, confidence)
}
