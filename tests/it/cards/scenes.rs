//! Every state in which people see an incident, each brought about as it comes about: by a webhook, a click, the time.
//!
//! A new stage, scope or state of a proposal does not compile until it has a scene.

use crate::flows::agents::{self, Lab};
use crate::flows::deployments::waits;
use crate::flows::escalation::{self, UNKNOWN_LOG};
use crate::flows::surfaces::{self, everywhere_with};
use crate::flows::{code, events, quarantine, queues, requests, schedules, suspects};
use crate::plan::repo::Repo;
use crate::sinks::{TEAM, mail_section, posts_section, subscribed};
use crate::world::receiver::Receiver;
use crate::world::smtp::SmtpDouble;
use crate::world::{HandClock, LINT_LOG, NETWORK_LOG, REPO, Setup, World, spec};
use ci_rescue::demo::{Fault, Gate};
use ci_rescue::domain::{ProposalState, Scope, Stage};
use serde_json::json;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A world in which this incident is as the scene says.
pub struct Shown {
    pub world: World,
    pub mail: SmtpDouble,
    pub receiver: Receiver,
    pub no: u64,
}

/// The scene in which people see a stage.
pub fn of_stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Open => "open",
        Stage::AwaitingApproval => "awaiting_approval",
        Stage::Running => "running",
        Stage::Resolved => "resolved",
        Stage::Quarantined => "quarantined",
        Stage::Escalated => "escalated",
    }
}

/// The scene of what an incident is about.
pub fn of_scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Job => "open",
        Scope::Run => "a_run_without_jobs",
        Scope::Check | Scope::Suite => "a_check",
        Scope::Status => "a_status",
        Scope::Alert => "a_security_alert",
        Scope::Runner => "a_runner_offline",
        Scope::Deployment => "a_deployment_waits",
        Scope::Queue => "thrown_out_without_a_run",
        Scope::Schedule => "a_silent_schedule",
        Scope::Request => "a_request",
    }
}

/// The scene in which the newest proposal stands so.
pub fn of_state(state: &ProposalState) -> &'static str {
    match state {
        ProposalState::Planning => "planning",
        ProposalState::Awaiting => "awaiting_approval",
        ProposalState::Waiting => "waiting_for_its_run",
        ProposalState::Running { .. } => "acting",
        ProposalState::Undoing { .. } => "undoing",
        ProposalState::Done => "a_pull_request_made",
        ProposalState::Undone { .. } => "undone",
        ProposalState::Failed { .. } => "a_retry_that_failed",
        ProposalState::Refused { .. } => "refused",
        ProposalState::Rejected { .. } => "rejected",
        ProposalState::Cancelled { .. } => "cancelled",
        ProposalState::Expired => "expired",
    }
}

/// One of each.
pub fn states() -> [ProposalState; 12] {
    let why = String::new;
    [
        ProposalState::Planning,
        ProposalState::Awaiting,
        ProposalState::Waiting,
        ProposalState::Running { step: 0 },
        ProposalState::Undoing { step: 0, why: why(), by: None },
        ProposalState::Done,
        ProposalState::Undone { why: why(), by: None },
        ProposalState::Failed { why: why() },
        ProposalState::Refused { why: Vec::new() },
        ProposalState::Rejected { by: why() },
        ProposalState::Cancelled { by: why() },
        ProposalState::Expired,
    ]
}

/// Those who write letters, and a world that tells all surfaces.
struct Ground {
    setup: Setup,
    mail: SmtpDouble,
    receiver: Receiver,
}

impl Ground {
    async fn new(config: &str) -> Self {
        let clock = HandClock::new();
        let (mail, receiver) = (SmtpDouble::start(&clock, None).await, Receiver::start(&clock).await);
        let config = format!(
            "{config}{}{}{}{}",
            mail_section(&mail),
            posts_section(&receiver),
            subscribed("email", TEAM, REPO),
            subscribed("teams", "builds", REPO)
        );
        Self { setup: Setup { config, discord: true, clock: Some(clock), ..Setup::default() }, mail, receiver }
    }

    /// As incident 1, 2… of the world that this makes.
    async fn with<T>(self, no: u64, make: impl AsyncFnOnce(Setup) -> (World, T)) -> (Shown, T) {
        let Self { setup, mail, receiver } = self;
        let (world, more) = make(setup).await;
        (Shown { world, mail, receiver, no }, more)
    }
}

