//! Remedies that change code, from a word to a pull request and back, with real git over HTTP.

use crate::plan::repo::Repo;
use crate::world::{NETWORK_LOG, REPO, Seat, Setup, World, spec};
use ci_rescue::demo::{Fault, Pull, learn};
use ci_rescue::domain::ProposalState;

const LINES: &str = "one\ntwo\nthree\nfour\nfive\n";

/// A forge with a merged pull request 117, a branch `release-1` that can take it and `release-2` that cannot, and a
/// broken run on main.
pub async fn broken() -> (World, Repo) {
    broken_with(Setup::default()).await
}

pub async fn broken_with(setup: Setup) -> (World, Repo) {
    let world = World::with(setup).await;
    let repo = furnished(&world, &[]).await;
    let mut run = spec(NETWORK_LOG, "failure");
    run.sha = repo.git(&["rev-parse", "main"]);
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    (world, repo)
}

/// The forge's repository, with these files more.
pub async fn furnished(world: &World, files: &[(String, String)]) -> Repo {
    let repo = Repo::new();
    repo.write("lines.txt", LINES);
    repo.write(".github/CODEOWNERS", "*.py @acme/python\n/tests/ @acme/qa ben@example.org\n");
    repo.write("tests/test_cart.py", "def test_total():\n    assert 1 == 1\n");
    for (path, text) in files {
        repo.write(path, text);
    }
    repo.commit("First light");
    repo.git(&["branch", "release-1"]);
    repo.git(&["switch", "--quiet", "-c", "release-2"]);
    repo.write("lines.txt", LINES.replace("three", "drei"));
    repo.commit("In German");
    repo.git(&["switch", "--quiet", "main"]);
    repo.write("lines.txt", LINES.replace("three", "trois"));
    let merged = repo.commit("Say it in French (#117)\n\nCo-authored-by: Ben <ben@example.org>");
    host(world, &repo).await;
    world.forge.lock().repos.get_mut(REPO).unwrap().pulls.push(Pull {
        number: 117,
        title: "Say it in French @everyone <!channel>".into(),
        body: String::new(),
        head: "topic".into(),
        base: "main".into(),
        draft: false,
        open: false,
        merged: Some(merged),
        merged_at: None,
        messages: vec!["Say it in French".into(), "Fix a typo".into()],
    });
    for login in ["ada", "cyd"] {
        world.forge.permit(REPO, login, "write");
    }
    repo
}

/// Puts a repository where the forge serves it.
pub async fn host(world: &World, repo: &Repo) {
    let dir = world.forge.git_dir.clone().unwrap();
    let bare = dir.join(format!("{REPO}.git"));
    std::fs::create_dir_all(bare.parent().unwrap()).unwrap();
    repo.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    for key in ["http.receivepack", "uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        repo.git(&["--git-dir", bare.to_str().unwrap(), "config", key, "true"]);
    }
    learn(&world.forge, &dir, REPO).await.unwrap();
}

/// What git says of the forge's repository.
pub fn ask(world: &World, repo: &Repo, args: &[&str]) -> String {
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&[&["--git-dir", bare.to_str().unwrap()], args].concat())
}

pub fn opened(world: &World) -> Vec<Pull> {
    world.forge.lock().repos[REPO].pulls.iter().filter(|pull| pull.number != 117).cloned().collect()
}

pub async fn agreed(world: &World, ada: &Seat, words: &str) -> String {
    let answer = ada.say(world, words).await;
    let cyd = world.sit("cyd").await;
    cyd.say(world, "approve 1").await;
    answer
}

