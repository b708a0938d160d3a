//! Merge queues: thrown out, told, queued again, merged; storms, lost and late webhooks, and a forge that fails.

use crate::world::{LINT_LOG, NETWORK_LOG, REPO, Setup, World, spec};
use ci_rescue::demo::{Hook, queue_branch};
use ci_rescue::domain::Stage;
use ci_rescue::domain::incident::Incident;
use ci_rescue::domain::queue::{Reason, Standing};
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;
const HEAD: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";
const BASE: &str = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0";

pub fn group(n: u64) -> String {
    format!("{n:040x}")
}

/// Hands these over, each twice, under fresh ids.
async fn hear(world: &World, hooks: &[Hook]) {
    for hook in hooks {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        for _ in 0..2 {
            assert!(world.hook(hook.event, &world.id(), &body).await.is_success());
        }
    }
    world.settle().await;
}

async fn wait(world: &World, ms: i64) {
    world.clock.advance(ms);
    world.settle().await;
}

/// The run of a group fails; what was told of it.
pub fn fails(world: &World, number: u64, sha: &str, base: &str, log: &str) -> Vec<Hook> {
    let mut run = spec(log, "failure");
    (run.branch, run.sha) = (queue_branch(number, base), sha.to_owned());
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.forge.take_hooks().into_iter().collect()
}

fn thread(world: &World) -> String {
    world.slack.thread(&world.slack.cards()[0].ts).iter().map(|m| format!("{}\n", m.text)).collect()
}

fn standing(incident: &Incident, pull: u64) -> Option<Standing> {
    incident.queue.as_ref()?.entry(pull).map(|entry| entry.standing)
}

async fn say(world: &World, user: &str, text: &str) -> String {
    world.slack.command(user, text).await;
    world.settle().await;
    world.slack.last_whisper()
}

/// A pull request of ben's in the queue, and its run, its removal and the end of its group as hooks.
fn thrown(world: &World) -> [Vec<Hook>; 3] {
    world.forge.queueable(REPO, 104, "ben", HEAD);
    world.forge.permit(REPO, "ben", "write");
    let failing = fails(world, 104, &group(1), BASE, LINT_LOG);
    world.forge.dequeue(REPO, 104, "CI_FAILURE");
    let pull = world.forge.take_hooks().into_iter().collect();
    world.forge.group(REPO, 104, &group(1), BASE, "dequeued");
    [failing, pull, world.forge.take_hooks().into_iter().collect()]
}

#[tokio::test]
async fn thrown_out_queued_again_by_one_click_and_closed_by_the_merge_with_a_restart_between_any_two_steps() {
    let mut world = World::new().await;
    for hooks in thrown(&world) {
        hear(&world, &hooks).await;
        world.restart().await;
    }
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, standing(&incident, 104)), (Stage::Open, Some(Standing::ThrownOut)));
    assert_eq!(world.incidents().await.len(), 1);
    let card = world.slack.cards()[0].words();
    assert!(card.contains("PR 104 thrown out of the merge queue"), "{card}");
    assert!(card.contains("PR 104 was thrown out of the merge queue of main: its checks failed"), "{card}");
    assert!(card.contains("never actually loops"), "the run's evidence: {card}");
    assert_eq!(thread(&world).matches("The merge queue removed PR 104").count(), 1, "{}", thread(&world));
    wait(&world, 2 * MINUTE).await;
    // Nobody asked for direct messages: one mention in the thread.
    assert_eq!(thread(&world).matches("<@UBEN>").count(), 1, "{}", thread(&world));
    world.restart().await;
    wait(&world, 2 * MINUTE).await;
    assert_eq!(thread(&world).matches("<@UBEN>").count(), 1, "once across restarts");

    let card = world.slack.cards()[0].clone();
    world.slack.press_label("UBEN", &card, "Queue #104 again").await;
    world.settle().await;
    assert_eq!(world.forge.lock().repos[REPO].queue.added, 1, "{}", world.slack.last_whisper());
    world.restart().await;
    world.forge.group(REPO, 104, &group(2), BASE, "checks_requested");
    let hooks: Vec<Hook> = world.forge.take_hooks().into_iter().collect();
    hear(&world, &hooks).await;
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, standing(&incident, 104)), (Stage::Open, Some(Standing::Again)));
    assert!(thread(&world).contains("PR 104 is in the merge queue again"), "{}", thread(&world));
    world.restart().await;
    world.forge.group(REPO, 104, &group(2), BASE, "merged");
    world.forge.end_pull(REPO, 104, "ben", Some(HEAD));
    let hooks: Vec<Hook> = world.forge.take_hooks().into_iter().collect();
    hear(&world, &hooks).await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    assert_eq!((world.incidents().await.len(), world.slack.cards().len()), (1, 1));
    assert_eq!(world.forge.lock().repos[REPO].queue.added, 1, "never by itself");
    world.end().await;
}

