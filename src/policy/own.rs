//! A repository's own file: whoever can merge there wrote it, so it is read with care and can only tighten.

use super::terms::faults;
use crate::domain::rules::{OwnRules, Rule};
use crate::domain::subscription::glob;
use crate::domain::text::clean_line;

/// A longer file is not read, in bytes.
pub const OWN_BYTES_MAX: usize = 16 << 10;
/// Rules and globs that a file may have of each kind: they are compared with every path of a change.
const ENTRIES_MAX: usize = 100;

/// What a repository says of itself. `remedies` are the names that it may use.
///
/// # Errors
/// A sentence about the first thing that is wrong. Nothing of such a file counts: a mistyped key must not loosen.
pub fn read(text: &str, remedies: &[&str]) -> Result<OwnRules, String> {
    if text.len() > OWN_BYTES_MAX {
        return Err(format!("it is over {} KiB long", OWN_BYTES_MAX >> 10));
    }
    let own: OwnRules = toml::from_str(text).map_err(|why| {
        let line = why.span().map(|span| text[..span.start].matches('\n').count() + 1);
        let line = line.map_or_else(String::new, |line| format!("line {line}: "));
        format!("{line}{}", clean_line(why.message(), 160))
    })?;
    let lists = [
        ("automatic", own.automatic.as_deref().unwrap_or_default()),
        ("auto_merge", own.auto_merge.as_deref().unwrap_or_default()),
        ("auto_approve", own.auto_approve.as_deref().unwrap_or_default()),
        ("allowed_paths", own.allowed_paths.as_slice()),
        ("forbidden_paths", own.forbidden_paths.as_slice()),
    ];
    let long = lists.iter().map(|(key, list)| (*key, list.len())).chain([("rules", own.rules.len())]);
    if let Some((key, _)) = long.into_iter().find(|(_, len)| *len > ENTRIES_MAX) {
        return Err(format!("{key} has more than {ENTRIES_MAX} entries"));
    }
    let named = lists.iter().take(3).flat_map(|(key, list)| list.iter().map(move |name| (*key, name)));
    let mut named = named.chain(own.approvals.keys().map(|name| ("approvals", name)));
    if let Some((key, name)) = named.find(|(_, name)| !remedies.contains(&name.as_str())) {
        return Err(format!("{key} names an unknown remedy, {}", clean_line(name, 40)));
    }
    match own.rules.iter().enumerate().find_map(|(n, rule)| Some((n, fault(rule, remedies)?))) {
        Some((n, why)) => Err(format!("rules[{n}] {why}")),
        None => Ok(own),
    }
}

fn fault(rule: &Rule, remedies: &[&str]) -> Option<String> {
    if let Some((key, why)) = faults(rule).first() {
        return Some(format!("{key} {why}").trim_start().to_owned());
    }
    let unknown = |want: &&String| !remedies.iter().any(|name| glob(want, name));
    rule.when.remedy.as_ref().filter(unknown).map(|name| format!("names no remedy: {}", clean_line(name, 40)))
}
