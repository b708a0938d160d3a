//! What landed between green and red: ranked, shown, reverted and pinned without a name; what deserves one more approval.

use super::code::{agreed, ask, broken, host, opened};
use crate::plan::repo::Repo;
use crate::world::{REPO, Setup, World, spec};
use ci_rescue::demo::Pull;
use ci_rescue::domain::ProposalState;

pub const GREEN_LOG: &str = "2026-01-01T00:00:01.0000000Z ##[group]Run pip install -r requirements.txt\n2026-01-01T00:00:01.0000000Z ##[endgroup]\n2026-01-01T00:00:02.0000000Z Successfully installed flask-2.3.0 six-1.16.0\n2026-01-01T00:00:03.0000000Z ==== 5 passed in 0.1s ====\n";
pub const RED_LOG: &str = "2026-01-01T00:00:01.0000000Z ##[group]Run pytest\n2026-01-01T00:00:01.0000000Z ##[endgroup]\n2026-01-01T00:00:01.1000000Z Successfully installed flask-3.0.0 six-1.16.0\n2026-01-01T00:00:01.2000000Z Traceback (most recent call last):\n2026-01-01T00:00:01.3000000Z   File \"/home/runner/work/shop/shop/shop/cart.py\", line 2, in total\n2026-01-01T00:00:01.4000000Z     return price / 0\n2026-01-01T00:00:02.0000000Z FAILED tests/test_cart.py::test_total - ZeroDivisionError: division by zero\n2026-01-01T00:00:02.1000000Z ==== 1 failed in 0.1s ====\n2026-01-01T00:00:03.0000000Z ##[error]Process completed with exit code 1.\n";

/// A green run, then these commits, then a red one: incident 1.
pub async fn since_green(commits: &[(&str, &str, &str)]) -> (World, Repo) {
    since_green_in(Setup::default(), commits, GREEN_LOG).await
}

/// As [`since_green`], where the green run had this log.
pub async fn since_green_in(setup: Setup, commits: &[(&str, &str, &str)], green_log: &str) -> (World, Repo) {
    failing_with(setup, commits, [green_log, RED_LOG]).await
}

async fn failing_with(setup: Setup, commits: &[(&str, &str, &str)], [green_log, red_log]: [&str; 2]) -> (World, Repo) {
    let world = World::with(setup).await;
    let repo = Repo::new();
    repo.write("lines.txt", "one\n");
    repo.write("shop/cart.py", "def total(price):\n    return price\n");
    repo.write("requirements.txt", "flask>=2\n");
    repo.commit("First light");
    let green = repo.git(&["rev-parse", "HEAD"]);
    for (subject, path, text) in commits {
        repo.write(path, text);
        repo.commit(subject);
    }
    host(&world, &repo).await;
    for login in ["ada", "ben", "cyd"] {
        world.forge.permit(REPO, login, "write");
    }
    for (log, ends, sha) in [(green_log, "success", green), (red_log, "failure", repo.git(&["rev-parse", "HEAD"]))] {
        let mut run = spec(log, ends);
        run.jobs[0].green_log = log.into();
        run.jobs[0].ends = vec![ends];
        run.sha = sha;
        let id = world.forge.start(run);
        world.deliver().await;
        world.forge.finish(id);
        world.deliver().await;
    }
    (world, repo)
}

const CART: (&str, &str, &str) = ("Divide the price", "shop/cart.py", "def total(price):\n    return price / 0\n");
/// A subject that names a pull request, and calls people.
pub const THREE: (&str, &str, &str) = ("Three <!channel> @everyone (#9)", "more.txt", "three\n");
pub const LINES: (&str, &str, &str) = ("Count to two", "lines.txt", "one\ntwo\n");

