//! The verdict check at the heads of pull requests, from webhooks to what branch protection sees.

use crate::world::{REPO, Setup, World, job, spec};
use ci_rescue::demo::{Fault, Held, Pull, RunSpec};
use ci_rescue::domain::outcome::{Ended, Outcome};
use ci_rescue::domain::time::Time;
use serde_json::{Value, json};

const NAME: &str = "ci-rescue/verdict";
const TEST: &str = "tests/test_cart.py::test_total";
pub const PYTEST: &str = "##[group]Run pytest\n##[endgroup]\nFAILED tests/test_cart.py::test_total - AssertionError: assert 3 == 4\n=== 1 failed in 0.31s ===\n##[error]Process completed with exit code 1.\n";
pub const HEAD: &str = "c1a2b3c4d5e6f70819293a4b5c6d7e8f90123456";

fn setup() -> Setup {
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/app-key.pem");
    let github = format!("app_id = 7\nprivate_key_file = \"{key}\"\nverdict_check = true\n");
    Setup { github, disk: true, ..Setup::default() }
}

/// An open pull request from `head`, onto `base`.
pub fn open(world: &World, number: u64, head: &str, base: &str) {
    let mut forge = world.forge.lock();
    let repo = forge.repos.get_mut(REPO).unwrap();
    let mut pull = Pull::merged(number, "Count faster", None);
    (pull.head, pull.base, pull.open) = (head.into(), base.into(), true);
    repo.pulls.push(pull);
    repo.branches.entry(base.into()).or_insert_with(|| "b".repeat(40));
}

