//! `doctor`: the configuration and every integration, with what to do about what is wrong.
//!
//! Exit status: 0 when all is ready, 1 when there is something to fix, 3 when an integration could only not be reached.

mod reach;
pub mod report;
pub mod settings;
mod sinks;

use super::{ConfigArg, Failed, at, own, runtime};
use ci_rescue::adapters::discord;
use ci_rescue::adapters::github::{self, Credentials, GitHub};
use ci_rescue::adapters::slack::{self, Slack};
use ci_rescue::app::tls::Told;
use ci_rescue::app::{self, SystemClock};
use ci_rescue::config::Config;
use ci_rescue::ports::{Accounts, Clock};
use ci_rescue::store::{OpenError, Postgres, Sled};
use reach::{Address, STEP, obstacle};
use report::{Finding, State};
use secrecy::ExposeSecret;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// An integration that is slower does not answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of asking an integration: who we are there, or everything that is wrong.
type Asked = Result<String, Vec<(State, String)>>;

pub fn run(args: &ConfigArg) -> Result<u8, Failed> {
    let config = match args.read() {
        Ok(config) => config,
        Err(why) => {
            let findings: Vec<Finding> = why.0.into_iter().map(|why| (State::Problem, "configuration", why)).collect();
            return Ok(report::told(&findings));
        }
    };
    let mut findings = vec![(State::Ready, "configuration", told_file(&config))];
    findings.push(store(&config));
    findings.extend(known_issues(&config));
    findings.extend(app::agents::state(&config).into_iter().map(|found| match found {
        Ok(what) => (State::Ready, "agents", what),
        Err(why) => (State::Problem, "agents", why),
    }));
    findings.extend(app::tls::state(&config, SystemClock.now()).into_iter().map(|told| match told {
        Told::Good(what) => (State::Ready, "certificate", what),
        Told::Soon(why) => (State::Warning, "certificate", why),
        Told::Wrong(why) => (State::Problem, "certificate", why),
    }));
    findings.extend(app::containers::state(&config).map(|found| match found {
        Ok(what) => (State::Ready, "containers", what),
        Err(why) => (State::Problem, "containers", why),
    }));
    findings.extend(off(&config));
    findings.extend(try_again(&config)?);
    let known = settings::problems(&config);
    let may_ask = |about: &str| about == "github" || !known.iter().any(|(_, known, _)| *known == about);
    findings.extend(runtime()?.block_on(async {
        let (mut found, sinks) = tokio::join!(ask(&config, &may_ask), sinks::ask(&config));
        found.extend(sinks);
        found.extend(sinks::failing(&config).await);
        found
    }));
    findings.extend(known);
    // What is to be fixed stands last, next to the verdict.
    findings.sort_by_key(|(state, ..)| *state);
    Ok(report::told(&findings))
}

fn told_file(config: &Config) -> String {
    config.origin.file.as_ref().map_or("defaults and environment alone".into(), |file| file.display().to_string())
}

fn known_issues(config: &Config) -> Option<Finding> {
    let path = config.known_issues.file.as_ref()?;
    Some(match app::known::read(path) {
        Ok(rows) => (State::Ready, "known issues", format!("{} of your own in {}", rows.len(), path.display())),
        Err(why) => (State::Problem, "known issues", why),
    })
}

fn store(config: &Config) -> Finding {
    if let Some(address) = at::address(config) {
        return match Postgres::look(&address) {
            Ok(found) => (State::Ready, "store", found),
            Err(why) => (State::Problem, "store", why.into()),
        };
    }
    let path = config.store.path.display();
    if !config.store.path.exists() {
        // Whoever asks may not be whoever will own it.
        return match unwritable(&config.store.path) {
            Some(why) => (State::Problem, "store", why),
            None => (State::Ready, "store", format!("{path}, made at the first start")),
        };
    }
    match Sled::open(&config.store.path) {
        Ok(_) => (State::Ready, "store", path.to_string()),
        Err(OpenError::InUse(_)) => (State::Ready, "store", format!("{path}, in use by a running server")),
        Err(why) => (State::Problem, "store", why.into()),
    }
}

/// Why a directory could not be made.
fn unwritable(path: &Path) -> Option<String> {
    let absolute = std::path::absolute(path).ok()?;
    let above = absolute.ancestors().skip(1).find(|above| above.exists())?;
    let writable = rustix::fs::access(above, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK);
    writable.err().map(|why| format!("{} cannot be made: {}: {why}", path.display(), above.display()))
}

