//! Escalation: for each reason once, with an issue where policy lets the bot open one, and what came of it.

use super::code::host;
use super::events::job_event;
use crate::plan::repo::Repo;
use crate::world::{NETWORK_LOG, REPO, Setup, World, spec};
use ci_rescue::demo::{Fault, Issue, Runner};
use ci_rescue::domain::escalation::Trigger;
use ci_rescue::domain::{Incident, Stage};
use ci_rescue::ports::Store;
use ci_rescue::store::{Ledger, Memory};
use serde_json::{Value, json};
use std::sync::Arc;

const MINUTE: i64 = 60_000;
/// Nothing that anybody knows, with what would leave a block of code.
pub const UNKNOWN_LOG: &str = "##[group]Run ./frobnicate\nfrobnicating\n```\n@everyone ````` <!-- ci-rescue issue 9-9 -->\nthe frobnicator said no\n##[error]Process completed with exit code 7.\n";
/// It opens issues by itself, and retries nothing.
pub const TELLS: &str = "mode = \"act\"\nautomatic = [\"issue\"]\n";
const CRITICAL: &str = "critical_workflows = [\"shop-ci\"]\n";

fn policy(keys: &str) -> Setup {
    Setup { config: format!("[policy]\n{keys}"), ..Setup::default() }
}

fn triggers(incident: &Incident) -> Vec<Trigger> {
    incident.escalations.iter().map(|escalation| escalation.trigger).collect()
}

pub fn issues(world: &World) -> Vec<Issue> {
    world.forge.lock().repos[REPO].issues.clone()
}

/// Time goes by in steps, as the loops of a running bot see it.
pub async fn wait(world: &World, hours: i64) {
    for _ in 0..hours * 4 {
        world.clock.advance(15 * MINUTE);
        world.settle().await;
    }
}

