//! Workflows that should have run by the clock: looked at once an hour for each repository, and told once.

use super::Engine;
use crate::domain::cron::Schedule;
use crate::domain::event::{Conclusion, Event};
use crate::domain::ids::{Digest, Repo};
use crate::domain::schedule::{Missed, ScheduleFacts, Silence};
use crate::domain::subscription::{Subscription, repo_glob};
use crate::domain::text::Untrusted;
use crate::domain::time::{HOUR_MS, MINUTE_MS, Time};
use crate::evidence::redact;
use crate::ports::{Activity, Ci, Delivery, PortError, Put, Read, StoreError, Timetable, Turn};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// Between two looks at one repository.
const APART_MS: i64 = HOUR_MS;
/// Repositories looked at in one go, once a minute.
const AT_ONCE: usize = 5;
/// GitHub's clock and ours.
const SKEW_MS: i64 = 5 * MINUTE_MS;
/// The settings that hold what is known of each repository's schedules.
pub(super) const SCHEDULES: &str = "schedules:";

/// What is known of the schedules of one repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Watched {
    at: Time,
    /// By path.
    files: BTreeMap<String, File>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct File {
    read: Read,
    /// Since when these very lines are known: what was due before is not missed.
    since: Time,
    /// When it ran last.
    #[serde(default)]
    ran: Option<Time>,
    /// What was told of it and is not over.
    #[serde(default)]
    told: Option<Silence>,
}

/// What is to be told of a file.
#[derive(Debug, PartialEq)]
enum News {
    Nothing,
    Silent(Silence),
    Ran(&'static str),
}

impl Engine {
    /// Looks whether workflows ran when they should have, where it is time to.
    ///
    /// # Errors
    /// The store failed.
    pub async fn look_at_schedules(&self) -> Result<u64, StoreError> {
        let Some(ci) = self.ci.as_deref().filter(|_| self.settings().watching.on) else { return Ok(0) };
        let now = self.clock.now();
        let mut due: Vec<(Time, Repo, Option<serde_json::Value>)> = Vec::new();
        for repo in self.subscribed(ci).await {
            let kept = self.store.setting(&format!("{SCHEDULES}{repo}")).await?;
            let at = kept.as_ref().and_then(|kept| serde_json::from_value(kept.get("at")?.clone()).ok());
            let at: Time = at.unwrap_or_default();
            // A clock that was set back has not looked in the future.
            if !(0..APART_MS).contains(&now.ms_since(at)) {
                due.push((at, repo, kept));
            }
        }
        due.sort_by(|a, b| (a.0, a.1.as_str()).cmp(&(b.0, b.1.as_str())));
        let mut told = 0;
        for (_, repo, kept) in due.into_iter().take(AT_ONCE) {
            told += self.look_at_schedules_of(ci, &repo, kept, now).await?;
        }
        Ok(told)
    }

    /// Ours, where somebody subscribes to them.
    async fn subscribed(&self, ci: &dyn Ci) -> Vec<Repo> {
        let mut all = self.ours(ci).await;
        let state = self.state.lock().await;
        // Our own pages show everything: whoever has no chat looks there.
        let chat = |feed: &&Subscription| self.chats.get(&feed.platform).is_some_and(|chat| !chat.is_inside());
        let feeds: Vec<&Subscription> = state.all_feeds().filter(chat).collect();
        let wanted = |repo: &Repo| {
            let names = |pattern: &str| state.names.all(repo).any(|name| repo_glob(pattern, name.as_str()));
            feeds.is_empty() || feeds.iter().any(|feed| feed.filter.repo.as_deref().is_none_or(names))
        };
        all.retain(wanted);
        all.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        all.dedup();
        all
    }

