//! One pass over a log.

use super::baseline::{Baseline, Keys, Versions};
use super::categorize::{Findings, judge};
use super::excerpt::Excerpt;
use super::exit::Exit;
use super::fingerprint::fingerprint;
use super::frames::Frames;
use super::known::{ISSUES, Issue};
use super::lines::{Clean, Splitter, body, clean};
use super::listeners::{LISTENERS, kinds};
use super::marks::Marks;
use super::rank::{self, Failing, Place, Ranking};
use super::redact;
use super::reported;
use super::signs::SIGNS;
use super::vocabulary::{Bits, LANES};
use super::watch::{Named, Watches};
use crate::domain::evidence::{Evidence, Resolved};
use crate::ecosystems;
use crate::frameworks::reports::Report;

/// Reads a log chunk by chunk: [`Analyzer::feed`], then [`Analyzer::finish`].
pub struct Analyzer {
    splitter: Splitter,
    /// It is large, and held across waits for more of the log.
    state: Box<Reader>,
}

/// What came of it: the evidence, and the excerpt with line numbers.
#[derive(Debug)]
pub struct Reading {
    pub evidence: Evidence,
    pub excerpt: String,
}

impl Reading {
    /// With what reports of the same run say, which wins over what the log says.
    #[must_use]
    pub fn with_report(mut self, report: &Report) -> Self {
        reported::join(&mut self.evidence, report);
        self
    }
}

/// Longer names of packages and versions are cut, in characters.
const PACKAGE_MAX: usize = 200;
/// Packages remembered of a log.
const RESOLVED_MAX: usize = 2_000;

struct Reader {
    redactor: redact::Lines,
    /// A line whose end may be the beginning of a secret waits for the next.
    held: Option<(u64, String, Bits, bool)>,
    ranking: Ranking,
    marks: Marks,
    exit: Exit,
    watches: Watches,
    names: Vec<String>,
    frames: Frames,
    resolved: Versions,
    excerpt: Excerpt,
    baseline: Baseline,
    /// Keys of all lines, when this reads a baseline.
    keys: Option<Keys>,
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
            state: Box::new(Reader {
                redactor: redact::Lines::default(),
                held: None,
                ranking: Ranking::default(),
                marks: Marks::default(),
                exit: Exit::default(),
                watches: Watches::default(),
                names: names.iter().map(|name| masked(name)).collect(),
                frames: Frames::default(),
                resolved: Versions::new(),
                excerpt: Excerpt::default(),
                baseline: Baseline::default(),
                keys: None,
                lines: 0,
                bytes: 0,
            }),
        }
    }

    /// Reads the log of a passing run: [`Analyzer::feed`], then [`Analyzer::into_baseline`].
    #[must_use]
    pub fn of_baseline() -> Self {
        let mut analyzer = Self::default();
        analyzer.state.keys = Some(Keys::default());
        analyzer
    }

    /// Lines that the passing run had too count less.
    #[must_use]
    pub fn with_baseline(mut self, baseline: Baseline) -> Self {
        self.state.baseline = baseline;
        self
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.state.bytes += bytes.len() as u64;
        let state = &mut self.state;
        self.splitter.feed(bytes, &mut |lines| state.raw(lines));
    }

    #[must_use]
    pub fn finish(mut self) -> Reading {
        self.end();
        self.state.finish()
    }

    #[must_use]
    pub fn into_baseline(mut self) -> Baseline {
        self.end();
        let state = *self.state;
        Baseline::new(state.keys.unwrap_or_default(), state.resolved)
    }

    fn end(&mut self) {
        let state = &mut self.state;
        self.splitter.finish(&mut |lines| state.raw(lines));
        state.release();
    }
}

