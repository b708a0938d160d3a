//! `once`: the bot within a workflow, for one event. Its store is an archive in a directory that the workflow keeps.

mod event;
mod forward;
mod keep;
mod summary;

use super::at::open;
use super::log::log;
use super::{BAD_INPUT, Failed, INTEGRATION, runtime};
use ci_rescue::app::{SystemClock, alone};
use ci_rescue::config::{self, Config};
use ci_rescue::domain::rules::Mode;
use ci_rescue::engine::SEAL_KEY;
use ci_rescue::evidence::redact;
use ci_rescue::ports::{Clock, Put, Store, Turn};
use event::Told;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[derive(clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// The payload of the event `workflow_run`
    #[arg(long, value_name = "FILE", env = "GITHUB_EVENT_PATH")]
    event: PathBuf,
    /// The repository that it is about
    #[arg(long, value_name = "OWNER/NAME", env = "GITHUB_REPOSITORY")]
    repository: String,
    /// Keeps what has to be remembered until the next call, and rescue.log
    #[arg(long, value_name = "DIRECTORY", env = "RESCUE_STATE", default_value = "ci-rescue-state")]
    state: PathBuf,
    /// observe, suggest or act
    #[arg(long, value_name = "MODE", env = "RESCUE_MODE", default_value = "suggest", value_parser = mode)]
    mode: Mode,
    /// Retries of one failure; after as many that failed it is escalated
    #[arg(long, value_name = "N", env = "RESCUE_RETRY_MAX", default_value = "1")]
    retry_max: u32,
    /// How long a quarantine lasts that is proposed
    #[arg(long, value_name = "DAYS", env = "RESCUE_QUARANTINE_TTL_DAYS", default_value = "7")]
    quarantine_ttl_days: u32,
    /// The channel's ID
    #[arg(long, value_name = "CHANNEL", env = "RESCUE_SLACK_CHANNEL", default_value = "")]
    slack_channel: String,
    /// A bot that runs elsewhere: it is told of the failure, and nothing else is done here
    #[arg(long, value_name = "URL", env = "RESCUE_BOT_URL", default_value = "")]
    bot_url: String,
    /// Configuration file (TOML) for everything else
    #[arg(long, value_name = "FILE", env = "CI_RESCUE_CONFIG")]
    config: Option<PathBuf>,
}

const AFTER: &str = "\
Secrets come from the environment: GITHUB_TOKEN, RESCUE_SLACK_TOKEN, and
RESCUE_BOT_SECRET, which is the hooks.token of the bot at --bot-url.

Exit status: 0 done, 2 usage or input, 3 something is left: the next call goes on.";

/// For what only time can mend.
const PATIENCE: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(600);

fn mode(text: &str) -> Result<Mode, String> {
    serde_json::from_value(json!(text)).map_err(|_| "observe, suggest or act".to_owned())
}

/// A variable that says something.
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

pub fn run(args: &Args) -> Result<u8, Failed> {
    log("warn");
    let told = event::read(&args.event, &args.repository)?;
    if !args.bot_url.is_empty() {
        let secret =
            set("RESCUE_BOT_SECRET").ok_or("set RESCUE_BOT_SECRET: the hooks.token of the bot at --bot-url")?;
        return runtime()?.block_on(forward::send(&told, &args.bot_url, &secret));
    }
    if set("RESCUE_SLACK_TOKEN").is_some() == args.slack_channel.is_empty() {
        return Err("set both RESCUE_SLACK_TOKEN and --slack-channel, or neither: without them there is no card".into());
    }
    // Of the run before.
    let _ = std::fs::remove_file(args.state.join(summary::RECORD));
    let dir = tempfile::tempdir().map_err(|why| format!("a temporary directory cannot be made: {why}"))?;
    let config = settings(args, &dir.path().join("store"))?;
    redact::know(config::secrets(&config));
    keep::load(&args.state, &config.store.path)?;
    runtime()?.block_on(work(&config, &told, &args.state))
}

async fn work(config: &Config, told: &Told, state: &Path) -> Result<u8, Failed> {
    let begun = SystemClock.now();
    let ledger = open(&config.store.path).map_err(|why| why.to_string())?;
    let store: Arc<dyn Store> = Arc::new(ledger);
    let engine = alone(config, store.clone(), Arc::new(SystemClock)).await?;
    let put = store.put_delivery(told.delivery(begun)).await.map_err(|why| why.to_string())?;
    if put == Put::Duplicate {
        println!("attempt {} of run {} was looked at before", told.attempt, told.run);
    }
    let rested = engine.rest(PATIENCE, LIMIT).await;
    // What was done is kept, whatever came in the way.
    let said = summary::write(config, &*store, told, begun, state).await;
    let compacted = engine.compact().await;
    // Nothing is sealed here, and caches are no place for keys.
    let bare = store.commit(Turn { settings: vec![(SEAL_KEY.into(), None)], ..Turn::default() }).await;
    bare.map_err(|why| why.to_string())?;
    let kept = keep::save(&*store, state).await;
    kept?;
    said?;
    compacted.map_err(|why| why.to_string())?;
    match rested {
        Ok(true) => Ok(0),
        Ok(false) => Err(Failed { status: INTEGRATION, why: summary::left(&*store).await }),
        Err(why) => Err(Failed { status: BAD_INPUT, why: why.to_string() }),
    }
}

/// The configuration: what the call says goes under the variables of the environment, and over the file.
fn settings(args: &Args, store: &Path) -> Result<Config, String> {
    let token = set("GITHUB_TOKEN").ok_or("set GITHUB_TOKEN: logs are read with it, and runs are started again")?;
    let slack = set("RESCUE_SLACK_TOKEN").filter(|_| !args.slack_channel.is_empty());
    let mut all = vec![
        ("GITHUB__TOKEN", token),
        ("GITHUB__REPOSITORIES", json!([args.repository]).to_string()),
        ("STORE__PATH", store.display().to_string()),
        ("SCHEDULES__WATCH", "false".into()),
        ("POLICY__MODE", args.mode.to_string()),
        ("POLICY__RETRY_MAX", args.retry_max.to_string()),
        ("POLICY__ATTEMPTS_MAX", args.retry_max.max(1).to_string()),
        ("POLICY__RETRY_BACKOFF_SECONDS", "0".into()),
        ("POLICY__QUARANTINE_DAYS", args.quarantine_ttl_days.to_string()),
    ];
    all.extend(set("GITHUB_API_URL").map(|url| ("GITHUB__API_URL", url)));
    if let Some(token) = slack {
        let feed =
            json!([{"platform": "slack", "channel": args.slack_channel, "repo": args.repository, "branch": "*"}]);
        all.extend([("SLACK__BOT_TOKEN", token), ("SUBSCRIPTIONS", feed.to_string())]);
    }
    let all: Vec<(String, String)> = all.into_iter().map(|(key, value)| (format!("CI_RESCUE__{key}"), value)).collect();
    let read = config::load_with(args.config.as_deref(), &all).map_err(super::masked);
    read.map_err(|why| format!("invalid configuration\n{why}"))
}
