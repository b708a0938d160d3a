//! Catching up: deliveries get lost, and so do hours. What was missed is found again, and nothing is told twice. All of
//! it is compared with what the forge knows.

use crate::world::{CHANNEL, LINT_LOG, NETWORK_LOG, REPO, Setup, World, job};
use ci_rescue::demo::{Delivered, Forge, Hook, RunSpec};
use ci_rescue::domain::incident::Incident;
use std::collections::{BTreeMap, BTreeSet};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const REPOS: [&str; 3] = [REPO, "acme/web", "acme/api"];
const PYTEST: &str = "##[group]Run pytest\nFAILED tests/test_cart.py::test_total - AssertionError: assert 3 == 4\n=== 1 failed in 0.31s ===\n##[error]Process completed with exit code 1.\n";
/// How many of a hundred deliveries the forge loses.
const LOST: u32 = 30;

/// A day's work of several repositories, and the forge's bad luck.
struct Day {
    world: World,
    dice: fastrand::Rng,
    /// Runs that were red at a moment when we looked, by the forge's word.
    seen_red: BTreeSet<u64>,
    commits: u64,
    sent: u32,
    lost: u32,
}

impl Day {
    async fn begin(seed: u64, repositories: &str) -> Self {
        let feeds = REPOS[1..].iter().map(|repo| {
            format!(
                "[[subscriptions]]\nplatform = \"slack\"\nchannel = \"{CHANNEL}\"\nrepo = \"{repo}\"\nbranch = \"*\"\n"
            )
        });
        let all = "[[subscriptions]]\nplatform = \"slack\"\nchannel = \"C0ALL\"\nrepo = \"acme/*\"\nbranch = \"*\"\n";
        let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/app-key.pem");
        let github = format!("app_id = 7\nprivate_key_file = \"{key}\"\n{repositories}");
        let config = feeds.chain([all.to_owned()]).collect();
        let world = World::with(Setup { github, config, disk: true, ..Setup::default() }).await;
        REPOS[1..].iter().for_each(|repo| world.forge.add_repo(repo));
        Self { world, dice: fastrand::Rng::with_seed(seed), seen_red: BTreeSet::new(), commits: 0, sent: 0, lost: 0 }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.dice.usize(..from.len())]
    }

    /// People push, runs end, people re-run the newest that failed.
    fn work(&mut self) {
        let forge = self.world.forge.clone();
        for run in forge.going() {
            if self.dice.u8(..4) > 0 {
                forge.finish(run);
            }
        }
        if self.dice.bool() {
            let (repo, workflow) = (self.pick(&REPOS), self.pick(&["unit", "build"]));
            let (log, branch) = (self.pick(&[NETWORK_LOG, LINT_LOG, PYTEST]), self.pick(&["main", "main", "topic"]));
            let ends = self.pick(&[&["failure", "success"][..], &["failure", "failure", "success"], &["success"]]);
            self.commits += 1;
            forge.start(RunSpec {
                repo: repo.into(),
                workflow: workflow.into(),
                branch: branch.into(),
                sha: format!("{:040x}", 0xabc_0000 + self.commits),
                message: "Count the shipping".into(),
                pull: None,
                sender: "ben".into(),
                jobs: vec![job("test", log, ends), job("lint", "", &["success"])],
            });
        }
        let red: Vec<u64> =
            newest(&known(&forge)).filter(|run| run.conclusion == Some("failure")).map(|run| run.id).collect();
        if !red.is_empty() && self.dice.u8(..3) == 0 {
            let id = self.pick(&red);
            forge.rerun(id, |job| job.conclusion != Some("success")).expect("it has ended");
        }
    }

    fn listed(&self, hook: Hook, status: u16) {
        let at = (self.world.forge.now)();
        let mut state = self.world.forge.lock();
        let id = state.fresh();
        state.delivered.push(Delivered { id, guid: hook.id.clone(), at, status, hook: Some(hook) });
    }

    /// The forge sends what it has to tell. What is lost was never sent, or not taken, or taken without its answer.
    async fn send(&mut self, up: bool) {
        for hook in self.world.forge.take_hooks() {
            let lost = self.dice.u32(..100) < LOST;
            self.sent += 1;
            self.lost += u32::from(lost);
            let how = self.dice.u8(..3);
            if (lost || !up) && how == 0 {
                continue;
            }
            if (lost || !up) && how == 1 {
                self.listed(hook, 502);
                continue;
            }
            if up {
                let body = hook.body.replace("{web}", &format!("http://{}", self.world.forge_at));
                assert!(self.world.hook(hook.event, &hook.id, &body).await.is_success());
            }
            self.listed(hook, if lost || !up { 504 } else { 202 });
        }
        if up {
            self.world.settle().await;
        }
    }

    /// As the timer does.
    async fn look(&mut self) {
        let runs = known(&self.world.forge);
        self.seen_red.extend(runs.values().filter(|run| run.conclusion == Some("failure")).map(|run| run.id));
        self.world.app.engine.reconcile().await.expect("a store");
        self.world.settle().await;
    }

    async fn up(&mut self, hours: i64) {
        for _ in 0..hours * 6 {
            self.work();
            self.send(true).await;
            self.look().await;
            self.world.clock.advance(10 * MINUTE);
        }
    }

    async fn down(&mut self, hours: i64) {
        for _ in 0..hours * 2 {
            self.work();
            self.send(false).await;
            self.world.clock.advance(HOUR / 2);
        }
        self.world.restart().await;
    }

    /// What is going ends, and nothing new begins.
    async fn evening(&mut self) {
        for run in self.world.forge.going() {
            self.world.forge.finish(run);
        }
        // Until runs that began long ago have been looked through.
        for _ in 0..20 {
            self.send(true).await;
            self.look().await;
            self.world.clock.advance(10 * MINUTE);
        }
    }

    async fn check(&self) {
        let incidents = self.world.incidents().await;
        let own: Vec<&Incident> = incidents.iter().filter(|incident| incident.adopted_by.is_none()).collect();
        let runs = known(&self.world.forge);
        for id in &self.seen_red {
            let has = |incident: &&&Incident| incident.runs.iter().any(|run| run.run.is_some_and(|run| run.0 == *id));
            let nos: Vec<u64> = own.iter().filter(has).map(|incident| incident.no.0).collect();
            assert_eq!(nos.len(), 1, "run {id} of {} is in incidents {nos:?}", runs[id].lane.0);
        }
        let is_red = |id: u64| runs[&id].conclusion == Some("failure") && !passed_since(&runs, &runs[&id]);
        for incident in &own {
            let red: Vec<u64> =
                incident.runs.iter().filter_map(|run| run.run).map(|run| run.0).filter(|id| is_red(*id)).collect();
            assert_eq!(
                incident.closed_at.is_none(),
                !red.is_empty(),
                "incident {} has red runs {red:?} of {:#?}",
                incident.no.0,
                incident.runs
            );
        }
        let mut cards: BTreeMap<(String, String), u32> = BTreeMap::new();
        for card in self.world.slack.cards() {
            let marker = card.metadata["event_payload"]["marker"].as_str().expect("a marker").to_owned();
            *cards.entry((card.channel, marker)).or_default() += 1;
        }
        assert!(cards.values().all(|count| *count == 1), "{cards:?}");
        assert!(cards.len() >= own.len(), "{} cards for {} incidents", cards.len(), own.len());
    }
}

