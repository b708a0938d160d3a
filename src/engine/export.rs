//! Incidents and their journals, line by line, for other programs. The command line and the API both ask here.

use crate::card::Words;
use crate::domain::ids::Repo;
use crate::domain::incident::Incident;
use crate::domain::journal::Entry;
use crate::domain::text::Untrusted;
use crate::domain::time::{MINUTE_MS, Time};
use crate::ports::{ExportAsked, Exported, Format, Lines, Query, Store, StoreError};
use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Incidents read at a time.
const PAGE: usize = 100;
/// Entries of one journal, read at a time.
const ENTRIES: usize = 1_000;
const TEXT: usize = 500;

/// One incident, flat. Times are RFC 3339; what is not known is empty.
#[derive(Debug, Default, Serialize)]
struct Row {
    id: u64,
    repo: String,
    branch: String,
    sha: String,
    workflow: String,
    job: String,
    test: String,
    error: String,
    stage: &'static str,
    severity: &'static str,
    category: String,
    cause: String,
    known_issue: String,
    fingerprint: String,
    opened_at: String,
    closed_at: String,
    /// `green`, `person` or `gone`.
    closed_by: &'static str,
    minutes_open: Option<i64>,
    assignee: String,
    author: String,
    pull_requests: String,
    failures: u64,
    jobs: usize,
    runs: usize,
    attempts: u32,
    escalated: bool,
    /// Each remedy that was proposed with its state: `retry done, revert rejected`.
    remedies: String,
}

/// One entry of a journal.
#[derive(Debug, Default, Serialize)]
struct Line {
    incident: u64,
    repo: String,
    entry: u64,
    at: String,
    /// The person's name as configured; empty where nobody did it.
    by: String,
    /// What kind of entry it is.
    kind: String,
    text: String,
}

