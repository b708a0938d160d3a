//! Scopes that the installation was given against those in the manifest: for the doctor. Slack tells them in a header,
//! which the library does not hand on.

use super::manifest::SCOPES;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

const CALL_TIME: Duration = Duration::from_secs(15);

/// Scopes that are wanted and were not granted.
///
/// # Errors
/// Slack cannot be reached, or does not tell.
pub async fn lacking(api_url: &str, token: &SecretString) -> Result<Vec<&'static str>, String> {
    let http = reqwest::Client::builder().timeout(CALL_TIME).build().map_err(|why| why.to_string())?;
    let call = http.post(format!("{}/auth.test", api_url.trim_end_matches('/'))).bearer_auth(token.expose_secret());
    let answer = call.send().await.map_err(|_| "Slack cannot be reached".to_owned())?;
    let granted = answer.headers().get("x-oauth-scopes").and_then(|value| value.to_str().ok());
    let granted: Vec<&str> = granted.ok_or("Slack does not tell the scopes")?.split(',').map(str::trim).collect();
    Ok(SCOPES.into_iter().filter(|want| !granted.contains(want)).collect())
}
