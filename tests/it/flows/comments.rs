//! One comment a pull request, and annotations at lines that are there.

use super::surfaces::{PULL, Surface, everywhere, say, sticky};
use crate::world::{LINT_LOG, NETWORK_LOG, REPO, World, job, spec};
use ci_rescue::demo::Fault;
use ci_rescue::domain::Stage;
use serde_json::{Value, json};

const PYTEST: &str = "##[group]Run pytest\n##[endgroup]\nFAILED tests/test_cart.py::test_total - AssertionError: assert 3 == 4\n=== 1 failed in 0.31s ===\n##[error]Process completed with exit code 1.\n";

/// Another workflow of the pull request fails, at this head.
async fn also(world: &World, workflow: &str, log: &str, sha: &str) -> u64 {
    let mut run = spec(log, "success");
    (run.branch, run.workflow, run.sha, run.pull) = ("topic".into(), workflow.into(), sha.into(), Some(PULL));
    run.jobs = vec![job(workflow, log, &["failure", "success"])];
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    id
}

async fn passes(world: &World, run: u64) {
    world.forge.rerun(run, |_| true).unwrap();
    world.forge.finish(run);
    world.deliver().await;
}

fn sections(comment: &str) -> (usize, usize) {
    let folded = comment.matches("<details>").count();
    (comment.matches("\n\n---\n\n").count() - folded, folded)
}

#[tokio::test]
async fn several_incidents_of_several_heads_share_one_comment() {
    let mut world = everywhere("").await;
    let first = sticky(&world);
    assert!(!first.contains("open, "), "one incident needs no heading: {first}");
    let other = also(&world, "docs", LINT_LOG, &"d".repeat(40)).await;
    let third = also(&world, "e2e", PYTEST, &"e".repeat(40)).await;
    assert_eq!(world.incidents().await.len(), 3);
    let comment = sticky(&world);
    assert!(comment.contains("**3 open, 0 closed**"), "{comment}");
    assert_eq!(sections(&comment), (3, 0), "{comment}");
    for words in ["`/rescue retry 1`", "`/rescue retry 3`", "docs: error: this loop"] {
        assert!(comment.contains(words), "{words}: {comment}");
    }
    passes(&world, other).await;
    let comment = sticky(&world);
    assert!(comment.contains("**2 open, 1 closed**"), "{comment}");
    assert!(comment.contains("<details><summary>Incident 2, resolved</summary>"), "{comment}");
    world.restart().await;
    passes(&world, third).await;
    let comment = sticky(&world);
    assert_eq!(sections(&comment), (1, 2), "{comment}");
    // Only one comment was ever made.
    let made = world.forge.count("POST", &format!("/issues/{PULL}/comments"));
    assert_eq!(made, 1);
    world.end().await;
}

#[tokio::test]
async fn a_command_needs_the_number_where_several_are_open_and_is_told_which() {
    let world = everywhere("").await;
    let other = also(&world, "docs", LINT_LOG, &spec("", "").sha).await;
    let answer = say(&world, Surface::Pull, "ada", "retry", "").await;
    assert!(answer.contains("Several incidents are open on this pull request: 2, 1"), "{answer}");
    assert!(answer.contains("retry 2"), "{answer}");
    assert_eq!(world.reruns(), 0);
    // What is wrong in another way is told as before.
    let answer = say(&world, Surface::Pull, "ada", "rety", "").await;
    assert!(!answer.contains("Several incidents"), "{answer}");
    say(&world, Surface::Pull, "ada", "retry", "1").await;
    assert_eq!(world.reruns(), 1);
    world.deliver().await;
    passes(&world, other).await;
    // Of two, one is left: it needs no number.
    let answer = say(&world, Surface::Pull, "ada", "ack", "").await;
    assert!(!answer.contains("Several"), "{answer}");
    assert!(world.incident(1).await.taken.is_some());
    world.end().await;
}

/// The comment is looked for before another is made, also when an answer was lost, and one of a stranger is never ours.
#[tokio::test]
async fn a_lost_answer_makes_no_second_comment_and_a_copied_marker_is_left_alone() {
    for (status, after) in [(500, true), (502, false)] {
        let world = everywhere("").await;
        let marker = sticky(&world).lines().next().unwrap().to_owned();
        let copied = json!({"id": 77, "number": PULL, "body": format!("{marker}\nmine"), "user": {"login": "mallory"}});
        world.forge.lock().repos.get_mut(REPO).unwrap().comments.insert(0, copied.clone());
        let path = format!("/issues/{PULL}/comments");
        world.forge.lock().faults.push(Fault { method: "POST".into(), path, status, headers: Vec::new(), after });
        also(&world, "docs", LINT_LOG, &"d".repeat(40)).await;
        for _ in 0..5 {
            world.clock.advance(60_000);
            world.settle().await;
        }
        let state = world.forge.lock();
        let comments = &state.repos[REPO].comments;
        let ours: Vec<&Value> = comments.iter().filter(|one| one["user"]["login"] == "sandbox-bot").collect();
        assert_eq!(ours.len(), 1, "{status} {after}: {ours:#?}");
        assert!(ours[0]["body"].as_str().unwrap().contains("**2 open, 0 closed**"));
        assert_eq!(comments[0], copied);
        drop(state);
        world.end().await;
    }
}

