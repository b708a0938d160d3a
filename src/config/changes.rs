//! What differs between two configurations, as the log tells it: values, and of secrets and files only that they changed.

use super::keys;
use super::tree::{Node, Step, Value};
use crate::domain::ids::Digest;
use crate::domain::text::clean_line;
use std::collections::BTreeMap;
use std::fmt;

/// Letters of a value that are shown.
const SHOWN: usize = 120;
/// What a table in a list is known by.
const NAMES: [&str; 2] = ["name", "owner"];

/// Every value that is set, by its key: `policy.mode`, `people.ada.role`.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, Shown>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    Value(String),
    /// Its digest, which is compared and never shown.
    Hidden(Digest),
    /// A file's place, and the digest of what is in it.
    File(String, Option<Digest>),
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub key: String,
    was: Option<Shown>,
    is: Option<Shown>,
}

impl Values {
    pub(super) fn of(tree: &Node) -> Self {
        let mut all = Self::default();
        all.take(tree, &mut Vec::new(), "");
        all
    }

    fn take(&mut self, node: &Node, path: &mut Vec<Step>, name: &str) {
        match &node.value {
            Value::Table(table) => {
                for (key, inner) in table {
                    path.push(Step::Key(key.clone()));
                    let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                    self.take(inner, path, &name);
                    path.pop();
                }
            }
            Value::List(list) if list.iter().any(|item| item.table().is_some()) => {
                for (index, item) in list.iter().enumerate() {
                    path.push(Step::Index(index));
                    match named(item) {
                        Some(own) => self.take(item, path, &format!("{name}.{own}")),
                        None => self.put(&format!("{name} {}", written(item, path)), Shown::Value(String::new())),
                    }
                    path.pop();
                }
            }
            Value::Null | Value::Gone => {}
            Value::Text(text) if is_read(name) => {
                let held = std::fs::read(text).ok().map(|bytes| Digest::of([bytes.as_slice()]));
                self.put(name, Shown::File(text.clone(), held));
            }
            Value::Text(text) if keys::is_secret(path) => self.hide(name, &[text.as_bytes()]),
            Value::List(list) if keys::is_secret(path) => {
                let text = |item: &Node| if let Value::Text(text) = &item.value { text.clone() } else { String::new() };
                let all: Vec<String> = list.iter().map(text).collect();
                self.hide(name, &all.iter().map(String::as_bytes).collect::<Vec<_>>());
            }
            _ => self.put(name, Shown::Value(written(node, path))),
        }
    }

    fn hide(&mut self, name: &str, parts: &[&[u8]]) {
        self.put(name, Shown::Hidden(Digest::of(parts.iter().copied())));
    }

    /// Two of a name, such as the same subscription twice, are told apart by their number.
    fn put(&mut self, name: &str, value: Shown) {
        let mut key = name.to_owned();
        let mut n = 1;
        while self.0.contains_key(&key) {
            n += 1;
            key = format!("{name} ({n})");
        }
        self.0.insert(key, value);
    }

    /// What is other in `new`, in the order of the keys.
    #[must_use]
    pub fn changes(&self, new: &Self) -> Vec<Change> {
        let keys: std::collections::BTreeSet<&String> = self.0.keys().chain(new.0.keys()).collect();
        let change = |key: &String| {
            let (was, is) = (self.0.get(key).cloned(), new.0.get(key).cloned());
            (was != is).then(|| Change { key: key.clone(), was, is })
        };
        keys.into_iter().filter_map(change).collect()
    }

    /// This one change is in force.
    pub fn adopt(&mut self, change: &Change) {
        match &change.is {
            Some(is) => self.0.insert(change.key.clone(), is.clone()),
            None => self.0.remove(&change.key),
        };
    }
}

impl Change {
    /// Whether it is of this key, or of what is below it.
    #[must_use]
    pub fn is_below(&self, key: &str) -> bool {
        self.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ' ']))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Shown::{File, Hidden, Value};
        f.write_str(&self.key)?;
        match (&self.was, &self.is) {
            (None, Some(Value(is))) if is.is_empty() => f.write_str(": added"),
            (Some(Value(was)), None) if was.is_empty() => f.write_str(": removed"),
            (None, Some(Value(is) | File(is, _))) => write!(f, ": set to {is}"),
            (Some(Value(was) | File(was, _)), None) => write!(f, ": removed, was {was}"),
            (Some(File(was, _)), Some(File(is, _))) if was == is => f.write_str(": the file changed"),
            (Some(Value(was)), Some(Value(is))) | (Some(File(was, _)), Some(File(is, _))) => {
                write!(f, ": {was} -> {is}")
            }
            (None, Some(Hidden(_))) => f.write_str(": set"),
            (Some(Hidden(_)), None) => f.write_str(": removed"),
            _ => f.write_str(": changed"),
        }
    }
}

