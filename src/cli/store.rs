//! `store verify|backup|restore|export|import`: from the store, or from the running server when that holds it.

mod moving;

use super::at::{At, DAMAGE, Failure, INPUT, Lines, Place, SERVER, lines};
use super::progress::Progress;
use super::{Failed, runtime};
use ci_rescue::ports::{Check, Store};
use ci_rescue::store::{self, Line, OpenError, Reader, RestoreError, Restored};
use clap::Subcommand;
use futures::StreamExt;
use futures::stream::BoxStream;
use indicatif::{HumanBytes, HumanCount};
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
#[command(after_help = "Exit status: 0 done, 1 damage found, 2 usage or input, 3 the running server failed.")]
enum What {
    /// Read everything back from the disk and compare it with what was saved
    Verify {
        #[command(flatten)]
        at: At,
    },
    /// Write everything to a new file, also while the server runs
    Backup {
        /// The file to write; it contains secrets
        #[arg(value_name = "TARGET")]
        target: PathBuf,
        #[command(flatten)]
        at: At,
    },
    /// Replace the store by a backup; the old store is kept
    Restore {
        /// A file that `store backup` wrote
        #[arg(value_name = "SOURCE")]
        source: PathBuf,
        #[command(flatten)]
        at: At,
    },
    /// Write everything as newline-delimited JSON, to move the store; also while the server runs
    Export {
        /// The file to write, or - for standard output; it contains secrets
        #[arg(long, value_name = "FILE", default_value = "-")]
        out: PathBuf,
        #[command(flatten)]
        at: At,
    },
    /// Make a new store of an export or a backup
    Import {
        /// What `store export` or `store backup` wrote, or - for standard input
        #[arg(value_name = "FILE")]
        source: PathBuf,
        #[command(flatten)]
        at: At,
    },
}

pub fn run(args: &Args) -> Result<u8, Failed> {
    let done = match &args.what {
        What::Verify { at } => verify(at),
        What::Backup { target, at } => dumped(at, target).and_then(|()| backup(target, at)),
        What::Restore { source, at } => restore(source, at),
        What::Export { out, at } => moving::export(out, at),
        What::Import { source, at } => moving::import(source, at),
    };
    Ok(done.map(|()| 0)?)
}

fn verify(at: &At) -> Result<(), Failure> {
    let place = at.place()?;
    let store = at.open()?;
    runtime()?.block_on(async {
        let mut checks: BoxStream<'static, Result<Check, Failure>> = match &store {
            Some(store) => store.verify().await?.map(|check| check.map_err(Failure::from)).boxed(),
            None => at.ask("/api/store/verify").await?.map(|line| line.and_then(|line| check(&line))).boxed(),
        };
        let mut progress = Progress::new("verifying");
        let (mut lost, mut done) = (0_u32, None);
        while let Some(check) = checks.next().await {
            match check? {
                Check::Read { rows, of } => progress.at(rows, of),
                Check::Lost { file, why } => {
                    lost += 1;
                    progress.say(&format!("files/{file} is {why}"));
                }
                Check::Done { turn, rows, files } => done = Some((turn, rows, files)),
            }
        }
        drop(progress);
        let Some((turn, rows, files)) = done else {
            return Err(Failure(SERVER, "the running server broke off".into()));
        };
        let rows = HumanCount(rows);
        if lost > 0 {
            let how = match &place {
                Place::Directory(path) => format!("ci-rescue store restore BACKUP --store {}", path.display()),
                Place::Database(_) => "pg_restore, from a dump".into(),
            };
            let why = format!(
                "the store in {place} is damaged ({lost} of {} content files are lost). Restore a backup: {how}",
                files + u64::from(lost)
            );
            return Err(Failure(DAMAGE, why));
        }
        println!("the store in {place} is whole: {rows} records, {files} content files, transaction {turn}");
        Ok(())
    })
}

fn check(line: &[u8]) -> Result<Check, Failure> {
    serde_json::from_slice(line).map_err(|why| Failure(SERVER, format!("the running server: {why}")))
}

/// A database is backed up and restored by its own tools.
fn dumped(at: &At, target: &Path) -> Result<(), Failure> {
    let Place::Database(_) = at.place()? else { return Ok(()) };
    let target = target.display();
    let why = format!(
        "the store is a PostgreSQL database (store.url), which its own tools back up and restore:\n  \
         pg_dump --format=custom --schema=ci_rescue --file={target} \"$URL\"\n  \
         pg_restore --clean --if-exists --dbname=\"$URL\" {target}     with every replica stopped\n\
         To move it elsewhere: ci-rescue store export --out FILE"
    );
    Err(Failure(INPUT, why))
}

