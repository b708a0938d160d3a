//! The check on drafts of the bot's: are there conflicts left to resolve?

use super::Engine;
use crate::domain::action::Action;
use crate::ports::PortError;

/// The check's name on GitHub.
const MARKERS_CHECK: &str = "CI Rescue: conflicts";

impl Engine {
    /// The check at the head of the bot's branch.
    pub(super) async fn check_markers(&self, action: &Action) -> Result<(), PortError> {
        let Action::Markers { repo, branch, paths, tree } = action else {
            return Err(PortError::permanent("not a check action"));
        };
        let (sha, left) = self.git()?.markers(repo, branch, paths, tree).await?;
        let conclusion = if left.is_empty() { "success" } else { "failure" };
        let words = self.words.conflicts(&left).map_err(|why| PortError::permanent(why.to_string()))?;
        let check = Action::Check {
            repo: repo.clone(),
            sha,
            name: MARKERS_CHECK.to_owned(),
            conclusion: conclusion.to_owned(),
            title: words.title,
            summary: words.summary,
        };
        self.forge()?.ensure(&check).await
    }
}
