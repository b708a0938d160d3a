//! What people look at in the pages of the console, and programs beside incidents: as far as the person may read it at the
//! forge.

pub mod audit;
mod board;
mod sight;
mod society;

use super::Engine;
use super::access::{REPOS_MAX, sight, told};
use crate::domain::actor::{Actor, Place, Role};
use crate::domain::figures::Figures;
use crate::domain::ids::{IncidentNo, Repo};
use crate::domain::incident::Incident;
use crate::policy::access::{Reader, Sight};
use crate::ports::{
    AuditAsked, AuditPage, Board, BoardAsked, ExportAsked, Fed, Format, Insight, Lines, Query, Society, StoreError,
    Watched, Wellbeing,
};
use async_trait::async_trait;
use std::collections::BTreeSet;

/// Questions that the forge is asked at a time.
const AT_ONCE: usize = 8;

impl Engine {
    /// Somebody at the console, as if they asked where no channel vouches for them. Whom a way of signing in let in is as
    /// known as a person of the configuration: the forge decides.
    pub(super) fn asks(&self, actor: &Actor, place: &Place) -> Reader {
        let person = self.directory.principal(actor, place);
        Reader { person, stranger: false, inside: true, pull: None, feeds: Vec::new() }
    }

    /// Those of the repositories that this person may read: the forge is asked about the first 40 that it has to be asked
    /// about and has not told lately, and no answer means no.
    pub(super) async fn may_read(&self, reader: &Reader, repos: BTreeSet<Repo>) -> BTreeSet<Repo> {
        let login = reader.person.github.as_deref();
        let (mut open, mut asks) = (BTreeSet::new(), Vec::new());
        {
            let (state, answers) = (self.state.lock().await, self.answers.lock().await);
            for repo in repos {
                match sight(&self.settings().rules, &state.names, reader, &repo) {
                    Sight::Yes => drop(open.insert(repo)),
                    Sight::Ask if self.forge.is_none() => drop(open.insert(repo)),
                    Sight::Ask => match told(&answers, login, &repo, self.clock.now()) {
                        Some(told) => drop(told.may.then(|| open.insert(repo))),
                        None if asks.len() < REPOS_MAX => asks.push(repo),
                        None => {}
                    },
                    Sight::No => {}
                }
            }
        }
        for some in asks.chunks(AT_ONCE) {
            let mut waits = Vec::new();
            for repo in some {
                waits.push(self.readable_one(login, repo));
            }
            let told = futures::future::join_all(waits).await;
            open.extend(told.into_iter().filter(|told| told.may).map(|told| told.repo));
        }
        open
    }

    async fn watched(&self) -> Result<Vec<Watched>, StoreError> {
        let Some(status) = &self.status else { return Ok(Vec::new()) };
        let looks = self.provider_looks().await?;
        let watched = |name: String| {
            let known = looks.iter().find(|(have, ..)| *have == name);
            Watched { at: known.map(|(_, at, _)| *at), open: known.map_or(0, |(.., open)| *open), name }
        };
        Ok(status.names().into_iter().map(watched).collect())
    }
}

#[async_trait]
impl Insight for Engine {
    async fn sees(
        &self,
        actor: &Actor,
        place: &Place,
        incidents: &[IncidentNo],
    ) -> Result<BTreeSet<IncidentNo>, StoreError> {
        self.sees(&self.asks(actor, place), incidents).await
    }

    async fn incidents(
        &self,
        actor: &Actor,
        place: &Place,
        query: Query,
    ) -> Result<(Vec<Incident>, Option<u64>), StoreError> {
        self.seen_incidents(&self.asks(actor, place), query).await
    }

    async fn figures(&self, actor: &Actor, place: &Place) -> Result<Figures, StoreError> {
        let only = self.scope(&self.asks(actor, place)).await?.map(|repos| repos.into_iter().collect::<Vec<_>>());
        Self::figures(self, only.as_deref()).await
    }

    async fn export(&self, actor: &Actor, place: &Place, asked: ExportAsked) -> Result<Lines, StoreError> {
        let only = self.scope(&self.asks(actor, place)).await?;
        let asked = ExportAsked { only, ..asked };
        Ok(super::export::export(self.store.clone(), self.words.clone(), asked))
    }

    async fn board(
        &self,
        actor: &Actor,
        place: &Place,
        asked: &BoardAsked,
        skip: usize,
        limit: usize,
    ) -> Result<Board, StoreError> {
        self.quarantine_board(&self.asks(actor, place), asked, (skip, limit)).await
    }

    async fn feeds(&self, actor: &Actor, place: &Place) -> Result<Vec<Fed>, StoreError> {
        self.fed(&self.asks(actor, place)).await
    }

    async fn society(&self, actor: &Actor, place: &Place) -> Result<Society, StoreError> {
        self.known_people(actor, place).await
    }

    async fn wellbeing(&self, who: Option<(&Actor, &Place)>) -> Result<Wellbeing, StoreError> {
        const LETTERS: usize = 50;
        let role = who.map_or(Role::Admin, |(actor, place)| self.directory.principal(actor, place).role);
        let (whole, now) = (role >= Role::Responder, self.clock.now());
        let mut vitals = self.health.look();
        if !whole {
            for vital in &mut vitals {
                (vital.last_error, vital.failed) = (None, vital.failed.take().map(|(at, _)| (at, String::new())));
            }
        }
        let slots = self.slots.lock().await.clone();
        let pauses = slots.into_iter().filter(|(_, until)| until.ms_since(now) > PAUSE_MS);
        let mut pauses: Vec<_> = pauses.map(|((platform, channel), until)| (platform, channel, until)).collect();
        pauses.sort();
        Ok(Wellbeing {
            vitals,
            store: self.store.probe().await.err().map(|why| why.to_string()),
            counts: self.store.counts().await?,
            troubles: if whole { self.read_troubles().await? } else { Vec::new() },
            pauses: if whole { pauses } else { Vec::new() },
            heard: self.health.last_heard().into_iter().map(|(source, at)| (source.to_owned(), at)).collect(),
            providers: self.watched().await?,
            agents: self.agents.is_some(),
            hold: self.read_hold().await?,
            letters: if role == Role::Admin { self.store.dead_letters(LETTERS).await? } else { Vec::new() },
            whole,
        })
    }

    async fn audit(
        &self,
        who: Option<(&Actor, &Place)>,
        asked: &AuditAsked,
        limit: usize,
    ) -> Result<AuditPage, StoreError> {
        let search = self.search(who, asked).await?;
        search.page(asked.before, limit).await
    }

    async fn audit_lines(
        &self,
        who: Option<(&Actor, &Place)>,
        asked: AuditAsked,
        format: Format,
    ) -> Result<Lines, StoreError> {
        Ok(self.search(who, &asked).await?.lines(format))
    }
}

/// Channels are paced: only what is longer is a pause.
const PAUSE_MS: i64 = 5_000;