fn backup(target: &Path, at: &At) -> Result<(), Failure> {
    let cannot = |why: std::io::Error| Failure(INPUT, format!("{} cannot be written: {why}", target.display()));
    if target.exists() {
        return Err(Failure(INPUT, format!("{} exists: choose another name", target.display())));
    }
    let dir = target.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Only its owner may read it: the store knows secrets.
    let file = NamedTempFile::new_in(dir).map_err(cannot)?;
    let store = at.open()?;
    let (counts, file) = runtime()?.block_on(async {
        let mut file = BufWriter::new(file);
        let counts = write(everything(store.as_ref(), at).await?, &mut file, "backing up", cannot).await?;
        let file = file.into_inner().map_err(|why| cannot(why.into_error()))?;
        file.as_file().sync_all().map_err(cannot)?;
        Ok::<_, Failure>((counts, file))
    })?;
    let bytes = file.as_file().metadata().map_err(cannot)?.len();
    file.persist_noclobber(target).map_err(|why| cannot(why.error))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(cannot)?;
    let (rows, files, lost) = counts;
    let (rows, bytes, target) = (HumanCount(rows), HumanBytes(bytes), target.display());
    println!("backed up {rows} records and {files} content files to {target} ({bytes})");
    told_of_lost(lost)
}

fn told_of_lost(lost: u64) -> Result<(), Failure> {
    match lost {
        0 => Ok(()),
        lost => {
            let why = format!("{lost} content files are lost and not in it; `ci-rescue store verify` names them");
            Err(Failure(DAMAGE, why))
        }
    }
}

/// A backup of the store, or of the one that the running server holds.
pub async fn everything(store: Option<&Arc<dyn Store>>, at: &At) -> Result<Lines, Failure> {
    match store {
        Some(store) => Ok(lines(store.backup().await?.map(|piece| piece.map_err(Failure::from)).boxed())),
        None => at.ask("/api/store/backup").await,
    }
}

type Counts = (u64, u64, u64);

/// Reads the backup as `restore` would while it is written: what is kept can be restored.
async fn write(
    mut lines: Lines,
    out: &mut impl Write,
    what: &str,
    cannot: impl Fn(std::io::Error) -> Failure,
) -> Result<Counts, Failure> {
    let mut progress = Progress::new(what);
    let mut reader = Reader::default();
    let (mut done, mut total, mut counts) = (0, 0, (0, 0, 0));
    let broken = |why: String| Failure(SERVER, why);
    while let Some(line) = lines.next().await {
        let line = line?;
        match reader.line(&line).map_err(broken)? {
            Line::Head { rows, .. } => total = rows,
            Line::Row(..) => done += 1,
            Line::End { rows, files, lost } => counts = (rows, files, lost),
            Line::File(..) | Line::Lost(_) => {}
        }
        progress.at(done, total);
        out.write_all(&line).map_err(&cannot)?;
    }
    reader.finish().map_err(broken)?;
    out.flush().map_err(cannot)?;
    Ok(counts)
}

fn restore(source: &Path, at: &At) -> Result<(), Failure> {
    dumped(at, source)?;
    let Place::Directory(path) = at.place()? else { return Ok(()) };
    let file = File::open(source).map_err(|why| Failure(INPUT, format!("{}: {why}", source.display())))?;
    let mut progress = Progress::new("restoring");
    let restored = store::restore(&path, BufReader::new(file), &mut |done, of| progress.at(done, of));
    drop(progress);
    let restored = restored.map_err(|why| refused(why, source))?;
    told(&restored, "restored", &Place::Directory(path));
    Ok(())
}

fn refused(why: RestoreError, source: &Path) -> Failure {
    match why {
        RestoreError::Backup(why) => Failure(DAMAGE, format!("{}: {why}. The store was not touched", source.display())),
        RestoreError::NotEmpty(why) => Failure(
            INPUT,
            format!(
                "{why}: import into a new directory by --store DIRECTORY, or replace this store by \
                 `ci-rescue store restore`, which keeps the old one. A database that may go is emptied by \
                 `DROP SCHEMA ci_rescue CASCADE`"
            ),
        ),
        RestoreError::Store(OpenError::InUse(why)) => Failure(INPUT, format!("{why}. Stop the server first")),
        RestoreError::Store(why) => why.into(),
    }
}

fn told(restored: &Restored, done: &str, place: &Place) {
    let rows = HumanCount(restored.rows);
    println!("{done} {rows} records and {} content files to {place}", restored.files);
    if restored.lost > 0 {
        println!("{} content files were lost before the backup was made", restored.lost);
    }
    if let Some(kept) = &restored.kept {
        println!("the old store is kept in {}", kept.display());
    }
}
