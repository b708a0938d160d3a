//! What runners print around the output of steps: where steps begin, which one failed, what is only an echo of a script.
//!
//! Known are the marks of GitHub Actions, Azure Pipelines (`##[group]`, `##[section]`, `##[error]`), GitLab
//! (`section_start:`), Travis CI (`travis_fold:`, `The command … exited with`), Jenkins (`[Pipeline] { (…)`),
//! Buildkite (`~~~`, `---`, `+++`) and CircleCI (`Exited with code exit status`); and GitHub's as a web page shows them,
//! without marks: `Run npm test`, `shell: …`, `Error: …`.

use super::signs::SIGNS;
use crate::domain::evidence::Category;

const NAME_MAX: usize = 160;
/// What runners do after the steps: clean-ups, and the output of service containers.
const AFTER: [&str; 6] = [
    "Post job cleanup.",
    "Print service container logs",
    "##[group]Print service container logs",
    "Stop and remove container",
    "Cleaning up orphan processes",
    "##[section]Finishing: ",
];
/// Jenkins's, whatever came before.
const JENKINS_AFTER: &str = "[Pipeline] { (Declarative: Post Actions)";
const JENKINS_SKIPPED: &str = "skipped due to earlier failure(s)";
/// GitLab's own steps, after the job's.
const AFTER_SECTIONS: [&str; 5] = ["cleanup", "upload_artifacts", "after_script", "archive_cache", "restore_cache"];
/// How runners say that a step failed: CircleCI, GitLab, Jenkins, Buildkite.
const ENDS: [&str; 4] = [
    "Exited with code exit status",
    "ERROR: Job failed",
    "ERROR: script returned exit code",
    "🚨 Error: The command exited with status",
];
/// An echo that never ends is none: a script printed the mark itself.
const ECHO_MAX: u32 = 600;

#[derive(Debug, Default)]
pub struct Marks {
    /// Counts up with each step.
    pub step: u32,
    name: Option<String>,
    pub failing: Option<(u32, Option<String>)>,
    echo: Option<u32>,
    /// Inside `##[group]Run …`, the first lines of the script itself.
    script: Option<String>,
    script_over: bool,
    /// How many steps the runner reported errors of, and the last of them.
    pub erring: u32,
    erred: Option<u32>,
    /// The runner said that a step ended with an exit code.
    pub ended: bool,
    /// It only said that the step was cancelled: of several jobs, that one waited for what failed elsewhere.
    cancelled: bool,
    /// The line that said so.
    pub end: Option<u64>,
    /// Where its output ended.
    pub over: u64,
    /// The step before what the runner does after the steps.
    before: Option<(u32, Option<String>)>,
    /// Where Jenkins skips what follows, the step that failed.
    left: Option<Left>,
    /// The step before this one.
    prior: Option<Left>,
    /// Buildkite's marks were seen: its headers look like those of diffs.
    buildkite: bool,
    /// A line `Run …` that may begin a step, and its number.
    run: Option<(String, u64)>,
    /// The command that a step of GitLab's or Jenkins's ran last: such steps are not named after what they run.
    pub command: Option<String>,
    /// The line at hand, and the first of the step.
    at: u64,
    began: u64,
    /// The first line of the failing step.
    pub failing_began: u64,
    /// The runner's last word was that all went well.
    pub succeeded: bool,
    /// After a step ended with an exit code came what the runner does after the steps.
    closed: bool,
}

/// A step that is over.
#[derive(Debug)]
struct Left {
    step: u32,
    name: Option<String>,
    began: u64,
}

impl Marks {
    /// Words that runners' marks hold.
    pub const WORDS: [&'static str; 29] = [
        "skipped due to earlier failure",
        "$ ",
        "+ ",
        "post job cleanup.",
        "print service container logs",
        "stop and remove container",
        "cleaning up orphan processes",
        "run ",
        "shell: ",
        "error: ",
        "script returned exit code",
        "the command exited with status",
        "finished: success",
        "build exited with 0",
        "job succeeded",
        "##[group]",
        "##[endgroup]",
        "##[error]",
        "##[section]",
        "section_start:",
        "travis_fold:start:",
        "the command \"",
        "[pipeline] {",
        "~~~ ",
        "--- ",
        "+++ ",
        "exited with code exit status",
        "error: job failed",
        "##[endaction]",
    ];

