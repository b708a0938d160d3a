//! Changes that are tried and never written: a store as it would be.

use super::backend::{Backend, Batch, Pair, Still};
use crate::ports::StoreError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The store under it, with changes kept in memory alone.
pub struct Overlay<B> {
    under: Arc<B>,
    changes: Mutex<BTreeMap<Vec<u8>, Option<Vec<u8>>>>,
}

impl<B: Backend> Overlay<B> {
    pub fn new(under: Arc<B>) -> Self {
        Self { under, changes: Mutex::default() }
    }

    fn changes(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Option<Vec<u8>>>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is under it and what was changed, as one: the changes win. `below` asks for more than `limit` by as many as
    /// the changes could take away.
    fn merge(
        &self,
        limit: usize,
        prefix: &[u8],
        in_range: impl Fn(&[u8]) -> bool,
        below: impl Fn(usize) -> Result<Vec<Pair>, StoreError>,
    ) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, StoreError> {
        let changes = self.changes();
        let table = changes.range(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
        let mine: Vec<_> = table.filter(|(key, _)| in_range(key)).collect();
        let gone = mine.iter().filter(|(_, value)| value.is_none()).count();
        let mut all: BTreeMap<Vec<u8>, Vec<u8>> = below(limit.saturating_add(gone))?.into_iter().collect();
        for (key, value) in mine {
            match value {
                Some(value) => all.insert(key.clone(), value.clone()),
                None => all.remove(key),
            };
        }
        Ok(all)
    }
}

impl<B: Backend> Backend for Overlay<B> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.changes().get(key) {
            Some(value) => Ok(value.clone()),
            None => self.under.get(key),
        }
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        let in_range = |key: &[u8]| key >= from;
        let all = self.merge(limit, prefix, in_range, |limit| self.under.scan(prefix, from, limit))?;
        Ok(all.into_iter().take(limit).collect())
    }

    fn scan_down(&self, prefix: &[u8], before: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        let in_range = |key: &[u8]| key < before;
        let all = self.merge(limit, prefix, in_range, |limit| self.under.scan_down(prefix, before, limit))?;
        Ok(all.into_iter().rev().take(limit).collect())
    }

    /// Without reading the tables: only what was changed is looked for.
    fn rows(&self, table: u8) -> Result<u64, StoreError> {
        let mut rows = self.under.rows(table)?;
        for (key, value) in self.changes().range(vec![table]..).take_while(|(key, _)| key.first() == Some(&table)) {
            match (self.under.get(key)?.is_some(), value.is_some()) {
                (false, true) => rows += 1,
                (true, false) => rows = rows.saturating_sub(1),
                _ => {}
            }
        }
        Ok(rows)
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        self.changes().extend(batch.0.iter().cloned());
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn put_file(&self, _: &str, _: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.under.file(name)
    }

    fn sweep_files(&self, _: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn still(&self) -> Result<Box<dyn Still>, StoreError> {
        self.under.still()
    }
}

#[cfg(test)]
mod tests {
    use super::super::memory::Memory;
    use super::*;
    use proptest::prelude::*;

    type Change = (u8, u8, Option<u8>);

    fn batch(changes: &[Change]) -> Batch {
        Batch(changes.iter().map(|(table, key, value)| (vec![*table, *key], value.map(|value| vec![value]))).collect())
    }

    fn change() -> impl Strategy<Value = Change> {
        (0..3_u8, 0..8_u8, prop::option::of(0..3_u8))
    }

    proptest! {
        /// Whatever is changed in it, it reads as the store would after those changes, and the store is as it was.
        #[test]
        fn it_reads_as_the_store_would(
            under in prop::collection::vec(change(), 0..30),
            over in prop::collection::vec(change(), 0..30),
            table in 0..3_u8, at in 0..9_u8, limit in 0..6_usize,
        ) {
            let (below, whole) = (Arc::new(Memory::default()), Memory::default());
            below.apply(&batch(&under)).unwrap();
            whole.apply(&batch(&under)).unwrap();
            whole.apply(&batch(&over)).unwrap();
            let overlay = Overlay::new(Arc::clone(&below));
            overlay.apply(&batch(&over)).unwrap();
            let (prefix, from) = ([table], [table, at]);
            prop_assert_eq!(overlay.get(&from).unwrap(), whole.get(&from).unwrap());
            prop_assert_eq!(overlay.rows(table).unwrap(), whole.rows(table).unwrap());
            prop_assert_eq!(overlay.scan(&prefix, &from, limit).unwrap(), whole.scan(&prefix, &from, limit).unwrap());
            let (mine, theirs) = (overlay.scan_down(&prefix, &from, limit), whole.scan_down(&prefix, &from, limit));
            prop_assert_eq!(mine.unwrap(), theirs.unwrap());
            let fresh = Memory::default();
            fresh.apply(&batch(&under)).unwrap();
            prop_assert_eq!(below.scan(&[], &[], 100).unwrap(), fresh.scan(&[], &[], 100).unwrap());
        }
    }
}
