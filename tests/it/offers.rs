//! The first button against what a senior engineer would press: the tables in `tests/data/offers`, written apart from the
//! code. Rows marked `held_out` were never tuned to.

use ci_rescue::domain::cause::Judged;
use ci_rescue::domain::event::{Conclusion, Event, Failure, LogRead, Scope};
use ci_rescue::domain::evidence::{Advice, Category, Evidence, FailingTest, Severity};
use ci_rescue::domain::facts::{BaseFailure, Context, Facts, JobFacts, Known, RunFacts};
use ci_rescue::domain::incident::Incident;
use ci_rescue::domain::outcome::{Ended, Outcome};
use ci_rescue::domain::rules::Rules;
use ci_rescue::domain::suspect::{Moved, Suspect, Suspicion};
use ci_rescue::domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use ci_rescue::domain::{IncidentNo, RunId, Time};
use ci_rescue::history::outcomes;
use ci_rescue::incident::step;
use ci_rescue::ports::History;
use ci_rescue::store::{Ledger, Memory};
use serde::Deserialize;

#[derive(Deserialize)]
struct Table {
    incident: Vec<Row>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    split: String,
    branch: String,
    category: Category,
    known_issue: String,
    tests: usize,
    log: bool,
    executions: u32,
    flakes: u32,
    breaks: u32,
    same_print: bool,
    retried_same: u32,
    passed_before: u32,
    base_red: u32,
    other_branches: u32,
    jobs_failing_around: f64,
    commits: usize,
    points_to: u32,
    moved: usize,
    want: String,
    acceptable: Vec<String>,
    harmful: Vec<String>,
    why: String,
}

const NOW: Time = Time(1_767_268_800_000);
const REPO: &str = "acme/shop";
const RUN: u64 = 1_000_000;
const JOB: &str = "test";
const PRINT: &str = "v3:this";
const SHA: &str = "ef51500aef51500aef51500aef51500aef51500a";

fn test(n: usize) -> String {
    format!("tests/test_{n}.py::test_{n}")
}

impl Row {
    fn on_main(&self) -> bool {
        self.branch == "main"
    }

    fn branch(&self) -> &str {
        if self.on_main() { "main" } else { "topic" }
    }

    fn attempt(&self) -> u32 {
        self.retried_same + 1
    }

    /// What the log said; `None` where there is none.
    fn evidence(&self) -> Option<Evidence> {
        let advice = |severity, fix: Option<&str>| Advice {
            severity,
            solution: "Do what is known to help.".into(),
            fix: fix.map(str::to_owned),
            track: ci_rescue::domain::evidence::Track::default(),
        };
        let advice = match self.known_issue.as_str() {
            "transient" => Some(advice(Severity::Transient, None)),
            "transient_with_fix" => Some(advice(Severity::Transient, Some("cache_key_bump"))),
            "blocker" => Some(advice(Severity::Blocker, None)),
            "blocker_with_fix" => Some(advice(Severity::Blocker, Some("action_major_back"))),
            _ => None,
        };
        let failing =
            |n: usize| FailingTest { framework: "pytest".into(), name: test(n).into(), selector: None, file: None };
        self.log.then(|| Evidence {
            category: self.category,
            confidence: 0.8,
            known_issue: advice.as_ref().map(|_| "known".into()),
            advice,
            failing_tests: (0..self.tests.min(40)).map(failing).collect(),
            failing_tests_total: self.tests as u64,
            fingerprint: Some(PRINT.into()),
            ..Evidence::default()
        })
    }

    fn failure(&self, attempt: u32) -> Failure {
        let conclusion = match self.category {
            Category::Timeout if self.known_issue.is_empty() => Conclusion::TimedOut,
            Category::Cancelled => Conclusion::Cancelled,
            _ => Conclusion::Failure,
        };
        Failure {
            repo: REPO.parse().unwrap(),
            default_branch: "main".into(),
            scope: Scope::Job,
            run: Some(RunId(RUN)),
            attempt,
            workflow: "ci".into(),
            job: Some(JOB.into()),
            job_id: Some(u64::from(attempt)),
            step: None,
            branch: self.branch().into(),
            sha: SHA.into(),
            conclusion,
            duration_ms: None,
            url: None,
            pulls: if self.on_main() { Vec::new() } else { vec![9] },
            sender: "ada".into(),
            sender_is_bot: false,
            fork: false,
            scheduled: false,
            looked: true,
            commit_message: Some("Count the shipping".into()),
            labels: Vec::new(),
            confirmed: true,
        }
    }

