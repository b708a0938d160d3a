//! The weekly review: what the bot did by itself, and how each act ended, in every channel that saw the incidents.

use super::turn::Working;
use super::{Engine, stats};
use crate::domain::actor::Platform;
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::figures::Act;
use crate::domain::ids::IncidentNo;
use crate::domain::subscription::{Subscription, repo_glob};
use crate::domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, Time};
use crate::ports::{PortError, StoreError, Surface, TimerRow, Turn};
use std::collections::BTreeSet;

/// The timer's key, and the setting that says until when it is set.
const REVIEW: &str = "review";
/// Mondays at eight, UTC.
const HOUR: i64 = 8;
/// Older incidents are not looked at: acts on them are long over.
const BACK_MS: i64 = 120 * DAY_MS;
/// Clocks differ: look for a post that was lost from a little before.
const SKEW_MS: i64 = 5 * MINUTE_MS;

/// The next Monday at eight after `now`. The epoch was a Thursday.
fn next(now: Time) -> Time {
    let monday = now.day() - (now.day() + 3).rem_euclid(7);
    let at = Time(monday * DAY_MS + HOUR * HOUR_MS);
    if at > now { at } else { at.plus_ms(7 * DAY_MS) }
}

fn row(from: Time, to: Time) -> TimerRow {
    TimerRow { key: REVIEW.into(), at: to, event: Event::WeekEnded { from, to } }
}

impl Engine {
    /// Sets the timer of the first review; each review sets the next one.
    pub(super) async fn schedule_review(&self) -> Result<(), StoreError> {
        if self.store.setting(REVIEW).await?.is_some() {
            return Ok(());
        }
        let now = self.clock.now();
        let at = next(now);
        let settings = vec![(REVIEW.to_owned(), Some(at.0.into()))];
        self.store.commit(Turn { timers: vec![row(now, at)], settings, ..Turn::default() }).await
    }

    /// Posts the review where there is something to tell. An earlier try that left its post is found by its marker.
    pub(super) async fn review(
        &self,
        platform: &Platform,
        channel: &str,
        (from, to): (Time, Time),
    ) -> Result<(), PortError> {
        let Some(chat) = self.chats.get(platform) else { return Ok(()) };
        let acts =
            self.acts(platform, channel, (from, to)).await.map_err(|why| PortError::transient(why.to_string()))?;
        if acts.is_empty() {
            return Ok(());
        }
        let marker = self.marker(IncidentNo(0), &format!("review-{}", to.day()));
        if chat.find(channel, None, &marker, to.plus_ms(-SKEW_MS)).await?.is_some() {
            return Ok(());
        }
        let card = self.words.review(chat.markup(), &acts, (from, to));
        let card = card.map_err(|why| PortError::permanent(why.to_string()))?;
        chat.post(channel, &card, &marker).await.map(|_| ())
    }

    /// The automatic acts of these days on incidents whose card stands in the channel, oldest first.
    async fn acts(&self, platform: &Platform, channel: &str, (from, to): (Time, Time)) -> Result<Vec<Act>, StoreError> {
        let mut all = Vec::new();
        let keep = |incident: &crate::domain::incident::Incident| all.extend(stats::of_week(incident, from, to));
        self.each_incident(None, from.plus_ms(-BACK_MS), keep).await?;
        let mut shown: BTreeSet<IncidentNo> = all.iter().map(|act| act.incident).collect();
        for no in shown.clone() {
            if !self.still_fed(platform, channel, no).await? {
                shown.remove(&no);
                continue;
            }
            let here = |surface: &Surface| surface.platform == *platform && surface.channel == channel;
            if !self.store.surfaces(no).await?.iter().any(here) {
                shown.remove(&no);
            }
        }
        all.retain(|act| shown.contains(&act.incident));
        all.sort_by_key(|act| act.at);
        Ok(all)
    }
}

impl Engine {
    /// Whether the channel is subscribed to the incident's repository now.
    async fn still_fed(&self, platform: &Platform, channel: &str, no: IncidentNo) -> Result<bool, StoreError> {
        let Some(incident) = self.store.incident(no).await? else { return Ok(false) };
        let state = self.state.lock().await;
        let here = |feed: &&Subscription| feed.platform == *platform && feed.channel == channel;
        let fits = |feed: &Subscription| {
            let pattern = feed.filter.repo.as_deref();
            pattern.is_none_or(|pattern| state.names.all(&incident.repo).any(|name| repo_glob(pattern, name.as_str())))
        };
        Ok(state.all_feeds().filter(here).any(fits))
    }
}

impl Working<'_> {
    /// Orders a review for each channel that is fed, and sets the next one's timer.
    pub(super) async fn week_ended(&mut self, from: Time, to: Time) -> Result<(), StoreError> {
        let at = next(self.now);
        self.turn.timers.push(row(to, at));
        self.turn.settings.push((REVIEW.to_owned(), Some(at.0.into())));
        let lasting = |platform: &Platform| self.engine.chats.get(platform).is_some_and(|chat| chat.remembers());
        let feeds = self.state.all_feeds().filter(|feed| lasting(&feed.platform));
        let channels: BTreeSet<_> = feeds.map(|feed| (feed.platform.clone(), feed.channel.clone())).collect();
        for (platform, channel) in channels {
            let surface = Surface { incident: IncidentNo(0), platform, channel };
            // A weekly digest tells it too.
            let told = self.engine.has_weekly(&surface.platform, &surface.channel).await?;
            if !told && !self.is_muted(&surface).await? {
                let Surface { platform, channel, .. } = surface;
                self.effect(Effect::Review { platform, channel, from, to });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reviews_come_on_mondays_at_eight() {
        // 2026-01-01 was a Thursday; the Monday after it is the 5th.
        let monday = Time(1_767_600_000_000);
        for (now, want) in [
            (Time(1_767_268_800_000), monday),
            (monday.plus_ms(-1), monday),
            (monday, monday.plus_ms(7 * DAY_MS)),
            (Time(0), Time(4 * DAY_MS + HOUR * HOUR_MS)),
        ] {
            assert_eq!(next(now), want, "{now:?}");
        }
    }
}
