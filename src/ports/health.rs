//! Which integrations answer. Adapters report every call here; status, readiness, metrics and the log tell of outages.

use super::Clock;
use crate::domain::text::clean_line;
use crate::domain::time::{Span, Time};
use metrics::{counter, gauge};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many failed calls in a row are an outage: a single error answer is not.
const IN_A_ROW: u64 = 2;
const ERROR_CHARS: usize = 200;

/// Another program that we depend on.
pub struct Integration {
    /// As in metrics and JSON: `slack_socket`.
    name: &'static str,
    /// As in the log: `Slack Socket Mode`.
    title: &'static str,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `None` until the first call.
    up: Option<bool>,
    since: Time,
    /// Failed calls since the last one that succeeded, and when the first of them was.
    failures: u64,
    failing_since: Time,
    error: Option<String>,
    /// Of the last call that was answered, and of the last that failed.
    answered: Option<Time>,
    failed: Option<(Time, String)>,
    /// It asked us to be silent until then.
    paused: Option<Time>,
}

/// What is known of an integration now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vital {
    pub name: &'static str,
    /// For people: `Slack Socket Mode`.
    pub title: &'static str,
    /// `None` until the first call.
    pub up: Option<bool>,
    /// When it went up or down.
    pub since: Option<Time>,
    /// Failed calls in a row.
    pub failures: u64,
    /// Of the last failed call, on one line, while it is down.
    pub last_error: Option<String>,
    /// When a call was answered last.
    pub answered: Option<Time>,
    /// When a call failed last, and why, on one line.
    pub failed: Option<(Time, String)>,
    /// It asked for a pause until then.
    pub paused: Option<Time>,
}

impl Integration {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call was answered, be it with a refusal.
    pub fn answered(&self) {
        let now = self.clock.now();
        let mut state = self.state();
        let (failed, paused) = (state.failed.take(), state.paused);
        let fresh = State { up: Some(true), answered: Some(now), failed, paused, ..State::default() };
        let was = std::mem::replace(&mut *state, fresh);
        state.since = if was.up == Some(true) { was.since } else { now };
        drop(state);
        if was.up != Some(true) {
            self.measure(true, now);
        }
        if was.up == Some(false) {
            let (down, failures) = (Span(now.ms_since(was.failing_since)), was.failures);
            let calls = if failures == 1 { "call" } else { "calls" };
            tracing::info!(integration = self.name, "{} is back after {down} ({failures} failed {calls})", self.title);
        }
    }

    /// A call failed in a way that may pass: the second in a row is an outage.
    pub fn failed(&self, why: &str) {
        self.fail(why, IN_A_ROW);
    }

    /// There is no connection, or our credentials are refused: an outage at once.
    pub fn down(&self, why: &str) {
        self.fail(why, 1);
    }

    /// It asked not to be called before `until`.
    pub fn paused(&self, until: Time) {
        self.state().paused = Some(until);
    }

    fn fail(&self, why: &str, enough: u64) {
        let now = self.clock.now();
        let why = clean_line(why, ERROR_CHARS);
        counter!("ci_rescue_integration_failures_total", "integration" => self.name).increment(1);
        let mut state = self.state();
        state.failures += 1;
        if state.failures == 1 {
            state.failing_since = now;
        }
        state.error = Some(why.clone());
        state.failed = Some((now, why.clone()));
        if state.failures < enough || state.up == Some(false) {
            return;
        }
        (state.up, state.since) = (Some(false), state.failing_since);
        let since = state.since;
        drop(state);
        self.measure(false, since);
        tracing::warn!(integration = self.name, "{} is down: {why}; retrying", self.title);
    }

    fn measure(&self, up: bool, since: Time) {
        gauge!("ci_rescue_integration_up", "integration" => self.name).set(if up { 1.0 } else { 0.0 });
        gauge!("ci_rescue_integration_changed_timestamp_seconds", "integration" => self.name)
            .set(since.unix_s() as f64);
    }

    #[must_use]
    pub fn look(&self) -> Vital {
        let state = self.state();
        Vital {
            name: self.name,
            title: self.title,
            up: state.up,
            since: state.up.map(|_| state.since),
            failures: state.failures,
            last_error: state.error.clone().filter(|_| state.up == Some(false)),
            answered: state.answered,
            failed: state.failed.clone(),
            paused: state.paused.filter(|until| *until > self.clock.now()),
        }
    }
}

/// All integrations of an installation.
pub struct Health {
    clock: Arc<dyn Clock>,
    all: Mutex<Vec<Arc<Integration>>>,
    heard: Mutex<BTreeMap<&'static str, Time>>,
}

impl Health {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { clock, all: Mutex::default(), heard: Mutex::default() })
    }

    /// Adds one; `name` is for programs, `title` for people.
    pub fn integration(&self, name: &'static str, title: &'static str) -> Arc<Integration> {
        let new = Arc::new(Integration { name, title, clock: self.clock.clone(), state: Mutex::default() });
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(new.clone());
        new
    }

    /// A delivery came in.
    pub fn heard(&self, source: &'static str) {
        let now = self.clock.now();
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(source, now);
    }

    /// When each source was heard last since this start.
    #[must_use]
    pub fn last_heard(&self) -> BTreeMap<&'static str, Time> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[must_use]
    pub fn look(&self) -> Vec<Vital> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|one| one.look()).collect()
    }
}

/// The innermost cause of an error: what the system said, without the layers around it.
#[must_use]
pub fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    clean_line(&cause.to_string(), ERROR_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> Time {
            Time(self.0.load(Ordering::SeqCst))
        }
    }

    #[test]
    fn up_and_down_with_the_time_and_the_count() {
        let clock = Arc::new(Hand(AtomicI64::new(1_000)));
        let health = Health::new(clock.clone());
        let slack = health.integration("slack", "Slack");
        let look = || {
            let vital = health.look().remove(0);
            (vital.up, vital.since.map(|at| at.0), vital.failures, vital.last_error)
        };
        let at = |ms| clock.0.store(ms, Ordering::SeqCst);
        assert_eq!(look(), (None, None, 0, None));
        slack.failed("503");
        assert_eq!(look(), (None, None, 1, None), "one error answer is no outage");
        slack.answered();
        assert_eq!(look(), (Some(true), Some(1_000), 0, None));
        at(2_000);
        slack.answered();
        assert_eq!(look(), (Some(true), Some(1_000), 0, None), "since when it is up");
        slack.failed("503");
        at(3_000);
        slack.failed("502\nand more");
        assert_eq!(look(), (Some(false), Some(2_000), 2, Some("502 and more".into())), "since the first failure");
        at(4_000);
        slack.down("connection refused");
        assert_eq!(look(), (Some(false), Some(2_000), 3, Some("connection refused".into())));
        at(5_000);
        slack.answered();
        assert_eq!(look(), (Some(true), Some(5_000), 0, None));
        slack.paused(Time(6_000));
        slack.answered();
        let vital = health.look().remove(0);
        assert_eq!((vital.answered, vital.paused), (Some(Time(5_000)), Some(Time(6_000))));
        assert_eq!(vital.failed, Some((Time(4_000), "connection refused".into())), "what was is told on");
        at(6_000);
        assert_eq!(health.look().remove(0).paused, None);
        at(5_000);
        slack.down("connection refused");
        assert_eq!(look(), (Some(false), Some(5_000), 1, Some("connection refused".into())), "at once");
    }
}
