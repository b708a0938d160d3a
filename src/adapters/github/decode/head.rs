//! Where the head of what is told is: in a branch of the repository, or elsewhere.

use super::super::payload::{Home, Named, Repository};
use super::Base;
use crate::domain::head;
use crate::domain::ids::Repo;
use crate::domain::text::Untrusted;

/// The head's label, and whether it is in another repository.
pub(in super::super) struct Head {
    pub label: Untrusted,
    pub fork: bool,
}

/// `sha` has been checked.
pub(in super::super) fn of(here: Here<'_>, branch: Option<&str>, home: &Home, sha: &str) -> Head {
    let branch = branch.filter(|branch| !branch.is_empty());
    let (foreign, owner) = match home {
        Home::Untold => (false, None),
        Home::Gone => (true, None),
        Home::In(repository) => (!here.is(repository), repository.full_name.parse::<Repo>().ok()),
    };
    let label = match (foreign, branch, owner) {
        (false, Some(branch), _) => branch.into(),
        (true, Some(branch), Some(repo)) => head::of_fork(repo.owner(), branch),
        _ => head::of_commit(sha),
    };
    Head { label, fork: foreign }
}

/// The repository that an event is about.
#[derive(Clone, Copy)]
pub(in super::super) struct Here<'a> {
    pub repo: &'a Repo,
    pub id: Option<u64>,
}

impl Here<'_> {
    /// By id where both have one, so that a renamed repository is itself; else by name, in any case.
    fn is(self, other: &Repository) -> bool {
        match (self.id, other.id) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => other.full_name.is_empty() || other.full_name.eq_ignore_ascii_case(self.repo.as_str()),
        }
    }
}

impl Base {
    pub(super) fn here(&self) -> Here<'_> {
        Here { repo: &self.repo, id: self.id }
    }

    /// Where nothing tells of a repository, GitHub names a branch only if it is one of ours.
    pub(super) fn head(&self, branch: Option<&String>, sha: &str) -> Head {
        of(self.here(), branch.map(String::as_str), &Home::Untold, sha)
    }

    /// A status belongs to a commit, and names the branches that contain it: the one whose head it is, if any.
    pub(super) fn status_head(&self, branches: &[Named], sha: &str) -> Head {
        let is_tip = |branch: &&Named| branch.commit.as_ref().is_some_and(|tip| tip.sha == sha);
        // Where no tip is told, the first counts; a branch that merely contains the commit is another's head.
        let told = branches.iter().any(|branch| branch.commit.is_some());
        let branch = branches.iter().find(is_tip).or(branches.first().filter(|_| !told));
        self.head(branch.map(|branch| &branch.name), sha)
    }
}
