//! Channels that cannot be written to until somebody fixes something: told to the admins once for each reason, by another
//! road where there is one, and once more when it is over.

use crate::domain::actor::Platform;
use crate::domain::barrier::{Barrier, Closed};
use crate::domain::effect::Effect;
use crate::domain::journal::Note;
use crate::domain::time::{HOUR_MS, MINUTE_MS, Time};
use crate::engine::Engine;
use crate::ports::{NewEffect, Publication, Reached, RoomNews, Store, StoreError, Surface, Trouble, Turn};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const KEY: &str = "trouble:";
/// The longest interval between two tries.
const INTERVAL_MAX_MS: i64 = HOUR_MS;
/// Platforms tell of every change of a role or a channel: tries that follow from it are this far apart.
const NEWS_MS: i64 = MINUTE_MS;

fn key(platform: &Platform, channel: &str) -> String {
    format!("{KEY}{platform}:{channel}")
}

fn read(stored: &Value) -> Option<Trouble> {
    serde_json::from_value(stored.clone()).ok()
}

/// What does not get through, as it is stored, with the cards that wait for it now.
///
/// # Errors
/// The store cannot be read.
pub async fn troubles(store: &dyn Store) -> Result<Vec<Trouble>, StoreError> {
    let rows = store.settings(KEY).await?;
    let mut all: Vec<Trouble> = rows.iter().filter_map(|(_, stored)| read(stored)).collect();
    let platforms: BTreeSet<Platform> = all.iter().map(|trouble| trouble.platform.clone()).collect();
    for platform in platforms {
        let cards = store.publications(&platform).await?;
        for trouble in all.iter_mut().filter(|trouble| trouble.platform == platform) {
            trouble.held = waiting(&cards, &trouble.channel);
        }
    }
    Ok(all)
}

/// Cards that wait in a channel; in all of them where it has no name.
fn waiting(cards: &[(Surface, Publication)], channel: &str) -> u64 {
    let here = |surface: &Surface| channel.is_empty() || surface.channel == channel;
    cards.iter().filter(|(surface, publication)| here(surface) && publication.is_due()).count() as u64
}

async fn held(store: &dyn Store, platform: &Platform, channel: &str) -> Result<u64, StoreError> {
    Ok(waiting(&store.publications(platform).await?, channel))
}

/// One minute, doubling up to an hour.
pub(super) fn interval_ms(attempts: u32) -> i64 {
    MINUTE_MS.saturating_mul(1_i64 << attempts.min(10)).min(INTERVAL_MAX_MS)
}

