//! `manifest`: what to paste when creating the app.

use ci_rescue::adapters::{discord, github, slack};
use clap::ValueEnum;
use serde_json::{Map, Value, json};

#[derive(clap::Args)]
pub struct Args {
    platform: Platform,
}

#[derive(Clone, Copy, ValueEnum)]
enum Platform {
    /// For api.slack.com/apps, "From a manifest"
    Slack,
    /// How to invite the bot, and the commands that it registers by itself
    Discord,
    /// For a GitHub App created from a manifest
    Github,
}

pub fn run(args: &Args) -> Result<(), String> {
    let manifest = match args.platform {
        Platform::Slack => slack::manifest(),
        Platform::Discord => discord::manifest(None),
        Platform::Github => app(),
    };
    println!("{}", serde_json::to_string_pretty(&manifest).map_err(|why| why.to_string())?);
    Ok(())
}

/// docs.github.com, "Registering a GitHub App from a manifest".
fn app() -> Value {
    let permissions: Map<String, Value> =
        github::PERMISSIONS.iter().map(|(name, level)| ((*name).to_owned(), json!(level))).collect();
    json!({
        "name": "CI Rescue",
        "url": "https://example.org/ci-rescue",
        "hook_attributes": {"url": "https://example.org/webhooks/github", "active": true},
        "public": false,
        "default_permissions": permissions,
        "default_events": github::EVENTS,
    })
}
