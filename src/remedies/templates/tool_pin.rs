//! Pins a tool, or the image of the runner, to a version where a workflow chooses it.

mod image;
mod places;
mod tools;
mod wish;

use std::collections::BTreeSet;

use super::action_ref::{self, Uses, Version};
use super::choose::{Desk, Found, across};
use super::workflow::{Job, Step};
use super::{Hint, Template, scope};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::{clean_line, listing};
use crate::edit::yaml::Id;
use places::Place;
use tools::Tool;
use wish::Wish;

pub struct ToolPin;

impl Template for ToolPin {
    fn id(&self) -> &'static str {
        "tool_pin"
    }

    fn about(&self) -> &'static str {
        "Pins a floating tool version, for example node 20.11.1, or the runner to ubuntu-24.04."
    }

    fn edit(&self, workflows: &[Source], hint: &Hint) -> Edited {
        match wish::read(hint) {
            Ok(wishes) if wishes.is_empty() => {
                Edited::Refused(vec!["Name a tool and a version, for example node 20.11.1.".to_owned()])
            }
            Ok(wishes) => across(workflows, hint, |desk, hint| edit(desk, hint, &wishes)),
            Err(why) => Edited::Refused(vec![why]),
        }
    }
}

/// What came of the places that were looked at.
#[derive(Default)]
struct Findings {
    changed: bool,
    already: Vec<String>,
    /// Fixed at another version.
    kept: Vec<String>,
    refused: Vec<String>,
}

impl Findings {
    fn take(&mut self, one: Result<One, String>) {
        match one {
            Ok(One::Changed) => self.changed = true,
            Ok(One::Already(is)) => self.already.push(is),
            Ok(One::Kept(is)) => self.kept.push(is),
            Err(why) => self.refused.push(why),
        }
    }
}

/// What became of one place.
enum One {
    Changed,
    Already(String),
    /// It is fixed at another version, and what moves comes first.
    Kept(String),
}

fn edit(desk: &mut Desk<'_, '_>, hint: &Hint, wishes: &[Wish]) -> Found {
    let mut findings = Findings::default();
    for wish in wishes {
        let tool = match wish.tool {
            Some(tool) => tool,
            None => match only_tool(desk, hint, &wish.version) {
                Ok(Some(tool)) => tool,
                Ok(None) => return Found::Nothing,
                Err(why) => return Found::refused(why),
            },
        };
        let mut found = Findings::default();
        pin_tool(desk, tool, wish, &mut found);
        // A person may mean what is fixed too, when nothing moves and nothing is as they want it.
        let is_open = !found.changed && found.already.is_empty() && found.refused.is_empty();
        if is_open && wish.by_person && !found.kept.is_empty() {
            found = Findings::default();
            pin_tool(desk, tool, &Wish { fixed_too: true, ..wish.clone() }, &mut found);
        }
        findings.changed |= found.changed;
        findings.already.extend(found.already.into_iter().chain(found.kept));
        findings.refused.extend(found.refused);
    }
    if !findings.refused.is_empty() {
        return Found::Refused(findings.refused);
    }
    match (findings.changed && !desk.patch.is_empty(), findings.already.first()) {
        (true, _) => Found::Changed,
        (false, Some(is)) => Found::Already(is.clone()),
        (false, None) => Found::Nothing,
    }
}

fn pin_tool(desk: &mut Desk<'_, '_>, tool: &'static Tool, wish: &Wish, findings: &mut Findings) {
    if tool.id == tools::IMAGE {
        image::pin(desk, wish, findings);
        return;
    }
    for job in desk.jobs.clone() {
        for step in &job.steps {
            let of_tool = step.action(&desk.workflow.tree).and_then(|action| tools::by_action(&action));
            if let Some((_, input)) = of_tool.filter(|(found, _)| *found == tool) {
                findings.take(pin_step(desk, job, step, tool, input, wish));
            }
        }
    }
}

