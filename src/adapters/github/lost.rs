//! Webhook deliveries that GitHub could not bring: found in the App's list and asked for again.

use super::api::{Answer, GitHub, refused};
use crate::domain::time::{HOUR_MS, Time};
use crate::ports::PortError;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;

/// Pages of a hundred that one look reads at most.
const PAGES_MAX: usize = 200;
/// Deliveries that one look asks for at most; the next look goes on.
const ASKED_MAX: u32 = 200;
/// How often one delivery is asked for: what is refused each time will not arrive.
const TIMES_MAX: u8 = 3;
/// What an earlier look has seen is looked at again for so long: attempts end late.
const OVERLAP_MS: i64 = HOUR_MS;

/// What earlier looks came to.
#[derive(Default)]
pub struct Redelivered {
    /// By delivery: the newest attempt that was lost when it was asked for, and how often that was.
    asked: HashMap<String, (u64, u8)>,
    /// Everything older has been looked at.
    until: Option<Time>,
}

#[derive(Deserialize)]
struct HookDelivery {
    id: u64,
    guid: String,
    #[serde(default)]
    status_code: u32,
    delivered_at: chrono::DateTime<chrono::Utc>,
}

impl HookDelivery {
    fn arrived(&self) -> bool {
        (200..300).contains(&self.status_code)
    }

    fn at(&self) -> Time {
        Time(self.delivered_at.timestamp_millis())
    }
}

/// Asks for what never arrived since `since`; answers how much that is.
pub async fn redeliver(github: &GitHub, since: Time) -> Result<u32, PortError> {
    let now = github.clock.now();
    let until = github.redelivered.lock().unwrap_or_else(PoisonError::into_inner).until;
    let since = until.map_or(since, |until| since.max(until.plus_ms(-OVERLAP_MS)));
    // All of it first: what failed once may have arrived at a later attempt.
    let all = deliveries(github, since).await?;
    let arrived: HashSet<&str> = all.iter().filter(|d| d.arrived()).map(|d| d.guid.as_str()).collect();
    // The newest attempt of each, the oldest delivery first.
    let mut seen = HashSet::new();
    let newest: Vec<&HookDelivery> = all.iter().filter(|d| seen.insert(d.guid.as_str())).collect();
    let mut asked = 0;
    for lost in newest.into_iter().rev().filter(|d| d.at() >= since && !arrived.contains(d.guid.as_str())) {
        let before = github.redelivered.lock().unwrap_or_else(PoisonError::into_inner).asked.get(&lost.guid).copied();
        let (attempt, times) = before.unwrap_or_default();
        if attempt == lost.id || times == TIMES_MAX {
            continue;
        }
        if asked == ASKED_MAX {
            return Ok(asked);
        }
        let answer = github.call("POST", None, &format!("/app/hook/deliveries/{}/attempts", lost.id), None).await?;
        if answer.status.is_success() {
            let mut redelivered = github.redelivered.lock().unwrap_or_else(PoisonError::into_inner);
            redelivered.asked.insert(lost.guid.clone(), (lost.id, times + 1));
            asked += 1;
        }
    }
    let mut redelivered = github.redelivered.lock().unwrap_or_else(PoisonError::into_inner);
    redelivered.asked.retain(|guid, _| seen.contains(guid.as_str()));
    redelivered.until = Some(now);
    Ok(asked)
}

/// The newest first, page by page, as far back as `since`.
async fn deliveries(github: &GitHub, since: Time) -> Result<Vec<HookDelivery>, PortError> {
    let mut all: Vec<HookDelivery> = Vec::new();
    let mut path = "/app/hook/deliveries?per_page=100".to_owned();
    for _ in 0..PAGES_MAX {
        let answer = github.call("GET", None, &path, None).await?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        all.extend(answer.json::<Vec<HookDelivery>>()?);
        let old = all.last().is_none_or(|last| last.at() < since);
        let Some(cursor) = next_cursor(&answer).filter(|_| !old) else { break };
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("per_page", "100")
            .append_pair("cursor", &cursor)
            .finish();
        path = format!("/app/hook/deliveries?{query}");
    }
    Ok(all)
}

/// Of `Link: <https://…?cursor=…>; rel="next"`. Only the cursor is taken: where to ask is ours to say.
fn next_cursor(answer: &Answer) -> Option<String> {
    let links = answer.headers.get("link")?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let address = next.split_once('<')?.1.split_once('>')?.0;
    let url = url::Url::parse("https://api.github.com/").ok()?.join(address).ok()?;
    url.query_pairs().find(|(name, _)| name == "cursor").map(|(_, value)| value.into_owned())
}
