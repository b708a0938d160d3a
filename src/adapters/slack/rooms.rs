//! Events about channels and about our place in them (docs.slack.dev, "Events").

use crate::domain::barrier::Barrier;
use crate::ports::RoomNews;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RoomEvent {
    ChannelArchive(Channel),
    GroupArchive(Channel),
    ChannelDeleted(Channel),
    GroupDeleted(Channel),
    /// We left a private channel.
    GroupLeft(Channel),
    ChannelUnarchive(Channel),
    GroupUnarchive(Channel),
    MemberJoinedChannel(Member),
    MemberLeftChannel(Member),
    AppUninstalled,
    TokensRevoked {
        tokens: Revoked,
    },
}

#[derive(Debug, Deserialize)]
pub struct Channel {
    channel: String,
}

#[derive(Debug, Deserialize)]
pub struct Member {
    user: String,
    channel: String,
    channel_type: Option<String>,
}

/// The accounts whose tokens were revoked.
#[derive(Debug, Default, Deserialize)]
pub struct Revoked {
    #[serde(default)]
    bot: Vec<String>,
}

impl RoomEvent {
    /// What it means for us; `None` where it is about somebody else.
    pub fn news(self, is_me: &dyn Fn(&str) -> bool) -> Option<RoomNews> {
        let shut = |channel: String, barrier, why: &str| {
            Some(RoomNews::Shut { channel: Some(channel), barrier, why: why.to_owned() })
        };
        let everywhere =
            |why: &str| Some(RoomNews::Shut { channel: None, barrier: Barrier::Token, why: why.to_owned() });
        match self {
            Self::ChannelArchive(at) | Self::GroupArchive(at) => {
                shut(at.channel, Barrier::Archived, "the channel was archived")
            }
            Self::ChannelDeleted(at) | Self::GroupDeleted(at) => {
                shut(at.channel, Barrier::Missing, "the channel was deleted")
            }
            Self::GroupLeft(at) => shut(at.channel, Barrier::NotMember, "the bot was removed from the channel"),
            // We may post to public channels without being in them.
            Self::MemberLeftChannel(left) if is_me(&left.user) && left.channel_type.as_deref() == Some("G") => {
                shut(left.channel, Barrier::NotMember, "the bot was removed from the channel")
            }
            Self::MemberJoinedChannel(joined) if is_me(&joined.user) => {
                Some(RoomNews::Open { channel: Some(joined.channel) })
            }
            Self::ChannelUnarchive(at) | Self::GroupUnarchive(at) => Some(RoomNews::Open { channel: Some(at.channel) }),
            Self::AppUninstalled => everywhere("the app was uninstalled"),
            Self::TokensRevoked { tokens } if tokens.bot.iter().any(|user| is_me(user)) => {
                everywhere("the bot's token was revoked")
            }
            Self::MemberLeftChannel(_) | Self::MemberJoinedChannel(_) | Self::TokensRevoked { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn only_what_is_about_us_is_news() {
        let of = |event: Value| {
            let read: RoomEvent = serde_json::from_value(event).unwrap();
            read.news(&|user| user == "UBOT")
        };
        let left = |user: &str, kind: &str| json!({"type": "member_left_channel", "user": user, "channel": "C1", "channel_type": kind, "team": "T1"});
        for other in [
            left("UADA", "G"),
            left("UBOT", "C"),
            json!({"type": "member_joined_channel", "user": "UADA", "channel": "C1", "channel_type": "C", "team": "T1"}),
            json!({"type": "tokens_revoked", "tokens": {"oauth": ["UBOT"], "bot": ["UOTHER"]}}),
            json!({"type": "tokens_revoked", "tokens": {"oauth": ["UADA"]}}),
        ] {
            assert_eq!(of(other.clone()), None, "{other}");
        }
        for (event, channel, want) in [
            (left("UBOT", "G"), Some("C1"), Barrier::NotMember),
            (json!({"type": "group_left", "channel": "C1", "actor_id": "UADA"}), Some("C1"), Barrier::NotMember),
            (json!({"type": "channel_archive", "channel": "C1", "user": "UADA"}), Some("C1"), Barrier::Archived),
            (json!({"type": "channel_deleted", "channel": "C1"}), Some("C1"), Barrier::Missing),
            (json!({"type": "app_uninstalled"}), None, Barrier::Token),
            (json!({"type": "tokens_revoked", "tokens": {"bot": ["UBOT"]}}), None, Barrier::Token),
        ] {
            match of(event.clone()) {
                Some(RoomNews::Shut { channel: at, barrier, .. }) => {
                    assert_eq!((at.as_deref(), barrier), (channel, want), "{event}");
                }
                other => panic!("{event}: {other:?}"),
            }
        }
    }
}
