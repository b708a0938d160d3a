//! A life from a seed: failures, people, neighbours and a process that is killed now and then; then calm, and a look at
//! what became of it.

mod wider;

use super::chat::{COMMENTS, Room};
use super::disk::{Disk, Handle};
use super::forge::{Run, Town};
use super::people::{self, PEOPLE, Reader, SOURCE, Said, account};
use super::plants::Plant;
use super::power::Power;
use crate::policy::case::rules;
use crate::policy::double::Told;
use crate::world::HandClock;
use ci_rescue::card::{Places, Words};
use ci_rescue::domain::actor::{Place, Platform};
use ci_rescue::domain::card::{Asks, Button};
use ci_rescue::domain::event::Event;
use ci_rescue::domain::incident::{Incident, Proposal, ProposalState};
use ci_rescue::domain::subscription::{Filter, Subscription};
use ci_rescue::domain::time::{MINUTE_MS, SECOND_MS};
use ci_rescue::domain::{Conclusion, Digest, Repo, Scope};
use ci_rescue::engine::{Engine, Parts, RepoFilter, Settings};
use ci_rescue::policy::Mentions;
use ci_rescue::ports::{Clock, Delivery, Origin, Query, Store, Turn};
use ci_rescue::store::Ledger;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use wider::MORE_WORDS;

/// What an operator may have written, with the approvals that it asks for: of a retry, and of a change.
pub const POLICIES: [(&str, u32, u32); 6] = [
    ("mode = \"suggest\"\n", 0, 1),
    ("mode = \"suggest\"\n[policy.approvals]\nretry = 1\nquarantine = 2\n", 1, 2),
    ("mode = \"act\"\nautomatic = [\"retry\"]\nretry_max = 3\n", 0, 1),
    (
        "mode = \"act\"\nautomatic = [\"retry\", \"quarantine\"]\ndaily_limit = 4\n[policy.approvals]\nquarantine = 0\n",
        0,
        0,
    ),
    ("mode = \"observe\"\n", 0, 1),
    (
        "mode = \"act\"\nautomatic = [\"retry\", \"quarantine\"]\nauto_merge = [\"quarantine\"]\nattempts_max = 1\n\
         critical_workflows = [\"ci\"]\n[policy.approvals]\nquarantine = 0\n",
        0,
        0,
    ),
];

/// Those of lives that are about runs and people alone.
const PLAIN: usize = 5;

pub const CHANNELS: [(&str, &str); 2] = [("slack", "C1"), ("discord", "D1")];

/// Read once: it is the same in every life.
static WORDING: LazyLock<Arc<Words>> = LazyLock::new(|| Arc::new(Words::shipped(Places::default()).unwrap()));

/// Words that people say, where `#` is the incident.
const WORDS: [&str; 27] = [
    "retry #",
    "retry #",
    "retry # all",
    "quarantine # for=7d reason=flaky",
    "quarantine # test=tests/test_wb.py::test_wb",
    "quarantine #",
    "revert # pr=9",
    "backport # pr=9 to=release",
    "issue #",
    "approve #",
    "approve #",
    "approve #",
    "reject # no",
    "undo #",
    "undo #",
    "cancel #",
    "ack #",
    "snooze # 2h",
    "resolve # fixed",
    "reopen #",
    "wrong # flaky",
    "why #",
    "show #",
    "list",
    "hold testing",
    "unhold",
    "retry # --dry-run",
];

/// The name of the repository at first, and its id.
const REPO: (&str, u64) = ("acme/shop", 7);

/// What a person asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    pub by: String,
    pub what: String,
    /// The key of their answer.
    pub to: String,
    /// When it was handed over first.
    pub at: Option<usize>,
}