#[tokio::test]
async fn in_whatever_order_it_is_heard_it_is_one_incident() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let world = World::new().await;
        let hooks = thrown(&world);
        for at in order {
            hear(&world, &hooks[at]).await;
        }
        let all = world.incidents().await;
        assert_eq!(all.len(), 1, "{order:?}");
        let entry = all[0].queue.as_ref().unwrap().entry(104).unwrap();
        assert_eq!((entry.standing, entry.reason, entry.red), (Standing::ThrownOut, Some(Reason::CiFailure), true));
        // The end of a group of which nothing else was heard says too little for a card.
        let base = (order[0] != 2).then_some(BASE);
        assert_eq!((entry.sha.as_str(), entry.base.as_deref()), (group(1).as_str(), base), "{order:?}");
        assert!(all[0].headline().is_some(), "{order:?}");
        // Green says nothing while it is out.
        let run = world.forge.lock().runs.keys().last().copied().unwrap();
        world.forge.lock().runs.get_mut(&run).unwrap().spec.jobs[0].ends = vec!["failure", "success"];
        world.forge.rerun(run, |_| true).unwrap();
        world.forge.finish(run);
        world.deliver().await;
        assert_ne!(world.incident(1).await.stage, Stage::Resolved, "{order:?}");
        world.forge.end_pull(REPO, 104, "ben", None);
        world.deliver().await;
        assert_eq!(world.incident(1).await.stage, Stage::Resolved, "{order:?}");
        world.end().await;
    }
}

#[tokio::test]
async fn reasons_without_a_run_have_a_card_and_what_people_want_has_none() {
    for (reason, cards) in [
        ("MERGE_CONFLICT", 1),
        ("CI_TIMEOUT", 1),
        ("SOMETHING_NEW", 1),
        ("MANUAL", 0),
        ("MERGE", 0),
        ("ALREADY_MERGED", 0),
        ("QUEUE_CLEARED", 0),
    ] {
        let world = World::new().await;
        world.forge.queueable(REPO, 104, "eve", HEAD);
        world.forge.dequeue(REPO, 104, reason);
        world.deliver().await;
        assert_eq!(world.slack.cards().len(), cards, "{reason}");
        if reason == "MERGE_CONFLICT" {
            let card = world.slack.cards()[0].words();
            assert!(card.contains("conflicts with its base branch"), "{card}");
            // It is taken out of the queue by hand after it was put back: nothing is left to do.
            world.forge.group(REPO, 104, &group(3), BASE, "checks_requested");
            world.forge.dequeue(REPO, 104, "MANUAL");
            world.deliver().await;
            assert_eq!(world.incident(1).await.stage, Stage::Resolved);
        }
        world.end().await;
    }
}

#[tokio::test]
async fn thirty_destroyed_groups_are_one_card_that_names_the_first() {
    for backwards in [false, true] {
        let world = World::new().await;
        let mut numbers: Vec<u64> = (1..=30).collect();
        for n in &numbers {
            world.forge.queueable(REPO, *n, &format!("dev{n}"), &group(1_000 + n));
        }
        if backwards {
            numbers.reverse();
        }
        // Each group is built on the one before it, and all fail for the first one's fault.
        let base = |n: u64| if n == 1 { BASE.to_owned() } else { group(n - 1) };
        for n in &numbers {
            let hooks = fails(&world, *n, &group(*n), &base(*n), NETWORK_LOG);
            hear(&world, &hooks).await;
            world.clock.advance(5_000);
            world.forge.dequeue(REPO, *n, "CI_FAILURE");
            world.forge.group(REPO, *n, &group(*n), &base(*n), "dequeued");
            world.deliver().await;
        }
        let all = world.incidents().await;
        assert_eq!((all.len(), world.slack.cards().len()), (1, 1));
        let queue = all[0].queue.as_ref().unwrap();
        assert_eq!((queue.lost().len(), queue.culprit().map(|entry| entry.pull)), (30, Some(1)));
        let card = world.slack.cards()[0].words();
        assert!(card.contains("30 PRs thrown out of the merge queue"), "{card}");
        assert!(card.contains("the group of PR 1 failed first"), "{card}");
        assert_eq!(thread(&world).matches("The merge queue removed").count(), 3, "{}", thread(&world));
        let said = say(&world, "UADA", "requeue 1").await;
        assert!(said.contains("30 pull requests out: name one with pr=NUMBER"), "{said}");
        // Much later, another one: another card.
        wait(&world, 11 * MINUTE).await;
        world.forge.queueable(REPO, 99, "dev99", &group(5_000));
        world.forge.dequeue(REPO, 99, "MERGE_CONFLICT");
        world.deliver().await;
        assert_eq!(world.incidents().await.len(), 2);
        for n in 1..=30 {
            assert_ne!(world.incident(1).await.stage, Stage::Resolved, "before {n}");
            world.forge.end_pull(REPO, n, "ben", (n % 2 == 0).then_some(HEAD));
            world.deliver().await;
        }
        assert_eq!(world.incident(1).await.stage, Stage::Resolved);
        world.end().await;
    }
}

