//! E-mail, Microsoft Teams and webhooks, wired.

use super::live::Live;
use super::platform::state;
use crate::adapters::email::{Email, Security, Server};
use crate::adapters::teams::Teams;
use crate::adapters::webhook::{Target, Webhooks};
use crate::card::Words;
use crate::config::{Config, WebhookSection};
use crate::ports::{Health, Sink};
use crate::server;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Those that are configured. Calls nobody.
///
/// # Errors
/// A sentence for the operator.
pub fn all(config: &Config, words: &Arc<Words>, health: &Health, live: &Arc<Live>) -> Result<Vec<Sink>, String> {
    let mut all = Vec::new();
    if let (Some(_), Some(from)) = (&config.email.server, &config.email.from) {
        let server = live.part(config, &["email.password"], |config| {
            mail_server(config)?.ok_or_else(|| "email.server cannot be removed while the bot runs: restart it".into())
        })?;
        let watched = health.integration("email", "the mail server");
        all.push(Sink::Letters(Arc::new(Email::new(server, from, words.clone(), watched)?)));
    }
    if !config.teams.is_empty() {
        let channels = live.part(config, &["teams"], |config| Ok(channels(config)))?;
        let teams = Teams::new(channels, health.integration("teams", "Microsoft Teams"))?;
        all.push(Sink::Letters(Arc::new(teams)));
    }
    if !config.webhooks.is_empty() {
        let targets = live.part(config, &["webhooks"], |config| Ok(targets(config)))?;
        let webhooks = Webhooks::new(targets, server::incident_json, health.integration("webhooks", "webhooks"))?;
        all.push(Sink::Events(Arc::new(webhooks)));
    }
    Ok(all)
}

fn channels(config: &Config) -> BTreeMap<String, SecretString> {
    config.teams.iter().filter_map(|one| Some((one.name.clone(), one.url.clone()?))).collect()
}

fn targets(config: &Config) -> BTreeMap<String, Target> {
    let target = |one: &WebhookSection| {
        let url = one.url.as_ref().map(ExposeSecret::expose_secret)?.parse().ok()?;
        Some((one.name.clone(), Target { url, secret: one.secret.clone()? }))
    };
    config.webhooks.iter().filter_map(target).collect()
}

/// The mail server; `None` where none is configured.
///
/// # Errors
/// A sentence for the operator.
pub fn mail_server(config: &Config) -> Result<Option<Server>, String> {
    let email = &config.email;
    let (Some(host), Some(from)) = (&email.server, &email.from) else { return Ok(None) };
    let security = match email.security.as_str() {
        "tls" => Security::Tls,
        "none" => Security::None,
        _ => Security::StartTls,
    };
    let login = email.username.as_deref().zip(email.password.as_ref());
    let ca_pem = email.ca_file.as_ref().map(std::fs::read).transpose();
    let ca_pem = ca_pem.map_err(|why| format!("{}: {why}", config.name("email.ca_file")))?;
    let domain = from.trim_end_matches('>').rsplit('@').next().unwrap_or("localhost");
    Server::new((host, email.port, security), login, ca_pem.as_deref(), domain).map(Some)
}

pub fn states(config: &Config) -> Vec<(String, String)> {
    vec![
        state("email", config.email.server.is_some(), "set email.server and email.from"),
        state("teams", !config.teams.is_empty(), "add a [[teams]] table"),
        state("webhooks", !config.webhooks.is_empty(), "add a [[webhooks]] table"),
    ]
}