/// A pull request's run that failed.
async fn on_pull(config: &str) -> Shown {
    let ground = Ground::new(config).await;
    ground.with(1, async |setup| (everywhere_with(setup).await, ())).await.0
}

/// A world in which nothing has happened.
async fn quiet(config: &str) -> Shown {
    let ground = Ground::new(config).await;
    ground.with(1, async |setup| (World::with(setup).await, ())).await.0
}

/// A run of main that failed.
async fn on_main(config: &str, log: &str) -> Shown {
    let shown = quiet(config).await;
    shown.world.broken_run(log, "success").await;
    shown
}

/// A test that fails on main, as incident 2, in a repository of real git.
async fn in_code(config: &str) -> (Shown, Repo) {
    let ground = Ground::new(config).await;
    ground.with(2, async |setup| quarantine::flaky_in(setup).await).await
}

impl Shown {
    /// People say these in Slack, one after the other: `UADA retry 1`.
    async fn say(self, all: &[&str]) -> Self {
        for words in all {
            let (user, text) = words.split_once(' ').unwrap();
            self.world.slack.command(user, text).await;
            self.world.settle().await;
        }
        self
    }

    /// What goes on at the forge ends.
    async fn finish(self) -> Self {
        self.world.deliver().await;
        for run in self.world.forge.going() {
            self.world.forge.finish(run);
        }
        self.world.deliver().await;
        self
    }

    fn fails(&self, method: &str, path: &str, status: u16, times: usize) {
        let fault = Fault { method: method.into(), path: path.into(), status, headers: Vec::new(), after: false };
        self.world.forge.lock().faults.extend(std::iter::repeat_n(fault, times));
    }

    async fn later(self, ms: i64) -> Self {
        self.world.clock.advance(ms);
        self.world.settle().await;
        self
    }

    async fn hear(&self, event: &str, body: &str) {
        assert!(self.world.hook(event, &self.world.id(), body).await.is_success());
        self.world.settle().await;
    }
}

const ONE_APPROVAL: &str = "[policy.approvals]\nretry = 1\n";
const ACTS: &str = "[policy]\nmode = \"act\"\n";

pub async fn open() -> Shown {
    on_pull("").await
}

pub async fn open_where_a_retry_hardly_helps() -> Shown {
    on_main("", LINT_LOG).await
}

pub async fn awaiting_approval() -> Shown {
    on_pull(ONE_APPROVAL).await.say(&["UBEN retry 1"]).await
}

pub async fn running() -> Shown {
    let shown = on_pull("").await.say(&["UBEN retry 1"]).await;
    shown.world.deliver().await;
    shown
}

pub async fn resolved() -> Shown {
    on_pull("").await.say(&["UBEN retry 1"]).await.finish().await
}

pub async fn quarantined() -> Shown {
    let (shown, repo) = in_code("").await;
    let shown = shown.say(&["UADA quarantine 2", "UCYD approve 2"]).await;
    quarantine::merge(&shown.world, &repo, "ci-rescue/quarantine/2-1").await;
    shown
}

pub async fn escalated() -> Shown {
    let config = "[policy]\nmode = \"act\"\nautomatic = [\"issue\"]\ncritical_workflows = [\"shop-ci\"]\n";
    let shown = on_main(config, UNKNOWN_LOG).await;
    escalation::wait(&shown.world, 5).await;
    shown
}

pub async fn escalated_after_failed_attempts() -> Shown {
    let mut shown = on_pull("").await;
    for _ in 0..3 {
        shown = shown.say(&["UBEN retry 1"]).await;
        shown.world.deliver().await;
        for run in shown.world.forge.going() {
            let mut state = shown.world.forge.lock();
            state.runs.get_mut(&run).unwrap().spec.jobs.iter_mut().for_each(|job| job.ends = vec!["failure"]);
            drop(state);
            shown.world.forge.finish(run);
        }
        shown.world.deliver().await;
    }
    shown
}

pub async fn acknowledged() -> Shown {
    on_pull("").await.say(&["UADA ack 1"]).await
}

pub async fn assigned() -> Shown {
    on_pull("").await.say(&["UADA assign 1 @ben"]).await
}

pub async fn snoozed() -> Shown {
    on_pull("").await.say(&["UADA snooze 1 2h"]).await
}

pub async fn closed_by_hand() -> Shown {
    on_pull("").await.say(&["UADA resolve 1 the branch is gone"]).await
}