#[tokio::test]
async fn an_adopted_incident_leaves_the_comment_to_the_others() {
    let world = everywhere("").await;
    // The same failure in another workflow: its incident is adopted by the first.
    also(&world, "nightly", NETWORK_LOG, &"d".repeat(40)).await;
    also(&world, "docs", LINT_LOG, &"e".repeat(40)).await;
    let open = world.incidents().await.iter().filter(|one| one.stage != Stage::Resolved).count();
    let comment = sticky(&world);
    assert_eq!(sections(&comment).0, open, "{comment}");
    assert!(!comment.contains("Same failure as"), "{comment}");
    world.end().await;
}

/// Somebody deletes the comment: what has to be said next is said in one new one.
#[tokio::test]
async fn a_deleted_comment_comes_back_once_when_there_is_something_to_decide() {
    let world = everywhere("[policy.approvals]\nretry = 1\n").await;
    also(&world, "docs", LINT_LOG, &spec("", "").sha).await;
    world.forge.lock().repos.get_mut(REPO).unwrap().comments.clear();
    world.sit("ben").await.say(&world, "retry 1").await;
    world.clock.advance(10_000);
    world.settle().await;
    let comment = sticky(&world);
    assert!(comment.contains("awaiting approval") && comment.contains("**2 open, 0 closed**"), "{comment}");
    world.end().await;
}

/// A traceback through this many lines of one file.
fn traceback(lines: usize) -> String {
    let frames: String = (1..=lines)
        .map(|line| format!("  File \"src/shop/cart.py\", line {line}, in total\n    return step_{line}()\n"))
        .collect();
    format!(
        "##[group]Run pytest\n##[endgroup]\nTraceback (most recent call last):\n{frames}  File \"src/gone.py\", line 3, in gone\n    x\n  File \"../../etc/passwd\", line 1, in evil\n    x\nTypeError: can't multiply sequence\nFAILED tests/test_cart.py::test_total - TypeError: can't multiply sequence\n##[error]Process completed with exit code 1.\n"
    )
}

#[tokio::test]
async fn annotations_point_at_files_of_the_commit_only() {
    let world = World::new().await;
    world.forge.lock().repos.get_mut(REPO).unwrap().files.insert("src/shop/cart.py".into(), "x".into());
    also(&world, "unit", &traceback(3), &"d".repeat(40)).await;
    let state = world.forge.lock();
    let check = state.repos[REPO].checks.iter().find(|check| check["name"] == "CI Rescue #1").expect("a check").clone();
    let notes = check["output"]["annotations"].as_array().unwrap().clone();
    assert!(!notes.is_empty());
    for note in &notes {
        assert_eq!(note["path"], "src/shop/cart.py", "{note}");
        assert!((1..=3).contains(&note["start_line"].as_u64().unwrap()), "{note}");
        assert_eq!(note["annotation_level"], "failure");
        assert_eq!(note["title"], "tests/test_cart.py::test_total");
    }
    drop(state);
    world.end().await;
}

/// GitHub takes 50 a call: the rest follows in calls for the same check run, once, also when an answer is lost.
#[tokio::test]
async fn more_annotations_than_fifty_follow_in_further_calls() {
    use ci_rescue::card::Card;
    use ci_rescue::domain::card::Annotation;
    use ci_rescue::ports::Chat;
    for fault in [None, Some("PATCH"), Some("POST")] {
        let (sandbox, github, _) = super::github::app().await;
        let pulls = ci_rescue::adapters::github::Pulls::new(github);
        sandbox.lock().repos.get_mut(REPO).unwrap().files.insert("a.py".into(), "x".into());
        let at = |line: u32| Annotation {
            file: if line.is_multiple_of(10) { "gone.py" } else { "a.py" }.into(),
            line,
            title: "t".repeat(400),
            text: "<b>@everyone</b>".into(),
        };
        let card: Card = serde_json::from_value(json!({
            "incident": 1, "version": 1, "stage": "open", "tone": "failing", "title": "t", "lines": [], "links": [],
            "buttons": [], "more": [], "green": false, "sha": "d".repeat(40), "annotations": [], "fallback": "f", "beside": [],
        }))
        .unwrap();
        let card = Card { annotations: (1..=130).map(at).collect(), ..card };
        if let Some(method) = fault {
            let fault =
                Fault { method: method.into(), path: String::new(), status: 502, headers: Vec::new(), after: true };
            sandbox.lock().faults.push(fault);
        }
        let marker = "ci-rescue/AAAAAAAA/1/card";
        for _ in 0..3 {
            if pulls.post(&format!("{REPO}#5"), &card, marker).await.is_ok() {
                break;
            }
        }
        let state = sandbox.lock();
        let checks = &state.repos[REPO].checks;
        assert_eq!(checks.len(), 1, "{fault:?}");
        let notes = checks[0]["output"]["annotations"].as_array().unwrap();
        let mut lines: Vec<u64> = notes.iter().filter_map(|note| note["start_line"].as_u64()).collect();
        lines.sort_unstable();
        let want: Vec<u64> = (1..=130).filter(|line| line % 10 != 0).collect();
        assert_eq!(lines, want, "{fault:?}");
        assert_eq!(notes[0]["title"].as_str().map(str::len), Some(255));
        assert_eq!(state.repos[REPO].comments.len(), 1);
    }
}
