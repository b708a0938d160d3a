//! Commands that concern no incident: lists, figures, the emergency stop.

use super::HOLD;
use super::access::Asker;
use super::desk::ROWS;
use super::turn::Working;
use crate::command;
use crate::domain::Repo;
use crate::domain::actor::{Place, Principal, Role};
use crate::domain::effect::Effect;
use crate::domain::facts::Hold;
use crate::domain::ids::IncidentNo;
use crate::domain::intent::Intent;
use crate::domain::journal::{Entry, Note, QuarantinedRow};
use crate::domain::quarantined::Quarantined;
use crate::domain::subscription::{ChannelChange, owns};
use crate::domain::text::{Untrusted, listing};
use crate::incident::row;
use crate::ports::{Query, StoreError};
use serde_json::json;
use std::collections::BTreeSet;

/// The installation's own journal.
const HOUSE: IncidentNo = IncidentNo(0);

/// Incidents whose repositories may be counted: the newest.
const STATS_MAX: usize = 1_000;

impl Working<'_> {
    /// Commands that concern no incident.
    ///
    /// `None` while the forge is asked what the person may read.
    pub(super) async fn house(
        &mut self,
        by: &Principal,
        asker: &Asker,
        intent: Intent,
    ) -> Result<Option<Note>, StoreError> {
        let answer = self.housed(by, asker, intent).await?;
        if let Some(kept) = answer.as_ref().and_then(|note| kept(&asker.place, note)) {
            self.house_entry(by, kept).await?;
        }
        Ok(answer)
    }

    async fn housed(&mut self, by: &Principal, asker: &Asker, intent: Intent) -> Result<Option<Note>, StoreError> {
        let place = &asker.place;
        let here = || place.pull.as_ref().map(|(repo, _)| repo.clone());
        let named = |repo: Option<Repo>| here().or(repo).map(|repo| self.state.names.current(&repo));
        if asker.reader.sees_nothing() && intent.reads() {
            return Ok(Some(Note::NotForYou));
        }
        Ok(Some(match intent {
            Intent::Help { topic } => match command::help(topic.as_deref()) {
                Some(text) => Note::Help { text },
                None => Note::Mistake {
                    what: format!("Unknown command \"{}\"", topic.unwrap_or_default()),
                    nearest: None,
                    example: None,
                },
            },
            Intent::List { repo, stage } => {
                let repo = named(repo);
                return self.list(asker, repo, stage).await;
            }
            Intent::Quarantined { repo, owner } => {
                let repo = named(repo);
                return self.quarantined(asker, repo, owner).await;
            }
            Intent::Doctor => {
                let (place, actor_id) = (asker.place.clone(), asker.actor.id.clone());
                self.effect(Effect::Doctor { place, actor_id });
                return Ok(None);
            }
            Intent::Loops { active } => return self.loops(asker, named(None), active).await,
            Intent::Routing { reset: true } => Note::RoutingReset { workflows: self.forget_records().await? },
            Intent::Routing { reset: false } => return self.routing(asker, named(None)).await,
            Intent::Budget => {
                let view = crate::ports::Ask::budget(self.engine).await;
                let money = format!(
                    "agents spent ${:.2} of ${:.2}; one loop may cost ${:.2}",
                    view.daily_spend, view.daily_limit, view.per_loop_limit
                );
                Note::Budget { lines: vec![view.reason, money] }
            }
            Intent::Stats { repo } => {
                let repo = named(repo);
                return self.stats(asker, repo).await;
            }
            Intent::Hold { reason } => self.hold(by, reason).await?,
            Intent::Unhold => self.unhold(by).await?,
            Intent::Link { by: how } => return self.link(by, asker, how).await,
            Intent::Unlink { login } => self.unlink(by, asker, login).await?,
            Intent::Subscribe { filter } => return Ok(self.subscribe(asker, filter)),
            Intent::Mute { for_ms } => self.mute(place, for_ms),
            Intent::Digests => self.digests(place, false).await?,
            Intent::Digest { every, minute, zone } => self.digest(place, every, (minute, zone)).await?,
            Intent::NoDigests => self.no_digests(place).await?,
            Intent::Notify { road, quiet, zone } => self.notify(by, (road, quiet, zone)).await?,
            Intent::Unsubscribe { repo, from } => self.unsubscribe(place, from, repo.as_ref().map(Repo::as_str)),
            _ => self.subscriptions(place),
        }))
    }

    async fn list(
        &mut self,
        asker: &Asker,
        repo: Option<Repo>,
        stage: Option<String>,
    ) -> Result<Option<Note>, StoreError> {
        let stage = stage.and_then(|stage| serde_json::from_value(stage.into()).ok());
        let repo = repo.map(|repo| repo.to_string());
        let query = Query { repo, stage, open_only: stage.is_none(), limit: 200, ..Query::default() };
        let found = self.engine.store.incidents(&query).await?;
        let Some(found) = self.only_seen(asker, found, |incident| &incident.repo) else { return Ok(None) };
        let what = if stage.is_none() { "open incidents".to_owned() } else { "matching incidents".to_owned() };
        let more = found.len().saturating_sub(ROWS) as u64;
        Ok(Some(Note::List { rows: found.iter().take(ROWS).map(row).collect(), more, what }))
    }

    async fn loops(
        &mut self,
        asker: &Asker,
        of: Option<Repo>,
        active: Option<bool>,
    ) -> Result<Option<Note>, StoreError> {
        let mut found = self.engine.all_loops(active).await?;
        found.retain(|view| of.as_ref().is_none_or(|of| view.repo == *of));
        let Some(found) = self.only_seen(asker, found, |view| &view.repo) else { return Ok(None) };
        let more = found.len().saturating_sub(ROWS) as u64;
        let lines = found.iter().take(ROWS).map(|view| super::loops::line(view).into()).collect();
        Ok(Some(Note::Loops { lines, more }))
    }

    async fn routing(&mut self, asker: &Asker, of: Option<Repo>) -> Result<Option<Note>, StoreError> {
        let mut found = self.records().await?;
        found.retain(|(repo, ..)| of.as_ref().is_none_or(|of| repo == of));
        let Some(found) = self.only_seen(asker, found, |(repo, ..)| repo) else { return Ok(None) };
        let lines: Vec<Untrusted> = found.iter().flat_map(super::loops::records).map(Untrusted::from).collect();
        let more = lines.len().saturating_sub(ROWS) as u64;
        Ok(Some(Note::Routing { lines: lines.into_iter().take(ROWS).collect(), more }))
    }

    /// Counted outside the turn, over what the person may see.
    async fn stats(&mut self, asker: &Asker, repo: Option<Repo>) -> Result<Option<Note>, StoreError> {
        let everything = asker.reader.person.role == Role::Admin;
        let mut only = None;
        if !(everything && repo.is_none()) {
            let asked = match repo {
                Some(repo) => vec![repo],
                None => self.known_repos().await?,
            };
            let Some(seen) = self.only_seen(asker, asked, |repo| repo) else { return Ok(None) };
            only = Some(seen);
        }
        let (place, actor_id) = (asker.place.clone(), asker.actor.id.clone());
        self.effect(Effect::Stats { place, actor_id, only });
        Ok(None)
    }

    /// The repositories of the newest incidents.
    async fn known_repos(&self) -> Result<Vec<Repo>, StoreError> {
        let query = Query { limit: STATS_MAX, ..Query::default() };
        let found = self.engine.store.incidents(&query).await?;
        let repos: BTreeSet<Repo> = found.into_iter().map(|incident| incident.repo).collect();
        Ok(repos.into_iter().collect())
    }

    /// Quarantined tests by owner, oldest first.
    async fn quarantined(
        &mut self,
        asker: &Asker,
        repo: Option<Repo>,
        owner: Option<String>,
    ) -> Result<Option<Note>, StoreError> {
        let mut all = self.engine.read_ledger(repo.as_ref()).await?;
        all.retain(|entry| owner.as_ref().is_none_or(|owner| entry.owners.iter().any(|have| owns(owner, have))));
        let Some(mut all) = self.only_seen(asker, all, |entry| &entry.repo) else { return Ok(None) };
        let whose = |entry: &Quarantined| listing(&entry.owners, 3);
        all.sort_by_key(|entry| (whose(entry), entry.since));
        let more = all.len().saturating_sub(ROWS) as u64;
        let row = |entry: &Quarantined| QuarantinedRow {
            id: entry.id.clone(),
            repo: entry.repo.as_str().into(),
            test: entry.test.clone(),
            owner: if entry.owners.is_empty() { "no owner".into() } else { whose(entry).into() },
            age: format!("{}d", entry.age_days(self.now)),
            until: entry.until.clone(),
            reason: entry.reason.clone(),
            served: entry.served,
            pending: entry.pending,
        };
        let what = owner.or_else(|| repo.map(|repo| repo.to_string()));
        Ok(Some(Note::Quarantined { rows: all.iter().take(ROWS).map(row).collect(), more, what }))
    }

    async fn hold(&mut self, by: &Principal, reason: Option<crate::domain::Untrusted>) -> Result<Note, StoreError> {
        if let Some(hold) = self.engine.read_hold().await? {
            return Ok(Note::HoldAlready { by: hold.by, since: hold.at });
        }
        let hold = Hold { by: by.name.line(60), at: self.now, reason: reason.clone() };
        self.turn.settings.push((HOLD.into(), Some(json!(hold))));
        tracing::warn!(by = %hold.by, "emergency stop: automatic acts are off");
        let note = Note::HoldSet { by: by.name.clone(), reason };
        self.house_entry(by, note.clone()).await?;
        Ok(note)
    }

    async fn unhold(&mut self, by: &Principal) -> Result<Note, StoreError> {
        if self.engine.read_hold().await?.is_none() {
            return Ok(Note::NoHold);
        }
        self.turn.settings.push((HOLD.into(), None));
        tracing::warn!(by = %by.name.line(60), "emergency stop lifted");
        let note = Note::HoldLifted { by: by.name.clone() };
        self.house_entry(by, note.clone()).await?;
        Ok(note)
    }

    pub(super) async fn house_entry(&mut self, by: &Principal, note: Note) -> Result<(), StoreError> {
        const SEQ: &str = "house_entries";
        let last = self.engine.store.setting(SEQ).await?;
        let seq = last.as_ref().and_then(serde_json::Value::as_u64).unwrap_or(0) + 1;
        // Two engines at once must not write one entry.
        self.turn.expect.push((SEQ.into(), last));
        self.turn.settings.push((SEQ.into(), Some(seq.into())));
        let entry = Entry {
            seq,
            at: self.now,
            by: Some(by.key.clone()),
            delivery: self.delivery.id.clone(),
            tell: false,
            note,
        };
        self.turn.journal.push((HOUSE, entry));
        Ok(())
    }
}

/// What the installation's own journal keeps of an answer: changes that others notice later.
fn kept(place: &Place, answer: &Note) -> Option<Note> {
    let mut channel = format!("{}:{}", place.platform, place.channel);
    let change = match answer {
        Note::Subscribed { feed } => ChannelChange::Subscribed { feed: feed.clone() },
        Note::Unsubscribed { count: count @ 1.., from } => {
            channel = from.clone().unwrap_or(channel);
            ChannelChange::Unsubscribed { count: *count }
        }
        Note::Muted { until } => ChannelChange::Muted { until: *until },
        Note::Digests { changed: true, rows } => {
            ChannelChange::Digests { all: rows.iter().map(|row| row.words.line(120)).collect() }
        }
        Note::RoutingReset { workflows: 1.. } => return Some(answer.clone()),
        _ => return None,
    };
    Some(Note::ChannelSet { channel, change })
}
