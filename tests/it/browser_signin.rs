//! Signing in, each way, in a real browser; the read-only page of a link; signing out.

use crate::browser_pages::{axe, misfits, violations};
use crate::world::chromium::Browser;
use crate::world::logins::{CLIENT, CLIENT_SECRET};
use crate::world::provider::Provider;
use crate::world::{HandClock, NETWORK_LOG, REPO, Setup, World, listener};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use fantoccini::Locator;
use serde_json::json;
use tokio_util::sync::CancellationToken;

const WIDTHS: [u32; 2] = [320, 1280];

/// What is wrong with the page that is open, at each width; and a picture of each.
async fn looked_at(browser: &Browser, name: &str, shade: &str) {
    let axe = axe();
    let mut wrong = Vec::new();
    for width in WIDTHS {
        browser.resize(width, 900).await;
        browser.picture(&format!("{name}-{width}-{shade}")).await;
        wrong.extend(misfits(browser, width).await);
        if let Some(axe) = &axe {
            wrong.extend(violations(browser, axe).await);
        }
    }
    assert!(wrong.is_empty(), "{name}, {shade}: {}", wrong.join("\n"));
}

async fn press(browser: &Browser, css: &str) {
    browser.page.find(Locator::Css(css)).await.unwrap().click().await.unwrap();
}

