//! What fits its type and is wrong all the same.

mod agents;
mod digests;
mod mentions;
mod repro;
mod sign_in;
mod sinks;

use super::OPERATOR;
use super::faults::{Fault, Teller, listed, nearest, quoted};
use super::people::SIGNED_IN;
use super::read::named;
use super::shape::Config;
use super::tree::{Step, Value, dotted};
use crate::domain::subscription::glob;
use crate::policy;
use crate::remedies::{self, Remedy};
use secrecy::ExposeSecret;
use std::collections::HashMap;

/// The longest `schedules.grace_minutes`.
const GRACE_MAX: u32 = 1_440;
/// The longest quarantine.
const QUARANTINE_DAYS_MAX: u32 = 90;
/// Letters of `console.token`: sign-in is throttled, so that these cannot be guessed even if they are digits alone.
const CONSOLE_TOKEN_MIN: usize = 12;
/// What a person's accounts are on, and how unlisted accounts are named: `github:octocat`.
const PLATFORMS: [&str; 3] = ["github", "slack", "discord"];

struct Check<'a> {
    teller: &'a Teller<'a>,
    /// Paths that were refused already: nothing more is said about them.
    bad: &'a [&'a [Step]],
    found: Vec<Fault>,
}

/// A path from `github.app_id`.
fn path(key: &str) -> Vec<Step> {
    key.split('.').map(|part| Step::Key(part.to_owned())).collect()
}

fn item(list: &str, index: usize, key: &str) -> Vec<Step> {
    vec![Step::Key(list.to_owned()), Step::Index(index), Step::Key(key.to_owned())]
}

impl Check<'_> {
    fn is_bad(&self, path: &[Step]) -> bool {
        self.bad.iter().any(|bad| path.starts_with(bad))
    }

    fn say(&mut self, path: &[Step], what: &str) {
        if !self.is_bad(path) {
            self.found.push(self.teller.fault(path, what));
        }
    }

    fn is_set(&self, path: &[Step]) -> bool {
        self.teller.tree.get(path).is_some()
    }

    /// One of these words.
    fn one_of(&mut self, path: &[Step], word: &str, known: &[&str]) {
        if known.contains(&word) {
            return;
        }
        let all: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let near = nearest(word, known.iter().copied());
        let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        let found = quoted(word);
        self.say(path, &format!("must be {} (found {found}{near})", listed(&all, "or")));
    }

    /// A key that may not be left out of its table.
    fn present(&mut self, path: &[Step], value: &str) -> bool {
        if value.trim().is_empty() {
            let what = if self.is_set(path) { "is empty" } else { "is missing" };
            self.say(path, what);
            return false;
        }
        true
    }

    fn text(&mut self, key: &str, good: bool, must: &str, value: &str) {
        if !good {
            self.say(&path(key), &format!("must be {must} (found {})", quoted(value)));
        }
    }
}

/// Everything that is wrong with the values; `bad` are the paths that were reported before.
pub fn check(config: &Config, teller: &Teller<'_>, bad: &[&[Step]]) -> Vec<Fault> {
    let mut check = Check { teller, bad, found: Vec::new() };
    for (key, secret) in named(config) {
        if secret.is_some_and(|secret| secret.expose_secret().trim().is_empty()) {
            check.say(&path(key), "is empty; set it or remove the key");
        }
    }
    addresses(&mut check, config);
    store(&mut check, config);
    console(&mut check, config);
    slack(&mut check, config);
    discord(&mut check, config);
    github(&mut check, config);
    lists(&mut check);
    rules(&mut check, config);
    people(&mut check, config);
    mentions::check(&mut check, config);
    digests::check(&mut check, config);
    agents::check(&mut check, config);
    repro::check(&mut check, config);
    sinks::check(&mut check, config);
    sign_in::check(&mut check, config);
    feeds(&mut check, config);
    check.found
}

