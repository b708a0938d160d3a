//! One delivery, one turn: decode, route, step, and one transaction for everything that follows.

use super::calibrating::{self, part};
use super::seen::{Seen, merge};
use super::spans;
use super::tracks::Changes;
use super::{Engine, NEXT_INCIDENT, State, timer_key};
use crate::card::{View, view};
use crate::domain::access::Asked;
use crate::domain::calibration::Outcome;
use crate::domain::effect::{Effect, Lookup, Order};
use crate::domain::event::Event;
use crate::domain::evidence::Track;
use crate::domain::facts::RunSeen;
use crate::domain::ids::{IncidentNo, Repo};
use crate::domain::incident::{Incident, RunState};
use crate::domain::journal::{Entry, Note};
use crate::domain::time::{MINUTE_MS, SECOND_MS, Time};
use crate::history::outcomes;
use crate::incident::{Routed, Transition, route, run_key, step, track};
use crate::ports::{Claimed, Delivery, Heard, NewEffect, Query, StoreError, TimerRow, Turn};
use futures::FutureExt;
use metrics::{counter, histogram};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tracing::Instrument;

/// A turn takes milliseconds; a claim that old belongs to a process that died.
const LEASE_MS: i64 = 5 * MINUTE_MS;
/// How long a lookup of owners that nobody waits for leaves the way to others.
const OWNERS_WAIT_MS: i64 = 15 * SECOND_MS;
/// Closed incidents of a repository that are looked through for a pull request that is open again: the newest.
const REOPENED_MAX: usize = 200;
/// Tries before a delivery that makes a step panic goes to the dead letters.
const TRIES: u32 = 3;
/// Tries before one does whose records another engine keeps changing: far more than a race lasts.
const RACES: u32 = 50;

/// A turn at work.
pub(super) struct Working<'e> {
    pub engine: &'e Engine,
    pub state: &'e mut State,
    pub delivery: &'e Delivery,
    pub now: Time,
    pub turn: Turn,
    incidents: BTreeMap<IncidentNo, Incident>,
    /// Version as stored, of incidents that are.
    stored: BTreeMap<IncidentNo, Stored>,
    to_tell: BTreeMap<IncidentNo, u64>,
    /// Settings as the store had them.
    pub read: BTreeMap<String, Option<serde_json::Value>>,
    /// Incidents whose repository was renamed: that alone shows them nowhere else.
    pub renaming: BTreeSet<IncidentNo>,
}

/// What is compared when an incident's turn ends.
struct Stored {
    version: u64,
    /// Its part of a known issue's track.
    track: Option<(String, Track)>,
    /// What it said of a chance that was estimated.
    outcome: Option<Outcome>,
    /// What its card showed.
    shown: View,
}

impl Engine {
    /// Takes in the oldest delivery. `false` when there was none.
    ///
    /// # Errors
    /// The store failed; the delivery is still in the inbox.
    pub async fn turn(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut state = self.state.lock().await;
        let Some(claim) = self.store.claim_delivery(now, LEASE_MS).await? else { return Ok(false) };
        self.presses.over(&claim.work.id);
        // The steps of a turn are many: on the heap, whoever waits for one stays small.
        let taken = AssertUnwindSafe(Box::pin(self.take_in(&mut state, &claim, now).instrument(spans::turn(&claim))))
            .catch_unwind()
            .await;
        let most = if taken.is_ok() { RACES } else { TRIES };
        let done = taken.unwrap_or_else(|_| Err(StoreError::Conflict("a step panicked".into())));
        if let Err(why) = &done {
            // Discard what this turn noted in memory.
            self.reread(&mut state).await?;
            if matches!(why, StoreError::Conflict(_)) {
                tracing::warn!(delivery = %claim.work.id, %why, "could not process a delivery; retrying");
            }
            if claim.attempts + 1 >= most && matches!(why, StoreError::Conflict(_)) {
                self.set_aside(&claim, &why.to_string()).await?;
            } else {
                self.store.release_delivery((claim.key, claim.lease)).await?;
            }
        }
        done.map(|()| true)
    }

