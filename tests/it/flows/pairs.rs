//! Proposed on one surface and approved on another: every pair of the four, for a re-run, a quarantine and a revert.
//!
//! Each pair has a world of its own: what the bot writes on GitHub in one is bounded by the minute.

use super::code::{host, opened};
use super::surfaces::{self, ALL, Surface};
use crate::plan::repo::Repo;
use crate::world::{REPO, Seat, Setup, World, spec};
use ci_rescue::demo::Pull;
use ci_rescue::domain::action::MadeKind;
use ci_rescue::domain::incident::{Incident, ProposalState};
use ci_rescue::domain::{Role, Stage};
use ci_rescue::ports::Store;
use ci_rescue::store::{Ledger, Memory};
use serde_json::json;
use std::sync::Arc;

/// The incident of each world.
const PAIRS: u64 = 1;

/// Of the pair's incident: its pull request, and the merged one that may have broken it.
fn pull_of(no: u64) -> u64 {
    200 + no
}

fn merged_before(no: u64) -> u64 {
    300 + no
}

struct Pairs {
    world: World,
    seats: Vec<(&'static str, Seat)>,
}

/// A repository with a test and a merged change for each pair.
fn history() -> (Repo, Vec<Pull>) {
    let repo = Repo::new();
    let tests: Vec<String> = (1..=PAIRS).map(|no| format!("def test_{no}():\n    assert 1 == 1\n")).collect();
    repo.write("tests/test_cart.py", tests.join("\n\n"));
    repo.commit("First light");
    let merged = |no: u64| {
        repo.write(&format!("src/part_{no}.py"), format!("part = {no}\n"));
        let number = merged_before(no);
        let title = format!("Add part {no}");
        let commit = repo.commit(&format!("{title} (#{number})"));
        Pull::merged(number, &title, Some(commit))
    };
    let pulls = (1..=PAIRS).map(merged).collect();
    (repo, pulls)
}

impl Pairs {
    async fn on(store: Arc<dyn Store>) -> Self {
        let config = "[policy.approvals]\nretry = 1\n".to_owned();
        let world = World::on(Setup { config, discord: true, ..Setup::default() }, store).await;
        let (repo, pulls) = history();
        host(&world, &repo).await;
        world.forge.lock().repos.get_mut(REPO).unwrap().pulls.extend(pulls);
        for login in ["ada", "ben", "cyd"] {
            world.forge.permit(REPO, login, "write");
        }
        for no in 1..=PAIRS {
            let log = format!(
                "##[group]Run pytest\nFAILED tests/test_cart.py::test_{no} - assert {no} == 0\n==== 1 failed in 0.1s ====\n##[error]Process completed with exit code 1.\n"
            );
            let mut run = spec(&log, "success");
            (run.branch, run.pull, run.sha) = (format!("topic-{no}"), Some(pull_of(no)), format!("{no:040x}"));
            let id = world.forge.start(run);
            world.forge.finish(id);
            world.deliver().await;
        }
        let mut seats = Vec::new();
        for person in ["ada", "ben", "cyd"] {
            seats.push((person, world.sit(person).await));
        }
        Self { world, seats }
    }

    /// Says it there, as that person, and returns what they were answered. `key`: an argument beside the incident.
    async fn say(&self, at: Surface, person: &str, verb: &str, no: u64, key: Option<(&str, u64)>) -> String {
        let world = &self.world;
        let more = key.map_or_else(String::new, |(name, value)| format!(" {name}={value}"));
        match at {
            Surface::Discord => {
                let (id, value) = (no.to_string(), key.map(|(_, value)| value.to_string()));
                let mut options = vec![("id", json!(id))];
                options.extend(key.zip(value).map(|((name, _), value)| (name, json!(value))));
                let (token, value) = world.discord.command(surfaces::discord_id(person), verb, &options);
                world.discord.send(&value).await;
                world.settle().await;
                world.discord.said(&token)
            }
            Surface::Pull => {
                let text = format!("{no}{more}");
                surfaces::comment(world, pull_of(no), person, verb, &text).await
            }
            Surface::Console => {
                let (_, seat) = self.seats.iter().find(|(name, _)| *name == person).unwrap();
                seat.say(world, &format!("{verb} {no}{more}")).await
            }
            Surface::Slack => surfaces::say(world, at, person, verb, &format!("{no}{more}")).await,
        }
    }

    /// What each surface shows of the incident now.
    async fn shown(&self, no: u64) -> Vec<(Surface, String)> {
        let page = self.seats[0].1.page("/?all=1").await;
        let world = &self.world;
        let slack = world.slack.cards().into_iter().find(|card| card.words().contains(&format!("#{no} ·")));
        let discord = world.discord.cards().into_iter().find(|card| card.words().contains(&format!("\\#{no} ·")));
        vec![
            (Surface::Slack, slack.expect("a card in Slack").words()),
            (Surface::Discord, discord.expect("a card in Discord").words()),
            (Surface::Pull, surfaces::sticky_on(world, pull_of(no))),
            (Surface::Console, crate::world::card(&page, no).expect("a card").to_owned()),
        ]
    }

