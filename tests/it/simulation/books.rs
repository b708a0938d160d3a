//! What must hold in the end, by books that the bot never sees.

mod wider;

use super::forge::What;
use super::people::role;
use super::world::{Asked, POLICIES, World};
use ci_rescue::domain::Role;
use ci_rescue::domain::action::Action;
use ci_rescue::domain::incident::{Incident, Proposal, ProposalState};
use ci_rescue::domain::tending::Snoozed;
use ci_rescue::domain::time::HOUR_MS;
use ci_rescue::ports::{Ask, Chat, Clock, Publication, Surface};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is wrong, a sentence each.
pub async fn wrongs(world: &World) -> Vec<String> {
    let mut wrongs = Vec::new();
    let incidents = world.incidents().await;
    nothing_lost(world, &incidents, &mut wrongs);
    settled(world, &incidents, &mut wrongs).await;
    answered(world, &incidents, &mut wrongs);
    sanctioned(world, &incidents, &mut wrongs);
    true_to_the_forge(world, &incidents, &mut wrongs);
    cards(world, &incidents, &mut wrongs).await;
    journals(world, &incidents, &mut wrongs).await;
    wider::look(world, &incidents, &mut wrongs);
    wrongs
}

/// Every failure that was told is in exactly one incident that was not adopted.
fn nothing_lost(world: &World, incidents: &[Incident], wrongs: &mut Vec<String>) {
    for run in &world.failed {
        let has = |incident: &&Incident| incident.runs.iter().any(|state| state.run.is_some_and(|id| id.0 == *run));
        let own = incidents.iter().filter(has).filter(|incident| incident.adopted_by.is_none()).count();
        if own != 1 {
            wrongs.push(format!("run {run} is in {own} incidents"));
        }
    }
}

/// Nothing waits any more but for people.
async fn settled(world: &World, incidents: &[Incident], wrongs: &mut Vec<String>) {
    let counts = world.store().counts().await.expect("counts");
    if counts.inbox + counts.outbox + counts.dirty > 0 {
        wrongs.push(format!("something waits: {counts:?}"));
    }
    if counts.dead > 0 {
        for letter in world.store().dead_letters(5).await.expect("dead letters") {
            wrongs.push(format!("given up: {} {}", letter.what, letter.why));
        }
    }
    for proposal in incidents.iter().flat_map(|incident| &incident.proposals) {
        let stuck = match proposal.state {
            ProposalState::Planning | ProposalState::Running { .. } | ProposalState::Undoing { .. } => true,
            ProposalState::Waiting => !is_going(world, proposal),
            _ => false,
        };
        if stuck {
            wrongs.push(format!("{} is stuck: {:?}", proposal.id, proposal.state));
        }
        let now = world.clock.now();
        if proposal.awaited().is_some_and(|awaited| awaited.expires_at.is_some_and(|at| at.plus_ms(HOUR_MS) < now)) {
            wrongs.push(format!("{} should have expired", proposal.id));
        }
    }
    for incident in incidents {
        let late = |snoozed: &Snoozed| snoozed.until.plus_ms(HOUR_MS) < world.clock.now();
        if incident.closed_at.is_none() && incident.snoozed.as_ref().is_some_and(late) {
            wrongs.push(format!("{} is still snoozed", incident.no));
        }
    }
    let mut asked_by: BTreeMap<&str, u32> = BTreeMap::new();
    let proposals = incidents.iter().flat_map(|incident| &incident.proposals);
    for to in proposals.filter_map(|proposal| proposal.reply.as_ref()?.place.reply_to.as_deref()) {
        *asked_by.entry(to).or_default() += 1;
    }
    for (to, times) in asked_by.into_iter().filter(|(_, times)| *times > 1) {
        wrongs.push(format!("{to} became {times} proposals"));
    }
}

fn is_going(world: &World, proposal: &Proposal) -> bool {
    let books = world.town.books.lock().unwrap();
    let steps = proposal.plan.iter().flat_map(|plan| &plan.steps);
    let mut runs = steps.filter_map(|step| match &step.action {
        Action::Rerun { run, .. } => Some(run.0),
        _ => None,
    });
    runs.any(|run| books.runs[&run].attempts.last() == Some(&None))
}

