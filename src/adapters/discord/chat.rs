//! Discord as a chat: cards in channels, history in public threads.

use super::rest::{Failure, Rest, Route, code};
use super::{PLATFORM, embeds};
use crate::card::Card;
use crate::domain::actor::{Place, Platform};
use crate::domain::barrier::Barrier;
use crate::domain::journal::Mood;
use crate::domain::mention::Mention;
use crate::domain::time::Time;
use crate::ports::{Chat, Message, Pages, PortError, Reached};
use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// Five messages in five seconds and channel.
const PACE_MS: i64 = 1_050;
/// A thread that begins at no message (discord.com/developers, "Channel Types").
const PUBLIC_THREAD: u8 = 11;
const PAGE: usize = 100;
const PAGES: usize = 10;
/// A quiet thread is put away after a day, in minutes.
const ARCHIVE_MIN: u32 = 1_440;
/// Discord's epoch, for ids that carry their time (discord.com/developers, "Snowflakes"), in milliseconds.
const EPOCH_MS: i64 = 1_420_070_400_000;
/// How a private answer finds its way: the first answer to a command, or one more.
pub const FIRST: &str = "first";
pub const FURTHER: &str = "further";

pub struct Discord {
    rest: Arc<Rest>,
    /// Our own account's id, once Discord has told it.
    me: OnceCell<String>,
    /// Where the history of a locked thread goes on, as far as this process made it.
    followers: Mutex<HashMap<String, String>>,
}

impl Discord {
    #[must_use]
    pub fn new(rest: Arc<Rest>) -> Self {
        Self { rest, me: OnceCell::new(), followers: Mutex::default() }
    }

    /// Asks who we are.
    ///
    /// # Errors
    /// What Discord or the network said.
    pub async fn whoami(&self) -> Result<String, PortError> {
        let me = self.rest.call(Route::new(Method::GET, "/users/@me".into()), None).await?;
        Ok(me.get("username").and_then(Value::as_str).unwrap_or("unknown").to_owned())
    }

    async fn own_id(&self) -> Result<&str, PortError> {
        let ask = async {
            let me = self.rest.call(Route::new(Method::GET, "/users/@me".into()), None).await?;
            let id = me.get("id").and_then(Value::as_str).map(str::to_owned);
            id.ok_or_else(|| PortError::permanent("Discord's answer names no account"))
        };
        self.me.get_or_try_init(|| ask).await.map(String::as_str)
    }

    async fn create(&self, channel: &str, body: &Value) -> Result<Message, Failure> {
        let route = Route::new(Method::POST, format!("/channels/{}/messages", id(channel)?));
        let answer = self.rest.call(route, Some(body)).await?;
        let message = answer.get("id").and_then(Value::as_str).map(str::to_owned);
        message.ok_or_else(|| PortError::ambiguous("Discord's answer names no message").into())
    }

    /// Opens a thread that was put away; where it is locked for good, the history goes on in a new one.
    async fn reopened(&self, channel: &str, thread: &str, body: &Value, marker: &str) -> Result<Message, Failure> {
        let known = self.followers().get(thread).cloned();
        if let Some(follower) = known {
            return self.create(&follower, body).await;
        }
        let open = json!({"archived": false});
        let route = Route::new(Method::PATCH, format!("/channels/{}", id(thread)?));
        if self.rest.call(route, Some(&open)).await.is_ok() {
            match self.create(thread, body).await {
                Err(failure) if is_shut(failure.code) => {}
                other => return other,
            }
        }
        let name = format!("Incident {} (continued)", marker.split('/').nth(2).unwrap_or_default());
        let fresh = json!({"name": name, "type": PUBLIC_THREAD, "auto_archive_duration": ARCHIVE_MIN});
        let route = Route::new(Method::POST, format!("/channels/{}/threads", id(channel)?));
        let made = self.rest.call(route, Some(&fresh)).await?;
        let made = made.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.followers().insert(thread.to_owned(), made.clone());
        self.create(&made, body).await
    }

