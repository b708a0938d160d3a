//! One card for several failures, where posting each would take too long.

use super::SKEW_MS;
use super::beside::heard;
use super::due::Job;
use super::write::Tried;
use crate::card::view;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::engine::Engine;
use crate::ports::{Chat, Digested, Message, PortError, Publication, StoreError, Surface};
use metrics::counter;

type Row = (Surface, Publication);

impl Engine {
    pub(super) async fn do_job(&self, chat: &dyn Chat, job: Job) -> Result<(), StoreError> {
        match job {
            Job::Spare((surface, mut publication)) => {
                publication.shown = publication.wanted;
                publication.told = publication.to_tell;
                self.keep(&surface, publication).await
            }
            Job::One((surface, publication)) => Box::pin(self.bring_up(chat, &surface, publication)).await,
            Job::Digest { lead, rows } => self.digest(chat, lead, rows).await,
        }
    }

    /// Posts the digest, or brings it up to date.
    async fn digest(&self, chat: &dyn Chat, lead: IncidentNo, rows: Vec<Row>) -> Result<(), StoreError> {
        let known = rows.iter().find_map(|(_, publication)| publication.digest.clone());
        let begun = known.is_some();
        let posted = known.as_ref().is_none_or(|digest| digest.message.is_none());
        let (digest, rows) = match known {
            Some(digest) => (digest, rows),
            None => self.begin_digest(lead, rows).await?,
        };
        let Some((first, _)) = rows.first() else { return Ok(()) };
        let at = first.clone();
        let members = self.members(first, &digest).await?;
        let wrote = self.write_digest(chat, first, &digest, &members, begun).await;
        let act = if wrote.is_ok() { "digest" } else { "failed" };
        counter!("ci_rescue_cards_total", "platform" => first.platform.0.clone(), "act" => act).increment(1);
        for (surface, mut publication) in rows {
            match &wrote {
                Ok(message) => {
                    let version =
                        members.iter().find(|m| m.no == surface.incident).map_or(publication.wanted, |m| m.version);
                    publication.attempts = 0;
                    publication.digest =
                        Some(Digested { message: Some(message.clone()), shown: version, ..digest.clone() });
                    if publication.message.is_none() {
                        publication.shown = version;
                    }
                }
                // Somebody deleted it: each goes on by itself, when there is something to say.
                Err(PortError::Gone { .. }) => {
                    publication.digest = None;
                    publication.removed = publication.message.is_none();
                }
                Err(why) => {
                    self.set_back(&surface, &mut publication, why.clone(), Tried { looked: true, posted }).await?;
                }
            }
            self.keep(&surface, publication).await?;
        }
        if wrote.is_ok() {
            self.got_through(&at, posted).await?;
        }
        if let Err(why) = wrote {
            tracing::debug!(lead = lead.0, %why, "could not update a digest yet");
        }
        Ok(())
    }

    /// Marks all members before the post, so that a crash in between is seen.
    pub(super) async fn begin_digest(
        &self,
        lead: IncidentNo,
        rows: Vec<Row>,
    ) -> Result<(Digested, Vec<Row>), StoreError> {
        let members: Vec<IncidentNo> = rows.iter().map(|(surface, _)| surface.incident).collect();
        let digest = Digested { lead, members, message: None, shown: 0, over: false };
        let mut kept = Vec::new();
        for (surface, mut publication) in rows {
            publication.digest = Some(digest.clone());
            publication.version += 1;
            match self.store.put_publication(&surface, publication.clone()).await {
                Ok(()) => kept.push((surface, publication)),
                // It moved on meanwhile and is still due, for itself or for the next digest.
                Err(StoreError::Conflict(_)) => {}
                Err(broken) => return Err(broken),
            }
        }
        Ok((digest, kept))
    }

    /// The failures that stand on the digest, as they are now.
    pub(super) async fn members(&self, at: &Surface, digest: &Digested) -> Result<Vec<Incident>, StoreError> {
        let mut all = Vec::new();
        for no in &digest.members {
            let surface = Surface { incident: *no, ..at.clone() };
            let publication = self.store.publication(&surface).await?;
            if publication.is_some_and(|publication| publication.digest.is_some_and(|have| have.lead == digest.lead)) {
                all.extend(self.store.incident(*no).await?);
            }
        }
        Ok(all)
    }

    async fn write_digest(
        &self,
        chat: &dyn Chat,
        at: &Surface,
        digest: &Digested,
        members: &[Incident],
        begun: bool,
    ) -> Result<Message, PortError> {
        let marker = self.marker(digest.lead, "digest");
        let views: Vec<_> = members.iter().map(view).collect();
        let owners = self.has_several_owners(chat, &at.channel).await;
        let card = self.words.digest(chat.markup(), &views, &|what| self.seal.close(what), owners);
        let card = heard(chat, card.map_err(|why| PortError::permanent(why.to_string()))?);
        let mut message = digest.message.clone();
        if message.is_none() && begun {
            let since = members.iter().map(|incident| incident.opened_at).min().unwrap_or(self.clock.now());
            message = chat.find(&at.channel, None, &marker, since.plus_ms(-SKEW_MS)).await?;
        }
        match message {
            Some(message) => chat.edit(&at.channel, &message, &card, &marker).await.map(|()| message),
            None => chat.post(&at.channel, &card, &marker).await,
        }
    }
}