#[tokio::test]
async fn groups_that_are_only_rebuilt_go_away_with_it() {
    let world = World::new().await;
    for (n, base) in [(1, BASE.to_owned()), (2, group(1))] {
        world.forge.queueable(REPO, n, "ben", &group(1_000 + n));
        let hooks = fails(&world, n, &group(n), &base, NETWORK_LOG);
        hear(&world, &hooks).await;
    }
    world.forge.dequeue(REPO, 1, "CI_FAILURE");
    world.forge.group(REPO, 1, &group(1), BASE, "dequeued");
    world.forge.group(REPO, 2, &group(2), &group(1), "invalidated");
    world.forge.group(REPO, 2, &group(12), BASE, "checks_requested");
    world.deliver().await;
    let incident = world.incident(1).await;
    let have = [standing(&incident, 1), standing(&incident, 2)];
    assert_eq!(have, [Some(Standing::ThrownOut), Some(Standing::Rebuilt)]);
    assert_eq!(incident.queue.as_ref().unwrap().culprit().map(|entry| entry.pull), Some(1));
    world.end().await;
}

#[tokio::test]
async fn a_direct_message_goes_to_an_author_who_wants_one() {
    let config = "[[people]]\nname = \"dan\"\nslack = \"UDAN\"\ngithub = \"Dan\"\ndirect = true\n";
    let mut world = World::with(Setup { config: config.into(), ..Setup::default() }).await;
    world.forge.queueable(REPO, 104, "Dan", HEAD);
    world.forge.dequeue(REPO, 104, "CI_TIMEOUT");
    world.deliver().await;
    assert!(world.slack.direct("UDAN").is_empty(), "the verdict comes first");
    world.restart().await;
    wait(&world, 2 * MINUTE).await;
    wait(&world, 2 * MINUTE).await;
    let told = world.slack.direct("UDAN");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("removed your PR 104: its checks took too long"), "{told:?}");
    assert!(!thread(&world).contains("<@U"), "{}", thread(&world));
    world.end().await;
}

#[tokio::test]
async fn what_no_webhook_told_is_found_by_looking() {
    let world = World::new().await;
    world.forge.queueable(REPO, 104, "ben", HEAD);
    let _ = fails(&world, 104, &group(1), BASE, LINT_LOG);
    assert_eq!(world.app.engine.reconcile().await.unwrap(), 1);
    world.settle().await;
    assert_eq!(standing(&world.incident(1).await, 104), Some(Standing::Failed));
    world.forge.dequeue(REPO, 104, "CI_FAILURE");
    let _ = world.forge.take_hooks();
    wait(&world, 16 * MINUTE).await;
    assert_eq!(standing(&world.incident(1).await, 104), Some(Standing::ThrownOut));
    wait(&world, 2 * MINUTE).await;
    assert!(thread(&world).contains("<@UBEN>"), "its author is known by then: {}", thread(&world));
    world.forge.lock().repos.get_mut(REPO).unwrap().queue.entries.insert(104);
    wait(&world, 61 * MINUTE).await;
    assert_eq!(standing(&world.incident(1).await, 104), Some(Standing::Again));
    world.forge.end_pull(REPO, 104, "ben", Some(HEAD));
    let _ = world.forge.take_hooks();
    wait(&world, 61 * MINUTE).await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    world.end().await;
}

