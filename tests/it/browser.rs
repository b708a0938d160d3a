//! The console in a real browser: live updates, buttons, the command line, the keyboard, light and dark.

use crate::world::chromium::Browser;
use crate::world::{NETWORK_LOG, Setup, World, spec};
use fantoccini::Locator;
use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::key::Key;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_watches_presses_and_types() {
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let page = &browser.page;
    page.goto(&format!("http://{}/", world.private_at)).await.unwrap();
    browser.until("#nothing", "Nothing is broken").await;
    // A card appears by itself.
    world.broken_run(NETWORK_LOG, "success").await;
    browser.until("#incident-1", "ECONNRESET").await;
    let mut other = spec("error[E0308]: mismatched types\n##[error]Process completed with exit code 101.\n", "failure");
    other.workflow = "rust-ci".into();
    let id = world.forge.start(other);
    world.forge.finish(id);
    world.deliver().await;
    browser.until("#incident-2", "mismatched types").await;
    browser.picture("console-light").await;

    // By keyboard: the first card, then its button.
    page.find(Locator::Css("body")).await.unwrap().send_keys("jj").await.unwrap();
    let focused = page.execute("return document.activeElement.id", vec![]).await.unwrap();
    assert_eq!(focused, "incident-1");
    page.find(Locator::Css("#incident-1 button.primary")).await.unwrap().click().await.unwrap();
    world.inbox().await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.deliver().await;
    browser.until("#incident-1", "Attempt 2 is running").await;
    let going = world.forge.going();
    world.forge.finish(going[0]);
    world.deliver().await;
    browser.until("#incident-1", "resolved").await;

    // The command line, by `/`.
    page.find(Locator::Css("body")).await.unwrap().send_keys("/").await.unwrap();
    let line = page.find(Locator::Css("#text")).await.unwrap();
    line.send_keys(&format!("retry 2{}", Key::Enter)).await.unwrap();
    world.inbox().await;
    world.settle().await;
    browser.until("#answers", "recur on the same commit").await;
    browser.picture("console-answer").await;

    page.goto(&format!("http://{}/incidents/1", world.private_at)).await.unwrap();
    browser.until(".journal", "Resolved: attempt 2 passed").await;
    browser.picture("incident").await;
    let errors = page.execute("return window.__errors || 0", vec![]).await.unwrap();
    assert_eq!(errors, 0);
    browser.close().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_while_a_command_is_on_its_way_stays_and_so_does_what_was_not_sent() {
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let page = &browser.page;
    page.goto(&format!("http://{}/", world.private_at)).await.unwrap();
    let typed = "const line = document.getElementById('text'); line.value = 'help'; line.form.requestSubmit(); line.value = 'list';";
    page.execute(typed, vec![]).await.unwrap();
    world.inbox().await;
    world.settle().await;
    browser.until("#answers", "Look:").await;
    let text = "return document.getElementById('text').value";
    assert_eq!(page.execute(text, vec![]).await.unwrap(), "list");

    // The second waits for the first, which is held up.
    let held = "window.sent = [];\
        window.fetch = (_, { body }) => { sent.push(body.get('text')); return new Promise((done) => { window.go = () => done(new Response()); }); };\
        line.value = 'hold'; line.form.requestSubmit(); line.value = 'unhold'; line.form.requestSubmit(); line.value = 'list';";
    page.execute(&held.replace("line.", "document.getElementById('text')."), vec![]).await.unwrap();
    assert_eq!(page.execute("return sent", vec![]).await.unwrap(), json!(["hold"]));
    let both = "const done = arguments[0]; go(); setTimeout(() => { go(); done(sent); });";
    assert_eq!(page.execute_async(both, vec![]).await.unwrap(), json!(["hold", "unhold"]));

    let cut = "window.fetch = () => Promise.reject(new Error('cut')); document.querySelector('form.command').requestSubmit();";
    page.execute(cut, vec![]).await.unwrap();
    browser.until("#answers", "nothing was sent").await;
    assert_eq!(page.execute(text, vec![]).await.unwrap(), "list");
    browser.close().await;
    world.end().await;
}

/// A card that were replaced then would swallow the click.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_changes_while_its_button_is_held_down_waits_for_the_click() {
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let config = "[policy.approvals]\nretry = 1\n".into();
    let world = World::with(Setup { slack: false, config, ..Setup::default() }).await;
    world.broken_run(NETWORK_LOG, "success").await;
    let page = &browser.page;
    page.goto(&format!("http://{}/", world.private_at)).await.unwrap();
    let watch = "window.told = []; const other = new EventSource('/events?since=' + document.body.dataset.mark);
        other.addEventListener('card', (event) => told.push(event.data)); await new Promise((open) => { other.onopen = open; });";
    page.execute(watch, vec![]).await.unwrap();
    let element = page.find(Locator::Css("#incident-1 button[data-verb=why]")).await.unwrap();
    let button = PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 };
    let down = PointerAction::Down { button: MOUSE_BUTTON_LEFT };
    page.perform_actions(MouseActions::new("mouse".into()).then(button).then(down)).await.unwrap();
    world.sit("ben").await.say(&world, "retry 1").await;
    let told = "return told.some((card) => card.includes('awaiting approval'))";
    let arrives = async { while page.execute(told, vec![]).await.unwrap() != true {} };
    tokio::time::timeout(Duration::from_secs(60), arrives).await.expect("the card changes");
    let text = page.find(Locator::Css("#incident-1")).await.unwrap().text().await.unwrap();
    assert!(!text.contains("awaiting approval"), "{text}");
    let up = PointerAction::Up { button: MOUSE_BUTTON_LEFT };
    page.perform_actions(MouseActions::new("mouse".into()).then(up)).await.unwrap();
    world.inbox().await;
    world.settle().await;
    browser.until("#incident-1", "awaiting approval").await;
    browser.until("#answers", "retry").await;
    browser.close().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dark_and_narrow() {
    let Some(browser) = Browser::open(true, (420, 800)).await else { return };
    let world =
        World::with(Setup { slack: false, config: "[policy.approvals]\nretry = 1\n".into(), ..Setup::default() }).await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.sit("cyd").await.say(&world, "retry 1").await;
    browser.page.goto(&format!("http://{}/", world.private_at)).await.unwrap();
    browser.until("#incident-1", "awaiting approval").await;
    let wide =
        browser.page.execute("return document.documentElement.scrollWidth <= window.innerWidth", vec![]).await.unwrap();
    browser.picture("console-dark-narrow").await;
    assert_eq!(wide, true, "nothing is wider than the window");
    browser.close().await;
    world.end().await;
}
