//! What a step may know beyond its incident, read before it; and what is counted of its automatic acts.

use super::providers::{OUTAGES, Pages, open};
use super::turn::Working;
use super::{Engine, HOLD};
use crate::domain::action::Action;
use crate::domain::agent::{Records, Usd};
use crate::domain::effect::Effect;
use crate::domain::event::{Conclusion, Event, LogRead, Scope};
use crate::domain::facts::{Breaker, Context};
use crate::domain::ids::{ProposalId, Repo};
use crate::domain::incident::Incident;
use crate::domain::subscription::slug;
use crate::domain::text::clean_line;
use crate::domain::time::Time;
use crate::ports::{Store, StoreError, Turn};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The settings that limits are kept in.
struct Keys {
    acts: String,
    acted: String,
    failed: String,
    retries: Option<String>,
    spent: String,
    /// Of the day on which the money was set aside for an attempt that has come to its end.
    spent_then: Option<String>,
    records: String,
}

const BREAKER: &str = "breaker";
/// What agents came to, by repository and workflow.
const RECORDS: &str = "routed:";
/// Of a workflow's name, in its key.
const WORKFLOW_CHARS: usize = 100;

impl Keys {
    fn of(incident: &Incident, print: Option<&str>, now: Time) -> Self {
        let branch = format!("{}:{}", incident.repo, incident.branch.raw());
        let (acted, failed) = (format!("acted:{branch}"), format!("failed:{branch}"));
        let retries = print.map(|print| retries_key(now, print));
        let records =
            format!("{RECORDS}{}:{}", incident.repo, clean_line(&slug(incident.workflow.raw()), WORKFLOW_CHARS));
        Self { acts: acts_key(now), acted, failed, retries, spent: spent_key(now), spent_then: None, records }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        let own = [HOLD, BREAKER, OUTAGES, &self.acts, &self.acted, &self.failed, &self.records];
        own.into_iter().chain(self.retries.as_deref()).chain([self.spent.as_str()]).chain(self.spent_then.as_deref())
    }
}

/// What limits have been used up, as the store knows it, from outside a turn.
pub(super) async fn limits(store: &dyn Store, incident: &Incident, now: Time) -> Result<Context, StoreError> {
    let keys = Keys::of(incident, incident.fingerprint(), now);
    let mut found = Vec::new();
    for key in keys.all() {
        found.push((key.to_owned(), store.setting(key).await?));
    }
    of(&keys, now, |key| found.iter().find(|(have, _)| have == key).and_then(|(_, value)| value.clone()))
}

fn of(keys: &Keys, now: Time, setting: impl Fn(&str) -> Option<Value>) -> Result<Context, StoreError> {
    let count = |key: &str| read::<u32>(key, setting(key)).map(Option::unwrap_or_default);
    Ok(Context {
        hold: read("the emergency stop", setting(HOLD))?,
        branch_acted_at: read(&keys.acted, setting(&keys.acted))?,
        branch_failed_at: read(&keys.failed, setting(&keys.failed))?,
        breaker: read(BREAKER, setting(BREAKER))?.unwrap_or_default(),
        spent_today: read(&keys.spent, setting(&keys.spent))?.unwrap_or_default(),
        records: read(&keys.records, setting(&keys.records))?.unwrap_or_default(),
        // What cannot be read is no outage.
        outages: read::<Pages>(OUTAGES, setting(OUTAGES))
            .ok()
            .flatten()
            .map_or_else(Vec::new, |pages| open(&pages, now)),
        acts_today: count(&keys.acts)?,
        fingerprint_retries: keys.retries.as_deref().map_or(Ok(0), count)?,
        ..Context::default()
    })
}

/// What cannot be read is no limit that may be passed: the turn waits.
fn read<T: DeserializeOwned>(what: &str, value: Option<Value>) -> Result<Option<T>, StoreError> {
    let broken = |why| StoreError::Broken(format!("cannot read {what}: {why}"));
    value.map(|value| serde_json::from_value(value).map_err(broken)).transpose()
}

