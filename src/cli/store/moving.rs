//! `store export|import`: a store on its way to another machine, through a file or a pipe.

use super::{backup, everything, refused, told, told_of_lost, write};
use crate::cli::at::{At, Failure, INPUT, Place};
use crate::cli::progress::Progress;
use crate::cli::runtime;
use ci_rescue::store::{self, Postgres};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, IsTerminal};
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
    let place = at.place()?;
    let mut progress = Progress::new("importing");
    let mut watch = |done, of| progress.at(done, of);
    let read: Box<dyn BufRead> = if source == Path::new(PIPE) {
        Box::new(std::io::stdin().lock())
    } else {
        let file = File::open(source).map_err(|why| Failure(INPUT, format!("{}: {why}", source.display())))?;
        Box::new(BufReader::new(file))
    };
    let imported = match &place {
        Place::Directory(path) => store::import(path, read, &mut watch),
        Place::Database(address) => Postgres::open(address)?.import(read, &mut watch),
    };
    drop(progress);
    told(&imported.map_err(|why| refused(why, source))?, "imported", &place);
    Ok(())
}
