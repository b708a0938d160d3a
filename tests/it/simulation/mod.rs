//! The whole of `route`, `step` and the engine, from a seed: what arrives twice, late and out of order, people who click
//! at once, neighbours that lose answers, a disk that fails, and a process that is killed at any write and at any call.
//! Books that the bot never sees say in the end what is wrong.

mod books;
mod chat;
mod disk;
mod forge;
mod pairs;
mod people;
mod plants;
mod power;
mod world;

use plants::Plant;
use std::collections::{BTreeMap, BTreeSet};
use world::World;

/// Events of one life.
const STEPS: u32 = 40;

struct Lived {
    wrongs: Vec<String>,
    /// What people were answered.
    said: Vec<String>,
    trace: Vec<String>,
    pairs: BTreeSet<(String, String)>,
    kills: u32,
    faults: u32,
    /// Each remedy that was asked for, and what became of it.
    ends: BTreeMap<(String, &'static str), u32>,
}

fn live(seed: u64, plant: Option<Plant>) -> Lived {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(seed, plant);
        world.live(STEPS).await;
        let wrongs = books::wrongs(&world).await;
        let pairs = world.disk.pairs.lock().unwrap().clone();
        let trace = world.power.trace.lock().unwrap().clone();
        let (kills, faults) = (*world.power.kills.lock().unwrap(), *world.power.faults.lock().unwrap());
        let answers = world.rooms.iter().flat_map(|room| room.answers.lock().unwrap().clone());
        let said = answers.map(|(to, text)| format!("{to}: {text}")).collect();
        let mut ends = BTreeMap::new();
        for incident in world.incidents().await {
            for proposal in incident.proposals {
                *ends.entry((proposal.remedy, proposal.state.as_str())).or_default() += 1;
            }
        }
        Lived { wrongs, said, trace, pairs, kills, faults, ends }
    })
}

/// `CI_RESCUE_SEEDS` is how many lives are lived, `CI_RESCUE_SEED` the only one.
#[test]
fn nothing_is_lost_and_nothing_is_done_twice() {
    let number = |name| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let seeds = match number("CI_RESCUE_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("CI_RESCUE_SEEDS").unwrap_or(40),
    };
    let (mut bad, mut pairs, mut kills, mut faults) = (Vec::new(), BTreeSet::new(), 0, 0);
    let mut ends: BTreeMap<(String, &'static str), u32> = BTreeMap::new();
    let alone = seeds.start() == seeds.end();
    for seed in seeds.clone() {
        let lived = live(seed, None);
        pairs.extend(lived.pairs);
        (kills, faults) = (kills + lived.kills, faults + lived.faults);
        for (end, times) in lived.ends {
            *ends.entry(end).or_default() += times;
        }
        if alone {
            println!("{}\n{}", lived.trace.join("\n"), lived.said.join("\n"));
        }
        if !lived.wrongs.is_empty() {
            bad.push(format!("seed {seed}: {}", lived.wrongs.join("; ")));
        }
    }
    let lives = seeds.count();
    println!("{lives} lives, {kills} kills, {faults} faults, {} pairs of stage and event", pairs.len());
    for ((remedy, end), times) in &ends {
        println!("  {remedy} {end}: {times}");
    }
    for (stage, event) in &pairs {
        println!("{stage} {event}");
    }
    assert!(bad.is_empty(), "{} lives went wrong:\n{}", bad.len(), bad.join("\n"));
    let beyond = pairs::beyond(&pairs);
    assert!(beyond.is_empty(), "the table says that these cannot be reached:\n{}", beyond.join("\n"));
    let missing = pairs::missing(&pairs, lives);
    assert!(missing.is_empty(), "{lives} lives did not reach:\n{}", missing.join("\n"));
}

/// A life in which the bug is noticed, of those from `seeds`.
fn caught(plant: Plant, mut seeds: impl Iterator<Item = u64>) -> Option<(u64, String)> {
    seeds.find_map(|seed| {
        // A life that never comes to rest is noticed too.
        let lived = std::panic::catch_unwind(|| live(seed, Some(plant)).wrongs);
        let wrongs = lived.unwrap_or_else(|_| vec!["it does not come to rest".into()]);
        wrongs.first().map(|wrong| (seed, wrong.clone()))
    })
}

/// Each bug with a seed that caught it when it was planted: lives change with the program, and then another of the first
/// [`OTHERS`] has to. `CI_RESCUE_FIND=50 cargo test --test it simulation::every -- --nocapture` looks
/// among the first fifty for one that has none.
const CAUGHT: [(Plant, u64); 25] = [
    (Plant::ForgetsInbox, 1),
    (Plant::ForgetsSeen, 4),
    (Plant::ForgetsOutbox, 1),
    (Plant::ForgetsTimers, 4),
    (Plant::ForgetsJournal, 1),
    (Plant::ForgetsIncidents, 1),
    (Plant::ForgetsDirty, 2),
    (Plant::ForgetsSurfaces, 1),
    (Plant::ForgetsSettings, 14),
    (Plant::IgnoresHold, 14),
    (Plant::NeverLooks, 6),
    (Plant::LosesEdits, 1),
    (Plant::TellsTwice, 1),
    (Plant::SwallowsAnswers, 1),
    (Plant::EverybodyApproves, 7),
    (Plant::TwoFaces, 1),
    (Plant::LowersQuorum, 1),
    (Plant::RerunsBlindly, 7),
    (Plant::OpensBlindly, 13),
    (Plant::UndoesNothing, 28),
    (Plant::VouchesForAll, 3),
    (Plant::ReviewsBlindly, 8),
    (Plant::AnybodyReviews, 8),
    (Plant::EnqueuesBlindly, 12),
    (Plant::HearsNoEnd, 2),
];

/// Lives that are tried where the seed of before tells nothing any longer.
const OTHERS: u64 = 60;

#[test]
fn every_planted_bug_is_noticed() {
    if let Some(most) = std::env::var("CI_RESCUE_FIND").ok().and_then(|n| n.parse::<u64>().ok()) {
        for plant in Plant::ALL.into_iter().filter(|plant| CAUGHT.iter().all(|(have, _)| have != plant)) {
            println!("{plant:?}: {:?}", caught(plant, 1..=most));
        }
        return;
    }
    for (plant, seed) in CAUGHT {
        let seeds = std::iter::once(seed).chain(1..=OTHERS);
        let (by, wrong) = caught(plant, seeds).expect("it is noticed");
        println!("{plant:?}, seed {by}: {wrong}");
    }
    assert_eq!(CAUGHT.len(), Plant::ALL.len(), "each has its seed");
}
