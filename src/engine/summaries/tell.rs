//! What a digest tells, read from the store when it is written.

use crate::domain::actor::Platform;
use crate::domain::agent::Usd;
use crate::domain::ids::{IncidentNo, Repo};
use crate::domain::incident::{Incident, Stage};
use crate::domain::subscription::{Subscription, repo_glob};
use crate::domain::summary::{Ending, Every, Fixed, Summary};
use crate::domain::time::{DAY_MS, MINUTE_MS, Time};
use crate::engine::{Engine, stats};
use crate::incident::row;
use crate::policy::access::covers;
use crate::ports::{PortError, Query, StoreError, Surface};
use std::collections::BTreeSet;

/// Incidents opened before that are not asked how automatic acts on them ended.
const BACK_MS: i64 = 120 * DAY_MS;
/// Open incidents looked at.
const OPEN_MAX: usize = 1_000;
/// Jobs that flake most.
const FLAKY: usize = 5;
/// Clocks differ: look for a post that was lost from a little before.
const SKEW_MS: i64 = 5 * MINUTE_MS;

/// Quarantines that end within this time are told.
fn soon_ms(every: Every) -> i64 {
    match every {
        Every::Daily => 2 * DAY_MS,
        Every::Weekly => 8 * DAY_MS,
    }
}

/// A channel, as a digest sees it.
struct Channel<'a> {
    platform: &'a Platform,
    name: &'a str,
    feeds: Vec<Subscription>,
}

impl Channel<'_> {
    /// Whether some feed of it may be about this repository.
    fn wants(&self, repo: &Repo) -> bool {
        let fits =
            |feed: &Subscription| feed.filter.repo.as_deref().is_none_or(|pattern| repo_glob(pattern, repo.as_str()));
        self.feeds.iter().any(fits)
    }

    /// Whether it was granted this repository as a whole, and not single incidents alone.
    fn covers(&self, repo: &Repo) -> bool {
        self.feeds.iter().any(|feed| covers(feed, repo))
    }
}

impl Engine {
    /// Posts the digest where there is something to tell. An earlier try that left its post is found by its marker.
    pub(in crate::engine) async fn summarise(
        &self,
        (platform, channel): (&Platform, &str),
        every: Every,
        (from, to): (Time, Time),
    ) -> Result<(), PortError> {
        let Some(chat) = self.chats.get(platform) else { return Ok(()) };
        let summary = self.summary((platform, channel), every, (from, to)).await;
        let summary = summary.map_err(|why| PortError::transient(why.to_string()))?;
        if summary.is_empty() {
            return Ok(());
        }
        let marker = self.marker(IncidentNo(0), &format!("summary-{}-{}", every.as_str(), to.0));
        if chat.find(channel, None, &marker, to.plus_ms(-SKEW_MS)).await?.is_some() {
            return Ok(());
        }
        let card = self.words.summary(chat.markup(), every, &summary, &|what| self.seal.close(what));
        let card = card.map_err(|why| PortError::permanent(why.to_string()))?;
        chat.post(channel, &card, &marker).await.map(|_| ())
    }

    async fn channel<'a>(&self, platform: &'a Platform, name: &'a str) -> Channel<'a> {
        let state = self.state.lock().await;
        let here = |feed: &&Subscription| feed.platform == *platform && feed.channel == name;
        let feeds = state.all_feeds().filter(here).cloned().collect();
        Channel { platform, name, feeds }
    }

