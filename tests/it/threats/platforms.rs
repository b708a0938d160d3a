//! A, for chat platforms over HTTP: signatures, stamps, repeats.

use crate::flows::surfaces::everywhere_with;
use crate::world::discord::sign;
use crate::world::{CHANNEL, NOON, REPO, SLACK_SECRET, Setup, World};
use ci_rescue::adapters::discord::Key;
use ci_rescue::domain::ids::hex;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

const NOW: i64 = NOON / 1_000;

pub async fn over_http() -> World {
    everywhere_with(Setup { http: true, discord: true, ..Setup::default() }).await
}

/// The clock moves while things settle: a stamp of now.
fn now(world: &World) -> i64 {
    ci_rescue::ports::Clock::now(&*world.clock).unix_s()
}

pub fn slack_code(stamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SLACK_SECRET.as_bytes()).unwrap();
    mac.update(format!("v0:{stamp}:{body}").as_bytes());
    format!("v0={}", hex(&mac.finalize().into_bytes()))
}

async fn slack_as(world: &World, path: &str, stamp: &str, code: &str, body: &str) -> Response {
    let request = world.http.post(format!("http://{}/slack/{path}", world.public_at)).body(body.to_owned());
    request.header("x-slack-request-timestamp", stamp).header("x-slack-signature", code).send().await.unwrap()
}

/// Signed, and of now.
async fn slack(world: &World, path: &str, body: &str) -> Response {
    let stamp = now(world).to_string();
    slack_as(world, path, &stamp, &slack_code(&stamp, body), body).await
}

