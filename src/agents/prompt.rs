//! What an agent is told: `templates/prompts/`, with everything that strangers wrote in fences that it cannot close.

use super::guides::Section;
use super::{area, guard};
use crate::domain::agent::{Attempt, AttemptEnd, Verdict};
use crate::domain::incident::{Incident, Proposal};
use crate::domain::text::{Untrusted, clean_line};
use include_dir::{Dir, include_dir};
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;
use std::collections::BTreeMap;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/prompts");

/// The end of the failing log that is shown, in characters.
pub const LOG_CHARS: usize = 8_000;
/// The most of an earlier difference that is shown, in characters.
const DIFF_CHARS: usize = 8_000;
/// The most of a section of a guide, in characters.
const GUIDE_CHARS: usize = 2_000;
/// Tests and files that are listed.
const LISTED: usize = 20;

/// What a prompt is made of beside the record.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Masked already.
    pub log: String,
    /// What the policy says of paths, a sentence each.
    pub paths: Vec<String>,
    /// Files that changed since it was green, the newest change first.
    pub changed: Vec<String>,
    /// Of earlier attempts, by number.
    pub diffs: BTreeMap<u32, String>,
}

#[derive(Debug, Serialize)]
struct Before {
    n: u32,
    came: String,
    diff: String,
}

