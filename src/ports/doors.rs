//! Doors: how something from outside proves itself and is accepted.

use crate::domain::actor::{Actor, Place, Platform};
use crate::domain::agent::Attempt;
use crate::domain::barrier::Barrier;
use crate::domain::card::{Card, Verb};
use crate::domain::completion::{Candidate, Typing};
use crate::domain::decision::Tested;
use crate::domain::evidence::Category;
use crate::domain::form::{Fields, Form, Misfit, Typed};
use crate::domain::ids::{Digest, IncidentNo, ProposalId, Repo};
use crate::domain::incident::Incident;
use crate::domain::journal::Entry;
use crate::domain::quarantined::Quarantined;
use crate::domain::rules::Rules;
use crate::domain::time::Time;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// Whose request it is, as far as limits are concerned: an IPv4 address, or the /64 of an IPv6 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(pub IpAddr);

/// The other end of a request's connection, whatever its headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// How a delivery proved where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A signature over the raw body.
    Signed,
    /// A secret token.
    Token,
    /// An authenticated socket or session.
    Socket,
    /// Ourselves: a timer, a poller, an effect's result.
    Internal,
}

/// Header names in lower case with their raw values, in order.
#[derive(Clone, Debug, Default)]
pub struct Headers(pub Vec<(String, Vec<u8>)>);

impl Headers {
    /// The value of a header that stands exactly once and is UTF-8.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&str> {
        let mut all = self.0.iter().filter(|(have, _)| have == name);
        let (_, value) = all.next()?;
        if all.next().is_some() { None } else { std::str::from_utf8(value).ok() }
    }
}

/// Bytes as they came in.
#[derive(Clone, Debug)]
pub struct Raw {
    /// The decoder that will read it.
    pub source: &'static str,
    pub headers: Headers,
    pub body: Vec<u8>,
}

/// What a verifier found: who it is from, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub origin: Origin,
    /// The sender's own id of the delivery: the same id twice is one delivery.
    pub id: String,
    pub kind: String,
    /// For a button, what is the same when the same person presses it again.
    pub press: Option<Digest>,
}

/// Why something is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Unauthorized(String),
    BadRequest(String),
    Unsupported(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized(why) | Self::BadRequest(why) | Self::Unsupported(why) => f.write_str(why),
        }
    }
}

/// Checks origin. Comparing secrets is the verifier's business, in constant time.
pub trait Verifier: Send + Sync {
    /// # Errors
    /// [`Refusal`] when the origin is not proven or the delivery has no usable name.
    fn verify(&self, raw: &Raw) -> Result<Proof, Refusal>;
}

/// Checks origin while the body is still on its way.
pub trait Streaming: Send + Sync {
    /// # Errors
    /// These headers prove nothing, whatever the body is: it need not be read.
    fn begin(&self, headers: &Headers) -> Result<Box<dyn Arriving>, Refusal>;
}

/// A delivery on its way in: once all of its body was taken, it verifies what it was given.
pub trait Arriving: Verifier {
    fn take(&mut self, piece: &[u8]);
}

/// A delivery whose origin has been checked. There is no other way to make one than [`Verified::by`].
#[derive(Debug)]
pub struct Verified {
    raw: Raw,
    proof: Proof,
}

impl Verified {
    /// # Errors
    /// The verifier's [`Refusal`].
    pub fn by(verifier: &dyn Verifier, raw: Raw) -> Result<Self, Refusal> {
        let proof = verifier.verify(&raw)?;
        Ok(Self { raw, proof })
    }

    #[must_use]
    pub fn into_parts(self) -> (Raw, Proof) {
        (self.raw, self.proof)
    }
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    New,
    Duplicate,
}

/// The delivery could not be kept: the sender has to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorError(pub String);

impl fmt::Display for DoorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DoorError {}

/// Why an integration's call was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    Refused(Refusal),
    Lost(DoorError),
}

impl From<Refusal> for NotTaken {
    fn from(why: Refusal) -> Self {
        Self::Refused(why)
    }
}

