//! Past runs, read into history: in the background, by the API and by the command.

use crate::flows::github::app;
use crate::world::{REPO, Setup, World, job, listener, spec};
use ci_rescue::app::SystemClock;
use ci_rescue::demo::{Forge, RunSpec};
use ci_rescue::domain::executed::Filled;
use ci_rescue::domain::outcome::Ended;
use ci_rescue::engine::fill::Filler;
use ci_rescue::ports::{Clock, History, PastRuns, Store};
use ci_rescue::store::{Ledger, Memory};
use std::process::Command;
use std::sync::Arc;

fn past(n: usize) -> RunSpec {
    RunSpec { sha: format!("{n:040x}"), jobs: vec![job("test (3.12)", "", &["success"])], ..spec("", "success") }
}

/// Endings and milliseconds of the job, by time.
async fn executions(store: &dyn History) -> Vec<(Ended, u64)> {
    let all = store.series(Some(REPO)).await.unwrap();
    let Some((series, _)) = all.iter().find(|(_, named)| named.job == "test (3.12)" && named.test.is_none()) else {
        return Vec::new();
    };
    let (rows, _) = store.executions(*series).await.unwrap();
    rows.iter().map(|row| (row.ended, row.duration_ms)).collect()
}

async fn filled(store: &dyn Store) -> Option<Filled> {
    let row = store.setting(&format!("filled:{REPO}")).await.unwrap()?;
    Some(serde_json::from_value(row).unwrap())
}

#[tokio::test]
async fn past_runs_are_read_page_by_page_and_open_nothing() {
    let world = World::with(Setup { github: format!("repositories = [\"{REPO}\"]\n"), ..Setup::default() }).await;
    for n in 0..130 {
        world.forge.passed(past(n));
        world.clock.advance(60_000);
    }
    // One that failed at first, and a job that the re-run took over as it was.
    let spec = RunSpec {
        jobs: vec![job("test (3.12)", "", &["failure", "success"]), job("lint", "", &["success"])],
        ..past(131)
    };
    let id = world.forge.start(spec);
    world.clock.advance(90_000);
    world.forge.finish(id);
    world.clock.advance(60_000);
    world.forge.rerun(id, |job| job.conclusion == Some("failure")).unwrap();
    world.clock.advance(30_000);
    world.forge.finish(id);
    drop(world.forge.take_hooks());
    let mut steps = 0;
    while world.app.engine.fill().await.unwrap() {
        steps += 1;
        if steps == 60 {
            let page = world.sit("ada").await.page("/statistics").await;
            assert!(page.contains("Past runs read into history") && page.contains("59 of 131"), "{page}");
        }
    }
    let all = executions(&*world.store).await;
    assert_eq!(all.len(), 132);
    assert_eq!(all[130..], [(Ended::Fail, 90_000), (Ended::Pass, 30_000)]);
    let lint = world.store.series(Some(REPO)).await.unwrap();
    let (lint, _) = lint.into_iter().find(|(_, named)| named.job == "lint").unwrap();
    assert_eq!(world.store.executions(lint).await.unwrap().0.len(), 1);
    assert!(world.incidents().await.is_empty());
    let told = filled(&*world.store).await.unwrap();
    assert_eq!((told.runs, told.of, told.done, told.waits), (131, 131, true, None));
    // It is done for good, and a run that is told again is known.
    let calls = world.forge.lock().calls.len();
    assert!(!world.app.engine.fill().await.unwrap());
    assert_eq!(world.forge.lock().calls.len(), calls);
    world.end().await;
}

#[tokio::test]
async fn reading_goes_on_after_a_restart_and_leaves_calls_to_others() {
    // As the App, whose tokens are minted for the repository alone.
    let (forge, github, clock) = app().await;
    for n in 0..120 {
        forge.passed(past(n));
        clock.advance(60_000);
    }
    let store: Arc<dyn Store> = Arc::new(Ledger::open(Memory::default()).unwrap());
    let repo = REPO.parse().unwrap();
    let filler = || Filler::new(store.clone(), github.clone(), clock.clone());
    let first = filler();
    for _ in 0..40 {
        first.step(&repo).await.unwrap();
    }
    drop(first);
    assert_eq!(executions(&*store).await.len(), 39, "a page, and thirty-nine runs");
    let second = filler();
    assert_eq!(second.step(&repo).await.unwrap().runs, 39);
    while !second.step(&repo).await.unwrap().done {}
    assert_eq!(executions(&*store).await.len(), 120);
    let asked = |path: &str| forge.lock().calls.iter().filter(|call| call.path.ends_with(path)).count();
    assert_eq!((asked("/actions/runs"), asked("/jobs")), (3, 120), "no run is read twice");
    // Half of the hour's calls stay with others.
    assert_eq!(github.spare(&repo), None);
    forge.lock().calls_left = Some(2_000);
    second.forget(&repo).await.unwrap();
    second.step(&repo).await.unwrap();
    assert!(github.spare(&repo).is_some());
    let pause = second.pause(&repo).unwrap();
    clock.advance(i64::try_from(pause.as_millis()).unwrap());
    assert_eq!(second.pause(&repo), None);
}

