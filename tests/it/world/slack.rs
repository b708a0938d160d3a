//! Slack's double: channels, threads, ephemeral messages, rate limits and Socket Mode, as a state.

use super::rooms::Refusals;
use super::slack_pages::{self, Pages};
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use futures::StreamExt;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// A message in a channel.
#[derive(Clone, Debug)]
pub struct Message {
    pub channel: String,
    pub ts: String,
    pub thread_ts: Option<String>,
    pub text: String,
    /// Those of the message itself and of its attachments, in the order in which people see them.
    pub blocks: Value,
    /// The colour of the bar.
    pub colour: String,
    pub metadata: Value,
    pub edits: u32,
}

/// A private answer.
#[derive(Clone, Debug)]
pub struct Whisper {
    pub user: String,
    pub text: String,
}

/// Envelopes on their way to the bot, with who waits for the acknowledgement.
type Outgoing = mpsc::UnboundedSender<(Value, oneshot::Sender<Value>)>;

#[derive(Default)]
struct Inner {
    messages: Vec<Message>,
    whispers: Vec<Whisper>,
    calls: Vec<String>,
    /// The bot's token that counts, where not every one does.
    token: Option<String>,
    /// Scopes of the installation, where they are not those of our manifest.
    granted: Option<String>,
    /// Forms shown.
    forms: Vec<Value>,
    /// What is told of accounts.
    accounts: BTreeMap<String, Value>,
    /// Members of user groups.
    groups: BTreeMap<String, Vec<String>>,
    /// Home tabs, by person.
    homes: Vec<(String, Value)>,
    /// Answers to give instead of the true one: method, status, body, and whether it takes effect all the same.
    faults: VecDeque<(String, u16, Value, bool)>,
    /// Error codes.
    refusals: Refusals<&'static str>,
    clock: u64,
    /// Those that were opened, with the process that did; what has ended leaves closed ones.
    sockets: Vec<(u32, Outgoing)>,
}

#[derive(Clone)]
pub struct SlackDouble {
    inner: Arc<Mutex<Inner>>,
    pages: Arc<Mutex<Pages>>,
    pub at: SocketAddr,
    connections: Arc<watch::Sender<u32>>,
    /// Milliseconds between what a post does and its answer.
    pub latency_ms: Arc<AtomicU64>,
}

impl SlackDouble {
    pub async fn start(stop: &CancellationToken) -> Self {
        let (listener, at) = super::listener().await;
        let double = Self {
            inner: Arc::default(),
            pages: Arc::default(),
            at,
            connections: Arc::new(watch::channel(0).0),
            latency_ms: Arc::default(),
        };
        let router = Router::new()
            .route("/api/auth.test", get(auth).post(auth))
            .route("/api/chat.postMessage", post(post_message))
            .route("/api/chat.update", post(update))
            .route("/api/chat.postEphemeral", post(ephemeral))
            .route("/api/users.info", get(user))
            .route("/api/usergroups.users.list", get(members))
            .route("/api/views.open", post(slack_pages::open))
            .route("/api/views.update", post(slack_pages::update))
            .route("/api/chat.unfurl", post(slack_pages::unfurl))
            .route("/api/views.publish", post(slack_pages::publish))
            .route("/api/conversations.history", get(history).post(history_form))
            .route("/api/conversations.replies", get(history).post(history_form))
            .route("/api/conversations.info", get(info))
            .layer(axum::middleware::from_fn_with_state(double.clone(), known))
            .route("/api/apps.connections.open", post(open))
            .route("/response/{user}", post(respond))
            .route("/socket/{process}", get(socket))
            .with_state(double.clone());
        // Sockets need upgrades, which the bot's own listeners do not offer.
        let ends = stop.clone();
        tokio::spawn(async move {
            axum::serve(listener, super::record::recorded("slack", router))
                .with_graceful_shutdown(async move { ends.cancelled().await })
                .await
        });
        double
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("a lock")
    }

    /// The newest socket that is open, of the newest process that has one: the library opens its second socket a second
    /// after the first, even where its process has ended by then.
    fn socket(&self) -> Option<Outgoing> {
        let inner = self.lock();
        let open = inner.sockets.iter().filter(|(_, socket)| !socket.is_closed());
        open.max_by_key(|(process, _)| *process).map(|(_, socket)| socket.clone())
    }

