//! Cherry-picks and reverts without a work tree: three-way merges of trees by `git merge-tree`.

use super::diff::shown;
use super::objects::CommitFacts;
use super::{Git, View, message};
use crate::domain::change::{Change, ChangeOutcome, Direction, Method, NewCommit, Pick, Related};
use crate::ports::PortError;
use std::fs;

/// What a merge of trees gave.
struct Merged {
    tree: String,
    conflicts: Vec<String>,
}

impl View {
    /// Applies or takes back commits on `onto`, one after the other. Writes objects, and no ref of the repository.
    ///
    /// # Errors
    /// git failed; what cannot be done is a [`Change`] with its reasons.
    pub async fn pick(&self, onto: &str, pick: &Pick) -> Result<Change, PortError> {
        let git = self.git().clone().with_env("GIT_ATTR_SOURCE", onto);
        let mut commits = Vec::new();
        for sha in &pick.commits {
            commits.push(git.facts(sha).await?);
        }
        let mut refused = refusals(&commits, pick.method);
        let edge = fs::read_to_string(self.path().join("shallow")).unwrap_or_default();
        for commit in commits.iter().filter(|commit| edge.lines().any(|line| line == commit.sha)) {
            refused.push(format!(
                "this shallow clone does not have the changes of {}: run `git fetch --unshallow` first",
                commit.short()
            ));
        }
        if !refused.is_empty() {
            return Ok(Change::nothing(ChangeOutcome::Refused, refused));
        }
        Picking { git: &git, view: self, pick, onto }.run(commits).await
    }
}

/// Every reason why these commits do not fit the method.
fn refusals(commits: &[CommitFacts], method: Option<Method>) -> Vec<String> {
    let mut why = Vec::new();
    if method == Some(Method::Squash) && commits.len() > 1 {
        why.push("a squashed pull request is one commit: give one, or use --method rebase for several".to_owned());
    }
    for commit in commits {
        let merge = commit.parents.len() > 1;
        match method {
            Some(Method::Merge) if !merge => {
                why.push(format!("{} is not a merge commit: omit --method, or use squash or rebase", commit.short()));
            }
            Some(Method::Squash | Method::Rebase) if merge => {
                why.push(format!("{} is a merge commit: use --method merge", commit.short()));
            }
            None if merge && commits.len() > 1 => {
                why.push(format!(
                    "one of several commits, {}, is a merge commit: give it alone, or use --method merge for all",
                    commit.short()
                ));
            }
            _ => {}
        }
    }
    for (n, commit) in commits.iter().enumerate() {
        if commits[..n].iter().any(|before| before.sha == commit.sha) {
            why.push(format!("{} is given twice", commit.short()));
        }
    }
    why
}

pub(super) struct Picking<'a> {
    pub(super) git: &'a Git,
    view: &'a View,
    pub(super) pick: &'a Pick,
    /// The branch's commit.
    pub(super) onto: &'a str,
}

