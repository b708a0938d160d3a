//! Scheduled runs that are red, and schedules that are silent.

use crate::world::{CHANNEL, LINT_LOG, NETWORK_LOG, REPO, Setup, World, job, spec};
use ci_rescue::demo::RunSpec;
use ci_rescue::domain::Stage;
use ci_rescue::domain::incident::Incident;
use ci_rescue::domain::schedule::Silence;

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
pub const NIGHTLY: &str = "name: nightly\non:\n  schedule:\n    - cron: '0 3 * * *'\njobs: {}\n";

fn night(n: u64, log: &str, ends: &'static str) -> RunSpec {
    let mut run = spec(log, ends);
    (run.workflow, run.sha) = ("nightly".into(), format!("{n:040x}"));
    run.jobs = vec![job("soak", log, &[ends])];
    run
}

/// A night passes; whether its webhooks arrive.
pub async fn run(world: &World, n: u64, log: &str, ends: &'static str, heard: bool) -> u64 {
    let id = world.forge.start_on_schedule(night(n, log, ends));
    world.forge.finish(id);
    if heard {
        world.deliver().await;
    } else {
        let _ = world.forge.take_hooks();
        world.app.engine.reconcile().await.unwrap();
        world.settle().await;
    }
    id
}

async fn push(world: &World, n: u64, ends: &'static str) {
    let mut run = night(n, LINT_LOG, ends);
    run.sha = format!("{:040x}", 0xaaaa_0000 + n);
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
}

fn nights(incident: &Incident) -> u64 {
    incident.nights.as_ref().map_or(0, ci_rescue::domain::schedule::Nights::count)
}

fn cards(world: &World) -> usize {
    world.slack.cards().iter().filter(|card| card.channel == CHANNEL).count()
}

fn thread(world: &World, card: usize) -> String {
    world.slack.thread(&world.slack.cards()[card].ts).iter().map(|m| format!("{}\n", m.text)).collect()
}

/// What is true of a month of nights: the red ones in a row, and which incident they are.
#[derive(Default)]
struct Truth {
    row: u64,
    incidents: u64,
    last_red: Option<u64>,
}

impl Truth {
    fn night(&mut self, n: u64, red: bool) {
        if !red {
            self.row = 0;
            return;
        }
        if self.last_red.is_none_or(|last| n - last > 7) {
            self.incidents += 1;
        }
        (self.row, self.last_red) = (self.row + 1, Some(n));
    }
}

#[tokio::test]
async fn thirty_nights_are_as_many_incidents_as_there_were() {
    // One letter a night: r red, R red unheard, g green, G green unheard.
    for month in ["rrrgrrggrRrgggggggggrRRrGrgggr", "gggggggggggggggggggggggggggggg", "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"]
    {
        let mut world = World::new().await;
        world.forge.workflow(REPO, "nightly", "nightly.yml", NIGHTLY);
        let mut truth = Truth::default();
        for (n, letter) in (1_u64..).zip(month.chars()) {
            world.clock.advance(DAY - 20 * MINUTE);
            let red = letter.eq_ignore_ascii_case(&'r');
            let log = if n % 3 == 0 { LINT_LOG } else { NETWORK_LOG };
            run(&world, n, log, if red { "failure" } else { "success" }, letter.is_lowercase()).await;
            truth.night(n, red);
            let all = world.incidents().await;
            let of_nights: Vec<&Incident> = all.iter().filter(|one| one.nights.is_some()).collect();
            assert_eq!(of_nights.len() as u64, truth.incidents, "night {n} of {month}");
            assert_eq!(cards(&world) as u64, truth.incidents, "night {n} of {month}");
            let newest = of_nights.iter().max_by_key(|one| one.no);
            let (open, count) = newest.map_or((false, 0), |one| (one.stage != Stage::Resolved, nights(one)));
            assert_eq!((open, count), (red, truth.row), "night {n} of {month}");
            if truth.row > 1 {
                let card = world.slack.cards().last().unwrap().words();
                assert!(card.contains(&format!("red for {} nights", truth.row)), "night {n}: {card}");
                let line = format!("red for {} nights", truth.row);
                let told = thread(&world, cards(&world) - 1);
                assert!(told.matches(&line).count() >= 1, "a line a night: {told}");
            }
            if n % 5 == 0 {
                world.restart().await;
            }
        }
        world.end().await;
    }
}

