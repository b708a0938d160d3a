//! Discord's double: channels, threads, interactions, commands, rate limits and the gateway, as a state. It refuses
//! what Discord refuses.

use super::rooms::Refusals;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub const APPLICATION: &str = "900";
pub const GUILD: &str = "800";
/// A conversation with one person has an id of its own.
const DIRECT: &str = "88";
pub const CHANNEL: &str = "700";

/// A message as Discord keeps it.
#[derive(Clone, Debug)]
pub struct Message {
    pub channel: String,
    pub id: String,
    pub body: Value,
    pub edits: u32,
}

#[derive(Default)]
struct Interaction {
    answer: Option<Value>,
    further: Vec<Value>,
}

/// An answer to give instead of the true one: call, status, body, headers.
type Fault = (String, u16, Value, Vec<(&'static str, &'static str)>);

#[derive(Default)]
struct Inner {
    messages: Vec<Message>,
    /// Threads by id, with their parents and names.
    threads: BTreeMap<String, (String, String)>,
    /// Threads that are put away, and those that nobody opens again.
    archived: BTreeSet<String>,
    locked: BTreeSet<String>,
    interactions: BTreeMap<String, Interaction>,
    /// Commands by guild; those of no guild are global.
    commands: BTreeMap<Option<String>, Value>,
    calls: Vec<String>,
    /// The bot's token, where it is not the usual one.
    token: Option<String>,
    faults: VecDeque<Fault>,
    lost: VecDeque<String>,
    /// Status, code and message.
    refusals: Refusals<(u16, u32, &'static str)>,
    clock: u64,
    sequence: u64,
    socket: Option<mpsc::UnboundedSender<Value>>,
    identified: u32,
    resumed: u32,
    /// The tokens by which sessions were asked for, those that were refused too.
    presented: Vec<String>,
    /// Servers that it is on besides its own.
    joined: Vec<String>,
    /// What the bot may do on its server, where it is not what the invitation asks for.
    granted: Option<String>,
}

#[derive(Clone)]
pub struct DiscordDouble {
    inner: Arc<Mutex<Inner>>,
    pub at: SocketAddr,
    connections: Arc<watch::Sender<u32>>,
    /// Counts what changed, for those who wait.
    changes: Arc<watch::Sender<u64>>,
    /// What is written takes effect at once and is answered this much later.
    pub latency_ms: Arc<AtomicU64>,
}

impl DiscordDouble {
    pub async fn start(stop: &CancellationToken) -> Self {
        let (listener, at) = super::listener().await;
        let double = Self {
            inner: Arc::default(),
            at,
            connections: Arc::new(watch::channel(0).0),
            changes: Arc::new(watch::channel(0).0),
            latency_ms: Arc::default(),
        };
        double.lock().clock = 1_000;
        let api = Router::new()
            .route("/gateway", get(gateway))
            .route("/gateway/bot", get(gateway))
            .route(
                "/users/@me",
                get(|| async {
                    Json(json!({"id": APPLICATION, "username": "ci-rescue", "discriminator": "0", "bot": true,
                        "avatar": null, "global_name": null}))
                }),
            )
            .route("/applications/@me", get(|| async { Json(json!({"id": APPLICATION, "name": "CI Rescue"})) }))
            .route("/oauth2/applications/@me", get(application))
            .route("/users/@me/guilds", get(guilds))
            .route("/applications/{app}/commands", get(commands).put(put_commands))
            .route("/applications/{app}/guilds/{guild}/commands", get(commands).put(put_commands))
            .route("/channels/{channel}/messages", get(history).post(create))
            .route("/channels/{channel}/messages/{message}", patch(edit))
            .route("/channels/{channel}/messages/{message}/threads", post(open_thread))
            .route("/channels/{channel}", get(channel).patch(edit_channel))
            .route("/channels/{channel}/threads", post(new_thread))
            .route("/users/@me/channels", post(direct))
            .route("/interactions/{id}/{token}/callback", post(callback))
            .route("/webhooks/{app}/{token}", post(follow_up))
            .route("/webhooks/{app}/{token}/messages/@original", patch(edit_original));
        let api = api.layer(axum::middleware::from_fn_with_state(double.clone(), late));
        let router = Router::new().nest("/api/v10", api).route("/", get(socket)).with_state(double.clone());
        let ends = stop.clone();
        tokio::spawn(async move {
            axum::serve(listener, super::record::recorded("discord", router))
                .with_graceful_shutdown(async move { ends.cancelled().await })
                .await
        });
        double
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("a lock")
    }

