//! Pull requests of ours that the bot merges itself: by grant, once green, never past a changed head; and patches of pushes
//! that were refused.

use super::code::{agreed, ask, broken_with, opened};
use crate::plan::repo::Repo;
use crate::world::{REPO, Setup, World, spec};
use ci_rescue::demo::Fault;
use ci_rescue::domain::ProposalState;

/// A world whose operator lets the bot merge pins, with one pin made.
async fn pinned(more: &str) -> (World, Repo) {
    let (world, repo) = broken_with(Setup { config: more.to_owned(), ..Setup::default() }).await;
    repo.write("requirements.txt", "flask>=3\n");
    repo.commit("Needs");
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
    let ada = world.sit("ada").await;
    agreed(&world, &ada, "pin 1 flask@3.0.1").await;
    let proposal = world.incident(1).await.proposals.last().unwrap().clone();
    assert_eq!(proposal.state, ProposalState::Done, "{proposal:?}");
    learn(&world).await;
    (world, repo)
}

async fn learn(world: &World) {
    let dir = world.forge.git_dir.clone().unwrap();
    ci_rescue::demo::learn(&world.forge, &dir, REPO).await.unwrap();
}

/// A run at the head of our branch.
async fn checks(world: &World, sha: &str, ends: &'static str) {
    let mut run = spec("", ends);
    run.workflow = "pull-ci".into();
    run.branch = "ci-rescue/pin/1-1".into();
    run.sha = sha.to_owned();
    run.jobs[0].ends = vec![ends];
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
}

async fn wait(world: &World, minutes: i64) {
    for _ in 0..minutes {
        world.clock.advance(60_000);
        world.settle().await;
    }
}

const GRANT: &str = "[policy]\nmode = \"act\"\nautomatic = []\nauto_merge = [\"pin\"]\n";

#[tokio::test]
async fn a_granted_pin_is_merged_once_it_is_green_and_not_under_the_emergency_stop() {
    let (world, repo) = pinned(GRANT).await;
    let head = ask(&world, &repo, &["rev-parse", "ci-rescue/pin/1-1"]);
    wait(&world, 6).await;
    assert!(opened(&world)[0].open, "not before its CI");
    let ada = world.sit("ada").await;
    ada.say(&world, "hold").await;
    checks(&world, &head, "success").await;
    wait(&world, 6).await;
    assert!(opened(&world)[0].open, "not under the emergency stop");
    ada.say(&world, "unhold").await;
    wait(&world, 6).await;
    assert!(!opened(&world)[0].open);
    assert_eq!(ask(&world, &repo, &["rev-parse", "main"]), head);
    assert!(ada.page("/incidents/1").await.contains(": CI is green and the head is unchanged"));
    world.end().await;
}

#[tokio::test]
async fn merges_count_against_the_daily_limit() {
    for (limit, merged) in [(0, false), (1, true)] {
        let (world, repo) = pinned(&format!("{GRANT}daily_limit = {limit}\n")).await;
        let head = ask(&world, &repo, &["rev-parse", "ci-rescue/pin/1-1"]);
        checks(&world, &head, "success").await;
        wait(&world, 6).await;
        assert_eq!(!opened(&world)[0].open, merged, "{limit}");
        let acts = world.store.settings("acts:").await.unwrap();
        assert_eq!(acts.iter().map(|(_, n)| n.as_u64().unwrap()).sum::<u64>(), u64::from(merged), "{acts:?}");
        let page = world.sit("ada").await.page("/incidents/1").await;
        assert_eq!(page.contains("the daily limit of 0 automatic actions is reached"), !merged, "{page}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_head_that_somebody_changed_is_left_to_people_and_so_is_what_is_not_granted() {
    let (world, repo) = pinned(GRANT).await;
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["fetch", "--quiet", bare.to_str().unwrap(), "ci-rescue/pin/1-1"]);
    repo.git(&["switch", "--quiet", "-c", "mine", "FETCH_HEAD"]);
    repo.write("sneaked.txt", "in\n");
    let mine = repo.commit("Also this");
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "HEAD:refs/heads/ci-rescue/pin/1-1"]);
    learn(&world).await;
    checks(&world, &mine, "success").await;
    wait(&world, 12).await;
    assert!(opened(&world)[0].open);
    let page = world.sit("ada").await.page("/incidents/1").await;
    assert!(page.contains("someone pushed to its branch"), "{page}");
    world.end().await;

    // A revert is never merged by the bot, and mode suggest merges nothing.
    for (more, words) in [(GRANT, "revert 1 pr=117"), ("[policy]\nauto_merge = [\"pin\"]\n", "pin 1 left-pad@1.0.0")] {
        let (world, _) = broken_with(Setup { config: more.to_owned(), ..Setup::default() }).await;
        let ada = world.sit("ada").await;
        agreed(&world, &ada, words).await;
        assert!(world.incident(1).await.proposals.iter().all(|proposal| proposal.merging.is_none()));
        world.end().await;
    }
}

