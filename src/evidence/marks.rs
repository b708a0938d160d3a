//! What runners print around the output of steps: where steps begin, which one failed, what is only an echo of a script.
//!
//! Known are the marks of GitHub Actions, Azure Pipelines (`##[group]`, `##[section]`, `##[error]`), GitLab
//! (`section_start:`), Travis CI (`travis_fold:`, `The command … exited with`), Jenkins (`[Pipeline] { (…)`),
//! Buildkite (`~~~`, `---`, `+++`) and CircleCI (`Exited with code exit status`).

const NAME_MAX: usize = 160;
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
    /// The runner said that a step ended with an exit code.
    pub ended: bool,
    /// The runner's last word was that all went well.
    pub succeeded: bool,
}

impl Marks {
    /// Words that runners' marks hold.
    pub const WORDS: [&'static str; 19] = [
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
        self.step += 1;
        self.name = Some(name.chars().take(NAME_MAX).collect());
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
    pub fn line(&mut self, text: &str) {
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
        } else if let Some(rest) = text.strip_prefix("[Pipeline] { (") {
            self.begin(rest.trim_end_matches(')'));
        } else if let Some(rest) = ["~~~ ", "--- ", "+++ "].iter().find_map(|mark| text.strip_prefix(mark)) {
            self.section(rest);
        } else if let Some(command) = text.strip_prefix("The command \"").and_then(|rest| rest.split('"').next()) {
            if !text.contains("exited with 0") && self.failing.is_none() {
                self.failing = Some((self.step, Some(command.chars().take(NAME_MAX).collect())));
                self.ended = true;
            }
        } else if ENDS.iter().any(|end| text.starts_with(end)) {
            self.end();
        }
    }

    /// Buildkite's headers; diffs begin with `--- ` and `+++ ` too, and name files.
    fn section(&mut self, rest: &str) {
        let names_file = rest.contains('/') || rest.contains('\t') || rest.contains('.');
        let of_go = ["FAIL", "PASS", "SKIP", "BENCH"].iter().any(|word| rest.starts_with(word));
        let headline = rest.starts_with(|c: char| c == ':' || c.is_ascii_uppercase());
        if headline && !names_file && !of_go {
            self.begin(rest);
        }
    }

    fn failed(&mut self, what: &str) {
        let ends = what.contains("exit code") || what.contains("was canceled") || what.contains("exited with code");
        // Problem matchers annotate lines of steps that pass, too: the step that ends with an exit code failed.
        if self.failing.is_none() || (ends && !self.ended) {
            self.failing = Some((self.step, self.name.clone()));
        }
        self.ended |= ends;
    }

    fn end(&mut self) {
        if !self.ended {
            self.failing = Some((self.step, self.name.clone()));
            self.ended = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(lines: &[&str]) -> Option<(u32, Option<String>)> {
        let mut marks = Marks::default();
        for line in lines {
            marks.is_echo(line);
            marks.line(line);
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
        assert_eq!(failing(&["+++ b/src/x.rs", "--- :hammer: Build"]), None);
    }

    #[test]
    fn scripts_are_told_from_output() {
        let mut marks = Marks::default();
        marks.line("##[group]Run make");
        assert!(marks.is_echo("make"));
        marks.line("##[endgroup]");
        assert!(!marks.is_echo("make: *** boom"));
    }
}
