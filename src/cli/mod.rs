//! The command line.

// Every command prints through these: the standard ones panic when a pipe is closed.
macro_rules! println {
    () => { $crate::cli::terminal::out(format_args!("\n")) };
    ($($text:tt)*) => { $crate::cli::terminal::out(format_args!("{}\n", format_args!($($text)*))) };
}
macro_rules! print {
    ($($text:tt)*) => { $crate::cli::terminal::out(format_args!($($text)*)) };
}
macro_rules! eprintln {
    ($($text:tt)*) => { $crate::cli::terminal::err(format_args!("{}\n", format_args!($($text)*))) };
}

mod analyze;
mod at;
mod demo;
mod doctor;
#[cfg(test)]
mod documented;
mod history;
mod incident;
mod manifest;
mod once;
mod plan;
mod policy;
mod progress;
mod replay;
mod resolve;
mod route;
mod serve;
mod setup;
mod store;
mod terminal;

use ci_rescue::config::{self, Config};
use ci_rescue::evidence::redact;
use ci_rescue::ports::TRACE;
use clap::{CommandFactory, Parser, Subcommand};
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "ci-rescue",
    version,
    about = "One card per broken build; retry, approve and undo from where people talk",
    max_term_width = 80,
    after_help = EXIT_STATUS
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything on this machine, no accounts: a sandbox forge, failures, the console
    Demo(demo::Args),
    /// Run the bot
    Serve(ConfigArg),
    /// Look at one run within a workflow, without a server: what the GitHub Action does
    Once(once::Args),
    /// Read CI logs and say what failed
    Analyze(analyze::Args),
    /// Try a remedy on a local repository, and change nothing
    Plan(plan::Args),
    /// Set it up: ask what is missing, check it, write the configuration, post a test card
    Setup(setup::Args),
    /// Check the configuration and every integration
    Doctor(ConfigArg),
    /// Create the app on GitHub, Slack or Discord
    Manifest(manifest::Args),
    /// Look at incidents
    Incident(incident::Args),
    /// Say what a stored or saved delivery would do; with --apply, take it in once more
    Replay(replay::Args),
    /// Ask the policy what it would decide
    Policy(policy::Args),
    /// The sandbox's own fixing agent, which the demo runs
    #[command(hide = true)]
    DemoAgent,
    /// Name the specialist who would look after a failure: a JSON object a line on standard input
    Route(route::Args),
    /// What executions of jobs and tests came to: import it, score it, classify failures
    History(history::Args),
    /// Check, back up or restore the store
    Store(store::Args),
    /// Manual pages, written to a directory
    #[command(hide = true)]
    Man { directory: PathBuf },
    /// Shell completions
    Completions { shell: clap_complete::Shell },
}

#[derive(clap::Args, Clone)]
pub struct ConfigArg {
    /// Configuration file (TOML); keys can also come from `CI_RESCUE__SECTION__KEY`
    #[arg(long, value_name = "FILE", env = "CI_RESCUE_CONFIG")]
    pub config: Option<PathBuf>,
}

impl ConfigArg {
    /// The file that was named, or `ci-rescue.toml` here if there is one.
    pub fn read(&self) -> Result<Config, config::ConfigError> {
        let here = PathBuf::from("ci-rescue.toml");
        let file = self.config.clone().or_else(|| here.exists().then_some(here));
        config::load(file.as_deref()).map_err(masked)
    }

    /// The same for commands that cannot go on without it.
    pub fn load(&self) -> Result<Config, String> {
        self.read().map_err(|why| match why.0.len() {
            1 => format!("invalid configuration\n{why}"),
            many => format!("invalid configuration: {many} problems\n{why}"),
        })
    }
}

/// A secret in the wrong place is not shown either.
fn masked(why: config::ConfigError) -> config::ConfigError {
    let masked = |why: String| redact::text(&why, &mut redact::Counts::default()).into_owned();
    config::ConfigError(why.0.into_iter().map(masked).collect())
}

/// The same for every command.
const EXIT_STATUS: &str = "\
Exit status:
  0  done
  1  problems found, or not ready
  2  wrong usage, or input that cannot be read
  3  an integration failed";

/// Problems were found, or a change is not ready.
const FOUND: u8 = 1;
/// Wrong usage, or input that cannot be read: as clap's own errors.
const BAD_INPUT: u8 = 2;
/// Another program that we depend on failed.
const INTEGRATION: u8 = 3;

