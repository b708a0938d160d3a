//! Whether the tokens work, and whether the installation was given every scope in the manifest: for the doctor. Slack
//! tells scopes in a header, which the library does not hand on.

use super::manifest::SCOPES;
use crate::domain::text::clean_line;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;

const CALL_TIME: Duration = Duration::from_secs(15);
const BODY_BYTES_MAX: usize = 1 << 20;

/// Scopes that are wanted and were not granted; those for user groups only where `groups` give roles.
///
/// # Errors
/// Slack cannot be reached, or refuses the token.
pub async fn lacking(api_url: &str, token: &SecretString, groups: bool) -> Result<Vec<&'static str>, String> {
    let granted = call(api_url, "auth.test", token).await?;
    let granted = granted.ok_or("Slack does not tell the scopes")?;
    let granted: Vec<&str> = granted.split(',').map(str::trim).collect();
    let wanted = SCOPES.into_iter().filter(|want| groups || !want.starts_with("usergroups:"));
    Ok(wanted.filter(|want| !granted.contains(want)).collect())
}

/// Whether an app-level token may open a socket.
///
/// # Errors
/// Slack cannot be reached, or refuses the token.
pub async fn may_listen(api_url: &str, token: &SecretString) -> Result<(), String> {
    call(api_url, "apps.connections.open", token).await.map(|_| ())
}

/// Calls a method; answers the scopes that it told.
async fn call(api_url: &str, method: &str, token: &SecretString) -> Result<Option<String>, String> {
    let http = reqwest::Client::builder().timeout(CALL_TIME).no_proxy().build().map_err(|why| why.to_string())?;
    let call = http.post(format!("{}/{method}", api_url.trim_end_matches('/'))).bearer_auth(token.expose_secret());
    let answer = call.send().await.map_err(|_| "Slack does not answer".to_owned())?;
    let status = answer.status();
    let scopes = answer.headers().get("x-oauth-scopes").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = axum::body::to_bytes(axum::body::Body::from_stream(answer.bytes_stream()), BODY_BYTES_MAX).await;
    let body: Value = body.ok().and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or(Value::Null);
    if body.get("ok") == Some(&Value::Bool(true)) {
        return Ok(scopes);
    }
    match body.get("error").and_then(Value::as_str) {
        Some(code) => Err(format!("Slack says {}", clean_line(code, 60))),
        None => Err(format!("Slack answered {}", status.as_u16())),
    }
}