pub struct World {
    pub seed: u64,
    pub dice: fastrand::Rng,
    pub clock: Arc<HandClock>,
    pub power: Arc<Power>,
    pub plant: Option<Plant>,
    pub disk: Arc<Disk>,
    pub town: Arc<Town>,
    pub rooms: Vec<Arc<Room>>,
    pub policy: usize,
    engine: Option<Arc<Engine>>,
    store: Option<Arc<dyn Store>>,
    pub repo: Repo,
    /// What neighbours still have to deliver.
    waiting: Vec<Delivery>,
    pub failed: BTreeSet<u64>,
    pub asked: BTreeMap<String, Asked>,
    next_run: u64,
    sent: u64,
    /// The store has its secrets.
    founded: bool,
    /// Two lives of three are about more than runs and people.
    pub wide: bool,
    /// Where somebody commented who may not write there: they get no answer.
    pub unheard: BTreeSet<String>,
    /// Pull requests of people by their branches.
    proposed: BTreeMap<String, u64>,
    /// Jobs that waited for a runner, with their labels.
    queued: Vec<(u64, &'static str)>,
    /// How far clocks were set back, in milliseconds, and how often far ahead.
    back: i64,
    leaps: u32,
}

impl World {
    pub fn new(seed: u64, plant: Option<Plant>) -> Self {
        let clock = HandClock::new();
        let power = Arc::new(Power::new(seed));
        let disk = Disk::new(power.clone(), plant);
        let town = Town::new(clock.clone(), power.clone(), plant);
        *town.held.lock().unwrap() = Some(disk.clone());
        let wide = seed % 3 != 1;
        if wide {
            power.slow_down(clock.clone());
        }
        let names = CHANNELS.iter().map(|(name, _)| *name).chain(wide.then_some(COMMENTS));
        let rooms = names.map(|name| Room::new(name, power.clone(), plant)).collect();
        let mut dice = fastrand::Rng::with_seed(seed);
        let drawn = dice.usize(..if wide { POLICIES.len() } else { PLAIN });
        let policy = plant.and_then(Plant::policy).unwrap_or(drawn);
        Self {
            seed,
            dice,
            clock,
            power,
            plant,
            disk,
            town,
            rooms,
            policy,
            engine: None,
            store: None,
            repo: REPO.0.parse().unwrap(),
            waiting: Vec::new(),
            failed: BTreeSet::new(),
            asked: BTreeMap::new(),
            next_run: 10,
            sent: 0,
            founded: false,
            wide,
            unheard: BTreeSet::new(),
            proposed: BTreeMap::new(),
            queued: Vec::new(),
            back: 0,
            leaps: 0,
        }
    }

    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone().expect("it runs")
    }

    pub fn engine(&self) -> Arc<Engine> {
        self.engine.clone().expect("it runs")
    }

    /// Starts the process, if it does not run: a start may fail as well.
    async fn up(&mut self) {
        for _ in 0..50 {
            if self.power.is_alive() && self.engine.is_some() {
                return;
            }
            self.engine = None;
            self.store = None;
            self.power.revive();
            // While it was down, time may have been set.
            self.set_clock(4);
            let Ok(store) = Ledger::open(Handle(self.disk.clone())) else { continue };
            let store: Arc<dyn Store> = Arc::new(store);
            self.power.note("start");
            if !self.founded {
                // What is drawn by chance else: a seed's life is to be the same each time.
                let mut settings: Vec<(String, Option<serde_json::Value>)> =
                    ["seal_key", "installation"].map(|key| (key.to_owned(), Some(key.to_uppercase().into()))).into();
                if self.wide {
                    let (name, id) = REPO;
                    let row = serde_json::json!({"name": name, "was": []});
                    settings.push((format!("repository:{id}"), Some(row)));
                }
                if store.commit(Turn { settings, ..Turn::default() }).await.is_err() {
                    continue;
                }
                self.founded = true;
            }
            if let Ok(engine) = Engine::start(self.parts(&store)).await {
                (self.engine, self.store) = (Some(engine), Some(store));
            } else {
                self.power.note("the start failed");
            }
        }
        assert!(self.power.is_alive(), "it never starts");
    }

