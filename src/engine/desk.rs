//! Commands and buttons: who sent them, what they mean, and the replies that need no incident.

use super::turn::Working;
use super::{FEEDS, HOLD};
use crate::command;
use crate::domain::Repo;
use crate::domain::actor::{Actor, Place, Platform, Principal, Role, Thread};
use crate::domain::card::Verb;
use crate::domain::effect::Effect;
use crate::domain::event::{Event, Request, Spoken};
use crate::domain::facts::Hold;
use crate::domain::ids::{Digest, IncidentNo};
use crate::domain::incident::{Incident, Proposal};
use crate::domain::intent::{Intent, Target, Which, Wish};
use crate::domain::journal::{Entry, FeedRow, Note, QuarantinedRow};
use crate::domain::quarantined::Quarantined;
use crate::domain::rules::Rules;
use crate::domain::subscription::{Filter, Subscription, owns};
use crate::domain::text::listing;
use crate::incident::row;
use crate::policy::may_approve;
use crate::ports::{Query, StoreError, Surface};
use crate::remedies;
use metrics::counter;
use serde_json::json;

/// Rows of a list in one private reply.
const ROWS: usize = 15;
/// How long a platform's answer about a person's permission counts, in milliseconds.
const VOUCH_MS: i64 = 60_000;
/// The installation's own journal.
const HOUSE: IncidentNo = IncidentNo(0);

/// Incidents that figures are taken of: the newest.
const STATS_MAX: usize = 5_000;