#[tokio::test]
async fn requeue_is_refused_with_the_reason() {
    let refused = async |change: fn(&World), user: &str, want: &str| {
        let world = World::new().await;
        for hooks in thrown(&world) {
            hear(&world, &hooks).await;
        }
        change(&world);
        let said = say(&world, user, "requeue 1").await;
        let told = format!("{said} {}", thread(&world));
        assert!(told.contains(want), "{want}: {told}");
        assert_eq!(world.forge.lock().repos[REPO].queue.added, 0, "{want}");
        world.end().await;
    };
    refused(
        |world| {
            world.forge.lock().repos.get_mut(REPO).unwrap().pulls.last_mut().unwrap().open = false;
        },
        "UBEN",
        "PR 104 is closed",
    )
    .await;
    refused(
        |world| {
            let mut state = world.forge.lock();
            let pull = state.repos.get_mut(REPO).unwrap().pulls.last_mut().unwrap();
            (pull.open, pull.merged) = (false, Some(HEAD.into()));
        },
        "UBEN",
        "PR 104 is merged",
    )
    .await;
    refused(
        |world| {
            world.forge.lock().repos.get_mut(REPO).unwrap().queue.entries.insert(104);
        },
        "UBEN",
        "PR 104 is in the merge queue already",
    )
    .await;
    refused(
        |world| world.forge.lock().repos.get_mut(REPO).unwrap().queue.enabled = false,
        "UBEN",
        "has no merge queue",
    )
    .await;
    refused(|world| world.forge.permit(REPO, "ben", "read"), "UBEN", "write").await;
    refused(|_| {}, "UEVE", "needs the responder role").await;
    // Another pull request than the incident's.
    let world = World::new().await;
    for hooks in thrown(&world) {
        hear(&world, &hooks).await;
    }
    let said = say(&world, "UBEN", "requeue 1 pr=7").await;
    assert!(format!("{said} {}", thread(&world)).contains("this incident is not about PR 7"), "{said}");
    world.end().await;
}

/// What comes of one answer of the mutation: how often it is in the queue, and how the proposal ended.
async fn answered(happens: bool, status: u16, body: Value, moved: bool) -> (usize, String, String) {
    let world = World::new().await;
    for hooks in thrown(&world) {
        hear(&world, &hooks).await;
    }
    {
        let mut state = world.forge.lock();
        let repo = state.repos.get_mut(REPO).unwrap();
        repo.queue.answers.push_back((happens, status, body));
        if moved {
            repo.branches.insert("topic-104".into(), "f".repeat(40));
        }
    }
    say(&world, "UBEN", "requeue 1").await;
    for _ in 0..3 {
        wait(&world, 5 * MINUTE).await;
    }
    let incident = world.incident(1).await;
    let state = format!("{:?}", incident.proposals[0].state);
    let found = (world.forge.lock().repos[REPO].queue.added, incident.proposals[0].state.as_str().to_owned(), state);
    world.end().await;
    found
}

#[tokio::test]
async fn a_forge_that_fails_queues_it_once_or_says_why_not() {
    let wrong = |kind: &str, words: &str| json!({"data": null, "errors": [{"type": kind, "message": words}]});
    let fault = json!({"message": "a planted fault"});
    for (what, happens, status, body, want, words) in [
        ("500 after doing it", true, 500, fault.clone(), (1, "done"), ""),
        ("502 without doing it", false, 502, fault.clone(), (1, "done"), ""),
        ("403", false, 403, fault.clone(), (0, "failed"), "403"),
        ("404", false, 404, fault, (0, "failed"), "404"),
        (
            "refused in a 200",
            false,
            200,
            wrong("FORBIDDEN", "Resource not accessible"),
            (0, "failed"),
            "not accessible",
        ),
        ("done, and an error in a 200", true, 200, wrong("UNPROCESSABLE", "odd"), (1, "done"), ""),
        ("a passing error in a 200", false, 200, wrong("INTERNAL", "try again"), (1, "done"), ""),
        ("nothing at all", false, 200, json!({}), (0, "failed"), "no data"),
    ] {
        let (added, state, told) = answered(happens, status, body, false).await;
        assert_eq!((added, state.as_str()), want, "{what}: {told}");
        assert!(told.contains(words), "{what}: {told}");
    }
    // Somebody pushed since it was thrown out: what is there now is queued.
    let (added, state, _) = answered(true, 200, json!({"data": {"enqueuePullRequest": {}}}), true).await;
    assert_eq!((added, state.as_str()), (1, "done"));
}

