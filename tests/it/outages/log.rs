//! What the log says of outages.

use crate::world::log::capture;
use crate::world::{NETWORK_LOG, World};
use serde_json::json;

#[tokio::test]
async fn an_outage_is_one_warning_and_one_line_when_it_is_over() {
    let (lines, _guard) = capture("off,ci_rescue=info");
    let world = World::new().await;
    for _ in 0..2 {
        world.slack.fault("chat.postMessage", 200, json!({"ok": false, "error": "invalid_auth"}), false);
    }
    world.broken_run(NETWORK_LOG, "success").await;
    assert_eq!(world.slack.cards().len(), 1, "posted in the end");
    let down = lines.holding(&["WARN"]);
    assert_eq!(down.len(), 1, "{down:?}");
    assert!(down[0].contains("Slack is down: Slack says invalid_auth; retrying"), "{down:?}");
    let back = lines.holding(&["Slack is back after"]);
    assert_eq!(back.len(), 1, "{back:?}");
    assert!(back[0].contains("INFO") && back[0].contains("3m (2 failed calls)"), "{back:?}");
    world.end().await;
}

#[tokio::test]
async fn a_single_error_answer_is_no_outage() {
    let (lines, _guard) = capture("off,ci_rescue=info");
    let world = World::new().await;
    world.slack.fault("chat.postMessage", 503, json!({}), false);
    world.broken_run(NETWORK_LOG, "success").await;
    assert_eq!(world.slack.cards().len(), 1);
    assert_eq!(lines.holding(&["WARN"]), Vec::<String>::new());
    world.end().await;
}

#[tokio::test]
async fn an_incidents_life_is_a_line_each() {
    let (lines, _guard) = capture("off,ci_rescue=info");
    let world = World::new().await;
    let run = world.broken_run(NETWORK_LOG, "success").await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    world.deliver().await;
    world.forge.finish(run);
    world.deliver().await;
    for what in ["opened: test ended in failure", "proposed retry (1-1) by ben:", "done 1-1:", "resolved:"] {
        let found = lines.holding(&[what]);
        assert_eq!(found.len(), 1, "{what}: {found:?}\n{:?}", lines.holding(&[]));
        for word in ["INFO", "incident=1", "repo=acme/shop", "sha=1a2b3c4"] {
            assert!(found[0].contains(word), "{word}: {found:?}");
        }
    }
    assert_eq!(lines.holding(&["incident=1"]).len(), 4, "{:?}", lines.holding(&["incident=1"]));
    world.end().await;
}