#[tokio::test]
async fn the_commit_that_the_failure_points_to_is_shown_and_reverted_without_a_name() {
    let (world, repo) = since_green(&[LINES, CART, ("Three (#9)", "more.txt", "three\n")]).await;
    let ada = world.sit("ada").await;
    let page = ada.page("/").await;
    let sha = repo.git(&["rev-parse", "--short=7", "HEAD~1"]);
    for words in [format!("Suspect: {sha} Divide the price").as_str(), "which the failure points to", "Say: revert 1"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let why = ada.say(&world, "why 1").await;
    for words in [
        "Count to two",
        "Three (#9)",
        "it landed since the last green run",
        "flask (pip): 2.3.0 when it last passed, 3.0.0 now",
    ] {
        assert!(why.contains(words), "{words}: {why}");
    }
    agreed(&world, &ada, "revert 1").await;
    let pull = opened(&world).pop().unwrap();
    assert!(pull.title.starts_with(&format!("Revert {sha} Divide the price")), "{}", pull.title);
    assert!(pull.body.contains("points to it") && pull.body.contains("which the failure points to"), "{}", pull.body);
    let cart = ask(&world, &repo, &["show", "ci-rescue/revert/1-1:shop/cart.py"]);
    assert!(cart.ends_with("return price"), "{cart}");
    world.end().await;
}

#[tokio::test]
async fn what_the_failing_test_is_named_after_is_suspected_where_the_trace_shows_the_test_alone() {
    let log = RED_LOG
        .replace("shop/shop/shop/cart.py\", line 2, in total", "shop/shop/tests/test_cart.py\", line 5, in test_total");
    let source = ("Count to two", "lib/lines.py", "ONE = 1\nTWO = 2\n");
    let (world, repo) =
        failing_with(Setup::default(), &[source, CART, ("Three (#9)", "more.txt", "three\n")], [GREEN_LOG, &log]).await;
    let page = world.sit("ada").await.page("/").await;
    let sha = repo.git(&["rev-parse", "--short=7", "HEAD~1"]);
    for words in [
        format!("Suspect: {sha} Divide the price: the failing test is named after shop/cart.py").as_str(),
        "Say: revert 1",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    // Of those that nothing points to, the one that changes sources comes first.
    let suspicion = world.incident(1).await.suspicion.unwrap();
    let order: Vec<&str> = suspicion.suspects.iter().map(|suspect| suspect.subject.raw()).collect();
    assert_eq!(order, ["Divide the price", "Count to two", "Three (#9)"]);
    world.end().await;
}

#[tokio::test]
async fn without_a_bracket_nothing_is_reverted_and_the_suspects_are_named() {
    let (world, repo) = since_green(&[LINES, ("Three (#9)", "more.txt", "three\n")]).await;
    let ada = world.sit("ada").await;
    assert!(!ada.page("/").await.contains("Say: revert"));
    ada.say(&world, "revert 1").await;
    let state = world.incident(1).await.proposals.last().unwrap().state.clone();
    let ProposalState::Refused { why } = &state else { panic!("{state:?}") };
    let sha = repo.git(&["rev-parse", "--short=7", "HEAD~1"]);
    assert!(why[0].contains("pr=9 (Three (9))") && why[0].contains(&format!("commit={sha} (Count to two)")), "{why:?}");
    // A name settles it.
    agreed(&world, &ada, &format!("revert 1 commit={sha}")).await;
    assert_eq!(ask(&world, &repo, &["show", "ci-rescue/revert/1-2:lines.txt"]), "one");
    world.end().await;
}

#[tokio::test]
async fn what_landed_alone_is_bracketed_and_a_moved_package_is_pinned_without_a_name() {
    let (world, repo) = since_green(&[LINES]).await;
    let ada = world.sit("ada").await;
    assert!(ada.page("/").await.contains("nothing else landed. Say: revert 1"));
    agreed(&world, &ada, "pin 1").await;
    let proposal = world.incident(1).await.proposals.last().unwrap().clone();
    assert_eq!(proposal.state, ProposalState::Done, "{proposal:?}");
    let text = ask(&world, &repo, &["show", "ci-rescue/pin/1-1:requirements.txt"]);
    assert!(text.contains("flask==2.3.0"), "{text}");
    ada.say(&world, "pin 1 six").await;
    let state = world.incident(1).await.proposals.last().unwrap().state.clone();
    assert!(matches!(&state, ProposalState::Refused { why } if why[0].contains("pin six@VERSION")), "{state:?}");
    world.end().await;
}

#[tokio::test]
async fn a_subject_can_neither_hide_a_commit_nor_name_another_s_pull_request() {
    // One that would break the fields, one that names a pull request that it is not.
    let hidden = ("Hide\u{2}me\u{2}now", "shop/cart.py", "def total(price):\n    return price / 0\n");
    let (world, repo) = since_green(&[hidden, ("Innocent (#117)", "more.txt", "three\n")]).await;
    let suspicion = world.incident(1).await.suspicion.unwrap();
    assert_eq!((suspicion.commits, suspicion.suspects.len()), (2, 2), "{suspicion:?}");
    let named = ("Divide (#117)", "shop/cart.py", "def total(price):\n    return price / 0\n");
    let (second, other) = since_green(&[LINES, named]).await;
    let pull = Pull {
        number: 117,
        title: "Something else".into(),
        body: String::new(),
        head: "topic".into(),
        base: "main".into(),
        draft: false,
        open: false,
        merged: Some(other.git(&["rev-parse", "HEAD~1"])),
        merged_at: None,
        messages: vec!["x".into()],
    };
    second.forge.lock().repos.get_mut(REPO).unwrap().pulls.push(pull);
    let ada = second.sit("ada").await;
    agreed(&second, &ada, "revert 1").await;
    let cart = ask(&second, &other, &["show", "ci-rescue/revert/1-1:shop/cart.py"]);
    assert!(cart.ends_with("return price"), "{cart}");
    assert_eq!(ask(&second, &other, &["show", "ci-rescue/revert/1-1:lines.txt"]), "one\ntwo");
    drop((repo, world));
}

#[tokio::test]
async fn history_that_was_rewritten_brackets_nothing() {
    let (world, repo) = since_green(&[LINES]).await;
    // The green commit is dropped, and main goes on from elsewhere.
    repo.git(&["checkout", "--quiet", "--orphan", "other"]);
    let red = repo.commit("Another beginning");
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", "--force", bare.to_str().unwrap(), "other:main"]);
    let mut run = spec(RED_LOG, "failure");
    run.sha = red;
    run.workflow = "shop-ci".into();
    run.jobs[0].name = "another job".into();
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    let newest = world.incidents().await.into_iter().max_by_key(|incident| incident.no).unwrap();
    assert!(newest.suspicion.as_ref().is_none_or(|s| s.red != newest.sha || s.green.is_none()), "{newest:?}");
    world.end().await;
}

#[tokio::test]
async fn threat_072_workflows_owners_merges_and_strange_commits_take_one_more_approval() {
    let (world, repo) = broken().await;
    repo.git(&["switch", "--quiet", "-c", "side", "main~1"]);
    repo.write("side.txt", "side\n");
    let stray = repo.commit("Never merged");
    repo.write("merged.txt", "merged\n");
    repo.commit("Merged");
    repo.git(&["switch", "--quiet", "main"]);
    repo.git(&["merge", "--quiet", "--no-ff", "-m", "Merge pull request #8 from a/side", "side~0"]);
    let merge = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["branch", "--quiet", "stray", &stray]);
    repo.write(".github/workflows/ci.yml", "on: push\n");
    let workflow = repo.commit("A workflow");
    repo.write(".github/CODEOWNERS", "* @acme/qa\n");
    let owners = repo.commit("Other owners");
    repo.git(&["switch", "--quiet", "-c", "away", "main~1"]);
    repo.write("away.txt", "away\n");
    let away = repo.commit("Elsewhere");
    repo.git(&["switch", "--quiet", "main"]);
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", "--all", bare.to_str().unwrap()]);
    world.forge.permit(REPO, "ben", "write");
    let ada = world.sit("ada").await;
    for (commit, why) in
        [(&merge, "merge commit"), (&workflow, "changes workflow"), (&owners, "assigns reviewers"), (&away, "not on")]
    {
        ada.say(&world, &format!("revert 1 commit={commit}")).await;
        let proposal = world.incident(1).await.proposals.last().unwrap().clone();
        if commit == &away {
            // What it added is not there: nothing to take back is an answer, too.
            assert!(matches!(proposal.state, ProposalState::Refused { .. }), "{proposal:?}");
            continue;
        }
        assert_eq!((proposal.quorum, &proposal.state), (2, &ProposalState::Awaiting), "{why}: {proposal:?}");
        assert!(proposal.plan.as_ref().unwrap().because.iter().any(|line| line.contains(why)), "{why}: {proposal:?}");
        let cyd = world.sit("cyd").await;
        cyd.say(&world, "approve 1").await;
        assert_eq!(world.incident(1).await.proposals.last().unwrap().state, ProposalState::Awaiting);
        ada.say(&world, "cancel 1").await;
    }
    assert!(opened(&world).is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_revert_that_conflicts_names_what_was_built_on_it_and_takes_them_back_together() {
    let world = World::new().await;
    let repo = Repo::new();
    repo.write("lines.txt", "one\n");
    repo.commit("First light");
    let mut merged = Vec::new();
    for (text, subject) in [("uno\n", "Italian (#5)"), ("UNO\n", "Loud (#6)")] {
        repo.write("lines.txt", text);
        merged.push(repo.commit(subject));
    }
    host(&world, &repo).await;
    for (number, commit) in [(5, &merged[0]), (6, &merged[1])] {
        let pull = Pull {
            number,
            title: format!("Change {number}"),
            body: String::new(),
            head: "topic".into(),
            base: "main".into(),
            draft: false,
            open: false,
            merged: Some(commit.clone()),
            merged_at: None,
            messages: vec!["x".into()],
        };
        world.forge.lock().repos.get_mut(REPO).unwrap().pulls.push(pull);
    }
    for login in ["ada", "cyd"] {
        world.forge.permit(REPO, login, "write");
    }
    let mut run = spec(RED_LOG, "failure");
    run.sha = repo.git(&["rev-parse", "main"]);
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    let ada = world.sit("ada").await;
    let shown = ada.say(&world, "revert 1 pr=5 --dry-run").await;
    for words in ["Loud (#6)", "add 6 to pr=", "opens a draft: conflicts"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // In whatever order they are named.
    agreed(&world, &ada, "revert 1 pr=6,5").await;
    let branch = format!("ci-rescue/revert/{}", world.incident(1).await.proposals.last().unwrap().id);
    assert_eq!(ask(&world, &repo, &["show", &format!("{branch}:lines.txt")]), "one");
    assert_eq!(ask(&world, &repo, &["rev-list", "--count", &format!("main..{branch}")]), "2");
    let pull = world.forge.lock().repos[REPO].pulls.last().unwrap().clone();
    assert_eq!((pull.title.as_str(), pull.draft), ("Revert #5, #6", false));
    world.end().await;
}
