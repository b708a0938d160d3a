//! Bisection: runs between green and red are re-run one after another until the culprit is known.

use super::code::host;
use super::suspects::{GREEN_LOG, LINES, RED_LOG, THREE};
use crate::plan::repo::Repo;
use crate::world::{REPO, Setup, World, job, spec};
use ci_rescue::domain::{IncidentNo, ProposalState, Stage};

const COMMITS: [(&str, &str, &str); 4] = [LINES, THREE, ("Four", "four.txt", "4\n"), ("Five", "five.txt", "5\n")];

/// A green run, a run of each commit that a newer push cancelled, and a red one: incident 1. On their second attempts,
/// runs from `culprit` on fail; 0 is the green commit, and 5 is none.
async fn range(setup: Setup, culprit: usize) -> (World, Vec<String>) {
    let world = World::with(setup).await;
    let repo = Repo::new();
    repo.write("lines.txt", "one\n");
    let mut shas = vec![repo.commit("First light")];
    for (subject, path, text) in COMMITS {
        repo.write(path, text);
        shas.push(repo.commit(subject));
    }
    host(&world, &repo).await;
    world.forge.permit(REPO, "ada", "write");
    for (at, sha) in shas.iter().enumerate() {
        let first = [("success", GREEN_LOG), ("cancelled", ""), ("failure", RED_LOG)];
        let (first, log) = first[usize::from(at > 0) + usize::from(at == COMMITS.len())];
        let then = if at >= culprit { "failure" } else { "success" };
        let mut run = spec(log, then);
        run.sha = sha.clone();
        run.jobs = vec![job("test", log, &[first, then])];
        run.jobs[0].green_log = GREEN_LOG.into();
        let id = world.forge.start(run);
        world.forge.finish(id);
        if first == "cancelled" {
            drop(world.forge.take_hooks());
        }
        world.deliver().await;
    }
    (world, shas)
}

/// Ends what is re-run, until nothing is.
async fn run_out(world: &World) {
    for _ in 0..20 {
        world.deliver().await;
        let going = world.forge.going();
        if going.is_empty() {
            return;
        }
        for run in going {
            world.forge.finish(run);
        }
    }
    panic!("it does not end: {:?}", world.incident(1).await.proposals.last());
}

fn thread(world: &World) -> String {
    let card = world.slack.cards()[0].clone();
    world.slack.thread(&card.ts).into_iter().map(|note| note.text + "\n").collect()
}

#[tokio::test]
async fn the_plan_is_shown_and_nothing_is_re_run_unasked() {
    let (world, shas) = range(Setup::default(), 2).await;
    world.slack.command("UEVE", "bisect 1").await;
    world.settle().await;
    let answer = world.slack.last_whisper();
    for words in
        ["Dry run: re-run test at", "re-runs expected until the culprit is known", "if it fails, then", &shas[2][..7]]
    {
        assert!(answer.contains(words), "{words}: {answer}");
    }
    assert_eq!((world.reruns(), world.incident(1).await.proposals.len()), (0, 0));
    // A viewer sees the plan and runs nothing.
    world.slack.command("UEVE", "bisect 1 run").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("responder"), "{}", world.slack.last_whisper());
    assert_eq!(world.reruns(), 0);
    // Offered, behind what mends something.
    let card = world.slack.cards()[0].clone();
    assert!(card.button("Bisect").is_some(), "{}", card.blocks);
    world.end().await;
}

#[tokio::test]
async fn the_culprit_is_found_told_and_offered_for_a_revert() {
    for culprit in 1..=COMMITS.len() {
        let (world, shas) = range(Setup::default(), culprit).await;
        let sha = &shas[culprit][..7];
        world.slack.command("UADA", "bisect 1 run").await;
        world.settle().await;
        run_out(&world).await;
        let incident = world.incident(1).await;
        let proposal = incident.proposals.last().unwrap();
        assert_eq!((&proposal.state, proposal.dry_run), (&ProposalState::Done, false), "{culprit}: {proposal:?}");
        let told = thread(&world);
        for words in ["the culprit is", sha, "re-run test at", "%)"] {
            assert!(told.contains(words), "{culprit}: {words}: {told}");
        }
        assert!((1..=4).contains(&world.reruns()), "{culprit}: {} re-runs", world.reruns());
        let best = incident.suspicion.as_ref().and_then(|suspicion| suspicion.bracketed()).expect("a culprit");
        assert_eq!(best.sha, shas[culprit], "{culprit}");
        // What fails while it searches is no failure of its own.
        assert_eq!((world.incidents().await.len(), incident.stage), (1, Stage::Open), "{culprit}");
        let card = world.slack.cards()[0].clone();
        assert!(card.button(&format!("Revert {sha}")).or(card.button("Revert #9")).is_some(), "{}", card.blocks);
        assert!(!told.contains("<!channel>"), "{told}");
        world.end().await;
    }
}

