//! What people read of it: the job's summary on GitHub, `rescue.log`, and a line in the job's log.

use super::event::Told;
use super::set;
use crate::cli::Failed;
use ci_rescue::adapters::github::GitHub;
use ci_rescue::card::{Places, Words, view};
use ci_rescue::config::Config;
use ci_rescue::domain::incident::Incident;
use ci_rescue::domain::text::clean_line;
use ci_rescue::domain::{RunId, Time};
use ci_rescue::engine::record::record;
use ci_rescue::ports::{Query, Store, StoreError};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// Everything known of the run's incidents.
pub const RECORD: &str = "rescue.log";
const MARKUP: &str = "github";
/// Incidents that are looked through at a time.
const PAGE: usize = 200;
/// What was done in one call, at most.
const ENTRIES: usize = 100;
const LINE: usize = 200;

/// Writes what became of the run's incidents since `begun`.
pub async fn write(config: &Config, store: &dyn Store, told: &Told, begun: Time, state: &Path) -> Result<(), Failed> {
    let broken = |why: &dyn std::fmt::Display| Failed::from(why.to_string());
    let words = Words::shipped(Places { home: None, web: GitHub::web_url(&config.github.api_url) })
        .map_err(|why| broken(&why))?;
    let all = of_run(told, store).await.map_err(|why| broken(&why))?;
    let mut text = format!("Run {}, attempt {}: {}.\n", told.run, told.attempt, told.conclusion.as_str());
    let mut log = String::new();
    for incident in &all {
        text.push_str(&part(&words, store, incident, begun).await?);
        log.push_str(&record(store, &words, incident.no).await.map_err(|why| broken(&why))?.unwrap_or_default());
        let line = view(incident);
        println!("incident {}: {} of {}", incident.no, incident.stage.as_str(), clean_line(&line.repo, LINE));
    }
    if log.is_empty() {
        text.push_str("\nThere is no incident.\n");
        println!("run {} ended in {}: there is no incident", told.run, told.conclusion.as_str());
    } else {
        let cannot = |why: std::io::Error| format!("{} cannot be written: {why}", state.display());
        fs::create_dir_all(state).and_then(|()| fs::write(state.join(RECORD), log)).map_err(cannot)?;
    }
    if let Some(path) = set("GITHUB_STEP_SUMMARY") {
        let file = File::options().create(true).append(true).open(&path);
        let wrote = file.and_then(|mut file| file.write_all(text.as_bytes()));
        wrote.map_err(|why| format!("{path}: {why}"))?;
    }
    Ok(())
}

/// The run's incidents, newest first.
async fn of_run(told: &Told, store: &dyn Store) -> Result<Vec<Incident>, StoreError> {
    let mut query = Query { repo: Some(told.repo.to_string()), limit: PAGE, ..Query::default() };
    let mut found = Vec::new();
    loop {
        let page = store.incidents(&query).await?;
        query.before = page.last().filter(|_| page.len() == PAGE).map(|last| last.no.0);
        found.extend(
            page.into_iter().filter(|incident| incident.runs.iter().any(|run| run.run == Some(RunId(told.run)))),
        );
        if query.before.is_none() {
            return Ok(found);
        }
    }
}

/// An incident's card as GitHub shows it, and what was done. Everything that strangers wrote is escaped.
async fn part(words: &Words, store: &dyn Store, incident: &Incident, begun: Time) -> Result<String, Failed> {
    let card = words.card(MARKUP, &view(incident), &|_| String::new(), false).map_err(|why| why.to_string())?;
    let mut text = format!("\n{}\n", card.title);
    for line in &card.lines {
        text.push_str(&format!("\n{line}\n"));
    }
    let entries = store.journal(incident.no, 0, usize::MAX).await.map_err(|why| why.to_string())?;
    let fresh: Vec<_> = entries.iter().filter(|entry| entry.at >= begun).take(ENTRIES).collect();
    if !fresh.is_empty() {
        text.push('\n');
    }
    for entry in fresh {
        let note = words.note(MARKUP, &entry.note).map_err(|why| why.to_string())?;
        text.push_str(&format!("- {}\n", note.replace('\n', "<br>")));
    }
    Ok(text)
}

/// What could not be done.
pub async fn left(store: &dyn Store) -> String {
    let Ok(counts) = store.counts().await else { return "something is left, and the store does not tell what".into() };
    format!(
        "{} deliveries, {} effects and {} cards are left; the lines above say what does not answer. The next call goes on",
        counts.inbox, counts.outbox, counts.dirty
    )
}
