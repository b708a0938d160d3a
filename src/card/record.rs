//! `rescue.log`: everything known of an incident, as plain text for an archive or a ticket.

use super::view::view;
use super::words::{TemplateError, Words};
use crate::domain::cause::Cause;
use crate::domain::evidence::Evidence;
use crate::domain::incident::{Incident, Proposal};
use crate::domain::journal::Entry;
use crate::domain::text::{clean_line, is_invisible};
use crate::domain::time::Time;
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

/// Longer lines are cut, in characters.
const LINE: usize = 500;
/// Lines of one excerpt.
const EXCERPT: usize = 2_000;

#[derive(Serialize)]
struct Record {
    severity_because: Vec<String>,
    runs: Vec<String>,
    jobs: Vec<String>,
    jobs_more: u64,
    evidence: Vec<Found>,
    verdict: Vec<String>,
    entries: Vec<Told>,
    entries_more: bool,
    acts: Vec<Act>,
}

#[derive(Serialize)]
struct Found {
    category: String,
    confidence: u32,
    facts: Vec<String>,
    excerpt: Vec<String>,
}

#[derive(Serialize)]
struct Told {
    at: String,
    by: String,
    text: String,
}

#[derive(Serialize)]
struct Act {
    head: String,
    lines: Vec<String>,
}

impl Words {
    /// `excerpts` are those of the incident's evidence, in its order; `more` where not all entries are given.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn record(
        &self,
        incident: &Incident,
        entries: &[Entry],
        more: bool,
        excerpts: &[Option<String>],
    ) -> Result<String, TemplateError> {
        let told = |entry: &Entry| {
            let text = self.note("plain", &entry.note)?;
            let by = clean_line(entry.by.as_deref().unwrap_or_default(), LINE);
            Ok::<_, TemplateError>(Told { at: exactly(entry.at), by, text: text.replace('\n', "\n    ") })
        };
        let found = |(at, evidence): (usize, &Evidence)| found(evidence, excerpts.get(at).and_then(Option::as_deref));
        let record = Record {
            severity_because: incident.severity_because.iter().map(|why| clean_line(why, LINE)).collect(),
            runs: runs(incident),
            jobs: jobs(incident),
            jobs_more: incident.failures.saturating_sub(incident.jobs.len() as u64),
            evidence: incident.evidence.iter().enumerate().map(found).collect(),
            verdict: verdict(incident),
            entries: entries.iter().map(told).collect::<Result<_, _>>()?,
            entries_more: more,
            acts: incident.proposals.iter().map(act).collect(),
        };
        let (v, r) = (Value::from(Serde(&view(incident))), Value::from(Serde(&record)));
        self.whole("plain", "record", context! { v, r, home => self.home() })
    }
}

