//! An agent's attempt: the files of a commit laid out, the program run, what it changed looked at.

use super::Engine;
use super::preview::preview;
use crate::agents::guides::Guides;
use crate::agents::{answer, guard, prompt};
use crate::domain::action::{Action, Outcome};
use crate::domain::agent::{Attempt, AttemptEnd, Patch, Touched, Trial, Usd};
use crate::domain::change::{Change, ChangeOutcome};
use crate::domain::event::{Conclusion, LogRead};
use crate::domain::facts::JobFacts;
use crate::domain::ids::{Digest, IncidentNo, ProposalId, Repo, RunId};
use crate::domain::incident::{Incident, Proposal, ProposalState};
use crate::domain::refs::OwnBranch;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Time;
use crate::evidence::redact;
use crate::policy;
use crate::ports::{Agents, Ended, PortError, Ran, StoreError, Task, Turn};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The room of fixing agents, with what they are told.
pub struct AgentRoom {
    pub agents: Arc<dyn Agents>,
    pub prompts: prompt::Prompts,
    /// What an analyst is shown.
    pub guides: Guides,
    /// Questions to the analyst that may be asked at a time.
    pub questions: tokio::sync::Semaphore,
}

/// What the directories of agents begin with, before the number of our process.
pub const PLACES: &str = "ci-rescue-agent-";

/// How often the emergency stop is looked at while an agent runs.
const LOOK: Duration = Duration::from_secs(1);
/// Failed looks in a row after which it counts as on.
const UNREADABLE_MAX: u32 = 10;

/// Files out of the policy's bounds that are told.
const BOUNDS_TOLD: usize = 3;

/// What goes on as long as nobody cancels it.
#[derive(Clone, Copy)]
pub(super) enum Work {
    Proposal(ProposalId),
    /// A reproduction of an incident, by its number.
    Reproduction(IncidentNo, u32),
    /// Cancelled by nobody.
    Other,
}

/// One attempt, as its action says.
struct Asked<'a> {
    repo: &'a Repo,
    base: &'a str,
    proposal: ProposalId,
    n: u32,
    specialist: &'a str,
    reserve: Usd,
}

/// The setting that says that an attempt has begun: it is not begun twice.
pub(super) fn begun_key(proposal: ProposalId, n: u32) -> String {
    format!("attempt:{proposal}.{n}")
}

/// A directory for one run, and in it the one that is handed over.
pub(super) fn place() -> std::io::Result<(tempfile::TempDir, std::path::PathBuf)> {
    let dir = tempfile::Builder::new().prefix(&format!("{PLACES}{}-", std::process::id())).tempdir()?;
    // Another user has to get to what lies in it; its name is known to nobody.
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711))?;
    let place = dir.path().join("repository");
    std::fs::create_dir(&place)?;
    Ok((dir, place))
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn lost(why: StoreError) -> PortError {
    PortError::transient(why.to_string())
}

