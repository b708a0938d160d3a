//! The weekly review as a card without buttons.

use super::markup::{bold, cut};
use super::words::{LINE_CHARS, TemplateError, Words};
use crate::domain::card::{Card, Link, Tone};
use crate::domain::figures::Act;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Stage;
use crate::domain::time::Time;
use minijinja::context;

/// Acts listed.
const ROWS: usize = 40;
/// Acts in one paragraph.
const PART: usize = 10;

pub(super) fn date(at: Time) -> String {
    chrono::DateTime::from_timestamp_millis(at.0).unwrap_or_default().format("%Y-%m-%d").to_string()
}

/// A card that only tells something.
pub(super) fn telling(title: String, lines: Vec<String>, links: Vec<Link>, fallback: String) -> Card {
    Card {
        incident: IncidentNo(0),
        version: 0,
        stage: Stage::Resolved,
        tone: Tone::Running,
        title,
        lines,
        links,
        buttons: Vec::new(),
        more: Vec::new(),
        green: false,
        sha: String::new(),
        annotations: Vec::new(),
        record: None,
        fallback,
        beside: Vec::new(),
    }
}

impl Words {
    /// What the bot did by itself from one day to another, and how each act ended.
    ///
    /// # Errors
    /// [`TemplateError`] when the template fails.
    pub fn review(&self, markup: &str, acts: &[Act], (from, to): (Time, Time)) -> Result<Card, TemplateError> {
        let rows = |markup: &str| -> Result<Vec<String>, TemplateError> {
            let row = |act: &Act| {
                let Act { incident, repo, remedy, end, .. } = act;
                self.render(markup, "card/review", context! { incident => incident.0, repo, remedy, end })
            };
            acts.iter().take(ROWS).map(row).collect()
        };
        let what =
            if acts.len() == 1 { "1 automatic act".to_owned() } else { format!("{} automatic acts", acts.len()) };
        let title = format!("{what} of CI Rescue, {} to {}", date(from), date(to));
        let mut lines: Vec<String> =
            rows(markup)?.chunks(PART).map(|part| cut(markup, &part.join("\n"), LINE_CHARS)).collect();
        if acts.len() > ROWS {
            lines.push(format!("and {} more", acts.len() - ROWS));
        }
        let links =
            self.home().into_iter().map(|home| Link { label: "Statistics".into(), url: format!("{home}/statistics") });
        let fallback = format!("{title}: {}.", rows("plain")?.join("; ").replace('\n', " "));
        Ok(telling(bold(markup, &title), lines, links.collect(), fallback))
    }
}
