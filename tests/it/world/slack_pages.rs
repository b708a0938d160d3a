//! The part of Slack's double that is no channel: windows, home tabs and previews of links, with what Slack refuses
//! (docs.slack.dev: "views.open", "views.update", "views.publish", "chat.unfurl", "Blocks").

use super::slack::SlackDouble;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Pages {
    /// Triggers that a window was opened by.
    used: BTreeSet<String>,
    /// Triggers whose three seconds are over.
    expired: BTreeSet<String>,
    /// Open windows, by id.
    windows: BTreeMap<String, Value>,
    /// Home tabs as they are: the state's name and the view.
    homes: BTreeMap<String, (String, Value)>,
    /// Links of messages, by what they are previewed by.
    posted: BTreeMap<String, Vec<String>>,
    /// Previews as they are, by message and address.
    previews: BTreeMap<(String, String), Value>,
    n: u64,
}

fn length(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.chars().count())
}

fn no(error: &str) -> Response {
    Json(json!({"ok": false, "error": error})).into_response()
}

/// An input's limits ("Input block", "Select menu element", "Plain-text input element").
fn input_fits(block: &Value) -> bool {
    let element = &block["element"];
    let options = element["options"].as_array().cloned().unwrap_or_default();
    let option = |option: &Value| {
        (1..=75).contains(&length(&option["text"]["text"])) && (1..=150).contains(&length(&option["value"]))
    };
    let initial = &element["initial_option"];
    if let Some("external_select" | "multi_external_select") = element["type"].as_str() {
        let several = element["initial_options"].as_array().into_iter().flatten();
        let known = several.chain(Some(initial).filter(|initial| !initial.is_null()));
        return options.is_empty() && known.into_iter().all(option) && length(&block["label"]["text"]) <= 2_000;
    }
    let max = element["max_length"].as_u64().map_or(3_000, |max| usize::try_from(max).unwrap_or(0));
    length(&block["label"]["text"]) <= 2_000
        && options.len() <= 100
        && options.iter().all(option)
        && (initial.is_null() || options.contains(initial))
        && length(&element["initial_value"]) <= max
}

fn element_fits(element: &Value) -> bool {
    match element["type"].as_str() {
        Some("button") => {
            (1..=75).contains(&length(&element["text"]["text"]))
                && length(&element["value"]) <= 2_000
                && length(&element["accessibility_label"]) <= 75
        }
        Some("overflow") => (1..=5).contains(&element["options"].as_array().map_or(0, Vec::len)),
        Some("mrkdwn" | "plain_text") => (1..=3_000).contains(&length(&element["text"])),
        _ => false,
    }
}

fn block_fits(block: &Value) -> bool {
    let elements = block["elements"].as_array().cloned().unwrap_or_default();
    let ids: Vec<&str> = elements.iter().filter_map(|element| element["action_id"].as_str()).collect();
    let own = ids.iter().collect::<BTreeSet<_>>().len() == ids.len() && ids.iter().all(|id| id.len() <= 255);
    let fits = match block["type"].as_str() {
        Some("section") => (1..=3_000).contains(&length(&block["text"]["text"])),
        Some("header") => block["text"]["type"] == "plain_text" && (1..=150).contains(&length(&block["text"]["text"])),
        Some("context") => (1..=10).contains(&elements.len()),
        Some("actions") => (1..=25).contains(&elements.len()),
        Some("input") => input_fits(block),
        Some("divider") => true,
        _ => false,
    };
    fits && own && elements.iter().all(element_fits)
}

/// Blocks that Slack takes, at most so many.
pub fn blocks_fit(blocks: &Value, max: usize) -> bool {
    let Some(blocks) = blocks.as_array() else { return false };
    let ids: Vec<&str> = blocks.iter().filter_map(|block| block["block_id"].as_str()).collect();
    let own = ids.iter().collect::<BTreeSet<_>>().len() == ids.len() && ids.iter().all(|id| id.len() <= 255);
    own && (1..=max).contains(&blocks.len()) && blocks.iter().all(block_fits)
}

fn view_fits(view: &Value, kind: &str) -> bool {
    let modal = kind != "modal"
        || (1..=24).contains(&length(&view["title"]["text"]))
            && length(&view["submit"]["text"]) <= 24
            && length(&view["close"]["text"]) <= 24;
    let inputs = view["blocks"].as_array().into_iter().flatten().any(|block| block["type"] == "input");
    view["type"] == kind
        && modal
        && (!inputs || view["submit"].is_object())
        && length(&view["private_metadata"]) <= 3_000
        && length(&view["callback_id"]) <= 255
        && blocks_fit(&view["blocks"], 100)
}

