//! Whom a mention would reach, and where: read before a step, and again when it is told.

use super::Engine;
use super::turn::Working;
use crate::domain::actor::Platform;
use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use crate::domain::mention::{Mention, Mentioning, Reachable};
use crate::domain::queue::Queue;
use crate::domain::text::Untrusted;
use crate::ports::{StoreError, Surface};

/// Accounts and groups of one mention.
const MENTIONS_MAX: usize = 10;

impl Engine {
    /// What mentions these owners on a platform.
    fn mentions_of(&self, platform: &Platform, owners: &[String]) -> Vec<Mention> {
        let mut all: Vec<Mention> = Vec::new();
        for mention in owners.iter().flat_map(|owner| self.directory.mentions(platform, owner)) {
            if !all.contains(&mention) && all.len() < MENTIONS_MAX {
                all.push(mention);
            }
        }
        all
    }

    /// Whom a note mentions in this channel; `None` where it is not to be told there.
    pub(super) fn mentioned(&self, note: &Note, surface: &Surface) -> Option<Vec<Mention>> {
        let Note::Mentioned { owners, places, .. } = note else { return Some(Vec::new()) };
        let here =
            places.iter().any(|(platform, channel)| *platform == surface.platform && *channel == surface.channel);
        Some(self.mentions_of(&surface.platform, owners)).filter(|mentions| here && !mentions.is_empty())
    }
}

impl Working<'_> {
    /// What may be known of mentions for this incident as it stands.
    pub(super) async fn mentioning(&self, incident: Option<&Incident>) -> Result<Mentioning, StoreError> {
        let engine = self.engine;
        let severities = engine.mentions.severities.clone();
        let wanted = |incident: &&Incident| incident.mention_due.is_some() || authors(incident).next().is_some();
        let Some(incident) = incident.filter(wanted) else {
            return Ok(Mentioning { severities, ..Mentioning::default() });
        };
        let quiet_until = engine.mentions.quiet.as_ref().and_then(|quiet| quiet.until(self.now));
        let login = incident.blamed.as_ref().and_then(|blamed| blamed.login.as_deref());
        let direct = login.map_or_else(Vec::new, |login| engine.directory.direct(login));
        let mut places: Vec<(Platform, String)> = Vec::new();
        let owners = incident.whose().map_or_else(Vec::new, |(_, owners)| owners);
        let mut authors: Vec<Reachable> = authors(incident)
            .map(|login| Reachable {
                login: login.to_owned(),
                direct: engine.directory.direct(login),
                places: Vec::new(),
            })
            .collect();
        for surface in engine.store.surfaces(incident.no).await? {
            for author in authors.iter_mut().filter(|author| author.direct.is_empty()) {
                let known = author.places.iter().any(|(platform, _)| *platform == surface.platform);
                let named = [format!("@{}", author.login)];
                if !known
                    && !engine.mentions_of(&surface.platform, &named).is_empty()
                    && !self.is_muted(&surface).await?
                {
                    author.places.push((surface.platform.clone(), surface.channel.clone()));
                }
            }
            let known = places.iter().any(|(platform, _)| *platform == surface.platform);
            if !known && !engine.mentions_of(&surface.platform, &owners).is_empty() && !self.is_muted(&surface).await? {
                places.push((surface.platform, surface.channel));
            }
        }
        Ok(Mentioning { severities, quiet_until, places, direct, authors })
    }
}

/// Logins of those who are to be told that a merge queue threw their pull request out.
fn authors(incident: &Incident) -> impl Iterator<Item = &str> {
    let queue = incident.queue.as_ref().filter(|queue| queue.tell_due.is_some());
    let entries = queue.into_iter().flat_map(Queue::out).filter(|entry| !entry.told);
    entries.filter_map(|entry| entry.author.as_ref()).map(Untrusted::raw)
}
