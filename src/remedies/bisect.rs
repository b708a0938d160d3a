//! bisect: which commit between green and red broke it, found by re-running runs that are there already.
//!
//! Nothing is remembered of it: what its re-runs came to stands at the forge, and each plan begins from all of that. So a
//! restart loses nothing, and what people re-ran by hand counts as well.

pub mod belief;

use super::{Offering, PlanContext, Remedy, hope};
use crate::domain::action::{Action, RerunJobs};
use crate::domain::effect::Lookup;
use crate::domain::facts::Known;
use crate::domain::ids::{Digest, Repo, short_sha};
use crate::domain::incident::Incident;
use crate::domain::intent::Wish;
use crate::domain::plan::{Found, Nature, Plan, PlannedAction, Planning};
use crate::domain::suspect::{RangeFacts, RangeRun, Suspect};
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::{DAY_MS, Time};
use belief::{Answer, Belief, Noise, Seen, budget};

pub struct Bisect;

/// GitHub's limits for re-runs (docs.github.com, "Re-running workflows and jobs").
const AGE_MAX_DAYS: i64 = 30;
const ATTEMPTS_MAX: u32 = 50;
/// Even a test without a record may flake; one that flakes in half of its runs tells nothing.
const FLAKES: (f64, f64) = (0.01, 0.5);
/// The chance that what is broken passes. Nothing published tells it, so it is small and not zero: no outcome alone
/// excludes anything.
const MISSES: f64 = 0.02;

impl Remedy for Bisect {
    fn id(&self) -> &'static str {
        "bisect"
    }

    fn nature(&self) -> Nature {
        Nature { goes_on: true, ..Nature::default() }
    }

    fn changes_code(&self) -> bool {
        false
    }

    /// Several commits, of which the evidence isolates none.
    fn offer(&self, incident: &Incident) -> Option<Offering> {
        let suspicion = incident.suspicion.as_ref().filter(|suspicion| suspicion.green.is_some() && !suspicion.more)?;
        let several = suspicion.suspects.len() > 1 && suspicion.bracketed().is_none();
        let because =
            format!("{} commits landed since the last green run, and re-runs tell them apart", suspicion.commits);
        // It mends nothing by itself.
        let help = 0.01 * hope::of_a_breakage(incident);
        (several && incident.base.is_none() && incident.on_default_branch()).then(|| Offering {
            wish: Wish::Bisect,
            label: "Bisect".into(),
            help,
            because,
            at_once: false,
            form: None,
        })
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let lookup = match range(context.incident) {
            Ok(lookup) => lookup,
            Err(why) => return Planning::Refused(vec![why.to_owned()]),
        };
        match &context.facts.range {
            None => Planning::Needs(vec![lookup]),
            Some(Known::Unavailable(why)) => Planning::Refused(vec![format!("cannot tell what landed: {why}")]),
            Some(Known::Is(facts)) if facts.commits.is_empty() || facts.more => {
                Planning::Refused(vec!["too many commits landed since the last green run, or none".into()])
            }
            Some(Known::Is(facts)) => Bisection::of(context, facts).planning(context),
        }
    }
}

/// What to look up: the incident's green and red commit, and how its failing job is called.
///
/// # Errors
/// What is not known of the failure.
pub fn range(incident: &Incident) -> Result<Lookup, &'static str> {
    let run = incident.lead_run().filter(|run| run.run.is_some()).ok_or("this failure has no run to re-run")?;
    let job = incident.first_job().ok_or("it is not known which job failed")?;
    let suspicion = incident.suspicion.as_ref().filter(|suspicion| suspicion.red == run.sha);
    let green = suspicion.and_then(|suspicion| suspicion.green.clone());
    Ok(Lookup::Range {
        repo: incident.repo.clone(),
        workflow: run.workflow.clone(),
        branch: run.branch.clone(),
        job: job.name.clone(),
        green: green.ok_or("no green run of this workflow is known on this branch before the failure")?,
        red: run.sha.clone(),
    })
}

