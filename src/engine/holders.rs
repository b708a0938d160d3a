//! Whether logins still belong to whom people linked their account to: a login that was given up is anybody's. Links keep
//! GitHub's number of the account, which is never given again.

use super::Engine;
use super::links::{LINKS, link_key};
use super::turn::Working;
use crate::domain::actor::{Principal, Role};
use crate::domain::effect::Effect;
use crate::domain::event::Event;
use crate::domain::ids::Repo;
use crate::domain::journal::Note;
use crate::domain::link::{Account, Link, Linking};
use crate::domain::time::{HOUR_MS, MINUTE_MS, Time};
use crate::ports::{Delivery, Put, StoreError};
use serde_json::json;

/// Between two looks at one link.
const APART_MS: i64 = 10 * MINUTE_MS;
/// Links looked at in one go, once a minute.
const AT_ONCE: usize = 20;
/// A link without a number learns it within this long: whoever had the login at the link's making has it still.
const FRESH_MS: i64 = HOUR_MS;

/// Whether the account behind it is known, or can still be learnt.
pub(super) fn counts(link: &Link, now: Time) -> bool {
    link.id.is_some() || now.ms_since(link.at) < FRESH_MS
}

impl Engine {
    /// Asks the forge whose the linked logins are, where it is time to.
    ///
    /// # Errors
    /// The store failed.
    pub async fn look_at_links(&self) -> Result<u64, StoreError> {
        let (Some(ci), Some(forge)) = (self.ci.as_deref(), self.forge.as_deref()) else { return Ok(0) };
        let now = self.clock.now();
        let mut due = self.links().await?;
        due.retain(|link| !(0..APART_MS).contains(&now.ms_since(link.looked)));
        if due.is_empty() {
            return Ok(0);
        }
        due.sort_by_key(|link| link.looked);
        let repos: Vec<Repo> = self.ours(ci).await;
        let Some(repo) = repos.first() else { return Ok(0) };
        let mut told = 0;
        for link in due.into_iter().take(AT_ONCE) {
            let id = match forge.account_id(repo, &link.login).await {
                Ok(id) => id,
                // Asked again in a minute.
                Err(why) => {
                    tracing::debug!(account = %link.account.key(), %why, "could not look at a link");
                    continue;
                }
            };
            let name = format!("internal:link-{}-{}-{}", self.installation, link.account.key(), link.looked.0);
            let (account, login) = (link.account, link.login);
            let event = Event::Linking { linking: Linking::Looked { account, login, id } };
            told += u64::from(self.store.put_delivery(Delivery::internal(name, now, &event)).await? == Put::New);
        }
        if told > 0 {
            self.turn_due.notify_one();
        }
        Ok(told)
    }

    pub(super) async fn links(&self) -> Result<Vec<Link>, StoreError> {
        let rows = self.store.settings(LINKS).await?;
        Ok(rows.into_iter().filter_map(|(_, value)| serde_json::from_value(value).ok()).collect())
    }
}

impl Working<'_> {
    /// What the forge said of a linked login. A link whose login is another account's is over, and its person is told.
    pub(super) async fn looked(&mut self, account: Account, login: &str, id: Option<u64>) -> Result<(), StoreError> {
        let known = self.engine.links().await?.into_iter().find(|link| link.account == account);
        let Some(link) = known.filter(|link| link.login == login) else { return Ok(()) };
        let same = id.is_some() && link.id.map_or_else(|| counts(&link, self.now), |known| Some(known) == id);
        if same {
            let link = Link { id, looked: self.now, ..link };
            self.turn.settings.push((link_key(&account), Some(json!(link))));
            return Ok(());
        }
        self.turn.settings.push((link_key(&account), None));
        let note = Note::LinkEnded { account: account.key().into(), login: link.login };
        tracing::info!(account = %account.key(), login, "ended a link: the login may be another account's now");
        let bot = Principal {
            key: "ci-rescue".into(),
            name: "CI Rescue".into(),
            role: Role::Viewer,
            github: None,
            known: false,
        };
        self.house_entry(&bot, note.clone()).await?;
        self.effect(Effect::Direct { to: vec![(account.platform, account.id)], note });
        Ok(())
    }
}
