//! Feeds of channels: subscribed, muted, ended.

use super::FEEDS;
use super::access::Asker;
use super::turn::Working;
use crate::domain::Repo;
use crate::domain::actor::{Place, Platform, Principal, Role};
use crate::domain::ids::Digest;
use crate::domain::journal::{FeedRow, Note};
use crate::domain::subscription::{Added, Filter, Subscription};
use crate::ports::{StoreError, Surface};
use serde_json::json;

impl Working<'_> {
    /// `None` while the forge is asked. A feed shows what the channel's members could not see before: so whoever asks for
    /// it may read the repository, or is an admin.
    pub(super) fn subscribe(&mut self, asker: &Asker, filter: Filter) -> Option<Note> {
        let refuse = |why: String| Some(Note::Refused { what: "subscribe".into(), why: vec![why] });
        let admin = asker.reader.person.role == Role::Admin;
        let Some(repo) = filter.repo.as_deref().and_then(|repo| repo.parse::<Repo>().ok()) else {
            if !admin {
                return refuse("only an admin can subscribe a channel to a pattern".into());
            }
            return Some(self.subscribed(&asker.reader.person, &asker.place, filter));
        };
        if !self.has_repo(&repo) {
            return refuse(format!("{repo} is outside github.repositories"));
        }
        if !admin && !asker.reader.person.known && !asker.reader.inside {
            return refuse("your account is not in [[people]]; ask an admin".into());
        }
        if !admin && self.may_see(asker, &repo) == Some(false) {
            return refuse(format!("GitHub shows no repository {repo} to this bot, or you may not read it"));
        }
        if self.engine.forge.is_none() {
            return Some(self.subscribed(&asker.reader.person, &asker.place, filter));
        }
        let Some(told) = &asker.readable else {
            self.clear(asker, vec![repo]);
            return None;
        };
        let told = told.iter().find(|told| told.repo == repo && (admin || told.may));
        match told.and_then(|told| told.name.clone()) {
            Some(name) => {
                let filter = Filter { repo: Some(name.to_string()), ..filter };
                Some(self.subscribed(&asker.reader.person, &asker.place, filter))
            }
            None => refuse(format!("GitHub shows no repository {repo} to this bot, or you may not read it")),
        }
    }

    fn subscribed(&mut self, by: &Principal, place: &Place, filter: Filter) -> Note {
        let feed = Subscription {
            platform: place.platform.clone(),
            channel: place.channel.clone(),
            filter,
            role: None,
            fixed: false,
            added: Some(Added { by: by.key.clone(), at: self.now }),
        };
        let note = Note::Subscribed { feed: words(&feed.filter) };
        if !self
            .state
            .all_feeds()
            .any(|have| have.platform == feed.platform && have.channel == feed.channel && have.filter == feed.filter)
        {
            self.turn.settings.push((feed_key(&feed), Some(json!(feed))));
            self.state.feeds.push(feed);
        }
        note
    }

    pub(super) fn mute(&mut self, place: &Place, for_ms: i64) -> Note {
        let until = (for_ms > 0).then(|| self.now.plus_ms(for_ms));
        self.turn.settings.push((mute_key(&place.platform, &place.channel), until.map(|until| json!(until.0))));
        Note::Muted { until }
    }

    /// Whether this channel is muted now.
    pub(super) async fn is_muted(&self, surface: &Surface) -> Result<bool, StoreError> {
        let until = self.engine.store.setting(&mute_key(&surface.platform, &surface.channel)).await?;
        Ok(until.and_then(|until| until.as_i64()).is_some_and(|until| self.now.0 < until))
    }

    /// A channel that is gone cannot say it itself: `from` names it.
    pub(super) fn unsubscribe(&mut self, place: &Place, from: Option<(Platform, String)>, repo: Option<&str>) -> Note {
        let elsewhere = from.is_some();
        let (platform, channel) = from.unwrap_or_else(|| (place.platform.clone(), place.channel.clone()));
        let ours = |feed: &Subscription| {
            feed.platform == platform
                && feed.channel == channel
                && repo
                    .is_none_or(|repo| feed.filter.repo.as_deref().is_some_and(|have| have.eq_ignore_ascii_case(repo)))
        };
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.state.feeds).into_iter().partition(ours);
        self.state.feeds = kept;
        self.turn.settings.extend(gone.iter().map(|feed| (feed_key(feed), None)));
        Note::Unsubscribed { count: gone.len() as u64, from: elsewhere.then(|| format!("{platform}:{channel}")) }
    }

    pub(super) fn subscriptions(&self, place: &Place) -> Note {
        let here = |feed: &&Subscription| feed.platform == place.platform && feed.channel == place.channel;
        let rows = self.state.all_feeds().filter(here);
        Note::Feeds {
            rows: rows.map(|feed| FeedRow { words: words(&feed.filter).into(), fixed: feed.fixed }).collect(),
        }
    }
}

pub(super) fn mute_key(platform: &Platform, channel: &str) -> String {
    format!("mute:{platform}:{channel}")
}

pub(super) fn feed_key(feed: &Subscription) -> String {
    let digest =
        Digest::of([feed.platform.0.as_bytes(), feed.channel.as_bytes(), json!(feed.filter).to_string().as_bytes()]);
    format!("{FEEDS}{}", digest.short())
}

/// A feed as the command that makes it.
pub(super) fn words(filter: &Filter) -> String {
    let mut words = vec![filter.repo.clone().unwrap_or_else(|| "*".into())];
    let mut add = |name: &str, value: Option<&str>| words.extend(value.map(|value| format!("{name}={value}")));
    add("branch", filter.branch.as_deref());
    add("workflow", filter.workflow.as_deref());
    add("conclusion", filter.conclusion.as_deref());
    add("severity", filter.severity.map(crate::domain::evidence::Severity::as_str));
    add("owner", filter.owner.as_deref());
    words.join(" ")
}
