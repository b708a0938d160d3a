//! Documents that are edited where they stand: JSON, YAML, XML and TOML; workflows; configurations of update bots.

use super::input::{check_sentences, cut, text};
use ci_rescue::domain::edit::{Edited, Source};
use ci_rescue::edit::json::layout::{self, New};
use ci_rescue::edit::json::{self, Kind, Node};
use ci_rescue::edit::mark::{Found, PIN, Was, in_line};
use ci_rescue::edit::splice::{Splices, splice};
use ci_rescue::edit::yaml::{Scalar, scalars};
use ci_rescue::edit::{lines, toml, xml};
use ci_rescue::remedies::templates::{Hint, all as templates};
use ci_rescue::updaters::{Updater, all as updaters_of};
use serde_json::Value;

/// Parts stand within their wholes, in order.
fn check_places(node: &Node, text: &str) {
    assert!(text.get(node.range.clone()).is_some());
    let mut before = node.range.start;
    for item in node.items() {
        assert!(before < item.start && item.start <= item.value.range.start && item.end() < node.range.end);
        assert!(item.comma.is_none_or(|at| at >= item.end() && text[at..].starts_with(',')));
        check_places(&item.value, text);
        before = item.value.range.start;
    }
}

/// What is read is what every parser reads.
fn check_meaning(node: &Node, text: &str, value: &Value) {
    match (&node.kind, value) {
        (Kind::Text(own), Value::String(other)) => assert_eq!(own, other),
        (Kind::Array(items), Value::Array(others)) => {
            assert_eq!(items.len(), others.len());
            items.iter().zip(others).for_each(|(item, other)| check_meaning(&item.value, text, other));
        }
        (Kind::Object(items), Value::Object(others)) => {
            assert_eq!(items.len(), others.len());
            for item in items {
                check_meaning(&item.value, text, &others[&item.key]);
            }
        }
        (Kind::Bare, other) => {
            let read = serde_json::from_str::<Value>(&text[node.range.clone()]);
            assert_eq!(read.ok().as_ref(), Some(other));
        }
        other => panic!("{other:?}"),
    }
}

/// A member that no document has.
const KEY: &str = "added-by-the-fuzzer";

/// What is put in can be taken out again to the byte.
fn check_layout(root: &Node, text: &str) {
    let mut splices = Splices::default();
    layout::append(&mut splices, text, root, root, Some(KEY), &New::text("x"));
    let added = splices.apply(text);
    let again = json::parse(&added).unwrap_or_else(|why| panic!("{why}: {added}"));
    let mut splices = Splices::default();
    layout::remove(&mut splices, &added, &again, |_, item| item.key == KEY);
    assert_eq!(splices.apply(&added), text, "{added}");
}

fn check_json(text: &str) {
    if let Ok(root) = json::parse5(text) {
        check_places(&root, text);
    }
    let Ok(root) = json::parse(text) else { return };
    check_places(&root, text);
    // What stands for no character is seen by those alone who want the texts.
    let Ok(value) = serde_json::from_str::<Value>(&text[lines::start(text)..]) else { return };
    check_meaning(&root, text, &value);
    if root.is_object() && root.get(KEY).is_none() {
        check_layout(&root, text);
    }
}

/// A value of which it is said that it can be replaced can be, and nothing else changes.
fn check_yaml(text: &str) {
    const TRIED: usize = 10;
    let Ok(all) = scalars(text) else { return };
    let can_change = |scalar: &&Scalar| scalar.simple && !scalar.range.is_empty();
    for one in all.iter().filter(can_change).take(TRIED) {
        let new = splice(text, vec![(one.range.clone(), "\"x\"".to_owned())]);
        let again = scalars(&new).unwrap_or_else(|why| panic!("{why}: {new}"));
        let said = |scalar: &Scalar| (scalar.path.clone(), scalar.value.clone());
        let want = |scalar: &Scalar| if scalar == one { (one.path.clone(), "x".to_owned()) } else { said(scalar) };
        assert_eq!(again.iter().map(said).collect::<Vec<_>>(), all.iter().map(want).collect::<Vec<_>>(), "{new}");
    }
}

