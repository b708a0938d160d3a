//! Test reports among the artifacts of runs, from the webhook to history and the card.

use crate::world::{REPO, Setup, World, job, spec};
use ci_rescue::demo::RunSpec;
use ci_rescue::domain::evidence::Category;
use ci_rescue::domain::outcome::Ended;
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A log that names no test.
const SILENT: &str =
    "##[group]Run make test\nmake: *** [Makefile:3: test] Error 1\n##[error]Process completed with exit code 2.\n";
const JUNIT: &str = r#"<testsuites><testsuite name="com.acme.CartTest">
    <testcase classname="com.acme.CartTest" name="adds" time="0.25"/>
    <testcase classname="com.acme.CartTest" name="pays[token=expired-status=401]" time="1.5"><failure message="expected 1"/></testcase>
    <testcase classname="com.acme.CartTest" name="later"><skipped/></testcase></testsuite></testsuites>"#;
const PAYS: &str = "com.acme.CartTest.pays[token=expired-status=401]";

pub fn packed(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A run with artifacts, from start to end.
async fn run(world: &World, spec: RunSpec, artifacts: &[(&str, Vec<u8>)]) -> u64 {
    let id = world.forge.start(spec);
    world.deliver().await;
    for (name, bytes) in artifacts {
        world.forge.upload(id, name, bytes.clone());
    }
    world.forge.finish(id);
    world.deliver().await;
    later(world).await;
    id
}

/// Reports wait until the log is read.
async fn later(world: &World) {
    world.clock.advance(10_000);
    world.settle().await;
}

fn green() -> RunSpec {
    RunSpec { jobs: vec![job("test", "", &["success"]), job("lint", "", &["success"])], ..spec("", "success") }
}

/// Test, job, endings with attempt and milliseconds, of every test that history knows.
async fn tests(world: &World) -> Vec<(String, String, Vec<(u32, Ended, u64)>)> {
    let mut all = Vec::new();
    for (series, named) in world.store.series(Some(REPO)).await.unwrap() {
        let Some(test) = named.test else { continue };
        let (rows, _) = world.store.executions(series).await.unwrap();
        // A job's pass implies its tests', where no report tells of them.
        let rows = rows.iter().map(|row| (row.attempt, row.ended, row.duration_ms)).collect();
        all.push((test, named.job, rows));
    }
    all.sort();
    all
}

fn downloads(world: &World) -> usize {
    world.forge.count("GET", "/zip")
}

#[tokio::test]
async fn reports_of_a_failed_run_reach_history_and_the_card() {
    let world = World::new().await;
    let junit = packed(&[("target/TEST-cart.xml", JUNIT.as_bytes()), ("readme.txt", b"hello")]);
    run(&world, spec(SILENT, "success"), &[("test-results", junit), ("dist", b"not even a zip".to_vec())]).await;
    let row = |test: &str, ended, ms| (test.to_owned(), "test".to_owned(), vec![(1, ended, ms)]);
    assert_eq!(
        tests(&world).await,
        [
            row("com.acme.CartTest.adds", Ended::Pass, 250),
            row("com.acme.CartTest.later", Ended::Skip, 0),
            row(PAYS, Ended::Fail, 1_500)
        ]
    );
    let incident = world.incident(1).await;
    let evidence = incident.headline().unwrap();
    assert_eq!(evidence.category, Category::Test);
    assert_eq!((evidence.failing_tests.len(), evidence.failing_tests_total), (1, 1));
    assert_eq!(evidence.failing_tests[0].name.raw(), "com.acme.CartTest.pays[token=expired-status=401]");
    assert!(evidence.excerpt.is_some(), "log and report are one object");
    assert_eq!(incident.evidence.len(), 1);
    // The address elsewhere got no token of ours.
    let state = world.forge.lock();
    let fetched: Vec<_> = state.calls.iter().filter(|call| call.path.starts_with("/_artifacts/")).collect();
    assert_eq!(fetched.len(), 1, "an artifact that is no report by name is not fetched");
    assert!(fetched.iter().all(|call| call.authorization.is_none() && call.status == 200));
    drop(state);
    world.end().await;
}

#[tokio::test]
async fn passing_runs_are_read_once_reports_were_seen() {
    let world = World::new().await;
    let junit = || packed(&[("a.xml", JUNIT.replace("<failure message=\"expected 1\"/>", "").as_bytes())]);
    run(&world, green(), &[("test-results", junit())]).await;
    assert_eq!((downloads(&world), tests(&world).await.len()), (0, 0));
    run(&world, spec(SILENT, "success"), &[("test-results", packed(&[("a.xml", JUNIT.as_bytes())]))]).await;
    run(&world, green(), &[("test-results", junit())]).await;
    assert_eq!(downloads(&world), 2);
    let all = tests(&world).await;
    let pays = all.iter().find(|(test, ..)| test == PAYS).unwrap();
    let endings: Vec<Ended> = pays.2.iter().map(|(_, ended, _)| *ended).collect();
    assert_eq!(endings, [Ended::Fail, Ended::Pass]);
    // Of calls that become scarce, passing runs take none.
    world.forge.lock().calls_left = Some(2_000);
    run(&world, green(), &[("test-results", junit())]).await;
    run(&world, green(), &[("test-results", junit())]).await;
    assert_eq!(downloads(&world), 3, "the first one's answer says how many are left");
    world.end().await;
}

#[tokio::test]
async fn artifacts_belong_to_their_attempt_and_count_once() {
    let world = World::new().await;
    let id = run(&world, spec(SILENT, "success"), &[("test-results", packed(&[("a.xml", JUNIT.as_bytes())]))]).await;
    world.clock.advance(60_000);
    world.forge.rerun(id, |job| job.conclusion != Some("success")).unwrap();
    world.deliver().await;
    world.clock.advance(60_000);
    let passed = JUNIT.replace("<failure message=\"expected 1\"/>", "");
    world.forge.upload(id, "test-results-again", packed(&[("a.xml", passed.as_bytes())]));
    world.forge.finish(id);
    world.deliver().await;
    let all = tests(&world).await;
    let pays = all.iter().find(|(test, ..)| test == PAYS).unwrap();
    assert_eq!(pays.2, [(1, Ended::Fail, 1_500), (2, Ended::Pass, 1_500)]);
    assert_eq!(downloads(&world), 2);
    // The end of a run that is told again is not read again.
    let calls = world.forge.lock().calls.len();
    world.app.engine.reconcile().await.unwrap();
    world.settle().await;
    assert_eq!(downloads(&world), 2);
    assert!(world.forge.lock().calls.len() > calls);
    world.end().await;
}

#[tokio::test]
async fn what_the_log_names_is_not_told_twice() {
    let log = "##[group]Run pytest\nFAILED tests/test_cart.py::test_total - assert 2 == 1\n##[error]Process completed with exit code 1.\n";
    let xml = r#"<testsuites><testsuite name="pytest"><testcase classname="tests.test_cart" name="test_total"><failure message="assert 2 == 1"/></testcase>
        <testcase classname="tests.test_cart" name="test_ok"/></testsuite></testsuites>"#;
    let world = World::new().await;
    run(&world, spec(log, "success"), &[("junit", packed(&[("pytest.xml", xml.as_bytes())]))]).await;
    let named: Vec<(String, String)> = tests(&world).await.into_iter().map(|(test, job, _)| (test, job)).collect();
    // Nothing tells which job wrote `junit`: its passes belong to the workflow.
    assert_eq!(
        named,
        [
            ("tests/test_cart.py::test_ok".into(), "shop-ci".into()),
            ("tests/test_cart.py::test_total".into(), "test".into())
        ]
    );
    assert_eq!(world.incident(1).await.evidence.len(), 1);
    world.end().await;
}

/// Threat 91: what cannot be read is left out, and everything else goes on.
#[tokio::test]
async fn threat_091_hostile_artifacts_are_left_out() {
    let world = World::new().await;
    let deep = "<testsuite>".repeat(5_000);
    let inner = packed(&[("a.xml", JUNIT.as_bytes())]);
    let nested = packed(&[("b.zip", &packed(&[("c.zip", &inner)]))]);
    let artifacts = [
        ("test-no-zip", b"PK but no".to_vec()),
        ("test-deep", packed(&[("../../etc/x.xml", deep.as_bytes())])),
        ("test-nested", nested),
        ("test-lost", packed(&[("a.xml", b"<testsuite><testcase name=\"")])),
        ("test-results", packed(&[("a.xml", JUNIT.as_bytes())])),
    ];
    let id = world.forge.start(spec(SILENT, "success"));
    world.deliver().await;
    for (name, bytes) in artifacts {
        world.forge.upload(id, name, bytes);
    }
    let gone = world.forge.upload(id, "test-gone", Vec::new());
    world.forge.lock().artifacts.iter_mut().filter(|one| one.id == gone).for_each(|one| one.expired = true);
    world.forge.finish(id);
    world.deliver().await;
    later(&world).await;
    assert_eq!(downloads(&world), 5, "what has expired is not asked for");
    assert_eq!(tests(&world).await.len(), 3);
    assert_eq!(world.store.counts().await.unwrap().dead, 0);
    world.end().await;
}

#[tokio::test]
async fn an_artifact_that_cannot_be_had_now_is_tried_again() {
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let id = world.forge.start(spec(SILENT, "success"));
    world.deliver().await;
    let artifact = world.forge.upload(id, "test-results", packed(&[("a.xml", JUNIT.as_bytes())]));
    world.forge.lock().faults.push(ci_rescue::demo::Fault {
        method: "GET".into(),
        path: format!("/_artifacts/{artifact}"),
        status: 503,
        headers: Vec::new(),
        after: false,
    });
    world.forge.finish(id);
    world.deliver().await;
    later(&world).await;
    assert!(tests(&world).await.is_empty());
    later(&world).await;
    assert_eq!(tests(&world).await.len(), 3);
    world.end().await;
}