impl From<DoorError> for NotTaken {
    fn from(why: DoorError) -> Self {
        Self::Lost(why)
    }
}

/// An address that an integration calls and whose answer has the integration's own shape.
#[async_trait]
pub trait Endpoint: Send + Sync {
    fn path(&self) -> &'static str;
    /// Before the body is read: whether these headers may be a signed call's.
    ///
    /// # Errors
    /// They are not, whatever the body is.
    fn admit(&self, headers: &Headers) -> Result<(), Refusal>;
    /// The body of the answer, or `None` for an empty one. `headers` are those that begin with `x-`.
    async fn answer(&self, headers: Headers, body: Vec<u8>) -> Result<Option<serde_json::Value>, NotTaken>;
}

/// What a platform tells of its channels, and of our access to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomNews {
    /// Something changed somewhere that may have been in the way.
    Changed,
    /// A channel is in use again, or we were let in; on the whole platform where none is named.
    Open { channel: Option<String> },
    /// Nothing can be written to a channel from now on, or nowhere on the platform.
    Shut { channel: Option<String>, barrier: Barrier, why: String },
}

/// The one way in. When `accept` returns `Ok`, the delivery is on disk.
#[async_trait]
pub trait Door: Send + Sync {
    async fn accept(&self, verified: Verified) -> Result<Accepted, DoorError>;
    /// Whether such a body is kept as it is: what looks like a secret is masked on its way in.
    fn keeps(&self, body: &str) -> bool;
    /// Somebody says that something was fixed on a platform (or on any): what waits for that is tried at once.
    fn fixed(&self, platform: Option<&Platform>);
    /// What a platform tells of its channels. When it returns `Ok`, it is on disk.
    async fn rooms(&self, platform: &Platform, news: RoomNews) -> Result<(), DoorError>;
}

/// Who would look after a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    pub specialist: String,
    /// `rust`: the first half of a failure's type.
    pub area: String,
    pub model: String,
}

/// What a sensor tells of a failure, as far as an immediate answer needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CiFailure {
    pub workflow: String,
    /// The workflow's file, where it is known.
    pub path: String,
    pub jobs: Vec<String>,
    pub logs: String,
    pub files: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetView {
    pub allowed: bool,
    pub reason: String,
    pub daily_spend: f64,
    pub daily_limit: f64,
    pub per_loop_limit: f64,
    pub circuit_breaker_until: Option<Time>,
    pub consecutive_failures: u32,
    /// Automatic changes left today.
    pub remaining: u32,
}

/// A loop of a fixing agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoopView {
    pub proposal: String,
    pub incident: u64,
    pub repo: Repo,
    pub branch: String,
    pub specialist: String,
    /// `running`, `success`, `exhausted`, `escalated` or `stopped`.
    pub state: String,
    /// What it waits for, or why it ended.
    pub why: String,
    /// US dollars.
    pub cost: f64,
    pub pull: Option<String>,
    pub began: Time,
    /// From the wish to the newest push.
    pub took_ms: Option<i64>,
    pub attempts: Vec<Attempt>,
}

impl LoopView {
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// It led to a pull request.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.state == "success"
    }
}

/// A category with its confidence, 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    pub category: Category,
    pub confidence: f32,
    /// The model that is recommended for it.
    pub model: String,
}

