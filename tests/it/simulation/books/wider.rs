//! What must hold of comments, deployments, merges, and whatever an incident waits for.

use crate::simulation::forge::{Act, REVIEWERS, What};
use crate::simulation::people::role;
use crate::simulation::world::{POLICIES, World};
use ci_rescue::domain::Role;
use ci_rescue::domain::deployment::Waiting;
use ci_rescue::domain::incident::{Incident, ProposalState};
use ci_rescue::domain::schedule::Missed;
use std::collections::BTreeMap;

pub(super) fn look(world: &World, incidents: &[Incident], wrongs: &mut Vec<String>) {
    comments(world, incidents, wrongs);
    deployments(world, incidents, wrongs);
    merges(world, wrongs);
    waits(world, incidents, wrongs);
}

/// Whoever may not write where they comment is neither answered nor obeyed.
fn comments(world: &World, incidents: &[Incident], wrongs: &mut Vec<String>) {
    for room in &world.rooms {
        for (to, text) in room.answers.lock().unwrap().iter().filter(|(to, _)| world.unheard.contains(to)) {
            wrongs.push(format!("{to} is of somebody who may not write there, and was answered: {text}"));
        }
    }
    for proposal in incidents.iter().flat_map(|incident| &incident.proposals) {
        let to = proposal.reply.as_ref().and_then(|reply| reply.place.reply_to.as_ref());
        if to.is_some_and(|to| world.unheard.contains(to)) {
            wrongs.push(format!("{} is of somebody who may not write there", proposal.id));
        }
    }
}

/// Each run that waits has its incident, and was decided on at most once through the bot: for a reviewer who said so.
fn deployments(world: &World, incidents: &[Incident], wrongs: &mut Vec<String>) {
    let books = world.town.books.lock().unwrap();
    for run in books.deploys.keys() {
        let of_run = |incident: &&Incident| incident.deployment.as_ref().is_some_and(|one| one.run.0 == *run);
        let about: Vec<&Incident> = incidents.iter().filter(of_run).collect();
        if about.is_empty() {
            wrongs.push(format!("run {run} waited to deploy, and no incident says so"));
        }
        let reviews = books.acts.iter().filter_map(|act| match &act.what {
            What::Reviewed(of, by) if of == run => Some((act, by)),
            _ => None,
        });
        let reviews: Vec<(&Act, &String)> = reviews.collect();
        if reviews.len() > 1 {
            wrongs.push(format!("run {run} was reviewed {} times", reviews.len()));
        }
        for (act, by) in reviews {
            if !decided(world, &about, by, act.at) {
                wrongs.push(format!("run {run} was reviewed for {by}, who did not or may not decide"));
            }
        }
    }
}

fn decided(world: &World, about: &[&Incident], by: &str, at: usize) -> bool {
    let said = |what: &str| {
        let named = |incident: &&Incident| what.contains(&format!(" {}", incident.no.0));
        let pressed = what.starts_with('[');
        (what.contains("approve") || what.contains("reject")) && (pressed || about.iter().any(named))
    };
    let mut asked = world.asked.values().filter(|asked| asked.by == by && asked.at.is_some_and(|told| told <= at));
    let may = REVIEWERS.contains(&by) && role(by) >= Role::Approver;
    may && !POLICIES[world.policy].0.contains("\"observe\"") && asked.any(|asked| said(&asked.what.to_lowercase()))
}

/// The bot merges its own pull requests where the operator grants it, once each, and never while the stop is on.
fn merges(world: &World, wrongs: &mut Vec<String>) {
    let books = world.town.books.lock().unwrap();
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for act in &books.acts {
        let What::Merged(branch) = &act.what else { continue };
        *times.entry(branch).or_default() += 1;
        if act.held || !POLICIES[world.policy].0.contains("auto_merge") {
            wrongs.push(format!("{branch} was merged{}", if act.held { " (stop on)" } else { " without a grant" }));
        }
    }
    for (branch, times) in times.into_iter().filter(|(_, times)| *times > 1) {
        wrongs.push(format!("{branch} was merged {times} times"));
    }
}

/// What an incident waited for came in the end: none is open for it any more, unless a person opened it again. What was
/// told under the repository's former name is not found by its new one.
fn waits(world: &World, incidents: &[Incident], wrongs: &mut Vec<String>) {
    for incident in incidents {
        if incident.deployment.as_ref().is_some_and(|waiting| waiting.reviewing.is_some()) {
            wrongs.push(format!("a review of {} is under way for ever", incident.no));
        }
    }
    let open = |incident: &&Incident| {
        incident.closed_at.is_none() && incident.reopened_at.is_none() && incident.repo == world.repo
    };
    // Of several that are open for one schedule, one is heard of.
    let alone = |missed: &Missed| {
        let same = |other: &Incident| other.missed.as_ref().is_some_and(|other| other.path == missed.path);
        !incidents.iter().any(|other| same(other) && other.reopened_at.is_some())
    };
    for incident in incidents.iter().filter(open) {
        let acts =
            |state: &ProposalState| matches!(state, ProposalState::Running { .. } | ProposalState::Undoing { .. });
        let acting = incident.proposals.iter().any(|proposal| acts(&proposal.state));
        let queue = incident.queue.as_ref();
        let over = queue.is_some_and(|queue| queue.is_over() && !queue.entries.is_empty() && !queue.reopened);
        let why = if incident.runner.is_some() {
            "every job was taken"
        } else if incident.missed.as_ref().is_some_and(alone) {
            "its workflow ran again"
        } else if incident.deployment.as_ref().is_some_and(Waiting::is_waiting) {
            "its deployment was decided on"
        } else if over && !acting {
            "nothing of it is in the merge queue"
        } else {
            continue;
        };
        wrongs.push(format!("{} is open, although {why}", incident.no));
    }
}
