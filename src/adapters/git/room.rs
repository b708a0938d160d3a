//! Rooms: a bare, partial clone for each repository, made once and fetched from then on.

use super::work::Patched;
use super::{Git, View};
use crate::adapters::directory_bytes;
use crate::domain::agent::Touched;
use crate::domain::change::{Change, Method};
use crate::domain::edit::Source;
use crate::domain::ids::Repo;
use crate::domain::refs::{Branch, OwnBranch, is_commit};
use crate::domain::suspect::Landed;
use crate::domain::time::Time;
use crate::ports::{self, ChangeSource, GitOrigin, Origins, PortError};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Mutex as Turn;

/// All rooms together take at most this much disk, in bytes; the ones that were not used longest go first.
const ROOMS_BYTES_MAX: u64 = 10 << 30;

/// The rooms below one directory.
pub struct Rooms {
    dir: PathBuf,
    origins: Arc<dyn Origins>,
    /// The authority behind the origins' certificate, where it is one of their own.
    ca_file: Option<PathBuf>,
    /// One at a time for each repository.
    turns: Mutex<HashMap<Repo, Arc<Turn<()>>>>,
}

impl Rooms {
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, origins: Arc<dyn Origins>, ca_file: Option<PathBuf>) -> Self {
        Self { dir: dir.into(), origins, ca_file, turns: Mutex::default() }
    }

    fn turn(&self, repo: &Repo) -> Arc<Turn<()>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(repo.clone()).or_default().clone()
    }

    fn path(&self, repo: &Repo) -> PathBuf {
        self.dir.join(repo.owner()).join(format!("{}.git", repo.name()))
    }

    /// The room, as new as its origin.
    pub(super) async fn enter(&self, repo: &Repo) -> Result<Room, PortError> {
        let address = self.origins.origin(repo).await?;
        let room = Room { path: self.path(repo), address, ca_file: self.ca_file.clone() };
        if let Err(why) = self.fetch(&room).await {
            if !is_broken(why.why()) {
                return Err(unreachable(&why));
            }
            // Whoever died in it left a lock or half a file: all of it can be had again.
            tracing::warn!(room = %room.path.display(), %why, "a clone is damaged; cloning again");
            fs::remove_dir_all(&room.path).map_err(|why| PortError::transient(why.to_string()))?;
            self.fetch(&room).await.map_err(|why| unreachable(&why))?;
        }
        touch(&room.path);
        Ok(room)
    }

    async fn fetch(&self, room: &Room) -> Result<(), PortError> {
        if !room.path.join("HEAD").exists() {
            self.make_place();
            create(&room.path, &room.address.url).await?;
        }
        room.git().run(FETCH, b"").await.map(|_| ())
    }

    /// Removes the rooms that were not used longest while all are too large together.
    fn make_place(&self) {
        let mut rooms: Vec<(std::time::SystemTime, u64, PathBuf)> = Vec::new();
        for owner in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            for room in fs::read_dir(owner.path()).into_iter().flatten().flatten() {
                let used = fs::metadata(room.path().join(USED)).and_then(|meta| meta.modified());
                rooms.push((used.unwrap_or(std::time::UNIX_EPOCH), directory_bytes(&room.path()), room.path()));
            }
        }
        rooms.sort();
        let mut all: u64 = rooms.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in rooms {
            if all <= ROOMS_BYTES_MAX {
                return;
            }
            tracing::info!(room = %path.display(), bytes = size, "removed a clone that was not used lately");
            let _ = fs::remove_dir_all(&path);
            all = all.saturating_sub(size);
        }
    }
}

/// A file in the room whose time of change says when it was used.
const USED: &str = "ci-rescue-used";

fn touch(path: &Path) {
    let _ = fs::write(path.join(USED), b"");
}

