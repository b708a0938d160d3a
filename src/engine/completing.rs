//! What is offered while somebody types: only what they may see, and never an error. Where something cannot be told in
//! time, nothing is offered.

use super::Engine;
use crate::domain::action::{Action, ChangeSpec};
use crate::domain::actor::{Actor, Place, Thread};
use crate::domain::completion::{Candidate, Offers, Typing, fitting};
use crate::domain::form::is_typable;
use crate::domain::ids::{IncidentNo, Repo};
use crate::domain::incident::Incident;
use crate::domain::refs::{Branch, OWN_BRANCHES};
use crate::domain::time::{MINUTE_MS, Time};
use crate::ports::{Query, StoreError};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Open incidents that are looked through.
const LOOKED_AT: usize = 200;
/// The newest incidents, for the repositories that are known.
const KNOWN_MAX: usize = 1_000;
/// No list that people choose from is longer.
const OFFERED_MAX: usize = 100;
/// How long the forge's branches count, in milliseconds.
const BRANCHES_MS: i64 = MINUTE_MS;
/// Repositories whose branches are remembered.
const REMEMBERED: usize = 100;
/// A platform waits three seconds; what the person may read is asked for as well.
const BRANCHES_TIME: Duration = Duration::from_secs(1);

/// Branches that the forge told lately; none while it does not answer.
pub(super) type Branches = HashMap<Repo, (Vec<String>, Time)>;

impl Engine {
    /// Words that could be meant, the best first.
    pub(super) async fn offered(&self, actor: &Actor, place: &Place, typing: &Typing) -> Vec<Candidate> {
        let found = match typing.offers {
            Offers::Repository => self.repositories_for(actor, place, &typing.text).await,
            Offers::Branch | Offers::Branches => self.branches_for(actor, place, typing).await,
            _ => self.words_for(actor, place, typing).await,
        };
        let mut found = found.unwrap_or_else(|why| {
            tracing::debug!(%why, "nothing could be offered");
            Vec::new()
        });
        found.retain(|one| is_typable(&one.value));
        found.truncate(OFFERED_MAX);
        found
    }

    /// Of the incident that was named, else of the thread's, else of all open ones.
    async fn words_for(&self, actor: &Actor, place: &Place, typing: &Typing) -> Result<Vec<Candidate>, StoreError> {
        if typing.offers == Offers::Incident {
            let found = self.seen_by(actor, place, open(typing.repo.as_ref())).await?;
            let numbered = |incident: &Incident| Candidate { words: title(incident), value: incident.no.0.to_string() };
            return Ok(fitting(found.iter().map(numbered).collect(), typing.text.trim().trim_start_matches('#')));
        }
        let found = self.about(actor, place, typing).await?;
        let of: fn(&Incident) -> Vec<Candidate> = match typing.offers {
            Offers::Job => jobs,
            Offers::Test => tests,
            Offers::Package => packages,
            _ => pinned,
        };
        Ok(fitting(found.iter().flat_map(of).collect(), &typing.text))
    }

    async fn about(&self, actor: &Actor, place: &Place, typing: &Typing) -> Result<Vec<Incident>, StoreError> {
        match self.meant(place, typing).await? {
            Some(no) => {
                let before = Some(no.0.saturating_add(1));
                let query = Query { no: Some(no), before, limit: 1, ..Query::default() };
                let found = self.seen_by(actor, place, query).await?;
                Ok(found.into_iter().filter(|incident| incident.no == no).collect())
            }
            None => self.seen_by(actor, place, open(typing.repo.as_ref())).await,
        }
    }

    async fn meant(&self, place: &Place, typing: &Typing) -> Result<Option<IncidentNo>, StoreError> {
        if typing.incident.is_some() || typing.repo.is_some() {
            return Ok(typing.incident);
        }
        let Some(message) = place.thread.clone() else { return Ok(None) };
        let thread = Thread { platform: place.platform.clone(), channel: place.channel.clone(), message };
        self.store.bound(&thread).await
    }

    async fn repositories_for(&self, actor: &Actor, place: &Place, typed: &str) -> Result<Vec<Candidate>, StoreError> {
        let newest = Query { limit: KNOWN_MAX, ..Query::default() };
        let incidents = self.store.incidents(&newest).await?;
        let mut known: BTreeSet<Repo> = incidents.into_iter().map(|incident| incident.repo).collect();
        known.extend(self.known_repositories());
        known.extend(self.state.lock().await.names.present().cloned());
        known.retain(|repo| self.settings().filter.has_repo(repo));
        let fit = fitting(known.iter().map(|repo| Candidate::plain(repo.as_str())).collect(), typed);
        // The forge is asked about those that fit best.
        let repos: Vec<Repo> = fit.iter().take(OFFERED_MAX).filter_map(|one| one.value.parse().ok()).collect();
        let seen = self.visible(actor, place, &repos).await;
        Ok(repos.iter().filter(|repo| seen.contains(repo)).map(|repo| Candidate::plain(repo.as_str())).collect())
    }

