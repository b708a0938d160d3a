//! Deployments that wait for approval: asked for by a webhook, decided by those whom GitHub lets, here or there.

use super::surfaces::READER;
use crate::world::{NETWORK_LOG, REPO, Setup, World, spec};
use ci_rescue::demo::{Fault, Gate};
use ci_rescue::domain::Stage;
use ci_rescue::domain::incident::Incident;
use ci_rescue::domain::journal::Note;
use serde_json::json;

const HOUR_MS: i64 = 3_600_000;

/// A run of `eve`'s that waits for these environments.
pub async fn waits(world: &World, gates: Vec<Gate>) -> u64 {
    let mut run = spec("", "success");
    (run.workflow, run.sender) = ("release".into(), "eve".into());
    let id = world.forge.start(run);
    world.forge.wait(id, gates);
    world.deliver().await;
    id
}

fn production() -> Vec<Gate> {
    vec![Gate::new(11, "production", &["ada", "cyd"], &[])]
}

async fn journal(world: &World) -> Vec<(Option<String>, Note)> {
    let entries = world.store.journal(ci_rescue::domain::IncidentNo(1), 0, 100).await.unwrap();
    entries.into_iter().map(|entry| (entry.by, entry.note)).collect()
}

fn thread(world: &World) -> String {
    let card = &world.slack.cards()[0];
    world.slack.thread(&card.ts).iter().map(|message| message.text.clone()).collect::<Vec<_>>().join("\n")
}

fn outcome(incident: &Incident) -> &str {
    incident.deployment.as_ref().and_then(|waiting| waiting.outcome.as_deref()).unwrap_or_default()
}

fn posts(world: &World) -> usize {
    world.forge.count("POST", "/pending_deployments")
}

fn reviews(world: &World, run: u64) -> Vec<serde_json::Value> {
    world.forge.lock().reviews.get(&run).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_reviewer_approves_with_the_button_and_the_journal_names_them() {
    let world = World::new().await;
    let run = waits(&world, production()).await;
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, incident.jobs.len()), (Stage::AwaitingApproval, 0));
    let card = world.slack.cards()[0].clone();
    let words = card.words();
    assert!(words.contains("deployment to production") && words.contains("Reviewers: ada, cyd"), "{words}");
    // Never by itself, however long it waits.
    world.clock.advance(48 * HOUR_MS);
    world.settle().await;
    assert_eq!(posts(&world), 0);
    world.slack.press_label("UCYD", &card, "Approve deployment").await;
    world.settle().await;
    assert_eq!(posts(&world), 1);
    let given = &reviews(&world, run)[0];
    assert_eq!((given["state"].as_str(), given["environments"][0]["id"].as_u64()), (Some("approved"), Some(11)));
    assert!(
        given["comment"].as_str().unwrap().starts_with("Approved by cyd (cyd) with CI Rescue, incident 1"),
        "{given}"
    );
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, outcome(&incident)), (Stage::Resolved, "approved by cyd"));
    let named = |(by, note): &(Option<String>, Note)| {
        by.as_deref().is_some_and(|key| key.contains("cyd"))
            && matches!(note, Note::DeploymentReviewed { approved: true, elsewhere: false, .. })
    };
    assert!(journal(&world).await.iter().any(named), "{:?}", journal(&world).await);
    // GitHub's own word of it says nothing new.
    world.deliver().await;
    assert_eq!(thread(&world).matches("approved the deployment").count(), 1, "{}", thread(&world));
    assert!(world.slack.cards()[0].button("Approve deployment").is_none());
    world.end().await;
}

