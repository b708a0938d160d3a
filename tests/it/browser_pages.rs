//! Each page of the console in a real browser: accessible by axe's rules, no wider than a phone, light and dark.

use crate::flows::quarantine::flaky_in;
use crate::flows::statistics::{UNKNOWN_LOG, broken, retry};
use crate::world::chromium::Browser;
use crate::world::{NETWORK_LOG, Setup, World};
use ci_rescue::domain::time::DAY_MS;
use fantoccini::Locator;

const PAGES: [(&str, &str); 14] = [
    ("/", "feed"),
    ("/?stage=open&q=test", "filtered"),
    ("/waiting", "waiting"),
    ("/history", "history"),
    ("/quarantines", "quarantines"),
    ("/loops", "loops"),
    ("/statistics", "statistics"),
    ("/help", "help"),
    ("/incidents/2", "incident"),
    ("/incidents/2#error", "incident-log"),
    ("/incidents/2/as/slack", "as-slack"),
    ("/incidents/1/as/discord", "as-discord"),
    ("/nowhere", "error"),
    ("/sign-in", "sign-in"),
];

/// Some weeks in which runs passed, failed and passed again, one failure is unknown, and one was corrected.
async fn busy_weeks() -> World {
    let world = World::new().await;
    for n in 1..=24_u64 {
        let log = if n.is_multiple_of(5) { UNKNOWN_LOG } else { NETWORK_LOG };
        broken(&world, log, n, "main").await;
        world.clock.advance(i64::try_from(n).unwrap() * 600_000);
        let no = world.incidents().await.iter().map(|incident| incident.no.0).max().unwrap();
        // One in four stays red until the next commit.
        if !n.is_multiple_of(4) {
            retry(&world, no).await;
        }
        world.clock.advance(if n < 20 { 2 * DAY_MS } else { DAY_MS / 2 });
    }
    for n in 30..=33 {
        broken(&world, UNKNOWN_LOG, n, &format!("topic-{n}")).await;
    }
    let no = world.incidents().await.iter().map(|incident| incident.no.0).max().unwrap();
    world.slack.command("UBEN", &format!("wrong {no} infra")).await;
    world.settle().await;
    world
}

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

/// Axe itself, where it is there.
pub fn axe() -> Option<String> {
    let axe = std::env::var("CI_RESCUE_AXE").ok().and_then(|file| std::fs::read_to_string(file).ok());
    if axe.is_none() {
        println!("skipped: axe; .ci/run fetches it and names it in CI_RESCUE_AXE");
    }
    axe
}

/// What axe finds wrong with the page that is open.
pub async fn violations(browser: &Browser, axe: &str) -> Vec<String> {
    browser.page.execute(axe, vec![]).await.unwrap();
    let run = "const done = arguments[arguments.length - 1]; axe.run().then((r) => done(r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html + ' ' + n.failureSummary).join(' | '))), (e) => done(['axe: ' + e]));";
    let found = browser.page.execute_async(run, vec![]).await.unwrap();
    found.as_array().into_iter().flatten().map(ToString::to_string).collect()
}

/// What of the page that is open is wider than it, or too small to be hit.
pub async fn misfits(browser: &Browser, width: u32) -> Vec<String> {
    let page = &browser.page;
    let mut wrong = Vec::new();
    let inner = page.execute("return [window.innerWidth, document.documentElement.scrollWidth, [...document.querySelectorAll('main, .log, header, .command')].every((e) => e.scrollWidth <= e.clientWidth), document.querySelectorAll('h1').length]", vec![]).await.unwrap();
    if inner[0] != width || inner[1].as_i64() > Some(width.into()) || inner[2] != true || inner[3] != 1 {
        wrong.push(inner.to_string());
    }
    let small = "return [...document.querySelectorAll('button, select, input:not([type=hidden]), nav a, .link, .next, .example, .rows a, summary, .card h2 a')].filter((e) => e.checkVisibility()).map((e) => [e.textContent.trim(), e.getBoundingClientRect()]).filter(([_, r]) => r.height < 24 || r.width < 24).map(([t, r]) => `${t} ${r.width}x${r.height}`)";
    let small = page.execute(small, vec![]).await.unwrap();
    if small.as_array().is_none_or(|small| !small.is_empty()) {
        wrong.push(format!("targets {small}"));
    }
    wrong
}

