//! The pages about the installation in a real browser: quarantines, subscriptions, people, integrations, audit.

use crate::browser_pages::{axe, misfits, violations};
use crate::flows::boards::{HOSTILE, dead_letter, entry, hostile, keep, link};
use crate::flows::quarantine::flaky;
use crate::world::chromium::Browser;
use crate::world::logins::CLIENT;
use crate::world::{NETWORK_LOG, REPO, Setup, World, spec};
use fantoccini::Locator;
use serde_json::json;

const PAGES: [(&str, &str); 6] = [
    ("/quarantines", "board"),
    ("/quarantines?q=nothing", "board-empty"),
    ("/subscriptions", "subscriptions"),
    ("/people", "people"),
    ("/integrations", "integrations"),
    ("/audit", "audit"),
];

async fn press(browser: &Browser, css: &str) {
    browser.page.find(Locator::Css(css)).await.unwrap().click().await.unwrap();
}

/// A world in which every column has a name that means no good, and something is wrong.
async fn wicked() -> World {
    let toml = hostile().replace('\\', "\\\\").replace('"', "\\\"");
    let owner = toml.replace(' ', "/");
    let config = format!(
        "[[groups]]\nowner = \"@{owner}\"\nslack = \"S0QA\"\nrole = \"approver\"\n\
         [[people]]\nname = \"{toml}\"\ngithub = \"fay\"\nslack = \"UFAY\"\nsign_in = \"fay@acme.example\"\n\
         [[subscriptions]]\nplatform = \"slack\"\nchannel = \"C0OTHER\"\nrepo = \"{REPO}\"\nworkflow = \"{toml}\"\n"
    );
    let github = format!("client_id = \"{CLIENT}\"\n");
    let world = World::with(Setup { config, github, ..Setup::default() }).await;
    let mut run = spec(NETWORK_LOG, "success");
    run.jobs[0].name = HOSTILE.into();
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    let mut bad = entry("1-1", REPO, &hostile(), "2025-12-30", 1, &world);
    (bad.reason, bad.owners) = (hostile().into(), vec![hostile()]);
    let fine = entry("1-2", REPO, "tests/test_cart.py::test_total", "2026-01-09", 1, &world);
    keep(&world, &[bad, fine]).await;
    link(&world, "slack", "U0OCTO", &hostile(), "octo").await;
    world.slack.command("UADA", "subscribe acme/shop workflow=nightly").await;
    world.slack.command("UADA", "hold the release is *frozen*").await;
    world.settle().await;
    dead_letter(&world).await;
    world
}

/// By the page's own form.
async fn sit_as(browser: &Browser, world: &World, person: &str) {
    browser.page.goto(&format!("http://{}/", world.private_at)).await.unwrap();
    let choose = "const s = document.querySelector('#person'); s.value = arguments[0]; s.form.submit();";
    browser.page.execute(choose, vec![person.into()]).await.unwrap();
    // As the server says it, not as it was just chosen.
    let is = "return document.querySelector('#person [selected]')?.value === arguments[0]";
    while browser.page.execute(is, vec![person.into()]).await.unwrap_or_default() != true {
        tokio::task::yield_now().await;
    }
}

