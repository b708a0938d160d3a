//! The part of GitHub where people say who they are: device codes, the web flow of an App, and what a person's token tells.
//! It stands before the sandbox forge.

use super::HandClock;
use axum::Json;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ci_rescue::demo::account_number;
use ci_rescue::ports::Clock;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

pub const CLIENT: &str = "Iv1.double";
pub const CLIENT_SECRET: &str = "a-client-secret-of-the-double";
/// GitHub's: codes count for fifteen minutes, and are asked for every five seconds.
const LIVES_S: i64 = 900;
const INTERVAL_S: i64 = 5;

#[derive(Clone, Default)]
pub struct Logins {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    clock: Option<Arc<HandClock>>,
    /// The App's setting.
    pub device_flow_off: bool,
    devices: BTreeMap<String, Device>,
    /// Who sits at the browser.
    at_browser: String,
    codes: BTreeMap<String, Code>,
    tokens: BTreeMap<String, String>,
    members: BTreeSet<(String, String)>,
    teams: BTreeMap<String, Vec<String>>,
    used: u32,
    begun: u32,
    polls: u32,
}

struct Device {
    user_code: String,
    born_ms: i64,
    polled_ms: i64,
    interval_s: i64,
    /// Who entered it, or that somebody cancelled.
    entered: Option<Result<String, ()>>,
}

struct Code {
    login: String,
    redirect: String,
    challenge: String,
}

type Fields = BTreeMap<String, String>;

fn fields(text: &[u8]) -> Fields {
    url::form_urlencoded::parse(text).into_owned().collect()
}

