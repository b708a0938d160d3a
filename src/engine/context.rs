//! What a step may know beyond its incident, read before it.

use super::turn::Working;
use crate::domain::effect::Effect;
use crate::domain::event::{Event, LogRead, Merging};
use crate::domain::facts::Context;
use crate::domain::incident::Incident;
use crate::domain::time::Time;
use crate::ports::StoreError;
use serde_json::json;

impl Working<'_> {
    pub(super) async fn context(&self, incident: Option<&Incident>, event: &Event) -> Result<Context, StoreError> {
        let mut context = Context { hold: self.engine.read_hold().await?, ..Context::default() };
        context.owners_wanted = self.engine.git.is_some();
        let Some(incident) = incident else { return Ok(context) };
        let arrived = match event {
            Event::LogRead { read: LogRead::Read(evidence), .. } => evidence.fingerprint.as_deref(),
            _ => None,
        };
        for print in arrived.into_iter().chain(incident.fingerprint()) {
            context.same.insert(print.to_owned(), self.state.index.same(incident, print));
        }
        if let Some(print) = arrived.or(incident.fingerprint()) {
            context.fingerprint_retries = self.counted(&retries_key(self.now, print)).await?;
        }
        let acted = self.engine.store.setting(&acted_key(incident)).await?;
        context.branch_acted_at = acted.and_then(|at| at.as_i64()).map(Time);
        // Judged where the card's facts come in: by then the log has been read, and its tests are on record.
        if matches!(event, Event::FactsGathered { proposal: None, .. }) && !incident.is_over() {
            context.judged = self.judged(incident).await?;
        }
        context.acts_today = self.counted(&acts_key(self.now)).await?;
        Ok(context)
    }

    async fn counted(&self, key: &str) -> Result<u32, StoreError> {
        let stored = self.engine.store.setting(key).await?;
        Ok(stored.and_then(|n| n.as_u64()).and_then(|n| u32::try_from(n).ok()).unwrap_or(0))
    }

    /// An automatic act counts when it is ordered, so that a crash cannot forget it.
    pub(super) fn count_automatic(&mut self, incident: &Incident, effect: &Effect) {
        if !matches!(effect, Effect::Perform { automatic: true, undo: false, .. }) {
            return;
        }
        self.turn.settings.push((acted_key(incident), Some(json!(self.now.0))));
        self.turn.bump.push(acts_key(self.now));
        if let Some(print) = incident.fingerprint() {
            self.turn.bump.push(retries_key(self.now, print));
        }
    }

    /// A merge is tried until it succeeds, so it counts then.
    pub(super) fn count_merge(&mut self, before: Option<&Incident>, event: &Event) {
        let Event::MergeLooked { proposal, outcome: Merging::Merged, .. } = event else { return };
        if before.and_then(|incident| incident.proposal(*proposal)).is_some_and(|p| p.merging.is_some()) {
            self.turn.bump.push(acts_key(self.now));
        }
    }
}

fn acts_key(now: Time) -> String {
    format!("acts:{}", now.day())
}

fn retries_key(now: Time, print: &str) -> String {
    format!("retries:{}:{print}", now.day())
}

fn acted_key(incident: &Incident) -> String {
    format!("acted:{}:{}", incident.repo, incident.branch.raw())
}
