//! Channels that cannot be written to until somebody fixes something: told to the admins once, tried again at growing
//! intervals, and at once when something was fixed.

use crate::domain::actor::Platform;
use crate::domain::effect::Effect;
use crate::domain::journal::Note;
use crate::domain::time::{HOUR_MS, MINUTE_MS, Time};
use crate::engine::Engine;
use crate::ports::{NewEffect, Store, StoreError, Surface, Trouble, Turn};
use serde_json::json;

const KEY: &str = "trouble:";
/// The longest interval between two tries.
const INTERVAL_MAX_MS: i64 = HOUR_MS;

fn key(platform: &Platform, channel: &str) -> String {
    format!("{KEY}{platform}:{channel}")
}

/// What does not get through, as it is stored.
///
/// # Errors
/// The store cannot be read.
pub async fn troubles(store: &dyn Store) -> Result<Vec<Trouble>, StoreError> {
    let rows = store.settings(KEY).await?;
    Ok(rows.into_iter().filter_map(|(_, trouble)| serde_json::from_value(trouble).ok()).collect())
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
    /// Notes a trouble, and tells the admins by another road if it is new.
    pub(super) async fn troubled(&self, surface: &Surface, why: &str, everywhere: bool) -> Result<(), StoreError> {
        let channel = if everywhere { "" } else { surface.channel.as_str() };
        let key = key(&surface.platform, channel);
        if self.store.setting(&key).await?.is_some() {
            return Ok(());
        }
        tracing::error!(platform = %surface.platform, channel = %surface.channel, why, "cards do not get through: fix this, then run `ci-rescue doctor` or send SIGHUP");
        let platform = surface.platform.clone();
        let trouble = Trouble { platform, channel: channel.to_owned(), why: why.to_owned(), since: self.clock.now() };
        let note =
            Note::Trouble { platform: named(&surface.platform), channel: channel.to_owned(), why: why.to_owned() };
        let mut effects = Vec::new();
        for mut accounts in self.directory.admins() {
            // Another platform first: this one may be the trouble.
            accounts.retain(|(platform, _)| !everywhere || *platform != surface.platform);
            accounts.sort_by_key(|(platform, _)| *platform == surface.platform);
            if !accounts.is_empty() {
                let effect = Effect::Direct { to: accounts, note: note.clone() };
                effects.push(NewEffect { effect, not_before: Time(0) });
            }
        }
        let turn = Turn { settings: vec![(key, Some(json!(trouble)))], effects, ..Turn::default() };
        self.store.commit(turn).await?;
        self.effect_due.notify_one();
        Ok(())
    }

    /// Something got through: the channel's troubles, and its platform's, are over.
    pub(super) async fn got_through(&self, surface: &Surface) -> Result<(), StoreError> {
        for channel in ["", surface.channel.as_str()] {
            let key = key(&surface.platform, channel);
            if self.store.setting(&key).await?.is_some() {
                tracing::info!(platform = %surface.platform, channel = %surface.channel, "cards get through again");
                self.store.commit(Turn { settings: vec![(key, None)], ..Turn::default() }).await?;
            }
        }
        Ok(())
    }

    /// What stands in the way now.
    pub(in crate::engine) async fn read_troubles(&self) -> Result<Vec<Trouble>, StoreError> {
        troubles(&*self.store).await
    }

    /// Tries everything that waits for a fix at once.
    pub(in crate::engine) async fn try_parked(&self, platform: Option<&Platform>) -> Result<(), StoreError> {
        let of = |have: &&Platform| platform.is_none_or(|platform| platform == *have);
        for platform in self.platforms().filter(of) {
            self.slots.lock().await.retain(|(have, _), _| have != platform);
            for (surface, mut publication) in self.store.publications(platform).await? {
                if publication.parked {
                    (publication.not_before, publication.attempts) = (Time(0), 0);
                    publication.version += 1;
                    match self.store.put_publication(&surface, publication).await {
                        // Somebody is at it.
                        Ok(()) | Err(StoreError::Conflict(_)) => {}
                        Err(why) => return Err(why),
                    }
                }
            }
        }
        self.card_due.send_modify(|count| *count += 1);
        Ok(())
    }
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
