//! What goes wrong, from a seed. The fate of a call depends on the seed, the call and how often it was made, and not on
//! the order in which tasks run: a seed gives the same storm each time.

use crate::world::HandClock;
use ci_rescue::domain::time::SECOND_MS;
use ci_rescue::ports::PortError;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Well,
    /// Nothing happens, and the caller is told so.
    Refused(Option<Duration>),
    /// The answer is lost, after it was done or before.
    Lost {
        done: bool,
    },
    /// The process is killed, after it was done or before.
    Killed {
        done: bool,
    },
}

pub struct Power {
    seed: u64,
    storm: AtomicBool,
    alive: AtomicBool,
    /// How often each call was made.
    made: Mutex<HashMap<String, u64>>,
    /// The clock that goes on while a neighbour is slow; none where none is.
    slow: Mutex<Option<Arc<HandClock>>>,
    pub kills: Mutex<u32>,
    pub faults: Mutex<u32>,
    /// What happened, for whoever reads a failing seed.
    pub trace: Mutex<Vec<String>>,
}

impl Power {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            storm: AtomicBool::new(true),
            alive: AtomicBool::new(true),
            made: Mutex::default(),
            slow: Mutex::default(),
            kills: Mutex::default(),
            faults: Mutex::default(),
            trace: Mutex::default(),
        }
    }

    pub fn calm(&self) {
        self.storm.store(false, Ordering::SeqCst);
    }

    pub fn is_storm(&self) -> bool {
        self.storm.load(Ordering::SeqCst)
    }

    /// From now on some answers take their time.
    pub fn slow_down(&self, clock: Arc<HandClock>) {
        *self.slow.lock().unwrap() = Some(clock);
    }

    /// Of sixty calls one is slow, some of them slower than any lease is long.
    fn dawdle(&self, call: &str) {
        const LONG: [i64; 5] = [2, 20, 90, 400, 2_700];
        let Some(clock) = self.slow.lock().unwrap().clone().filter(|_| self.is_storm()) else { return };
        if self.draw(&format!("{call}, slowly"), 60) == 0 {
            let seconds = LONG[usize::try_from(self.draw(&format!("{call}, how long"), 5)).unwrap()];
            clock.advance(seconds * SECOND_MS);
            self.note(format!("{call}: {seconds} s"));
        }
    }

    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::SeqCst)
    }

    pub fn revive(&self) {
        self.alive.store(true, Ordering::SeqCst);
    }

    /// Goes on with each note: clocks are set back.
    pub fn moment(&self) -> usize {
        self.trace.lock().unwrap().len()
    }

    pub fn note(&self, what: impl Into<String>) {
        self.trace.lock().unwrap().push(what.into());
    }

    /// A number for this call, below `below`.
    fn draw(&self, call: &str, below: u64) -> u64 {
        let mut made = self.made.lock().unwrap();
        let times = made.entry(call.to_owned()).or_default();
        *times += 1;
        let mut hash = DefaultHasher::new();
        (self.seed, call, *times).hash(&mut hash);
        hash.finish() % below
    }

    /// The fate of a call to a neighbour: of a hundred, twelve go wrong.
    fn fate(&self, call: &str) -> Fate {
        if !self.storm.load(Ordering::SeqCst) {
            return Fate::Well;
        }
        match self.draw(call, 200) {
            0..=5 => Fate::Refused(None),
            6..=8 => Fate::Refused(Some(Duration::from_secs(90))),
            9..=13 => Fate::Lost { done: true },
            14..=17 => Fate::Lost { done: false },
            18..=20 => Fate::Killed { done: true },
            21..=23 => Fate::Killed { done: false },
            _ => Fate::Well,
        }
    }

    /// Of a write to the disk: it fails, or the process is killed before or after it.
    pub fn write(&self, what: &str) -> Fate {
        if !self.storm.load(Ordering::SeqCst) {
            return Fate::Well;
        }
        match self.draw(what, 400) {
            0 => Fate::Refused(None),
            1..=2 => self.kill(what, true),
            3..=4 => self.kill(what, false),
            _ => Fate::Well,
        }
    }

    fn kill(&self, what: &str, done: bool) -> Fate {
        self.alive.store(false, Ordering::SeqCst);
        *self.kills.lock().unwrap() += 1;
        self.note(format!("killed {} {what}", if done { "after" } else { "before" }));
        Fate::Killed { done }
    }

    /// A call to a neighbour that does `act`, as its fate wants it.
    pub fn call<T>(&self, what: &str, act: impl FnOnce() -> Result<T, PortError>) -> Result<T, PortError> {
        let gone = || PortError::transient("the process is gone");
        if !self.is_alive() {
            return Err(gone());
        }
        self.dawdle(what);
        let fate = self.fate(what);
        if fate != Fate::Well {
            *self.faults.lock().unwrap() += 1;
            self.note(format!("{what}: {fate:?}"));
        }
        match fate {
            Fate::Well => act(),
            Fate::Refused(retry_after) => Err(PortError::Transient { why: "503".into(), retry_after }),
            Fate::Lost { done } => {
                if done {
                    let _ = act();
                }
                Err(PortError::ambiguous("the connection was reset"))
            }
            Fate::Killed { done } => {
                if done {
                    let _ = act();
                }
                self.kill(what, done);
                Err(gone())
            }
        }
    }
}
