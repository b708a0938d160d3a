//! The feed: what the page shows, in memory. It is filled again at each start.

use super::PLATFORM;
use crate::card::{Card, escape};
use crate::domain::actor::{Place, Platform};
use crate::domain::journal::Mood;
use crate::domain::time::Time;
use crate::ports::{Chat, Message, PortError};
use async_trait::async_trait;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// Cards on the page; older ones are on their own pages.
const CARDS: usize = 200;
/// Lines kept of a person's log.
const LINES: usize = 40;
const PEOPLE: usize = 1_000;
/// Updates that a slow page may be behind before it has to reload.
const BACKLOG: usize = 256;

/// What a page hears of.
#[derive(Clone, Debug)]
pub enum Update {
    Card(Box<Card>),
    /// One more line of a person's log.
    Line {
        person: String,
        line: Line,
    },
}

/// A line of a person's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The person's own words, rather than an answer.
    pub said: bool,
    /// Safe markup.
    pub html: String,
}

#[derive(Default)]
struct State {
    cards: BTreeMap<u64, Card>,
    markers: BTreeMap<String, String>,
    logs: BTreeMap<String, VecDeque<Line>>,
}

pub struct Console {
    state: Mutex<State>,
    updates: broadcast::Sender<Update>,
}

impl Default for Console {
    fn default() -> Self {
        Self { state: Mutex::default(), updates: broadcast::channel(BACKLOG).0 }
    }
}

impl Console {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Newest first.
    pub fn cards(&self) -> Vec<Card> {
        self.lock().cards.values().rev().cloned().collect()
    }

    pub fn card(&self, no: u64) -> Option<Card> {
        self.lock().cards.get(&no).cloned()
    }

    /// What this person said and was answered, oldest first.
    pub fn log(&self, person: &str) -> Vec<Line> {
        self.lock().logs.get(person).cloned().map(Vec::from).unwrap_or_default()
    }

    pub fn clear_log(&self, person: &str) {
        self.lock().logs.remove(person);
    }

    /// Answers come later and in any order, so the log says what was asked for.
    pub fn said(&self, person: &str, words: &str) {
        self.add(person, Line { said: true, html: escape("html", words) });
    }

    fn add(&self, person: &str, line: Line) {
        let mut state = self.lock();
        let log = state.logs.entry(person.to_owned()).or_default();
        log.push_back(line.clone());
        if log.len() > LINES {
            log.pop_front();
        }
        while state.logs.len() > PEOPLE {
            state.logs.pop_first();
        }
        drop(state);
        // Nobody may be looking.
        let _ = self.updates.send(Update::Line { person: person.to_owned(), line });
    }

    pub fn listen(&self) -> broadcast::Receiver<Update> {
        self.updates.subscribe()
    }

    fn show(&self, card: &Card) {
        let mut state = self.lock();
        state.cards.insert(card.incident.0, card.clone());
        while state.cards.len() > CARDS {
            state.cards.pop_first();
        }
        drop(state);
        // Nobody may be looking.
        let _ = self.updates.send(Update::Card(Box::new(card.clone())));
    }
}

#[async_trait]
impl Chat for Console {
    fn platform(&self) -> Platform {
        Platform::new(PLATFORM)
    }

    fn markup(&self) -> &'static str {
        "html"
    }

    fn remembers(&self) -> bool {
        false
    }

    fn pace_ms(&self) -> i64 {
        0
    }

    /// A card's message is its incident's number: that is the address of its page.
    async fn post(&self, _: &str, card: &Card, marker: &str) -> Result<Message, PortError> {
        self.show(card);
        let message = card.incident.0.to_string();
        let mut state = self.lock();
        state.markers.insert(marker.to_owned(), message.clone());
        while state.markers.len() > CARDS * 4 {
            state.markers.pop_first();
        }
        Ok(message)
    }

    async fn edit(&self, _: &str, _: &Message, card: &Card, _: &str) -> Result<(), PortError> {
        self.show(card);
        Ok(())
    }

    async fn find(&self, _: &str, _: Option<&Message>, marker: &str, _: Time) -> Result<Option<Message>, PortError> {
        Ok(self.lock().markers.get(marker).cloned())
    }

    /// The journal itself stands on the incident's page.
    async fn tell(&self, _: &str, _: &Message, _: &str, _: &str) -> Result<(), PortError> {
        Ok(())
    }

    async fn whisper(&self, _: &Place, actor_id: &str, text: &str, _: Mood) -> Result<(), PortError> {
        self.add(actor_id, Line { said: false, html: text.to_owned() });
        Ok(())
    }
}
