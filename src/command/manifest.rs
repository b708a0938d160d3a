//! The manifests: what can be said, and the help that follows from them.

use crate::domain::Role;
use crate::domain::completion::Offers;
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::sync::LazyLock;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/commands");

/// How a word is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `42`, `#42` or `42-1`; in a card's thread it may be left out.
    Target,
    /// `owner/name`.
    Repo,
    /// `owner/name` with `*` for anything.
    Pattern,
    /// One of `choices`.
    Choice,
    /// A length of time, such as `30m` or `2h`, or `off`.
    Span,
    /// Any one word.
    Word,
    /// `name=value`.
    Key,
    /// `name` or `--name`.
    Flag,
    /// Everything that is left.
    Rest,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arg {
    pub name: String,
    pub kind: Kind,
    pub summary: String,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub choices: Vec<String>,
    /// What is offered while it is typed, where its kind does not say.
    #[serde(default)]
    offers: Option<Offers>,
}

impl Arg {
    /// What is offered while it is typed, where a platform can.
    #[must_use]
    pub fn offers(&self) -> Option<Offers> {
        match self.kind {
            _ if !self.choices.is_empty() => None,
            Kind::Target => Some(Offers::Incident),
            Kind::Repo | Kind::Pattern => Some(Offers::Repository),
            _ => self.offers,
        }
    }
}

/// What somebody wants to get done with a command. Help is grouped by it, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    Look,
    Repair,
    Decide,
    Care,
    Channels,
    Emergency,
}

impl Task {
    pub const ALL: [Self; 6] = [Self::Look, Self::Repair, Self::Decide, Self::Care, Self::Channels, Self::Emergency];

    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Look => "Look",
            Self::Repair => "Repair",
            Self::Decide => "Decide",
            Self::Care => "Incidents",
            Self::Channels => "Channels",
            Self::Emergency => "Emergency",
        }
    }
}

/// One file of `commands/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub name: String,
    /// Which intent it builds: see `read.rs`.
    pub intent: String,
    pub task: Task,
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Where menus have levels (Discord), the one it stands in; the common verbs stand at the root.
    #[serde(default)]
    pub group: Option<String>,
    pub summary: String,
    pub usage: String,
    pub examples: Vec<String>,
    pub help: String,
    #[serde(default)]
    pub args: Vec<Arg>,
}

impl Manifest {
    #[must_use]
    pub fn answers_to(&self, word: &str) -> bool {
        self.name == word || self.aliases.iter().any(|alias| alias == word)
    }

    /// Who may use it, read off the intent that its first example builds.
    #[must_use]
    pub fn role(&self) -> Role {
        let here = Some(crate::domain::IncidentNo(1));
        let first = self.examples.first().map(|example| super::parse(example, here));
        first.and_then(Result::ok).map_or(Role::Viewer, |intent| intent.role())
    }
}

/// Every command, by name.
///
/// # Panics
/// When a shipped manifest is not valid, which a test rules out.
pub fn all() -> &'static [Manifest] {
    static ALL: LazyLock<Vec<Manifest>> = LazyLock::new(|| {
        let read = |file: &include_dir::File<'_>| {
            let text = file.contents_utf8().expect("manifests are UTF-8");
            toml::from_str(text).unwrap_or_else(|why| panic!("{}: {why}", file.path().display()))
        };
        let mut all: Vec<Manifest> = FILES.files().map(read).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    });
    &ALL
}

/// The help for one command, or for all.
#[must_use]
pub fn help(topic: Option<&str>) -> Option<String> {
    let Some(topic) = topic else {
        let width = all().iter().map(|m| m.name.len()).max().unwrap_or(0);
        let mut lines = Vec::new();
        for task in Task::ALL {
            lines.push(format!("{}:", task.title()));
            let of_task = all().iter().filter(|m| m.task == task);
            lines.extend(of_task.map(|m| format!("  {:width$}  {}", m.name, m.summary)));
        }
        lines.push("In a card's thread you can leave out the incident number. For details: help COMMAND".into());
        return Some(lines.join("\n"));
    };
    let manifest = all().iter().find(|manifest| manifest.answers_to(topic))?;
    let mut text = format!("{}\n{}\nrole: {}\n{}", manifest.usage, manifest.summary, manifest.role(), manifest.help);
    if !manifest.aliases.is_empty() {
        text += &format!("\naliases: {}", manifest.aliases.join(", "));
    }
    for arg in &manifest.args {
        text += &format!("\n  {}: {}", arg.name, arg.summary);
    }
    text += &format!("\nexamples: {}", manifest.examples.join(" · "));
    Some(text)
}

/// The command table of `docs/commands.md`: a test keeps it true.
#[must_use]
pub fn table() -> String {
    let mut out = String::from("| command | who | what |\n|---|---|---|\n");
    for manifest in all() {
        out += &format!("| `{}` | {} | {} |\n", manifest.usage.replace('|', "\\|"), manifest.role(), manifest.summary);
    }
    out
}