impl Reader {
    fn raw(&mut self, lines: &[&[u8]]) {
        let vocabulary = &LISTENERS.vocabulary;
        let Ok(lines) = <[&[u8]; LANES]>::try_from(lines) else {
            for raw in lines {
                let line = clean(raw);
                let bits = vocabulary.look(line.text.as_bytes());
                self.clean(raw, line, bits);
            }
            return;
        };
        let cleaned = lines.map(clean);
        let heard = vocabulary.look_at(cleaned.each_ref().map(|line| line.text.as_bytes()));
        for ((raw, line), bits) in lines.into_iter().zip(cleaned).zip(heard) {
            self.clean(raw, line, bits);
        }
    }

    fn clean(&mut self, raw: &[u8], line: Clean<'_>, bits: Bits) {
        self.lines += 1;
        let mut text = line.text;
        if let Some((no, first, first_bits, first_echo)) = self.held.take() {
            // The line before waited: perhaps a secret goes on in this one.
            match self.redactor.joined(&first, &text) {
                Some((start, end)) => {
                    self.line(no, &start, &first_bits, first_echo);
                    text = end.into();
                }
                None => self.line(no, &first, &first_bits, first_echo),
            }
        }
        if let Some(name) = section(raw) {
            self.marks.section(self.lines, &masked(name));
        } else if let Some(name) = line.step {
            self.marks.named(&masked(name));
        }
        if redact::Lines::may_go_on(&text, &bits, &LISTENERS.redaction) {
            self.held = Some((self.lines, text.into_owned(), bits, line.echo));
        } else {
            self.line(self.lines, &text, &bits, line.echo);
        }
    }

    fn release(&mut self) {
        if let Some((no, text, bits, echo)) = self.held.take() {
            self.line(no, &text, &bits, echo);
        }
    }

    fn line(&mut self, no: u64, text: &str, bits: &Bits, echo: bool) {
        let listeners = &*LISTENERS;
        let text = self.redactor.line(text, bits, &listeners.redaction);
        let script = self.marks.is_echo(&text);
        if bits.has(listeners.marks) {
            self.marks.line(no, &text);
        }
        self.excerpt.line(no, &text, self.marks.ended);
        if let Some(keys) = &mut self.keys {
            keys.add(rank::key(&text));
        }
        if echo || (bits.is_empty() && !self.watches.is_awake() && !self.ranking.is_waiting()) {
            return;
        }
        self.heard(no, &text, bits, script);
    }

    fn heard(&mut self, no: u64, text: &str, bits: &Bits, script: bool) {
        let listeners = &*LISTENERS;
        let telling = listeners.signs.start..listeners.issues.end;
        let body = body(text);
        let place = Place { line: no, step: self.marks.step, script };
        let mut weight = 0;
        if bits.within(telling).next().is_some() {
            weight = self.weigh(place, text, body, bits);
        }
        if weight == 0 && self.ranking.is_waiting() {
            self.ranking.announced(place, text);
        }
        if bits.has(listeners.exit) {
            self.exit.line(text);
        }
        if self.watches.is_awake() || bits.within(listeners.frameworks.clone()).next().is_some() {
            self.watches.hear(&self.marks, body.unwrap_or(text), bits);
        }
        if bits.has(listeners.frames) && !script {
            self.frames.line(text, weight);
        }
        self.versions(text, bits);
    }

    /// How much a person would want to see this line, 0 for one that was there before.
    fn weigh(&mut self, place: Place, text: &str, body: Option<&str>, bits: &Bits) -> i32 {
        let key = rank::key_of(body.unwrap_or(text));
        // An action may print plainly, where it says nothing, what it then reports as its error.
        let reported = text.starts_with("##[error]") && !self.ranking.keeps(key);
        if self.ranking.again(key, place) && !reported {
            return 0;
        }
        let kinds = kinds(text, body, bits);
        let issue = ISSUES.find(text.as_bytes(), bits, &LISTENERS.issues);
        if kinds.is_empty() && issue.is_none() {
            return 0;
        }
        self.ranking.line(place, key, text, kinds, issue)
    }

    fn versions(&mut self, text: &str, bits: &Bits) {
        let listeners = &*LISTENERS;
        for at in bits.within(listeners.ecosystems.clone()) {
            let ecosystem = ecosystems::all()[at - listeners.ecosystems.start];
            let resolved = &mut self.resolved;
            ecosystem.read(text, &mut |package, version| {
                if resolved.len() < RESOLVED_MAX {
                    resolved.insert((ecosystem.id(), cut(package)), cut(version));
                }
            });
        }
    }

