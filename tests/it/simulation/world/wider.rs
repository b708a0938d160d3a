//! What happens in lives that are about more than runs and people: pushes, pull requests of people, merge queues,
//! deployments, schedules, runners, comments, and a clock that is set.

use super::{REPO, World};
use crate::policy::double::{Told, sha, word};
use crate::simulation::chat::COMMENTS;
use crate::simulation::forge::{Deploy, LANDED, Pull};
use crate::simulation::people::{PEOPLE, Said, account, role};
use ci_rescue::domain::actor::{Place, Platform};
use ci_rescue::domain::deployment::Review;
use ci_rescue::domain::event::{Event, QueueEnd};
use ci_rescue::domain::evidence::{FailingTest, Reported};
use ci_rescue::domain::head;
use ci_rescue::domain::ids::ProposalId;
use ci_rescue::domain::queue::{Reason, ThrownOut};
use ci_rescue::domain::schedule::{Missed, Silence};
use ci_rescue::domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use ci_rescue::domain::{Conclusion, Digest, Failure, Role, RunId, Scope};
use ci_rescue::ports::Clock;
use std::collections::BTreeSet;

/// What they say beside that in lives that are about more.
pub(super) const MORE_WORDS: [&str; 22] = [
    "quarantine # for=1d reason=flaky",
    "quarantine # test=tests/test_wc.py::test_wc for=1d",
    "unquarantine #",
    "extend # for=14d",
    "pin # left-pad@1.3.0",
    "unpin # left-pad",
    "bisect #",
    "fix #",
    "requeue #",
    "requeue #",
    "issue # reason=blocking",
    "approve #",
    "approve #",
    "reject # not today",
    "repro #",
    "repro #",
    "assign # me",
    "assign # @ben",
    "share # off",
    "snooze # 10m",
    "resolve # not ours",
    "quarantined",
];

/// What people say on pull requests about an incident, and what they ask for of a pull request itself.
const ABOUT: [&str; 8] = [
    "why #",
    "show #",
    "ack #",
    "retry #",
    "approve #",
    "quarantine # for=1d reason=flaky",
    "snooze # 1h",
    "unquarantine #",
];
const ASKS: [&str; 2] = ["revert pr=9", "backport pr=9 to=release"];

/// Workflows that run by the clock.
const SCHEDULES: [&str; 2] = ["nightly", "weekly"];
/// What jobs ask of their runner.
const LABELS: [&str; 2] = ["gpu", "windows"];
/// Pull requests of people have higher numbers, those in a merge queue the highest.
const PEOPLES: u64 = 500;
const QUEUED: u64 = 70_000;
/// How far clocks are set back in one life at most, and how often far ahead.
const BACK_MS: i64 = 6 * HOUR_MS;
const LEAPS: u32 = 2;

impl World {
    pub(super) async fn happen_beside(&mut self) {
        match self.dice.u32(..20) {
            0..=1 => self.push(),
            2 => self.delete_branch(),
            3 => self.reopen_pull(),
            4 => self.approve_pull(),
            5 => self.decline_issue(),
            6..=7 => self.fall_silent(),
            8..=9 => self.queue_job(),
            10..=11 => self.wait_to_deploy(),
            12 => self.decide_elsewhere(),
            13 => self.throw_out(),
            14 => self.go_on_in_queue(),
            15 => self.report_tests(),
            16 => self.rename(),
            17 => self.rerun_by_hand().await,
            _ => self.comment().await,
        }
    }

    /// Somebody sets the clock: back, or ahead.
    pub(super) fn set_clock(&mut self, one_in: u32) {
        if !self.wide || !self.power.is_storm() || self.dice.u32(..one_in) > 0 {
            return;
        }
        let ms = match self.dice.u32(..6) {
            0 => -5 * HOUR_MS,
            1 => -HOUR_MS,
            2 => -10 * MINUTE_MS,
            3 => 10 * MINUTE_MS,
            4 => 2 * HOUR_MS,
            _ => 30 * HOUR_MS,
        };
        let (back, leap) = ((-ms).max(0), u32::from(ms > DAY_MS));
        if self.back + back > BACK_MS || self.leaps + leap > LEAPS {
            return;
        }
        (self.back, self.leaps) = (self.back + back, self.leaps + leap);
        self.clock.advance(ms);
        self.power.note(format!("the clock is set by {} s", ms / SECOND_MS));
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        self.dice.choice(of.iter()).cloned()
    }

