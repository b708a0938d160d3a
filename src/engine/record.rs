//! `rescue.log`: an incident's record, its journal and its excerpts, as one text.

use crate::card::Words;
use crate::domain::ids::IncidentNo;
use crate::evidence::redact;
use crate::ports::{Store, StoreError};

/// Entries of a journal that are shown.
const ENTRIES: usize = 5_000;

/// `None` where there is no such incident. What is known as a secret now is masked once more.
///
/// # Errors
/// The store cannot be read.
pub async fn record(store: &dyn Store, words: &Words, no: IncidentNo) -> Result<Option<String>, StoreError> {
    let Some(incident) = store.incident(no).await? else { return Ok(None) };
    let mut entries = store.journal(no, 0, ENTRIES + 1).await?;
    let more = entries.len() > ENTRIES;
    entries.truncate(ENTRIES);
    let mut excerpts = Vec::new();
    for evidence in &incident.evidence {
        let bytes = match &evidence.excerpt {
            Some(digest) => store.blob(digest).await?,
            None => None,
        };
        excerpts.push(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
    }
    let text = words.record(&incident, &entries, more, &excerpts).map_err(|why| StoreError::Broken(why.to_string()))?;
    Ok(Some(redact::text(&text, &mut redact::Counts::default()).into_owned()))
}
