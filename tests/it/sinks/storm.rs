//! Many failures at once: few letters, every event, each sink at its pace, nothing dropped and nothing twice.

use super::{HOOK, Sinks, WORKFLOW};
use crate::flows::events::job_event;
use crate::world::smtp::Letter;
use futures::StreamExt;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How many fail at once, in how many repositories, and how many letters that may be.
struct Storm {
    failures: u64,
    repos: u64,
    letters: usize,
}

fn delivery(n: u64, repos: u64) -> (String, String) {
    let (_, body) = job_event("completed", json!("failure"), 1_000 + n, 1, "test");
    let mut body: Value = serde_json::from_str(&body).unwrap();
    body["repository"]["full_name"] = json!(format!("storm/repo{}", n % repos));
    body["workflow_job"]["workflow_name"] = json!(format!("ci-{}", n / repos));
    (format!("storm-{n}"), body.to_string())
}

/// How many failures each message stands for: `12 more failures`, or one.
fn told(titles: &[String]) -> u64 {
    let named = |title: &String| {
        let more = title.split(" more failures").next().filter(|_| title.contains(" more failures"));
        more.and_then(|before| before.rsplit(' ').next()).and_then(|n| n.parse().ok()).unwrap_or(1)
    };
    titles.iter().map(named).sum()
}

fn paced(name: &str, times: &[i64], pace_ms: i64) {
    assert!(times.windows(2).all(|two| two[1] - two[0] >= pace_ms), "{name}: {times:?}");
}

/// As in a running bot, effects are performed side by side.
async fn calm(sinks: &Sinks) {
    let (world, engine) = (&sinks.world, &sinks.world.app.engine);
    loop {
        let mut any = engine.tick().await.expect("tick");
        while engine.turn().await.expect("turn") {
            any = true;
        }
        for done in futures::future::join_all((0..32).map(|_| engine.perform())).await {
            any |= done.expect("perform");
        }
        for platform in engine.platforms().cloned().collect::<Vec<_>>() {
            any |= engine.publish(&platform).await.expect("publish");
        }
        if !any && world.store.counts().await.expect("counts").dirty == 0 {
            return;
        } else if !any {
            world.clock.advance(1_000);
        }
    }
}

#[tokio::test]
async fn a_storm_is_few_letters_and_every_event() {
    passes(Storm { failures: 60, repos: 10, letters: 5 }).await;
}

#[tokio::test]
#[ignore = "ten minutes in a debug build: `just prove` runs it"]
async fn a_thousand_failures_are_few_letters_and_every_event() {
    passes(Storm { failures: 1_000, repos: 50, letters: 12 }).await;
}

async fn passes(Storm { failures, repos, letters: most }: Storm) {
    let sinks = Sinks::of("storm/*", "").await;
    let world = &sinks.world;
    for repo in 0..repos {
        world.forge.add_repo(&format!("storm/repo{repo}"));
    }
    let sent = futures::stream::iter(0..failures).map(|n| async move {
        let (id, body) = delivery(n, repos);
        assert!(world.hook("workflow_job", &id, &body).await.is_success());
    });
    sent.buffer_unordered(32).collect::<Vec<()>>().await;
    calm(&sinks).await;
    let incidents = world.incidents().await;
    assert_eq!(incidents.len() as u64, failures);

    let letters = sinks.mail.letters();
    let subjects: Vec<String> = letters.iter().map(|letter| letter.read().0).collect();
    assert_eq!(told(&subjects), failures, "{subjects:?}");
    assert!(letters.len() <= most, "{subjects:?}");
    paced("mail", &letters.iter().map(|letter| letter.at).collect::<Vec<_>>(), 10_000);
    assert_eq!(letters.iter().map(Letter::id).collect::<BTreeSet<_>>().len(), letters.len());

    let cards = sinks.receiver.posts(WORKFLOW);
    let title = |post: &crate::world::receiver::Post| {
        post.body["attachments"][0]["content"]["body"][0]["items"][0]["inlines"][0]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(told(&cards.iter().map(title).collect::<Vec<_>>()), failures);
    paced("Teams", &sinks.receiver.asked(WORKFLOW), 5_000);

    let mut events: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let posts = sinks.receiver.posts(HOOK);
    for post in &posts {
        let no = post.body["incident"]["id"].as_u64().unwrap();
        events.entry(no).or_default().extend(post.body["entry"]["seq"].as_u64());
    }
    for incident in &incidents {
        assert_eq!(events[&incident.no.0], (1..=incident.entries).collect::<Vec<_>>(), "incident {}", incident.no);
    }
    let ids: BTreeSet<&str> = posts.iter().map(|post| post.header("x-ci-rescue-delivery")).collect();
    assert_eq!(ids.len(), posts.len());
    println!("{failures} failures: {} letters, {} cards, {} events", letters.len(), cards.len(), posts.len());

    // All of them end: one letter more for each digest, rather than one for each failure.
    let before = letters.len();
    let seat = world.sit("ben").await;
    for incident in &incidents {
        let response = seat.post("/command", &[("text", &format!("resolve {}", incident.no.0))]).await;
        assert_eq!(response.status(), 303);
        while world.app.engine.turn().await.expect("turn") {}
    }
    calm(&sinks).await;
    let after = sinks.mail.letters().split_off(before);
    assert!(after.len() <= before, "{} letters more", after.len());
    assert!(after.iter().all(|letter| letter.header("In-Reply-To").is_some()));
    sinks.world.end().await;
}
