//! What can be done: a shelf of planners.
//!
//! # How to add one
//! Write `remedies/x.rs` with a type that implements [`Remedy`]: read the incident and the facts, answer
//! [`Planning::Needs`] while a fact is missing, [`Planning::Refused`] with every reason, or a plan whose digest
//! covers everything that an approval has to bind to. Execution, approval, audit, resume and undo are written once and
//! come for free.
//!
//! | What | Where |
//! |---|---|
//! | the planner, and what it is besides: see [`Remedy`] | `remedies/x.rs` |
//! | its place among the others | a line in [`all`] |
//! | its verb | `commands/x.toml` |
//! | what people may say with the verb | a [`Wish`], and how it is read in `command/read.rs` |
//! | optionally, a plan at a terminal | `cli/plan.rs` |
//!
//! `tests/it/tidy.rs` counts that nobody else keeps a list of remedies.

mod agent;
mod backport;
pub mod bisect;
mod code;
pub mod editing;
mod extend;
mod fix;
mod held;
mod hope;
mod issue;
pub mod ledger;
mod pin;
mod quarantine;
mod requeue;
mod retry;
mod revert;
pub mod templates;
mod unpin;
mod unquarantine;

use crate::domain::agent::Loops;
use crate::domain::facts::Facts;
use crate::domain::form::Form;
use crate::domain::ids::ProposalId;
use crate::domain::incident::Incident;
use crate::domain::intent::Wish;
use crate::domain::plan::{Nature, Planning};
use crate::domain::text::Untrusted;
use crate::domain::time::Time;

/// What a planner may look at.
#[derive(Clone, Copy, Debug)]
pub struct PlanContext<'a> {
    pub incident: &'a Incident,
    pub facts: &'a Facts,
    pub wish: &'a Wish,
    /// The proposal that it is for, with who asked and when; none while it is only offered.
    pub proposal: Option<Asked<'a>>,
    /// Limits of fixing agents.
    pub loops: &'a Loops,
    pub now: Time,
}

/// The part of a proposal that a plan may depend on: it never changes.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub id: ProposalId,
    pub at: Time,
    pub by: &'a Untrusted,
}

pub trait Remedy: Send + Sync {
    /// The word people know it by; a command and a policy key carry it.
    fn id(&self) -> &'static str;
    /// Deterministic in its context.
    fn plan(&self, context: &PlanContext<'_>) -> Planning;
    /// What a card may offer before anybody asked: what it would do here, whether that is likely to help, and why.
    fn offer(&self, _incident: &Incident) -> Option<Offering> {
        None
    }
    /// What no facts can mend about a wish: a form says so while the person looks at it.
    ///
    /// # Errors
    /// A sentence for them.
    fn check(&self, _wish: &Wish) -> Result<(), String> {
        Ok(())
    }
    /// Whether it still offers itself once the incident is green.
    fn follows(&self) -> bool {
        false
    }
    /// Whether it changes code: then whoever asks for it has to be allowed to.
    fn changes_code(&self) -> bool {
        true
    }
    /// Whether the bot may do it without a person's word: `policy.automatic` may name it.
    fn is_automatic(&self) -> bool {
        false
    }
    /// What policy has to know of it.
    fn nature(&self) -> Nature {
        Nature::default()
    }
    /// Whether an incident needs the same wish done once only, as long as it was not undone.
    fn is_once(&self) -> bool {
        false
    }
}

/// What a remedy would do for an incident as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Offering {
    /// What the command does without an argument: a press asks for this, unless `form` has to be filled in first.
    pub wish: Wish,
    /// The button's words: `Revert #9`.
    pub label: String,
    /// The chance that it helps, 0 to 1.
    pub help: f64,
    /// The reason, a clause.
    pub because: String,
    /// It is done as soon as it is asked for: the offer needs its plan.
    pub at_once: bool,
    /// What a person has to add first.
    pub form: Option<Form>,
}

/// Every remedy, in the order in which cards offer them.
#[must_use]
pub fn all() -> Vec<Box<dyn Remedy>> {
    vec![
        Box::new(retry::Retry),
        Box::new(quarantine::Quarantine),
        Box::new(unquarantine::Unquarantine),
        Box::new(extend::Extend),
        Box::new(pin::Pin),
        Box::new(unpin::Unpin),
        Box::new(revert::Revert),
        Box::new(backport::Backport),
        Box::new(bisect::Bisect),
        Box::new(fix::Fix),
        Box::new(agent::Agent),
        Box::new(requeue::Requeue),
        Box::new(issue::Issue),
    ]
}

/// The remedy of this name.
///
/// What it is besides (whether the bot may act alone, merge its own pull request, do it twice) is asked of the remedy
/// itself; nobody else keeps a list.
#[must_use]
pub fn by_id(id: &str) -> Option<Box<dyn Remedy>> {
    all().into_iter().find(|remedy| remedy.id() == id)
}
