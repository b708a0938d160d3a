//! Whom to mention: accounts and groups of chat platforms, by ids of the configuration alone.

use super::actor::Platform;
use super::evidence::Severity;
use super::incident::Incident;
use super::time::Time;
use serde::{Deserialize, Serialize};

/// The longest id, in characters; Slack's have about eleven, Discord's twenty.
const ID_MAX: usize = 30;

/// Commits whose authors are looked at: a file's owner is whoever worked on it lately, not everybody who ever did.
pub const AUTHORS_MAX: usize = 3;

/// An account or a group, by an id that has been checked: nothing else becomes a mention.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    id: String,
    group: bool,
}

impl Mention {
    /// An account of this platform; `None` where that is no id of one.
    #[must_use]
    pub fn account(platform: &Platform, id: &str) -> Option<Self> {
        let good = match platform.0.as_str() {
            "slack" => is_slack(id, &['U', 'W']),
            "discord" => is_number(id),
            _ => false,
        };
        good.then(|| Self { id: id.to_owned(), group: false })
    }

    /// A user group (Slack) or a role (Discord); `None` where that is no id of one.
    #[must_use]
    pub fn group(platform: &Platform, id: &str) -> Option<Self> {
        let good = match platform.0.as_str() {
            "slack" => is_slack(id, &['S']),
            "discord" => is_number(id),
            _ => false,
        };
        good.then(|| Self { id: id.to_owned(), group: true })
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub fn is_group(&self) -> bool {
        self.group
    }
}

/// Capitals and digits after a letter that says what it is (docs.slack.dev, "Formatting message text").
fn is_slack(id: &str, first: &[char]) -> bool {
    let rest = id.strip_prefix(first).unwrap_or_default();
    !rest.is_empty() && id.len() <= ID_MAX && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_number(id: &str) -> bool {
    (1..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit())
}

/// By which road a person wants to hear of what is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Road {
    /// Mentioned in the card's thread.
    Thread,
    /// A direct message instead.
    Dm,
    Off,
    /// As the configuration says.
    Default,
}

impl Road {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Thread => "thread",
            Self::Dm => "dm",
            Self::Off => "off",
            Self::Default => "default",
        }
    }
}

/// What a person said of how to tell them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    pub road: Road,
    /// `22:00-07:00`, checked.
    pub quiet: Option<String>,
    /// The IANA name of the quiet hours' time zone, checked.
    pub zone: String,
}

/// Who is still to be told, once their quiet hours are over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// As CODEOWNERS writes them.
    pub owners: Vec<String>,
    /// The suspect's author, by a direct message.
    pub author: bool,
}

impl Held {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty() && !self.author
    }
}

/// Why somebody counts as the owner of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// CODEOWNERS says so.
    Owner,
    /// Nobody changed the failing file later.
    Author,
    /// The evidence isolates their commit.
    Suspect,
    /// A merge queue threw their pull request out.
    Pull,
}

/// A commit under suspicion whose author is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blamed {
    pub sha: String,
    /// Absent until the forge has answered, and where it knows no account.
    pub login: Option<String>,
}

/// What a step may know of mentions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mentioning {
    /// Failures of these severities are told.
    pub severities: Vec<Severity>,
    /// When the quiet hours end, during them.
    pub quiet_until: Option<Time>,
    /// The channel of each platform where somebody would be mentioned; none where nobody is configured, or all are muted.
    pub places: Vec<(Platform, String)>,
    /// Accounts of the suspect's author, where they want a direct message.
    pub direct: Vec<(Platform, String)>,
    /// Accounts of each owner who wants a direct message instead.
    pub privately: Vec<Vec<(Platform, String)>>,
    /// Owners in their quiet hours, and when those end.
    pub asleep: Vec<(String, Time)>,
    /// When the quiet hours of the suspect's author end, during them.
    pub author_asleep: Option<Time>,
    /// The authors of what a merge queue threw out, by login.
    pub authors: Vec<Reachable>,
}

/// Where somebody with an account at the forge can be told something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reachable {
    pub login: String,
    /// Where they want a direct message.
    pub direct: Vec<(Platform, String)>,
    /// The channels of the incident in which they can be mentioned.
    pub places: Vec<(Platform, String)>,
    /// When their own quiet hours end, during them.
    #[serde(default)]
    pub quiet_until: Option<Time>,
}

impl Incident {
    /// Whose it is, best known first: its owners, who changed the failing file last, the suspect's author.
    #[must_use]
    pub fn whose(&self) -> Option<(Whose, Vec<String>)> {
        let known = |all: &Option<Vec<String>>| all.clone().filter(|all| !all.is_empty());
        let blamed = || self.blamed.as_ref()?.login.as_ref().map(|login| vec![format!("@{login}")]);
        known(&self.owners)
            .map(|all| (Whose::Owner, all))
            .or_else(|| known(&self.authors).map(|all| (Whose::Author, all)))
            .or_else(|| blamed().map(|all| (Whose::Suspect, all)))
    }

    /// Owners who are to be told now: those who were in their quiet hours, or all where it is news to all.
    #[must_use]
    pub fn to_mention(&self) -> Vec<String> {
        if self.mention_held.is_empty() || self.mention_again {
            return self.whose().map_or_else(Vec::new, |(_, owners)| owners);
        }
        self.mention_held.owners.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_become_mentions() {
        let (slack, discord) = (Platform::new("slack"), Platform::new("discord"));
        for id in ["U0123456789", "W1"] {
            assert_eq!(Mention::account(&slack, id).unwrap().id(), id);
            assert!(Mention::group(&slack, id).is_none() && Mention::account(&discord, id).is_none(), "{id}");
        }
        assert!(Mention::group(&slack, "S0123").unwrap().is_group());
        assert!(Mention::account(&discord, "600000000000000000").is_some());
        for id in
            ["", "U", "u1", "U1>", "U1|x", "<@U1>", "!channel", "here", "@here", "S1 ", "U1\n", "U\u{0661}", "1>", "-1"]
        {
            for platform in [&slack, &discord] {
                assert!(Mention::account(platform, id).is_none(), "{platform} {id:?}");
                assert!(Mention::group(platform, id).is_none(), "{platform} {id:?}");
            }
        }
        assert!(Mention::account(&Platform::new("github"), "U1").is_none());
    }
}