/// What is known of a range.
struct Bisection<'f> {
    facts: &'f RangeFacts,
    job: Untrusted,
    belief: Belief,
    /// Positions with a run that GitHub would re-run.
    testable: Vec<(usize, &'f RangeRun)>,
    /// What came of re-runs, in words.
    results: Vec<String>,
    /// Re-runs so far.
    reruns: u32,
}

impl<'f> Bisection<'f> {
    fn of(context: &PlanContext<'_>, facts: &'f RangeFacts) -> Self {
        let incident = context.incident;
        let weights: Vec<f64> = facts.commits.iter().map(|commit| weight(incident, &commit.sha)).collect();
        // Without a flake on record, the rate is a guess from few executions.
        let record = incident.judged.as_ref().map(|judged| judged.record).filter(|record| record.passed_on_retry > 0);
        let rate = record.map_or(0.0, |record| record.rate);
        let noise = Noise { flakes: rate.clamp(FLAKES.0, FLAKES.1), misses: MISSES };
        let placed: Vec<(usize, &RangeRun)> =
            facts.runs.iter().filter_map(|run| Some((place(facts, run)?, run))).collect();
        let seen: Vec<Seen> = placed.iter().flat_map(|(at, run)| executions(*at, run, facts.commits.len())).collect();
        let reruns = seen.iter().filter(|seen| seen.now);
        let mut testable: Vec<(usize, &RangeRun)> = placed.clone();
        testable.retain(|(_, run)| can_be_rerun(run, context.now));
        // Of several runs of one commit, the newest.
        testable.sort_by_key(|(at, run)| (*at, std::cmp::Reverse(run.run)));
        testable.dedup_by_key(|(at, _)| *at);
        Self {
            facts,
            job: incident.first_job().map_or_else(Untrusted::default, |job| job.name.clone()),
            belief: Belief::of(&weights, noise, &seen),
            testable,
            results: reruns.clone().map(|seen| result(facts, *seen)).collect(),
            reruns: u32::try_from(reruns.count()).unwrap_or(u32::MAX),
        }
    }

    fn planning(self, context: &PlanContext<'_>) -> Planning {
        let going = self.facts.runs.iter().find(|run| run.going && place(self.facts, run).is_some());
        if let Some(run) = going {
            return Planning::Later(format!("attempt {} at {} ends", run.attempt, short_sha(&run.sha)));
        }
        let left = budget(self.facts.commits.len()).saturating_sub(self.reruns);
        let positions: Vec<usize> = self.testable.iter().map(|(at, _)| *at).collect();
        let next = self.belief.next(&positions).filter(|_| left > 0);
        let found = next.and_then(|next| self.testable.iter().find(|(at, _)| *at == next));
        match found {
            Some((at, run)) => Planning::Ready(Box::new(self.plan(&context.incident.repo, *at, run, left))),
            None if self.reruns == 0 && self.testable.is_empty() => {
                let why = "no run between the last green commit and the failing one can be re-run: GitHub re-runs what is younger than 30 days";
                Planning::Refused(vec![why.into()])
            }
            None => Planning::Found(Box::new(self.found())),
        }
    }

    /// One re-run. Its digest is the range's, so that an approval covers the whole search.
    fn plan(&self, repo: &Repo, at: usize, run: &RangeRun, left: u32) -> Plan {
        let positions: Vec<usize> = self.testable.iter().map(|(at, _)| *at).collect();
        let more = self.belief.expected(&positions, left);
        let then = |red: bool| match self.belief.were(at, red).next(&positions) {
            Some(next) => format!("then {}", self.name(next)),
            None => "then it is known".to_owned(),
        };
        let summary = format!(
            "re-run {} at {}; {more:.1} re-runs expected until the culprit is known",
            self.job.line(60),
            self.name(at)
        );
        let untested = self.facts.commits.len() + 1 - self.testable.len();
        let mut notes = vec![Untrusted::new(format!("if it fails, {}; if it passes, {}", then(true), then(false)))];
        if untested > 0 {
            notes.push(format!("commits without a run that can be re-run: {untested}").into());
        }
        let jobs = run.job.map_or(RerunJobs::All, |id| RerunJobs::One { id, name: self.job.clone() });
        let (run, attempt) = (run.run, run.attempt);
        let ends = [&self.facts.green, self.facts.commits.last().map_or(&self.facts.green, |commit| &commit.sha)];
        let parts = ["bisect", repo.as_str(), ends[0], ends[1]];
        Plan {
            remedy: "bisect".into(),
            summary: summary.into(),
            notes,
            because: self.results.clone(),
            steps: vec![PlannedAction {
                action: Action::Rerun { repo: repo.clone(), run, attempt, jobs },
                undo: Some(Action::Cancelled { repo: repo.clone(), run, attempt: attempt + 1 }),
            }],
            reversible: true,
            previews: Vec::new(),
            sensitive: Vec::new(),
            on_merge: Vec::new(),
            waits: false,
            digest: Digest::of(parts.map(str::as_bytes)),
        }
    }