    pub fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().expect("a lock")
    }

    pub fn note_form(&self, view: Value) {
        self.lock().forms.push(view);
    }

    pub fn note_home(&self, user: String, view: Value) {
        self.lock().homes.push((user, view));
    }

    /// The planted answer for a call, which is counted.
    pub fn fault_of(&self, method: &str) -> Option<Response> {
        self.fault_for(method).map(answer)
    }

    /// Waits for a socket to be open.
    pub async fn connected(&self) {
        let mut seen = self.connections.subscribe();
        seen.wait_for(|count| *count > 0).await.expect("a double");
    }

    pub fn fault(&self, method: &str, status: u16, body: Value, takes_effect: bool) {
        self.lock().faults.push_back((method.into(), status, body, takes_effect));
    }

    /// Takes back one planted fault; `false` where there is none.
    pub fn unfault(&self, method: &str) -> bool {
        let mut inner = self.lock();
        let at = inner.faults.iter().position(|(name, ..)| name == method);
        at.is_some_and(|at| inner.faults.remove(at).is_some())
    }

    /// A channel answers with this error from now on.
    pub fn close(&self, channel: &str, code: &'static str, posting: bool) {
        self.lock().refusals.close(channel, code, posting);
    }

    /// Calls with another token are refused from now on.
    pub fn expect(&self, token: &str) {
        self.lock().token = Some(token.to_owned());
    }

    /// Every call is answered with this error from now on.
    pub fn refuse(&self, code: &'static str) {
        self.lock().refusals.refuse(code);
    }

    pub fn open_again(&self) {
        self.lock().refusals.open();
    }

    /// How many calls were refused.
    pub fn refused(&self) -> usize {
        self.lock().refusals.count
    }

    fn refusal(&self, channel: Option<&str>, posts: bool) -> Option<Response> {
        let code = self.lock().refusals.of(channel.unwrap_or_default(), posts)?;
        Some(Json(json!({"ok": false, "error": code})).into_response())
    }

    /// An event of the Events API, acknowledged.
    pub async fn event(&self, event: Value) {
        let payload = json!({
            "type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": format!("Ev{}", self.tick()),
            "event_time": 1_767_268_800, "event": event,
        });
        self.send("events_api", payload).await;
    }

    pub fn messages(&self) -> Vec<Message> {
        self.lock().messages.clone()
    }

    /// Top-level messages: the cards.
    pub fn cards(&self) -> Vec<Message> {
        // A message to a person is no card.
        let card = |message: &Message| message.thread_ts.is_none() && !message.channel.starts_with('U');
        self.messages().into_iter().filter(card).collect()
    }

    /// What was written to a person directly.
    pub fn direct(&self, user: &str) -> Vec<String> {
        self.lock()
            .messages
            .iter()
            .filter(|message| message.channel == user)
            .map(|message| message.text.clone())
            .collect()
    }

    /// Somebody deletes a message.
    pub fn delete(&self, ts: &str) {
        self.lock().messages.retain(|message| message.ts != ts);
    }

    pub fn thread(&self, ts: &str) -> Vec<Message> {
        self.messages().into_iter().filter(|message| message.thread_ts.as_deref() == Some(ts)).collect()
    }

    pub fn whispers(&self) -> Vec<Whisper> {
        self.lock().whispers.clone()
    }

    pub fn grant(&self, scopes: &str) {
        self.lock().granted = Some(scopes.into());
    }

    /// What Slack tells of an account, such as `{"team_id": "T2"}`.
    pub fn account(&self, user: &str, account: Value) {
        self.lock().accounts.insert(user.to_owned(), account);
    }

    /// Who is in a user group.
    pub fn group(&self, group: &str, members: &[&str]) {
        self.lock().groups.insert(group.to_owned(), members.iter().map(|&user| user.to_owned()).collect());
    }

    pub fn forms(&self) -> Vec<Value> {
        self.lock().forms.clone()
    }

    pub fn homes(&self) -> Vec<(String, Value)> {
        self.lock().homes.clone()
    }

    /// What was answered to one person.
    pub fn whispers_to(&self, user: &str) -> usize {
        self.whispers().iter().filter(|whisper| whisper.user == user).count()
    }

    pub fn last_whisper(&self) -> String {
        self.whispers().last().map(|whisper| whisper.text.clone()).unwrap_or_default()
    }

    pub fn calls(&self, method: &str) -> usize {
        self.lock().calls.iter().filter(|call| *call == method).count()
    }

    pub fn tick(&self) -> u64 {
        let mut inner = self.lock();
        inner.clock += 1;
        inner.clock
    }

    /// How many sockets were opened.
    pub fn sockets(&self) -> u32 {
        *self.connections.borrow()
    }

    /// Waits for a socket of that process.
    pub async fn opened_by(&self, process: u32) {
        let open = |_: &u32| self.lock().sockets.iter().any(|(by, socket)| *by == process && !socket.is_closed());
        self.connections.subscribe().wait_for(open).await.expect("a socket");
    }

    /// Waits for one more socket than `before`.
    pub async fn opened_since(&self, before: u32) {
        let mut seen = self.connections.subscribe();
        seen.wait_for(|count| *count > before).await.expect("a new socket");
    }

    /// Sends an envelope and waits for its acknowledgement; what that says, such as what is wrong in a form.
    pub async fn send(&self, kind: &str, payload: Value) -> Value {
        let id = format!("env-{}", self.tick());
        self.send_as(&id, kind, payload).await
    }

    pub async fn send_as(&self, id: &str, kind: &str, payload: Value) -> Value {
        let (done, acknowledged) = oneshot::channel();
        let envelope = json!({"type": kind, "envelope_id": id, "accepts_response_payload": true, "payload": payload});
        self.open_socket().await.send((envelope, done)).expect("an open socket");
        acknowledged.await.expect("an acknowledgement")
    }

    /// The newest socket, once it is open: a process that ends may have opened one more before the next one's.
    async fn open_socket(&self) -> Outgoing {
        let mut seen = self.connections.subscribe();
        let open = async {
            loop {
                seen.borrow_and_update();
                if let Some(socket) = self.socket() {
                    return socket;
                }
                seen.changed().await.expect("a double");
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), open).await.expect("an open socket")
    }

    /// `/rescue text`, typed in the channel.
    pub async fn command(&self, user: &str, text: &str) {
        let payload = json!({
            "team_id": "T1", "channel_id": super::CHANNEL, "user_id": user, "command": "/rescue", "text": text,
            "response_url": format!("http://{}/response/{user}", self.at), "trigger_id": format!("tr-{}", self.tick()),
        });
        self.send("slash_commands", payload).await;
    }

    /// The same from another workspace, in a channel that is shared with it.
    pub async fn command_from(&self, team: &str, user: &str, text: &str) {
        let n = self.tick();
        let payload = json!({
            "type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": format!("Ev{n}"), "event_time": 1_767_268_800,
            "event": {"type": "app_mention", "user": user, "user_team": team, "channel": super::CHANNEL,
                      "text": format!("<@UBOT> {text}"), "ts": format!("1767268900.{n:06}")},
        });
        self.send("events_api", payload).await;
    }

    /// `@bot text` in a message's thread.
    pub async fn mention(&self, user: &str, thread: &str, text: &str) {
        let n = self.tick();
        let payload = json!({
            "type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": format!("Ev{n}"), "event_time": 1_767_268_800,
            "event": {"type": "app_mention", "user": user, "channel": super::CHANNEL, "text": format!("<@UBOT> {text}"),
                      "ts": format!("1767268900.{n:06}"), "thread_ts": thread},
        });
        self.send("events_api", payload).await;
    }

    /// A press of the button whose value is this.
    pub async fn press(&self, user: &str, card: &Message, value: &str) {
        let payload = self.action(user, card, value);
        self.send("interactive", payload).await;
    }

    /// A press whose acknowledgement may never come: the bot may be dying.
    pub async fn try_press(&self, user: &str, card: &Message, value: &str) -> bool {
        let payload = self.action(user, card, value);
        let (done, acknowledged) = oneshot::channel();
        let envelope = json!({"type": "interactive", "envelope_id": format!("env-{}", self.tick()), "accepts_response_payload": true, "payload": payload});
        let Some(socket) = self.socket() else { return false };
        socket.send((envelope, done)).is_ok()
            && tokio::time::timeout(std::time::Duration::from_secs(2), acknowledged)
                .await
                .is_ok_and(|sent| sent.is_ok())
    }

    pub fn action(&self, user: &str, card: &Message, value: &str) -> Value {
        json!({
            "type": "block_actions", "team": {"id": "T1"}, "user": {"id": user, "name": user, "team_id": "T1"}, "api_app_id": "A1",
            "trigger_id": format!("tr-{}", self.tick()),
            "container": {"type": "message_attachment", "message_ts": card.ts, "attachment_id": 1, "channel_id": card.channel, "is_ephemeral": false, "is_app_unfurl": false},
            "channel": {"id": card.channel}, "message": {"ts": card.ts, "text": card.text},
            "response_url": format!("http://{}/response/{user}", self.at),
            "actions": [{"type": "button", "action_id": "retry", "block_id": "b", "value": value, "action_ts": "1767268901.000000"}],
        })
    }

    pub async fn press_label(&self, user: &str, card: &Message, label: &str) {
        let value = card.button(label).unwrap_or_else(|| panic!("no button {label} in {}", card.blocks));
        self.press(user, card, &value).await;
    }

    /// Tells the bot to connect anew, as Slack does every few hours.
    pub async fn disconnect(&self) {
        let before = self.sockets();
        let (done, _) = oneshot::channel();
        let socket = self.socket().expect("a socket");
        let _ = socket.send((
            json!({"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "double"}}),
            done,
        ));
        self.opened_since(before).await;
    }

    fn fault_for(&self, method: &str) -> Option<(u16, Value, bool)> {
        let mut inner = self.lock();
        inner.calls.push(method.to_owned());
        let at = inner.faults.iter().position(|(name, ..)| name == method)?;
        inner.faults.remove(at).map(|(_, status, body, effect)| (status, body, effect))
    }
}

impl Message {
    /// The value of the button, or of the entry of a menu, with this label.
    pub fn button(&self, label: &str) -> Option<String> {
        let blocks = self.blocks.as_array()?;
        let elements = blocks
            .iter()
            .filter(|block| block["type"] == "actions")
            .flat_map(|block| block["elements"].as_array().cloned().unwrap_or_default());
        let options = |element: &Value| element["options"].as_array().cloned().unwrap_or_default();
        let all = elements.flat_map(|element| options(&element).into_iter().chain([element]));
        all.into_iter()
            .find(|element| element["text"]["text"] == label)
            .and_then(|element| element["value"].as_str().map(str::to_owned))
    }

    /// Everything a person reads.
    pub fn words(&self) -> String {
        fn collect(value: &Value, out: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    if let Some(text) = map.get("text").and_then(Value::as_str) {
                        out.push(text.to_owned());
                    }
                    map.values().for_each(|value| collect(value, out));
                }
                Value::Array(items) => items.iter().for_each(|value| collect(value, out)),
                _ => {}
            }
        }
        let mut out = Vec::new();
        collect(&self.blocks, &mut out);
        out.join("\n")
    }
}