    fn tick(&self) -> u64 {
        let mut inner = self.lock();
        inner.clock += 1;
        inner.clock
    }

    pub async fn connected(&self) {
        let mut seen = self.connections.subscribe();
        seen.wait_for(|count| *count > 0).await.expect("a double");
    }

    /// Waits for a state of the double that somebody else brings about.
    pub async fn until(&self, what: impl Fn(&Self) -> bool) {
        let mut seen = self.changes.subscribe();
        let wait = async {
            while !what(self) {
                seen.changed().await.expect("a double");
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), wait).await.expect("it never came");
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// A channel, with its threads, answers with this from now on.
    pub fn close(&self, channel: &str, status: u16, code: u32, message: &'static str, posting: bool) {
        self.lock().refusals.close(channel, (status, code, message), posting);
    }

    /// Posts with another token are refused from now on, and so are sessions.
    pub fn expect(&self, token: &str) {
        self.lock().token = Some(token.to_owned());
    }

    /// The token is refused from now on.
    pub fn refuse(&self) {
        self.lock().refusals.refuse((401, 0, "401: Unauthorized"));
    }

    pub fn open_again(&self) {
        self.lock().refusals.open();
    }

    /// How many calls were refused.
    pub fn refused(&self) -> usize {
        self.lock().refusals.count
    }

    /// The refusal of a call to this path.
    fn refusal(&self, path: &str, posts: bool) -> Option<Response> {
        let mut inner = self.lock();
        let at = path.strip_prefix("/channels/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let channel = inner.threads.get(at).map_or(at, |(parent, _)| parent).to_owned();
        let (status, code, message) = inner.refusals.of(&channel, posts)?;
        Some(refuse(status, code, message))
    }

    /// Somebody invited the bot to another server.
    pub fn join(&self, guild: &str) {
        self.lock().joined.push(guild.into());
    }

    pub fn grant(&self, permissions: &str) {
        self.lock().granted = Some(permissions.into());
    }

    pub fn fault(&self, call: &str, status: u16, body: Value, headers: Vec<(&'static str, &'static str)>) {
        self.lock().faults.push_back((call.into(), status, body, headers));
    }

    /// The next call takes effect, and its answer is a 502.
    pub fn lose_answer(&self, call: &str) {
        self.lock().lost.push_back(call.into());
    }

    fn is_lost(&self, call: &str) -> bool {
        let mut inner = self.lock();
        let at = inner.lost.iter().position(|lost| lost == call);
        at.is_some_and(|at| inner.lost.remove(at).is_some())
    }

    pub fn messages(&self) -> Vec<Message> {
        self.lock().messages.clone()
    }

    pub fn cards(&self) -> Vec<Message> {
        self.messages().into_iter().filter(|message| message.channel == CHANNEL).collect()
    }

    pub fn thread(&self, card: &str) -> Vec<Message> {
        self.messages().into_iter().filter(|message| message.channel == card).collect()
    }

    /// What was written to a person directly.
    pub fn direct(&self, user: &str) -> Vec<String> {
        let inner = self.lock();
        let theirs = inner.messages.iter().filter(|message| message.channel == format!("{DIRECT}{user}"));
        theirs.map(|message| message.body["content"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Puts a thread away; nobody opens a locked one again.
    pub fn shut(&self, thread: &str, locked: bool) {
        let mut inner = self.lock();
        inner.archived.insert(thread.to_owned());
        if locked {
            inner.locked.insert(thread.to_owned());
        }
    }

    /// Somebody deletes a message.
    pub fn delete(&self, message: &str) {
        self.lock().messages.retain(|have| have.id != message);
    }

    pub fn threads(&self) -> usize {
        self.lock().threads.len()
    }

    /// The commands of the configured guild.
    pub fn commands(&self) -> Value {
        self.commands_of(Some(GUILD))
    }

    /// The commands of a guild, or the global ones; null where none were ever registered.
    pub fn commands_of(&self, guild: Option<&str>) -> Value {
        self.lock().commands.get(&guild.map(str::to_owned)).cloned().unwrap_or_default()
    }

    /// Commands that an earlier configuration registered.
    pub fn leave_commands(&self, guild: Option<&str>, commands: Value) {
        self.lock().commands.insert(guild.map(str::to_owned), commands);
    }

    pub fn calls(&self, call: &str) -> usize {
        self.lock().calls.iter().filter(|have| *have == call).count()
    }

    /// What was answered to an interaction, at once and afterwards.
    pub fn answers(&self, token: &str) -> (Value, Vec<Value>) {
        let inner = self.lock();
        let found = inner.interactions.get(token);
        found.map_or((Value::Null, Vec::new()), |found| {
            (found.answer.clone().unwrap_or_default(), found.further.clone())
        })
    }

    /// The last private answer to an interaction.
    pub fn said(&self, token: &str) -> String {
        self.answers(token).1.last().and_then(|body| body["content"].as_str().map(str::to_owned)).unwrap_or_default()
    }

    pub fn sessions(&self) -> (u32, u32) {
        let inner = self.lock();
        (inner.identified, inner.resumed)
    }

    /// An interaction of a member, as Discord sends it.
    pub fn interaction(&self, kind: u8, user: &str, data: Value, card: Option<&Message>) -> (String, Value) {
        let id = self.tick();
        let token = format!("token{id}");
        self.lock().interactions.insert(token.clone(), Interaction::default());
        let mut value = json!({
            "id": id.to_string(), "application_id": APPLICATION, "type": kind, "token": token, "version": 1,
            "guild_id": GUILD, "channel_id": CHANNEL,
            "channel": {"id": CHANNEL, "type": 0, "name": "builds", "permissions": "0", "guild_id": GUILD, "position": 0,
                "nsfw": false, "topic": null, "parent_id": null, "last_message_id": null, "rate_limit_per_user": 0, "flags": 0},
            "member": {"user": {"id": user, "username": format!("user-{user}"), "discriminator": "0", "global_name": null, "avatar": null},
                "roles": [], "joined_at": "2026-01-01T00:00:00Z", "deaf": false, "mute": false, "flags": 0, "permissions": "0", "nick": null,
                "avatar": null, "premium_since": null, "pending": false},
            "app_permissions": "0", "locale": "en-US", "guild_locale": "en-US", "entitlements": [],
            "authorizing_integration_owners": {"0": GUILD}, "context": 0, "attachment_size_limit": 10_485_760, "data": data,
        });
        if let Some(card) = card {
            value["message"] = card.as_discord();
        }
        (token, value)
    }

    /// By the gateway, and acknowledged.
    pub async fn send(&self, interaction: &Value) {
        let token = interaction["token"].as_str().expect("a token").to_owned();
        self.dispatch("INTERACTION_CREATE", interaction.clone());
        self.until(|double| !double.answers(&token).0.is_null()).await;
    }

    pub fn dispatch(&self, kind: &str, data: Value) {
        let mut inner = self.lock();
        inner.sequence += 1;
        let frame = json!({"op": 0, "t": kind, "s": inner.sequence, "d": data});
        inner.socket.clone().expect("a socket").send(frame).expect("an open socket");
    }

    /// `/rescue verb …`, by name and value.
    pub fn command(&self, user: &str, verb: &str, options: &[(&str, Value)]) -> (String, Value) {
        let options: Vec<Value> = options
            .iter()
            .map(|(name, value)| {
                let kind = if value.is_boolean() { 5 } else { 3 };
                json!({"name": name, "type": kind, "value": value})
            })
            .collect();
        let data = json!({"id": "1", "name": "rescue", "type": 1, "guild_id": GUILD,
            "options": [{"name": verb, "type": 1, "options": options}]});
        self.interaction(2, user, data, None)
    }

    pub fn click(&self, user: &str, card: &Message, custom_id: &str) -> (String, Value) {
        let data = json!({"custom_id": custom_id, "component_type": 2});
        self.interaction(3, user, data, Some(card))
    }

    pub fn press(&self, user: &str, card: &Message, label: &str) -> (String, Value) {
        let id = card.button(label).unwrap_or_else(|| panic!("no button {label} in {}", card.body));
        self.click(user, card, &id)
    }

    /// A press while the bot may be away: `false` when nobody was there to hear it.
    pub fn try_press(&self, user: &str, card: &Message, label: &str) -> bool {
        let (_, value) = self.press(user, card, label);
        let mut inner = self.lock();
        inner.sequence += 1;
        let frame = json!({"op": 0, "t": "INTERACTION_CREATE", "s": inner.sequence, "d": value});
        inner.socket.as_ref().is_some_and(|socket| socket.send(frame).is_ok())
    }

    /// The tokens by which sessions were asked for, without the word before them.
    pub fn presented(&self) -> Vec<String> {
        self.lock().presented.clone()
    }

    /// Whether whoever opens a session, or resumes it, has the token that counts.
    fn lets_in(&self, frame: &Value) -> bool {
        let given = frame["d"]["token"].as_str().unwrap_or_default();
        let given = given.strip_prefix("Bot ").unwrap_or(given).to_owned();
        let mut inner = self.lock();
        let good = inner.token.as_ref().is_none_or(|token| *token == given);
        inner.presented.push(given);
        good
    }

    /// How many sessions were opened or resumed.
    pub fn connections(&self) -> u32 {
        *self.connections.borrow()
    }

    /// Closes the socket with this code.
    pub fn hang_up(&self, code: u16) {
        let socket = self.lock().socket.take().expect("a socket");
        let _ = socket.send(json!({"close": code}));
    }

    /// The same, and waits for the next one.
    pub async fn disconnect(&self, code: u16) {
        let before = self.connections();
        self.hang_up(code);
        self.opened_since(before).await;
    }

    /// Waits for one more session than `before`.
    pub async fn opened_since(&self, before: u32) {
        let mut seen = self.connections.subscribe();
        let again = seen.wait_for(|count| *count > before);
        tokio::time::timeout(std::time::Duration::from_secs(60), again).await.expect("a new socket").expect("a double");
    }

    fn fault_for(&self, call: &str) -> Option<Response> {
        let mut inner = self.lock();
        inner.calls.push(call.to_owned());
        let at = inner.faults.iter().position(|(name, ..)| name == call)?;
        let (_, status, body, headers) = inner.faults.remove(at)?;
        let mut response = (StatusCode::from_u16(status).expect("a status"), Json(body)).into_response();
        for (name, value) in headers {
            response.headers_mut().insert(name, value.parse().expect("a value"));
        }
        Some(response)
    }
}

impl Message {
    fn as_discord(&self) -> Value {
        let mut value = self.body.clone();
        value["id"] = json!(self.id);
        value["channel_id"] = json!(self.channel);
        value["author"] = json!({"id": APPLICATION, "username": "ci-rescue", "discriminator": "0", "bot": true, "global_name": null, "avatar": null});
        for (key, default) in [
            ("timestamp", json!("2026-01-01T00:00:00Z")),
            ("edited_timestamp", Value::Null),
            ("tts", json!(false)),
            ("mention_everyone", json!(false)),
            ("mentions", json!([])),
            ("mention_roles", json!([])),
            ("embeds", json!([])),
            ("components", json!([])),
            ("attachments", json!([])),
            ("pinned", json!(false)),
            ("type", json!(0)),
            ("flags", json!(0)),
        ] {
            if value.get(key).is_none() {
                value[key] = default;
            }
        }
        value
            .as_object_mut()
            .expect("a message")
            .retain(|key, _| !["allowed_mentions", "nonce", "enforce_nonce"].contains(&key.as_str()));
        value
    }

    /// The `custom_id` of a button, or the value of a select's entry, with this label.
    pub fn button(&self, label: &str) -> Option<String> {
        let rows = self.body["components"].as_array()?;
        let parts = rows.iter().flat_map(|row| row["components"].as_array().cloned().unwrap_or_default());
        let all =
            parts.flat_map(|part| part["options"].as_array().cloned().unwrap_or_default().into_iter().chain([part]));
        let found = all.into_iter().find(|part| part["label"] == label)?;
        found["custom_id"].as_str().or(found["value"].as_str()).map(str::to_owned)
    }

    pub fn words(&self) -> String {
        let embed = &self.body["embeds"][0];
        [&self.body["content"], &embed["title"], &embed["description"]]
            .iter()
            .filter_map(|v| v.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

async fn late(State(double): State<DiscordDouble>, request: Request, next: Next) -> Response {
    let reads = request.method() == axum::http::Method::GET;
    let posts = request.method() == axum::http::Method::POST;
    // The gateway and answers to interactions go by keys of their own.
    let path = request.uri().path().to_owned();
    let refusal =
        if path.starts_with("/channels") || path.starts_with("/users") { double.refusal(&path, posts) } else { None };
    if let Some(refusal) = refusal {
        return refusal;
    }
    let answer = next.run(request).await;
    if !reads {
        let late = double.latency_ms.load(Ordering::Relaxed);
        tokio::time::sleep(std::time::Duration::from_millis(late)).await;
    }
    answer
}

/// The servers that the bot is on, with what it may do there.
async fn guilds(State(double): State<DiscordDouble>) -> Json<Value> {
    let invitation = ci_rescue::adapters::discord::invitation(APPLICATION);
    let asked = invitation.rsplit('=').next().unwrap_or_default().to_owned();
    let granted = double.lock().granted.clone().unwrap_or(asked);
    let guild = |id: &str| json!({"id": id, "name": "Acme", "icon": null, "banner": null, "owner": false, "permissions": granted, "features": []});
    let others = double.lock().joined.clone();
    Json(std::iter::once(GUILD).chain(others.iter().map(String::as_str)).map(guild).collect())
}

fn key() -> ring::signature::Ed25519KeyPair {
    ring::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key")
}

/// The double's public key, as the developer portal shows it.
pub fn public_key() -> String {
    use ring::signature::KeyPair;
    ci_rescue::domain::ids::hex(key().public_key().as_ref())
}

/// The value of `X-Signature-Ed25519`.
pub fn sign(stamp: &str, body: &[u8]) -> String {
    ci_rescue::domain::ids::hex(key().sign(&[stamp.as_bytes(), body].concat()).as_ref())
}

/// What Discord would say of a message (discord.com/developers, "Message Resource", "Components Reference").
pub fn limits(body: &Value) -> Result<(), String> {
    let length = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
    let within = |what: &str, value: &Value, max: usize| {
        if length(value) <= max { Ok(()) } else { Err(format!("{what} is over {max}")) }
    };
    within("content", &body["content"], 2_000)?;
    within("nonce", &body["nonce"], 25)?;
    if !body["allowed_mentions"]["parse"].as_array().is_some_and(Vec::is_empty) {
        return Err("mentions are parsed".into());
    }
    let embeds = body["embeds"].as_array().cloned().unwrap_or_default();
    let mut sum = 0;
    for embed in &embeds {
        for (what, max) in [("title", 256), ("description", 4_096)] {
            within(what, &embed[what], max)?;
            sum += length(&embed[what]);
        }
        within("footer", &embed["footer"]["text"], 2_048)?;
        sum += length(&embed["footer"]["text"]);
    }
    if sum > 6_000 || embeds.len() > 10 {
        return Err("the embeds are too large".into());
    }
    if length(&body["content"]) == 0 && embeds.is_empty() {
        return Err("Cannot send an empty message".into());
    }
    let mut ids = Vec::new();
    let rows = body["components"].as_array().cloned().unwrap_or_default();
    if rows.len() > 5 {
        return Err("over 5 rows".into());
    }
    for row in &rows {
        let parts = row["components"].as_array().cloned().unwrap_or_default();
        if parts.is_empty() || parts.len() > 5 {
            return Err("a row holds 1 to 5 parts".into());
        }
        for part in &parts {
            within("custom_id", &part["custom_id"], 100)?;
            within("label", &part["label"], 80)?;
            within("url", &part["url"], 512)?;
            ids.extend(part["custom_id"].as_str().map(str::to_owned));
            for option in part["options"].as_array().into_iter().flatten() {
                within("option label", &option["label"], 100)?;
                within("option value", &option["value"], 100)?;
            }
        }
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    if ids.len() == all { Ok(()) } else { Err("a custom_id stands twice".into()) }
}

fn refuse(status: u16, code: u32, message: &str) -> Response {
    (StatusCode::from_u16(status).expect("a status"), Json(json!({"code": code, "message": message}))).into_response()
}

async fn gateway(State(double): State<DiscordDouble>) -> Json<Value> {
    Json(json!({"url": format!("ws://{}", double.at), "shards": 1,
        "session_start_limit": {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}}))
}

async fn application() -> Json<Value> {
    Json(
        json!({"id": APPLICATION, "name": "CI Rescue", "description": "", "icon": null, "bot_public": false, "bot_require_code_grant": false,
        "verify_key": public_key(), "flags": 0, "team": null, "rpc_origins": [], "summary": "",
        "owner": {"id": "1", "username": "ada", "discriminator": "0", "avatar": null, "global_name": null}}),
    )
}

/// The guild of a path, if it has one.
type Scope = Path<BTreeMap<String, String>>;

async fn commands(State(double): State<DiscordDouble>, Path(scope): Scope) -> Response {
    let have = double.commands_of(scope.get("guild").map(String::as_str));
    if let Some(fault) = double.fault_for("commands.get") {
        return fault;
    }
    Json(if have.is_null() { json!([]) } else { have }).into_response()
}

async fn put_commands(
    State(double): State<DiscordDouble>,
    Path(scope): Scope,
    Json(mut body): Json<Value>,
) -> Response {
    if let Some(fault) = double.fault_for("commands.put") {
        return fault;
    }
    for (at, command) in body.as_array_mut().into_iter().flatten().enumerate() {
        command["id"] = json!(at.to_string());
        command["version"] = json!("1");
    }
    double.lock().commands.insert(scope.get("guild").cloned(), body.clone());
    double.changed();
    Json(body).into_response()
}

fn authorised(double: &DiscordDouble, headers: &HeaderMap) -> bool {
    let token = double.lock().token.clone().unwrap_or_else(|| "discord-double".into());
    headers.get("authorization").is_some_and(|value| *value == format!("Bot {token}"))
}

async fn create(
    State(double): State<DiscordDouble>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    if let Some(fault) = double.fault_for("create") {
        return fault;
    }
    if !authorised(&double, &headers) {
        double.lock().refusals.count += 1;
        return refuse(401, 0, "401: Unauthorized");
    }
    let id = double.tick().to_string();
    let mut inner = double.lock();
    if channel != CHANNEL && !inner.threads.contains_key(&channel) && !channel.starts_with(DIRECT) {
        return refuse(404, 10_003, "Unknown Channel");
    }
    if inner.archived.contains(&channel) {
        return refuse(400, 50_083, "Thread is archived");
    }
    if let Err(why) = limits(&body) {
        return refuse(400, 50_035, &why);
    }
    let same = |message: &&Message| message.channel == channel && message.body["nonce"] == body["nonce"];
    if body["enforce_nonce"] == json!(true)
        && let Some(have) = inner.messages.iter().find(same)
    {
        return Json(have.as_discord()).into_response();
    }
    let message = Message { channel, id, body, edits: 0 };
    inner.messages.push(message.clone());
    drop(inner);
    double.changed();
    if double.is_lost("create") {
        return refuse(502, 0, "bad gateway");
    }
    Json(message.as_discord()).into_response()
}

async fn edit(
    State(double): State<DiscordDouble>,
    Path((channel, id)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    if let Some(fault) = double.fault_for("edit") {
        return fault;
    }
    if let Err(why) = limits(&body) {
        return refuse(400, 50_035, &why);
    }
    let mut inner = double.lock();
    let Some(message) = inner.messages.iter_mut().find(|message| message.channel == channel && message.id == id) else {
        return refuse(404, 10_008, "Unknown Message");
    };
    for (key, value) in body.as_object().into_iter().flatten() {
        message.body[key.as_str()] = value.clone();
    }
    message.edits += 1;
    Json(message.as_discord()).into_response()
}

async fn channel(Path(channel): Path<String>) -> Json<Value> {
    Json(json!({"id": channel, "type": 0, "guild_id": GUILD, "name": "builds"}))
}

async fn edit_channel(
    State(double): State<DiscordDouble>,
    Path(channel): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    if let Some(fault) = double.fault_for("edit_channel") {
        return fault;
    }
    let mut inner = double.lock();
    if inner.locked.contains(&channel) {
        return refuse(403, 50_013, "Missing Permissions");
    }
    if body["archived"] == json!(false) {
        inner.archived.remove(&channel);
    }
    Json(json!({"id": channel, "type": 11})).into_response()
}

async fn new_thread(
    State(double): State<DiscordDouble>,
    Path(channel): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    if body["type"] != json!(11) {
        return refuse(400, 50_035, "Invalid Form Body");
    }
    let id = double.tick().to_string();
    let name = body["name"].as_str().unwrap_or_default().to_owned();
    double.lock().threads.insert(id.clone(), (channel, name));
    Json(json!({"id": id, "type": 11})).into_response()
}

async fn direct(State(double): State<DiscordDouble>, Json(body): Json<Value>) -> Response {
    if let Some(fault) = double.fault_for("direct") {
        return fault;
    }
    let to = body["recipient_id"].as_str().unwrap_or_default();
    Json(json!({"id": format!("{DIRECT}{to}"), "type": 1})).into_response()
}

#[derive(serde::Deserialize)]
struct Page {
    after: Option<u64>,
}

async fn history(
    State(double): State<DiscordDouble>,
    Path(channel): Path<String>,
    Query(page): Query<Page>,
) -> Response {
    if let Some(fault) = double.fault_for("history") {
        return fault;
    }
    let inner = double.lock();
    if channel != CHANNEL && !inner.threads.contains_key(&channel) {
        return refuse(404, 10_003, "Unknown Channel");
    }
    // Ids of the double are small; only real snowflakes carry times.
    let after = page.after.filter(|after| *after < 1 << 40).unwrap_or(0);
    let found =
        inner.messages.iter().filter(|m| m.channel == channel && m.id.parse::<u64>().is_ok_and(|id| id > after));
    Json(found.take(100).map(Message::as_discord).collect::<Vec<_>>()).into_response()
}

async fn open_thread(
    State(double): State<DiscordDouble>,
    Path((channel, message)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    if let Some(fault) = double.fault_for("thread") {
        return fault;
    }
    let mut inner = double.lock();
    if inner.threads.contains_key(&message) {
        return refuse(400, 160_004, "A thread has already been created for this message");
    }
    let name = body["name"].as_str().unwrap_or_default().to_owned();
    if !(1..=100).contains(&name.chars().count()) {
        return refuse(400, 50_035, "Invalid Form Body");
    }
    inner.threads.insert(message.clone(), (channel, name));
    Json(json!({"id": message, "type": 11})).into_response()
}

#[derive(serde::Deserialize)]
struct CallbackQuery {
    with_response: Option<String>,
}

/// A modal's limits (docs.discord.com, "Text Input"): a title and labels of at most 45 characters.
fn modal_fits(body: &Value) -> bool {
    let data = &body["data"];
    let length = |text: &Value| text.as_str().map_or(0, |text| text.chars().count());
    let rows = data["components"].as_array().into_iter().flatten();
    let inputs: Vec<&Value> = rows.flat_map(|row| row["components"].as_array().into_iter().flatten()).collect();
    let fits = |input: &&Value| {
        let max = input["max_length"].as_u64().map_or(4_000, |max| usize::try_from(max).unwrap_or(0));
        (1..=45).contains(&length(&input["label"]))
            && (1..=100).contains(&length(&input["custom_id"]))
            && length(&input["value"]) <= max.min(4_000)
            && length(&input["placeholder"]) <= 100
    };
    let limits = (1..=5).contains(&inputs.len()) && length(&data["title"]) <= 45 && length(&data["custom_id"]) <= 100;
    body["type"] != 9 || (limits && inputs.iter().all(fits))
}

async fn callback(
    State(double): State<DiscordDouble>,
    Path((id, token)): Path<(String, String)>,
    Query(wanted): Query<CallbackQuery>,
    Json(body): Json<Value>,
) -> Response {
    if let Some(fault) = double.fault_for("callback") {
        return fault;
    }
    if !modal_fits(&body) {
        return refuse(400, 50_035, "Invalid Form Body");
    }
    let answer = {
        let mut inner = double.lock();
        match inner.interactions.get_mut(&token) {
            None => refuse(404, 10_062, "Unknown interaction"),
            Some(found) if found.answer.is_some() => refuse(400, 40_060, "Interaction has already been acknowledged."),
            Some(found) => {
                found.answer = Some(body);
                if wanted.with_response.is_some() {
                    Json(json!({"interaction": {"id": id, "type": 2, "response_message_loading": true}}))
                        .into_response()
                } else {
                    StatusCode::NO_CONTENT.into_response()
                }
            }
        }
    };
    double.changed();
    answer
}

fn answered(double: &DiscordDouble, token: &str, body: Value, original: bool) -> Response {
    if body["content"].as_str().is_none_or(|text| text.is_empty() || text.chars().count() > 2_000) {
        return refuse(400, 50_035, "Invalid Form Body");
    }
    let mut inner = double.lock();
    let Some(found) = inner.interactions.get_mut(token).filter(|found| found.answer.is_some()) else {
        return refuse(404, 10_015, "Unknown Webhook");
    };
    // Only a deferred answer is there to be edited.
    if original && found.answer.as_ref().is_none_or(|answer| answer["type"] != json!(5)) {
        return refuse(404, 10_008, "Unknown Message");
    }
    found.further.push(body.clone());
    drop(inner);
    double.changed();
    Json(Message { channel: CHANNEL.into(), id: "1".into(), body, edits: 0 }.as_discord()).into_response()
}

async fn edit_original(
    State(double): State<DiscordDouble>,
    Path((_, token)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    double.fault_for("original").unwrap_or_else(|| answered(&double, &token, body, true))
}

async fn follow_up(
    State(double): State<DiscordDouble>,
    Path((_, token)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    double.fault_for("follow_up").unwrap_or_else(|| answered(&double, &token, body, false))
}

async fn socket(State(double): State<DiscordDouble>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| serve(double, socket))
}

fn text(value: &Value) -> Frame {
    Frame::Text(value.to_string().into())
}

async fn serve(double: DiscordDouble, mut socket: WebSocket) {
    let (sender, mut outgoing) = mpsc::unbounded_channel::<Value>();
    let hello = json!({"op": 10, "t": null, "s": null, "d": {"heartbeat_interval": 41_250}});
    if socket.send(text(&hello)).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            frame = outgoing.recv() => {
                let Some(frame) = frame else { return };
                if let Some(code) = frame["close"].as_u64() {
                    let code = u16::try_from(code).expect("a code");
                    let _ = socket.send(Frame::Close(Some(axum::extract::ws::CloseFrame { code, reason: "double".into() }))).await;
                    return;
                }
                if socket.send(text(&frame)).await.is_err() {
                    return;
                }
            }
            frame = socket.recv() => {
                let Some(Ok(frame)) = frame else { return };
                let Frame::Text(words) = frame else { continue };
                let value: Value = serde_json::from_str(&words).expect("JSON");
                match value["op"].as_u64() {
                    Some(1) => { let _ = socket.send(text(&json!({"op": 11, "t": null, "s": null, "d": null}))).await; }
                    Some(2 | 6) if !double.lets_in(&value) => {
                        let close = axum::extract::ws::CloseFrame { code: 4004, reason: "Authentication failed.".into() };
                        let _ = socket.send(Frame::Close(Some(close))).await;
                        return;
                    }
                    Some(2) => {
                        let ready = {
                            let mut inner = double.lock();
                            inner.identified += 1;
                            inner.sequence += 1;
                            inner.socket = Some(sender.clone());
                            json!({"op": 0, "t": "READY", "s": inner.sequence, "d": {
                                "v": 10, "user": {"id": APPLICATION, "username": "ci-rescue", "discriminator": "0", "bot": true, "mfa_enabled": false,
                                    "avatar": null, "global_name": null, "verified": true, "email": null, "flags": 0},
                                "guilds": [], "session_id": "session", "resume_gateway_url": format!("ws://{}", double.at), "shard": [0, 1],
                                "application": {"id": APPLICATION, "flags": 0}}})
                        };
                        let _ = socket.send(text(&ready)).await;
                        double.connections.send_modify(|count| *count += 1);
                    }
                    Some(6) => {
                        let resumed = {
                            let mut inner = double.lock();
                            inner.resumed += 1;
                            inner.sequence += 1;
                            inner.socket = Some(sender.clone());
                            json!({"op": 0, "t": "RESUMED", "s": inner.sequence, "d": {}})
                        };
                        let _ = socket.send(text(&resumed)).await;
                        double.connections.send_modify(|count| *count += 1);
                    }
                    _ => {}
                }
            }
        }
    }
}
