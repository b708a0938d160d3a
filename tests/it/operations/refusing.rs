//! Whoever is refused again and again is told to wait, and whoever is right is served beside them.

use crate::world::log::capture;
use crate::world::{SECRET, Setup, World, listener};
use ci_rescue::demo::sign;
use ci_rescue::server::{Front, Proxies, serve_behind};
use reqwest::{Client, RequestBuilder};
use std::net::SocketAddr;
use tokio_util::sync::CancellationToken;

/// A delivery, signed with this secret, which came from `from` as its last proxy tells.
fn delivery(http: &Client, at: SocketAddr, secret: &str, id: &str, from: &str) -> RequestBuilder {
    let body = "{\"zen\": \"it works\"}";
    http.post(format!("http://{at}/webhooks/github"))
        .header("content-type", "application/json")
        .header("x-github-event", "ping")
        .header("x-github-delivery", id)
        .header("x-hub-signature-256", sign(secret, body.as_bytes()))
        .header("x-forwarded-for", from)
        .body(body)
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

/// Sends what is signed wrongly until it is told to wait; answers how long, in seconds.
async fn until_limited(http: &Client, at: SocketAddr, from: &str) -> u64 {
    loop {
        let answer = delivery(http, at, "a guess", "guessed", from).send().await.unwrap();
        match answer.status().as_u16() {
            401 => {}
            429 => {
                let wait = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
                let why: serde_json::Value = answer.json().await.unwrap();
                assert!(why["error"].as_str().unwrap().contains("wait"), "{why}");
                return wait;
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn too_many_refusals_are_told_to_wait_and_what_is_right_is_served() {
    let (lines, _guard) = capture("info");
    let world = World::with(Setup { slack: false, open_console: false, ..Setup::default() }).await;
    let (http, at) = (&world.http, world.public_at);
    assert!(until_limited(http, at, "203.0.113.1").await > 0);
    // GitHub's own, from the same address: nobody lists a proxy, so the header says nothing.
    assert_eq!(status(delivery(http, at, SECRET, "right", "203.0.113.2")).await, 202);
    assert_eq!(status(delivery(http, at, "a guess", "guessed", "203.0.113.2")).await, 429);
    // What is no try to get in is not limited, and tokens share the limit.
    assert_eq!(status(http.get(format!("http://{at}/health"))).await, 200);
    assert_eq!(status(http.get(format!("http://{at}/nowhere"))).await, 404);
    let tokened = |token: &str| http.get(format!("http://{at}/api/status")).bearer_auth(token);
    assert_eq!((status(tokened("a guess")).await, status(tokened("read-token")).await), (429, 200));
    let metrics = http.get(format!("http://{}/metrics", world.private_at)).bearer_auth("console-token");
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    for outcome in ["refused", "limited"] {
        let counted = |line: &str| {
            let all = ["ci_rescue_requests_refused_total{", "proof=\"signature\"", &format!("outcome=\"{outcome}\"")];
            all.iter().all(|part| line.contains(part))
        };
        assert!(metrics.lines().any(counted), "{outcome}\n{metrics}");
    }
    let text = lines.text();
    let told = lines.holding(&["refused a request"]);
    assert_eq!(told.len(), 1, "one line a source and minute: {told:#?}");
    assert!(told[0].contains("INFO") && told[0].contains("127.0.0.1"), "{told:?}");
    assert!(told[0].contains("the signature does not match") && !text.contains("a guess"), "{text}");
    world.end().await;
}

#[tokio::test]
async fn behind_a_listed_proxy_each_client_has_its_own_limit() {
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let (listener, at) = listener().await;
    let stop = CancellationToken::new();
    let front = Front { proxies: Proxies::new(["127.0.0.1"]), ..Front::default() };
    tokio::spawn(serve_behind(listener, world.app.public.clone(), front, stop.clone()));
    let http = &world.http;
    until_limited(http, at, "203.0.113.1").await;
    assert_eq!(status(delivery(http, at, "a guess", "guessed", "203.0.113.2")).await, 401);
    // What stands left of the proxy's own word is made up.
    assert_eq!(status(delivery(http, at, "a guess", "guessed", "203.0.113.9, 203.0.113.1")).await, 429);
    // One IPv6 client has a whole /64.
    until_limited(http, at, "2001:db8:1:2::1").await;
    assert_eq!(status(delivery(http, at, "a guess", "guessed", "2001:db8:1:2:ffff::2")).await, 429);
    assert_eq!(status(delivery(http, at, "a guess", "guessed", "2001:db8:1:3::1")).await, 401);
    assert_eq!(status(delivery(http, at, SECRET, "right", "203.0.113.1")).await, 202);
    stop.cancel();
    world.end().await;
}
