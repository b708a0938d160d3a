//! What is written next: first posts before edits, edits before notes, and many first posts as one digest.

use super::{Channels, PAUSE_MAX_MS};
use crate::domain::actor::Platform;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::{Incident, Stage};
use crate::domain::time::{MINUTE_MS, SECOND_MS, Time};
use crate::engine::Engine;
use crate::ports::{Chat, Due, Publication, StoreError, Surface};
use std::collections::{BTreeMap, HashSet};

/// First posts looked at in one go.
pub(super) const FIRST: usize = 512;
/// Cards that are behind looked at in one go: the most urgent is chosen among them.
pub(super) const UPDATES: usize = 1_024;
/// When posting what waits in a channel would take longer than this, it is posted as one digest.
pub(super) const DIGEST_AFTER_MS: i64 = 3 * SECOND_MS;
/// Failures on one digest.
const DIGEST_MAX: usize = 50;
/// In a burst, a card waits this long for the log that may say that it is a known failure.
const LOG_WAIT_MS: i64 = 10 * SECOND_MS;

type Row = (Surface, Publication);

/// Something to write.
pub enum Job {
    /// Adopted before anything was posted: there is nothing to show.
    Spare(Row),
    /// A first post, an edit or a note of one card.
    One(Row),
    /// A card for several failures. `lead` is the first of them.
    Digest { lead: IncidentNo, rows: Vec<Row> },
}

/// What is being written.
#[derive(Default)]
pub struct AtWork {
    pub(super) surfaces: HashSet<Surface>,
    /// Channels in which something is being posted.
    pub(super) channels: Channels,
}

impl AtWork {
    pub fn add(&mut self, other: &Self) {
        self.surfaces.extend(other.surfaces.iter().cloned());
        self.channels.extend(other.channels.iter().cloned());
    }

    pub fn remove(&mut self, other: &Self) {
        self.surfaces.retain(|surface| !other.surfaces.contains(surface));
        self.channels.retain(|channel| !other.channels.contains(channel));
    }
}

impl Job {
    fn rows(&self) -> &[Row] {
        match self {
            Self::Spare(row) | Self::One(row) => std::slice::from_ref(row),
            Self::Digest { rows, .. } => rows,
        }
    }

    /// The channel that it writes to, and whether it posts there; `None` where it writes nothing.
    pub fn writes(&self) -> Option<(&str, bool)> {
        let (surface, _) = self.rows().first().filter(|_| !matches!(self, Self::Spare(_)))?;
        Some((&surface.channel, !self.holds(false).channels.is_empty()))
    }

    /// What nobody else may touch meanwhile: its surfaces, and the channel where it posts. Where one message tells of all
    /// incidents of a channel (`shared`), an edit of it holds the channel too: an older look must not come last.
    pub fn holds(&self, shared: bool) -> AtWork {
        let posts = shared
            || match self {
                Self::Spare(_) => false,
                Self::One((_, publication)) => publication.message.is_none() || publication.shown >= publication.wanted,
                Self::Digest { rows, .. } => rows.iter().any(|(_, publication)| !is_in_digest(publication)),
            };
        let channels = self.rows().iter().filter(|_| posts).map(|(surface, _)| surface.channel.clone());
        AtWork {
            channels: channels.collect(),
            surfaces: self.rows().iter().map(|(surface, _)| surface.clone()).collect(),
        }
    }
}

/// Shown on a digest that has been posted.
fn is_in_digest(publication: &Publication) -> bool {
    publication.digest.as_ref().is_some_and(|digest| digest.message.is_some())
}

/// Somebody acts on it or has to: it needs buttons of its own.
fn wants_own_card(incident: &Incident) -> bool {
    let acted =
        matches!(incident.stage, Stage::AwaitingApproval | Stage::Running | Stage::Escalated | Stage::Quarantined);
    acted || incident.shown().is_some()
}

/// What people wait for comes first.
fn urgency(incident: &Incident) -> u8 {
    match incident.stage {
        Stage::AwaitingApproval | Stage::Running | Stage::Escalated => 0,
        Stage::Resolved => 1,
        Stage::Open | Stage::Quarantined => 2,
    }
}

/// One pass of choosing.
struct Choice<'a> {
    engine: &'a Engine,
    chat: &'a dyn Chat,
    platform: Platform,
    at_work: &'a AtWork,
    now: Time,
    room: usize,
    jobs: Vec<Job>,
}

