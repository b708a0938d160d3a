//! The feed: what the page shows, in memory. It is filled again at each start.

use super::PLATFORM;
use crate::card::Card;
use crate::domain::actor::{Place, Platform};
use crate::domain::journal::Mood;
use crate::domain::time::Time;
use crate::ports::{Chat, Message, PortError};
use async_trait::async_trait;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// Cards on the page; older ones are on their own pages.
const CARDS: usize = 200;
/// Answers kept for a person, for pages without JavaScript.
const ANSWERS: usize = 20;
const PEOPLE: usize = 1_000;
/// Updates that a slow page may be behind before it has to reload.
const BACKLOG: usize = 256;

/// What a page hears of.
#[derive(Clone, Debug)]
pub enum Update {
    Card(Box<Card>),
    /// For one person, as safe markup.
    Answer {
        person: String,
        html: String,
    },
}

#[derive(Default)]
struct State {
    cards: BTreeMap<u64, Card>,
    markers: BTreeMap<String, String>,
    answers: BTreeMap<String, VecDeque<String>>,
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

    /// What was answered to this person and not yet shown on a page.
    pub fn take_answers(&self, person: &str) -> Vec<String> {
        self.lock().answers.remove(person).map(Vec::from).unwrap_or_default()
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
        let mut state = self.lock();
        let answers = state.answers.entry(actor_id.to_owned()).or_default();
        answers.push_back(text.to_owned());
        if answers.len() > ANSWERS {
            answers.pop_front();
        }
        while state.answers.len() > PEOPLE {
            state.answers.pop_first();
        }
        drop(state);
        let _ = self.updates.send(Update::Answer { person: actor_id.to_owned(), html: text.to_owned() });
        Ok(())
    }
}