#[tokio::test]
async fn a_revert_is_approved_pushed_proposed_and_undone() {
    let (world, repo) = broken().await;
    let ada = world.sit("ada").await;
    agreed(&world, &ada, "revert 1 pr=117").await;
    let incident = world.incident(1).await;
    let proposal = incident.proposals.last().unwrap();
    assert_eq!(proposal.state, ProposalState::Done, "{proposal:?}");
    let branch = "ci-rescue/revert/1-1";
    let expected = repo.git(&["rev-parse", "main~1^{tree}"]);
    assert_eq!(ask(&world, &repo, &["rev-parse", &format!("{branch}^{{tree}}")]), expected);
    assert_eq!(ask(&world, &repo, &["rev-parse", &format!("{branch}^")]), repo.git(&["rev-parse", "main"]));
    let message = ask(&world, &repo, &["log", "-1", "--format=%B", branch]);
    assert!(message.starts_with("Revert \"Say it in French (#117)\"\n\nThis reverts commit "), "{message}");
    let pulls = opened(&world);
    assert_eq!(pulls.len(), 1);
    let pull = &pulls[0];
    assert_eq!((pull.head.as_str(), pull.base.as_str(), pull.draft), (branch, "main", false));
    assert!(pull.body.contains("ECONNRESET") && pull.body.contains("How to undo"), "{}", pull.body);
    assert!(!pull.title.contains('@'), "{}", pull.title);
    assert!(!pull.body.contains("@everyone") && !pull.body.contains("<!channel>"), "{}", pull.body);
    let labels = world.forge.lock().repos[REPO].labels[&pull.number].clone();
    assert_eq!(labels, vec!["ci:auto-rescue", "ci:revert"]);
    assert_eq!(proposal.made[0].number, pull.number);

    // As much as the revert took: her permission, and another person.
    let state = || async { world.incident(1).await.proposals.last().unwrap().state.clone() };
    world.forge.permit(REPO, "ada", "read");
    let answer = ada.say(&world, "undo 1-1").await;
    assert!(answer.contains("ada has no write permission on acme/shop"), "{answer}");
    world.forge.permit(REPO, "ada", "write");
    let answer = ada.say(&world, "undo 1-1").await;
    assert!(answer.contains("needs 1 approval"), "{answer}");
    assert!(ada.say(&world, "approve 1-1").await.contains("someone else must approve it"));
    assert_eq!(state().await, ProposalState::Done);
    let cyd = world.sit("cyd").await;
    world.clock.advance(61 * 60_000);
    let answer = cyd.say(&world, "approve 1-1").await;
    assert!(answer.contains("nothing to approve"), "{answer}");
    ada.say(&world, "undo 1-1").await;
    cyd.say(&world, "approve 1-1").await;
    let proposal = world.incident(1).await.proposals.last().unwrap().clone();
    assert!(matches!(proposal.state, ProposalState::Undone { .. }), "{proposal:?}");
    assert!(!opened(&world)[0].open);
    assert!(!ask(&world, &repo, &["branch", "--list"]).contains("ci-rescue"));
    world.end().await;
}

#[tokio::test]
async fn a_backport_goes_to_each_branch_and_a_conflict_is_a_draft() {
    let (world, repo) = broken().await;
    let ada = world.sit("ada").await;
    agreed(&world, &ada, "backport 1 pr=117 to=release-1,release-2,release-1,main").await;
    let proposal = world.incident(1).await.proposals.last().unwrap().clone();
    assert_eq!(proposal.state, ProposalState::Done, "{proposal:?}");
    let plan = proposal.plan.unwrap();
    assert!(plan.notes.iter().any(|note| note.raw().starts_with("skipped: on main")), "{:?}", plan.notes);
    let pulls = opened(&world);
    let shown: Vec<(&str, &str, bool)> =
        pulls.iter().map(|pull| (pull.head.as_str(), pull.base.as_str(), pull.draft)).collect();
    assert_eq!(
        shown,
        vec![("ci-rescue/backport/1-1-1", "release-1", false), ("ci-rescue/backport/1-1-2", "release-2", true)]
    );
    let message = ask(&world, &repo, &["log", "-1", "--format=%B", "ci-rescue/backport/1-1-1"]);
    assert!(message.contains("Co-authored-by: Ben <ben@example.org>\n(cherry picked from commit "), "{message}");
    assert_eq!(ask(&world, &repo, &["log", "-1", "--format=%an", "ci-rescue/backport/1-1-1"]), "Ada");
    let draft = ask(&world, &repo, &["show", "ci-rescue/backport/1-1-2:lines.txt"]);
    assert!(draft.contains("<<<<<<< HEAD\ndrei\n=======\ntrois\n>>>>>>>"), "{draft}");
    assert!(pulls[1].body.contains("Conflicts to resolve") && pulls[1].title.starts_with("[conflicts]"));
    let hunk = "`lines.txt`, line 3:\n\n```\none\ntwo\n<<<<<<< ours\ndrei\n=======\ntrois\n>>>>>>> theirs (";
    assert!(pulls[1].body.contains(hunk), "{}", pulls[1].body);
    world.end().await;
}

