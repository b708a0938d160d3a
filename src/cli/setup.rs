//! `setup`: asks what is missing, checks it, writes the configuration, and shows that it works.
//!
//! Nothing is written before everything was checked, but for a new App's key, which GitHub tells once.

mod answers;
mod ask;
mod cancel;
mod door;
mod edit;
mod files;
mod lines;

use super::doctor::{self, report, settings};
use super::{ConfigArg, Failed, runtime};
use answers::{Answers, Secret};
use ask::Interview;
use ci_rescue::adapters::{discord, github, slack};
use ci_rescue::app::{SystemClock, greeting};
use ci_rescue::config::{self, Config};
use edit::Channel;
use files::Kept;
use report::{Finding, State};
use secrecy::ExposeSecret;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::NamedTempFile;
use tokio::runtime::Runtime;

/// The file of the App's key.
const PRIVATE_KEY: &str = "github.private_key";

/// Where the store is kept by what is configured below `/etc`.
const STORE: &str = "/var/lib/ci-rescue/store";

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Answers (TOML), where there is no terminal; secrets as {file = "PATH"} or {env = "VARIABLE"}
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Where the page listens that creates the GitHub App; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: String,
}

pub fn run(args: &Args) -> Result<u8, Failed> {
    let runtime = runtime()?;
    cancel::watch(&runtime).map_err(|why| format!("cannot watch for Ctrl-C: {why}"))?;
    let path = args.config.config.clone().unwrap_or_else(|| "ci-rescue.toml".into());
    let setup = Setup { path, listen: &args.listen, runtime };
    let before = setup.config()?;
    let is_asked = args.answers.is_none() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let answers = match &args.answers {
        Some(file) => Answers::read(file)?,
        None if is_asked => setup.interview(&before)?,
        None => Answers::default(),
    };
    complete(&before, &answers, args.answers.is_some())?;
    setup.carry_out(answers, &before, is_asked)
}

/// Refuses answers that leave something open, and names what.
fn complete(have: &Config, answers: &Answers, given: bool) -> Result<(), Failed> {
    let missing = missing(have, answers);
    if missing.is_empty() {
        return Ok(());
    }
    let (count, what) = (missing.len(), if missing.len() == 1 { "answer is" } else { "answers are" });
    let how = if given {
        "add"
    } else {
        "there is no terminal to ask on: write them to a file, and pass --answers FILE; add"
    };
    let list: Vec<String> = missing.iter().map(|(name, words)| format!("  {name}: {words}")).collect();
    Err(format!("{count} {what} missing; {how}\n{}", list.join("\n")).into())
}

type Missing = (&'static str, &'static str);

fn missing(have: &Config, answers: &Answers) -> Vec<Missing> {
    let mut all: Vec<Missing> = Vec::new();
    let mut need = |there: bool, name, words| {
        if !there {
            all.push((name, words));
        }
    };
    let asked = &answers.github;
    let app = have.github.app_id.is_some() || asked.app_id.is_some() || asked.create;
    let token = have.github.token.is_some() || asked.token.is_some();
    need(app || token, "github.token", "or github.app_id with github.private_key, or github.create = true");
    let key = have.github.private_key_file.is_some() || asked.private_key.is_some() || asked.create;
    need(!app || key, "github.private_key", "the App's private key");
    let repositories = !have.github.repositories.is_empty() || !asked.repositories.is_empty();
    need(repositories, "github.repositories", "a list such as [\"acme/*\"]");
    let admin = answers.admin.as_ref().is_some_and(|admin| admin.github.is_some());
    need(admin || !have.people.is_empty(), "admin.github", "the login of whoever may approve changes first");
    if let Some(part) = &answers.slack {
        need(part.bot_token.is_some() || have.slack.bot_token.is_some(), "slack.bot_token", "xoxb-…");
        let app_token = part.app_token.is_some() || have.slack.app_token.is_some();
        need(app_token || have.slack.transport == "http", "slack.app_token", "xapp-…, with connections:write");
        need(part.channel.is_some() || feeds(have, slack::PLATFORM), "slack.channel", "the channel's ID");
    }
    if let Some(part) = &answers.discord {
        need(
            part.bot_token.is_some() || have.discord.bot_token.is_some(),
            "discord.bot_token",
            "from the page \"Bot\"",
        );
        need(part.channel.is_some() || feeds(have, discord::PLATFORM), "discord.channel", "the channel's ID");
    }
    let place = answers.slack.is_some() || answers.discord.is_some() || answers.console.is_some();
    let had = have.slack.bot_token.is_some() || have.discord.bot_token.is_some() || have.console.token.is_some();
    need(place || had, "slack", "or discord, or console: where cards go");
    all
}