    fn parts(&self, store: &Arc<dyn Store>) -> Parts {
        let lower = self.plant == Some(Plant::LowersQuorum);
        let mut rules = rules(POLICIES[self.policy].0.trim_start_matches("[policy]\n"));
        if lower {
            rules.approvals.values_mut().for_each(|wanted| *wanted = wanted.saturating_sub(1));
        }
        let feed = |(platform, channel): &(&str, &str)| Subscription {
            platform: Platform::new(*platform),
            channel: (*channel).into(),
            filter: Filter { branch: Some("*".into()), ..Filter::default() },
            role: None,
            fixed: true,
            added: None,
        };
        Parts {
            store: store.clone(),
            clock: self.clock.clone(),
            settings: Settings {
                rules,
                mentions: Mentions::default(),
                filter: RepoFilter::default(),
                feeds: CHANNELS.iter().map(feed).collect(),
                digests: Vec::new(),
                verdict_check: false,
                watching: ci_rescue::domain::schedule::Watching::default(),
            },
            agents: None,
            containers: None,
            status: None,
            words: WORDING.clone(),
            chats: self.rooms.iter().map(|room| room.clone() as Arc<dyn ci_rescue::ports::Chat>).collect(),
            sinks: Vec::new(),
            audit: Vec::new(),
            ci: Some(self.town.clone()),
            forge: Some(self.town.clone()),
            git: Some(self.town.clone()),
            resolver: None,
            accounts: None,
            console_url: None,
            directory: Arc::new(people::Team { plant: self.plant }),
            decoders: vec![Arc::new(Reader { plant: self.plant })],
            health: ci_rescue::ports::Health::new(self.clock.clone()),
            home: None,
        }
    }

    /// Lives through `steps` of the storm, then through calm until nothing moves any more.
    pub async fn live(&mut self, steps: u32) {
        self.up().await;
        for _ in 0..steps {
            self.happen().await;
            self.deliver().await;
            for _ in 0..self.dice.u32(1..24) {
                self.pump_once().await;
            }
            let pauses = [0, 1, 1, 5, 20, 20, 60, 180, 180, 1_200, 10_800];
            let ms = *self.dice.choice(pauses.iter()).unwrap() * SECOND_MS;
            // Clocks are set back now and then.
            self.clock.advance(if self.dice.u32(..40) == 0 { -2 * MINUTE_MS } else { ms });
            self.set_clock(12);
        }
        self.power.calm();
        self.power.note("calm");
        self.settle().await;
    }

    /// What happens next, by the dice.
    async fn happen(&mut self) {
        if self.wide && self.dice.u32(..3) == 0 {
            return self.happen_beside().await;
        }
        match self.dice.u32(..10) {
            0..=1 => self.fail(),
            2..=3 => self.end(),
            4 => self.end_pull(),
            5..=8 => self.speak().await,
            _ => self.press(),
        }
    }

    fn send(&mut self, said: &Said) -> String {
        self.sent += 1;
        let id = format!("sim-{}", self.sent);
        let body = serde_json::to_string(said).unwrap();
        let hash = Digest::of([body.as_bytes()]);
        let delivery = Delivery {
            id: id.clone(),
            source: SOURCE.into(),
            kind: "sim".into(),
            origin: Origin::Signed,
            at: self.clock.now(),
            hash,
            body,
        };
        // Some come twice.
        if self.dice.u32(..5) == 0 {
            self.waiting.push(delivery.clone());
        }
        self.waiting.push(delivery);
        id
    }

    fn tell(&mut self, event: Event) {
        self.send(&Said::Happened { happened: Box::new(event) });
    }

    /// A new run fails.
    fn fail(&mut self) {
        self.next_run += 1;
        let id = self.next_run;
        // A branch that moves on lets nobody retry what failed there before.
        let own = format!("topic/{id}");
        let branch = *self.dice.choice(["main", "topic/a", "release", &own, &own, &own].iter()).unwrap();
        let broken = self.dice.bool();
        if self.wide && branch.starts_with("topic/") && self.dice.bool() {
            self.propose(branch, 500 + id);
        }
        self.fail_on(id, branch, broken);
    }

    fn fail_on(&mut self, id: u64, branch: &str, broken: bool) {
        let run = Run { branch: branch.into(), attempts: vec![Some(Conclusion::Failure)], broken };
        {
            let mut books = self.town.books.lock().unwrap();
            books.gone.remove(branch);
            books.runs.insert(id, run);
        }
        self.failed.insert(id);
        self.power.note(format!("run {id} fails on {branch}"));
        self.report(id);
    }

