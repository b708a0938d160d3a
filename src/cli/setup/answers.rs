//! What `setup` wants to know, and the file that may answer it.

use crate::cli::doctor::settings::open_to_others;
use ci_rescue::domain::text::is_invisible;
use ci_rescue::evidence::redact;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

const BYTES_MAX: u64 = 64 << 10;

/// Everything that can be answered; what is not stays as it is.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    pub github: GitHub,
    pub slack: Option<Slack>,
    pub discord: Option<Discord>,
    pub console: Option<Console>,
    pub server: Listen,
    pub store: Store,
    pub admin: Option<Admin>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GitHub {
    pub api_url: Option<String>,
    pub ca_file: Option<PathBuf>,
    /// Whether a new App is wanted, in the browser.
    pub create: bool,
    /// The bot's public address, for the new App.
    pub url: Option<String>,
    pub organization: Option<String>,
    pub app_id: Option<u64>,
    pub private_key: Option<Secret>,
    pub webhook_secret: Option<Secret>,
    pub token: Option<Secret>,
    pub repositories: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Slack {
    pub api_url: Option<String>,
    pub bot_token: Option<Secret>,
    pub app_token: Option<Secret>,
    pub channel: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Discord {
    pub api_url: Option<String>,
    pub bot_token: Option<Secret>,
    pub application_id: Option<String>,
    pub guild_id: Option<String>,
    pub channel: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    pub listen: Option<String>,
    pub token: Option<Secret>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    pub listen: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    pub path: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    pub name: Option<String>,
    pub github: Option<String>,
    pub slack: Option<String>,
    pub discord: Option<String>,
}

/// Where a secret is: answers are copied and shared, so they hold none.
#[derive(Clone)]
pub enum Secret {
    File(PathBuf),
    Variable(String),
    /// Typed, or made by us.
    Given(SecretString),
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Place {
            file: Option<PathBuf>,
            env: Option<String>,
        }
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("{file = \"PATH\"} or {env = \"VARIABLE\"}")
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Secret, E> {
                Err(E::custom("a secret does not belong in this file: write {file = \"PATH\"} or {env = \"VARIABLE\"}"))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Secret, A::Error> {
                match Place::deserialize(MapAccessDeserializer::new(map))? {
                    Place { file: Some(path), env: None } => Ok(Secret::File(path)),
                    Place { file: None, env: Some(name) } => Ok(Secret::Variable(name)),
                    _ => Err(A::Error::custom("needs either file or env")),
                }
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Secret {
    /// The secret itself. `key` names it in errors.
    ///
    /// # Errors
    /// It cannot be read, or others can read it, too.
    pub fn read(&self, key: &str) -> Result<SecretString, String> {
        let text = match self {
            Self::Given(secret) => return Ok(secret.clone()),
            Self::Variable(name) => {
                std::env::var(name).map_err(|_| format!("{key}: the variable {name} is not set"))?
            }
            Self::File(path) => {
                if let Some(why) = open_to_others(path).filter(|_| path.is_file()) {
                    return Err(format!("{key}: {why}"));
                }
                bounded(path).map_err(|why| format!("{key}: {why}"))?
            }
        };
        let text = text.trim();
        let is_key = text.starts_with("-----BEGIN");
        if text.is_empty() {
            return Err(format!("{key} is empty"));
        }
        if !is_key && text.chars().any(char::is_whitespace) {
            return Err(format!("{key} has spaces or several lines: it must be the secret alone"));
        }
        Ok(if is_key { format!("{text}\n") } else { text.to_owned() }.into())
    }
}

/// A small file of text.
fn bounded(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let told = |why: std::io::Error| format!("{shown}: {why}");
    let file = std::fs::metadata(path).map_err(told)?;
    if !file.is_file() {
        return Err(format!("{shown} is not a file"));
    }
    let mut text = String::new();
    std::fs::File::open(path).map_err(told)?.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(told)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(format!("{shown} is larger than 64 KiB"));
    }
    Ok(text)
}

impl Answers {
    /// # Errors
    /// What is wrong with the file, with its line.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = bounded(path)?;
        if let Ok(table) = text.parse::<toml::Table>()
            && let Some(key) = unprintable(&toml::Value::Table(table))
        {
            return Err(format!("{}: {key} must be one line of printable text", path.display()));
        }
        toml::from_str(&text).map_err(|why| {
            let line = why.span().map_or(1, |span| text.as_bytes()[..span.start].split(|b| *b == b'\n').count());
            // The library's own words repeat the line, which may hold a secret.
            let words = redact::text(why.message(), &mut redact::Counts::default()).into_owned();
            format!("{}:{line}: {}", path.display(), words.trim_end().replace('\n', "; "))
        })
    }
}

/// The key of a text that would not be what people see of it.
fn unprintable(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => text.chars().any(is_invisible).then(String::new),
        toml::Value::Array(items) => items.iter().find_map(unprintable),
        toml::Value::Table(table) => table.iter().find_map(|(key, value)| {
            let below = unprintable(value)?;
            let key = key.replace(is_invisible, "?");
            Some(if below.is_empty() { key } else { format!("{key}.{below}") })
        }),
        _ => None,
    }
}
