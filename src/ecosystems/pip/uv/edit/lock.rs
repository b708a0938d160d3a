//! `uv.lock`: entries and what it repeats of the requirements.

use std::collections::HashSet;

use toml_edit::{Array, Document, InlineTable, Item, TableLike};

use crate::domain::text::short;
use crate::ecosystems::pip::edit::requirement::normal;
use crate::edit::blocks::{Block, blocks};
use crate::edit::lines::{fitted, line_end};
use crate::edit::splice::{Splice, splice};
use crate::edit::toml::{at, inside, read};
use crate::edit::version::pep440::{canonical, same};

/// What becomes of a lock.
#[derive(Default)]
pub(super) struct Locked {
    pub(super) text: String,
    /// The version it had, where its entry is replaced.
    pub(super) was: Option<String>,
    /// Whether it had the wanted version already.
    pub(super) agrees: bool,
    pub(super) because: Vec<String>,
    pub(super) warnings: Vec<String>,
    pub(super) refused: Vec<String>,
}

/// Sets a package to a version, if an earlier lock has its entry; else the lock stays as it is, since uv sees then that
/// it does not fit `pyproject.toml` and resolves anew.
pub(super) fn pin(path: &str, text: &str, earlier: &[&str], package: &str, version: &str, constrain: bool) -> Locked {
    let mut out = Locked { text: text.to_owned(), ..Locked::default() };
    let path = short(path);
    if let Err(reason) = read(&path, text) {
        out.refused.push(reason);
        return out;
    }
    let found = blocks(text).into_iter().filter(|block| normal(block.name) == package).collect::<Vec<_>>();
    let refresh = format!("run `uv lock --upgrade-package {package}=={version}`");
    let [block] = found.as_slice() else {
        let what = if found.is_empty() { "does not have it yet" } else { "has it in several versions" };
        out.warnings.push(format!("{path} {what} and was not changed: {refresh}."));
        return out;
    };
    if !block.text.contains("source = { registry = ") {
        out.refused.push(format!("{path} takes it from git, a path or a URL: change that by hand."));
        return out;
    }
    let mut new = text.to_owned();
    if same(block.version, version) {
        out.agrees = true;
    } else if let Some(entry) = entry(earlier, text, package, version) {
        new = splice(text, vec![(block.range.clone(), entry)]);
        out.was = Some(block.version.to_owned());
        out.because.push(format!("{path}: took the entry for {version}, with hashes, from an earlier lock file."));
        out.warnings.push(format!("To have uv check {path}, {refresh}."));
    } else {
        out.warnings.push(format!("No earlier {path} has a usable entry for {version}: {refresh}."));
        return out;
    }
    let wanted = format!("=={version}");
    let set = set_specifiers(&new, package, std::slice::from_ref(&wanted), constrain);
    if set.is_none() {
        out.warnings.push(format!("{path} repeats the requirements in an unknown form: {refresh}."));
    }
    out.text = set.unwrap_or(new);
    out
}

/// The entry for a version from earlier locks, whose dependencies the lock of now has.
pub(super) fn entry(earlier: &[&str], now: &str, package: &str, version: &str) -> Option<String> {
    let wanted = |block: &Block<'_>| normal(block.name) == package && same(block.version, version);
    let current = blocks(now).into_iter().find(|block| normal(block.name) == package)?;
    for lock in earlier {
        let found = blocks(lock).into_iter().filter(wanted).collect::<Vec<_>>();
        let [block] = found.as_slice() else { continue };
        if source(block.text) == source(current.text) && is_met(block, now) {
            return Some(fitted(block.text, now));
        }
    }
    None
}

fn source(block: &str) -> Option<&str> {
    block.lines().find(|line| line.starts_with("source = "))
}

/// Whether the lock of now has every package that the entry depends on, at that version where the entry says one.
fn is_met(block: &Block<'_>, now: &str) -> bool {
    let Ok(document) = Document::parse(block.text) else { return false };
    let Some(entry) = document.get("package").and_then(Item::as_array_of_tables).and_then(|tables| tables.get(0))
    else {
        return false;
    };
    let have = blocks(now);
    let names = have.iter().map(|block| block.name).collect::<HashSet<_>>();
    let versions = have.iter().map(|block| (block.name, block.version)).collect::<HashSet<_>>();
    let mut lists = entry.get("dependencies").and_then(Item::as_array).into_iter().collect::<Vec<_>>();
    if let Some(groups) = entry.get("optional-dependencies").and_then(Item::as_table_like) {
        lists.extend(groups.iter().filter_map(|(_, item)| item.as_array()));
    }
    lists.into_iter().flatten().filter_map(|value| value.as_inline_table()).all(|needed| {
        let said = |key: &str| needed.get(key).and_then(toml_edit::Value::as_str);
        said("name").is_some_and(|name| {
            names.contains(name) && said("version").is_none_or(|version| versions.contains(&(name, version)))
        })
    })
}

