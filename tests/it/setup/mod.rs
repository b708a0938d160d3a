//! `setup` as people run it: the real program against doubles of GitHub, Slack and Discord.

mod browser;
mod file;
mod ghes;
mod refusals;
mod running;
mod service;
mod terminal;

use crate::world::discord::DiscordDouble;
use crate::world::slack::SlackDouble;
use crate::world::{REPO, discord, listener};
use axum::extract::{Path as AtPath, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use ci_rescue::adapters::github::{PERMISSIONS, events};
use ci_rescue::demo::{Forge, router};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

pub const GITHUB_TOKEN: &str = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB";
pub const BOT_TOKEN: &str = "xoxb-0123456789-hushhushhush";
pub const APP_TOKEN: &str = "xapp-1-A0123-hushhushhush";
/// The only one that the double takes.
pub const DISCORD_TOKEN: &str = "discord-double";
pub const CHANNEL: &str = "C0BUILDS";

/// What the program said, and its exit status.
pub struct Said {
    pub out: String,
    pub err: String,
    pub code: i32,
}

impl Said {
    /// Everything on one line, so that wrapping does not matter.
    pub fn flat(&self) -> String {
        format!("{} {}", self.out, self.err).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// GitHub: the demo's forge, and what belongs to making an App.
#[derive(Clone, Default)]
pub struct Web {
    /// Codes that work once, each with the manifest that it stands for.
    pub codes: Arc<Mutex<BTreeMap<String, Value>>>,
    pub manifests: Arc<Mutex<Vec<Value>>>,
}

/// Somebody's machine, and the services around it.
pub struct Place {
    pub dir: TempDir,
    pub forge: Forge,
    pub web: Web,
    pub github: SocketAddr,
    pub slack: SlackDouble,
    pub discord: DiscordDouble,
    stop: CancellationToken,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The root of an installation from a package, where that is what is tried.
fn root() -> Option<PathBuf> {
    std::env::var_os("CI_RESCUE_INSTALLED").map(PathBuf::from)
}

impl Place {
    pub async fn new() -> Self {
        let stop = CancellationToken::new();
        let now = || i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
        let forge = Forge::new(Arc::new(now), None);
        forge.add_repo(REPO);
        let web = Web::default();
        let (listener, github) = listener().await;
        let routes = github_routes(web.clone()).fallback_service(router(forge.clone()));
        tokio::spawn(ci_rescue::server::serve(listener, routes, stop.clone()));
        let slack = SlackDouble::start(&stop).await;
        let discord = DiscordDouble::start(&stop).await;
        let dir = root().map_or_else(TempDir::new, |root| TempDir::new_in(root.join("tmp"))).unwrap();
        Self { dir, forge, web, github, slack, discord, stop }
    }

    /// A path as the program sees it.
    pub fn inside(&self, name: &str) -> String {
        let path = self.dir.path().join(name);
        let seen = root().map_or(path.clone(), |root| Path::new("/").join(path.strip_prefix(root).unwrap()));
        seen.to_str().unwrap().to_owned()
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("ci-rescue.toml")
    }

    pub fn text(&self) -> String {
        std::fs::read_to_string(self.config()).unwrap_or_default()
    }

    pub fn secret(&self, key: &str) -> PathBuf {
        self.dir.path().join("secrets").join(key)
    }

    /// A file for its owner alone.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        self.inside(name)
    }

    pub fn program(&self) -> Command {
        let mut command = match root() {
            Some(root) => {
                let mut command = Command::new("chroot");
                command.arg(root).arg("/usr/bin/ci-rescue");
                command
            }
            None => Command::new(env!("CARGO_BIN_EXE_ci-rescue")),
        };
        command.current_dir(self.dir.path()).env("CI_RESCUE_CONFIG", self.inside("ci-rescue.toml"));
        command.env_remove("RUST_LOG").env("NO_COLOR", "1").env_remove("CREDENTIALS_DIRECTORY").kill_on_drop(true);
        command
    }

    /// `setup` with these answers.
    pub async fn answer(&self, answers: &str) -> Said {
        let file = self.write("answers.toml", answers);
        self.run(&["setup", "--answers", &file]).await
    }

    pub async fn run(&self, args: &[&str]) -> Said {
        let mut command = self.program();
        command.args(args).env("THE_BOT_TOKEN", BOT_TOKEN).stdin(std::process::Stdio::null());
        let output = command.output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { out: text(output.stdout), err: text(output.stderr), code: output.status.code().unwrap_or(-1) }
    }

    /// Answers for everything, with their secrets in files and in the environment.
    pub fn answers(&self) -> String {
        let token = self.write("github-token", GITHUB_TOKEN);
        let app = self.write("app-token", &format!("{APP_TOKEN}\n"));
        let bot = self.write("discord-token", DISCORD_TOKEN);
        format!(
            "[github]\napi_url = \"http://{}\"\ntoken = {{file = \"{token}\"}}\nrepositories = [\"{REPO}\"]\n\
             [store]\npath = \"{}\"\n[server]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n\
             [slack]\napi_url = \"http://{}/api\"\nbot_token = {{env = \"THE_BOT_TOKEN\"}}\n\
             app_token = {{file = \"{app}\"}}\nchannel = \"{CHANNEL}\"\n\
             [discord]\napi_url = \"http://{}/api/v10\"\nbot_token = {{file = \"{bot}\"}}\nguild_id = \"{}\"\nchannel = \"{}\"\n\
             [admin]\ngithub = \"ada\"\nslack = \"UADA0001\"\n",
            self.github,
            self.inside("store"),
            self.slack.at,
            self.discord.at,
            discord::GUILD,
            discord::CHANNEL,
        )
    }

    /// Everything that may not be seen: in what was said, and in the configuration.
    pub fn hides(&self, said: &str) {
        let console = std::fs::read_to_string(self.secret("console.token")).unwrap_or_default();
        for secret in [GITHUB_TOKEN, BOT_TOKEN, APP_TOKEN, DISCORD_TOKEN, "MII", console.trim()] {
            assert!(secret.is_empty() || !said.contains(secret), "{secret}: {said}");
            assert!(secret.is_empty() || !self.text().contains(secret), "{secret}: {}", self.text());
        }
    }
}

fn github_routes(web: Web) -> Router {
    Router::new()
        .route("/settings/apps/new", post(new_app))
        .route("/organizations/{org}/settings/apps/new", post(new_app))
        .route("/app-manifests/{code}/conversions", post(convert))
        .route("/app", get(async || Json(app())))
        .route("/app/installations", get(async || Json(json!([app()]))))
        .with_state(web)
}

fn app() -> Value {
    let permissions: BTreeMap<&str, &str> = PERMISSIONS.iter().copied().collect();
    json!({"id": 7, "slug": "ci-rescue-acme", "name": "CI Rescue of Acme", "permissions": permissions,
        "events": events().collect::<Vec<_>>(), "html_url": "http://127.0.0.1:1/apps/ci-rescue-acme",
        "account": {"login": "acme"}})
}

/// GitHub's page that asks for the App's name; its button leads back with a code.
async fn new_app(
    State(web): State<Web>,
    axum::extract::Query(query): axum::extract::Query<BTreeMap<String, String>>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let manifest: Value = serde_json::from_str(&form["manifest"]).unwrap();
    let needed = ["name", "url", "hook_attributes", "default_permissions", "redirect_url"];
    if let Some(missing) = needed.iter().find(|key| manifest[**key].is_null()) {
        return (StatusCode::UNPROCESSABLE_ENTITY, format!("{missing} is missing")).into_response();
    }
    let code = format!("a180b1a3d263c81bc6441d7b990bae27d4c1067{}", web.codes.lock().unwrap().len());
    web.codes.lock().unwrap().insert(code.clone(), manifest.clone());
    web.manifests.lock().unwrap().push(manifest.clone());
    let back = manifest["redirect_url"].as_str().unwrap();
    let state = &query["state"];
    Html(format!(
        "<!doctype html><title>GitHub</title><form action=\"{back}\"><input type=hidden name=code value=\"{code}\">\
         <input type=hidden name=state value=\"{state}\"><button id=create>Create GitHub App</button></form>"
    ))
    .into_response()
}

async fn convert(State(web): State<Web>, AtPath(code): AtPath<String>) -> Response {
    let Some(manifest) = web.codes.lock().unwrap().remove(&code) else {
        return (StatusCode::NOT_FOUND, Json(json!({"message": "Not Found"}))).into_response();
    };
    let mut made = app();
    made["pem"] = include_str!("../../data/app-key.pem").into();
    made["client_id"] = "Iv1.0123456789abcdef".into();
    made["client_secret"] = "not-needed".into();
    made["webhook_secret"] = match manifest["hook_attributes"]["active"].as_bool() {
        Some(true) => "e340154128314309424b7c8e90325147d99fdafa".into(),
        _ => Value::Null,
    };
    (StatusCode::CREATED, Json(made)).into_response()
}
