//! Requests as they reach the listeners: webhooks, hooks, the API, the console, Slack and Discord. What is to be signed is
//! signed, so that the bodies are read too.

use super::house::{
    HOOK_TOKEN, SLACK_SECRET, STAMP, Still, TOKENS, WEBHOOK_SECRET, discord_code, public_key, sign, slack_code,
    with_house,
};
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use ci_rescue::adapters::discord::Key;
use ci_rescue::adapters::{github, slack as slack_doors};
use ci_rescue::ports::{Headers, Raw, Streaming, Verifier};
use secrecy::SecretString;
use serde_json::Value;
use std::sync::Arc;
use url::form_urlencoded::Serializer;

/// Stands for the signature that the body has.
const SIGN: &str = "sign";
/// What anybody may read.
const OPEN: [&str; 3] = ["/health", "/ready", "/api/openapi.json"];

/// Before the first empty line, and after it.
fn halves(data: &[u8]) -> (String, &[u8]) {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((data, &[][..]), |at| (&data[..at], &data[at + 2..]));
    (String::from_utf8_lossy(head).into_owned(), body)
}

/// `Name: value` lines, names in lower case.
fn header_lines<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<(String, String)> {
    let header = |(name, value): (&str, &str)| (name.trim().to_ascii_lowercase(), value.trim().to_owned());
    lines.filter_map(|line| line.split_once(':')).map(header).collect()
}