const FETCH: &[&str] =
    &["fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "origin"];

/// Made beside its place and moved there: a room is whole or it is not there.
async fn create(path: &Path, url: &str) -> Result<(), PortError> {
    let failed = |why: std::io::Error| PortError::transient(format!("{}: {why}", path.display()));
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(failed)?;
    let fresh = tempfile::Builder::new().prefix("new-").tempdir_in(parent).map_err(failed)?;
    let git = Git::at(fresh.path());
    git.run(&["init", "--quiet", "--bare", "--template="], b"").await?;
    fs::write(fresh.path().join("config"), format!("{BARE}{}", promisor(url))).map_err(failed)?;
    fs::rename(fresh.path(), path).map_err(failed)
}

const BARE: &str = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n";

/// The part of the configuration that says where missing objects are. The address comes from our own configuration.
fn promisor(url: &str) -> String {
    format!(
        "[extensions]\n\tpartialClone = origin\n[remote \"origin\"]\n\turl = {url}\n\
         \tfetch = +refs/heads/*:refs/heads/*\n\tpromisor = true\n\tpartialCloneFilter = blob:none\n"
    )
}

/// The token goes in the environment of the one call: not in an argument, a log or a file.
fn with_token(git: Git, address: &GitOrigin) -> Git {
    let Some(token) = &address.token else { return git };
    let basic = STANDARD.encode(format!("x-access-token:{}", token.expose_secret()));
    git.with_env("GIT_CONFIG_COUNT", "1")
        .with_env("GIT_CONFIG_KEY_0", "http.extraHeader")
        .with_env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {basic}"))
}

/// Whether git complains of the room itself rather than of the origin.
fn is_broken(words: &str) -> bool {
    const WORDS: [&str; 6] =
        [".lock'", "cannot lock ref", "unable to update local ref", "bad object", "corrupt", "not a git repository"];
    WORDS.iter().any(|word| words.contains(word))
}

/// A fetch that failed may succeed later, unless the origin said no.
fn unreachable(why: &PortError) -> PortError {
    let said = why.why();
    let said = said.strip_prefix("git fetch: fatal: ").unwrap_or(said);
    let words = format!("the repository cannot be fetched: {said}");
    let no = ["not found", "403", "401", "Authentication failed", "could not read Username"];
    if no.iter().any(|no| words.contains(no)) { PortError::permanent(words) } else { PortError::transient(words) }
}

/// A room while it is one's turn.
pub(super) struct Room {
    pub path: PathBuf,
    pub address: GitOrigin,
    ca_file: Option<PathBuf>,
}

impl Room {
    /// A directory of our own on the room's objects.
    pub fn view(&self) -> Result<View, PortError> {
        let view = View::with(&self.path, &promisor(&self.address.url))?;
        Ok(view.map(|git| self.reaching(git)))
    }

    pub fn git(&self) -> Git {
        self.reaching(Git::at(&self.path))
    }

    /// What may ask the origin.
    fn reaching(&self, git: Git) -> Git {
        let git = match &self.ca_file {
            Some(file) => git.with_env("GIT_SSL_CAINFO", file),
            None => git,
        };
        with_token(git, &self.address).partial()
    }
}

/// Computes what is wanted, on the newest head of a branch.
pub(super) async fn compute(view: &View, onto: &Branch, wanted: &ChangeSource<'_>) -> Result<Change, PortError> {
    let head = view.git().branch(onto).await?;
    match wanted {
        ChangeSource::Edit { editing, message } => view.git().edit(&head, *editing, message).await,
        ChangeSource::Patch { base, diff, message } => {
            view.git().reach(base).await?;
            view.patched(Patched { base, diff, message }).await
        }
        ChangeSource::Pick(pick) => {
            for commit in &pick.commits {
                view.git().reach(commit).await?;
            }
            view.pick(&head, pick).await
        }
    }
}

#[async_trait]
impl ports::Git for Rooms {
    async fn change(&self, repo: &Repo, onto: &Branch, wanted: ChangeSource<'_>) -> Result<Change, PortError> {
        let turn = self.turn(repo);
        let _mine = turn.lock().await;
        let room = self.enter(repo).await?;
        compute(&room.view()?, onto, &wanted).await
    }

    async fn lay_out(&self, repo: &Repo, commit: &str, place: &Path) -> Result<(), PortError> {
        let turn = self.turn(repo);
        let _mine = turn.lock().await;
        let view = self.enter(repo).await?.view()?;
        view.git().reach(commit).await?;
        view.lay_out(commit, place).await
    }

    async fn collect(&self, repo: &Repo, commit: &str, place: &Path) -> Result<(Change, Vec<Touched>), PortError> {
        let turn = self.turn(repo);
        let _mine = turn.lock().await;
        let view = self.enter(repo).await?.view()?;
        view.git().reach(commit).await?;
        view.collect(commit, place).await
    }

    async fn files(
        &self,
        repo: &Repo,
        commit: &str,
        wants: for<'p> fn(&'p str) -> bool,
    ) -> Result<(Vec<String>, Vec<Source>), PortError> {
        let turn = self.turn(repo);
        let _mine = turn.lock().await;
        let git = self.enter(repo).await?.git();
        if !is_commit(commit) {
            return Err(PortError::permanent("unknown commit"));
        }
        git.reach(commit).await?;
        git.files(commit, wants).await
    }

    async fn between(&self, repo: &Repo, from: &str, to: &str) -> Result<(Vec<Landed>, bool), PortError> {
        let turn = self.turn(repo);
        let _mine = turn.lock().await;
        let git = self.enter(repo).await?.git();
        git.reach(from).await?;
        git.reach(to).await?;
        git.landed(from, to).await
    }

    async fn changed(&self, repo: &Repo, commit: &str, paths: &[String]) -> Result<Vec<String>, PortError> {
        let turn = self.turn(repo);
        let _mine = turn.lock().await;
        let git = self.enter(repo).await?.git();
        if !is_commit(commit) {
            return Err(PortError::permanent("unknown commit"));
        }
        git.reach(commit).await?;
        for path in paths.iter().filter(|path| !path.contains('\0')) {
            let found = git.last_changes(commit, path).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    async fn merged(&self, repo: &Repo, tip: &str, messages: &[String]) -> Result<(Method, Vec<String>), PortError> {
        let turn = self.turn(repo);
        let _mine = turn.lock().await;
        let room = self.enter(repo).await?;
        let git = room.git();
        git.reach(tip).await?;
        git.merged(tip, messages).await
    }

    async fn push(
        &self,
        repo: &Repo,
        onto: &Branch,
        wanted: ChangeSource<'_>,
        tree: &str,
        branch: &OwnBranch,
        at: Time,
    ) -> Result<(), PortError> {
        let turn = self.turn(repo);
        let _mine = turn.lock().await;
        let room = self.enter(repo).await?;
        super::push::push(&room, onto, &wanted, tree, branch, at).await
    }

    async fn markers(
        &self,
        repo: &Repo,
        branch: &OwnBranch,
        paths: &[String],
        tree: &str,
    ) -> Result<(String, Vec<String>), PortError> {
        let turn = self.turn(repo);
        let _mine = turn.lock().await;
        self.enter(repo).await?.git().markers(branch, paths, tree).await
    }

    async fn standing(&self, repo: &Repo, branch: &OwnBranch) -> Result<Option<(String, String)>, PortError> {
        let turn = self.turn(repo);
        let _mine = turn.lock().await;
        let git = self.enter(repo).await?.git();
        let Some(head) = super::push::head(&git, branch).await? else { return Ok(None) };
        let tree = git.tree_of(&head).await?;
        Ok(Some((head, tree)))
    }

    async fn drop_branch(&self, repo: &Repo, branch: &OwnBranch) -> Result<(), PortError> {
        let turn = self.turn(repo);
        let _mine = turn.lock().await;
        let room = self.enter(repo).await?;
        super::push::drop_branch(&room, branch).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_fetched_is_told_without_git_s_own_words() {
        for (said, passes) in [
            ("unable to access 'http://127.0.0.1/acme/shop/': The requested URL returned error: 503", true),
            ("unable to access 'http://127.0.0.1/acme/shop/': The requested URL returned error: 403", false),
            ("repository 'http://127.0.0.1/acme/shop/' not found", false),
        ] {
            let why = unreachable(&PortError::permanent(format!("git fetch: fatal: {said}")));
            assert_eq!(why.why(), format!("the repository cannot be fetched: {said}"));
            assert_eq!(matches!(why, PortError::Transient { .. }), passes, "{said}");
        }
    }
}
