//! Renovate: a rule among `packageRules` that disables the package.
//!
//! `enabled: false` is what Renovate's documentation gives for "no updates"; `allowedVersions` would need the version
//! syntax of each manager. Later rules win over earlier ones, so ours stands last.

use super::rules::{Rule, is_ours, is_unchanged};
use super::{Updater, unfit};
use crate::domain::edit::{Edit, Edited, Source};
use crate::domain::text::clean_line;
use crate::edit::json::layout::{self, New};
use crate::edit::json::{Node, parse5};
use crate::edit::splice::Splices;
use serde_json::Value;

/// Renovate's files. It takes the first that is there, in this order.
const FILES: &[&str] = &[
    "renovate.json",
    "renovate.json5",
    "renovate.jsonc",
    ".github/renovate.json",
    ".github/renovate.json5",
    ".github/renovate.jsonc",
    ".gitlab/renovate.json",
    ".gitlab/renovate.json5",
    ".renovaterc",
    ".renovaterc.json",
    ".renovaterc.json5",
];
const RULES: &str = "packageRules";
/// More rules of ours for one package than there are ecosystems are not looked for.
const PER_PACKAGE_MAX: usize = 16;

pub struct Renovate;

impl Updater for Renovate {
    fn id(&self) -> &'static str {
        "renovate"
    }

    fn reads(&self, path: &str) -> bool {
        FILES.contains(&path)
    }

    fn hold(&self, file: &Source, ecosystem: &str, package: &str, version: &str) -> Edited {
        if let Some(why) = unfit(file, package, Some(version)) {
            return Edited::Refused(vec![why]);
        }
        let Some(rule) = Rule::new(ecosystem, package) else { return Edited::Absent };
        hold(file, &rule, package, version).unwrap_or_else(|why| by_hand(file, &rule, why))
    }

    fn release(&self, file: &Source, package: &str) -> Edited {
        if let Some(why) = unfit(file, package, None) {
            return Edited::Refused(vec![why]);
        }
        // A file that never named the pin needs not be understood.
        if !file.text.contains("ci-rescue pin ") {
            return Edited::Absent;
        }
        release(file, package).unwrap_or_else(|why| {
            let path = clean_line(&file.path, 100);
            let sentence = format!("{path} cannot be edited ({why}): remove the rule for `{package}` by hand");
            Edited::Refused(vec![sentence])
        })
    }
}

fn by_hand(file: &Source, rule: &Rule, why: &str) -> Edited {
    let path = clean_line(&file.path, 100);
    Edited::Refused(vec![format!(
        "{path} cannot be edited ({why}): add this rule at the end of its `packageRules` by hand: {}",
        rule.by_hand()
    )])
}

fn hold(file: &Source, rule: &Rule, package: &str, version: &str) -> Result<Edited, &'static str> {
    let text = &file.text;
    let root = read(text)?;
    let rules = root.get(RULES);
    if rules.is_some_and(|rules| !rules.is_array()) {
        return Err("its `packageRules` is not a list");
    }
    let marked = || rules.map(Node::items).unwrap_or_default().iter().filter(|item| is_ours(&item.value, package));
    if marked().any(|item| !is_unchanged(text, &item.value)) {
        return Err("the rule that an earlier pin added was changed since");
    }
    if marked().any(|item| rule.is_same(&item.value)) {
        return Ok(Edited::Already(format!("{} already has the rule for `{package}`", clean_line(&file.path, 100))));
    }
    if let Some(why) = rule.held_already(text, &root) {
        return Ok(Edited::Already(format!("{} already holds `{package}` back: {why}", clean_line(&file.path, 100))));
    }
    let mut splices = Splices::default();
    if let Some(rules) = rules {
        layout::append(&mut splices, text, &root, rules, None, &rule.written());
    } else {
        let list = New::List(vec![rule.written()]);
        layout::append(&mut splices, text, &root, &root, Some(RULES), &list);
    }
    let new = splices.apply(text);
    let mut wanted = root.meaning(text);
    meant_rules(&mut wanted).ok_or("its `packageRules` is not a list")?.push(meant(rule, package));
    same(&new, &wanted)?;
    let new = Source { path: file.path.clone(), text: new };
    let comes_back = |edited| matches!(edited, Edited::Ready(edit) if edit.files == std::slice::from_ref(file));
    if marked().next().is_none() && !comes_back(release(&new, package)?) {
        return Err("the rule could not be removed again");
    }
    Ok(Edited::Ready(Edit {
        files: vec![new],
        because: vec![format!(
            "Renovate skips `{package}` while it is pinned to {version}; otherwise its next pull request \
             would undo the pin."
        )],
        warnings: warnings(text, &root, package),
        ..Edit::default()
    }))
}

