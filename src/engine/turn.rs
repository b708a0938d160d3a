//! One delivery, one turn: decode, route, step, and one transaction for everything that follows.

use super::{Engine, NEXT_INCIDENT, State, timer_key};
use crate::domain::effect::{Effect, Lookup, Order};
use crate::domain::event::Event;
use crate::domain::facts::RunSeen;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::{Incident, RunState};
use crate::domain::journal::{Entry, Note};
use crate::domain::subscription::Subject;
use crate::domain::time::{MINUTE_MS, SECOND_MS, Time};
use crate::history::outcomes;
use crate::incident::{Routed, Transition, route, run_key, step};
use crate::ports::{Claimed, Delivery, Heard, NewEffect, StoreError, Surface, TimerRow, Turn};
use futures::FutureExt;
use metrics::counter;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A turn takes milliseconds; a claim that old belongs to a process that died.
const LEASE_MS: i64 = 5 * MINUTE_MS;
/// How long a lookup of owners that nobody waits for leaves the way to others.
const OWNERS_WAIT_MS: i64 = 15 * SECOND_MS;
/// Tries before a delivery goes to the dead letters.
const TRIES: u32 = 3;

/// A turn at work.
pub(super) struct Working<'e> {
    pub engine: &'e Engine,
    pub state: &'e mut State,
    pub delivery: &'e Delivery,
    pub now: Time,
    pub turn: Turn,
    incidents: BTreeMap<IncidentNo, Incident>,
    /// Version as stored, of incidents that are.
    stored: BTreeMap<IncidentNo, u64>,
    to_tell: BTreeMap<IncidentNo, u64>,
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
        let taken = AssertUnwindSafe(self.take_in(&mut state, &claim, now)).catch_unwind().await;
        let done = taken.unwrap_or_else(|_| Err(StoreError::Conflict("a step panicked".into())));
        if let Err(why) = &done {
            // Discard what this turn noted in memory.
            (state.index, state.next_incident) = super::rebuild(&*self.store).await?;
            state.feeds = super::stored_feeds(&*self.store).await?;
            if matches!(why, StoreError::Conflict(_)) {
                tracing::warn!(delivery = %claim.work.id, %why, "could not process a delivery; retrying");
            }
            if claim.attempts + 1 >= TRIES && matches!(why, StoreError::Conflict(_)) {
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
        };
        for heard in heard {
            working.hear(heard).await?;
        }
        let turn = working.finish().await?;
        let (effects, dirty, follow_ups) = (turn.effects.len(), turn.dirty.len(), turn.deliveries.len());
        let chronicle = super::chronicle::of(&turn);
        self.store.commit(turn).await?;
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
    fn decode(&self, delivery: &Delivery) -> Result<Vec<Heard>, String> {
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
                Event::Spoken { spoken } => self.spoken(spoken).await,
                Event::Installed => {
                    self.engine.forget_listed().await;
                    Ok(())
                }
                event => self.event(event).await,
            },
            Heard::Words { actor, place, text } => self.said(actor, place, text).await,
            Heard::Pressed { actor, place, value, input } => self.pressed(actor, place, &value, input).await,
            Heard::Visited { actor, place } => self.visited(&actor, place).await,
            Heard::Queued { key, failure } => {
                let at = self.now.plus_ms(i64::from(self.engine.rules.stuck_minutes) * MINUTE_MS);
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
            Heard::LogTail { repo, run, names, text } => self.log_tail(&repo, run, &names, &text).await,
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
            if let Event::Failed { failure } = &event
                && !self.engine.filter.has(&failure.repo, failure.branch.raw())
            {
                counter!("ci_rescue_events_total", "outcome" => "filtered").increment(1);
                tracing::debug!(delivery = %self.delivery.id, repo = %failure.repo, "outside github.repositories or github.branches");
                continue;
            }
            if let Event::Requested { repo, .. } = &event
                && !self.engine.filter.has_repo(repo)
            {
                counter!("ci_rescue_events_total", "outcome" => "filtered").increment(1);
                continue;
            }
            if !matches!(&event, Event::Progressed { progress } if !self.engine.filter.has_repo(&progress.repo)) {
                self.turn.outcomes.extend(outcomes::told(&event, None, self.now));
            }
            let routed = route(&self.state.index, &self.engine.rules, &event, self.now);
            self.see_run(&event);
            match routed {
                Routed::Ignore(why) => {
                    counter!("ci_rescue_events_total", "outcome" => "ignored").increment(1);
                    tracing::debug!(delivery = %self.delivery.id, why, "ignored");
                }
                Routed::Open => {
                    let no = IncidentNo(self.state.next_incident);
                    self.state.next_incident += 1;
                    let next = self.state.next_incident;
                    self.turn.settings.push((NEXT_INCIDENT.into(), Some(next.into())));
                    counter!("ci_rescue_incidents_opened_total").increment(1);
                    self.step(no, &event, &mut queue).await?;
                }
                Routed::Join(nos) => {
                    for no in nos {
                        self.step(no, &event, &mut queue).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Records a run's state even without an incident: a late failure must not open one.
    fn see_run(&mut self, event: &Event) {
        let Event::Progressed { progress } = event else { return };
        let (Some(run), crate::domain::Scope::Run) = (progress.run, progress.scope) else { return };
        let known = self.state.index.run(&progress.repo, run).cloned();
        let seen = merge(known, progress.attempt, progress.conclusion, self.now, None);
        self.saw(run_key(&progress.repo, run), seen);
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
            self.stored.insert(no, incident.version);
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
        self.count_merge(before.as_ref(), event);
        if matches!(event, Event::LogRead { .. }) {
            self.turn.outcomes.extend(outcomes::told(event, before.as_ref(), self.now));
        }
        let entries = before.as_ref().map_or(0, |incident| incident.entries);
        let Some(Transition { incident, orders }) = step(&self.engine.rules, &context, before, no, event, self.now)
        else {
            if let Event::Asked { request } = event {
                self.reply_missing(no, request);
            }
            return Ok(());
        };
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
        let seen = merge(known.clone(), run.attempt, run.conclusion, self.now, Some(owner));
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
        lookups.iter().all(|lookup| matches!(lookup, Lookup::Owners { .. }))
            && !self.engine.all_feeds(self.state).any(|feed| feed.filter.owner.is_some())
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
                Order::Event(event) => queue.push_back(*event),
            }
        }
    }

    /// Everything that changed, as one transaction.
    async fn finish(mut self) -> Result<Turn, StoreError> {
        let incidents = std::mem::take(&mut self.incidents);
        for (no, mut incident) in incidents {
            incident.version = self.stored.get(&no).copied().unwrap_or(0) + 1;
            for surface in self.surfaces(&incident).await? {
                let told = self.to_tell.get(&no).copied().unwrap_or(0);
                self.turn.dirty.push((surface, incident.version, told));
            }
            self.turn.incidents.push(incident);
        }
        Ok(self.turn)
    }

    /// Where the card stands already, and where feeds want it now.
    async fn surfaces(&self, incident: &Incident) -> Result<Vec<Surface>, StoreError> {
        let mut surfaces =
            if incident.version > 1 { self.engine.store.surfaces(incident.no).await? } else { Vec::new() };
        let conclusion = incident.first_job().map_or("failure", |job| job.conclusion.as_str());
        let subject = Subject {
            repo: &incident.repo,
            branch: incident.branch.raw(),
            default_branch: &incident.default_branch,
            workflow: incident.workflow.raw(),
            conclusion,
            severity: incident.severity,
            owners: incident.owners.as_deref().unwrap_or_default(),
        };
        let fed = self.engine.all_feeds(self.state).filter(|feed| feed.filter.wants(&subject));
        let fed = fed.map(|feed| (feed.platform.clone(), feed.channel.clone()));
        let own = self.engine.chats.iter().flat_map(|(platform, chat)| {
            let channels = chat.channels(&incident.repo, &incident.pulls);
            channels.into_iter().map(move |channel| (platform.clone(), channel))
        });
        // What was adopted is shown where it stands already and nowhere else.
        let wanted: Vec<Surface> = fed
            .chain(own)
            .filter(|_| incident.adopted_by.is_none())
            .map(|(platform, channel)| Surface { incident: incident.no, platform, channel })
            .collect();
        for surface in wanted {
            if !surfaces.contains(&surface) && !self.is_muted(&surface).await? {
                surfaces.push(surface);
            }
        }
        Ok(surfaces)
    }
}

/// The newest attempt wins; within one attempt, green stays.
fn merge(
    known: Option<RunSeen>,
    attempt: u32,
    conclusion: Option<crate::domain::Conclusion>,
    at: Time,
    incident: Option<IncidentNo>,
) -> RunSeen {
    let Some(known) = known else { return RunSeen { attempt, conclusion, at, incident } };
    let incident = incident.or(known.incident);
    let green = known.conclusion.is_some_and(crate::domain::Conclusion::is_green);
    if attempt < known.attempt || (attempt == known.attempt && (green || conclusion.is_none())) {
        return RunSeen { incident, ..known };
    }
    RunSeen { attempt, conclusion, at, incident }
}
