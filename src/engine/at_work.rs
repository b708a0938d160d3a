//! The effects that are being performed, by name: for whoever has to end before they do.

use super::Engine;
use crate::domain::effect::Effect;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct Table {
    next: u64,
    names: BTreeMap<u64, String>,
}

#[derive(Default)]
pub(super) struct AtWork(Mutex<Table>);

/// Until it is dropped, its effect is being performed.
pub(super) struct Here<'a>(&'a AtWork, u64);

impl AtWork {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn enter(&self, effect: &Effect) -> Here<'_> {
        let of = effect.incident().map(|no| format!(" of {no}")).unwrap_or_default();
        let mut table = self.table();
        let no = table.next;
        table.next += 1;
        table.names.insert(no, format!("{}{of}", effect.kind()));
        Here(self, no)
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.table().names.remove(&self.1);
    }
}

impl Engine {
    /// What is being performed, the oldest first: `read_log of #42`.
    #[must_use]
    pub fn performing(&self) -> Vec<String> {
        self.at_work.table().names.values().cloned().collect()
    }
}
