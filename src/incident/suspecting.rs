//! Suspects: looked up once the log is read, listed in the thread, shown on the card.

use super::state::Step;
use crate::domain::effect::Effect;
use crate::domain::ids::short_sha;
use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use crate::domain::suspect::{Moved, Suspect, SuspectFacts};
use crate::policy;

/// Asks what landed since the last green run, once for a red commit. A pull request's failure is its own, and a failure of
/// the base branch is looked at there.
pub fn ask(step: &mut Step<'_>) {
    let incident = &step.incident;
    let asked = incident.suspecting.as_deref() == Some(&incident.sha);
    let own = !incident.pulls.is_empty() || incident.fork || incident.base.is_some() || incident.adopted_by.is_some();
    if asked || own || !incident.confirmed || incident.sha.is_empty() {
        return;
    }
    let Some((run, state)) = incident.lead_run().and_then(|state| state.run.map(|run| (run, state))) else { return };
    let effect = Effect::Suspect {
        incident: incident.no,
        repo: incident.repo.clone(),
        workflow: state.workflow.clone(),
        branch: state.branch.clone(),
        run,
        sha: incident.sha.clone(),
        job: incident.first_job().map(|job| job.name.clone()),
    };
    step.incident.suspecting = Some(step.incident.sha.clone());
    step.effect(effect);
}

pub fn found(step: &mut Step<'_>, sha: &str, facts: &Result<Box<SuspectFacts>, String>) {
    match facts {
        Ok(facts) => {
            let suspicion = policy::suspects(step.incident.headline(), sha, facts);
            step.incident.suspicion = Some(suspicion);
            let lines = lines(&step.incident);
            if !lines.is_empty() && step.incident.closed_at.is_none() {
                step.tell(None, Note::Suspected { lines });
            }
        }
        Err(why) => {
            step.record(Note::Ignored { why: format!("cannot tell what landed since the last green run: {why}") });
        }
    }
}

/// Each suspect with its reasons.
pub fn lines(incident: &Incident) -> Vec<String> {
    let Some(suspicion) = &incident.suspicion else { return Vec::new() };
    let mut lines: Vec<String> = suspicion.moved.iter().map(package).collect();
    lines.extend(suspicion.suspects.iter().map(commit));
    if suspicion.more {
        lines.push(format!("more than {} commits landed since the last green run", suspicion.commits));
    }
    lines
}

fn commit(suspect: &Suspect) -> String {
    let why = if suspect.because.is_empty() {
        "it landed since the last green run".into()
    } else {
        suspect.because.join("; ")
    };
    format!("{} {} by {}: {why}", short_sha(&suspect.sha), suspect.subject.line(80), suspect.author.line(40))
}

fn package(moved: &Moved) -> String {
    format!("{} ({}): {}", moved.package.line(80), moved.ecosystem, moved.because.join("; "))
}
