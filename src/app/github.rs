//! GitHub, wired: CI, forge, git, and the surface of pull requests.

use super::live::{Live, kept};
use super::platform::{pause, state};
use crate::adapters::git::Rooms;
use crate::adapters::github::{self, Credentials, GitHub, OAuth, Secret, Signature};
use crate::config::{Config, Previous};
use crate::domain::time::Time;
use crate::ports::{Clock, Git, Health, Renewable, Streaming};
use secrecy::SecretString;
use std::ffi::OsString;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;

/// # Errors
/// A sentence for the operator.
pub fn client(
    config: &Config,
    clock: &Arc<dyn Clock>,
    health: &Health,
    live: Option<&Arc<Live>>,
) -> Result<Option<Arc<GitHub>>, String> {
    let credentials = match live {
        Some(live) => renewable(config, live)?,
        None => credentials(config)?.into(),
    };
    let file = |path: &std::path::PathBuf| std::fs::read(path).map_err(|why| format!("github.ca_file: {why}"));
    let settings = github::Settings {
        api_url: config.github.api_url.clone(),
        ca_pem: config.github.ca_file.as_ref().map(file).transpose()?,
        credentials,
        clock: clock.clone(),
    };
    GitHub::new(settings).map(|github| Some(Arc::new(github.watched(health.integration("github", "GitHub")))))
}

/// Who we are stays as it was at the start: the same App, or somebody's token.
fn renewable(config: &Config, live: &Arc<Live>) -> Result<Renewable<Credentials>, String> {
    let (app, token) = (config.github.app_id, config.github.token.is_some());
    let keys: &[&str] = if app.is_some() { &["github.private_key_file"] } else { &["github.token"] };
    live.part(config, keys, move |config| {
        if config.github.app_id != app || app.is_none() && config.github.token.is_some() != token {
            return Err("github.app_id and github.token: who the bot is to GitHub changes with a restart alone".into());
        }
        credentials(config)
    })
}

/// The App before a plain token; without either, public data can still be read.
fn credentials(config: &Config) -> Result<Credentials, String> {
    if let (Some(id), Some(path)) = (config.github.app_id, &config.github.private_key_file) {
        let pem = std::fs::read_to_string(path).map_err(|why| format!("github.private_key_file: {why}"))?;
        return Credentials::app(id, &pem).map_err(|why| format!("github.private_key_file: {why}"));
    }
    Ok(config.github.token.clone().map_or(Credentials::Nobody, Credentials::Token))
}

/// Who says whose account is whose; `None` without `github.client_id`.
///
/// # Errors
/// A sentence for the operator.
pub fn accounts(config: &Config) -> Result<Option<Arc<OAuth>>, String> {
    let own = &config.github;
    let Some(id) = &own.client_id else { return Ok(None) };
    let key = own.private_key_file.as_ref().map(std::fs::read_to_string).transpose();
    let key = key.map_err(|why| format!("github.private_key_file: {why}"))?.map(SecretString::from);
    // Codes that wait outlive a restart as long as one of these does.
    let seal = own.client_secret.clone().or(key).or_else(|| own.token.clone()).or_else(|| own.webhook_secret.clone());
    let ca = own.ca_file.as_ref().map(std::fs::read).transpose().map_err(|why| format!("github.ca_file: {why}"))?;
    let oauth = OAuth::new(&own.api_url, id, own.client_secret.clone(), seal, ca.as_deref())?;
    Ok(Some(Arc::new(oauth.admitting(config.sign_in.organizations.clone()))))
}

/// Without credentials public data can be read and nothing written.
pub fn writes(config: &Config) -> bool {
    config.github.token.is_some() || config.github.app_id.is_some()
}

/// Its ways in and out with `on`, or what to set.
pub fn states(config: &Config) -> Vec<(String, String)> {
    let credentials = "set github.token, or github.app_id and github.private_key_file";
    vec![
        state("github webhooks", config.github.webhook_secret.is_some(), "set github.webhook_secret"),
        state("github api", writes(config), credentials),
    ]
}

/// Clones live beside the store.
pub fn rooms(config: &Config, dir: OsString, github: Arc<GitHub>) -> Arc<dyn Git> {
    Arc::new(Rooms::new(dir, github, config.github.ca_file.clone()))
}

/// Checks its webhooks; `None` where there is no secret to check them by.
pub fn verifier(
    config: &Config,
    clock: &Arc<dyn Clock>,
    live: &Arc<Live>,
) -> Result<Option<Arc<dyn Streaming>>, String> {
    if config.github.webhook_secret.is_none() {
        return Ok(None);
    }
    let keys = ["github.webhook_secret", "github.webhook_secret_previous"];
    let secrets = live.part(config, &keys, webhook_secrets)?;
    Ok(Some(Arc::new(Signature { secrets, app_id: config.github.app_id, clock: clock.clone() })))
}

/// The one that counts, and the one before while it does.
fn webhook_secrets(config: &Config) -> Result<Vec<Secret>, String> {
    let text = kept("github.webhook_secret", config.github.webhook_secret.as_ref())?;
    let mut secrets = vec![Secret { text, until: None }];
    secrets.extend(config.github.webhook_secret_previous.iter().map(|previous| match previous {
        Previous::Always(text) => Secret { text: text.clone(), until: None },
        Previous::Until { secret, until } => {
            Secret { text: secret.clone(), until: Some(Time(until.timestamp_millis())) }
        }
    }));
    Ok(secrets)
}

/// Learns how people call us on pull requests.
pub async fn learn_name(github: &GitHub, name: &OnceLock<String>, stop: &CancellationToken) {
    while let Err(why) = github.whoami().await.map(|who| name.set(who)) {
        tracing::debug!(%why, "GitHub does not answer yet");
        if pause(stop).await {
            return;
        }
    }
}

/// Where the cards of hooks may link to.
pub fn link_hosts(config: &Config) -> Vec<String> {
    let forge = GitHub::web_host(&config.github.api_url);
    config.hooks.hosts.iter().cloned().chain(std::iter::once(forge)).collect()
}
