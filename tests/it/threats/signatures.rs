//! A: signatures and transport.

use crate::flows::events::{job_event, run_event};
use crate::world::{SECRET, Setup, World};
use ci_rescue::demo::sign;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::json;
use std::io::Write;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn quiet() -> World {
    World::with(Setup { slack: false, ..Setup::default() }).await
}

fn post(world: &World, body: &str) -> RequestBuilder {
    let url = format!("http://{}/webhooks/github", world.public_at);
    world
        .http
        .post(url)
        .header("content-type", "application/json")
        .header("x-github-event", "workflow_job")
        .body(body.to_owned())
}

async fn still_there(world: &World) {
    world.settle().await;
    assert!(world.incidents().await.is_empty());
    assert_eq!(world.store.counts().await.unwrap().inbox, 0);
    let health = world.http.get(format!("http://{}/health", world.public_at)).send().await.unwrap();
    assert!(health.status().is_success());
}

fn body() -> String {
    job_event("completed", json!("failure"), 1, 1, "test").1
}

#[tokio::test]
async fn threats_001_to_009_only_the_right_signature_over_the_raw_bytes() {
    let world = quiet().await;
    let body = body();
    let good = sign(SECRET, body.as_bytes());
    let hex = good.strip_prefix("sha256=").unwrap();
    let flipped = body.replacen("failure", "failurf", 1);
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&body).unwrap()).unwrap();
    for (number, header, sent) in [
        (1, None, &body),
        (2, Some("sha256=".to_owned()), &body),
        (3, Some(format!("sha1={}", &hex[..40])), &body),
        (4, Some(format!("sha256={}", hex.to_uppercase())), &body),
        (5, Some(format!("sha256={}", &hex[..63])), &body),
        (5, Some(format!("sha256={hex}0")), &body),
        (6, Some(format!("sha256={}zz", &hex[..62])), &body),
        (8, Some(good.clone()), &flipped),
        (9, Some(good.clone()), &pretty),
    ] {
        let mut request = post(&world, sent).header("x-github-delivery", format!("t{number}"));
        if let Some(header) = header {
            request = request.header("x-hub-signature-256", header);
        }
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "threat {number}");
    }
    let two = post(&world, &body)
        .header("x-github-delivery", "t7")
        .header("x-hub-signature-256", "sha256=00")
        .header("x-hub-signature-256", &good);
    assert_eq!(two.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "threat 7");
    still_there(&world).await;
    world.end().await;
}

#[tokio::test]
async fn threat_010_the_previous_secret_counts_until_its_time() {
    let until = "webhook_secret_previous = { secret = \"old\", until = \"2026-01-01T13:00:00Z\" }\n";
    let world = World::with(Setup { slack: false, github: until.into(), ..Setup::default() }).await;
    let body = body();
    let send = async |id: &str| {
        let request = post(&world, &body)
            .header("x-github-delivery", id)
            .header("x-hub-signature-256", sign("old", body.as_bytes()));
        request.send().await.unwrap().status()
    };
    assert_eq!(send("a").await, StatusCode::ACCEPTED);
    world.clock.advance(60 * 60_000);
    assert_eq!(send("b").await, StatusCode::UNAUTHORIZED);
    world.end().await;
}

#[test]
fn threats_011_and_012_secrets_are_trimmed_and_never_empty() {
    use ci_rescue::config::parse;
    assert!(parse("[github]\nwebhook_secret = \"\"", &[]).unwrap_err().to_string().contains("webhook_secret is empty"));
    let previous = parse("[github]\nwebhook_secret_previous = \"\"", &[]).unwrap_err().to_string();
    assert!(previous.contains("webhook_secret_previous is empty"), "{previous}");
    let config = parse("[github]\nwebhook_secret = \"abc\\n\"", &[]).unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&config.github.webhook_secret.unwrap()), "abc");
}

#[tokio::test]
async fn threats_013_and_015_bodies_are_bounded_and_not_inflated() {
    let world = quiet().await;
    let signature = "sha256=".to_owned() + &"0".repeat(64);
    let huge = vec![b' '; (25 << 20) + 1];
    let request = post(&world, "").header("x-hub-signature-256", &signature).body(huge);
    let status = request.send().await.map(|answer| answer.status());
    assert!(status.is_err() || status.unwrap() == StatusCode::PAYLOAD_TOO_LARGE, "threat 13");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![0; 10 << 20]).unwrap();
    let request = post(&world, "")
        .header("x-hub-signature-256", &signature)
        .header("content-encoding", "gzip")
        .body(gzip.finish().unwrap());
    assert_eq!(request.send().await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "threat 15");
    still_there(&world).await;
    world.end().await;
}

