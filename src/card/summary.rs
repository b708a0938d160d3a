//! A channel's digest as a card.

use super::buttons::of_channel;
use super::markup::{bold, cut};
use super::review::{date, telling};
use super::words::{TemplateError, Words};
use crate::domain::card::{ButtonRef, Card, Link, Verb};
use crate::domain::figures::Act;
use crate::domain::summary::{Ending, Every, Summary};
use crate::domain::time::Span;
use minijinja::value::Serde;
use minijinja::{Value, context};

/// Rows of one section; the rest is counted.
const ROWS: usize = 6;
/// What one section may hold, escaped: all six of them are one embed's description in Discord, 4,096 characters at most.
const SECTION_CHARS: usize = 640;

/// One section, as its template sees it.
struct Section {
    title: &'static str,
    rows: Vec<Value>,
    all: usize,
}

fn section<T>(title: &'static str, all: &[T], row: impl Fn(&T) -> Value) -> Section {
    Section { title, rows: all.iter().take(ROWS).map(row).collect(), all: all.len() }
}

fn sections(summary: &Summary) -> Vec<Section> {
    let row = |kind: &'static str, row: &crate::domain::journal::ListRow| {
        context! { kind => kind, ..Value::from(Serde(row)) }
    };
    let mut all = vec![
        section("New", &summary.new, |new| row("open", new)),
        section("Still red", &summary.red, |red| row("open", red)),
        section("Fixed", &summary.fixed, |fixed| {
            context! { after => Span(fixed.after_ms).to_string(), ..row("fixed", &fixed.row) }
        }),
        section("Flakiest jobs", &summary.flaky, |suite| {
            let percent = format!("{:.0}", suite.rate * 100.0);
            let flakes = format!("{:.0}", suite.flakes);
            context! { kind => "flaky", percent, flakes, ..Value::from(Serde(suite)) }
        }),
        section("Quarantines that end soon", &summary.ending, |ending| {
            let Ending { id, repo, test, owners, until } = ending;
            let (repo, test, owners) = (repo.as_str(), test.raw(), owners.join(", "));
            context! { kind => "ending", id, repo, test, owners, until }
        }),
        section("What the bot did by itself", &summary.acts, |act| {
            let Act { incident, repo, remedy, end, .. } = act;
            context! { kind => "act", no => incident.0, repo, remedy, end }
        }),
    ];
    all.retain(|section| section.all > 0);
    all
}

impl Words {
    /// What happened in a channel between two moments; `seal` as in [`Self::card`].
    ///
    /// # Errors
    /// [`TemplateError`] when the template fails.
    pub fn summary(
        &self,
        markup: &str,
        every: Every,
        summary: &Summary,
        seal: &dyn Fn(&ButtonRef) -> String,
    ) -> Result<Card, TemplateError> {
        let part = |markup: &str, section: &Section| -> Result<String, TemplateError> {
            let more = section.all - section.rows.len();
            let Section { title, rows, all } = section;
            let title = *title;
            self.render(markup, "card/summary", context! { title, all, rows, more })
        };
        let sections = sections(summary);
        let mut lines = Vec::new();
        for section in &sections {
            lines.push(cut(markup, &part(markup, section)?, SECTION_CHARS));
        }
        let dollars = summary.spent.dollars();
        if dollars > 0.0 {
            lines.push(format!("Agents cost ${dollars:.2}"));
        }
        let what = if every == Every::Daily { "Daily digest" } else { "Weekly digest" };
        let (new, red, fixed) = (summary.new.len(), summary.red.len(), summary.fixed.len());
        let title = format!(
            "{what}, {} to {}: {new} new, {red} still red, {fixed} fixed",
            date(summary.from),
            date(summary.to)
        );
        let links = self.home().into_iter().map(|home| Link { label: "All incidents".into(), url: home.to_owned() });
        let telling = telling(bold(markup, &title), lines, links.collect(), format!("{title}."));
        Ok(Card { buttons: vec![of_channel(Verb::Stats, seal)], ..telling })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::Places;
    use crate::card::markup::MARKUPS;
    use crate::domain::figures::Suite;
    use crate::domain::ids::IncidentNo;
    use crate::domain::journal::ListRow;
    use crate::domain::summary::Fixed;
    use crate::domain::time::Time;

    const NAME: &str = "<!channel> @everyone **x** [a](https://evil.example) `c` <b>b</b> ";

    /// Everything that there can be, with the longest names.
    fn full() -> Summary {
        let long = NAME.repeat(10);
        let row = |no: u64| ListRow {
            no: IncidentNo(no),
            stage: "open".into(),
            severity: "normal".into(),
            repo: "acme/shop".into(),
            branch: long.as_str().into(),
            job: long.as_str().into(),
            line: long.as_str().into(),
            opened_at: Time(0),
        };
        let rows: Vec<ListRow> = (0..50).map(|n| row(1_000_000 + n)).collect();
        let act = |n| Act {
            incident: IncidentNo(n),
            repo: "acme/shop".into(),
            at: Time(0),
            remedy: "quarantine".into(),
            end: "closed without a merge".into(),
        };
        let suite = Suite {
            repo: "acme/shop".into(),
            job: long.clone(),
            executions: 40,
            flakes: 7.0,
            rate: 0.175,
            low: 0.1,
            high: 0.3,
        };
        let ending = Ending {
            id: "42-1".into(),
            repo: "acme/shop".parse().unwrap(),
            test: long.as_str().into(),
            owners: vec![long.clone()],
            until: "2026-01-08".into(),
        };
        Summary {
            from: Time(0),
            to: Time(86_400_000),
            fixed: rows.iter().map(|row| Fixed { row: row.clone(), after_ms: 3_600_000 }).collect(),
            new: rows.clone(),
            red: rows,
            flaky: vec![suite; 5],
            ending: vec![ending; 50],
            acts: (0..50).map(act).collect(),
            spent: crate::domain::agent::Usd::cents(412),
        }
    }

    #[test]
    fn the_longest_digest_fits_every_platform() {
        let words = Words::shipped(Places { home: Some("https://rescue.example".into()), web: None }).unwrap();
        for markup in MARKUPS {
            let card = words.summary(markup, Every::Weekly, &full(), &|_| String::new()).unwrap();
            assert_eq!(card.lines.len(), 7, "{markup}");
            let all = card.lines.join("\n");
            assert!(markup == "html" || all.chars().count() <= 4_000, "{markup}: {}", all.chars().count());
            assert!(card.title.contains("50 new, 50 still red, 50 fixed"), "{}", card.title);
            let live = ["<!channel>", "@everyone"].iter().any(|live| card.title.contains(live));
            assert!(!live && (markup != "html" || !all.contains("<b>b")), "{all}");
        }
    }
}
