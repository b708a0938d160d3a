//! A person's own page: put together when they look at it, and again when something on it changes for a while after.

use super::Engine;
use super::access::Asker;
use super::desk::waits_for;
use super::turn::Working;
use crate::card::Asked as Written;
use crate::domain::access::Asked;
use crate::domain::actor::{Actor, Place, Role};
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::ids::{IncidentNo, Repo};
use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use crate::domain::link::Account;
use crate::domain::page::{Hint, List, Lists, Opened};
use crate::domain::quarantined::Quarantined;
use crate::domain::time::{DAY_MS, MINUTE_MS, SECOND_MS, Time};
use crate::ports::{PortError, Query, Store, StoreError, TimerRow};
use serde_json::json;
use std::collections::BTreeMap;

/// Settings of pages that were looked at lately, by account.
const HOMES: &str = "home:";
/// Rows of one list.
const ROWS: usize = 10;
/// Incidents that are looked through for one list: the newest.
const LOOKED_MAX: usize = 200;
/// A quarantine that ends within this is on the page.
const SOON_MS: i64 = 7 * DAY_MS;
/// How long a page is kept up to date after somebody looked at it.
const FRESH_MS: i64 = 30 * MINUTE_MS;
/// The least time between two updates of one page that nobody asked for.
const PACE_MS: i64 = 30 * SECOND_MS;
/// Pages that are kept up to date: with the pace, at most as many calls a minute as Slack allows (tier 4, over 100).
const HOMES_MAX: usize = 50;

pub(super) type Homes = BTreeMap<String, Opened>;

