//! `store export|import`: a store on its way to another machine, through a file or a pipe.

use super::{backup, everything, refused, told, told_of_lost, write};
use crate::cli::at::{At, Failure, INPUT};
use crate::cli::progress::Progress;
use crate::cli::runtime;
use ci_rescue::store;
use std::fs::File;
use std::io::{BufReader, BufWriter, IsTerminal};
use std::path::Path;

/// Standard output or input.
const PIPE: &str = "-";

pub fn export(out: &Path, at: &At) -> Result<(), Failure> {
    if out != Path::new(PIPE) {
        return backup(out, at);
    }
    if std::io::stdout().is_terminal() {
        return Err(Failure(INPUT, "an export holds secrets: give --out FILE, or send it through a pipe".into()));
    }
    // A reader that went away has half an export: that is told, unlike elsewhere.
    let cannot = |why: std::io::Error| Failure(INPUT, format!("standard output cannot be written: {why}"));
    let store = at.open()?;
    let (_, _, lost) = runtime()?.block_on(async {
        let mut out = BufWriter::new(std::io::stdout().lock());
        write(everything(store.as_ref(), at).await?, &mut out, "exporting", cannot).await
    })?;
    told_of_lost(lost)
}

pub fn import(source: &Path, at: &At) -> Result<(), Failure> {
    let path = at.path()?;
    let mut progress = Progress::new("importing");
    let mut watch = |done, of| progress.at(done, of);
    let imported = if source == Path::new(PIPE) {
        store::import(&path, std::io::stdin().lock(), &mut watch)
    } else {
        let file = File::open(source).map_err(|why| Failure(INPUT, format!("{}: {why}", source.display())))?;
        store::import(&path, BufReader::new(file), &mut watch)
    };
    drop(progress);
    told(&imported.map_err(|why| refused(why, source))?, "imported", &path);
    Ok(())
}
