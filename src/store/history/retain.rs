//! Retention: blocks, runs and tides that ended before a time go; names stay.

use super::{Result, RunFailures, SLOT_MS, block, broken, unpacked};
use crate::store::backend::{Backend, Batch};
use crate::store::keys;

/// How many rows one pass looks at, so that a store of millions is not held in memory.
const PAGE: usize = 2048;

/// Stages the removal of what is older than `before`, in milliseconds since the epoch.
pub fn retain(backend: &dyn Backend, batch: &mut Batch, before: i64) -> Result<()> {
    sweep(backend, batch, keys::BLOCK, |_, bytes| {
        Ok(block::read(bytes).map_err(broken)?.iter().all(|row| row.at < before))
    })?;
    sweep(backend, batch, keys::RUN_FAILURES, |_, bytes| Ok(unpacked::<RunFailures>(bytes)?.at < before))?;
    let slot = before.div_euclid(SLOT_MS);
    sweep(backend, batch, keys::TIDE, |key, _| Ok(key[5..] < keys::tide(0, slot)[5..]))
}

fn sweep(
    backend: &dyn Backend,
    batch: &mut Batch,
    table: u8,
    is_old: impl Fn(&[u8], &[u8]) -> Result<bool>,
) -> Result<()> {
    let mut from = vec![table];
    loop {
        let page = backend.scan(&[table], &from, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        from = [last.as_slice(), &[0]].concat();
        for (key, bytes) in page {
            if is_old(&key, &bytes)? {
                batch.remove(key);
            }
        }
    }
}
