//! What one process at a time does: the engine's loops and the connections to chat platforms.

use super::github;
use super::platform::Wired;
use crate::adapters::github::GitHub;
use crate::engine::Engine;
use crate::ports::Replicas;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Before something that failed is tried again, and between two looks at what the leader did.
const PAUSE: Duration = Duration::from_secs(1);

pub struct Work {
    pub engine: Arc<Engine>,
    pub platforms: Vec<Arc<dyn Wired>>,
    /// Where we may write to it.
    pub github: Option<Arc<GitHub>>,
    pub name: Arc<OnceLock<String>>,
}

impl Work {
    /// Introduces us to the chat platforms and opens connections to them; they close after `stop`.
    ///
    /// # Errors
    /// What is configured cannot work.
    pub async fn listen(&self, tasks: &TaskTracker, stop: &CancellationToken) -> Result<(), String> {
        for platform in &self.platforms {
            platform.listen(&self.engine, tasks, stop).await?;
        }
        Ok(())
    }

    /// Begins all of it; it ends after `stop`.
    ///
    /// # Errors
    /// What is configured cannot work.
    pub async fn begin(&self, tasks: &TaskTracker, stop: &CancellationToken) -> Result<(), String> {
        self.engine.run(tasks, stop);
        self.listen(tasks, stop).await?;
        if let Some(github) = self.github.clone() {
            let (name, ends) = (self.name.clone(), stop.clone());
            tasks.spawn(async move { github::learn_name(&github, &name, &ends).await });
        }
        Ok(())
    }

    /// Does it whenever this process leads, and in between keeps up with what the leader does.
    pub async fn take_turns(self, replicas: Arc<dyn Replicas>, stop: CancellationToken) {
        let mut known = 0;
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = replicas.leading(true) => {}
                count = replicas.news(known) => {
                    known = count;
                    if let Err(why) = self.engine.look_again().await {
                        tracing::debug!(%why, "could not read what the leader did");
                    }
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            }
            if let Err(why) = self.engine.take_over().await {
                tracing::warn!(%why, "could not begin to lead; trying again");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let (jobs, term) = (TaskTracker::new(), stop.child_token());
            if let Err(why) = self.begin(&jobs, &term).await {
                tracing::error!(%why, "this replica cannot lead, and stops");
                stop.cancel();
            }
            loop {
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = replicas.leading(false) => break,
                    count = replicas.news(known) => {
                        known = count;
                        self.engine.woken();
                    }
                }
            }
            term.cancel();
            jobs.close();
            jobs.wait().await;
        }
        replicas.resign().await;
    }
}