    async fn all_show(&self, no: u64, words: &str, pair: &str) {
        for (at, text) in self.shown(no).await {
            assert!(text.contains(words), "{pair}: {at:?} does not say {words}: {text}");
        }
    }

    async fn incident(&self, no: u64) -> Incident {
        self.world.incident(no).await
    }

    /// What has been done at the forge: re-runs and pull requests of ours.
    fn done(&self) -> (usize, usize) {
        let ours = opened(&self.world).into_iter().filter(|pull| pull.head.starts_with("ci-rescue/")).count();
        (self.world.reruns(), ours)
    }
}

/// The remedies that are tried, with the argument that one needs beside the incident.
pub const REMEDIES: [(&str, Option<(&str, u64)>); 3] =
    [("retry", None), ("quarantine", None), ("revert", Some(("pr", 300 + PAIRS)))];

/// The sixteen pairs of one remedy, each on a store of its own.
pub async fn pairs((verb, key): (&str, Option<(&str, u64)>), store: impl AsyncFn() -> Arc<dyn Store>) {
    for proposed in ALL {
        for approved in ALL {
            let pairs = Pairs::on(store().await).await;
            let pair = format!("{verb}: {proposed:?} then {approved:?}");
            one(&pairs, (proposed, approved), PAIRS, verb, key, &pair).await;
            pairs.world.end().await;
        }
    }
}

async fn in_memory() -> Arc<dyn Store> {
    Arc::new(Ledger::open(Memory::default()).unwrap())
}

async fn one(
    pairs: &Pairs,
    (proposed, approved): (Surface, Surface),
    no: u64,
    verb: &str,
    key: Option<(&str, u64)>,
    pair: &str,
) {
    let before = pairs.done();
    pairs.say(proposed, "ben", verb, no, key).await;
    let incident = pairs.incident(no).await;
    assert_eq!(incident.stage, Stage::AwaitingApproval, "{pair}: {:?}", incident.proposals);
    pairs.all_show(no, "awaiting approval", pair).await;
    let denied = format!("needs the {} role", Role::Approver);
    let answer = pairs.say(approved, "ben", "approve", no, None).await;
    assert!(answer.contains(&denied), "{pair}: {answer}");
    assert_eq!(pairs.done(), before, "{pair}");

    pairs.say(approved, "ada", "approve", no, None).await;
    let rerun = verb == "retry";
    let after = if rerun { (before.0 + 1, before.1) } else { (before.0, before.1 + 1) };
    assert_eq!(pairs.done(), after, "{pair}: {:?}", pairs.incident(no).await.proposals);
    // Whoever else approves, wherever: it has been decided.
    for elsewhere in ALL.into_iter().filter(|at| *at != approved) {
        let answer = pairs.say(elsewhere, "cyd", "approve", no, None).await;
        assert!(answer.contains("no proposal to approve"), "{pair}, again on {elsewhere:?}: {answer}");
    }
    assert_eq!(pairs.done(), after, "{pair}");
    let incident = pairs.incident(no).await;
    let [proposal] = incident.proposals.as_slice() else { panic!("{pair}: {:?}", incident.proposals) };
    let by: Vec<&str> = proposal.approvals.iter().map(|approval| approval.key.as_str()).collect();
    assert_eq!((&proposal.state, by.as_slice()), (&ProposalState::Done, &["ada"][..]), "{pair}");
    if rerun {
        pairs.world.deliver().await;
        pairs.all_show(no, "running", pair).await;
        pairs.world.forge.going().into_iter().for_each(|run| pairs.world.forge.finish(run));
        pairs.world.deliver().await;
        assert_eq!(pairs.incident(no).await.stage, Stage::Resolved, "{pair}");
        return pairs.all_show(no, "resolved", pair).await;
    }
    let made = proposal.made.iter().find(|made| made.what == MadeKind::Pull).expect("a pull request");
    let all = opened(&pairs.world);
    let heads: Vec<&Pull> = all.iter().filter(|pull| pull.head.ends_with(&format!("/{no}-1"))).collect();
    assert_eq!(heads.iter().map(|pull| pull.number).collect::<Vec<_>>(), [made.number], "{pair}");
    pairs.all_show(no, &format!("/pull/{}", made.number), pair).await;
}

#[tokio::test]
async fn a_rerun_proposed_and_approved_on_all_sixteen_pairs() {
    pairs(REMEDIES[0], in_memory).await;
}

#[tokio::test]
async fn a_quarantine_proposed_and_approved_on_all_sixteen_pairs() {
    pairs(REMEDIES[1], in_memory).await;
}

#[tokio::test]
async fn a_revert_proposed_and_approved_on_all_sixteen_pairs() {
    pairs(REMEDIES[2], in_memory).await;
}