fn release(file: &Source, package: &str) -> Result<Edited, &'static str> {
    let mut text = file.text.clone();
    // One after the other: each is taken out of a text that is whole.
    for _ in 0..PER_PACKAGE_MAX {
        let root = read(&text)?;
        let Some(rules) = root.get(RULES) else { break };
        let Some(index) = rules.items().iter().position(|item| is_ours(&item.value, package)) else { break };
        if !is_unchanged(&text, &rules.items()[index].value) {
            return Err("the rule that the pin added was changed since");
        }
        let mut splices = Splices::default();
        let mut wanted = root.meaning(&text);
        meant_rules(&mut wanted).ok_or("its `packageRules` is not a list")?.remove(index);
        if layout::is_added_list(&text, rules) {
            let member = root.items().iter().position(|item| item.key == RULES).unwrap_or_default();
            layout::remove(&mut splices, &text, &root, |index, _| index == member);
            wanted.as_object_mut().map(|members| members.remove(RULES));
        } else {
            layout::remove(&mut splices, &text, rules, |at, _| at == index);
        }
        text = splices.apply(&text);
        same(&text, &wanted)?;
    }
    if text == file.text {
        return Ok(Edited::Absent);
    }
    Ok(Edited::Ready(Edit {
        files: vec![Source { path: file.path.clone(), text }],
        because: vec![format!("Renovate may update `{package}` again: removed the pin's rule.")],
        ..Edit::default()
    }))
}

fn read(text: &str) -> Result<Node, &'static str> {
    parse5(text).and_then(|root| if root.is_object() { Ok(root) } else { Err("it is not an object") })
}

/// The rules within what a document means, made when missing.
fn meant_rules(document: &mut Value) -> Option<&mut Vec<Value>> {
    document.as_object_mut()?.entry(RULES).or_insert_with(|| Value::Array(Vec::new())).as_array_mut()
}

/// What our rule means, told by another way than the one that writes it.
fn meant(rule: &Rule, package: &str) -> Value {
    let managers: Vec<String> = rule.managers.iter().map(|name| format!("text {name}")).collect();
    let names: Vec<String> = rule.names.iter().map(|name| format!("text {name}")).collect();
    serde_json::json!({
        "description": format!("text ci-rescue pin {package}"),
        "matchManagers": managers,
        "matchPackageNames": names,
        "enabled": "bare false",
    })
}

/// That a new text means this and nothing else.
fn same(text: &str, wanted: &Value) -> Result<(), &'static str> {
    let root = parse5(text).map_err(|_| "the rule does not fit its layout")?;
    if root.meaning(text) == *wanted { Ok(()) } else { Err("the rule does not fit its layout") }
}

fn warnings(text: &str, root: &Node, package: &str) -> Vec<String> {
    let mut warnings = vec![format!(
        "While the rule exists, Renovate may also hold back security updates of `{package}`: remove the \
         pin as soon as it is not needed."
    )];
    let maintains = |node: &Node| node.get("enabled").is_some_and(|node| node.is_bare(text, "true"));
    let preset = |name: &str| name.contains(":maintainLockFiles") || name == "config:best-practices";
    let presets = root.get("extends").map(Node::texts).unwrap_or_default();
    if root.get("lockFileMaintenance").is_some_and(maintains) || presets.into_iter().any(preset) {
        warnings.push(
            "Renovate's lock file maintenance is on and updates lock files whatever the rules say: it would undo a pin that is only \
             in a lock file."
                .to_owned(),
        );
    }
    warnings
}