    /// A person proposes a branch.
    pub(super) fn propose(&mut self, branch: &str, number: u64) {
        let mut books = self.town.books.lock().unwrap();
        books.pulls.entry(number).or_insert_with(|| Pull { branch: branch.into(), open: true, merged: false });
        self.proposed.insert(branch.to_owned(), number);
    }

    /// Pull requests of people from this number on that are open.
    fn open_from(&self, number: u64) -> Vec<u64> {
        let books = self.town.books.lock().unwrap();
        books.pulls.range(number..).filter(|(_, pull)| pull.open).map(|(number, _)| *number).collect()
    }

    /// Somebody pushes, now and then to a branch of the bot's.
    fn push(&mut self) {
        let (people, own): (Vec<String>, Vec<String>) = {
            let books = self.town.books.lock().unwrap();
            let people = books.runs.values().map(|run| run.branch.clone());
            (people.filter(|branch| !books.gone.contains(branch)).collect(), books.branches.keys().cloned().collect())
        };
        let of = if self.dice.u32(..3) == 0 { own } else { people };
        let Some(branch) = self.pick(&of) else { return };
        let sha = Digest::of([format!("{branch} {}", self.sent).as_bytes()]).as_str()[..40].to_owned();
        self.power.note(format!("a push to {branch}"));
        self.tell(Event::HeadMoved { repo: self.repo.clone(), branch: branch.into(), sha });
    }

    /// Somebody deletes a branch: their own, or the bot's once its pull request has ended.
    fn delete_branch(&mut self) {
        let (people, ended): (Vec<String>, Vec<String>) = {
            let books = self.town.books.lock().unwrap();
            let people = books.runs.values().map(|run| run.branch.clone());
            let people = people.filter(|branch| branch.starts_with("topic/") && !books.gone.contains(branch));
            let ended = books.pulls.values().filter(|pull| !pull.open && books.branches.contains_key(&pull.branch));
            (people.collect(), ended.map(|pull| pull.branch.clone()).collect())
        };
        let of = if self.dice.u32(..3) == 0 { ended } else { people };
        let Some(branch) = self.pick(&of) else { return };
        {
            let mut books = self.town.books.lock().unwrap();
            books.branches.remove(&branch);
            books.gone.insert(branch.clone());
        }
        self.power.note(format!("{branch} is deleted"));
        self.tell(Event::BranchGone { repo: self.repo.clone(), branch: branch.into() });
    }

    /// Somebody opens their pull request again.
    fn reopen_pull(&mut self) {
        let closed: Vec<u64> = {
            let books = self.town.books.lock().unwrap();
            let closed = books.pulls.range(PEOPLES..).filter(|(_, pull)| !pull.open && !pull.merged);
            closed.map(|(number, _)| *number).collect()
        };
        let Some(number) = self.pick(&closed) else { return };
        if let Some(pull) = self.town.books.lock().unwrap().pulls.get_mut(&number) {
            pull.open = true;
        }
        self.power.note(format!("#{number} is open again"));
        self.tell(Event::PullReopened { repo: self.repo.clone(), number });
    }

    /// Somebody approves a pull request of the bot's.
    fn approve_pull(&mut self) {
        let open: Vec<(u64, String)> = {
            let books = self.town.books.lock().unwrap();
            let open = books.pulls.range(..PEOPLES).filter(|(_, pull)| pull.open);
            open.map(|(number, pull)| (*number, pull.branch.clone())).collect()
        };
        let Some((number, branch)) = self.pick(&open) else { return };
        let (repo, branch) = (self.repo.clone(), branch.into());
        self.tell(Event::Reviewed { repo, number, branch, by: "ada".into() });
    }