    /// Whatever goes on ends.
    fn end(&mut self) {
        self.tell_merges();
        let going: Vec<u64> = {
            let books = self.town.books.lock().unwrap();
            books.runs.iter().filter(|(_, run)| run.attempts.last() == Some(&None)).map(|(id, _)| *id).collect()
        };
        for id in going {
            let green = self.dice.u32(..3) > 0;
            {
                let mut books = self.town.books.lock().unwrap();
                let run = books.runs.get_mut(&id).unwrap();
                let green = green && !run.broken;
                *run.attempts.last_mut().unwrap() = Some(if green { Conclusion::Success } else { Conclusion::Failure });
            }
            self.report(id);
        }
    }

    /// The webhooks of a run's newest attempt.
    fn report(&mut self, id: u64) {
        let run = self.town.books.lock().unwrap().runs[&id].clone();
        let Some(Some(conclusion)) = run.attempts.last().copied() else { return };
        let attempt = u32::try_from(run.attempts.len()).unwrap();
        let repo = self.repo.clone();
        let told = Told { repo: &repo, run: id, attempt, workflow: "ci", branch: &run.branch, conclusion };
        let failed = conclusion == Conclusion::Failure;
        let mut first = if failed { told.failed() } else { told.progressed(Scope::Job) };
        if let Event::Failed { failure } = &mut first {
            failure.pulls.extend(self.proposed.get(&run.branch));
        }
        let whole = told.progressed(Scope::Run);
        self.tell(first);
        self.tell(whole);
    }

    /// Somebody merges or closes a pull request of the bot's.
    fn end_pull(&mut self) {
        let open: Vec<u64> = {
            let books = self.town.books.lock().unwrap();
            books.pulls.iter().filter(|(_, pull)| pull.open).map(|(number, _)| *number).collect()
        };
        let Some(number) = self.dice.choice(open.iter()).copied() else { return };
        let merged = self.dice.u32(..3) > 0;
        let branch = {
            let mut books = self.town.books.lock().unwrap();
            let pull = books.pulls.get_mut(&number).unwrap();
            (pull.open, pull.merged) = (false, merged);
            pull.branch.clone()
        };
        self.power.note(format!("#{number} {}", if merged { "merged" } else { "closed" }));
        self.tell(Event::PullEnded { repo: self.repo.clone(), number, merged, branch: branch.as_str().into() });
    }

    fn place(&mut self) -> (String, Place, String) {
        let (platform, channel) = *self.dice.choice(CHANNELS.iter()).unwrap();
        let name = self.dice.choice(PEOPLE.iter()).unwrap().0;
        let to = format!("answer-{}", self.sent + 1);
        // Where no feed leads, the forge is asked who may read.
        let channel = if self.wide && self.dice.u32(..6) == 0 { "direct" } else { channel };
        let place = Place {
            platform: Platform::new(platform),
            channel: channel.into(),
            thread: None,
            reply_to: Some(to.clone()),
            pull: None,
        };
        (name.to_owned(), place, to)
    }

    fn note_asked(&mut self, id: String, by: String, what: String, to: String) {
        self.power.note(format!("{by}: {what} ({id})"));
        self.asked.insert(id, Asked { by, what, to, at: None });
    }

    async fn speak(&mut self) {
        let newest = self.incidents().await.first().map_or(1, |incident| incident.no.0);
        let no = newest.saturating_sub(self.dice.u64(..3)).max(1);
        let (mut name, place, to) = self.place();
        let words = match self.sensible(no).await {
            Some(words) => {
                name = (*self.dice.choice(["ada", "cyd", "root"].iter()).unwrap()).to_owned();
                words
            }
            None if self.wide && self.dice.bool() => *self.dice.choice(MORE_WORDS.iter()).unwrap(),
            None => *self.dice.choice(WORDS.iter()).unwrap(),
        };
        let text = words.replace('#', &no.to_string());
        let actor = account(&place.platform.0, &name);
        let id = self.send(&Said::Words { actor, place, text: text.clone() });
        self.note_asked(id, name, text, to);
    }

