//! A team at work: commits that break tests, tests that flake, people who re-run and mend. The truth of each run is kept.

use crate::policy::case::rules;
use crate::policy::double::{self, Double, Run, Told, word};
use crate::world::HandClock;
use ci_rescue::domain::event::Event;
use ci_rescue::domain::incident::Incident;
use ci_rescue::domain::intent::Wish;
use ci_rescue::domain::time::MINUTE_MS;
use ci_rescue::domain::{Conclusion, IncidentNo, Repo, Scope, Untrusted};
use ci_rescue::engine::Engine;
use ci_rescue::ports::{Clock, Delivery, Query, Store};
use ci_rescue::remedies;
use ci_rescue::store::{self, Ledger};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The operator trusts the bot with everything that it may do by itself; the limits of a day would hide what it thinks.
const POLICY: &str = "mode = \"act\"\nautomatic = [\"retry\", \"quarantine\"]\ndaily_limit = 1000000\n\
    approvals = { quarantine = 0 }\nquarantine_max = 1000\nretry_max = 9\n";
const TESTS: usize = 120;
const FLAKY: usize = 6;
/// A test that flakes more than this has to be proposed within [`SOON`] runs of its first flake.
const OFTEN: f64 = 0.05;
const SOON: u32 = 20;
const BRANCHES: [&str; 4] = ["main", "topic/a", "topic/b", "topic/c"];

#[derive(Clone, Debug)]
struct Broken {
    test: usize,
    /// A race fails now and then, and is a breakage all the same.
    fails: f64,
    commit: u64,
}

/// Why a run failed.
#[derive(Clone, Debug, Default)]
struct Truth {
    flaked: BTreeSet<usize>,
    broken: BTreeSet<usize>,
    racy: BTreeSet<usize>,
    network: bool,
}

impl Truth {
    fn is_red(&self) -> bool {
        self.network || !(self.flaked.is_empty() && self.broken.is_empty() && self.racy.is_empty())
    }
}

#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub incidents: u32,
    /// Runs that failed by chance alone, and those that the bot re-ran.
    pub flaky: u32,
    pub flaky_retried: u32,
    /// Runs that a commit broke for good.
    pub broken: u32,
    pub broken_retried_twice: Vec<String>,
    pub broken_quarantined: Vec<String>,
    /// Quarantines of tests that flake and that the very commit broke as well: nothing tells the two apart yet.
    pub flakes_broken: u32,
    /// The same while the retry was still to come.
    pub flakes_broken_early: u32,
    /// Races that a commit brought in: they look like flakes until enough is known.
    pub racy: u32,
    pub racy_quarantined: u32,
    /// Tests that flake above 5 %, and those that were proposed for quarantine in time.
    pub often: u32,
    pub often_proposed: u32,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.incidents += other.incidents;
        self.flaky += other.flaky;
        self.flaky_retried += other.flaky_retried;
        self.broken += other.broken;
        self.broken_retried_twice.extend_from_slice(&other.broken_retried_twice);
        self.broken_quarantined.extend_from_slice(&other.broken_quarantined);
        self.flakes_broken += other.flakes_broken;
        self.flakes_broken_early += other.flakes_broken_early;
        self.racy += other.racy;
        self.racy_quarantined += other.racy_quarantined;
        self.often += other.often;
        self.often_proposed += other.often_proposed;
    }
}

/// The tests that are proposed for quarantine: by the card, one by a click or those that its form lists, or by the bot
/// itself. Its planning ends there: this forge has no repository to look into.
fn proposed(incident: &Incident) -> BTreeSet<usize> {
    let shown = incident.offers.iter().any(|offer| offer.remedy == "quarantine");
    let offering = remedies::by_id("quarantine").filter(|_| shown).and_then(|remedy| remedy.offer(incident));
    let wishes = incident.proposals.iter().map(|proposal| &proposal.wish).chain(offering.iter().map(|o| &o.wish));
    let failing = incident.evidence.iter().flat_map(|evidence| &evidence.failing_tests).map(|test| &test.name);
    let only = || failing.clone().next().filter(|_| failing.clone().count() == 1);
    let wished = wishes.filter_map(|wish| match wish {
        Wish::Quarantine { test, .. } => test.as_ref().or_else(only),
        _ => None,
    });
    let forms = offering.iter().filter_map(|offering| offering.form.as_ref());
    let listed = forms.flat_map(|form| &form.fields).flat_map(|field| &field.choices).map(|choice| &choice.value);
    let names: Vec<&str> = wished.chain(listed).map(Untrusted::raw).collect();
    let is = |test: &usize| names.iter().any(|name| name.ends_with(&format!("test_{}", word(*test as u64 + 1))));
    (0..TESTS).filter(is).collect()
}

