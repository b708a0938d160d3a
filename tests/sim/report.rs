//! Turns results into lines, as they arrive: some lost, late or twice.

use super::clock::{HOUR, MINUTE, SECOND, rfc3339};
use super::dice::Dice;
use super::history::{History, Line, Outcome, Truth};
use super::job::JobResult;
use super::rates::Ledger;
use super::run::Checkout;
use super::setting::Blame;
use super::shape::Noise;
use super::world::{Os, Repo};

/// Reports of a repo that tells its default branch forget it now and then.
const FORGETS_BRANCH: f64 = 0.02;

/// What all lines of one attempt have in common.
pub struct Header<'a> {
    pub repo: &'a Repo,
    pub checkout: &'a Checkout,
    pub run_id: &'a str,
    pub attempt: u32,
    pub workflow: &'static str,
}

/// A line with the time of its arrival and the truth behind it.
#[derive(Clone)]
pub struct Sent {
    arrival: i64,
    line: Line,
    blame: Option<Blame>,
}

/// Takes in the results of one repo.
pub struct Desk<'a> {
    noise: &'a Noise,
    pub sent: Vec<Sent>,
    pub ledger: Ledger,
}

/// One outcome of a job or a test, before it becomes a line.
struct Item<'a> {
    test: Option<usize>,
    outcome: Outcome,
    at: i64,
    duration: i64,
    blame: Option<&'a Blame>,
}

impl<'a> Desk<'a> {
    pub fn new(repo: &Repo, noise: &'a Noise) -> Self {
        Self { noise, sent: Vec::new(), ledger: Ledger::new(repo) }
    }

    /// Files the report of one job. The tests and the job itself arrive by
    /// different ways, so that one can be lost or late without the other.
    pub fn file(&mut self, header: &Header, result: &JobResult, dice: &mut Dice) {
        for test in result.tests.iter().filter(|test| test.outcome != Outcome::Skip) {
            self.ledger.add(result.job, test.test, test.flake_rate);
        }
        if !dice.chance(self.noise.lost_tests) {
            self.send(header, result, &test_items(header.repo, result), dice);
        }
        if !dice.chance(self.noise.lost_job) {
            self.send(header, result, &[job_item(result)], dice);
        }
    }

    fn send(&mut self, header: &Header, result: &JobResult, items: &[Item], dice: &mut Dice) {
        let tells = header.repo.customs.tells_default_branch && !dice.chance(FORGETS_BRANCH);
        let default_branch = tells.then(|| header.repo.default_branch.to_string());
        let arrival = result.end + self.delay(dice);
        let first = self.sent.len();
        for item in items {
            let mut line = self.line(header, result.job, item, dice);
            line.default_branch.clone_from(&default_branch);
            self.sent.push(Sent { arrival, line, blame: item.blame.cloned() });
        }
        if dice.chance(self.noise.twice) {
            let again = arrival + (dice.exponential(10.0) * MINUTE as f64) as i64;
            let copies = self.sent[first..].to_vec();
            self.sent.extend(copies.into_iter().map(|sent| Sent { arrival: again, ..sent }));
        }
    }

    /// Seconds as a rule, up to six hours when a queue is stuck.
    fn delay(&self, dice: &mut Dice) -> i64 {
        let late = if dice.chance(self.noise.late) { dice.between(0.1, 6.0) } else { 0.0 };
        let usual = dice.exponential(10.0) * SECOND as f64;
        usual as i64 + (late * HOUR as f64) as i64
    }

    fn line(&self, header: &Header, job: usize, item: &Item, dice: &mut Dice) -> Line {
        let duration = (!dice.chance(self.noise.no_duration)).then_some(item.duration as u64);
        let named = item.blame.filter(|_| !dice.chance(self.noise.no_fingerprint));
        Line {
            repo: header.repo.name.clone(),
            branch: header.checkout.branch.clone(),
            default_branch: None,
            sha: header.checkout.sha.clone(),
            run_id: header.run_id.to_string(),
            attempt: header.attempt,
            workflow: header.workflow.to_string(),
            job: header.repo.jobs[job].name.clone(),
            test: item.test.map(|test| header.repo.tests[test].name.clone()),
            outcome: item.outcome,
            at: rfc3339(item.at),
            duration_ms: duration,
            fingerprint: named.map(|blame| fingerprint(header.repo, job, &blame.text)),
        }
    }
}

fn job_item(result: &JobResult) -> Item<'_> {
    Item {
        test: None,
        outcome: result.outcome,
        at: result.end,
        duration: result.end - result.start,
        blame: result.blame.as_ref(),
    }
}

fn test_items<'a>(repo: &Repo, result: &'a JobResult) -> Vec<Item<'a>> {
    let full = repo.customs.full_report;
    let told = result.tests.iter().filter(|test| full || test.outcome.is_failing());
    told.map(|test| Item {
        test: Some(test.test),
        outcome: test.outcome,
        at: test.at,
        duration: test.duration,
        blame: test.blame.as_ref(),
    })
    .collect()
}

fn fingerprint(repo: &Repo, job: usize, text: &str) -> String {
    if repo.customs.raw_paths && repo.jobs[job].os == Os::Windows {
        return text.replace('/', "\\");
    }
    text.to_string()
}

/// All lines in the order of their arrival, with the truth about them.
pub fn collect(mut sent: Vec<Sent>) -> History {
    sent.sort_by_key(|sent| sent.arrival);
    let mut history = History::default();
    for Sent { line, blame, .. } in sent {
        if let Some(blame) = blame {
            history.failures.push(Truth {
                line: history.lines.len(),
                cause: blame.cause,
                note: blame.note,
                test_rate: blame.rate,
            });
        }
        history.lines.push(line);
    }
    history
}
