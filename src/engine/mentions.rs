//! Whom a mention would reach, and where: read before a step, and again when it is told.

use super::Engine;
use super::turn::Working;
use crate::domain::actor::Platform;
use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use crate::domain::mention::{Mention, Mentioning, Reachable};
use crate::domain::queue::Queue;
use crate::domain::text::Untrusted;
use crate::domain::time::Time;
use crate::ports::{StoreError, Surface};

/// Accounts and groups of one mention.
const MENTIONS_MAX: usize = 10;

impl Engine {
    /// What mentions these owners on a platform; not those who want to be told in another way.
    async fn mentions_of(&self, platform: &Platform, owners: &[String], now: Time) -> Result<Vec<Mention>, StoreError> {
        let mut all: Vec<Mention> = Vec::new();
        for owner in self.each_owner(owners) {
            let owner = &owner;
            let wants = self.owner_wants(owner, now).await?;
            if wants.is_some_and(|(_, wants)| !wants.mention) {
                continue;
            }
            for mention in self.directory.mentions(platform, owner) {
                if !all.contains(&mention) && all.len() < MENTIONS_MAX {
                    all.push(mention);
                }
            }
        }
        Ok(all)
    }

    /// Owners, with the members of a team in its place where they stand for it.
    fn each_owner(&self, owners: &[String]) -> Vec<String> {
        let members = |owner: &String| {
            let members = self.directory.members(owner);
            if members.is_empty() { vec![owner.clone()] } else { members }
        };
        owners.iter().flat_map(members).collect()
    }

    /// Whom a note mentions in this channel; `None` where it is not to be told there.
    pub(super) async fn mentioned(&self, note: &Note, surface: &Surface) -> Result<Option<Vec<Mention>>, StoreError> {
        let Note::Mentioned { owners, places, .. } = note else { return Ok(Some(Vec::new())) };
        let here =
            places.iter().any(|(platform, channel)| *platform == surface.platform && *channel == surface.channel);
        if !here {
            return Ok(None);
        }
        let mentions = self.mentions_of(&surface.platform, owners, self.clock.now()).await?;
        Ok(Some(mentions).filter(|mentions| !mentions.is_empty()))
    }
}

impl Working<'_> {
    /// What may be known of mentions for this incident as it stands.
    pub(super) async fn mentioning(&self, incident: Option<&Incident>) -> Result<Mentioning, StoreError> {
        let engine = self.engine;
        let severities = engine.settings().mentions.severities.clone();
        let wanted = |incident: &&Incident| incident.mention_due.is_some() || authors(incident).next().is_some();
        let Some(incident) = incident.filter(wanted) else {
            return Ok(Mentioning { severities, ..Mentioning::default() });
        };
        let quiet_until = engine.settings().mentions.quiet.as_ref().and_then(|quiet| quiet.until(self.now));
        let mut known = Mentioning { severities, quiet_until, ..Mentioning::default() };
        let mut awake = Vec::new();
        for owner in engine.each_owner(&incident.to_mention()) {
            match engine.owner_wants(&owner, self.now).await? {
                Some((_, wants)) if !wants.mention && !wants.instead => {}
                Some((_, wants)) if wants.quiet_until.is_some() => {
                    known.asleep.extend(wants.quiet_until.map(|until| (owner, until)));
                }
                Some((contact, wants)) if wants.instead => known.privately.push(contact.accounts),
                _ => awake.push(owner),
            }
        }
        self.author(incident, &mut known).await?;
        self.pull_authors(incident, &mut known).await?;
        for surface in engine.store.surfaces(incident.no).await? {
            let there = known.places.iter().any(|(platform, _)| *platform == surface.platform);
            let reached = !there && !engine.mentions_of(&surface.platform, &awake, self.now).await?.is_empty();
            if reached && !self.is_muted(&surface).await? {
                known.places.push((surface.platform, surface.channel));
            }
        }
        Ok(known)
    }

    /// Those whose pull request a merge queue threw out.
    async fn pull_authors(&self, incident: &Incident, known: &mut Mentioning) -> Result<(), StoreError> {
        let surfaces = self.engine.store.surfaces(incident.no).await?;
        for login in authors(incident) {
            let named = [format!("@{login}")];
            let found = self.engine.owner_wants(&named[0], self.now).await?;
            let quiet_until = found.as_ref().and_then(|(_, wants)| wants.quiet_until);
            let direct = found.filter(|(_, wants)| wants.direct).map_or_else(Vec::new, |(contact, _)| contact.accounts);
            let mut author = Reachable { login: login.to_owned(), direct, places: Vec::new(), quiet_until };
            for surface in surfaces.iter().filter(|_| author.direct.is_empty()) {
                let there = author.places.iter().any(|(platform, _)| *platform == surface.platform);
                let reached = !there && !self.engine.mentions_of(&surface.platform, &named, self.now).await?.is_empty();
                if reached && !self.is_muted(surface).await? {
                    author.places.push((surface.platform.clone(), surface.channel.clone()));
                }
            }
            known.authors.push(author);
        }
        Ok(())
    }

    /// Whoever most likely broke it.
    async fn author(&self, incident: &Incident, known: &mut Mentioning) -> Result<(), StoreError> {
        let login = incident.blamed.as_ref().and_then(|blamed| blamed.login.as_deref());
        let Some(login) = login else { return Ok(()) };
        let found = self.engine.owner_wants(&format!("@{login}"), self.now).await?;
        if let Some((contact, wants)) = found.filter(|(_, wants)| wants.direct) {
            known.author_asleep = wants.quiet_until;
            known.direct = contact.accounts;
        }
        Ok(())
    }
}

/// Logins of those who are to be told that a merge queue threw their pull request out.
fn authors(incident: &Incident) -> impl Iterator<Item = &str> {
    let queue = incident.queue.as_ref().filter(|queue| queue.tell_due.is_some());
    let entries = queue.into_iter().flat_map(Queue::out).filter(|entry| !entry.told);
    entries.filter_map(|entry| entry.author.as_ref()).map(Untrusted::raw)
}