pub async fn closed_with_its_pull_request() -> Shown {
    let shown = on_pull("").await;
    let pull = ci_rescue::demo::Pull { open: true, ..ci_rescue::demo::Pull::merged(surfaces::PULL, "Count", None) };
    shown.world.forge.lock().repos.get_mut(REPO).unwrap().pulls.push(pull);
    shown.world.forge.end_pull(REPO, surfaces::PULL, "ben", None);
    shown.world.deliver().await;
    shown
}

pub async fn reopened() -> Shown {
    on_pull("").await.say(&["UADA resolve 1", "UADA reopen 1"]).await
}

/// The younger one has no card of its own: its pull request shows this one.
pub async fn adopting_another() -> Shown {
    let shown = on_pull("").await;
    let mut run = spec(NETWORK_LOG, "success");
    (run.branch, run.pull, run.sha) = ("other".into(), Some(10), "2b".repeat(20));
    let id = shown.world.forge.start(run);
    shown.world.forge.finish(id);
    shown.world.deliver().await;
    shown
}

pub async fn the_base_fails_too() -> Shown {
    let shown = on_main("", NETWORK_LOG).await;
    let mut run = spec(NETWORK_LOG, "success");
    (run.branch, run.pull) = ("topic".into(), Some(surfaces::PULL));
    let id = shown.world.forge.start(run);
    shown.world.forge.finish(id);
    shown.world.deliver().await;
    Shown { no: 2, ..shown }
}

pub async fn held_by_the_emergency_stop() -> Shown {
    on_main(ACTS, NETWORK_LOG).await.say(&["UBEN hold the registry is down"]).await.later(HOUR).await
}

/// One that failed and passed at the same commit before.
pub async fn a_flaky_test() -> Shown {
    let shown = quiet("").await;
    for n in 1..=4_u64 {
        let mut run = spec(quarantine::PYTEST_LOG, "success");
        run.sha = format!("{n:040x}");
        let id = shown.world.forge.start(run);
        shown.world.forge.finish(id);
        shown.world.deliver().await;
        if n < 4 {
            shown.world.slack.command("UBEN", &format!("retry {n}")).await;
            shown.world.settle().await;
            shown.world.deliver().await;
            shown.world.forge.finish(id);
            shown.world.deliver().await;
            shown.world.clock.advance(HOUR);
        }
    }
    Shown { no: 4, ..shown }
}

pub async fn a_verdict_corrected() -> Shown {
    on_pull("").await.say(&["UADA wrong 1 infra"]).await
}

pub async fn while_a_provider_is_down() -> Shown {
    use crate::flows::providers::{OPEN, Said, page, wait};
    let said: Said = std::sync::Arc::new(std::sync::Mutex::new(OPEN));
    let at = page(&said).await;
    let url = format!("http://{at}/api/v2/summary.json");
    let shown = quiet(&format!("{ACTS}[[providers]]\nname = \"GitHub\"\nurl = \"{url}\"\n")).await;
    wait(&shown.world, 5).await;
    shown.world.broken_run(NETWORK_LOG, "success").await;
    shown
}

pub async fn three_red_nights() -> Shown {
    let shown = quiet("").await;
    shown.world.forge.workflow(REPO, "nightly", "nightly.yml", schedules::NIGHTLY);
    for n in 1..=3 {
        schedules::run(&shown.world, n, super::TRACE_LOG, "failure", true).await;
        shown.world.clock.advance(24 * HOUR);
    }
    shown
}

pub async fn a_silent_schedule() -> Shown {
    let shown = quiet("").await;
    shown.world.forge.workflow(REPO, "nightly", "nightly.yml", schedules::NIGHTLY);
    schedules::hours(&shown.world, 20).await;
    shown
}

pub async fn thrown_out_of_a_merge_queue() -> Shown {
    let shown = quiet("").await;
    let world = &shown.world;
    world.forge.queueable(REPO, surfaces::PULL, "ben", &"a".repeat(40));
    for hook in queues::fails(world, surfaces::PULL, &queues::group(1), &"b".repeat(40), super::TRACE_LOG) {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        assert!(world.hook(hook.event, &hook.id, &body).await.is_success());
    }
    world.settle().await;
    world.forge.dequeue(REPO, surfaces::PULL, "CI_FAILURE");
    world.deliver().await;
    shown
}

pub async fn thrown_out_without_a_run() -> Shown {
    let shown = quiet("").await;
    for n in 1..=12 {
        shown.world.forge.queueable(REPO, n, "ben", &queues::group(100 + n));
        shown.world.forge.dequeue(REPO, n, if n == 1 { "CI_FAILURE" } else { "MERGE_CONFLICT" });
    }
    shown.world.deliver().await;
    shown
}

