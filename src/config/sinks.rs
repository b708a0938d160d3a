//! `[email]`, `[[teams]]`, `[[webhooks]]`: where news go besides chats.

use secrecy::SecretString;
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmailSection {
    /// Its host name.
    pub server: Option<String>,
    /// Else the one that is usual for `security`.
    pub port: Option<u16>,
    /// `starttls`, `tls` or `none`.
    pub security: String,
    pub username: Option<String>,
    pub password: Option<SecretString>,
    /// `CI Rescue <ci@example.org>`, or an address alone.
    pub from: Option<String>,
    /// A certificate authority besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// `none` is accepted for other machines too.
    pub allow_plaintext: bool,
}

impl Default for EmailSection {
    fn default() -> Self {
        Self {
            server: None,
            port: None,
            security: "starttls".into(),
            username: None,
            password: None,
            from: None,
            ca_file: None,
            allow_plaintext: false,
        }
    }
}

/// A channel of Microsoft Teams.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamsSection {
    /// As `subscriptions.channel` calls it.
    #[serde(default)]
    pub name: String,
    /// Of the workflow that posts; whoever knows it can post.
    #[serde(default)]
    pub url: Option<SecretString>,
    #[serde(default)]
    pub url_file: Option<PathBuf>,
    #[serde(default)]
    pub allow_plaintext: bool,
}

/// A program that is told of everything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSection {
    /// As `subscriptions.channel` calls it.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub url: Option<SecretString>,
    #[serde(default)]
    pub url_file: Option<PathBuf>,
    /// Signs what is sent.
    #[serde(default)]
    pub secret: Option<SecretString>,
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    #[serde(default)]
    pub allow_plaintext: bool,
}

/// Fills a secret from its file.
///
/// # Errors
/// Why that cannot be read.
pub fn fill(secret: &mut Option<SecretString>, file: Option<&Path>) -> Result<(), String> {
    let Some(path) = file else { return Ok(()) };
    let text = std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
    *secret = Some(SecretString::from(text.trim_end_matches(['\n', '\r'])));
    Ok(())
}
