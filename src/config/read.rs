//! Reading the configuration: file, environment, checks. Everything that is wrong is told at once, with its place.

use super::changes::Values;
use super::check::check;
use super::environment::overlay;
use super::faults::{Fault, Teller};
use super::keys;
use super::secrets::{self as files, Found};
use super::shape::{Config, Previous};
use super::sinks;
use super::syntax;
use super::tree::{At, Node, Step, Value, dotted};
use super::visit::{Kind, Refused};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use toml::de::DeTable;

/// What is wrong, a sentence each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// The file that is read where none is named.
const FILE: &str = "ci-rescue.toml";
/// Nobody mends more at a time.
const FAULTS_MAX: usize = 100;

/// The configuration from a file (none: only defaults and environment) and the process's environment.
///
/// # Errors
/// Everything that is wrong with it, in sentences.
pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    load_with(file, &[])
}

/// What a file would be with another text and with more variables, over what is there.
///
/// # Errors
/// As [`load`].
pub fn propose(file: &Path, text: &str, more: &[(String, String)]) -> Result<Config, ConfigError> {
    whole(Some(file), &file.display().to_string(), text, more)
}

/// The same with more variables under those of the environment.
///
/// # Errors
/// As [`load`].
pub fn load_with(file: Option<&Path>, more: &[(String, String)]) -> Result<Config, ConfigError> {
    let name = file.map_or_else(|| FILE.to_owned(), |path| path.display().to_string());
    let bytes = match file {
        Some(path) => std::fs::read(path).map_err(|why| ConfigError(vec![format!("{name}: {why}")]))?,
        None => Vec::new(),
    };
    whole(file, &name, &text(&name, bytes)?, more)
}

fn whole(file: Option<&Path>, name: &str, text: &str, more: &[(String, String)]) -> Result<Config, ConfigError> {
    let found = files::found(file);
    let mut variables: Vec<(String, String)> = Vec::new();
    for Found { variable, path } in &found {
        let path = path.to_str().ok_or_else(|| ConfigError(vec![format!("{}: not UTF-8", path.display())]))?;
        variables.push((variable.clone(), path.to_owned()));
    }
    // The later one counts.
    variables.extend_from_slice(more);
    variables.extend(environment()?);
    let mut config = read(name, text, &variables)?;
    config.origin.file = file.map(Path::to_owned);
    config.origin.secret_files = found.into_iter().map(|found| found.path).collect();
    Ok(config)
}

fn text(name: &str, bytes: Vec<u8>) -> Result<String, ConfigError> {
    String::from_utf8(bytes).map_err(|why| {
        let good = why.utf8_error().valid_up_to();
        let line = why.as_bytes()[..good].split(|byte| *byte == b'\n').count();
        ConfigError(vec![format!("{name}:{line}: the file is not UTF-8: save it as UTF-8")])
    })
}

fn environment() -> Result<Vec<(String, String)>, ConfigError> {
    let ours = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let ours = ours.filter(|(name, _)| name.starts_with("CI_RESCUE_"));
    let mut all = Vec::new();
    for (name, value) in ours {
        let value = value.into_string().map_err(|_| ConfigError(vec![format!("{name} is not UTF-8")]))?;
        all.push((name, value));
    }
    all.sort();
    Ok(all)
}

/// The same from texts.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, environment: &[(String, String)]) -> Result<Config, ConfigError> {
    read(FILE, text, environment)
}

