//! What project files, props files and `packages.config` say of a package.

use crate::edit::xml::Tree;
use std::ops::Range;

/// Where a version is written.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) id: usize,
    /// `PackageVersion`, `GlobalPackageReference` and the like; `package` in `packages.config`.
    pub(super) element: String,
    /// The version's bytes and text; `None` where there is none.
    pub(super) version: Option<(Range<usize>, String)>,
    /// Where the mark belongs: behind the tag that has the version.
    pub(super) mark: usize,
}

/// Every element that names the package, in any case of letters.
pub(super) fn find(tree: &Tree<'_>, package: &str) -> Vec<Found> {
    let mut out = Vec::new();
    for id in 0..tree.elements.len() {
        let element = tree.name(id).to_owned();
        let known = ["PackageReference", "PackageVersion", "GlobalPackageReference", "package"];
        if !known.contains(&element.as_str()) {
            continue;
        }
        let names = ["Include", "Update", "id"];
        let named = names
            .iter()
            .filter_map(|name| tree.attribute(id, name))
            .any(|(_, said)| said.split(';').any(|one| one.trim().eq_ignore_ascii_case(package)));
        if !named {
            continue;
        }
        let open = tree.elements[id].open.end;
        let mut found = Found { id, element, version: None, mark: open };
        for name in ["VersionOverride", "Version"] {
            if let Some(version) = tree.attribute(id, name) {
                found.version = Some(version);
                break;
            }
            if let Some(child) = tree.child(id, name) {
                found.version = tree.value(child);
                found.mark = tree.elements[child].end;
                break;
            }
        }
        out.push(found);
    }
    out
}

/// Whether an element names several packages at once.
pub(super) fn is_shared(tree: &Tree<'_>, id: usize) -> bool {
    ["Include", "Update"].iter().filter_map(|name| tree.attribute(id, name)).any(|(_, said)| said.contains(';'))
}

/// Whether a property is set to true.
pub(super) fn is_on(tree: &Tree<'_>, property: &str) -> bool {
    (0..tree.elements.len()).any(|id| {
        tree.name(id) == property && tree.value(id).is_some_and(|(_, said)| said.eq_ignore_ascii_case("true"))
    })
}

/// An element to be copied for an added package: the first of this name, with its place and indent.
pub(super) fn first<'t>(tree: &'t Tree<'_>, element: &str) -> Option<(usize, Option<&'t str>)> {
    let id = (0..tree.elements.len())
        .find(|id| tree.name(*id) == element && tree.around(*id).next() == Some("ItemGroup") && is_plain(tree, *id))?;
    Some((tree.elements[id].open.start, tree.indent(id)))
}

/// Whether neither the element nor its group has a condition.
fn is_plain(tree: &Tree<'_>, id: usize) -> bool {
    let group = tree.elements[id].parent;
    tree.attribute(id, "Condition").is_none() && group.is_none_or(|group| tree.attribute(group, "Condition").is_none())
}
