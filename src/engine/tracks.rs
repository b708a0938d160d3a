//! How known issues fared, kept beside the incidents: each incident's part is exchanged for its new part in the turn that
//! changes the incident, so that nothing is counted twice and nothing is lost when old incidents are forgotten.

use super::Engine;
use crate::domain::event::{Event, LogRead};
use crate::domain::evidence::Track;
use crate::domain::time::Time;
use crate::incident::track;
use crate::ports::{Store, StoreError, Turn};
use serde_json::json;
use std::collections::BTreeMap;

const TRACK: &str = "track:";
/// Set once the incidents of before are counted.
const COUNTED: &str = "tracks_counted";

fn key(issue: &str) -> String {
    format!("{TRACK}{issue}")
}

fn read(value: Option<serde_json::Value>) -> Track {
    value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

/// Every issue that was seen.
pub async fn all(store: &dyn Store) -> Result<Vec<(String, Track)>, StoreError> {
    let rows = store.settings(TRACK).await?;
    Ok(rows.into_iter().map(|(key, value)| (key[TRACK.len()..].to_owned(), read(Some(value)))).collect())
}

/// What one incident's change does to the tracks.
#[derive(Debug, Default)]
pub struct Changes(BTreeMap<String, [i64; 3]>);

impl Changes {
    pub fn exchange(&mut self, before: Option<&(String, Track)>, after: Option<&(String, Track)>) {
        for (part, sign) in [(before, -1), (after, 1)] {
            let Some((issue, track)) = part else { continue };
            let sums = self.0.entry(issue.clone()).or_default();
            for (sum, n) in sums.iter_mut().zip([track.seen, track.tried, track.held]) {
                *sum += sign * i64::from(n);
            }
        }
        self.0.retain(|_, sums| *sums != [0; 3]);
    }

    /// The tracks as they are from now on.
    pub async fn settings(&self, store: &dyn Store) -> Result<Vec<(String, Option<serde_json::Value>)>, StoreError> {
        let mut settings = Vec::new();
        for (issue, sums) in &self.0 {
            let old = read(store.setting(&key(issue)).await?);
            let sum = |n: u32, by: i64| u32::try_from(i64::from(n) + by).unwrap_or(0);
            let new =
                Track { seen: sum(old.seen, sums[0]), tried: sum(old.tried, sums[1]), held: sum(old.held, sums[2]) };
            settings.push((key(issue), Some(json!(new))));
        }
        Ok(settings)
    }
}

impl Engine {
    /// Counts what a store of before has, once.
    pub(super) async fn count_tracks(&self) -> Result<(), StoreError> {
        if self.store.setting(COUNTED).await?.is_some() {
            return Ok(());
        }
        let mut changes = Changes::default();
        self.each_incident(None, Time(i64::MIN), |incident| changes.exchange(None, track(incident).as_ref())).await?;
        let mut settings = changes.settings(&*self.store).await?;
        settings.push((COUNTED.into(), Some(true.into())));
        self.store.commit(Turn { settings, ..Turn::default() }).await
    }

    /// A log that shows a known issue, with how the issue fared before and how much it is worth by that.
    pub(super) async fn tracked(&self, event: Event) -> Result<Event, StoreError> {
        let Event::LogRead { incident, run, attempt, job_id, read: LogRead::Read(mut evidence) } = event else {
            return Ok(event);
        };
        if let (Some(issue), Some(advice)) = (&evidence.known_issue, &mut evidence.advice) {
            advice.track = read(self.store.setting(&key(issue)).await?);
            evidence.confidence = narrowed(advice.track.confidence(f64::from(evidence.confidence)));
        }
        Ok(Event::LogRead { incident, run, attempt, job_id, read: LogRead::Read(evidence) })
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a chance keeps its first seven digits")]
fn narrowed(chance: f64) -> f32 {
    chance as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However incidents change, what is kept is the sum of their last parts.
        #[test]
        fn exchanges_add_up(turns in prop::collection::vec((0_usize..4, prop::option::of((0_u8..2, 0_u32..2, 0_u32..2))), 0..40)) {
            let mut parts: [Option<(String, Track)>; 4] = Default::default();
            let mut changes = Changes::default();
            for (at, part) in turns {
                let after = part.map(|(issue, tried, held)| (issue.to_string(), Track { seen: 1, tried, held }));
                changes.exchange(parts[at].as_ref(), after.as_ref());
                parts[at] = after;
            }
            let mut want = Changes::default();
            for part in &parts {
                want.exchange(None, part.as_ref());
            }
            prop_assert_eq!(changes.0, want.0);
        }
    }
}
