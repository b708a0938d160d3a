//! No limit is exceeded and no automatic act follows an emergency stop: over any sequence of failures, ends, pauses and
//! restarts, with two engines at work on one store at the same time.

use super::case::rules;
use super::double::{Double, Run, Told, engine, word};
use super::racing::Racing;
use crate::world::HandClock;
use ci_rescue::domain::event::Event;
use ci_rescue::domain::facts::Hold;
use ci_rescue::domain::journal::Note;
use ci_rescue::domain::rules::Rules;
use ci_rescue::domain::time::{DAY_MS, MINUTE_MS, Time};
use ci_rescue::domain::{Conclusion, Scope};
use ci_rescue::engine::Engine;
use ci_rescue::ports::{Clock, Delivery, Query, Store, StoreError, Turn};
use ci_rescue::store::Ledger;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

const POLICY: &str = "mode = \"act\"\ndaily_limit = 3\nattempts_max = 2\nretry_max = 9\nbranch_cooldown_minutes = 10\n\
    failed_fix_cooldown_minutes = 20\nbreaker_failures = 3\nbreaker_minutes = 60\n";
const BRANCHES: [&str; 4] = ["main", "topic/a", "topic/b", "topic/c"];

#[derive(Clone, Debug)]
enum Op {
    Break {
        branch: usize,
    },
    /// The oldest run that is going, or the newest.
    End {
        oldest: bool,
        green: bool,
    },
    Wait {
        minutes: i64,
    },
    Hold,
    Unhold,
    /// This engine's process is started again.
    Restart {
        first: bool,
    },
    /// So many pieces of work by one engine alone, which is then behind the other.
    Lag {
        first: bool,
        pieces: u8,
    },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        4 => (0..BRANCHES.len()).prop_map(|branch| Op::Break { branch }),
        6 => (any::<bool>(), prop::bool::weighted(0.3)).prop_map(|(oldest, green)| Op::End { oldest, green }),
        6 => prop_oneof![1_i64..15, 15_i64..90, 300_i64..1_500].prop_map(|minutes| Op::Wait { minutes }),
        1 => Just(Op::Hold),
        1 => Just(Op::Unhold),
        1 => any::<bool>().prop_map(|first| Op::Restart { first }),
        2 => (any::<bool>(), 1_u8..6).prop_map(|(first, pieces)| Op::Lag { first, pieces }),
    ];
    prop::collection::vec(op, 10..60)
}

struct Installation {
    clock: Arc<HandClock>,
    double: Arc<Double>,
    store: Arc<dyn Store>,
    rules: Rules,
    engines: [Arc<Engine>; 2],
    sent: u64,
    runs: u64,
}

/// One piece of each kind of work. An engine that comes second tries again, as its loops do.
async fn work(engine: &Engine) -> bool {
    let went = |done: Result<bool, StoreError>| match done {
        Ok(any) => any,
        Err(StoreError::Conflict(_)) => true,
        Err(why) => panic!("{why}"),
    };
    went(engine.tick().await) | went(engine.turn().await) | went(engine.perform().await)
}

impl Installation {
    async fn new() -> Self {
        let clock = HandClock::new();
        let double = Double::new(clock.clone());
        let store: Arc<dyn Store> = Arc::new(Ledger::open(Racing::default()).unwrap());
        let rules = rules(POLICY);
        let engines = [engine(&store, &clock, &double, &rules).await, engine(&store, &clock, &double, &rules).await];
        Self { clock, double, store, rules, engines, sent: 0, runs: 0 }
    }

    async fn send(&mut self, event: &Event) {
        self.sent += 1;
        let delivery = Delivery::internal(format!("internal:{}", self.sent), self.clock.now(), event);
        self.store.put_delivery(delivery).await.unwrap();
    }

    async fn tell(&mut self, run: u64) {
        let have = self.double.runs.lock().unwrap()[&run].clone();
        let conclusion = have.conclusion.unwrap();
        let (repo, workflow) = ("acme/shop".parse().unwrap(), word(run));
        let told =
            Told { repo: &repo, run, attempt: have.attempt, workflow: &workflow, branch: &have.branch, conclusion };
        if conclusion != Conclusion::Success {
            return self.send(&told.failed()).await;
        }
        for scope in [Scope::Job, Scope::Run] {
            self.send(&told.progressed(scope)).await;
        }
    }

    async fn settle(&self) {
        let [a, b] = &self.engines;
        for round in 0.. {
            assert!(round < 2_000, "the engines do not come to rest");
            let (one, two) = futures::join!(work(a), work(b));
            if !one && !two {
                break;
            }
        }
    }