async fn every_page(dark: bool) {
    let Some(browser) = Browser::open(dark, (1280, 900)).await else { return };
    let (world, axe) = (wicked().await, axe());
    sit_as(&browser, &world, "ada").await;
    let (page, shade) = (&browser.page, if dark { "dark" } else { "light" });
    let mut wrong = Vec::new();
    for width in [320, 1280] {
        browser.resize(width, 900).await;
        for (path, name) in PAGES {
            page.goto(&format!("http://{}{path}", world.private_at)).await.unwrap();
            let open = "document.querySelectorAll('main details').forEach((details) => { details.open = true; })";
            page.execute(open, vec![]).await.unwrap();
            browser.picture(&format!("{name}-{width}-{shade}")).await;
            let mut found = misfits(&browser, width).await;
            if let Some(axe) = &axe {
                found.extend(violations(&browser, axe).await);
            }
            wrong.extend(found.into_iter().map(|found| format!("{path} at {width}, {shade}: {found}")));
            let look = "return [document.querySelectorAll('script:not([src]), [style], main img').length, window.hit === undefined, document.body.textContent.includes('\\u202e')]";
            let strange = page.execute(look, vec![]).await.unwrap();
            assert_eq!(strange, json!([0, true, false]), "{path}: nothing of strangers comes alive");
        }
        // The menu, open.
        press(&browser, ".menu summary").await;
        browser.picture(&format!("menu-{width}-{shade}")).await;
        let inside = "const box = document.querySelector('.menu div').getBoundingClientRect(); return box.left >= 0 && box.right <= window.innerWidth && document.documentElement.scrollWidth <= window.innerWidth";
        assert_eq!(page.execute(inside, vec![]).await.unwrap(), true, "the menu at {width}");
        wrong.extend(misfits(&browser, width).await);
        if let Some(axe) = &axe {
            wrong.extend(violations(&browser, axe).await);
        }
    }
    browser.close().await;
    world.end().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_board_in_light() {
    every_page(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_board_in_dark() {
    every_page(true).await;
}

/// Filled in and sent on the page, which shows the answer and then the new day; and by keyboard alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quarantine_is_extended_on_the_page() {
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let (world, _repo) = flaky().await;
    world.sit("ada").await.say(&world, "quarantine 2 list").await;
    world.sit("cyd").await.say(&world, "approve 2").await;
    sit_as(&browser, &world, "ada").await;
    let page = &browser.page;
    // By the menu, with the keyboard.
    page.find(Locator::Css(".menu summary")).await.unwrap().send_keys("\u{e007}").await.unwrap();
    page.find(Locator::LinkText("Audit")).await.unwrap().send_keys("\u{e007}").await.unwrap();
    browser.until("h1", "Audit").await;
    browser.until(".menu summary", "Audit").await;
    page.goto(&format!("http://{}/quarantines", world.private_at)).await.unwrap();
    page.execute("window.kept = true", vec![]).await.unwrap();
    page.find(Locator::Css("#see-2-1")).await.unwrap().send_keys("\u{e007}").await.unwrap();
    let form = "form[action='/quarantines/extend']";
    page.find(Locator::Css(&format!("{form} select"))).await.unwrap().select_by_value("14d").await.unwrap();
    let reason = page.find(Locator::Css(&format!("{form} input[name=reason]"))).await.unwrap();
    reason.send_keys("the fix \"is\" in review").await.unwrap();
    press(&browser, &format!("{form} button")).await;
    world.inbox().await;
    world.settle().await;
    browser.until("#answers", "extend 2 quarantine=2-1 for=\"14d\" reason=\"the fix 'is' in review\"").await;
    browser.until("#answers", "approval").await;
    world.sit("cyd").await.say(&world, "approve 2").await;
    // The next answer renews the rows.
    press(&browser, "form[action='/quarantines/release'] button").await;
    world.inbox().await;
    world.settle().await;
    browser.until("#board", "2026-01-15").await;
    assert_eq!(page.execute("return window.kept", vec![]).await.unwrap(), true, "the page was loaded again");
    browser.close().await;
    world.end().await;
}

/// The answer comes onto the page by itself all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_javascript_the_answer_comes_onto_the_page() {
    let Some(browser) = Browser::with(false, (1100, 900), false).await else { return };
    let (world, _repo) = flaky().await;
    world.sit("ada").await.say(&world, "quarantine 2 list").await;
    world.sit("cyd").await.say(&world, "approve 2").await;
    // The first seat is ben's.
    world.forge.permit(REPO, "ben", "write");
    let page = &browser.page;
    page.goto(&format!("http://{}/quarantines?q=cart", world.private_at)).await.unwrap();
    press(&browser, "form[action='/quarantines/release'] button").await;
    browser.until("h1", "Quarantines").await;
    assert!(page.current_url().await.unwrap().query().unwrap().starts_with("q=cart&wait="));
    world.inbox().await;
    world.settle().await;
    browser.until("#answers", "needs 1 approval").await;
    browser.close().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_unsubscribes_a_channel_and_unlinks_an_account() {
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let world = wicked().await;
    sit_as(&browser, &world, "ada").await;
    let page = &browser.page;
    page.goto(&format!("http://{}/subscriptions", world.private_at)).await.unwrap();
    browser.until("#feeds", "nightly").await;
    press(&browser, "#feeds button.danger").await;
    world.inbox().await;
    world.settle().await;
    browser.gone("#feeds button.danger").await;
    assert!(world.store.settings("feed:").await.unwrap().is_empty());
    page.goto(&format!("http://{}/people", world.private_at)).await.unwrap();
    press(&browser, "#people button.danger").await;
    world.inbox().await;
    world.settle().await;
    browser.gone("#people button.danger").await;
    assert!(world.store.settings("link:").await.unwrap().is_empty());
    browser.close().await;
    world.end().await;
}

/// An open page tells of an outage without being loaded again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_reaches_an_open_page() {
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let world = World::new().await;
    sit_as(&browser, &world, "ada").await;
    let page = &browser.page;
    page.goto(&format!("http://{}/integrations", world.private_at)).await.unwrap();
    page.execute("window.kept = true", vec![]).await.unwrap();
    world.broken_run(NETWORK_LOG, "success").await;
    browser.until("#is-github", "up").await;
    browser.until("#heard", "github").await;
    assert_eq!(page.execute("return window.kept", vec![]).await.unwrap(), true, "the page was loaded again");
    browser.close().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_is_searched_and_downloaded() {
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let world = wicked().await;
    sit_as(&browser, &world, "ada").await;
    let page = &browser.page;
    page.goto(&format!("http://{}/audit", world.private_at)).await.unwrap();
    page.find(Locator::Css("input[name=by]")).await.unwrap().send_keys("ada").await.unwrap();
    page.find(Locator::Css("input[name=action]")).await.unwrap().send_keys("hold_set").await.unwrap();
    press(&browser, ".filters button").await;
    // The page before it has these words, too.
    browser.gone(".rows li:nth-child(2)").await;
    browser.until(".rows", "hold set").await;
    let rows = page.execute("return document.querySelectorAll('.rows li').length", vec![]).await.unwrap();
    assert_eq!(rows, 1);
    for (words, begins) in [("CSV", "at,by,action,"), ("JSON lines", "{\"at\":")] {
        let link = page.find(Locator::LinkText(words)).await.unwrap();
        let address = link.prop("href").await.unwrap().unwrap();
        link.click().await.unwrap();
        let fetch = "const [address, done] = arguments; fetch(address).then(answer => answer.text()).then(done);";
        let text = page.execute_async(fetch, vec![address.into()]).await.unwrap();
        assert!(text.as_str().is_some_and(|text| text.starts_with(begins) && text.contains("hold_set")), "{text}");
    }
    browser.close().await;
    world.end().await;
}