    /// An execution of the job.
    fn execution(branch: &str, sha: u32, attempt: u32, ended: Ended, at: Time) -> Outcome {
        Outcome {
            repo: REPO.into(),
            branch: branch.into(),
            default_branch: Some("main".into()),
            sha: format!("{branch}-{sha}"),
            run: u64::from(sha) + 1,
            attempt,
            workflow: "ci".into(),
            job: JOB.into(),
            test: None,
            ended,
            at,
            duration_ms: None,
            fingerprint: None,
            harmless: None,
        }
    }

    /// Everything that was known before.
    fn history(&self) -> Vec<Outcome> {
        let mut all = Vec::new();
        // What is told of the failing tests is told of each.
        let mut put = |outcome: Outcome, print: Option<&str>| {
            let outcome = Outcome { fingerprint: print.map(str::to_owned), ..outcome };
            let tests = (0..self.tests.min(40)).map(|n| Some(test(n).as_str().into()));
            all.extend(tests.chain([None]).map(|test| Outcome { test, ..outcome.clone() }));
        };
        let every = |n: u32| self.executions.checked_div(n).map_or(u32::MAX, |every| every.max(1));
        for n in 0..self.executions {
            let at = NOW.plus_ms(-DAY_MS - i64::from(self.executions - n) * 3 * HOUR_MS);
            let flakes = self.flakes > 0 && n % every(self.flakes) == every(self.flakes) / 2;
            // Not the newest: whether the base is red is said by `base_red`.
            let breaks = self.breaks > 0 && n % every(self.breaks) == every(self.breaks) / 4 && n + 1 < self.executions;
            let first = |ended| Self::execution("main", n, 1, ended, at);
            if flakes {
                put(first(Ended::Fail), Some(if self.same_print { PRINT } else { "v3:flake" }));
                put(Self::execution("main", n, 2, Ended::Pass, at.plus_ms(10 * MINUTE_MS)), None);
            } else if breaks {
                put(first(Ended::Fail), Some(&format!("v3:break-{n}")));
                put(
                    Self::execution("main", n, 2, Ended::Fail, at.plus_ms(10 * MINUTE_MS)),
                    Some(&format!("v3:break-{n}")),
                );
            } else {
                put(first(Ended::Pass), None);
            }
        }
        for n in 0..self.base_red {
            let at = NOW.plus_ms(-i64::from(self.base_red - n) * 2 * HOUR_MS);
            put(Self::execution("main", 50_000 + n, 1, Ended::Fail, at), Some(PRINT));
        }
        for n in 0..self.other_branches {
            let branch = format!("other-{n}");
            let at = NOW.plus_ms(-i64::from(n + 1) * 20 * MINUTE_MS);
            put(Self::execution(&branch, 60_000 + n, 1, Ended::Fail, at), Some(PRINT));
        }
        let here = |run: u64, attempt: u32, ended, minutes: i64| Outcome {
            sha: SHA.into(),
            run,
            ..Self::execution(self.branch(), 0, attempt, ended, NOW.plus_ms(-minutes * MINUTE_MS))
        };
        for n in 0..self.passed_before {
            put(here(RUN - 10 - u64::from(n), 1, Ended::Pass, 300 + i64::from(n)), None);
        }
        for n in 0..self.retried_same {
            put(here(RUN, n + 1, Ended::Fail, 30 * i64::from(self.retried_same - n)), Some(PRINT));
        }
        // Twenty other jobs around that time.
        for n in 0..20_u32 {
            let ended = if f64::from(n) < self.jobs_failing_around * 20.0 { Ended::Fail } else { Ended::Pass };
            let at = NOW.plus_ms(-i64::from(n % 10) * MINUTE_MS);
            let job = Outcome {
                job: format!("job {n}").as_str().into(),
                ..Self::execution("elsewhere", 70_000 + n, 1, ended, at)
            };
            all.push(Outcome { repo: "acme/other".into(), ..job });
        }
        all
    }

    fn suspicion(&self) -> Option<Suspicion> {
        let asked = self.on_main() && (self.commits > 0 || self.moved > 0);
        let suspect = |n: usize| Suspect {
            sha: format!("{n:040x}"),
            subject: format!("Change {n} (#{})", n + 1).into(),
            author: "ben".into(),
            pull: Some(n as u64 + 1),
            score: if n == 0 && self.points_to > 0 { 6 } else { 0 },
            because: if n == 0 && self.points_to > 0 { vec!["it changed what failed".into()] } else { Vec::new() },
        };
        let moved = |n: usize| Moved {
            ecosystem: "pip".into(),
            package: format!("package-{n}").into(),
            green: "1.0".into(),
            red: "2.0".into(),
            because: vec!["1.0 passed, 2.0 failed".into()],
        };
        asked.then(|| Suspicion {
            red: SHA.into(),
            green: Some("a".repeat(40)),
            commits: self.commits,
            more: false,
            suspects: (0..self.commits.min(5)).map(suspect).collect(),
            moved: (0..self.moved).map(moved).collect(),
        })
    }
}

