//! Every form and button of the console in a real browser: with and without JavaScript, behind a token and open.

use crate::flows::quarantine::flaky_in;
use crate::world::chromium::Browser;
use crate::world::{NETWORK_LOG, Setup, World, listener};
use axum::response::Html;
use ci_rescue::domain::cause::Cause;
use ci_rescue::domain::incident::ProposalState;
use fantoccini::Locator;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

const SIZE: (u32, u32) = (1100, 900);

/// One person at one browser.
pub struct Visitor {
    pub browser: Browser,
    home: String,
    script: bool,
}

impl Visitor {
    pub async fn new(at: SocketAddr, script: bool) -> Option<Self> {
        let browser = Browser::with(false, SIZE, script).await?;
        Some(Self { browser, home: format!("http://{at}"), script })
    }

    pub async fn goto(&self, path: &str) {
        self.browser.page.goto(&format!("{}{path}", self.home)).await.expect("a page");
    }

    /// A card that is renewed between the look and the click is looked for again.
    pub async fn click(&self, css: &str) {
        loop {
            let found = self.browser.page.wait().for_element(Locator::Css(css)).await;
            match found.unwrap_or_else(|why| panic!("{css}: {why}")).click().await {
                Ok(()) => return,
                Err(why) if why.to_string().contains("stale element") => {}
                Err(why) => panic!("{css}: {why}"),
            }
        }
    }

    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.browser.page.wait().for_element(Locator::Css(css)).await.expect("a field");
        field.send_keys(text).await.expect("keys");
    }

    pub async fn sees(&self, css: &str, words: &str) {
        self.browser.until(css, words).await;
    }

    /// The click's request is kept and answered; without JavaScript the page is fetched again.
    pub async fn done(&self, world: &World) {
        world.inbox().await;
        world.settle().await;
        if self.script {
            self.caught_up().await;
        } else {
            self.goto("/").await;
        }
    }

    /// Until the open page shows what the server would show now.
    async fn caught_up(&self) {
        let script = "const done = arguments[0];
            const words = (page) => [...page.querySelectorAll('#feed > *')].map((card) => {
                const copy = card.cloneNode(true);
                copy.querySelectorAll('time').forEach((time) => time.remove());
                return copy.textContent.replace(/\\s+/g, ' ');
            }).join();
            fetch(location.href).then((answer) => answer.text()).then((text) =>
                done(words(new DOMParser().parseFromString(text, 'text/html')) === words(document)));";
        let wait = async { while self.browser.page.execute_async(script, vec![]).await.expect("a script") != true {} };
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the page follows");
    }

    pub async fn press(&self, world: &World, no: u64, verb: &str) {
        self.click(&format!("#incident-{no} button[data-verb={verb}]")).await;
        self.done(world).await;
    }

    async fn say(&self, world: &World, words: &str) {
        self.fill("#text", words).await;
        self.click(".command button").await;
        self.done(world).await;
    }

    async fn sign_in(&self, token: &str) {
        self.sees("h1", "Sign in").await;
        self.fill("#token", token).await;
        self.click("button.primary").await;
    }

    pub async fn switch(&self, person: &str) {
        self.click(&format!("#person option[value={person}]")).await;
        self.click(".who button").await;
        let seat = format!("#person option[value={person}][selected]");
        self.browser.page.wait().for_element(Locator::Css(&seat)).await.expect("the feed, as somebody else");
    }
}

fn last(incident: &ci_rescue::domain::incident::Incident) -> &ProposalState {
    &incident.proposals.last().expect("a proposal").state
}

