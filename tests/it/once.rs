//! `once`: the bot within a workflow, from outside; and the action that calls it.

use crate::world::slack::SlackDouble;
use crate::world::{CHANNEL, LINT_LOG, NETWORK_LOG, REPO, Setup, World, listener, spec};
use ci_rescue::app::SystemClock;
use ci_rescue::demo::{Forge, Hook, RunSpec, router};
use ci_rescue::edit::yaml::Tree;
use ci_rescue::ports::Clock;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

/// A repository on the forge with a workflow that calls `once` after each run.
struct Place {
    forge: Forge,
    forge_at: SocketAddr,
    slack: SlackDouble,
    dir: TempDir,
}

/// What a call came to.
struct Done {
    status: i32,
    said: String,
    errors: String,
    summary: String,
}

impl Place {
    async fn new() -> Self {
        let stop = CancellationToken::new();
        // Whoever calls the program goes by the time of day, and so does the forge.
        let forge = Forge::new(Arc::new(|| SystemClock.now().0), None);
        forge.add_repo(REPO);
        let (socket, forge_at) = listener().await;
        tokio::spawn(ci_rescue::server::serve(socket, router(forge.clone()), stop.clone()));
        Self { forge, forge_at, slack: SlackDouble::start(&stop).await, dir: tempfile::tempdir().unwrap() }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
        for name in ["RUST_LOG", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH", "CI_RESCUE_CONFIG"] {
            command.env_remove(name);
        }
        command
            .arg("once")
            .current_dir(self.dir.path())
            .env("GITHUB_EVENT_PATH", self.dir.path().join("event.json"))
            .env("GITHUB_REPOSITORY", REPO)
            .env("GITHUB_API_URL", format!("http://{}", self.forge_at))
            .env("GITHUB_TOKEN", "forge-token")
            .env("GITHUB_STEP_SUMMARY", self.summary())
            .env("RESCUE_STATE", self.dir.path().join("state"))
            .env("RESCUE_SLACK_TOKEN", "xoxb-double")
            .env("RESCUE_SLACK_CHANNEL", CHANNEL)
            .env("CI_RESCUE__SLACK__API_URL", format!("http://{}/api", self.slack.at));
        command
    }

    fn summary(&self) -> PathBuf {
        self.dir.path().join("summary.md")
    }

    /// The workflow runs for this event.
    async fn call(&self, event: &str, words: &[&str]) -> Done {
        std::fs::write(self.dir.path().join("event.json"), event).unwrap();
        let _ = std::fs::remove_file(self.summary());
        let done = self.command().args(words).output().await.unwrap();
        Done {
            status: done.status.code().unwrap_or(-1),
            said: String::from_utf8(done.stdout).unwrap(),
            errors: String::from_utf8(done.stderr).unwrap(),
            summary: std::fs::read_to_string(self.summary()).unwrap_or_default(),
        }
    }

    /// The end of a run, as GitHub writes it into the event's file.
    fn ends(&self, run: u64) -> String {
        self.forge.finish(run);
        let of_run = |hook: &Hook| hook.event == "workflow_run" && hook.body.contains("\"action\":\"completed\"");
        let hook = self.forge.take_hooks().into_iter().rfind(of_run).expect("the run ended");
        hook.body.replace("{web}", &format!("http://{}", self.forge_at))
    }

    /// A person runs it again.
    async fn again(&self, run: u64) {
        let url = format!("http://{}/repos/{REPO}/actions/runs/{run}/rerun", self.forge_at);
        let answer = reqwest::Client::new().post(url).bearer_auth("somebody").send().await.unwrap();
        assert!(answer.status().is_success());
    }

    fn reruns(&self) -> usize {
        let state = self.forge.lock();
        let ours = |token: &Option<String>| token.as_ref().is_some_and(|token| token.contains("forge-token"));
        let is = |path: &str| path.ends_with("/rerun") || path.ends_with("/rerun-failed-jobs");
        state.calls.iter().filter(|call| call.method == "POST" && is(&call.path) && ours(&call.authorization)).count()
    }

    fn issues(&self) -> usize {
        self.forge.lock().repos[REPO].issues.len()
    }
}