    fn finish(mut self) -> Reading {
        let Named { tests, total, elsewhere } = self.watches.finish(&self.marks);
        let (exit_code, signal) = self.exit.finish();
        let succeeded = self.marks.succeeded;
        let failing = self.marks.failing;
        if let (Some((step, _)), Some(_)) = (&failing, self.marks.end) {
            let said = |(_, text): &(u64, &str)| !SIGNS.is_decoy(text.as_bytes());
            let telling = || self.excerpt.telling(self.marks.failing_began, self.marks.over).filter(said);
            self.ranking.last(telling(), *step);
            self.ranking.context(telling(), *step);
        }
        let place = Failing { step: failing.as_ref().map(|(step, _)| *step), end: self.marks.end };
        let ranked = self.ranking.finish(place, self.baseline.lines());
        let (errors, quoted) = rank::reported(&ranked);
        let failing_step = failing.and_then(|(_, name)| name);
        let told = self.names.iter().map(String::as_str).chain(failing_step.as_deref());
        let names: Vec<&str> = told.chain(self.marks.command.as_deref()).collect();
        let findings =
            Findings { ranked: &ranked, names: &names, tests: total, exit: exit_code, failing: place.step, succeeded };
        let verdict = judge(&findings);
        let frames = self.frames.finish();
        let fingerprint = fingerprint(&tests, &ranked, &frames);
        let resolved = self.resolved.into_iter().map(|((ecosystem, package), version)| Resolved {
            ecosystem: ecosystem.to_owned(),
            package: package.into(),
            version: version.into(),
        });
        let evidence = Evidence {
            category: verdict.category,
            confidence: verdict.confidence,
            because: verdict.because,
            known_issue: verdict.issue.map(|issue| issue.id.clone()),
            advice: verdict.issue.map(Issue::advice),
            failing_step: failing_step.map(Into::into),
            exit_code,
            signal,
            errors,
            quoted,
            failing_tests: tests,
            failing_tests_total: total,
            tests_elsewhere: elsewhere,
            frames,
            resolved: resolved.collect(),
            fingerprint,
            redactions: self.redactor.counts,
            bytes: self.bytes,
            lines: self.lines,
            excerpt: None,
        };
        Reading { evidence, excerpt: self.excerpt.finish() }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(PACKAGE_MAX).collect()
}

/// A name of a step or job, without secrets.
fn masked(name: &str) -> String {
    redact::text(name, &mut redact::Counts::new()).into_owned()
}

/// GitLab's and Travis's marks stand before a carriage return; in copied text, GitLab's stand alone.
fn section(raw: &[u8]) -> Option<&str> {
    const GITLAB: &[u8] = b"section_start:";
    const STAMP_MAX: usize = 60;
    let rest = if memchr::memchr(b'\r', raw).is_none() {
        let at = memchr::memmem::find(&raw[..raw.len().min(STAMP_MAX)], GITLAB)?;
        // Before it at most a stamp: `2026-07-06T13:59:51.650516Z 00O+`.
        if !raw[..at].iter().all(|b| b.is_ascii_digit() || b"TZOE-:.+ ".contains(b)) {
            return None;
        }
        &raw[at + GITLAB.len()..]
    } else if let Some(at) = memchr::memmem::rfind(raw, GITLAB) {
        &raw[at + GITLAB.len()..]
    } else {
        raw.strip_prefix(b"travis_fold:start:")?
    };
    let end = rest.iter().position(|b| matches!(b, b'\r' | 0x1b | b'[' | b' '));
    let name = std::str::from_utf8(&rest[..end.unwrap_or(rest.len())]).ok()?;
    let timed = name.split_once(':').filter(|(time, _)| time.bytes().all(|b| b.is_ascii_digit()));
    Some(timed.map_or(name, |(_, name)| name))
}
