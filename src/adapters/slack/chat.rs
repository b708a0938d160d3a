//! Slack as a chat.

use super::speaker::Account;
use super::{PLATFORM, blocks, client, errors, views};
use crate::card::Card;
use crate::domain::actor::{Place, Platform};
use crate::domain::barrier::Barrier;
use crate::domain::journal::Mood;
use crate::domain::mention::Mention;
use crate::domain::time::Time;
use crate::ports::{Chat, Integration, Message, PortError, Reached, Renewable, Sealer};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::*;
use std::collections::HashMap;
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// chat.postMessage: about one a second and channel (docs.slack.dev, "Rate limits").
const PACE_MS: i64 = 1_050;
/// chat.update is tier 3: 50 a minute in a workspace.
const UPDATES_A_MINUTE: NonZeroU32 = NonZeroU32::new(50).expect("not zero");
const UPDATE_BURST: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const CALL_TIME: Duration = Duration::from_secs(15);
pub(super) const FORM_TIME: Duration = Duration::from_secs(2);
const ACCOUNT_TIME: Duration = Duration::from_millis(1_500);
const EVENT_TYPE: &str = "ci_rescue";
/// Members of a group that are looked at one by one.
const MEMBERS_MAX: usize = 200;
const PAGE: &str = "100";
const PAGES: usize = 10;

pub struct Settings {
    /// Ends in `/api`.
    pub api_url: String,
    pub bot_token: Renewable<SecretString>,
}

pub struct Slack {
    client: SlackHyperClient,
    token: Renewable<SecretString>,
    api: url::Url,
    pace_ms: i64,
    team: Arc<OnceLock<String>>,
    /// Our own account's id, once Slack has told it.
    me: OnceLock<String>,
    pub(super) sealer: Sealer,
    /// The states of home tabs, by person.
    pub(super) hashes: Mutex<HashMap<String, String>>,
    health: Option<Arc<Integration>>,
    hears: bool,
}

