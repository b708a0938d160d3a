//! Where news go that cannot be edited afterwards: letters, and events for programs.

use super::integrations::PortError;
use crate::domain::actor::Platform;
use crate::domain::barrier::Barrier;
use crate::domain::card::Card;
use crate::domain::incident::Incident;
use crate::domain::journal::Entry;
use crate::domain::news::{Changed, News};
use crate::domain::time::Time;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// A sink and how it is spoken to.
#[derive(Clone)]
pub enum Sink {
    Letters(Arc<dyn Letters>),
    Events(Arc<dyn Events>),
}

impl Sink {
    #[must_use]
    pub fn platform(&self) -> Platform {
        match self {
            Self::Letters(sink) => sink.platform(),
            Self::Events(sink) => sink.platform(),
        }
    }

    /// Every entry of the journal is handed over, rather than what matters to people.
    #[must_use]
    pub fn takes_events(&self) -> bool {
        matches!(self, Self::Events(_))
    }
}

/// A message for people: sent when an incident opens, and again when it matters.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// In the sink's markup.
    pub card: &'a Card,
    /// The same in plain text.
    pub plain: &'a Card,
    pub news: News,
    /// Names it: a letter whose fate is unknown is sent again under the same name.
    pub id: &'a str,
    /// The name and the title of the first letter about the same incident, unless this is it.
    pub first: Option<(&'a str, &'a str)>,
    /// One that was sent before, to a sink that shows repeats, may have arrived.
    pub again: bool,
    pub at: Time,
}

#[async_trait]
pub trait Letters: Send + Sync {
    fn platform(&self) -> Platform;
    /// The name of a markup of the `card` room.
    fn markup(&self) -> &'static str;
    /// Whether a letter that is sent twice under one name is shown once.
    fn shows_once(&self) -> bool;
    /// The least time between two letters to one channel, in milliseconds.
    fn pace_ms(&self) -> i64;
    async fn send(&self, channel: &str, letter: &Letter<'_>) -> Result<(), PortError>;
}

/// Something that happened to an incident, for a program.
#[derive(Clone, Copy, Debug)]
pub struct Happening<'a> {
    /// As it is when the event is sent.
    pub incident: &'a Incident,
    /// `opened`, `escalated`; `updated` for a change that the journal does not mention.
    pub event: &'a str,
    /// Names the event: the same when it is sent again.
    pub delivery: &'a str,
    /// Somebody asked for it to be sent again.
    pub again: bool,
    pub changed: &'a [Changed],
    /// The entry of the journal, and its words in plain text.
    pub entry: Option<(&'a Entry, &'a str)>,
}

#[async_trait]
pub trait Events: Send + Sync {
    fn platform(&self) -> Platform;
    /// The least time between two bundles of events to one channel, in milliseconds.
    fn pace_ms(&self) -> i64;
    /// Hands over one event: those of an incident in order, the next one when this one arrived.
    async fn hand(&self, channel: &str, happening: &Happening<'_>) -> Result<(), PortError>;
}

/// Events of an incident that are to be sent to a webhook again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    pub webhook: String,
    /// The first entry of the journal, from 1.
    pub from: u64,
    /// Else they are listed alone.
    pub send: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    pub seq: u64,
    pub event: String,
    pub delivery: String,
}

/// No receiver may ask for a longer pause.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);

/// What an HTTP status means for something that was posted; `retry_after` is the header, in seconds.
///
/// # Errors
/// It was not taken.
pub fn posted(status: u16, retry_after: Option<&str>) -> Result<(), PortError> {
    let why = |what: &str| format!("it answered {status}{what}");
    match status {
        200..=299 => Ok(()),
        300..=399 => Err(PortError::fixable(Barrier::Other, why(": redirects are not followed; set the final URL"))),
        408 | 425 | 429 | 500.. => {
            let seconds = retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
            Err(PortError::Transient { why: why(""), retry_after: seconds.map(|pause| pause.min(PAUSE_MAX)) })
        }
        400 | 409 | 413 | 415 | 422 => Err(PortError::permanent(why(""))),
        401 | 403 => Err(PortError::fixable(Barrier::Other, why(": check its secret"))),
        _ => Err(PortError::fixable(Barrier::Other, why(": check its URL"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_say_what_to_do() {
        assert_eq!(posted(202, None), Ok(()));
        let pause = |header| match posted(429, header) {
            Err(PortError::Transient { retry_after, .. }) => retry_after.map(|pause| pause.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!((pause(None), pause(Some("7")), pause(Some("soon"))), (None, Some(7), None));
        assert_eq!(pause(Some("999999999")), Some(900));
        for status in [301, 308, 401, 403, 404, 405, 410] {
            assert!(
                matches!(posted(status, None), Err(PortError::Fixable { barrier: Barrier::Other, .. })),
                "{status}"
            );
        }
        assert!(matches!(posted(422, None), Err(PortError::Permanent { .. })));
        assert!(matches!(posted(503, None), Err(PortError::Transient { .. })));
    }
}
