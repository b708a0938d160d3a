//! `analyze`: what a log says, for people or as JSON.

use ci_rescue::evidence::{Analyzer, Report};
use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Args {
    /// One JSON object a file
    #[arg(long)]
    json: bool,
    /// Error lines shown
    #[arg(long, default_value_t = 5, value_name = "N")]
    lines: usize,
    /// Logs, plain or gzip; - is standard input; a directory stands for its files
    #[arg(required = true, value_name = "FILE|-|DIRECTORY")]
    paths: Vec<PathBuf>,
}

/// Large enough for a bar to be worth it, in bytes.
const BAR: u64 = 32 << 20;
const CHUNK: usize = 256 << 10;

pub fn run(args: &Args) -> Result<(), String> {
    let mut failed = Vec::new();
    for path in files(&args.paths)? {
        match analyze(&path) {
            Ok((report, excerpt)) => show(args, &report, &excerpt).map_err(|why| why.to_string())?,
            Err(why) => failed.push(format!("{}: {why}", path.display())),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("could not read {}", failed.join("; "))) }
}

/// Directories stand for the files in them, in order.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            all.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let mut inside: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        inside.sort();
        all.extend(inside);
    }
    Ok(all)
}

fn analyze(path: &Path) -> Result<(Report, String), String> {
    let (reader, size): (Box<dyn Read>, u64) = if path.as_os_str() == "-" {
        (Box::new(std::io::stdin().lock()), 0)
    } else {
        let file = File::open(path).map_err(|why| why.to_string())?;
        let size = file.metadata().map_or(0, |meta| meta.len());
        (Box::new(file), size)
    };
    let bar = bar(size);
    let mut reader = BufReader::with_capacity(CHUNK, bar.wrap_read(reader));
    let gzip = reader.fill_buf().map_err(|why| why.to_string())?.starts_with(&[0x1f, 0x8b]);
    let mut source: Box<dyn Read> = if gzip { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) };
    let mut analyzer = Analyzer::default();
    let mut chunk = vec![0; CHUNK];
    loop {
        match source.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => analyzer.feed(&chunk[..n]),
            Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why.to_string()),
        }
    }
    bar.finish_and_clear();
    let reading = analyzer.finish();
    Ok((Report::new(path.display().to_string(), reading.evidence), reading.excerpt))
}

/// A bar on a terminal for what takes a while; nothing elsewhere.
fn bar(size: u64) -> ProgressBar {
    if size < BAR || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec}");
    ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(args: &Args, report: &Report, excerpt: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let done = if args.json {
        writeln!(out, "{}", serde_json::to_string(report).unwrap_or_default())
    } else {
        words(&mut out, args, report, excerpt)
    };
    // Whoever reads us may have seen enough.
    done.or_else(|why| if why.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(why) })
}

fn words(out: &mut impl Write, args: &Args, report: &Report, excerpt: &str) -> std::io::Result<()> {
    const TAIL: usize = 12;
    let (bold, red, off) =
        if std::io::stdout().is_terminal() { ("\x1b[1m", "\x1b[31m", "\x1b[0m") } else { ("", "", "") };
    let confidence = report.confidence * 100.0;
    writeln!(out, "{bold}{}{off}", report.file)?;
    writeln!(
        out,
        "  {bold}{}{off} ({confidence:.0} %)  {} lines, {} bytes",
        report.category, report.lines, report.bytes
    )?;
    if let Some(step) = &report.failing_step {
        writeln!(out, "  step: {}", step.line(70))?;
    }
    if let Some(code) = report.exit_code {
        writeln!(out, "  exit code: {code}")?;
    }
    for test in report.failing_tests.iter().take(args.lines) {
        writeln!(out, "  {red}failing test{off}: {} ({})", test.name.line(100), test.framework)?;
    }
    for error in report.errors.iter().take(args.lines) {
        writeln!(out, "  {:>7}: {red}{}{off}", error.line, error.text.line(160))?;
    }
    if let Some(print) = &report.fingerprint {
        writeln!(out, "  fingerprint: {print}")?;
    }
    if !report.redactions.is_empty() {
        let masked: Vec<String> = report.redactions.iter().map(|(rule, n)| format!("{rule} {n}")).collect();
        writeln!(out, "  masked: {}", masked.join(", "))?;
    }
    writeln!(out, "  the end of what was read:")?;
    let lines: Vec<&str> = excerpt.lines().collect();
    for line in &lines[lines.len().saturating_sub(TAIL)..] {
        writeln!(out, "  {}", line.chars().take(160).collect::<String>())?;
    }
    writeln!(out)
}
