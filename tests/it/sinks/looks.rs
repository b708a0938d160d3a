//! A mail as a browser shows it: nothing is wider than the window, in light and dark.

use super::Sinks;
use crate::world::chromium::Browser;
use crate::world::spec;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_fits_a_telephone_and_a_desk_in_light_and_dark() {
    for (dark, width, name) in
        [(false, 320, "mail-320"), (false, 800, "mail-800"), (true, 320, "mail-dark-320"), (true, 800, "mail-dark-800")]
    {
        let Some(browser) = Browser::open(dark, (800, 900)).await else { return };
        let sinks = Sinks::of(crate::world::REPO, "").await;
        let log = "##[group]Run pytest\nFAILED tests/test_checkout.py::TestShipping::test_counts_every_single_parcel_of_a_split_order - AssertionError: assert 41 == 42\nhttps://example.org/a/very/long/address/without/any/space/in/it/that/would/be/wider/than/a/telephone\n##[error]Process completed with exit code 1.\n";
        let id = sinks.world.forge.start(spec(log, "failure"));
        sinks.world.forge.finish(id);
        sinks.world.deliver().await;
        let (_, _, html) = sinks.mail.letters()[0].read();
        let file = sinks.world.dir.path().join("mail.html");
        std::fs::write(&file, html).unwrap();
        browser.resize(width, 860).await;
        browser.page.goto(&format!("file://{}", file.display())).await.unwrap();
        let script = "const d = document; return [d.documentElement.scrollWidth, window.innerWidth, d.querySelectorAll('h1').length, d.querySelectorAll('script, img').length]";
        let found = browser.page.execute(script, vec![]).await.unwrap();
        browser.picture(name).await;
        assert_eq!(found, serde_json::json!([width, width, 1, 0]));
        browser.close().await;
        sinks.world.end().await;
    }
}
