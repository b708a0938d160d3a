//! What a run was for: a branch of the repository, a fork's branch, or a commit that is on no branch of ours.
//!
//! All three are one label. git allows no colon in a branch's name, so a label with one is never a branch of ours.

use super::text::Untrusted;

/// `octo:main`: a fork's branch, as GitHub writes it.
#[must_use]
pub fn of_fork(owner: &str, branch: &str) -> Untrusted {
    format!("{owner}:{branch}").into()
}

/// `commit::0a1b2c3…`: on no branch of ours, as far as the event tells. No branch begins with a colon, so no fork of an
/// account called `commit` is meant.
#[must_use]
pub fn of_commit(sha: &str) -> Untrusted {
    format!("commit::{sha}").into()
}

/// Whether the label is a branch of the repository itself.
#[must_use]
pub fn is_branch(label: &Untrusted) -> bool {
    !label.raw().contains(':')
}

/// Whether nothing at all is known of the head: then it is like no other.
#[must_use]
pub fn is_unknown(label: &Untrusted) -> bool {
    matches!(label.raw(), "" | "commit::")
}

/// The owner and branch in `octo:main`.
#[must_use]
pub fn fork(label: &Untrusted) -> Option<(&str, &str)> {
    label.raw().split_once(':').filter(|(_, branch)| !branch.starts_with(':'))
}

/// The label as people read it: a commit by its first seven digits.
#[must_use]
pub fn shown(label: &Untrusted) -> Untrusted {
    match label.raw().strip_prefix("commit::") {
        Some("") => "an unknown commit".into(),
        Some(sha) => format!("commit {}", sha.chars().take(7).collect::<String>()).into(),
        None => label.clone(),
    }
}

/// The branch that a merge queue's branch (`gh-readonly-queue/main/pr-104-0a1b2c`) is for, and the pull request.
#[must_use]
pub fn queued(branch: &str) -> Option<(&str, u64)> {
    let (onto, entry) = branch.strip_prefix("gh-readonly-queue/")?.rsplit_once("/pr-")?;
    let number = entry.split('-').next()?.parse().ok()?;
    Some((onto, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_branch_of_ours_looks_like_another_head() {
        for label in [of_fork("octo", "main"), of_commit("0a1b2c3"), of_commit("")] {
            assert!(!is_branch(&label));
            assert!(label.raw().parse::<crate::domain::refs::Branch>().is_err());
        }
        assert!(is_branch(&"release/1.2".into()));
        assert_eq!(fork(&of_fork("octo", "a:b")), Some(("octo", "a:b")));
        assert_eq!(fork(&of_commit("0a1b2c3")), None);
        assert_eq!(fork(&of_fork("commit", "main")), Some(("commit", "main")));
    }

    #[test]
    fn branches_of_a_merge_queue() {
        for (branch, want) in [
            ("gh-readonly-queue/main/pr-104-0a1b2c", Some(("main", 104))),
            ("gh-readonly-queue/release/1.2/pr-7-ff", Some(("release/1.2", 7))),
            ("gh-readonly-queue/main/pr-x-ff", None),
            ("pr-104-0a1b2c", None),
        ] {
            assert_eq!(queued(branch), want, "{branch}");
        }
    }
}
