//! `incident export`: incidents or their journals, for other programs.

use crate::cli::at::{At, Failure, INPUT, Lines};
use crate::cli::{Failed, runtime, terminal};
use ci_rescue::app::SystemClock;
use ci_rescue::card::{Places, Words};
use ci_rescue::domain::Time;
use ci_rescue::engine::export::export;
use ci_rescue::ports::{Clock, ExportAsked, Exported, Format};
use clap::ValueEnum;
use futures::StreamExt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Shape {
    Jsonl,
    Csv,
}

impl Shape {
    pub(super) fn format(self) -> Format {
        match self {
            Self::Jsonl => Format::Jsonl,
            Self::Csv => Format::Csv,
        }
    }
}

#[derive(clap::Args)]
pub struct Args {
    /// The entries of the journals instead of the incidents
    #[arg(long)]
    journal: bool,
    /// Newline-delimited JSON, or a table
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Shape,
    /// One repository, as owner/name
    #[arg(long, value_name = "REPO")]
    repo: Option<String>,
    /// Only from this time on: 2026-01-02T03:04:05Z, or a span such as 30d
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only before this time, given likewise
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Write to this new file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    at: At,
}

pub fn run(args: &Args) -> Result<(), Failed> {
    let asked = asked(args)?;
    let mut out = sink(args.output.as_deref())?;
    let done = runtime()?.block_on(async {
        let mut lines = read(&args.at, asked).await?;
        while let Some(piece) = lines.next().await {
            wrote(out.write_all(&piece?))?;
            if terminal::is_closed() {
                return Ok(());
            }
        }
        wrote(out.flush())
    });
    // Half a file is no export.
    if let (Err(_), Some(path)) = (&done, &args.output) {
        let _ = std::fs::remove_file(path);
    }
    Ok(done?)
}

/// Whoever reads us may have seen enough.
pub(super) fn wrote(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(why) if why.kind() == io::ErrorKind::BrokenPipe => {
            terminal::note(Err(why.kind()));
            Ok(())
        }
        other => other.map_err(|why| Failure(INPUT, why.to_string())),
    }
}

fn asked(args: &Args) -> Result<ExportAsked, Failed> {
    if let Some(repo) = &args.repo {
        repo.parse::<ci_rescue::domain::Repo>().map_err(|why| format!("--repo: {why}"))?;
    }
    Ok(ExportAsked {
        what: if args.journal { Exported::Journal } else { Exported::Incidents },
        format: args.format.format(),
        repo: args.repo.clone(),
        since: args.since.as_deref().map(|text| when("--since", text)).transpose()?,
        until: args.until.as_deref().map(|text| when("--until", text)).transpose()?,
        only: None,
    })
}

/// A time, or so long ago.
pub(super) fn when(flag: &str, text: &str) -> Result<Time, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
        return Ok(Time(SystemClock.now().0.saturating_sub(ago)));
    }
    let at = humantime::parse_rfc3339_weak(text).ok();
    let ms = at
        .and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok())
        .and_then(|d| i64::try_from(d.as_millis()).ok());
    ms.map(Time).ok_or_else(|| format!("{flag}: use a span such as 30d, or a time such as 2026-01-02T03:04:05Z"))
}

/// For this account alone: what people and logs said is in it. A file that is there stays.
pub(super) fn sink(path: Option<&Path>) -> Result<Box<dyn Write>, String> {
    let Some(path) = path else { return Ok(Box::new(io::stdout().lock())) };
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let file = made.map_err(|why| format!("{}: {why}", path.display()))?;
    Ok(Box::new(io::BufWriter::new(file)))
}

async fn read(at: &At, asked: ExportAsked) -> Result<Lines, Failure> {
    if let Some(store) = at.open()? {
        let words = Words::shipped(Places::default()).map_err(|why| Failure(INPUT, why.to_string()))?;
        let lines = export(store, Arc::new(words), asked);
        return Ok(lines.map(|line| line.map_err(Failure::from)).boxed());
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    query.append_pair("what", &word(serde_json::json!(asked.what)));
    query.append_pair("format", &word(serde_json::json!(asked.format)));
    query.extend_pairs(asked.repo.iter().map(|repo| ("repo", repo.as_str())));
    for (name, time) in [("since", asked.since), ("until", asked.until)] {
        let at = time.and_then(|time| chrono::DateTime::from_timestamp_millis(time.0));
        query.extend_pairs(at.iter().map(|at| (name, at.to_rfc3339())));
    }
    at.ask(&format!("/api/export?{}", query.finish())).await
}
