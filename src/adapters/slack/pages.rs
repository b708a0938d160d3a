//! Slack's places beside its channels: the home tab, windows (modals) and previews of links (unfurls).

use super::chat::Slack;
use super::{blocks, errors, views};
use crate::card::Card;
use crate::domain::page::{Home, Posted, Window};
use crate::ports::{Pages, PortError};
use async_trait::async_trait;
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::*;
use std::collections::HashMap;
use std::sync::PoisonError;

/// Where a link was posted, as Slack calls it.
const POSTED: &str = "conversations_history";
/// Somebody else has changed the view since.
const CONFLICT: &str = "hash_conflict";
/// Home tabs whose state is remembered.
const HASHES_MAX: usize = 1_000;

impl Slack {
    /// Remembers in which state a person's home tab is.
    pub(super) fn saw_home(&self, user: &str, hash: Option<String>) {
        let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        match hash {
            Some(hash) if hashes.len() < HASHES_MAX || hashes.contains_key(user) => {
                hashes.insert(user.to_owned(), hash);
            }
            Some(_) => {}
            None => drop(hashes.remove(user)),
        }
    }

    fn seen_home(&self, user: &str) -> Option<String> {
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner).get(user).cloned()
    }

    /// Opens a window for an answer that is still to come; its id.
    ///
    /// # Errors
    /// What Slack or the network said.
    pub(super) async fn open_window(&self, trigger: &SlackTriggerId) -> Result<String, PortError> {
        let token = self.token();
        let session = self.session(&token);
        let request = SlackApiViewsOpenRequest::new(trigger.clone(), views::looking());
        let call = tokio::time::timeout(super::chat::FORM_TIME, session.views_open(&request)).await;
        let opened = call.map_err(|_| PortError::permanent("Slack did not open the window in time"))?;
        opened.map(|opened| opened.view.state_params.id.to_string()).map_err(|why| errors::of(&why))
    }
}

fn is_conflict(why: &SlackClientError) -> bool {
    matches!(why, SlackClientError::ApiError(error) if error.code == CONFLICT)
}

#[async_trait]
impl Pages for Slack {
    async fn home(&self, actor_id: &str, home: &Home) -> Result<(), PortError> {
        let token = self.token();
        let session = self.session(&token);
        // Whoever is of another workspace has that one's name before their own.
        let user = actor_id.rsplit('/').next().unwrap_or(actor_id);
        let mut request = SlackApiViewsPublishRequest::new(user.into(), views::home(home));
        request.hash = self.seen_home(user);
        let mut conflict = false;
        let call = async {
            let answer = session.views_publish(&request).await;
            conflict = answer.as_ref().is_err_and(is_conflict);
            answer
        };
        match self.in_time(call).await {
            Ok(answer) => {
                self.saw_home(user, Some(answer.view.state_params.hash));
                Ok(())
            }
            Err(why) => {
                self.saw_home(user, None);
                // Whoever was faster may have had something newer: the engine looks before it tries again.
                Err(if conflict { PortError::transient(why.to_string()) } else { super::chat::harmless(why) })
            }
        }
    }

    async fn show(&self, window: &str, channel: &str, thread: Option<&str>, shown: &Window) -> Result<(), PortError> {
        let request =
            SlackApiViewsUpdateRequest::new(views::window(shown, channel, thread)).with_view_id(window.into());
        let token = self.token();
        let session = self.session(&token);
        self.in_time(session.views_update(&request)).await.map(|_| ()).map_err(super::chat::harmless)
    }

    async fn preview(&self, at: &Posted, cards: &[(String, Card)]) -> Result<(), PortError> {
        let mut unfurls = HashMap::new();
        for (address, card) in cards {
            let Some(url) = self.unseal(address) else { continue };
            unfurls.insert(url, SlackApiChatUnfurlMapItemV2::new(blocks::preview(card)));
        }
        let id = match &at.links {
            Some(links) => SlackUnfurlRequestId::UnfurlIdSource(SlackUnfurlIdSource {
                source: POSTED.to_owned(),
                unfurl_id: links.as_str().into(),
            }),
            None => SlackUnfurlRequestId::ChannelTs(SlackChannelTs {
                channel: at.channel.as_str().into(),
                ts: at.message.as_str().into(),
            }),
        };
        let request = SlackApiChatUnfurlRequestV3::new(id, unfurls);
        let token = self.token();
        let session = self.session(&token);
        // Slack keeps one preview for each link, however often it is told.
        self.in_time(session.chat_unfurl_v3(&request)).await.map(|_| ()).map_err(super::chat::harmless)
    }
}
