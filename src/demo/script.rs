//! Six kinds of failure that arrive over a minute.

#![allow(clippy::disallowed_methods, reason = "the demo plays in real time")]

use super::git;
use super::hooks::sign;
use super::logs;
use super::state::{Forge, JobSpec, RunSpec};
use super::stub;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What a job says that passes.
const GREEN: &str = "all is well\n";

/// One failure of the demo.
pub struct Scenario {
    pub workflow: &'static str,
    pub branch: &'static str,
    pub pull: Option<u64>,
    pub message: &'static str,
    pub job: &'static str,
    pub step: &'static str,
    pub log: fn() -> String,
    /// By attempt.
    pub ends: [&'static str; 2],
    /// Jobs that pass beside it.
    pub beside: &'static [&'static str],
}

/// What breaks, in the order in which it breaks.
pub const SCENARIOS: [Scenario; 6] = [
    Scenario {
        workflow: "frontend-ci",
        branch: "main",
        pull: None,
        message: "Bump the build image",
        job: "build",
        step: "Run npm ci",
        log: logs::network,
        ends: ["failure", "success"],
        beside: &["lint"],
    },
    Scenario {
        workflow: "shop-ci",
        branch: "main",
        pull: None,
        message: "Count the shipping",
        job: "test (3.12)",
        step: "Run pytest -q",
        log: logs::pytest,
        ends: ["failure", "failure"],
        beside: &["test (3.11)"],
    },
    Scenario {
        workflow: "healer-ci",
        branch: "topic/prices",
        pull: Some(12),
        message: "Let prices be free",
        job: "cargo build",
        step: "Run cargo build --locked",
        log: logs::rust,
        ends: ["failure", "failure"],
        beside: &[],
    },
    Scenario {
        workflow: "frontend-ci",
        branch: "topic/faster-cart",
        pull: Some(14),
        message: "Make cart faster",
        job: "unit",
        step: "Run npx jest --ci",
        log: logs::jest,
        ends: ["failure", "success"],
        beside: &["lint", "build"],
    },
    Scenario {
        workflow: "docker-images",
        branch: "main",
        pull: None,
        message: "Ship the images",
        job: "image",
        step: "Run docker build -t shop .",
        log: logs::disk,
        ends: ["failure", "success"],
        beside: &[],
    },
    Scenario {
        workflow: "nightly-release",
        branch: "main",
        pull: None,
        message: "Nightly",
        job: "upload",
        step: "Run actions/upload-artifact@v4",
        log: logs::glibc,
        ends: ["failure", "failure"],
        beside: &[],
    },
];

/// The demo's repository.
pub const REPO: &str = "acme/shop";
/// Between two failures.
const APART: Duration = Duration::from_secs(10);
/// How long a run takes here.
const RUN_TIME: Duration = Duration::from_millis(1_200);
/// How long a re-run takes, so that there is something to see.
const RERUN_TIME: Duration = Duration::from_secs(4);
const BEAT: Duration = Duration::from_millis(100);

impl Scenario {
    /// The run that breaks so.
    #[must_use]
    pub fn spec(&self, sha: &str) -> RunSpec {
        let broken = JobSpec {
            name: self.job.into(),
            step: self.step.into(),
            log: (self.log)(),
            green_log: GREEN.into(),
            ends: self.ends.to_vec(),
            failing_too: Vec::new(),
        };
        let beside = self.beside.iter().map(|name| JobSpec {
            name: (*name).into(),
            step: "Run checks".into(),
            log: String::new(),
            green_log: GREEN.into(),
            ends: vec!["success"],
            failing_too: Vec::new(),
        });
        RunSpec {
            repo: REPO.into(),
            workflow: self.workflow.into(),
            branch: self.branch.into(),
            sha: sha.into(),
            message: self.message.into(),
            pull: self.pull,
            sender: "ben".into(),
            jobs: std::iter::once(broken).chain(beside).collect(),
        }
    }
}

