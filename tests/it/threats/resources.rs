//! E and G: addresses that lead elsewhere, patterns that might backtrack, documents that grow, and who asks too much.

use crate::flows::surfaces::{PULL, everywhere};
use crate::outages::{later, work};
use crate::world::{NETWORK_LOG, REPO, Setup, World, spec};
use ci_rescue::demo::Fault;
use ci_rescue::domain::Stage;
use ci_rescue::edit::yaml::Tree;
use ci_rescue::evidence::{Analyzer, archive};
use std::process::Command;

/// Our own address is one of this machine, so that such addresses are allowed; these never are.
#[tokio::test]
async fn threat_087_a_log_is_fetched_by_http_and_without_a_password() {
    for location in [
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/x",
        "ftp://127.0.0.1/x",
        "data:text/plain,error",
        "http://user:open-sesame@127.0.0.1:1/x",
        "http://[::1",
    ] {
        let world = World::new().await;
        let headers = vec![("location".into(), location.into())];
        let fault = Fault { method: "GET".into(), path: "/logs".into(), status: 302, headers, after: false };
        world.forge.lock().faults.push(fault);
        world.broken_run(NETWORK_LOG, "success").await;
        let cards = world.slack.cards();
        assert_eq!(cards.len(), 1, "{location}");
        let words = cards[0].words();
        assert!(words.contains("No log") && !words.contains("open-sesame"), "{location}: {words}");
        world.end().await;
    }
}

/// Linear by construction: no other engine of patterns is part of the program.
#[test]
fn threat_107_patterns_do_not_backtrack() {
    let lock = include_str!("../../../Cargo.lock");
    for engine in ["fancy-regex", "pcre2", "pcre2-sys", "onig", "onig_sys", "regress", "hyperscan"] {
        assert!(!lock.contains(&format!("name = \"{engine}\"\n")), "{engine}");
    }
    let dir = tempfile::tempdir().unwrap();
    let (own, log) = (dir.path().join("own.toml"), dir.path().join("log"));
    let row = "[[issue]]\nid = \"evil\"\nwords = [\"aaa\"]\npattern = '''^(a+)+$'''\ncategory = \"infra\"\nseverity = \"normal\"\n\
        fix_type = \"\"\nsolution = \"Wait.\"\nconfidence = 0.9\nexample = '''aaaa'''\n";
    std::fs::write(&own, row).unwrap();
    std::fs::write(&log, format!("{}!\n", "a".repeat(1 << 20))).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    let done = program.args(["analyze", "--known-issues"]).args([&own, &log]).env_remove("RUST_LOG").output().unwrap();
    assert!(done.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Every shipped pattern meets a megabyte of what makes others backtrack, as one line and as many.
#[test]
fn threat_107_hostile_lines_are_read_to_their_end() {
    for piece in ["a", " ", "(", "0", "/", "a.", "error: a", "-", "\t", "ab@", "=", "A_", "::", "\u{e9}"] {
        let many = piece.repeat((1 << 20) / piece.len());
        for log in [many.clone(), format!("error: {many}!"), format!("{piece}\n").repeat(20_000)] {
            let mut analyzer = Analyzer::default();
            analyzer.feed(log.as_bytes());
            assert!(analyzer.finish().evidence.lines > 0, "{piece}");
        }
    }
}

#[test]
fn threat_109_aliases_are_not_multiplied() {
    let mut text = "a0: &a0 [lol]\n".to_owned();
    for n in 1..=40 {
        text += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "));
    }
    // Nine to the power of forty, were they copied.
    let read = Tree::read(&text).map(|tree| tree.text.len());
    assert!(read.is_err() || read == Ok(text.len()));
}

/// Read within its size: a report says a bounded number of names, however many it holds.
#[test]
fn threat_109_a_report_of_a_million_tests_is_bounded() {
    const TESTS: usize = 1_000_000;
    const CASE: &str = "<testcase name=\"t\"><failure/></testcase>";
    let all = format!("<testsuite>{}</testsuite>", CASE.repeat(TESTS));
    match archive::report(all.as_bytes()) {
        Ok(report) => assert!(format!("{report:?}").len() < 1 << 20),
        Err(why) => assert!(why.contains("MiB"), "{why}"),
    }
}

/// Names that are alike to a hash without a key, Java's: `Aa` and `BB`.
#[tokio::test]
async fn threat_110_names_of_one_hash_cost_no_more_than_others() {
    let name = |n: u32| (0..16).map(|bit| if (n >> bit) & 1 == 0 { "Aa" } else { "BB" }).collect::<String>();
    let keys: String = (0..1 << 16).map(|n| format!("\"{}\":1,", name(n))).collect();
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let body = format!("{{\"workflow_job\":{{{keys}\"id\":1}},\"action\":\"completed\"}}");
    assert!(world.hook("workflow_job", "flood", &body).await.is_success());
    world.settle().await;
    let log: String = (0..1 << 12).map(|n| format!("FAILED tests/{}.py::test_x - error\n", name(n))).collect();
    world.broken_run(&log, "success").await;
    assert_eq!(world.incidents().await.len(), 1);
    world.end().await;
}

/// What a process writes to GitHub while somebody comments without end: its limit of 80 a minute holds, and what others
/// ask is done among it.
#[tokio::test]
async fn threat_112_a_thousand_commands_in_a_minute_hold_nobody_up() {
    const COMMANDS: u32 = 1_000;
    const OTHER: &str = "acme/quiet";
    let world = everywhere("").await;
    world.forge.add_repo(OTHER);
    world.forge.permit(OTHER, "cyd", "write");
    let writes = || world.forge.lock().calls.iter().filter(|call| call.method != "GET").count();
    let before = writes();
    for n in 0..COMMANDS {
        world.forge.comment(REPO, PULL, "ben", "/rescue retry 1");
        take_in(&world).await;
        if n % 17 == 0 {
            later(&world, 1_000).await;
        }
    }
    assert!(writes() - before <= 80, "{} writes to GitHub in a minute", writes() - before);
    assert_eq!(world.reruns(), 1);
    // Meanwhile something else breaks: its card comes, and it is retried.
    let mut run = spec(&NETWORK_LOG.replace("ECONNRESET", "ETIMEDOUT"), "success");
    (run.repo, run.workflow) = (OTHER.into(), "quiet-ci".into());
    let id = world.forge.start(run);
    world.forge.finish(id);
    take_in(&world).await;
    let no = world.incidents().await.iter().map(|incident| incident.no.0).max().unwrap();
    world.sit("cyd").await.post("/command", &[("text", format!("retry {no}").as_str())]).await;
    for _ in 0..600 {
        later(&world, 1_000).await;
    }
    assert_eq!(world.forge.lock().runs[&id].attempt, 2, "it was re-run within ten minutes");
    assert_ne!(world.incident(no).await.stage, Stage::Open);
    world.end().await;
}

async fn take_in(world: &World) {
    for hook in world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        assert!(world.hook(hook.event, &hook.id, &body).await.is_success());
    }
    work(world).await;
}
