//! Who owns what failed: CODEOWNERS, else who changed the failing file last, else who wrote the suspect.

use super::state::Step;
use crate::domain::effect::{Effect, Lookup};
use crate::domain::facts::{Facts, Known};
use crate::domain::incident::Incident;
use crate::domain::mention::Blamed;
use crate::domain::subscription::slug;
use crate::policy::escalation::is_critical;

/// Asks for the owners of the failing files, once the log has been read or cannot be; then for what else says whose it is.
pub fn ask(step: &mut Step<'_>) {
    let incident = &step.incident;
    let wanted = step.context.owners_wanted || is_critical(step.rules, incident);
    if !wanted || incident.deployment.is_some() || incident.closed_at.is_some() || !is_read(incident) {
        return;
    }
    let lookups = [owners(step), authors(step), suspect(step)].into_iter().flatten().collect::<Vec<_>>();
    if !lookups.is_empty() {
        let incident = step.incident.no;
        step.effect(Effect::Gather { incident, proposal: None, lookups });
    }
}

fn owners(step: &mut Step<'_>) -> Option<Lookup> {
    let incident = &step.incident;
    let onto = incident.default_branch.parse().ok().filter(|_| !incident.owners_asked)?;
    let mut paths = incident.paths();
    if paths.is_empty() {
        // What fails without naming a file is its workflow's.
        paths.push(format!(".github/workflows/{}.yml", slug(incident.workflow.raw())));
    }
    let lookup = Lookup::Owners { repo: incident.repo.clone(), onto, paths };
    step.incident.owners_asked = true;
    Some(lookup)
}

/// Whoever broke a pull request is known.
fn authors(step: &mut Step<'_>) -> Option<Lookup> {
    let incident = &step.incident;
    let own = incident.fork || !incident.pulls.is_empty() || incident.sha.is_empty();
    let paths = incident.paths();
    if incident.owners != Some(Vec::new()) || incident.authors.is_some() || own || paths.is_empty() {
        return None;
    }
    let lookup = Lookup::LastAuthors { repo: incident.repo.clone(), commit: incident.sha.clone(), paths };
    step.incident.authors = Some(Vec::new());
    Some(lookup)
}

/// Only where the evidence isolates one commit: nobody else is blamed.
fn suspect(step: &mut Step<'_>) -> Option<Lookup> {
    let incident = &step.incident;
    let sha = incident.suspicion.as_ref()?.bracketed()?.sha.clone();
    if incident.blamed.as_ref().is_some_and(|blamed| blamed.sha == sha) {
        return None;
    }
    let lookup = Lookup::AuthorOf { repo: incident.repo.clone(), sha: sha.clone() };
    step.incident.blamed = Some(Blamed { sha, login: None });
    Some(lookup)
}

/// Whether nothing more is to be expected of the log.
fn is_read(incident: &Incident) -> bool {
    let no_log = !incident.confirmed || incident.lead_run().is_none_or(|run| run.run.is_none());
    !incident.evidence.is_empty() || incident.log_missing.is_some() || no_log
}

/// Facts that hold nothing but owners say nothing about what can be done.
pub fn told(facts: &Facts) -> bool {
    let owners = facts.owners.is_some() || facts.last_authors.is_some() || facts.author_of.is_some();
    owners && facts.run.is_none() && facts.jobs.is_none() && facts.commit_message.is_none()
}

pub fn learn(step: &mut Step<'_>, facts: &Facts) {
    if let Some(Known::Is(owners)) = &facts.owners {
        step.incident.owners = Some(owners.clone());
    }
    if let Some(Known::Is(authors)) = &facts.last_authors {
        step.incident.authors = Some(authors.clone());
    }
    if let (Some((sha, Known::Is(login))), Some(blamed)) = (&facts.author_of, &mut step.incident.blamed)
        && blamed.sha == *sha
    {
        blamed.login.clone_from(login);
    }
    ask(step);
}
