//! What the configuration itself gives away: values that are well-formed and cannot work.

use super::report::{Finding, State};
use ci_rescue::config::Config;
use secrecy::{ExposeSecret, SecretString};
use std::net::{IpAddr, ToSocketAddrs};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Shorter tokens can be guessed.
const TOKEN_MIN: usize = 20;
/// Everybody else on the machine.
const OTHERS: u32 = 0o007;

/// Everything that can be told without asking anybody.
pub fn problems(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |about: &'static str, words: Option<String>| {
        found.extend(words.map(|words| (State::Problem, about, words)));
    };
    files(config, &mut say);
    exposed(config, &mut say);
    sign_in(config, &mut say);
    repositories(config, &mut say);
    github_token(config, &mut say);
    slack_tokens(config, &mut say);
    discord_token(config, &mut say);
    feeds(config, &mut say);
    people(config, &mut say);
    found
}

type Say<'a> = dyn FnMut(&'static str, Option<String>) + 'a;

fn files(config: &Config, say: &mut Say<'_>) {
    if let Some(path) = &config.github.private_key_file {
        let name = config.name("github.private_key_file");
        say("github", open_to_others(path).map(|why| format!("{name}: {why}")));
    }
    if let Some(path) = config.origin.file.as_ref().filter(|_| config.origin.secrets) {
        say("configuration", open_to_others(path).map(|why| format!("the file contains secrets, and {why}")));
    }
    for (key, path) in
        [("server.tls_key_file", &config.server.tls_key_file), ("console.tls_key_file", &config.console.tls_key_file)]
    {
        let open = path.as_deref().and_then(open_to_others);
        say("certificate", open.map(|why| format!("{}: {why}", config.name(key))));
    }
    for path in &config.origin.secret_files {
        say("secrets", open_to_others(path));
    }
}

/// A file that holds secrets and that every account on this machine can read or write.
pub fn open_to_others(path: &Path) -> Option<String> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let shown = path.display();
    (mode & OTHERS != 0)
        .then(|| format!("any user on this machine can access {shown} (mode {mode:04o}); run `chmod 600 {shown}`"))
}

/// Short tokens behind an address that other machines reach.
fn exposed(config: &Config, say: &mut Say<'_>) {
    let tokens = [
        ("console", "console.token", &config.console.token, "console.listen", &config.console.listen),
        ("api", "api.read_token", &config.api.read_token, "server.listen", &config.server.listen),
        ("api", "api.act_token", &config.api.act_token, "server.listen", &config.server.listen),
        ("hooks", "hooks.token", &config.hooks.token, "server.listen", &config.server.listen),
        ("webhooks", "github.webhook_secret", &config.github.webhook_secret, "server.listen", &config.server.listen),
    ];
    for (about, key, token, listen, address) in tokens {
        let length = token.as_ref().map(|token| token.expose_secret().chars().count());
        let short = length.filter(|length| *length < TOKEN_MIN && !is_loopback(address));
        let name = config.name(key);
        say(
            about,
            short.map(|length| {
                let characters = if length == 1 { "character" } else { "characters" };
                format!(
                    "{name} has {length} {characters}, and other machines can reach {listen} ({address}); use at least \
                 {TOKEN_MIN}, such as from `openssl rand -hex 32`"
                )
            }),
        );
    }
}

/// Providers send browsers back to where they came from, which has to be an address with TLS.
fn sign_in(config: &Config, say: &mut Say<'_>) {
    let own = &config.sign_in;
    let provider = own.github || own.oidc_issuer.is_some();
    let bare = config.console.url.is_none() && !is_loopback(&config.console.listen);
    let words = "set console.url to the https:// address of the console: without it, people who sign in at a provider \
                 are sent back without TLS";
    say("sign-in", (provider && bare).then(|| words.to_owned()));
}

fn is_loopback(address: &str) -> bool {
    let all: Vec<IpAddr> =
        address.to_socket_addrs().map(|all| all.map(|address| address.ip()).collect()).unwrap_or_default();
    !all.is_empty() && all.iter().all(IpAddr::is_loopback)
}

