//! What Poetry's own tables in `pyproject.toml` require.

use toml_edit::{Document, Item, TableLike, Value};

use crate::ecosystems::pip::edit::pyproject::Said;
use crate::ecosystems::pip::edit::requirement::normal;
use crate::edit::places::Place;
use crate::edit::toml::{at, inside};
use crate::edit::version::pep440::{is_exactly, same};

fn tables<'a>(document: &'a Document<&str>) -> Vec<&'a dyn TableLike> {
    let mut items = Vec::new();
    items.extend(at(document, &["tool", "poetry", "dependencies"]));
    items.extend(at(document, &["tool", "poetry", "dev-dependencies"]));
    let groups = at(document, &["tool", "poetry", "group"]).and_then(Item::as_table_like);
    for (_, group) in groups.into_iter().flat_map(TableLike::iter) {
        items.extend(group.as_table_like().and_then(|group| group.get("dependencies")));
    }
    items.into_iter().filter_map(Item::as_table_like).collect()
}

/// Where the tables name `package` (normalised), to be set to `version`.
pub(super) fn said(text: &str, document: &Document<&str>, package: &str, version: &str) -> Said {
    let mut out = Said::default();
    for table in tables(document) {
        for (_, item) in table.iter().filter(|(name, _)| normal(name) == package) {
            match place(text, item, version) {
                Ok(place) => out.places.extend(place),
                Err(reason) => out.refused.push(reason.to_owned()),
            }
        }
    }
    out
}

fn place(text: &str, item: &Item, version: &str) -> Result<Option<Place>, &'static str> {
    let value = match item.as_table_like() {
        Some(table) if ["git", "path", "url", "file"].iter().any(|key| table.contains_key(key)) => {
            return Err("Poetry takes it from git, a path, a file or a URL: change that by hand.");
        }
        Some(table) => match table.get("version") {
            Some(version) => version.as_value(),
            None => return Ok(None),
        },
        None => item.as_value(),
    };
    if value.is_some_and(Value::is_array) {
        return Err("Poetry has several constraints for it, by Python version or platform: set each by hand.");
    }
    let inner = value.and_then(|value| inside(text, value)).ok_or("Its requirement is not a plain string.")?;
    let said = &text[inner.clone()];
    let quote = &text[inner.start - 1..inner.start];
    let part = inner.start - 1..inner.end + 1;
    let done = is_exactly(said, version) || same(said.trim(), version);
    let mut place = Place::new(text, part, format!("{quote}{version}{quote}"), done);
    place.old.insert(0, ' ');
    Ok(Some(place))
}
