//! What a channel is told daily or weekly: everything once, across restarts, by the clock on its wall.

use super::statistics::{UNKNOWN_LOG, broken, retry};
use super::surfaces::{self, Surface};
use crate::world::{LINT_LOG, NETWORK_LOG, Setup, World};
use ci_rescue::domain::time::{DAY_MS, HOUR_MS};
use serde_json::json;

const MINUTE_MS: i64 = 60_000;

fn digests(world: &World) -> Vec<String> {
    let messages = world.slack.messages();
    messages
        .iter()
        .filter(|message| message.text.contains(" digest, "))
        .map(crate::world::slack::Message::words)
        .collect()
}

async fn say(world: &World, text: &str) -> String {
    world.slack.command("UBEN", text).await;
    world.settle().await;
    world.slack.last_whisper()
}

async fn later(world: &World, ms: i64) {
    world.clock.advance(ms);
    world.settle().await;
}

#[tokio::test]
async fn what_is_new_still_red_and_fixed_is_told_once_a_day_whatever_is_restarted() {
    // Noon in UTC is seven in the morning in New York.
    let mut world = World::new().await;
    let said = say(&world, "digest daily at=8:30 zone=America/New_York").await;
    assert!(said.contains("Digest daily at 08:30, America/New_York"), "{said}");
    broken(&world, NETWORK_LOG, 1, "main").await;
    later(&world, 2 * MINUTE_MS).await;
    broken(&world, LINT_LOG, 2, "main").await;
    retry(&world, 1).await;
    world.restart().await;
    later(&world, HOUR_MS + 27 * MINUTE_MS).await;
    assert_eq!(digests(&world), Vec::<String>::new(), "it is not half past eight yet");
    // The answer to the post is lost, and so is the process.
    world.slack.fault("chat.postMessage", 500, json!({"ok": false, "error": "internal_error"}), true);
    later(&world, MINUTE_MS).await;
    world.restart().await;
    later(&world, 10 * MINUTE_MS).await;
    let told = digests(&world);
    assert_eq!(told.len(), 1, "{told:#?}");
    for words in ["1 new, 0 still red, 1 fixed", "New", "#2", "Fixed", "#1", "after "] {
        assert!(told[0].contains(words), "{words}: {}", told[0]);
    }
    world.restart().await;
    broken(&world, UNKNOWN_LOG, 3, "main").await;
    later(&world, DAY_MS).await;
    world.restart().await;
    later(&world, MINUTE_MS).await;
    let told = digests(&world);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[1].contains("1 new, 1 still red, 0 fixed"), "{}", told[1]);
    // A week without the process: one digest tells all of it.
    later(&world, 7 * DAY_MS).await;
    assert_eq!(digests(&world).len(), 3, "{:#?}", digests(&world));
    assert!(digests(&world)[2].contains("0 new, 2 still red"), "{:#?}", digests(&world));
    world.restart().await;
    let said = say(&world, "digest off").await;
    assert!(said.contains("No more digests"), "{said}");
    world.restart().await;
    later(&world, 7 * DAY_MS).await;
    assert_eq!(digests(&world).len(), 3);
    world.end().await;
}

#[tokio::test]
async fn a_weekly_digest_comes_on_mondays_and_tells_automatic_acts_and_quarantines_too() {
    let config = "[policy]\nmode = \"act\"\n[mentions]\ntime_zone = \"Europe/Berlin\"\n\
                  [[digests]]\nplatform = \"slack\"\nchannel = \"C0CI\"\nevery = \"weekly\"\nat = \"08:00\"\n";
    let config = config.replace("C0CI", crate::world::CHANNEL);
    let world = World::with(Setup { config, ..Setup::default() }).await;
    let said = say(&world, "digest").await;
    assert!(said.contains("Digest weekly on Mondays at 08:00, Europe/Berlin (fixed)"), "{said}");
    for text in ["digest weekly at=10:00", "digest off"] {
        let said = say(&world, text).await;
        assert!(said.contains("the configuration sets this one") || said.contains("(fixed)"), "{text}: {said}");
    }
    broken(&world, NETWORK_LOG, 1, "main").await;
    later(&world, HOUR_MS).await;
    world.deliver().await;
    world.forge.going().into_iter().for_each(|going| world.forge.finish(going));
    world.deliver().await;
    say(&world, "quarantine 1 test=tests/test_cart.py::test_total file=tests/test_cart.py --list --force for=9d").await;
    world.slack.command("UCYD", "approve 1").await;
    world.settle().await;
    // Monday, 2026-01-05, at seven in UTC.
    later(&world, 3 * DAY_MS + 17 * HOUR_MS).await;
    assert_eq!(digests(&world), Vec::<String>::new());
    later(&world, 2 * HOUR_MS).await;
    let told = digests(&world);
    assert_eq!(told.len(), 1, "{told:#?}");
    for words in ["Weekly digest, 2026-01-01 to 2026-01-05", "What the bot did by itself", "retry", "passed"] {
        assert!(told[0].contains(words), "{words}: {}", told[0]);
    }
    later(&world, HOUR_MS).await;
    let reviews = world.slack.messages().iter().filter(|message| message.text.contains("automatic act")).count();
    assert_eq!(reviews, 0, "the digest told it");
    world.end().await;
}

#[tokio::test]
async fn nothing_to_tell_is_not_told_and_a_muted_channel_is_told_later() {
    let world = World::new().await;
    say(&world, "digest daily at=13:00").await;
    later(&world, 2 * DAY_MS).await;
    assert_eq!(digests(&world), Vec::<String>::new());
    broken(&world, LINT_LOG, 1, "main").await;
    say(&world, "mute 2d").await;
    later(&world, DAY_MS).await;
    assert_eq!(digests(&world), Vec::<String>::new());
    say(&world, "mute off").await;
    later(&world, DAY_MS).await;
    let told = digests(&world);
    assert!(told.len() == 1 && told[0].contains("1 new, 0 still red"), "{told:#?}");
    world.end().await;
}

#[tokio::test]
async fn what_cannot_be_set_is_said_with_an_example() {
    let world = surfaces::everywhere("").await;
    for (text, want) in [
        ("digest daily zone=Berlin", "Unknown time zone"),
        ("digest daily at=25:00", "is no time of day"),
        ("digest at=9:00", "Say daily or weekly"),
        ("digest hourly", "choose one of daily, weekly, off"),
        ("digest", "no digest yet"),
    ] {
        let said = say(&world, text).await;
        assert!(said.contains(want), "{text}: {said}");
    }
    let said = world.sit("ben").await.say(&world, "digest daily").await;
    assert!(said.contains("messages do not last here"), "{said}");
    let said = surfaces::say(&world, Surface::Pull, "ben", "digest", "daily").await;
    assert!(said.contains("use chat or the console"), "{said}");
    world.end().await;
}

#[tokio::test]
async fn names_of_strangers_stay_plain_text_in_a_digest() {
    let world = World::new().await;
    say(&world, "digest daily at=13:00").await;
    let mut run = crate::world::spec(LINT_LOG, "failure");
    run.jobs[0].name = "<!channel> *bold* <https://evil.example|click> `x`".into();
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    later(&world, DAY_MS).await;
    let told = digests(&world);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(!told[0].contains("<!channel>") && !told[0].contains("<https://evil"), "{}", told[0]);
    world.end().await;
}