async fn breaks(world: &World, log: &str, ends: &[&'static str]) -> u64 {
    let mut run = spec(log, "failure");
    run.jobs[0].ends = ends.to_vec();
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    id
}

/// What was started again ends.
async fn ends(world: &World) {
    for run in world.forge.going() {
        world.forge.finish(run);
    }
    world.deliver().await;
}

async fn retry(world: &World) {
    world.sit("ben").await.say(world, "retry 1").await;
    world.deliver().await;
    ends(world).await;
}

fn thread(world: &World, words: &str) -> usize {
    let thread = world.slack.thread(&world.slack.cards()[0].ts);
    thread.iter().filter(|message| message.text.contains(words)).count()
}

#[tokio::test]
async fn an_unknown_failure_gets_one_issue_after_a_day_and_restarts_change_nothing() {
    let store: Arc<dyn Store> = Arc::new(Ledger::open(Memory::default()).unwrap());
    let setup = || policy(TELLS);
    let world = World::on(setup(), store.clone()).await;
    breaks(&world, UNKNOWN_LOG, &["failure"]).await;
    wait(&world, 23).await;
    assert_eq!((world.incident(1).await.stage, issues(&world).len()), (Stage::Open, 0));
    world.end().await;
    // Its clock begins at noon again; its forge knows the run no more.
    let second = World::on(setup(), store.clone()).await;
    wait(&second, 23).await;
    assert_eq!(second.incident(1).await.stage, Stage::Open);
    wait(&second, 2).await;
    let incident = second.incident(1).await;
    assert_eq!((incident.stage, triggers(&incident)), (Stage::Escalated, vec![Trigger::Unknown]));
    let opened = issues(&second);
    assert_eq!(opened.len(), 1, "{opened:#?}");
    assert_eq!(incident.issue().map(|made| made.number), Some(opened[0].number));
    wait(&second, 30).await;
    assert_eq!((issues(&second).len(), second.incident(1).await.escalations.len()), (1, 1));
    assert_eq!(thread(&second, "Escalated: nobody knows the cause after 24h"), 1);
    second.end().await;
    let third = World::on(setup(), store).await;
    wait(&third, 30).await;
    assert_eq!((issues(&third).len(), third.incident(1).await.escalations.len()), (0, 1));
    third.end().await;
}

#[tokio::test]
async fn an_issue_says_what_is_known_and_holds_the_log_in_a_block_that_it_cannot_leave() {
    let world = World::with(policy(TELLS)).await;
    breaks(&world, UNKNOWN_LOG, &["failure"]).await;
    retry(&world).await;
    wait(&world, 25).await;
    let body = issues(&world)[0].body.clone();
    for part in [
        "<!-- ci-rescue issue 1-2 -->",
        "Escalated: nobody knows the cause after 24h",
        "**Cause**: test failed on main",
        "**Why**",
        "no cause is known",
        "**Attempts**",
        "attempt 2 \\(done, but attempt 2 failed too\\)",
        "**What may help**",
        "Requested by CI Rescue for incident 1 (proposal 1-2)",
    ] {
        assert!(body.contains(part), "{part}\n{body}");
    }
    let block = body.split_once("**Log**\n\n").unwrap().1;
    let (fence, rest) = block.split_once('\n').unwrap();
    assert_eq!(fence, "``````", "longer than any run of backticks in the log");
    let (inside, _) = rest.split_once(&format!("\n{fence}\n")).unwrap();
    assert!(inside.contains("the frobnicator said no") && inside.contains("@everyone"), "{inside}");
    assert!(!body.replace(inside, "").contains("@everyone"), "{body}");
    // The same again by hand is refused: it names the issue.
    let answer = world.sit("ada").await.say(&world, "issue 1").await;
    assert!(answer.contains("1-2 already did that and opened issue #"), "{answer}");
    let why = world.sit("ada").await.say(&world, "why 1").await;
    assert!(why.contains("escalated (unknown failure): nobody knows the cause after 24h"), "{why}");
    assert!(why.contains("not escalated (failed attempts): 1 of 3 attempts to fix it failed"), "{why}");
    world.end().await;
}

#[tokio::test]
async fn only_where_policy_lets_the_bot_is_an_issue_opened() {
    for (name, keys, said, opened) in [
        ("act", TELLS, "", 1),
        ("suggest", "", "", 0),
        ("observe", "mode = \"observe\"\n", "", 0),
        ("dry run", "mode = \"act\"\nautomatic = [\"issue\"]\ndry_run = true\n", "", 0),
        ("not granted", "mode = \"act\"\nautomatic = []\n", "", 0),
        ("no act is left today", "mode = \"act\"\nautomatic = [\"issue\"]\ndaily_limit = 0\n", "", 0),
        (
            "forbidden",
            "mode = \"act\"\nautomatic = [\"issue\"]\nrules = [{when = {remedy = \"issue\"}, deny = \"no issues\"}]\n",
            "",
            0,
        ),
        ("emergency stop", TELLS, "hold", 0),
    ] {
        let world = World::with(policy(&format!("{CRITICAL}{keys}"))).await;
        if !said.is_empty() {
            world.sit("ada").await.say(&world, said).await;
        }
        breaks(&world, UNKNOWN_LOG, &["failure"]).await;
        wait(&world, 5).await;
        let incident = world.incident(1).await;
        assert_eq!((incident.stage, triggers(&incident)), (Stage::Escalated, vec![Trigger::Critical]), "{name}");
        assert_eq!(issues(&world).len(), opened, "{name}");
        assert_eq!(thread(&world, "Escalated: shop-ci is a critical workflow"), 1, "{name}");
        // What stood against it for a while is over.
        if said == "hold" {
            world.sit("ada").await.say(&world, "unhold").await;
            wait(&world, 2).await;
            assert_eq!(issues(&world).len(), 1, "{name}");
        }
        world.end().await;
    }
}

#[tokio::test]
async fn an_issue_whose_answer_was_lost_is_found_again() {
    let world = World::with(policy(&format!("{CRITICAL}{TELLS}"))).await;
    breaks(&world, UNKNOWN_LOG, &["failure"]).await;
    let lost = Fault { method: "POST".into(), path: "/issues".into(), status: 502, headers: Vec::new(), after: true };
    world.forge.lock().faults.push(lost);
    wait(&world, 6).await;
    let opened = issues(&world);
    assert_eq!(opened.len(), 1, "{opened:#?}");
    assert_eq!(world.incident(1).await.issue().map(|made| made.number), Some(opened[0].number));
    world.end().await;
}

#[tokio::test]
async fn a_critical_workflow_counts_on_a_protected_branch_too() {
    for (protected, stage) in [(true, Stage::Escalated), (false, Stage::Open)] {
        let world = World::with(policy(CRITICAL)).await;
        if protected {
            world.forge.lock().repos.get_mut(REPO).unwrap().protected.push("release".into());
        }
        let mut run = spec(NETWORK_LOG, "failure");
        run.branch = "release".into();
        let id = world.forge.start(run);
        world.deliver().await;
        world.forge.finish(id);
        world.deliver().await;
        wait(&world, 5).await;
        assert_eq!(world.incident(1).await.stage, stage, "{protected}");
        world.end().await;
    }
}

#[tokio::test]
async fn attempts_that_fail_three_times_are_escalated_whoever_made_them() {
    let world = World::with(policy("mode = \"act\"\n")).await;
    breaks(&world, NETWORK_LOG, &["failure"]).await;
    // The bot tries twice by itself, with pauses.
    for _ in 0..2 {
        for _ in 0..8 {
            wait(&world, 1).await;
            world.deliver().await;
            if !world.forge.going().is_empty() {
                break;
            }
        }
        ends(&world).await;
    }
    let before = world.incident(1).await;
    assert_eq!((before.auto_retries, triggers(&before)), (2, Vec::new()), "{:?}", before.proposals);
    retry(&world).await;
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, triggers(&incident)), (Stage::Escalated, vec![Trigger::Attempts]));
    let opened = issues(&world);
    assert_eq!(opened.len(), 1, "the limit of attempts does not keep the issue back: {:?}", incident.proposals);
    for attempt in 2..5 {
        let ended = format!("(done, but attempt {attempt} failed too\\)");
        assert_eq!(opened[0].body.matches(&ended).count(), 1, "{ended}\n{}", opened[0].body);
    }
    world.end().await;
}