/// The server's own deadline is ten seconds; here it is waited for.
#[tokio::test]
async fn threat_014_a_body_that_never_ends_is_cut() {
    let world = quiet().await;
    let mut socket = tokio::net::TcpStream::connect(world.public_at).await.unwrap();
    let head = format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-hub-signature-256: sha256={}\r\ncontent-length: 999999\r\n\r\n{{",
        "0".repeat(64)
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut heads = tokio::net::TcpStream::connect(world.public_at).await.unwrap();
    heads.write_all(b"POST /webhooks/github HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let mut answer = vec![0; 512];
    let n = socket.read(&mut answer).await.unwrap();
    assert!(String::from_utf8_lossy(&answer[..n]).contains("408"), "{}", String::from_utf8_lossy(&answer[..n]));
    let n = heads.read(&mut answer).await.unwrap_or(0);
    assert!(n == 0 || String::from_utf8_lossy(&answer[..n]).contains("408"), "a head that never ends is cut too");
    still_there(&world).await;
    world.end().await;
}

#[tokio::test]
async fn threats_016_to_019_form_method_and_names() {
    let world = quiet().await;
    let body = body();
    let good = sign(SECRET, body.as_bytes());
    let url = format!("http://{}/webhooks/github", world.public_at);
    let form = world
        .http
        .post(&url)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-hub-signature-256", &good)
        .body("payload=%7B%7D");
    assert_eq!(form.send().await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "threat 16");
    assert_eq!(world.http.get(&url).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED, "threat 17");
    assert_eq!(world.http.put(&url).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED, "threat 17");
    let unnamed = post(&world, &body).header("x-hub-signature-256", &good);
    assert_eq!(unnamed.send().await.unwrap().status(), StatusCode::BAD_REQUEST, "threat 18");
    for id in ["x".repeat(10_000), "../../x".into(), "a b".into(), String::new()] {
        let named = post(&world, &body).header("x-hub-signature-256", &good).header("x-github-delivery", &id);
        assert!(named.send().await.unwrap().status().is_client_error(), "threat 19: {}", id.len());
    }
    let raw = post(&world, &body).header("x-hub-signature-256", &good).header("x-github-delivery", &b"\xff\xfe"[..]);
    assert_eq!(raw.send().await.unwrap().status(), StatusCode::BAD_REQUEST, "threat 19: not UTF-8");
    still_there(&world).await;
    world.end().await;
}

#[tokio::test]
async fn threat_020_unknown_events_and_actions_are_accepted_and_ignored() {
    let world = quiet().await;
    for event in ["../../x", "no_such_event", "workflow_job"] {
        let body = json!({"action": "no_such_action"}).to_string();
        assert_eq!(world.hook(event, &world.id(), &body).await, StatusCode::ACCEPTED, "{event}");
    }
    still_there(&world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threats_021_and_022_one_delivery_however_often_it_comes() {
    let world = quiet().await;
    let (kind, first) = job_event("completed", json!("failure"), 1, 1, "test");
    let other = job_event("completed", json!("failure"), 2, 1, "other").1;
    let sends = (0..200).map(|n| world.hook(&kind, "the-same", if n % 2 == 0 { &first } else { &other }));
    for status in futures::future::join_all(sends).await {
        assert_eq!(status, StatusCode::ACCEPTED);
    }
    world.settle().await;
    assert_eq!(world.incidents().await.len(), 1);
    assert_eq!(world.incidents().await[0].failures, 1);
    world.end().await;
}

#[tokio::test]
async fn threat_023_a_delivery_for_another_app_is_refused() {
    use ci_rescue::adapters::github::{Secret, Signature};
    use ci_rescue::ports::{Headers, Raw, Refusal, Verifier};
    let signature = Signature {
        secrets: vec![Secret { text: SECRET.to_owned().into(), until: None }].into(),
        app_id: Some(7),
        clock: crate::world::HandClock::new(),
    };
    let raw = |target: &str| {
        let headers = [
            ("x-hub-signature-256", sign(SECRET, b"{}")),
            ("x-github-delivery", "a".into()),
            ("x-github-event", "push".into()),
            ("x-github-hook-installation-target-type", "integration".into()),
            ("x-github-hook-installation-target-id", target.into()),
        ];
        let headers =
            headers.into_iter().map(|(name, value): (&str, String)| (name.to_owned(), value.into_bytes())).collect();
        Raw { source: "github", headers: Headers(headers), body: b"{}".to_vec() }
    };
    assert!(signature.verify(&raw("7")).is_ok());
    assert!(matches!(signature.verify(&raw("8")), Err(Refusal::Unauthorized(_))));
}

/// 33: the comparison is the HMAC crate's own, in constant time; that a wrong code is refused wherever it differs is
/// what can be asserted without a clock.
#[tokio::test]
async fn threat_033_a_code_is_refused_wherever_it_differs() {
    let world = quiet().await;
    let body = body();
    let good = sign(SECRET, body.as_bytes());
    for at in (7..good.len()).step_by(9) {
        let mut bad = good.clone().into_bytes();
        bad[at] = if bad[at] == b'0' { b'1' } else { b'0' };
        let request = post(&world, &body)
            .header("x-github-delivery", "t33")
            .header("x-hub-signature-256", String::from_utf8(bad).unwrap());
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    let _ = run_event(json!("failure"), 1, 1, false);
    still_there(&world).await;
    world.end().await;
}

#[tokio::test]
async fn threat_108_hostile_json() {
    let world = quiet().await;
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let keys: String = (0..50_000).map(|n| format!("\"k{n}\":1,")).collect();
    for body in [
        deep.clone(),
        format!("{{\"a\":{deep}}}"),
        format!("{{{keys}\"z\":1}}"),
        "{\"action\":\"completed\",\"action\":\"queued\"}".into(),
        "{\"workflow_job\":{\"id\":1e400}}".into(),
        "{\"workflow_job\":{\"id\":9223372036854775808,\"run_id\":-1}}".into(),
        "{\"__proto__\":{\"x\":1}}".into(),
        "not json".into(),
        "\u{feff}{}".into(),
        "null".into(),
        String::new(),
    ] {
        assert_eq!(world.hook("workflow_job", &world.id(), &body).await, StatusCode::ACCEPTED);
    }
    still_there(&world).await;
    world.end().await;
}
