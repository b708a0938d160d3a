//! What is remembered. Written so that a server database can stand behind it: work is claimed with leases, records
//! change by compare-and-set on their version, and one [`Turn`] is one transaction.

use super::doors::Origin;
use super::history::History;
use super::replicas::Replicas;
use crate::domain::actor::{Platform, Thread};
use crate::domain::barrier::Barrier;
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::evidence::Severity;
use crate::domain::facts::RunSeen;
use crate::domain::ids::{Digest, IncidentNo};
use crate::domain::incident::Incident;
use crate::domain::journal::Entry;
use crate::domain::news::Said;
use crate::domain::outcome::Outcome;
use crate::domain::time::Time;
use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Something that came in, redacted, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: String,
    pub source: String,
    pub kind: String,
    pub origin: Origin,
    pub at: Time,
    /// Of the raw body, before redaction.
    pub hash: Digest,
    #[serde(default)]
    pub body: String,
}

impl Delivery {
    /// An event of our own as a delivery, so that it enters by the same door. `id` names it for good.
    #[must_use]
    pub fn internal(id: String, at: Time, event: &Event) -> Self {
        let body = serde_json::to_string(event).unwrap_or_default();
        let hash = Digest::of([body.as_bytes()]);
        Self { id, source: "internal".into(), kind: "event".into(), origin: Origin::Internal, at, hash, body }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    New,
    /// This id was taken before; nothing was changed.
    Duplicate,
}

/// A piece of work with the lease under which it may be finished.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed<T> {
    pub key: u64,
    pub lease: u64,
    /// How often it was claimed and came to nothing.
    pub attempts: u32,
    pub work: T,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewEffect {
    pub effect: Effect,
    pub not_before: Time,
}

/// A wake-up. Setting the same key again moves it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimerRow {
    pub key: String,
    pub at: Time,
    pub event: Event,
}

/// One incident's card in one channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Surface {
    pub incident: IncidentNo,
    pub platform: Platform,
    pub channel: String,
}

/// How far a surface is behind its incident.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Compare-and-set.
    pub version: u64,
    pub message: Option<String>,
    /// A post was begun: look for the marker before posting again.
    pub posting: bool,
    /// The incident's version that people see.
    pub shown: u64,
    /// The incident's version that they ought to see.
    pub wanted: u64,
    /// The last journal entry told in the thread.
    pub told: u64,
    /// A note was begun: look before telling it again.
    pub telling: u64,
    /// The last journal entry to be told.
    pub to_tell: u64,
    pub not_before: Time,
    pub attempts: u32,
    /// Given up for good, and why.
    pub dead: Option<String>,
    /// The digest that shows it among others.
    #[serde(default)]
    pub digest: Option<Digested>,
    /// Somebody deleted the card: it comes back when something has to be said or approved.
    #[serde(default)]
    pub removed: bool,
    /// What a sink was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
}

/// A channel that cannot be written to until somebody mends something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub platform: Platform,
    /// Empty where it concerns the whole platform.
    pub channel: String,
    pub why: String,
    pub since: Time,
    /// As people on the platform know the channel, where it told us.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub reason: Barrier,
    /// Only posts are refused; edits get through.
    #[serde(default)]
    pub posting: bool,
    /// The reasons that the admins were told of.
    #[serde(default)]
    pub told: Vec<Barrier>,
    /// Cards that wait for it, as of now.
    #[serde(default, skip_serializing)]
    pub held: u64,
}

impl Trouble {
    /// The channel as `unsubscribe from=` names it, where that would end the trouble.
    #[must_use]
    pub fn leave(&self) -> Option<String> {
        let room = [Barrier::Archived, Barrier::Missing, Barrier::NotMember, Barrier::Forbidden];
        let known = !self.channel.is_empty() && room.contains(&self.reason);
        known.then(|| format!("{}:{}", self.platform, self.channel))
    }
}

/// A card's place on a digest: one message for several failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digested {
    /// The first of its failures: the digest's name.
    pub lead: IncidentNo,
    pub members: Vec<IncidentNo>,
    /// Absent while the digest is being posted.
    pub message: Option<String>,
    /// The incident's version that the digest shows.
    pub shown: u64,
    /// A sink was told that all of its failures are over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
}

impl Publication {
    #[must_use]
    pub fn is_due(&self) -> bool {
        let on_digest = self.digest.as_ref().is_some_and(|digest| digest.shown < self.wanted);
        // The thread begins with a card of its own.
        let to_tell = self.told < self.to_tell && (self.message.is_some() || self.digest.is_none());
        self.dead.is_none() && (self.shown < self.wanted || on_digest || to_tell)
    }

