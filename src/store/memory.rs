//! A store without a disk, for simulation and conformance.

use super::backend::{Backend, Batch, EachRow, Pair, Still};
use super::tally::Tally;
use crate::ports::StoreError;
use std::collections::BTreeMap;
use std::sync::Mutex;

#[derive(Debug, Default)]
pub struct Memory {
    map: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
    files: Mutex<BTreeMap<String, Vec<u8>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Backend for Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(lock(&self.map).get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        let start = prefix.max(from).to_vec();
        let map = lock(&self.map);
        let pairs = map.range(start..).take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        Ok(pairs.map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    fn scan_down(&self, prefix: &[u8], before: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        if before < prefix {
            return Ok(Vec::new());
        }
        let map = lock(&self.map);
        let pairs = map
            .range(prefix.to_vec()..before.to_vec())
            .rev()
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit);
        Ok(pairs.map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut map = lock(&self.map);
        for (key, value) in &batch.0 {
            match value {
                Some(value) => map.insert(key.clone(), value.clone()),
                None => map.remove(key),
            };
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        lock(&self.files).insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(lock(&self.files).get(name).cloned())
    }

    fn sweep_files(&self, keep: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        let mut files = lock(&self.files);
        let before = files.len();
        files.retain(|name, _| keep(name));
        Ok((before - files.len()) as u64)
    }

    fn still(&self) -> Result<Box<dyn Still>, StoreError> {
        let (rows, files) = (lock(&self.map).clone(), lock(&self.files).clone());
        let mut tally = Tally::default();
        for (key, value) in &rows {
            tally.add(key, value);
        }
        Ok(Box::new(Copied { rows, files, tally }))
    }
}

struct Copied {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    files: BTreeMap<String, Vec<u8>>,
    tally: Tally,
}

impl Still for Copied {
    fn tally(&self) -> &Tally {
        &self.tally
    }

    fn each(&mut self, row: EachRow<'_>) -> Result<(), StoreError> {
        self.rows.iter().try_for_each(|(key, value)| row(key, value))
    }

    fn files(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.files.keys().cloned().collect())
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.files.get(name).cloned())
    }

    fn damaged(&self, what: &str) -> StoreError {
        StoreError::Damaged(what.to_owned())
    }
}
