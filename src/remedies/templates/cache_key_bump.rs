//! Raises the version in a cache's key, so that a broken cache is not used any more.
//!
//! It leaves no mark and a second application raises the version again: that is what is wanted, when the new cache is
//! broken too. `because` says so.

mod caches;
mod version;

use std::collections::{BTreeMap, BTreeSet};

use super::choose::{Desk, Found, across};
use super::{Hint, Template, scope};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::{clean_line, listing};
use crate::edit::yaml::{Id, Kind, Style};
use caches::{Cache, Key};
use version::Bump;

pub struct CacheKeyBump;

impl Template for CacheKeyBump {
    fn id(&self) -> &'static str {
        "cache_key_bump"
    }

    fn about(&self) -> &'static str {
        "Bumps the version in a cache key, for example v1-deps to v2-deps, each time it is applied."
    }

    fn edit(&self, workflows: &[Source], hint: &Hint) -> Edited {
        across(workflows, hint, edit)
    }
}

type Groups<'w> = BTreeMap<(String, String), Vec<Cache<'w>>>;

fn edit(desk: &mut Desk<'_, '_>, hint: &Hint) -> Found {
    let workflow = desk.workflow;
    let of_jobs = caches::of_jobs(&workflow.tree, desk.jobs.iter().copied());
    if of_jobs.found.is_empty() {
        return match of_jobs.keyless.first() {
            Some(action) => Found::refused(format!(
                "{} generates its own cache key: delete the cache in the repository's cache list",
                clean_line(action, 80)
            )),
            None => Found::Nothing,
        };
    }
    let chosen = match choose(desk, of_jobs.found, hint) {
        Ok(chosen) => chosen,
        Err(why) => return Found::refused(why),
    };
    // Steps that save and restore under the same key, in whatever job, go together.
    let wanted: BTreeSet<_> = chosen.iter().map(|cache| cache.group(&workflow.tree)).collect();
    let mut groups: Groups<'_> = BTreeMap::new();
    for cache in caches::of_jobs(&workflow.tree, workflow.jobs.iter()).found {
        let group = cache.group(&workflow.tree);
        if wanted.contains(&group) {
            groups.entry(group).or_default().push(cache);
        }
    }
    for group in groups.values() {
        if let Err(why) = bump_group(desk, group) {
            return Found::refused(format!("{why}: change the key by hand"));
        }
    }
    desk.because("Applying it again bumps the version again.");
    Found::Changed
}

/// The caches that a person or the failing step names; else all of them, since a new cache only costs a slower run.
fn choose<'w>(desk: &Desk<'_, 'w>, all: Vec<Cache<'w>>, hint: &Hint) -> Result<Vec<Cache<'w>>, String> {
    let tree = &desk.workflow.tree;
    let words: Vec<String> = hint.words().map(str::to_ascii_lowercase).collect();
    if !words.is_empty() {
        let is_named = |cache: &&Cache<'_>| {
            let key = cache.group(tree).1.to_ascii_lowercase();
            let name = cache.step.name.as_deref().unwrap_or_default().to_ascii_lowercase();
            words.iter().all(|word| {
                let bare = word.split('@').next().unwrap_or(word);
                cache.action == bare
                    || cache.action.split('/').nth(1) == Some(bare)
                    || cache.step.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(word))
                    || cache.job.id.eq_ignore_ascii_case(word)
                    || name.contains(word.as_str())
                    || key.contains(word.as_str())
            })
        };
        let named: Vec<Cache<'w>> = all.iter().filter(is_named).cloned().collect();
        if named.is_empty() {
            let keys: BTreeSet<String> = all.iter().map(|cache| cache.group(tree).1.trim().to_owned()).collect();
            let keys = listing(&keys.into_iter().collect::<Vec<_>>(), 4);
            let shown = clean_line(&words.join(" "), 60);
            return Err(format!("No cache matches `{shown}`: name one by a word of its key ({keys})"));
        }
        return Ok(named);
    }
    let steps: Vec<Id> = scope::steps(desk.workflow, &desk.jobs, hint).iter().map(|step| step.node).collect();
    let failed: Vec<Cache<'w>> = all.iter().filter(|cache| steps.contains(&cache.step.node)).cloned().collect();
    Ok(if failed.is_empty() { all } else { failed })
}

