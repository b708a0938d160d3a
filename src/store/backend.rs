//! The little that a database has to do.

use super::tally::Tally;
use crate::ports::StoreError;

/// Changes that happen together: `None` removes.
#[derive(Debug, Default)]
pub struct Batch(pub Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl Batch {
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.0.push((key, Some(value)));
    }

    pub fn remove(&mut self, key: Vec<u8>) {
        self.0.push((key, None));
    }
}

/// An ordered map of bytes.
pub trait Backend: Send + Sync + 'static {
    /// # Errors
    /// The disk failed.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// The values of some keys, in their order.
    ///
    /// # Errors
    /// The disk failed.
    fn get_all(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        keys.iter().map(|key| self.get(key)).collect()
    }
    /// Pairs whose key starts with `prefix` and is not below `from`, ascending, at most `limit`.
    ///
    /// # Errors
    /// The disk failed.
    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError>;
    /// The same downwards: keys below `before`, descending.
    ///
    /// # Errors
    /// The disk failed.
    fn scan_down(&self, prefix: &[u8], before: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError>;
    /// How many rows a table has.
    ///
    /// # Errors
    /// The disk failed.
    fn rows(&self, table: u8) -> Result<u64, StoreError> {
        Ok(self.scan(&[table], &[], usize::MAX)?.len() as u64)
    }
    /// All or nothing, visible at once, durable after the next [`Backend::flush`].
    ///
    /// # Errors
    /// The disk failed; nothing was changed.
    fn apply(&self, batch: &Batch) -> Result<(), StoreError>;
    /// Everything applied so far survives a power cut.
    ///
    /// # Errors
    /// The disk failed.
    fn flush(&self) -> Result<(), StoreError>;
    /// Whether there is room for more.
    ///
    /// # Errors
    /// The disk is full, or takes no writes.
    fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }
    /// Whether a write has failed, so that nothing more can be written before [`Backend::reopen`].
    fn has_failed(&self) -> bool {
        false
    }
    /// Takes up again from what is on disk.
    ///
    /// # Errors
    /// The disk fails still, or something is lost.
    fn reopen(&self) -> Result<(), StoreError> {
        Ok(())
    }
    /// Content-addressed files, for what is too large for the database.
    ///
    /// # Errors
    /// The disk failed.
    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError>;
    /// # Errors
    /// The disk failed.
    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Removes the files that `keep` does not want; answers how many.
    ///
    /// # Errors
    /// The disk failed.
    fn sweep_files(&self, keep: &dyn Fn(&str) -> bool) -> Result<u64, StoreError>;
    /// Everything as it is now. Only the writer asks for it, so no change is half in it.
    ///
    /// # Errors
    /// The disk failed.
    fn still(&self) -> Result<Box<dyn Still>, StoreError>;
}

/// Every row of a table, with what is to be changed for it.
///
/// # Errors
/// The store failed.
pub fn sweep(
    backend: &dyn Backend,
    table: u8,
    mut change: impl FnMut(&mut Batch, &[u8], &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    const AT_ONCE: usize = 4_096;
    let mut from = vec![table];
    loop {
        let rows = backend.scan(&[table], &from, AT_ONCE)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        from.clone_from(last);
        from.push(0);
        let mut batch = Batch::default();
        for (key, value) in &rows {
            change(&mut batch, key, value)?;
        }
        backend.apply(&batch)?;
    }
}

/// Given each row's key and value.
pub type EachRow<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError>;

/// What a store held at one turn, to be read on another thread while the store goes on.
pub trait Still: Send {
    /// What ought to be read.
    fn tally(&self) -> &Tally;
    /// Every row, in order.
    ///
    /// # Errors
    /// The disk failed, the store is damaged, or `row` gave up.
    fn each(&mut self, row: EachRow<'_>) -> Result<(), StoreError>;
    /// The names of all content files.
    ///
    /// # Errors
    /// The disk failed.
    fn files(&self) -> Result<Vec<String>, StoreError>;
    /// # Errors
    /// The disk failed.
    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// The rows read are not those that were saved.
    fn damaged(&self, what: &str) -> StoreError;
}

pub type Pair = (Vec<u8>, Vec<u8>);
