//! Entries of `dependencyManagement` that our pin adds, and takes out again.

use std::ops::Range;

use super::pom::{Found, Pom};
use crate::edit::lines::{line_end, whole_line};
use crate::edit::mark::{ABSENT, PIN};
use crate::edit::splice::Splice;
use crate::edit::xml::mark_after;

/// What stands behind a `dependencyManagement` that only our pin needs.
const MADE: &str = "<!-- ci-rescue pin made this -->";

/// The entry to be put in, and where. `None`, when the file has a form that cannot be added to.
pub(super) fn added(pom: &Pom<'_>, like: Option<(&Pom<'_>, &Found)>, package: &str, version: &str) -> Option<Splice> {
    let tree = &pom.tree;
    let end = line_end(tree.text);
    let root = tree.elements.first().filter(|root| tree.name(0) == "project" && root.close != root.end)?;
    let unit = root.children.first().and_then(|id| tree.indent(*id)).filter(|unit| !unit.is_empty()).unwrap_or("  ");
    if let Some(list) = tree.at(&["dependencyManagement", "dependencies"]) {
        let element = tree.elements.get(list).filter(|list| list.close != list.end)?;
        let indent = format!("{}{unit}", tree.indent(list).unwrap_or_default());
        let entry = entry(like, package, version, &indent, unit, end)?;
        return Some((element.open.end..element.open.end, format!("{end}{entry}")));
    }
    if tree.at(&["dependencyManagement"]).is_some() {
        return None;
    }
    let entry = entry(like, package, version, &unit.repeat(3), unit, end)?;
    let lines = [
        format!("{unit}<dependencyManagement>{MADE}"),
        format!("{unit}{unit}<dependencies>"),
        entry,
        format!("{unit}{unit}</dependencies>"),
        format!("{unit}</dependencyManagement>"),
    ];
    let before = &tree.text[..root.close];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let alone = start > 0 && before[start..].trim().is_empty();
    let text = lines.join(end);
    Some(if alone {
        (start..start, format!("{text}{end}"))
    } else {
        (root.close..root.close, format!("{end}{text}{end}"))
    })
}

/// A whole `dependency`, of the same type and classifier as the one it is for.
fn entry(
    like: Option<(&Pom<'_>, &Found)>,
    package: &str,
    version: &str,
    indent: &str,
    unit: &str,
    end: &str,
) -> Option<String> {
    let (group, artifact) = package.split_once(':')?;
    let mut lines = vec![format!("{indent}<dependency>")];
    let mut inner = |name: &str, value: &str| lines.push(format!("{indent}{unit}<{name}>{value}</{name}>"));
    inner("groupId", group);
    inner("artifactId", artifact);
    inner("version", version);
    for name in ["type", "classifier"] {
        let Some((pom, found)) = like else { continue };
        let Some((range, _)) = pom.tree.child(found.id, name).and_then(|id| pom.tree.value(id)) else { continue };
        inner(name, &pom.tree.text[range]);
    }
    lines.push(format!("{indent}</dependency><!-- {PIN}{ABSENT} -->"));
    Some(lines.join(end))
}

/// Whether our pin added this element.
pub(super) fn is_added(pom: &Pom<'_>, found: &Found) -> Option<Range<usize>> {
    let element = pom.tree.elements.get(found.id)?;
    let (mark, was) = mark_after(pom.tree.text, element.end)?;
    (was.old == ABSENT).then_some(element.open.start..mark.end)
}

/// What to take out so that the added element is gone, with the `dependencyManagement` that was made for it.
pub(super) fn cut(pom: &Pom<'_>, found: &Found) -> Option<Splice> {
    let tree = &pom.tree;
    let added = is_added(pom, found)?;
    let list = tree.elements.get(found.id)?.parent?;
    let management = tree.elements.get(list)?.parent?;
    let outer = tree.elements.get(management)?;
    let made = tree.text[outer.open.end..].starts_with(MADE);
    if made && tree.elements.get(list)?.children.len() == 1 {
        let before = &tree.text[..outer.open.start];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        if before[start..].trim().is_empty() {
            return Some((whole_line(tree.text, start..outer.end), String::new()));
        }
    }
    let before = tree.text[..added.start].trim_end_matches([' ', '\t']);
    let before = before.strip_suffix('\n').unwrap_or(before);
    Some((before.strip_suffix('\r').unwrap_or(before).len()..added.end, String::new()))
}
