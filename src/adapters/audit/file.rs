//! A file that grows by a line an entry. It is opened for each write: whoever rotates it need not tell us.

use crate::ports::{AuditLog, Trail};
use async_trait::async_trait;
use std::path::PathBuf;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;

pub struct File {
    path: PathBuf,
    /// Bytes up to which the last write was whole, while one of ours was not.
    torn: Mutex<Option<u64>>,
}

impl File {
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, torn: Mutex::default() }
    }

    async fn append(&self, lines: &[u8]) -> std::io::Result<()> {
        let mut torn = self.torn.lock().await;
        // For its owner alone: it says who did what.
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path).await?;
        let length = file.metadata().await?.len();
        // A line of which the disk took a part only.
        let whole = torn.filter(|whole| *whole < length);
        if let Some(whole) = whole {
            file.set_len(whole).await?;
        }
        *torn = Some(whole.unwrap_or(length));
        file.write_all(lines).await?;
        file.sync_data().await?;
        *torn = None;
        Ok(())
    }
}

#[async_trait]
impl AuditLog for File {
    fn name(&self) -> &'static str {
        "file"
    }

    async fn take(&self, entries: &[Trail]) -> Result<(), String> {
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry).map_err(|why| why.to_string())?;
            lines.push(b'\n');
        }
        self.append(&lines).await.map_err(|why| format!("{}: {why}", self.path.display()))
    }
}
