//! A whole installation in memory: its doors, and the engine behind them, which takes in what they keep. Nothing is
//! performed, and nobody answers at the addresses of GitHub, Slack and Discord.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use ci_rescue::app::{App, Seats};
use ci_rescue::domain::Time;
use ci_rescue::domain::ids::hex;
use ci_rescue::ports::{Clock, Store, Turn};
use ci_rescue::store::{Ledger, Memory};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::Value;
use std::cell::RefCell;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

/// As GitHub signs, and whoever calls the generic hook.
pub use ci_rescue::demo::sign;

/// 2026-01-01 12:00 UTC, in milliseconds.
pub const NOON: i64 = 1_767_268_800_000;
/// The same in seconds, as platforms stamp what they send.
pub const STAMP: &str = "1767268800";
pub const WEBHOOK_SECRET: &str = "it-is-a-secret";
pub const HOOK_TOKEN: &str = "hook-token";
pub const TOKENS: [&str; 3] = [HOOK_TOKEN, "read-token", "act-token"];
pub const SLACK_SECRET: &str = "it-is-slacks-secret";
/// Requests that one house takes: what it remembers grows.
const REQUESTS: u32 = 500;

/// A clock that stands.
pub struct Still;

impl Clock for Still {
    fn now(&self) -> Time {
        Time(NOON)
    }
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    static HOUSE: RefCell<Option<House>> = const { RefCell::new(None) };
}

/// Runs to the end what waits for others.
pub fn wait<F: Future>(future: F) -> F::Output {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// The key pair of Discord's application and of a provider of identities.
pub fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes")
}

/// As the developer portal shows it.
pub fn public_key() -> String {
    hex(key().public_key().as_ref())
}

pub fn slack_code(stamp: &str, body: &[u8]) -> String {
    let code = sign(SLACK_SECRET, &[&b"v0:"[..], stamp.as_bytes(), b":", body].concat());
    code.replace("sha256=", "v0=")
}

pub fn discord_code(stamp: &str, body: &[u8]) -> String {
    hex(key().sign(&[stamp.as_bytes(), body].concat()).as_ref())
}

/// Everything that people and programs reach is on.
fn configuration() -> String {
    format!(
        "[github]\napi_url = \"http://127.0.0.1:1\"\nwebhook_secret = \"{WEBHOOK_SECRET}\"\ntoken = \"forge-token\"\n\
         [hooks]\ntoken = \"{HOOK_TOKEN}\"\n[api]\nread_token = \"read-token\"\nact_token = \"act-token\"\n\
         [console]\ntoken = \"console-token\"\n\
         [slack]\napi_url = \"http://127.0.0.1:1/api\"\nbot_token = \"xoxb-double\"\ntransport = \"http\"\n\
         signing_secret = \"{SLACK_SECRET}\"\n\
         [discord]\napi_url = \"http://127.0.0.1:1/api/v10\"\nbot_token = \"discord-double\"\ntransport = \"http\"\n\
         public_key = \"{}\"\napplication_id = \"900\"\nguild_id = \"800\"\n\
         [[subscriptions]]\nplatform = \"slack\"\nchannel = \"C0BUILDS\"\nrepo = \"acme/shop\"\nbranch = \"*\"\n\
         [[people]]\nname = \"ada\"\nslack = \"UADA\"\ndiscord = \"1001\"\ngithub = \"ada\"\nrole = \"admin\"\n\
         [[people]]\nname = \"ben\"\nslack = \"UBEN\"\ndiscord = \"1002\"\ngithub = \"ben\"\nrole = \"responder\"\n",
        public_key()
    )
}

pub struct House {
    app: App,
    store: Arc<dyn Store>,
    left: u32,
}

/// One house for many inputs: to build one takes longer than to ask it.
pub fn with_house(act: impl FnOnce(&House)) {
    HOUSE.with_borrow_mut(|kept| {
        let mut house = kept.take().filter(|house| house.left > 0).unwrap_or_else(|| wait(House::build()));
        house.left -= 1;
        act(kept.insert(house));
    });
}

impl House {
    async fn build() -> Self {
        let text = configuration();
        let config = ci_rescue::config::parse(&text, &[]).unwrap_or_else(|why| panic!("{why}\n{text}"));
        let store: Arc<dyn Store> = Arc::new(Ledger::open(Memory::default()).expect("a ledger"));
        // Slack told this once.
        let known = [("slack_team", "T1"), ("slack_account", "UBOT")];
        let settings = known.map(|(key, value)| (key.to_owned(), Some(Value::from(value)))).into();
        store.commit(Turn { settings, ..Turn::default() }).await.expect("the store works");
        let hosts = vec!["rescue.example".to_owned()];
        let app = App::build(&config, store.clone(), Arc::new(Still), Seats::Operator, hosts, None).await;
        Self { app: app.expect("an app"), store, left: REQUESTS }
    }

    /// What is answered at the public listener, or at the private one, once the engine has taken in what was kept. Pages
    /// that never end are not read.
    pub fn ask(&self, request: Request<Body>, inside: bool) -> (StatusCode, Vec<u8>) {
        let private = self.app.private.as_ref().filter(|_| inside);
        let router: Router = private.unwrap_or(&self.app.public).clone();
        wait(async {
            let Ok(answer) = router.oneshot(request).await;
            let status = answer.status();
            let endless = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
            let body = answer.into_body();
            let bytes = if endless { Ok(Vec::new()) } else { to_bytes(body, usize::MAX).await.map(Vec::from) };
            while self.app.engine.turn().await.expect("no step panics, and the store works") {}
            (status, bytes.expect("a whole body"))
        })
    }

    /// Whatever a door keeps is understood behind it.
    pub fn check_understood(&self) {
        let dead = wait(self.store.dead_letters(1)).expect("the store works");
        assert!(dead.is_empty(), "{dead:?}");
    }
}