    async fn look_at_schedules_of(
        &self,
        ci: &dyn Ci,
        repo: &Repo,
        kept: Option<serde_json::Value>,
        now: Time,
    ) -> Result<u64, StoreError> {
        let before: Watched = kept.clone().and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default();
        let (mut after, mut told) = (Watched { at: now, files: before.files.clone() }, 0);
        let mut events = Vec::new();
        match self.news(ci, repo, &before, now).await {
            Ok((files, found)) => (after.files, events) = (files, found),
            // Asked again in an hour: what is due then is still due.
            Err(why) => tracing::debug!(%repo, %why, "could not look at schedules"),
        }
        for (name, event) in events {
            let id = format!("internal:schedule-{}-{name}", self.installation);
            let delivery = Delivery::internal(id, now, &event);
            let delivery = Delivery { body: redact::body(delivery.body.as_bytes()), ..delivery };
            told += u64::from(self.store.put_delivery(delivery).await? == Put::New);
        }
        if told > 0 {
            self.turn_due.notify_one();
        }
        let key = format!("{SCHEDULES}{repo}");
        let turn =
            Turn { settings: vec![(key.clone(), Some(json!(after)))], expect: vec![(key, kept)], ..Turn::default() };
        match self.store.commit(turn).await {
            // Another engine has just looked as well.
            Err(StoreError::Conflict(_)) => Ok(told),
            other => other.map(|()| told),
        }
    }

    /// What is known now, and what has to be told with a name that is the same after a crash.
    async fn news(
        &self,
        ci: &dyn Ci,
        repo: &Repo,
        before: &Watched,
        now: Time,
    ) -> Result<(BTreeMap<String, File>, Vec<(String, Event)>), PortError> {
        let known = before.files.iter().map(|(path, file)| (path.clone(), file.read.clone())).collect();
        let found = ci.timetables(repo, &known).await?;
        let (mut files, mut events) = (BTreeMap::new(), Vec::new());
        for table in found {
            let was = before.files.get(&table.path);
            let empty = table.read.lines.as_ref().is_ok_and(Vec::is_empty);
            let same = was.is_some_and(|was| was.read.lines == table.read.lines);
            let mut file = File {
                read: table.read.clone(),
                since: was.filter(|_| same).map_or(now, |was| was.since),
                ran: was.and_then(|was| was.ran),
                told: was.and_then(|was| was.told.clone()),
            };
            let news = if empty {
                over(&file, "no cron line is left")
            } else {
                match self.judged(ci, repo, &table, &mut file, now).await {
                    Ok(news) => news,
                    // It alone is asked again in an hour.
                    Err(why) => {
                        tracing::warn!(%repo, workflow = %table.path, %why, "could not look at a schedule");
                        News::Nothing
                    }
                }
            };
            let name = |what: &str| name(before, repo, &table.path, what);
            match news {
                News::Nothing => {}
                // What was off before we looked first is nobody's news.
                News::Silent(silence @ (Silence::Disabled | Silence::Inactive)) if was.is_none() => {
                    file.told = Some(silence);
                }
                News::Silent(silence) => {
                    let default_branch = table.default_branch.clone();
                    let words = format!("{silence:?}");
                    let missed = Missed {
                        path: table.path.as_str().into(),
                        workflow: table.name.clone(),
                        silence: silence.clone(),
                        last: file.ran,
                        times: 0,
                    };
                    file.told = Some(silence);
                    let event = Event::Silent { repo: repo.clone(), default_branch, missed: Box::new(missed) };
                    events.push((name(&words), event));
                }
                News::Ran(because) => {
                    file.told = None;
                    events.push((name(because), ran(repo, &table.path, because)));
                }
            }
            if !empty {
                files.insert(table.path.clone(), file);
            }
        }
        let told = before.files.iter().filter(|(_, file)| file.told.is_some());
        for path in told.map(|(path, _)| path).filter(|path| !files.contains_key(*path)) {
            if !events.iter().any(|(_, event)| matches!(event, Event::Ran { path: of, .. } if of.raw() == path)) {
                events.push((
                    name(before, repo, path, "gone"),
                    ran(repo, path, "no such workflow is left on the default branch"),
                ));
            }
        }
        Ok((files, events))
    }

