//! A disk that fails now and then, and that a process may be killed over. It outlives the process.

use super::plants::Plant;
use super::power::{Fate, Power};
use ci_rescue::domain::Stage;
use ci_rescue::ports::{Delivery, StoreError};
use ci_rescue::store::{Backend, Batch, Memory, Still};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub struct Disk {
    inner: Memory,
    power: Arc<Power>,
    plant: Option<Plant>,
    /// What is planted strikes once in so many times.
    struck: AtomicU64,
    /// The emergency stop, as it is stored.
    pub held: AtomicBool,
    /// The stage of each incident, and how many it has adopted.
    stages: Mutex<BTreeMap<Vec<u8>, (Stage, usize)>>,
    /// In which stage an incident was met by which event.
    pub pairs: Mutex<BTreeSet<(String, String)>>,
}

/// One process's way to the disk.
#[derive(Clone)]
pub struct Handle(pub Arc<Disk>);

#[derive(Deserialize)]
struct Staged {
    no: u64,
    stage: Stage,
    #[serde(default)]
    adopted: Vec<u64>,
}

type Pair = (Vec<u8>, Vec<u8>);

/// A delivery as the store keeps it: without its body in JSON, a line break, and the body compressed.
fn delivery(row: &[u8]) -> Option<Delivery> {
    let at = row.iter().position(|byte| *byte == b'\n')?;
    let body = lz4_flex::decompress_size_prepended(&row[at + 1..]).ok()?;
    let delivery: Delivery = serde_json::from_slice(&row[..at]).ok()?;
    Some(Delivery { body: String::from_utf8(body).ok()?, ..delivery })
}

/// What a delivery tells.
struct Tells {
    /// In a word.
    kind: String,
    /// The incident that it names itself.
    own: Option<u64>,
}

impl Tells {
    /// What an incident met that was in this stage, and has adopted another or not: in the turn of a delivery, incidents
    /// may tell each other something as well.
    fn met_by(&self, no: u64, before: Option<Stage>, adopts: bool) -> Vec<String> {
        let another = self.own.is_some_and(|own| own != no);
        // Only what is closed is looked up for it.
        let open = self.kind == "pull_reopened" && before.is_some_and(|stage| stage != Stage::Resolved);
        let mut met = Vec::new();
        if adopts {
            met.push("adopted".to_owned());
        } else if another || open {
            met.push("revisit".to_owned());
        }
        if met.is_empty() || self.own == Some(no) {
            met.push(self.kind.clone());
        }
        met
    }
}

fn told(delivery: &Delivery) -> Tells {
    let value: serde_json::Value = serde_json::from_str(&delivery.body).unwrap_or_default();
    let own = value["incident"].as_u64().or(value["happened"]["incident"].as_u64());
    Tells { kind: kind(&value, delivery), own }
}

fn kind(value: &serde_json::Value, delivery: &Delivery) -> String {
    let word = |key: &str| value[key].as_str().or(value["happened"][key].as_str()).map(str::to_owned);
    let event = word("event").or_else(|| word("say")).unwrap_or_else(|| delivery.kind.clone());
    match word("timer") {
        Some(timer) if event == "fired" => format!("fired_{timer}"),
        _ => event,
    }
}

impl Disk {
    pub fn new(power: Arc<Power>, plant: Option<Plant>) -> Arc<Self> {
        Arc::new(Self {
            inner: Memory::default(),
            power,
            plant,
            struck: AtomicU64::new(0),
            held: AtomicBool::new(false),
            stages: Mutex::default(),
            pairs: Mutex::default(),
        })
    }

    fn living(&self) -> Result<(), StoreError> {
        if self.power.is_alive() { Ok(()) } else { Err(StoreError::Broken("the process is gone".into())) }
    }

    /// Notes which stages met the event that the batch answers.
    fn observe(&self, batch: &Batch) {
        let mut stages = self.stages.lock().unwrap();
        let answered = batch.0.iter().find(|(key, value)| key.first() == Some(&b'i') && value.is_none());
        let row = answered.and_then(|(key, _)| self.inner.get(key).ok().flatten());
        let event = row.and_then(|row| delivery(&row)).map(|delivery| told(&delivery));
        for (key, value) in &batch.0 {
            if key.first() == Some(&b'n')
                && let Some(value) = value
            {
                let Ok(Staged { no, stage, adopted }) = serde_json::from_slice(value) else { continue };
                let before = stages.insert(key.clone(), (stage, adopted.len()));
                if let Some(event) = &event {
                    let adopts = before.is_some_and(|(_, had)| adopted.len() > had);
                    let before = before.map(|(stage, _)| stage);
                    let from = before.map_or("none", Stage::as_str).to_owned();
                    let met = event.met_by(no, before, adopts).into_iter().map(|met| (from.clone(), met));
                    self.pairs.lock().unwrap().extend(met);
                }
            }
            if key.as_slice() == hold_key().as_slice() {
                self.held.store(value.is_some(), Ordering::SeqCst);
                self.power.note(if value.is_some() { "HOLD" } else { "UNHOLD" });
            }
        }
    }
}

/// Where the store keeps the emergency stop.
fn hold_key() -> Vec<u8> {
    let mut key = vec![b's'];
    key.extend(b"hold");
    key
}

impl Backend for Handle {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.living()?;
        if self.0.plant == Some(Plant::IgnoresHold) && key == hold_key() {
            return Ok(None);
        }
        self.0.inner.get(key)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.0.living()?;
        self.0.inner.scan(prefix, from, limit)
    }

    fn scan_down(&self, prefix: &[u8], before: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.0.living()?;
        self.0.inner.scan_down(prefix, before, limit)
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        self.0.living()?;
        let tables: BTreeSet<char> =
            batch.0.iter().filter_map(|(key, _)| key.first()).map(|b| char::from(*b)).collect();
        let name = format!("write {}", tables.into_iter().collect::<String>());
        match self.0.power.write(&name) {
            Fate::Refused(_) => return Err(StoreError::Broken("no space left on device".into())),
            Fate::Killed { done: false } => return Err(StoreError::Broken("the process was killed".into())),
            _ => {}
        }
        self.0.observe(batch);
        let kept = match self.0.plant.and_then(Plant::forgets) {
            Some((table, every)) => {
                let mut left = Batch::default();
                for (key, value) in &batch.0 {
                    let hit = key.first() == Some(&table) && value.is_some();
                    if hit && self.0.struck.fetch_add(1, Ordering::SeqCst) % every == every - 1 {
                        continue;
                    }
                    left.0.push((key.clone(), value.clone()));
                }
                self.0.inner.apply(&left)
            }
            None => self.0.inner.apply(batch),
        };
        kept?;
        self.0.living()
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.0.living()
    }

    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.0.living()?;
        self.0.inner.put_file(name, bytes)
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.living()?;
        self.0.inner.file(name)
    }

    fn sweep_files(&self, keep: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        self.0.living()?;
        self.0.inner.sweep_files(keep)
    }

    fn still(&self) -> Result<Box<dyn Still>, StoreError> {
        self.0.inner.still()
    }
}
