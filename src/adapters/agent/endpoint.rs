//! An agent behind an HTTP endpoint: it is sent the prompt and the files, and answers with those that it would change.

use super::files::{collect, write};
use crate::domain::text::clean_line;
use crate::ports::{Ended, PortError, Ran, Task};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// A larger answer is refused, in bytes.
const ANSWER_MAX: usize = 10 << 20;

/// Where it is, and what is presented to it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub url: Url,
    /// Sent as a bearer token.
    pub token: Option<SecretString>,
    /// By category; `default` for the others.
    pub models: BTreeMap<String, String>,
    pub deadline: Duration,
}

/// What is sent.
#[derive(Serialize)]
struct Sent<'a> {
    run: &'a str,
    specialist: &'a str,
    category: &'a str,
    model: &'a str,
    budget_usd: f64,
    prompt: &'a str,
    /// Text files by path.
    files: BTreeMap<String, String>,
    /// More files are there than were sent.
    files_truncated: bool,
}

pub(super) async fn run(http: &reqwest::Client, endpoint: &Endpoint, task: Task<'_>) -> Result<Ran, PortError> {
    let begun = Instant::now();
    let place = task.place.to_owned();
    #[allow(clippy::disallowed_methods, reason = "a repository has many files")]
    let read = tokio::task::spawn_blocking(move || collect(&place)).await;
    let read = read.map_err(|why| PortError::permanent(why.to_string()))?;
    let (files, files_truncated) = read.map_err(|why| PortError::permanent(why.to_string()))?;
    let model = endpoint.models.get(task.category).or_else(|| endpoint.models.get("default"));
    let sent = Sent {
        run: task.run,
        specialist: task.agent,
        category: task.category,
        model: model.map_or(task.model, String::as_str),
        budget_usd: task.dollars,
        prompt: task.prompt,
        files,
        files_truncated,
    };
    let mut request = http.post(endpoint.url.clone()).json(&sent);
    if let Some(token) = &endpoint.token {
        request = request.bearer_auth(token.expose_secret());
    }
    let ran = |ended, output: String, errors: String| Ran { ended, output, errors, took: begun.elapsed() };
    let answer = match tokio::time::timeout(endpoint.deadline, asked(request)).await {
        Err(_) => return Ok(ran(Ended::Late(endpoint.deadline), String::new(), String::new())),
        Ok(Err(Lost::Large)) => return Ok(ran(Ended::Loud(ANSWER_MAX as u64), String::new(), String::new())),
        Ok(Err(Lost::Unreached(why))) => return Err(PortError::transient(why)),
        Ok(Err(Lost::Failed(why))) => return Ok(ran(Ended::Exited(1), String::new(), why)),
        Ok(Ok(answer)) => answer,
    };
    match take(answer, task.place) {
        Ok(rest) => Ok(ran(Ended::Exited(0), rest.to_string(), String::new())),
        Err(why) => Ok(ran(Ended::Exited(1), String::new(), why)),
    }
}

/// Writes the files of an answer, and leaves what it says.
fn take(mut answer: Value, place: &std::path::Path) -> Result<Value, String> {
    let Some(object) = answer.as_object_mut() else { return Err("its answer is not a JSON object".into()) };
    let files: BTreeMap<String, Option<String>> = match object.remove("files") {
        None | Some(Value::Null) => BTreeMap::new(),
        Some(files) => serde_json::from_value(files).map_err(|_| {
            "\"files\" in its answer must be an object of texts, or null for a file to delete".to_owned()
        })?,
    };
    write(place, &files)?;
    Ok(answer)
}

/// Why there is no answer to use.
enum Lost {
    Unreached(String),
    Large,
    Failed(String),
}

async fn asked(request: reqwest::RequestBuilder) -> Result<Value, Lost> {
    let explain = |why: reqwest::Error| {
        let (never_asked, words) = (why.is_connect() || why.is_builder(), why.without_url().to_string());
        let words = clean_line(&words, 200);
        // What broke off later may have been worked on, and be paid for.
        if never_asked {
            return Lost::Unreached(format!("the agent's endpoint cannot be reached: {words}"));
        }
        Lost::Failed(format!("the endpoint did not answer: {words}"))
    };
    let mut answer = request.send().await.map_err(explain)?;
    let status = answer.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| Lost::Failed("its answer broke off".into()))? {
        if bytes.len() + chunk.len() > ANSWER_MAX {
            return Err(Lost::Large);
        }
        bytes.extend_from_slice(&chunk);
    }
    if !status.is_success() {
        let said = clean_line(&String::from_utf8_lossy(&bytes), 200);
        return Err(Lost::Failed(format!("the endpoint answered {}: {said}", status.as_u16())));
    }
    serde_json::from_slice(&bytes).map_err(|_| Lost::Failed("its answer is not a JSON object".into()))
}
