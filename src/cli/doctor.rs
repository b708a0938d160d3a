//! `doctor`: the configuration and every neighbour, with what to do about what is wrong.

use super::{ConfigArg, runtime};
use ci_rescue::adapters::discord;
use ci_rescue::adapters::github::{self, Credentials, GitHub};
use ci_rescue::adapters::slack::{self, Slack};
use ci_rescue::app::SystemClock;
use ci_rescue::config::Config;
use ci_rescue::store::Sled;
use std::sync::Arc;

pub fn run(args: &ConfigArg) -> Result<(), String> {
    let config = args.load()?;
    println!("ok    configuration");
    let mut wrong = 0_u32;
    let mut say = |what: &str, found: Result<String, String>| match found {
        Ok(words) => println!("ok    {what}: {words}"),
        Err(why) => {
            wrong += 1;
            println!("WRONG {what}: {why}");
        }
    };
    say("store", store(&config));
    let runtime = runtime()?;
    say("github", runtime.block_on(github(&config)));
    if let Some(token) = config.slack.bot_token.clone() {
        say("slack", runtime.block_on(slack(&config, token)));
    } else {
        println!("off   slack: set slack.bot_token and slack.app_token");
    }
    if let Some(token) = config.discord.bot_token.clone() {
        say("discord", runtime.block_on(discord(&config, token)));
    } else {
        println!("off   discord: set discord.bot_token");
    }
    if config.github.webhook_secret.is_none() {
        println!("off   webhooks: set github.webhook_secret, or no failure is heard of");
    }
    if config.console.token.is_none() {
        println!("off   console: set console.token");
    }
    if wrong == 0 { Ok(()) } else { Err(format!("{wrong} thing(s) to mend")) }
}

fn store(config: &Config) -> Result<String, String> {
    match Sled::open(&config.store.path) {
        Ok(_) => Ok(config.store.path.display().to_string()),
        Err(why) if why.contains("in use") => {
            Ok(format!("{}, in use by a running server", config.store.path.display()))
        }
        Err(why) => Err(why),
    }
}

async fn github(config: &Config) -> Result<String, String> {
    let credentials = match (&config.github.app_id, &config.github.private_key_file, &config.github.token) {
        (Some(id), Some(path), _) => {
            let pem = std::fs::read_to_string(path).map_err(|why| format!("github.private_key_file: {why}"))?;
            Credentials::app(*id, &pem)?
        }
        (_, _, Some(token)) => Credentials::Token(token.clone()),
        _ => return Err("set github.app_id and github.private_key_file, or github.token".into()),
    };
    let ca_pem = config
        .github
        .ca_file
        .as_ref()
        .map(std::fs::read)
        .transpose()
        .map_err(|why| format!("github.ca_file: {why}"))?;
    let settings =
        github::Settings { api_url: config.github.api_url.clone(), ca_pem, credentials, clock: Arc::new(SystemClock) };
    let github = GitHub::new(settings)?;
    let who = github.whoami().await.map_err(|why| why.to_string())?;
    let lacking = github.lacking().await.map_err(|why| why.to_string())?;
    complete(&format!("we are {who}"), &lacking, "grant it in the App's settings, and accept it where it is installed")
}

/// What was found, unless something is lacking.
fn complete(found: &str, lacking: &[String], remedy: &str) -> Result<String, String> {
    if lacking.is_empty() {
        Ok(found.to_owned())
    } else {
        Err(format!("{found}, but without {}: {remedy}", lacking.join(", ")))
    }
}

async fn discord(config: &Config, bot_token: secrecy::SecretString) -> Result<String, String> {
    let settings =
        discord::Settings { api_url: config.discord.api_url.clone(), bot_token, clock: Arc::new(SystemClock) };
    let rest = Arc::new(discord::Rest::new(settings)?);
    let who = discord::Discord::new(rest.clone()).whoami().await.map_err(|why| why.to_string())?;
    let feeds = config.subscriptions.iter().filter(|feed| feed.platform == discord::PLATFORM);
    let channels: Vec<String> = feeds.map(|feed| feed.channel.clone()).collect();
    let wrong = discord::unusable(&rest, &channels).await;
    if wrong.is_empty() {
        Ok(format!("we are {who}, {} channel(s) in reach", channels.len()))
    } else {
        Err(wrong.join("; "))
    }
}

async fn slack(config: &Config, bot_token: secrecy::SecretString) -> Result<String, String> {
    let lacking = slack::lacking(&config.slack.api_url, &bot_token).await;
    let settings = slack::Settings { api_url: config.slack.api_url.clone(), bot_token };
    let who = Slack::new(&settings)?.whoami().await.map_err(|why| why.to_string())?;
    let (key, missing) = match config.slack.transport.as_str() {
        "http" => ("slack.signing_secret", config.slack.signing_secret.is_none()),
        _ => ("slack.app_token", config.slack.app_token.is_none()),
    };
    if missing {
        return Err(format!("{who}, but {key} is missing: no command arrives"));
    }
    let lacking: Vec<String> = lacking?.into_iter().map(|scope| format!("the scope {scope}")).collect();
    complete(&format!("we are {who}"), &lacking, "paste `manifest slack` again and reinstall the app")
}
