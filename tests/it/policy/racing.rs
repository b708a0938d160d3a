//! A backend that lets two engines meet: what counts an automatic act is written only after somebody else has read the
//! count, as long as anybody is about to.

use ci_rescue::ports::StoreError;
use ci_rescue::store::{Backend, Batch, Memory, Still};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{ThreadId, current, yield_now};

#[derive(Default)]
pub struct Racing {
    inner: Memory,
    /// Reads of the count by whoever does not write it.
    reads: AtomicUsize,
    writer: Mutex<Option<ThreadId>>,
}

/// Long enough for an engine that is about to read, and bounded where none is.
const PATIENCE: usize = 2_000;

fn counts(key: &[u8]) -> bool {
    key.windows(5).any(|part| part == b"acts:")
}

impl Backend for Racing {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.inner.get(key);
        if counts(key) && *self.writer.lock().unwrap() != Some(current().id()) {
            self.reads.fetch_add(1, Ordering::SeqCst);
        }
        found
    }
    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        self.inner.scan(prefix, from, limit)
    }
    fn scan_down(&self, prefix: &[u8], before: &[u8], limit: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        self.inner.scan_down(prefix, before, limit)
    }
    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        *self.writer.lock().unwrap() = Some(current().id());
        if batch.0.iter().any(|(key, _)| counts(key)) {
            let before = self.reads.load(Ordering::SeqCst);
            for _ in 0..PATIENCE {
                if self.reads.load(Ordering::SeqCst) > before {
                    break;
                }
                yield_now();
            }
        }
        self.inner.apply(batch)
    }
    fn flush(&self) -> Result<(), StoreError> {
        self.inner.flush()
    }
    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.inner.put_file(name, bytes)
    }
    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.file(name)
    }
    fn sweep_files(&self, keep: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        self.inner.sweep_files(keep)
    }
    fn still(&self) -> Result<Box<dyn Still>, StoreError> {
        self.inner.still()
    }
}
