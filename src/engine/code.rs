//! Changes of code: computed, pushed to branches of ours, proposed as pull requests.

use super::Engine;
use crate::domain::action::{Action, ChangeSpec, Made, Outcome};
use crate::domain::change::{Change, ChangeOutcome};
use crate::domain::edit::{Editing, Mark};
use crate::domain::evidence::FailingTest;
use crate::domain::facts::{ChangeFacts, Preview, PullFacts, TOUCHED_MAX};
use crate::domain::ids::{Digest, Repo};
use crate::domain::refs::Branch;
use crate::domain::text::{Untrusted, clean_line, listing};
use crate::domain::time::HOUR_MS;
use crate::policy::codeowners::{LOCATIONS, Owners};
use crate::ports::{self, Git, NewIssue, NewPull, PortError};
use crate::remedies::editing;
use crate::remedies::templates::{Fix, Hint};
use crate::repro::{self, Framework};

/// Paths and lines of a change that a card shows.
const FILES_SHOWN: usize = 5;
const LINES_SHOWN: usize = 12;

/// The check on drafts with conflicts.
const MARKERS_CHECK: &str = "CI Rescue: conflicts";

/// A change in the form that git takes.
enum Prepared<'a> {
    Pick(&'a crate::domain::change::Pick),
    Edit(Box<dyn Editing>),
}

fn edited(change: &ChangeSpec) -> Result<Prepared<'_>, PortError> {
    let edit = |editing: Result<Box<dyn Editing>, String>| editing.map(Prepared::Edit).map_err(PortError::permanent);
    match change {
        ChangeSpec::Pick(pick) => Ok(Prepared::Pick(pick)),
        ChangeSpec::Quarantine { test, framework, file, id, until, reason } => {
            let mark = Mark::new(id, until, reason);
            let wish = editing::Quarantine::new(test, framework.as_deref(), file.as_deref(), mark);
            edit(wish.map(|wish| Box::new(wish) as Box<dyn Editing>))
        }
        ChangeSpec::Unquarantine { id } => {
            edit(editing::Release::new(id).map(|wish| Box::new(wish) as Box<dyn Editing>))
        }
        ChangeSpec::Extend { id, until } => {
            edit(editing::Extend::new(id, until).map(|wish| Box::new(wish) as Box<dyn Editing>))
        }
        ChangeSpec::Fix { template, workflow, job, step, lines, words } => {
            let hint = Hint {
                workflow: workflow.clone(),
                job: job.clone(),
                step: step.clone(),
                lines: lines.clone(),
                words: words.clone(),
            };
            edit(Fix::new(template, hint).map(|wish| Box::new(wish) as Box<dyn Editing>))
        }
        ChangeSpec::Pin { .. } => Err(PortError::permanent("a pin needs the resolver's answer first")),
        ChangeSpec::Unpin { package } => {
            edit(editing::Unpin::new(package).map(|wish| Box::new(wish) as Box<dyn Editing>))
        }
    }
}

impl Prepared<'_> {
    fn wanted<'a>(&'a self, message: &'a str) -> ports::ChangeSource<'a> {
        match self {
            Self::Pick(pick) => ports::ChangeSource::Pick(pick),
            Self::Edit(editing) => ports::ChangeSource::Edit { editing: &**editing, message },
        }
    }
}

impl Engine {
    pub(super) fn git(&self) -> Result<&dyn Git, PortError> {
        self.git.as_deref().ok_or_else(|| PortError::permanent("no directory for clones is configured"))
    }