fn answer((status, body, _): (u16, Value, bool)) -> Response {
    let mut response = (StatusCode::from_u16(status).expect("a status"), Json(body.clone())).into_response();
    if let Some(seconds) = body.get("retry_after").and_then(Value::as_u64) {
        response.headers_mut().insert("retry-after", seconds.to_string().parse().expect("a header"));
    }
    response
}

/// Lets in whoever has the token that counts.
async fn known(
    State(double): State<SlackDouble>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let given = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let good = {
        let mut inner = double.lock();
        let good = inner.token.as_ref().is_none_or(|token| given == format!("Bearer {token}"));
        inner.refusals.count += usize::from(!good);
        good
    };
    if good { next.run(request).await } else { Json(json!({"ok": false, "error": "invalid_auth"})).into_response() }
}

/// The number at the end of a process's app-level token; none is 0.
fn process(headers: &HeaderMap) -> u32 {
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    token.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or_default()
}

async fn open(State(double): State<SlackDouble>, headers: HeaderMap) -> Response {
    if let Some(fault) = double.fault_for("apps.connections.open") {
        return answer(fault);
    }
    Json(json!({"ok": true, "url": format!("ws://{}/socket/{}", double.at, process(&headers))})).into_response()
}

async fn user(State(double): State<SlackDouble>, Query(asked): Query<BTreeMap<String, String>>) -> Json<Value> {
    let id = asked.get("user").cloned().unwrap_or_default();
    let found = double.lock().accounts.get(&id).cloned();
    Json(match found {
        Some(mut account) => {
            account["id"] = json!(id);
            json!({"ok": true, "user": account})
        }
        None => json!({"ok": false, "error": "user_not_found"}),
    })
}

