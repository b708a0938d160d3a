//! The only writes to somebody's repository: a branch of ours appears or goes.

use super::Git;
use super::room::{Room, compute};
use crate::domain::change::{Change, Method, NewCommit};
use crate::domain::refs::{Branch, OwnBranch};
use crate::domain::time::Time;
use crate::ports::{ChangeSource, PortError};

/// Makes our branch point at the change. The commits depend on what is given alone, so a second call finds the branch
/// as the first one left it.
pub(super) async fn push(
    room: &Room,
    onto: &Branch,
    wanted: &ChangeSource<'_>,
    tree: &str,
    branch: &OwnBranch,
    at: Time,
) -> Result<(), PortError> {
    let there = head(&room.git(), branch).await?;
    if let Some(there) = &there
        && room.git().tree_of(there).await.is_ok_and(|have| have == tree)
    {
        return Ok(());
    }
    if there.is_some() {
        return Err(PortError::permanent(format!("branch {} already exists with different contents", branch.as_str())));
    }
    let view = room.view()?;
    let change = compute(&view, onto, wanted).await?;
    if change.tree != tree {
        return Err(PortError::permanent("the base branch has moved, and the change is different now"));
    }
    let tip = commits(view.git(), &change, at).await?;
    let refspec = format!("{tip}:{}", branch.full());
    let lease = format!("--force-with-lease={}:", branch.full());
    let printed = room.git().ask(&["push", "--porcelain", "--quiet", &lease, "origin", &refspec], b"").await?;
    if printed.code == 0 {
        return Ok(());
    }
    Err(refusal(&format!("{} {}", printed.err, String::from_utf8_lossy(&printed.out))))
}

pub(super) async fn drop_branch(room: &Room, branch: &OwnBranch) -> Result<(), PortError> {
    if head(&room.git(), branch).await?.is_none() {
        return Ok(());
    }
    let refspec = format!(":{}", branch.full());
    let printed = room.git().ask(&["push", "--porcelain", "--quiet", "origin", &refspec], b"").await?;
    if printed.code == 0 { Ok(()) } else { Err(refusal(&printed.err)) }
}

/// What the origin says our branch points at, as of the fetch that opened the room.
pub(super) async fn head(git: &Git, branch: &OwnBranch) -> Result<Option<String>, PortError> {
    let printed = git.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &branch.full()], b"").await?;
    Ok((printed.code == 0).then(|| printed.text()))
}

/// A push that was refused for good, or one of which it is not known.
fn refusal(words: &str) -> PortError {
    let shown = crate::domain::text::clean_line(words, 300);
    let no = ["rejected", "declined", "refusing", "403", "401", "denied", "Authentication failed"];
    if no.iter().any(|no| words.contains(no)) {
        PortError::permanent(format!("the push was rejected: {shown}"))
    } else {
        PortError::ambiguous(format!("the push failed: {shown}"))
    }
}

/// Writes the change's commits, one on the other; answers the last.
async fn commits(git: &Git, change: &Change, at: Time) -> Result<String, PortError> {
    let mut parent = change.base.clone();
    for commit in &change.commits {
        parent = one(git, commit, &parent, at).await?;
    }
    Ok(parent)
}

async fn one(git: &Git, commit: &NewCommit, parent: &str, at: Time) -> Result<String, PortError> {
    let date = format!("@{} +0000", at.0 / 1_000);
    let mut git = git.clone().with_env("GIT_COMMITTER_DATE", &date);
    match commit.author.rsplit_once(" <") {
        Some((name, mail)) => {
            git = git
                .with_env("GIT_AUTHOR_NAME", name)
                .with_env("GIT_AUTHOR_EMAIL", mail.trim_end_matches('>'))
                .with_env("GIT_AUTHOR_DATE", &commit.date);
        }
        None => git = git.with_env("GIT_AUTHOR_DATE", &date),
    }
    git.line(&["commit-tree", &commit.tree, "-p", parent, "-F", "-"], commit.message.as_bytes()).await
}

impl Git {
    /// Fetches a commit that may be on no branch, such as the head of a closed pull request.
    pub(super) async fn reach(&self, commit: &str) -> Result<(), PortError> {
        if !crate::domain::refs::is_commit(commit) {
            return Err(PortError::permanent("the forge reported an invalid commit id"));
        }
        let still = self.clone().with_env("GIT_NO_LAZY_FETCH", "1");
        if still.ask(&["cat-file", "-e", commit], b"").await?.code == 0 || !self.is_partial() {
            return Ok(());
        }
        let args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "origin", commit];
        self.run(&args, b"").await.map(|_| ())
    }

    /// How a pull request was merged, by what stands at its merge commit: two parents → merge; as many commits with the
    /// same messages as it had → rebase; else squash. Commits are the oldest first.
    pub(super) async fn merged(&self, tip: &str, messages: &[String]) -> Result<(Method, Vec<String>), PortError> {
        let facts = self.facts(tip).await?;
        if facts.parents.len() > 1 {
            return Ok((Method::Merge, vec![facts.sha]));
        }
        let mut commits = vec![facts.clone()];
        while commits.len() < messages.len() {
            let Some(parent) = commits.last().and_then(|last| last.parents.first().cloned()) else { break };
            commits.push(self.facts(&parent).await?);
        }
        commits.reverse();
        let same = commits.len() == messages.len()
            && commits.iter().zip(messages).all(|(commit, message)| commit.message == message.trim_end());
        if same && commits.len() > 1 {
            return Ok((Method::Rebase, commits.into_iter().map(|commit| commit.sha).collect()));
        }
        Ok((Method::Squash, vec![facts.sha]))
    }
}
