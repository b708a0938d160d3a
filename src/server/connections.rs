//! The open connections of a listener. Where there is no place left, the one that has kept us waiting longest makes place,
//! those that have proved nothing first: whoever holds connections without using them holds nobody up.

use crate::ports::Client;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How many there may be, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub all: usize,
    /// Of one client; proxies of ours have no such bound.
    pub of_one: usize,
    /// How long one may keep us waiting for a request's head, or with an answer that it does not take.
    pub patience: Duration,
}

#[derive(Default)]
struct Table {
    next: u64,
    open: BTreeMap<u64, Open>,
    /// Ended, but not gone: each still has its file descriptor.
    leaving: BTreeSet<u64>,
}

struct Open {
    client: Option<Client>,
    state: Arc<State>,
    end: CancellationToken,
}

/// What a connection is about.
pub struct State {
    /// We wait for the other side: for a request, for more of it, or until its answer is taken.
    waits: AtomicBool,
    /// It brought something that proved where it comes from.
    proven: AtomicBool,
    /// When we last began or ceased to wait, by a clock that counts these changes.
    since: AtomicU64,
    clock: Arc<AtomicU64>,
    /// Told whenever one waits or leaves: then there is a place to be had.
    freed: Arc<Notify>,
}

impl State {
    /// We are at work for it.
    pub fn works(&self) {
        self.set(false);
    }

    /// The other side has to do something.
    pub fn waits(&self) {
        self.set(true);
        self.freed.notify_waiters();
    }

    /// Who has credentials, such as a proxy's kept connections, is the last to go.
    pub fn proves(&self) {
        self.proven.store(true, Ordering::Relaxed);
    }

    /// Who goes first: whoever proved nothing, then whoever has kept us waiting longest.
    fn rank(&self) -> (bool, u64) {
        (self.proven.load(Ordering::Relaxed), self.since.load(Ordering::Relaxed))
    }

    fn set(&self, waits: bool) {
        self.since.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        self.waits.store(waits, Ordering::Relaxed);
    }
}

pub struct Connections {
    bounds: Bounds,
    table: Mutex<Table>,
    clock: Arc<AtomicU64>,
    freed: Arc<Notify>,
}

/// A connection's place, until it is dropped.
pub struct Place {
    no: u64,
    all: Arc<Connections>,
    pub state: Arc<State>,
    /// Somebody else needs the place.
    pub end: CancellationToken,
}

impl Connections {
    pub fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { bounds, table: Mutex::default(), clock: Arc::default(), freed: Arc::default() })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection of `client`, or of a proxy of ours. Waits while we are at work for all others, and until
    /// the one that makes place is gone: there are never more than the bound.
    pub async fn place(self: &Arc<Self>, client: Option<Client>) -> Place {
        loop {
            let freed = self.freed.notified();
            if let Some(place) = self.try_place(client) {
                return place;
            }
            freed.await;
        }
    }

    /// Ends the connection that has kept us waiting longest, if there is one.
    pub fn relieve(&self) {
        self.table().end_one(|_| true);
    }

    fn try_place(self: &Arc<Self>, client: Option<Client>) -> Option<Place> {
        let mut table = self.table();
        let own = |open: &Open| client.is_some() && open.client == client;
        if table.open.values().filter(|open| own(open)).count() >= self.bounds.of_one {
            table.end_one(own);
        }
        if table.open.len() >= self.bounds.all {
            table.end_one(|_| true);
        }
        if table.open.len() + table.leaving.len() >= self.bounds.all {
            return None;
        }
        let state = State {
            waits: AtomicBool::new(true),
            // A proxy of ours keeps connections that it uses again.
            proven: AtomicBool::new(client.is_none()),
            since: AtomicU64::new(self.clock.fetch_add(1, Ordering::Relaxed)),
            clock: Arc::clone(&self.clock),
            freed: Arc::clone(&self.freed),
        };
        let (no, state, end) = (table.next, Arc::new(state), CancellationToken::new());
        table.next += 1;
        table.open.insert(no, Open { client, state: Arc::clone(&state), end: end.clone() });
        Some(Place { no, all: Arc::clone(self), state, end })
    }
}