    /// Nothing is due of what is known now.
    pub fn caught_up(&mut self) {
        self.shown = self.wanted;
        self.told = self.to_tell;
        (self.attempts, self.posting) = (0, false);
        if let Some(digest) = &mut self.digest {
            digest.shown = self.wanted;
        }
    }

    /// What is due is a first post.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.message.is_none() && self.digest.as_ref().is_none_or(|digest| digest.message.is_none())
    }
}

/// What kind of publication is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing stands in the channel yet.
    First,
    /// An edit or a note.
    Update,
}

/// Everything that changes at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// The inbox claim that this turn answers: key and lease.
    pub delivery: Option<(u64, u64)>,
    /// The outbox claim that this turn answers.
    pub effect: Option<(u64, u64)>,
    /// The timer that this turn fires, at the time it was read with: one that was moved meanwhile is not due.
    pub timer: Option<(String, Time)>,
    /// New contents; each `version` is the stored one plus 1 (a new incident has 1).
    pub incidents: Vec<Incident>,
    pub journal: Vec<(IncidentNo, Entry)>,
    pub effects: Vec<NewEffect>,
    pub timers: Vec<TimerRow>,
    pub cancel_timers: Vec<String>,
    /// Our own follow-ups; ids that were taken before are passed over.
    pub deliveries: Vec<Delivery>,
    /// Surfaces whose card or thread is behind from now on: wanted version, and the last entry to tell.
    pub dirty: Vec<(Surface, u64, u64)>,
    pub runs: Vec<(String, RunSeen)>,
    /// Small named records; `None` removes.
    pub settings: Vec<(String, Option<serde_json::Value>)>,
    /// Settings as this turn read them: where one has changed since, nothing of the turn happens.
    pub expect: Vec<(String, Option<serde_json::Value>)>,
    /// Settings that hold a count, to be raised by one.
    pub bump: Vec<String>,
    /// What executions came to; those that are known change nothing.
    pub outcomes: Vec<Outcome>,
    /// The delivery could not be understood, and why: it goes to the dead letters.
    pub dead: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pub no: Option<IncidentNo>,
    pub repo: Option<String>,
    pub stage: Option<crate::domain::Stage>,
    pub open_only: bool,
    /// Only where people have to decide on something, also on a closed one.
    pub awaits_people: bool,
    pub closed_only: bool,
    pub branch: Option<String>,
    pub severity: Option<Severity>,
    /// An owner of what failed, as CODEOWNERS writes it or without `@`, in any case; `*` stands for any run.
    pub owner: Option<String>,
    /// Occurs in what people know an incident by: repository, branch, commit, author, job, test or error.
    pub text: Option<String>,
    /// Only incidents numbered below this: the next page.
    pub before: Option<u64>,
    pub limit: usize,
}

/// Where an entry stands among those of all journals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    pub at: Time,
    pub incident: IncidentNo,
    /// Its number in the incident's journal.
    pub entry: u64,
}

/// The setting that names this installation in hidden markers.
pub const INSTALLATION: &str = "installation";
/// The setting that counts cards that were given up.
pub const GIVEN_UP: &str = "cards_given_up";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub inbox: u64,
    pub outbox: u64,
    pub timers: u64,
    pub dirty: u64,
    /// Cards that do not show their incident's latest state, by platform.
    #[serde(default)]
    pub behind: std::collections::BTreeMap<String, u64>,
    pub dead: u64,
    /// Cards that were given up for good.
    pub given_up: u64,
    pub incidents: u64,
    pub open: u64,
}

/// Something that was given up, kept to be looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    pub key: u64,
    pub at: Time,
    pub what: String,
    pub why: String,
    pub body: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Someone else changed the record, or the lease is over: read again and think again.
    Conflict(String),
    /// The disk or the database failed.
    Broken(String),
    /// The store lost data: it refuses reads and writes from here on. The text says how to restore it.
    Damaged(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(why) => write!(f, "changed meanwhile: {why}"),
            Self::Broken(why) => write!(f, "the store failed: {why}"),
            Self::Damaged(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for StoreError {}

/// What is older is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// Delivery ids and runs.
    pub seen: Time,
    /// Closed incidents and what hangs on them.
    pub closed: Time,
    /// Outcomes of jobs and tests.
    pub history: Time,
}

/// How far a check of the whole store is, and what it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    Read {
        rows: u64,
        of: u64,
    },
    /// A content file that is missing or damaged.
    Lost {
        file: String,
        why: String,
    },
    Done {
        turn: u64,
        rows: u64,
        files: u64,
    },
}