fn repositories(config: &Config, say: &mut Say<'_>) {
    let listed = config.github.repositories.iter().enumerate();
    for (index, repo) in listed {
        let name = config.name(&format!("github.repositories[{index}]"));
        say("github", ownerless(repo).map(|why| format!("{name} {why}")));
    }
    for (index, feed) in config.subscriptions.iter().enumerate() {
        let name = config.name(&format!("subscriptions[{index}].repo"));
        let why = feed.repo.as_deref().and_then(ownerless);
        say("subscriptions", why.map(|why| format!("{name} {why}")));
    }
}

/// A repository or pattern that matches nothing.
pub fn ownerless(repo: &str) -> Option<String> {
    let bare = repo.trim().trim_end_matches('/').trim_end_matches(".git");
    let address = bare.split_once("://").or_else(|| bare.split_once("git@"));
    if let Some((_, rest)) = address {
        let name = rest.split_once(['/', ':']).map_or(rest, |(_, name)| name);
        return Some(format!("is \"{repo:.80}\", a URL; write \"{name:.80}\""));
    }
    if repo.contains('*') && !repo.contains('/') {
        return (repo != "*" && !repo.ends_with('*')).then(|| format!("is \"{repo:.80}\"; write OWNER/{repo:.80}"));
    }
    let whole = repo.split('/').count() == 2 && repo.split('/').all(|part| !part.trim().is_empty());
    (!whole).then(|| format!("is \"{repo:.80}\", which has no owner; write \"OWNER/{:.80}\"", bare.trim_matches('/')))
}

/// What a token really is, by how it begins.
fn kind(token: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 15] = [
        ("xoxb-", "a Slack bot token"),
        ("xoxp-", "a Slack user token"),
        ("xoxe", "a Slack token that expires (token rotation)"),
        ("xoxc-", "a browser's Slack token"),
        ("xapp-", "a Slack app-level token"),
        ("ghp_", "a GitHub token"),
        ("github_pat_", "a GitHub token"),
        ("gho_", "a GitHub OAuth token"),
        ("ghu_", "a GitHub user token"),
        ("ghs_", "a GitHub installation token, which lasts an hour"),
        ("https://hooks.slack.com/", "a Slack webhook URL"),
        ("https://discord.com/api/webhooks/", "a Discord webhook URL"),
        ("https://", "a URL"),
        ("-----BEGIN", "a PEM key"),
        ("Bot ", "a token with \"Bot \" before it"),
    ];
    KINDS.iter().find(|(start, _)| token.starts_with(start)).map(|(_, kind)| *kind)
}

fn github_token(config: &Config, say: &mut Say<'_>) {
    let Some(token) = config.github.token.as_ref().map(ExposeSecret::expose_secret) else { return };
    let good = ["ghp_", "github_pat_", "gho_", "ghu_"].iter().any(|start| token.starts_with(start));
    let what = kind(token).filter(|_| !good);
    let name = config.name("github.token");
    let fix = "set a personal access token (ghp_… or github_pat_…), or better an App: see `ci-rescue manifest github`";
    say("github", what.map(|what| format!("{name} contains {what}; {fix}")));
}