fn check_xml(text: &str) {
    let Ok(tree) = xml::read(text) else { return };
    for (id, element) in tree.elements.iter().enumerate() {
        assert!(
            element.open.end <= element.close
                && element.close <= element.end
                && text.get(element.open.clone()).is_some()
        );
        let within = |parent: usize| {
            let around = &tree.elements[parent];
            around.open.end <= element.open.start && element.end <= around.close
        };
        assert!(element.parent.is_none_or(within), "{}", tree.name(id));
        assert!(tree.value(id).is_none_or(|(range, _)| element.open.end <= range.start && range.end <= element.close));
    }
}

/// A mark is read back where it is written.
fn check_mark(line: &str) {
    let (length, _) = Was::read(line);
    assert!(length <= line.len());
    for found in in_line(line, 0, &["  # ", " # "]) {
        assert!(line.get(found.range).is_some());
    }
    let was = Was::new(line, Some("1.2.3"));
    let Some(words) = was.words(PIN) else { return };
    let written = format!("x = 1  # {words}  # more");
    assert_eq!(in_line(&written, 0, &["  # "]), [Found { range: 5..9 + words.len(), was }], "{written}");
}

/// Any text is taken for a document of each kind.
pub fn documents(data: &[u8]) {
    let text = text(data);
    check_json(&text);
    check_yaml(&text);
    check_xml(&text);
    let _ = toml::read("Cargo.toml", &text);
    text.lines().take(40).for_each(check_mark);
}

/// Lines for what is wished, for a line of the log and for a job, then a workflow. What a fix writes is read again, few
/// lines come and none goes, and what it says is short.
pub fn fixes(data: &[u8]) {
    const LINES_MAX: usize = 200;
    let text = text(data);
    let (words, rest) = cut(&text);
    let (log, rest) = cut(rest);
    let (job, workflow) = cut(rest);
    let hint = Hint {
        job: Some(job.to_owned()).filter(|job| !job.is_empty()),
        lines: vec![log.to_owned()],
        words: words.split_whitespace().map(str::to_owned).collect(),
        ..Hint::default()
    };
    let files = [Source { path: ".github/workflows/ci.yml".to_owned(), text: workflow.to_owned() }];
    for template in templates() {
        let Edited::Ready(edit) = template.edit(&files, &hint) else { continue };
        let [new] = edit.files.as_slice() else { panic!("{}: {edit:?}", template.id()) };
        assert!(scalars(&new.text).is_ok(), "{}: {}", template.id(), new.text);
        let (before, after) = (workflow.lines().count(), new.text.lines().count());
        assert!((before..=before + LINES_MAX).contains(&after), "{}: {}", template.id(), new.text);
        check_sentences(&edit.because, 0);
        check_sentences(&edit.warnings, 0);
    }
}

/// A rule that holds a package is there afterwards, and is taken away to the byte.
fn check_held(bot: &dyn Updater, file: &Source, ecosystem: &str, package: &str) {
    let _ = bot.release(file, package);
    let held = bot.hold(file, ecosystem, package, "1.0.0");
    if file.text.contains("ci-rescue pin") {
        return;
    }
    let Edited::Ready(edit) = held else { return };
    let [new] = edit.files.as_slice() else { panic!("{edit:?}") };
    let again = bot.hold(new, ecosystem, package, "1.0.0");
    assert!(matches!(again, Edited::Already(_)), "{again:?}");
    let released = bot.release(new, package);
    let Edited::Ready(back) = released else { panic!("{released:?}: {}", new.text) };
    assert_eq!(back.files.as_slice(), std::slice::from_ref(file), "{}", new.text);
}

/// `ECOSYSTEM PACKAGE` on the first line, then the configuration of Renovate or Dependabot.
pub fn updaters(data: &[u8]) {
    let text = text(data);
    let (asked, configuration) = cut(&text);
    let (ecosystem, package) = asked.trim().split_once(' ').unwrap_or(("cargo", "serde"));
    for bot in updaters_of() {
        let path = if bot.id() == "renovate" { "renovate.json" } else { ".github/dependabot.yml" };
        let file = Source { path: path.to_owned(), text: configuration.to_owned() };
        check_held(*bot, &file, ecosystem, package);
    }
}
