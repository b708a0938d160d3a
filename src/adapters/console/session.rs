//! Who looks at the page.

#![allow(clippy::disallowed_types, reason = "sessions are secrets")]

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use subtle::ConstantTimeEq;

pub const COOKIE: &str = "ci_rescue";
/// Ties the sign-in form to the browser that asked for it.
pub const FORM_COOKIE: &str = "ci_rescue_form";
/// Sessions kept; the oldest go first.
const SESSIONS: usize = 2_000;

#[derive(Clone, Debug)]
pub struct Session {
    pub id: String,
    pub person: String,
    pub csrf: String,
    born: u64,
}

#[derive(Default)]
struct State {
    all: HashMap<String, Session>,
    count: u64,
}

#[derive(Default)]
pub struct Sessions(Mutex<State>);

/// 256 random bits as text.
pub fn random() -> Option<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(B64.encode(bytes))
}

impl Sessions {
    /// A fresh session; `None` when the machine gives no randomness.
    pub fn open(&self, person: &str) -> Option<Session> {
        let (id, csrf) = (random()?, random()?);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.count += 1;
        let session = Session { id: id.clone(), person: person.to_owned(), csrf, born: state.count };
        state.all.insert(id, session.clone());
        while state.all.len() > SESSIONS {
            let oldest = state.all.values().min_by_key(|s| s.born).map(|s| s.id.clone());
            oldest.and_then(|id| state.all.remove(&id));
        }
        Some(session)
    }

    pub fn get(&self, id: &str) -> Option<Session> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).all.get(id).cloned()
    }

    pub fn close(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).all.remove(id);
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
