//! A card as a mail: plain text and HTML, in the words of `templates/mail`.

use super::words::{TemplateError, Words};
use crate::domain::card::Card;
use crate::domain::news::News;
use minijinja::value::Serde;
use minijinja::{Value, context};

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub html: String,
    pub plain: String,
}

impl Words {
    /// `html` and `plain` are the same card in those markups.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn mail(&self, html: &Card, plain: &Card, news: News) -> Result<Mail, TemplateError> {
        let state = html.stage.as_str().replace('_', " ");
        let what = context! { news => news.as_str(), state };
        let news = self.render("plain", "mail/news", what)?;
        let colour = format!("#{:06x}", html.tone.colour());
        let safe = |text: &str| Value::from_safe_string(text.to_owned());
        let lines: Vec<Vec<Value>> = html.lines.iter().map(|line| line.lines().map(safe).collect()).collect();
        let context = context! {
            subject => &plain.title, colour, news => &news, title => safe(&html.title), lines, links => Serde(&html.links),
            br => safe("<br>"),
        };
        let page = self.whole("html", "mail/html", context)?;
        let lines: Vec<Vec<String>> =
            plain.lines.iter().map(|line| line.lines().map(str::to_owned).collect()).collect();
        let context = context! { news => &news, title => &plain.title, lines, links => Serde(&plain.links) };
        Ok(Mail { html: page, plain: self.whole("plain", "mail/plain", context)? })
    }
}
