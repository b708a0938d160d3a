//! Entries of the audit for logs elsewhere. They are stored with the turn that made them, in its order, and go from there to
//! each log at its own pace: whoever takes none holds nobody up and gets them later.

use super::Engine;
use super::export::rfc3339;
use crate::domain::ids::IncidentNo;
use crate::domain::journal::Entry;
use crate::domain::text::clean_line;
use crate::ports::{AuditLog, StoreError, Trail, Turn};
use metrics::gauge;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Before an entry's number: those that some log has not taken.
const ROW: &str = "trail:";
/// The number of the next entry.
const NEXT: &str = "trail_next";
/// Before a log's name: the number of the last entry that it took.
const TAKEN: &str = "trail_taken:";
/// Entries that a log is handed at a time.
const AT_ONCE: u64 = 200;
/// Characters of a sentence.
const TEXT: usize = 2_000;

/// The logs, and how far they are.
pub(super) struct Trails {
    logs: Vec<Arc<dyn AuditLog>>,
    next: AtomicU64,
    /// Those that fail now.
    failing: Mutex<BTreeSet<&'static str>>,
}

fn row(n: u64) -> String {
    format!("{ROW}{n:020}")
}

fn taken(name: &str) -> String {
    format!("{TAKEN}{name}")
}

impl Trails {
    pub fn new(logs: Vec<Arc<dyn AuditLog>>) -> Self {
        Self { logs, next: AtomicU64::new(1), failing: Mutex::default() }
    }
}

impl Engine {
    /// Where the numbering stands. A log that is new begins here.
    pub(super) async fn follow_trail(&self) -> Result<(), StoreError> {
        if self.trails.logs.is_empty() {
            return Ok(());
        }
        let next = self.trail_number(NEXT).await?.unwrap_or(1);
        self.trails.next.store(next, Ordering::Relaxed);
        let mut settings = Vec::new();
        for log in &self.trails.logs {
            let key = taken(log.name());
            if self.store.setting(&key).await?.is_none() {
                settings.push((key, Some(json!(next - 1))));
            }
        }
        self.store.commit(Turn { settings, ..Turn::default() }).await
    }

    async fn trail_number(&self, key: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.store.setting(key).await?.as_ref().and_then(Value::as_u64))
    }

    /// Adds a turn's entries, in its own transaction. Turns follow each other, so numbers do. Answers the next number.
    pub(super) async fn leave_trail(&self, turn: &mut Turn) -> Result<Option<u64>, StoreError> {
        if self.trails.logs.is_empty() || turn.journal.is_empty() {
            return Ok(None);
        }
        let before = self.store.setting(NEXT).await?;
        let first = before.as_ref().and_then(Value::as_u64).unwrap_or(1);
        let mut rows = Vec::new();
        for (n, (no, entry)) in (first..).zip(&turn.journal) {
            rows.push((row(n), Some(json!(self.trail(n, *no, entry, turn).await?))));
        }
        let next = first + rows.len() as u64;
        // Another engine that numbers entries meanwhile makes this turn begin anew.
        turn.expect.push((NEXT.to_owned(), before));
        turn.settings.extend(rows);
        turn.settings.push((NEXT.to_owned(), Some(json!(next))));
        Ok(Some(next))
    }

    /// The turn was stored: its entries can go.
    pub(super) fn trail_left(&self, next: Option<u64>) {
        if let Some(next) = next {
            self.trails.next.store(next, Ordering::Relaxed);
            self.trail_due.notify_one();
        }
    }

    async fn trail(&self, n: u64, no: IncidentNo, entry: &Entry, turn: &Turn) -> Result<Trail, StoreError> {
        let text = self.words.note("plain", &entry.note).map_err(|why| StoreError::Broken(why.to_string()))?;
        let fresh = turn.incidents.iter().find(|incident| incident.no == no).map(|incident| incident.repo.clone());
        let repo = match fresh {
            None if no != IncidentNo(0) => self.store.incident(no).await?.map(|incident| incident.repo),
            known => known,
        };
        Ok(Trail {
            n,
            at: rfc3339(entry.at),
            by: entry.by.clone(),
            action: super::insight::audit::kind(&entry.note),
            repo: repo.map(|repo| repo.to_string()),
            incident: no.0,
            entry: entry.seq,
            text: clean_line(&text, TEXT),
        })
    }

    /// Hands each log what it has not taken. `true` where there may be more at once; a log that fails is tried later.
    ///
    /// # Errors
    /// The store failed.
    pub async fn hand_over_trail(&self) -> Result<bool, StoreError> {
        let mut more = false;
        let next = self.trails.next.load(Ordering::Relaxed);
        for log in &self.trails.logs {
            let first = self.trail_number(&taken(log.name())).await?.unwrap_or(0) + 1;
            gauge!("ci_rescue_audit_behind", "log" => log.name()).set(next.saturating_sub(first) as f64);
            let last = next.min(first + AT_ONCE);
            let mut entries = Vec::new();
            for n in first..last {
                let kept = self.store.setting(&row(n)).await?;
                entries.extend(kept.and_then(|kept| serde_json::from_value::<Trail>(kept).ok()));
            }
            if first >= last {
                continue;
            }
            match log.take(&entries).await {
                Ok(()) => {
                    self.trail_taken(log.name(), last - 1).await?;
                    self.trail_works(log.name());
                    more |= last < next;
                }
                Err(why) => self.trail_fails(log.name(), &why),
            }
        }
        Ok(more)
    }

    /// What every log has taken is not kept.
    async fn trail_taken(&self, name: &str, last: u64) -> Result<(), StoreError> {
        let before = self.trail_least(None).await?;
        let after = self.trail_least(Some((name, last))).await?;
        let mut settings: Vec<(String, Option<Value>)> = (before + 1..=after).map(|n| (row(n), None)).collect();
        settings.push((taken(name), Some(json!(last))));
        self.store.commit(Turn { settings, ..Turn::default() }).await
    }

    /// The last entry that every log has taken.
    async fn trail_least(&self, but: Option<(&str, u64)>) -> Result<u64, StoreError> {
        let mut least = u64::MAX;
        for log in &self.trails.logs {
            let known = match but {
                Some((name, last)) if name == log.name() => last,
                _ => self.trail_number(&taken(log.name())).await?.unwrap_or(0),
            };
            least = least.min(known);
        }
        Ok(least)
    }

    /// One line however often it fails.
    fn trail_fails(&self, name: &'static str, why: &str) {
        if self.trails.failing.lock().unwrap_or_else(PoisonError::into_inner).insert(name) {
            tracing::warn!(why, "the audit's {name} takes nothing; entries are kept until it does");
        }
    }

    fn trail_works(&self, name: &'static str) {
        if self.trails.failing.lock().unwrap_or_else(PoisonError::into_inner).remove(name) {
            tracing::info!("the audit's {name} takes entries again");
        }
    }
}
