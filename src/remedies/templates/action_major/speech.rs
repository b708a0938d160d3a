//! Which of some actions the error lines speak of, and of which major version.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::super::action_ref::{self, Version};
use super::super::hint::Hint;

/// A path of words, and a version behind it: `acme/setup@v9`, `actions/cache: v2`, `/_actions/acme/setup/v2/dist`.
static PATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"([\w.-]+(?:/[\w.-]+)+)(?:@([\w./-]{1,60})|`?:? (v?\d[\d.]{0,20})\b)?").expect("the pattern is valid")
});

/// Words of a line, and the action that they are about.
const TOPICS: &[(&str, &str)] = &[
    ("upload-artifact", "actions/upload-artifact"),
    ("download-artifact", "actions/download-artifact"),
    ("uploading artifact", "actions/upload-artifact"),
    ("upload artifact", "actions/upload-artifact"),
    ("artifact upload", "actions/upload-artifact"),
    ("createartifact", "actions/upload-artifact"),
    ("download artifact", "actions/download-artifact"),
    ("artifact download", "actions/download-artifact"),
    ("unable to find any artifacts", "actions/download-artifact"),
    ("cache service", "actions/cache"),
    ("reserve cache", "actions/cache"),
    ("restore cache", "actions/cache"),
    ("save cache", "actions/cache"),
    ("checkout action", "actions/checkout"),
    ("determine the default branch", "actions/checkout"),
];

/// The actions among `names` that the lines speak of: by their full names, else by a word of their subject.
pub fn spoken<'n>(hint: &Hint, names: &BTreeSet<&'n str>) -> BTreeSet<(&'n str, Option<u32>)> {
    let mut found = BTreeSet::new();
    // What was downloaded is told of every action, and of none in particular.
    for line in hint.lines().filter(|line| !line.contains("Download action repository")) {
        in_line(line, names, &mut found);
    }
    if !found.is_empty() {
        return found;
    }
    for line in hint.lines() {
        let line = line.to_ascii_lowercase();
        let topics = TOPICS.iter().filter(|(words, _)| line.contains(words)).filter_map(|(_, name)| names.get(name));
        found.extend(topics.map(|name| (*name, None)));
        let setups =
            line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|word| word.starts_with("setup-"));
        for word in setups {
            let own = names.iter().filter(|name| name.split('/').nth(1) == Some(word));
            found.extend(own.map(|name| (*name, None)));
        }
    }
    found
}

fn in_line<'n>(line: &str, names: &BTreeSet<&'n str>, found: &mut BTreeSet<(&'n str, Option<u32>)>) {
    for hit in PATH.captures_iter(line) {
        let parts: Vec<String> = hit[1].split('/').take(40).map(str::to_ascii_lowercase).collect();
        for start in 0..parts.len() {
            // The longest name counts: `actions/cache/restore` is not `actions/cache`.
            for length in (2..=5).rev().filter(|length| start + length <= parts.len()) {
                let Some(name) = names.get(parts[start..start + length].join("/").as_str()) else { continue };
                let next = parts.get(start + length);
                let is_longer = next.is_some_and(|next| major(next).is_none());
                let written = next.map(String::as_str).or_else(|| hit.get(2).or(hit.get(3)).map(|text| text.as_str()));
                if !is_longer || parts[..start].contains(&"_actions".to_owned()) {
                    found.insert((*name, written.and_then(major)));
                }
                break;
            }
        }
    }
}

fn major(reference: &str) -> Option<u32> {
    match action_ref::version(reference.trim_end_matches(['.', ','])) {
        Version::Tag { major, .. } => Some(major),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_actions() {
        let names = BTreeSet::from([
            "actions/cache",
            "actions/cache/restore",
            "actions/upload-artifact",
            "acme/setup",
            "actions/setup-node",
        ]);
        for (line, found) in [
            ("deprecated version of `actions/upload-artifact: v3`.", &[("actions/upload-artifact", Some(3))][..]),
            ("Unable to resolve action `acme/setup@v9`, unable to find version `v9`", &[("acme/setup", Some(9))]),
            ("under '/home/runner/work/_actions/acme/setup/v2'. Did you", &[("acme/setup", Some(2))]),
            ("/home/runner/work/_actions/actions/cache/v3.1.0/dist/x.js", &[("actions/cache", Some(3))]),
            ("see https://github.com/actions/cache/issues", &[]),
            ("actions/cache/restore@v4 failed", &[("actions/cache/restore", Some(4))]),
            ("Error in setup-node: no such version", &[("actions/setup-node", None)]),
            ("Unable to reserve cache with key x", &[("actions/cache", None)]),
            ("Download action repository 'actions/cache@v3' (SHA:0123456)", &[]),
            ("xactions/cache@v3", &[]),
        ] {
            let hint = Hint { lines: vec![line.to_owned()], ..Hint::default() };
            assert_eq!(spoken(&hint, &names).into_iter().collect::<Vec<_>>(), found, "{line}");
        }
    }
}
