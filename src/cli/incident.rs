//! `incident list|show|log|replay|export|audit`: from the store, or from the running server when that holds it.

mod audit;
mod export;
mod replay;

use super::{ConfigArg, Failed, own, runtime};
use ci_rescue::card::{Places, Words};
use ci_rescue::config::{self, Config};
use ci_rescue::domain::incident::Incident;
use ci_rescue::domain::{IncidentNo, text::clean_line};
use ci_rescue::engine::record::record;
use ci_rescue::evidence::redact;
use ci_rescue::ports::{Query, Store, cause};
use ci_rescue::store::OpenError;
use clap::Subcommand;
use secrecy::ExposeSecret;
use serde_json::Value;
use std::sync::Arc;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Open incidents, newest first
    List {
        /// Resolved ones too
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// One incident
    Show {
        id: String,
        /// The whole record
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Everything known of one incident, as plain text: rescue.log
    Log {
        id: String,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// What a webhook was told of an incident; with --send, tell it once more
    Replay(replay::Args),
    /// All incidents, or their journals, as newline-delimited JSON or CSV
    Export(export::Args),
    /// Who did what, over all incidents and the installation, newest first
    Audit(audit::Args),
}

const LIMIT: usize = 200;

pub fn run(args: &Args) -> Result<(), Failed> {
    match &args.what {
        What::List { all, config } => list(&config.load()?, *all),
        What::Show { id, json, config } => show(&config.load()?, id, *json),
        What::Log { id, config } => log(&config.load()?, id),
        What::Replay(args) => replay::run(args),
        What::Export(args) => export::run(args),
        What::Audit(args) => audit::run(args),
    }
}

/// Both sources as the API's JSON, so that they read alike.
fn list(config: &Config, all: bool) -> Result<(), Failed> {
    let rows = if let Some(store) = open(config)? {
        let query = Query { open_only: !all, limit: LIMIT, ..Query::default() };
        let found = runtime()?.block_on(store.incidents(&query)).map_err(|why| why.to_string())?;
        found.iter().map(row).collect()
    } else {
        let answer = ask(config, &format!("/api/incidents?limit={LIMIT}"), None)?;
        let all_rows = answer.get("incidents").and_then(Value::as_array).cloned().unwrap_or_default();
        let wanted = all_rows.iter().filter(|row| all || row["stage"] != "resolved");
        wanted.map(api_row).collect::<Vec<_>>()
    };
    if rows.is_empty() {
        println!("no {}incidents", if all { "" } else { "open " });
    }
    for [no, stage, severity, repo, branch, line] in rows {
        println!("{}", clean_line(&format!("{no} {stage} {severity} {repo} {branch} {line}"), 160));
    }
    Ok(())
}

type Row = [String; 6];

fn row(incident: &Incident) -> Row {
    let row = ci_rescue::incident::row(incident);
    [row.no.to_string(), row.stage, row.severity, row.repo.line(80), row.branch.line(40), row.line.line(100)]
}

fn api_row(value: &Value) -> Row {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let line = value.pointer("/errors/0").and_then(Value::as_str).unwrap_or("").to_owned();
    [text("number"), text("stage"), text("severity"), text("repo"), text("branch"), line]
}

fn show(config: &Config, id: &str, json: bool) -> Result<(), Failed> {
    let no: IncidentNo = id.parse().map_err(|why| format!("{why}"))?;
    let value = match open(config)? {
        Some(store) => {
            let found = runtime()?.block_on(store.incident(no)).map_err(|why| why.to_string())?;
            found.map(|incident| serde_json::to_value(incident).unwrap_or_default())
        }
        None => Some(ask(config, &format!("/api/incidents/{}", no.0), None)?),
    };
    let value = value.ok_or_else(|| format!("there is no incident {no}; `ci-rescue incident list --all` shows all"))?;
    if json {
        println!("{}", serde_json::to_string_pretty(&value).map_err(|why| why.to_string())?);
        return Ok(());
    }
    for key in ["stage", "severity", "repo", "branch", "sha", "workflow", "failures"] {
        let shown = value.get(key).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).unwrap_or_default();
        println!("{key:>10}: {}", clean_line(&shown, 100));
    }
    let errors = value.pointer("/evidence/0/errors").or_else(|| value.get("errors")).and_then(Value::as_array);
    for error in errors.into_iter().flatten().take(5) {
        let text = error.get("text").unwrap_or(error).as_str().unwrap_or_default();
        println!("{:>10}: {}", "error", clean_line(text, 160));
    }
    Ok(())
}

fn log(config: &Config, id: &str) -> Result<(), Failed> {
    let no: IncidentNo = id.parse().map_err(|why| format!("{why}"))?;
    let text = match open(config)? {
        Some(store) => {
            redact::know(config::secrets(config));
            let words = Words::shipped(Places::default()).map_err(|why| why.to_string())?;
            let made = runtime()?.block_on(record(&*store, &words, no)).map_err(|why| why.to_string())?;
            made.ok_or_else(|| format!("there is no incident {no}; `ci-rescue incident list --all` shows all"))?
        }
        None => said(config, &format!("/api/incidents/{}/rescue.log", no.0))?,
    };
    print!("{text}");
    Ok(())
}

/// The store, unless a running server holds it.
pub fn open(config: &Config) -> Result<Option<Arc<dyn Store>>, String> {
    if super::at::address(config).is_some() {
        return Ok(Some(super::at::configured(config)?));
    }
    if !config.store.path.exists() {
        return Err(format!("there is no store at {}; see store.path", config.store.path.display()));
    }
    match super::at::open(&config.store.path) {
        Ok(store) => Ok(Some(Arc::new(store))),
        Err(OpenError::InUse(_)) => Ok(None),
        Err(why) => Err(why.into()),
    }
}

/// What the running server answers; with a body, the request is a POST.
pub fn ask(config: &Config, path: &str, body: Option<&Value>) -> Result<Value, Failed> {
    let text = answered(config, path, body)?;
    serde_json::from_str(&text).map_err(|why| Failed::integration(cause(&why)))
}

/// The same as plain text.
fn said(config: &Config, path: &str) -> Result<String, Failed> {
    answered(config, path, None)
}

fn answered(config: &Config, path: &str, body: Option<&Value>) -> Result<String, Failed> {
    let (read, act) = (config.api.read_token.as_ref(), config.api.act_token.as_ref());
    let token = if body.is_some() { act.or(read) } else { read.or(act) };
    let token = token.ok_or("a server is running and holds the store; set api.read_token so that it can be asked")?;
    let (client, at) = own::server(config)?;
    let client = client.build().map_err(|why| Failed::integration(cause(&why)))?;
    runtime()?.block_on(async {
        let url = format!("{at}{path}");
        let request = match body {
            Some(body) => client.post(url).json(body),
            None => client.get(url),
        };
        let answer = request.bearer_auth(token.expose_secret()).send().await.map_err(|why| {
            Failed::integration(format!(
                "the running server does not answer at {}: {}",
                config.server.listen,
                cause(&why)
            ))
        })?;
        let status = answer.status();
        let text = answer.text().await.map_err(|why| Failed::integration(cause(&why)))?;
        if status.is_success() {
            Ok(text)
        } else {
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            Err(value.get("error").and_then(Value::as_str).unwrap_or("refused").into())
        }
    })
}