fn addresses(check: &mut Check<'_>, config: &Config) {
    for (key, address) in [
        ("github.api_url", &config.github.api_url),
        ("slack.api_url", &config.slack.api_url),
        ("discord.api_url", &config.discord.api_url),
    ] {
        if !is_safe(address) {
            check.say(&path(key), "must be an https:// URL (http:// only for loopback addresses)");
        }
    }
    if config.traces.endpoint.as_ref().is_some_and(|address| !is_safe(address)) {
        check.say(&path("traces.endpoint"), "must be an https:// URL (http:// only for loopback addresses)");
    }
    for (index, provider) in config.providers.iter().enumerate() {
        let at = |key: &str| item("providers", index, key);
        check.present(&at("name"), &provider.name);
        if check.present(&at("url"), &provider.url) && !is_safe(&provider.url) {
            check.say(&at("url"), "must be an https:// URL (http:// only for loopback addresses)");
        }
        if config.providers[..index].iter().any(|other| other.name == provider.name) {
            check.say(&at("name"), "is the same as another's");
        }
    }
    if config.schedules.grace_minutes > GRACE_MAX {
        check.say(&path("schedules.grace_minutes"), "must be at most 1440, a day");
    }
    if !(1..=QUARANTINE_DAYS_MAX).contains(&config.policy.quarantine_days) {
        check.say(&path("policy.quarantine_days"), "must be 1 to 90");
    }
    if config.traces.sample_percent > 100 {
        check.say(&path("traces.sample_percent"), "must be at most 100");
    }
    for (key, address) in [("server.listen", &config.server.listen), ("console.listen", &config.console.listen)] {
        let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        let good = port.is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        check.text(key, good, "an address and a port, such as \"127.0.0.1:8080\"", address);
    }
    let (server, console) = (&config.server, &config.console);
    for (section, certificate, key) in [
        ("server", &server.tls_cert_file, &server.tls_key_file),
        ("console", &console.tls_cert_file, &console.tls_key_file),
    ] {
        let (have, lacks) = match (certificate, key) {
            (Some(_), None) => ("tls_cert_file", "tls_key_file"),
            (None, Some(_)) => ("tls_key_file", "tls_cert_file"),
            _ => continue,
        };
        check.say(&path(&format!("{section}.{have}")), &format!("needs {section}.{lacks}"));
    }
    for (index, proxy) in config.server.proxies.iter().enumerate() {
        if proxy.parse::<ipnet::IpNet>().is_err() && proxy.parse::<std::net::IpAddr>().is_err() {
            let at = [path("server.proxies"), vec![Step::Index(index)]].concat();
            check.say(
                &at,
                &format!("must be an IP address or a network, such as \"10.0.0.0/8\" (found {})", quoted(proxy)),
            );
        }
    }
}

fn store(check: &mut Check<'_>, config: &Config) {
    let Some(url) = config.store.url.as_ref().map(|url| url.expose_secret().trim()) else {
        if config.store.ca_file.is_some() {
            check.say(&path("store.ca_file"), "is for the database of store.url, which is not set");
        }
        return;
    };
    // Its value is a secret, and is not shown.
    if !url.is_empty() && !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        check.say(&path("store.url"), "must be postgres://USER:PASSWORD@HOST:PORT/DATABASE");
    }
}

fn console(check: &mut Check<'_>, config: &Config) {
    let length = config.console.token.as_ref().map_or(0, |token| token.expose_secret().trim().chars().count());
    if (1..CONSOLE_TOKEN_MIN).contains(&length) {
        let what =
            format!("has fewer than {CONSOLE_TOKEN_MIN} characters and can be guessed; use `openssl rand -hex 32`");
        check.say(&path("console.token"), &what);
    }
    if let Some(url) = &config.console.url {
        let good = url::Url::parse(url).is_ok_and(|parsed| {
            let anonymous = parsed.username().is_empty() && parsed.password().is_none();
            is_safe(url) && parsed.path() == "/" && parsed.query().is_none() && anonymous
        });
        let must = "an https:// URL without a path, such as \"https://rescue.example.org\" (http:// only for loopback)";
        check.text("console.url", good, must, url);
        if good && config.console.tls_cert_file.is_some() && !url.starts_with("https:") {
            check.say(&path("console.url"), "must be an https:// URL: the console has TLS by console.tls_cert_file");
        }
    }
}

