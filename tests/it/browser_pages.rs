//! Each page of the console in a real browser: accessible by axe's rules, no wider than a phone, light and dark.

use crate::flows::quarantine::flaky_in;
use crate::world::chromium::Browser;
use crate::world::{NETWORK_LOG, Setup, World};
use fantoccini::Locator;

const PAGES: [(&str, &str); 12] = [
    ("/", "feed"),
    ("/?stage=open&q=test", "filtered"),
    ("/waiting", "waiting"),
    ("/history", "history"),
    ("/quarantines", "quarantines"),
    ("/help", "help"),
    ("/incidents/2", "incident"),
    ("/incidents/2#error", "incident-log"),
    ("/incidents/2/as/slack", "as-slack"),
    ("/incidents/1/as/discord", "as-discord"),
    ("/nowhere", "error"),
    ("/sign-in", "sign-in"),
];

/// Something of everything: a stop, answers, a quarantine, a rejected patch, one that waits.
async fn busy() -> World {
    let config = "[policy.approvals]\nretry = 1\n".into();
    let (world, _repo) = flaky_in(Setup { config, ..Setup::default() }).await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.slack.command("UCYD", "quarantine 2").await;
    world.settle().await;
    world.slack.command("UADA", "reject 2 not on a Friday").await;
    world.settle().await;
    world.slack.command("UCYD", "quarantine 2 list").await;
    world.settle().await;
    world.slack.command("UADA", "approve 2").await;
    world.settle().await;
    world.slack.command("UCYD", "retry 1").await;
    world
        .slack
        .command("UADA", "hold the registry is down, see https://status.example.org/incidents/a-very-long-name")
        .await;
    world.settle().await;
    // The first who sits at the open console.
    for words in ["help", "list", "show 2"] {
        let seat = world.sit("ben").await;
        seat.post("/command", &[("text", words)]).await;
        world.settle().await;
    }
    world
}

async fn every_page(dark: bool) {
    let Some(browser) = Browser::open(dark, (1280, 900)).await else { return };
    let world = busy().await;
    let axe = std::env::var("CI_RESCUE_AXE").ok().and_then(|file| std::fs::read_to_string(file).ok());
    if axe.is_none() {
        println!("skipped: axe; .ci/run fetches it and names it in CI_RESCUE_AXE");
    }
    let page = &browser.page;
    page.goto(&format!("http://{}/", world.private_at)).await.unwrap();
    let shade = if dark { "dark" } else { "light" };
    let mut wrong = Vec::new();
    for width in [320, 390, 1280] {
        browser.resize(width, 900).await;
        for (path, name) in PAGES {
            page.goto("about:blank").await.unwrap();
            page.goto(&format!("http://{}{path}", world.private_at)).await.unwrap();
            browser.picture(&format!("{name}-{width}-{shade}")).await;
            let at = format!("{path} at {width}, {shade}");
            let inner = page.execute("return [window.innerWidth, document.documentElement.scrollWidth, [...document.querySelectorAll('main, .log, header, .command')].every((e) => e.scrollWidth <= e.clientWidth), document.querySelectorAll('h1').length]", vec![]).await.unwrap();
            if inner[0] != width || inner[1].as_i64() > Some(width.into()) || inner[2] != true || inner[3] != 1 {
                println!("{at}: {inner}");
                wrong.push(format!("{at}: {inner}"));
            }
            let small = "return [...document.querySelectorAll('button, select, input:not([type=hidden]), nav a, .link, .next, .example, .rows a, summary, .card h2 a')].filter((e) => e.checkVisibility()).map((e) => [e.textContent.trim(), e.getBoundingClientRect()]).filter(([_, r]) => r.height < 24 || r.width < 24).map(([t, r]) => `${t} ${r.width}x${r.height}`)";
            let small = page.execute(small, vec![]).await.unwrap();
            if small.as_array().is_none_or(|small| !small.is_empty()) {
                wrong.push(format!("{at}: targets {small}"));
            }
            // At 390 the layout is that of 320.
            if let Some(axe) = axe.as_ref().filter(|_| width != 390) {
                page.execute(axe, vec![]).await.unwrap();
                let run = "const done = arguments[arguments.length - 1]; axe.run().then((r) => done(r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html + ' ' + n.failureSummary).join(' | '))), (e) => done(['axe: ' + e]));";
                let found = page.execute_async(run, vec![]).await.unwrap();
                wrong.extend(found.as_array().into_iter().flatten().map(|violation| format!("{at}: {violation}")));
            }
        }
    }
    browser.close().await;
    world.end().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_in_light() {
    every_page(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_in_dark() {
    every_page(true).await;
}

/// Pulled in Slack, told on a page that is open; lifted likewise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_emergency_stop_reaches_an_open_page() {
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let world = World::new().await;
    browser.page.goto(&format!("http://{}/history", world.private_at)).await.unwrap();
    browser.until("h1", "History").await;
    world.slack.command("UADA", "hold the registry is down").await;
    world.settle().await;
    browser.until("#hold", "the registry is down").await;
    world.slack.command("UADA", "unhold").await;
    world.settle().await;
    browser.gone("#hold *").await;
    browser.close().await;
    world.end().await;
}

/// Browsers hold six connections to one server: the seventh page would wait for those before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_was_left_keeps_no_connection() {
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let ada = world.sit("ada").await;
    let page = &browser.page;
    page.goto(&format!("http://{}/", world.private_at)).await.unwrap();
    ada.say(&world, "hold first").await;
    browser.until("#hold", "first").await;
    page.execute("window.dispatchEvent(new Event('pagehide'))", vec![]).await.unwrap();
    ada.say(&world, "unhold").await;
    ada.say(&world, "hold second").await;
    let fetched = page.execute("return fetch('/').then((page) => page.text())", vec![]).await.unwrap();
    assert!(fetched.as_str().unwrap().contains("second"));
    let hears = page.execute("return document.getElementById('hold').textContent", vec![]).await.unwrap();
    assert!(hears.as_str().unwrap().contains("first"), "{hears}");
    browser.close().await;
    world.end().await;
}

/// Out of sight it hears nothing; back in sight it shows what it missed, and was not loaded again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_comes_back_catches_up() {
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let ada = world.sit("ada").await;
    let page = &browser.page;
    page.goto(&format!("http://{}/", world.private_at)).await.unwrap();
    ada.say(&world, "hold first").await;
    browser.until("#hold", "first").await;
    page.execute("window.kept = true; window.dispatchEvent(new Event('pagehide'))", vec![]).await.unwrap();
    world.broken_run(NETWORK_LOG, "success").await;
    assert!(page.find(Locator::Css("#incident-1")).await.is_err(), "it listens although nobody sees it");
    let back = "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))";
    page.execute(back, vec![]).await.unwrap();
    browser.until("#incident-1", "ECONNRESET").await;
    let kept = page.execute("return window.kept", vec![]).await.unwrap();
    assert_eq!(kept, true, "the page was loaded again");
    // The mark of another start of the server: only a new page can be right.
    let answer = page
        .execute(
            "const got = await new Promise((done) => { const s = new EventSource('/events?since=x.1'); \
             s.addEventListener('reload', () => { s.close(); done('reload'); }); }); return got",
            vec![],
        )
        .await
        .unwrap();
    assert_eq!(answer, "reload");
    browser.close().await;
    world.end().await;
}