fn read(file: &str, text: &str, environment: &[(String, String)]) -> Result<Config, ConfigError> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What the rest means is a guess now.
        let faults = syntax::faults(text, &errors);
        return Err(ConfigError(faults.into_iter().map(|(line, what)| format!("{file}:{line}: {what}")).collect()));
    }
    let shipped = shipped();
    let mut tree = Node::empty();
    tree.lay(shipped.clone());
    let own = Node::document(text, table.get_ref(), false);
    let in_file = holds_secret(&own, &mut Vec::new());
    tree.lay(own);
    let mut faults = Vec::new();
    for (name, value) in environment {
        faults.extend(overlay(&mut tree, name, value).err());
    }
    let whole = tree.clone();
    let teller = Teller { file, tree: &whole };
    let (config, refused) = fit(&mut tree, &shipped);
    faults.extend(refused.iter().map(|refused| teller.refused(refused)));
    let Some(mut config) = config else { return Err(told(faults)) };
    let bad: Vec<&[Step]> = refused.iter().map(|refused| refused.path.as_slice()).collect();
    faults.extend(from_files(&mut config, &teller));
    faults.extend(check(&config, &teller, &bad));
    if !faults.is_empty() {
        return Err(told(faults));
    }
    config.origin.secrets = in_file;
    config.origin.values = Values::of(&whole);
    name(&teller, &whole, &mut Vec::new(), &mut config.origin.names);
    if let Some(flag) = config.github.skip_flag.clone() {
        config.policy.skip_flag = flag;
    }
    trim_secrets(&mut config);
    Ok(config)
}

/// Secrets of tables that name a file for them.
fn from_files(config: &mut Config, teller: &Teller<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fill = |section: &str, index: usize, key: &str, secret: &mut Option<SecretString>, file: Option<&Path>| {
        let path = [Step::Key(section.to_owned()), Step::Index(index), Step::Key(key.to_owned())];
        faults.extend(sinks::fill(secret, file).err().map(|why| teller.fault(&path, &why)));
    };
    for (index, one) in config.teams.iter_mut().enumerate() {
        fill("teams", index, "url_file", &mut one.url, one.url_file.as_deref());
    }
    for (index, one) in config.webhooks.iter_mut().enumerate() {
        fill("webhooks", index, "url_file", &mut one.url, one.url_file.as_deref());
        fill("webhooks", index, "secret_file", &mut one.secret, one.secret_file.as_deref());
    }
    faults
}

/// In the order of the file, then what came by environment.
fn told(mut faults: Vec<Fault>) -> ConfigError {
    faults.sort_by_key(|fault| fault.line);
    faults.dedup();
    // Keys may hold anything, in quotes.
    ConfigError(faults.into_iter().map(|fault| fault.what.replace(char::is_control, " ")).collect())
}

/// The policy as shipped, in its section.
pub(super) fn shipped() -> Node {
    let (policy, _) = DeTable::parse_recoverable(include_str!("../../rules/policy.toml"));
    let policy = Node::document("", policy.get_ref(), true);
    Node { at: At::Shipped, value: Value::Table([("policy".to_owned(), policy)].into()) }
}

/// The configuration, and everything that did not fit and was left out of it.
fn fit(tree: &mut Node, shipped: &Node) -> (Option<Config>, Vec<Refused>) {
    let mut all = Vec::new();
    while all.len() < FAULTS_MAX {
        match Config::deserialize(&*tree) {
            Ok(config) => return (Some(config), all),
            Err(refused) => {
                let above = refused.path.len() - usize::from(refused.kind == Kind::Missing && !refused.path.is_empty());
                let mended = mend(tree, shipped, &refused.path[..above]);
                // What was taken out above is not missing.
                if !all.iter().any(|told: &Refused| told.path == refused.path) {
                    all.push(refused);
                }
                if !mended {
                    break;
                }
            }
        }
    }
    (None, all)
}

/// Takes out what does not fit, so that the rest can be looked at. Answers whether that changed anything.
fn mend(tree: &mut Node, shipped: &Node, path: &[Step]) -> bool {
    let Some((last, above)) = path.split_last() else { return false };
    let Some(above) = tree.get_mut(above) else { return false };
    match (last, &mut above.value) {
        (Step::Key(key), Value::Table(table)) => match (table.remove(key), shipped.get(path)) {
            (Some(was), Some(default)) => {
                table.insert(key.clone(), default.clone());
                was != *default
            }
            (was, _) => was.is_some(),
        },
        (Step::Index(index), Value::List(list)) => list.get_mut(*index).is_some_and(|node| {
            let was = std::mem::replace(&mut node.value, Value::Gone);
            was != Value::Gone
        }),
        _ => false,
    }
}