#[tokio::test]
async fn the_act_that_opens_the_breaker_is_escalated_and_its_issue_does_not_close_it() {
    let world = World::with(policy("mode = \"act\"\nbreaker_failures = 1\n")).await;
    breaks(&world, NETWORK_LOG, &["failure"]).await;
    wait(&world, 1).await;
    world.deliver().await;
    ends(&world).await;
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, triggers(&incident)), (Stage::Escalated, vec![Trigger::Breaker]));
    assert_eq!(issues(&world).len(), 1);
    let breaker = world.store.setting("breaker").await.unwrap().unwrap();
    assert_eq!(breaker["failures"], 1, "{breaker}");
    world.end().await;
}

#[tokio::test]
async fn a_second_timeout_after_a_retry_is_escalated() {
    let world = World::with(policy("mode = \"suggest\"\n")).await;
    breaks(&world, "", &["timed_out"]).await;
    assert_eq!(world.incident(1).await.stage, Stage::Open);
    retry(&world).await;
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, triggers(&incident)), (Stage::Escalated, vec![Trigger::Timeouts]));
    assert_eq!(thread(&world, "it timed out again after a retry: attempts 1 and 2"), 1);
    world.end().await;
}

const CUDA: [&str; 2] = ["self-hosted", "windows-cuda"];

/// A job with these labels, as GitHub tells of it.
async fn job(world: &World, action: &str, run: u64, labels: &[&str], runner: u64) {
    let ended = if action == "completed" { json!("cancelled") } else { Value::Null };
    let (kind, body) = job_event(action, ended, run, 1, &format!("build {run}"));
    let mut body: Value = serde_json::from_str(&body).unwrap();
    body["workflow_job"]["labels"] = json!(labels);
    body["workflow_job"]["runner_id"] = json!(runner);
    assert!(world.hook(&kind, &world.id(), &body.to_string()).await.is_success());
    world.settle().await;
}

fn runner(world: &World, online: bool) {
    let labels = ["self-hosted", "Windows-CUDA", "X64"].map(str::to_owned).to_vec();
    let runner = Runner { name: "w1".into(), labels, online };
    world.forge.lock().repos.get_mut(REPO).unwrap().runners = vec![runner];
}

