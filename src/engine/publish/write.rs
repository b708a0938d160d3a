//! One write to a channel: a card posted or edited, a note told in its thread, and what came of it.

use super::{LATE_MS, LINES, SKEW_MS};
use crate::domain::actor::Platform;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::mention::Mention;
use crate::engine::Engine;
use crate::engine::perform::backoff_until;
use crate::ports::{Chat, GIVEN_UP, PortError, Publication, StoreError, Surface, Turn};
use metrics::counter;

/// A card that somebody deleted comes back no sooner, in milliseconds.
const REMOVED_MS: i64 = 5_000;
/// Tries to begin a post while its incident moves on.
const CLAIMS: u32 = 5;

/// Whether a card that somebody deleted is needed again: something is to be said or decided while its incident goes on.
fn has_to_speak(incident: &Incident, publication: &Publication) -> bool {
    incident.awaits_people() || (incident.closed_at.is_none() && publication.told < publication.to_tell)
}

/// What one write to a channel came to.
enum Wrote {
    Posted(String),
    Edited,
    Told(u64),
    /// Nothing was to be told up to this entry.
    Passed(u64),
    /// The card was taken away: another incident's stands in its place.
    Retracted,
}

/// How a write was tried.
#[derive(Clone, Copy)]
pub struct Tried {
    /// An earlier try was looked for before it.
    pub looked: bool,
    /// It is a message of its own, not an edit.
    pub posted: bool,
}

impl Tried {
    const POST: Self = Self { looked: false, posted: true };
    const EDIT: Self = Self { looked: true, posted: false };
}

impl Engine {
    pub(super) async fn bring_up(
        &self,
        chat: &dyn Chat,
        surface: &Surface,
        mut publication: Publication,
    ) -> Result<(), StoreError> {
        let Some(incident) = self.store.incident(surface.incident).await? else {
            publication.dead = Some("the incident is gone".into());
            return self.keep(surface, publication).await;
        };
        let late = self.clock.now().ms_since(incident.updated_at);
        if late > LATE_MS && publication.attempts == 0 {
            tracing::debug!(incident = incident.no.0, channel = %surface.channel, late_ms = late, "a card is late: its channel is busy");
        }
        if publication.removed && publication.message.is_none() && !publication.posting {
            if !has_to_speak(&incident, &publication) {
                publication.shown = publication.wanted;
                publication.told = publication.to_tell;
                return self.keep(surface, publication).await;
            }
            publication.removed = false;
        }
        if publication.message.is_none() && !publication.posting {
            return self.post_first(chat, surface, publication, incident).await;
        }
        if incident.adopted_by.is_some()
            && let Some(message) = &publication.message
        {
            match self.take_away(chat, surface, message, &incident).await {
                Ok(false) => {}
                Ok(true) => {
                    return self.settle(surface, publication, &incident, Ok(Wrote::Retracted), Tried::EDIT).await;
                }
                Err(why) => return self.settle(surface, publication, &incident, Err(why), Tried::EDIT).await,
            }
        }
        let tried = Tried { looked: true, posted: publication.message.is_none() };
        let wrote = if publication.message.is_none() {
            self.post(chat, surface, &incident, true).await
        } else if publication.shown < publication.wanted {
            self.edit(chat, surface, &publication, &incident).await
        } else {
            return self.tell(chat, surface, publication, &incident).await;
        };
        self.settle(surface, publication, &incident, wrote, tried).await
    }

    /// The channel's slot is taken: when the incident moves on meanwhile, what is new is posted in it.
    async fn post_first(
        &self,
        chat: &dyn Chat,
        surface: &Surface,
        mut publication: Publication,
        mut incident: Incident,
    ) -> Result<(), StoreError> {
        for _ in 0..CLAIMS {
            publication.posting = true;
            if let Some(claimed) = self.claim(surface, publication).await? {
                let wrote = self.post(chat, surface, &incident, false).await;
                return self.settle(surface, claimed, &incident, wrote, Tried::POST).await;
            }
            let newer = (self.store.publication(surface).await?, self.store.incident(surface.incident).await?);
            let (Some(stored), Some(moved_on)) = newer else { return Ok(()) };
            let waits = stored.message.is_none() && !stored.posting && stored.digest.is_none() && stored.dead.is_none();
            if !waits || moved_on.adopted_by.is_some() {
                return Ok(());
            }
            (publication, incident) = (stored, moved_on);
        }
        Ok(())
    }

    /// Marks a beginning before it begins, so that a crash in between is seen.
    pub(super) async fn claim(
        &self,
        surface: &Surface,
        mut publication: Publication,
    ) -> Result<Option<Publication>, StoreError> {
        publication.version += 1;
        match self.store.put_publication(surface, publication.clone()).await {
            Ok(()) => Ok(Some(publication)),
            // The incident moved on meanwhile; the surface is still due.
            Err(StoreError::Conflict(_)) => Ok(None),
            Err(broken) => Err(broken),
        }
    }

