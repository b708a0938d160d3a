//! Where one message tells of all incidents of a place, as a pull request's comment does: which they are.

use crate::card::{Card, view};
use crate::domain::incident::Incident;
use crate::engine::Engine;
use crate::ports::{Chat, Message, PortError, Query, Surface};

/// Closed incidents of a repository that are looked through: the newest.
const LOOKED_AT: usize = 200;
/// Open ones.
const OPEN_MAX: usize = 1_000;
/// Incidents on one message.
const TOGETHER: usize = 40;

impl Engine {
    /// The incidents that the channel's message tells of besides this one: open ones first, the newest of each first.
    async fn beside(&self, chat: &dyn Chat, channel: &str, incident: &Incident) -> Result<Vec<Incident>, PortError> {
        if !chat.is_in_repository() {
            return Ok(Vec::new());
        }
        let newest = Query { repo: Some(incident.repo.to_string()), limit: LOOKED_AT, ..Query::default() };
        let open = Query { open_only: true, limit: OPEN_MAX, ..newest.clone() };
        let mut found = Vec::new();
        for query in [open, Query { closed_only: true, ..newest }] {
            let some = self.store.incidents(&query).await;
            found.extend(some.map_err(|why| PortError::transient(why.to_string()))?);
        }
        let here = |one: &Incident| chat.channels(&one.repo, &one.pulls).iter().any(|own| own == channel);
        let others = found.into_iter().filter(|one| one.no != incident.no && one.adopted_by.is_none() && here(one));
        let mut others: Vec<Incident> = others.collect();
        others.sort_by_key(|one| one.closed_at.is_some());
        others.truncate(TOGETHER);
        Ok(others)
    }

    async fn rendered(&self, chat: &dyn Chat, channel: &str, incident: &Incident) -> Result<Card, PortError> {
        let seal = |what: &crate::card::ButtonRef| self.seal.close(what);
        let owners = self.has_several_owners(chat, channel).await;
        let card = self.words.card(chat.markup(), &view(incident), &seal, owners);
        card.map(|card| heard(chat, card)).map_err(|why| PortError::permanent(why.to_string()))
    }

    /// The incident's card, with those beside it.
    pub(super) async fn card(&self, chat: &dyn Chat, channel: &str, incident: &Incident) -> Result<Card, PortError> {
        let mut card = self.rendered(chat, channel, incident).await?;
        for other in self.beside(chat, channel, incident).await? {
            card.beside.push(self.rendered(chat, channel, &other).await?);
        }
        Ok(card)
    }

    /// Takes the card of an adopted incident away: from a message that tells of others too, by editing it. `false`: it
    /// stays.
    pub(super) async fn take_away(
        &self,
        chat: &dyn Chat,
        surface: &Surface,
        message: &Message,
        incident: &Incident,
    ) -> Result<bool, PortError> {
        let rest = self.beside(chat, &surface.channel, incident).await?;
        let Some(first) = rest.first() else { return chat.retract(&surface.channel, message).await };
        let card = self.card(chat, &surface.channel, first).await?;
        // It is not beside itself: what was adopted is on no card.
        chat.edit(&surface.channel, message, &card, &self.marker(first.no, "card")).await.map(|()| true)
    }
}

/// Nobody is offered what would not be heard.
pub(super) fn heard(chat: &dyn Chat, card: Card) -> Card {
    if chat.hears() { card } else { Card { buttons: Vec::new(), more: Vec::new(), ..card } }
}
