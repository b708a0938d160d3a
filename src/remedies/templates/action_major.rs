//! Going one major version of an action back or forward: what both templates share.

mod pick;
mod speech;

use std::collections::{BTreeMap, BTreeSet};

use super::action_ref::{self, Uses, Version};
use super::choose::{Desk, Found};
use super::hint::Hint;
use super::workflow::Job;
use crate::domain::text::clean_line;
use crate::edit::mark::{Behind, FIX, comment};
use crate::edit::yaml::Id;
use pick::Picked;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Back,
    Forward,
}

/// A place that uses an action.
#[derive(Clone, Debug)]
pub struct Use {
    /// The scalar of `uses`.
    pub node: Id,
    pub name: String,
    pub reference: String,
    /// A job calls it: a reusable workflow.
    pub is_called: bool,
}

impl Use {
    fn major(&self) -> Option<u32> {
        match action_ref::version(&self.reference) {
            Version::Tag { major, .. } => Some(major),
            _ => None,
        }
    }
}

/// More uses than these are not changed at once.
const USES_MAX: usize = 200;

/// The oldest major version that GitHub still runs of the actions whose older ones it refuses.
fn oldest_alive(name: &str) -> Option<u32> {
    match name {
        "actions/upload-artifact" | "actions/download-artifact" => Some(4),
        "actions/cache" => Some(3),
        _ => None,
    }
}

/// Where a version that GitHub refuses goes to.
fn refuge(name: &str, major: u32) -> Option<u32> {
    oldest_alive(name).filter(|oldest| major < *oldest).map(|_| 4)
}

/// The first major version that has this part of an action.
fn first_major(name: &str) -> u32 {
    match name {
        "actions/upload-artifact/merge" => 4,
        "actions/cache/restore" | "actions/cache/save" => 3,
        _ => 1,
    }
}

fn is_artifact(name: &str) -> bool {
    matches!(name, "actions/upload-artifact" | "actions/download-artifact" | "actions/upload-artifact/merge")
}

/// Every place of these jobs that uses a versioned action.
fn uses_of<'j>(desk: &Desk<'_, '_>, jobs: impl Iterator<Item = &'j Job>) -> Vec<Use> {
    let mut seen = BTreeSet::new();
    let mut list = Vec::new();
    for job in jobs {
        let steps = job.steps.iter().filter_map(|step| step.uses).map(|node| (node, false));
        for (node, is_called) in job.uses.map(|node| (node, true)).into_iter().chain(steps) {
            let uses = action_ref::read(desk.workflow.tree.scalar(node).unwrap_or_default());
            if let Uses::Versioned { name, reference } = uses
                && seen.insert(node)
            {
                list.push(Use { node, name, reference: reference.to_owned(), is_called });
            }
        }
    }
    list
}

pub fn edit(desk: &mut Desk<'_, '_>, hint: &Hint, direction: Direction) -> Found {
    let (selected, major) = match pick::pick(desk, hint) {
        Picked::Nothing => return Found::Nothing,
        Picked::Unclear(why) => return Found::refused(why),
        Picked::Uses { uses, major } => (uses, major),
    };
    let selected = match narrow(selected, major, direction) {
        Ok(selected) => selected,
        Err(found) => return found,
    };
    if selected.len() > USES_MAX {
        return Found::refused("Too many places use it: name the job");
    }
    let selected = without_reached(desk, selected, direction);
    let (selected, crosses) = with_partners(desk, selected, direction);
    let crowded = crowded_lines(desk);
    let mut reasons = Vec::new();
    let mut moves = Vec::new();
    for one in selected {
        let at = desk.workflow.tree.node(one.node).range.start;
        match next(desk, &one, direction, crosses) {
            Ok(Some(_)) if crowded.contains(&desk.workflow.tree.line(at)) => {
                let place = desk.place(at);
                reasons.push(format!("{place}: this line has several actions: put each on its own line"));
            }
            Ok(Some(step)) => moves.push((one, step)),
            Ok(None) => {}
            Err(why) => reasons.push(format!("{}: {why}", desk.place(at))),
        }
    }
    if !reasons.is_empty() {
        return Found::Refused(reasons);
    }
    if moves.is_empty() {
        let (way, path) = (direction.way(), clean_line(&desk.workflow.source.path, 100));
        return Found::Already(format!(
            "{path} already went {way} one major version; to go further, remove the `ci-rescue fix` comment first"
        ));
    }
    for (one, step) in moves {
        if let Err(why) = apply(desk, &one, &step, direction) {
            return Found::refused(format!(
                "{} cannot be edited safely ({why}): change it by hand",
                clean_line(&one.name, 80)
            ));
        }
    }
    Found::Changed
}

