//! E-mail, Microsoft Teams and webhooks, wired.

use super::platform::state;
use crate::adapters::email::{Email, Security, Server};
use crate::adapters::teams::Teams;
use crate::adapters::webhook::{Target, Webhooks};
use crate::card::Words;
use crate::config::Config;
use crate::ports::{Health, Sink};
use crate::server;
use std::sync::Arc;

/// Those that are configured. Calls nobody.
///
/// # Errors
/// A sentence for the operator.
pub fn all(config: &Config, words: &Arc<Words>, health: &Health) -> Result<Vec<Sink>, String> {
    let mut all = Vec::new();
    if let (Some(server), Some(from)) = (mail_server(config)?, &config.email.from) {
        let watched = health.integration("email", "the mail server");
        all.push(Sink::Letters(Arc::new(Email::new(server, from, words.clone(), watched)?)));
    }
    let channels = config.teams.iter().filter_map(|one| Some((one.name.clone(), one.url.clone()?)));
    let channels: std::collections::BTreeMap<_, _> = channels.collect();
    if !channels.is_empty() {
        let teams = Teams::new(channels, health.integration("teams", "Microsoft Teams"))?;
        all.push(Sink::Letters(Arc::new(teams)));
    }
    let targets = config.webhooks.iter().filter_map(|one| {
        let url = one.url.as_ref().map(secrecy::ExposeSecret::expose_secret)?.parse().ok()?;
        Some((one.name.clone(), Target { url, secret: one.secret.clone()? }))
    });
    let targets: std::collections::BTreeMap<_, _> = targets.collect();
    if !targets.is_empty() {
        let webhooks = Webhooks::new(targets, server::incident_json, health.integration("webhooks", "webhooks"))?;
        all.push(Sink::Events(Arc::new(webhooks)));
    }
    Ok(all)
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