    /// A prefix of the line names its step.
    pub fn named(&mut self, name: &str) {
        if self.name.as_deref() != Some(name) {
            self.begin(name);
        }
    }

    fn begin(&mut self, name: &str) {
        self.prior = Some(Left { step: self.step, name: self.name.clone(), began: self.began });
        self.step += 1;
        self.began = self.at;
        self.before = None;
        self.name = Some(name.chars().take(NAME_MAX).collect());
    }

    /// GitLab's sections: steps of the job, and what the runner does after them.
    pub fn section(&mut self, no: u64, name: &str) {
        self.at = no;
        if AFTER_SECTIONS.iter().any(|after| name.starts_with(after)) {
            self.aside();
        } else {
            self.named(name);
        }
    }

    /// What follows is no step's.
    fn aside(&mut self) {
        if self.before.is_none() {
            self.before = Some((self.step, self.name.clone()));
            if !self.ended {
                self.over = self.at;
            }
        }
        self.closed |= self.ended;
        self.step += 1;
    }

    /// Whether this line is part of a script's own text. Counts the lines of the echo.
    #[inline]
    pub fn is_echo(&mut self, text: &str) -> bool {
        let Some(left) = self.echo else { return false };
        self.echo = left.checked_sub(1);
        // After the script stand the shell, and names and values of the environment.
        self.script_over |= ["shell: ", "env:", "with:", "##["].iter().any(|word| text.starts_with(word));
        if let Some(script) = &mut self.script
            && script.len() < NAME_MAX
            && !self.script_over
        {
            script.push(' ');
            script.extend(text.trim().chars().take(NAME_MAX));
        }
        true
    }

    /// Takes in a line that holds one of [`Marks::WORDS`].
    pub fn line(&mut self, no: u64, text: &str) {
        self.at = no;
        if AFTER.iter().any(|after| text.starts_with(after)) {
            return self.aside();
        }
        if matches!(text, "Finished: SUCCESS" | "Done. Your build exited with 0." | "Job succeeded") {
            self.succeeded = true;
            return;
        }
        if let Some(name) = text.strip_prefix("##[group]") {
            if let Some(run) = name.strip_prefix("Run ") {
                self.begin(run);
                self.script = Some(String::new());
                self.script_over = false;
                self.echo = Some(ECHO_MAX);
            }
        } else if text.starts_with("##[endgroup]") {
            if self.echo.is_some() {
                self.began = no;
            }
            if let (Some(_), Some(script)) = (self.echo.take(), self.script.take())
                && let Some(name) = &mut self.name
                && !script.trim().is_empty()
            {
                // The first line of a script is often only `set -e` or a comment: what follows says what it does.
                let whole: String = format!("{name}{}", script.strip_prefix(&format!(" {name}")).unwrap_or(&script));
                *name = whole.chars().take(NAME_MAX).collect();
            }
        } else if let Some(what) = text.strip_prefix("##[error]") {
            self.failed(what);
        } else if let Some(name) = text.strip_prefix("##[section]Starting: ") {
            self.begin(name);
        } else if let Some(rest) = text.strip_prefix("travis_fold:start:") {
            self.begin(rest);
        } else if text == JENKINS_AFTER {
            self.aside();
        } else if text.starts_with("Stage \"") && text.ends_with(JENKINS_SKIPPED) {
            self.left = self.left.take().or_else(|| self.prior.take());
        } else if let Some(rest) = text.strip_prefix("[Pipeline] { (") {
            self.begin(rest.trim_end_matches(')'));
        } else if let Some(rest) = text.strip_prefix("~~~ ") {
            self.buildkite = true;
            self.header(rest);
        } else if let Some(rest) = ["--- ", "+++ "].iter().find_map(|mark| text.strip_prefix(mark))
            && (self.buildkite || rest.starts_with(':'))
        {
            self.header(rest);
        } else if let Some(command) = text.strip_prefix("The command \"").and_then(|rest| rest.split('"').next()) {
            if !text.contains("exited with 0") && self.failing.is_none() {
                self.failing = Some((self.step, Some(command.chars().take(NAME_MAX).collect())));
                self.failing_began = self.began;
                self.ended = true;
                self.end = Some(no);
                self.over = no;
            }
        } else if ENDS.iter().any(|end| text.starts_with(end)) {
            self.end();
        } else if let Some(command) = text.strip_prefix("$ ").or(text.strip_prefix("+ ")).filter(|_| !self.ended) {
            self.command = Some(command.chars().take(NAME_MAX).collect());
        } else {
            self.of_page(text);
        }
    }

