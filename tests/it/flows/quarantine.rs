//! Quarantines: in the code and via the list that CI asks for; their ledger, tracking issues, owners and last days.

use super::code::{agreed, ask, broken, broken_with, opened};
use crate::plan::repo::Repo;
use crate::world::{REPO, Seat, Setup, World, spec};
use ci_rescue::domain::{ProposalState, Stage};

/// A run whose log names one failing test.
pub const PYTEST_LOG: &str = "2026-01-01T00:00:01.0000000Z ##[group]Run pytest\n2026-01-01T00:00:02.0000000Z FAILED tests/test_cart.py::test_total - assert 1 == 2\n2026-01-01T00:00:02.1000000Z ==== 1 failed in 0.1s ====\n2026-01-01T00:00:03.0000000Z ##[error]Process completed with exit code 1.\n";

#[tokio::test]
async fn a_quarantine_is_shown_before_it_is_agreed_to_and_released_again() {
    let (world, repo) = flaky().await;
    let ada = world.sit("ada").await;
    ada.say(&world, "repro 2").await;
    let script = ada.page("/incidents/2/repro.sh").await;
    let sha = repo.git(&["rev-parse", "main"]);
    for words in ["set -euo pipefail", sha.as_str(), "'tests/test_cart.py::test_total'"] {
        assert!(script.contains(words), "{words}: {script}");
    }
    ada.say(&world, "quarantine 2 reason=\"port taken\"").await;
    // The card says what will change, the thread shows the lines, the page the whole patch.
    let page = ada.page("/incidents/2").await;
    for words in ["tests/test_cart.py, 1 file, +2 -0", "What changes in main", "@pytest.mark.skip"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    world.sit("cyd").await.say(&world, "approve 2").await;
    let proposal = world.incident(2).await.proposals.last().unwrap().clone();
    assert_eq!(proposal.state, ProposalState::Done, "{proposal:?}");
    let text = ask(&world, &repo, &["show", "ci-rescue/quarantine/2-1:tests/test_cart.py"]);
    assert!(text.contains("ci-rescue id=2-1 until=2026-01-08: port taken"), "{text}");
    // Nothing is skipped before the merge, and people are told so.
    assert_eq!(world.incident(2).await.stage, Stage::Open);
    assert!(ada.say(&world, "quarantined").await.contains("not merged yet"));
    assert!(api(&world, "/api/quarantine/acme/shop").await.1.contains("\"quarantined\":[]"));
    let page = ada.page("/").await;
    assert!(page.contains(">issue #") && page.contains(">pull request #"), "{page}");

    let body = opened(&world)[0].body.clone();
    assert!(body.contains("is owned by") && body.contains("acme/qa") && !body.contains(" @acme"), "{body}");

    // Merged by people; then it is taken out again.
    merge(&world, &repo, "ci-rescue/quarantine/2-1").await;
    assert_eq!(world.incident(2).await.stage, Stage::Quarantined);
    let list = ada.say(&world, "quarantined").await;
    assert!(list.contains("0d old") && !list.contains("not merged yet"), "{list}");
    assert!(api(&world, "/api/quarantine/acme/shop").await.1.contains("tests/test_cart.py::test_total"));
    // A week later the bot proposes to take it out, by itself and once; not while the emergency stop is on.
    world.clock.advance(6 * 24 * 3_600_000);
    world.settle().await;
    assert_eq!(opened(&world).len(), 1);
    ada.say(&world, "hold").await;
    world.clock.advance(24 * 3_600_000);
    world.settle().await;
    assert_eq!(opened(&world).len(), 1);
    ada.say(&world, "unhold").await;
    for _ in 0..3 {
        world.clock.advance(24 * 3_600_000);
        world.settle().await;
    }
    assert_eq!(opened(&world).len(), 2);
    let proposal = world.incident(2).await.proposals.last().unwrap().clone();
    assert_eq!(proposal.state, ProposalState::Done, "{proposal:?}");
    let released = ask(&world, &repo, &["rev-parse", "ci-rescue/unquarantine/2-2^{tree}"]);
    assert_eq!(released, repo.git(&["rev-parse", "HEAD~1^{tree}"]));
    world.end().await;
}

/// Incident 2: `tests/test_cart.py::test_total` fails on main, and passes on its second attempt.
pub async fn flaky() -> (World, Repo) {
    flaky_with("").await
}

async fn flaky_with(config: &str) -> (World, Repo) {
    flaky_in(Setup { config: config.to_owned(), ..Setup::default() }).await
}

pub async fn flaky_in(setup: Setup) -> (World, Repo) {
    let (world, repo) = broken_with(setup).await;
    let mut run = spec(PYTEST_LOG, "success");
    run.workflow = "other-ci".into();
    run.sha = repo.git(&["rev-parse", "main"]);
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    (world, repo)
}

/// What the API says, with the read token.
async fn api(world: &World, path: &str) -> (u16, String) {
    let url = format!("http://{}{path}", world.public_at);
    let answer = world.http.get(url).bearer_auth("read-token").send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// What is open on the forge's tracker: title, body, labels, assignees.
fn issues(world: &World) -> Vec<(String, String, Vec<String>, Vec<String>)> {
    let state = world.forge.lock();
    let repo = &state.repos[REPO];
    let open = repo.issues.iter().filter(|issue| issue.open);
    open.map(|i| (i.title.clone(), i.body.clone(), repo.labels[&i.number].clone(), i.assignees.clone())).collect()
}

async fn agreed_2(world: &World, ada: &Seat, words: &str) -> ProposalState {
    ada.say(world, words).await;
    world.sit("cyd").await.say(world, "approve 2").await;
    world.incident(2).await.proposals.last().unwrap().state.clone()
}

#[tokio::test]
async fn a_quarantine_by_the_list_changes_no_code_and_ci_can_use_it_at_once() {
    let (world, repo) = flaky().await;
    let ada = world.sit("ada").await;
    let before = ask(&world, &repo, &["for-each-ref"]);
    let answer = ada.say(&world, "quarantine 2 list").await;
    assert!(answer.contains("needs 1 approval"), "{answer}");
    let (_, none) = api(&world, "/api/quarantine/acme/shop?form=pytest").await;
    assert_eq!(none, "");
    world.sit("cyd").await.say(&world, "approve 2").await;
    let proposal = world.incident(2).await.proposals.last().unwrap().clone();
    assert_eq!(proposal.state, ProposalState::Done, "{proposal:?}");
    assert_eq!(ask(&world, &repo, &["for-each-ref"]), before);
    assert_eq!(
        api(&world, "/api/quarantine/acme/shop?form=pytest").await.1,
        "--deselect=tests/test_cart.py::test_total\n"
    );
    assert_eq!(api(&world, "/api/quarantine/acme/shop?form=go").await, (200, String::new()));
    let (status, why) = api(&world, "/api/quarantine/acme/shop?form=nose").await;
    assert!(status == 400 && why.contains("pytest"), "{why}");
    let (_, json) = api(&world, "/api/quarantine/acme/shop").await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let entry = &json["quarantined"][0];
    assert_eq!((entry["by"].as_str(), entry["id"].as_str()), (Some("list"), Some("2-1")));
    assert_eq!(entry["owners"], serde_json::json!(["@acme/qa", "ben@example.org"]));
    // The same test twice is one too many.
    ada.say(&world, "quarantine 2").await;
    let twice = world.incident(2).await.proposals.last().unwrap().state.clone();
    assert!(
        matches!(&twice, ProposalState::Refused { why } if why[0].contains("already quarantined as 2-1")),
        "{twice:?}"
    );

    assert_eq!(agreed_2(&world, &ada, "extend 2 for=14d").await, ProposalState::Done);
    assert!(api(&world, "/api/quarantine/acme/shop").await.1.contains("2026-01-15"));
    let list = ada.say(&world, "quarantined owner=acme/qa").await;
    assert!(list.contains("test_total") && list.contains("via the list"), "{list}");
    assert!(ada.say(&world, "quarantined owner=ben").await.contains("Nothing is quarantined for ben"));

    // Its day comes: nobody has to ask.
    world.clock.advance(14 * 24 * 3_600_000);
    world.settle().await;
    assert!(api(&world, "/api/quarantine/acme/shop").await.1.contains("\"quarantined\":[]"));
    let released = world.incident(2).await.proposals.last().unwrap().clone();
    assert_eq!((released.remedy.as_str(), &released.state), ("unquarantine", &ProposalState::Done), "{released:?}");
    world.end().await;
}

#[tokio::test]
async fn a_quarantine_has_a_tracking_issue_that_ends_with_it() {
    let (world, repo) = flaky().await;
    let ada = world.sit("ada").await;
    assert_eq!(agreed_2(&world, &ada, "quarantine 2").await, ProposalState::Done);
    let open = issues(&world);
    let (title, body, labels, assignees) = &open[0];
    // Nothing says yet that it fails by chance.
    assert_eq!(title, "Quarantined: tests/test_cart.py::test_total");
    for words in ["2026-01-08", "acme/qa", "1 failed in 0.1s", "proposal 2-1"] {
        assert!(body.contains(words), "{words}: {body}");
    }
    assert!(!body.contains(" @acme"), "{body}");
    assert_eq!(labels, &["ci:auto-rescue", "ci:quarantined"]);
    assert!(assignees.is_empty());
    // Extended in the code: the day, and nothing else.
    merge(&world, &repo, "ci-rescue/quarantine/2-1").await;
    assert_eq!(agreed_2(&world, &ada, "extend 2 for=21d").await, ProposalState::Done);
    let diff = ask(&world, &repo, &["diff", "--numstat", "main", "ci-rescue/extend/2-2"]);
    assert_eq!(diff, "1\t1\ttests/test_cart.py");
    let text = ask(&world, &repo, &["show", "ci-rescue/extend/2-2:tests/test_cart.py"]);
    assert!(text.contains("ci-rescue id=2-1 until=2026-01-22: fails"), "{text}");
    merge(&world, &repo, "ci-rescue/extend/2-2").await;
    world.clock.advance(8 * 24 * 3_600_000);
    world.settle().await;
    assert_eq!(opened(&world).len(), 2, "not released on the first day");
    assert_eq!(agreed_2(&world, &ada, "unquarantine 2").await, ProposalState::Done);
    let release = opened(&world).pop().unwrap();
    let number = world.forge.lock().repos[REPO].issues[0].number;
    assert!(release.body.contains(&format!("Closes #{number}.")), "{}", release.body);
    assert!(release.body.contains("by ada: skip tests"), "{}", release.body);
    assert_eq!(
        ask(&world, &repo, &["rev-parse", "ci-rescue/unquarantine/2-3^{tree}"]),
        repo.git(&["rev-parse", "HEAD~2^{tree}"])
    );
    // It is quarantined until that is merged, and one pull request is enough.
    assert!(ada.say(&world, "quarantined acme/shop").await.contains("2-1"));
    let twice = agreed_2(&world, &ada, "unquarantine 2").await;
    assert!(matches!(&twice, ProposalState::Refused { why } if why[0].contains("2-3 already opened")), "{twice:?}");
    merge(&world, &repo, "ci-rescue/unquarantine/2-3").await;
    assert!(ada.say(&world, "quarantined").await.contains("Nothing is quarantined"));
    world.end().await;
}

/// Merges a branch of ours, as a person would.
pub async fn merge(world: &World, repo: &Repo, branch: &str) {
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["fetch", "--quiet", bare.to_str().unwrap(), branch]);
    repo.git(&["merge", "--quiet", "--ff-only", "FETCH_HEAD"]);
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
    let head = repo.git(&["rev-parse", "HEAD"]);
    let number = opened(world).iter().find(|pull| pull.head == branch).unwrap().number;
    world.forge.end_pull(REPO, number, "gil", Some(&head));
    world.deliver().await;
}

/// As [`merge`], and the forge tells nobody.
async fn merge_unheard(world: &World, repo: &Repo, branch: &str) {
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    let head = repo.git(&["--git-dir", bare.to_str().unwrap(), "rev-parse", branch]);
    let number = opened(world).iter().find(|pull| pull.head == branch).unwrap().number;
    world.forge.end_pull(REPO, number, "gil", Some(&head));
    drop(world.forge.take_hooks());
    world.settle().await;
}

#[tokio::test]
async fn what_ends_unheard_is_seen_within_a_day() {
    for merged in [true, false] {
        let (world, repo) = flaky().await;
        let ada = world.sit("ada").await;
        assert_eq!(agreed_2(&world, &ada, "quarantine 2").await, ProposalState::Done);
        if merged {
            merge_unheard(&world, &repo, "ci-rescue/quarantine/2-1").await;
        } else {
            world.forge.end_pull(REPO, opened(&world)[0].number, "gil", None);
            drop(world.forge.take_hooks());
        }
        assert!(ada.say(&world, "quarantined").await.contains("not merged yet"));
        world.clock.advance(24 * 3_600_000);
        world.settle().await;
        let list = ada.say(&world, "quarantined").await;
        assert_eq!((list.contains("0d old"), list.contains("Nothing is quarantined")), (merged, !merged), "{list}");
        world.end().await;
    }
}

#[tokio::test]
async fn what_ends_while_the_bot_is_away_is_seen_when_it_starts() {
    let (world, repo) = flaky().await;
    let ada = world.sit("ada").await;
    assert_eq!(agreed_2(&world, &ada, "quarantine 2").await, ProposalState::Done);
    merge_unheard(&world, &repo, "ci-rescue/quarantine/2-1").await;
    assert!(ada.say(&world, "quarantined").await.contains("not merged yet"));
    world.app.engine.look_at_pending().await.unwrap();
    world.settle().await;
    assert!(ada.say(&world, "quarantined").await.contains("0d old"));
    world.end().await;
}

#[tokio::test]
async fn a_quarantine_whose_pull_request_is_closed_leaves_nothing_behind() {
    let (world, _) = flaky().await;
    let ada = world.sit("ada").await;
    assert_eq!(agreed_2(&world, &ada, "quarantine 2").await, ProposalState::Done);
    assert_eq!(issues(&world).len(), 1);
    world.forge.end_pull(REPO, opened(&world)[0].number, "gil", None);
    world.deliver().await;
    assert!(issues(&world).is_empty(), "{:?}", issues(&world));
    assert!(world.store.settings("quarantine:").await.unwrap().is_empty());
    // On its day there is nothing to take out.
    let proposals = world.incident(2).await.proposals.len();
    for _ in 0..9 {
        world.clock.advance(24 * 3_600_000);
        world.settle().await;
    }
    assert_eq!(world.incident(2).await.proposals.len(), proposals);
    world.end().await;
}

#[tokio::test]
async fn a_suite_has_a_cap_and_an_undo_takes_everything_back() {
    let (world, repo) = flaky().await;
    let ada = world.sit("ada").await;
    for n in 0..20 {
        let state = agreed_2(&world, &ada, &format!("quarantine 2 test=tests/x.py::test_{n} list")).await;
        assert_eq!(state, ProposalState::Done);
    }
    // Those names stand in no log, so they are of no known framework: another suite than pytest's.
    let state = agreed_2(&world, &ada, "quarantine 2 test=one_more list").await;
    assert!(matches!(&state, ProposalState::Refused { why } if why[0].contains("20 of at most 20")), "{state:?}");
    assert_eq!(agreed_2(&world, &ada, "quarantine 2").await, ProposalState::Done);
    let last = world.incident(2).await.proposals.last().unwrap().id;
    ada.say(&world, &format!("undo {last}")).await;
    world.sit("cyd").await.say(&world, &format!("approve {last}")).await;
    let proposal = world.incident(2).await.proposals.last().unwrap().clone();
    assert!(matches!(proposal.state, ProposalState::Undone { .. }), "{proposal:?}");
    assert!(!opened(&world)[0].open && !ask(&world, &repo, &["branch"]).contains("ci-rescue"));
    assert!(!issues(&world).iter().any(|(title, ..)| title.contains("test_total")));
    assert!(!api(&world, "/api/quarantine/acme/shop").await.1.contains("test_total"));
    world.end().await;
}

#[tokio::test]
async fn an_issue_is_opened_once_and_its_owner_is_assigned_who_can_be() {
    let (world, repo) = flaky().await;
    repo.write(".github/CODEOWNERS", "/tests/ @cyd @stranger @acme/qa\n");
    repo.commit("Owners");
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
    world.forge.lock().repos.get_mut(REPO).unwrap().branches.insert("main".into(), repo.git(&["rev-parse", "main"]));
    world.forge.lock().faults.push(ci_rescue::demo::Fault {
        method: "POST".into(),
        path: "/issues".into(),
        status: 502,
        headers: Vec::new(),
        after: true,
    });
    let ada = world.sit("ada").await;
    ada.say(&world, "issue 2 reason=\"blocks the release @everyone\"").await;
    for _ in 0..20 {
        world.clock.advance(60_000);
        world.settle().await;
    }
    let open = issues(&world);
    assert_eq!(open.len(), 1, "{open:?}");
    let (_, body, labels, assignees) = &open[0];
    assert_eq!(
        (labels.as_slice(), assignees.as_slice()),
        (&["ci:auto-rescue".to_owned()][..], &["cyd".to_owned()][..])
    );
    assert!(body.contains("blocks the release") && !body.contains("@everyone"), "{body}");
    let proposal = world.incident(2).await.proposals.last().unwrap().clone();
    assert_eq!((proposal.made.len(), &proposal.state), (1, &ProposalState::Done), "{proposal:?}");
    let page = ada.page("/incidents/2").await;
    assert!(page.contains(">issue #"), "{page}");
    ada.say(&world, "undo 2-1").await;
    assert!(issues(&world).is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_pin_is_let_go_on_its_day() {
    let (world, repo) = broken().await;
    repo.write("requirements.txt", "requests==2.31.0\nflask>=3\n");
    repo.commit("Needs");
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
    let ada = world.sit("ada").await;
    agreed(&world, &ada, "pin 1 flask@3.0.1 for=3d").await;
    let pull = opened(&world).pop().unwrap();
    assert!(pull.body.contains("expires on 2026-01-04"), "{}", pull.body);
    merge(&world, &repo, "ci-rescue/pin/1-1").await;
    world.clock.advance(3 * 24 * 3_600_000);
    world.settle().await;
    let proposal = world.incident(1).await.proposals.last().unwrap().clone();
    assert_eq!((proposal.remedy.as_str(), &proposal.state), ("unpin", &ProposalState::Done), "{proposal:?}");
    let tree = ask(&world, &repo, &["rev-parse", "ci-rescue/unpin/1-2^{tree}"]);
    assert_eq!(tree, repo.git(&["rev-parse", "HEAD~1^{tree}"]));
    world.end().await;
}

#[tokio::test]
async fn two_that_end_on_one_day_both_end_and_what_was_never_merged_leaves_the_ledger() {
    let (world, _) = flaky().await;
    let ada = world.sit("ada").await;
    // One via the list; one in the code whose pull request nobody merges.
    assert_eq!(agreed_2(&world, &ada, "quarantine 2 test=tests/x.py::test_a list").await, ProposalState::Done);
    assert_eq!(agreed_2(&world, &ada, "quarantine 2").await, ProposalState::Done);
    assert_eq!(world.store.settings("quarantine:").await.unwrap().len(), 2);
    for _ in 0..4 {
        world.clock.advance(3 * 24 * 3_600_000);
        world.settle().await;
    }
    assert!(world.store.settings("quarantine:").await.unwrap().is_empty());
    assert!(issues(&world).is_empty(), "{:?}", issues(&world));
    // A length that would end before it began is refused.
    ada.say(&world, "quarantine 2 for=2h").await;
    let state = world.incident(2).await.proposals.last().unwrap().state.clone();
    assert!(matches!(&state, ProposalState::Refused { why } if why[0].contains("lasts 1 to 90 days")), "{state:?}");
    world.end().await;
}

#[tokio::test]
async fn threat_074_owners_files_that_are_large_broken_or_name_nobody() {
    let large = format!("* @acme/qa\n{}", "# a long remark\n".repeat(200_000));
    for (text, owner) in [
        (large.as_str(), "none in CODEOWNERS"),
        ("* @acme/qa\n/tests/ not-an-owner\n", "acme/qa"),
        ("* @acme/qa\n/tests/\n", "none in CODEOWNERS"),
        ("/tests/ @acme/gone\n", "acme/gone"),
        ("[unclosed @x\n*** ** @y\n!/tests/ @z\n", "none in CODEOWNERS"),
    ] {
        let (world, repo) = flaky().await;
        repo.write(".github/CODEOWNERS", text);
        let head = repo.commit("Owners");
        let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
        repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
        world.forge.lock().repos.get_mut(REPO).unwrap().branches.insert("main".into(), head);
        world.sit("ada").await.say(&world, "issue 2").await;
        let open = issues(&world);
        let (_, body, _, assignees) = &open[0];
        let line = body.lines().find(|line| line.starts_with("**Owner**")).unwrap();
        assert!(line.contains(owner) && assignees.is_empty(), "{}: {line}", text.chars().take(40).collect::<String>());
        assert!(!body.contains(" @"), "{body}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_test_that_flaked_twice_is_quarantined_by_itself_where_granted() {
    const GRANT: &str = "[policy]\nmode = \"act\"\nautomatic = [\"quarantine\"]\nquarantine_days = 30\n";
    for (config, made) in [("", 0), (GRANT, 0), (&format!("{GRANT}[policy.approvals]\nquarantine = 0\n"), 1)] {
        let (world, repo) = flaky_with(config).await;
        let ada = world.sit("ada").await;
        for (no, quarantines) in [(2, 0), (3, made)] {
            ada.say(&world, &format!("retry {no}")).await;
            let again = world.forge.going().pop().unwrap();
            world.forge.finish(again);
            world.deliver().await;
            let incident = world.incident(no).await;
            assert_eq!(incident.stage, Stage::Resolved);
            // The first flake may be a race that the commit brought in.
            assert_eq!(opened(&world).len(), quarantines, "{config}: {no}: {:?}", incident.proposals);
            if no == 2 {
                world.clock.advance(3_600_000);
                let mut run = spec(PYTEST_LOG, "success");
                run.workflow = "other-ci".into();
                run.sha = repo.git(&["rev-parse", "main~1"]);
                let id = world.forge.start(run);
                world.forge.finish(id);
                world.deliver().await;
            }
        }
        if made == 1 {
            let id = world.incident(3).await.proposals.last().unwrap().id;
            let text = ask(&world, &repo, &["show", &format!("ci-rescue/quarantine/{id}:tests/test_cart.py")]);
            assert!(text.contains("failed and passed on the same commit"), "{text}");
            // Noon of 1 January 2026, and the hours that went by since.
            assert!(text.contains("2026-01-31"), "{text}");
            let (title, _, labels, _) = &issues(&world)[0];
            assert!(
                title.starts_with("Flaky: ") && labels.iter().any(|label| label == "ci:flake"),
                "{title} {labels:?}"
            );
        }
        world.end().await;
    }
}

/// Whether a test may be skipped is asked by the verdict: the log's category knows nothing of its record.
#[tokio::test]
async fn what_the_verdict_calls_broken_is_skipped_by_force_alone() {
    let (world, _repo) = flaky().await;
    let ada = world.sit("ada").await;
    for (cause, words, state) in [
        ("deterministic", "quarantine 2", "refused"),
        ("dependency", "quarantine 2", "refused"),
        ("deterministic", "quarantine 2 force", "awaiting"),
        ("flaky", "quarantine 2", "awaiting"),
    ] {
        ada.say(&world, &format!("wrong 2 {cause}")).await;
        let answer = ada.say(&world, words).await;
        let proposal = world.incident(2).await.proposals.last().unwrap().clone();
        assert_eq!(proposal.state.as_str(), state, "{cause}: {words}: {proposal:?}");
        let warned =
            answer.contains("skipping the test hides a defect: ") && answer.contains(", as ada said; add force");
        assert_eq!(warned, state == "refused", "{cause}: {words}: {answer}");
        if state == "awaiting" {
            ada.say(&world, "cancel 2").await;
        }
    }
    // A re-run finds out whether a verdict is right, so it is not forced.
    ada.say(&world, "wrong 2 deterministic").await;
    ada.say(&world, "retry 2").await;
    assert_eq!(world.incident(2).await.proposals.last().unwrap().state, ProposalState::Done);
    // What the log's category calls lasting and a person calls flaky is skipped without force.
    world.broken_run(crate::world::LINT_LOG, "failure").await;
    let no = world.incidents().await.iter().map(|incident| incident.no.0).max().unwrap();
    let test = "tests/test_cart.py::test_total";
    let answer = ada.say(&world, &format!("quarantine {no} test={test}")).await;
    assert!(answer.contains("add force"), "{answer}");
    ada.say(&world, &format!("wrong {no} flaky")).await;
    let answer = ada.say(&world, &format!("quarantine {no} test={test}")).await;
    assert!(!answer.contains("add force"), "{answer}");
    world.end().await;
}
