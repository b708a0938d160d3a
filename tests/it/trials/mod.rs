//! What the bot does by itself, over thousands of incidents whose causes are known: it retries what flakes, quarantines
//! what flakes often, and never takes a breakage for a flake.

mod world;

use world::{Tally, World};

/// `CI_RESCUE_TRIALS` is how many incidents are lived through.
#[test]
fn what_flakes_is_retried_and_quarantined_and_what_broke_is_neither() {
    let wanted = std::env::var("CI_RESCUE_TRIALS").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut tally = Tally::default();
    for seed in 1.. {
        runtime.block_on(async {
            let mut world = World::new(seed).await;
            world.live(150).await;
            tally.add(&world.tally().await);
        });
        if tally.incidents >= wanted {
            break;
        }
    }
    println!("{tally:#?}");
    let share = |part: u32, of: u32| f64::from(part) / f64::from(of.max(1));
    assert_eq!(tally.broken_quarantined, Vec::<String>::new(), "breakages taken for flakes");
    assert_eq!(tally.broken_retried_twice, Vec::<String>::new(), "a breakage was retried by the bot a second time");
    assert!(share(tally.flaky_retried, tally.flaky) >= 0.8, "{} of {}", tally.flaky_retried, tally.flaky);
    // Of a few tests the share says nothing.
    let few = tally.often < 20;
    assert!(few || share(tally.often_proposed, tally.often) >= 0.6, "{} of {}", tally.often_proposed, tally.often);
    assert!(share(tally.flakes_broken, tally.incidents) < 0.01, "{} of {}", tally.flakes_broken, tally.incidents);
    assert!(share(tally.flakes_broken_early, tally.incidents) < 0.03, "{tally:?}");
    // Nothing is shown where nothing happens.
    assert!(tally.broken > tally.incidents / 10 && tally.flaky > tally.incidents / 4 && tally.often > 2, "{tally:?}");
}