    /// A log copied from GitHub's page: no marks, but the same words.
    fn of_page(&mut self, text: &str) {
        /// The script stands between its first line and the shell.
        const SCRIPT_MAX: u64 = 60;
        if let Some(what) = text.strip_prefix("Error: ").filter(|what| self.step > 0 && ends(what)) {
            self.failed(what);
        } else if let Some(run) = text.strip_prefix("Run ") {
            self.run = Some((run.to_owned(), self.at));
        } else if text.trim_start().starts_with("shell: /")
            && let Some((run, _)) = self.run.take().filter(|(_, at)| self.echo.is_none() && self.at - at <= SCRIPT_MAX)
        {
            self.begin(&run);
        }
    }

    /// Buildkite's headers; diffs begin with `--- ` and `+++ ` too, and name files.
    fn header(&mut self, rest: &str) {
        let names_file = rest.contains('/') || rest.contains('\t') || rest.contains('.');
        let of_go = ["FAIL", "PASS", "SKIP", "BENCH"].iter().any(|word| rest.starts_with(word));
        let headline = rest.starts_with(|c: char| c == ':' || c.is_ascii_uppercase());
        // `--- End of stack trace from previous location ---`
        let framed = rest.ends_with("---");
        if headline && !names_file && !of_go && !framed {
            self.begin(rest);
        }
    }

    fn failed(&mut self, what: &str) {
        let cancelled = what.contains("was cancel");
        let ends = ends(what) && (!self.ended || (!cancelled && (self.cancelled || self.went_on())));
        if self.before.is_none() && self.erred.replace(self.step) != Some(self.step) {
            self.erring += 1;
        }
        // Problem matchers annotate lines of steps that pass, too: the step that ends with an exit code failed.
        if self.before.is_none() && (self.failing.is_none() || ends) {
            self.failing = Some((self.step, self.name.clone()));
            self.failing_began = self.began;
        }
        if ends {
            self.ended = true;
            self.cancelled = cancelled;
            self.end = Some(self.at);
            self.over = self.at;
        }
    }

    /// Whether the job did other work after a step that ended with an exit code: `continue-on-error` let that pass.
    /// What runs after a failure otherwise (`if: always()`) is more of the same, or reports, uploads and cleans up.
    fn went_on(&self) -> bool {
        let Some((step, name)) = &self.failing else { return false };
        let work = |name: &Option<String>| name.as_deref().and_then(work);
        let here = work(&self.name);
        *step < self.step && !self.closed && self.before.is_none() && here.is_some() && here != work(name)
    }

    fn end(&mut self) {
        if !self.ended {
            // The runner says so after its clean-ups.
            if self.before.is_none() {
                self.over = self.at;
            }
            if let Some(Left { step, name, began }) = self.left.take() {
                self.failing = Some((step, name));
                self.failing_began = began;
            } else {
                let (step, name) = self.before.take().unwrap_or_else(|| (self.step, self.name.clone()));
                self.step = step;
                self.failing = Some((step, name));
                self.failing_began = self.began;
            }
            self.ended = true;
            self.end = Some(self.at);
        }
    }
}

/// What a step that is called so does, where it builds, checks or tests rather than reporting of it.
fn work(name: &str) -> Option<Category> {
    use Category::{Build, Lint, Test, Typecheck};
    const REPORTS: [&str; 9] =
        ["report", "upload", "summar", "coverage", "log", "notif", "comment", "clean", "artifact"];
    let lower = name.to_ascii_lowercase();
    let is_action = !name.contains(' ') && name.contains('@');
    let of_name = SIGNS.of_name(name).filter(|of| matches!(of, Build | Lint | Test | Typecheck));
    of_name.filter(|_| !is_action && REPORTS.iter().all(|word| !lower.contains(word)))
}