    pub(in crate::engine) fn marker(&self, no: IncidentNo, what: &str) -> String {
        format!("ci-rescue/{}/{}/{what}", self.installation, no.0)
    }

    /// Posts the card, unless an earlier try left one.
    async fn post(
        &self,
        chat: &dyn Chat,
        surface: &Surface,
        incident: &Incident,
        look: bool,
    ) -> Result<Wrote, PortError> {
        let marker = self.marker(incident.no, "card");
        if look {
            let since = incident.opened_at.plus_ms(-SKEW_MS);
            if let Some(message) = chat.find(&surface.channel, None, &marker, since).await? {
                counter!("ci_rescue_cards_total", "platform" => surface.platform.0.clone(), "act" => "found")
                    .increment(1);
                chat.edit(&surface.channel, &message, &self.card(chat, &surface.channel, incident).await?, &marker)
                    .await?;
                return Ok(Wrote::Posted(message));
            }
        }
        let message = chat.post(&surface.channel, &self.card(chat, &surface.channel, incident).await?, &marker).await?;
        Ok(Wrote::Posted(message))
    }

    async fn edit(
        &self,
        chat: &dyn Chat,
        surface: &Surface,
        publication: &Publication,
        incident: &Incident,
    ) -> Result<Wrote, PortError> {
        let Some(message) = &publication.message else { return Err(PortError::permanent("there is no message")) };
        let marker = self.marker(incident.no, "card");
        chat.edit(&surface.channel, message, &self.card(chat, &surface.channel, incident).await?, &marker).await?;
        Ok(Wrote::Edited)
    }

    /// The next lines of the thread, several in one message.
    async fn tell(
        &self,
        chat: &dyn Chat,
        surface: &Surface,
        mut publication: Publication,
        incident: &Incident,
    ) -> Result<(), StoreError> {
        let entries = self.store.journal(incident.no, publication.told, LINES * 4).await?;
        let mut lines = Vec::new();
        let mut mentions = Vec::new();
        let mut last = publication.told;
        // A message that was begun is looked for as it was begun, whatever came since.
        let begun = publication.telling > publication.told;
        for entry in entries {
            if begun && entry.seq > publication.telling {
                break;
            }
            let whom = self.mentioned(&entry.note, surface).await?;
            // A mention is a message of its own.
            let alone = whom.as_ref().is_some_and(|whom| !whom.is_empty());
            if alone && !lines.is_empty() {
                break;
            }
            last = entry.seq;
            if let Some(whom) = whom.filter(|_| entry.tell) {
                lines.extend(self.words.note(chat.markup(), &entry.note).ok());
                mentions = whom;
            }
            if lines.len() >= LINES || alone {
                break;
            }
        }
        if last == publication.told {
            last = publication.to_tell;
        }
        if !begun {
            publication.telling = last;
            publication = match self.claim(surface, publication).await? {
                Some(publication) => publication,
                None => return Ok(()),
            };
        }
        let wrote = self
            .say(chat, surface, &publication, incident, (&lines, &mentions), begun)
            .await
            .map(|()| if lines.is_empty() { Wrote::Passed(last) } else { Wrote::Told(last) });
        // What cannot be told is left out: the card itself goes on.
        let wrote = match wrote {
            Err(PortError::Permanent { why }) => {
                tracing::warn!(incident = incident.no.0, channel = %surface.channel, why, "could not post a note");
                Ok(Wrote::Passed(last))
            }
            other => other,
        };
        self.settle(surface, publication, incident, wrote, Tried { looked: begun, posted: true }).await
    }

    async fn say(
        &self,
        chat: &dyn Chat,
        surface: &Surface,
        publication: &Publication,
        incident: &Incident,
        (lines, mentions): (&[String], &[Mention]),
        look: bool,
    ) -> Result<(), PortError> {
        let Some(thread) = publication.message.as_ref().filter(|_| !lines.is_empty()) else { return Ok(()) };
        let marker = self.marker(incident.no, &format!("note-{}", publication.telling));
        let since = incident.opened_at.plus_ms(-SKEW_MS);
        if look && chat.find(&surface.channel, Some(thread), &marker, since).await?.is_some() {
            return Ok(());
        }
        chat.tell(&surface.channel, thread, &lines.join("\n"), mentions, &marker).await
    }

