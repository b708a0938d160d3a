//! Test reports among the artifacts of a run: downloaded within limits, and recorded test by test.

use super::turn::Working;
use super::{EditBudget, Engine};
use crate::domain::effect::Effect;
use crate::domain::event::{Conclusion, Event, Scope};
use crate::domain::evidence::{FailingTest, Reported};
use crate::domain::executed::{Artifact, Executed};
use crate::domain::ids::{Repo, RunId};
use crate::domain::incident::Incident;
use crate::domain::outcome::{Ended, Outcome};
use crate::domain::text::{Untrusted, clean_line};
use crate::evidence::archive::{self, Kind, Limits};
use crate::evidence::{redact, reported};
use crate::frameworks::Names;
use crate::frameworks::reports::{Case, Item};
use crate::history::{outcomes, place};
use crate::ports::{Ci, Clock, LogStream, PortError, StoreError, Ticks, Turn};
use futures::StreamExt;
use governor::{Quota, RateLimiter};
use metrics::counter;
use serde_json::json;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Artifacts that are read side by side: each takes disk, memory and a processor.
const AT_ONCE: usize = 2;
/// Whoever finds them busy comes again after this.
const BUSY: Duration = Duration::from_secs(5);
/// Passing runs whose artifacts are read: five calls each, of the 5,000 an hour that GitHub allows. A burst comes on top.
const GREEN_AN_HOUR: NonZeroU32 = NonZeroU32::new(250).expect("not zero");
const GREEN_BURST: NonZeroU32 = NonZeroU32::new(50).expect("not zero");
/// Artifacts read of one attempt.
const ARTIFACTS_MAX: usize = 50;
/// A larger artifact is left out, compressed, in bytes.
const BYTES_MAX: u64 = 64 << 20;
/// What an artifact may hold: see [`Limits`].
const LIMITS: Limits = Limits { expanded: 512 << 20, entries: 10_000, nesting: 1 };
/// Executions recorded of one attempt.
const CASES_MAX: usize = 50_000;
/// Words of which the names of artifacts with test reports hold one; `artifact` is what the upload's name is by default.
const WORDS: [&str; 12] =
    ["test", "junit", "report", "result", "trx", "tap", "xunit", "nunit", "surefire", "pytest", "jest", "artifact"];
/// Repositories whose artifacts held test reports.
const SEEN: &str = "reports:";

/// How reading reports is kept within limits.
pub(super) struct Reports {
    at_once: Semaphore,
    green: EditBudget,
}

impl Reports {
    pub fn new(clock: &Arc<dyn Clock>) -> Self {
        let quota = Quota::per_hour(GREEN_AN_HOUR).allow_burst(GREEN_BURST);
        let green = RateLimiter::direct_with_clock(quota, Ticks(Arc::clone(clock)));
        Self { at_once: Semaphore::new(AT_ONCE), green }
    }
}

impl Working<'_> {
    /// A run ended: its reports are read, of a passing one where the repository is known to have some.
    pub(super) async fn ask_reports(&mut self, event: &Event) -> Result<(), StoreError> {
        let Event::Progressed { progress } = event else { return Ok(()) };
        let (Scope::Run, Some(run)) = (progress.scope, progress.run) else { return Ok(()) };
        let failed = match progress.conclusion {
            Some(Conclusion::Success) => false,
            Some(Conclusion::Failure | Conclusion::TimedOut) => true,
            _ => return Ok(()),
        };
        let repo = self.state.names.current(&progress.repo);
        let known = self.state.index.run(&repo, run);
        let again = known.is_some_and(|seen| seen.attempt >= progress.attempt && seen.conclusion.is_some());
        let of_forge = self.engine.ci.is_some() && self.delivery.source == "github";
        if again || !of_forge || !self.has_repo(&repo) {
            return Ok(());
        }
        if !failed {
            let seen = self.engine.store.setting(&format!("{SEEN}{repo}")).await?.is_some();
            if !seen || self.engine.reports.green.check().is_err() {
                return Ok(());
            }
        }
        self.effect(Effect::ReadReports { repo, run, attempt: progress.attempt.max(1), failed });
        Ok(())
    }
}

