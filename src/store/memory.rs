//! A store without a disk, for simulation and conformance.

use super::backend::{Backend, Batch, Pair};
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
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        Ok(lock(&self.map).get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Pair>, String> {
        let start = prefix.max(from).to_vec();
        let map = lock(&self.map);
        let pairs = map.range(start..).take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        Ok(pairs.map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    fn scan_down(&self, prefix: &[u8], before: &[u8], limit: usize) -> Result<Vec<Pair>, String> {
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

    fn apply(&self, batch: &Batch) -> Result<(), String> {
        let mut map = lock(&self.map);
        for (key, value) in &batch.0 {
            match value {
                Some(value) => map.insert(key.clone(), value.clone()),
                None => map.remove(key),
            };
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), String> {
        Ok(())
    }

    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        lock(&self.files).insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(lock(&self.files).get(name).cloned())
    }

    fn sweep_files(&self, keep: &dyn Fn(&str) -> bool) -> Result<u64, String> {
        let mut files = lock(&self.files);
        let before = files.len();
        files.retain(|name, _| keep(name));
        Ok((before - files.len()) as u64)
    }
}
