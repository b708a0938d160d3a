//! `manifest`: what creates the app on each platform.

use super::ConfigArg;
use ci_rescue::adapters::{discord, github, slack};
use ci_rescue::app;
use ci_rescue::domain::pointer::Sites;
use clap::Subcommand;
use serde_json::Value;
use std::io::IsTerminal;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    platform: Platform,
}

#[derive(Subcommand)]
enum Platform {
    /// JSON for api.slack.com/apps, "From a manifest"
    Slack {
        /// Public address of the bot, where slack.transport is "http"
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// The link that adds the bot to a server
    Discord {
        /// Application ID, where `discord.application_id` is not set
        #[arg(long, value_name = "ID")]
        application: Option<String>,
        /// Only the schemas of the commands, which the bot registers by itself
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigArg,
    },
    /// A page to open in a browser: its button creates the GitHub App
    Github {
        /// Public address of the bot: `https://ci.example.org`
        #[arg(long, value_name = "URL")]
        url: String,
        /// Organization that will own the App; without it, your account
        #[arg(long, value_name = "NAME")]
        org: Option<String>,
        #[command(flatten)]
        config: ConfigArg,
    },
}

pub fn run(args: &Args) -> Result<(), String> {
    match &args.platform {
        Platform::Slack { url, config } => {
            let url = url.as_deref().map(github::public_url).transpose()?;
            // What it lacks may be the tokens of the app that this manifest makes.
            let sites = config.read().map_or_else(
                |_| {
                    eprintln!("The configuration is not complete: links to github.com alone get previews.");
                    Sites::new(Some("https://github.com"), None)
                },
                |config| app::sites(&config),
            );
            let domains = sites.domains();
            json(&slack::manifest(url.as_ref().map(url::Url::as_str), &domains))
        }
        Platform::Discord { json: true, .. } => json(&discord::commands()),
        Platform::Discord { application, config, .. } => invite(application.as_deref(), config),
        Platform::Github { url, org, config } => page(url, org.as_deref(), config),
    }
}

fn json(value: &Value) -> Result<(), String> {
    println!("{}", serde_json::to_string_pretty(value).map_err(|why| why.to_string())?);
    Ok(())
}

fn page(url: &str, organisation: Option<&str>, config: &ConfigArg) -> Result<(), String> {
    let public = github::public_url(url)?;
    let web = github::web_url(&config.load()?.github.api_url);
    println!("{}", github::page(&web, organisation, &public)?);
    if std::io::stdout().is_terminal() {
        eprintln!("\nThat was a web page. Write it to a file, and open that in a browser:");
        eprintln!("  ci-rescue manifest github --url {public} > github-app.html");
    }
    Ok(())
}

fn invite(application: Option<&str>, config: &ConfigArg) -> Result<(), String> {
    let config = config.load()?;
    let known = application.map(str::to_owned).or(config.discord.application_id);
    let id = known.as_deref().unwrap_or("APPLICATION_ID");
    if id != "APPLICATION_ID" && !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!(
            "--application {id:.40} must be an ID of digits only, from the portal's \"General Information\""
        ));
    }
    println!("Invite the bot to your server:\n\n  {}\n", discord::invitation(id));
    if known.is_none() {
        println!(
            "Replace APPLICATION_ID by the ID on the page \"General Information\" of your\n\
             application (discord.com/developers/applications), or pass --application.\n"
        );
    }
    println!("It asks for these permissions, and for no privileged intent:\n");
    for permission in discord::permissions() {
        println!("  {permission}");
    }
    println!("\nThe bot registers its commands when it starts; --json prints them.");
    if config.discord.transport == "http" {
        println!("Set the Interactions Endpoint URL to https://YOUR_HOST/discord/interactions.");
    }
    Ok(())
}