impl Logins {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("a lock")
    }

    pub fn on(&self, clock: &Arc<HandClock>) {
        self.lock().clock = Some(clock.clone());
    }

    /// Somebody enters the code that they were shown at GitHub.
    pub fn enter(&self, user_code: &str, login: &str) {
        let mut inner = self.lock();
        let device = inner.devices.values_mut().find(|device| device.user_code == user_code).expect("a code");
        device.entered = Some(Ok(login.to_owned()));
    }

    pub fn cancel(&self, user_code: &str) {
        let mut inner = self.lock();
        let device = inner.devices.values_mut().find(|device| device.user_code == user_code).expect("a code");
        device.entered = Some(Err(()));
    }

    /// As if somebody had asked for it just now.
    pub fn hurry(&self, user_code: &str) {
        let mut inner = self.lock();
        let now = inner.clock.as_ref().expect("a clock").now().0;
        let device = inner.devices.values_mut().find(|device| device.user_code == user_code).expect("a code");
        device.polled_ms = now + 1_000;
    }

    pub fn allow_device_flow(&self, yes: bool) {
        self.lock().device_flow_off = !yes;
    }

    /// Whoever is signed in at GitHub in the browser.
    pub fn sits(&self, login: &str) {
        self.lock().at_browser = login.to_owned();
    }

    pub fn join(&self, login: &str, organization: &str) {
        self.lock().members.insert((login.to_owned(), organization.to_owned()));
    }

    /// Who is in a team: `acme/web`.
    pub fn team(&self, name: &str, members: &[&str]) {
        self.lock().teams.insert(name.to_owned(), members.iter().map(|&login| login.to_owned()).collect());
    }

    /// Codes given, and questions about them.
    pub fn counts(&self) -> (u32, u32) {
        let inner = self.lock();
        (inner.begun, inner.polls)
    }

    pub fn tokens(&self) -> Vec<String> {
        self.lock().tokens.keys().cloned().collect()
    }

    /// The forge, with this before it.
    pub fn before(&self, forge: Router) -> Router {
        let this = self.clone();
        forge.layer(from_fn(move |request, next| this.clone().answer(request, next)))
    }

    async fn answer(self, request: Request, next: Next) -> Response {
        let path = request.uri().path().to_owned();
        let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
        let of_a_person = token.starts_with("ghu_");
        let team = path.strip_prefix("/orgs/").and_then(|rest| rest.strip_suffix("/members"));
        if let Some((organization, team)) = team.and_then(|team| team.split_once("/teams/")) {
            let name = format!("{organization}/{team}");
            return match self.lock().teams.get(&name) {
                Some(all) => Json(all.iter().map(|login| json!({"login": login})).collect::<Vec<_>>()).into_response(),
                None => (StatusCode::NOT_FOUND, Json(json!({"message": "Not Found"}))).into_response(),
            };
        }
        let ours = path.starts_with("/login/") || of_a_person;
        if !ours {
            return next.run(request).await;
        }
        let (query, method) = (fields(request.uri().query().unwrap_or_default().as_bytes()), request.method().clone());
        let wants_json =
            request.headers().get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().ends_with(b"json"));
        let body = to_bytes(request.into_body(), 1 << 20).await.expect("a body");
        let body = fields(&body);
        match (method, path.as_str()) {
            (Method::POST, "/login/device/code") => {
                assert!(wants_json);
                self.device(&body)
            }
            (Method::POST, "/login/oauth/access_token") => {
                assert!(wants_json);
                Json(self.grant(&body)).into_response()
            }
            (Method::GET, "/login/oauth/authorize") => self.authorize(&query),
            (Method::GET, "/login/device") => Html("<h1>Enter the code</h1>").into_response(),
            (Method::GET, "/user") => match self.lock().tokens.get(&token) {
                Some(login) => {
                    Json(json!({"login": login, "id": account_number(login), "type": "User"})).into_response()
                }
                None => (StatusCode::UNAUTHORIZED, Json(json!({"message": "Bad credentials"}))).into_response(),
            },
            (Method::GET, path) => match path.strip_prefix("/user/memberships/orgs/") {
                Some(organization) => self.membership(&token, organization),
                None => StatusCode::NOT_FOUND.into_response(),
            },
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    }

    fn device(&self, body: &Fields) -> Response {
        let mut inner = self.lock();
        if body.get("client_id").map(String::as_str) != Some(CLIENT) {
            return (StatusCode::NOT_FOUND, Json(json!({"error": "Not Found"}))).into_response();
        }
        if inner.device_flow_off {
            let words = "Device Flow must be explicitly enabled for this App";
            let body = json!({"error": "device_flow_disabled", "error_description": words});
            return (StatusCode::BAD_REQUEST, Json(body)).into_response();
        }
        inner.begun += 1;
        let count = inner.begun;
        let now = inner.clock.as_ref().expect("a clock").now().0;
        let (device_code, user_code) = (format!("{count:040x}"), format!("WDJB-{count:04}"));
        let device = Device {
            user_code: user_code.clone(),
            born_ms: now,
            polled_ms: now,
            interval_s: INTERVAL_S,
            entered: None,
        };
        inner.devices.insert(device_code.clone(), device);
        Json(json!({
            "device_code": device_code, "user_code": user_code, "expires_in": LIVES_S, "interval": INTERVAL_S,
            "verification_uri": "https://github.com/login/device",
        }))
        .into_response()
    }

    fn grant(&self, body: &Fields) -> Value {
        let error = |word: &str| json!({"error": word, "error_description": word.replace('_', " ")});
        let field = |name: &str| body.get(name).cloned().unwrap_or_default();
        let mut inner = self.lock();
        if field("client_id") != CLIENT {
            return error("incorrect_client_credentials");
        }
        let login = if let Some(code) = body.get("device_code") {
            assert_eq!(field("grant_type"), "urn:ietf:params:oauth:grant-type:device_code");
            inner.polls += 1;
            let now = inner.clock.as_ref().expect("a clock").now().0;
            let Some(device) = inner.devices.get_mut(code) else { return error("incorrect_device_code") };
            if now - device.born_ms >= LIVES_S * 1_000 {
                return error("expired_token");
            }
            let early = now - device.polled_ms < device.interval_s * 1_000;
            device.polled_ms = now;
            if early {
                device.interval_s += 5;
                let mut answer = error("slow_down");
                answer["interval"] = json!(device.interval_s);
                return answer;
            }
            match device.entered.clone() {
                None => return error("authorization_pending"),
                Some(Err(())) => return error("access_denied"),
                Some(Ok(login)) => {
                    inner.devices.remove(code);
                    login
                }
            }
        } else {
            if field("client_secret") != CLIENT_SECRET {
                return error("incorrect_client_credentials");
            }
            // A code counts once, also where it is wrong.
            let Some(code) = inner.codes.remove(&field("code")) else { return error("bad_verification_code") };
            let hash = ring::digest::digest(&ring::digest::SHA256, field("code_verifier").as_bytes());
            if code.redirect != field("redirect_uri") || code.challenge != B64.encode(hash) {
                return error("bad_verification_code");
            }
            code.login
        };
        inner.used += 1;
        let token = format!("ghu_{:036}", inner.used);
        inner.tokens.insert(token.clone(), login);
        json!({"access_token": token, "token_type": "bearer", "scope": ""})
    }

    fn authorize(&self, query: &Fields) -> Response {
        let field = |name: &str| query.get(name).cloned().unwrap_or_default();
        assert_eq!((field("client_id").as_str(), field("code_challenge_method").as_str()), (CLIENT, "S256"));
        let mut inner = self.lock();
        if inner.at_browser.is_empty() {
            let to = format!("{}?error=access_denied&state={}", field("redirect_uri"), field("state"));
            return Redirect::to(&to).into_response();
        }
        inner.used += 1;
        let code = format!("code-{}", inner.used);
        let (login, redirect) = (inner.at_browser.clone(), field("redirect_uri"));
        let to = format!("{redirect}?code={code}&state={}", field("state"));
        inner.codes.insert(code, Code { login, redirect, challenge: field("code_challenge") });
        (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
    }

    fn membership(&self, token: &str, organization: &str) -> Response {
        let inner = self.lock();
        let login = inner.tokens.get(token).cloned().unwrap_or_default();
        if inner.members.contains(&(login, organization.to_owned())) {
            Json(json!({"state": "active", "role": "member"})).into_response()
        } else {
            (StatusCode::NOT_FOUND, Json(json!({"message": "Not Found"}))).into_response()
        }
    }
}
