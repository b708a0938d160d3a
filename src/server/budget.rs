//! Memory for bodies, over all connections of a listener: what is not proven yet must not cost more than this.

use crate::ports::Client;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of bodies held at the same time.
const ALL: usize = 128 << 20;
/// Of these, kept for bodies that say that they are small: large ones never shut them out.
const FOR_SMALL: usize = 32 << 20;
/// A body that says that it is at most this large is small: deliveries are tens of kilobytes.
const SMALL: usize = 1 << 20;
/// What one client may hold in large bodies: more than the largest delivery.
const LARGE_OF_ONE: usize = 32 << 20;
/// What one client may hold in small ones.
const SMALL_OF_ONE: usize = 16 << 20;

#[derive(Default)]
struct Used {
    all: usize,
    by: HashMap<(Client, bool), usize>,
}

/// What a listener's bodies take.
#[derive(Default)]
pub struct Budget(Mutex<Used>);

impl Budget {
    fn used(&self) -> MutexGuard<'_, Used> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one body takes: given back when it is dropped.
pub struct Held {
    budget: Arc<Budget>,
    client: Client,
    small: bool,
    bytes: usize,
}

impl Held {
    /// Nothing yet. `told` is the length that the body's head tells; without one it may become large.
    pub fn new(budget: Arc<Budget>, client: Client, told: Option<usize>) -> Self {
        Self { budget, client, small: told.is_some_and(|length| length <= SMALL), bytes: 0 }
    }

    /// Takes more, or nothing where that would be too much: then the body must not be kept.
    #[must_use]
    pub fn take(&mut self, bytes: usize) -> bool {
        let (all_max, one_max) = if self.small { (ALL, SMALL_OF_ONE) } else { (ALL - FOR_SMALL, LARGE_OF_ONE) };
        let mut used = self.budget.used();
        let one = used.by.get(&(self.client, self.small)).copied().unwrap_or(0);
        if used.all + bytes > all_max || one + bytes > one_max {
            return false;
        }
        used.all += bytes;
        used.by.insert((self.client, self.small), one + bytes);
        self.bytes += bytes;
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut used = self.budget.used();
        used.all -= self.bytes;
        let key = (self.client, self.small);
        match used.by.get_mut(&key) {
            Some(one) if *one > self.bytes => *one -= self.bytes,
            _ => drop(used.by.remove(&key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn client(n: u8) -> Client {
        Client(Ipv4Addr::new(192, 0, 2, n).into())
    }

    #[test]
    fn one_client_cannot_take_what_others_need_and_everything_is_given_back() {
        let budget = Arc::new(Budget::default());
        let body = |n, told| Held::new(Arc::clone(&budget), client(n), told);
        let mut first = body(1, Some(LARGE_OF_ONE));
        assert!(first.take(LARGE_OF_ONE));
        assert!(!body(1, None).take(1), "without a length it counts as large");
        assert!(body(1, Some(SMALL)).take(SMALL), "its small ones are counted apart");
        assert!(body(2, None).take(LARGE_OF_ONE));
        drop(first);
        assert!(body(1, None).take(LARGE_OF_ONE));
        assert!(budget.used().by.is_empty() && budget.used().all == 0);
    }

    #[test]
    fn large_bodies_leave_room_for_small_ones() {
        let budget = Arc::new(Budget::default());
        let body = |n, told| Held::new(Arc::clone(&budget), client(n), told);
        let mut large: Vec<Held> = (0..8).map(|n| body(n, None)).collect();
        let taken = large.iter_mut().filter_map(|held| held.take(LARGE_OF_ONE).then_some(LARGE_OF_ONE)).sum::<usize>();
        assert_eq!(taken, ALL - FOR_SMALL);
        let mut small: Vec<Held> = (0..4).map(|n| body(n, Some(SMALL))).collect();
        let taken = small.iter_mut().filter_map(|held| held.take(SMALL_OF_ONE).then_some(SMALL_OF_ONE)).sum::<usize>();
        assert_eq!(taken, FOR_SMALL);
    }
}
