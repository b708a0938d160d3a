//! `plan`: what a remedy would change in a local repository, for people or as JSON.

use super::Failed;
use super::terminal::visible;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use ci_rescue::adapters::git::View;
use ci_rescue::domain::change::{Change, ChangeOutcome, Conflicting, Direction, Method, Pick};
use ci_rescue::domain::edit::{Editing, Mark};
use ci_rescue::domain::ids::Digest;
use ci_rescue::domain::refs::Branch;
use ci_rescue::domain::text::clean_line;
use ci_rescue::ports::PortError;
use ci_rescue::remedies::editing::resolved::Resolved;
use ci_rescue::remedies::editing::{Quarantine, Release, Unpin};
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    remedy: Remedy,
    /// One JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(clap::Args)]
struct Repo {
    /// The repository; what is committed at HEAD counts
    #[arg(long = "repo", value_name = "DIR")]
    dir: PathBuf,
}

#[derive(clap::Args)]
struct Picked {
    #[command(flatten)]
    repo: Repo,
    /// A commit, as git takes it: an id, a tag, a branch, HEAD~1; the oldest first
    #[arg(long = "commit", required = true, value_name = "REVISION")]
    commits: Vec<String>,
    /// The branch to plan for; any other revision will do
    #[arg(long, value_name = "BRANCH")]
    onto: String,
    /// How it was merged; its commits tell if left out
    #[arg(long)]
    method: Option<MethodArg>,
}

#[derive(Clone, Copy, ValueEnum)]
enum MethodArg {
    Squash,
    Rebase,
    Merge,
}

#[derive(Subcommand)]
enum Remedy {
    /// Skip one test by its framework's own idiom
    Quarantine {
        #[command(flatten)]
        repo: Repo,
        /// The test, as its framework prints or accepts it
        #[arg(long, value_name = "NAME")]
        test: String,
        /// Its file, from the repository's root
        #[arg(long, value_name = "PATH")]
        file: Option<String>,
        /// Such as pytest, jest, go; a wrong one lists all
        #[arg(long)]
        framework: Option<String>,
        /// How long, such as 7d
        #[arg(long = "for", default_value = "7d", value_name = "TIME")]
        time: String,
        /// Why, for readers of the source
        #[arg(long, default_value = "quarantined", value_name = "TEXT")]
        reason: String,
        /// Day to count from, 2026-01-31 [default: today]
        #[arg(long, value_name = "DATE")]
        now: Option<String>,
    },
    /// Take a quarantine out again
    Release {
        #[command(flatten)]
        repo: Repo,
        /// As it stands in the source: `ci-rescue id=…`
        #[arg(long)]
        id: String,
    },
    /// Pin a package to one version, manifest and lock together
    Pin {
        #[command(flatten)]
        repo: Repo,
        /// As the manifest names it; group:artifact, owner/action, an image
        #[arg(long, value_name = "NAME")]
        package: String,
        /// A plain version; for an action a tag or commit, for an image a digest
        #[arg(long, value_name = "VERSION")]
        version: String,
        /// Such as cargo, npm, docker; a wrong one lists all
        #[arg(long)]
        ecosystem: Option<String>,
        /// Let cargo, go or npm bring the lock up to date, on copies of manifests and lock; it asks their registries
        #[arg(long)]
        online: bool,
    },
    /// Take a pin back
    Unpin {
        #[command(flatten)]
        repo: Repo,
        /// As it was pinned
        #[arg(long, value_name = "NAME")]
        package: String,
    },
    /// Take commits back on a branch
    Revert(Picked),
    /// Apply commits to another branch
    Backport(Picked),
}

impl Remedy {
    fn name(&self) -> &'static str {
        match self {
            Self::Quarantine { .. } => "quarantine",
            Self::Release { .. } => "release",
            Self::Pin { .. } => "pin",
            Self::Unpin { .. } => "unpin",
            Self::Revert(_) => "revert",
            Self::Backport(_) => "backport",
        }
    }
}

/// A change with the id that its mark carries or that names it.
struct Planned {
    id: String,
    change: Change,
}

/// git that takes too long or cannot run is an integration that failed; the rest is about what was asked.
fn failed(why: PortError) -> Failed {
    match why {
        PortError::Permanent { why } => why.into(),
        other => Failed::integration(other.to_string()),
    }
}

pub fn run(args: &Args) -> u8 {
    let planned = super::runtime().map_err(Failed::from).and_then(|runtime| runtime.block_on(plan(&args.remedy)));
    let (planned, status) = match planned {
        Ok(planned) => {
            let status = status(planned.change.outcome);
            (planned, status)
        }
        Err(Failed { status, why }) => (Planned { id: String::new(), change: Change::refused(why) }, status),
    };
    show(args.remedy.name(), args.json, &planned);
    status
}

