//! Outages of providers: their status pages are looked at now and then, and what is open there is kept.

use super::Engine;
use crate::domain::outage::Outage;
use crate::domain::time::{HOUR_MS, MINUTE_MS, Time};
use crate::ports::{StoreError, Turn};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// Between two looks.
const APART_MS: i64 = 5 * MINUTE_MS;
/// What was last known of a page that cannot be read counts for so long.
const KEPT_MS: i64 = HOUR_MS;
/// The setting that it is kept in.
pub(super) const OUTAGES: &str = "outages";

/// What is known of one provider, as of when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    at: Time,
    open: Vec<Outage>,
}

/// By provider.
pub(super) type Pages = BTreeMap<String, Known>;

/// What counts as open now.
pub(super) fn open(pages: &Pages, now: Time) -> Vec<Outage> {
    let fresh = |known: &&Known| now.ms_since(known.at) < KEPT_MS;
    pages.values().filter(fresh).flat_map(|known| known.open.clone()).collect()
}

impl Engine {
    /// When each page was read last, and how many outages were open there.
    pub(super) async fn provider_looks(&self) -> Result<Vec<(String, Time, usize)>, StoreError> {
        let stored = self.store.setting(OUTAGES).await?;
        let pages: Pages = stored.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
        Ok(pages.into_iter().map(|(name, known)| (name, known.at, known.open.len())).collect())
    }

    /// Looks at the status pages, if it is time to.
    ///
    /// # Errors
    /// The store failed.
    pub async fn look_at_providers(&self) -> Result<(), StoreError> {
        let Some(status) = &self.status else { return Ok(()) };
        let now = self.clock.now();
        let before = self.store.setting(OUTAGES).await?;
        let mut pages: Pages = before.clone().and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
        let names = status.names();
        pages.retain(|name, _| names.contains(name));
        let mut looked = false;
        for name in names {
            if pages.get(&name).is_some_and(|known| now.ms_since(known.at) < APART_MS) {
                continue;
            }
            match status.outages(&name).await {
                Ok(open) => {
                    tell_change(pages.get(&name), &name, &open);
                    pages.insert(name, Known { at: now, open });
                    looked = true;
                }
                // It says nothing about what it is the status of.
                Err(why) => tracing::debug!(%why, "a status page could not be read"),
            }
        }
        if !looked {
            return Ok(());
        }
        let turn = Turn {
            settings: vec![(OUTAGES.into(), Some(json!(pages)))],
            expect: vec![(OUTAGES.into(), before)],
            ..Turn::default()
        };
        match self.store.commit(turn).await {
            // Another engine has just looked as well.
            Err(StoreError::Conflict(_)) => Ok(()),
            other => other,
        }
    }

    /// What counts as open now.
    pub(super) async fn outages(&self) -> Result<Vec<Outage>, StoreError> {
        let kept = self.store.setting(OUTAGES).await?;
        let pages: Pages = kept.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
        Ok(open(&pages, self.clock.now()))
    }
}

/// One line when something begins, and one when it is over.
fn tell_change(before: Option<&Known>, name: &str, open: &[Outage]) {
    let had = before.is_some_and(|known| !known.open.is_empty());
    match open.first() {
        Some(first) if !had => tracing::warn!("{}; automatic retries wait", first.words()),
        None if had => tracing::info!("{name} no longer reports an incident; automatic retries resume"),
        _ => {}
    }
}