#[tokio::test]
async fn no_commit_is_blamed_where_the_last_green_one_fails_now() {
    let (world, shas) = range(Setup::default(), 0).await;
    let ada = world.sit("ada").await;
    ada.say(&world, "bisect 1 run").await;
    run_out(&world).await;
    let told = thread(&world);
    for words in ["no culprit among the commits", &shas[0][..7], "fails now, too"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let incident = world.incident(1).await;
    assert!(incident.suspicion.unwrap().suspects.is_empty());
    assert!(incident.offers.iter().all(|offer| offer.remedy != "revert" && offer.remedy != "bisect"));
    world.end().await;
}

#[tokio::test]
async fn a_failing_commit_that_passes_now_resolves_the_incident_and_ends_the_search() {
    let (world, _) = range(Setup::default(), COMMITS.len() + 1).await;
    world.slack.command("UADA", "bisect 1 run").await;
    world.settle().await;
    run_out(&world).await;
    let incident = world.incident(1).await;
    let state = &incident.proposals.last().unwrap().state;
    assert!(!state.is_active(), "{state:?}");
    let passes = thread(&world).contains("the failing commit passes now");
    assert!(passes || incident.stage == Stage::Resolved, "{}", thread(&world));
    world.end().await;
}

#[tokio::test]
async fn hold_cancel_and_the_limit_of_the_day_stop_it() {
    let (world, _) = range(Setup::default(), 2).await;
    let ada = world.sit("ada").await;
    ada.say(&world, "bisect 1 run").await;
    assert_eq!(world.reruns(), 1);
    assert!(ada.say(&world, "bisect 1 run").await.contains("already does that"));
    ada.say(&world, "hold release day").await;
    run_out(&world).await;
    let state = world.incident(1).await.proposals.last().unwrap().state.clone();
    assert!(
        matches!(&state, ProposalState::Refused { why } if why.iter().any(|w| w.contains("emergency stop"))),
        "{state:?}"
    );
    assert_eq!(world.reruns(), 1);
    // What it learned so far stands at the forge: it goes on from there.
    ada.say(&world, "unhold").await;
    ada.say(&world, "bisect 1 run").await;
    ada.say(&world, "cancel 1").await;
    run_out(&world).await;
    assert_eq!((world.reruns(), world.incident(1).await.proposals.last().unwrap().state.as_str()), (2, "cancelled"));
    world.end().await;

    let (world, _) = range(Setup { config: "[policy]\ndaily_limit = 1\n".into(), ..Setup::default() }, 2).await;
    world.slack.command("UADA", "bisect 1 run").await;
    world.settle().await;
    run_out(&world).await;
    let state = world.incident(1).await.proposals.last().unwrap().state.clone();
    assert!(
        matches!(&state, ProposalState::Refused { why } if why.iter().any(|w| w.contains("daily limit"))),
        "{state:?}"
    );
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

/// Whoever listens anew after a restart goes on: what was re-run stands at the forge, who waits for it in the store.
#[tokio::test]
async fn a_restart_and_a_lost_webhook_lose_nothing() {
    let (world, shas) = range(Setup::default(), 3).await;
    world.slack.command("UADA", "bisect 1 run").await;
    world.settle().await;
    world.deliver().await;
    let mut index = ci_rescue::incident::Index::default();
    index.note(&world.incident(1).await);
    for run in world.forge.going() {
        world.forge.finish(run);
    }
    // An index that was made from the store alone knows whose the run is.
    let hook = world.forge.take_hooks().into_iter().rev().find(|hook| hook.event == "workflow_run").expect("its end");
    let body: serde_json::Value = serde_json::from_str(&hook.body).unwrap();
    let run = ci_rescue::domain::RunId(body["workflow_run"]["id"].as_u64().unwrap());
    let probes: Vec<IncidentNo> = index.probing(&REPO.parse().unwrap(), Some(run)).unwrap_or_default();
    assert_eq!(probes, [IncidentNo(1)]);
    // Nobody tells of its end: it is looked at within the hour.
    assert_eq!(world.incident(1).await.proposals.last().unwrap().state, ProposalState::Waiting);
    world.clock.advance(3_600_000);
    world.settle().await;
    run_out(&world).await;
    assert!(thread(&world).contains(&shas[3][..7]) && thread(&world).contains("the culprit is"), "{}", thread(&world));
    world.end().await;
}
