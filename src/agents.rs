//! Who looks after a failure, and what its fixing agent may do: routing, prompts, guards on a diff, the loop; and what an
//! analyst is shown and answers. Pure.
//!
//! # How to add a specialist
//! A table in `rules/routing.toml`, and a template in `templates/prompts/`. Its agent is the operator's: `[[agents]]`.

pub mod analyst;
pub mod answer;
pub mod guard;
pub mod guides;
mod next;
pub mod prompt;
mod routing;

use crate::domain::ids::ProposalId;
use crate::domain::refs::OwnBranch;

pub use next::{Ending, Next, Team, next, verdict};
pub use routing::{Case, area, by_rules, model, of_evidence, of_incident, route, specialists};

/// The branch of a loop.
///
/// # Panics
/// Never: its name is made of plain words.
#[must_use]
pub fn branch(proposal: ProposalId) -> OwnBranch {
    OwnBranch::new("fix", proposal, "").expect("a plain name")
}