    /// How one workflow stands; asks for its runs only where one was due since the last.
    async fn judged(
        &self,
        ci: &dyn Ci,
        repo: &Repo,
        table: &Timetable,
        file: &mut File,
        now: Time,
    ) -> Result<News, PortError> {
        let mut schedules = Vec::new();
        let lines = match &table.read.lines {
            Ok(lines) => lines.as_slice(),
            Err(why) => return Ok(silent(file, invalid("the file cannot be read", why))),
        };
        for line in lines {
            match Schedule::read(line) {
                Ok(schedule) => schedules.push(schedule),
                Err(why) => return Ok(silent(file, invalid(&line.words(), &why))),
            }
        }
        match table.activity {
            Activity::Inactive => return Ok(silent(file, Silence::Inactive)),
            Activity::Disabled => return Ok(silent(file, Silence::Disabled)),
            Activity::Active => {}
        }
        // A workflow that was off begins anew.
        if matches!(file.told, Some(Silence::Inactive | Silence::Disabled | Silence::Invalid { .. })) {
            file.since = now;
            return Ok(News::Ran("the schedule is active again"));
        }
        let grace_ms = self.settings().watching.grace_ms;
        let due = schedules.iter().filter_map(|schedule| Some((schedule.due(now, grace_ms)?, schedule)));
        let due = due.filter(|(at, _)| *at >= file.since).max_by_key(|(at, _)| *at);
        let has_run = |ran: Option<Time>, at: Time| ran.is_some_and(|ran| ran.plus_ms(SKEW_MS) >= at);
        let Some((at, schedule)) = due else { return Ok(News::Nothing) };
        if !has_run(file.ran, at) {
            let runs = ci.by_the_clock(repo, table.id).await?;
            file.ran = runs.iter().map(|run| run.created_at).max().max(file.ran);
        }
        if has_run(file.ran, at) {
            return Ok(over(file, "it ran on schedule again"));
        }
        Ok(silent(file, Silence::NotRun { due: at, clock: schedule.clock(at) }))
    }

    /// For a red night: how often it comes, and which of the newest runs on the branch were red in a row.
    pub(super) async fn schedule(
        &self,
        repo: &Repo,
        workflow: &Untrusted,
        branch: &Untrusted,
    ) -> Result<ScheduleFacts, PortError> {
        let ci = self.ci()?;
        let Some(table) = ci.timetable(repo, workflow).await? else { return Ok(ScheduleFacts::default()) };
        let now = self.clock.now();
        let schedules = table.read.lines.iter().flatten().map(Schedule::read).collect::<Result<Vec<_>, _>>();
        let nightly = schedules.ok().filter(|all| !all.is_empty());
        let nightly = nightly.map(|all| all.len() == 1 && all.iter().all(|schedule| schedule.is_nightly(now)));
        let runs = ci.by_the_clock(repo, table.id).await?;
        let ended = runs.iter().filter(|run| run.head_branch == *branch && run.conclusion.is_some());
        let red = ended.take_while(|run| run.conclusion.is_some_and(Conclusion::is_failure));
        Ok(ScheduleFacts { nightly, reds: red.map(|run| run.id).collect() })
    }
}

/// What an event is called: the same when a look is repeated after a crash, and another at the next look, however much
/// that finds the same.
fn name(before: &Watched, repo: &Repo, path: &str, what: &str) -> String {
    let at = before.at.0.to_string();
    Digest::of([repo.as_str(), path, what, &at].map(str::as_bytes)).short().to_owned()
}

/// Told once.
fn silent(file: &File, silence: Silence) -> News {
    if file.told.as_ref() == Some(&silence) { News::Nothing } else { News::Silent(silence) }
}

fn over(file: &File, because: &'static str) -> News {
    if file.told.is_some() { News::Ran(because) } else { News::Nothing }
}

fn invalid(line: &str, because: &str) -> Silence {
    Silence::Invalid { line: line.to_owned(), because: because.to_owned() }
}

fn ran(repo: &Repo, path: &str, because: &str) -> Event {
    Event::Ran { repo: repo.clone(), path: path.into(), because: because.to_owned() }
}