    async fn hold(&self, on: bool) {
        let hold = Hold { by: "ada".into(), at: self.clock.now(), reason: None };
        let settings = vec![("hold".to_owned(), on.then(|| json!(hold)))];
        self.store.commit(Turn { settings, ..Turn::default() }).await.unwrap();
    }

    async fn apply(&mut self, op: &Op) {
        match *op {
            Op::Break { branch } => {
                self.runs += 1;
                let (branch, conclusion) = (BRANCHES[branch].to_owned(), Some(Conclusion::Failure));
                self.double
                    .runs
                    .lock()
                    .unwrap()
                    .insert(self.runs, Run { branch, attempt: 1, conclusion, log: String::new() });
                self.tell(self.runs).await;
            }
            Op::End { oldest, green } => {
                let ended = {
                    let mut runs = self.double.runs.lock().unwrap();
                    let mut going = runs.iter_mut().filter(|(_, run)| run.conclusion.is_none());
                    let chosen = if oldest { going.next() } else { going.next_back() };
                    chosen.map(|(id, run)| {
                        run.conclusion = Some(if green { Conclusion::Success } else { Conclusion::Failure });
                        *id
                    })
                };
                if let Some(run) = ended {
                    self.tell(run).await;
                }
            }
            Op::Wait { minutes } => self.clock.advance(minutes * MINUTE_MS),
            Op::Hold => self.hold(true).await,
            Op::Unhold => self.hold(false).await,
            Op::Restart { first } => {
                let fresh = engine(&self.store, &self.clock, &self.double, &self.rules).await;
                self.engines[usize::from(first)] = fresh;
            }
            Op::Lag { first, pieces } => {
                for _ in 0..pieces {
                    work(&self.engines[usize::from(first)]).await;
                }
            }
        }
    }

    fn acts(&self) -> usize {
        self.double.acts.lock().unwrap().len() + self.issues().len()
    }

    /// The incidents that issues were opened for.
    fn issues(&self) -> Vec<String> {
        let issues = self.double.issues.lock().unwrap();
        let of = |marker: &String| marker.rsplit_once(' ').unwrap().1.split_once('-').unwrap().0.to_owned();
        issues.iter().map(of).collect()
    }

    /// Why it did not act, where it did not.
    async fn refusals(&self) -> Vec<Note> {
        let all = self.store.incidents(&Query { limit: usize::MAX, ..Query::default() }).await.unwrap();
        let mut notes = Vec::new();
        for incident in &all {
            let journal = self.store.journal(incident.no, 0, 10_000).await.unwrap().into_iter().map(|entry| entry.note);
            notes.extend(journal.filter(|note| matches!(note, Note::AutoSkipped { .. } | Note::Refused { .. })));
        }
        notes
    }

    async fn play(&mut self, all: &[Op]) {
        let mut held = None;
        for op in all {
            self.apply(op).await;
            match op {
                Op::Hold => held = Some(self.acts()),
                Op::Unhold => held = None,
                // What one engine left is finished by both, later.
                Op::Lag { .. } => {}
                _ => self.settle().await,
            }
            let acts = self.acts();
            assert!(held.is_none_or(|before| before == acts), "it acted under the emergency stop");
        }
        self.settle().await;
    }

    /// When the bot began an automatic act, and when one came to nothing or to something, each with its incident.
    async fn books(&self) -> Books {
        let all = self.store.incidents(&Query { limit: usize::MAX, ..Query::default() }).await.unwrap();
        let mut books = Books::default();
        for incident in &all {
            let branch = incident.branch.raw().to_owned();
            for entry in self.store.journal(incident.no, 0, 10_000).await.unwrap() {
                match entry.note {
                    Note::Proposed { by, remedy, .. } if by.raw() == "CI Rescue" => {
                        books.all.push(entry.at);
                        // It tells people, and is no attempt.
                        if remedy == "issue" {
                            continue;
                        }
                        books.begun.push((entry.at, branch.clone()));
                        *books.by_incident.entry(incident.no.0).or_default() += 1;
                    }
                    // Nobody else re-runs anything here.
                    Note::AttemptFailed { .. } => books.ended.push((entry.at, branch.clone(), false)),
                    Note::Resolved { because } if because.starts_with("attempt") => {
                        books.ended.push((entry.at, branch.clone(), true));
                    }
                    _ => {}
                }
            }
        }
        books.begun.sort();
        books.ended.sort();
        books
    }
}

#[derive(Default)]
struct Books {
    all: Vec<Time>,
    /// Without the issues.
    begun: Vec<(Time, String)>,
    ended: Vec<(Time, String, bool)>,
    by_incident: BTreeMap<u64, u32>,
}