fn feeds(have: &Config, platform: &str) -> bool {
    have.subscriptions.iter().any(|feed| feed.platform == platform)
}

/// Whether a text can be a channel of a platform.
fn channel(platform: &str, id: &str) -> Result<(), String> {
    match settings::not_a_channel(platform, id) {
        Some(how) => Err(format!("\"{id:.40}\" is not a channel ID; {how}")),
        None => Ok(()),
    }
}

struct Setup<'a> {
    path: PathBuf,
    listen: &'a str,
    runtime: Runtime,
}

/// What came of the answers, before it is written.
struct Proposed {
    text: Option<String>,
    secrets: Vec<Kept>,
    config: Config,
    /// A key that came by the environment, where GitHub's client reads it from until it is kept.
    _key: Option<NamedTempFile>,
}

impl Setup<'_> {
    /// The configuration as it is.
    fn config(&self) -> Result<Config, Failed> {
        let text = files::text(&self.path)?.unwrap_or_default();
        config::propose(&self.path, &text, &[]).map_err(|why| {
            let why = super::masked(why);
            format!("the configuration that is there is invalid: put it right first\n{why}").into()
        })
    }

    fn interview(&self, have: &Config) -> Result<Answers, Failed> {
        println!("CI Rescue setup, of {}.", self.path.display());
        println!(
            "Enter takes what stands in brackets; Ctrl-C stops. Nothing is written\nbefore the end, but for the key of an App that you create."
        );
        let look = |answers: &Answers, about: &str| self.wrong(answers, about);
        let answers = Interview::new(have, &look).hold()?;
        println!("\nThis will be written to {}, and secrets to files beside it.", self.path.display());
        if lines::yes("Write it?", true)? { Ok(answers) } else { Err("nothing was changed".into()) }
    }

    /// What one integration has against the answers.
    fn wrong(&self, answers: &Answers, about: &str) -> Vec<String> {
        let config = match self.propose(answers) {
            Ok(proposed) => proposed.config,
            Err(Failed { why, .. }) => return vec![why],
        };
        let known: Vec<Finding> = settings::problems(&config).into_iter().filter(|(_, of, _)| *of == about).collect();
        let found =
            if known.is_empty() { self.runtime.block_on(doctor::ask(&config, &|of| of == about)) } else { known };
        found.into_iter().filter(|(state, of, _)| *of == about && *state > State::Off).map(|(.., why)| why).collect()
    }

    /// The configuration with the answers in it; nothing is written.
    fn propose(&self, answers: &Answers) -> Result<Proposed, Failed> {
        let before = files::text(&self.path)?;
        let secrets = secrets(answers)?;
        let mut channels = Vec::new();
        let wanted = [
            (slack::PLATFORM, answers.slack.as_ref().and_then(|part| part.channel.as_deref())),
            (discord::PLATFORM, answers.discord.as_ref().and_then(|part| part.channel.as_deref())),
        ];
        for (platform, id) in wanted {
            let Some(id) = id else { continue };
            channel(platform, id).map_err(|why| format!("{platform}.channel: {why}"))?;
            channels.push(Channel { platform, id });
        }
        let text = edit::edited(before.as_deref(), answers, &channels)
            .map_err(|why| format!("{}: {why}", self.path.display()))?;
        let mut variables = files::variables(&secrets);
        let (place, key) = key_file(answers.github.private_key.as_ref(), &secrets)?.unzip();
        variables
            .extend(place.map(|path| ("CI_RESCUE__GITHUB__PRIVATE_KEY_FILE".to_owned(), path.display().to_string())));
        let now = text.as_deref().or(before.as_deref()).unwrap_or_default();
        let config = config::propose(&self.path, now, &variables).map_err(|why| {
            format!("this would not be a valid configuration; nothing was changed\n{}", super::masked(why))
        })?;
        Ok(Proposed { text, secrets, config, _key: key.flatten() })
    }

    fn carry_out(&self, mut answers: Answers, before: &Config, is_asked: bool) -> Result<u8, Failed> {
        if answers.console.is_some() && before.console.token.is_none() {
            let part = answers.console.get_or_insert_default();
            part.token =
                Some(part.token.take().map_or_else(|| door::random().map(|text| Secret::Given(text.into())), Ok)?);
        }
        if self.path.starts_with("/etc") && before.store.path == config::StoreSection::default().path {
            answers.store.path.get_or_insert_with(|| STORE.into());
        }
        let made = answers.github.create && before.github.app_id.is_none();
        if made {
            self.create(&mut answers)?;
        }
        let proposed = self.propose(&answers)?;
        while let Some(status) = self.refused(&proposed.config) {
            if !is_asked || !lines::yes("Look again?", true)? {
                let kept = if made { "Nothing but the App's key was written" } else { "Nothing was changed" };
                println!("{kept}. Put that right, and run `ci-rescue setup` again.");
                return Ok(status);
            }
        }
        self.write(&proposed)?;
        println!();
        let status = doctor::run(&ConfigArg { config: Some(self.path.clone()) })?;
        Ok(status.max(self.greet(&answers)?))
    }

    /// Has GitHub make the App, and keeps its key at once.
    fn create(&self, answers: &mut Answers) -> Result<(), Failed> {
        let asked = &answers.github;
        let proposed = self.propose(answers)?;
        let public = asked.url.as_deref().map(github::public_url).transpose();
        let public = public.map_err(|why| why.replace("--url", "github.url"))?;
        if let Some(bad) = asked.organization.as_deref().filter(|name| !github::is_account(name)) {
            return Err(format!("github.organization {bad:.60} cannot be the name of an organization").into());
        }
        let ca = proposed.config.github.ca_file.as_ref();
        let ca_pem = ca.map(std::fs::read).transpose().map_err(|why| format!("github.ca_file: {why}"))?;
        let api_url = &proposed.config.github.api_url;
        let made = self.runtime.block_on(async {
            let (listener, at) = door::listen(self.listen).await?;
            println!("\nOpen this page in a browser on this machine; it creates the GitHub App:\n");
            let address = door::Address::new(at.port())?;
            println!("  {}\n", address.page());
            println!("On a remote machine, forward the port first: ssh -L {0}:127.0.0.1:{0} HOST", at.port());
            println!("Waiting for GitHub …");
            let organisation = asked.organization.as_deref();
            door::create(listener, address, door::Wanted { api_url, ca_pem, organisation, public: public.as_ref() })
                .await
        });
        let made = made.map_err(Failed::integration)?;
        let mut kept: Vec<Kept> = vec![(PRIVATE_KEY, made.pem)];
        kept.extend(made.webhook_secret.filter(|_| public.is_some()).map(|secret| ("github.webhook_secret", secret)));
        let github = answers::GitHub { app_id: Some(made.id), api_url: asked.api_url.clone(), ..Default::default() };
        let there = files::text(&self.path)?;
        let text = edit::edited(there.as_deref(), &Answers { github, ..Answers::default() }, &[])?;
        files::write(&self.path, text.as_deref(), &kept)?;
        cancel::wrote();
        answers.github.app_id = Some(made.id);
        answers.github.private_key = Some(Secret::File(files::place(&self.path, PRIVATE_KEY)));
        println!("GitHub made the App \"{}\", number {}. Install it on your repositories:\n", made.slug, made.id);
        println!("  {}/installations/new\n", made.html_url.trim_end_matches('/'));
        Ok(())
    }

    /// What stands against writing: told as the doctor tells it.
    fn refused(&self, config: &Config) -> Option<u8> {
        let mut found = settings::problems(config);
        if found.is_empty() {
            found = self.runtime.block_on(doctor::ask(config, &|_| true));
            found.retain(|(state, ..)| matches!(state, State::Problem | State::Down));
        }
        if found.is_empty() {
            return None;
        }
        println!();
        Some(report::told(&found))
    }

    fn write(&self, proposed: &Proposed) -> Result<(), Failed> {
        let wrote = files::write(&self.path, proposed.text.as_deref(), &proposed.secrets)?;
        cancel::wrote();
        if wrote.is_empty() {
            println!("Everything is there already; nothing was changed.");
        }
        for path in wrote {
            println!("wrote {}", path.display());
        }
        Ok(())
    }

    /// A card in each channel that was answered.
    fn greet(&self, answers: &Answers) -> Result<u8, Failed> {
        let config = self.config()?;
        let wanted = [
            (slack::PLATFORM, answers.slack.as_ref().and_then(|part| part.channel.as_deref())),
            (discord::PLATFORM, answers.discord.as_ref().and_then(|part| part.channel.as_deref())),
        ];
        let mut status = 0;
        for (platform, id) in wanted {
            let Some(id) = id else { continue };
            match self.runtime.block_on(greeting::greet(&config, Arc::new(SystemClock), platform, id)) {
                Ok(()) => println!("posted a test card to {platform} {id}"),
                Err(why) => {
                    println!("cannot post to {platform} {id}: {why}. {}", unposted(platform));
                    status = super::FOUND;
                }
            }
        }
        if status == 0 {
            println!("\nStart it: ci-rescue serve --config {}", self.path.display());
        }
        Ok(status)
    }
}

