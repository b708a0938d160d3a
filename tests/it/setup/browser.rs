//! The page that creates the GitHub App, in a real browser and by hand.

use super::Place;
use crate::world::chromium::Browser;
use fantoccini::Locator;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout};

/// `setup` that waits for a browser.
pub struct Waiting {
    child: Child,
    lines: BufReader<ChildStdout>,
    pub page: String,
}

pub fn answers(place: &Place, url: &str) -> String {
    format!(
        "[github]\napi_url = \"http://{}\"\ncreate = true\n{url}organization = \"acme\"\nrepositories = [\"acme/*\"]\n\
         [store]\npath = \"store\"\n[console]\n[admin]\ngithub = \"ada\"\n",
        place.github
    )
}

async fn wait(place: &Place, url: &str) -> Waiting {
    begin(place, &answers(place, url)).await
}

pub async fn begin(place: &Place, answers: &str) -> Waiting {
    let file = place.write("answers.toml", answers);
    let mut command = place.program();
    command.args(["setup", "--answers", &file]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let page = loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).await.unwrap() > 0, "it ended");
        if let Some(page) = line.trim().strip_prefix("http://127.0.0.1:") {
            break format!("http://127.0.0.1:{page}");
        }
    };
    Waiting { child, lines, page }
}

impl Waiting {
    pub async fn end(mut self) -> (i32, String) {
        let mut out = String::new();
        self.lines.read_to_string(&mut out).await.unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut out).await.unwrap();
        (self.child.wait().await.unwrap().code().unwrap(), out)
    }
}

pub fn made(place: &Place, code: i32, out: &str) {
    assert_eq!(code, 0, "{out}");
    place.hides(out);
    assert!(out.contains("GitHub made the App \"ci-rescue-acme\", number 7"), "{out}");
    assert!(out.contains("/apps/ci-rescue-acme/installations/new"), "{out}");
    assert!(out.contains("Ready: nothing to fix"), "{out}");
    assert!(place.text().contains("app_id = 7"), "{}", place.text());
    let key = place.secret("github.private_key");
    assert_eq!(std::fs::read_to_string(&key).unwrap().trim(), include_str!("../../data/app-key.pem").trim());
    assert_eq!(std::fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_creates_the_app() {
    let Some(browser) = Browser::open(false, (800, 900)).await else { return };
    let place = Place::new().await;
    let setup = wait(&place, "url = \"https://ci.example.org\"\n").await;
    let page = &browser.page;
    page.goto(&setup.page).await.unwrap();
    browser.until("h1", "Create the GitHub App").await;
    browser.until("main", "https://ci.example.org/webhooks/github").await;
    browser.picture("setup-github").await;
    page.find(Locator::Css("button")).await.unwrap().click().await.unwrap();
    page.wait().for_element(Locator::Css("#create")).await.unwrap();
    let at = page.current_url().await.unwrap();
    assert!(at.path() == "/organizations/acme/settings/apps/new" && at.query().unwrap().len() > 40, "{at}");

    // Somebody else's answer is not taken, and the right one still is.
    let state = at.query().unwrap().trim_start_matches("state=").to_owned();
    let code = place.web.codes.lock().unwrap().keys().next().unwrap().clone();
    page.goto(&format!("{}created?code={code}&state={}", setup.page, "0".repeat(64))).await.unwrap();
    browser.until("h1", "Not taken").await;
    page.goto(&format!("{}created?code={code}&state={state}", setup.page)).await.unwrap();
    browser.until("h1", "The App is created").await;
    browser.until("a", "Install it").await;
    browser.picture("setup-github-back").await;
    let (code, out) = setup.end().await;
    made(&place, code, &out);
    assert_eq!(std::fs::read_to_string(place.secret("github.webhook_secret")).unwrap().len(), 40);
    let manifests = place.web.manifests.lock().unwrap().clone();
    assert_eq!(manifests[0]["hook_attributes"]["url"], "https://ci.example.org/webhooks/github");
    browser.close().await;
}

#[tokio::test]
async fn without_an_address_there_is_no_webhook_and_others_get_nothing_from_the_page() {
    let place = Place::new().await;
    let setup = wait(&place, "").await;
    let http = crate::world::client_builder().build().unwrap();
    // By another name, as a page elsewhere would reach it.
    let foreign = http.get(&setup.page).header("host", "evil.example").send().await.unwrap();
    assert_eq!(foreign.status(), 421);
    // Who was not told the address sees neither the page nor whether an answer would be taken.
    let root = setup.page.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    for other in ["/", "/created?code=a180b1a3", "/AAAA/", "/AAAA/created?code=a180b1a3"] {
        let answer = http.get(format!("{root}{other}")).send().await.unwrap();
        assert_eq!(
            (answer.status(), answer.text().await.unwrap().as_str()),
            (reqwest::StatusCode::NOT_FOUND, ""),
            "{other}"
        );
    }
    let answer = http.get(&setup.page).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let html = answer.text().await.unwrap();
    assert!(html.contains("asks for new runs every minute"), "{html}");
    let state = html.split("state=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let back = |code: &str, state: &str| http.get(format!("{}created?code={code}&state={state}", setup.page)).send();
    for (code, state, status) in [
        ("a180b1a3", "", 400),
        ("a180b1a3", "1234", 400),
        ("..%2f..%2fuser", state.as_str(), 502),
        ("", state.as_str(), 502),
        ("nobodyknows", state.as_str(), 502),
    ] {
        assert_eq!(back(code, state).await.unwrap().status(), status, "{code} {state}");
    }
    assert!(!place.config().exists());
    let known = "a180b1a3d263c81bc6441d7b990bae27d4c10670";
    let manifest = serde_json::json!({"hook_attributes": {"active": false}});
    place.web.codes.lock().unwrap().insert(known.into(), manifest);
    assert_eq!(back(known, &state).await.unwrap().status(), 200);
    let (code, out) = setup.end().await;
    made(&place, code, &out);
    assert!(!place.secret("github.webhook_secret").exists());
    assert!(place.secret("console.token").exists());
}
