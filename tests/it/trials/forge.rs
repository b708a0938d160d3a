//! A forge in memory whose runs end as the truth has it.

use crate::policy::double::sha;
use crate::world::HandClock;
use async_trait::async_trait;
use ci_rescue::domain::action::Action;
use ci_rescue::domain::facts::{JobFacts, RunFacts};
use ci_rescue::domain::runner::Fleet;
use ci_rescue::domain::text::Untrusted;
use ci_rescue::domain::{Conclusion, Repo, RunId, Time};
use ci_rescue::ports::{Ci, Clock, Delivery, LogStream, PastRuns, PortError, Since};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A run and how its newest attempt ended.
#[derive(Clone, Debug)]
pub struct Run {
    pub repo: Repo,
    pub branch: String,
    pub commit: u64,
    pub attempt: u32,
    /// `None` while it is going.
    pub conclusion: Option<Conclusion>,
    pub log: String,
}

pub struct Memory {
    pub clock: Arc<HandClock>,
    pub runs: Mutex<BTreeMap<u64, Run>>,
    /// The runs that the bot re-ran, each with the attempt that had failed.
    pub reruns: Mutex<Vec<(u64, u32)>>,
}

impl Memory {
    pub fn new(clock: Arc<HandClock>) -> Arc<Self> {
        Arc::new(Self { clock, runs: Mutex::default(), reruns: Mutex::default() })
    }

    fn get(&self, run: u64) -> Result<Run, PortError> {
        self.runs.lock().unwrap().get(&run).cloned().ok_or_else(|| PortError::permanent("there is no such run"))
    }
}

impl PastRuns for Memory {}

#[async_trait]
impl Ci for Memory {
    async fn run(&self, _: &Repo, run: RunId) -> Result<RunFacts, PortError> {
        let have = self.get(run.0)?;
        Ok(RunFacts {
            id: run,
            fork: false,
            attempt: have.attempt,
            conclusion: have.conclusion,
            created_at: self.clock.now(),
            head_sha: sha(have.commit),
            head_branch: have.branch.as_str().into(),
            default_branch: Some("main".into()),
            url: None,
        })
    }

    async fn jobs(&self, _: &Repo, run: RunId, attempt: u32) -> Result<Vec<JobFacts>, PortError> {
        let have = self.get(run.0)?;
        let id = run.0 * 100 + u64::from(attempt);
        Ok(vec![JobFacts { id, name: "test".into(), conclusion: have.conclusion, failing_step: None }])
    }

    async fn last_green(
        &self,
        _: &Repo,
        _: &Untrusted,
        _: &Untrusted,
        _: RunId,
    ) -> Result<Option<RunFacts>, PortError> {
        Ok(None)
    }

    async fn runs(&self, _: &Repo, _: &Untrusted, _: &Untrusted) -> Result<Vec<RunFacts>, PortError> {
        Ok(Vec::new())
    }

    async fn green(&self, _: &Repo, _: &str, _: &Untrusted) -> Result<Option<bool>, PortError> {
        Ok(None)
    }

    async fn log(&self, _: &Repo, job_id: u64) -> Result<LogStream, PortError> {
        let log = self.get(job_id / 100)?.log;
        Ok(futures::stream::iter([Ok(log.into_bytes())]).boxed())
    }

    async fn runners(&self, _: &Repo, _: &[String]) -> Result<Fleet, PortError> {
        Err(PortError::permanent("nobody asks for that here"))
    }

    async fn ensure(&self, action: &Action) -> Result<Option<String>, PortError> {
        let Action::Rerun { run, attempt, .. } = action else { return Err(PortError::permanent("not a re-run")) };
        let mut runs = self.runs.lock().unwrap();
        let have = runs.get_mut(&run.0).ok_or_else(|| PortError::permanent("there is no such run"))?;
        if have.attempt == *attempt {
            (have.attempt, have.conclusion) = (attempt + 1, None);
            self.reruns.lock().unwrap().push((run.0, *attempt));
        }
        Ok(None)
    }

    async fn recent(&self, _: &Repo, _: Since) -> Result<Vec<Delivery>, PortError> {
        Ok(Vec::new())
    }

    async fn repositories(&self) -> Result<Vec<Repo>, PortError> {
        Ok(Vec::new())
    }

    async fn redeliver(&self, _: Time) -> Result<u32, PortError> {
        Ok(0)
    }
}
