//! fix: a known issue in the log, and the failing workflow mended by a template.

use super::code::{agreed, ask, broken, opened};
use crate::world::{REPO, spec};
use ci_rescue::domain::ProposalState;

const GLIBC: &str = "2026-01-01T00:00:01.0000000Z ##[group]Run actions/upload-artifact@v4\n2026-01-01T00:00:01.0000000Z ##[endgroup]\n2026-01-01T00:00:02.0000000Z /__e/node20/bin/node: /lib64/libc.so.6: version `GLIBC_2.28' not found (required by /__e/node20/bin/node)\n2026-01-01T00:00:03.0000000Z ##[error]Process completed with exit code 1.\n";
const CI: &str = "name: other-ci\non: push\njobs:\n  test:\n    runs-on: ubuntu-22.04 # old\n    steps:\n      - run: make\n      - uses: actions/upload-artifact@v4\n        with:\n          path: out\n";
const DEPLOY: &str = "name: deploy\non: push\njobs:\n  ship:\n    runs-on: ubuntu-22.04\n    steps:\n      - uses: actions/upload-artifact@v4\n";

#[tokio::test]
async fn a_known_issue_is_mended_by_its_template_and_deployments_are_not_touched() {
    let (world, repo) = broken().await;
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
