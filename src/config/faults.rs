//! What is wrong with a configuration, in sentences that name the place, the key, what is expected and what is there.

use super::keys::{self, ITEM, Key};
use super::tree::{At, Node, Step, Value, dotted};
use super::visit::{Kind, Refused, Want};

/// Longer values are cut.
const SHOWN_MAX: usize = 40;

/// Where faults are told from: the file's name, and the tree.
pub struct Teller<'a> {
    pub file: &'a str,
    pub tree: &'a Node,
}

/// A sentence, and where it belongs in the order of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub line: usize,
    pub what: String,
}

impl Teller<'_> {
    /// Where a path was written; one that was not, at the nearest above it.
    fn place(&self, path: &[Step]) -> At {
        let up = (0..=path.len()).rev().find_map(|len| self.tree.get(&path[..len]).filter(|_| len > 0));
        up.map_or(At::Shipped, |node| node.at.clone())
    }

    /// `ci-rescue.toml:10: github.app_id`, or `CI_RESCUE__GITHUB__APP_ID`.
    pub fn name(&self, path: &[Step]) -> String {
        match self.place(path) {
            At::Line(line) => format!("{}:{line}: {}", self.file, dotted(path, 0)),
            At::Variable { name, depth } => format!("{name}{}", dotted(path, depth)),
            At::Shipped => dotted(path, 0),
        }
    }

    pub fn fault(&self, path: &[Step], what: &str) -> Fault {
        let line = match self.place(path) {
            At::Line(line) => line,
            At::Variable { .. } => usize::MAX,
            At::Shipped => 0,
        };
        Fault { line, what: format!("{} {what}", self.name(path)) }
    }

    pub fn refused(&self, refused: &Refused) -> Fault {
        match &refused.kind {
            Kind::Wrong(want) => {
                let value = self.tree.get(&refused.path).map(|node| &node.value);
                self.fault(&refused.path, &wrong(&refused.path, want, value))
            }
            Kind::Unknown(known) => self.unknown(&refused.path, known),
            Kind::Missing => self.fault(&refused.path, "is missing"),
        }
    }

    fn unknown(&self, path: &[Step], known: &[&str]) -> Fault {
        let mut fault = self.fault(path, "");
        let Some((Step::Key(last), above)) = path.split_last() else { return fault };
        let table = matches!(self.tree.get(path).map(|node| &node.value), Some(Value::Table(_)));
        let near = nearest(last, known.iter().copied());
        let sibling = |near: &str| dotted(&[above, &[Step::Key(near.to_owned())]].concat(), 0);
        let elsewhere = || keys::all().iter().find(|key| key.is_written() && key.path.last() == Some(&last.as_str()));
        if let At::Variable { name, depth } = self.place(path)
            && path.len() <= depth
        {
            let near =
                nearest(&name, variables().iter().map(String::as_str)).map(|near| format!("; did you mean {near}?"));
            fault.what = format!("unknown variable {name}{}", near.unwrap_or_default());
            return fault;
        }
        let kind = if table && above.is_empty() { "section" } else { "key" };
        let hint = match (near, elsewhere()) {
            (_, Some(key)) if above.is_empty() && !table => {
                format!("did you mean {}, under [{}]?", key.path.join("."), key.path[0])
            }
            (Some(near), _) => format!("did you mean {}?", sibling(near)),
            (None, Some(key)) => format!("did you mean {}, under [{}]?", key.path.join("."), key.path[0]),
            (None, None) => format!("valid keys are {}", listed(known, "and")),
        };
        let name = self.name(path);
        let (place, key) = name.rsplit_once(": ").unwrap_or(("", &name));
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        fault.what = format!("{place}unknown {kind} {key}; {hint}");
        fault
    }
}

/// Every variable that sets something.
pub fn variables() -> Vec<String> {
    keys::all().iter().filter(|key| key.is_written()).map(Key::variable).collect()
}

