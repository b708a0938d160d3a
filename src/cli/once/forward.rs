//! A bot elsewhere is told of the failure, signed by the secret that both know.

use super::event::Told;
use crate::cli::Failed;
use ci_rescue::domain::ids::hex;
use ci_rescue::domain::text::clean_line;
use ci_rescue::ports::cause;
use ring::hmac;
use serde_json::{Value, json};
use std::time::Duration;
use url::{Host, Url};

const TIMEOUT: Duration = Duration::from_secs(30);
/// Of the bot's answer, in characters.
const LINE: usize = 200;

pub async fn send(told: &Told, bot: &str, secret: &str) -> Result<u8, Failed> {
    let url = address(bot)?;
    if !told.conclusion.is_failure() {
        println!("run {} ended in {}: there is nothing to tell", told.run, told.conclusion.as_str());
        return Ok(0);
    }
    let body = json!({"event": "workflow_run", "repo": told.repo.as_str(), "ref": told.branch, "sha": told.sha,
        "run_id": told.run, "run_attempt": told.attempt, "workflow": told.workflow,
        "conclusion": told.conclusion.as_str(), "run_url": told.url, "failed_jobs": []})
    .to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = format!("sha256={}", hex(hmac::sign(&key, body.as_bytes()).as_ref()));
    let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build();
    let client = client.map_err(|why| cause(&why))?;
    let request = client.post(url).header("content-type", "application/json").header("x-hub-signature-256", signature);
    let failed = |why: reqwest::Error| Failed::integration(format!("the bot: {}", cause(&why.without_url())));
    let answer = request.body(body).send().await.map_err(failed)?;
    let status = answer.status();
    if status.is_success() {
        println!("told the bot of run {}", told.run);
        return Ok(0);
    }
    let answer: Value = answer.json().await.unwrap_or_default();
    let why = answer.get("error").and_then(Value::as_str).unwrap_or_default();
    Err(Failed::integration(format!("the bot refused: {status} {}", clean_line(why, LINE))))
}

/// Its hook. Over plain HTTP only on this machine.
fn address(bot: &str) -> Result<Url, String> {
    let url = Url::parse(&format!("{}/hooks/ci", bot.trim_end_matches('/')));
    let url = url.map_err(|why| format!("--bot-url: {why}"))?;
    let here = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if here => Ok(url),
        _ => Err("--bot-url: https:// is needed".into()),
    }
}