/// All templates, the operator's over the shipped ones.
#[derive(Debug)]
pub struct Prompts(Environment<'static>);

impl Prompts {
    /// `own`: templates by name, such as `rust` or `rust-test`.
    ///
    /// # Errors
    /// A template does not compile: which, and why.
    pub fn new(own: &BTreeMap<String, String>) -> Result<Self, String> {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = minijinja::syntax::SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        env.set_syntax(syntax.map_err(|why| why.to_string())?);
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let shipped = FILES.files().filter_map(|file| {
            let name = file.path().file_stem()?.to_str()?;
            Some((name.to_owned(), file.contents_utf8()?.to_owned()))
        });
        let all = shipped.chain(own.iter().map(|(name, text)| (name.clone(), text.clone())));
        for (name, text) in all {
            let named = format!("{name}.jinja");
            env.add_template_owned(named.clone(), text).map_err(|why| format!("{named}: {why:#}"))?;
        }
        Ok(Self(env))
    }

    /// The prompt for one attempt: by area and category where there is such a template, else by area.
    ///
    /// # Errors
    /// The template cannot be rendered: it is the operator's, or a defect.
    pub fn render(
        &self,
        specialist: &str,
        incident: &Incident,
        proposal: &Proposal,
        told: &Told,
    ) -> Result<String, String> {
        let area = area(specialist);
        let category = incident.headline().map_or("unknown", |evidence| evidence.category.as_str());
        let own = self.0.get_template(&format!("{area}-{category}.jinja"));
        let template = own.or_else(|_| self.0.get_template(&format!("{area}.jinja")));
        let template = template.or_else(|_| self.0.get_template("github.jinja")).map_err(|why| why.to_string())?;
        let (lines_max, files_max) = guard::limits();
        let view = context! {
            by => span(proposal.by.name.raw(), 200),
            ask => asked(proposal),
            paths => told.paths.clone(),
            changed => listed(told.changed.iter().map(|path| span(path, 200))),
            lines_max => lines_max,
            files_max => files_max,
            attempts => proposal.attempts.iter().map(|attempt| before(attempt, told)).map(|one| Value::from(Serde(one))).collect::<Vec<_>>(),
            log => fence(end(&told.log, LOG_CHARS)),
            ..facts(incident)
        };
        template.render(view).map_err(|why| format!("{}: {why:#}", template.name()))
    }

    /// The question to the analyst. `log` is masked already; `wrong` is what could not be used of its answer before.
    ///
    /// # Errors
    /// The template cannot be rendered: it is the operator's, or a defect.
    pub fn question(
        &self,
        incident: &Incident,
        log: &str,
        guides: &[&Section],
        wrong: Option<&str>,
    ) -> Result<String, String> {
        let template = self.0.get_template("analyst.jinja").map_err(|why| why.to_string())?;
        let shown = |guide: &&Section| context! { name => span(&guide.name, 200), text => fence(start(&guide.text, GUIDE_CHARS)) };
        let view = context! {
            guides => guides.iter().map(shown).collect::<Vec<_>>(),
            wrong => wrong.map(|wrong| span(wrong, 300)),
            log => fence(end(log, LOG_CHARS)),
            ..facts(incident)
        };
        template.render(view).map_err(|why| format!("{}: {why:#}", template.name()))
    }
}

/// What every prompt says of the failure.
fn facts(incident: &Incident) -> Value {
    let job = incident.first_job();
    let one = |text: &Untrusted| span(text.raw(), 200);
    let tests = incident.evidence.iter().flat_map(|evidence| &evidence.failing_tests);
    let files = tests.clone().filter_map(|test| test.file.as_ref());
    context! {
        category => incident.headline().map_or("unknown", |evidence| evidence.category.as_str()),
        workflow => one(&incident.workflow),
        job => job.map_or_else(|| one(&incident.workflow), |job| one(&job.name)),
        step => job.and_then(|job| job.step.as_ref()).map(one),
        repo => incident.repo.as_str(),
        branch => one(&incident.branch),
        commit => span(&incident.sha, 64),
        tests => listed(tests.map(|test| one(&test.name))),
        files => listed(files.map(one)),
    }
}

fn asked(proposal: &Proposal) -> Option<String> {
    match &proposal.wish {
        crate::domain::intent::Wish::Agent { ask } => ask.as_ref().map(|ask| span(ask.raw(), 400)),
        _ => None,
    }
}

fn listed(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for one in all {
        if kept.len() < LISTED && !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

fn before(attempt: &Attempt, told: &Told) -> Before {
    let came = match (&attempt.end, attempt.ci) {
        (AttemptEnd::Proposed { .. }, Some(Verdict::Failed)) => "was pushed, and CI failed again.".to_owned(),
        (AttemptEnd::Proposed { .. }, _) => "was pushed.".to_owned(),
        (AttemptEnd::Refused { why, .. }, _) => {
            format!("was refused by the bot: {}.", why.iter().map(|why| span(why, 200)).collect::<Vec<_>>().join("; "))
        }
        (AttemptEnd::Failed { why }, _) => format!("failed: {}.", span(why, 200)),
        (AttemptEnd::Escalated { why }, _) => {
            format!("ended without a change, by {}: {}.", attempt.specialist, span(why.raw(), 200))
        }
        (AttemptEnd::Interrupted, _) => "did not finish.".to_owned(),
    };
    let diff = told.diffs.get(&attempt.n).map(|diff| fence(start(diff, DIFF_CHARS))).unwrap_or_default();
    Before { n: attempt.n, came, diff }
}

/// One line in backticks that it cannot close.
fn span(text: &str, max: usize) -> String {
    format!("`{}`", clean_line(text, max).replace('`', "'"))
}

/// Lines in a fence that none of them can close. Control characters are left out.
fn fence(text: &str) -> String {
    let seen = |c: &char| *c == '\n' || *c == '\t' || !(c.is_control() || crate::domain::text::is_invisible(*c));
    let text: String = text.chars().filter(seen).collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let mark = "`".repeat(longest.max(2) + 1);
    format!("{mark}\n{}\n{mark}", text.trim_end())
}

fn end(text: &str, max: usize) -> &str {
    let skip = text.chars().count().saturating_sub(max);
    text.char_indices().nth(skip).map_or("", |(at, _)| &text[at..])
}

fn start(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever a log holds, it stays inside its fence and within its length.
        #[test]
        fn no_text_leaves_its_fence(text in "[a`~\\n #\u{202e}\u{1b}]{0,200}") {
            let out = fence(&text);
            let mark = out.lines().next().unwrap().to_owned();
            let inner: Vec<&str> = out.lines().skip(1).collect();
            let (last, inner) = inner.split_last().unwrap();
            prop_assert_eq!(*last, mark.as_str());
            prop_assert!(inner.iter().all(|line| !line.contains(&mark)));
            prop_assert!(!out.contains(['\u{1b}', '\u{202e}']), "{}", out);
            let one = span(&text, 50);
            prop_assert!(one.lines().count() == 1 && one.matches('`').count() == 2);
        }
    }

    #[test]
    fn the_end_of_a_log_is_shown_and_the_start_of_a_diff() {
        assert_eq!((end("äöü", 2), start("äöü", 2)), ("öü", "äö"));
        assert_eq!((end("a", 9), start("a", 9), end("", 9)), ("a", "a", ""));
    }
}
