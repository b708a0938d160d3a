//! Whether a branch has a change already, also where files have other names.

use super::diff::shown;
use super::objects::CommitFacts;
use super::pick::Picking;
use crate::domain::change::Direction;
use crate::ports::PortError;
use std::collections::{BTreeMap, HashMap};

/// Commits of a branch that are looked at for a change that is there already.
const HISTORY: &str = "500";
/// In a partial clone each of them asks the origin for its contents.
const HISTORY_PARTIAL: &str = "30";

impl Picking<'_> {
    /// The commit of the branch that made the same change, by patch id, unless a later one took it back.
    pub(super) async fn there(&self, commit: &CommitFacts) -> Result<Option<String>, PortError> {
        let before = self.before(commit).await?;
        let (from, to) = match self.pick.direction {
            Direction::Backport => (&before, &commit.tree),
            Direction::Revert => (&commit.tree, &before),
        };
        let wanted = self.git.patch_id(&self.git.diff(from, to).await?).await?;
        let opposite = self.git.patch_id(&self.git.diff(to, from).await?).await?;
        let paths = self.git.changed(from, to).await?;
        let moved = self.moved(from, &paths).await?;
        let since = self.git.ask(&["merge-base", &commit.sha, self.onto], b"").await?;
        let not = if since.code == 0 { format!("^{}", since.text()) } else { format!("^{}", commit.sha) };
        let most = if self.git.is_partial() { HISTORY_PARTIAL } else { HISTORY };
        let mut args = vec!["log", "-p", "--no-merges", "-n", most, "--binary", "--full-index", "--no-ext-diff"];
        args.extend(["--no-textconv", "--no-color", self.onto, &not, "--"]);
        args.extend(paths.iter().chain(moved.values()).map(String::as_str));
        let log = self.git.ask(&args, b"").await?;
        let ids = self.git.run(&["patch-id", "--stable"], &log.out).await?;
        let newest = String::from_utf8_lossy(&ids).lines().find_map(|line| {
            let (id, sha) = line.split_once(' ')?;
            (id == wanted || id == opposite).then(|| (id == wanted, sha.chars().take(10).collect::<String>()))
        });
        // The branch may hold the commit itself.
        let own = self.pick.direction == Direction::Backport && since.text() == commit.sha;
        let found = newest.or_else(|| own.then(|| (true, commit.short().to_owned())));
        let Some((true, sha)) = found else { return Ok(None) };
        // Somebody may have taken it back in other words.
        Ok((!self.holds_out(from, to, &paths, &moved).await?).then_some(sha))
    }

    /// What the branch calls these files of `tree` now, where it renamed them: as git sees it, by their contents.
    pub(super) async fn moved(&self, tree: &str, paths: &[String]) -> Result<BTreeMap<String, String>, PortError> {
        let args = ["diff", "-M", "--diff-filter=R", "--name-status", "-z", "--no-ext-diff", tree, self.onto];
        let out = self.git.ask(&args, b"").await?;
        let mut words = out.out.split(|byte| *byte == 0).map(shown);
        let mut moved = BTreeMap::new();
        while let (Some(_), Some(from), Some(to)) = (words.next(), words.next(), words.next()) {
            if paths.contains(&from) {
                moved.insert(from, to);
            }
        }
        Ok(moved)
    }

    /// Whether the branch still has, as often as before it, a line that the change takes out; also under a new name.
    async fn holds_out(
        &self,
        from: &str,
        to: &str,
        paths: &[String],
        moved: &BTreeMap<String, String>,
    ) -> Result<bool, PortError> {
        for path in paths {
            let mut counted = [HashMap::new(), HashMap::new(), HashMap::new()];
            for (tree, lines) in [from, to, self.onto].into_iter().zip(&mut counted) {
                let name = if tree == self.onto { moved.get(path).unwrap_or(path) } else { path };
                let text = self.git.ask(&["cat-file", "blob", &format!("{tree}:{name}")], b"").await?;
                let text = String::from_utf8_lossy(&text.out).into_owned();
                for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                    *lines.entry(line.to_owned()).or_insert(0_usize) += 1;
                }
            }
            let [before, after, here] = counted;
            let of = |lines: &HashMap<String, usize>, line: &str| lines.get(line).copied().unwrap_or(0);
            if before.iter().any(|(line, count)| of(&after, line) < *count && of(&here, line) >= *count) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