#[tokio::test]
async fn names_of_strangers_stay_words() {
    let world = World::new().await;
    for (branch, number) in [("release/<!channel>", 7), ("@here|x", 8)] {
        let mut run = spec(NETWORK_LOG, "failure");
        run.branch = format!("gh-readonly-queue/{branch}/pr-{number}-{BASE}");
        run.workflow = "ci <https://evil.example|click> *bold* \u{202e}".into();
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        let body = json!({"action": "dequeued", "number": number, "reason": "<!everyone>",
            "repository": {"full_name": REPO, "default_branch": "main"}, "sender": {"login": "x", "type": "User"},
            "pull_request": {"number": number, "user": {"login": "eve <!here>"}, "base": {"ref": branch}, "head": {"ref": "x", "sha": "zz"}}});
        assert!(world.hook("pull_request", &world.id(), &body.to_string()).await.is_success());
        wait(&world, 2 * MINUTE).await;
    }
    let said: String = world.slack.messages().iter().map(|m| format!("{} {}", m.text, m.blocks)).collect();
    for bad in ["<!channel>", "<!here>", "<!everyone>", "<https://evil.example"] {
        assert!(!said.contains(bad), "{bad}: {said}");
    }
    // Payloads that lack everything change nothing.
    let before = world.incidents().await.len();
    for (kind, body) in [
        ("merge_group", json!({"action": "destroyed", "reason": "dequeued", "merge_group": {}})),
        ("merge_group", json!({"action": "destroyed", "reason": 5, "merge_group": {"head_ref": 7}})),
        ("pull_request", json!({"action": "dequeued", "pull_request": {}})),
    ] {
        let mut body = body;
        body["repository"] = json!({"full_name": REPO, "default_branch": "main"});
        world.hook(kind, &world.id(), &body.to_string()).await;
        world.settle().await;
    }
    assert!(world.incidents().await.len() <= before + 1);
    world.end().await;
}

/// A group of a pull request that was thrown out and is closed since: nothing of it is left in the queue.
async fn over() -> World {
    let world = World::new().await;
    for hooks in thrown(&world) {
        hear(&world, &hooks).await;
    }
    world.forge.end_pull(REPO, 104, "ben", None);
    world.deliver().await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    world
}

#[tokio::test]
async fn what_a_person_reopens_stays_open_although_nothing_is_left_in_the_queue() {
    let mut world = over().await;
    say(&world, "UADA", "reopen 1").await;
    assert_eq!(world.incident(1).await.stage, Stage::Open, "{}", thread(&world));
    world.restart().await;
    wait(&world, 120 * MINUTE).await;
    assert_eq!(world.incident(1).await.stage, Stage::Open, "{}", thread(&world));
    // What ends anew ends it.
    world.forge.end_pull(REPO, 104, "ben", Some(HEAD));
    world.deliver().await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    world.end().await;
}

#[tokio::test]
async fn a_group_of_what_is_over_that_fails_again_reopens_nothing() {
    let world = over().await;
    let run = world.forge.lock().runs.keys().last().copied().unwrap();
    wait(&world, 30 * MINUTE).await;
    world.forge.rerun(run, |_| true).unwrap();
    world.forge.finish(run);
    world.deliver().await;
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, incident.runs[0].attempt), (Stage::Resolved, 2));
    assert!(!thread(&world).contains("eopened"), "{}", thread(&world));
    world.end().await;
}

#[tokio::test]
async fn a_pull_request_that_was_taken_out_by_hand_and_is_opened_again_reopens_nothing() {
    let world = World::new().await;
    for hooks in thrown(&world) {
        hear(&world, &hooks).await;
    }
    world.forge.group(REPO, 104, &group(3), BASE, "checks_requested");
    world.forge.dequeue(REPO, 104, "MANUAL");
    world.deliver().await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    world.forge.end_pull(REPO, 104, "ben", None);
    world.deliver().await;
    wait(&world, 30 * MINUTE).await;
    world.forge.reopen_pull(REPO, 104, "ben");
    world.deliver().await;
    assert_eq!(world.incident(1).await.stage, Stage::Resolved);
    assert!(!thread(&world).contains("eopened"), "{}", thread(&world));
    world.end().await;
}