    async fn order<'w>(&self, repo: &Repo, onto: &Branch, change: &'w ChangeSpec) -> Result<Prepared<'w>, PortError> {
        match change {
            ChangeSpec::Pin { package, version, .. } => {
                Ok(Prepared::Edit(Box::new(self.pinning(repo, onto, package, version).await?)))
            }
            other => edited(other),
        }
    }

    pub(super) async fn change(
        &self,
        repo: &Repo,
        onto: &Branch,
        change: &ChangeSpec,
        message: &str,
    ) -> Result<ChangeFacts, PortError> {
        // A template checks what a workflow does before editing it; a pin does not.
        let pins = matches!(change, ChangeSpec::Pin { .. } | ChangeSpec::Unpin { .. });
        let order = self.order(repo, onto, change).await?;
        let change = self.git()?.change(repo, onto, order.wanted(message)).await?;
        let mut facts = self.facts_of(change).await?;
        let workflow = facts.preview.files.iter().find(|file| file.raw().starts_with(".github/workflows/"));
        if let Some(path) = workflow.filter(|_| pins) {
            facts.sensitive.push(format!("it changes workflow {}", path.line(100)));
        }
        if facts.outcome == ChangeOutcome::Ready
            && let Some(file) = facts.preview.files.first()
        {
            let path = file.raw().to_owned();
            if let Some((line, owners)) = self.owned(repo, &facts.base, &path).await? {
                let names = if owners.is_empty() { "nobody".to_owned() } else { listing(&owners, 5) };
                let path = clean_line(&path, 100);
                facts.because.push(format!("{path} is owned by {names} (CODEOWNERS, line {line})"));
                facts.owners = owners;
            }
        }
        Ok(facts)
    }

    /// A file's owners, and the line of CODEOWNERS that says so.
    async fn owned(&self, repo: &Repo, base: &str, path: &str) -> Result<Option<(usize, Vec<String>)>, PortError> {
        let (_, texts) = self.git()?.files(repo, base, is_codeowners).await?;
        // GitHub takes the first of these places that has the file.
        let text = LOCATIONS.iter().find_map(|at| texts.iter().find(|source| source.path == *at));
        let Some(rule) = text.and_then(|source| Owners::parse(&source.text).of(path)) else { return Ok(None) };
        Ok(Some((rule.line, rule.owners.iter().map(ToString::to_string).collect())))
    }

    /// The owners of the first of these paths that has any.
    pub(super) async fn owners(&self, repo: &Repo, onto: &Branch, paths: &[String]) -> Result<Vec<String>, PortError> {
        let branch: Untrusted = onto.as_str().into();
        let Some(base) = self.forge()?.head(repo, &branch, None).await? else {
            return Err(PortError::permanent(format!("branch {onto} does not exist")));
        };
        for path in paths {
            if let Some((_, owners)) = self.owned(repo, &base, path).await?.filter(|(_, owners)| !owners.is_empty()) {
                return Ok(owners);
            }
        }
        Ok(Vec::new())
    }

    /// Stores the diff as a blob; the preview stays in the record.
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
            owners: Vec::new(),
            sensitive: change.sensitive,
            related: change.related,
            absent: change.absent,
        })
    }

    /// A script that runs the failing tests on a clean machine; the repository's manifests say what it needs.
    pub(super) async fn reproduce(
        &self,
        repo: &Repo,
        sha: &str,
        tests: &[FailingTest],
    ) -> Result<Result<Digest, Vec<String>>, PortError> {
        let Some(framework) = tests.first().and_then(|test| Framework::from_name(&test.framework)) else {
            return Ok(Err(vec!["scripts are not supported for the test framework".into()]));
        };
        let (paths, texts) = self.git()?.files(repo, sha, repro::reads).await?;
        let url = self.forge()?.clone_url(repo);
        let mut wanted = repro::ScriptInput::new(&url, sha, framework);
        wanted.selectors = tests
            .iter()
            .filter(|test| Framework::from_name(&test.framework) == Some(framework))
            .map(selector)
            .collect();
        let text = |path: &str| texts.iter().find(|source| source.path == path).map(|source| source.text.clone());
        wanted.files = paths.into_iter().map(|path| repro::RepositoryFile { text: text(&path), path }).collect();
        match repro::script(&wanted) {
            Ok(script) => {
                let kept = self.store.put_blob(script.into_bytes()).await;
                Ok(Ok(kept.map_err(|why| PortError::transient(why.to_string()))?))
            }
            Err(why) => Ok(Err(why)),
        }
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
        let green = match (&pulled.merge_commit, &self.ci) {
            (Some(tip), Some(ci)) => ci.green(repo, tip, &pulled.onto.as_str().into()).await?,
            _ => None,
        };
        // If no run started within an hour, none will.
        let old = pulled.merged_at.is_some_and(|at| self.clock.now().ms_since(at) > HOUR_MS);
        let green = green.or((old && pulled.merge_commit.is_some()).then_some(true));
        Ok(PullFacts {
            number,
            title: pulled.title,
            merged,
            onto: pulled.onto,
            commits,
            method,
            merged_at: pulled.merged_at,
            default_branch: pulled.default_branch,
            closed: pulled.closed,
            green,
        })
    }

    pub(super) async fn branch(&self, action: &Action) -> Result<(), PortError> {
        match action {
            Action::Branch { repo, onto, branch, change, message, tree, at } => {
                let order = self.order(repo, onto, change).await?;
                self.git()?.push(repo, onto, order.wanted(message), tree, branch, *at).await
            }
            Action::BranchGone { repo, branch } => self.git()?.drop_branch(repo, branch).await,
            _ => Err(PortError::permanent("not a branch action")),
        }
    }

    /// The check at the head of the bot's branch: are there conflicts left to resolve?
    pub(super) async fn check_markers(&self, action: &Action) -> Result<(), PortError> {
        let Action::Markers { repo, branch, paths, tree } = action else {
            return Err(PortError::permanent("not a check action"));
        };
        let (sha, left) = self.git()?.markers(repo, branch, paths, tree).await?;
        let (conclusion, title) = match left.len() {
            0 => ("success", "All conflicts are resolved".to_owned()),
            n => ("failure", format!("Unresolved conflicts in {n} file{}", if n == 1 { "" } else { "s" })),
        };
        let shown: Vec<String> =
            left.iter().map(|path| format!("- `{}`", clean_line(path, 200).replace('`', "'"))).collect();
        let summary = if left.is_empty() {
            "Review the change, then mark the pull request as ready.".to_owned()
        } else {
            format!(
                "Resolve these files and push. Where one side deleted a file, decide whether to keep it.\n\n{}",
                shown.join("\n")
            )
        };
        let name = MARKERS_CHECK.to_owned();
        let check = Action::Check { repo: repo.clone(), sha, name, conclusion: conclusion.into(), title, summary };
        self.forge()?.ensure(&check).await
    }

    pub(super) async fn open_pull(&self, action: &Action) -> Result<Made, PortError> {
        let Action::Pull { repo, onto, branch, title, body, labels, draft } = action else {
            return Err(PortError::permanent("not a pull request action"));
        };
        let body = self.words.pull(body, self.home.as_deref()).map_err(|why| PortError::permanent(why.to_string()))?;
        let title = title.line(200);
        let pull = NewPull { onto, branch, title: &title, body: &body, labels, draft: *draft };
        self.forge()?.open_pull(repo, &pull).await
    }
}