pub fn run(head: &str, log: &str, ends: &[&'static str]) -> RunSpec {
    let fork = head.contains(':');
    RunSpec {
        branch: head.into(),
        sha: HEAD.into(),
        pull: (!fork).then_some(9),
        jobs: vec![job("test", log, ends)],
        ..spec(log, "success")
    }
}

/// Everything that is due, and what rests for a moment.
async fn rest(world: &World) {
    world.deliver().await;
    for _ in 0..3 {
        world.clock.advance(4_000);
        world.settle().await;
    }
}

pub async fn breaks(world: &World, run: RunSpec) -> u64 {
    let id = world.forge.start(run);
    rest(world).await;
    world.forge.finish(id);
    rest(world).await;
    id
}

/// Our check runs at a commit, the newest last.
pub fn checks(world: &World, sha: &str) -> Vec<Value> {
    let state = world.forge.lock();
    let ours = |check: &&Value| check["name"] == NAME && check["head_sha"] == sha;
    state.repos[REPO].checks.iter().filter(ours).cloned().collect()
}

/// What branch protection sees.
fn seen(world: &World) -> (String, String) {
    let Some(last) = checks(world, HEAD).pop() else { return (String::new(), String::new()) };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let state = if last["status"] == "completed" { text(&last["conclusion"]) } else { text(&last["status"]) };
    (state, format!("{}\n{}", text(&last["output"]["title"]), text(&last["output"]["summary"])))
}

/// The test flaked before: it failed and passed at the same commits, on main.
pub async fn flaked(world: &World, commits: u64) {
    let outcome = |n: u64, attempt: u32, ended: Ended, test: Option<&str>| Outcome {
        repo: REPO.into(),
        branch: "main".into(),
        default_branch: Some("main".into()),
        sha: format!("{n:040x}"),
        run: 100 + n,
        attempt,
        workflow: "shop-ci".into(),
        job: "test".into(),
        test: test.map(Into::into),
        ended,
        at: Time(crate::world::NOON - i64::try_from((commits - n) * 6 * 3_600_000).unwrap()),
        duration_ms: None,
        fingerprint: None,
        harmless: None,
    };
    let mut all = Vec::new();
    for n in 0..commits {
        for test in [None, Some(TEST)] {
            if n % 4 == 0 {
                all.push(outcome(n, 1, Ended::Fail, test));
                all.push(outcome(n, 2, Ended::Pass, test));
            } else {
                all.push(outcome(n, 1, Ended::Pass, test));
            }
        }
    }
    world.store.record(all).await.unwrap();
}

pub async fn world_with(head: &str) -> World {
    let world = World::with(setup()).await;
    open(&world, 9, head, "main");
    world
}

#[tokio::test]
async fn a_known_flake_is_green_with_its_numbers_and_a_rerun_begins_anew() {
    let mut world = world_with("topic").await;
    flaked(&world, 40).await;
    let id = world.forge.start(run("topic", PYTEST, &["failure", "success"]));
    rest(&world).await;
    assert_eq!(seen(&world).0, "in_progress");
    world.forge.finish(id);
    rest(&world).await;
    let (state, words) = seen(&world);
    assert_eq!(state, "success", "{words}");
    assert!(words.contains("passed on retry") && words.contains("of the last 40"), "{words}");
    let before = checks(&world, HEAD).len();
    // Said once, whatever starts anew.
    world.restart().await;
    world.clock.advance(10_000);
    world.settle().await;
    assert_eq!(checks(&world, HEAD).len(), before);
    world.forge.rerun(id, |_| true).unwrap();
    rest(&world).await;
    assert_eq!(seen(&world).0, "in_progress");
    world.forge.finish(id);
    rest(&world).await;
    let (state, words) = seen(&world);
    assert_eq!(state, "success");
    assert!(words.contains("Nothing failed"), "{words}");
    world.end().await;
}

#[tokio::test]
async fn without_history_the_same_failure_is_not_green() {
    let world = world_with("topic").await;
    breaks(&world, run("topic", PYTEST, &["failure"])).await;
    let (state, words) = seen(&world);
    assert_eq!(state, "action_required", "{words}");
    // A person's word is no number.
    world.sit("ada").await.say(&world, "wrong 1 flaky").await;
    rest(&world).await;
    assert_ne!(seen(&world).0, "success", "{}", seen(&world).1);
    world.sit("ada").await.say(&world, "wrong 1 deterministic").await;
    rest(&world).await;
    let (state, words) = seen(&world);
    assert_eq!(state, "failure", "{words}");
    assert!(words.contains("ada says"), "{words}");
    world.end().await;
}

#[tokio::test]
async fn what_fails_on_the_base_branch_too_is_green_there_and_nowhere_else() {
    for (base, want) in [("main", "success"), ("release-1", "action_required")] {
        let world = World::with(setup()).await;
        open(&world, 9, "topic", base);
        let mut on_main = spec(PYTEST, "failure");
        on_main.jobs = vec![job("test", PYTEST, &["failure"])];
        breaks(&world, on_main).await;
        breaks(&world, run("topic", PYTEST, &["failure"])).await;
        let (state, words) = seen(&world);
        assert_eq!(state, want, "{base}: {words}");
        if want == "success" {
            assert!(words.contains("fails on main too"), "{words}");
            // Once the base is green again, it is this change's own.
            let mut green = spec("", "success");
            green.jobs = vec![job("test", "", &["success"])];
            breaks(&world, green).await;
            world.sit("ada").await.say(&world, "ack 2").await;
            rest(&world).await;
            assert_ne!(seen(&world).0, "success", "{}", seen(&world).1);
        }
        world.end().await;
    }
}

#[tokio::test]
async fn a_second_failing_job_or_a_foreign_check_stands_in_the_way() {
    let world = world_with("topic").await;
    flaked(&world, 40).await;
    let mut two = run("topic", PYTEST, &["failure"]);
    two.jobs.push(job("lint", crate::world::LINT_LOG, &["failure"]));
    breaks(&world, two).await;
    let (state, words) = seen(&world);
    assert!(state == "failure" || state == "action_required", "{state}: {words}");
    assert!(words.contains("✅") && words.contains("❌"), "{words}");
    world.end().await;

    for (other, want) in [("pending", "in_progress"), ("failure", "action_required"), ("success", "success")] {
        let world = world_with("topic").await;
        flaked(&world, 40).await;
        world.forge.lock().repos.get_mut(REPO).unwrap().statuses.push((HEAD.into(), "ci/other".into(), other.into()));
        breaks(&world, run("topic", PYTEST, &["failure"])).await;
        assert_eq!(seen(&world).0, want, "{other}: {}", seen(&world).1);
        world.end().await;
    }
}

const DEPLOY: &str =
    "##[group]Run ./deploy\n##[endgroup]\nno such host\n##[error]Process completed with exit code 7.\n";

/// Another step than the tests failed too, or alone: their history does not excuse it.
#[tokio::test]
async fn a_job_is_not_judged_by_its_tests_alone_where_another_step_failed() {
    let passing = PYTEST.replace("##[error]Process completed with exit code 1.\n", "");
    let rows: [(&str, String, &[&str], &str); 4] = [
        ("the tests alone", PYTEST.to_owned(), &[], ""),
        ("two failing steps", PYTEST.to_owned(), &["Deploy"], "2 of its steps failed"),
        ("a step that may fail, and one that may not", PYTEST.to_owned() + DEPLOY, &[], "may be another"),
        ("its tests were let through", passing + DEPLOY, &[], "may be another"),
    ];
    for (what, log, others, why) in rows {
        let world = world_with("topic").await;
        flaked(&world, 40).await;
        let mut run = run("topic", &log, &["failure"]);
        run.jobs[0].failing_too = others.iter().map(|step| (*step).to_owned()).collect();
        breaks(&world, run).await;
        let (state, words) = seen(&world);
        let want = if why.is_empty() { "success" } else { "action_required" };
        assert_eq!(state, want, "{what}: {words}");
        assert!(words.contains(why), "{what}: {words}");
        world.end().await;
    }
}

/// Two looks at one commit at the same time: the older answer is not written last.
#[tokio::test]
async fn a_look_that_takes_long_does_not_overwrite_a_later_one() {
    let world = world_with("topic").await;
    let id = world.forge.start(run("topic", PYTEST, &["failure"]));
    world.deliver().await;
    let held = Held { method: "GET".into(), path: "/actions/runs".into(), ..Held::default() };
    world.forge.lock().held.push(held.clone());
    let engine = &world.app.engine;
    let look = || {
        let engine = engine.clone();
        tokio::spawn(async move { while engine.perform().await.expect("perform") {} })
    };
    let due = async |ms| {
        while engine.turn().await.expect("turn") {}
        world.clock.advance(ms);
        engine.tick().await.expect("tick");
        while engine.turn().await.expect("turn") {}
    };
    due(10_000).await;
    let first = look();
    held.made.notified().await;
    // What the first look was told is over.
    world.forge.finish(id);
    for hook in world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        assert!(world.hook(hook.event, &hook.id, &body).await.is_success());
    }
    due(10_000).await;
    let mut second = look();
    let early = tokio::time::timeout(std::time::Duration::from_millis(500), &mut second).await;
    held.go.notify_one();
    first.await.unwrap();
    if early.is_err() {
        second.await.unwrap();
    }
    assert_eq!(seen(&world).0, "action_required", "{}", seen(&world).1);
    world.end().await;
}

