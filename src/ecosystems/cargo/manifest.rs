//! The places of a `Cargo.toml` that require a package.

use std::ops::Range;

use crate::edit::mark::{Behind, Found, PIN, comment};
use crate::edit::splice::Splices;
use toml_edit::{Document, Item, TableLike};

/// One requirement of the package.
#[derive(Clone, Debug)]
pub struct Site {
    /// The requirement as written, quotes included.
    pub range: Range<usize>,
    pub requirement: String,
    /// Why it cannot be pinned here.
    pub refused: Option<&'static str>,
    /// Where a mark on its line goes.
    end: usize,
    /// Our mark on its line.
    pub mark: Option<Found>,
}

impl Site {
    /// The version it is pinned to, by whomever.
    pub fn exact(&self) -> Option<&str> {
        self.requirement.trim().strip_prefix('=').map(str::trim)
    }

    /// What was required before our pin.
    pub fn original(&self) -> &str {
        match &self.mark {
            Some(mark) => mark.was.old.trim_matches(['"', '\'']),
            None => &self.requirement,
        }
    }
}

const SECTIONS: [&str; 5] =
    ["dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies"];

/// Every requirement of `package` in this manifest.
///
/// # Errors
/// Why the text is no TOML.
pub fn sites(text: &str, package: &str) -> Result<Vec<Site>, String> {
    let document = Document::parse(text).map_err(|error| first_line(&error.to_string()))?;
    let root: &dyn TableLike = document.as_table();
    let mut found = Vec::new();
    sections_of(root, text, package, &mut found);
    if let Some(targets) = table(root, "target") {
        for (_, target) in targets.iter() {
            if let Some(target) = target.as_table_like() {
                sections_of(target, text, package, &mut found);
            }
        }
    }
    if let Some(shared) = table(root, "workspace").and_then(|workspace| table(workspace, "dependencies")) {
        requirements(shared, text, package, &mut found);
    }
    if is_patched(root, package) {
        let reason = "[patch] replaces its source";
        for site in &mut found {
            site.refused = Some(reason);
        }
    }
    Ok(found)
}

fn table<'a>(of: &'a dyn TableLike, key: &str) -> Option<&'a dyn TableLike> {
    of.get(key).and_then(Item::as_table_like)
}

fn sections_of(root: &dyn TableLike, text: &str, package: &str, found: &mut Vec<Site>) {
    for section in SECTIONS {
        if let Some(section) = table(root, section) {
            requirements(section, text, package, found);
        }
    }
}

fn requirements(section: &dyn TableLike, text: &str, package: &str, found: &mut Vec<Site>) {
    for (key, item) in section.iter() {
        let fields = item.as_table_like();
        let field = |name: &str| fields.and_then(|fields| fields.get(name));
        let name = field("package").and_then(Item::as_str).unwrap_or(key);
        if name != package {
            continue;
        }
        if field("workspace").and_then(Item::as_bool) == Some(true) {
            continue;
        }
        let value = if item.is_str() { Some(item) } else { field("version") };
        let value = value.and_then(|value| Some((value.span()?, value.as_str()?)));
        let has = |name: &str| field(name).is_some();
        let refused = if has("git") {
            Some("it comes from a git repository")
        } else if has("path") {
            Some("it comes from a path in the repository")
        } else if value.is_none() {
            Some("it has no version requirement")
        } else {
            None
        };
        let (range, requirement) = value.unwrap_or((0..0, ""));
        found.push(site(text, range, requirement, refused));
    }
}

fn site(text: &str, range: Range<usize>, requirement: &str, refused: Option<&'static str>) -> Site {
    let behind = Behind::read(text, range.end, PIN);
    let writable = behind.as_ref().is_some_and(|behind| behind.mark.is_some())
        || behind.is_some() && comment(&text[range.clone()], None, PIN).is_some();
    let refused = refused.or_else(|| (!writable).then_some("its requirement has a form that cannot be marked"));
    let (end, mark) = behind.map_or((range.end, None), |behind| (behind.end, behind.mark));
    Site { range, requirement: requirement.to_owned(), refused, end, mark }
}

fn is_patched(root: &dyn TableLike, package: &str) -> bool {
    let Some(patches) = table(root, "patch") else { return false };
    let named = |(key, item): (&str, &Item)| {
        let other = item.as_table_like().and_then(|fields| fields.get("package")).and_then(Item::as_str);
        other.unwrap_or(key) == package
    };
    patches.iter().filter_map(|(_, source)| source.as_table_like()).any(|source| source.iter().any(named))
}

/// The text with these sites pinned. The first mark stays: it says what people wrote.
pub fn pinned(text: &str, sites: &[&Site], version: &str, locked: Option<&str>) -> String {
    let mut splices = Splices::default();
    for site in sites {
        let raw = &text[site.range.clone()];
        let quote = if raw.starts_with('\'') { '\'' } else { '"' };
        splices.replace(site.range.clone(), format!("{quote}={version}{quote}"));
        if site.mark.is_none() {
            splices.insert(site.end, comment(raw, locked, PIN).unwrap_or_default());
        }
    }
    splices.apply(text)
}

/// The text with these sites as their marks say they were.
pub fn restored(text: &str, sites: &[&Site]) -> String {
    let mut splices = Splices::default();
    for site in sites {
        let Some(mark) = &site.mark else { continue };
        splices.remove(mark.range.clone());
        // What a person has changed since stays theirs.
        if site.exact().is_some() {
            splices.replace(site.range.clone(), mark.was.old.clone());
        }
    }
    splices.apply(text)
}

/// The first line of a parser's message.
pub fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().chars().take(100).collect()
}
