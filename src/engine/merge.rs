//! Our own pull requests: merging those that are green and still as we pushed them, and how they ended.

use super::Engine;
use crate::domain::effect::Effect;
use crate::domain::event::Merging;
use crate::domain::ids::{ProposalId, Repo};
use crate::domain::incident::PullEnd;
use crate::ports::PortError;

impl Engine {
    pub(super) async fn merge(&self, effect: &Effect) -> Result<Merging, PortError> {
        let Effect::Merge { incident, proposal, repo, branch, tree } = effect else {
            return Err(PortError::permanent("not a merge"));
        };
        let Some((sha, standing)) = self.git()?.standing(repo, branch).await? else {
            return Ok(Merging::Never("its branch was deleted".into()));
        };
        if standing != *tree {
            return Ok(Merging::Never("someone pushed to its branch".into()));
        }
        if self.ci()?.green(repo, &sha, &branch.as_str().into()).await? != Some(true) {
            return Ok(Merging::NotYet("its CI is not green".into()));
        }
        // Read right before the write; what cannot be read holds.
        if !matches!(self.read_hold().await, Ok(None)) {
            return Ok(Merging::NotYet("the emergency stop is on".into()));
        }
        let id = ProposalId { incident: *incident, n: *proposal };
        match self.reserve_merge(id).await {
            Ok(true) => self.forge()?.merge(repo, branch, &sha).await.map(|()| Merging::Merged),
            Ok(false) => Ok(Merging::NotYet("the daily limit of automatic actions is reached".into())),
            Err(why) => Err(PortError::transient(why.to_string())),
        }
    }

    /// How a pull request ended; `None` while it is open.
    pub(super) async fn ended(&self, repo: &Repo, number: u64) -> Result<Option<PullEnd>, PortError> {
        let pull = self.forge()?.pull(repo, number).await?;
        let merged = pull.merged_at.map(|_| PullEnd::Merged);
        Ok(merged.or_else(|| pull.closed.then_some(PullEnd::Closed)))
    }
}
