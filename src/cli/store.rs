//! `store verify|backup|restore`: from the store, or from the running server when that holds it.

use super::{ConfigArg, Failed, runtime};
use ci_rescue::ports::{Check, Store, StoreError};
use ci_rescue::store::{self, Ledger, Line, OpenError, Reader, RestoreError, Sled};
use clap::Subcommand;
use futures::StreamExt;
use futures::stream::BoxStream;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::fs::File;
use std::io::{BufReader, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Args)]
struct At {
    /// The store's directory; else store.path of the configuration
    #[arg(long = "store", value_name = "DIRECTORY")]
    path: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
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
}

const DAMAGE: u8 = 1;
const INPUT: u8 = 2;
const SERVER: u8 = 3;

/// What to say, and the exit status.
struct Failure(u8, String);

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self(INPUT, why)
    }
}

impl From<OpenError> for Failure {
    fn from(why: OpenError) -> Self {
        Self(if matches!(why, OpenError::Damaged(_)) { DAMAGE } else { INPUT }, why.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(why: StoreError) -> Self {
        Self(if matches!(why, StoreError::Damaged(_)) { DAMAGE } else { INPUT }, why.to_string())
    }
}

pub fn run(args: &Args) -> Result<u8, Failed> {
    let done = match &args.what {
        What::Verify { at } => verify(at),
        What::Backup { target, at } => backup(target, at),
        What::Restore { source, at } => restore(source, at),
    };
    done.map(|()| 0).map_err(|Failure(status, why)| Failed { status, why })
}

/// Opens the store, with a bar where that takes a while.
pub fn open(path: &Path) -> Result<Ledger<Sled>, OpenError> {
    let mut progress = Progress::new("checking the store");
    let disk = Sled::open_watched(path, &mut |done, of| progress.at(done, of))?;
    drop(progress);
    Ledger::open(disk).map_err(OpenError::from)
}

impl At {
    fn path(&self) -> Result<PathBuf, Failure> {
        match &self.path {
            Some(path) => Ok(path.clone()),
            None => Ok(self.config.load()?.store.path),
        }
    }

    /// The store, unless a running server holds it.
    fn open(&self) -> Result<Option<Ledger<Sled>>, Failure> {
        let path = self.path()?;
        if !path.exists() {
            return Err(Failure(INPUT, format!("no store at {}: set store.path or pass --store", path.display())));
        }
        match open(&path) {
            Ok(store) => Ok(Some(store)),
            Err(OpenError::InUse(_)) => Ok(None),
            Err(why) => Err(why.into()),
        }
    }

    /// What the running server answers, line by line.
    async fn ask(&self, path: &str) -> Result<BoxStream<'static, Result<Vec<u8>, Failure>>, Failure> {
        let config = self.config.load()?;
        let token = config.api.act_token.as_ref();
        let token = token.ok_or_else(|| {
            Failure(INPUT, "a running server holds the store: set api.act_token in its configuration".into())
        })?;
        let url = format!("http://{}{path}", config.server.listen);
        let broken = |why: reqwest::Error| Failure(SERVER, format!("the running server: {}", why.without_url()));
        let answer = reqwest::Client::new().get(url).bearer_auth(token.expose_secret()).send().await.map_err(broken)?;
        let status = answer.status();
        if !status.is_success() {
            let body: Value = answer.json().await.unwrap_or_default();
            let why = body.get("error").and_then(Value::as_str).map_or_else(|| status.to_string(), str::to_owned);
            return Err(Failure(SERVER, format!("the running server refused: {why}")));
        }
        Ok(lines(answer.bytes_stream().map(move |piece| piece.map(Vec::from).map_err(broken)).boxed()))
    }
}

/// Pieces cut into lines. A server's last words are its error.
fn lines(pieces: BoxStream<'static, Result<Vec<u8>, Failure>>) -> BoxStream<'static, Result<Vec<u8>, Failure>> {
    let state = (pieces, Vec::new(), std::collections::VecDeque::<Vec<u8>>::new());
    let cut = |(mut pieces, mut rest, mut ready): (BoxStream<'static, _>, Vec<u8>, std::collections::VecDeque<_>)| async {
        loop {
            if let Some(line) = ready.pop_front() {
                return Some((said(line), (pieces, rest, ready)));
            }
            match pieces.next().await {
                Some(Ok(piece)) => {
                    let piece: Vec<u8> = piece;
                    rest.extend(piece);
                    let end = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                    let left = rest.split_off(end);
                    ready.extend(rest.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
                    rest = left;
                }
                Some(Err(why)) => return Some((Err(why), (pieces, rest, ready))),
                None if rest.is_empty() => return None,
                None => ready.push_back(std::mem::take(&mut rest)),
            }
        }
    };
    futures::stream::unfold(state, cut).boxed()
}

fn said(line: Vec<u8>) -> Result<Vec<u8>, Failure> {
    for (key, status) in [("damaged", DAMAGE), ("error", SERVER)] {
        if line.starts_with(format!("{{\"{key}\":").as_bytes()) {
            let value: Value = serde_json::from_slice(&line).unwrap_or_default();
            return Err(Failure(status, value[key].as_str().unwrap_or("the running server failed").to_owned()));
        }
    }
    Ok(line)
}

fn verify(at: &At) -> Result<(), Failure> {
    let path = at.path()?;
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
        let (rows, path) = (HumanCount(rows), path.display());
        if lost > 0 {
            let why = format!(
                "the store in {path} is damaged ({lost} of {} content files are lost). Restore a backup: \
                 ci-rescue store restore BACKUP --store {path}",
                files + u64::from(lost)
            );
            return Err(Failure(DAMAGE, why));
        }
        println!("the store in {path} is whole: {rows} records, {files} content files, transaction {turn}");
        Ok(())
    })
}

fn check(line: &[u8]) -> Result<Check, Failure> {
    serde_json::from_slice(line).map_err(|why| Failure(SERVER, format!("the running server: {why}")))
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
        let lines = match &store {
            Some(store) => lines(store.backup().await?.map(|piece| piece.map_err(Failure::from)).boxed()),
            None => at.ask("/api/store/backup").await?,
        };
        write(lines, file, cannot).await
    })?;
    let bytes = file.as_file().metadata().map_err(cannot)?.len();
    file.persist_noclobber(target).map_err(|why| cannot(why.error))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(cannot)?;
    let (rows, files, lost) = counts;
    let (rows, bytes, target) = (HumanCount(rows), HumanBytes(bytes), target.display());
    println!("backed up {rows} records and {files} content files to {target} ({bytes})");
    if lost > 0 {
        let why = format!("{lost} content files are lost and not in it; `ci-rescue store verify` names them");
        return Err(Failure(DAMAGE, why));
    }
    Ok(())
}