/// What a mark behind a use says of the version before, when it was another major version.
fn before(desk: &Desk<'_, '_>, one: &Use) -> Option<(String, u32)> {
    let tree = &desk.workflow.tree;
    let was = Behind::read(tree.text, tree.node(one.node).range.end, FIX)?.mark?.was.old;
    match action_ref::version(&was) {
        Version::Tag { major, .. } if Some(major) != one.major() => Some((was, major)),
        _ => None,
    }
}

/// Leaves out uses without a mark that are where an earlier fix took others to.
fn without_reached(desk: &Desk<'_, '_>, uses: Vec<Use>, direction: Direction) -> Vec<Use> {
    let went = |one: &Use| before(desk, one).is_some_and(|(_, before)| direction.went(before, one.major()));
    let reached: BTreeSet<(String, Option<u32>)> =
        uses.iter().filter(|one| went(one)).map(|one| (one.name.clone(), one.major())).collect();
    let stays = |one: &Use| !reached.contains(&(one.name.clone(), one.major())) || before(desk, one).is_some();
    uses.into_iter().filter(stays).collect()
}

/// The lines on which different actions are used: a mark at their end would speak of both.
fn crowded_lines(desk: &Desk<'_, '_>) -> BTreeSet<usize> {
    let mut lines: BTreeMap<usize, (String, String)> = BTreeMap::new();
    let mut crowded = BTreeSet::new();
    for one in uses_of(desk, desk.workflow.jobs.iter()) {
        let line = desk.workflow.tree.line(desk.workflow.tree.node(one.node).range.start);
        let this = (one.name, one.reference);
        if *lines.entry(line).or_insert_with(|| this.clone()) != this {
            crowded.insert(line);
        }
    }
    crowded
}

/// Leaves the uses of one major version: that which the evidence names, or the only one.
fn narrow(uses: Vec<Use>, named: Option<u32>, direction: Direction) -> Result<Vec<Use>, Found> {
    if let Some(named) = named {
        let (here, mut others): (Vec<Use>, Vec<Use>) = uses.into_iter().partition(|one| one.major() == Some(named));
        if !here.is_empty() {
            return Ok(here);
        }
        let has_moved = |one: &Use| direction.went(named, one.major());
        let name = others.first().map(|one| clean_line(&one.name, 80)).unwrap_or_default();
        if others.iter().all(has_moved) {
            return Err(Found::Already(format!("{name} is no longer used at v{named}")));
        }
        // A commit or a branch may be what is meant: what is said of it comes from going on with it.
        others.retain(|one| !has_moved(one));
        return Ok(others);
    }
    let refused: Vec<Use> = if direction == Direction::Forward {
        uses.iter().filter(|one| one.major().is_some_and(|major| refuge(&one.name, major).is_some())).cloned().collect()
    } else {
        Vec::new()
    };
    let uses = if refused.is_empty() { uses } else { refused };
    let mut versions: BTreeSet<(&str, Option<u32>)> = BTreeSet::new();
    for one in &uses {
        versions.insert((&one.name, one.major()));
    }
    let mut names: Vec<&str> = versions.iter().map(|(name, _)| *name).collect();
    let all = names.len();
    names.dedup();
    let all_refused =
        !uses.is_empty() && uses.iter().all(|one| one.major().is_some_and(|major| refuge(&one.name, major).is_some()));
    // What GitHub refuses goes to one version, whatever it was.
    if names.len() == all || (all_refused && direction == Direction::Forward) {
        return Ok(uses);
    }
    let shown: BTreeSet<String> =
        uses.iter().map(|one| clean_line(&format!("{}@{}", one.name, one.reference), 80)).collect();
    let shown = crate::domain::text::listing(&shown.into_iter().collect::<Vec<_>>(), 8);
    Err(Found::refused(format!("Several versions are in use ({shown}): name one")))
}

/// Artifacts of one major version cannot be read by an older one: uploads and downloads go together. Tells whether
/// they do here.
fn with_partners(desk: &Desk<'_, '_>, mut uses: Vec<Use>, direction: Direction) -> (Vec<Use>, bool) {
    let crosses = |one: &Use| {
        let Some(major) = one.major().filter(|_| is_artifact(&one.name)) else { return false };
        if direction == Direction::Back { major == 4 } else { major < 4 }
    };
    if !uses.iter().any(crosses) {
        return (uses, false);
    }
    let chosen: BTreeSet<Id> = uses.iter().map(|one| one.node).collect();
    for other in uses_of(desk, desk.workflow.jobs.iter()).into_iter().filter(|other| is_artifact(&other.name)) {
        let same_side = other.major().is_none_or(|major| (major < 4) == (direction == Direction::Forward));
        if same_side && !chosen.contains(&other.node) {
            uses.push(other);
        }
    }
    (uses, true)
}