/// With GitHub and by `OpenID` Connect, one after the other.
async fn by_providers(dark: bool) {
    let Some(browser) = Browser::open(dark, (1280, 900)).await else { return };
    let shade = if dark { "dark" } else { "light" };
    let stop = CancellationToken::new();
    let provider = Provider::start(&HandClock::new(), &stop).await;
    let config = format!(
        "{}[[people]]\nname = \"fay\"\nsign_in = \"fay@acme.example\"\nrole = \"approver\"\n",
        provider.config("github = true\n")
    );
    let github = format!("client_id = \"{CLIENT}\"\nclient_secret = \"{CLIENT_SECRET}\"\n");
    let world = World::with(Setup { github, config, slack: false, open_console: false, ..Setup::default() }).await;
    provider.on(&world.clock);
    world.broken_run(NETWORK_LOG, "success").await;
    let page = &browser.page;
    let at = |path: &str| format!("http://{}{path}", world.private_at);
    world.logins.sits("ben");
    // A page that needs a sign-in leads there, and back.
    page.goto(&at("/incidents/1")).await.unwrap();
    browser.until("h1", "Sign in").await;
    looked_at(&browser, "sign-in-ways", shade).await;
    press(&browser, ".way[href^='/sign-in/github']").await;
    browser.until(".who", "ben (responder)").await;
    assert!(page.current_url().await.unwrap().as_str().ends_with("/incidents/1"));
    looked_at(&browser, "signed-in-incident", shade).await;
    // Acting under one's own name, by the page's own form.
    page.find(Locator::Css("#text")).await.unwrap().send_keys("ack 1").await.unwrap();
    press(&browser, ".command button").await;
    world.inbox().await;
    world.settle().await;
    browser.until("#timeline", "ben has it").await;
    press(&browser, "form[action='/sign-out'] button").await;
    browser.until("h1", "Sign in").await;
    page.goto(&at("/")).await.unwrap();
    browser.until("h1", "Sign in").await;
    // By OpenID Connect, as somebody else.
    provider.sits(json!({"sub": "7", "email": "fay@acme.example", "email_verified": true, "name": "Fay"}));
    press(&browser, ".way[href^='/sign-in/oidc']").await;
    browser.until(".who", "fay (approver)").await;
    press(&browser, "form[action='/sign-out'] button").await;
    browser.until("h1", "Sign in").await;
    // Whom nothing lets in is told so on the sign-in page.
    provider.sits(json!({"sub": "8", "email": "mal@evil.example", "email_verified": true, "name": "Mal"}));
    press(&browser, ".way[href^='/sign-in/oidc']").await;
    browser.until(".mistake", "not allowed in here").await;
    looked_at(&browser, "sign-in-refused", shade).await;
    // And the token, as ever.
    page.find(Locator::Css("#token")).await.unwrap().send_keys("console-token").await.unwrap();
    press(&browser, ".panel button").await;
    browser.until(".who", "operator (admin)").await;
    browser.close().await;
    stop.cancel();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_at_providers_in_light() {
    by_providers(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_at_providers_in_dark() {
    by_providers(true).await;
}

/// The link that somebody makes on the page, opened by somebody who has nothing else.
async fn a_link(dark: bool) {
    let Some(browser) = Browser::open(dark, (1280, 900)).await else { return };
    let shade = if dark { "dark" } else { "light" };
    let console = "url = \"http://127.0.0.1:1\"\n".to_owned();
    let world = World::with(Setup { console, slack: false, ..Setup::default() }).await;
    world.broken_run(NETWORK_LOG, "success").await;
    let page = &browser.page;
    let base = format!("http://{}", world.private_at);
    page.goto(&format!("{base}/incidents/1")).await.unwrap();
    press(&browser, ".share button").await;
    world.inbox().await;
    world.settle().await;
    browser.until("#answers", "/shared/1.").await;
    let found =
        page.execute("return document.querySelector('#answers a[href*=\"/shared/\"]').href", vec![]).await.unwrap();
    let link = found.as_str().unwrap().replace("http://127.0.0.1:1", &base);
    page.delete_all_cookies().await.unwrap();
    page.goto(&link).await.unwrap();
    browser.until("main", "ECONNRESET").await;
    browser.until(".journal", "made a link").await;
    let acts = "return document.querySelectorAll('form, button, input, script').length";
    assert_eq!(page.execute(acts, vec![]).await.unwrap(), 0);
    assert!(page.get_all_cookies().await.unwrap().is_empty(), "a link begins no session");
    looked_at(&browser, "shared", shade).await;
    world.sit("ben").await.say(&world, "share 1 off").await;
    page.goto(&link).await.unwrap();
    browser.until("main", "expired or was ended").await;
    looked_at(&browser, "shared-ended", shade).await;
    browser.close().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_read_without_signing_in_in_light() {
    a_link(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_read_without_signing_in_in_dark() {
    a_link(true).await;
}

/// A proxy that has signed somebody in: it tells who, and takes away what the browser itself says of that.
async fn forward(request: Request, to: String) -> Response {
    let client = crate::world::client_builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers = parts.headers;
    headers.remove("remote-user");
    headers.insert("remote-user", "hal".parse().unwrap());
    let sent = client.request(parts.method, format!("{to}{path}")).headers(headers);
    let answer = sent.body(axum::body::to_bytes(body, 1 << 20).await.unwrap()).send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "transfer-encoding") {
        response = response.header(name, value);
    }
    response.body(Body::from_stream(answer.bytes_stream())).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_signs_people_in() {
    let Some(browser) = Browser::open(false, (1280, 900)).await else { return };
    let (door, at) = listener().await;
    let console = format!("url = \"http://{at}\"\n");
    let config = "[sign_in]\nproxy_header = \"Remote-User\"\nproxies = [\"127.0.0.1\"]\n\
                  [[people]]\nname = \"hal\"\nsign_in = \"hal\"\ngithub = \"hal\"\nrole = \"responder\"\n";
    let setup = Setup { console, config: config.into(), slack: false, open_console: false, ..Setup::default() };
    let world = World::with(setup).await;
    world.forge.permit(REPO, "hal", "write");
    world.broken_run(NETWORK_LOG, "success").await;
    let (to, stop) = (format!("http://{}", world.private_at), CancellationToken::new());
    let proxy = Router::new().fallback(move |request: Request| forward(request, to.clone()));
    tokio::spawn(ci_rescue::server::serve(door, proxy, stop.clone()));
    let page = &browser.page;
    page.goto(&format!("http://{at}/")).await.unwrap();
    browser.until(".who", "hal (responder)").await;
    page.find(Locator::Css("#text")).await.unwrap().send_keys("ack 1").await.unwrap();
    press(&browser, ".command button").await;
    world.inbox().await;
    world.settle().await;
    browser.until("#incident-1", "hal").await;
    // Signed out, the proxy's word opens the next session.
    press(&browser, "form[action='/sign-out'] button").await;
    browser.until(".note", "Your proxy signs you in").await;
    looked_at(&browser, "sign-in-proxy", "light").await;
    page.goto(&format!("http://{at}/")).await.unwrap();
    browser.until(".who", "hal (responder)").await;
    browser.close().await;
    stop.cancel();
    world.end().await;
}