pub struct World {
    seed: u64,
    dice: fastrand::Rng,
    clock: Arc<HandClock>,
    forge: Arc<Double>,
    store: Arc<dyn Store>,
    engine: Arc<Engine>,
    repo: Repo,
    /// How often each test fails with nothing broken.
    rates: Vec<f64>,
    broken: BTreeMap<&'static str, Vec<Broken>>,
    /// By commit.
    breakages: BTreeMap<u64, Vec<Broken>>,
    /// By run and attempt.
    truths: BTreeMap<(u64, u32), Truth>,
    /// The run in which each test flaked first, and the run after which it stood proposed for quarantine.
    flaked: BTreeMap<usize, u32>,
    proposed: BTreeMap<usize, u32>,
    /// By incident.
    shown: BTreeSet<(IncidentNo, usize)>,
    /// What was proposed and must not be.
    harm: Tally,
    runs: u64,
    sent: u64,
}

impl World {
    pub async fn new(seed: u64) -> Self {
        let clock = HandClock::new();
        let forge = Double::new(clock.clone());
        let store: Arc<dyn Store> = Arc::new(Ledger::open(store::Memory::default()).unwrap());
        let engine = double::engine(&store, &clock, &forge, &rules(POLICY)).await;
        let mut dice = fastrand::Rng::with_seed(seed);
        // Log-uniform from 0.1 % to 30 %.
        let mut rate = |flaky: bool| if flaky { 0.001 * 300_f64.powf(dice.f64()) } else { 0.0 };
        let rates = (0..TESTS).map(|test| rate(test < FLAKY)).collect();
        Self {
            seed,
            dice,
            clock,
            forge,
            store,
            engine,
            repo: format!("acme/{}", word(seed)).parse().unwrap(),
            rates,
            broken: BTreeMap::new(),
            breakages: BTreeMap::new(),
            truths: BTreeMap::new(),
            flaked: BTreeMap::new(),
            proposed: BTreeMap::new(),
            shown: BTreeSet::new(),
            harm: Tally::default(),
            runs: 0,
            sent: 0,
        }
    }

    pub async fn live(&mut self, commits: u32) {
        for _ in 0..commits {
            self.commit().await;
            // The bot's retries, and then the people's.
            for _ in 0..4 {
                self.clock.advance(4 * MINUTE_MS);
                self.settle().await;
                self.end().await;
                self.look().await;
            }
            self.people().await;
            self.look().await;
        }
    }

    /// Somebody pushes to a branch: it may mend what is broken there, or break something.
    async fn commit(&mut self) {
        let branch = *self.dice.choice(["main", "main", BRANCHES[1], BRANCHES[2], BRANCHES[3]].iter()).unwrap();
        self.runs += 1;
        let commit = self.runs;
        let mends = self.dice.f64() < 0.6;
        let here = self.broken.entry(branch).or_default();
        if mends {
            here.clear();
        }
        if self.dice.f64() < 0.1 {
            let fails = if self.dice.f64() < 0.1 { 0.2 + 0.6 * self.dice.f64() } else { 1.0 };
            here.push(Broken { test: self.dice.usize(..TESTS), fails, commit });
        }
        // A topic is built on what the default branch is.
        let names = if branch == "main" { vec!["main"] } else { vec!["main", branch] };
        let all = names.iter().filter_map(|name| self.broken.get(name)).flatten().cloned().collect();
        self.breakages.insert(commit, all);
        let run = Run { branch: branch.into(), attempt: 1, conclusion: None, log: String::new() };
        self.forge.runs.lock().unwrap().insert(commit, run);
        self.end().await;
        self.settle().await;
        self.look().await;
    }

