//! Every example payload that GitHub's own collection has gets a 2xx and breaks nothing.

use crate::world::{Setup, World};
use serde_json::Value;
use std::path::Path;

/// Where `.ci/run` puts the npm package `@octokit/webhooks-examples`.
fn examples() -> Option<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/webhooks-examples/package/api.github.com/index.json");
    let text = std::fs::read_to_string(path).ok()?;
    serde_json::from_str(&text).ok()
}

#[tokio::test]
async fn every_public_example_is_taken_in() {
    let Some(events) = examples() else {
        println!("skipped: no target/webhooks-examples; .ci/run fetches it");
        return;
    };
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let mut count = 0;
    for event in &events {
        let name = event["name"].as_str().expect("a name");
        for example in event["examples"].as_array().into_iter().flatten() {
            let status = world.hook(name, &world.id(), &example.to_string()).await;
            assert!(status.is_success(), "{name}: {status}");
            count += 1;
        }
    }
    world.settle().await;
    assert!(count > 300, "{count}");
    assert_eq!(world.store.counts().await.unwrap().dead, 0, "{:?}", world.store.dead_letters(5).await.unwrap());
    assert!(world.http.get(format!("http://{}/health", world.public_at)).send().await.unwrap().status().is_success());
    world.end().await;
}