fn slack_tokens(config: &Config, say: &mut Say<'_>) {
    let text = |token: &Option<SecretString>| token.as_ref().map(|token| token.expose_secret().to_owned());
    let (bot, app) = (text(&config.slack.bot_token), text(&config.slack.app_token));
    let begins = |token: &Option<String>, start: &str| token.as_deref().is_some_and(|token| token.starts_with(start));
    let (bot_name, app_name) = (config.name("slack.bot_token"), config.name("slack.app_token"));
    let other = |token: &Option<String>, start: &str| {
        let token = token.as_deref().filter(|token| !token.starts_with(start))?;
        Some(kind(token).unwrap_or("another kind of value"))
    };
    if begins(&bot, "xapp-") && begins(&app, "xoxb-") {
        say("slack", Some(format!("{bot_name} and {app_name} are swapped; the bot token starts with xoxb-")));
    } else {
        say(
            "slack",
            other(&bot, "xoxb-").map(|what| {
                format!(
                    "{bot_name} contains {what}; set the \"Bot User OAuth Token\" (xoxb-…), under \"OAuth & Permissions\""
                )
            }),
        );
        say(
            "slack",
            other(&app, "xapp-").map(|what| {
                let scope = "with the scope connections:write";
                format!(
                    "{app_name} contains {what}; set an app-level token (xapp-…) {scope}, under \"Basic Information\""
                )
            }),
        );
    }
    let secret = text(&config.slack.signing_secret).and_then(|secret| kind(&secret));
    let name = config.name("slack.signing_secret");
    say(
        "slack",
        secret.map(|what| format!("{name} contains {what}; set the Signing Secret, under \"Basic Information\"")),
    );
}

fn discord_token(config: &Config, say: &mut Say<'_>) {
    let Some(token) = config.discord.bot_token.as_ref().map(ExposeSecret::expose_secret) else { return };
    let hex = token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit());
    let digits = token.bytes().all(|b| b.is_ascii_digit());
    let what = match kind(token) {
        None if hex => Some("the application's public key"),
        None if digits => Some("an ID"),
        kind => kind,
    };
    let name = config.name("discord.bot_token");
    say(
        "discord",
        what.map(|what| format!("{name} contains {what}; set the token from the \"Bot\" page of the developer portal")),
    );
}

/// How to find a channel's ID, where this is none.
pub fn not_a_channel(platform: &str, id: &str) -> Option<&'static str> {
    let (good, find) = match platform {
        "slack" => (
            is_slack_id(id, "CGD"),
            "open the channel, click its name, and copy the ID at the end of \"About\" (C0123456789)",
        ),
        "discord" => (
            is_digits(id),
            "turn on Developer Mode (User Settings, Advanced), right-click the channel, \"Copy Channel ID\"",
        ),
        _ => (true, ""),
    };
    (!good).then_some(find)
}

fn feeds(config: &Config, say: &mut Say<'_>) {
    for (index, feed) in config.subscriptions.iter().enumerate() {
        let name = config.name(&format!("subscriptions[{index}].channel"));
        let channel = &feed.channel;
        let find = not_a_channel(&feed.platform, channel);
        say("subscriptions", find.map(|find| format!("{name} is \"{channel:.40}\", not a channel ID; {find}")));
        let (on, key) = match feed.platform.as_str() {
            "slack" => (config.slack.bot_token.is_some(), "slack.bot_token"),
            "discord" => (config.discord.bot_token.is_some(), "discord.bot_token"),
            _ => (true, ""),
        };
        let name = config.name(&format!("subscriptions[{index}].platform"));
        say("subscriptions", (!on).then(|| format!("{name} is {}, but {key} is not set", feed.platform)));
    }
}

/// Platform, what was written, what it may look like, and that in words.
type Account<'a> = (&'a str, Option<&'a String>, fn(&str) -> bool, &'a str);

fn people(config: &Config, say: &mut Say<'_>) {
    for (index, person) in config.people.iter().enumerate() {
        let accounts: [Account<'_>; 3] = [
            ("github", person.github.as_ref(), is_login, "a GitHub login, such as octocat, without @"),
            ("slack", person.slack.as_ref(), is_member, "a member ID: open the profile, \"⋮\", \"Copy member ID\""),
            ("discord", person.discord.as_ref(), is_digits, "a user ID: with Developer Mode on, \"Copy User ID\""),
        ];
        for (platform, account, good, want) in accounts {
            let name = config.name(&format!("people[{index}].{platform}"));
            let bad = account.filter(|account| !good(account));
            say("people", bad.map(|account| format!("{name} is \"{account:.40}\", not {want}")));
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_slack_id(text: &str, first: &str) -> bool {
    text.len() > 3
        && text.starts_with(|c| first.contains(c))
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

pub fn is_member(text: &str) -> bool {
    is_slack_id(text, "UW")
}

fn is_login(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
