//! Requirements in `pyproject.toml`: the lists that Python's packaging standards and uv know.

use toml_edit::{Document, Item, Value};

use super::requirement::{Requirement, normal, requirement};
use crate::edit::places::Place;
use crate::edit::toml::{at, inside};
use crate::edit::version::pep440::is_exactly;

/// What a `pyproject.toml` says of a package.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) places: Vec<Place>,
    /// What stands in the way, a sentence each.
    pub(crate) refused: Vec<String>,
}

/// The lists that hold requirements, as arrays.
fn lists<'a>(document: &'a Document<&str>, uv: bool) -> Vec<&'a Value> {
    let mut items: Vec<&Item> = Vec::new();
    items.extend(at(document, &["project", "dependencies"]));
    let mut keys = vec![["project", "optional-dependencies"].as_slice(), &["dependency-groups"]];
    if uv {
        items.extend(at(document, &["tool", "uv", "dev-dependencies"]));
        items.extend(at(document, &["tool", "uv", "constraint-dependencies"]));
        items.extend(at(document, &["tool", "uv", "override-dependencies"]));
    } else {
        items.extend(at(document, &["build-system", "requires"]));
    }
    keys.retain(|keys| at(document, keys).is_some());
    for keys in keys {
        let table = at(document, keys).and_then(Item::as_table_like);
        items.extend(table.into_iter().flat_map(|table| table.iter().map(|(_, item)| item)));
    }
    items.into_iter().filter_map(Item::as_value).collect()
}

/// The requirement in a string of an array, with positions in the file.
fn read(text: &str, value: &Value) -> Option<Requirement> {
    let inner = inside(text, value)?;
    let mut found = requirement(text.get(inner.clone())?)?;
    found.spec = inner.start + found.spec.start..inner.start + found.spec.end;
    Some(found)
}

/// Where the lists name `package` (normalised), to be set to `version`.
pub(crate) fn said(text: &str, document: &Document<&str>, package: &str, version: &str, uv: bool) -> Said {
    let mut out = Said::default();
    for list in lists(document, uv) {
        for value in list.as_array().into_iter().flatten() {
            let Some(found) = read(text, value) else {
                if value.as_str().and_then(requirement).is_some_and(|found| found.name == package) {
                    out.refused.push("It contains escapes in pyproject.toml: write it as a plain string.".into());
                }
                continue;
            };
            if found.name != package {
                continue;
            }
            if found.address {
                out.refused.push("pyproject.toml takes it from a URL or path: change that by hand.".into());
                continue;
            }
            let done = is_exactly(&text[found.spec.clone()], version);
            let place = Place::new(text, found.spec, format!("=={version}"), done);
            out.places.push(Place { condition: found.marker, ..place });
        }
    }
    out
}

/// The source that `[tool.uv.sources]` gives for a package, unless it is an index.
pub(crate) fn foreign_source(document: &Document<&str>, package: &str) -> bool {
    let sources = at(document, &["tool", "uv", "sources"]).and_then(Item::as_table_like);
    sources.is_some_and(|sources| {
        sources.iter().any(|(name, item)| {
            let index = item.as_table_like().is_some_and(|source| source.contains_key("index"));
            normal(name) == package && !index
        })
    })
}

/// The bytes of the string in any list that names `package`, quotes included, in the order of the file.
pub(crate) fn strings(text: &str, document: &Document<&str>, package: &str) -> Vec<std::ops::Range<usize>> {
    let mut out = Vec::new();
    for list in lists(document, true) {
        for value in list.as_array().into_iter().flatten() {
            if read(text, value).is_some_and(|found| found.name == package) {
                out.extend(value.span());
            }
        }
    }
    out
}

/// The releases of Python that the project supports.
pub(super) fn supported(text: &str) -> Option<String> {
    let document = Document::parse(text).ok()?;
    at(&document, &["project", "requires-python"]).and_then(Item::as_str).map(str::to_owned)
}