/// A running server tries at once what waits for something to be fixed.
fn try_again(config: &Config) -> Result<Option<Finding>, Failed> {
    let in_use = config.store.url.is_some()
        || config.store.path.exists() && matches!(Sled::open(&config.store.path), Err(OpenError::InUse(_)));
    let Some(token) = config.api.act_token.as_ref().filter(|_| in_use) else { return Ok(None) };
    // What is wrong with its certificate is a finding of its own.
    let Ok((http, at)) = own::server(config) else { return Ok(None) };
    let answered = runtime()?.block_on(async {
        let http = http.timeout(PATIENCE).build().ok()?;
        let sent = http.post(format!("{at}/api/fixed")).bearer_auth(token.expose_secret()).send().await.ok()?;
        sent.status().is_success().then_some(())
    });
    Ok(answered
        .map(|()| (State::Ready, "running server", "tries again now what waited for something to be fixed".to_owned())))
}

/// What is not configured, with what would turn it on.
fn off(config: &Config) -> Vec<Finding> {
    let parts = [
        ("slack", config.slack.bot_token.is_none(), "set slack.bot_token and slack.app_token"),
        ("discord", config.discord.bot_token.is_none(), "set discord.bot_token"),
        ("webhooks", config.github.webhook_secret.is_none(), "set github.webhook_secret to receive GitHub's events"),
        ("console", !app::console_is_on(config), "set console.token or a way of sign_in"),
    ];
    parts.into_iter().filter(|(_, off, _)| *off).map(|(what, _, how)| (State::Off, what, how.to_owned())).collect()
}

/// Asks at once the integrations that may be asked.
pub async fn ask(config: &Config, may_ask: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let slack = async {
        let token = config.slack.bot_token.clone().filter(|_| may_ask("slack"))?;
        Some(patiently(&config.slack.api_url, slack(config, token)).await)
    };
    let discord = async {
        let token = config.discord.bot_token.clone().filter(|_| may_ask("discord"))?;
        Some(patiently(&config.discord.api_url, discord(config, token)).await)
    };
    let github = async {
        if !may_ask("github") {
            return None;
        }
        Some(patiently(&config.github.api_url, github(config)).await)
    };
    let linking = async {
        config.github.client_id.as_ref()?;
        Some(patiently(&config.github.api_url, linking(config)).await)
    };
    let oidc = async {
        let issuer = config.sign_in.oidc_issuer.as_deref()?;
        Some(patiently(issuer, oidc(config, issuer)).await)
    };
    let (github, slack, discord, linking, oidc) = tokio::join!(github, slack, discord, linking, oidc);
    let all = [("github", github), ("slack", slack), ("discord", discord), ("linking", linking), ("sign-in", oidc)];
    let told = |(about, asked): (&'static str, Option<Asked>)| match asked {
        None => Vec::new(),
        Some(Ok(words)) => vec![(State::Ready, about, words)],
        Some(Err(wrong)) => wrong.into_iter().map(|(state, words)| (state, about, words)).collect(),
    };
    all.into_iter().flat_map(told).collect()
}

async fn patiently(url: &str, asked: impl Future<Output = Asked>) -> Asked {
    let late = || {
        let seconds = PATIENCE.as_secs();
        let words =
            format!("{url} did not answer within {seconds} s (timeout). Check for a firewall, or set HTTPS_PROXY");
        Err(vec![(State::Down, words)])
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| late())
}

fn problem<T>(words: impl Into<String>) -> Result<T, Vec<(State, String)>> {
    Err(vec![(State::Problem, words.into())])
}

/// Why a call failed: what stands in the way of its address, or else what the integration said.
async fn failed<T>(address: Address<'_>, why: &str, check: &str) -> Result<T, Vec<(State, String)>> {
    match obstacle(&address, STEP).await {
        Some(words) => Err(vec![(State::Down, words)]),
        None => problem(format!("{why}: {check}")),
    }
}

/// Who we are, unless something is lacking.
fn complete(who: &str, lacking: Vec<String>) -> Asked {
    if lacking.is_empty() {
        return Ok(format!("signed in as {who}"));
    }
    Err(lacking.into_iter().map(|words| (State::Problem, words)).collect())
}

async fn github(config: &Config) -> Asked {
    let section = &config.github;
    let (credentials, check) = match (&section.app_id, &section.private_key_file, &section.token) {
        (Some(id), Some(path), _) => {
            let name = config.name("github.private_key_file");
            let read = std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()));
            match read.and_then(|pem| Credentials::app(*id, &pem)) {
                Ok(credentials) => (credentials, "check that github.app_id and the private key are of one App"),
                Err(why) => return problem(format!("{name}: {why}")),
            }
        }
        (_, _, Some(token)) => (Credentials::Token(token.clone()), "check github.token"),
        _ => return problem("set github.app_id and github.private_key_file, or github.token"),
    };
    let ca_pem = match section.ca_file.as_ref().map(std::fs::read).transpose() {
        Ok(ca_pem) => ca_pem,
        Err(why) => return problem(format!("{}: {why}", config.name("github.ca_file"))),
    };
    let address = Address { key: "github.api_url", url: &section.api_url, ca_pem: ca_pem.as_deref(), proxied: true };
    let settings = github::Settings {
        api_url: section.api_url.clone(),
        ca_pem: ca_pem.clone(),
        credentials: credentials.into(),
        clock: Arc::new(SystemClock),
    };
    let github = match GitHub::new(settings) {
        Ok(github) => github,
        Err(why) => return problem(why),
    };
    let asked = async { Ok::<_, ci_rescue::ports::PortError>((github.whoami().await?, github.lacking().await?)) };
    match asked.await {
        Ok((who, lacking)) => complete(&who, lacking),
        Err(why) => failed(address, why.why(), check).await,
    }
}

