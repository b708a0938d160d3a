//! The caches of a workflow, and where their keys stand.

use super::super::workflow::{Job, Step};
use crate::edit::yaml::{Id, Tree};

/// Actions with a `key` of one's own, and `restore-keys`.
const KEYED: &[&str] = &[
    "actions/cache",
    "actions/cache/restore",
    "actions/cache/save",
    "buildjet/cache",
    "buildjet/cache/restore",
    "buildjet/cache/save",
    "useblacksmith/cache",
    "runs-on/cache",
    "runs-on/cache/restore",
    "runs-on/cache/save",
    "warpbuilds/cache",
    "tespkg/actions-cache",
    "hendrikmuhs/ccache-action",
];

/// Inputs of other actions that are a part of a cache's key.
const INPUTS: &[&str] = &[
    "cache-version",
    "cache-key",
    "cache-prefix",
    "cache-key-prefix",
    "cache-suffix",
    "cache-key-suffix",
    "cache-environment-key",
    "cache-downloads-key",
];

/// Inputs that can be added: of which action, when which other input is not `false`, with which value. The value is the
/// one after the action's own default.
const DEFAULTS: &[(&str, Option<&str>, &str, &str)] = &[
    ("swatinem/rust-cache", None, "prefix-key", "v1-rust"),
    ("ruby/setup-ruby", Some("bundler-cache"), "cache-version", "1"),
    ("r-lib/actions/setup-r-dependencies", None, "cache-version", "2"),
    ("astral-sh/setup-uv", Some("enable-cache"), "cache-suffix", "v2"),
];

#[derive(Clone, Debug)]
pub enum Key {
    /// The scalar.
    Is(Id),
    /// None is there: what to add.
    Added(&'static str),
}

/// A step that caches.
#[derive(Clone, Debug)]
pub struct Cache<'w> {
    pub step: &'w Step,
    pub job: &'w Job,
    pub action: String,
    /// The name of the input.
    pub input: &'static str,
    pub key: Key,
    pub restore: Option<Id>,
}

impl Cache<'_> {
    /// What steps of one cache have in common: the input, and the key with its expressions tidied.
    pub fn group(&self, tree: &Tree<'_>) -> (String, String) {
        let own = |id: Id| tidy(tree.scalar(id).unwrap_or_default());
        match self.key {
            Key::Is(id) => (self.input.to_owned(), own(id)),
            Key::Added(_) => (self.input.to_owned(), format!("\n{}", self.step.node)),
        }
    }
}

/// Expressions without blanks, so that `${{ x }}` and `${{x}}` are one.
fn tidy(key: &str) -> String {
    key.trim().replace("${{ ", "${{").replace(" }}", "}}")
}

/// What a job's steps cache with.
#[derive(Debug, Default)]
pub struct Caches<'w> {
    pub found: Vec<Cache<'w>>,
    /// Actions that cache under a key which they make themselves.
    pub keyless: Vec<String>,
}

pub fn of_jobs<'w>(tree: &Tree<'_>, jobs: impl Iterator<Item = &'w Job>) -> Caches<'w> {
    let mut caches = Caches::default();
    for job in jobs {
        for step in &job.steps {
            of_step(tree, job, step, &mut caches);
        }
    }
    caches
}

fn of_step<'w>(tree: &Tree<'_>, job: &'w Job, step: &'w Step, caches: &mut Caches<'w>) {
    let Some(action) = step.action(tree) else { return };
    let given =
        |name: &'static str| step.input(tree, name).filter(|id| !follows(tree, *id)).map(|id| (name, Key::Is(id)));
    let key = if KEYED.contains(&action.as_str()) {
        let key = given("key");
        if key.is_none() && step.input(tree, "key").is_some() {
            // It is another step's key, and changes with it.
            return;
        }
        key
    } else if action == "swatinem/rust-cache" {
        given("prefix-key").or_else(|| given("shared-key")).or_else(|| given("key"))
    } else {
        INPUTS.iter().find_map(|name| given(name))
    };
    let key = key.or_else(|| added(tree, step, &action));
    if let Some((input, key)) = key {
        let restore = step.input(tree, "restore-keys").filter(|_| input == "key");
        caches.found.push(Cache { step, job, action, input, key, restore });
    } else if caches_by_itself(tree, step, &action) {
        caches.keyless.push(action);
    }
}

/// Whether a key is what another cache step answered.
fn follows(tree: &Tree<'_>, id: Id) -> bool {
    let key = tidy(tree.scalar(id).unwrap_or_default());
    let inner = key.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or_default();
    inner.starts_with("steps.") && (inner.ends_with(".cache-primary-key") || inner.ends_with(".cache-matched-key"))
}

fn added(tree: &Tree<'_>, step: &Step, action: &str) -> Option<(&'static str, Key)> {
    let (_, needed, input, value) = DEFAULTS.iter().find(|(name, ..)| *name == action)?;
    let is_on = needed.is_none_or(|name| {
        step.input(tree, name).and_then(|id| tree.scalar(id)).is_some_and(|value| value != "false" && !value.is_empty())
    });
    is_on.then_some((*input, Key::Added(value)))
}

fn caches_by_itself(tree: &Tree<'_>, step: &Step, action: &str) -> bool {
    let is_setup = action.split('/').nth(1).is_some_and(|own| own.starts_with("setup-"));
    let told = ["cache", "enable-cache", "bundler-cache"].iter().any(|name| {
        let value = step.input(tree, name).and_then(|id| tree.scalar(id)).unwrap_or_default();
        !matches!(value, "" | "false")
    });
    KEYED.contains(&action)
        || told
        || (is_setup && matches!(action, "actions/setup-go" | "gradle/actions/setup-gradle"))
}