/// Whether an error of the runner's ends the step.
fn ends(what: &str) -> bool {
    what.contains("exit code") || what.contains("was canceled") || what.contains("exited with code")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(lines: &[&str]) -> Option<(u32, Option<String>)> {
        let mut marks = Marks::default();
        for (no, line) in (1..).zip(lines) {
            marks.is_echo(line);
            marks.line(no, line);
        }
        marks.failing
    }

    #[test]
    fn runners_say_which_step_failed() {
        let github = [
            "##[group]Run set -e",
            "set -e",
            "npm test",
            "shell: bash",
            "##[endgroup]",
            "boom",
            "##[error]Process completed with exit code 1.",
        ];
        assert_eq!(failing(&github), Some((1, Some("set -e npm test".into()))));
        assert_eq!(failing(&["The command \"pep8 x\" exited with 1."]), Some((0, Some("pep8 x".into()))));
        assert_eq!(failing(&["The command \"pep8 x\" exited with 0."]), None);
        assert_eq!(
            failing(&["##[section]Starting: Build", "##[error]Bash exited with code '1'."]),
            Some((1, Some("Build".into())))
        );
        assert_eq!(failing(&["[Pipeline] { (Test)", "ERROR: Job failed: exit code 2"]), Some((1, Some("Test".into()))));
        let fail_fast = [
            "##[group]Run make slow",
            "##[endgroup]",
            "##[error]The operation was canceled.",
            "##[group]Run make test",
            "##[endgroup]",
            "##[error]Process completed with exit code 2.",
            "##[group]Run make other",
            "##[endgroup]",
            "##[error]The operation was canceled.",
        ];
        assert_eq!(failing(&fail_fast), Some((2, Some("make test".into()))));
        let jenkins =
            ["[Pipeline] { (Test)", "[Pipeline] { (Declarative: Post Actions)", "ERROR: script returned exit code 1"];
        assert_eq!(failing(&jenkins), Some((1, Some("Test".into()))));
        assert_eq!(
            failing(&["[Pipeline] { (Test)", "--- End of stack trace ---", "ERROR: Job failed: exit code 2"]),
            Some((1, Some("Test".into())))
        );
        let skipped = [
            "[Pipeline] { (Test)",
            "[Pipeline] { (Deploy)",
            "Stage \"Deploy\" skipped due to earlier failure(s)",
            "[Pipeline] { (Announce)",
            "Stage \"Announce\" skipped due to earlier failure(s)",
            "[Pipeline] { (Declarative: Post Actions)",
            "ERROR: script returned exit code 1",
        ];
        assert_eq!(failing(&skipped), Some((1, Some("Test".into()))));
        let diff = [
            "##[group]Run phpunit",
            "##[endgroup]",
            "--- Expected",
            "+++ Actual",
            "##[error]Process completed with exit code 1.",
        ];
        assert_eq!(failing(&diff), Some((1, Some("phpunit".into()))));
        assert_eq!(failing(&["+++ b/src/x.rs", "--- :hammer: Build"]), None);
        let page = [
            "Run set -e",
            "  set -e",
            "  shell: /usr/bin/bash -e {0}",
            "boom",
            "Error: Process completed with exit code 1.",
            "Post job cleanup.",
        ];
        assert_eq!(failing(&page), Some((1, Some("set -e".into()))));
    }

    #[test]
    fn a_job_that_goes_on_with_its_work_let_the_error_pass() {
        let ended = "##[error]Process completed with exit code 1.";
        let begun = ["##[group]Run npm run lint", "##[endgroup]", ended];
        let then = |step: &'static str| [&begun[..], &[step, "##[endgroup]", ended]].concat();
        let failed = |lines: &[&str]| failing(lines).and_then(|(_, name)| name).unwrap();
        assert_eq!(failed(&then("##[group]Run npm test")), "npm test");
        let more = "##[group]Run npm run lint:css";
        for after in [more, "##[group]Run cat test/logs/*", "##[group]Run acme/test-reporter@v1", "Post job cleanup."] {
            assert_eq!(failed(&then(after)), "npm run lint", "{after}");
        }
        // Another job begins after the first one's clean-up.
        let jobs = [&begun[..], &["Post job cleanup.", "##[group]Run npm test", "##[endgroup]", ended]].concat();
        assert_eq!(failed(&jobs), "npm run lint");
    }

    #[test]
    fn scripts_are_told_from_output() {
        let mut marks = Marks::default();
        marks.line(1, "##[group]Run make");
        assert!(marks.is_echo("make"));
        marks.line(3, "##[endgroup]");
        assert!(!marks.is_echo("make: *** boom"));
    }
}