#[tokio::test]
async fn a_push_that_is_refused_for_good_leaves_its_patch_with_the_incident() {
    let (world, repo) = super::code::broken().await;
    let path = "/git-receive-pack".to_owned();
    world.forge.lock().faults.push(Fault {
        method: "POST".into(),
        path,
        status: 403,
        headers: Vec::new(),
        after: false,
    });
    let ada = world.sit("ada").await;
    agreed(&world, &ada, "revert 1 pr=117").await;
    let proposal = world.incident(1).await.proposals.last().unwrap().clone();
    assert!(
        matches!(&proposal.state, ProposalState::Failed { why } if why.contains("the push was rejected")),
        "{proposal:?}"
    );
    let page = ada.page("/incidents/1").await;
    assert!(page.contains("Download its patch from the incident") && page.contains("/incidents/1/patches/1"), "{page}");
    let patch = ada.page("/incidents/1/patches/1").await;
    std::fs::write(repo.path().join("x.patch"), &patch).unwrap();
    repo.git(&["apply", "--index", "x.patch"]);
    assert_eq!(repo.git(&["write-tree"]), repo.git(&["rev-parse", "main~1^{tree}"]));
    world.end().await;
}

const REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// A crate that requires this one, with its lock.
fn crate_of(required: &str, entries: &[(&str, &str, &str)]) -> (String, String) {
    let manifest =
        format!("[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n{required}\n");
    let entry = |(name, version, rest): &(&str, &str, &str)| {
        format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{REGISTRY}\n{rest}\n")
    };
    let (name, _) = required.split_once(' ').unwrap();
    let entries: String = entries.iter().map(entry).collect();
    let own = format!("\n[[package]]\nname = \"shop\"\nversion = \"0.1.0\"\ndependencies = [\n \"{name}\",\n]\n");
    (manifest, format!("version = 3\n{entries}{own}"))
}

/// What the edit alone cannot write is asked of cargo, which asks its registry.
#[tokio::test]
async fn a_lock_is_written_by_its_resolver_where_granted_and_that_is_asked_once() {
    let itoa = "checksum = \"49f1f14873335454500d59611f1cf4a4b0f786f9ac11f4312a78e4cf2566695b\"";
    let memoffset = "checksum = \"488016bfae457b036d996092f6cb448677611ce4449e970ceaf42695203f218a\"\ndependencies = [\n \"autocfg\",\n]";
    let autocfg = "checksum = \"f2032f911046de80f0a198e0901378627c33f59ea0ac00e363d481118bd70a53\"";
    for ((manifest, lock), wish, written) in [
        // Required: the manifest can be edited, its lock cannot.
        (
            crate_of("itoa = \"1\" # digits", &[("itoa", "1.0.11", itoa)]),
            "itoa@1.0.9",
            "af150ab688ff2122fcef229be89cb50dd66af9e01a4ff320cc137eecc9bacc38",
        ),
        // In the lock alone: the edit alone is refused.
        (
            crate_of("memoffset = \"0.9\"", &[("autocfg", "1.5.1", autocfg), ("memoffset", "0.9.1", memoffset)]),
            "autocfg@1.1.0",
            "d468802bab17cbc0cc575e9b053f41e72aa36bfa6b7f55e3529ffa43161b97fa",
        ),
    ] {
        let config = "[policy]\nresolvers = [\"cargo\"]\n".to_owned();
        let (world, repo) = broken_with(Setup { config, ..Setup::default() }).await;
        repo.write("Cargo.toml", manifest);
        repo.write("Cargo.lock", lock);
        repo.commit("A crate");
        let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
        repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
        let ada = world.sit("ada").await;
        ada.say(&world, &format!("pin 1 {wish}")).await;
        let facts = || async { world.store.settings("resolved:").await.unwrap() };
        if facts().await.iter().all(|(_, answer)| answer.get("locks").is_none()) {
            world.end().await;
            return println!("skipped: cargo or its registry is not reached");
        }
        world.sit("cyd").await.say(&world, "approve 1").await;
        let proposal = world.incident(1).await.proposals.last().unwrap().clone();
        assert_eq!(proposal.state, ProposalState::Done, "{wish}: {proposal:?}");
        let lock = ask(&world, &repo, &["show", "ci-rescue/pin/1-1:Cargo.lock"]);
        assert!(lock.contains(written), "{wish}: {lock}");
        // Planned, planned again, pushed: one question.
        assert_eq!(facts().await.len(), 1);
        world.end().await;
    }
}