    /// Somebody closes an issue of the bot's as not planned.
    fn decline_issue(&mut self) {
        let open: Vec<(usize, String)> = {
            let books = self.town.books.lock().unwrap();
            let open = books.issues.iter().enumerate().filter(|(_, (_, open))| *open);
            open.map(|(at, (marker, _))| (at, marker.clone())).collect()
        };
        let Some((at, marker)) = self.pick(&open) else { return };
        let proposal = marker.rsplit(' ').next().and_then(|id| id.parse::<ProposalId>().ok());
        let Some(incident) = proposal.map(|proposal| proposal.incident) else { return };
        self.town.books.lock().unwrap().issues[at].1 = false;
        self.power.note(format!("{marker} is closed as not planned"));
        let (repo, number) = (self.repo.clone(), 1000 + at as u64);
        self.tell(Event::IssueDeclined { repo, number, incident, by: "ben".into() });
    }

    /// A workflow does not run at its time, or runs again.
    fn fall_silent(&mut self) {
        let Some(name) = self.pick(&SCHEDULES) else { return };
        if self.dice.u32(..3) == 0 {
            return self.run_again(name);
        }
        let missed = Missed {
            path: format!(".github/workflows/{name}.yml").into(),
            workflow: name.into(),
            silence: Silence::NotRun { due: self.clock.now(), clock: format!("time {}", self.sent) },
            last: None,
            times: 0,
        };
        self.power.note(format!("{name} does not run"));
        let (repo, missed) = (self.repo.clone(), Box::new(missed));
        self.tell(Event::Silent { repo, default_branch: "main".into(), missed });
    }

    fn run_again(&mut self, name: &str) {
        let path = format!(".github/workflows/{name}.yml").into();
        self.power.note(format!("{name} runs again"));
        self.tell(Event::Ran { repo: self.repo.clone(), path, because: "it ran on schedule again".into() });
    }

    /// What a run tells that has not failed.
    fn of_run(&self, run: u64, workflow: &str, conclusion: Conclusion) -> Option<Failure> {
        let told = Told { repo: &self.repo, run, attempt: 1, workflow, branch: "main", conclusion };
        match told.failed() {
            Event::Failed { failure } => Some(failure),
            _ => None,
        }
    }

    /// A job waits for a runner of one's own, or waits no more.
    fn queue_job(&mut self) {
        if self.dice.u32(..4) == 0 {
            let online = self.dice.u32(..2);
            self.town.books.lock().unwrap().online = online;
        }
        if self.dice.u32(..4) == 0 {
            let (jobs, started) = (self.queued.clone(), self.dice.bool());
            let Some(job) = self.pick(&jobs) else { return };
            return self.leave(job, started);
        }
        self.next_run += 1;
        let (id, Some(label)) = (self.next_run, self.pick(&LABELS)) else { return };
        let Some(failure) = self.of_run(id, "ci", Conclusion::Stuck) else { return };
        let labels = vec!["self-hosted".into(), label.into()];
        let failure = Box::new(Failure { scope: Scope::Runner, labels, ..failure });
        self.queued.push((id, label));
        self.power.note(format!("job {id} waits for {label}"));
        self.send(&Said::Queued { key: id.to_string(), failure });
    }

