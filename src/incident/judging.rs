//! What policy says of a plan, as the incident stands.

use super::state::Step;
use crate::domain::facts::Facts;
use crate::domain::incident::Proposer;
use crate::domain::plan::Plan;
use crate::policy::{self, Case, Decision};
use crate::remedies;

pub fn judge(step: &Step<'_>, plan: &Plan, by: Option<&Proposer>, force: bool, facts: &Facts) -> Decision {
    let nature = remedies::by_id(&plan.remedy).map(|remedy| remedy.nature()).unwrap_or_default();
    let case = Case { incident: &step.incident, plan, nature, by, force, facts, context: step.context, now: step.now };
    policy::judge(step.rules, &case)
}
