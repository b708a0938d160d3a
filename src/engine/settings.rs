//! What the operator decides, and may decide anew while we run.

use super::{Engine, RepoFilter};
use crate::domain::rules::Rules;
use crate::domain::schedule::Watching;
use crate::domain::subscription::Subscription;
use crate::domain::summary::Schedule;
use crate::policy::Mentions;
use crate::ports::StoreError;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Settings {
    pub rules: Rules,
    pub mentions: Mentions,
    pub filter: RepoFilter,
    /// Feeds from the configuration.
    pub feeds: Vec<Subscription>,
    /// Digests of channels, from the configuration.
    pub digests: Vec<Schedule>,
    /// Whether heads of pull requests get the verdict check.
    pub verdict_check: bool,
    pub watching: Watching,
}

impl Engine {
    /// Those in force: whoever needs several that fit together keeps what this answers.
    pub(super) fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Puts others in force, between two turns.
    ///
    /// # Errors
    /// The store failed: the settings are in force, and digests go on as they were.
    pub async fn apply(&self, settings: Settings) -> Result<(), StoreError> {
        {
            let mut state = self.state.lock().await;
            state.fixed = settings.feeds.clone();
            self.settings.store(Arc::new(settings));
        }
        // What wildcards of the filter stand for is asked anew.
        self.list_again();
        self.schedule_summaries().await?;
        self.turn_due.notify_one();
        Ok(())
    }
}
