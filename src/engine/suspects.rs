//! What landed between the last green run and a red one, and what the green one had resolved.

use super::Engine;
use crate::domain::effect::Effect;
use crate::domain::event::LogRead;
use crate::domain::evidence::Resolved;
use crate::domain::facts::RunFacts;
use crate::domain::ids::Repo;
use crate::domain::suspect::SuspectFacts;
use crate::domain::text::Untrusted;
use crate::ports::PortError;

impl Engine {
    pub(super) async fn suspect(&self, effect: &Effect) -> Result<SuspectFacts, PortError> {
        let Effect::Suspect { repo, workflow, branch, run, sha, job, .. } = effect else {
            return Err(PortError::permanent("not a search for suspects"));
        };
        let Some(green) = self.ci()?.last_green(repo, workflow, branch, *run).await? else {
            return Ok(SuspectFacts::default());
        };
        let (commits, more) = self.git()?.between(repo, &green.head_sha, sha).await?;
        let resolved = match job {
            Some(job) => self.resolved(repo, &green, job).await?,
            None => Vec::new(),
        };
        Ok(SuspectFacts { green: Some((green.id, green.head_sha)), commits, more, resolved })
    }

    /// The versions that the green run's job of this name resolved; none where its log is gone.
    async fn resolved(&self, repo: &Repo, green: &RunFacts, name: &Untrusted) -> Result<Vec<Resolved>, PortError> {
        let jobs = self.ci()?.jobs(repo, green.id, green.attempt).await?;
        let Some(job) = jobs.into_iter().find(|job| job.name == *name) else { return Ok(Vec::new()) };
        Ok(match self.read_log(repo, job.id, std::slice::from_ref(name)).await? {
            LogRead::Read(evidence) => evidence.resolved,
            LogRead::Missing(_) => Vec::new(),
        })
    }
}