    fn name(&self, at: usize) -> String {
        name(self.facts, at)
    }

    fn found(&self) -> Found {
        let (answer, chance) = self.belief.best();
        let percent = format!("{:.0} %", chance * 100.0);
        let sure = chance >= belief::SURE;
        let none = "no culprit among the commits";
        let (summary, commit) = match answer {
            Answer::Culprit(n) if sure => (format!("the culprit is {} ({percent})", self.name(n)), Some(n)),
            Answer::Culprit(n) => {
                let why = "the runs that are there tell no more";
                (format!("the most suspicious commit is {} ({percent}); {why}", self.name(n)), None)
            }
            Answer::Outside => {
                let green = self.name(0);
                (format!("{none} ({percent}): {green} fails now, too, so something outside of the code changed"), None)
            }
            Answer::Flake => (format!("{none} ({percent}): the failing commit passes now"), None),
        };
        let culprit = commit.and_then(|n| self.facts.commits.get(n - 1)).map(|commit| Suspect {
            sha: commit.sha.clone(),
            subject: commit.subject.clone(),
            author: commit.author.clone(),
            pull: crate::domain::suspect::pull_of(commit.subject.raw()),
            score: 0,
            because: vec![format!("bisected: it passes before it and fails with it ({percent})")],
        });
        let clears = sure && !matches!(answer, Answer::Culprit(_));
        Found { summary, because: self.results.clone(), culprit, clears }
    }
}

fn weight(incident: &Incident, sha: &str) -> f64 {
    let suspects = incident.suspicion.iter().flat_map(|suspicion| &suspicion.suspects);
    let known = suspects.filter(|suspect| suspect.sha == sha).map(|suspect| suspect.score).max();
    1.0 + f64::from(known.unwrap_or(0))
}

/// How many of the commits the run's head has.
fn place(facts: &RangeFacts, run: &RangeRun) -> Option<usize> {
    if run.sha == facts.green {
        return Some(0);
    }
    facts.commits.iter().position(|commit| commit.sha == run.sha).map(|at| at + 1)
}

/// What the run's attempts say. The ends of the range are green and red by their first result: that is no news.
fn executions(at: usize, run: &RangeRun, commits: usize) -> Vec<Seen> {
    let results = run.results.iter().enumerate();
    let told = results.filter_map(|(n, red)| red.map(|red| Seen { at, red, now: n > 0 }));
    let skipped = usize::from(at == 0 || at == commits);
    told.skip(skipped).collect()
}

fn can_be_rerun(run: &RangeRun, now: Time) -> bool {
    !run.going && run.attempt <= ATTEMPTS_MAX && now.ms_since(run.created_at) < AGE_MAX_DAYS * DAY_MS
}

fn name(facts: &RangeFacts, at: usize) -> String {
    let commit = at.checked_sub(1).and_then(|at| facts.commits.get(at));
    commit.map_or_else(
        || format!("the last green commit {}", short_sha(&facts.green)),
        |commit| clean_line(&format!("{} {}", short_sha(&commit.sha), commit.subject.raw()), 70),
    )
}

fn result(facts: &RangeFacts, seen: Seen) -> String {
    format!("{} {}", name(facts, seen.at), if seen.red { "fails" } else { "passes" })
}