/// A command line that clap refuses is answered as JSON too where JSON was asked for.
pub fn misspoken(why: &clap::Error) -> Option<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let is_plan = words.first().is_some_and(|word| word == "plan") && words.iter().any(|word| word == "--json");
    if !is_plan || !why.use_stderr() {
        return None;
    }
    let remedy = words.iter().skip(1).find(|word| !word.starts_with('-')).cloned().unwrap_or_default();
    let text = why.render().to_string();
    let said: Vec<&str> = text.lines().take_while(|line| !line.starts_with("Usage")).map(str::trim).collect();
    let change = Change::refused(said.join(" ").trim().trim_start_matches("error: "));
    show(&remedy, true, &Planned { id: String::new(), change });
    Some(ExitCode::from(super::BAD_INPUT))
}

fn status(outcome: ChangeOutcome) -> u8 {
    match outcome {
        ChangeOutcome::Ready => 0,
        ChangeOutcome::Conflict | ChangeOutcome::Empty | ChangeOutcome::Already => super::FOUND,
        ChangeOutcome::Refused => super::BAD_INPUT,
    }
}

async fn plan(remedy: &Remedy) -> Result<Planned, Failed> {
    match remedy {
        Remedy::Quarantine { repo, test, file, framework, time, reason, now } => {
            let (file_words, framework_words) =
                (file.as_deref().unwrap_or_default(), framework.as_deref().unwrap_or_default());
            let id = id(&["quarantine", framework_words, file_words, test]);
            let mark = Mark::new(&id, &until(time, now.as_deref())?, reason);
            let editing = Quarantine::new(test, framework.as_deref(), file.as_deref(), mark)?;
            let planned = edit(repo, id, &editing, None).await?;
            let marked = planned.change.because.iter().find_map(|why| marked(why));
            let there = planned.change.outcome == ChangeOutcome::Already;
            Ok(Planned { id: marked.filter(|_| there).unwrap_or(planned.id), ..planned })
        }
        Remedy::Release { repo, id } => {
            edit(repo, id.clone(), &Release::new(id)?, Some(("quarantine", Mark::needle(id)))).await
        }
        Remedy::Pin { repo, package, version, ecosystem, online } => {
            let id = self::id(&["pin", package, version]);
            let pin = || Resolved::new(package, version, ecosystem.as_deref());
            let first = pin()?;
            let planned = edit(repo, id.clone(), &first, None).await?;
            match first.question().filter(|_| *online) {
                None => Ok(planned),
                Some(question) => {
                    let answer = super::resolve::ask(&question).await?;
                    edit(repo, id, &pin()?.answered(question, answer), None).await
                }
            }
        }
        Remedy::Unpin { repo, package } => {
            let editing = Unpin::new(package)?;
            edit(repo, id(&["unpin", package]), &editing, Some(("pin", "ci-rescue".into()))).await
        }
        Remedy::Revert(picked) => pick(picked, Direction::Revert).await,
        Remedy::Backport(picked) => pick(picked, Direction::Backport).await,
    }
}

fn open(dir: &Path) -> Result<View, Failed> {
    View::open(dir).map_err(failed)
}

/// `former`: what a mark is called and the text that finds it, so that one which stood here once is told from one that
/// never did.
async fn edit(
    repo: &Repo,
    id: String,
    editing: &dyn Editing,
    former: Option<(&str, String)>,
) -> Result<Planned, Failed> {
    let view = open(&repo.dir)?;
    let work = async {
        let head = view.git().head().await?;
        let mut change = view.git().edit(&head, editing, "").await?;
        if let Some((what, needle)) = former.filter(|_| change.absent) {
            change = if view.git().once_could(&head, editing, &needle).await? {
                Change::nothing(ChangeOutcome::Already, vec![format!("the {what} was taken out already")])
            } else {
                Change::refused(format!("there is no {what} of that name in the repository"))
            };
        }
        Ok::<_, PortError>(change)
    };
    let change = whole(&view, work.await, &["HEAD"]).await?;
    Ok(Planned { id, change })
}

/// What was planned, unless it came out as it did because contents are missing in a partial clone.
async fn whole(view: &View, planned: Result<Change, PortError>, commits: &[&str]) -> Result<Change, Failed> {
    let rests = |change: &Change| matches!(change.outcome, ChangeOutcome::Ready | ChangeOutcome::Refused);
    if planned.as_ref().is_ok_and(rests) {
        return planned.map_err(failed);
    }
    match view.lacks(commits).await {
        Ok(Some(why)) => Ok(Change::refused(why)),
        _ => planned.map_err(failed),
    }
}

