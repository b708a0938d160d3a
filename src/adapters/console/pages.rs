//! The pages, from `pages/*.html`. What a card brings is safe markup already; everything else is escaped here.

use crate::card::{Card, Look};
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

pub const STYLE: &str = include_str!("pages/console.css");
pub const ICON: &str = include_str!("pages/favicon.svg");
pub const COPY: &str = include_str!("pages/copy.js");
pub const SCRIPT: &str = include_str!("pages/console.js");

pub struct Pages(Environment<'static>);

/// A card as the page's template wants it.
#[derive(Serialize)]
pub struct CardView {
    no: u64,
    stage: &'static str,
    tone: String,
    title: String,
    lines: Vec<String>,
    links: Vec<(String, String)>,
    buttons: Vec<ButtonView>,
}

#[derive(Serialize)]
struct ButtonView {
    label: String,
    hint: String,
    look: &'static str,
    value: String,
    verb: &'static str,
    /// A line is to be typed before it is pressed.
    asks: bool,
    /// What it says, in the words of the command line.
    words: String,
}

impl CardView {
    pub fn of(card: &Card) -> Self {
        let view = |button: &crate::card::Button| ButtonView {
            label: button.label.clone(),
            hint: button.hint.clone(),
            look: match button.look {
                Look::Primary => "primary",
                Look::Danger => "danger",
                Look::Plain => "plain",
            },
            value: button.value.clone(),
            verb: button.verb.as_str(),
            asks: button.asks,
            words: button.words.clone(),
        };
        Self {
            no: card.incident.0,
            stage: card.stage.as_str(),
            tone: format!("{:?}", card.tone).to_lowercase(),
            title: card.title.clone(),
            lines: card.lines.iter().map(|line| line.replace('\n', "<br>")).collect(),
            links: card.links.iter().map(|link| (link.label.clone(), link.url.clone())).collect(),
            buttons: card.buttons.iter().chain(&card.more).map(view).collect(),
        }
    }
}

impl Pages {
    pub fn new() -> Result<Self, String> {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, text) in [
            ("base.html", include_str!("pages/base.html")),
            ("bare.html", include_str!("pages/bare.html")),
            ("card.html", include_str!("pages/card.html")),
            ("error.html", include_str!("pages/error.html")),
            ("feed.html", include_str!("pages/feed.html")),
            ("incident.html", include_str!("pages/incident.html")),
            ("preview.html", include_str!("pages/preview.html")),
            ("sign_in.html", include_str!("pages/sign_in.html")),
        ] {
            env.add_template(name, text).map_err(|why| format!("{why:#}"))?;
        }
        Ok(Self(env))
    }

    pub fn render(&self, name: &str, context: Value) -> String {
        let text = self.0.get_template(name).and_then(|page| page.render(context));
        text.unwrap_or_else(|why| {
            tracing::error!(%why, "could not render a page");
            "This page cannot be rendered; see the log.".into()
        })
    }

    /// One card, for an update of a page that is open.
    pub fn card(&self, card: &Card) -> String {
        self.render("card.html", minijinja::context! { card => Value::from(Serde(&CardView::of(card))), csrf => "" })
    }
}