    /// Records what came of a write.
    async fn settle(
        &self,
        surface: &Surface,
        mut publication: Publication,
        incident: &Incident,
        wrote: Result<Wrote, PortError>,
        tried: Tried,
    ) -> Result<(), StoreError> {
        let platform = surface.platform.0.clone();
        let act = match &wrote {
            Ok(Wrote::Posted(_)) => Some("posted"),
            Ok(Wrote::Edited) => Some("edited"),
            Ok(Wrote::Told(_)) => Some("told"),
            Ok(Wrote::Passed(_)) => None,
            Ok(Wrote::Retracted) => Some("retracted"),
            Err(_) => Some("failed"),
        };
        if let Some(act) = act {
            counter!("ci_rescue_cards_total", "platform" => platform, "act" => act).increment(1);
        }
        match wrote {
            Ok(wrote) => {
                if !matches!(wrote, Wrote::Passed(_)) {
                    self.got_through(surface, tried.posted).await?;
                }
                publication.attempts = 0;
                publication.posting = false;
                match wrote {
                    Wrote::Posted(message) => {
                        publication.message = Some(message);
                        publication.shown = incident.version;
                    }
                    Wrote::Edited => publication.shown = incident.version,
                    Wrote::Told(last) | Wrote::Passed(last) => publication.told = last,
                    Wrote::Retracted => {
                        publication.message = None;
                        publication.shown = publication.wanted;
                        publication.told = publication.to_tell;
                    }
                }
            }
            Err(why) => {
                let (incident, channel) = (incident.no.0, &surface.channel);
                match &why {
                    PortError::Permanent { why } => {
                        tracing::warn!(incident, %channel, "gave up updating a card: {why}");
                    }
                    PortError::Gone { why } => {
                        tracing::info!(incident, %channel, "somebody deleted a card: {why}");
                    }
                    // An integration that is down says so once, by itself.
                    why => tracing::debug!(incident, %channel, %why, "could not update a card yet"),
                }
                self.set_back(surface, &mut publication, why, tried).await?;
            }
        }
        self.keep(surface, publication).await
    }

    /// Later, or never: what it means for the surface and for its whole channel.
    pub(super) async fn set_back(
        &self,
        surface: &Surface,
        publication: &mut Publication,
        why: PortError,
        tried: Tried,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        if !tried.looked && matches!(why, PortError::Fixable { .. } | PortError::Transient { .. }) {
            // It did not happen, so there is nothing to look for; unless it was the look that did not.
            publication.posting = false;
            publication.telling = publication.told;
        }
        let wait = match why {
            PortError::Gone { .. } if publication.message.is_some() => {
                publication.message = None;
                publication.digest = None;
                publication.posting = false;
                publication.removed = true;
                // Whoever deletes each card must not make us post without end.
                publication.not_before = now.plus_ms(REMOVED_MS);
                return Ok(());
            }
            PortError::Permanent { why } | PortError::Gone { why } => {
                publication.dead = Some(why);
                return self.store.commit(Turn { bump: vec![GIVEN_UP.into()], ..Turn::default() }).await;
            }
            // Its channel is closed: what waits for that needs no time of its own.
            PortError::Fixable { why, barrier } => {
                publication.attempts += 1;
                publication.not_before = now;
                return self.refused(surface, (barrier, &why), tried.posted).await;
            }
            PortError::Transient { retry_after, .. } => retry_after,
            PortError::Ambiguous { .. } => None,
        };
        let until = backoff_until(now, publication.attempts, surface.incident.0, wait);
        publication.attempts += 1;
        publication.not_before = until;
        if wait.is_some() {
            let key = (surface.platform.clone(), surface.channel.clone());
            self.slots.lock().await.insert(key, until);
        }
        Ok(())
    }

    /// Stores a surface; what the incident's turns marked meanwhile is kept.
    pub(in crate::engine) async fn keep(
        &self,
        surface: &Surface,
        mut publication: Publication,
    ) -> Result<(), StoreError> {
        loop {
            publication.version += 1;
            match self.store.put_publication(surface, publication.clone()).await {
                Err(StoreError::Conflict(_)) => {
                    let fresh = self.store.publication(surface).await?.unwrap_or_default();
                    publication.version = fresh.version;
                    publication.wanted = publication.wanted.max(fresh.wanted);
                    publication.to_tell = publication.to_tell.max(fresh.to_tell);
                }
                other => return other,
            }
        }
    }

    /// Whether the channel shows repositories of more than one owner: only then is the owner worth its room.
    pub(super) async fn has_several_owners(&self, chat: &dyn Chat, channel: &str) -> bool {
        !chat.is_in_repository() && self.shows_several_owners(&chat.platform(), channel).await
    }

    /// The same for any place outside a repository.
    pub(super) async fn shows_several_owners(&self, platform: &Platform, channel: &str) -> bool {
        let state = self.state.lock().await;
        let fed = state.all_feeds().filter(|feed| feed.platform == *platform && feed.channel == channel);
        let owners = crate::domain::subscription::owners(fed.map(|feed| feed.filter.repo.as_deref()));
        owners.unwrap_or_else(|| self.settings().filter.has_several_owners())
    }

    /// A feed that does not outlive the process is filled again.
    pub(in crate::engine) async fn refill_forgetful_chats(&self) -> Result<(), StoreError> {
        let forgetful: Vec<Platform> =
            self.chats.values().filter(|chat| !chat.remembers()).map(|chat| chat.platform()).collect();
        for platform in forgetful {
            for (surface, publication) in self.store.publications(&platform).await? {
                let (wanted, to_tell) = (publication.wanted, publication.to_tell);
                let empty = Publication { version: publication.version, wanted, to_tell, ..Publication::default() };
                self.keep(&surface, empty).await?;
            }
        }
        Ok(())
    }
}
