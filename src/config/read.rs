//! Reading the configuration: file, environment, checks. Messages name keys and never values: a value may be a secret.

use super::shape::{Config, Previous};
use crate::domain::rules::Rules;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::path::Path;
use toml::{Table, Value};

/// What is wrong, a sentence each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

fn one(why: impl Into<String>) -> ConfigError {
    ConfigError(vec![why.into()])
}

/// The remedies that a policy may name: those of the product, also where this version lacks one.
const REMEDIES: [&str; 8] = ["retry", "quarantine", "pin", "revert", "backport", "fix", "issue", "repro"];
const PREFIX: &str = "CI_RESCUE__";
/// Names that work as such.
const SHORT: [(&str, &str, &str); 2] =
    [("CI_RESCUE_GITHUB_TOKEN", "github", "token"), ("CI_RESCUE_SLACK_BOT_TOKEN", "slack", "bot_token")];
/// Keys that are no texts; in the environment they are written as in TOML, lists also with commas.
const TYPED: [(&str, &str); 4] =
    [("github", "app_id"), ("github", "repositories"), ("github", "branches"), ("redaction", "values")];

/// The configuration from a file (none: only defaults and environment) and the process's environment.
///
/// # Errors
/// Everything that is wrong with it, in sentences.
pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    let text = match file {
        Some(path) => std::fs::read_to_string(path).map_err(|why| one(format!("{}: {why}", path.display())))?,
        None => String::new(),
    };
    let environment: Vec<(String, String)> =
        std::env::vars().filter(|(name, _)| name.starts_with("CI_RESCUE_")).collect();
    parse(&text, &environment)
}

/// The same from texts.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, environment: &[(String, String)]) -> Result<Config, ConfigError> {
    let mut table: Table = text.parse().map_err(|why: toml::de::Error| one(explain(&why)))?;
    for (name, value) in environment {
        overlay(&mut table, name, value)?;
    }
    let policy = table.remove("policy").unwrap_or_else(|| Value::Table(Table::new()));
    let rules = policy_of(policy)?;
    // Checked apart, so that a mistake in one does not hide those in the other.
    let shipped = shipped()?;
    table.insert("policy".into(), shipped);
    let mut config: Config = Value::Table(table).try_into().map_err(|why: toml::de::Error| one(explain(&why)))?;
    config.policy = rules;
    if let Some(flag) = config.github.skip_flag.clone() {
        config.policy.skip_flag = flag;
    }
    trim_secrets(&mut config);
    check(&config)?;
    Ok(config)
}

fn shipped() -> Result<Value, ConfigError> {
    let table: Table =
        include_str!("../../rules/policy.toml").parse().map_err(|why: toml::de::Error| one(why.message()))?;
    Ok(Value::Table(table))
}

/// The shipped policy with the operator's over it.
fn policy_of(own: Value) -> Result<Rules, ConfigError> {
    let mut all = shipped()?;
    merge(&mut all, own);
    all.try_into().map_err(|why: toml::de::Error| one(format!("policy: {}", explain(&why))))
}

fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Table(base), Value::Table(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    Some(have) => merge(have, value),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (base, over) => *base = over,
    }
}

/// toml's own message without the line that it quotes; an unknown key names the nearest.
fn explain(why: &toml::de::Error) -> String {
    let message = why.message();
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let (true, Some((unknown, known))) = (message.starts_with("unknown field"), quoted.split_first()) {
        let near =
            known.iter().max_by(|a, b| strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown)));
        return format!("there is no key {unknown}; did you mean {}?", near.unwrap_or(&"nothing"));
    }
    // Values that do not fit are quoted too: only the kind of mistake is told.
    message.split(", expected").next().filter(|_| message.contains("invalid type")).map_or_else(
        || message.lines().next().unwrap_or("it is not TOML").to_owned(),
        |_| {
            format!(
                "a value is of the wrong kind: expected{}",
                message.split(", expected").nth(1).unwrap_or(" another")
            )
        },
    )
}

fn overlay(table: &mut Table, name: &str, value: &str) -> Result<(), ConfigError> {
    let short = SHORT
        .iter()
        .find(|(short, _, _)| *short == name)
        .map(|(_, section, key)| ((*section).to_owned(), (*key).to_owned()));
    let long = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once("__"))
        .map(|(s, k)| (s.to_lowercase(), k.to_lowercase()));
    let Some((section, mut key)) = short.or(long) else { return Ok(()) };
    let mut value = value.to_owned();
    let is_file = key.ends_with("_file") && !matches!(key.as_str(), "private_key_file" | "ca_file");
    if is_file {
        value = std::fs::read_to_string(&value).map_err(|why| one(format!("{name}: {why}")))?;
        key.truncate(key.len() - "_file".len());
    }
    let typed = section == "policy" || TYPED.contains(&(section.as_str(), key.as_str()));
    let value = if typed { typed_value(name, &value) } else { Value::String(value) };
    let at = table.entry(section.clone()).or_insert_with(|| Value::Table(Table::new()));
    let mut at = at.as_table_mut().ok_or_else(|| one(format!("{name}: {section} is no section")))?;
    // Deeper keys, as in CI_RESCUE__POLICY__APPROVALS__RETRY.
    let mut parts: Vec<&str> = key.split("__").collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let next = at.entry(part.to_owned()).or_insert_with(|| Value::Table(Table::new()));
        at = next.as_table_mut().ok_or_else(|| one(format!("{name}: {part} is no section")))?;
    }
    at.insert(last.to_owned(), value);
    Ok(())
}

