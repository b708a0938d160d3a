//! The log's lines, captured as they are written.

use crate::world::{NETWORK_LOG, World};
use serde_json::json;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::EnvFilter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn holding(&self, words: &[&str]) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned).collect()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Captures what this thread logs: a test's runtime has no other.
fn capture() -> (Lines, tracing::subscriber::DefaultGuard) {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("off,ci_rescue=info"))
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .with_target(false)
        .finish();
    (lines, crate::world::trace(subscriber))
}

#[tokio::test]
async fn an_outage_is_one_warning_and_one_line_when_it_is_over() {
    let (lines, _guard) = capture();
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
    let (lines, _guard) = capture();
    let world = World::new().await;
    world.slack.fault("chat.postMessage", 503, json!({}), false);
    world.broken_run(NETWORK_LOG, "success").await;
    assert_eq!(world.slack.cards().len(), 1);
    assert_eq!(lines.holding(&["WARN"]), Vec::<String>::new());
    world.end().await;
}

#[tokio::test]
async fn an_incidents_life_is_a_line_each() {
    let (lines, _guard) = capture();
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