async fn deployment() -> (Shown, u64) {
    let shown = quiet("").await;
    let gates = vec![Gate::new(11, "production", &["ada", "cyd"], &[]), Gate::new(12, "eu", &[], &["ops"])];
    let run = waits(&shown.world, gates).await;
    (shown, run)
}

pub async fn a_deployment_waits() -> Shown {
    deployment().await.0
}

pub async fn a_deployment_waits_for_a_review_on_github() -> Shown {
    let (shown, run) = deployment().await;
    shown.world.forge.lock().gates.get_mut(&run).unwrap().iter_mut().for_each(|gate| gate.ours = false);
    shown.later(31 * MINUTE).await
}

pub async fn a_deployment_approved() -> Shown {
    let (shown, run) = deployment().await;
    shown.world.forge.decide(run, "zoe", true);
    shown.world.deliver().await;
    shown
}

pub async fn a_runner_offline() -> Shown {
    let shown = quiet("[policy]\nmode = \"act\"\nautomatic = [\"issue\"]\n").await;
    escalation::storm(&shown.world).await;
    escalation::wait(&shown.world, 2).await;
    shown
}

/// What the forge tells of something that is no job.
async fn told(kind: &str, body: serde_json::Value) -> Shown {
    let shown = quiet("").await;
    let (event, body) = events::with(kind, body);
    shown.hear(&event, &body).await;
    shown
}

const SHA: &str = "1a2b3c4d5e6f70819293a4b5c6d7e8f901234567";

pub async fn a_run_without_jobs() -> Shown {
    let shown = quiet("").await;
    let (event, body) = events::run_event(json!("startup_failure"), 7, 1, false);
    shown.hear(&event, &body).await;
    shown
}

pub async fn a_check() -> Shown {
    let check = json!({"id": 5, "name": "coverage", "head_sha": SHA, "conclusion": "failure", "status": "completed",
        "details_url": "https://ci.example/1", "app": {"id": 3, "slug": "other-ci", "name": "Other CI"},
        "check_suite": {"head_branch": "main"}, "pull_requests": []});
    told("check_run", json!({"action": "completed", "check_run": check})).await
}

pub async fn a_status() -> Shown {
    let status = json!({"sha": SHA, "state": "failure", "context": "ci/legacy", "branches": [{"name": "main"}],
        "target_url": "https://ci.example/2"});
    told("status", status).await
}

pub async fn a_security_alert() -> Shown {
    let alert = json!({"number": 3, "html_url": "https://elsewhere.example/x",
        "security_advisory": {"summary": "Prototype pollution in qs"}});
    told("dependabot_alert", json!({"action": "created", "alert": alert})).await
}

pub async fn a_storm() -> Shown {
    let shown = quiet("").await;
    for n in 0..25 {
        let (event, body) = events::job_event("completed", json!("failure"), 7, 1, &format!("test {n}"));
        let body = body.replace("elsewhere.example", "github.example");
        assert!(shown.world.hook(&event, &shown.world.id(), &body).await.is_success());
    }
    shown.world.settle().await;
    shown
}

/// A backport of an open pull request, which waits for the merge.
pub async fn a_request() -> Shown {
    let ground = Ground::new("").await;
    let (shown, _) = ground.with(1, async |setup| requests::open_pull_in(setup).await).await;
    shown.world.forge.comment(REPO, 30, "ada", "/rescue backport to=release-1");
    shown.world.deliver().await;
    shown
}

pub async fn a_hook_that_nobody_confirmed() -> Shown {
    let shown = quiet("").await;
    let body = json!({"event": "failure", "repo": REPO, "ref": "main", "sha": "abcdef1234", "run_id": 424_242,
        "run_url": "https://evil.example/x", "failed_jobs": ["build"], "logs_tail": "npm error code ECONNRESET"});
    let url = format!("http://{}/hooks/ci", shown.world.public_at);
    let answer = shown.world.http.post(url).header("x-bot-token", "hook-token").json(&body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 202);
    shown.world.settle().await;
    shown
}

pub async fn a_failing_test_with_the_lines_it_points_at() -> Shown {
    let shown = quiet("").await;
    let file = ("src/shop/cart.py".to_owned(), "…".to_owned());
    shown.world.forge.lock().repos.get_mut(REPO).unwrap().files.extend([file]);
    let mut run = spec(super::TRACE_LOG, "failure");
    run.pull = Some(surfaces::PULL);
    let id = shown.world.forge.start(run);
    shown.world.forge.finish(id);
    shown.world.deliver().await;
    shown
}