/// Whether a key names a file that the bot reads.
fn is_read(name: &str) -> bool {
    (name.ends_with("_file") || name.ends_with(".file")) && name != "audit.file"
}

fn named(item: &Node) -> Option<&str> {
    let table = item.table()?;
    NAMES.iter().find_map(|name| match &table.get(*name)?.value {
        Value::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

/// As people write it, secrets left out.
fn written(node: &Node, path: &mut Vec<Step>) -> String {
    let text = match &node.value {
        _ if keys::is_secret(path) => "***".to_owned(),
        Value::Text(text) => format!("\"{text}\""),
        Value::Whole(number) => number.to_string(),
        Value::Fraction(text) | Value::Time(text) => text.clone(),
        Value::Bool(is) => is.to_string(),
        Value::Null | Value::Gone => String::new(),
        Value::List(list) => {
            let mut all = Vec::new();
            for (index, item) in list.iter().enumerate() {
                path.push(Step::Index(index));
                all.push(written(item, path));
                path.pop();
            }
            format!("[{}]", all.join(", "))
        }
        Value::Table(table) => {
            let mut all = Vec::new();
            for (key, item) in table {
                path.push(Step::Key(key.clone()));
                all.push(format!("{key} = {}", written(item, path)));
                path.pop();
            }
            format!("{{{}}}", all.join(", "))
        }
    };
    clean_line(&text, SHOWN)
}

#[cfg(test)]
mod tests {
    use crate::config::parse;

    fn told(was: &str, is: &str) -> Vec<String> {
        let values = |text: &str| parse(text, &[]).unwrap().origin.values;
        values(was).changes(&values(is)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_difference_is_a_line_and_no_secret_is_shown() {
        let token = "[slack]\nbot_token = \"xoxb-one-two-three\"\n";
        let ada = "[[people]]\nname = \"ada\"\ngithub = \"ada\"\nrole = \"viewer\"\n";
        let eve = "[[people]]\nname = \"eve\"\nrole = \"admin\"\n";
        let feed = |channel: &str| format!("[[subscriptions]]\nplatform = \"slack\"\nchannel = \"{channel}\"\n");
        for (was, is, want) in [
            ("", "", vec![]),
            ("[policy]\nmode = \"observe\"", "[policy]\nmode = \"act\"", vec!["policy.mode: \"observe\" -> \"act\""]),
            ("[policy]\nmode = \"observe\"", "", vec!["policy.mode: \"observe\" -> \"suggest\""]),
            ("", "[github]\nbranches = [\"main\"]", vec!["github.branches: set to [\"main\"]"]),
            ("[schedules]\nwatch = false", "", vec!["schedules.watch: removed, was false"]),
            (token, &token.replace("three", "four"), vec!["slack.bot_token: changed"]),
            ("", token, vec!["slack.bot_token: set"]),
            (token, "", vec!["slack.bot_token: removed"]),
            (ada, &ada.replace("viewer", "admin"), vec!["people.ada.role: \"viewer\" -> \"admin\""]),
            (ada, &format!("{eve}{ada}"), vec!["people.eve.name: set to \"eve\"", "people.eve.role: set to \"admin\""]),
            (
                &feed("C1"),
                &(feed("C2") + &feed("C2")),
                vec![
                    "subscriptions {channel = \"C1\", platform = \"slack\"}: removed",
                    "subscriptions {channel = \"C2\", platform = \"slack\"}: added",
                    "subscriptions {channel = \"C2\", platform = \"slack\"} (2): added",
                ],
            ),
        ] {
            assert_eq!(told(was, is), want, "{was}\n{is}");
        }
        let hook =
            "[[webhooks]]\nname = \"it\"\nurl = \"https://example.org/secret-path\"\nsecret = \"0123456789abcdef\"\n";
        let changed = told(hook, &hook.replace("abcdef", "fedcba").replace("secret-path", "other-path"));
        assert_eq!(changed, ["webhooks.it.secret: changed", "webhooks.it.url: changed"]);
    }

    #[test]
    fn a_file_that_was_written_anew_is_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known.toml");
        let text = format!("[known_issues]\nfile = \"{}\"", path.display());
        let values = || parse(&text, &[]).unwrap().origin.values;
        std::fs::write(&path, "one").unwrap();
        let before = values();
        assert!(before.changes(&values()).is_empty());
        std::fs::write(&path, "two").unwrap();
        let changes = before.changes(&values());
        assert_eq!(
            changes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["known_issues.file: the file changed"]
        );
        assert!(changes[0].is_below("known_issues") && !changes[0].is_below("known"));
        let mut adopted = before;
        adopted.adopt(&changes[0]);
        assert!(adopted.changes(&values()).is_empty());
    }
}