/// https, or plain http to a loopback address.
fn is_safe(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    let loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

fn slack(check: &mut Check<'_>, config: &Config) {
    let slack = &config.slack;
    let transport = path("slack.transport");
    check.one_of(&transport, &slack.transport, &["socket", "http"]);
    if slack.transport == "http" && slack.bot_token.is_some() && slack.signing_secret.is_none() {
        check.say(&transport, "\"http\" needs slack.signing_secret");
    }
}

fn discord(check: &mut Check<'_>, config: &Config) {
    let discord = &config.discord;
    let transport = path("discord.transport");
    check.one_of(&transport, &discord.transport, &["gateway", "http"]);
    if let Some(key) = &discord.public_key {
        let hex = key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit());
        check.text("discord.public_key", hex, "the 64 hex digits shown in the developer portal", key);
    }
    if discord.transport == "http" && discord.bot_token.is_some() && discord.public_key.is_none() {
        check.say(&transport, "\"http\" needs discord.public_key");
    }
    for (key, id) in [("discord.application_id", &discord.application_id), ("discord.guild_id", &discord.guild_id)] {
        if let Some(id) = id {
            let digits = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
            check.text(key, digits, "a numeric ID in quotes (Copy ID in Discord's Developer Mode)", id);
        }
    }
}

fn github(check: &mut Check<'_>, config: &Config) {
    let (id, key) = (path("github.app_id"), path("github.private_key_file"));
    if check.is_bad(&id) || check.is_bad(&key) {
        return;
    }
    match (config.github.app_id, &config.github.private_key_file) {
        (Some(_), None) => check.say(&id, "needs github.private_key_file"),
        (None, Some(_)) => check.say(&key, "needs github.app_id"),
        _ => {}
    }
    let verdict = path("github.verdict_check");
    if config.github.verdict_check && config.github.app_id.is_none() && !check.is_bad(&verdict) {
        check.say(&verdict, "needs github.app_id and github.private_key_file: only a GitHub App can write check runs");
    }
}

/// What may be named where: each asked of whoever knows.
fn lists(check: &mut Check<'_>) {
    let all = remedies::all();
    let named = |is: fn(&dyn Remedy) -> bool| -> Vec<&str> {
        all.iter().filter(|remedy| is(remedy.as_ref())).map(|remedy| remedy.id()).collect()
    };
    let (shelf, automatic, exact) = (named(|_| true), named(|it| it.is_automatic()), named(|it| it.nature().exact));
    let approvable = named(|it| it.nature().exact || !it.changes_code());
    let resolvers: Vec<&str> = remedies::editing::resolved::resolvers().collect();
    let tree = check.teller.tree;
    let approvals = tree.get(&path("policy.approvals")).and_then(|node| node.table());
    for name in approvals.into_iter().flat_map(|table| table.keys()) {
        let at = path(&format!("policy.approvals.{name}"));
        named_well(check, &at, name, &shelf, "remedy", &shelf);
    }
    for (key, known) in [
        ("policy.automatic", automatic.as_slice()),
        ("policy.auto_merge", exact.as_slice()),
        ("policy.auto_approve", approvable.as_slice()),
        ("policy.resolvers", resolvers.as_slice()),
    ] {
        let what = if key == "policy.resolvers" { "resolver" } else { "remedy" };
        let Some(Value::List(items)) = tree.get(&path(key)).map(|node| &node.value) else { continue };
        for (index, node) in items.iter().enumerate() {
            let Value::Text(name) = &node.value else { continue };
            let at = [path(key), vec![Step::Index(index)]].concat();
            named_well(check, &at, name, known, what, &shelf);
        }
    }
}