type Counts = (u64, u64, u64);

/// Reads the backup as `restore` would while it is written: what is kept can be restored.
async fn write(
    mut lines: BoxStream<'static, Result<Vec<u8>, Failure>>,
    file: NamedTempFile,
    cannot: impl Fn(std::io::Error) -> Failure,
) -> Result<(Counts, NamedTempFile), Failure> {
    let mut out = BufWriter::new(file);
    let mut progress = Progress::new("backing up");
    let mut reader = Reader::default();
    let (mut done, mut total, mut counts) = (0, 0, (0, 0, 0));
    let broken = |why: String| Failure(SERVER, why);
    while let Some(line) = lines.next().await {
        let line = line?;
        match reader.line(&line).map_err(broken)? {
            Line::Head { rows } => total = rows,
            Line::Row(..) => done += 1,
            Line::End { rows, files, lost } => counts = (rows, files, lost),
            Line::File(..) | Line::Lost(_) => {}
        }
        progress.at(done, total);
        out.write_all(&line).map_err(&cannot)?;
    }
    reader.finish().map_err(broken)?;
    let file = out.into_inner().map_err(|why| cannot(why.into_error()))?;
    file.as_file().sync_all().map_err(&cannot)?;
    Ok((counts, file))
}

fn restore(source: &Path, at: &At) -> Result<(), Failure> {
    let path = at.path()?;
    let file = File::open(source).map_err(|why| Failure(INPUT, format!("{}: {why}", source.display())))?;
    let mut progress = Progress::new("restoring");
    let restored = store::restore(&path, BufReader::new(file), &mut |done, of| progress.at(done, of));
    drop(progress);
    let restored = restored.map_err(|why| match why {
        RestoreError::Backup(why) => Failure(DAMAGE, format!("{}: {why}. The store was not touched", source.display())),
        RestoreError::Store(OpenError::InUse(why)) => Failure(INPUT, format!("{why}. Stop the server first")),
        RestoreError::Store(why) => why.into(),
    })?;
    let rows = HumanCount(restored.rows);
    println!("restored {rows} records and {} content files to {}", restored.files, path.display());
    if restored.lost > 0 {
        println!("{} content files were lost before the backup was made", restored.lost);
    }
    if let Some(kept) = restored.kept {
        println!("the old store is kept in {}", kept.display());
    }
    Ok(())
}

/// How far we are: a bar on a terminal, a line for each tenth elsewhere, and nothing where it takes no time.
struct Progress {
    what: &'static str,
    bar: Option<ProgressBar>,
    tenth: u64,
}

/// Rows that are read in no time.
const SMALL: u64 = 20_000;

impl Progress {
    fn new(what: &'static str) -> Self {
        Self { what, bar: None, tenth: 0 }
    }

    fn at(&mut self, done: u64, of: u64) {
        if of < SMALL {
            return;
        }
        if std::io::stderr().is_terminal() {
            let bar = self.bar.get_or_insert_with(|| {
                let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}");
                let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
                ProgressBar::new(of).with_style(style).with_message(self.what)
            });
            bar.set_position(done);
        } else if done * 10 / of > self.tenth {
            self.tenth = done * 10 / of;
            eprintln!("{}: {} of {}", self.what, HumanCount(done), HumanCount(of));
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