impl Working<'_> {
    /// Handles a command at once, or first asks the platform what its author may do.
    pub(super) async fn said(&mut self, actor: Actor, place: Place, text: String) -> Result<(), StoreError> {
        // Whoever installs the App elsewhere must not make us call there.
        if place.pull.as_ref().is_some_and(|(repo, _)| !self.engine.filter.has_repo(repo)) {
            counter!("ci_rescue_events_total", "outcome" => "filtered").increment(1);
            return Ok(());
        }
        if self.engine.chats.get(&place.platform).is_some_and(|chat| chat.vouches()) {
            self.effect(Effect::Vouch { actor, place, text });
            return Ok(());
        }
        if place.pull.is_some() {
            tracing::debug!(delivery = %self.delivery.id, "cannot check who may command on pull requests");
            return Ok(());
        }
        self.words(actor, place, &text).await
    }

    /// The platform's answer about the author. Someone who may not write there gets no reply.
    pub(super) async fn spoken(&mut self, spoken: Spoken) -> Result<(), StoreError> {
        let Spoken { actor, place, text, may_write, at } = spoken;
        if !may_write {
            tracing::info!(delivery = %self.delivery.id, "ignored a command from someone without write permission");
            return Ok(());
        }
        if self.now.ms_since(at) > VOUCH_MS {
            self.effect(Effect::Vouch { actor, place, text });
            return Ok(());
        }
        let answers = place.reply_to.clone().unwrap_or_default();
        for (line, text) in text.lines().enumerate() {
            let place = Place { reply_to: Some(format!("{answers}/{line}")), ..place.clone() };
            self.words(actor.clone(), place, text).await?;
        }
        Ok(())
    }

    pub(super) async fn words(&mut self, actor: Actor, place: Place, text: &str) -> Result<(), StoreError> {
        let here = self.here(&place).await?;
        match command::parse(text, here) {
            Err(_) if here.is_none() && self.is_request(&place, text) => self.request(actor, place, text).await,
            Ok(intent) => self.intent(actor, place, intent, None).await,
            Err(mistake) => {
                let note = Note::Mistake { what: mistake.what, nearest: mistake.nearest, example: mistake.example };
                self.answer(&place, &actor.id, note);
                Ok(())
            }
        }
    }

    /// Whether the command concerns a pull request itself rather than a failure.
    fn is_request(&self, place: &Place, text: &str) -> bool {
        let wish = |intent| match intent {
            Intent::Remedy { wish, .. } => Some(wish),
            _ => None,
        };
        let wished = command::parse(text, Some(IncidentNo(self.state.next_incident))).ok().and_then(wish);
        place.pull.is_some() && matches!(wished, Some(Wish::Backport { .. } | Wish::Revert { .. }))
    }

    /// A request on a pull request without an incident: its own record keeps proposal, approvals and audit.
    async fn request(&mut self, actor: Actor, place: Place, text: &str) -> Result<(), StoreError> {
        let (Ok(intent), Some((repo, pull))) =
            (command::parse(text, Some(IncidentNo(self.state.next_incident))), place.pull.clone())
        else {
            return Ok(());
        };
        let by = self.principal(&actor, &place);
        let id = self.delivery.id.clone();
        let request = Request { id, by, place, actor_id: actor.id, intent, seen: None };
        self.event(Event::Requested { repo, pull, request }).await
    }

    /// The incident that the conversation knows, also after a restart.
    async fn here(&self, place: &Place) -> Result<Option<IncidentNo>, StoreError> {
        if let Some((repo, number)) = &place.pull {
            let query = Query { repo: Some(repo.to_string()), open_only: true, limit: 200, ..Query::default() };
            let open = self.engine.store.incidents(&query).await?;
            let mut here = open.iter().filter(|incident| incident.pulls.contains(number));
            // If there are several, the person has to choose.
            return Ok(here.next().filter(|_| here.next().is_none()).map(|incident| incident.no));
        }
        let Some(message) = place.thread.clone() else { return Ok(None) };
        let thread = Thread { platform: place.platform.clone(), channel: place.channel.clone(), message };
        self.engine.store.bound(&thread).await
    }

    /// A person's home page: what awaits their approval, then their own requests.
    pub(super) async fn visited(&mut self, actor: &Actor, place: Place) -> Result<(), StoreError> {
        let principal = self.principal(actor, &place);
        let waiting = Query { awaits_people: true, limit: 200, ..Query::default() };
        let open = Query { open_only: true, limit: 200, ..Query::default() };
        let mut found = self.engine.store.incidents(&waiting).await?;
        let mut others = self.engine.store.incidents(&open).await?;
        let open = others.len();
        let waits = |incident: &Incident| waits_for(&self.engine.rules, incident, &principal);
        let theirs = |incident: &Incident| {
            incident.proposals.iter().any(|proposal| proposal.by.key.as_ref() == Some(&principal.key))
        };
        found.retain(waits);
        others.retain(|incident| theirs(incident) && found.iter().all(|waiting| waiting.no != incident.no));
        found.extend(others);
        let rows: Vec<_> = found.iter().take(ROWS).map(row).collect();
        let more = open.saturating_sub(rows.len()) as u64;
        let note = Note::List { rows, more, what: "open incidents involve you, and none awaits your approval".into() };
        self.effect(Effect::Welcome { place, actor_id: actor.id.clone(), note });
        Ok(())
    }

    pub(super) async fn pressed(
        &mut self,
        actor: Actor,
        place: Place,
        value: &str,
        input: Option<String>,
    ) -> Result<(), StoreError> {
        let Some(what) = self.engine.seal.open(value) else {
            let what = "This button is not valid here: it may belong to a removed installation".to_owned();
            self.answer(&place, &actor.id, Note::Mistake { what, nearest: None, example: Some("list".into()) });
            return Ok(());
        };
        let target = what.proposal.map_or(Target::Incident(what.incident), Target::Proposal);
        let intent = match what.verb {
            Verb::Retry => Intent::Remedy { target, wish: Wish::Retry(Which::Smallest), force: false, dry_run: false },
            Verb::Approve => Intent::Approve { target },
            Verb::Reject | Verb::RejectReason => {
                let reason = input.filter(|text| !text.trim().is_empty());
                Intent::Reject { target, reason: reason.map(Into::into) }
            }
            Verb::Cancel => Intent::Cancel { target },
            Verb::Undo => Intent::Undo { target },
            Verb::Quarantine | Verb::Pin | Verb::Revert | Verb::Fix | Verb::Issue => {
                let incident = self.incident(what.incident).await?;
                let remedy = remedies::by_id(what.verb.as_str());
                let offering = incident.as_ref().zip(remedy).and_then(|(incident, remedy)| remedy.offer(incident));
                let Some(offering) = offering else {
                    let what = "This is no longer offered: check the updated card".to_owned();
                    self.answer(&place, &actor.id, Note::Mistake { what, nearest: None, example: None });
                    return Ok(());
                };
                Intent::Remedy { target, wish: offering.wish, force: false, dry_run: false }
            }
            Verb::Why => Intent::Why { target },
        };
        // A change of code is planned once it is asked for: the card shows no plan that a press could bind to.
        let planned = Verb::of(what.verb.as_str()).is_none_or(|verb| verb == Verb::Retry);
        let seen = (planned && what.verb != Verb::Why).then_some(what.digest);
        self.intent(actor, place, intent, seen).await
    }

    async fn intent(
        &mut self,
        actor: Actor,
        place: Place,
        intent: Intent,
        seen: Option<Digest>,
    ) -> Result<(), StoreError> {
        let by = self.principal(&actor, &place);
        if intent.target().is_some() {
            let id = self.delivery.id.clone();
            let request = Request { id, by, place, actor_id: actor.id, intent, seen };
            return self.event(Event::Asked { request }).await;
        }
        let (need, have) = (intent.role(), by.role);
        let wide = place.pull.is_some()
            && !matches!(
                intent,
                Intent::Help { .. } | Intent::List { .. } | Intent::Quarantined { .. } | Intent::Stats { .. }
            );
        let note = if wide {
            let why = "it affects more than this pull request; use chat or the console";
            Note::Refused { what: word(&intent).into(), why: vec![why.into()] }
        } else if have < need {
            Note::Denied { what: word(&intent).into(), need: need.to_string(), have: have.to_string() }
        } else {
            self.house(&by, &place, intent).await?
        };
        self.answer(&place, &actor.id, note);
        Ok(())
    }

    /// The person, with the role that the channel grants on top of their own.
    fn principal(&self, actor: &Actor, place: &Place) -> Principal {
        let mut principal = self.engine.directory.principal(actor, place);
        let unknown = principal.key == format!("{}:{}", actor.platform, actor.id);
        if place.pull.is_some() && unknown {
            // Whoever may write there could re-run by hand as well; a configured role stays.
            principal.role = principal.role.max(Role::Responder);
        }
        let here = |feed: &&Subscription| feed.platform == place.platform && feed.channel == place.channel;
        let granted = self.engine.all_feeds(self.state).filter(here).filter_map(|feed| feed.role).max();
        // A channel's grant makes responders at most.
        // Guests from elsewhere are no members of the channel.
        if actor.id.contains('/') {
            return principal;
        }
        principal.role = principal.role.max(granted.unwrap_or(Role::Viewer).min(Role::Responder));
        principal
    }

    fn answer(&mut self, place: &Place, actor_id: &str, note: Note) {
        self.effect(Effect::Reply { place: place.clone(), actor_id: actor_id.to_owned(), note });
    }

    /// Commands that concern no incident.
    async fn house(&mut self, by: &Principal, place: &Place, intent: Intent) -> Result<Note, StoreError> {
        Ok(match intent {
            Intent::Help { topic } => match command::help(topic.as_deref()) {
                Some(text) => Note::Help { text },
                None => Note::Mistake {
                    what: format!("Unknown command \"{}\"", topic.unwrap_or_default()),
                    nearest: None,
                    example: None,
                },
            },
            Intent::List { repo, stage } => {
                let here = place.pull.as_ref().map(|(repo, _)| repo.clone());
                self.list(here.or(repo).map(|repo| repo.to_string()), stage).await?
            }
            Intent::Quarantined { repo, owner } => {
                let here = place.pull.as_ref().map(|(repo, _)| repo.clone());
                self.quarantined(here.or(repo), owner).await?
            }
            Intent::Stats { repo } => self.stats(place.pull.as_ref().map(|(repo, _)| repo.clone()).or(repo)).await?,
            Intent::Hold { reason } => self.hold(by, reason).await?,
            Intent::Unhold => self.unhold(by).await?,
            Intent::Subscribe { filter } => self.subscribe(place, filter),
            Intent::Mute { for_ms } => self.mute(place, for_ms),
            Intent::Unsubscribe { repo } => self.unsubscribe(place, repo.as_ref().map(crate::domain::Repo::as_str)),
            _ => self.subscriptions(place),
        })
    }

    async fn list(&self, repo: Option<String>, stage: Option<String>) -> Result<Note, StoreError> {
        let stage = stage.and_then(|stage| serde_json::from_value(stage.into()).ok());
        let query = Query { repo, stage, open_only: stage.is_none(), limit: 200, ..Query::default() };
        let found = self.engine.store.incidents(&query).await?;
        let what = if stage.is_none() { "open incidents".to_owned() } else { "matching incidents".to_owned() };
        let more = found.len().saturating_sub(ROWS) as u64;
        Ok(Note::List { rows: found.iter().take(ROWS).map(row).collect(), more, what })
    }

    async fn stats(&self, repo: Option<Repo>) -> Result<Note, StoreError> {
        let query = Query { repo: repo.map(|repo| repo.to_string()), limit: STATS_MAX, ..Query::default() };
        let found = self.engine.store.incidents(&query).await?;
        Ok(Note::Stats { lines: super::stats::lines(&found, self.now) })
    }

    /// Quarantined tests by owner, oldest first.
    async fn quarantined(&self, repo: Option<Repo>, owner: Option<String>) -> Result<Note, StoreError> {
        let mut all = self.engine.read_ledger(repo.as_ref()).await?;
        all.retain(|entry| owner.as_ref().is_none_or(|owner| entry.owners.iter().any(|have| owns(owner, have))));
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
        Ok(Note::Quarantined { rows: all.iter().take(ROWS).map(row).collect(), more, what })
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

    async fn house_entry(&mut self, by: &Principal, note: Note) -> Result<(), StoreError> {
        const SEQ: &str = "house_entries";
        let seq = self.engine.store.setting(SEQ).await?.and_then(|n| n.as_u64()).unwrap_or(0) + 1;
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

    fn subscribe(&mut self, place: &Place, filter: Filter) -> Note {
        let feed = Subscription {
            platform: place.platform.clone(),
            channel: place.channel.clone(),
            filter,
            role: None,
            fixed: false,
        };
        let note = Note::Subscribed { feed: words(&feed.filter) };
        if !self
            .engine
            .all_feeds(self.state)
            .any(|have| have.platform == feed.platform && have.channel == feed.channel && have.filter == feed.filter)
        {
            self.turn.settings.push((feed_key(&feed), Some(json!(feed))));
            self.state.feeds.push(feed);
        }
        note
    }

    fn mute(&mut self, place: &Place, for_ms: i64) -> Note {
        let until = (for_ms > 0).then(|| self.now.plus_ms(for_ms));
        self.turn.settings.push((mute_key(&place.platform, &place.channel), until.map(|until| json!(until.0))));
        Note::Muted { until }
    }

    /// Whether this channel is muted now.
    pub(super) async fn is_muted(&self, surface: &Surface) -> Result<bool, StoreError> {
        let until = self.engine.store.setting(&mute_key(&surface.platform, &surface.channel)).await?;
        Ok(until.and_then(|until| until.as_i64()).is_some_and(|until| self.now.0 < until))
    }

    fn unsubscribe(&mut self, place: &Place, repo: Option<&str>) -> Note {
        let ours = |feed: &Subscription| {
            feed.platform == place.platform
                && feed.channel == place.channel
                && repo.is_none_or(|repo| feed.filter.repo.as_deref() == Some(repo))
        };
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.state.feeds).into_iter().partition(ours);
        self.state.feeds = kept;
        self.turn.settings.extend(gone.iter().map(|feed| (feed_key(feed), None)));
        Note::Unsubscribed { count: gone.len() as u64 }
    }

    fn subscriptions(&self, place: &Place) -> Note {
        let here = |feed: &&Subscription| feed.platform == place.platform && feed.channel == place.channel;
        let rows = self.engine.all_feeds(self.state).filter(here);
        Note::Feeds {
            rows: rows.map(|feed| FeedRow { words: words(&feed.filter).into(), fixed: feed.fixed }).collect(),
        }
    }
}

