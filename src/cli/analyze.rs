//! `analyze`: what a log says, for people or as JSON.

mod words;

use super::{Failed, terminal};
use ci_rescue::app;
use ci_rescue::evidence::archive::{self, Kind, Limits};
use ci_rescue::evidence::known;
use ci_rescue::evidence::{Analyzer, Baseline, Reading, Report as Shown, input};
use ci_rescue::frameworks::reports::Report;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{BufReader, IsTerminal, Read, Seek};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Args {
    /// One JSON object a log
    #[arg(long)]
    json: bool,
    /// At most so many error lines, failing tests, stack frames, changed versions and last lines
    #[arg(long, default_value_t = 5, value_name = "N")]
    lines: usize,
    /// The log of a passing run of the same job: lines that are new in the red one count more
    #[arg(long, value_name = "GREEN")]
    baseline: Option<PathBuf>,
    /// Known issues of your own, in a file like `rules/known_issues.toml`
    #[arg(long, value_name = "FILE")]
    known_issues: Option<PathBuf>,
    /// Logs and reports of tests or lint, plain or gzip, and zip archives of them; - is standard input; a directory
    /// stands for its files
    #[arg(required = true, value_name = "FILE|-|DIRECTORY")]
    paths: Vec<PathBuf>,
}

/// Large enough for a bar to be worth it, in bytes.
const BAR: u64 = 32 << 20;
const CHUNK: usize = 256 << 10;

pub fn run(args: &Args) -> Result<(), Failed> {
    if let Some(path) = &args.known_issues {
        known::add(app::known::read(path)?);
    }
    let green = match &args.baseline {
        Some(path) => Some(baseline(path).map_err(|why| format!("{}: {why}", path.display()))?),
        None => None,
    };
    let mut failed = Vec::new();
    for group in groups(&args.paths)? {
        let mut show = |name: &str, reading: Reading| {
            let report = Shown::new(name.to_owned(), reading.evidence);
            show(args, &report, &reading.excerpt, green.as_ref()).map_err(|why| why.to_string())
        };
        failed.extend(analyze(&group, green.as_ref(), &mut show)?);
        // Whoever reads us may have seen enough.
        if terminal::is_closed() {
            break;
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\nci-rescue: ").into()) }
}

fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".into() } else { path.display().to_string() }
}

/// What belongs together: a file by itself, and the files of a directory, in order.
struct Group {
    /// What reports without a log are shown as.
    name: PathBuf,
    files: Vec<PathBuf>,
}

fn groups(paths: &[PathBuf]) -> Result<Vec<Group>, String> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            all.push(Group { name: path.clone(), files: vec![path.clone()] });
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let mut files: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        files.sort();
        if files.is_empty() {
            return Err(format!("{}: no files in it", path.display()));
        }
        all.push(Group { name: path.clone(), files });
    }
    Ok(all)
}

/// What is in a file: each log of it, and all its reports together.
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

fn read_some(source: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match source.read(&mut buffer[n..])? {
            0 => break,
            more => n += more,
        }
    }
    Ok(n)
}

/// Shows each log of a group, with the reports where there is one log; answers what could not be read and why.
fn analyze(
    group: &Group,
    green: Option<&Baseline>,
    show: &mut dyn FnMut(&str, Reading) -> Result<(), String>,
) -> Result<Vec<String>, String> {
    let mut found = Found { alone: group.files.len() == 1, ..Found::default() };
    let mut failed = Vec::new();
    for path in &group.files {
        let before = found.things;
        let read = each(path, &mut |name, kind, source| found.take(path, name, kind, source, green, show));
        let why = match read {
            Err(why) => why,
            Ok(()) if found.things == before => "holds no log and no report".into(),
            Ok(()) => continue,
        };
        failed.push(format!("{}: {why}", shown(path)));
    }
    // What was read before a fault is told.
    found.finish(&group.name, show)?;
    Ok(failed)
}

/// What was found so far.
#[derive(Default)]
struct Found {
    reports: Option<Report>,
    /// A report belongs to the only log there is: the first one waits until a second comes.
    first: Option<(String, Reading)>,
    several: bool,
    /// There is one file to read.
    alone: bool,
    /// Logs and reports.
    things: u32,
}

