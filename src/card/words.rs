//! The words: templates rendered for a markup, everything that is not ours escaped.

use super::buttons::of_channel;
use super::markup::{MARKUPS, bold, code, cut, escape, fenced, link, when};
use super::view::{View, ViewButton};
use crate::domain::action::{IssueBody, PullBody};
use crate::domain::card::{Asks, Button, ButtonRef, Card, Link, MUTE_MS, Tone, Verb};
use crate::domain::commit_check::CheckVerdict;
use crate::domain::ids::short_sha;
use crate::domain::incident::Stage;
use crate::domain::journal::Note;
use crate::domain::text::clean_line;
use crate::domain::time::{Span, Time};
use include_dir::{Dir, include_dir};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, State, UndefinedBehavior, Value, context};
use std::fmt;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// A card has at most this many paragraphs beside its title and its buttons.
const LINES_MAX: usize = 3;
/// What one paragraph may hold, escaped: Slack allows 3,000 characters in a section.
pub(super) const LINE_CHARS: usize = 1_200;

/// A template that does not render: a defect of the template, never of the data.
#[derive(Debug)]
pub struct TemplateError(String);

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TemplateError {}

impl From<Error> for TemplateError {
    fn from(why: Error) -> Self {
        Self(format!("{why:#}"))
    }
}

/// All templates, compiled once.
pub struct Words {
    env: Environment<'static>,
    home: Option<String>,
}

/// Where links lead: addresses without a slash at the end.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Where incidents can be read in a browser: the console.
    pub home: Option<String>,
    /// Where people look at repositories, such as `https://github.com`.
    pub web: Option<String>,
}

/// What a check run says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckText {
    pub title: String,
    pub summary: String,
}

/// A check run's summary has room for 65,535 characters.
const SUMMARY_BYTES: usize = 60_000;
/// Failures named on a digest; the rest is counted.
const DIGEST_ROWS: usize = 10;
/// Rows of a digest in one paragraph.
const DIGEST_PART: usize = 5;