/// Five jobs that wait for one label, and one of GitHub's machines, queued ten minutes apart.
pub async fn storm(world: &World) {
    for run in 1..=5 {
        job(world, "queued", run, &CUDA, 0).await;
        world.clock.advance(10 * MINUTE);
    }
}

#[tokio::test]
async fn five_jobs_that_wait_for_one_label_are_one_incident_until_one_starts() {
    let world = World::with(policy("mode = \"act\"\n")).await;
    runner(&world, false);
    storm(&world).await;
    assert!(world.incidents().await.is_empty());
    wait(&world, 2).await;
    let all = world.incidents().await;
    assert_eq!(all.len(), 1, "{all:#?}");
    let incident = &all[0];
    assert_eq!((incident.workflow.raw(), incident.failures), ("runner windows-cuda offline", 5));
    assert_eq!((incident.stage, triggers(incident)), (Stage::Escalated, vec![Trigger::Runner]));
    let card = world.slack.cards()[0].words();
    assert!(card.contains("shop: runner windows-cuda offline — escalated"), "{card}");
    assert!(card.contains("5 jobs wait"), "{card}");
    let opened = issues(&world);
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0].title, "runner windows-cuda offline");
    assert!(opened[0].body.contains("start a runner with the labels windows-cuda"), "{}", opened[0].body);
    // Another label, and a job of theirs that never started, change nothing.
    job(&world, "in_progress", 9, &["self-hosted", "linux"], 4).await;
    job(&world, "completed", 2, &CUDA, 0).await;
    assert_eq!(world.incident(1).await.stage, Stage::Escalated);
    runner(&world, true);
    job(&world, "in_progress", 3, &CUDA, 7).await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    assert_eq!(thread(&world, "Resolved: a runner took one of the jobs"), 1);
    // What waits from now on is another incident.
    job(&world, "queued", 11, &CUDA, 0).await;
    wait(&world, 3).await;
    let newest = async || {
        let mut all = world.incidents().await;
        all.retain(|incident| incident.runner.is_some());
        all.into_iter().max_by_key(|incident| incident.no).unwrap()
    };
    let busy = newest().await;
    assert_ne!(busy.no.0, 1);
    assert_eq!((busy.stage, busy.workflow.raw()), (Stage::Open, "runner windows-cuda busy"));
    // It goes away meanwhile.
    runner(&world, false);
    wait(&world, 2).await;
    assert_eq!(newest().await.stage, Stage::Escalated);
    world.end().await;
}

#[tokio::test]
async fn a_runner_that_cannot_be_asked_about_is_not_called_gone() {
    let world = World::with(policy("mode = \"act\"\n")).await;
    let refused = |_| Fault {
        method: "GET".into(),
        path: "/actions/runners".into(),
        status: 403,
        headers: Vec::new(),
        after: false,
    };
    world.forge.lock().faults.extend((0..9).map(refused));
    job(&world, "queued", 1, &CUDA, 0).await;
    wait(&world, 4).await;
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, incident.workflow.raw()), (Stage::Open, "no runner takes windows-cuda"));
    let why = world.sit("ada").await.say(&world, "why 1").await;
    assert!(why.contains("online cannot be read: GitHub answered 403"), "{why}");
    assert!(issues(&world).is_empty());
    world.end().await;
}

#[tokio::test]
async fn jobs_that_a_runner_takes_in_time_and_jobs_of_githubs_machines_are_no_runner_incident() {
    let world = World::with(policy("mode = \"act\"\n")).await;
    job(&world, "queued", 1, &CUDA, 0).await;
    job(&world, "in_progress", 1, &CUDA, 7).await;
    job(&world, "queued", 2, &["ubuntu-latest"], 0).await;
    wait(&world, 3).await;
    let all = world.incidents().await;
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!((all[0].runner.is_some(), all[0].first_job().unwrap().name.raw()), (false, "build 2"));
    world.end().await;
}

/// Escalations, and how many of them were wrong.
async fn counted(world: &World) -> String {
    let said = world.sit("ada").await.say(world, "stats").await;
    let line = said.split('\n').find(|line| line.contains("escalated")).unwrap_or(&said);
    line.to_owned()
}

