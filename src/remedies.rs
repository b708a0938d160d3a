//! What can be done: a shelf of planners.
//!
//! # How to add one
//! Write `remedies/x.rs` with a type that implements [`Remedy`]: read the incident and the facts, answer
//! [`Planning::Needs`] while a fact is missing, [`Planning::Refused`] with every reason, or a plan whose digest
//! covers everything that an approval has to bind to. Add it to [`all`]. If it gets a verb, add `commands/x.toml`.
//! Execution, approval, audit, resume and undo are written once and come for free.

pub mod edits;
mod retry;

use crate::domain::facts::Facts;
use crate::domain::incident::Incident;
use crate::domain::intent::Which;
use crate::domain::plan::Planning;
use crate::domain::time::Time;

/// What a planner may look at.
#[derive(Clone, Copy, Debug)]
pub struct PlanContext<'a> {
    pub incident: &'a Incident,
    pub facts: &'a Facts,
    pub which: &'a Which,
    pub now: Time,
}

pub trait Remedy: Send + Sync {
    /// The word people know it by; a command and a policy key carry it.
    fn id(&self) -> &'static str;
    /// Deterministic in its context.
    fn plan(&self, context: &PlanContext<'_>) -> Planning;
}

/// Every remedy, in the order in which cards offer them.
#[must_use]
pub fn all() -> Vec<Box<dyn Remedy>> {
    vec![Box::new(retry::Retry)]
}

/// The remedy of this name.
#[must_use]
pub fn by_id(id: &str) -> Option<Box<dyn Remedy>> {
    all().into_iter().find(|remedy| remedy.id() == id)
}
