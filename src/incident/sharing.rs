//! Links to read an incident without signing in: made, and ended all at once.

use super::state::Step;
use crate::domain::effect::Effect;
use crate::domain::event::Request;
use crate::domain::journal::Note;
use crate::domain::sharing::Shared;

/// One more link for so many milliseconds, which is told when it is made; 0 ends all that there are.
///
/// # Errors
/// A sentence for whoever asked.
pub fn asked(step: &mut Step<'_>, request: &Request, for_ms: i64) -> Result<Option<Note>, String> {
    let by = &request.by;
    if for_ms <= 0 {
        if step.incident.shared.until <= step.now {
            return Err("no link to it counts".into());
        }
        let generation = step.incident.shared.generation.saturating_add(1);
        step.incident.shared = Shared { generation, ..Shared::default() };
        let note = Note::Unshared { by: by.name.clone() };
        step.tell(Some(by.key.clone()), note.clone());
        return Ok(Some(note));
    }
    let until = step.now.plus_ms(for_ms);
    let shared = Shared { generation: step.incident.shared.generation, until };
    step.incident.shared.until = step.incident.shared.until.max(until);
    step.tell(Some(by.key.clone()), Note::Shared { by: by.name.clone(), until });
    let (place, actor_id) = (request.place.clone(), request.actor_id.clone());
    step.effect(Effect::Share { incident: step.incident.no, place, actor_id, shared });
    Ok(None)
}