impl Picking<'_> {
    async fn run(&self, commits: Vec<CommitFacts>) -> Result<Change, PortError> {
        let onto_tree = self.git.tree_of(self.onto).await?;
        let mut ordered: Vec<&CommitFacts> = commits.iter().collect();
        if self.pick.direction == Direction::Revert {
            ordered.reverse();
        }
        let mut change = Change::nothing(ChangeOutcome::Ready, Vec::new());
        change.base = self.onto.to_owned();
        let mut tree = onto_tree.clone();
        for (n, commit) in ordered.iter().enumerate() {
            let merged = self.one(&tree, commit, self.pick.direction).await?;
            if merged.conflicts.is_empty() {
                if merged.tree == tree {
                    change.because.push(format!("{} changes nothing here", named(commit)));
                } else {
                    change.because.push(format!("{} applies cleanly", named(commit)));
                    change.commits.push(self.commit(commit, &merged.tree));
                }
                tree = merged.tree;
            } else if let Some(as_commit) = self.there(commit).await? {
                change.because.push(format!("{} is already there, as {as_commit}", named(commit)));
            } else {
                self.conflict(&mut change, commit, &merged, &ordered[n + 1..]);
                change.conflicting = self.git.conflicts(&merged.tree, &merged.conflicts).await?;
                self.renames(&mut change, commit, &merged.conflicts).await?;
                self.relate(&mut change, commit, &merged.conflicts).await?;
                tree = merged.tree;
                break;
            }
        }
        self.finish(change, &commits, &onto_tree, tree).await
    }

    fn conflict(&self, change: &mut Change, commit: &CommitFacts, merged: &Merged, rest: &[&CommitFacts]) {
        change.outcome = ChangeOutcome::Conflict;
        change.conflicts = merged.conflicts.clone();
        let paths = crate::domain::text::listing(&merged.conflicts, 5);
        change.because.push(format!("{} conflicts in {paths}", named(commit)));
        change.commits.push(self.commit(commit, &merged.tree));
        if !rest.is_empty() {
            let rest: Vec<String> = rest.iter().map(|commit| commit.short().to_owned()).collect();
            change.warnings.push(format!(
                "not applied yet, because they come after the conflict: {}",
                crate::domain::text::listing(&rest, 10)
            ));
        }
    }

    /// Which of the files that conflict have had another name.
    async fn renames(&self, change: &mut Change, commit: &CommitFacts, paths: &[String]) -> Result<(), PortError> {
        let before = self.before(commit).await?;
        let touched = self.git.changed(&before, &commit.tree).await?;
        let tree = if self.pick.direction == Direction::Revert { &commit.tree } else { &before };
        for (from, to) in self.moved(tree, &touched).await? {
            if paths.contains(&from) || paths.contains(&to) {
                change.warnings.push(format!("{from} is called {to} on the branch"));
            }
        }
        Ok(())
    }

    /// Other commits in the files that conflict: those that it was built on and that are not here, or those that were
    /// built on it.
    async fn relate(&self, change: &mut Change, commit: &CommitFacts, paths: &[String]) -> Result<(), PortError> {
        let Some(parent) = commit.parents.first() else { return Ok(()) };
        let (to, not) = match self.pick.direction {
            Direction::Backport => (parent.as_str(), format!("^{}", self.onto)),
            Direction::Revert => (self.onto, format!("^{}", commit.sha)),
        };
        let mut args =
            vec!["log", "--first-parent", "--no-renames", "-z", "--format=%H%x02%s", "-n", RELATED_MAX, to, &not, "--"];
        args.extend(paths.iter().map(String::as_str));
        let log = self.git.ask(&args, b"").await?;
        let text = String::from_utf8_lossy(&log.out).into_owned();
        let all = text.split('\0').filter_map(|line| line.trim().split_once('\u{2}'));
        change.related =
            all.map(|(sha, subject)| Related { sha: sha.to_owned(), subject: subject.to_owned() }).collect();
        change.related.reverse();
        if !change.related.is_empty() {
            let names: Vec<String> = change.related.iter().map(|r| named_as(&r.sha, &r.subject)).collect();
            let names = crate::domain::text::listing(&names, 5);
            change.warnings.push(match self.pick.direction {
                Direction::Backport => format!("earlier changes to the same files are missing here: {names}"),
                Direction::Revert => format!("later changes touch the same files: {names}"),
            });
        }
        Ok(())
    }

    async fn finish(
        &self,
        mut change: Change,
        commits: &[CommitFacts],
        onto_tree: &str,
        tree: String,
    ) -> Result<Change, PortError> {
        if change.outcome == ChangeOutcome::Ready && tree == onto_tree {
            change.commits.clear();
            if self.is_empty(commits).await? {
                change.outcome = ChangeOutcome::Empty;
                change.because.push("together, the commits change nothing".into());
            } else {
                change.outcome = ChangeOutcome::Already;
                change.because.push(match self.pick.direction {
                    Direction::Backport => "the branch already has all of it".into(),
                    Direction::Revert => "the branch has none of it: there is nothing to revert".into(),
                });
            }
            return Ok(change);
        }
        change.diff = self.git.diff(onto_tree, &tree).await?;
        change.patch_id = self.git.patch_id(&change.diff).await?;
        let paths = self.git.changed(onto_tree, &tree).await?;
        change.warnings.extend(warnings(&paths));
        change.sensitive = sensitive(&paths, commits);
        self.ancestry(&mut change, commits).await?;
        change.tree = tree;
        Ok(change)
    }

    /// What has to be said of where the commits stand.
    async fn ancestry(&self, change: &mut Change, commits: &[CommitFacts]) -> Result<(), PortError> {
        for pair in commits.windows(2) {
            let newer_first = ["merge-base", "--is-ancestor", &pair[1].sha, &pair[0].sha];
            if self.git.ask(&newer_first, b"").await?.code == 0 {
                let (first, second) = (pair[0].short(), pair[1].short());
                change.warnings.push(format!("{first} is newer than {second}: give the oldest commit first"));
            }
        }
        for commit in commits {
            let on_branch =
                self.git.ask(&["merge-base", "--is-ancestor", &commit.sha, self.onto], b"").await?.code == 0;
            match self.pick.direction {
                Direction::Revert if !on_branch => {
                    let why = format!("{} is not on the branch to revert it on", commit.short());
                    change.warnings.push(why.clone());
                    change.sensitive.push(why);
                }
                Direction::Backport if on_branch => {
                    change
                        .warnings
                        .push(format!("{} is already on the branch, and was reverted later", commit.short()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The tree that a commit's change starts from: its first parent's.
    pub(super) async fn before(&self, commit: &CommitFacts) -> Result<String, PortError> {
        match commit.parents.first() {
            Some(parent) => self.git.tree_of(parent).await,
            None => self.git.empty_tree().await,
        }
    }

    async fn one(&self, ours: &str, commit: &CommitFacts, direction: Direction) -> Result<Merged, PortError> {
        let before = self.before(commit).await?;
        let (base, theirs, label) = match direction {
            Direction::Backport => (before, commit.tree.clone(), commit.short().to_owned()),
            Direction::Revert => (commit.tree.clone(), before, format!("parent-of-{}", commit.short())),
        };
        let merged = self.merge(self.git, &base, ours, &theirs, &label).await?;
        let kept = direction == Direction::Revert || merged.tree == ours;
        if !merged.conflicts.is_empty() || !kept {
            return Ok(merged);
        }
        // `merge=union` keeps the lines of both sides: what is to go would stay, and nobody would be told.
        let nothing = self.git.empty_tree().await?;
        let without_drivers = self.git.clone().with_env("GIT_ATTR_SOURCE", nothing);
        let plain = self.merge(&without_drivers, &base, ours, &theirs, &label).await?;
        Ok(if plain.conflicts.is_empty() { merged } else { plain })
    }

    /// A three-way merge by commits made for it, since `--merge-base` came with git 2.40 only. The names of the sides
    /// are what people see at the markers, so they are refs of our own directory.
    async fn merge(&self, git: &Git, base: &str, ours: &str, theirs: &str, label: &str) -> Result<Merged, PortError> {
        if base == theirs {
            return Ok(Merged { tree: ours.to_owned(), conflicts: Vec::new() });
        }
        let at = git.clone().with_env("GIT_AUTHOR_DATE", "@0 +0000").with_env("GIT_COMMITTER_DATE", "@0 +0000");
        let base = at.line(&["commit-tree", base, "-m", "base"], b"").await?;
        let ours = at.line(&["commit-tree", ours, "-p", &base, "-m", "ours"], b"").await?;
        let theirs = at.line(&["commit-tree", theirs, "-p", &base, "-m", "theirs"], b"").await?;
        let dir = self.view.path();
        let point = |name: &str, at: &str| {
            fs::write(dir.join(name), format!("{at}\n")).map_err(|why| PortError::transient(why.to_string()))
        };
        point("HEAD", &ours)?;
        point(label, &theirs)?;
        let args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", "HEAD", label];
        let printed = git.ask(&args, b"").await?;
        if printed.code > 1 || printed.code < 0 {
            return Err(PortError::permanent(format!("git merge-tree: {}", printed.err)));
        }
        let mut words = printed.out.split(|byte| *byte == 0);
        let tree = words.next().map(shown).unwrap_or_default();
        let conflicts =
            if printed.code == 0 { Vec::new() } else { words.take_while(|word| !word.is_empty()).map(shown).collect() };
        Ok(Merged { tree, conflicts })
    }

    /// Whether the commits change nothing together where they stand themselves.
    async fn is_empty(&self, commits: &[CommitFacts]) -> Result<bool, PortError> {
        let Some(first) = commits.first() else { return Ok(true) };
        let start = self.before(first).await?;
        let mut tree = start.clone();
        for commit in commits {
            let merged = self.one(&tree, commit, Direction::Backport).await?;
            if !merged.conflicts.is_empty() {
                return Ok(false);
            }
            tree = merged.tree;
        }
        Ok(tree == start)
    }

    fn commit(&self, commit: &CommitFacts, tree: &str) -> NewCommit {
        let (author, date, message) = match self.pick.direction {
            Direction::Backport => {
                (commit.author.clone(), format!("@{}", commit.date), message::picked(&commit.message, &commit.sha))
            }
            Direction::Revert => {
                let parent = commit.parents.first().filter(|_| commit.parents.len() > 1);
                (String::new(), String::new(), message::reverted(commit.subject(), &commit.sha, parent))
            }
        };
        NewCommit { tree: tree.to_owned(), author, date, message }
    }
}

fn named(commit: &CommitFacts) -> String {
    named_as(&commit.sha, commit.subject())
}

fn named_as(sha: &str, subject: &str) -> String {
    let subject: String = subject.chars().filter(|c| !c.is_control()).take(60).collect();
    format!("{} ({subject})", sha.get(..10).unwrap_or(sha))
}

/// Commits that a conflict is put down to.
const RELATED_MAX: &str = "10";

/// What deserves a second pair of eyes: what runs with the repository's secrets, who may approve what, and merges, whose
/// other side may hold more than people remember.
fn sensitive(paths: &[String], commits: &[CommitFacts]) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(path) = paths.iter().find(|path| is_workflow(path)) {
        all.push(format!("it changes workflow {path}"));
    }
    if let Some(path) = paths.iter().find(|path| is_owners(path)) {
        all.push(format!("it changes {path}, which assigns reviewers"));
    }
    if let Some(merge) = commits.iter().find(|commit| commit.parents.len() > 1) {
        all.push(format!("{} is a merge commit", merge.short()));
    }
    all
}

fn is_workflow(path: &str) -> bool {
    path.to_ascii_lowercase().starts_with(".github/workflows/")
}

fn is_owners(path: &str) -> bool {
    ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"].iter().any(|at| path.eq_ignore_ascii_case(at))
}

/// What deserves a second look before it is pushed.
fn warnings(paths: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(path) = paths.iter().find(|path| is_workflow(path)) {
        all.push(format!("changes {path}: pushing needs permission to write workflows"));
    }
    if let Some(path) = paths.iter().find(|path| is_owners(path)) {
        all.push(format!("changes {path}, which assigns reviewers"));
    }
    all
}
