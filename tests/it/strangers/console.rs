//! 6: the console's sign-in cannot be guessed, and a session ends.

use crate::world::{Setup, World, listener};
use ci_rescue::server::{Front, Proxies, serve_behind};
use futures::StreamExt;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use std::net::SocketAddr;
use tokio_util::sync::CancellationToken;

const TOKEN: &str = "console-token";
const HOURS: i64 = 3_600_000;

async fn closed(console: &str) -> World {
    World::with(Setup { open_console: false, slack: false, console: console.into(), ..Setup::default() }).await
}

fn client() -> Client {
    crate::world::client_builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn cookie(answer: &Response) -> String {
    answer.headers()["set-cookie"].to_str().unwrap().to_owned()
}

/// A sign-in with the ticket that its form needs.
async fn sign_in(at: SocketAddr, token: &str, dress: impl Fn(RequestBuilder) -> RequestBuilder) -> Response {
    let (http, url) = (client(), format!("http://{at}/sign-in"));
    let page = dress(http.get(&url)).send().await.unwrap();
    let ticket = cookie(&page).split(';').next().unwrap().to_owned();
    let csrf = ticket.split_once('=').unwrap().1.to_owned();
    dress(http.post(&url))
        .header("cookie", &ticket)
        .form(&[("csrf", csrf.as_str()), ("token", token)])
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn strangers_006_a_token_can_be_tried_a_few_times_a_minute() {
    let world = closed("").await;
    let mut refused = 0;
    for n in 0..30 {
        let answer = sign_in(world.private_at, "console-tokem", |request| request).await;
        match answer.status() {
            StatusCode::UNAUTHORIZED => assert_eq!(n, n.min(9), "ten tries, and no more"),
            StatusCode::TOO_MANY_REQUESTS => {
                refused += 1;
                let seconds: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
                assert!((1..=60).contains(&seconds), "{seconds}");
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(refused, 20);
    let right = sign_in(world.private_at, TOKEN, |request| request).await;
    assert_eq!(right.status(), StatusCode::TOO_MANY_REQUESTS, "the right one is not told apart");
    world.clock.advance(10_000);
    assert_eq!(sign_in(world.private_at, TOKEN, |request| request).await.status(), StatusCode::SEE_OTHER);
    world.end().await;
}

/// A listed proxy tells who somebody is; nobody else does.
#[tokio::test]
async fn strangers_006_tries_are_counted_for_each_client() {
    for (proxies, want) in [(vec!["127.0.0.1"], StatusCode::SEE_OTHER), (vec![], StatusCode::TOO_MANY_REQUESTS)] {
        let world = closed("").await;
        let (listener, at) = listener().await;
        let stop = CancellationToken::new();
        let private = world.app.private.clone().unwrap();
        let proxies = Proxies::new(proxies);
        tokio::spawn(serve_behind(listener, private, Front { proxies, ..Front::default() }, stop.clone()));
        // The Host of the listener that the console knows.
        let host = world.private_at.to_string();
        let from = |address: &'static str| {
            let host = host.clone();
            move |request: RequestBuilder| request.header("host", &host).header("x-forwarded-for", address)
        };
        for _ in 0..12 {
            sign_in(at, "wrong", from("203.0.113.1")).await;
        }
        let again = sign_in(at, TOKEN, from("203.0.113.1")).await;
        assert_eq!(again.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(sign_in(at, TOKEN, from("203.0.113.2")).await.status(), want);
        stop.cancel();
        world.end().await;
    }
}

#[tokio::test]
async fn strangers_006_a_session_ends_and_its_stream_with_it() {
    let world = closed("").await;
    let base = format!("http://{}", world.private_at);
    let http = client();
    for by_time in [false, true] {
        let answer = sign_in(world.private_at, TOKEN, |request| request).await;
        let session = cookie(&answer).split(';').next().unwrap().to_owned();
        let get = |path: &str| http.get(format!("{base}{path}")).header("cookie", &session).send();
        let page = get("/").await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let page = page.text().await.unwrap();
        let csrf = page.split_once("name=\"csrf\" content=\"").unwrap().1.split('"').next().unwrap().to_owned();
        let stream = get("/events").await.unwrap();
        assert_eq!(stream.status(), StatusCode::OK);
        if by_time {
            world.clock.advance(13 * HOURS);
        } else {
            let form = [("csrf", csrf.as_str())];
            let out =
                http.post(format!("{base}/sign-out")).header("cookie", &session).form(&form).send().await.unwrap();
            assert_eq!(out.status(), StatusCode::SEE_OTHER);
        }
        // It would go on for ever.
        let pieces: Vec<_> = stream.bytes_stream().collect().await;
        assert!(pieces.iter().all(Result::is_ok), "the stream ends in order");
        assert_eq!(get("/").await.unwrap().headers()["location"], "/sign-in");
        assert_eq!(get("/events").await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    world.end().await;
}

#[tokio::test]
async fn strangers_006_the_cookie_stays_within_tls() {
    let world = closed("url = \"https://Rescue.example.org\"\n").await;
    for (host, secure) in [(Some("rescue.example.org"), true), (Some("RESCUE.example.org"), true), (None, false)] {
        let dress = |request: RequestBuilder| match host {
            Some(host) => request.header("host", host).header("origin", "https://rescue.example.org"),
            None => request,
        };
        let answer = sign_in(world.private_at, TOKEN, dress).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{host:?}");
        assert_eq!(cookie(&answer).ends_with("; Secure"), secure, "{host:?} {}", cookie(&answer));
    }
    let foreign = client().get(format!("http://{}/sign-in", world.private_at)).header("host", "example.org");
    assert_eq!(foreign.send().await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
    world.end().await;
}