impl Slack {
    /// # Errors
    /// The address is not one.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let api = url::Url::parse(&settings.api_url).map_err(|why| format!("slack.api_url: {why}"))?;
        Ok(Self {
            client: client(&settings.api_url)?,
            token: settings.bot_token.clone(),
            api,
            pace_ms: PACE_MS,
            team: Arc::default(),
            me: OnceLock::new(),
            sealer: Sealer::new(&settings.bot_token.get()),
            hashes: Mutex::default(),
            health: None,
            hears: true,
        })
    }

    /// Reports how calls end.
    #[must_use]
    pub fn watched(self, health: Arc<Integration>) -> Self {
        Self { health: Some(health), ..self }
    }

    /// Whether what people press reaches us: by a socket, or by signed calls.
    #[must_use]
    pub fn hearing(self, hears: bool) -> Self {
        Self { hears, ..self }
    }

    /// An address that is a secret, as it is kept.
    #[must_use]
    pub fn seal(&self, address: &str) -> String {
        self.sealer.close(address)
    }

    /// As whom we speak now.
    pub(super) fn token(&self) -> SlackApiToken {
        SlackApiToken::new(self.token.get().expose_secret().into())
    }

    pub(super) fn session<'s>(
        &'s self,
        token: &'s SlackApiToken,
    ) -> SlackClientSession<'s, SlackClientHyperHttpsConnector> {
        self.client.open_session(token)
    }

    /// Our workspace, once [`Slack::whoami`] has learned it.
    #[must_use]
    pub fn team(&self) -> Arc<OnceLock<String>> {
        Arc::clone(&self.team)
    }

    /// Our own account, once [`Slack::whoami`] has learned it.
    #[must_use]
    pub fn account_id(&self) -> &OnceLock<String> {
        &self.me
    }

    /// Whether the account is ours.
    pub(super) fn is_me(&self, user: &str) -> bool {
        self.me.get().is_some_and(|me| me == user)
    }

    /// Asks who we are, and remembers the workspace.
    ///
    /// # Errors
    /// What Slack or the network said.
    pub async fn whoami(&self) -> Result<String, PortError> {
        let token = self.token();
        let session = self.session(&token);
        let answer = self.in_time(session.auth_test()).await?;
        let _ = self.me.set(answer.user_id.to_string());
        let _ = self.team.set(answer.team_id.to_string());
        Ok(format!("{} in {}", answer.user.unwrap_or_default(), answer.team))
    }

    /// The full members of our workspace in a user group.
    async fn group(&self, group: &str) -> Result<Vec<String>, PortError> {
        let team = self.team.get().ok_or_else(|| PortError::transient("Slack has not told our workspace yet"))?;
        let token = self.token();
        let session = self.session(&token);
        let params = vec![("usergroup", Some(group.to_owned()))];
        let call =
            session.http_session_api.http_get("usergroups.users.list", &params, Some(&SLACK_TIER2_METHOD_CONFIG));
        let answer: Value = self.in_time(call).await.map_err(harmless)?;
        let users = answer.get("users").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let users: Vec<&str> = users.collect();
        if users.len() > MEMBERS_MAX {
            let why = format!("it has {} members; a group that gives a role may have {MEMBERS_MAX}", users.len());
            return Err(PortError::permanent(why));
        }
        let mut members = Vec::new();
        for user in users {
            // Of whom Slack tells nothing, nothing is believed.
            match self.account(user).await {
                Ok(account) if account.is_full_member(team) => {
                    members.push(user.to_owned());
                    members.extend(account.enterprise_user.map(|member| member.id));
                }
                Ok(_) => {}
                Err(why) => tracing::debug!(%why, "Slack does not tell what an account is"),
            }
        }
        Ok(members)
    }

    /// What Slack tells of an account, within the time that it waits for an acknowledgement.
    pub(super) async fn account(&self, user: &str) -> Result<Account, PortError> {
        let token = self.token();
        let session = self.session(&token);
        let params = vec![("user", Some(user.to_owned()))];
        let call = session.http_session_api.http_get("users.info", &params, Some(&SLACK_TIER4_METHOD_CONFIG));
        let answer: Result<Value, _> = tokio::time::timeout(ACCOUNT_TIME, call)
            .await
            .map_err(|_| PortError::transient("Slack did not answer in time"))?;
        let mut answer = answer.map_err(|why| errors::of(&why))?;
        let user = answer.get_mut("user").map(Value::take).unwrap_or_default();
        serde_json::from_value(user).map_err(|_| PortError::transient("Slack's answer cannot be read"))
    }

    /// Shows a form to whoever has just clicked.
    ///
    /// # Errors
    /// What Slack or the network said.
    pub async fn open_form(
        &self,
        trigger: &SlackTriggerId,
        asking: &views::Asking,
        context: &views::Context,
    ) -> Result<(), PortError> {
        let token = self.token();
        let session = self.session(&token);
        let request = SlackApiViewsOpenRequest::new(trigger.clone(), views::form(asking, context));
        // Slack waits three seconds for our acknowledgement, and the socket for us.
        let call = tokio::time::timeout(FORM_TIME, session.views_open(&request)).await;
        let opened = call.map_err(|_| PortError::permanent("Slack did not show the form in time"))?;
        opened.map(|_| ()).map_err(|why| errors::of(&why))
    }

    fn content(card: &Card, marker: &str) -> SlackMessageContent {
        blocks::content(card).with_metadata(metadata(marker))
    }

    /// Messages of a channel or a thread, newest first, with our hidden marker among them.
    async fn look(
        &self,
        method: &str,
        params: Vec<(&str, Option<String>)>,
        marker: &str,
    ) -> Result<Option<Message>, PortError> {
        let token = self.token();
        let session = self.session(&token);
        let mut cursor = None;
        for _ in 0..PAGES {
            let mut params = params.clone();
            params.extend([
                ("include_all_metadata", Some("true".into())),
                ("limit", Some(PAGE.into())),
                ("cursor", cursor),
            ]);
            let page: Value = self
                .in_time(session.http_session_api.http_get(method, &params, Some(&SLACK_TIER3_METHOD_CONFIG)))
                .await
                .map_err(harmless)?;
            // What is no answer of Slack's tells nothing of its messages.
            let Some(messages) = page.get("messages").and_then(Value::as_array) else {
                return Err(PortError::transient("Slack's answer cannot be read"));
            };
            for message in messages {
                if message.pointer("/metadata/event_payload/marker").and_then(Value::as_str) == Some(marker) {
                    return Ok(message.get("ts").and_then(Value::as_str).map(str::to_owned));
                }
            }
            cursor = page
                .pointer("/response_metadata/next_cursor")
                .and_then(Value::as_str)
                .filter(|c| !c.is_empty())
                .map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        Ok(None)
    }

    /// Only Slack's own addresses, or the double's, get an answer.
    fn response_url(&self, text: &str) -> Option<url::Url> {
        let url = url::Url::parse(&self.sealer.open(text)?).ok()?;
        let hooks = url.scheme() == "https" && url.host_str() == Some("hooks.slack.com") && url.port().is_none();
        (hooks || url.origin() == self.api.origin()).then_some(url)
    }

    async fn respond(&self, url: url::Url, text: &str) -> Result<(), PortError> {
        let content = SlackMessageContent::new().with_text(text.to_owned());
        let request = SlackApiPostWebhookMessageRequest::new(content).with_replace_original(false);
        self.in_time(self.client.respond_to_event(&SlackResponseUrl(url), &request)).await.map(|_| ())
    }

    /// slack-morphism has no timeouts of its own.
    pub(super) async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, SlackClientError>>,
    ) -> Result<T, PortError> {
        let used = self.token.get();
        let Ok(result) = tokio::time::timeout(CALL_TIME, call).await else {
            let why = "Slack did not answer in time";
            if let Some(health) = &self.health {
                health.failed(why);
            }
            return Err(PortError::ambiguous(why));
        };
        if result.as_ref().is_err_and(errors::is_refused) && self.token.refused(&used) {
            return Err(PortError::transient("Slack refused the token; there is another now"));
        }
        if let Some(health) = &self.health {
            errors::report(health, result.as_ref().err());
        }
        result.map_err(|why| errors::of(&why))
    }
}

