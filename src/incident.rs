//! What happens next. Two pure functions: [`route`] says which incident an event belongs to, [`step`] what comes of it.
//!
//! Nothing else changes an incident. Neither looks anything up, asks the time or draws a number: what they may know is
//! in their arguments, and what they want is in their answers.

mod adopting;
mod analysing;
mod attempts;
mod automatic;
mod bisecting;
mod correcting;
mod deadline;
mod deployments;
mod ending;
mod escalating;
mod exclusion;
mod expiry;
mod failing;
mod index;
mod judging;
mod landing;
mod looping;
mod mentioning;
mod merging;
mod nights;
mod offering;
mod owning;
mod passing;
mod people;
mod placing;
mod planning;
mod proposal;
mod queueing;
mod renaming;
mod reporting;
mod reproducing;
mod runners;
mod runs;
mod searching;
mod sharing;
mod silence;
mod special;
mod state;
mod step;
mod suspecting;
mod tending;
mod track;
mod trying;
mod undoing;
mod waiting;

pub use index::{Index, Routed, route, run_key};
pub use people::row;
pub use step::{Transition, step};
pub use track::track;
pub use trying::what_if;

#[cfg(test)]
mod tests;
