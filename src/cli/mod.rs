//! The command line.

mod analyze;
mod demo;
mod doctor;
mod incident;
mod manifest;
mod plan;
mod resolve;
mod serve;

use ci_rescue::config::{self, Config};
use ci_rescue::evidence::redact;
use clap::{CommandFactory, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "ci-rescue",
    version,
    about = "One card per broken build; retry, approve and undo from where people talk",
    max_term_width = 80
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
    /// Read CI logs and say what failed
    Analyze(analyze::Args),
    /// Try a remedy on a local repository, and change nothing
    Plan(plan::Args),
    /// Check the configuration and every integration
    Doctor(ConfigArg),
    /// Create the app on GitHub, Slack or Discord
    Manifest(manifest::Args),
    /// Look at incidents
    Incident(incident::Args),
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
        // A secret in the wrong place is not shown either.
        let masked = |why: String| redact::text(&why, &mut redact::Counts::default()).into_owned();
        config::load(file.as_deref()).map_err(|why| config::ConfigError(why.0.into_iter().map(masked).collect()))
    }

    /// The same for commands that cannot go on without it.
    pub fn load(&self) -> Result<Config, String> {
        self.read().map_err(|why| match why.0.len() {
            1 => format!("invalid configuration\n{why}"),
            many => format!("invalid configuration: {many} problems\n{why}"),
        })
    }
}

/// Input that cannot be used, as clap's own errors.
const BAD_INPUT: u8 = 2;

pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(why) => return plan::misspoken(&why).unwrap_or_else(|| why.exit()),
    };
    let done = match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Analyze(args) => analyze::run(&args),
        Command::Plan(args) => return plan::run(&args),
        Command::Doctor(args) => return doctor::run(&args).unwrap_or_else(|why| bad_input(&why)),
        Command::Manifest(args) => manifest::run(&args),
        Command::Incident(args) => incident::run(&args),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "ci-rescue", &mut std::io::stdout());
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => bad_input(&why),
    }
}

fn bad_input(why: &str) -> ExitCode {
    eprintln!("ci-rescue: {why}");
    ExitCode::from(BAD_INPUT)
}

/// The runtime for commands that talk to others.
pub fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|why| why.to_string())
}

/// Logs to standard error; `RUST_LOG` chooses, and `CI_RESCUE_LOG=json` makes each line a JSON object.
pub fn log(default: &str) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var("CI_RESCUE_LOG").is_ok_and(|kind| kind == "json") {
        builder.json().init();
    } else {
        builder.with_target(false).init();
    }
}
