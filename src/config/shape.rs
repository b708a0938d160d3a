//! Sections and keys.

use super::changes::Values;
use super::digests::DigestSection;
use super::loops::{AgentSection, LoopSection};
use super::repro::ReproSection;
use super::sign_in::SignIn;
use super::sinks::{EmailSection, TeamsSection, WebhookSection};
use crate::domain::actor::Role;
use crate::domain::evidence::Severity;
use crate::domain::rules::Rules;
use crate::domain::schedule::Watching;
use crate::domain::subscription::{Filter, Subscription};
use crate::domain::time::MINUTE_MS;
use crate::policy::{self, Mentions, Quiet};
use secrecy::SecretString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    pub server: Server,
    #[serde(default)]
    pub console: Console,
    #[serde(default)]
    pub sign_in: SignIn,
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
    pub email: EmailSection,
    #[serde(default)]
    pub teams: Vec<TeamsSection>,
    #[serde(default)]
    pub webhooks: Vec<WebhookSection>,
    #[serde(default)]
    pub api: Api,
    #[serde(default)]
    pub audit: Audit,
    #[serde(default)]
    pub redaction: Redaction,
    #[serde(default)]
    pub known_issues: KnownIssues,
    #[serde(default)]
    pub subscriptions: Vec<Feed>,
    #[serde(default)]
    pub people: Vec<Person>,
    #[serde(default)]
    pub groups: Vec<Group>,
    #[serde(default)]
    pub mentions: MentionSection,
    #[serde(default)]
    pub digests: Vec<DigestSection>,
    #[serde(default)]
    pub loops: LoopSection,
    #[serde(default)]
    pub agents: Vec<AgentSection>,
    #[serde(default)]
    pub repro: ReproSection,
    #[serde(default)]
    pub schedules: Schedules,
    #[serde(default)]
    pub traces: Traces,
    #[serde(default)]
    pub providers: Vec<Provider>,
    /// The shipped policy with the operator's over it.
    pub policy: Rules,
    #[serde(skip)]
    pub origin: Origin,
}

/// Where the configuration came from.
#[derive(Debug, Default)]
pub struct Origin {
    pub file: Option<PathBuf>,
    /// Whether the file itself holds secrets.
    pub secrets: bool,
    /// Files of secrets that are named by their key.
    pub secret_files: Vec<PathBuf>,
    /// Every value that is set, for comparisons.
    pub values: Values,
    /// The place and name of each key that is set, as errors tell it.
    pub names: BTreeMap<String, String>,
}

impl Config {
    /// A key as errors name it: with its file and line, or by its variable.
    #[must_use]
    pub fn name(&self, key: &str) -> String {
        self.origin.names.get(key).cloned().unwrap_or_else(|| key.to_owned())
    }
}

/// Secrets of the operator's own, which are masked wherever they turn up, besides those that have a known shape.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redaction {
    pub values: Vec<SecretString>,
}

/// Where entries of the audit go as they are made.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// It grows by a JSON object a line.
    pub file: Option<PathBuf>,
    /// `unix:/dev/log`, `udp://host:514` or `tcp://host:601`.
    pub syslog: Option<String>,
}

/// A provider's status page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    #[serde(default)]
    pub name: String,
    /// Statuspage's `/api/v2/summary.json`, or an Atom feed.
    #[serde(default)]
    pub url: String,
    /// Of these components only.
    #[serde(default)]
    pub components: Vec<String>,
}

/// Workflows that should run by the clock.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schedules {
    pub watch: bool,
    /// How late a run may be.
    pub grace_minutes: u32,
}

impl Default for Schedules {
    fn default() -> Self {
        Self { watch: true, grace_minutes: 120 }
    }
}

impl Schedules {
    #[must_use]
    pub fn watching(&self) -> Watching {
        Watching { on: self.watch, grace_ms: i64::from(self.grace_minutes) * MINUTE_MS }
    }
}

/// Traces for an OpenTelemetry collector.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Traces {
    /// The whole address for OTLP over HTTP, `/v1/traces` included; without one, nothing is traced.
    pub endpoint: Option<String>,
    /// Of all traces, how many are kept.
    pub sample_percent: u32,
    /// `deployment.environment.name`.
    pub environment: Option<String>,
}

impl Default for Traces {
    fn default() -> Self {
        Self { endpoint: None, sample_percent: 100, environment: None }
    }
}

/// Failures that the operator knows, besides those that ship.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KnownIssues {
    /// A file like `rules/known_issues.toml`.
    pub file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address of the public listener.
    pub listen: String,
    /// Addresses and networks of reverse proxies, which are believed about where a request comes from.
    pub proxies: Vec<String>,
    /// With both files, the listener speaks TLS.
    pub tls_cert_file: Option<PathBuf>,
    pub tls_key_file: Option<PathBuf>,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8080".into(), proxies: Vec::new(), tls_cert_file: None, tls_key_file: None }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    /// Address of the private listener.
    pub listen: String,
    pub token: Option<SecretString>,
    /// Where browsers find it, if not at `listen`: the address of a proxy that adds TLS.
    pub url: Option<String>,
    /// With both files, the listener speaks TLS.
    pub tls_cert_file: Option<PathBuf>,
    pub tls_key_file: Option<PathBuf>,
}