/// The run of the second scenario's workflow that passed before its failure, at an earlier commit.
#[must_use]
pub fn green(sha: &str) -> RunSpec {
    let mut spec = SCENARIOS[1].spec(sha);
    spec.message = "First light".into();
    spec.jobs.iter_mut().for_each(|job| job.ends = vec!["success"]);
    spec
}

/// What to try on one incident: its number is known once it has opened.
#[must_use]
pub fn hint(workflow: &str, branch: &str, no: u64) -> Option<String> {
    Some(match (workflow, branch) {
        ("frontend-ci", "main") => {
            format!("Press Retry on #{no}: its network failure passes on attempt 2.")
        }
        ("shop-ci", _) => format!(
            "#{no} suspects PR 9. As Ben run `quarantine {no}` or `revert {no}`, look at the change, switch to Ada and \
             approve it. Then try `backport {no} pr=9 to=release-1`, `pin {no} flask@2.3.2` and `fix {no} \
             cache_key_bump`: they can await approval side by side."
        ),
        ("healer-ci", _) => {
            format!(
                "Run `retry {no}`: it says why a retry will not help. As Ben run `agent {no}`, switch to Ada and approve \
                 it: CI rejects the agent's first change, and its second becomes a pull request."
            )
        }
        ("docker-images", _) => {
            "Run `hold`: it pauses all automatic actions. Switch to Ada and run `unhold`.".to_owned()
        }
        _ => return None,
    })
}

/// Starts a run for each new push of a fix: it passes if the mistake is gone.
async fn judge(forge: &Forge, judged: &mut std::collections::BTreeSet<String>) {
    let branches = forge.lock().repos.get(REPO).map(|repo| repo.branches.clone()).unwrap_or_default();
    for (branch, sha) in branches.into_iter().filter(|(branch, _)| branch.starts_with(FIXES)) {
        if judged.insert(sha.clone()) {
            let text = git::at_head(forge, REPO, &branch, stub::FILE).await.unwrap_or_default();
            let mut spec = SCENARIOS[2].spec(&sha);
            (spec.branch, spec.pull) = (branch, None);
            spec.jobs[0].ends = vec![if text.contains(stub::WRONG) { "failure" } else { "success" }];
            forge.start(spec);
        }
    }
}

/// Branches of fixing agents begin so.
const FIXES: &str = "ci-rescue/fix/";

/// Plays the script against `target` until `stop`: starts runs, ends them, and sends the webhooks.
pub async fn play(forge: Forge, web: String, target: String, secret: String, stop: CancellationToken) {
    let http = reqwest::Client::new();
    let started = std::time::Instant::now();
    let mut next = 0;
    let mut judged = std::collections::BTreeSet::new();
    let mut since: std::collections::HashMap<(u64, u32), std::time::Instant> = std::collections::HashMap::new();
    while !stop.is_cancelled() {
        if next < SCENARIOS.len() && started.elapsed() >= APART * u32::try_from(next).unwrap_or(0) {
            let scenario = &SCENARIOS[next];
            let sha = forge.lock().repos.get(REPO).and_then(|repo| repo.branches.get(scenario.branch).cloned());
            forge.start(scenario.spec(&sha.unwrap_or_else(|| format!("{:040x}", 0x00c0_ffee + next))));
            next += 1;
        }
        judge(&forge, &mut judged).await;
        for id in forge.going() {
            let attempt = forge.lock().runs.get(&id).map_or(1, |run| run.attempt);
            let begun = *since.entry((id, attempt)).or_insert_with(std::time::Instant::now);
            let time = if attempt > 1 { RERUN_TIME } else { RUN_TIME };
            if begun.elapsed() >= time {
                forge.finish(id);
            }
        }
        for hook in forge.take_hooks() {
            let body = hook.body.replace("{web}", &web);
            let request = http
                .post(&target)
                .header("content-type", "application/json")
                .header("x-github-event", hook.event)
                .header("x-github-delivery", &hook.id)
                .header("x-hub-signature-256", sign(&secret, body.as_bytes()))
                .body(body);
            if let Err(why) = request.send().await {
                tracing::warn!(why = %why.without_url(), "the sandbox could not deliver a webhook");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(BEAT) => {}
            () = stop.cancelled() => {}
        }
    }
}
