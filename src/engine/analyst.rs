//! The analyst: asked once for each kind of failure that no rule knows, within the day's money, and never believed.

use super::Engine;
use super::agents::{AgentRoom, lost, place};
use super::context::spent_key;
use crate::agents::guides::Section;
use crate::agents::{analyst, answer};
use crate::domain::agent::{ANALYST, Usd};
use crate::domain::analysis::{Analysis, Hypothesis};
use crate::domain::evidence::Category;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::text::clean_line;
use crate::domain::time::{DAY_MS, HOUR_MS, Time};
use crate::evidence::redact;
use crate::ports::{PortError, StoreError, Task, Turn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Among its models, the one that is asked where the first cannot answer.
const FALLBACK: &str = "fallback";

/// What it said, by fingerprint.
const KEPT: &str = "analysis:";
/// For so long; and no more of them.
const KEPT_MS: i64 = 30 * DAY_MS;
const KEPT_MAX: usize = 2_000;
/// A question that has no answer after so long was cut off, and is asked again.
const CUT_OFF_MS: i64 = HOUR_MS / 2;
/// All that is asked of one failure takes at most this long: less than its effect is claimed for.
const LONGEST: Duration = Duration::from_secs(1_500);
/// When to look again whether another question has its answer.
const AGAIN: Duration = Duration::from_secs(60);
/// Questions at a time: each runs a program, and other work goes on beside it.
pub const AT_A_TIME: usize = 2;
/// Sections of guides that it is shown.
const SECTIONS: usize = 3;

/// What is kept for a fingerprint: that it was asked, and then its answer.
#[derive(Serialize, Deserialize)]
struct Kept {
    at: Time,
    /// Absent while it is asked.
    #[serde(default)]
    answer: Option<Analysis>,
}

fn later(why: &str) -> PortError {
    PortError::Transient { why: why.into(), retry_after: Some(AGAIN) }
}

/// Why there is no answer.
enum Silence {
    /// It would be asked in vain again.
    Lasting(String),
    /// Another failure of the kind may ask again.
    Passing(String),
}

impl Engine {
    pub(super) async fn analyse(&self, no: IncidentNo, print: &str) -> Result<Analysis, PortError> {
        let silent = |why: &str| Ok(Analysis::Silent { why: why.into() });
        let Some(room) = &self.agents else { return silent("no analyst is configured") };
        let Some(incident) = self.store.incident(no).await.map_err(lost)? else {
            return silent("the incident is gone");
        };
        // What was said of one repository's log is not shown in another's.
        let (key, now) = (format!("{KEPT}{}:{print}", incident.repo), self.clock.now());
        let before = self.store.setting(&key).await.map_err(lost)?;
        let kept = before.clone().and_then(|value| serde_json::from_value::<Kept>(value).ok());
        match kept.filter(|kept| now.ms_since(kept.at) < KEPT_MS) {
            Some(Kept { answer: Some(answer), .. }) => return Ok(answer),
            // It is being asked: for another incident, or by a process that ended.
            Some(Kept { answer: None, at }) if now.ms_since(at) < CUT_OFF_MS => return Err(later("it is being asked")),
            _ => {}
        }
        let Ok(_turn) = room.questions.try_acquire() else { return Err(later("others are being asked")) };
        self.keep_analysis(&key, before, Some(&Kept { at: now, answer: None })).await?;
        let asked = tokio::time::timeout(LONGEST, self.question(room, &incident, print)).await;
        let asked = asked.unwrap_or_else(|_| Err(Silence::Passing("it took too long".into())));
        if self.stopping.load(Ordering::Relaxed) && matches!(asked, Err(Silence::Passing(_))) {
            self.keep_analysis(&key, Some(json!(Kept { at: now, answer: None })), None).await?;
            return Err(later("the bot is ending"));
        }
        let (answer, lasts) = match asked {
            Ok(Some(found)) => (Analysis::Told(Box::new(found)), true),
            Ok(None) => (Analysis::Silent { why: "the log does not tell it enough".into() }, true),
            Err(Silence::Lasting(why)) => (Analysis::Silent { why }, true),
            Err(Silence::Passing(why)) => (Analysis::Silent { why }, false),
        };
        let held = Some(json!(Kept { at: now, answer: None }));
        let kept = Kept { at: now, answer: Some(answer.clone()) };
        self.keep_analysis(&key, held, lasts.then_some(&kept)).await?;
        Ok(answer)
    }

    /// Keeps an answer or forgets that it was asked, together with what is too old.
    async fn keep_analysis(&self, key: &str, before: Option<Value>, kept: Option<&Kept>) -> Result<(), PortError> {
        let mut all = self.store.settings(KEPT).await.map_err(lost)?;
        all.sort_by_key(|(_, value)| std::cmp::Reverse(value["at"].as_i64()));
        let now = self.clock.now();
        let is_old = |value: &Value| now.ms_since(Time(value["at"].as_i64().unwrap_or(0))) >= KEPT_MS;
        let old = all.iter().enumerate().filter(|(nth, (_, value))| *nth >= KEPT_MAX || is_old(value));
        let old: Vec<&(String, Value)> = old.map(|(_, old)| old).filter(|(old, _)| old != key).collect();
        let mut settings: Vec<(String, Option<Value>)> = old.iter().map(|(old, _)| (old.clone(), None)).collect();
        let mut expect: Vec<(String, Option<Value>)> =
            old.into_iter().map(|(old, value)| (old.clone(), Some(value.clone()))).collect();
        settings.push((key.to_owned(), kept.map(|kept| json!(kept))));
        expect.push((key.to_owned(), before));
        let turn = Turn { settings, expect, ..Turn::default() };
        self.store.commit(turn).await.map_err(lost)
    }

    /// Asks, corrects once, and asks the fallback where that does not help.
    async fn question(
        &self,
        room: &AgentRoom,
        incident: &Incident,
        print: &str,
    ) -> Result<Option<Hypothesis>, Silence> {
        let log = match incident.headline().and_then(|evidence| evidence.excerpt.clone()) {
            Some(excerpt) => self.text(&excerpt).await.map_err(|why| Silence::Passing(why.to_string()))?,
            None => return Err(Silence::Passing("there is no log to show it".into())),
        };
        let lines = incident.evidence.iter().flat_map(|evidence| &evidence.errors).map(|line| line.text.raw());
        let guides = room.guides.find(&lines.collect::<Vec<_>>().join("\n"), SECTIONS);
        let question = Question { room, incident, print, log, guides };
        let corrected = match self.ask_analyst(&question, "", None).await {
            Err(Unusable::Invalid(why)) => self.ask_analyst(&question, "", Some(&why)).await,
            other => other,
        };
        let found = match corrected {
            Err(Unusable::Failed(why) | Unusable::Invalid(why)) if room.agents.has_model(ANALYST, FALLBACK) => {
                tracing::info!(incident = incident.no.0, %why, "the analyst gave no answer; asking its fallback");
                self.ask_analyst(&question, FALLBACK, None).await
            }
            other => other,
        };
        found.map_err(Unusable::silence)
    }

    async fn ask_analyst(
        &self,
        question: &Question<'_>,
        model: &str,
        wrong: Option<&str>,
    ) -> Result<Option<Hypothesis>, Unusable> {
        let failed = |why: std::io::Error| Unusable::Failed(why.to_string());
        let Question { room, incident, print, log, guides } = question;
        let prompt = room.prompts.question(incident, log, guides, wrong).map_err(Unusable::Failed)?;
        let (dir, place) = place().map_err(failed)?;
        let kind = incident.headline().map_or(Category::Unknown, |evidence| evidence.category);
        let (reserve, usual) = (self.reserve_analysis().await?, crate::agents::model(kind));
        let task = Task {
            agent: ANALYST,
            category: if model.is_empty() { kind.as_str() } else { model },
            model: &usual,
            prompt: &prompt,
            place: &place,
            run: print,
            dollars: reserve.amount.dollars(),
        };
        let ran = tokio::select! {
            ran = room.agents.run(task) => ran,
            () = self.stopped() => return Err(Unusable::Refused("the emergency stop is on, or the bot is ending".into())),
        };
        drop(dir);
        let masked = |text: &str| redact::text(text, &mut redact::Counts::new()).into_owned();
        let ran = match ran {
            Ok(ran) => ran,
            Err(why) => {
                self.settle_analysis(&reserve, Usd::default()).await?;
                return Err(Unusable::Failed(why.to_string()));
            }
        };
        let output = masked(&ran.output);
        self.settle_analysis(&reserve, answer::read(&output).counted(reserve.amount).unwrap_or(reserve.amount)).await?;
        if let Some(why) = super::agents::stopped(&ran.ended, &clean_line(&masked(&ran.errors), 200)) {
            return Err(Unusable::Failed(why));
        }
        let names: Vec<String> = guides.iter().map(|guide| guide.name.clone()).collect();
        analyst::read(&answer::message(&output), &names, self.clock.now()).map_err(Unusable::Invalid)
    }

    /// Sets aside what one question may cost.
    async fn reserve_analysis(&self) -> Result<Reserve, Unusable> {
        let settings = self.settings();
        let loops = &settings.rules.loops;
        let reserve = Reserve { amount: loops.analysis_budget.unwrap_or_default(), key: spent_key(self.clock.now()) };
        if self.read_hold().await?.is_some() {
            return Err(Unusable::Refused("the emergency stop is on".into()));
        }
        for _ in 0..SETTLES {
            let before = self.store.setting(&reserve.key).await?;
            let read = before.clone().map(serde_json::from_value::<Usd>).transpose();
            let spent = read.map_err(|why| Unusable::Refused(why.to_string()))?.unwrap_or_default();
            if spent.plus(reserve.amount) > loops.daily_budget {
                return Err(Unusable::Refused(format!("{spent} of {} are spent today", loops.daily_budget)));
            }
            let settings = vec![(reserve.key.clone(), Some(json!(spent.plus(reserve.amount))))];
            let expect = vec![(reserve.key.clone(), before)];
            match self.store.commit(Turn { settings, expect, ..Turn::default() }).await {
                Err(StoreError::Conflict(_)) => {}
                other => return other.map(|()| reserve).map_err(Unusable::from),
            }
        }
        Err(Unusable::Refused("the day's money is being counted by others".into()))
    }

    /// What it cost, in place of what was set aside; where that cannot be counted, it stays.
    async fn settle_analysis(&self, reserve: &Reserve, cost: Usd) -> Result<(), Unusable> {
        for _ in 0..SETTLES {
            let before = self.store.setting(&reserve.key).await?;
            let spent: Usd = before.clone().and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
            let settings = vec![(reserve.key.clone(), Some(json!(spent.less(reserve.amount).plus(cost))))];
            let expect = vec![(reserve.key.clone(), before)];
            match self.store.commit(Turn { settings, expect, ..Turn::default() }).await {
                Err(StoreError::Conflict(_)) => {}
                other => return other.map_err(Unusable::from),
            }
        }
        Ok(())
    }
}

/// Another engine may count at the same moment.
const SETTLES: u32 = 10;

/// One question, whoever is asked.
struct Question<'a> {
    room: &'a AgentRoom,
    incident: &'a Incident,
    print: &'a str,
    log: String,
    guides: Vec<&'a Section>,
}

/// What is set aside, on which day.
struct Reserve {
    amount: Usd,
    key: String,
}

/// Why an answer is none.
enum Unusable {
    /// It was not asked.
    Refused(String),
    Failed(String),
    Invalid(String),
}

impl From<StoreError> for Unusable {
    fn from(why: StoreError) -> Self {
        Self::Refused(why.to_string())
    }
}

impl Unusable {
    fn silence(self) -> Silence {
        match self {
            Self::Refused(why) | Self::Failed(why) => Silence::Passing(why),
            Self::Invalid(why) => Silence::Lasting(format!("its answer could not be used: {why}")),
        }
    }
}
