//! What is asked on a pull request that no incident is about: backports by comment and by label, also before the merge; and
//! drafts whose conflicts people resolve.

use super::code::{ask, broken, host, opened};
use crate::plan::repo::Repo;
use crate::world::{REPO, Setup, World, spec};
use ci_rescue::demo::Pull;
use ci_rescue::domain::{ProposalState, Stage};

/// A forge with an open pull request 30 from `topic`, and a branch `release-1`.
async fn open_pull() -> (World, Repo) {
    open_pull_in(Setup::default()).await
}

pub async fn open_pull_in(setup: Setup) -> (World, Repo) {
    let world = World::with(setup).await;
    let repo = Repo::new();
    repo.write("lines.txt", "one\n");
    repo.commit("First light");
    repo.git(&["branch", "release-1"]);
    repo.git(&["switch", "--quiet", "-c", "topic"]);
    repo.write("more.txt", "more\n");
    repo.commit("More");
    repo.git(&["switch", "--quiet", "main"]);
    host(&world, &repo).await;
    let pull = Pull {
        number: 30,
        title: "More".into(),
        body: String::new(),
        head: "topic".into(),
        base: "main".into(),
        draft: false,
        open: true,
        merged: None,
        merged_at: None,
        messages: vec!["More".into()],
    };
    world.forge.lock().repos.get_mut(REPO).unwrap().pulls.push(pull);
    for login in ["ada", "cyd", "gil"] {
        world.forge.permit(REPO, login, "write");
    }
    (world, repo)
}

/// Squashes `topic` into main, as number 30; the forge tells of it.
async fn squash(world: &World, repo: &Repo) -> String {
    repo.git(&["merge", "--quiet", "--squash", "topic"]);
    let sha = repo.commit("More (#30)");
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
    world.clock.advance(1_000);
    world.forge.end_pull(REPO, 30, "gil", Some(&sha));
    world.deliver().await;
    sha
}

async fn run_on(world: &World, sha: &str, ends: &'static str) {
    let mut run = spec("", ends);
    run.sha = sha.to_owned();
    run.jobs[0].ends = vec![ends];
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
}

#[tokio::test]
async fn a_label_asks_before_the_merge_and_the_backport_waits_for_merge_and_green() {
    let (world, repo) = open_pull().await;
    // What is no branch, and what a program puts there, asks for nothing.
    for (login, label) in [("gil", "backport x;rm -rf /"), ("gil", "backport a,b"), ("dep[bot]", "backport release-1")]
    {
        world.forge.label(REPO, 30, login, label);
        world.deliver().await;
    }
    assert!(world.incidents().await.is_empty());
    world.forge.label(REPO, 30, "gil", "backport release-1");
    world.deliver().await;
    let incident = world.incident(1).await;
    let proposal = incident.proposals.last().unwrap();
    assert_eq!((&proposal.state, incident.pulls.as_slice()), (&ProposalState::Waiting, &[30][..]), "{proposal:?}");
    let card = world.forge.lock().repos[REPO].comments[0]["body"].as_str().unwrap().to_owned();
    assert!(card.contains("is not merged yet") && card.contains("nothing failed"), "{card}");

    let sha = squash(&world, &repo).await;
    let waits = world.incident(1).await.proposals.last().unwrap().waits_for.clone().unwrap();
    assert!(waits.contains("in progress"), "{waits}");
    run_on(&world, &sha, "success").await;
    // Nobody tells of it: it is looked at by the hour.
    world.clock.advance(3_600_000);
    world.settle().await;
    let proposal = world.incident(1).await.proposals.last().unwrap().clone();
    assert_eq!(proposal.state, ProposalState::Awaiting, "{proposal:?}");
    world.sit("cyd").await.say(&world, "approve 1").await;
    let incident = world.incident(1).await;
    assert_eq!((incident.proposals[0].state.clone(), incident.stage), (ProposalState::Done, Stage::Resolved));
    assert_eq!(ask(&world, &repo, &["show", "ci-rescue/backport/1-1:more.txt"]), "more");
    world.end().await;
}

#[tokio::test]
async fn a_red_main_holds_a_backport_and_a_closed_pull_request_ends_it() {
    let (world, repo) = open_pull().await;
    world.forge.comment(REPO, 30, "gil", "/cherry-pick release-1");
    world.deliver().await;
    assert_eq!(world.incident(1).await.proposals[0].state, ProposalState::Waiting);
    let sha = squash(&world, &repo).await;
    run_on(&world, &sha, "failure").await;
    world.clock.advance(3_600_000);
    world.settle().await;
    let waits = world.incident(1).await.proposals.last().unwrap().waits_for.clone().unwrap();
    assert!(waits.contains("is not green"), "{waits}");
    world.end().await;

    let (world, _) = open_pull().await;
    world.forge.comment(REPO, 30, "gil", "/rescue backport to=release-1");
    world.deliver().await;
    world.forge.end_pull(REPO, 30, "gil", None);
    world.deliver().await;
    let incident = world.incident(1).await;
    assert!(
        matches!(&incident.proposals[0].state, ProposalState::Refused { why } if why[0].contains("without merging"))
    );
    assert_eq!(incident.stage, Stage::Resolved);
    world.end().await;
}