fn metadata(marker: &str) -> SlackMessageMetadata {
    SlackMessageMetadata::new(EVENT_TYPE.into())
        .with_event_payload(HashMap::from([("marker".to_owned(), marker.to_owned())]))
}

/// Reading changes nothing, so it can be tried again.
pub(super) fn harmless(why: PortError) -> PortError {
    match why {
        PortError::Ambiguous { why } => PortError::transient(why),
        other => other,
    }
}

#[async_trait]
impl Chat for Slack {
    fn platform(&self) -> Platform {
        Platform::new(PLATFORM)
    }

    async fn members(&self, group: &str) -> Result<Vec<String>, PortError> {
        self.group(group).await
    }

    fn hears(&self) -> bool {
        self.hears
    }

    fn markup(&self) -> &'static str {
        "slack"
    }

    fn pace_ms(&self) -> i64 {
        self.pace_ms
    }

    fn edits_a_minute(&self) -> Option<(NonZeroU32, NonZeroU32)> {
        Some((UPDATES_A_MINUTE, UPDATE_BURST))
    }

    async fn post(&self, channel: &str, card: &Card, marker: &str) -> Result<Message, PortError> {
        let token = self.token();
        let session = self.session(&token);
        let request = SlackApiChatPostMessageRequest::new(channel.into(), Self::content(card, marker))
            .with_unfurl_links(false)
            .with_unfurl_media(false);
        let answer = self.in_time(session.chat_post_message(&request)).await?;
        Ok(answer.ts.to_string())
    }

    async fn edit(&self, channel: &str, message: &Message, card: &Card, marker: &str) -> Result<(), PortError> {
        let token = self.token();
        let session = self.session(&token);
        let request =
            SlackApiChatUpdateRequest::new(channel.into(), Self::content(card, marker), message.as_str().into());
        // An edit may be made twice.
        self.in_time(session.chat_update(&request)).await.map(|_| ()).map_err(harmless)
    }

    async fn find(
        &self,
        channel: &str,
        thread: Option<&Message>,
        marker: &str,
        since: Time,
    ) -> Result<Option<Message>, PortError> {
        let oldest = format!("{}.000000", since.unix_s());
        let mut params = vec![("channel", Some(channel.to_owned())), ("oldest", Some(oldest))];
        match thread {
            Some(thread) => {
                params.push(("ts", Some(thread.clone())));
                self.look("conversations.replies", params, marker).await
            }
            None => self.look("conversations.history", params, marker).await,
        }
    }

    async fn tell(
        &self,
        channel: &str,
        thread: &Message,
        text: &str,
        mentions: &[Mention],
        marker: &str,
    ) -> Result<(), PortError> {
        let text = format!("{}{}", blocks::mentions(mentions), blocks::mrkdwn(text));
        let content = SlackMessageContent::new().with_text(text).with_metadata(metadata(marker));
        let request = SlackApiChatPostMessageRequest::new(channel.into(), content)
            .with_thread_ts(thread.as_str().into())
            .with_unfurl_links(false)
            .with_unfurl_media(false);
        let token = self.token();
        let session = self.session(&token);
        self.in_time(session.chat_post_message(&request)).await.map(|_| ())
    }

    async fn direct(&self, actor_id: &str, text: &str) -> Result<(), PortError> {
        let content = SlackMessageContent::new().with_text(blocks::mrkdwn(text));
        let request = SlackApiChatPostMessageRequest::new(actor_id.into(), content)
            .with_unfurl_links(false)
            .with_unfurl_media(false);
        let token = self.token();
        let session = self.session(&token);
        self.in_time(session.chat_post_message(&request)).await.map(|_| ())
    }

    async fn reach(&self, channel: Option<&str>) -> Result<Reached, PortError> {
        let Some(channel) = channel else { return self.whoami().await.map(|_| Reached::default()) };
        let token = self.token();
        let session = self.session(&token);
        let params = vec![("channel", Some(channel.to_owned()))];
        let call = session.http_session_api.http_get("conversations.info", &params, Some(&SLACK_TIER3_METHOD_CONFIG));
        let answer: Value = self.in_time(call).await.map_err(harmless)?;
        let is = |key: &str| answer.pointer(&format!("/channel/{key}")).and_then(Value::as_bool).unwrap_or(false);
        let name = answer.pointer("/channel/name").and_then(Value::as_str).map(|name| format!("#{name}"));
        let barrier = if is("is_archived") {
            Some(Barrier::Archived)
        } else {
            (is("is_private") && !is("is_member")).then_some(Barrier::NotMember)
        };
        Ok(Reached { name, barrier })
    }

    async fn whisper(&self, place: &Place, actor_id: &str, text: &str, _: Mood) -> Result<(), PortError> {
        // The home tab is no channel: what was done there is answered directly.
        if place.channel.is_empty() && place.reply_to.is_none() {
            return Chat::direct(self, actor_id, text).await;
        }
        let text = blocks::mrkdwn(text);
        if let Some(url) = place.reply_to.as_deref().and_then(|url| self.response_url(url)) {
            match self.respond(url, &text).await {
                // Used up or expired, which Slack says in plain text: the other way still works.
                Err(PortError::Permanent { .. } | PortError::Transient { retry_after: None, .. }) => {}
                other => return other,
            }
        }
        let content = SlackMessageContent::new().with_text(text);
        let mut request =
            SlackApiChatPostEphemeralRequest::new(place.channel.as_str().into(), actor_id.into(), content);
        request.thread_ts = place.thread.as_deref().map(Into::into);
        let token = self.token();
        let session = self.session(&token);
        self.in_time(session.chat_post_ephemeral(&request)).await.map(|_| ())
    }
}