    fn followers(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread that begins at a message has the message's id.
    async fn open_thread(&self, channel: &str, message: &str, marker: &str) -> Result<(), Failure> {
        let name = format!("Incident {}", marker.split('/').nth(2).unwrap_or_default());
        let path = format!("/channels/{}/messages/{}/threads", id(channel)?, id(message)?);
        let body = json!({"name": name, "auto_archive_duration": ARCHIVE_MIN});
        match self.rest.call(Route::new(Method::POST, path), Some(&body)).await {
            Err(failure) if failure.code != code::THREAD_EXISTS => Err(failure),
            _ => Ok(()),
        }
    }
}

/// Put away, or locked.
fn is_shut(code: u64) -> bool {
    matches!(code, code::THREAD_ARCHIVED | code::THREAD_LOCKED)
}

/// Ids are digits; anything else would be another address.
fn id(text: &str) -> Result<&str, PortError> {
    let good = (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if good { Ok(text) } else { Err(PortError::permanent("that is no Discord id")) }
}

/// The id that a message of this moment would have at least.
fn snowflake(at: Time) -> i64 {
    (at.0 - EPOCH_MS).max(0) << 22
}

impl Pages for Discord {}

#[async_trait]
impl Chat for Discord {
    fn platform(&self) -> Platform {
        Platform::new(PLATFORM)
    }

    fn markup(&self) -> &'static str {
        "discord"
    }

    fn pace_ms(&self) -> i64 {
        PACE_MS
    }

    async fn post(&self, channel: &str, card: &Card, marker: &str) -> Result<Message, PortError> {
        self.create(channel, &embeds::post(card, marker)).await.map_err(PortError::from)
    }

    async fn edit(&self, channel: &str, message: &Message, card: &Card, marker: &str) -> Result<(), PortError> {
        let route = Route::new(Method::PATCH, format!("/channels/{}/messages/{}", id(channel)?, id(message)?));
        match self.rest.call(route, Some(&embeds::edit(card, marker))).await.map_err(PortError::from) {
            // An edit may be made twice.
            Err(PortError::Ambiguous { why }) => Err(PortError::transient(why)),
            other => other.map(|_| ()),
        }
    }

    async fn find(
        &self,
        channel: &str,
        thread: Option<&Message>,
        marker: &str,
        since: Time,
    ) -> Result<Option<Message>, PortError> {
        let channel = id(thread.map_or(channel, String::as_str))?;
        let mut after = snowflake(since).to_string();
        for _ in 0..PAGES {
            let path = format!("/channels/{channel}/messages?limit={PAGE}&after={after}");
            let page = match self.rest.call(Route::new(Method::GET, path), None).await {
                // The thread is not made yet.
                Err(failure) if thread.is_some() && failure.code == code::UNKNOWN_CHANNEL => return Ok(None),
                other => other?,
            };
            // What is no answer of Discord's tells nothing of its messages.
            let Value::Array(messages) = page else {
                return Err(PortError::transient("Discord's answer cannot be read"));
            };
            let name = |message: &Value| message.get("id").and_then(Value::as_str).map(str::to_owned);
            let me = self.own_id().await?;
            let ours = messages.iter().find(|message| is_ours(message, me, marker));
            if let Some(found) = ours {
                return Ok(name(found));
            }
            let newest = messages.iter().filter_map(name).max_by_key(|id| id.parse::<u64>().unwrap_or(0));
            match newest.filter(|_| messages.len() >= PAGE) {
                Some(newest) => after = newest,
                None => break,
            }
        }
        Ok(None)
    }

    async fn tell(
        &self,
        channel: &str,
        thread: &Message,
        text: &str,
        mentions: &[Mention],
        marker: &str,
    ) -> Result<(), PortError> {
        let body = embeds::note(text, mentions, marker);
        let mut told = self.create(thread, &body).await;
        // There is no thread yet: it is made with the second thing that happens.
        if told.as_ref().is_err_and(|failure| failure.code == code::UNKNOWN_CHANNEL) {
            told = match self.open_thread(channel, thread, marker).await {
                Ok(()) => self.create(thread, &body).await,
                Err(failure) => Err(failure),
            };
        }
        if told.as_ref().is_err_and(|failure| is_shut(failure.code)) {
            told = self.reopened(channel, thread, &body, marker).await;
        }
        // Where the thread alone refuses it, it stands in the channel, below the card.
        if matches!(&told, Err(Failure { error: PortError::Fixable { barrier: Barrier::Forbidden, .. }, .. })) {
            let mut body = body;
            body["message_reference"] = json!({"message_id": thread, "fail_if_not_exists": false});
            told = self.create(channel, &body).await;
        }
        told.map(|_| ()).map_err(PortError::from)
    }

    async fn reach(&self, channel: Option<&str>) -> Result<Reached, PortError> {
        let Some(channel) = channel else { return self.whoami().await.map(|_| Reached::default()) };
        let told = self.rest.call(Route::new(Method::GET, format!("/channels/{}", id(channel)?)), None).await?;
        let name = told.get("name").and_then(Value::as_str).map(|name| format!("#{name}"));
        Ok(Reached { name, barrier: None })
    }

    async fn direct(&self, actor_id: &str, text: &str) -> Result<(), PortError> {
        let body = json!({"recipient_id": id(actor_id)?});
        let channel = self.rest.call(Route::new(Method::POST, "/users/@me/channels".into()), Some(&body)).await?;
        let channel = channel.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.create(&channel, &embeds::whisper(text, false)).await.map(|_| ()).map_err(PortError::from)
    }

    async fn whisper(&self, place: &Place, _: &str, text: &str, _: Mood) -> Result<(), PortError> {
        let (kept, at) = place.reply_to.as_deref().map(when_received).unzip();
        let opened = kept.and_then(|kept| self.rest.sealer().open(kept));
        let key = opened.as_deref().and_then(Reply::read);
        let Some(Reply { first, application, token }) = key else {
            return Err(PortError::permanent("Discord has no way to answer privately here"));
        };
        for (n, part) in embeds::parts(text).iter().enumerate() {
            let first = first && n == 0;
            let route = if first {
                Route::new(Method::PATCH, format!("/webhooks/{application}/{token}/messages/@original"))
            } else {
                Route::new(Method::POST, format!("/webhooks/{application}/{token}"))
            };
            let told = self.rest.call(route, Some(&embeds::whisper(part, !first))).await;
            let late = at.flatten().is_some_and(|at| self.rest.now().ms_since(at) > ACKNOWLEDGED_MS);
            told.map_err(|failure| overtaking(failure, late))?;
        }
        Ok(())
    }
}

/// Our answer may overtake the acknowledgement that it belongs to: a moment later it is there, or never.
fn overtaking(failure: Failure, late: bool) -> PortError {
    match failure.code {
        code::UNKNOWN_WEBHOOK | code::UNKNOWN_MESSAGE | code::UNKNOWN_INTERACTION if late => {
            PortError::permanent(failure.error.why())
        }
        code::UNKNOWN_WEBHOOK | code::UNKNOWN_MESSAGE | code::UNKNOWN_INTERACTION => {
            PortError::transient(failure.error.why())
        }
        _ => failure.error,
    }
}

/// Discord waits three seconds for an acknowledgement; one that is not there after this never came.
const ACKNOWLEDGED_MS: i64 = 10_000;

/// The key to answer by with the moment at which it was received, for the queue of effects.
pub fn received(kept: &str, at: Time) -> String {
    format!("{kept} {}", at.0)
}

/// The key, and when it was received; what an older program queued does not say.
fn when_received(kept: &str) -> (&str, Option<Time>) {
    let parts = kept.rsplit_once(' ').and_then(|(key, at)| Some((key, Time(at.parse().ok()?))));
    parts.map_or((kept, None), |(key, at)| (key, Some(at)))
}

/// What a private answer needs. An interaction's token lives for 15 minutes.
struct Reply<'a> {
    first: bool,
    application: &'a str,
    token: &'a str,
}

impl<'a> Reply<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (kind, application, token) = (parts.next()?, parts.next()?, parts.next()?);
        let safe = token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.=:".contains(&b));
        (safe && !token.is_empty() && id(application).is_ok()).then_some(Self {
            first: kind == FIRST,
            application,
            token,
        })
    }
}

/// Whoever copies our footer is still somebody else; cards and notes of ours have exactly one embed.
fn is_ours(message: &Value, me: &str, marker: &str) -> bool {
    let author = message.pointer("/author/id").and_then(Value::as_str) == Some(me);
    author && message.pointer("/embeds/0/footer/text").and_then(Value::as_str) == Some(marker)
}
