//! The process ends between every two steps, and answers are lost: nothing is lost, nothing comes twice.

use super::{HOOK, Sinks, UNKNOWN, WORKFLOW};
use crate::world::receiver::Fault as Lost;
use crate::world::smtp::{Fault, Letter};
use crate::world::spec;
use ci_rescue::domain::actor::Platform;
use std::collections::BTreeSet;

/// One step of the engine; `false` when there was nothing to do.
async fn step(sinks: &Sinks) -> bool {
    let engine = &sinks.world.app.engine;
    if engine.turn().await.expect("turn") || engine.perform().await.expect("perform") {
        return true;
    }
    for platform in ["email", "teams", "webhook"] {
        if engine.publish(&Platform::new(platform)).await.expect("publish") {
            return true;
        }
    }
    // Its feed lives in the process: each start fills it again.
    while engine.publish(&Platform::new("console")).await.expect("publish") {}
    false
}

/// Works until nothing is left, with a restart after every step.
async fn step_by_step(sinks: &mut Sinks) -> usize {
    let mut steps = 0;
    for _ in 0..2_000 {
        sinks.world.app.engine.tick().await.expect("tick");
        if step(sinks).await {
            steps += 1;
            sinks.world.restart().await;
        } else if sinks.world.store.counts().await.expect("counts").dirty == 0 {
            return steps;
        } else {
            sinks.world.clock.advance(1_000);
        }
    }
    panic!("it does not come to rest");
}

async fn arrive(sinks: &Sinks) {
    for hook in sinks.world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", sinks.world.forge_at));
        assert!(sinks.world.hook(hook.event, &hook.id, &body).await.is_success());
    }
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_comes_twice_across_restarts() {
    for forgets in [false, true] {
        let mut sinks = Sinks::new().await;
        if forgets {
            sinks.mail.fail(&[Fault::Forgets, Fault::Forgets]);
            sinks.receiver.fail(HOOK, &[Lost::Forgets, Lost::Forgets, Lost::Forgets]);
        }
        let id = sinks.world.forge.start(spec(UNKNOWN, "failure"));
        sinks.world.forge.finish(id);
        arrive(&sinks).await;
        let mut steps = step_by_step(&mut sinks).await;
        let mut newer = spec("all is well\n", "success");
        newer.sha = "2b3c4d5e6f708192a3b4c5d6e7f8091223344556".into();
        newer.jobs[0].ends = vec!["success"];
        let id = sinks.world.forge.start(newer);
        sinks.world.forge.finish(id);
        arrive(&sinks).await;
        steps += step_by_step(&mut sinks).await;
        assert!(steps > 10, "{steps} restarts");
        assert!(sinks.world.incident(1).await.closed_at.is_some());

        let letters = sinks.mail.letters();
        let names: BTreeSet<String> = letters.iter().map(Letter::id).collect();
        assert_eq!(names.len(), 2, "opened and over");
        assert_eq!(letters.len(), 2 + if forgets { 2 } else { 0 }, "each lost answer costs one more, of the same name");
        assert_eq!(sinks.receiver.posts(WORKFLOW).len(), 2);
        let posts = sinks.receiver.posts(HOOK);
        let ids: Vec<&str> = posts.iter().map(|post| post.header("x-ci-rescue-delivery")).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len() + if forgets { 3 } else { 0 });
        let mut seqs: Vec<u64> = posts.iter().filter_map(|post| post.body["entry"]["seq"].as_u64()).collect();
        seqs.dedup();
        assert_eq!(seqs, (1..=sinks.world.incident(1).await.entries).collect::<Vec<_>>());
        sinks.world.end().await;
    }
}
