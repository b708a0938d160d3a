//! What a delivery would do, tried on a store whose changes go nowhere: the same turn as ever, and nobody is called.

mod words;

use super::Engine;
use crate::domain::effect::Effect;
use crate::domain::event::{Event, Failure};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::text::clean_line;
use crate::domain::time::{DAY_MS, Time};
use crate::ports::{Delivery, Due, Publication, Put, Query, StoreError, Surface};
use std::collections::BTreeMap;

/// Nothing waits longer than this.
const FAR_MS: i64 = 1_000 * DAY_MS;
/// Entries of one journal that a delivery adds, at most.
const ENTRIES: usize = 1_000;
/// Texts of strangers, in characters.
const LINE: usize = 200;

/// What a delivery means, and what would follow at once: sentences without a full stop. What the effects come to is not
/// known before they are performed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rehearsal {
    pub heard: Vec<String>,
    pub incidents: Vec<Changed>,
    pub effects: Vec<String>,
    pub cards: Vec<String>,
    pub timers: Vec<String>,
    /// It would go to the dead letters, and why.
    pub dead: Option<String>,
}

/// An incident as it would be.
#[derive(Debug, PartialEq, Eq)]
pub struct Changed {
    pub no: IncidentNo,
    pub opened: bool,
    /// Repository, branch and stage.
    pub what: String,
    /// What its journal would say.
    pub notes: Vec<String>,
}

/// What stands in the store before.
struct Before {
    open: BTreeMap<IncidentNo, Incident>,
    newest: u64,
    cards: BTreeMap<Surface, Publication>,
    timers: BTreeMap<String, Time>,
    dead: u64,
}

impl Engine {
    /// Takes the delivery in and tells what that does. For a store whose changes go nowhere: what waits in it is claimed
    /// and left.
    ///
    /// # Errors
    /// The store failed.
    pub async fn rehearse(&self, delivery: Delivery) -> Result<Rehearsal, StoreError> {
        let far = self.clock.now().plus_ms(FAR_MS);
        while self.store.claim_delivery(self.clock.now(), FAR_MS).await?.is_some() {}
        while self.store.claim_effect(far, FAR_MS).await?.is_some() {}
        let before = self.before(far).await?;
        let heard = match self.decode(&delivery) {
            Ok(heard) => heard.iter().map(words::heard).collect(),
            Err(_) => Vec::new(),
        };
        if self.store.put_delivery(delivery).await? == Put::Duplicate {
            return Err(StoreError::Conflict("a delivery of this id was taken in before".into()));
        }
        while self.turn().await? {}
        let mut told = Rehearsal { heard, dead: self.newly_dead(before.dead).await?, ..Rehearsal::default() };
        while let Some(claim) = self.store.claim_effect(far, FAR_MS).await? {
            told.effects.push(words::effect(&claim.work));
            if let Effect::Look { failure } = claim.work {
                self.suppose(*failure).await?;
            }
        }
        told.incidents = self.changed_since(&before).await?;
        told.cards = self.cards_since(&before, far).await?;
        let timers = self.store.due_timers(far, usize::MAX).await?;
        let moved = timers.iter().filter(|timer| before.timers.get(&timer.key) != Some(&timer.at));
        told.timers = moved.map(words::timer).collect();
        Ok(told)
    }

    /// As if the forge, which is not asked, said that the failure is where it says.
    async fn suppose(&self, failure: Failure) -> Result<(), StoreError> {
        let (run, job) = (failure.run.map_or(0, |run| run.0), failure.job_id.unwrap_or(0));
        let id = format!("internal:supposed-{}-{run}-{}-{job}", failure.repo, failure.attempt);
        let event = Event::Failed { failure: Failure { looked: true, ..failure } };
        self.store.put_delivery(Delivery::internal(id, self.clock.now(), &event)).await?;
        while self.turn().await? {}
        Ok(())
    }

    async fn before(&self, far: Time) -> Result<Before, StoreError> {
        let open = Query { open_only: true, limit: usize::MAX, ..Query::default() };
        let newest = self.store.incidents(&Query { limit: 1, ..Query::default() }).await?;
        let open = self.store.incidents(&open).await?;
        let timers = self.store.due_timers(far, usize::MAX).await?;
        Ok(Before {
            open: open.into_iter().map(|incident| (incident.no, incident)).collect(),
            newest: newest.first().map_or(0, |incident| incident.no.0),
            cards: self.due_cards(far).await?,
            timers: timers.into_iter().map(|timer| (timer.key, timer.at)).collect(),
            dead: self.store.counts().await?.dead,
        })
    }

    async fn due_cards(&self, far: Time) -> Result<BTreeMap<Surface, Publication>, StoreError> {
        let mut all = BTreeMap::new();
        for platform in self.platforms() {
            for due in [Due::First, Due::Update] {
                all.extend(self.store.due_publications(platform, due, far, &[], usize::MAX).await?);
            }
        }
        Ok(all)
    }

    async fn cards_since(&self, before: &Before, far: Time) -> Result<Vec<String>, StoreError> {
        let now = self.due_cards(far).await?;
        let news = now.iter().filter(|(surface, publication)| {
            let known = before.cards.get(surface);
            known.is_none_or(|known| (known.wanted, known.to_tell) != (publication.wanted, publication.to_tell))
        });
        Ok(news.map(|(surface, publication)| words::card(surface, publication)).collect())
    }

    async fn newly_dead(&self, before: u64) -> Result<Option<String>, StoreError> {
        let after = self.store.counts().await?.dead;
        let new = usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX);
        let letters = self.store.dead_letters(new).await?;
        Ok(letters.first().filter(|_| new > 0).map(|letter| clean_line(&letter.why, LINE)))
    }

    /// Those that would open, open again, change, or close.
    async fn changed_since(&self, before: &Before) -> Result<Vec<Changed>, StoreError> {
        let open = Query { open_only: true, limit: usize::MAX, ..Query::default() };
        let mut after: BTreeMap<IncidentNo, Incident> =
            self.store.incidents(&open).await?.into_iter().map(|incident| (incident.no, incident)).collect();
        for no in before.open.keys() {
            if !after.contains_key(no) {
                after.extend(self.store.incident(*no).await?.map(|incident| (*no, incident)));
            }
        }
        let mut all = Vec::new();
        for (no, incident) in after {
            let known = before.open.get(&no);
            if known.is_some_and(|known| known.version == incident.version) {
                continue;
            }
            let mut notes = Vec::new();
            for entry in self.store.journal(no, known.map_or(0, |known| known.entries), ENTRIES).await? {
                let text = self.words.note("plain", &entry.note).map_err(|why| StoreError::Broken(why.to_string()))?;
                notes.push(text.replace('\n', "; "));
            }
            let (repo, branch, stage) = (&incident.repo, incident.branch.line(LINE), incident.stage.as_str());
            let what = format!("{repo}, branch {branch}: {stage}");
            all.push(Changed { no, opened: no.0 > before.newest, what, notes });
        }
        Ok(all)
    }
}
