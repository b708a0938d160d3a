//! What policy would decide of an incident now, from what the store knows.

use super::context::limits;
use crate::domain::decision::Tested;
use crate::domain::ids::IncidentNo;
use crate::domain::rules::Rules;
use crate::domain::time::Time;
use crate::incident::what_if;
use crate::ports::{Store, StoreError};

/// `None` where there is no such incident.
///
/// # Errors
/// The store cannot be read.
pub async fn test(
    store: &dyn Store,
    rules: &Rules,
    no: IncidentNo,
    now: Time,
) -> Result<Option<Vec<Tested>>, StoreError> {
    let Some(incident) = store.incident(no).await? else { return Ok(None) };
    let context = limits(store, &incident, now).await?;
    Ok(Some(what_if(rules, &context, &incident, now)))
}
