//! `history import|score|classify|fill`: what executions of jobs and tests came to, and what that says.

mod fill;

use super::at::{At, Failure, INPUT, Lines, SERVER};
use super::progress::Progress;
use super::{Failed, runtime, terminal};
use ci_rescue::domain::text::clean_line;
use ci_rescue::engine::history::{Imported, answer};
use ci_rescue::ports::{HistoryAsked, Store};
use clap::Subcommand;
use futures::StreamExt;
use indicatif::HumanCount;
use serde::Deserialize;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
#[command(after_help = LINE)]
enum What {
    /// Add outcomes from newline-delimited JSON; what is known already changes nothing
    Import {
        /// One outcome a line; - is standard input
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        #[command(flatten)]
        at: At,
    },
    /// Read the runs that GitHub still lists, of the last 90 days; for repositories that are not read yet
    Fill {
        /// One repository, as owner/name, from its newest run on
        #[arg(long, value_name = "REPO")]
        repo: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// How flaky each job and test is
    Score {
        /// One repository, as owner/name
        #[arg(long, value_name = "REPO")]
        repo: Option<String>,
        /// One JSON object for each job and test
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        at: At,
    },
    /// What caused new failures; nothing is written
    Classify {
        /// One failure a line; standard input without it
        #[arg(value_name = "FILE|-", default_value = "-")]
        file: PathBuf,
        /// One JSON object for each failure
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        at: At,
    },
}

const LINE: &str = r#"A line:
  {"repo": "acme/shop", "branch": "main", "default_branch": "main",
   "sha": "ef51500…", "run_id": 42, "attempt": 1, "workflow": "CI",
   "job": "test (ubuntu-latest, 3.12)", "test": "test_total",
   "outcome": "pass|fail|skip|timeout|cancelled", "at": "2026-01-02T03:04:05Z",
   "duration_ms": 1200, "fingerprint": "…"}
`test` is null for the job's own outcome."#;

/// A piece of a file: well below what the running server takes at once.
const PIECE: usize = 4 << 20;
/// Rows of the table for people.
const SHOWN: usize = 30;

pub fn run(args: &Args) -> Result<u8, Failed> {
    Ok(match &args.what {
        What::Import { file, at } => import(file, at)?,
        What::Fill { repo, at } => fill::run(repo.as_deref(), at)?,
        What::Score { repo, json, at } => score(repo.as_deref(), *json, at)?,
        What::Classify { file, json, at } => classify(file, *json, at)?,
    })
}

/// The store, or the server that holds it.
enum Source<'a> {
    Store(Arc<dyn Store>),
    Server(&'a At),
}

impl<'a> Source<'a> {
    /// `make` makes a store where there is none.
    fn open(at: &'a At, make: bool) -> Result<Self, Failure> {
        let opened = if make { at.place()?.open()? } else { at.open()? };
        Ok(opened.map_or(Self::Server(at), Self::Store))
    }

    async fn ask(&self, asked: HistoryAsked) -> Result<Lines, Failure> {
        match (self, asked) {
            (Self::Store(store), asked) => {
                let lines = answer(Arc::clone(store), asked).await?;
                Ok(lines.map(|line| line.map_err(Failure::from)).boxed())
            }
            (Self::Server(at), HistoryAsked::Import { lines, before }) => {
                at.send(&format!("/api/history/import?before={before}"), Some(lines)).await
            }
            (Self::Server(at), HistoryAsked::Classify { lines }) => at.send("/api/history/classify", Some(lines)).await,
            (Self::Server(at), HistoryAsked::Score { repo }) => {
                let query: String = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(repo.iter().map(|repo| ("repo", repo)))
                    .finish();
                at.ask(&format!("/api/history/score?{query}")).await
            }
        }
    }
}

fn reader(file: &Path) -> Result<(Box<dyn BufRead>, u64), Failure> {
    if file.as_os_str() == "-" {
        return Ok((Box::new(BufReader::new(std::io::stdin())), 0));
    }
    let cannot = |why: std::io::Error| Failure(INPUT, format!("{}: {why}", file.display()));
    let open = File::open(file).map_err(cannot)?;
    let bytes = open.metadata().map_err(cannot)?.len();
    Ok((Box::new(BufReader::with_capacity(1 << 16, open)), bytes))
}

/// The next whole lines, about [`PIECE`] of them; empty at the end.
fn piece(from: &mut dyn BufRead) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(PIECE + 4096);
    (&mut *from).take(PIECE as u64).read_to_end(&mut bytes)?;
    if bytes.len() == PIECE {
        // A line without an end is refused when it is read, not kept in memory.
        (&mut *from).take(PIECE as u64).read_until(b'\n', &mut bytes)?;
    }
    Ok(bytes)
}