impl Engine {
    pub(super) async fn attempt(&self, action: &Action) -> Result<Outcome, PortError> {
        let Action::Attempt { repo, base, proposal, n, specialist, reserve, job, .. } = action else {
            return Err(PortError::permanent("not an attempt"));
        };
        let asked = Asked { repo, base, proposal: *proposal, n: *n, specialist, reserve: *reserve };
        let Some(room) = &self.agents else { return Err(PortError::permanent("no agent is configured")) };
        if self.store.setting(&begun_key(*proposal, *n)).await.map_err(lost)?.is_some() {
            let at = self.clock.now();
            return Ok(attempted(&asked, at, (asked.reserve, false), AttemptEnd::Interrupted, String::new()));
        }
        let failed = |why: std::io::Error| PortError::transient(format!("no directory for the agent: {why}"));
        let (_dir, place) = place().map_err(failed)?;
        self.git()?.lay_out(repo, base, &place).await?;
        let incident = self.store.incident(proposal.incident).await.map_err(lost)?;
        let own = incident.as_ref().and_then(|incident| incident.proposal(proposal.n));
        let (Some(incident), Some(own)) = (&incident, own) else {
            return Err(PortError::permanent("the incident is gone"));
        };
        let bounds = policy::Bounds::of(&self.settings().rules, incident);
        let mut told = prompt::Told { paths: bounds.words(), ..self.told(incident, own, *job).await? };
        told.changed = self.changed(incident, base).await;
        let prompt = room.prompts.render(specialist, incident, own, &told).map_err(PortError::permanent)?;
        let at = self.clock.now();
        self.once(&asked, at).await?;
        let category = incident.headline().map_or("unknown", |evidence| evidence.category.as_str());
        let kind = incident.headline().map_or(crate::domain::Category::Unknown, |evidence| evidence.category);
        let task = Task {
            agent: &specialist.to_lowercase(),
            category,
            model: &crate::agents::model(kind),
            prompt: &prompt,
            place: &place,
            run: &format!("{proposal}.{n}"),
            dollars: reserve.dollars(),
        };
        let ran = tokio::select! {
            ran = room.agents.run(task) => ran,
            () = self.held(*proposal) => {
                let told = (asked.reserve, false);
                return Ok(attempted(&asked, at, told, AttemptEnd::Interrupted, String::new()));
            }
        };
        let ran = match ran {
            Ok(ran) => ran,
            // Nothing ran: it is tried again, as everything that cannot be reached.
            Err(why @ PortError::Transient { .. }) => {
                self.not_begun(&asked, at).await?;
                return Err(why);
            }
            Err(why) => {
                return Ok(attempted(
                    &asked,
                    at,
                    (Usd(0), true),
                    AttemptEnd::Failed { why: why.to_string() },
                    String::new(),
                ));
            }
        };
        self.came(&asked, at, &ran, &place, own, &bounds).await
    }

    /// Once for each attempt, whatever happens then.
    async fn once(&self, asked: &Asked<'_>, at: Time) -> Result<(), PortError> {
        let key = begun_key(asked.proposal, asked.n);
        let turn =
            Turn { settings: vec![(key.clone(), Some(json!(at.0)))], expect: vec![(key, None)], ..Turn::default() };
        self.store.commit(turn).await.map_err(lost)
    }

    async fn not_begun(&self, asked: &Asked<'_>, at: Time) -> Result<(), PortError> {
        let key = begun_key(asked.proposal, asked.n);
        let (settings, expect) = (vec![(key.clone(), None)], vec![(key, Some(json!(at.0)))]);
        self.store.commit(Turn { settings, expect, ..Turn::default() }).await.map_err(lost)
    }

    /// Comes back once the agent has to stop: for the emergency stop, a cancelled loop, or the end of this process; also
    /// where none of that can be read for a while.
    async fn held(&self, id: ProposalId) {
        self.while_allowed(Work::Proposal(id)).await;
    }

    /// The same for what no loop waits for.
    pub(super) async fn stopped(&self) {
        self.while_allowed(Work::Other).await;
    }

    /// Whether nobody cancelled it.
    pub(super) async fn is_going(&self, work: Work) -> Result<bool, StoreError> {
        Ok(match work {
            Work::Other => true,
            Work::Proposal(id) => {
                let incident = self.store.incident(id.incident).await?;
                let own = incident.as_ref().and_then(|incident| incident.proposal(id.n));
                own.is_some_and(|own| matches!(own.state, ProposalState::Running { .. }))
            }
            Work::Reproduction(no, n) => {
                let own = self.store.incident(no).await?.and_then(|incident| incident.reproduction);
                own.is_some_and(|own| own.n == n && !own.ended)
            }
        })
    }

