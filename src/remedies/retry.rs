//! retry: the smallest correct re-run.
//!
//! One failing job → that job (and what depends on it); several → the failed jobs; `all` → the whole run. GitHub
//! refuses runs older than 30 days and after 50 re-runs, full and partial together
//! (docs.github.com, "Re-running workflows and jobs").

use super::{Offering, PlanContext, Remedy, hope};
use crate::domain::action::{Action, RerunJobs};
use crate::domain::effect::Lookup;
use crate::domain::event::{Conclusion, Scope};
use crate::domain::facts::{JobFacts, Known, RunFacts};
use crate::domain::head;
use crate::domain::ids::{Digest, Repo, RunId, short_sha};
use crate::domain::incident::{Incident, RunState};
use crate::domain::intent::{Which, Wish};
use crate::domain::plan::{Nature, Plan, PlannedAction, Planning};
use crate::domain::subscription::glob;
use crate::domain::text::Untrusted;
use crate::domain::time::DAY_MS;

pub struct Retry;

/// GitHub's limits for re-runs.
const AGE_MAX_DAYS: i64 = 30;
const ATTEMPTS_MAX: u32 = 50;

impl Remedy for Retry {
    fn id(&self) -> &'static str {
        "retry"
    }

    fn nature(&self) -> Nature {
        Nature { bets_on_chance: true, ..Nature::default() }
    }

    fn is_automatic(&self) -> bool {
        true
    }

    fn offer(&self, incident: &Incident) -> Option<Offering> {
        let (help, because) = hope::of_another_try(incident);
        let wish = Wish::Retry(Which::Smallest);
        Some(Offering { wish, label: "Retry".into(), help, because, at_once: true, form: None })
    }

    fn changes_code(&self) -> bool {
        false
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let incident = context.incident;
        let Wish::Retry(which) = context.wish else { return Planning::Refused(Vec::new()) };
        let Some((state, run)) = incident.lead_run().and_then(|state| state.run.map(|run| (state, run))) else {
            return Planning::Refused(vec![no_run(incident)]);
        };
        if let Some(needs) = needs(context, state, run) {
            return needs;
        }
        let (Some(Known::Is(run_facts)), Some(Known::Is(jobs))) = (&context.facts.run, &context.facts.jobs) else {
            return Planning::Refused(unavailable(context));
        };
        let why = impossible(context, run_facts);
        if !why.is_empty() {
            return Planning::Refused(why);
        }
        // The workflow never started: there is no job to choose from.
        if jobs.is_empty() && run_facts.conclusion.is_some_and(Conclusion::is_failure) {
            return Planning::Ready(Box::new(plan(incident, run, run_facts, whole())));
        }
        match choose(which, jobs) {
            Ok(choice) => Planning::Ready(Box::new(plan(incident, run, run_facts, choice))),
            Err(why) => Planning::Refused(vec![why]),
        }
    }
}

fn no_run(incident: &Incident) -> String {
    match incident.scope {
        Scope::Queue => "no failed run of this merge queue's entry is known; try requeue".into(),
        Scope::Schedule => "a workflow that did not run has no run to retry".into(),
        Scope::Alert => "security alerts have no run to retry".into(),
        _ => "the CI that reported this has no runs that CI Rescue can re-run".into(),
    }
}

fn needs(context: &PlanContext<'_>, state: &RunState, run: RunId) -> Option<Planning> {
    let repo = context.incident.repo.clone();
    let mut needs = Vec::new();
    if context.facts.run.is_none() {
        needs.push(Lookup::Run { repo: repo.clone(), run });
    }
    let pull = context.incident.pulls.first().copied().filter(|_| state.branch == context.incident.branch);
    // Where neither names a head of this repository, GitHub itself tells whether the run may be re-run.
    let known = pull.is_some() || head::is_branch(&state.branch);
    if context.facts.head.is_none() && !context.incident.on_default_branch() && known {
        needs.push(Lookup::Head { repo: repo.clone(), branch: state.branch.clone(), pull });
    }
    match &context.facts.run {
        Some(Known::Is(facts)) if context.facts.jobs.is_none() => {
            needs.push(Lookup::Jobs { repo, run, attempt: facts.attempt });
        }
        _ => {}
    }
    if needs.is_empty() { None } else { Some(Planning::Needs(needs)) }
}

fn unavailable(context: &PlanContext<'_>) -> Vec<String> {
    let mut why = Vec::new();
    if let Some(Known::Unavailable(words)) = &context.facts.run {
        why.push(format!("cannot read the run: {words}"));
    }
    if let Some(Known::Unavailable(words)) = &context.facts.jobs {
        why.push(format!("cannot read its jobs: {words}"));
    }
    why
}

/// Every reason why GitHub would refuse, or why it would be pointless.
fn impossible(context: &PlanContext<'_>, run: &RunFacts) -> Vec<String> {
    let mut why = Vec::new();
    let days = context.now.ms_since(run.created_at) / DAY_MS;
    if days >= AGE_MAX_DAYS {
        why.push(format!("the run is {days} days old; GitHub re-runs only runs from the last {AGE_MAX_DAYS} days"));
    }
    if run.attempt > ATTEMPTS_MAX {
        why.push(format!("the run was re-run {} times; GitHub allows {ATTEMPTS_MAX}", run.attempt - 1));
    }
    match &context.facts.head {
        Some(Known::Is(Some(head))) if *head != run.head_sha => why.push(format!(
            "{} has moved to {}, which supersedes {}",
            run.head_branch.line(60),
            short_sha(head),
            short_sha(&run.head_sha)
        )),
        Some(Known::Is(None)) => why.push(format!("branch {} was deleted", run.head_branch.line(60))),
        _ => {}
    }
    if run.conclusion.is_some_and(Conclusion::is_green) {
        why.push(format!("attempt {} already passed", run.attempt));
    }
    why
}