/// A run as the forge knows it.
struct Run {
    id: u64,
    /// Repository, workflow, branch.
    lane: (String, String, String),
    conclusion: Option<&'static str>,
}

fn known(forge: &Forge) -> BTreeMap<u64, Run> {
    let state = forge.lock();
    let all = state.runs.values().map(|run| {
        let lane = (run.spec.repo.clone(), run.spec.workflow.clone(), run.spec.branch.clone());
        (run.id, Run { id: run.id, lane, conclusion: run.conclusion })
    });
    all.collect()
}

/// The newest run of each lane.
fn newest(runs: &BTreeMap<u64, Run>) -> impl Iterator<Item = &Run> {
    let by_lane: BTreeMap<_, &Run> = runs.values().map(|run| (run.lane.clone(), run)).collect();
    by_lane.into_values()
}

fn passed_since(runs: &BTreeMap<u64, Run>, old: &Run) -> bool {
    runs.values().any(|run| run.id > old.id && run.conclusion == Some("success") && run.lane == old.lane)
}

async fn ends_as_the_forge_knows_it(seed: u64, repositories: &str) {
    let mut day = Day::begin(seed, repositories).await;
    day.up(4).await;
    day.down(20).await;
    day.up(3).await;
    day.evening().await;
    let share = day.lost * 100 / day.sent;
    assert!((LOST - 7..=LOST + 7).contains(&share), "{share} % of {} were lost", day.sent);
    assert!(day.seen_red.len() > 10, "{} runs failed", day.seen_red.len());
    day.check().await;
    day.world.end().await;
}

/// `CI_RESCUE_DAYS` is how many such days are tried.
#[tokio::test]
async fn a_day_with_lost_deliveries_and_an_outage_ends_as_the_forge_knows_it() {
    let days = std::env::var("CI_RESCUE_DAYS").ok().and_then(|days| days.parse().ok()).unwrap_or(1);
    for day in 0..days {
        ends_as_the_forge_knows_it(2 * day + 1, "").await;
    }
}

#[tokio::test]
async fn a_day_of_repositories_behind_a_wildcard_ends_as_the_forge_knows_it() {
    ends_as_the_forge_knows_it(2, "repositories = [\"acme/*\"]\n").await;
}

#[tokio::test]
async fn a_search_that_does_not_show_everything_goes_on_with_what_is_older() {
    let (sandbox, github, clock) = super::github::app().await;
    for _ in 0..1_150 {
        sandbox.passed(crate::world::spec("", "success"));
        clock.advance(MINUTE);
    }
    let now = ci_rescue::domain::time::Time((sandbox.now)());
    let since = |created: i64, ended: i64| ci_rescue::ports::Since {
        created: now.plus_ms(-created),
        ended: now.plus_ms(-ended),
    };
    let found = async |since| {
        let all = ci_rescue::ports::Ci::recent(&*github, &REPO.parse().unwrap(), since).await.unwrap();
        let ids: Vec<String> = all.into_iter().map(|delivery| delivery.id).collect();
        (ids.iter().collect::<BTreeSet<_>>().len(), ids[0] < ids[1])
    };
    assert_eq!(found(since(72 * HOUR, 72 * HOUR)).await, (1_150, true), "the oldest first");
    assert_eq!(found(since(72 * HOUR, HOUR)).await, (60, true));
    assert_eq!(found(since(HOUR, HOUR)).await, (60, true));
}