fn holds_secret(node: &Node, path: &mut Vec<Step>) -> bool {
    match &node.value {
        Value::Table(table) => table.iter().any(|(key, node)| {
            path.push(Step::Key(key.clone()));
            let holds = holds_secret(node, path);
            path.pop();
            holds
        }),
        Value::Null | Value::Gone => false,
        _ => keys::is_secret(path),
    }
}

/// How errors name each key that is set.
fn name(teller: &Teller<'_>, node: &Node, path: &mut Vec<Step>, names: &mut BTreeMap<String, String>) {
    if node.at != At::Shipped && !path.is_empty() {
        names.insert(dotted(path, 0), teller.name(path));
    }
    let inner: Vec<(Step, &Node)> = match &node.value {
        Value::Table(table) => table.iter().map(|(key, node)| (Step::Key(key.clone()), node)).collect(),
        Value::List(list) => list.iter().enumerate().map(|(at, node)| (Step::Index(at), node)).collect(),
        _ => Vec::new(),
    };
    for (step, inner) in inner {
        path.push(step);
        name(teller, inner, path, names);
        path.pop();
    }
}

/// The only list of secrets with a key of their own, to read or to write.
macro_rules! holders {
    ($config:ident, $as:ident, $previous:ident) => {
        [
            ("console.token", $config.console.token.$as()),
            ("github.webhook_secret", $config.github.webhook_secret.$as()),
            ("github.webhook_secret_previous", $config.github.webhook_secret_previous.$as().map(Previous::$previous)),
            ("github.client_secret", $config.github.client_secret.$as()),
            ("sign_in.oidc_client_secret", $config.sign_in.oidc_client_secret.$as()),
            ("store.url", $config.store.url.$as()),
            ("github.token", $config.github.token.$as()),
            ("slack.bot_token", $config.slack.bot_token.$as()),
            ("slack.app_token", $config.slack.app_token.$as()),
            ("slack.signing_secret", $config.slack.signing_secret.$as()),
            ("discord.bot_token", $config.discord.bot_token.$as()),
            ("email.password", $config.email.password.$as()),
            ("hooks.token", $config.hooks.token.$as()),
            ("api.read_token", $config.api.read_token.$as()),
            ("api.act_token", $config.api.act_token.$as()),
        ]
    };
}

/// Files of secrets end with a line break that is not part of them.
fn trim_secrets(config: &mut Config) {
    for (_, secret) in holders!(config, as_mut, secret_mut) {
        let Some(secret) = secret else { continue };
        let text = secret.expose_secret().trim_end_matches(['\n', '\r']).to_owned();
        *secret = SecretString::from(text);
    }
}

/// Every secret that the configuration holds: what must not be shown, wherever it turns up.
#[must_use]
pub fn secrets(config: &Config) -> Vec<&str> {
    named(config)
        .into_iter()
        .filter_map(|(_, secret)| secret)
        .chain(&config.redaction.values)
        .chain(config.teams.iter().filter_map(|one| one.url.as_ref()))
        .chain(config.webhooks.iter().flat_map(|one| one.url.iter().chain(&one.secret)))
        .map(ExposeSecret::expose_secret)
        .chain(config.store.url.as_ref().and_then(password))
        .collect()
}

/// The password within an address.
fn password(url: &SecretString) -> Option<&str> {
    let (_, rest) = url.expose_secret().split_once("://")?;
    let (account, _) = rest.split(['/', '?']).next()?.rsplit_once('@')?;
    account.split_once(':').map(|(_, password)| password).filter(|password| !password.is_empty())
}

/// The secrets that have a key of their own.
pub fn named(config: &Config) -> [(&'static str, Option<&SecretString>); 15] {
    holders!(config, as_ref, secret)
}
