//! How people want to be told: their own word, else the configuration's.

use super::Engine;
use super::summaries::unknown_zone;
use super::turn::Working;
use crate::domain::actor::{Platform, Principal};
use crate::domain::journal::Note;
use crate::domain::mention::{Preference, Road};
use crate::domain::time::Time;
use crate::policy::{self, Quiet};
use crate::ports::{Contact, StoreError};
use serde_json::json;

fn key(person: &str) -> String {
    format!("notify:{person}")
}

/// How one person is to be told at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wants {
    /// Mentioned in threads.
    pub mention: bool,
    /// A direct message instead of a mention.
    pub instead: bool,
    /// A direct message for what most likely is theirs, or is assigned to them.
    pub direct: bool,
    /// When their quiet hours end, during them.
    pub quiet_until: Option<Time>,
}

impl Engine {
    pub(super) async fn preference(&self, person: &str) -> Result<Option<Preference>, StoreError> {
        let stored = self.store.setting(&key(person)).await?;
        Ok(stored.and_then(|value| serde_json::from_value(value).ok()))
    }

    /// How this person is to be told now.
    pub(super) async fn wants(&self, person: &Contact, now: Time) -> Result<Wants, StoreError> {
        let said = self.preference(&person.key).await?;
        let road = said.as_ref().map_or(Road::Default, |said| said.road);
        let quiet = said.as_ref().and_then(quiet).and_then(|quiet| quiet.until(now));
        let reachable = person.accounts.iter().any(|(platform, _)| self.chats.contains_key(platform));
        Ok(Wants {
            mention: matches!(road, Road::Thread | Road::Default),
            instead: road == Road::Dm && reachable,
            direct: road == Road::Dm || (road == Road::Default && person.direct),
            quiet_until: quiet,
        })
    }

    /// As [`Engine::wants`], for an owner as CODEOWNERS writes it; `None` for groups and strangers.
    pub(super) async fn owner_wants(&self, owner: &str, now: Time) -> Result<Option<(Contact, Wants)>, StoreError> {
        let Some(contact) = self.directory.owner(owner) else { return Ok(None) };
        let wants = self.wants(&contact, now).await?;
        Ok(Some((contact, wants)))
    }

    /// Where a person gets direct messages now; nowhere if they do not want any.
    pub(super) async fn direct_to(&self, person: &Contact, now: Time) -> Result<Vec<(Platform, String)>, StoreError> {
        let wants = self.wants(person, now).await?;
        Ok(if wants.direct { person.accounts.clone() } else { Vec::new() })
    }
}

/// The person's own quiet hours.
fn quiet(said: &Preference) -> Option<Quiet> {
    Quiet::read(said.quiet.as_deref()?, policy::zone(&said.zone)?)
}

impl Working<'_> {
    /// Shows how the person is told, after changing what they name.
    pub(super) async fn notify(
        &mut self,
        by: &Principal,
        (road, hours, zone): (Option<Road>, Option<String>, Option<String>),
    ) -> Result<Note, StoreError> {
        if !by.known {
            let why = vec!["your account is not in [[people]]; ask an admin".to_owned()];
            return Ok(Note::Refused { what: "change how you are told".into(), why });
        }
        let changes = road.is_some() || hours.is_some() || zone.is_some();
        let mut said = self.engine.preference(&by.key).await?.unwrap_or_else(|| Preference {
            road: Road::Default,
            quiet: None,
            zone: self.engine.settings().mentions.zone_name(),
        });
        said.road = road.unwrap_or(said.road);
        if let Some(zone) = zone {
            if policy::zone(&zone).is_none() {
                return Ok(unknown_zone(&zone, "notify quiet=22:00-07:00"));
            }
            said.zone = zone;
        }
        match hours.as_deref() {
            Some("off") => said.quiet = None,
            Some(hours) if Quiet::read(hours, policy::UTC).is_none() => {
                let what = "Quiet hours are two different times, such as 22:00-07:00".to_owned();
                let example = Some("notify quiet=22:00-07:00".to_owned());
                return Ok(Note::Mistake { what, nearest: None, example });
            }
            Some(hours) => said.quiet = Some(hours.to_owned()),
            None => {}
        }
        if changes {
            let plain = said.road == Road::Default && said.quiet.is_none();
            self.turn.settings.push((key(&by.key), (!plain).then(|| json!(said))));
        }
        let direct = self.engine.directory.person(&by.key).is_some_and(|person| person.direct);
        let quiet = said.quiet.as_ref().map(|hours| format!("{hours}, {}", said.zone));
        Ok(Note::Notified { road: said.road, direct, quiet })
    }
}