struct Choice {
    jobs: RerunJobs,
    names: Vec<String>,
    /// Beside what speaks for a retry at all.
    because: Option<&'static str>,
    notes: Vec<Untrusted>,
}

fn choose(which: &Which, jobs: &[JobFacts]) -> Result<Choice, String> {
    let failed: Vec<&JobFacts> = jobs.iter().filter(|job| job.conclusion.is_some_and(Conclusion::is_failure)).collect();
    let name = |job: &JobFacts| job.name.line(80);
    let names = |jobs: &[&JobFacts]| jobs.iter().map(|job| job.name.raw().to_owned()).collect::<Vec<_>>();
    match which {
        Which::All => Ok(Choice {
            jobs: RerunJobs::All,
            names: jobs.iter().map(|job| job.name.raw().to_owned()).collect(),
            because: Some("all jobs were requested"),
            notes: vec![format!("re-runs all {} jobs", jobs.len()).into()],
        }),
        Which::Job(wanted) => {
            let found: Vec<&JobFacts> = jobs.iter().filter(|job| matches_job(wanted.raw(), job)).collect();
            match found.as_slice() {
                [] => Err(format!("no job is named {}; the failed jobs are: {}", wanted.line(80), listing(&failed))),
                [job] if !job.conclusion.is_some_and(Conclusion::is_failure) => {
                    Err(format!("{} did not fail", name(job)))
                }
                [job] => Ok(one(job, Some("requested by name"))),
                many => Err(format!("{} jobs match {}: {}", many.len(), wanted.line(80), listing(many))),
            }
        }
        Which::Smallest | Which::Failed => match failed.as_slice() {
            [] => Err("no job of the latest attempt failed".into()),
            [job] if *which == Which::Smallest => Ok(one(job, None)),
            many => Ok(Choice {
                jobs: RerunJobs::Failed,
                names: names(many),
                because: None,
                notes: vec![format!("also re-runs the jobs that depend on {}", listing(many)).into()],
            }),
        },
    }
}

fn whole() -> Choice {
    Choice {
        jobs: RerunJobs::All,
        names: Vec::new(),
        because: Some("the workflow did not start, so there is no job to re-run alone"),
        notes: vec!["re-runs the whole workflow; a workflow file that is not valid fails again".into()],
    }
}

fn matches_job(wanted: &str, job: &JobFacts) -> bool {
    job.name.raw() == wanted || (wanted.contains('*') && glob(wanted, job.name.raw()))
}

fn one(job: &JobFacts, because: Option<&'static str>) -> Choice {
    Choice {
        jobs: RerunJobs::One { id: job.id, name: job.name.clone() },
        names: vec![job.name.raw().to_owned()],
        because,
        notes: vec!["also re-runs the jobs that depend on it".into()],
    }
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn listing(jobs: &[&JobFacts]) -> String {
    const SHOWN: usize = 4;
    let mut words: Vec<String> = jobs.iter().take(SHOWN).map(|job| job.name.line(60)).collect();
    if jobs.len() > SHOWN {
        words.push(format!("{} more", jobs.len() - SHOWN));
    }
    words.join(", ")
}

fn plan(incident: &Incident, run: RunId, facts: &RunFacts, choice: Choice) -> Plan {
    let repo = incident.repo.clone();
    let summary = match &choice.jobs {
        RerunJobs::One { name, .. } => format!("re-run {} of run {run}, attempt {}", name.line(80), facts.attempt + 1),
        RerunJobs::Failed => {
            format!("re-run {} of run {run}, attempt {}", count(choice.names.len(), "failed job"), facts.attempt + 1)
        }
        RerunJobs::All => format!("re-run all jobs of run {run}, attempt {}", facts.attempt + 1),
    };
    let digest = digest(&repo, run, facts, &choice);
    let attempt = facts.attempt;
    Plan {
        remedy: "retry".into(),
        summary: summary.into(),
        notes: choice.notes,
        because: choice.because.into_iter().map(str::to_owned).collect(),
        steps: vec![PlannedAction {
            action: Action::Rerun { repo: repo.clone(), run, attempt, jobs: choice.jobs },
            undo: Some(Action::Cancelled { repo, run, attempt: attempt + 1 }),
        }],
        reversible: true,
        previews: Vec::new(),
        sensitive: Vec::new(),
        on_merge: Vec::new(),
        waits: facts.conclusion.is_none(),
        digest,
    }
}

/// The run's attempt and head are part of it: an approval dies with the attempt that it was given for.
fn digest(repo: &Repo, run: RunId, facts: &RunFacts, choice: &Choice) -> Digest {
    let kind = match &choice.jobs {
        RerunJobs::One { .. } => "one",
        RerunJobs::Failed => "failed",
        RerunJobs::All => "all",
    };
    let mut names = choice.names.clone();
    names.sort_unstable();
    let (run, attempt) = (run.to_string(), facts.attempt.to_string());
    let mut parts: Vec<&[u8]> = vec![
        b"retry",
        repo.as_str().as_bytes(),
        run.as_bytes(),
        attempt.as_bytes(),
        facts.head_sha.as_bytes(),
        kind.as_bytes(),
    ];
    parts.extend(names.iter().map(String::as_bytes));
    Digest::of(parts)
}