pub(super) async fn load(store: &dyn Store) -> Result<Homes, StoreError> {
    let rows = store.settings(HOMES).await?;
    let read = |(key, value): (String, serde_json::Value)| {
        Some((key[HOMES.len()..].to_owned(), serde_json::from_value(value).ok()?))
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// What may be on a person's page.
enum Row {
    Waiting(Box<Incident>),
    Own(Box<Incident>),
    Team(Box<Incident>),
    Ending(Box<Quarantined>),
}

impl Row {
    fn repo(&self) -> &Repo {
        match self {
            Self::Waiting(incident) | Self::Own(incident) | Self::Team(incident) => &incident.repo,
            Self::Ending(entry) => &entry.repo,
        }
    }
}

/// The first of them, and how many are left out.
fn list(all: Vec<IncidentNo>) -> List {
    let more = all.len().saturating_sub(ROWS) as u64;
    List { incidents: all.into_iter().take(ROWS).collect(), more }
}

impl Engine {
    /// Which list of the person's page an open incident is on.
    fn row_of(&self, actor: &Actor, place: &Place, incident: Incident) -> Option<Row> {
        let person = self.directory.principal(actor, place);
        if waits_for(&self.settings().rules, &incident, &person) {
            return Some(Row::Waiting(Box::new(incident)));
        }
        if incident.closed_at.is_some() || incident.adopted_by.is_some() {
            return None;
        }
        let theirs = incident.taken.as_ref().is_some_and(|taken| taken.key == person.key)
            || incident.proposals.iter().any(|proposal| proposal.by.key.as_ref() == Some(&person.key));
        if theirs {
            return Some(Row::Own(Box::new(incident)));
        }
        let owners = incident.owners.iter().flatten();
        let team = owners.into_iter().any(|owner| self.directory.stands_for(actor, owner));
        team.then(|| Row::Team(Box::new(incident)))
    }

    /// What a person should do next who does not see everything yet.
    fn hint(&self, actor: &Actor, place: &Place) -> Option<Hint> {
        let person = self.directory.principal(actor, place);
        let can_link = self.accounts.is_some() && self.directory.may_link(&Account::of(actor), None).is_ok();
        match (person.known, person.github) {
            (true, None) if can_link => Some(Hint::Link { known: true }),
            (true, _) => None,
            (false, Some(login)) => Some(Hint::Role { login }),
            (false, None) if can_link => Some(Hint::Link { known: false }),
            (false, None) => Some(Hint::Ask { account: actor.id.clone() }),
        }
    }

    /// Writes a person's page with what its incidents are now, unless a newer page is on its way.
    pub(super) async fn show_home(
        &self,
        place: &Place,
        actor_id: &str,
        note: Option<&Note>,
        lists: Option<&Lists>,
    ) -> Result<(), PortError> {
        let Some(chat) = self.chats.get(&place.platform) else { return Ok(()) };
        let broken = |why: StoreError| PortError::transient(why.to_string());
        let Some(lists) = lists else {
            let Some(note) = note else { return Ok(()) };
            let lead = self.words.note(chat.markup(), note).map_err(|why| PortError::permanent(why.to_string()))?;
            return chat.home(actor_id, &crate::domain::page::Home { lead, ..Default::default() }).await;
        };
        let account = Account { platform: place.platform.clone(), id: actor_id.to_owned() };
        let known = self.store.setting(&format!("{HOMES}{}", account.key())).await.map_err(broken)?;
        let known: Option<Opened> = known.and_then(|value| serde_json::from_value(value).ok());
        if known.is_some_and(|opened| opened.at > lists.at) {
            return Ok(());
        }
        let (mut waiting, mut own, mut team) = (Vec::new(), Vec::new(), Vec::new());
        for (list, into) in [(&lists.waiting, &mut waiting), (&lists.own, &mut own), (&lists.team, &mut team)] {
            for no in &list.incidents {
                into.extend(self.store.incident(*no).await.map_err(broken)?);
            }
        }
        let owners = self.settings().filter.has_several_owners();
        let asked = Written { lists, waiting: &waiting, own: &own, team: &team, owners };
        let seal = |what: &crate::card::ButtonRef| self.seal.close(what);
        let home = self.words.home_of(chat.markup(), &asked, &seal);
        chat.home(actor_id, &home.map_err(|why| PortError::permanent(why.to_string()))?).await
    }
}

impl Working<'_> {
    /// Somebody looks at their page: it is kept up to date for a while.
    pub(super) async fn visit(&mut self, actor: Actor, place: Place) -> Result<(), StoreError> {
        let until = self.now.plus_ms(FRESH_MS);
        let opened = Opened { actor: actor.clone(), place: place.clone(), until, at: self.now, shown: Vec::new() };
        let over: Vec<String> = self.state.homes.iter().filter(|(_, one)| one.until <= self.now).map(key).collect();
        for key in over {
            self.forget_home(&key);
        }
        if self.state.homes.len() >= HOMES_MAX {
            let oldest = self.state.homes.iter().min_by_key(|(_, one)| one.until).map(key);
            if let Some(key) = oldest {
                self.forget_home(&key);
            }
        }
        // Of whom nothing is known, nothing changes.
        if self.engine.directory.principal(&actor, &place).known {
            self.keep_home(opened);
        }
        self.asked(Asked::Visit { actor, place }, None).await
    }

    fn keep_home(&mut self, opened: Opened) {
        let key = Account::of(&opened.actor).key();
        self.turn.settings.push((format!("{HOMES}{key}"), Some(json!(opened))));
        self.state.homes.insert(key, opened);
    }

    fn forget_home(&mut self, key: &str) {
        self.turn.settings.push((format!("{HOMES}{key}"), None));
        self.state.homes.remove(key);
    }

    /// It is time to write a page anew, if it still counts.
    pub(super) async fn home_due(&mut self, account: &Account) -> Result<(), StoreError> {
        let opened = self.state.homes.get(&account.key()).filter(|opened| opened.until > self.now).cloned();
        match opened {
            Some(Opened { actor, place, .. }) => self.asked(Asked::Visit { actor, place }, None).await,
            None => Ok(()),
        }
    }

    /// What a person's page lists: what awaits their approval, what is theirs, what is their team's.
    pub(super) async fn visited(&mut self, asker: &Asker) -> Result<(), StoreError> {
        let (actor, place) = (&asker.actor, &asker.place);
        let mut lists = Lists { at: self.now, hint: self.engine.hint(actor, place), ..Lists::default() };
        lists.acts = asker.reader.person.role >= Role::Responder;
        if asker.reader.person.known {
            let Some(rows) = self.rows(asker).await? else { return Ok(()) };
            let (mut waiting, mut own, mut team, mut ending) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for row in rows {
                match row {
                    Row::Waiting(incident) => waiting.push(incident.no),
                    Row::Own(incident) => own.push(incident.no),
                    Row::Team(incident) => team.push(incident.no),
                    Row::Ending(entry) => ending.push(*entry),
                }
            }
            (lists.waiting, lists.own, lists.team) = (list(waiting), list(own), list(team));
            lists.more_ending = ending.len().saturating_sub(ROWS) as u64;
            ending.truncate(ROWS);
            lists.ending = ending;
        }
        self.write_home(asker, lists);
        Ok(())
    }

    fn write_home(&mut self, asker: &Asker, lists: Lists) {
        if let Some(opened) = self.state.homes.get(&Account::of(&asker.actor).key()).cloned() {
            let all = [&lists.waiting, &lists.own, &lists.team].into_iter().flat_map(|list| &list.incidents);
            let shown = all.copied().collect();
            self.keep_home(Opened { at: self.now, shown, ..opened });
        }
        let (place, actor_id) = (asker.place.clone(), asker.actor.id.clone());
        self.effect(Effect::Welcome { place, actor_id, note: None, lists: Some(Box::new(lists)) });
    }

    pub(super) fn stranger_at_home(&mut self, place: Place, actor_id: String) {
        let lists = Lists { at: self.now, hint: Some(Hint::Stranger), ..Lists::default() };
        self.effect(Effect::Welcome { place, actor_id, note: None, lists: Some(Box::new(lists)) });
    }

    /// Everything that may be on the page and that the person may see; `None` while the forge is asked.
    async fn rows(&mut self, asker: &Asker) -> Result<Option<Vec<Row>>, StoreError> {
        let waiting = Query { awaits_people: true, limit: LOOKED_MAX, ..Query::default() };
        let open = Query { open_only: true, limit: LOOKED_MAX, ..Query::default() };
        let mut found = self.engine.store.incidents(&waiting).await?;
        for incident in self.engine.store.incidents(&open).await? {
            if found.iter().all(|have| have.no != incident.no) {
                found.push(incident);
            }
        }
        let of = |incident| self.engine.row_of(&asker.actor, &asker.place, incident);
        let mut rows: Vec<Row> = found.into_iter().filter_map(of).collect();
        let mut ending = self.engine.read_ledger(None).await?;
        let soon = self.now.plus_ms(SOON_MS);
        ending.retain(|entry| !entry.pending && entry.ends() > self.now && entry.ends() <= soon);
        ending.sort_by(|a, b| (&a.until, &a.id).cmp(&(&b.until, &b.id)));
        rows.extend(ending.into_iter().map(|entry| Row::Ending(Box::new(entry))));
        Ok(self.only_seen(asker, rows, Row::repo))
    }

    /// Pages that were looked at lately and show this incident, or would now, are written again at their pace.
    pub(super) fn concern_homes(&mut self, incident: &Incident) {
        let now = self.now;
        let mut due: Vec<(Account, Time)> = Vec::new();
        for opened in self.state.homes.values().filter(|opened| opened.until > now) {
            let there = opened.shown.contains(&incident.no);
            if there || self.engine.row_of(&opened.actor, &opened.place, incident.clone()).is_some() {
                due.push((Account::of(&opened.actor), opened.at.plus_ms(PACE_MS).max(now)));
            }
        }
        for (account, at) in due {
            let key = format!("{HOMES}{}", account.key());
            self.turn.timers.push(TimerRow { key, at, event: Event::HomeDue { account } });
        }
    }
}

fn key((key, _): (&String, &Opened)) -> String {
    key.clone()
}
