//! Conformance of every remedy: the same plan each time, and whichever write is refused, goes down or loses its answer, the
//! forge ends in one of two states: done once, or as before.

use super::code::{agreed, ask, broken};
use super::quarantine::{flaky, merge};
use crate::plan::repo::Repo;
use crate::world::{REPO, World, spec};
use ci_rescue::demo::Fault;
use ci_rescue::domain::{Digest, ProposalState};

/// A world in which these words, about this incident, make a proposal of the remedy.
struct Scene {
    world: World,
    repo: Repo,
    no: u64,
    words: &'static str,
}

async fn scene(remedy: &str) -> Scene {
    match remedy {
        "retry" => with(broken().await, 1, "retry 1"),
        "quarantine" => with(flaky().await, 2, "quarantine 2"),
        "extend" => with(quarantined().await, 2, "extend 2 for=14d"),
        "unquarantine" => with(quarantined().await, 2, "unquarantine 2"),
        "pin" => with(packaged().await, 1, "pin 1 flask@3.0.1"),
        "unpin" => {
            let (world, repo) = packaged().await;
            let ada = world.sit("ada").await;
            agreed(&world, &ada, "pin 1 flask@3.0.1").await;
            merge(&world, &repo, "ci-rescue/pin/1-1").await;
            with((world, repo), 1, "unpin 1 flask")
        }
        "revert" => with(broken().await, 1, "revert 1 pr=117"),
        "backport" => with(broken().await, 1, "backport 1 pr=117 to=release-1,release-2"),
        "fix" => with(workflows().await, 1, "fix 1 cache_key_bump"),
        "requeue" => with(thrown_out().await, 2, "requeue 2"),
        "issue" => with(flaky().await, 2, "issue 2"),
        other => panic!("{other} has no scene: a remedy is tried here with every write broken in turn"),
    }
}

fn with((world, repo): (World, Repo), no: u64, words: &'static str) -> Scene {
    Scene { world, repo, no, words }
}

async fn quarantined() -> (World, Repo) {
    let (world, repo) = flaky().await;
    world.sit("ada").await.say(&world, "quarantine 2").await;
    world.sit("cyd").await.say(&world, "approve 2").await;
    merge(&world, &repo, "ci-rescue/quarantine/2-1").await;
    (world, repo)
}

/// Like a broken world, with these files on main.
async fn having(path: &str, text: &str) -> (World, Repo) {
    let (world, repo) = broken().await;
    repo.write(path, text);
    repo.commit("More files");
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
    (world, repo)
}

async fn packaged() -> (World, Repo) {
    having("requirements.txt", "requests==2.31.0\nflask>=3\n").await
}

async fn workflows() -> (World, Repo) {
    let workflow = spec("", "success").workflow;
    let text = format!(
        "name: {workflow}\non: push\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/cache@v4\n        with:\n          path: x\n          key: v1-x\n"
    );
    having(".github/workflows/ci.yml", &text).await
}

/// A pull request that the merge queue has thrown out, beside a broken main.
async fn thrown_out() -> (World, Repo) {
    let (world, repo) = broken().await;
    world.forge.queueable(REPO, 104, "ben", &"a".repeat(40));
    world.forge.dequeue(REPO, 104, "CI_FAILURE");
    world.deliver().await;
    (world, repo)
}

impl Scene {
    /// Says the words, agrees to what comes of them, and waits until nothing is tried any more.
    async fn play(&self) {
        self.world.sit("ada").await.say(&self.world, self.words).await;
        let cyd = self.world.sit("cyd").await;
        for _ in 0..45 {
            let state = self.world.incident(self.no).await.proposals.last().unwrap().state.clone();
            if state == ProposalState::Awaiting {
                cyd.say(&self.world, &format!("approve {}", self.no)).await;
            }
            self.world.clock.advance(60_000);
            self.world.settle().await;
        }
    }

    async fn digest(&self) -> Option<Digest> {
        self.world.incident(self.no).await.proposals.last().and_then(|p| p.plan.clone()).map(|plan| plan.digest)
    }

