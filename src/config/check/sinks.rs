//! `[email]`, `[[teams]]`, `[[webhooks]]`, and the subscriptions that name them.

use super::super::faults::{nearest, quoted};
use super::super::shape::Config;
use super::super::tree::Step;
use super::{Check, is_safe, item, path};
use secrecy::{ExposeSecret, SecretString};
use std::net::IpAddr;
use std::path::Path;

/// Signatures of shorter ones can be guessed from one delivery.
const SECRET_MIN: usize = 16;
const NAME_MAX: usize = 64;

pub fn check(check: &mut Check<'_>, config: &Config) {
    email(check, config);
    let teams = config
        .teams
        .iter()
        .map(|one| (one.name.as_str(), one.url.as_ref(), one.url_file.as_deref(), one.allow_plaintext));
    tables(check, "teams", &teams.collect::<Vec<_>>());
    let webhooks = config
        .webhooks
        .iter()
        .map(|one| (one.name.as_str(), one.url.as_ref(), one.url_file.as_deref(), one.allow_plaintext));
    tables(check, "webhooks", &webhooks.collect::<Vec<_>>());
    for (index, webhook) in config.webhooks.iter().enumerate() {
        let at = item("webhooks", index, "secret");
        either(check, &at, webhook.secret.as_ref(), webhook.secret_file.as_deref());
        let length = webhook.secret.as_ref().map_or(SECRET_MIN, |secret| secret.expose_secret().chars().count());
        if (1..SECRET_MIN).contains(&length) {
            let what = format!("has fewer than {SECRET_MIN} characters and can be guessed; use `openssl rand -hex 32`");
            check.say(&at, &what);
        }
    }
}

fn email(check: &mut Check<'_>, config: &Config) {
    let email = &config.email;
    check.one_of(&path("email.security"), &email.security, &["starttls", "tls", "none"]);
    let Some(server) = &email.server else {
        for key in ["port", "username", "password", "from"] {
            let at = path(&format!("email.{key}"));
            if check.is_set(&at) {
                check.say(&at, "needs email.server");
            }
        }
        return;
    };
    let named = !server.is_empty() && server.chars().all(|c| c.is_ascii_alphanumeric() || ".-:".contains(c));
    check.text("email.server", named, "a host name, such as \"smtp.example.org\" (the port is email.port)", server);
    match &email.from {
        None => check.say(&path("email.server"), "needs email.from, the address that mail comes from"),
        Some(from) => {
            let must = "an address, such as \"ci@example.org\" or \"CI Rescue <ci@example.org>\"";
            check.text("email.from", is_mailbox(from), must, from);
        }
    }
    match (&email.username, &email.password) {
        (Some(_), None) => check.say(&path("email.username"), "needs email.password"),
        (None, Some(_)) => check.say(&path("email.password"), "needs email.username"),
        _ => {}
    }
    if email.security == "none" && !email.allow_plaintext && !is_loopback(server) {
        let what = "\"none\" sends mail and password in the clear: use \"starttls\" or \"tls\", or set \
                    email.allow_plaintext = true";
        check.say(&path("email.security"), what);
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// `ada@example.org`, or `Ada <ada@example.org>`.
fn is_mailbox(text: &str) -> bool {
    let inner = text.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
    !text.chars().any(char::is_control) && is_address(inner.unwrap_or(text))
}

/// What an address has to look like; the mail library has the last word.
fn is_address(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;:\"()[]\\".contains(c));
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !local.contains('@') && !domain.is_empty() && !domain.starts_with('.') && plain
    })
}

type Table<'a> = (&'a str, Option<&'a SecretString>, Option<&'a Path>, bool);

fn tables(check: &mut Check<'_>, section: &str, all: &[Table<'_>]) {
    for (index, (name, url, file, allow_plaintext)) in all.iter().enumerate() {
        let at = |key: &str| item(section, index, key);
        if check.present(&at("name"), name) {
            let good = name.len() <= NAME_MAX && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            if !good {
                let found = quoted(name);
                check.say(&at("name"), &format!("must be letters, digits, \"-\", \"_\" and \".\" (found {found})"));
            }
            if all[..index].iter().any(|(other, ..)| other == name) {
                check.say(&at("name"), "is the same as another's");
            }
        }
        either(check, &at("url"), *url, *file);
        let Some(url) = url.map(ExposeSecret::expose_secret) else { continue };
        let plain = *allow_plaintext && url::Url::parse(url).is_ok_and(|url| url.scheme() == "http" && url.has_host());
        if !is_safe(url) && !plain {
            let what = "must be an https:// URL (http:// only for loopback addresses, or with allow_plaintext = true)";
            check.say(&at("url"), what);
        }
    }
}

/// The value itself, or the file that holds it.
fn either(check: &mut Check<'_>, at: &[Step], value: Option<&SecretString>, file: Option<&Path>) {
    match (value, file) {
        (None, None) => check.say(at, "is missing; set it, or the same with _file at its end"),
        (Some(value), _) if value.expose_secret().trim().is_empty() => check.say(at, "is empty"),
        _ => {}
    }
}

/// A subscription's channel, where its platform is a sink.
pub fn channel(check: &mut Check<'_>, config: &Config, index: usize) {
    let feed = &config.subscriptions[index];
    let (at, channel) = (item("subscriptions", index, "channel"), feed.channel.as_str());
    let names: Vec<&str> = match feed.platform.as_str() {
        "email" => {
            if !channel.is_empty() && !is_address(channel) {
                let found = quoted(channel);
                check.say(&at, &format!("must be one mail address, such as \"team@example.org\" (found {found})"));
            }
            if config.email.server.is_none() {
                check.say(&item("subscriptions", index, "platform"), "\"email\" needs email.server");
            }
            Vec::new()
        }
        "teams" => config.teams.iter().map(|one| one.name.as_str()).collect(),
        "webhook" => config.webhooks.iter().map(|one| one.name.as_str()).collect(),
        _ => return,
    };
    if feed.role.is_some() {
        check.say(&item("subscriptions", index, "role"), "needs a chat: nobody can ask for anything from here");
    }
    if feed.platform != "email" && !channel.is_empty() && !names.contains(&channel) {
        let table = if feed.platform == "teams" { "[[teams]]" } else { "[[webhooks]]" };
        let near = nearest(channel, names.iter().copied());
        let near = near.map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
        check.say(&at, &format!("names no {table} table (found {}{near})", quoted(channel)));
    }
}
