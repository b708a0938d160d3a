//! Which channel hears of which failures.

use super::actor::{Platform, Role};
use super::evidence::Severity;
use super::ids::Repo;
use super::time::Time;
use serde::{Deserialize, Serialize};

/// What a feed wants. An absent part matches all, but for the branch: an absent branch is the default branch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    #[serde(default)]
    pub repo: Option<String>,
    #[serde(default)]
    pub branch: Option<String>,
    #[serde(default)]
    pub workflow: Option<String>,
    #[serde(default)]
    pub conclusion: Option<String>,
    #[serde(default)]
    pub severity: Option<Severity>,
    #[serde(default)]
    pub owner: Option<String>,
}

/// What a person changed for a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChannelChange {
    /// A feed as the command that makes it.
    Subscribed { feed: String },
    /// So many subscriptions ended.
    Unsubscribed { count: u64 },
    /// New cards pause until then; `None`: they come again.
    Muted { until: Option<Time> },
    /// Its digests now, such as `daily at 09:00, UTC`; none: they ended.
    Digests { all: Vec<String> },
}

/// One channel's wish, with the role that the channel's members get by it (at most responder).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    pub platform: Platform,
    pub channel: String,
    pub filter: Filter,
    pub role: Option<Role>,
    /// By configuration rather than by command: a command cannot remove it.
    pub fixed: bool,
    /// Who asked for it by command; absent in what was stored before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<Added>,
}

/// By whose command a feed is there, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// The person's key.
    pub by: String,
    pub at: Time,
}

/// What a filter looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub repo: &'a Repo,
    pub branch: &'a str,
    pub default_branch: &'a str,
    pub workflow: &'a str,
    pub conclusion: &'a str,
    pub severity: Severity,
    pub owners: &'a [String],
}

impl Filter {
    #[must_use]
    pub fn wants(&self, subject: &Subject<'_>) -> bool {
        let is = |want: &Option<String>, have: &str| want.as_deref().is_none_or(|want| glob(want, have));
        let branch = self.branch.as_deref().unwrap_or(subject.default_branch);
        self.repo.as_deref().is_none_or(|want| repo_glob(want, subject.repo.as_str()))
            && glob(branch, subject.branch)
            && is(&self.workflow, subject.workflow)
            && is(&self.conclusion, subject.conclusion)
            && self.severity.is_none_or(|want| want == subject.severity)
            && self.owner.as_deref().is_none_or(|want| subject.owners.iter().any(|have| owns(want, have)))
    }
}

/// Whether these patterns name repositories of more than one owner. `None` where there are no patterns.
pub fn owners<'a>(patterns: impl Iterator<Item = Option<&'a str>>) -> Option<bool> {
    let mut first = None;
    for pattern in patterns {
        let owner = pattern.and_then(|pattern| pattern.split_once('/')).map_or("*", |(owner, _)| owner);
        if owner.contains('*') || first.is_some_and(|first: &str| !first.eq_ignore_ascii_case(owner)) {
            return Some(true);
        }
        first = Some(owner);
    }
    first.map(|_| false)
}

/// Whether an owner (`@acme/qa`) is the one that is wanted; `@` and case do not count, `*` is any run.
#[must_use]
pub fn owns(want: &str, have: &str) -> bool {
    let plain = |name: &str| name.trim_start_matches('@').to_lowercase();
    glob(&plain(want), &plain(have))
}

/// A workflow's name as rules write it: `Controller CI` is `controller-ci`.
#[must_use]
pub fn slug(name: &str) -> String {
    name.trim().to_lowercase().replace(|c: char| c.is_whitespace() || c == '_', "-")
}

/// As [`glob`], for repositories: GitHub compares their names without case.
#[must_use]
pub fn repo_glob(pattern: &str, name: &str) -> bool {
    glob(&pattern.to_ascii_lowercase(), &name.to_ascii_lowercase())
}

/// `*` stands for any run of characters; all else is literal and case-sensitive. Linear in `text` for each star.
#[must_use]
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, want) in [
            ("main", "main", true),
            ("main", "main2", false),
            ("*", "", true),
            ("release/*", "release/1.2", true),
            ("*-ci", "healer-ci", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("", "x", false),
        ] {
            assert_eq!(glob(pattern, text), want, "{pattern} {text}");
        }
    }

    #[test]
    fn owners_are_told_in_any_case() {
        for (want, have, same) in [
            ("@acme/web", "@acme/web", true),
            ("acme/Web", "@acme/web", true),
            ("@acme/*", "@acme/web", true),
            ("ada@example.org", "ada@example.org", true),
            ("@acme/web", "@acme/website", false),
        ] {
            assert_eq!(owns(want, have), same, "{want} {have}");
        }
    }

    #[test]
    fn absent_branch_means_default_branch() {
        let repo: Repo = "a/b".parse().unwrap();
        let mut subject = Subject {
            repo: &repo,
            branch: "topic",
            default_branch: "main",
            workflow: "ci",
            conclusion: "failure",
            severity: Severity::Normal,
            owners: &[],
        };
        assert!(!Filter::default().wants(&subject));
        assert!(Filter { branch: Some("*".into()), ..Filter::default() }.wants(&subject));
        subject.branch = "main";
        assert!(Filter::default().wants(&subject));
    }
}
