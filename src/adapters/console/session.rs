//! Who looks at the page.

#![allow(clippy::disallowed_types, reason = "sessions are secrets")]

use super::PLATFORM;
use super::routes::Person;
use crate::domain::actor::{Actor, Platform};
use crate::ports::Clock;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use subtle::ConstantTimeEq;
use tokio_util::sync::CancellationToken;

pub const COOKIE: &str = "ci_rescue";
/// Ties the sign-in form to the browser that asked for it.
pub const FORM_COOKIE: &str = "ci_rescue_form";
/// Sessions kept; the oldest go first.
const SESSIONS: usize = 2_000;
/// A working day; then one signs in again.
const LIFE_MS: i64 = 12 * 60 * 60 * 1_000;

#[derive(Clone, Debug)]
pub struct Session {
    pub id: String,
    pub who: Who,
    pub csrf: String,
    /// Signed out, run out, or pushed out by newer ones: what is still open for it ends.
    pub ended: CancellationToken,
    born: u64,
    until_ms: i64,
}

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// Their id at the console.
    pub person: String,
    pub name: String,
    /// Groups that the provider or the proxy told of.
    pub groups: Vec<String>,
    /// A proxy says so with every request: without its word the session ends.
    pub proxied: bool,
}

impl Who {
    /// Somebody whom the console itself has a seat for.
    pub fn seated(person: &Person) -> Self {
        Self { person: person.id.clone(), name: person.name.clone(), groups: Vec::new(), proxied: false }
    }

    /// As an account of the console's own.
    pub fn actor(&self) -> Actor {
        let name = self.name.clone().into();
        let (platform, groups) = (Platform::new(PLATFORM), self.groups.clone());
        Actor { platform, id: self.person.clone(), also: None, name, groups }
    }
}

#[derive(Default)]
struct State {
    all: HashMap<String, Session>,
    count: u64,
}

pub struct Sessions {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

/// 256 random bits as text.
pub fn random() -> Option<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(B64.encode(bytes))
}

impl State {
    fn end(&mut self, id: &str) {
        if let Some(session) = self.all.remove(id) {
            session.ended.cancel();
        }
    }
}

impl Sessions {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { state: Mutex::default(), clock }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fresh session; `None` when the machine gives no randomness.
    pub fn open(&self, who: Who) -> Option<Session> {
        let (id, csrf) = (random()?, random()?);
        let mut state = self.state();
        state.count += 1;
        let session = Session {
            id: id.clone(),
            who,
            csrf,
            ended: CancellationToken::new(),
            born: state.count,
            until_ms: self.clock.elapsed_ms().saturating_add(LIFE_MS),
        };
        state.all.insert(id, session.clone());
        while state.all.len() > SESSIONS {
            let oldest = state.all.values().min_by_key(|s| s.born).map(|s| s.id.clone());
            oldest.inspect(|id| state.end(id));
        }
        Some(session)
    }

    pub fn get(&self, id: &str) -> Option<Session> {
        let mut state = self.state();
        let over = state.all.get(id)?.until_ms <= self.clock.elapsed_ms();
        if over {
            state.end(id);
        }
        state.all.get(id).cloned()
    }

    pub fn close(&self, id: &str) {
        self.state().end(id);
    }
}

impl Session {
    pub fn has_csrf(&self, given: &str) -> bool {
        same(&self.csrf, given)
    }
}

/// In constant time.
pub fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Whether [`random`] may have made it.
pub fn is_random(text: &str) -> bool {
    B64.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// The values of a cookie.
pub fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(key, _)| *key == name).map(|(_, value)| value)
}
