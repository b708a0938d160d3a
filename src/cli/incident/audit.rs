//! `incident audit`: entries of all journals by filter, the newest first.

use super::export::{Shape, sink, when, wrote};
use crate::cli::at::{At, Failure, INPUT, Lines};
use crate::cli::{Failed, runtime, terminal};
use ci_rescue::card::{Places, Words};
use ci_rescue::config;
use ci_rescue::domain::IncidentNo;
use ci_rescue::engine::insight::audit::Search;
use ci_rescue::evidence::redact;
use ci_rescue::ports::{AuditAsked, Format};
use futures::StreamExt;
use std::sync::Arc;

#[derive(clap::Args)]
pub struct Args {
    /// One person, by name as configured
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// One kind of entry, such as approved
    #[arg(long, value_name = "KIND")]
    action: Option<String>,
    /// One repository, as owner/name
    #[arg(long, value_name = "REPO")]
    repo: Option<String>,
    /// One incident; 0 is the installation itself
    #[arg(long, value_name = "ID")]
    incident: Option<u64>,
    /// Words in the entry
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// Only from this time on: 2026-01-02T03:04:05Z, or a span such as 30d
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only before this time, given likewise
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Newline-delimited JSON, or a table
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Shape,
    #[command(flatten)]
    at: At,
}

pub fn run(args: &Args) -> Result<(), Failed> {
    let asked = asked(args)?;
    let mut out = sink(None)?;
    let done = runtime()?.block_on(async {
        let mut lines = read(&args.at, asked, args.format.format()).await?;
        while let Some(piece) = lines.next().await {
            wrote(out.write_all(&piece?))?;
            if terminal::is_closed() {
                return Ok(());
            }
        }
        wrote(out.flush())
    });
    Ok(done?)
}

fn asked(args: &Args) -> Result<AuditAsked, Failed> {
    if let Some(repo) = &args.repo {
        repo.parse::<ci_rescue::domain::Repo>().map_err(|why| format!("--repo: {why}"))?;
    }
    Ok(AuditAsked {
        by: args.by.clone(),
        action: args.action.clone(),
        repo: args.repo.clone(),
        incident: args.incident.map(IncidentNo),
        since: args.since.as_deref().map(|text| when("--since", text)).transpose()?,
        until: args.until.as_deref().map(|text| when("--until", text)).transpose()?,
        text: args.text.clone(),
        before: None,
    })
}

async fn read(at: &At, asked: AuditAsked, format: Format) -> Result<Lines, Failure> {
    if let Some(store) = at.open()? {
        if let Ok(config) = at.config() {
            redact::know(config::secrets(&config));
        }
        let words = Words::shipped(Places::default()).map_err(|why| Failure(INPUT, why.to_string()))?;
        let search = Search::over(store, Arc::new(words), asked).await?;
        return Ok(search.lines(format).map(|line| line.map_err(Failure::from)).boxed());
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("format", if format == Format::Csv { "csv" } else { "jsonl" });
    for (name, value) in [("by", &asked.by), ("action", &asked.action), ("repo", &asked.repo), ("text", &asked.text)] {
        query.extend_pairs(value.iter().map(|value| (name, value.as_str())));
    }
    query.extend_pairs(asked.incident.iter().map(|no| ("incident", no.0.to_string())));
    for (name, time) in [("since", asked.since), ("until", asked.until)] {
        let at = time.and_then(|time| chrono::DateTime::from_timestamp_millis(time.0));
        query.extend_pairs(at.iter().map(|at| (name, at.to_rfc3339())));
    }
    at.ask(&format!("/api/audit?{}", query.finish())).await
}