impl Engine {
    /// Reads the reports of an attempt and records what they say. Answers the failing tests.
    pub(super) async fn read_reports(
        &self,
        repo: &Repo,
        run: RunId,
        attempt: u32,
        failed: bool,
    ) -> Result<Option<Reported>, PortError> {
        let ci = self.ci()?;
        // A passing run is one of many: it is not worth a call that others need.
        if !failed && ci.spare(repo).is_some() {
            return Ok(None);
        }
        // What the log names is told by it alone, so it comes first.
        let transient = |why: StoreError| PortError::transient(why.to_string());
        if failed && self.reads_log(repo, run, attempt).await.map_err(transient)? {
            return Err(PortError::Transient { why: "its log is being read".into(), retry_after: Some(BUSY) });
        }
        let busy = || PortError::Transient { why: "other reports are being read".into(), retry_after: Some(BUSY) };
        let _permit = self.reports.at_once.try_acquire().map_err(|_| busy())?;
        let mut artifacts = ci.artifacts(repo, run).await?;
        artifacts.retain(looks_like_reports);
        if artifacts.is_empty() {
            return Ok(None);
        }
        let executed = ci.attempt(repo, run, attempt).await?;
        artifacts.retain(|one| (executed.started_at..=executed.updated_at).contains(&one.created_at));
        artifacts.truncate(ARTIFACTS_MAX);
        let mut cases = Vec::new();
        for artifact in &artifacts {
            let room = CASES_MAX.saturating_sub(cases.len());
            cases.extend(self.read_artifact(ci, repo, artifact, room).await?);
        }
        if cases.is_empty() {
            return Ok(None);
        }
        let reported = summary(&executed, &cases);
        self.record_cases(ci, &executed, cases).await?;
        Ok(reported)
    }

    /// What one artifact says, with its name and the file's. One that cannot be read is left out.
    async fn read_artifact(
        &self,
        ci: &dyn Ci,
        repo: &Repo,
        artifact: &Artifact,
        room: usize,
    ) -> Result<Vec<(String, Case)>, PortError> {
        let name = clean_line(artifact.name.raw(), 100);
        let left_out = |why: &str| {
            counter!("ci_rescue_artifacts_total", "outcome" => "left_out").increment(1);
            tracing::info!(%repo, artifact = name, why, "an artifact was not read to its end");
        };
        let spooled = match ci.download(repo, artifact.id).await {
            Ok(stream) => spool(stream).await?,
            Err(PortError::Permanent { why }) => {
                left_out(&why);
                return Ok(Vec::new());
            }
            Err(other) => return Err(other),
        };
        let Some(file) = spooled else {
            left_out("it is too large");
            return Ok(Vec::new());
        };
        let of = redact::text(artifact.name.raw(), &mut redact::Counts::new()).into_owned();
        // Large reports take the processor for seconds, and others wait for the runtime's threads.
        #[allow(clippy::disallowed_methods, reason = "reading an artifact is the one work here that blocks for long")]
        let read = tokio::task::spawn_blocking(move || read(file, &of, room)).await;
        let (cases, done) = read.map_err(|why| PortError::permanent(why.to_string()))?;
        match done {
            Ok(()) => counter!("ci_rescue_artifacts_total", "outcome" => "read").increment(1),
            Err(why) => left_out(&clean_line(&why, 200)),
        }
        Ok(cases)
    }

    async fn record_cases(
        &self,
        ci: &dyn Ci,
        executed: &Executed,
        cases: Vec<(String, Case)>,
    ) -> Result<(), PortError> {
        let jobs = ci.jobs(&executed.repo, executed.run, executed.attempt).await?;
        let jobs: Vec<&str> = jobs.iter().map(|job| job.name.raw()).collect();
        let transient = |why: StoreError| PortError::transient(why.to_string());
        let named = self.named_by_logs(executed).await.map_err(transient)?;
        let mut all: HashMap<(Untrusted, String), Outcome> = HashMap::new();
        for (report, case) in cases {
            // The log has told of it already, perhaps by another name.
            let is_told = || named.iter().any(|test| reported::is_same(test, &failing(&case)));
            if case.name.is_empty() || (case.ended.is_failure() && is_told()) {
                continue;
            }
            let job = place::job_of(&jobs, &report).map_or_else(|| executed.workflow.clone(), Into::into);
            let outcome = outcomes::tested(executed, &job, &case.name, case.ended, case.duration_ms);
            keep_worst(all.entry((job, case.name)), outcome);
        }
        let all: Vec<Outcome> = all.into_values().collect();
        for batch in all.chunks(super::history::BATCH) {
            self.store.record(batch.to_vec()).await.map_err(transient)?;
        }
        let key = format!("{SEEN}{}", executed.repo);
        if self.store.setting(&key).await.map_err(transient)?.is_none() {
            let settings = vec![(key, Some(json!({"since": self.clock.now()})))];
            self.store.commit(Turn { settings, ..Turn::default() }).await.map_err(transient)?;
        }
        Ok(())
    }

    /// The failing tests that logs of this attempt named.
    async fn named_by_logs(&self, executed: &Executed) -> Result<Vec<FailingTest>, StoreError> {
        let incident = self.incident_of(&executed.repo, executed.run, executed.attempt).await?;
        Ok(incident.into_iter().flat_map(|incident| incident.evidence).flat_map(|one| one.failing_tests).collect())
    }
}

impl Engine {
    /// The incident that an attempt is part of.
    async fn incident_of(&self, repo: &Repo, run: RunId, attempt: u32) -> Result<Option<Incident>, StoreError> {
        let seen = self.state.lock().await.index.run(repo, run).cloned();
        match seen.filter(|seen| seen.attempt == attempt).and_then(|seen| seen.incident) {
            Some(no) => self.store.incident(no).await,
            None => Ok(None),
        }
    }