pub async fn a_suspect() -> Shown {
    let ground = Ground::new("").await;
    let commits = [
        suspects::LINES,
        ("Divide the price", "shop/cart.py", "def total(price):\n    return price / 0\n"),
        suspects::THREE,
    ];
    let make = async |setup| suspects::since_green_in(setup, &commits, suspects::GREEN_LOG).await;
    ground.with(1, make).await.0
}

pub async fn planning() -> Shown {
    let (shown, _) = in_code("").await;
    shown.fails("GET", "/pulls/117", 503, 3);
    Shown { no: 1, ..shown }.say(&["UADA revert 1 pr=117"]).await
}

/// One job has failed while another goes on.
pub async fn waiting_for_its_run() -> Shown {
    let shown = quiet("").await;
    let mut run = spec(NETWORK_LOG, "success");
    run.jobs[1].ends = vec!["success"];
    let id = shown.world.forge.start(run);
    shown.world.deliver().await;
    {
        let mut state = shown.world.forge.lock();
        state.runs.get_mut(&id).unwrap().attempts[0][0].conclusion = Some("failure");
        let job = state.runs[&id].attempts[0][0].id;
        state.tell_job(id, job);
    }
    shown.world.deliver().await;
    shown.say(&["UBEN retry 1"]).await
}

pub async fn acting() -> Shown {
    let shown = on_pull("").await;
    for path in ["/rerun", "/rerun-failed-jobs"] {
        shown.fails("POST", path, 503, 3);
    }
    shown.say(&["UBEN retry 1"]).await
}

async fn reverted() -> Shown {
    let (shown, _) = in_code("").await;
    Shown { no: 1, ..shown }.say(&["UADA revert 1 pr=117", "UCYD approve 1"]).await
}

pub async fn a_pull_request_made() -> Shown {
    reverted().await
}

pub async fn an_undo_awaits_approval() -> Shown {
    reverted().await.say(&["UADA undo 1-1"]).await
}

pub async fn undoing() -> Shown {
    let shown = reverted().await.say(&["UADA undo 1-1"]).await;
    let number = code::opened(&shown.world)[0].number;
    shown.fails("PATCH", &format!("/pulls/{number}"), 503, 3);
    shown.say(&["UCYD approve 1-1"]).await
}

pub async fn undone() -> Shown {
    reverted().await.say(&["UADA undo 1-1", "UCYD approve 1-1"]).await
}

pub async fn a_retry_that_failed() -> Shown {
    let shown = on_pull("").await;
    for path in ["/rerun", "/rerun-failed-jobs"] {
        shown.fails("POST", path, 403, 1);
    }
    shown.say(&["UBEN retry 1"]).await
}

pub async fn refused() -> Shown {
    let (shown, _) = in_code("").await;
    Shown { no: 1, ..shown }.say(&["UADA revert 1 pr=118"]).await
}

pub async fn rejected() -> Shown {
    awaiting_approval().await.say(&["UADA reject 1 wait for the registry"]).await
}

pub async fn cancelled() -> Shown {
    awaiting_approval().await.say(&["UBEN cancel 1"]).await
}

pub async fn expired() -> Shown {
    awaiting_approval().await.later(61 * MINUTE).await
}

/// A loop on a world that tells all surfaces, approved and at work: the first attempt's CI ends like this, if it does.
async fn an_agent(ends: Option<&'static str>) -> Shown {
    let seen = tempfile::tempdir().unwrap();
    let script = format!("{}echo \"// $N\" >> src/lib.rs\necho cost_usd=0.12\necho Mended it.", agents::mend());
    let config = format!("[[agents]]\nname = \"Rex\"\n{}\n", agents::program(seen.path(), &script));
    let make = async |setup| {
        let lab = Lab::within(Setup { disk: true, ..setup }, seen, spec(LINT_LOG, "failure"), |_| {}).await;
        lab.ask().await;
        if let Some(end) = ends {
            lab.ci(end).await;
        }
        let Lab { world, repo, seen } = lab;
        (world, (repo, seen))
    };
    Ground::new(&config).await.with(1, make).await.0
}

pub async fn an_agent_at_work() -> Shown {
    an_agent(None).await
}

pub async fn an_agent_tries_again() -> Shown {
    an_agent(Some("failure")).await
}

pub async fn an_agent_mended_it() -> Shown {
    an_agent(Some("success")).await
}