/// What doors may ask at once, without waiting for a turn.
#[async_trait]
pub trait Ask: Send + Sync {
    fn classify(&self, failure: &CiFailure) -> Answered;
    fn route(&self, failure: &CiFailure) -> Route;
    async fn budget(&self) -> BudgetView;
    /// Loops of fixing agents at work (`true`), ended (`false`), or both; the newest hundred.
    async fn loops(&self, active: Option<bool>) -> Result<Vec<LoopView>, super::StoreError>;
    /// One of them, however old; `None` where that proposal is none.
    async fn one_loop(&self, id: ProposalId) -> Result<Option<LoopView>, super::StoreError>;
    /// Whether this run is known already: its incident.
    async fn known_run(&self, repo: &str, run: u64) -> Option<IncidentNo>;
    /// The incident that a link may show without a sign-in; `None` for one that does not count.
    async fn shared(&self, token: &str) -> Result<Option<Incident>, super::StoreError>;
    async fn incidents(&self, query: super::Query) -> Result<(Vec<Incident>, Option<u64>), super::StoreError>;
    /// Words that could be meant by what this person is typing, of what they may see there; the best first.
    async fn complete(&self, actor: &Actor, place: &Place, typing: &Typing) -> Vec<Candidate>;
    /// The incident's card in the words of one markup, as it would be posted now.
    async fn card(&self, no: IncidentNo, markup: &str) -> Option<Card>;
    /// The form that a button asks by, for a person who may see what it is about.
    ///
    /// # Errors
    /// A sentence for them.
    async fn form(&self, actor: &Actor, place: &Place, value: &str) -> Result<(Verb, Form), String>;
    /// Words that could be meant by what they are typing into a field of it, the best first; none where nothing is
    /// offered or they may not see it.
    async fn offer(&self, actor: &Actor, place: &Place, typed: &Typed<'_>) -> Vec<Candidate>;
    /// Whether what they filled into it is a command.
    ///
    /// # Errors
    /// What is wrong, and where.
    async fn fits(&self, actor: &Actor, place: &Place, value: &str, fields: &Fields) -> Result<(), Misfit>;
    /// The tests that do not count in this repository now.
    async fn quarantined(&self, repo: &Repo) -> Result<Vec<Quarantined>, super::StoreError>;
    /// The open incidents that this person may approve now.
    async fn waits_for(&self, actor: &Actor, place: &Place) -> Result<Vec<Incident>, super::StoreError>;
    /// The arguments with which a framework's runner leaves out what is on the repository's list; else a sentence that
    /// names those whose runners can.
    async fn left_out(&self, repo: &Repo, framework: &str) -> Result<Result<String, String>, super::StoreError>;
    /// What policy would decide of an incident now, by these rules or by those in force; `None` where there is no such
    /// incident.
    async fn policy(&self, no: IncidentNo, rules: Option<Rules>) -> Result<Option<Vec<Tested>>, super::StoreError>;
    async fn journal(&self, no: IncidentNo) -> Result<Vec<Entry>, super::StoreError>;
    /// Everything known of an incident as plain text; `None` where there is no such incident.
    async fn record(&self, no: IncidentNo) -> Result<Option<String>, super::StoreError>;
    /// Events of an incident that went to a webhook, the oldest first, to be sent again; `None` where nothing of it
    /// goes there.
    async fn replay(
        &self,
        no: IncidentNo,
        asked: &super::Replay,
    ) -> Result<Option<Vec<super::Replayed>>, super::StoreError>;
    /// The excerpt of a log, by content.
    async fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, super::StoreError>;
    async fn hold(&self) -> Result<Option<crate::domain::facts::Hold>, super::StoreError>;
    /// Whether a delivery would be kept now.
    async fn can_keep(&self) -> Result<(), super::StoreError>;
    async fn counts(&self) -> Result<super::Counts, super::StoreError>;
    async fn dead_letters(&self) -> Result<Vec<super::DeadLetter>, super::StoreError>;
    /// What executions of jobs and tests came to, and what that says.
    async fn history(&self, asked: super::HistoryAsked) -> Result<super::Lines, super::StoreError>;
    /// Reads past runs into history, of what is left or of one repository anew: a line of JSON for each piece of work,
    /// a [`crate::domain::executed::Filled`].
    async fn fill(&self, repo: Option<Repo>) -> Result<super::Lines, super::StoreError>;
    /// Incidents or their journals, for other programs.
    fn export(&self, asked: super::ExportAsked) -> super::Lines;
    /// The whole store as a backup.
    async fn backup(&self) -> Result<super::Lines, super::StoreError>;
    /// Channels that cannot be written to until somebody fixes something.
    async fn troubles(&self) -> Result<Vec<super::Trouble>, super::StoreError>;
    /// A check of the whole store.
    async fn verify(&self) -> Result<super::Checks, super::StoreError>;
}