    async fn summary(
        &self,
        (platform, channel): (&Platform, &str),
        every: Every,
        (from, to): (Time, Time),
    ) -> Result<Summary, StoreError> {
        let channel = self.channel(platform, channel).await;
        let mut summary = Summary { from, to, ..Summary::default() };
        let mut seen: Vec<Incident> = Vec::new();
        let touched = |incident: &Incident| {
            let closed = incident.closed_at.is_some_and(|at| at >= from);
            closed || incident.closed_at.is_none() || !stats::of_week(incident, from, to).is_empty()
        };
        let keep = |incident: &Incident| seen.extend(touched(incident).then(|| incident.clone()));
        self.each_incident(None, from.plus_ms(-BACK_MS), keep).await?;
        let open = Query { open_only: true, limit: OPEN_MAX, ..Query::default() };
        seen.extend(self.store.incidents(&open).await?);
        seen.sort_by_key(|incident| incident.no);
        seen.dedup_by_key(|incident| incident.no);
        for incident in &seen {
            if self.shows(&channel, incident).await? {
                add(&mut summary, incident);
            }
        }
        summary.acts.sort_by_key(|act| act.at);
        summary.flaky = self.flaky(&channel, &seen).await?;
        summary.ending = self.ending(&channel, to.plus_ms(soon_ms(every))).await?;
        Ok(summary)
    }

    /// Whether the incident's card stands in the channel, and the channel may still see its repository.
    async fn shows(&self, channel: &Channel<'_>, incident: &Incident) -> Result<bool, StoreError> {
        let here = |surface: &Surface| surface.platform == *channel.platform && surface.channel == channel.name;
        Ok(self.is_wanted(channel, &incident.repo).await && self.store.surfaces(incident.no).await?.iter().any(here))
    }

    /// By any of the names that the repository has had.
    async fn is_wanted(&self, channel: &Channel<'_>, repo: &Repo) -> bool {
        let state = self.state.lock().await;
        state.names.all(repo).any(|name| channel.wants(name))
    }

    async fn is_covered(&self, channel: &Channel<'_>, repo: &Repo) -> bool {
        let state = self.state.lock().await;
        state.names.all(repo).any(|name| channel.covers(name))
    }

    /// The jobs that flake most in the repositories that the channel sees.
    async fn flaky(
        &self,
        channel: &Channel<'_>,
        seen: &[Incident],
    ) -> Result<Vec<crate::domain::figures::Suite>, StoreError> {
        let mut repos: BTreeSet<Repo> = seen.iter().map(|incident| incident.repo.clone()).collect();
        repos.retain(|repo| channel.covers(repo));
        if repos.is_empty() {
            return Ok(Vec::new());
        }
        let repos: Vec<Repo> = repos.into_iter().collect();
        let mut suites = self.figures(Some(&repos)).await?.suites;
        suites.truncate(FLAKY);
        Ok(suites)
    }

    async fn ending(&self, channel: &Channel<'_>, before: Time) -> Result<Vec<Ending>, StoreError> {
        let mut ending = Vec::new();
        for entry in self.read_ledger(None).await? {
            if entry.pending || entry.ends() > before || !self.is_covered(channel, &entry.repo).await {
                continue;
            }
            ending.push(Ending {
                id: entry.id,
                repo: entry.repo,
                test: entry.test,
                owners: entry.owners,
                until: entry.until,
            });
        }
        ending.sort_by(|a, b| (&a.until, &a.id).cmp(&(&b.until, &b.id)));
        Ok(ending)
    }
}

/// What one incident of the channel adds.
fn add(summary: &mut Summary, incident: &Incident) {
    let (from, to) = (summary.from, summary.to);
    summary.acts.extend(stats::of_week(incident, from, to));
    summary.spent = summary.spent.plus(spent(incident, from, to));
    // Told by the incident that took it over.
    if incident.adopted_by.is_some() || incident.opened_at >= to {
        return;
    }
    match incident.closed_at {
        None if incident.opened_at >= from => summary.new.push(row(incident)),
        None => summary.red.push(row(incident)),
        Some(at) if at >= from && at < to && incident.stage == Stage::Resolved && !incident.gone => {
            summary.fixed.push(Fixed { row: row(incident), after_ms: at.ms_since(incident.opened_at) });
        }
        Some(_) => {}
    }
}

fn spent(incident: &Incident, from: Time, to: Time) -> Usd {
    let attempts = incident.proposals.iter().flat_map(|own| &own.attempts);
    attempts.filter(|attempt| attempt.at >= from && attempt.at < to).map(|attempt| attempt.cost).sum()
}