async fn members(State(double): State<SlackDouble>, Query(asked): Query<BTreeMap<String, String>>) -> Json<Value> {
    let mut inner = double.lock();
    inner.calls.push("usergroups.users.list".into());
    if let Some(at) = inner.faults.iter().position(|(name, ..)| name == "usergroups.users.list") {
        return Json(inner.faults.remove(at).expect("a fault").2);
    }
    Json(match inner.groups.get(asked.get("usergroup").map_or("", String::as_str)) {
        Some(users) => json!({"ok": true, "users": users}),
        None => json!({"ok": false, "error": "no_such_subteam"}),
    })
}

async fn auth(State(double): State<SlackDouble>) -> Response {
    if let Some(fault) = double.fault_for("auth.test") {
        return answer(fault);
    }
    if let Some(refusal) = double.refusal(None, false) {
        return refusal;
    }
    let granted = double.lock().granted.clone();
    let granted = granted.unwrap_or_else(|| ci_rescue::adapters::slack::SCOPES.join(","));
    let answer = Json(
        json!({"ok": true, "url": "https://acme.slack.com/", "team": "Acme", "team_id": "T1", "user_id": "UBOT", "user": "bot", "bot_id": "B1"}),
    );
    ([("x-oauth-scopes", granted)], answer).into_response()
}