    /// Whatever is going ends, by the truth.
    async fn end(&mut self) {
        let going: Vec<(u64, u32)> = {
            let runs = self.forge.runs.lock().unwrap();
            runs.iter().filter(|(_, run)| run.conclusion.is_none()).map(|(id, run)| (*id, run.attempt)).collect()
        };
        for (id, attempt) in going {
            let truth = self.draw(id);
            let red = truth.is_red();
            {
                let mut runs = self.forge.runs.lock().unwrap();
                let have = runs.get_mut(&id).unwrap();
                have.conclusion = Some(if red { Conclusion::Failure } else { Conclusion::Success });
                have.log = self.log(id, &truth);
            }
            for test in &truth.flaked {
                self.flaked.entry(*test).or_insert(u32::try_from(id).unwrap());
            }
            self.truths.insert((id, attempt), truth);
            self.tell(id).await;
        }
        self.settle().await;
    }

    fn draw(&mut self, commit: u64) -> Truth {
        let mut truth = Truth { network: self.dice.f64() < 0.01, ..Truth::default() };
        for test in 0..TESTS {
            if self.rates[test] > 0.0 && self.dice.f64() < self.rates[test] {
                truth.flaked.insert(test);
            }
        }
        for broken in &self.breakages[&commit] {
            if self.dice.f64() < broken.fails {
                let which = if broken.fails < 1.0 { &mut truth.racy } else { &mut truth.broken };
                which.insert(broken.test);
                truth.flaked.remove(&broken.test);
            }
        }
        truth
    }

    /// Each failing test with its message: a flake's is its own, a breakage's that of its commit.
    fn log(&self, id: u64, truth: &Truth) -> String {
        if truth.network {
            return "##[group]Run npm ci\nnpm error code ECONNRESET while fetching left-pad\n##[error]Process completed with exit code 1.\n".into();
        }
        let by: BTreeMap<usize, u64> = self.breakages[&id].iter().map(|broken| (broken.test, broken.commit)).collect();
        let mut log = String::from("##[group]Run pytest\n");
        for test in truth.flaked.iter().chain(&truth.broken).chain(&truth.racy) {
            let message = match by.get(test).filter(|_| !truth.flaked.contains(test)) {
                Some(commit) => format!("AssertionError: expected {}, got {}", word(*commit), word(commit + 7)),
                None => format!("TimeoutError: no answer from {}", word(*test as u64 + 40)),
            };
            log.push_str(&format!("FAILED tests/test_{0}.py::test_{0} - {message}\n", word(*test as u64 + 1)));
        }
        let failed = truth.flaked.len() + truth.broken.len() + truth.racy.len();
        log.push_str(&format!(
            "=== {failed} failed, {} passed in 3.1s ===\n##[error]Process completed with exit code 1.\n",
            TESTS - failed
        ));
        log
    }

    /// People re-run what still fails: chance more often than their own breakages.
    async fn people(&mut self) {
        let red: Vec<u64> = {
            let runs = self.forge.runs.lock().unwrap();
            let newest = runs.iter().next_back();
            newest
                .filter(|(_, run)| run.conclusion == Some(Conclusion::Failure))
                .map(|(id, _)| *id)
                .into_iter()
                .collect()
        };
        for id in red {
            let by_chance = self.breakages[&id].is_empty();
            if self.dice.f64() < if by_chance { 0.6 } else { 0.2 } {
                let mut runs = self.forge.runs.lock().unwrap();
                let run = runs.get_mut(&id).unwrap();
                (run.attempt, run.conclusion) = (run.attempt + 1, None);
            }
        }
        self.clock.advance(80 * MINUTE_MS);
        self.end().await;
    }

    async fn tell(&mut self, id: u64) {
        let run = self.forge.runs.lock().unwrap()[&id].clone();
        let (repo, conclusion) = (self.repo.clone(), run.conclusion.unwrap());
        let told = Told { repo: &repo, run: id, attempt: run.attempt, workflow: "ci", branch: &run.branch, conclusion };
        let green = conclusion == Conclusion::Success;
        self.send(&if green { told.progressed(Scope::Job) } else { told.failed() }).await;
        self.send(&told.progressed(Scope::Run)).await;
    }