impl Engine {
    /// What can be written now, at most `room` jobs. Takes the slots that they need.
    pub(super) async fn choose(&self, chat: &dyn Chat, at_work: &AtWork, room: usize) -> Result<Vec<Job>, StoreError> {
        let now = self.clock.now();
        let mut choice = Choice { engine: self, chat, platform: chat.platform(), at_work, now, room, jobs: Vec::new() };
        choice.first_posts().await?;
        choice.updates().await?;
        Ok(choice.jobs)
    }

    /// Channels that cannot be posted to now: their pause is not over, or they refuse us.
    pub(super) async fn busy(&self, platform: &Platform, now: Time) -> Vec<String> {
        let closed = self.gates.closed(platform, self.clock.elapsed_ms());
        let slots = self.slots.lock().await;
        let waits = |free: &Time| *free > now && free.ms_since(now) < PAUSE_MAX_MS;
        let of = slots.iter().filter(|((of, _), free)| of == platform && waits(free));
        of.map(|((_, channel), _)| channel.clone()).chain(closed.channels).chain(closed.posting).collect()
    }

    /// One write to a channel, then a pause.
    pub(super) async fn take_slot(&self, platform: &Platform, pace_ms: i64, channel: &str, now: Time) -> bool {
        let mut slots = self.slots.lock().await;
        let key = (platform.clone(), channel.to_owned());
        // A slot further off than any pause is one from before the clock was set back.
        if slots.get(&key).is_some_and(|free| *free > now && free.ms_since(now) < PAUSE_MAX_MS) {
            return false;
        }
        slots.retain(|_, free| free.plus_ms(MINUTE_MS) > now);
        slots.insert(key, now.plus_ms(pace_ms));
        true
    }

    /// Whether something was posted there within the last minute.
    pub(super) async fn is_lively(&self, platform: &Platform, channel: &str, now: Time) -> bool {
        let slots = self.slots.lock().await;
        slots.get(&(platform.clone(), channel.to_owned())).is_some_and(|free| free.plus_ms(MINUTE_MS) > now)
    }
}

