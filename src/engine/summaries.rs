//! The digests of channels: asked for by command or configuration, due by the clock on the wall, each told once.

mod tell;

use super::Engine;
use super::turn::Working;
use crate::domain::actor::{Place, Platform};
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::ids::IncidentNo;
use crate::domain::journal::{FeedRow, Note};
use crate::domain::summary::{Every, Schedule};
use crate::domain::time::Time;
use crate::policy;
use crate::ports::{StoreError, Surface, TimerRow, Turn};
use serde::{Deserialize, Serialize};
use serde_json::json;

const KEY: &str = "summary:";
/// Nine o'clock.
const MINUTE: i16 = 9 * 60;

/// A digest as it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Standing {
    schedule: Schedule,
    /// What happened since then has not been told.
    since: Time,
    next: Time,
}

fn key(platform: &Platform, channel: &str, every: Every) -> String {
    format!("{KEY}{}:{platform}:{channel}", every.as_str())
}

/// When a digest comes next after `now`; `None` if its zone is unknown.
fn next(schedule: &Schedule, now: Time) -> Option<Time> {
    let zone = policy::zone(&schedule.zone)?;
    match schedule.every {
        Every::Daily => policy::next(schedule.minute, &zone, now),
        Every::Weekly => policy::next_monday(schedule.minute, &zone, now),
    }
}

impl Standing {
    fn key(&self) -> String {
        key(&self.schedule.platform, &self.schedule.channel, self.schedule.every)
    }

    fn timer(&self) -> TimerRow {
        let Schedule { platform, channel, every, .. } = &self.schedule;
        let event = Event::SummaryDue { platform: platform.clone(), channel: channel.clone(), every: *every };
        TimerRow { key: self.key(), at: self.next, event }
    }

    fn store(&self, turn: &mut Turn) {
        turn.settings.push((self.key(), Some(json!(self))));
        turn.timers.push(self.timer());
    }
}

fn remove(key: String, turn: &mut Turn) {
    turn.settings.push((key.clone(), None));
    turn.cancel_timers.push(key);
}

impl Engine {
    async fn standing(&self, key: &str) -> Result<Option<Standing>, StoreError> {
        let stored = self.store.setting(key).await?;
        Ok(stored.and_then(|value| serde_json::from_value(value).ok()))
    }

    /// The digests of the configuration as they are now: those that it no longer names are gone.
    pub(super) async fn schedule_summaries(&self) -> Result<(), StoreError> {
        let mut turn = Turn::default();
        let now = self.clock.now();
        for (key, value) in self.store.settings(KEY).await? {
            let standing: Option<Standing> = serde_json::from_value(value).ok();
            let gone = standing.is_some_and(|standing| {
                standing.schedule.fixed
                    && !self.settings().digests.iter().any(|wanted| is_same(wanted, &standing.schedule))
            });
            if gone {
                remove(key, &mut turn);
            }
        }
        for schedule in &self.settings().digests {
            let key = key(&schedule.platform, &schedule.channel, schedule.every);
            let before = self.standing(&key).await?;
            if before.as_ref().is_some_and(|before| before.schedule == *schedule) {
                continue;
            }
            if let Some(next) = next(schedule, now) {
                let since = before.map_or(now, |before| before.since);
                Standing { schedule: schedule.clone(), since, next }.store(&mut turn);
            }
        }
        self.store.commit(turn).await
    }

    /// Whether a weekly digest tells this channel what the bot did by itself.
    pub(super) async fn has_weekly(&self, platform: &Platform, channel: &str) -> Result<bool, StoreError> {
        Ok(self.store.setting(&key(platform, channel, Every::Weekly)).await?.is_some())
    }
}

fn is_same(one: &Schedule, other: &Schedule) -> bool {
    (&one.platform, &one.channel, one.every) == (&other.platform, &other.channel, other.every)
}