impl Found {
    fn take(
        &mut self,
        path: &Path,
        name: &str,
        kind: Kind,
        source: &mut dyn Read,
        green: Option<&Baseline>,
        show: &mut dyn FnMut(&str, Reading) -> Result<(), String>,
    ) -> Result<(), String> {
        // A report that is the only file may be the log, too.
        let is_log = kind == Kind::Plain || (kind == Kind::Lines && self.alone && name.is_empty());
        if !is_log {
            let found = match archive::report(BufReader::new(source)) {
                Ok(found) => found,
                // Archives hold other XML, too.
                Err(_) if !name.is_empty() => return Ok(()),
                Err(why) => return Err(why),
            };
            self.report(found);
            return Ok(());
        }
        let mut analyzer = Analyzer::default().with_baseline(green.cloned().unwrap_or_default());
        let mut report = Report::default();
        let drained = match kind {
            Kind::Lines => {
                archive::items(BufReader::new(Tee { source, analyzer: &mut analyzer }), &mut |item| report.add(item))?;
                None
            }
            _ => drain(&mut analyzer, source)?,
        };
        match drained {
            None => {}
            // Archives hold other files, too.
            Some(_) if !name.is_empty() => return Ok(()),
            Some(why) => return Err(why.into()),
        }
        self.things += 1;
        self.log(inside(path, name), analyzer.finish().with_report(&report), show)
    }

    fn report(&mut self, found: Report) {
        self.things += 1;
        match &mut self.reports {
            Some(all) => all.join(found),
            None => self.reports = Some(found),
        }
    }

    fn log(
        &mut self,
        name: String,
        reading: Reading,
        show: &mut dyn FnMut(&str, Reading) -> Result<(), String>,
    ) -> Result<(), String> {
        if !self.several && self.first.is_none() {
            self.first = Some((name, reading));
            return Ok(());
        }
        self.several = true;
        if let Some((name, reading)) = self.first.take() {
            show(&name, reading)?;
        }
        show(&name, reading)
    }

    fn finish(self, group: &Path, show: &mut dyn FnMut(&str, Reading) -> Result<(), String>) -> Result<(), String> {
        match (self.first, self.reports) {
            (Some((name, reading)), Some(reports)) => show(&name, reading.with_report(&reports)),
            (Some((name, reading)), None) => show(&name, reading),
            (None, Some(reports)) => show(&inside(group, ""), Analyzer::default().finish().with_report(&reports)),
            (None, None) => Ok(()),
        }
    }
}

/// A name within a file, or the file's own.
fn inside(path: &Path, name: &str) -> String {
    match name {
        "" => path.display().to_string(),
        name => format!("{}/{name}", path.display()),
    }
}

/// Hands what is read to the analyzer, too.
struct Tee<'t> {
    source: &'t mut dyn Read,
    analyzer: &'t mut Analyzer,
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.source.read(buffer)?;
        self.analyzer.feed(&buffer[..n]);
        Ok(n)
    }
}

/// Reads all of it; or says why it is no log.
fn drain(analyzer: &mut Analyzer, source: &mut dyn Read) -> Result<Option<&'static str>, String> {
    let mut chunk = vec![0; CHUNK];
    let n = read_some(source, &mut chunk[..input::HEAD]).map_err(|why| why.to_string())?;
    let fault = if n == 0 { Some("empty") } else { input::fault(&chunk[..n]) };
    if fault.is_some() {
        return Ok(fault);
    }
    analyzer.feed(&chunk[..n]);
    loop {
        match source.read(&mut chunk) {
            Ok(0) => return Ok(None),
            Ok(n) => analyzer.feed(&chunk[..n]),
            Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why.to_string()),
        }
    }
}

fn baseline(path: &Path) -> Result<Baseline, String> {
    let mut analyzer = Analyzer::of_baseline();
    each(path, &mut |name, kind, source| {
        if matches!(kind, Kind::Plain | Kind::Lines)
            && let Some(why) = drain(&mut analyzer, source)?
            && name.is_empty()
        {
            return Err(why.into());
        }
        Ok(())
    })?;
    Ok(analyzer.into_baseline())
}

/// A bar on a terminal for what takes a while; nothing elsewhere.
fn bar(size: u64) -> ProgressBar {
    if size < BAR || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta} left");
    ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(args: &Args, report: &Shown, excerpt: &str, green: Option<&Baseline>) -> std::io::Result<()> {
    let text = if args.json {
        format!("{}\n", serde_json::to_string(report).unwrap_or_default())
    } else {
        words::Page::new(args.lines).report(report, excerpt, green)
    };
    terminal::coloured(&text)
}