async fn every_page(dark: bool) {
    let Some(browser) = Browser::open(dark, (1280, 900)).await else { return };
    let world = busy().await;
    let axe = axe();
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
            wrong.extend(misfits(&browser, width).await.into_iter().map(|found| format!("{at}: {found}")));
            // At 390 the layout is that of 320.
            if let Some(axe) = axe.as_ref().filter(|_| width != 390) {
                wrong.extend(violations(&browser, axe).await.into_iter().map(|found| format!("{at}: {found}")));
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

/// Every plot of some busy weeks: named for who does not see it, with a table of the same rows, inside its page.
async fn statistics(dark: bool) {
    let Some(browser) = Browser::open(dark, (1280, 900)).await else { return };
    let world = busy_weeks().await;
    let (page, axe) = (&browser.page, axe());
    for width in [320, 1280] {
        browser.resize(width, 3_000).await;
        page.goto(&format!("http://{}/statistics", world.private_at)).await.unwrap();
        browser.picture(&format!("plots-{width}-{}", if dark { "dark" } else { "light" })).await;
        let look = "return [...document.querySelectorAll('.chart:has(svg)')].map((chart) => { \
            const svg = chart.querySelector('svg'); const box = svg.getBoundingClientRect(); \
            const ids = svg.getAttribute('aria-labelledby').split(' '); \
            return { id: chart.querySelector('h2').id, named: ids.every((id) => svg.querySelector('#' + id).textContent.length > 10), \
                rows: chart.querySelectorAll('tbody tr').length, bars: svg.querySelectorAll('rect').length, \
                inside: [...svg.querySelectorAll('rect, text')].every((part) => { const r = part.getBoundingClientRect(); \
                    return r.left >= box.left - 2 && r.right <= box.right + 2 && r.bottom <= box.bottom + 2; }) }; })";
        let charts = page.execute(look, vec![]).await.unwrap();
        let charts = charts.as_array().unwrap();
        let ids: Vec<_> = charts.iter().filter_map(|chart| chart["id"].as_str()).collect();
        assert_eq!(ids, ["h-green", "h-to-green", "h-flakes", "h-remedies"], "{charts:?}");
        for chart in charts {
            let (rows, bars) = (chart["rows"].as_u64().unwrap(), chart["bars"].as_u64().unwrap());
            assert!(chart["named"] == true && chart["inside"] == true, "at {width}: {chart}");
            assert!(bars > 0 && bars <= rows, "at {width}: {chart}");
        }
        let scripts = page.execute("return document.querySelectorAll('script:not([src]), [style]').length", vec![]);
        assert_eq!(scripts.await.unwrap(), 0, "nothing inline");
        if let Some(axe) = &axe {
            assert_eq!(violations(&browser, axe).await, Vec::<String>::new(), "at {width}");
        }
    }
    browser.close().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_statistics_in_light() {
    statistics(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_statistics_in_dark() {
    statistics(true).await;
}

/// A click downloads, and the page stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_is_downloaded_as_tables() {
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    browser.page.goto(&format!("http://{}/history", world.private_at)).await.unwrap();
    for (link, head) in [("incidents", "id,repo,"), ("journals", "incident,repo,entry,")] {
        let link = browser.page.find(Locator::LinkText(link)).await.unwrap();
        let address = link.prop("href").await.unwrap().unwrap();
        link.click().await.unwrap();
        browser.until("h1", "History").await;
        let fetch = "const [address, done] = arguments; fetch(address).then(answer => answer.text()).then(done);";
        let table = browser.page.execute_async(fetch, vec![address.into()]).await.unwrap();
        assert!(table.as_str().is_some_and(|table| table.starts_with(head) && table.contains("acme/shop")), "{table}");
    }
    browser.close().await;
    world.end().await;
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