fn refused(why: &str) -> Note {
    Note::Refused { what: "set a digest".into(), why: vec![why.into()] }
}

impl Working<'_> {
    pub(super) async fn digests(&self, place: &Place, changed: bool) -> Result<Note, StoreError> {
        let mut rows = Vec::new();
        for every in Every::ALL {
            let standing = self.engine.standing(&key(&place.platform, &place.channel, every)).await?;
            rows.extend(standing.map(|standing| row(&standing.schedule)));
        }
        Ok(Note::Digests { changed, rows })
    }

    pub(super) async fn digest(
        &mut self,
        place: &Place,
        every: Every,
        (minute, zone): (Option<i16>, Option<String>),
    ) -> Result<Note, StoreError> {
        if !self.engine.chats.get(&place.platform).is_some_and(|chat| chat.remembers()) {
            return Ok(refused("messages do not last here; use a Slack or Discord channel"));
        }
        let key = key(&place.platform, &place.channel, every);
        let before = self.engine.standing(&key).await?;
        if before.as_ref().is_some_and(|before| before.schedule.fixed) {
            return Ok(refused("the configuration sets this one"));
        }
        let (had_minute, had_zone) =
            before.as_ref().map(|before| (before.schedule.minute, before.schedule.zone.clone())).unzip();
        let schedule = Schedule {
            platform: place.platform.clone(),
            channel: place.channel.clone(),
            every,
            minute: minute.or(had_minute).unwrap_or(MINUTE),
            zone: zone.or(had_zone).unwrap_or_else(|| self.engine.settings().mentions.zone_name()),
            fixed: false,
        };
        let Some(next) = next(&schedule, self.now) else { return Ok(unknown_zone(&schedule.zone, "digest daily")) };
        let since = before.map_or(self.now, |before| before.since);
        let words = row(&schedule);
        Standing { schedule, since, next }.store(&mut self.turn);
        Ok(Note::Digests { changed: true, rows: vec![words] })
    }

    pub(super) async fn no_digests(&mut self, place: &Place) -> Result<Note, StoreError> {
        let mut rows = Vec::new();
        for every in Every::ALL {
            let key = key(&place.platform, &place.channel, every);
            match self.engine.standing(&key).await? {
                Some(standing) if standing.schedule.fixed => rows.push(row(&standing.schedule)),
                Some(_) => remove(key, &mut self.turn),
                None => {}
            }
        }
        Ok(Note::Digests { changed: true, rows })
    }

    /// Orders a digest, and sets the timer of the next one.
    pub(super) async fn summary_due(
        &mut self,
        platform: Platform,
        channel: String,
        every: Every,
    ) -> Result<(), StoreError> {
        let standing = self.engine.standing(&key(&platform, &channel, every)).await?;
        // Ended, or moved to another time, while its timer was on the way.
        let Some(mut standing) = standing.filter(|standing| standing.next <= self.now) else { return Ok(()) };
        let Some(next) = next(&standing.schedule, self.now) else { return Ok(()) };
        standing.next = next;
        let surface = Surface { incident: IncidentNo(0), platform, channel };
        // What a muted channel is not told now comes with the next one.
        if !self.is_muted(&surface).await? {
            let Surface { platform, channel, .. } = surface;
            self.effect(Effect::Summary { platform, channel, every, from: standing.since, to: self.now });
            standing.since = self.now;
        }
        standing.store(&mut self.turn);
        Ok(())
    }
}

fn row(schedule: &Schedule) -> FeedRow {
    FeedRow { words: schedule.words().into(), fixed: schedule.fixed }
}

/// Nobody knows a time zone of that name.
pub(super) fn unknown_zone(zone: &str, command: &str) -> Note {
    let shown: String = zone.chars().take(40).collect();
    Note::Mistake {
        what: format!("Unknown time zone \"{shown}\""),
        nearest: None,
        example: Some(format!("{command} zone=Europe/Berlin")),
    }
}