    async fn set_aside(&self, claim: &Claimed<Delivery>, why: &str) -> Result<(), StoreError> {
        tracing::error!(delivery = %claim.work.id, why, "set a delivery aside: see the dead letters");
        counter!("ci_rescue_dead_letters_total").increment(1);
        let delivery = Some((claim.key, claim.lease));
        self.store.commit(Turn { delivery, dead: Some(why.into()), ..Turn::default() }).await
    }

    async fn take_in(&self, state: &mut State, claim: &Claimed<Delivery>, now: Time) -> Result<(), StoreError> {
        let delivery = &claim.work;
        histogram!("ci_rescue_delivery_wait_seconds").record(passed(delivery.at, now));
        let heard = match self.decode(delivery) {
            Ok(heard) => heard,
            Err(why) => return self.set_aside(claim, &why).await,
        };
        let turn = Turn { delivery: Some((claim.key, claim.lease)), ..Turn::default() };
        let mut working = Working {
            engine: self,
            state,
            delivery,
            now,
            turn,
            incidents: BTreeMap::new(),
            stored: BTreeMap::new(),
            to_tell: BTreeMap::new(),
            read: BTreeMap::new(),
            renaming: BTreeSet::new(),
        };
        for heard in heard {
            Box::pin(working.hear(heard)).await?;
        }
        let turn = working.finish().await?;
        let (effects, dirty, follow_ups) = (turn.effects.len(), turn.dirty.len(), turn.deliveries.len());
        let chronicle = super::chronicle::of(&turn);
        self.commit_turn(turn).await?;
        chronicle.iter().for_each(super::chronicle::Happened::log);
        if effects > 0 {
            self.effect_due.notify_waiters();
            self.effect_due.notify_one();
        }
        if dirty > 0 {
            self.card_due.send_modify(|count| *count += 1);
        }
        if follow_ups > 0 {
            self.turn_due.notify_one();
        }
        Ok(())
    }

    /// A decoder that panics on hostile input must not stop the engine.
    pub(super) fn decode(&self, delivery: &Delivery) -> Result<Vec<Heard>, String> {
        if delivery.source == "internal" {
            let event =
                serde_json::from_str(&delivery.body).map_err(|why| format!("cannot read an internal event: {why}"))?;
            return Ok(vec![Heard::Event(Box::new(event))]);
        }
        let Some(decoder) = self.decoders.get(delivery.source.as_str()) else {
            return Err(format!("{} is not configured", delivery.source));
        };
        let decoded = catch_unwind(AssertUnwindSafe(|| decoder.decode(delivery)));
        decoded.unwrap_or_else(|_| Err("the decoder panicked".into()))
    }
}

