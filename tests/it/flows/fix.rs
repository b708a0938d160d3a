//! fix: a known issue in the log, and the failing workflow mended by a template.

use super::code::{agreed, ask, broken, broken_with as broken_git, opened};
use super::surfaces::{PULL, shown, sticky};
use crate::plan::repo::Repo;
use crate::world::{NETWORK_LOG, REPO, Setup, World, spec};
use ci_rescue::domain::ProposalState;
use ci_rescue::domain::evidence::Severity;
use ci_rescue::ports::Turn;
use serde_json::json;

const GLIBC: &str = "2026-01-01T00:00:01.0000000Z ##[group]Run actions/upload-artifact@v4\n2026-01-01T00:00:01.0000000Z ##[endgroup]\n2026-01-01T00:00:02.0000000Z /__e/node20/bin/node: /lib64/libc.so.6: version `GLIBC_2.28' not found (required by /__e/node20/bin/node)\n2026-01-01T00:00:03.0000000Z ##[error]Process completed with exit code 1.\n";
const CI: &str = "name: other-ci\non: push\njobs:\n  test:\n    runs-on: ubuntu-22.04 # old\n    steps:\n      - run: make\n      - uses: actions/upload-artifact@v4\n        with:\n          path: out\n";
const DEPLOY: &str = "name: deploy\non: push\njobs:\n  ship:\n    runs-on: ubuntu-22.04\n    steps:\n      - uses: actions/upload-artifact@v4\n";

/// A run whose workflow uses what the runner cannot run.
async fn outdated(world: &World, repo: &Repo) {
    repo.write(".github/workflows/ci.yml", CI);
    repo.write(".github/workflows/deploy.yml", DEPLOY);
    repo.commit("Workflows");
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
    let mut run = spec(GLIBC, "failure");
    run.workflow = "other-ci".into();
    run.sha = repo.git(&["rev-parse", "main"]);
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
}

#[tokio::test]
async fn a_known_issue_is_mended_by_its_template_and_deployments_are_not_touched() {
    let (world, repo) = broken().await;
    outdated(&world, &repo).await;
    let ada = world.sit("ada").await;
    ada.say(&world, "fix 2").await;
    world.sit("cyd").await.say(&world, "approve 2").await;
    let proposal = world.incident(2).await.proposals.last().unwrap().clone();
    assert_eq!(proposal.state, ProposalState::Done, "{proposal:?}");
    let text = ask(&world, &repo, &["show", "ci-rescue/fix/2-1:.github/workflows/ci.yml"]);
    assert!(text.contains("actions/upload-artifact@v3") && text.contains("# old"), "{text}");
    let changed = ask(&world, &repo, &["diff", "--name-only", "main", "ci-rescue/fix/2-1"]);
    assert_eq!(changed, ".github/workflows/ci.yml");
    assert!(opened(&world)[0].body.contains("glibc-node20"), "{}", opened(&world)[0].body);

    // What no template mends is said, with those there are.
    agreed(&world, &ada, "fix 1").await;
    let state = world.incident(1).await.proposals.last().unwrap().state.clone();
    assert!(matches!(&state, ProposalState::Refused { why } if why[0].contains("action_major_back")), "{state:?}");
    agreed(&world, &ada, "fix 1 action_major_bak").await;
    let state = world.incident(1).await.proposals.last().unwrap().state.clone();
    assert!(matches!(&state, ProposalState::Refused { why } if why[0].contains("Did you mean action_major_back?")));
    world.end().await;
}

/// Fixes of this known issue that held, of 40, and what the bot then does by itself where it is granted.
#[tokio::test]
async fn by_itself_the_bot_proposes_a_fix_as_far_as_its_confidence_reaches() {
    for (granted, approvals, held, proposes) in [
        ("fix", 0, 36, true),
        ("fix", 0, 24, true),
        ("fix", 0, 5, false),
        ("fix", 1, 36, false),
        ("retry", 0, 36, false),
    ] {
        let config =
            format!("[policy]\nmode = \"act\"\nautomatic = [\"{granted}\"]\n[policy.approvals]\nfix = {approvals}\n");
        let (world, repo) = broken_git(Setup { config, ..Setup::default() }).await;
        let track = json!({"seen": 40, "tried": 40, "held": held});
        let settings = vec![("track:glibc-node20".into(), Some(track))];
        world.store.commit(Turn { settings, ..Turn::default() }).await.unwrap();
        outdated(&world, &repo).await;
        world.settle().await;
        let done = opened(&world);
        let case = format!("{granted}, {approvals} approvals, {held} held");
        assert_eq!(done.len(), usize::from(proposes), "{case}: {:?}", world.incident(2).await.proposals);
        if let Some(pull) = done.first() {
            assert!(pull.open && pull.body.contains("glibc-node20"), "{case}: {}", pull.body);
        }
        // Once: what was tried is not proposed again.
        world.clock.advance(3_600_000);
        world.settle().await;
        assert_eq!(opened(&world).len(), usize::from(proposes), "{case}");
        world.end().await;
    }
}

