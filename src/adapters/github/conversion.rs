//! What becomes of a manifest: GitHub's code for the new App, exchanged for its key and secret (docs.github.com,
//! "Registering a GitHub App from a manifest").

use crate::domain::text::clean_line;
use minijinja::{Environment, context};
use reqwest::{Certificate, StatusCode, redirect};
use secrecy::SecretString;
use serde::Deserialize;
use std::time::Duration;

const CALL_TIME: Duration = Duration::from_secs(20);
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// Codes are 40 characters; GitHub does not promise that.
const CODE_MAX: usize = 200;

/// A new App, as GitHub tells it this one time.
#[derive(Deserialize)]
pub struct NewApp {
    pub id: u64,
    pub slug: String,
    pub html_url: String,
    /// The private key.
    pub pem: SecretString,
    /// None where the manifest asked for no webhook.
    #[serde(default)]
    pub webhook_secret: Option<SecretString>,
}

/// Whether a text may be GitHub's code: it becomes part of an address.
#[must_use]
pub fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= CODE_MAX && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// Exchanges the code, which works once and for an hour.
///
/// # Errors
/// What GitHub or the network said.
pub async fn convert(api_url: &str, ca_pem: Option<&[u8]>, code: &str) -> Result<NewApp, String> {
    if !is_code(code) {
        return Err("GitHub's code has characters that none has".into());
    }
    let mut client = reqwest::Client::builder().timeout(CALL_TIME).redirect(redirect::Policy::none());
    for certificate in ca_pem.map(Certificate::from_pem_bundle).transpose().map_err(told)?.into_iter().flatten() {
        client = client.add_root_certificate(certificate);
    }
    let url = format!("{}/app-manifests/{code}/conversions", api_url.trim_end_matches('/'));
    let request = client.build().map_err(told)?.post(url);
    let request = request.header("accept", "application/vnd.github+json").header("user-agent", "ci-rescue");
    let answer = request.send().await.map_err(told)?;
    let status = answer.status();
    let body = axum::body::Body::from_stream(answer.bytes_stream());
    let body =
        axum::body::to_bytes(body, ANSWER_BYTES_MAX).await.map_err(|_| "GitHub's answer is too long or broke off")?;
    if status == StatusCode::NOT_FOUND || status == StatusCode::UNPROCESSABLE_ENTITY {
        return Err("GitHub does not know the code: it works once, for an hour. Start again".into());
    }
    if !status.is_success() {
        return Err(format!("GitHub answered {} to the code", status.as_u16()));
    }
    let app: NewApp = serde_json::from_slice(&body).map_err(|_| "GitHub's answer to the code cannot be read")?;
    if !app.html_url.starts_with("https://") && !app.html_url.starts_with("http://127.0.0.1") {
        return Err(format!("GitHub's answer has no address of the App: {}", clean_line(&app.html_url, 60)));
    }
    Ok(app)
}

/// What the browser shows when it came back.
///
/// # Errors
/// The template cannot be rendered.
pub fn back(title: &str, words: &str, link: Option<(&str, &str)>) -> Result<String, String> {
    let (label, url) = link.unzip();
    let words = context! { title, words, label, url };
    let text = include_str!("../../../templates/github/back.html");
    Environment::new().render_named_str("back.html", text, words).map_err(|why| why.to_string())
}

/// The code stands in the address.
fn told(why: reqwest::Error) -> String {
    let why = why.without_url();
    let inner = std::error::Error::source(&why).map(|inner| format!(": {inner}")).unwrap_or_default();
    format!("GitHub cannot be reached: {why}{inner}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_a_code_becomes_part_of_an_address() {
        assert!(is_code("a180b1a3d263c81bc6441d7b990bae27d4c10679"));
        for bad in ["", "../../user", "a/b", "a?b", "a%2fb", "a b", "ä", &"a".repeat(201)] {
            assert!(!is_code(bad), "{bad}");
        }
    }
}