fn bump_group(desk: &mut Desk<'_, '_>, group: &[Cache<'_>]) -> Result<(), String> {
    let tree = &desk.workflow.tree;
    let Some(first) = group.first() else { return Ok(()) };
    let key = match &first.key {
        Key::Is(id) => tree.scalar(*id).unwrap_or_default().trim().to_owned(),
        Key::Added(value) => return add(desk, first, value),
    };
    if first.input != "key" && version::raised(&key).is_some_and(|_| key.chars().all(|c| c.is_ascii_digit())) {
        return set_all(desk, group, |old| version::raised(old).unwrap_or_default());
    }
    let mut lines = Vec::new();
    for id in group.iter().filter_map(|cache| cache.restore) {
        for line in tree.scalar(id).unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty()) {
            if line.starts_with("${{") && line.find("}}") == Some(line.len() - 2) {
                return Err(format!("{}: restore-keys is computed", desk.place(tree.node(id).range.start)));
            }
            lines.push(line);
        }
    }
    if raise_variable(desk, group, &key, &lines)? {
        return Ok(());
    }
    let bump = version::plan(&key, &lines);
    set_all(desk, group, |old| version::bumped(old, &bump))?;
    for id in group.iter().filter_map(|cache| cache.restore) {
        set_restore(desk, id, &bump)?;
    }
    if group.iter().any(|cache| cache.step.input(tree, "fail-on-cache-miss").is_some()) {
        desk.warn("A step fails if its cache is missing: whatever saves the cache must run first.");
    }
    if let Some(other) = desk.others.iter().find(|other| key.len() >= 8 && other.text.contains(&key)) {
        let path = clean_line(&other.path, 100);
        desk.warn(format!("{path} has the same key and is unchanged: change it too if they share the cache."));
    }
    Ok(())
}

fn set_all(desk: &mut Desk<'_, '_>, group: &[Cache<'_>], bumped: impl Fn(&str) -> String) -> Result<(), String> {
    for cache in group {
        let Key::Is(id) = cache.key else { continue };
        let old = desk.workflow.tree.scalar(id).unwrap_or_default().trim();
        let new = bumped(old);
        desk.patch.set(id, &new)?;
        let place = desk.place(desk.workflow.tree.node(id).range.start);
        desk.because(format!("{place}: the {} {} becomes {}.", cache.input, clean_line(old, 60), clean_line(&new, 60)));
    }
    Ok(())
}

fn set_restore(desk: &mut Desk<'_, '_>, id: Id, bump: &Bump) -> Result<(), String> {
    let tree = &desk.workflow.tree;
    let id = tree.resolve(id);
    match &tree.node(id).kind {
        Kind::Scalar { style: Style::Block(_), .. } => desk.patch.set_lines(id, |line| version::bumped(line, bump)),
        Kind::Scalar { value, .. } if value.trim().is_empty() => Ok(()),
        Kind::Scalar { value, .. } if !value.trim().contains('\n') => {
            desk.patch.set(id, &version::bumped(value.trim(), bump))
        }
        _ => Err(format!("{}: restore-keys has an unusual form", desk.place(tree.node(id).range.start))),
    }
}

/// Raises a variable that all the keys hold, such as `${{ env.CACHE_VERSION }}`.
fn raise_variable(desk: &mut Desk<'_, '_>, group: &[Cache<'_>], key: &str, lines: &[&str]) -> Result<bool, String> {
    let Some(name) = variable(key).filter(|name| lines.iter().all(|line| variable(line) == Some(name))) else {
        return Ok(false);
    };
    let tree = &desk.workflow.tree;
    let of_job = |cache: &Cache<'_>| tree.at(cache.job.node, &["env", name]).or_else(|| desk.workflow.env(name));
    let Some(places) = group.iter().map(of_job).collect::<Option<BTreeSet<Id>>>() else { return Ok(false) };
    let raised = |id: &Id| Some((*id, version::raised(tree.scalar(*id)?)?));
    let Some(places) = places.iter().map(raised).collect::<Option<Vec<_>>>() else { return Ok(false) };
    for (id, value) in places {
        desk.patch.set(id, &value)?;
        let place = desk.place(tree.node(tree.resolve(id)).range.start);
        desk.because(format!("{place}: {name}, which the keys contain, becomes {}.", clean_line(&value, 40)));
    }
    Ok(true)
}

/// The variable of the environment in a key that is about the cache.
fn variable(key: &str) -> Option<&str> {
    key.split("${{").skip(1).find_map(|piece| {
        let name = piece.split("}}").next()?.trim().strip_prefix("env.")?;
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (plain && name.to_ascii_uppercase().contains("CACHE")).then_some(name)
    })
}

fn add(desk: &mut Desk<'_, '_>, cache: &Cache<'_>, value: &str) -> Result<(), String> {
    let tree = &desk.workflow.tree;
    match tree.get(cache.step.node, "with").filter(|with| !tree.entries(*with).is_empty()) {
        Some(with) => desk.patch.add(with, cache.input, value)?,
        None => desk.patch.add_section(cache.step.node, "with", "uses", cache.input, value)?,
    }
    let place = desk.place(cache.step.uses.map_or(0, |uses| tree.node(uses).range.start));
    desk.because(format!("{place}: {} gets {}: {value}.", clean_line(&cache.action, 80), cache.input));
    Ok(())
}
