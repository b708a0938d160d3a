//! The feed: what the page shows, in memory. It is filled again at each start.

use super::PLATFORM;
use super::session::random;
use crate::card::{Card, escape};
use crate::domain::actor::{Place, Platform};
use crate::domain::journal::Mood;
use crate::domain::mention::Mention;
use crate::domain::time::Time;
use crate::ports::{Chat, Message, Pages, PortError};
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
pub struct Tick {
    /// What has changed up to here: names this start of the server, and counts.
    pub mark: String,
    pub update: Update,
}

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

/// With the count at its last change.
type Counted<T> = (u64, T);

#[derive(Default)]
struct State {
    /// Changes so far.
    count: u64,
    cards: BTreeMap<u64, Counted<Card>>,
    markers: BTreeMap<String, String>,
    logs: BTreeMap<String, VecDeque<Counted<Line>>>,
}

pub struct Console {
    /// Tells this start of the server from others.
    start: String,
    state: Mutex<State>,
    updates: broadcast::Sender<Tick>,
}

impl Default for Console {
    fn default() -> Self {
        let start = random().unwrap_or_default();
        Self { start, state: Mutex::default(), updates: broadcast::channel(BACKLOG).0 }
    }
}

impl Console {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(&self, count: u64) -> String {
        format!("{}.{count}", self.start)
    }

    /// Where a page stands that reads everything after this.
    pub fn mark(&self) -> String {
        self.at(self.lock().count)
    }

    /// What a page missed since its mark, oldest first, and what comes from now on: no gap between them. `None` for the
    /// mark of another start.
    pub fn follow(&self, since: &str) -> (Option<Vec<Tick>>, broadcast::Receiver<Tick>) {
        let state = self.lock();
        let updates = self.updates.subscribe();
        let since = since.strip_prefix(self.start.as_str()).and_then(|rest| rest.strip_prefix('.'));
        let Some(since) = since.and_then(|count| count.parse::<u64>().ok()) else { return (None, updates) };
        let cards = state.cards.values().map(|(count, card)| (*count, Update::Card(Box::new(card.clone()))));
        let lines = state.logs.iter().flat_map(|(person, log)| {
            log.iter().map(|(count, line)| (*count, Update::Line { person: person.clone(), line: line.clone() }))
        });
        let mut missed: Vec<_> = cards.chain(lines).filter(|(count, _)| *count > since).collect();
        missed.sort_by_key(|(count, _)| *count);
        let tick = |(count, update)| Tick { mark: self.at(count), update };
        (Some(missed.into_iter().map(tick).collect()), updates)
    }

    /// Nobody may be looking. Under the lock, so that ticks go out in their order.
    fn send(&self, state: &State, update: Update) {
        let _ = self.updates.send(Tick { mark: self.at(state.count), update });
    }

    /// Newest first.
    pub fn cards(&self) -> Vec<Card> {
        self.lock().cards.values().rev().map(|(_, card)| card.clone()).collect()
    }

    pub fn card(&self, no: u64) -> Option<Card> {
        self.lock().cards.get(&no).map(|(_, card)| card.clone())
    }

    /// What this person said and was answered, oldest first.
    pub fn log(&self, person: &str) -> Vec<Line> {
        self.lock().logs.get(person).into_iter().flatten().map(|(_, line)| line.clone()).collect()
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
        state.count += 1;
        let count = state.count;
        let log = state.logs.entry(person.to_owned()).or_default();
        log.push_back((count, line.clone()));
        if log.len() > LINES {
            log.pop_front();
        }
        while state.logs.len() > PEOPLE {
            state.logs.pop_first();
        }
        self.send(&state, Update::Line { person: person.to_owned(), line });
    }

    fn show(&self, card: &Card) {
        let mut state = self.lock();
        state.count += 1;
        let count = state.count;
        state.cards.insert(card.incident.0, (count, card.clone()));
        while state.cards.len() > CARDS {
            state.cards.pop_first();
        }
        self.send(&state, Update::Card(Box::new(card.clone())));
    }
}

impl Pages for Console {}

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

    fn is_inside(&self) -> bool {
        true
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
    async fn tell(&self, _: &str, _: &Message, _: &str, _: &[Mention], _: &str) -> Result<(), PortError> {
        Ok(())
    }

    async fn whisper(&self, _: &Place, actor_id: &str, text: &str, _: Mood) -> Result<(), PortError> {
        self.add(actor_id, Line { said: false, html: text.to_owned() });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(ticks: Vec<Tick>) -> Vec<String> {
        let html = |tick: Tick| match tick.update {
            Update::Line { person, line } => Some(format!("{person}: {}", line.html)),
            Update::Card(_) => None,
        };
        ticks.into_iter().filter_map(html).collect()
    }

    #[test]
    fn a_page_is_told_what_it_missed_and_nothing_twice() {
        let console = Console::default();
        console.said("ada", "list");
        let mark = console.mark();
        assert!(console.follow(&mark).0.expect("this start's mark").is_empty());
        console.said("bob", "help");
        console.said("ada", "show 1");
        let (missed, mut updates) = console.follow(&mark);
        assert_eq!(lines(missed.expect("this start's mark")), ["bob: help", "ada: show 1"]);
        assert!(updates.try_recv().is_err(), "what was missed comes once");
        console.said("ada", "list");
        let tick = updates.try_recv().expect("what comes after");
        assert_eq!(tick.mark, console.mark());
        assert!(console.follow(&tick.mark).0.expect("its own mark").is_empty());
    }

    #[test]
    fn the_mark_of_another_start_is_not_ours() {
        let console = Console::default();
        for mark in ["", "x", ".1", &Console::default().mark(), &console.mark().replace('.', "")] {
            assert!(console.follow(mark).0.is_none(), "{mark}");
        }
    }
}
