//! What landed on a branch between two commits.

use super::Git;
use super::diff::shown;
use crate::domain::mention::AUTHORS_MAX;
use crate::domain::refs::is_commit;
use crate::domain::suspect::{COMMITS_MAX, FILES_MAX, Landed};
use crate::ports::PortError;

/// Each commit begins with this, which no path of git's begins with unless somebody means harm: then its id is none of
/// those that were asked for.
const START: u8 = 1;
const FORMAT: &str = "--format=%x01%H%x02%P%x02%an%x02%s";

impl Git {
    pub(super) async fn landed(&self, from: &str, to: &str) -> Result<(Vec<Landed>, bool), PortError> {
        // History was rewritten since: what lies between is not known.
        if self.ask(&["merge-base", "--is-ancestor", from, to], b"").await?.code != 0 {
            return Err(PortError::permanent("the last green commit is no longer on the branch"));
        }
        let not = format!("^{from}");
        let most = format!("--max-count={}", COMMITS_MAX + 1);
        let ids = self.line(&["rev-list", "--first-parent", &most, to, &not], b"").await?;
        let ids: Vec<&str> = ids.lines().take(COMMITS_MAX).collect();
        let most = format!("--max-count={COMMITS_MAX}");
        let out = self
            .run(&["log", "--first-parent", "-m", "--no-renames", "--name-only", "-z", FORMAT, &most, to, &not], b"")
            .await?;
        let mut all: Vec<Landed> = Vec::new();
        for part in out.split(|byte| *byte == START) {
            // In their order, each once: a subject or a path that holds the sign cannot make another.
            all.extend(ids.get(all.len()).and_then(|id| one(part, id)));
        }
        let counted = self.line(&["rev-list", "--first-parent", "--count", to, &not], b"").await?;
        let more = counted.parse::<usize>().unwrap_or(usize::MAX) > all.len();
        Ok((all, more))
    }

    /// The newest commits of others than merges that changed a path, as of a commit. Trees say that: no contents are
    /// fetched for it, as `git blame` would.
    pub(super) async fn last_changes(&self, commit: &str, path: &str) -> Result<Vec<String>, PortError> {
        let most = format!("--max-count={AUTHORS_MAX}");
        let ids = self.line(&["rev-list", "--no-merges", &most, commit, "--", path], b"").await?;
        Ok(ids.lines().filter(|id| is_commit(id)).map(str::to_owned).collect())
    }
}

fn one(part: &[u8], id: &str) -> Option<Landed> {
    let mut words = part.split(|byte| *byte == 0);
    let head = String::from_utf8_lossy(words.next()?).into_owned();
    let fields: Vec<&str> = head.splitn(4, '\u{2}').collect();
    let [sha, parents, author, subject] = fields.as_slice() else { return None };
    if *sha != id {
        return None;
    }
    let path = |word: &[u8]| shown(word.strip_prefix(b"\n").unwrap_or(word));
    Some(Landed {
        sha: (*sha).to_owned(),
        author: (*author).into(),
        subject: (*subject).into(),
        files: words.map(path).filter(|path| !path.is_empty()).take(FILES_MAX).collect(),
        merge: parents.contains(' '),
    })
}