#[tokio::test]
async fn a_comment_on_a_merged_pull_request_needs_no_incident_and_strangers_get_none() {
    let (world, repo) = open_pull().await;
    squash(&world, &repo).await;
    world.forge.comment(REPO, 30, "stranger", "/rescue backport to=release-1");
    world.deliver().await;
    assert!(world.incidents().await.is_empty());
    world.forge.comment(REPO, 30, "gil", "/rescue backport to=release-1,nowhere");
    world.deliver().await;
    let proposal = world.incident(1).await.proposals.last().unwrap().clone();
    assert_eq!(proposal.state, ProposalState::Awaiting, "{proposal:?}");
    let notes = &proposal.plan.as_ref().unwrap().notes;
    assert!(notes.iter().any(|note| note.raw().contains("branch nowhere does not exist")), "{notes:?}");
    // Agreed to on the same pull request, by somebody else.
    world.forge.comment(REPO, 30, "cyd", "/rescue approve");
    world.deliver().await;
    assert_eq!(world.incident(1).await.proposals[0].state, ProposalState::Done);
    assert_eq!(opened(&world).iter().filter(|pull| pull.base == "release-1").count(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_draft_has_a_failing_check_until_its_markers_are_gone() {
    let (world, repo) = broken().await;
    let ada = world.sit("ada").await;
    super::code::agreed(&world, &ada, "backport 1 pr=117 to=release-2").await;
    let branch = "ci-rescue/backport/1-1";
    let check = |sha: &str| {
        let state = world.forge.lock();
        let found =
            state.repos[REPO].checks.iter().find(|c| c["head_sha"] == sha && c["name"] == "CI Rescue: conflicts");
        found.map(|check| {
            ["conclusion", "title", "summary"].map(|key| {
                let said = if key == "conclusion" { &check[key] } else { &check["output"][key] };
                said.as_str().unwrap_or_default().to_owned()
            })
        })
    };
    let head = ask(&world, &repo, &["rev-parse", branch]);
    let resolve = "Resolve these files and push. Where one side deleted a file, decide whether to keep it.";
    let summary = format!("{resolve}\n\n- `lines.txt`");
    assert_eq!(check(&head).unwrap(), ["failure", "Unresolved conflicts in 1 file", &summary]);
    // A person resolves it on our branch.
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["fetch", "--quiet", bare.to_str().unwrap(), branch]);
    repo.git(&["switch", "--quiet", "-c", "mine", "FETCH_HEAD"]);
    repo.write("lines.txt", "one\ntwo\ndrei\nfour\nfive\n");
    let mine = repo.commit("Resolve");
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), &format!("HEAD:refs/heads/{branch}")]);
    let number = opened(&world)[0].number;
    world.forge.lock().repos.get_mut(REPO).unwrap().branches.insert(branch.into(), mine.clone());
    world.forge.lock().tell_pull(REPO, number, "synchronize", "gil", None);
    world.deliver().await;
    let review = "Review the change, then mark the pull request as ready.";
    assert_eq!(check(&mine).unwrap(), ["success", "All conflicts are resolved", review]);
    world.end().await;
}

#[tokio::test]
async fn two_labels_are_two_requests_and_a_green_run_takes_neither_back() {
    let (world, repo) = open_pull().await;
    repo.git(&["branch", "release-2", "release-1"]);
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "release-2"]);
    // An incident of the pull request itself is open.
    let mut run = spec("boom", "success");
    run.pull = Some(30);
    run.branch = "topic".into();
    run.sha = repo.git(&["rev-parse", "topic"]);
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    for branch in ["release-1", "release-2", "release-2"] {
        world.forge.label(REPO, 30, "gil", &format!("backport {branch}"));
        world.deliver().await;
    }
    let incident = world.incident(1).await;
    let waiting = || incident.proposals.iter().filter(|p| p.state == ProposalState::Waiting);
    assert_eq!(waiting().count(), 2, "{:?}", incident.proposals);
    // They are in nobody's way.
    assert!(incident.busy().is_none() && !incident.offers.is_empty());
    world.sit("ada").await.say(&world, "retry 1").await;
    world.forge.finish(id);
    world.deliver().await;
    let incident = world.incident(1).await;
    assert_eq!(incident.stage, Stage::Resolved);
    assert_eq!(incident.proposals.iter().filter(|p| p.state == ProposalState::Waiting).count(), 2);
    squash(&world, &repo).await;
    // No run begins: after an hour none is waited for.
    world.clock.advance(2 * 3_600_000);
    world.settle().await;
    let incident = world.incident(1).await;
    let awaiting = incident.proposals.iter().filter(|p| p.state == ProposalState::Awaiting).count();
    assert_eq!(awaiting, 2, "{:?}", incident.proposals);
    world.end().await;
}

#[tokio::test]
async fn a_file_that_one_side_deleted_is_not_resolved_by_having_no_markers() {
    let (world, repo) = broken().await;
    repo.git(&["switch", "--quiet", "release-2"]);
    repo.git(&["rm", "--quiet", "lines.txt"]);
    repo.commit("No lines");
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "release-2"]);
    let ada = world.sit("ada").await;
    super::code::agreed(&world, &ada, "backport 1 pr=117 to=release-2").await;
    let pull = opened(&world).pop().unwrap();
    assert!(pull.draft, "{pull:?}");
    let state = world.forge.lock();
    let check = state.repos[REPO].checks.iter().find(|check| check["name"] == "CI Rescue: conflicts").unwrap();
    assert_eq!(check["conclusion"], "failure");
}