    /// What an approver would say who has looked at the incident.
    async fn sensible(&mut self, no: u64) -> Option<&'static str> {
        if self.dice.bool() {
            return None;
        }
        let incident = self.incidents().await.into_iter().find(|incident| incident.no.0 == no)?;
        if incident.awaits_people() {
            return Some("approve #");
        }
        let done = |proposal: &Proposal| matches!(proposal.state, ProposalState::Done) && proposal.remedy != "retry";
        incident.proposals.iter().any(done).then_some("undo #")
    }

    /// Somebody presses a button of a card as it was shown some time.
    fn press(&mut self) {
        let (name, place, to) = self.place();
        let room = self.rooms.iter().find(|room| ci_rescue::ports::Chat::platform(&***room) == place.platform).unwrap();
        let shown = room.shown.lock().unwrap().clone();
        let recent = shown.len().saturating_sub(6);
        let Some(card) = self.dice.choice(shown[recent..].iter()).cloned() else { return };
        let buttons: Vec<Button> =
            card.buttons.into_iter().chain(card.more).filter(|b| b.asks != Some(Asks::Form)).collect();
        let Some(button) = self.dice.choice(buttons.iter()).cloned() else { return };
        let actor = account(&place.platform.0, &name);
        let id = self.send(&Said::Press { actor, place, value: button.value });
        self.note_asked(id, name, format!("[{}] {}", button.label, button.words), to);
    }

    /// Neighbours deliver what waits, in any order; what is not taken comes again.
    async fn deliver(&mut self) {
        self.dice.shuffle(&mut self.waiting);
        let keep = if self.dice.u32(..4) == 0 { self.waiting.len() / 2 } else { 0 };
        let going: Vec<Delivery> = self.waiting.drain(keep..).collect();
        for delivery in going {
            self.up().await;
            if let Some(asked) = self.asked.get_mut(&delivery.id) {
                asked.at.get_or_insert(self.power.moment());
            }
            if self.store().put_delivery(delivery.clone()).await.is_err() {
                self.waiting.push(delivery);
            }
        }
    }

    /// One piece of some work.
    async fn pump_once(&mut self) -> bool {
        self.set_clock(300);
        self.up().await;
        let engine = self.engine();
        match self.dice.u32(..9) {
            0..=2 => engine.turn().await.unwrap_or(true),
            3..=5 => engine.perform().await.unwrap_or(true),
            6 => engine.tick().await.unwrap_or(true),
            n => {
                let platform = Platform::new(CHANNELS[n as usize % 2].0);
                engine.publish(&platform).await.unwrap_or(true)
            }
        }
    }

    /// Everything that is due now.
    async fn pump(&mut self) {
        let mut waited = 0;
        for round in 0.. {
            assert!(round < 4_000, "seed {}: it does not come to rest", self.seed);
            self.up().await;
            let engine = self.engine();
            let mut any = engine.tick().await.unwrap_or(true);
            any |= engine.turn().await.unwrap_or(true);
            any |= engine.perform().await.unwrap_or(true);
            for (platform, _) in CHANNELS {
                any |= engine.publish(&Platform::new(platform)).await.unwrap_or(true);
            }
            if any {
                continue;
            }
            // Channels have their pace.
            match self.store().counts().await {
                Ok(counts) if counts.dirty == 0 => return,
                _ if waited > 300 => return,
                _ => {
                    waited += 1;
                    self.clock.advance(2 * SECOND_MS);
                }
            }
        }
    }

    /// Calm: everything arrives, every run ends, and time goes on for two days.
    async fn settle(&mut self) {
        let pauses = [0, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400, 100];
        for pause in pauses {
            self.clock.advance(pause * SECOND_MS);
            self.end();
            // By then everything before it has arrived, however far clocks were set back.
            if self.wide && pause == 43_200 {
                self.end_waits();
            }
            while !self.waiting.is_empty() {
                self.deliver().await;
            }
            self.pump().await;
        }
    }

    pub async fn incidents(&self) -> Vec<Incident> {
        let Some(store) = &self.store else { return Vec::new() };
        store.incidents(&Query { limit: usize::MAX, ..Query::default() }).await.unwrap_or_default()
    }
}