    async fn branches_for(&self, actor: &Actor, place: &Place, typing: &Typing) -> Result<Vec<Candidate>, StoreError> {
        let (before, typed) = match (typing.offers, typing.text.rsplit_once(',')) {
            (Offers::Branches, Some((before, typed))) => (format!("{before},"), typed),
            _ => (String::new(), typing.text.as_str()),
        };
        let incidents = self.about(actor, place, typing).await?;
        let mut repos: BTreeSet<Repo> = incidents.iter().map(|incident| incident.repo.clone()).collect();
        if let Some(repo) = &typing.repo {
            repos.extend(self.visible(actor, place, std::slice::from_ref(repo)).await);
        }
        let mut names: Vec<String> = Vec::new();
        // Of one repository the forge tells all; of several, what failed there has to do.
        if let (Some(repo), 1) = (repos.first(), repos.len()) {
            names.extend(self.branches_of(repo).await);
        }
        for incident in incidents.iter().filter(|incident| !incident.fork) {
            names.push(incident.default_branch.clone());
            names.push(incident.branch.raw().to_owned());
        }
        let given: Vec<&str> = before.split(',').map(str::trim).collect();
        names.retain(|name| !name.starts_with(OWN_BRANCHES) && name.parse::<Branch>().is_ok());
        names.retain(|name| !given.contains(&name.as_str()));
        let all = names.into_iter().map(Candidate::plain).collect();
        let whole = |one: Candidate| Candidate::plain(format!("{before}{}", one.value));
        Ok(fitting(all, typed).into_iter().map(whole).collect())
    }

    async fn branches_of(&self, repo: &Repo) -> Vec<String> {
        let now = self.clock.now();
        let fresh = |at: &Time| (0..BRANCHES_MS).contains(&now.ms_since(*at));
        if let Some((known, _)) = self.branches.lock().await.get(repo).filter(|(_, at)| fresh(at)) {
            return known.clone();
        }
        let Ok(forge) = self.forge() else { return Vec::new() };
        let told = tokio::time::timeout(BRANCHES_TIME, forge.branches(repo)).await;
        let told = told.ok().and_then(Result::ok).unwrap_or_default();
        let mut kept = self.branches.lock().await;
        if kept.len() >= REMEMBERED {
            kept.retain(|_, (_, at)| fresh(at));
        }
        if kept.len() < REMEMBERED {
            kept.insert(repo.clone(), (told.clone(), now));
        }
        told
    }
}

fn open(repo: Option<&Repo>) -> Query {
    Query { open_only: true, repo: repo.map(ToString::to_string), limit: LOOKED_AT, ..Query::default() }
}

fn title(incident: &Incident) -> String {
    let job = incident.first_job().map_or_else(String::new, |job| job.name.line(40));
    format!("{} {} {}: {job}", incident.no, incident.repo, incident.branch.line(30))
}

fn jobs(incident: &Incident) -> Vec<Candidate> {
    let named = |name: &crate::domain::Untrusted| Candidate { words: name.line(100), value: name.raw().to_owned() };
    incident.jobs.iter().map(|job| named(&job.name)).collect()
}

fn tests(incident: &Incident) -> Vec<Candidate> {
    let logs = incident.evidence.iter().flat_map(|evidence| &evidence.failing_tests);
    let all = logs.chain(incident.reported.iter().flat_map(|reported| &reported.tests));
    all.map(|test| Candidate { words: test.name.line(100), value: test.name.raw().to_owned() }).collect()
}

/// What changed since the last green run comes first, with the version that passed.
fn packages(incident: &Incident) -> Vec<Candidate> {
    let moved = incident.suspicion.iter().flat_map(|suspicion| &suspicion.moved).map(|moved| Candidate {
        words: format!("{}@{} ({} now)", moved.package.line(50), moved.green.line(20), moved.red.line(20)),
        value: format!("{}@{}", moved.package.raw(), moved.green.raw()),
    });
    let resolved = incident.evidence.iter().flat_map(|evidence| &evidence.resolved).map(|resolved| Candidate {
        words: format!("{} ({} now)", resolved.package.line(60), resolved.version.line(20)),
        value: resolved.package.raw().to_owned(),
    });
    moved.chain(resolved).collect()
}

fn pinned(incident: &Incident) -> Vec<Candidate> {
    let plans = incident.proposals.iter().filter_map(|proposal| proposal.plan.as_ref());
    let actions = plans.flat_map(|plan| &plan.steps).map(|step| &step.action);
    let package = |action: &Action| match action {
        Action::Branch { change: ChangeSpec::Pin { package, .. }, .. } => Some(Candidate::plain(package.as_str())),
        _ => None,
    };
    actions.filter_map(package).collect()
}