/// The tool of the failing step, or the only one that moves.
fn only_tool(desk: &Desk<'_, '_>, hint: &Hint, version: &str) -> Result<Option<&'static Tool>, String> {
    let tree = &desk.workflow.tree;
    let of = |step: &Step| tools::by_action(&step.action(tree)?);
    let failed = scope::steps(desk.workflow, &desk.jobs, hint).into_iter().find_map(of);
    if let Some((tool, _)) = failed {
        return Ok(Some(tool));
    }
    let steps = || desk.jobs.iter().flat_map(|job| &job.steps).filter_map(|step| Some((step, of(step)?)));
    // What has this version already was meant before.
    let is_meant = |value: &str| tools::moves(value) || value == version;
    let meant = steps()
        .filter(|(step, (_, input))| step.input(tree, input).is_none_or(|id| tree.scalar(id).is_some_and(is_meant)));
    let mut all: BTreeSet<&str> = meant.map(|(_, (tool, _))| tool.id).collect();
    if all.is_empty() {
        all = steps().map(|(_, (tool, _))| tool.id).collect();
    }
    match all.iter().copied().collect::<Vec<_>>().as_slice() {
        [] => Ok(None),
        [one] => Ok(tools::by_name(one)),
        several => {
            let several: Vec<String> = several.iter().map(|id| (*id).to_owned()).collect();
            Err(format!("Several tools match ({}): name one", listing(&several, 8)))
        }
    }
}

fn pin_step(
    desk: &mut Desk<'_, '_>,
    job: &Job,
    step: &Step,
    tool: &'static Tool,
    input: &'static str,
    wish: &Wish,
) -> Result<One, String> {
    let tree = &desk.workflow.tree;
    let place = desk.place(step.uses.map_or(job.key, |uses| tree.node(uses).range.start));
    let unpinned = |why: String| format!("{place}: {why}, so {} is not pinned here: change it by hand", tool.id);
    if let Some(value) = step.input(tree, input).filter(|id| tree.scalar(*id) != Some("")) {
        return match places::follow(desk, job, value).map_err(unpinned)? {
            Place::One(id) => pin_one(desk, id, tool, wish),
            Place::Matrix { values, others } => pin_matrix(desk, job, &values, &others, tool.id, wish),
        };
    }
    let file = format!("{input}-file");
    if let Some(file) = step.input(tree, &file).and_then(|id| tree.scalar(id)) {
        return Err(unpinned(format!("the version comes from {}", clean_line(file, 60))));
    }
    if step.action(tree).as_deref() == Some("dtolnay/rust-toolchain") {
        return pin_reference(desk, step, wish);
    }
    if !tool.can_add || !wish.by_person {
        return Err(unpinned(format!("there is no `{input}`")));
    }
    add_input(desk, step, input, &wish.version)?;
    desk.because(format!("{place}: {} gets {input}: {}.", tool.id, wish.version));
    Ok(One::Changed)
}

fn add_input(desk: &mut Desk<'_, '_>, step: &Step, input: &str, value: &str) -> Result<(), String> {
    let tree = &desk.workflow.tree;
    let added = match step.input(tree, input) {
        Some(id) => desk.patch.set(id, value),
        None => match tree.get(step.node, "with").filter(|with| !tree.entries(*with).is_empty()) {
            Some(with) => desk.patch.add(with, input, value),
            None => desk.patch.add_section(step.node, "with", "uses", input, value),
        },
    };
    added.map_err(|why| by_hand(&why))
}

fn by_hand(why: &str) -> String {
    format!("{why}: change it by hand")
}

/// Why a value stays as it is; none when it may become the wanted one.
fn stays(desk: &mut Desk<'_, '_>, old: &str, id: &str, wish: &Wish) -> Option<One> {
    let (shown, wanted) = (clean_line(old, 40), &wish.version);
    if old == wanted {
        return Some(One::Already(format!("{id} is already at {wanted}")));
    }
    // What the lines ask for is a version at least.
    let is_asked = !wish.by_person && tools::is_older(old, wanted);
    if tools::moves(old) || tools::refines(wanted, old) || is_asked {
        if !wish.by_person {
            desk.warn(format!("The log asks for at least {id} {wanted}; this pins it there."));
        }
        return None;
    }
    if wish.fixed_too {
        desk.warn(format!("{id} was already pinned, at {shown}."));
        return None;
    }
    Some(One::Kept(format!("{id} is already pinned at {shown}, not {wanted}: use `{id} {wanted}` to change it anyway")))
}

fn pin_one(desk: &mut Desk<'_, '_>, id: Id, tool: &Tool, wish: &Wish) -> Result<One, String> {
    let tree = &desk.workflow.tree;
    let old = tree.scalar(id).unwrap_or_default().trim();
    let place = desk.place(tree.node(tree.resolve(id)).range.start);
    if old.contains('\n') {
        return Err(format!("{place}: several versions of {} are installed: change it by hand", tool.id));
    }
    if let Some(one) = stays(desk, old, tool.id, wish) {
        return Ok(one);
    }
    desk.patch.set(id, &wish.version).map_err(|why| by_hand(&why))?;
    desk.because(format!("{place}: {} changes from {} to {}.", tool.id, clean_line(old, 40), wish.version));
    warn_of_conditions(desk, old);
    Ok(One::Changed)
}

