//! Links to read one incident without signing in.

use super::Engine;
use super::access::Asker;
use super::turn::Working;
use crate::domain::actor::Place;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use crate::domain::sharing::Shared;
use crate::ports::{PortError, StoreError};

impl Working<'_> {
    /// Says why not, where nobody could use a link, or everybody would.
    pub(super) fn cannot_share(&mut self, asker: &Asker) -> bool {
        let why = if asker.place.pull.is_some() {
            "everybody would read the link here; use chat or the console"
        } else if self.engine.console_url.is_none() {
            "the operator has to set console.url first: it is where such links lead"
        } else {
            return false;
        };
        self.answer(&asker.place, &asker.actor.id, Note::Refused { what: "share".into(), why: vec![why.into()] });
        true
    }
}

impl Engine {
    /// Made when it is told, so that it is kept nowhere.
    pub(super) async fn tell_share(
        &self,
        incident: IncidentNo,
        place: &Place,
        actor_id: &str,
        shared: Shared,
    ) -> Result<(), PortError> {
        let home = self.console_url.as_ref().ok_or_else(|| PortError::permanent("console.url is not set"))?;
        let url = format!("{home}/shared/{}", self.seal.close_share(incident, shared));
        self.reply(place, actor_id, &Note::ShareLink { incident, url, until: shared.until }).await
    }

    /// The incident that a link shows, while it counts.
    pub(super) async fn shared_incident(&self, token: &str) -> Result<Option<Incident>, StoreError> {
        let Some((no, shared)) = self.seal.open_share(token) else { return Ok(None) };
        if shared.until <= self.clock.now() {
            return Ok(None);
        }
        let incident = self.store.incident(no).await?;
        Ok(incident.filter(|incident| incident.shared.generation == shared.generation))
    }
}
