//! Who may see what: asked before anything is answered. What the forge has to be asked goes through the outbox, since a
//! turn waits for nobody.

use super::names::Names;
use super::turn::Working;
use super::{Engine, State};
use crate::domain::access::{Asked, Readable};
use crate::domain::actor::{Actor, Place};
use crate::domain::effect::Effect;
use crate::domain::ids::Repo;
use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use crate::domain::rules::Rules;
use crate::domain::subscription::Subscription;
use crate::domain::time::Time;
use crate::policy::access::{Reader, Sight, sees};
use crate::ports::{Query, StoreError};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long the forge's answer counts, in milliseconds.
pub(super) const COUNTS_MS: i64 = 60_000;
/// Repositories that are asked about for one answer; what is beyond is not shown.
pub(super) const REPOS_MAX: usize = 40;
/// Answers of the forge that are remembered.
const REMEMBERED: usize = 10_000;
/// A platform waits three seconds for what somebody is typing.
const TYPING: Duration = Duration::from_millis(1_500);

/// Somebody who asks, and what is known of what they may read.
pub(super) struct Asker {
    pub actor: Actor,
    pub place: Place,
    pub asked: Asked,
    pub reader: Reader,
    /// What the forge told; `None` before it was asked.
    pub readable: Option<Vec<Readable>>,
}

/// What the forge answered, by account and repository.
pub(super) type Answers = std::collections::HashMap<(String, Repo), (Readable, Time)>;

fn key(login: Option<&str>, repo: &Repo) -> (String, Repo) {
    (login.unwrap_or_default().to_ascii_lowercase(), repo.clone())
}

fn is_fresh(at: Time, now: Time) -> bool {
    (0..COUNTS_MS).contains(&now.ms_since(at))
}

/// What the forge told less than a minute ago.
pub(super) fn told<'a>(answers: &'a Answers, login: Option<&str>, repo: &Repo, now: Time) -> Option<&'a Readable> {
    answers.get(&key(login, repo)).filter(|(_, at)| is_fresh(*at, now)).map(|(known, _)| known)
}

/// By whatever name the repository is or was known.
pub(super) fn sight(rules: &Rules, names: &Names, reader: &Reader, repo: &Repo) -> Sight {
    let all = || names.all(repo).map(|name| sees(rules, reader, name));
    let has = |want: Sight| all().any(|sight| sight == want);
    if has(Sight::Yes) {
        Sight::Yes
    } else if has(Sight::Ask) {
        Sight::Ask
    } else {
        Sight::No
    }
}

impl Engine {
    pub(super) fn reader(&self, state: &State, actor: &Actor, place: &Place) -> Reader {
        let inside = self.chats.get(&place.platform).is_some_and(|chat| chat.is_inside());
        let here = |f: &&Subscription| !inside && f.platform == place.platform && f.channel == place.channel;
        Reader {
            person: self.directory.principal(actor, place),
            stranger: actor.id.contains('/'),
            inside,
            pull: place.pull.as_ref().map(|(repo, _)| repo.clone()),
            feeds: state.all_feeds().filter(here).cloned().collect(),
        }
    }

    /// What the account may read of these. What cannot be told may not be read.
    pub(super) async fn readable(&self, login: Option<&str>, repos: &[Repo]) -> Vec<Readable> {
        let mut all = Vec::new();
        for repo in repos {
            all.push(self.readable_one(login, repo).await);
        }
        all
    }

    pub(super) async fn readable_one(&self, login: Option<&str>, repo: &Repo) -> Readable {
        let now = self.clock.now();
        let fresh = |at: &Time| is_fresh(*at, now);
        if let Some(known) = told(&*self.answers.lock().await, login, repo, now) {
            return known.clone();
        }
        let key = key(login, repo);
        let asked = self.ask_forge(login, repo).await;
        let Ok(found) = asked else { return Readable { repo: repo.clone(), name: None, may: false } };
        let mut kept = self.answers.lock().await;
        if kept.len() >= REMEMBERED {
            kept.retain(|_, (_, at)| fresh(at));
        }
        if kept.len() < REMEMBERED {
            kept.insert(key, (found.clone(), now));
        }
        found
    }

    async fn ask_forge(&self, login: Option<&str>, repo: &Repo) -> Result<Readable, crate::ports::PortError> {
        let forge = self.forge()?;
        let Some(known) = forge.repository(repo).await? else {
            return Ok(Readable { repo: repo.clone(), name: None, may: false });
        };
        let may = match login {
            _ if !known.private => true,
            Some(login) => forge.may_read(repo, login).await?,
            None => false,
        };
        Ok(Readable { repo: repo.clone(), name: Some(known.name), may })
    }

    /// Incidents that somebody may see who is typing: the forge is asked at once, and what comes too late is left out.
    pub(super) async fn seen_by(
        &self,
        actor: &Actor,
        place: &Place,
        query: Query,
    ) -> Result<Vec<Incident>, StoreError> {
        let found = self.store.incidents(&query).await?;
        let repos: BTreeSet<Repo> = found.iter().map(|incident| incident.repo.clone()).collect();
        let repos: Vec<Repo> = repos.into_iter().collect();
        let open = self.visible(actor, place, &repos).await;
        Ok(found.into_iter().filter(|incident| open.contains(&incident.repo)).collect())
    }

