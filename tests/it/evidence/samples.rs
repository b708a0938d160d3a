//! Samples: short texts in the formats that tools print, each put into the logs of several runners.
//!
//! A sample begins with `== category | command | what the quoted line holds | test; test`, the last part where tests
//! are named. Several categories that are right too stand with `/` between them.

use ci_rescue::domain::evidence::Evidence;
use std::path::{Path, PathBuf};

pub struct Sample {
    pub categories: Vec<String>,
    pub command: String,
    pub line: String,
    pub tests: Option<Vec<String>>,
    pub text: String,
}

/// The samples of each file of a folder, by the file's name.
pub fn read(folder: &str) -> Vec<(String, Vec<Sample>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/evidence").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), parse(&std::fs::read_to_string(path).unwrap()))).collect()
}

fn parse(file: &str) -> Vec<Sample> {
    let mut all: Vec<Sample> = Vec::new();
    for line in file.lines() {
        let Some(head) = line.strip_prefix("== ").filter(|head| head.contains(" | ")) else {
            let sample = all.last_mut().expect("a sample begins with ==");
            sample.text.push_str(line);
            sample.text.push('\n');
            continue;
        };
        let parts: Vec<&str> = head.split(" | ").collect();
        let [categories, command, line, tests @ ..] = parts.as_slice() else { panic!("{head}") };
        let tests = tests.first().map(|tests| tests.split("; ").filter(|name| !name.is_empty()).map(str::to_owned));
        all.push(Sample {
            categories: categories.split('/').map(str::to_owned).collect(),
            command: (*command).to_owned(),
            line: (*line).to_owned(),
            tests: tests.map(Iterator::collect),
            text: String::new(),
        });
    }
    all
}

/// How runners show the same step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    GitHub,
    /// Copied from the web page: no groups, no stamps, no colours.
    Page,
    /// `gh run view --log`, which does not always know the step.
    Gh,
    /// A byte order mark, and carriage returns before line feeds.
    Windows,
    /// Marks of sections as they are stored.
    GitLab,
    Azure,
}

pub const SHAPES: [Shape; 6] = [Shape::GitHub, Shape::Page, Shape::Gh, Shape::Windows, Shape::GitLab, Shape::Azure];

impl Sample {
    /// The log of a job whose second step fails.
    pub fn log(&self, shape: Shape) -> String {
        let Self { command, text, .. } = self;
        let github = |stamp: &str| {
            let lines = format!(
                "##[group]Run actions/checkout@v4\nwith:\n  fetch-depth: 1\n##[endgroup]\nSyncing repository: acme/shop\n\
                 ##[group]Run actions/cache@v4\nwith:\n  path: ~/.cache\n##[endgroup]\n\
                 ##[warning]Failed to restore: Cache service responded with 503\nSENTRY_TOKEN is not set, skipping\n\
                 ##[group]Run {command}\n\x1b[36;1m{command}\x1b[0m\nshell: /usr/bin/bash -e {{0}}\n##[endgroup]\n{text}\
                 ##[error]Process completed with exit code 1.\nPost job cleanup.\n[command]/usr/bin/git version\n\
                 git version 2.51.0\nPrint service container logs: db_postgres_17\n\
                 ##[command]/usr/bin/docker logs --details 1f0a\n\
                 2026-03-04 09:12:00.113 UTC [75] FATAL:  role \"root\" does not exist\nCleaning up orphan processes\n"
            );
            lines.lines().map(|line| format!("{stamp}{line}\n")).collect::<String>()
        };
        match shape {
            Shape::GitHub => github("2026-03-04T09:12:01.1370000Z "),
            Shape::Page => format!(
                "Run actions/checkout@v4\nSyncing repository: acme/shop\nRun {command}\n  {command}\n  shell: /usr/bin/bash -e {{0}}\n{}\
                 Error: Process completed with exit code 1.\n",
                text.replace("##[error]", "Error: ")
            ),
            Shape::Gh => github("test\tUNKNOWN STEP\t2026-03-04T09:12:01.1370000Z "),
            Shape::Windows => format!("\u{feff}{}", github("2026-03-04T09:12:01.1370000Z ").replace('\n', "\r\n")),
            Shape::GitLab => format!(
                "section_start:1772615521:prepare_executor\nPreparing the \"docker\" executor\nsection_end:1772615523:prepare_executor\n\
                 section_start:1772615523:step_script\nExecuting \"step_script\" stage of the job script\n$ {command}\n{}\
                 section_end:1772615600:step_script\nsection_start:1772615600:cleanup_file_variables\n\
                 Cleaning up project directory and file based variables\nsection_end:1772615601:cleanup_file_variables\n\
                 ERROR: Job failed: exit code 1\n",
                text.replace("##[error]", "")
            ),
            Shape::Azure => format!(
                "##[section]Starting: Initialize job\n##[section]Finishing: Initialize job\n##[section]Starting: {command}\n\
                 ==============================================================================\nTask         : Command line\n\
                 ==============================================================================\n{text}\
                 ##[error]Bash exited with code '1'.\n##[section]Finishing: {command}\n"
            ),
        }
    }

    /// What is wrong with what was said of its log.
    pub fn faults(&self, evidence: &Evidence) -> Vec<String> {
        let mut faults = Vec::new();
        let said = evidence.category.as_str();
        if !self.categories.iter().any(|category| category == said) {
            faults.push(format!("category {said}"));
        }
        let quote = evidence.quote().map_or("nothing", |error| error.text.raw());
        if !quote.contains(&self.line) {
            faults.push(format!("quoted {quote:?}"));
        }
        let names: Vec<&str> = evidence.failing_tests.iter().map(|test| test.name.raw()).collect();
        if self.tests.as_ref().is_some_and(|wanted| *wanted != names) {
            faults.push(format!("named {names:?}"));
        }
        if !evidence.redactions.is_empty() {
            faults.push(format!("masked {:?}", evidence.redactions));
        }
        faults
    }
}
