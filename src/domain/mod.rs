//! What is true: the nouns of CI Rescue, without I/O, clocks or lookups.
//!
//! Every other room speaks in these types. Times are [`Time`] (milliseconds since the Unix epoch, UTC), texts that
//! strangers wrote are [`Untrusted`], and whatever is stored serialises with serde.

pub mod access;
pub mod action;
pub mod actor;
pub mod agent;
pub mod analysis;
pub mod calibration;
pub mod card;
pub mod cause;
pub mod change;
pub mod commit_check;
pub mod cron;
pub mod decision;
pub mod deployment;
pub mod edit;
pub mod effect;
pub mod escalation;
pub mod event;
pub mod evidence;
pub mod executed;
mod executing;
pub mod facts;
pub mod figures;
pub mod form;
pub mod gathering;
pub mod head;
pub mod ids;
pub mod incident;
pub mod intent;
pub mod journal;
pub mod link;
mod looped;
pub mod mention;
pub mod news;
pub mod outage;
pub mod outcome;
pub mod past;
pub mod plan;
pub mod quarantined;
pub mod queue;
pub mod refs;
pub mod rules;
pub mod runner;
pub mod schedule;
pub mod sharing;
pub mod subscription;
pub mod summary;
pub mod suspect;
pub mod tending;
pub mod text;
pub mod time;

pub use action::Action;
pub use actor::{Actor, Place, Platform, Principal, Role, Thread};
pub use effect::{Effect, Lookup};
pub use event::{Conclusion, Event, Failure, Scope};
pub use evidence::{Category, Evidence};
pub use ids::{Digest, IncidentNo, ProposalId, Repo, RunId};
pub use incident::{Incident, Proposal, ProposalState, Stage};
pub use intent::Intent;
pub use plan::Plan;
pub use quarantined::Quarantined;
pub use rules::Rules;
pub use text::Untrusted;
pub use time::Time;
