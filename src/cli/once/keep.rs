//! The store between two calls: an archive as `store export` writes it.

use super::set;
use crate::cli::Failed;
use ci_rescue::ports::Store;
use ci_rescue::store::import;
use futures::StreamExt;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use tempfile::NamedTempFile;

const ARCHIVE: &str = "store.ndjson";

/// Makes the store of what the last call kept, if there was one.
pub fn load(state: &Path, store: &Path) -> Result<(), Failed> {
    let archive = state.join(ARCHIVE);
    if !archive.exists() {
        return Ok(());
    }
    let told = |why: String| {
        let name = archive.display();
        Failed::from(format!(
            "{name}: {why}. To begin anew, without memory of retries, delete it; on GitHub: gh cache delete KEY, for \
             each KEY of gh cache list --key ci-rescue-state-"
        ))
    };
    let file = File::open(&archive).map_err(|why| told(why.to_string()))?;
    import(store, BufReader::new(file), &mut |_, _| {}).map(|_| ()).map_err(|why| told(why.to_string()))
}

/// The archive appears whole, or the one before stays.
pub async fn save(store: &dyn Store, state: &Path) -> Result<(), Failed> {
    let cannot = |why: std::io::Error| format!("{} cannot be written: {why}", state.display());
    fs::create_dir_all(state).map_err(cannot)?;
    let mut out = BufWriter::new(NamedTempFile::new_in(state).map_err(cannot)?);
    let mut pieces = store.backup().await.map_err(|why| why.to_string())?;
    while let Some(piece) = pieces.next().await {
        out.write_all(&piece.map_err(|why| why.to_string())?).map_err(cannot)?;
    }
    let file = out.into_inner().map_err(|why| cannot(why.into_error()))?;
    file.as_file().sync_all().map_err(cannot)?;
    file.persist(state.join(ARCHIVE)).map_err(|why| cannot(why.error))?;
    // For the step of the workflow that keeps it.
    if let Some(path) = set("GITHUB_OUTPUT") {
        let output = File::options().create(true).append(true).open(&path);
        output.and_then(|mut file| writeln!(file, "kept=true")).map_err(|why| format!("{path}: {why}"))?;
    }
    Ok(())
}