impl Working<'_> {
    async fn hear(&mut self, heard: Heard) -> Result<(), StoreError> {
        match heard {
            Heard::Event(event) => match *event {
                Event::Spoken { spoken } => Box::pin(self.spoken(spoken)).await,
                Event::Cleared { asked, readable, at } => Box::pin(self.cleared(asked, readable, at)).await,
                Event::PullReopened { repo, number } => self.reopened(&repo, number).await,
                Event::Linking { linking } => self.linking(linking).await,
                Event::HomeDue { account } => self.home_due(&account).await,
                Event::WeekEnded { from, to } => self.week_ended(from, to).await,
                Event::SummaryDue { platform, channel, every } => self.summary_due(platform, channel, every).await,
                Event::Began { repo, branch, sha } => {
                    self.commit_due(&repo, &sha, &branch);
                    Ok(())
                }
                Event::CommitDue { repo, sha, head } => {
                    self.effect(Effect::CheckCommit { repo, sha, head });
                    Ok(())
                }
                Event::Installed => {
                    self.engine.forget_listed();
                    self.engine.list_again();
                    Ok(())
                }
                event => self.event(event).await,
            },
            Heard::Named { id, repo, renamed } => self.named(id, &repo, renamed).await,
            Heard::Words { actor, place, text } => Box::pin(self.said(actor, place, text)).await,
            Heard::Pressed { actor, place, value, input, fields } => {
                self.asked(Asked::Press { actor, place, value, input, fields }, None).await
            }
            Heard::Visited { actor, place } => self.visit(actor, place).await,
            Heard::Asked(asked) => self.asked(*asked, None).await,
            Heard::Queued { key, failure } => {
                let at = self.now.plus_ms(i64::from(self.engine.settings().rules.stuck_minutes) * MINUTE_MS);
                self.turn.timers.push(TimerRow {
                    key: format!("queued:{key}"),
                    at,
                    event: Event::Failed { failure: *failure },
                });
                Ok(())
            }
            Heard::Taken { key } => {
                self.turn.cancel_timers.push(format!("queued:{key}"));
                Ok(())
            }
            Heard::LogTail { repo, run, names, text } => {
                let repo = self.state.names.current(&repo);
                self.log_tail(&repo, run, &names, &text).await
            }
            Heard::Ignored { why } => {
                counter!("ci_rescue_events_total", "outcome" => "ignored").increment(1);
                tracing::debug!(delivery = %self.delivery.id, why, "ignored");
                Ok(())
            }
        }
    }

    /// An event and everything it triggers in other incidents, in one transaction.
    pub async fn event(&mut self, event: Event) -> Result<(), StoreError> {
        let mut queue = std::collections::VecDeque::from([event]);
        while let Some(event) = queue.pop_front() {
            let mut event = self.engine.tracked(event).await?;
            self.spell(&mut event);
            self.state.index.place(&mut event);
            if self.is_foreign(&event) {
                counter!("ci_rescue_events_total", "outcome" => "filtered").increment(1);
                tracing::debug!(delivery = %self.delivery.id, "outside github.repositories or github.branches");
                continue;
            }
            if let Event::Failed { failure } = &event
                && self.engine.ci.is_some()
                && self.state.index.is_ambiguous(failure)
            {
                self.effect(Effect::Look { failure: Box::new(failure.clone()) });
                continue;
            }
            if !matches!(&event, Event::Progressed { progress } if !self.has_repo(&progress.repo)) {
                self.turn.outcomes.extend(outcomes::told(&event, None, self.now));
            }
            self.ask_reports(&event).await?;
            self.at_commit(&event);
            let routed = route(&self.state.index, &self.engine.settings().rules, &event, self.now);
            let passed = self.passed_since(&event);
            self.see_run(&event);
            match routed {
                Routed::Ignore(why) => {
                    counter!("ci_rescue_events_total", "outcome" => "ignored").increment(1);
                    tracing::debug!(delivery = %self.delivery.id, why, "ignored");
                }
                Routed::Open => {
                    let no = IncidentNo(self.state.next_incident);
                    // Another engine on this store took the number: what it opened is not what arrived here.
                    if self.incident(no).await?.is_some() {
                        return Err(StoreError::Conflict(format!("incident {no} was opened by another engine")));
                    }
                    self.state.next_incident += 1;
                    let next = self.state.next_incident;
                    self.turn.settings.push((NEXT_INCIDENT.into(), Some(next.into())));
                    counter!("ci_rescue_incidents_opened_total").increment(1);
                    self.step(no, &event, &mut queue).await?;
                    if let Some(passed) = passed {
                        self.step(no, &passed, &mut queue).await?;
                    }
                }
                Routed::Join(nos) => {
                    for no in nos {
                        self.step(no, &event, &mut queue).await?;
                        if let Some(passed) = &passed {
                            self.step(no, passed, &mut queue).await?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// A hook may spell a repository's name in any case, and what waited knows a name that it had.
    fn spell(&self, event: &mut Event) {
        match event {
            Event::Failed { failure } => failure.repo = self.state.names.current(&failure.repo),
            Event::Progressed { progress } => progress.repo = self.state.names.current(&progress.repo),
            _ => {}
        }
    }

    /// Whether a repository is ours by any of its names.
    pub(super) fn has_repo(&self, repo: &Repo) -> bool {
        self.state.names.all(repo).any(|repo| self.engine.settings().filter.has_repo(repo))
    }

    /// Whether it would open an incident where we do not look.
    fn is_foreign(&self, event: &Event) -> bool {
        match event {
            Event::Failed { failure } => !self.is_ours(&failure.repo, failure.branch.raw()),
            Event::Dequeued { repo, out, .. } => !self.is_ours(repo, out.onto.raw()),
            Event::Silent { repo, default_branch, .. } => !self.is_ours(repo, default_branch),
            Event::Requested { repo, .. } => !self.has_repo(repo),
            _ => false,
        }
    }

    fn is_ours(&self, repo: &Repo, branch: &str) -> bool {
        self.state.names.all(repo).any(|repo| self.engine.settings().filter.has(repo, branch))
    }

    /// An event that is for this incident alone, and everything it triggers in others.
    pub(super) async fn alone(&mut self, no: IncidentNo, event: &Event) -> Result<(), StoreError> {
        let mut queue = std::collections::VecDeque::new();
        self.step(no, event, &mut queue).await?;
        for event in queue {
            self.event(event).await?;
        }
        Ok(())
    }

    /// A pull request is open again: incidents that were closed with it are looked up, since routing knows open ones.
    async fn reopened(&mut self, repo: &Repo, number: u64) -> Result<(), StoreError> {
        let query = Query { repo: Some(repo.to_string()), closed_only: true, limit: REOPENED_MAX, ..Query::default() };
        let found = self.engine.store.incidents(&query).await?;
        for incident in found.iter().filter(|incident| incident.gone && incident.pulls.contains(&number)) {
            self.alone(incident.no, &Event::PullReopened { repo: repo.clone(), number }).await?;
        }
        Ok(())
    }

    /// Records a run's state even without an incident: a late failure must not open one.
    fn see_run(&mut self, event: &Event) {
        let Some((repo, run, seen)) = Seen::of(event) else { return };
        let known = self.state.index.run(repo, run).cloned();
        let merged = merge(known, &seen, self.now);
        self.saw(run_key(repo, run), merged);
    }

    fn saw(&mut self, key: String, seen: RunSeen) {
        self.state.index.saw_run(key.clone(), seen.clone());
        self.turn.runs.push((key, seen));
    }

    pub async fn incident(&mut self, no: IncidentNo) -> Result<Option<Incident>, StoreError> {
        if let Some(incident) = self.incidents.get(&no) {
            return Ok(Some(incident.clone()));
        }
        let stored = self.engine.store.incident(no).await?;
        if let Some(incident) = &stored {
            self.stored.insert(
                no,
                Stored {
                    version: incident.version,
                    track: track(incident),
                    outcome: part(incident),
                    shown: view(incident),
                },
            );
        }
        Ok(stored)
    }

    async fn step(
        &mut self,
        no: IncidentNo,
        event: &Event,
        queue: &mut std::collections::VecDeque<Event>,
    ) -> Result<(), StoreError> {
        let before = self.incident(no).await?;
        let context = self.context(before.as_ref(), event).await?;
        if matches!(event, Event::LogRead { .. }) {
            self.turn.outcomes.extend(outcomes::told(event, before.as_ref(), self.now));
        }
        let entries = before.as_ref().map_or(0, |incident| incident.entries);
        let span = spans::step(before.as_ref(), no, event);
        let stepped = span.in_scope(|| step(&self.engine.settings().rules, &context, before, no, event, self.now));
        let Some(Transition { incident, orders }) = stepped else {
            if let Event::Asked { request } = event {
                self.reply_missing(no, request);
            }
            return Ok(());
        };
        spans::stepped(&span, &incident);
        tracing::debug!(incident = no.0, delivery = %self.delivery.id, stage = incident.stage.as_str(), "stepped");
        self.absorb(&incident, orders, entries, queue);
        if matches!(event, Event::Asked { .. }) {
            self.turn.outcomes.extend(outcomes::corrected(&incident, self.now));
        }
        self.state.index.note(&incident);
        for run in &incident.runs {
            self.see_incident_run(&incident, run);
        }
        self.incidents.insert(no, incident);
        Ok(())
    }

    fn reply_missing(&mut self, no: IncidentNo, request: &crate::domain::event::Request) {
        let note = Note::Mistake {
            what: format!("Incident {no} does not exist"),
            nearest: None,
            example: Some("list".into()),
        };
        self.effect(Effect::Reply { place: request.place.clone(), actor_id: request.actor_id.clone(), note });
    }

    fn see_incident_run(&mut self, incident: &Incident, run: &RunState) {
        let Some(id) = run.run else { return };
        let known = self.state.index.run(&incident.repo, id).cloned();
        let owner = incident.adopted_by.unwrap_or(incident.no);
        let told = Seen {
            incident: Some(owner),
            head: Some(&run.branch),
            workflow: Some(&run.workflow),
            scheduled: incident.nights.is_some(),
            ..Seen::new(run.attempt, run.conclusion)
        };
        let seen = merge(known.clone(), &told, self.now);
        if known
            .as_ref()
            .is_none_or(|k| k.incident != seen.incident || k.attempt != seen.attempt || k.conclusion != seen.conclusion)
        {
            self.saw(run_key(&incident.repo, id), seen);
        }
    }

    pub fn effect(&mut self, effect: Effect) {
        // At once, also when the clock is set back.
        let mut not_before = Time(0);
        if self.can_wait(&effect) {
            not_before = self.now.plus_ms(OWNERS_WAIT_MS);
        }
        self.turn.effects.push(NewEffect { effect, not_before });
    }

    /// Owners may need a fetch of the repository: cards go first, unless a feed waits for them.
    fn can_wait(&self, effect: &Effect) -> bool {
        let Effect::Gather { proposal: None, lookups, .. } = effect else { return false };
        let of_owners = |lookup: &Lookup| {
            matches!(lookup, Lookup::Owners { .. } | Lookup::LastAuthors { .. } | Lookup::AuthorOf { .. })
        };
        lookups.iter().all(of_owners) && !self.state.all_feeds().any(|feed| feed.filter.owner.is_some())
    }

    fn absorb(
        &mut self,
        incident: &Incident,
        orders: Vec<Order>,
        entries: u64,
        queue: &mut std::collections::VecDeque<Event>,
    ) {
        let mut seq = entries;
        for order in orders {
            match order {
                Order::Effect(effect) => {
                    self.count_automatic(incident, &effect);
                    self.effect(effect);
                }
                Order::Timer { timer, at } => {
                    let event = Event::Fired { incident: incident.no, timer };
                    self.turn.timers.push(TimerRow { key: timer_key(incident.no, timer), at, event });
                }
                Order::Note { by, tell, note } => {
                    seq += 1;
                    if tell {
                        self.to_tell.insert(incident.no, seq);
                    }
                    let delivery = self.delivery.id.clone();
                    self.turn.journal.push((incident.no, Entry { seq, at: self.now, by, delivery, tell, note }));
                }
                Order::Came { passed } => self.count_outcome(incident, passed),
                Order::Learnt { specialist, fixed } => self.count_learnt(incident, specialist, fixed),
                Order::Spent { at, reserve, cost } => self.count_spent(at, reserve, cost),
                Order::Event(event) => queue.push_back(*event),
            }
        }
    }

    /// Everything that changed, as one transaction.
    async fn finish(mut self) -> Result<Turn, StoreError> {
        let incidents = std::mem::take(&mut self.incidents);
        let (mut changes, mut outcomes) = (Changes::default(), calibrating::Changes::default());
        for (no, mut incident) in incidents {
            let stored = self.stored.get(&no);
            changes.exchange(stored.and_then(|stored| stored.track.as_ref()), track(&incident).as_ref());
            outcomes.exchange(stored.and_then(|stored| stored.outcome), part(&incident));
            incident.version = stored.map_or(0, |stored| stored.version) + 1;
            let alike = stored.is_some_and(|stored| stored.shown.looks_like(&view(&incident)));
            let told = self.to_tell.get(&no).copied().unwrap_or(0);
            for (surface, stands) in self.surfaces(&incident).await? {
                let (wanted, told) = self.due_there(&surface, &incident, alike && stands, told);
                if wanted > 0 || told > 0 {
                    self.turn.dirty.push((surface, wanted, told));
                }
            }
            if !alike {
                self.concern_homes(&incident);
            }
            self.at_commits_of(&incident);
            self.turn.incidents.push(incident);
        }
        self.turn.settings.extend(changes.settings(&*self.engine.store).await?);
        self.turn.settings.extend(outcomes.setting(&*self.engine.store).await?);
        Ok(self.turn)
    }
}

/// From one instant to a later one.
fn passed(from: Time, to: Time) -> std::time::Duration {
    std::time::Duration::from_millis(u64::try_from(to.ms_since(from)).unwrap_or(0))
}