fn typed_value(name: &str, text: &str) -> Value {
    let parsed = format!("v = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("v"));
    if let Some(value) = parsed {
        return value;
    }
    if name.ends_with("VALUES") || name.ends_with("VALUES_FILE") {
        // A line each: secrets may hold commas.
        return Value::Array(text.lines().map(|item| Value::String(item.trim().to_owned())).collect());
    }
    if name.ends_with("REPOSITORIES") || name.ends_with("BRANCHES") || name.ends_with("AUTOMATIC") {
        return Value::Array(text.split(',').map(|item| Value::String(item.trim().to_owned())).collect());
    }
    Value::String(text.to_owned())
}

/// Files of secrets end with a line break that is not part of them.
fn trim_secrets(config: &mut Config) {
    let all = [
        &mut config.console.token,
        &mut config.github.webhook_secret,
        &mut config.github.token,
        &mut config.slack.bot_token,
        &mut config.slack.app_token,
        &mut config.slack.signing_secret,
        &mut config.discord.bot_token,
        &mut config.hooks.token,
        &mut config.api.read_token,
        &mut config.api.act_token,
    ];
    let previous = config.github.webhook_secret_previous.iter_mut().map(|previous| match previous {
        Previous::Always(secret) | Previous::Until { secret, .. } => secret,
    });
    for secret in all.into_iter().flatten().chain(previous) {
        let text = secret.expose_secret().trim_end_matches(['\n', '\r']).to_owned();
        *secret = SecretString::from(text);
    }
}

/// Every secret that the configuration holds: what must not be shown, wherever it turns up.
#[must_use]
pub fn secrets(config: &Config) -> Vec<&str> {
    let previous = config.github.webhook_secret_previous.as_ref().map(|previous| match previous {
        Previous::Always(secret) | Previous::Until { secret, .. } => secret,
    });
    named(config)
        .into_iter()
        .filter_map(|(_, secret)| secret.as_ref())
        .chain(previous)
        .chain(&config.redaction.values)
        .map(ExposeSecret::expose_secret)
        .collect()
}

fn named(config: &Config) -> [(&'static str, &Option<SecretString>); 10] {
    [
        ("console.token", &config.console.token),
        ("github.webhook_secret", &config.github.webhook_secret),
        ("github.token", &config.github.token),
        ("slack.bot_token", &config.slack.bot_token),
        ("slack.app_token", &config.slack.app_token),
        ("slack.signing_secret", &config.slack.signing_secret),
        ("discord.bot_token", &config.discord.bot_token),
        ("hooks.token", &config.hooks.token),
        ("api.read_token", &config.api.read_token),
        ("api.act_token", &config.api.act_token),
    ]
}

fn check(config: &Config) -> Result<(), ConfigError> {
    let mut wrong = Vec::new();
    let empty = |secret: &SecretString| secret.expose_secret().trim().is_empty();
    let previous = config.github.webhook_secret_previous.as_ref().map(|previous| match previous {
        Previous::Always(secret) | Previous::Until { secret, .. } => secret,
    });
    if previous.is_some_and(empty) {
        wrong.push("github.webhook_secret_previous is empty: set it, or remove the key".into());
    }
    for (key, secret) in named(config) {
        if secret.as_ref().is_some_and(empty) {
            wrong.push(format!("{key} is empty: set it, or remove the key"));
        }
    }
    for (key, address) in [
        ("github.api_url", &config.github.api_url),
        ("slack.api_url", &config.slack.api_url),
        ("discord.api_url", &config.discord.api_url),
    ] {
        check_address(key, address, &mut wrong);
    }
    if !matches!(config.slack.transport.as_str(), "socket" | "http") {
        wrong.push("slack.transport is socket or http".into());
    }
    if config.slack.transport == "http" && config.slack.bot_token.is_some() && config.slack.signing_secret.is_none() {
        wrong.push("slack.transport http needs slack.signing_secret".into());
    }
    check_discord(&config.discord, &mut wrong);
    if config.github.app_id.is_some() != config.github.private_key_file.is_some() {
        wrong.push("github.app_id and github.private_key_file belong together".into());
    }
    let known: Vec<&str> = REMEDIES.to_vec();
    for name in config.policy.approvals.keys().chain(&config.policy.automatic) {
        if !known.contains(&name.as_str()) {
            let near =
                known.iter().max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
            wrong.push(format!("policy: there is no remedy {name}; did you mean {}?", near.unwrap_or(&"retry")));
        }
    }
    for person in &config.people {
        let same = config.people.iter().filter(|other| other.name == person.name).count();
        if same > 1 {
            wrong.push(format!("two people are called {}", person.name));
        }
    }
    for feed in &config.subscriptions {
        if !matches!(feed.platform.as_str(), "slack" | "discord" | "console") {
            wrong.push("subscriptions.platform is slack, discord or console".into());
        }
    }
    wrong.dedup();
    if wrong.is_empty() { Ok(()) } else { Err(ConfigError(wrong)) }
}

fn check_discord(discord: &super::shape::Discord, wrong: &mut Vec<String>) {
    if !matches!(discord.transport.as_str(), "gateway" | "http") {
        wrong.push("discord.transport is gateway or http".into());
    }
    let hex = |key: &String| key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit());
    if discord.public_key.as_ref().is_some_and(|key| !hex(key)) {
        wrong.push("discord.public_key is 64 hex digits, as the developer portal shows it".into());
    }
    if discord.transport == "http" && discord.bot_token.is_some() && discord.public_key.is_none() {
        wrong.push("discord.transport http needs discord.public_key".into());
    }
    for (key, id) in [("application_id", &discord.application_id), ("guild_id", &discord.guild_id)] {
        if id.as_ref().is_some_and(|id| id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit())) {
            wrong.push(format!("discord.{key} is a number in quotes, as Discord's developer mode copies it"));
        }
    }
}