#[tokio::test]
async fn a_repository_that_may_not_be_read_is_told_and_left() {
    let (_, github, clock) = app().await;
    let store: Arc<dyn Store> = Arc::new(Ledger::open(Memory::default()).unwrap());
    let filler = Filler::new(store, github, clock);
    let told = filler.step(&"acme/nowhere".parse().unwrap()).await.unwrap();
    assert!(told.done || told.waits.is_some(), "{told:?}");
}

#[tokio::test]
async fn the_api_reads_past_runs_at_once_and_tells_how_far_it_is() {
    let world = World::with(Setup { github: format!("repositories = [\"{REPO}\"]\n"), ..Setup::default() }).await;
    for n in 0..3 {
        world.forge.passed(past(n));
        world.clock.advance(1_000);
    }
    let ask = |token: &'static str, query: &'static str| {
        let url = format!("http://{}/api/history/fill{query}", world.public_at);
        world.http.post(url).bearer_auth(token).send()
    };
    assert_eq!(ask("read-token", "").await.unwrap().status(), 401);
    assert_eq!(ask("act-token", "?repo=nonsense").await.unwrap().status(), 400);
    let lines = ask("act-token", "").await.unwrap().text().await.unwrap();
    let told: Vec<Filled> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.iter().map(|one| one.runs).collect::<Vec<_>>(), [0, 1, 2, 3, 3]);
    assert!(told.last().unwrap().done);
    assert_eq!(ask("act-token", "").await.unwrap().text().await.unwrap(), "", "nothing is left");
    let again = ask("act-token", "?repo=acme/shop").await.unwrap().text().await.unwrap();
    assert_eq!(again.lines().count(), 5, "one repository is read anew");
    assert_eq!(executions(&*world.store).await.len(), 3);
    let outside = ask("act-token", "?repo=acme/other").await.unwrap().text().await.unwrap();
    assert!(outside.contains("outside github.repositories"), "{outside}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_works_alone() {
    let forge = Forge::new(Arc::new(|| SystemClock.now().0), None);
    forge.add_repo(REPO);
    for n in 0..12 {
        forge.passed(past(n));
    }
    let (listener, at) = listener().await;
    let stop = tokio_util::sync::CancellationToken::new();
    tokio::spawn(ci_rescue::server::serve(listener, ci_rescue::demo::router(forge.clone()), stop.clone()));
    let dir = tempfile::tempdir().unwrap();
    let run = |text: &str, more: &[&str]| {
        std::fs::write(dir.path().join("ci-rescue.toml"), text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
        command.args(["history", "fill"]).args(more).current_dir(dir.path()).env_remove("CI_RESCUE_CONFIG");
        let output = tokio::task::block_in_place(|| command.output().unwrap());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let config = format!("[github]\napi_url = \"http://{at}\"\ntoken = \"t\"\nrepositories = [\"{REPO}\"]\n");
    let (status, said, progress) = run(&config, &[]);
    assert_eq!((status, said.as_str()), (Some(0), "acme/shop: 12 runs read\n"), "{progress}");
    assert!(progress.contains("history: acme/shop: 6 of 12"), "{progress}");
    assert_eq!(run(&config, &[]).1, "nothing to read: the past of every repository is in history\n");
    assert_eq!(run(&config, &["--repo", REPO]).1, "acme/shop: 12 runs read\n");
    let (status, _, why) = run(&config, &["--repo", "nonsense"]);
    assert!(status == Some(2) && why.contains("--repo"), "{why}");
    let (status, _, why) = run("", &[]);
    assert!(status == Some(2) && why.contains("set github.token"), "{why}");
    forge.lock().calls_left = Some(10);
    let (status, _, why) = run(&config, &["--repo", REPO]);
    assert!(status == Some(3) && why.contains("it goes on from there"), "{why}");
    stop.cancel();
}

#[tokio::test]
async fn webhooks_tell_how_long_jobs_took() {
    let world = World::new().await;
    let id = world.forge.start(past(1));
    world.deliver().await;
    world.clock.advance(75_000);
    world.forge.finish(id);
    world.deliver().await;
    assert_eq!(executions(&*world.store).await, [(Ended::Pass, 75_000)]);
    world.end().await;
}