/// The one value of a matrix that may become the wanted one, wherever the matrix names it.
fn pin_matrix(
    desk: &mut Desk<'_, '_>,
    job: &Job,
    values: &[Id],
    others: &[Id],
    id: &str,
    wish: &Wish,
) -> Result<One, String> {
    let tree = &desk.workflow.tree;
    let place = desk.place(job.key);
    let text = |id: &Id| tree.scalar(*id).unwrap_or_default().trim().to_owned();
    let every: BTreeSet<String> = values.iter().chain(others).map(text).collect();
    let fits = |old: &&String| is_of_the_kind(old, wish) && (tools::moves(old) || tools::refines(&wish.version, old));
    let mut meant: Vec<&String> = every.iter().filter(fits).collect();
    if meant.is_empty() && every.len() == 1 {
        meant = every.iter().filter(|old| is_of_the_kind(old, wish) && **old != wish.version).collect();
    }
    let shown: Vec<String> = every.iter().cloned().collect();
    let shown = listing(&shown, 8);
    let has_wanted = every.contains(&wish.version);
    let old = match meant.as_slice() {
        [] if has_wanted => return Ok(One::Already(format!("the matrix already has {id} {}", wish.version))),
        [old] if !has_wanted => (*old).clone(),
        [_] => {
            return Err(format!(
                "{place}: the matrix has {} in addition to the floating value ({shown}): change it by hand",
                wish.version
            ));
        }
        _ => {
            return Err(format!("{place}: several matrix values match ({shown}): change it by hand"));
        }
    };
    if let Some(one) = stays(desk, &old, id, wish) {
        return Ok(one);
    }
    for node in values.iter().chain(others).filter(|node| text(node) == old) {
        desk.patch.set(*node, &wish.version).map_err(|why| by_hand(&why))?;
    }
    desk.because(format!("{place}: in the matrix, {id} changes from {} to {}.", clean_line(&old, 40), wish.version));
    warn_of_conditions(desk, &old);
    Ok(One::Changed)
}

/// Of images, only those of one family replace each other.
fn is_of_the_kind(old: &str, wish: &Wish) -> bool {
    match tools::family(&wish.version) {
        Some(family) => tools::family(old) == Some(family),
        None => true,
    }
}

/// Of dtolnay/rust-toolchain, the action's reference is the toolchain.
fn pin_reference(desk: &mut Desk<'_, '_>, step: &Step, wish: &Wish) -> Result<One, String> {
    let tree = &desk.workflow.tree;
    let Some(uses) = step.uses else { return Err("no action is used: change it by hand".to_owned()) };
    let place = desk.place(tree.node(uses).range.start);
    let value = tree.scalar(uses).unwrap_or_default();
    let Uses::Versioned { reference, .. } = action_ref::read(value) else {
        return Err(format!("{place}: the action has no version: change it by hand"));
    };
    if action_ref::version(reference) == Version::Commit {
        return Err(format!(
            "{place}: the action is pinned to a commit and no `toolchain` is given: change it by hand"
        ));
    }
    if reference != "master"
        && let Some(one) = stays(desk, reference, tools::RUST, wish)
    {
        return Ok(one);
    }
    let name = value.split('@').next().unwrap_or_default();
    let is_release = wish.version.chars().all(|c| c.is_ascii_digit() || c == '.');
    // Releases are references of the action; what has a date has to be an input of its newest code.
    let (to, input) = if is_release { (wish.version.as_str(), None) } else { ("master", Some("toolchain")) };
    if reference != to {
        desk.patch.set(uses, &format!("{name}@{to}")).map_err(|why| by_hand(&why))?;
    }
    if let Some(input) = input {
        add_input(desk, step, input, &wish.version)?;
    }
    desk.because(format!("{place}: rust changes from {} to {}.", clean_line(reference, 40), wish.version));
    desk.warn("A rust-toolchain file in the repository takes precedence.");
    Ok(One::Changed)
}

/// Conditions may compare with the old value.
fn warn_of_conditions(desk: &mut Desk<'_, '_>, old: &str) {
    let tree = &desk.workflow.tree;
    let quoted = format!("'{old}'");
    let compares = |id: &Id| tree.path(*id).last().is_some_and(|key| key == "if");
    let found = tree.scalars().find(|id| tree.scalar(*id).is_some_and(|text| text.contains(&quoted)) && compares(id));
    if let Some(id) = found {
        let place = desk.place(tree.node(id).range.start);
        desk.warn(format!("{place}: a condition compares with the old value and is unchanged."));
    }
}
