//! A log's report for people: the verdict, the line to quote, what to do, then the context.

use crate::cli::terminal::{has_colour, visible, width};
use ci_rescue::domain::Category;
use ci_rescue::domain::text::clean_line;
use ci_rescue::evidence::{Baseline, Report, known};
use std::fmt::Write;
use textwrap::{Options, WordSeparator, WordSplitter};

/// No name of a file or test is longer, and none is cut below this, in characters.
const NAME_MAX: usize = 4_096;
const INDENT: &str = "  ";

pub struct Page {
    text: String,
    width: usize,
    /// Entries shown of each list.
    lines: usize,
    colours: Colours,
}

struct Colours {
    bold: &'static str,
    red: &'static str,
    dim: &'static str,
    off: &'static str,
}

const PLAIN: Colours = Colours { bold: "", red: "", dim: "", off: "" };
const COLOURS: Colours = Colours { bold: "\x1b[1m", red: "\x1b[31m", dim: "\x1b[2m", off: "\x1b[0m" };

impl Page {
    pub fn new(lines: usize) -> Self {
        let colours = if has_colour(&std::io::stdout()) { COLOURS } else { PLAIN };
        Self { text: String::new(), width: width(), lines, colours }
    }

    pub fn report(mut self, report: &Report, excerpt: &str, green: Option<&Baseline>) -> String {
        self.verdict(report);
        self.quote(report);
        self.advice(report);
        self.tests(report);
        self.errors(report);
        self.frames(report);
        self.versions(report, green);
        self.end(excerpt);
        self.facts(report);
        self.text
    }

