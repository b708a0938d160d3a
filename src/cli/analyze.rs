//! `analyze`: what a log says, for people or as JSON.

use ci_rescue::evidence::archive::{self, Kind, Limits};
use ci_rescue::evidence::{Analyzer, Baseline, Reading, Report};
use ci_rescue::frameworks::report;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{BufReader, IsTerminal, Read, Seek, Write};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Args {
    /// One JSON object a log
    #[arg(long)]
    json: bool,
    /// Error lines shown, and lines of the end of the log
    #[arg(long, default_value_t = 5, value_name = "N")]
    lines: usize,
    /// The log of a passing run of the same job: lines that are new in the red one count more
    #[arg(long, value_name = "GREEN")]
    baseline: Option<PathBuf>,
    /// Logs and JUnit reports, plain or gzip, and zip archives of them; - is standard input; a directory stands for its
    /// files
    #[arg(required = true, value_name = "FILE|-|DIRECTORY")]
    paths: Vec<PathBuf>,
}

/// Large enough for a bar to be worth it, in bytes.
const BAR: u64 = 32 << 20;
const CHUNK: usize = 256 << 10;

pub fn run(args: &Args) -> Result<(), String> {
    let green = match &args.baseline {
        Some(path) => Some(baseline(path).map_err(|why| format!("{}: {why}", path.display()))?),
        None => None,
    };
    let mut failed = Vec::new();
    for path in files(&args.paths)? {
        let mut show = |name: &str, reading: Reading| {
            let report = Report::new(name.to_owned(), reading.evidence);
            show(args, &report, &reading.excerpt, green.as_ref()).map_err(|why| why.to_string())
        };
        if let Err(why) = analyze(&path, green.as_ref(), &mut show) {
            failed.push(format!("{}: {why}", path.display()));
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
        if inside.is_empty() {
            return Err(format!("{}: no files in it", path.display()));
        }
        all.extend(inside);
    }
    Ok(all)
}

/// What is in a file: each log of it, and all its JUnit reports together.
fn each(path: &Path, each: &mut archive::Each<'_>) -> Result<(), String> {
    if path.as_os_str() == "-" {
        // An archive cannot be read from a pipe: its table stands at the end.
        let mut head = [0; 4];
        let mut input = std::io::stdin().lock();
        let n = read_some(&mut input, &mut head).map_err(|why| why.to_string())?;
        let whole = head[..n].chain(input);
        if archive::kind(&head[..n]) != Kind::Zip {
            return archive::stream(whole, Limits::default(), each);
        }
        let mut spool = tempfile::tempfile().map_err(|why| why.to_string())?;
        std::io::copy(&mut whole.take(Limits::default().expanded), &mut spool).map_err(|why| why.to_string())?;
        spool.rewind().map_err(|why| why.to_string())?;
        return archive::zip(spool, Limits::default(), each);
    }
    let mut file = File::open(path).map_err(|why| why.to_string())?;
    let size = file.metadata().map_or(0, |meta| meta.len());
    let mut head = [0; 4];
    let n = read_some(&mut file, &mut head).map_err(|why| why.to_string())?;
    file.rewind().map_err(|why| why.to_string())?;
    let bar = bar(size);
    let done = match archive::kind(&head[..n]) {
        Kind::Zip => archive::zip(BufReader::new(bar.wrap_read(file)), Limits::default(), each),
        _ => archive::stream(bar.wrap_read(file), Limits::default(), each),
    };
    bar.finish_and_clear();
    done
}

fn read_some(source: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match source.read(&mut buffer[n..])? {
            0 => break,
            more => n += more,
        }
    }
    Ok(n)
}

fn analyze(
    path: &Path,
    green: Option<&Baseline>,
    show: &mut dyn FnMut(&str, Reading) -> Result<(), String>,
) -> Result<(), String> {
    let mut reports: Option<report::Report> = None;
    // A report belongs to the only log there is: the first one waits until a second comes.
    let (mut first, mut several): (Option<(String, Reading)>, bool) = (None, false);
    let shown = |name: &str| match name {
        "" => path.display().to_string(),
        name => format!("{}/{name}", path.display()),
    };
    let read = each(path, &mut |name, kind, source| {
        if kind == Kind::Xml {
            let found = match archive::report(BufReader::new(source)) {
                Ok(found) => found,
                // Archives hold other XML, too.
                Err(_) if !name.is_empty() => return Ok(()),
                Err(why) => return Err(why),
            };
            match &mut reports {
                Some(all) => report::join(all, found),
                None => reports = Some(found),
            }
            return Ok(());
        }
        let analyzer = Analyzer::default().with_baseline(green.cloned().unwrap_or_default());
        let reading = drain(analyzer, source)?.finish();
        if !several && first.is_none() {
            first = Some((shown(name), reading));
            return Ok(());
        }
        several = true;
        if let Some((name, reading)) = first.take() {
            show(&name, reading)?;
        }
        show(&shown(name), reading)
    });
    // What was read before the fault is told.
    match (first, reports) {
        (Some((name, reading)), Some(reports)) => show(&name, reading.with_report(reports))?,
        (Some((name, reading)), None) => show(&name, reading)?,
        (None, Some(reports)) => show(&shown(""), Analyzer::default().finish().with_report(reports))?,
        (None, None) => {}
    }
    read
}

