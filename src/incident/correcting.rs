//! A person says that the verdict is wrong: theirs counts, here and for later failures of the same test.

use super::state::Step;
use crate::domain::cause::{Cause, Judged};
use crate::domain::journal::Note;
use crate::domain::text::Untrusted;

/// Takes a person's word; answers what changed, or why nothing did.
///
/// # Errors
/// A sentence for them.
pub fn correct(step: &mut Step<'_>, by: &Untrusted, key: &str, cause: Option<Cause>) -> Result<Note, String> {
    let old = step.incident.judged.clone().unwrap_or_default();
    let new = match cause {
        Some(cause) if cause == old.cause && old.by.is_some() => {
            return Err(format!("it says {} already", cause.spoken()));
        }
        Some(cause) => cause,
        None if old.cause == Cause::Unknown => {
            return Err("no cause is shown yet; name the right one, as in `wrong 42 flaky`".into());
        }
        None => second(&old),
    };
    let mut chances = [0.0; 6];
    if let Some(at) = Cause::WEIGHED.iter().position(|one| *one == new) {
        chances[at] = 1.0;
    }
    let by_name = by.line(60);
    let because = vec![format!("{by_name} classified it as “{}”", new.spoken())];
    step.incident.judged = Some(Judged { cause: new, chances, because, by: Some(by_name), ..old.clone() });
    let note = Note::Corrected { by: by.clone(), from: old.cause.spoken().into(), to: new.spoken().into() };
    step.tell(Some(key.to_owned()), note.clone());
    Ok(note)
}

/// The most probable cause beside the one that is ruled out.
fn second(old: &Judged) -> Cause {
    let others = Cause::WEIGHED.iter().zip(old.chances).filter(|(cause, _)| **cause != old.cause);
    others.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(Cause::Unknown, |(cause, _)| *cause)
}
