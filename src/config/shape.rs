//! Sections and keys.

use crate::domain::actor::Role;
use crate::domain::evidence::Severity;
use crate::domain::rules::Rules;
use crate::domain::subscription::{Filter, Subscription};
use secrecy::SecretString;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    pub server: Server,
    #[serde(default)]
    pub console: Console,
    #[serde(default)]
    pub store: StoreSection,
    #[serde(default)]
    pub github: GitHub,
    #[serde(default)]
    pub slack: Slack,
    #[serde(default)]
    pub discord: Discord,
    #[serde(default)]
    pub hooks: Hooks,
    #[serde(default)]
    pub api: Api,
    #[serde(default)]
    pub redaction: Redaction,
    #[serde(default)]
    pub subscriptions: Vec<Feed>,
    #[serde(default)]
    pub people: Vec<Person>,
    /// The shipped policy with the operator's over it.
    pub policy: Rules,
}

/// Secrets of the operator's own, which are masked wherever they turn up, besides those that have a known shape.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redaction {
    pub values: Vec<SecretString>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address of the public listener.
    pub listen: String,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8080".into() }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    /// Address of the private listener.
    pub listen: String,
    pub token: Option<SecretString>,
}

impl Default for Console {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8081".into(), token: None }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSection {
    pub path: PathBuf,
}

impl Default for StoreSection {
    fn default() -> Self {
        Self { path: "ci-rescue-data".into() }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GitHub {
    pub api_url: String,
    pub ca_file: Option<PathBuf>,
    pub app_id: Option<u64>,
    pub private_key_file: Option<PathBuf>,
    pub webhook_secret: Option<SecretString>,
    pub webhook_secret_previous: Option<Previous>,
    pub token: Option<SecretString>,
    pub repositories: Vec<String>,
    pub branches: Vec<String>,
    pub skip_flag: Option<String>,
}

/// The secret before a rotation: a bare text counts until it is removed, a table until its time.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Previous {
    Always(SecretString),
    Until { secret: SecretString, until: chrono::DateTime<chrono::Utc> },
}

impl Default for GitHub {
    fn default() -> Self {
        Self {
            api_url: "https://api.github.com".into(),
            ca_file: None,
            app_id: None,
            private_key_file: None,
            webhook_secret: None,
            webhook_secret_previous: None,
            token: None,
            repositories: Vec::new(),
            branches: Vec::new(),
            skip_flag: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Slack {
    pub api_url: String,
    /// `socket` or `http`.
    pub transport: String,
    pub bot_token: Option<SecretString>,
    pub app_token: Option<SecretString>,
    pub signing_secret: Option<SecretString>,
}

impl Default for Slack {
    fn default() -> Self {
        Self {
            api_url: "https://slack.com/api".into(),
            transport: "socket".into(),
            bot_token: None,
            app_token: None,
            signing_secret: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Discord {
    pub api_url: String,
    /// `gateway` or `http`.
    pub transport: String,
    pub bot_token: Option<SecretString>,
    pub application_id: Option<String>,
    pub public_key: Option<String>,
    pub guild_id: Option<String>,
}

impl Default for Discord {
    fn default() -> Self {
        Self {
            api_url: "https://discord.com/api/v10".into(),
            transport: "gateway".into(),
            bot_token: None,
            application_id: None,
            public_key: None,
            guild_id: None,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hooks {
    pub token: Option<SecretString>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Api {
    pub read_token: Option<SecretString>,
    pub act_token: Option<SecretString>,
}

/// One `[[subscriptions]]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    pub platform: String,
    pub channel: String,
    #[serde(default)]
    pub repo: Option<String>,
    #[serde(default)]
    pub branch: Option<String>,
    #[serde(default)]
    pub workflow: Option<String>,
    #[serde(default)]
    pub conclusion: Option<String>,
    #[serde(default)]
    pub severity: Option<Severity>,
    #[serde(default)]
    pub owner: Option<String>,
    /// What members of the channel may do, at most responder.
    #[serde(default)]
    pub role: Option<Role>,
}

impl Feed {
    #[must_use]
    pub fn subscription(&self) -> Subscription {
        Subscription {
            platform: crate::domain::Platform::new(&*self.platform),
            channel: self.channel.clone(),
            filter: Filter {
                repo: self.repo.clone(),
                branch: self.branch.clone(),
                workflow: self.workflow.clone(),
                conclusion: self.conclusion.clone(),
                severity: self.severity,
                owner: self.owner.clone(),
            },
            role: self.role,
            fixed: true,
        }
    }
}

/// One `[[people]]` table: the accounts of one person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: String,
    #[serde(default)]
    pub github: Option<String>,
    #[serde(default)]
    pub slack: Option<String>,
    #[serde(default)]
    pub discord: Option<String>,
    #[serde(default)]
    pub role: Role,
}
