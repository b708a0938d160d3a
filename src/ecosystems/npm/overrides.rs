//! Overrides of a package that the repository requires itself: they decide what is installed, whatever is required.

use super::lock::Manager;
use super::manifest::PinMark;
use super::world::{Project, World};
use crate::domain::text::short;
use crate::edit::draft::Draft;
use crate::edit::json::{Node, quoted};
use crate::edit::path::{below, folder};
use crate::edit::splice::Splice;
use crate::edit::version::npm::meets;

/// An override that decides for a direct dependency too.
pub struct Overridden<'n> {
    pub key: &'n str,
    value: &'n Node,
    pub was: &'n str,
}

impl Overridden<'_> {
    /// Lets it say the same as the requirement does.
    pub fn set(&self, to: &str) -> Splice {
        (self.value.range.clone(), quoted(to))
    }
}

/// The package that a key names, and the versions for which; keys that name it as what another package needs
/// (`other>package`, `other/package`) are not about the repository's own requirement.
fn selector<'k>(key: &'k str, package: &str) -> Option<&'k str> {
    let rest = key.strip_prefix("**/").unwrap_or(key).strip_prefix(package)?;
    if rest.is_empty() {
        return Some("");
    }
    rest.strip_prefix('@').map(|range| range.strip_prefix("npm:").unwrap_or(range)).filter(|range| !range.contains('>'))
}

/// The overrides of a manifest that decide for `package`, when it is required at exactly `version`.
pub fn overridden<'n>(root: &'n Node, paths: &[&[&str]], package: &str, version: &str) -> Vec<Overridden<'n>> {
    let mut found = Vec::new();
    for path in paths {
        let Some(list) = path.iter().try_fold(root, |node, key| node.get(key)) else { continue };
        for member in list.members() {
            let Some(range) = selector(&member.key, package) else { continue };
            // npm nests what a package's own dependencies get; the package itself is the dot.
            let value = if member.value.is_object() { member.value.get(".") } else { Some(&member.value) };
            let (Some(value), true) = (value, range.is_empty() || meets(range, version) != Some(false)) else {
                continue;
            };
            let was = value.text().unwrap_or_default();
            // It follows the requirement by itself.
            if was != format!("${package}") && !was.starts_with("catalog:") {
                found.push(Overridden { key: &member.key, value, was });
            }
        }
    }
    found
}

/// The manifests whose overrides hold for a project: beside its locks, or above it where there is no lock.
fn holds_for(world: &World<'_>, root: &Project<'_>, project: &Project<'_>) -> bool {
    let home = folder(&root.file.path);
    let locks = world.locks_of(&project.file.path);
    if locks.is_empty() {
        return below(folder(&project.file.path), home).is_some();
    }
    locks.iter().any(|(index, _)| folder(&world.locks[*index].file.path) == home)
}

/// What is to become of the overrides in each project that decides for one of these, by the project's path; refused where
/// they cannot follow.
pub fn along<'w>(
    manager: &dyn Manager,
    draft: &mut Draft<'_>,
    world: &'w World<'_>,
    pinned: &[&Project<'_>],
    package: &str,
    version: &str,
) -> Vec<(&'w str, Vec<Overridden<'w>>)> {
    let mut all = Vec::new();
    for root in &world.projects {
        if !pinned.iter().any(|project| holds_for(world, root, project)) {
            continue;
        }
        let found = overridden(&root.root, manager.all_overrides(), package, version);
        let path = &root.file.path;
        for one in &found {
            let plain = super::manifest::prefix(one.was).is_ok_and(str::is_empty) && !one.was.starts_with('$');
            if !manager.overrides_follow() || !plain || one.was.is_empty() {
                draft.refuse(format!(
                    "{path} overrides {package} as {}, which decides whatever is required: change that override by hand.",
                    if one.was.is_empty() { "something else" } else { one.was }.chars().take(60).collect::<String>()
                ));
            } else if one.was != version {
                draft
                    .because(format!("{path}: its override of {package} was {} and is now {version}.", short(one.was)));
            }
        }
        if !found.is_empty() {
            all.push((path.as_str(), found));
        }
    }
    all
}

/// The overrides that a mark keeps, as they were; what people have changed since stays, and is told.
pub fn restored(
    draft: &mut Draft<'_>,
    manager: &dyn Manager,
    project: &Project<'_>,
    mark: &PinMark,
) -> (Vec<Splice>, Option<String>) {
    let (mut splices, mut pinned) = (Vec::new(), None);
    let lists =
        manager.all_overrides().iter().filter_map(|path| path.iter().try_fold(&project.root, |n, key| n.get(key)));
    let members: Vec<_> = lists.flat_map(Node::members).collect();
    for (key, was) in &mark.overrides {
        let Some(member) = members.iter().find(|member| member.key == *key) else { continue };
        let value = member.value.get(".").unwrap_or(&member.value);
        match value.text().filter(|now| semver::Version::parse(now).is_ok()) {
            Some(now) => {
                pinned = Some(now.to_owned());
                splices.push((value.range.clone(), quoted(was)));
                draft.because(format!(
                    "{}: restored the override of {} to {}.",
                    project.file.path,
                    short(key),
                    short(was)
                ));
            }
            None => draft.warn(format!(
                "{}: the override of {} was changed after the pin; kept.",
                project.file.path,
                short(key)
            )),
        }
    }
    (splices, pinned)
}