/// The entries of a menu, each with its words and its value.
pub fn menu(answer: &Value) -> Vec<(String, String)> {
    let options = answer["options"].as_array().unwrap_or_else(|| panic!("no options: {answer}"));
    assert!(options.len() <= 100, "{} options", options.len());
    let entry = |option: &Value| {
        let (words, value) = (&option["text"]["text"], &option["value"]);
        assert!((1..=75).contains(&length(words)) && (1..=150).contains(&length(value)), "{option}");
        assert_eq!(option["text"]["type"], "plain_text", "{option}");
        (words.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned())
    };
    options.iter().map(entry).collect()
}

/// A view as Slack answers with it.
fn shown(view: &Value, id: &str, hash: &str) -> Value {
    let mut view = view.clone();
    for (key, value) in [("id", id), ("team_id", "T1"), ("hash", hash), ("external_id", "")] {
        view[key] = json!(value);
    }
    if view["callback_id"].is_null() {
        view["callback_id"] = json!("");
    }
    json!({"ok": true, "view": view})
}

pub async fn open(State(double): State<SlackDouble>, Json(body): Json<Value>) -> Response {
    if let Some(fault) = double.fault_of("views.open") {
        return fault;
    }
    let (view, trigger) = (&body["view"], body["trigger_id"].as_str().unwrap_or_default().to_owned());
    if trigger.is_empty() || !view_fits(view, "modal") {
        return no("invalid_arguments");
    }
    let mut pages = double.pages();
    if pages.expired.contains(&trigger) {
        return no("expired_trigger_id");
    }
    if !pages.used.insert(trigger) {
        return no("exchanged_trigger_id");
    }
    pages.n += 1;
    let (id, hash) = (format!("VW{}", pages.n), format!("{}.w", pages.n));
    pages.windows.insert(id.clone(), view.clone());
    drop(pages);
    double.note_form(view.clone());
    Json(shown(view, &id, &hash)).into_response()
}

pub async fn update(State(double): State<SlackDouble>, Json(body): Json<Value>) -> Response {
    if let Some(fault) = double.fault_of("views.update") {
        return fault;
    }
    let (view, id) = (&body["view"], body["view_id"].as_str().unwrap_or_default().to_owned());
    if !view_fits(view, "modal") {
        return no("invalid_arguments");
    }
    let mut pages = double.pages();
    if !pages.windows.contains_key(&id) {
        return no("not_found");
    }
    pages.n += 1;
    let hash = format!("{}.w", pages.n);
    pages.windows.insert(id.clone(), view.clone());
    Json(shown(view, &id, &hash)).into_response()
}

pub async fn publish(State(double): State<SlackDouble>, Json(body): Json<Value>) -> Response {
    if let Some(fault) = double.fault_of("views.publish") {
        return fault;
    }
    let (view, user) = (&body["view"], body["user_id"].as_str().unwrap_or_default().to_owned());
    if !view_fits(view, "home") {
        return no("invalid_arguments");
    }
    let mut pages = double.pages();
    let stands = pages.homes.get(&user).map(|(hash, _)| hash.clone());
    if body["hash"].as_str().is_some_and(|hash| Some(hash) != stands.as_deref()) {
        return no("hash_conflict");
    }
    pages.n += 1;
    let hash = format!("{}.h", pages.n);
    pages.homes.insert(user.clone(), (hash.clone(), view.clone()));
    drop(pages);
    double.note_home(user.clone(), view.clone());
    Json(shown(view, &format!("VH{user}"), &hash)).into_response()
}

