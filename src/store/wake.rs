//! Wakes whoever waits for sled in vain.
//!
//! sled 0.34.7 writes some buffers on threads of its own. Where such a write fails it notes the error and tells nobody,
//! so that a flush already under way waits for ever. Any flush that begins later finds the error and wakes all.

use super::damage::quietly;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a failed write may go unnoticed.
const BEAT: Duration = Duration::from_millis(100);

pub struct Waker {
    /// `None` only while it stops.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Waker {
    /// Watches a database until it is dropped, which has to be before the database is closed.
    pub fn start(db: sled::Db, config: sled::Config) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new().name("store-waker".into());
        let thread = thread.spawn(move || watch(&db, &config, &stopped))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

fn watch(db: &sled::Db, config: &sled::Config, stopped: &Receiver<()>) {
    while stopped.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
        if config.global_error().is_err() {
            // The error is told to whoever is woken.
            let _ = quietly(|| db.flush());
        }
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