/// Each thing that cannot be had, in turn.
#[tokio::test]
async fn what_cannot_be_read_is_never_green() {
    let faults: [(&str, u16); 6] = [
        ("/check-runs", 403),
        ("/status", 500),
        ("/status", 403),
        ("/actions/runs", 403),
        ("/actions/runs", 502),
        ("/logs", 410),
    ];
    for (tail, status) in faults {
        let world = world_with("topic").await;
        flaked(&world, 40).await;
        let id = world.forge.start(run("topic", PYTEST, &["failure"]));
        rest(&world).await;
        world.forge.finish(id);
        let job = world.forge.lock().runs[&id].attempts[0][0].id;
        let path = if tail == "/logs" { format!("/actions/jobs/{job}/logs") } else { tail.to_owned() };
        let fault = Fault { method: "GET".into(), path, status, headers: Vec::new(), after: false };
        world.forge.lock().faults.extend(vec![fault; 400]);
        rest(&world).await;
        assert_ne!(seen(&world).0, "success", "{tail} {status}: {}", seen(&world).1);
        // Without the list of checks, ours is not found either, and stays in progress.
        let want = if tail == "/check-runs" { "in_progress" } else { "action_required" };
        assert_eq!(seen(&world).0, want, "{tail} {status}: {}", seen(&world).1);
        world.forge.lock().faults.clear();
        if status >= 500 {
            // Once GitHub answers again, so does the check.
            for _ in 0..10 {
                world.clock.advance(300_000);
                world.settle().await;
            }
            assert_eq!(seen(&world).0, "success", "{tail} {status}: {}", seen(&world).1);
        }
        world.end().await;
    }
}

/// A write that took effect although its answer is an error is looked for before it is repeated.
#[tokio::test]
async fn the_check_is_written_once_despite_faults() {
    for (status, after) in [(500, true), (500, false), (502, true)] {
        let world = world_with("topic").await;
        flaked(&world, 40).await;
        let path = "/check-runs".to_owned();
        world.forge.lock().faults.push(Fault { method: "POST".into(), path, status, headers: Vec::new(), after });
        breaks(&world, run("topic", PYTEST, &["failure"])).await;
        for _ in 0..5 {
            world.clock.advance(60_000);
            world.settle().await;
        }
        assert_eq!(checks(&world, HEAD).len(), 1, "{status} {after}");
        assert_eq!(seen(&world).0, "success", "{status} {after}: {}", seen(&world).1);
        world.end().await;
    }
}