/// A check as it goes on.
pub type Checks = BoxStream<'static, Result<Check, StoreError>>;
/// A backup, line by line: newline-delimited JSON.
pub type Lines = BoxStream<'static, Result<Vec<u8>, StoreError>>;

/// Everything durable. A method that writes returns after its effect is on disk, but for leases.
#[async_trait]
pub trait Store: History {
    async fn put_delivery(&self, delivery: Delivery) -> Result<Put, StoreError>;
    /// Whether a delivery of this id was taken in, as far as that is remembered.
    async fn has_taken(&self, id: &str) -> Result<bool, StoreError>;
    /// The oldest delivery that nobody holds.
    async fn claim_delivery(&self, now: Time, lease_ms: i64) -> Result<Option<Claimed<Delivery>>, StoreError>;
    /// Gives a claimed delivery back at once.
    async fn release_delivery(&self, claim: (u64, u64)) -> Result<(), StoreError>;
    /// The oldest effect that is due and that nobody holds.
    async fn claim_effect(&self, now: Time, lease_ms: i64) -> Result<Option<Claimed<Effect>>, StoreError>;
    /// One transaction; all or nothing.
    async fn commit(&self, turn: Turn) -> Result<(), StoreError>;
    /// Gives a claimed effect back, to be tried again.
    async fn retry_effect(&self, claim: (u64, u64), not_before: Time) -> Result<(), StoreError>;
    async fn due_timers(&self, now: Time, limit: usize) -> Result<Vec<TimerRow>, StoreError>;
    async fn incident(&self, no: IncidentNo) -> Result<Option<Incident>, StoreError>;
    /// Newest first.
    async fn incidents(&self, query: &Query) -> Result<Vec<Incident>, StoreError>;
    /// Entries after `after`, oldest first.
    async fn journal(&self, no: IncidentNo, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError>;
    /// The names of repositories under which journals have entries, in lower case and in order; the empty one is the
    /// installation's own. An incident's entries stay under the name that its repository had at the first of them.
    async fn audited(&self) -> Result<Vec<String>, StoreError>;
    /// The name under which an incident's entries are; `None` where it has none.
    async fn audit_name(&self, no: IncidentNo) -> Result<Option<String>, StoreError>;
    /// The newest entries under one of these names: those before `before`, at most `limit`.
    async fn audit(&self, name: &str, before: Option<Spot>, limit: usize) -> Result<Vec<(Spot, Entry)>, StoreError>;
    async fn runs(&self) -> Result<Vec<(String, RunSeen)>, StoreError>;
    async fn setting(&self, key: &str) -> Result<Option<serde_json::Value>, StoreError>;
    async fn settings(&self, prefix: &str) -> Result<Vec<(String, serde_json::Value)>, StoreError>;
    /// Surfaces that are behind, but for those in the channels named `busy`, by incident.
    async fn due_publications(
        &self,
        platform: &Platform,
        due: Due,
        now: Time,
        busy: &[String],
        limit: usize,
    ) -> Result<Vec<(Surface, Publication)>, StoreError>;
    /// Where the incident's card stands or is to stand.
    async fn surfaces(&self, no: IncidentNo) -> Result<Vec<Surface>, StoreError>;
    async fn publication(&self, surface: &Surface) -> Result<Option<Publication>, StoreError>;
    async fn publications(&self, platform: &Platform) -> Result<Vec<(Surface, Publication)>, StoreError>;
    /// Compare-and-set on `publication.version`, which is the stored one plus 1. A message makes its thread known.
    async fn put_publication(&self, surface: &Surface, publication: Publication) -> Result<(), StoreError>;
    async fn bound(&self, thread: &Thread) -> Result<Option<IncidentNo>, StoreError>;
    async fn put_blob(&self, bytes: Vec<u8>) -> Result<Digest, StoreError>;
    async fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;
    async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>, StoreError>;
    async fn counts(&self) -> Result<Counts, StoreError>;
    /// Forgets what is older than the time for its kind; answers how many records went.
    async fn compact(&self, before: Before) -> Result<u64, StoreError>;
    /// Where several processes may share the store: this one among them. It may lead from the first call on; until it
    /// does, it claims nothing.
    ///
    /// # Errors
    /// The store failed.
    fn replicas(&self) -> Result<Option<Arc<dyn Replicas>>, StoreError> {
        Ok(None)
    }
    /// Whether a write would be kept now.
    async fn probe(&self) -> Result<(), StoreError>;
    /// Everything as it is now, with checksums of its own.
    async fn backup(&self) -> Result<Lines, StoreError>;
    /// Reads everything back from the disk and compares it with what was saved.
    async fn verify(&self) -> Result<Checks, StoreError>;
}