/// A press, a form or what is typed into one, as Slack sends it.
pub async fn interaction(world: &World, payload: &Value) -> Response {
    slack(world, "interactions", &form(&[("payload", &payload.to_string())])).await
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn command(world: &World, user: &str, text: &str, trigger: &str) -> String {
    let answer = format!("http://{}/response/{user}", world.slack.at);
    form(&[
        ("team_id", "T1"),
        ("channel_id", CHANNEL),
        ("user_id", user),
        ("command", "/rescue"),
        ("text", text),
        ("response_url", &answer),
        ("trigger_id", trigger),
    ])
}

async fn discord_as(world: &World, stamp: &str, code: &str, body: &str) -> Response {
    let request = world.http.post(format!("http://{}/discord/interactions", world.public_at)).body(body.to_owned());
    request.header("x-signature-timestamp", stamp).header("x-signature-ed25519", code).send().await.unwrap()
}

async fn discord(world: &World, value: &Value) -> Response {
    let (stamp, body) = (now(world).to_string(), value.to_string());
    discord_as(world, &stamp, &sign(&stamp, body.as_bytes()), &body).await
}

#[tokio::test]
async fn slack_over_http_does_what_the_socket_does() {
    let world = over_http().await;
    let answer = slack(&world, "commands", &command(&world, "UBEN", "retry 1", "t1")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.text().await.unwrap().is_empty(), "an empty answer shows nothing");
    world.settle().await;
    assert_eq!(world.reruns(), 1);

    let challenge =
        slack(&world, "events", &json!({"type": "url_verification", "challenge": "c", "token": "t"}).to_string()).await;
    assert_eq!(challenge.json::<Value>().await.unwrap(), json!({"challenge": "c"}));

    let card = world.slack.cards()[0].clone();
    let click = world.slack.action("UADA", &card, &card.button("Why").unwrap());
    assert!(slack(&world, "interactions", &form(&[("payload", &click.to_string())])).await.status().is_success());
    world.settle().await;
    assert!(world.slack.last_whisper().contains('•'), "{}", world.slack.last_whisper());

    let before = world.slack.whispers_to("UBEN");
    let mention = json!({"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": "Ev1", "event_time": NOW,
        "event": {"type": "app_mention", "user": "UBEN", "channel": CHANNEL, "text": "<@UBOT> show", "ts": "1.2", "thread_ts": card.ts}});
    assert!(slack(&world, "events", &mention.to_string()).await.status().is_success());
    world.settle().await;
    assert_eq!(world.slack.whispers_to("UBEN"), before + 1);

    let home = json!({"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": "Ev2", "event_time": NOW,
        "event": {"type": "app_home_opened", "user": "UBEN", "channel": "D1", "tab": "home"}});
    assert!(slack(&world, "events", &home.to_string()).await.status().is_success());
    world.settle().await;
    let (user, view) = world.slack.homes().pop().expect("a home tab");
    assert_eq!((user.as_str(), view["type"].as_str()), ("UBEN", Some("home")));
    assert!(view.to_string().contains("#1 ") && view.to_string().contains("running"), "ben asked for it: {view}");
    let other = json!({"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": "Ev3", "event_time": NOW,
        "event": {"type": "app_home_opened", "user": "UEVE", "channel": "D2", "tab": "home"}});
    assert!(slack(&world, "events", &other.to_string()).await.status().is_success());
    world.settle().await;
    let (_, view) = world.slack.homes().pop().expect("a home tab");
    assert!(view.to_string().contains("does not know you yet") && !view.to_string().contains("#1 "), "{view}");

    let url = format!("http://{}/{REPO}/pull/9", world.forge_at);
    let posted = world.slack.posts("UBEN", CHANNEL, Some("conversations_history"), &[&url]);
    assert!(slack(&world, "events", &posted.to_string()).await.status().is_success());
    let pointed = world.slack.points("UBEN", CHANNEL, &format!("<{url}>"));
    assert!(slack(&world, "interactions", &form(&[("payload", &pointed.to_string())])).await.status().is_success());
    world.settle().await;
    assert!(world.slack.previews().contains_key(&url));
    let window = world.slack.last_window();
    assert!(world.slack.window(&window).to_string().contains("ECONNRESET"), "{}", world.slack.window(&window));
    world.end().await;
}

#[tokio::test]
async fn a_form_of_slack_asks_for_the_reason() {
    let world = everywhere_with(Setup {
        http: true,
        discord: true,
        config: "[policy.approvals]\nretry = 1\n".into(),
        ..Setup::default()
    })
    .await;
    slack(&world, "commands", &command(&world, "UBEN", "retry 1", "t1")).await;
    world.settle().await;
    let card = world.slack.cards()[0].clone();
    let click = world.slack.action("UADA", &card, &card.button("Reject with a reason").unwrap());
    slack(&world, "interactions", &form(&[("payload", &click.to_string())])).await;
    let form_shown = world.slack.forms().pop().expect("a form");
    assert_eq!(form_shown["type"], "modal");
    let submitted = json!({"type": "view_submission", "team": {"id": "T1"}, "user": {"id": "UADA", "name": "ada", "team_id": "T1"}, "api_app_id": "A1",
        "trigger_id": "t9", "view": {"id": "V1", "team_id": "T1", "type": "modal", "hash": "h", "title": form_shown["title"], "blocks": form_shown["blocks"],
            "private_metadata": form_shown["private_metadata"], "callback_id": "", "external_id": "",
            "state": {"values": {"line": {"line": {"type": "plain_text_input", "value": "wait for the registry"}}}}}});
    let answer = slack(&world, "interactions", &form(&[("payload", &submitted.to_string())])).await;
    assert!(answer.status().is_success());
    world.settle().await;
    assert_eq!(world.incident(1).await.proposals[0].state.as_str(), "rejected");
    let thread = world.slack.thread(&card.ts);
    assert!(thread.iter().any(|note| note.text.contains("wait for the registry")), "{thread:?}");
    world.end().await;
}

#[tokio::test]
async fn threats_024_to_027_slacks_stamp_is_fresh_either_way_and_a_repeat_acts_once() {
    let world = over_http().await;
    let body = command(&world, "UBEN", "retry 1", "t1");
    let now = now(&world);
    for (number, stamp) in [
        (24, (now - 301).to_string()),
        (25, (now + 301).to_string()),
        (27, "NaN".into()),
        (27, "-1".into()),
        (27, "1e99".into()),
        (27, "0x10".into()),
        (27, String::new()),
        (27, "9".repeat(40)),
    ] {
        let answer = slack_as(&world, "commands", &stamp, &slack_code(&stamp, &body), &body).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "threat {number}: {stamp}");
    }
    let stamp = now.to_string();
    let good = slack_code(&stamp, &body);
    for code in
        ["", "v0=", "v0=00", &good.to_uppercase(), good.trim_start_matches("v0="), &slack_code(&stamp, "another")]
    {
        let answer = slack_as(&world, "commands", &stamp, code, &body).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{code}");
    }
    world.settle().await;
    assert_eq!(world.reruns(), 0);
    for _ in 0..5 {
        // 26: the same request again, and the same signed bytes after the first took effect.
        slack_as(&world, "commands", &stamp, &good, &body).await;
        world.settle().await;
    }
    assert_eq!(world.reruns(), 1, "threat 26");
    assert_eq!(world.slack.whispers_to("UBEN"), 1, "threat 26");
    world.end().await;
}