impl Table {
    /// Ends one of these that keep us waiting, if there is one.
    fn end_one(&mut self, of: impl Fn(&Open) -> bool) {
        let waiting = self.open.iter().filter(|(_, open)| open.state.waits.load(Ordering::Relaxed) && of(open));
        let Some(no) = waiting.min_by_key(|(_, open)| open.state.rank()).map(|(no, _)| *no) else { return };
        if let Some(open) = self.open.remove(&no) {
            open.end.cancel();
            self.leaving.insert(no);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.all.table();
        table.open.remove(&self.no);
        table.leaving.remove(&self.no);
        drop(table);
        self.all.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use std::net::Ipv4Addr;

    fn client(n: u8) -> Client {
        Client(Ipv4Addr::new(192, 0, 2, n).into())
    }

    fn connections(all: usize, of_one: usize) -> Arc<Connections> {
        Connections::new(Bounds { all, of_one, patience: Duration::ZERO })
    }

    fn tried(all: &Arc<Connections>, n: u8) -> Option<Place> {
        all.place(Some(client(n))).now_or_never()
    }

    fn enter(all: &Arc<Connections>, n: u8) -> Place {
        tried(all, n).expect("a place at once")
    }

    fn ended(place: &Place) -> bool {
        place.end.is_cancelled()
    }

    #[test]
    fn the_one_that_keeps_us_waiting_longest_makes_place() {
        let all = connections(3, 3);
        let (first, second, third) = (enter(&all, 1), enter(&all, 2), enter(&all, 3));
        first.state.works();
        assert!(tried(&all, 4).is_none() && tried(&all, 4).is_none(), "nobody is gone yet");
        assert!(!ended(&first) && ended(&second) && !ended(&third), "the first is worked for, and one is enough");
        drop(second);
        let fourth = enter(&all, 4);
        first.state.waits();
        assert!(tried(&all, 5).is_none());
        assert!(!ended(&first) && ended(&third) && !ended(&fourth), "the first has only begun to wait");
        drop(third);
        let _fifth = enter(&all, 5);
        fourth.state.proves();
        assert!(tried(&all, 6).is_none());
        assert!(ended(&first) && !ended(&fourth), "the fourth has credentials");
    }

    #[test]
    fn one_client_pushes_out_its_own_and_a_proxy_has_no_bound() {
        let all = connections(8, 2);
        let other = enter(&all, 1);
        let own: Vec<Place> = (0..4).map(|_| enter(&all, 2)).collect();
        assert_eq!(own.iter().map(ended).collect::<Vec<_>>(), [true, true, false, false]);
        let proxied: Vec<Place> = (0..3).map(|_| all.place(None).now_or_never().unwrap()).collect();
        assert!(!ended(&other) && !proxied.iter().any(ended));
    }

    #[test]
    fn while_all_are_worked_for_the_next_one_waits() {
        let all = connections(2, 2);
        let places = [enter(&all, 1), enter(&all, 1)];
        for place in &places {
            place.state.works();
        }
        let mut next = Box::pin(all.place(Some(client(2))));
        assert!((&mut next).now_or_never().is_none());
        let [one, two] = places;
        drop(one);
        assert!((&mut next).now_or_never().is_some() && !ended(&two));
        let third = enter(&all, 3);
        third.state.works();
        let mut last = Box::pin(all.place(Some(client(4))));
        assert!((&mut last).now_or_never().is_none());
        two.state.waits();
        assert!((&mut last).now_or_never().is_none() && ended(&two), "its answer is ready");
        drop(two);
        assert!((&mut last).now_or_never().is_some(), "and its descriptor is free");
    }
}