#[tokio::test]
async fn other_runs_of_the_workflow_say_nothing_of_the_night() {
    let world = World::new().await;
    let first = run(&world, 1, NETWORK_LOG, "failure", true).await;
    push(&world, 1, "success").await;
    assert_eq!((world.incident(1).await.stage, world.incidents().await.len()), (Stage::Open, 1));
    world.clock.advance(DAY);
    push(&world, 2, "failure").await;
    assert_eq!(world.incidents().await.len(), 2, "a push is another matter");
    let second = run(&world, 2, NETWORK_LOG, "failure", true).await;
    assert_eq!((nights(&world.incident(1).await), world.incidents().await.len()), (2, 2));
    let card = world.slack.cards()[0].words();
    assert!(card.contains("red for 2 runs"), "its schedule is not known: {card}");
    // An older night that passes now leaves the newest red.
    let green = |id: u64| {
        world.forge.lock().runs.get_mut(&id).unwrap().spec.jobs[0].ends = vec!["failure", "success", "failure"];
        world.forge.rerun(id, |_| true).unwrap();
        world.forge.finish(id);
    };
    green(first);
    world.deliver().await;
    let incident = world.incident(1).await;
    assert_eq!((incident.stage != Stage::Resolved, nights(&incident)), (true, 1));
    green(second);
    world.deliver().await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved, "the newest passed");
    // It fails once more at another attempt: reopened, not doubled.
    world.forge.rerun(second, |_| true).unwrap();
    world.forge.finish(second);
    world.deliver().await;
    assert_ne!(world.incident(1).await.stage, Stage::Resolved);
    assert_eq!((world.incidents().await.len(), cards(&world)), (2, 2));
    run(&world, 3, "", "success", true).await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    world.end().await;
}

#[tokio::test]
async fn nights_heard_late_twice_and_from_before_anybody_listened_are_counted() {
    let world = World::new().await;
    world.forge.workflow(REPO, "nightly", "nightly.yml", NIGHTLY);
    // Two red nights before we were there.
    for n in 1..=2 {
        let id = world.forge.start_on_schedule(night(n, NETWORK_LOG, "failure"));
        world.forge.finish(id);
        world.clock.advance(DAY);
    }
    let _ = world.forge.take_hooks();
    let mut told = Vec::new();
    for n in 3..=4 {
        let id = world.forge.start_on_schedule(night(n, LINT_LOG, "failure"));
        world.forge.finish(id);
        told.push(world.forge.take_hooks());
        world.clock.advance(DAY);
    }
    // The fourth comes before the third, and each twice.
    for hooks in [&told[1], &told[0], &told[1], &told[0]] {
        for hook in hooks {
            assert!(world.hook(hook.event, &world.id(), &hook.body).await.is_success());
        }
        world.settle().await;
    }
    let all = world.incidents().await;
    assert_eq!((all.len(), nights(&all[0])), (1, 4));
    assert_eq!(all[0].sha, format!("{:040x}", 4), "the card is about the newest");
    world.end().await;
}

#[tokio::test]
async fn different_failures_of_a_night_are_jobs_of_one_incident() {
    let world = World::new().await;
    let mut two = night(1, NETWORK_LOG, "failure");
    two.jobs = vec![job("soak", NETWORK_LOG, &["failure"]), job("fuzz", LINT_LOG, &["failure"])];
    let id = world.forge.start_on_schedule(two);
    world.forge.finish(id);
    world.deliver().await;
    let incident = world.incident(1).await;
    assert_eq!((incident.jobs.len(), world.incidents().await.len()), (2, 1));
    world.clock.advance(DAY);
    run(&world, 2, LINT_LOG, "failure", true).await;
    let incident = world.incident(1).await;
    let jobs: Vec<&str> = incident.jobs.iter().map(|job| job.name.raw()).collect();
    assert_eq!((jobs, world.incidents().await.len()), (vec!["soak"], 1), "what fails now");
    world.end().await;
}

/// Looks each hour from noon on for so many hours.
pub async fn hours(world: &World, n: i64) {
    for _ in 0..n {
        world.app.engine.look_at_schedules().await.unwrap();
        world.settle().await;
        world.clock.advance(HOUR);
    }
}

fn silent(all: &[Incident]) -> Vec<&Incident> {
    all.iter().filter(|one| one.missed.is_some()).collect()
}