/// Whoever asked in words was answered; a button is answered by its card.
fn answered(world: &World, incidents: &[Incident], wrongs: &mut Vec<String>) {
    let answers: BTreeSet<String> =
        world.rooms.iter().flat_map(|room| room.answers.lock().unwrap().clone()).map(|(to, _)| to).collect();
    for asked in world.asked.values().filter(|asked| asked.at.is_some()) {
        let pressed = asked.what.starts_with('[');
        if !answers.contains(&asked.to) && !pressed {
            let of = |proposal: &&Proposal| {
                proposal.reply.as_ref().is_some_and(|to| to.place.reply_to.as_ref() == Some(&asked.to))
            };
            let proposal = incidents.iter().flat_map(|incident| &incident.proposals).find(of);
            let own =
                |proposal: &Proposal| matches!(&proposal.state, ProposalState::Cancelled { by } if *by == asked.by);
            if proposal.is_some_and(own) {
                continue;
            }
            let state = proposal.map(|proposal| format!("{} {:?}", proposal.id, proposal.state));
            wrongs.push(format!("{} was not answered: {} ({state:?})", asked.by, asked.what));
        }
    }
}

/// What a plan's steps do to the forge.
fn does(proposal: &Proposal) -> BTreeSet<What> {
    let steps = proposal.plan.iter().flat_map(|plan| &plan.steps);
    let what = steps.filter_map(|step| match &step.action {
        Action::Rerun { run, attempt, .. } => Some(What::Rerun(run.0, *attempt)),
        Action::Branch { branch, .. } => Some(What::Pushed(branch.as_str().to_owned())),
        Action::Pull { branch, .. } => Some(What::Opened(branch.as_str().to_owned())),
        Action::Issue { marker, .. } => Some(What::Issue(marker.clone())),
        Action::Enqueued { number, .. } => Some(What::Enqueued(*number)),
        _ => None,
    });
    what.collect()
}

/// Each act is of one proposal that was agreed to as policy wants it, and none is automatic while the emergency stop is
/// on.
fn sanctioned(world: &World, incidents: &[Incident], wrongs: &mut Vec<String>) {
    let acts = world.town.books.lock().unwrap().acts.clone();
    let mut done: BTreeMap<What, usize> = BTreeMap::new();
    let of_plans = |what: &What| !matches!(what, What::Undone(_) | What::Merged(_) | What::Reviewed(..));
    for act in acts.iter().filter(|act| of_plans(&act.what)) {
        *done.entry(act.what.clone()).or_default() += 1;
        let proposals: Vec<&Proposal> = incidents.iter().flat_map(|incident| &incident.proposals).collect();
        let of = proposals.iter().filter(|proposal| does(proposal).contains(&act.what) && has_run(proposal));
        let of: Vec<&&Proposal> = of.collect();
        if of.is_empty() {
            wrongs.push(format!("{:?} belongs to no proposal that ran", act.what));
            continue;
        }
        if !of.iter().any(|proposal| agreed(world, proposal, act.at, act.held)) {
            let why: Vec<String> = of.iter().map(|one| format!("{} by {:?}", one.id, one.by.key)).collect();
            wrongs.push(format!(
                "{:?} was not agreed to{}: {why:?}",
                act.what,
                if act.held { " (stop on)" } else { "" }
            ));
        }
    }
    for (what, times) in done {
        // A branch that was taken back may be pushed again by nobody: its name is its proposal's. What is thrown out of
        // a merge queue again is put there again, by another proposal.
        let proposals = incidents.iter().flat_map(|incident| &incident.proposals);
        let most = match what {
            What::Enqueued(_) => proposals.filter(|one| does(one).contains(&what) && has_run(one)).count(),
            _ => 1,
        };
        if times > most {
            wrongs.push(format!("{what:?} was done {times} times"));
        }
    }
}

fn has_run(proposal: &Proposal) -> bool {
    !matches!(
        proposal.state,
        ProposalState::Planning
            | ProposalState::Awaiting
            | ProposalState::Waiting
            | ProposalState::Refused { .. }
            | ProposalState::Rejected { .. }
            | ProposalState::Expired
    )
}

/// Whether the people who had spoken by then suffice.
fn agreed(world: &World, proposal: &Proposal, at: usize, held: bool) -> bool {
    let (policy, retry, change) = POLICIES[world.policy];
    let wanted = match proposal.remedy.as_str() {
        "retry" => retry,
        "issue" | "bisect" | "requeue" => 0,
        "quarantine" => change,
        // What the operator says nothing of.
        _ => change.min(1),
    };
    let lets_go = matches!(proposal.remedy.as_str(), "unquarantine" | "unpin");
    let Some(by) = &proposal.by.key else {
        // What was approved with its end may end by itself.
        if lets_go {
            return !policy.contains("\"observe\"") && !held;
        }
        // By itself: only where the operator granted it, and never while the emergency stop is on.
        let granted = proposal.remedy == "issue" || policy.contains(&format!("\"{}\"", proposal.remedy));
        return granted && policy.contains("\"act\"") && !held || proposal.remedy == "issue" && !held;
    };
    let spoke: Vec<&Asked> = world.asked.values().filter(|asked| asked.at.is_some_and(|told| told <= at)).collect();
    // The person asked for it at all.
    let asked = spoke.iter().any(|asked| asked.by == *by && asked.what.to_lowercase().contains(&proposal.remedy));
    let no = proposal.id.incident.0;
    let says = |asked: &&&Asked| {
        let what = asked.what.to_lowercase();
        what.contains("approve") && (what.contains(&format!(" {no}")) || what.starts_with('['))
    };
    let approvers: BTreeSet<&str> = spoke
        .iter()
        .filter(says)
        .map(|asked| asked.by.as_str())
        .filter(|name| role(name) >= Role::Approver && name != by)
        .collect();
    asked && role(by) >= Role::Responder && approvers.len() >= wanted as usize
}