    pub(super) async fn while_allowed(&self, work: Work) {
        let mut unreadable = 0;
        while unreadable < UNREADABLE_MAX && !self.stopping.load(Ordering::Relaxed) {
            match (self.read_hold().await, self.is_going(work).await) {
                (Ok(None), Ok(true)) => unreadable = 0,
                (Err(_), _) | (_, Err(_)) => unreadable += 1,
                _ => return,
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What landed since the last green run, as far as it is known.
    async fn changed(&self, incident: &Incident, base: &str) -> Vec<String> {
        let green = incident.suspicion.as_ref().and_then(|suspicion| suspicion.green.as_ref());
        let (Some(green), Ok(git)) = (green, self.git()) else { return Vec::new() };
        let landed = git.between(&incident.repo, green, base).await;
        landed.map(|(all, _)| all.into_iter().flat_map(|one| one.files).collect()).unwrap_or_default()
    }

    /// What the prompt needs beside the record: the newest failing log, and earlier differences.
    async fn told(&self, incident: &Incident, own: &Proposal, job: Option<u64>) -> Result<prompt::Told, PortError> {
        let mut excerpt = incident.headline().and_then(|evidence| evidence.excerpt.clone());
        if let Some(job) = job
            && let LogRead::Read(evidence) = self.read_log(&incident.repo, job, &[]).await?
        {
            excerpt = evidence.excerpt.or(excerpt);
        }
        let mut told = prompt::Told::default();
        if let Some(excerpt) = excerpt {
            told.log = self.text(&excerpt).await?;
        }
        for attempt in &own.attempts {
            let diff = match &attempt.end {
                AttemptEnd::Proposed { patch } => Some(&patch.diff),
                AttemptEnd::Refused { diff, .. } => diff.as_ref(),
                _ => None,
            };
            if let Some(diff) = diff {
                told.diffs.insert(attempt.n, self.text(diff).await?);
            }
        }
        Ok(told)
    }

    pub(super) async fn text(&self, blob: &Digest) -> Result<String, PortError> {
        let kept = self.store.blob(blob).await.map_err(lost)?;
        Ok(String::from_utf8_lossy(&kept.unwrap_or_default()).into_owned())
    }

    async fn came(
        &self,
        asked: &Asked<'_>,
        at: Time,
        ran: &Ran,
        place: &std::path::Path,
        own: &Proposal,
        bounds: &policy::Bounds,
    ) -> Result<Outcome, PortError> {
        let masked = |text: &str| redact::text(text, &mut redact::Counts::new()).into_owned();
        let mut answer = answer::read(&masked(&ran.output));
        if answer.said.is_empty() {
            answer.said = answer::last(&masked(&ran.errors));
        }
        let cost = answer.counted(asked.reserve).map_or((asked.reserve, false), |cost| (cost, true));
        let end = match (stopped(&ran.ended, &answer.said), answer.escalates) {
            (_, Some(why)) => AttemptEnd::Escalated { why: why.into() },
            (Some(why), None) => AttemptEnd::Failed { why },
            (None, None) => match self.git()?.collect(asked.repo, asked.base, place).await {
                Ok((change, touched)) => match same(own, &change.tree) {
                    Some(n) => {
                        AttemptEnd::Failed { why: format!("the same change as in attempt {n}, which CI rejected") }
                    }
                    None => self.looked(bounds, asked.base, change, &touched).await?,
                },
                // What it cost is known: it is not run again for what came after.
                Err(why) => AttemptEnd::Failed { why: clean_line(why.why(), 300) },
            },
        };
        Ok(attempted(asked, at, cost, end, answer.said))
    }

    /// The bot's own look at what the agent changed.
    async fn looked(
        &self,
        bounds: &policy::Bounds,
        base: &str,
        change: Change,
        touched: &[Touched],
    ) -> Result<AttemptEnd, PortError> {
        if change.outcome != ChangeOutcome::Ready {
            return Ok(AttemptEnd::Failed { why: "the agent changed nothing".into() });
        }
        let mut why = guard::refuses(touched, secrets(touched));
        why.extend(touched.iter().filter_map(|file| bounds.refuse(&file.path)).take(BOUNDS_TOLD));
        let shown = preview(&change.diff);
        if !why.is_empty() {
            let masked = redact::text(&change.diff, &mut redact::Counts::new()).into_owned();
            let diff = self.store.put_blob(masked.into_bytes()).await.map_err(lost)?;
            return Ok(AttemptEnd::Refused { why, diff: Some(diff) });
        }
        let diff = self.store.put_blob(change.diff.into_bytes()).await.map_err(lost)?;
        let shown = crate::domain::facts::Preview { diff: Some(diff.clone()), ..shown };
        let patch = Patch { base: base.to_owned(), tree: change.tree, diff, preview: shown };
        Ok(AttemptEnd::Proposed { patch: Box::new(patch) })
    }

    /// How our branch stands, and what CI says of its head: the failing workflow decides, by its newest run there.
    pub(super) async fn trial(
        &self,
        repo: &Repo,
        workflow: &Untrusted,
        branch: &OwnBranch,
    ) -> Result<Trial, PortError> {
        let Some((head, tree)) = self.git()?.standing(repo, branch).await? else { return Ok(Trial::default()) };
        let all = self.ci()?.runs_at(repo, &head).await?;
        let own: Vec<RunId> = self
            .ci()?
            .runs(repo, workflow, &branch.as_str().into())
            .await?
            .iter()
            .filter(|run| run.head_sha == head)
            .map(|run| run.id)
            .collect();
        let newest = all.iter().filter(|run| own.contains(&run.id)).max_by_key(|run| run.id);
        let passed = newest.and_then(|run| run.conclusion).and_then(|end| match end {
            Conclusion::Success => Some(true),
            end if end.is_failure() && end != Conclusion::Cancelled => Some(false),
            _ => None,
        });
        let is_red = |end: Conclusion| end.is_failure() && end != Conclusion::Cancelled;
        let others_failed = all.iter().any(|run| !own.contains(&run.id) && run.conclusion.is_some_and(is_red));
        let mut trial = Trial { tree: Some(tree), ran: newest.is_some(), passed, others_failed, ..Trial::default() };
        if let (Some(run), Some(false)) = (newest, passed) {
            let jobs = self.ci()?.jobs(repo, run.id, run.attempt).await?;
            if let Some(job) = jobs.iter().find(|job| job.conclusion.is_some_and(Conclusion::is_failure)) {
                trial.job = Some(job.id);
                trial.specialist = self.specialist_of(repo, workflow, job).await;
            }
        }
        Ok(trial)
    }

    /// Who looks after what a job's log shows; nobody is named where it cannot be read or says nothing.
    async fn specialist_of(&self, repo: &Repo, workflow: &Untrusted, job: &JobFacts) -> Option<String> {
        let Ok(LogRead::Read(evidence)) = self.read_log(repo, job.id, &[]).await else { return None };
        let names = std::iter::once(&job.name).chain(&job.failing_step).map(Untrusted::raw);
        crate::agents::of_evidence(workflow.raw(), names, std::slice::from_ref(&*evidence))
    }
}

fn attempted(asked: &Asked<'_>, at: Time, cost: (Usd, bool), end: AttemptEnd, said: String) -> Outcome {
    Outcome::Attempted(Box::new(Attempt {
        n: asked.n,
        specialist: asked.specialist.to_owned(),
        base: asked.base.to_owned(),
        at,
        cost: cost.0,
        cost_told: cost.1,
        end,
        said: Untrusted::from(said),
        pushed_at: None,
        ci: None,
        points_to: None,
    }))
}

/// The attempt that made the same change before.
fn same(own: &Proposal, tree: &str) -> Option<u32> {
    let is_same = |end: &AttemptEnd| matches!(end, AttemptEnd::Proposed { patch } if patch.tree == tree);
    own.attempts.iter().find(|attempt| !tree.is_empty() && is_same(&attempt.end)).map(|attempt| attempt.n)
}

/// Why no change is looked at.
pub(super) fn stopped(ended: &Ended, said: &str) -> Option<String> {
    Some(match ended {
        Ended::Exited(0) => return None,
        Ended::Exited(code) if said.is_empty() => format!("the agent exited with {code}"),
        Ended::Exited(code) => format!("the agent exited with {code}: {}", clean_line(said, 200)),
        Ended::Killed(signal) => format!("the agent was killed by signal {signal}"),
        Ended::Late(after) => format!("the agent took longer than {} s and was stopped", after.as_secs()),
        Ended::Loud(most) => format!("the agent printed more than {} MB and was stopped", most >> 20),
        Ended::Large(most) => format!("the agent wrote more than {} MB and was stopped", most >> 20),
        Ended::Many(most) => format!("the agent started more than {most} processes and was stopped"),
    })
}

/// Secrets that a change adds.
fn secrets(touched: &[Touched]) -> u64 {
    let count = |text: Option<&String>| {
        let mut counts = redact::Counts::new();
        let _ = redact::text(text.map_or("", String::as_str), &mut counts);
        counts.values().sum::<u64>()
    };
    touched.iter().map(|file| count(file.new.as_ref()).saturating_sub(count(file.old.as_ref()))).sum()
}
