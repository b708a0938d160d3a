//! Version catalogs: `gradle/libs.versions.toml`.

use std::ops::Range;

use crate::edit::places::Place;
use crate::edit::toml::{at, inside};
use toml_edit::{Document, Item, TableLike};

/// Where a catalog gives a module or plugin its version; `None` for a form that cannot be edited.
pub(super) fn places(text: &str, document: &Document<&str>, package: &str, version: &str) -> Option<Vec<Place>> {
    let table = if package.contains(':') { "libraries" } else { "plugins" };
    let entries = at(document, &[table]).and_then(Item::as_table_like);
    let mut out = Vec::new();
    for (_, item) in entries.into_iter().flat_map(TableLike::iter) {
        if let Some(value) = item.as_value().filter(|value| value.is_str()) {
            let said = value.as_str().unwrap_or_default();
            let rest = said.strip_prefix(package).filter(|rest| rest.is_empty() || rest.starts_with(':'));
            if let Some(rest) = rest {
                let inner = inside(text, value)?;
                let part = inner.start + package.len()..inner.end;
                let new = format!(":{version}");
                let done = rest == new;
                out.push(Place::new(text, part, new, done));
            }
        } else if let Some(entry) = item.as_table_like().filter(|entry| is_it(*entry, package)) {
            out.push(place(text, item, entry, version)?);
        }
    }
    Some(out)
}

fn is_it(entry: &dyn TableLike, package: &str) -> bool {
    let said = |key: &str| entry.get(key).and_then(Item::as_str).unwrap_or_default();
    let whole = said("module") == package || said("id") == package;
    whole || package.split_once(':').is_some_and(|(group, name)| said("group") == group && said("name") == name)
}

/// The bytes of a value, also of one that is written with a dotted key.
fn value_span(item: &Item) -> Option<Range<usize>> {
    match item.as_table_like() {
        Some(table) if item.as_inline_table().is_none_or(toml_edit::InlineTable::is_dotted) => {
            let spans = table.iter().filter_map(|(_, item)| value_span(item)).collect::<Vec<_>>();
            let [one] = spans.as_slice() else { return None };
            Some(one.clone())
        }
        _ => item.as_value().and_then(toml_edit::Value::span),
    }
}

fn place(text: &str, item: &Item, entry: &dyn TableLike, version: &str) -> Option<Place> {
    let whole = item.as_inline_table()?.span()?;
    let Some(said) = entry.get("version") else {
        let end = whole.start + text.get(whole.start..whole.end.checked_sub(1)?)?.trim_end().len();
        return Some(Place::new(text, end..end, format!(", version = {{ strictly = \"{version}\" }}"), false));
    };
    let value = value_span(said)?;
    let before = text.get(whole.start..value.start)?;
    let key = before.rfind("version")?;
    let comma = before[..key].trim_end().strip_suffix(',').map(str::len);
    let start = whole.start + comma.unwrap_or(key);
    let lead = if comma.is_some() { ", " } else { "" };
    let strict = said.as_table_like().and_then(|table| table.get("strictly")).and_then(Item::as_str);
    let done = said.as_str() == Some(version) || strict == Some(version);
    let mut place = Place::new(text, start..value.end, format!("{lead}version = \"{version}\""), done);
    if comma.is_none() {
        // So that the mark keeps the package's name apart from it.
        place.old.insert(0, ' ');
    }
    Some(place)
}