fn failing(log: &str, ends: &[&'static str]) -> RunSpec {
    let mut run = spec(log, "failure");
    run.jobs[0].ends = ends.to_vec();
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_retried_once_then_an_issue_is_opened_and_green_closes_the_card() {
    let place = Place::new().await;
    let act = ["--mode", "act"];
    let run = place.forge.start(failing(NETWORK_LOG, &["failure", "failure", "success"]));
    let event = place.ends(run);
    let done = place.call(&event, &act).await;
    assert_eq!(done.status, 0, "{}", done.errors);
    assert_eq!((place.reruns(), place.issues()), (1, 0), "{}", done.said);
    let cards = place.slack.cards();
    assert_eq!(cards.len(), 1);
    assert!(cards[0].words().contains("ECONNRESET"), "{}", cards[0].words());
    assert!(cards[0].button("Retry").is_none() && cards[0].button("Approve").is_none(), "nobody would hear it");
    assert!(done.summary.contains("ECONNRESET") && done.summary.contains("attempt 1: failure"), "{}", done.summary);
    assert!(place.dir.path().join("state/store.ndjson").exists());
    assert!(std::fs::read_to_string(place.dir.path().join("state/rescue.log")).unwrap().contains("ECONNRESET"));
    // The same event once more, as when somebody runs the workflow's own job again.
    let done = place.call(&event, &act).await;
    assert!(done.status == 0 && done.said.contains("was looked at before"), "{}{}", done.said, done.errors);
    assert_eq!((place.reruns(), place.slack.cards().len()), (1, 1));

    let done = place.call(&place.ends(run), &act).await;
    assert_eq!(done.status, 0, "{}", done.errors);
    assert_eq!((place.reruns(), place.issues()), (1, 1), "{}", done.summary);
    assert!(
        done.summary.contains("attempt 2: failure") && done.summary.contains("1 of 1 attempts"),
        "{}",
        done.summary
    );
    let cards = place.slack.cards();
    assert_eq!(cards.len(), 1, "the same card");
    assert!(cards[0].words().contains("escalated"), "{}", cards[0].words());

    place.again(run).await;
    let done = place.call(&place.ends(run), &act).await;
    assert_eq!(done.status, 0, "{}", done.errors);
    let cards = place.slack.cards();
    assert!(cards.len() == 1 && cards[0].words().contains("resolved"), "{}", cards[0].words());
    assert_eq!((place.reruns(), place.issues()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_modes_and_other_failures_start_nothing() {
    for (log, words) in [
        (NETWORK_LOG, &["--mode", "observe"][..]),
        (NETWORK_LOG, &[][..]),
        (NETWORK_LOG, &["--mode", "act", "--retry-max", "0"]),
        (LINT_LOG, &["--mode", "act"]),
    ] {
        let place = Place::new().await;
        let run = place.forge.start(failing(log, &["failure"]));
        let done = place.call(&place.ends(run), words).await;
        assert_eq!(done.status, 0, "{words:?}: {}", done.errors);
        assert_eq!((place.reruns(), place.issues(), place.slack.cards().len()), (0, 0, 1), "{words:?}");
    }
    let place = Place::new().await;
    let run = place.forge.start(failing(NETWORK_LOG, &["success"]));
    let done = place.call(&place.ends(run), &["--mode", "act"]).await;
    assert!(done.status == 0 && done.said.contains("there is no incident"), "{}{}", done.said, done.errors);
    assert!(place.slack.cards().is_empty() && done.summary.contains("There is no incident."), "{}", done.summary);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_strangers_wrote_is_text_wherever_it_goes() {
    const HOSTILE: &str =
        "x\u{1b}[2J <!channel> @everyone @acme/owners [y](https://evil.example) `$(touch pwned)` <img src=x>";
    let place = Place::new().await;
    let log = format!(
        "##[group]Run make\nerror: {HOSTILE}\n::error::{HOSTILE}\n::set-env name=X::1\n##[error]Process completed with exit code 1.\n"
    );
    let mut run = failing(&log, &["failure"]);
    run.workflow = format!("ci {HOSTILE}");
    run.message = format!("{HOSTILE}\n\n::add-mask::x");
    run.jobs[0].name = format!("job {HOSTILE}");
    let run = place.forge.start(run);
    let mut event: Value = serde_json::from_str(&place.ends(run)).unwrap();
    event["workflow_run"]["head_repository"] =
        json!({"id": 99, "full_name": "stranger/shop", "owner": {"login": "stranger"}});
    event["workflow_run"]["head_branch"] = json!("$(touch pwned);`id`\n::error::x");
    let done = place.call(&event.to_string(), &["--mode", "act"]).await;
    assert_eq!(done.status, 0, "{}", done.errors);
    assert_eq!(place.reruns(), 0, "a fork's run is not started again by itself");
    for text in [&done.said, &done.errors, &done.summary] {
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "a command to the runner: {text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
    for bad in ["@everyone", "@acme/owners", "](https://evil", "<img", "<!channel>"] {
        // In code nothing is more than text.
        let outside: String = done.summary.split('`').step_by(2).collect();
        assert!(!outside.contains(bad), "{bad}: {}", done.summary);
    }
    for message in place.slack.messages() {
        assert!(!format!("{}{}", message.text, message.blocks).contains("<!channel>"), "{message:?}");
    }
    assert!(!place.dir.path().join("pwned").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_used_is_told_and_nothing_is_lost() {
    let place = Place::new().await;
    let run = place.forge.start(failing(NETWORK_LOG, &["failure"]));
    let event = place.ends(run);
    let other = event.replace("acme/shop", "acme/other");
    let going = event.replace("\"action\":\"completed\"", "\"action\":\"in_progress\"");
    for (text, want) in [
        ("", "not the JSON of an event"),
        ("{\"action\": \"opened\", \"issue\": {}}", "no event workflow_run"),
        (&other, "the event is not of acme/shop"),
        (&going, "the run has not ended"),
    ] {
        let done = place.call(text, &[]).await;
        assert!(done.status == 2 && done.errors.contains(want), "{want}: {}", done.errors);
        assert!(!place.dir.path().join("state").exists());
    }
    let done = place.call(&event, &["--mode", "yolo"]).await;
    assert!(done.status == 2 && done.errors.contains("observe, suggest or act"), "{}", done.errors);
    let done = place.call(&event, &["--quarantine-ttl-days", "400"]).await;
    assert!(done.status == 2 && done.errors.contains("must be 1 to 90"), "{}", done.errors);
    let mut half = place.command();
    let half = half.env("RESCUE_SLACK_CHANNEL", "").output().await.unwrap();
    let errors = String::from_utf8_lossy(&half.stderr);
    assert!(half.status.code() == Some(2) && errors.contains("or neither"), "{errors}");
    let archive = place.dir.path().join("state/store.ndjson");
    std::fs::create_dir_all(place.dir.path().join("state")).unwrap();
    std::fs::write(&archive, "{\"ci_rescue_backup\":1").unwrap();
    let done = place.call(&event, &[]).await;
    assert!(done.status == 2 && done.errors.contains("without memory of retries"), "{}", done.errors);
    assert_eq!(std::fs::read_to_string(&archive).unwrap(), "{\"ci_rescue_backup\":1", "it is left as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_elsewhere_is_told_and_only_by_who_knows_its_secret() {
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let place = Place::new().await;
    let run = place.forge.start(failing(NETWORK_LOG, &["failure"]));
    let event = place.ends(run);
    let bot = format!("http://{}", world.public_at);
    let told = std::cell::RefCell::new(event.clone());
    let tell = async |secret: &str, url: &str| {
        std::fs::write(place.dir.path().join("event.json"), &*told.borrow()).unwrap();
        let mut command = place.command();
        let done = command.env("RESCUE_BOT_URL", url).env("RESCUE_BOT_SECRET", secret).output().await.unwrap();
        (done.status.code().unwrap_or(-1), String::from_utf8(done.stderr).unwrap())
    };
    let (status, errors) = tell("wrong", &bot).await;
    assert!(status == 3 && errors.contains("the bot refused: 401"), "{errors}");
    assert_eq!(world.store.counts().await.unwrap().inbox, 0);
    let (status, errors) = tell("hook-token", &bot).await;
    assert_eq!(status, 0, "{errors}");
    world.settle().await;
    let incidents = world.incidents().await;
    assert_eq!(incidents.len(), 1);
    assert!(!incidents[0].confirmed, "the bot asks the forge itself before it acts");
    assert_eq!(incidents[0].workflow.raw(), "shop-ci");
    // The next attempt is news, the same one is not.
    let mut again: serde_json::Value = serde_json::from_str(&event).unwrap();
    again["workflow_run"]["run_attempt"] = 2.into();
    *told.borrow_mut() = again.to_string();
    for _ in 0..2 {
        assert_eq!(tell("hook-token", &bot).await.0, 0);
    }
    world.settle().await;
    let incidents = world.incidents().await;
    assert_eq!((incidents.len(), incidents[0].runs[0].attempt), (1, 2));
    assert!(place.slack.messages().is_empty() && !place.dir.path().join("state").exists());
    let (status, errors) = tell("hook-token", "http://bot.example.org").await;
    assert!(status == 2 && errors.contains("https:// is needed"), "{errors}");
    let (status, errors) = tell("", &bot).await;
    assert!(status == 2 && errors.contains("RESCUE_BOT_SECRET"), "{errors}");
    world.end().await;
}

const ACTION: &str = include_str!("../../action.yml");

/// What is wrong with an action: an input that nobody reads or that is not there, a text of others in a script, a script
/// without a shell, an action without a version.
fn faults(text: &str) -> Vec<String> {
    let tree = Tree::read(text).unwrap();
    let root = tree.roots[0];
    let inputs: BTreeSet<&str> =
        tree.get(root, "inputs").into_iter().flat_map(|id| tree.entries(id)).map(|entry| entry.key.as_str()).collect();
    let steps = tree.at(root, &["runs", "steps"]).map(|id| tree.items(id).to_vec()).unwrap_or_default();
    let (mut used, mut found) = (BTreeSet::new(), Vec::new());
    for step in steps {
        let name = tree.text_of(step, "name").unwrap_or_default();
        if let Some(script) = tree.text_of(step, "run") {
            if script.contains("${{") {
                found.push(format!("{name}: an expression in a script"));
            }
            if tree.text_of(step, "shell").is_none() {
                found.push(format!("{name}: no shell"));
            }
            if !script.starts_with("set -euo pipefail\n") {
                found.push(format!("{name}: it goes on after an error"));
            }
        } else if !tree.text_of(step, "uses").is_some_and(|uses| uses.contains('@')) {
            found.push(format!("{name}: neither a script nor an action with its version"));
        }
        let values = ["env", "with"].iter().filter_map(|key| tree.get(step, key)).flat_map(|id| tree.entries(id));
        let values = values.filter_map(|entry| tree.scalar(entry.value));
        for value in values.chain(tree.text_of(step, "if")) {
            used.extend(
                value.split("inputs.").skip(1).map(|rest| {
                    rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap_or_default()
                }),
            );
        }
    }
    found.extend(inputs.difference(&used).map(|name| format!("{name}: nobody reads it")));
    found.extend(used.difference(&inputs).map(|name| format!("{name}: there is no such input")));
    found
}

#[test]
fn the_action_reads_every_input_and_puts_no_text_of_others_into_a_script() {
    assert_eq!(faults(ACTION), Vec::<String>::new());
    for input in
        ["token", "slack-token", "slack-channel", "quarantine-ttl-days", "retry-max", "mode", "bot-url", "bot-secret"]
    {
        assert!(ACTION.contains(&format!("\n  {input}:\n    description: ")), "{input}");
    }
    // What is checked is noticed.
    for (from, to, want) in [
        ("\"$PROGRAM\" once", "${{ inputs.mode }}", "an expression in a script"),
        ("RESCUE_MODE: ${{ inputs.mode }}", "RESCUE_MODE: act", "mode: nobody reads it"),
        ("inputs.mode", "inputs.mood", "mood: there is no such input"),
        ("      shell: bash\n", "", "no shell"),
        ("actions/cache/save@v4", "actions/cache/save", "neither a script"),
        ("        set -euo pipefail\n", "", "it goes on after an error"),
    ] {
        let broken = ACTION.replace(from, to);
        assert!(
            broken != ACTION && faults(&broken).iter().any(|fault| fault.contains(want)),
            "{want}: {:?}",
            faults(&broken)
        );
    }
}

/// Every variable that the action sets is one that the program reads.
#[tokio::test]
async fn the_action_and_the_program_name_the_same_variables() {
    let help = Command::new(env!("CARGO_BIN_EXE_ci-rescue")).args(["once", "--help"]).output().await.unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let set = ACTION.lines().filter_map(|line| line.trim().split_once(": ${{")).map(|(name, _)| name);
    for name in set.filter(|name| name.starts_with("RESCUE_") || name.starts_with("GITHUB_")) {
        assert!(help.contains(name), "{name}\n{help}");
    }
}
