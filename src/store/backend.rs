//! The little that a database has to do.

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

/// An ordered map of bytes. Errors are sentences: there is nothing a caller could do but give up.
pub trait Backend: Send + Sync + 'static {
    /// # Errors
    /// The disk failed.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String>;
    /// Pairs whose key starts with `prefix` and is not below `from`, ascending, at most `limit`.
    ///
    /// # Errors
    /// The disk failed.
    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Pair>, String>;
    /// The same downwards: keys below `before`, descending.
    ///
    /// # Errors
    /// The disk failed.
    fn scan_down(&self, prefix: &[u8], before: &[u8], limit: usize) -> Result<Vec<Pair>, String>;
    /// All or nothing, visible at once, durable after the next [`Backend::flush`].
    ///
    /// # Errors
    /// The disk failed; nothing was changed.
    fn apply(&self, batch: &Batch) -> Result<(), String>;
    /// Everything applied so far survives a power cut.
    ///
    /// # Errors
    /// The disk failed.
    fn flush(&self) -> Result<(), String>;
    /// Content-addressed files, for what is too large for the database.
    ///
    /// # Errors
    /// The disk failed.
    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), String>;
    /// # Errors
    /// The disk failed.
    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, String>;
    /// Removes the files that `keep` does not want; answers how many.
    ///
    /// # Errors
    /// The disk failed.
    fn sweep_files(&self, keep: &dyn Fn(&str) -> bool) -> Result<u64, String>;
}

pub type Pair = (Vec<u8>, Vec<u8>);