/// Writes the specifiers that the lock repeats of the requirements: one for all, or none. `None`, when there are several
/// different ones, or the form is not known. With `constrain` the constraint of our pin is put in, or taken out where
/// nothing is left of it.
pub(super) fn set_specifiers(text: &str, package: &str, specs: &[String], constrain: bool) -> Option<String> {
    let spec = match specs {
        [] => "",
        [one] => one,
        _ => return None,
    };
    if constrain {
        return set_constraint(text, package, spec);
    }
    let document = read("", text).ok()?;
    let splices = repeated(&document, package)?.into_iter().map(|table| specifier(text, table, spec));
    Some(splice(text, splices.collect::<Option<Vec<_>>>()?))
}

/// What the lock repeats of the requirements of a package, in its order.
fn repeated<'d>(document: &'d Document<&str>, package: &str) -> Option<Vec<&'d InlineTable>> {
    let mut lists: Vec<&Array> = Vec::new();
    for table in at(document, &["package"])?.as_array_of_tables()? {
        let Some(metadata) = table.get("metadata").and_then(Item::as_table_like) else { continue };
        lists.extend(metadata.get("requires-dist").and_then(Item::as_array));
        let groups = metadata.get("requires-dev").and_then(Item::as_table_like);
        lists.extend(groups.into_iter().flat_map(TableLike::iter).filter_map(|(_, item)| item.as_array()));
    }
    for key in ["constraints", "overrides"] {
        lists.extend(at(document, &["manifest", key]).and_then(Item::as_array));
    }
    let tables = lists.into_iter().flatten().filter_map(toml_edit::Value::as_inline_table);
    Some(tables.filter(|table| said(table, "name") == Some(package)).collect())
}

fn said<'t>(table: &'t InlineTable, key: &str) -> Option<&'t str> {
    table.get(key).and_then(toml_edit::Value::as_str)
}

/// Puts back what an earlier lock repeated of a package that is required differently in several places: which of them
/// has which specifier is told by that lock alone, since uv writes markers in a form of its own.
pub(super) fn former_specifiers(text: &str, earlier: &[&str], package: &str, specs: &[String]) -> Option<String> {
    let document = read("", text).ok()?;
    let now = repeated(&document, package)?;
    earlier.iter().find_map(|lock| {
        let former = read("", lock).ok()?;
        let then = repeated(&former, package)?;
        let place = |table: &InlineTable| (said(table, "marker").map(str::to_owned), table.len());
        let alike = now.len() == then.len() && now.iter().zip(&then).all(|(now, then)| place(now) == place(then));
        let mut had = then.iter().filter_map(|table| canonical(said(table, "specifier")?)).collect::<Vec<_>>();
        had.sort();
        had.dedup();
        if !alike || had != specs {
            return None;
        }
        let set = |(now, then): (&&InlineTable, &&InlineTable)| specifier(text, now, said(then, "specifier")?);
        Some(splice(text, now.iter().zip(&then).map(set).collect::<Option<Vec<_>>>()?))
    })
}

/// How the specifier of one repeated requirement becomes another.
fn specifier(text: &str, table: &InlineTable, spec: &str) -> Option<Splice> {
    let Some(value) = table.get("specifier") else {
        let end = table.span()?.end.checked_sub(1)?;
        let at = text.get(..end)?.trim_end().len();
        let new = if spec.is_empty() { String::new() } else { format!(", specifier = \"{spec}\"") };
        return Some((at..at, new));
    };
    let inner = inside(text, value)?;
    if !spec.is_empty() {
        return Some((inner, spec.to_owned()));
    }
    let before = text.get(..inner.start)?.strip_suffix(", specifier = \"")?;
    Some((before.len()..inner.end + 1, String::new()))
}

/// Puts the constraint into `[manifest]`, or takes it out where `spec` is empty.
fn set_constraint(text: &str, package: &str, spec: &str) -> Option<String> {
    let document = read("", text).ok()?;
    let list = at(&document, &["manifest", "constraints"]).and_then(Item::as_array);
    let mut elements = list.map(|list| elements(text, list)).unwrap_or_default();
    let name = |element: &String| element.contains(&format!("name = \"{package}\""));
    elements.retain(|element| !name(element));
    if !spec.is_empty() {
        elements.push(format!("{{ name = \"{package}\", specifier = \"{spec}\" }}"));
        elements.sort();
    }
    let end = line_end(text);
    let written = match elements.as_slice() {
        [] => String::new(),
        [one] => format!("[{one}]"),
        many => format!("[{end}    {},{end}]", many.join(&format!(",{end}    "))),
    };
    if let Some(span) = list.and_then(Array::span) {
        if !written.is_empty() {
            return Some(splice(text, vec![(span, written)]));
        }
        let line = format!("constraints = {}{end}", text.get(span)?);
        let whole = format!("[manifest]{end}{line}{end}");
        let gone = if text.contains(&format!("{whole}[[")) { whole } else { line };
        return Some(text.replacen(&gone, "", 1));
    }
    if written.is_empty() {
        return Some(text.to_owned());
    }
    let header = format!("[manifest]{end}");
    if text.contains(&header) {
        return Some(text.replacen(&header, &format!("{header}constraints = {written}{end}"), 1));
    }
    let first = text.find("[[package]]")?;
    Some(format!("{}{header}constraints = {written}{end}{end}{}", &text[..first], &text[first..]))
}

fn elements(text: &str, list: &Array) -> Vec<String> {
    list.iter().filter_map(|value| Some(text.get(value.span()?)?.to_owned())).collect()
}