/// Whether a proposal or an undo awaits this person's approval.
pub(super) fn waits_for(rules: &Rules, incident: &Incident, person: &Principal) -> bool {
    let mut open = incident.proposals.iter().filter(|proposal| !proposal.dry_run).filter_map(Proposal::awaited);
    open.any(|proposal| may_approve(rules, &proposal, person).is_ok())
}

fn mute_key(platform: &Platform, channel: &str) -> String {
    format!("mute:{platform}:{channel}")
}

fn feed_key(feed: &Subscription) -> String {
    let digest =
        Digest::of([feed.platform.0.as_bytes(), feed.channel.as_bytes(), json!(feed.filter).to_string().as_bytes()]);
    format!("{FEEDS}{}", digest.short())
}

/// A feed as the command that makes it.
fn words(filter: &Filter) -> String {
    let mut words = vec![filter.repo.clone().unwrap_or_else(|| "*".into())];
    let mut add = |name: &str, value: Option<&str>| words.extend(value.map(|value| format!("{name}={value}")));
    add("branch", filter.branch.as_deref());
    add("workflow", filter.workflow.as_deref());
    add("conclusion", filter.conclusion.as_deref());
    add("severity", filter.severity.map(crate::domain::evidence::Severity::as_str));
    add("owner", filter.owner.as_deref());
    words.join(" ")
}

fn word(intent: &Intent) -> &'static str {
    match intent {
        Intent::Hold { .. } => "hold",
        Intent::Unhold => "unhold",
        Intent::Subscribe { .. } => "subscribe",
        Intent::Unsubscribe { .. } => "unsubscribe",
        Intent::Mute { .. } => "mute",
        _ => "this",
    }
}