/// Whether GitHub gives people a code to link their account with.
async fn linking(config: &Config) -> Asked {
    let accounts = match app::accounts(config) {
        Ok(Some(accounts)) => accounts,
        Ok(None) => return problem("set github.client_id"),
        Err(why) => return problem(why),
    };
    match Accounts::begin(accounts.as_ref()).await {
        Ok(_) => Ok("people can link their accounts by a code of GitHub's".into()),
        Err(why) => problem(format!("{}: {}", config.name("github.client_id"), why.why())),
    }
}

/// Whether the provider tells its addresses and keys.
async fn oidc(config: &Config, issuer: &str) -> Asked {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let found = match app::oidc(config, &clock) {
        Ok(Some(oidc)) => oidc.check().await,
        Ok(None) => return problem("set sign_in.oidc_client_id"),
        Err(why) => return problem(why),
    };
    let address = Address { key: "sign_in.oidc_issuer", url: issuer, ca_pem: None, proxied: true };
    match found {
        Ok(words) => Ok(words),
        Err(why) => failed(address, &why, "check sign_in.oidc_issuer").await,
    }
}

async fn discord(config: &Config, bot_token: secrecy::SecretString) -> Asked {
    let section = &config.discord;
    let address = Address { key: "discord.api_url", url: &section.api_url, ca_pem: None, proxied: true };
    let settings = discord::Settings {
        api_url: section.api_url.clone(),
        bot_token: bot_token.into(),
        clock: Arc::new(SystemClock),
    };
    let rest = match discord::Rest::new(settings) {
        Ok(rest) => Arc::new(rest),
        Err(why) => return problem(why),
    };
    let who = match discord::Discord::new(rest.clone()).whoami().await {
        Ok(who) => who,
        Err(why) => return failed(address, why.why(), "check discord.bot_token").await,
    };
    let mut lacking = match &section.guild_id {
        Some(guild) => match discord::lacking(&rest, guild).await {
            Ok(lacking) => lacking,
            Err(why) => return failed(address, &why, "check discord.guild_id").await,
        },
        None => Vec::new(),
    };
    let feeds = config.subscriptions.iter().filter(|feed| feed.platform == discord::PLATFORM);
    let channels: Vec<String> = feeds.map(|feed| feed.channel.clone()).collect();
    lacking.extend(discord::unusable(&rest, &channels).await);
    complete(&who, lacking)
}

async fn slack(config: &Config, bot_token: secrecy::SecretString) -> Asked {
    let section = &config.slack;
    let address = || Address { key: "slack.api_url", url: &section.api_url, ca_pem: None, proxied: false };
    let settings = slack::Settings { api_url: section.api_url.clone(), bot_token: bot_token.clone().into() };
    let slack = match Slack::new(&settings) {
        Ok(slack) => slack,
        Err(why) => return problem(why),
    };
    let check = "check slack.bot_token, under \"OAuth & Permissions\" of the app";
    let who = match slack.whoami().await {
        Ok(who) => who,
        Err(why) => return failed(address(), why.why(), check).await,
    };
    let groups = config.groups.iter().any(|group| group.slack.is_some() && group.role.is_some());
    let scopes = match slack::lacking(&section.api_url, &bot_token, groups).await {
        Ok(scopes) => scopes,
        Err(why) => return failed(address(), &why, check).await,
    };
    let mut lacking = Vec::new();
    if !scopes.is_empty() {
        let scopes = scopes.join(", ");
        // Slack tells no app its events and shortcuts: they come with the scopes.
        let how = "paste what `ci-rescue manifest slack` prints under \"App Manifest\", for its events and shortcut too, \
                   and reinstall the app";
        lacking.push(format!("the bot token lacks the scopes {scopes}: {how}"));
    }
    match (section.transport.as_str(), &section.app_token) {
        ("http", _) => {}
        (_, None) => lacking.push("set slack.app_token: without it no command arrives".into()),
        (_, Some(token)) => {
            let check = "check slack.app_token, under \"Basic Information\", and its scope connections:write";
            if let Err(why) = slack::may_listen(&section.api_url, token).await {
                return failed(address(), &why, check).await;
            }
        }
    }
    complete(&who, lacking)
}
