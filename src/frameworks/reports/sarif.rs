//! SARIF 2.1.0 (OASIS), which static analysers write: `runs[].results[]` with a level, a message and a place.

use super::{Each, Finding, Item, document, names_members};
use serde::Deserialize;
use std::io::BufRead;

pub fn begins(head: &[u8]) -> bool {
    names_members(head, &["version", "runs"]) || (head.first() == Some(&b'{') && mentions_schema(head))
}

fn mentions_schema(head: &[u8]) -> bool {
    names_members(head, &["$schema"]) && memchr::memmem::find(head, b"sarif").is_some()
}

#[derive(Deserialize)]
struct Log {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    #[serde(default)]
    results: Option<Vec<Found>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(default)]
    rule_id: Option<String>,
    #[serde(default)]
    level: Option<String>,
    #[serde(default)]
    message: Message,
    #[serde(default)]
    locations: Vec<Location>,
}

#[derive(Default, Deserialize)]
struct Message {
    #[serde(default)]
    text: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(default)]
    physical_location: Option<Physical>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    #[serde(default)]
    artifact_location: Option<Artifact>,
    #[serde(default)]
    region: Option<Region>,
}

#[derive(Default, Deserialize)]
struct Artifact {
    #[serde(default)]
    uri: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    #[serde(default)]
    start_line: Option<u64>,
}

pub fn read(source: &mut dyn BufRead, each: &mut Each<'_>) -> Result<(), String> {
    let log: Log = document(source)?;
    let all = log.runs.into_iter().flat_map(|run| run.results.unwrap_or_default());
    // "warning" is the default (SARIF 2.1.0, 3.27.10); a build breaks by errors.
    for found in all.filter(|found| found.level.as_deref() == Some("error")) {
        let place = found.locations.into_iter().next().and_then(|location| location.physical_location);
        let place = place.unwrap_or_default();
        let file = place.artifact_location.and_then(|artifact| artifact.uri).unwrap_or_default();
        let said = found.message.text.unwrap_or_default();
        let text = found.rule_id.map_or_else(|| said.clone(), |rule| format!("{rule}: {said}"));
        each(Item::Finding(Finding { file, line: place.region.and_then(|region| region.start_line), text }));
    }
    Ok(())
}