/// A request as an input writes it.
struct Asked {
    /// For the private listener.
    inside: bool,
    method: Method,
    uri: Uri,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Asked {
    fn read(data: &[u8]) -> Option<Self> {
        let (head, body) = halves(data);
        let mut lines = head.lines();
        let first = lines.next()?;
        let line = first.strip_prefix('@').unwrap_or(first);
        let (method, path) = line.trim().split_once(' ')?;
        Some(Self {
            inside: line != first,
            method: Method::from_bytes(method.as_bytes()).ok()?,
            uri: path.trim().parse().ok()?,
            headers: header_lines(lines),
            body: body.to_vec(),
        })
    }

    fn signed(&self, name: &str) -> String {
        let secret = if self.uri.path() == "/hooks/ci" { HOOK_TOKEN } else { WEBHOOK_SECRET };
        match name {
            "x-slack-signature" => slack_code(STAMP, &self.body),
            "x-signature-ed25519" => discord_code(STAMP, &self.body),
            _ => sign(secret, &self.body),
        }
    }

    /// Whether it has what lets it in anywhere.
    fn proves(&self) -> bool {
        let good = |value: &String| value == SIGN || TOKENS.iter().any(|token| value.contains(token));
        self.headers.iter().any(|(_, value)| good(value))
    }

    fn request(&self) -> Request<Body> {
        let mut request = Request::new(Body::from(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        for (name, value) in &self.headers {
            let value = if value == SIGN { self.signed(name) } else { value.clone() };
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
                request.headers_mut().append(name, value);
            }
        }
        request
    }
}

/// `METHOD PATH` (after `@`: at the private listener), headers, an empty line, a body. Nobody gets in without a proof, no
/// request is too much, refusals are told in JSON, and whatever is kept is understood.
pub fn requests(data: &[u8]) {
    let Some(asked) = Asked::read(data) else { return };
    with_house(|house| {
        let (status, body) = house.ask(asked.request(), asked.inside);
        assert_ne!(status.as_u16(), 500, "{}", String::from_utf8_lossy(&body));
        let is_open = asked.inside || OPEN.contains(&asked.uri.path()) || asked.proves();
        assert!(is_open || !status.is_success(), "{status} without a proof");
        if let Ok(told) = serde_json::from_slice::<Value>(&body)
            && status.is_client_error()
            && !asked.inside
        {
            assert!(told["error"].is_string(), "{told}");
        }
        let given = data.windows(WEBHOOK_SECRET.len()).any(|part| part == WEBHOOK_SECRET.as_bytes());
        assert!(given || !body.windows(WEBHOOK_SECRET.len()).any(|part| part == WEBHOOK_SECRET.as_bytes()));
        house.check_understood();
    });
}

/// The answer to a signed call: none, JSON, or a refusal.
fn called(path: &str, headers: &[(&'static str, String)], body: Vec<u8>) -> Option<Value> {
    let mut answer = None;
    with_house(|house| {
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.parse().expect("a path");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("plain letters"));
        }
        let (status, body) = house.ask(request, false);
        assert!(matches!(status.as_u16(), 200 | 400 | 401), "{status}: {}", String::from_utf8_lossy(&body));
        house.check_understood();
        answer = serde_json::from_slice(&body).ok().filter(|_| status.is_success());
    });
    answer
}

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

/// What is offered while somebody types (docs.slack.dev, "Option object"), and what a form is told (docs.slack.dev,
/// "Modals").
fn check_slack(answer: &Value) {
    let options = answer["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(options.len() <= 100, "{answer}");
    for option in options {
        assert!((1..=75).contains(&length(&option["text"]["text"])), "{option}");
        assert!((1..=150).contains(&length(&option["value"])), "{option}");
    }
    let errors = answer["errors"].as_object();
    assert!(errors.into_iter().flatten().all(|(_, what)| (1..=2_000).contains(&length(what))), "{answer}");
}

/// `events`, `commands` or `interactions` on the first line, then what Slack sends there; of an interaction its payload.
/// What is kept is understood, and what is answered is within Slack's limits.
pub fn slack(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (kind, body) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let (path, body) = match kind {
        b"events" => ("/slack/events", body.to_vec()),
        b"commands" => ("/slack/commands", body.to_vec()),
        _ => {
            let payload = String::from_utf8_lossy(body);
            let form = Serializer::new(String::new()).append_pair("payload", &payload).finish();
            ("/slack/interactions", form.into_bytes())
        }
    };
    let headers = [("x-slack-request-timestamp", STAMP.to_owned()), ("x-slack-signature", slack_code(STAMP, &body))];
    if let Some(answer) = called(path, &headers, body) {
        check_slack(&answer);
    }
}

/// What Discord takes for an answer (discord.com/developers, "Receiving and Responding").
fn check_discord(answer: &Value) {
    assert!(answer["type"].as_u64().is_some_and(|kind| [1, 4, 5, 6, 8, 9].contains(&kind)), "{answer}");
    let data = &answer["data"];
    assert!(length(&data["content"]) <= 2_000 && length(&data["title"]) <= 45, "{answer}");
    let choices = data["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(choices.len() <= 25, "{answer}");
    for choice in choices {
        assert!((1..=100).contains(&length(&choice["name"])) && length(&choice["value"]) <= 100, "{choice}");
    }
    let all = data["allowed_mentions"]["parse"].as_array();
    assert!(all.is_none_or(Vec::is_empty), "it mentions people: {answer}");
}

/// An interaction as Discord sends it. What is kept is understood, and what is answered is within Discord's limits.
pub fn discord(data: &[u8]) {
    let headers = [("x-signature-timestamp", STAMP.to_owned()), ("x-signature-ed25519", discord_code(STAMP, data))];
    if let Some(answer) = called("/discord/interactions", &headers, data.to_vec()) {
        check_discord(&answer);
    }
}

fn hub() -> github::Signature {
    let secret = github::Secret { text: WEBHOOK_SECRET.into(), until: None };
    github::Signature { secrets: vec![secret].into(), app_id: Some(7), clock: Arc::new(Still) }
}

/// Headers, an empty line, a body: without the secrets, no headers prove anything. With them, the signature is good for
/// this body alone, however it arrives in pieces.
pub fn signatures(data: &[u8]) {
    let (head, body) = halves(data);
    let given = header_lines(head.lines());
    let headers = |all: &[(String, String)]| {
        Headers(all.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect())
    };
    let raw =
        |all: &[(String, String)], body: &[u8]| Raw { source: "github", headers: headers(all), body: body.to_vec() };
    let signing = slack_doors::Signature { secret: SecretString::from(SLACK_SECRET).into(), clock: Arc::new(Still) };
    let key = Key::parse(&public_key()).expect("a key");
    assert!(hub().verify(&raw(&given, body)).is_err());
    assert!(signing.check(&headers(&given), body).is_err());
    assert!(key.check(&Still, &headers(&given), body).is_err());

    let named = |name: &str, value: String| (name.to_owned(), value);
    let mut signed = vec![named("x-hub-signature-256", sign(WEBHOOK_SECRET, body))];
    signed.push(named("x-github-delivery", "1-a".into()));
    let whole = raw(&signed, body);
    assert!(hub().verify(&whole).is_ok());
    let mut arriving = hub().begin(&whole.headers).unwrap_or_else(|why| panic!("{why}"));
    body.chunks(7).for_each(|piece| arriving.take(piece));
    assert!(arriving.verify(&whole).is_ok());
    let other = [body, b"!"].concat();
    assert!(hub().verify(&raw(&signed, &other)).is_err() && arriving.verify(&raw(&signed, &other)).is_err());
}
