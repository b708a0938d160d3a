//! What we ask of the world, and what doors ask of us.
//!
//! Adapters implement the first half ([`Chat`], [`Ci`], [`Forge`], [`Directory`], [`Store`], [`Clock`]); the engine
//! implements the second ([`Door`], [`Ask`], [`Insight`]). Nothing unproven gets in: only [`Verified::by`] makes a [`Verified`].

mod accounts;
mod agents;
mod clock;
mod clockwork;
mod containers;
mod doors;
mod export;
mod health;
mod history;
mod insight;
mod integrations;
mod loops;
mod pages;
mod past;
mod renewable;
mod replicas;
mod resolver;
mod sealer;
mod sinks;
mod status;
mod store;
mod trail;

pub use accounts::{Accounts, Flow, NotSignedIn, SignIn, SignedIn};
pub use agents::{Agents, Ended, Ran, Task};
pub use clock::{Clock, Ticks};
pub use clockwork::{Activity, Queues, Read, Timetable, Timetables};
pub use containers::{Boxed, Containers, Exit, Printed};
pub use doors::{
    Accepted, Answered, Arriving, Ask, BudgetView, CiFailure, Client, Door, DoorError, Endpoint, Headers, LoopView,
    NotTaken, Origin, Peer, Proof, Raw, Refusal, RoomNews, Route, Streaming, Verified, Verifier,
};
pub use export::{ExportAsked, Exported, Format};
pub use health::{Health, Integration, Vital, cause};
pub use history::{History, HistoryAsked, Named, Pasts, Recorded};
pub use insight::{
    Acquaintance, AuditAsked, AuditPage, AuditRow, Board, BoardAsked, Boarded, Fed, FeedFrom, Insight, Listed, Ruled,
    Society, Watched, Wellbeing,
};
pub use integrations::{
    Advisory, ChangeSource, Chat, CheckSaid, Ci, Contact, Decoder, Directory, Forge, Git, GitOrigin, Heard, KnownRepo,
    LogStream, Message, NewIssue, NewPull, Origins, PortError, Pulled, Reached, Since,
};
pub use loops::{LoopFigures, by_specialist};
pub use pages::Pages;
pub use past::{PastRuns, RunPage};
pub use renewable::{Renewable, Renewal};
pub use replicas::Replicas;
pub use resolver::Resolver;
pub use sealer::Sealer;
pub use sinks::{Events, Happening, Letter, Letters, Replay, Replayed, Sink, posted};
pub use status::StatusPages;
pub use store::{
    Before, Check, Checks, Claimed, Counts, DeadLetter, Delivery, Digested, Due, GIVEN_UP, INSTALLATION, Lines,
    NewEffect, Publication, Put, Query, Spot, Store, StoreError, Surface, TimerRow, Trouble, Turn,
};
pub use trail::{AuditLog, Trail};

/// The target of spans that are for traces alone: lines of the log leave them out.
pub const TRACE: &str = "ci_rescue::trace";
