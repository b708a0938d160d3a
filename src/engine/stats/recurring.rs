//! Failures that come again and again and that no rule knows: each a row for the knowledge base, to be reviewed. Nothing
//! here changes what is known.

use crate::domain::evidence::{Category, Severity};
use crate::domain::figures::Recurring;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::time::{DAY_MS, Time};
use serde::Serialize;
use std::collections::BTreeMap;

/// So often within [`BACK_MS`].
const OFTEN: u32 = 3;
const BACK_MS: i64 = 7 * DAY_MS;
/// Failures proposed, and kept in mind.
const SHOWN: usize = 20;
const KEPT: usize = 1_000;
const EXAMPLE_MAX: usize = 300;
/// A shorter piece of a line says nothing.
const LITERAL_MIN: usize = 8;
/// What a row is worth before anything came of it.
const CONFIDENCE: f64 = 0.7;

struct Sighting {
    incident: IncidentNo,
    repo: String,
    count: u32,
    line: String,
    category: Category,
    transient: bool,
}

/// Fingerprints seen lately.
pub struct Sightings {
    now: Time,
    all: BTreeMap<String, Sighting>,
}

impl Sightings {
    pub fn new(now: Time) -> Self {
        Self { now, all: BTreeMap::new() }
    }

    /// Incidents come newest first.
    pub fn add(&mut self, incident: &Incident) {
        let Some(evidence) = incident.headline().filter(|_| self.now.ms_since(incident.opened_at) <= BACK_MS) else {
            return;
        };
        // A failing test is named by the test, not by a line.
        let unknown = evidence.known_issue.is_none() && evidence.failing_tests.is_empty();
        let (Some(print), Some(error), true) = (&evidence.fingerprint, evidence.quote(), unknown) else { return };
        if let Some(known) = self.all.get_mut(print) {
            known.count += 1;
        } else if self.all.len() < KEPT {
            let sighting = Sighting {
                incident: incident.no,
                repo: incident.repo.to_string(),
                count: 1,
                line: error.text.line(EXAMPLE_MAX),
                category: evidence.category,
                transient: evidence.is_transient(),
            };
            self.all.insert(print.clone(), sighting);
        }
    }

    /// The most frequent first.
    pub fn recurring(self) -> Vec<Recurring> {
        let often = self.all.into_iter().filter(|(_, sighting)| sighting.count >= OFTEN);
        let mut all: Vec<Recurring> = often
            .filter_map(|(print, sighting)| {
                let row = row(&print, &sighting)?;
                Some(Recurring { incident: sighting.incident, repo: sighting.repo, count: sighting.count, row })
            })
            .collect();
        all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| b.incident.cmp(&a.incident)));
        all.truncate(SHOWN);
        all
    }
}

#[derive(Serialize)]
struct File<'a> {
    issue: [Row<'a>; 1],
}

/// As `rules/known_issues.toml` has them.
#[derive(Serialize)]
struct Row<'a> {
    id: String,
    words: [String; 1],
    pattern: String,
    category: Category,
    severity: Severity,
    fix_type: &'a str,
    solution: &'a str,
    confidence: f64,
    example: &'a str,
}

/// The row in TOML; `None` where the line has no piece that stays the same.
fn row(print: &str, sighting: &Sighting) -> Option<String> {
    let literal = literal(&sighting.line)?;
    let word = literal.split(|c: char| !c.is_ascii_alphabetic()).max_by_key(|word| word.len())?;
    let name = print.rsplit(':').next().unwrap_or(print);
    let short: String = name.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    let row = Row {
        id: format!("seen-{short}"),
        words: [word.to_ascii_lowercase()],
        pattern: regex::escape(literal),
        category: sighting.category,
        severity: if sighting.transient { Severity::Transient } else { Severity::Normal },
        fix_type: "",
        solution: if sighting.transient { "Say what helps, beside a retry." } else { "Say what helps." },
        confidence: CONFIDENCE,
        example: &sighting.line,
    };
    toml::to_string(&File { issue: [row] }).ok()
}

/// The longest piece of a line without what differs from run to run: numbers, paths, hashes.
fn literal(line: &str) -> Option<&str> {
    let varies = |word: &str| word.contains(|c: char| c.is_ascii_digit() || c == '/' || c == '\\' || c == '*');
    let (mut best, mut from) = ("", None::<usize>);
    let mut end = |from: Option<usize>, to: usize| {
        let piece = from.map_or("", |from| line[from..to].trim());
        if piece.len() > best.len() {
            best = piece;
        }
    };
    let mut at = 0;
    for word in line.split_inclusive(' ') {
        if varies(word) {
            end(from.take(), at);
        } else {
            from = from.or(Some(at));
        }
        at += word.len();
    }
    end(from, line.len());
    let has_word = best.split(|c: char| !c.is_ascii_alphabetic()).any(|word| word.len() >= 4);
    (best.chars().count() >= LITERAL_MIN && has_word).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sighting(line: &str) -> Sighting {
        use crate::domain::text::clean_line;
        let (repo, category) = ("acme/shop".to_owned(), Category::Build);
        Sighting {
            incident: IncidentNo(1),
            repo,
            count: 3,
            line: clean_line(line, EXAMPLE_MAX),
            category,
            transient: false,
        }
    }

    #[test]
    fn what_varies_is_left_out() {
        for (line, want) in [
            ("error: the widget 42 is not ready", Some("error: the widget")),
            ("dial tcp 10.0.0.1:443: connection was refused", Some("connection was refused")),
            ("error 17", None),
            ("1/2 3/4 5", None),
            ("", None),
        ] {
            assert_eq!(literal(line), want, "{line}");
        }
    }

    proptest! {
        /// Whatever stands in a log: the row is valid TOML of one issue, and its pattern and word find its example.
        #[test]
        fn a_row_is_valid_and_finds_its_example(line in "[ -~é\"'\\[\\]\\n]{0,120}") {
            let sighting = sighting(&line);
            let Some(row) = row("ab12", &sighting) else { return Ok(()) };
            let file: toml::Value = toml::from_str(&row).unwrap();
            let issue = &file["issue"][0];
            let example = issue["example"].as_str().unwrap();
            prop_assert_eq!(example, sighting.line.as_str());
            prop_assert!(regex::Regex::new(issue["pattern"].as_str().unwrap()).unwrap().is_match(example));
            prop_assert!(example.to_ascii_lowercase().contains(issue["words"][0].as_str().unwrap()));
            let read = crate::evidence::known::own::read(&row, |_| false);
            prop_assert!(read.is_ok(), "{:?} {}", read.err(), row);
        }
    }
}