    /// What a person finds on the forge, and CI in the ledger: branches of ours by their trees, what is open, attempts.
    ///
    /// A label that may not be written is left out: it stops nothing.
    async fn found(&self, with_labels: bool) -> Vec<String> {
        let refs =
            ask(&self.world, &self.repo, &["for-each-ref", "--format=%(refname) %(tree)", "refs/heads/ci-rescue"]);
        let mut all: Vec<String> = refs.lines().map(str::to_owned).collect();
        let ledger = self.world.store.settings("quarantine:").await.unwrap();
        all.extend(ledger.into_iter().map(|(key, entry)| format!("{key} until {}", entry["until"])));
        let state = self.world.forge.lock();
        let repo = &state.repos[REPO];
        let labels = |number: u64| repo.labels.get(&number).filter(|_| with_labels).cloned().unwrap_or_default();
        for pull in repo.pulls.iter().filter(|pull| pull.open) {
            all.push(format!("{} -> {} {} {:?}", pull.head, pull.base, pull.draft, labels(pull.number)));
        }
        for issue in repo.issues.iter().filter(|issue| issue.open) {
            all.push(format!("{} {:?}", issue.title, labels(issue.number)));
        }
        let sure = repo.checks.iter().map(|check| format!("{} {}", check["name"], check["conclusion"]));
        all.extend(sure.filter(|check| check.contains("conflicts")));
        all.extend(repo.queue.entries.iter().map(|number| format!("queued {number}")));
        all.extend(state.runs.values().map(|run| format!("run {} attempt {}", run.spec.workflow, run.attempt)));
        all.sort();
        all
    }

    /// Writes that the forge was asked for since the first `from` calls.
    fn writes(&self, from: usize) -> Vec<(String, String)> {
        let state = self.world.forge.lock();
        let calls = state.calls[from..].iter().filter(|call| call.method != "GET");
        let ours = |path: &str| !path.ends_with("git-upload-pack") && !path.ends_with("access_tokens");
        let mut all: Vec<(String, String)> = Vec::new();
        for call in calls.filter(|call| ours(&call.path)) {
            let write = (call.method.clone(), call.path.clone());
            if !all.contains(&write) {
                all.push(write);
            }
        }
        all
    }
}

/// What becomes of a write.
const BREAKS: [(&str, u16, bool); 3] = [("refused", 403, false), ("down", 503, false), ("its answer lost", 502, true)];

async fn conforms(remedy: &str) {
    let clean = scene(remedy).await;
    let before = [clean.found(false).await, clean.found(true).await];
    let calls = clean.world.forge.lock().calls.len();
    clean.play().await;
    let done = [clean.found(false).await, clean.found(true).await];
    let proposal = clean.world.incident(clean.no).await.proposals.last().unwrap().clone();
    assert_eq!((&proposal.state, proposal.remedy.as_str()), (&ProposalState::Done, remedy), "{proposal:?}");
    assert_ne!(before, done);
    let (writes, digest) = (clean.writes(calls), clean.digest().await);
    assert!(!writes.is_empty());
    clean.world.end().await;
    for (method, path) in &writes {
        for (how, status, after) in BREAKS {
            let scene = scene(remedy).await;
            let fault = Fault { method: method.clone(), path: path.clone(), status, headers: Vec::new(), after };
            scene.world.forge.lock().faults.push(fault);
            scene.play().await;
            let labels = usize::from(!(path.ends_with("/labels") && how == "refused"));
            let found = scene.found(labels == 1).await;
            let (done, before) = (&done[labels], &before[labels]);
            let state = scene.world.incident(scene.no).await.proposals.last().unwrap().state.clone();
            let what = format!("{remedy}: {method} {path} {how}: {state:?}");
            assert!(scene.world.forge.lock().faults.is_empty(), "{what}: it was never asked for");
            assert!(found == *done || found == *before, "{what}\nfound {found:#?}\ndone {done:#?}\nbefore {before:#?}");
            assert!(!state.is_active(), "{what}");
            let is_done = state == ProposalState::Done;
            assert_eq!(is_done, found == *done, "{what}: what is said is what is found");
            // What passes by itself must not cost the act.
            assert!(is_done || how == "refused", "{what}");
            // GraphQL is read by POST too: then there may be no plan. Its write is broken in `queues.rs`.
            let unread = path == "/graphql" && matches!(state, ProposalState::Refused { .. });
            assert!(unread || scene.digest().await == digest, "{what}: the same plan");
            scene.world.end().await;
        }
    }
}

macro_rules! remedies {
    ($($remedy:ident),*) => {
        $(
            #[tokio::test]
            async fn $remedy() {
                conforms(stringify!($remedy)).await;
            }
        )*

        #[test]
        fn every_remedy_is_tried() {
            let tried = [$(stringify!($remedy)),*];
            // A search is several retries one after another: a fault in the midst of it leaves those before (`bisect.rs`).
            let remedies = ci_rescue::remedies::all();
            let one_act = remedies.iter().filter(|remedy| !remedy.nature().goes_on);
            let all: Vec<&str> = one_act.map(|remedy| remedy.id()).collect();
            assert_eq!(tried.as_slice(), all.as_slice());
        }
    };
}

remedies!(retry, quarantine, unquarantine, extend, pin, unpin, revert, backport, fix, requeue, issue);