fn exactly(at: Time) -> String {
    let at = chrono::DateTime::from_timestamp_millis(at.0).unwrap_or_default();
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn runs(incident: &Incident) -> Vec<String> {
    let run = |run: &crate::domain::incident::RunState| {
        let ended = run.conclusion.map_or("in progress", |conclusion| conclusion.as_str());
        let id = run.run.map_or_else(String::new, |id| format!("run {}, ", id.0));
        let newer = if run.superseded { ", a newer run passed" } else { "" };
        format!("{id}attempt {}: {ended}{newer} ({})", run.attempt, run.workflow.line(LINE))
    };
    incident.runs.iter().map(run).collect()
}

fn jobs(incident: &Incident) -> Vec<String> {
    let job = |job: &crate::domain::incident::JobState| {
        let step = job.step.as_ref().map_or_else(String::new, |step| format!(", step {}", step.line(LINE)));
        format!("{}{step}: {}, attempt {}", job.name.line(LINE), job.conclusion.as_str(), job.attempt)
    };
    incident.jobs.iter().map(job).collect()
}

fn found(evidence: &Evidence, excerpt: Option<&str>) -> Found {
    let mut facts = Vec::new();
    let mut add = |name: &str, text: Option<String>| facts.extend(text.map(|text| format!("{name}: {text}")));
    add("step", evidence.failing_step.as_ref().map(|step| step.line(LINE)));
    add("exit code", evidence.exit_code.map(|code| code.to_string()));
    add("signal", evidence.signal.clone());
    add("known issue", evidence.known_issue.clone());
    add("what helps", evidence.advice.as_ref().map(|advice| clean_line(&advice.solution, LINE)));
    add("fingerprint", evidence.fingerprint.clone());
    for because in &evidence.because {
        add("because", Some(clean_line(because, LINE)));
    }
    for error in &evidence.errors {
        add(&format!("line {}", error.line), Some(error.text.line(LINE)));
    }
    for test in &evidence.failing_tests {
        add(&format!("failing test ({})", test.framework), Some(test.name.line(LINE)));
    }
    for frame in &evidence.frames {
        let line = frame.line.map_or_else(String::new, |line| format!(":{line}"));
        add("at", Some(format!("{}{line} {}", frame.file.line(LINE), frame.text.line(LINE))));
    }
    for (rule, times) in &evidence.redactions {
        add("masked", Some(format!("{rule}, {times} times")));
    }
    let percent = (0..=100).rev().find(|percent| f64::from(*percent) <= f64::from(evidence.confidence) * 100.0 + 0.5);
    let shown = |line: &str| line.chars().filter(|c| *c == '\t' || !is_invisible(*c)).take(LINE).collect();
    Found {
        category: evidence.category.as_str().into(),
        confidence: percent.unwrap_or(0),
        facts,
        excerpt: excerpt.unwrap_or_default().lines().take(EXCERPT).map(shown).collect(),
    }
}

fn verdict(incident: &Incident) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(judged) = &incident.judged {
        let by = judged.by.as_ref().map_or_else(String::new, |by| format!(", says {}", clean_line(by, LINE)));
        let chance = format!(" ({:.0} %)", judged.chance(judged.cause) * 100.0);
        let chance = Some(chance).filter(|_| judged.cause != Cause::Unknown).unwrap_or_default();
        lines.push(format!("{}{chance}{by}", judged.cause.spoken()));
        lines.extend(judged.because.iter().map(|why| format!("because {}", clean_line(why, LINE))));
    }
    if let Some(base) = &incident.base {
        lines.push(format!("also failing on {}, incident {}", base.branch.line(LINE), base.incident));
    }
    if let Some(outage) = &incident.outage {
        lines.push(clean_line(&outage.at_opening(), LINE));
    }
    for suspect in incident.suspicion.iter().flat_map(|suspicion| &suspicion.suspects) {
        let because = suspect.because.first().map_or("", String::as_str);
        lines.push(format!("suspect {} {}: {}", suspect.sha, suspect.subject.line(LINE), clean_line(because, LINE)));
    }
    for one in incident.suspicion.iter().flat_map(|suspicion| &suspicion.moved) {
        let (package, green, red) = (one.package.line(LINE), one.green.line(LINE), one.red.line(LINE));
        lines.push(format!("moved {package} from {green} to {red}"));
    }
    lines.extend(incident.guess().map(|told| format!("the analyst's guess: {}", told.words.line(LINE))));
    lines.extend(incident.escalations.iter().map(|one| format!("escalated: {}", clean_line(&one.because, LINE))));
    lines
}

fn act(proposal: &Proposal) -> Act {
    let dry = if proposal.dry_run { ", dry run" } else { "" };
    let (id, by) = (proposal.id, proposal.by.name.line(LINE));
    let head = format!("{id} {} by {by}: {}{dry}", proposal.remedy, proposal.state.as_str());
    let mut lines = Vec::new();
    if let Some(plan) = &proposal.plan {
        lines.push(plan.summary.line(LINE));
        lines.extend(plan.because.iter().map(|why| format!("because {}", clean_line(why, LINE))));
    }
    lines.extend(proposal.approvals.iter().map(|approval| format!("approved by {}", approval.name.line(LINE))));
    lines.extend(proposal.made.iter().map(|made| format!("made {} #{}: {}", made.what, made.number, made.url)));
    Act { head, lines }
}