impl Choice<'_> {
    fn is_full(&self) -> bool {
        self.jobs.len() >= self.room
    }

    async fn due(&self, due: Due, busy: &[String], limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = self.engine.store.due_publications(&self.platform, due, self.now, busy, limit).await?;
        Ok(rows.into_iter().filter(|(surface, _)| !self.at_work.surfaces.contains(surface)).collect())
    }

    async fn first_posts(&mut self) -> Result<(), StoreError> {
        let mut busy = self.engine.busy(&self.platform, self.now).await;
        busy.extend(self.at_work.channels.iter().cloned());
        let rows = self.due(Due::First, &busy, FIRST).await?;
        let mut by_channel: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in rows {
            by_channel.entry(row.0.channel.clone()).or_default().push(row);
        }
        for (channel, rows) in by_channel {
            if self.is_full() {
                break;
            }
            self.channel(&channel, rows).await?;
        }
        Ok(())
    }

    /// What waits for its first post in one channel.
    async fn channel(&mut self, channel: &str, rows: Vec<Row>) -> Result<(), StoreError> {
        let (mut ready, mut begun) = (Vec::new(), BTreeMap::<IncidentNo, Vec<Row>>::new());
        for row in rows {
            let incident = self.engine.store.incident(row.0.incident).await?;
            if let Some(digest) = &row.1.digest {
                begun.entry(digest.lead).or_default().push(row);
            } else if incident.as_ref().is_some_and(|incident| incident.adopted_by.is_some() && !row.1.posting) {
                self.jobs.push(Job::Spare(row));
            } else if match &incident {
                Some(incident) if !row.1.posting => self.engine.waits_for_log(incident, self.now).await,
                _ => false,
            } {
                // It is looked at again as soon as the log is read, or when its time is over.
            } else {
                ready.push(row);
            }
        }
        let lively = self.engine.is_lively(&self.platform, channel, self.now).await;
        if (ready.is_empty() && begun.is_empty())
            || !self.engine.take_slot(&self.platform, self.chat.pace_ms(), channel, self.now).await
        {
            return Ok(());
        }
        if let Some((lead, rows)) = begun.pop_first() {
            self.jobs.push(Job::Digest { lead, rows });
            return Ok(());
        }
        if self.chat.pace_ms() == 0 {
            // Nothing waits for its turn: one at a time, each would be weighed anew for each that is posted.
            let room = self.room.saturating_sub(self.jobs.len());
            self.jobs.extend(ready.into_iter().take(room).map(Job::One));
            return Ok(());
        }
        let takes_ms = self.chat.pace_ms().saturating_mul(i64::try_from(ready.len()).unwrap_or(i64::MAX));
        let fresh = ready.iter().all(|(_, publication)| !publication.posting);
        // The first failure of a burst has a card of its own; then come "12 more failures".
        if lively && !self.chat.is_in_repository() && fresh && ready.len() > 1 && takes_ms > DIGEST_AFTER_MS {
            ready.truncate(DIGEST_MAX);
            let lead = ready[0].0.incident;
            self.jobs.push(Job::Digest { lead, rows: ready });
        } else {
            self.jobs.push(Job::One(ready.remove(0)));
        }
        Ok(())
    }

    async fn updates(&mut self) -> Result<(), StoreError> {
        let closed = self.engine.gates.closed(&self.platform, self.engine.clock.elapsed_ms());
        let rows = self.due(Due::Update, &closed.channels, UPDATES).await?;
        let (mut edits, mut notes) = (Vec::new(), Vec::new());
        for row in rows {
            let digest_behind = row.1.digest.as_ref().is_some_and(|digest| digest.shown < row.1.wanted);
            let behind = row.1.shown < row.1.wanted || digest_behind;
            if behind { edits.push(row) } else { notes.push(row) }
        }
        if !edits.is_empty() && !self.is_full() {
            match self.engine.edits.get(&self.platform) {
                Some(budget) => self.edits_by_budget(edits, budget).await?,
                None => self.edits_by_slot(edits).await?,
            }
        }
        for row in notes {
            if self.is_full() {
                break;
            }
            self.by_slot(&row.0.channel.clone(), Job::One(row)).await;
        }
        Ok(())
    }

    async fn edits_by_slot(&mut self, edits: Vec<Row>) -> Result<(), StoreError> {
        for job in self.jobs_of(edits).await? {
            if self.is_full() {
                break;
            }
            let channel = job.rows()[0].0.channel.clone();
            self.by_slot(&channel, job).await;
        }
        Ok(())
    }

    async fn by_slot(&mut self, channel: &str, job: Job) {
        let posting = self.at_work.channels.contains(channel);
        if !posting && self.engine.take_slot(&self.platform, self.chat.pace_ms(), channel, self.now).await {
            self.jobs.push(job);
        }
    }

    /// A budget for the whole workspace: as long as it lasts, the most urgent.
    async fn edits_by_budget(
        &mut self,
        mut edits: Vec<Row>,
        budget: &super::super::EditBudget,
    ) -> Result<(), StoreError> {
        let is_budgeted = |(_, publication): &Row| publication.message.is_some() || publication.digest.is_some();
        let mut granted = edits.iter().any(is_budgeted) && budget.check().is_ok();
        if !granted {
            // Their incidents are read when one of them may be written.
            edits.retain(|row| row.1.message.is_none());
        }
        for job in self.jobs_of(edits).await? {
            if self.is_full() {
                break;
            }
            let first_post = matches!(&job, Job::One((_, publication)) if publication.message.is_none());
            if first_post {
                let channel = job.rows()[0].0.channel.clone();
                self.by_slot(&channel, job).await;
            } else if std::mem::take(&mut granted) || budget.check().is_ok() {
                self.jobs.push(job);
            } else {
                break;
            }
        }
        Ok(())
    }

    /// Edits as jobs, the most urgent first; what stands on one digest is one job.
    async fn jobs_of(&self, edits: Vec<Row>) -> Result<Vec<Job>, StoreError> {
        let mut jobs = Vec::new();
        let mut digests: BTreeMap<(String, IncidentNo), Vec<Row>> = BTreeMap::new();
        for row in edits {
            let Some(incident) = self.engine.store.incident(row.0.incident).await? else {
                jobs.push((0, self.now, Job::One(row)));
                continue;
            };
            let own = row.1.message.is_some() || row.1.digest.is_none() || wants_own_card(&incident);
            let lead = row.1.digest.as_ref().map(|digest| digest.lead);
            match lead.filter(|_| !own || (row.1.message.is_some() && row.1.shown >= row.1.wanted)) {
                Some(lead) => digests.entry((row.0.channel.clone(), lead)).or_default().push(row),
                None => jobs.push((urgency(&incident), incident.updated_at, Job::One(row))),
            }
        }
        let digests = digests.into_iter().map(|((_, lead), rows)| (1, self.now, Job::Digest { lead, rows }));
        jobs.extend(digests);
        jobs.sort_by_key(|(urgency, since, _)| (*urgency, *since));
        Ok(jobs.into_iter().map(|(_, _, job)| job).collect())
    }
}

impl Engine {
    /// In a burst, a card is worth more when its log has been read: it may be the same failure as an older one.
    async fn waits_for_log(&self, incident: &Incident, now: Time) -> bool {
        (0..LOG_WAIT_MS).contains(&now.ms_since(incident.opened_at))
            && self.state.lock().await.index.is_unread_in_burst(incident)
    }
}