async fn pick(picked: &Picked, direction: Direction) -> Result<Planned, Failed> {
    let view = open(&picked.repo.dir)?;
    let work = async {
        // A branch before anything else of that name.
        let branch = picked.onto.parse::<Branch>().ok();
        let onto = match branch {
            Some(branch) => match view.git().branch(&branch).await {
                Ok(onto) => onto,
                Err(_) => view.git().revision(&picked.onto).await?,
            },
            None => view.git().revision(&picked.onto).await?,
        };
        let mut commits = Vec::new();
        for commit in &picked.commits {
            commits.push(view.git().revision(commit).await?);
        }
        let method = picked.method.map(|method| match method {
            MethodArg::Squash => Method::Squash,
            MethodArg::Rebase => Method::Rebase,
            MethodArg::Merge => Method::Merge,
        });
        let mut words: Vec<&str> =
            vec![if direction == Direction::Revert { "revert" } else { "backport" }, &picked.onto];
        words.extend(commits.iter().map(String::as_str));
        let id = id(&words);
        Ok::<_, PortError>((id, onto, Pick { direction, commits, method }))
    };
    let (id, onto, pick) = work.await.map_err(failed)?;
    let all: Vec<&str> = std::iter::once(&onto).chain(&pick.commits).map(String::as_str).collect();
    let change = whole(&view, view.pick(&onto, &pick).await, &all).await?;
    Ok(Planned { id, change })
}

/// The id of a mark that stands in the source already.
fn marked(why: &str) -> Option<String> {
    let (_, rest) = why.split_once("ci-rescue id=")?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}

/// The same wish has the same id.
fn id(words: &[&str]) -> String {
    Digest::of(words.iter().map(|word| word.as_bytes())).as_str().chars().take(10).collect()
}

const PATH_MAX: usize = 4_096;
/// Hunks shown of a file, and lines of a hunk.
const HUNKS: usize = 20;
const HUNK_LINES: usize = 200;

/// Years that a mark can carry.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// The day on which a quarantine ends.
fn until(time: &str, now: Option<&str>) -> Result<String, String> {
    let wrong = || format!("`{time}` is no length of time: write it like 7d, 36h or 2w");
    let length: Duration = humantime::parse_duration(time).map_err(|_| wrong())?;
    let now: DateTime<Utc> = match now {
        None => today(),
        Some(text) => day(text).ok_or_else(|| format!("`{text}` is no day: write it like 2026-01-31"))?,
    };
    let length = chrono::Duration::from_std(length).map_err(|_| wrong())?;
    if length.is_zero() {
        return Err(wrong());
    }
    let end = now.checked_add_signed(length).filter(|end| YEARS.contains(&end.year())).ok_or_else(wrong)?;
    Ok(end.format("%Y-%m-%d").to_string())
}

fn day(text: &str) -> Option<DateTime<Utc>> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    day.or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc)))
}

#[allow(clippy::disallowed_methods, reason = "the command line's own clock; --now sets another")]
fn today() -> DateTime<Utc> {
    Utc::now()
}

fn show(remedy: &str, as_json: bool, planned: &Planned) {
    let Planned { id, change } = planned;
    if as_json {
        let object = json!({
            "remedy": remedy, "outcome": change.outcome, "id": id, "because": change.because, "diff": change.diff,
            "tree": change.tree, "conflicts": change.conflicts, "warnings": change.warnings,
        });
        println!("{object}");
        return;
    }
    let word = match change.outcome {
        ChangeOutcome::Ready => "ready",
        ChangeOutcome::Conflict => "conflict",
        ChangeOutcome::Empty => "empty: nothing to do",
        ChangeOutcome::Already => "already there: nothing to do",
        ChangeOutcome::Refused => "refused",
    };
    eprintln!("{remedy}: {word}{}", if id.is_empty() { String::new() } else { format!("  (id {id})") });
    change.because.iter().for_each(|why| eprintln!("  because {why}"));
    change.conflicting.iter().for_each(conflict);
    change.warnings.iter().for_each(|warning| eprintln!("  note: {warning}"));
    print!("{}", change.diff);
}

/// The hunks of a file that conflict.
fn conflict(file: &Conflicting) {
    let path = clean_line(file.path.raw(), PATH_MAX);
    if file.hunks.is_empty() {
        eprintln!("  conflict in {path}: one side deleted or renamed it, or it is not text");
    }
    for hunk in file.hunks.iter().take(HUNKS) {
        eprintln!("  conflict in {path}, line {}:", hunk.line);
        for line in hunk.lines.iter().take(HUNK_LINES) {
            eprintln!("    {}", visible(line.raw()));
        }
        if hunk.lines.len() > HUNK_LINES {
            eprintln!("    … and {} more lines", hunk.lines.len() - HUNK_LINES);
        }
    }
    if file.hunks.len() > HUNKS {
        eprintln!("  and {} more conflicts in {path}", file.hunks.len() - HUNKS);
    }
}
