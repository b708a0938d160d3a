//! Changes of code: computed, pushed to branches of ours, proposed as pull requests.

use super::Engine;
use crate::domain::action::{Action, Made, Wanted};
use crate::domain::change::Change;
use crate::domain::edit::{Editing, Mark};
use crate::domain::facts::{ChangeFacts, Preview, PullFacts};
use crate::domain::ids::Repo;
use crate::domain::refs::Branch;
use crate::domain::text::Untrusted;
use crate::ports::{self, Git, NewPull, PortError};
use crate::remedies::edits;

/// Paths and lines of a change that a card shows.
const FILES_SHOWN: usize = 5;
const LINES_SHOWN: usize = 12;

/// A wish as something that git can be asked for.
enum Order<'a> {
    Pick(&'a crate::domain::change::Pick),
    Edit(Box<dyn Editing>),
}

fn order(change: &Wanted) -> Result<Order<'_>, PortError> {
    let edit = |editing: Result<Box<dyn Editing>, String>| editing.map(Order::Edit).map_err(PortError::permanent);
    match change {
        Wanted::Pick(pick) => Ok(Order::Pick(pick)),
        Wanted::Quarantine { test, framework, file, id, until, reason } => {
            let mark = Mark::new(id, until, reason);
            let wish = edits::Quarantine::new(test, framework.as_deref(), file.as_deref(), mark);
            edit(wish.map(|wish| Box::new(wish) as Box<dyn Editing>))
        }
        Wanted::Unquarantine { id } => edit(edits::Release::new(id).map(|wish| Box::new(wish) as Box<dyn Editing>)),
        Wanted::Pin { package, version } => {
            edit(edits::Pin::new(package, version, None).map(|wish| Box::new(wish) as Box<dyn Editing>))
        }
        Wanted::Unpin { package } => edit(edits::Unpin::new(package).map(|wish| Box::new(wish) as Box<dyn Editing>)),
    }
}

impl Order<'_> {
    fn wanted<'a>(&'a self, message: &'a str) -> ports::Wanted<'a> {
        match self {
            Self::Pick(pick) => ports::Wanted::Pick(pick),
            Self::Edit(editing) => ports::Wanted::Edit { editing: &**editing, message },
        }
    }
}

impl Engine {
    fn git(&self) -> Result<&dyn Git, PortError> {
        self.git.as_deref().ok_or_else(|| PortError::permanent("no place for clones is configured"))
    }

    pub(super) async fn change(
        &self,
        repo: &Repo,
        onto: &Branch,
        change: &Wanted,
        message: &str,
    ) -> Result<ChangeFacts, PortError> {
        let order = order(change)?;
        let change = self.git()?.change(repo, onto, order.wanted(message)).await?;
        self.facts_of(change).await
    }

    /// The diff goes beside the records; what people see of it stays.
    async fn facts_of(&self, change: Change) -> Result<ChangeFacts, PortError> {
        let mut preview = preview(&change.diff);
        if !change.diff.is_empty() {
            let kept = self.store.put_blob(change.diff.into_bytes()).await;
            preview.diff = Some(kept.map_err(|why| PortError::transient(why.to_string()))?);
        }
        Ok(ChangeFacts {
            outcome: change.outcome,
            because: change.because,
            warnings: change.warnings,
            conflicts: change.conflicts,
            base: change.base,
            tree: change.tree,
            patch_id: change.patch_id,
            preview,
        })
    }

    pub(super) async fn pull(&self, repo: &Repo, number: u64) -> Result<PullFacts, PortError> {
        let pulled = self.forge()?.pull(repo, number).await?;
        let (method, commits) = match &pulled.merge_commit {
            None => (None, Vec::new()),
            Some(tip) => {
                let (method, commits) = self.git()?.merged(repo, tip, &pulled.messages).await?;
                (Some(method), commits)
            }
        };
        let merged = pulled.merge_commit.is_some();
        Ok(PullFacts { number, title: pulled.title, merged, onto: pulled.onto, commits, method })
    }

    pub(super) async fn branch(&self, action: &Action) -> Result<(), PortError> {
        match action {
            Action::Branch { repo, onto, branch, change, message, tree, at } => {
                let order = order(change)?;
                self.git()?.push(repo, onto, order.wanted(message), tree, branch, *at).await
            }
            Action::BranchGone { repo, branch } => self.git()?.drop_branch(repo, branch).await,
            _ => Err(PortError::permanent("that is no branch")),
        }
    }

    pub(super) async fn open_pull(&self, action: &Action) -> Result<Made, PortError> {
        let Action::Pull { repo, onto, branch, title, body, labels, draft } = action else {
            return Err(PortError::permanent("that is no pull request"));
        };
        let body = self.words.pull(body, self.home.as_deref()).map_err(|why| PortError::permanent(why.to_string()))?;
        let title = title.line(200);
        let pull = NewPull { onto, branch, title: &title, body: &body, labels, draft: *draft };
        self.forge()?.open_pull(repo, &pull).await
    }
}

/// The stat, the paths and the first changed lines of a diff.
fn preview(diff: &str) -> Preview {
    let (mut files, mut hunk): (Vec<Untrusted>, Vec<Untrusted>) = (Vec::new(), Vec::new());
    let (mut count, mut plus, mut minus, mut inside) = (0_usize, 0_usize, 0_usize, false);
    for line in diff.lines() {
        if let Some(names) = line.strip_prefix("diff --git ") {
            (count, inside) = (count + 1, false);
            let name = names.rsplit_once(" b/").map_or(names, |(_, name)| name);
            if files.len() < FILES_SHOWN {
                files.push(name.into());
            }
        } else if line.starts_with("@@") {
            inside = true;
        } else if inside && line.starts_with(['+', '-']) {
            plus += usize::from(line.starts_with('+'));
            minus += usize::from(line.starts_with('-'));
            if hunk.len() < LINES_SHOWN {
                hunk.push(line.chars().take(160).collect::<String>().into());
            }
        }
    }
    let stat = format!("{count} file{}, +{plus} -{minus}", if count == 1 { "" } else { "s" });
    Preview { stat, files, hunk, diff: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_counts_lines_and_not_headers() {
        let diff = "diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@\n+@skip\n def a():\n-    pass\n+    return\n";
        let preview = preview(diff);
        assert_eq!(preview.stat, "1 file, +2 -1");
        assert_eq!(preview.files, vec![Untrusted::new("x.py")]);
        assert_eq!(preview.hunk.len(), 3);
    }
}