pub async fn unfurl(State(double): State<SlackDouble>, Json(body): Json<Value>) -> Response {
    if let Some(fault) = double.fault_of("chat.unfurl") {
        return fault;
    }
    let text = |key: &str| body[key].as_str();
    let key = match (text("unfurl_id"), text("source"), text("channel"), text("ts")) {
        (Some(id), Some("composer" | "conversations_history"), None, None) => id.to_owned(),
        (None, None, Some(channel), Some(ts)) => format!("{channel}/{ts}"),
        _ => return no("invalid_arguments"),
    };
    let Some(unfurls) = body["unfurls"].as_object().filter(|all| !all.is_empty()) else {
        return no("missing_unfurls");
    };
    let mut pages = double.pages();
    let Some(posted) = pages.posted.get(&key).cloned() else { return no("cannot_find_message") };
    for (url, shown) in unfurls {
        if !posted.contains(url) {
            return no("cannot_unfurl_url");
        }
        if !blocks_fit(&shown["blocks"], 50) {
            return no("cannot_parse_attachment");
        }
    }
    for (url, shown) in unfurls {
        pages.previews.insert((key.clone(), url.clone()), shown.clone());
    }
    Json(json!({"ok": true})).into_response()
}

impl SlackDouble {
    /// The trigger's three seconds are over.
    pub fn expire(&self, trigger: &str) {
        self.pages().expired.insert(trigger.to_owned());
    }

    /// Somebody else's change of a person's home tab: its state is another now.
    pub fn rehash(&self, user: &str) {
        let mut pages = self.pages();
        pages.n += 1;
        let hash = format!("{}.x", pages.n);
        if let Some(home) = pages.homes.get_mut(user) {
            home.0 = hash;
        }
    }

    /// What a window shows now.
    pub fn window(&self, id: &str) -> Value {
        self.pages().windows.get(id).cloned().unwrap_or_default()
    }

    /// The id of the window that was opened last.
    pub fn last_window(&self) -> String {
        let number = |id: &&String| id.trim_start_matches("VW").parse::<u64>().unwrap_or(0);
        self.pages().windows.keys().max_by_key(number).cloned().unwrap_or_default()
    }

    /// What the menu of a window's field shows to whoever types this: Slack asks us, and drops an answer that breaks a
    /// limit ("Select menu element", "`block_suggestion` payload").
    pub async fn suggests(&self, user: &str, window: &str, field: &str, typed: &str) -> Vec<(String, String)> {
        let asked = self.suggestion(user, window, field, typed);
        menu(&self.send("interactive", asked).await)
    }

    /// What Slack sends for it.
    pub fn suggestion(&self, user: &str, window: &str, field: &str, typed: &str) -> Value {
        let mut view = self.window(window);
        let blocks = view["blocks"].as_array().cloned().unwrap_or_default();
        let of = |block: &&Value| block["element"]["action_id"] == field;
        let block = blocks.iter().find(of).unwrap_or_else(|| panic!("no field {field} in {view}"));
        let kind = block["element"]["type"].as_str().unwrap_or_default();
        assert!(kind.ends_with("external_select"), "Slack asks for no entries of a {kind}");
        view["id"] = json!(window);
        json!({"type": "block_suggestion", "team": {"id": "T1", "domain": "acme"}, "api_app_id": "A1",
            "user": {"id": user, "name": user, "team_id": "T1"}, "container": {"type": "view", "view_id": window},
            "action_id": field, "block_id": block["block_id"], "value": typed, "view": view})
    }

    pub fn windows(&self) -> usize {
        self.pages().windows.len()
    }

    /// Previews as they are, by address.
    pub fn previews(&self) -> BTreeMap<String, Value> {
        self.pages().previews.iter().map(|((_, url), shown)| (url.clone(), shown.clone())).collect()
    }

    /// A person's home tab as it is.
    pub fn home(&self, user: &str) -> Value {
        self.pages().homes.get(user).map(|(_, view)| view.clone()).unwrap_or_default()
    }

    /// `link_shared`, as Slack sends it. A message of another kind than a posted one has no id of its links.
    pub fn posts(&self, user: &str, channel: &str, source: Option<&str>, urls: &[&str]) -> Value {
        let mut pages = self.pages();
        pages.n += 1;
        let (n, ts) = (pages.n, format!("1767268950.{:06}", pages.n));
        let id = format!("{channel}.{ts}.unfurl");
        let all: Vec<String> = urls.iter().map(|&url| url.to_owned()).collect();
        let by = if source.is_some() { id.clone() } else { format!("{channel}/{ts}") };
        pages.posted.insert(by, all);
        let link = |url: &&str| {
            let host = url.split('/').nth(2).unwrap_or_default();
            json!({"domain": host.split(':').next(), "url": url})
        };
        let links: Vec<Value> = urls.iter().map(link).collect();
        let mut event = json!({"type": "link_shared", "user": user, "channel": channel, "message_ts": ts,
            "is_bot_user_member": true, "event_ts": ts, "links": links});
        if let Some(source) = source {
            event["source"] = json!(source);
            event["unfurl_id"] = json!(id);
        }
        json!({"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": format!("EvL{n}"),
            "event_time": 1_767_268_800, "event": event})
    }

