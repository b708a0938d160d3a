//! One pass over a log.

use super::categorize::Weigher;
use super::exit::Exit;
use super::fingerprint::fingerprint;
use super::known::FRAME;
use super::lines::{Splitter, clean};
use super::rank::{Ranking, TEXT_MAX};
use super::redact::Lines;
use crate::domain::evidence::{Evidence, Frame};
use crate::frameworks::{self, LineObserver};
use std::collections::VecDeque;

/// Frames kept.
const FRAMES: usize = 10;
/// The excerpt: the last lines of the failing step and what stands around the best error line.
const EXCERPT_LINES: usize = 200;

/// Reads a log chunk by chunk: [`Analyzer::feed`], then [`Analyzer::finish`].
pub struct Analyzer {
    splitter: Splitter,
    state: Reader,
}

/// What came of it: the evidence, and the excerpt with line numbers.
#[derive(Debug)]
pub struct Reading {
    pub evidence: Evidence,
    pub excerpt: String,
}

struct Reader {
    redactor: Lines,
    ranking: Ranking,
    weigher: Weigher,
    exit: Exit,
    observers: Vec<Box<dyn LineObserver>>,
    names: Vec<String>,
    step: u32,
    step_name: Option<String>,
    failing: Option<(u32, Option<String>)>,
    frames: Vec<Frame>,
    tail: VecDeque<String>,
    tail_done: bool,
    lines: u64,
    bytes: u64,
}

impl Default for Analyzer {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Analyzer {
    /// `names` are those of the job and its failing step, where they are known.
    #[must_use]
    pub fn new(names: &[&str]) -> Self {
        Self {
            splitter: Splitter::default(),
            state: Reader {
                redactor: Lines::default(),
                ranking: Ranking::default(),
                weigher: Weigher::default(),
                exit: Exit::default(),
                observers: frameworks::all().iter().map(|framework| framework.observer()).collect(),
                names: names.iter().map(|name| (*name).to_owned()).collect(),
                step: 0,
                step_name: None,
                failing: None,
                frames: Vec::new(),
                tail: VecDeque::new(),
                tail_done: false,
                lines: 0,
                bytes: 0,
            },
        }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.state.bytes += bytes.len() as u64;
        let state = &mut self.state;
        self.splitter.feed(bytes, &mut |line| state.line(line));
    }

    #[must_use]
    pub fn finish(mut self) -> Reading {
        let state = &mut self.state;
        self.splitter.finish(&mut |line| state.line(line));
        self.state.finish()
    }
}

impl Reader {
    fn line(&mut self, raw: &[u8]) {
        self.lines += 1;
        let line = clean(raw);
        let text = self.redactor.line(&line.text).into_owned();
        if let Some(step) = line.step.filter(|step| self.step_name.as_ref() != Some(step)) {
            self.begin_step(step);
        }
        self.mark(&text);
        let weight = self.ranking.line(self.lines, &text, self.step);
        if weight > 0 {
            self.weigher.line(self.lines, &text, weight);
        }
        self.exit.line(&text);
        for observer in &mut self.observers {
            observer.line(&text);
        }
        self.frame(&text);
        self.remember(&text);
    }

    fn begin_step(&mut self, name: String) {
        self.step += 1;
        self.step_name = Some(name);
    }

    /// Runner marks: groups begin steps, and the step that ends with an exit code failed.
    fn mark(&mut self, text: &str) {
        if let Some(name) = text.strip_prefix("##[group]") {
            if let Some(run) = name.strip_prefix("Run ") {
                self.begin_step(run.chars().take(120).collect());
            }
            return;
        }
        if text.starts_with("##[error]") && self.failing.is_none() {
            self.failing = Some((self.step, self.step_name.clone()));
            if text.contains("exit code") || text.contains("was canceled") {
                self.tail_done = true;
            }
        }
    }

    fn frame(&mut self, text: &str) {
        if self.frames.len() >= FRAMES || !text.contains(':') || text.len() > 2_000 {
            return;
        }
        let Some(found) = FRAME.captures(text) else { return };
        let file = &found[1];
        let foreign = ["node_modules/", "site-packages/", ".cargo/registry", "/usr/", "go/pkg/mod", "rustc/"];
        if foreign.iter().any(|dir| file.contains(dir)) || self.frames.iter().any(|frame| frame.file.raw() == file) {
            return;
        }
        let text: String = text.trim().chars().take(TEXT_MAX).collect();
        self.frames.push(Frame { file: file.into(), line: found[2].parse().ok(), text: text.into() });
    }

    fn remember(&mut self, text: &str) {
        if self.tail_done && self.tail.len() >= EXCERPT_LINES {
            return;
        }
        let line: String = text.chars().take(TEXT_MAX).collect();
        self.tail.push_back(format!("{:>7}  {line}", self.lines));
        if self.tail.len() > EXCERPT_LINES {
            self.tail.pop_front();
        }
    }

    fn finish(self) -> Reading {
        let mut tests = Vec::new();
        let mut total = 0;
        for observer in self.observers {
            let names = observer.finish();
            total += names.total;
            tests.extend(names.tests);
        }
        let (exit_code, signal) = self.exit.finish();
        let errors = self.ranking.finish(self.failing.as_ref().map(|(step, _)| *step));
        let failing_step = self.failing.and_then(|(_, name)| name);
        let names: Vec<&str> = self.names.iter().chain(failing_step.iter()).map(String::as_str).collect();
        let (category, confidence, because, issue) = self.weigher.finish(&names, total, exit_code, errors.len());
        let fingerprint = fingerprint(category, &tests, &errors);
        let evidence = Evidence {
            category,
            confidence,
            because,
            known_issue: issue.map(|issue| issue.id.clone()),
            failing_step: failing_step.map(Into::into),
            exit_code,
            signal,
            errors,
            failing_tests: tests,
            failing_tests_total: total,
            frames: self.frames,
            resolved: Vec::new(),
            fingerprint,
            redactions: self.redactor.counts,
            bytes: self.bytes,
            lines: self.lines,
            excerpt: None,
        };
        let excerpt = self.tail.into_iter().collect::<Vec<_>>().join("\n");
        Reading { evidence, excerpt }
    }
}