#[tokio::test]
async fn a_schedule_that_does_not_fire_is_one_incident_until_it_fires_again() {
    let mut world = World::new().await;
    world.forge.workflow(REPO, "nightly", "nightly.yml", NIGHTLY);
    // From noon to four in the morning: late, and within the grace.
    hours(&world, 17).await;
    assert!(world.incidents().await.is_empty(), "two hours late at most");
    world.restart().await;
    hours(&world, 2).await;
    let all = world.incidents().await;
    assert_eq!(silent(&all).len(), 1, "{all:#?}");
    assert_eq!(all[0].workflow.raw(), "nightly.yml did not run at 03:00 UTC on 2026-01-02");
    let card = world.slack.cards()[0].words();
    assert!(card.contains("shop: nightly.yml did not run at 03:00 UTC on 2026-01-02"), "{card}");
    assert!(card.contains("No scheduled run of it is known"), "{card}");
    for _ in 0..3 {
        world.restart().await;
        hours(&world, 2).await;
    }
    assert_eq!((world.incidents().await.len(), thread(&world, 0).matches("did not run").count()), (1, 0));
    // Another night, another line, the same card.
    hours(&world, 24).await;
    let all = world.incidents().await;
    assert_eq!((all.len(), all[0].missed.as_ref().unwrap().times), (1, 2));
    assert_eq!(thread(&world, 0).matches("did not run at 03:00 UTC on 2026-01-03").count(), 1);
    run(&world, 1, "", "success", true).await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    hours(&world, 3).await;
    assert_eq!(world.incidents().await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn it_is_closed_by_looking_where_no_webhook_tells_of_the_run() {
    let world = World::new().await;
    world.forge.workflow(REPO, "nightly", "nightly.yml", NIGHTLY);
    hours(&world, 19).await;
    assert_eq!(world.incidents().await.len(), 1);
    let id = world.forge.start_on_schedule(night(1, "", "success"));
    world.forge.finish(id);
    let _ = world.forge.take_hooks();
    hours(&world, 2).await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    // On time each night from now on: nothing, and few calls.
    for n in 2..6 {
        hours(&world, 24).await;
        let id = world.forge.start_on_schedule(night(n, "", "success"));
        world.forge.finish(id);
        let _ = world.forge.take_hooks();
    }
    world.end().await;
}

#[tokio::test]
async fn why_it_is_silent_is_told() {
    type Case = (&'static str, fn(&World), Option<&'static str>);
    let cases: [Case; 7] = [
        ("off", |world| set(world, "disabled_manually"), Some("it is disabled")),
        ("inactive", |world| set(world, "disabled_inactivity"), Some("GitHub disabled it")),
        ("a deleted workflow", |world| set(world, "deleted"), None),
        ("a fork", |world| world.forge.lock().repos.get_mut(REPO).unwrap().fork = true, None),
        (
            "an invalid line",
            |world| {
                world.forge.workflow(REPO, "nightly", "nightly.yml", "on:\n  schedule:\n    - cron: '61 * * * *'\n");
            },
            Some("cannot run on schedule: 61"),
        ),
        (
            "a broken file",
            |world| world.forge.workflow(REPO, "nightly", "nightly.yml", "on: {schedule: [\n"),
            Some("the file cannot be read"),
        ),
        ("no schedule", |world| world.forge.workflow(REPO, "nightly", "nightly.yml", "on: push\n"), None),
    ];
    for (what, change, want) in cases {
        let world = World::new().await;
        world.forge.workflow(REPO, "nightly", "nightly.yml", NIGHTLY);
        hours(&world, 1).await;
        change(&world);
        hours(&world, 30).await;
        let all = world.incidents().await;
        assert_eq!(all.len(), usize::from(want.is_some()), "{what}");
        if let Some(want) = want {
            assert!(all[0].workflow.raw().contains(want), "{what}: {:?}", all[0].workflow);
            assert_eq!(all[0].missed.as_ref().unwrap().times, 1, "{what}: told once");
            assert!(!matches!(all[0].missed.as_ref().unwrap().silence, Silence::NotRun { .. }));
            // Mended: it is over, and what was due meanwhile is not missed.
            world.forge.workflow(REPO, "nightly", "nightly.yml", NIGHTLY);
            hours(&world, 2).await;
            assert_eq!(world.incident(1).await.stage, Stage::Resolved, "{what}");
            assert_eq!(world.incidents().await.len(), 1, "{what}");
        }
        world.end().await;
    }
}

fn set(world: &World, state: &'static str) {
    world.forge.lock().repos.get_mut(REPO).unwrap().workflows[0].state = state;
}

/// The same news twice within the week in which deliveries are remembered.
#[tokio::test]
async fn what_is_switched_off_and_on_twice_is_over_twice() {
    let mut world = World::new().await;
    world.forge.workflow(REPO, "nightly", "nightly.yml", NIGHTLY);
    hours(&world, 1).await;
    for round in 1..=3 {
        set(&world, "disabled_manually");
        hours(&world, 2).await;
        let open = |all: &[Incident]| all.iter().filter(|one| one.closed_at.is_none()).count();
        assert_eq!(open(&world.incidents().await), 1, "round {round}");
        world.restart().await;
        set(&world, "active");
        hours(&world, 2).await;
        assert_eq!(open(&world.incidents().await), 0, "round {round}: {:#?}", world.incidents().await);
    }
    world.end().await;
}

#[tokio::test]
async fn a_line_that_is_removed_ends_it_and_one_that_is_new_was_never_missed() {
    let world = World::new().await;
    world.forge.workflow(REPO, "nightly", "nightly.yml", NIGHTLY);
    hours(&world, 19).await;
    assert_eq!(world.incidents().await.len(), 1);
    world.forge.workflow(REPO, "nightly", "nightly.yml", "on: push\n");
    hours(&world, 2).await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    // It is nine in the morning: a line for eight has not been missed.
    world.forge.workflow(REPO, "nightly", "nightly.yml", "on:\n  schedule: [{cron: '0 6 * * *'}]\n");
    hours(&world, 12).await;
    assert_eq!(world.incidents().await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn it_costs_few_calls_and_nothing_where_nobody_looks() {
    for (what, config, github, want) in [
        ("on", "", "", true),
        ("off", "[schedules]\nwatch = false\n", "", false),
        ("not ours", "", "repositories = [\"acme/other\"]\n", false),
    ] {
        let world = World::with(Setup { config: config.into(), github: github.into(), ..Setup::default() }).await;
        world.forge.add_repo("acme/unwatched");
        world.forge.workflow(REPO, "nightly", "nightly.yml", NIGHTLY);
        world.forge.workflow("acme/unwatched", "nightly", "nightly.yml", NIGHTLY);
        for _ in 0..60 {
            world.app.engine.look_at_schedules().await.unwrap();
            world.clock.advance(MINUTE);
        }
        let calls = |path: &str| world.forge.count("GET", path);
        assert_eq!(calls("/repos/acme/shop/actions/workflows") > 0, want, "{what}");
        assert_eq!(calls("/repos/acme/unwatched/actions/workflows"), 0, "{what}: nobody subscribes to it");
        if want {
            hours(&world, 10).await;
            assert_eq!(calls("/repos/acme/shop/actions/workflows"), 11, "one look an hour");
            assert_eq!(calls("/contents/.github/workflows/nightly.yml"), 1, "a file that has not changed is not read");
            assert_eq!(world.forge.lock().calls.iter().filter(|call| call.path.ends_with("/runs")).count(), 0);
        }
        world.end().await;
    }
}

#[tokio::test]
async fn a_forge_that_cannot_be_asked_is_asked_again_and_nothing_is_made_up() {
    let world = World::new().await;
    world.forge.workflow(REPO, "nightly", "nightly.yml", NIGHTLY);
    hours(&world, 1).await;
    for status in [403, 404, 500, 502] {
        for path in ["/actions/workflows", "/contents/.github/workflows", "/repos/acme/shop"] {
            let fault = ci_rescue::demo::Fault {
                method: "GET".into(),
                path: path.into(),
                status,
                headers: Vec::new(),
                after: false,
            };
            world.forge.lock().faults.push(fault);
            hours(&world, 1).await;
        }
    }
    assert!(world.incidents().await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn names_of_workflows_stay_words() {
    let world = World::new().await;
    let file = "<!channel>\u{202e}|x.yml";
    world.forge.workflow(
        REPO,
        "<https://evil.example|n> *b*",
        file,
        "on:\n  schedule:\n    - cron: '<!here> * * * *'\n",
    );
    hours(&world, 2).await;
    let said: String = world.slack.messages().iter().map(|m| format!("{} {}", m.text, m.blocks)).collect();
    assert!(said.contains("cannot run on schedule"), "{said}");
    for bad in ["<!channel>", "<!here>", "<https://evil", "\u{202e}"] {
        assert!(!said.contains(bad), "{bad}: {said}");
    }
    world.end().await;
}