fn wrong(path: &[Step], want: &Want, value: Option<&Value>) -> String {
    let must = match (want, value) {
        (Want::Text, _) => "must be a quoted string".to_owned(),
        (Want::Whole { .. }, Some(Value::Text(text))) if text.parse::<i128>().is_ok() => {
            "must be a number, without quotes".into()
        }
        (Want::Whole { min, max }, Some(Value::Whole(_))) => format!("must be a whole number from {min} to {max}"),
        (Want::Whole { .. }, Some(Value::Fraction(_))) => "must be a whole number".into(),
        (Want::Whole { .. }, _) => "must be a number".into(),
        (Want::Bool, _) => "must be true or false, without quotes".into(),
        (Want::List, value) => list(path, value),
        (Want::Table, value) => table(path, value),
        (Want::OneOf(known), value) => {
            let quoted: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
            let words: Vec<&str> = quoted.iter().map(String::as_str).collect();
            let near = if let Some(Value::Text(text)) = value { nearest(text, known.iter().copied()) } else { None };
            let near = near.map(|near| format!("; did you mean \"{near}\"?"));
            return format!("must be {}{}", listed(&words, "or"), found(path, value, &near.unwrap_or_default()));
        }
        (Want::Said(words), _) => format!("must be {words}"),
    };
    format!("{must}{}", found(path, value, ""))
}

fn list(path: &[Step], value: Option<&Value>) -> String {
    let of_tables = keys::at(&[path, &[Step::Index(0)]].concat()).is_some_and(|key| key.want == Some(Want::Table));
    let name = dotted(path, 0);
    match value {
        Some(Value::Table(_)) if of_tables => {
            format!("must be an array of tables; write [[{name}]] instead of [{name}]")
        }
        _ if of_tables => format!("must be an array of tables, each under [[{name}]]"),
        _ => "must be a list, such as [\"one\", \"two\"]".into(),
    }
}

fn table(path: &[Step], value: Option<&Value>) -> String {
    let name = dotted(path, 0);
    match (path.last(), value) {
        (Some(Step::Index(_)), _) => "must be a table, such as {name = \"ada\"}".into(),
        (_, Some(Value::List(_))) => format!("must be a single table; write [{name}] instead of [[{name}]]"),
        _ => format!("must be a table, [{name}]"),
    }
}

/// What is there, unless it may be a secret.
fn found(path: &[Step], value: Option<&Value>, hint: &str) -> String {
    let secret = keys::is_secret(path);
    let shown = match value {
        None | Some(Value::Gone) => return String::new(),
        Some(Value::Text(_)) if secret => "a string".into(),
        Some(Value::Whole(_) | Value::Fraction(_)) if secret => "a number".into(),
        Some(Value::Text(text)) => quoted(text),
        Some(Value::Whole(number)) => number.to_string(),
        Some(Value::Fraction(text) | Value::Time(text)) => text.clone(),
        Some(Value::Bool(bool)) => bool.to_string(),
        Some(Value::List(_)) => "a list".into(),
        Some(Value::Table(_)) => "a table".into(),
        Some(Value::Null) => "null".into(),
    };
    format!(" (found {shown}{hint})")
}

/// A value as it is written in TOML, cut.
pub fn quoted(text: &str) -> String {
    let line = crate::domain::text::clean_line(text, SHOWN_MAX);
    format!("\"{}\"", line.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `a, b or c`.
pub fn listed(words: &[&str], last: &str) -> String {
    match words {
        [] => "nothing".into(),
        [one] => (*one).to_owned(),
        [all @ .., end] => format!("{} {last} {end}", all.join(", ")),
    }
}

/// The most alike of `words`, if any is alike at all.
pub fn nearest<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.5;
    let word = word.to_lowercase();
    let score = |have: &str| strsim::normalized_damerau_levenshtein(&word, &have.to_lowercase());
    let scored = words.filter(|have| *have != ITEM).map(|have| (score(have), have));
    scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, have)| have)
}