impl Working<'_> {
    pub(super) async fn context(&mut self, incident: Option<&Incident>, event: &Event) -> Result<Context, StoreError> {
        let owners_wanted = self.engine.git.is_some();
        let mentioning = self.mentioning(incident).await?;
        let Some(incident) = incident else {
            let hold = self.engine.read_hold().await?;
            let outages = self.engine.outages().await?;
            return Ok(Context { hold, owners_wanted, mentioning, outages, ..Context::default() });
        };
        let arrived = match event {
            Event::LogRead { read: LogRead::Read(evidence), .. } => evidence.fingerprint.as_deref(),
            Event::Reported { reported, .. } => reported.fingerprint.as_deref(),
            _ => None,
        };
        let mut keys = Keys::of(incident, arrived.or(incident.fingerprint()), self.now);
        if let Event::Performed { proposal, .. } = event {
            let plan = incident.proposal(*proposal).and_then(|own| own.plan.as_ref());
            keys.spent_then = plan.iter().flat_map(|plan| &plan.steps).find_map(|step| match &step.action {
                Action::Attempt { at, .. } => Some(spent_key(*at)),
                _ => None,
            });
        }
        for key in keys.all() {
            if !self.read.contains_key(key) {
                self.read.insert(key.to_owned(), self.engine.store.setting(key).await?);
            }
        }
        let mut context = of(&keys, self.now, |key| self.setting(key))?;
        context.owners_wanted = owners_wanted;
        context.mentioning = mentioning;
        for print in arrived.into_iter().chain(incident.fingerprint()) {
            context.same.insert(print.to_owned(), self.state.index.same(incident, print));
        }
        // Judged where the card's facts come in: by then the log has been read, and its tests are on record. And once
        // more where a retry passes: what comes of that rests on it.
        let passed = matches!(event, Event::Progressed { progress } if progress.scope == Scope::Run
            && progress.attempt > 1 && progress.conclusion.is_some_and(Conclusion::is_green));
        if (matches!(event, Event::FactsGathered { .. }) || passed) && !incident.is_over() {
            context.judged = self.judged(incident).await?;
        }
        Ok(context)
    }

    /// A setting as this turn will leave it.
    fn setting(&self, key: &str) -> Option<Value> {
        let set = self.turn.settings.iter().rev().find(|(have, _)| have == key).map(|(_, value)| value.clone());
        let value = set.unwrap_or_else(|| self.read.get(key).cloned().flatten());
        let more = self.turn.bump.iter().filter(|have| *have == key).count() as u64;
        if more == 0 { value } else { Some(json!(value.and_then(|n| n.as_u64()).unwrap_or(0) + more)) }
    }

    /// An automatic act counts when its first step is ordered, so that a crash cannot forget it. Everything that allowed
    /// it must still be so: another engine may have acted meanwhile.
    pub(super) fn count_automatic(&mut self, incident: &Incident, effect: &Effect) {
        if let Effect::Perform { action, undo: false, .. } = effect
            && let Action::Attempt { reserve, at, .. } = **action
        {
            self.spend(&spent_key(at), |spent| spent.plus(reserve));
        }
        if !matches!(effect, Effect::Perform { automatic: true, undo: false, step: 0, counts: true, .. }) {
            return;
        }
        let keys = Keys::of(incident, incident.fingerprint(), self.now);
        self.expect(keys.all());
        self.turn.bump.push(keys.acts);
        // An issue is no attempt on the branch.
        if !matches!(effect, Effect::Perform { action, .. } if matches!(**action, Action::Issue { .. })) {
            self.turn.settings.push((keys.acted, Some(json!(self.now.0))));
            self.turn.bump.extend(keys.retries);
        }
    }

    /// What an attempt cost, in place of what was set aside for it.
    pub(super) fn count_spent(&mut self, at: Time, reserve: Usd, cost: Usd) {
        self.spend(&spent_key(at), |spent| spent.less(reserve).plus(cost));
    }

    fn spend(&mut self, key: &str, after: impl Fn(Usd) -> Usd) {
        let spent: Usd = read(key, self.setting(key)).ok().flatten().unwrap_or_default();
        self.expect([key].into_iter());
        self.turn.settings.push((key.to_owned(), Some(json!(after(spent)))));
    }

    /// How an automatic act ended: what the breaker and the pause after a failure rest on.
    pub(super) fn count_outcome(&mut self, incident: &Incident, passed: bool) {
        let keys = Keys::of(incident, None, self.now);
        let before: Breaker = read(BREAKER, self.setting(BREAKER)).ok().flatten().unwrap_or_default();
        self.expect([BREAKER].into_iter());
        let failures = if passed { 0 } else { before.failures.saturating_add(1) };
        let after = Breaker { failures, at: (!passed).then_some(self.now) };
        self.turn.settings.push((BREAKER.into(), Some(json!(after))));
        if !passed {
            self.turn.settings.push((keys.failed, Some(json!(self.now.0))));
        }
    }

    /// What a specialist's agent came to in this workflow: routing rests on it.
    pub(super) fn count_learnt(&mut self, incident: &Incident, specialist: String, fixed: bool) {
        let key = Keys::of(incident, None, self.now).records;
        let mut records: Records = read(&key, self.setting(&key)).ok().flatten().unwrap_or_default();
        let record = records.entry(specialist).or_default();
        let count = if fixed { &mut record.fixed } else { &mut record.failed };
        *count = count.saturating_add(1);
        self.expect([key.as_str()].into_iter());
        self.turn.settings.push((key, Some(json!(records))));
    }

    /// What agents came to, by repository and workflow, as routing counts it.
    pub(super) async fn records(&self) -> Result<Vec<(Repo, String, Records)>, StoreError> {
        let mut found = Vec::new();
        for (key, value) in self.engine.store.settings(RECORDS).await? {
            let Some((repo, workflow)) = key[RECORDS.len()..].split_once(':') else { continue };
            let (Ok(repo), Some(records)) = (repo.parse(), read(&key, Some(value))?) else { continue };
            found.push((repo, workflow.to_owned(), records));
        }
        Ok(found)
    }

    /// Forgets all of it. Answers of how many workflows.
    pub(super) async fn forget_records(&mut self) -> Result<u64, StoreError> {
        let known = self.engine.store.settings(RECORDS).await?;
        let count = known.len() as u64;
        for (key, value) in known {
            self.turn.expect.push((key.clone(), Some(value)));
            self.turn.settings.push((key, None));
        }
        Ok(count)
    }

    fn expect<'k>(&mut self, keys: impl Iterator<Item = &'k str>) {
        for key in keys {
            let known = self.turn.expect.iter().any(|(have, _)| have == key);
            if let Some(value) = self.read.get(key).filter(|_| !known) {
                self.turn.expect.push((key.to_owned(), value.clone()));
            }
        }
    }
}