    fn leave(&mut self, (id, label): (u64, &'static str), started: bool) {
        let labels = vec!["self-hosted".into(), label.into()];
        let happened = Box::new(Event::LeftQueue { repo: self.repo.clone(), labels, job_id: id * 100 + 1, started });
        self.power.note(format!("job {id} waits no more"));
        self.send(&Said::Left { key: id.to_string(), happened });
    }

    /// A run waits until somebody lets it deploy.
    fn wait_to_deploy(&mut self) {
        self.next_run += 1;
        let id = self.next_run;
        let Some(failure) = self.of_run(id, "release", Conclusion::ActionRequired) else { return };
        let failure =
            Failure { scope: Scope::Deployment, job: Some("production".into()), job_id: None, looked: true, ..failure };
        let deploy = Deploy { waits: true, elsewhere: false, reviews: Vec::new() };
        self.town.books.lock().unwrap().deploys.insert(id, deploy);
        self.power.note(format!("run {id} waits to deploy"));
        self.tell(Event::Failed { failure });
    }

    /// Somebody decides on a deployment on the forge itself.
    fn decide_elsewhere(&mut self) {
        let waiting = self.waiting_to_deploy();
        if let Some(run) = self.pick(&waiting) {
            self.decide(run);
        }
    }

    fn waiting_to_deploy(&self) -> Vec<u64> {
        let books = self.town.books.lock().unwrap();
        books.deploys.iter().filter(|(_, deploy)| deploy.waits).map(|(run, _)| *run).collect()
    }

    fn decide(&mut self, run: u64) {
        let approved = self.dice.bool();
        let review = Review { approved, by: "cyd".into(), environments: vec![run * 10], comment: "fine".into() };
        if let Some(deploy) = self.town.books.lock().unwrap().deploys.get_mut(&run) {
            (deploy.waits, deploy.elsewhere) = (false, true);
            deploy.reviews.push(review);
        }
        self.power.note(format!("run {run} is decided on elsewhere"));
        self.tell(Event::DeploymentMoved { repo: self.repo.clone(), run: RunId(run) });
    }

    /// A merge queue throws a pull request out; whether a run of it is heard of, or not.
    fn throw_out(&mut self) {
        self.next_run += 1;
        let (id, known) = (self.next_run, self.open_from(QUEUED));
        let again = self.pick(&known).filter(|_| self.dice.bool());
        let number = again.unwrap_or(QUEUED + id);
        self.propose(&format!("feature/{number}"), number);
        let (heard, broken) = (self.dice.bool(), self.dice.bool());
        if heard {
            self.fail_on(id, &format!("gh-readonly-queue/main/pr-{number}-{id:07x}"), broken);
        }
        self.town.books.lock().unwrap().queue.remove(&number);
        let reasons = [Reason::CiFailure, Reason::CiFailure, Reason::CiTimeout, Reason::MergeConflict, Reason::Manual];
        let out = ThrownOut {
            reason: self.pick(&reasons),
            onto: "main".into(),
            default_branch: "main".into(),
            base: None,
            author: Some("ben".into()),
            head: Some(sha(number)),
        };
        self.power.note(format!("#{number} is thrown out: {:?}", out.reason));
        let sha = if heard { sha(id) } else { String::new() };
        let (repo, out) = (self.repo.clone(), Box::new(out));
        self.tell(Event::Dequeued { repo, sha, number: Some(number), out });
    }

    /// A merge queue goes on: with the pull request once more, with another group of it, or until it is merged.
    fn go_on_in_queue(&mut self) {
        let open = self.open_from(QUEUED);
        let Some(number) = self.pick(&open) else { return };
        let (sha, end) = match self.dice.u32(..3) {
            0 => {
                self.town.books.lock().unwrap().queue.insert(number);
                (sha(QUEUED + self.sent), QueueEnd::Again)
            }
            1 => {
                let groups: Vec<u64> = {
                    let books = self.town.books.lock().unwrap();
                    let of = |branch: &str| head::queued(branch).is_some_and(|(_, pull)| pull == number);
                    books.runs.iter().filter(|(_, run)| of(&run.branch)).map(|(id, _)| *id).collect()
                };
                let Some(id) = self.pick(&groups) else { return };
                (sha(id), QueueEnd::Rebuilt)
            }
            _ => {
                self.merge_queued(number);
                (sha(QUEUED + self.sent), QueueEnd::Merged)
            }
        };
        self.power.note(format!("#{number} in its queue: {end:?}"));
        self.tell(Event::QueueEnded { repo: self.repo.clone(), sha, number: Some(number), base: None, end });
    }

    fn merge_queued(&mut self, number: u64) {
        let branch = {
            let mut books = self.town.books.lock().unwrap();
            books.queue.remove(&number);
            let Some(pull) = books.pulls.get_mut(&number) else { return };
            (pull.open, pull.merged) = (false, true);
            pull.branch.clone()
        };
        self.tell(Event::PullEnded { repo: self.repo.clone(), number, merged: true, branch: branch.into() });
    }

    /// Reports among a run's artifacts name a test.
    fn report_tests(&mut self) {
        let red: Vec<(u64, usize)> = {
            let books = self.town.books.lock().unwrap();
            let red = |run: &&super::Run| run.broken && run.attempts.last() == Some(&Some(Conclusion::Failure));
            books.runs.iter().filter(|(_, run)| red(run)).map(|(id, run)| (*id, run.attempts.len())).collect()
        };
        let Some((id, attempts)) = self.pick(&red) else { return };
        let test = word(id % 3 + 1);
        let file = format!("tests/test_{test}.py");
        let failing = FailingTest {
            framework: "pytest".into(),
            name: format!("{file}::test_{test}").into(),
            selector: None,
            file: Some(file.into()),
        };
        let reported = Reported {
            run: RunId(id),
            attempt: u32::try_from(attempts).unwrap(),
            tests: vec![failing],
            total: 1,
            of: 10,
            message: None,
            fingerprint: None,
        };
        self.tell(Event::Reported { repo: self.repo.clone(), reported });
    }

    /// The repository gets another name, once.
    fn rename(&mut self) {
        let (name, id) = REPO;
        if self.repo.as_str() == name {
            self.repo = "acme/store".parse().unwrap();
            self.power.note("the repository is acme/store now");
            self.send(&Said::Named { id, repo: self.repo.clone() });
        }
    }

    /// Somebody runs what failed once more, on the forge itself: what has its incident, since a first failure that comes
    /// after the end of the second try opens none.
    async fn rerun_by_hand(&mut self) {
        let incidents = self.incidents().await;
        let runs = incidents.iter().flat_map(|incident| &incident.runs);
        let known: BTreeSet<u64> = runs.filter_map(|run| run.run.map(|id| id.0)).collect();
        let red: Vec<u64> = {
            let books = self.town.books.lock().unwrap();
            let red =
                |run: &&super::Run| run.attempts.len() < 5 && run.attempts.last() == Some(&Some(Conclusion::Failure));
            books.runs.iter().filter(|(id, run)| red(run) && known.contains(*id)).map(|(id, _)| *id).collect()
        };
        let Some(id) = self.pick(&red) else { return };
        if let Some(run) = self.town.books.lock().unwrap().runs.get_mut(&id) {
            run.attempts.push(None);
        }
        self.power.note(format!("run {id} is run again by hand"));
    }

    /// Somebody comments on a pull request.
    async fn comment(&mut self) {
        let newest = self.incidents().await.first().map_or(1, |incident| incident.no.0);
        let no = newest.saturating_sub(self.dice.u64(..3)).max(1);
        let open = self.open_from(PEOPLES);
        let asks = self.dice.u32(..3) == 0;
        let (text, number) = match self.pick(&open).filter(|_| !asks) {
            Some(number) => (self.pick(&ABOUT).unwrap_or_default().replace('#', &no.to_string()), number),
            None => (self.pick(&ASKS).unwrap_or_default().to_owned(), LANDED),
        };
        let Some((name, _)) = self.pick(&PEOPLE) else { return };
        let to = format!("answer-{}", self.sent + 1);
        let place = Place {
            platform: Platform::new(COMMENTS),
            channel: format!("{}#{number}", self.repo),
            thread: None,
            reply_to: Some(to.clone()),
            pull: Some((self.repo.clone(), number)),
        };
        let id = self.send(&Said::Words { actor: account(COMMENTS, name), place, text: text.clone() });
        // A comment's lines are answered each.
        let to = format!("{to}/0");
        if role(name) < Role::Responder {
            self.power.note(format!("{name}, unheard: {text} ({id})"));
            self.unheard.insert(to);
        } else {
            self.note_asked(id, name.to_owned(), text, to);
        }
    }

    /// The forge tells of pull requests that the bot merged.
    pub(super) fn tell_merges(&mut self) {
        let merged = std::mem::take(&mut self.town.books.lock().unwrap().merged);
        for (number, branch) in merged {
            self.tell(Event::PullEnded { repo: self.repo.clone(), number, merged: true, branch: branch.into() });
        }
    }

    /// Everything that somebody waits for comes at last.
    pub(super) fn end_waits(&mut self) {
        for name in SCHEDULES {
            self.run_again(name);
        }
        for job in self.queued.clone() {
            self.leave(job, true);
        }
        for run in self.waiting_to_deploy() {
            self.decide(run);
        }
        for number in self.open_from(QUEUED) {
            self.merge_queued(number);
        }
    }
}