    /// Whether a log of the attempt was asked for and none was read yet.
    async fn reads_log(&self, repo: &Repo, run: RunId, attempt: u32) -> Result<bool, StoreError> {
        let incident = self.incident_of(repo, run, attempt).await?;
        let is_asked = |incident: &Incident| {
            incident.runs.iter().any(|one| one.run == Some(run) && one.attempt == attempt && one.logs > 0)
        };
        let is_unread = |incident: &Incident| incident.evidence.is_empty() && incident.log_missing.is_none();
        Ok(incident.is_some_and(|incident| is_asked(&incident) && is_unread(&incident)))
    }
}

/// A name in two packages is one test here: that it failed is not lost.
fn keep_worst(entry: Entry<'_, (Untrusted, String), Outcome>, outcome: Outcome) {
    let weight = |ended: Ended| match ended {
        Ended::Fail => 3,
        Ended::Timeout => 2,
        Ended::Pass => 1,
        Ended::Skip | Ended::Cancelled => 0,
    };
    match entry {
        Entry::Occupied(mut known) if weight(outcome.ended) > weight(known.get().ended) => {
            known.insert(outcome);
        }
        Entry::Occupied(_) => {}
        Entry::Vacant(free) => {
            free.insert(outcome);
        }
    }
}

fn failing(case: &Case) -> FailingTest {
    FailingTest {
        framework: case.framework.into(),
        name: case.name.as_str().into(),
        selector: case.selector.as_deref().map(Into::into),
        file: case.file.as_deref().map(Into::into),
    }
}

/// The failing tests of all reports; `None` where all passed.
fn summary(executed: &Executed, cases: &[(String, Case)]) -> Option<Reported> {
    let mut names = Names::default();
    let failed = cases.iter().map(|(_, case)| case).filter(|case| case.ended.is_failure());
    for case in failed.clone() {
        names.add_selected(case.framework, &case.name, case.selector.as_deref(), case.file.as_deref());
    }
    (names.total > 0).then(|| Reported {
        run: executed.run,
        attempt: executed.attempt,
        fingerprint: reported::print(&names.tests),
        tests: names.tests,
        total: names.total,
        of: cases.len() as u64,
        message: failed.clone().find_map(|case| case.message.clone()).map(Into::into),
    })
}

fn looks_like_reports(artifact: &Artifact) -> bool {
    let name = artifact.name.raw().to_lowercase();
    artifact.bytes <= BYTES_MAX && WORDS.iter().any(|word| name.contains(word))
}

/// On disk under no name, so that it goes with us; `None` where it is larger than it may be.
async fn spool(mut stream: LogStream) -> Result<Option<File>, PortError> {
    let failed = |why: io::Error| PortError::transient(format!("an artifact cannot be kept: {why}"));
    let mut file = tempfile::tempfile().map_err(failed)?;
    let mut bytes = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        bytes += chunk.len() as u64;
        if bytes > BYTES_MAX {
            return Ok(None);
        }
        file.write_all(&chunk).map_err(failed)?;
    }
    file.rewind().map_err(failed)?;
    Ok(Some(file))
}

/// Remembers that what it reads from failed: then the archive is not read on.
struct Watched<'w> {
    inner: &'w mut dyn Read,
    failed: Option<String>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).inspect_err(|why| self.failed = Some(why.to_string()))
    }
}

/// The executions that the reports in an archive name, each with the name of artifact and file, and how reading ended.
fn read(file: File, artifact: &str, room: usize) -> (Vec<(String, Case)>, Result<(), String>) {
    let mut cases = Vec::new();
    let done = archive::zip(BufReader::new(file), LIMITS, &mut |name, kind, source| {
        if !matches!(kind, Kind::Report | Kind::Lines) {
            return Ok(());
        }
        let report = format!("{artifact}/{name}");
        let mut source = Watched { inner: source, failed: None };
        let read = archive::items(BufReader::new(&mut source), &mut |item| {
            if let Item::Test(case) = item
                && cases.len() < room
            {
                cases.push((report.clone(), case));
            }
        });
        if let Some(why) = source.failed {
            return Err(why);
        }
        // Archives hold other documents, too, and a broken report says nothing of the next.
        if let Err(why) = read {
            tracing::debug!(report, why, "a file of an artifact is no report");
        }
        Ok(())
    });
    (cases, done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;

    #[test]
    fn artifacts_are_chosen_by_name_and_size() {
        let of = |name: &str, bytes| Artifact { id: 1, name: name.into(), bytes, created_at: Time(0) };
        for name in ["test-results", "JUnit-3.12", "artifact", "Surefire reports"] {
            assert!(looks_like_reports(&of(name, 1)), "{name}");
        }
        for name in ["dist", "coverage-html", "docker-image"] {
            assert!(!looks_like_reports(&of(name, 1)), "{name}");
        }
        assert!(!looks_like_reports(&of("test-results", BYTES_MAX + 1)));
    }
}