async fn judged(row: &Row, incident: &Incident, read: &Event) -> Option<Judged> {
    let store = Ledger::open(Memory::default()).unwrap();
    store.record(row.history()).await.unwrap();
    store.record(outcomes::told(read, Some(incident), NOW)).await.unwrap();
    ci_rescue::engine::verdict::judge(incident, &store, NOW).await.unwrap()
}

/// The incident as it stands once everything has come in.
async fn settled(row: &Row) -> Incident {
    let rules: Rules = toml::from_str(include_str!("../../rules/policy.toml")).unwrap();
    let go = |incident: Option<Incident>, event: &Event, context: &Context| {
        step(&rules, context, incident, IncidentNo(1), event, NOW).unwrap().incident
    };
    let none = Context::default();
    let mut incident = None;
    for attempt in 1..=row.attempt() {
        incident = Some(go(incident, &Event::Failed { failure: row.failure(attempt) }, &none));
    }
    let attempt = row.attempt();
    let read =
        row.evidence().map_or_else(|| LogRead::Missing("it expired".into()), |read| LogRead::Read(Box::new(read)));
    let (no, run) = (IncidentNo(1), RunId(RUN));
    let read = Event::LogRead { incident: no, run, attempt, job_id: u64::from(attempt), read };
    let mut incident = go(incident, &read, &none);
    incident.suspicion = row.suspicion();
    // The card knows a broken base where the default branch has an open incident of the same fingerprint.
    if row.base_red > 0 && row.log {
        incident.base = Some(BaseFailure { incident: IncidentNo(7), branch: "main".into(), since: NOW });
    }
    let facts = Facts {
        run: Some(Known::Is(RunFacts {
            scheduled: false,
            id: run,
            fork: false,
            attempt,
            conclusion: Some(Conclusion::Failure),
            created_at: NOW,
            head_sha: SHA.into(),
            head_branch: row.branch().into(),
            default_branch: Some("main".into()),
            url: None,
        })),
        jobs: Some(Known::Is(vec![JobFacts {
            id: u64::from(attempt),
            name: JOB.into(),
            conclusion: Some(Conclusion::Failure),
            failing_step: None,
            failing_steps: 0,
        }])),
        head: Some(Known::Is(Some(SHA.into()))),
        ..Facts::default()
    };
    let context = Context { judged: judged(row, &incident, &read).await, ..Context::default() };
    go(Some(incident), &Event::FactsGathered { incident: no, proposal: None, facts: Box::new(facts) }, &context)
}

#[derive(Default)]
struct Score {
    all: u32,
    exact: u32,
    acceptable: u32,
    harmful: Vec<String>,
}

async fn score(table: &Table, split: &str) -> Score {
    let mut score = Score::default();
    for row in table.incident.iter().filter(|row| row.split == split) {
        let incident = settled(row).await;
        let first = incident.offers.first().filter(|offer| offer.recommended);
        let first = first.map_or("none", |offer| offer.remedy.as_str());
        let among = |names: &[String]| names.iter().any(|name| name == first);
        score.all += 1;
        // What was not tuned to is not looked at either.
        if split == "train" && first != row.want {
            println!("{} rather than {first}: {} ({})", row.want, row.name, row.why);
            let offers = incident.offers.iter().map(|offer| format!("{} {:.2}", offer.remedy, offer.help));
            println!("    {:?}", offers.collect::<Vec<_>>());
        }
        score.exact += u32::from(first == row.want);
        score.acceptable += u32::from(first == row.want || among(&row.acceptable));
        if among(&row.harmful) {
            score.harmful.push(format!("{first} for {}: {}, {}", row.want, row.name, row.why));
        }
    }
    score
}

#[tokio::test]
async fn the_first_button_is_a_senior_engineers() {
    let tables = [include_str!("../data/offers/incidents.toml"), include_str!("../data/offers/second.toml")];
    let [first, second] = tables.map(|table| toml::from_str::<Table>(table).unwrap());
    assert!(first.incident.len() >= 150);
    for (name, table) in [("incidents", first), ("second", second)] {
        for (split, exact) in [("train", 0.96), ("held_out", 0.89)] {
            let score = score(&table, split).await;
            println!("{name}, {split}: {} of {}, acceptable {}", score.exact, score.all, score.acceptable);
            let share = |n: u32| f64::from(n) / f64::from(score.all);
            assert!(share(score.exact) >= exact, "{name}, {split}: {} of {}", score.exact, score.all);
            assert!(share(score.acceptable) >= 0.98, "{name}, {split}: {} of {}", score.acceptable, score.all);
            assert!(score.harmful.is_empty(), "{name}, {split}: {:#?}", score.harmful);
        }
    }
}