impl Books {
    fn check(&self, rules: &Rules) {
        let mut by_day: BTreeMap<i64, u32> = BTreeMap::new();
        for at in &self.all {
            *by_day.entry(at.day()).or_default() += 1;
        }
        assert!(by_day.values().all(|count| *count <= rules.daily_limit), "the daily limit: {by_day:?}");
        let most = self.by_incident.values().max().copied().unwrap_or(0);
        assert!(most <= rules.attempts_max, "{most} attempts on one incident");
        for (n, (at, branch)) in self.begun.iter().enumerate() {
            let minutes = |from: &Time| at.ms_since(*from) / MINUTE_MS;
            let before = self.begun[..n].iter().rev().find(|(_, other)| other == branch);
            let rested = before.is_none_or(|(then, _)| minutes(then) >= i64::from(rules.branch_cooldown_minutes));
            assert!(rested, "two acts on {branch} at {at:?}");
            // What came in the same moment may have come after it.
            let earlier: Vec<_> = self.ended.iter().filter(|(then, ..)| then < at).collect();
            let failed = earlier.iter().rev().find(|(_, other, passed)| other == branch && !passed);
            let cool = failed.is_none_or(|(then, ..)| minutes(then) >= i64::from(rules.failed_fix_cooldown_minutes));
            assert!(cool, "an act on {branch} too soon after one that failed");
            let in_a_row = earlier.iter().rev().take_while(|(.., passed)| !passed).count();
            let newest = earlier.last().map_or(i64::MAX, |(then, ..)| minutes(then));
            let passed_now = self.ended.iter().any(|(then, _, passed)| then == at && *passed);
            let open = in_a_row >= rules.breaker_failures as usize && newest < i64::from(rules.breaker_minutes);
            assert!(!open || passed_now, "an act while the breaker is open");
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

#[test]
fn no_sequence_of_events_exceeds_a_limit() {
    let (acts, full, broke, told) = (Cell::new(0), Cell::new(0), Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    runner
        .run(&ops(), |all| {
            runtime().block_on(async {
                let mut installation = Installation::new().await;
                Box::pin(installation.play(&all)).await;
                assert_eq!(installation.store.counts().await.unwrap().dead, 0, "a delivery was given up");
                let books = installation.books().await;
                books.check(&installation.rules);
                assert!(installation.acts() <= books.all.len(), "an act that nobody decided on");
                acts.set(acts.get() + installation.acts());
                let mut issues = installation.issues();
                told.set(told.get() + issues.len());
                let opened = issues.len();
                issues.sort();
                issues.dedup();
                assert_eq!(issues.len(), opened, "two issues for one incident");
                let mut days: BTreeMap<i64, u32> = BTreeMap::new();
                books.all.iter().for_each(|at| *days.entry(at.day()).or_default() += 1);
                full.set(full.get() + usize::from(days.values().any(|n| *n == installation.rules.daily_limit)));
                let breaker = installation.store.setting("breaker").await.unwrap();
                broke.set(broke.get() + usize::from(breaker.is_some_and(|b| b["failures"].as_u64() >= Some(2))));
            });
            Ok(())
        })
        .unwrap_or_else(|why| panic!("{why}"));
    // Nothing is shown where nothing happens.
    assert!(
        acts.get() > 60 && full.get() > 3 && broke.get() > 3 && told.get() > 3,
        "{acts:?} {full:?} {broke:?} {told:?}"
    );
}

/// Both engines decide on the last act of the day at the same moment.
#[test]
fn the_last_act_of_a_day_is_one_engines() {
    runtime().block_on(async {
        let mut installation = Installation::new().await;
        installation.rules.daily_limit = 1;
        for first in [true, false] {
            installation.apply(&Op::Restart { first }).await;
        }
        // Not the default branch: while that is broken, nobody retries the others.
        for branch in 1..BRANCHES.len() {
            installation.apply(&Op::Break { branch }).await;
        }
        installation.settle().await;
        installation.clock.advance(5 * MINUTE_MS);
        installation.settle().await;
        assert_eq!(installation.acts(), 1);
        // It helped: a job that never passed would be no matter for a retry.
        installation.apply(&Op::End { oldest: true, green: true }).await;
        installation.settle().await;
        // The next day has one of its own, for a failure of that day.
        installation.clock.advance(DAY_MS);
        installation.apply(&Op::Break { branch: 1 }).await;
        installation.settle().await;
        installation.clock.advance(5 * MINUTE_MS);
        installation.settle().await;
        assert_eq!(installation.acts(), 2, "{:#?}", installation.refusals().await);
    });
}
