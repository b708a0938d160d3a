//! Looking before a failure counts: where its head is, and whether a newer push cancelled it.

use super::Engine;
use crate::domain::event::{Conclusion, Event, Failure, Scope};
use crate::domain::facts::RunSeen;
use crate::domain::head;
use crate::domain::ids::RunId;
use crate::ports::PortError;

impl Engine {
    /// The failure as the forge tells of it, or that it is none. What cannot be told is taken as it came.
    pub(super) async fn look(&self, failure: &Failure) -> Result<Event, PortError> {
        let mut failure = Failure { looked: true, ..failure.clone() };
        let (Some(ci), Some(run)) = (&self.ci, failure.run) else { return Ok(Event::Failed { failure }) };
        if failure.scope == Scope::Deployment {
            let pending = ci.pending(&failure.repo, run).await?;
            failure.job = pending.environments.first().map(|one| one.name.clone());
            return Ok(match failure.job {
                Some(_) => Event::Failed { failure },
                None => Event::DeploymentMoved { repo: failure.repo, run },
            });
        }
        let seen = self.state.lock().await.index.run(&failure.repo, run).cloned();
        failure.scheduled |= seen.as_ref().is_some_and(|seen| seen.scheduled);
        match seen.as_ref().and_then(|seen| seen.head.clone()) {
            Some(label) => failure.branch = label,
            None => match ci.run(&failure.repo, run).await {
                Ok(facts) => {
                    failure.fork |= facts.fork;
                    failure.scheduled |= facts.scheduled;
                    if !head::is_unknown(&facts.head_branch) {
                        failure.branch = facts.head_branch;
                    }
                }
                Err(PortError::Permanent { .. }) => {}
                Err(other) => return Err(other),
            },
        }
        if failure.conclusion == Conclusion::Cancelled && self.is_superseded(&failure, run, seen.as_ref()).await? {
            return Ok(Event::Superseded { repo: failure.repo, run, attempt: failure.attempt });
        }
        Ok(Event::Failed { failure })
    }

    async fn is_superseded(&self, failure: &Failure, run: RunId, seen: Option<&RunSeen>) -> Result<bool, PortError> {
        if seen.is_some_and(|seen| seen.superseded) {
            return Ok(true);
        }
        let pull = failure.pulls.first().copied();
        let Some(forge) = self.forge.as_ref().filter(|_| pull.is_some() || head::is_branch(&failure.branch)) else {
            return Ok(false);
        };
        match forge.head(&failure.repo, &failure.branch, pull).await {
            Ok(now) => {
                tracing::debug!(repo = %failure.repo, run = run.0, "looked whether a newer push cancelled the run");
                Ok(now.is_some_and(|sha| !failure.sha.is_empty() && sha != failure.sha))
            }
            Err(PortError::Permanent { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }
}