/// Where a use goes.
struct Step {
    to: String,
    /// It is what stood there before the opposite fix.
    is_return: bool,
}

/// The version to go to; none when it went there before.
fn next(desk: &Desk<'_, '_>, one: &Use, direction: Direction, crosses: bool) -> Result<Option<Step>, String> {
    let name = clean_line(&one.name, 80);
    let (line, major, is_exact) = match action_ref::version(&one.reference) {
        Version::Tag { line, major, is_exact } => (line, major, is_exact),
        Version::Commit => {
            return Err(format!(
                "{name} is pinned to a commit, and no commit of another major version is known: use `pin` instead"
            ));
        }
        Version::Other => {
            let shown = clean_line(&one.reference, 40);
            return Err(format!("{name}@{shown} is a branch or not a plain version: name the version to use"));
        }
    };
    let tree = &desk.workflow.tree;
    let Some(behind) = Behind::read(tree.text, tree.node(one.node).range.end, FIX) else {
        return Err(format!("{name} is on a very long line: move it to its own line"));
    };
    if behind.is_pinned {
        return Err(format!("{name} is pinned: `unpin` it first"));
    }
    if let Some((was, before)) = before(desk, one) {
        let is_done = direction.went(before, Some(major));
        return Ok((!is_done).then_some(Step { to: was, is_return: true }));
    }
    if line.is_empty() && is_exact {
        return Err(format!("{name}@{major}.x has no major-version tag: name the version to use"));
    }
    let to = match direction {
        Direction::Forward => refuge(&one.name, major).unwrap_or(major + 1),
        Direction::Back if major == 0 || major <= first_major(&one.name) => {
            return Err(format!("{name} has no major version before {line}{major}: look for another cause"));
        }
        Direction::Back if crosses && is_artifact(&one.name) => 3,
        Direction::Back => major - 1,
    };
    Ok(Some(Step { to: format!("{line}{to}"), is_return: false }))
}

fn apply(desk: &mut Desk<'_, '_>, one: &Use, step: &Step, direction: Direction) -> Result<(), String> {
    let tree = &desk.workflow.tree;
    let at = tree.node(one.node).range.clone();
    let behind = Behind::read(tree.text, at.end, FIX).ok_or("its line is very long")?;
    let value = tree.scalar(one.node).unwrap_or_default();
    let written = value.split('@').next().unwrap_or_default();
    let (place, name, was) = (desk.place(at.start), clean_line(&one.name, 80), clean_line(&one.reference, 40));
    desk.patch.set(one.node, &format!("{written}@{}", step.to))?;
    let mark = comment(&one.reference, None, FIX).ok_or("its version cannot be kept in a comment")?;
    desk.patch.comment(behind.mark.map_or(behind.end..behind.end, |mark| mark.range), mark)?;
    let shown = clean_line(&step.to, 40);
    if step.is_return {
        desk.because(format!("{place}: {name}@{was} is restored to {shown}, as before an earlier fix."));
    } else {
        desk.because(format!("{place}: {name}@{was} moves {} to {shown}.", direction.way()));
        warn(desk, one, &step.to);
    }
    Ok(())
}

fn warn(desk: &mut Desk<'_, '_>, one: &Use, to: &str) {
    let name = clean_line(&one.name, 80);
    desk.warn(format!(
        "Not checked that {name} has a tag {to}; by convention it is the newest release of that major version."
    ));
    desk.warn(format!("Check that {name} takes the same inputs at {to}."));
    let Version::Tag { major, .. } = action_ref::version(to) else { return };
    if oldest_alive(&one.name).is_some_and(|oldest| major < oldest) {
        desk.warn(format!("github.com rejects {name}@{to}: it works on GitHub Enterprise Server only."));
    }
    if is_artifact(&one.name) && one.major().is_some_and(|before| before < 4) && major >= 4 {
        desk.warn("Since v4 an artifact name can be uploaded only once per run: each matrix job needs its own.");
    }
    if is_artifact(&one.name) {
        desk.warn(
            "Artifact uploads and downloads were changed together; other workflows that share the artifacts were not.",
        );
    }
}

impl Direction {
    /// Whether a use that is at `now` went this way from `before`.
    fn went(self, before: u32, now: Option<u32>) -> bool {
        now.is_some_and(|now| if self == Self::Back { now < before } else { now > before })
    }

    fn way(self) -> &'static str {
        match self {
            Self::Back => "back",
            Self::Forward => "forward",
        }
    }
}
