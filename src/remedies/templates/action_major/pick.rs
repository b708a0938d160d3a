//! Which action is meant: the one that a person names, that the failing step uses, or that the error lines speak of.

use std::collections::BTreeSet;

use super::super::action_ref::{self, Version};
use super::super::choose::Desk;
use super::super::hint::Hint;
use super::super::scope;
use super::{Use, speech, uses_of};
use crate::domain::text::{clean_line, listing};

pub enum Picked {
    Nothing,
    /// Several could be meant: what to say.
    Unclear(String),
    Uses {
        uses: Vec<Use>,
        /// The major version that the evidence names.
        major: Option<u32>,
    },
}

pub fn pick(desk: &Desk<'_, '_>, hint: &Hint) -> Picked {
    let in_jobs = uses_of(desk, desk.jobs.iter().copied());
    if hint.words().next().is_some() {
        return by_words(desk, hint, &in_jobs);
    }
    // What a job calls is another workflow: only a person may mean it.
    let uses: Vec<Use> = in_jobs.into_iter().filter(|one| !one.is_called).collect();
    let step = scope::steps(desk.workflow, &desk.jobs, hint);
    let nodes: BTreeSet<_> = step.iter().filter_map(|step| step.uses).collect();
    let names: BTreeSet<&str> =
        uses.iter().filter(|one| nodes.contains(&one.node)).map(|one| one.name.as_str()).collect();
    if let [name] = names.into_iter().collect::<Vec<_>>().as_slice() {
        let major = speech::spoken(hint, &BTreeSet::from([*name])).into_iter().next().and_then(|(_, major)| major);
        return of_name(&uses, name, major);
    }
    by_lines(hint, &uses)
}

fn of_name(uses: &[Use], name: &str, major: Option<u32>) -> Picked {
    Picked::Uses { uses: uses.iter().filter(|one| one.name == name).cloned().collect(), major }
}

fn by_lines(hint: &Hint, uses: &[Use]) -> Picked {
    let names: BTreeSet<&str> = uses.iter().map(|one| one.name.as_str()).collect();
    let spoken = speech::spoken(hint, &names);
    let spoken_names: BTreeSet<&str> = spoken.iter().map(|(name, _)| *name).collect();
    let meant = if spoken_names.is_empty() { names } else { spoken_names };
    match meant.into_iter().collect::<Vec<_>>().as_slice() {
        [] if hint.workflow.is_some() => {
            Picked::Unclear("No versioned action is used there: look for another cause".to_owned())
        }
        [] => Picked::Nothing,
        [name] => {
            let majors: BTreeSet<u32> = spoken.iter().filter_map(|(_, major)| *major).collect();
            of_name(uses, name, majors.first().copied().filter(|_| majors.len() == 1))
        }
        several => {
            let several: Vec<String> = several.iter().map(|name| (*name).to_owned()).collect();
            Picked::Unclear(format!("Several actions match ({}): name one", listing(&several, 8)))
        }
    }
}

fn by_words(desk: &Desk<'_, '_>, hint: &Hint, in_jobs: &[Use]) -> Picked {
    let mut found: Vec<Use> = Vec::new();
    let mut majors = BTreeSet::new();
    for word in hint.words() {
        let (name, reference) = word.split_once('@').map_or((word, None), |(name, after)| (name, Some(after)));
        let name = name.to_ascii_lowercase();
        if let Some(why) = not_a_name(&name) {
            return Picked::Unclear(why);
        }
        let mut named: Vec<Use> = in_jobs.iter().filter(|one| is_called(&one.name, &name)).cloned().collect();
        if named.is_empty() {
            // A person may know better than the hint in which job it is.
            let all = uses_of(desk, desk.workflow.jobs.iter());
            named = all.into_iter().filter(|one| is_called(&one.name, &name)).collect();
        }
        let names: BTreeSet<String> = named.iter().map(|one| one.name.clone()).collect();
        if names.len() > 1 && !name.contains('/') {
            let names: Vec<String> = names.into_iter().collect();
            return Picked::Unclear(format!(
                "Several actions have this name ({}): give the full name",
                listing(&names, 8)
            ));
        }
        if let Some(Version::Tag { major, .. }) = reference.map(action_ref::version) {
            majors.insert(major);
        }
        found.extend(named);
    }
    if found.is_empty() {
        return Picked::Nothing;
    }
    let major = majors.first().copied().filter(|_| majors.len() == 1);
    Picked::Uses { uses: found, major }
}

fn not_a_name(name: &str) -> Option<String> {
    let shown = clean_line(name, 60);
    if name.starts_with("docker:") {
        return Some(format!("`{shown}` is an image, pinned by digest: use `pin` instead"));
    }
    if name.starts_with('.') || name.starts_with('/') {
        return Some(format!("`{shown}` is an action in this repository and has no version: change it there"));
    }
    let digits = name.trim_start_matches('v');
    let is_version = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let plain = name.len() <= 200 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    (is_version || !plain)
        .then(|| format!("`{shown}` is not an action name: write owner/name, for example actions/checkout"))
}

/// Whether a person's word means this action: its whole name, or the last part of it.
fn is_called(action: &str, word: &str) -> bool {
    action == word || (!word.contains('/') && action.split('/').nth(1) == Some(word))
}