    /// The shortcut on a message, as Slack sends it.
    pub fn points(&self, user: &str, channel: &str, text: &str) -> Value {
        let n = self.tick();
        json!({"type": "message_action", "callback_id": "rescue_run", "trigger_id": format!("tr-{n}"),
            "team": {"id": "T1", "domain": "acme"}, "enterprise": null, "is_enterprise_install": false,
            "user": {"id": user, "username": user, "name": user, "team_id": "T1"},
            "channel": {"id": channel, "name": "builds"}, "message_ts": format!("1767268960.{n:06}"),
            "message": {"type": "message", "user": "U1", "ts": format!("1767268960.{n:06}"), "text": text},
            "response_url": format!("http://{}/response/{user}", self.at), "action_ts": "1767268961.000000",
            "token": "t"})
    }

    /// A window that is sent, as Slack sends it.
    pub fn sends(&self, user: &str, window: &str) -> Value {
        let mut view = self.window(window);
        for (key, value) in
            [("id", json!(window)), ("team_id", json!("T1")), ("hash", json!("h")), ("external_id", json!(""))]
        {
            view[key] = value;
        }
        view["state"] = json!({"values": {}});
        json!({"type": "view_submission", "team": {"id": "T1"}, "user": {"id": user, "name": user, "team_id": "T1"},
            "api_app_id": "A1", "trigger_id": format!("tr-{}", self.tick()), "view": view})
    }

    /// `app_home_opened`, with the tab as it is where it was shown before.
    pub fn opens_home(&self, user: &str) -> Value {
        let n = self.tick();
        let mut event = json!({"type": "app_home_opened", "user": user, "channel": format!("D{user}"), "tab": "home",
            "event_ts": format!("1767268970.{n:06}")});
        if let Some((hash, view)) = self.pages().homes.get(user) {
            event["view"] = shown(view, &format!("VH{user}"), hash)["view"].clone();
        }
        json!({"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": format!("EvH{n}"),
            "event_time": 1_767_268_800, "event": event})
    }

    /// A press of a button on a person's home tab, as Slack sends it; `None` where there is no such button.
    pub fn presses_home(&self, user: &str, label: &str) -> Option<Value> {
        let home = self.home(user);
        let elements = home["blocks"].as_array()?.iter().filter_map(|block| block["elements"].as_array()).flatten();
        let button = elements.into_iter().find(|element| element["text"]["text"] == label)?.clone();
        let (hash, _) = self.pages().homes.get(user).cloned()?;
        Some(json!({"type": "block_actions", "team": {"id": "T1"}, "user": {"id": user, "name": user, "team_id": "T1"},
            "api_app_id": "A1", "trigger_id": format!("tr-{}", self.tick()),
            "container": {"type": "view", "view_id": format!("VH{user}")},
            "view": shown(&home, &format!("VH{user}"), &hash)["view"],
            "actions": [{"type": "button", "action_id": button["action_id"], "block_id": "b", "value": button["value"],
                "action_ts": "1767268971.000000"}]}))
    }
}

/// Everything a person reads in a view or a preview, a line each.
pub fn words(view: &Value) -> String {
    let mut out: Vec<String> = Vec::new();
    for block in view["blocks"].as_array().into_iter().flatten() {
        let elements = block["elements"].as_array().cloned().unwrap_or_default();
        match block["type"].as_str() {
            Some("header") => out.push(format!("# {}", block["text"]["text"].as_str().unwrap_or_default())),
            Some("context") => out.push(format!("~ {}", elements[0]["text"].as_str().unwrap_or_default())),
            Some("actions") => {
                let labels = elements.iter().filter_map(|element| element["text"]["text"].as_str());
                out.push(labels.map(|label| format!("[{label}]")).collect::<Vec<_>>().join(" "));
            }
            _ => out.push(block["text"]["text"].as_str().unwrap_or_default().to_owned()),
        }
    }
    if let Some(submit) = view["submit"]["text"].as_str() {
        out.push(format!("[{submit}]"));
    }
    out.join("\n")
}