#[tokio::test]
async fn threats_028_to_031_discords_ping_signature_and_stamp() {
    let world = over_http().await;
    let ping =
        discord(&world, &json!({"type": 1, "id": "1", "application_id": "900", "token": "t", "version": 1})).await;
    assert_eq!(ping.json::<Value>().await.unwrap(), json!({"type": 1}), "threat 28");

    let (_, value) = world.discord.command("1002", "retry", &[("id", json!("1"))]);
    let (stamp, body) = (now(&world).to_string(), value.to_string());
    let good = sign(&stamp, body.as_bytes());
    let old = "993945600";
    let later = (now(&world) + 301).to_string();
    for (number, stamp, code, sent) in [
        (29, stamp.as_str(), sign(&stamp, b"another"), body.clone()),
        (29, &stamp, good.clone(), body.replace("retry", "reject")),
        (29, &stamp, String::new(), body.clone()),
        (30, &stamp, "00".into(), body.clone()),
        (31, old, sign(old, body.as_bytes()), body.clone()),
        (31, &later, sign(&later, body.as_bytes()), body.clone()),
    ] {
        let answer = discord_as(&world, stamp, &code, &sent).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "threat {number}");
    }
    world.settle().await;
    assert_eq!(world.reruns(), 0);
    let answer = discord_as(&world, &stamp, &good, &body).await;
    assert_eq!(answer.json::<Value>().await.unwrap()["type"], json!(5));
    discord_as(&world, &stamp, &good, &body).await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn threat_032_a_key_of_the_wrong_length_stops_the_start() {
    for key in ["", "00", &"0".repeat(63), &"0".repeat(66), &"zz".repeat(32), &"é".repeat(32)] {
        assert!(Key::parse(key).is_err(), "{key}");
        let text = format!("[discord]\nbot_token = \"x\"\ntransport = \"http\"\npublic_key = \"{key}\"\n");
        let why = ci_rescue::config::parse(&text, &[]).err().map(|why| why.to_string()).unwrap_or_default();
        assert!(why.contains("discord.public_key"), "{key}: {why}");
    }
    assert!(Key::parse(&crate::world::discord::public_key()).is_ok());
}

#[tokio::test]
async fn an_interaction_of_an_unknown_kind_is_answered_gently() {
    let world = over_http().await;
    for body in [
        form(&[("payload", "{\"type\":\"something_new\"}")]),
        form(&[("payload", "not json")]),
        form(&[("other", "x")]),
        "%00%ff".to_owned(),
    ] {
        let status = slack(&world, "interactions", &body).await.status();
        assert!(status.is_success() || status == StatusCode::BAD_REQUEST, "{body}: {status}");
    }
    for value in [json!({"type": 99}), json!([]), json!({"type": 2, "id": "5", "application_id": "901", "token": "t"})]
    {
        let status = discord(&world, &value).await.status();
        assert!(status.is_client_error(), "{value}: {status}");
    }
    world.settle().await;
    assert_eq!(world.reruns(), 0);
    world.end().await;
}