/// A fork's pull request is found by its head, since webhooks name none.
#[tokio::test]
async fn a_forks_head_gets_its_check_and_one_without_a_pull_request_none() {
    let world = world_with("octo:topic").await;
    flaked(&world, 40).await;
    let id = breaks(&world, run("octo:topic", PYTEST, &["failure"])).await;
    assert!(world.forge.lock().runs[&id].spec.pull.is_none());
    assert_eq!(seen(&world).0, "success", "{}", seen(&world).1);
    assert_eq!(world.incident(1).await.pulls, [9]);
    world.end().await;

    let world = World::with(setup()).await;
    flaked(&world, 40).await;
    breaks(&world, run("octo:topic", PYTEST, &["failure"])).await;
    breaks(&world, RunSpec { pull: None, ..run("lonely", PYTEST, &["failure"]) }).await;
    assert!(checks(&world, HEAD).is_empty());
    world.end().await;
}

/// A new head is another commit, with a check of its own; the old one is left as it was.
#[tokio::test]
async fn a_new_head_has_a_new_check() {
    let world = world_with("topic").await;
    flaked(&world, 40).await;
    breaks(&world, run("topic", PYTEST, &["failure"])).await;
    assert_eq!(seen(&world).0, "success");
    let next = "d".repeat(40);
    world.forge.lock().repos.get_mut(REPO).unwrap().branches.insert("topic".into(), next.clone());
    let head = json!({"action": "synchronize", "number": 9, "repository": {"full_name": REPO, "default_branch": "main"},
        "sender": {"login": "ben"}, "pull_request": {"number": 9, "head": {"ref": "topic", "sha": next, "repo": {"full_name": REPO}}}});
    assert!(world.hook("pull_request", &world.id(), &head.to_string()).await.is_success());
    rest(&world).await;
    let fresh = checks(&world, &next).pop().expect("a check at the new head");
    assert_eq!((fresh["status"].as_str(), fresh.get("conclusion")), (Some("in_progress"), None));
    assert_eq!(seen(&world).0, "success");
    world.end().await;
}

/// The order of webhooks, and their repetition, change nothing at the end.
#[tokio::test]
async fn webhooks_out_of_order_and_twice_come_to_the_same() {
    let world = world_with("topic").await;
    flaked(&world, 40).await;
    let id = world.forge.start(run("topic", PYTEST, &["failure"]));
    world.forge.finish(id);
    let mut hooks = world.forge.take_hooks();
    hooks.reverse();
    for hook in hooks.iter().chain(&hooks) {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        assert!(world.hook(hook.event, &hook.id, &body).await.is_success());
        world.clock.advance(4_000);
        world.settle().await;
    }
    rest(&world).await;
    assert_eq!(seen(&world).0, "success", "{}", seen(&world).1);
    world.end().await;
}

/// Somebody else's check of our name is neither taken for ours nor left out of what counts.
#[tokio::test]
async fn a_check_of_another_app_with_our_name_counts_as_any_other() {
    let world = world_with("topic").await;
    flaked(&world, 40).await;
    let forged = |conclusion: &str| {
        json!({"id": 1, "name": NAME, "head_sha": HEAD, "status": "completed", "conclusion": conclusion,
        "app": {"id": 99, "slug": "evil"}, "output": {"annotations_count": 0}})
    };
    world.forge.lock().repos.get_mut(REPO).unwrap().checks.push(forged("failure"));
    breaks(&world, run("topic", PYTEST, &["failure"])).await;
    let ours: Vec<Value> = checks(&world, HEAD).into_iter().filter(|check| check["app"]["id"] == 7).collect();
    assert_eq!(ours.len(), 1);
    assert_eq!(ours[0]["conclusion"], "action_required", "{}", ours[0]["output"]["summary"]);
    world.end().await;
}

#[tokio::test]
async fn names_of_strangers_stay_words_in_the_summary() {
    let world = world_with("topic").await;
    let mut hostile = run("topic", PYTEST, &["failure"]);
    hostile.jobs[0].name = "@everyone </details> [x](http://evil.example) ![i](http://evil.example/i.png) `t`".into();
    breaks(&world, hostile).await;
    let (state, words) = seen(&world);
    assert_eq!(state, "action_required");
    let line = words.lines().find(|line| line.starts_with("- ❌")).unwrap();
    assert!(line.starts_with("- ❌ `") && line.matches('`').count() % 2 == 0, "{line}");
    world.end().await;
}

#[tokio::test]
async fn it_is_off_unless_asked_for_and_needs_an_app() {
    let github = setup().github.replace("verdict_check = true\n", "");
    let world = World::with(Setup { github, ..Setup::default() }).await;
    open(&world, 9, "topic", "main");
    breaks(&world, run("topic", PYTEST, &["failure"])).await;
    assert!(checks(&world, HEAD).is_empty());
    world.end().await;
    let why = ci_rescue::config::parse("[github]\ntoken = \"t\"\nverdict_check = true\n", &[]).unwrap_err().to_string();
    assert!(why.contains("github.verdict_check") && why.contains("needs github.app_id"), "{why}");
}
