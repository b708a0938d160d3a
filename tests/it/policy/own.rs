//! Reading a repository's file: what is taken, and what is refused whole.

use super::case::{names, own};
use crate::flows::code::broken_with;
use crate::world::{NETWORK_LOG, REPO, Setup, World};
use ci_rescue::demo::Fault;
use ci_rescue::domain::ProposalState;
use ci_rescue::domain::facts::Known;
use ci_rescue::domain::rules::Mode;
use ci_rescue::policy::{OWN_BYTES_MAX, OWN_FILE, read_own};

#[test]
fn what_is_wrong_with_a_file_is_said() {
    assert_eq!(own("").mode, None);
    let whole = own(
        "mode = \"observe\"\nforbidden_paths = [\"infra/*\"]\n[[rules]]\nwhen = {branch = \"main\"}\napprovals = 2\n",
    );
    assert_eq!((whole.mode, whole.rules.len()), (Some(Mode::Observe), 1));
    let (long, many) = (" ".repeat(OWN_BYTES_MAX + 1), format!("forbidden_paths = [{}]", "\"a\",".repeat(101)));
    let deep = format!("mode = {}", "[".repeat(5_000));
    for (text, want) in [
        ("mode = \"observe\"\nmod = 1\n", "line 2: unknown field `mod`"),
        ("mode = \"sometimes\"", "line 1: unknown variant `sometimes`"),
        ("mode = ", "line 1: "),
        ("daily_limit = 3", "unknown field `daily_limit`"),
        ("[[rules]]\nwhen = {brnch = \"x\"}\ndeny = \"y\"", "unknown field `brnch`"),
        ("[[rules]]\nwhen = {branch = \"x\"}", "rules[0] sets nothing"),
        ("[[rules]]\ndeny = \" \"", "rules[0] deny is empty"),
        ("[[rules]]\napprovals = 1\nauto_approve = true", "rules[0] auto_approve contradicts"),
        ("[[rules]]\nwhen = {remedy = \"pinn\"}\ndeny = \"x\"", "rules[0] names no remedy: pinn"),
        ("approvals = {pinn = 1}", "approvals names an unknown remedy, pinn"),
        ("automatic = [\"all\"]", "automatic names an unknown remedy, all"),
        ("mode = \"\\u001b[31m<@everyone>\"", "line 1: unknown variant"),
        (&long, "it is over 16 KiB long"),
        (&many, "forbidden_paths has more than 100 entries"),
        (&deep, "line 1: "),
    ] {
        let why = read_own(text, &names()).unwrap_err();
        assert!(why.contains(want) && why.len() < 400, "{why}\n{want}");
        assert!(!why.contains(char::is_control), "{why:?}");
    }
}

/// Puts a file on a branch of the forge's repository.
fn put(world: &World, repo: &crate::plan::repo::Repo, branch: &str, text: &str) {
    repo.git(&["switch", "--quiet", branch]);
    repo.write(OWN_FILE, text);
    repo.commit("Our own rules");
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), branch]);
}

#[tokio::test]
async fn the_default_branch_alone_counts_and_is_read_again_for_each_proposal() {
    let (world, repo) = broken_with(Setup::default()).await;
    let ada = world.sit("ada").await;
    repo.git(&["branch", "elsewhere"]);
    put(&world, &repo, "elsewhere", "mode = \"observe\"\n");
    ada.say(&world, "retry 1").await;
    assert_eq!(world.reruns(), 1, "a branch of somebody's says nothing");
    put(&world, &repo, "main", "mode = \"observe\"\n");
    let answer = ada.say(&world, "revert 1 pr=117").await;
    assert!(answer.contains(".github/ci-rescue.toml is observe: cards only"), "{answer}");
    let why = ada.say(&world, "why 1").await;
    assert!(why.contains("✗ mode: .github/ci-rescue.toml is observe: cards only"), "{why}");
    world.end().await;
}

#[tokio::test]
async fn a_forbidden_path_refuses_the_plan_and_is_named() {
    let (world, repo) = broken_with(Setup::default()).await;
    put(&world, &repo, "main", "forbidden_paths = [\"*\"]\n");
    let ada = world.sit("ada").await;
    let answer = ada.say(&world, "revert 1 pr=117").await;
    assert!(answer.contains("which forbidden_paths in .github/ci-rescue.toml forbids (*)"), "{answer}");
    let proposal = world.incident(1).await.proposals.last().unwrap().clone();
    assert!(matches!(proposal.state, ProposalState::Refused { .. }), "{proposal:?}");
    world.end().await;
}

#[tokio::test]
async fn where_the_file_cannot_be_read_the_bot_waits_and_people_act() {
    let acting = Setup { config: "[policy]\nmode = \"act\"\n".into(), ..Setup::default() };
    let world = World::with(acting).await;
    let refused = || Fault {
        method: "GET".into(),
        path: format!("/contents/{OWN_FILE}"),
        status: 403,
        headers: Vec::new(),
        after: false,
    };
    world.forge.lock().faults.extend([refused(), refused(), refused(), refused()]);
    world.broken_run(NETWORK_LOG, "success").await;
    assert!(matches!(world.incident(1).await.own_rules, Some(Known::Unavailable(_))));
    world.clock.advance(60 * 60_000);
    world.settle().await;
    assert_eq!(world.reruns(), 0);
    let ada = world.sit("ada").await;
    assert!(ada.page("/incidents/1").await.contains("nothing runs by itself until then"));
    ada.say(&world, "retry 1").await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}
