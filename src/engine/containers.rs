//! Reproductions in containers: the files of a commit and the script laid out, run, and what came of it told.

use super::Engine;
use super::agents::{Work, lost, place};
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::ids::{IncidentNo, Repo, short_sha};
use crate::domain::repro::{Came, ReproRun};
use crate::domain::text::{Untrusted, clean_line};
use crate::evidence::redact;
use crate::ports::{Boxed, Containers, Delivery, Exit, PortError, Printed, Turn};
use crate::repro::image::{self, Images};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Semaphore;

/// Where code of repositories may run.
pub struct ContainerRoom {
    pub containers: Arc<dyn Containers>,
    pub images: Images,
    /// So many run at a time; the others wait.
    pub turns: Semaphore,
    pub network: bool,
}

/// How soon one that waits for its turn looks again.
const WAIT: Duration = Duration::from_secs(5);
/// The lines at the end of the output that are told.
const TAIL_LINES: usize = 8;
const TAIL_LINE: usize = 160;
/// The script's own status where its set-up failed.
const SETUP_FAILED: i32 = 125;

/// What is run.
struct Wanted<'a> {
    incident: IncidentNo,
    n: u32,
    repo: &'a Repo,
    sha: &'a str,
}

/// Everything that the container gets.
struct Ready {
    image: String,
    /// Removed with this.
    dir: TempDir,
}

impl Engine {
    /// Runs the reproduction at one commit, once: what was broken off by a crash is told and not repeated.
    ///
    /// # Errors
    /// Transient: another one runs.
    pub(super) async fn run_repro(&self, effect: &Effect) -> Result<ReproRun, PortError> {
        let Effect::RunRepro { incident, n, repo, sha, .. } = effect else {
            return Err(PortError::permanent("not a reproduction"));
        };
        let wanted = Wanted { incident: *incident, n: *n, repo, sha };
        let Some(room) = &self.containers else {
            return Ok(not_run(sha, "running code in containers was turned off (repro.runner)"));
        };
        let Ok(_turn) = room.turns.try_acquire() else {
            let why = "another reproduction runs".into();
            return Err(PortError::Transient { why, retry_after: Some(WAIT) });
        };
        let name = self.container(&wanted);
        if self.store.setting(&begun_key(&wanted)).await.map_err(lost)?.is_some() {
            room.containers.remove(&name).await;
            return Ok(stopped(sha, "it was interrupted by a restart; run it again"));
        }
        // After the look for what a crash left: its container goes, cancelled or not.
        let work = Work::Reproduction(*incident, *n);
        if !self.is_going(work).await.map_err(lost)? {
            return Ok(stopped(sha, "it was cancelled"));
        }
        let ready = match self.lay_out_repro(room, effect).await {
            Ok(ready) => ready,
            Err(why) => return Ok(not_run(sha, &why)),
        };
        self.begin_repro(&wanted, &ready.image).await?;
        let run = Boxed { name: &name, image: &ready.image, place: ready.dir.path() };
        tokio::select! {
            printed = room.containers.run(run) => Ok(told(sha, printed, room.network)),
            () = self.while_allowed(work) => {
                room.containers.remove(&name).await;
                Ok(stopped(sha, "the emergency stop is on, or the bot is restarting; run it again"))
            }
        }
    }

    /// The same whenever it is asked: what a crash left behind is found by it.
    fn container(&self, wanted: &Wanted<'_>) -> String {
        let of: String = self.installation.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        format!("ci-rescue-{of}-{}-{}-{}", wanted.incident.0, wanted.n, short_sha(wanted.sha)).to_lowercase()
    }

    async fn lay_out_repro(&self, room: &ContainerRoom, effect: &Effect) -> Result<Ready, String> {
        let Effect::RunRepro { repo, sha, workflow, job, tests, .. } = effect else { return Err(String::new()) };
        let failed = |why: PortError| clean_line(why.why(), 300);
        let git = self.git().map_err(failed)?;
        let (_, workflows) = git.files(repo, sha, image::is_workflow).await.map_err(failed)?;
        let image = room.images.choose(&image::wanted(&workflows, workflow.raw(), job.raw())?)?;
        let script = self.reproduce(repo, sha, tests).await.map_err(failed)?.map_err(|why| why.join("; "))?;
        let script = self.text(&script).await.map_err(failed)?;
        let no_place = |why: std::io::Error| format!("no directory for the files: {why}");
        let (dir, files) = place().map_err(no_place)?;
        git.lay_out(repo, sha, &files).await.map_err(failed)?;
        std::fs::write(dir.path().join("repro.sh"), script).map_err(no_place)?;
        Ok(Ready { image, dir })
    }

    /// From here on it is not begun again; its thread is told.
    async fn begin_repro(&self, wanted: &Wanted<'_>, image: &str) -> Result<(), PortError> {
        let (key, at) = (begun_key(wanted), self.clock.now());
        let (incident, n) = (wanted.incident, wanted.n);
        let event = Event::ReproBegan { incident, n, sha: wanted.sha.to_owned(), image: image.to_owned() };
        let id = format!("internal:{key}-{}", self.installation);
        let turn = Turn {
            settings: vec![(key.clone(), Some(json!(at.0)))],
            expect: vec![(key, None)],
            deliveries: vec![Delivery::internal(id, at, &event)],
            ..Turn::default()
        };
        self.store.commit(turn).await.map_err(lost)?;
        self.turn_due.notify_one();
        Ok(())
    }
}

/// The setting that says that a run has begun.
fn begun_key(wanted: &Wanted<'_>) -> String {
    format!("repro:{}-{}.{}.{}", wanted.incident.0, wanted.n, short_sha(wanted.sha), wanted.repo)
}

fn run(sha: &str, came: Came) -> ReproRun {
    ReproRun { sha: sha.to_owned(), came, tail: Vec::new(), took_ms: 0 }
}

pub(super) fn not_run(sha: &str, why: &str) -> ReproRun {
    run(sha, Came::Unknown { why: why.to_owned() })
}

fn stopped(sha: &str, why: &str) -> ReproRun {
    run(sha, Came::Stopped { why: why.to_owned() })
}

fn told(sha: &str, printed: Printed, network: bool) -> ReproRun {
    let masked = |text: &str| redact::text(text, &mut redact::Counts::new()).into_owned();
    let unknown = |why: String| Came::Unknown { why };
    let came = match printed.exit {
        Exit::Exited(0) => Came::Green,
        Exit::Exited(SETUP_FAILED) if network => unknown("its set-up failed".into()),
        Exit::Exited(SETUP_FAILED) => {
            unknown("its set-up failed; the container has no network, so the image has to hold what it needs".into())
        }
        Exit::Exited(status) => Came::Red { status },
        Exit::OutOfMemory => {
            unknown("it was killed, most likely because it ran out of memory (repro.memory_mb)".into())
        }
        Exit::Late(after) => unknown(format!("it took longer than {} min (repro.minutes)", after.as_secs() / 60)),
        Exit::NotRun(why) => unknown(clean_line(&masked(&why), 300)),
    };
    let all = masked(&printed.tail);
    let mut tail: Vec<Untrusted> = Vec::new();
    for line in all.lines().rev().filter(|line| !line.trim().is_empty()).take(TAIL_LINES) {
        tail.insert(0, clean_line(line, TAIL_LINE).into());
    }
    ReproRun { sha: sha.to_owned(), came, tail, took_ms: i64::try_from(printed.took.as_millis()).unwrap_or(i64::MAX) }
}