/// What differs for some incidents.
fn rules(check: &mut Check<'_>, config: &Config) {
    let all = remedies::all();
    let shelf: Vec<&str> = all.iter().map(|remedy| remedy.id()).collect();
    for (index, rule) in config.policy.rules.iter().enumerate() {
        let at = [path("policy.rules"), vec![Step::Index(index)]].concat();
        let below = |key: &str| [at.clone(), path(key)].concat();
        // What was refused and left out may have set something.
        let whole = !check.bad.iter().any(|bad| bad.starts_with(&at));
        for (key, why) in policy::faults(rule).into_iter().filter(|(key, _)| whole || !key.is_empty()) {
            check.say(&if key.is_empty() { at.clone() } else { below(key) }, why);
        }
        if let Some(name) = rule.when.remedy.as_ref().filter(|want| !shelf.iter().any(|name| glob(want, name))) {
            named_well(check, &below("when.remedy"), name, &shelf, "remedy", &shelf);
        }
    }
}

fn named_well(check: &mut Check<'_>, at: &[Step], name: &str, known: &[&str], what: &str, shelf: &[&str]) {
    if known.contains(&name) {
        return;
    }
    let all = listed(known, "and");
    if what == "remedy" && shelf.contains(&name) {
        let list = dotted(&at[..at.len() - 1], 0);
        return check.say(at, &format!("is \"{name}\", but {list} accepts only {all}"));
    }
    let near = nearest(name, known.iter().copied());
    let hint = near.map_or(format!("valid are {all}"), |near| format!("did you mean \"{near}\"?"));
    check.say(at, &format!("names an unknown {what}, {}; {hint}", quoted(name)));
}

fn people(check: &mut Check<'_>, config: &Config) {
    let mut names = HashMap::new();
    let mut accounts = HashMap::new();
    for (index, person) in config.people.iter().enumerate() {
        let at = item("people", index, "name");
        if check.present(&at, &person.name) {
            named_as_a_person(check, &at, &person.name);
            if names.insert(person.name.as_str(), index).is_some() {
                check.say(&at, &format!("repeats {}; names must be unique", quoted(&person.name)));
            }
        }
        let all = [("github", &person.github), ("slack", &person.slack), ("discord", &person.discord)];
        for (platform, account) in all.into_iter().chain([("sign_in", &person.sign_in)]) {
            let Some(account) = account.as_deref() else { continue };
            let at = item("people", index, platform);
            if account.trim().is_empty() {
                check.say(&at, "is empty; set it or remove the key");
                continue;
            }
            // GitHub logins are case-insensitive; nobody tells two ids apart by their case.
            if let Some(other) = accounts.insert((platform, account.trim().to_lowercase()), index) {
                let first = check.teller.name(&item("people", other, platform));
                check.say(&at, &format!("repeats {}, which is {first}; an account is one person's", quoted(account)));
            }
        }
    }
}

/// A name stands in approvals as who somebody is: it must be nobody else's.
fn named_as_a_person(check: &mut Check<'_>, at: &[Step], name: &str) {
    if name.trim().eq_ignore_ascii_case(OPERATOR) {
        let what = format!("is {}, which is whoever holds console.token; use another name", quoted(name));
        check.say(at, &what);
    } else if name
        .split_once(':')
        .is_some_and(|(start, _)| PLATFORMS.contains(&start) || SIGNED_IN.contains(&start) || start == "console")
    {
        let what = format!("is {}, which would be an account without a person; use a name", quoted(name));
        check.say(at, &what);
    }
}

fn feeds(check: &mut Check<'_>, config: &Config) {
    for (index, feed) in config.subscriptions.iter().enumerate() {
        let platform = item("subscriptions", index, "platform");
        if check.present(&platform, &feed.platform) {
            check.one_of(&platform, &feed.platform, &["slack", "discord", "console", "email", "teams", "webhook"]);
        }
        check.present(&item("subscriptions", index, "channel"), &feed.channel);
        sinks::channel(check, config, index);
    }
}