impl Default for Console {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8081".into(), token: None, url: None, tls_cert_file: None, tls_key_file: None }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSection {
    /// The directory of the embedded store.
    pub path: PathBuf,
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE` instead of it, for several replicas.
    pub url: Option<SecretString>,
    /// Authorities in PEM that the database's certificate may come from.
    pub ca_file: Option<PathBuf>,
}

impl Default for StoreSection {
    fn default() -> Self {
        Self { path: "ci-rescue-data".into(), url: None, ca_file: None }
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
    /// Of the App, or of an OAuth App: by it people link accounts and sign in.
    pub client_id: Option<String>,
    pub client_secret: Option<SecretString>,
    pub token: Option<SecretString>,
    pub repositories: Vec<String>,
    pub branches: Vec<String>,
    pub skip_flag: Option<String>,
    /// Whether heads of pull requests get the check `ci-rescue/verdict`.
    pub verdict_check: bool,
}

/// The secret before a rotation: a bare text counts until it is removed, a table until its time.
#[derive(Debug)]
pub enum Previous {
    Always(SecretString),
    Until { secret: SecretString, until: Instant },
}

type Instant = chrono::DateTime<chrono::Utc>;

impl Previous {
    #[must_use]
    pub fn secret(&self) -> &SecretString {
        match self {
            Self::Always(secret) | Self::Until { secret, .. } => secret,
        }
    }

    pub fn secret_mut(&mut self) -> &mut SecretString {
        match self {
            Self::Always(secret) | Self::Until { secret, .. } => secret,
        }
    }
}

impl<'de> Deserialize<'de> for Previous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Previous;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quoted string, or {secret = \"…\", until = 2026-12-31T00:00:00Z}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Previous, E> {
                Ok(Previous::Always(text.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Previous, A::Error> {
                let Until { secret, until } = Until::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Previous::Until { secret, until })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Until {
    secret: SecretString,
    #[serde(deserialize_with = "instant")]
    until: Instant,
}

/// A time of TOML's own, or the same as text.
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
    struct Text;

    impl Visitor<'_> for Text {
        type Value = Instant;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a time with its zone, such as 2026-12-31T00:00:00Z")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Instant, E> {
            text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
        }
    }
    deserializer.deserialize_any(Text)
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
            client_id: None,
            client_secret: None,
            token: None,
            repositories: Vec::new(),
            branches: Vec::new(),
            skip_flag: None,
            verdict_check: false,
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

#[derive(Clone, Debug, Deserialize)]
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
    /// Hosts of CI systems whose run pages cards may link to, beside the forge's own.
    pub hosts: Vec<String>,
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
    #[serde(default)]
    pub platform: String,
    #[serde(default)]
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
            added: None,
        }
    }
}

/// One `[[people]]` table: the accounts of one person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub github: Option<String>,
    #[serde(default)]
    pub slack: Option<String>,
    #[serde(default)]
    pub discord: Option<String>,
    /// What `OpenID` Connect or a proxy calls them: a verified email address, or a subject or user name.
    #[serde(default)]
    pub sign_in: Option<String>,
    #[serde(default)]
    pub role: Role,
    /// They want a direct message when the evidence isolates a commit of theirs, or somebody assigns them an incident.
    #[serde(default)]
    pub direct: bool,
}

/// One `[[groups]]` table: what mentions an owner that is not one person, and what its members may do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// As CODEOWNERS writes it.
    #[serde(default)]
    pub owner: String,
    /// A user group.
    #[serde(default)]
    pub slack: Option<String>,
    /// A role.
    #[serde(default)]
    pub discord: Option<String>,
    /// A group that `OpenID` Connect or a proxy tells of.
    #[serde(default)]
    pub sign_in: Option<String>,
    /// What its members may do.
    #[serde(default)]
    pub role: Option<Role>,
}

/// Whether and when people are mentioned.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MentionSection {
    /// `22:00-07:00`: nobody is mentioned then.
    pub quiet: Option<String>,
    /// Of the quiet hours, by its IANA name.
    pub time_zone: String,
    pub severities: Vec<Severity>,
}

impl Default for MentionSection {
    fn default() -> Self {
        let severities = vec![Severity::Blocker, Severity::Normal, Severity::Security];
        Self { quiet: None, time_zone: "UTC".into(), severities }
    }
}

impl MentionSection {
    /// As the engine wants it; what [`super::load`] accepted loses nothing.
    #[must_use]
    pub fn mentions(&self) -> Mentions {
        let zone = policy::zone(&self.time_zone);
        let quiet = self.quiet.as_deref().zip(zone.clone()).and_then(|(hours, zone)| Quiet::read(hours, zone));
        Mentions { severities: self.severities.clone(), quiet, zone }
    }
}