/// Signing in or switching, the command line, the emergency stop, and each button once.
async fn everything(script: bool, open: bool) {
    let config = "[policy.approvals]\nretry = 1\n".into();
    let setup = Setup { config, open_console: open, ..Setup::default() };
    let (world, _repo) = flaky_in(setup).await;
    world.broken_run(NETWORK_LOG, "success").await;
    let no = world.incidents().await.iter().map(|incident| incident.no.0).max().unwrap();
    let Some(visitor) = Visitor::new(world.private_at, script).await else { return };
    visitor.goto("/").await;
    if open {
        visitor.switch("cyd").await;
        visitor.switch("ada").await;
        visitor.sees("#person option[selected]", "ada").await;
    } else {
        visitor.sign_in("wrong").await;
        visitor.sees(".mistake", "Wrong token").await;
        visitor.sign_in("console-token").await;
    }
    visitor.sees("#feed", "ECONNRESET").await;

    visitor.say(&world, "hold release day").await;
    assert!(world.store.setting("hold").await.unwrap().is_some_and(|hold| !hold.is_null()));
    visitor.sees("#hold", "release day").await;
    visitor.say(&world, "unhold").await;
    assert!(world.store.setting("hold").await.unwrap().is_none_or(|hold| hold.is_null()));

    visitor.press(&world, no, "why").await;
    visitor.sees("#answers", "retry").await;
    visitor.click(&format!("#incident-{no} .asks[data-asks=wrong] summary")).await;
    visitor.click(&format!("#incident-{no} .asks[data-asks=wrong] option[value=transient]")).await;
    visitor.press(&world, no, "wrong").await;
    let judged = world.incident(no).await.judged.expect("a verdict");
    assert_eq!((judged.cause, judged.by.is_some()), (Cause::Transient, true));
    for (verb, state) in [("cancel", "cancelled"), ("reject", "rejected")] {
        visitor.press(&world, no, "retry").await;
        assert_eq!(last(&world.incident(no).await).as_str(), "awaiting");
        visitor.press(&world, no, verb).await;
        assert_eq!(last(&world.incident(no).await).as_str(), state);
    }
    visitor.press(&world, no, "retry").await;
    visitor.fill(&format!("#incident-{no} .reason"), "not on a Friday").await;
    visitor.press(&world, no, "reject_reason").await;
    assert_eq!(last(&world.incident(no).await).as_str(), "rejected");
    visitor.goto(&format!("/incidents/{no}")).await;
    visitor.sees(".journal", "not on a Friday").await;
    visitor.goto("/").await;

    // What another person proposed.
    world.slack.command("UCYD", &format!("retry {no}")).await;
    world.settle().await;
    visitor.goto("/").await;
    visitor.press(&world, no, "approve").await;
    assert_eq!(world.reruns(), 1);
    world.slack.command("UCYD", "quarantine 2").await;
    world.settle().await;
    visitor.goto("/").await;
    visitor.press(&world, 2, "approve").await;
    if !open {
        // Whoever has the token is nobody at the forge, and so has no say in its code.
        assert_eq!(last(&world.incident(2).await).as_str(), "awaiting");
        world.slack.command("UADA", "approve 2").await;
        world.settle().await;
        visitor.goto("/").await;
    }
    assert_eq!(last(&world.incident(2).await).as_str(), "done");
    visitor.press(&world, 2, "undo").await;
    if !open {
        assert_eq!(last(&world.incident(2).await).as_str(), "done");
        world.slack.command("UADA", "undo 2").await;
        world.settle().await;
    }
    world.slack.command("UCYD", "approve 2").await;
    world.settle().await;
    assert_eq!(last(&world.incident(2).await).as_str(), "undone");

    visitor.click("#log button").await;
    visitor.browser.gone("#answers li").await;
    if !open {
        visitor.click(".who button").await;
        visitor.sees("h1", "Sign in").await;
    }
    visitor.browser.close().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_with_javascript() {
    everything(true, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_without_javascript() {
    everything(false, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_token_with_javascript() {
    everything(true, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_token_without_javascript() {
    everything(false, false).await;
}

/// Another program's page on this machine knows the token and posts the form: to the browser it is of the same site.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_on_another_port_cannot_post() {
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let Some(visitor) = Visitor::new(world.private_at, true).await else { return };
    visitor.goto("/").await;
    let csrf = visitor.browser.page.execute("return document.querySelector('meta[name=csrf]').content", vec![]).await;
    let csrf = csrf.unwrap().as_str().unwrap().to_owned();
    let form = format!(
        "<form method=post action=\"{}/command\"><input name=csrf value=\"{csrf}\"><input name=text value=hold>\
         <button>Win a prize</button></form>",
        visitor.home
    );
    let (listener, at) = listener().await;
    let page = axum::Router::new().route("/", axum::routing::get(move || async move { Html(form) }));
    let attacker = tokio::spawn(async move { axum::serve(listener, page).await });
    for host in ["127.0.0.1", "localhost"] {
        visitor.browser.page.goto(&format!("http://{host}:{}/", at.port())).await.unwrap();
        visitor.click("button").await;
        visitor.sees("h1", "403").await;
        visitor.sees("main", "Session check failed: reload the page and try again").await;
    }
    assert_eq!(world.store.counts().await.unwrap().inbox, 0);
    attacker.abort();
    visitor.browser.close().await;
    world.end().await;
}

/// The console's address in what the program prints; the rest is read, so that it is never blocked.
async fn address(out: impl AsyncRead + Send + Unpin + 'static, before: &str) -> SocketAddr {
    let mut lines = BufReader::new(out).lines();
    loop {
        let line = lines.next_line().await.expect("a line").expect("an address");
        if let Some((_, at)) = line.split_once(before) {
            let at = at.trim_end_matches('/').parse().expect("an address");
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return at;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_itself_as_serve() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("ci-rescue.toml");
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\ntoken = \"console-token\"\n\
         [store]\npath = \"{}\"\n",
        dir.path().join("store").display()
    );
    std::fs::write(&config, text).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    program.arg("serve").arg("--config").arg(&config).stdout(Stdio::piped()).kill_on_drop(true);
    let mut program = program.spawn().unwrap();
    let at = address(program.stdout.take().unwrap(), "console http://").await;
    let Some(visitor) = Visitor::new(at, true).await else { return };
    visitor.goto("/").await;
    visitor.sign_in("wrong").await;
    visitor.sees(".mistake", "Wrong token").await;
    visitor.sign_in("console-token").await;
    visitor.fill("#text", "hold release day").await;
    visitor.click(".command button").await;
    visitor.sees("#hold", "release day").await;
    visitor.browser.close().await;
    program.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_itself_as_demo() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    program.args(["demo", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).kill_on_drop(true);
    let mut program = program.spawn().unwrap();
    let at = address(program.stdout.take().unwrap(), "Open  http://").await;
    let Some(visitor) = Visitor::new(at, true).await else { return };
    visitor.goto("/").await;
    visitor.switch("ada").await;
    visitor.fill("#text", "hold release day").await;
    visitor.click(".command button").await;
    visitor.sees("#hold", "release day").await;
    visitor.browser.close().await;
    program.kill().await.unwrap();
}
