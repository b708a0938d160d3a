//! What a Renovate configuration says of a package, and the rule that is ours.

use super::{action_repository, hook_repository, python_name};
use crate::edit::json::layout::New;
use crate::edit::json::{Item, Node};

/// What begins the description of every rule of ours.
const DESCRIPTION: &str = "ci-rescue pin ";
const PYTHON: &[&str] = &["pip_requirements", "pip_setup", "setup-cfg", "pip-compile", "pipenv", "poetry", "pep621"];

/// Renovate's managers for an ecosystem; none where it is not known.
pub fn managers(ecosystem: &str) -> Option<&'static [&'static str]> {
    Some(match ecosystem {
        "cargo" => &["cargo"],
        "npm" | "yarn" | "pnpm" => &["npm"],
        "pip" | "poetry" | "uv" => PYTHON,
        "go" => &["gomod"],
        "maven" => &["maven"],
        "gradle" => &["gradle"],
        "bundler" => &["bundler"],
        "nuget" => &["nuget"],
        "composer" => &["composer"],
        "github-actions" => &["github-actions"],
        "docker" => &["dockerfile", "docker-compose"],
        "pre-commit" => &["pre-commit"],
        _ => return None,
    })
}

/// The names under which Renovate may know the package.
pub fn names(ecosystem: &str, package: &str) -> Vec<String> {
    let mut names = vec![package.to_owned()];
    let other = match ecosystem {
        "pip" | "poetry" | "uv" => python_name(package),
        "github-actions" => action_repository(package),
        "pre-commit" => hook_repository(package),
        _ => return names,
    };
    if other != package {
        names.push(other);
    }
    names
}

/// The rule for a package.
pub struct Rule {
    pub managers: &'static [&'static str],
    pub names: Vec<String>,
    package: String,
}

impl Rule {
    /// None where Renovate has no manager for the ecosystem.
    pub fn new(ecosystem: &str, package: &str) -> Option<Self> {
        let (managers, names) = (managers(ecosystem)?, names(ecosystem, package));
        Some(Self { managers, names, package: package.to_owned() })
    }

    pub fn written(&self) -> New {
        let members = [
            ("description", New::Text(format!("{DESCRIPTION}{}", self.package))),
            ("matchManagers", New::Texts(self.managers.iter().map(|&name| name.to_owned()).collect())),
            ("matchPackageNames", New::Texts(self.names.clone())),
            ("enabled", New::Bare("false")),
        ];
        New::Object(members.map(|(key, value)| (key.to_owned(), value)).into())
    }

    /// As a person would add it.
    pub fn by_hand(&self) -> String {
        let quoted =
            |names: &mut dyn Iterator<Item = &str>| names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>();
        format!(
            "{{\"matchManagers\": [{}], \"matchPackageNames\": [{}], \"enabled\": false}}",
            quoted(&mut self.managers.iter().copied()).join(", "),
            quoted(&mut self.names.iter().map(String::as_str)).join(", "),
        )
    }

    /// Whether an unchanged rule of ours holds back the same managers.
    pub fn is_same(&self, rule: &Node) -> bool {
        let list = |key| rule.get(key).map(Node::texts).unwrap_or_default();
        list("matchManagers") == self.managers && list("matchPackageNames") == self.names
    }

    /// Why the configuration holds the package back without us.
    pub fn held_already(&self, text: &str, root: &Node) -> Option<&'static str> {
        if root.get("enabled").is_some_and(|node| node.is_bare(text, "false")) {
            return Some("Renovate is disabled here");
        }
        let ours = |name: &str| self.managers.contains(&name) || name.starts_with("custom.") || name == "regex";
        if root.get("enabledManagers").is_some_and(|list| list.is_array() && !list.texts().into_iter().any(ours)) {
            return Some("Renovate does not update this ecosystem here");
        }
        let names_it = |list: &Node| self.names.iter().all(|name| list.texts().contains(&name.as_str()));
        if root.get("ignoreDeps").is_some_and(names_it) {
            return Some("its `ignoreDeps` lists the package");
        }
        let rules = root.get("packageRules").map(Node::items).unwrap_or_default();
        let last = rules.iter().rposition(|item| item.value.get("enabled").is_some())?;
        let rule = &rules[last].value;
        // A matcher narrows it down: then it may hold back less than is wanted.
        let other = |item: &Item| item.key != "matchPackageNames" && is_matcher(&item.key);
        let holds = is_off(text, rule)
            && !rule.items().iter().any(other)
            && !is_marked(rule)
            && rule.get("matchPackageNames").is_some_and(names_it);
        holds.then_some("a rule of its own disables the package")
    }
}

fn is_matcher(key: &str) -> bool {
    key.starts_with("match") || key.starts_with("exclude") || matches!(key, "paths" | "packageNames" | "managers")
}

fn is_off(text: &str, rule: &Node) -> bool {
    rule.get("enabled").is_some_and(|node| node.is_bare(text, "false"))
}

fn is_marked(rule: &Node) -> bool {
    rule.get("description").and_then(Node::text).is_some_and(|text| text.starts_with(DESCRIPTION))
}

/// Whether a rule is ours for the package, as its description says.
pub fn is_ours(rule: &Node, package: &str) -> bool {
    rule.get("description").and_then(Node::text).and_then(|text| text.strip_prefix(DESCRIPTION)) == Some(package)
}

/// Whether a rule of ours is as we write them.
pub fn is_unchanged(text: &str, rule: &Node) -> bool {
    let keys: Vec<&str> = rule.items().iter().map(|item| item.key.as_str()).collect();
    let texts = |key| rule.get(key).is_some_and(|list| list.is_array() && list.texts().len() == list.items().len());
    let wanted = ["description", "matchManagers", "matchPackageNames", "enabled"];
    keys.len() == wanted.len()
        && wanted.iter().all(|key| keys.contains(key))
        && texts("matchManagers")
        && texts("matchPackageNames")
        && is_off(text, rule)
}
