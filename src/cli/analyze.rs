//! `analyze`: what a log says, for people or as JSON.

mod files;
mod words;

use super::{Failed, terminal};
use ci_rescue::app;
use ci_rescue::evidence::known;
use ci_rescue::evidence::{Analyzer, Baseline, Reading, Report as Shown};
use ci_rescue::frameworks::reports::Report;
use files::{Files, Input, Thing};
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

pub fn run(args: &Args) -> Result<(), Failed> {
    if let Some(path) = &args.known_issues {
        known::add(app::known::read(path)?);
    }
    let green = match &args.baseline {
        Some(path) => Some(files::baseline(path).map_err(|why| format!("{}: {why}", path.display()))?),
        None => None,
    };
    let groups = groups(&args.paths)?;
    let of = |group: &Group| {
        let alone = group.files.len() == 1;
        group.files.iter().map(|path| Input { path: path.clone(), alone }).collect::<Vec<_>>()
    };
    let mut files = Files::new(groups.iter().flat_map(of).collect(), green.as_ref())?;
    let bar = files.bar();
    let mut failed = Vec::new();
    for group in groups {
        let mut show = |name: &str, reading: Reading| {
            let report = Shown::new(name.to_owned(), reading.evidence);
            bar.suspend(|| show(args, &report, &reading.excerpt, green.as_ref())).map_err(|why| why.to_string())
        };
        failed.extend(analyze(&group, &mut files, &mut show)?);
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
    let is_stdin = |path: &&PathBuf| ["-", "/dev/stdin", "/dev/fd/0"].iter().any(|name| path.as_os_str() == *name);
    if paths.iter().filter(is_stdin).count() > 1 {
        return Err("standard input can be read once only".into());
    }
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

/// Shows each log of a group, with the reports where there is one log; answers what could not be read and why.
fn analyze(
    group: &Group,
    files: &mut Files,
    show: &mut dyn FnMut(&str, Reading) -> Result<(), String>,
) -> Result<Vec<String>, String> {
    let mut found = Found::default();
    let mut failed = Vec::new();
    for path in &group.files {
        let before = found.things;
        let mut take = |name: &str, thing| {
            found.take(inside(path, name), thing, show)?;
            // Whoever reads us may have seen enough.
            if terminal::is_closed() { Err(String::new()) } else { Ok(()) }
        };
        let why = match files.take(&mut take) {
            Err(_) if terminal::is_closed() => return Ok(failed),
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
    /// Logs and reports.
    things: u32,
}

impl Found {
    fn take(
        &mut self,
        name: String,
        thing: Thing,
        show: &mut dyn FnMut(&str, Reading) -> Result<(), String>,
    ) -> Result<(), String> {
        self.things += 1;
        match thing {
            Thing::Log(reading) => self.log(name, *reading, show),
            Thing::Report(found) => {
                self.report(found);
                Ok(())
            }
        }
    }

    fn report(&mut self, found: Report) {
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

fn show(args: &Args, report: &Shown, excerpt: &str, green: Option<&Baseline>) -> std::io::Result<()> {
    let text = if args.json {
        format!("{}\n", serde_json::to_string(report).unwrap_or_default())
    } else {
        words::Page::new(args.lines).report(report, excerpt, green)
    };
    terminal::coloured(&text)
}