/// Why a command did not do as asked, and its exit status.
pub struct Failed {
    status: u8,
    why: String,
}

impl Failed {
    pub fn integration(why: impl Into<String>) -> Self {
        Self { status: INTEGRATION, why: why.into() }
    }
}

impl From<String> for Failed {
    fn from(why: String) -> Self {
        Self { status: BAD_INPUT, why }
    }
}

impl From<&str> for Failed {
    fn from(why: &str) -> Self {
        why.to_owned().into()
    }
}

pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(why) => return plan::misspoken(&why).unwrap_or_else(|| misspoken(&why)),
    };
    let status = match run(cli.command) {
        Ok(status) => status,
        Err(Failed { status, why }) => {
            eprintln!("ci-rescue: {why}");
            status
        }
    };
    if terminal::is_closed() { ExitCode::SUCCESS } else { ExitCode::from(status) }
}

/// Help and version are our own words. An error repeats what was typed, which may come from a file's name.
fn misspoken(why: &clap::Error) -> ExitCode {
    if !why.use_stderr() {
        why.exit();
    }
    eprintln!("{}", why.render().to_string().trim_end());
    ExitCode::from(BAD_INPUT)
}

fn run(command: Command) -> Result<u8, Failed> {
    match command {
        Command::Plan(args) => return Ok(plan::run(&args)),
        Command::Demo(args) => demo::run(&args)?,
        Command::Serve(args) => serve::run(&args)?,
        Command::Once(args) => return once::run(&args),
        Command::Analyze(args) => analyze::run(&args)?,
        Command::Setup(args) => return setup::run(&args),
        Command::Doctor(args) => return doctor::run(&args),
        Command::Manifest(args) => manifest::run(&args)?,
        Command::Incident(args) => incident::run(&args)?,
        Command::Replay(args) => return replay::run(&args),
        Command::Policy(args) => policy::run(&args)?,
        Command::DemoAgent => demo::agent()?,
        Command::Route(args) => route::run(&args)?,
        Command::History(args) => return history::run(&args),
        Command::Store(args) => return store::run(&args),
        Command::Man { directory } => {
            std::fs::create_dir_all(&directory)
                .and_then(|()| clap_mangen::generate_to(Cli::command(), &directory))
                .map_err(|why| format!("{}: {why}", directory.display()))?;
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "ci-rescue", &mut script);
            print!("{}", String::from_utf8_lossy(&script));
        }
    }
    Ok(0)
}

/// The runtime for commands that talk to others.
pub fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|why| why.to_string())
}

/// Libraries whose lines repeat ours, or say nothing to operators.
const TAMED: &str = "sled=off,hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,rustls=error,tower=warn,tower_http=warn,\
                     octocrab=warn,opentelemetry=off,slack_morphism=off,serenity=off,tokio_tungstenite=off,tungstenite=off,\
                     tokio_postgres=off,deadpool_postgres=off";

/// Logs to standard error; `RUST_LOG` chooses, and `CI_RESCUE_LOG=json` makes each line a JSON object. Spans go to `traces`.
pub fn log(level: &str, traces: Option<&SdkTracerProvider>) {
    use opentelemetry::trace::TracerProvider;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;
    use tracing_subscriber::{EnvFilter, Layer, filter};
    let filter = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|text| !text.trim().is_empty());
    let filter = filter.and_then(|text| match text.parse::<EnvFilter>() {
        Ok(filter) => Some(filter),
        Err(why) => {
            eprintln!("ci-rescue: RUST_LOG is ignored: {why}");
            None
        }
    });
    let filter = filter.unwrap_or_else(|| EnvFilter::new(format!("{level},{TAMED}")));
    let colours = terminal::has_colour(&std::io::stderr());
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(move || terminal::Log { colours })
        .with_ansi(colours)
        .log_internal_errors(false);
    let json = std::env::var("CI_RESCUE_LOG").is_ok_and(|kind| kind == "json");
    let lines = if json { lines.json().boxed() } else { lines.with_target(false).boxed() };
    // What is for traces alone would stand before every line.
    let lines = lines.with_filter(filter).with_filter(filter::filter_fn(|meta| meta.target() != TRACE));
    let spans = traces.map(|traces| {
        let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer("ci-rescue"));
        let layer = layer.with_threads(false).with_location(false).with_target(false).with_tracked_inactivity(false);
        layer.with_filter(filter::filter_fn(|meta| meta.target() == TRACE))
    });
    tracing_subscriber::registry().with(lines).with(spans).init();
}
