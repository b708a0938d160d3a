//! Changes of code: computed, pushed to branches of ours, proposed as pull requests.

use super::Engine;
use super::owners::login;
use super::preview::preview;
use crate::domain::action::{Action, ChangeSpec, Made, Outcome};
use crate::domain::change::{Change, ChangeOutcome, Conflicting, Hunk};
use crate::domain::edit::{Editing, Mark};
use crate::domain::facts::{ChangeFacts, PullFacts};
use crate::domain::ids::{Digest, Repo};
use crate::domain::refs::Branch;
use crate::domain::text::{clean_line, listing};
use crate::domain::time::HOUR_MS;
use crate::ports::{self, Git, NewIssue, NewPull, PortError};
use crate::remedies::editing;
use crate::remedies::editing::resolved::Resolved;
use crate::remedies::templates::{Fix, Hint};

/// Regions of conflicts in a pull request's body, and lines of each.
const HUNKS_SHOWN: usize = 6;
const HUNK_LINES_SHOWN: usize = 30;

/// A change, ready for git.
enum Prepared<'a> {
    Pick(&'a crate::domain::change::Pick),
    Edit(Box<dyn Editing>),
    Pin(Box<Resolved>),
    Patch { base: &'a str, diff: String },
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
        ChangeSpec::Patch { .. } => Err(PortError::permanent("a patch needs its contents first")),
        ChangeSpec::Unpin { package } => {
            edit(editing::Unpin::new(package).map(|wish| Box::new(wish) as Box<dyn Editing>))
        }
    }
}

impl Prepared<'_> {
    fn source<'a>(&'a self, message: &'a str) -> ports::ChangeSource<'a> {
        match self {
            Self::Pick(pick) => ports::ChangeSource::Pick(pick),
            Self::Edit(editing) => ports::ChangeSource::Edit { editing: &**editing, message },
            Self::Pin(pin) => ports::ChangeSource::Edit { editing: &**pin, message },
            Self::Patch { base, diff } => ports::ChangeSource::Patch { base, diff, message },
        }
    }
}

impl Engine {
    pub(super) fn git(&self) -> Result<&dyn Git, PortError> {
        self.git.as_deref().ok_or_else(|| PortError::permanent("no directory for clones is configured"))
    }

    async fn prepare<'w>(&self, repo: &Repo, onto: &Branch, change: &'w ChangeSpec) -> Result<Prepared<'w>, PortError> {
        match change {
            ChangeSpec::Pin { package, version, .. } => {
                Ok(Prepared::Pin(Box::new(self.pinning(repo, onto, package, version).await?)))
            }
            ChangeSpec::Patch { base, diff } => Ok(Prepared::Patch { base, diff: self.text(diff).await? }),
            other => edited(other),
        }
    }

    pub(super) async fn change(
        &self,
        repo: &Repo,
        onto: &Branch,
        spec: &ChangeSpec,
        message: &str,
    ) -> Result<ChangeFacts, PortError> {
        // A template checks what a workflow does before editing it; a pin does not.
        let pins = matches!(spec, ChangeSpec::Pin { .. } | ChangeSpec::Unpin { .. });
        let prepared = self.prepare(repo, onto, spec).await?;
        let change = self.git()?.change(repo, onto, prepared.source(message)).await?;
        let mut facts = self.facts_of(change).await?;
        let workflow = facts.preview.files.iter().find(|file| file.raw().starts_with(".github/workflows/"));
        if let Some(path) = workflow.filter(|_| pins) {
            facts.sensitive.push(format!("it changes workflow {}", path.line(100)));
        }
        if let (ChangeSpec::Pin { package, version, .. }, Prepared::Pin(pin)) = (spec, &prepared)
            && facts.outcome == ChangeOutcome::Ready
            && let Some(ecosystem) = pin.ecosystem()
        {
            facts.warnings.extend(self.advised(repo, ecosystem, package, version).await);
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
            conflicting: first(change.conflicting),
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
                let prepared = self.prepare(repo, onto, change).await?;
                self.git()?.push(repo, onto, prepared.source(message), tree, branch, *at).await
            }
            Action::BranchGone { repo, branch } => self.git()?.drop_branch(repo, branch).await,
            _ => Err(PortError::permanent("not a branch action")),
        }
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

    pub(super) async fn open_issue(&self, action: &Action) -> Result<Outcome, PortError> {
        let Action::Issue { repo, marker, title, body, labels } = action else {
            return Err(PortError::permanent("not an issue action"));
        };
        let excerpt = self.excerpt(body.excerpt.as_ref()).await?;
        let text = self
            .words
            .issue(body, &excerpt, self.home.as_deref())
            .map_err(|why| PortError::permanent(why.to_string()))?;
        let title = title.line(200);
        let assignees: Vec<&str> = body.owners.iter().filter_map(|owner| login(owner)).collect();
        let issue = NewIssue { marker, title: &title, body: &text, labels, assignees: &assignees };
        Ok(self.forge()?.open_issue(repo, &issue).await?.map_or(Outcome::Done, Outcome::Made))
    }
}

/// Lines of a log's excerpt in an issue: the last ones.
const EXCERPT_LINES: usize = 40;

impl Engine {
    async fn excerpt(&self, of: Option<&Digest>) -> Result<Vec<String>, PortError> {
        let Some(digest) = of else { return Ok(Vec::new()) };
        let kept = self.store.blob(digest).await.map_err(|why| PortError::transient(why.to_string()))?;
        let text = String::from_utf8_lossy(&kept.unwrap_or_default()).into_owned();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        Ok(lines[lines.len().saturating_sub(EXCERPT_LINES)..].to_vec())
    }
}

/// The first regions that conflict, each cut to what fits into a pull request's body.
fn first(all: Vec<Conflicting>) -> Vec<Conflicting> {
    let mut left = HUNKS_SHOWN;
    let cut = |mut hunk: Hunk| {
        hunk.lines.truncate(HUNK_LINES_SHOWN);
        hunk
    };
    let shown = all.into_iter().map(|file| {
        let hunks: Vec<Hunk> = file.hunks.into_iter().take(left).map(cut).collect();
        left -= hunks.len();
        Conflicting { path: file.path, hunks }
    });
    shown.filter(|file| !file.hunks.is_empty()).collect()
}