    async fn send(&mut self, event: &Event) {
        self.sent += 1;
        let delivery = Delivery::internal(format!("internal:{}", self.sent), self.clock.now(), event);
        self.store.put_delivery(delivery).await.unwrap();
    }

    async fn settle(&self) {
        for round in 0.. {
            assert!(round < 2_000, "the engine does not come to rest");
            let ticked = self.engine.tick().await.unwrap();
            let turned = self.engine.turn().await.unwrap();
            let performed = self.engine.perform().await.unwrap();
            if !(ticked | turned | performed) {
                break;
            }
        }
    }

    /// Notes which tests stand proposed for quarantine now, by the card or by the bot itself, and whether they may.
    async fn look(&mut self) {
        let newest = self.store.incidents(&Query { limit: 3, ..Query::default() }).await.unwrap();
        for incident in newest {
            for test in proposed(&incident) {
                self.proposed.entry(test).or_insert(u32::try_from(self.runs).unwrap());
                if self.shown.insert((incident.no, test)) {
                    self.weigh(&incident, test);
                }
            }
        }
    }

    /// Why it failed last.
    fn truth(&self, incident: &Incident) -> &Truth {
        let newest = incident.runs.iter().filter_map(|run| run.run.map(|id| (id.0, run.failed_attempt))).max();
        &self.truths[&newest.unwrap()]
    }

    /// Whether the test is broken that is proposed for quarantine.
    fn weigh(&mut self, incident: &Incident, test: usize) {
        let truth = self.truth(incident).clone();
        if truth.broken.contains(&test) {
            if self.rates[test] > 0.0 {
                self.harm.flakes_broken_early += 1;
            } else {
                self.harm.broken_quarantined.push(format!("incident {} of seed {}", incident.no, self.seed));
            }
        }
        self.harm.racy_quarantined += u32::from(truth.racy.contains(&test));
    }

    pub async fn tally(&self) -> Tally {
        let mut tally = self.harm.clone();
        let reruns = self.forge.acts.lock().unwrap().clone();
        for ((id, _), truth) in self.truths.iter().filter(|((_, attempt), truth)| *attempt == 1 && truth.is_red()) {
            let retried: Vec<u32> = reruns.iter().filter(|(run, _)| run == id).map(|(_, attempt)| *attempt).collect();
            if !truth.broken.is_empty() {
                tally.broken += 1;
                // One of them may have met the network instead.
                let broken = |attempt: &&u32| !self.truths[&(*id, **attempt)].network;
                if retried.iter().filter(broken).count() > 1 {
                    tally.broken_retried_twice.push(format!("run {id} of seed {}", self.seed));
                }
            } else if truth.racy.is_empty() {
                tally.flaky += 1;
                tally.flaky_retried += u32::from(!retried.is_empty());
            } else {
                tally.racy += 1;
            }
        }
        let all = self.store.incidents(&Query { limit: usize::MAX, ..Query::default() }).await.unwrap();
        for incident in all {
            tally.incidents += 1;
            // As it stands in the end.
            let tests = proposed(&incident);
            let broken = tests.into_iter().filter(|test| self.truth(&incident).broken.contains(test));
            let (flakes, healthy): (Vec<usize>, Vec<usize>) = broken.partition(|test| self.rates[*test] > 0.0);
            let name = format!("incident {} of seed {}", incident.no, self.seed);
            if !healthy.is_empty() && !tally.broken_quarantined.contains(&name) {
                tally.broken_quarantined.push(name);
            }
            tally.flakes_broken += u32::from(!flakes.is_empty());
        }
        for (test, _) in self.rates.iter().enumerate().filter(|(_, rate)| **rate > OFTEN) {
            tally.often += 1;
            let first = self.flaked.get(&test).copied().unwrap_or_default();
            tally.often_proposed += u32::from(self.proposed.get(&test).is_some_and(|run| *run <= first + SOON));
        }
        tally
    }
}
