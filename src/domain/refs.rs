//! Names in git that come from people: branches and commits.

use super::ids::{BadName, ProposalId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A branch, as in `refs/heads/<branch>`: by the rules of `git check-ref-format --branch`, and never an option, a
/// revision expression or a full ref.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Branch(String);

/// GitHub refuses longer refs, in bytes (with `refs/heads/`).
const BRANCH_MAX: usize = 244;

impl Branch {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn full(&self) -> String {
        format!("refs/heads/{}", self.0)
    }
}

/// Why git's rules reject a name.
fn fault(name: &str) -> Option<&'static str> {
    let bad = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    if name.is_empty() || name.len() > BRANCH_MAX {
        return Some("it is empty or over 244 bytes long");
    }
    if name.starts_with('-') {
        return Some("it starts with a dash");
    }
    if name == "@" || name == "HEAD" || name.starts_with("refs/") {
        return Some("it is not a short branch name");
    }
    if name.contains("..") || name.contains("@{") || name.contains("//") || name.ends_with(['/', '.']) {
        return Some("it contains \"..\", \"@{\" or \"//\", or ends in \"/\" or \".\"");
    }
    if name.chars().any(bad) || name.chars().any(|c| c.is_whitespace() || ";|&$`'\"<>(){}!".contains(c)) {
        return Some("it contains a space, a control character, or a character special to git or shells");
    }
    let part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    name.split('/').any(part).then_some("one of its parts is empty, starts with a dot, or ends in .lock")
}

impl FromStr for Branch {
    type Err = BadName;

    fn from_str(name: &str) -> Result<Self, BadName> {
        match fault(name) {
            None => Ok(Self(name.to_owned())),
            Some(why) => {
                let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
                Err(BadName(format!("`{shown}` is not a valid branch name: {why}")))
            }
        }
    }
}

impl TryFrom<String> for Branch {
    type Error = BadName;

    fn try_from(name: String) -> Result<Self, BadName> {
        name.parse()
    }
}

impl From<Branch> for String {
    fn from(branch: Branch) -> Self {
        branch.0
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A branch that the bot owns: `ci-rescue/<remedy>/<proposal>`. It pushes to no other branch, so neither to a default branch
/// nor to anyone else's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OwnBranch(String);

/// The prefix of every branch that the bot owns.
pub const OWN_BRANCHES: &str = "ci-rescue/";

impl OwnBranch {
    /// `part` tells branches of one proposal apart; it may be empty.
    ///
    /// # Errors
    /// The remedy or the part is no plain word.
    pub fn new(remedy: &str, proposal: ProposalId, part: &str) -> Result<Self, BadName> {
        let end = if part.is_empty() { String::new() } else { format!("-{part}") };
        format!("{OWN_BRANCHES}{remedy}/{proposal}{end}").try_into()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn full(&self) -> String {
        format!("refs/heads/{}", self.0)
    }
}

impl TryFrom<String> for OwnBranch {
    type Error = BadName;

    fn try_from(name: String) -> Result<Self, BadName> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let rest = name.strip_prefix(OWN_BRANCHES).unwrap_or_default();
        let parts: Vec<&str> = rest.split('/').collect();
        let ok = parts.len() == 2 && parts.iter().all(|part| !part.is_empty() && part.chars().all(plain));
        if ok && name.parse::<Branch>().is_ok() {
            Ok(Self(name))
        } else {
            Err(BadName("not a branch of CI Rescue".into()))
        }
    }
}

impl From<OwnBranch> for String {
    fn from(branch: OwnBranch) -> Self {
        branch.0
    }
}

/// Whether a text is a commit's name in hexadecimal, whole or abbreviated (at least 7 digits).
#[must_use]
pub fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_branches_can_be_named_for_a_push() {
        for name in [
            "main",
            "ci-rescue",
            "ci-rescue/main",
            "ci-rescue/../main",
            "ci-rescue/a/b/c",
            "ci-rescue//x",
            "x/ci-rescue/a/b",
        ] {
            assert!(OwnBranch::try_from(name.to_owned()).is_err(), "{name}");
        }
        let id: ProposalId = "42-1".parse().unwrap();
        assert_eq!(OwnBranch::new("revert", id, "").unwrap().as_str(), "ci-rescue/revert/42-1");
        assert!(OwnBranch::new("backport", id, "x/y").is_err());
        assert!(serde_json::from_str::<OwnBranch>("\"main\"").is_err());
    }

    #[test]
    fn branches_that_are_none() {
        for name in [
            "",
            "-f",
            "--upload-pack=x",
            "main..x",
            "@{-1}",
            "x;rm -rf /",
            "refs/heads/main",
            "HEAD",
            "@",
            "a b",
            "a\nb",
            "a/.b",
            "a.lock",
            "a//b",
            "/a",
            "a/",
            "a.",
            "x^",
            "x~1",
            "x:y",
            "a\\b",
            "$(x)",
            "a\u{7f}",
            "a/b.lock/c",
        ] {
            assert!(name.parse::<Branch>().is_err(), "{name:?}");
        }
        assert!("x".repeat(300).parse::<Branch>().is_err());
        for name in ["main", "release/1.2", "feature/größe", "v1.x", "topic-1_2", "a@b"] {
            assert!(name.parse::<Branch>().is_ok(), "{name:?}");
        }
    }
}