fn drain(mut analyzer: Analyzer, source: &mut dyn Read) -> Result<Analyzer, String> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match source.read(&mut chunk) {
            Ok(0) => return Ok(analyzer),
            Ok(n) => analyzer.feed(&chunk[..n]),
            Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why.to_string()),
        }
    }
}

fn baseline(path: &Path) -> Result<Baseline, String> {
    let mut analyzer = Some(Analyzer::of_baseline());
    each(path, &mut |_, kind, source| {
        if kind == Kind::Plain
            && let Some(reader) = analyzer.take()
        {
            analyzer = Some(drain(reader, source)?);
        }
        Ok(())
    })?;
    Ok(analyzer.map(Analyzer::into_baseline).unwrap_or_default())
}

/// A bar on a terminal for what takes a while; nothing elsewhere.
fn bar(size: u64) -> ProgressBar {
    if size < BAR || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta} left");
    ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(args: &Args, report: &Report, excerpt: &str, green: Option<&Baseline>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let done = if args.json {
        writeln!(out, "{}", serde_json::to_string(report).unwrap_or_default())
    } else {
        words(&mut out, args, report, excerpt, green)
    };
    // Whoever reads us may have seen enough.
    done.or_else(|why| if why.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(why) })
}

/// Columns of a narrow terminal.
const WIDTH: usize = 79;

fn words(
    out: &mut impl Write,
    args: &Args,
    report: &Report,
    excerpt: &str,
    green: Option<&Baseline>,
) -> std::io::Result<()> {
    let (bold, red, dim, off) =
        if std::io::stdout().is_terminal() { ("\x1b[1m", "\x1b[31m", "\x1b[2m", "\x1b[0m") } else { ("", "", "", "") };
    let confidence = report.confidence * 100.0;
    writeln!(out, "{bold}{}{off}", report.file)?;
    let size = indicatif::HumanBytes(report.bytes);
    writeln!(out, "  {bold}{}{off} ({confidence:.0} %), {} lines, {size}", report.category, report.lines)?;
    if let Some(step) = &report.failing_step {
        writeln!(out, "  step: {}", step.line(WIDTH - 8))?;
    }
    match (report.exit_code, &report.signal) {
        (Some(code), Some(signal)) => writeln!(out, "  exit code: {code} ({signal})")?,
        (Some(code), None) => writeln!(out, "  exit code: {code}")?,
        (None, Some(signal)) => writeln!(out, "  signal: {signal}")?,
        (None, None) => {}
    }
    if let Some(issue) = &report.known_issue {
        writeln!(out, "  known issue: {issue}")?;
    }
    for error in report.errors.iter().take(args.lines) {
        let width = WIDTH - 11;
        writeln!(out, "  {dim}{:>7}{off}  {red}{}{off}", error.line, error.text.line(width))?;
    }
    for test in report.failing_tests.iter().take(args.lines) {
        writeln!(out, "  failing test ({}): {}", test.framework, test.name.line(WIDTH - 20 - test.framework.len()))?;
    }
    if report.failing_tests.len() > args.lines {
        writeln!(out, "  and {} more failing tests", report.failing_tests.len() - args.lines)?;
    }
    for frame in report.frames.iter().take(args.lines.min(3)) {
        writeln!(out, "  at {}:{}", frame.file.line(WIDTH - 12), frame.line.unwrap_or_default())?;
    }
    versions(out, args, report, green)?;
    if let Some(print) = &report.fingerprint {
        writeln!(out, "  fingerprint: {print}")?;
    }
    if !report.redactions.is_empty() {
        let masked: Vec<String> = report.redactions.iter().map(|(rule, n)| format!("{rule} {n}")).collect();
        writeln!(out, "  masked: {}", masked.join(", "))?;
    }
    let lines: Vec<&str> = excerpt.lines().collect();
    if !lines.is_empty() {
        writeln!(out, "  {dim}the end of what was read:{off}")?;
    }
    for line in &lines[lines.len().saturating_sub(args.lines * 2)..] {
        writeln!(out, "  {}", line.chars().take(WIDTH - 2).collect::<String>())?;
    }
    writeln!(out)
}

/// Packages that the passing run had in another version.
fn versions(out: &mut impl Write, args: &Args, report: &Report, green: Option<&Baseline>) -> std::io::Result<()> {
    let Some(green) = green else { return Ok(()) };
    let moved = report.resolved.iter().filter_map(|now| {
        let before = green.version(&now.ecosystem, now.package.raw())?;
        (before != now.version.raw()).then_some((now, before))
    });
    for (now, before) in moved.take(args.lines) {
        let package = now.package.line(40);
        writeln!(out, "  {} {package}: {before} when it passed, {} now", now.ecosystem, now.version.line(20))?;
    }
    Ok(())
}