/// A run on `branch` whose log is `log`, in a world with all surfaces.
async fn broken_with(log: &str, branch: &str) -> World {
    let world = World::with(Setup { discord: true, ..Setup::default() }).await;
    for login in ["ada", "ben", "cyd"] {
        world.forge.permit(REPO, login, "write");
    }
    let mut run = spec(log, "failure");
    run.branch = branch.into();
    run.pull = (branch != "main").then_some(PULL);
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    world
}

/// The labels of what Slack shows as the primary action.
fn primary(world: &World) -> Vec<String> {
    let blocks = world.slack.cards()[0].blocks.clone();
    let elements = blocks.as_array().into_iter().flatten().filter_map(|block| block["elements"].as_array()).flatten();
    let primary = elements.filter(|element| element["style"] == "primary");
    primary.filter_map(|element| element["text"]["text"].as_str().map(str::to_owned)).collect()
}

fn disk_full(text: &str) -> String {
    format!("##[group]Run make\n{text}\n##[error]Process completed with exit code 1.\n")
}

#[tokio::test]
async fn what_is_known_of_a_failure_beats_its_category_on_every_surface() {
    let world = broken_with(GLIBC, "topic").await;
    let incident = world.incident(1).await;
    assert_eq!(incident.headline().and_then(|e| e.known_issue.as_deref()), Some("glibc-node20"));
    assert_eq!(incident.severity, Severity::Blocker, "{:?}", incident.severity_because);
    assert_eq!((incident.offers[0].remedy.as_str(), incident.offers[0].recommended), ("fix", true));
    let retry = incident.offers.iter().find(|offer| offer.remedy == "retry").unwrap();
    assert!(retry.help < 0.1, "{:?}", retry.because);
    for (surface, words) in shown(&world).await {
        assert!(words.contains("previous major version"), "{surface:?}: {words}");
        assert!(!words.contains("only failed job") && !words.contains("another try"), "{surface:?}: {words}");
    }
    assert_eq!(primary(&world), ["Fix: action major back"]);
    let discord = serde_json::to_string(&world.discord.cards()[0].body["components"]).unwrap();
    assert!(discord.contains("\"Fix: action major back\"") && discord.contains("\"Retry\""), "{discord}");
    assert!(sticky(&world).contains("/rescue fix 1"), "{}", sticky(&world));
    world.end().await;
}

/// The button's label.
const FIX: &str = "Fix: action major back";

#[tokio::test]
async fn a_press_on_fix_asks_for_the_fix() {
    for surface in ["slack", "discord", "console", "pull"] {
        let world = broken_with(GLIBC, "topic").await;
        match surface {
            "slack" => world.slack.press_label("UBEN", &world.slack.cards()[0], FIX).await,
            "discord" => {
                let card = world.discord.cards()[0].clone();
                let (_, press) = world.discord.press("1002", &card, FIX);
                world.discord.send(&press).await;
            }
            "console" => {
                world.sit("ben").await.press(&world, 1, FIX).await;
            }
            _ => {
                world.forge.comment(REPO, PULL, "ben", "/rescue fix 1");
                world.deliver().await;
            }
        }
        world.settle().await;
        let asked = world.incident(1).await.proposals.last().map(|p| p.remedy.clone());
        assert_eq!(asked.as_deref(), Some("fix"), "{surface}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_full_disk_is_handled_by_its_row_and_a_broken_connection_by_a_retry() {
    let full = disk_full("write /tmp/x: no space left on device");
    for (log, severity, retry, words) in [
        (full.as_str(), Severity::Blocker, false, "disk is full"),
        (NETWORK_LOG, Severity::Transient, true, "A network connection broke: retry."),
    ] {
        let world = broken_with(log, "main").await;
        let incident = world.incident(1).await;
        assert_eq!(incident.severity, severity, "{:?}", incident.severity_because);
        let best = &incident.offers[0];
        assert_eq!(best.remedy == "retry" && best.recommended, retry, "{incident:?}");
        let card = &world.slack.cards()[0];
        assert!(card.words().contains(words), "{}", card.words());
        assert!(card.button("Retry").is_some());
        assert_eq!(primary(&world) == ["Retry"], retry);
        assert!(card.button("Fix").is_none());
        world.end().await;
    }
}

#[tokio::test]
async fn a_known_issue_that_no_retry_helps_is_not_retried_automatically() {
    let full = disk_full("write /tmp/x: no space left on device");
    for (log, retries) in [(full.as_str(), 0), (NETWORK_LOG, 1)] {
        let setup = Setup { config: "[policy]\nmode = \"act\"\n".into(), ..Setup::default() };
        let world = World::with(setup).await;
        world.broken_run(log, "failure").await;
        world.clock.advance(3_600_000);
        world.settle().await;
        assert_eq!(world.reruns(), retries, "{log}");
        world.end().await;
    }
}