#[tokio::test]
async fn who_is_no_reviewer_is_refused_with_the_reason() {
    let rows: [(&str, Vec<Gate>, &str, &str, &str); 7] = [
        ("a responder", production(), "ben", "approve 1", "needs"),
        ("a viewer", production(), "eve", "approve 1", "needs"),
        ("a responder rejects", production(), "ben", "reject 1", "needs the approver role"),
        (
            "not on the list",
            vec![Gate::new(11, "production", &["zoe"], &[])],
            "cyd",
            "approve 1",
            "cyd is not a required reviewer of production: zoe",
        ),
        (
            "not in the team",
            vec![Gate::new(11, "production", &["zoe"], &["ops"])],
            "cyd",
            "approve 1",
            "cyd is not a required reviewer of production",
        ),
        (
            "invited to the team only",
            vec![Gate::new(11, "production", &[], &["ops"])],
            "ada",
            "approve 1",
            "ada is not a required reviewer of production",
        ),
        (
            "one of two environments is not theirs",
            vec![Gate::new(11, "eu", &["cyd"], &[]), Gate::new(12, "us", &["zoe"], &[])],
            "cyd",
            "approve 1",
            "cyd is not a required reviewer of us",
        ),
    ];
    for (what, gates, person, words, why) in rows {
        let world = World::with(Setup { config: READER.into(), ..Setup::default() }).await;
        world.forge.lock().members.insert(("ops".into(), "ada".into()), "pending");
        waits(&world, gates).await;
        let answer = world.sit(person).await.say(&world, words).await;
        let answer = answer.replace("&#39;", "'");
        assert!(answer.contains(why), "{what}: {answer}");
        assert_eq!(posts(&world), 0, "{what}");
        assert_eq!(world.incident(1).await.stage, Stage::AwaitingApproval, "{what}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_member_of_the_team_may_and_whoever_started_the_run_may_not() {
    let world = World::new().await;
    world.forge.lock().members.insert(("ops".into(), "cyd".into()), "active");
    let run = waits(&world, vec![Gate::new(11, "production", &["ada"], &["ops"])]).await;
    // It was started again by somebody who is a reviewer.
    world.forge.lock().runs.get_mut(&run).unwrap().spec.sender = "ada".into();
    let answer = world.sit("ada").await.say(&world, "approve 1").await;
    assert!(answer.contains("you started this run"), "{answer}");
    assert_eq!(posts(&world), 0);
    let answer = world.sit("cyd").await.say(&world, "approve 1").await;
    assert!(answer.contains("cyd approved the deployment to"), "{answer}");
    assert_eq!(posts(&world), 1);
    world.end().await;
}

#[tokio::test]
async fn a_team_that_cannot_be_read_means_no() {
    let world = World::new().await;
    waits(&world, vec![Gate::new(11, "production", &[], &["ops"])]).await;
    let path = "/orgs/acme/teams/ops/memberships/cyd".to_owned();
    world.forge.lock().faults.push(Fault {
        method: "GET".into(),
        path,
        status: 403,
        headers: Vec::new(),
        after: false,
    });
    let answer = world.sit("cyd").await.say(&world, "approve 1").await;
    assert!(answer.contains("who is in the team ops cannot be read"), "{answer}");
    assert_eq!(posts(&world), 0);
    world.end().await;
}

#[tokio::test]
async fn an_account_that_github_takes_no_review_from_says_so() {
    let world = World::new().await;
    waits(&world, vec![Gate { ours: false, ..production().remove(0) }]).await;
    let card = world.slack.cards()[0].clone();
    assert!(card.button("Approve deployment").is_none());
    assert!(card.words().contains("GitHub takes no review from CI Rescue here"), "{}", card.words());
    let answer = world.sit("cyd").await.say(&world, "approve 1").await;
    assert!(answer.contains("GitHub takes no review of production"), "{answer}");
    assert_eq!(posts(&world), 0);
    world.end().await;
}

/// 500 after it was done is looked for before it is repeated; what is refused is told; what fails is done again.
#[tokio::test]
async fn faults_neither_lose_a_review_nor_hand_it_in_twice() {
    for (status, after, given, ends) in [
        (500, true, 1, "approved by cyd"),
        (500, false, 1, "approved by cyd"),
        (503, false, 1, "approved by cyd"),
        (403, false, 0, ""),
        (404, false, 0, ""),
        (422, false, 0, ""),
    ] {
        let world = World::new().await;
        let run = waits(&world, production()).await;
        let path = "/pending_deployments".to_owned();
        world.forge.lock().faults.push(Fault { method: "POST".into(), path, status, headers: Vec::new(), after });
        let cyd = world.sit("cyd").await;
        let mut answer = cyd.say(&world, "approve 1").await;
        for _ in 0..20 {
            world.clock.advance(60_000);
            world.settle().await;
        }
        answer.push_str(&cyd.answers().await);
        let incident = world.incident(1).await;
        assert_eq!((reviews(&world, run).len(), outcome(&incident)), (given, ends), "{status} {after}: {answer}");
        if given == 0 {
            assert!(answer.contains("planted fault"), "{status}: {answer}");
            // It can be asked for again.
            let again = cyd.say(&world, "approve 1").await;
            assert!(again.contains("approved the deployment"), "{status}: {again}");
        }
        world.end().await;
    }
}

#[tokio::test]
async fn it_closes_when_somebody_decides_anywhere_and_says_who() {
    for (approve, word) in [(true, "approved"), (false, "rejected")] {
        let world = World::new().await;
        let run = waits(&world, production()).await;
        world.forge.decide(run, "zoe", approve);
        world.deliver().await;
        let incident = world.incident(1).await;
        assert_eq!((incident.stage, outcome(&incident)), (Stage::Resolved, format!("{word} by zoe").as_str()));
        assert!(thread(&world).contains(&format!("zoe {word} the deployment")), "{}", thread(&world));
        let answer = world.sit("cyd").await.say(&world, "approve 1").await;
        assert!(answer.contains("no longer waiting"), "{answer}");
        assert_eq!(posts(&world), 0);
        world.end().await;
    }
}

#[tokio::test]
async fn it_closes_when_the_run_is_cancelled_and_when_no_webhook_tells() {
    let world = World::new().await;
    let run = waits(&world, production()).await;
    world.forge.lock().gates.clear();
    world.forge.cancel(run).unwrap();
    world.deliver().await;
    let incident = world.incident(1).await;
    assert_eq!((incident.stage, outcome(&incident)), (Stage::Resolved, "the run ended as cancelled"));
    world.end().await;

    let world = World::new().await;
    let run = waits(&world, production()).await;
    world.forge.decide(run, "zoe", true);
    let _ = world.forge.take_hooks();
    world.clock.advance(31 * 60_000);
    world.settle().await;
    assert_eq!(outcome(&world.incident(1).await), "approved by zoe");
    world.end().await;
}

#[tokio::test]
async fn reviewers_are_reminded_once_after_hours_also_across_a_restart() {
    for (config, hours) in [("", 4), ("[policy]\ndeployment_reminder_hours = 1\n", 1)] {
        let mut world = World::with(Setup { config: config.into(), disk: true, ..Setup::default() }).await;
        waits(&world, production()).await;
        world.clock.advance(hours * HOUR_MS - 60_000);
        world.settle().await;
        assert!(!thread(&world).contains("Still waiting"), "{}", thread(&world));
        world.restart().await;
        world.clock.advance(120_000);
        world.settle().await;
        world.clock.advance(9 * HOUR_MS);
        world.settle().await;
        let said = thread(&world);
        assert_eq!(said.matches("Still waiting for approval after").count(), 1, "{said}");
        assert!(said.contains("Reviewers: ada, cyd"), "{said}");
        world.end().await;
    }
    let config = "[policy]\ndeployment_reminder_hours = 0\n";
    let world = World::with(Setup { config: config.into(), ..Setup::default() }).await;
    waits(&world, production()).await;
    world.clock.advance(48 * HOUR_MS);
    world.settle().await;
    assert!(!thread(&world).contains("Still waiting"));
    world.end().await;
}

#[tokio::test]
async fn one_run_is_one_incident_however_often_and_in_whatever_order_it_is_told() {
    let mut world = World::with(Setup { disk: true, ..Setup::default() }).await;
    let mut run = spec("", "success");
    (run.workflow, run.sender) = ("release".into(), "eve".into());
    let id = world.forge.start(run);
    world.forge.wait(id, vec![Gate::new(11, "eu", &["cyd"], &[]), Gate::new(12, "us", &["cyd"], &[])]);
    let mut hooks = world.forge.take_hooks();
    hooks.reverse();
    for hook in hooks.iter().chain(&hooks) {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        assert!(world.hook(hook.event, &hook.id, &body).await.is_success());
    }
    world.settle().await;
    assert_eq!(world.incidents().await.len(), 1);
    // A job that waits is asked about before it counts, and says nothing new here.
    let job = json!({"action": "waiting", "repository": {"full_name": REPO, "default_branch": "main"}, "sender": {"login": "eve"},
        "workflow_job": {"id": 5, "run_id": id, "run_attempt": 1, "workflow_name": "release", "name": "deploy", "head_branch": "main",
            "head_sha": "1a2b3c4d5e6f70819293a4b5c6d7e8f901234567", "status": "waiting", "labels": ["ubuntu-latest"]}});
    assert!(world.hook("workflow_job", &world.id(), &job.to_string()).await.is_success());
    world.settle().await;
    assert_eq!(world.incidents().await.len(), 1);
    let card = world.slack.cards()[0].clone();
    assert!(card.words().contains("deployment to eu, us"), "{}", card.words());
    world.restart().await;
    world.settle().await;
    world.sit("cyd").await.press(&world, 1, "Reject deployment").await;
    world.deliver().await;
    let given = reviews(&world, id);
    assert_eq!((given.len(), given[0]["state"].as_str()), (1, Some("rejected")));
    assert_eq!(given[0]["environments"].as_array().map(Vec::len), Some(2));
    assert_eq!(outcome(&world.incident(1).await), "rejected by cyd");
    // The next environment of the same run is another decision.
    world.forge.wait(id, vec![Gate::new(13, "asia", &["cyd"], &[])]);
    world.deliver().await;
    assert_eq!(world.incidents().await.len(), 2);
    world.end().await;
}

/// A job that waits for a timer, or for an App, waits for nobody.
#[tokio::test]
async fn what_no_person_can_approve_is_no_incident() {
    let world = World::new().await;
    let id = world.forge.start(spec("", "success"));
    world.forge.lock().gates.insert(id, vec![Gate::new(11, "staging", &[], &[])]);
    let _ = world.forge.take_hooks();
    let job = json!({"action": "waiting", "repository": {"full_name": REPO, "default_branch": "main"}, "sender": {"login": "eve"},
        "workflow_job": {"id": 5, "run_id": id, "run_attempt": 1, "workflow_name": "release", "name": "deploy", "head_branch": "main",
            "head_sha": "1a2b3c4d5e6f70819293a4b5c6d7e8f901234567", "status": "waiting", "labels": ["ubuntu-latest"]}});
    assert!(world.hook("workflow_job", &world.id(), &job.to_string()).await.is_success());
    world.settle().await;
    assert!(world.incidents().await.is_empty());
    // With a reviewer it is one, although no webhook of a review came.
    world.forge.lock().gates.insert(id, production());
    assert!(world.hook("workflow_job", &world.id(), &job.to_string()).await.is_success());
    world.settle().await;
    assert_eq!(world.incidents().await.len(), 1);
    world.end().await;
}

/// A card of before the next environment waited approves nothing.
#[tokio::test]
async fn a_press_binds_to_what_the_card_showed() {
    let world = World::new().await;
    let run = waits(&world, production()).await;
    let card = world.slack.cards()[0].clone();
    let value = card.button("Approve deployment").unwrap();
    world.forge.wait(run, vec![Gate::new(12, "us", &["cyd"], &[])]);
    world.deliver().await;
    world.slack.press("UCYD", &card, &value).await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("out of date"), "{}", world.slack.last_whisper());
    assert_eq!(posts(&world), 0);
    world.end().await;
}

#[tokio::test]
async fn policy_that_lets_nothing_be_written_lets_no_deployment_through() {
    for (key, why) in [("dry_run = true", "dry_run is on"), ("mode = \"observe\"", "mode is observe")] {
        let world = World::with(Setup { config: format!("[policy]\n{key}\n"), ..Setup::default() }).await;
        waits(&world, production()).await;
        let answer = world.sit("cyd").await.say(&world, "approve 1").await;
        assert!(answer.contains(why), "{answer}");
        assert_eq!(posts(&world), 0);
        world.end().await;
    }
}

#[tokio::test]
async fn hostile_names_stay_words() {
    let world = World::with(Setup { discord: true, ..Setup::default() }).await;
    let name = "@everyone <!channel> [x](http://evil.example) `a` <b>\n/rescue approve 1";
    waits(&world, vec![Gate::new(11, name, &["cyd"], &["<@U1>"])]).await;
    let slack = world.slack.cards()[0].words();
    assert!(!slack.contains("<!channel>") && !slack.contains("<@U1>"), "{slack}");
    let discord = world.discord.cards()[0].body.to_string();
    assert!(!discord.contains("](http://evil.example)"), "{discord}");
    assert_eq!(posts(&world), 0);
    let page = world.sit("ada").await.page("/").await;
    assert!(!crate::world::card(&page, 1).unwrap().contains("<b>\n"), "{page}");
    world.end().await;
}

/// Whoever had the bot start the run again, or approved that, is one of those who started it: GitHub names the bot.
#[tokio::test]
async fn who_had_the_bot_run_it_again_does_not_review_its_deployment() {
    let config = "[policy.approvals]\nretry = 1\n[[people]]\nname = \"zoe\"\nslack = \"UZOE\"\ngithub = \"zoe\"\nrole = \"approver\"\n";
    let world = World::with(Setup { config: config.into(), ..Setup::default() }).await;
    let run = world.broken_run(NETWORK_LOG, "success").await;
    world.slack.command("UCYD", "retry 1").await;
    world.settle().await;
    world.sit("ada").await.press(&world, 1, "Approve").await;
    assert_eq!(world.reruns(), 1);
    world.forge.lock().runs.get_mut(&run).unwrap().spec.sender = "ci-rescue[bot]".into();
    world.forge.wait(run, vec![Gate::new(11, "production", &["ada", "cyd", "zoe"], &[])]);
    world.deliver().await;
    for person in ["cyd", "ada"] {
        let answer = world.sit(person).await.say(&world, "approve 2").await;
        assert!(answer.contains("or had it started again"), "{person}: {answer}");
        assert_eq!(posts(&world), 0, "{person}");
    }
    world.slack.command("UZOE", "approve 2").await;
    world.settle().await;
    assert_eq!(posts(&world), 1, "{}", world.slack.last_whisper());
    world.end().await;
}

/// What changed unheard between the card and the command is not approved with it.
#[tokio::test]
async fn a_typed_approval_binds_to_what_waits_when_it_is_handed_in() {
    type Change = fn(&World, u64);
    let changes: [(&str, Change); 2] = [
        ("another environment", |world, run| {
            world.forge.lock().gates.get_mut(&run).unwrap().push(Gate::new(12, "us", &["cyd"], &[]));
        }),
        ("another commit", |world, run| {
            world.forge.lock().runs.get_mut(&run).unwrap().spec.sha = "f".repeat(40);
        }),
    ];
    for (what, change) in changes {
        for verb in ["approve 1", "reject 1"] {
            let world = World::new().await;
            let run = waits(&world, production()).await;
            change(&world, run);
            let answer = world.sit("cyd").await.say(&world, verb).await;
            assert!(answer.contains("is not what you decided on"), "{what}: {answer}");
            assert_eq!(posts(&world), 0, "{what}");
            assert_eq!(world.incident(1).await.stage, Stage::AwaitingApproval, "{what}");
            // The card shows it now.
            world.sit("cyd").await.say(&world, verb).await;
            assert_eq!(posts(&world), 1, "{what}");
            world.end().await;
        }
    }
}