    /// Those of the repositories that somebody may see who is typing; the first are asked about first.
    pub(super) async fn visible(&self, actor: &Actor, place: &Place, repos: &[Repo]) -> BTreeSet<Repo> {
        let state = self.state.lock().await;
        let reader = self.reader(&state, actor, place);
        let mut open: BTreeSet<Repo> = BTreeSet::new();
        let mut asks: Vec<Repo> = Vec::new();
        for repo in repos {
            match sight(&self.settings().rules, &state.names, &reader, repo) {
                Sight::Yes => drop(open.insert(repo.clone())),
                Sight::Ask if self.forge.is_none() => drop(open.insert(repo.clone())),
                Sight::Ask if asks.len() < REPOS_MAX => asks.push(repo.clone()),
                Sight::Ask | Sight::No => {}
            }
        }
        drop(state);
        let told = tokio::time::timeout(TYPING, self.readable(reader.person.github.as_deref(), &asks)).await;
        open.extend(told.unwrap_or_default().into_iter().filter(|told| told.may).map(|told| told.repo));
        open
    }
}

impl Working<'_> {
    pub(super) fn asker(&self, asked: Asked, readable: Option<Vec<Readable>>) -> Asker {
        let (actor, place) = asked.by();
        let (actor, place) = (actor.clone(), place.clone());
        let reader = self.engine.reader(self.state, &actor, &place);
        Asker { actor, place, asked, reader, readable }
    }

    /// Whether they may see it; `None` where the forge has to be asked first.
    pub(super) fn may_see(&self, asker: &Asker, repo: &Repo) -> Option<bool> {
        match sight(&self.engine.settings().rules, &self.state.names, &asker.reader, repo) {
            Sight::Yes => Some(true),
            Sight::No => Some(false),
            Sight::Ask if self.engine.forge.is_none() => Some(true),
            Sight::Ask => {
                let told = asker.readable.as_ref()?;
                Some(told.iter().any(|told| told.repo == *repo && told.may))
            }
        }
    }

    /// The channel's feeds that want this very incident.
    pub(super) fn wanting<'r>(&self, asker: &'r Asker, incident: &Incident) -> Vec<&'r Subscription> {
        let subject = super::surfaces::subject(incident);
        asker.reader.feeds.iter().filter(|feed| self.state.names.wants(&feed.filter, &subject)).collect()
    }

    /// As [`Self::may_see`]: the channel's members see the cards that it is fed.
    pub(super) fn may_see_incident(&self, asker: &Asker, incident: &Incident) -> Option<bool> {
        let fed = !asker.reader.is_refused() && !self.wanting(asker, incident).is_empty();
        if fed { Some(true) } else { self.may_see(asker, &incident.repo) }
    }

    /// The rows of what they may see; `None` once the forge is being asked.
    pub(super) fn only_seen<T>(&mut self, asker: &Asker, rows: Vec<T>, repo: impl Fn(&T) -> &Repo) -> Option<Vec<T>> {
        // Those of the newest rows first.
        let mut unknown: Vec<Repo> = Vec::new();
        for repo in rows.iter().map(&repo).filter(|repo| self.may_see(asker, repo).is_none()) {
            if !unknown.contains(repo) && unknown.len() < REPOS_MAX {
                unknown.push(repo.clone());
            }
        }
        if !unknown.is_empty() {
            self.clear(asker, unknown);
            return None;
        }
        Some(rows.into_iter().filter(|row| self.may_see(asker, repo(row)) == Some(true)).collect())
    }

    /// Asks the forge; the same is then asked again with its answer.
    pub(super) fn clear(&mut self, asker: &Asker, repos: Vec<Repo>) {
        let login = asker.reader.person.github.clone();
        self.effect(Effect::Clear { asked: Box::new(asker.asked.clone()), login, repos });
    }

    /// Something asked, with what the forge told of it a moment ago.
    pub(super) async fn cleared(&mut self, asked: Asked, told: Vec<Readable>, at: Time) -> Result<(), StoreError> {
        let fresh = self.now.ms_since(at) <= COUNTS_MS;
        self.asked(asked, fresh.then_some(told)).await
    }

    pub(super) async fn asked(&mut self, asked: Asked, told: Option<Vec<Readable>>) -> Result<(), StoreError> {
        let asker = self.asker(asked, told);
        if asker.reader.is_refused() {
            tracing::info!(delivery = %self.delivery.id, platform = %asker.place.platform, "refused a stranger");
            match asker.asked {
                Asked::Words { .. } | Asked::Press { .. } => {
                    self.answer(&asker.place, &asker.actor.id, Note::NotForYou);
                }
                other => self.refuse_pages(other),
            }
            return Ok(());
        }
        match asker.asked.clone() {
            // On the heap, as a turn is: whoever waits for one stays small.
            Asked::Words { text, .. } => Box::pin(self.words(&asker, &text)).await,
            Asked::Press { value, input, fields, .. } => Box::pin(self.pressed(&asker, &value, input, &fields)).await,
            Asked::Visit { .. } => Box::pin(self.visited(&asker)).await,
            Asked::Rescue { window, to, open, .. } => Box::pin(self.rescue(&asker, window, to, open)).await,
            Asked::Links { at, links, .. } => Box::pin(self.posted(&asker, at, &links)).await,
        }
    }
}
