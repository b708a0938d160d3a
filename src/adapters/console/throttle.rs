//! How often a token may be tried at the sign-in.

use crate::ports::{Client, Clock, Ticks};
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// People mistype; after that, one try each so often.
const BURST: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const EVERY: Duration = Duration::from_secs(6);
/// Clients that are remembered before those that have not tried for a while are forgotten.
const CLIENTS: usize = 10_000;

pub const TOO_OFTEN: &str = "Too many tries: wait a minute, then try again.";

type Tries = RateLimiter<Client, HashMapStateStore<Client>, Ticks, NoOpMiddleware<Nanos>>;

pub struct Throttle {
    tries: Tries,
    ticks: Ticks,
}

impl Throttle {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let quota = Quota::with_period(EVERY).unwrap_or(Quota::per_minute(BURST)).allow_burst(BURST);
        let ticks = Ticks(clock);
        Self { tries: RateLimiter::hashmap_with_clock(quota, ticks.clone()), ticks }
    }

    /// One more try of this client; those that nobody tells apart are one.
    ///
    /// # Errors
    /// The seconds until the next one.
    pub fn try_once(&self, client: Option<Client>) -> Result<(), u64> {
        let client = client.unwrap_or(Client(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
        if self.tries.len() > CLIENTS {
            self.tries.retain_recent();
        }
        let tried = self.tries.check_key(&client);
        tried.map_err(|not| not.wait_time_from(self.ticks.now()).as_secs() + 1)
    }
}