fn unposted(platform: &str) -> &'static str {
    match platform {
        slack::PLATFORM => "Check slack.channel; in a private channel, type /invite @CI Rescue first",
        _ => "Check the channel's ID, and that the bot may see the channel and write in it",
    }
}

/// Where the App's key can be read until it is kept: in the file that was named, or in one that goes away.
fn key_file(asked: Option<&Secret>, secrets: &[Kept]) -> Result<Option<(PathBuf, Option<NamedTempFile>)>, String> {
    if let Some(Secret::File(path)) = asked {
        return Ok(Some((path.clone(), None)));
    }
    let Some((_, key)) = secrets.iter().find(|(key, _)| *key == PRIVATE_KEY) else { return Ok(None) };
    let made = NamedTempFile::new().and_then(|mut file| {
        file.write_all(key.expose_secret().as_bytes())?;
        Ok(file)
    });
    let file = made.map_err(|why| format!("cannot create a temporary file: {why}"))?;
    Ok(Some((file.path().to_owned(), Some(file))))
}

/// Every secret that was answered, with its key.
fn secrets(answers: &Answers) -> Result<Vec<Kept>, String> {
    let (github, slack, discord) = (&answers.github, answers.slack.as_ref(), answers.discord.as_ref());
    let all: [(&'static str, Option<&Secret>); 7] = [
        (PRIVATE_KEY, github.private_key.as_ref()),
        ("github.webhook_secret", github.webhook_secret.as_ref()),
        ("github.token", github.token.as_ref()),
        ("slack.bot_token", slack.and_then(|part| part.bot_token.as_ref())),
        ("slack.app_token", slack.and_then(|part| part.app_token.as_ref())),
        ("discord.bot_token", discord.and_then(|part| part.bot_token.as_ref())),
        ("console.token", answers.console.as_ref().and_then(|part| part.token.as_ref())),
    ];
    let given = all.into_iter().filter_map(|(key, secret)| Some((key, secret?)));
    given.map(|(key, secret)| secret.read(key).map(|secret| (key, secret))).collect()
}
