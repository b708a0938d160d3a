//! The words of a person's page and of a window over a message.

use super::view::view;
use super::words::{TemplateError, Words};
use crate::domain::card::{Button, ButtonRef, Link, Verb};
use crate::domain::incident::Incident;
use crate::domain::page::{Hint, Home, Lists, Part, Row, Window};
use crate::domain::pointer::Pointer;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

/// Buttons of one row.
const BUTTONS: usize = 3;

/// What a page is written from: its lists with their incidents as they are now.
#[derive(Debug)]
pub struct Asked<'a> {
    pub lists: &'a Lists,
    pub waiting: &'a [Incident],
    pub own: &'a [Incident],
    pub team: &'a [Incident],
    /// Repositories of several owners may turn up.
    pub owners: bool,
}

/// What a window says where there is no incident.
#[derive(Debug, Serialize)]
pub struct Telling {
    pub kind: &'static str,
    /// `run 7 of acme/shop`.
    pub what: String,
    pub repo: String,
    pub detail: String,
}

impl Telling {
    #[must_use]
    pub fn new(kind: &'static str, to: Option<&Pointer>, detail: impl Into<String>) -> Self {
        let what = match to {
            None => String::new(),
            Some(Pointer::Incident { no }) => format!("incident {no}"),
            Some(Pointer::Run { repo, run }) => format!("run {run} of {repo}"),
            Some(Pointer::Pull { repo, number }) => format!("pull request {number} of {repo}"),
        };
        let repo = to.and_then(Pointer::repo).map(ToString::to_string).unwrap_or_default();
        Self { kind, what, repo, detail: detail.into() }
    }
}

type Seal<'a> = &'a dyn Fn(&ButtonRef) -> String;

impl Words {
    /// A person's page. `seal` turns what a button says into its wire form.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn home_of(&self, markup: &str, asked: &Asked<'_>, seal: Seal<'_>) -> Result<Home, TemplateError> {
        let lists = asked.lists;
        let lead = match &lists.hint {
            Some(hint) => self.render(markup, "page/hint", context! { h => Value::from(Serde(hint)) })?,
            None => String::new(),
        };
        if lists.hint.as_ref().is_some_and(|hint| *hint != (Hint::Link { known: true })) {
            return Ok(Home { lead, ..Home::default() });
        }
        let mut parts = Vec::new();
        for (title, empty, incidents, more, waits) in [
            ("Waiting for you", "Nothing waits for your approval.", asked.waiting, lists.waiting.more, true),
            ("Yours", "You have no open incident.", asked.own, lists.own.more, false),
            ("Your team's", "Your team has no other open incident.", asked.team, lists.team.more, false),
        ] {
            let mut rows = Vec::new();
            for incident in incidents {
                let row = self.row(markup, incident, asked.owners, seal)?;
                // What they may approve is in the first list.
                let approves = |button: &Button| matches!(button.verb, Verb::Approve | Verb::Reject);
                let may = |button: &Button| lists.acts && approves(button) == waits;
                let buttons = row.buttons.into_iter().filter(may).take(BUTTONS).collect();
                rows.push(Row { buttons, ..row });
            }
            parts.push(self.part(markup, title, rows, more, empty)?);
        }
        let mut rows = Vec::new();
        for entry in &lists.ending {
            let text = self.render(markup, "page/ending", context! { q => Value::from(Serde(entry)) })?;
            rows.push(Row { text, buttons: Vec::new() });
        }
        parts.push(self.part(
            markup,
            "Quarantines that end soon",
            rows,
            lists.more_ending,
            "No quarantine ends within a week.",
        )?);
        let link = self.home().map(|home| Link { label: "All incidents".into(), url: home.to_owned() });
        Ok(Home { lead, parts, link })
    }

    fn part(&self, markup: &str, title: &str, rows: Vec<Row>, more: u64, empty: &str) -> Result<Part, TemplateError> {
        let home = self.home().unwrap_or_default();
        let any = !rows.is_empty();
        let foot = self.render(markup, "page/foot", context! { more, home, rows => any, empty })?;
        Ok(Part { title: title.to_owned(), rows, foot })
    }

    /// An incident in one line, with what one click does.
    fn row(&self, markup: &str, incident: &Incident, owners: bool, seal: Seal<'_>) -> Result<Row, TemplateError> {
        let view = view(incident);
        let text = self.render(markup, "card/digest", context! { owners, ..Value::from(Serde(&view)) })?;
        let card = self.card(markup, &view, seal, owners)?;
        let beside = card.more.into_iter().filter(|button| button.verb == Verb::Ack);
        let buttons = card.buttons.into_iter().chain(beside).filter(|button| button.asks.is_none()).collect();
        Ok(Row { text, buttons })
    }

    /// An incident's card in a window, with the commands that do what its buttons do.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn window_of(&self, markup: &str, incident: &Incident, owners: bool) -> Result<Window, TemplateError> {
        let card = self.card(markup, &view(incident), &|_| String::new(), owners)?;
        let mut paragraphs = vec![card.title];
        paragraphs.extend(card.lines);
        let plain = card.buttons.iter().chain(&card.more).filter(|button| button.verb != Verb::Wrong);
        let all: Vec<Value> =
            plain.map(|button| context! { label => button.label.as_str(), words => button.words.as_str() }).collect();
        let commands = self.render(markup, "page/commands", context! { all })?;
        paragraphs.extend((!commands.is_empty()).then_some(commands));
        Ok(Window { paragraphs, links: card.links, offer: None })
    }

    /// A window that says why there is no incident; with `offer`, one click opens one.
    ///
    /// # Errors
    /// [`TemplateError`] when the template fails.
    pub fn telling(&self, markup: &str, said: &Telling, offer: Option<Pointer>) -> Result<Window, TemplateError> {
        let text = self.render(markup, "page/window", context! { t => Value::from(Serde(said)) })?;
        Ok(Window { paragraphs: vec![text], links: Vec::new(), offer })
    }
}