fn seen(body: &Value) -> Value {
    let attachments = body["attachments"].as_array().into_iter().flatten().map(|attachment| &attachment["blocks"]);
    let all = [&body["blocks"]].into_iter().chain(attachments).filter_map(Value::as_array);
    all.flatten().cloned().collect::<Vec<_>>().into()
}

async fn post_message(State(double): State<SlackDouble>, Json(body): Json<Value>) -> Response {
    let fault = double.fault_for("chat.postMessage");
    if let Some(fault) = fault.clone().filter(|(_, _, effect)| !effect) {
        return answer(fault);
    }
    if let Some(refusal) = double.refusal(body["channel"].as_str(), true) {
        return refusal;
    }
    let ts = format!("1767268800.{:06}", double.tick());
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    double.lock().messages.push(Message {
        channel: text("channel").unwrap_or_default(),
        ts: ts.clone(),
        thread_ts: text("thread_ts"),
        text: text("text").unwrap_or_default(),
        blocks: seen(&body),
        colour: body["attachments"][0]["color"].as_str().unwrap_or_default().to_owned(),
        metadata: body["metadata"].clone(),
        edits: 0,
    });
    tokio::time::sleep(std::time::Duration::from_millis(double.latency_ms.load(Ordering::Relaxed))).await;
    match fault {
        Some(fault) => answer(fault),
        None => Json(json!({"ok": true, "channel": body["channel"], "ts": ts, "message": {"ts": ts}})).into_response(),
    }
}

async fn update(State(double): State<SlackDouble>, Json(body): Json<Value>) -> Response {
    if let Some(fault) = double.fault_for("chat.update") {
        return answer(fault);
    }
    if let Some(refusal) = double.refusal(body["channel"].as_str(), false) {
        return refusal;
    }
    let mut inner = double.lock();
    let Some(message) = inner.messages.iter_mut().find(|message| message.ts == body["ts"].as_str().unwrap_or(""))
    else {
        return Json(json!({"ok": false, "error": "message_not_found"})).into_response();
    };
    message.text = body["text"].as_str().unwrap_or_default().to_owned();
    message.blocks = seen(&body);
    message.colour = body["attachments"][0]["color"].as_str().unwrap_or_default().to_owned();
    message.edits += 1;
    Json(json!({"ok": true, "channel": body["channel"], "ts": body["ts"], "message": {}})).into_response()
}