#[tokio::test]
async fn threat_051_and_052_who_may_not_write_changes_no_code() {
    let (world, _) = broken().await;
    let ada = world.sit("ada").await;
    // A person without an account, one without the permission, and one who lost it before the approval.
    let ben = world.sit("ben").await;
    let answer = ben.say(&world, "revert 1 pr=117").await;
    assert!(answer.contains("no write permission"), "{answer}");
    ada.say(&world, "revert 1 pr=117").await;
    world.forge.permit(REPO, "ada", "read");
    let cyd = world.sit("cyd").await;
    cyd.say(&world, "approve 1").await;
    let proposal = world.incident(1).await.proposals.last().unwrap().clone();
    assert!(matches!(&proposal.state, ProposalState::Refused { why } if why[0].contains("write")), "{proposal:?}");
    assert!(opened(&world).is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_pull_request_and_a_clone_is_made_once() {
    let (world, repo) = broken().await;
    world.forge.lock().faults.push(Fault {
        method: "POST".into(),
        path: "/pulls".into(),
        status: 502,
        headers: Vec::new(),
        after: true,
    });
    let ada = world.sit("ada").await;
    agreed(&world, &ada, "revert 1 pr=117").await;
    for _ in 0..20 {
        world.clock.advance(60_000);
        world.settle().await;
    }
    let proposal = world.incident(1).await.proposals.last().unwrap().clone();
    assert_eq!(proposal.state, ProposalState::Done, "{proposal:?}");
    assert_eq!(opened(&world).len(), 1);
    let rooms = world.rooms.path().join("store-git/acme");
    let made: Vec<_> = std::fs::read_dir(&rooms).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(made, vec!["shop.git"]);
    let config = std::fs::read_to_string(rooms.join("shop.git/config")).unwrap();
    assert!(!config.contains("forge-token") && !config.contains("Authorization"), "{config}");
    assert_eq!(
        repo.git(&["--git-dir", rooms.join("shop.git").to_str().unwrap(), "config", "remote.origin.promisor"]),
        "true"
    );
    world.end().await;
}

#[tokio::test]
async fn what_moved_on_since_the_approval_is_asked_again() {
    let (world, repo) = broken().await;
    let ada = world.sit("ada").await;
    ada.say(&world, "revert 1 pr=117").await;
    // Somebody changes the line's neighbourhood: the patch becomes another.
    repo.write("lines.txt", LINES.replace("three", "trois").replace("two", "deux"));
    repo.commit("Meanwhile");
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
    let cyd = world.sit("cyd").await;
    cyd.say(&world, "approve 1").await;
    let proposal = world.incident(1).await.proposals.last().unwrap().clone();
    assert_eq!(proposal.state, ProposalState::Awaiting, "{proposal:?}");
    assert!(opened(&world).is_empty());
    cyd.say(&world, "approve 1").await;
    assert_eq!(opened(&world).len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_clone_that_a_killed_git_left_locked_is_made_anew() {
    let (world, repo) = broken().await;
    let ada = world.sit("ada").await;
    let answer = ada.say(&world, "revert 1 pr=117 --dry-run").await;
    assert!(answer.contains("Dry run"), "{answer}");
    let room = world.rooms.path().join("store-git/acme/shop.git");
    for lock in ["packed-refs.lock", "refs/heads/main.lock"] {
        std::fs::create_dir_all(room.join(lock).parent().unwrap()).unwrap();
        std::fs::write(room.join(lock), b"").unwrap();
    }
    repo.write("later.txt", "later\n");
    repo.commit("Later");
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
    let answer = ada.say(&world, "revert 1 pr=117 --dry-run").await;
    assert!(answer.contains("Dry run"), "{answer}");
    assert!(!room.join("refs/heads/main.lock").exists());
    world.end().await;
}
