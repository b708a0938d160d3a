//! The pages of fixing agents in a real browser: live, accessible by axe's rules, no wider than a phone, light and dark.

use crate::browser_pages::{axe, misfits, violations};
use crate::flows::agents::Lab;
use crate::flows::watching::HOSTILE;
use crate::world::chromium::Browser;
use fantoccini::Locator;

async fn both_pages(dark: bool) {
    let Some(browser) = Browser::open(dark, (1280, 900)).await else { return };
    let (lab, axe) = (Lab::new(HOSTILE).await, axe());
    lab.ask().await;
    lab.ci("failure").await;
    let page = &browser.page;
    let shade = if dark { "dark" } else { "light" };
    let mut wrong = Vec::new();
    for width in [320, 1280] {
        browser.resize(width, 900).await;
        for (path, name) in [("/loops", "loops-busy"), ("/loops/1-1", "loop")] {
            page.goto(&format!("http://{}{path}", lab.world.private_at)).await.unwrap();
            let open = "document.querySelectorAll('.attempt details').forEach((details) => { details.open = true; })";
            page.execute(open, vec![]).await.unwrap();
            browser.picture(&format!("{name}-{width}-{shade}")).await;
            let mut found = misfits(&browser, width).await;
            if let Some(axe) = &axe {
                found.extend(violations(&browser, axe).await);
            }
            wrong.extend(found.into_iter().map(|found| format!("{path} at {width}, {shade}: {found}")));
            let look =
                "return [document.querySelectorAll('script:not([src]), [style]').length, window.hit === undefined]";
            let inline = page.execute(look, vec![]).await.unwrap();
            assert_eq!(inline, serde_json::json!([0, true]), "nothing inline, nothing of the agent's");
        }
    }
    browser.close().await;
    lab.world.end().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_pages_in_light() {
    both_pages(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_pages_in_dark() {
    both_pages(true).await;
}

/// From the request to the pull request without loading it again; what somebody reads stays open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_is_watched_as_it_goes() {
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let lab = Lab::new(HOSTILE).await;
    lab.world.sit("ada").await.say(&lab.world, "fix 1 agent").await;
    let page = &browser.page;
    page.goto(&format!("http://{}/loops/1-1", lab.world.private_at)).await.unwrap();
    browser.until("#stands", "waiting: approval").await;
    page.execute("window.kept = true", vec![]).await.unwrap();
    lab.world.sit("cyd").await.say(&lab.world, "approve 1").await;
    browser.until("#attempts", "Attempt 2").await;
    browser.until("#stands", "waiting: CI on ci-rescue/fix/1-1").await;
    page.find(Locator::Css("#see-2")).await.unwrap().click().await.unwrap();
    lab.ci("failure").await;
    browser.until("#attempts", "CI failed.").await;
    browser.until("#attempts", "Attempt 3").await;
    let look = "return [document.getElementById('diff-2').open, document.activeElement.id, window.kept]";
    assert_eq!(page.execute(look, vec![]).await.unwrap(), serde_json::json!([true, "see-2", true]));
    lab.ci("success").await;
    browser.until("#stands", "success").await;
    browser.until("#stands", "Pull request").await;
    browser.close().await;
    lab.world.end().await;
}

/// The incident's page leads there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_javascript_the_pages_work_as_well() {
    let Some(browser) = Browser::with(false, (1100, 900), false).await else { return };
    let lab = Lab::new(HOSTILE).await;
    lab.ask().await;
    browser.page.goto(&format!("http://{}/incidents/1", lab.world.private_at)).await.unwrap();
    browser.page.find(Locator::LinkText("Watch loop 1-1")).await.unwrap().click().await.unwrap();
    browser.until("h1", "Loop 1-1").await;
    browser.until("#attempts", "refused by the bot").await;
    browser.close().await;
    lab.world.end().await;
}