    /// A paragraph, wrapped at spaces; `first` stands before it, and further lines are indented as far.
    fn paragraph(&mut self, first: &str, text: &str, (on, off): (&str, &str)) {
        let hanging = " ".repeat(textwrap::core::display_width(first));
        let options = Options::new(self.width)
            .initial_indent(first)
            .subsequent_indent(&hanging)
            .break_words(false)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation);
        for (at, line) in textwrap::wrap(text, options).iter().enumerate() {
            let indent = if at == 0 { first } else { &hanging };
            match line.strip_prefix(indent).unwrap_or(line) {
                "" => self.text.push_str(indent.trim_end()),
                rest => {
                    let _ = write!(self.text, "{indent}{on}{rest}{off}");
                }
            }
            self.text.push('\n');
        }
    }

    fn plain(&mut self, first: &str, text: &str) {
        self.paragraph(first, text, ("", ""));
    }

    /// A name stands on its line whole, however long: it will be copied.
    fn name(&mut self, name: &str) {
        let _ = writeln!(self.text, "{INDENT}{INDENT}{name}");
    }

    fn heading(&mut self, text: &str) {
        let Colours { bold, off, .. } = self.colours;
        let _ = writeln!(self.text, "\n{INDENT}{bold}{text}{off}");
    }

    fn verdict(&mut self, report: &Report) {
        let Colours { bold, off, .. } = self.colours;
        let mut verdict = format!("{} ({:.0} % sure)", title(report.category), report.confidence * 100.0);
        match (report.exit_code, &report.signal) {
            (Some(code), Some(signal)) => verdict.push_str(&format!(", exit code {code} ({signal})")),
            (Some(code), None) => verdict.push_str(&format!(", exit code {code}")),
            (None, Some(signal)) => verdict.push_str(&format!(", {signal}")),
            (None, None) => {}
        }
        let _ = writeln!(self.text, "{bold}{}{off}", clean_line(&report.file, NAME_MAX));
        self.paragraph(INDENT, &verdict, (bold, off));
        if let Some(step) = &report.failing_step {
            self.plain(&format!("{INDENT}in step "), &step.line(NAME_MAX));
        }
    }

    /// The best line.
    fn quote(&mut self, report: &Report) {
        let Colours { red, off, .. } = self.colours;
        if let Some(error) = report.errors.get(report.quoted).filter(|_| self.lines > 0) {
            self.text.push('\n');
            self.paragraph(&format!("{INDENT}{:>6}  ", error.line), &error.text.line(NAME_MAX), (red, off));
        }
    }

    fn advice(&mut self, report: &Report) {
        if let Some(issue) = report.known_issue.as_deref().and_then(known::by_id) {
            self.heading(&format!("Known issue: {}", issue.id));
            self.plain(&INDENT.repeat(2), &issue.solution);
        }
    }

    fn tests(&mut self, report: &Report) {
        let tests = &report.failing_tests;
        if tests.is_empty() || self.lines == 0 {
            return;
        }
        self.heading("Failing tests");
        for test in tests.iter().take(self.lines) {
            self.name(&format!("{} ({})", test.name.line(NAME_MAX), test.framework));
        }
        self.more(tests.len());
    }

    fn errors(&mut self, report: &Report) {
        let Colours { dim, off, .. } = self.colours;
        let others = report.errors.iter().enumerate().filter(|(at, _)| *at != report.quoted).map(|(_, error)| error);
        let further: Vec<_> = others.take(self.lines.saturating_sub(1)).collect();
        if further.is_empty() {
            return;
        }
        self.heading("More error lines");
        for error in further {
            self.paragraph(&format!("{INDENT}{:>6}  ", error.line), &error.text.line(NAME_MAX), (dim, off));
        }
    }

    fn frames(&mut self, report: &Report) {
        if report.frames.is_empty() || self.lines == 0 {
            return;
        }
        self.heading("Stack");
        for frame in report.frames.iter().take(self.lines) {
            let line = frame.line.map_or_else(String::new, |line| format!(":{line}"));
            self.name(&format!("{}{line}", frame.file.line(NAME_MAX)));
        }
    }

    /// Packages that the passing run had in another version.
    fn versions(&mut self, report: &Report, green: Option<&Baseline>) {
        let Some(green) = green else { return };
        let moved = report.resolved.iter().filter_map(|now| {
            let before = green.version(&now.ecosystem, now.package.raw())?;
            (before != now.version.raw()).then_some((now, clean_line(before, NAME_MAX)))
        });
        let moved: Vec<_> = moved.collect();
        if moved.is_empty() || self.lines == 0 {
            return;
        }
        self.heading("Versions that differ from the passing run");
        for (now, before) in moved.iter().take(self.lines) {
            let (package, version) = (now.package.line(NAME_MAX), now.version.line(NAME_MAX));
            self.name(&format!("{} {package}: {before} when it passed, {version} now", now.ecosystem));
        }
        self.more(moved.len());
    }

    fn more(&mut self, all: usize) {
        if all > self.lines {
            self.name(&format!("… and {} more (--lines {all} shows all)", all - self.lines));
        }
    }

    fn end(&mut self, excerpt: &str) {
        let Colours { dim, off, .. } = self.colours;
        let lines: Vec<&str> = excerpt.lines().collect();
        if lines.is_empty() || self.lines == 0 {
            return;
        }
        self.heading("Last lines");
        for line in &lines[lines.len().saturating_sub(self.lines)..] {
            let (number, text) = line.trim_start().split_once("  ").unwrap_or(("", line));
            let text = visible(text);
            // Indentation means something: it stands before the text of the first line.
            let body = text.trim_start();
            let indent = &text[..text.len() - body.len()];
            let indent = if indent.len() > self.width / 2 { "" } else { indent };
            self.paragraph(&format!("{INDENT}{number:>6}  {indent}"), body, (dim, off));
        }
    }

    fn facts(&mut self, report: &Report) {
        let lines = if report.lines == 1 { "line" } else { "lines" };
        let mut facts = format!("{} {lines}, {}", report.lines, indicatif::HumanBytes(report.bytes));
        if !report.redactions.is_empty() {
            let masked: Vec<String> = report.redactions.iter().map(|(rule, n)| format!("{n} {rule}")).collect();
            facts.push_str(&format!("; secrets masked: {}", masked.join(", ")));
        }
        if let Some(print) = &report.fingerprint {
            facts.push_str(&format!("; fingerprint {print}"));
        }
        self.text.push('\n');
        self.plain(INDENT, &facts);
        self.text.push('\n');
    }
}

fn title(category: Category) -> &'static str {
    match category {
        Category::Lint => "Lint failure",
        Category::Typecheck => "Type error",
        Category::Test => "Test failure",
        Category::Build => "Build failure",
        Category::Ssr => "Server-side rendering failure",
        Category::Dependency => "Dependency failure",
        Category::Infra => "Infrastructure failure",
        Category::Timeout => "Timeout",
        Category::Oom => "Out of memory",
        Category::Network => "Network failure",
        Category::SecretMissing => "Missing secret",
        Category::Permission => "Permission denied",
        Category::Config => "Configuration error",
        Category::Crash => "Crash",
        Category::QualityGate => "Quality gate failure",
        Category::Deploy => "Deployment failure",
        Category::Cancelled => "Cancelled",
        Category::None => "Nothing failed",
        Category::Unknown => "Unknown failure",
    }
}