/// As people write it.
fn named(platform: &Platform) -> String {
    let mut letters = platform.0.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl Engine {
    /// A write was refused: the channel, or the platform, is closed for others.
    pub(super) async fn refused(
        &self,
        surface: &Surface,
        (barrier, why): (Barrier, &str),
        posting: bool,
    ) -> Result<(), StoreError> {
        let channel = if barrier.is_everywhere() { "" } else { surface.channel.as_str() };
        let posting = posting && !barrier.is_everywhere();
        self.gates.shut(&surface.platform, channel, posting, self.clock.elapsed_ms());
        self.troubled(&surface.platform, channel, (barrier, why), posting).await
    }

    /// Notes a trouble, and tells the admins of each reason once.
    pub(super) async fn troubled(
        &self,
        platform: &Platform,
        channel: &str,
        (barrier, why): (Barrier, &str),
        posting: bool,
    ) -> Result<(), StoreError> {
        let key = key(platform, channel);
        let stored = self.store.setting(&key).await?;
        let known = stored.as_ref().and_then(read);
        let before = known.clone().unwrap_or_else(|| Trouble {
            platform: platform.clone(),
            channel: channel.to_owned(),
            name: None,
            reason: barrier,
            why: String::new(),
            since: self.clock.now(),
            posting,
            told: Vec::new(),
            held: 0,
        });
        if known.is_some() && before.reason == barrier && before.posting <= posting {
            return Ok(());
        }
        let mut trouble = Trouble { reason: barrier, why: why.to_owned(), ..before };
        trouble.posting &= posting;
        trouble.held = held(&*self.store, platform, channel).await?;
        let mut effects = Vec::new();
        if !trouble.told.contains(&barrier) {
            trouble.told.push(barrier);
            trouble.name = self.name_of(platform, channel).await.or(trouble.name);
            tracing::error!(%platform, channel, reason = barrier.as_str(), why, held = trouble.held, "cards do not get through: fix this, then run `ci-rescue doctor` or send SIGHUP");
            effects = self.to_admins(platform, barrier.is_everywhere(), &note(&trouble));
        }
        let turn = Turn {
            settings: vec![(key.clone(), Some(json!(trouble)))],
            expect: vec![(key, stored)],
            effects,
            ..Turn::default()
        };
        self.tell_at_once(turn).await.map(|_| ())
    }

    /// What several writes find at the same time is told by one of them: `false` for the others.
    async fn tell_at_once(&self, turn: Turn) -> Result<bool, StoreError> {
        match self.store.commit(turn).await {
            Ok(()) => {
                self.effect_due.notify_one();
                Ok(true)
            }
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(broken) => Err(broken),
        }
    }

    /// The channel's name, where the platform still tells it.
    async fn name_of(&self, platform: &Platform, channel: &str) -> Option<String> {
        let chat = self.chats.get(platform).filter(|_| !channel.is_empty())?;
        chat.reach(Some(channel)).await.ok()?.name
    }

    /// To each admin by one road: another platform first, since this one may be the trouble.
    fn to_admins(&self, platform: &Platform, elsewhere: bool, note: &Note) -> Vec<NewEffect> {
        let mut effects = Vec::new();
        for mut accounts in self.directory.admins() {
            accounts.retain(|(of, _)| !elsewhere || of != platform);
            accounts.sort_by_key(|(of, _)| of == platform);
            if !accounts.is_empty() {
                let effect = Effect::Direct { to: accounts, note: note.clone() };
                effects.push(NewEffect { effect, not_before: Time(0) });
            }
        }
        effects
    }

    /// Something got through: the channel's troubles, and its platform's, are over. Where posts are refused, an edit
    /// proves nothing.
    pub(super) async fn got_through(&self, surface: &Surface, posted: bool) -> Result<(), StoreError> {
        for channel in ["", surface.channel.as_str()] {
            let stored = self.store.setting(&key(&surface.platform, channel)).await?;
            match stored.as_ref().and_then(read) {
                Some(trouble) if trouble.posting && !posted => {}
                Some(trouble) => self.over(&trouble).await?,
                None => self.gates.remove(&surface.platform, channel),
            }
        }
        Ok(())
    }

    async fn over(&self, trouble: &Trouble) -> Result<(), StoreError> {
        let (platform, channel) = (&trouble.platform, trouble.channel.as_str());
        let key = key(platform, channel);
        let stored = self.store.setting(&key).await?;
        if stored.is_some() {
            let held = held(&*self.store, platform, channel).await?;
            let effects = self.to_admins(platform, false, &Note::Restored(Closed { held, ..room(trouble) }));
            let turn =
                Turn { settings: vec![(key.clone(), None)], expect: vec![(key, stored)], effects, ..Turn::default() };
            if self.tell_at_once(turn).await? {
                tracing::info!(%platform, channel, "cards get through again");
            }
        }
        self.gates.remove(platform, channel);
        self.card_due.send_modify(|count| *count += 1);
        Ok(())
    }

    /// What stands in the way now.
    pub(in crate::engine) async fn read_troubles(&self) -> Result<Vec<Trouble>, StoreError> {
        troubles(&*self.store).await
    }

    /// What was refused before this process began is tried once before anything else.
    pub(in crate::engine) async fn remember_troubles(&self) -> Result<(), StoreError> {
        let now = self.clock.elapsed_ms();
        for trouble in self.read_troubles().await? {
            if trouble.reason != Barrier::Unreachable {
                self.gates.ajar(&trouble.platform, &trouble.channel, trouble.posting, now);
            }
        }
        Ok(())
    }

    /// Tries at once what waits for a fix.
    pub(in crate::engine) fn try_again(&self, platform: Option<&Platform>) {
        self.gates.open(platform, None, 0, self.clock.elapsed_ms());
        self.card_due.send_modify(|count| *count += 1);
    }

    /// What a platform tells of its channels.
    pub(in crate::engine) async fn heard_of_rooms(
        &self,
        platform: &Platform,
        news: RoomNews,
    ) -> Result<(), StoreError> {
        let now = self.clock.elapsed_ms();
        match news {
            RoomNews::Changed => self.gates.open(Some(platform), None, NEWS_MS, now),
            RoomNews::Open { channel } => {
                if channel.is_none() {
                    self.gates.open(Some(platform), None, NEWS_MS, now);
                }
                let channel = channel.unwrap_or_default();
                self.gates.open(Some(platform), Some(&channel), 0, now);
                let stored = self.store.setting(&key(platform, &channel)).await?;
                // Where nothing waits, no write would ever show it.
                if let Some(trouble) = stored.as_ref().and_then(read)
                    && held(&*self.store, platform, &channel).await? == 0
                {
                    self.over(&trouble).await?;
                }
            }
            RoomNews::Shut { channel, barrier, why } => {
                let channel = channel.unwrap_or_default();
                if !self.is_fed(platform, &channel).await {
                    return Ok(());
                }
                self.gates.shut(platform, &channel, false, now);
                self.troubled(platform, &channel, (barrier, &why), false).await?;
            }
        }
        self.card_due.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Whether anything goes to the channel; the empty name is the whole platform.
    async fn is_fed(&self, platform: &Platform, channel: &str) -> bool {
        if channel.is_empty() {
            return self.road(platform).is_some();
        }
        if self.chats.get(platform).is_some_and(|chat| chat.is_in_repository() || chat.is_inside()) {
            return true;
        }
        let state = self.state.lock().await;
        state.all_feeds().any(|feed| feed.platform == *platform && feed.channel == channel)
    }

    /// Looks where nothing waits that would be tried, and lets go of what nobody is subscribed to now.
    ///
    /// # Errors
    /// The store failed.
    pub async fn look_at_rooms(&self) -> Result<(), StoreError> {
        for trouble in self.read_troubles().await? {
            let (platform, channel) = (&trouble.platform, trouble.channel.as_str());
            if !self.is_fed(platform, channel).await {
                self.let_go(&trouble).await?;
                continue;
            }
            // Neither tells whether we could post there.
            if trouble.held > 0 || trouble.posting || trouble.reason == Barrier::Removed {
                continue;
            }
            let Some(chat) = self.chats.get(platform) else { continue };
            if !self.gates.take(platform, channel, false, self.clock.elapsed_ms()) {
                continue;
            }
            let reached = chat.reach(Some(channel).filter(|channel| !channel.is_empty())).await;
            if matches!(reached, Ok(Reached { barrier: None, .. })) {
                self.over(&trouble).await?;
            }
        }
        Ok(())
    }

    /// Cards of a channel without a subscription stay as they are.
    async fn let_go(&self, trouble: &Trouble) -> Result<(), StoreError> {
        for (surface, mut publication) in self.store.publications(&trouble.platform).await? {
            if surface.channel == trouble.channel && publication.is_due() {
                publication.caught_up();
                self.keep(&surface, publication).await?;
            }
        }
        let key = key(&trouble.platform, &trouble.channel);
        self.store.commit(Turn { settings: vec![(key, None)], ..Turn::default() }).await?;
        self.gates.remove(&trouble.platform, &trouble.channel);
        tracing::info!(platform = %trouble.platform, channel = %trouble.channel, "it has no subscription left: its cards wait no longer");
        Ok(())
    }
}

fn room(trouble: &Trouble) -> Closed {
    Closed {
        platform: named(&trouble.platform),
        channel: trouble.channel.clone(),
        name: trouble.name.clone().map(Into::into),
        held: trouble.held,
        ..Closed::default()
    }
}

fn note(trouble: &Trouble) -> Note {
    Note::Trouble(Closed {
        why: trouble.why.clone(),
        advice: trouble.reason.advice().to_owned(),
        leave: trouble.leave(),
        ..room(trouble)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_grow_up_to_an_hour() {
        let minutes: Vec<i64> = (0..9).map(|attempts| interval_ms(attempts) / MINUTE_MS).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(interval_ms(u32::MAX), HOUR_MS);
    }
}