/// What proposals say that they did stands on the forge, and what they say that they undid does not.
fn true_to_the_forge(world: &World, incidents: &[Incident], wrongs: &mut Vec<String>) {
    let books = world.town.books.lock().unwrap();
    for proposal in incidents.iter().flat_map(|incident| &incident.proposals) {
        for what in does(proposal) {
            let was_done = books.acts.iter().any(|act| act.what == what);
            let stands = match &what {
                What::Rerun(run, attempt) => books.runs[run].attempts.len() > *attempt as usize,
                What::Pushed(branch) => books.branches.contains_key(branch),
                What::Opened(branch) => {
                    books.pulls.values().any(|pull| pull.branch == *branch && (pull.open || pull.merged))
                }
                What::Issue(marker) => books.issues.iter().any(|(have, open)| have == marker && *open),
                What::Undone(_) | What::Merged(_) | What::Enqueued(_) | What::Reviewed(..) => true,
            };
            let ended = proposal.ended.is_some();
            match &proposal.state {
                ProposalState::Done if !was_done && !stands => {
                    wrongs.push(format!("{} says that {what:?} was done, and it was not", proposal.id));
                }
                ProposalState::Undone { .. } if stands && !ended && !matches!(what, What::Rerun(..)) => {
                    wrongs.push(format!("{} says that {what:?} was undone, and it stands", proposal.id));
                }
                _ => {}
            }
        }
    }
}

/// One card an incident and channel, as its incident is now; and no note twice.
async fn cards(world: &World, incidents: &[Incident], wrongs: &mut Vec<String>) {
    for room in &world.rooms {
        let posted = room.posted.lock().unwrap().clone();
        let mut markers: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        for one in &posted {
            *markers.entry((&one.channel, &one.marker)).or_default() += 1;
        }
        for ((channel, marker), times) in markers.iter().filter(|(_, times)| **times > 1) {
            wrongs.push(format!("{times} messages in {channel} carry {marker}"));
        }
        for incident in incidents.iter().filter(|incident| incident.adopted_by.is_none()) {
            let shown = posted.iter().filter_map(|one| one.card.as_ref()).filter(|card| card.incident == incident.no);
            let shown: Vec<_> = shown.collect();
            let surfaces = world.store().publications(&room.platform()).await.expect("cards");
            let is_own = |one: &&(Surface, Publication)| one.0.incident == incident.no && one.1.digest.is_none();
            // The rest are lines of a digest, which is one message for several.
            if !surfaces.iter().any(|one| is_own(&one)) {
                continue;
            }
            let [card] = shown.as_slice() else {
                wrongs.push(format!("{} has {} cards on {}", incident.no, shown.len(), room.platform()));
                continue;
            };
            let now = world.engine().card(incident.no, room.markup()).await.expect("a card");
            let (shows, is) = (format!("{} {:?}", card.title, card.lines), format!("{} {:?}", now.title, now.lines));
            if shows != is {
                wrongs.push(format!(
                    "the card of {} on {} is stale: {shows}, and is {is}",
                    incident.no,
                    room.platform()
                ));
            }
        }
    }
}

/// Entries are numbered without a gap, and no delivery is written down twice.
async fn journals(world: &World, incidents: &[Incident], wrongs: &mut Vec<String>) {
    for incident in incidents {
        let entries = world.store().journal(incident.no, 0, usize::MAX).await.expect("a journal");
        let seqs: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
        if seqs != (1..=incident.entries).collect::<Vec<u64>>() {
            wrongs.push(format!("the journal of {} has gaps: {} of {}", incident.no, seqs.len(), incident.entries));
        }
        let mut told = BTreeSet::new();
        for entry in entries.iter().filter(|entry| entry.delivery.starts_with("sim-")) {
            if !told.insert(format!("{} {:?}", entry.delivery, entry.note)) {
                wrongs.push(format!("{} has twice from {}: {:?}", incident.no, entry.delivery, entry.note));
            }
        }
    }
}
