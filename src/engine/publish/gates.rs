//! Where writes are refused, one write is tried at growing intervals and everything else waits behind it: neither a flood
//! of cards nor a long outage makes more calls than that.

use super::troubles::interval_ms;
use crate::domain::actor::Platform;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// All times are [`crate::ports::Clock::elapsed_ms`].
#[derive(Default)]
pub struct Gates(Mutex<HashMap<Key, Gate>>);

/// A channel of a platform; the empty name is all of them.
type Key = (Platform, String);

struct Gate {
    /// Only posts are refused; edits get through.
    posting: bool,
    tries: u32,
    tried: i64,
    until: i64,
}

impl Gate {
    fn stops(&self, posts: bool, now: i64) -> bool {
        (posts || !self.posting) && self.until > now
    }
}

/// What may not be written to now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Closed {
    pub everything: bool,
    /// Channels without any write.
    pub channels: Vec<String>,
    /// Channels without posts.
    pub posting: Vec<String>,
}

impl Gates {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Gate>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A write was refused.
    pub fn shut(&self, platform: &Platform, channel: &str, posting: bool, now: i64) {
        let mut gates = self.lock();
        let key = (platform.clone(), channel.to_owned());
        let gate = gates.entry(key).or_insert(Gate { posting, tries: 0, tried: now, until: now });
        gate.posting &= posting;
        // One that is closed has its time: whatever was under way fails as well.
        if gate.until <= now {
            gate.until = now.saturating_add(interval_ms(gate.tries));
        }
    }

    /// As a process finds it at its start: the first write is the try.
    pub fn ajar(&self, platform: &Platform, channel: &str, posting: bool, now: i64) {
        let gate = Gate { posting, tries: 0, tried: now, until: now };
        self.lock().insert((platform.clone(), channel.to_owned()), gate);
    }

    /// The next write is tried at once, but no sooner than `rest_ms` after the last try.
    pub fn open(&self, platform: Option<&Platform>, channel: Option<&str>, rest_ms: i64, now: i64) {
        for ((of, at), gate) in &mut *self.lock() {
            if platform.is_none_or(|platform| platform == of) && channel.is_none_or(|channel| channel == at) {
                gate.tries = 0;
                gate.until = gate.until.min(now.max(gate.tried.saturating_add(rest_ms)));
            }
        }
    }

    pub fn remove(&self, platform: &Platform, channel: &str) {
        self.lock().remove(&(platform.clone(), channel.to_owned()));
    }

    /// Whether a write may be made; where it is the try of a gate, the next one has to wait.
    pub fn take(&self, platform: &Platform, channel: &str, posts: bool, now: i64) -> bool {
        let mut gates = self.lock();
        let keys = ["", channel].map(|at| (platform.clone(), at.to_owned()));
        if keys.iter().any(|key| gates.get(key).is_some_and(|gate| gate.stops(posts, now))) {
            return false;
        }
        for key in &keys {
            if let Some(gate) = gates.get_mut(key).filter(|gate| posts || !gate.posting) {
                gate.tries = gate.tries.saturating_add(1);
                gate.tried = now;
                gate.until = now.saturating_add(interval_ms(gate.tries));
            }
        }
        true
    }

    pub fn closed(&self, platform: &Platform, now: i64) -> Closed {
        let mut closed = Closed::default();
        for ((of, channel), gate) in &*self.lock() {
            if of != platform || !gate.stops(true, now) {
                continue;
            }
            if channel.is_empty() {
                closed.everything = true;
            } else if gate.posting {
                closed.posting.push(channel.clone());
            } else {
                closed.channels.push(channel.clone());
            }
        }
        closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn slack() -> Platform {
        Platform::new("slack")
    }

    #[test]
    fn one_write_at_growing_intervals() {
        let gates = Gates::default();
        let mut tried = Vec::new();
        for minute in 0..240 {
            // A flood: ten cards each minute.
            for _ in 0..10 {
                if gates.take(&slack(), "C1", true, minute * MINUTE) {
                    tried.push(minute);
                    gates.shut(&slack(), "C1", false, minute * MINUTE);
                }
            }
        }
        assert_eq!(tried, [0, 1, 3, 7, 15, 31, 63, 123, 183]);
        assert!(gates.take(&slack(), "C2", true, 0), "other channels are free");
    }

    #[test]
    fn edits_pass_where_only_posts_are_refused() {
        let gates = Gates::default();
        gates.shut(&slack(), "C1", true, 0);
        assert!(!gates.take(&slack(), "C1", true, 1) && gates.take(&slack(), "C1", false, 1));
        assert_eq!(gates.closed(&slack(), 1).posting, ["C1"]);
        gates.shut(&slack(), "C1", false, 2);
        assert!(!gates.take(&slack(), "C1", false, 3), "now edits are refused, too");
        assert_eq!(gates.closed(&slack(), 3).channels, ["C1"]);
    }

    #[test]
    fn a_platform_closes_all_of_its_channels() {
        let gates = Gates::default();
        gates.shut(&slack(), "", false, 0);
        assert!(!gates.take(&slack(), "C1", false, 1) && gates.closed(&slack(), 1).everything);
        assert!(gates.take(&Platform::new("discord"), "C1", true, 1));
        assert!(gates.take(&slack(), "C1", false, MINUTE), "the try");
        assert!(!gates.take(&slack(), "C2", false, MINUTE), "is one of all channels");
        gates.remove(&slack(), "");
        assert!(gates.take(&slack(), "C2", false, MINUTE));
    }

    #[test]
    fn news_open_a_gate_and_many_news_do_not_hammer() {
        let gates = Gates::default();
        gates.shut(&slack(), "C1", false, 0);
        gates.open(Some(&slack()), Some("C1"), 0, 1);
        assert!(gates.take(&slack(), "C1", true, 1), "the channel itself");
        for at in 2..MINUTE {
            gates.open(Some(&slack()), None, MINUTE, at);
            assert!(!gates.take(&slack(), "C1", true, at), "{at}");
        }
        assert!(gates.take(&slack(), "C1", true, MINUTE + 1));
    }
}