fn import(file: &Path, at: &At) -> Result<u8, Failure> {
    let (mut from, size) = reader(file)?;
    let source = Source::open(at, true)?;
    let mut progress = Progress::new("importing");
    let (mut all, mut done, mut before) = (Imported::default(), 0, 0);
    runtime()?.block_on(async {
        loop {
            let lines = piece(&mut *from).map_err(|why| Failure(INPUT, format!("{}: {why}", file.display())))?;
            if lines.is_empty() {
                break Ok::<_, Failure>(());
            }
            done += lines.len() as u64;
            let count = memchr::memchr_iter(b'\n', &lines).count() as u64;
            let mut told = source.ask(HistoryAsked::Import { lines, before }).await?;
            before += count;
            if let Some(line) = told.next().await {
                all.add(parse(&line?)?);
            }
            progress.at(done, size);
        }
    })?;
    drop(progress);
    let (new, known) = (HumanCount(all.new), HumanCount(all.known));
    println!("imported {new} outcomes; {known} were known already");
    for (line, why) in &all.why {
        eprintln!("line {line}: {}", clean_line(why, 160));
    }
    if all.bad == 0 {
        return Ok(0);
    }
    let lines = if all.bad == 1 { "1 line was".into() } else { format!("{} lines were", HumanCount(all.bad)) };
    eprintln!("{lines} not read, and left out");
    if all.new + all.known == 0 { Err(Failure(INPUT, "no line could be read".into())) } else { Ok(super::FOUND) }
}

fn parse<T: for<'de> Deserialize<'de>>(line: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(line).map_err(|why| Failure(SERVER, format!("the running server: {why}")))
}

fn score(repo: Option<&str>, json: bool, at: &At) -> Result<u8, Failure> {
    let source = Source::open(at, false)?;
    let mut rows: Vec<Value> = Vec::new();
    runtime()?.block_on(async {
        let mut lines = source.ask(HistoryAsked::Score { repo: repo.map(str::to_owned) }).await?;
        while let Some(line) = lines.next().await {
            let line = line?;
            if json {
                print!("{}", String::from_utf8_lossy(&line));
            } else {
                rows.push(parse(&line)?);
            }
            if terminal::is_closed() {
                break;
            }
        }
        Ok::<_, Failure>(())
    })?;
    if !json {
        table(rows, repo);
    }
    Ok(0)
}

/// The flakiest first, by what is certain of them.
fn table(mut rows: Vec<Value>, repo: Option<&str>) {
    let number = |row: &Value, at: &str| row.pointer(at).and_then(Value::as_f64).unwrap_or(0.0);
    rows.sort_by(|a, b| number(b, "/flake/low").total_cmp(&number(a, "/flake/low")));
    if rows.is_empty() {
        let of = repo.map_or(String::new(), |repo| format!(" of {}", clean_line(repo, 80)));
        println!("no history{of} yet: import it with `ci-rescue history import FILE`");
        return;
    }
    println!("{:>6}  {:>13}  {:<13}  test or job", "rate", "90 %", "verdict");
    for row in rows.iter().take(SHOWN) {
        let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
        let percent = |at: &str| format!("{:.1}", 100.0 * number(row, at));
        let interval = format!("{} to {} %", percent("/flake/low"), percent("/flake/high"));
        let verdict = text("verdict");
        let name = match text("test") {
            "" => text("job").to_owned(),
            test => format!("{test} in {}", text("job")),
        };
        let name = format!("{}: {name}", text("repo"));
        let room = terminal::width().saturating_sub(40).max(30);
        println!("{:>5}%  {interval:>13}  {verdict:<13}  {}", percent("/flake/score"), clean_line(&name, room));
    }
    if rows.len() > SHOWN {
        println!("and {} more; --json lists all", HumanCount((rows.len() - SHOWN) as u64));
    }
}

fn classify(file: &Path, json: bool, at: &At) -> Result<u8, Failure> {
    let (mut from, _) = reader(file)?;
    let mut lines = Vec::new();
    from.read_to_end(&mut lines).map_err(|why| Failure(INPUT, format!("{}: {why}", file.display())))?;
    let source = Source::open(at, false)?;
    let mut unread = 0_u32;
    runtime()?.block_on(async {
        let mut told = source.ask(HistoryAsked::Classify { lines }).await?;
        while let Some(line) = told.next().await {
            let line = line?;
            let value: Value = parse(&line)?;
            unread += u32::from(value.get("error").is_some());
            if json {
                print!("{}", String::from_utf8_lossy(&line));
            } else {
                println!("{}", sentence(&value));
            }
        }
        Ok::<_, Failure>(())
    })?;
    Ok(if unread == 0 { 0 } else { INPUT })
}

fn sentence(value: &Value) -> String {
    if let Some(why) = value.get("error").and_then(Value::as_str) {
        return format!("not read: {}", clean_line(why, 160));
    }
    let cause = value.get("cause").and_then(Value::as_str).unwrap_or("unknown");
    let chance = value.pointer(&format!("/causes/{cause}")).and_then(Value::as_f64);
    let because = value.get("because").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let because = because.collect::<Vec<_>>().join("; ");
    match chance {
        Some(chance) => format!("{cause} ({:.0} %): {because}", chance * 100.0),
        None => format!("{cause}: {because}"),
    }
}