pub(super) fn rfc3339(at: Time) -> String {
    chrono::DateTime::from_timestamp_millis(at.0)
        .map_or_else(String::new, |at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

fn line(text: Option<&Untrusted>) -> String {
    text.map_or_else(String::new, |text| text.line(TEXT))
}

impl Row {
    fn of(incident: &Incident) -> Self {
        let evidence = incident.headline();
        let closed_by = match (&incident.resolved, incident.closed_at) {
            (_, None) => "",
            (Some(_), _) => "person",
            (None, _) if incident.is_green() => "green",
            (None, _) => "gone",
        };
        let remedies: Vec<String> =
            incident.proposals.iter().map(|p| format!("{} {}", p.remedy, p.state.as_str())).collect();
        let pulls: Vec<String> = incident.pulls.iter().map(u64::to_string).collect();
        Self {
            id: incident.no.0,
            repo: incident.repo.to_string(),
            branch: incident.branch.line(TEXT),
            sha: incident.sha.clone(),
            workflow: incident.workflow.line(TEXT),
            job: line(incident.jobs.first().map(|job| &job.name)),
            test: line(evidence.and_then(|e| e.failing_tests.first()).map(|test| &test.name)),
            error: line(evidence.and_then(|e| e.quote()).map(|error| &error.text)),
            stage: incident.stage.as_str(),
            severity: incident.severity.as_str(),
            category: evidence.map_or_else(String::new, |e| e.category.as_str().into()),
            cause: incident.judged.as_ref().map_or_else(String::new, |judged| judged.cause.as_str().into()),
            known_issue: evidence.and_then(|e| e.known_issue.clone()).unwrap_or_default(),
            fingerprint: incident.fingerprint().unwrap_or_default().into(),
            opened_at: rfc3339(incident.opened_at),
            closed_at: incident.closed_at.map_or_else(String::new, rfc3339),
            closed_by,
            minutes_open: incident.closed_at.map(|at| at.ms_since(incident.opened_at) / MINUTE_MS),
            assignee: line(incident.taken.as_ref().map(|taken| &taken.by)),
            author: incident.sender.line(TEXT),
            pull_requests: pulls.join(" "),
            failures: incident.failures,
            jobs: incident.jobs.len(),
            runs: incident.runs.len(),
            attempts: incident.runs.iter().map(|run| run.attempt).max().unwrap_or(0),
            escalated: incident.escalated_at.is_some(),
            remedies: remedies.join(", "),
        }
    }
}

impl Line {
    fn of(incident: &Incident, entry: &Entry, words: &Words) -> Result<Self, StoreError> {
        let kind = serde_json::to_value(&entry.note).ok();
        let kind = kind.as_ref().and_then(|note| note["note"].as_str()).unwrap_or_default().to_owned();
        let text = words.note("plain", &entry.note).map_err(broken)?;
        Ok(Self {
            incident: incident.no.0,
            repo: incident.repo.to_string(),
            entry: entry.seq,
            at: rfc3339(entry.at),
            by: entry.by.clone().unwrap_or_default(),
            kind,
            text: crate::domain::text::clean_line(&text, TEXT * 4),
        })
    }
}

/// Where the reading stands.
struct Reading {
    store: Arc<dyn Store>,
    words: Arc<Words>,
    asked: ExportAsked,
    /// Incidents numbered below this are to come; `None` when all are read.
    before: Option<u64>,
    first: bool,
}

/// Everything that was asked for, a page at a time.
#[must_use]
pub fn export(store: Arc<dyn Store>, words: Arc<Words>, asked: ExportAsked) -> Lines {
    let reading = Reading { store, words, asked, before: Some(u64::MAX), first: true };
    stream::try_unfold(reading, |mut reading| async move {
        let Some(page) = reading.page().await? else { return Ok(None) };
        Ok(Some((page, reading)))
    })
    .boxed()
}

impl Reading {
    async fn page(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(before) = self.before else { return Ok(None) };
        let query = Query { repo: self.asked.repo.clone(), before: Some(before), limit: PAGE, ..Query::default() };
        let found = self.store.incidents(&query).await?;
        self.before = found.last().filter(|_| found.len() == PAGE).map(|last| last.no.0);
        let head = match self.asked.what {
            Exported::Incidents => value(&Row::default())?,
            Exported::Journal => value(&Line::default())?,
        };
        let head = std::mem::take(&mut self.first).then_some(&head);
        let mut out = Out::new(self.asked.format, head)?;
        for incident in found.iter().filter(|incident| self.is_in(&incident.repo)) {
            match self.asked.what {
                Exported::Incidents if self.wants(incident.opened_at) => out.write(&Row::of(incident))?,
                Exported::Incidents => {}
                Exported::Journal => {
                    let mut after = 0;
                    loop {
                        let entries = self.store.journal(incident.no, after, ENTRIES).await?;
                        let Some(last) = entries.last() else { break };
                        after = last.seq;
                        for entry in entries.iter().filter(|entry| self.wants(entry.at)) {
                            out.write(&Line::of(incident, entry, &self.words)?)?;
                        }
                    }
                }
            }
        }
        out.done().map(Some)
    }

    fn is_in(&self, repo: &Repo) -> bool {
        self.asked.only.as_ref().is_none_or(|only| only.contains(repo))
    }

    fn wants(&self, at: Time) -> bool {
        self.asked.since.is_none_or(|since| at >= since) && self.asked.until.is_none_or(|until| at < until)
    }
}

/// One page in its format.
pub(super) enum Out {
    Jsonl(Vec<u8>),
    Csv(Box<csv::Writer<Vec<u8>>>),
}

fn broken(why: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(format!("cannot write the export: {why}"))
}

pub(super) fn value(row: &impl Serialize) -> Result<Map<String, Value>, StoreError> {
    match serde_json::to_value(row).map_err(broken)? {
        Value::Object(row) => Ok(row),
        other => Err(broken(other)),
    }
}

/// A cell that a spreadsheet would take for a formula is text: what strangers wrote is in it.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Out {
    /// `head` is a row whose names head a table; `None` after the first page.
    pub(super) fn new(format: Format, head: Option<&Map<String, Value>>) -> Result<Self, StoreError> {
        if format == Format::Jsonl {
            return Ok(Self::Jsonl(Vec::new()));
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        if let Some(head) = head {
            writer.write_record(head.keys()).map_err(broken)?;
        }
        Ok(Self::Csv(Box::new(writer)))
    }

    pub(super) fn write(&mut self, row: &impl Serialize) -> Result<(), StoreError> {
        match self {
            Self::Jsonl(out) => {
                serde_json::to_writer(&mut *out, row).map_err(broken)?;
                out.push(b'\n');
                Ok(())
            }
            Self::Csv(writer) => writer.write_record(value(row)?.values().map(cell)).map_err(broken),
        }
    }

    pub(super) fn done(self) -> Result<Vec<u8>, StoreError> {
        match self {
            Self::Jsonl(out) => Ok(out),
            Self::Csv(writer) => (*writer).into_inner().map_err(broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever stands in a cell comes back as it was, and begins no formula.
        #[test]
        fn a_table_reads_back(text in any::<String>(), by in "[=+@-].{0,20}") {
            let row = Line { text: text.clone(), by: by.clone(), ..Line::default() };
            let mut out = Out::new(Format::Csv, Some(&value(&Line::default()).unwrap())).unwrap();
            out.write(&row).unwrap();
            let bytes = out.done().unwrap();
            let mut read = csv::Reader::from_reader(bytes.as_slice());
            prop_assert_eq!(read.headers().unwrap().iter().next(), Some("incident"));
            let cells = read.records().next().unwrap().unwrap();
            prop_assert_eq!(&cells[4], format!("'{by}"));
            prop_assert_eq!(cells[6].trim_start_matches('\''), text.trim_start_matches('\''));
            prop_assert!(!cells.iter().any(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r'])));
        }
    }
}