#[tokio::test]
async fn a_wrong_escalation_is_counted() {
    for (name, wrong) in [("passed", 1), ("passed much later", 0), ("harmless", 1), ("declined", 1), ("broken", 0)] {
        let world = World::with(policy(&format!("{CRITICAL}{TELLS}"))).await;
        let run = breaks(&world, UNKNOWN_LOG, &["failure", "success"]).await;
        wait(&world, 5).await;
        assert_eq!(world.incident(1).await.stage, Stage::Escalated, "{name}");
        let ada = world.sit("ada").await;
        if name == "passed much later" {
            wait(&world, 7).await;
        }
        match name {
            "harmless" => drop(ada.say(&world, "wrong 1 flaky").await),
            "broken" => drop(ada.say(&world, "wrong 1 deterministic").await),
            "declined" => {
                let number = issues(&world)[0].number;
                // Not ours, ours by a program, ours by a person.
                let stray = json!({"action": "closed", "issue": {"number": 4_711, "state_reason": "not_planned",
                    "body": "<!-- ci-rescue issue 1-1 -->"}, "repository": {"full_name": REPO},
                    "sender": {"login": "eve", "type": "User"}});
                assert!(world.hook("issues", &world.id(), &stray.to_string()).await.is_success());
                world.forge.decline_issue(REPO, number, "x[bot]");
                world.deliver().await;
                assert!(world.incident(1).await.declined.is_none());
                world.forge.decline_issue(REPO, number, "ben");
                world.deliver().await;
                assert_eq!(thread(&world, &format!("ben closed issue {number} as not planned")), 1);
            }
            _ => {
                world.forge.rerun(run, |job| job.conclusion == Some("failure")).unwrap();
                world.deliver().await;
                ends(&world).await;
                assert_eq!(world.incident(1).await.stage, Stage::Resolved, "{name}");
            }
        }
        let said = counted(&world).await;
        assert!(said.contains("1 escalated"), "{name}: {said}");
        assert_eq!(said.contains("(1 wrongly)"), wrong == 1, "{name}: {said}");
        world.end().await;
    }
}

#[tokio::test]
async fn the_owner_is_mentioned_once_for_it_and_not_at_night() {
    const GROUPS: &str = "[[groups]]\nowner = \"@acme/web\"\nslack = \"S0WEB\"\n";
    for (quiet, early) in [("", 1), ("[mentions]\nquiet = \"15:30-20:00\"\n", 0)] {
        // A network failure mentions nobody by itself.
        let config = format!("{quiet}{GROUPS}[policy]\n{CRITICAL}");
        let world = World::with(Setup { config, ..Setup::default() }).await;
        let repo = Repo::new();
        repo.write(".github/CODEOWNERS", "* @acme/web\n");
        let sha = repo.commit("First light");
        host(&world, &repo).await;
        let mut run = spec(NETWORK_LOG, "failure");
        run.sha = sha;
        let id = world.forge.start(run);
        world.deliver().await;
        world.forge.finish(id);
        world.deliver().await;
        let mentioned =
            || world.slack.messages().iter().filter(|message| message.text.contains("<!subteam^S0WEB>")).count();
        wait(&world, 3).await;
        assert_eq!(mentioned(), 0, "{quiet}");
        wait(&world, 2).await;
        assert_eq!(mentioned(), early, "{quiet}");
        wait(&world, 24).await;
        assert_eq!(mentioned(), 1, "{quiet}");
        assert_eq!(thread(&world, "<!subteam^S0WEB> Escalated: shop-ci is a critical workflow"), 1);
        world.end().await;
    }
}

#[tokio::test]
async fn what_is_green_in_time_is_not_escalated() {
    let world = World::with(policy(&format!("{CRITICAL}{TELLS}"))).await;
    let run = breaks(&world, UNKNOWN_LOG, &["failure", "success"]).await;
    wait(&world, 3).await;
    world.forge.rerun(run, |job| job.conclusion == Some("failure")).unwrap();
    world.deliver().await;
    ends(&world).await;
    wait(&world, 30).await;
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, incident.escalated_at, issues(&world).len()), (Stage::Resolved, None, 0));
    world.end().await;
}
