//! The files of the repository, and what simple manifests say.

use std::collections::HashMap;

use serde_json::Value;

use super::input::ScriptInput;

/// The files by path.
pub(super) struct Repository<'wanted> {
    texts: HashMap<&'wanted str, Option<&'wanted str>>,
    /// The names in each directory, sorted.
    names: HashMap<&'wanted str, Vec<&'wanted str>>,
}

/// Directories whose manifests are not the project's own.
const FOREIGN: [&str; 8] =
    ["node_modules", "vendor", "third_party", "fixtures", "testdata", "examples", "docs", "__fixtures__"];

impl<'wanted> Repository<'wanted> {
    pub(super) fn new(wanted: &'wanted ScriptInput) -> Self {
        let texts = wanted.files.iter().map(|file| (file.path.as_str(), file.text.as_deref())).collect();
        let mut names: HashMap<&str, Vec<&str>> = HashMap::new();
        for path in wanted.files.iter().map(|file| file.path.as_str()) {
            let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
            names.entry(directory).or_default().push(name);
        }
        for list in names.values_mut() {
            list.sort_unstable();
        }
        Self { texts, names }
    }

    pub(super) fn has(&self, directory: &str, name: &str) -> bool {
        self.texts.contains_key(join(directory, name).as_str())
    }

    pub(super) fn text(&self, directory: &str, name: &str) -> Option<&'wanted str> {
        self.texts.get(join(directory, name).as_str()).copied().flatten()
    }

    /// The first of the names that is in the directory.
    pub(super) fn first<'name>(&self, directory: &str, names: &[&'name str]) -> Option<&'name str> {
        names.iter().copied().find(|name| self.has(directory, name))
    }

    /// The nearest directory, upwards from one, that holds one of the names.
    pub(super) fn upwards(&self, directory: &str, names: &[&str]) -> Option<String> {
        ancestors(directory).find(|place| self.first(place, names).is_some()).map(str::to_owned)
    }

    /// The path and the text of the nearest file of a name.
    pub(super) fn text_upwards(&self, directory: &str, name: &str) -> Option<(String, &'wanted str)> {
        ancestors(directory).find_map(|place| Some((join(place, name), self.text(place, name)?)))
    }

    /// The names of the files in a directory itself, sorted.
    pub(super) fn names_in(&self, directory: &str) -> &[&'wanted str] {
        self.names.get(directory).map(Vec::as_slice).unwrap_or_default()
    }

    /// The directory nearest to the root with a file that fits; the first by name among equals.
    pub(super) fn shallowest(&self, fits: impl Fn(&str) -> bool) -> Option<String> {
        let own = |path: &str| !parent(path).split('/').any(|part| FOREIGN.contains(&part));
        self.texts
            .keys()
            .filter(|path| own(path) && path.rsplit('/').next().is_some_and(&fits))
            .map(|path| parent(path))
            .min_by_key(|directory| (directory.split('/').count() - usize::from(directory.is_empty()), *directory))
            .map(str::to_owned)
    }
}

pub(super) fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// A directory, those above it, and the root.
pub(super) fn ancestors(directory: &str) -> impl Iterator<Item = &str> {
    // A path in a repository is never deeper than this.
    std::iter::successors(Some(directory), |place| (!place.is_empty()).then(|| parent(place))).take(64)
}

/// Takes a JSON text, with a byte order mark or without; answers its value, `None` where it is not JSON.
pub(super) fn json(text: &str) -> Option<Value> {
    serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()
}

/// The text below a chain of keys.
pub(super) fn text_at<'value>(value: &'value Value, keys: &[&str]) -> Option<&'value str> {
    keys.iter().try_fold(value, |value, key| value.get(key))?.as_str()
}

/// Takes a TOML text; answers the text behind `key =` in a section (`""`: before the first section), without quotes.
pub(super) fn toml_text<'text>(text: &'text str, section: &str, key: &str) -> Option<&'text str> {
    let value = toml_entries(text, section).find(|(name, _)| *name == key)?.1;
    let mark = value.chars().next().filter(|mark| "\"'".contains(*mark))?;
    value.get(1..)?.split(mark).next()
}

/// Takes a TOML text; answers the keys of a section with what stands on their lines.
pub(super) fn toml_entries<'text>(
    text: &'text str,
    section: &str,
) -> impl Iterator<Item = (&'text str, &'text str)> + use<'text> {
    let section = section.to_owned();
    let mut here = section.is_empty();
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix('[')
            && let Some((name, _)) = rest.trim_start_matches('[').split_once(']')
            && !line.contains('=')
            && !name.contains([',', '"'])
        {
            here = name.trim() == section;
            return None;
        }
        let (key, value) = line.split_once('=').filter(|_| here)?;
        let key = key.trim().trim_matches(['"', '\'']);
        let is_key = !key.is_empty() && key.chars().all(|one| one.is_ascii_alphanumeric() || "-_.".contains(one));
        is_key.then(|| (key, value.trim()))
    })
}

/// The text of the first XML element of a name, as manifests of Java and .NET have it.
pub(super) fn xml_text<'text>(text: &'text str, element: &str) -> Option<&'text str> {
    let (_, rest) = text.split_once(&format!("<{element}>"))?;
    rest.split('<').next().map(str::trim)
}