impl Words {
    /// The shipped templates. A markup's own folder goes before the common one.
    ///
    /// # Errors
    /// [`TemplateError`] when one does not compile.
    pub fn shipped(places: Places) -> Result<Self, TemplateError> {
        let mut env = Environment::new();
        let (home, web) = (places.home.clone(), places.web);
        env.add_filter("incident", move |state: &State<'_, '_>, no: u64| {
            let url = home.as_ref().map(|home| format!("{home}/incidents/{no}")).unwrap_or_default();
            Value::from_safe_string(link(&markup(state), &format!("#{no}"), &url))
        });
        let at = web.clone();
        env.add_filter("pull", move |state: &State<'_, '_>, number: u64, repo: &str| {
            let url = at.as_ref().map(|web| format!("{web}/{repo}/pull/{number}")).unwrap_or_default();
            Value::from_safe_string(link(&markup(state), &format!("PR #{number}"), &url))
        });
        env.add_filter("commit", move |state: &State<'_, '_>, sha: &str, repo: &str| {
            let url = web.as_ref().map(|web| format!("{web}/{repo}/commit/{sha}")).unwrap_or_default();
            Value::from_safe_string(link(&markup(state), short_sha(sha), &url))
        });
        env.add_filter("link", |state: &State<'_, '_>, text: &str, url: &str| {
            Value::from_safe_string(link(&markup(state), text, url))
        });
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_syntax(minijinja::syntax::SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        env.set_auto_escape_callback(|name| {
            AutoEscape::Custom(name.split(':').next().unwrap_or("plain").to_owned().into())
        });
        env.set_formatter(|out, state, value| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let shown = if value.is_safe() { text } else { escape(&markup(state), &text) };
            out.write_str(&shown).map_err(Error::from)
        });
        env.add_filter("b", |state: &State<'_, '_>, text: &str| Value::from_safe_string(bold(&markup(state), text)));
        env.add_filter("code", |state: &State<'_, '_>, text: &str| Value::from_safe_string(code(&markup(state), text)));
        env.add_filter("fenced", |lines: Vec<String>| Value::from_safe_string(fenced(&lines)));
        env.add_filter("when", |state: &State<'_, '_>, ms: i64| {
            Value::from_safe_string(when(&markup(state), Time(ms)))
        });
        env.add_filter("truncate", |text: &str, max: usize| clean_line(text, max));
        env.add_filter("count", |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many }));
        for name in [
            "card/title",
            "card/culprit",
            "card/state",
            "card/foot",
            "card/fallback",
            "card/digest",
            "card/review",
            "card/summary",
            "page/hint",
            "page/ending",
            "page/foot",
            "page/window",
            "page/commands",
            "notes",
        ] {
            for markup in MARKUPS {
                let own = FILES.get_file(format!("{markup}/{name}.jinja"));
                let file = own.or_else(|| FILES.get_file(format!("{name}.jinja")));
                let text = file.and_then(include_dir::File::contents_utf8);
                let text = text.ok_or_else(|| TemplateError(format!("there is no template {name}")))?;
                env.add_template_owned(format!("{markup}:{name}"), text.to_owned())?;
            }
        }
        for (markup, name) in
            [("html", "mail/html"), ("plain", "mail/plain"), ("plain", "mail/news"), ("plain", "record")]
        {
            let text = FILES.get_file(format!("{name}.jinja")).and_then(include_dir::File::contents_utf8);
            let text = text.ok_or_else(|| TemplateError(format!("there is no template {name}")))?;
            env.add_template_owned(format!("{markup}:{name}"), text.to_owned())?;
        }
        for name in ["pull", "issue", "conflicts", "verdict"] {
            let text = FILES.get_file(format!("github/{name}.jinja")).and_then(include_dir::File::contents_utf8);
            let text = text.ok_or_else(|| TemplateError(format!("there is no template github/{name}")))?;
            env.add_template_owned(format!("github:{name}"), text.to_owned())?;
        }
        Ok(Self { env, home: places.home })
    }

    /// Where incidents can be read in a browser.
    pub(super) fn home(&self) -> Option<&str> {
        self.home.as_deref()
    }

    pub(super) fn render(&self, markup: &str, name: &str, context: Value) -> Result<String, TemplateError> {
        let text = self.env.get_template(&format!("{markup}:{name}"))?.render(context)?;
        Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"))
    }

    /// A text with its empty lines, but never several in a row.
    pub(super) fn whole(&self, markup: &str, name: &str, context: Value) -> Result<String, TemplateError> {
        let text = self.env.get_template(&format!("{markup}:{name}"))?.render(context)?;
        let mut out = String::with_capacity(text.len());
        let mut gap = false;
        for line in text.lines().map(str::trim_end) {
            let empty = line.is_empty();
            if !(empty && (gap || out.is_empty())) {
                out.push_str(line);
                out.push('\n');
            }
            gap = empty;
        }
        Ok(out)
    }

    /// A journal entry or a private answer, as one short text.
    ///
    /// # Errors
    /// [`TemplateError`] when the template does not know the note.
    pub fn note(&self, markup: &str, note: &Note) -> Result<String, TemplateError> {
        let value = Value::from(Serde(note));
        self.render(markup, "notes", context! { n => value })
    }

    /// The body of a pull request of ours, in GitHub's markdown. `home` is where incidents can be read.
    ///
    /// # Errors
    /// [`TemplateError`] when the template fails.
    pub fn pull(&self, body: &PullBody, home: Option<&str>) -> Result<String, TemplateError> {
        self.page("github:pull", Value::from(Serde(body)), home)
    }

    /// The body of an issue of ours, in GitHub's markdown, with these lines of the log. `home` is where incidents can be
    /// read.
    ///
    /// # Errors
    /// [`TemplateError`] when the template fails.
    pub fn issue(&self, body: &IssueBody, excerpt: &[String], home: Option<&str>) -> Result<String, TemplateError> {
        let excerpt = Value::from(Serde(excerpt));
        self.page("github:issue", context! { excerpt => excerpt, ..Value::from(Serde(body)) }, home)
    }

    /// The check on a draft with conflicts, in GitHub's markdown: the template's first line is its title.
    ///
    /// # Errors
    /// [`TemplateError`] when the template fails.
    pub fn conflicts(&self, left: &[String]) -> Result<CheckText, TemplateError> {
        let text = self.page("github:conflicts", Value::from(Serde(left)), None)?;
        let (title, summary) = text.split_once('\n').unwrap_or((&text, ""));
        Ok(CheckText { title: title.to_owned(), summary: summary.trim().to_owned() })
    }

    /// The verdict check, in GitHub's markdown.
    ///
    /// # Errors
    /// [`TemplateError`] when the template fails.
    pub fn verdict(&self, verdict: &CheckVerdict, home: Option<&str>) -> Result<CheckText, TemplateError> {
        let text = self.page("github:verdict", Value::from(Serde(verdict)), home)?;
        let mut summary = String::new();
        for line in text.lines() {
            if summary.len() + line.len() > SUMMARY_BYTES {
                summary.push_str("\nMore failures are not listed here.");
                break;
            }
            summary.push_str(line);
            summary.push('\n');
        }
        Ok(CheckText { title: verdict.title.clone(), summary: summary.trim_end().to_owned() })
    }

    fn page(&self, name: &str, what: Value, home: Option<&str>) -> Result<String, TemplateError> {
        let home = home.map(|home| Value::from_safe_string(home.to_owned()));
        let text = self.env.get_template(name)?.render(context! { p => what, home => home })?;
        Ok(text.trim().to_owned())
    }

    /// The card. `seal` turns what a button says into its wire form; `owners`: the reader sees repositories of several
    /// owners, so the owner's name stands in the title.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn card(
        &self,
        markup: &str,
        view: &View,
        seal: &dyn Fn(&ButtonRef) -> String,
        owners: bool,
    ) -> Result<Card, TemplateError> {
        let context = || context! { owners => owners, ..Value::from(Serde(view)) };
        let mut lines = Vec::new();
        for part in ["card/culprit", "card/state", "card/foot"] {
            let text = self.render(markup, part, context())?;
            if !text.is_empty() && lines.len() < LINES_MAX {
                lines.push(cut(markup, &text, LINE_CHARS));
            }
        }
        let button = |ViewButton { what, look, label: own, form }: &ViewButton| {
            let label = if own.is_empty() { label(what) } else { own.clone() };
            Button {
                hint: format!("{label} for incident #{} in {}", view.no, view.repo),
                label,
                look: *look,
                verb: what.verb,
                value: seal(what),
                words: said(what),
                asks: what.verb.asks().or(form.as_ref().map(|_| Asks::Form)),
                form: form.clone(),
            }
        };
        let run = view.host.as_ref().map_or_else(|| "Run".into(), |host| format!("Run on {}", escape(markup, host)));
        let mut links: Vec<Link> = view.url.iter().map(|url| Link { label: run.clone(), url: url.clone() }).collect();
        if let Some(home) = &self.home {
            links.push(Link { label: "Incident".into(), url: format!("{home}/incidents/{}", view.no) });
        }
        Ok(Card {
            incident: view.incident,
            version: view.version,
            stage: view.is,
            tone: view.tone,
            title: self.render(markup, "card/title", context())?,
            lines,
            links,
            buttons: view.buttons.iter().take(3).map(button).collect(),
            more: view.more.iter().map(button).collect(),
            green: view.is == Stage::Resolved && view.adopted_by.is_none() && !view.gone,
            // Nothing failed there.
            sha: view.deployment.as_ref().map_or_else(|| view.commit.clone(), |_| String::new()),
            annotations: view.annotations.clone(),
            record: self.home.as_ref().map(|home| format!("{home}/incidents/{}/rescue.log", view.no)),
            fallback: self.render("plain", "card/fallback", context())?.replace('\n', " "),
            beside: Vec::new(),
        })
    }

    /// One card for several failures. It can be muted; `seal` as in [`Self::card`].
    ///
    /// # Errors
    /// [`TemplateError`] when the template fails.
    pub fn digest(
        &self,
        markup: &str,
        views: &[View],
        seal: &dyn Fn(&ButtonRef) -> String,
        owners: bool,
    ) -> Result<Card, TemplateError> {
        let rows = |markup: &str| -> Result<Vec<String>, TemplateError> {
            let row = |view: &View| {
                self.render(markup, "card/digest", context! { owners => owners, ..Value::from(Serde(view)) })
            };
            views.iter().take(DIGEST_ROWS).map(row).collect()
        };
        let open = views.iter().filter(|view| view.closed_at.is_none()).count();
        let title = match (views.len(), open) {
            (1, 0) => "✅ 1 more failure, resolved".to_owned(),
            (1, _) => "🔴 1 more failure".to_owned(),
            (all, 0) => format!("✅ {all} more failures, all resolved"),
            (all, open) if open < all => format!("🔴 {all} more failures, {open} open"),
            (all, _) => format!("🔴 {all} more failures"),
        };
        let mut lines: Vec<String> =
            rows(markup)?.chunks(DIGEST_PART).map(|part| cut(markup, &part.join("\n"), LINE_CHARS)).collect();
        let more = views.len().saturating_sub(DIGEST_ROWS);
        let hint = if more > 0 { format!("and {more} more. ") } else { String::new() };
        lines.push(format!("{hint}Details of one: {}", code(markup, "show NUMBER")));
        let links = self.home.iter().map(|home| Link { label: "All incidents".into(), url: home.clone() });
        Ok(Card {
            incident: views.first().map(|view| view.incident).unwrap_or_default(),
            version: views.iter().map(|view| view.version).max().unwrap_or(0),
            stage: if open == 0 { Stage::Resolved } else { Stage::Open },
            tone: if open == 0 { Tone::Resolved } else { Tone::Failing },
            title: bold(markup, &title),
            lines,
            links: links.collect(),
            buttons: if open == 0 { Vec::new() } else { vec![of_channel(Verb::Mute, seal)] },
            more: Vec::new(),
            green: open == 0,
            sha: String::new(),
            annotations: Vec::new(),
            record: None,
            fallback: format!("{}: {}.", title, rows("plain")?.join("; ").replace('\n', " ")),
            beside: Vec::new(),
        })
    }
}

pub(super) fn label(what: &ButtonRef) -> String {
    match what.verb {
        Verb::RejectReason => return "Reject with a reason".into(),
        Verb::Ack => return "Acknowledge".into(),
        Verb::Wrong => return "Wrong verdict".into(),
        Verb::Mute => return format!("Mute for {}", Span(MUTE_MS)),
        Verb::Stats => return "Statistics".into(),
        _ => {}
    }
    let word = what.verb.as_str();
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

/// What a button says, in the words of the grammar.
pub(super) fn said(what: &ButtonRef) -> String {
    match what.verb {
        Verb::Mute => return format!("mute {}", Span(MUTE_MS)),
        Verb::Stats => return "stats".into(),
        _ => {}
    }
    let verb = if what.verb == Verb::RejectReason { Verb::Reject } else { what.verb };
    let target = what.proposal.map_or_else(|| what.incident.0.to_string(), |id| id.to_string());
    format!("{} {target}", verb.as_str())
}

fn markup(state: &State<'_, '_>) -> String {
    match state.auto_escape() {
        AutoEscape::Custom(name) => name.to_string(),
        _ => "plain".into(),
    }
}
