//! Impatient presses: one more of the same while the first waits in the inbox asks for nothing new.

use crate::domain::ids::Digest;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The presses that wait in the inbox. In memory alone: after a restart, a repeated press is refused as one that came
/// later is.
#[derive(Default)]
pub struct Presses(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// The delivery of each press, and whether it is on disk: only then may another be answered in its place.
    by_press: HashMap<Digest, (String, bool)>,
    by_delivery: HashMap<String, Digest>,
}

impl Presses {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the same press waits already. If not, `delivery` is the one that others repeat.
    pub fn is_repeated(&self, press: &Digest, delivery: &str) -> bool {
        let mut waiting = self.lock();
        if let Some((_, kept)) = waiting.by_press.get(press) {
            return *kept;
        }
        waiting.by_press.insert(press.clone(), (delivery.to_owned(), false));
        waiting.by_delivery.insert(delivery.to_owned(), press.clone());
        false
    }

    /// Others took in what waited.
    pub fn forget(&self) {
        *self.lock() = Waiting::default();
    }

    /// What became of it: kept on disk, or not.
    pub fn after(&self, delivery: &str, kept: bool) {
        if kept { self.kept(delivery) } else { self.over(delivery) }
    }

    fn kept(&self, delivery: &str) {
        let mut waiting = self.lock();
        let Waiting { by_press, by_delivery } = &mut *waiting;
        if let Some((_, kept)) = by_delivery.get(delivery).and_then(|press| by_press.get_mut(press)) {
            *kept = true;
        }
    }

    /// It is being taken in: the next press is news.
    pub fn over(&self, delivery: &str) {
        let mut waiting = self.lock();
        if let Some(press) = waiting.by_delivery.remove(delivery) {
            waiting.by_press.remove(&press);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_is_repeated_only_while_the_first_waits_on_disk() {
        let (presses, press) = (Presses::default(), Digest::of([b"retry".as_slice()]));
        assert!(!presses.is_repeated(&press, "a"));
        assert!(!presses.is_repeated(&press, "b"), "the first is not kept yet: nobody may be answered in its place");
        presses.kept("b");
        assert!(!presses.is_repeated(&press, "c"), "b does not stand for others");
        presses.kept("a");
        assert!(presses.is_repeated(&press, "d"));
        presses.over("a");
        assert!(!presses.is_repeated(&press, "e"));
    }

    #[test]
    fn one_that_was_taken_in_before_it_was_reported_kept_holds_up_nobody() {
        let (presses, press) = (Presses::default(), Digest::of([b"retry".as_slice()]));
        assert!(!presses.is_repeated(&press, "a"));
        presses.over("a");
        presses.kept("a");
        assert!(!presses.is_repeated(&press, "b"));
    }
}