/// https, or plain http to a loopback address.
fn check_address(key: &str, address: &str, wrong: &mut Vec<String>) {
    match url::Url::parse(address) {
        Err(why) => wrong.push(format!("{key}: {why}")),
        Ok(url) => {
            let loopback = match url.host() {
                Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
                Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
                Some(url::Host::Domain(name)) => name == "localhost",
                None => false,
            };
            if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
                wrong.push(format!("{key} has to be https, or http to a loopback address"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        parse(text, &[]).unwrap_err().to_string()
    }

    #[test]
    fn defaults_and_overrides() {
        let config = parse("", &[]).unwrap();
        assert_eq!(config.policy.quorum("retry", false), 0);
        let config = parse(
            "[policy]\nmode = \"act\"\n[policy.approvals]\nretry = 1\n[github]\nrepositories = [\"a/b\"]",
            &[
                ("CI_RESCUE__GITHUB__REPOSITORIES".into(), "c/d, e/f".into()),
                ("CI_RESCUE_GITHUB_TOKEN".into(), "t\n".into()),
                ("CI_RESCUE__POLICY__RETRY_MAX".into(), "5".into()),
            ],
        )
        .unwrap();
        assert_eq!(config.policy.quorum("retry", false), 1);
        assert_eq!(config.policy.retry_max, 5);
        assert_eq!(config.github.repositories, ["c/d", "e/f"]);
        assert_eq!(config.github.token.unwrap().expose_secret(), "t");
    }

    #[test]
    fn every_secret_is_known_by_value() {
        let values = [
            ("CI_RESCUE__REDACTION__VALUES".to_owned(), "one-secret\nand, another".to_owned()),
            ("CI_RESCUE__API__READ_TOKEN".to_owned(), "read-token\n".to_owned()),
        ];
        let config = parse("", &values).unwrap();
        assert_eq!(secrets(&config), ["read-token", "one-secret", "and, another"]);
    }

    #[test]
    fn mistakes_name_the_key_and_no_value() {
        assert!(wrong("[github]\nwebhok_secret = \"hush\"").contains("did you mean webhook_secret"));
        assert!(wrong("[policy]\nmod = \"act\"").contains("did you mean mode"));
        assert!(wrong("[github]\napp_id = \"hush\"").contains("wrong kind"));
        assert!(wrong("[slack]\napi_url = \"http://example.org/api\"").contains("slack.api_url has to be https"));
        assert!(wrong("[github]\nwebhook_secret = \"\"").contains("github.webhook_secret is empty"));
        for text in ["[github]\nwebhok_secret = \"hush\"", "[github]\napp_id = \"hush\"", "[slack]\nbot_token = hush"] {
            assert!(!wrong(text).contains("hush"), "{}", wrong(text));
        }
        let config = parse("[github]\nwebhook_secret = \"hush\"", &[]).unwrap();
        assert!(!format!("{config:?}").contains("hush"));
    }
}