impl Engine {
    pub(super) async fn open_issue(&self, action: &Action) -> Result<Outcome, PortError> {
        let Action::Issue { repo, marker, title, body, labels } = action else {
            return Err(PortError::permanent("not an issue action"));
        };
        let text = self.words.issue(body, self.home.as_deref()).map_err(|why| PortError::permanent(why.to_string()))?;
        let title = title.line(200);
        let assignees: Vec<&str> = body.owners.iter().filter_map(|owner| login(owner)).collect();
        let issue = NewIssue { marker, title: &title, body: &text, labels, assignees: &assignees };
        Ok(self.forge()?.open_issue(repo, &issue).await?.map_or(Outcome::Done, Outcome::Made))
    }
}

/// An owner that is an account, not a team and not an address.
fn login(owner: &str) -> Option<&str> {
    owner.strip_prefix('@').filter(|name| !name.contains('/'))
}

fn selector(test: &FailingTest) -> repro::Selector {
    let name = test.selector.as_ref().unwrap_or(&test.name);
    match &test.file {
        Some(file) if !name.raw().contains(file.raw()) => repro::Selector::new(file.raw(), name.raw()),
        _ => repro::Selector::from_text(name.raw()),
    }
}

fn is_codeowners(path: &str) -> bool {
    LOCATIONS.contains(&path)
}

/// The stat, the paths and the first changed lines of a diff.
fn preview(diff: &str) -> Preview {
    let (mut touched, mut hunk): (Vec<Untrusted>, Vec<Untrusted>) = (Vec::new(), Vec::new());
    let (mut count, mut plus, mut minus, mut inside) = (0_usize, 0_usize, 0_usize, false);
    for line in diff.lines() {
        if let Some(names) = line.strip_prefix("diff --git ") {
            (count, inside) = (count + 1, false);
            let name = names.rsplit_once(" b/").map_or(names, |(_, name)| name);
            if touched.len() < TOUCHED_MAX {
                touched.push(name.into());
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
    let files = touched.iter().take(FILES_SHOWN).cloned().collect();
    Preview { stat, files, touched, hunk, diff: None }
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