async fn ephemeral(State(double): State<SlackDouble>, Json(body): Json<Value>) -> Response {
    if let Some(fault) = double.fault_for("chat.postEphemeral") {
        return answer(fault);
    }
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    double.lock().whispers.push(Whisper { user: text("user"), text: text("text") });
    Json(json!({"ok": true})).into_response()
}

async fn respond(State(double): State<SlackDouble>, Path(user): Path<String>, Json(body): Json<Value>) -> Response {
    double.lock().whispers.push(Whisper { user, text: body["text"].as_str().unwrap_or_default().to_owned() });
    Json(json!({"ok": true})).into_response()
}

/// Slack takes arguments as a form as well.
async fn history_form(state: State<SlackDouble>, Form(form): Form<BTreeMap<String, String>>) -> Response {
    history(state, Query(form)).await
}

async fn history(State(double): State<SlackDouble>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let thread = query.get("ts");
    if let Some(fault) = double.fault_for("conversations") {
        return answer(fault);
    }
    if let Some(refusal) = double.refusal(query.get("channel").map(String::as_str), false) {
        return refusal;
    }
    let inner = double.lock();
    let here = inner
        .messages
        .iter()
        .rev()
        .filter(|m| Some(&m.channel) == query.get("channel") && m.thread_ts.as_ref() == thread);
    let shown: Vec<Value> = here.map(|m| json!({"ts": m.ts, "text": m.text, "metadata": m.metadata})).collect();
    Json(json!({"ok": true, "messages": shown, "has_more": false, "response_metadata": {"next_cursor": ""}}))
        .into_response()
}

/// An archived channel is still told of (docs.slack.dev, "conversations.info").
async fn info(State(double): State<SlackDouble>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let channel = query.get("channel").cloned().unwrap_or_default();
    let refused = double.lock().refusals.of(&channel, true);
    match refused {
        Some(code) if !matches!(code, "is_archived" | "not_in_channel" | "restricted_action") => {
            Json(json!({"ok": false, "error": code})).into_response()
        }
        refused => Json(json!({"ok": true, "channel": {"id": channel, "name": "builds", "is_private": false,
            "is_archived": refused == Some("is_archived"), "is_member": refused != Some("not_in_channel")}}))
        .into_response(),
    }
}

async fn socket(State(double): State<SlackDouble>, Path(process): Path<u32>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| serve(double, process, socket))
}

async fn serve(double: SlackDouble, process: u32, mut socket: WebSocket) {
    let hello = json!({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}, "debug_info": {"host": "double"}});
    if socket.send(Frame::Text(hello.to_string().into())).await.is_err() {
        return;
    }
    let (sender, mut outgoing) = mpsc::unbounded_channel();
    // A newer socket takes over; this one stays open, as Slack's do.
    let _open = sender.clone();
    double.lock().sockets.push((process, sender));
    double.connections.send_modify(|count| *count += 1);
    // Gone with the socket: whoever waits hears so.
    let mut waiting: BTreeMap<String, oneshot::Sender<Value>> = BTreeMap::new();
    loop {
        tokio::select! {
            next = outgoing.recv() => {
                let Some((envelope, done)) = next else { break };
                if let Some(id) = envelope["envelope_id"].as_str() {
                    waiting.insert(id.to_owned(), done);
                }
                if socket.send(Frame::Text(envelope.to_string().into())).await.is_err() {
                    break;
                }
            }
            frame = socket.next() => {
                let Some(Ok(frame)) = frame else { break };
                if let Frame::Text(text) = frame {
                    let value: Value = serde_json::from_str(&text).unwrap_or_default();
                    let done = value["envelope_id"].as_str().and_then(|id| waiting.remove(id));
                    if let Some(done) = done {
                        let _ = done.send(value["payload"].clone());
                    }
                }
            }
        }
    }
}