impl Engine {
    /// Counts a merge against the day's limit right before it happens, once for each proposal a day. `false`: there is
    /// none left.
    pub(super) async fn reserve_merge(&self, proposal: ProposalId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let (acts, marker) = (acts_key(now), format!("merging:{}:{proposal}", now.day()));
        if self.store.setting(&marker).await?.is_some() {
            return Ok(true);
        }
        let (used, hold) = (self.store.setting(&acts).await?, self.store.setting(HOLD).await?);
        let count = read::<u32>(&acts, used.clone())?.unwrap_or(0);
        if hold.is_some() || count >= self.settings().rules.daily_limit {
            return Ok(false);
        }
        let settings = vec![(marker.clone(), Some(json!(now.0)))];
        let expect = vec![(acts.clone(), used), (marker, None), (HOLD.into(), None)];
        self.store.commit(Turn { settings, expect, bump: vec![acts], ..Turn::default() }).await.map(|()| true)
    }

    /// How many automatic acts in a row failed, and automatic acts of today.
    pub(super) async fn used(&self) -> Result<(Breaker, u32), StoreError> {
        let breaker = read(BREAKER, self.store.setting(BREAKER).await?)?.unwrap_or_default();
        let acts = acts_key(self.clock.now());
        Ok((breaker, read(&acts, self.store.setting(&acts).await?)?.unwrap_or(0)))
    }
}

impl Engine {
    /// What agents cost today, with what those at work may still cost.
    pub(super) async fn spent(&self) -> Result<Usd, StoreError> {
        let key = spent_key(self.clock.now());
        Ok(read(&key, self.store.setting(&key).await?)?.unwrap_or_default())
    }
}

/// Kept as long as the store is: a short row a day on which agents ran.
pub(super) fn spent_key(at: Time) -> String {
    format!("spent:{}", at.day())
}

fn acts_key(now: Time) -> String {
    format!("acts:{}", now.day())
}

fn retries_key(now: Time, print: &str) -> String {
    format!("retries:{}:{print}", now.day())
}
