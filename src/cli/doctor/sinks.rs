//! E-mail, Teams, webhooks: whether they answer, and what does not get through.

use super::PATIENCE;
use super::reach::{Address, STEP, obstacle};
use super::report::{Finding, State};
use crate::cli::{incident, own};
use ci_rescue::app;
use ci_rescue::config::Config;
use ci_rescue::domain::text::clean_line;
use ci_rescue::engine::troubles;
use ci_rescue::ports::{PortError, Trouble};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Everything that is configured, each asked.
pub async fn ask(config: &Config) -> Vec<Finding> {
    let mut found: Vec<Finding> = email(config).await.into_iter().collect();
    for (index, one) in config.teams.iter().enumerate() {
        found.extend(reached(("teams", "teams", index), &one.name, one.url.as_ref(), config).await);
    }
    for (index, one) in config.webhooks.iter().enumerate() {
        found.extend(reached(("webhooks", "webhook", index), &one.name, one.url.as_ref(), config).await);
    }
    found
}

async fn email(config: &Config) -> Option<Finding> {
    let host = config.email.server.as_ref()?;
    let server = match app::sinks::mail_server(config) {
        Ok(server) => server?,
        Err(why) => return Some((State::Problem, "email", why)),
    };
    let who = config.email.username.as_ref().map_or_else(String::new, |user| format!(", signed in as {user}"));
    let unused = unused(config, "email", None);
    Some(match tokio::time::timeout(PATIENCE, server.try_out()).await {
        Ok(Ok(())) => (State::Ready, "email", format!("{host} takes mail{who}{unused}")),
        Ok(Err(PortError::Fixable { why, .. } | PortError::Permanent { why })) => {
            (State::Problem, "email", format!("{host} refuses us: {why}. Check email.username and email.password"))
        }
        Ok(Err(why)) => {
            let check = "Check email.server, email.port and email.security";
            (State::Down, "email", format!("{host} cannot be reached: {why}. {check}"))
        }
        Err(_) => (State::Down, "email", format!("{host} did not answer (timeout). Check email.port and any firewall")),
    })
}

/// Nothing is posted: whether something answers at its origin is all that can be told.
async fn reached(
    (section, platform, index): (&'static str, &str, usize),
    name: &str,
    url: Option<&SecretString>,
    config: &Config,
) -> Option<Finding> {
    let url = url::Url::parse(url?.expose_secret()).ok()?;
    let origin = url.origin().ascii_serialization();
    let key = config.name(&format!("{section}[{index}].url"));
    let address = Address { key: &key, url: &origin, ca_pem: None, proxied: true };
    Some(match obstacle(&address, STEP).await {
        None => (State::Ready, section, format!("{name}: {origin} answers{}", unused(config, platform, Some(name)))),
        Some(why) => (State::Down, section, format!("{name}: {why}")),
    })
}

/// What is configured and told nothing.
fn unused(config: &Config, platform: &str, name: Option<&str>) -> &'static str {
    let here =
        |feed: &ci_rescue::config::Feed| feed.platform == platform && name.is_none_or(|name| feed.channel == name);
    if config.subscriptions.iter().any(here) { "" } else { "; no [[subscriptions]] table sends anything there" }
}

/// What does not get through until somebody fixes something, as the running server or the store knows it.
pub async fn failing(config: &Config) -> Vec<Finding> {
    let troubles = match incident::open(config) {
        Ok(Some(store)) => troubles(&*store).await.unwrap_or_default(),
        Ok(None) => running(config).await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let told = |trouble: Trouble| {
        let at = match (&trouble.name, trouble.channel.as_str()) {
            (_, "") => String::new(),
            (Some(name), id) => format!(" {} ({id})", clean_line(name, 60)),
            (None, id) => format!(" {id}"),
        };
        let (why, advice, held) = (&trouble.why, trouble.reason.advice(), trouble.held);
        (State::Problem, "not delivered", format!("{}{at}: {why}. {advice}. Cards waiting: {held}", trouble.platform))
    };
    troubles.into_iter().map(told).collect()
}

async fn running(config: &Config) -> Option<Vec<Trouble>> {
    let token = config.api.read_token.as_ref().or(config.api.act_token.as_ref())?;
    let (http, at) = own::server(config).ok()?;
    let http = http.timeout(PATIENCE).build().ok()?;
    let url = format!("{at}/api/status");
    let status: Value = http.get(url).bearer_auth(token.expose_secret()).send().await.ok()?.json().await.ok()?;
    let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let rows = status.get("troubles")?.as_array()?.iter();
    let trouble = |row: &Value| Trouble {
        platform: ci_rescue::domain::Platform::new(text(row, "platform")),
        channel: text(row, "channel"),
        why: text(row, "why"),
        since: ci_rescue::domain::Time(0),
        name: row.get("name").and_then(Value::as_str).map(str::to_owned),
        reason: serde_json::from_value(row.get("reason").cloned().unwrap_or_default()).unwrap_or_default(),
        posting: false,
        told: Vec::new(),
        held: row.get("held").and_then(Value::as_u64).unwrap_or(0),
    };
    Some(rows.map(trouble).collect())
}
